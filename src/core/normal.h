/* normal.h: the normal distribution's functions and the incomplete gamma functions, in double precision, for every backend.
 *
 *   erfcx(x) = e^(x^2) erfc(x)
 *   ndtr(x)  = erfc(-x / sqrt 2) / 2,   ndtri its inverse: a rational start, then Halley's steps
 *   P(a, x)  = x^a e^-x / gamma(a + 1) sum_k x^k / ((a + 1) .. (a + k)),  x < a + 1;   Q = 1 - P
 *   Q(a, x)  else by the continued fraction of Abramowitz & Stegun 6.5.31 (Lentz) */
#ifndef TP__NORMAL_H
#define TP__NORMAL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"

#define TP__ROOT_2 1.41421356237309504880
#define TP__ROOT_2_PI 2.50662827463100050242

/* x >= 0, or NaN */
TP__ANYWHERE static inline double tp__erfcx_positive(double x)
{
    if (x < 12) {
        const double whole = floor(x * 16) / 16, rest = (x - whole) * (x + whole);      /* e^(x^2) without the rounding of x^2 */
        return exp(whole * whole) * exp(rest) * erfc(x);
    }
    if (x == INFINITY) return 0;
    const double z = 0.5 / (x * x);
    double term = 1, sum = 1;
    for (int k = 1; k < 24; k++) {
        term *= -(2 * k - 1) * z;
        sum += term;
    }
    return x != x ? x : sum / x * 0.56418958354775628695;
}
TP__ANYWHERE static inline double tp__erfcx(double x)
{
    if (x < 0) return x < -26.7 ? INFINITY : 2 * exp(x * x) - tp__erfcx_positive(-x);
    return tp__erfcx_positive(x);
}

TP__ANYWHERE static inline double tp__ndtr(double x) { return 0.5 * erfc(-x / TP__ROOT_2); }

TP__ANYWHERE static inline double tp__log_ndtr(double x)
{
    if (x < -1) return log(0.5 * tp__erfcx(-x / TP__ROOT_2)) - 0.5 * x * x;
    return log1p(-0.5 * erfc(x / TP__ROOT_2));
}

/* ---- In float32, with PyTorch's steps ------------------------------------------------------------------------------------------------- */

/* x >= 0: a polynomial in 400 / (4 + x), which is rounded; beyond 50 five terms of the continued fraction */
TP__ANYWHERE static inline float tp__erfcx_positive_f32(float x)
{
    const float root = 0.56418958354775628695f, z = x * x, y = 400 / (4 + x);       /* root: 1 / sqrt pi */
    const double back = 400 / (double)y - 4;
    if (x > 5e7f) return root / x;
    if (x > 50) return (float)((double)root * ((double)z * ((double)z + 4.5) + 2) / ((double)x * ((double)(z * (z + 5)) + 3.75)));
    return (float)tp__erfcx_positive(back < 0 ? 0 : back);
}
TP__ANYWHERE static inline float tp__erfcx_f32(float x)
{
    if (x != x) return x;
    if (x >= 0) return tp__erfcx_positive_f32(x);
    if ((double)x < -26.7) return INFINITY;
    const double whole = 2 * exp((double)(x * x));
    return (float)((double)x < -6.1 ? whole : whole - (double)tp__erfcx_positive_f32(-x));
}
/* By erf: far below 0 it is what this sum leaves */
TP__ANYWHERE static inline float tp__ndtr_f32(float x) { return (1 + (float)erf((double)(x * (float)(1 / TP__ROOT_2)))) * 0.5f; }
TP__ANYWHERE static inline float tp__log_ndtr_f32(float x)
{
    const float t = x * (float)(1 / TP__ROOT_2);
    return x < -1 ? logf(tp__erfcx_f32(-t) / 2) - t * t : log1pf(-erfcf(t) / 2);
}

/* ---- The inverse, entropy, the incomplete gamma functions ------------------------------------------------------------------------------ */

TP__ANYWHERE static inline double tp__ndtri(double p)
{
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    const bool upper = p > 0.5;
    const double q = upper ? 1 - p : p, t = sqrt(-2 * log(q));
    double x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;     /* A&S 26.2.23 */
    for (int step = 0; step < 3 && q < 0.5; step++) {
        const double off = (tp__ndtr(x) / q - 1) * (q * TP__ROOT_2_PI * exp(0.5 * x * x));
        x -= off / (1 + 0.5 * x * off);
    }
    return q == 0.5 ? 0 : upper ? -x : x;
}

TP__ANYWHERE static inline double tp__entr(double x) { return x != x ? x : x > 0 ? -x * log(x) : x == 0 ? 0 : -INFINITY; }

/* x^a e^-x / gamma(a + 1) */
TP__ANYWHERE static inline double tp__gamma_front(double a, double x)
{
    if (a < 20) return exp(a * log(x) - x) / tgamma(a + 1);
    const double d = (x - a) / a;                      /* by Stirling, about a: what cancels is taken together */
    const double z = 1 / (a * a);
    const double tail = (8.33333333333333333e-2 - z * (2.77777777777777778e-3
                         - z * (7.93650793650793651e-4 - z * 5.95238095238095238e-4))) / a;
    const double grows = fabs(d) < 0.5 ? log1p(d) - d : log(x / a) - d;
    return exp(a * grows - tail) / (TP__ROOT_2_PI * sqrt(a));
}

TP__ANYWHERE static inline double tp__gamma_p_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < 20000 && term > sum * 0x1p-55; k++) sum += term *= x / (a + k);
    return sum * tp__gamma_front(a, x);
}
TP__ANYWHERE static inline double tp__gamma_q_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int k = 1; k < 20000; k++) {
        const double n = -k * (k - a);
        b += 2;
        d = n * d + b;
        c = b + n / c;
        d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
        c = fabs(c) < 1e-300 ? 1e-300 : c;
        h *= d * c;
        if (fabs(d * c - 1) < 0x1p-53) break;
    }
    return h * tp__gamma_front(a, x) * a;
}

/* P(a, x), or 1 - P */
TP__ANYWHERE static inline double tp__igamma(double a, double x, bool complement)
{
    if (a < 0 || x < 0) return NAN;
    if (a == 0) return x > 0 ? !complement : NAN;
    if (x == 0) return complement;
    if (a == INFINITY) return x == INFINITY ? NAN : complement;
    if (x == INFINITY) return !complement;
    if (a != a || x != x) return NAN;
    if (x < a + 1) {
        const double p = tp__gamma_p_series(a, x);
        return complement ? 1 - p : p;
    }
    const double q = tp__gamma_q_fraction(a, x);
    return complement ? q : 1 - q;
}

#endif
