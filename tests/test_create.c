/* test_create.c: tensors made beside another one, with strides, and what is asked of dtypes, devices and memory. */
#include "expect.h"

START_TEST(new_tensors_are_of_the_dtype_of_another)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(4), .dtype = TP_F64);
    tp_tensor *y = tp_new_zeros(x, TP_SHAPE(2, 3)), *z = tp_new_full(x, TP_SHAPE(3), 7);
    ck_assert_int_eq(tp_dtype_of(y), TP_F64);
    ck_values(y, 0, 0, 0, 0, 0, 0);
    ck_assert_int_eq(tp_dtype_of(z), TP_F64);
    ck_values(z, 7, 7, 7);
    ck_values(tp_new_ones(x, TP_SHAPE(2)), 1, 1);
    ck_values(tp_new_ones(x, ((tp_shape){ 0 })), 1);
    tp_tensor *leaf = tp_new_ones(x, TP_SHAPE(2), .dtype = TP_F32, .requires_grad = true);
    ck_assert(tp_dtype_of(leaf) == TP_F32 && tp_needs_grad(leaf) && tp_is_leaf(leaf));
    ck_assert_int_eq(tp_numel(tp_new_empty(x, TP_SHAPE(5, 0))), 0);
    tp_tensor *of_bytes = tp_new_tensor(tp_zeros(TP_SHAPE(1), .dtype = TP_I32), (float[]){ 1.5f, -2.5f, 3 }, TP_F32, TP_SHAPE(3, 1));
    ck_assert(tp_dtype_of(of_bytes) == TP_I32 && tp_ndim(of_bytes) == 2);
    ck_values(of_bytes, 1, -2, 3);
    ck_fine();
}
END_TEST

START_TEST(new_tensors_say_what_is_wrong)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(4), .dtype = TP_U8);
    ck_assert_ptr_null(tp_new_zeros(NULL, TP_SHAPE(2)));
    ck_assert_ptr_null(tp_new_tensor(NULL, NULL, TP_F32, TP_SHAPE(0)));
    ck_assert_ptr_null(tp_type_as(NULL, x));
    ck_assert_ptr_null(tp_type_as(x, NULL));
    ck_fine();
    ck_assert_ptr_null(tp_new_full(x, TP_SHAPE(2), 300));
    ck_error(TP_ERR_DTYPE, "new_full: ");
    ck_assert_ptr_null(tp_new_full(x, TP_SHAPE(2), x));
    ck_message("new_full: the value is a tensor, and must be a number");
    ck_assert_ptr_null(tp_new_ones(x, TP_SHAPE(2), .requires_grad = true));
    ck_error(TP_ERR_DTYPE, "only floating tensors can require a gradient, not uint8");
    ck_assert_ptr_null(tp_new_ones(x, TP_SHAPE(2, -1)));
    ck_error(TP_ERR_SHAPE, "new_ones: ");
    ck_assert_ptr_null(tp_new_ones(x, ((tp_shape){ .ndim = 9 })));
    ck_message("new_ones: 9 dims, at most 8 are possible");
    ck_assert_ptr_null(tp_new_empty(x, TP_SHAPE(2), .device = TP_CUDA(15)));
    ck_error(TP_ERR_DEVICE, "new_empty: there is no device cuda:15");
    ck_assert_ptr_null(tp_new_tensor(x, NULL, TP_F32, TP_SHAPE(2)));
    ck_error(TP_ERR_ARGUMENT, "data is NULL");
}
END_TEST

START_TEST(memory_has_the_strides_that_are_asked_for)
{
    TP_SCOPE();
    tp_tensor *x = tp_empty_strided(TP_SHAPE(2, 3), TP_SHAPE(1, 4), .dtype = TP_F64);
    ck_assert(tp_size(x, 0) == 2 && tp_size(x, 1) == 3 && tp_stride(x, 0) == 1 && tp_stride(x, 1) == 4 && !tp_is_contiguous(x));
    ck_ok(tp_fill_(x, 2) ? TP_OK : tp_error_status());
    ck_values(x, 2, 2, 2, 2, 2, 2);
    ck_assert_int_eq(tp_dtype_of(tp_new_empty_strided(x, TP_SHAPE(2), TP_SHAPE(3))), TP_F64);
    ck_assert_int_eq(tp_dtype_of(tp_empty_strided(TP_SHAPE(2), TP_SHAPE(3))), TP_F32);
    ck_assert_ptr_null(tp_empty_strided(TP_SHAPE(2, 3), TP_SHAPE(1)));
    ck_error(TP_ERR_SHAPE, "empty_strided: [2, 3] with strides [1] is no geometry");
    ck_assert_ptr_null(tp_new_empty_strided(x, TP_SHAPE(2), TP_SHAPE(-1)));
    ck_error(TP_ERR_SHAPE, "is no geometry");
}
END_TEST

START_TEST(a_tensor_becomes_of_the_type_of_another)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *wide = tp_zeros(TP_SHAPE(1), .dtype = TP_F64), *y = tp_type_as(x, wide);
    ck_assert_int_eq(tp_dtype_of(y), TP_F64);
    ck_ok(tp_backward(tp_sum(tp_mul(y, 3))));
    ck_values(tp_grad_of(x), 3, 3);
    ck_assert_ptr_eq(tp_type_as(wide, wide), wide);
}
END_TEST

START_TEST(dtypes_of_results_are_those_of_the_ops)
{
    TP_SCOPE();
    tp_tensor *whole = tp_ones(TP_SHAPE(2), .dtype = TP_I32), *half = tp_ones(TP_SHAPE(2), .dtype = TP_F16), *one = tp_scalar(1);
    ck_assert_int_eq(tp_result_type(whole, 1.5), TP_F32);
    ck_assert_int_eq(tp_result_type(2, whole), TP_I32);
    ck_assert_int_eq(tp_result_type(half, one), TP_F16);
    ck_assert_int_eq(tp_result_type(half, tp_ones(TP_SHAPE(1))), TP_F32);
    ck_assert_int_eq(tp_result_type(whole, half), tp_dtype_of(tp_add(whole, half)));
    ck_assert_int_eq(tp_result_type(1, 2.5), TP_F32);
    tp_tensor *none = NULL;
    ck_assert_int_eq(tp_result_type(whole, none), TP_DTYPE_DEFAULT);
    ck_fine();
    ck_assert(tp_is_floating_point(half) && !tp_is_floating_point(whole) && !tp_is_floating_point(none));
}
END_TEST

START_TEST(dtypes_that_hold_others_are_known)
{
    static const tp_dtype rising[] = { TP_BOOL, TP_U8, TP_F16, TP_C64 };        /* a kind each */
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) ck_assert_int_eq(tp_can_cast(rising[i], rising[j]), i <= j);
    ck_assert(tp_can_cast(TP_I64, TP_I8) && tp_can_cast(TP_F64, TP_BF16) && tp_can_cast(TP_C128, TP_C64));
    ck_assert(!tp_can_cast(TP_DTYPE_DEFAULT, TP_F32) && !tp_can_cast(TP_F32, TP_DTYPE_END));
    ck_assert(tp_is_floating_dtype(TP_BF16) && !tp_is_floating_dtype(TP_I8) && !tp_is_floating_dtype(TP_C64) && !tp_is_floating_dtype(TP_DTYPE_DEFAULT));
}
END_TEST

START_TEST(an_array_is_a_list)
{
    TP_SCOPE();
    tp_tensor *steps[3];
    for (int i = 0; i < 3; i++) steps[i] = VECTOR(i, 10 * i);
    ck_values(tp_stack(tp_tensors(steps, 3), 0), 0, 0, 1, 10, 2, 20);
    ck_values(tp_cat(tp_tensors(steps + 1, 2), 0), 1, 10, 2, 20);
}
END_TEST

START_TEST(the_processor_tells_what_it_is)
{
    tp_device_properties p;
    ck_ok(tp_get_device_properties(TP_CPU, &p));
    ck_assert(p.name[0] && !strchr(p.name, '\n') && p.total_memory > 1 << 20 && p.free_memory > 0 && p.free_memory <= p.total_memory);
    ck_assert(p.processors >= 1 && !p.major && !p.minor);
    ck_assert_int_eq(tp_get_device_properties(TP_CPU, NULL), TP_ERR_ARGUMENT);
    ck_message("get_device_properties: out is NULL");
    ck_assert_int_eq(tp_get_device_properties(TP_CUDA(15), &p), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "get_device_properties: there is no device cuda:15");
    ck_assert(!p.name[0] && !p.processors && !p.total_memory);
}
END_TEST

START_TEST(peaks_begin_again)
{
    tp_memory m;
    { TP_SCOPE(); tp_zeros(TP_SHAPE(1 << 20)); }
    ck_ok(tp_reset_peak_memory(TP_CPU));
    ck_ok(tp_memory_stats(TP_CPU, &m));
    ck_assert_int_lt(m.peak, m.in_use + (1 << 20));
    const int64_t before = m.peak;
    {
        TP_SCOPE();
        tp_zeros(TP_SHAPE(1 << 20));
        ck_ok(tp_memory_stats(TP_CPU, &m));            /* without pools a peak is seen where it is asked for */
    }
    ck_ok(tp_memory_stats(TP_CPU, &m));
    ck_assert_int_ge(m.peak, before + (4 << 20));
    ck_assert_int_eq(tp_reset_peak_memory(TP_CUDA(15)), TP_ERR_DEVICE);
    ck_error(TP_ERR_DEVICE, "reset_peak_memory: there is no device cuda:15");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("create");
    TCase *t = tcase_create("create");
    tcase_add_test(t, new_tensors_are_of_the_dtype_of_another);
    tcase_add_test(t, new_tensors_say_what_is_wrong);
    tcase_add_test(t, memory_has_the_strides_that_are_asked_for);
    tcase_add_test(t, a_tensor_becomes_of_the_type_of_another);
    tcase_add_test(t, dtypes_of_results_are_those_of_the_ops);
    tcase_add_test(t, dtypes_that_hold_others_are_known);
    tcase_add_test(t, an_array_is_a_list);
    tcase_add_test(t, the_processor_tells_what_it_is);
    tcase_add_test(t, peaks_begin_again);
    suite_add_tcase(s, t);
    return run_suite(s);
}
