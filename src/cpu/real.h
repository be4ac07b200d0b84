/* real.h: one expression for float and double: functions that go by the type of their argument. */
#ifndef TP__CPU_REAL_H
#define TP__CPU_REAL_H

#include "cpu/vecmath.h"

#define TP__BY_TYPE(name, x) _Generic((x), float: tp__##name##_f32, double: tp__##name##_f64)(x)
#define EXP(x)     TP__BY_TYPE(exp, x)
#define EXPM1(x)   TP__BY_TYPE(expm1, x)
#define LOG(x)     TP__BY_TYPE(log, x)
#define LOG1P(x)   TP__BY_TYPE(log1p, x)
#define TANH(x)    TP__BY_TYPE(tanh, x)
#define ERF(x)     TP__BY_TYPE(erf, x)
#define SIGMOID(x) TP__BY_TYPE(sigmoid, x)
#define EXP_FALLING(x)  TP__BY_TYPE(exp_falling, x)     /* of x <= 0 */
#define LOG1P_OF_EXP(x) TP__BY_TYPE(log1p_of_exp, x)

#define ABS(x)       ((x) < 0 ? -(x) : (x))
#define LEAST(x, m)  ((x) > (m) ? (m) : (x))           /* a NaN x stays, here and below */
#define MOST(x, m)   ((x) < (m) ? (m) : (x))
#define CLAMP(x, lo, hi) MOST(LEAST(x, hi), lo)

/* log(1 + exp(-|x|)). In float what 1 + e rounds off is put back: log1p(e) = log(u) + (e - (u - 1)) / u, u = 1 + e. */
static TP__INLINE float tp__log1p_of_exp_f32(float x)
{
    const float e = tp__exp_f32(-ABS(x)), u = 1.0f + e;
    return tp__log_f32(u) + (e - (u - 1.0f)) / u;
}
static TP__INLINE double tp__log1p_of_exp_f64(double x) { return tp__log1p_f64(tp__exp_f64(-ABS(x))); }
/* log(1 / (1 + exp(-x))) */
#define LOG_SIGMOID(x) (LEAST(x, 0) - LOG1P_OF_EXP(x))

#endif
