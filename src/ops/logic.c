/* logic.c: logic of truth values and of bits, and tests of one number. None has a gradient.
 *
 *   isclose      |a - b| <= atol + |rtol b|, rounded at each step as PyTorch does; or a = b; or both NaN, if they count as equal
 *   left shift   a 2^b, of which the bits of a's dtype stay; right shift: a / 2^b, rounded down. b out of range: 0, or -1 */
#include "ops/pointwise.h"

/* ---- Dtypes ------------------------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_bits(const tp__call *call, tp__dtypes *out)
{
    bool numbers = true;
    for (int i = 0; i < call->n_in; i++) numbers &= (call->in[i]->flags & TP__WRAPPED) != 0;
    out->compute = out->result = tp__result_type(call->in, call->n_in);
    if (numbers) tp__call_fail(call, TP_ERR_ARGUMENT, "one of the two must be a tensor");
    else if (!tp__is_integer(out->result) && out->result != TP_BOOL)
        tp__call_fail(call, TP_ERR_DTYPE, "%s has no bits to work on: integers and bool have", tp_dtype_name(out->result));
    else return true;
    return false;
}
TP__POINTWISE_RULE(bits)

static bool tp__dtypes_shift(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_bits(call, out)) return false;
    if (out->result != TP_BOOL) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    return false;
}
TP__POINTWISE_RULE(shift)

/* ---- isclose ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct isclose_attr { double rtol, atol; bool equal_nan; } isclose_attr;

static tp_tensor *is_close(tp_tensor *a, tp_tensor *b, const isclose_attr *p)
{
    tp_tensor *close = tp_eq(a, b);
    if (p->equal_nan && tp__category(a->dtype) > 1) close = tp_logical_or(close, tp_logical_and(tp_isnan(a), tp_isnan(b)));
    if (p->rtol == 0 && p->atol == 0) return close;
    if (a->dtype == TP_BOOL) a = tp_to_dtype(a, TP_F32);
    if (tp__category(b->dtype) < 2) b = tp_to_dtype(b, TP_F32);
    tp_tensor *off = tp_sub(a, b), *allowed = tp_mul(p->rtol, b);
    const bool complex = off && tp__is_complex(off->dtype);
    off = complex ? tp_abs(off) : tp_where(tp_lt(off, 0), tp_neg(off), off);
    allowed = tp_add(p->atol, complex ? tp_abs(allowed) : tp_where(tp_lt(allowed, 0), tp_neg(allowed), allowed));
    return tp_logical_or(close, tp_logical_and(tp_isfinite(off), tp_le(off, allowed)));
}

static tp_status isclose_compose(tp__call *call)
{
    const isclose_attr *p = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    TP_NO_GRAD();
    if (a->dtype != b->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "%s and %s must be the same", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    if (!(p->rtol >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "rtol is %g, and must not be below 0", p->rtol);
    if (!(p->atol >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "atol is %g, and must not be below 0", p->atol);
    return tp__made(tp__out_made(call, is_close(a, b, p)));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *whole(int64_t below, tp_shape shape) { return tp__sample_indices(shape, below); }
#define WHOLE(below, ...) TP__TENSOR_ARG(whole(below, __VA_ARGS__))

static void truth_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, WHOLE(2, TP_SHAPE(3, 4)), WHOLE(2, TP_SHAPE(3, 4)));
    TP__GIVE(set, WHOLE(2, TP_SHAPE(3, 4)), WHOLE(2, TP_SHAPE(4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)), WHOLE(2, TP__SCALAR_SHAPE));
    TP__GIVE(set, TP__TENSOR_ARG(tp_to_dtype(whole(2, TP_SHAPE(5)), TP_BOOL)), TP__TENSOR_ARG(tp_to_dtype(whole(2, TP_SHAPE(5)), TP_BOOL)));
}
static void truth_samples(tp_sample_set *set)
{
    truth_samples_in_place(set);
    TP__GIVE(set, WHOLE(2, TP_SHAPE(2, 1, 3)), WHOLE(2, TP_SHAPE(4, 1)));
    TP__GIVE(set, WHOLE(2, TP_SHAPE(0, 3)), WHOLE(2, TP_SHAPE(3)));
}

static void bit_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, WHOLE(50, TP_SHAPE(3, 4)), WHOLE(9, TP_SHAPE(3, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp_to_dtype(whole(50, TP_SHAPE(3, 4)), TP_I16)), TP__INT_ARG(3));
}
static void bit_samples(tp_sample_set *set)
{
    bit_samples_in_place(set);
    TP__GIVE(set, TP__INT_ARG(3), TP__TENSOR_ARG(tp_to_dtype(whole(9, TP_SHAPE(4)), TP_U8)));
    TP__GIVE(set, WHOLE(50, TP_SHAPE(2, 1, 3)), WHOLE(9, TP_SHAPE(4, 1)));
}
static void not_samples(tp_sample_set *set)
{
    TP__GIVE(set, WHOLE(50, TP_SHAPE(3, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp_to_dtype(whole(2, TP_SHAPE(0, 4)), TP_BOOL)));
}

static void isclose_samples(tp_sample_set *set)
{
    tp_tensor *x = tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2);
    TP__GIVE(set, TP__TENSOR_ARG(x), TP__TENSOR_ARG(tp_mul(x, 1.01)), TP__FLOAT_ARG(0.1));
    TP__GIVE(set, WHOLE(5, TP_SHAPE(2, 1)), WHOLE(5, TP_SHAPE(3)), TP__NAMED("atol", .kind = TP_ARG_FLOAT, .value.real = 1),
             TP__NAMED("equal_nan", .kind = TP_ARG_BOOL, .value.boolean = true));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */

#define TEST(name, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", .flags = TP__NO_GRAD_OP, .shape = tp__shape_compare, .samples = give, \
        .state = TP__STATE }; \
    tp_tensor *tp_##name(tp_tensor *x) { return tp__run1(&op_##name, &x, 1, NULL, TP__CALLER); }

#define LOGIC2(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor other) -> Tensor", .flags = TP__NO_GRAD_OP, .shape = tp__shape_compare, \
        .samples = truth_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, Tensor other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_compare, .backward = tp__zero_backward, .samples = truth_samples_in_place, .state = TP__STATE }; \
    tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b) { return tp__compare2(&op_##name, a, b, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *a, tp_tensor *b) { return tp__write2(&op_##name##_, a, tp__from_tensor(b), NULL, TP__CALLER); }

#define BITS2(name, rule) \
    static const tp_op op_##name = { .schema = #name "(Tensor|number input, Tensor|number other) -> Tensor", .flags = TP__NO_GRAD_OP, \
        .shape = tp__shape_##rule, .samples = bit_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, Tensor|number other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .samples = bit_samples_in_place, .state = TP__STATE }; \
    tp_tensor *(tp_##name)(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_##name, a, b, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_with(tp_operand a, tp_operand b) { return tp__operands2(&op_##name, a, b, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_##name##_, a, b, NULL, TP__CALLER); }

LOGIC2(logical_and)
LOGIC2(logical_or)
LOGIC2(logical_xor)
TEST(logical_not, tp__unary_samples)
static const tp_op op_logical_not_ = { .schema = "logical_not_(Tensor! input) -> Tensor", .kernel = "logical_not", .flags = TP__INPLACE,
    .shape = tp__in_place_compare, .backward = tp__zero_backward, .samples = tp__unary_samples, .state = TP__STATE };
tp_tensor *tp_logical_not_(tp_tensor *x) { return tp__write1(&op_logical_not_, x, NULL, TP__CALLER); }

TEST(isnan, tp__unary_samples)
TEST(isinf, tp__unary_samples)
TEST(isposinf, tp__unary_samples)
TEST(isneginf, tp__unary_samples)
TEST(isfinite, tp__unary_samples)

static const tp_op op_isclose = { .schema = "isclose(Tensor input, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=false) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = isclose_compose, .attr_size = sizeof(isclose_attr), .samples = isclose_samples, .state = TP__STATE };
tp_tensor *tp_isclose_with(tp_tensor *a, tp_tensor *b, const tp_isclose_options *options)
{
    tp_isclose_options o = { TP__DEFAULT_isclose .tp__end = 0 };
    if (tp_options_take("isclose", &o, options, offsetof(tp_isclose_options, tp__end))) return NULL;
    return tp__run1(&op_isclose, (tp_tensor *[]){ a, b }, 2, &(isclose_attr){ o.rtol, o.atol, o.equal_nan }, TP__CALLER);
}

BITS2(bitwise_and, bits)
BITS2(bitwise_or, bits)
BITS2(bitwise_xor, bits)
BITS2(bitwise_left_shift, shift)
BITS2(bitwise_right_shift, shift)
static const tp_op op_bitwise_not = { .schema = "bitwise_not(Tensor input) -> Tensor", .flags = TP__NO_GRAD_OP, .shape = tp__shape_bits,
    .samples = not_samples, .state = TP__STATE };
static const tp_op op_bitwise_not_ = { .schema = "bitwise_not_(Tensor! input) -> Tensor", .kernel = "bitwise_not", .flags = TP__INPLACE,
    .shape = tp__in_place_bits, .samples = not_samples, .state = TP__STATE };
tp_tensor *tp_bitwise_not(tp_tensor *x) { return tp__call1(&op_bitwise_not, x, NULL, TP__CALLER); }
tp_tensor *tp_bitwise_not_(tp_tensor *x) { return tp__write1(&op_bitwise_not_, x, NULL, TP__CALLER); }

#define FORMS(name) &op_##name, &op_##name##_
const tp_op *const tp__ops_logic[] = {
    FORMS(logical_and), FORMS(logical_or), FORMS(logical_xor), FORMS(logical_not), &op_isnan, &op_isinf, &op_isposinf, &op_isneginf, &op_isfinite,
    &op_isclose, FORMS(bitwise_and), FORMS(bitwise_or), FORMS(bitwise_xor), FORMS(bitwise_not), FORMS(bitwise_left_shift), FORMS(bitwise_right_shift),
    NULL,
};
