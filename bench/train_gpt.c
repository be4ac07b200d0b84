/* train_gpt.c: a small GPT over characters: 4 blocks of 128 with 4 heads, norms before, GELU, an untied head, AdamW; attention as one op,
 * or written out: product, mask, softmax, product. Both forms give the same losses. */
#include "bench.h"

#include <math.h>

enum { BATCHES = 8, BATCH = 8, TIME = 128, SYMBOLS = 65, WIDTH = 128, HEADS = 4, BLOCKS = 4, HEAD_WIDTH = WIDTH / HEADS };
enum { LAST = BENCH_BLOCK + BLOCKS * PER_BLOCK, LAST_B, HEAD, INPUTS, TARGETS, MASK };

static void setup(bench *b)
{
    bench_gpt(b, SYMBOLS, TIME, WIDTH, BLOCKS);
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

static tp_tensor *attention(const bench *b, tp_tensor *qkv)
{
    tp_tensor *q = bench_heads(qkv, 0, HEADS), *k = bench_heads(qkv, 1, HEADS), *v = bench_heads(qkv, 2, HEADS);
    if (!b->is->n) return tp_scaled_dot_product_attention(q, k, v, .is_causal = true);
    tp_tensor *scores = tp_mul(tp_matmul(q, tp_transpose(k, -1, -2)), pow(HEAD_WIDTH, -0.5));
    return tp_matmul(tp_softmax(tp_add(scores, b->x[MASK]), -1), v);
}

static tp_tensor *block(const bench *b, tp_tensor *const *w, tp_tensor *x)
{
    tp_tensor *a = attention(b, tp_linear(bench_layer_norm(w + LN1, x), w[QKV], w[QKV_B]));
    a = tp_reshape(tp_transpose(a, 1, 2), TP_SHAPE(BATCH, TIME, WIDTH));
    x = tp_add(x, tp_linear(a, w[PROJ], w[PROJ_B]));
    tp_tensor *up = tp_gelu(tp_linear(bench_layer_norm(w + LN2, x), w[UP], w[UP_B]));
    return tp_add(x, tp_linear(up, w[DOWN], w[DOWN_B]));
}

static tp_tensor *loss_of(bench *b, int i)
{
    tp_tensor *const *w = b->x;
    tp_tensor *x = tp_add(tp_embedding(bench_batch(b, INPUTS, i), w[BENCH_TOKENS]), w[BENCH_PLACES]);
    for (int l = 0; l < BLOCKS; l++) x = block(b, w + BENCH_BLOCK + (size_t)l * PER_BLOCK, x);
    tp_tensor *logits = tp_linear(bench_layer_norm(w + LAST, x), w[HEAD], NULL);
    return tp_cross_entropy(tp_flatten(logits, 0, 1), bench_batch(b, TARGETS, i));
}

static double step(bench *b, int i) { return bench_train(b, i, loss_of); }

const bench_case bench_train_gpt[] = {
    { "train_gpt", setup, .step = step, .recorded = true },
    { "train_gpt_explicit", setup, .step = step, .recorded = true, .n = 1 },
    { 0 }
};
