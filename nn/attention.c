/* attention.c: attention with several heads.
 *
 *   q, k, v = the inputs times their projections, each cut into heads;  y = out_proj(softmax(q k^T / sqrt(head) + mask) v)
 *
 * Projections begin uniform in +-sqrt(6 / (in + out)), biases as zeros. */
#include "layer.h"
#include "module.h"

#include <math.h>

typedef struct attention {
    tp_module base;
    int64_t embed, heads;
    double dropout;
    bool has_bias, add_bias_kv, add_zero_attn;
    int64_t kdim, vdim;
    bool batch_first;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight, *q_weight, *k_weight, *v_weight;          /* one for all, or three where their sizes differ */
    tp_tensor *bias, *bias_k, *bias_v;
    tp_module *out_proj;
} attention;

/* ---- Constructor ----------------------------------------------------------------------------------------------------------------- */

static tp_tensor *add_xavier(tp_module *self, const char *name, int64_t out, int64_t in)
{
    return tp__add_uniform(self, name, TP_SHAPE(out, in), sqrt(6 / (double)(in + out)));
}

static tp_tensor *add_key(attention *m, const char *name)
{
    tp_tensor *x = tp__add_normal(&m->base, name, TP_SHAPE(1, 1, m->embed));
    TP_NO_GRAD();
    tp_mul_(x, 1 / sqrt((double)m->embed));
    return x;
}

static tp_status attention_init(tp_module *self)
{
    attention *m = (attention *)self;
    if (m->embed <= 0 || m->embed > INT32_MAX || m->heads <= 0 || m->embed % m->heads)
        return tp__misfit(self, "embed_dim %lld cannot be cut into %lld heads", (long long)m->embed, (long long)m->heads);
    if (m->kdim == TP_NONE) m->kdim = m->embed;
    if (m->vdim == TP_NONE) m->vdim = m->embed;
    if (m->kdim < 0 || m->vdim < 0) return tp__misfit(self, "kdim %lld and vdim %lld must not be negative", (long long)m->kdim, (long long)m->vdim);
    if (m->kdim == m->embed && m->vdim == m->embed) {
        m->weight = add_xavier(self, "in_proj_weight", 3 * m->embed, m->embed);
    } else {
        m->q_weight = add_xavier(self, "q_proj_weight", m->embed, m->embed);
        m->k_weight = add_xavier(self, "k_proj_weight", m->embed, m->kdim);
        m->v_weight = add_xavier(self, "v_proj_weight", m->embed, m->vdim);
    }
    if (m->has_bias) m->bias = tp__add_full(self, "in_proj_bias", TP_SHAPE(3 * m->embed), 0);
    m->out_proj = (tp_add_child)(self, "out_proj", TP__MAKE("Linear", TP__WITH_INT(in_features, m->embed), TP__WITH_INT(out_features, m->embed),
                                                            TP__WITH_BOOL(bias, m->has_bias), TP__WITH_PLACE(*m)));
    if (!m->out_proj) return tp_error_status();
    TP_NO_GRAD();
    if (m->has_bias) tp_zero_((tp_module_tensor)(m->out_proj, "bias"));
    if (m->add_bias_kv) m->bias_k = add_key(m, "bias_k");
    if (m->add_bias_kv) m->bias_v = add_key(m, "bias_v");
    return TP_OK;
}

/* ---- Projections: [n, length, features] -> [n, length, embed] ------------------------------------------------------------------------ */

typedef struct parts { tp_tensor *q, *k, *v; } parts;

static parts project(const attention *m, const parts *in)
{
    tp_tensor *w[3] = { m->q_weight, m->k_weight, m->v_weight }, *b[3] = { NULL, NULL, NULL }, *y[3] = { NULL, NULL, NULL };
    if (m->weight && in->q == in->k && in->k == in->v) {                 /* of itself: one product */
        tp_chunk(tp_linear(in->q, m->weight, m->bias), 3, -1, y, 3, NULL);
        return (parts){ y[0], y[1], y[2] };
    }
    if (m->weight) tp_chunk(m->weight, 3, 0, w, 3, NULL);
    if (m->bias) tp_chunk(m->bias, 3, 0, b, 3, NULL);
    return (parts){ tp_linear(in->q, w[0], b[0]), tp_linear(in->k, w[1], b[1]), tp_linear(in->v, w[2], b[2]) };
}

/* [n, length, embed] -> [n, heads, length, head] */
static tp_tensor *cut(const attention *m, tp_tensor *x)
{
    return tp_transpose(tp_reshape(x, TP_SHAPE(tp_size(x, 0), tp_size(x, 1), m->heads, m->embed / m->heads)), 1, 2);
}

static tp_tensor *one_more(tp_tensor *x, tp_tensor *row)       /* [n, length, embed], row [1, 1, embed] or NULL for zeros */
{
    const tp_shape shape = TP_SHAPE(tp_size(x, 0), 1, tp_size(x, 2));
    return tp_cat(TP_TENSORS(x, row ? tp_expand(row, shape) : tp_zeros(shape, .dtype = tp_dtype_of(x), .device = tp_device_of(x))), 1);
}

/* ---- Masks: what is added to the scores, [n or 1, heads or 1, l or 1, s] ---------------------------------------------------------------- */

/* A bool mask is true where nothing is seen. */
static tp_tensor *additive(tp_tensor *mask, tp_dtype dtype)
{
    if (!mask || tp_dtype_of(mask) != TP_BOOL) return mask;
    return tp_masked_fill(tp_zeros(tp_shape_of(mask), .dtype = dtype, .device = tp_device_of(mask)), mask, -INFINITY);
}

static tp_status bad_mask(const attention *m, const char *name, tp_tensor *mask, const char *should)
{
    char text[96];
    tp__write_shape(tp_shape_of(mask), text, sizeof text);
    return tp_fail(TP_ERR_SHAPE, "%s: %s is %s, and should be %s", tp__state(&m->base)->type, name, text, should);
}

static bool has_shape(tp_tensor *x, tp_shape shape)
{
    bool same = tp_ndim(x) == shape.ndim;
    for (int i = 0; same && i < shape.ndim; i++) same = tp_size(x, i) == shape.dim[i];
    return same;
}

typedef struct masks { tp_tensor *attn, *padding; bool causal; } masks;

/* The sum of both masks, widened for `more` keys that all see. NULL for none; *status says whether they fit. */
static tp_tensor *joint_mask(const attention *m, const masks *given, tp_dtype dtype, int64_t n, int64_t l, int64_t s, int64_t more, tp_status *status)
{
    tp_tensor *mask = additive(given->attn, dtype), *padding = additive(given->padding, dtype);
    *status = TP_OK;
    if (mask && has_shape(mask, TP_SHAPE(n * m->heads, l, s))) mask = tp_reshape(mask, TP_SHAPE(n, m->heads, l, s));
    else if (mask && has_shape(mask, TP_SHAPE(l, s))) mask = tp_reshape(mask, TP_SHAPE(1, 1, l, s));
    else if (mask) *status = bad_mask(m, "attn_mask", mask, "[l, s] or [n heads, l, s]");
    if (padding && !*status && !has_shape(padding, TP_SHAPE(n, s))) *status = bad_mask(m, "key_padding_mask", padding, "[n, s]");
    if (*status) return NULL;
    if (padding) padding = tp_reshape(padding, TP_SHAPE(n, 1, 1, s));
    tp_tensor *joint = mask && padding ? tp_add(mask, padding) : mask ? mask : padding;
    if (joint && more) joint = tp_pad(joint, TP_SHAPE(0, more));
    if ((given->attn || given->padding) && !joint) *status = tp_error_status();
    return joint;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct wish { bool weights, average; } wish;

/* in: [n, length, features] each. *weights: [n, heads, l, s], or their mean over heads, where they are asked for. */
static tp_tensor *attend(attention *m, const parts *in, const masks *given, const wish *want, tp_tensor **weights)
{
    const double dropout = tp_is_training(m) ? m->dropout : 0;
    const int64_t n = tp_size(in->q, 0), l = tp_size(in->q, 1), s = tp_size(in->k, 1), more = m->add_bias_kv + m->add_zero_attn;
    parts p = project(m, in);
    if (m->add_bias_kv) p.k = one_more(p.k, m->bias_k), p.v = one_more(p.v, m->bias_v);
    if (m->add_zero_attn) p.k = one_more(p.k, NULL), p.v = one_more(p.v, NULL);
    if (!p.q || !p.k || !p.v) return NULL;
    tp_tensor *q = cut(m, p.q), *k = cut(m, p.k), *v = cut(m, p.v), *y, *mask = NULL;
    const bool causal = given->causal && !given->padding && !want->weights;        /* the hint stands for the mask */
    tp_status status = TP_OK;
    if (!causal) mask = joint_mask(m, given, tp_dtype_of(in->q), n, l, s, more, &status);
    if (status) return NULL;
    if (want->weights) {
        tp_tensor *scores = tp_matmul(tp_mul(q, sqrt((double)m->heads / (double)m->embed)), tp_transpose(k, -2, -1));
        if (mask && scores && tp_dtype_of(mask) != tp_dtype_of(scores))
            return tp_fail(TP_ERR_DTYPE, "%s: the masks make %s, which is added to scores of %s", tp__state(&m->base)->type,
                           tp_dtype_name(tp_dtype_of(mask)), tp_dtype_name(tp_dtype_of(scores))), NULL;
        tp_tensor *w = tp_softmax(mask ? tp_add(scores, mask) : scores, -1);
        if (dropout > 0) w = tp_dropout(w, dropout, true);
        y = tp_matmul(w, v);
        *weights = want->average ? tp_mean(w, .dims = TP_DIMS(1)) : w;
    } else {
        y = tp_scaled_dot_product_attention(q, k, v, .attn_mask = mask, .dropout_p = dropout, .is_causal = causal);
    }
    y = y ? tp_reshape(tp_transpose(y, 1, 2), TP_SHAPE(n, l, m->embed)) : NULL;
    return tp_forward_at(m->out_proj, y, NULL);
}

static tp_status check_inputs(const attention *m, const parts *in)
{
    const int ndim = tp_ndim(in->q);
    if ((ndim != 2 && ndim != 3) || tp_ndim(in->k) != ndim || tp_ndim(in->v) != ndim)
        return tp__misfit(&m->base, "query, key and value have %d, %d and %d dims, and need 3, or 2 without a batch", ndim, tp_ndim(in->k), tp_ndim(in->v));
    if (tp_size(in->q, -1) != m->embed || tp_size(in->k, -1) != m->kdim || tp_size(in->v, -1) != m->vdim)
        return tp__misfit(&m->base, "query, key and value have %lld, %lld and %lld features, and not %lld, %lld and %lld", (long long)tp_size(in->q, -1),
                          (long long)tp_size(in->k, -1), (long long)tp_size(in->v, -1), (long long)m->embed, (long long)m->kdim, (long long)m->vdim);
    const int batch = ndim == 2 ? -1 : m->batch_first ? 0 : 1, length = ndim == 2 ? 0 : 1 - batch;
    if (tp_size(in->k, length) != tp_size(in->v, length)) return tp__misfit(&m->base, "key and value differ in length");
    if (batch >= 0 && (tp_size(in->q, batch) != tp_size(in->k, batch) || tp_size(in->k, batch) != tp_size(in->v, batch)))
        return tp__misfit(&m->base, "query, key and value differ in the batch");
    return TP_OK;
}

/* To [n, length, features]; the same tensor three times stays one. */
static parts batch_first(const attention *m, const parts *in)
{
    parts out;
    const bool single = tp_ndim(in->q) == 2, turned = !m->batch_first;
#define TURNED(x) (single ? tp_unsqueeze(x, 0) : turned ? tp_transpose(x, 0, 1) : (x))
    out.q = TURNED(in->q);
    out.k = in->k == in->q ? out.q : TURNED(in->k);
    out.v = in->v == in->k ? out.k : in->v == in->q ? out.q : TURNED(in->v);
#undef TURNED
    return out;
}

/* As it is given: bool, or floating, to be added to the scores. */
static tp_status check_mask(const attention *m, const char *name, tp_tensor *mask)
{
    if (!mask || tp_dtype_of(mask) == TP_BOOL || tp__floats(tp_dtype_of(mask))) return TP_OK;
    return tp_fail(TP_ERR_DTYPE, "%s: %s must be bool or floating, not %s", tp__state(&m->base)->type, name, tp_dtype_name(tp_dtype_of(mask)));
}

static bool flag(const tp_arg *arg, bool otherwise) { return arg && arg->kind == TP_ARG_BOOL ? arg->value.boolean : otherwise; }

static tp_status attention_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    attention *m = (attention *)self;
    const tp_arg *in[8];
    tp_status status = tp__inputs(self, "query, key, value, key_padding_mask?, need_weights?, attn_mask?, average_attn_weights?, is_causal?", args, n, in);
    if (status != TP_OK) return status;
    const parts given = { tp__input_tensor(self, in[0], "query"), tp__input_tensor(self, in[1], "key"), tp__input_tensor(self, in[2], "value") };
    masks mask = { tp__input_tensor(self, in[5], "attn_mask"), tp__input_tensor(self, in[3], "key_padding_mask"), flag(in[7], false) };
    if (tp_failed()) return tp_error_status();
    if ((status = check_inputs(m, &given)) != TP_OK) return status;
    if (check_mask(m, "attn_mask", mask.attn) || check_mask(m, "key_padding_mask", mask.padding)) return tp_error_status();
    if (mask.causal && !mask.attn) return tp__misfit(self, "is_causal is a hint about the attn_mask, which is not given");
    const bool single = tp_ndim(given.q) == 2;
    if (single && mask.padding) mask.padding = tp_unsqueeze(mask.padding, 0);
    const parts x = batch_first(m, &given);
    const wish want = { flag(in[4], true) && max > 1, flag(in[6], true) };
    tp_tensor *weights = NULL, *y = attend(m, &x, &mask, &want, &weights);
    if (y) y = single ? tp_squeeze(y, .dims = TP_DIMS(0)) : m->batch_first ? y : tp_transpose(y, 0, 1);
    if (weights && single) weights = tp_squeeze(weights, .dims = TP_DIMS(0));
    if (!y || (want.weights && !weights)) return tp_error_status();
    outs[0] = y;
    if (want.weights) outs[1] = weights;
    *n_out = want.weights ? 2 : 1;
    return TP_OK;
}

/* ---- In C ---------------------------------------------------------------------------------------------------------------------------------- */

tp_module *tp_nn_multihead_attention_with(int64_t width, int64_t heads, const tp_nn_multihead_attention_options *options)
{
    TP__TAKE(nn_multihead_attention, o, options);
    return TP__MAKE("MultiheadAttention", TP__WITH_INT(embed_dim, width), TP__WITH_INT(num_heads, heads), TP__WITH_REAL(dropout, o.dropout),
                    TP__WITH_BOOL(bias, o.bias), TP__WITH_BOOL(add_bias_kv, o.add_bias_kv), TP__WITH_BOOL(add_zero_attn, o.add_zero_attn),
                    TP__WITH_INT_OR_NONE(kdim, o.kdim), TP__WITH_INT_OR_NONE(vdim, o.vdim), TP__WITH_BOOL(batch_first, o.batch_first), TP__WITH_PLACE(o));
}

tp_tensor *tp_causal_mask(int64_t n, tp_dtype dtype, tp_device device)
{
    return tp_triu(tp_full(TP_SHAPE(n, n), -INFINITY, .dtype = dtype, .device = device), 1);
}

const tp__layer tp__nn_attention[] = {
    { "MultiheadAttention(int embed_dim, int num_heads, float dropout=0, bool bias=true, bool add_bias_kv=false, bool add_zero_attn=false, "
      "int? kdim=none, int? vdim=none, bool batch_first=false, device device=none, dtype dtype=none)", sizeof(attention), attention_init,
      .call = attention_call, TP__LAYER },
    { .schema = NULL },
};
