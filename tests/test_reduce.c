/* test_reduce.c: what the walk over the registry cannot know of reductions and scans: NaN, ties, empty tensors, every layout and
 * dtype against a plain loop, large tensors on several threads, and the messages of refusals. */
#include "expect.h"
#include "cpu/simd.h"

#include <taper/autograd.h>
#include <taper/extend.h>

/* ---- Against a plain loop ------------------------------------------------------------------------------------------------------- */

enum { SUM, PROD, MAX, MIN, VAR, LOGSUM };
static double plain(int kind, const double *v, int n)
{
    double sum = 0, product = 1, most = v[0], least = v[0], squares = 0, exps = 0;
    for (int i = 0; i < n; i++) {
        sum += v[i];
        product *= v[i];
        most = fmax(most, v[i]);
        least = fmin(least, v[i]);
    }
    for (int i = 0; i < n; i++) squares += (v[i] - sum / n) * (v[i] - sum / n), exps += exp(v[i] - most);
    const double all[] = { sum, product, most, least, squares / (n - 1), most + log(exps) };
    return all[kind];
}

static tp_tensor *reduced(int kind, tp_tensor *x, tp_dims dims)
{
    switch (kind) {
    case SUM: return tp_sum(x, .dims = dims);
    case PROD: return tp_prod(x, .dim = dims.dim[0]);
    case MAX: return tp_amax(x, .dims = dims);
    case MIN: return tp_amin(x, .dims = dims);
    case VAR: return tp_var(x, .dims = dims);
    default: return tp_logsumexp(x, .dims = dims);
    }
}

/* x [a, b, c] over the dims of `gone`, in the layout that permuting by `order` gives. */
static void check_layout(int kind, const int64_t *size, const int *order, unsigned gone)
{
    TP_SCOPE();
    tp_shape shape = { .ndim = 3 };
    for (int d = 0; d < 3; d++) shape.dim[order[d]] = size[d];
    tp_tensor *x = tp_permute(tp_uniform(shape, 0.5, 1.5), TP_DIMS(order[0], order[1], order[2]));
    tp_dims dims = { .n = 0 };
    for (int d = 0; d < 3; d++)
        if (gone >> d & 1) dims.dim[dims.n++] = d;
    tp_tensor *y = tp_contiguous(reduced(kind, x, dims)), *dense = tp_contiguous(x);
    ck_fine();
    const float *v = tp_data(dense), *got = tp_data(y);
    double *terms = malloc((size_t)tp_numel(x) * sizeof *terms);
    for (int64_t out = 0; out < tp_numel(y); out++) {
        int n = 0;
        for (int64_t i = 0; i < tp_numel(x); i++) {
            int64_t at = 0, rest = i, index[3];
            for (int d = 2; d >= 0; d--) index[d] = rest % size[d], rest /= size[d];
            for (int d = 0; d < 3; d++)
                if (!(gone >> d & 1)) at = at * size[d] + index[d];
            if (at == out) terms[n++] = (double)v[i];
        }
        const double want = plain(kind, terms, n);
        ck_assert_msg(n < 2 || fabs((double)got[out] - want) <= 2e-6 * (1 + fabs(want)), "kind %d, dims %u, order %d%d%d: %.9g, not %.9g", kind, gone, order[0],
                      order[1], order[2], (double)got[out], want);
    }
    free(terms);
}

START_TEST(every_layout_gives_what_a_plain_loop_gives)
{
    static const int64_t sizes[][3] = { { 3, 5, 7 }, { 40, 3, 70 }, { 2, 70, 40 }, { 70, 1, 3 } };
    static const int orders[][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 } };
    for (int kind = SUM; kind <= LOGSUM; kind++)
        for (unsigned gone = 1; gone < 8; gone++)
            for (int s = 0; s < 4; s++)
                for (int o = 0; o < 6; o++)
                    if (kind != PROD || gone == 1 || gone == 2 || gone == 4) check_layout(kind, sizes[s], orders[o], gone);
}
END_TEST

START_TEST(large_ones_are_right_and_the_same_on_any_number_of_threads)
{
    static const int64_t shapes[][2] = { { 3, 1 << 19 }, { 1 << 19, 3 }, { 1200, 1500 }, { 100000, 16 }, { 9, 200000 } };
    for (int s = 0; s < 5; s++) {
        TP_SCOPE();
        tp_manual_seed(3);
        tp_tensor *x = tp_uniform(TP_SHAPE(shapes[s][0], shapes[s][1]), 0, 1), *y[2][12];
        for (int t = 0; t < 2; t++) {
            tp_set_num_threads(t ? 3 : 1);
            for (int d = 0; d < 3; d++) {
                const tp_dims dims = d < 2 ? TP_DIMS(d) : (tp_dims){ .n = 0 };
                y[t][4 * d] = tp_sum(x, .dims = dims);
                y[t][4 * d + 1] = tp_amax(x, .dims = dims);
                y[t][4 * d + 2] = tp_var(x, .dims = dims);
                y[t][4 * d + 3] = tp_logsumexp(x, .dims = d < 2 ? dims : TP_DIMS(0, 1));
            }
        }
        ck_fine();
        for (int k = 0; k < 12; k++) ck_assert_msg(tp_equal(y[0][k], y[1][k]), "shape %d, result %d depends on the threads", s, k);
        tp_tensor *wide = tp_sum(tp_to_dtype(x, TP_F64));
        ck_assert_double_eq_tol(tp_item(y[0][8]) / tp_item(wide), 1, 1e-6);
        ck_assert_double_eq_tol(tp_item(y[0][10]), 1. / 12, 1e-3);
    }
}
END_TEST

/* Few terms are added in one order, and nothing is fused: whatever instructions there are. */
START_TEST(few_terms_give_the_same_bits_with_any_instructions)
{
    for (int64_t n = 1; n < 256; n += n < 40 ? 1 : 23) {
        TP_SCOPE();
        tp_tensor *x = tp_mul(tp_randn(TP_SHAPE(20, n)), 1000);
        tp__simd_limit(TP__SIMD_BASE);
        tp_tensor *sum = tp_sum(x, .dims = TP_DIMS(1)), *norm = tp_linalg_vector_norm(x, .dims = TP_DIMS(1));
        for (int level = TP__SIMD_AVX2; level <= TP__SIMD_AVX512; level++) {
            tp__simd_limit(level);
            ck_assert_msg(tp_equal(tp_sum(x, .dims = TP_DIMS(1)), sum), "sums of %d", (int)n);
            ck_assert_msg(tp_equal(tp_linalg_vector_norm(x, .dims = TP_DIMS(1)), norm), "norms of %d", (int)n);
        }
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

START_TEST(a_variance_is_right_far_from_zero)
{
    TP_SCOPE();
    tp_tensor *x = tp_add(tp_uniform(TP_SHAPE(100000), -1, 1, .dtype = TP_F64), 1e6), *mean;
    ck_assert_double_eq_tol(tp_item(tp_var(x)), 1. / 3, 5e-3);
    ck_assert_double_eq_tol(tp_item(tp_var_mean(x, &mean, .correction = 0)), 1. / 3, 5e-3);
    ck_assert_double_eq_tol(tp_item(mean), 1e6, 1e-1);
    ck_assert_double_eq_tol(tp_item(tp_var(tp_add(tp_mul(tp_to_dtype(tp_eq(tp_arange(0, 4096, 1), 5), TP_F32), 64), 4096))), 64. * 64 / 4096, 1e-4);
}
END_TEST

/* ---- NaN, ties, nothing ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_correction_above_the_count_has_an_infinite_variance_and_the_formulas_gradient)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, 3);
    ck_ok(tp_requires_grad(x, true));
    tp_tensor *y = tp_var(x, .correction = 6);
    ck_assert(isinf(tp_item(y)));
    ck_ok(tp_backward(y));
    ck_values(tp_grad_of(x), 0.5, -0.5);               /* 2 / (2 - 6) (x - 2) */
    ck_fine();
}
END_TEST

START_TEST(nan_goes_where_it_goes_in_pytorch)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, NAN, 3), *max, *place;
    ck_assert(isnan(tp_item(tp_sum(x))) && isnan(tp_item(tp_mean(x))) && isnan(tp_item(tp_prod(x))) && isnan(tp_item(tp_var(x))));
    ck_assert(isnan(tp_item(tp_amax(x))) && isnan(tp_item(tp_amin(x))) && isnan(tp_item(tp_max(x))) && isnan(tp_item(tp_min(x))));
    ck_assert(isnan(tp_item(tp_aminmax(x, &max))) && isnan(tp_item(max)) && isnan(tp_item(tp_logsumexp(x, .dims = TP_DIMS(0)))));
    ck_values(tp_nansum(x), 4);
    ck_values(tp_nanmean(x), 2);
    ck_assert_int_eq(tp_item_i64(tp_argmax(x)), 1);
    ck_assert_int_eq(tp_item_i64(tp_argmin(x)), 1);
    tp_min_dim(x, 0, false, &place);
    ck_assert_int_eq(tp_item_i64(place), 1);
    ck_assert_int_eq(tp_item_i64(tp_count_nonzero(x)), 3);
    tp_tensor *y = tp_cummax(x, 0, &place);
    ck_assert(isnan(tp__element(y, 1)) && isnan(tp__element(y, 2)) && tp__element(y, 0) == 1);
    ck_values(place, 0, 1, 1);
    tp_backward(tp_nansum(x));
    ck_values(tp_grad_of(x), 1, 0, 1);
    tp_set_grad(x, NULL);
    tp_backward(tp_max(x));                            /* the NaN is the one that is equal */
    ck_values(tp_grad_of(x), 0, 1, 0);
    ck_fine();
}
END_TEST

START_TEST(equal_ones_share_the_gradient_or_the_first_has_it)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(2, 5, 5, 1), *place;
    tp_backward(tp_amax(x));
    ck_values(tp_grad_of(x), 0, 0.5, 0.5, 0);
    tp_set_grad(x, NULL);
    tp_backward(tp_max(x));
    ck_values(tp_grad_of(x), 0, 0.5, 0.5, 0);
    tp_set_grad(x, NULL);
    tp_backward(tp_max_dim(x, 0, false, &place));
    ck_values(tp_grad_of(x), 0, 1, 0, 0);
    ck_values(place, 1);
    tp_set_grad(x, NULL);
    tp_backward(tp_sum(tp_cummax(x, 0, &place)));         /* here the last of equals */
    ck_values(place, 0, 1, 2, 2);
    ck_values(tp_grad_of(x), 1, 1, 2, 0);
}
END_TEST

START_TEST(products_of_zeros_have_the_right_gradient)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(2, 0, 3);
    tp_backward(tp_prod(x));
    ck_values(tp_grad_of(x), 0, 6, 0);
    tp_set_grad(x, NULL);
    tp_backward(tp_sum(tp_cumprod(x, 0)));
    ck_values(tp_grad_of(x), 1, 8, 0);
    tp_tensor *y = LEAF(0, 4, 0);
    tp_backward(tp_prod(y));
    ck_values(tp_grad_of(y), 0, 0, 0);
}
END_TEST

START_TEST(nothing_has_a_sum_but_no_maximum)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2, 0, 3));
    ck_values(tp_sum(x), 0);
    ck_values(tp_prod(x), 1);
    ck_assert(isnan(tp_item(tp_mean(x))) && isnan(tp_item(tp_var(x))));
    ck_values(tp_all(x), 1);
    ck_values(tp_any(x), 0);
    ck_assert_int_eq(tp_numel(tp_logsumexp(x, .dims = TP_DIMS(2))), 0);
    ck_assert(tp_item(tp_logsumexp(tp_zeros(TP_SHAPE(0)), .dims = TP_DIMS(0))) == -HUGE_VAL);
    ck_assert_int_eq(tp_numel(tp_amax(x, .dims = TP_DIMS(0))), 0);
    ck_assert_ptr_null(tp_amax(x, .dims = TP_DIMS(1)));
    ck_message("amax: dim 1 of [2, 0, 3] is empty");
    ck_assert_ptr_null(tp_amin(x));
    ck_message("amin: [2, 0, 3] has no elements");
    ck_assert_ptr_null(tp_min(x));
    ck_message("min: [2, 0, 3] has no elements");
    ck_assert_ptr_null(tp_argmin(x, .dim = 1));
    ck_message("argmin: dim 1 of [2, 0, 3] is empty");
}
END_TEST

START_TEST(infinities_are_no_accident)
{
    TP_SCOPE();
    ck_assert(tp_item(tp_logsumexp(VECTOR(HUGE_VAL, 1), .dims = TP_DIMS(0))) == HUGE_VAL);
    ck_assert(tp_item(tp_logsumexp(VECTOR(-HUGE_VAL, -HUGE_VAL), .dims = TP_DIMS(0))) == -HUGE_VAL);
    ck_values(tp_logsumexp(VECTOR(1000, 1000), .dims = TP_DIMS(0)), 1000 + log(2));
    ck_values(tp_logcumsumexp(VECTOR(1000, 1000, -1000), 0), 1000, 1000 + log(2), 1000 + log(2));
    ck_assert(tp_item(tp_var(VECTOR(1, 2), .correction = 3)) == HUGE_VAL);
    ck_assert(isnan(tp_item(tp_var(VECTOR(1)))));
}
END_TEST

/* ---- Dtypes ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(dtypes_are_those_of_pytorch)
{
    static const tp_dtype all[] = { TP_BOOL, TP_U8, TP_I8, TP_I16, TP_I32, TP_I64, TP_F16, TP_BF16, TP_F32, TP_F64 };
    TP_SCOPE();
    tp_tensor *const from = VECTOR(1, 0, 1, 1);
    for (int i = 0; i < 10; i++) {
        tp_tensor *x = tp_to_dtype(from, all[i]), *place;
        const tp_dtype summed = all[i] < TP_F32 || all[i] > TP_BF16 ? TP_I64 : all[i];
        ck_assert_int_eq(tp_dtype_of(tp_sum(x)), summed);
        ck_assert_int_eq(tp_dtype_of(tp_prod(x)), summed);
        ck_assert_int_eq(tp_dtype_of(tp_cumsum(x, 0)), summed);
        ck_assert_int_eq(tp_dtype_of(tp_amax(x)), all[i]);
        ck_assert_int_eq(tp_dtype_of(tp_cummin(x, 0, &place)), all[i]);
        ck_assert_int_eq(tp_dtype_of(tp_all(x)), all[i] == TP_U8 ? TP_U8 : TP_BOOL);
        ck_values(tp_sum(x), 3);
        ck_values(tp_prod(x), 0);
        ck_values(tp_amax(x), 1);
        ck_values(tp_min(x), 0);
        ck_values(tp_all(x), 0);
        ck_values(tp_any(x, .dims = TP_DIMS(0), .keepdim = true), 1);
        ck_values(tp_cumsum(x, 0), 1, 1, 2, 3);
        ck_values(tp_count_nonzero(x), 3);
        ck_values(tp_diff(x), all[i] == TP_BOOL ? 1 : all[i] == TP_U8 ? 255 : -1, 1, 0);
    }
    ck_values(tp_sum(tp_to_dtype(VECTOR(100, 100), TP_I8)), 200);
    ck_assert_int_eq(tp_dtype_of(tp_einsum("i->", TP_TENSORS(tp_to_dtype(VECTOR(100, 100), TP_I8)))), TP_I64);
    ck_assert_int_eq(tp_dtype_of(tp_sum(from, .dtype = TP_BOOL)), TP_BOOL);
    ck_values(tp_sum(from, .dtype = TP_BOOL), 1);
    ck_values(tp_mean(tp_to_dtype(from, TP_I64), .dtype = TP_F64), 0.75);
    ck_assert_ptr_null(tp_mean(tp_to_dtype(from, TP_I64)));
    ck_message("mean: a mean is floating, not int64: say .dtype");
    ck_assert_ptr_null(tp_var(tp_to_dtype(from, TP_I64)));
    ck_message("var: takes floating dtypes, not int64");
}
END_TEST

START_TEST(a_norm_by_either_name_is_the_same)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((float[]){ 3, -4, 0, 6, 8, 0 }, TP_F32, TP_SHAPE(2, 3)), *y;
    tp_requires_grad(x, true);
    ck_assert_double_eq_tol(tp_item(tp_norm(x)), 11.180339887, 1e-6);
    ck_assert(tp_equal(y = tp_norm(x, .dims = TP_DIMS(1), .keepdim = true), tp_from_data((float[]){ 5, 10 }, TP_F32, TP_SHAPE(2, 1))));
    ck_assert(tp_equal(tp_norm(x, .p = 1, .dims = TP_DIMS(-1)), tp_from_data((float[]){ 7, 14 }, TP_F32, TP_SHAPE(2))));
    ck_assert(tp_item(tp_norm(x, .p = HUGE_VAL)) == 8 && tp_item(tp_norm(x, .p = 0)) == 4);
    ck_assert_int_eq(tp_dtype_of(tp_norm(x, .dtype = TP_F64)), TP_F64);
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert(tp_allclose(tp_grad_of(x), tp_from_data((float[]){ 0.6f, -0.8f, 0, 0.6f, 0.8f, 0 }, TP_F32, TP_SHAPE(2, 3)), 1e-6, 1e-7));
    ck_assert_ptr_null(tp_norm(x, .dims = TP_DIMS(2)));
    ck_error(TP_ERR_SHAPE, "norm: dim 2");
}
END_TEST

START_TEST(dims_out_of_range_and_given_twice_are_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    ck_assert_ptr_null(tp_sum(x, .dims = TP_DIMS(2)));
    ck_message("sum: dim 2 is out of range for [2, 3]");
    ck_assert_ptr_null(tp_std(x, .dims = TP_DIMS(0, -2)));
    ck_message("std: dim 0 is given twice");
    ck_assert_ptr_null(tp_cumsum(x, -3));
    ck_message("cumsum: dim -3 is out of range for [2, 3]");
    ck_assert_ptr_null(tp_prod(x, .dim = 5));
    ck_message("prod: dim 5 is out of range for [2, 3]");
    ck_assert_ptr_null(tp_diff(x, .n = -1));
    ck_message("diff: the order -1 is negative");
    ck_values(tp_sum(tp_ones((tp_shape){ 0 }), .dims = TP_DIMS(-1), .keepdim = true), 1);
}
END_TEST

START_TEST(scans_go_along_any_dim_and_in_place)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(tp_arange(1, 7, 1), TP_SHAPE(2, 3));
    ck_values(tp_cumsum(x, 0), 1, 2, 3, 5, 7, 9);
    ck_values(tp_cumsum(x, 1), 1, 3, 6, 4, 9, 15);
    ck_values(tp_cumprod(tp_transpose(x, 0, 1), 0), 1, 4, 2, 20, 6, 120);
    tp_tensor *y = tp_clone(x), *row = tp_select(y, 0, 1);
    ck_assert_ptr_eq(tp_cumsum_(row, 0), row);
    ck_values(y, 1, 2, 3, 4, 9, 15);
    tp_cumprod_(tp_transpose(y, 0, 1), 1);
    ck_values(y, 1, 2, 3, 4, 18, 45);
}
END_TEST

/* PyTorch's last bits: powers rounded to float32 and added there, by p and 1 / p in float32. One alone is its size, to the bit. */
START_TEST(norms_of_other_orders_are_pytorchs_to_the_bit)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((float[]){ 0.3f, -1.7f, 2.9f }, TP_F32, TP_SHAPE(3));
    const double orders[] = { 1.2, 0.5, 3, 5, -1.5 };
    const float told[] = { 4.27371264f, 12.6344824f, 3.08389163f, 2.93908882f, 0.28027451f };
    for (int i = 0; i < 5; i++) {
        ck_assert(tp_item(tp_linalg_vector_norm(x, .ord = orders[i])) == (double)told[i]);
        ck_assert(tp_equal(tp_linalg_vector_norm(tp_reshape(x, TP_SHAPE(3, 1)), .ord = orders[i], .dims = TP_DIMS(1)), tp_abs(x)));
    }
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reduce");
    TCase *tests = tcase_create("reduce");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_layout_gives_what_a_plain_loop_gives);
    tcase_add_test(tests, large_ones_are_right_and_the_same_on_any_number_of_threads);
    tcase_add_test(tests, few_terms_give_the_same_bits_with_any_instructions);
    tcase_add_test(tests, a_variance_is_right_far_from_zero);
    tcase_add_test(tests, a_correction_above_the_count_has_an_infinite_variance_and_the_formulas_gradient);
    tcase_add_test(tests, nan_goes_where_it_goes_in_pytorch);
    tcase_add_test(tests, equal_ones_share_the_gradient_or_the_first_has_it);
    tcase_add_test(tests, products_of_zeros_have_the_right_gradient);
    tcase_add_test(tests, nothing_has_a_sum_but_no_maximum);
    tcase_add_test(tests, infinities_are_no_accident);
    tcase_add_test(tests, dtypes_are_those_of_pytorch);
    tcase_add_test(tests, a_norm_by_either_name_is_the_same);
    tcase_add_test(tests, dims_out_of_range_and_given_twice_are_refused);
    tcase_add_test(tests, scans_go_along_any_dim_and_in_place);
    tcase_add_test(tests, norms_of_other_orders_are_pytorchs_to_the_bit);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
