/* norm.c: normalization over the last dims or over groups of channels; statistics are kept for the backward.
 *
 *   layer_norm, group_norm   y = z w + b,  z = (x - m) r,  r = 1 / sqrt(var + eps)
 *                            dx = r (g - mean(g) - z mean(g z)),  g = dy w,   dw = sum dy z,  db = sum dy
 *   rms_norm                 y = z w,  z = x r,  r = 1 / sqrt(mean(x^2) + eps)
 *                            dx = r (g - z mean(g z))
 *   of the statistics        dx = dm / n - dr r^2 z / n
 *
 * eps of rms_norm is by default that of the dtype it is computed in. 16-bit floats are computed in float32. */
#include "ops/norm.h"

#include <float.h>

typedef struct layer_attr { tp__ints shape; double eps; tp__norm_rows rows; } layer_attr;
typedef struct group_attr { int64_t groups; double eps; tp__norm_rows rows; } group_attr;
typedef struct rms_attr { tp__ints shape; tp_operand eps; tp__norm_rows rows; } rms_attr;
/* The dtypes: of dw and db by a device's kernel; else they are computed in float32 or float64, and cast. */
typedef struct back_attr { int64_t groups, width, inner; bool weight, bias, rounds; tp_dtype weight_dtype, bias_dtype; tp__norm_rows rows; } back_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

tp_status tp__norm_check_floating(const tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__is_floating(x->dtype)) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
}

/* A weight or the like: of x's dtype, or float32 beside 16 bits. */
tp_status tp__norm_check_param(const tp__call *call, const tp_tensor *p, const char *name, int ndim, const int64_t *shape)
{
    const tp_tensor *x = call->in[0];
    if (!p) return TP_OK;
    bool fits = p->ndim == ndim;
    for (int d = 0; fits && d < ndim; d++) fits = p->shape[d] == shape[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s %s is not %s", name, tp__shape_text(p), tp__dims_text(ndim, shape));
    if (p->dtype == x->dtype || (p->dtype == TP_F32 && (x->dtype == TP_F16 || x->dtype == TP_BF16))) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "%s is %s, the input %s", name, tp_dtype_name((tp_dtype)p->dtype), tp_dtype_name((tp_dtype)x->dtype));
}

tp_dtype tp__norm_computed_in(const tp_tensor *x) { return x->dtype == TP_F64 ? TP_F64 : TP_F32; }

/* The last dims are those of `shape`; one row of the others is left. */
static tp_status last_dims(const tp__call *call, const tp__ints *shape, tp__norm_rows *rows)
{
    const tp_tensor *x = call->in[0];
    const int n = (int)shape->n, lead = x->ndim - n;
    if (!n) return tp__call_fail(call, TP_ERR_SHAPE, "normalized_shape has no dims");
    bool fits = lead >= 0;
    for (int d = 0; fits && d < n; d++) fits = x->shape[lead + d] == shape->v[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "the input %s does not end in %s", tp__shape_text(x), tp__dims_text(n, shape->v));
    *rows = (tp__norm_rows){ 1, 1, 1, 1, 0, true, false };
    for (int d = 0; d < x->ndim; d++) *(d < lead ? &rows->samples : &rows->width) *= x->shape[d];
    return TP_OK;
}

/* y and the statistics, which have 1 in the place of the dims that were normalized. */
static tp_status with_stats(tp__call *call, int ndim, const int64_t *shape, int stats)
{
    const tp_tensor *x = call->in[0];
    tp_dtype dtype = stats == 1 ? tp__norm_computed_in(x) : (tp_dtype)x->dtype;          /* of the statistics: of the weights, as in PyTorch */
    if (!tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape)) return tp__pending();
    for (int k = 0; k < call->n_in; k++) {
        if (!call->in[k]) continue;
        call->keep_shape |= (uint64_t)1 << k;
        if (k && stats > 1) dtype = (tp_dtype)call->in[k]->dtype;
    }
    for (int k = 0; k < stats; k++)
        if (!tp__out(call, dtype, ndim, shape)) return tp__pending();
    return TP_OK;
}

static tp_status last_stats(tp__call *call, int n, int stats)
{
    int64_t shape[TP_MAX_DIMS];
    const tp_tensor *x = call->in[0];
    for (int d = 0; d < x->ndim; d++) shape[d] = d < x->ndim - n ? x->shape[d] : 1;
    return with_stats(call, x->ndim, shape, stats);
}

static tp_status layer_shape(tp__call *call)
{
    layer_attr *attr = (layer_attr *)(uintptr_t)call->attr;
    const int n = (int)attr->shape.n;
    if (tp__norm_check_floating(call) || last_dims(call, &attr->shape, &attr->rows) || tp__norm_check_param(call, call->in[2], "weight", n, attr->shape.v) ||
        tp__norm_check_param(call, call->in[3], "bias", n, attr->shape.v)) return tp__pending();
    attr->rows.eps = attr->eps;
    attr->rows.rounds = true;
    call->scratch = &attr->rows;
    return last_stats(call, n, 2);
}

static tp_status rms_shape(tp__call *call)
{
    rms_attr *attr = (rms_attr *)(uintptr_t)call->attr;
    const int n = (int)attr->shape.n;
    if (tp__norm_check_floating(call) || last_dims(call, &attr->shape, &attr->rows) || tp__norm_check_param(call, call->in[2], "weight", n, attr->shape.v))
        return tp__pending();
    const tp_operand eps = attr->eps;
    attr->rows.eps = eps.kind == TP_OPERAND_REAL ? eps.as.real : eps.kind != TP_OPERAND_NONE ? (double)eps.as.integer
                   : call->in[0]->dtype == TP_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    attr->rows.centered = false;
    call->scratch = &attr->rows;
    return last_stats(call, n, 1);
}

static tp_status group_shape(tp__call *call)
{
    group_attr *attr = (group_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    if (tp__norm_check_floating(call)) return tp__pending();
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes at least two dims, not %s", tp__shape_text(x));
    const int64_t n = x->shape[0], c = x->shape[1];
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++) inner *= x->shape[d];
    if (attr->groups < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld groups are none", (long long)attr->groups);
    if (!c || !inner) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements in a group", tp__shape_text(x));
    if (c % attr->groups)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld channels of %s cannot be cut into %lld groups", (long long)c,
                             tp__shape_text(x), (long long)attr->groups);
    if (tp__norm_check_param(call, call->in[2], "weight", 1, &c) || tp__norm_check_param(call, call->in[3], "bias", 1, &c)) return tp__pending();
    attr->rows = (tp__norm_rows){ n, attr->groups, c / attr->groups, inner, attr->eps, true, false };
    call->scratch = &attr->rows;
    return with_stats(call, 2, (int64_t[]){ n, attr->groups }, 2);
}

/* Is groups x width x inner a part of numel? Without multiplying what might overflow. */
static bool is_part(const back_attr *a, int64_t numel)
{
    if (a->groups < 1 || a->width < 1 || a->inner < 1 || a->width > numel || a->inner > numel / a->width) return false;
    const int64_t row = a->width * a->inner;
    return a->groups <= numel / row && numel % (a->groups * row) == 0;
}

static tp_status back_shape(tp__call *call)
{
    back_attr *attr = (back_attr *)(uintptr_t)call->attr;
    const tp_tensor *dy = call->in[0], *x = call->in[1], *mean = call->in[2], *r = call->in[3], *w = call->in[4];
    bool fits = tp__same_shape(dy, x) && dy->dtype == x->dtype && tp__is_floating(x->dtype) && tp__is_floating(r->dtype) && is_part(attr, x->numel);
    const int64_t row = fits ? attr->width * attr->inner : 1, channels = fits ? attr->groups * attr->width : 0, none = 0;
    fits = fits && r->numel == x->numel / row && (!mean || (mean->numel == r->numel && tp__is_floating(mean->dtype))) &&
           (!w || (w->numel == channels && tp__is_floating(w->dtype)));
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s, the input %s and its statistics %s do not fit", tp__shape_text(dy), tp__shape_text(x),
                             tp__shape_text(r));
    attr->rows = (tp__norm_rows){ x->numel / (attr->groups * row), attr->groups, attr->width, attr->inner, 0, mean, attr->rounds };
    call->scratch = &attr->rows;
    const bool casts = x->device != TP_CPU;
    const tp_dtype computed = tp__norm_computed_in(x), dw = casts && attr->weight_dtype ? attr->weight_dtype : computed,
                   db = casts && attr->bias_dtype ? attr->bias_dtype : computed;
    if (!tp__is_floating(dw) || !tp__is_floating(db)) return tp__call_fail(call, TP_ERR_DTYPE, "makes no %s", tp_dtype_name(tp__is_floating(dw) ? db : dw));
    if (!tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape) || !tp__out(call, dw, 1, attr->weight ? &channels : &none)) return tp__pending();
    return tp__made(tp__out(call, db, 1, attr->bias ? &channels : &none));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_layer_norm_stats, op_group_norm_stats, op_rms_norm_stats, op_norm_rows_backward;

enum { X, WEIGHT, STATS };                             /* what each of these saves: x, the weight, m and r, or r alone */

typedef struct view { tp_tensor *dy, *x, *m, *r, *w; int64_t n; bool centered; } view;

/* All as [samples, groups, width, inner], statistics with 1 for the last two, the weight [groups, width, 1]. Recorded. */
static view take(const tp_node *node, const tp__norm_rows *s, tp_tensor *const *dy)
{
    view v = { .n = s->width * s->inner, .centered = s->centered };
    const tp_shape full = TP_SHAPE(s->samples, s->groups, s->width, s->inner), stats = TP_SHAPE(s->samples, s->groups, 1, 1);
    const tp_dtype dtype = tp__kept(node, 0)->dtype == TP_F64 ? TP_F64 : TP_F32;
    v.dy = dy[0] ? tp_reshape(tp_to_dtype(dy[0], dtype), full) : NULL;
    v.x = tp_reshape(tp_to_dtype(tp__saved(node, X), dtype), full);
    if (s->centered) v.m = tp_reshape(tp_to_dtype(tp__saved(node, STATS), dtype), stats);
    v.r = tp_reshape(tp_to_dtype(tp__saved(node, s->centered ? STATS + 1 : STATS), dtype), stats);
    tp_tensor *w = tp__saved(node, WEIGHT);
    if (w) v.w = tp_reshape(tp_to_dtype(w, dtype), TP_SHAPE(s->groups, s->width, 1));
    return v;
}

static tp_tensor *row_mean(tp_tensor *x) { return tp_mean(x, .dims = TP_DIMS(2, 3), .keepdim = true); }

static tp_tensor *over_samples(tp_tensor *x) { return tp_sum(x, .dims = TP_DIMS(0, 3)); }

static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return a ? tp_add(a, b) : b; }

/* The gradient of x, of the statistics too where they have one. */
static tp_tensor *input_grad(const view *v, tp_tensor *z, tp_tensor *const *dy)
{
    tp_tensor *dx = NULL, *const dm = v->centered ? dy[1] : NULL, *const dr = dy[v->centered ? 2 : 1];
    const tp_shape stats = tp_shape_of(v->r);
    const tp_dtype dtype = (tp_dtype)z->dtype;
    if (v->dy) {
        tp_tensor *g = v->w ? tp_mul(v->dy, v->w) : v->dy, *rest = tp_sub(g, tp_mul(z, row_mean(tp_mul(g, z))));
        dx = tp_mul(v->r, v->centered ? tp_sub(rest, row_mean(g)) : rest);
    }
    if (dm) dx = plus(dx, tp_expand(tp_div(tp_reshape(tp_to_dtype(dm, dtype), stats), (double)v->n), tp_shape_of(v->x)));
    if (dr) dx = plus(dx, tp_mul(tp_mul(tp_reshape(tp_to_dtype(dr, dtype), stats), -1.0 / (double)v->n), tp_mul(tp_mul(v->r, v->r), z)));
    return dx;
}

tp_tensor *tp__norm_as_param(tp_tensor *sum, const tp__kept_shape *kept)
{
    return sum && kept ? tp_to_dtype(tp_reshape(sum, tp__kept_shape_of(kept)), (tp_dtype)kept->dtype) : NULL;
}

static tp_status composed(const tp_node *node, const tp__norm_rows *s, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    const view v = take(node, s, dy);
    tp_tensor *z = tp_mul(v.centered ? tp_sub(v.x, v.m) : v.x, v.r);
    if (!z || !v.r) return tp__pending();
    if (need & 1 && (v.dy || dy[1] || (v.centered && dy[2]))) {
        tp_tensor *g = input_grad(&v, z, dy);
        if (!(dx[0] = g ? tp_to_dtype(tp_reshape(g, tp__kept_shape_of(kept)), (tp_dtype)kept->dtype) : NULL)) return tp__pending();
    }
    if (need & 4 && v.dy && !(dx[2] = tp__norm_as_param(over_samples(tp_mul(v.dy, z)), tp__kept(node, 2)))) return tp__pending();
    if (need & 8 && v.dy && !(dx[3] = tp__norm_as_param(over_samples(v.dy), tp__kept(node, 3)))) return tp__pending();
    return TP_OK;
}

static tp_status fused(const tp_node *node, const tp__norm_rows *s, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!dy[0] || dy[1] || (s->centered && dy[2])) return composed(node, s, dy, need, dx);
    tp_tensor *out[3], *in[] = { dy[0], tp__saved(node, X), s->centered ? tp__saved(node, STATS) : NULL, tp__saved(node, s->centered ? STATS + 1 : STATS),
                                 tp__saved(node, WEIGHT) };
    const back_attr attr = { .groups = s->groups, .width = s->width, .inner = s->inner, .weight = need & 4, .bias = need & 8, .rounds = s->rounds,
                             .weight_dtype = need & 4 ? (tp_dtype)tp__kept(node, 2)->dtype : 0,
                             .bias_dtype = need & 8 ? (tp_dtype)tp__kept(node, 3)->dtype : 0 };
    if (!s->samples || !s->width) return composed(node, s, dy, need, dx);
    if (tp__run(&op_norm_rows_backward, in, 5, &attr, out, 3, NULL) < 0) return tp__pending();
    if (need & 1) dx[0] = out[0];
    if (need & 4 && !(dx[2] = tp__norm_as_param(out[1], tp__kept(node, 2)))) return tp__pending();
    if (need & 8 && !(dx[3] = tp__norm_as_param(out[2], tp__kept(node, 3)))) return tp__pending();
    return TP_OK;
}

#define RULES(name, T) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        return composed(node, &((const T *)tp__attr(node))->rows, dy, need, dx); \
    } \
    static tp_status name##_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        return fused(node, &((const T *)tp__attr(node))->rows, dy, need, dx); \
    }
RULES(layer, layer_attr)
RULES(group, group_attr)
RULES(rms, rms_attr)

/* ---- As PyTorch calls them: the result alone, or with the statistics in the dtype of the input -------------------------------------- */

static tp_status first_of(tp__call *call, const tp_op *op)
{
    tp_tensor *out[3];
    const int n = tp__run(op, call->in, call->n_in, call->attr, out, 3, NULL);
    if (n < 0) return (tp_status)n;
    call->out[call->n_out++] = out[0];
    return TP_OK;
}

static tp_status layer_compose(tp__call *call) { return first_of(call, &op_layer_norm_stats); }

/* Of one element the result would be the bias whatever it is; what it is called by itself, PyTorch does not look at. */
static tp_status group_compose(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t groups = ((const group_attr *)call->attr)->groups;
    if (x->ndim > 1 && groups > 0 && x->numel / groups == 1 && x->numel % groups == 0)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s has one element in each of %lld groups, and needs more", tp__shape_text(x), (long long)groups);
    return first_of(call, &op_group_norm_stats);
}

static tp_status rms_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *w = call->in[2], *y;
    if (!w || w->dtype == x->dtype || (w->dtype == TP_F32 && (x->dtype == TP_F16 || x->dtype == TP_BF16))) return first_of(call, &op_rms_norm_stats);
    const rms_attr *attr = call->attr;                 /* the weight promotes, and the result is cast back */
    const int n = (int)attr->shape.n;
    bool fits = w->ndim == n;
    for (int d = 0; fits && d < n; d++) fits = w->shape[d] == attr->shape.v[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s is not %s", tp__shape_text(w), tp__dims_text(n, attr->shape.v));
    tp_tensor *in[] = { x, NULL, NULL }, *out[2];
    if (tp__run(&op_rms_norm_stats, in, 3, attr, out, 2, NULL) < 0 || !(y = tp_mul(out[0], w))) return tp__pending();
    return tp__made(call->out[call->n_out++] = tp_to_dtype(y, (tp_dtype)x->dtype));
}

static tp_status native_layer_compose(tp__call *call)
{
    if (tp__run(&op_layer_norm_stats, call->in, call->n_in, call->attr, call->out, 3, NULL) < 0) return tp__pending();
    call->n_out = 3;
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *leaf(tp_sample_set *set, tp_shape shape) { return tp__sample_tensor(set, shape, -2, 2); }
#define LEAF(...) TP__TENSOR_ARG(leaf(set, TP_SHAPE(__VA_ARGS__)))

static void layer_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 5), TP__INTS_ARG(1, 5));
    TP__GIVE(set, LEAF(2, 3, 4), TP__INTS_ARG(2, 3, 4), LEAF(3, 4), LEAF(3, 4), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(3, 40), TP__INTS_ARG(1, 40), LEAF(40));
    TP__GIVE(set, LEAF(3, 4), TP__INTS_ARG(1, 4), TP__NAMED("bias", .kind = TP_ARG_TENSOR, .value.tensor = leaf(set, TP_SHAPE(4))));
    TP__GIVE(set, LEAF(0, 4), TP__INTS_ARG(1, 4), LEAF(4), LEAF(4));
}

static void group_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(2, 4, 3), TP__INT_ARG(2));
    TP__GIVE(set, LEAF(2, 6, 2, 2), TP__INT_ARG(3), LEAF(6), LEAF(6), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(3, 12), TP__INT_ARG(2), LEAF(12), LEAF(12));
    TP__GIVE(set, LEAF(2, 4, 5), TP__INT_ARG(1), LEAF(4));
    TP__GIVE(set, LEAF(0, 4, 3), TP__INT_ARG(2), LEAF(4), LEAF(4));
}

static void rms_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 5), TP__INTS_ARG(1, 5));
    TP__GIVE(set, LEAF(2, 3, 4), TP__INTS_ARG(2, 3, 4), LEAF(3, 4), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(3, 40), TP__INTS_ARG(1, 40), LEAF(40));
    TP__GIVE(set, LEAF(0, 4), TP__INTS_ARG(1, 4), LEAF(4));
}

static void native_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 5), TP__INTS_ARG(1, 5), TP__NAMED("weight", .kind = TP_ARG_NONE), TP__NAMED("bias", .kind = TP_ARG_NONE), TP__FLOAT_ARG(1e-5));
    TP__GIVE(set, LEAF(2, 3, 4), TP__INTS_ARG(2, 3, 4), LEAF(3, 4), LEAF(3, 4), TP__FLOAT_ARG(0.5));
}

static void back_samples(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(leaf(set, TP_SHAPE(3, 4, 2))), *stats = tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 2), 0.5, 1));
    if (tp_dtype_of(x) != TP_F64) stats = tp_to_dtype(stats, TP_F32);
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(leaf(set, TP_SHAPE(3, 4, 2)))), TP__TENSOR_ARG(x), TP__TENSOR_ARG(stats),
             TP__TENSOR_ARG(stats), TP__TENSOR_ARG(tp_detach(leaf(set, TP_SHAPE(4)))), TP__INT_ARG(2), TP__INT_ARG(2),
             TP__INT_ARG(2), TP__BOOL_ARG(true), TP__BOOL_ARG(true), TP__BOOL_ARG(false));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define AFFINE "Tensor? weight=none, Tensor? bias=none, float eps=1e-05) -> "
#define STATS_OF(name, params, results, T, rows, give, ...) \
    static const tp_op op_##name##_norm_stats = { .schema = #name "_norm.stats(Tensor input, " params results, .flags = TP__INTERNAL, \
        .kernel = #name "_norm_stats", .shape = rows##_shape, .forward = tp__run_contiguous, .backward = rows##_backward, .backward_fused = rows##_fused, \
        .saves = { TP__INPUT(0, 0), TP__INPUT(2, 0), __VA_ARGS__ }, .attr_size = sizeof(T), .samples = give, .state = TP__STATE };
STATS_OF(layer, "int[] normalized_shape, " AFFINE, "(Tensor, Tensor, Tensor)", layer_attr, layer, layer_samples, TP__OUTPUT(1), TP__OUTPUT(2))
STATS_OF(group, "int num_groups, " AFFINE, "(Tensor, Tensor, Tensor)", group_attr, group, group_samples, TP__OUTPUT(1), TP__OUTPUT(2))
STATS_OF(rms, "int[] normalized_shape, Tensor? weight=none, number? eps=none) -> ", "(Tensor, Tensor)", rms_attr, rms, rms_samples,
         TP__OUTPUT(1), { 0 })

static const tp_op op_layer_norm = { .schema = "layer_norm(Tensor input, int[] normalized_shape, " AFFINE "Tensor", .compose = layer_compose,
    .attr_size = sizeof(layer_attr), .samples = layer_samples, .state = TP__STATE };
static const tp_op op_group_norm = { .schema = "group_norm(Tensor input, int num_groups, " AFFINE "Tensor", .compose = group_compose,
    .attr_size = sizeof(group_attr), .samples = group_samples, .state = TP__STATE };
static const tp_op op_rms_norm = { .schema = "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=none, number? eps=none) -> Tensor",
    .compose = rms_compose, .attr_size = sizeof(rms_attr), .samples = rms_samples, .state = TP__STATE };
static const tp_op op_native_layer_norm = { .schema = "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> "
    "(Tensor, Tensor, Tensor)", .compose = native_layer_compose, .attr_size = sizeof(layer_attr), .samples = native_samples, .state = TP__STATE };
static const tp_op op_norm_rows_backward = { .schema = "norm_rows_backward(Tensor grad, Tensor input, Tensor? mean, Tensor rstd, Tensor? weight, int groups, "
    "int width, int inner, bool weight_grad, bool bias_grad, bool rounds, dtype weight_dtype=none, dtype bias_dtype=none) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = back_shape, .forward = tp__run_contiguous,
    .attr_size = sizeof(back_attr), .samples = back_samples, .state = TP__STATE };

tp_tensor *tp_layer_norm_with(tp_tensor *x, tp_shape shape, const tp_layer_norm_options *options)
{
    tp_layer_norm_options o = { TP__DEFAULT_layer_norm .tp__end = 0 };
    if (tp_options_take("layer_norm", &o, options, offsetof(tp_layer_norm_options, tp__end))) return NULL;
    if (shape.ndim < 0 || shape.ndim > TP_MAX_DIMS) return tp_fail(TP_ERR_ARGUMENT, "layer_norm: a shape of %d dims", shape.ndim), NULL;
    layer_attr attr = { .shape = { .n = shape.ndim }, .eps = o.eps };
    memcpy(attr.shape.v, shape.dim, sizeof *shape.dim * (size_t)shape.ndim);
    return tp__run1(&op_layer_norm, (tp_tensor *[]){ x, NULL, o.weight, o.bias }, 4, &attr, TP__CALLER);
}

tp_tensor *tp_group_norm_with(tp_tensor *x, int64_t groups, const tp_group_norm_options *options)
{
    tp_group_norm_options o = { TP__DEFAULT_group_norm .tp__end = 0 };
    if (tp_options_take("group_norm", &o, options, offsetof(tp_group_norm_options, tp__end))) return NULL;
    return tp__run1(&op_group_norm, (tp_tensor *[]){ x, NULL, o.weight, o.bias }, 4, &(group_attr){ .groups = groups, .eps = o.eps }, TP__CALLER);
}

tp_tensor *tp_rms_norm_with(tp_tensor *x, tp_shape shape, const tp_rms_norm_options *options)
{
    tp_rms_norm_options o = { TP__DEFAULT_rms_norm .tp__end = 0 };
    if (tp_options_take("rms_norm", &o, options, offsetof(tp_rms_norm_options, tp__end))) return NULL;
    if (shape.ndim < 0 || shape.ndim > TP_MAX_DIMS) return tp_fail(TP_ERR_ARGUMENT, "rms_norm: a shape of %d dims", shape.ndim), NULL;
    rms_attr attr = { .shape = { .n = shape.ndim } };
    memcpy(attr.shape.v, shape.dim, sizeof *shape.dim * (size_t)shape.ndim);
    if (o.eps >= 0) attr.eps = (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = o.eps };
    return tp__run1(&op_rms_norm, (tp_tensor *[]){ x, NULL, o.weight }, 3, &attr, TP__CALLER);
}

const tp_op *const tp__ops_norm[] = {
    &op_layer_norm, &op_group_norm, &op_rms_norm, &op_native_layer_norm, &op_layer_norm_stats, &op_group_norm_stats, &op_rms_norm_stats,
    &op_norm_rows_backward, NULL,
};
