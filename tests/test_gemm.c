/* test_gemm.c: the matrix product against a plain sum in double, over shapes, strides, instruction sets and threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <taper/extend.h>

#include "cpu/gemm.h"
#include "cpu/simd.h"

enum { ROOM = 400 * 400 };

static uint64_t state = 1;
static int64_t below(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)n);
}
static double uniform(void) { return (double)(below(1 << 24) - (1 << 23)) / (1 << 23); }

static double at(tp_dtype dtype, const void *x, int64_t i) { return dtype == TP_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i]; }
static void put(tp_dtype dtype, void *x, int64_t i, double v)
{
    if (dtype == TP_F32) ((float *)x)[i] = (float)v;
    else ((double *)x)[i] = v;
}

typedef struct data { void *a, *b, *c, *again, *before, *bias; } data;

static void data_new(data *d)
{
    void **all[] = { &d->a, &d->b, &d->c, &d->again, &d->before, &d->bias };
    for (int i = 0; i < 6; i++) ck_assert_ptr_nonnull(*all[i] = malloc(ROOM * sizeof(double)));
}
static void data_free(data *d)
{
    void *all[] = { d->a, d->b, d->c, d->again, d->before, d->bias };
    for (int i = 0; i < 6; i++) free(all[i]);
}

/* Strides of a rows x cols operand: 0 row-major, 1 column-major, 2 row-major with a gap, 3 every other column, 4 repeated rows. */
static void strides(int layout, int64_t rows, int64_t cols, int64_t *row, int64_t *col)
{
    *row = layout == 1 ? 1 : layout == 2 ? cols + 3 : layout == 3 ? 2 * cols + 1 : layout == 4 ? 0 : cols;
    *col = layout == 1 ? rows : layout == 3 ? 2 : 1;
}

/* C as it is at c against the sum in double. */
static void check_values(const tp__gemm_args *g, const data *d, const void *c, const char *way)
{
    const double eps = g->dtype == TP_F32 ? 6e-8 : 1.2e-16;
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            double sum = 0, size_of = 0;
            for (int64_t p = 0; p < g->k; p++) {
                const double v = at(g->dtype, g->a, i * g->a_row + p * g->a_col) * at(g->dtype, g->b, p * g->b_row + j * g->b_col);
                sum += v;
                size_of += fabs(v);
            }
            const double before = g->accumulate ? at(g->dtype, d->before, i * g->ldc + j) : 0;
            const double col = g->bias_col ? at(g->dtype, g->bias_col, j) : 0, row = g->bias_row ? at(g->dtype, g->bias_row, i) : 0;
            sum += before + col + row;
            size_of += fabs(before) + fabs(col) + fabs(row);
            const double got = at(g->dtype, c, i * g->ldc + j);
            ck_assert_msg(fabs(got - sum) <= eps * (4 + (double)g->k) * size_of + 1e-300,
                          "%s %s m %d n %d k %d level %d: C[%d][%d] is %.9g, not %.9g", way, tp_dtype_name(g->dtype), (int)g->m, (int)g->n,
                          (int)g->k, tp__simd_level(), (int)i, (int)j, got, sum);
        }
    const size_t size = tp_dtype_size(g->dtype);
    for (int64_t i = 0; i < g->m; i++)                 /* between the rows nothing is written */
        ck_assert_int_eq(memcmp((const char *)c + (size_t)(i * g->ldc + g->n) * size, (char *)d->before + (size_t)(i * g->ldc + g->n) * size,
                                (size_t)(g->ldc - g->n) * size), 0);
}

/* The same with B packed beforehand. */
static void check_fixed(const tp__gemm_args *g, data *d, int threads)
{
    const size_t bytes = (size_t)(g->m * g->ldc) * tp_dtype_size(g->dtype);
    tp__gemm_args args = *g;
    tp__gemm_fixed fixed;
    args.threads = threads;
    ck_assert_int_eq(tp__gemm_fix(&fixed, &args), TP_OK);
    for (int twice = 0; twice < 2; twice++) {
        memcpy(d->again, d->before, bytes);
        ck_assert_int_eq(tp__gemm_by_fixed(&fixed, g->a, d->again), TP_OK);
    }
    tp__gemm_unfix(&fixed);
}

/* Runs g and compares it; then what no thread count may change. */
static void check_product(tp__gemm_args g, data *d)
{
    const size_t size = tp_dtype_size(g.dtype);
    for (int64_t i = 0; i < g.m * g.ldc; i++) put(g.dtype, d->before, i, g.accumulate ? uniform() : NAN);
    memcpy(d->c, d->before, (size_t)(g.m * g.ldc) * size);
    g.c = d->c;
    ck_assert_int_eq(tp__gemm(&g), TP_OK);
    check_values(&g, d, d->c, "gemm");
    memcpy(d->again, d->before, (size_t)(g.m * g.ldc) * size);
    tp__ahead ahead[TP__AHEADS] = { { d->a, (char *)d->a + 8192, 64, 0 }, { d->b, (char *)d->b + 100, 64, 0 } };
    g.c = d->again;
    g.ahead = ahead;
    ck_assert_int_eq(tp__gemm(&g), TP_OK);
    ck_assert_int_eq(memcmp(d->again, d->c, (size_t)(g.m * g.ldc) * size), 0);
    ck_assert(ahead[0].at >= ahead[0].end && ahead[1].at >= ahead[1].end);
    g.ahead = NULL;
    for (int threads = 2; threads <= 4; threads++) {
        memcpy(d->again, d->before, (size_t)(g.m * g.ldc) * size);
        g.c = d->again;
        g.threads = threads;
        ck_assert_int_eq(tp__gemm(&g), TP_OK);
        ck_assert_int_eq(memcmp(d->again, d->c, (size_t)(g.m * g.ldc) * size), 0);
    }
    check_fixed(&g, d, 1);
    check_values(&g, d, d->again, "fixed");
    memcpy(d->c, d->again, (size_t)(g.m * g.ldc) * size);
    check_fixed(&g, d, 3);
    ck_assert_int_eq(memcmp(d->again, d->c, (size_t)(g.m * g.ldc) * size), 0);
}

static void check_shape(tp_dtype dtype, int64_t m, int64_t n, int64_t k, int la, int lb, int flavour, data *d)
{
    tp__gemm_args g = { .dtype = dtype, .m = m, .n = n, .k = k, .a = d->a, .b = d->b, .ldc = n + flavour % 3, .threads = 1 };
    strides(la, m, k, &g.a_row, &g.a_col);
    strides(lb, k, n, &g.b_row, &g.b_col);
    g.accumulate = flavour & 1;
    g.bias_col = flavour & 2 ? d->bias : NULL;
    g.bias_row = flavour & 4 ? d->bias : NULL;
    for (int64_t i = 0; i < ROOM / 3; i++) {
        put(dtype, d->a, i, uniform());
        put(dtype, d->b, i, uniform());
        if (i < 1024) put(dtype, d->bias, i, uniform());
    }
    check_product(g, d);
}

START_TEST(products_of_random_shapes_agree_with_a_plain_sum)
{
    data d;
    data_new(&d);
    tp__simd_limit(_i);
    for (int round = 0; round < 200; round++) {
        const int64_t most = round % 4 == 0 ? 150 : round % 4 == 1 ? 40 : 12;
        check_shape(round % 3 ? TP_F32 : TP_F64, 1 + below(most), 1 + below(most), round % 50 == 49 ? 0 : 1 + below(most), (int)below(5),
                    (int)below(5), (int)below(8), &d);
    }
    tp__simd_limit(TP__SIMD_AVX512);
    data_free(&d);
}
END_TEST

START_TEST(products_at_the_edges_of_tiles_and_blocks_agree)
{
    static const int64_t shapes[][3] = {
        { 1, 1, 1 }, { 1, 33, 7 }, { 1, 300, 65 }, { 300, 1, 65 }, { 1, 1, 300 }, { 8, 32, 256 }, { 9, 33, 257 }, { 16, 64, 300 }, { 7, 31, 513 },
        { 64, 64, 64 }, { 65, 63, 66 }, { 128, 10, 256 }, { 10, 84, 64 }, { 4, 24, 4 }, { 5, 25, 5 }, { 128, 130, 120 }, { 200, 200, 120 },
        { 193, 65, 90 }, { 2, 300, 3 }, { 300, 2, 3 }, { 3, 5, 300 },
    };
    data d;
    data_new(&d);
    tp__simd_limit(_i);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int layouts = 0; layouts < 4; layouts++)
            check_shape(i & 1 ? TP_F64 : TP_F32, shapes[i][0], shapes[i][1], shapes[i][2], layouts & 1, layouts >> 1, (int)i + layouts, &d);
    tp__simd_limit(TP__SIMD_AVX512);
    data_free(&d);
}
END_TEST

START_TEST(nan_and_inf_go_through_zeros)
{
    static const int64_t shapes[][3] = { { 1, 40, 20 }, { 1, 1, 20 }, { 20, 40, 20 }, { 70, 70, 70 }, { 70, 70, 300 } };
    data d;
    data_new(&d);
    tp__simd_limit(_i);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int layout = 0; layout < 2; layout++) {
            tp__gemm_args g = { .dtype = TP_F32, .m = shapes[s][0], .n = shapes[s][1], .k = shapes[s][2], .a = d.a, .b = d.b, .c = d.c,
                                .ldc = shapes[s][1], .threads = 1 };
            strides(0, g.m, g.k, &g.a_row, &g.a_col);
            strides(layout, g.k, g.n, &g.b_row, &g.b_col);
            memset(d.a, 0, (size_t)(g.m * g.k) * sizeof(float));
            memset(d.b, 0, (size_t)(g.k * g.n) * sizeof(float));
            ((float *)d.b)[(g.k - 1) * g.b_row + (g.n - 1) * g.b_col] = INFINITY;
            ck_assert_int_eq(tp__gemm(&g), TP_OK);
            for (int64_t i = 0; i < g.m; i++)
                for (int64_t j = 0; j < g.n; j++) {
                    const float got = ((float *)d.c)[i * g.ldc + j];
                    ck_assert(j == g.n - 1 ? isnan(got) : got == 0);
                }
        }
    tp__simd_limit(TP__SIMD_AVX512);
    data_free(&d);
}
END_TEST

START_TEST(blocks_of_a_large_product_agree)
{
    enum { M = 1100, N = 70, K = 600 };                /* several blocks of k and of rows */
    float *a = malloc(M * K * sizeof *a), *b = malloc(K * N * sizeof *b), *c = malloc(2 * M * N * sizeof *c);
    ck_assert(a && b && c);
    for (int i = 0; i < M * K; i++) a[i] = (float)uniform();
    for (int i = 0; i < K * N; i++) b[i] = (float)uniform();
    tp__gemm_args g = { .dtype = TP_F32, .m = M, .n = N, .k = K, .a = a, .a_row = K, .a_col = 1, .b = b, .b_row = N, .b_col = 1, .c = c, .ldc = N };
    ck_assert_int_eq(tp__gemm(&g), TP_OK);
    for (int i = 0; i < M; i += 7)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int p = 0; p < K; p++) sum += (double)a[i * K + p] * b[p * N + j];
            ck_assert_double_eq_tol(c[i * N + j], sum, 1e-4);
        }
    g.c = c + M * N;
    g.threads = 3;
    ck_assert_int_eq(tp__gemm(&g), TP_OK);
    ck_assert_int_eq(memcmp(c, c + M * N, M * N * sizeof *c), 0);
    free(a);
    free(b);
    free(c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gemm");
    TCase *tests = tcase_create("gemm");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, products_of_random_shapes_agree_with_a_plain_sum, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, products_at_the_edges_of_tiles_and_blocks_agree, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_loop_test(tests, nan_and_inf_go_through_zeros, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_test(tests, blocks_of_a_large_product_agree);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
