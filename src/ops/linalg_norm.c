/* linalg_norm.c: norms of matrices, and products along dims.
 *
 *   linalg_matrix_norm   "fro" the root of the sum of squares, "nuc", 2, -2 of the singular values, 1 and inf of column and row sums
 *   linalg_norm          of vectors without dims, or of one dim; of matrices by name, or by number of two dims
 *   linalg_cross         y = a x b of 3 elements           linalg_vecdot   y = sum conj(a) b
 *   linalg_multi_dot     a product of many, in the order that takes least (Cormen et al., 15.2)
 *   linalg_vander        y_ij = x_i^j                      linalg_tensorinv, linalg_tensorsolve   inv and solve of dims taken together */
#include "ops/linalg.h"
#include "ops/reduce_norm.h"

#include <math.h>

/* ---- Norms -------------------------------------------------------------------------------------------------------------------------- */

/* The greatest or least, along a dim that is kept or not. x is not below 0, and of nothing the greatest is 0, as PyTorch has it. */
static tp_tensor *extreme(tp_tensor *x, bool greatest, int dim, bool keepdim)
{
    if (x && greatest && !x->shape[dim < 0 ? dim + x->ndim : dim]) return tp_sum(x, .dims = TP_DIMS(dim), .keepdim = keepdim);
    return greatest ? tp_amax(x, .dims = TP_DIMS(dim), .keepdim = keepdim) : tp_amin(x, .dims = TP_DIMS(dim), .keepdim = keepdim);
}

/* Of dims a and b, which are in range and differ */
static tp_tensor *by_number(const tp__call *call, tp_tensor *x, double ord, int a, int b, bool keepdim)
{
    const double size = fabs(ord);
    if (size != 1 && size != 2 && !isinf(size)) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "there is no norm of matrices of the order %g", ord);
        return NULL;
    }
    if (size == 2) {
        tp_dims order = { .n = 0 };
        for (int d = 0; d < x->ndim; d++)
            if (d != a && d != b) order.dim[order.n++] = d;
        order.dim[order.n++] = a;
        order.dim[order.n++] = b;
        tp_tensor *y = extreme(tp_linalg_svdvals(tp_permute(x, order)), ord > 0, -1, false);
        if (!keepdim || !y) return y;
        y = tp_unsqueeze(y, a < b ? a : b);
        return tp_unsqueeze(y, a < b ? b : a);
    }
    if (size == 1) {                                   /* sums over rows, then columns: the other way round for inf */
        const int t = a;
        a = b;
        b = t;
    }
    if (!keepdim && a > b) a--;
    return extreme(tp_sum(tp_abs(x), .dims = TP_DIMS(b), .keepdim = keepdim), ord > 0, a, keepdim);
}

typedef struct norm_attr { const tp_arg *ord; tp__ints dim; bool keepdim; tp_dtype dtype; } norm_attr;

static tp_status matrix_norm(tp__call *call, const norm_attr *attr, tp_tensor *x)
{
    double ord = 2;
    const bool named = !attr->ord || attr->ord->kind == TP_ARG_NONE || attr->ord->kind == TP_ARG_STRING;
    const char *name = attr->ord && attr->ord->kind == TP_ARG_STRING ? attr->ord->value.string : "fro";
    if (tp__category(x->dtype) < 2) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (!named && !tp__norm_order(attr->ord, &ord)) return tp__call_fail(call, TP_ERR_ARGUMENT, "ord is a number, \"fro\" or \"nuc\"");
    if (named && strcmp(name, "fro") && strcmp(name, "nuc")) return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no norm \"%s\"", name);
    const int a = attr->dim.n == 2 && x->ndim >= 2 ? tp__dim(attr->dim.v[0], x->ndim) : -1,
              b = attr->dim.n == 2 && x->ndim >= 2 ? tp__dim(attr->dim.v[1], x->ndim) : -1;
    if (a < 0 || b < 0 || a == b)
        return tp__call_fail(call, TP_ERR_SHAPE, "the norm of a matrix is of two dims of %s, which %s are not", tp__shape_text(x),
                             tp__dims_text((int)attr->dim.n, attr->dim.v));
    if (attr->dtype && tp__category(attr->dtype) < 2) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name(attr->dtype));
    if (attr->dtype) x = tp_to_dtype(x, attr->dtype);
    const tp__ints dims = { 2, { a, b } };
    if (named && !strcmp(name, "fro")) return tp__give_out(call, tp__vector_norm(x, 2, &dims, attr->keepdim, TP_DTYPE_DEFAULT));
    if (named) return tp__give_out(call, tp__nuclear_norm(x, &dims, attr->keepdim, TP_DTYPE_DEFAULT));
    return x ? tp__give_out(call, by_number(call, x, ord, a, b, attr->keepdim)) : tp__pending();
}
static tp_status matrix_norm_compose(tp__call *call)
{
    norm_attr attr = *(const norm_attr *)call->attr;
    if (!attr.dim.n) attr.dim = (tp__ints){ 2, { -2, -1 } };
    return matrix_norm(call, &attr, call->in[0]);
}

static tp_status norm_compose(tp__call *call)
{
    norm_attr attr = *(const norm_attr *)call->attr;
    tp_tensor *x = call->in[0];
    double ord = 2;
    const bool given = attr.ord && attr.ord->kind != TP_ARG_NONE, number = given && tp__norm_order(attr.ord, &ord);
    if (given && attr.dim.n == 0 && (x->ndim > 2 || !x->ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "with an order and no dims %s must have 1 or 2 dims", tp__shape_text(x));
    if (given && (attr.dim.n == 2 || (!attr.dim.n && (x->ndim == 2 || !number)))) {
        if (!attr.dim.n) attr.dim = (tp__ints){ 2, { 0, 1 } };
        return matrix_norm(call, &attr, x);
    }
    if (given && !number) return tp__call_fail(call, TP_ERR_ARGUMENT, "a norm by name is of two dims");
    if (!given && !attr.dim.n && x->ndim != 1) {       /* of all elements */
        tp_tensor *y = tp__vector_norm(tp_reshape(x, TP_SHAPE(-1)), 2, &attr.dim, false, attr.dtype);
        tp_shape kept = { .ndim = attr.keepdim ? x->ndim : 0 };
        for (int d = 0; d < kept.ndim; d++) kept.dim[d] = 1;
        return tp__give_out(call, tp_reshape(y, kept));
    }
    return tp__give_out(call, tp__vector_norm(x, ord, &attr.dim, attr.keepdim, attr.dtype));
}

/* ---- cross, vecdot, diagonal -------------------------------------------------------------------------------------------------------------- */

static tp_status cross(tp__call *call, int64_t along, bool find)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (a->ndim != b->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s differ in their number of dims", tp__shape_text(a), tp__shape_text(b));
    int dim = a->ndim ? tp__dim(along, a->ndim) : -1;
    for (int d = a->ndim - 1; d >= 0 && find; d--)
        if (a->shape[d] == 3) dim = d;                 /* the first of 3 */
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)along, tp__shape_text(a));
    if (a->shape[dim] != 3 || b->shape[dim] != 3)
        return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s and %s has to have 3 elements", dim, tp__shape_text(a), tp__shape_text(b));
    tp_shape shape = { .ndim = 0 };                    /* of both, so that the gradient of what is broadcast is summed once */
    if (!tp__broadcast_shape(call, 2, &shape.ndim, shape.dim)) return tp__pending();
    tp_tensor *p[3], *q[3], *y[3];
    if (!tp__same_shape(a, b)) a = tp_expand(a, shape), b = tp_expand(b, shape);
    for (int i = 0; i < 3; i++) {
        p[i] = tp_narrow(a, dim, i, 1);
        q[i] = tp_narrow(b, dim, i, 1);
    }
    for (int i = 0; i < 3; i++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        y[i] = tp_sub(tp_mul(p[j], q[k]), tp_mul(p[k], q[j]));
    }
    return tp__give_out(call, tp_cat(TP_TENSORS(y[0], y[1], y[2]), dim));
}
static tp_status linalg_cross_compose(tp__call *call) { return cross(call, *(const int64_t *)call->attr, false); }
static tp_status cross_compose(tp__call *call)
{
    const int64_t dim = *(const int64_t *)call->attr;
    return cross(call, dim == TP_NONE ? -1 : dim, dim == TP_NONE);
}

static tp_status vecdot_compose(tp__call *call)
{
    tp_tensor *y = tp_mul(tp__conj(call->in[0]), call->in[1]);
    const int64_t dim = *(const int64_t *)call->attr;
    if (!y) return tp__pending();
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (a->dtype != b->dtype) return tp__call_fail(call, TP_ERR_DTYPE, "x is %s, y %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    const int at = y->ndim ? tp__dim(dim, y->ndim) : -1;
    if (at < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)dim, tp__shape_text(y));
    if (a->dtype == TP_F16 || a->dtype == TP_BF16)     /* rounded once */
        return tp__give_out(call, tp_to_dtype(tp_sum(tp_mul(tp_to_dtype(call->in[0], TP_F32), tp_to_dtype(call->in[1], TP_F32)), .dims = TP_DIMS(at)),
                                              (tp_dtype)a->dtype));
    return tp__give_out(call, tp_sum(y, .dims = TP_DIMS(at), .dtype = (tp_dtype)y->dtype));
}

typedef struct diagonal_attr { int64_t offset, dim1, dim2; } diagonal_attr;
static tp_status diagonal_compose(tp__call *call)
{
    const diagonal_attr *attr = call->attr;
    const int n = call->in[0]->ndim, a = n ? tp__dim(attr->dim1, n) : -1, b = n ? tp__dim(attr->dim2, n) : -1;
    if (a < 0 || b < 0 || a == b) return tp__call_fail(call, TP_ERR_SHAPE, "dims %lld and %lld are not two of %s", (long long)attr->dim1,
                                                       (long long)attr->dim2, tp__shape_text(call->in[0]));
    return tp__give_out(call, tp_diagonal(call->in[0], .offset = attr->offset, .dim1 = a, .dim2 = b));
}

/* ---- multi_dot ------------------------------------------------------------------------------------------------------------------------------- */

/* Where to split first .. last: the products on both sides, and then one of theirs, cost least. cost and split are n x n */
static void plan(tp_tensor *const *x, int n, double *cost, int *split)
{
    for (int i = 0; i < n; i++) cost[i * n + i] = 0;
    for (int span = 1; span < n; span++)
        for (int i = 0; i + span < n; i++) {
            const int j = i + span;
            cost[i * n + j] = HUGE_VAL;
            for (int k = i; k < j; k++) {
                const double c = cost[i * n + k] + cost[(k + 1) * n + j] + (double)x[i]->shape[0] * (double)x[k]->shape[1] * (double)x[j]->shape[1];
                if (c < cost[i * n + j]) cost[i * n + j] = c, split[i * n + j] = k;
            }
        }
}
static tp_tensor *product(tp_tensor *const *x, int n, const int *split, int i, int j)
{
    if (i == j) return x[i];
    const int k = split[i * n + j];
    tp_tensor *a = product(x, n, split, i, k);
    return tp_matmul(a, product(x, n, split, k + 1, j));
}
static tp_status multi_dot(tp__call *call, int least)
{
    enum { MOST = 512 };
    const int n = call->n_in;
    if (n < least || n > MOST) return tp__call_fail(call, TP_ERR_ARGUMENT, "takes from %d to %d matrices, not %d", least, MOST, n);
    const size_t each = (size_t)n * sizeof(tp_tensor *), table = (size_t)(n * n), bytes = each + table * (sizeof(double) + sizeof(int));
    tp_tensor **x = tp_mem_alloc(bytes);
    if (!x) return tp__pending();
    double *cost = (double *)(void *)(x + n);
    int *split = (int *)(void *)(cost + table);
    const bool row = call->in[0]->ndim == 1, column = n > 1 && call->in[n - 1]->ndim == 1;
    bool good = true;
    for (int i = 0; i < n && good; i++) {
        x[i] = i == 0 && row ? tp_unsqueeze(call->in[i], 0) : i == n - 1 && column ? tp_unsqueeze(call->in[i], 1) : call->in[i];
        if (!(good = x[i])) break;
        if (x[i]->ndim == 2 && (!i || x[i - 1]->shape[1] == x[i]->shape[0]) && x[i]->dtype == x[0]->dtype) continue;
        tp__call_fail(call, TP_ERR_SHAPE, "tensor %d, %s (%s), does not fit", i, tp__shape_text(call->in[i]), tp_dtype_name((tp_dtype)x[i]->dtype));
        good = false;
    }
    tp_tensor *y = NULL;
    if (good) {
        plan(x, n, cost, split);
        y = product(x, n, split, 0, n - 1);
        if (y && n == 1) y = tp_clone(y);
        if (column) y = tp_select(y, 1, 0);
        if (row) y = tp_select(y, 0, 0);
    }
    tp_mem_free(x, bytes);
    return tp__give_out(call, y);
}
static tp_status multi_dot_compose(tp__call *call) { return multi_dot(call, 2); }
static tp_status chain_compose(tp__call *call) { return multi_dot(call, 1); }

/* ---- vander, tensorinv, tensorsolve ------------------------------------------------------------------------------------------------------------ */

static tp_status vander_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const int64_t given = *(const int64_t *)call->attr;
    if (x->ndim == TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%s has as many dims as there can be", tp__shape_text(x));
    if (!x->ndim && given == TP_NONE) return tp__call_fail(call, TP_ERR_SHAPE, "of a number N has to be given");
    const int64_t n = given == TP_NONE ? x->shape[x->ndim - 1] : given;
    if (n < 2 && given != TP_NONE) return tp__call_fail(call, TP_ERR_ARGUMENT, "N is %lld, and must be above 1", (long long)given);
    if (x->dtype == TP_BOOL) x = tp_to_dtype(x, TP_I64);
    if (x && !x->ndim) x = tp_unsqueeze(x, 0);
    if (!x) return tp__pending();
    tp_shape shape = tp_shape_of(x);
    shape.dim[shape.ndim++] = n > 0 ? n - 1 : 0;
    tp_tensor *powers = tp_cumprod(tp_expand(tp_unsqueeze(x, -1), shape), -1);
    if (n < 1) return tp__give_out(call, powers);
    shape.dim[shape.ndim - 1] = 1;
    return tp__give_out(call, tp_cat(TP_TENSORS(tp_ones(shape, .dtype = tp_dtype_of(powers), .device = x->device), powers), -1));
}

static int64_t numel_of(const tp_tensor *x, int from, int to)
{
    int64_t n = 1;
    for (int d = from; d < to; d++) n *= x->shape[d];
    return n;
}
static tp_status tensorinv_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const int64_t ind = *(const int64_t *)call->attr;
    if (ind < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "ind is %lld, and must be above 0", (long long)ind);
    const int at = ind < x->ndim ? (int)ind : x->ndim;
    const int64_t rows = numel_of(x, 0, at), columns = numel_of(x, at, x->ndim);
    if (rows != columns) return tp__call_fail(call, TP_ERR_SHAPE, "the first %d dims of %s have %lld elements, the others %lld", at, tp__shape_text(x),
                                              (long long)rows, (long long)columns);
    tp_shape shape = { .ndim = 0 };
    for (int d = at; d < x->ndim; d++) shape.dim[shape.ndim++] = x->shape[d];
    for (int d = 0; d < at; d++) shape.dim[shape.ndim++] = x->shape[d];
    return tp__give_out(call, tp_reshape(tp_linalg_inv(tp_reshape(x, TP_SHAPE(rows, rows))), shape));
}

static tp_status tensorsolve_compose(tp__call *call)
{
    const tp__ints *moved = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    tp_dims order = { .n = 0 };
    unsigned seen = 0;
    for (int i = 0; i < moved->n; i++) {
        const int d = a->ndim ? tp__dim(moved->v[i], a->ndim) : -1;
        if (d < 0 || seen & 1u << d)
            return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s, or given twice", (long long)moved->v[i], tp__shape_text(a));
        seen |= 1u << d;
    }
    for (int d = 0; d < a->ndim; d++)
        if (!(seen & 1u << d)) order.dim[order.n++] = d;
    for (int i = 0; i < moved->n; i++) order.dim[order.n++] = tp__dim(moved->v[i], a->ndim);
    if (moved->n && !(a = tp_permute(a, order))) return tp__pending();
    if (b->ndim > a->ndim || numel_of(a, b->ndim, a->ndim) != b->numel || a->numel != b->numel * b->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit", tp__shape_text(call->in[0]), tp__shape_text(b));
    tp_shape shape = { .ndim = 0 };
    for (int d = b->ndim; d < a->ndim; d++) shape.dim[shape.ndim++] = a->shape[d];
    return tp__give_out(call, tp_reshape(tp_linalg_solve(tp_reshape(a, TP_SHAPE(b->numel, b->numel)), tp_reshape(b, TP_SHAPE(b->numel))), shape));
}

/* ---- Samples, descriptors ---------------------------------------------------------------------------------------------------------------------------- */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void norm_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 4));
    TP__GIVE(set, M(2, 3, 4), TP__INT_ARG(1), TP__INTS_ARG(2, -1, 0), TP__BOOL_ARG(true));
    TP__GIVE(set, M(3, 4), TP__FLOAT_ARG(-HUGE_VAL), TP__INTS_ARG(2, 0, 1));
    TP__GIVE(set, M(3, 3), TP__STRING_ARG("nuc"), TP__INTS_ARG(2, 0, 1));
    TP__GIVE(set, M(3, 3), TP__INT_ARG(2), TP__INTS_ARG(2, 0, 1), TP__BOOL_ARG(true));
}
static void any_norm_samples(tp_sample_set *set)
{
    norm_samples(set);
    TP__GIVE(set, M(3, 4), TP__INT_ARG(3), TP__INT_ARG(1));
    TP__GIVE(set, X(4), TP__INT_ARG(2));
}
static void cross_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(2, 3));
    TP__GIVE(set, X(3, 1), X(3, 4), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0));
}
static void vecdot_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(3));
    TP__GIVE(set, X(2, 3), X(2, 3), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0));
}
static void diagonal_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3, 4));
    TP__GIVE(set, X(2, 3, 4), TP__NAMED("offset", .kind = TP_ARG_INT, .value.integer = 1), TP__NAMED("dim1", .kind = TP_ARG_INT, .value.integer = 0));
}
static void multi_dot_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(2, 5), -1, 1),
                                tp__sample_tensor(set, TP_SHAPE(5, 3), -1, 1),
                                tp__sample_tensor(set, TP_SHAPE(3, 4), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 3, .value.tensors = list });
}
static void vander_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(4));
    TP__GIVE(set, X(2, 3), TP__NAMED("N", .kind = TP_ARG_INT, .value.integer = 2));
}
static void tensorinv_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(4, 4), TP__INT_ARG(1));
}
static void tensorsolve_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(4, 4), X(4));
    TP__GIVE(set, M(3, 3), X(3), TP__INT_ARG(0));
}

static const tp_op op_matrix_norm = TP__COMPOSED("linalg_matrix_norm(Tensor input, any ord=none, int[]? dim=none, "
                                                 "bool keepdim=false, *, dtype dtype=none) -> Tensor",
                                                 matrix_norm_compose, sizeof(norm_attr), norm_samples);
static const tp_op op_norm = TP__COMPOSED("linalg_norm(Tensor input, any ord=none, int[]? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor",
    norm_compose, sizeof(norm_attr), any_norm_samples);
static const tp_op op_linalg_cross = TP__COMPOSED("linalg_cross(Tensor input, Tensor other, *, int dim=-1) -> Tensor",
    linalg_cross_compose, sizeof(int64_t), cross_samples);
static const tp_op op_cross = TP__COMPOSED("cross(Tensor input, Tensor other, int? dim=none) -> Tensor", cross_compose, sizeof(int64_t), cross_samples);
static const tp_op op_vecdot = TP__COMPOSED("linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor", vecdot_compose, sizeof(int64_t), vecdot_samples);
static const tp_op op_diagonal = TP__COMPOSED("linalg_diagonal(Tensor A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
    diagonal_compose, sizeof(diagonal_attr), diagonal_samples);
static const tp_op op_multi_dot = TP__COMPOSED("linalg_multi_dot(Tensor[] tensors) -> Tensor", multi_dot_compose, 0, multi_dot_samples);
static const tp_op op_chain = TP__COMPOSED("chain_matmul(Tensor[] matrices) -> Tensor", chain_compose, 0, multi_dot_samples);
static const tp_op op_vander = TP__COMPOSED("linalg_vander(Tensor x, *, int? N=none) -> Tensor", vander_compose, sizeof(int64_t), vander_samples);
static const tp_op op_tensorinv = TP__COMPOSED("linalg_tensorinv(Tensor input, int ind=2) -> Tensor", tensorinv_compose, sizeof(int64_t), tensorinv_samples);
static const tp_op op_tensorsolve = TP__COMPOSED("linalg_tensorsolve(Tensor input, Tensor other, int[]? dims=none) -> Tensor",
    tensorsolve_compose, sizeof(tp__ints), tensorsolve_samples);

/* ---- Public ---------------------------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *norm_of(tp_tensor *a, tp_arg ord, const void *caller)
{
    return tp__run1(&op_matrix_norm, &a, 1, &(norm_attr){ &ord, { 2, { -2, -1 } }, false, TP_DTYPE_DEFAULT }, caller);
}
tp_tensor *tp_linalg_matrix_norm(tp_tensor *a, const char *ord) { return norm_of(a, (tp_arg)TP__STRING_ARG(ord ? ord : "fro"), TP__CALLER); }
tp_tensor *tp_linalg_matrix_norm_of(tp_tensor *a, double ord) { return norm_of(a, (tp_arg)TP__FLOAT_ARG(ord), TP__CALLER); }
tp_tensor *tp_linalg_norm_with(tp_tensor *x, const tp_linalg_norm_options *options)
{
    tp_linalg_norm_options o = { TP__DEFAULT_linalg_norm .tp__end = 0 };
    norm_attr attr = { .ord = NULL };
    if (tp_options_take("linalg_norm", &o, options, offsetof(tp_linalg_norm_options, tp__end))
        || tp__reduce_take_dims("linalg_norm", &o.dims, &attr.dim))
        return NULL;
    const bool given = o.ord != (tp_linalg_norm_options){ TP__DEFAULT_linalg_norm .tp__end = 0 }.ord;
    if (o.name && given) return tp_fail(TP_ERR_ARGUMENT, "linalg_norm: it is of the order %g, or \"%s\", and not both", o.ord, o.name), NULL;
    const tp_arg by_name = TP__STRING_ARG(o.name), by_number = TP__FLOAT_ARG(o.ord);
    attr.ord = o.name ? &by_name : given ? &by_number : NULL;
    attr.keepdim = o.keepdim;
    attr.dtype = o.dtype;
    return tp__run1(&op_norm, &x, 1, &attr, TP__CALLER);
}
tp_tensor *tp_linalg_cross(tp_tensor *a, tp_tensor *b, int dim)
{
    return tp__run1(&op_linalg_cross, (tp_tensor *[]){ a, b }, 2, &(int64_t){ dim }, TP__CALLER);
}
tp_tensor *tp_linalg_vecdot(tp_tensor *a, tp_tensor *b, int dim) { return tp__run1(&op_vecdot, (tp_tensor *[]){ a, b }, 2, &(int64_t){ dim }, TP__CALLER); }
tp_tensor *tp_linalg_multi_dot(tp_tensor_list tensors) 
{
    return tp__run_list(&op_multi_dot, &tensors, NULL, TP__CALLER);
}

tp_tensor *tp_linalg_tensorinv(tp_tensor *x, int ind) { return tp__run1(&op_tensorinv, &x, 1, &(int64_t){ ind }, TP__CALLER); }
tp_tensor *tp_linalg_tensorsolve(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_tensorsolve, (tp_tensor *[]){ a, b }, 2, &(tp__ints){ 0 }, TP__CALLER); }

const tp_op *const tp__ops_linalg_norm[] = {
    &op_matrix_norm, &op_norm, &op_linalg_cross, &op_cross, &op_vecdot, &op_diagonal, &op_multi_dot, &op_chain,
    &op_vander, &op_tensorinv, &op_tensorsolve, NULL,
};
