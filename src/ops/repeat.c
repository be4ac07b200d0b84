/* repeat.c: the same elements several times.
 *
 *   repeat, tile          y[.., i, ..] = x[.., i mod n, ..]                         dx = dy summed over the repetitions
 *   repeat_interleave     each slice of a dim several times, one after another      dx = dy summed over each one's
 *
 * repeat_slices and repeat_slices_backward are linear, and each the other's rule; `starts` [n + 1] says where the places of each
 * slice begin, and where the last ones end. */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- repeat ----------------------------------------------------------------------------------------------------------------------- */

typedef struct repeat_attr { tp__ints repeats; } repeat_attr;
static tp_status repeat_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp__ints *repeats = &((const repeat_attr *)call->attr)->repeats;
    const int lead = (int)repeats->n - x->ndim;
    int64_t shape[TP_MAX_DIMS];
    if (lead < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%lld repeats for the %d dims of %s", (long long)repeats->n, x->ndim, tp__shape_text(x));
    for (int d = 0; d < repeats->n; d++) {
        const int64_t size = d < lead ? 1 : x->shape[d - lead];
        if (repeats->v[d] < 0 || __builtin_mul_overflow(size, repeats->v[d], &shape[d]))
            return tp__call_fail(call, TP_ERR_SHAPE, "%lld repeats of dim %d of size %lld", (long long)repeats->v[d], d, (long long)size);
    }
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, (int)repeats->n, shape));
}
/* Dim by dim as [what is outside, repeats, size and what is inside]. */
static tp_status repeat_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__ints *repeats = &((const repeat_attr *)tp__attr(node))->repeats;
    const tp_shape shape = tp__kept_shape_of(tp__kept(node, 0));
    const int lead = (int)repeats->n - shape.ndim;
    tp_tensor *sum = dy[0];
    int64_t outside = 1;
    (void)need;
    for (int d = 0; d < repeats->n && sum; d++) {
        int64_t inside = d < lead ? 1 : shape.dim[d - lead];
        outside *= d && d > lead ? shape.dim[d - lead - 1] : 1;
        for (int i = d + 1; i < repeats->n; i++) inside *= repeats->v[i] * (i < lead ? 1 : shape.dim[i - lead]);
        if (repeats->v[d] != 1) sum = tp_sum(tp_reshape(sum, TP_SHAPE(outside, repeats->v[d], inside)), .dims = TP_DIMS(1));
    }
    return tp__made(dx[0] = tp_reshape(sum, shape));
}
static void repeat_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(2, 2, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(4, 2, 1, 3, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), { .kind = TP_ARG_INTS });
}
static const tp_op op_repeat = { .schema = "repeat(Tensor input, int[] repeats) -> Tensor", .shape = repeat_shape, .backward = repeat_backward,
    .attr_size = sizeof(repeat_attr), .samples = repeat_samples, .state = TP__STATE };

static tp_status tile_compose(tp__call *call)          /* dims that are not told are there once */
{
    tp_tensor *x = call->in[0];
    const tp__ints *dims = &((const repeat_attr *)call->attr)->repeats;
    const int lack = x->ndim > dims->n ? x->ndim - (int)dims->n : 0;
    repeat_attr a = { .repeats.n = dims->n + lack };
    for (int i = 0; i < a.repeats.n; i++) a.repeats.v[i] = i < lack ? 1 : dims->v[i - lack];
    return tp__made(tp__out_made(call, tp__run1(&op_repeat, &x, 1, &a, NULL)));
}
static void tile_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(2)); }
static const tp_op op_tile = { .schema = "tile(Tensor input, int[] dims) -> Tensor", .compose = tile_compose, .attr_size = sizeof(repeat_attr),
    .samples = tile_samples, .state = TP__STATE };

/* ---- repeat_slices ------------------------------------------------------------------------------------------------------------------ */

typedef struct dim_attr { int64_t dim; } dim_attr;

/* starts must rise from 0 on; a caller by name may give anything. */
static tp_status check_starts(tp__call *call, int64_t *n, int64_t *total)
{
    tp_tensor *starts = call->in[1];
    if (starts->ndim != 1 || !starts->numel || starts->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "starts is %s, and must be int64 in one dim", tp__shape_text(starts));
    starts = tp_contiguous(tp_to(starts, TP_CPU));
    if (!starts) return tp__pending();
    const int64_t *at = starts->data;
    bool good = !at[0];
    for (int64_t i = 1; i < starts->numel; i++) good &= at[i] >= at[i - 1];
    *n = starts->numel - 1;
    *total = at[*n];
    return good ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "starts must rise from 0 on");
}
static tp_status slices_shape(tp__call *call, bool back)
{
    tp_tensor *x = call->in[0];
    dim_attr *a = (dim_attr *)(uintptr_t)call->attr;
    int64_t n = 0, total = 0, shape[TP_MAX_DIMS];
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has no slices");
    if (tp__take_dim(call, a->dim, x, &d) || check_starts(call, &n, &total)) return tp__pending();
    a->dim = d;
    if (x->shape[d] != (back ? total : n))
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld slices for dim %d of %s", (long long)(back ? total : n), d, tp__shape_text(x));
    memcpy(shape, x->shape, sizeof *shape * x->ndim);
    shape[d] = back ? n : total;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, shape));
}
static tp_status forward_shape(tp__call *call) { return slices_shape(call, false); }
static tp_status backward_shape(tp__call *call) { return slices_shape(call, true); }

static const tp_op op_slices, op_slices_backward;
static tp_status slices_rule(const tp_op *op, const tp_node *node, tp_tensor *dy, tp_tensor **dx)
{
    tp_tensor *starts = tp__saved(node, 0);
    return tp__made(dx[0] = starts ? tp__run1(op, (tp_tensor *[]){ dy, starts }, 2, tp__attr(node), NULL) : NULL);
}
static tp_status slices_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return slices_rule(&op_slices_backward, node, dy[0], dx);
}
static tp_status slices_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return slices_rule(&op_slices, node, g[0], dx);
}
static void slices_samples(tp_sample_set *set)         /* the starts of no slice: no layout changes them */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__TENSOR_ARG(tp_zeros(TP_SHAPE(1), .dtype = TP_I64)), TP__INT_ARG(1));
}
#define SLICES { TP__INPUT(1, 0) }, .attr_size = sizeof(dim_attr), .samples = slices_samples, .state = TP__STATE
static const tp_op op_slices = { .schema = "repeat_slices(Tensor input, Tensor starts, int dim) -> Tensor", .flags = TP__INTERNAL,
    .shape = forward_shape, .backward = slices_backward, .saves = SLICES };
static const tp_op op_slices_backward = { .schema = "repeat_slices_backward(Tensor grad, Tensor starts, int dim) -> Tensor", .flags = TP__INTERNAL,
    .shape = backward_shape, .backward = slices_backward_backward, .saves = SLICES };

/* ---- repeat_interleave ---------------------------------------------------------------------------------------------------------------- */

typedef struct interleave_attr { int64_t repeats, dim, output_size; } interleave_attr;        /* by a number */
typedef struct each_attr { int64_t dim, output_size; } each_attr;                             /* by a tensor */

static tp_status check_size(tp__call *call, int64_t asked, int64_t size)
{
    if (asked == TP_NONE || asked == size) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "output_size is %lld, and there are %lld", (long long)asked, (long long)size);
}

/* No dim: of all elements in a row. */
static tp_tensor *in_a_row(tp__call *call, int64_t dim, int *d)
{
    tp_tensor *x = call->in[0];
    if (dim == TP_NONE || !x->ndim) {
        *d = 0;
        return dim != TP_NONE && tp__take_dim(call, dim, x, d) ? NULL : tp_reshape(x, TP_SHAPE(-1));
    }
    return tp__take_dim(call, dim, x, d) ? NULL : x;
}

static tp_status interleave_compose(tp__call *call)    /* as [outside, 1, inside], expanded */
{
    const interleave_attr *a = call->attr;
    int d;
    tp_tensor *x = in_a_row(call, a->dim, &d);
    if (!x) return tp__pending();
    if (a->repeats < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "repeats is %lld, and must not be negative", (long long)a->repeats);
    tp_shape shape = tp_shape_of(x);
    int64_t outside = 1, inside = 1;
    for (int i = 0; i < shape.ndim; i++) *(i <= d ? &outside : &inside) *= shape.dim[i];
    if (__builtin_mul_overflow(shape.dim[d], a->repeats, &shape.dim[d]))
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld repeats are too many", (long long)a->repeats);
    if (check_size(call, a->output_size, shape.dim[d])) return tp__pending();
    tp_tensor *wide = tp_expand(tp_reshape(x, TP_SHAPE(outside, 1, inside)), TP_SHAPE(outside, a->repeats, inside));
    return tp__made(tp__out_made(call, tp_reshape(wide ? tp_clone(wide, .memory_format = TP_CONTIGUOUS_FORMAT) : NULL, shape)));
}

/* The running sums of repeats [n] or of one number for all, from 0 on: [n + 1] on the cpu. NULL: an error. */
static tp_tensor *starts_of(tp__call *call, tp_tensor *repeats, int64_t n)
{
    if (tp__category(repeats->dtype) != 1) {
        tp__call_fail(call, TP_ERR_DTYPE, "repeats is %s, and must be of integers", tp_dtype_name((tp_dtype)repeats->dtype));
        return NULL;
    }
    if (repeats->ndim > 1 || (repeats->numel != n && repeats->numel != 1)) {
        tp__call_fail(call, TP_ERR_SHAPE, "repeats is %s, and there are %lld slices", tp__shape_text(repeats), (long long)n);
        return NULL;
    }
    repeats = tp_contiguous(tp_to(repeats, TP_CPU, .dtype = TP_I64));
    tp_tensor *starts = repeats ? tp__tensor_new(TP_CPU, TP_I64, 1, (int64_t[]){ n + 1 }) : NULL;
    if (!starts) return NULL;
    int64_t *at = starts->data;
    at[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t times = ((const int64_t *)repeats->data)[repeats->numel == 1 ? 0 : i];
        if (times >= 0 && !__builtin_add_overflow(at[i], times, &at[i + 1])) continue;
        tp__call_fail(call, TP_ERR_ARGUMENT, "slice %lld cannot be repeated %lld times", (long long)i, (long long)times);
        return NULL;
    }
    return starts;
}

static tp_status each_compose(tp__call *call)
{
    const each_attr *a = call->attr;
    int d;
    tp_tensor *x = in_a_row(call, a->dim, &d), *starts = x ? starts_of(call, call->in[1], x->shape[d]) : NULL;
    if (!starts || check_size(call, a->output_size, ((const int64_t *)starts->data)[x->shape[d]])) return tp__pending();
    if (!(starts = tp_to(starts, x->device))) return tp__pending();
    return tp__made(tp__out_made(call, tp__run1(&op_slices, (tp_tensor *[]){ x, starts }, 2, &(dim_attr){ d }, NULL)));
}
static tp_status index_compose(tp__call *call)         /* of 0, 1, .. */
{
    tp_tensor *repeats = call->in[0];
    if (repeats->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "repeats is %s, and must have one dim", tp__shape_text(repeats));
    tp_tensor *starts = starts_of(call, repeats, repeats->numel);
    if (!starts || check_size(call, *(const int64_t *)call->attr, ((const int64_t *)starts->data)[repeats->numel])) return tp__pending();
    tp_tensor *x = tp_arange(0, (double)repeats->numel, 1, .dtype = (tp_dtype)repeats->dtype, .device = repeats->device);
    if (!(starts = tp_to(starts, repeats->device)) || !x) return tp__pending();
    return tp__made(tp__out_made(call, tp__run1(&op_slices, (tp_tensor *[]){ x, starts }, 2, &(dim_attr){ 0 }, NULL)));
}

static void interleave_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(3), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
}
static void each_samples(tp_sample_set *set)
{
    tp_tensor *times = tp_from_data((int64_t[]){ 2, 0, 3 }, TP_I64, TP_SHAPE(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -2, 2)), TP__TENSOR_ARG(times), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), TP__TENSOR_ARG(tp_full(TP__SCALAR_SHAPE, 2)));
}
static void index_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp_from_data((int64_t[]){ 2, 0, 3 }, TP_I64, TP_SHAPE(3)))); }
static const tp_op op_interleave = { .schema = "repeat_interleave(Tensor input, int repeats, int? dim=none, *, int? output_size=none) -> Tensor",
    .compose = interleave_compose, .attr_size = sizeof(interleave_attr), .samples = interleave_samples, .state = TP__STATE };
static const tp_op op_each = { .schema = "repeat_interleave.tensor(Tensor input, Tensor repeats, int? dim=none, *, int? output_size=none) -> Tensor",
    .compose = each_compose, .attr_size = sizeof(each_attr), .samples = each_samples, .state = TP__STATE };
static const tp_op op_index = { .schema = "repeat_interleave.index(Tensor repeats, *, int? output_size=none) -> Tensor", .compose = index_compose,
    .attr_size = sizeof(int64_t), .samples = index_samples, .state = TP__STATE };

/* ---- Public ---------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_repeat(tp_tensor *x, tp_shape repeats)
{
    if (!x || !tp__shape_is_good("repeat", &repeats)) return NULL;
    return tp__run1(&op_repeat, &x, 1, &(repeat_attr){ tp__ints_of(repeats.dim, repeats.ndim) }, TP__CALLER);
}

tp_tensor *tp_repeat_interleave_with(tp_tensor *x, tp_operand repeats, const tp_repeat_interleave_options *options)
{
    tp_repeat_interleave_options o = TP__BRACES(repeat_interleave, );
    if (tp_options_take("repeat_interleave", &o, options, offsetof(tp_repeat_interleave_options, tp__end))) return NULL;
    if (repeats.kind == TP_OPERAND_TENSOR)
        return tp__run1(&op_each, (tp_tensor *[]){ x, repeats.as.tensor }, 2, &(each_attr){ o.dim, o.output_size }, TP__CALLER);
    if (repeats.kind == TP_OPERAND_REAL) return tp_fail(TP_ERR_ARGUMENT, "repeat_interleave: repeats is %g, and must be an integer", repeats.as.real), NULL;
    return tp__run1(&op_interleave, &x, 1, &(interleave_attr){ repeats.as.integer, o.dim, o.output_size }, TP__CALLER);
}

tp_tensor *tp_tile(tp_tensor *x, tp_shape repeats)
{
    if (!x || !tp__shape_is_good("tile", &repeats)) return NULL;
    return tp__run1(&op_tile, &x, 1, &(repeat_attr){ tp__ints_of(repeats.dim, repeats.ndim) }, TP__CALLER);
}

const tp_op *const tp__ops_repeat[] = { &op_repeat, &op_tile, &op_slices, &op_slices_backward, &op_interleave, &op_each, &op_index, NULL };
