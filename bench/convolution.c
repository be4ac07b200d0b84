/* convolution.c: conv2d without bias. Backward: the weight's gradient, and the input's but for the first layer of a net. */
#include "bench.h"

#include <math.h>

typedef struct convolution { int64_t n, in, out, size, kernel, stride, padding, groups; bool is_stem; } convolution;

static void setup(bench *b)
{
    const convolution *c = b->is->geometry;
    const int64_t out = (c->size + 2 * c->padding - c->kernel) / c->stride + 1, depth = c->in / c->groups * c->kernel * c->kernel;
    bench_uniform(b, TP_SHAPE(c->n, c->in, c->size, c->size), 1);
    bench_uniform(b, TP_SHAPE(c->out, c->in / c->groups, c->kernel, c->kernel), 1 / sqrt((double)depth));
    b->leaves = c->is_stem ? 2 : 3;
    b->checked = 1;
    b->items = c->n;
    b->flops = 2 * c->n * c->out * out * out * depth;
    b->flops_factor = c->is_stem ? 2 : 3;
    b->bytes = 4 * (c->n * c->in * c->size * c->size + c->n * c->out * out * out + c->out * depth);
    b->backward_bytes = b->bytes * (b->flops_factor - 1);
}

static tp_tensor *forward(bench *b)
{
    const convolution *c = b->is->geometry;
    return tp_conv2d(b->x[0], b->x[1], NULL, .stride = c->stride, .padding = c->padding, .groups = c->groups);
}

#define CONVOLUTION(name, ...) \
    { name, setup, forward, NULL, NULL, false, 0, &(const convolution)__VA_ARGS__, false }, \
    { name "_bwd", setup, forward, NULL, NULL, true, 0, &(const convolution)__VA_ARGS__, false },

const bench_case bench_convolution[] = {
    CONVOLUTION("conv_64c56", { 16, 64, 64, 56, 3, 1, 1, 1, false })
    CONVOLUTION("conv_128c28", { 16, 128, 128, 28, 3, 1, 1, 1, false })
    CONVOLUTION("conv_256c14", { 16, 256, 256, 14, 3, 1, 1, 1, false })
    CONVOLUTION("conv_512c7", { 16, 512, 512, 7, 3, 1, 1, 1, false })
    CONVOLUTION("conv_stem224", { 16, 3, 64, 224, 7, 2, 3, 1, true })
    CONVOLUTION("conv_dw128c28", { 16, 128, 128, 28, 3, 1, 1, 128, false })
    { 0 }
};
