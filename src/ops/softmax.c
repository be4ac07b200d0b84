/* softmax.c: softmax and log_softmax along a dim. Only the output is kept.
 *
 *   softmax      y_i = exp(x_i) / sum_j exp(x_j)          dx = y (dy - sum(y dy))
 *   log_softmax  y_i = x_i - log(sum_j exp(x_j))          dx = dy - exp(y) sum(dy) */
#include "ops/activation.h"
#include "ops/dense.h"

typedef struct softmax_attr { int64_t dim; tp_dtype dtype; } softmax_attr;

/* ---- Shape rules, forward ------------------------------------------------------------------------------------------------------------ */

int64_t tp__softmax_dim(int64_t dim, int ndim)
{
    if (dim != TP_NONE) return dim;
    return ndim == 0 || ndim == 1 || ndim == 3 ? 0 : 1;
}

static tp_status wrap_dim(const tp__call *call, int64_t *dim)
{
    const tp_tensor *x = call->in[0];
    *dim = tp__softmax_dim(*dim, x->ndim);
    const int d = tp__dim(*dim, x->ndim);
    if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)*dim, tp__shape_text(x));
    *dim = d;
    return TP_OK;
}

static tp_status softmax_shape(tp__call *call)
{
    softmax_attr *attr = (softmax_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = attr->dtype ? attr->dtype : (tp_dtype)x->dtype;
    if (wrap_dim(call, &attr->dim)) return tp__pending();
    if (!tp__is_floating(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name(dtype));
    if (dtype != x->dtype) call->keep_shape = 1;
    return tp__made(tp__out(call, dtype, x->ndim, x->shape));
}

static tp_status softmax_forward(tp__call *call)
{
    /* A device's kernel reads 16 bits as it goes; others get x in the dtype of the result. */
    const tp_tensor *x = call->in[0];
    const bool as_is = x->device != TP_CPU && tp__is_floating(x->dtype) && x->dtype != TP_F64 && call->out[0]->dtype == TP_F32;
    return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ as_is ? TP_DTYPE_DEFAULT : (tp_dtype)call->out[0]->dtype });
}

static tp_status back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *y = call->in[1];
    if (!tp__same_shape(dy, y) || dy->dtype != y->dtype)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the output %s", tp__shape_text(dy), tp__shape_text(y));
    if (!tp__is_floating(y->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)y->dtype));
    softmax_attr *attr = (softmax_attr *)(uintptr_t)call->attr;
    if (wrap_dim(call, &attr->dim)) return tp__pending();
    if (attr->dtype && attr->dtype != (tp_dtype)y->dtype && (y->device == TP_CPU || y->dtype != TP_F32 || !tp__is_floating(attr->dtype)))
        return tp__call_fail(call, TP_ERR_DTYPE, "makes no %s of %s here", tp_dtype_name(attr->dtype), tp_dtype_name((tp_dtype)y->dtype));
    return tp__made(tp__out(call, attr->dtype ? attr->dtype : (tp_dtype)y->dtype, y->ndim, y->shape));
}

static tp_status back_forward(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ 0 }); }

/* ---- Rules: one kernel each, whose own rules are made of ops ------------------------------------------------------------------------ */

static const tp_op op_softmax_backward, op_log_softmax_backward;

static tp_tensor *sum_along(tp_tensor *x, int64_t dim) { return tp_sum(x, .dims = TP_DIMS((int)dim), .keepdim = true); }

static tp_status by_kernel(const tp_op *op, const tp_node *node, tp_tensor *dy, tp_tensor **dx)
{
    const tp__kept_shape *kept = node->n_shapes ? tp__kept(node, 0) : NULL;
    tp_tensor *y = tp__saved(node, 0);
    softmax_attr attr = { .dim = ((const softmax_attr *)tp__attr(node))->dim };
    /* On a device the kernel writes the gradient in 16 bits, where the input had them, unless that is to be differentiated. */
    if (kept && y && y->device != TP_CPU && y->dtype == TP_F32 && tp__is_floating(kept->dtype) && kept->dtype != TP_F64 && !tp_grad_enabled())
        attr.dtype = (tp_dtype)kept->dtype;
    return tp__made(*dx = tp__fit(node, 0, tp__run1(op, (tp_tensor *[]){ dy, y }, 2, &attr, NULL)));
}

static tp_status softmax_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return by_kernel(&op_softmax_backward, node, dy[0], dx);
}

static tp_status log_softmax_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return by_kernel(&op_log_softmax_backward, node, dy[0], dx);
}

/* Of z = y (dy - sum(y dy)):  ddy = softmax's rule of g,  d y = g (dy - sum(y dy)) - dy sum(g y) */
static tp_status softmax_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const int64_t dim = ((const softmax_attr *)tp__attr(node))->dim;
    tp_tensor *dy = tp__saved(node, 0), *y = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = tp__run1(&op_softmax_backward, (tp_tensor *[]){ g[0], y }, 2, &(softmax_attr){ .dim = dim }, NULL))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_sub(tp_mul(g[0], tp_sub(dy, sum_along(tp_mul(y, dy), dim))),
                                     tp_mul(dy, sum_along(tp_mul(g[0], y), dim)))))
        return tp__pending();
    return TP_OK;
}

/* Of z = dy - exp(y) sum(dy):  ddy = g - sum(g exp(y)),  d y = -g exp(y) sum(dy) */
static tp_status log_softmax_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const int64_t dim = ((const softmax_attr *)tp__attr(node))->dim;
    tp_tensor *part = tp_mul(g[0], tp_exp(tp__saved(node, 1)));
    if (need & 1 && !(dx[0] = tp_sub(g[0], sum_along(part, dim)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_neg(tp_mul(part, sum_along(tp__saved(node, 0), dim))))) return tp__pending();
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void softmax_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 20, 3), -2, 2)), TP__INT_ARG(-2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(0),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(0));
}

static void back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)),
             TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 17), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 17), -1, 1)),
             TP__INT_ARG(-2));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define SOFTMAX(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int dim=none, dtype dtype=none) -> Tensor", .shape = softmax_shape, \
        .forward = softmax_forward, .backward = name##_backward, .saves = { TP__OUTPUT(0) }, \
        .attr_size = sizeof(softmax_attr), .samples = softmax_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor output, int dim, dtype dtype=none) -> Tensor", \
        .flags = TP__INTERNAL, .shape = back_shape, .forward = back_forward, .backward = name##_backward_backward, \
        .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, .attr_size = sizeof(softmax_attr), .samples = back_samples, .state = TP__STATE }
SOFTMAX(softmax);
SOFTMAX(log_softmax);

#define PUBLIC(name) \
    tp_tensor *tp_##name##_with(tp_tensor *x, int dim, const tp_##name##_options *options) \
    { \
        tp_##name##_options o = { TP__DEFAULT_##name .tp__end = 0 }; \
        if (tp_options_take(#name, &o, options, offsetof(tp_##name##_options, tp__end))) return NULL; \
        return tp__run1(&op_##name, &x, 1, &(softmax_attr){ dim, o.dtype }, TP__CALLER); \
    }
PUBLIC(softmax)
PUBLIC(log_softmax)

const tp_op *const tp__ops_softmax[] = { &op_softmax, &op_log_softmax, &op_softmax_backward, &op_log_softmax_backward, NULL };
