/* pointwise.c: arithmetic of two and three inputs.
 *
 *   add   y = a + alpha b    da = dy             db = alpha dy
 *   sub   y = a - alpha b    da = dy             db = -alpha dy
 *   rsub  y = b - alpha a    da = -alpha dy      db = dy
 *   mul   y = a b            da = dy b           db = dy a
 *   div   y = a / b          da = dy / b         db = -dy (a / b) / b;  rounded (trunc, floor): 0
 *   fmod        y = a - b trunc(a / b)           da = dy             db = -dy trunc(a / b)
 *   remainder   y = a - b floor(a / b)           da = dy             db = -dy floor(a / b)
 *   lerp  y = a + w (b - a)  da = dy (1 - w)     db = dy w           dw = dy (b - a)
 *   addcmul     y = x + v a b                    dx = dy             da = dy v b         db = dy v a
 *   addcdiv     y = x + v a / b                  dx = dy             da = dy v / b       db = -dy v a / b^2
 *
 * Inputs of other shapes broadcast, and their gradients are summed back (tp__fit). */
#include "autograd/walk.h"
#include "core/kernel_args.h"
#include "ops/pointwise.h"

/* ---- Dtype rules ---------------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_difference(const tp__call *call, tp__dtypes *out)
{
    if (call->in[0]->dtype != TP_BOOL && call->in[1]->dtype != TP_BOOL) return tp__dtypes_same(call, out);
    tp__call_fail(call, TP_ERR_DTYPE, "bool has no subtraction: use logical_xor or eq");
    return false;
}
TP__POINTWISE_RULE(difference)

/* A real factor makes no integers, and one of bool is for bool alone. */
static bool factor_fits(const tp__call *call, const tp__dtypes *out, bool bool_counts)
{
    const tp__factor *factor = call->attr;
    if (factor->value.kind == TP_OPERAND_REAL && tp__category(out->result) < 2) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "alpha is the real number %g, the result is of integers", factor->value.as.real);
        return false;
    }
    if (factor->value.kind == TP_OPERAND_BOOL && out->result != TP_BOOL && !bool_counts) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "alpha is bool, the result is %s", tp_dtype_name(out->result));
        return false;
    }
    return true;
}

static bool tp__dtypes_scaled_sum(const tp__call *call, tp__dtypes *out) { return tp__dtypes_same(call, out) && factor_fits(call, out, false); }
static bool tp__dtypes_scaled_difference(const tp__call *call, tp__dtypes *out)
{
    return tp__dtypes_difference(call, out) && factor_fits(call, out, false);
}
TP__POINTWISE_RULE(scaled_sum)
TP__POINTWISE_RULE(scaled_difference)

static bool tp__dtypes_addcdiv(const tp__call *call, tp__dtypes *out)
{
    if (tp__category(call->in[1]->dtype) > 1 || tp__category(call->in[2]->dtype) > 1) return tp__dtypes_real(call, out);
    tp__call_fail(call, TP_ERR_DTYPE, "it divides no integers: %s by %s", tp_dtype_name((tp_dtype)call->in[1]->dtype),
                  tp_dtype_name((tp_dtype)call->in[2]->dtype));
    return false;
}
TP__POINTWISE_RULE(addcdiv)

/* All of one dtype, but for numbers and 0-dim tensors */
static bool tp__dtypes_lerp(const tp__call *call, tp__dtypes *out)
{
    const int dtype = call->in[0]->dtype;
    for (int i = 1; i < call->n_in; i++)
        if (call->in[i] && call->in[i]->dtype != dtype && (i == 1 || call->in[i]->ndim)) {
            tp__call_fail(call, TP_ERR_DTYPE, "input is %s, %s is %s", tp_dtype_name((tp_dtype)dtype), i == 1 ? "end" : "weight",
                          tp_dtype_name((tp_dtype)call->in[i]->dtype));
            return false;
        }
    return tp__dtypes_real(call, out);
}
TP__POINTWISE_RULE(lerp)

static bool tp__dtypes_division(const tp__call *call, tp__dtypes *out) { return tp__has_tensor(call) && tp__dtypes_number(call, out); }
TP__POINTWISE_RULE(division)

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_status add_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, dy[0]);
    return TP_OK;
}

static tp_status sub_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    if (need & 2 && !(dx[1] = tp_neg(tp__fit(node, 1, dy[0])))) return tp__pending();
    return TP_OK;
}

/* x times the call's factor, and times -1 */
static tp_tensor *by_factor(const tp_node *node, tp_tensor *x, bool negative)
{
    const tp__factor *factor = tp__attr(node);
    tp_operand v = factor->value;
    if (negative && v.kind == TP_OPERAND_REAL) v.as.real = -v.as.real;
    else if (negative) v = tp__from_integer(-v.as.integer);
    return tp_mul_with(tp__from_tensor(x), v);
}

static tp_status add_alpha_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, by_factor(node, dy[0], false));
    return TP_OK;
}

static tp_status sub_alpha_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, by_factor(node, dy[0], true));
    return TP_OK;
}

static tp_status rsub_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, by_factor(node, dy[0], true));
    TP__GRADIENT(1, dy[0]);
    return TP_OK;
}

static const tp_op op_mul;

/* dy x, of which it is the gradient of input `arg`: added to what is there, or written over dy if this is the last use of it. */
static tp_tensor *times(const tp_node *node, int arg, tp_tensor *dy, tp_tensor *x, bool last)
{
    tp_tensor *const sum = x ? tp__add_product(node, arg, dy, x) : NULL;
    if (sum) return sum;
    return last ? tp__call2_over(node, &op_mul, dy, x, NULL) : tp_mul(dy, x);
}

static tp_status mul_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(1, times(node, 1, dy[0], tp__saved(node, 1), !(need & 1)));
    TP__GRADIENT(0, times(node, 0, dy[0], tp__saved(node, 0), true));
    return TP_OK;
}

static tp_status div_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *b = tp__saved(node, 1);
    TP__GRADIENT(0, tp_div(dy[0], b));
    TP__GRADIENT(1, tp_neg(tp_mul(dy[0], tp_div(tp_div(tp__saved(node, 0), b), b))));
    return TP_OK;
}

static tp_status fmod_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, tp_neg(tp_mul(dy[0], tp_div_mode(tp__saved(node, 0), tp__saved(node, 1), TP_ROUND_TRUNC))));
    return TP_OK;
}

static tp_status remainder_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, tp_neg(tp_mul(dy[0], tp_div_mode(tp__saved(node, 0), tp__saved(node, 1), TP_ROUND_FLOOR))));
    return TP_OK;
}

static tp_status addcmul_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, tp_mul(dy[0], by_factor(node, tp__saved(node, 1), false)));
    TP__GRADIENT(2, tp_mul(dy[0], by_factor(node, tp__saved(node, 0), false)));
    return TP_OK;
}

static tp_status addcdiv_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *b = tp__saved(node, 1);
    TP__GRADIENT(0, dy[0]);
    TP__GRADIENT(1, tp_mul(dy[0], tp_div_with(((const tp__factor *)tp__attr(node))->value, tp__from_tensor(b))));
    TP__GRADIENT(2, tp_mul(dy[0], tp_div(by_factor(node, tp__saved(node, 0), true), tp_mul(b, b))));
    return TP_OK;
}

static tp_status lerp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__factor *weight = tp__attr(node);
    const double w = weight->value.kind == TP_OPERAND_REAL ? weight->value.as.real : (double)weight->value.as.integer;
    TP__GRADIENT(0, tp_mul(dy[0], 1 - w));
    TP__GRADIENT(1, tp_mul(dy[0], w));
    return TP_OK;
}

static tp_status lerp_tensor_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, tp_mul(dy[0], tp_sub(1, tp__saved(node, 2))));
    TP__GRADIENT(1, tp_mul(dy[0], tp__saved(node, 2)));
    TP__GRADIENT(2, tp_mul(dy[0], tp_sub(tp__saved(node, 1), tp__saved(node, 0))));
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define ALPHA(v) TP__NAMED("alpha", .kind = TP_ARG_FLOAT, .value.real = (v))
static void alpha_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), ALPHA(0.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)), TP__FLOAT_ARG(1.5), ALPHA(-2));
}

static void mode_samples(tp_sample_set *set)           /* away from integral quotients */
{
    for (int i = 0; i < 2; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 2.1, 2.9)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1.0, -0.98)),
                 TP__NAMED("rounding_mode", .kind = TP_ARG_STRING, .value.string = i ? "floor" : "trunc"));
}

static void quotient_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 2.1, 2.9)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1.0, -0.98)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 3.1, 3.9)), TP__INT_ARG(2));
}

static void quotient_samples(tp_sample_set *set)
{
    quotient_samples_in_place(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 2.1, 2.9)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), 0.98, 1.0)));
}

static void floor_divide_samples(tp_sample_set *set) { quotient_samples(set); }
static void floor_divide_samples_in_place(tp_sample_set *set) { quotient_samples_in_place(set); }

static void lerp_samples(tp_sample_set *set)
{
    static const double weights[] = { 0.25, 0.75, 1.5, 0 };
    for (int i = 0; i < 4; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
                 TP__FLOAT_ARG(weights[i]));
}

static void lerp_tensor_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1), 0, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0, 1)));
}

static void three_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2)), TP__NAMED("value", .kind = TP_ARG_FLOAT, .value.real = -0.5));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */


TP__BINARY(add, same, tp__binary_samples, TP__NOTHING)
TP__BINARY(sub, difference, tp__binary_samples, TP__NOTHING)
TP__BINARY(mul, same, tp__binary_samples, TP__INPUT(1, 1), TP__INPUT(0, 2))
TP__BINARY(div, floating, tp__binary_samples, TP__INPUT(0, 2), TP__INPUT(1, 0))
TP__BINARY(remainder, division, quotient_samples, TP__INPUT(0, 2), TP__INPUT(1, 2))
TP__COMPARE(eq, compare, tp__binary_samples)

#define SCALED(name, rule, kernel_name, gives, ...) \
    TP__OP(name##_alpha, #name ".alpha(Tensor|number input, Tensor|number other, *, number alpha=1) -> Tensor", .kernel = kernel_name, \
        .shape = tp__shape_##rule, .backward = name##_alpha_backward, .attr_size = sizeof(tp__factor), .samples = alpha_samples) \
    TP__OP(name##_alpha_, #name "_.alpha(Tensor! input, Tensor|number other, *, number alpha=1) -> Tensor", .kernel = kernel_name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = name##_alpha_backward, .attr_size = sizeof(tp__factor), .samples = alpha_samples) \
    tp_tensor *tp_##name##_alpha_with(tp_operand a, tp_operand b, tp_operand alpha) \
    { return tp__operands2(&op_##name##_alpha, a, b, &(tp__factor){ alpha }, TP__CALLER); } \
    tp_tensor *tp_##name##__alpha_with(tp_tensor *a, tp_operand b, tp_operand alpha) \
    { return tp__write2(&op_##name##_alpha_, a, b, &(tp__factor){ alpha }, TP__CALLER); }
SCALED(add, scaled_sum, "add_alpha", )
SCALED(sub, scaled_difference, "sub_alpha", )
TP__OP(rsub, "rsub(Tensor input, Tensor|number other, *, number alpha=1) -> Tensor", .shape = tp__shape_scaled_difference, .backward = rsub_backward,
    .attr_size = sizeof(tp__factor), .samples = alpha_samples)

TP__OP(fmod, "fmod(Tensor input, Tensor|number other) -> Tensor", .shape = tp__shape_number, .backward = fmod_backward, .samples = quotient_samples,
    .saves = { TP__INPUT(0, 2), TP__INPUT(1, 2) })
TP__OP(fmod_, "fmod_(Tensor! input, Tensor|number other) -> Tensor", .kernel = "fmod", .flags = TP__INPLACE, .shape = tp__in_place_number,
    .backward = fmod_backward, .samples = quotient_samples_in_place, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 2) })
tp_tensor *tp_fmod_with(tp_operand a, tp_operand b) { return tp__operands2(&op_fmod, a, b, NULL, TP__CALLER); }
tp_tensor *tp_fmod__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_fmod_, a, b, NULL, TP__CALLER); }

#define THREE(name, rule, samples_of, ...) \
    TP__OP(name, #name "(Tensor input, Tensor tensor1, Tensor tensor2, *, number value=1) -> Tensor", .shape = tp__shape_##rule, \
        .backward = name##_backward, .saves = { __VA_ARGS__ }, .attr_size = sizeof(tp__factor), .samples = samples_of) \
    TP__OP(name##_, #name "_(Tensor! input, Tensor tensor1, Tensor tensor2, *, number value=1) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = name##_backward, .saves = { __VA_ARGS__ }, .attr_size = sizeof(tp__factor), .samples = samples_of) \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) \
    { return tp__run1(&op_##name, (tp_tensor *[]){ x, a, b }, 3, &(tp__factor){ value }, TP__CALLER); } \
    tp_tensor *tp_##name##__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, tp_operand value) \
    { return tp__run1(&op_##name##_, (tp_tensor *[]){ x, a, b }, 3, &(tp__factor){ value }, TP__CALLER); }
THREE(addcmul, number, three_samples, TP__INPUT(1, 4), TP__INPUT(2, 2))
THREE(addcdiv, addcdiv, three_samples, TP__INPUT(1, 4), TP__INPUT(2, 6))

TP__OP(lerp, "lerp(Tensor input, Tensor end, number weight) -> Tensor", .shape = tp__shape_lerp, .backward = lerp_backward,
    .attr_size = sizeof(tp__factor), .samples = lerp_samples)
TP__OP(lerp_, "lerp_(Tensor! input, Tensor end, number weight) -> Tensor", .kernel = "lerp", .flags = TP__INPLACE, .shape = tp__in_place_lerp,
    .backward = lerp_backward, .attr_size = sizeof(tp__factor), .samples = lerp_samples)
#define LERP_SAVES { TP__INPUT(0, 4), TP__INPUT(1, 4), TP__INPUT(2, 3) }
TP__OP(lerp_tensor, "lerp.tensor(Tensor input, Tensor end, Tensor weight) -> Tensor", .kernel = "lerp_tensor", .shape = tp__shape_lerp,
    .backward = lerp_tensor_backward, .saves = LERP_SAVES, .samples = lerp_tensor_samples)
TP__OP(lerp_tensor_, "lerp_.tensor(Tensor! input, Tensor end, Tensor weight) -> Tensor", .kernel = "lerp_tensor", .flags = TP__INPLACE,
    .shape = tp__in_place_lerp, .backward = lerp_tensor_backward, .saves = LERP_SAVES, .samples = lerp_tensor_samples)

tp_tensor *tp_lerp_with(tp_tensor *a, tp_tensor *b, tp_operand weight)
{
    if (weight.kind == TP_OPERAND_TENSOR) return tp__run1(&op_lerp_tensor, (tp_tensor *[]){ a, b, weight.as.tensor }, 3, NULL, TP__CALLER);
    return tp__run1(&op_lerp, (tp_tensor *[]){ a, b }, 2, &(tp__factor){ weight }, TP__CALLER);
}

tp_tensor *tp_lerp__with(tp_tensor *a, tp_tensor *b, tp_operand weight)
{
    if (weight.kind == TP_OPERAND_TENSOR) return tp__run1(&op_lerp_tensor_, (tp_tensor *[]){ a, b, weight.as.tensor }, 3, NULL, TP__CALLER);
    return tp__run1(&op_lerp_, (tp_tensor *[]){ a, b }, 2, &(tp__factor){ weight }, TP__CALLER);
}

tp_tensor *tp_rsub_with(tp_operand a, tp_operand b) { return tp__operands2(&op_rsub, a, b, &(tp__factor){ tp__from_integer(1) }, TP__CALLER); }

/* ---- Division with rounding: two ops without a gradient, and by their name the mode that chooses ------------------------------------ */

#define ROUNDED(name) \
    TP__OP(name, #name "(Tensor|number input, Tensor|number other) -> Tensor", .flags = TP__INTERNAL, .shape = tp__shape_number, \
        .backward = tp__zero_backward, .samples = quotient_samples) \
    TP__OP(name##_, #name "_(Tensor! input, Tensor|number other) -> Tensor", .kernel = #name, .flags = TP__INTERNAL | TP__INPLACE, \
        .shape = tp__in_place_number, .backward = tp__zero_backward, .samples = quotient_samples_in_place)
ROUNDED(div_trunc)
ROUNDED(div_floor)
TP__OP(floor_divide, "floor_divide(Tensor|number input, Tensor|number other) -> Tensor", .kernel = "div_floor", .flags = TP__NO_GRAD_OP,
    .shape = tp__shape_number, .samples = floor_divide_samples)
TP__OP(floor_divide_, "floor_divide_(Tensor! input, Tensor|number other) -> Tensor", .kernel = "div_floor", .flags = TP__INPLACE,
    .shape = tp__in_place_number, .backward = tp__zero_backward, .samples = floor_divide_samples_in_place)

typedef struct mode_attr { int32_t mode; } mode_attr;
static tp_status div_mode(tp__call *call, const tp_op *plain, const tp_op *truncated, const tp_op *floored)
{
    const mode_attr *attr = call->attr;
    const tp_op *op = attr->mode == TP_ROUND_TRUNC ? truncated : attr->mode == TP_ROUND_FLOOR ? floored : plain;
    return tp__made(call->out[call->n_out++] = tp__run1(op, call->in, 2, NULL, NULL));
}
static tp_status div_mode_compose(tp__call *call) { return div_mode(call, &op_div, &op_div_trunc, &op_div_floor); }
static tp_status div_mode_compose_(tp__call *call) { return div_mode(call, &op_div_, &op_div_trunc_, &op_div_floor_); }
TP__OP(div_mode, "div.mode(Tensor|number input, Tensor|number other, *, string{trunc,floor}? rounding_mode=none) -> Tensor",
    .compose = div_mode_compose, .attr_size = sizeof(mode_attr), .samples = mode_samples)
TP__OP(div_mode_, "div_.mode(Tensor! input, Tensor|number other, *, string{trunc,floor}? rounding_mode=none) -> Tensor", .flags = TP__INPLACE,
    .compose = div_mode_compose_, .attr_size = sizeof(mode_attr), .samples = mode_samples)

tp_tensor *tp_div_mode_with(tp_operand a, tp_operand b, tp_rounding mode)
{
    return tp__operands2(&op_div_mode, a, b, &(mode_attr){ (int32_t)mode }, TP__CALLER);
}
tp_tensor *tp_div__mode_with(tp_tensor *a, tp_operand b, tp_rounding mode)
{ return tp__write2(&op_div_mode_, a, b, &(mode_attr){ (int32_t)mode }, TP__CALLER); }
tp_tensor *tp_floor_divide_with(tp_operand a, tp_operand b) { return tp__operands2(&op_floor_divide, a, b, NULL, TP__CALLER); }
tp_tensor *tp_floor_divide__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_floor_divide_, a, b, NULL, TP__CALLER); }

const tp_op *const tp__ops_pointwise[] = {
    TP__FORMS(add), TP__FORMS(sub), TP__FORMS(mul), TP__FORMS(div), TP__FORMS(remainder), TP__FORMS(eq),
    TP__FORMS(add_alpha), TP__FORMS(sub_alpha), &op_rsub, TP__FORMS(fmod), TP__FORMS(addcmul), TP__FORMS(addcdiv),
    TP__FORMS(lerp), TP__FORMS(lerp_tensor), TP__FORMS(div_trunc), TP__FORMS(div_floor), TP__FORMS(floor_divide),
    TP__FORMS(div_mode), NULL,
};
