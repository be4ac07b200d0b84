/* loss_pair.h: shape rules of losses of two tensors (loss_pair_shape.c). A tp__pair_rule says in what dtype the kernel computes and what the result
 * has, of the inputs from slot `at` on; false: an error. */
#ifndef TP__LOSS_PAIR_H
#define TP__LOSS_PAIR_H

#include "core/kernel_args.h"
#include "ops/loss.h"
#include "ops/pointwise.h"

typedef bool tp__pair_rule(const tp__call *call, int at, tp__dtypes *out);

/* The promoted dtype of both, where a 0-dim tensor counts as much as others, since PyTorch expands both beforehand */
bool tp__pair_expanded(const tp__call *call, int at, tp__dtypes *out);
/* The target's, since PyTorch writes over 1 - target */
bool tp__pair_as_target(const tp__call *call, int at, tp__dtypes *out);
bool tp__pair_as_input(const tp__call *call, int at, tp__dtypes *out);
/* Of integers as well, unless it is the mean that is asked for; not of bool */
bool tp__pair_difference(const tp__call *call, int at, tp__dtypes *out);
/* The promoted one; both must be floating, or even the same. */
bool tp__pair_floating_both(const tp__call *call, int at, tp__dtypes *out);
bool tp__pair_alike(const tp__call *call, int at, tp__dtypes *out);

/* Of the loss: input, target, weights. Of its backward: dy before those. */
tp_status tp__pair_value_shape(tp__call *call, tp__pair_rule *rule);
tp_status tp__pair_slope_shape(tp__call *call, tp__pair_rule *rule);
/* An error where the inputs `at` and after it do not have one shape */
tp_status tp__pair_same_shapes(const tp__call *call, int at);

#endif
