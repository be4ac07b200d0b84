/* conv.h: the one convolution behind conv1d to conv_transpose3d. */
#ifndef TP__OPS_CONV_H
#define TP__OPS_CONV_H

#include "core/kernel_args.h"
#include "core/op.h"

extern const tp_op tp__op_convolution;
/* Batched x [n, in, ..] and w of as many dims. b may be NULL. */
tp_tensor *tp__convolve(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp__convolution *attr, const void *caller);
const char *tp__conv_name(int n, bool transposed);     /* "conv2d", "conv_transpose1d" */

#endif
