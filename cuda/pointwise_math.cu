/* pointwise_math.cu: elementary and special functions: each op is a row, read with cuda/pointwise.cuh; the functions are CUDA's. */
#include "core/gamma.h"
#include "cuda/pointwise.cuh"

#define FUNCTION(name) TP__REAL1(name, name##f(a), ::name(a))
FUNCTION(exp) FUNCTION(exp2) FUNCTION(expm1) FUNCTION(log) FUNCTION(log2) FUNCTION(log10) FUNCTION(log1p)
FUNCTION(sin) FUNCTION(cos) FUNCTION(tan) FUNCTION(asin) FUNCTION(acos) FUNCTION(atan) FUNCTION(sinh) FUNCTION(cosh) FUNCTION(tanh)
FUNCTION(asinh) FUNCTION(acosh) FUNCTION(atanh) FUNCTION(erf) FUNCTION(erfc) FUNCTION(erfinv)
TP__REAL2(atan2, atan2f(a, b), ::atan2(a, b))

TP__REAL1(sigmoid, 1 / (1 + expf(-a)), 1 / (1 + ::exp(-a)))
TP__EVERY1(relu, a < 0 ? 0 : a, a < 0 ? 0 : a, a < 0 ? 0 : a)
TP__REAL2(relu_backward, b <= 0 ? 0 : a, b <= 0 ? 0 : a)
TP__REAL2(sigmoid_backward, a * (b * (1 - b)), a * (b * (1 - b)))
TP__REAL2(tanh_backward, a * (1 - b * b), a * (1 - b * b))

/* ---- Rounding --------------------------------------------------------------------------------------------------------------------------- */

TP__EVERY1(floor, floorf(a), ::floor(a), a)
TP__EVERY1(ceil, ceilf(a), ::ceil(a), a)
TP__EVERY1(trunc, truncf(a), ::trunc(a), a)
TP__EVERY1(round, rintf(a), ::rint(a), a)              /* half to even */
TP__REAL1(frac, a - truncf(a), a - ::trunc(a))

/* Times or over 10^|decimals|, rounded, and back */
#define DECIMALS (tp__decimals, const bool over = p.decimals < 0; const T ten = (T)::pow(10.0, over ? -(double)p.decimals : (double)p.decimals);)
TP__REAL(round_decimals, 1, DECIMALS, over ? rintf(a / ten) * ten : rintf(a * ten) / ten, over ? ::rint(a / ten) * ten : ::rint(a * ten) / ten)

/* ---- Of two inputs ------------------------------------------------------------------------------------------------------------------------ */

TP__REAL2(copysign, copysignf(a, b), ::copysign(a, b))
TP__REAL2(hypot, hypotf(a, b), ::hypot(a, b))

/* ln(e^a + e^b) = m + ln(1 + e^-|a - b|), m the greater; an infinite m is the result */
TPC_DEVICE double logaddexp_of(double a, double b)
{
    const double m = a > b ? a : b;
    return a == b && ::fabs(a) == INFINITY ? a : m + ::log1p(::exp(-::fabs(a - b)));
}
TPC_DEVICE double logaddexp2_of(double a, double b)
{
    const double m = a > b ? a : b;
    return a == b && ::fabs(a) == INFINITY ? a : m + ::log1p(::exp2(-::fabs(a - b))) * 1.44269504088896340736;
}
/* a ln b, 0 where a is 0, but for a NaN in b */
TPC_DEVICE double xlogy_of(double a, double b) { return b != b ? b : a == 0 ? 0 : a * ::log(b); }
#define IN_DOUBLE2(name) TP__REAL2(name, name##_of(a, b), name##_of(a, b))
IN_DOUBLE2(logaddexp)
IN_DOUBLE2(logaddexp2)
IN_DOUBLE2(xlogy)

/* ---- Special functions ---------------------------------------------------------------------------------------------------------------- */

#define RAD (T)0.017453292519943295769
#define DEG (T)57.295779513082320877
TP__REAL1(deg2rad, a * RAD, a * RAD)
TP__REAL1(rad2deg, a * DEG, a * DEG)

/* sin(pi x) / (pi x). Of 2k + r it is sin(pi r): no precision is lost to pi times a large x */
TPC_DEVICE double sinc_of(double x)
{
    const double pi = 3.14159265358979323846, r = x - 2 * ::floor(0.5 * x);
    return x == 0 ? 1 : ::sin(r * pi) / (x * pi);
}
TPC_DEVICE float sinc_f32(float x)                     /* of the rounded pi x, as PyTorch: no zeros at the integers */
{
    const float t = x * 3.14159265358979323846f;
    return x == 0 ? 1 : (float)::sin((double)t) / t;
}
TP__REAL1(sinc, sinc_f32(a), sinc_of(a))

/* ln(x / (1 - x)), of x kept in [eps, 1 - eps] where there is an eps */
#define EPS (tp__logit, const T lo = p.eps.kind ? (T)tp__number(p.eps) : (T)-INFINITY; const T hi = p.eps.kind ? 1 - lo : (T)INFINITY;)
#define LOGIT(log) log((a < lo ? lo : a > hi ? hi : a) / (1 - (a < lo ? lo : a > hi ? hi : a)))
TP__REAL(logit, 1, EPS, LOGIT(logf), LOGIT(::log))

TP__REAL1(lgamma, ::lgamma((double)a), ::lgamma(a))
TP__REAL1(digamma, tp__digamma_f32(a), tp__digamma_at(a))
#define FACTORIAL ::lgamma((double)p.n + 1)
TP__REAL1_WITH(polygamma, tp__polygamma, tp__polygamma_f32(p.n, a, FACTORIAL), tp__polygamma_at(p.n, a, FACTORIAL))

extern "C" const tp_kernel tp__cuda_pointwise_math[] = {
    TP__ROW(exp) TP__ROW(exp2) TP__ROW(expm1) TP__ROW(log) TP__ROW(log2) TP__ROW(log10) TP__ROW(log1p) TP__ROW(sigmoid)
    TP__ROW(sin) TP__ROW(cos) TP__ROW(tan) TP__ROW(asin) TP__ROW(acos) TP__ROW(atan) TP__ROW(sinh) TP__ROW(cosh) TP__ROW(tanh)
    TP__ROW(asinh) TP__ROW(acosh) TP__ROW(atanh) TP__ROW(erf) TP__ROW(erfc) TP__ROW(erfinv) TP__ROW(atan2)
    TP__ROW(relu) TP__ROW(relu_backward) TP__ROW(sigmoid_backward) TP__ROW(tanh_backward)
    TP__ROW(floor) TP__ROW(ceil) TP__ROW(trunc) TP__ROW(round) TP__ROW(frac) TP__ROW(round_decimals)
    TP__ROW(copysign) TP__ROW(hypot) TP__ROW(logaddexp) TP__ROW(logaddexp2) TP__ROW(xlogy)
    TP__ROW(deg2rad) TP__ROW(rad2deg) TP__ROW(sinc) TP__ROW(logit) TP__ROW(lgamma) TP__ROW(digamma) TP__ROW(polygamma)
    { NULL, NULL, NULL },
};
