/* index_plan.h: what an index in brackets means for a tensor: a view first, by numbers, slices and new axes; then a lookup in
 * the view, by tensors. */
#ifndef TP__INDEX_PLAN_H
#define TP__INDEX_PLAN_H

#include "ops/index_rows.h"

/* Of the view: each dim of the tensor is taken from `start` on in steps, `length` of them; a length of -1 drops it. Bit i of
 * axes: of the dims and the new axes in their order, the i-th is a new one, of size 1. */
typedef struct tp__index_view { tp__ints start, step, length; int64_t axes; } tp__index_view;

typedef struct tp__index_plan {
    tp__index_view view;
    bool changes;                                      /* the view is not just the tensor */
    int n;                                             /* tensors that look up dims of the view, in order */
    struct { tp_tensor *index; int dim, span; } by[TP_MAX_DIMS];         /* a mask spans several */
} tp__index_plan;

/* An index is one item or a list of items: numbers, slices, bools, none, an ellipsis, tensors, lists of numbers. none makes an
 * axis, or takes a dim as it is if none_is_all, as in index_put. */
tp_status tp__index_plan_make(const tp__call *call, tp_tensor *x, const tp_arg *index, bool none_is_all, tp__index_plan *plan);

/* Of the view of x: the dims that are looked up put first where they are not neighbours, and the indices as one. NULL: an error. */
tp_tensor *tp__index_plan_lookup(const tp__call *call, const tp__index_plan *plan, tp_tensor *view, tp_tensor **index, tp__row_lookup *how);

#endif
