/* view.c: ops that share memory. What a view does to the geometry its rule undoes on the gradient.
 *
 *   reshape    dx = reshape(dy, shape of x)           transpose  dx = transpose(dy, dim0, dim1)
 *   permute    dx = permute(dy, inverse)              expand     dx = dy summed to the shape of x
 *   select, narrow   dx = zeros with dy in its place */
#include "ops/run.h"
#include "ops/samples.h"

static tp_tensor *back_to(const tp_node *node, tp_tensor *dy)
{
    return tp_reshape(dy, tp__kept_shape_of(tp__kept(node, 0)));
}

static tp__ints ints_of(const int64_t *v, int n)
{
    tp__ints ints = { .n = n };
    memcpy(ints.v, v, sizeof *v * (size_t)(n < TP_MAX_DIMS ? n : TP_MAX_DIMS));
    return ints;
}

/* ---- reshape ------------------------------------------------------------------------------------------------------------------- */

typedef struct reshape_attr { tp__ints shape; } reshape_attr;

/* Fills in -1. */
static tp_status resolve(tp__call *call, tp__ints *shape)
{
    const tp_tensor *x = call->in[0];
    int64_t known = 1, steps = 1;                      /* steps: what the strides grow to, sizes of 0 left out */
    int open = -1;
    for (int i = 0; i < shape->n; i++) {
        if (shape->v[i] == -1 && open < 0) open = i;
        else if (shape->v[i] < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no shape", tp__dims_text((int)shape->n, shape->v));
        else if (__builtin_mul_overflow(known, shape->v[i], &known) || __builtin_mul_overflow(steps, shape->v[i] > 1 ? shape->v[i] : 1, &steps)) return tp__call_fail(call, TP_ERR_SHAPE, "%s is too large", tp__dims_text((int)shape->n, shape->v));
    }
    if (open >= 0 && known && x->numel % known == 0) {
        shape->v[open] = x->numel / known;
        known = x->numel;
    } else if (open >= 0) {
        known = -1;
    }
    if (known != x->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s of %lld elements cannot become %s", tp__shape_text(x), (long long)x->numel,
                             tp__dims_text((int)shape->n, shape->v));
    return TP_OK;
}

/* Strides of a view of x as `shape`, if there is one: runs of dims that step evenly are cut anew. */
static bool view_strides(const tp_tensor *x, const tp__ints *shape, int64_t *stride)
{
    if (x->flags & TP__CONTIGUOUS) {
        int64_t step = 1;
        for (int i = (int)shape->n - 1; i >= 0; i--) {
            stride[i] = step;
            step *= shape->v[i] > 1 ? shape->v[i] : 1;
        }
        return true;
    }
    int to = (int)shape->n - 1;
    for (int d = x->ndim - 1; d >= 0;) {
        int64_t run = x->shape[d], step = x->stride[d];
        int first = d;
        while (first > 0 && (x->shape[first - 1] == 1 || run == 1 || x->stride[first - 1] == step * run)) {
            first--;
            if (run == 1) step = x->stride[first];
            run *= x->shape[first];
        }
        int64_t left = run;
        while (to >= 0 && (left > 1 || shape->v[to] == 1)) {
            if (left % shape->v[to]) return false;
            stride[to] = step;
            step *= shape->v[to];
            left /= shape->v[to--];
        }
        if (left > 1) return false;
        d = first - 1;
    }
    for (; to >= 0; to--) stride[to] = 1;
    return true;
}

static tp_status view_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *shape = &((reshape_attr *)(uintptr_t)call->attr)->shape;
    const tp_status status = resolve(call, shape);
    int64_t stride[TP_MAX_DIMS];
    if (status) return status;
    if (!view_strides(x, shape, stride))
        return tp__call_fail(call, TP_ERR_SHAPE, "the strides of %s allow no view as %s: use reshape", tp__shape_text(x),
                             tp__dims_text((int)shape->n, shape->v));
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, (int)shape->n, shape->v, stride, tp__offset_of(x)));
}

static const tp_op op_view;
static tp_status reshape_compose(tp__call *call)        /* a view, of a copy where it must be */
{
    tp_tensor *x = call->in[0];
    reshape_attr attr = *(const reshape_attr *)call->attr;
    int64_t stride[TP_MAX_DIMS];
    const tp_status status = resolve(call, &attr.shape);
    if (status) return status;
    if (!view_strides(x, &attr.shape, stride)) x = tp_contiguous(x);
    call->out[0] = x ? tp__run1(&op_view, &x, 1, &attr, NULL) : NULL;
    call->n_out = 1;
    return tp__made(call->out[0]);
}

static tp_status view_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = back_to(node, dy[0]));
}

static void reshape_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 6, 4));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 6), -2, 2)), TP__INTS_ARG(3, 3, -1, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1), -2, 2)), { .kind = TP_ARG_INTS });
}

static const tp_op op_view = { .schema = "view(Tensor input, int[] size) -> Tensor", .flags = TP__VIEW, .shape = view_shape,
    .backward = view_backward, .attr_size = sizeof(reshape_attr), .samples = reshape_samples, .state = TP__STATE };
static const tp_op op_reshape = { .schema = "reshape(Tensor input, int[] shape) -> Tensor", .compose = reshape_compose,
    .attr_size = sizeof(reshape_attr), .samples = reshape_samples, .state = TP__STATE };

/* ---- flatten: a reshape ------------------------------------------------------------------------------------------------------------ */

typedef struct flatten_attr { int64_t start_dim, end_dim; } flatten_attr;
static tp_status flatten_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const flatten_attr *a = call->attr;
    const int from = tp__dim(a->start_dim, x->ndim), to = tp__dim(a->end_dim, x->ndim);
    if (from < 0 || to < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)(from < 0 ? a->start_dim : a->end_dim), tp__shape_text(x));
    if (from > to) return tp__call_fail(call, TP_ERR_SHAPE, "start_dim %lld comes after end_dim %lld", (long long)a->start_dim, (long long)a->end_dim);
    tp_shape shape = { { 1 }, x->ndim ? 0 : 1 };
    for (int d = 0; d < x->ndim; d++) {
        if (d > from && d <= to) shape.dim[shape.ndim - 1] *= x->shape[d];
        else shape.dim[shape.ndim++] = x->shape[d];
    }
    call->out[0] = from == to && x->ndim ? x : tp_reshape(x, shape);
    call->n_out = 1;
    return tp__made(call->out[0]);
}
static void flatten_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(-1));
}
static const tp_op op_flatten = { .schema = "flatten(Tensor input, int start_dim=0, int end_dim=-1) -> Tensor", .compose = flatten_compose,
    .attr_size = sizeof(flatten_attr), .samples = flatten_samples, .state = TP__STATE };

/* ---- transpose, permute -------------------------------------------------------------------------------------------------------------- */

typedef struct transpose_attr { int64_t dim0, dim1; } transpose_attr;
static tp_status transpose_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const transpose_attr *a = call->attr;
    const int d0 = tp__dim(a->dim0, x->ndim), d1 = tp__dim(a->dim1, x->ndim);
    if (d0 < 0 || d1 < 0)
        return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)(d0 < 0 ? a->dim0 : a->dim1), tp__shape_text(x));
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    memcpy(stride, x->stride, sizeof stride);
    if (x->ndim) {
        shape[d0] = x->shape[d1], shape[d1] = x->shape[d0];
        stride[d0] = x->stride[d1], stride[d1] = x->stride[d0];
    }
    return tp__made(tp__out_view(call, x, x->ndim, shape, stride, tp__offset_of(x)));
}
static tp_status transpose_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const transpose_attr *a = tp__attr(node);
    (void)need;
    return tp__made(dx[0] = tp_transpose(dy[0], (int)a->dim0, (int)a->dim1));
}
static void transpose_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0), TP__INT_ARG(-1));
}
static const tp_op op_transpose = { .schema = "transpose(Tensor input, int dim0, int dim1) -> Tensor", .flags = TP__VIEW, .shape = transpose_shape,
    .backward = transpose_backward, .attr_size = sizeof(transpose_attr), .samples = transpose_samples, .state = TP__STATE };

typedef struct permute_attr { tp__ints dims; } permute_attr;
static tp_status permute_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *dims = &((permute_attr *)(uintptr_t)call->attr)->dims;
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
    unsigned seen = 0;
    if (dims->n != x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%lld dims are given for %s", (long long)dims->n, tp__shape_text(x));
    for (int i = 0; i < x->ndim; i++) {
        const int d = tp__dim(dims->v[i], x->ndim);
        if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)dims->v[i], tp__shape_text(x));
        if (seen & 1u << d) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d);
        seen |= 1u << d;
        dims->v[i] = d;
        shape[i] = x->shape[d];
        stride[i] = x->stride[d];
    }
    return tp__made(tp__out_view(call, x, x->ndim, shape, stride, tp__offset_of(x)));
}
static tp_status permute_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__ints *dims = &((const permute_attr *)tp__attr(node))->dims;
    tp_dims inverse = { .n = (int)dims->n };
    (void)need;
    for (int i = 0; i < dims->n; i++) inverse.dim[dims->v[i]] = i;
    return tp__made(dx[0] = tp_permute(dy[0], inverse));
}
static void permute_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(3, 2, 0, -2));
}
static const tp_op op_permute = { .schema = "permute(Tensor input, int[] dims) -> Tensor", .flags = TP__VIEW, .shape = permute_shape,
    .backward = permute_backward, .attr_size = sizeof(permute_attr), .samples = permute_samples, .state = TP__STATE };

/* ---- expand -------------------------------------------------------------------------------------------------------------------------- */

typedef struct expand_attr { tp__ints size; } expand_attr;
static tp_status expand_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *size = &((expand_attr *)(uintptr_t)call->attr)->size;
    int64_t stride[TP_MAX_DIMS];
    const int lead = (int)size->n - x->ndim;
    if (lead < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s has more dims than %s", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
    for (int i = (int)size->n - 1; i >= 0; i--) {
        const int d = i - lead;
        if (size->v[i] == -1 && d >= 0) size->v[i] = x->shape[d];
        if (size->v[i] < 0 || (d >= 0 && x->shape[d] != 1 && x->shape[d] != size->v[i]))
            return tp__call_fail(call, TP_ERR_SHAPE, "%s cannot become %s", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
        if (d >= 0) stride[i] = x->shape[d] != 1 || size->v[i] == 1 ? x->stride[d] : 0;
        else stride[i] = size->v[i] == 1 && x->ndim ? size->v[i + 1] * stride[i + 1] : 0;     /* a new dim of 1, as in PyTorch */
    }
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, (int)size->n, size->v, stride, tp__offset_of(x)));
}
static tp_status expand_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, dy[0]));
}
static void expand_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), TP__INTS_ARG(3, 2, -1, 4));
}
static const tp_op op_expand = { .schema = "expand(Tensor input, int[] size) -> Tensor", .flags = TP__VIEW, .shape = expand_shape,
    .backward = expand_backward, .attr_size = sizeof(expand_attr), .samples = expand_samples, .state = TP__STATE };

/* ---- select, narrow ------------------------------------------------------------------------------------------------------------------- */

typedef struct narrow_attr { int64_t dim, start, length; } narrow_attr;
typedef struct select_attr { int64_t dim, index; } select_attr;

/* zeros like the input, dy at [start, start + length) of dim. It is linear: its rule takes the region out again. */
static tp_tensor *embed(const tp_node *node, tp_tensor *dy, narrow_attr attr);

static tp_status select_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    select_attr *a = (select_attr *)(uintptr_t)call->attr;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to select");
    const int d = tp__dim(a->dim, x->ndim);
    if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)a->dim, tp__shape_text(x));
    if (a->index < -x->shape[d] || a->index >= x->shape[d])
        return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for dim %d of %s", (long long)a->index, d, tp__shape_text(x));
    if (a->index < 0) a->index += x->shape[d];
    a->dim = d;
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
    int n = 0;
    for (int i = 0; i < x->ndim; i++)
        if (i != d) shape[n] = x->shape[i], stride[n++] = x->stride[i];
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, n, shape, stride, tp__offset_of(x) + a->index * x->stride[d]));
}
static tp_status select_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const select_attr *a = tp__attr(node);
    tp_shape with_dim = tp__kept_shape_of(tp__kept(node, 0));
    with_dim.dim[a->dim] = 1;
    (void)need;
    return tp__made(dx[0] = embed(node, tp_reshape(dy[0], with_dim), (narrow_attr){ a->dim, a->index, 1 }));
}
static void select_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(2));
}
static const tp_op op_select = { .schema = "select(Tensor input, int dim, int index) -> Tensor", .flags = TP__VIEW, .shape = select_shape,
    .backward = select_backward, .attr_size = sizeof(select_attr), .samples = select_samples, .state = TP__STATE };

static tp_status narrow_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    narrow_attr *a = (narrow_attr *)(uintptr_t)call->attr;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor cannot be narrowed");
    const int d = tp__dim(a->dim, x->ndim);
    if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)a->dim, tp__shape_text(x));
    if (a->length < 0) return tp__call_fail(call, TP_ERR_SHAPE, "length %lld is negative", (long long)a->length);
    const int64_t start = a->start < 0 && a->start >= -x->shape[d] ? a->start + x->shape[d] : a->start;
    if (start < 0 || start > x->shape[d] || a->length > x->shape[d] - start)
        return tp__call_fail(call, TP_ERR_INDEX, "start %lld and length %lld are out of range for dim %d of %s", (long long)a->start,
                             (long long)a->length, d, tp__shape_text(x));
    a->dim = d;
    a->start = start;
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    shape[d] = a->length;
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, x->ndim, shape, x->stride, tp__offset_of(x) + start * x->stride[d]));
}
static tp_status narrow_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = embed(node, dy[0], *(const narrow_attr *)tp__attr(node)));
}
static void narrow_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(1), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(3), TP__INT_ARG(0));
}
static const tp_op op_narrow = { .schema = "narrow(Tensor input, int dim, int start, int length) -> Tensor", .flags = TP__VIEW, .shape = narrow_shape,
    .backward = narrow_backward, .attr_size = sizeof(narrow_attr), .samples = narrow_samples, .state = TP__STATE };

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
static tp_status embed_shape_keeping(tp__call *call)
{
    call->keep_shape = 1;
    return embed_shape(call);
}
static void embed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), TP__INTS_ARG(2, 2, 5), TP__INT_ARG(1), TP__INT_ARG(2));
}
static const tp_op op_embed = { .schema = "narrow_backward(Tensor grad, int[] size, int dim, int start) -> Tensor", .flags = TP__INTERNAL,
    .shape = embed_shape_keeping, .forward = embed_forward, .backward = embed_backward, .attr_size = sizeof(embed_attr), .samples = embed_samples,
    .state = TP__STATE };

static tp_tensor *embed(const tp_node *node, tp_tensor *dy, narrow_attr attr)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    return tp__run1(&op_embed, &dy, 1, &(embed_attr){ ints_of(kept->shape, kept->ndim), attr.dim, attr.start }, NULL);
}

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------- */

static bool shape_is_good(const char *op, const tp_shape *shape)
{
    if (shape->ndim >= 0 && shape->ndim <= TP_MAX_DIMS) return true;
    tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", op, shape->ndim, TP_MAX_DIMS);
    return false;
}

tp_tensor *tp_reshape(tp_tensor *x, tp_shape shape)
{
    if (!x || !shape_is_good("reshape", &shape)) return NULL;
    return tp__run1(&op_reshape, &x, 1, &(reshape_attr){ ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}

tp_tensor *tp_flatten(tp_tensor *x, int start_dim, int end_dim)
{
    return tp__run1(&op_flatten, &x, 1, &(flatten_attr){ start_dim, end_dim }, TP__CALLER);
}

tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1)
{
    return tp__run1(&op_transpose, &x, 1, &(transpose_attr){ dim0, dim1 }, TP__CALLER);
}

tp_tensor *tp_permute(tp_tensor *x, tp_dims dims)
{
    permute_attr attr = { .dims.n = dims.n };
    for (int i = 0; i < dims.n && i < TP_MAX_DIMS; i++) attr.dims.v[i] = dims.dim[i];
    return tp__run1(&op_permute, &x, 1, &attr, TP__CALLER);
}

tp_tensor *tp_expand(tp_tensor *x, tp_shape shape)
{
    if (!x || !shape_is_good("expand", &shape)) return NULL;
    return tp__run1(&op_expand, &x, 1, &(expand_attr){ ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}

tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index) { return tp__run1(&op_select, &x, 1, &(select_attr){ dim, index }, TP__CALLER); }

tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length)
{
    return tp__run1(&op_narrow, &x, 1, &(narrow_attr){ dim, start, length }, TP__CALLER);
}

const tp_op *const tp__ops_view[] = { &op_view, &op_reshape, &op_flatten, &op_transpose, &op_permute, &op_expand, &op_select, &op_narrow, &op_embed, NULL };
