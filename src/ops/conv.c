/* conv.c: convolution (cross-correlation) in one to three dims. One op does them all:
 *
 *   convolution              y_t = b + sum over k of w_k x_(t stride - padding + k dilation),  x being 0 outside
 *     transposed             its adjoint in x:  each x_t w_k is added to y_(t stride - padding + k dilation),  + b
 *   convolution_weight_grad  its adjoint in w:  dw_k = sum over t of dy_t x_(t stride - padding + k dilation)
 *
 * Each is bilinear, so they are each other's gradients:
 *   of y = x * w             dx = transposed(dy, w),  dw = weight_grad(x, dy),  db = dy summed
 *   of the transposed one    dx = dy * w,             dw = weight_grad(dy, x)
 *   of weight_grad(x, dy)    dx = transposed(dy, g),  ddy = x * g
 *
 * padding is a number per dim, or two: those at the beginnings, then those at the ends, which may be negative: so each adjoint
 * has the very sizes of what it belongs to. conv1d to conv_transpose3d are in conv_forms.c. */
#include "core/kernel_args.h"
#include "ops/conv.h"
#include "ops/samples.h"
#include "ops/spatial.h"

static const tp_op op_weight_grad;

const char *tp__conv_name(int n, bool transposed)
{
    static const char *const names[2][3] = { { "conv1d", "conv2d", "conv3d" }, { "conv_transpose1d", "conv_transpose2d", "conv_transpose3d" } };
    return names[transposed][n - 1];
}

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------- */

/* By the name that users know. */
#define REFUSE(code, ...) tp__fail_tensors(code, tp__conv_name(n, a->transposed), call->in, call->n_in, __VA_ARGS__)

/* Numbers for all dims become one per dim; the padding of the ends is that of the beginnings if only one is told. */
static bool spread(int n, tp__ints *stride, tp__ints *padding, tp__ints *dilation)
{
    if (padding->n != 2 * n) {
        if (!tp__spread(padding, n, 0)) return false;
        memcpy(padding->v + n, padding->v, sizeof *padding->v * (size_t)n);
        padding->n = 2 * n;
    }
    return tp__spread(stride, n, 1) && tp__spread(dilation, n, 1);
}

static bool in_range(int64_t v, int64_t least) { return v >= least && v <= INT32_MAX; }

static tp_status check_steps(const tp__call *call, int n, tp__convolution *a)
{
    if (!spread(n, &a->stride, &a->padding, &a->dilation) || !tp__spread(&a->output_padding, n, 0))
        return REFUSE(TP_ERR_ARGUMENT, "stride, padding, output_padding and dilation take one number or %d", n);
    for (int i = 0; i < n; i++) {
        const int64_t stride = a->stride.v[i], dilation = a->dilation.v[i], padding = a->padding.v[i], more = a->output_padding.v[i];
        if (stride < 1 || dilation < 1 || padding < 0)
            return REFUSE(TP_ERR_ARGUMENT, "stride %lld and dilation %lld must be positive, padding %lld not negative", (long long)stride,
                          (long long)dilation, (long long)padding);
        if (!in_range(stride, 1) || !in_range(dilation, 1) || !in_range(padding, 0) || !in_range(a->padding.v[n + i], -INT32_MAX))
            return REFUSE(TP_ERR_ARGUMENT, "stride %lld, dilation %lld or padding %lld is too large", (long long)stride, (long long)dilation,
                          (long long)padding);
        if (a->transposed && (more < 0 || (more >= stride && more >= dilation)))
            return REFUSE(TP_ERR_ARGUMENT, "output_padding %lld must be less than stride %lld or dilation %lld, and not negative", (long long)more,
                          (long long)stride, (long long)dilation);
    }
    return TP_OK;
}

static tp_status check_tensors(const tp__call *call, int n, const tp__convolution *a)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *b = call->in[2];
    const int64_t outputs = w->shape[a->transposed ? 1 : 0] * (a->transposed ? a->groups : 1);
    if (a->groups < 1 || !w->shape[0] || w->shape[0] % a->groups)
        return REFUSE(TP_ERR_ARGUMENT, "%lld groups do not divide the %lld %s of weight %s", (long long)a->groups, (long long)w->shape[0],
                      a->transposed ? "inputs" : "outputs", tp__shape_text(w));
    if (outputs > INT32_MAX || w->shape[0] > INT32_MAX || a->groups > INT32_MAX)
        return REFUSE(TP_ERR_ARGUMENT, "weight %s in %lld groups is too large", tp__shape_text(w), (long long)a->groups);
    const int64_t takes = a->transposed ? w->shape[0] : w->shape[1] * a->groups;
    if (x->shape[1] != takes)
        return REFUSE(TP_ERR_SHAPE, "input %s has %lld channels, weight %s takes %lld", tp__shape_text(x), (long long)x->shape[1], tp__shape_text(w),
                      (long long)takes);
    if (b && (b->ndim != 1 || b->shape[0] != outputs))
        return REFUSE(TP_ERR_SHAPE, "bias %s does not fit weight %s", tp__shape_text(b), tp__shape_text(w));
    if (x->dtype != w->dtype || (b && b->dtype != x->dtype))
        return REFUSE(TP_ERR_DTYPE, "input is %s, weight %s%s%s", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)w->dtype),
                      b ? ", bias " : "", b ? tp_dtype_name((tp_dtype)b->dtype) : "");
    if (!tp__is_floating(x->dtype) && !tp__is_integer(x->dtype))
        return REFUSE(tp__is_complex(x->dtype) ? TP_ERR_UNSUPPORTED : TP_ERR_DTYPE, "%s has no convolution", tp_dtype_name((tp_dtype)x->dtype));
    for (int i = 0; i < n; i++)
        if (!x->shape[2 + i] || !in_range(w->shape[2 + i], 1) || x->shape[2 + i] > INT32_MAX)
            return REFUSE(TP_ERR_SHAPE, "input %s or the kernel of weight %s is empty or too large", tp__shape_text(x), tp__shape_text(w));
    return TP_OK;
}

static tp_status conv_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1];
    tp__convolution *a = (tp__convolution *)(uintptr_t)call->attr;
    const int n = w->ndim - 2;
    if (n < 1 || n > 3 || x->ndim != w->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s and weight %s must both have 3, 4 or 5 dims", tp__shape_text(x), tp__shape_text(w));
    tp_status status = check_steps(call, n, a);
    if (!status) status = check_tensors(call, n, a);
    if (status) return status;
    int64_t shape[5] = { x->shape[0], a->transposed ? w->shape[1] * a->groups : w->shape[0] };
    for (int i = 0; i < n; i++) {
        const int64_t size = x->shape[2 + i], kernel = a->dilation.v[i] * (w->shape[2 + i] - 1) + 1, ends = a->padding.v[i] + a->padding.v[n + i];
        if (a->transposed) shape[2 + i] = (size - 1) * a->stride.v[i] - ends + kernel + a->output_padding.v[i];
        else shape[2 + i] = size + ends < kernel ? -1 : (size + ends - kernel) / a->stride.v[i] + 1;
        if (shape[2 + i] < 0 && !a->transposed)
            return REFUSE(TP_ERR_SHAPE, "the kernel of weight %s spans %lld, the padded input %s only %lld", tp__shape_text(w), (long long)kernel,
                          tp__shape_text(x), (long long)(size + ends));
        if (shape[2 + i] < 1 && a->transposed)
            return REFUSE(TP_ERR_SHAPE, "the padding of %lld leaves nothing of what input %s and weight %s make", (long long)ends, tp__shape_text(x),
                          tp__shape_text(w));
    }
    if (!a->transposed && !x->shape[1]) shape[1] = 0;    /* as PyTorch: of no channels there are none */
    call->keep_shape = 3;
    return tp__made(tp__out_spatial(call, tp__is_channels_last(x) || tp__is_channels_last(w), (tp_dtype)x->dtype, x->ndim, shape));
}

/* x, w and dy must belong together, also where somebody calls this by name. */
static tp_status weight_grad_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *dy = call->in[1];
    tp__convolution_weight_grad *a = (tp__convolution_weight_grad *)(uintptr_t)call->attr;
    const int n = x->ndim - 2;
    bool fits = n >= 1 && n <= 3 && dy->ndim == x->ndim && a->size.n == x->ndim && dy->dtype == x->dtype && tp__is_floating(x->dtype) &&
                spread(n, &a->stride, &a->padding, &a->dilation);
    const int64_t *w = a->size.v;
    fits = fits && in_range(a->groups, 1) && in_range(w[0], 1) && in_range(w[1], 0) && x->shape[0] == dy->shape[0] && w[0] == dy->shape[1] &&
           w[1] * a->groups == x->shape[1] && w[0] % a->groups == 0;
    for (int i = 0; i < n && fits; i++) {
        const int64_t size = x->shape[2 + i], stride = a->stride.v[i], dilation = a->dilation.v[i];
        fits = in_range(w[2 + i], 1) && in_range(stride, 1) && in_range(dilation, 1) && in_range(a->padding.v[i], 0) &&
               in_range(a->padding.v[n + i], -INT32_MAX);
        const int64_t room = fits ? size + a->padding.v[i] + a->padding.v[n + i] - dilation * (w[2 + i] - 1) - 1 : 0;
        fits = fits && room >= 0 && dy->shape[2 + i] == room / stride + 1;
    }
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s, weight %s and output %s are not of one convolution", tp__shape_text(x),
                             tp__dims_text((int)a->size.n, w), tp__shape_text(dy));
    call->keep_shape = 3;
    return tp__made(tp__out_spatial(call, tp__is_channels_last(x) || tp__is_channels_last(dy), (tp_dtype)x->dtype, x->ndim, w));
}

/* ---- Rules -------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp__convolve(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp__convolution *attr, const void *caller)
{
    tp__convolution a = *attr;
    return tp__run1(&tp__op_convolution, (tp_tensor *[]){ x, w, b }, 3, &a, caller);
}

/* The steps of a convolution with the ends padded so that sizes `x` and `kernel` give exactly `y`, nothing being left over;
 * transposed, it leads back from y to x. Leftovers become output_padding, or, if that `crops`, padding less. */
static tp__convolution fitted(int n, const tp__ints *stride, const tp__ints *padding, const tp__ints *dilation, int64_t groups, bool transposed,
                              const int64_t *x, const int64_t *kernel, const int64_t *y)
{
    tp__convolution a = { .stride = *stride, .padding = *padding, .dilation = *dilation, .groups = groups, .transposed = transposed };
    a.output_padding.n = n;
    for (int i = 0; i < n; i++) {
        const int64_t used = (y[i] - 1) * stride->v[i] + dilation->v[i] * (kernel[i] - 1) + 1 - padding->v[i];      /* of x and the end's padding */
        const int64_t left = x[i] + padding->v[n + i] - used;
        if (transposed && left >= 0 && left < stride->v[i]) a.output_padding.v[i] = left;
        else a.padding.v[n + i] = used - x[i];
    }
    return a;
}

static tp_tensor *weight_grad(tp_tensor *x, tp_tensor *dy, const tp__convolution *a, const tp__kept_shape *w)
{
    if (!x || !dy) return NULL;
    const int n = w->ndim - 2;
    const tp__convolution exact = fitted(n, &a->stride, &a->padding, &a->dilation, a->groups, false, x->shape + 2, w->shape + 2, dy->shape + 2);
    tp__convolution_weight_grad g = { .size.n = w->ndim, .stride = exact.stride, .padding = exact.padding, .dilation = exact.dilation,
                                      .groups = exact.groups };
    memcpy(g.size.v, w->shape, sizeof *w->shape * (size_t)w->ndim);
    return tp__run1(&op_weight_grad, (tp_tensor *[]){ x, dy }, 2, &g, NULL);
}

static tp_status zeros(const tp_node *node, const tp_tensor *g, uint64_t need, tp_tensor **dx)
{
    const tp__convolution *a = tp__attr(node);
    const int64_t *w = tp__kept(node, 1)->shape;
    for (int i = 0; i < 3; i++) {
        if (!(need >> i & 1)) continue;
        const tp_shape shape = i < 2 ? tp__kept_shape_of(tp__kept(node, i)) : TP_SHAPE(a->transposed ? w[1] * a->groups : w[0]);
        if (!(dx[i] = tp_zeros(shape, .dtype = (tp_dtype)g->dtype, .device = g->device))) return tp__pending();
    }
    return TP_OK;
}

static tp_status conv_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__convolution *a = tp__attr(node);
    const tp__kept_shape *x_shape = tp__kept(node, 0), *w_shape = tp__kept(node, 1);
    tp_tensor *g = dy[0];
    const int n = w_shape->ndim - 2;
    if (!g->numel) return zeros(node, g, need, dx);    /* no images, or no channels */
    if (need & 1) {
        const int64_t *large = a->transposed ? g->shape : x_shape->shape, *small = a->transposed ? x_shape->shape : g->shape;
        const tp__convolution back = fitted(n, &a->stride, &a->padding, &a->dilation, a->groups, !a->transposed, large + 2, w_shape->shape + 2, small + 2);
        if (!(dx[0] = tp__convolve(g, tp__saved(node, 1), NULL, &back, NULL))) return tp__pending();
    }
    if (need & 2) {
        tp_tensor *x = tp__saved(node, 0);
        if (!(dx[1] = a->transposed ? weight_grad(g, x, a, w_shape) : weight_grad(x, g, a, w_shape))) return tp__pending();
    }
    if (need & 4) {
        tp_sum_options o = { .size = offsetof(tp_sum_options, tp__end) };
        for (int d = 0; d < g->ndim; d++)
            if (d != 1) o.dims.dim[o.dims.n++] = d;
        if (!(dx[2] = tp_sum_with(g, &o))) return tp__pending();
    }
    return TP_OK;
}

static tp_status weight_grad_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)     /* of (x, dy) */
{
    const tp__convolution_weight_grad *a = tp__attr(node);
    const int64_t *x = tp__kept(node, 0)->shape + 2, *y = tp__kept(node, 1)->shape + 2;
    for (int i = 0; i < 2; i++) {
        if (!(need >> i & 1)) continue;
        const tp__convolution c = fitted(tp__kept(node, 0)->ndim - 2, &a->stride, &a->padding, &a->dilation, a->groups, i == 0, x, a->size.v + 2, y);
        if (!(dx[i] = tp__convolve(tp__saved(node, 1 - i), g[0], NULL, &c, NULL))) return tp__pending();
    }
    return TP_OK;
}

/* ---- Samples, descriptors -------------------------------------------------------------------------------------------------------------- */

#define UNIFORM(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void conv_samples(tp_sample_set *set)
{
    TP__GIVE(set, UNIFORM(2, 3, 5, 4), UNIFORM(2, 3, 3, 2), UNIFORM(2), TP__INT_ARG(1), TP__INTS_ARG(2, 1, 0), TP__INT_ARG(1), TP__BOOL_ARG(false),
             TP__INT_ARG(0), TP__INT_ARG(1));
    TP__GIVE(set, UNIFORM(1, 4, 6), UNIFORM(4, 2, 2), { 0 }, TP__INT_ARG(2), TP__INTS_ARG(2, 1, -1), TP__INT_ARG(2), TP__BOOL_ARG(false), TP__INT_ARG(0),
             TP__INT_ARG(2));
    TP__GIVE(set, UNIFORM(1, 2, 3, 2, 2), UNIFORM(2, 1, 2, 1, 2), UNIFORM(2), TP__INTS_ARG(3, 2, 1, 1), TP__INTS_ARG(3, 1, 0, 1), TP__INTS_ARG(3, 1, 1, 3),
             TP__BOOL_ARG(true), TP__INTS_ARG(3, 1, 0, 2), TP__INT_ARG(2));
}
static void weight_grad_samples(tp_sample_set *set)
{
    TP__GIVE(set, UNIFORM(1, 3, 4, 4), UNIFORM(1, 2, 4, 4), TP__INTS_ARG(4, 2, 3, 3, 3), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(1));
    TP__GIVE(set, UNIFORM(2, 2, 6), UNIFORM(2, 2, 2), TP__INTS_ARG(3, 2, 1, 3), TP__INT_ARG(2), TP__INT_ARG(0), TP__INT_ARG(1), TP__INT_ARG(2));
}

const tp_op tp__op_convolution = { .schema = "convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, "
    "bool transposed, int[] output_padding, int groups) -> Tensor", .shape = conv_shape, .backward = conv_backward,
    .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .attr_size = sizeof(tp__convolution), .samples = conv_samples, .state = TP__STATE };
static const tp_op op_weight_grad = { .schema = "convolution_weight_grad(Tensor input, Tensor grad, int[] size, int[] stride, int[] padding, "
    "int[] dilation, int groups) -> Tensor", .flags = TP__INTERNAL, .shape = weight_grad_shape, .backward = weight_grad_backward,
    .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .attr_size = sizeof(tp__convolution_weight_grad), .samples = weight_grad_samples, .state = TP__STATE };

const tp_op *const tp__ops_conv[] = { &tp__op_convolution, &op_weight_grad, NULL };
