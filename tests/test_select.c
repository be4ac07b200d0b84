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
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
