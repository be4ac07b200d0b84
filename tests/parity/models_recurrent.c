/* models_recurrent.c: the models of whole runs that go along a text or a tree, of plain ops, as the fixtures' texts describe them. */
#include "train.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- char_lstm: head(lstm(embed(x))), batch first; the state goes on from step to step, detached ------------------------------------- */

/* One layer over [batch, length, width]; h and c are its state, [batch, hidden], and come out as they are after the last place. */
static tp_tensor *lstm_layer(run *r, int layer, tp_tensor *x, tp_tensor **h, tp_tensor **c)
{
    tp_tensor *gates = tp_linear(x, weight(r, "lstm.weight_ih_l%d", layer), weight(r, "lstm.bias_ih_l%d", layer));
    tp_tensor *w = weight(r, "lstm.weight_hh_l%d", layer), *b = weight(r, "lstm.bias_hh_l%d", layer), *out[512];
    const int64_t length = tp_size(x, 1);
    if (!gates || length > (int64_t)(sizeof out / sizeof *out)) return NULL;
    for (int64_t t = 0; t < length; t++) {
        tp_tensor *part[4] = { NULL };                 /* input, forget, cell, output */
        int n = 0;
        if (tp_chunk(tp_add(tp_select(gates, 1, t), tp_linear(*h, w, b)), 4, -1, part, 4, &n) || n != 4) return NULL;
        *c = tp_add(tp_mul(tp_sigmoid(part[1]), *c), tp_mul(tp_sigmoid(part[0]), tp_tanh(part[2])));
        *h = out[t] = tp_mul(tp_sigmoid(part[3]), tp_tanh(*c));
    }
    return tp_stack((tp_tensor_list){ .at = out, .n = length }, 1);
}

static tp_tensor *char_lstm(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *x = tp_embedding(batch_input(r, step), weight(r, "embed.weight"));
    for (int layer = 0; layer < MOST_LAYERS && has_weight(r, "lstm.weight_ih_l%d", layer); layer++) {
        tp_tensor **slot = &r->carried[2 * layer], *state[2];
        const tp_shape shape = TP_SHAPE(tp_size(x, 0), tp_size(weight(r, "lstm.weight_hh_l%d", layer), 1));
        for (int i = 0; i < 2; i++) state[i] = slot[i] ? slot[i] : tp_zeros(shape, .dtype = r->dtype, .device = r->s->settings->device);
        x = lstm_layer(r, layer, x, &state[0], &state[1]);
        for (int i = 0; i < 2 && x; i++) tp_assign(&slot[i], tp_detach(state[i]));
    }
    return tp_flatten(apply_linear(r, "head", x), 0, 1);
}

/* ---- gru: head(h), with h the last state over x of [length, batch, width] ---------------------------------------------------------------- */

static tp_tensor *gru(run *r, int64_t step, tp_tensor **target)
{
    (void)target;
    tp_tensor *x = batch_input(r, step), *w = weight(r, "gru.weight_hh_l0"), *b = weight(r, "gru.bias_hh_l0");
    tp_tensor *inputs = tp_linear(x, weight(r, "gru.weight_ih_l0"), weight(r, "gru.bias_ih_l0"));
    tp_tensor *h = tp_zeros(TP_SHAPE(tp_size(x, 1), tp_size(w, 1)), .dtype = r->dtype, .device = r->s->settings->device);
    for (int64_t t = 0; t < tp_size(x, 0) && inputs; t++) {
        tp_tensor *in[3] = { NULL }, *own[3] = { NULL };         /* reset, update, new */
        int n = 0, m = 0;
        if (tp_chunk(tp_select(inputs, 0, t), 3, -1, in, 3, &n) || tp_chunk(tp_linear(h, w, b), 3, -1, own, 3, &m) || n != 3 || m != 3) return NULL;
        tp_tensor *reset = tp_sigmoid(tp_add(in[0], own[0])), *update = tp_sigmoid(tp_add(in[1], own[1]));
        tp_tensor *new = tp_tanh(tp_add(in[2], tp_mul(reset, own[2])));
        h = tp_add(new, tp_mul(update, tp_sub(h, new)));
    }
    return tp_squeeze(apply_linear(r, "head", h), .dims = TP_DIMS(1));
}

/* ---- treelstm: a step is one tree, "(3 (2 It) (4 ..))"; outputs and labels are those of all its nodes, children first ---------------------- */

enum { MOST_NODES = 4096, MOST_DEPTH = 400 };
typedef struct walk { run *r; const char *at; tp_tensor *h[MOST_NODES]; int64_t labels[MOST_NODES]; int n; } walk;
typedef struct cell { tp_tensor *h, *c; } cell;

static bool next_token(walk *w, const char **word, size_t *n)
{
    while (isspace((unsigned char)*w->at)) w->at++;
    *word = w->at;
    *n = *w->at == '(' || *w->at == ')' ? 1 : strcspn(w->at, " \t\n()");
    w->at += *n;
    return *n > 0;
}

static int64_t place_in_vocab(run *r, const char *word, size_t n)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(r->s->text, "vocab"), i, value) {
        const char *text = json_string_value(value);
        if (text && strlen(text) == n && !memcmp(text, word, n)) return (int64_t)i;
    }
    return -1;
}

static cell leaf_cell(walk *w, const char *word, size_t n)
{
    tp_tensor *part[3] = { NULL };                     /* i, o, u */
    int count = 0;
    tp_tensor *row = tp_select(weight(w->r, "embed.weight"), 0, place_in_vocab(w->r, word, n));
    if (tp_chunk(apply_linear(w->r, "leaf", row), 3, 0, part, 3, &count) || count != 3) return (cell){ NULL, NULL };
    tp_tensor *c = tp_mul(tp_sigmoid(part[0]), tp_tanh(part[2]));
    return (cell){ tp_mul(tp_sigmoid(part[1]), tp_tanh(c)), c };
}

static cell node_cell(walk *w, cell left, cell right)
{
    tp_tensor *part[5] = { NULL };                     /* i, fl, fr, o, u */
    int count = 0;
    tp_tensor *both = tp_cat(TP_TENSORS(left.h, right.h), 0);
    if (tp_chunk(apply_linear(w->r, "node", both), 5, 0, part, 5, &count) || count != 5) return (cell){ NULL, NULL };
    tp_tensor *c = tp_add(tp_mul(tp_sigmoid(part[0]), tp_tanh(part[4])), tp_mul(tp_sigmoid(part[1]), left.c));
    c = tp_add(c, tp_mul(tp_sigmoid(part[2]), right.c));
    return (cell){ tp_mul(tp_sigmoid(part[3]), tp_tanh(c)), c };
}

/* What follows "(". h is NULL on an error, and where the text is no tree. */
static cell visit(walk *w, int depth)
{
    const char *word;
    size_t n;
    cell out = { NULL, NULL };
    if (depth > MOST_DEPTH || !next_token(w, &word, &n)) return out;
    const int64_t label = strtoll(word, NULL, 10);
    if (!next_token(w, &word, &n)) return out;
    if (*word == '(') {
        const cell left = visit(w, depth + 1);
        if (!left.h || !next_token(w, &word, &n) || *word != '(') return out;
        const cell right = visit(w, depth + 1);
        if (right.h) out = node_cell(w, left, right);
    } else {
        out = leaf_cell(w, word, n);
    }
    if (!out.h || w->n == MOST_NODES || !next_token(w, &word, &n) || *word != ')') return (cell){ NULL, NULL };
    w->labels[w->n] = label;
    w->h[w->n++] = out.h;
    return out;
}

static tp_tensor *treelstm(run *r, int64_t step, tp_tensor **target)
{
    const json_t *trees = json_object_get(r->s->text, "trees");
    const size_t n = json_array_size(trees);
    const char *text = n ? json_string_value(json_array_get(trees, (size_t)step % n)) : NULL, *word;
    walk *w = sample_alloc(r->s, 1, sizeof *w);
    size_t length;
    if (!w) return NULL;
    w->r = r;
    w->at = text ? text : "";
    if (!next_token(w, &word, &length) || *word != '(' || !visit(w, 0).h) {
        tp_fail(TP_ERR_FORMAT, "tree %lld is none", (long long)step);
        return NULL;
    }
    *target = tp_to(tp_from_data(w->labels, TP_I64, TP_SHAPE(w->n)), r->s->settings->device);
    return apply_linear(r, "head", tp_stack((tp_tensor_list){ .at = w->h, .n = w->n }, 0));
}

const model recurrent_models[] = { { "char_lstm", NULL, char_lstm }, { "gru", NULL, gru }, { "treelstm", NULL, treelstm }, { NULL, NULL, NULL } };
