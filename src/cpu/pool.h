/* pool.h: max pooling over planes, contiguous memory, float32, float64 and int64. */
#ifndef TP__POOL_H
#define TP__POOL_H

#include <taper/core.h>

typedef struct tp__pool {
    tp_dtype dtype;
    int64_t planes, h, w;                              /* x: n c planes of h x w */
    int64_t kh, kw, oh, ow, sh, sw, ph, pw, dh, dw;    /* kernel, output, stride, padding, dilation */
    int threads;                                       /* at most */
} tp__pool;

/* y: the greatest value of each window, NaN if it holds one; index: where it is, h * w counted from the plane's start. The
 * first of equals, the last NaN, as in PyTorch. */
void tp__pool_max(const tp__pool *g, const void *x, void *y, int64_t *index);
/* dx = 0, then dx[index] += dy; and y = x[index]. Of g only planes, h, w, oh, ow matter. Both return -1, or the place of an
 * index that is not in its plane, with the output unspecified. */
int64_t tp__pool_max_backward(const tp__pool *g, const void *dy, const int64_t *index, void *dx);
int64_t tp__pool_max_pick(const tp__pool *g, const void *x, const int64_t *index, void *y);

#endif
