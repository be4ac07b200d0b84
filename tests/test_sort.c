/* test_sort.c: order along a dim: every dtype, NaN and ties, against a sort by insertion. */
#include "expect.h"

static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL };
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static tp_tensor *whole(const int64_t *v, int n) { return tp_from_data(v, TP_I64, TP_SHAPE(n)); }
#define WHOLE(...) whole((const int64_t[]){ __VA_ARGS__ }, TP__COUNT(int64_t, __VA_ARGS__))

/* n values with many ties; zeros of both signs, infinities and NaN among floats, all 64 bits among int64. */
static tp_tensor *values_in(tp_dtype dtype, int64_t n, int kind)
{
    tp_tensor *x = tp_randint(dtype == TP_U8 || dtype == TP_BOOL ? 0 : -40, dtype == TP_BOOL ? 2 : 40, TP_SHAPE(n), .dtype = TP_F64);
    if (kind == 1 && dtype <= TP_BF16) x = tp_mul(x, 0.37);
    if (kind == 2 && dtype <= TP_BF16) {
        double *v = tp_data_mut(x);
        for (int64_t i = 0; i < n; i++)
            v[i] = i % 7 == 0 ? NAN : i % 7 == 1 ? -0.0 : i % 7 == 2 ? 0.0 : i % 11 == 3 ? -INFINITY : i % 13 == 4 ? INFINITY : v[i] * 1e-3;
    }
    x = tp_to_dtype(x, dtype);
    if (kind == 2 && dtype == TP_I64 && n > 3) {
        int64_t *v = tp_data_mut(x);
        v[1] = INT64_MIN;
        v[n - 1] = INT64_MAX;
    }
    return x;
}

static bool before(double a, double b, bool descending)
{
    if (isnan(a) || isnan(b)) return descending ? isnan(a) && !isnan(b) : isnan(b) && !isnan(a);
    return descending ? a > b : a < b;
}

static void check_order(tp_dtype dtype, int64_t n, int kind, bool descending)
{
    TP_SCOPE();
    tp_tensor *const x = values_in(dtype, n, kind), *places, *const y = tp_sort(x, .descending = descending, .indices = &places);
    ck_assert(y && places);
    ck_assert_int_eq(tp_dtype_of(y), dtype);
    const int64_t *at = tp_data(places);
    tp_tensor *const wide = tp_to_dtype(x, TP_F64), *const sorted = tp_to_dtype(y, TP_F64);
    const double *v = tp_data(wide), *s = tp_data(sorted);
    char *seen = calloc((size_t)n + 1, 1);
    for (int64_t i = 0; i < n; i++) {
        ck_assert(at[i] >= 0 && at[i] < n && !seen[at[i]]);
        seen[at[i]] = 1;
        ck_assert_msg(!memcmp((const char *)tp_data(y) + (size_t)i * tp_dtype_size(dtype), (const char *)tp_data(x) + (size_t)at[i] * tp_dtype_size(dtype),
                              tp_dtype_size(dtype)), "%s, %d: element %d is %g, and not %g", tp_dtype_name(dtype), kind, (int)i, s[i], v[at[i]]);
        if (!i || dtype == TP_I64) continue;           /* a double does not tell all int64 apart */
        ck_assert_msg(!before(v[at[i]], v[at[i - 1]], descending), "%s, %d, %d: out of order at %d", tp_dtype_name(dtype), kind, descending, (int)i);
        if (!before(v[at[i - 1]], v[at[i]], descending)) ck_assert_msg(at[i - 1] < at[i], "%s, %d: not stable at %d", tp_dtype_name(dtype), kind, (int)i);
    }
    for (int64_t i = 1; i < n && dtype == TP_I64; i++) {
        const int64_t a = ((const int64_t *)tp_data(y))[i - 1], b = ((const int64_t *)tp_data(y))[i];
        ck_assert(descending ? a >= b : a <= b);
        if (a == b) ck_assert(at[i - 1] < at[i]);
    }
    free(seen);
    for (int64_t k = 1; k <= n; k = 3 * k + 1) {       /* the first k of them, however they are found */
        tp_tensor *first_at, *const first = tp_topk(x, k, .largest = descending, .indices = &first_at);
        ck_assert_msg(first && tp_equal(first_at, tp_narrow(places, 0, 0, k)), "%s, %d, %d: the first %d of %d",
                      tp_dtype_name(dtype), kind, descending, (int)k, (int)n);
        ck_assert(!memcmp(tp_data(first), tp_data(y), (size_t)k * tp_dtype_size(dtype)));
        if (descending) continue;
        tp_tensor *kth_at, *const kth = tp_kthvalue(x, k, .indices = &kth_at);
        ck_assert(tp_ndim(kth) == 0 && tp_item_i64(kth_at) == at[k - 1]);
    }
}

START_TEST(every_dtype_is_sorted_and_ties_keep_their_order)
{
    static const int64_t sizes[] = { 1, 2, 7, 48, 49, 300, 5000 };
    for (int d = 0; d < DTYPES; d++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int kind = 0; kind < 3; kind++)
                for (int descending = 0; descending < 2; descending++) check_order(dtypes[d], sizes[i], kind, descending);
    ck_fine();
}
END_TEST

START_TEST(any_dim_may_be_sorted)
{
    TP_SCOPE();
    tp_tensor *const x = tp_reshape(VECTOR(3, 1, 2, 6, 5, 4), TP_SHAPE(2, 3)), *where;
    ck_values(tp_sort(x), 1, 2, 3, 4, 5, 6);
    ck_values(tp_sort(x, .dim = 0, .descending = true, .indices = &where), 6, 5, 4, 3, 1, 2);
    ck_values(where, 1, 1, 1, 0, 0, 0);
    ck_values(tp_sort(tp_transpose(x, 0, 1), .dim = 0), 1, 4, 2, 5, 3, 6);
    ck_values(tp_argsort(x), 1, 2, 0, 2, 1, 0);
    ck_values(tp_msort(x), 3, 1, 2, 6, 5, 4);
    ck_values(tp_topk(x, 1, .dim = 0), 6, 5, 4);
    ck_values(tp_topk(x, 2, .largest = false), 1, 2, 4, 5);
    ck_values(tp_kthvalue(x, 2, .keepdim = true), 2, 5);
    ck_values(tp_sort(tp_scalar(3), .indices = &where), 3);
    ck_values(where, 0);
    ck_assert_int_eq(tp_numel(tp_sort(tp_zeros(TP_SHAPE(0, 3)), .dim = 0)), 0);
    ck_fine();
    ck_assert_ptr_null(tp_topk(x, 4, .indices = &where));
    ck_assert_ptr_null(where);
    ck_message("topk: k is 4, and dim 1 has 3 elements");
    ck_assert_ptr_null(tp_sort(x, .dim = 2));
    ck_error(TP_ERR_SHAPE, "sort: dim 2 is out of range for [2, 3]");
    ck_assert_ptr_null(tp_kthvalue(x, 0));
    ck_error(TP_ERR_ARGUMENT, "kthvalue: k is 0");
}
END_TEST

START_TEST(gradients_go_back_to_where_values_stood)
{
    TP_SCOPE();
    tp_tensor *const x = LEAF(3, 1, 2);
    tp_backward(tp_sum(tp_mul(tp_sort(x, .descending = true), VECTOR(1, 10, 100))));
    ck_values(tp_grad_of(x), 1, 100, 10);
    tp_set_grad(x, NULL);
    tp_backward(tp_sum(tp_topk(x, 2)));
    ck_values(tp_grad_of(x), 1, 0, 1);
    ck_fine();
}
END_TEST

/* ---- Medians, modes, quantiles -------------------------------------------------------------------------------------------------------- */

static void check_middle(tp_dtype dtype, int64_t n, int kind)
{
    TP_SCOPE();
    tp_tensor *const x = values_in(dtype, n, kind), *const y = tp_sort(x);
    const bool nan = dtype <= TP_BF16 && kind == 2;
    tp_tensor *at, *const middle = tp_median_dim(x, 0, false, &at), *const other = tp_nanmedian_dim(x, 0, false, NULL);
    ck_assert(middle && other);
    if (nan) ck_assert(isnan(tp_item(middle)) && tp_item_i64(at) == 0);
    else ck_assert(tp_equal(middle, tp_select(y, 0, (n - 1) / 2)) && tp_equal(middle, other) && tp_equal(middle, tp_median(x)));
    int64_t numbers = 0;
    for (int64_t i = 0; i < n; i++) numbers += dtype > TP_BF16 || !isnan(tp__element(y, i));
    if (numbers) ck_assert(tp_equal(other, tp_select(y, 0, (numbers - 1) / 2)) && tp_equal(other, tp_nanmedian(x)));
    tp_tensor *const often = tp_mode(x, .indices = &at);
    int64_t most = 0, run = 1, best = 0;
    for (int64_t i = 0; i < n; i++, run++) {
        if (i + 1 < n && tp_equal(tp_select(y, 0, i), tp_select(y, 0, i + 1))) continue;
        if (run > most) most = run, best = i;
        run = 0;
    }
    tp_tensor *const least = tp_select(y, 0, best), *const there = tp_select(x, 0, tp_item_i64(at));
    if (isnan(tp_item(least))) ck_assert(isnan(tp_item(often)) && isnan(tp_item(there)));
    else ck_assert(tp_equal(often, least) && tp_equal(often, there));
}

START_TEST(middles_and_modes_are_those_of_the_sorted_values)
{
    static const int64_t sizes[] = { 1, 2, 7, 60, 301 };
    for (int d = 0; d < DTYPES - 1; d++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int kind = 0; kind < 3; kind++) check_middle(dtypes[d], sizes[i], kind);
    ck_fine();
}
END_TEST

START_TEST(a_median_knows_nan_and_what_is_empty)
{
    TP_SCOPE();
    tp_tensor *where, *const x = tp_reshape(VECTOR(3, 1, NAN, 2, 5, 4), TP_SHAPE(2, 3));
    tp_tensor *const y = tp_median_dim(tp_transpose(x, 0, 1), 0, true, &where);
    ck_assert(tp_ndim(y) == 2 && isnan(tp__element(y, 0)) && tp__element(y, 1) == 4);
    ck_values(where, 2, 2);
    ck_values(tp_nanmedian_dim(x, -1, false, &where), 1, 4);
    ck_values(where, 1, 2);
    ck_assert(isnan(tp_item(tp_median(x))));
    ck_values(tp_nanmedian(x), 3);
    ck_assert(isnan(tp_item(tp_median(tp_zeros(TP_SHAPE(0))))) && isnan(tp_item(tp_nanmedian_dim(VECTOR(NAN, NAN), 0, false, NULL))));
    ck_assert_int_eq(tp_numel(tp_median_dim(tp_zeros(TP_SHAPE(3, 0)), 0, false, NULL)), 0);
    ck_values(tp_mode(VECTOR(3, 1, 1, 3, 2), .indices = &where), 1);
    ck_values(where, 2);
    tp_tensor *const leaf = LEAF(1, 2, 2, 2);
    tp_backward(tp_median(leaf));
    ck_values(tp_grad_of(leaf), 0, 1. / 3, 1. / 3, 1. / 3);
    ck_fine();
    ck_assert_ptr_null(tp_median_dim(tp_zeros(TP_SHAPE(0, 3)), 0, false, NULL));
    ck_message("median: dim 0 of [0, 3] is empty");
    ck_assert_ptr_null(tp_median(tp_zeros(TP_SHAPE(2), .dtype = TP_BOOL)));
    ck_error(TP_ERR_DTYPE, "median: bool has no median");
    ck_assert_ptr_null(tp_mode(x, .dim = 2));
    ck_error(TP_ERR_SHAPE, "mode: dim 2 is out of range");
}
END_TEST

START_TEST(quantiles_lie_between_elements)
{
    TP_SCOPE();
    tp_tensor *const x = tp_reshape(VECTOR(5, 1, 2, 9, 7, 8), TP_SHAPE(2, 3)), *const parts = VECTOR(0, .25, 1);
    ck_values(tp_quantile(x, .5), 6);
    ck_values(tp_quantile(x, parts, .dim = 1), 1, 7, 1.5, 7.5, 5, 9);
    ck_values(tp_quantile(x, .25, .dim = 1, .interpolation = TP_QUANTILE_LOWER), 1, 7);
    ck_values(tp_quantile(x, .25, .dim = 1, .interpolation = TP_QUANTILE_HIGHER), 2, 8);
    ck_values(tp_quantile(x, .4, .dim = 1, .interpolation = TP_QUANTILE_MIDPOINT), 1.5, 7.5);
    ck_values(tp_quantile(VECTOR(0, 1, 2, 3), .5, .interpolation = TP_QUANTILE_NEAREST), 2);
    ck_assert(tp_ndim(tp_quantile(x, parts, .keepdim = true)) == 3 && tp_ndim(tp_quantile(x, .5, .keepdim = true)) == 2);
    ck_assert_int_eq(tp_numel(tp_quantile(x, tp_zeros(TP_SHAPE(0)))), 0);
    ck_values(tp_nanquantile(VECTOR(1, NAN, 2), parts), 1, 1.25, 2);
    ck_assert(isnan(tp_item(tp_quantile(VECTOR(1, NAN, 2), 0))) && isnan(tp_item(tp_nanquantile(VECTOR(NAN, NAN), .5))));
    ck_fine();
    ck_assert_ptr_null(tp_quantile(x, 1.5));
    ck_error(TP_ERR_ARGUMENT, "quantile: q is 1.5, and has to be in [0, 1]");
    ck_assert_ptr_null(tp_nanquantile(x, VECTOR(.5, NAN)));
    ck_error(TP_ERR_ARGUMENT, "nanquantile: q is ");
    ck_assert_ptr_null(tp_quantile(WHOLE(1, 2), .5));
    ck_error(TP_ERR_DTYPE, "quantile: takes float32 or float64, not int64");
    ck_assert_ptr_null(tp_quantile(tp_zeros(TP_SHAPE(3, 0)), .5));
    ck_error(TP_ERR_SHAPE, "quantile: [3, 0] has no elements");
    ck_assert_ptr_null(tp_quantile(x, tp_zeros(TP_SHAPE(1), .dtype = TP_F64)));
    ck_error(TP_ERR_DTYPE, "quantile: q is float64, and the input float32");
}
END_TEST

/* ---- Search and counting ------------------------------------------------------------------------------------------------------------ */

START_TEST(values_are_found_in_sorted_sequences)
{
    TP_SCOPE();
    tp_tensor *const s = VECTOR(1, 3, 3, 5);
    ck_values(tp_searchsorted(s, VECTOR(0, 3, 4, 9, NAN)), 0, 1, 3, 4, 4);
    ck_values(tp_searchsorted(s, VECTOR(1, 3), .right = true, .out_int32 = true), 1, 3);
    ck_values(tp_searchsorted(s, 3), 1);
    ck_values(tp_searchsorted(VECTOR(5, 1, 3), VECTOR(2, 5), .sorter = WHOLE(1, 2, 0)), 1, 2);
    ck_values(tp_searchsorted(tp_reshape(VECTOR(1, 2, 3, 4), TP_SHAPE(2, 2)), tp_reshape(VECTOR(2, 2), TP_SHAPE(2, 1))), 1, 0);
    ck_values(tp_bucketize(VECTOR(0, 3, 9), s, .right = true), 0, 3, 4);
    ck_values(tp_isin(WHOLE(1, 2, 3, 4), WHOLE(4, 2)), 0, 1, 0, 1);
    ck_values(tp_isin(VECTOR(NAN, 7), VECTOR(NAN, 7)), 0, 1);
    ck_values(tp_isin(WHOLE(1, 2), 2), 0, 1);
    ck_fine();
    ck_assert_ptr_null(tp_searchsorted(VECTOR(5, 1, 3), VECTOR(2), .sorter = WHOLE(1, 2, 3)));
    ck_error(TP_ERR_INDEX, "searchsorted: index 3 of the sorter is out of range for a row of 3");
    ck_assert_ptr_null(tp_bucketize(s, tp_zeros(TP_SHAPE(2, 2))));
    ck_error(TP_ERR_SHAPE, "bucketize: the boundaries [2, 2] have to have one dim");
}
END_TEST

START_TEST(values_are_counted_and_made_unique)
{
    TP_SCOPE();
    tp_tensor *inverse, *counts;
    ck_values(tp_bincount(WHOLE(1, 3, 1)), 0, 2, 0, 1);
    ck_values(tp_bincount(WHOLE(1, 3, 1), .weights = VECTOR(.5, 2, 1), .minlength = 5), 0, 1.5, 0, 2, 0);
    ck_values(tp_histc(VECTOR(1, 2, 1, 5), .bins = 4), 2, 1, 0, 1);
    ck_values(tp_histc(VECTOR(1, 2, 1, 5), .bins = 2, .max = 4), 2, 1);
    ck_values(tp_unique(WHOLE(3, 1, 3, 2), .inverse = &inverse, .counts = &counts), 1, 2, 3);
    ck_values(inverse, 2, 0, 2, 1);
    ck_values(counts, 1, 1, 2);
    ck_values(tp_unique_consecutive(WHOLE(3, 3, 1, 3), .counts = &counts), 3, 1, 3);
    ck_values(counts, 2, 1, 1);
    ck_values(tp_unique(tp_reshape(WHOLE(2, 1, 0, 5, 2, 1), TP_SHAPE(3, 2)), .dim = 0, .inverse = &inverse), 0, 5, 2, 1);
    ck_values(inverse, 1, 0, 1);
    ck_assert_int_eq(tp_numel(tp_unique(VECTOR(NAN, 1, NAN))), 3);
    ck_fine();
    ck_assert_ptr_null(tp_unique(tp_select(WHOLE(2, 1), 0, 0), .dim = -1));
    ck_message("unique: dim -1 of a tensor without dims");
    ck_assert_ptr_null(tp_bincount(WHOLE(1, -3)));
    ck_message("bincount: value -3 at 1 is negative");
    ck_assert_ptr_null(tp_histc(VECTOR(1, INFINITY)));
    ck_error(TP_ERR_NUMERIC, "histc: the values are not all finite");
}
END_TEST

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    TP_SCOPE();
    tp_tensor *const x = tp_randn(TP_SHAPE(60, 900)), *y[2], *at[2], *few[2];
    for (int i = 0; i < 2; i++) {
        tp_set_num_threads(i ? 3 : 1);
        y[i] = tp_sort(x, .indices = &at[i]);
        few[i] = tp_topk(x, 5);
    }
    tp_set_num_threads(1);
    ck_assert(tp_equal(y[0], y[1]) && tp_equal(at[0], at[1]) && tp_equal(few[0], few[1]));
}
END_TEST

START_TEST(long_rows_are_shared_by_threads)
{
    enum { LONG = 70001 };
    tp_set_num_threads(3);
    for (int d = 0; d < DTYPES; d++)
        for (int kind = 0; kind < 3; kind++) {
            TP_SCOPE();
            tp_tensor *const x = values_in(dtypes[d], LONG, kind), *y[2], *at[2];
            for (int i = 0; i < 2; i++) {
                tp_set_num_threads(i ? 3 : 1);
                y[i] = tp_sort(x, .descending = kind == 1, .indices = &at[i]);
                ck_assert(y[i] && at[i]);
            }
            ck_assert(tp_equal(at[0], at[1]));
            ck_assert(!memcmp(tp_data(y[0]), tp_data(y[1]), LONG * tp_dtype_size(dtypes[d])));
        }
    tp_set_num_threads(3);
    check_order(TP_F32, LONG, 2, true);
    TP_SCOPE();
    tp_tensor *at, *const same = tp_sort(tp_full(TP_SHAPE(2, LONG), -0.0), .indices = &at), *const places = tp_arange(0, LONG, 1, .dtype = TP_I64);
    ck_assert(signbit(tp__element(same, LONG)) && tp_equal(tp_select(at, 0, 0), places) && tp_equal(tp_select(at, 0, 1), places));
    tp_tensor *const strided = tp_transpose(tp_randn(TP_SHAPE(LONG, 2)), 0, 1);
    ck_assert(tp_equal(tp_sort(strided, .descending = true), tp_sort(tp_contiguous(strided), .descending = true)));
    tp_set_num_threads(1);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sort");
    TCase *tests = tcase_create("sort");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_dtype_is_sorted_and_ties_keep_their_order);
    tcase_add_test(tests, any_dim_may_be_sorted);
    tcase_add_test(tests, gradients_go_back_to_where_values_stood);
    tcase_add_test(tests, middles_and_modes_are_those_of_the_sorted_values);
    tcase_add_test(tests, a_median_knows_nan_and_what_is_empty);
    tcase_add_test(tests, quantiles_lie_between_elements);
    tcase_add_test(tests, values_are_found_in_sorted_sequences);
    tcase_add_test(tests, values_are_counted_and_made_unique);
    tcase_add_test(tests, results_do_not_depend_on_the_number_of_threads);
    tcase_add_test(tests, long_rows_are_shared_by_threads);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
