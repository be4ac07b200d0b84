/* polynomial.h: orthogonal polynomials of degree n by their recurrences; n < 0 gives 0. Of Chebyshev's, in (-1, 1) and at a
 * higher degree, by angles: with x = cos t
 *
 *   T_n = cos(n t)      U_n = sin((n + 1) t) / sin t      V_n = cos((n + 1/2) t) / cos(t / 2)      W_n = sin((n + 1/2) t) / sin(t / 2)
 *
 * A degree is a number of any dtype; its fraction is dropped. Above TP__FAR_DEGREE there are no recurrences: see polynomial_far.h. */
#ifndef TP__POLYNOMIAL_H
#define TP__POLYNOMIAL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"
#include "core/polynomial_far.h"

/* What follows is made for float64 and float32, in which PyTorch computes what is float32: rounded, and overflown, at
 * the same steps, products that are added to as one. COS .. are of T. */
#define TP__POLYNOMIALS(T, suffix, COS, SIN, ACOS, ABS, FMA, MOST_HERMITE) \
/* p_(k+1) = 2 x p_k - p_(k-1) */ \
TP__ANYWHERE static inline T tp__chebyshev_up##suffix(T x, int64_t n, T first) \
{ \
    T p = 1, q = first; \
    if (n == 0) return 1; \
    for (int64_t k = 2; k <= n && q == q; k++) { \
        const T r = FMA(2 * x, q, -p); \
        p = q; \
        q = r; \
    } \
    return q; \
} \
TP__ANYWHERE static inline T tp__chebyshev##suffix(char kind, T x, int64_t n) \
{ \
    const bool even = n % 2 == 0, inside = ABS(x) < 1; \
    const T m = (T)n, half = (T)0.5; \
    if (n < 0) return 0; \
    if (ABS(x) == 1) { \
        const T at_one = kind == 'T' || kind == 'V' ? 1 : kind == 'U' ? m + 1 : 2 * m + 1; \
        const T at_minus = kind == 'T' || kind == 'W' ? 1 : kind == 'U' ? m + 1 : 2 * m + 1; \
        return x > 0 ? at_one : even ? at_minus : -at_minus; \
    } \
    if (n > TP__FAR_DEGREE && ABS(x) > 1) return (T)tp__chebyshev_far(kind, x, n); \
    if (kind == 'T') return n > 6 && inside ? COS(m * ACOS(x)) : tp__chebyshev_up##suffix(x, n, x); \
    if (n <= 8 || !inside) return tp__chebyshev_up##suffix(x, n, kind == 'U' ? 2 * x : kind == 'V' ? 2 * x - 1 : 2 * x + 1); \
    const T t = ACOS(x); \
    if (kind == 'U') return SIN((m + 1) * t) / SIN(t); \
    return kind == 'V' ? COS((m + half) * t) / COS(t / 2) : SIN((m + half) * t) / SIN(t / 2); \
} \
/* Beyond a degree at which the result would overflow: NaN */ \
TP__ANYWHERE static inline T tp__hermite##suffix(bool probabilist, T x, int64_t n) \
{ \
    T p = 1, q = probabilist ? x : 2 * x; \
    if (n < 0) return 0; \
    if (n == 0) return 1; \
    if (n > MOST_HERMITE) return (T)NAN; \
    for (int64_t k = 1; k < n && q == q; k++) { \
        const T r = probabilist ? FMA(x, q, -((T)k * p)) : FMA(2 * x, q, -((T)(2 * k) * p)); \
        p = q; \
        q = r; \
    } \
    return q; \
} \
TP__ANYWHERE static inline T tp__laguerre##suffix(T x, int64_t n) \
{ \
    T p = 1, q = 1 - x; \
    if (n < 0) return 0; \
    if (n == 0 || x == 0) return 1; \
    if (n > TP__FAR_DEGREE) return (T)tp__laguerre_far(x, n); \
    for (int64_t k = 1; k < n && q == q; k++) { \
        const T r = FMA((T)(2 * k) + (1 - x), q, -((T)k * p)) / (T)(k + 1); \
        p = q; \
        q = r; \
    } \
    return q; \
} \
TP__ANYWHERE static inline T tp__legendre##suffix(T x, int64_t n) \
{ \
    T p = 1, q = x; \
    if (n < 0) return 0; \
    if (n == 0) return 1; \
    if (ABS(x) == 1) return x > 0 || n % 2 == 0 ? 1 : -1; \
    if (n > TP__FAR_DEGREE) return (T)tp__legendre_far(x, n); \
    for (int64_t k = 1; k < n && q == q; k++) { \
        const T r = FMA((T)(2 * k + 1) * x, q, -((T)k * p)) / (T)(k + 1); \
        p = q; \
        q = r; \
    } \
    return q; \
}
TP__POLYNOMIALS(double, , cos, sin, acos, fabs, fma, 512)
TP__POLYNOMIALS(float, _f32, cosf, sinf, acosf, fabsf, fmaf, 128)

#endif
