/* pointwise_math.c: elementary and special functions: each op is a row, read with cpu/pointwise.h; the functions are those of
 * vecmath.h, or the C library's where speed is of no concern. */
#include "core/kernel_args.h"
#include "cpu/pointwise.h"
#include "cpu/special.h"

#define FUNCTION(name) TP__REAL1(name, tp__##name##_f32(a), tp__##name##_f64(a))
FUNCTION(exp) FUNCTION(exp2) FUNCTION(expm1) FUNCTION(log) FUNCTION(log2) FUNCTION(log10) FUNCTION(log1p) FUNCTION(sigmoid)
FUNCTION(asin) FUNCTION(acos) FUNCTION(atan) FUNCTION(sinh) FUNCTION(cosh) FUNCTION(tanh) FUNCTION(asinh) FUNCTION(acosh) FUNCTION(atanh)
FUNCTION(erf) FUNCTION(erfc) FUNCTION(erfinv)
TP__REAL2(atan2, (T)tp__atan2_f64((double)a, (double)b), tp__atan2_f64(a, b))

TP__EVERY1(relu, a < 0 ? 0 : a, a < 0 ? 0 : a, a < 0 ? 0 : a)
TP__REAL2(relu_backward, b <= 0 ? 0 : a, b <= 0 ? 0 : a)
TP__REAL2(sigmoid_backward, a * (b * (1 - b)), a * (b * (1 - b)))
TP__REAL2(tanh_backward, a * (1 - b * b), a * (1 - b * b))

/* ---- sin, cos, tan: a piece with an angle that is too large gets another pass, by the C library ---------------------------------------- */

enum { PIECE = 256 };
#define BY_ANGLE(name, T, suffix, call) \
    static __attribute__((noinline)) void name##_far_##suffix(int64_t n, T *y, const T *x) \
    { \
        for (int64_t i = 0; i < n; i++) \
            if (!(x[i] > (T)-TP__TRIG_LIMIT && x[i] < (T)TP__TRIG_LIMIT)) y[i] = call(x[i]); \
    } \
    static TP__INLINE void name##_##suffix##_body TP__LOOP_PARAMS \
    { \
        (void)attr; \
        for (int64_t at = 0; at < n; at += PIECE) { \
            T x[PIECE], *const y = (T *)out + at; \
            const int64_t k = n - at < PIECE ? n - at : PIECE; \
            memcpy(x, (const T *)in[0] + at, (size_t)k * sizeof *x); \
            int far = 0; \
            TP__VECTORIZE for (int64_t i = 0; i < k; i++) { \
                far |= !(x[i] > (T)-TP__TRIG_LIMIT && x[i] < (T)TP__TRIG_LIMIT); \
                y[i] = (T)tp__##name##_f64((double)x[i]); \
            } \
            if (far) name##_far_##suffix(k, y, x); \
        } \
    } \
    TP__SIMD(static, name##_##suffix, TP__LOOP_PARAMS, (n, out, in, attr))
#define ANGLE(name, single) BY_ANGLE(name, float, F32, single) BY_ANGLE(name, double, F64, name) TP__KERNEL(name, TP__F32_F64(name), .n_in = 1)
ANGLE(sin, sinf)
ANGLE(cos, cosf)
ANGLE(tan, tanf)

/* ---- Rounding --------------------------------------------------------------------------------------------------------------------------- */

TP__EVERY1(floor, floorf(a), floor(a), a)
TP__EVERY1(ceil, ceilf(a), ceil(a), a)
TP__EVERY1(trunc, truncf(a), trunc(a), a)
TP__EVERY1(round, rintf(a), rint(a), a)                /* half to even */
TP__REAL1(frac, a - truncf(a), a - trunc(a))

/* Times or over 10^|decimals|, rounded, and back */
#define DECIMALS const tp__decimals p = *(const tp__decimals *)attr; const int over = p.decimals < 0; \
    const T ten = (T)pow(10, over ? -(double)p.decimals : (double)p.decimals);
TP__REAL(round_decimals, 1, DECIMALS, over ? rintf(a / ten) * ten : rintf(a * ten) / ten, over ? rint(a / ten) * ten : rint(a * ten) / ten)

/* ---- Of two inputs ------------------------------------------------------------------------------------------------------------------------ */

TP__REAL2(copysign, copysignf(a, b), copysign(a, b))
TP__REAL2(hypot, tp__hypot_f32(a, b), tp__hypot_f64(a, b))
TP__REAL2(logaddexp, tp__logaddexp_f32(a, b), tp__logaddexp_f64(a, b))
TP__REAL2(logaddexp2, tp__logaddexp2_f32(a, b), tp__logaddexp2_f64(a, b))
TP__REAL2(xlogy, tp__xlogy_f32(a, b), tp__xlogy_f64(a, b))

/* ---- Special functions ---------------------------------------------------------------------------------------------------------------- */

#define RAD (T)0.017453292519943295769
#define DEG (T)57.295779513082320877
TP__REAL1(deg2rad, a * RAD, a * RAD)
TP__REAL1(rad2deg, a * DEG, a * DEG)
TP__REAL1(sinc, tp__sinc_f32(a), tp__sinc_f64(a))

/* ln(x / (1 - x)), of x kept in [eps, 1 - eps] where there is an eps */
#define EPS const tp__logit p = *(const tp__logit *)attr; \
    const T lo = p.eps.kind ? (T)tp__number(p.eps) : (T)-INFINITY; const T hi = p.eps.kind ? 1 - lo : (T)INFINITY;
#define LOGIT(log) log((a < lo ? lo : a > hi ? hi : a) / (1 - (a < lo ? lo : a > hi ? hi : a)))
TP__REAL(logit, 1, EPS, LOGIT(tp__log_f32), LOGIT(tp__log_f64))

#define CALLED(name, ATTR, single, dbl) \
    TP__CALLS(name##_F32, float, T, 1, (T), ATTR, single) TP__CALLS(name##_F64, double, T, 1, (T), ATTR, dbl) TP__KERNEL(name, TP__F32_F64(name), .n_in = 1)
CALLED(lgamma, TP__NO_ATTR, tp__lgamma((double)a), tp__lgamma(a))
CALLED(digamma, TP__NO_ATTR, tp__digamma_single(a), tp__digamma(a))
CALLED(polygamma, TP__ATTR(tp__polygamma), tp__polygamma_single(p.n, a), tp__polygamma_of(p.n, a))

const tp_kernel tp__cpu_pointwise_math[] = {
    TP__ROW(exp) TP__ROW(exp2) TP__ROW(expm1) TP__ROW(log) TP__ROW(log2) TP__ROW(log10) TP__ROW(log1p) TP__ROW(sigmoid)
    TP__ROW(sin) TP__ROW(cos) TP__ROW(tan) TP__ROW(asin) TP__ROW(acos) TP__ROW(atan) TP__ROW(sinh) TP__ROW(cosh) TP__ROW(tanh)
    TP__ROW(asinh) TP__ROW(acosh) TP__ROW(atanh) TP__ROW(erf) TP__ROW(erfc) TP__ROW(erfinv) TP__ROW(atan2)
    TP__ROW(relu) TP__ROW(relu_backward) TP__ROW(sigmoid_backward) TP__ROW(tanh_backward)
    TP__ROW(floor) TP__ROW(ceil) TP__ROW(trunc) TP__ROW(round) TP__ROW(frac) TP__ROW(round_decimals)
    TP__ROW(copysign) TP__ROW(hypot) TP__ROW(logaddexp) TP__ROW(logaddexp2) TP__ROW(xlogy)
    TP__ROW(deg2rad) TP__ROW(rad2deg) TP__ROW(sinc) TP__ROW(logit) TP__ROW(lgamma) TP__ROW(digamma) TP__ROW(polygamma)
    { NULL, NULL, NULL },
};
