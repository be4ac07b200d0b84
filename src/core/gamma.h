/* gamma.h: the derivatives of the gamma function's logarithm, and Hurwitz's zeta, for every backend.
 *
 *   digamma(x)      = ln x - 1 / 2x - sum_k B_2k / (2k x^2k)                  for large x, after stepping up by psi(x) = psi(x + 1) - 1 / x
 *   polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x),  zeta(s, x) = sum_k (x + k)^-s by Euler and Maclaurin */
#ifndef TP__GAMMA_H
#define TP__GAMMA_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"

TP__ANYWHERE static inline double tp__digamma_positive(double x)
{
    double below = 0;
    for (; x < 10; x++) below += 1 / x;
    const double z = 1 / (x * x);
    double tail = 8.33333333333333333333e-2;
    tail = tail * z - 2.10927960927960927961e-2;
    tail = tail * z + 7.57575757575757575758e-3;
    tail = tail * z - 4.16666666666666666667e-3;
    tail = tail * z + 3.96825396825396825397e-3;
    tail = tail * z - 8.33333333333333333333e-3;
    tail = tail * z + 8.33333333333333333333e-2;
    return log(x) - 0.5 / x - z * tail - below;
}

TP__ANYWHERE static inline double tp__digamma_at(double x)
{
    const double pi = 3.14159265358979323846;
    if (x == 0) return copysign(INFINITY, -x);
    if (x > 0 || x != x) return x < INFINITY ? tp__digamma_positive(x) : x;
    const double whole = trunc(x), part = x - whole;   /* psi(1 - x) - psi(x) = pi / tan(pi x) */
    return part == 0 ? NAN : tp__digamma_positive(1 - x) - pi / tan(pi * part);
}

/* With PyTorch's steps in float32: stepped up to 10, where the value is known, or beyond. */
TP__ANYWHERE static inline float tp__digamma_positive_f32(float x)
{
    float sum = 0, tail = 0;
    for (; x < 10; x++) sum -= 1 / x;
    if (x == 10) return sum + 2.25175258906672110764f;
    if (x < 1e17f) {
        const float z = 1 / (x * x);
        tail = 8.33333333333333333333e-2f;
        tail = fmaf(tail, z, -2.10927960927960927961e-2f);
        tail = fmaf(tail, z, 7.57575757575757575758e-3f);
        tail = fmaf(tail, z, -4.16666666666666666667e-3f);
        tail = fmaf(tail, z, 3.96825396825396825397e-3f);
        tail = fmaf(tail, z, -8.33333333333333333333e-3f);
        tail = fmaf(tail, z, 8.33333333333333333333e-2f);
        tail *= z;
    }
    return sum + logf(x) - 0.5f / x - tail;
}

TP__ANYWHERE static inline float tp__digamma_f32(float x)
{
    const double pi = 3.14159265358979323846;
    if (x == 0) return copysignf(INFINITY, -x);
    if (x > 0 || x != x) return x < INFINITY ? tp__digamma_positive_f32(x) : x;
    const float part = x - truncf(x);
    return part == 0 ? NAN : tp__digamma_positive_f32(1 - x) - (float)(pi / tan(pi * (double)part));
}

/* zeta(s, x), x > 0 */
TP__ANYWHERE static inline double tp__zeta_positive(double s, double x)
{
    enum { TERMS = 12 };
    const double over_b[TERMS] = {                     /* (2k)! / B_2k */
        12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
        1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18 };
    double sum = 0, a = x;
    for (int k = 0; k < 10; k++, a++) sum += pow(a, -s);
    double term = pow(a, -s), rising = 1;
    sum += term * a / (s - 1) + 0.5 * term;
    for (int k = 0; k < TERMS; k++) {
        rising *= s + 2 * k;
        term /= a;
        const double t = rising * term / over_b[k];
        sum += t;
        if (fabs(t) < fabs(sum) * 0x1p-53) break;
        rising *= s + 2 * k + 1;
        term /= a;
    }
    return sum;
}

/* zeta(s, x) of an integral s > 1; below 0, with x = r - m, the terms of r - 1 .. r - m are those of 1 - r .. m - r up to their sign */
TP__ANYWHERE static inline double tp__zeta_any(double s, double x)
{
    if (x > 0 || x != x) return x < INFINITY ? tp__zeta_positive(s, x) : x > 0 ? 0 : x;
    if (floor(x) == x) return INFINITY;
    const double r = x - floor(x), below = tp__zeta_positive(s, 1 - r) - tp__zeta_positive(s, 1 - x);
    return tp__zeta_positive(s, r) + (fmod(s, 2.0) != 0 ? -below : below);
}

TP__ANYWHERE static inline double tp__zeta_at(double s, double x)
{
    if (s == 1) return INFINITY;
    if (s < 1) return NAN;
    if (x <= 0 && floor(x) == x) return INFINITY;
    if (s != s || x != x || x == INFINITY) return NAN;
    if (s == INFINITY) return x == 1 ? 1 : NAN;        /* as PyTorch */
    if (x < 0 && floor(s) != s) return NAN;            /* a power of what is negative */
    return tp__zeta_any(s, x);
}

/* With PyTorch's steps: its first term is rounded to float32 */
TP__ANYWHERE static inline float tp__zeta_f32(float s, float x)
{
    const double y = tp__zeta_at((double)s, (double)x);
    return fabs(y) < 1e38 ? (float)(y + ((double)powf(x, -s) - pow((double)x, -(double)s))) : (float)y;
}

/* lgamma: of n + 1 */
TP__ANYWHERE static inline double tp__polygamma_at(int64_t n, double x, double lgamma)
{
    if (n == 0) return tp__digamma_at(x);
    if (n == 1 ? x == -INFINITY : x == INFINITY) return NAN;     /* as PyTorch */
    const double y = exp(lgamma) * tp__zeta_any((double)n + 1, x);
    return n % 2 ? y : -y;
}

/* polygamma 1 with PyTorch's steps in float32, which decide what there is near a pole: reflected at 1/2, carried on by 6, Stirling's series */
TP__ANYWHERE static inline float tp__trigamma_f32(float x)
{
    const float pi = 3.14159265358979323846f;
    const bool reflected = x < 0.5f;
    const float s = sinf(pi * x);
    float sum = reflected ? -(pi * pi) / (s * s) : 0, a = reflected ? 1 - x : x;
    for (int k = 0; k < 6; k++, a++) sum += 1 / (a * a);
    const float z = 1 / (a * a);
    sum += fmaf(z, fmaf(-z, fmaf(-z, 1.0f / 42, 1.0f / 30), 1.0f / 6), 1 + 1 / (2 * a)) / a;
    return reflected ? -sum : sum;
}

TP__ANYWHERE static inline float tp__polygamma_f32(int64_t n, float x, double lgamma)
{
    if (n == 0) return tp__digamma_f32(x);
    if (n == 1) return tp__trigamma_f32(x);
    if (x == INFINITY) return NAN;                     /* as PyTorch */
    const float y = expf((float)lgamma) * tp__zeta_f32((float)n + 1, x);
    return n % 2 ? y : -y;
}

#endif
