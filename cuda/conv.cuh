/* conv.cuh: a convolution as its kernels see it, in one to three dims, and the ways that it goes without cuDNN.
 *
 * The large side is x, the small one y, or their gradients. Each of the three products makes one of x, w and y of the other two:
 *
 *   TPC_DNN_FORWARD  y[o][pos] = sum over (c, tap)  of w[o][c][tap] x[c][pos stride - pad + tap apart]
 *   TPC_DNN_DATA     x[c][pos] = sum over (tap, o)  of w[o][c][tap] y[o][(pos + pad - tap apart) / stride], where that is whole
 *   TPC_DNN_WEIGHT   w[o][c][tap] = sum over (image, pos)  of y[o][pos] x[c][pos stride - pad + tap apart]
 *
 * by groups of channels; positions are of all images, one after the other. Images are read and written where they lie, so channels may be
 * the last dim. 16-bit floats are multiplied and added in float32, integers in int64, where sums wrap. */
#ifndef TPC_CONV_CUH
#define TPC_CONV_CUH

#include "cuda/dnn.h"
#include "cuda/kernel.cuh"

/* n = quotient size + remainder */
struct tpc_divided { int64_t size; tpc_divisor by; };

struct tpc_conv_image { void *data; int dtype; int64_t n, c, at[3]; };        /* strides */

struct tpc_conv {
    tpc_conv_image large, small;                       /* x and y, or their gradients */
    void *w;
    int w_dtype;
    const void *bias;                                  /* of what is written */
    int bias_dtype;
    int64_t bias_step, w_stride[5];                    /* of a weight that is written; one that is read is row-major */
    int64_t images, groups, cg, og, taps;
    tpc_divided size[3], out[3], kernel[3], stride[3], outputs;          /* outputs: og */
    int64_t pad[3], apart[3];
    bool wide;                                         /* numbers may not fit 31 bits */
};

TPC_DEVICE void tpc_plus(float &sum, float v) { sum += v; }
TPC_DEVICE void tpc_plus(double &sum, double v) { sum += v; }
TPC_DEVICE void tpc_plus(int64_t &sum, int64_t v) { sum = (int64_t)((uint64_t)sum + (uint64_t)v); }

TPC_DEVICE int64_t tpc_quotient(int64_t n, const tpc_divided &by, bool wide) { return wide ? n / by.size : (int64_t)tpc_divide((uint32_t)n, by.by); }
/* The remainder; n becomes the quotient. */
TPC_DEVICE int64_t tpc_cut(int64_t &n, const tpc_divided &by, bool wide)
{
    const int64_t whole = tpc_quotient(n, by, wide), rest = n - whole * by.size;
    n = whole;
    return rest;
}

/* A number as places of three dims and what is left: an image, or a channel. inside: the number is below n. */
struct tpc_conv_places { int64_t left, at[3], number; bool inside; };
TPC_DEVICE tpc_conv_places tpc_conv_split(int64_t number, int64_t n, const tpc_divided (&size)[3], bool wide)
{
    tpc_conv_places p = { number, { 0, 0, 0 }, number, number < n };
    if (!p.inside) return p;
    p.at[2] = tpc_cut(p.left, size[2], wide);
    p.at[1] = tpc_cut(p.left, size[1], wide);
    p.at[0] = tpc_cut(p.left, size[0], wide);
    return p;
}
TPC_DEVICE void tpc_conv_advance(tpc_conv_places &p, const tpc_divided (&size)[3])
{
    p.number++;
    if (++p.at[2] < size[2].size) return;
    p.at[2] = 0;
    if (++p.at[1] < size[1].size) return;
    p.at[1] = 0;
    if (++p.at[0] < size[0].size) return;
    p.at[0] = 0;
    p.left++;
}
TPC_DEVICE int64_t tpc_conv_offset(const tpc_conv_image &x, int64_t n, int64_t c, int64_t z, int64_t i, int64_t j)
{
    return n * x.n + c * x.c + z * x.at[0] + i * x.at[1] + j * x.at[2];
}

/* Of a position of the small side and a tap, the value of the large one. */
template <class T> TPC_DEVICE T tpc_conv_from_large(const tpc_conv &g, int64_t n, int64_t c, const int64_t (&small)[3], const int64_t (&tap)[3])
{
    int64_t at = n * g.large.n + c * g.large.c;
    bool inside = true;
    for (int d = 0; d < 3; d++) {
        const int64_t place = small[d] * g.stride[d].size - g.pad[d] + tap[d] * g.apart[d];
        inside = inside && place >= 0 && place < g.size[d].size;
        at += place * g.large.at[d];
    }
    return inside ? tpc_load<T>(g.large.data, g.large.dtype, at) : (T)0;
}
template <class T> TPC_DEVICE void tpc_conv_write(const tpc_conv &g, const tpc_conv_image &to, int64_t c, const tpc_conv_places &p, T v)
{
    if (g.bias) tpc_plus(v, tpc_load<T>(g.bias, g.bias_dtype, c * g.bias_step));
    tpc_store(to.data, to.dtype, tpc_conv_offset(to, p.left, c, p.at[0], p.at[1], p.at[2]), v);
}

/* Where a group has no more channels than these, tiles would be empty for the most part. */
enum { TPC_CONV_FEW = 4 };

/* conv_columns.cu: whether a product whose weight is row-major is worth laying out for cuBLASLt, and that */
bool tpc_conv_goes_by_columns(const tp__call *call, const tpc_conv &g, int kind);
tp_status tpc_conv_by_columns(const tp__call *call, const tpc_conv &g, int kind);
/* conv_gather.cu: any of real numbers */
tp_status tpc_conv_by_gathering(const tp__call *call, const tpc_conv &g, int kind);

#endif
