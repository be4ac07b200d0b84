/* attention.c: scaled dot product attention (Vaswani et al. 2017).     y = softmax(s q k' + mask) v
 *
 *   q [.., l, e], k [.., n, e], v [.., n, w] -> [.., l, w];  s = 1 / sqrt(e) unless it is given
 *   mask   bool: where it is false a key is not seen; or floating: added. Causal: row i sees keys up to i
 *
 * A row that sees nothing gives zeros. Groups of query heads may share a key head (enable_gqa). The 16-bit dtypes are computed in
 * float32. One fused op does it (`attention`), which holds a block of scores at a time and keeps ln sum e^scores of each row for its
 * backward, which computes them again. With dropout, and where a mask broadcasts oddly, it is made of other ops, which record themselves. */
#include "core/kernel_args.h"
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
        return tp__call_fail(call, TP_ERR_SHAPE, "query %s, key %s and value %s must have at least 2 dims",
                             tp__shape_text(q), tp__shape_text(k), tp__shape_text(v));
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
        return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s: it must be bool, or %s",
                             tp_dtype_name((tp_dtype)mask->dtype), tp_dtype_name((tp_dtype)q->dtype));
    if (!(attr->dropout_p >= 0 && attr->dropout_p <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "dropout_p is %g", attr->dropout_p);
    return TP_OK;
}

/* ---- Heads, masks --------------------------------------------------------------------------------------------------------------------- */

static int64_t heads_of(const tp_tensor *x) { return x->ndim > 2 ? x->shape[x->ndim - 3] : 1; }

/* The shape of x [.., heads, n, e] with heads as `own` groups of `each`: [all before them, own, each, n, e], however many dims x has */
static tp_shape grouped(const tp_tensor *x, int64_t own, int64_t each)
{
    int64_t before = 1;
    for (int d = 0; d < x->ndim - 3; d++) before *= x->shape[d];
    return (tp_shape){ .dim = { before, own, each, x->shape[x->ndim - 2], x->shape[x->ndim - 1] }, .ndim = 5 };
}
static tp_shape with_heads(tp_tensor *x, int64_t heads)
{
    tp_shape shape = tp_shape_of(x);
    shape.dim[shape.ndim - 3] = heads;
    return shape;
}

/* x [.., heads, n, e] with each head standing `times` times */
static tp_tensor *repeat_heads(tp_tensor *x, int64_t times)
{
    if (!x || times == 1) return x;
    const int64_t heads = heads_of(x);
    return tp_reshape(tp_expand(tp_reshape(x, grouped(x, heads, 1)), grouped(x, heads, times)), with_heads(x, heads * times));
}

/* x [.., heads, n, e] summed over groups of heads, to `own` of them */
static tp_tensor *sum_groups(tp_tensor *x, int64_t own)
{
    if (!x || heads_of(x) == own) return x;
    return tp_reshape(tp_sum(tp_reshape(x, grouped(x, own, heads_of(x) / own)), .dims = TP_DIMS(2)), with_heads(x, own));
}

static tp_status share_heads(const tp__call *call, tp_tensor **k, tp_tensor **v)
{
    const tp_tensor *q = call->in[0];
    tp_tensor **const both[] = { k, v };
    for (int i = 0; i < 2; i++) {
        const tp_tensor *x = *both[i];
        const int64_t heads = heads_of(q), own = heads_of(x);
        if (q->ndim < 3 || x->ndim < 3 || !own || heads % own)
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
    if (mask->numel) {
        TP_NO_GRAD();
        tp_tensor *best = mask->ndim ? tp_max_dim(mask, -1, true, NULL) : mask;
        *blind = is_bool ? tp_eq(best, 0) : tp_eq(best, -INFINITY);
        if (!*blind) return NULL;
    }
    return is_bool ? tp_masked_fill(scores, tp_eq(mask, 0), -INFINITY) : tp_add(scores, mask);
}

/* softmax(s q k' + mask), in float32 or float64. What a row sees by causal alone is never nothing. */
static tp_tensor *weights(tp_tensor *q, tp_tensor *k, tp_tensor *mask, bool causal, double scale)
{
    const tp_dtype compute = q->dtype == TP_F64 ? TP_F64 : TP_F32;
    tp_tensor *scores = tp_matmul(tp_mul(tp_to_dtype(q, compute), scale), tp_transpose(tp_to_dtype(k, compute), -1, -2)), *blind = NULL;
    if (causal && scores && !(mask = causal_mask(q->shape[q->ndim - 2], k->shape[k->ndim - 2], q->device))) return NULL;
    if (mask && mask->dtype != TP_BOOL && !(mask = tp_to_dtype(mask, compute))) return NULL;
    if (mask && scores) scores = masked(scores, mask, causal ? &(tp_tensor *){ NULL } : &blind);
    if (blind) scores = tp_masked_fill(scores, blind, 0);
    tp_tensor *p = tp_softmax(scores, -1);
    return blind ? tp_masked_fill(p, blind, 0) : p;
}

/* ---- The fused op --------------------------------------------------------------------------------------------------------------------- */

enum { Q, K, V, MASK, Y, SUMS };                       /* its inputs, and what it saves */

/* Do k and v have the batch of q, but for heads that groups of q's share? */
static bool fits_batch(const tp_tensor *q, const tp_tensor *x)
{
    if (x->ndim != q->ndim) return false;
    for (int d = 0; d < q->ndim - 3; d++)
        if (x->shape[d] != q->shape[d]) return false;
    return heads_of(x) == heads_of(q) || (heads_of(x) && heads_of(q) && heads_of(q) % heads_of(x) == 0);
}

/* Does the mask broadcast to [batch.., l, n]? */
static bool fits_mask(const tp_tensor *mask, const tp_tensor *q, const tp_tensor *k)
{
    if (!mask) return true;
    if (mask->ndim > q->ndim) return false;
    for (int d = 1; d <= mask->ndim; d++) {
        const int64_t size = mask->shape[mask->ndim - d], to = d == 1 ? k->shape[k->ndim - 2] : q->shape[q->ndim - d];
        if (size != 1 && size != to) return false;
    }
    return true;
}

/* The next output, its dims in memory in the order of those of `like`, of which it has all but the last: heads that were parts of a row
 * become parts of a row again without a copy. */
static tp_tensor *out_in_order(tp__call *call, const tp_tensor *like, int64_t width)
{
    int64_t stride[TP_MAX_DIMS], shape[TP_MAX_DIMS];
    const int last = like->ndim - 1;
    memcpy(shape, like->shape, sizeof *shape * (size_t)like->ndim);
    shape[last] = width;
    if (!like->numel || !width) return tp__out(call, (tp_dtype)like->dtype, like->ndim, shape);
    tp__strides_like(like, stride);
    if (stride[last] != 1) return tp__out(call, (tp_dtype)like->dtype, like->ndim, shape);
    for (int d = 0; d < last; d++) stride[d] = stride[d] / like->shape[last] * width;
    return tp__out_made(call, tp__tensor_new_strided(like->device, (tp_dtype)like->dtype, like->ndim, shape, stride));
}

static tp_status fused_check(const tp__call *call, const tp_tensor *q, const tp_tensor *k, const tp_tensor *v, const tp_tensor *mask)
{
    if (q->ndim < 2 || !tp__is_floating(q->dtype) || q->dtype != k->dtype || q->dtype != v->dtype || !fits_batch(q, k) || !fits_batch(q, v) ||
        heads_of(k) != heads_of(v) || k->shape[k->ndim - 1] != q->shape[q->ndim - 1] || v->shape[v->ndim - 2] != k->shape[k->ndim - 2])
        return tp__call_fail(call, TP_ERR_SHAPE, "query %s, key %s and value %s do not fit each other",
                             tp__shape_text(q), tp__shape_text(k), tp__shape_text(v));
    if (!fits_mask(mask, q, k)) return tp__call_fail(call, TP_ERR_SHAPE, "the mask %s does not fit query %s and key %s", tp__shape_text(mask),
                                                     tp__shape_text(q), tp__shape_text(k));
    if (mask && mask->dtype != TP_BOOL && !tp__is_floating(mask->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s", tp_dtype_name((tp_dtype)mask->dtype));
    return TP_OK;
}

static tp_status fused_shape(tp__call *call)
{
    const tp_tensor *q = call->in[Q], *v = call->in[V];
    if (fused_check(call, q, call->in[K], v, call->in[MASK])) return tp__pending();
    if (!out_in_order(call, q, v->shape[v->ndim - 1])) return tp__pending();
    return tp__made(tp__out(call, q->dtype == TP_F64 ? TP_F64 : TP_F32, q->ndim - 1, q->shape));
}

/* dy, q, k, v, mask?, y, sums -> dq, dk, dv */
static tp_status back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *q = call->in[1], *k = call->in[2], *v = call->in[3], *y = call->in[5], *sums = call->in[6];
    if (fused_check(call, q, k, v, call->in[4])) return tp__pending();
    bool fits = tp__same_shape(dy, y) && dy->dtype == q->dtype && y->dtype == q->dtype && y->ndim == q->ndim && sums->ndim == q->ndim - 1 &&
                tp__is_floating(sums->dtype) && y->shape[y->ndim - 1] == v->shape[v->ndim - 1];
    for (int d = 0; fits && d < q->ndim - 1; d++) fits = y->shape[d] == q->shape[d] && sums->shape[d] == q->shape[d];
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit query %s and value %s",
                             tp__shape_text(dy), tp__shape_text(q), tp__shape_text(v));
    if (!out_in_order(call, q, q->shape[q->ndim - 1]) || !out_in_order(call, k, k->shape[k->ndim - 1])) return tp__pending();
    return tp__made(out_in_order(call, v, v->shape[v->ndim - 1]));
}

/* Of p = softmax(a), y = p v, sums = ln sum e^a, with D = p dy v' summed over the keys:
 *   dv = p' dy,  da = p (dy v' - D + dsums),  dq = s da k,  dk = s da' q,  dmask = da */
static tp_status fused_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__attention *attr = tp__attr(node);
    tp_tensor *q = tp__saved(node, Q), *k = tp__saved(node, K), *v = tp__saved(node, V), *mask = tp__saved(node, MASK);
    if (!q || !k || !v || tp__pending_error()) return tp__pending();
    const tp_dtype own = (tp_dtype)q->dtype, compute = own == TP_F64 ? TP_F64 : TP_F32;
    const int64_t heads = heads_of(k), times = heads && heads != heads_of(q) ? heads_of(q) / heads : 1;
    tp_tensor *keys = repeat_heads(tp_to_dtype(k, compute), times), *values = repeat_heads(tp_to_dtype(v, compute), times), *da = NULL;
    tp_tensor *p = weights(q, keys, mask, attr->is_causal, attr->scale), *g = dy[0] ? tp_to_dtype(dy[0], compute) : NULL;
    if (!p || (dy[0] && !g)) return tp__pending();
    if (g) {
        tp_tensor *dp = tp_matmul(g, tp_transpose(values, -1, -2));
        da = tp_sub(dp, tp_sum(tp_mul(dp, p), .dims = TP_DIMS(-1), .keepdim = true));
    }
    if (dy[1]) da = da ? tp_add(da, tp_unsqueeze(dy[1], -1)) : tp_unsqueeze(dy[1], -1);
    if (!(da = tp_mul(p, da))) return tp__pending();
    if (need & 1 && !(dx[Q] = tp_to_dtype(tp_mul(tp_matmul(da, keys), attr->scale), own))) return tp__pending();
    if (need & 2 && !(dx[K] = tp_to_dtype(sum_groups(tp_matmul(tp_transpose(da, -1, -2), tp_mul(tp_to_dtype(q, compute), attr->scale)),
                                                     heads), own)))
        return tp__pending();
    if (need & 4 && g && !(dx[V] = tp_to_dtype(sum_groups(tp_matmul(tp_transpose(p, -1, -2), g), heads), own))) return tp__pending();
    if (need & 8 && !(dx[MASK] = tp__reduce_to(da, mask->ndim, mask->shape, (tp_dtype)mask->dtype))) return tp__pending();
    return TP_OK;
}

static const tp_op op_fused, op_fused_backward;

static tp_status by_kernel(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!dy[0] || dy[1] || need & 8) return fused_backward(node, dy, need, dx);
    tp_tensor *in[7] = { dy[0] }, *out[3];
    for (int i = 0; i < 6; i++)
        if (!(in[i + 1] = tp__saved(node, i)) && (i != MASK || tp__pending_error())) return tp__pending();
    if (tp__run(&op_fused_backward, in, 7, tp__attr(node), out, 3, NULL) < 0) return tp__pending();
    for (int i = 0; i < 3; i++)
        if (need >> i & 1) dx[i] = out[i];
    return TP_OK;
}

/* ---- Which way ------------------------------------------------------------------------------------------------------------------------- */

/* The dims before the last two that all broadcast to, or false. Those of k and v may have fewer heads, if they are shared. */
static bool joint_batch(tp_tensor *const *x, int n, bool shared, tp_shape *batch)
{
    *batch = (tp_shape){ .ndim = 0 };
    for (int i = 0; i < n; i++)
        if (x[i] && x[i]->ndim - 2 > batch->ndim) batch->ndim = x[i]->ndim - 2;
    for (int d = 0; d < batch->ndim; d++) batch->dim[d] = 1;
    for (int i = 0; i < n; i++)
        for (int d = 3; x[i] && d <= x[i]->ndim; d++) {
            int64_t *to = &batch->dim[batch->ndim + 2 - d];
            const int64_t size = x[i]->shape[x[i]->ndim - d];
            if (size == 1 || size == *to || (shared && d == 3 && (i == K || i == V))) continue;
            if (*to != 1) return false;
            *to = size;
        }
    return true;
}

/* x with this batch, but for its heads where they are shared; itself if it has it. */
static tp_tensor *with_batch(tp_tensor *x, tp_shape batch, bool shared)
{
    if (shared && batch.ndim) batch.dim[batch.ndim - 1] = heads_of(x);
    batch.dim[batch.ndim] = x->shape[x->ndim - 2];
    batch.dim[batch.ndim + 1] = x->shape[x->ndim - 1];
    batch.ndim += 2;
    if (batch.ndim == x->ndim && !memcmp(batch.dim, x->shape, sizeof *batch.dim * (size_t)batch.ndim)) return x;
    return tp_expand(x, batch);
}

/* Whether the kernels take it. On a device a row of y is held in registers. */
static bool can_fuse(const tp__call *call, bool shared, tp_shape *batch)
{
    enum { WIDEST = 256 };
    const tp_tensor *q = call->in[Q], *k = call->in[K], *v = call->in[V], *mask = call->n_in > MASK ? call->in[MASK] : NULL;
    const int64_t l = q->shape[q->ndim - 2], n = k->shape[k->ndim - 2], e = q->shape[q->ndim - 1], w = v->shape[v->ndim - 1];
    if (((const attention_attr *)call->attr)->dropout_p > 0 || !joint_batch(call->in, call->n_in > MASK ? 4 : 3, shared, batch)) return false;
    if (batch->ndim + 2 > TP_MAX_DIMS || (q->device != TP_CPU && (e > WIDEST || w > WIDEST))) return false;
    if (mask && mask->ndim > 1 && mask->shape[mask->ndim - 2] != 1 && mask->shape[mask->ndim - 2] != l) return false;
    return !mask || !mask->ndim || mask->shape[mask->ndim - 1] == 1 || mask->shape[mask->ndim - 1] == n;
}

static tp_status attention_compose(tp__call *call)
{
    const attention_attr *attr = call->attr;
    tp_tensor *q = call->in[Q], *k = call->in[K], *v = call->in[V], *mask = call->n_in > MASK ? call->in[MASK] : NULL;
    tp_shape batch;
    if (check(call)) return tp__pending();
    const bool shared = attr->enable_gqa && q->ndim > 2 && fits_batch(q, k) && fits_batch(q, v) && heads_of(k) == heads_of(v);
    const bool fused = can_fuse(call, shared, &batch);
    if (attr->enable_gqa && !(shared && fused) && share_heads(call, &k, &v)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)q->dtype;
    const int64_t e = q->shape[q->ndim - 1];
    const double given = attr->scale.kind == TP_OPERAND_REAL ? attr->scale.as.real : (double)attr->scale.as.integer;
    const double scale = attr->scale.kind == TP_OPERAND_NONE ? 1 / sqrt((double)(e ? e : 1)) : given;
    if (fused) {
        tp_tensor *const in[] = { with_batch(q, batch, false), with_batch(k, batch, shared), with_batch(v, batch, shared), mask };
        tp_tensor *out[2];
        if (!in[Q] || !in[K] || !in[V] || tp__run(&op_fused, in, 4, &(tp__attention){ attr->is_causal, scale }, out, 2, NULL) < 0) return tp__pending();
        return tp__give_out(call, out[0]);
    }
    tp_tensor *p = weights(q, k, mask, attr->is_causal, scale);
    if (attr->dropout_p > 0) p = tp_dropout(p, attr->dropout_p, true);
    tp_tensor *y = tp_matmul(p, tp_to_dtype(v, p ? (tp_dtype)p->dtype : dtype));
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

#define HELD(...) TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1)))
#define SEEN(l, n) TP__TENSOR_ARG(tp_ne(tp_reshape(tp_arange(0, (l) * (n), 1, .dtype = TP_I64), TP_SHAPE(l, n)), 3))
static void fused_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3, 4), X(2, 5, 4), X(2, 5, 2), { .kind = TP_ARG_NONE }, TP__BOOL_ARG(false), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, X(2, 4, 3, 4), X(2, 2, 3, 4), X(2, 2, 3, 3), { .kind = TP_ARG_NONE }, TP__BOOL_ARG(true), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, X(2, 3, 4), X(2, 2, 4), X(2, 2, 3), X(2, 1, 2), TP__BOOL_ARG(false), TP__FLOAT_ARG(0.7));
    TP__GIVE(set, X(3, 4), X(2, 4), X(2, 3), SEEN(3, 2), TP__BOOL_ARG(false), TP__FLOAT_ARG(1));
    TP__GIVE(set, X(0, 4), X(2, 4), X(2, 3), { .kind = TP_ARG_NONE }, TP__BOOL_ARG(false), TP__FLOAT_ARG(1));
}
/* y and the sums are not those of q, k and v: what the kernel makes of them is compared between layouts and dtypes alone. */
static void back_samples(tp_sample_set *set)
{
    tp_tensor *sums = tp_full(TP_SHAPE(2, 3), 3, .dtype = set->dtype == TP_F64 ? TP_F64 : TP_F32);
    TP__GIVE(set, HELD(2, 3, 2), HELD(2, 3, 4), HELD(2, 5, 4), HELD(2, 5, 2), SEEN(3, 5), HELD(2, 3, 2),
             TP__TENSOR_ARG(sums), TP__BOOL_ARG(false), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, HELD(2, 3, 2), HELD(2, 3, 4), HELD(1, 5, 4), HELD(1, 5, 2), { .kind = TP_ARG_NONE }, HELD(2, 3, 2), TP__TENSOR_ARG(sums), TP__BOOL_ARG(true),
             TP__FLOAT_ARG(0.5));
}
#undef X

static const tp_op op_fused = { .schema = "attention(Tensor query, Tensor key, Tensor value, Tensor? mask, bool is_causal, float scale) -> (Tensor, Tensor)",
    .flags = TP__INTERNAL, .shape = fused_shape, .backward = fused_backward, .backward_fused = by_kernel,
    .saves = { TP__INPUT(Q, 0), TP__INPUT(K, 0), TP__INPUT(V, 0), TP__INPUT(MASK, 0), TP__OUTPUT(0), TP__OUTPUT(1) },
    .attr_size = sizeof(tp__attention), .samples = fused_samples, .state = TP__STATE };
static const tp_op op_fused_backward = { .schema = "attention_backward(Tensor grad, Tensor query, Tensor key, "
    "Tensor value, Tensor? mask, Tensor output, Tensor sums, bool is_causal, float scale) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = back_shape, .attr_size = sizeof(tp__attention),
    .samples = back_samples, .state = TP__STATE };
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

const tp_op *const tp__ops_attention[] = { &op_attention, &op_fused, &op_fused_backward, NULL };
