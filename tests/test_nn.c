/* test_nn.c: modules and layers: built and given up, run, listed, moved, printed, saved and loaded. */
#include <taper/extend.h>
#include <taper/io.h>
#include <taper/nn.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t bytes_in_use(void)
{
    tp_memory stats = { 0 };
    ck_assert_int_eq(tp_memory_stats(TP_CPU, &stats), TP_OK);
    return stats.in_use;
}

/* What a thread makes at its first use stays with it: made here, so that it is not taken for a leak. */
static void warm_up(void)
{
    tp_fail(TP_ERR_ARGUMENT, "warm_up: nothing is wrong");
    tp_clear_error();
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_linear(2, 2), tp_sequential(tp_nn_dropout(0.5)));
    tp_forward(m, tp_randn(TP_SHAPE(1, 2)));
    tp_module_free(m);
}

#define ck_assert_message(text) do { \
        ck_assert_ptr_nonnull(tp_last_error()); \
        ck_assert_str_eq(tp_last_error()->message, text); \
        tp_clear_error(); \
    } while (0)

static tp_module *lenet(void)
{
    return tp_sequential(
        tp_nn_conv2d(1, 6, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_conv2d(6, 16, 5), tp_nn_relu(), tp_nn_max_pool2d(2),
        tp_nn_flatten(), tp_nn_linear(400, 120), tp_nn_relu(),
        tp_nn_linear(120, 84), tp_nn_relu(), tp_nn_linear(84, 10, .bias = false));
}

/* ---- Modules of one's own ----------------------------------------------------------------------------------------------------- */

typedef struct Net { tp_module base; tp_module *body, *head; tp_tensor *scale, *steps; } Net;

static tp_tensor *net_forward(tp_module *self, tp_tensor *x)
{
    Net *m = (Net *)self;
    return tp_mul(tp_forward(m->head, tp_forward(m->body, x)), m->scale);
}

static Net *net_new(int64_t middle)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, net_forward);
    if (!m) return NULL;
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(6, 8), tp_nn_relu(), tp_nn_linear(8, middle)));
    m->head = tp_add_child(m, "head", tp_nn_linear(5, 3));
    m->scale = tp_add_parameter(m, "scale", tp_ones(TP_SHAPE(1)));
    m->steps = tp_add_buffer(m, "steps", tp_zeros(TP_SHAPE(2), .dtype = TP_I64));
    return tp_module_done(m);
}

static void check_names(tp_entry_list list, const char *const *names, int64_t n)
{
    ck_assert_int_eq(list.n, n);
    for (int64_t i = 0; i < n; i++) ck_assert_str_eq(list.at[i].name, names[i]);
}
#define NAMES(list, ...) check_names(list, (const char *[]){ __VA_ARGS__ }, (int64_t)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)))

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
    const int64_t before = bytes_in_use();
    tp_tensor *again = tp_forward(m, x);
    ck_assert(tp_equal(y, again));
    const int64_t grown = bytes_in_use() - before, output = 4000 * 3 * 4;
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
    ck_assert_message("forward: the module is NULL");
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
    ck_assert_ptr_nonnull(strstr(e->where, "test_nn.c:"));
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
    ck_assert_message("pair: a and b must be given");
    ck_assert_ptr_null(tp_forward(m, args[0].value.tensor));
    tp_clear_error();

    tp_module *relu = tp_nn_relu();                              /* a forward, called as a call */
    const tp_arg input = { .name = "input", .kind = TP_ARG_TENSOR, .value.tensor = tp_full(TP_SHAPE(1), -2.0) };
    ck_assert_int_eq(tp_call(relu, &input, 1, outs, 1, NULL), TP_OK);
    ck_assert(tp_item(outs[0]) == 0);
    ck_assert_int_eq(tp_call(relu, args, 3, outs, 1, NULL), TP_ERR_ARGUMENT);
    tp_clear_error();

    Net *holder = tp_module_new(Net, NULL);
    ck_assert_ptr_null(tp_forward(holder, input.value.tensor));
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_UNSUPPORTED);
    tp_clear_error();
    tp_free_all(m, relu, holder);
}
END_TEST

static void double_it(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    (void)m;
    ck_assert(n == 1 && n_outs == 1 && args[0].kind == TP_ARG_TENSOR);
    ++*(int *)arg;
    outs[0] = tp_add(outs[0], outs[0]);
}

START_TEST(a_forward_hook_sees_and_replaces_the_output)
{
    TP_SCOPE();
    int calls = 0;
    tp_module *m = tp_sequential(tp_nn_relu());
    tp_module *relu = tp_module_find(m, "0");
    const int64_t first = tp_register_forward_hook(relu, double_it, &calls), second = tp_register_forward_hook(relu, double_it, &calls);
    ck_assert(first > 0 && second > first);
    tp_tensor *x = tp_full(TP_SHAPE(1), 3.0);
    ck_assert(tp_item(tp_forward(m, x)) == 12);
    tp_remove_forward_hook(relu, first);
    ck_assert(tp_item(tp_forward(m, x)) == 6);
    tp_remove_forward_hook(relu, second);
    ck_assert(tp_item(tp_forward(m, x)) == 3);
    ck_assert_int_eq(calls, 3);
    tp_module_free(m);
}
END_TEST

static int64_t once;
static void only_once(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    double_it(arg, m, args, n, outs, n_outs);
    tp_remove_forward_hook(m, once);
}
static void forget_output(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    (void)arg, (void)m, (void)args, (void)n, (void)n_outs;
    outs[0] = NULL;
}

START_TEST(a_hook_may_remove_itself_and_must_leave_an_output)
{
    TP_SCOPE();
    int calls = 0;
    tp_module *m = tp_nn_relu();
    tp_tensor *x = tp_full(TP_SHAPE(1), 3.0), *y = x;
    once = tp_register_forward_hook(m, only_once, &calls);
    tp_register_forward_hook(m, double_it, &calls);
    ck_assert(tp_item(tp_forward(m, x)) == 12);         /* the second hook is not passed over */
    ck_assert(tp_item(tp_forward(m, x)) == 6);
    ck_assert_int_eq(calls, 3);
    tp_register_forward_hook(m, forget_output, NULL);
    ck_assert_ptr_null(tp_forward(m, x));
    ck_assert_message("forward: a hook of ReLU put NULL in place of output 0");
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    ck_assert_int_eq(tp_call(m, &arg, 1, &y, 1, NULL), TP_ERR_STATE);
    ck_assert_ptr_null(y);
    ck_assert_message("forward: a hook of ReLU put NULL in place of output 0");
    ck_assert_int_eq(tp_call(m, &arg, 1, NULL, 0, NULL), TP_ERR_ARGUMENT);
    ck_assert_message("call: ReLU has an output, and there is room for none");
    tp_module_free(m);
}
END_TEST

static int drops;
static void count_drop(tp_module *self) { (void)self; drops++; }
static const tp_module_class counted_class = { .size = sizeof(tp_module_class), .type = "Counted", .drop = count_drop };
static tp_module *counted(void) { return tp_module_new_class_with(sizeof(tp_module), &counted_class); }

/* ---- Failure ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_null_child_fails_a_sequential_and_frees_the_others)
{
    warm_up();
    const int64_t before = bytes_in_use();
    drops = 0;
    tp_module *none = NULL;
    ck_assert_ptr_null(tp_sequential(counted(), none, counted(), tp_nn_linear(3, 4)));
    ck_assert_message("sequential: child 1 is NULL");
    ck_assert_int_eq(drops, 2);
    ck_assert_ptr_null(tp_sequential(counted(), tp_nn_linear(-3, 4), tp_sequential(counted())));
    ck_assert_message("Linear: sizes must not be negative: -3 -> 4");
    ck_assert_int_ge(drops, 3);                                  /* what came after the error was not even built */
    drops = 3;
    tp_module *same = counted();
    ck_assert_ptr_null(tp_sequential(same, same));
    ck_assert_message("sequential: child 1 is child 0 again");
    ck_assert_int_eq(drops, 4);
    ck_assert_int_eq(bytes_in_use(), before);
}
END_TEST

START_TEST(a_null_member_fails_its_module_and_leaks_nothing)
{
    warm_up();
    const int64_t before = bytes_in_use();
    {
        TP_SCOPE();
        drops = 0;
        Net *m = tp_module_new(Net, NULL);
        ck_assert_ptr_nonnull(tp_add_child(m, "a", counted()));
        ck_assert_ptr_null(tp_add_child(m, "b", (tp_module *)NULL));
        ck_assert_message("add_child: child \"b\" of Net is NULL");
        ck_assert_ptr_null(tp_module_done(m));                   /* though the error was cleared */
        ck_assert_message("module_done: a member of Net could not be made");
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
        ck_assert_message("elsewhere: went wrong");
    }
    ck_assert_int_eq(bytes_in_use(), before);
}
END_TEST

START_TEST(a_module_has_one_parent_and_its_members_distinct_names)
{
    drops = 0;
    tp_module *a = tp_sequential(counted()), *b = tp_sequential(tp_nn_relu());
    tp_module *owned = tp_module_find(a, "0");
    ck_assert_ptr_null(tp_add_child(b, "x", owned));
    ck_assert_message("add_child: \"x\" belongs to a Sequential already, as \"0\"");
    ck_assert_ptr_null(tp_add_child(b, "0", counted()));
    ck_assert_message("add_child: Sequential has a member \"0\" already");
    ck_assert_int_eq(drops, 1);
    ck_assert_ptr_null(tp_add_child(b, "x.y", counted()));
    ck_assert_int_eq(drops, 2);
    tp_clear_error();
    ck_assert_ptr_null(tp_add_child(b, "b", b));
    ck_assert_message("add_child: \"b\" contains the module that it is given to");
    tp_module_free(owned);
    ck_assert_message("module_free: \"0\" belongs to a Sequential, which frees it");
    ck_assert_int_eq(drops, 2);
    ck_assert_ptr_null(tp_sequential(owned, tp_nn_relu()));
    tp_clear_error();
    tp_free_all(a, b);
    ck_assert_int_eq(drops, 3);
    ck_assert(!tp_failed());
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
    const int64_t before = bytes_in_use();
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
        ck_assert_msg(bytes_in_use() == before, "point %lld leaks %lld bytes", (long long)n, (long long)(bytes_in_use() - before));
    }
    printf("%lld points of failure in the constructors of LeNet\n", (long long)n - 1);
    tp_mem_pools(true);
}
END_TEST

/* ---- Modes and moves --------------------------------------------------------------------------------------------------------------- */

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

/* ---- Layers -------------------------------------------------------------------------------------------------------------------------- */

static void check_uniform(tp_tensor *x, double bound)
{
    ck_assert_ptr_nonnull(x);
    const float *v = tp_data(x);
    double top = 0;
    for (int64_t i = 0; i < tp_numel(x); i++) top = fmax(top, fabs((double)v[i]));
    ck_assert_msg(top <= bound && top > 0.9 * bound, "the greatest of %lld values is %g, the bound %g", (long long)tp_numel(x), top, bound);
}

START_TEST(layers_begin_as_in_pytorch)
{
    TP_SCOPE();
    tp_module *linear = tp_nn_linear(100, 64), *conv = tp_nn_conv2d(8, 64, 3, .groups = 2, .kernel_hw = { 3, 5 });
    check_uniform(tp_module_tensor(linear, "weight"), 0.1);
    check_uniform(tp_module_tensor(linear, "bias"), 0.1);
    tp_tensor *w = tp_module_tensor(conv, "weight");
    ck_assert(tp_size(w, 0) == 64 && tp_size(w, 1) == 4 && tp_size(w, 2) == 3 && tp_size(w, 3) == 5);
    check_uniform(w, 1 / sqrt(60));
    check_uniform(tp_module_tensor(conv, "bias"), 1 / sqrt(60));
    tp_module *table = tp_nn_embedding(9, 500, .padding_idx = -1);
    tp_tensor *rows = tp_module_tensor(table, "weight");
    const double square = tp_item(tp_mean(tp_mul(rows, rows)));
    ck_assert_msg(fabs(square - 8.0 / 9) < 0.1, "mean square %g", square);
    ck_assert(tp_item(tp_sum(tp_select(rows, 0, 8))) == 0);
    tp_free_all(linear, conv, table);

    tp_manual_seed(7);
    tp_module *a = tp_nn_linear(5, 5);
    tp_manual_seed(7);
    tp_module *b = tp_nn_linear(5, 5);
    ck_assert(tp_equal(tp_module_tensor(a, "weight"), tp_module_tensor(b, "weight")));
    tp_free_all(a, b);
}
END_TEST

START_TEST(options_say_every_value)
{
    tp_module *m[] = { tp_nn_linear(4, 5), tp_nn_linear(4, 5, .bias = false), tp_nn_conv2d(4, 4, 3, .bias = false, .groups = 4),
                       tp_nn_linear_with(4, 5, NULL), tp_nn_linear(4, 5, .dtype = TP_F64), tp_nn_linear(0, 2) };
    const int64_t n[] = { 2, 1, 1, 2, 2, 2 };
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        ck_assert_int_eq(tp_parameters(m[i]).n, n[i]);
        ck_assert_int_eq(tp_dtype_of(tp_parameters(m[i]).at[0]), i == 4 ? TP_F64 : TP_F32);
        tp_module_free(m[i]);
    }
    ck_assert_ptr_null(tp_nn_conv2d(3, 4, 3, .groups = 2));
    ck_assert_message("Conv2d: 3 -> 4 channels cannot be cut into 2 groups");
    ck_assert_ptr_null(tp_nn_conv2d(3, 4, 3, .stride = 0));
    tp_clear_error();
    ck_assert_ptr_null(tp_nn_max_pool2d(0));
    tp_clear_error();
    ck_assert_ptr_null(tp_nn_dropout(1.5));
    ck_assert_message("Dropout: probability 1.5 is not between 0 and 1");
    ck_assert_ptr_null(tp_nn_embedding(3, 2, .padding_idx = 3));
    tp_clear_error();
    const tp_nn_linear_options bare = { .bias = true };          /* by hand: no size, so no defaults */
    ck_assert_ptr_null(tp_nn_linear_with(4, 5, &bare));
    tp_clear_error();
}
END_TEST

START_TEST(lenet_runs_forward_and_backward)
{
    TP_SCOPE();
    tp_module *net = lenet();
    tp_tensor *y = tp_forward(net, tp_randn(TP_SHAPE(3, 1, 28, 28)));
    ck_assert_ptr_nonnull(y);
    ck_assert(tp_ndim(y) == 2 && tp_size(y, 0) == 3 && tp_size(y, 1) == 10);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    for (int64_t i = 0; i < tp_parameters(net).n; i++) ck_assert_ptr_nonnull(tp_grad_of(tp_parameters(net).at[i]));
    tp_module_free(net);
}
END_TEST

START_TEST(a_linear_layer_computes_x_wt_plus_b)
{
    TP_SCOPE();
    const float w[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 10, 20 }, x[] = { 1, 0, -1 };
    tp_module *m = tp_nn_linear(3, 2);
    {
        TP_NO_GRAD();
        tp_copy_(tp_module_tensor(m, "weight"), tp_from_data(w, TP_F32, TP_SHAPE(2, 3)));
        tp_copy_(tp_module_tensor(m, "bias"), tp_from_data(b, TP_F32, TP_SHAPE(2)));
    }
    const float *y = tp_data(tp_forward(m, tp_from_data(x, TP_F32, TP_SHAPE(1, 3))));
    ck_assert(y && y[0] == 8 && y[1] == 18);
    tp_module_free(m);
}
END_TEST

START_TEST(an_embedding_looks_rows_up_and_leaves_its_padding_row_without_gradient)
{
    TP_SCOPE();
    tp_module *m = tp_nn_embedding(5, 3, .padding_idx = 1);
    tp_tensor *w = tp_module_tensor(m, "weight");
    const int64_t at[] = { 4, 1, 4 };
    tp_tensor *y = tp_forward(m, tp_from_data(at, TP_I64, TP_SHAPE(3)));
    ck_assert(tp_equal(tp_select(y, 0, 0), tp_select(w, 0, 4)));
    tp_backward(tp_sum(y));
    ck_assert(tp_item(tp_sum(tp_select(tp_grad_of(w), 0, 4))) == 6);
    ck_assert(tp_item(tp_sum(tp_select(tp_grad_of(w), 0, 1))) == 0);
    tp_tensor *row = tp_embedding_row(m, 2);
    ck_assert(row && tp_ndim(row) == 1 && tp_equal(row, tp_select(w, 0, 2)));
    ck_assert_ptr_null(tp_embedding_row(m, 5));
    ck_assert_message("embedding_row: index 5 is out of range for 5 rows");
    tp_module *other = tp_nn_relu();
    ck_assert_ptr_null(tp_embedding_row(other, 0));
    tp_clear_error();
    tp_free_all(m, other);
}
END_TEST

START_TEST(layers_are_built_by_pytorch_names)
{
    TP_SCOPE();
    const int64_t kernel[] = { 2, 3 };
    const tp_arg conv_args[] = { { .kind = TP_ARG_INT, .value.integer = 3 }, { .kind = TP_ARG_INT, .value.integer = 4 },
        { .name = "kernel_size", .kind = TP_ARG_INTS, .n = 2, .value.ints = kernel }, { .name = "padding", .kind = TP_ARG_INT, .value.integer = 1 },
        { .name = "bias", .kind = TP_ARG_BOOL, .value.boolean = false }, { .name = "padding_mode", .kind = TP_ARG_STRING, .value.string = "zeros" } };
    tp_module *conv = tp_module_build("Conv2d", conv_args, 6);
    ck_assert_ptr_nonnull(conv);
    ck_assert_int_eq(tp_parameters(conv).n, 1);
    tp_tensor *y = tp_forward(conv, tp_ones(TP_SHAPE(1, 3, 5, 5)));
    ck_assert(y && tp_size(y, 1) == 4 && tp_size(y, 2) == 6 && tp_size(y, 3) == 5);

    const tp_arg linear_args[] = { { .name = "out_features", .kind = TP_ARG_INT, .value.integer = 2 },
                                   { .name = "in_features", .kind = TP_ARG_INT, .value.integer = 3 } };
    tp_module *linear = tp_module_build("Linear", linear_args, 2);
    ck_assert(linear && tp_size(tp_parameters(linear).at[0], 0) == 2);
    ck_assert_ptr_null(tp_module_build("Linear", linear_args, 1));
    ck_assert_message("Linear: it lacks its argument \"in_features\"");
    ck_assert_ptr_null(tp_module_build("Linear", conv_args, 4));
    ck_assert_message("Linear: it takes no argument \"kernel_size\"");
    const tp_arg dim = { .name = "dim", .kind = TP_ARG_BOOL, .value.boolean = true };
    ck_assert_ptr_null(tp_module_build("Softmax", &dim, 1));
    ck_assert_message("Softmax: argument \"dim\" takes an int");

    const tp_arg modules[] = { { .kind = TP_ARG_MODULE, .value.module = conv }, { .kind = TP_ARG_MODULE, .value.module = tp_nn_relu() } };
    tp_module *seq = tp_module_build("Sequential", modules, 2);
    ck_assert(seq && tp_module_find(seq, "0") == conv);
    drops = 0;
    const tp_arg taken[] = { { .kind = TP_ARG_MODULE, .value.module = counted() } };
    ck_assert_ptr_null(tp_module_build("Nonsense", taken, 1));
    ck_assert_message("module_build: no layer \"Nonsense\"");
    ck_assert_int_eq(drops, 1);
    tp_free_all(seq, linear);

    int n = 0;
    for (; tp_module_type_at(n); n++) {
        const bool bare = !strcmp(tp_module_type_at(n), "ReLU") || !strcmp(tp_module_type_at(n), "Dropout");
        tp_module *m = bare ? tp_module_build(tp_module_type_at(n), NULL, 0) : NULL;
        ck_assert(!bare || !strcmp(tp_module_type(m), tp_module_type_at(n)));
        tp_module_free(m);
    }
    ck_assert_int_ge(n, 13);
}
END_TEST

START_TEST(free_all_takes_parent_and_child_in_either_order)
{
    for (int parent_first = 0; parent_first < 2; parent_first++) {
        tp_module *child = tp_nn_linear(2, 2), *parent = tp_sequential(child, tp_nn_relu());
        if (parent_first) tp_free_all(parent, child);
        else tp_free_all(child, parent);
        ck_assert(!tp_failed());
    }
}
END_TEST

/* ---- Text ----------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_module_prints_as_in_pytorch)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tp_module *m = tp_sequential(tp_nn_conv2d(1, 6, 5, .padding = 2, .bias = false), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(),
                                 tp_sequential(tp_nn_linear(6, 2), tp_nn_dropout(0.1)), tp_nn_embedding(9, 5, .padding_idx = 0), tp_nn_softmax(-1));
    ck_assert_int_eq(tp_module_fprint(out, m), TP_OK);
    fclose(out);
    ck_assert_str_eq(text,
        "Sequential(\n"
        "  (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), bias=False)\n"
        "  (1): ReLU()\n"
        "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
        "  (3): Flatten(start_dim=1, end_dim=-1)\n"
        "  (4): Sequential(\n"
        "    (0): Linear(in_features=6, out_features=2, bias=True)\n"
        "    (1): Dropout(p=0.1, inplace=False)\n"
        "  )\n"
        "  (5): Embedding(9, 5, padding_idx=0)\n"
        "  (6): Softmax(dim=-1)\n"
        ")\n");
    free(text);
    tp_module_free(m);
}
END_TEST

START_TEST(a_summary_tells_outputs_and_sizes_and_changes_nothing)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tp_module *net = lenet();
    ck_assert_int_eq(tp_summary(net, TP_SHAPE(1, 1, 28, 28), .out = out), TP_OK);
    fflush(out);
    ck_assert_ptr_nonnull(strstr(text, "[1, 16, 5, 5]"));
    ck_assert_ptr_nonnull(strstr(text, "total 61696 parameters, 61696 of them trained, 0.24 MiB"));
    ck_assert(tp_is_training(tp_module_find(net, "3")));
    ck_assert_int_ne(tp_summary(net, TP_SHAPE(1, 2, 28, 28), .out = out), TP_OK);
    tp_clear_error();
    ck_assert(tp_is_training(net));
    fclose(out);
    free(text);
    tp_module_free(net);
}
END_TEST

/* ---- Files ---------------------------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/taper-nn-XXXXXX";
static char path[64];

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static void save_tensors(const tp_named_tensor *entries, int64_t n)
{
    ck_assert_int_eq(tp_safetensors_save(path, entries, n, NULL, 0), TP_OK);
}

START_TEST(what_is_saved_loads_back_bit_for_bit)
{
    TP_SCOPE();
    Net *a = net_new(5), *b = net_new(5);
    tp_fill_(a->steps, 42);
    tp_tensor *x = tp_randn(TP_SHAPE(4, 6)), *handle = tp_module_tensor(b, "head.weight");
    ck_assert(!tp_equal(tp_forward(a, x), tp_forward(b, x)));
    ck_assert_int_eq(tp_module_save(a, path), TP_OK);
    ck_assert_int_eq(tp_module_load(b, path), TP_OK);
    const tp_entry_list from = tp_state_dict(a), to = tp_state_dict(b);
    for (int64_t i = 0; i < from.n; i++) ck_assert(tp_equal(from.at[i].tensor, to.at[i].tensor));
    ck_assert(tp_equal(tp_forward(a, x), tp_forward(b, x)));
    ck_assert(tp_item(tp_select(b->steps, 0, 1)) == 42);
    ck_assert_ptr_eq(tp_module_tensor(b, "head.weight"), handle);
    ck_assert(tp_needs_grad(handle) && tp_is_leaf(handle));
    tp_module_to_dtype(b, TP_F64);                               /* values are cast to what the module has */
    ck_assert_int_eq(tp_module_load(b, path), TP_OK);
    ck_assert_int_eq(tp_dtype_of(handle), TP_F64);
    tp_free_all(a, b);
}
END_TEST

START_TEST(a_file_that_does_not_fit_is_told_in_full_and_changes_nothing)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_linear(2, 3), tp_nn_linear(3, 2, .bias = false));
    tp_tensor *w = tp_module_tensor(m, "0.weight"), *was = tp_clone(tp_detach(w));
    const tp_named_tensor entries[] = { { "0.weight", tp_zeros(TP_SHAPE(3, 2)) }, { "1.weight", tp_zeros(TP_SHAPE(3, 2)) },
                                        { "2.weight", tp_zeros(TP_SHAPE(1)) } };
    save_tensors(entries, 3);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_SHAPE);
    ck_assert_message("module_load: m.safetensors does not fit Sequential: 1 missing (0.bias), 1 unexpected (2.weight), "
                      "1 of another shape (1.weight [3, 2] for [2, 3])");
    ck_assert(tp_equal(w, was));
    ck_assert_int_eq(tp_module_load(m, path, .strict = false), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert(tp_equal(w, was));

    save_tensors(entries, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_ARGUMENT);
    ck_assert_message("module_load: m.safetensors does not fit Sequential: 2 missing (0.bias, 1.weight), 0 unexpected, 0 of another shape");
    ck_assert(tp_equal(w, was));
    ck_assert_int_eq(tp_module_load(m, path, .strict = false), TP_OK);
    ck_assert(tp_item(tp_sum(tp_mul(w, w))) == 0);
    ck_assert_int_ne(tp_module_load(m, "/nonexistent/file"), TP_OK);
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

START_TEST(many_misfits_are_counted_and_the_first_are_named)
{
    TP_SCOPE();
    tp_module *m = lenet();
    const tp_named_tensor entry = { "a.name.that.is.rather.long", tp_zeros(TP_SHAPE(3, 2)) };
    save_tensors(&entry, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "9 missing (0.weight, 0.bias, 3.weight"));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "1 unexpected (a.name.that.is.rather.long), 0 of another shape"));
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

START_TEST(a_tied_tensor_is_found_under_either_of_its_names)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, NULL);
    tp_tensor *w = tp_ones(TP_SHAPE(2));
    tp_add_parameter(m, "a", w);
    tp_add_parameter(m, "b", w);
    m = tp_module_done(m);
    ck_assert_int_eq(tp_module_save(m, path), TP_OK);
    ck_assert_int_eq(tp_module_load(m, path), TP_OK);
    const tp_named_tensor entry = { "b", tp_full(TP_SHAPE(2), 7.0) };
    save_tensors(&entry, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_OK);
    ck_assert(tp_item(tp_sum(w)) == 14);
    tp_module_free(m);
}
END_TEST

START_TEST(an_allocation_that_fails_anywhere_in_save_and_load_changes_nothing)
{
    warm_up();
    TP_SCOPE();
    Net *a = net_new(5), *b = net_new(5);
    tp_tensor *w = tp_module_tensor(b, "head.weight"), *was = tp_clone(tp_detach(w));
    ck_assert_int_eq(tp_module_save(a, path), TP_OK);
    tp_mem_pools(false);
    int64_t n = 0;
    for (bool good = false; !good; n++) {
        ck_assert_int_lt(n, 10000);
        const int64_t before = bytes_in_use();
        tp_mem_fail_at(n + 1, false);
        good = tp_module_save(a, path) == TP_OK && tp_module_load(b, path) == TP_OK;
        tp_mem_fail_at(0, false);
        ck_assert(good || (tp_failed() && tp_last_error()->code == TP_ERR_MEMORY));
        tp_clear_error();
        ck_assert_msg(good || tp_equal(w, was), "point %lld changed the module", (long long)n);
        ck_assert(n == 0 || good || bytes_in_use() <= before + 1024);
    }
    ck_assert(tp_equal(w, tp_module_tensor(a, "head.weight")));
    printf("%lld points of failure in save and load\n", (long long)n - 1);
    tp_mem_pools(true);
    tp_free_all(a, b);
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

static Suite *suite(void)
{
    Suite *s = suite_create("nn");
    TCase *machinery = tcase_create("machinery"), *failure = tcase_create("failure"), *layers = tcase_create("layers"), *files = tcase_create("files");
    tcase_add_test(machinery, a_module_lists_its_members_by_name_in_pytorch_order);
    tcase_add_test(machinery, a_list_follows_what_is_added_later);
    tcase_add_test(machinery, a_tied_parameter_is_listed_once_and_saved_under_both_names);
    tcase_add_test(machinery, a_forward_runs_and_its_temporaries_die_at_once);
    tcase_add_test(machinery, a_sequential_does_not_hold_what_lies_between_its_children);
    tcase_add_test(machinery, null_goes_through_a_forward_without_an_error);
    tcase_add_test(machinery, an_error_names_the_module_and_the_line_of_its_call);
    tcase_add_test(machinery, a_call_takes_arguments_by_position_and_name_and_gives_several_outputs);
    tcase_add_test(machinery, a_forward_hook_sees_and_replaces_the_output);
    tcase_add_test(machinery, a_hook_may_remove_itself_and_must_leave_an_output);
    tcase_add_test(machinery, modes_reach_every_child);
    tcase_add_test(machinery, a_move_keeps_the_handles_and_takes_the_gradients_along);
    tcase_add_test(machinery, many_threads_run_one_module_at_once);
    tcase_add_test(failure, a_null_child_fails_a_sequential_and_frees_the_others);
    tcase_add_test(failure, a_null_member_fails_its_module_and_leaks_nothing);
    tcase_add_test(failure, a_module_has_one_parent_and_its_members_distinct_names);
    tcase_add_test(failure, while_an_error_is_unread_nothing_is_built_or_changed);
    tcase_add_test(failure, an_allocation_that_fails_anywhere_fails_the_constructor_and_leaks_nothing);
    tcase_add_test(layers, layers_begin_as_in_pytorch);
    tcase_add_test(layers, options_say_every_value);
    tcase_add_test(layers, lenet_runs_forward_and_backward);
    tcase_add_test(layers, a_linear_layer_computes_x_wt_plus_b);
    tcase_add_test(layers, an_embedding_looks_rows_up_and_leaves_its_padding_row_without_gradient);
    tcase_add_test(layers, layers_are_built_by_pytorch_names);
    tcase_add_test(layers, free_all_takes_parent_and_child_in_either_order);
    tcase_add_test(layers, a_module_prints_as_in_pytorch);
    tcase_add_test(layers, a_summary_tells_outputs_and_sizes_and_changes_nothing);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, what_is_saved_loads_back_bit_for_bit);
    tcase_add_test(files, a_file_that_does_not_fit_is_told_in_full_and_changes_nothing);
    tcase_add_test(files, many_misfits_are_counted_and_the_first_are_named);
    tcase_add_test(files, a_tied_tensor_is_found_under_either_of_its_names);
    tcase_add_test(files, an_allocation_that_fails_anywhere_in_save_and_load_changes_nothing);
    TCase *const all[] = { machinery, failure, layers, files };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        tcase_set_timeout(all[i], 120);
        suite_add_tcase(s, all[i]);
    }
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
