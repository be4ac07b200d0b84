/* train_loops.c: nets that are mostly overhead: a small recurrent net, and a loop whose length depends on its data. */
#include "bench.h"

#include <math.h>

enum { BATCHES = 8, TIME = 100, SAMPLES = 16, MAX_ROUNDS = 20 };

/* h = tanh(x_t Wx + h Wh + b), y = h Wo + bo, squared error. */
enum { WX, WH, B, WO, BO, INPUTS, TARGETS };

static void tinyrnn_setup(bench *b)
{
    const double a = 1 / sqrt(32.0);
    bench_uniform(b, TP_SHAPE(32, 32), a);
    bench_uniform(b, TP_SHAPE(32, 32), a);
    bench_const(b, TP_SHAPE(32), 0);
    bench_uniform(b, TP_SHAPE(32, 1), a);
    bench_const(b, TP_SHAPE(1), 0);
    bench_params(b);
    bench_uniform(b, TP_SHAPE(BATCHES, TIME, 1, 32), 1);
    bench_uniform(b, TP_SHAPE(BATCHES, 1, 1), 1);
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.01);
    b->items = TIME;
    b->flops = (int64_t)TIME * 2 * 1024 * 5;
    b->steps = 200;
    b->warm = 20;
}

static double tinyrnn_step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *const *w = b->x, *x = bench_batch(b, INPUTS, i), *h = tp_zeros(TP_SHAPE(1, 32), .device = b->device);
    tp_zero_grad(b->opt);
    for (int t = 0; t < TIME; t++)
        h = tp_tanh(tp_add(tp_add(tp_matmul(tp_select(x, 0, t), w[WX]), tp_matmul(h, w[WH])), w[B]));
    tp_tensor *e = tp_sub(tp_add(tp_matmul(h, w[WO]), w[BO]), bench_batch(b, TARGETS, i));
    tp_tensor *loss = tp_sum(tp_mul(e, e));
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

/* Adaptive computation: rounds of h = tanh(U x + b + W h) until the sum of sigmoid(v h + q) reaches 1. */
enum { LOOP_U, LOOP_B, LOOP_W, LOOP_V, LOOP_Q, LOOP_WO, LOOP_BO, LOOP_INPUTS, LOOP_TARGETS };
static int64_t rounds;

static void dynloop_setup(bench *b)
{
    bench_linear(b, 64, 64);
    bench_uniform(b, TP_SHAPE(64, 64), 0.125);
    bench_uniform(b, TP_SHAPE(1, 64), 0.125);
    bench_const(b, TP_SHAPE(1), -1.5);
    bench_linear(b, 1, 64);
    bench_params(b);
    bench_uniform(b, TP_SHAPE(BATCHES, SAMPLES, 1, 64), 1);
    bench_uniform(b, TP_SHAPE(BATCHES, SAMPLES, 1, 1), 1);
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.05);
    b->items = SAMPLES;
    b->steps = 60;
    b->warm = 5;
}

static double dynloop_sample(tp_tensor *const *w, tp_tensor *x, tp_tensor *target)
{
    TP_SCOPE();
    tp_tensor *a = tp_linear(x, w[LOOP_U], w[LOOP_B]);
    tp_tensor *h = tp_zeros(TP_SHAPE(1, 64)), *s = tp_zeros(TP_SHAPE(1, 1)), *o = tp_zeros(TP_SHAPE(1, 64));
    for (int n = 1;; n++) {
        h = tp_tanh(tp_add(a, tp_linear(h, w[LOOP_W], NULL)));
        tp_tensor *p = tp_sigmoid(tp_linear(h, w[LOOP_V], w[LOOP_Q]));
        s = tp_add(s, p);
        o = tp_add(o, tp_mul(p, h));
        rounds++;
        if (!(tp_item(s) < 1) || n == MAX_ROUNDS) break;                     /* an error is NaN, and ends it */
    }
    tp_tensor *e = tp_sub(tp_linear(o, w[LOOP_WO], w[LOOP_BO]), target);
    tp_tensor *loss = tp_mul(tp_add(tp_sum(tp_mul(e, e)), tp_mul(0.01, tp_sum(s))), 1.0 / SAMPLES);
    tp_backward(loss);
    return tp_item(loss);
}

static double dynloop_step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *const *w = b->x;
    tp_tensor *x = tp_select(w[LOOP_INPUTS], 0, i % BATCHES), *targets = tp_select(w[LOOP_TARGETS], 0, i % BATCHES);
    double total = 0;
    tp_zero_grad(b->opt);
    for (int k = 0; k < SAMPLES; k++) total += dynloop_sample(w, tp_select(x, 0, k), tp_select(targets, 0, k));
    tp_step(b->opt);
    snprintf(b->extra, sizeof b->extra, ", \"rounds\": %lld", (long long)rounds);
    return total;
}

const bench_case bench_train_loops[] = {
    { "train_tinyrnn", tinyrnn_setup, .step = tinyrnn_step, .recorded = true },
    { "train_dynloop", dynloop_setup, .step = dynloop_step },
    { 0 }
};
