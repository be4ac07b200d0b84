/* test_nn_hooks.c: functions that are called before and after a module runs. */
#include "failing.h"
#include "nn.h"

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
    ck_message("forward: a hook of ReLU put NULL in place of output 0");
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    ck_assert_int_eq(tp_call(m, &arg, 1, &y, 1, NULL), TP_ERR_STATE);
    ck_assert_ptr_null(y);
    ck_message("forward: a hook of ReLU put NULL in place of output 0");
    ck_assert_int_eq(tp_call(m, &arg, 1, NULL, 0, NULL), TP_ERR_ARGUMENT);
    ck_message("call: ReLU has an output, and there is room for none");
    tp_module_free(m);
}
END_TEST

/* ---- Before the forward ------------------------------------------------------------------------------------------------------------ */

static char order[64];
static void note(const char *what) { snprintf(order + strlen(order), sizeof order - strlen(order), "%s ", what); }

static void plus_one(void *arg, tp_module *m, tp_arg *args, int n)
{
    (void)m;
    ck_assert_int_eq(n, 1);
    note(arg);
    args[0].value.tensor = tp_add(args[0].value.tensor, 1);
}
static void times_two(void *arg, tp_module *m, tp_arg *args, int n)
{
    (void)m, (void)n;
    note(arg);
    args[0].value.tensor = tp_mul(args[0].value.tensor, 2);
}
static void look_at(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    ck_assert(m && n == 1 && n_outs == 1 && outs[0]);
    *(double *)arg = tp_item(args[0].value.tensor);
    note("after");
}

START_TEST(pre_forward_hooks_replace_inputs_in_the_order_of_registering)
{
    TP_SCOPE();
    double seen = 0;
    order[0] = 0;
    tp_module *m = tp_nn_relu();
    tp_register_forward_hook(m, look_at, &seen);
    tp_register_forward_pre_hook(m, plus_one, "first");
    const int64_t second = tp_register_forward_pre_hook(m, times_two, "second");
    tp_tensor *x = tp_full(TP_SHAPE(1), 3.0), *y = NULL;
    ck_assert(tp_item(tp_forward(m, x)) == 8);
    ck_assert(seen == 8);
    ck_assert_str_eq(order, "first second after ");
    tp_remove_module_hook(m, second);
    tp_remove_module_hook(m, second);
    const tp_arg arg = { .name = "input", .kind = TP_ARG_TENSOR, .value.tensor = x };
    ck_assert_int_eq(tp_call(m, &arg, 1, &y, 1, NULL), TP_OK);
    ck_assert(tp_item(y) == 4);
    ck_assert_ptr_eq(arg.value.tensor, x);
    tp_module_free(m);
}
END_TEST

static void fail_before(void *arg, tp_module *m, tp_arg *args, int n)
{
    (void)m, (void)args, (void)n;
    tp_fail(TP_ERR_NUMERIC, "watch: %s", (const char *)arg);
}
static void fail_after(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    (void)m, (void)args, (void)n, (void)outs, (void)n_outs;
    tp_fail(TP_ERR_NUMERIC, "watch: %s", (const char *)arg);
}
static void take_input(void *arg, tp_module *m, tp_arg *args, int n)
{
    (void)arg, (void)m, (void)n;
    args[0].value.tensor = NULL;
}

START_TEST(a_hook_that_fails_makes_the_forward_fail_and_names_the_module)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_relu(), tp_sequential(tp_nn_relu(), tp_nn_relu())), *inner = tp_module_find(net, "1.0");
    tp_tensor *x = tp_ones(TP_SHAPE(1));
    double seen = 0;
    order[0] = 0;
    int64_t id = tp_register_forward_pre_hook(inner, fail_before, "too large");
    tp_register_forward_hook(inner, look_at, &seen);
    ck_assert_ptr_null(tp_forward(net, x));
    ck_assert_str_eq(tp_last_error()->path, "net.1.0 (ReLU)");
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_NUMERIC);
    ck_message("watch: too large");
    ck_assert_str_eq(order, "");
    tp_remove_module_hook(inner, id);
    id = tp_register_forward_hook(inner, fail_after, "too small");
    ck_assert_ptr_null(tp_forward(net, x));
    ck_assert_str_eq(tp_last_error()->path, "net.1.0 (ReLU)");
    ck_message("watch: too small");
    tp_remove_module_hook(inner, id);
    tp_register_forward_pre_hook(inner, take_input, NULL);
    ck_assert_ptr_null(tp_forward(net, x));
    ck_message("forward: a pre-hook of ReLU put NULL in place of argument 0");
    ck_assert_int_eq(tp_register_forward_pre_hook(inner, NULL, NULL), 0);
    ck_message("register_forward_pre_hook: the function is NULL");
    tp_module_free(net);
}
END_TEST

/* ---- In backward: y = 3 relu(x) -------------------------------------------------------------------------------------------------------- */

typedef struct gradients { double out, in; int calls, n_in, n_out; } gradients;

static void see_output(void *arg, tp_module *m, tp_tensor **dy, int n_out)
{
    gradients *g = arg;
    ck_assert(m && n_out == 1);
    g->out = tp_item(tp_sum(dy[0]));
    note("pre");
}
static void double_output(void *arg, tp_module *m, tp_tensor **dy, int n_out)
{
    (void)arg, (void)m, (void)n_out;
    dy[0] = tp_mul(dy[0], 2);
    note("double");
}
static void see_input(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    gradients *g = arg;
    ck_assert_ptr_nonnull(m);
    *g = (gradients){ tp_item(tp_sum(dy[0])), dx[0] ? tp_item(tp_sum(dx[0])) : -1, g->calls + 1, n_in, n_out };
    note("full");
}
static void halve_input(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    (void)arg, (void)m, (void)n_in, (void)dy, (void)n_out;
    dx[0] = tp_mul(dx[0], 0.5);
    note("halve");
}

START_TEST(backward_hooks_see_and_replace_gradients)
{
    TP_SCOPE();
    gradients g = { .calls = 0 }, pre = { .calls = 0 };
    order[0] = 0;
    tp_module *m = tp_nn_relu();
    const int64_t halve = tp_register_full_backward_hook(m, halve_input, NULL);
    tp_register_full_backward_hook(m, see_input, &g);
    const int64_t twice = tp_register_full_backward_pre_hook(m, double_output, NULL);
    tp_register_full_backward_pre_hook(m, see_output, &pre);
    tp_tensor *x = tp_full(TP_SHAPE(2), 4.0, .requires_grad = true);
    tp_tensor *y = tp_forward(m, x);
    ck_assert_int_eq(tp_backward(tp_sum(tp_mul(y, 3))), TP_OK);
    ck_assert_str_eq(order, "double pre halve full ");
    ck_assert(pre.out == 12 && g.out == 12 && g.in == 6 && g.n_in == 1 && g.n_out == 1 && g.calls == 1);
    ck_assert(tp_item(tp_sum(tp_grad_of(x))) == 6);
    tp_set_grad(x, NULL);
    y = tp_forward(m, x);
    tp_remove_module_hook(m, halve);                             /* also for the run that is on the tape */
    tp_remove_module_hook(m, twice);
    ck_assert_int_eq(tp_backward(tp_sum(tp_mul(y, 3))), TP_OK);
    ck_assert(tp_item(tp_sum(tp_grad_of(x))) == 6 && g.in == 6 && g.calls == 2);
    ck_assert_ptr_null(tp_relu_(tp_forward(m, x)));              /* an output is a view that a function of one's own returned */
    ck_assert_int_eq(tp_last_error()->code, TP_ERR_STATE);
    tp_clear_error();
    {
        TP_NO_GRAD();
        ck_assert(!tp_needs_grad(tp_forward(m, x)));
    }
    ck_assert_int_eq(g.calls, 2);
    y = tp_forward(m, x);
    tp_module_free(m);                                           /* its hooks go with it, the graph stays */
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    ck_assert_int_eq(g.calls, 2);
}
END_TEST

START_TEST(where_no_input_needs_a_gradient_a_backward_hook_gets_none)
{
    TP_SCOPE();
    gradients g = { .calls = 0 };
    tp_module *net = tp_sequential(tp_nn_linear(2, 1, .bias = false)), *m = tp_module_find(net, "0");
    tp_register_full_backward_hook(m, see_input, &g);
    ck_assert_int_eq(tp_backward(tp_sum(tp_forward(net, tp_ones(TP_SHAPE(3, 2))))), TP_OK);
    ck_assert(g.calls == 1 && g.in == -1 && g.out == 3);
    ck_assert(tp_item(tp_sum(tp_grad_of(tp_module_tensor(m, "weight")))) == 6);
    tp_module_free(net);
}
END_TEST

static void invent(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    (void)arg, (void)m, (void)n_in, (void)n_out;
    dx[0] = dy[0];
}
static void other_shape(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    (void)arg, (void)m, (void)n_in, (void)dy, (void)n_out;
    dx[0] = tp_ones(TP_SHAPE(7));
}
static void give_up(void *arg, tp_module *m, tp_tensor **dy, int n_out)
{
    (void)arg, (void)m, (void)dy, (void)n_out;
    tp_fail(TP_ERR_NUMERIC, "watch: the gradient is too large");
}

START_TEST(a_backward_hook_that_fails_makes_the_backward_fail)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_linear(2, 1, .bias = false), tp_nn_relu()), *first = tp_module_find(net, "0"), *last = tp_module_find(net, "1");
    tp_tensor *x = tp_ones(TP_SHAPE(3, 2));
    int64_t id = tp_register_full_backward_hook(first, invent, NULL);
    ck_assert_int_eq(tp_backward(tp_sum(tp_forward(net, x))), TP_ERR_STATE);
    ck_assert_str_eq(tp_last_error()->path, "Sequential.0 (Linear)");
    ck_message("backward: a hook of Linear made a gradient for input 0, and none of its inputs needs one");
    tp_remove_module_hook(first, id);
    id = tp_register_full_backward_hook(last, other_shape, NULL);
    ck_assert_int_eq(tp_backward(tp_sum(tp_forward(net, x))), TP_ERR_SHAPE);
    ck_message("full_backward_hook: its backward made a gradient [7] for input 0, which is [3, 1]");
    tp_remove_module_hook(last, id);
    tp_register_full_backward_pre_hook(last, give_up, NULL);
    ck_assert_int_eq(tp_backward(tp_sum(tp_forward(net, x))), TP_ERR_NUMERIC);
    ck_assert_str_eq(tp_last_error()->path, "Sequential.1 (ReLU)");
    ck_message("watch: the gradient is too large");
    tp_module_free(net);
}
END_TEST

static tp_status sum_and_product(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    (void)self, (void)max;
    tp_tensor *a = tp_arg_tensor(args, n, 0, "a"), *b = tp_arg_tensor(args, n, 1, "b");
    outs[0] = tp_add(a, b);
    outs[1] = tp_mul(a, b);
    *n_out = 2;
    return outs[1] ? TP_OK : tp_error_status();
}
static const tp_module_class pair_class = { .size = sizeof(tp_module_class), .type = "Pair", .call = sum_and_product };

static void see_pair(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    (void)m;
    ck_assert(n_in == 3 && n_out == 2);
    double *seen = arg;
    for (int i = 0; i < 3; i++) seen[i] = dx[i] ? tp_item(dx[i]) : -1;
    for (int i = 0; i < 2; i++) seen[3 + i] = dy[i] ? tp_item(dy[i]) : -1;
}

START_TEST(backward_hooks_know_which_inputs_and_outputs_have_gradients)
{
    TP_SCOPE();
    tp_module *m = tp_module_new_class_with(sizeof *m, &pair_class);
    double seen[5] = { 0 };
    tp_register_full_backward_hook(m, see_pair, seen);
    tp_tensor *a = tp_full(TP_SHAPE(1), 3.0, .requires_grad = true), *outs[2], *b = tp_full(TP_SHAPE(1), 5.0), *c = tp_ones(TP_SHAPE(1));
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = a }, { .kind = TP_ARG_TENSOR, .value.tensor = b },
                            { .name = "c", .kind = TP_ARG_TENSOR, .value.tensor = c } };
    ck_assert_int_eq(tp_call(m, args, 3, outs, 2, NULL), TP_OK);
    ck_assert_int_eq(tp_backward(outs[1]), TP_OK);
    ck_assert(seen[0] == 5 && seen[1] == -1 && seen[2] == -1 && seen[3] == -1 && seen[4] == 1);
    ck_assert(tp_item(tp_grad_of(a)) == 5);
    tp_module_free(m);
}
END_TEST

START_TEST(a_gradient_goes_through_backward_hooks_twice)
{
    TP_SCOPE();
    gradients g = { .calls = 0 };
    tp_module *m = tp_nn_tanh();
    tp_register_full_backward_hook(m, see_input, &g);
    tp_tensor *x = tp_full(TP_SHAPE(1), 0.5, .requires_grad = true, .dtype = TP_F64), *y = tp_forward(m, x), *dx = NULL;
    ck_assert_int_eq(tp_grad(&y, 1, &x, 1, NULL, &dx, .create_graph = true), TP_OK);
    ck_assert_int_eq(tp_backward(dx), TP_OK);
    const double t = tanh(0.5);
    ck_assert_double_eq_tol(tp_item(tp_grad_of(x)), -2 * t * (1 - t * t), 1e-12);
    tp_module_free(m);
}
END_TEST

static tp_status add_all(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    (void)self, (void)max;
    outs[0] = args[0].value.tensor;
    for (int i = 1; i < n; i++) outs[0] = tp_add(outs[0], args[i].value.tensor);
    *n_out = 1;
    return outs[0] ? TP_OK : tp_error_status();
}
static const tp_module_class sum_class = { .size = sizeof(tp_module_class), .type = "Sum", .call = add_all };
static void remove_all(void *arg, tp_module *m, tp_arg *args, int n)
{
    args[n - 1].value.tensor = tp_full(TP_SHAPE(1), 100.0);
    for (int64_t id = 1; id <= *(int64_t *)arg; id++) tp_remove_module_hook(m, id);
}

START_TEST(hooks_may_remove_all_hooks_of_a_call_of_many_arguments)
{
    TP_SCOPE();
    tp_module *m = tp_module_new_class_with(sizeof *m, &sum_class);
    tp_tensor *one = tp_full(TP_SHAPE(1), 1.0, .requires_grad = true), *y = NULL;
    double seen = 0;
    int64_t last = 0;
    tp_arg args[80];
    for (int i = 0; i < 80; i++) args[i] = (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = one };
    tp_register_forward_pre_hook(m, remove_all, &last);
    last = tp_register_forward_hook(m, look_at, &seen);
    order[0] = 0;
    ck_ok(tp_call(m, args, 9, &y, 1, NULL));
    ck_values(y, 108);
    ck_assert_str_eq(order, "");                                 /* it was removed before its turn */
    ck_ok(tp_call(m, args, 9, &y, 1, NULL));
    ck_values(y, 9);
    tp_register_full_backward_hook(m, see_pair, &seen);
    ck_assert_int_eq(tp_call(m, args, 80, &y, 1, NULL), TP_ERR_UNSUPPORTED);
    ck_message("full_backward_hook: Sum has 80 arguments, 64 are possible");
    tp_module_free(m);
}
END_TEST

static void with_every_hook(void *arg)
{
    TP_SCOPE();
    gradients g = { .calls = 0 };
    tp_module *m = tp_sequential(tp_nn_relu());
    tp_register_forward_pre_hook(m, plus_one, arg);
    tp_register_full_backward_hook(m, halve_input, NULL);
    tp_register_full_backward_pre_hook(m, double_output, NULL);
    tp_register_full_backward_hook(m, see_input, &g);
    tp_tensor *x = tp_full(TP_SHAPE(2), 4.0, .requires_grad = true);
    order[0] = 0;
    tp_backward(tp_sum(tp_forward(m, x)));
    tp_module_free(m);
}

START_TEST(an_allocation_that_fails_anywhere_around_hooks_leaks_nothing)
{
    every_point("hooks", with_every_hook, NULL, "first");
}
END_TEST

static void free_around_forward(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    (void)m, (void)args, (void)n, (void)outs, (void)n_outs;
    (tp_module_free)(arg);
}

static void free_around_backward(void *arg, tp_module *m, tp_tensor **dx, int n_in, tp_tensor *const *dy, int n_out)
{
    (void)m, (void)dx, (void)n_in, (void)dy, (void)n_out;
    (tp_module_free)(arg);
}

START_TEST(a_hook_cannot_free_what_runs)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_linear(2, 2), tp_nn_relu()), *linear = tp_module_find(net, "0");
    tp_tensor *x = tp_full(TP_SHAPE(2), 4.0, .requires_grad = true), *y;
    const int64_t id = tp_register_forward_hook(linear, free_around_forward, net);
    ck_assert_ptr_null(tp_forward(net, x));
    ck_error(TP_ERR_STATE, "module_free: Sequential of it is running: free it when that has returned");
    ck_assert_ptr_null(tp_forward(linear, x));
    ck_error(TP_ERR_STATE, "module_free: Linear of it is running: free it when that has returned");
    tp_remove_module_hook(linear, id);
    tp_register_full_backward_hook(linear, free_around_backward, net);
    ck_assert_ptr_nonnull(y = tp_forward(net, x));
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "module_free: Sequential of it is running: free it when that has returned");
    tp_module_free(net);
    ck_fine();
}
END_TEST

/* ---- Applied to all ---------------------------------------------------------------------------------------------------------------------- */

static void note_type(void *arg, tp_module *m)
{
    note(tp_module_type(m));
    if (arg && !strcmp(tp_module_type(m), arg)) tp_fail(TP_ERR_STATE, "init: no %s here", (const char *)arg);
}

START_TEST(apply_comes_to_children_before_their_parent)
{
    tp_module *net = tp_sequential(tp_nn_linear(2, 2), tp_sequential(tp_nn_relu(), tp_nn_tanh()), tp_nn_gelu()), *none = NULL;
    order[0] = 0;
    ck_assert_int_eq(tp_module_apply(net, note_type, NULL), TP_OK);
    ck_assert_str_eq(order, "Linear ReLU Tanh Sequential GELU Sequential ");
    order[0] = 0;
    ck_assert_int_eq(tp_module_apply(net, note_type, "Tanh"), TP_ERR_STATE);
    ck_assert_str_eq(order, "Linear ReLU Tanh ");
    ck_message("init: no Tanh here");
    ck_assert_int_eq(tp_module_apply(none, note_type, NULL), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_module_apply(net, NULL, NULL), TP_ERR_ARGUMENT);
    ck_message("module_apply: the function is NULL");
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_hooks");
    TCase *one = tcase_create("nn_hooks");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, a_forward_hook_sees_and_replaces_the_output);
    tcase_add_test(one, a_hook_may_remove_itself_and_must_leave_an_output);
    tcase_add_test(one, pre_forward_hooks_replace_inputs_in_the_order_of_registering);
    tcase_add_test(one, a_hook_that_fails_makes_the_forward_fail_and_names_the_module);
    tcase_add_test(one, backward_hooks_see_and_replace_gradients);
    tcase_add_test(one, where_no_input_needs_a_gradient_a_backward_hook_gets_none);
    tcase_add_test(one, a_backward_hook_that_fails_makes_the_backward_fail);
    tcase_add_test(one, backward_hooks_know_which_inputs_and_outputs_have_gradients);
    tcase_add_test(one, a_gradient_goes_through_backward_hooks_twice);
    tcase_add_test(one, hooks_may_remove_all_hooks_of_a_call_of_many_arguments);
    tcase_add_test(one, an_allocation_that_fails_anywhere_around_hooks_leaks_nothing);
    tcase_add_test(one, a_hook_cannot_free_what_runs);
    tcase_add_test(one, apply_comes_to_children_before_their_parent);
    suite_add_tcase(s, one);
    return run_suite(s);
}
