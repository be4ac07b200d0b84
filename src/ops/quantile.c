/* quantile.c: what a part q of the elements is below. With s = x in order along dim, n of them, and r = q (n - 1):
 *
 *   quantile      y = s at r; between two: s[floor r] + (r - floor r) (s[ceil r] - s[floor r]), the lower, the higher, their
 *                 middle, or the nearer one, as `interpolation` says. NaN if there is one
 *   nanquantile   of those that are not NaN; NaN if all are
 *
 * Composed, and differentiable by x and by q. Of several q there is a dim for them in front. */
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

typedef struct quantile_attr { int64_t dim; bool keepdim; int32_t interpolation; } quantile_attr;

static tp_status check(tp__call *call)
{
    const tp_tensor *x = call->in[0], *q = call->in[1];
    if (x->dtype != TP_F32 && x->dtype != TP_F64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes float32 or float64, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (!x->numel) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements", tp__shape_text(x));
    if (q->ndim > 1) return tp__call_fail(call, TP_ERR_SHAPE, "q is a number or has one dim, not %s", tp__shape_text(q));
    if (q->dtype != x->dtype && !(q->flags & TP__WRAPPED))
        return tp__call_fail(call, TP_ERR_DTYPE, "q is %s, and the input %s", tp_dtype_name((tp_dtype)q->dtype), tp_dtype_name((tp_dtype)x->dtype));
    return TP_OK;
}

static tp_status check_range(tp__call *call, tp_tensor *q)
{
    TP_NO_GRAD();
    TP_SCOPE();
    q = tp_contiguous(tp_to_dtype(tp_to(tp_detach(q), TP_CPU), TP_F64));
    const double *v = tp_data(q);
    const int64_t n = v ? tp_numel(q) : 0;
    if (!v && (!q || tp_numel(q))) return tp__pending();
    for (int64_t i = 0; i < n; i++)
        if (!(v[i] >= 0 && v[i] <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "q is %g, and has to be in [0, 1]", v[i]);
    return TP_OK;
}

/* Where in the sorted rows each q is, [.., number of q]; where there is a NaN at the last one, which it is then. */
static tp_tensor *ranks(tp_tensor *sorted, tp_tensor *q, bool ignores)
{
    const int64_t last = tp_size(sorted, -1) - 1;
    tp_tensor *nan = tp_isnan(sorted);
    if (!ignores) return tp_where(tp_any(nan, .dims = TP_DIMS(-1), .keepdim = true), (double)last, tp_mul(q, (double)last));
    tp_tensor *n = tp_to_dtype(tp_sum(tp_logical_not(nan), .dims = TP_DIMS(-1), .keepdim = true), tp_dtype_of(sorted));
    tp_tensor *r = tp_mul(q, tp_sub(n, 1));
    return tp_where(tp_lt(r, 0), 0.0, r);
}

static tp_tensor *at_rank(tp_tensor *sorted, tp_tensor *rank) { return tp__gather(sorted, -1, tp_to_dtype(rank, TP_I64)); }

static tp_tensor *interpolated(tp_tensor *sorted, tp_tensor *rank, int how)
{
    switch (how) {
    case TP_QUANTILE_LOWER: return at_rank(sorted, tp_floor(rank));
    case TP_QUANTILE_HIGHER: return at_rank(sorted, tp_ceil(rank));
    case TP_QUANTILE_NEAREST: return at_rank(sorted, tp_round(rank));
    default: break;
    }
    tp_tensor *low = at_rank(sorted, tp_floor(rank)), *high = at_rank(sorted, tp_ceil(rank));
    return how == TP_QUANTILE_MIDPOINT ? tp_lerp(low, high, 0.5) : tp_lerp(low, high, tp_sub(rank, tp_floor(tp_detach(rank))));
}

static tp_status compose(tp__call *call, bool ignores)
{
    const quantile_attr *a = call->attr;
    tp_tensor *x = call->in[0], *q = call->in[1];
    const int ndim = x->ndim;
    int dim = 0;
    if (check(call) || check_range(call, q)) return tp__pending();
    if (a->dim != TP_NONE && tp__take_dim(call, a->dim, x, &dim)) return tp__pending();
    const bool single = !q->ndim;
    if (q->device != x->device) q = tp_to(q, x->device);
    q = tp_reshape(tp_to_dtype(q, (tp_dtype)x->dtype), TP_SHAPE(-1));
    x = a->dim == TP_NONE || !ndim ? tp_reshape(x, TP_SHAPE(-1)) : tp_movedim(x, TP_DIMS(dim), TP_DIMS(-1));
    tp_tensor *sorted = tp_sort(x);
    tp_tensor *y = sorted ? interpolated(sorted, ranks(sorted, q, ignores), a->interpolation ? a->interpolation : TP_QUANTILE_LINEAR) : NULL;
    y = single ? tp_select(y, -1, 0) : tp_movedim(y, TP_DIMS(-1), TP_DIMS(0));
    if (a->keepdim && ndim && a->dim != TP_NONE) y = tp_unsqueeze(y, dim + !single);
    for (int i = 0; a->keepdim && a->dim == TP_NONE && i < ndim; i++) y = tp_unsqueeze(y, -1);
    return tp__made(tp__out_made(call, y));
}

static tp_status quantile_compose(tp__call *call) { return compose(call, false); }
static tp_status nanquantile_compose(tp__call *call) { return compose(call, true); }

/* ---- Samples, descriptors, public ------------------------------------------------------------------------------------------------------ */

static void quantile_samples(tp_sample_set *set)
{
    tp_tensor *q = tp_to_dtype(tp_from_data((float[]){ 0.15f, 0.8f, 0.55f }, TP_F32, TP_SHAPE(3)), set->dtype);
    tp_requires_grad(q, true);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 5))), TP__FLOAT_ARG(0.3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 5))), TP__TENSOR_ARG(q), TP__INT_ARG(0), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__FLOAT_ARG(0.7), TP__INT_ARG(-1), TP__BOOL_ARG(false),
             TP__NAMED("interpolation", .kind = TP_ARG_STRING, .value.string = "higher"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP__SCALAR_SHAPE)), TP__INT_ARG(1),
             TP__NAMED("interpolation", .kind = TP_ARG_STRING, .value.string = "midpoint"));
}

#define QUANTILE(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor|number q, int? dim=none, bool keepdim=false, *, " \
        "string{linear,lower,higher,midpoint,nearest} interpolation=linear) -> Tensor", .compose = name##_compose, .attr_size = sizeof(quantile_attr), \
        .samples = quantile_samples, .state = TP__STATE }; \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_operand q, const tp_quantile_options *options) \
    { \
        tp_quantile_options o = TP__BRACES(quantile, ); \
        if (tp_options_take(#name, &o, options, offsetof(tp_quantile_options, tp__end))) return NULL; \
        if ((int)o.interpolation < 0 || o.interpolation > TP_QUANTILE_NEAREST) \
            return tp_fail(TP_ERR_ARGUMENT, #name ": there is no interpolation %d", (int)o.interpolation), NULL; \
        return tp__run1(&op_##name, (tp_tensor *[]){ x, tp__operand(q) }, 2, &(quantile_attr){ o.dim, o.keepdim, (int32_t)o.interpolation }, TP__CALLER); \
    }
QUANTILE(quantile)
QUANTILE(nanquantile)

const tp_op *const tp__ops_quantile[] = { &op_quantile, &op_nanquantile, NULL };
