/* view_unfold.c: windows along a dim.
 *
 *   unfold     y[.., i, .., k] = x[.., i step + k, ..], a view      dx = dy added up in its places */
#include "ops/samples.h"
#include "ops/view.h"

typedef struct unfold_attr { int64_t dimension, size, step; } unfold_attr;

/* Of a tensor in whose dim at least one window fits. */
static tp__geometry windows(const tp__geometry *g, const unfold_attr *a)
{
    tp__geometry y = *g;
    const int d = (int)a->dimension, last = y.ndim++;
    y.shape[last] = a->size;
    y.stride[last] = last ? g->stride[d] : 1;
    if (!last) return y;                               /* 0-dim: one window of at most one element */
    y.shape[d] = (g->shape[d] - a->size) / a->step + 1;
    if (__builtin_mul_overflow(g->stride[d], a->step, &y.stride[d])) y.stride[d] = INT64_MAX;        /* one window */
    return y;
}

static tp_status unfold_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    unfold_attr *a = (unfold_attr *)(uintptr_t)call->attr;
    int d;
    if (x->ndim == TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%s has as many dims as there can be", tp__shape_text(x));
    if (tp__take_dim(call, a->dimension, x, &d)) return tp__pending();
    const int64_t room = x->ndim ? x->shape[d] : 1;
    if (a->size < 0 || a->size > room)
        return tp__call_fail(call, TP_ERR_SHAPE, "size %lld does not fit the %lld elements of dim %d of %s",
                             (long long)a->size, (long long)room, d, tp__shape_text(x));
    if (a->step <= 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "step is %lld, and must be positive", (long long)a->step);
    a->dimension = d;
    const tp__geometry whole = tp__geometry_of(x), g = windows(&whole, a);
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, x, &g));
}
static tp_status unfold_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    const tp__geometry whole = tp__geometry_plain(kept->ndim, kept->shape);
    tp__geometry g = windows(&whole, tp__attr(node));
    (void)need;
    for (int d = 0; d < g.ndim; d++)                   /* what is never stepped by is no geometry to count with */
        if (g.shape[d] < 2) g.stride[d] = 1;
    return tp__made(dx[0] = tp__region_sum(dy[0], &g, kept->ndim, kept->shape));
}
static void unfold_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(7), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(3), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 5, 2), -2, 2)), TP__INT_ARG(-2), TP__INT_ARG(2), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0), TP__INT_ARG(1), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(0), TP__INT_ARG(2));
}
static const tp_op op_unfold = { .schema = "unfold(Tensor input, int dimension, int size, int step) -> Tensor", .flags = TP__VIEW, .shape = unfold_shape,
    .backward = unfold_backward, .attr_size = sizeof(unfold_attr), .samples = unfold_samples, .state = TP__STATE };
static const tp_op op_unfold_copy = TP__COPY_FORM("unfold_copy(Tensor input, int dimension, int size, int step) -> Tensor", op_unfold,
    sizeof(unfold_attr), unfold_samples);

tp_tensor *tp_unfold(tp_tensor *x, int dim, int64_t size, int64_t step) { return tp__run1(&op_unfold, &x, 1, &(unfold_attr){ dim, size, step }, TP__CALLER); }

const tp_op *const tp__ops_view_unfold[] = { &op_unfold, &op_unfold_copy, NULL };
