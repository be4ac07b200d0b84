/* pointwise_special.c: special functions of one and two inputs.
 *
 *   sinc     y = sin(pi x) / (pi x)       dx = dy (cos(pi x) - y) / x, 0 at 0
 *   logit    y = ln(x / (1 - x))          dx = dy / (x (1 - x)), of x held in [eps, 1 - eps]
 *   hypot    y = sqrt(a^2 + b^2)          da = (dy a) / y                 db = (dy b) / y
 *   atan2    y = the angle of (b, a)      da = dy b / (a^2 + b^2)         db = -dy a / (a^2 + b^2)
 *   logaddexp   y = ln(e^a + e^b)         da = dy / (1 + e^(b - a))       db = dy / (1 + e^(a - b));  logaddexp2 the same with 2
 *   xlogy    y = a ln b, 0 where a = 0    da = dy ln b, 0 where a = 0 and b <= 0                      db = dy a / b
 *   copysign y = |a| with the sign of b   da = dy y / a, 0 where a = 0    db = 0 */
#include "core/kernel_args.h"
#include "ops/pointwise.h"

#include <math.h>

#define PI 3.14159265358979323846

/* ---- Of one input -------------------------------------------------------------------------------------------------------------------- */

static tp_status sinc_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = tp__saved(node, 0);
    TP__GRADIENT(0, tp_mul(dy[0], tp_where(tp_eq(x, 0), 0, tp_div(tp_sub(tp_cos(tp_mul(x, PI)), tp_sinc(x)), x))));
    return TP_OK;
}
TP__UNARY(sinc, floating, tp__positive_samples, TP__INPUT(0, 0))

/* dy / (x (1 - x)); beyond [eps, 1 - eps], where there is an eps, 0, and without one NaN beyond [0, 1] */
static tp_status logit_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__logit *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0);
    const double eps = attr->eps.kind == TP_OPERAND_REAL ? attr->eps.as.real : (double)attr->eps.as.integer;
    const bool clamps = attr->eps.kind;
    (void)need;
    tp_tensor *inside = tp_logical_and(tp_ge(x, clamps ? eps : 0), tp_le(x, clamps ? 1 - eps : 1));
    tp_tensor *y = tp_where(inside, tp_div(dy[0], tp_mul(x, tp_sub(1, x))), clamps ? 0 : (double)NAN);
    return tp__made(dx[0] = tp__fit(node, 0, y));
}

static void logit_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.1, 0.9)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.3, 0.7)), TP__FLOAT_ARG(0.2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.0, 0.1)), TP__FLOAT_ARG(0.2));
}
TP__OPS1(logit, ", number? eps=none", floating, sizeof(tp__logit), logit_samples, TP__INPUT(0, 0))
tp_tensor *tp_logit(tp_tensor *x) { return tp__call1(&op_logit, x, &(tp__logit){ .eps = { .kind = TP_OPERAND_NONE } }, TP__CALLER); }
tp_tensor *tp_logit_(tp_tensor *x) { return tp__write1(&op_logit_, x, &(tp__logit){ .eps = { .kind = TP_OPERAND_NONE } }, TP__CALLER); }
tp_tensor *tp_logit_eps(tp_tensor *x, double eps) { return tp__call1(&op_logit, x, &(tp__logit){ tp__from_real(eps) }, TP__CALLER); }
tp_tensor *tp_logit_eps_(tp_tensor *x, double eps) { return tp__write1(&op_logit_, x, &(tp__logit){ tp__from_real(eps) }, TP__CALLER); }

/* ---- Of two inputs ------------------------------------------------------------------------------------------------------------------ */

#define RULE2(name) static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
/* Which inputs may be numbers differs from op to op. */
#define OF_TWO(name, first, second, rule, give, ...) \
    static const tp_op op_##name = { .schema = #name "(" first " input, " second " other) -> Tensor", .shape = tp__shape_##rule, \
        .backward = name##_backward, .saves = { __VA_ARGS__ }, .samples = give, .state = TP__STATE };
#define OF_TWO_IN_PLACE(name, second, rule, give, ...) \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, " second " other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = name##_backward, .saves = { __VA_ARGS__ }, .samples = give##_in_place, .state = TP__STATE };
#define TENSORS(name) tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_##name, a, b, NULL, TP__CALLER); }
#define TENSORS_IN_PLACE(name) \
    tp_tensor *tp_##name##_(tp_tensor *a, tp_tensor *b) { return tp__write2(&op_##name##_, a, tp__from_tensor(b), NULL, TP__CALLER); }
#define OPERANDS(name) \
    tp_tensor *tp_##name##_with(tp_operand a, tp_operand b) { return tp__operands2(&op_##name, a, b, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_##name##_, a, b, NULL, TP__CALLER); }

static void tensors_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2)));
}
static void tensors_samples(tp_sample_set *set)
{
    tensors_samples_in_place(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 3), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 1), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, -0.5)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2)));
}

RULE2(hypot)
{
    TP__GRADIENT(0, tp_div(tp_mul(dy[0], tp__saved(node, 0)), tp__saved(node, 2)));
    TP__GRADIENT(1, tp_div(tp_mul(dy[0], tp__saved(node, 1)), tp__saved(node, 2)));
    return TP_OK;
}
#define HYPOT_SAVES TP__INPUT(0, 1), TP__INPUT(1, 2), TP__OUTPUT(0)
OF_TWO(hypot, "Tensor", "Tensor", real, tensors_samples, HYPOT_SAVES)
OF_TWO_IN_PLACE(hypot, "Tensor", real, tensors_samples, HYPOT_SAVES)
TENSORS(hypot) TENSORS_IN_PLACE(hypot)

/* dy over a^2 + b^2, 0 where both are */
RULE2(atan2)
{
    tp_tensor *a = tp__saved(node, 0), *b = tp__saved(node, 1), *sum = tp_add(tp_mul(a, a), tp_mul(b, b));
    tp_tensor *over = tp_mul(dy[0], tp_where(tp_eq(sum, 0), 0, tp_reciprocal(sum)));
    TP__GRADIENT(0, tp_mul(over, b));
    TP__GRADIENT(1, tp_neg(tp_mul(over, a)));
    return TP_OK;
}
OF_TWO(atan2, "Tensor", "Tensor", exact, tensors_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
OF_TWO_IN_PLACE(atan2, "Tensor", exact, tensors_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
TENSORS(atan2) TENSORS_IN_PLACE(atan2)

RULE2(logaddexp)
{
    tp_tensor *a = tp__saved(node, 0), *b = tp__saved(node, 1);
    TP__GRADIENT(0, tp_div(dy[0], tp_add(1, tp_exp(tp_sub(b, a)))));
    TP__GRADIENT(1, tp_div(dy[0], tp_add(1, tp_exp(tp_sub(a, b)))));
    return TP_OK;
}
RULE2(logaddexp2)
{
    tp_tensor *a = tp__saved(node, 0), *b = tp__saved(node, 1);
    TP__GRADIENT(0, tp_div(dy[0], tp_add(1, tp_exp2(tp_sub(b, a)))));
    TP__GRADIENT(1, tp_div(dy[0], tp_add(1, tp_exp2(tp_sub(a, b)))));
    return TP_OK;
}
OF_TWO(logaddexp, "Tensor", "Tensor", real, tensors_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
OF_TWO(logaddexp2, "Tensor", "Tensor", real, tensors_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
TENSORS(logaddexp) TENSORS(logaddexp2)

RULE2(xlogy)
{
    tp_tensor *a = tp__saved(node, 0), *b = tp__saved(node, 1);
    TP__GRADIENT(0, tp_mul(dy[0], tp__zero_where(tp_logical_and(tp_eq(a, 0), tp_le(b, 0)), tp__of_number(b, log, tp_log), dy[0])));
    TP__GRADIENT(1, tp_div(tp_mul(dy[0], a), b));
    return TP_OK;
}
static tp_status tp__shape_xlogy(tp__call *call) { return tp__has_tensor(call) ? tp__shape_exact(call) : tp__pending(); }
OF_TWO(xlogy, "Tensor|number", "Tensor|number", xlogy, tp__binary_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
OF_TWO_IN_PLACE(xlogy, "Tensor|number", exact, tp__binary_samples, TP__INPUT(0, 0), TP__INPUT(1, 0))
OPERANDS(xlogy)

RULE2(copysign)
{
    tp_tensor *a = tp__saved(node, 0), *y = tp__saved(node, 1);
    TP__GRADIENT(0, tp_mul(dy[0], tp_where(tp_eq(a, 0), 0, tp_div(y, a))));
    TP__GRADIENT(1, tp_zeros_like(y));
    return TP_OK;
}
OF_TWO(copysign, "Tensor", "Tensor|number", floating, tp__binary_samples, TP__INPUT(0, 0), TP__OUTPUT(0))
OF_TWO_IN_PLACE(copysign, "Tensor|number", floating, tp__binary_samples, TP__INPUT(0, 0), TP__OUTPUT(0))
OPERANDS(copysign)

const tp_op *const tp__ops_pointwise_special[] = {
    TP__FORMS(sinc), TP__FORMS(logit), TP__FORMS(hypot), TP__FORMS(atan2), &op_logaddexp, &op_logaddexp2, TP__FORMS(xlogy), TP__FORMS(copysign), NULL,
};
