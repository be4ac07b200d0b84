/* tests/test_pool.c: pools, interpolation and folding: values, layouts, what they refuse. */
#include "expect.h"

#include <taper/registry.h>

static tp_tensor *counted(tp_shape shape)              /* 0, 1, 2, .. */
{
    int64_t n = 1;
    for (int i = 0; i < shape.ndim; i++) n *= shape.dim[i];
    return tp_reshape(tp_arange(0, (double)n, 1, .dtype = TP_F32), shape);
}

START_TEST(the_greatest_of_each_window_and_its_place)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((float[]){ 3, 1, 2, 5, 4, 0 }, TP_F32, TP_SHAPE(1, 6)), *where = NULL;
    ck_values(tp_max_pool1d(x, 2, .indices = &where), 3, 5, 4);
    ck_values(where, 0, 3, 4);
    ck_values(tp_max_pool1d(x, 3, .stride = 2, .padding = 1), 3, 5, 5);
    ck_values(tp_max_pool1d(x, 3, .stride = 2, .ceil_mode = true), 3, 5, 4);
    ck_values(tp_max_pool1d(x, 2, .dilation = 3, .stride = 1), 5, 4, 2);
    ck_values(tp_max_pool2d(counted(TP_SHAPE(1, 1, 2, 4)), 2, .kernel_hw = { TP_NONE, 1 }, .stride = 1), 4, 5, 6, 7);
    ck_values(tp_max_pool3d(counted(TP_SHAPE(1, 2, 2, 2)), 2, .indices = &where), 7);
    ck_values(where, 7);
    ck_values(tp_adaptive_max_pool2d(counted(TP_SHAPE(1, 3, 4)), 2, .size_hw = { TP_NONE, 1 }, .indices = &where), 7, 11);
    ck_values(where, 7, 11);
}
END_TEST

START_TEST(nan_wins)
{
    TP_SCOPE();
    tp_tensor *y = tp_max_pool1d(tp_from_data((float[]){ 1, NAN, 2, -INFINITY, -INFINITY, 7 }, TP_F32, TP_SHAPE(1, 6)), 2);
    ck_assert(isnan(tp__element(y, 0)) && tp__element(y, 1) == 2 && tp__element(y, 2) == 7);
}
END_TEST

START_TEST(unpooling_puts_back)
{
    TP_SCOPE();
    tp_tensor *where = NULL, *x = tp_from_data((float[]){ 3, 1, 2, 5, 4 }, TP_F32, TP_SHAPE(1, 5));
    tp_tensor *y = tp_max_pool1d(x, 2, .indices = &where);
    ck_values(tp_max_unpool1d(y, where, 2), 3, 0, 0, 5);
    ck_values(tp_max_unpool1d(y, where, 2, .output_size = { 5 }), 3, 0, 0, 5, 0);
    ck_assert_ptr_null(tp_max_unpool1d(y, where, 2, .output_size = { 9 }));
    ck_message("max_unpool1d: an output size of 9 is not within a stride of 4");
    ck_assert_ptr_null(tp_max_unpool1d(y, tp_add(where, 7), 2));
    ck_error(TP_ERR_INDEX, "index 7 is out of range for planes of 4 elements");
}
END_TEST

START_TEST(means_of_windows)
{
    TP_SCOPE();
    tp_tensor *x = counted(TP_SHAPE(1, 6));
    ck_values(tp_avg_pool1d(x, 2), 0.5, 2.5, 4.5);
    ck_values(tp_avg_pool1d(x, 3, .padding = 1), 1.0 / 3, 3);
    ck_values(tp_avg_pool1d(x, 3, .padding = 1, .count_include_pad = false, .stride = 2), 0.5, 2, 4);
    ck_values(tp_avg_pool1d(x, 4, .stride = 4, .ceil_mode = true), 1.5, 4.5);
    ck_values(tp_avg_pool2d(counted(TP_SHAPE(1, 2, 2)), 2, .divisor_override = 3), 2);
    ck_values(tp_avg_pool2d(tp_to_dtype(counted(TP_SHAPE(1, 2, 2)), TP_I64), 2), 1);
    ck_values(tp_avg_pool3d(tp_ones(TP_SHAPE(1, 2, 2, 2)), 2), 1);
    ck_values(tp_adaptive_avg_pool1d(counted(TP_SHAPE(1, 5)), 2), 1, 3);
    ck_values(tp_adaptive_avg_pool2d(counted(TP_SHAPE(1, 2, 3)), 1), 2.5);
    ck_values(tp_adaptive_avg_pool2d(counted(TP_SHAPE(1, 2, 3)), 1, .size_hw = { 2, TP_NONE }), 1, 4);
    ck_fine();
}
END_TEST

START_TEST(ones_stay_ones_in_every_mean)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1, 2, 11, 13));
    tp_tensor *const y[] = { tp_avg_pool2d(x, 3, .stride = 2), tp_adaptive_avg_pool2d(x, 7), tp_avg_pool2d(x, 7, .padding = 3, .count_include_pad = false) };
    for (int i = 0; i < 3; i++) ck_assert(tp_equal(y[i], tp_ones(tp_shape_of(y[i]))));
}
END_TEST

START_TEST(interpolation_between_places)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((float[]){ 0, 4, 8 }, TP_F32, TP_SHAPE(1, 1, 3));
    ck_values(tp_interpolate(x, .scale = 2), 0, 0, 4, 4, 8, 8);
    ck_values(tp_interpolate(x, .output_size = { 2 }), 0, 4);
    ck_values(tp_interpolate(x, .output_size = { 2 }, .mode = TP_NEAREST_EXACT), 0, 8);
    ck_values(tp_interpolate(x, .output_size = { 6 }, .mode = TP_LINEAR), 0, 1, 3, 5, 7, 8);
    ck_values(tp_interpolate(x, .output_size = { 5 }, .mode = TP_LINEAR, .align_corners = true), 0, 2, 4, 6, 8);
    ck_values(tp_interpolate(counted(TP_SHAPE(1, 1, 2, 2)), .scales = { 1, 2 }, .mode = TP_BILINEAR), 0, 0.25, 0.75, 1, 2, 2.25, 2.75, 3);
    ck_values(tp_interpolate(counted(TP_SHAPE(1, 1, 4, 4)), .scale = 0.5, .mode = TP_AREA), 2.5, 4.5, 10.5, 12.5);
    tp_tensor *u = tp_interpolate(tp_to_dtype(x, TP_U8), .scale = 2);
    ck_assert_int_eq(tp_dtype_of(u), TP_U8);
    ck_values(u, 0, 0, 4, 4, 8, 8);
}
END_TEST

START_TEST(folding_adds_what_unfolding_took)
{
    TP_SCOPE();
    tp_tensor *x = counted(TP_SHAPE(1, 3, 3)), *columns = tp_im2col(x, 2);
    ck_values(columns, 0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8);
    ck_values(tp_col2im(columns, 3, 3, 2), 0, 2, 2, 6, 16, 10, 6, 14, 8);
    ck_values(tp_im2col(x, 1, .padding_hw = { 0, 1 }, .stride = 2), 0, 1, 0, 0, 7, 0);
}
END_TEST

static tp_tensor *channels_last(tp_tensor *x) { return tp_permute(tp_contiguous(tp_permute(x, TP_DIMS(0, 2, 3, 1))), TP_DIMS(0, 3, 1, 2)); }

START_TEST(channels_last_stays_so)
{
    TP_SCOPE();
    tp_manual_seed(1);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3, 6, 8)), *last = channels_last(x), *where = NULL;
    tp_tensor *const pairs[][2] = {
        { tp_max_pool2d(x, 3, .stride = 2), tp_max_pool2d(last, 3, .stride = 2, .indices = &where) },
        { tp_avg_pool2d(x, 2), tp_avg_pool2d(last, 2) },
        { tp_adaptive_avg_pool2d(x, 4), tp_adaptive_avg_pool2d(last, 4) },
        { tp_interpolate(x, .scale = 1.5, .mode = TP_BICUBIC), tp_interpolate(last, .scale = 1.5, .mode = TP_BICUBIC) },
    };
    for (int i = 0; i < 4; i++) {
        ck_assert(tp_allclose(pairs[i][0], pairs[i][1], 1e-6, 1e-6));
        ck_assert(tp_stride(pairs[i][1], 1) == 1 && tp_stride(pairs[i][1], 3) == 3);
    }
    ck_assert_int_eq(tp_stride(where, 1), 1);
    ck_fine();
}
END_TEST

START_TEST(refusals_say_why)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3, 8)), *image = tp_ones(TP_SHAPE(1, 3, 8, 8));
    ck_assert_ptr_null(tp_max_pool1d(image, 2));
    ck_message("max_pool1d: input [1, 3, 8, 8] must have 3 dims, [n, channels, length], or 2");
    ck_assert_ptr_null(tp_avg_pool1d(x, 2, .padding = 2));
    ck_message("avg_pool1d: padding 2 must be at most half of the kernel, 2");
    ck_assert_ptr_null(tp_avg_pool2d(image, 2, .divisor_override = 0));
    ck_message("avg_pool2d: the divisor must not be 0");
    ck_assert_ptr_null(tp_avg_pool2d(image, 9));
    ck_message("avg_pool2d: input [1, 3, 8, 8] is too small for a kernel of 9");
    ck_assert_ptr_null(tp_adaptive_avg_pool2d(image, -1));
    ck_message("adaptive_avg_pool2d: an output of size -1 cannot be");
    ck_assert_ptr_null(tp_adaptive_max_pool2d(tp_ones(TP_SHAPE(1, 0, 8, 8)), 1));
    ck_message("adaptive_max_pool2d: input [1, 0, 8, 8] is empty in a dim other than the first");
    ck_assert_ptr_null(tp_interpolate(image));
    ck_message("interpolate: one of size and scale_factor must be given");
    ck_assert_ptr_null(tp_interpolate(image, .scale = 2, .mode = TP_LINEAR));
    ck_message("interpolate: input [1, 3, 8, 8] does not have the 3 dims that the mode linear takes");
    ck_assert_ptr_null(tp_interpolate(image, .scale = 2, .align_corners = true));
    ck_message("interpolate: the mode nearest takes no align_corners");
    ck_assert_ptr_null(tp_interpolate(image, .scale = 0.01));
    ck_message("interpolate: an output of size 0 cannot be");
    ck_assert_ptr_null(tp_im2col(image, 9));
    ck_message("im2col: kernel [9, 9], dilation [1, 1], padding [0, 0] and stride [1, 1] do not fit an image of [8, 8]");
    ck_assert_ptr_null(tp_col2im(tp_ones(TP_SHAPE(1, 4, 8)), 3, 3, 2));
    ck_message("col2im: input [1, 4, 8] must have 4 rows for each channel, and 4 windows");
}
END_TEST

START_TEST(an_empty_list_of_strides_is_the_kernel)
{
    TP_SCOPE();
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = counted(TP_SHAPE(1, 6)) }, { .kind = TP_ARG_INT, .value.integer = 3 },
                            { .name = "stride", .kind = TP_ARG_INTS } };
    tp_tensor *out[2];
    int n = 0;
    ck_ok(tp_op_call("avg_pool1d", args, 3, out, 2, &n));
    ck_values(out[0], 1, 4);
}
END_TEST

START_TEST(a_grid_of_more_pixels_than_can_be_counted_is_refused)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_affine_grid(tp_ones(TP_SHAPE(1, 2, 3)), TP_SHAPE(1, 1, (int64_t)1 << 40, (int64_t)1 << 40), false));
    ck_error(TP_ERR_SHAPE, "has too many pixels");
    ck_assert_ptr_null(tp_affine_grid(tp_ones(TP_SHAPE(1, 2, 3)), TP_SHAPE(1, 1, 4, 0), false));
    ck_error(TP_ERR_SHAPE, "has no pixels");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *t = tcase_create("pool");
    tcase_add_test(t, the_greatest_of_each_window_and_its_place);
    tcase_add_test(t, nan_wins);
    tcase_add_test(t, unpooling_puts_back);
    tcase_add_test(t, means_of_windows);
    tcase_add_test(t, ones_stay_ones_in_every_mean);
    tcase_add_test(t, interpolation_between_places);
    tcase_add_test(t, folding_adds_what_unfolding_took);
    tcase_add_test(t, channels_last_stays_so);
    tcase_add_test(t, refusals_say_why);
    tcase_add_test(t, an_empty_list_of_strides_is_the_kernel);
    tcase_add_test(t, a_grid_of_more_pixels_than_can_be_counted_is_refused);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
