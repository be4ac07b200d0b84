/* max.h: for other files of what one element stands for. */
#ifndef TP__MAX_H
#define TP__MAX_H

#include "ops/run.h"

/* max_backward(grad, input, output): dx = dy [x = y] / how many are equal, a NaN to a NaN. Differentiable by grad. */
extern const tp_op tp__op_max_backward;

#endif
