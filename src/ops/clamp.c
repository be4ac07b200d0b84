/* clamp.c: the greater or lesser of two, and between two bounds.
 *
 *   maximum, max.other   y = max(a, b)            da = dy [a > b] + dy/2 [a = b]; beside a NaN both get dy
 *   fmax                 a NaN is passed over     the same, but what is passed over gets 0; of two NaN the first has dy
 *   clamp                y = min(max(x, l), h)    dx = dy [l < x < h], of numbers l and h
 *   clamp.Tensor         the same, of tensors     dx = dy [l < x < h] + dy/2 [x = l or h], dl = dy [x < l] + dy/2 [x = l], dh so too
 *
 * minimum and fmin are the mirror image. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "ops/pointwise.h"
#include "ops/select.h"

/* ---- Dtypes and shapes ---------------------------------------------------------------------------------------------------------- */

/* Of parts of a gradient: that of the gradient, whatever is compared. */
static bool tp__dtypes_part(const tp__call *call, tp__dtypes *out)
{
    out->compute = out->result = (tp_dtype)call->in[0]->dtype;
    return true;
}
static tp_status tp__shape_part(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_part); }

/* A bound beyond what integers of the dtype reach either changes nothing or cannot be met. */
static bool bound_is_met(const tp__call *call, tp_dtype dtype, tp_operand bound, bool lower)
{
    static const struct { int64_t least, most; } range[TP_DTYPE_END] = { [TP_I64] = { INT64_MIN, INT64_MAX }, [TP_I32] = { INT32_MIN, INT32_MAX },
        [TP_I16] = { INT16_MIN, INT16_MAX }, [TP_I8] = { INT8_MIN, INT8_MAX }, [TP_U8] = { 0, UINT8_MAX } };
    if (tp__is_floating(dtype)) return !tp__check_value(call, dtype, bound);
    if (lower ? bound.as.integer <= range[dtype].most : bound.as.integer >= range[dtype].least) return true;
    tp__call_fail(call, TP_ERR_ARGUMENT, "%s %lld is out of range for %s", lower ? "min" : "max", (long long)bound.as.integer, tp_dtype_name(dtype));
    return false;
}

/* What counts of a number in a result type. */
static tp_tensor *number_like(tp_operand v, tp_tensor *x)
{
    x->dtype = (uint8_t)(v.kind == TP_OPERAND_REAL ? TP_F64 : v.kind == TP_OPERAND_BOOL ? TP_BOOL : TP_I64);
    x->flags = TP__WRAPPED;
    x->ndim = 0;
    return v.kind ? x : NULL;
}

static bool tp__dtypes_clamp(const tp__call *call, tp__dtypes *out)
{
    const tp__bounds *p = call->attr;
    if (!p->min.kind && !p->max.kind) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "min or max must be given");
        return false;
    }
    tp_tensor min, max;
    tp_tensor *all[3] = { call->in[0], number_like(p->min, &min), number_like(p->max, &max) };
    const tp_dtype dtype = tp__result_type(all, 3);
    if (tp__is_complex(dtype)) tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    else if (dtype == TP_BOOL) tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    else if ((!p->min.kind || bound_is_met(call, dtype, p->min, true)) && (!p->max.kind || bound_is_met(call, dtype, p->max, false))) {
        out->compute = out->result = dtype;
        return true;
    }
    return false;
}
TP__POINTWISE_RULE(clamp)

/* ---- Rules: each part of a gradient is linear in it ------------------------------------------------------------------------------ */

#define PARTS(X) X(maximum_backward) X(fmax_backward) X(fmin_backward) X(fmax_backward_other) X(fmin_backward_other)
#define BETWEEN_PARTS(X) X(clamp_backward_input) X(clamp_backward_min) X(clamp_backward_max)
#define DECLARE(name) static const tp_op op_##name;
PARTS(DECLARE)
BETWEEN_PARTS(DECLARE)

static tp_tensor *part(const tp_op *op, tp_tensor *dy, tp_tensor *a, tp_tensor *b)
{
    return dy && a && b ? tp__run1(op, (tp_tensor *[]){ dy, tp_detach(a), tp_detach(b) }, 3, NULL, NULL) : NULL;
}
static tp_tensor *part_between(const tp_op *op, tp_tensor *dy, tp_tensor *x, tp_tensor *lo, tp_tensor *hi)
{
    return dy && x && lo && hi ? tp__run1(op, (tp_tensor *[]){ dy, tp_detach(x), tp_detach(lo), tp_detach(hi) }, 4, NULL, NULL) : NULL;
}

#define RULE(name) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx) \
    { \
        if (need & 1) dx[0] = part(&op_##name, g[0], tp__saved(node, 0), tp__saved(node, 1)); \
        return need & 1 && !dx[0] ? tp__pending() : TP_OK; \
    }
PARTS(RULE)
#define BETWEEN_RULE(name) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx) \
    { \
        if (need & 1) dx[0] = part_between(&op_##name, g[0], tp__saved(node, 0), tp__saved(node, 1), tp__saved(node, 2)); \
        return need & 1 && !dx[0] ? tp__pending() : TP_OK; \
    }
BETWEEN_PARTS(BETWEEN_RULE)

/* One op for both would do where the parts mirror each other; a NaN breaks that for fmax and fmin. */
#define RULE2(name, first, a, b, second, c, d) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        tp_tensor *x = tp__saved(node, 0), *other = tp__saved(node, 1); \
        if (need & 1 && !(dx[0] = tp__fit(node, 0, part(&op_##first, dy[0], a, b)))) return tp__pending(); \
        if (need & 2 && !(dx[1] = tp__fit(node, 1, part(&op_##second, dy[0], c, d)))) return tp__pending(); \
        return TP_OK; \
    }
RULE2(maximum, maximum_backward, x, other, maximum_backward, other, x)
RULE2(minimum, maximum_backward, other, x, maximum_backward, x, other)
RULE2(fmax, fmax_backward, x, other, fmax_backward_other, x, other)
RULE2(fmin, fmin_backward, x, other, fmin_backward_other, x, other)

static const tp_op op_clamp_backward;

/* The bound as PyTorch compares with it: rounded to x's dtype. */
static tp_operand rounded(tp_operand bound, tp_dtype dtype)
{
    if (!bound.kind) return bound;
    const double v = bound.kind == TP_OPERAND_REAL ? bound.as.real : (double)bound.as.integer;
    tp_operand out = { .kind = TP_OPERAND_REAL };
    double held = 0;
    tp__cast_row(&held, dtype, 1, &v, TP_F64, 1, 1);
    tp__cast_row(&out.as.real, TP_F64, 1, &held, dtype, 1, 1);
    return out;
}

static tp_status clamp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__bounds *p = tp__attr(node);
    const tp_dtype dtype = (tp_dtype)dy[0]->dtype;
    (void)need;
    const tp__bounds bounds = { rounded(p->min, dtype), rounded(p->max, dtype) };
    return tp__made(dx[0] = tp__fit(node, 0, tp__call2(&op_clamp_backward, dy[0], tp__saved(node, 0), &bounds, NULL)));
}

static tp_status clamp_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (need & 1) dx[0] = tp__call2(&op_clamp_backward, g[0], tp__saved(node, 0), tp__attr(node), NULL);
    return need & 1 && !dx[0] ? tp__pending() : TP_OK;
}

static tp_status clamp_between_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = tp__saved(node, 0), *lo = tp__saved(node, 1), *hi = tp__saved(node, 2);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, part_between(&op_clamp_backward_input, dy[0], x, lo, hi)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, part_between(&op_clamp_backward_min, dy[0], x, lo, hi)))) return tp__pending();
    if (need & 4 && !(dx[2] = tp__fit(node, 2, part_between(&op_clamp_backward_max, dy[0], x, lo, hi)))) return tp__pending();
    return TP_OK;
}

/* ---- Samples: far from where two are equal ----------------------------------------------------------------------------------------- */

static void two_samples(tp_sample_set *set)
{
    tp_tensor *both = tp__sample_distinct(set, TP_SHAPE(2, 3, 4));
    TP__GIVE(set, TP__TENSOR_ARG(tp_select(both, 0, 0)), TP__TENSOR_ARG(tp_select(both, 0, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__TENSOR_ARG(tp__sample_plus(tp__sample_distinct(set, TP_SHAPE(4)), 0.125)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 0))), TP__TENSOR_ARG(tp__sample_distinct(set, TP__SCALAR_SHAPE)));
}
static void part_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)))),
             TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)))));
}
static void between_part_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)))),
             TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)))), TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(4)))));
}
#define DISTINCT(offset, ...) TP__TENSOR_ARG(tp__sample_plus(tp__sample_distinct(set, __VA_ARGS__), offset))
static void clamp_samples(tp_sample_set *set)
{
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(3, 4)), TP__FLOAT_ARG(0.6), TP__FLOAT_ARG(1.9));
    TP__GIVE(set, DISTINCT(0.1, TP_SHAPE(3, 4)), TP__INT_ARG(1));
    TP__GIVE(set, DISTINCT(0.1, TP_SHAPE(3, 4)), TP__NAMED("max", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, DISTINCT(0, TP__SCALAR_SHAPE), TP__FLOAT_ARG(0.6));
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(2, 0)), TP__FLOAT_ARG(0.6));
}
static void bound_samples(tp_sample_set *set)
{
    TP__GIVE(set, DISTINCT(0.1, TP_SHAPE(3, 4)), TP__INT_ARG(1));
    TP__GIVE(set, DISTINCT(0.1, TP_SHAPE(3)), TP__FLOAT_ARG(0.4));
}
static void bound_tensor_samples(tp_sample_set *set)
{
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(3, 4)), DISTINCT(0.6, TP_SHAPE(4)));
}
static void between_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(3, 4)), DISTINCT(0.1, TP_SHAPE(4)), DISTINCT(0.9, TP_SHAPE(3, 1)));
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(3, 4)), DISTINCT(0.6, TP__SCALAR_SHAPE), TP__FLOAT_ARG(1.9));
}
static void between_samples(tp_sample_set *set)
{
    between_samples_in_place(set);
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(4)), DISTINCT(0.1, TP_SHAPE(2, 1)), DISTINCT(0.15, TP_SHAPE(3, 1, 1)));
}
static void three_samples(tp_sample_set *set)
{
    TP__GIVE(set, DISTINCT(0, TP_SHAPE(3, 4)), DISTINCT(0.1, TP_SHAPE(4)), DISTINCT(0.9, TP_SHAPE(3, 1)));
}
static void clamp_backward_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)))),
             TP__FLOAT_ARG(0.6), TP__FLOAT_ARG(1.9));
}

/* ---- Of two ------------------------------------------------------------------------------------------------------------------------------ */

#define PART_OP(name, takes, give, ...) \
    static const tp_op op_##name = { .schema = #name "(Tensor grad, Tensor input, " takes ") -> Tensor", .flags = TP__INTERNAL, \
        .shape = tp__shape_part, .backward = name##_backward, .saves = { __VA_ARGS__ }, .samples = give, .state = TP__STATE };
#define OP(name) PART_OP(name, "Tensor other", part_samples, TP__INPUT(1, 0), TP__INPUT(2, 0))
PARTS(OP)
#define BETWEEN_OP(name) PART_OP(name, "Tensor min, Tensor max", between_part_samples, TP__INPUT(1, 0), TP__INPUT(2, 0), TP__INPUT(3, 0))
BETWEEN_PARTS(BETWEEN_OP)

#define TWO(op, text, name) \
    static const tp_op op_##op = { .schema = text "(Tensor input, Tensor other) -> Tensor", .kernel = #name, .shape = tp__shape_same, \
        .backward = name##_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .samples = two_samples, .state = TP__STATE };
TWO(max_other, "max.other", maximum)
TWO(min_other, "min.other", minimum)
TWO(maximum, "maximum", maximum)
TWO(minimum, "minimum", minimum)
TWO(fmax, "fmax", fmax)
TWO(fmin, "fmin", fmin)
tp_tensor *tp_maximum(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_maximum, a, b, NULL, TP__CALLER); }
tp_tensor *tp_minimum(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_minimum, a, b, NULL, TP__CALLER); }
tp_tensor *tp_fmax(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_fmax, a, b, NULL, TP__CALLER); }
tp_tensor *tp_fmin(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_fmin, a, b, NULL, TP__CALLER); }

/* ---- Between bounds ---------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_clamp_backward = { .schema = "clamp_backward(Tensor grad, Tensor input, number? min=none, number? max=none) -> Tensor",
    .flags = TP__INTERNAL, .shape = tp__shape_part, .backward = clamp_backward_backward, .saves = { TP__INPUT(1, 0) },
    .attr_size = sizeof(tp__bounds), .samples = clamp_backward_samples, .state = TP__STATE };
static const tp_op op_clamp_between = { .schema = "clamp_between(Tensor input, Tensor min, Tensor max) -> Tensor", .flags = TP__INTERNAL,
    .shape = tp__shape_number, .backward = clamp_between_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) },
    .samples = three_samples, .state = TP__STATE };
static const tp_op op_clamp_between_ = { .schema = "clamp_between_(Tensor! input, Tensor min, Tensor max) -> Tensor", .kernel = "clamp_between",
    .flags = TP__INTERNAL | TP__INPLACE, .shape = tp__in_place_number, .backward = clamp_between_backward,
    .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) }, .samples = three_samples, .state = TP__STATE };
#define BOUND(name) \
    static const tp_op op_write_##name = { .schema = "clamp_(Tensor! input, Tensor other) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_same, .backward = name##_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) }, .state = TP__STATE };
BOUND(maximum)
BOUND(minimum)

/* x between tensors, of which either may be missing */
static tp_status between(tp__call *call, tp_tensor *x, tp_tensor *min, tp_tensor *max, bool in_place)
{
    tp_tensor *out[1] = { NULL }, *const all[3] = { x, min ? min : max, max };
    if (!min && !max) return tp__call_fail(call, TP_ERR_ARGUMENT, "min or max must be given");
    if (min && max && tp__result_type(all, 3) == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    const tp_op *op = min && max ? (in_place ? &op_clamp_between_ : &op_clamp_between)
        : min ? (in_place ? &op_write_maximum : &op_maximum) : in_place ? &op_write_minimum : &op_minimum;
    if (tp__run(op, all, min && max ? 3 : 2, NULL, out, 1, NULL) < 0) return tp__pending();
    return tp__made(tp__out_made(call, out[0]));
}
static tp_status clamp_tensor(tp__call *call) { return between(call, call->in[0], call->in[1], call->in[2], false); }
static tp_status clamp__tensor(tp__call *call) { return between(call, call->in[0], call->in[1], call->in[2], true); }
static tp_status clamp_min_tensor(tp__call *call) { return between(call, call->in[0], call->in[1], NULL, false); }
static tp_status clamp_min__tensor(tp__call *call) { return between(call, call->in[0], call->in[1], NULL, true); }
static tp_status clamp_max_tensor(tp__call *call) { return between(call, call->in[0], NULL, call->in[1], false); }
static tp_status clamp_max__tensor(tp__call *call) { return between(call, call->in[0], NULL, call->in[1], true); }

/* clamp and its other name, of numbers and of tensors, and in place */
#define CLAMP(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, number? min=none, number? max=none) -> Tensor", .kernel = "clamp", \
        .shape = tp__shape_clamp, .backward = clamp_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(tp__bounds), \
        .samples = clamp_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, number? min=none, number? max=none) -> Tensor", .kernel = "clamp", \
        .flags = TP__INPLACE, .shape = tp__in_place_clamp, .backward = clamp_backward, .saves = { TP__INPUT(0, 0) }, \
        .attr_size = sizeof(tp__bounds), .samples = clamp_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_tensor = { .schema = #name ".Tensor(Tensor input, Tensor|number? min=none, Tensor|number? max=none) -> Tensor", \
        .compose = clamp_tensor, .samples = between_samples, .state = TP__STATE }; \
    static const tp_op op_##name##__tensor = { .schema = #name "_.Tensor(Tensor! input, Tensor|number? min=none, Tensor|number? max=none) -> Tensor", \
        .flags = TP__INPLACE, .compose = clamp__tensor, .samples = between_samples_in_place, .state = TP__STATE };
CLAMP(clamp)
CLAMP(clip)

/* With one bound of the two */
#define ONE_BOUND(name, bound, ...) \
    static tp_status name##_number(tp__call *call, const tp_op *op) \
    { \
        const tp_operand given = *(const tp_operand *)call->attr; \
        return tp__made(tp__out_made(call, tp__run1(op, call->in, 1, &(tp__bounds){ .bound = given }, NULL))); \
    } \
    static tp_status name##_compose(tp__call *call) { return name##_number(call, &op_clamp); } \
    static tp_status name##__compose(tp__call *call) { return name##_number(call, &op_clamp_); } \
    static const tp_op op_##name = { .schema = #name "(Tensor input, number " #bound ") -> Tensor", .compose = name##_compose, \
        .attr_size = sizeof(tp_operand), .samples = bound_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, number " #bound ") -> Tensor", .flags = TP__INPLACE, \
        .compose = name##__compose, .attr_size = sizeof(tp_operand), .samples = bound_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_tensor = { .schema = #name ".Tensor(Tensor input, Tensor " #bound ") -> Tensor", .compose = name##_tensor, \
        .samples = bound_tensor_samples, .state = TP__STATE }; \
    static const tp_op op_##name##__tensor = { .schema = #name "_.Tensor(Tensor! input, Tensor " #bound ") -> Tensor", .flags = TP__INPLACE, \
        .compose = name##__tensor, .samples = bound_tensor_samples, .state = TP__STATE };
ONE_BOUND(clamp_min, min)
ONE_BOUND(clamp_max, max)

/* A NULL tensor is a bound that is missing. */
static tp_tensor *clamp(tp_tensor *x, tp_operand min, tp_operand max, bool in_place, const void *caller)
{
    const bool missing = (min.kind == TP_OPERAND_TENSOR && !min.as.tensor) || (max.kind == TP_OPERAND_TENSOR && !max.as.tensor);
    if (missing && tp__pending_error()) return NULL;   /* it is what a failed call gave */
    if (min.kind == TP_OPERAND_TENSOR && !min.as.tensor) min.kind = TP_OPERAND_NONE;
    if (max.kind == TP_OPERAND_TENSOR && !max.as.tensor) max.kind = TP_OPERAND_NONE;
    if (min.kind != TP_OPERAND_TENSOR && max.kind != TP_OPERAND_TENSOR)
        return tp__run1(in_place ? &op_clamp_ : &op_clamp, &x, 1, &(tp__bounds){ min, max }, caller);
    return tp__with_numbers(in_place ? &op_clamp__tensor : &op_clamp_tensor, (tp_operand[]){ tp__from_tensor(x), min, max }, 3, NULL, caller);
}
tp_tensor *tp_clamp_with(tp_tensor *x, tp_operand min, tp_operand max) { return clamp(x, min, max, false, TP__CALLER); }
tp_tensor *tp_clamp__with(tp_tensor *x, tp_operand min, tp_operand max) { return clamp(x, min, max, true, TP__CALLER); }

#define ALL_FORMS(name) &op_##name, &op_##name##_, &op_##name##_tensor, &op_##name##__tensor
#define LIST(name) &op_##name,
const tp_op *const tp__ops_clamp[] = {
    &op_max_other, &op_min_other, &op_maximum, &op_minimum, &op_fmax, &op_fmin, ALL_FORMS(clamp), ALL_FORMS(clip), ALL_FORMS(clamp_min),
    ALL_FORMS(clamp_max), &op_clamp_between, &op_clamp_between_, &op_clamp_backward, PARTS(LIST) BETWEEN_PARTS(LIST) NULL,
};
