/* train_gpt.c: a small GPT over characters: 4 blocks of 128 with 4 heads, norms before, GELU, an untied head, AdamW; attention as one op,
 * or written out: product, mask, softmax, product. Both forms give the same losses. */
#include "bench.h"

#include <math.h>

enum { BATCHES = 8, BATCH = 8, TIME = 128, SYMBOLS = 65, WIDTH = 128, HEADS = 4, BLOCKS = 4, HEAD_WIDTH = WIDTH / HEADS };
/* A block: the norm, qkv, the projection, the other norm, up and down; weight and bias of each. */
enum { LN1, LN1_B, QKV, QKV_B, PROJ, PROJ_B, LN2, LN2_B, UP, UP_B, DOWN, DOWN_B, PER_BLOCK };
enum { TOKENS, PLACES, BLOCK, LAST = BLOCK + BLOCKS * PER_BLOCK, LAST_B, HEAD, INPUTS, TARGETS, MASK };

static void norm(bench *b)
{
    bench_const(b, TP_SHAPE(WIDTH), 1);
    bench_const(b, TP_SHAPE(WIDTH), 0);
}

static void setup(bench *b)
{
    bench_uniform(b, TP_SHAPE(SYMBOLS, WIDTH), 0.02);
    bench_uniform(b, TP_SHAPE(TIME, WIDTH), 0.02);
    for (int l = 0; l < BLOCKS; l++) {
        norm(b);
        bench_linear(b, 3 * WIDTH, WIDTH);
        bench_linear(b, WIDTH, WIDTH);
        norm(b);
        bench_linear(b, 4 * WIDTH, WIDTH);
        bench_linear(b, WIDTH, 4 * WIDTH);
    }
    norm(b);
    bench_uniform(b, TP_SHAPE(SYMBOLS, WIDTH), 0.08838834764831845);         /* 128^-1/2 */
    bench_params(b);
    bench_text(b, BATCHES, BATCH, TIME);
    bench_const(b, TP_SHAPE(TIME, TIME), -INFINITY);
    tp_triu_(b->x[MASK], 1);
    b->opt = tp_adamw(bench_param_list(b), .lr = 1e-3, .weight_decay = 0.01);
    b->items = BATCH * TIME;
    b->flops = (int64_t)3 * 2 * BATCH * TIME * (BLOCKS * 12 * WIDTH * WIDTH + SYMBOLS * WIDTH + BLOCKS * 2 * TIME * WIDTH);
    b->steps = 40;
    b->warm = 4;
}

static tp_tensor *layer_norm(tp_tensor *const *w, tp_tensor *x) { return tp_layer_norm(x, TP_SHAPE(WIDTH), .weight = w[0], .bias = w[1]); }

/* Part i of q, k, v, as [batch, heads, time, width of a head]. */
static tp_tensor *heads_of(tp_tensor *qkv, int i)
{
    return tp_transpose(tp_reshape(tp_narrow(qkv, -1, (int64_t)i * WIDTH, WIDTH), TP_SHAPE(BATCH, TIME, HEADS, HEAD_WIDTH)), 1, 2);
}

static tp_tensor *attention(const bench *b, tp_tensor *qkv)
{
    tp_tensor *q = heads_of(qkv, 0), *k = heads_of(qkv, 1), *v = heads_of(qkv, 2);
    if (!b->is->n) return tp_scaled_dot_product_attention(q, k, v, .is_causal = true);
    tp_tensor *scores = tp_mul(tp_matmul(q, tp_transpose(k, -1, -2)), pow(HEAD_WIDTH, -0.5));
    return tp_matmul(tp_softmax(tp_add(scores, b->x[MASK]), -1), v);
}

static tp_tensor *block(const bench *b, tp_tensor *const *w, tp_tensor *x)
{
    tp_tensor *a = attention(b, tp_linear(layer_norm(w + LN1, x), w[QKV], w[QKV_B]));
    a = tp_reshape(tp_transpose(a, 1, 2), TP_SHAPE(BATCH, TIME, WIDTH));
    x = tp_add(x, tp_linear(a, w[PROJ], w[PROJ_B]));
    tp_tensor *up = tp_gelu(tp_linear(layer_norm(w + LN2, x), w[UP], w[UP_B]));
    return tp_add(x, tp_linear(up, w[DOWN], w[DOWN_B]));
}

static double step(bench *b, int i)
{
    TP_SCOPE();
    tp_tensor *const *w = b->x;
    tp_zero_grad(b->opt);
    tp_tensor *x = tp_add(tp_embedding(bench_batch(b, INPUTS, i), w[TOKENS]), w[PLACES]);
    for (int l = 0; l < BLOCKS; l++) x = block(b, w + BLOCK + (size_t)l * PER_BLOCK, x);
    tp_tensor *logits = tp_linear(layer_norm(w + LAST, x), w[HEAD], NULL);
    tp_tensor *loss = tp_cross_entropy(tp_flatten(logits, 0, 1), bench_batch(b, TARGETS, i));
    tp_backward(loss);
    tp_step(b->opt);
    return bench_loss(b, loss);
}

const bench_case bench_train_gpt[] = {
    { "train_gpt", setup, .step = step, .recorded = true },
    { "train_gpt_explicit", setup, .step = step, .recorded = true, .n = 1 },
    { 0 }
};
