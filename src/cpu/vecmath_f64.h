/* vecmath_f64.h: elementary functions of doubles as straight code, without branches, tables or calls, so that a loop around them
 * becomes vector instructions of whatever the loop is compiled for. To 1 or 2 ulp, erfc to 12 (tests/test_pointwise.c);
 * NaN, Inf, overflow, underflow and the sign of zero are as in the C library. Functions of float that are seldom the bottleneck
 * are these, rounded (vecmath.h).
 *
 * Polynomials and rational functions are minimax fits made for these ranges: relative error below 2^-56. */
#ifndef TP__VECMATH_F64_H
#define TP__VECMATH_F64_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/elementary.h"
#include "cpu/simd.h"

static TP__INLINE double tp__with_sign_f64(double a, double x)           /* a >= 0, the sign of x */
{
    return tp__double_of(tp__bits_of_f64(a) | (tp__bits_of_f64(x) & ~(UINT64_MAX >> 1)));
}

/* ---- exp -------------------------------------------------------------------------------------------------------------------------- */

static TP__INLINE double tp__exp2_f64(double x)
{
    double c = x > 1025.0 ? 1025.0 : x;
    c = c < -1077.0 ? -1077.0 : c;
    const double n = (c + TP__ROUNDER) - TP__ROUNDER, r = c - n;
    const double p = TP__P11(r, 6.93147180559945286e-01, 2.40226506959101332e-01, 5.55041086648217427e-02, 9.61812910759325852e-03,
                             1.33335581463792899e-03, 1.54035304581702861e-04, 1.52527338673530584e-05, 1.32154347708537078e-06,
                             1.01780465270730585e-07, 7.07386832963919860e-09, 4.45737847054556085e-10);
    return tp__scale_f64(1.0 + r * p, n);
}

/* 2^n (1 + q) - 1 with q = exp(r) - 1, the halves of n apart so that nothing overflows too early */
static TP__INLINE double tp__expm1_f64(double x)
{
    double c = x > 711.0 ? 711.0 : x;
    c = c < -40.0 ? -40.0 : c;
    const tp__exp_parts e = tp__exp_split(c, 0);
    const double q = e.r + (e.p * (e.r * e.r) + e.rest);
    const double half = (e.n * 0.5 + TP__ROUNDER) - TP__ROUNDER, scale = tp__power_of_2(half);
    const double y = (scale * q + (scale - tp__power_of_2(half - e.n))) * tp__power_of_2(e.n - half);
    return x == 0 ? x : y;
}

/* r = 1 / (1 + e), e = exp(-|x|), which cannot overflow; for x < 0 it is e r = e - e (e r), which rounds less. */
static TP__INLINE double tp__sigmoid_f64(double x)
{
    const double e = tp__exp_f64(-tp__abs_f64(x));
    const double r = 1.0 / (1.0 + e);
    return x < 0.0 ? e - e * (e * r) : r;
}

/* ---- log -------------------------------------------------------------------------------------------------------------------------- */

/* log(m) / ln base in two parts, and n: what a power of the base rounds to is exact. */
static TP__INLINE double tp__log_of_base(double x, double n_hi, double n_lo, double hi, double lo)
{
    const tp__log_parts l = tp__log_split(x);
    const double top = tp__double_of(tp__bits_of_f64(l.f - l.h) & 0xFFFFFFFF00000000u);
    const double rest = ((l.f - top) - l.h) + l.w;
    const double a = l.n * n_hi, b = top * hi, sum = a + b;
    return tp__log_ends(x, sum + (((a - sum) + b) + (l.n * n_lo + (top * lo + rest * (hi + lo)))));
}
static TP__INLINE double tp__log2_f64(double x) { return tp__log_of_base(x, 1, 0, 0x1.71547652p+0, 0x1.705fc2eefa2p-33); }
static TP__INLINE double tp__log10_f64(double x)
{
    return tp__log_of_base(x, 0x1.34413509f78p-2, 0x1.fef311f12b358p-46, 0x1.bcb7b152p-2, 0x1.b9438ca9aadd5p-36);
}

/* ---- Powers ------------------------------------------------------------------------------------------------------------------------ */

/* x^y of floats: exp(y log |x|), in double so that y may be large; then what the standard says of 0, 1, signs and infinities. */
static TP__INLINE float tp__pow_f32(float x, float y)
{
    const double a = tp__abs_f64((double)x), e = (double)y;
    double r = tp__exp_f64(e * tp__log_f64(a));
    const double half = 0.5 * e;                       /* odd: half of it is no integer, itself is one */
    const int whole = floor(e) == e, odd = whole && floor(half) != half && tp__abs_f64(e) < 0x1p53;
    r = y == 0 || a == 1 ? 1 : r;                      /* also of NaN, and of 1 and -1 to infinity */
    r = a == 1 && y != y ? e : r;
    r = x == 1 || y == 0 ? 1 : r;
    r = x < 0 && !whole && a <= 3.4028234663852886e38 ? (double)NAN : r;
    return (float)(odd && tp__bits_of_f64((double)x) >> 63 ? -r : r);
}

/* ---- Trigonometry -------------------------------------------------------------------------------------------------------------------- */

/* Up to here pi / 2 in three parts is enough; beyond, the C library is asked (tp__sin_far). */
#define TP__TRIG_LIMIT 1e6

/* atan(t) = t + t z p(z) for |t| <= tan(pi / 8) */
static TP__INLINE double tp__atan_near(double t, double z)
{
    return t * z * TP__P11(z, -3.33333333333331927e-01, 1.99999999999528888e-01, -1.42857142801298048e-01, 1.11111107802741235e-01,
                           -9.09089766982834058e-02, 7.69205870816486587e-02, -6.66308747700253973e-02, 5.84777219038732227e-02,
                           -5.03879054897461709e-02, 3.80517996179838211e-02, -1.78935277952714626e-02);
}

/* The angle of a >= 0 upwards and b >= 0 to the right, in [0, pi / 2]: the quotient is taken from pi / 2, pi / 4 or 0, after which
 * it is small. */
static TP__INLINE double tp__angle_f64(double a, double b)
{
    const int steep = a > 2.414213562373095 * b, middle = a > 0.4142135623730950 * b;
    const double t = (steep ? -b : middle ? a - b : a) / (steep ? a : middle ? a + b : b);
    const double base = steep ? 0x1.921fb54442d18p+0 : middle ? 0x1.921fb54442d18p-1 : 0.0;
    const double low = steep ? 0x1.1a62633145c07p-54 : middle ? 0x1.1a62633145c07p-55 : 0.0;
    return base + (t + (tp__atan_near(t, t * t) + low));
}
static TP__INLINE double tp__atan_f64(double x)
{
    const double a = tp__abs_f64(x);
    const double y = tp__angle_f64(a > 1e300 ? 1e300 : a, 1.0);
    return tp__with_sign_f64(y, x);
}
static TP__INLINE double tp__atan2_f64(double y, double x)
{
    double a = tp__abs_f64(y), b = tp__abs_f64(x);
    const int large = a > 0x1p1000 || b > 0x1p1000;    /* no sum may overflow */
    a = large ? a * 0x1p-10 : a;
    b = large ? b * 0x1p-10 : b;
    const int both = a > 0x1p1020 && b > 0x1p1020;     /* infinite */
    a = both ? 1.0 : a;
    b = both ? 1.0 : b;
    double angle = tp__angle_f64(a, a == 0.0 && b == 0.0 ? 1.0 : b);
    angle = tp__bits_of_f64(x) >> 63 ? 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53) : angle;
    angle = x != x || y != y ? x + y : angle;
    return tp__with_sign_f64(tp__abs_f64(angle), y);
}

/* asin(t) = t + t z p(z) for |t| <= 1/2, z = t^2 */
static TP__INLINE double tp__asin_near(double z)
{
    return z * TP__P5(z, 1.66666666666669322e-01, -2.97772193721370426e-01, 1.61662060626334175e-01, -2.59901935570107205e-02,
                      2.70407928279716185e-04) /
           TP__P5(z, 1.0, -2.23663316232595655e+00, 1.70860014383643199e+00, -5.08004721604223719e-01, 4.60504166923004846e-02);
}
/* Beyond 1/2: asin(a) = pi / 2 - 2 asin(sqrt((1 - a) / 2)) */
static TP__INLINE double tp__asin_f64(double x)
{
    const double a = tp__abs_f64(x), half = 0.5 * (1.0 - a);
    const int near = a < 0.5;
    const double z = near ? a * a : half, t = near ? a : sqrt(half), p = tp__asin_near(z);
    const double lost = near ? 0.0 : (half - t * t) / (t + (half == 0.0)) * 0.5;         /* of the square root */
    const double far = 0x1.921fb54442d18p+0 - (2.0 * (t + (t * p + lost)) - 0x1.1a62633145c07p-54);
    return tp__with_sign_f64(tp__abs_f64(near ? t + t * p : far), x);
}
static TP__INLINE double tp__acos_f64(double x)
{
    const double a = tp__abs_f64(x), half = 0.5 * (1.0 - a);
    const int near = a < 0.5;
    const double z = near ? x * x : half, t = near ? x : sqrt(half), p = tp__asin_near(z);
    const double lost = (half - t * t) / (t + (half == 0.0)) * 0.5;
    const double far = 2.0 * (t + (t * p + lost));
    const double beside = 0x1.921fb54442d18p+0 - (t - (0x1.1a62633145c07p-54 - t * p));
    return near ? beside : x > 0.0 ? far : 0x1.921fb54442d18p+1 - (far - 0x1.1a62633145c07p-53);
}

/* ---- Hyperbolic -------------------------------------------------------------------------------------------------------------------- */

static TP__INLINE double tp__sinh_f64(double x)
{
    const double a = tp__abs_f64(x), t = tp__expm1_f64(a > 30.0 ? 30.0 : a);
    const double near = 0.5 * (t + t / (t + 1.0)), far = tp__exp_shifted_f64(a, 0, -1);
    return tp__with_sign_f64(a < 22.0 ? near : far, x);
}
static TP__INLINE double tp__cosh_f64(double x)
{
    const double e = tp__exp_shifted_f64(tp__abs_f64(x), 0, -1);
    return e + 0.25 / e;
}
static TP__INLINE double tp__tanh_f64(double x)
{
    const double a = tp__abs_f64(x), t = tp__expm1_f64(a > 20.0 ? 40.0 : a + a);
    return tp__with_sign_f64(t / (t + 2.0), x);
}
static TP__INLINE double tp__asinh_f64(double x)
{
    const double a = tp__abs_f64(x), c = a > 0x1p28 ? 1.0 : a;
    const double near = tp__log1p_f64(c + c * c / (1.0 + sqrt(1.0 + c * c))), far = tp__log_f64(a) + 0x1.62e42fefa39efp-1;
    return tp__with_sign_f64(tp__abs_f64(a > 0x1p28 ? far : a != a ? a : near), x);
}
static TP__INLINE double tp__acosh_f64(double x)
{
    const double t = (x > 0x1p28 ? 2.0 : x) - 1.0;
    const double near = tp__log1p_f64(t + sqrt(t + (t + t * t))), far = tp__log_f64(x) + 0x1.62e42fefa39efp-1;
    return x > 0x1p28 ? far : x < 1.0 ? (double)NAN : near;
}
static TP__INLINE double tp__atanh_f64(double x)
{
    const double a = tp__abs_f64(x);
    const double y = 0.5 * tp__log1p_f64((a + a) / (1.0 - a));
    return a > 1.0 ? (double)NAN : tp__with_sign_f64(tp__abs_f64(y), x);
}

/* ---- The error function -------------------------------------------------------------------------------------------------------------- */

/* erf(x) = x p(x^2), |x| <= 1 */
static TP__INLINE double tp__erf_near(double x)
{
    const double z = x * x;
    return x * TP__P12(z, 1.12837916709551256e+00, -3.76126389031835207e-01, 1.12837916709441946e-01, -2.68661706431131825e-02,
                       5.22397760613270250e-03, -8.54832592999883170e-04, 1.20552935973286188e-04, -1.49247126922474483e-05,
                       1.64471363465300609e-06, -1.62063499580421383e-07, 1.37111351756224989e-08, -7.77975380095979247e-10);
}
/* erfc(x) = exp(-x^2) p(x) / q(x), 1/2 <= x <= 27, where it is 0; what rounding takes from x^2 goes to exp as well */
static TP__INLINE double tp__erfc_far(double x)
{
    const double top = tp__double_of(tp__bits_of_f64(x) & 0xFFFFFFFFF8000000u), square = top * top;
    const double e = tp__exp_shifted_f64(-square, -(x - top) * (x + top), 0);
    return e * TP__P10(x, 9.99999999966760700e-01, 2.27091185336542667e+00, 2.54488961949367987e+00, 1.81327595594330160e+00,
                       8.97849573835063697e-01, 3.19526640368841652e-01, 8.18510019234786890e-02, 1.46372370841465187e-02,
                       1.67738238621518466e-03, 9.61794740904169234e-05) /
           TP__P11(x, 1.0, 3.39929101994074401e+00, 5.38057879312047493e+00, 5.23757071339533908e+00, 3.48436263144262615e+00,
                   1.66244893102466573e+00, 5.79232902088263280e-01, 1.46563664956562700e-01, 2.60290640769116656e-02,
                   2.97308286987575708e-03, 1.70473679229706231e-04);
}
static TP__INLINE double tp__erf_f64(double x)
{
    const double a = tp__abs_f64(x), near = tp__erf_near(a > 1.0 ? 1.0 : a), far = 1.0 - tp__erfc_far(a < 1.0 ? 1.0 : a > 6.0 ? 6.0 : a);
    return tp__with_sign_f64(a != a ? a : a < 1.0 ? near : far, x);
}
static TP__INLINE double tp__erfc_f64(double x)
{
    const double a = tp__abs_f64(x), near = tp__erf_near(a > 1.0 ? 1.0 : x), far = tp__erfc_far(a < 0.5 ? 0.5 : a > 28.0 ? 28.0 : a);
    const double y = a < 0.5 ? 1.0 - near : x < 0.0 ? 2.0 - far : far;
    return x != x ? x : y;
}

/* A step of Halley's method towards erf(y) = c; near 1 in erfc, of rest = 1 - c */
static TP__INLINE double tp__erfinv_step(double y, double c, double rest)
{
    const double f = c < 0.7 ? tp__erf_near(y > 1.0 ? 1.0 : y) - c : rest - tp__erfc_far(y < 0.5 ? 0.5 : y);
    const double step = f * 0.88622692545275801365 * tp__exp_f64(y * y);                       /* f / f' */
    return y - step / (1.0 + y * step);
}
/* The y of erf(y) = x, from a formula of Winitzki's that is right to 2e-3 */
static TP__INLINE double tp__erfinv_f64(double x)
{
    const double a = tp__abs_f64(x), c = a < 1.0 ? a : 0.5, rest = 1.0 - c;
    const double l = tp__log_f64(rest * (1.0 + c)), k = 4.330746750799873 + 0.5 * l;           /* 2 / (0.147 pi) */
    const double first = sqrt(sqrt(k * k - l * 6.802721088435374) - k);
    double y = tp__erfinv_step(tp__erfinv_step(tp__erfinv_step(first, c, rest), c, rest), c, rest);
    y = a == 1.0 ? HUGE_VAL : a <= 1.0 ? (c < 1e-8 ? c * 0.88622692545275801365 : y) : (double)NAN;
    return tp__with_sign_f64(y, x);
}

#endif
