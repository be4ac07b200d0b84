/* histogram.c: how many points lie in each bin. Made of other ops, without gradients.
 *
 *   histogram      h_b = how many x, or the sum of their weights, have edge_b <= x < edge_b+1; the last bin has its upper edge too
 *   histogramdd    the same of points [.., d], in boxes
 *   density        h over its sum and the size of the bin
 *
 * Edges are given, or evenly spaced over a range: of all points unless it is given; half to each side where that has no width. */
#include "ops/samples.h"
#include "ops/view.h"

#include <math.h>

typedef struct histogram_attr { const tp_arg *bins, *range; bool density; } histogram_attr;

/* How many numbers a range has; -1: it is none. And number i of them */
static int count_range(const tp_arg *range)
{
    if (!range || !range->kind) return 0;
    return range->kind == TP_ARG_FLOATS || range->kind == TP_ARG_INTS ? range->n : -1;
}
static double range_at(const tp_arg *range, int i) { return range->kind == TP_ARG_INTS ? (double)range->value.ints[i] : range->value.floats[i]; }

static tp_status check(const tp__call *call, const tp_tensor *x, const tp_tensor *weight, const tp_shape *points)
{
    if (x->dtype != TP_F32 && x->dtype != TP_F64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes float32 and float64, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (!weight) return TP_OK;
    if (weight->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "weights are %s, the input %s", tp_dtype_name((tp_dtype)weight->dtype),
                             tp_dtype_name((tp_dtype)x->dtype));
    if (weight->ndim != points->ndim || memcmp(weight->shape, points->dim, sizeof *weight->shape * (size_t)weight->ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "weights %s do not fit the input %s", tp__shape_text(weight), tp__shape_text(x));
    return TP_OK;
}

/* Edges of dim d of points [n, dims]; NULL: an error */
static tp_tensor *edges_of(const tp__call *call, tp_tensor *points, int d, int dims, const histogram_attr *c)
{
    int64_t bins = 0;
    if (c->bins->kind == TP_ARG_TENSOR || c->bins->kind == TP_ARG_TENSORS) {
        tp_tensor *edges = c->bins->kind == TP_ARG_TENSOR ? c->bins->value.tensor : c->bins->value.tensors[d];
        if (!edges) return tp_failed() ? NULL : (tp__call_fail(call, TP_ERR_ARGUMENT, "the edges of dim %d are NULL", d), NULL);
        if (edges->dtype != points->dtype)
            return tp__call_fail(call, TP_ERR_DTYPE, "edges are %s, the input %s", tp_dtype_name((tp_dtype)edges->dtype),
                                 tp_dtype_name((tp_dtype)points->dtype)), NULL;
        if (edges->ndim != 1 || edges->numel < 2)
            return tp__call_fail(call, TP_ERR_SHAPE, "edges %s are no vector of two at least", tp__shape_text(edges)), NULL;
        return c->bins->kind == TP_ARG_TENSOR ? tp_clone(edges) : edges;
    }
    bins = c->bins->kind == TP_ARG_INT ? c->bins->value.integer : c->bins->value.ints[c->bins->n == 1 ? 0 : d];
    if (bins < 1 || bins > INT32_MAX)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are %lld bins, and have to be at least 1", (long long)bins), NULL;
    double low = 0, high = 1;
    if (count_range(c->range)) {
        low = range_at(c->range, 2 * d);
        high = range_at(c->range, 2 * d + 1);
    } else if (points->shape[0]) {
        tp_tensor *x = tp_select(points, 1, d), *least = tp_amin(x), *most = tp_amax(x);
        if (!least || !most) return NULL;
        low = tp_item(least);
        high = tp_item(most);
    }
    if (!isfinite(low) || !isfinite(high) || low > high)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no bins from %g to %g in dim %d of %d", low, high, d, dims), NULL;
    if (low == high) low -= 0.5, high += 0.5;
    return tp_linspace(low, high, bins + 1, .dtype = (tp_dtype)points->dtype, .device = points->device);
}

/* points [n, dims], weight [n] or NULL: the counts, and the edges of each dim */
static tp_status count(tp__call *call, tp_tensor *points, tp_tensor *weight, const histogram_attr *c)
{
    tp_tensor *edges[TP_MAX_DIMS], *place = NULL, *outside = NULL;
    if (!points) return tp__pending();
    const int dims = (int)points->shape[1];
    tp_shape shape = { .ndim = dims };
    int64_t boxes = 1;
    for (int d = 0; d < dims; d++) {
        if (!(edges[d] = edges_of(call, points, d, dims, c))) return tp__pending();
        const int64_t bins = shape.dim[d] = edges[d]->numel - 1;
        if (__builtin_mul_overflow(boxes, bins, &boxes) || boxes > INT32_MAX)
            return tp__call_fail(call, TP_ERR_SHAPE, "%s are too many bins", tp__dims_text(d + 1, shape.dim));
        tp_tensor *x = tp_contiguous(tp_select(points, 1, d));
        tp_tensor *bin = tp_sub(tp_bucketize(x, edges[d], .right = true), 1);
        bin = tp_sub(bin, tp_to_dtype(tp_eq(x, tp_select(edges[d], 0, -1)), TP_I64));            /* the upper edge, into the last bin */
        tp_tensor *beyond = tp_logical_or(tp_logical_or(tp_lt(bin, 0), tp_ge(bin, bins)), tp_isnan(x));
        outside = d ? tp_logical_or(outside, beyond) : beyond;
        place = d ? tp_add(tp_mul(place, bins), bin) : bin;
    }
    place = tp_masked_fill(place, outside, boxes);
    if (!weight) weight = tp_ones(TP_SHAPE(points->shape[0]), .dtype = (tp_dtype)points->dtype, .device = points->device);
    tp_tensor *all = tp_zeros(TP_SHAPE(boxes + 1), .dtype = (tp_dtype)points->dtype, .device = points->device);
    tp_tensor *counts = tp_reshape(tp_narrow(tp_index_add(all, 0, place, weight), 0, 0, boxes), shape);
    if (c->density) counts = tp_div(counts, tp_sum(counts));
    for (int d = 0; d < dims && c->density; d++) {
        tp_shape side = { .ndim = dims };
        for (int i = 0; i < dims; i++) side.dim[i] = i == d ? -1 : 1;
        counts = tp_div(counts, tp_reshape(tp_diff(edges[d]), side));
    }
    tp_status status = tp__made(tp__out_made(call, tp_contiguous(counts)));
    for (int d = 0; d < dims && !status; d++) status = tp__made(tp__out_made(call, edges[d]));
    return status;
}

static tp_status histogram_compose(tp__call *call)
{
    enum { WEIGHT = 3 };
    const histogram_attr *a = call->attr;
    tp_tensor *x = call->in[0], *weight = call->in[WEIGHT];
    const tp_shape shape = weight && weight->numel == x->numel ? tp_shape_of(weight) : tp_shape_of(x);      /* of as many: in any shape, as PyTorch */
    const tp_arg usual = TP__INT_ARG(100);
    TP_NO_GRAD();
    if (check(call, x, weight, &shape)) return tp__pending();
    const histogram_attr c = { a->bins && a->bins->kind ? a->bins : &usual, a->range, a->density };
    if (c.bins->kind != TP_ARG_INT && c.bins->kind != TP_ARG_TENSOR) return tp__call_fail(call, TP_ERR_ARGUMENT, "bins are a number, or edges");
    const int n_range = count_range(c.range);
    if (n_range && (n_range != 2 || c.bins->kind == TP_ARG_TENSOR))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "a range is two numbers, and goes with a number of bins");
    return count(call, tp_reshape(x, TP_SHAPE(x->numel, 1)), weight ? tp_reshape(weight, TP_SHAPE(x->numel)) : NULL, &c);
}
static tp_status histogramdd_compose(tp__call *call)
{
    enum { WEIGHT = 3 };
    const histogram_attr *a = call->attr;
    tp_tensor *x = call->in[0], *weight = call->in[WEIGHT];
    TP_NO_GRAD();
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes points [.., d], not %s", tp__shape_text(x));
    const int64_t dims = x->shape[x->ndim - 1];
    tp_shape shape = tp_shape_of(x);
    shape.ndim--;
    if (check(call, x, weight, &shape)) return tp__pending();
    if (dims < 1 || dims > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "points of %lld dims; there may be 1 to %d", (long long)dims, TP_MAX_DIMS);
    const bool listed = a->bins->kind == TP_ARG_INTS || a->bins->kind == TP_ARG_TENSORS;
    if (!listed && a->bins->kind != TP_ARG_INT)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "bins are a number, one for each dim, or the edges of each dim");
    if (listed && a->bins->n != dims)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "bins are of %d dims, the points of %lld", a->bins->n, (long long)dims);
    const int n_range = count_range(a->range);
    if (n_range && (n_range != 2 * dims || a->bins->kind == TP_ARG_TENSORS))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "a range is two numbers for each dim, and goes with numbers of bins");
    int64_t points = 1;
    for (int d = 0; d < shape.ndim; d++) points *= shape.dim[d];
    return count(call, tp_reshape(x, TP_SHAPE(points, dims)), weight ? tp_reshape(weight, TP_SHAPE(points)) : NULL, a);
}

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -2, 2))
#define DENSE  TP__NAMED("density", .kind = TP_ARG_BOOL, .value.boolean = true)
#define RANGE(n_, ...) TP__NAMED("range", .kind = TP_ARG_FLOATS, .n = n_, .value.floats = (const double[]){ __VA_ARGS__ })
static void histogram_samples(tp_sample_set *set)
{
    tp_tensor *edges = tp_linspace(-2, 2, 4, .dtype = set->dtype ? set->dtype : TP_F32);
    TP__GIVE(set, X(3, 5), TP__INT_ARG(4));
    TP__GIVE(set, X(9), TP__INT_ARG(3), RANGE(2, -3, 2),
             TP__NAMED("weight", .kind = TP_ARG_TENSOR, .value.tensor = tp__sample_tensor(set, TP_SHAPE(9), 0, 1)),
             DENSE);
    set->take(set, &(tp__sample){ .args = { X(7), TP__TENSOR_ARG(edges) }, .n = 2, .needs_all = true });
    TP__GIVE(set, X(0), TP__INT_ARG(3));
}
static void histogramdd_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(9, 2), TP__INT_ARG(3));
    TP__GIVE(set, X(3, 4, 2), TP__INTS_ARG(2, 2, 3), RANGE(4, -1, 1, -2, 2), DENSE);
}
#define COUNTING "any range=none, Tensor? weight=none, bool density=false) -> Tensor[]"
static const tp_op op_histogram = { .schema = "histogram(Tensor input, any bins=none, *, " COUNTING, .flags = TP__NO_GRAD_OP, .compose = histogram_compose,
    .attr_size = sizeof(histogram_attr), .samples = histogram_samples, .state = TP__STATE };
static const tp_op op_histogramdd = { .schema = "histogramdd(Tensor input, any bins, " COUNTING, .flags = TP__NO_GRAD_OP, .compose = histogramdd_compose,
    .attr_size = sizeof(histogram_attr), .samples = histogramdd_samples, .state = TP__STATE };

tp_tensor *tp_histogram(tp_tensor *x, int64_t bins, double min, double max, tp_tensor *weight, tp_tensor **edges)
{
    const tp_arg count = TP__INT_ARG(bins), ends = { .kind = TP_ARG_FLOATS, .n = 2, .value.floats = (const double[]){ min, max } };
    const histogram_attr attr = { &count, min == 0 && max == 0 ? NULL : &ends, false };
    return tp__run_parts(&op_histogram, (tp_tensor *[]){ x, NULL, NULL, weight }, 4, &attr, edges, NULL, TP__CALLER);
}

const tp_op *const tp__ops_histogram[] = { &op_histogram, &op_histogramdd, NULL };
