/* train_chars.c: a character model of two recurrent layers: as a module, or the cell written out in ops, one time step and layer at a
 * time. Both forms give the same losses. */
#include "bench.h"

enum { BATCHES = 8, BATCH = 32, TIME = 64, SYMBOLS = 65, HIDDEN = 256, LAYERS = 2 };
enum { EMBEDDING, LAYER, OUT = LAYER + 4 * LAYERS, INPUTS = OUT + 2, TARGETS };    /* a layer: Wx, Wh, bx, bh */

static void draw(bench *b)
{
    const int64_t gates = b->is->n;
    bench_uniform(b, TP_SHAPE(SYMBOLS, HIDDEN), 0.1);
    for (int l = 0; l < LAYERS; l++) {
        bench_uniform(b, TP_SHAPE(gates * HIDDEN, HIDDEN), 0.0625);          /* 256^-1/2 */
        bench_uniform(b, TP_SHAPE(gates * HIDDEN, HIDDEN), 0.0625);
        bench_const(b, TP_SHAPE(gates * HIDDEN), 0);
        bench_const(b, TP_SHAPE(gates * HIDDEN), 0);
    }
    bench_linear(b, SYMBOLS, HIDDEN);
    bench_params(b);
    bench_text(b, BATCHES, BATCH, TIME);
    b->items = BATCH * TIME;
    b->flops = (int64_t)3 * 2 * BATCH * TIME * (2 * 2 * gates * HIDDEN * HIDDEN + SYMBOLS * HIDDEN);
    b->steps = 24;
    b->warm = 3;
}

static void setup(bench *b)
{
    draw(b);
    b->opt = tp_adam(bench_param_list(b), .lr = 2e-3);
}

/* The module's parameters, in the order of what was drawn, start from it. */
static void module_setup(bench *b)
{
    enum { ALL = OUT + 2 };
    draw(b);
    b->net = b->is->n == 4 ? tp_nn_lstm(HIDDEN, HIDDEN, .num_layers = LAYERS, .batch_first = true)
                           : tp_nn_gru(HIDDEN, HIDDEN, .num_layers = LAYERS, .batch_first = true);
    if (b->net) tp_module_to(b->net, b->device);
    const tp_parameter_list own = tp_parameters(b->net);
    tp_tensor *params[ALL] = { b->x[EMBEDDING] };
    TP_SCOPE();
    for (int i = 0; i < own.n && i < 4 * LAYERS; i++) {
        TP_NO_GRAD();
        tp_copy_(params[LAYER + i] = own.at[i], b->x[LAYER + i]);
    }
    params[OUT] = b->x[OUT];
    params[OUT + 1] = b->x[OUT + 1];
    const tp_tensor_list all = { .at = params, .n = ALL };
    b->opt = tp_adam(all, .lr = 2e-3);
}

static tp_tensor *gate(tp_tensor *x, int i) { return tp_narrow(x, 1, (int64_t)i * HIDDEN, HIDDEN); }

/* Gates i, f, g, o. */
static void lstm(tp_tensor *const *w, tp_tensor *x, tp_tensor **h, tp_tensor **c)
{
    tp_tensor *a = tp_add(tp_linear(x, w[0], w[2]), tp_linear(*h, w[1], w[3]));
    *c = tp_add(tp_mul(tp_sigmoid(gate(a, 1)), *c), tp_mul(tp_sigmoid(gate(a, 0)), tp_tanh(gate(a, 2))));
    *h = tp_mul(tp_sigmoid(gate(a, 3)), tp_tanh(*c));
}

/* Gates r, z, n with n = tanh(Wn x + bn + r (Un h + cn)). */
static void gru(tp_tensor *const *w, tp_tensor *x, tp_tensor **h, tp_tensor **unused)
{
    (void)unused;
    tp_tensor *a = tp_linear(x, w[0], w[2]), *u = tp_linear(*h, w[1], w[3]);
    tp_tensor *r = tp_sigmoid(tp_add(gate(a, 0), gate(u, 0))), *z = tp_sigmoid(tp_add(gate(a, 1), gate(u, 1)));
    tp_tensor *n = tp_tanh(tp_add(gate(a, 2), tp_mul(r, gate(u, 2))));
    *h = tp_add(tp_mul(tp_sub(1, z), n), tp_mul(z, *h));
}

static double train(bench *b, int i, tp_tensor *hidden)
{
    tp_tensor *const *w = b->x;
    tp_tensor *logits = tp_flatten(tp_linear(hidden, w[OUT], w[OUT + 1]), 0, 1);
    tp_tensor *loss = tp_cross_entropy(logits, bench_batch(b, TARGETS, i));
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

static tp_tensor *embedded(bench *b, int i) { return tp_embedding(bench_batch(b, INPUTS, i), b->x[EMBEDDING]); }

static double step(bench *b, int i)
{
    TP_SCOPE();
    void (*cell)(tp_tensor *const *, tp_tensor *, tp_tensor **, tp_tensor **) = b->is->n == 4 ? lstm : gru;
    tp_tensor *const *w = b->x;
    tp_zero_grad(b->opt);
    tp_tensor *e = embedded(b, i);
    tp_tensor *h[LAYERS], *c[LAYERS], *outputs[TIME];
    for (int l = 0; l < LAYERS; l++) h[l] = c[l] = tp_zeros(TP_SHAPE(BATCH, HIDDEN), .device = b->device);
    for (int t = 0; t < TIME; t++) {
        cell(w + LAYER, tp_select(e, 1, t), &h[0], &c[0]);
        cell(w + LAYER + 4, h[0], &h[1], &c[1]);
        outputs[t] = tp_reshape(h[1], TP_SHAPE(BATCH, 1, HIDDEN));
    }
    return train(b, i, tp_cat((tp_tensor_list){ .at = outputs, .n = TIME }, 1));
}

static double module_step(bench *b, int i)
{
    TP_SCOPE();
    tp_zero_grad(b->opt);
    return train(b, i, tp_forward(b->net, embedded(b, i)));
}

const bench_case bench_train_chars[] = {
    { "train_charlstm_cell", setup, .step = step, .recorded = true, .n = 4 },
    { "train_chargru_cell", setup, .step = step, .recorded = true, .n = 3 },
    { "train_charlstm_nn", module_setup, .step = module_step, .recorded = true, .n = 4 },
    { "train_chargru_nn", module_setup, .step = module_step, .recorded = true, .n = 3 },
    { 0 }
};
