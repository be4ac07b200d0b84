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

static tp_tensor *add(bench *b) { return tp_add(b->x[0], b->x[1]); }
static tp_tensor *mul(bench *b) { return tp_mul(b->x[0], b->x[1]); }
static tp_tensor *hyperbolic(bench *b) { return tp_tanh(b->x[0]); }
static tp_tensor *softmax(bench *b) { return tp_softmax(b->x[0], -1); }
static tp_tensor *sum(bench *b) { return tp_sum(b->x[0]); }
static tp_tensor *sum0(bench *b) { return tp_sum(b->x[0], .dims = TP_DIMS(0)); }

#define SIZE(name, f, n, ...) \
    { name "_" #n, square_setup, f, NULL, NULL, false, n, &(const traffic)__VA_ARGS__ }, \
    { name "_" #n "_bwd", square_setup, f, NULL, NULL, true, n, &(const traffic)__VA_ARGS__ },
#define SIZES(name, f, ...) SIZE(name, f, 4096, __VA_ARGS__) SIZE(name, f, 64, __VA_ARGS__)

const bench_case bench_elementwise[] = {
    SIZES("add", add, { 2, 3, 2 })
    SIZES("mul", mul, { 2, 3, 3 })
    SIZES("tanh", hyperbolic, { 1, 2, 3 })
    SIZES("softmax", softmax, { 1, 2, 3 })
    SIZES("sum", sum, { 1, 1, 1 })
    SIZES("sum0", sum0, { 1, 1, 1 })
    { 0 }
};
