/* conv.cu: convolution and its gradients in the input and in the weight: by cuDNN, where it has a plan for it, else by cuBLASLt, of images that are
 * laid out (conv_columns.cu), else by kernels of our own (conv_gather.cu). A transposed convolution is the gradient in the input. */
#include "cuda/conv.cuh"
#include "cuda/dnn.cuh"

/* ---- The geometry ----------------------------------------------------------------------------------------------------------------------- */

static tpc_divided divided_by(int64_t size) { return { size, tpc_divisor_of(size < INT32_MAX ? size : 1) }; }

/* The last n numbers of a list belong to the last dims. */
static int64_t of_dim(int n, const int64_t *v, int d, int64_t absent) { return d < 3 - n ? absent : v[d - (3 - n)]; }

static tpc_conv_image image_of(const tpc_array &x)
{
    tpc_conv_image y = { x.data, x.dtype, x.stride[0], x.stride[1], { 0, 0, 0 } };
    for (int d = 0; d < 3; d++) y.at[d] = of_dim(x.ndim - 2, x.stride + 2, d, 0);
    return y;
}

/* w: the shape of the weight */
static tpc_conv geometry_of(const tpc_array &large, const tpc_array &small, const int64_t *w, const tp__ints &stride, const tp__ints &padding,
                            const tp__ints &dilation, int64_t groups)
{
    const int n = large.ndim - 2;
    tpc_conv g = {};
    g.large = image_of(large);
    g.small = image_of(small);
    g.images = large.shape[0];
    g.groups = groups;
    g.cg = large.shape[1] / groups;
    g.og = w[0] / groups;
    g.outputs = divided_by(g.og);
    g.taps = 1;
    double greatest = 0;                               /* in float64, where nothing overflows */
    const double channels = (double)(g.cg > g.og ? g.cg : g.og);
    double of_large = (double)g.images, of_small = (double)g.images;
    for (int d = 0; d < 3; d++) {
        g.size[d] = divided_by(of_dim(n, large.shape + 2, d, 1));
        g.out[d] = divided_by(of_dim(n, small.shape + 2, d, 1));
        g.kernel[d] = divided_by(of_dim(n, w + 2, d, 1));
        g.stride[d] = divided_by(of_dim(n, stride.v, d, 1));
        g.pad[d] = of_dim(n, padding.v, d, 0);
        g.apart[d] = of_dim(n, dilation.v, d, 1);
        g.taps *= g.kernel[d].size;
        of_large *= (double)g.size[d].size;
        of_small *= (double)g.out[d].size;
        const double reach = (double)g.size[d].size + (double)g.pad[d] + (double)g.stride[d].size + (double)g.kernel[d].size * (double)g.apart[d];
        greatest = reach > greatest ? reach : greatest;
    }
    const double sums = channels * (double)g.taps, most = sums > of_large ? sums : of_large;
    g.wide = (greatest > most ? greatest : most) > 2e9 || of_small > 2e9;
    return g;
}

/* ---- By cuDNN -------------------------------------------------------------------------------------------------------------------------------------- */

/* [images, channels, positions], or [images, positions, channels]: inner is what a channel has in a row, 1 in the second. */
struct channels { void *y; const void *b; int dtype, b_dtype; int64_t b_step, n; tpc_divisor by_inner, by_channels; };
template <int> static __global__ void __launch_bounds__(TPC_BLOCK) add_to_channels(const channels s)
{
    for (int64_t e = tpc_first(); e < s.n; e += tpc_step()) {
        const uint32_t row = tpc_divide((uint32_t)e, s.by_inner), c = row - tpc_divide(row, s.by_channels) * s.by_channels.size;
        tpc_store(s.y, s.dtype, e, tpc_load<float>(s.y, s.dtype, e) + tpc_load<float>(s.b, s.b_dtype, c * s.b_step));
    }
}
static tp_status add_bias(const tp__call *call, const tpc_conv &g, const tpc_array &y, bool last)
{
    if (!g.bias) return TP_OK;
    const int64_t inner = last ? 1 : y.numel / y.shape[0] / y.shape[1];
    const channels s = { y.data, g.bias, y.dtype, g.bias_dtype, g.bias_step, y.numel, tpc_divisor_of(inner), tpc_divisor_of(y.shape[1]) };
    TPC_LAUNCH(add_to_channels<0>, tpc_blocks(call, s.n), TPC_BLOCK, 0, tpc_stream(call), s);
    return tpc_launched(call);
}

/* In the layout of what is written, or of x for a weight; other sides are brought to it. */
static tp_status by_cudnn(const tp__call *call, const tpc_conv &g, int kind, const tpc_array &large, const tpc_array &w, const tpc_array &small, bool *done)
{
    *done = false;
    if (g.wide || large.dtype != small.dtype || large.dtype != w.dtype || !tpc_is_floating(w.dtype)) return TP_OK;
    const bool last = kind == TPC_DNN_FORWARD ? tpc_dnn_is_last(small, large) : tpc_dnn_is_last(large, small);
    tpc_dnn_conv c = {};
    c.kind = kind, c.dtype = w.dtype, c.last = last;
    c.aligned = tpc_dnn_aligned(large, last) && tpc_dnn_aligned(small, last) && tpc_dnn_aligned(w, last);
    c.images = g.images, c.groups = g.groups, c.cg = g.cg, c.og = g.og;
    for (int d = 0; d < 3; d++) {
        c.size[d] = g.size[d].size, c.out[d] = g.out[d].size, c.kernel[d] = g.kernel[d].size;
        c.stride[d] = g.stride[d].size, c.pad[d] = g.pad[d], c.apart[d] = g.apart[d];
    }
    /* 16 bits are rounded once, with what is added. */
    const bool fused = g.bias && kind != TPC_DNN_WEIGHT && tpc_size(c.dtype) == 2;
    if (fused && (g.bias_dtype != c.dtype || g.bias_step != 1 || (c.aligned && (uintptr_t)g.bias % 16))) return TP_OK;
    c.biased = fused;
    if (!tpc_dnn_convolves(call, &c)) return TP_OK;
    tpc_dnn_side of_large(call), of_small(call), of_w(call);
    tp_status status = of_large.take(large, last, kind == TPC_DNN_DATA);
    if (!status) status = of_small.take(small, last, kind == TPC_DNN_FORWARD);
    if (!status) status = of_w.take(w, last, kind == TPC_DNN_WEIGHT);
    if (!status) status = tpc_dnn_convolve(call, &c, of_large.x.data, of_w.x.data, of_small.x.data, c.biased ? g.bias : nullptr, done);
    if (status || !*done) return status;
    const tpc_dnn_side &into = kind == TPC_DNN_FORWARD ? of_small : kind == TPC_DNN_DATA ? of_large : of_w;
    status = kind == TPC_DNN_WEIGHT || c.biased ? TP_OK : add_bias(call, g, into.x, last);
    return status ? status : into.give();
}

/* ---- Kernels ---------------------------------------------------------------------------------------------------------------------------- */

/* plain: the weight is row-major */
static tp_status by_kernels(const tp__call *call, const tpc_conv &g, int kind, bool plain)
{
    return plain && tpc_conv_goes_by_columns(call, g, kind) ? tpc_conv_by_columns(call, g, kind) : tpc_conv_by_gathering(call, g, kind);
}

static tp_status convolution(tp__call *call)
{
    const tp__convolution *a = static_cast<const tp__convolution *>(tpc_attr(call));
    tpc_array x, w, b, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &w);
    const bool biased = tpc_in(call, 2, &b);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    bool done;
    const tpc_array &large = a->transposed ? y : x, &small = a->transposed ? x : y;
    tpc_conv g = geometry_of(large, small, w.shape, a->stride, a->padding, a->dilation, a->groups);
    if (biased) g.bias = b.data, g.bias_dtype = b.dtype, g.bias_step = b.ndim ? b.stride[0] : 0;
    const int kind = a->transposed ? TPC_DNN_DATA : TPC_DNN_FORWARD;
    tp_status status = by_cudnn(call, g, kind, large, w, small, &done);
    if (!status && !done) status = tpc_contiguous(call, &w, &room.data);
    if (status || done) return status;
    g.w = w.data;
    g.w_dtype = w.dtype;
    return by_kernels(call, g, kind, true);
}

static tp_status convolution_weight_grad(tp__call *call)
{
    const tp__convolution_weight_grad *a = static_cast<const tp__convolution_weight_grad *>(tpc_attr(call));
    tpc_array x, dy, dw;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &dy);
    tpc_out(call, 0, &dw);
    if (!dw.numel) return TP_OK;
    bool done;
    tpc_conv g = geometry_of(x, dy, dw.shape, a->stride, a->padding, a->dilation, a->groups);
    const tp_status status = by_cudnn(call, g, TPC_DNN_WEIGHT, x, dw, dy, &done);
    if (status || done) return status;
    g.w = dw.data;
    g.w_dtype = dw.dtype;
    g.w_stride[0] = dw.stride[0];
    g.w_stride[1] = dw.stride[1];
    for (int d = 0; d < 3; d++) g.w_stride[2 + d] = of_dim(dw.ndim - 2, dw.stride + 2, d, 0);
    return by_kernels(call, g, TPC_DNN_WEIGHT, dw.contiguous);
}

extern "C" const tp_kernel tp__cuda_conv[] = {
    { "convolution", convolution, NULL }, { "convolution_weight_grad", convolution_weight_grad, NULL }, { NULL, NULL, NULL },
};
