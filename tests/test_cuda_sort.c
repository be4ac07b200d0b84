/* tests/test_cuda_sort.c: all ops that put long rows in order, with and without CUB (TAPER_CUDA_CUB=0): the CPU's values and places to the bit, of
 * every dtype, with NaN, -0 and many equals, rows of one length alone and side by side, none, and where memory fails in between. */
#include "cuda_same.h"

#include <stdlib.h>

#define SAME_BITS(call_of_x) do { \
        tp_tensor *x = a, *want = call_of_x; \
        x = da; \
        same_bits(call_of_x, want, #call_of_x); \
    } while (0)

static const tp_dtype reals[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL };
enum { N_REALS = 10, LONG = 2600, WAYS = 2 };
static bool is_float(tp_dtype dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }

/* Numbers of which there are many equals, in floats all that orders strangely, of int64 in both halves of the key. A NaN's bits go where it goes: all
 * are one NaN. */
static tp_tensor *mixed(tp_shape shape, tp_dtype dtype)
{
    tp_tensor *x = tp_to_dtype(tp_randint(dtype == TP_U8 || dtype == TP_BOOL ? 0 : -50, 50, shape), dtype), *flat = tp_reshape(x, TP_SHAPE(-1));
    if (dtype == TP_I64) return tp_mul(x, ((int64_t)1 << 40) + 1);
    if (!is_float(dtype)) return x;
    tp_fill_(tp_narrow(flat, 0, 3, 200), NAN);
    tp_fill_(tp_narrow(flat, 0, 700, 1), -INFINITY);
    tp_fill_(tp_narrow(flat, 0, 1701, 1), INFINITY);
    tp_fill_(tp_narrow(flat, 0, 2000, 90), -0.0);
    tp_fill_(tp_narrow(flat, 0, 2090, 90), 0.0);
    return x;
}

/* With CUB where i is even */
static void begin_way(int i)
{
    if (i % WAYS) setenv("TAPER_CUDA_CUB", "0", 1);
    else unsetenv("TAPER_CUDA_CUB");
    begin(i / WAYS);
}

static void sorts(tp_tensor *a, tp_tensor *da, bool descending)
{
    tp_tensor *places, *there_places, *values = tp_sort(a, .descending = descending, .indices = &places);
    same_bits(tp_sort(da, .descending = descending, .indices = &there_places), values, "sort");
    same_bits(there_places, places, "places of sort");
}

START_TEST(long_rows_are_sorted)
{
    begin_way(_i);
    for (int k = 0; k < N_REALS; k++) {
        TP_SCOPE();
        const tp_shape shapes[] = { TP_SHAPE(LONG), TP_SHAPE(2, 2049), TP_SHAPE(5, 2100) };
        for (int s = 0; s < 3; s++) {
            tp_tensor *a = mixed(shapes[s], reals[k]), *da = there(a);
            sorts(a, da, false);
            sorts(a, da, true);
        }
        tp_tensor *a = mixed(TP_SHAPE(LONG, 2), reals[k]), *da = there(a);
        SAME_BITS(tp_msort(x));
        SAME_BITS(tp_argsort(x, .dim = 0, .descending = true));
    }
}
END_TEST

static long long counted(const char *name)
{
    void *found = cuda_host_function(name);
    long long (*count)(void);
    memcpy(&count, &found, sizeof count);
    return count ? count() : 0;
}

/* A row alone, and very long ones, each of which CUB is asked for, and rows side by side, for which it is once; keys of 8 to 64 bits take an odd or
 * an even number of passes. */
START_TEST(cub_has_the_rows_that_it_is_for)
{
    begin_way(_i);
    for (int k = 0; k < N_REALS; k++) {
        TP_SCOPE();
        tp_tensor *one = mixed(TP_SHAPE(LONG), reals[k]), *rows = mixed(TP_SHAPE(3, 65600), reals[k]), *beside = mixed(TP_SHAPE(7, LONG), reals[k]);
        sorts(one, there(one), k % 2);
        sorts(rows, there(rows), k % 2 == 0);
        sorts(beside, there(beside), k % 2);
    }
    if (!cuda_host_needed("taper_cuda_host_count_sorts")) return;
    ck_assert_int_eq(counted("taper_cuda_host_count_sorts"), _i % WAYS ? 0 : 5 * N_REALS);
    ck_assert_int_eq(counted("taper_cuda_host_count_sorted_rows"), _i % WAYS ? 0 : 7 * N_REALS);
}
END_TEST

/* Few or all bits of a key differ, and rows are in order already or in none. */
START_TEST(rows_of_any_order_are_sorted)
{
    begin_way(_i);
    TP_SCOPE();
    tp_tensor *rising = tp_arange(0, LONG, 1, .dtype = TP_F32);
    tp_tensor *const rows[] = { rising, tp_flip(rising, TP_DIMS(0)), tp_full(TP_SHAPE(LONG), 7),
        tp_randn(TP_SHAPE(LONG)), tp_mul(tp_randn(TP_SHAPE(LONG)), 1e30),
        tp_randint(INT64_MIN / 2, INT64_MAX / 2, TP_SHAPE(LONG)), tp_randn(TP_SHAPE(LONG), .dtype = TP_F64) };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sorts(rows[i], there(rows[i]), false);
        sorts(rows[i], there(rows[i]), true);
    }
    tp_tensor *const none[] = { tp_zeros(TP_SHAPE(0)), tp_zeros(TP_SHAPE(0, LONG)), tp_zeros(TP_SHAPE(3, 0)), tp_zeros(TP_SHAPE(LONG, 1)) };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) sorts(none[i], there(none[i]), false);
}
END_TEST

START_TEST(what_stands_on_an_order_is_right)
{                                                      /* each order of threads has some of the dtypes */
    begin_way(_i);
    for (int k = _i / WAYS; k < N_REALS; k += cuda_orders()) {
        TP_SCOPE();
        tp_tensor *a = mixed(TP_SHAPE(2, LONG), reals[k]), *da = there(a), *inverse, *counts, *there_inverse, *there_counts;
        SAME_BITS(tp_topk(x, 11));
        SAME_BITS(tp_topk(x, 2200, .largest = false));
        SAME_BITS(tp_kthvalue(x, 2100));
        tp_tensor *values = tp_unique(a, .inverse = &inverse, .counts = &counts);
        same_bits(tp_unique(da, .inverse = &there_inverse, .counts = &there_counts), values, "unique");
        same_bits(there_inverse, inverse, "inverse of unique");
        same_bits(there_counts, counts, "counts of unique");
        SAME_BITS(tp_nonzero(x));
        if (reals[k] == TP_BOOL) continue;
        SAME_BITS(tp_median(x));
        SAME_BITS(tp_nanmedian(x));
        SAME_BITS(tp_median_dim(x, 1, false, NULL));
        SAME_BITS(tp_mode(x));
    }
}
END_TEST

/* Indices are sorted so that what falls on one place is added in their order: whole numbers, whose sums are exact, of 3000 indices. */
START_TEST(gradients_of_many_indices_are_added)
{
    begin_way(_i);
    for (int few = 0; few < 2; few++) {
        TP_SCOPE();
        const int64_t n = few ? 3 : 4000;
        tp_tensor *index = tp_randint(0, n, TP_SHAPE(3000)), *source = tp_to_dtype(tp_randint(-9, 9, TP_SHAPE(3000, 2)), TP_F32);
        tp_tensor *w = tp_zeros(TP_SHAPE(n, 2)), *dw = there(w), *dsource = there(source), *dindex = there(index);
        same_bits(tp_index_add(dw, 0, dindex, dsource), tp_index_add(w, 0, index, source), "index_add");
        ck_ok(tp_requires_grad(w, true));
        ck_ok(tp_requires_grad(dw, true));
        ck_ok(tp_backward(tp_sum(tp_mul(tp_embedding(index, w), source))));
        ck_ok(tp_backward(tp_sum(tp_mul(tp_embedding(dindex, dw), dsource))));
        same_bits(tp_grad_of(dw), tp_grad_of(w), "gradient of embedding");
    }
}
END_TEST

START_TEST(a_sort_without_memory_is_an_error_and_loses_nothing)
{
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    begin_way(_i);
    TP_SCOPE();
    tp_tensor *x = tp_rand(TP_SHAPE(LONG)), *dx = there(x);
    if (!cuda_fail_at(0)) return;
    int64_t n = 1;
    for (;; n++) {
        TP_SCOPE();
        const int64_t before = device_memory().in_use;
        cuda_fail_at(n);
        tp_tensor *y = tp_sort(dx);
        cuda_fail_at(0);
        if (y) break;
        ck_error(TP_ERR_MEMORY, "sort: ");
        ck_assert_int_eq(device_memory().in_use, before);
    }
    ck_assert_int_ge(n, 4);                            /* values, places, keys, what the sort wants */
    same_bits(tp_sort(dx), tp_sort(x), "sort");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_sort");
    TCase *t = tcase_create("cuda_sort");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        const int ways = WAYS * cuda_orders();
        tcase_add_loop_test(t, long_rows_are_sorted, 0, ways);
        tcase_add_loop_test(t, cub_has_the_rows_that_it_is_for, 0, ways);
        tcase_add_loop_test(t, rows_of_any_order_are_sorted, 0, ways);
        tcase_add_loop_test(t, what_stands_on_an_order_is_right, 0, ways);
        tcase_add_loop_test(t, gradients_of_many_indices_are_added, 0, ways);
        tcase_add_loop_test(t, a_sort_without_memory_is_an_error_and_loses_nothing, 0, ways);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
