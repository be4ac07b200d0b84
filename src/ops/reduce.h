/* reduce.h: what reductions over dims share: which dims go, the shape that is left, and the way back to the input's shape. */
#ifndef TP__REDUCE_H
#define TP__REDUCE_H

#include "ops/run.h"
#include "ops/samples.h"

#include <taper/ops.h>

/* Wraps the dims in place and gives them as bits; none means all. False: an error, out of range or given twice. */
bool tp__reduce_dims(const tp__call *call, tp__ints *dim, uint64_t *gone);
/* x's shape without the dims whose bits are set, or with 1 in their place. Returns its ndim. */
int tp__reduce_shape(const tp_tensor *x, uint64_t gone, bool keepdim, int64_t *shape);
/* The next output, of that shape. The bits go to call->scratch, for the kernel; the shape of x is kept for the rule. */
tp_status tp__reduce_out(tp__call *call, tp_dtype dtype, uint64_t gone, bool keepdim);
/* TP_ERR_DTYPE unless x has real numbers or bool, or is floating. */
tp_status tp__reduce_real(const tp__call *call);
tp_status tp__reduce_floating(const tp__call *call);
/* TP_ERR_SHAPE if what has no identity is asked of no elements. */
tp_status tp__reduce_not_empty(const tp__call *call, uint64_t gone);

/* For rules: input 0's shape with 1 for the dims that went; *n is how many elements made one. */
tp_shape tp__reduce_kept(const tp_node *node, const tp__ints *dim, int64_t *n);
/* dy with those dims put back, so that it broadcasts to input 0; and, by strides of 0, in its shape and dtype. NULL goes through. */
tp_tensor *tp__reduce_back(const tp_node *node, const tp__ints *dim, tp_tensor *dy);
tp_tensor *tp__reduce_spread(const tp_node *node, const tp__ints *dim, tp_tensor *dy);

/* From options: TP_ERR_ARGUMENT where there are too many. */
tp_status tp__reduce_take_dims(const char *name, const tp_dims *dims, tp__ints *out);

/* Inputs for ops of (Tensor input, int[]? dim, bool keepdim, ..): of values that differ where `distinct`. */
void tp__reduce_samples(tp_sample_set *set, bool distinct, bool empty);

#endif
