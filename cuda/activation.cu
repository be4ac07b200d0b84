/* activation.cu: the rows of core/rows/activation.h, and gelu, which has two formulas. */
#include "cuda/pointwise.cuh"
#include "cuda/real.cuh"

#include "core/rows/activation.h"

#define BY_TANH (tp__gelu, const bool by_tanh = p.approximate == 2;)
TP__REAL(gelu, 1, BY_TANH, by_tanh ? gelu_tanh_f32(a) : gelu_f32(a), by_tanh ? gelu_tanh_f64(a) : gelu_f64(a))
TP__REAL(gelu_backward, 2, BY_TANH, a * (by_tanh ? gelu_tanh_slope_f32(b) : gelu_slope_f32(b)), a * (by_tanh ? gelu_tanh_slope_f64(b) : gelu_slope_f64(b)))

extern "C" const tp_kernel tp__cuda_activation[] = {
    TP__ROW(leaky_relu) TP__ROW(leaky_relu_backward) TP__ROW(threshold) TP__ROW(threshold_backward) TP__ROW(hardtanh) TP__ROW(hardtanh_backward)
    TP__ROW(softshrink) TP__ROW(hardshrink) TP__ROW(shrink_backward) TP__ROW(hardsigmoid) TP__ROW(hardsigmoid_backward) TP__ROW(hardswish)
    TP__ROW(hardswish_backward) TP__ROW(elu) TP__ROW(elu_backward) TP__ROW(silu) TP__ROW(silu_backward) TP__ROW(logsigmoid)
    TP__ROW(logsigmoid_backward) TP__ROW(softsign) TP__ROW(softsign_backward) TP__ROW(tanhshrink) TP__ROW(tanhshrink_backward) TP__ROW(softplus)
    TP__ROW(softplus_backward) TP__ROW(mish) TP__ROW(mish_backward) TP__ROW(gelu) TP__ROW(gelu_backward) TP__ROW(prelu_kernel)
    TP__ROW(prelu_kernel_backward) TP__ROW(prelu_weight_backward)
    { NULL, NULL, NULL },
};
