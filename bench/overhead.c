/* overhead.c: what an op costs besides its arithmetic. */
#include "bench.h"

static void two_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(1), 1);
    bench_uniform(b, TP_SHAPE(1), 1);
    b->inner = 1000;
}

static void two_leaves_setup(bench *b)
{
    two_setup(b);
    bench_params(b);
}

static tp_tensor *two_forward(bench *b) { return tp_add(b->x[0], b->x[1]); }
static void two_run(bench *b) { tp_drop(tp_add(b->x[0], b->x[1])); }

/* y = x; a thousand times in turn y * w, y + b, tanh(y). */
enum { CHAIN = 1000 };

static void chain_setup(bench *b)
{
    for (int i = 0; i < 3; i++) bench_uniform(b, TP_SHAPE(16), 1);
    bench_params(b);
    b->leaves = 7;
    b->checked = 2;
    b->items = CHAIN;
}

static tp_tensor *chain(bench *b)
{
    tp_tensor *y = b->x[0], *w = b->x[1], *bias = b->x[2];
    for (int i = 0; i < CHAIN; i++) y = i % 3 == 0 ? tp_mul(y, w) : i % 3 == 1 ? tp_add(y, bias) : tp_tanh(y);
    return y;
}

static void chain_run(bench *b)
{
    TP_SCOPE();
    bench_drop_grads(b);
    tp_backward(tp_sum(chain(b)));
}

static void chain_forward_run(bench *b)
{
    TP_SCOPE();
    chain(b);
}

const bench_case bench_overhead[] = {
    { "op_add_1", two_leaves_setup, .forward = two_forward, .run = two_run },
    { "op_add_1_nograd", two_setup, .forward = two_forward, .run = two_run },
    { "op_chain_1k", chain_setup, .forward = chain, .run = chain_run, .backward = true },
    { "op_chain_1k_fwd", chain_setup, .forward = chain, .run = chain_forward_run },
    { 0 }
};
