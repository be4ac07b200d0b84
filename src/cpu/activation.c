/* activation.c: the rows of core/rows/activation.h, and gelu, which has two formulas. */
#include "core/kernel_args.h"
#include "cpu/pointwise.h"
#include "cpu/real.h"

#include "core/rows/activation.h"

#define GELU_LOOPS(bits, type, name) \
    TP__LOOP(gelu_##name, type, T, 1, (T), TP__NO_ATTR, gelu_f##bits(a)) \
    TP__LOOP(gelu_tanh_##name, type, T, 1, (T), TP__NO_ATTR, gelu_tanh_f##bits(a)) \
    TP__LOOP(gelu_back_##name, type, T, 2, TP__T2, TP__NO_ATTR, a * gelu_slope_f##bits(b)) \
    TP__LOOP(gelu_tanh_back_##name, type, T, 2, TP__T2, TP__NO_ATTR, a * gelu_tanh_slope_f##bits(b)) \
    static void gelu_any_##name TP__LOOP_PARAMS \
    { \
        (((const tp__gelu *)attr)->approximate == 2 ? gelu_tanh_##name : gelu_##name)(n, out, in, attr); \
    } \
    static void gelu_back_any_##name TP__LOOP_PARAMS \
    { \
        (((const tp__gelu *)attr)->approximate == 2 ? gelu_tanh_back_##name : gelu_back_##name)(n, out, in, attr); \
    }
GELU_LOOPS(32, float, F32)
GELU_LOOPS(64, double, F64)
TP__KERNEL(gelu, TP__F32_F64(gelu_any), .n_in = 1)
TP__KERNEL(gelu_backward, TP__F32_F64(gelu_back_any), .n_in = 2)

const tp_kernel tp__cpu_activation[] = {
    TP__ROW(leaky_relu) TP__ROW(leaky_relu_backward) TP__ROW(threshold) TP__ROW(threshold_backward) TP__ROW(hardtanh) TP__ROW(hardtanh_backward)
    TP__ROW(softshrink) TP__ROW(hardshrink) TP__ROW(shrink_backward) TP__ROW(hardsigmoid) TP__ROW(hardsigmoid_backward) TP__ROW(hardswish)
    TP__ROW(hardswish_backward) TP__ROW(elu) TP__ROW(elu_backward) TP__ROW(silu) TP__ROW(silu_backward) TP__ROW(logsigmoid)
    TP__ROW(logsigmoid_backward) TP__ROW(softsign) TP__ROW(softsign_backward) TP__ROW(tanhshrink) TP__ROW(tanhshrink_backward) TP__ROW(softplus)
    TP__ROW(softplus_backward) TP__ROW(mish) TP__ROW(mish_backward) TP__ROW(gelu) TP__ROW(gelu_backward) TP__ROW(prelu_kernel)
    TP__ROW_MANY(prelu_kernel_backward) TP__ROW(prelu_weight_backward)
    { NULL, NULL, NULL },
};
