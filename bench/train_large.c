/* train_large.c: what is measured on a GPU. GPT-2 of 124 million parameters [Radford et al. 2019]: 12 blocks of 768, 12 heads, 1024 tokens, norms
 * before, GELU by tanh, the head tied to the embedding, AdamW. ResNet-50 [He et al. 2015] for 224 x 224 images: bottlenecks whose stride is in
 * the 3 x 3 convolution, SGD with momentum. And a step of AdamW alone, over the shapes of GPT-2. */
#include "bench.h"

/* ---- GPT-2 -------------------------------------------------------------------------------------------------------------------------------- */

enum { TIME = 1024, SYMBOLS = 50304, WIDTH = 768, HEADS = 12, BLOCKS = 12, GPT_BATCH = 4, GPT_BATCHES = 2 };
enum { LAST = BENCH_BLOCK + BLOCKS * PER_BLOCK, LAST_B, GPT_INPUTS, GPT_TARGETS };

static void gpt_params(bench *b)
{
    bench_gpt(b, SYMBOLS, TIME, WIDTH, BLOCKS);
    bench_params(b);
    b->opt = tp_adamw(bench_param_list(b), .lr = 1e-4, .weight_decay = 0.01);
}

static void gpt_setup(bench *b)
{
    gpt_params(b);
    bench_ints(b, TP_SHAPE(GPT_BATCHES, GPT_BATCH, TIME), SYMBOLS);
    bench_ints(b, TP_SHAPE(GPT_BATCHES, GPT_BATCH * TIME), SYMBOLS);
    b->items = GPT_BATCH * TIME;
    b->mixed = true;
    b->flops = (int64_t)3 * 2 * GPT_BATCH * TIME * ((int64_t)BLOCKS * 12 * WIDTH * WIDTH + (int64_t)SYMBOLS * WIDTH + (int64_t)BLOCKS * 2 * TIME * WIDTH);
    b->steps = 30;
    b->warm = 5;
}

static tp_tensor *gpt_block(tp_tensor *const *w, tp_tensor *x)
{
    tp_tensor *qkv = tp_linear(bench_layer_norm(w + LN1, x), w[QKV], w[QKV_B]);
    tp_tensor *q = bench_heads(qkv, 0, HEADS), *k = bench_heads(qkv, 1, HEADS), *v = bench_heads(qkv, 2, HEADS);
    tp_tensor *a = tp_scaled_dot_product_attention(q, k, v, .is_causal = true);
    x = tp_add(x, tp_linear(tp_reshape(tp_transpose(a, 1, 2), TP_SHAPE(GPT_BATCH, TIME, WIDTH)), w[PROJ], w[PROJ_B]));
    tp_tensor *up = tp_gelu(tp_linear(bench_layer_norm(w + LN2, x), w[UP], w[UP_B]), .approximate = TP_GELU_TANH);
    return tp_add(x, tp_linear(up, w[DOWN], w[DOWN_B]));
}

static tp_tensor *gpt_loss(bench *b, int i)
{
    tp_tensor *const *w = b->x;
    tp_tensor *x = tp_add(tp_embedding(bench_batch(b, GPT_INPUTS, i), w[BENCH_TOKENS]), w[BENCH_PLACES]);
    for (int l = 0; l < BLOCKS; l++) x = gpt_block(w + BENCH_BLOCK + (size_t)l * PER_BLOCK, x);
    tp_tensor *logits = tp_linear(bench_layer_norm(w + LAST, x), w[BENCH_TOKENS], NULL);
    return tp_cross_entropy(tp_flatten(logits, 0, 1), bench_batch(b, GPT_TARGETS, i));
}

static double gpt_step(bench *b, int i) { return bench_train(b, i, gpt_loss); }

/* ---- AdamW alone -------------------------------------------------------------------------------------------------------------------------- */

static void adamw_setup(bench *b)
{
    gpt_params(b);
    for (int i = 0; i < b->n_params; i++) {
        TP_SCOPE();
        tp_set_grad(b->x[i], tp_full(tp_shape_of(b->x[i]), 0.001, .device = b->device));
        b->bytes += 28 * tp_numel(b->x[i]);            /* reads four arrays of float32, writes three */
    }
    b->items = 1;
    b->steps = 60;
    b->warm = 10;
}

/* The loss is an element of a parameter, so that the step is waited for. */
static double adamw_step(bench *b, int i)
{
    (void)i;
    TP_SCOPE();
    tp_step(b->opt);
    return bench_loss(b, tp_select(tp_detach(b->x[LAST]), 0, 0));
}

/* ---- ResNet-50 ------------------------------------------------------------------------------------------------------------------------------ */

enum { STAGES = 4, CONVS = 53, SIDE = 224, CLASSES = 1000, BATCH = 64, BATCHES = 2, FC = 3 * CONVS, INPUTS = FC + 2, TARGETS, STATS };
static const int depth[STAGES] = { 3, 4, 6, 3 };

static void resnet_setup(bench *b)
{
    int64_t in = 64, side = SIDE / 4;
    bench_conv_norm(b, 3, 64, 7, (int64_t)BATCH * (SIDE / 2) * (SIDE / 2));
    for (int s = 0; s < STAGES; s++)
        for (int k = 0; k < depth[s]; k++) {
            const int64_t inner = (int64_t)64 << s, before = side;
            if (s && !k) side /= 2;
            bench_conv_norm(b, in, inner, 1, (int64_t)BATCH * before * before);
            bench_conv_norm(b, inner, inner, 3, (int64_t)BATCH * side * side);
            bench_conv_norm(b, inner, 4 * inner, 1, (int64_t)BATCH * side * side);
            if (!k) bench_conv_norm(b, in, 4 * inner, 1, (int64_t)BATCH * side * side);
            in = 4 * inner;
        }
    bench_linear(b, CLASSES, in);
    bench_params(b);
    bench_images(b, BATCHES, BATCH, SIDE, CLASSES, CONVS);
    b->opt = tp_sgd(bench_param_list(b), .lr = 0.01, .momentum = 0.9);
    b->items = BATCH;
    b->mixed = true;
    b->steps = 30;
    b->warm = 5;
}

/* Convolution i and its norm */
static tp_tensor *conv(const bench *b, int i, tp_tensor *x, int64_t stride)
{
    return bench_conv_normed(b->x + 3 * i, b->x + STATS + 2 * i, x, stride);
}

static tp_tensor *resnet_loss(bench *b, int i)
{
    int at = 1;
    tp_tensor *h = tp_max_pool2d(tp_relu(conv(b, 0, bench_batch(b, INPUTS, i), 2)), 3, .stride = 2, .padding = 1);
    for (int s = 0; s < STAGES; s++)
        for (int k = 0; k < depth[s]; k++) {
            tp_tensor *y = tp_relu(conv(b, at, h, 1));
            y = tp_relu(conv(b, at + 1, y, s && !k ? 2 : 1));
            y = conv(b, at + 2, y, 1);
            at += 3;
            h = tp_relu(tp_add(y, k ? h : conv(b, at++, h, s ? 2 : 1)));
        }
    tp_tensor *logits = tp_linear(tp_mean(h, .dims = TP_DIMS(2, 3)), b->x[FC], b->x[FC + 1]);
    return tp_cross_entropy(logits, bench_batch(b, TARGETS, i));
}

static double resnet_step(bench *b, int i) { return bench_train(b, i, resnet_loss); }

const bench_case bench_train_large[] = {
    { "train_gpt2_124m", gpt_setup, .step = gpt_step, .recorded = true },
    { "train_resnet50", resnet_setup, .step = resnet_step, .recorded = true },
    { "step_adamw_124m", adamw_setup, .step = adamw_step, .recorded = true },
    { 0 }
};
