/* clamp.c: the rows of core/rows/clamp.h. */
#include "core/kernel_args.h"
#include "cpu/pointwise.h"

/* Of N inputs, which are compared in their result type */
#define PART(name, N, expression) \
    TP__LOOP(name##_F32, float, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, T, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = N)

#include "core/rows/clamp.h"

const tp_kernel tp__cpu_clamp[] = {
    TP__ROW(maximum) TP__ROW(minimum) TP__ROW(fmax) TP__ROW(fmin) TP__ROW(clamp) TP__ROW(clamp_backward) TP__ROW_MANY(clamp_between)
    TP__ROW_MANY(maximum_backward) TP__ROW_MANY(fmax_backward) TP__ROW_MANY(fmin_backward) TP__ROW_MANY(fmax_backward_other)
    TP__ROW_MANY(fmin_backward_other) TP__ROW_MANY(clamp_backward_input) TP__ROW_MANY(clamp_backward_min) TP__ROW_MANY(clamp_backward_max)
    { NULL, NULL, NULL },
};
