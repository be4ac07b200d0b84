/* select.c: elements of one tensor or another, by a condition.
 *
 *   where        y = condition ? a : b     da = condition ? dy : 0     db = condition ? 0 : dy
 *   masked_fill  y = mask ? v : x          dx = mask ? 0 : dy          dv = sum of dy where mask
 *   nan_to_num   y = x, or what NaN, inf and -inf become     dx = dy [x is finite]
 *
 * Nothing is computed, so all dtypes are taken, and a NaN that is not chosen leaves no trace. */
#include <float.h>
#include <math.h>

#include "core/convert.h"
#include "core/kernel_args.h"
#include "ops/copy.h"
#include "ops/pointwise.h"
#include "ops/select.h"

/* ---- Dtypes and shapes ---------------------------------------------------------------------------------------------------------- */

static bool tp__dtypes_where(const tp__call *call, tp__dtypes *out)
{
    const int dtype = call->in[0]->dtype;
    if (dtype != TP_BOOL && dtype != TP_U8) {
        tp__call_fail(call, TP_ERR_DTYPE, "the condition is %s, and must be bool", tp_dtype_name((tp_dtype)dtype));
        return false;
    }
    out->compute = out->result = tp__result_type(call->in + 1, 2);
    return true;
}
static tp_status tp__shape_where(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_where); }

static bool tp__dtypes_masked_fill(const tp__call *call, tp__dtypes *out)
{
    const tp_tensor *mask = call->in[1], *value = call->in[2];
    out->compute = out->result = (tp_dtype)call->in[0]->dtype;
    if (mask->dtype != TP_BOOL) tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s, and must be bool", tp_dtype_name((tp_dtype)mask->dtype));
    else if (tp__is_complex(value->dtype) && !tp__is_complex(out->result))
        tp__call_fail(call, TP_ERR_DTYPE, "the value is %s, which %s cannot hold", tp_dtype_name((tp_dtype)value->dtype), tp_dtype_name(out->result));
    else if (value->ndim) tp__call_fail(call, TP_ERR_SHAPE, "the value has the shape %s, and must be 0-dim", tp__shape_text(value));
    else return true;
    return false;
}
TP__POINTWISE_RULE(masked_fill)

/* Where nothing is given, infinities become the greatest of the dtype, and NaN 0. */
static void take_replacements(tp__call *call)
{
    static const double greatest[TP_DTYPE_END] = { [TP_F32] = FLT_MAX, [TP_F64] = DBL_MAX, [TP_F16] = 65504, [TP_BF16] = 0x1.fep127 };
    tp__nan_to_num *p = (tp__nan_to_num *)(uintptr_t)call->attr;
    const double most = greatest[call->in[0]->dtype], otherwise[3] = { 0, most, -most };
    double value[3];
    for (int i = 0; i < 3; i++) {
        const tp_operand v = p->given[i];
        value[i] = !v.kind ? otherwise[i] : v.kind == TP_OPERAND_REAL ? v.as.real : (double)v.as.integer;
    }
    p->nan = value[0];
    p->posinf = value[1];
    p->neginf = value[2];
}
static tp_status tp__shape_nan_to_num(tp__call *call)
{
    take_replacements(call);
    return tp__shape_same(call);
}
static tp_status tp__in_place_nan_to_num(tp__call *call)
{
    take_replacements(call);
    return tp__in_place_same(call);
}

/* ---- Numbers that do not fit ------------------------------------------------------------------------------------------------------ */

/* A 0-dim tensor as a number; of complex ones the real part. */
static tp_operand number_of(const tp_tensor *x)
{
    tp_operand v = { .kind = tp__category(x->dtype) >= 2 ? TP_OPERAND_REAL : x->dtype == TP_BOOL ? TP_OPERAND_BOOL : TP_OPERAND_INTEGER };
    tp__cast_row(&v.as, v.kind == TP_OPERAND_REAL ? TP_F64 : TP_I64, 1, x->data, (tp_dtype)x->dtype, 1, 1);
    return v;
}

tp_status tp__check_value(const tp__call *call, tp_dtype dtype, tp_operand v)
{
    return tp__check_filling(call, dtype, v, false);
}

static tp_status run_kernel(tp__call *call)
{
    const tp_kernel *kernel = tp__kernel(call->op, call->out[0]->device);
    return kernel ? kernel->run(call) : tp__pending();
}

static tp_status masked_fill_forward(tp__call *call)
{
    const tp_status status = call->in[2]->device == TP_CPU ? tp__check_value(call, (tp_dtype)call->out[0]->dtype, number_of(call->in[2])) : TP_OK;
    return status ? status : run_kernel(call);
}

static tp_status where_forward(tp__call *call)
{
    tp_status status = TP_OK;
    for (int i = 1; i < 3 && !status; i++)
        if (call->in[i]->flags & TP__WRAPPED) status = tp__check_number(call, (tp_dtype)call->out[0]->dtype, number_of(call->in[i]));
    return status ? status : run_kernel(call);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_status where_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *condition = tp__saved(node, 0);
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_where(condition, dy[0], 0)))) return tp__pending();
    if (need & 4 && !(dx[2] = tp__fit(node, 2, tp_where(condition, 0, dy[0])))) return tp__pending();
    return TP_OK;
}

static tp_status masked_fill_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *mask = tp__saved(node, 0);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, tp_masked_fill(dy[0], mask, 0)))) return tp__pending();
    if (need & 4 && !(dx[2] = tp__fit(node, 2, tp_where(mask, dy[0], 0)))) return tp__pending();
    return TP_OK;
}

static tp_status nan_to_num_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_mul(dy[0], tp_isfinite(tp__saved(node, 0))));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *bools(tp_shape shape) { return tp_to_dtype(tp__sample_indices(shape, 2), TP_BOOL); }
#define REAL(...) TP__TENSOR_ARG(tp__sample_tensor(set, __VA_ARGS__, -2, 2))
#define BOOLS(...) TP__TENSOR_ARG(bools(__VA_ARGS__))

static void where_samples(tp_sample_set *set)
{
    TP__GIVE(set, BOOLS(TP_SHAPE(3, 4)), REAL(TP_SHAPE(3, 4)), REAL(TP_SHAPE(3, 4)));
    TP__GIVE(set, BOOLS(TP_SHAPE(2, 1, 3)), REAL(TP_SHAPE(4, 1)), REAL(TP__SCALAR_SHAPE));
    TP__GIVE(set, BOOLS(TP__SCALAR_SHAPE), REAL(TP_SHAPE(2, 3)), REAL(TP_SHAPE(3)));
    TP__GIVE(set, BOOLS(TP_SHAPE(0, 3)), REAL(TP_SHAPE(1, 3)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, BOOLS(TP_SHAPE(5)), TP__INT_ARG(2), REAL(TP_SHAPE(2, 5)));
    TP__GIVE(set, BOOLS(TP_SHAPE(5)), TP__INT_ARG(2), TP__FLOAT_ARG(0.5));
}

static void masked_fill_samples_in_place(tp_sample_set *set)
{
    TP__GIVE(set, REAL(TP_SHAPE(3, 4)), BOOLS(TP_SHAPE(3, 4)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, REAL(TP_SHAPE(3, 4)), BOOLS(TP_SHAPE(4)), REAL(TP__SCALAR_SHAPE));
    TP__GIVE(set, REAL(TP__SCALAR_SHAPE), BOOLS(TP__SCALAR_SHAPE), TP__INT_ARG(1));
    TP__GIVE(set, REAL(TP_SHAPE(2, 0)), BOOLS(TP_SHAPE(2, 1)), TP__BOOL_ARG(true));
}

static void masked_fill_samples(tp_sample_set *set)
{
    masked_fill_samples_in_place(set);
    TP__GIVE(set, REAL(TP_SHAPE(4, 1)), BOOLS(TP_SHAPE(2, 1, 3)), REAL(TP__SCALAR_SHAPE));
}

static void nan_to_num_samples(tp_sample_set *set)
{
    tp__unary_samples(set);
    TP__GIVE(set, REAL(TP_SHAPE(2, 3)), TP__FLOAT_ARG(1.5), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp_log(tp_zeros(TP_SHAPE(3)))), TP__NAMED("neginf", .kind = TP_ARG_FLOAT, .value.real = -4));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_where = { .schema = "where(Tensor condition, Tensor|number input, Tensor|number other) -> Tensor", .shape = tp__shape_where,
    .forward = where_forward, .backward = where_backward, .saves = { TP__INPUT(0, 0) }, .samples = where_samples, .state = TP__STATE };
static const tp_op op_masked_fill = { .schema = "masked_fill(Tensor input, Tensor mask, Tensor|number value) -> Tensor",
    .shape = tp__shape_masked_fill, .forward = masked_fill_forward, .backward = masked_fill_backward, .saves = { TP__INPUT(1, 0) },
    .samples = masked_fill_samples, .state = TP__STATE };
static const tp_op op_masked_fill_ = { .schema = "masked_fill_(Tensor! input, Tensor mask, Tensor|number value) -> Tensor", .kernel = "masked_fill",
    .flags = TP__INPLACE, .shape = tp__in_place_masked_fill, .forward = masked_fill_forward, .backward = masked_fill_backward,
    .saves = { TP__INPUT(1, 0) }, .samples = masked_fill_samples_in_place, .state = TP__STATE };

tp_tensor *tp_where_with(tp_tensor *condition, tp_operand a, tp_operand b)
{
    return tp__with_numbers(&op_where, (tp_operand[]){ tp__from_tensor(condition), a, b }, 3, NULL, TP__CALLER);
}
tp_tensor *tp_masked_fill_with(tp_tensor *x, tp_tensor *mask, tp_operand value)
{
    return tp__with_numbers(&op_masked_fill, (tp_operand[]){ tp__from_tensor(x), tp__from_tensor(mask), value }, 3, NULL, TP__CALLER);
}
tp_tensor *tp_masked_fill__with(tp_tensor *x, tp_tensor *mask, tp_operand value)
{
    return tp__with_numbers(&op_masked_fill_, (tp_operand[]){ tp__from_tensor(x), tp__from_tensor(mask), value }, 3, NULL, TP__CALLER);
}

TP__OPS1(nan_to_num, ", number? nan=none, number? posinf=none, number? neginf=none", nan_to_num, sizeof(tp__nan_to_num), nan_to_num_samples, TP__INPUT(0, 0))

static tp_tensor *nan_to_num(const tp_op *op, tp_tensor *x, const tp_nan_to_num_options *options, const void *caller)
{
    tp_nan_to_num_options o = { TP__DEFAULT_nan_to_num .tp__end = 0 };
    if (tp_options_take("nan_to_num", &o, options, offsetof(tp_nan_to_num_options, tp__end))) return NULL;
    const double given[3] = { o.nan, o.posinf, o.neginf };
    tp__nan_to_num attr = { .nan = 0 };
    for (int i = 0; i < 3; i++)
        if (!isnan(given[i])) attr.given[i] = tp__from_real(given[i]);
    return tp__run1(op, &x, 1, &attr, caller);
}
tp_tensor *tp_nan_to_num_with(tp_tensor *x, const tp_nan_to_num_options *o) { return nan_to_num(&op_nan_to_num, x, o, TP__CALLER); }
tp_tensor *tp_nan_to_num__with(tp_tensor *x, const tp_nan_to_num_options *o) { return nan_to_num(&op_nan_to_num_, x, o, TP__CALLER); }

const tp_op *const tp__ops_select[] = { &op_where, &op_masked_fill, &op_masked_fill_, &op_nan_to_num, &op_nan_to_num_, NULL };
