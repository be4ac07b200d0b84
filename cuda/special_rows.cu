/* special_rows.cu: the rows of core/rows/special.h. They take long beside memory, so that one loop reads and writes all dtypes: in float64, but
 * for those that have steps of their own in float32. */
#include "cuda/pointwise.cuh"

#define OF_ONE(name, function) TP__RARE(name, 1, TP__NO_ATTR, function(a))
#define OF_ONE_AS(name, single, dbl) \
    TP__LOOP(name##_F32, float, T, 1, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 1, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, 1, tpc_rare<name##_F32>, name##_F64, tpc_no_loop, 0, false, 0)
#define OF_TWO(name, function) TP__RARE(name, 2, TP__NO_ATTR, function(a, b))
#define OF_TWO_AS(name, single, dbl) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, 2, tpc_rare<name##_F32>, name##_F64, tpc_no_loop, 0, false, 0)

#include "core/rows/special.h"

extern "C" const tp_kernel tp__cuda_special_rows[] = {
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
