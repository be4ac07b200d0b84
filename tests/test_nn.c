/* test_nn.c: modules: built and given up, listed, run, moved, shared by threads. */
#include "nn.h"

START_TEST(a_module_lists_its_members_by_name_in_pytorch_order)
{
    Net *m = net_new(5);
    ck_assert_ptr_nonnull(m);
    NAMES(tp_named_parameters(m), "scale", "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "head.weight", "head.bias");
    NAMES(tp_named_buffers(m), "steps");
    NAMES(tp_named_children(m), "body", "head");
    NAMES(tp_named_modules(m), "", "body", "body.0", "body.1", "body.2", "head");
    NAMES(tp_state_dict(m), "scale", "steps", "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "head.weight", "head.bias");
    ck_assert_int_eq(tp_parameters(m).n, 7);
    ck_assert_ptr_eq(tp_parameters(m).at[0], m->scale);
    for (int64_t i = 0; i < 7; i++) ck_assert(tp_needs_grad(tp_parameters(m).at[i]));
    ck_assert(!tp_needs_grad(m->steps));
    ck_assert_ptr_eq(tp_module_find(m, "body.2"), tp_named_modules(m).at[4].module);
    ck_assert_ptr_eq(tp_module_find(m, ""), &m->base);
    ck_assert_ptr_null(tp_module_find(m, "body.3"));
    ck_assert_ptr_null(tp_module_find(m, "scale"));
    ck_assert_ptr_eq(tp_module_tensor(m, "body.0.weight"), tp_parameters(m).at[1]);
    ck_assert_ptr_null(tp_module_tensor(m, "body.0.weigh"));
    ck_assert_str_eq(tp_module_type(m), "Net");
    ck_assert_str_eq(tp_module_type(m->head), "Linear");
    ck_assert(!tp_failed());
    tp_module_free(m);
}
END_TEST

START_TEST(a_list_follows_what_is_added_later)
{
    tp_module *seq = tp_sequential(tp_nn_linear(2, 3));
    tp_module *outer = tp_sequential(seq);
    ck_assert_int_eq(tp_parameters(outer).n, 2);
    ck_assert_ptr_nonnull(tp_add_child(seq, "1", tp_nn_linear(3, 4)));
    ck_assert_int_eq(tp_parameters(outer).n, 4);
    NAMES(tp_named_parameters(outer), "0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias");
    TP_SCOPE();
    ck_assert_int_eq(tp_size(tp_forward(outer, tp_ones(TP_SHAPE(1, 2))), 1), 4);
    tp_module_free(outer);
}
END_TEST

START_TEST(a_tied_parameter_is_listed_once_and_saved_under_both_names)
{
    TP_SCOPE();
    tp_module *m = (tp_module *)tp_module_new(Net, NULL);
    tp_tensor *w = tp_ones(TP_SHAPE(2, 2));
    ck_assert_ptr_eq(tp_add_parameter(m, "a", w), w);
    ck_assert_ptr_eq(tp_add_parameter(m, "b", w), w);
    ck_assert_ptr_nonnull(tp_add_buffer(m, "cache", tp_ones(TP_SHAPE(1)), .persistent = false));
    m = tp_module_done(m);
    NAMES(tp_named_parameters(m), "a");
    NAMES(tp_named_buffers(m), "cache");
    NAMES(tp_state_dict(m), "a", "b");
    tp_module_free(m);
}
END_TEST

START_TEST(a_forward_runs_and_its_temporaries_die_at_once)
{
    warm_up();
    Net *m = net_new(5);
    tp_eval(m);
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *x = tp_ones(TP_SHAPE(4000, 6)), *y = tp_forward(m, x);
    ck_assert_int_eq(tp_size(y, 1), 3);
    const int64_t before = in_use();
    tp_tensor *again = tp_forward(m, x);
    ck_assert(tp_equal(y, again));
    const int64_t grown = in_use() - before, output = 4000 * 3 * 4;
    ck_assert_msg(grown < 2 * output, "the output takes %lld bytes, the call left %lld", (long long)output, (long long)grown);
    tp_module_free(m);
}
END_TEST

START_TEST(a_sequential_does_not_hold_what_lies_between_its_children)
{
    warm_up();
    tp_module *m = tp_sequential(tp_nn_identity(), tp_nn_relu(), tp_nn_relu(), tp_nn_relu(), tp_nn_relu(), tp_nn_relu(), tp_nn_identity());
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1 << 20));
    tp_memory stats;
    tp_memory_stats(TP_CPU, &stats);
    const int64_t before = stats.in_use;
    tp_tensor *y = tp_forward(m, x);
    ck_assert(tp_equal(x, y));
    tp_memory_stats(TP_CPU, &stats);
    ck_assert_msg(stats.in_use - before < 3 << 21, "left %lld bytes", (long long)(stats.in_use - before));
    tp_module_free(m);
}
END_TEST

START_TEST(null_goes_through_a_forward_without_an_error)
{
    TP_SCOPE();
    tp_module *m = tp_nn_relu(), *none = NULL;
    ck_assert_ptr_null(tp_forward(m, NULL));
    ck_assert(!tp_failed());
    ck_assert_ptr_null(tp_forward(none, tp_ones(TP_SHAPE(1))));
    ck_message("forward: the module is NULL");
    ck_assert_int_eq(tp_parameters(none).n, 0);
    ck_assert(!tp_failed());
    tp_module_free(m);
    tp_module_free(none);
}
END_TEST

START_TEST(an_error_names_the_module_and_the_line_of_its_call)
{
    TP_SCOPE();
    Net *net = net_new(4);                                       /* the head takes 5 */
    ck_assert_ptr_nonnull(net);
    ck_assert_ptr_null(tp_forward(net, tp_ones(TP_SHAPE(2, 6))));
    const tp_error *e = tp_last_error();
    ck_assert_ptr_nonnull(e);
    ck_assert_int_eq(e->code, TP_ERR_SHAPE);
    ck_assert_str_eq(e->op, "linear");
    ck_assert_str_eq(e->path, "net.head (Linear)");
    ck_assert_ptr_nonnull(strstr(e->where, "nn.h:"));          /* the forward of Net */
    tp_clear_error();
    tp_module_free(net);
}
END_TEST

static tp_status sum_and_product(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    (void)self;
    tp_tensor *a = tp_arg_tensor(args, n, 0, "a"), *b = tp_arg_tensor(args, n, 1, "b");
    const tp_arg *twice = tp_arg_find(args, n, 2, "twice");
    if (!a || !b) return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_ARGUMENT, "pair: a and b must be given");
    outs[0] = tp_add(a, b);
    if (twice && twice->value.boolean) outs[0] = tp_add(outs[0], outs[0]);
    if (max > 1) outs[1] = tp_mul(a, b);
    *n_out = max > 1 ? 2 : 1;
    return outs[0] && (max < 2 || outs[1]) ? TP_OK : tp_error_status();
}

static const tp_module_class pair_class = { .size = sizeof(tp_module_class), .type = "Pair", .call = sum_and_product };

START_TEST(a_call_takes_arguments_by_position_and_name_and_gives_several_outputs)
{
    TP_SCOPE();
    tp_module *m = tp_module_new_class_with(sizeof *m, &pair_class);
    tp_tensor *outs[3] = { 0 };
    int n = 0;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_full(TP_SHAPE(2), 3.0) },
                            { .name = "twice", .kind = TP_ARG_BOOL, .value.boolean = true },
                            { .name = "b", .kind = TP_ARG_TENSOR, .value.tensor = tp_full(TP_SHAPE(2), 4.0) } };
    ck_assert_int_eq(tp_call(m, args, 3, outs, 3, &n), TP_OK);
    ck_assert_int_eq(n, 2);
    ck_assert(tp_item(tp_select(outs[0], 0, 1)) == 14);
    ck_assert(tp_item(tp_select(outs[1], 0, 0)) == 12);
    ck_assert_ptr_null(outs[2]);

    ck_assert_int_eq(tp_call(m, args, 1, outs, 3, &n), TP_ERR_ARGUMENT);
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_null(outs[0]);
    ck_message("pair: a and b must be given");
    ck_assert_ptr_null(tp_forward(m, args[0].value.tensor));
    tp_clear_error();

    tp_module *relu = tp_nn_relu();                              /* a forward, called as a call */
    const tp_arg input = { .name = "input", .kind = TP_ARG_TENSOR, .value.tensor = tp_full(TP_SHAPE(1), -2.0) };
    ck_assert_int_eq(tp_call(relu, &input, 1, outs, 1, NULL), TP_OK);
    ck_assert(tp_item(outs[0]) == 0);
    ck_assert_int_eq(tp_call(relu, (tp_arg[]){ { .name = "input", .kind = TP_ARG_TENSOR, .value = input.value } }, 1, outs, 1, &n), TP_OK);
    ck_assert_int_eq(tp_call(relu, args, 3, outs, 1, NULL), TP_ERR_ARGUMENT);
    tp_clear_error();

    Net *holder = tp_module_new(Net, NULL);
    ck_assert_ptr_null(tp_forward(holder, input.value.tensor));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_UNSUPPORTED);
    tp_clear_error();
    tp_free_all(m, relu, holder);
}
END_TEST
/* ---- Failure ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_null_child_fails_a_sequential_and_frees_the_others)
{
    warm_up();
    const int64_t before = in_use();
    drops = 0;
    tp_module *none = NULL;
    ck_assert_ptr_null(tp_sequential(counted(), none, counted(), tp_nn_linear(3, 4)));
    ck_message("sequential: child 1 is NULL");
    ck_assert_int_eq(drops, 2);
    ck_assert_ptr_null(tp_sequential(counted(), tp_nn_linear(-3, 4), tp_sequential(counted())));
    ck_message("Linear: sizes must not be negative: -3 -> 4");
    ck_assert_int_ge(drops, 3);                                  /* what came after the error was not even built */
    drops = 3;
    tp_module *same = counted();
    ck_assert_ptr_null(tp_sequential(same, same));
    ck_message("sequential: child 1 is child 0 again");
    ck_assert_int_eq(drops, 4);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_null_member_fails_its_module_and_leaks_nothing)
{
    warm_up();
    const int64_t before = in_use();
    {
        TP_SCOPE();
        drops = 0;
        Net *m = tp_module_new(Net, NULL);
        ck_assert_ptr_nonnull(tp_add_child(m, "a", counted()));
        ck_assert_ptr_null(tp_add_child(m, "b", (tp_module *)NULL));
        ck_message("add_child: child \"b\" of Net is NULL");
        ck_assert_ptr_null(tp_module_done(m));                   /* though the error was cleared */
        ck_message("module_done: a member of Net could not be made");
        ck_assert_int_eq(drops, 1);

        m = tp_module_new(Net, NULL);
        ck_assert_ptr_null(tp_add_parameter(m, "w", tp_zeros(TP_SHAPE(-1))));
        ck_assert_ptr_null(tp_module_done(m));
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_SHAPE);
        tp_clear_error();

        m = tp_module_new(Net, NULL);
        ck_assert_ptr_null(tp_add_parameter(m, "w", tp_zeros(TP_SHAPE(2), .dtype = TP_I64)));
        ck_assert_ptr_null(tp_module_done(m));
        ck_assert_int_eq(tp_last_error()->code, TP_ERR_DTYPE);
        tp_clear_error();

        m = tp_module_new(Net, NULL);
        ck_assert_int_eq(tp_fail(TP_ERR_IO, "elsewhere: went wrong"), TP_ERR_IO);
        ck_assert_ptr_null(tp_add_child(m, "b", tp_nn_relu()));
        ck_assert_ptr_null(tp_module_done(m));
        ck_message("elsewhere: went wrong");
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_module_has_one_parent_and_its_members_distinct_names)
{
    drops = 0;
    tp_module *a = tp_sequential(counted()), *b = tp_sequential(tp_nn_relu());
    tp_module *owned = tp_module_find(a, "0");
    ck_assert_ptr_null(tp_add_child(b, "x", owned));
    ck_message("add_child: \"x\" belongs to a Sequential already, as \"0\"");
    ck_assert_ptr_null(tp_add_child(b, "0", counted()));
    ck_message("add_child: Sequential has a member \"0\" already");
    ck_assert_int_eq(drops, 1);
    ck_assert_ptr_null(tp_add_child(b, "x.y", counted()));
    ck_assert_int_eq(drops, 2);
    tp_clear_error();
    ck_assert_ptr_null(tp_add_child(b, "b", b));
    ck_message("add_child: \"b\" contains the module that it is given to");
    tp_module_free(owned);
    ck_message("module_free: \"0\" belongs to a Sequential, which frees it");
    ck_assert_int_eq(drops, 2);
    ck_assert_ptr_null(tp_sequential(owned, tp_nn_relu()));
    tp_clear_error();
    tp_free_all(a, b);
    ck_assert_int_eq(drops, 3);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(modules_are_nested_to_a_depth_that_is_known)
{
    drops = 0;
    tp_module *m = counted();
    for (int i = 1; i < TP_MAX_MODULE_DEPTH; i++) m = tp_sequential(m);
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(tp_named_modules(m).n, TP_MAX_MODULE_DEPTH);
    ck_assert_int_eq(tp_module_to_dtype(m, TP_F64), TP_OK);
    tp_module *copy = tp_nn_module_list(m);                      /* one more, from above: it is freed with all below */
    ck_assert_ptr_null(copy);
    ck_message("add_child: with \"0\" modules would be nested 1001 deep, 1000 are possible");
    ck_assert_int_eq(drops, 1);

    m = tp_nn_module_list(counted());
    tp_module *at = m;
    for (int i = 2; at && i < 2 * TP_MAX_MODULE_DEPTH; i++) {    /* and from below */
        tp_module *next = tp_nn_module_list(counted());
        at = (tp_add_child)(at, "inner", next);
        ck_assert(!at == (i >= TP_MAX_MODULE_DEPTH));
    }
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_ARGUMENT);
    tp_clear_error();
    tp_module_free(m);
    ck_assert_int_eq(drops, 1 + TP_MAX_MODULE_DEPTH);
}
END_TEST

START_TEST(while_an_error_is_unread_nothing_is_built_or_changed)
{
    tp_module *m = tp_nn_linear(2, 3);
    tp_fail(TP_ERR_IO, "elsewhere: went wrong");
    ck_assert_ptr_null(tp_nn_relu());
    ck_assert_int_eq(tp_eval(m), TP_ERR_IO);
    ck_assert_int_eq(tp_module_to_dtype(m, TP_F64), TP_ERR_IO);
    ck_assert_int_eq(tp_module_save(m, "refused.safetensors"), TP_ERR_IO);
    ck_assert_int_ne(access("refused.safetensors", F_OK), 0);
    ck_assert(tp_is_training(m));
    ck_assert_int_eq(tp_dtype_of(tp_parameters(m).at[0]), TP_F32);
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

START_TEST(an_allocation_that_fails_anywhere_fails_the_constructor_and_leaks_nothing)
{
    warm_up();
    tp_module_free(lenet());
    tp_mem_pools(false);
    const int64_t before = in_use();
    int64_t n = 0;
    for (bool built = false; !built; n++) {
        ck_assert_int_lt(n, 10000);
        tp_mem_fail_at(n + 1, false);
        tp_module *m = lenet();
        built = m && tp_parameters(m).n == 9 && tp_state_dict(m).n == 9;
        tp_mem_fail_at(0, false);
        ck_assert(built || (tp_failed() && tp_last_error()->code == TP_ERR_MEMORY));
        tp_clear_error();
        tp_module_free(m);
        ck_assert_msg(in_use() == before, "point %lld leaks %lld bytes", (long long)n, (long long)(in_use() - before));
    }
    printf("%lld points of failure in the constructors of LeNet\n", (long long)n - 1);
    tp_mem_pools(true);
}
END_TEST

/* ---- Modes and moves --------------------------------------------------------------------------------------------------------------- */

/* Which of the three it changed: running mean, variance and the number of batches. */
static int changed(tp_module *m, tp_tensor *const *was)
{
    static const char *const names[] = { "running_mean", "running_var", "num_batches_tracked" };
    int bits = 0;
    for (int i = 0; i < 3; i++) bits |= !tp_equal((tp_module_tensor)(m, names[i]), was[i]) << i;
    return bits;
}

static void check_statistics(tp_module *m, tp_tensor *x, int all)
{
    tp_mem_pools(false);
    for (int64_t n = 1;; n++) {
        ck_assert_int_lt(n, 1000);
        TP_SCOPE();
        tp_tensor *was[] = { tp_clone(tp_module_tensor(m, "running_mean")), tp_clone(tp_module_tensor(m, "running_var")),
                             tp_clone(tp_module_tensor(m, "num_batches_tracked")) };
        tp_mem_fail_at(n, false);
        const tp_tensor *y = tp_forward(m, x);
        const int64_t counted = tp_mem_fail_at(0, false);
        ck_assert(!y == tp_failed());
        tp_clear_error();
        ck_assert_msg(changed(m, was) == (y ? all : 0), "%s, point %lld: changed %d", tp_module_type(m), (long long)n, changed(m, was));
        if (counted < n) break;
    }
    tp_mem_pools(true);
    tp_module_free(m);
}

START_TEST(a_norm_that_fails_leaves_its_running_statistics)
{
    TP_SCOPE();
    tp_tensor *x = tp_add(tp_randn(TP_SHAPE(2, 3, 4, 4)), 5), *one = tp_add(tp_randn(TP_SHAPE(3, 4, 4)), 5), *narrow = tp_to_dtype(x, TP_F16);
    tp_requires_grad(x, true);
    check_statistics(tp_nn_batch_norm2d(3), x, 7);
    check_statistics(tp_nn_batch_norm2d(3), narrow, 7);
    check_statistics(tp_nn_instance_norm2d(3, .track_running_stats = true), x, 3);
    check_statistics(tp_nn_instance_norm2d(3, .track_running_stats = true, .affine = true), narrow, 3);
    check_statistics(tp_nn_instance_norm2d(3, .track_running_stats = true), one, 3);
}
END_TEST

START_TEST(attention_takes_masks_that_are_bool_or_floating)
{
    TP_SCOPE();
    tp_module *m = tp_nn_multihead_attention(4, 2);
    tp_tensor *x = tp_randn(TP_SHAPE(3, 1, 4)), *outs[2];
    const tp_dtype dtypes[] = { TP_I64, TP_U8, TP_F64, TP_BOOL, TP_F32 };
    for (int padding = 0; padding < 2; padding++)
        for (int i = 0; i < 5; i++) {
            const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x },
                                    { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = x },
                                    { .name = padding ? "key_padding_mask" : "attn_mask", .kind = TP_ARG_TENSOR,
                                      .value.tensor = tp_zeros(padding ? TP_SHAPE(1, 3) : TP_SHAPE(3, 3), .dtype = dtypes[i]) } };
            ck_assert_int_eq(tp_call(m, args, 4, outs, 2, NULL), i < 3 ? TP_ERR_DTYPE : TP_OK);
            if (i < 2) ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "must be bool or floating"));
            tp_clear_error();
        }
    tp_module_free(m);
}
END_TEST

START_TEST(modes_reach_every_child)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_sequential(tp_nn_dropout(0.5)), tp_nn_dropout(1));
    tp_tensor *x = tp_ones(TP_SHAPE(100));
    ck_assert(tp_is_training(tp_module_find(m, "0.0")));
    ck_assert(tp_item(tp_sum(tp_forward(m, x))) == 0);
    ck_assert_int_eq(tp_eval(m), TP_OK);
    ck_assert(!tp_is_training(tp_module_find(m, "0.0")));
    ck_assert_ptr_eq(tp_forward(m, x), x);
    ck_assert_int_eq(tp_train(m), TP_OK);
    ck_assert(tp_is_training(tp_module_find(m, "1")));
    tp_module_free(m);
}
END_TEST

START_TEST(a_move_keeps_the_handles_and_takes_the_gradients_along)
{
    TP_SCOPE();
    Net *m = net_new(5);
    tp_tensor *w = tp_module_tensor(m, "head.weight");
    const double was = tp_item(tp_sum(w));
    tp_backward(tp_sum(tp_forward(m, tp_ones(TP_SHAPE(2, 6)))));
    ck_assert_ptr_nonnull(tp_grad_of(w));
    ck_assert_int_eq(tp_module_to_dtype(m, TP_F64), TP_OK);
    ck_assert_ptr_eq(tp_module_tensor(m, "head.weight"), w);
    ck_assert_int_eq(tp_dtype_of(w), TP_F64);
    ck_assert_int_eq(tp_dtype_of(tp_grad_of(w)), TP_F64);
    ck_assert_int_eq(tp_dtype_of(m->steps), TP_I64);
    ck_assert(tp_needs_grad(w) && tp_is_leaf(w));
    ck_assert_double_eq_tol(tp_item(tp_sum(w)), was, 1e-5);
    ck_assert_ptr_nonnull(tp_forward(m, tp_ones(TP_SHAPE(2, 6), .dtype = TP_F64)));
    ck_assert_int_eq(tp_module_zero_grad(m), TP_OK);
    ck_assert_ptr_null(tp_grad_of(w));
    ck_assert_int_eq(tp_module_requires_grad(m, false), TP_OK);
    ck_assert(!tp_needs_grad(tp_forward(m, tp_ones(TP_SHAPE(2, 6), .dtype = TP_F64))));
    ck_assert_int_eq(tp_module_to(m, TP_CPU), TP_OK);
    ck_assert_int_eq(tp_module_to_dtype(m, TP_I64), TP_ERR_DTYPE);
    tp_clear_error();
    if (!tp_cuda_is_available()) {
        ck_assert_int_ne(tp_module_to(m, TP_CUDA(0)), TP_OK);
        ck_assert(tp_failed());
        tp_clear_error();
    }
    tp_module_free(m);
}
END_TEST

/* ---- Threads -------------------------------------------------------------------------------------------------------------------------- */

typedef struct worker { tp_module *net; tp_tensor *x, *want; bool agreed; } worker;

static void infer(void *arg)
{
    worker *w = arg;
    TP_NO_GRAD();
    w->agreed = true;
    for (int i = 0; i < 50; i++) {
        TP_SCOPE();
        w->agreed = w->agreed && tp_equal(tp_forward(w->net, w->x), w->want);
    }
}

START_TEST(many_threads_run_one_module_at_once)
{
    TP_SCOPE();
    Net *net = net_new(5);
    tp_eval(net);
    tp_tensor *x = tp_randn(TP_SHAPE(7, 6)), *want = tp_detach(tp_forward(net, x));
    worker workers[4];
    tp_thread *threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){ &net->base, x, want, false };
        threads[i] = tp_thread_start("infer", infer, &workers[i]);
        ck_assert_ptr_nonnull(threads[i]);
    }
    for (int i = 0; i < 4; i++) {
        tp_thread_join(threads[i]);
        ck_assert(workers[i].agreed);
    }
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn");
    TCase *one = tcase_create("nn");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, a_module_lists_its_members_by_name_in_pytorch_order);
    tcase_add_test(one, a_list_follows_what_is_added_later);
    tcase_add_test(one, a_tied_parameter_is_listed_once_and_saved_under_both_names);
    tcase_add_test(one, a_forward_runs_and_its_temporaries_die_at_once);
    tcase_add_test(one, a_sequential_does_not_hold_what_lies_between_its_children);
    tcase_add_test(one, null_goes_through_a_forward_without_an_error);
    tcase_add_test(one, an_error_names_the_module_and_the_line_of_its_call);
    tcase_add_test(one, a_call_takes_arguments_by_position_and_name_and_gives_several_outputs);
    tcase_add_test(one, a_null_child_fails_a_sequential_and_frees_the_others);
    tcase_add_test(one, a_null_member_fails_its_module_and_leaks_nothing);
    tcase_add_test(one, a_module_has_one_parent_and_its_members_distinct_names);
    tcase_add_test(one, modules_are_nested_to_a_depth_that_is_known);
    tcase_add_test(one, while_an_error_is_unread_nothing_is_built_or_changed);
    tcase_add_test(one, an_allocation_that_fails_anywhere_fails_the_constructor_and_leaks_nothing);
    tcase_add_test(one, a_norm_that_fails_leaves_its_running_statistics);
    tcase_add_test(one, attention_takes_masks_that_are_bool_or_floating);
    tcase_add_test(one, modes_reach_every_child);
    tcase_add_test(one, a_move_keeps_the_handles_and_takes_the_gradients_along);
    tcase_add_test(one, many_threads_run_one_module_at_once);
    suite_add_tcase(s, one);
    return run_suite(s);
}
