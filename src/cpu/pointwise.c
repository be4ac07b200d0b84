/* pointwise.c: arithmetic and comparison: each op is a row, read with cpu/pointwise.h. int64 wraps as every narrower integer does. */
#include "cpu/pointwise.h"

TP__EVERY2(add, a + b, a + b, (uint64_t)a + (uint64_t)b)
TP__EVERY2(sub, a - b, a - b, (uint64_t)a - (uint64_t)b)
TP__EVERY2(mul, a * b, a * b, (uint64_t)a * (uint64_t)b)
TP__REAL2(div, a / b, a / b)
TP__EVERY1(neg, -a, -a, -(uint64_t)a)
TP__TEST2(eq, a == b, a == b)

TP__EVERY1(relu, a < 0 ? 0 : a, a < 0 ? 0 : a, a < 0 ? 0 : a)
TP__REAL2(relu_backward, b <= 0 ? 0 : a, b <= 0 ? 0 : a)
TP__REAL2(sigmoid_backward, a * (b * (1 - b)), a * (b * (1 - b)))
TP__REAL2(tanh_backward, a * (1 - b * b), a * (1 - b * b))

TP__REAL1(exp, tp__exp_f32(a), tp__exp_f64(a))
TP__REAL1(log, tp__log_f32(a), tp__log_f64(a))
TP__REAL1(sqrt, sqrtf(a), sqrt(a))
TP__REAL1(sigmoid, tp__sigmoid_f32(a), tp__sigmoid_f64(a))
TP__REAL1(tanh, tp__tanh_f32(a), tp__tanh_f64(a))

const tp_kernel tp__cpu_pointwise[] = {
    TP__ROW(add) TP__ROW(sub) TP__ROW(mul) TP__ROW(div) TP__ROW(neg) TP__ROW(eq)
    TP__ROW(relu) TP__ROW(relu_backward) TP__ROW(sigmoid_backward) TP__ROW(tanh_backward)
    TP__ROW(exp) TP__ROW(log) TP__ROW(sqrt) TP__ROW(sigmoid) TP__ROW(tanh)
    { NULL, NULL, NULL },
};
