/* scatter.h: gathering and scattering along a dim, for other files. With G the linear map that gathers along dim by an index. */
#ifndef TP__SCATTER_H
#define TP__SCATTER_H

#include "ops/run.h"

tp_tensor *tp__gather(tp_tensor *x, int64_t dim, tp_tensor *index);      /* G x */
tp_tensor *tp__gather_sum(tp_tensor *dy, int64_t dim, tp_tensor *index, int ndim, const int64_t *shape);    /* G' dy, of that shape */
/* dx of what picked x at `index` along dim, one of each line, from dy; `kept` is x's shape. */
tp_tensor *tp__picked_sum(tp_tensor *dy, int64_t dim, bool keepdim, tp_tensor *index, const tp__kept_shape *kept);
/* x with src put (SET) or added at the places of the index; src may be of one element. Into x itself if in_place. Differentiable */
enum { TP__SCATTER_SET, TP__SCATTER_ADD };
tp_tensor *tp__scatter(int how, bool in_place, tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src);
/* x reduced with src along dim. Differentiable. stepwise: 16-bit floats are rounded after each value */
tp_tensor *tp__scatter_reduce(tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce, bool include_self);
tp_tensor *tp__scatter_reduce_stepwise(tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src, tp_reduce reduce);

/* The shape rule of all: dim is wrapped in place, and index fits x and src (NULL: none). */
tp_status tp__scatter_check(tp__call *call, const tp_tensor *x, const tp_tensor *index, const tp_tensor *src, int64_t *dim);
/* Runs a scattering kernel into `table`: it is handed table, index, src. */
tp_status tp__scatter_into(const tp__call *call, const tp_op *op, tp_tensor *table, tp_tensor *index, tp_tensor *src, int64_t dim);

#endif
