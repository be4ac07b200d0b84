/* polynomial_far.h: orthogonal polynomials of a degree so high that a recurrence would take as long as the degree, and could be as high as an
 * integer is. In double precision, with a relative error of about 1/n beside the greatest value nearby; NaN where the result overflows.
 *
 *   Chebyshev, x = +-cosh t      T_n = cosh(n t)     U_n = sinh((n + 1) t) / sinh t     V_n = cosh((n + 1/2) t) / cosh(t / 2)     W_n by sinh
 *   Legendre, x = +-cos t        P_n = sqrt(t / sin t) J_0((n + 1/2) t), and with x = +-cosh t of sinh and I_0        (DLMF 18.15.iii, 14.15.iii)
 *   Laguerre, v = 4 n + 2, x = v sin^2 s, with r = (s + sin s cos s) / 2
 *                                L_n = e^(x/2) sqrt(r / (sin s cos s)) J_0(v r), and with x = -v sinh^2 s of sinh, cosh and I_0     (18.15.iv) */
#ifndef TP__POLYNOMIAL_FAR_H
#define TP__POLYNOMIAL_FAR_H

#include "core/bessel.h"

#define TP__FAR_DEGREE 65536

TP__ANYWHERE static inline double tp__finite(double y) { return isinf(y) ? NAN : y; }

/* (e^(a - b) + sign e^(-a - b)) / 2 */
TP__ANYWHERE static inline double tp__hyperbolic(double a, double b, double sign) { return (exp(a - b) + sign * exp(-a - b)) / 2; }

/* |x| > 1; of kind T, U, V or W */
TP__ANYWHERE static inline double tp__chebyshev_far(char kind, double x, int64_t n)
{
    const double t = acosh(fabs(x)), m = (double)n, sign = x < 0 && n % 2 ? -1 : 1;
    if (kind == 'T') return tp__finite(sign * tp__hyperbolic(m * t, 0, 1));
    if (kind == 'U') return tp__finite(sign * tp__hyperbolic((m + 1) * t, 0, -1) / sinh(t));
    const bool even = (kind == 'V') == (x > 0);                /* V_n(-x) = (-1)^n W_n(x) */
    return tp__finite(sign * tp__hyperbolic((m + 0.5) * t, 0, even ? 1 : -1) / (even ? cosh(t / 2) : sinh(t / 2)));
}

/* |x| is not 1 */
TP__ANYWHERE static inline double tp__legendre_far(double x, int64_t n)
{
    const double m = (double)n + 0.5, sign = x < 0 && n % 2 ? -1 : 1;
    const double t = fabs(x) < 1 ? acos(fabs(x)) : acosh(fabs(x));
    if (fabs(x) < 1) return sign * sqrt(t / sin(t)) * j0(m * t);
    return tp__finite(sign * sqrt(t / sinh(t)) * tp__bessel_i(0, m * t, false));
}

/* x is not 0 */
TP__ANYWHERE static inline double tp__laguerre_far(double x, int64_t n)
{
    const double v = 4 * (double)n + 2, root = sqrt(fabs(x) / v);
    if (!(x < v)) return NAN;
    const double other = sqrt(x > 0 ? 1 - root * root : 1 + root * root), s = x > 0 ? asin(root) : asinh(root), r = (s + root * other) / 2;
    const double scale = sqrt(r / (root * other));
    if (x > 0) return tp__finite(exp(x / 2) * scale * j0(v * r));
    return tp__finite(exp(v * r + x / 2) * scale * tp__bessel_i(0, v * r, true));
}

#endif
