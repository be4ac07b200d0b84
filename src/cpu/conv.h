/* conv.h: convolution (cross-correlation) on contiguous memory, [n, channels, depth, height, width], in float32, float64 and
 * int64. In two dims the depths are 1, in one the heights too.
 *
 *   y[n][o][z][i][j] = b[o] + sum over c, r, p, q of x[n][c][z sd - pd + r dd][i sh - ph + p dh][j sw - pw + q dw] w[o][c][r][p][q]
 *
 * with x zero outside, c running over the input channels of o's group. Results do not depend on the number of threads. */
#ifndef TP__CONV_H
#define TP__CONV_H

#include <taper/core.h>

typedef struct tp__conv {
    tp_dtype dtype;                                    /* TP_F32, TP_F64 or TP_I64 */
    int64_t n, c, d, h, w;                             /* x */
    int64_t out, kd, kh, kw;                           /* w [out, c / groups, kd, kh, kw] */
    int64_t od, oh, ow;                                /* y [n, out, od, oh, ow] */
    int64_t sd, sh, sw, pd, ph, pw, dd, dh, dw;        /* stride, padding at the beginnings, dilation */
    int64_t groups;
    int threads;                                       /* at most */
    tp_dtype narrow;                                   /* TP_F16, TP_BF16: what columns and sums over them are rounded to on the way, as
                                                          PyTorch does for float16; 0: they are not */
} tp__conv;

/* All write their last argument in full. TP_ERR_MEMORY: no memory for packing, and nothing else fails. */
tp_status tp__conv_forward(const tp__conv *g, const void *x, const void *w, const void *b, void *y);             /* b may be NULL */
tp_status tp__conv_data(const tp__conv *g, const void *dy, const void *w, void *dx);
tp_status tp__conv_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

/* ---- The ways to do it; which one is a fixed function of shape and instruction set ----------------------------------- */

/* As products of matrices, an image at a time: any shape. */
tp_status tp__conv_by_gemm(const tp__conv *g, const void *x, const void *w, const void *b, void *y);
tp_status tp__conv_by_gemm_data(const tp__conv *g, const void *dy, const void *w, void *dx);
tp_status tp__conv_by_gemm_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

/* A plane of x at a time, laid out with its padding: few channels per group, above all depthwise. float32, no depth. */
bool tp__conv_by_planes_fits(const tp__conv *g);
tp_status tp__conv_by_planes(const tp__conv *g, const void *x, const void *w, const void *b, void *y);
tp_status tp__conv_by_planes_data(const tp__conv *g, const void *dy, const void *w, void *dx);
tp_status tp__conv_by_planes_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

/* Row by row of a plane: the same for float64 and for large kernels. No depth, floating. */
bool tp__conv_by_rows_fits(const tp__conv *g);
void tp__conv_by_rows(const tp__conv *g, const void *x, const void *w, const void *b, void *y);
void tp__conv_by_rows_data(const tp__conv *g, const void *dy, const void *w, void *dx);
void tp__conv_by_rows_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

/* A vector of images at a time, position by position: batches of small images. An image's lane is laid out for it in a
 * scratch that fits the second-level cache. float32, no depth, groups == 1. */
bool tp__conv_by_lanes_fits(const tp__conv *g);
bool tp__conv_by_lanes_data_fits(const tp__conv *g);
tp_status tp__conv_by_lanes(const tp__conv *g, const void *x, const void *w, const void *b, void *y);
tp_status tp__conv_by_lanes_data(const tp__conv *g, const void *dy, const void *w, void *dx);
tp_status tp__conv_by_lanes_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

/* Rows of x with columns that are a stride apart side by side, and several outputs at a time: few channels in, many out, as in the first layer of a
 * net. float32, no depth, groups == 1. */
bool tp__conv_by_phases_fits(const tp__conv *g);
bool tp__conv_by_phases_weight_fits(const tp__conv *g);
tp_status tp__conv_by_phases(const tp__conv *g, const void *x, const void *w, const void *b, void *y);
tp_status tp__conv_by_phases_weight(const tp__conv *g, const void *x, const void *dy, void *dw);

static inline bool tp__conv_is_flat(const tp__conv *g) { return g->d == 1 && g->kd == 1 && g->od == 1 && !g->pd; }

/* 3x3 at stride 1 by Winograd's algorithm: many channels, float32, no depth. *finite is false where a result is not: then all
 * of them are to be computed another way. */
bool tp__conv_by_winograd_fits(const tp__conv *g);
tp_status tp__conv_by_winograd(const tp__conv *g, const void *x, const void *w, const void *b, void *y, bool *finite);
tp_status tp__conv_by_winograd_data(const tp__conv *g, const void *dy, const void *w, void *dx, bool *finite);
tp_status tp__conv_by_winograd_weight(const tp__conv *g, const void *x, const void *dy, void *dw, bool *finite);

/* Where output positions j (0 <= j < count) with j * stride + shift in [0, size) begin and end. */
static inline void tp__conv_span(int64_t size, int64_t stride, int64_t shift, int64_t count, int64_t *first, int64_t *last)
{
    int64_t lo = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    int64_t hi = size - shift <= 0 ? 0 : (size - shift - 1) / stride + 1;
    if (hi > count) hi = count;
    if (lo > hi) lo = hi;
    *first = lo;
    *last = hi;
}
static inline double tp__conv_flops(const tp__conv *g)
{
    return 2.0 * (double)(g->n * g->out * g->od * g->oh * g->ow) * (double)(g->c / g->groups * g->kd * g->kh * g->kw);
}

#endif
