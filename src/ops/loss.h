/* loss.h: what the losses share: how rows of losses are reduced, and targets that are classes. */
#ifndef TP__OPS_LOSS_H
#define TP__OPS_LOSS_H

#include "ops/dense.h"
#include "ops/samples.h"

static inline bool tp__is_mean(int32_t reduction) { return reduction != TP_REDUCTION_NONE && reduction != TP_REDUCTION_SUM; }
/* What an options struct says, DEFAULT being the mean. False: an error. */
bool tp__reduction_of(const char *op, tp_reduction given, int32_t *out);
/* x, its mean or its sum, by ops. NULL goes through. */
tp_tensor *tp__reduced(tp_tensor *x, int32_t reduction);
/* How a .compose ends: with the losses, reduced. */
tp_status tp__loss_is(tp__call *call, tp_tensor *loss, int32_t reduction);
/* max(x, 0), which a NaN goes through. At 0 it has no gradient, as clamp. */
tp_tensor *tp__not_below_0(tp_tensor *x);

/* [n, classes, ..] or [classes] without the classes: the shape of the losses, and of a target of classes. */
tp_shape tp__loss_rows(const tp_tensor *x);
static inline int tp__class_dim(const tp_tensor *x) { return x->ndim > 1; }
/* x is floating and has classes; weight, where there is one, has a value for each. */
tp_status tp__check_logits(const tp__call *call, const tp_tensor *x, const tp_tensor *weight);
/* The target is classes, one for each of `rows`: int64 or uint8. */
tp_status tp__check_classes(const tp__call *call, const tp_tensor *x, const tp_tensor *target, tp_shape rows);

extern const tp_op tp__op_cross_entropy_wide;          /* loss_entropy.c: for autocast */

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define TP__REDUCTION_ARG(v) TP__NAMED("reduction", .kind = TP_ARG_STRING, .value.string = v)
#define TP__FLOAT_NAMED(label, v)  TP__NAMED(label, .kind = TP_ARG_FLOAT, .value.real = v)
#define TP__INT_NAMED(label, v)    TP__NAMED(label, .kind = TP_ARG_INT, .value.integer = v)
#define TP__BOOL_NAMED(label, v)   TP__NAMED(label, .kind = TP_ARG_BOOL, .value.boolean = v)
#define TP__TENSOR_NAMED(label, v) TP__NAMED(label, .kind = TP_ARG_TENSOR, .value.tensor = v)

#endif
