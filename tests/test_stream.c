/* tests/test_stream.c: results that go past the caches are those that do not, bit by bit: whatever their size, where they begin,
 * how many threads write them and with which instructions. */
#include "expect.h"

#include "cpu/simd.h"
#include "cpu/stream.h"

static const int levels[] = { TP__SIMD_BASE, TP__SIMD_AVX2, TP__SIMD_AVX512 };

/* x cut off at both ends, so that nothing begins at a line of the caches; [rows, n]. */
static tp_tensor *unaligned(int64_t rows, int64_t n, double low, double high)
{
    tp_tensor *x = tp_uniform(TP_SHAPE(rows * n + 8), low, high);
    return tp_view(tp_narrow(x, 0, 3, rows * n), TP_SHAPE(rows, n));
}

typedef tp_tensor *made_fn(tp_tensor *x, tp_tensor *z);

/* The same bits from `make` for all sizes, streamed and not, on one thread and two, with all instructions. */
static void check(const char *name, made_fn *make)
{
    static const int64_t sizes[][2] = { { 1, 40000 }, { 9, 4096 }, { 5, 8209 }, { 257, 513 }, { 1, 16 }, { 3, 1 }, { 33, 100 },
                                        { 2, 33000 }, { 80, 4100 }, { 1, 33011 } };
    const int threads = tp_get_num_threads();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int l = 0; l < 3; l++) {
            TP_SCOPE();
            tp__simd_limit(levels[l]);
            tp_set_num_threads(1);
            tp_tensor *x = unaligned(sizes[s][0], sizes[s][1], -4, 4), *z = unaligned(sizes[s][0], sizes[s][1], -1, 1);
            tp__stream_from(INT64_MAX);
            tp_tensor *want = make(x, z);
            tp__stream_from(0);
            tp_tensor *got = make(x, z);
            tp_set_num_threads(2);
            tp_tensor *shared = make(x, z);
            ck_assert_msg(got && want && shared, "%s: %s", name, tp_last_error() ? tp_last_error()->message : "no error");
            const size_t bytes = (size_t)tp_numel(want) * tp_dtype_size(tp_dtype_of(want));
            const void *bits = tp_data(tp_contiguous(want));
            ck_assert_msg(!memcmp(bits, tp_data(tp_contiguous(got)), bytes), "%s differs, [%lld, %lld], level %d", name, (long long)sizes[s][0],
                          (long long)sizes[s][1], levels[l]);
            ck_assert_msg(!memcmp(bits, tp_data(tp_contiguous(shared)), bytes), "%s differs on two threads, [%lld, %lld], level %d", name,
                          (long long)sizes[s][0], (long long)sizes[s][1], levels[l]);
        }
    tp__simd_limit(TP__SIMD_AVX512);
    tp__stream_from(-1);
    tp_set_num_threads(threads);
}

START_TEST(bytes_of_any_number_go_to_any_place)
{
    unsigned char from[700], to[700];
    for (int l = 0; l < 3; l++) {
        tp__simd_limit(levels[l]);
        for (int start = 0; start < 70; start++)
            for (int n = 0; n < 300; n += n < 140 ? 1 : 13) {
                for (int i = 0; i < 700; i++) from[i] = (unsigned char)(i * 7 + n), to[i] = 0;
                tp__stream(to + start, from + 5, n);
                tp__stream_end();
                ck_assert(!memcmp(to + start, from + 5, (size_t)n));
                bool elsewhere = false;
                for (int i = 0; i < 700; i++) elsewhere |= to[i] && (i < start || i >= start + n);
                ck_assert(!elsewhere);
            }
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

/* ---- Elementwise --------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *add(tp_tensor *x, tp_tensor *z) { return tp_add(x, z); }
static tp_tensor *add_row(tp_tensor *x, tp_tensor *z) { return tp_add(x, tp_select(z, 0, 0)); }
static tp_tensor *add_column(tp_tensor *x, tp_tensor *z) { return tp_add(x, tp_narrow(z, 1, 0, 1)); }
static tp_tensor *add_turned(tp_tensor *x, tp_tensor *z) { return tp_add(x, tp_t(tp_contiguous(tp_t(z)))); }
static tp_tensor *add_number(tp_tensor *x, tp_tensor *z) { (void)z; return tp_mul(x, 2.5); }
static tp_tensor *add_halves(tp_tensor *x, tp_tensor *z) { return tp_add(tp_to_dtype(x, TP_F16), tp_to_dtype(z, TP_F16)); }
static tp_tensor *add_mixed(tp_tensor *x, tp_tensor *z) { return tp_add(tp_to_dtype(x, TP_BF16), z); }
static tp_tensor *compare(tp_tensor *x, tp_tensor *z) { return tp_gt(x, z); }
static tp_tensor *choose(tp_tensor *x, tp_tensor *z) { return tp_where(tp_gt(x, z), x, z); }
static tp_tensor *wide(tp_tensor *x, tp_tensor *z) { return tp_tanh(tp_to_dtype(tp_add(x, z), TP_F64)); }
static tp_tensor *gelu(tp_tensor *x, tp_tensor *z) { (void)z; return tp_gelu(x); }
static tp_tensor *in_place(tp_tensor *x, tp_tensor *z) { return tp_add_(tp_clone(x), z); }

static tp_tensor *join_rows(tp_tensor *x, tp_tensor *z) { return tp_cat((tp_tensor_list){ .at = (tp_tensor *[]){ x, z, x }, .n = 3 }, 1); }
static tp_tensor *join_blocks(tp_tensor *x, tp_tensor *z) { return tp_cat((tp_tensor_list){ .at = (tp_tensor *[]){ z, x }, .n = 2 }, 0); }

START_TEST(joined_tensors_are_the_same_bits)
{
    check("cat along rows", join_rows);
    check("cat of blocks", join_blocks);
}
END_TEST

START_TEST(elementwise_results_are_the_same_bits)
{
    check("add", add);
    check("add of a row", add_row);
    check("add of a column", add_column);
    check("add of a transposed", add_turned);
    check("mul by a number", add_number);
    check("add of float16", add_halves);
    check("add of bfloat16 and float32", add_mixed);
    check("gt", compare);
    check("where", choose);
    check("tanh of float64", wide);
    check("gelu", gelu);
    check("add_", in_place);
}
END_TEST

START_TEST(a_result_just_above_the_bound_is_the_same)
{
    TP_SCOPE();
    const int64_t n = ((int64_t)8 << 20) / 4;
    tp_tensor *x = tp_uniform(TP_SHAPE(n + 3), -1, 1), *z = tp_uniform(TP_SHAPE(n + 3), -1, 1);
    for (int64_t size = n - 1; size <= n + 2; size++) {
        TP_SCOPE();
        const float *a = tp_data(x), *b = tp_data(z), *y = tp_data(tp_add(tp_narrow(x, 0, 1, size), tp_narrow(z, 0, 0, size)));
        int64_t wrong = 0;
        for (int64_t i = 0; i < size; i++) wrong += y[i] != a[i + 1] + b[i];
        ck_assert_int_eq(wrong, 0);
    }
}
END_TEST

/* ---- Rows and copies ------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *softmax(tp_tensor *x, tp_tensor *z) { (void)z; return tp_softmax(x, 1); }
static tp_tensor *softmax_far(tp_tensor *x, tp_tensor *z) { (void)z; return tp_softmax(tp_mul(tp_log(tp_relu(x)), 60.0), 1); }
static tp_tensor *softmax_nan(tp_tensor *x, tp_tensor *z) { (void)z; return tp_softmax(tp_log(tp_add(x, 3.998)), 1); }
static tp_tensor *softmax_down(tp_tensor *x, tp_tensor *z) { (void)z; return tp_softmax(x, 0); }
static tp_tensor *softmax_wide(tp_tensor *x, tp_tensor *z) { (void)z; return tp_softmax(tp_to_dtype(x, TP_F64), 1); }
static tp_tensor *log_softmax(tp_tensor *x, tp_tensor *z) { (void)z; return tp_log_softmax(x, 1); }
static tp_tensor *norm(tp_tensor *x, tp_tensor *z) { return tp_layer_norm(x, TP_SHAPE(tp_size(z, 1)), .weight = tp_select(z, 0, 0)); }
static tp_tensor *norm_halves(tp_tensor *x, tp_tensor *z) { return norm(tp_to_dtype(x, TP_F16), tp_to_dtype(z, TP_F16)); }

/* The gradient of what f makes of x, and of z where it reads that. */
static tp_tensor *gradient(made_fn *f, tp_tensor *x, tp_tensor *z)
{
    x = tp_clone(x), z = tp_clone(z);
    tp_requires_grad(x, true);
    tp_requires_grad(z, true);
    tp_backward(f(x, z), .grad = tp_mul(tp_detach(z), 3.0));
    tp_tensor *dx = tp_grad_of(x), *dz = tp_grad_of(z);
    return dz ? tp_cat(TP_TENSORS(dx, dz), 0) : dx;
}
static tp_tensor *softmax_back(tp_tensor *x, tp_tensor *z) { return gradient(softmax, x, z); }
static tp_tensor *log_softmax_back(tp_tensor *x, tp_tensor *z) { return gradient(log_softmax, x, z); }
static tp_tensor *norm_back(tp_tensor *x, tp_tensor *z) { return gradient(norm, x, z); }

START_TEST(rows_are_the_same_bits)
{
    check("softmax", softmax);
    check("softmax of what underflows, and of infinities", softmax_far);
    check("softmax of a NaN here and there", softmax_nan);
    check("softmax of columns", softmax_down);
    check("softmax of float64", softmax_wide);
    check("log_softmax", log_softmax);
    check("layer_norm", norm);
    check("layer_norm of float16", norm_halves);
    check("softmax backward", softmax_back);
    check("log_softmax backward", log_softmax_back);
    check("layer_norm backward", norm_back);
}
END_TEST

static tp_tensor *copy(tp_tensor *x, tp_tensor *z) { (void)z; return tp_clone(x); }
static tp_tensor *cast(tp_tensor *x, tp_tensor *z) { (void)z; return tp_to_dtype(x, TP_BF16); }
static tp_tensor *turned(tp_tensor *x, tp_tensor *z) { (void)z; return tp_contiguous(tp_t(x)); }
static tp_tensor *turned_wide(tp_tensor *x, tp_tensor *z) { (void)z; return tp_contiguous(tp_t(tp_to_dtype(x, TP_F64))); }
static tp_tensor *turned_halves(tp_tensor *x, tp_tensor *z) { (void)z; return tp_contiguous(tp_t(tp_to_dtype(x, TP_F16))); }
static tp_tensor *turned_bytes(tp_tensor *x, tp_tensor *z) { (void)z; return tp_contiguous(tp_t(tp_to_dtype(x, TP_I8))); }
static tp_tensor *every_other(tp_tensor *x, tp_tensor *z) { (void)z; return tp_contiguous(tp_slice(x, 1, .step = 2)); }
/* Into the middle of what is written, which begins nowhere in particular. */
static tp_tensor *into_a_part(tp_tensor *x, tp_tensor *z)
{
    tp_tensor *y = tp_zeros(TP_SHAPE(tp_size(x, 0) + 2, tp_size(x, 1) + 5));
    tp_copy_(tp_narrow(tp_narrow(y, 0, 1, tp_size(x, 0)), 1, 3, tp_size(x, 1)), z);
    return y;
}

/* Positions in a row of x, from z in (-1, 1). */
static tp_tensor *anywhere(tp_tensor *z) { return tp_to_dtype(tp_mul(tp_abs(z), 0.99 * (double)tp_size(z, 1)), TP_I64); }
static tp_tensor *gathered(tp_tensor *x, tp_tensor *z) { return tp_gather(x, 1, anywhere(z)); }
static tp_tensor *gathered_bytes(tp_tensor *x, tp_tensor *z) { return tp_gather(tp_to_dtype(x, TP_I8), 1, tp_to_dtype(anywhere(z), TP_I32)); }
static tp_tensor *gathered_down(tp_tensor *x, tp_tensor *z) { return tp_gather(x, 0, tp_zeros_like(z, .dtype = TP_I64)); }
static tp_tensor *selected(tp_tensor *x, tp_tensor *z)
{
    return tp_index_select(x, 0, tp_to_dtype(tp_mul(tp_abs(tp_select(z, 1, 0)), 0.99 * (double)tp_size(z, 0)), TP_I64));
}
/* Rows that begin at the fourth element of a line, each. */
static tp_tensor *turned_into_a_part(tp_tensor *x, tp_tensor *z)
{
    (void)z;
    tp_tensor *y = tp_zeros(TP_SHAPE(tp_size(x, 1), (tp_size(x, 0) + 18) / 16 * 16));
    tp_copy_(tp_narrow(y, 1, 3, tp_size(x, 0)), tp_t(x));
    return y;
}
static tp_tensor *scattered(tp_tensor *x, tp_tensor *z) { return tp_scatter_add(x, 1, anywhere(z), z); }

START_TEST(copies_are_the_same_bits)
{
    check("clone", copy);
    check("cast", cast);
    check("transpose", turned);
    check("transpose of float64", turned_wide);
    check("transpose of float16", turned_halves);
    check("transpose of int8", turned_bytes);
    check("transpose into a part", turned_into_a_part);
    check("every other column", every_other);
    check("copy_ into a part", into_a_part);
    check("gather", gathered);
    check("gather of int8", gathered_bytes);
    check("gather of rows", gathered_down);
    check("index_select", selected);
    check("scatter_add", scattered);
}
END_TEST

/* The parts of a large gradient go past the caches together, though none of them is large. */
START_TEST(gradients_of_joined_tensors_are_their_parts)
{
    enum { PARTS = 3, ROWS = 70, WIDTH = 1000 };
    for (int k = 0; k < 3 * 2 * 2; k++) {
        TP_SCOPE();
        tp__simd_limit(levels[k % 3]);
        tp__stream_from(k / 3 % 2 ? INT64_MAX : ROWS * WIDTH * 4 + 4);
        tp_set_num_threads(1 + k / 6);
        tp_tensor *x[PARTS], *dy = unaligned(ROWS, PARTS * WIDTH, -1, 1);
        for (int i = 0; i < PARTS; i++) tp_requires_grad(x[i] = tp_uniform(TP_SHAPE(ROWS, WIDTH), -1, 1), true);
        tp_backward(tp_cat((tp_tensor_list){ .at = x, .n = PARTS }, 1), .grad = dy);
        const float *up = tp_data(dy);
        int64_t wrong = 0;
        for (int i = 0; i < PARTS; i++) {
            const float *dx = tp_data(tp_grad_of(x[i]));
            ck_assert_ptr_nonnull(dx);
            for (int64_t r = 0; r < ROWS; r++)
                for (int64_t c = 0; c < WIDTH; c++) wrong += dx[r * WIDTH + c] != up[(r * PARTS + i) * WIDTH + c];
        }
        ck_assert_int_eq(wrong, 0);
    }
    tp__simd_limit(TP__SIMD_AVX512);
    tp__stream_from(-1);
    tp_set_num_threads(1);
}
END_TEST

START_TEST(a_transpose_has_each_element_in_its_place)
{
    static const tp_dtype dtypes[] = { TP_I8, TP_I16, TP_F32, TP_F64 };
    static const int64_t sizes[][2] = { { 133, 203 }, { 192, 203 }, { 448, 75 }, { 64, 5 } };   /* rows of whole lines, and not */
    for (int past = 0; past < 2; past++)
        for (int z = 0; z < 4 * 3; z++)
            for (int k = 0, l = z / 4; k < 4; k++) {
                TP_SCOPE();
                const int64_t rows = sizes[z % 4][0], n = sizes[z % 4][1];
                tp__simd_limit(levels[l]);
                tp__stream_from(past ? 0 : INT64_MAX);
                tp_tensor *x = tp_to_dtype(tp_remainder(tp_view(tp_arange(0, (double)(rows * n), 1), TP_SHAPE(rows, n)), 127), dtypes[k]);
                const float *from = tp_data(tp_to_dtype(x, TP_F32)), *y = tp_data(tp_to_dtype(tp_contiguous(tp_t(x)), TP_F32));
                int64_t wrong = 0;
                for (int64_t i = 0; i < n; i++)
                    for (int64_t j = 0; j < rows; j++) wrong += y[i * rows + j] != from[j * n + i];
                ck_assert_int_eq(wrong, 0);
            }
    tp__simd_limit(TP__SIMD_AVX512);
    tp__stream_from(-1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stream");
    TCase *t = tcase_create("stream");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, bytes_of_any_number_go_to_any_place);
    tcase_add_test(t, joined_tensors_are_the_same_bits);
    tcase_add_test(t, elementwise_results_are_the_same_bits);
    tcase_add_test(t, rows_are_the_same_bits);
    tcase_add_test(t, copies_are_the_same_bits);
    tcase_add_test(t, gradients_of_joined_tensors_are_their_parts);
    tcase_add_test(t, a_transpose_has_each_element_in_its_place);
    tcase_add_test(t, a_result_just_above_the_bound_is_the_same);
    suite_add_tcase(s, t);
    return run_suite(s);
}
