/* test_shape.c: padding, repeating and rearranging, where the samples of the registry do not reach: cuts, single elements, refusals. */
#include "expect.h"

#include <taper/autograd.h>

/* ---- Padding ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(padding_below_zero_cuts)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2, 3, 4), *y = tp_pad(x, TP_SHAPE(-1, -2));
    ck_values(y, 2);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(x), 0, 1, 0, 0);
    ck_values(tp_pad(VECTOR(1, 2, 3), TP_SHAPE(-1, 2), .value = 7), 2, 3, 7, 7);
    ck_assert_int_eq(tp_numel(tp_pad(VECTOR(1, 2, 3), TP_SHAPE(-1, -2))), 0);
    ck_fine();
}
END_TEST

START_TEST(padding_cuts_what_is_there_and_no_more)
{
    TP_SCOPE();
    tp_tensor *x = tp_unsqueeze(VECTOR(1, 2, 3, 4), 0);
    ck_values(tp_pad(x, TP_SHAPE(-4, 2), .value = 7), 7, 7);
    ck_values(tp_pad(x, TP_SHAPE(-5, 3), .mode = TP_PAD_REPLICATE), 4, 4);          /* as PyTorch: of the others -5 is too much */
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(-5, 3)));
    ck_error(TP_ERR_SHAPE, "padding of -5 and 3 cuts more than the 4 elements of dim 1");
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(3, -5), .mode = TP_PAD_CIRCULAR));
    ck_error(TP_ERR_SHAPE, "cuts more than the 4 elements");
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(INT64_MIN, INT64_MAX), .mode = TP_PAD_REPLICATE));
    ck_error(TP_ERR_SHAPE, "are no size");
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(INT64_MAX, INT64_MIN)));
    ck_error(TP_ERR_SHAPE, "are no size");
}
END_TEST

START_TEST(one_element_is_left_wherever_it_was)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(1, 2, 3, 4, 5, 6), TP_SHAPE(2, 3));
    ck_values(tp_pad(x, TP_SHAPE(-2, 0, -1, 0)), 6);
    ck_values(tp_pad(x, TP_SHAPE(0, -2, -1, 0)), 4);
    ck_values(tp_pad(tp_transpose(x, 0, 1), TP_SHAPE(-1, 0, 0, -2)), 4);
    ck_values(tp_pad(tp_slice(tp_unsqueeze(VECTOR(1, 2, 3, 4), 0), 1, .start = 0, .end = 4, .step = 3), TP_SHAPE(-1, 0)), 4);
    ck_fine();
}
END_TEST

START_TEST(mirrors_and_circles_know_their_bounds)
{
    TP_SCOPE();
    tp_tensor *x = tp_unsqueeze(LEAF(1, 2, 3), 0);
    ck_values(tp_pad(x, TP_SHAPE(2, 2), .mode = TP_PAD_REFLECT), 3, 2, 1, 2, 3, 2, 1);
    ck_values(tp_pad(x, TP_SHAPE(3, 3), .mode = TP_PAD_CIRCULAR), 1, 2, 3, 1, 2, 3, 1, 2, 3);
    ck_values(tp_pad(x, TP_SHAPE(1, 2), .mode = TP_PAD_REPLICATE), 1, 1, 2, 3, 3, 3);
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(3, 0), .mode = TP_PAD_REFLECT));
    ck_error(TP_ERR_SHAPE, "pad");
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(4, 0), .mode = TP_PAD_CIRCULAR));
    ck_error(TP_ERR_SHAPE, "pad");
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(1)));
    ck_error(TP_ERR_ARGUMENT, "pad");
}
END_TEST

START_TEST(what_is_too_large_is_said_before_it_is_laid_out)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_diag_embed(tp_zeros(TP_SHAPE(3, 3, 3, 1)), .offset = 2147483647, .dim1 = 1));
    ck_error(TP_ERR_SHAPE, "diag_embed: [3, 3, 3, 1] on a diagonal of 2147483648 is too large");
    tp_tensor *x = tp_zeros(TP_SHAPE(3, 3)), *more = tp_zeros(TP_SHAPE(3)), *y = NULL;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .name = "n", .kind = TP_ARG_INT, .value.integer = INT64_MAX },
                            { .name = "append", .kind = TP_ARG_TENSOR, .value.tensor = more } };
    ck_assert_int_ne(tp_op_call("diff", args, 3, &y, 1, NULL), TP_OK);
    ck_error(TP_ERR_SHAPE, "cat: tensor 1 is [3]");
}
END_TEST

/* ---- Repeating and rearranging ----------------------------------------------------------------------------------------------------- */

START_TEST(repeating_adds_dims_in_front_and_sums_their_gradients)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_repeat(x, TP_SHAPE(2, 2));
    ck_values(y, 1, 2, 1, 2, 1, 2, 1, 2);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(x), 4, 4);
    ck_assert_int_eq(tp_numel(tp_repeat(x, TP_SHAPE(0))), 0);
    ck_assert_ptr_null(tp_repeat(tp_unsqueeze(x, 0), TP_SHAPE(2)));
    ck_error(TP_ERR_SHAPE, "repeat");
    ck_assert_ptr_null(tp_repeat(x, TP_SHAPE(-1)));
    ck_error(TP_ERR_SHAPE, "repeat");
}
END_TEST

START_TEST(rolling_and_flipping_go_round)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, 2, 3, 4);
    ck_values(tp_roll(x, TP_SHAPE(1), TP_DIMS(0)), 4, 1, 2, 3);
    ck_values(tp_roll(x, TP_SHAPE(-5), TP_DIMS(0)), 2, 3, 4, 1);
    ck_values(tp_flip(x, TP_DIMS(-1)), 4, 3, 2, 1);
    ck_fine();
}
END_TEST

START_TEST(what_as_strided_scatter_writes_over_has_the_gradient)     /* PyTorch's; the derivative is the rest */
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(3, 3), .requires_grad = true), *src = tp_ones(TP_SHAPE(2, 2), .requires_grad = true), *y = NULL;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = src },
                            { .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 2, 2 } },
                            { .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 1, 2 } }, { .kind = TP_ARG_INT, .value.integer = 1 } };
    ck_ok(tp_op_call("as_strided_scatter", args, 5, &y, 1, NULL));
    ck_values(tp_detach(y), 0, 1, 1, 1, 1, 0, 0, 0, 0);
    ck_ok(tp_backward(y, .grad = tp_reshape(tp_arange(1, 10, 1, .dtype = TP_F32), TP_SHAPE(3, 3))));
    ck_values(tp_grad_of(x), 0, 2, 3, 4, 5, 0, 0, 0, 0);
    ck_values(tp_grad_of(src), 2, 4, 3, 5);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shape");
    TCase *tests = tcase_create("shape");
    tcase_add_test(tests, padding_below_zero_cuts);
    tcase_add_test(tests, padding_cuts_what_is_there_and_no_more);
    tcase_add_test(tests, one_element_is_left_wherever_it_was);
    tcase_add_test(tests, mirrors_and_circles_know_their_bounds);
    tcase_add_test(tests, what_is_too_large_is_said_before_it_is_laid_out);
    tcase_add_test(tests, repeating_adds_dims_in_front_and_sums_their_gradients);
    tcase_add_test(tests, rolling_and_flipping_go_round);
    tcase_add_test(tests, what_as_strided_scatter_writes_over_has_the_gradient);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
