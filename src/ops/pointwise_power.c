/* pointwise_power.c: powers.
 *
 *   pow         y = a^b               da = dy b a^(b - 1), 0 where b = 0          db = dy y ln a, 0 where a = 0 <= b
 *   float_power y = a^b in float64    by pow */
#include "ops/pointwise.h"

#include <math.h>

/* No negative powers of integers by a number, which has to fit their dtype */
static bool tp__dtypes_pow(const tp__call *call, tp__dtypes *out)
{
    if (!tp__has_tensor(call) || !tp__dtypes_number(call, out)) return false;
    const tp_tensor *b = call->in[1];
    if (tp__category(out->result) > 1 || !(b->flags & TP__WRAPPED) || b->dtype != TP_I64) return true;
    const int64_t power = *(const int64_t *)b->data;
    if (power < 0) tp__call_fail(call, TP_ERR_ARGUMENT, "integers have no negative powers: %lld", (long long)power);
    else if (!tp__fits_integer(power, out->result))
        tp__call_fail(call, TP_ERR_ARGUMENT, "%lld is too large for %s", (long long)power, tp_dtype_name(out->result));
    else return true;
    return false;
}
TP__POINTWISE_RULE(pow)

/* ---- Rule -------------------------------------------------------------------------------------------------------------------------- */

/* b a^(b - 1); of a number b that is 0, or where a tensor's is, 0 */
static tp_tensor *pow_slope(tp_tensor *a, tp_tensor *b)
{
    if (!a || !b) return NULL;
    if (b->flags & TP__WRAPPED) {
        const double power = b->dtype == TP_F64 ? *(const double *)b->data : b->dtype == TP_I64 ? (double)*(const int64_t *)b->data : *(const bool *)b->data;
        if (power == 0) return tp_zeros(tp_shape_of(a), .dtype = tp_dtype_of(a), .device = tp_device_of(a));
        return tp_mul(power, tp_pow(a, power - 1));
    }
    return tp_where(tp_eq(b, 0), 0, tp_mul(b, tp_pow(a, tp_sub(b, 1))));
}

static tp_tensor *is_no_negative(tp_tensor *b)
{
    return b && tp__is_complex(b->dtype) ? tp_logical_and(tp_eq(tp_imag(b), 0), tp_ge(tp_real(b), 0)) : tp_ge(b, 0);
}

/* Of a, as complex as y is: a negative one has one then */
static tp_tensor *logarithm(tp_tensor *a, const tp_tensor *y)
{
    const bool widens = a && y && tp__is_complex(y->dtype) && !tp__is_complex(a->dtype);
    return widens ? tp_log(tp_to_dtype(a, (tp_dtype)y->dtype)) : tp__of_number(a, log, tp_log);
}

/* Saved as is: of a negative a and a complex b there is no power on the other side of the cut, that conjugates would need. */
static tp_status pow_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *a = tp__saved_as_is(node, 0), *b = tp__saved_as_is(node, 1);
    TP__GRADIENT(0, tp_mul(dy[0], tp__conj(pow_slope(a, b))));
    if (need & 2) {
        tp_tensor *y = tp__saved_as_is(node, 2), *at_zero = tp_logical_and(tp_eq(a, 0), is_no_negative(b));
        TP__GRADIENT(1, tp_mul(dy[0], tp__conj(tp_where(at_zero, 0, tp_mul(y, logarithm(a, y))))));
    }
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void pow_samples_in_place(tp_sample_set *set)
{
    static const double powers[] = { 2, 3, -1, -2, 0.5, -0.5, 0, 1, 2.5 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)));
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2)), TP__FLOAT_ARG(powers[i]));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, -1)), TP__INT_ARG(3));
}

static void pow_samples(tp_sample_set *set)
{
    tp__binary_samples(set);
    pow_samples_in_place(set);
    TP__GIVE(set, TP__FLOAT_ARG(1.5), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */

#define POW_SAVES { TP__INPUT(0, 0), TP__INPUT(1, 0), { TP__SAVE_OUTPUT, 0, 2 } }
TP__OP(pow, "pow(Tensor|number input, Tensor|number exponent) -> Tensor", .shape = tp__shape_pow, .backward = pow_backward,
    .saves = POW_SAVES, .samples = pow_samples)
TP__OP(pow_, "pow_(Tensor! input, Tensor|number exponent) -> Tensor", .kernel = "pow", .flags = TP__INPLACE, .shape = tp__in_place_pow,
    .backward = pow_backward, .saves = POW_SAVES, .samples = pow_samples_in_place)
tp_tensor *tp_pow_with(tp_operand a, tp_operand b) { return tp__operands2(&op_pow, a, b, NULL, TP__CALLER); }
tp_tensor *tp_pow__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_pow_, a, b, NULL, TP__CALLER); }

/* A number stays one, so that pow may know it. */
static tp_tensor *widened(tp_tensor *x) { return x->flags & TP__WRAPPED ? x : tp_to_dtype(x, tp__is_complex(x->dtype) ? TP_C128 : TP_F64); }

static tp_status float_power_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (a->flags & b->flags & TP__WRAPPED) return tp__call_fail(call, TP_ERR_ARGUMENT, "of two numbers none is a tensor");
    if (a->flags & TP__WRAPPED) a = tp_full(TP__SCALAR_SHAPE, tp_item(a), .dtype = TP_F64);
    else a = widened(a);
    return tp__made(call->out[call->n_out++] = tp_pow(a, widened(b)));
}

static tp_status float_power_compose_(tp__call *call)
{
    if (call->in[0]->dtype != TP_F64 && call->in[0]->dtype != TP_C128)
        return tp__call_fail(call, TP_ERR_DTYPE, "the result is float64, the input %s", tp_dtype_name((tp_dtype)call->in[0]->dtype));
    return tp__made(call->out[call->n_out++] = tp_pow_(call->in[0], widened(call->in[1])));
}
TP__OP(float_power, "float_power(Tensor|number input, Tensor|number exponent) -> Tensor", .compose = float_power_compose, .samples = pow_samples)

static void float_power_samples_(tp_sample_set *set)
{
    tp_tensor *x = tp_to_dtype(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2), tp__is_complex(set->dtype) ? TP_C128 : TP_F64);
    TP__GIVE(set, TP__TENSOR_ARG(x), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(x), TP__INT_ARG(2));
}
TP__OP(float_power_, "float_power_(Tensor! input, Tensor|number exponent) -> Tensor", .flags = TP__INPLACE, .compose = float_power_compose_,
    .samples = float_power_samples_)

tp_tensor *tp_float_power_with(tp_operand a, tp_operand b) { return tp__operands2(&op_float_power, a, b, NULL, TP__CALLER); }
tp_tensor *tp_float_power__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_float_power_, a, b, NULL, TP__CALLER); }

const tp_op *const tp__ops_pointwise_power[] = { &op_pow, &op_pow_, &op_float_power, &op_float_power_, NULL };
