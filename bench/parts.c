/* parts.c: parts of the networks in train_gpt.c, train_resnet.c and train_large.c. */
#include "bench.h"

#include <math.h>

double bench_train(bench *b, int i, tp_tensor *(*loss_of)(bench *b, int i))
{
    tp_tensor *loss;
    TP_SCOPE();
    tp_zero_grad(b->opt);
    {
        TP_AUTOCAST(b->amp);
        loss = loss_of(b, i);
    }
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

/* ---- A GPT ------------------------------------------------------------------------------------------------------------------- */

static void draw_norm(bench *b, int64_t width)
{
    bench_const(b, TP_SHAPE(width), 1);
    bench_const(b, TP_SHAPE(width), 0);
}

void bench_gpt(bench *b, int64_t symbols, int64_t time, int64_t width, int blocks)
{
    bench_uniform(b, TP_SHAPE(symbols, width), 0.02);
    bench_uniform(b, TP_SHAPE(time, width), 0.02);
    for (int l = 0; l < blocks; l++) {
        draw_norm(b, width);
        bench_linear(b, 3 * width, width);
        bench_linear(b, width, width);
        draw_norm(b, width);
        bench_linear(b, 4 * width, width);
        bench_linear(b, width, 4 * width);
    }
    draw_norm(b, width);
}

tp_tensor *bench_layer_norm(tp_tensor *const *w, tp_tensor *x)
{
    return tp_layer_norm(x, TP_SHAPE(tp_numel(w[0])), .weight = w[0], .bias = w[1]);
}

tp_tensor *bench_heads(tp_tensor *qkv, int i, int64_t heads)
{
    const int64_t width = tp_size(qkv, 2) / 3;
    tp_tensor *part = tp_narrow(qkv, -1, i * width, width);
    return tp_transpose(tp_reshape(part, TP_SHAPE(tp_size(qkv, 0), tp_size(qkv, 1), heads, width / heads)), 1, 2);
}

/* ---- A ResNet ---------------------------------------------------------------------------------------------------------------- */

void bench_conv_norm(bench *b, int64_t in, int64_t out, int64_t kernel, int64_t pixels)
{
    const int64_t fan = in * kernel * kernel;
    bench_uniform(b, TP_SHAPE(out, in, kernel, kernel), sqrt(6.0 / (double)fan));
    bench_const(b, TP_SHAPE(out), 1);
    bench_const(b, TP_SHAPE(out), 0);
    b->flops += (int64_t)2 * out * fan * pixels * (in == 3 ? 2 : 3);
}

void bench_images(bench *b, int64_t batches, int64_t batch, int64_t side, int64_t classes, int convs)
{
    bench_uniform(b, TP_SHAPE(batches, batch, 3, side, side), 1.7);
    bench_ints(b, TP_SHAPE(batches, batch), classes);
    for (int i = 0; i < convs; i++) {
        const tp_shape channels = TP_SHAPE(tp_size(b->x[3 * i], 0));
        bench_const(b, channels, 0);
        bench_const(b, channels, 1);
    }
}

tp_tensor *bench_conv_normed(tp_tensor *const *w, tp_tensor *const *stats, tp_tensor *x, int64_t stride)
{
    tp_tensor *y = tp_conv2d(x, w[0], NULL, .stride = stride, .padding = tp_size(w[0], 2) / 2);
    return tp_batch_norm(y, stats[0], stats[1], .weight = w[1], .bias = w[2], .training = true);
}
