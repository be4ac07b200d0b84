/* clamp.cu: the rows of core/rows/clamp.h. */
#include "cuda/pointwise.cuh"

/* Of N inputs, which are compared in their result type */
#define PART(name, N, expression) \
    TP__LOOP(name##_F32, float, T, N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, T, N, TP__NO_ATTR, expression) \
    TP__KERNEL(name, N, name##_F32, name##_F64, tpc_no_loop, 0, false, 0)

#include "core/rows/clamp.h"

extern "C" const tp_kernel tp__cuda_clamp[] = {
    TP__ROW(maximum) TP__ROW(minimum) TP__ROW(fmax) TP__ROW(fmin) TP__ROW(clamp) TP__ROW(clamp_backward) TP__ROW(clamp_between)
    TP__ROW(maximum_backward) TP__ROW(fmax_backward) TP__ROW(fmin_backward) TP__ROW(fmax_backward_other)
    TP__ROW(fmin_backward_other) TP__ROW(clamp_backward_input) TP__ROW(clamp_backward_min) TP__ROW(clamp_backward_max)
    { NULL, NULL, NULL },
};
