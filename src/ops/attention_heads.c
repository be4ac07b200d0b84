/* attention_heads.c: attention with several heads, from its inputs to its output, as PyTorch's function of that name.
 *
 *   q, k, v = query W_q' + b_q, ..       [l, n, e] -> n heads of d = e / heads
 *   w = softmax(q k' / sqrt(d) + masks),  y = (w v) W_o' + b_o
 *
 * One weight [3 e, e] for all three, or one for each. bias_k and bias_v are a further key and value, add_zero_attn one of zeros; static_k and
 * static_v [n heads, s, d] stand for what is projected. Made of other ops, which record themselves. */
#include "ops/run.h"
#include "ops/samples.h"

#include <math.h>

enum { QUERY, KEY, VALUE, IN_WEIGHT = 5, IN_BIAS, BIAS_K, BIAS_V, OUT_WEIGHT = 11, OUT_BIAS, PADDING = 14, MASK = 16, Q_WEIGHT = 18, K_WEIGHT, V_WEIGHT,
       STATIC_K, STATIC_V, SLOTS };                    /* by position in the schema */
typedef struct heads_attr {
    int64_t embed, heads;
    bool add_zero;
    double dropout;
    bool training, need_weights, separate, average, is_causal;
} heads_attr;

typedef struct parts {
    tp_tensor *q, *k, *v, *mask, *padding;
    int64_t n, l, heads, width;                        /* batch, length of the query; width: of a head */
} parts;

/* ---- Inputs: all with a batch -------------------------------------------------------------------------------------------------------- */

static tp_status misfit(const tp__call *call, const char *what, const tp_tensor *x, const char *should)
{
    return tp__call_fail(call, TP_ERR_SHAPE, "%s is %s, and should be %s", what, tp__shape_text(x), should);
}

/* Bool masks are true where nothing is seen: -inf is added there. */
static tp_status canonical(const tp__call *call, const char *name, tp_tensor **mask, tp_dtype dtype)
{
    tp_tensor *x = *mask;
    if (!x) return TP_OK;
    if (x->dtype != TP_BOOL && !tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s must be bool or floating, not %s", name, tp_dtype_name((tp_dtype)x->dtype));
    if (x->dtype == TP_BOOL) *mask = tp_masked_fill(tp_zeros(tp_shape_of(x), .dtype = dtype, .device = x->device), x, -INFINITY);
    return tp__made(*mask);
}

static tp_status take_masks(const tp__call *call, parts *p, bool single)
{
    const heads_attr *attr = call->attr;
    const tp_dtype dtype = (tp_dtype)p->q->dtype;
    tp_tensor *padding = call->in[PADDING], *mask = call->in[MASK];
    if (padding && padding->ndim != 2 - single) return misfit(call, "key_padding_mask", padding, single ? "[s]" : "[n, s]");
    if (mask && mask->ndim != 2 && mask->ndim != 3) return misfit(call, "attn_mask", mask, "[l, s] or [n heads, l, s]");
    if (attr->is_causal && !mask) return tp__call_fail(call, TP_ERR_ARGUMENT, "is_causal is a hint about the attn_mask, which is not given");
    if (padding && single) padding = tp_unsqueeze(padding, 0);
    if (attr->is_causal && !padding && !attr->need_weights) mask = NULL;         /* the hint stands for it */
    if (canonical(call, "key_padding_mask", &padding, dtype) || canonical(call, "attn_mask", &mask, dtype)) return tp__pending();
    const int64_t s = p->k->shape[0];
    if (mask) {
        const int at = mask->ndim - 2;
        if (mask->shape[at] != p->l || mask->shape[at + 1] != s || (at && mask->shape[0] != p->n * p->heads))
            return misfit(call, "attn_mask", mask, tp__dims_text(3 - !at, (int64_t[]){ p->n * p->heads, p->l, s } + !at));
        if (!at) mask = tp_unsqueeze(mask, 0);
    }
    p->mask = mask;
    p->padding = padding;
    return mask || !call->in[MASK] || attr->is_causal ? TP_OK : tp__pending();
}

static tp_status take_inputs(const tp__call *call, parts *p)
{
    const heads_attr *attr = call->attr;
    tp_tensor *q = call->in[QUERY], *k = call->in[KEY], *v = call->in[VALUE];
    const bool single = q->ndim == 2;
    if ((!single && q->ndim != 3) || k->ndim != q->ndim || v->ndim != q->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE,
                             "query %s, key %s and value %s must all have 3 dims, or 2 without a batch",
                             tp__shape_text(q), tp__shape_text(k), tp__shape_text(v));
    const int64_t e = q->shape[q->ndim - 1];
    if (e != attr->embed) return tp__call_fail(call, TP_ERR_SHAPE, "query %s should have %lld features", tp__shape_text(q), (long long)attr->embed);
    if (attr->heads <= 0 || e % attr->heads)
        return tp__call_fail(call, TP_ERR_SHAPE, "the %lld features of query %s do not go into %lld heads",
                             (long long)e, tp__shape_text(q), (long long)attr->heads);
    bool same = true;
    for (int d = 0; d < k->ndim - attr->separate; d++) same = same && k->shape[d] == v->shape[d];
    if (!same || (!single && q->shape[1] != k->shape[1]))
        return tp__call_fail(call, TP_ERR_SHAPE, "query %s, key %s and value %s do not fit", tp__shape_text(q), tp__shape_text(k), tp__shape_text(v));
    const bool own = q == k && k == v;
    if (single) {
        q = tp_unsqueeze(q, 1);
        k = own ? q : tp_unsqueeze(k, 1);
        v = own ? q : tp_unsqueeze(v, 1);
        if (!q || !k || !v) return tp__pending();
    }
    *p = (parts){ .q = q, .k = k, .v = v, .n = q->shape[1], .l = q->shape[0], .heads = attr->heads, .width = e / attr->heads };
    return take_masks(call, p, single);
}

/* ---- Projections, further keys --------------------------------------------------------------------------------------------------------- */

static tp_status project(const tp__call *call, parts *p)
{
    const heads_attr *attr = call->attr;
    tp_tensor *const *in = call->in, *w[3] = { in[Q_WEIGHT], in[K_WEIGHT], in[V_WEIGHT] }, *b[3] = { NULL, NULL, NULL }, *y[3] = { NULL, NULL, NULL };
    if (attr->separate ? !w[0] || !w[1] || !w[2] : !in[IN_WEIGHT])
        return tp__call_fail(call, TP_ERR_ARGUMENT, attr->separate ? "of q_proj_weight, k_proj_weight and v_proj_weight, one is missing"
                             : "in_proj_weight is missing, or q_proj_weight, k_proj_weight and v_proj_weight instead of it");
    if (!attr->separate && (in[IN_WEIGHT]->ndim != 2 || in[IN_WEIGHT]->shape[0] != 3 * attr->embed))
        return misfit(call, "in_proj_weight", in[IN_WEIGHT], "[3 embed, embed]");
    if (in[IN_BIAS] && (in[IN_BIAS]->ndim != 1 || in[IN_BIAS]->shape[0] != 3 * attr->embed)) return misfit(call, "in_proj_bias", in[IN_BIAS], "[3 embed]");
    if (!attr->separate && p->q == p->k && p->k == p->v) {               /* of itself: one product */
        tp_chunk(tp_linear(p->q, in[IN_WEIGHT], in[IN_BIAS]), 3, -1, y, 3, NULL);
    } else {
        if (!attr->separate) tp_chunk(in[IN_WEIGHT], 3, 0, w, 3, NULL);
        if (in[IN_BIAS]) tp_chunk(in[IN_BIAS], 3, 0, b, 3, NULL);
        if (tp__pending_error()) return tp__pending();
        y[0] = tp_linear(p->q, w[0], b[0]);
        y[1] = tp_linear(p->k, w[1], b[1]);
        y[2] = tp_linear(p->v, w[2], b[2]);
    }
    *p = (parts){ y[0], y[1], y[2], p->mask, p->padding, p->n, p->l, p->heads, p->width };
    return y[0] && y[1] && y[2] ? TP_OK : tp__pending();
}

static tp_status widen_masks(parts *p)
{
    if (p->mask && !(p->mask = tp_pad(p->mask, TP_SHAPE(0, 1)))) return tp__pending();
    if (p->padding && !(p->padding = tp_pad(p->padding, TP_SHAPE(0, 1)))) return tp__pending();
    return TP_OK;
}

static tp_status add_biases(const tp__call *call, parts *p)
{
    tp_tensor *const *in = call->in;
    if (!in[BIAS_K] && !in[BIAS_V]) return TP_OK;
    if (!in[BIAS_K] || !in[BIAS_V]) return tp__call_fail(call, TP_ERR_ARGUMENT, "of bias_k and bias_v only one is given");
    if (in[STATIC_K] || in[STATIC_V]) return tp__call_fail(call, TP_ERR_ARGUMENT, "a static key or value takes no bias");
    p->k = tp_cat(TP_TENSORS(p->k, tp_repeat(in[BIAS_K], TP_SHAPE(1, p->n, 1))), 0);
    p->v = tp_cat(TP_TENSORS(p->v, tp_repeat(in[BIAS_V], TP_SHAPE(1, p->n, 1))), 0);
    return p->k && p->v ? widen_masks(p) : tp__pending();
}

/* [length, n, e] -> [n heads, length, width], or what stands for it */
static tp_tensor *cut(const tp__call *call, const parts *p, tp_tensor *x, tp_tensor *given, const char *name)
{
    if (!x || (given && given->ndim == 3 && given->shape[0] == p->n * p->heads && given->shape[2] == p->width)) return x ? given : NULL;
    if (given) return misfit(call, name, given, "[n heads, s, embed / heads]"), NULL;
    return tp_transpose(tp_reshape(x, TP_SHAPE(x->shape[0], p->n * p->heads, p->width)), 0, 1);
}

static tp_tensor *with_zeros(const parts *p, tp_tensor *x)
{
    return tp_cat(TP_TENSORS(x, tp_zeros(TP_SHAPE(p->n * p->heads, 1, p->width), .dtype = (tp_dtype)x->dtype, .device = x->device)), 1);
}

static tp_status cut_all(const tp__call *call, parts *p)
{
    p->q = cut(call, p, p->q, NULL, "query");
    p->k = cut(call, p, p->k, call->in[STATIC_K], "static_k");
    p->v = cut(call, p, p->v, call->in[STATIC_V], "static_v");
    if (!p->q || !p->k || !p->v) return tp__pending();
    if (((const heads_attr *)call->attr)->add_zero) {
        p->k = with_zeros(p, p->k);
        p->v = with_zeros(p, p->v);
        if (!p->k || !p->v || widen_masks(p)) return tp__pending();
    }
    const int64_t s = p->k->shape[1];
    tp_tensor *padding = p->padding;
    if (!padding) return TP_OK;
    if (padding->shape[0] != p->n || padding->shape[1] != s) return misfit(call, "key_padding_mask", padding, tp__dims_text(2, (int64_t[]){ p->n, s }));
    padding = tp_reshape(tp_expand(tp_reshape(padding, TP_SHAPE(p->n, 1, 1, s)), TP_SHAPE(p->n, p->heads, 1, s)), TP_SHAPE(p->n * p->heads, 1, s));
    p->mask = p->mask ? tp_add(p->mask, padding) : padding;
    return tp__made(p->mask);
}

/* ---- Attention ------------------------------------------------------------------------------------------------------------------------- */

/* [n heads, l, width]; *weights: [n heads, l, s] */
static tp_tensor *attend(const tp__call *call, const parts *p, tp_tensor **weights)
{
    const heads_attr *attr = call->attr;
    const double dropout = attr->training ? attr->dropout : 0;
    if (attr->need_weights) {
        tp_tensor *q = tp_mul(p->q, sqrt(1 / (double)p->width)), *k = tp_transpose(p->k, -2, -1);
        tp_tensor *w = tp_softmax(p->mask ? tp_baddbmm(p->mask, q, k) : tp_bmm(q, k), -1);
        *weights = dropout > 0 ? tp_dropout(w, dropout, true) : w;
        return tp_bmm(*weights, p->v);
    }
    const int64_t s = p->k->shape[1];
    tp_tensor *mask = p->mask, *in[3] = { p->q, p->k, p->v };
    for (int i = 0; i < 3; i++) in[i] = tp_reshape(in[i], TP_SHAPE(p->n, p->heads, i ? in[i]->shape[1] : p->l, p->width));
    if (mask) mask = mask->shape[0] == 1 && p->n * p->heads != 1 ? tp_unsqueeze(mask, 0) : tp_reshape(mask, TP_SHAPE(p->n, p->heads, mask->shape[1], s));
    tp_tensor *y = tp_scaled_dot_product_attention(in[0], in[1], in[2], .attn_mask = mask, .dropout_p = dropout,
                                                   .is_causal = attr->is_causal && !p->padding);
    return tp_reshape(y, TP_SHAPE(p->n * p->heads, p->l, p->width));
}

static tp_status heads_compose(tp__call *call)
{
    const heads_attr *attr = call->attr;
    const bool single = call->in[QUERY]->ndim == 2;
    parts p;
    tp_tensor *w = NULL;
    if (take_inputs(call, &p) || project(call, &p) || add_biases(call, &p) || cut_all(call, &p)) return tp__pending();
    tp_tensor *y = attend(call, &p, &w);
    y = tp_linear(tp_reshape(tp_transpose(y, 0, 1), TP_SHAPE(p.l, p.n, attr->embed)), call->in[OUT_WEIGHT], call->in[OUT_BIAS]);
    if (single) y = tp_squeeze(y, .dims = TP_DIMS(1));
    if (tp__give_out(call, y) || !attr->need_weights) return tp__pending();
    w = tp_reshape(w, TP_SHAPE(p.n, p.heads, p.l, p.k->shape[1]));
    if (attr->average) w = tp_mean(w, .dims = TP_DIMS(1));
    return tp__give_out(call, single ? tp_squeeze(w, .dims = TP_DIMS(0)) : w);
}

/* ---- Samples, descriptor, public --------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define T(label, ...) TP__NAMED(label, .kind = TP_ARG_TENSOR, .value.tensor = tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define FLAG(label, v) TP__NAMED(label, .kind = TP_ARG_BOOL, .value.boolean = v)
#define NONE { .kind = TP_ARG_NONE }
#define GIVE(...) set->take(set, &(tp__sample){ .args = { __VA_ARGS__ }, .n = TP__COUNT(tp_arg, __VA_ARGS__), .needs_all = true })
static void heads_samples(tp_sample_set *set)
{
    const tp_arg mask = TP__NAMED("key_padding_mask", .kind = TP_ARG_TENSOR,
                                  .value.tensor = tp_eq(tp_reshape(tp_arange(0, 6, 1, .dtype = TP_I64), TP_SHAPE(2, 3)), 4));
    GIVE(X(3, 2, 4), X(3, 2, 4), X(3, 2, 4), TP__INT_ARG(4), TP__INT_ARG(2), X(12, 4), X(12), X(1, 1, 4), X(1, 1, 4), TP__BOOL_ARG(true), TP__FLOAT_ARG(0),
         X(2, 4), X(2), T("attn_mask", 4, 3, 3));
    GIVE(X(2, 2, 2), X(3, 2, 3), X(3, 2, 1), TP__INT_ARG(2), TP__INT_ARG(1), NONE, X(6), NONE, NONE, TP__BOOL_ARG(false), TP__FLOAT_ARG(0), X(2, 2), NONE, mask,
         FLAG("need_weights", false), FLAG("use_separate_proj_weight", true), T("q_proj_weight", 2, 2), T("k_proj_weight", 2, 3), T("v_proj_weight", 2, 1));
    GIVE(X(2, 4), X(3, 4), X(3, 4), TP__INT_ARG(4), TP__INT_ARG(2), X(12, 4), NONE, NONE, NONE, TP__BOOL_ARG(false), TP__FLOAT_ARG(0), X(4, 4), X(4),
         FLAG("average_attn_weights", false), T("static_k", 2, 3, 2), T("static_v", 2, 3, 2));
}

static const tp_op op_heads = { .schema = "multi_head_attention_forward(Tensor query, Tensor key, Tensor value, int embed_dim_to_check, int num_heads, "
    "Tensor? in_proj_weight, Tensor? in_proj_bias, Tensor? bias_k, Tensor? bias_v, bool add_zero_attn, float dropout_p, Tensor out_proj_weight, "
    "Tensor? out_proj_bias, bool training=true, Tensor? key_padding_mask=none, bool need_weights=true, Tensor? attn_mask=none, "
    "bool use_separate_proj_weight=false, Tensor? q_proj_weight=none, Tensor? k_proj_weight=none, Tensor? v_proj_weight=none, "
    "Tensor? static_k=none, Tensor? static_v=none, bool average_attn_weights=true, bool is_causal=false) -> Tensor[]", .flags = TP__RANDOM,
    .compose = heads_compose, .attr_size = sizeof(heads_attr), .samples = heads_samples, .state = TP__STATE };

tp_tensor *tp_multi_head_attention_forward_with(tp_tensor *q, tp_tensor *k, tp_tensor *v, int64_t heads, tp_tensor *out_weight, tp_tensor *out_bias,
                                                tp_tensor **weights, const tp_multi_head_attention_forward_options *options)
{
    tp_multi_head_attention_forward_options o = TP__BRACES(multi_head_attention_forward, );
    tp_tensor *out[2] = { NULL };
    if (weights) *weights = NULL;
    if (tp_options_take("multi_head_attention_forward", &o, options, offsetof(tp_multi_head_attention_forward_options, tp__end))) return NULL;
    tp_tensor *const in[SLOTS] = { [QUERY] = q, [KEY] = k, [VALUE] = v, [IN_WEIGHT] = o.in_proj_weight, [IN_BIAS] = o.in_proj_bias, [BIAS_K] = o.bias_k,
        [BIAS_V] = o.bias_v, [OUT_WEIGHT] = out_weight, [OUT_BIAS] = out_bias, [PADDING] = o.key_padding_mask, [MASK] = o.attn_mask,
        [Q_WEIGHT] = o.q_proj_weight, [K_WEIGHT] = o.k_proj_weight, [V_WEIGHT] = o.v_proj_weight, [STATIC_K] = o.static_k, [STATIC_V] = o.static_v };
    const heads_attr attr = { q && q->kind == TP_KIND_TENSOR && q->ndim ? q->shape[q->ndim - 1] : 0, heads, o.add_zero_attn, o.dropout_p, o.training, weights,
                              o.q_proj_weight || o.k_proj_weight || o.v_proj_weight, o.average_attn_weights, o.is_causal };
    const int n = tp__run(&op_heads, in, SLOTS, &attr, out, 2, TP__CALLER);
    if (weights && n > 0) *weights = out[1];
    return n < 0 ? NULL : out[0];
}

const tp_op *const tp__ops_attention_heads[] = { &op_heads, NULL };
