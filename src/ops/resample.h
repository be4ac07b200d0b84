/* resample.h: the one op behind means of windows and interpolation. */
#ifndef TP__OPS_RESAMPLE_H
#define TP__OPS_RESAMPLE_H

#include "core/kernel_args.h"
#include "ops/run.h"

/* x [.., sizes] -> [.., attr->size]. */
tp_tensor *tp__resampled(tp_tensor *x, const tp__resample *attr);

#endif
