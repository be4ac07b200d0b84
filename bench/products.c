/* products.c: matrix products, with gradients of both sides. */
#include "bench.h"

static tp_tensor *product(bench *b) { return tp_matmul(b->x[0], b->x[1]); }

static void square_setup(bench *b)
{
    const int64_t n = b->is->n;
    bench_uniform(b, TP_SHAPE(n, n), 1);
    bench_uniform(b, TP_SHAPE(n, n), 1);
    b->leaves = 3;
    b->inner = n == 64 ? 200 : n == 256 ? 10 : 1;
    b->flops = 2 * n * n * n;
}

static void batch_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(96, 64, 128), 1);
    bench_uniform(b, TP_SHAPE(96, 128, 64), 1);
    b->leaves = 3;
    b->inner = 5;
    b->flops = (int64_t)2 * 96 * 64 * 128 * 64;
}

#define SQUARE(n) \
    { "matmul_" #n, square_setup, product, NULL, NULL, false, n, NULL, false }, \
    { "matmul_" #n "_bwd", square_setup, product, NULL, NULL, true, n, NULL, false },

const bench_case bench_products[] = {
    SQUARE(64) SQUARE(256) SQUARE(512) SQUARE(1024) SQUARE(2048)
    { "bmm_96x64x128x64", batch_setup, .forward = product },
    { "bmm_96x64x128x64_bwd", batch_setup, .forward = product, .backward = true },
    { 0 }
};
