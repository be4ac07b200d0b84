/* elementwise.c: one op over n x n, forward without recording, or with gradients. */
#include "bench.h"

/* How many times the n x n floats are read or written at least: forward, backward. */
typedef struct traffic { int inputs, forward, backward; } traffic;

static void square_setup(bench *b)
{
    const traffic *t = b->is->geometry;
    const int64_t n = b->is->n;
    for (int i = 0; i < t->inputs; i++) bench_uniform(b, TP_SHAPE(n, n), 1);
    b->leaves = 1;
    b->inner = n > 1000 ? 1 : 200;
    b->items = n * n;
    b->bytes = t->forward * 4 * n * n;
    b->backward_bytes = t->backward * 4 * n * n;
}

/* With weight and bias of n besides. */
static void rows_setup(bench *b)
{
    square_setup(b);
    bench_const(b, TP_SHAPE(b->is->n), 1);
    bench_const(b, TP_SHAPE(b->is->n), 0);
    b->leaves = 7;
}

static tp_tensor *add(bench *b) { return tp_add(b->x[0], b->x[1]); }
static tp_tensor *mul(bench *b) { return tp_mul(b->x[0], b->x[1]); }
static tp_tensor *hyperbolic(bench *b) { return tp_tanh(b->x[0]); }
static tp_tensor *gelu(bench *b) { return tp_gelu(b->x[0]); }
static tp_tensor *softmax(bench *b) { return tp_softmax(b->x[0], -1); }
static tp_tensor *sum(bench *b) { return tp_sum(b->x[0]); }
static tp_tensor *sum0(bench *b) { return tp_sum(b->x[0], .dims = TP_DIMS(0)); }
static tp_tensor *layernorm(bench *b)
{
    return tp_layer_norm(b->x[0], tp_shape_of(b->x[1]), .weight = b->x[1], .bias = b->x[2]);
}

#define SIZE(name, setup, f, n, ...) \
    { name "_" #n, setup, f, NULL, NULL, false, n, &(const traffic)__VA_ARGS__, false }, \
    { name "_" #n "_bwd", setup, f, NULL, NULL, true, n, &(const traffic)__VA_ARGS__, false },
#define SIZES(name, f, ...) SIZE(name, square_setup, f, 4096, __VA_ARGS__) SIZE(name, square_setup, f, 64, __VA_ARGS__)

const bench_case bench_elementwise[] = {
    SIZES("add", add, { 2, 3, 2 })
    SIZES("mul", mul, { 2, 3, 3 })
    SIZES("gelu", gelu, { 1, 2, 3 })
    SIZES("tanh", hyperbolic, { 1, 2, 3 })
    SIZES("softmax", softmax, { 1, 2, 3 })
    SIZES("sum", sum, { 1, 1, 1 })
    SIZES("sum0", sum0, { 1, 1, 1 })
    SIZE("layernorm", rows_setup, layernorm, 4096, { 1, 2, 3 }) SIZE("layernorm", rows_setup, layernorm, 64, { 1, 2, 3 })
    { 0 }
};
