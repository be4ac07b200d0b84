/* train_resnet.c: ResNet-18 for 32 x 32 images: a 3x3 stem of 64 channels, four stages of two basic blocks, stride 1, 2, 2, 2, a 1x1
 * convolution as the shortcut where the shape changes, batch norm by the batch's statistics, SGD with momentum. */
#include "bench.h"

#include <math.h>

enum { BATCHES = 2, BATCH = 32, SIDE = 32, CLASSES = 10, BLOCKS = 8, CONVS = 20, FC = 3 * CONVS, INPUTS = FC + 2, TARGETS, STATS };

typedef struct block { int64_t channels, stride; } block;
static const block blocks[BLOCKS] = { { 64, 1 }, { 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 }, { 512, 1 } };

static bool reshapes(const block *k, int64_t from) { return k->stride > 1 || k->channels != from; }

/* A convolution's weight in +-sqrt(6 / fan_in), and its norm's weight and bias. */
static void draw_conv(bench *b, int64_t in, int64_t out, int64_t kernel, int64_t side)
{
    const int64_t fan = in * kernel * kernel;
    bench_uniform(b, TP_SHAPE(out, in, kernel, kernel), sqrt(6.0 / (double)fan));
    bench_const(b, TP_SHAPE(out), 1);
    bench_const(b, TP_SHAPE(out), 0);
    b->flops += (int64_t)2 * BATCH * out * fan * side * side * (in == 3 ? 2 : 3);
}

static void setup(bench *b)
{
    int64_t in = 64, side = SIDE;
    draw_conv(b, 3, 64, 3, side);
    for (const block *k = blocks; k < blocks + BLOCKS; k++) {
        side /= k->stride;
        draw_conv(b, in, k->channels, 3, side);
        draw_conv(b, k->channels, k->channels, 3, side);
        if (reshapes(k, in)) draw_conv(b, in, k->channels, 1, side);
        in = k->channels;
    }
    bench_linear(b, CLASSES, in);
    bench_params(b);
    bench_uniform(b, TP_SHAPE(BATCHES, BATCH, 3, SIDE, SIDE), 1.7);
    bench_ints(b, TP_SHAPE(BATCHES, BATCH), CLASSES);
    for (int i = 0; i < CONVS; i++) {
        const tp_shape channels = TP_SHAPE(tp_size(b->x[3 * i], 0));
        bench_const(b, channels, 0);
        bench_const(b, channels, 1);
    }
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.01, .momentum = 0.9);
    b->items = BATCH;
    b->steps = 12;
    b->warm = 2;
}

/* Convolution i and its norm. */
static tp_tensor *conv(const bench *b, int i, tp_tensor *x, int64_t stride)
{
    tp_tensor *const *w = b->x + 3 * i, *const *stats = b->x + STATS + 2 * i;
    const int64_t pad = tp_size(w[0], 2) / 2;
    return tp_batch_norm(tp_conv2d(x, w[0], NULL, .stride = stride, .padding = pad), stats[0], stats[1], .weight = w[1], .bias = w[2], .training = true);
}

static double step(bench *b, int i)
{
    TP_SCOPE();
    tp_zero_grad(b->opt);
    int at = 1;
    int64_t in = 64;
    tp_tensor *h = tp_relu(conv(b, 0, bench_batch(b, INPUTS, i), 1));
    for (const block *k = blocks; k < blocks + BLOCKS; k++) {
        tp_tensor *y = tp_relu(conv(b, at, h, k->stride));
        y = conv(b, at + 1, y, 1);
        at += 2;
        h = tp_relu(tp_add(y, reshapes(k, in) ? conv(b, at++, h, k->stride) : h));
        in = k->channels;
    }
    tp_tensor *logits = tp_linear(tp_mean(h, .dims = TP_DIMS(2, 3)), b->x[FC], b->x[FC + 1]);
    tp_tensor *loss = tp_cross_entropy(logits, bench_batch(b, TARGETS, i));
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

const bench_case bench_train_resnet[] = {
    { "train_resnet18", setup, .step = step, .recorded = true },
    { 0 }
};
