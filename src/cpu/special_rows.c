/* special_rows.c: the rows of core/rows/special.h. They are calls. */
#include "cpu/pointwise.h"

#define CALLED(name, N, types, single, dbl) \
    TP__CALLS(name##_F32, float, T, N, types, TP__NO_ATTR, single) TP__CALLS(name##_F64, double, T, N, types, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = N)
#define OF_ONE(name, function) CALLED(name, 1, (T), function((double)a), function(a))
#define OF_ONE_AS(name, single, dbl) CALLED(name, 1, (T), single, dbl)
#define OF_TWO(name, function) CALLED(name, 2, (T, T), function((double)a, (double)b), function(a, b))
#define OF_TWO_AS(name, single, dbl) CALLED(name, 2, (T, T), single, dbl)

#include "core/rows/special.h"

const tp_kernel tp__cpu_special_rows[] = {
    TP__ROW(i0) TP__ROW(special_i0e) TP__ROW(special_i1) TP__ROW(special_i1e) TP__ROW(special_modified_bessel_i1)
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
