/* spatial.h: what ops over [n, channels, ..] share: channels last, and attributes of one number or one per dim. */
#ifndef TP__SPATIAL_H
#define TP__SPATIAL_H

#include "ops/run.h"

/* Do the channels of this [n, channels, height, width], or with a depth, lie next to each other in memory? */
bool tp__is_channels_last(const tp_tensor *x);
/* The next output, dense, its channels last or contiguous; NULL: an error. */
tp_tensor *tp__out_spatial(tp__call *call, bool channels_last, tp_dtype dtype, int ndim, const int64_t *shape);

/* One for each of n dims */
static inline tp__ints tp__ints_of(int n, const int64_t *v)
{
    tp__ints list = { .n = n };
    memcpy(list.v, v, sizeof *v * (size_t)n);
    return list;
}
/* No number (which counts as `absent`), one for all or one for each of n dims: made n. False: another number of them. */
bool tp__spread(tp__ints *list, int n, int64_t absent);
/* The same of an option: one for each dim if that is given (`each`, which may be NULL), else one for all. */
tp__ints tp__option(int n, int64_t all, const int64_t *each);

/* x without a batch dim gets one, and y loses it again: views. NULL goes through. */
tp_tensor *tp__batched(tp_tensor *x);
tp_tensor *tp__unbatched(tp_tensor *y);

#endif
