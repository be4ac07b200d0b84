/* segment.c: reductions of parts of a dim that follow each other, torch.segment_reduce. Made of other ops.
 *
 *   y_s = sum, mean, max, min or product of x_i, i in segment s;  0, NaN, -inf, inf and 1 of an empty one, or `initial`, which counts in others too
 *
 * Segments are given by their lengths [.., s], or their offsets [.., s + 1]; the dims before are x's. */
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

#include <math.h>

enum { SUM = 1, MEAN, MAX, MIN, PROD };
enum { DATA = 0, LENGTHS = 2, INDICES, OFFSETS };      /* their places among the arguments */
typedef struct segment_attr { int32_t reduce; int64_t axis; bool unsafe; tp_operand initial; } segment_attr;

static tp_status check(tp__call *call, const tp_tensor *bounds, int *axis)
{
    const segment_attr *a = call->attr;
    tp_tensor *x = call->in[DATA];
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (call->in[INDICES]) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "segments by indices are not there; give lengths or offsets");
    if (!bounds) return tp__call_fail(call, TP_ERR_ARGUMENT, "neither lengths nor offsets are given");
    if (!tp__is_integer(bounds->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "lengths and offsets are whole numbers, not %s", tp_dtype_name((tp_dtype)bounds->dtype));
    if (!x->numel) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements", tp__shape_text(x));
    if (tp__take_dim(call, a->axis, x, axis)) return tp__pending();
    if (bounds->ndim != *axis + 1 || bounds->ndim > x->ndim || memcmp(bounds->shape, x->shape, sizeof *x->shape * (size_t)*axis))
        return tp__call_fail(call, TP_ERR_SHAPE, "segments %s do not fit dim %d of %s", tp__shape_text(bounds), *axis, tp__shape_text(x));
    return TP_OK;
}

/* No length is below 0, and they add up to the dim */
static tp_status check_lengths(const tp__call *call, tp_tensor *lengths, int64_t n)
{
    tp_tensor *wrong = tp_any(tp_logical_or(tp_any(tp_lt(lengths, 0)), tp_any(tp_ne(tp_sum(lengths, .dims = TP_DIMS(-1)), n))));
    if (!wrong) return tp__pending();
    return tp_item(wrong) != 0 ? tp__call_fail(call, TP_ERR_ARGUMENT, "lengths are below 0, or do not add up to %lld", (long long)n) : TP_OK;
}

static tp_status segment_compose(tp__call *call)
{
    static const double neutral[] = { [SUM] = 0, [MEAN] = 0, [MAX] = -INFINITY, [MIN] = INFINITY, [PROD] = 1 };
    static const tp_reduce way[] = { [SUM] = TP_REDUCE_SUM, [MEAN] = TP_REDUCE_SUM, [MAX] = TP_REDUCE_AMAX, [MIN] = TP_REDUCE_AMIN, [PROD] = TP_REDUCE_PROD };
    const segment_attr *a = call->attr;
    tp_tensor *x = call->in[DATA], *offsets = call->in[OFFSETS], *lengths = call->in[LENGTHS];
    int axis;
    if (lengths) offsets = NULL;
    if (check(call, lengths ? lengths : offsets, &axis)) return tp__pending();
    const int64_t n = x->shape[axis], segments = lengths ? lengths->shape[axis] : offsets->shape[axis] - 1;
    if (segments < 0) return tp__call_fail(call, TP_ERR_SHAPE, "offsets %s are none", tp__shape_text(offsets));
    if (lengths && !a->unsafe && check_lengths(call, lengths, n)) return tp__pending();
    tp_tensor *ends = lengths ? tp_cumsum(lengths, -1) : tp_narrow(offsets, -1, 1, segments);
    if (!lengths) lengths = tp_diff(offsets);
    if (offsets && !a->unsafe) {
        tp_tensor *falls = tp_any(tp_lt(lengths, 0));
        if (!falls) return tp__pending();
        if (tp_item(falls) != 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "offsets fall, and no segment has less than 0 elements");
    }
    /* which segment each place is in; `segments` is none */
    tp_shape shape = tp_shape_of(x), own = { .ndim = x->ndim };
    shape.ndim = axis + 1;
    tp_tensor *place = tp_contiguous(tp_expand(tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = x->device), shape));
    tp_tensor *which = tp_searchsorted(tp_contiguous(tp_to_dtype(ends, TP_I64)), place, .right = true);
    if (offsets) which = tp_where(tp_lt(place, tp_narrow(offsets, -1, 0, 1)), segments, which);
    for (int d = 0; d < x->ndim; d++) own.dim[d] = d <= axis ? x->shape[d] : 1;
    which = tp_expand(tp_reshape(which, own), tp_shape_of(x));
    const double initial = a->initial.kind == TP_OPERAND_NONE ? neutral[a->reduce]
        : a->initial.kind == TP_OPERAND_REAL ? a->initial.as.real : (double)a->initial.as.integer;
    shape = tp_shape_of(x);
    shape.dim[axis] = segments + 1;
    tp_tensor *base = tp_full(shape, initial, .dtype = (tp_dtype)x->dtype, .device = x->device);
    const bool extreme = a->reduce == MAX || a->reduce == MIN;
    tp_tensor *y = extreme ? tp_scatter_reduce(tp_full_like(base, NAN), axis, which, x, way[a->reduce], .include_self = false)
                           : tp__scatter_reduce_stepwise(base, axis, which, x, way[a->reduce]);
    y = tp_narrow(y, axis, 0, segments);
    for (int d = 0; d < x->ndim; d++) own.dim[d] = d < axis ? x->shape[d] : d == axis ? segments : 1;
    if (extreme || a->reduce == MEAN) lengths = tp_reshape(lengths, own);
    if (extreme) {                                     /* the gradient is that of elements alone, equal to `initial` or not */
        y = tp_where(tp_le(lengths, 0), initial, y);
        y = tp_where(a->reduce == MAX ? tp_lt(y, initial) : tp_gt(y, initial), initial, y);
    }
    if (a->reduce == MEAN) {
        tp_tensor *mean = tp_div(y, lengths);
        y = a->initial.kind == TP_OPERAND_NONE ? mean : tp_where(tp_eq(lengths, 0), y, mean);
    }
    return tp__made(tp__out_made(call, tp_contiguous(y)));
}

#define X(...) TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(__VA_ARGS__)))
#define BY(name_, m) TP__NAMED(name_, .kind = TP_ARG_TENSOR, .value.tensor = m)
static tp_tensor *counts(int64_t a, int64_t b, int64_t c)
{
    tp_tensor *x = tp_zeros(TP_SHAPE(3), .dtype = TP_I64);
    const int64_t v[] = { a, b, c };
    for (int i = 0; i < 3 && x; i++) tp_fill_(tp_select(x, 0, i), v[i]);
    return x;
}
#define GIVE(x, how, segments, initial) \
    set->take(set, &(tp__sample){ .args = { x, TP__STRING_ARG(how), segments, initial }, .n = 4, .needs_all = true })
#define START(v) TP__NAMED("initial", .kind = TP_ARG_FLOAT, .value.real = v)
#define NO_START TP__NAMED("initial", .kind = TP_ARG_NONE)
static void segment_samples(tp_sample_set *set)
{
    GIVE(X(6), "sum", BY("lengths", counts(2, 0, 4)), NO_START);
    GIVE(X(6, 2), "mean", BY("lengths", counts(2, 3, 1)), NO_START);
    GIVE(X(6, 2), "max", BY("offsets", counts(0, 4, 6)), NO_START);
    GIVE(X(6), "min", BY("lengths", counts(2, 3, 1)), START(99));
    GIVE(TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6), 0.5, 2)), "prod", BY("lengths", counts(2, 4, 0)), START(2));
}
#define SEGMENT(name) { .schema = name "(Tensor data, string{sum,mean,max,min,prod} reduce, *, " \
    "Tensor? lengths=none, Tensor? indices=none, Tensor? offsets=none, " \
    "int axis=0, bool unsafe=false, number? initial=none) -> Tensor", .compose = segment_compose, \
    .attr_size = sizeof(segment_attr), .samples = segment_samples, .state = TP__STATE }
static const tp_op op_segment_reduce = SEGMENT("segment_reduce"), op_segment_reduce_ = SEGMENT("_segment_reduce");

const tp_op *const tp__ops_segment[] = { &op_segment_reduce, &op_segment_reduce_, NULL };
