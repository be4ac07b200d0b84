/* real.cuh: one expression for float and double: functions that go by the type of their argument, named as in src/cpu/real.h. */
#ifndef TPC_REAL_CUH
#define TPC_REAL_CUH

#include "cuda/kernel.cuh"

#define TPC_BY_TYPE(name, single, dbl) \
    TPC_DEVICE float name(float x) { return single; } \
    TPC_DEVICE double name(double x) { return dbl; }
TPC_BY_TYPE(EXP, expf(x), ::exp(x))
TPC_BY_TYPE(EXPM1, expm1f(x), ::expm1(x))
TPC_BY_TYPE(LOG, logf(x), ::log(x))
TPC_BY_TYPE(LOG1P, log1pf(x), ::log1p(x))
TPC_BY_TYPE(LOG_OF_REST, log1pf(-x), ::log1p(-x))       /* log(1 - x) */
TPC_BY_TYPE(TANH, tanhf(x), ::tanh(x))
TPC_BY_TYPE(ERF, erff(x), ::erf(x))
TPC_BY_TYPE(SIGMOID, 1 / (1 + expf(-x)), 1 / (1 + ::exp(-x)))
TPC_BY_TYPE(ABS, fabsf(x), ::fabs(x))
TPC_BY_TYPE(LOG1P_OF_EXP, log1pf(expf(-fabsf(x))), ::log1p(::exp(-::fabs(x))))          /* log(1 + e^-|x|) */
#define ROOT_HALF 0.70710678118654752440               /* sqrt(1 / 2) */
#define DENSITY   0.39894228040143267794               /* sqrt(1 / (2 pi)) */
TPC_BY_TYPE(GELU_GATE, 0.5f + 0.5f * erff(x * (float)ROOT_HALF), 0.5 + 0.5 * ::erf(x * ROOT_HALF))
TPC_BY_TYPE(GELU_SLOPE, GELU_GATE(x) + x * (float)DENSITY * expf(x * x * -0.5f), GELU_GATE(x) + x * DENSITY * ::exp(x * x * -0.5))
#undef TPC_BY_TYPE

#define LEAST(x, m)  ((x) > (m) ? (m) : (x))           /* a NaN x stays, here and below */
#define MOST(x, m)   ((x) < (m) ? (m) : (x))
#define CLAMP(x, lo, hi) MOST(LEAST(x, hi), lo)
/* log(1 / (1 + e^-x)) */
#define LOG_SIGMOID(x) (LEAST(x, 0) - LOG1P_OF_EXP(x))

#endif
