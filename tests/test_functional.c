/* tests/test_functional.c: derivatives of functions, and the checks of gradients. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"
#include "failing.h"

static tp_tensor *row_sums(void *arg, tp_tensor *const *x) { (void)arg; return tp_sum(tp_exp(x[0]), .dims = TP_DIMS(1)); }
static tp_tensor *mixed(void *arg, tp_tensor *const *x) { (void)arg; return tp_add(tp_mul(tp_exp(x[0]), 2.0), tp_mul(tp_mul(x[1], x[1]), 3.0)); }
static tp_tensor *cubic(void *arg, tp_tensor *const *x) { (void)arg; return tp_sum(tp_mul(tp_mul(tp_mul(x[0], x[0]), x[0]), x[1])); }
static tp_tensor *first_alone(void *arg, tp_tensor *const *x) { (void)arg; return tp_mul(x[0], 2.0); }
static tp_tensor *constant(void *arg, tp_tensor *const *x) { (void)arg, (void)x; return tp_ones(TP_SHAPE(2)); }
static tp_tensor *linear_sum(void *arg, tp_tensor *const *x) { (void)arg; return tp_sum(tp_mul(x[0], 2.0)); }
static tp_tensor *wide(void *arg, tp_tensor *const *x) { (void)arg; return tp_expand(tp_mul(x[0], x[0]), TP_SHAPE(2500)); }
static tp_tensor *fails(void *arg, tp_tensor *const *x) { (void)arg; return tp_matmul(x[0], tp_ones(TP_SHAPE(9, 9))); }
static tp_tensor *nothing(void *arg, tp_tensor *const *x) { (void)arg, (void)x; return NULL; }

START_TEST(vjp_and_jvp_are_products_with_the_jacobian)                   /* PyTorch */
{
    TP_SCOPE();
    tp_tensor *const in[] = { VECTOR(0.1, 0.2), VECTOR(1, 2) }, *const v[] = { VECTOR(1, 10), VECTOR(2, 3) }, *y, *dx[2], *dy;
    ck_ok(tp_vjp(mixed, NULL, in, 2, v[0], &y, dx));
    ck_values(y, 5.210341930389404, 14.442805290222168);
    ck_values(dx[0], 2.2103419303894043, 24.428054809570312);
    ck_values(dx[1], 6, 120);
    ck_ok(tp_jvp(mixed, NULL, in, 2, v, &y, &dy));
    ck_values(y, 5.210341930389404, 14.442805290222168);
    ck_values(dy, 14.210342407226562, 60.42805480957031);
    ck_assert(!tp_needs_grad(y) && !tp_needs_grad(dy) && !tp_needs_grad(dx[0]) && !tp_needs_grad(in[0]));
    ck_ok(tp_vjp(cubic, NULL, in, 2, NULL, NULL, dx));                   /* y of one element: v is 1 */
    ck_values(dx[0], 0.03, 0.24);
    tp_tensor *const one = tp_full(TP_SHAPE(1), 3.0);
    ck_ok(tp_jvp(first_alone, NULL, &one, 1, NULL, NULL, &dy));
    ck_values(dy, 2);
}
END_TEST

START_TEST(a_jacobian_has_the_dims_of_both)              /* PyTorch */
{
    TP_SCOPE();
    tp_tensor *const x = tp_reshape(VECTOR(0.1, 0.2, 0.3, 0.4), TP_SHAPE(2, 2)), *j[2], *const in[] = { VECTOR(0.1, 0.2), VECTOR(1, 2) };
    ck_ok(tp_jacobian(row_sums, NULL, &x, 1, j));
    ck_assert_int_eq(tp_ndim(j[0]), 3);
    ck_assert(tp_size(j[0], 0) == 2 && tp_size(j[0], 1) == 2 && tp_size(j[0], 2) == 2);
    ck_values(j[0], 1.1051709651947021, 1.2214027643203735, 0, 0, 0, 0, 1.3498588800430298, 1.491824746131897);
    ck_ok(tp_jacobian(mixed, NULL, in, 2, j));
    ck_values(j[0], 2.2103419303894043, 0, 0, 2.442805528640747);
    ck_values(j[1], 6, 0, 0, 12);
    ck_ok(tp_jacobian(first_alone, NULL, in, 2, j));
    ck_values(j[1], 0, 0, 0, 0);
    ck_ok(tp_jacobian(constant, NULL, in, 1, j));
    ck_values(j[0], 0, 0, 0, 0);
    tp_tensor *const none = tp_zeros(TP_SHAPE(0, 3));
    for (int create = 0; create < 2; create++) {
        ck_ok(tp_jacobian(row_sums, NULL, &none, 1, j, .create_graph = create));
        ck_assert(tp_ndim(j[0]) == 3 && tp_numel(j[0]) == 0 && tp_size(j[0], 2) == 3);
    }
}
END_TEST

START_TEST(a_hessian_has_a_block_for_each_pair)          /* PyTorch */
{
    TP_SCOPE();
    tp_tensor *const in[] = { VECTOR(0.1, 0.2), VECTOR(1, 2) }, *const v[] = { VECTOR(1, 10), VECTOR(2, 3) }, *h[4], *y, *hv[2];
    ck_ok(tp_hessian(cubic, NULL, in, 2, h));
    ck_values(h[0], 0.6, 0, 0, 2.4);
    ck_values(h[1], 0.03, 0, 0, 0.12);
    ck_values(h[2], 0.03, 0, 0, 0.12);
    ck_values(h[3], 0, 0, 0, 0);
    ck_ok(tp_hvp(cubic, NULL, in, 2, v, &y, hv));
    ck_values(y, 0.017);
    ck_values(hv[0], 0.66, 24.36);
    ck_values(hv[1], 0.03, 1.2);
    ck_ok(tp_hessian(linear_sum, NULL, in, 1, h));
    ck_values(h[0], 0, 0, 0, 0);
    ck_ok(tp_hvp(linear_sum, NULL, in, 1, v, NULL, hv));
    ck_values(hv[0], 0, 0);
}
END_TEST

START_TEST(results_can_be_differentiated_and_the_inputs_gradients_are_left_alone)
{
    TP_SCOPE();
    tp_tensor *const x = LEAF(0.5, 2), *const w = LEAF(3, 4), *const in[] = { x, w }, *const v[] = { VECTOR(1, 1), VECTOR(0, 0) }, *out[4], *g;
    ck_ok(tp_vjp(cubic, NULL, in, 2, NULL, NULL, out, .create_graph = true));     /* 3 x^2 w */
    tp_tensor *sum = tp_sum(out[0]);
    ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &g));
    ck_values(g, 9, 48);
    ck_ok(tp_jvp(mixed, NULL, in, 2, v, NULL, out, .create_graph = true));        /* 2 e^x */
    sum = tp_sum(out[0]);
    ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &g));
    ck_values(g, 2 * exp(0.5), 2 * exp(2));
    ck_ok(tp_jacobian(mixed, NULL, in, 2, out, .create_graph = true));
    sum = tp_sum(tp_mul(out[1], out[1]));              /* 36 w^2 */
    ck_ok(tp_grad(&sum, 1, &w, 1, NULL, &g));
    ck_values(g, 72 * 3, 72 * 4);
    ck_ok(tp_hessian(cubic, NULL, in, 2, out, .create_graph = true));             /* 6 x w */
    sum = tp_sum(out[0]);
    ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &g));
    ck_values(g, 18, 24);
    ck_ok(tp_hvp(cubic, NULL, in, 2, v, NULL, out, .create_graph = true));
    sum = tp_sum(out[0]);
    ck_ok(tp_grad(&sum, 1, &w, 1, NULL, &g));
    ck_values(g, 3, 12);
    ck_assert_ptr_null(tp_grad_of(x));
    ck_assert_ptr_null(tp_grad_of(w));
    TP_NO_GRAD();                                      /* has no part in it */
    ck_ok(tp_vjp(cubic, NULL, in, 2, NULL, NULL, out));
    ck_values(out[0], 2.25, 48);
}
END_TEST

START_TEST(a_recorded_jacobian_of_many_rows_is_joined_in_groups)
{
    TP_SCOPE();
    tp_tensor *const x = tp_full(TP_SHAPE(1), 0.5, .requires_grad = true), *j, *g;
    ck_ok(tp_jacobian(wide, NULL, &x, 1, &j, .create_graph = true));
    ck_assert(tp_ndim(j) == 2 && tp_size(j, 0) == 2500);
    ck_assert_double_eq(tp__element(j, 2499), 1);      /* 2 x */
    tp_tensor *sum = tp_sum(j);
    ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &g));
    ck_values(g, 5000);
}
END_TEST
START_TEST(strict_refuses_what_is_independent)           /* PyTorch: errors, too */
{
    TP_SCOPE();
    tp_tensor *const in[] = { VECTOR(1, 2), VECTOR(3, 4) }, *out[4], *const v[] = { in[0], in[1] };
    ck_assert_int_eq(tp_jacobian(first_alone, NULL, in, 2, out, .strict = true), TP_ERR_STATE);
    ck_message("jacobian: the output is independent of input 1, which strict does not allow");
    ck_assert_ptr_null(out[0]);
    ck_assert_int_eq(tp_vjp(first_alone, NULL, in, 2, in[0], NULL, out, .strict = true), TP_ERR_STATE);
    tp_clear_error();
    ck_assert_int_eq(tp_jvp(first_alone, NULL, in, 2, v, NULL, out, .strict = true), TP_ERR_STATE);
    tp_clear_error();
    ck_assert_int_eq(tp_vjp(constant, NULL, in, 2, in[0], NULL, out, .strict = true), TP_ERR_STATE);
    ck_message("vjp: the output is independent of all inputs, which strict does not allow");
    ck_assert_int_eq(tp_hessian(linear_sum, NULL, in, 1, out, .strict = true), TP_ERR_STATE);
    ck_message("hessian: a gradient is independent of input 0, which strict does not allow");
    ck_assert_int_eq(tp_hvp(linear_sum, NULL, in, 1, v, NULL, out, .strict = true), TP_ERR_STATE);
    tp_clear_error();
}
END_TEST

START_TEST(what_does_not_fit_is_an_error_and_all_results_are_null)
{
    TP_SCOPE();
    tp_tensor *const x = VECTOR(1, 2), *const whole = tp_ones(TP_SHAPE(2), .dtype = TP_I64), *const deep = tp_ones(TP_SHAPE(1, 1, 1, 1, 2));
    tp_tensor *y = x, *out[4], *wrong = VECTOR(1, 2, 3);
    ck_assert_int_eq(tp_vjp(first_alone, NULL, &x, 1, NULL, &y, out), TP_ERR_SHAPE);
    ck_message("vjp: v can be left out for an output of one element, not for [2]");
    ck_assert(!y && !out[0]);
    ck_assert_int_eq(tp_vjp(first_alone, NULL, &x, 1, wrong, NULL, out), TP_ERR_SHAPE);
    ck_message("vjp: v is [3] float32, and goes with [2] float32");
    ck_assert_int_eq(tp_jvp(first_alone, NULL, &x, 1, NULL, NULL, out), TP_ERR_SHAPE);
    ck_message("jvp: v can be left out for one input of one element");
    ck_assert_int_eq(tp_jvp(first_alone, NULL, &x, 1, &wrong, NULL, out), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert_int_eq(tp_hessian(first_alone, NULL, &x, 1, out), TP_ERR_SHAPE);
    ck_message("hessian: the function makes [2], and has to make one element");
    ck_assert_int_eq(tp_hvp(first_alone, NULL, &x, 1, &x, NULL, out), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert_int_eq(tp_jacobian(first_alone, NULL, &whole, 1, out), TP_ERR_DTYPE);
    ck_message("jacobian: input 0 is int64, only floating ones have derivatives");
    ck_assert_int_eq(tp_jacobian(first_alone, NULL, &deep, 1, out), TP_ERR_SHAPE);
    ck_message("jacobian: of [1, 1, 1, 1, 2] by [1, 1, 1, 1, 2] has more than 8 dims");
    ck_assert_int_eq(tp_jacobian(fails, NULL, &x, 1, out), TP_ERR_SHAPE);
    ck_error(TP_ERR_SHAPE, "matmul");
    ck_assert_int_eq(tp_jacobian(nothing, NULL, &x, 1, out), TP_ERR_ARGUMENT);
    ck_message("jacobian: the function made no output");
    ck_assert_int_eq(tp_hessian(NULL, NULL, &x, 1, out), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_hessian(cubic, NULL, &x, 0, out), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_hessian(cubic, NULL, &x, 1000, out), TP_ERR_ARGUMENT);
    ck_message("hessian: 1000 inputs, 1 to 64 are possible");
    ck_assert_int_eq(tp_jacobian(first_alone, NULL, (tp_tensor *[]){ NULL }, 1, out), TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

/* ---- Checks -------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *curved(void *arg, tp_tensor *const *x) { (void)arg; return tp_mul(tp_tanh(tp_matmul(x[0], x[1])), tp_exp(x[2])); }

static tp_tensor *once_forward(tp_context *call, tp_tensor *const *x)
{
    tp_save(call, x[0]);
    return tp_mul(x[0], x[0]);
}
static tp_status once_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)               /* right once: x is cut off from the tape */
{
    dx[0] = tp_mul(tp_mul(dy, 2.0), tp_detach(tp_saved(call, 0)));
    return tp_error_status();
}
static const tp_function right_once = { .name = "right_once", .forward = once_forward, .backward = once_backward };
static tp_tensor *by_right_once(void *arg, tp_tensor *const *x) { (void)arg; return tp_apply(&right_once, x[0]); }

START_TEST(second_derivatives_are_compared_with_differences)
{
    TP_SCOPE();
    tp_manual_seed(2);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3), .dtype = TP_F64, .requires_grad = true), *w = tp_randn(TP_SHAPE(3, 2), .dtype = TP_F64, .requires_grad = true);
    tp_tensor *const in[] = { x, w, tp_randn(TP_SHAPE(2), .dtype = TP_F64) };            /* the last one needs none */
    ck_ok(tp_gradcheck(curved, NULL, in, 3));
    ck_ok(tp_gradgradcheck(curved, NULL, in, 3));
    ck_ok(tp_gradgradcheck(row_sums, NULL, &x, 1));
    ck_ok(tp_gradgradcheck(first_alone, NULL, &x, 1)); /* linear: the second derivative is none */
    ck_assert_ptr_null(tp_grad_of(x));
    ck_ok(tp_gradcheck(by_right_once, NULL, &x, 1));
    ck_assert_int_eq(tp_gradgradcheck(by_right_once, NULL, &x, 1), TP_ERR_NUMERIC);
    ck_error(TP_ERR_NUMERIC, "gradgradcheck: input 0 [2, 3], element");
    {
        TP_NO_GRAD();
        tp_tensor *const f32 = LEAF(1, 2);
        ck_assert_int_eq(tp_gradgradcheck(first_alone, NULL, &f32, 1), TP_ERR_DTYPE);
        ck_message("gradgradcheck: input 0 is float32, differences need float64");
    }
    ck_assert_int_eq(tp_gradgradcheck(nothing, NULL, &x, 1), TP_ERR_ARGUMENT);
    ck_message("gradgradcheck: the function made no output");
    ck_assert_int_eq(tp_gradgradcheck(NULL, NULL, &x, 1), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_gradcheck(first_alone, NULL, &x, 100), TP_ERR_ARGUMENT);
    ck_message("gradcheck: 100 inputs, at most 64 are possible");
}
END_TEST

static void derive(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(3), 0.4, .dtype = TP_F64, .requires_grad = true), *w = tp_full(TP_SHAPE(3), 0.3, .dtype = TP_F64, .requires_grad = true);
    tp_tensor *const in[] = { x, w }, *y, *out[4];
    if (!x || !w) return;
    tp_tensor *const v[] = { tp_detach(w), tp_detach(x) };
    tp_vjp(mixed, NULL, in, 2, tp_detach(x), &y, out);
    tp_jvp(mixed, NULL, in, 2, v, &y, out);
    tp_jacobian(mixed, NULL, in, 2, out);
    tp_jacobian(mixed, NULL, in, 2, out, .create_graph = true);
    tp_hessian(cubic, NULL, in, 2, out);
    tp_hvp(cubic, NULL, in, 2, v, &y, out);
    tp_gradgradcheck(first_alone, NULL, &x, 1);
}
START_TEST(every_allocation_may_fail) { every_point("derivatives of functions", derive, NULL, NULL); }
END_TEST

int main(void)
{
    Suite *s = suite_create("functional");
    TCase *t = tcase_create("functional");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, vjp_and_jvp_are_products_with_the_jacobian);
    tcase_add_test(t, a_jacobian_has_the_dims_of_both);
    tcase_add_test(t, a_hessian_has_a_block_for_each_pair);
    tcase_add_test(t, results_can_be_differentiated_and_the_inputs_gradients_are_left_alone);
    tcase_add_test(t, a_recorded_jacobian_of_many_rows_is_joined_in_groups);
    tcase_add_test(t, strict_refuses_what_is_independent);
    tcase_add_test(t, what_does_not_fit_is_an_error_and_all_results_are_null);
    tcase_add_test(t, second_derivatives_are_compared_with_differences);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return run_suite(s);
}
