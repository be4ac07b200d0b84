/* special.h: special functions of elementwise kernels. Those of the first half vectorize; the gamma functions are calls. */
#ifndef TP__SPECIAL_H
#define TP__SPECIAL_H

#include "cpu/vecmath.h"

/* sqrt(a^2 + b^2); of floats in double, which cannot overflow */
static TP__INLINE float tp__hypot_f32(float a, float b)
{
    const float y = (float)sqrt((double)a * (double)a + (double)b * (double)b);
    return fabsf(a) > 3.4028235e38f || fabsf(b) > 3.4028235e38f ? HUGE_VALF : y;
}
/* With the greater one scaled to near 1 by a power of 2 */
static TP__INLINE double tp__hypot_f64(double x, double y)
{
    const double a = tp__abs_f64(x), b = tp__abs_f64(y), most = a > b ? a : b;
    const double up = most < 0x1p-500 ? 0x1p600 : most > 0x1p500 ? 0x1p-600 : 1.0, down = most < 0x1p-500 ? 0x1p-600 : most > 0x1p500 ? 0x1p600 : 1.0;
    const double c = a * up, d = b * up, r = sqrt(c * c + d * d) * down;
    return a > 1.7976931348623157e308 || b > 1.7976931348623157e308 ? HUGE_VAL : r;
}

/* ln(e^a + e^b) = m + ln(1 + e^-|a - b|), m the greater; an infinite m is the result */
static TP__INLINE double tp__logaddexp_f64(double a, double b)
{
    const double m = a > b ? a : b, y = m + tp__log1p_f64(tp__exp_f64(-tp__abs_f64(a - b)));
    return a == b && tp__abs_f64(a) > 1.7976931348623157e308 ? a : y;
}
static TP__INLINE double tp__logaddexp2_f64(double a, double b)
{
    const double m = a > b ? a : b, y = m + tp__log1p_f64(tp__exp2_f64(-tp__abs_f64(a - b))) * 1.44269504088896340736;
    return a == b && tp__abs_f64(a) > 1.7976931348623157e308 ? a : y;
}
/* a ln b, 0 where a is 0, but for a NaN in b */
static TP__INLINE double tp__xlogy_f64(double a, double b)
{
    const double y = a * tp__log_f64(b);
    return b != b ? b : a == 0 ? 0 : y;
}
/* sin(pi x) / (pi x). Of 2k + r it is sin(pi r): no precision is lost to pi times a large x */
static TP__INLINE double tp__sinc_f64(double x)
{
    const double t = x * 3.14159265358979323846, r = x - 2 * floor(0.5 * x);
    const double y = tp__sin_f64(r * 3.14159265358979323846) / t;
    return x == 0 ? 1 : y;
}
#define TP__ROUNDED2(name) static TP__INLINE float tp__##name##_f32(float a, float b) { return (float)tp__##name##_f64((double)a, (double)b); }
TP__ROUNDED2(logaddexp) TP__ROUNDED2(logaddexp2) TP__ROUNDED2(xlogy)
/* As PyTorch, of pi times x in float32: at whole numbers it is what that rounding leaves, and not 0. Large ones go by the double */
static TP__INLINE float tp__sinc_f32(float x)
{
    const float t = x * 3.14159265358979323846f;
    const double r = (double)x - 2 * floor(0.5 * (double)x), far = r * 3.14159265358979323846, near = (double)t;
    const float y = (float)tp__sin_f64(near > -TP__TRIG_LIMIT && near < TP__TRIG_LIMIT ? near : far) / t;
    return x == 0 ? 1 : y;
}

double tp__lgamma(double x);                           /* ln |gamma(x)| */
double tp__digamma(double x);                          /* its derivative; -inf at 0, inf at -0, NaN at other poles */
double tp__polygamma_of(int64_t n, double x);          /* the n-th derivative of digamma, n >= 0 */
float tp__digamma_single(float x);                     /* both with PyTorch's steps in float32 */
float tp__polygamma_single(int64_t n, float x);

#endif
