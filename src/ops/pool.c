/* pool.c: max pooling.
 *
 *   max_pool2d               y = the greatest value of each window
 *   max_pool2d_with_indices  also where it is in its plane
 *   max_pool2d_backward      dx[where] += dy;  its own gradient picks g[where] (max_pool2d_pick), and so on */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct pool_attr { int64_t kernel[2], stride[2], padding[2], dilation[2]; bool ceil_mode, return_indices; } pool_attr;
typedef struct scatter_attr { int64_t height, width; } scatter_attr;
static const tp_op op_pool_both, op_scatter, op_pick;

/* By the name that users know, also from max_pool2d_with_indices, which does the work. */
#define REFUSE(code, ...) tp__fail_tensors(code, "max_pool2d", call->in, call->n_in, __VA_ARGS__)
static tp_status pool_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    pool_attr *a = (pool_attr *)(uintptr_t)call->attr;
    if (x->ndim != 4 && x->ndim != 3)
        return REFUSE(TP_ERR_SHAPE, "input %s must have 4 dims, [n, channels, height, width], or 3", tp__shape_text(x));
    if (!tp__is_floating(x->dtype) && !tp__is_integer(x->dtype)) return REFUSE(TP_ERR_DTYPE, "%s cannot be pooled", tp_dtype_name((tp_dtype)x->dtype));
    int64_t shape[4];
    for (int i = 0; i < x->ndim - 2; i++) shape[i] = x->shape[i];
    for (int d = x->ndim == 4 ? 1 : 0; d < x->ndim; d++)
        if (!x->shape[d]) return REFUSE(TP_ERR_SHAPE, "input %s is empty in a dim other than the first", tp__shape_text(x));
    for (int i = 0; i < 2; i++) {
        if (a->stride[i] == TP_NONE) a->stride[i] = a->kernel[i];
        if (a->kernel[i] < 1 || a->stride[i] < 1 || a->dilation[i] < 1)
            return REFUSE(TP_ERR_ARGUMENT, "kernel %lld, stride %lld and dilation %lld must be positive", (long long)a->kernel[i],
                                 (long long)a->stride[i], (long long)a->dilation[i]);
        if (a->kernel[i] > INT32_MAX || a->stride[i] > INT32_MAX || a->dilation[i] > INT32_MAX)
            return REFUSE(TP_ERR_ARGUMENT, "kernel %lld, stride %lld or dilation %lld is too large", (long long)a->kernel[i], (long long)a->stride[i],
                          (long long)a->dilation[i]);
        if (a->padding[i] < 0 || a->padding[i] > ((a->kernel[i] - 1) * a->dilation[i] + 1) / 2)
            return REFUSE(TP_ERR_ARGUMENT, "padding %lld must be at most half of the kernel, %lld", (long long)a->padding[i], (long long)a->kernel[i]);
        const int64_t size = x->shape[x->ndim - 2 + i], room = size + 2 * a->padding[i] - a->dilation[i] * (a->kernel[i] - 1) - 1;
        const int64_t rounded = room + (a->ceil_mode ? a->stride[i] - 1 : 0);
        int64_t out = (rounded < 0 ? -1 : rounded / a->stride[i]) + 1;
        if (a->ceil_mode && (out - 1) * a->stride[i] >= size + a->padding[i]) out--;     /* the last window must begin inside */
        if (out < 1) return REFUSE(TP_ERR_SHAPE, "input %s is too small for a kernel of %lld", tp__shape_text(x), (long long)a->kernel[i]);
        shape[x->ndim - 2 + i] = out;
    }
    call->keep_shape = 1;
    return tp__out(call, (tp_dtype)x->dtype, x->ndim, shape) && tp__out(call, TP_I64, x->ndim, shape) ? TP_OK : tp__pending();
}

static tp_status pool_compose(tp__call *call)
{
    tp_tensor *both[4] = { NULL };
    pool_attr a = *(const pool_attr *)call->attr;
    if (tp__run(&op_pool_both, call->in, 1, &a, both, 4, NULL) < 0) return tp__pending();
    call->out[0] = both[0];
    call->n_out = 1 + a.return_indices;
    if (a.return_indices) call->out[1] = both[1];
    else tp_drop(both[1]);                             /* the node has it, if there is one */
    return TP_OK;
}

static tp_status pool_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    scatter_attr a = { kept->shape[kept->ndim - 2], kept->shape[kept->ndim - 1] };
    (void)need;
    if (!dy[0]) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_scatter, (tp_tensor *[]){ dy[0], tp__saved(node, 0) }, 2, &a, NULL));
}

static tp_status indexed_shape(tp__call *call, int with_indices, int64_t height, int64_t width)
{
    const tp_tensor *x = call->in[0], *where = call->in[1];
    if (where->dtype != TP_I64 || where->ndim != x->ndim || x->ndim < 2 || (with_indices && !tp__same_shape(x, where)))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and indices %s do not belong together", tp__shape_text(x), tp__shape_text(where));
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    for (int i = 0; i < x->ndim - 2; i++)
        if (x->shape[i] != where->shape[i]) return tp__call_fail(call, TP_ERR_SHAPE, "%s and indices %s do not belong together", tp__shape_text(x), tp__shape_text(where));
    shape[x->ndim - 2] = height;
    shape[x->ndim - 1] = width;
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, shape));
}

static tp_status scatter_shape(tp__call *call)
{
    const scatter_attr *a = call->attr;
    return indexed_shape(call, 1, a->height, a->width);
}
static tp_status pick_shape(tp__call *call)
{
    const tp_tensor *where = call->in[1];
    return indexed_shape(call, 0, where->ndim < 2 ? 1 : where->shape[where->ndim - 2], where->ndim < 1 ? 1 : where->shape[where->ndim - 1]);
}

static tp_status scatter_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__run1(&op_pick, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, NULL, NULL))) return tp__pending();
    return TP_OK;
}
static tp_status pick_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    scatter_attr a = { kept->shape[kept->ndim - 2], kept->shape[kept->ndim - 1] };
    if (need & 1 && !(dx[0] = tp__run1(&op_scatter, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, &a, NULL))) return tp__pending();
    return TP_OK;
}

static void pool_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 4, 6))), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(1, 7, 7))), TP__INTS_ARG(2, 3, 2), TP__INTS_ARG(2, 2, 1), TP__INT_ARG(1), TP__INTS_ARG(2, 1, 2),
             TP__BOOL_ARG(true));
}
static void scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 2, 2), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 1, 2, 2), 12)),
             TP__INT_ARG(3), TP__INT_ARG(4));
}
static void pick_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 3, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 1, 2, 2), 12)));
}

#define WINDOW "(Tensor input, int[2] kernel_size, int[2]? stride=none, int[2] padding=0, int[2] dilation=1, bool ceil_mode=false"
static const tp_op op_pool = { .schema = "max_pool2d" WINDOW ", bool return_indices=false) -> Tensor", .compose = pool_compose, .attr_size = sizeof(pool_attr),
    .samples = pool_samples, .state = TP__STATE };
static const tp_op op_pool_both = { .schema = "max_pool2d_with_indices" WINDOW ") -> (Tensor, Tensor)", .kernel = "max_pool2d", .shape = pool_shape,
    .backward = pool_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(pool_attr), .samples = pool_samples, .state = TP__STATE };
static const tp_op op_scatter = { .schema = "max_pool2d_backward(Tensor grad, Tensor indices, int height, int width) -> Tensor", .flags = TP__INTERNAL,
    .shape = scatter_shape, .backward = scatter_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(scatter_attr), .samples = scatter_samples,
    .state = TP__STATE };
static const tp_op op_pick = { .schema = "max_pool2d_pick(Tensor input, Tensor indices) -> Tensor", .flags = TP__INTERNAL, .shape = pick_shape,
    .backward = pick_backward, .saves = { TP__INPUT(1, 0) }, .samples = pick_samples, .state = TP__STATE };

tp_tensor *tp_max_pool2d_with(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options *options)
{
    tp_max_pool2d_options o = { TP__DEFAULT_max_pool2d .tp__end = 0 };
    if (tp_options_take("max_pool2d", &o, options, offsetof(tp_max_pool2d_options, tp__end))) return NULL;
    pool_attr a = { .ceil_mode = o.ceil_mode };
    for (int i = 0; i < 2; i++) {
        a.kernel[i] = o.kernel_hw[i] != TP_NONE ? o.kernel_hw[i] : kernel;
        a.stride[i] = o.stride_hw[i] != TP_NONE ? o.stride_hw[i] : o.stride;
        a.padding[i] = o.padding_hw[i] != TP_NONE ? o.padding_hw[i] : o.padding;
        a.dilation[i] = o.dilation_hw[i] != TP_NONE ? o.dilation_hw[i] : o.dilation;
    }
    return tp__run1(&op_pool, &x, 1, &a, TP__CALLER);
}

const tp_op *const tp__ops_pool[] = { &op_pool, &op_pool_both, &op_scatter, &op_pick, NULL };
