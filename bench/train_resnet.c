/* train_resnet.c: ResNet-18 for 32 x 32 images: a 3x3 stem of 64 channels, four stages of two basic blocks, stride 1, 2, 2, 2, a 1x1
 * convolution as the shortcut where the shape changes, batch norm by the batch's statistics, SGD with momentum. */
#include "bench.h"

enum { BATCHES = 2, BATCH = 32, SIDE = 32, CLASSES = 10, BLOCKS = 8, CONVS = 20, FC = 3 * CONVS, INPUTS = FC + 2, TARGETS, STATS };

typedef struct block { int64_t channels, stride; } block;
static const block blocks[BLOCKS] = { { 64, 1 }, { 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 }, { 512, 1 } };

static bool reshapes(const block *k, int64_t from) { return k->stride > 1 || k->channels != from; }

static void setup(bench *b)
{
    int64_t in = 64, side = SIDE;
    bench_conv_norm(b, 3, 64, 3, BATCH * side * side);
    for (const block *k = blocks; k < blocks + BLOCKS; k++) {
        side /= k->stride;
        bench_conv_norm(b, in, k->channels, 3, BATCH * side * side);
        bench_conv_norm(b, k->channels, k->channels, 3, BATCH * side * side);
        if (reshapes(k, in)) bench_conv_norm(b, in, k->channels, 1, BATCH * side * side);
        in = k->channels;
    }
    bench_linear(b, CLASSES, in);
    bench_params(b);
    bench_images(b, BATCHES, BATCH, SIDE, CLASSES, CONVS);
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.01, .momentum = 0.9);
    b->items = BATCH;
    b->steps = 12;
    b->warm = 2;
}

/* Convolution i and its norm. */
static tp_tensor *conv(const bench *b, int i, tp_tensor *x, int64_t stride)
{
    return bench_conv_normed(b->x + 3 * i, b->x + STATS + 2 * i, x, stride);
}

static tp_tensor *loss_of(bench *b, int i)
{
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
    return tp_cross_entropy(logits, bench_batch(b, TARGETS, i));
}

static double step(bench *b, int i) { return bench_train(b, i, loss_of); }

const bench_case bench_train_resnet[] = {
    { "train_resnet18", setup, .step = step, .recorded = true },
    { 0 }
};
