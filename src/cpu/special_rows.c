/* special_rows.c: the special functions of special.h as rows. They are calls, in double precision. */
#include "cpu/pointwise.h"
#include "cpu/special.h"

#define CALLED(name, N, types, single, dbl) \
    TP__CALLS(name##_F32, float, T, N, types, TP__NO_ATTR, single) TP__CALLS(name##_F64, double, T, N, types, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = N)
#define OF_ONE(name, function) CALLED(name, 1, (T), function((double)a), function(a))
#define OF_TWO(name, function) CALLED(name, 2, (T, T), function((double)a, (double)b), function(a, b))

static double i0(double x) { return tp__bessel_i(0, x, false); }
static double i0e(double x) { return tp__bessel_i(0, x, true); }
static double i1(double x) { return tp__bessel_i(1, x, false); }
static double i1e(double x) { return tp__bessel_i(1, x, true); }
static double bessel_k0(double x) { return tp__bessel_k(0, x, false); }
static double bessel_k1(double x) { return tp__bessel_k(1, x, false); }
static double scaled_k0(double x) { return tp__bessel_k(0, x, true); }
static double scaled_k1(double x) { return tp__bessel_k(1, x, true); }
static double bessel_j0(double x) { return isinf(x) ? NAN : j0(x); }       /* NaN where C has 0, as PyTorch */
static double bessel_j1(double x) { return isinf(x) ? NAN : j1(x); }
static double bessel_y0(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y0(x); }
static double bessel_y1(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y1(x); }
static double spherical_j0(double x) { return isinf(x) ? 0 : x == 0 ? 1 : sin(x) / x; }

OF_ONE(i0, i0) OF_ONE(special_i0e, i0e) OF_ONE(special_i1, i1) OF_ONE(special_i1e, i1e)
OF_ONE(special_bessel_j0, bessel_j0) OF_ONE(special_bessel_j1, bessel_j1) OF_ONE(special_bessel_y0, bessel_y0) OF_ONE(special_bessel_y1, bessel_y1)
OF_ONE(special_modified_bessel_k0, bessel_k0) OF_ONE(special_modified_bessel_k1, bessel_k1)
OF_ONE(special_scaled_modified_bessel_k0, scaled_k0) OF_ONE(special_scaled_modified_bessel_k1, scaled_k1)
OF_ONE(special_spherical_bessel_j0, spherical_j0) OF_ONE(special_airy_ai, tp__airy_ai) OF_ONE(airy_ai_slope, tp__airy_ai_slope)
OF_ONE(special_erfcx, tp__erfcx) OF_ONE(special_ndtr, tp__ndtr) OF_ONE(special_log_ndtr, tp__log_ndtr) OF_ONE(special_ndtri, tp__ndtri)
OF_ONE(special_entr, tp__entr)

static double igamma(double a, double x) { return tp__igamma(a, x, false); }
static double igammac(double a, double x) { return tp__igamma(a, x, true); }
static double xlog1py(double a, double b) { return b != b ? b : a == 0 ? 0 : a * log1p(b); }
OF_TWO(special_zeta, tp__zeta) OF_TWO(igamma, igamma) OF_TWO(igammac, igammac) OF_TWO(special_xlog1py, xlog1py)

/* ---- Polynomials: b is the degree -------------------------------------------------------------------------------------------------- */

static int64_t degree(double n) { return n > -1 && n < 0x1p62 ? (int64_t)n : -1; }
#define CHEBYSHEV(small, KIND) \
    static double chebyshev_##small(double x, double n) { return tp__chebyshev(KIND, x, degree(n)); } \
    static double shifted_##small(double x, double n) { return tp__chebyshev(KIND, 2 * x - 1, degree(n)); } \
    OF_TWO(special_chebyshev_polynomial_##small, chebyshev_##small) OF_TWO(special_shifted_chebyshev_polynomial_##small, shifted_##small)
CHEBYSHEV(t, 'T') CHEBYSHEV(u, 'U') CHEBYSHEV(v, 'V') CHEBYSHEV(w, 'W')
static double laguerre(double x, double n) { return tp__laguerre(x, degree(n)); }
static double legendre(double x, double n) { return tp__legendre(x, degree(n)); }
OF_TWO(special_laguerre_polynomial_l, laguerre) OF_TWO(special_legendre_polynomial_p, legendre)
enum { MOST_F32 = 128, MOST_F64 = 512 };               /* degrees, beyond which PyTorch gives NaN */
CALLED(special_hermite_polynomial_h, 2, (T, T), tp__hermite(false, (double)a, degree((double)b), MOST_F32), tp__hermite(false, a, degree(b), MOST_F64))
CALLED(special_hermite_polynomial_he, 2, (T, T), tp__hermite(true, (double)a, degree((double)b), MOST_F32), tp__hermite(true, a, degree(b), MOST_F64))

const tp_kernel tp__cpu_special_rows[] = {
    TP__ROW(i0) TP__ROW(special_i0e) TP__ROW(special_i1) TP__ROW(special_i1e)
    TP__ROW(special_bessel_j0) TP__ROW(special_bessel_j1) TP__ROW(special_bessel_y0) TP__ROW(special_bessel_y1)
    TP__ROW(special_modified_bessel_k0) TP__ROW(special_modified_bessel_k1) TP__ROW(special_scaled_modified_bessel_k0) TP__ROW(special_scaled_modified_bessel_k1)
    TP__ROW(special_spherical_bessel_j0) TP__ROW(special_airy_ai) TP__ROW(airy_ai_slope)
    TP__ROW(special_erfcx) TP__ROW(special_ndtr) TP__ROW(special_log_ndtr) TP__ROW(special_ndtri) TP__ROW(special_entr)
    TP__ROW(special_zeta) TP__ROW(igamma) TP__ROW(igammac) TP__ROW(special_xlog1py)
    TP__ROW(special_chebyshev_polynomial_t) TP__ROW(special_chebyshev_polynomial_u) TP__ROW(special_chebyshev_polynomial_v) TP__ROW(special_chebyshev_polynomial_w)
    TP__ROW(special_shifted_chebyshev_polynomial_t) TP__ROW(special_shifted_chebyshev_polynomial_u)
    TP__ROW(special_shifted_chebyshev_polynomial_v) TP__ROW(special_shifted_chebyshev_polynomial_w)
    TP__ROW(special_laguerre_polynomial_l) TP__ROW(special_legendre_polynomial_p) TP__ROW(special_hermite_polynomial_h) TP__ROW(special_hermite_polynomial_he)
    { NULL, NULL, NULL },
};
