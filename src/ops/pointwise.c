/* pointwise.c: arithmetic and elementwise functions.
 *
 *   add   y = a + b          da = dy             db = dy
 *   sub   y = a - b          da = dy             db = -dy
 *   mul   y = a b            da = dy b           db = dy a
 *   div   y = a / b          da = dy / b         db = -dy (a / b) / b
 *   neg   y = -x             dx = -dy
 *   exp   y = e^x            dx = dy y
 *   log   y = ln x           dx = dy / x
 *   sqrt  y = x^(1/2)        dx = dy / (2 y)
 *   relu  y = max(x, 0)      dx = y > 0 ? dy : 0
 *   sigmoid y = 1/(1+e^-x)   dx = dy y (1 - y)
 *   tanh                     dx = dy (1 - y^2)
 *
 * Inputs of other shapes broadcast, and their gradients are summed back (tp__fit). */
#include "ops/pointwise.h"

/* ---- Dtype rules ---------------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_difference(const tp__call *call, tp__dtypes *out)
{
    if (call->in[0]->dtype != TP_BOOL && call->in[1]->dtype != TP_BOOL) return tp__dtypes_same(call, out);
    tp__call_fail(call, TP_ERR_DTYPE, "bool has no subtraction: use logical_xor or eq");
    return false;
}
TP__POINTWISE_RULE(difference)

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_status add_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, dy[0]))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, dy[0]))) return tp__pending();
    return TP_OK;
}

static tp_status sub_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, dy[0]))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_neg(tp__fit(node, 1, dy[0])))) return tp__pending();
    return TP_OK;
}

static tp_status mul_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, tp_mul(dy[0], tp__saved(node, 0))))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_mul(dy[0], tp__saved(node, 1))))) return tp__pending();
    return TP_OK;
}

static tp_status div_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *a = need & 2 ? tp__saved(node, 0) : NULL, *b = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, tp_div(dy[0], b)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_neg(tp_mul(dy[0], tp_div(tp_div(a, b), b)))))) return tp__pending();
    return TP_OK;
}

static tp_status neg_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp_neg(dy[0]));
}

static tp_status exp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, tp_mul(dy[0], tp__saved(node, 0))));
}

static tp_status log_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_div(dy[0], tp__saved(node, 0)));
}

static tp_status sqrt_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_div(dy[0], tp_mul(2, tp__saved(node, 0))));
}

static const tp_op op_relu_backward, op_sigmoid_backward, op_tanh_backward;
static tp_tensor *by_output(const tp_op *op, tp_tensor *dy, tp_tensor *y) { return tp__call2(op, dy, y, NULL, NULL); }

static tp_status relu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_relu_backward, dy[0], tp__saved(node, 0)));
}

static tp_status sigmoid_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_sigmoid_backward, dy[0], tp__saved(node, 0)));
}

static tp_status tanh_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_tanh_backward, dy[0], tp__saved(node, 0)));
}

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

/* y + alpha * other, by the ops above */
static tp_status add_scaled(tp__call *call, tp_tensor *(*op)(tp_operand, tp_operand))
{
    const tp_operand *alpha = call->attr;
    if (alpha->kind == TP_OPERAND_REAL && !tp__is_floating(tp__result_type(call->in, 2)) && !tp__is_complex(tp__result_type(call->in, 2)))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "alpha is real, the result is of integers");
    call->out[0] = op(tp__from_tensor(call->in[0]), tp__from_tensor(tp_mul_with(tp__from_tensor(call->in[1]), *alpha)));
    call->n_out = 1;
    return tp__made(call->out[0]);
}
static tp_status add_alpha(tp__call *call) { return add_scaled(call, tp_add_with); }
static tp_status sub_alpha(tp__call *call) { return add_scaled(call, tp_sub_with); }

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void alpha_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__NAMED("alpha", .kind = TP_ARG_FLOAT, .value.real = 0.5));
}

static void by_output_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.1, 0.9)));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */

TP__BINARY(add, same, tp__binary_samples, TP__NOTHING)
TP__BINARY(sub, difference, tp__binary_samples, TP__NOTHING)
TP__BINARY(mul, same, tp__binary_samples, TP__INPUT(1, 1), TP__INPUT(0, 2))
TP__BINARY(div, floating, tp__binary_samples, TP__INPUT(0, 2), TP__INPUT(1, 0))
TP__COMPARE(eq, compare, tp__binary_samples)

TP__UNARY(neg, number, tp__unary_samples, TP__NOTHING)
TP__UNARY(exp, floating, tp__unary_samples, TP__OUTPUT(0))
TP__UNARY(log, floating, tp__positive_samples, TP__INPUT(0, 0))
TP__UNARY(sqrt, floating, tp__positive_samples, TP__OUTPUT(0))
TP__UNARY(relu, number, tp__unary_samples, TP__OUTPUT(0))
TP__UNARY(sigmoid, floating, tp__unary_samples, TP__OUTPUT(0))
TP__UNARY(tanh, floating, tp__unary_samples, TP__OUTPUT(0))

#define BY_OUTPUT(name) \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor output) -> Tensor", .flags = TP__INTERNAL, \
        .shape = tp__shape_same, .backward = name##_backward_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, \
        .samples = by_output_samples, .state = TP__STATE };
BY_OUTPUT(relu)
BY_OUTPUT(sigmoid)
BY_OUTPUT(tanh)

static const tp_op op_add_alpha = { .schema = "add.alpha(Tensor|number input, Tensor|number other, *, number alpha=1) -> Tensor",
    .attr_size = sizeof(tp_operand), .compose = add_alpha, .samples = alpha_samples, .state = TP__STATE };
static const tp_op op_sub_alpha = { .schema = "sub.alpha(Tensor|number input, Tensor|number other, *, number alpha=1) -> Tensor",
    .attr_size = sizeof(tp_operand), .compose = sub_alpha, .samples = alpha_samples, .state = TP__STATE };

#define FORMS(name) &op_##name, &op_##name##_
const tp_op *const tp__ops_pointwise[] = {
    FORMS(add), FORMS(sub), FORMS(mul), FORMS(div), FORMS(eq), &op_add_alpha, &op_sub_alpha, FORMS(neg), FORMS(exp), FORMS(log), FORMS(sqrt),
    FORMS(relu), FORMS(sigmoid), FORMS(tanh), &op_relu_backward, &op_sigmoid_backward, &op_tanh_backward, NULL,
};
