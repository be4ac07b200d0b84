/* pointwise.h: arithmetic and elementwise functions. What holds for all ops is said in ops.h. Arithmetic, powers, exponentials,
 * logarithms, trigonometric and hyperbolic functions take complex numbers; others refuse them (TP_ERR_DTYPE). */
#ifndef TAPER_OPS_POINTWISE_H
#define TAPER_OPS_POINTWISE_H

#include <taper/core.h>

#define TP__EACH_POINTWISE_OP_OPTIONS(X)

typedef enum tp_rounding { TP_ROUND_NONE = 0, TP_ROUND_TRUNC, TP_ROUND_FLOOR } tp_rounding;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Arithmetic: y = a (op) b with broadcasting; a and b are tensors, or one of them a number -------------------------- */

TP_API tp_tensor *tp_add(tp_tensor *a, tp_tensor *b);  /* `tp_add` without parentheses is this function of two tensors */
TP_API tp_tensor *tp_sub(tp_tensor *a, tp_tensor *b);  /* not bool */
TP_API tp_tensor *tp_mul(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_div(tp_tensor *a, tp_tensor *b);  /* true division: integers give float32 */
TP_API tp_tensor *tp_add_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_sub_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_mul_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_div_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_rsub_with(tp_operand a, tp_operand b);              /* b - a */
TP_API tp_tensor *tp_add_alpha_with(tp_operand a, tp_operand b, tp_operand alpha);       /* a + alpha b; alpha: no real of integers */
TP_API tp_tensor *tp_sub_alpha_with(tp_operand a, tp_operand b, tp_operand alpha);       /* a - alpha b */
/* The dtype that the results of these have, as torch.result_type; 0 for a tensor that is NULL. */
TP_API tp_dtype tp_result_type_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_eq(tp_tensor *a, tp_tensor *b);   /* bool; no gradient */
TP_API tp_tensor *tp_eq_with(tp_operand a, tp_operand b);

/* Division rounded towards zero (TP_ROUND_TRUNC) or down (TP_ROUND_FLOOR), in the result type; its gradient is zero. An integer divided
 * by zero is TP_ERR_ARGUMENT, here and in the next three; not bool. */
TP_API tp_tensor *tp_div_mode_with(tp_operand a, tp_operand b, tp_rounding mode);
TP_API tp_tensor *tp_floor_divide_with(tp_operand a, tp_operand b);      /* the same as TP_ROUND_FLOOR, and not differentiated */
TP_API tp_tensor *tp_remainder_with(tp_operand a, tp_operand b);         /* a - b floor(a / b): the sign of b */
TP_API tp_tensor *tp_fmod_with(tp_operand a, tp_operand b);              /* a - b trunc(a / b): the sign of a */
TP_API tp_tensor *(tp_remainder)(tp_tensor *a, tp_tensor *b);

/* a^b in the result type; not bool. Integers to a negative power: 0, but of 1 and -1; if that is a number, TP_ERR_ARGUMENT.
 * float_power is computed in float64. */
TP_API tp_tensor *tp_pow_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_float_power_with(tp_operand a, tp_operand b);

/* a + weight (b - a): a and b of one floating dtype, weight a number or a tensor */
TP_API tp_tensor *tp_lerp_with(tp_tensor *a, tp_tensor *b, tp_operand weight);
/* x + value a b, x + value a / b; value is a number. addcdiv: floating a or b */
TP_API tp_tensor *tp_addcmul_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value);
TP_API tp_tensor *tp_addcdiv_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value);

/* In place. TP_ERR_STATE: the result does not fit a's shape or dtype, a is a leaf that requires grad while recording, or an
 * error is unread. */
TP_API tp_tensor *tp_add__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_sub__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_mul__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_div__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_add__alpha_with(tp_tensor *a, tp_operand b, tp_operand alpha);
TP_API tp_tensor *tp_sub__alpha_with(tp_tensor *a, tp_operand b, tp_operand alpha);
TP_API tp_tensor *tp_eq__with(tp_tensor *a, tp_operand b);       /* 0 or 1 in a's dtype */
TP_API tp_tensor *tp_div__mode_with(tp_tensor *a, tp_operand b, tp_rounding mode);
TP_API tp_tensor *tp_floor_divide__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_remainder__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_fmod__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_pow__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_float_power__with(tp_tensor *a, tp_operand b);      /* a is float64 */
TP_API tp_tensor *tp_lerp__with(tp_tensor *a, tp_tensor *b, tp_operand weight);
TP_API tp_tensor *tp_addcmul__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value);
TP_API tp_tensor *tp_addcdiv__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value);

/* ---- Functions: integers and bool give float32. Each has an in-place form, NAME_ ---------------------------------------- */

#define TP__EACH_FUNCTION(X) \
    X(exp)      /* e^x */                  X(exp2)     /* 2^x */              X(expm1)  /* e^x - 1 */ \
    X(log)      /* ln x */                 X(log2)     X(log10)               X(log1p)  /* ln(1 + x) */ \
    X(sqrt)     X(rsqrt)  /* x^(-1/2) */   X(reciprocal)                      X(sigmoid)  /* 1 / (1 + e^-x) */ \
    X(sin)      X(cos)    X(tan)           X(asin)     X(acos)    X(atan)     /* radians */ \
    X(sinh)     X(cosh)   X(tanh)          X(asinh)    X(acosh)   X(atanh) \
    X(erf)      X(erfc)   /* 1 - erf(x) */ X(erfinv)   /* NaN beyond -1 and 1 */ \
    X(lgamma)   /* ln |gamma(x)| */        X(digamma)  /* its derivative */ \
    X(deg2rad)  X(rad2deg)
/* These keep integers. frac, x - trunc(x), takes none; square of bool is int64; the others take no bool. round: half to even. The
 * gradient of floor, ceil, trunc and round is zero. */
#define TP__EACH_NUMBER_FUNCTION(X) X(neg) X(square) X(floor) X(ceil) X(trunc) X(round) X(frac)

#define TP__DECLARE_FUNCTION(name) TP_API tp_tensor *tp_##name(tp_tensor *x); TP_API tp_tensor *tp_##name##_(tp_tensor *x);
TP__EACH_FUNCTION(TP__DECLARE_FUNCTION)
TP__EACH_NUMBER_FUNCTION(TP__DECLARE_FUNCTION)

/* x rounded to so many decimals, or to tens and hundreds where that is negative. Floating dtypes; the gradient is zero. */
TP_API tp_tensor *tp_round_decimals(tp_tensor *x, int decimals);
TP_API tp_tensor *tp_round_decimals_(tp_tensor *x, int decimals);
/* sin(pi x) / (pi x), 1 at 0 */
TP_API tp_tensor *tp_sinc(tp_tensor *x);
TP_API tp_tensor *tp_sinc_(tp_tensor *x);
/* ln(x / (1 - x)); with eps x is first held in [eps, 1 - eps], beyond which the gradient is 0 */
TP_API tp_tensor *tp_logit(tp_tensor *x);
TP_API tp_tensor *tp_logit_(tp_tensor *x);
TP_API tp_tensor *tp_logit_eps(tp_tensor *x, double eps);
TP_API tp_tensor *tp_logit_eps_(tp_tensor *x, double eps);
/* The n-th derivative of digamma, n >= 0 (TP_ERR_ARGUMENT) */
TP_API tp_tensor *tp_polygamma(int64_t n, tp_tensor *x);
TP_API tp_tensor *tp_polygamma_(tp_tensor *x, int64_t n);

/* ---- Of two inputs, with broadcasting ------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_atan2(tp_tensor *a, tp_tensor *b);                  /* the angle of the point (b, a), in [-pi, pi] */
TP_API tp_tensor *tp_atan2_(tp_tensor *a, tp_tensor *b);
/* sqrt(a^2 + b^2), ln(e^a + e^b), log2(2^a + 2^b), none of which overflows on the way; floating dtypes */
TP_API tp_tensor *tp_hypot(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_hypot_(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logaddexp(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logaddexp2(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_gcd(tp_tensor *a, tp_tensor *b);  /* of integers, at least 0; as lcm without gradient */
TP_API tp_tensor *tp_lcm(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_ldexp(tp_tensor *a, tp_tensor *b);                  /* a 2^b */
/* x = mantissa 2^exponent, the mantissa in [1/2, 1), or 0; floating. The exponent is int32, at *exponent unless that is NULL. */
TP_API tp_tensor *tp_frexp(tp_tensor *x, tp_tensor **exponent);
TP_API tp_tensor *tp_nextafter(tp_tensor *a, tp_tensor *b);              /* the number next to a towards b; floating; a has its gradient, b none */
TP_API tp_tensor *tp_angle(tp_tensor *x);              /* 0, pi below 0, NaN of NaN; integers and bool give float32, the gradient is 0. Of
                                                          a complex z atan2(im z, re z), real */
TP_API tp_tensor *tp_xlogy_with(tp_operand a, tp_operand b);             /* a ln b, 0 where a is 0 and b is no NaN */
TP_API tp_tensor *tp_xlogy__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_copysign_with(tp_operand a, tp_operand b);          /* |a| with the sign of b, also of -0; b has no gradient */
TP_API tp_tensor *tp_copysign__with(tp_tensor *a, tp_operand b);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_add(a, b)                tp_add_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_sub(a, b)                tp_sub_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_mul(a, b)                tp_mul_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_div(a, b)                tp_div_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_rsub(a, b)               tp_rsub_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_add_alpha(a, b, alpha)   tp_add_alpha_with(TP__OPERAND(a), TP__OPERAND(b), TP__OPERAND(alpha))
#define tp_sub_alpha(a, b, alpha)   tp_sub_alpha_with(TP__OPERAND(a), TP__OPERAND(b), TP__OPERAND(alpha))
#define tp_eq(a, b)                 tp_eq_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_div_mode(a, b, mode)     tp_div_mode_with(TP__OPERAND(a), TP__OPERAND(b), mode)
#define tp_result_type(a, b)        tp_result_type_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_floor_divide(a, b)       tp_floor_divide_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_remainder(a, b)          tp_remainder_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_fmod(a, b)               tp_fmod_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_pow(a, b)                tp_pow_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_float_power(a, b)        tp_float_power_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_xlogy(a, b)              tp_xlogy_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_copysign(a, b)           tp_copysign_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_xlogy_(a, b)             tp_xlogy__with(a, TP__OPERAND(b))
#define tp_copysign_(a, b)          tp_copysign__with(a, TP__OPERAND(b))
#define tp_lerp(a, b, weight)       tp_lerp_with(a, b, TP__OPERAND(weight))
#define tp_addcmul(x, a, b, value)  tp_addcmul_with(x, a, b, TP__OPERAND(value))
#define tp_addcdiv(x, a, b, value)  tp_addcdiv_with(x, a, b, TP__OPERAND(value))
#define tp_add_(a, b)               tp_add__with(a, TP__OPERAND(b))
#define tp_sub_(a, b)               tp_sub__with(a, TP__OPERAND(b))
#define tp_mul_(a, b)               tp_mul__with(a, TP__OPERAND(b))
#define tp_div_(a, b)               tp_div__with(a, TP__OPERAND(b))
#define tp_add_alpha_(a, b, alpha)  tp_add__alpha_with(a, TP__OPERAND(b), TP__OPERAND(alpha))
#define tp_sub_alpha_(a, b, alpha)  tp_sub__alpha_with(a, TP__OPERAND(b), TP__OPERAND(alpha))
#define tp_eq_(a, b)                tp_eq__with(a, TP__OPERAND(b))
#define tp_div_mode_(a, b, mode)    tp_div__mode_with(a, TP__OPERAND(b), mode)
#define tp_floor_divide_(a, b)      tp_floor_divide__with(a, TP__OPERAND(b))
#define tp_remainder_(a, b)         tp_remainder__with(a, TP__OPERAND(b))
#define tp_fmod_(a, b)              tp_fmod__with(a, TP__OPERAND(b))
#define tp_pow_(a, b)               tp_pow__with(a, TP__OPERAND(b))
#define tp_float_power_(a, b)       tp_float_power__with(a, TP__OPERAND(b))
#define tp_lerp_(a, b, weight)      tp_lerp__with(a, b, TP__OPERAND(weight))
#define tp_addcmul_(x, a, b, value) tp_addcmul__with(x, a, b, TP__OPERAND(value))
#define tp_addcdiv_(x, a, b, value) tp_addcdiv__with(x, a, b, TP__OPERAND(value))
#else
#define TP__INLINE2(name) inline tp_tensor *tp_##name(tp_operand a, tp_operand b) { return tp_##name##_with(a, b); }
#define TP__INLINE2_(name) inline tp_tensor *tp_##name(tp_tensor *a, tp_operand b) { return tp_##name##_with(a, b); }
TP__INLINE2(add) TP__INLINE2(sub) TP__INLINE2(mul) TP__INLINE2(div) TP__INLINE2(rsub) TP__INLINE2(eq) TP__INLINE2(floor_divide)
TP__INLINE2(remainder) TP__INLINE2(fmod) TP__INLINE2(pow) TP__INLINE2(float_power) TP__INLINE2(xlogy) TP__INLINE2(copysign)
TP__INLINE2_(add_) TP__INLINE2_(sub_) TP__INLINE2_(mul_) TP__INLINE2_(div_) TP__INLINE2_(eq_) TP__INLINE2_(floor_divide_)
TP__INLINE2_(remainder_) TP__INLINE2_(fmod_) TP__INLINE2_(pow_) TP__INLINE2_(float_power_) TP__INLINE2_(xlogy_) TP__INLINE2_(copysign_)
inline tp_dtype tp_result_type(tp_operand a, tp_operand b) { return tp_result_type_with(a, b); }
inline tp_tensor *tp_add_alpha(tp_operand a, tp_operand b, tp_operand alpha) { return tp_add_alpha_with(a, b, alpha); }
inline tp_tensor *tp_sub_alpha(tp_operand a, tp_operand b, tp_operand alpha) { return tp_sub_alpha_with(a, b, alpha); }
inline tp_tensor *tp_add_alpha_(tp_tensor *a, tp_operand b, tp_operand alpha) { return tp_add__alpha_with(a, b, alpha); }
inline tp_tensor *tp_sub_alpha_(tp_tensor *a, tp_operand b, tp_operand alpha) { return tp_sub__alpha_with(a, b, alpha); }
inline tp_tensor *tp_div_mode(tp_operand a, tp_operand b, tp_rounding mode) { return tp_div_mode_with(a, b, mode); }
inline tp_tensor *tp_div_mode_(tp_tensor *a, tp_operand b, tp_rounding mode) { return tp_div__mode_with(a, b, mode); }
inline tp_tensor *tp_lerp(tp_tensor *a, tp_tensor *b, tp_operand weight) { return tp_lerp_with(a, b, weight); }
inline tp_tensor *tp_lerp_(tp_tensor *a, tp_tensor *b, tp_operand weight) { return tp_lerp__with(a, b, weight); }
inline tp_tensor *tp_addcmul(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) { return tp_addcmul_with(x, a, b, value); }
inline tp_tensor *tp_addcdiv(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) { return tp_addcdiv_with(x, a, b, value); }
inline tp_tensor *tp_addcmul_(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) { return tp_addcmul__with(x, a, b, value); }
inline tp_tensor *tp_addcdiv_(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) { return tp_addcdiv__with(x, a, b, value); }
#endif

#endif
