/* train_dense.c: feed-forward nets; a step is forward, loss, backward, update. */
#include "bench.h"

enum { BATCHES = 8 };

/* The two inputs of a step: batch i of the last two tensors drawn. */
static tp_tensor *batch_x(bench *b, int i) { return bench_batch(b, b->n_params, i); }
static tp_tensor *batch_y(bench *b, int i) { return bench_batch(b, b->n_params + 1, i); }

static double train(bench *b, tp_tensor *loss)
{
    tp_zero_grad(b->opt);
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

static tp_tensor *layer(const bench *b, int i, tp_tensor *x) { return tp_linear(x, b->x[i], b->x[i + 1]); }

/* 784-512-256-10, ReLU, batch 128, SGD with momentum. */
static void mlp_setup(bench *b)
{
    bench_linear(b, 512, 784);
    bench_linear(b, 256, 512);
    bench_linear(b, 10, 256);
    bench_params(b);
    bench_uniform(b, TP_SHAPE(BATCHES, 128, 784), 1);
    bench_ints(b, TP_SHAPE(BATCHES, 128), 10);
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.05, .momentum = 0.9);
    b->items = 128;
    b->flops = (int64_t)2 * 128 * (2 * 784 * 512 + 3 * (512 * 256 + 256 * 10));
    b->steps = 300;
    b->warm = 50;
}

static double mlp_step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *h = tp_relu(layer(b, 0, batch_x(b, i)));
    h = tp_relu(layer(b, 2, h));
    return train(b, tp_cross_entropy(layer(b, 4, h), batch_y(b, i)));
}

/* LeNet on [64, 1, 28, 28], Adam. */
static void lenet_setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(6, 1, 5, 5), 0.2);                             /* 25^-1/2 */
    bench_const(b, TP_SHAPE(6), 0);
    bench_uniform(b, TP_SHAPE(16, 6, 5, 5), 0.08164965809277261);            /* 150^-1/2 */
    bench_const(b, TP_SHAPE(16), 0);
    bench_linear(b, 120, 400);
    bench_linear(b, 84, 120);
    bench_linear(b, 10, 84);
    bench_params(b);
    bench_uniform01(b, TP_SHAPE(BATCHES, 64, 1, 28, 28));
    bench_ints(b, TP_SHAPE(BATCHES, 64), 10);
    b->opt = tp_adam(bench_param_list(b), .lr = 1e-3);
    b->items = 64;
    b->flops = (int64_t)2 * 64 * (2 * 28 * 28 * 6 * 25 + 3 * (100 * 16 * 150 + 48000 + 10080 + 840));
    b->steps = 150;
    b->warm = 20;
}

static double lenet_step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *h = tp_conv2d(batch_x(b, i), b->x[0], b->x[1], .padding = 2);
    h = tp_max_pool2d(tp_relu(h), 2);
    h = tp_max_pool2d(tp_relu(tp_conv2d(h, b->x[2], b->x[3])), 2);
    h = tp_relu(layer(b, 4, tp_flatten(h, 1, -1)));
    h = tp_relu(layer(b, 6, h));
    return train(b, tp_cross_entropy(layer(b, 8, h), batch_y(b, i)));
}

/* A table [1000000, 64] of which 4096 rows are looked up, Adam of rows. */
static void rows_setup(bench *b)
{
    bench_const(b, TP_SHAPE(1000000, 64), 0.01);
    bench_params(b);
    bench_ints(b, TP_SHAPE(BATCHES, 4096), 1000000);
    b->opt = tp_sparse_adam(bench_param_list(b), .lr = 1e-3);
    b->items = 4096;
    b->steps = 120;
    b->warm = 20;
}

static double rows_step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *y = tp_embedding(tp_select(b->x[1], 0, i % BATCHES), b->x[0], .sparse = true);
    return train(b, tp_mean(tp_mul(y, y)));
}

const bench_case bench_train_dense[] = {
    { "train_mlp", mlp_setup, .step = mlp_step, .recorded = true },
    { "train_lenet", lenet_setup, .step = lenet_step, .recorded = true },
    { "embedding_sparse_step", rows_setup, .step = rows_step },
    { 0 }
};
