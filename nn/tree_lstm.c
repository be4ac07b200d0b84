/* tree_lstm.c: cells for trees (Tai, Socher, Manning 2015), called node by node from plain recursive code.
 *
 *   TreeLSTMCell          binary:  leaf  i, o, u = split(leaf(x), 3);  c = s(i) tanh(u)
 *                                  node  i, fl, fr, o, u = split(node([hl, hr]), 5);  c = s(i) tanh(u) + s(fl) cl + s(fr) cr
 *   ChildSumTreeLSTMCell  any number of children:  i, o, u = split(W x + U sum h_k + b, 3);  f_k = s(W_f x + U_f h_k + b_f)
 *                                  c = s(i) tanh(u) + sum f_k c_k
 *   both                  h = s(o) tanh(c) */
#include "layer.h"
#include "module.h"

typedef struct tree_lstm {
    tp_module base;
    int64_t input, hidden;
    bool bias;
    tp_device device;
    tp_dtype dtype;
    tp_module *leaf, *node;
} tree_lstm;
typedef struct child_sum {
    tp_module base;
    int64_t input, hidden;
    bool bias;
    tp_device device;
    tp_dtype dtype;
    tp_module *iou_x, *iou_h, *f_x, *f_h;
} child_sum;

static tp_module *add_linear(tp_module *self, const char *name, int64_t in, int64_t out, bool bias)
{
    const tree_lstm *m = (const tree_lstm *)self;      /* both begin alike */
    return (tp_add_child)(self, name, TP__MAKE("Linear", TP__WITH_INT(in_features, in), TP__WITH_INT(out_features, out), TP__WITH_BOOL(bias, bias),
                                               TP__WITH_PLACE(*m)));
}

static tp_status check_sizes(const tp_module *self)
{
    const tree_lstm *m = (const tree_lstm *)self;
    if (m->input > 0 && m->hidden > 0 && m->hidden <= INT32_MAX) return TP_OK;
    return tp__misfit(self, "input_size %lld and hidden_size %lld cannot be", (long long)m->input, (long long)m->hidden);
}

static tp_status tree_lstm_init(tp_module *self)
{
    tree_lstm *m = (tree_lstm *)self;
    if (check_sizes(self) != TP_OK) return tp_error_status();
    m->leaf = add_linear(self, "leaf", m->input, 3 * m->hidden, m->bias);
    m->node = add_linear(self, "node", 2 * m->hidden, 5 * m->hidden, m->bias);
    return TP_OK;
}

static tp_status child_sum_init(tp_module *self)
{
    child_sum *m = (child_sum *)self;
    if (check_sizes(self) != TP_OK) return tp_error_status();
    m->iou_x = add_linear(self, "iou_x", m->input, 3 * m->hidden, m->bias);
    m->iou_h = add_linear(self, "iou_h", m->hidden, 3 * m->hidden, false);
    m->f_x = add_linear(self, "f_x", m->input, m->hidden, m->bias);
    m->f_h = add_linear(self, "f_h", m->hidden, m->hidden, false);
    return TP_OK;
}

/* ---- Steps: x, h and c are [features], or [batch, features] ------------------------------------------------------------------------------ */

static bool is_cell(tp_module *m, const char *op, const char *type, tp_status (*init)(tp_module *))
{
    if (!m || tp_failed() || !tp__is_module(m, op)) return false;
    if (tp__state(m)->layer && tp__state(m)->layer->init == init) return true;
    return tp_fail(TP_ERR_ARGUMENT, "%s: the module is a %s, and not a %s", op, tp__state(m)->type, type), false;
}

static tp_tensor *hidden(tp_tensor *o, tp_tensor *c) { return tp_mul(tp_sigmoid(o), tp_tanh(c)); }

tp_tensor *tp_tree_lstm_leaf(tp_module *cell, tp_tensor *x, tp_tensor **c)
{
    tp_tensor *part[3];
    if (c) *c = NULL;
    if (!x || !c || !is_cell(cell, "tree_lstm_leaf", "TreeLSTMCell", tree_lstm_init)) return NULL;
    if (tp_chunk(tp_forward_at(((tree_lstm *)cell)->leaf, x, NULL), 3, -1, part, 3, NULL) != TP_OK) return NULL;
    *c = tp_mul(tp_sigmoid(part[0]), tp_tanh(part[2]));
    return hidden(part[1], *c);
}

tp_tensor *tp_tree_lstm_node(tp_module *cell, tp_tensor *hl, tp_tensor *cl, tp_tensor *hr, tp_tensor *cr, tp_tensor **c)
{
    tp_tensor *part[5];
    if (c) *c = NULL;
    if (!hl || !cl || !hr || !cr || !c || !is_cell(cell, "tree_lstm_node", "TreeLSTMCell", tree_lstm_init)) return NULL;
    tp_tensor *sums = tp_forward_at(((tree_lstm *)cell)->node, tp_cat(TP_TENSORS(hl, hr), -1), NULL);
    if (tp_chunk(sums, 5, -1, part, 5, NULL) != TP_OK) return NULL;
    tp_tensor *kept = tp_add(tp_mul(tp_sigmoid(part[1]), cl), tp_mul(tp_sigmoid(part[2]), cr));
    *c = tp_add(tp_mul(tp_sigmoid(part[0]), tp_tanh(part[4])), kept);
    return hidden(part[3], *c);
}

tp_tensor *tp_child_sum_tree_lstm_step(tp_module *cell, tp_tensor *x, tp_tensor_list h, tp_tensor_list c, tp_tensor **next)
{
    tp_tensor *part[3];
    if (next) *next = NULL;
    if (!x || !next || !is_cell(cell, "child_sum_tree_lstm_step", "ChildSumTreeLSTMCell", child_sum_init)) return NULL;
    if (h.n != c.n) return tp_fail(TP_ERR_ARGUMENT, "child_sum_tree_lstm_step: %lld states h and %lld states c", (long long)h.n, (long long)c.n), NULL;
    const child_sum *m = (const child_sum *)cell;
    tp_tensor *sums = tp_forward_at(m->iou_x, x, NULL), *f_x = h.n ? tp_forward_at(m->f_x, x, NULL) : NULL, *kept = NULL, *all = NULL;
    for (int64_t k = 0; k < h.n; k++) {
        tp_tensor *f = tp_sigmoid(tp_add(f_x, tp_forward_at(m->f_h, h.at[k], NULL))), *fc = tp_mul(f, c.at[k]);
        kept = kept ? tp_add(kept, fc) : fc;
        all = all ? tp_add(all, h.at[k]) : h.at[k];
        if (!kept || !all) return NULL;
    }
    if (all) sums = tp_add(sums, tp_forward_at(m->iou_h, all, NULL));
    if (tp_chunk(sums, 3, -1, part, 3, NULL) != TP_OK) return NULL;
    *next = tp_mul(tp_sigmoid(part[0]), tp_tanh(part[2]));
    if (kept) *next = tp_add(*next, kept);
    return hidden(part[1], *next);
}

/* ---- In C --------------------------------------------------------------------------------------------------------------------------------- */

#define IN_C(name, type) \
    tp_module *tp_nn_##name##_with(int64_t input, int64_t hidden_size, const tp_nn_tree_lstm_cell_options *options) \
    { \
        TP__TAKE(nn_tree_lstm_cell, o, options); \
        return TP__MAKE(type, TP__WITH_INT(input_size, input), TP__WITH_INT(hidden_size, hidden_size), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o)); \
    }
IN_C(tree_lstm_cell, "TreeLSTMCell")
IN_C(child_sum_tree_lstm_cell, "ChildSumTreeLSTMCell")

#define SCHEMA "(int input_size, int hidden_size, bool bias=true, device device=none, dtype dtype=none)"

const tp__layer tp__nn_tree_lstm[] = {
    { "TreeLSTMCell" SCHEMA, sizeof(tree_lstm), tree_lstm_init, .shows = ":input_size :hidden_size", TP__LAYER },
    { "ChildSumTreeLSTMCell" SCHEMA, sizeof(child_sum), child_sum_init, .shows = ":input_size :hidden_size", TP__LAYER },
    { .schema = NULL },
};
