/* view_part.c: a part of a dim.
 *
 *   select          dx = zeros with dy at the index
 *   narrow, slice   dx = zeros with dy in its place: narrow_backward, and where a slice steps, a sum into the region
 *
 * narrow_backward is linear; its rule takes the part out again. */
#include "ops/view.h"
#include "ops/samples.h"

/* ---- narrow_backward ------------------------------------------------------------------------------------------------------------ */

typedef struct embed_attr { tp__ints size; int64_t dim, start; } embed_attr;
static tp_status embed_shape(tp__call *call)
{
    const embed_attr *a = call->attr;
    const tp_tensor *dy = call->in[0];
    bool fits = a->size.n == dy->ndim && a->dim >= 0 && a->dim < dy->ndim && a->start >= 0;
    for (int i = 0; i < dy->ndim && fits; i++) fits = i == a->dim ? a->size.v[i] >= 0 && a->start <= a->size.v[i] - dy->shape[i] : a->size.v[i] == dy->shape[i];
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s does not fit %s at %lld of dim %lld", tp__shape_text(dy), tp__dims_text((int)a->size.n, a->size.v),
                             (long long)a->start, (long long)a->dim);
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)dy->dtype, (int)a->size.n, a->size.v));
}
static tp_status embed_forward(tp__call *call)
{
    const embed_attr *a = call->attr;
    tp_tensor *y = call->out[0], *dy = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, y->shape, sizeof shape);
    const int d = (int)a->dim;
    const int64_t length = dy->shape[d];
    /* what lies before, the region, what comes after: each element is written once */
    const int64_t cuts[3][2] = { { 0, a->start }, { a->start, length }, { a->start + length, y->shape[d] - a->start - length } };
    TP_NO_GRAD();
    tp_status status = TP_OK;
    for (int i = 0; i < 3 && !status; i++) {
        shape[d] = cuts[i][1];
        if (!shape[d]) continue;
        tp_tensor *part = tp__alias(y, y->ndim, shape, y->stride, cuts[i][0] * y->stride[d]);
        if (!part || !(i == 1 ? tp_copy_(part, tp_detach(dy)) : tp_zero_(part))) status = tp__pending();
    }
    return status;
}
static tp_status embed_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const embed_attr *a = tp__attr(node);
    (void)need;
    return tp__made(dx[0] = tp_narrow(g[0], (int)a->dim, a->start, tp__kept(node, 0)->shape[a->dim]));
}
static void embed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), TP__INTS_ARG(2, 2, 5), TP__INT_ARG(1), TP__INT_ARG(2));
}
static const tp_op op_embed = { .schema = "narrow_backward(Tensor grad, int[] size, int dim, int start) -> Tensor", .flags = TP__INTERNAL,
    .shape = embed_shape, .forward = embed_forward, .backward = embed_backward, .attr_size = sizeof(embed_attr), .samples = embed_samples,
    .state = TP__STATE };

tp_tensor *tp__embed(const tp_node *node, tp_tensor *dy, int64_t dim, int64_t start)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    return dy ? tp__run1(&op_embed, &dy, 1, &(embed_attr){ tp__ints_of(kept->shape, kept->ndim), dim, start }, NULL) : NULL;
}

/* ---- select ----------------------------------------------------------------------------------------------------------------------- */

typedef struct select_attr { int64_t dim, index; } select_attr;
static tp_status select_geometry(tp__call *call, tp__geometry *g)
{
    tp_tensor *x = call->in[0];
    select_attr *a = (select_attr *)(uintptr_t)call->attr;
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to select");
    if (tp__take_dim(call, a->dim, x, &d)) return tp__pending();
    if (a->index < -x->shape[d] || a->index >= x->shape[d])
        return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for dim %d of %s", (long long)a->index, d, tp__shape_text(x));
    if (a->index < 0) a->index += x->shape[d];
    a->dim = d;
    g->offset += a->index * g->stride[d];
    g->ndim--;
    for (int i = d; i < g->ndim; i++) {
        g->shape[i] = g->shape[i + 1];
        g->stride[i] = g->stride[i + 1];
    }
    return TP_OK;
}
static tp_status select_shape(tp__call *call)
{
    tp__geometry g = tp__geometry_of(call->in[0]);
    const tp_status status = select_geometry(call, &g);
    call->keep_shape = 1;
    return status ? status : tp__made(tp__out_geometry(call, call->in[0], &g));
}
static tp_status select_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const select_attr *a = tp__attr(node);
    tp_shape with_dim = tp__kept_shape_of(tp__kept(node, 0));
    with_dim.dim[a->dim] = 1;
    (void)need;
    return tp__made(dx[0] = tp__embed(node, tp_reshape(dy[0], with_dim), a->dim, a->index));
}
static void select_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(2));
}
static const tp_op op_select = { .schema = "select(Tensor input, int dim, int index) -> Tensor", .flags = TP__VIEW, .shape = select_shape,
    .backward = select_backward, .attr_size = sizeof(select_attr), .samples = select_samples, .state = TP__STATE };

/* ---- narrow ------------------------------------------------------------------------------------------------------------------------- */

typedef struct narrow_attr { int64_t dim, start, length; } narrow_attr;
static tp_status narrow_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    narrow_attr *a = (narrow_attr *)(uintptr_t)call->attr;
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor cannot be narrowed");
    if (tp__take_dim(call, a->dim, x, &d)) return tp__pending();
    if (a->length < 0) return tp__call_fail(call, TP_ERR_SHAPE, "length %lld is negative", (long long)a->length);
    const int64_t start = a->start < 0 && a->start >= -x->shape[d] ? a->start + x->shape[d] : a->start;
    if (start < 0 || start > x->shape[d] || a->length > x->shape[d] - start)
        return tp__call_fail(call, TP_ERR_INDEX, "start %lld and length %lld are out of range for dim %d of %s", (long long)a->start,
                             (long long)a->length, d, tp__shape_text(x));
    a->dim = d;
    a->start = start;
    tp__geometry g = tp__geometry_of(x);
    g.shape[d] = a->length;
    g.offset += start * g.stride[d];
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, x, &g));
}
static tp_status narrow_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const narrow_attr *a = tp__attr(node);
    (void)need;
    return tp__made(dx[0] = tp__embed(node, dy[0], a->dim, a->start));
}
static void narrow_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(1), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(3), TP__INT_ARG(0));
}
static const tp_op op_narrow = { .schema = "narrow(Tensor input, int dim, int start, int length) -> Tensor", .flags = TP__VIEW, .shape = narrow_shape,
    .backward = narrow_backward, .attr_size = sizeof(narrow_attr), .samples = narrow_samples, .state = TP__STATE };

/* ---- slice: as Python's, but that it steps forward only ------------------------------------------------------------------------------- */

typedef struct slice_attr { int64_t dim, start, end, step; } slice_attr;
static void slice_bounds(slice_attr *a, int64_t size)
{
    if (a->start == TP_NONE) a->start = 0;
    if (a->end == TP_NONE) a->end = size;
    if (a->start < 0 && (a->start += size) < 0) a->start = 0;
    if (a->end < 0) a->end += size;
    if (a->start > size) a->start = size;
    if (a->end > size) a->end = size;
    if (a->end < a->start) a->end = a->start;
}
/* g, of x or of a plain tensor of its shape, becomes that of the slice. */
static tp_status slice_geometry(tp__call *call, tp__geometry *g)
{
    tp_tensor *x = call->in[0];
    slice_attr *a = (slice_attr *)(uintptr_t)call->attr;
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to slice");
    if (tp__take_dim(call, a->dim, x, &d)) return tp__pending();
    if (a->step <= 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "step is %lld, and must be positive", (long long)a->step);
    slice_bounds(a, x->shape[d]);
    a->dim = d;
    g->offset += a->start * g->stride[d];
    g->shape[d] = (a->end - a->start) / a->step + ((a->end - a->start) % a->step != 0);
    if (__builtin_mul_overflow(g->stride[d], a->step, &g->stride[d])) g->stride[d] = INT64_MAX;      /* of one element, or none */
    return TP_OK;
}
static tp_status slice_shape(tp__call *call)
{
    tp__geometry g = tp__geometry_of(call->in[0]);
    const tp_status status = slice_geometry(call, &g);
    call->keep_shape = 1;
    return status ? status : tp__made(tp__out_geometry(call, call->in[0], &g));
}
static tp_status slice_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const slice_attr *a = tp__attr(node);
    const tp__kept_shape *kept = tp__kept(node, 0);
    (void)need;
    if (a->step == 1) return tp__made(dx[0] = tp__embed(node, dy[0], a->dim, a->start));
    tp__geometry g = tp__geometry_plain(kept->ndim, kept->shape);
    g.offset = a->start * g.stride[a->dim];
    g.shape[a->dim] = dy[0]->shape[a->dim];
    if (g.shape[a->dim] > 1) g.stride[a->dim] *= a->step;
    return tp__made(dx[0] = tp__region_sum(dy[0], &g, kept->ndim, kept->shape));
}
static void slice_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(1), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 7), -2, 2)), TP__INT_ARG(-1), TP__INT_ARG(1), { .kind = TP_ARG_NONE }, TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), TP__NAMED("step", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(2), TP__INT_ARG(1));
}
static const tp_op op_slice = { .schema = "slice(Tensor input, int dim=0, int? start=none, int? end=none, int step=1) -> Tensor", .flags = TP__VIEW,
    .shape = slice_shape, .backward = slice_backward, .attr_size = sizeof(slice_attr), .samples = slice_samples, .state = TP__STATE };

static const tp_op op_select_copy = TP__COPY_FORM("select_copy(Tensor input, int dim, int index) -> Tensor", op_select, sizeof(select_attr), select_samples);
static const tp_op op_narrow_copy = TP__COPY_FORM("narrow_copy(Tensor input, int dim, int start, int length) -> Tensor", op_narrow,
    sizeof(narrow_attr), narrow_samples);
static const tp_op op_slice_copy = TP__COPY_FORM("slice_copy(Tensor input, int dim=0, int? start=none, int? end=none, int step=1) -> Tensor", op_slice,
    sizeof(slice_attr), slice_samples);

/* ---- Scatters: a copy of x with the part replaced ------------------------------------------------------------------------------------------ */

/* src must have the part's shape. Of a plain copy of x, whatever x's strides are. */
static tp_status replace(tp__call *call, tp_status (*geometry)(tp__call *, tp__geometry *))
{
    tp_tensor *x = call->in[0], *src = call->in[1];
    tp__geometry g = tp__geometry_plain(x->ndim, x->shape);
    const tp_status status = geometry(call, &g);
    if (status) return status;
    if (src->ndim != g.ndim || memcmp(src->shape, g.shape, sizeof *g.shape * (size_t)g.ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "src is %s, the part that it replaces %s", tp__shape_text(src), tp__dims_text(g.ndim, g.shape));
    return tp__made(tp__out_made(call, tp__region_replace(x, src, &g)));
}
static tp_status select_scatter_compose(tp__call *call)
{
    select_attr attr = *(const select_attr *)call->attr;
    tp__call mine = *call;
    mine.attr = &attr;
    const tp_status status = replace(&mine, select_geometry);
    call->n_out = mine.n_out;
    return status;
}
static tp_status slice_scatter_compose(tp__call *call)
{
    slice_attr attr = *(const slice_attr *)call->attr;
    tp__call mine = *call;
    mine.attr = &attr;
    const tp_status status = replace(&mine, slice_geometry);
    call->n_out = mine.n_out;
    return status;
}
static void select_scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)),
             TP__INT_ARG(1), TP__INT_ARG(-1));
}
static void slice_scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 5), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)),
             TP__INT_ARG(1), TP__INT_ARG(1), TP__INT_ARG(5), TP__INT_ARG(2));
}
static const tp_op op_select_scatter = { .schema = "select_scatter(Tensor input, Tensor src, int dim, int index) -> Tensor",
    .compose = select_scatter_compose, .attr_size = sizeof(select_attr), .samples = select_scatter_samples, .state = TP__STATE };
static const tp_op op_slice_scatter = { .schema = "slice_scatter(Tensor input, Tensor src, int dim=0, int? start=none, int? end=none, int step=1) -> Tensor",
    .compose = slice_scatter_compose, .attr_size = sizeof(slice_attr), .samples = slice_scatter_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index) { return tp__run1(&op_select, &x, 1, &(select_attr){ dim, index }, TP__CALLER); }

tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length)
{
    return tp__run1(&op_narrow, &x, 1, &(narrow_attr){ dim, start, length }, TP__CALLER);
}

tp_tensor *tp_slice_with(tp_tensor *x, int dim, const tp_slice_options *options)
{
    tp_slice_options o = TP__BRACES(slice, );
    if (tp_options_take("slice", &o, options, offsetof(tp_slice_options, tp__end))) return NULL;
    return tp__run1(&op_slice, &x, 1, &(slice_attr){ dim, o.start, o.end, o.step }, TP__CALLER);
}

tp_tensor *tp_select_scatter(tp_tensor *x, tp_tensor *src, int dim, int64_t index)
{
    return tp__run1(&op_select_scatter, (tp_tensor *[]){ x, src }, 2, &(select_attr){ dim, index }, TP__CALLER);
}

tp_tensor *tp_slice_scatter_with(tp_tensor *x, tp_tensor *src, int dim, const tp_slice_options *options)
{
    tp_slice_options o = TP__BRACES(slice, );
    if (tp_options_take("slice_scatter", &o, options, offsetof(tp_slice_options, tp__end))) return NULL;
    return tp__run1(&op_slice_scatter, (tp_tensor *[]){ x, src }, 2, &(slice_attr){ dim, o.start, o.end, o.step }, TP__CALLER);
}

const tp_op *const tp__ops_view_part[] = { &op_embed, &op_select, &op_narrow, &op_slice, &op_select_copy, &op_narrow_copy, &op_slice_copy, &op_select_scatter,
    &op_slice_scatter, NULL };
