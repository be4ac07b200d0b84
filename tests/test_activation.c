/* test_activation.c: what the walk over the registry cannot know of activations: extreme values, integers, forms in place, what is
 * drawn, threads, and the messages of refusals. */
#include "expect.h"

#include <taper/autograd.h>
#include <taper/extend.h>

#include "cpu/simd.h"

#include <math.h>

static const double inf = HUGE_VAL;

static void check_close(tp_tensor *a, tp_tensor *b, double tolerance)
{
    ck_fine();
    TP_NO_GRAD();
    ck_assert(tp_allclose(tp_to_dtype(a, TP_F64), tp_to_dtype(b, TP_F64), tolerance, tolerance));
}

/* ---- Values -------------------------------------------------------------------------------------------------------------------------- */

START_TEST(extremes_give_what_pytorch_gives)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(inf, -inf, 90, -90, 0);
    ck_values(tp_softplus(VECTOR(25, -25, 90, -90)), 25, 1.3887944e-11, 90, 8.194e-40);
    ck_values(tp_logsigmoid(VECTOR(90, -90, -110, 20)), -8.194e-40, -90, -110, -2.0611537e-9);
    ck_values(tp_silu(VECTOR(90, -90, -25)), 90, 0, -3.4719862e-10);
    ck_values(tp_mish(VECTOR(90, -90, -25, 1)), 90, 0, -3.4719862e-10, 0.86509839);
    ck_values(tp_elu(VECTOR(90, -90, -1e-30)), 90, -1, -1e-30);
    ck_values(tp_gelu(VECTOR(6, -6, 90, -90)), 6, -5.9e-9, 90, 0);
    ck_values(tp_gelu(VECTOR(1, -3, 90), .approximate = TP_GELU_TANH), 0.84119199, -0.0036373, 90);
    ck_assert_double_eq(tp__element(tp_softplus(x), 0), inf);
    ck_assert_double_eq(tp__element(tp_logsigmoid(x), 1), -inf);
    ck_assert_double_eq(tp__element(tp_elu(x), 1), -1);
}
END_TEST

START_TEST(small_results_keep_their_digits)
{
    TP_SCOPE();
    ck_assert_double_eq_tol(tp__element(tp_logsigmoid(VECTOR(15)), 0) / -3.0590227e-7, 1, 1e-6);
    ck_assert_double_eq_tol(tp__element(tp_softplus(VECTOR(-15)), 0) / 3.0590227e-7, 1, 1e-6);
    ck_assert_double_eq_tol(tp__element(tp_elu(VECTOR(-1e-6)), 0) / -9.999995e-7, 1, 1e-6);
}
END_TEST

/* Of float32, over which the fits go, and of what lies beyond them. */
START_TEST(gelu_and_its_slope_are_right_to_the_last_digits)
{
    enum { N = 8192 };
    for (int level = TP__SIMD_BASE; level <= TP__SIMD_AVX512; level++) {
        TP_SCOPE();
        tp__simd_limit(level);
        tp_tensor *x = tp_linspace(-8, 8, N);
        tp_requires_grad(x, true);
        tp_tensor *y = tp_gelu(x);
        ck_ok(tp_backward(y, .grad = tp_ones(TP_SHAPE(N))));
        for (int i = 0; i < N; i++) {
            const double at = tp__element(x, i), cdf = 0.5 * erfc(-at * sqrt(0.5)), slope = cdf + at * exp(-at * at / 2) / sqrt(8 * atan(1));
            ck_assert_double_eq_tol(tp__element(y, i), at * cdf, 2.5e-7 * fmax(1, fabs(at)));
            ck_assert_double_eq_tol(tp__element(tp_grad_of(x), i), slope, 3e-7);
        }
        tp_tensor *far = LEAF(90, -90, 6.5, -6.5, inf, -inf);
        ck_ok(tp_backward(tp_gelu(far), .grad = tp_ones(TP_SHAPE(6))));
        ck_assert_double_eq(tp__element(tp_gelu(far), 1), 0);
        for (int i = 0; i < 4; i++) ck_assert_double_eq(tp__element(tp_grad_of(far), i), i % 2 ? 0 : 1);
        for (int i = 4; i < 6; i++) ck_assert_double_nan(tp__element(tp_grad_of(far), i));
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

START_TEST(a_nan_comes_through_with_the_gradient_that_pytorch_gives)
{
    static tp_tensor *(*const plain[])(tp_tensor *) = { tp_relu, tp_relu6, tp_selu, tp_silu, tp_mish, tp_softsign, tp_tanhshrink, tp_hardsigmoid, tp_hardswish,
                                                        tp_logsigmoid };
    static const double slope[] = { 1, 1, 1.0507010, NAN, NAN, NAN, NAN, 0, 1, NAN };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(NAN), *y = plain[i](x);
        ck_assert(isnan(tp_item(y)));
        ck_ok(tp_backward(y, .grad = tp_ones(TP_SHAPE(1))));
        const double g = tp_item(tp_grad_of(x));
        ck_assert_msg(isnan(slope[i]) ? isnan(g) : fabs(g - slope[i]) < 1e-6, "%zu: the gradient is %g", i, g);
    }
}
END_TEST

START_TEST(integers_stay_integers_where_nothing_is_lost)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((const int64_t[]){ -3, -1, 0, 1, 2, 8 }, TP_I64, TP_SHAPE(6));
    ck_assert_int_eq(tp_dtype_of(tp_relu6(x)), TP_I64);
    ck_values(tp_relu6(x), 0, 0, 0, 1, 2, 6);
    ck_values(tp_hardtanh(x, .min_val = -1.7, .max_val = 1.7), -1, -1, 0, 1, 1, 1);
    ck_values(tp_threshold(x, 1.5, 2.5), 2, 2, 2, 2, 2, 8);
    ck_assert_int_eq(tp_dtype_of(tp_softsign(x)), TP_F32);
    ck_values(tp_softsign(x), -0.75, -0.5, 0, 0.5, 2. / 3, 8. / 9);
    ck_values(tp_relu6(tp_to_dtype(x, TP_U8)), 6, 6, 0, 1, 2, 6);
}
END_TEST

/* ---- Forms --------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(in_place_gives_the_same_and_the_gradient_of_what_was_there)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(-2, -0.5, 0.5, 2), *a = tp_mul(x, 1.5), *b = tp_mul(x, 1.5);
    tp_tensor *y = tp_silu(tp_gelu(tp_elu(a, .alpha = 0.7))), *z = tp_silu_(tp_gelu_(tp_elu_(b, .alpha = 0.7)));
    ck_assert_ptr_eq(z, b);
    check_close(y, z, 0);
    tp_tensor *gy = NULL, *gz = NULL;
    ck_ok(tp_grad(&(tp_tensor *){ tp_sum(y) }, 1, &x, 1, NULL, &gy));
    ck_ok(tp_grad(&(tp_tensor *){ tp_sum(z) }, 1, &x, 1, NULL, &gz));
    check_close(gy, gz, 0);
}
END_TEST

START_TEST(the_inplace_keyword_writes_only_where_it_is_true)
{
    static const char *const names[] = { "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardswish", "hardsigmoid", "relu6", "hardtanh", "dropout",
                                         "alpha_dropout", "rrelu" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int inplace = 0; inplace < 2; inplace++) {
            TP_SCOPE();
            tp_tensor *x = VECTOR(-7, -0.5, 7), *out[1];
            const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .name = "inplace", .kind = TP_ARG_BOOL, .value.boolean = inplace } };
            ck_ok(tp_op_call(names[i], args, 2, out, 1, NULL));
            if (inplace) ck_assert_ptr_eq(out[0], x);
            else ck_values(x, -7, -0.5, 7);
        }
}
END_TEST

START_TEST(softmax_casts_first_and_knows_the_dim_of_none)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((const int64_t[]){ 0, 1, 2, 3 }, TP_I64, TP_SHAPE(2, 2)), *out[1];
    tp_tensor *y = tp_softmax(x, 1, .dtype = TP_F64);
    ck_assert_int_eq(tp_dtype_of(y), TP_F64);
    ck_values(y, 0.2689414214, 0.7310585786, 0.2689414214, 0.7310585786);
    ck_values(tp_softmin(tp_to_dtype(x, TP_F32), 1), 0.7310585786, 0.2689414214, 0.7310585786, 0.2689414214);
    tp_tensor *z = tp_to_dtype(x, TP_F32);
    ck_ok(tp_op_call("softmax", &(tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = z }, 1, out, 1, NULL));
    check_close(out[0], y, 1e-6);
}
END_TEST

/* ---- What is drawn ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(rrelu_draws_a_slope_for_each_element_below_zero)
{
    TP_SCOPE();
    tp_manual_seed(3);
    tp_tensor *x = tp_full(TP_SHAPE(20000), -1.0), *y = tp_rrelu(x, .lower = 0.2, .upper = 0.6, .training = true);
    ck_assert_double_ge(-tp_item(tp_max(y)), 0.2);
    ck_assert_double_le(-tp_item(tp_min(y)), 0.6);
    ck_assert_double_eq_tol(tp_item(tp_mean(y)), -0.4, 0.005);
    ck_values(tp_rrelu(VECTOR(-1, 2), .lower = 0.2, .upper = 0.6), -0.4, 2);
}
END_TEST

START_TEST(a_hard_gumbel_softmax_is_one_hot_with_the_gradient_of_the_soft_one)
{
    TP_SCOPE();
    tp_manual_seed(4);
    tp_tensor *x = tp_randn(TP_SHAPE(50, 7), .requires_grad = true), *y = tp_gumbel_softmax(x, .hard = true);
    check_close(tp_sum(y, .dims = TP_DIMS(1)), tp_ones(TP_SHAPE(50)), 1e-6);
    ck_assert_double_eq_tol(tp_item(tp_sum(tp_mul(y, y))), 50, 1e-4);
    ck_ok(tp_backward(tp_sum(tp_mul(y, tp_randn(TP_SHAPE(50, 7))))));
    ck_assert_double_gt(tp_item(tp_sum(tp_mul(tp_grad_of(x), tp_grad_of(x)))), 0.01);
}
END_TEST

START_TEST(alpha_dropout_keeps_mean_and_variance_of_what_selu_gives)
{
    TP_SCOPE();
    tp_manual_seed(5);
    tp_tensor *y = tp_alpha_dropout(tp_randn(TP_SHAPE(200000)), 0.3, true);
    ck_assert_double_eq_tol(tp_item(tp_mean(y)), 0, 0.02);
    ck_assert_double_eq_tol(tp_item(tp_var(y)), 1, 0.02);
}
END_TEST

START_TEST(dropout_of_channels_drops_all_of_one)
{
    TP_SCOPE();
    tp_manual_seed(6);
    tp_tensor *const all[] = { tp_feature_dropout(tp_ones(TP_SHAPE(40, 50, 3, 2)), 0.5, true), tp_dropout2d(tp_ones(TP_SHAPE(40, 50, 3, 2)), 0.5, true),
                               tp_dropout3d(tp_ones(TP_SHAPE(100, 2, 3, 2)), 0.5, true), tp_dropout1d(tp_ones(TP_SHAPE(100, 6)), 0.5, true) };
    for (int i = 0; i < 4; i++) {
        tp_tensor *y = tp_flatten(all[i], i < 2 ? 2 : 1, -1);
        ck_fine();
        ck_assert_double_eq(tp_item(tp_sum(tp_to_dtype(tp_ne(tp_amax(y, .dims = TP_DIMS(-1)), tp_amin(y, .dims = TP_DIMS(-1))), TP_F32))), 0);
        ck_assert_double_eq_tol(tp_item(tp_mean(y)), 1, i < 2 ? 0.1 : 0.5);
    }
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    ck_assert_ptr_eq(tp_feature_alpha_dropout(x, 0.5, false), x);
    ck_assert_ptr_eq(tp_alpha_dropout(x, 0, true), x);
}
END_TEST

/* ---- Size, threads, refusals ------------------------------------------------------------------------------------------------------------- */

START_TEST(three_threads_give_the_same_bits_as_one)
{
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(700, 701)), *y[2][3];
    for (int k = 0; k < 2; k++) {
        tp_set_num_threads(k ? 3 : 1);
        y[k][0] = tp_gelu(x);
        y[k][1] = tp_glu(tp_reshape(x, TP_SHAPE(701, 700)), 1);
        y[k][2] = tp_log_softmax(x, 0);
    }
    tp_set_num_threads(1);
    for (int i = 0; i < 3; i++) check_close(y[0][i], y[1][i], 0);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2, 3)), *whole = tp_zeros(TP_SHAPE(2), .dtype = TP_I64);
    ck_assert_ptr_null(tp_gelu(whole));
    ck_message("gelu: takes floating dtypes, not int64");
    ck_assert_ptr_null(tp_relu6(tp_to_dtype(whole, TP_BOOL)));
    ck_error(TP_ERR_DTYPE, "relu6: ");
    ck_assert_ptr_null(tp_hardtanh(x, .min_val = 0.5, .max_val = -0.5));
    ck_message("hardtanh: min_val is 0.5, which is above max_val, -0.5");
    ck_assert_ptr_null(tp_softshrink(x, .lambd = -1));
    ck_message("softshrink: lambd is -1, and has to be at least 0");
    ck_assert_ptr_null(tp_celu(x, .alpha = 0));
    ck_message("celu: alpha is 0, and divides");
    ck_assert_ptr_null(tp_glu(x, 1));
    ck_message("glu: dim 1 of [2, 3] has an odd size");
    ck_assert_ptr_null(tp_glu(x, 2));
    ck_message("glu: dim 2 is out of range for [2, 3]");
    ck_assert_ptr_null(tp_prelu(x, tp_ones(TP_SHAPE(2))));
    ck_message("prelu: weight [2] does not fit the 3 channels of [2, 3]");
    ck_assert_ptr_null(tp_rrelu(x, .lower = 0.5, .upper = 0.25));
    ck_message("rrelu: lower is 0.5, which is above upper, 0.25");
    ck_assert_ptr_null(tp_gelu(x, .approximate = (tp_gelu_approximation)9));
    ck_message("gelu: 9 is no approximation");
    ck_assert_ptr_null(tp_dropout1d(tp_zeros(TP_SHAPE(3)), 0.5, true));
    ck_message("dropout1d: [3] has to have a channel dim, one more, and a batch or none");
    ck_assert_ptr_null(tp_alpha_dropout(x, 1.5, true));
    ck_message("alpha_dropout: p is 1.5, and has to be from 0 to 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("activation");
    TCase *tests = tcase_create("activation");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, extremes_give_what_pytorch_gives);
    tcase_add_test(tests, small_results_keep_their_digits);
    tcase_add_test(tests, gelu_and_its_slope_are_right_to_the_last_digits);
    tcase_add_test(tests, a_nan_comes_through_with_the_gradient_that_pytorch_gives);
    tcase_add_test(tests, integers_stay_integers_where_nothing_is_lost);
    tcase_add_test(tests, in_place_gives_the_same_and_the_gradient_of_what_was_there);
    tcase_add_test(tests, the_inplace_keyword_writes_only_where_it_is_true);
    tcase_add_test(tests, softmax_casts_first_and_knows_the_dim_of_none);
    tcase_add_test(tests, rrelu_draws_a_slope_for_each_element_below_zero);
    tcase_add_test(tests, a_hard_gumbel_softmax_is_one_hot_with_the_gradient_of_the_soft_one);
    tcase_add_test(tests, alpha_dropout_keeps_mean_and_variance_of_what_selu_gives);
    tcase_add_test(tests, dropout_of_channels_drops_all_of_one);
    tcase_add_test(tests, three_threads_give_the_same_bits_as_one);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
