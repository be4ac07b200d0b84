/* activation_smooth.c: smooth activations. s(v) = 1 / (1 + e^-v), P and p are the normal distribution and its density.
 *
 *   elu          y = x > 0 ? x : m (e^x - 1)                  dx = x > 0 ? dy : dy m e^x
 *   selu         y = c elu(x), c = 1.0507.., m = 1.6732..
 *   celu         y = x > 0 ? x : m (e^(x / m) - 1)
 *   gelu         y = x P(x)                                   dx = dy (P(x) + x p(x))
 *                or x (1 + tanh(u)) / 2, u = (2 / pi)^(1/2) (x + 0.044715 x^3)
 *   silu         y = x s(x)                                   dx = dy s (1 + x (1 - s))
 *   mish         y = x t, t = tanh(ln(1 + e^x))               dx = dy (t + x s (1 - t^2))
 *   softplus     y = ln(1 + e^(b x)) / b, x where b x > m     dx = dy s(b x), dy where b x > m
 *   softsign     y = x / (1 + |x|)                            dx = dy / (1 + |x|)^2
 *   tanhshrink   y = x - tanh(x)                              dx = dy tanh(x)^2
 *   logsigmoid   y = ln s(x)                                  dx = dy s(-x)
 *
 * Each backward is a kernel, whose rule is made of ops: for z = dy f'(x), by dy the same kernel, by x  g dy f''(x). */
#include "ops/activation.h"

#include <math.h>

/* ---- Shape rules: what the kernel of the three has besides the schema's -------------------------------------------------------------- */

static const tp__elu selu_constants = { 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1 };

static tp_status elu_more(const tp__call *call)
{
    tp__elu *attr = (tp__elu *)(uintptr_t)call->attr;
    attr->scale = attr->input_scale = 1;
    return TP_OK;
}
static tp_status selu_more(const tp__call *call)
{
    *(tp__elu *)(uintptr_t)call->attr = selu_constants;
    return TP_OK;
}
static tp_status celu_more(const tp__call *call)
{
    tp__elu *attr = (tp__elu *)(uintptr_t)call->attr;
    if (attr->alpha == 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "alpha is 0, and divides");
    attr->scale = 1;
    attr->input_scale = 1 / attr->alpha;
    return TP_OK;
}
#define SHAPES(name) \
    static tp_status name##_shape(tp__call *call) { return name##_more(call) ? tp__pending() : tp__shape_real(call); } \
    static tp_status name##_in_place(tp__call *call) { return name##_more(call) ? tp__pending() : tp__in_place_real(call); }
SHAPES(elu)
SHAPES(selu)
SHAPES(celu)

/* ---- Rules ---------------------------------------------------------------------------------------------------------------------------- */

TP__BY_INPUT(elu) TP__SLOPE(elu)
TP__BY_INPUT(gelu) TP__SLOPE(gelu)
TP__BY_INPUT(silu) TP__SLOPE(silu)
TP__BY_INPUT(mish) TP__SLOPE(mish)
TP__BY_INPUT(softplus) TP__SLOPE(softplus)
TP__BY_INPUT(softsign) TP__SLOPE(softsign)
TP__BY_INPUT(tanhshrink) TP__SLOPE(tanhshrink)
TP__BY_INPUT(logsigmoid) TP__SLOPE(logsigmoid)
static tp_status selu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { return elu_backward(node, dy, need, dx); }
static tp_status celu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { return elu_backward(node, dy, need, dx); }

/* g dy f''(x), from h = g dy and x */
typedef tp_tensor *curve_fn(tp_tensor *h, tp_tensor *x, const void *attr);
typedef tp_tensor *kernel_fn(tp_tensor *dy, tp_tensor *x, const void *attr);

static tp_status curved(const tp_node *node, tp_tensor *g, uint64_t need, tp_tensor **dx, kernel_fn *slope, curve_fn *curve)
{
    tp_tensor *x = tp__saved(node, 1);
    const void *attr = tp__attr(node);
    if (need & 1 && !(dx[0] = slope(g, x, attr))) return tp__pending();
    if (need & 2 && !(dx[1] = curve(tp_mul(g, tp__saved(node, 0)), x, attr))) return tp__pending();
    return TP_OK;
}
#define CURVE(name) \
    static tp_tensor *name##_curve(tp_tensor *h, tp_tensor *x, const void *attr); \
    static tp_status name##_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx) \
    { \
        return curved(node, g[0], need, dx, name##_slope, name##_curve); \
    } \
    static tp_tensor *name##_curve(tp_tensor *h, tp_tensor *x, const void *attr)

/* input_scale h f' where x <= 0, where f' is no longer straight */
CURVE(elu)
{
    const tp__elu *a = attr;
    return tp_mul(a->input_scale, tp_sub(elu_slope(h, x, attr), tp_mul(a->scale, tp__where_positive(h, x))));
}

/* By P: p(x) (2 - x^2). By tanh, t = tanh(u), of u' and u'': (1 - t^2) (u' + x u'' / 2 - x t u'^2) */
CURVE(gelu)
{
    tp_tensor *xx = tp_mul(x, x);
    if (((const tp__gelu *)attr)->approximate != 2)
        return tp_mul(tp_mul(h, tp_sub(2, xx)), tp_mul(0.39894228040143267794, tp_exp(tp_mul(-0.5, xx))));
    const double k = 0.79788456080286535588, cubic = 0.044715;
    tp_tensor *t = tp_tanh(tp_mul(tp_mul(k, x), tp_add(1, tp_mul(cubic, xx)))), *u1 = tp_mul(k, tp_add(1, tp_mul(3 * cubic, xx)));
    tp_tensor *bend = tp_sub(tp_add(u1, tp_mul(3 * cubic * k, xx)), tp_mul(tp_mul(x, t), tp_mul(u1, u1)));
    return tp_mul(h, tp_mul(tp_sub(1, tp_mul(t, t)), bend));
}

/* s (1 - s) (2 + x (1 - 2 s)) */
CURVE(silu)
{
    (void)attr;
    tp_tensor *s = tp_sigmoid(x), *bend = tp_add(2, tp_mul(x, tp_sub(1, tp_mul(2, s))));
    return tp_mul(h, tp_mul(tp_mul(s, tp_sub(1, s)), bend));
}

/* (1 - t^2) s (2 + x (1 - s) - 2 x t s) */
CURVE(mish)
{
    (void)attr;
    tp_tensor *s = tp_sigmoid(x), *t = tp_tanh(tp_softplus(x));
    tp_tensor *bend = tp_add(2, tp_mul(x, tp_sub(tp_sub(1, s), tp_mul(2, tp_mul(t, s)))));
    return tp_mul(h, tp_mul(tp_mul(tp_sub(1, tp_mul(t, t)), s), bend));
}

/* b s (1 - s), which is 0 beyond the threshold, where the kernel gives an s of 1 */
CURVE(softplus)
{
    tp_tensor *s = softplus_slope(tp_ones(tp_shape_of(x), .dtype = tp_dtype_of(x), .device = tp_device_of(x)), x, attr);
    return tp_mul(((const tp__softplus *)attr)->beta, tp_mul(h, tp_mul(s, tp_sub(1, s))));
}

/* -2 sign(x) / (1 + |x|)^3 */
CURVE(softsign)
{
    (void)attr;
    tp_tensor *size = tp_add(1, tp_add(tp_relu(x), tp_relu(tp_neg(x))));
    tp_tensor *signed_h = tp_sub(tp__where_positive(h, x), tp__where_positive(h, tp_neg(x)));
    return tp_add(tp_div(tp_mul(-2, signed_h), tp_mul(size, tp_mul(size, size))), tp_sub(x, x));    /* NaN of an infinity */
}

/* 2 t (1 - t^2) */
CURVE(tanhshrink)
{
    (void)attr;
    tp_tensor *t = tp_tanh(x);
    return tp_mul(tp_mul(2, h), tp_mul(t, tp_sub(1, tp_mul(t, t))));
}

/* -s(x) s(-x) */
CURVE(logsigmoid)
{
    (void)attr;
    return tp_neg(tp_mul(h, tp_mul(tp_sigmoid(x), tp_sigmoid(tp_neg(x)))));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define REAL_NAMED(label, v) TP__NAMED(label, .kind = TP_ARG_FLOAT, .value.real = v)

static tp_tensor *values(tp_sample_set *set) { return tp__sample_tensor(set, TP_SHAPE(3, 5), -3, 3); }

static void elu_samples(tp_sample_set *set)
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), REAL_NAMED("alpha", 0.7));
}
static void gelu_samples(tp_sample_set *set)
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), TP__NAMED("approximate", .kind = TP_ARG_STRING, .value.string = "tanh"));
}
static void softplus_samples(tp_sample_set *set)
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), REAL_NAMED("beta", 2.5), REAL_NAMED("threshold", 4));
}

static void back_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(values(set)), TP__TENSOR_ARG(values(set))); }
static void elu_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), TP__TENSOR_ARG(values(set)), TP__FLOAT_ARG(0.7), TP__FLOAT_ARG(1.5), TP__FLOAT_ARG(0.8));
}
static void gelu_back_samples(tp_sample_set *set)
{
    back_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), TP__TENSOR_ARG(values(set)), TP__STRING_ARG("tanh"));
}
static void softplus_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(values(set)), TP__TENSOR_ARG(values(set)), TP__FLOAT_ARG(1.5), TP__FLOAT_ARG(3));
}

/* ---- Descriptors ------------------------------------------------------------------------------------------------------------------------ */

#define OF_ELU(name, takes, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input" takes ") -> Tensor", .kernel = "elu", .shape = name##_shape, \
        .backward = name##_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(tp__elu), .samples = give, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input" takes ") -> Tensor", .kernel = "elu", .flags = TP__INPLACE, \
        .shape = name##_in_place, .backward = name##_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(tp__elu), .samples = give, \
        .state = TP__STATE }; \
    TP__INPLACE_KEYWORD(name, takes, sizeof(double), give)
OF_ELU(elu, ", float alpha=1.", elu_samples)
OF_ELU(selu, "", tp__unary_samples)
OF_ELU(celu, ", float alpha=1.", elu_samples)

#define APPROXIMATE ", string{none,tanh} approximate=none"
TP__OPS1(gelu, APPROXIMATE, real, sizeof(tp__gelu), gelu_samples, TP__INPUT(0, 0))
TP__OPS1(silu, "", real, 0, tp__unary_samples, TP__INPUT(0, 0))
TP__OPS1(mish, "", real, 0, tp__unary_samples, TP__INPUT(0, 0))
TP__OPS1(softplus, ", float beta=1., float threshold=20.", real, sizeof(tp__softplus), softplus_samples, TP__INPUT(0, 0))
TP__OPS1(softsign, "", to_real, 0, tp__unary_samples, TP__INPUT(0, 0))
TP__OPS1(tanhshrink, "", to_real, 0, tp__unary_samples, TP__INPUT(0, 0))
TP__OPS1(logsigmoid, "", real, 0, tp__unary_samples, TP__INPUT(0, 0))
TP__INPLACE_KEYWORD(silu, "", 0, tp__unary_samples)
TP__INPLACE_KEYWORD(mish, "", 0, tp__unary_samples)

#define SAVE_BOTH TP__INPUT(0, 2), TP__INPUT(1, 0)
TP__BACKWARD_OP(elu, ", float alpha, float scale, float input_scale", sizeof(tp__elu), elu_back_samples, SAVE_BOTH)
TP__BACKWARD_OP(gelu, APPROXIMATE, sizeof(tp__gelu), gelu_back_samples, SAVE_BOTH)
TP__BACKWARD_OP(silu, "", 0, back_samples, SAVE_BOTH)
TP__BACKWARD_OP(mish, "", 0, back_samples, SAVE_BOTH)
TP__BACKWARD_OP(softplus, ", float beta, float threshold", sizeof(tp__softplus), softplus_back_samples, SAVE_BOTH)
TP__BACKWARD_OP(softsign, "", 0, back_samples, SAVE_BOTH)
TP__BACKWARD_OP(tanhshrink, "", 0, back_samples, SAVE_BOTH)
TP__BACKWARD_OP(logsigmoid, "", 0, back_samples, SAVE_BOTH)

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

#define TAKE(of, name) \
    tp_##of##_options o = { TP__DEFAULT_##of .tp__end = 0 }; \
    if (tp_options_take(#name, &o, options, offsetof(tp_##of##_options, tp__end))) return NULL;

tp_tensor *tp_elu_with(tp_tensor *x, const tp_elu_options *options)
{
    TAKE(elu, elu)
    return tp__call1(&op_elu, x, &(tp__elu){ o.alpha, 1, 1 }, TP__CALLER);
}
tp_tensor *tp_elu__with(tp_tensor *x, const tp_elu_options *options)
{
    TAKE(elu, elu_)
    return tp__write1(&op_elu_, x, &(tp__elu){ o.alpha, 1, 1 }, TP__CALLER);
}
tp_tensor *tp_celu_with(tp_tensor *x, const tp_celu_options *options)
{
    TAKE(celu, celu)
    return tp__write1(&op_celu, x, &(tp__elu){ o.alpha, 1, 1 }, TP__CALLER);          /* the shape rule looks at alpha */
}
tp_tensor *tp_celu__with(tp_tensor *x, const tp_celu_options *options)
{
    TAKE(celu, celu_)
    return tp__write1(&op_celu_, x, &(tp__elu){ o.alpha, 1, 1 }, TP__CALLER);
}
tp_tensor *tp_selu(tp_tensor *x)
{
    tp__elu attr = selu_constants;                     /* not the constant: the shape rule writes it */
    return tp__call1(&op_selu, x, &attr, TP__CALLER);
}
tp_tensor *tp_selu_(tp_tensor *x)
{
    tp__elu attr = selu_constants;
    return tp__write1(&op_selu_, x, &attr, TP__CALLER);
}

static bool approximation(const char *op, tp_gelu_approximation given, tp__gelu *attr)
{
    attr->approximate = given == TP_GELU_DEFAULT ? TP_GELU_NONE : (int32_t)given;
    if (attr->approximate == TP_GELU_NONE || attr->approximate == TP_GELU_TANH) return true;
    return tp_fail(TP_ERR_ARGUMENT, "%s: %d is no approximation", op, (int)given), false;
}
tp_tensor *tp_gelu_with(tp_tensor *x, const tp_gelu_options *options)
{
    tp__gelu attr;
    TAKE(gelu, gelu)
    return approximation("gelu", o.approximate, &attr) ? tp__call1(&op_gelu, x, &attr, TP__CALLER) : NULL;
}
tp_tensor *tp_gelu__with(tp_tensor *x, const tp_gelu_options *options)
{
    tp__gelu attr;
    TAKE(gelu, gelu_)
    return approximation("gelu_", o.approximate, &attr) ? tp__write1(&op_gelu_, x, &attr, TP__CALLER) : NULL;
}
tp_tensor *tp_softplus_with(tp_tensor *x, const tp_softplus_options *options)
{
    TAKE(softplus, softplus)
    return tp__call1(&op_softplus, x, &(tp__softplus){ o.beta, o.threshold }, TP__CALLER);
}
tp_tensor *tp_softplus__with(tp_tensor *x, const tp_softplus_options *options)
{
    TAKE(softplus, softplus_)
    return tp__write1(&op_softplus_, x, &(tp__softplus){ o.beta, o.threshold }, TP__CALLER);
}

#define PUBLIC_PLAIN(name) \
    tp_tensor *tp_##name(tp_tensor *x) { return tp__call1(&op_##name, x, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *x) { return tp__write1(&op_##name##_, x, NULL, TP__CALLER); }
PUBLIC_PLAIN(silu)
PUBLIC_PLAIN(mish)
PUBLIC_PLAIN(softsign)
PUBLIC_PLAIN(tanhshrink)
PUBLIC_PLAIN(logsigmoid)

#define TWO_FORMS(name) &op_##name, &op_##name##_
const tp_op *const tp__ops_activation_smooth[] = {
    TP__THREE_FORMS(elu), TP__THREE_FORMS(selu), TP__THREE_FORMS(celu), TP__THREE_FORMS(silu), TP__THREE_FORMS(mish), TWO_FORMS(gelu),
    TWO_FORMS(softplus), TWO_FORMS(softsign), TWO_FORMS(tanhshrink), TWO_FORMS(logsigmoid), &op_elu_backward, &op_gelu_backward,
    &op_silu_backward, &op_mish_backward, &op_softplus_backward, &op_softsign_backward, &op_tanhshrink_backward, &op_logsigmoid_backward, NULL,
};
