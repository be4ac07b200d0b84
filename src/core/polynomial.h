/* polynomial.h: orthogonal polynomials of degree n by their recurrences; n < 0 gives 0. Of Chebyshev's, in (-1, 1) and at a
 * higher degree, by angles: with x = cos t
 *
 *   T_n = cos(n t)      U_n = sin((n + 1) t) / sin t      V_n = cos((n + 1/2) t) / cos(t / 2)      W_n = sin((n + 1/2) t) / sin(t / 2)
 *
 * A degree is a number of any dtype; its fraction is dropped. */
#ifndef TP__POLYNOMIAL_H
#define TP__POLYNOMIAL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"

/* p_(k+1) = 2 x p_k - p_(k-1) */
TP__ANYWHERE static inline double tp__chebyshev_up(double x, int64_t n, double first)
{
    double p = 1, q = first;
    if (n == 0) return 1;
    for (int64_t k = 2; k <= n && q == q; k++) {
        const double r = 2 * x * q - p;
        p = q;
        q = r;
    }
    return q;
}

TP__ANYWHERE static inline double tp__chebyshev(char kind, double x, int64_t n)
{
    const bool even = n % 2 == 0, inside = fabs(x) < 1;
    const double m = (double)n;
    if (n < 0) return 0;
    if (fabs(x) == 1) {
        const double at_one = kind == 'T' || kind == 'V' ? 1 : kind == 'U' ? m + 1 : 2 * m + 1;
        const double at_minus = kind == 'T' || kind == 'W' ? 1 : kind == 'U' ? m + 1 : 2 * m + 1;
        return x > 0 ? at_one : even ? at_minus : -at_minus;
    }
    if (kind == 'T') return n > 6 && inside ? cos(m * acos(x)) : tp__chebyshev_up(x, n, x);
    if (n <= 8 || !inside) return tp__chebyshev_up(x, n, kind == 'U' ? 2 * x : kind == 'V' ? 2 * x - 1 : 2 * x + 1);
    const double t = acos(x);
    if (kind == 'U') return sin((m + 1) * t) / sin(t);
    return kind == 'V' ? cos((m + 0.5) * t) / cos(0.5 * t) : sin((m + 0.5) * t) / sin(0.5 * t);
}

/* Beyond `most` the result would overflow: NaN */
TP__ANYWHERE static inline double tp__hermite(bool probabilist, double x, int64_t n, int64_t most)
{
    double p = 1, q = probabilist ? x : 2 * x;
    if (n < 0) return 0;
    if (n == 0) return 1;
    if (n > most) return NAN;
    for (int64_t k = 1; k < n && q == q; k++) {
        const double r = probabilist ? x * q - (double)k * p : 2 * x * q - 2 * (double)k * p;
        p = q;
        q = r;
    }
    return q;
}

TP__ANYWHERE static inline double tp__laguerre(double x, int64_t n)
{
    double p = 1, q = 1 - x;
    if (n < 0) return 0;
    if (n == 0 || x == 0) return 1;
    for (int64_t k = 1; k < n && q == q; k++) {
        const double m = (double)k, r = ((2 * m + 1 - x) * q - m * p) / (m + 1);
        p = q;
        q = r;
    }
    return q;
}

TP__ANYWHERE static inline double tp__legendre(double x, int64_t n)
{
    double p = 1, q = x;
    if (n < 0) return 0;
    if (n == 0) return 1;
    if (fabs(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1;
    for (int64_t k = 1; k < n && q == q; k++) {
        const double m = (double)k, r = ((2 * m + 1) * x * q - m * p) / (m + 1);
        p = q;
        q = r;
    }
    return q;
}

#endif
