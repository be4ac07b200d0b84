/* pointwise_whole.c: integers, parts of real numbers, and angles.
 *
 *   gcd, lcm       the greatest common divisor and the least common multiple, at least 0
 *   nextafter      the number next to a towards b
 *   ldexp          y = a 2^b;   frexp: x = m 2^e, |m| in [1/2, 1) or 0, e int32
 *   angle          0, pi below 0, NaN of NaN;  of z: atan2(im z, re z),  dz = dy i z / |z|^2, 0 at 0 */
#include "ops/complex.h"
#include "ops/pointwise.h"

/* ---- Pairs ---------------------------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_whole(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_number(call, out)) return false;
    if (!tp__is_floating(out->result)) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "takes integers, not %s", tp_dtype_name(out->result));
    return false;
}
TP__POINTWISE_RULE(whole)

static void whole_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 12)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 9)));
}
static void whole_samples(tp_sample_set *set)
{
    whole_samples_in_place(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 1), 12)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3), 9)));
}
static void wide_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 2, 3)));
}
static void wide_samples(tp_sample_set *set) { wide_samples_in_place(set); }

#define PAIR(name, rule, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor other) -> Tensor", .flags = TP__NO_GRAD_OP, .shape = tp__shape_##rule, \
        .samples = give, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, Tensor other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = tp__zero_backward, .samples = give##_in_place, .state = TP__STATE }; \
    tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_##name, a, b, NULL, TP__CALLER); }
PAIR(gcd, whole, whole_samples)
PAIR(lcm, whole, whole_samples)

/* da = dy where a is not b, which gives b itself; db = 0 */
static tp_status nextafter_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    TP__GRADIENT(0, tp_where(tp_ne(tp__saved(node, 0), tp__saved(node, 1)), dy[0], 0));
    if (need & 2) TP__GRADIENT(1, tp_zeros_like(dy[0]));
    return TP_OK;
}
TP__OP(nextafter, "nextafter(Tensor input, Tensor other) -> Tensor", .shape = tp__shape_real, .backward = nextafter_backward,
    .saves = { TP__INPUT(0, 1), TP__INPUT(1, 1) }, .samples = wide_samples)
TP__OP(nextafter_, "nextafter_(Tensor! input, Tensor other) -> Tensor", .kernel = "nextafter", .flags = TP__INPLACE, .shape = tp__in_place_real,
    .backward = nextafter_backward, .saves = { TP__INPUT(0, 1), TP__INPUT(1, 1) }, .samples = wide_samples_in_place)
tp_tensor *tp_nextafter(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_nextafter, a, b, NULL, TP__CALLER); }

/* Integers of exponents do not make the result wider. */
static tp_status ldexp_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (tp__category(b->dtype) < 2 && tp__is_floating(a->dtype)) b = tp_to_dtype(b, (tp_dtype)a->dtype);
    return tp__give_out(call, tp_mul(a, tp_pow(2.0, b)));
}
static void ldexp_samples_in_place(tp_sample_set *set) { wide_samples_in_place(set); }
static void ldexp_samples(tp_sample_set *set)
{
    wide_samples(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 5)));
}
static const tp_op op_ldexp = { .schema = "ldexp(Tensor input, Tensor other) -> Tensor", .compose = ldexp_compose,
    .samples = ldexp_samples, .state = TP__STATE };
static const tp_op op_ldexp_ = TP__INPLACE_FORM("ldexp_(Tensor! input, Tensor other) -> Tensor", op_ldexp, 0, ldexp_samples_in_place);
tp_tensor *tp_ldexp(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_ldexp, (tp_tensor *[]){ a, b }, 2, NULL, TP__CALLER); }

static tp_status frexp_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    return tp__out_like(call, x, (tp_dtype)x->dtype) ? tp__made(tp__out_like(call, x, TP_I32)) : tp__pending();
}
static tp_status frexp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return dy[0] ? tp__made(dx[0] = tp_div(dy[0], tp_exp2(tp__saved(node, 0)))) : TP_OK;
}
TP__OP(frexp, "frexp(Tensor input) -> (Tensor, Tensor)", .shape = frexp_shape, .backward = frexp_backward, .saves = { TP__OUTPUT(1) },
    .samples = tp__positive_samples)
tp_tensor *tp_frexp(tp_tensor *x, tp_tensor **exponent)
{
    tp_tensor *out[2] = { NULL, NULL };
    if (exponent) *exponent = NULL;
    if (tp__run(&op_frexp, &x, 1, NULL, out, 2, TP__CALLER) < 0) return NULL;
    if (exponent) *exponent = out[1];
    return out[0];
}

static tp_status true_divide_compose(tp__call *call) { return tp__give_out(call, tp_div(call->in[0], call->in[1])); }
static const tp_op op_true_divide = { .schema = "true_divide(Tensor|number input, Tensor|number other) -> Tensor", .compose = true_divide_compose,
    .samples = tp__binary_samples, .state = TP__STATE };
static const tp_op op_true_divide_ = TP__INPLACE_FORM("true_divide_(Tensor! input, Tensor|number other) -> Tensor",
                                                      op_true_divide, 0, tp__binary_samples_in_place);

/* ---- Angles ------------------------------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_angle(const tp__call *call, tp__dtypes *out)
{
    if (!tp__dtypes_floating(call, out)) return false;
    out->result = tp__part_dtype(out->result);
    return true;
}
static tp_status angle_shape(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_angle); }

static tp_status angle_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *z = tp__saved_as_is(node, 0);
    if (!z || !tp__is_complex(z->dtype)) return z ? tp__zero_backward(node, dy, need, dx) : tp__pending();
    tp_tensor *turned = tp_complex(tp_neg(tp_imag(z)), tp_real(z)), *square = tp_square(tp_abs(z));
    return tp__made(dx[0] = tp_mul(turned, tp_where(tp_eq(square, 0), 0, tp_div(dy[0], square))));
}
TP__OP(angle, "angle(Tensor input) -> Tensor", .shape = angle_shape, .backward = angle_backward, .saves = { TP__INPUT(0, 0) },
    .samples = tp__positive_samples)
tp_tensor *tp_angle(tp_tensor *x) { return tp__call1(&op_angle, x, NULL, TP__CALLER); }

const tp_op *const tp__ops_pointwise_whole[] = {
    TP__FORMS(gcd), TP__FORMS(lcm), TP__FORMS(nextafter), TP__FORMS(ldexp), &op_frexp, TP__FORMS(true_divide), &op_angle,
    NULL,
};
