/* test_optimizers.c: what every optimizer does alike: files, names, refusals, memory; clipping, and closures. */
#include "optim.h"

/* ---- All optimizers, by name --------------------------------------------------------------------------------------------------- */

static const char *const every_name[] = { "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD",
                                          "Adafactor", "Muon" };
enum { NAMES = sizeof every_name / sizeof *every_name };

static tp_tensor *matrix(double first)
{
    tp_tensor *x = tp_from_data((double[]){ first, -2, 3, 0.5, 1, -1 }, TP_F64, TP_SHAPE(2, 3));
    ck_assert_int_eq(tp_requires_grad(x, true), TP_OK);
    return x;
}

static void give_matrix(tp_tensor *x, int t)
{
    ck_assert_int_eq(tp_set_grad(x, tp_from_data((double[]){ 1 + t, -1, 0.5, t, -t, 2 }, TP_F64, TP_SHAPE(2, 3))), TP_OK);
}

static tp_optimizer *named(const char *name, tp_tensor_list params)
{
    const bool moves = !strcmp(name, "SGD") || !strcmp(name, "RMSprop");
    const tp_arg args[] = { { .name = "lr", .kind = TP_ARG_FLOAT, .value.real = 0.1 }, { .name = "momentum", .kind = TP_ARG_FLOAT, .value.real = 0.5 } };
    tp_optimizer *opt = tp_optimizer_by_name(name, params, args, moves ? 2 : 1);
    ck_assert_msg(opt, "%s: %s", name, tp_failed() ? tp_last_error()->message : "");
    return opt;
}

static void ck_same(const char *name, tp_tensor *x, tp_tensor *y)
{
    for (int i = 0; i < 6; i++)
        ck_assert_msg(value(x, i) == value(y, i), "%s: element %d is %.17g, not %.17g", name, i, value(x, i), value(y, i));
}

START_TEST(every_optimizer_goes_on_from_its_file)
{
    TP_SCOPE();
    const char *const name = every_name[_i], *const path = scratch_file();
    tp_tensor *x = matrix(1), *y;
    tp_optimizer *opt = named(name, TP_TENSORS(x));
    for (int t = 0; t < 3; t++) {
        give_matrix(x, t);
        ck_assert_int_eq(tp_step(opt), TP_OK);
    }
    ck_assert_int_eq(tp_optimizer_save(opt, path), TP_OK);
    y = tp_clone(tp_detach(x));
    ck_assert_int_eq(tp_requires_grad(y, true), TP_OK);
    tp_optimizer *again = tp_optimizer_by_name(name, TP_TENSORS(y), NULL, 0);
    ck_assert_msg(tp_optimizer_load(again, path) == TP_OK, "%s: %s", name, tp_failed() ? tp_last_error()->message : "");
    for (int t = 0; t < 3; t++) {
        give_matrix(x, t), give_matrix(y, t);
        ck_assert_int_eq(tp_step(opt), TP_OK);
        ck_assert_int_eq(tp_step(again), TP_OK);
    }
    ck_same(name, x, y);
    tp_free_all(opt, again);
    unlink(path);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(a_step_of_any_optimizer_without_memory_changes_nothing)
{
    TP_SCOPE();
    tp_mem_pools(false);
    const char *const name = every_name[_i];
    tp_tensor *x = matrix(1), *was = tp_clone(tp_detach(x));
    tp_optimizer *opt = named(name, TP_TENSORS(x));
    give_matrix(x, 1);
    for (int step = 0; step < 2; step++) {             /* the first makes the state */
        for (int64_t n = 1; ; n++) {
            const int64_t before = in_use();
            tp_mem_fail_at(n, false);
            const tp_status status = tp_step(opt);
            tp_mem_fail_at(0, false);
            if (status == TP_OK)
                break;
            ck_assert_int_eq(status, TP_ERR_MEMORY);
            tp_clear_error();
            ck_same(name, x, was);
            ck_assert_int_eq(in_use(), before);
        }
        was = tp_clone(tp_detach(x));
    }
    tp_optimizer_free(opt);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(results_do_not_depend_on_threads)
{
    const int threads = tp_get_num_threads();
    for (int k = 0; k < NAMES - 2; k++) {              /* the fused ones */
        TP_SCOPE();
        tp_tensor *made[2];
        for (int i = 0; i < 2; i++) {
            tp_set_num_threads(i ? 4 : 1);
            made[i] = tp_full(TP_SHAPE(100003), 0.5, .requires_grad = true);
            tp_set_grad(made[i], tp_linspace(-1, 1, 100003));
            tp_optimizer *opt = named(every_name[k], TP_TENSORS(made[i]));
            for (int t = 0; t < 3; t++)
                ck_assert_int_eq(tp_step(opt), TP_OK);
            tp_optimizer_free(opt);
        }
        ck_assert_msg(tp_equal(tp_detach(made[0]), tp_detach(made[1])), "%s", every_name[k]);
    }
    tp_set_num_threads(threads);
}
END_TEST

START_TEST(names_options_and_groups_that_are_not_there_are_refused)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *y = parameter(1, 1);
    tp_arg arg = { .name = "momentum", .kind = TP_ARG_FLOAT, .value.real = 0.5 };
    double got[2] = { 0, 0 };
    ck_assert_ptr_null(tp_optimizer_by_name("Adamm", TP_TENSORS(x), NULL, 0));
    ck_message("optimizer_by_name: there is no optimizer Adamm");
    ck_assert_ptr_null(tp_optimizer_by_name("Adam", TP_TENSORS(x), &arg, 1));
    ck_message("adam: adam has no option momentum");
    arg = (tp_arg){ .name = "betas", .kind = TP_ARG_FLOAT, .value.real = 0.5 };
    ck_assert_ptr_null(tp_optimizer_by_name("Adam", TP_TENSORS(x), &arg, 1));
    ck_message("adam: option betas of adam does not take this value");
    ck_assert_ptr_null(tp_optimizer_by_name("Adam", TP_TENSORS(x), NULL, 2));
    ck_message("adam: the arguments are NULL, of 2");
    ck_assert_ptr_null(tp_muon(TP_TENSORS(x)));
    ck_message("muon: a parameter has 1 dims, and muon steps matrices");
    ck_assert_ptr_null(tp_rprop(TP_TENSORS(x), .etas = { 0.5, 0.9 }));
    ck_message("rprop: etas are 0.5 and 0.9, and 1 has to lie between them, and 0 below");
    ck_assert_ptr_null(tp_adadelta(TP_TENSORS(x), .rho = 1.5));
    ck_message("adadelta: rho is 1.5, and has to be from 0 to 1");
    ck_assert_ptr_null(tp_rmsprop(TP_TENSORS(x), .alpha = -1));
    ck_message("rmsprop: alpha is -1, and has to be 0 or more");
    ck_assert_ptr_null(tp_adagrad(TP_TENSORS(x), .initial_accumulator_value = -1));
    ck_message("adagrad: initial_accumulator_value is -1, and has to be 0 or more");
    ck_assert_ptr_null(tp_adafactor(TP_TENSORS(x), .d = 0.5));
    ck_message("adafactor: d is 0.5, and has to be 1 or more");
    tp_optimizer *opt = tp_adam(TP_TENSORS(x));
    arg = (tp_arg){ .name = "momentum", .kind = TP_ARG_FLOAT, .value.real = 0.5 };
    ck_assert_int_eq(tp_param_group_by_name(opt, TP_TENSORS(y), &arg, 1), TP_OK);      /* SGD's: passed over */
    arg.name = "momemtum";
    ck_assert_int_eq(tp_set_group_options(opt, 1, &arg, 1), TP_ERR_ARGUMENT);
    ck_message("set_group_options: adam has no option momemtum");
    arg = (tp_arg){ .name = "betas", .kind = TP_ARG_FLOATS, .n = 2, .value.floats = (double[]){ 0.5, 2 } };
    ck_assert_int_eq(tp_set_group_options(opt, 1, &arg, 1), TP_ERR_ARGUMENT);
    ck_message("set_group_options: betas[1] is 2, and has to be at least 0 and less than 1");
    arg.value.floats = (double[]){ 0.5, 0.75 };
    ck_assert_int_eq(tp_set_group_options(opt, 1, &arg, 1), TP_OK);
    ck_assert_int_eq(tp_get_group_option(opt, 1, "betas", got), TP_OK);
    ck_assert_double_eq(got[1], 0.75);
    ck_assert_int_eq(tp_get_group_option(opt, 1, "momentum", got), TP_ERR_ARGUMENT);
    ck_message("get_group_option: adam has no option momentum");
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_fused_step_checks_its_lists)
{
    TP_SCOPE();
    tp_tensor *x = parameter(1, 1), *g = tp_ones(TP_SHAPE(2), .dtype = TP_F64),
              *step = tp_zeros((tp_shape){ .ndim = 0 }), *sum = tp_zeros(TP_SHAPE(2), .dtype = TP_F64);
    const tp_tensor_list lists[] = { TP_TENSORS(x), TP_TENSORS(g), TP_TENSORS(step), TP_TENSORS(sum) }, swapped[] = { lists[0], lists[1], lists[3], lists[2] },
                         short_of[] = { lists[0], lists[1], lists[2], { .n = 0 } };
    const double numbers[] = { 0.1, 0, 0, 1e-10, 0 };
    ck_assert_int_eq(tp_fused_step_("adagrad", lists, 4, numbers, 4), TP_ERR_ARGUMENT);
    ck_message("fused_adagrad_: it takes 4 lists and 5 numbers, and is given 4 and 4");
    ck_assert_int_eq(tp_fused_step_("adagrid", lists, 4, numbers, 5), TP_ERR_ARGUMENT);
    ck_message("fused_step_: there is no rule of this name");
    ck_assert_int_eq(tp_fused_step_("adagrad", swapped, 4, numbers, 5), TP_ERR_ARGUMENT);
    ck_message("fused_adagrad_: step 0 is float64 [2], and has to be one float32");
    ck_assert_int_eq(tp_fused_step_("adagrad", short_of, 4, numbers, 5), TP_ERR_ARGUMENT);
    ck_message("fused_adagrad_: the list of sum is empty");
    ck_assert_double_eq(value(x, 0), 1);
    ck_assert_int_eq(tp_fused_step_("adagrad", lists, 4, numbers, 5), TP_OK);
    ck_close(value(x, 0), 0.9);
}
END_TEST

/* ---- Clipping -------------------------------------------------------------------------------------------------------------------- */

START_TEST(gradients_are_clipped_to_their_norm)
{
    TP_SCOPE();
    tp_tensor *x = parameter(0, 0), *y = parameter(0, 0), *z = parameter(0, 0);
    give(x, 3, 0), give(y, 0, -4);                     /* z has none */
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(x, y, z), 10)), 5);
    ck_assert_double_eq(value(tp_grad_of(x), 0), 3);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(x, y, z), 1)), 5);
    ck_close(value(tp_grad_of(y), 1), -4 / (5 + 1e-6));
    ck_assert_ptr_null(tp_grad_of(z));
    give(x, 3, 1), give(y, 0, -4);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(x, y), 100, .norm_type = INFINITY)), 4);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(x, y), 100, .norm_type = 1)), 8);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(z), 1)), 0);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm((tp_tensor_list){ .n = 0 }, 1)), 0);
    ck_assert_int_eq(tp_clip_grad_value(TP_TENSORS(x, y, z), 2), TP_OK);
    ck_assert_double_eq(value(tp_grad_of(x), 0), 2);
    ck_assert_double_eq(value(tp_grad_of(x), 1), 1);
    ck_assert_double_eq(value(tp_grad_of(y), 1), -2);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(a_norm_that_is_not_finite_is_an_error_if_that_is_asked_for)
{
    TP_SCOPE();
    tp_tensor *x = parameter(0, 0), *y = parameter(0, 0);
    give(x, 3, INFINITY), give(y, 1, 1);
    ck_assert_ptr_null(tp_clip_grad_norm(TP_TENSORS(x, y), 1, .error_if_nonfinite = true));
    ck_message("clip_grad_norm: the norm of order 2 of the gradients is inf");
    ck_assert_double_eq(value(tp_grad_of(x), 0), 3);
    ck_assert_double_eq(tp_item(tp_clip_grad_norm(TP_TENSORS(x, y), 1)), INFINITY);
    ck_assert_double_eq(value(tp_grad_of(x), 0), 0);
    ck_assert_double_nan(value(tp_grad_of(x), 1));
    ck_assert_ptr_null(tp_clip_grad_norm(TP_TENSORS(x, NULL), 1));
    ck_message("clip_grad_norm: a parameter is NULL");
    ck_assert_int_eq(tp_clip_grad_value(TP_TENSORS(x, NULL), 1), TP_ERR_ARGUMENT);
    ck_message("clip_grad_value: a parameter is NULL");
}
END_TEST

START_TEST(gradients_of_any_layout_and_dtype_are_clipped_the_same_on_any_number_of_threads)
{
    const int threads = tp_get_num_threads();
    double norms[2];
    for (int i = 0; i < 2; i++) {
        TP_SCOPE();
        tp_set_num_threads(i ? 4 : 1);
        tp_tensor *x = tp_zeros(TP_SHAPE(301, 401), .requires_grad = true), *h = tp_zeros(TP_SHAPE(3), .dtype = TP_F16, .requires_grad = true);
        tp_set_grad(x, tp_transpose(tp_reshape(tp_linspace(-1, 1, 301 * 401), TP_SHAPE(401, 301)), 0, 1));
        tp_set_grad(h, tp_ones(TP_SHAPE(3), .dtype = TP_F16));
        tp_tensor *norm = tp_clip_grad_norm(TP_TENSORS(x, h), 0.5);
        ck_assert_int_eq(tp_dtype_of(norm), TP_F32);
        norms[i] = tp_item(norm);
        ck_assert_double_eq_tol(norms[i], sqrt(301 * 401 / 3.0 + 3), 0.01);
        ck_assert_double_eq_tol(tp_item(tp_clip_grad_norm(TP_TENSORS(x, h), 10)), 0.5, 1e-4);
    }
    ck_assert_double_eq(norms[0], norms[1]);
    tp_set_num_threads(threads);
    ck_assert(!tp_failed());
}
END_TEST

/* ---- Closures ----------------------------------------------------------------------------------------------------------------------- */

typedef struct bowl { tp_optimizer *opt; tp_tensor *x; int calls; } bowl;

static tp_tensor *bowl_loss(void *arg)
{
    bowl *b = arg;
    b->calls++;
    tp_zero_grad(b->opt);
    tp_tensor *off = tp_sub(b->x, 3), *loss = tp_sum(tp_mul(tp_mul(off, off), tp_from_data((double[]){ 1, 25 }, TP_F64, TP_SHAPE(2))));
    return tp_backward(loss) ? NULL : loss;
}

START_TEST(lbfgs_finds_the_bottom_of_a_bowl_and_other_optimizers_take_closures)
{
    TP_SCOPE();
    bowl b = { .x = parameter(-1, 7) };
    b.opt = tp_lbfgs(TP_TENSORS(b.x), .line_search_fn = TP_STRONG_WOLFE);
    ck_assert_double_eq(tp_item(tp_step_closure(b.opt, bowl_loss, &b)), 16 + 25 * 16);
    ck_assert_double_eq_tol(value(b.x, 0) - 3, 1.3150834794e-06, 1e-12);
    ck_assert_double_eq_tol(value(b.x, 1) - 3, -6.2978413e-08, 1e-12);
    ck_assert_int_eq(b.calls, 8);                      /* as PyTorch */
    ck_assert_int_eq(tp_step(b.opt), TP_ERR_ARGUMENT);
    ck_message("step: lbfgs evaluates the loss itself: tp_step_closure");
    ck_assert_int_eq(tp_optimizer_save(b.opt, scratch_file()), TP_ERR_UNSUPPORTED);
    ck_message("optimizer_save: the state of lbfgs cannot be saved");
    ck_assert_ptr_null(tp_lbfgs(TP_TENSORS(b.x), .max_iter = INFINITY));
    ck_error(TP_ERR_ARGUMENT, "lbfgs: max_iter is inf");
    ck_assert_ptr_null(tp_lbfgs(TP_TENSORS(b.x), .max_eval = NAN));
    ck_error(TP_ERR_ARGUMENT, "and max_eval nan");
    ck_assert_ptr_null(tp_step_closure(b.opt, NULL, NULL));
    ck_message("step_closure: the closure is NULL");
    tp_optimizer_free(b.opt);
    b = (bowl){ .x = parameter(1, 3) };
    b.opt = tp_sgd(TP_TENSORS(b.x), .lr = 0.25);
    ck_assert_double_eq(tp_item(tp_step_closure(b.opt, bowl_loss, &b)), 4);
    ck_assert_double_eq(value(b.x, 0), 2);
    ck_assert_int_eq(b.calls, 1);
    tp_optimizer_free(b.opt);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(lbfgs_without_memory_fails_and_leaks_nothing)
{
    TP_SCOPE();
    tp_mem_pools(false);
    for (int64_t n = 1; ; n++) {
        const int64_t before = in_use();
        bool good;
        {
            TP_SCOPE();
            bowl b = { .x = parameter(-1, 7) };
            tp_mem_fail_at(n, false);
            b.opt = tp_lbfgs(TP_TENSORS(b.x), .line_search_fn = TP_STRONG_WOLFE, .history_size = 2);
            good = b.opt && tp_step_closure(b.opt, bowl_loss, &b);
            tp_mem_fail_at(0, false);
            ck_assert_int_ne(good, tp_failed());
            tp_clear_error();
            tp_optimizer_free(b.opt);
        }
        ck_assert_int_eq(in_use(), before);
        if (good)
            break;
        ck_assert_int_lt(n, 100000);
    }
}
END_TEST

/* It wants to change the optimizer that waits for it. */
static tp_tensor *greedy_loss(void *arg)
{
    bowl *b = arg;
    if (b->calls == 1) tp_param_group(b->opt, TP_TENSORS(parameter(0, 0)));
    if (b->calls == 2) tp_step_closure(b->opt, bowl_loss, b);
    return tp_failed() ? NULL : bowl_loss(b);
}

START_TEST(a_closure_cannot_change_the_optimizer_that_called_it)
{
    static const char *const messages[] = { "param_group: the closure of a step cannot add a group",
                                            "step_closure: the closure cannot step the optimizer that called it" };
    TP_SCOPE();
    for (int calls = 1; calls <= 2; calls++) {
        bowl b = { .x = parameter(-1, 7), .calls = calls };
        b.opt = tp_lbfgs(TP_TENSORS(b.x));
        ck_assert_ptr_null(tp_step_closure(b.opt, greedy_loss, &b));
        ck_message(messages[calls - 1]);
        ck_assert_int_eq(tp_param_group_count(b.opt), 1);
        ck_assert_ptr_nonnull(tp_step_closure(b.opt, bowl_loss, &b));
        tp_optimizer_free(b.opt);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optimizers");
    TCase *tests = tcase_create("optimizers");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_optimizer_goes_on_from_its_file, 0, NAMES);
    tcase_add_loop_test(tests, a_step_of_any_optimizer_without_memory_changes_nothing, 0, NAMES);
    tcase_add_test(tests, results_do_not_depend_on_threads);
    tcase_add_test(tests, names_options_and_groups_that_are_not_there_are_refused);
    tcase_add_test(tests, a_fused_step_checks_its_lists);
    tcase_add_test(tests, gradients_are_clipped_to_their_norm);
    tcase_add_test(tests, a_norm_that_is_not_finite_is_an_error_if_that_is_asked_for);
    tcase_add_test(tests, gradients_of_any_layout_and_dtype_are_clipped_the_same_on_any_number_of_threads);
    tcase_add_test(tests, lbfgs_finds_the_bottom_of_a_bowl_and_other_optimizers_take_closures);
    tcase_add_test(tests, lbfgs_without_memory_fails_and_leaks_nothing);
    tcase_add_test(tests, a_closure_cannot_change_the_optimizer_that_called_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
