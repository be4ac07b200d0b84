/* create_range.c: numbers in a row, and what has ones or counts on a diagonal. No gradient goes anywhere.
 *
 *   arange        start + i step, below end                                  int64 of integers, else float32
 *   range         start + i step, up to end and with it                      float32
 *   linspace      start + i (end - start) / (steps - 1)                      counted from the nearer end
 *   logspace      base to the power of that
 *   eye           1 on the main diagonal, else 0
 *   tril_indices, triu_indices      rows and columns of a triangle, in order */
#include <math.h>

#include "core/convert.h"
#include "core/kernel_args.h"
#include "ops/create.h"
#include "ops/samples.h"

static double real_of(tp_operand v) { return v.kind == TP_OPERAND_REAL ? v.as.real : (double)v.as.integer; }
static int64_t whole_of(tp_operand v) { return v.kind == TP_OPERAND_REAL ? tp__whole(v.as.real) : v.as.integer; }

/* The kernel reads a tp__number_row, which the shape rule wrote behind the schema's arguments. */
static tp_status run_range(tp__call *call, const tp__number_row *range)
{
    tp__call inner = *call;
    inner.attr = range;
    const tp_kernel *kernel = tp__kernel(call->op, call->out[0]->device);
    return kernel ? kernel->run(&inner) : tp__pending();
}

/* ---- arange ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct arange_attr { tp_operand start, end, step; tp__place place; tp__number_row range; } arange_attr;
typedef struct end_attr { tp_operand end; tp__place place; } end_attr;

/* How many there are; below 0: an error. Integers are counted exactly, real numbers in float64 whatever they become. */
static double count(tp__call *call, const arange_attr *a, tp_dtype dtype)
{
    const double start = real_of(a->start), end = real_of(a->end), step = real_of(a->step);
    const bool real = a->start.kind == TP_OPERAND_REAL || a->end.kind == TP_OPERAND_REAL || a->step.kind == TP_OPERAND_REAL;
    if (!isfinite(start) || !isfinite(end) || !isfinite(step) || step == 0 || (step > 0 ? start > end : start < end)) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "no way from %g to %g by %g", start, end, step);
        return -1;
    }
    if (dtype != TP_I64 || real) return ceil((end - start) / step);
    const __int128 way = (__int128)whole_of(a->end) - whole_of(a->start), s = whole_of(a->step);
    return (double)((way + s - (s > 0 ? 1 : -1)) / s);
}
static tp_status arange_shape(tp__call *call)
{
    arange_attr *a = (arange_attr *)(uintptr_t)call->attr;
    const bool real = a->start.kind == TP_OPERAND_REAL || a->end.kind == TP_OPERAND_REAL || a->step.kind == TP_OPERAND_REAL;
    const tp_dtype dtype = tp__dtype_of(&a->place, real ? TP_F32 : TP_I64);
    if (!tp__is_floating(dtype) && !tp__is_integer(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot count", tp_dtype_name(dtype));
    if (tp__check_number(call, dtype, a->start) || tp__check_number(call, dtype, a->step)) return tp__pending();
    const double n = count(call, a, dtype);
    if (n < 0) return tp__pending();
    if (n > 0x1p53) return tp__call_fail(call, TP_ERR_SHAPE, "%g values are too many", n);
    a->range = (tp__number_row){ .start = real_of(a->start), .step = real_of(a->step), .first = whole_of(a->start), .stride = whole_of(a->step) };
    return tp__made(tp__place_out(call, &a->place, dtype, &(tp__ints){ 1, { (int64_t)n } }));
}
static tp_status arange_forward(tp__call *call) { return run_range(call, &((const arange_attr *)call->attr)->range); }

static void arange_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(1), TP__INT_ARG(6), TP__INT_ARG(2));
    TP__GIVE(set, TP__FLOAT_ARG(1), TP__FLOAT_ARG(-0.5), TP__FLOAT_ARG(-0.25));
}
static void end_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(4));
    TP__GIVE(set, TP__FLOAT_ARG(2.5));
}
#define PLACED TP__PLACE ") -> Tensor"
static const tp_op op_arange_start = { .schema = "arange.start(number start, number end, number step=1, " PLACED, .flags = TP__NO_GRAD_OP, .kernel = "arange",
    .shape = arange_shape, .forward = arange_forward, .attr_size = sizeof(arange_attr), .samples = arange_samples, .state = TP__STATE };
static tp_status end_compose(tp__call *call)
{
    const end_attr *a = call->attr;
    const tp_operand zero = { .kind = TP_OPERAND_INTEGER }, one = { .kind = TP_OPERAND_INTEGER, .as.integer = 1 };
    return tp__made(tp__out_made(call, tp__run1(&op_arange_start, NULL, 0, &(arange_attr){ zero, a->end, one, a->place, { .start = 0 } }, NULL)));
}
static const tp_op op_arange = { .schema = "arange(number end, " PLACED, .flags = TP__NO_GRAD_OP, .compose = end_compose, .attr_size = sizeof(end_attr),
    .samples = end_samples, .state = TP__STATE };

/* ---- range: PyTorch's older form, whose end belongs to it --------------------------------------------------------------------------------- */

static tp_status range_shape(tp__call *call)
{
    arange_attr *a = (arange_attr *)(uintptr_t)call->attr;
    const tp_dtype dtype = tp__dtype_of(&a->place, TP_F32);
    if (!tp__is_floating(dtype) && !tp__is_integer(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot count", tp_dtype_name(dtype));
    if (tp__check_number(call, dtype, a->start) || tp__check_number(call, dtype, a->end) || tp__check_number(call, dtype, a->step)) return tp__pending();
    const bool whole = tp__is_integer(dtype);          /* then all three are cut to integers first */
    const double start = whole ? (double)whole_of(a->start) : real_of(a->start), end = whole ? (double)whole_of(a->end) : real_of(a->end);
    const double step = whole ? (double)whole_of(a->step) : real_of(a->step);
    if (!isfinite(start) || !isfinite(end) || !isfinite(step) || step == 0 || (step > 0 ? start > end : start < end))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "no way from %g to %g by %g", start, end, step);
    const double n = floor((end - start) / step) + 1;
    if (n > 0x1p53) return tp__call_fail(call, TP_ERR_SHAPE, "%g values are too many", n);
    a->range = (tp__number_row){ .start = start, .step = step, .first = whole_of(a->start), .stride = whole_of(a->step) };
    return tp__made(tp__place_out(call, &a->place, dtype, &(tp__ints){ 1, { (int64_t)n } }));
}
static void range_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(1), TP__INT_ARG(6), TP__INT_ARG(2));
    TP__GIVE(set, TP__FLOAT_ARG(1), TP__FLOAT_ARG(-0.5), TP__FLOAT_ARG(-0.25));
}
static const tp_op op_range = { .schema = "range(number start, number end, number step=1, " PLACED, .flags = TP__NO_GRAD_OP, .kernel = "arange",
    .shape = range_shape, .forward = arange_forward, .attr_size = sizeof(arange_attr), .samples = range_samples, .state = TP__STATE };

/* ---- linspace, logspace: their ends are numbers, or 0-dim tensors ---------------------------------------------------------------------------- */

typedef struct linspace_attr { int64_t steps; tp__place place; tp__number_row range; } linspace_attr;
typedef struct logspace_attr { int64_t steps; double base; tp__place place; tp__number_row range; } logspace_attr;

static tp_status take_end(tp__call *call, int i, tp_operand *end)
{
    tp_tensor *x = call->in[i];
    if (x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "the ends must be numbers or 0-dim tensors, not %s", tp__shape_text(x));
    if (tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "%s is not taken", tp_dtype_name((tp_dtype)x->dtype));
    if (tp__is_floating(x->dtype)) *end = (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = tp_item(x) };
    else *end = (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = tp_item_i64(x) };
    return tp__pending();
}
static tp_status make_row(tp__call *call, int64_t steps, double base, const tp__place *place, tp__number_row *range)
{
    const tp_dtype dtype = tp__dtype_of(place, TP_F32);
    tp_operand start, end;
    if (take_end(call, 0, &start) || take_end(call, 1, &end)) return tp__pending();
    if (steps < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "steps is %lld, and must not be negative", (long long)steps);
    if (!tp__is_floating(dtype) && !tp__is_integer(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot count", tp_dtype_name(dtype));
    if (tp__check_number(call, dtype, start) || tp__check_number(call, dtype, end)) return tp__pending();
    *range = (tp__number_row){ .start = real_of(start), .end = real_of(end), .base = base };
    if (!tp__is_floating(dtype)) {                     /* of integers the ends are, too */
        range->start = (double)whole_of(start);
        range->end = (double)whole_of(end);
    }
    return tp__made(tp__place_out(call, place, TP_F32, &(tp__ints){ 1, { steps } }));
}
static tp_status linspace_shape(tp__call *call)
{
    linspace_attr *a = (linspace_attr *)(uintptr_t)call->attr;
    return make_row(call, a->steps, 0, &a->place, &a->range);
}
static tp_status logspace_shape(tp__call *call)
{
    logspace_attr *a = (logspace_attr *)(uintptr_t)call->attr;
    return make_row(call, a->steps, a->base, &a->place, &a->range);
}
static tp_status linspace_forward(tp__call *call) { return run_range(call, &((const linspace_attr *)call->attr)->range); }
static tp_status logspace_forward(tp__call *call) { return run_range(call, &((const logspace_attr *)call->attr)->range); }
static void linspace_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__FLOAT_ARG(-1), TP__FLOAT_ARG(2), TP__INT_ARG(7));
    TP__GIVE(set, TP__INT_ARG(1), TP__INT_ARG(3), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp_scalar(1)), TP__INT_ARG(3), TP__INT_ARG(4));
}
static const tp_op op_linspace = { .schema = "linspace(Tensor|number start, Tensor|number end, int steps, " PLACED, .flags = TP__NO_GRAD_OP,
    .shape = linspace_shape, .forward = linspace_forward, .attr_size = sizeof(linspace_attr), .samples = linspace_samples, .state = TP__STATE };
static const tp_op op_logspace = { .schema = "logspace(Tensor|number start, Tensor|number end, int steps, float base=10, " PLACED, .flags = TP__NO_GRAD_OP,
    .shape = logspace_shape, .forward = logspace_forward, .attr_size = sizeof(logspace_attr), .samples = linspace_samples, .state = TP__STATE };

/* ---- eye -------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct eye_attr { int64_t n, m; tp__place place; } eye_attr;
static tp_status eye_shape(tp__call *call)
{
    const eye_attr *a = call->attr;
    return tp__made(tp__place_out(call, &a->place, TP_F32, &(tp__ints){ 2, { a->n, a->m == TP_NONE ? a->n : a->m } }));
}
static tp_status eye_forward(tp__call *call)
{
    tp_tensor *y = call->out[0], diagonal = *y, *out = &diagonal;
    const tp_status status = tp__fill_out(call, (tp_operand){ .kind = TP_OPERAND_INTEGER });
    diagonal.ndim = 1;
    diagonal.flags = 0;
    diagonal.numel = diagonal.shape[0] = y->shape[0] < y->shape[1] ? y->shape[0] : y->shape[1];
    diagonal.stride[0] = y->shape[1] + 1;
    tp__call ones = *call;
    ones.out = &out;
    return status ? status : tp__fill_out(&ones, (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = 1 });
}
static void eye_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(3));
    TP__GIVE(set, TP__INT_ARG(2), TP__INT_ARG(4));
}
static const tp_op op_eye = { .schema = "eye(int n, int? m=none, " PLACED, .flags = TP__NO_GRAD_OP, .kernel = "fill",
    .shape = eye_shape, .forward = eye_forward, .attr_size = sizeof(eye_attr), .samples = eye_samples,
    .state = TP__STATE };

/* ---- tril_indices, triu_indices ------------------------------------------------------------------------------------------------------------------ */

typedef struct indices_attr { int64_t row, col, offset; tp__place place; } indices_attr;
static void row_bounds(const indices_attr *a, bool lower, int64_t row, int64_t *from, int64_t *to)
{
    const __int128 edge = (__int128)row + a->offset + lower;              /* the first column that is not of the lower triangle */
    const int64_t cut = edge < 0 ? 0 : edge > a->col ? a->col : (int64_t)edge;
    *from = lower ? 0 : cut;
    *to = lower ? cut : a->col;
}
static tp_status indices(tp__call *call, bool lower)
{
    const indices_attr *a = call->attr;
    const tp_dtype dtype = tp__dtype_of(&a->place, TP_I64);
    int64_t n = 0, from, to;
    if (a->row < 0 || a->col < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%lld rows and %lld columns", (long long)a->row, (long long)a->col);
    if (dtype != TP_I64 && dtype != TP_I32) return tp__call_fail(call, TP_ERR_DTYPE, "%s holds no indices", tp_dtype_name(dtype));
    if (tp__take_place(call, &a->place, TP_I64)) return tp__pending();
    if (a->row > INT32_MAX) return tp__call_fail(call, TP_ERR_SHAPE, "%lld rows are too many", (long long)a->row);
    for (int64_t r = 0; r < a->row; r++) {
        row_bounds(a, lower, r, &from, &to);
        if (__builtin_add_overflow(n, to - from, &n))
            return tp__call_fail(call, TP_ERR_SHAPE, "%lld rows of %lld are too many", (long long)a->row,
                                 (long long)a->col);
    }
    tp_tensor *y = tp__tensor_new(TP_CPU, TP_I64, 2, (int64_t[]){ 2, n });
    if (!y) return tp__pending();
    int64_t *row = y->data, *column = row + n;
    for (int64_t r = 0; r < a->row; r++) {
        row_bounds(a, lower, r, &from, &to);
        for (; from < to; from++) {
            *row++ = r;
            *column++ = from;
        }
    }
    return tp__made(tp__out_made(call, tp_to(y, a->place.device, .dtype = dtype)));
}
static tp_status tril_indices(tp__call *call) { return indices(call, true); }
static tp_status triu_indices(tp__call *call) { return indices(call, false); }
static void indices_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(3), TP__INT_ARG(2));
    TP__GIVE(set, TP__INT_ARG(2), TP__INT_ARG(4), TP__INT_ARG(1));
}
#define INDICES(name) { .schema = #name "(int row, int col, int offset=0, " PLACED, .flags = TP__NO_GRAD_OP, \
    .compose = name, .attr_size = sizeof(indices_attr), \
    .samples = indices_samples, .state = TP__STATE }
static const tp_op op_tril_indices = INDICES(tril_indices), op_triu_indices = INDICES(triu_indices);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------------- */

static tp_operand number_of(double v)                  /* an integer if it is one */
{
    return floor(v) == v && fabs(v) < 0x1p63 ? (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = (int64_t)v }
                                             : (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = v };
}
static bool take_options(const char *name, const tp_tensor_options *options, tp__place *place)
{
    tp_tensor_options o = TP__BRACES(tensor, );
    if (tp_options_take(name, &o, options, offsetof(tp_tensor_options, tp__end))) return false;
    *place = (tp__place){ o.dtype, 0, o.device, o.requires_grad, o.pinned };
    return true;
}
tp_tensor *tp_arange_with(double start, double end, double step, const tp_tensor_options *options)
{
    arange_attr attr = { .start = number_of(start), .end = number_of(end), .step = number_of(step) };
    return take_options("arange", options, &attr.place) ? tp__run1(&op_arange_start, NULL, 0, &attr, TP__CALLER) : NULL;
}
tp_tensor *tp_linspace_with(double start, double end, int64_t steps, const tp_tensor_options *options)
{
    linspace_attr attr = { .steps = steps };
    if (!take_options("linspace", options, &attr.place)) return NULL;
    tp_tensor *const ends[] = { tp__operand(number_of(start)), tp__operand(number_of(end)) };
    return tp__run1(&op_linspace, ends, 2, &attr, TP__CALLER);
}
tp_tensor *tp_logspace_with(double start, double end, int64_t steps, double base, const tp_tensor_options *options)
{
    logspace_attr attr = { .steps = steps, .base = base };
    if (!take_options("logspace", options, &attr.place)) return NULL;
    tp_tensor *const ends[] = { tp__operand(number_of(start)), tp__operand(number_of(end)) };
    return tp__run1(&op_logspace, ends, 2, &attr, TP__CALLER);
}
tp_tensor *tp_eye_with(int64_t n, int64_t m, const tp_tensor_options *options)
{
    eye_attr attr = { .n = n, .m = m };
    return take_options("eye", options, &attr.place) ? tp__run1(&op_eye, NULL, 0, &attr, TP__CALLER) : NULL;
}

tp_tensor *tp_tril_indices(int64_t rows, int64_t columns, int64_t offset)
{
    return tp__run1(&op_tril_indices, NULL, 0, &(indices_attr){ .row = rows, .col = columns, .offset = offset }, TP__CALLER);
}
tp_tensor *tp_triu_indices(int64_t rows, int64_t columns, int64_t offset)
{
    return tp__run1(&op_triu_indices, NULL, 0, &(indices_attr){ .row = rows, .col = columns, .offset = offset }, TP__CALLER);
}

const tp_op *const tp__ops_create_range[] = { &op_arange, &op_arange_start, &op_range, &op_linspace, &op_logspace,
    &op_eye, &op_tril_indices, &op_triu_indices, NULL };
