/* train_trees.c: TreeLSTMs over 25 trees a batch, each of a shape of its own, one node at a time, Adagrad. */
#include "bench.h"

#include <math.h>

enum { BATCHES = 10, TREES = 25, MAX_WORDS = 28, WORDS = 2000, WIDTH = 300, HIDDEN = 150, CLASSES = 5 };

/* Binary: link i joins nodes a and b to node n + i. Child-sum: node i + 1 hangs below node a. */
typedef struct tree { int n, word[MAX_WORDS], n_links, label; struct { int a, b; } link[MAX_WORDS]; } tree;
static tree trees[BATCHES * TREES];
static tp_tensor *squares[BENCH_TENSORS];              /* Adagrad's sums */

static void draw_binary_links(bench *b, tree *t)
{
    int current[MAX_WORDS], length = t->n;
    for (int i = 0; i < length; i++) current[i] = i;
    while (length > 1) {
        const int j = (int)bench_below(b, length - 1);
        t->link[t->n_links].a = current[j];
        t->link[t->n_links++].b = current[j + 1];
        current[j] = t->n + t->n_links - 1;
        length--;
        for (int i = j + 1; i < length; i++) current[i] = current[i + 1];
    }
}

static void draw_trees(bench *b, bool binary)
{
    int64_t label[BATCHES * TREES], words = 0;
    for (int k = 0; k < BATCHES * TREES; k++) {
        tree *t = &trees[k];
        t->n = 10 + (int)bench_below(b, 19);
        for (int i = 0; i < t->n; i++) t->word[i] = (int)bench_below(b, WORDS);
        if (binary) draw_binary_links(b, t);
        else for (int i = 1; i < t->n; i++) t->link[t->n_links++].a = (int)bench_below(b, i);
        label[k] = t->label = (int)bench_below(b, CLASSES);
        words += t->n;
    }
    bench_given(b, label, TP_SHAPE(BATCHES * TREES, 1));
    if (!binary) return;
    const double leaves = (double)words / BATCHES;
    b->flops = (int64_t)(2 * (leaves * 2 * 450 * 300 + (leaves - TREES) * 3 * 750 * 300));
    snprintf(b->extra, sizeof b->extra, ", \"mean_leaves\": %.9g", leaves / TREES);
}

static void finish(bench *b, bool binary)
{
    bench_linear(b, CLASSES, HIDDEN);
    bench_params(b);
    bench_uniform(b, TP_SHAPE(WORDS, WIDTH), 1);
    draw_trees(b, binary);
    TP_SCOPE();
    for (int i = 0; i < b->n_params; i++) squares[i] = tp_keep(tp_zeros(tp_shape_of(b->x[i]), .device = b->device));
    b->items = TREES;
    b->steps = 20;
    b->warm = 2;
}

static void adagrad(const bench *b)
{
    TP_SCOPE();
    TP_NO_GRAD();
    for (int i = 0; i < b->n_params; i++) {
        tp_tensor *g = tp_grad_of(b->x[i]);
        if (!g) continue;
        tp_add_(squares[i], tp_mul(g, g));
        tp_add_(b->x[i], tp_mul(tp_div(g, tp_add(tp_sqrt(squares[i]), 1e-10)), -0.05));
    }
}

static tp_tensor *part(tp_tensor *x, int i) { return tp_narrow(x, 1, (int64_t)i * HIDDEN, HIDDEN); }
static tp_tensor *gated(tp_tensor *g, tp_tensor *x) { return tp_mul(tp_sigmoid(g), x); }

/* leaf: i, o, u = W x + b; node: i, fl, fr, o, u = U [hl; hr] + d. */
enum { LEAF, NODE = 2, BINARY_OUT = 4, BINARY_TABLE = 6 };

static void binary_setup(bench *b)
{
    bench_linear(b, 3 * HIDDEN, WIDTH);
    bench_linear(b, 5 * HIDDEN, 2 * HIDDEN);
    finish(b, true);
}

static tp_tensor *binary_root(tp_tensor *const *w, const tree *t)
{
    tp_tensor *h[2 * MAX_WORDS], *c[2 * MAX_WORDS];
    int n = 0;
    for (; n < t->n; n++) {
        tp_tensor *a = tp_linear(tp_narrow(w[BINARY_TABLE], 0, t->word[n], 1), w[LEAF], w[LEAF + 1]);
        c[n] = gated(part(a, 0), tp_tanh(part(a, 2)));
        h[n] = gated(part(a, 1), tp_tanh(c[n]));
    }
    for (int k = 0; k < t->n_links; k++, n++) {
        const int l = t->link[k].a, r = t->link[k].b;
        tp_tensor *a = tp_linear(tp_cat(TP_TENSORS(h[l], h[r]), 1), w[NODE], w[NODE + 1]);
        c[n] = tp_add(tp_add(gated(part(a, 0), tp_tanh(part(a, 4))), gated(part(a, 1), c[l])), gated(part(a, 2), c[r]));
        h[n] = gated(part(a, 3), tp_tanh(c[n]));
    }
    return h[n - 1];
}

/* hs = the sum of the children's h; i, o, u = W x + b + U hs; f_k = sigmoid(Wf x + bf + Uf h_k); node 0 is the root. */
enum { CS_W, CS_U = 2, CS_WF, CS_UF = 5, CS_OUT, CS_TABLE = 8 };

static void childsum_setup(bench *b)
{
    bench_linear(b, 3 * HIDDEN, WIDTH);
    bench_uniform(b, TP_SHAPE(3 * HIDDEN, HIDDEN), 1 / sqrt((double)HIDDEN));
    bench_linear(b, HIDDEN, WIDTH);
    bench_uniform(b, TP_SHAPE(HIDDEN, HIDDEN), 1 / sqrt((double)HIDDEN));
    finish(b, false);
}

static tp_tensor *childsum_root(tp_tensor *const *w, const tree *t)
{
    tp_tensor *h[MAX_WORDS] = { NULL }, *c[MAX_WORDS];
    for (int i = t->n - 1; i >= 0; i--) {                                    /* children come after their parents */
        tp_tensor *x = tp_narrow(w[CS_TABLE], 0, t->word[i], 1), *sum = NULL;
        for (int k = t->n - 1; k > i; k--)
            if (t->link[k - 1].a == i) sum = sum ? tp_add(sum, h[k]) : h[k];
        tp_tensor *a = tp_linear(x, w[CS_W], w[CS_W + 1]);
        if (sum) a = tp_add(a, tp_linear(sum, w[CS_U], NULL));
        c[i] = gated(part(a, 0), tp_tanh(part(a, 2)));
        tp_tensor *f = sum ? tp_linear(x, w[CS_WF], w[CS_WF + 1]) : NULL;
        for (int k = t->n - 1; k > i; k--)
            if (t->link[k - 1].a == i) c[i] = tp_add(c[i], gated(tp_add(f, tp_linear(h[k], w[CS_UF], NULL)), c[k]));
        h[i] = gated(part(a, 1), tp_tanh(c[i]));
    }
    return h[0];
}

static double step(bench *b, int i)
{
    const bool binary = b->is->n == 2;
    tp_tensor *const *w = b->x, *const *out = w + (binary ? BINARY_OUT : CS_OUT), *labels = w[b->n_params + 1];
    double total = 0;
    for (int p = 0; p < b->n_params; p++) tp_set_grad(w[p], NULL);
    for (int k = 0; k < TREES; k++) {
        TP_SCOPE();
        const int at = i % BATCHES * TREES + k;
        tp_tensor *root = binary ? binary_root(w, &trees[at]) : childsum_root(w, &trees[at]);
        tp_tensor *loss = tp_mul(tp_cross_entropy(tp_linear(root, out[0], out[1]), tp_select(labels, 0, at)), 1.0 / TREES);
        tp_backward(loss);
        total += tp_item(loss);
    }
    adagrad(b);
    if (i == b->steps - 1)
        for (int p = 0; p < b->n_params; p++) tp_free(squares[p]);
    return total;
}

const bench_case bench_train_trees[] = {
    { "train_treelstm_bin", binary_setup, .step = step, .n = 2 },
    { "train_treelstm_childsum", childsum_setup, .step = step },
    { 0 }
};
