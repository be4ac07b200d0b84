/* tests/test_cuda_index.c: order, indices and what moves elements on the device, where shapes are large or odd enough for every
 * path of the kernels: rows that are sorted in shared memory and those that are not, few indices and many. */
#include "cuda_same.h"

/* Equal to the bit, a NaN being equal to a NaN */
static void equal(tp_tensor *got, tp_tensor *want, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_device_of(got) == DEVICE, "%s: it is not on the device", what);
    got = tp_to(got, TP_CPU);
    ck_assert_msg(tp_dtype_of(got) == tp_dtype_of(want) && tp_numel(got) == tp_numel(want), "%s: dtype or size", what);
    if (!tp_numel(want)) return;
    const double unlike = tp_item(tp_sum(tp_logical_and(tp_ne(got, want), tp_logical_not(tp_logical_and(tp_isnan(got), tp_isnan(want))))));
    ck_assert_msg(unlike == 0, "%s: %g elements differ", what, unlike);
}
#define EQUAL(call_of_x) do { \
        tp_tensor *x = a, *y = b, *want = call_of_x; \
        x = da, y = db; \
        equal(call_of_x, want, #call_of_x); \
        (void)x, (void)y; \
    } while (0)

static const tp_dtype reals[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8, TP_BOOL };
enum { N_REALS = 10 };

/* Whole numbers with many equals; floats get a NaN, an infinity and a -0 besides. */
static tp_tensor *mixed(tp_shape shape, tp_dtype dtype)
{
    const bool is_float = dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16;
    tp_tensor *x = tp_to_dtype(tp_randint(dtype == TP_U8 || dtype == TP_BOOL ? 0 : -50, 50, shape), dtype);
    if (!is_float) return dtype == TP_I64 ? tp_mul(x, (int64_t)1 << 40) : x;
    tp_tensor *flat = tp_reshape(x, TP_SHAPE(-1));
    tp_fill_(tp_narrow(flat, 0, 3, 2), NAN);
    tp_fill_(tp_narrow(flat, 0, 7, 1), -INFINITY);
    tp_fill_(tp_narrow(flat, 0, 9, 3), -0.0);
    return x;
}

static void sorts(tp_tensor *x, tp_tensor *dx, bool descending)
{
    tp_tensor *places, *there_places, *values = tp_sort(x, .descending = descending, .indices = &places);
    equal(tp_sort(dx, .descending = descending, .indices = &there_places), values, "sort");
    equal(there_places, places, "places of sort");
}

START_TEST(rows_are_sorted)
{
    begin(_i);
    for (int k = 0; k < N_REALS; k++) {
        TP_SCOPE();
        const tp_shape shapes[] = { TP_SHAPE(70, 13), TP_SHAPE(3, 700), TP_SHAPE(2, 4700) };
        for (int s = 0; s < 3; s++) {
            tp_tensor *a = mixed(shapes[s], reals[k]), *da = there(a), *b = a, *db = da;
            sorts(a, da, false);
            sorts(a, da, true);
            EQUAL(tp_topk(x, 11));
            EQUAL(tp_topk(x, 7, .largest = false));
            EQUAL(tp_sort(x, .dim = 0));
            if (reals[k] == TP_BOOL) continue;
            EQUAL(tp_kthvalue(x, 5));
            EQUAL(tp_median(x));
            EQUAL(tp_nanmedian(x));
            EQUAL(tp_mode(x));
            EQUAL(tp_unique(x));
        }
    }
}
END_TEST

/* Long rows, whose k first are selected: many equals of the last of them, in one tile and in several, and NaNs more than k */
START_TEST(the_first_of_long_rows_are_selected)
{
    begin(_i);
    const int64_t n = 8192 + 700, wanted[] = { 1, 40, 2500 };
    for (int k = 0; k < N_REALS; k++) {
        TP_SCOPE();
        tp_tensor *a = mixed(TP_SHAPE(2, n), reals[k]), *places, *there_places;
        if (reals[k] == TP_F32) tp_fill_(tp_narrow(a, 1, 8000, 300), NAN);
        if (reals[k] == TP_F64) tp_add_(a, tp_mul(tp_arange(0, n, 1, .dtype = TP_F64), 1e-9));           /* keys that differ in the lower half */
        tp_tensor *const da = there(a);
        for (int i = 0; i < 3; i++) {
            const bool largest = (i + k) % 2;
            tp_tensor *values = tp_topk(a, wanted[i], .largest = largest, .indices = &places);
            equal(tp_topk(da, wanted[i], .largest = largest, .indices = &there_places), values, "topk");
            equal(there_places, places, "places of topk");
        }
    }
}
END_TEST

START_TEST(rows_are_made_unique)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *a = tp_randint(0, 3, TP_SHAPE(700, 4)), *da = there(a), *inverse, *counts, *there_inverse, *there_counts;
    tp_tensor *rows = tp_unique(a, .dim = 0, .inverse = &inverse, .counts = &counts);
    equal(tp_unique(da, .dim = 0, .inverse = &there_inverse, .counts = &there_counts), rows, "unique along a dim");
    equal(there_inverse, inverse, "inverse");
    equal(there_counts, counts, "counts");
    rows = tp_unique_consecutive(a, .inverse = &inverse, .counts = &counts);
    equal(tp_unique_consecutive(da, .inverse = &there_inverse, .counts = &there_counts), rows, "unique_consecutive");
    equal(there_inverse, inverse, "inverse");
    equal(there_counts, counts, "counts");
    tp_tensor *b = tp_sort(tp_rand(TP_SHAPE(5, 90))), *db = there(b);
    a = tp_rand(TP_SHAPE(5, 33)), da = there(a);
    EQUAL(tp_searchsorted(y, x));
}
END_TEST

START_TEST(places_are_found)
{
    begin(_i);
    for (int k = 0; k < N_REALS; k++) {
        TP_SCOPE();
        tp_tensor *a = mixed(TP_SHAPE(21, 4, 130), reals[k]), *da = there(a), *b = a, *db = da;
        a = tp_mul(a, tp_to_dtype(tp_randint(0, 2, tp_shape_of(a)), reals[k]));
        da = there(a);
        EQUAL(tp_nonzero(x));
        EQUAL(tp_nonzero(tp_transpose(x, 0, 2)));
        EQUAL(tp_masked_select(x, tp_ne(x, 0)));
        EQUAL(tp_repeat(x, TP_SHAPE(2, 1, 3, 2)));
        EQUAL(tp_repeat(tp_transpose(x, 0, 2), TP_SHAPE(1, 2, 1)));
        EQUAL(tp_repeat_interleave(x, 3, .dim = 1));
        EQUAL(tp_pad(x, TP_SHAPE(1, 2, -1, 3), .value = 2));
        EQUAL(tp_pad(x, TP_SHAPE(3, 2), .mode = TP_PAD_REFLECT));
        EQUAL(tp_pad(tp_transpose(x, 0, 1), TP_SHAPE(3, 5, 2, 1), .mode = TP_PAD_REPLICATE));
        EQUAL(tp_pad(x, TP_SHAPE(130, 1), .mode = TP_PAD_CIRCULAR));
        tp_tensor *many[40], *many_there[40];
        for (int i = 0; i < 40; i++) {
            many[i] = tp_narrow(a, 1, i % 4, 1);
            if (i % 3) many[i] = tp_contiguous(many[i]);
            many_there[i] = there(many[i]);
        }
        equal(tp_cat((tp_tensor_list){ .at = many_there, .n = 40 }, 1), tp_cat((tp_tensor_list){ .at = many, .n = 40 }, 1), "cat of many");
        equal(tp_cat((tp_tensor_list){ .at = many_there, .n = 2 }, 2), tp_cat((tp_tensor_list){ .at = many, .n = 2 }, 2), "cat");
        equal(tp_stack((tp_tensor_list){ .at = many_there, .n = 2 }, 0), tp_stack((tp_tensor_list){ .at = many, .n = 2 }, 0), "stack");
    }
}
END_TEST

/* n indices into 37 rows: few are gone through in turn, more are sorted, in shared memory and by radix. */
static void write_rows(tp_dtype dtype, int64_t n)
{
    TP_SCOPE();
    tp_tensor *a = tp_to_dtype(tp_randint(-9, 9, TP_SHAPE(3, 37, 5)), dtype), *da = there(a),
              *b = tp_to_dtype(tp_randint(-9, 9, TP_SHAPE(3, n, 5)), dtype), *db = there(b);
    tp_tensor *index = tp_randint(0, 37, TP_SHAPE(n)), *each = tp_randint(0, 37, TP_SHAPE(3, n, 5)), *there_index = there(index), *there_each = there(each);
    if (dtype == TP_F32) a = tp_div(a, 7), b = tp_div(b, 7), da = there(a), db = there(b);
#define HERE(i) (tp_device_of(x) == DEVICE ? there_##i : i)
    EQUAL(tp_index_select(x, 1, HERE(index)));
    EQUAL(tp_index_add(x, 1, HERE(index), y));
    EQUAL(tp_gather(x, 1, HERE(each)));
    EQUAL(tp_scatter(x, 1, HERE(each), y));
    EQUAL(tp_scatter_add(x, 1, HERE(each), y));
    EQUAL(tp_scatter_reduce(x, 1, HERE(each), y, TP_REDUCE_PROD));
    EQUAL(tp_scatter_reduce(x, 1, HERE(each), y, TP_REDUCE_AMAX));
    EQUAL(tp_scatter_reduce(x, 1, HERE(each), y, TP_REDUCE_AMIN, .include_self = false));
    EQUAL(tp_scatter_reduce(x, 1, HERE(each), y, TP_REDUCE_MEAN));
    EQUAL(tp_index_put(tp_transpose(x, 0, 1), TP_INDEX(HERE(index)), tp_transpose(y, 0, 1)));
    EQUAL(tp_take(tp_transpose(x, 0, 1), HERE(each)));                                            /* the dims do not step evenly */
#undef HERE
}

START_TEST(rows_are_written_in_order)
{
    begin(_i);
    for (int k = 0; k < N_REALS; k++) {
        write_rows(reals[k], 9);
        if (reals[k] == TP_F32 || reals[k] == TP_I64 || reals[k] == TP_BF16) write_rows(reals[k], 300);
    }
    write_rows(TP_F32, 2500);
}
END_TEST

/* Thousands of rows to a few places, which pieces of them are made for: of numbers whose sums and products are exact the same, of others nearly so. */
static void combine_hot(tp_dtype dtype, tp_tensor *a, tp_tensor *b, double tol)
{
    TP_SCOPE();
    const int64_t n = tp_size(b, 0);
    tp_tensor *at = tp_clamp(tp_randint(0, 30, TP_SHAPE(n, 3)), 11, 13), *there_at = there(at),
              *one = tp_clamp(tp_randint(0, 4000, TP_SHAPE(n)), 7, 8), *there_one = there(one);
    a = tp_to_dtype(a, dtype), b = tp_to_dtype(b, dtype);
    tp_tensor *da = there(a), *db = there(b);
    SAME(tp_scatter_add(x, 0, tp_device_of(x) == DEVICE ? there_at : at, y), tol, tol);
    SAME(tp_scatter_reduce(x, 0, tp_device_of(x) == DEVICE ? there_at : at, y, TP_REDUCE_PROD), tol, tol);
    SAME(tp_scatter_reduce(x, 0, tp_device_of(x) == DEVICE ? there_at : at, y, TP_REDUCE_AMAX), 0, 0);
    SAME(tp_scatter_reduce(x, 0, tp_device_of(x) == DEVICE ? there_at : at, y, TP_REDUCE_AMIN, .include_self = false), 0, 0);
    SAME(tp_index_add(x, 0, tp_device_of(x) == DEVICE ? there_one : one, y), tol, tol);
}

START_TEST(what_comes_often_goes_by_pieces)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *whole = tp_to_dtype(tp_randint(-2, 3, TP_SHAPE(40, 3)), TP_F64),
              *signs = tp_sub(tp_mul(tp_to_dtype(tp_randint(0, 2, TP_SHAPE(2500, 3)), TP_F64), 2), 1);
    tp_tensor *near = tp_add(tp_mul(tp_rand(TP_SHAPE(2500, 3), .dtype = TP_F64), 0.02), 0.99),
              *far = tp_exp(tp_mul(tp_randn(TP_SHAPE(2500, 3), .dtype = TP_F64), 30));
    for (int k = 0; k < N_REALS; k++) combine_hot(reals[k], whole, signs, reals[k] == TP_BF16 ? 2e-2 : 0);
    combine_hot(TP_F32, whole, near, 2e-4);
    combine_hot(TP_F64, whole, near, 1e-12);
    combine_hot(TP_F64, tp_add(tp_abs(whole), 1), far, 1e-9);            /* whose products leave the range, and come back */
}
END_TEST

START_TEST(embeddings_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        tp_tensor *index = tp_randint(0, 50, TP_SHAPE(30, 90)), *there_index = there(index), *grad[2];
        for (int on = 0; on < 2; on++) {
            tp_manual_seed(3);
            tp_tensor *w = tp_to_dtype(tp_randn(TP_SHAPE(50, 24)), floats[k]), *dy = tp_to_dtype(tp_randn(TP_SHAPE(30, 90, 24)), floats[k]);
            if (on) w = there(w), dy = there(dy);
            ck_ok(tp_requires_grad(w, true));
            tp_tensor *y = tp_embedding(on ? there_index : index, w, .padding_idx = 7, .scale_grad_by_freq = true);
            ck_ok(tp_backward(tp_sum(tp_mul(y, dy))));
            grad[on] = tp_grad_of(w);
        }
        equal(grad[1], grad[0], "the gradient of an embedding");
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(50, 7)), floats[k]), *da = there(a), *sums, *at, *there_sums, *there_at;
        same(tp_embedding(there_index, da, .max_norm = 1), tp_embedding(index, a, .max_norm = 1), tolerance(floats[k]), tolerance(floats[k]), "max_norm");
        tp_tensor *rows = tp_to_dtype(tp_randn(TP_SHAPE(30, 90, 3)), floats[k]);
        ck_ok(tp_coalesce_rows(index, rows, true, &at, &sums));
        ck_ok(tp_coalesce_rows(there_index, there(rows), true, &there_at, &there_sums));
        equal(there_at, at, "indices of coalesced rows");
        equal(there_sums, sums, "coalesced rows");
        tp_tensor *often = tp_clamp(index, 40, 60);                                           /* one of them comes some 2000 times: in pieces */
        for (int mean = 0; mean < 2; mean++) {
            ck_ok(tp_coalesce_rows(often, rows, mean, &at, &sums));
            ck_ok(tp_coalesce_rows(there(often), there(rows), mean, &there_at, &there_sums));
            same(there_sums, sums, 10 * tolerance(floats[k]), 100 * tolerance(floats[k]), "rows that come often");
        }
    }
}
END_TEST

/* The gradient of f, for a dy that is made on the CPU */
typedef tp_tensor *moving(tp_tensor *x);
static tp_tensor *reflected(tp_tensor *x)  { return tp_pad(x, TP_SHAPE(3, 2, 1, 4), .mode = TP_PAD_REFLECT); }
static tp_tensor *replicated(tp_tensor *x) { return tp_pad(x, TP_SHAPE(3, 2, -1, 4), .mode = TP_PAD_REPLICATE); }
static tp_tensor *circled(tp_tensor *x)    { return tp_pad(x, TP_SHAPE(8, 5, 3, -1), .mode = TP_PAD_CIRCULAR); }
static tp_tensor *padded(tp_tensor *x)     { return tp_pad(x, TP_SHAPE(-1, 2), .value = 3); }
static tp_tensor *in_columns(tp_tensor *x) { return tp_im2col(x, 3, .stride = 2, .padding = 1); }
static tp_tensor *overlapping(tp_tensor *x) { return tp_im2col(x, 2, .dilation = 2); }
static tp_tensor *repeated(tp_tensor *x)   { return tp_repeat_interleave(x, 3, .dim = 2); }
static tp_tensor *sliced(tp_tensor *x)
{
    return tp_repeat_interleave(x, tp_to(tp_from_data((int64_t[]){ 2, 0, 1, 5, 3, 1, 4 }, TP_I64, TP_SHAPE(7)), tp_device_of(x)), .dim = 2);
}
static tp_tensor *sliced_long(tp_tensor *x)
{
    return tp_repeat_interleave(x, tp_to(tp_from_data((int64_t[]){ 100, 0, 700, 1, 300, 131, 125 }, TP_I64, TP_SHAPE(7)), tp_device_of(x)), .dim = 2);
}
static tp_tensor *tiled(tp_tensor *x)      { return tp_repeat(x, TP_SHAPE(2, 1, 1, 2, 3)); }
static tp_tensor *turned(tp_tensor *x)     { return tp_cat(TP_TENSORS(tp_transpose(x, 2, 3), tp_transpose(x, 2, 3)), 1); }

START_TEST(gradients_are_the_same)
{
    static moving *const all[] = { reflected, replicated, circled, padded, in_columns, overlapping, sliced, turned, repeated, tiled, sliced_long };
    static const char *const names[] = { "reflected", "replicated", "circled", "padded", "in columns", "overlapping",
        "sliced", "turned", "repeated", "tiled", "sliced into long ones" };
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (size_t m = 0; m < sizeof all / sizeof *all; m++) {
            TP_SCOPE();
            tp_tensor *x = tp_to_dtype(tp_randn(TP_SHAPE(2, 3, 7, 8)), floats[k]), *dx = there(x);
            ck_ok(tp_requires_grad(x, true));
            ck_ok(tp_requires_grad(dx, true));
            tp_tensor *y = all[m](x), *there_y = all[m](dx), *dy = tp_to_dtype(tp_randn(tp_shape_of(y)), floats[k]);
            equal(there_y, y, names[m]);
            ck_ok(tp_backward(tp_sum(tp_mul(y, dy))));
            ck_ok(tp_backward(tp_sum(tp_mul(there_y, there(dy)))));
            const double tol = tolerance(floats[k]);
            if (all[m] == sliced_long) same(tp_grad_of(dx), tp_grad_of(x), 10 * tol, 100 * tol, names[m]);
            else if (all[m] == repeated || all[m] == tiled) same(tp_grad_of(dx), tp_grad_of(x), tol, 4 * tol, names[m]);      /* a plain sum */
            else equal(tp_grad_of(dx), tp_grad_of(x), names[m]);
        }
}
END_TEST

START_TEST(bad_indices_are_told)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = there(tp_randn(TP_SHAPE(4, 3))), *index = there(tp_full(TP_SHAPE(2), 4, .dtype = TP_I64));
    ck_assert_ptr_nonnull(tp_index_select(x, 0, index));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
    ck_assert_msg(strstr(tp_last_error()->message, "index 4 is out of range for size 4"), "%s", tp_last_error()->message);
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_embedding(index, x));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_poisson(tp_sub(tp_mul(x, x), 1000)));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_NUMERIC);
    tp_clear_error();
    ck_ok(tp_synchronize(DEVICE));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_index");
    TCase *t = tcase_create("cuda_index");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, rows_are_sorted, 0, cuda_orders());
        tcase_add_loop_test(t, the_first_of_long_rows_are_selected, 0, cuda_orders());
        tcase_add_loop_test(t, rows_are_made_unique, 0, cuda_orders());
        tcase_add_loop_test(t, places_are_found, 0, cuda_orders());
        tcase_add_loop_test(t, rows_are_written_in_order, 0, cuda_orders());
        tcase_add_loop_test(t, what_comes_often_goes_by_pieces, 0, cuda_orders());
        tcase_add_loop_test(t, embeddings_agree, 0, cuda_orders());
        tcase_add_loop_test(t, gradients_are_the_same, 0, cuda_orders());
        tcase_add_test(t, bad_indices_are_told);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
