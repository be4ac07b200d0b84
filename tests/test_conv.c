/* tests/test_conv.c: convolutions in one to three dims: values, layouts, paddings by word, what they refuse. That gradients are
 * right is test_gradients.c's, that kernels are test_conv_kernels.c's. */
#include "expect.h"

static tp_tensor *counted(tp_shape shape)              /* 0, 1, 2, .. */
{
    int64_t n = 1;
    for (int i = 0; i < shape.ndim; i++) n *= shape.dim[i];
    return tp_reshape(tp_arange(0, (double)n, 1, .dtype = TP_F32), shape);
}

static bool is_channels_last(tp_tensor *y)
{
    const int n = tp_ndim(y);
    return tp_stride(y, 1) == 1 && tp_stride(y, n - 1) == tp_size(y, 1) && tp_stride(y, 0) == tp_numel(y) / tp_size(y, 0);
}

static tp_tensor *channels_last(tp_tensor *x)          /* the same values, the channels next to each other */
{
    return tp_ndim(x) == 4 ? tp_permute(tp_contiguous(tp_permute(x, TP_DIMS(0, 2, 3, 1))), TP_DIMS(0, 3, 1, 2))
                           : tp_permute(tp_contiguous(tp_permute(x, TP_DIMS(0, 2, 3, 4, 1))), TP_DIMS(0, 4, 1, 2, 3));
}

START_TEST(a_convolution_slides_its_kernel)
{
    TP_SCOPE();
    tp_tensor *w = tp_from_data((float[]){ 1, 10, 100 }, TP_F32, TP_SHAPE(1, 1, 3)), *b = tp_from_data((float[]){ 0.5 }, TP_F32, TP_SHAPE(1));
    tp_tensor *x = counted(TP_SHAPE(1, 1, 5));
    ck_values(tp_conv1d(x, w, NULL), 210, 321, 432);
    ck_values(tp_conv1d(x, w, b, .padding = 1, .stride = 2), 100.5, 321.5, 43.5);
    ck_values(tp_conv1d(x, w, NULL, .dilation = 2), 420);
    ck_values(tp_conv1d(x, w, NULL, .padding = TP_SAME), 100, 210, 321, 432, 43);
    ck_values(tp_conv1d(tp_reshape(x, TP_SHAPE(1, 5)), w, NULL), 210, 321, 432);
    ck_values(tp_conv_transpose1d(counted(TP_SHAPE(1, 1, 3)), w, b, .stride = 2, .output_padding = 1), 0.5, 0.5, 1.5, 10.5, 102.5, 20.5, 200.5, 0.5);
    ck_fine();
}
END_TEST

START_TEST(an_even_kernel_pads_one_more_at_the_end)
{
    TP_SCOPE();
    tp_tensor *w = tp_from_data((float[]){ 1, 10 }, TP_F32, TP_SHAPE(1, 1, 1, 2));
    tp_tensor *y = tp_conv2d(counted(TP_SHAPE(1, 2, 3)), w, NULL, .padding = TP_SAME);
    ck_values(y, 10, 21, 2, 43, 54, 5);
    ck_assert_int_eq(tp_ndim(y), 3);
}
END_TEST

START_TEST(groups_keep_channels_apart)
{
    TP_SCOPE();
    tp_tensor *w = tp_from_data((float[]){ 1, 2, 3, 4 }, TP_F32, TP_SHAPE(4, 1, 1, 1));
    ck_values(tp_conv2d(counted(TP_SHAPE(1, 2, 1, 2)), w, NULL, .groups = 2), 0, 1, 0, 2, 6, 9, 8, 12);
    ck_values(tp_conv_transpose2d(counted(TP_SHAPE(1, 4, 1, 1)), w, NULL, .groups = 2), 0 + 2, 6 + 12);
}
END_TEST

START_TEST(dims_can_differ)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3, 5, 6, 7)), *w = tp_ones(TP_SHAPE(4, 3, 2, 1, 3));
    tp_tensor *y = tp_conv3d(x, w, NULL, .stride_dhw = { 1, 2, 3 }, .padding_dhw = { TP_NONE, 1, 0 }, .padding = 2, .dilation_dhw = { 3, 1, 2 });
    ck_fine();
    const int64_t want[] = { 2, 4, 6, 4, 1 };
    for (int d = 0; d < 5; d++) ck_assert_int_eq(tp_size(y, d), want[d]);
    tp_tensor *t = tp_conv_transpose3d(y, w, NULL, .stride_dhw = { 1, 2, 3 }, .padding_dhw = { 2, 1, 0 }, .dilation_dhw = { 3, 1, 2 },
                                       .output_padding_dhw = { 0, 1, 2 });
    const int64_t back[] = { 2, 3, 5, 6, 7 };
    for (int d = 0; d < 5; d++) ck_assert_int_eq(tp_size(t, d), back[d]);
}
END_TEST

START_TEST(channels_last_stays_so)
{
    TP_SCOPE();
    tp_manual_seed(1);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3, 6, 5)), *w = tp_randn(TP_SHAPE(4, 3, 3, 2)), *b = tp_randn(TP_SHAPE(4));
    tp_tensor *y = tp_conv2d(x, w, b, .padding = 1);
    tp_tensor *const ways[] = { tp_conv2d(channels_last(x), w, b, .padding = 1), tp_conv2d(x, channels_last(w), b, .padding = 1) };
    for (int i = 0; i < 2; i++) {
        ck_assert(is_channels_last(ways[i]));
        ck_assert(tp_allclose(ways[i], y, 1e-6, 1e-6));
    }
    tp_tensor *volume = tp_randn(TP_SHAPE(2, 3, 4, 3, 5)), *v = tp_randn(TP_SHAPE(3, 2, 2, 2, 2));
    tp_tensor *t = tp_conv_transpose3d(channels_last(volume), v, NULL, .stride = 2);
    ck_assert(is_channels_last(t));
    ck_assert(tp_allclose(t, tp_conv_transpose3d(volume, v, NULL, .stride = 2), 1e-6, 1e-6));
    ck_assert(tp_is_contiguous(tp_conv2d(tp_transpose(x, 2, 3), w, b)));          /* no layout to keep */
    ck_fine();
}
END_TEST

START_TEST(integers_wrap_and_no_images_are_fine)
{
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(1, 1, 3), 100, .dtype = TP_I8), *w = tp_full(TP_SHAPE(1, 1, 2), 1, .dtype = TP_I8);
    tp_tensor *y = tp_conv1d(x, w, NULL);
    ck_assert_int_eq(tp_dtype_of(y), TP_I8);
    ck_values(y, -56, -56);
    tp_tensor *none = tp_zeros(TP_SHAPE(0, 2, 4, 4), .requires_grad = true), *f = tp_ones(TP_SHAPE(3, 2, 3, 3), .requires_grad = true);
    y = tp_conv2d(none, f, NULL);
    ck_assert_int_eq(tp_size(y, 1), 3);
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert_int_eq(tp_numel(tp_grad_of(none)), 0);
    ck_assert_double_eq(tp_item(tp_sum(tp_grad_of(f))), 0);
}
END_TEST

/* PyTorch's: not the bias, in as many channels as the weight has. */
START_TEST(of_no_channels_there_are_none)
{
    TP_SCOPE();
    for (int64_t groups = 1; groups <= 2; groups++) {
        tp_tensor *x = tp_zeros(TP_SHAPE(2, 0, 4, 4), .requires_grad = true), *w = tp_zeros(TP_SHAPE(2, 0, 3, 3), .requires_grad = true);
        tp_tensor *b = tp_from_data((float[]){ 3, -1 }, TP_F32, TP_SHAPE(2));
        ck_ok(tp_requires_grad(b, true));
        tp_tensor *y = tp_conv2d(x, w, b, .groups = groups);
        const tp_shape shape = tp_shape_of(y);
        ck_assert(shape.ndim == 4 && shape.dim[0] == 2 && shape.dim[1] == 0 && shape.dim[2] == 2 && shape.dim[3] == 2);
        ck_ok(tp_backward(tp_sum(y)));
        ck_values(tp_grad_of(b), 0, 0);
        ck_assert_int_eq(tp_numel(tp_grad_of(x)), 0);
        ck_assert_int_eq(tp_numel(tp_grad_of(w)), 0);
    }
    ck_fine();
}
END_TEST

/* <x * w, y> = <x, y transposed> for any stride, padding and leftover. */
START_TEST(the_transposed_one_is_the_adjoint)
{
    TP_SCOPE();
    tp_manual_seed(3);
    for (int stride = 1; stride <= 3; stride++)
        for (int size = 7; size <= 9; size++) {
            tp_tensor *x = tp_randn(TP_SHAPE(2, 4, size, size), .dtype = TP_F64), *w = tp_randn(TP_SHAPE(6, 2, 3, 3), .dtype = TP_F64);
            tp_tensor *y = tp_conv2d(x, w, NULL, .stride = stride, .padding = 1, .groups = 2), *g = tp_randn(tp_shape_of(y), .dtype = TP_F64);
            const int64_t left = (size + 2 - 3) % stride;
            tp_tensor *t = tp_conv_transpose2d(g, w, NULL, .stride = stride, .padding = 1, .groups = 2, .output_padding = left);
            ck_fine();
            ck_assert_double_eq_tol(tp_item(tp_sum(tp_mul(y, g))), tp_item(tp_sum(tp_mul(x, t))), 1e-9);
        }
}
END_TEST

START_TEST(refusals_say_why)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1, 4, 8)), *w = tp_ones(TP_SHAPE(4, 2, 3)), *image = tp_ones(TP_SHAPE(1, 4, 8, 8)), *f = tp_ones(TP_SHAPE(4, 2, 3, 3));
    ck_assert_ptr_null(tp_conv1d(x, w, NULL));
    ck_message("conv1d: input [1, 4, 8] has 4 channels, weight [4, 2, 3] takes 2");
    ck_assert_ptr_null(tp_conv1d(image, w, NULL));
    ck_message("conv1d: input [1, 4, 8, 8] must have 3 dims, [n, channels, length], or 2");
    ck_assert_ptr_null(tp_conv3d(image, f, NULL));
    ck_message("conv3d: weight [4, 2, 3, 3] must have 5 dims, [out, in / groups, depth, height, width]");
    ck_assert_ptr_null(tp_conv_transpose2d(image, f, NULL, .output_padding = 1));
    ck_message("conv_transpose2d: output_padding 1 must be less than stride 1 or dilation 1, and not negative");
    ck_assert_ptr_null(tp_conv_transpose2d(image, f, NULL, .groups = 3));
    ck_message("conv_transpose2d: 3 groups do not divide the 4 inputs of weight [4, 2, 3, 3]");
    ck_assert_ptr_null(tp_conv_transpose2d(tp_ones(TP_SHAPE(1, 3, 8, 8)), f, NULL));
    ck_message("conv_transpose2d: input [1, 3, 8, 8] has 3 channels, weight [4, 2, 3, 3] takes 4");
    ck_assert_ptr_null(tp_conv_transpose2d(image, f, NULL, .padding = 9));
    ck_message("conv_transpose2d: the padding of 18 leaves nothing of what input [1, 4, 8, 8] and weight [4, 2, 3, 3] make");
    ck_assert_ptr_null(tp_conv2d(image, f, NULL, .padding = TP_SAME, .stride = 2));
    ck_message("conv2d: padding \"same\" goes with stride 1, not 2");
    ck_assert_ptr_null(tp_conv2d(tp_ones(TP_SHAPE(1, 2, 0, 8)), f, NULL, .padding = 2));
    ck_message("conv2d: input [1, 2, 0, 8] or the kernel of weight [4, 2, 3, 3] is empty or too large");
    ck_assert_ptr_null(tp_conv2d(tp_ones(TP_SHAPE(1, 2, 8, 8), .dtype = TP_BOOL), tp_ones(TP_SHAPE(4, 2, 3, 3), .dtype = TP_BOOL), NULL));
    ck_message("conv2d: bool has no convolution");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv");
    TCase *t = tcase_create("conv");
    tcase_add_test(t, a_convolution_slides_its_kernel);
    tcase_add_test(t, an_even_kernel_pads_one_more_at_the_end);
    tcase_add_test(t, groups_keep_channels_apart);
    tcase_add_test(t, dims_can_differ);
    tcase_add_test(t, channels_last_stays_so);
    tcase_add_test(t, integers_wrap_and_no_images_are_fine);
    tcase_add_test(t, of_no_channels_there_are_none);
    tcase_add_test(t, the_transposed_one_is_the_adjoint);
    tcase_add_test(t, refusals_say_why);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
