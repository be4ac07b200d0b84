/* view_order.c: the dims in another order. The gradient's go back into theirs.
 *
 *   transpose, swapaxes, swapdims      dx = transpose(dy, dim0, dim1)
 *   permute, movedim, moveaxis         dx = permute(dy, inverse)
 *   t, T, mT, H, mH, adjoint           transposes and permutes by other names */
#include "ops/view.h"
#include "ops/samples.h"

/* ---- transpose ---------------------------------------------------------------------------------------------------------------- */

typedef struct transpose_attr { int64_t dim0, dim1; } transpose_attr;
static tp_status transpose_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const transpose_attr *a = call->attr;
    int d0, d1;
    if (tp__take_dim(call, a->dim0, x, &d0) || tp__take_dim(call, a->dim1, x, &d1)) return tp__pending();
    tp__geometry g = tp__geometry_of(x);
    if (x->ndim) {
        g.shape[d0] = x->shape[d1], g.shape[d1] = x->shape[d0];
        g.stride[d0] = x->stride[d1], g.stride[d1] = x->stride[d0];
    }
    return tp__made(tp__out_geometry(call, x, &g));
}

static const tp_op op_transpose;
static tp_tensor *transpose(tp_tensor *x, int64_t dim0, int64_t dim1)
{
    return tp__run1(&op_transpose, &x, 1, &(transpose_attr){ dim0, dim1 }, NULL);
}
static tp_status transpose_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const transpose_attr *a = tp__attr(node);
    (void)need;
    return tp__made(dx[0] = transpose(dy[0], a->dim0, a->dim1));
}
static void transpose_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0), TP__INT_ARG(-1));
}
#define TRANSPOSE(text) { .schema = text, .flags = TP__VIEW, .shape = transpose_shape, .backward = transpose_backward, \
    .attr_size = sizeof(transpose_attr), .samples = transpose_samples, .state = TP__STATE }
static const tp_op op_transpose = TRANSPOSE("transpose(Tensor input, int dim0, int dim1) -> Tensor");
static const tp_op op_swapdims = TRANSPOSE("swapdims(Tensor input, int dim0, int dim1) -> Tensor");
static const tp_op op_swapaxes = TRANSPOSE("swapaxes(Tensor input, int axis0, int axis1) -> Tensor");

#define SWAP_FORM(text) TP__RELAY_FORM(text, op_transpose, sizeof(transpose_attr), transpose_samples)
static const tp_op op_transpose_ = SWAP_FORM("transpose_(Tensor! input, int dim0, int dim1) -> Tensor");
static const tp_op op_swapdims_ = SWAP_FORM("swapdims_(Tensor! input, int dim0, int dim1) -> Tensor");
static const tp_op op_swapaxes_ = SWAP_FORM("swapaxes_(Tensor! input, int axis0, int axis1) -> Tensor");
static const tp_op op_transpose_copy = TP__COPY_FORM("transpose_copy(Tensor input, int dim0, int dim1) -> Tensor", op_transpose, sizeof(transpose_attr),
    transpose_samples);

/* ---- permute, movedim --------------------------------------------------------------------------------------------------------------- */

typedef struct permute_attr { tp__ints dims; } permute_attr;
static tp_status permute_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *dims = &((permute_attr *)(uintptr_t)call->attr)->dims;
    tp__geometry g = { .ndim = x->ndim, .offset = tp__offset_of(x) };
    unsigned seen = 0;
    if (dims->n != x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%lld dims are given for %s", (long long)dims->n, tp__shape_text(x));
    for (int i = 0; i < x->ndim; i++) {
        int d;
        if (tp__take_dim(call, dims->v[i], x, &d)) return tp__pending();
        if (seen & 1u << d) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d);
        seen |= 1u << d;
        dims->v[i] = d;
        g.shape[i] = x->shape[d];
        g.stride[i] = x->stride[d];
    }
    return tp__made(tp__out_geometry(call, x, &g));
}

static const tp_op op_permute;
static tp_tensor *permute(tp_tensor *x, const tp__ints *dims) { return tp__run1(&op_permute, &x, 1, &(permute_attr){ *dims }, NULL); }
static tp_status permute_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__ints *dims = &((const permute_attr *)tp__attr(node))->dims;
    tp__ints inverse = { .n = dims->n };
    (void)need;
    for (int i = 0; i < dims->n; i++) inverse.v[dims->v[i]] = i;
    return tp__made(dx[0] = permute(dy[0], &inverse));
}
static void permute_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(3, 2, 0, -2));
}
static const tp_op op_permute = { .schema = "permute(Tensor input, int[] dims) -> Tensor", .flags = TP__VIEW, .shape = permute_shape,
    .backward = permute_backward, .attr_size = sizeof(permute_attr), .samples = permute_samples, .state = TP__STATE };

static const tp_op op_permute_copy = TP__COPY_FORM("permute_copy(Tensor input, int[] dims) -> Tensor", op_permute, sizeof(permute_attr), permute_samples);

typedef struct movedim_attr { tp__ints source, destination; } movedim_attr;
static tp_status movedim_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const movedim_attr *a = call->attr;
    if (a->source.n != a->destination.n)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld dims cannot go to %lld places", (long long)a->source.n, (long long)a->destination.n);
    tp__ints order = { .n = x->ndim };
    unsigned moved = 0, taken = 0;
    for (int i = 0; i < a->source.n; i++) {
        int from, to;
        if (tp__take_dim(call, a->source.v[i], x, &from) || tp__take_dim(call, a->destination.v[i], x, &to)) return tp__pending();
        if (moved >> from & 1 || taken >> to & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", moved >> from & 1 ? from : to);
        moved |= 1u << from;
        taken |= 1u << to;
        order.v[to] = from;
    }
    for (int from = 0, to = 0; from < x->ndim; from++) {                 /* the others stay in their order */
        if (moved >> from & 1) continue;
        while (taken >> to & 1) to++;
        order.v[to++] = from;
    }
    return tp__made(tp__out_made(call, permute(x, &order)));
}
static void movedim_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(0), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 1, 2), TP__INTS_ARG(2, -1, 0));
}
#define MOVEDIM(text) { .schema = text, .compose = movedim_compose, .attr_size = sizeof(movedim_attr), .samples = movedim_samples, .state = TP__STATE }
static const tp_op op_movedim = MOVEDIM("movedim(Tensor input, int[] source, int[] destination) -> Tensor");
static const tp_op op_moveaxis = MOVEDIM("moveaxis(Tensor input, int[] source, int[] destination) -> Tensor");

/* ---- Without arguments ------------------------------------------------------------------------------------------------------------------ */

static tp_status t_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (x->ndim > 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at most 2 are possible", tp__shape_text(x), x->ndim);
    return tp__made(tp__out_made(call, transpose(x, 0, x->ndim < 2 ? 0 : 1)));
}
static tp_status reverse_compose(tp__call *call)
{
    tp__ints order = { .n = call->in[0]->ndim };
    for (int i = 0; i < order.n; i++) order.v[i] = order.n - 1 - i;
    return tp__made(tp__out_made(call, permute(call->in[0], &order)));
}
static tp_status matrix_compose(tp__call *call)        /* the transpose of each matrix */
{
    tp_tensor *x = call->in[0];
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no matrix, nor a batch of them", tp__shape_text(x));
    return tp__made(tp__out_made(call, transpose(x, -2, -1)));
}
/* With the conjugate of a complex one, which is a copy */
static tp_status conjugated(tp__call *call, tp_status status)
{
    if (status || !tp__is_complex(call->in[0]->dtype)) return status;
    return tp__made(call->out[0] = tp__conj(call->out[0]));
}
static tp_status adjoint_compose(tp__call *call) { return conjugated(call, matrix_compose(call)); }
static tp_status h_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (x->ndim != 2 && x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no matrix", tp__shape_text(x));
    return conjugated(call, t_compose(call));
}
static void matrix_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2))); }
static void batch_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2))); }

#define NAMED(name, how, give) static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", \
    .compose = how, .samples = give, .state = TP__STATE }
NAMED(t, t_compose, matrix_samples);
static const tp_op op_t_ = TP__RELAY_FORM("t_(Tensor! input) -> Tensor", op_t, 0, matrix_samples);
static const tp_op op_t_copy = TP__COPY_FORM("t_copy(Tensor input) -> Tensor", op_t, 0, matrix_samples);
NAMED(T, reverse_compose, batch_samples);
NAMED(H, h_compose, matrix_samples);
NAMED(mT, matrix_compose, batch_samples);
NAMED(mH, adjoint_compose, batch_samples);
NAMED(adjoint, adjoint_compose, batch_samples);

/* ---- Public --------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1) { return tp__run1(&op_transpose, &x, 1, &(transpose_attr){ dim0, dim1 }, TP__CALLER); }
tp_tensor *tp_t(tp_tensor *x) { return tp__run1(&op_t, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_permute(tp_tensor *x, tp_dims dims)
{
    permute_attr attr;
    return tp__take_dims("permute", &dims, &attr.dims) ? tp__run1(&op_permute, &x, 1, &attr, TP__CALLER) : NULL;
}

tp_tensor *tp_movedim(tp_tensor *x, tp_dims source, tp_dims destination)
{
    movedim_attr attr;
    if (!tp__take_dims("movedim", &source, &attr.source) || !tp__take_dims("movedim", &destination, &attr.destination)) return NULL;
    return tp__run1(&op_movedim, &x, 1, &attr, TP__CALLER);
}

const tp_op *const tp__ops_view_order[] = {
    &op_transpose, &op_swapdims, &op_swapaxes, &op_transpose_, &op_swapdims_, &op_swapaxes_, &op_transpose_copy, &op_t_, &op_t_copy,
    &op_permute_copy, &op_permute, &op_movedim, &op_moveaxis, &op_t, &op_T, &op_H, &op_mT, &op_mH, &op_adjoint, NULL,
};
