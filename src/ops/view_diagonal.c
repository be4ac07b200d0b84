/* view_diagonal.c: diagonals of matrices, which are two of the dims.
 *
 *   diagonal           the elements [.., i, .., i + offset, ..] as a last dim, a view     dx = zeros with dy on the diagonal
 *   diag_embed         zeros with x's last dim on the diagonal of two new dims            dx = diagonal(dy)
 *   diagonal_scatter   a copy of x with another diagonal
 *   diag               diag_embed of one dim, a copy of the diagonal of two */
#include "ops/samples.h"
#include "ops/view.h"

typedef struct diagonal_attr { int64_t offset, dim1, dim2; } diagonal_attr;
static const diagonal_attr first_two = { 0, 0, 1 };

/* ---- diagonal ----------------------------------------------------------------------------------------------------------------- */

/* Two dims of ndim that differ, wrapped. */
static tp_status take_dims(tp__call *call, diagonal_attr *a, int ndim)
{
    const tp_tensor *x = call->in[0];
    int dim1, dim2;
    if (tp__take_dim_of(call, a->dim1, ndim, x, &dim1) || tp__take_dim_of(call, a->dim2, ndim, x, &dim2)) return tp__pending();
    if (dim1 == dim2) return tp__call_fail(call, TP_ERR_SHAPE, "dim1 and dim2 are both %d", dim1);
    a->dim1 = dim1;
    a->dim2 = dim2;
    return TP_OK;
}

/* Of a tensor whose dims are in range. */
static tp__geometry diagonal_of(const tp__geometry *g, const diagonal_attr *a)
{
    const int64_t rows = g->shape[a->dim1], columns = g->shape[a->dim2];
    const int64_t below = a->offset < -rows ? rows : a->offset < 0 ? -a->offset : 0, right = a->offset > columns ? columns : a->offset > 0 ? a->offset : 0;
    const int64_t size = rows - below < columns - right ? rows - below : columns - right;
    tp__geometry y = { .offset = g->offset };
    if (size) y.offset += below * g->stride[a->dim1] + right * g->stride[a->dim2];
    for (int d = 0; d < g->ndim; d++) {
        if (d == a->dim1 || d == a->dim2) continue;
        y.shape[y.ndim] = g->shape[d];
        y.stride[y.ndim++] = g->stride[d];
    }
    y.shape[y.ndim] = size;
    y.stride[y.ndim++] = g->stride[a->dim1] + g->stride[a->dim2];
    return y;
}

static tp_status diagonal_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    diagonal_attr *a = (diagonal_attr *)(uintptr_t)call->attr;
    if (take_dims(call, a, x->ndim)) return tp__pending();
    const tp__geometry whole = tp__geometry_of(x), g = diagonal_of(&whole, a);
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, x, &g));
}
static tp_status diagonal_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    const tp__geometry whole = tp__geometry_plain(kept->ndim, kept->shape), g = diagonal_of(&whole, tp__attr(node));
    (void)need;
    return tp__made(dx[0] = tp__region_sum(dy[0], &g, kept->ndim, kept->shape));
}
static void diagonal_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(-1), TP__INT_ARG(-1), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(5));
}
#define DIAGONAL_SCHEMA "(Tensor input, int offset=0, int dim1=0, int dim2=1) -> Tensor"
static const tp_op op_diagonal = { .schema = "diagonal" DIAGONAL_SCHEMA, .flags = TP__VIEW, .shape = diagonal_shape, .backward = diagonal_backward,
    .attr_size = sizeof(diagonal_attr), .samples = diagonal_samples, .state = TP__STATE };
static const tp_op op_diagonal_copy = TP__COPY_FORM("diagonal_copy" DIAGONAL_SCHEMA, op_diagonal, sizeof(diagonal_attr), diagonal_samples);

/* ---- diagonal_scatter ------------------------------------------------------------------------------------------------------------ */

static tp_status diagonal_scatter_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *src = call->in[1];
    diagonal_attr a = *(const diagonal_attr *)call->attr;
    if (take_dims(call, &a, x->ndim)) return tp__pending();
    const tp__geometry whole = tp__geometry_plain(x->ndim, x->shape), g = diagonal_of(&whole, &a);
    if (src->ndim != g.ndim || memcmp(src->shape, g.shape, sizeof *g.shape * (size_t)g.ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "src is %s, the diagonal that it replaces %s", tp__shape_text(src), tp__dims_text(g.ndim, g.shape));
    return tp__made(tp__out_made(call, tp__region_replace(x, src, &g)));
}
static void diagonal_scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)), TP__INT_ARG(2));
}
static const tp_op op_diagonal_scatter = { .schema = "diagonal_scatter(Tensor input, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
    .compose = diagonal_scatter_compose, .attr_size = sizeof(diagonal_attr), .samples = diagonal_scatter_samples, .state = TP__STATE };

/* ---- diag_embed -------------------------------------------------------------------------------------------------------------------- */

static tp_status diag_embed_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    diagonal_attr a = *(const diagonal_attr *)call->attr;
    int64_t shape[TP_MAX_DIMS];
    const int ndim = x->ndim + 1;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor is no diagonal");
    if (ndim > TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%s has as many dims as there can be", tp__shape_text(x));
    if (take_dims(call, &a, ndim)) return tp__pending();
    if (a.offset > INT32_MAX || a.offset < -INT32_MAX) return tp__call_fail(call, TP_ERR_SHAPE, "offset %lld is too large", (long long)a.offset);
    const int64_t side = x->shape[x->ndim - 1] + (a.offset < 0 ? -a.offset : a.offset);
    int64_t room = 1;
    bool fits = true;
    for (int d = 0, from = 0; d < ndim; d++) {
        shape[d] = d == a.dim1 || d == a.dim2 ? side : x->shape[from++];
        fits = fits && !__builtin_mul_overflow(room, shape[d] ? shape[d] : 1, &room);
    }
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s on a diagonal of %lld is too large", tp__shape_text(x), (long long)side);
    const tp__geometry whole = tp__geometry_plain(ndim, shape), g = diagonal_of(&whole, &a);
    return tp__made(tp__out_made(call, tp__region_sum(x, &g, ndim, shape)));
}
static void diag_embed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(-1), TP__INT_ARG(2), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0), -2, 2)), TP__INT_ARG(1));
}
static const tp_op op_diag_embed = { .schema = "diag_embed(Tensor input, int offset=0, int dim1=-2, int dim2=-1) -> Tensor", .compose = diag_embed_compose,
    .attr_size = sizeof(diagonal_attr), .samples = diag_embed_samples, .state = TP__STATE };

/* ---- diag ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status diag_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    diagonal_attr a = first_two;
    a.offset = *(const int64_t *)call->attr;
    if (x->ndim != 1 && x->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no vector and no matrix", tp__shape_text(x));
    return tp__made(tp__out_made(call, tp__run1(x->ndim == 1 ? &op_diag_embed : &op_diagonal_copy, &x, 1, &a, NULL)));
}
static void diag_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
}
static const tp_op op_diag = { .schema = "diag(Tensor input, int diagonal=0) -> Tensor", .compose = diag_compose, .attr_size = sizeof(int64_t),
    .samples = diag_samples, .state = TP__STATE };

/* ---- Public ---------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_diagonal_with(tp_tensor *x, const tp_diagonal_options *options)
{
    tp_diagonal_options o = TP__BRACES(diagonal, );
    if (tp_options_take("diagonal", &o, options, offsetof(tp_diagonal_options, tp__end))) return NULL;
    return tp__run1(&op_diagonal, &x, 1, &(diagonal_attr){ o.offset, o.dim1, o.dim2 }, TP__CALLER);
}

tp_tensor *tp_diag_embed_with(tp_tensor *x, const tp_diag_embed_options *options)
{
    tp_diag_embed_options o = TP__BRACES(diag_embed, );
    if (tp_options_take("diag_embed", &o, options, offsetof(tp_diag_embed_options, tp__end))) return NULL;
    return tp__run1(&op_diag_embed, &x, 1, &(diagonal_attr){ o.offset, o.dim1, o.dim2 }, TP__CALLER);
}

tp_tensor *tp_diag(tp_tensor *x, int64_t diagonal) { return tp__run1(&op_diag, &x, 1, &diagonal, TP__CALLER); }

tp_tensor *tp_diagonal_scatter_with(tp_tensor *x, tp_tensor *src, const tp_diagonal_options *options)
{
    tp_diagonal_options o = TP__BRACES(diagonal, );
    if (tp_options_take("diagonal_scatter", &o, options, offsetof(tp_diagonal_options, tp__end))) return NULL;
    return tp__run1(&op_diagonal_scatter, (tp_tensor *[]){ x, src }, 2, &(diagonal_attr){ o.offset, o.dim1, o.dim2 }, TP__CALLER);
}

const tp_op *const tp__ops_view_diagonal[] = { &op_diagonal, &op_diagonal_copy, &op_diagonal_scatter, &op_diag_embed, &op_diag, NULL };
