/* fill.c: one value in all places.
 *
 *   fill, fill_, zero_     dx = 0, and of a value that is a tensor the sum of dy
 *   fill_diagonal_         of a matrix x[i, i], of a tensor whose dims are equal x[i, i, ..]; a tall matrix with `wrap` again from below
 *                          the end of the diagonal on */
#include "core/create.h"
#include "ops/copy.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- Numbers that a dtype holds --------------------------------------------------------------------------------------------------- */

tp_status tp__check_filling(const tp__call *call, tp_dtype dtype, tp_operand value, bool one)
{
    if (tp__fills_number(dtype, value, one)) return TP_OK;
    const double v = value.kind == TP_OPERAND_REAL ? value.as.real : (double)value.as.integer;
    return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot hold %g", tp_dtype_name(dtype), v);
}
tp_status tp__check_number(const tp__call *call, tp_dtype dtype, tp_operand value) { return tp__check_filling(call, dtype, value, true); }

static const tp_op op_kernel = { .schema = "fill_(Tensor! input, number value) -> Tensor", .kernel = "fill", .state = TP__STATE };

tp_status tp__fill_out(tp__call *call, tp_operand value)
{
    tp__call fill = *call;
    fill.attr = &value;
    fill.op = &op_kernel;
    tp__state(&op_kernel);
    const tp_kernel *kernel = tp__kernel(&op_kernel, call->out[0]->device);
    return kernel ? kernel->run(&fill) : tp__pending();
}

/* ---- fill, fill_, zero_ ------------------------------------------------------------------------------------------------------------- */

static tp_status fill_shape(tp__call *call)
{
    const tp_status status = tp__check_filling(call, (tp_dtype)call->in[0]->dtype, *(const tp_operand *)call->attr, call->in[0]->numel == 1);
    return status ? status : tp__same_as_input(call);
}
static tp_status fill__shape(tp__call *call)
{
    const tp_status status = tp__check_filling(call, (tp_dtype)call->in[0]->dtype, *(const tp_operand *)call->attr, call->in[0]->numel == 1);
    return status ? status : tp__in_place(call);
}
static tp_status zero_forward(tp__call *call) { return tp__fill_out(call, (tp_operand){ .kind = TP_OPERAND_INTEGER }); }

static tp_status forget_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;                            /* nothing of the old values is left */
    return tp__made(dx[0] = tp_zeros(tp_shape_of(dy[0]), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device));
}

static void zero_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2))); }
static void fill_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__BOOL_ARG(true));
}

static const tp_op op_zero_ = { .schema = "zero_(Tensor! input) -> Tensor", .kernel = "fill", .flags = TP__INPLACE,
    .shape = tp__in_place, .forward = zero_forward, .backward = forget_backward, .samples = zero_samples, .state = TP__STATE };
static const tp_op op_fill_ = { .schema = "fill_(Tensor! input, number value) -> Tensor", .kernel = "fill", .flags = TP__INPLACE,
    .shape = fill__shape, .backward = forget_backward, .attr_size = sizeof(tp_operand), .samples = fill_samples, .state = TP__STATE };
static const tp_op op_fill = { .schema = "fill(Tensor input, number value) -> Tensor", .kernel = "fill", .shape = fill_shape,
    .backward = forget_backward, .attr_size = sizeof(tp_operand), .samples = fill_samples, .state = TP__STATE };

/* ---- By a 0-dim tensor: a copy that broadcasts ------------------------------------------------------------------------------------------ */

static tp_status copy_value(tp__call *call, tp_tensor *y)
{
    tp_tensor *value = call->in[1];
    if (value->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "the value has the shape %s, and must be 0-dim", tp__shape_text(value));
    return tp__made(tp__out_made(call, y ? tp_copy_(y, value) : NULL));
}
static tp_status fill__tensor_compose(tp__call *call) { return copy_value(call, call->in[0]); }
static tp_status fill_tensor_compose(tp__call *call)
{
    return copy_value(call, tp__run1(&op_fill, call->in, 1, &(tp_operand){ .kind = TP_OPERAND_INTEGER }, NULL));
}
static void tensor_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
}
static const tp_op op_fill__tensor = { .schema = "fill_.Tensor(Tensor! input, Tensor value) -> Tensor", .flags = TP__INPLACE,
    .compose = fill__tensor_compose, .samples = tensor_samples, .state = TP__STATE };
static const tp_op op_fill_tensor = { .schema = "fill.Tensor(Tensor input, Tensor value) -> Tensor", .compose = fill_tensor_compose,
    .samples = tensor_samples, .state = TP__STATE };

/* ---- Along the diagonal ------------------------------------------------------------------------------------------------------------------- */

typedef struct diagonal_attr { tp_operand fill_value; bool wrap; } diagonal_attr;
static tp_status fill_diagonal_compose(tp__call *call)
{
    const diagonal_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    int64_t step = 0, size = x->ndim ? x->shape[0] : 0;
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least 2 are needed", tp__shape_text(x), x->ndim);
    for (int d = 0; d < x->ndim; d++) {
        if (x->ndim > 2 && x->shape[d] != x->shape[0]) return tp__call_fail(call, TP_ERR_SHAPE, "the dims of %s differ", tp__shape_text(x));
        if (x->shape[d] < size) size = x->shape[d];
        step += x->stride[d];
    }
    if (x->ndim == 2 && a->wrap && x->shape[0] > x->shape[1] + 1) {
        const int64_t width = x->shape[1];
        tp_tensor *row = tp_arange(0, (double)x->shape[0], 1, .dtype = TP_I64, .device = x->device);
        tp_tensor *column = tp_arange(0, (double)width, 1, .dtype = TP_I64, .device = x->device);
        return tp__give_out(call, tp_masked_fill__with(x, tp_eq(tp_unsqueeze(tp_remainder(row, width + 1), 1), column), a->fill_value));
    }
    tp_tensor *diagonal = tp_as_strided(x, TP_SHAPE(size), &step, tp__offset_of(x));
    if (!tp__run1(&op_fill_, &diagonal, 1, &a->fill_value, NULL)) return tp__pending();
    return tp__made(tp__out_made(call, x));
}
static void diagonal_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(7, 2), -2, 2)), TP__FLOAT_ARG(1.5), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 2), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 0), -2, 2)), TP__INT_ARG(1));
}
static const tp_op op_fill_diagonal_ = { .schema = "fill_diagonal_(Tensor! input, number fill_value, bool wrap=false) -> Tensor", .flags = TP__INPLACE,
    .compose = fill_diagonal_compose, .attr_size = sizeof(diagonal_attr), .samples = diagonal_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_zero_(tp_tensor *x) { return tp__run1(&op_zero_, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_fill_(tp_tensor *x, double value)
{
    return tp__run1(&op_fill_, &x, 1, &(tp_operand){ .kind = TP_OPERAND_REAL, .as.real = value }, TP__CALLER);
}

tp_tensor *tp_fill_diagonal_(tp_tensor *x, double value, bool wrap)
{
    return tp__run1(&op_fill_diagonal_, &x, 1, &(diagonal_attr){ { .kind = TP_OPERAND_REAL, .as.real = value }, wrap }, TP__CALLER);
}

const tp_op *const tp__ops_fill[] = { &op_fill, &op_fill_tensor, &op_zero_, &op_fill_, &op_fill__tensor, &op_fill_diagonal_, NULL };
