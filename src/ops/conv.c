/* conv.c: 2-d convolution (cross-correlation), and its two adjoints, which are ops of their own:
 *
 *   conv2d                   y = x * w + b       dx = input_grad(dy, w),  dw = weight_grad(x, dy),  db = dy summed
 *   conv2d_input_grad        dx of (dy, w)       bilinear: its gradients are conv2d(g, w) and weight_grad(g, dy)
 *   conv2d_weight_grad       dw of (x, dy)       bilinear: its gradients are input_grad(dy, g) and conv2d(x, g) */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct conv_attr { int64_t stride[2], padding[2], dilation[2], groups; } conv_attr;
typedef struct conv_grad_attr { int64_t size[4], stride[2], padding[2], dilation[2], groups; } conv_grad_attr;
static const tp_op op_conv2d, op_input_grad, op_weight_grad;

static tp_status conv_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *b = call->n_in > 2 ? call->in[2] : NULL;
    const conv_attr *a = call->attr;
    if (w->ndim != 4) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s must have 4 dims, [out, in / groups, height, width]", tp__shape_text(w));
    if (x->ndim != 4 && x->ndim != 3)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have 4 dims, [n, channels, height, width], or 3", tp__shape_text(x));
    for (int i = 0; i < 2; i++)
        if (a->stride[i] < 1 || a->dilation[i] < 1 || a->padding[i] < 0)
            return tp__call_fail(call, TP_ERR_ARGUMENT, "stride %lld and dilation %lld must be positive, padding %lld not negative", (long long)a->stride[i],
                                 (long long)a->dilation[i], (long long)a->padding[i]);
    const int64_t channels = x->shape[x->ndim - 3];
    if (a->groups < 1 || w->shape[0] % a->groups || !w->shape[0])
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld groups do not divide the %lld outputs of weight %s", (long long)a->groups, (long long)w->shape[0], tp__shape_text(w));
    if (channels != w->shape[1] * a->groups)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s has %lld channels, weight %s takes %lld", tp__shape_text(x), (long long)channels,
                             tp__shape_text(w), (long long)(w->shape[1] * a->groups));
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0]))
        return tp__call_fail(call, TP_ERR_SHAPE, "bias %s does not fit weight %s", tp__shape_text(b), tp__shape_text(w));
    if (x->dtype != w->dtype || (b && b->dtype != x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "input is %s, weight %s%s%s", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)w->dtype),
                             b ? ", bias " : "", b ? tp_dtype_name((tp_dtype)b->dtype) : "");
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s is not floating", tp_dtype_name((tp_dtype)x->dtype));
    int64_t shape[4] = { x->ndim == 4 ? x->shape[0] : 1, w->shape[0] };
    for (int i = 0; i < 2; i++) {
        if (a->dilation[i] > INT32_MAX || a->padding[i] > INT32_MAX || w->shape[2 + i] > INT32_MAX)
            return tp__call_fail(call, TP_ERR_ARGUMENT, "dilation %lld, padding %lld or the kernel of weight %s is too large", (long long)a->dilation[i],
                                 (long long)a->padding[i], tp__shape_text(w));
        const int64_t size = x->shape[x->ndim - 2 + i], kernel = a->dilation[i] * (w->shape[2 + i] - 1) + 1, padded = size + 2 * a->padding[i];
        if (!w->shape[2 + i] || kernel > padded)
            return tp__call_fail(call, TP_ERR_SHAPE, "the kernel of weight %s spans %lld, the padded input %s only %lld", tp__shape_text(w), (long long)kernel,
                                 tp__shape_text(x), (long long)padded);
        shape[2 + i] = (padded - kernel) / a->stride[i] + 1;
    }
    call->keep_shape = 3;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->ndim == 4 ? shape : shape + 1));
}

static conv_grad_attr grad_attr(const tp__kept_shape *kept, const conv_attr *a)
{
    conv_grad_attr g = { .stride = { a->stride[0], a->stride[1] }, .padding = { a->padding[0], a->padding[1] },
                         .dilation = { a->dilation[0], a->dilation[1] }, .groups = a->groups };
    for (int i = 0; i < 4; i++) g.size[i] = kept->ndim == 4 ? kept->shape[i] : i ? kept->shape[i - 1] : 1;
    return g;
}

static tp_status conv_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const conv_attr *a = tp__attr(node);
    const tp__kept_shape *x_shape = tp__kept(node, 0);
    tp_tensor *g = dy[0];
    const bool one_image = x_shape->ndim == 3;
    if (one_image) g = tp_reshape(g, TP_SHAPE(1, g->shape[0], g->shape[1], g->shape[2]));
    if (need & 1) {
        conv_grad_attr ga = grad_attr(x_shape, a);
        dx[0] = tp__run1(&op_input_grad, (tp_tensor *[]){ g, tp__saved(node, 1) }, 2, &ga, NULL);
        if (dx[0] && one_image) dx[0] = tp_reshape(dx[0], TP_SHAPE(ga.size[1], ga.size[2], ga.size[3]));
        if (!dx[0]) return tp__pending();
    }
    if (need & 2) {
        conv_grad_attr ga = grad_attr(tp__kept(node, 1), a);
        tp_tensor *x = tp__saved(node, 0);
        if (x && one_image) x = tp_reshape(x, TP_SHAPE(1, x->shape[0], x->shape[1], x->shape[2]));
        dx[1] = tp__run1(&op_weight_grad, (tp_tensor *[]){ x, g }, 2, &ga, NULL);
        if (!dx[1]) return tp__pending();
    }
    if (need & 4 && !(dx[2] = tp_sum(g, .dims = TP_DIMS(0, 2, 3)))) return tp__pending();
    return TP_OK;
}

/* ---- The adjoints ------------------------------------------------------------------------------------------------------------------- */

static tp_status grad_shape(tp__call *call)
{
    const conv_grad_attr *a = call->attr;
    call->keep_shape = 3;
    if (call->in[0]->ndim != 4 || call->in[1]->ndim != 4 || call->in[0]->dtype != call->in[1]->dtype || a->groups < 1 || a->stride[0] < 1
        || a->stride[1] < 1 || a->dilation[0] < 1 || a->dilation[1] < 1 || a->padding[0] < 0 || a->padding[1] < 0)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s are no parts of a convolution", tp__shape_text(call->in[0]), tp__shape_text(call->in[1]));
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, 4, a->size));
}

/* x, w and dy must belong together, also where somebody calls this by name. */
static tp_status check_parts(tp__call *call, const int64_t *x, const int64_t *w, const int64_t *dy)
{
    const conv_grad_attr *a = call->attr;
    bool fits = x[0] == dy[0] && w[0] == dy[1] && w[1] * a->groups == x[1] && w[0] % a->groups == 0;
    for (int i = 0; i < 2 && fits; i++) {
        const int64_t room = x[2 + i] + 2 * a->padding[i] - a->dilation[i] * (w[2 + i] - 1) - 1;
        fits = w[2 + i] > 0 && room >= 0 && dy[2 + i] == room / a->stride[i] + 1;
    }
    return fits ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "input %s, weight %s and output %s are not of one convolution", tp__dims_text(4, x),
                                        tp__dims_text(4, w), tp__dims_text(4, dy));
}

static tp_status input_grad_shape(tp__call *call)
{
    const tp_status status = grad_shape(call);
    return status ? status : check_parts(call, ((const conv_grad_attr *)call->attr)->size, call->in[1]->shape, call->in[0]->shape);
}

static tp_status weight_grad_shape(tp__call *call)
{
    const tp_status status = grad_shape(call);
    return status ? status : check_parts(call, call->in[0]->shape, ((const conv_grad_attr *)call->attr)->size, call->in[1]->shape);
}

static conv_attr plain_attr(const conv_grad_attr *a)
{
    return (conv_attr){ { a->stride[0], a->stride[1] }, { a->padding[0], a->padding[1] }, { a->dilation[0], a->dilation[1] }, a->groups };
}

static conv_grad_attr sized(const conv_grad_attr *a, const tp__kept_shape *kept)
{
    conv_grad_attr other = *a;
    memcpy(other.size, kept->shape, sizeof other.size);
    return other;
}

static tp_status input_grad_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)      /* of (dy, w) */
{
    const conv_grad_attr *a = tp__attr(node);
    conv_attr plain = plain_attr(a);
    conv_grad_attr of_w = sized(a, tp__kept(node, 1));
    if (need & 1 && !(dx[0] = tp__run1(&op_conv2d, (tp_tensor *[]){ g[0], tp__saved(node, 1), NULL }, 3, &plain, NULL))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__run1(&op_weight_grad, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, &of_w, NULL))) return tp__pending();
    return TP_OK;
}

static tp_status weight_grad_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)     /* of (x, dy) */
{
    const conv_grad_attr *a = tp__attr(node);
    conv_attr plain = plain_attr(a);
    conv_grad_attr of_x = sized(a, tp__kept(node, 0));
    if (need & 1 && !(dx[0] = tp__run1(&op_input_grad, (tp_tensor *[]){ tp__saved(node, 1), g[0] }, 2, &of_x, NULL))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__run1(&op_conv2d, (tp_tensor *[]){ tp__saved(node, 0), g[0], NULL }, 3, &plain, NULL))) return tp__pending();
    return TP_OK;
}

/* ---- Samples, descriptors -------------------------------------------------------------------------------------------------------------- */

static void conv_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 5, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 3, 2), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 4, 6, 6), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 2, 2, 2), -1, 1)),
             TP__NAMED("stride", .kind = TP_ARG_INT, .value.integer = 2), TP__NAMED("padding", .kind = TP_ARG_INT, .value.integer = 1),
             TP__NAMED("dilation", .kind = TP_ARG_INT, .value.integer = 2), TP__NAMED("groups", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2, 1, 1), -1, 1)));
}

#define GRAD_ARGS(...) TP__INTS_ARG(4, __VA_ARGS__), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1)
static void input_grad_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 2, 4, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 3, 3), -1, 1)),
             GRAD_ARGS(1, 3, 4, 4));
}
static void weight_grad_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3, 4, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 2, 4, 4), -1, 1)),
             GRAD_ARGS(2, 3, 3, 3));
}

#define STEPS "int[2] stride=1, int[2] padding=0, int[2] dilation=1, int groups=1"
static const tp_op op_conv2d = { .schema = "conv2d(Tensor input, Tensor weight, Tensor? bias=none, " STEPS ") -> Tensor", .shape = conv_shape,
    .backward = conv_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .attr_size = sizeof(conv_attr), .samples = conv_samples, .state = TP__STATE };
static const tp_op op_input_grad = { .schema = "conv2d_input_grad(Tensor grad, Tensor weight, int[4] size, " STEPS ") -> Tensor", .flags = TP__INTERNAL,
    .shape = input_grad_shape, .backward = input_grad_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .attr_size = sizeof(conv_grad_attr),
    .samples = input_grad_samples, .state = TP__STATE };
static const tp_op op_weight_grad = { .schema = "conv2d_weight_grad(Tensor input, Tensor grad, int[4] size, " STEPS ") -> Tensor", .flags = TP__INTERNAL,
    .shape = weight_grad_shape, .backward = weight_grad_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .attr_size = sizeof(conv_grad_attr),
    .samples = weight_grad_samples, .state = TP__STATE };

/* ---- Public -------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_conv2d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options *options)
{
    tp_conv2d_options o = { TP__DEFAULT_conv2d .tp__end = 0 };
    if (tp_options_take("conv2d", &o, options, offsetof(tp_conv2d_options, tp__end))) return NULL;
    conv_attr a = { .groups = o.groups };
    for (int i = 0; i < 2; i++) {
        a.stride[i] = o.stride_hw[i] != TP_NONE ? o.stride_hw[i] : o.stride;
        a.padding[i] = o.padding_hw[i] != TP_NONE ? o.padding_hw[i] : o.padding;
        a.dilation[i] = o.dilation_hw[i] != TP_NONE ? o.dilation_hw[i] : o.dilation;
    }
    return tp__run1(&op_conv2d, (tp_tensor *[]){ x, w, b }, 3, &a, TP__CALLER);
}

const tp_op *const tp__ops_conv[] = { &op_conv2d, &op_input_grad, &op_weight_grad, NULL };
