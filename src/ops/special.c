/* special.c: special functions of one input. With x what goes in and y what comes out, and phi the normal density:
 *
 *   i0, i1        modified Bessel functions I_n       I0' = I1,  I1' = I0 - I1 / x;  i0e, i1e: times e^-|x|
 *   bessel_j, y   J_n, Y_n                            J0' = -J1,  J1' = J0 - J1 / x, and so Y
 *   modified_bessel_k                                 K0' = -K1,  K1' = -K0 - K1 / x;  scaled: times e^x
 *   spherical_bessel_j0   sin(x) / x                  (cos x - y) / x
 *   airy_ai       Ai                                  Ai'' = x Ai
 *   ndtr          integral of phi up to x             phi(x)
 *   log_ndtr      ln ndtr(x)                          phi(x) / e^y
 *   ndtri         the inverse of ndtr                 1 / phi(y)
 *   erfcx         e^(x^2) erfc(x)                     2 x y - 2 / sqrt pi
 *   entr          -x ln x, -inf below 0               -ln x - 1
 *   multigammaln  ln of the multivariate gamma function: p (p - 1) / 4 ln pi + sum_i lgamma(x - i / 2), i < p */
#include "ops/pointwise.h"

#define ROOT_HALF_PI   1.25331413731550025121
#define ROOT_2_OVER_PI 0.79788456080286535588
#define TWO_SQRT_PI    1.12837916709551257390          /* 2 / sqrt(pi) */

/* output: what is saved of it, or NULL */
#define RULE(name, output, expression) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        tp_tensor *const x = tp__saved(node, 0), *const y = output; \
        (void)need, (void)x, (void)y; \
        return tp__made(dx[0] = tp__fit(node, 0, tp_mul(dy[0], expression))); \
    }
/* PyTorch names some of these arguments x. */
#define SPECIAL(name, argument, give, expression) \
    RULE(name, tp__saved(node, 1), expression) \
    static const tp_op op_##name = { .schema = "special_" #name "(Tensor " argument ") -> Tensor", .shape = tp__shape_floating, .backward = name##_backward, \
        .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = give, .state = TP__STATE }; \
    tp_tensor *tp_special_##name(tp_tensor *v) { return tp__call1(&op_##name, v, NULL, TP__CALLER); }

/* v where x is not 0, else `there` */
static tp_tensor *off_zero(tp_tensor *x, tp_tensor *v, double there) { return tp_where(tp_eq(x, 0), there, v); }

/* ---- Bessel functions -------------------------------------------------------------------------------------------------------------- */

static void below_one_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.1, 0.9)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 0.9)));
}
static void far_samples(tp_sample_set *set)            /* where other series take over */
{
    tp__positive_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(7), 17, 19)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(7), -11, -6)));
}

static void near_samples(tp_sample_set *set)           /* where float16 holds what comes out */
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(7), 4, 9)));
}

RULE(i0, NULL, tp_special_i1(x))
TP__OPS1(i0, "", floating, 0, near_samples, TP__INPUT(0, 0))
tp_tensor *tp_i0(tp_tensor *x) { return tp__call1(&op_i0, x, NULL, TP__CALLER); }
tp_tensor *tp_i0_(tp_tensor *x) { return tp__write1(&op_i0_, x, NULL, TP__CALLER); }
SPECIAL(i1, "input", near_samples, off_zero(x, tp_sub(tp_i0(x), tp_div(y, x)), 0.5))
SPECIAL(i0e, "input", far_samples, tp_sub(tp_special_i1e(x), tp_mul(tp_sign(x), y)))
SPECIAL(i1e, "input", far_samples, off_zero(x, tp_sub(tp_special_i0e(x), tp_mul(y, tp_add(tp_sign(x), tp_reciprocal(x)))), 0.5))
static const tp_op op_modified_bessel_i0 = { .schema = "special_modified_bessel_i0(Tensor input) -> Tensor", .kernel = "i0", .shape = tp__shape_floating,
    .backward = i0_backward, .saves = { TP__INPUT(0, 0) }, .samples = near_samples, .state = TP__STATE };
static const tp_op op_modified_bessel_i1 = { .schema = "special_modified_bessel_i1(Tensor input) -> Tensor", .shape = tp__shape_floating,
    .backward = i1_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = near_samples, .state = TP__STATE };

SPECIAL(bessel_j0, "input", far_samples, tp_neg(tp_special_bessel_j1(x)))
SPECIAL(bessel_j1, "input", far_samples, off_zero(x, tp_sub(tp_special_bessel_j0(x), tp_div(y, x)), 0.5))
SPECIAL(bessel_y0, "input", tp__positive_samples, tp_neg(tp_special_bessel_y1(x)))
SPECIAL(bessel_y1, "input", tp__positive_samples, tp_sub(tp_special_bessel_y0(x), tp_div(y, x)))
SPECIAL(modified_bessel_k0, "input", tp__positive_samples, tp_neg(tp_special_modified_bessel_k1(x)))
SPECIAL(modified_bessel_k1, "input", tp__positive_samples, tp_neg(tp_add(tp_special_modified_bessel_k0(x), tp_div(y, x))))
SPECIAL(scaled_modified_bessel_k0, "x", tp__positive_samples, tp_sub(y, tp_special_scaled_modified_bessel_k1(x)))
SPECIAL(scaled_modified_bessel_k1, "x", tp__positive_samples, tp_sub(tp_sub(y, tp_special_scaled_modified_bessel_k0(x)), tp_div(y, x)))
SPECIAL(spherical_bessel_j0, "x", tp__positive_samples, off_zero(x, tp_div(tp_sub(tp_cos(x), y), x), 0))

static const tp_op op_airy_ai, op_airy_ai_slope;
RULE(airy_ai, NULL, tp__call1(&op_airy_ai_slope, x, NULL, NULL))
RULE(airy_ai_slope, NULL, tp_mul(x, tp__call1(&op_airy_ai, x, NULL, NULL)))
static const tp_op op_airy_ai = { .schema = "special_airy_ai(Tensor x) -> Tensor", .shape = tp__shape_floating, .backward = airy_ai_backward,
    .saves = { TP__INPUT(0, 0) }, .samples = far_samples, .state = TP__STATE };
static const tp_op op_airy_ai_slope = { .schema = "airy_ai_slope(Tensor input) -> Tensor", .flags = TP__INTERNAL, .shape = tp__shape_floating,
    .backward = airy_ai_slope_backward, .saves = { TP__INPUT(0, 0) }, .samples = far_samples, .state = TP__STATE };
tp_tensor *tp_special_airy_ai(tp_tensor *x) { return tp__call1(&op_airy_ai, x, NULL, TP__CALLER); }

/* ---- The normal distribution, entropy ----------------------------------------------------------------------------------------------- */

/* e^(sign x^2 / 2) */
static tp_tensor *bell(tp_tensor *x, double sign) { return tp_exp(tp_mul(0.5 * sign, tp_mul(x, x))); }

SPECIAL(erfcx, "input", tp__unary_samples, tp_sub(tp_mul(2, tp_mul(x, y)), TWO_SQRT_PI))
SPECIAL(ndtr, "input", tp__unary_samples, tp_mul(0.5 * ROOT_2_OVER_PI, bell(x, -1)))
/* phi(x) / ndtr(x) = e^-(y + x^2 / 2) / sqrt(2 pi), as PyTorch; where that is inf - inf it is NaN */
SPECIAL(log_ndtr, "input", tp__unary_samples, tp_mul(0.5 * ROOT_2_OVER_PI, tp_exp(tp_neg(tp_add(y, tp_mul(0.5, tp_mul(x, x)))))))
SPECIAL(ndtri, "input", below_one_samples, tp_mul(2 * ROOT_HALF_PI, bell(y, 1)))
SPECIAL(entr, "input", tp__positive_samples, tp_neg(tp_add(tp_log(x), 1)))

/* ---- multigammaln ---------------------------------------------------------------------------------------------------------------------- */

static tp_status mvlgamma_compose(tp__call *call)
{
    const int64_t p = *(const int64_t *)call->attr;
    tp_tensor *x = call->in[0];
    if (p < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %lld, and must be at least 1", (long long)p);
    if (tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes no complex numbers");
    if (x->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "takes numbers, not bool");
    x = tp_to_dtype(x, tp__floating_of((tp_dtype)x->dtype));
    tp_tensor *halves = x ? tp_arange(0.5 - 0.5 * (double)p, 0.25, 0.5, .dtype = (tp_dtype)x->dtype, .device = x->device) : NULL;
    tp_tensor *sum = tp_sum(tp_lgamma(tp_add(tp_unsqueeze(x, -1), halves)), .dims = TP_DIMS(-1));
    return tp__made(tp__out_made(call, tp_add(sum, 0.25 * (double)p * (double)(p - 1) * 1.14472988584940017414)));    /* ln pi */
}
static void mvlgamma_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), 2, 4)), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 2, 4)), TP__INT_ARG(1));
}
static const tp_op op_mvlgamma = { .schema = "mvlgamma(Tensor input, int p) -> Tensor", .compose = mvlgamma_compose, .attr_size = sizeof(int64_t),
    .samples = mvlgamma_samples, .state = TP__STATE };
static const tp_op op_mvlgamma_ = TP__INPLACE_FORM("mvlgamma_(Tensor! input, int p) -> Tensor", op_mvlgamma, sizeof(int64_t), mvlgamma_samples);
static const tp_op op_multigammaln = { .schema = "special_multigammaln(Tensor input, int p) -> Tensor", .compose = mvlgamma_compose,
    .attr_size = sizeof(int64_t), .samples = mvlgamma_samples, .state = TP__STATE };
tp_tensor *tp_mvlgamma(tp_tensor *x, int64_t p) { return tp__run1(&op_mvlgamma, &x, 1, &p, TP__CALLER); }

const tp_op *const tp__ops_special[] = {
    TP__FORMS(i0), &op_i0e, &op_i1, &op_i1e, &op_modified_bessel_i0, &op_modified_bessel_i1, &op_bessel_j0, &op_bessel_j1, &op_bessel_y0, &op_bessel_y1,
    &op_modified_bessel_k0, &op_modified_bessel_k1, &op_scaled_modified_bessel_k0, &op_scaled_modified_bessel_k1, &op_spherical_bessel_j0,
    &op_airy_ai, &op_airy_ai_slope, &op_erfcx, &op_ndtr, &op_log_ndtr, &op_ndtri, &op_entr, TP__FORMS(mvlgamma), &op_multigammaln, NULL,
};
