/* special.h: special functions, by the names that they have in PyTorch. What holds for all ops is said in ops.h.
 *
 * Elementwise; integers and bool give float32. They are computed in double precision. */
#ifndef TAPER_OPS_SPECIAL_H
#define TAPER_OPS_SPECIAL_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Of one input ------------------------------------------------------------------------------------------------------------ */

TP_API tp_tensor *tp_i0(tp_tensor *x);                 /* the modified Bessel function I_0 */
TP_API tp_tensor *tp_i0_(tp_tensor *x);
#define TP__EACH_SPECIAL(X) \
    X(i1)        /* I_1 */                            X(i0e)        X(i1e)        /* times e^-|x| */ \
    X(bessel_j0) X(bessel_j1)                         X(bessel_y0)  X(bessel_y1)  /* Bessel functions J_n and Y_n; Y_n is NaN below 0 */ \
    X(modified_bessel_k0) X(modified_bessel_k1)       X(scaled_modified_bessel_k0) X(scaled_modified_bessel_k1)  /* K_n; times e^x */ \
    X(spherical_bessel_j0)  /* sin(x) / x */          X(airy_ai)    /* Airy's Ai */ \
    X(erfcx)     /* e^(x^2) erfc(x) */                X(entr)       /* -x ln x, -inf below 0 */ \
    X(ndtr)      /* the normal distribution's cumulative function */ \
    X(log_ndtr)  /* its logarithm */                  X(ndtri)      /* its inverse; NaN outside of [0, 1] */
#define TP__DECLARE_SPECIAL(name) TP_API tp_tensor *tp_special_##name(tp_tensor *x);
TP__EACH_SPECIAL(TP__DECLARE_SPECIAL)

/* ln of the multivariate gamma function of dimension p >= 1 (TP_ERR_ARGUMENT) */
TP_API tp_tensor *tp_mvlgamma(tp_tensor *x, int64_t p);

/* ---- Of two inputs, with broadcasting ---------------------------------------------------------------------------------------- */

/* The regularized incomplete gamma function P(a, x), and 1 - P. Gradient: x. With a needing one, backward is TP_ERR_UNSUPPORTED. */
TP_API tp_tensor *tp_igamma(tp_tensor *a, tp_tensor *x);
TP_API tp_tensor *tp_igamma_(tp_tensor *a, tp_tensor *x);
TP_API tp_tensor *tp_igammac(tp_tensor *a, tp_tensor *x);
TP_API tp_tensor *tp_igammac_(tp_tensor *a, tp_tensor *x);
/* Numbers may stand for tensors in these. */
TP_API tp_tensor *tp_special_xlog1py_with(tp_operand a, tp_operand b);   /* a ln(1 + b), 0 where a is 0 and b is no NaN */
TP_API tp_tensor *tp_special_zeta_with(tp_operand s, tp_operand x);      /* Hurwitz's, sum_k (x + k)^-s, s > 1. Gradient: x, as igamma */
/* Orthogonal polynomials of x and degree n: Chebyshev's four kinds, those of 2x - 1, Hermite's two, Laguerre's and Legendre's. No gradients.
 * Above a degree of 65536 the last two, and Chebyshev's of |x| > 1, are by closed forms, right to about 1/n, and not by n steps. */
#define TP__EACH_SPECIAL_POLYNOMIAL(X) \
    X(chebyshev_polynomial_t) X(chebyshev_polynomial_u) X(chebyshev_polynomial_v) X(chebyshev_polynomial_w) \
    X(shifted_chebyshev_polynomial_t) X(shifted_chebyshev_polynomial_u) X(shifted_chebyshev_polynomial_v) X(shifted_chebyshev_polynomial_w) \
    X(hermite_polynomial_h) X(hermite_polynomial_he) X(laguerre_polynomial_l) X(legendre_polynomial_p)
#define TP__DECLARE_SPECIAL_POLYNOMIAL(name) TP_API tp_tensor *tp_special_##name##_with(tp_operand x, tp_operand n);
TP__EACH_SPECIAL_POLYNOMIAL(TP__DECLARE_SPECIAL_POLYNOMIAL)

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_special_xlog1py(a, b)                        tp_special_xlog1py_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_special_zeta(s, x)                           tp_special_zeta_with(TP__OPERAND(s), TP__OPERAND(x))
#define tp_special_chebyshev_polynomial_t(x, n)         tp_special_chebyshev_polynomial_t_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_chebyshev_polynomial_u(x, n)         tp_special_chebyshev_polynomial_u_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_chebyshev_polynomial_v(x, n)         tp_special_chebyshev_polynomial_v_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_chebyshev_polynomial_w(x, n)         tp_special_chebyshev_polynomial_w_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_shifted_chebyshev_polynomial_t(x, n) tp_special_shifted_chebyshev_polynomial_t_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_shifted_chebyshev_polynomial_u(x, n) tp_special_shifted_chebyshev_polynomial_u_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_shifted_chebyshev_polynomial_v(x, n) tp_special_shifted_chebyshev_polynomial_v_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_shifted_chebyshev_polynomial_w(x, n) tp_special_shifted_chebyshev_polynomial_w_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_hermite_polynomial_h(x, n)           tp_special_hermite_polynomial_h_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_hermite_polynomial_he(x, n)          tp_special_hermite_polynomial_he_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_laguerre_polynomial_l(x, n)          tp_special_laguerre_polynomial_l_with(TP__OPERAND(x), TP__OPERAND(n))
#define tp_special_legendre_polynomial_p(x, n)          tp_special_legendre_polynomial_p_with(TP__OPERAND(x), TP__OPERAND(n))
#else
inline tp_tensor *tp_special_xlog1py(tp_operand a, tp_operand b) { return tp_special_xlog1py_with(a, b); }
inline tp_tensor *tp_special_zeta(tp_operand s, tp_operand x) { return tp_special_zeta_with(s, x); }
#define TP__INLINE_SPECIAL_POLYNOMIAL(name) inline tp_tensor *tp_special_##name(tp_operand x, tp_operand n) { return tp_special_##name##_with(x, n); }
TP__EACH_SPECIAL_POLYNOMIAL(TP__INLINE_SPECIAL_POLYNOMIAL)
#endif

#endif
