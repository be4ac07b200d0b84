/* sign.c: signs, magnitudes and the step.
 *
 *   abs         y = |x|                                 dx = dy sgn(x)
 *   sign        y = 1, 0 or -1 (and 0 of NaN)           dx = 0
 *   sgn         the same, of complex z = z / |z|        dz = (dy - y re(conj(dy) y)) / |z|, 0 where z = 0
 *   signbit     y = is the sign set? Also of -0.0 and NaN
 *   heaviside   y = 0 where x < 0 or NaN, 1 where x > 0, v where x = 0
 *   positive    x itself */
#include "ops/complex.h"
#include "ops/pointwise.h"

static tp_status abs_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_mul(dy[0], tp_sgn(tp__saved_as_is(node, 0))));
}

static tp_status sgn_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *z = tp__saved_as_is(node, 0);
    if (!z || !tp__is_complex(z->dtype)) return z ? tp__zero_backward(node, dy, need, dx) : tp__pending();
    tp_tensor *y = tp_sgn(z), *size = tp_abs(z), *along = tp_mul(y, tp_real(tp_mul(tp_conj(dy[0]), y)));
    return tp__made(dx[0] = tp_where(tp_eq(size, 0), 0, tp_div(tp_sub(dy[0], along), size)));
}

/* A magnitude is real. */
static bool tp__dtypes_magnitude(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_number(call, out)) return false;
    out->result = tp__part_dtype(out->result);
    return true;
}
TP__POINTWISE_RULE(magnitude)

/* ---- heaviside, which has no gradient in PyTorch either ----------------------------------------------------------------------- */

static bool tp__dtypes_heaviside(const tp__call *call, tp__dtypes *out)
{
    const tp_tensor *x = call->in[0], *values = call->in[1];
    if (x->dtype == values->dtype) return tp__dtypes_same(call, out);
    tp__call_fail(call, TP_ERR_DTYPE, "%s and %s must be the same", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)values->dtype));
    return false;
}
TP__POINTWISE_RULE(heaviside)

static tp_status heaviside__shape(tp__call *call)
{
    if (tp__needs_grad(call->in[0]) && !(tp__self.mode & TP__NO_RECORD))
        return tp__call_fail(call, TP_ERR_STATE, "it has no gradient, and what it overwrites needs one");
    return tp__in_place_heaviside(call);
}

static tp_status positive_compose(tp__call *call)
{
    if (call->in[0]->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    return tp__made(tp__out_made(call, call->in[0]));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

/* Away from 0, where a magnitude has a corner and a sign a step. */
static void signed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_plus(tp__sample_distinct(set, TP_SHAPE(3, 4)), -1.3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, -1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), 1, 2)));
}
static void heaviside_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp_randn(TP_SHAPE(3, 4))), TP__TENSOR_ARG(tp_randn(TP_SHAPE(4))));
}
static void heaviside_samples(tp_sample_set *set)
{
    heaviside_samples_in_place(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp_zeros(TP_SHAPE(2, 1))), TP__TENSOR_ARG(tp_randn(TP_SHAPE(3))));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */

/* An op and the other name that it has */
#define NAMED(name, of, rule, rule_of_gradient, ...) \
    static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", .kernel = #of, .shape = tp__shape_##rule, \
        .backward = rule_of_gradient, .saves = { __VA_ARGS__ }, .samples = signed_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input) -> Tensor", .kernel = #of, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = rule_of_gradient, .saves = { __VA_ARGS__ }, .samples = signed_samples, .state = TP__STATE };
NAMED(abs, abs, magnitude, abs_backward, TP__INPUT(0, 0))
NAMED(absolute, abs, magnitude, abs_backward, TP__INPUT(0, 0))
NAMED(sign, sign, same, tp__zero_backward, TP__NOTHING)
NAMED(sgn, sign, same, sgn_backward, TP__INPUT(0, 0))
tp_tensor *tp_abs(tp_tensor *x) { return tp__call1(&op_abs, x, NULL, TP__CALLER); }
tp_tensor *tp_abs_(tp_tensor *x) { return tp__write1(&op_abs_, x, NULL, TP__CALLER); }
tp_tensor *tp_sgn(tp_tensor *x) { return tp__call1(&op_sgn, x, NULL, TP__CALLER); }
tp_tensor *tp_sign(tp_tensor *x) { return tp__call1(&op_sign, x, NULL, TP__CALLER); }
tp_tensor *tp_sign_(tp_tensor *x) { return tp__write1(&op_sign_, x, NULL, TP__CALLER); }

static const tp_op op_signbit = { .schema = "signbit(Tensor input) -> Tensor", .flags = TP__NO_GRAD_OP, .shape = tp__shape_compare,
    .samples = signed_samples, .state = TP__STATE };
tp_tensor *tp_signbit(tp_tensor *x) { return tp__run1(&op_signbit, &x, 1, NULL, TP__CALLER); }

static const tp_op op_heaviside = { .schema = "heaviside(Tensor input, Tensor values) -> Tensor", .flags = TP__NO_GRAD_OP,
    .shape = tp__shape_heaviside, .samples = heaviside_samples, .state = TP__STATE };
static const tp_op op_heaviside_ = { .schema = "heaviside_(Tensor! input, Tensor values) -> Tensor", .kernel = "heaviside", .flags = TP__INPLACE,
    .shape = heaviside__shape, .samples = heaviside_samples_in_place, .state = TP__STATE };
tp_tensor *tp_heaviside(tp_tensor *x, tp_tensor *values) { return tp__run1(&op_heaviside, (tp_tensor *[]){ x, values }, 2, NULL, TP__CALLER); }
tp_tensor *tp_heaviside_(tp_tensor *x, tp_tensor *values) { return tp__write2(&op_heaviside_, x, tp__from_tensor(values), NULL, TP__CALLER); }

static const tp_op op_positive = { .schema = "positive(Tensor input) -> Tensor", .compose = positive_compose, .samples = signed_samples,
    .state = TP__STATE };

#define FORMS(name) &op_##name, &op_##name##_
const tp_op *const tp__ops_sign[] = {
    FORMS(abs), FORMS(absolute), FORMS(sign), FORMS(sgn), &op_signbit, FORMS(heaviside), &op_positive, NULL,
};
