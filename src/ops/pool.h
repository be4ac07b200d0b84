/* pool.h: windows that move over an input, for the pools of all kinds. */
#ifndef TP__OPS_POOL_H
#define TP__OPS_POOL_H

#include "ops/spatial.h"

/* Sliding windows in n dims: lists of one number per dim. A stride of TP_NONE is the kernel's. */
typedef struct tp__sliding {
    int n;
    tp__ints kernel, stride, padding, dilation;
    bool ceil_mode, whole;                             /* whole: the kernel must fit without the padding, as for avg_pool3d */
} tp__sliding;

/* Checks x, [n, channels, ..] or [channels, ..], and the windows; fills the strides in and gives the shape of what comes out.
 * `name` is what users call the op. */
tp_status tp__slide(const tp__call *call, const char *name, tp__sliding *s, int64_t *shape);
/* The same for windows that share out the dims: sizes of TP_NONE become the input's. */
tp_status tp__share_out(const tp__call *call, const char *name, int n, tp__ints *size, bool channels_may_be_none, int64_t *shape);

#endif
