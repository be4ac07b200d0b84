/* pool.h: the greatest of windows, over planes of contiguous memory, [depth, height, width], in float32, float64 and int64. */
#ifndef TP__POOL_H
#define TP__POOL_H

#include <taper/core.h>

/* The places of one dim that a window takes: first, first + step, .. below last. */
typedef struct tp__window { int64_t first, last; } tp__window;

typedef struct tp__pool {
    tp_dtype dtype;
    int64_t planes, size[3], out[3], step[3];          /* depth, height, width; step is the dilation */
    const tp__window *window[3];                       /* out[i] of them; where none is inside, first is not below last */
    int64_t from, to, stride, taps;                    /* windows [from, to) of the width lie inside, `stride` apart, with `taps` places each */
    bool is_2x2;                                       /* window i of height and of width is [2 i, 2 i + 2), a depth of 1 */
    tp_dtype narrow;                                   /* of 16 bits: what sums are rounded to on the way, as in PyTorch; else `dtype` */
    int threads;                                       /* at most */
} tp__pool;

/* y: the greatest value of each window, NaN if it holds one; index: where it is, counted from the plane's start. The first of
 * equals, the last NaN, as in PyTorch. Of an empty window they are -inf and -1. */
void tp__pool_max(const tp__pool *g, const void *x, void *y, int64_t *index);
/* dx = 0, then dx[index] += dy, or, without `add`, = dy; and y = x[index]. An index of -1 is left out of sums, and picks 0. Of g
 * only planes, size and out matter. Both return -1, or the place of an index that is not in its plane, with the output unspecified. */
int64_t tp__pool_scatter(const tp__pool *g, const void *dy, const int64_t *index, bool add, void *dx);
int64_t tp__pool_pick(const tp__pool *g, const void *x, const int64_t *index, void *y);

#endif
