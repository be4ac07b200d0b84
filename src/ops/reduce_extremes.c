/* reduce_extremes.c: the greatest and the least element over dims. NaN wins.
 *
 *   amax, amin   dx = dy [x = y] / how many are equal
 *   aminmax      both at once; the sum of both gradients */
#include "ops/reduce.h"

typedef struct dims_attr { tp__ints dim; bool keepdim; } dims_attr;
typedef struct dim_attr { int64_t dim; bool keepdim; } dim_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status extreme_shape(tp__call *call)
{
    dims_attr *attr = (dims_attr *)(uintptr_t)call->attr;
    uint64_t gone;
    if (tp__reduce_real(call) || !tp__reduce_dims(call, &attr->dim, &gone) || tp__reduce_not_empty(call, gone)) return tp__pending();
    return tp__reduce_out(call, (tp_dtype)call->in[0]->dtype, gone, attr->keepdim);
}

static tp_status both_shape(tp__call *call)
{
    dim_attr *attr = (dim_attr *)(uintptr_t)call->attr;
    const tp_dtype dtype = (tp_dtype)call->in[0]->dtype;
    tp__ints dim = { .n = attr->dim != TP_NONE, .v = { attr->dim } };
    uint64_t gone;
    if (tp__reduce_real(call) || !tp__reduce_dims(call, &dim, &gone) || tp__reduce_not_empty(call, gone)) return tp__pending();
    if (dim.n) attr->dim = dim.v[0];
    if (tp__reduce_out(call, dtype, gone, attr->keepdim)) return tp__pending();
    return tp__reduce_out(call, dtype, gone, attr->keepdim);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *shared(const tp_node *node, const tp__ints *dim, tp_tensor *dy, tp_tensor *x, tp_tensor *y)
{
    int64_t n;
    const tp_shape kept = tp__reduce_kept(node, dim, &n);
    tp_tensor *mask = tp_eq(x, tp_reshape(y, kept));
    tp__ints dims = *dim;
    tp_sum_options o = { TP__DEFAULT_sum .size = offsetof(tp_sum_options, tp__end), .keepdim = true };
    for (int i = 0; i < dims.n && x && x->ndim; i++) o.dims.dim[o.dims.n++] = (int)dims.v[i];
    return tp_mul(tp_div(tp__reduce_back(node, dim, dy), tp_sum_with(mask, &o)), mask);
}

static tp_status extreme_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const dims_attr *attr = tp__attr(node);
    return tp__made(dx[0] = shared(node, &attr->dim, dy[0], tp__saved(node, 0), tp__saved(node, 1)));
}

static tp_status both_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const dim_attr *attr = tp__attr(node);
    const tp__ints dim = { .n = attr->dim != TP_NONE, .v = { attr->dim } };
    for (int k = 0; k < 2; k++) {
        if (!dy[k]) continue;
        tp_tensor *part = shared(node, &dim, dy[k], tp__saved(node, 0), tp__saved(node, 1 + k));
        if (!(dx[0] = dx[0] ? tp_add(dx[0], part) : part)) return tp__pending();
    }
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void extreme_samples(tp_sample_set *set) { tp__reduce_samples(set, true, false); }

static void both_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__NAMED("dim", .kind = TP_ARG_INT),
             TP__NAMED("keepdim", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP__SCALAR_SHAPE)));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define EXTREME(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int[]? dim=none, bool keepdim=false) -> Tensor", .shape = extreme_shape, \
        .backward = extreme_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .attr_size = sizeof(dims_attr), .samples = extreme_samples, \
        .state = TP__STATE };
EXTREME(amax)
EXTREME(amin)
static const tp_op op_aminmax = { .schema = "aminmax(Tensor input, *, int? dim=none, bool keepdim=false) -> (Tensor, Tensor)", .shape = both_shape,
    .backward = both_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0), TP__OUTPUT(1) }, .attr_size = sizeof(dim_attr), .samples = both_samples,
    .state = TP__STATE };

static tp_tensor *extreme(const tp_op *op, const char *name, tp_tensor *x, const tp_amax_options *options, const void *caller)
{
    tp_amax_options o = { TP__DEFAULT_amax .tp__end = 0 };
    dims_attr attr = { 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_amax_options, tp__end)) || tp__reduce_take_dims(name, &o.dims, &attr.dim)) return NULL;
    attr.keepdim = o.keepdim;
    return tp__run1(op, &x, 1, &attr, caller);
}

tp_tensor *tp_amax_with(tp_tensor *x, const tp_amax_options *o) { return extreme(&op_amax, "amax", x, o, TP__CALLER); }
tp_tensor *tp_amin_with(tp_tensor *x, const tp_amin_options *o) { return extreme(&op_amin, "amin", x, o, TP__CALLER); }

tp_tensor *tp_aminmax_with(tp_tensor *x, tp_tensor **max, const tp_aminmax_options *options)
{
    tp_aminmax_options o = { TP__DEFAULT_aminmax .tp__end = 0 };
    tp_tensor *out[2] = { NULL };
    const bool failed = tp_options_take("aminmax", &o, options, offsetof(tp_aminmax_options, tp__end)) ||
                        tp__run(&op_aminmax, &x, 1, &(dim_attr){ o.dim, o.keepdim }, out, 2, TP__CALLER) < 0;
    if (max) *max = failed ? NULL : out[1];
    return failed ? NULL : out[0];
}

const tp_op *const tp__ops_reduce_extremes[] = { &op_amax, &op_amin, &op_aminmax, NULL };
