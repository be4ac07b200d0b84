/* test_select.c: what the walk over the registry cannot know of comparison and selection: NaN, rounding, dtypes, refusals. */
#include "expect.h"

#include <taper/autograd.h>

static tp_tensor *of(tp_dtype dtype, tp_tensor *x) { return tp_to_dtype(x, dtype); }
#define BOOLS(...) of(TP_BOOL, VECTOR(__VA_ARGS__))

/* ---- Comparison ----------------------------------------------------------------------------------------------------------------- */

START_TEST(a_nan_is_unequal_and_has_no_order)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, NAN, 3), *y = VECTOR(NAN, NAN, 2);
    ck_values(tp_ne(x, y), 1, 1, 1);
    ck_values(tp_eq(x, y), 0, 0, 0);
    ck_values(tp_lt(x, y), 0, 0, 0);
    ck_values(tp_le(x, y), 0, 0, 0);
    ck_values(tp_gt(x, y), 0, 0, 1);
    ck_values(tp_ge(x, y), 0, 0, 1);
    ck_values(tp_ge(3, x), 1, 0, 1);
    ck_fine();
}
END_TEST

START_TEST(both_are_rounded_to_their_result_type)
{
    TP_SCOPE();
    ck_values(tp_gt(of(TP_F16, VECTOR(1)), 1.0001), 0);
    ck_values(tp_eq(of(TP_F16, VECTOR(2048)), 2049), 1);
    ck_values(tp_eq(of(TP_I64, VECTOR(2049, 2051)), of(TP_F16, VECTOR(2048, 2048))), 1, 0);
    ck_values(tp_ge(of(TP_U8, VECTOR(50)), 300), 1);           /* 300 is 44 there */
    ck_values(tp_lt(of(TP_U8, VECTOR(50)), -1), 1);
    ck_values(tp_gt(of(TP_I64, VECTOR(1, 2)), 1.5), 0, 1);
    ck_fine();
}
END_TEST

START_TEST(in_place_a_comparison_gives_ones_in_the_dtype_that_is_there)
{
    TP_SCOPE();
    tp_tensor *x = of(TP_I64, VECTOR(1, 2, 3));
    ck_assert_ptr_eq(tp_gt_(x, 1.5), x);
    ck_assert_int_eq(tp_dtype_of(x), TP_I64);
    ck_values(x, 0, 1, 1);
    tp_tensor *leaf = LEAF(1, 2), *y = tp_mul(leaf, 2);
    tp_lt_(y, 3);
    ck_values(y, 1, 0);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(leaf), 0, 0);
}
END_TEST

/* ---- where and masked_fill ---------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_not_chosen_leaves_no_trace)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, NAN, INFINITY), *y = tp_where(BOOLS(1, 0, 0), x, -2);
    ck_values(y, 1, -2, -2);
    ck_ok(tp_backward(tp_sum(tp_mul(y, 3))));
    ck_values(tp_grad_of(x), 3, 0, 0);
}
END_TEST

START_TEST(where_takes_numbers_and_every_dtype)
{
    TP_SCOPE();
    tp_tensor *c = BOOLS(1, 0);
    ck_assert_int_eq(tp_dtype_of(tp_where(c, 1, 2)), TP_I64);
    ck_assert_int_eq(tp_dtype_of(tp_where(c, 1, 2.5)), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_where(c, of(TP_I64, VECTOR(1, 2)), 2.5)), TP_F32);
    const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_C64, TP_C128 };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        tp_tensor *y = tp_where(c, of(dtypes[i], VECTOR(3, 4)), of(dtypes[i], VECTOR(5, 6)));
        ck_assert_int_eq(tp_dtype_of(y), dtypes[i]);
        ck_values(y, 3, 6);
    }
    ck_assert_ptr_null(tp_where(VECTOR(1, 0), 1, 2));
    ck_error(TP_ERR_DTYPE, "where: the condition is float32, and must be bool");
    ck_assert_ptr_null(tp_where(c, of(TP_U8, VECTOR(1, 2)), 300));
    ck_error(TP_ERR_DTYPE, "where: uint8 cannot hold 300");
}
END_TEST

START_TEST(masked_fill_refuses_what_the_dtype_cannot_hold)
{
    TP_SCOPE();
    tp_tensor *mask = BOOLS(1, 0), *half = of(TP_F16, VECTOR(1, 2)), *whole = of(TP_I32, VECTOR(1, 2));
    ck_values(tp_masked_fill(half, mask, 65504), 65504, 2);
    ck_assert(isinf(tp_item(tp_select(tp_masked_fill(half, mask, -INFINITY), 0, 0))));
    ck_assert_ptr_null(tp_masked_fill(half, mask, 65505));
    ck_error(TP_ERR_DTYPE, "masked_fill: float16 cannot hold 65505");
    ck_values(tp_masked_fill(whole, mask, 2.75), 2, 2);
    ck_assert_ptr_null(tp_masked_fill(whole, mask, NAN));
    ck_error(TP_ERR_DTYPE, "masked_fill: int32 cannot hold nan");
    ck_assert_ptr_null(tp_masked_fill_(VECTOR(1), mask, 1));
    ck_error(TP_ERR_SHAPE, "does not fit into [1]");
    ck_assert_ptr_null(tp_masked_fill(VECTOR(1, 2), whole, 1));
    ck_error(TP_ERR_DTYPE, "masked_fill: the mask is int32, and must be bool");
    ck_assert_ptr_null(tp_masked_fill(VECTOR(1, 2), mask, VECTOR(1)));
    ck_error(TP_ERR_SHAPE, "masked_fill: the value has the shape [1], and must be 0-dim");
}
END_TEST

/* ---- The greater, the lesser, between ------------------------------------------------------------------------------------------------- */

#define IS_NAN(x, i) ck_assert(isnan(tp_item(tp_select(x, 0, i))))

START_TEST(a_nan_wins_or_is_passed_over)
{
    TP_SCOPE();
    tp_tensor *a = LEAF(1, NAN, 1, NAN, 3), *b = LEAF(1, 1, NAN, NAN, 2), *most = tp_maximum(a, b);
    for (int i = 1; i < 4; i++) IS_NAN(most, i);
    ck_ok(tp_backward(tp_sum(most)));
    ck_values(tp_grad_of(a), 0.5, 1, 1, 1, 1);
    ck_values(tp_grad_of(b), 0.5, 1, 1, 1, 0);
    tp_tensor *c = LEAF(1, NAN, 1, NAN, 3), *d = LEAF(1, 1, NAN, NAN, 2), *least = tp_fmin(c, d);
    ck_values(tp_narrow(least, 0, 0, 3), 1, 1, 1);
    IS_NAN(least, 3);
    ck_ok(tp_backward(tp_sum(least)));
    ck_values(tp_grad_of(c), 0.5, 0, 1, 1, 0);
    ck_values(tp_grad_of(d), 0.5, 1, 0, 0, 1);
}
END_TEST

START_TEST(a_bound_of_numbers_takes_the_gradient_and_one_of_tensors_shares_it)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0, 1, -1, 2, 0.5);
    tp_tensor *y = tp_clamp(x, 0, 1);
    ck_values(y, 0, 1, 0, 1, 0.5);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(x), 0, 0, 0, 0, 1);
    tp_tensor *z = LEAF(0, 1, -1, 2, 0.5, 3), *lo = LEAF(0, 0, 0, 0, 0, 2), *hi = LEAF(1, 1, 1, 1, 1, 1);
    ck_ok(tp_backward(tp_sum(tp_clamp(z, lo, hi))));
    ck_values(tp_grad_of(z), 0.5, 0.5, 0, 0, 1, 0);
    ck_values(tp_grad_of(lo), 0.5, 0, 1, 0, 0, 0);
    ck_values(tp_grad_of(hi), 0, 0.5, 0, 1, 0, 1);
    ck_values(tp_clamp(VECTOR(-1, 5), NULL, 2), -1, 2);
    ck_values(tp_clamp(VECTOR(-1, 5), 2, NULL), 2, 5);
    IS_NAN(tp_clamp(VECTOR(1, 2), 0, NAN), 1);
}
END_TEST

START_TEST(integers_are_clamped_by_bounds_that_they_do_not_reach)
{
    TP_SCOPE();
    tp_tensor *x = of(TP_U8, VECTOR(50, 200));
    ck_values(tp_clamp(x, -1, 300), 50, 200);
    ck_assert_int_eq(tp_dtype_of(tp_clamp(x, 60.5, 70)), TP_F32);
    ck_assert_ptr_null(tp_clamp(x, 300, NULL));
    ck_error(TP_ERR_ARGUMENT, "clamp: min 300 is out of range for uint8");
    ck_assert_ptr_null(tp_clamp(x, NULL, -1));
    ck_error(TP_ERR_ARGUMENT, "clamp: max -1 is out of range for uint8");
    ck_assert_ptr_null(tp_clamp(x, NULL, NULL));
    ck_error(TP_ERR_ARGUMENT, "clamp: min or max must be given");
    ck_assert_ptr_null(tp_clamp_(x, 0.5, NULL));
    ck_error(TP_ERR_DTYPE, "the result is float32, which uint8 cannot hold");
    tp_tensor *truth = BOOLS(1, 0);
    ck_assert_ptr_null(tp_clamp(truth, truth, truth));
    ck_error(TP_ERR_DTYPE, "clamp: bool is no number");
}
END_TEST

START_TEST(nan_and_infinity_become_numbers)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, NAN, INFINITY, -INFINITY);
    ck_values(tp_nan_to_num(x), 1, 0, 3.4028234663852886e38, -3.4028234663852886e38);
    tp_tensor *y = tp_nan_to_num(x, .nan = 3, .posinf = 0, .neginf = 5);
    ck_values(y, 1, 3, 0, 5);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(x), 1, 0, 0, 0);
    ck_values(tp_nan_to_num(of(TP_F16, VECTOR(INFINITY))), 65504);
}
END_TEST

/* ---- Signs, truth, bits -------------------------------------------------------------------------------------------------------------- */

START_TEST(signs_are_those_of_pytorch)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(-2, -0.0, 0, NAN, 3);
    ck_values(tp_sign(x), -1, 0, 0, 0, 1);
    ck_values(tp_signbit(tp_detach(tp_narrow(x, 0, 0, 3))), 1, 1, 0);
    ck_ok(tp_backward(tp_sum(tp_abs(x))));
    ck_values(tp_grad_of(x), -1, 0, 0, 0, 1);
    ck_values(tp_abs(of(TP_I8, VECTOR(-128, 5))), -128, 5);
    ck_values(tp_heaviside(VECTOR(-1, 0, 2, NAN), VECTOR(0.5)), 0, 0.5, 1, 0);
    tp_tensor *y = tp_mul(x, 2);
    ck_assert_ptr_null(tp_heaviside_(y, VECTOR(1)));
    ck_error(TP_ERR_STATE, "heaviside_: it has no gradient");
}
END_TEST

START_TEST(shifts_and_masks_keep_to_the_bits_of_the_dtype)
{
    TP_SCOPE();
    tp_tensor *x = of(TP_I8, VECTOR(5, -128));
    ck_values(tp_bitwise_left_shift(x, 1), 10, 0);
    ck_values(tp_bitwise_left_shift(x, 64), 0, 0);
    ck_values(tp_bitwise_left_shift(x, -1), 0, 0);
    ck_values(tp_bitwise_right_shift(x, 9), 0, -1);
    ck_values(tp_bitwise_right_shift(x, -1), 0, -1);
    ck_values(tp_bitwise_or(of(TP_U8, VECTOR(50)), 300), 62);
    ck_values(tp_bitwise_not(BOOLS(1, 0)), 0, 1);
    ck_values(tp_logical_xor(VECTOR(NAN, 0, 2), VECTOR(1, 1, 0)), 0, 1, 1);
    ck_assert_ptr_null(tp_bitwise_and(VECTOR(1), 1));
    ck_error(TP_ERR_DTYPE, "bitwise_and: float32 has no bits to work on: integers and bool have");
}
END_TEST

START_TEST(close_is_within_both_tolerances)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, NAN, INFINITY, 1), *y = VECTOR(1.05, NAN, INFINITY, INFINITY);
    ck_values(tp_isclose(x, y, .rtol = 0.1), 1, 0, 1, 0);
    ck_values(tp_isclose(x, y, .rtol = 0, .atol = 0, .equal_nan = true), 0, 1, 1, 0);
    ck_assert_ptr_null(tp_isclose(x, y, .rtol = -1));
    ck_error(TP_ERR_ARGUMENT, "isclose: rtol is -1, and must not be below 0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("select");
    TCase *tests = tcase_create("select");
    tcase_add_test(tests, a_nan_is_unequal_and_has_no_order);
    tcase_add_test(tests, both_are_rounded_to_their_result_type);
    tcase_add_test(tests, in_place_a_comparison_gives_ones_in_the_dtype_that_is_there);
    tcase_add_test(tests, what_is_not_chosen_leaves_no_trace);
    tcase_add_test(tests, where_takes_numbers_and_every_dtype);
    tcase_add_test(tests, masked_fill_refuses_what_the_dtype_cannot_hold);
    tcase_add_test(tests, a_nan_wins_or_is_passed_over);
    tcase_add_test(tests, a_bound_of_numbers_takes_the_gradient_and_one_of_tensors_shares_it);
    tcase_add_test(tests, integers_are_clamped_by_bounds_that_they_do_not_reach);
    tcase_add_test(tests, nan_and_infinity_become_numbers);
    tcase_add_test(tests, signs_are_those_of_pytorch);
    tcase_add_test(tests, shifts_and_masks_keep_to_the_bits_of_the_dtype);
    tcase_add_test(tests, close_is_within_both_tolerances);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
