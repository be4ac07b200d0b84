/* pointwise_math.c: elementary functions. Each row of a table below is an op: its dtype rule, its samples, and dx, in which x or y
 * is what it saves and dy the gradient.
 *
 *   sigmoid  y = 1 / (1 + e^-x)     erf      y = 2 / sqrt(pi) integral_0^x e^-t^2 dt    erfc       y = 1 - erf(x)
 *   lgamma   y = ln |gamma(x)|      digamma  y = lgamma'(x)                             polygamma  y = the n-th derivative of digamma */
#include "core/kernel_args.h"
#include "ops/pointwise.h"

#define LN_2         0.69314718055994530942
#define LN_10        2.30258509299404568402
#define PI           3.14159265358979323846
#define TWO_SQRT_PI  1.12837916709551257390           /* 2 / sqrt(pi) */
#define HALF_SQRT_PI 0.88622692545275801365

/* ---- Rules and ops by rows ------------------------------------------------------------------------------------------------------------ */

#define RULE(name, saved, expression) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *given, uint64_t need, tp_tensor **dx) \
    { \
        tp_tensor *const dy = given[0], *const saved = tp__saved(node, 0); \
        (void)need; \
        return tp__made(dx[0] = tp__fit(node, 0, expression)); \
    }
/* The in-place form of a function that saves its input saves a copy of it. */
#define OF_INPUT(name, rule, give, expression)  RULE(name, x, expression) TP__UNARY(name, rule, give, TP__INPUT(0, 0))
#define OF_OUTPUT(name, rule, give, expression) RULE(name, y, expression) TP__UNARY(name, rule, give, TP__OUTPUT(0))
/* dx = dy times a number, and none at all: zero */
#define LINEAR(name, rule, give, expression) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *given, uint64_t need, tp_tensor **dx) \
    { \
        tp_tensor *const dy = given[0]; \
        (void)need; \
        return tp__made(dx[0] = tp__fit(node, 0, expression)); \
    } \
    TP__UNARY(name, rule, give, TP__NOTHING)
#define STEPS(name, give) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { return tp__zero_backward(node, dy, need, dx); } \
    TP__UNARY(name, number, give, TP__NOTHING)

static tp_tensor *square_plus(tp_tensor *x, double v) { return tp_add(tp_mul(x, x), v); }
static tp_tensor *one_minus_square(tp_tensor *x) { return tp_sub(1, tp_mul(x, x)); }

static void below_one_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -0.9, 0.9)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 0.9)));
}
static void above_one_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 1.1, 3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 1.1, 2)));
}
static void between_samples(tp_sample_set *set)         /* between integers, and so off all steps */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 1.1, 1.4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -0.9, -0.6)));
}

OF_OUTPUT(exp, exact, tp__unary_samples, tp_mul(dy, y))
OF_OUTPUT(exp2, exact, tp__unary_samples, tp_mul(tp_mul(dy, y), LN_2))
OF_OUTPUT(expm1, exact, tp__unary_samples, tp_mul(dy, tp_add(y, 1)))
OF_INPUT(log, exact, tp__positive_samples, tp_div(dy, x))
OF_INPUT(log2, exact, tp__positive_samples, tp_div(dy, tp_mul(x, LN_2)))
OF_INPUT(log10, exact, tp__positive_samples, tp_div(dy, tp_mul(x, LN_10)))
OF_INPUT(log1p, exact, tp__positive_samples, tp_div(dy, tp_add(x, 1)))
OF_OUTPUT(sqrt, exact, tp__positive_samples, tp_div(dy, tp_mul(2, y)))
OF_OUTPUT(rsqrt, floating, tp__positive_samples, tp_mul(dy, tp_mul(-0.5, tp_mul(tp_mul(y, y), y))))
OF_OUTPUT(reciprocal, floating, tp__positive_samples, tp_neg(tp_mul(dy, tp_mul(y, y))))

OF_INPUT(sin, exact, tp__unary_samples, tp_mul(dy, tp_cos(x)))
OF_INPUT(cos, exact, tp__unary_samples, tp_neg(tp_mul(dy, tp_sin(x))))
OF_OUTPUT(tan, exact, below_one_samples, tp_mul(dy, square_plus(y, 1)))
OF_INPUT(asin, exact, below_one_samples, tp_mul(dy, tp_rsqrt(one_minus_square(x))))
OF_INPUT(acos, exact, below_one_samples, tp_neg(tp_mul(dy, tp_rsqrt(one_minus_square(x)))))
OF_INPUT(atan, exact, tp__unary_samples, tp_div(dy, square_plus(x, 1)))
OF_INPUT(sinh, exact, tp__unary_samples, tp_mul(dy, tp_cosh(x)))
OF_INPUT(cosh, exact, tp__unary_samples, tp_mul(dy, tp_sinh(x)))
OF_INPUT(asinh, exact, tp__unary_samples, tp_mul(dy, tp_rsqrt(square_plus(x, 1))))
OF_INPUT(acosh, exact, above_one_samples, tp_mul(dy, tp_rsqrt(square_plus(x, -1))))
OF_INPUT(atanh, exact, below_one_samples, tp_div(dy, one_minus_square(x)))

OF_INPUT(erf, exact, tp__unary_samples, tp_mul(tp_mul(dy, TWO_SQRT_PI), tp_exp(tp_neg(tp_mul(x, x)))))
OF_INPUT(erfc, exact, tp__unary_samples, tp_mul(tp_mul(dy, -TWO_SQRT_PI), tp_exp(tp_neg(tp_mul(x, x)))))
OF_OUTPUT(erfinv, exact, below_one_samples, tp_mul(tp_mul(dy, HALF_SQRT_PI), tp_exp(tp_mul(y, y))))
OF_INPUT(lgamma, exact, tp__positive_samples, tp_mul(dy, tp_digamma(x)))
OF_INPUT(digamma, floating, tp__positive_samples, tp_mul(dy, tp_polygamma(1, x)))
LINEAR(deg2rad, floating, tp__unary_samples, tp_deg2rad(dy))
LINEAR(rad2deg, floating, tp__unary_samples, tp_rad2deg(dy))
LINEAR(neg, number, tp__unary_samples, tp_neg(dy))
LINEAR(frac, real, between_samples, dy)
STEPS(floor, between_samples)
STEPS(ceil, between_samples)
STEPS(trunc, between_samples)
STEPS(round, between_samples)

/* bool counts as a number here: its square is int64. */
static bool tp__dtypes_square(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_same(call, out)) return false;
    if (out->result == TP_BOOL) out->compute = out->result = TP_I64;
    return true;
}
TP__POINTWISE_RULE(square)
OF_INPUT(square, square, tp__unary_samples, tp_mul(dy, tp_mul(x, 2)))

/* ---- Whose gradient is one kernel: sigmoid, tanh, relu -------------------------------------------------------------------------------- */

static const tp_op op_relu_backward, op_sigmoid_backward, op_tanh_backward;
static tp_tensor *by_output(const tp_op *op, tp_tensor *dy, tp_tensor *y) { return tp__call2(op, dy, y, NULL, NULL); }
OF_OUTPUT(sigmoid, floating, tp__unary_samples, tp__call2_over(node, &op_sigmoid_backward, dy, y, NULL))
OF_OUTPUT(tanh, exact, tp__unary_samples, tp__call2_over(node, &op_tanh_backward, dy, y, NULL))
OF_OUTPUT(relu, number, tp__unary_samples, tp__call2_over(node, &op_relu_backward, dy, y, NULL))

/* Of z = dy [y > 0]: the same in dy; y has no part in it. */
static tp_status relu_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = by_output(&op_relu_backward, g[0], tp__saved(node, 1)))) return tp__pending();
    return TP_OK;
}

/* Of z = dy y (1 - y):  ddy = g y (1 - y),  d y = g dy (1 - 2 y) */
static tp_status sigmoid_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *y = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = by_output(&op_sigmoid_backward, g[0], y))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_mul(tp_mul(g[0], tp__saved(node, 0)), tp_sub(1, tp_mul(2, y))))) return tp__pending();
    return TP_OK;
}

/* Of z = dy (1 - y^2):  ddy = g (1 - y^2),  d y = -2 g dy y */
static tp_status tanh_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *y = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = by_output(&op_tanh_backward, g[0], y))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_mul(-2, tp_mul(tp_mul(g[0], tp__saved(node, 0)), y)))) return tp__pending();
    return TP_OK;
}

static void by_output_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.1, 0.9)));
}

#define BY_OUTPUT(name) \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor output) -> Tensor", .flags = TP__INTERNAL, \
        .shape = tp__shape_same, .backward = name##_backward_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, \
        .samples = by_output_samples, .state = TP__STATE };
BY_OUTPUT(relu)
BY_OUTPUT(sigmoid)
BY_OUTPUT(tanh)

/* ---- With attributes: round.decimals, polygamma --------------------------------------------------------------------------------- */

static void decimals_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.111, 0.114)), TP__NAMED("decimals", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 16, 24)), TP__NAMED("decimals", .kind = TP_ARG_INT, .value.integer = -1));
}
#define TAKES_DECIMALS ", *, int decimals) -> Tensor"
static const tp_op op_round_decimals = { .schema = "round.decimals(Tensor input" TAKES_DECIMALS, .kernel = "round_decimals", .shape = tp__shape_real,
    .backward = tp__zero_backward, .attr_size = sizeof(tp__decimals), .samples = decimals_samples, .state = TP__STATE };
static const tp_op op_round_decimals_ = { .schema = "round_.decimals(Tensor! input" TAKES_DECIMALS, .kernel = "round_decimals", .flags = TP__INPLACE,
    .shape = tp__in_place_real, .backward = tp__zero_backward, .attr_size = sizeof(tp__decimals), .samples = decimals_samples, .state = TP__STATE };
tp_tensor *tp_round_decimals(tp_tensor *x, int decimals) { return tp__call1(&op_round_decimals, x, &(tp__decimals){ decimals }, TP__CALLER); }
tp_tensor *tp_round_decimals_(tp_tensor *x, int decimals) { return tp__write1(&op_round_decimals_, x, &(tp__decimals){ decimals }, TP__CALLER); }

static tp_status polygamma_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const int64_t n = ((const tp__polygamma *)tp__attr(node))->n;
    (void)need;
    return tp__made(dx[1] = tp__fit(node, 1, tp_mul(dy[0], tp_polygamma(n < INT64_MAX ? n + 1 : n, tp__saved(node, 0)))));
}

static tp_status polygamma_shape(tp__call *call)
{
    const tp__polygamma *attr = call->attr;
    if (attr->n < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no derivative of order %lld", (long long)attr->n);
    return tp__shape_floating(call);
}

static void polygamma_samples(tp_sample_set *set)
{
    for (int n = 0; n < 4; n++) TP__GIVE(set, TP__INT_ARG(n), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 3)));
}
static const tp_op op_polygamma = { .schema = "polygamma(int n, Tensor input) -> Tensor", .shape = polygamma_shape, .backward = polygamma_backward,
    .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__polygamma), .samples = polygamma_samples, .state = TP__STATE };
static const tp_op op_special_polygamma = { .schema = "special_polygamma(int n, Tensor input) -> Tensor", .kernel = "polygamma", .shape = polygamma_shape,
    .backward = polygamma_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__polygamma), .samples = polygamma_samples, .state = TP__STATE };
/* In place the tensor comes first. */
static tp_status in_place_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const int64_t n = ((const tp__polygamma *)tp__attr(node))->n;
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, tp_mul(dy[0], tp_polygamma(n < INT64_MAX ? n + 1 : n, tp__saved(node, 0)))));
}
static tp_status polygamma_in_place(tp__call *call)
{
    const tp__polygamma *attr = call->attr;
    if (attr->n < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no derivative of order %lld", (long long)attr->n);
    return tp__in_place_floating(call);
}
static void in_place_samples(tp_sample_set *set)
{
    for (int n = 0; n < 3; n++) TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 3)), TP__INT_ARG(n));
}
static const tp_op op_polygamma_ = { .schema = "polygamma_(Tensor! input, int n) -> Tensor", .kernel = "polygamma", .flags = TP__INPLACE,
    .shape = polygamma_in_place, .backward = in_place_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(tp__polygamma),
    .samples = in_place_samples, .state = TP__STATE };
tp_tensor *tp_polygamma_(tp_tensor *x, int64_t n) { return tp__write1(&op_polygamma_, x, &(tp__polygamma){ n }, TP__CALLER); }
tp_tensor *tp_polygamma(int64_t n, tp_tensor *x)
{
    return tp__run1(&op_polygamma, (tp_tensor *[]){ NULL, x }, 2, &(tp__polygamma){ n }, TP__CALLER);
}

const tp_op *const tp__ops_pointwise_math[] = {
    TP__FORMS(exp), TP__FORMS(exp2), TP__FORMS(expm1), TP__FORMS(log), TP__FORMS(log2), TP__FORMS(log10),
    TP__FORMS(log1p), TP__FORMS(sqrt), TP__FORMS(rsqrt), TP__FORMS(reciprocal), TP__FORMS(sin), TP__FORMS(cos),
    TP__FORMS(tan), TP__FORMS(asin), TP__FORMS(acos), TP__FORMS(atan), TP__FORMS(sinh), TP__FORMS(cosh),
    TP__FORMS(tanh), TP__FORMS(asinh), TP__FORMS(acosh), TP__FORMS(atanh), TP__FORMS(sigmoid), TP__FORMS(relu),
    &op_sigmoid_backward, &op_tanh_backward, &op_relu_backward, TP__FORMS(erf), TP__FORMS(erfc), TP__FORMS(erfinv),
    TP__FORMS(lgamma), TP__FORMS(digamma), &op_polygamma, &op_polygamma_, &op_special_polygamma, TP__FORMS(deg2rad),
    TP__FORMS(rad2deg), TP__FORMS(neg), TP__FORMS(frac), TP__FORMS(floor), TP__FORMS(ceil), TP__FORMS(trunc),
    TP__FORMS(round), TP__FORMS(round_decimals), TP__FORMS(square), NULL,
};
