/* special.h: special functions in double precision, as rows for every backend, which says what OF_ONE(name, function) and OF_TWO are, and
 * OF_TWO_AS(name, in float32, in float64). */
#ifndef TP__ROWS_SPECIAL_H
#define TP__ROWS_SPECIAL_H

#include "core/bessel.h"
#include "core/gamma.h"
#include "core/normal.h"
#include "core/polynomial.h"

TP__ANYWHERE static inline double i0(double x) { return tp__bessel_i(0, x, false); }
TP__ANYWHERE static inline double i0e(double x) { return tp__bessel_i(0, x, true); }
TP__ANYWHERE static inline double i1(double x) { return tp__bessel_i(1, x, false); }
TP__ANYWHERE static inline double i1e(double x) { return tp__bessel_i(1, x, true); }
TP__ANYWHERE static inline double bessel_k0(double x) { return tp__bessel_k(0, x, false); }
TP__ANYWHERE static inline double bessel_k1(double x) { return tp__bessel_k(1, x, false); }
TP__ANYWHERE static inline double scaled_k0(double x) { return tp__bessel_k(0, x, true); }
TP__ANYWHERE static inline double scaled_k1(double x) { return tp__bessel_k(1, x, true); }
TP__ANYWHERE static inline double bessel_j0(double x) { return isinf(x) ? NAN : j0(x); }       /* NaN where C has 0, as PyTorch */
TP__ANYWHERE static inline double bessel_j1(double x) { return isinf(x) ? NAN : j1(x); }
TP__ANYWHERE static inline double bessel_y0(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y0(x); }
TP__ANYWHERE static inline double bessel_y1(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y1(x); }
TP__ANYWHERE static inline double spherical_j0(double x) { return isinf(x) ? 0 : x == 0 ? 1 : sin(x) / x; }

OF_ONE(i0, i0) OF_ONE(special_i0e, i0e) OF_ONE(special_i1, i1) OF_ONE(special_i1e, i1e)
OF_ONE(special_bessel_j0, bessel_j0) OF_ONE(special_bessel_j1, bessel_j1) OF_ONE(special_bessel_y0, bessel_y0) OF_ONE(special_bessel_y1, bessel_y1)
OF_ONE(special_modified_bessel_k0, bessel_k0) OF_ONE(special_modified_bessel_k1, bessel_k1)
OF_ONE(special_scaled_modified_bessel_k0, scaled_k0) OF_ONE(special_scaled_modified_bessel_k1, scaled_k1)
OF_ONE(special_spherical_bessel_j0, spherical_j0) OF_ONE(special_airy_ai, tp__airy_ai) OF_ONE(airy_ai_slope, tp__airy_ai_slope)
OF_ONE(special_erfcx, tp__erfcx) OF_ONE(special_ndtr, tp__ndtr) OF_ONE(special_log_ndtr, tp__log_ndtr) OF_ONE(special_ndtri, tp__ndtri)
OF_ONE(special_entr, tp__entr)

TP__ANYWHERE static inline double igamma(double a, double x) { return tp__igamma(a, x, false); }
TP__ANYWHERE static inline double igammac(double a, double x) { return tp__igamma(a, x, true); }
TP__ANYWHERE static inline double xlog1py(double a, double b) { return b != b ? b : a == 0 ? 0 : a * log1p(b); }
OF_TWO(special_zeta, tp__zeta_at) OF_TWO(igamma, igamma) OF_TWO(igammac, igammac) OF_TWO(special_xlog1py, xlog1py)

/* ---- Polynomials: b is the degree -------------------------------------------------------------------------------------------------- */

TP__ANYWHERE static inline int64_t degree(double n) { return n > -1 && n < 0x1p62 ? (int64_t)n : -1; }
#define CHEBYSHEV(small, KIND) \
    OF_TWO_AS(special_chebyshev_polynomial_##small, tp__chebyshev_f32(KIND, a, degree((double)b)), tp__chebyshev(KIND, a, degree(b))) \
    OF_TWO_AS(special_shifted_chebyshev_polynomial_##small, tp__chebyshev_f32(KIND, 2 * a - 1, degree((double)b)), \
              tp__chebyshev(KIND, 2 * a - 1, degree(b)))
CHEBYSHEV(t, 'T') CHEBYSHEV(u, 'U') CHEBYSHEV(v, 'V') CHEBYSHEV(w, 'W')
OF_TWO_AS(special_laguerre_polynomial_l, tp__laguerre_f32(a, degree((double)b)), tp__laguerre(a, degree(b)))
OF_TWO_AS(special_legendre_polynomial_p, tp__legendre_f32(a, degree((double)b)), tp__legendre(a, degree(b)))
OF_TWO_AS(special_hermite_polynomial_h, tp__hermite_f32(false, a, degree((double)b)), tp__hermite(false, a, degree(b)))
OF_TWO_AS(special_hermite_polynomial_he, tp__hermite_f32(true, a, degree((double)b)), tp__hermite(true, a, degree(b)))

#endif
