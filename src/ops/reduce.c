/* reduce.c: sum and mean.
 *
 *   sum   y = sum of x       dx = dy, expanded
 *   mean  y = sum of x / n   dx = dy / n, expanded */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct reduce_attr { tp__ints dim; bool keepdim; tp_dtype dtype; } reduce_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* Wraps the dims in the attributes; which of x's dims go, as bits. False: an error. */
static bool dims_of(tp__call *call, uint64_t *gone)
{
    reduce_attr *attr = (reduce_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    *gone = attr->dim.n ? 0 : ((uint64_t)1 << x->ndim) - 1;
    for (int i = 0; i < attr->dim.n; i++) {
        const int64_t given = attr->dim.v[i];
        const int d = tp__dim(given, x->ndim);
        if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)given, tp__shape_text(x)), false;
        if (*gone >> d & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d), false;
        *gone |= (uint64_t)1 << d;
        attr->dim.v[i] = d;
    }
    return true;
}

static tp_status reduce_shape(tp__call *call, tp_dtype dtype)
{
    const reduce_attr *attr = call->attr;
    const tp_tensor *x = call->in[0];
    if (tp__is_complex(x->dtype) || tp__is_complex(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers are not computed with yet");
    uint64_t gone;
    if (!dims_of(call, &gone)) return tp__pending();
    int64_t shape[TP_MAX_DIMS];
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (!(gone >> d & 1)) shape[ndim++] = x->shape[d];
        else if (attr->keepdim) shape[ndim++] = 1;
    }
    call->scratch = (void *)(uintptr_t)gone;
    call->keep_shape = 1;
    return tp__made(tp__out(call, dtype, ndim, shape));
}

static tp_status sum_shape(tp__call *call)
{
    const tp_dtype given = ((const reduce_attr *)call->attr)->dtype, dtype = (tp_dtype)call->in[0]->dtype;
    return reduce_shape(call, given ? given : tp__is_integer(dtype) || dtype == TP_BOOL ? TP_I64 : dtype);
}

static tp_status mean_shape(tp__call *call)
{
    const tp_dtype given = ((const reduce_attr *)call->attr)->dtype, dtype = given ? given : (tp_dtype)call->in[0]->dtype;
    if (!tp__is_floating(dtype) && !tp__is_complex(dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "a mean is floating, not %s: say .dtype", tp_dtype_name(dtype));
    return reduce_shape(call, dtype);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static int64_t dims_gone(const tp_node *node, tp_shape *kept_dims)       /* returns how many elements were one */
{
    const reduce_attr *attr = tp__attr(node);
    const tp__kept_shape *x = tp__kept(node, 0);
    int64_t n = 1;
    *kept_dims = tp__kept_shape_of(x);
    for (int i = 0; i < (attr->dim.n ? attr->dim.n : x->ndim); i++) {
        const int64_t d = attr->dim.n ? attr->dim.v[i] : i;
        if (d >= x->ndim) continue;                    /* dim 0 of a 0-dim tensor */
        n *= x->shape[d];
        kept_dims->dim[d] = 1;
    }
    return n;
}

/* dy to x's dtype and, by strides of 0, to x's shape */
static tp_tensor *spread(const tp_node *node, tp_tensor *dy, tp_shape kept_dims)
{
    const tp__kept_shape *x = tp__kept(node, 0);
    if (dy && dy->dtype != x->dtype) dy = tp_to_dtype(dy, (tp_dtype)x->dtype);
    if (dy && dy->ndim != x->ndim) dy = tp_reshape(dy, kept_dims);
    return tp_expand(dy, tp__kept_shape_of(x));
}

static tp_status sum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_shape kept_dims;
    dims_gone(node, &kept_dims);
    return tp__made(dx[0] = spread(node, dy[0], kept_dims));
}

static tp_status mean_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_shape kept_dims;
    const int64_t n = dims_gone(node, &kept_dims);
    return tp__made(dx[0] = spread(node, tp_div(dy[0], (double)n), kept_dims));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void reduce_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 0, -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(1, 1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 5), -2, 2)), TP__INTS_ARG(2, 2, 1), TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INTS_ARG(1, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INTS_ARG(1, 0), TP__BOOL_ARG(false),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define REDUCE "(Tensor input, int[]? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor"
static const tp_op op_sum = { .schema = "sum" REDUCE, .shape = sum_shape, .backward = sum_backward, .attr_size = sizeof(reduce_attr),
    .samples = reduce_samples, .state = TP__STATE };
static const tp_op op_mean = { .schema = "mean" REDUCE, .shape = mean_shape, .backward = mean_backward, .attr_size = sizeof(reduce_attr),
    .samples = reduce_samples, .state = TP__STATE };

static tp_tensor *reduce(const tp_op *op, const char *name, tp_tensor *x, const tp_sum_options *options, const void *caller)
{
    tp_sum_options o = { TP__DEFAULT_sum .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_sum_options, tp__end))) return NULL;
    if (o.dims.n < 0 || o.dims.n > TP_MAX_DIMS) return tp_fail(TP_ERR_ARGUMENT, "%s: %d dims are given", name, o.dims.n), NULL;
    reduce_attr attr = { .dim.n = o.dims.n, .keepdim = o.keepdim, .dtype = o.dtype };
    for (int i = 0; i < o.dims.n; i++) attr.dim.v[i] = o.dims.dim[i];
    return tp__run1(op, &x, 1, &attr, caller);
}

tp_tensor *tp_sum_with(tp_tensor *x, const tp_sum_options *o) { return reduce(&op_sum, "sum", x, o, TP__CALLER); }
tp_tensor *tp_mean_with(tp_tensor *x, const tp_mean_options *o) { return reduce(&op_mean, "mean", x, o, TP__CALLER); }

const tp_op *const tp__ops_reduce[] = { &op_sum, &op_mean, NULL };
