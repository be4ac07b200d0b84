/* activation.c: activations of straight pieces, whose slopes have no slope.
 *
 *   leaky_relu   y = x > 0 ? x : m x                                  dx = x > 0 ? dy : m dy
 *   threshold    y = x <= m ? v : x                                   dx = x <= m ? 0 : dy
 *   hardtanh     y = x held between lo and hi;  relu6 between 0 and 6 dx = lo < x < hi ? dy : 0
 *   softshrink   y = x > m ? x - m : x < -m ? x + m : 0               dx = |x| > m ? dy : 0
 *   hardshrink   y = |x| > m ? x : 0                                  dx = |x| > m ? dy : 0
 *   hardsigmoid  y = (x + 3 held between 0 and 6) / 6                 dx = |x| < 3 ? dy / 6 : 0
 *   hardswish    y = x hardsigmoid(x)                                 dx = x <= -3 ? 0 : x < 3 ? dy (x / 3 + 1 / 2) : dy */
#include "ops/activation.h"

#include <assert.h>

/* ---- What activations share ----------------------------------------------------------------------------------------------------------- */

bool tp__dtypes_to_real(const tp__call *call, tp__dtypes *out) { return tp__dtypes_number(call, out) && tp__dtypes_floating(call, out); }

tp_status tp__shape_to_real(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_to_real); }
tp_status tp__in_place_to_real(tp__call *call) { return tp__pointwise_in_place(call, tp__dtypes_to_real); }

tp_status tp__by_inplace_keyword(tp__call *call, const tp_op *op, const tp_op *in_place)
{
    enum { MOST = 64 };
    const tp__op_state *mine = tp__state(call->op), *base = tp__state(op);
    const bool inplace = *((const bool *)call->attr + mine->params[mine->n_params - 1].offset);
    _Alignas(16) char attr[MOST] = { 0 };              /* the shape rule of the base may fill more in */
    assert(op->attr_size <= MOST && base->attr_bytes <= MOST);
    if (base->attr_bytes) memcpy(attr, call->attr, base->attr_bytes);
    call->out[call->n_out++] = tp__run1(inplace ? in_place : op, call->in, call->n_in, attr, NULL);
    return tp__made(call->out[0]);
}

#define SHRINK_BACKWARD(name) \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor input, float lambd) -> Tensor", .flags = TP__INTERNAL, \
        .kernel = "shrink_backward", .shape = tp__shape_real, .backward = name##_backward_backward, .saves = { TP__INPUT(1, 0) }, \
        .attr_size = sizeof(tp__shrink), .samples = shrink_back_samples, .state = TP__STATE };

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------------- */

static tp_status check_bounds(const tp__call *call)
{
    const tp__hardtanh *attr = call->attr;
    const double lo = attr->min_val.kind == TP_OPERAND_REAL ? attr->min_val.as.real : (double)attr->min_val.as.integer;
    const double hi = attr->max_val.kind == TP_OPERAND_REAL ? attr->max_val.as.real : (double)attr->max_val.as.integer;
    return lo <= hi ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "min_val is %g, which is above max_val, %g", lo, hi);
}
static tp_status hardtanh_shape(tp__call *call) { return check_bounds(call) ? tp__pending() : tp__shape_number(call); }
static tp_status hardtanh_in_place(tp__call *call) { return check_bounds(call) ? tp__pending() : tp__in_place_number(call); }

static const tp__hardtanh bounds_of_relu6 = { { .kind = TP_OPERAND_INTEGER, .as.integer = 0 }, { .kind = TP_OPERAND_INTEGER, .as.integer = 6 } };
static tp_status relu6_shape(tp__call *call)
{
    *(tp__hardtanh *)(uintptr_t)call->attr = bounds_of_relu6;
    return tp__shape_number(call);
}
static tp_status relu6_in_place(tp__call *call)
{
    *(tp__hardtanh *)(uintptr_t)call->attr = bounds_of_relu6;
    return tp__in_place_number(call);
}

static tp_status check_lambd(const tp__call *call)
{
    const double lambd = ((const tp__shrink *)call->attr)->lambd;
    return lambd >= 0 ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "lambd is %g, and has to be at least 0", lambd);
}
static tp_status softshrink_shape(tp__call *call) { return check_lambd(call) ? tp__pending() : tp__shape_real(call); }
static tp_status softshrink_in_place(tp__call *call) { return check_lambd(call) ? tp__pending() : tp__in_place_real(call); }

/* ---- Rules ---------------------------------------------------------------------------------------------------------------------------- */

TP__BY_INPUT(leaky_relu)
TP__BY_INPUT(threshold) TP__SLOPE(threshold)
TP__BY_INPUT(hardtanh)
TP__BY_INPUT(softshrink)
TP__BY_INPUT(hardshrink)
TP__BY_INPUT(hardsigmoid) TP__SLOPE(hardsigmoid)
TP__BY_INPUT(hardswish) TP__SLOPE(hardswish)
TP__FLAT_SLOPE(leaky_relu)
TP__FLAT_SLOPE(threshold)
TP__FLAT_SLOPE(hardtanh)
TP__FLAT_SLOPE(softshrink)
TP__FLAT_SLOPE(hardshrink)
TP__FLAT_SLOPE(hardsigmoid)
static tp_status relu6_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { return hardtanh_backward(node, dy, need, dx); }

tp_tensor *tp__where_positive(tp_tensor *dy, tp_tensor *x)
{ return threshold_slope(dy, x, &(tp__threshold){ { .kind = TP_OPERAND_INTEGER }, { .kind = TP_OPERAND_INTEGER } }); }

/* Of z = dy h(x), whose slope is dy / 3 where |x| < 3, twice that of hardsigmoid */
static tp_status hardswish_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *dy = tp__saved(node, 0), *x = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = hardswish_slope(g[0], x, NULL))) return tp__pending();
    if (need & 2 && !(dx[1] = hardsigmoid_slope(tp_mul(2, tp_mul(g[0], dy)), x, NULL))) return tp__pending();
    return TP_OK;
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define REAL_NAMED(label, v) TP__NAMED(label, .kind = TP_ARG_FLOAT, .value.real = v)

static void give_plain(tp_sample_set *set, tp_arg one, tp_arg two)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), one, two);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), one, two);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 0.4)), one, two);
}
static void threshold_samples(tp_sample_set *set) { give_plain(set, (tp_arg)TP__FLOAT_ARG(0.05), (tp_arg)TP__FLOAT_ARG(-3)); }
static void hardtanh_samples(tp_sample_set *set)
{
    tp__unary_samples(set);
    give_plain(set, (tp_arg)REAL_NAMED("min_val", -0.5), (tp_arg)TP__NAMED("max_val", .kind = TP_ARG_INT, .value.integer = 1));
}
static void give_one(tp_sample_set *set, tp_arg arg)
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), arg);
}
static void leaky_relu_samples(tp_sample_set *set) { give_one(set, (tp_arg)TP__FLOAT_ARG(0.3)); }
static void shrink_samples(tp_sample_set *set) { give_one(set, (tp_arg)REAL_NAMED("lambd", 0.75)); }
static void wide_samples(tp_sample_set *set)           /* beyond 3 */
{
    tp__unary_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -5, 5)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 5, 7)));
}

static void give_back(tp_sample_set *set, double lo, double hi, const tp_arg *one, const tp_arg *two)
{
    const tp_arg dy = TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), x = TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), lo, hi));
    if (two) TP__GIVE(set, dy, x, *one, *two);
    else if (one) TP__GIVE(set, dy, x, *one);
    else TP__GIVE(set, dy, x);
}
static void leaky_relu_back_samples(tp_sample_set *set) { give_back(set, -2, 2, &(tp_arg)TP__FLOAT_ARG(0.3), NULL); }
static void shrink_back_samples(tp_sample_set *set) { give_back(set, -2, 2, &(tp_arg)TP__FLOAT_ARG(0.5), NULL); }
static void wide_back_samples(tp_sample_set *set) { give_back(set, -5, 5, NULL, NULL); }
static void threshold_back_samples(tp_sample_set *set) { give_back(set, -2, 2, &(tp_arg)TP__FLOAT_ARG(0.1), &(tp_arg)TP__FLOAT_ARG(0)); }
static void hardtanh_back_samples(tp_sample_set *set) { give_back(set, -2, 2, &(tp_arg)TP__FLOAT_ARG(-1), &(tp_arg)TP__FLOAT_ARG(1)); }

/* ---- Descriptors ------------------------------------------------------------------------------------------------------------------------ */

/* With shape rules of their own */
#define CHECKED(name, kernel_name, takes, bytes, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input" takes ") -> Tensor", .kernel = kernel_name, .shape = name##_shape, \
        .backward = name##_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = bytes, .samples = give, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input" takes ") -> Tensor", .kernel = kernel_name, .flags = TP__INPLACE, \
        .shape = name##_in_place, .backward = name##_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = bytes, .samples = give, .state = TP__STATE };

#define SLOPE  ", float negative_slope=0.01"
#define LEVEL  ", number threshold, number value"
#define BOUNDS ", number min_val=-1., number max_val=1."
#define LAMBD  ", float lambd=0.5"
TP__OPS1(leaky_relu, SLOPE, real, sizeof(tp__leaky_relu), leaky_relu_samples, TP__INPUT(0, 0))
TP__OPS1(threshold, LEVEL, number, sizeof(tp__threshold), threshold_samples, TP__INPUT(0, 0))
CHECKED(hardtanh, "hardtanh", BOUNDS, sizeof(tp__hardtanh), hardtanh_samples)
CHECKED(relu6, "hardtanh", "", sizeof(tp__hardtanh), wide_samples)
CHECKED(softshrink, "softshrink", LAMBD, sizeof(tp__shrink), shrink_samples)
TP__OPS1(hardshrink, LAMBD, real, sizeof(tp__shrink), shrink_samples, TP__INPUT(0, 0))
TP__OPS1(hardsigmoid, "", real, 0, wide_samples, TP__INPUT(0, 0))
TP__OPS1(hardswish, "", real, 0, wide_samples, TP__INPUT(0, 0))
TP__INPLACE_KEYWORD(leaky_relu, SLOPE, sizeof(tp__leaky_relu), leaky_relu_samples)
TP__INPLACE_KEYWORD(threshold, LEVEL, sizeof(tp__threshold), threshold_samples)
TP__INPLACE_KEYWORD(hardtanh, BOUNDS, sizeof(tp__hardtanh), hardtanh_samples)
TP__INPLACE_KEYWORD(relu6, "", 0, wide_samples)
TP__INPLACE_KEYWORD(hardsigmoid, "", 0, wide_samples)
TP__INPLACE_KEYWORD(hardswish, "", 0, wide_samples)

#define SAVE_X TP__INPUT(1, 0)
TP__BACKWARD_OP(leaky_relu, ", float negative_slope", sizeof(tp__leaky_relu), leaky_relu_back_samples, SAVE_X)
TP__BACKWARD_OP(threshold, LEVEL, sizeof(tp__threshold), threshold_back_samples, SAVE_X)
TP__BACKWARD_OP(hardtanh, ", number min_val, number max_val", sizeof(tp__hardtanh), hardtanh_back_samples, SAVE_X)
TP__BACKWARD_OP(hardsigmoid, "", 0, wide_back_samples, SAVE_X)
TP__BACKWARD_OP(hardswish, "", 0, wide_back_samples, TP__INPUT(0, 2), TP__INPUT(1, 0))
SHRINK_BACKWARD(softshrink)
SHRINK_BACKWARD(hardshrink)

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

#define TAKE(of, name) \
    tp_##of##_options o = { TP__DEFAULT_##of .tp__end = 0 }; \
    if (tp_options_take(#name, &o, options, offsetof(tp_##of##_options, tp__end))) return NULL;
/* The fast path is for what has nothing to be checked. */
#define PUBLIC(name, call1, ...) \
    tp_tensor *tp_##name##_with(tp_tensor *x, const tp_##name##_options *options) \
    { \
        TAKE(name, name) \
        return call1(&op_##name, x, &__VA_ARGS__, TP__CALLER); \
    } \
    tp_tensor *tp_##name##__with(tp_tensor *x, const tp_##name##_options *options) \
    { \
        TAKE(name, name##_) \
        return tp__write1(&op_##name##_, x, &__VA_ARGS__, TP__CALLER); \
    }
PUBLIC(leaky_relu, tp__call1, (tp__leaky_relu){ o.negative_slope })
PUBLIC(hardtanh, tp__write1, (tp__hardtanh){ { .kind = TP_OPERAND_REAL, .as.real = o.min_val }, { .kind = TP_OPERAND_REAL, .as.real = o.max_val } })
PUBLIC(softshrink, tp__write1, (tp__shrink){ o.lambd })
PUBLIC(hardshrink, tp__call1, (tp__shrink){ o.lambd })

static tp__threshold level(double threshold, double value)
{
    return (tp__threshold){ { .kind = TP_OPERAND_REAL, .as.real = threshold }, { .kind = TP_OPERAND_REAL, .as.real = value } };
}
tp_tensor *tp_threshold(tp_tensor *x, double threshold, double value)
{
    const tp__threshold attr = level(threshold, value);
    return tp__call1(&op_threshold, x, &attr, TP__CALLER);
}
tp_tensor *tp_threshold_(tp_tensor *x, double threshold, double value)
{
    const tp__threshold attr = level(threshold, value);
    return tp__write1(&op_threshold_, x, &attr, TP__CALLER);
}
tp_tensor *tp_relu6(tp_tensor *x)
{
    tp__hardtanh attr = bounds_of_relu6;               /* not the constant: the shape rule writes it */
    return tp__call1(&op_relu6, x, &attr, TP__CALLER);
}
tp_tensor *tp_relu6_(tp_tensor *x)
{
    tp__hardtanh attr = bounds_of_relu6;
    return tp__write1(&op_relu6_, x, &attr, TP__CALLER);
}
#define PUBLIC_PLAIN(name) \
    tp_tensor *tp_##name(tp_tensor *x) { return tp__call1(&op_##name, x, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *x) { return tp__write1(&op_##name##_, x, NULL, TP__CALLER); }
PUBLIC_PLAIN(hardsigmoid)
PUBLIC_PLAIN(hardswish)

const tp_op *const tp__ops_activation[] = {
    TP__THREE_FORMS(leaky_relu), TP__THREE_FORMS(threshold), TP__THREE_FORMS(hardtanh), TP__THREE_FORMS(relu6), TP__THREE_FORMS(hardsigmoid),
    TP__THREE_FORMS(hardswish), &op_softshrink, &op_softshrink_, &op_hardshrink, &op_hardshrink_, &op_leaky_relu_backward, &op_threshold_backward,
    &op_hardtanh_backward, &op_softshrink_backward, &op_hardshrink_backward, &op_hardsigmoid_backward, &op_hardswish_backward, NULL,
};
