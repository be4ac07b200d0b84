/* reduce_logsumexp.c: the logarithm of a sum of exponentials, which never overflows.
 *
 *   y = log(sum e^x) = m + log(sum e^(x - m)),  m the greatest x        dx = dy e^(x - y) */
#include "ops/reduce.h"

typedef struct dims_attr { tp__ints dim; bool keepdim; } dims_attr;

static tp_status logsumexp_shape(tp__call *call)
{
    dims_attr *attr = (dims_attr *)(uintptr_t)call->attr;
    const tp_dtype dtype = (tp_dtype)call->in[0]->dtype;
    uint64_t gone;
    if (tp__reduce_real(call) || !tp__reduce_dims(call, &attr->dim, &gone)) return tp__pending();
    return tp__reduce_out(call, tp__is_floating(dtype) ? dtype : TP_F32, gone, attr->keepdim);
}

/* In 16 bits PyTorch rounds each of its steps, and the gradient is made with what comes of it. */
static tp_status by_steps(tp__call *call)
{
    TP_NO_GRAD();
    const dims_attr *attr = call->attr;
    tp_tensor *x = call->in[0];
    tp_amax_options most = { TP__DEFAULT_amax .size = offsetof(tp_amax_options, tp__end), .keepdim = true };
    tp_sum_options sum = { TP__DEFAULT_sum .size = offsetof(tp_sum_options, tp__end), .keepdim = true };
    for (int i = 0; x->ndim && i < attr->dim.n; i++) most.dims.dim[most.dims.n++] = sum.dims.dim[sum.dims.n++] = (int)attr->dim.v[i];
    tp_tensor *shift = tp_amax_with(x, &most);
    shift = tp_where(tp_isinf(shift), 0, shift);
    tp_tensor *y = tp_add(tp_log(tp_sum_with(tp_exp(tp_sub(x, shift)), &sum)), shift);
    return y ? tp__made(tp_copy_(call->out[0], tp_reshape(y, tp_shape_of(call->out[0])))) : tp__pending();
}

static tp_status logsumexp_forward(tp__call *call)
{
    const int dtype = call->in[0]->dtype;
    if ((dtype == TP_F16 || dtype == TP_BF16) && call->in[0]->numel) return by_steps(call);
    const tp_kernel *kernel = tp__kernel(call->op, call->out[0]->device);
    return kernel ? kernel->run(call) : tp__pending();
}

/* Where y is infinite all x are -inf, or one is inf: these differences are NaN, as in PyTorch. */
static tp_status logsumexp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const dims_attr *attr = tp__attr(node);
    tp_tensor *y = tp__reduce_back(node, &attr->dim, tp__saved(node, 1)), *g = tp__reduce_back(node, &attr->dim, dy[0]);
    return tp__made(dx[0] = tp_mul(g, tp_exp(tp_sub(tp__saved(node, 0), y))));
}

static void samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 0, -1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 1, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INTS_ARG(1, 0));
}

static const tp_op op_logsumexp = { .schema = "logsumexp(Tensor input, int[] dim, bool keepdim=false) -> Tensor", .shape = logsumexp_shape,
    .forward = logsumexp_forward,    .backward = logsumexp_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) },
    .attr_size = sizeof(dims_attr), .samples = samples,
    .state = TP__STATE };

tp_tensor *tp_logsumexp_with(tp_tensor *x, const tp_logsumexp_options *options)
{
    tp_logsumexp_options o = { TP__DEFAULT_logsumexp .tp__end = 0 };
    dims_attr attr = { 0 };
    if (tp_options_take("logsumexp", &o, options, offsetof(tp_logsumexp_options, tp__end)) ||
        tp__reduce_take_dims("logsumexp", &o.dims, &attr.dim))
        return NULL;
    attr.keepdim = o.keepdim;
    return tp__run1(&op_logsumexp, &x, 1, &attr, TP__CALLER);
}

const tp_op *const tp__ops_reduce_logsumexp[] = { &op_logsumexp, NULL };
