/* attention.c: scaled dot product attention (Vaswani et al. 2017).     y = softmax(s q k' + mask) v
 *
 *   q [.., l, e], k [.., n, e], v [.., n, w] -> [.., l, w];  s = 1 / sqrt(e) unless it is given
 *   mask   bool: where it is false a key is not seen; or floating: added. Causal: row i sees keys up to i
 *
 * A row that sees nothing gives zeros. Groups of query heads may share a key head (enable_gqa). The 16-bit dtypes are computed in
 * float32. Made of other ops, which record themselves. */
#include "ops/run.h"
#include "ops/samples.h"

#include <math.h>

typedef struct attention_attr { double dropout_p; bool is_causal; tp_operand scale; bool enable_gqa; } attention_attr;

/* ---- Checks ------------------------------------------------------------------------------------------------------------------------ */

static tp_status check(const tp__call *call)
{
    const tp_tensor *q = call->in[0], *k = call->in[1], *v = call->in[2], *mask = call->n_in > 3 ? call->in[3] : NULL;
    const attention_attr *attr = call->attr;
    if (q->ndim < 2 || k->ndim < 2 || v->ndim < 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "query %s, key %s and value %s must have at least 2 dims", tp__shape_text(q), tp__shape_text(k), tp__shape_text(v));
    if (q->dtype != k->dtype || q->dtype != v->dtype || !tp__is_floating(q->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "query is %s, key %s, value %s: they must be of one floating dtype", tp_dtype_name((tp_dtype)q->dtype),
                             tp_dtype_name((tp_dtype)k->dtype), tp_dtype_name((tp_dtype)v->dtype));
    if (q->shape[q->ndim - 1] != k->shape[k->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "query %s has %lld features, key %s %lld", tp__shape_text(q), (long long)q->shape[q->ndim - 1],
                             tp__shape_text(k), (long long)k->shape[k->ndim - 1]);
    if (k->shape[k->ndim - 2] != v->shape[v->ndim - 2])
        return tp__call_fail(call, TP_ERR_SHAPE, "key %s and value %s differ in length", tp__shape_text(k), tp__shape_text(v));
    if (mask && attr->is_causal) return tp__call_fail(call, TP_ERR_ARGUMENT, "a mask and is_causal are given");
    if (mask && mask->dtype != TP_BOOL && mask->dtype != q->dtype && mask->dtype != TP_F32)
        return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s: it must be bool, or %s", tp_dtype_name((tp_dtype)mask->dtype), tp_dtype_name((tp_dtype)q->dtype));
    if (!(attr->dropout_p >= 0 && attr->dropout_p <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "dropout_p is %g", attr->dropout_p);
    return TP_OK;
}

/* ---- Heads, masks --------------------------------------------------------------------------------------------------------------------- */

/* x [.., heads, n, e] with each head standing `times` times */
static tp_tensor *repeat_heads(tp_tensor *x, int64_t times)
{
    if (times == 1) return x;
    tp_shape apart = tp_shape_of(x), wide;
    const int at = apart.ndim - 2;
    memmove(apart.dim + at + 1, apart.dim + at, sizeof *apart.dim * 2);
    apart.dim[at] = 1;
    apart.ndim++;
    wide = apart;
    wide.dim[at] = times;
    tp_shape joined = tp_shape_of(x);
    joined.dim[at - 1] *= times;
    return tp_reshape(tp_expand(tp_reshape(x, apart), wide), joined);
}

static tp_status share_heads(const tp__call *call, tp_tensor **k, tp_tensor **v)
{
    const tp_tensor *q = call->in[0];
    tp_tensor **const both[] = { k, v };
    for (int i = 0; i < 2; i++) {
        const tp_tensor *x = *both[i];
        const int64_t heads = q->ndim > 2 ? q->shape[q->ndim - 3] : 1, own = x->ndim > 2 ? x->shape[x->ndim - 3] : 0;
        if (q->ndim < 3 || x->ndim < 3 || x->ndim == TP_MAX_DIMS || !own || heads % own)
            return tp__call_fail(call, TP_ERR_SHAPE, "the heads of %s cannot be shared by those of %s", tp__shape_text(x), tp__shape_text(q));
        if (!(*both[i] = repeat_heads(*both[i], heads / own))) return tp__pending();
    }
    return TP_OK;
}

/* bool [l, n]: key j <= row i */
static tp_tensor *causal_mask(int64_t l, int64_t n, tp_device device)
{
    tp_tensor *row = tp_arange(0, (double)l, 1, .dtype = TP_I64, .device = device), *key = tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = device);
    return tp_ge(tp_reshape(row, TP_SHAPE(l, 1)), key);
}

/* Scores where the mask counts: -inf for what is not seen. *blind: rows that see nothing, as [.., 1], or NULL. */
static tp_tensor *masked(tp_tensor *scores, tp_tensor *mask, tp_tensor **blind)
{
    const bool is_bool = mask->dtype == TP_BOOL;
    if (mask->ndim && mask->shape[mask->ndim - 1]) {
        TP_NO_GRAD();
        tp_tensor *best = tp_max_dim(mask, -1, true, NULL);
        *blind = is_bool ? tp_eq(best, 0) : tp_eq(best, -INFINITY);
        if (!*blind) return NULL;
    }
    return is_bool ? tp_masked_fill(scores, tp_eq(mask, 0), -INFINITY) : tp_add(scores, mask);
}

static tp_status attention_compose(tp__call *call)
{
    const attention_attr *attr = call->attr;
    tp_tensor *q = call->in[0], *k = call->in[1], *v = call->in[2], *mask = call->n_in > 3 ? call->in[3] : NULL, *blind = NULL;
    if (check(call) || (attr->enable_gqa && share_heads(call, &k, &v))) return tp__pending();
    const tp_dtype dtype = (tp_dtype)q->dtype, compute = dtype == TP_F64 ? TP_F64 : TP_F32;
    const int64_t e = q->shape[q->ndim - 1], l = q->shape[q->ndim - 2], n = k->shape[k->ndim - 2];
    const double given = attr->scale.kind == TP_OPERAND_REAL ? attr->scale.as.real : (double)attr->scale.as.integer;
    const double scale = attr->scale.kind == TP_OPERAND_NONE ? 1 / sqrt((double)(e ? e : 1)) : given;
    tp_tensor *scores = tp_matmul(tp_mul(tp_to_dtype(q, compute), scale), tp_transpose(tp_to_dtype(k, compute), -1, -2));
    if (attr->is_causal && l > 1) mask = causal_mask(l, n, q->device);
    if (mask && mask->dtype != TP_BOOL) mask = tp_to_dtype(mask, compute);
    if (mask && scores) scores = masked(scores, mask, attr->is_causal ? &(tp_tensor *){ NULL } : &blind);
    if (blind) scores = tp_masked_fill(scores, blind, 0);
    tp_tensor *p = tp_softmax(scores, -1);
    if (blind) p = tp_masked_fill(p, blind, 0);
    if (attr->dropout_p > 0) p = tp_dropout(p, attr->dropout_p, true);
    tp_tensor *y = tp_matmul(p, tp_to_dtype(v, compute));
    call->out[call->n_out++] = y ? tp_to_dtype(y, dtype) : NULL;
    return tp__made(call->out[0]);
}

/* ---- Samples, descriptor, public --------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void attention_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3, 4), X(2, 5, 4), X(2, 5, 2));
    TP__GIVE(set, X(2, 2, 3, 4), X(2, 2, 3, 4), X(2, 2, 3, 4), TP__NAMED("is_causal", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, X(2, 3, 4), X(2, 3, 4), X(2, 3, 4), X(3, 3), TP__NAMED("scale", .kind = TP_ARG_FLOAT, .value.real = 0.7));
    TP__GIVE(set, X(3, 4), X(2, 4), X(2, 3), TP__TENSOR_ARG(tp_eq(tp_reshape(tp_arange(0, 6, 1, .dtype = TP_I64), TP_SHAPE(3, 2)), 3)));
    TP__GIVE(set, X(1, 4, 2, 3), X(1, 2, 2, 3), X(1, 2, 2, 3), TP__NAMED("enable_gqa", .kind = TP_ARG_BOOL, .value.boolean = true));
}
#undef X

static const tp_op op_attention = { .schema = "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=none, "
    "float dropout_p=0, bool is_causal=false, *, number? scale=none, bool enable_gqa=false) -> Tensor", .compose = attention_compose,
    .attr_size = sizeof(attention_attr), .samples = attention_samples, .state = TP__STATE };

tp_tensor *tp_scaled_dot_product_attention_with(tp_tensor *q, tp_tensor *k, tp_tensor *v, const tp_scaled_dot_product_attention_options *options)
{
    tp_scaled_dot_product_attention_options o = { TP__DEFAULT_scaled_dot_product_attention .tp__end = 0 };
    if (tp_options_take("scaled_dot_product_attention", &o, options, offsetof(tp_scaled_dot_product_attention_options, tp__end))) return NULL;
    const tp_operand scale = { .kind = TP_OPERAND_REAL, .as.real = o.scale }, none = { .kind = TP_OPERAND_NONE };
    const attention_attr attr = { o.dropout_p, o.is_causal, o.scale > 0 ? scale : none, o.enable_gqa };
    return tp__run1(&op_attention, (tp_tensor *[]){ q, k, v, o.attn_mask }, 4, &attr, TP__CALLER);
}

const tp_op *const tp__ops_attention[] = { &op_attention, NULL };
