/* pool_max.h: the ops behind max_pool1d to max_unpool3d. */
#ifndef TP__OPS_POOL_MAX_H
#define TP__OPS_POOL_MAX_H

#include "ops/run.h"

extern const tp_op tp__op_max_pool, tp__op_adaptive_max_pool, tp__op_plane_scatter;
/* Zeros of `size` in the last n dims, to which x is added (or written) at the places `at` of each plane. */
tp_tensor *tp__plane_scatter_of(tp_tensor *x, tp_tensor *at, int n, const int64_t *size, bool add, const void *caller);
/* Are there few enough in a window for places of a byte? */
bool tp__has_places(const tp__ints *kernel);

#endif
