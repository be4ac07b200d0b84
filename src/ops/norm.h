/* norm.h: what the normalizations share. */
#ifndef TP__NORM_H
#define TP__NORM_H

#include "core/kernel_args.h"
#include "ops/dense.h"
#include "ops/samples.h"

#include <taper/ops.h>

/* TP_ERR_DTYPE unless input 0 is floating. */
tp_status tp__norm_check_floating(const tp__call *call);
/* A weight, a bias or a statistic, which may be NULL: of this shape, and of the input's dtype, or float32 beside 16 bits. */
tp_status tp__norm_check_param(const tp__call *call, const tp_tensor *p, const char *name, int ndim, const int64_t *shape);
tp_dtype tp__norm_computed_in(const tp_tensor *x);
/* What the gradient of a weight or bias was summed to, in the shape and dtype that it has. NULL goes through. */
tp_tensor *tp__norm_as_param(tp_tensor *sum, const tp__kept_shape *kept);

#endif
