/* view.c: the same elements in another shape.
 *
 *   view, reshape, flatten, unflatten, ravel      dx = reshape(dy, shape of x)
 *
 * A view shares the memory of its input. A reshape is a view where the strides allow one, else a copy; ravel is a view of
 * what is contiguous only. Here, too, is what all files of views share (view.h). */
#include "ops/view.h"
#include "ops/samples.h"

/* ---- What views share ----------------------------------------------------------------------------------------------------------- */

bool tp__take_dims(const char *op, const tp_dims *dims, tp__ints *ints)
{
    if (dims->n < 0 || dims->n > TP_MAX_DIMS) return tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", op, dims->n, TP_MAX_DIMS), false;
    ints->n = dims->n;
    for (int i = 0; i < dims->n; i++) ints->v[i] = dims->dim[i];
    return true;
}

tp__geometry tp__geometry_of(const tp_tensor *x)
{
    tp__geometry g = { .ndim = x->ndim, .offset = tp__offset_of(x) };
    memcpy(g.shape, x->shape, sizeof *g.shape * x->ndim);
    memcpy(g.stride, x->stride, sizeof *g.stride * x->ndim);
    return g;
}

tp__geometry tp__geometry_plain(int ndim, const int64_t *shape)
{
    tp__geometry g = { .ndim = ndim };
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        g.shape[i] = shape[i];
        g.stride[i] = step;
        step *= shape[i] > 1 ? shape[i] : 1;
    }
    return g;
}

tp_status tp__take_dim_of(tp__call *call, int64_t dim, int ndim, const tp_tensor *x, int *d)
{
    *d = tp__dim(dim, ndim);
    return *d < 0 ? tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)dim, tp__shape_text(x)) : TP_OK;
}

tp_status tp__take_dim(tp__call *call, int64_t dim, const tp_tensor *x, int *d) { return tp__take_dim_of(call, dim, x->ndim, x, d); }

bool tp__shape_is_good(const char *op, const tp_shape *shape)
{
    if (shape->ndim >= 0 && shape->ndim <= TP_MAX_DIMS) return true;
    tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", op, shape->ndim, TP_MAX_DIMS);
    return false;
}

tp_status tp__to_shape(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;                                        /* the other inputs lend no more than a shape */
    return tp__made(dx[0] = tp_reshape(dy[0], tp__kept_shape_of(tp__kept(node, 0))));
}

tp_status tp__copy_of_view(tp__call *call)
{
    const int n = tp__run(call->op->out_of_place, call->in, call->n_in, call->attr, call->out, call->max_out, NULL);
    if (n < 0) return (tp_status)n;
    for (int i = 0; i < n; i++) {
        tp_tensor *const y = call->out[i];
        call->out[i] = y->flags & TP__CONTIGUOUS ? tp_clone(y) : tp_contiguous(y);
        if (!call->out[i]) return tp__pending();
    }
    call->n_out = n;
    return TP_OK;
}

tp_status tp__relay_as_view(tp__call *call)
{
    tp_tensor *const x = call->in[0], *view = tp__run1(call->op->out_of_place, call->in, call->n_in, call->attr, NULL);
    if (!view || tp__relay(x, view, tp__state(call->op)->base_name)) return tp__pending();
    return tp__made(tp__out_made(call, x));
}

/* ---- view, reshape -------------------------------------------------------------------------------------------------------------- */

typedef struct shape_attr { tp__ints shape; } shape_attr;

/* Fills in -1. */
static tp_status resolve(tp__call *call, const tp_tensor *x, tp__ints *shape)
{
    int64_t known = 1, steps = 1;                      /* steps: what the strides grow to, sizes of 0 left out */
    int open = -1;
    for (int i = 0; i < shape->n; i++) {
        if (shape->v[i] == -1 && open < 0) open = i;
        else if (shape->v[i] < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no shape", tp__dims_text((int)shape->n, shape->v));
        else if (__builtin_mul_overflow(known, shape->v[i], &known) || __builtin_mul_overflow(steps, shape->v[i] > 1 ? shape->v[i] : 1, &steps))
            return tp__call_fail(call, TP_ERR_SHAPE, "%s is too large", tp__dims_text((int)shape->n, shape->v));
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
    if (!x->numel) {                                   /* as it is, or as if it were contiguous */
        const bool same = shape->n == x->ndim && !memcmp(shape->v, x->shape, sizeof *x->shape * x->ndim);
        const tp__geometry plain = tp__geometry_plain((int)shape->n, shape->v);
        memcpy(stride, same ? x->stride : plain.stride, sizeof *stride * (size_t)shape->n);
        return true;
    }
    int to = (int)shape->n - 1;
    int64_t run = 1, step = x->ndim ? x->stride[x->ndim - 1] : 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        run *= x->shape[d];
        if (d && (x->shape[d - 1] == 1 || x->stride[d - 1] == run * step)) continue;      /* the next one goes on evenly */
        int64_t left = run;
        for (; to >= 0 && (left > 1 || shape->v[to] == 1); to--) {
            if (left % shape->v[to]) return false;
            stride[to] = step * (run / left);
            left /= shape->v[to];
        }
        if (left > 1) return false;
        if (d) step = x->stride[d - 1];
        run = 1;
    }
    for (; to >= 0; to--) stride[to] = 1;              /* x is 0-dim */
    return true;
}

static tp_status view_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *shape = &((shape_attr *)(uintptr_t)call->attr)->shape;
    const tp_status status = resolve(call, x, shape);
    int64_t stride[TP_MAX_DIMS];
    if (status) return status;
    if (!view_strides(x, shape, stride))
        return tp__call_fail(call, TP_ERR_SHAPE, "the strides of %s allow no view as %s: use reshape", tp__shape_text(x),
                             tp__dims_text((int)shape->n, shape->v));
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, (int)shape->n, shape->v, stride, tp__offset_of(x)));
}

static const tp_op op_view;
static tp_status give_view(tp__call *call, tp_tensor *x, shape_attr attr)
{
    return tp__made(tp__out_made(call, x ? tp__run1(&op_view, &x, 1, &attr, NULL) : NULL));
}

static tp_status give_reshaped(tp__call *call, tp_tensor *x, shape_attr attr)        /* a view, of a copy where it must be */
{
    int64_t stride[TP_MAX_DIMS];
    const tp_status status = resolve(call, x, &attr.shape);
    if (status) return status;
    return give_view(call, view_strides(x, &attr.shape, stride) ? x : tp_contiguous(x), attr);
}

static tp_status reshape_compose(tp__call *call) { return give_reshaped(call, call->in[0], *(const shape_attr *)call->attr); }
static shape_attr shape_of(const tp_tensor *x) { return (shape_attr){ tp__ints_of(x->shape, x->ndim) }; }
static tp_status view_as_compose(tp__call *call) { return give_view(call, call->in[0], shape_of(call->in[1])); }
static tp_status reshape_as_compose(tp__call *call) { return give_reshaped(call, call->in[0], shape_of(call->in[1])); }
static tp_status ravel_compose(tp__call *call)
{
    return give_view(call, tp_contiguous(call->in[0]), (shape_attr){ { 1, { -1 } } });
}

static void reshape_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 6, 4));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 6), -2, 2)), TP__INTS_ARG(3, 3, -1, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1), -2, 2)), { .kind = TP_ARG_INTS });
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INTS_ARG(2, 0, 3));
}
static void as_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4, 6), 3)));
}
static void ravel_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
}

static const tp_op op_view = { .schema = "view(Tensor input, int[] size) -> Tensor", .flags = TP__VIEW, .shape = view_shape,
    .backward = tp__to_shape, .attr_size = sizeof(shape_attr), .samples = reshape_samples, .state = TP__STATE };
static const tp_op op_reshape = { .schema = "reshape(Tensor input, int[] shape) -> Tensor", .compose = reshape_compose,
    .attr_size = sizeof(shape_attr), .samples = reshape_samples, .state = TP__STATE };
static const tp_op op_view_as = { .schema = "view_as(Tensor input, Tensor other) -> Tensor", .compose = view_as_compose,
    .samples = as_samples, .state = TP__STATE };
static const tp_op op_reshape_as = { .schema = "reshape_as(Tensor input, Tensor other) -> Tensor", .compose = reshape_as_compose,
    .samples = as_samples, .state = TP__STATE };
static const tp_op op_ravel = { .schema = "ravel(Tensor input) -> Tensor", .compose = ravel_compose, .samples = ravel_samples, .state = TP__STATE };

static const tp_op op_view_copy = TP__COPY_FORM("view_copy(Tensor input, int[] size) -> Tensor", op_reshape, sizeof(shape_attr), reshape_samples);

/* ---- flatten, unflatten ----------------------------------------------------------------------------------------------------------- */

typedef struct flatten_attr { int64_t start_dim, end_dim; } flatten_attr;
static tp_status flatten_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const flatten_attr *a = call->attr;
    int from, to;
    if (tp__take_dim(call, a->start_dim, x, &from) || tp__take_dim(call, a->end_dim, x, &to)) return tp__pending();
    if (from > to) return tp__call_fail(call, TP_ERR_SHAPE, "start_dim %lld comes after end_dim %lld", (long long)a->start_dim, (long long)a->end_dim);
    if (from == to && x->ndim) return tp__made(tp__out_made(call, x));
    shape_attr attr = { { x->ndim ? 0 : 1, { 1 } } };
    for (int d = 0; d < x->ndim; d++) {
        if (d > from && d <= to) attr.shape.v[attr.shape.n - 1] *= x->shape[d];
        else attr.shape.v[attr.shape.n++] = x->shape[d];
    }
    return give_reshaped(call, x, attr);
}
static void flatten_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(1), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
}
static const tp_op op_flatten = { .schema = "flatten(Tensor input, int start_dim=0, int end_dim=-1) -> Tensor", .compose = flatten_compose,
    .attr_size = sizeof(flatten_attr), .samples = flatten_samples, .state = TP__STATE };

typedef struct unflatten_attr { int64_t dim; tp__ints sizes; } unflatten_attr;
static tp_status unflatten_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const unflatten_attr *a = call->attr;
    int dim, open = -1;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to cut up");
    if (tp__take_dim(call, a->dim, x, &dim)) return tp__pending();
    if (!a->sizes.n) return tp__call_fail(call, TP_ERR_SHAPE, "sizes is empty");
    if (x->ndim - 1 + a->sizes.n > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld sizes for dim %d of %s make more than %d dims",
                             (long long)a->sizes.n, dim, tp__shape_text(x), TP_MAX_DIMS);
    shape_attr attr = { { 0 } };
    int64_t known = 1;
    for (int d = 0; d < dim; d++) attr.shape.v[attr.shape.n++] = x->shape[d];
    for (int i = 0; i < a->sizes.n; i++) {
        const int64_t size = a->sizes.v[i];
        if (size == -1 && open < 0) open = (int)attr.shape.n;
        else if (size < 0 || __builtin_mul_overflow(known, size, &known)) known = -1;
        attr.shape.v[attr.shape.n++] = size;
        if (known < 0) break;
    }
    if (open >= 0 && known > 0) attr.shape.v[open] = x->shape[dim] / known;
    if (known < 0 || (open < 0 ? known != x->shape[dim] : !known || x->shape[dim] % known))
        return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s cannot become %s", dim, tp__shape_text(x), tp__dims_text((int)a->sizes.n, a->sizes.v));
    for (int d = dim + 1; d < x->ndim; d++) attr.shape.v[attr.shape.n++] = x->shape[d];
    return give_view(call, x, attr);
}
static void unflatten_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 6), -2, 2)), TP__INT_ARG(-1), TP__INTS_ARG(2, 3, -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INT_ARG(0), TP__INTS_ARG(3, 2, 1, 2));
}
static const tp_op op_unflatten = { .schema = "unflatten(Tensor input, int dim, int[] sizes) -> Tensor", .compose = unflatten_compose,
    .attr_size = sizeof(unflatten_attr), .samples = unflatten_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_view(tp_tensor *x, tp_shape shape)
{
    if (!x || !tp__shape_is_good("view", &shape)) return NULL;
    return tp__run1(&op_view, &x, 1, &(shape_attr){ tp__ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}

tp_tensor *tp_reshape(tp_tensor *x, tp_shape shape)
{
    if (!x || !tp__shape_is_good("reshape", &shape)) return NULL;
    return tp__run1(&op_reshape, &x, 1, &(shape_attr){ tp__ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}

tp_tensor *tp_flatten(tp_tensor *x, int start_dim, int end_dim)
{
    return tp__run1(&op_flatten, &x, 1, &(flatten_attr){ start_dim, end_dim }, TP__CALLER);
}

tp_tensor *tp_unflatten(tp_tensor *x, int dim, tp_shape sizes)
{
    if (!x || !tp__shape_is_good("unflatten", &sizes)) return NULL;
    return tp__run1(&op_unflatten, &x, 1, &(unflatten_attr){ dim, tp__ints_of(sizes.dim, sizes.ndim) }, TP__CALLER);
}

tp_tensor *tp_view_as(tp_tensor *x, tp_tensor *other) { return tp__run1(&op_view_as, (tp_tensor *[]){ x, other }, 2, NULL, TP__CALLER); }
tp_tensor *tp_reshape_as(tp_tensor *x, tp_tensor *other) { return tp__run1(&op_reshape_as, (tp_tensor *[]){ x, other }, 2, NULL, TP__CALLER); }
tp_tensor *tp_ravel(tp_tensor *x) { return tp__run1(&op_ravel, &x, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_view[] = { &op_view, &op_reshape, &op_view_as, &op_reshape_as, &op_ravel, &op_view_copy, &op_flatten, &op_unflatten,
    NULL };
