/* copy.h: for kernels that copy parts of tensors. */
#ifndef TP__CPU_COPY_H
#define TP__CPU_COPY_H

#include "core/op.h"

/* y = x, which broadcasts to it, cast. Of y and x the geometry, dtype and data are read, no more: headers on the stack will do. A
 * stride of x may be negative. */
void tp__copy_into(tp_tensor *y, const tp_tensor *x);

#endif
