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
#define LOG1P_OF_EXP(x) TP__BY_TYPE(log1p_of_exp, x)
#define GELU_GATE(x)    TP__BY_TYPE(gelu_gate, x)
#define GELU_SLOPE(x)   TP__BY_TYPE(gelu_slope, x)

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

/* P(X <= x) of a normal X, and that plus x times its density, the slope of x P(X <= x). In float both less 1/2, which are odd, by minimax fits
 * to 1e-8 up to where they round to 1/2; a slope at an infinity is NaN, as inf * 0 is. */
static TP__INLINE float tp__gelu_gate_f32(float x)
{
    const float c = tp__at_least(tp__at_most(x, tp__reach.gelu_gate), -tp__reach.gelu_gate);
    const float z = c * c;
    const float p = TP__P6(z, 3.989422271e-01f, 3.416174123e-02f, 4.694835888e-03f, 1.717793090e-04f, 6.353237188e-06f, 2.238252278e-08f);
    const float q = TP__P6(z, 1.0f, 2.522965860e-01f, 2.881925069e-02f, 1.901203456e-03f, 7.449533241e-05f, 1.186896775e-06f);
    return 0.5f + c * p / q;
}
static TP__INLINE float tp__gelu_slope_f32(float x)
{
    const float c = tp__at_least(tp__at_most(x, tp__reach.gelu_slope), -tp__reach.gelu_slope);
    const float z = c * c;
    const float p = TP__P8(z, 7.978845121e-01f, -1.527015926e-02f, 1.345914268e-02f, 3.353876142e-04f, 3.201311229e-05f, 1.256171079e-06f,
                           1.392754904e-08f, -2.963891706e-11f);
    const float q = TP__P7(z, 1.0f, 3.141944177e-01f, 4.660176254e-02f, 4.292119145e-03f, 2.710928296e-04f, 1.146009259e-05f, 4.003483166e-07f);
    return (0.5f + (x - x)) + c * p / q;
}
static TP__INLINE double tp__gelu_gate_f64(double x) { return 0.5 + 0.5 * tp__erf_f64(x * 0.70710678118654752440); }
static TP__INLINE double tp__gelu_slope_f64(double x)
{
    return tp__gelu_gate_f64(x) + x * 0.39894228040143267794 * tp__exp_falling_f64(x * x * -0.5);
}

#endif
