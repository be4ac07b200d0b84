/* special.h: special functions in double precision, as rows for every backend, which says what OF_ONE(name, function) and OF_TWO are, and
 * OF_ONE_AS(name, in float32, in float64) and OF_TWO_AS, of those that have PyTorch's steps in float32. */
#ifndef TP__ROWS_SPECIAL_H
#define TP__ROWS_SPECIAL_H

#include "core/bessel.h"
#include "core/bessel_f32.h"
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

OF_ONE_AS(i0, tp__i0_f32(a), i0(a)) OF_ONE_AS(special_i0e, tp__i0e_f32(a), i0e(a))
OF_ONE_AS(special_i1, tp__i1_f32(a), i1(a)) OF_ONE_AS(special_i1e, tp__i1e_f32(a), i1e(a)) OF_ONE_AS(special_modified_bessel_i1, tp__modified_i1_f32(a), i1(a))
OF_ONE_AS(special_bessel_j0, tp__bessel_j_f32(0, a), bessel_j0(a)) OF_ONE_AS(special_bessel_j1, tp__bessel_j_f32(1, a), bessel_j1(a))
OF_ONE_AS(special_bessel_y0, tp__bessel_y_f32(0, a), bessel_y0(a)) OF_ONE_AS(special_bessel_y1, tp__bessel_y_f32(1, a), bessel_y1(a))
OF_ONE_AS(special_modified_bessel_k0, tp__modified_k_f32(0, a, false), bessel_k0(a))
OF_ONE_AS(special_modified_bessel_k1, tp__modified_k_f32(1, a, false), bessel_k1(a))
OF_ONE_AS(special_scaled_modified_bessel_k0, tp__modified_k_f32(0, a, true), scaled_k0(a))
OF_ONE_AS(special_scaled_modified_bessel_k1, tp__modified_k_f32(1, a, true), scaled_k1(a))
OF_ONE_AS(special_spherical_bessel_j0, tp__spherical_j0_f32(a), spherical_j0(a)) OF_ONE_AS(special_airy_ai, tp__airy_ai_f32(a), tp__airy_ai(a))
OF_ONE_AS(special_erfcx, tp__erfcx_f32(a), tp__erfcx(a)) OF_ONE_AS(special_ndtr, tp__ndtr_f32(a), tp__ndtr(a))
OF_ONE_AS(special_log_ndtr, tp__log_ndtr_f32(a), tp__log_ndtr(a)) OF_ONE(airy_ai_slope, tp__airy_ai_slope) OF_ONE(special_ndtri, tp__ndtri)
OF_ONE(special_entr, tp__entr)

TP__ANYWHERE static inline double igamma(double a, double x) { return tp__igamma(a, x, false); }
TP__ANYWHERE static inline double igammac(double a, double x) { return tp__igamma(a, x, true); }
TP__ANYWHERE static inline double xlog1py(double a, double b) { return b != b ? b : a == 0 ? 0 : a * log1p(b); }
TP__ANYWHERE static inline float xlog1py_f32(float a, float b) { return b != b ? b : a == 0 ? 0 : a * log1pf(b); }
OF_TWO_AS(special_zeta, tp__zeta_f32(a, b), tp__zeta_at(a, b)) OF_TWO_AS(special_xlog1py, xlog1py_f32(a, b), xlog1py(a, b))
OF_TWO(igamma, igamma) OF_TWO(igammac, igammac)

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

/* All of them, as entries of a table of kernels */
#define SPECIAL_ROWS \
    TP__ROW(i0) TP__ROW(special_i0e) TP__ROW(special_i1) TP__ROW(special_i1e) TP__ROW(special_modified_bessel_i1) \
    TP__ROW(special_bessel_j0) TP__ROW(special_bessel_j1) TP__ROW(special_bessel_y0) TP__ROW(special_bessel_y1) \
    TP__ROW(special_modified_bessel_k0) TP__ROW(special_modified_bessel_k1) \
    TP__ROW(special_scaled_modified_bessel_k0) TP__ROW(special_scaled_modified_bessel_k1) \
    TP__ROW(special_spherical_bessel_j0) TP__ROW(special_airy_ai) TP__ROW(airy_ai_slope) \
    TP__ROW(special_erfcx) TP__ROW(special_ndtr) TP__ROW(special_log_ndtr) TP__ROW(special_ndtri) TP__ROW(special_entr) \
    TP__ROW(special_zeta) TP__ROW(igamma) TP__ROW(igammac) TP__ROW(special_xlog1py) \
    TP__ROW(special_chebyshev_polynomial_t) TP__ROW(special_chebyshev_polynomial_u) \
    TP__ROW(special_chebyshev_polynomial_v) TP__ROW(special_chebyshev_polynomial_w) \
    TP__ROW(special_shifted_chebyshev_polynomial_t) TP__ROW(special_shifted_chebyshev_polynomial_u) \
    TP__ROW(special_shifted_chebyshev_polynomial_v) TP__ROW(special_shifted_chebyshev_polynomial_w) \
    TP__ROW(special_laguerre_polynomial_l) TP__ROW(special_legendre_polynomial_p) \
    TP__ROW(special_hermite_polynomial_h) TP__ROW(special_hermite_polynomial_he)

#endif
