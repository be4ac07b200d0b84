/* special_pair.c: special functions of two inputs.
 *
 *   xlog1py    a ln(1 + b), 0 where a is 0           da = dy ln(1 + b), 0 where a = 0 and b <= -1     db = dy a / (1 + b)
 *   zeta       sum_k (x + k)^-s                      dx = -dy s zeta(s + 1, x);  ds: none
 *   igamma     P(a, x) = integral_0^x t^(a-1) e^-t dt / gamma(a)     dx = dy x^(a-1) e^-x / gamma(a);  da: none;   igammac = 1 - P
 *   .._polynomial_..   of x and the degree n; without gradients */
#include "ops/pointwise.h"

#include <math.h>

#define RULE2(name) static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)

static tp_status pair_shape(tp__call *call) { return tp__has_tensor(call) ? tp__shape_floating(call) : tp__pending(); }

/* ---- xlog1py ------------------------------------------------------------------------------------------------------------------------ */

RULE2(xlog1py)
{
    tp_tensor *a = tp__saved(node, 0), *b = tp__saved(node, 1);
    TP__GRADIENT(0, tp_mul(dy[0], tp__zero_where(tp_logical_and(tp_eq(a, 0), tp_le(b, -1)), tp__of_number(b, log1p, tp_log1p), dy[0])));
    TP__GRADIENT(1, tp_div(tp_mul(dy[0], a), tp_add(b, 1)));
    return TP_OK;
}
static const tp_op op_xlog1py = { .schema = "special_xlog1py(Tensor|number input, Tensor|number other) -> Tensor", .shape = pair_shape,
    .backward = xlog1py_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .samples = tp__binary_samples, .state = TP__STATE };
tp_tensor *tp_special_xlog1py_with(tp_operand a, tp_operand b) { return tp__operands2(&op_xlog1py, a, b, NULL, TP__CALLER); }

/* ---- What has a gradient for its second input alone: asked for the first, it says so -------------------------------------------------- */

static tp_status no_gradient(const char *name, const char *of)
{
    return tp_fail(TP_ERR_UNSUPPORTED, "%s: it has no gradient for %s", name, of);
}

static const tp_op op_zeta;
static double next_of(double s) { return s + 1; }
static tp_tensor *next_of_each(tp_tensor *s) { return tp_add(s, 1); }
RULE2(zeta)
{
    tp_tensor *s = tp__saved(node, 0), *x = tp__saved(node, 1);
    if (need & 1) return no_gradient("special_zeta", "input");
    TP__GRADIENT(1, tp_neg(tp_mul(dy[0], tp_mul(s, tp__call2(&op_zeta, tp__of_number(s, next_of, next_of_each), x, NULL, NULL)))));
    return TP_OK;
}
static tp_tensor *constant(tp_sample_set *set, tp_shape shape, double lo, double hi) { return tp_detach(tp__sample_tensor(set, shape, lo, hi)); }
static void zeta_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(constant(set, TP_SHAPE(3, 1), 1.5, 4)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 3)));
    TP__GIVE(set, TP__FLOAT_ARG(2.5), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), 0.5, 3)));
}
static const tp_op op_zeta = { .schema = "special_zeta(Tensor|number input, Tensor|number other) -> Tensor", .shape = pair_shape,
    .backward = zeta_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .samples = zeta_samples, .state = TP__STATE };
tp_tensor *tp_special_zeta_with(tp_operand s, tp_operand x) { return tp__operands2(&op_zeta, s, x, NULL, TP__CALLER); }

/* x^(a - 1) e^-x / gamma(a), with the sign of the function */
static tp_status gamma_backward(const char *name, double sign, const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *a = tp__saved(node, 0), *x = tp__saved(node, 1);
    if (need & 1) return no_gradient(name, "input");
    TP__GRADIENT(1, tp_mul(tp_mul(dy[0], sign), tp_exp(tp_sub(tp_sub(tp_mul(tp_sub(a, 1), tp_log(x)), x), tp_lgamma(a)))));
    return TP_OK;
}
RULE2(igamma) { return gamma_backward("igamma", 1, node, dy, need, dx); }
RULE2(igammac) { return gamma_backward("igammac", -1, node, dy, need, dx); }
static void gamma_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(constant(set, TP_SHAPE(3, 4), 0.5, 4)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 6)));
}
static void gamma_samples(tp_sample_set *set)
{
    gamma_samples_in_place(set);
    TP__GIVE(set, TP__TENSOR_ARG(constant(set, TP_SHAPE(3, 1), 19, 30)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 15, 40)));
}
#define GAMMA(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor other) -> Tensor", .shape = tp__shape_exact, .backward = name##_backward, \
        .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .samples = gamma_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, Tensor other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_exact, .backward = name##_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .samples = gamma_samples_in_place, \
        .state = TP__STATE }; \
    tp_tensor *tp_##name(tp_tensor *a, tp_tensor *x) { return tp__call2(&op_##name, a, x, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *a, tp_tensor *x) { return tp__write2(&op_##name##_, a, tp__from_tensor(x), NULL, TP__CALLER); }
GAMMA(igamma)
GAMMA(igammac)

/* ---- Polynomials ---------------------------------------------------------------------------------------------------------------------- */

static void degree_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -1, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 6)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), 0.1, 0.9)), TP__INT_ARG(9));
}
/* Integers are taken as float32, whose roundings are what PyTorch has */
static tp_status polynomial_shape(tp__call *call) { return tp__has_tensor(call) ? tp__shape_floating(call) : tp__pending(); }
#define POLYNOMIAL(name) \
    static const tp_op op_##name = { .schema = "special_" #name "(Tensor|number x, Tensor|number n) -> Tensor", .flags = TP__NO_GRAD_OP, \
        .shape = polynomial_shape, .samples = degree_samples, .state = TP__STATE }; \
    tp_tensor *tp_special_##name##_with(tp_operand x, tp_operand n) { return tp__operands2(&op_##name, x, n, NULL, TP__CALLER); }
#define EACH_POLYNOMIAL(X) \
    X(chebyshev_polynomial_t) X(chebyshev_polynomial_u) X(chebyshev_polynomial_v) X(chebyshev_polynomial_w) X(shifted_chebyshev_polynomial_t) \
    X(shifted_chebyshev_polynomial_u) X(shifted_chebyshev_polynomial_v) X(shifted_chebyshev_polynomial_w) X(hermite_polynomial_h) X(hermite_polynomial_he) \
    X(laguerre_polynomial_l) X(legendre_polynomial_p)
EACH_POLYNOMIAL(POLYNOMIAL)
#define ENTRY(name) &op_##name,

const tp_op *const tp__ops_special_pair[] = { &op_xlog1py, &op_zeta, TP__FORMS(igamma), TP__FORMS(igammac), EACH_POLYNOMIAL(ENTRY) NULL };
