/* linalg_lu.c: matrices [.., m, n] as A = P L U, and systems by them. A' is the transpose.
 *
 *   linalg_lu     packed: U, and below its diagonal L      dA = P L^-T (tril(L' dL, -1) + triu(dU U')) U^-T
 *                 where it is not square, of its square part, and what stands beside it by triangular systems
 *
 * (Walter & Lehmann 2013, "Algorithmic differentiation of linear algebra functions".) Kernels compute in float64. */
#include "ops/linalg.h"

static const tp_op op_lu_packed, op_pivot_matrix;

/* A^-1 B, or B A^-1, of a triangle */
static tp_tensor *left(tp_tensor *a, tp_tensor *b, bool upper, bool unit) { return tp_linalg_solve_triangular(a, b, upper, .unitriangular = unit); }
static tp_tensor *right(tp_tensor *a, tp_tensor *b, bool upper) { return tp_linalg_solve_triangular(a, b, upper, .right = true); }

/* P of A = P L U, of pivots that are counted from 1 */
static tp_tensor *permutation(tp_tensor *pivots, int64_t rows, tp_dtype dtype)
{
    TP_NO_GRAD();
    return tp_to_dtype(tp__run1(&op_pivot_matrix, &pivots, 1, &rows, NULL), dtype);
}

/* ---- Shape rules and backward --------------------------------------------------------------------------------------------------------- */

static tp_status lu_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1];
    if (!tp__linalg_out(call, (tp_dtype)x->dtype, m, n) || !tp__linalg_out(call, TP_I32, m < n ? m : n, -1)) return tp__pending();
    return tp__made(tp__linalg_out(call, TP_I32, -1, -1));
}

typedef struct rows_attr { int64_t rows; } rows_attr;
static tp_status pivot_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t rows = ((const rows_attr *)call->attr)->rows;
    if (x->dtype != TP_I32 || !x->ndim)
        return tp__call_fail(call, TP_ERR_DTYPE, "pivots are int32 [.., k], not %s %s", tp_dtype_name((tp_dtype)x->dtype), tp__shape_text(x));
    int64_t shape[TP_MAX_DIMS];
    if (x->ndim == TP_MAX_DIMS || x->shape[x->ndim - 1] > rows)
        return tp__call_fail(call, TP_ERR_SHAPE, "pivots %s do not fit %lld rows", tp__shape_text(x), (long long)rows);
    memcpy(shape, x->shape, sizeof *shape * (size_t)x->ndim);
    shape[x->ndim - 1] = shape[x->ndim] = rows;
    return tp__made(tp__out(call, TP_I32, x->ndim + 1, shape));
}

static tp_status lu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *lu = tp__saved(node, 0), *pivots = tp__saved(node, 1);
    if (!lu || !pivots || !dy[0]) return lu && pivots ? TP_OK : tp__pending();
    const int64_t n = lu->shape[lu->ndim - 1];
    tp_tensor *upper = tp_triu(lu, 0), *lower = tp_add(tp_tril(lu, -1), tp_eye(n, TP_NONE, .dtype = (tp_dtype)lu->dtype, .device = lu->device));
    tp_tensor *middle = tp_add(tp_tril(tp_matmul(tp__flip(lower), tp_tril(dy[0], -1)), -1), tp_triu(tp_matmul(tp_triu(dy[0], 0), tp__flip(upper)), 0));
    middle = right(tp__flip(upper), left(tp__flip(lower), middle, true, true), false);
    return tp__made(dx[0] = tp_matmul(permutation(pivots, n, (tp_dtype)lu->dtype), middle));
}

/* ---- Factors, and systems by them -------------------------------------------------------------------------------------------------------- */

static bool factor(tp_tensor *x, bool pivots, tp_tensor **out) { return tp__run(&op_lu_packed, &x, 1, &pivots, out, 3, NULL) >= 0; }

bool tp__linalg_lu(tp_tensor *x, bool pivots, tp_tensor **out)
{
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], k = m < n ? m : n;
    if (m == n || !tp_needs_grad(x)) return factor(x, pivots, out);
    tp_tensor *plain[3];
    if (!factor(tp_detach(x), pivots, out)) return false;
    x = tp_matmul(tp__flip(permutation(out[1], m, tp_dtype_of(x))), x);
    if (!x || !factor(tp_narrow(tp_narrow(x, -2, 0, k), -1, 0, k), false, plain)) return false;
    if (m < n) out[0] = tp_cat(TP_TENSORS(plain[0], left(plain[0], tp_narrow(x, -1, k, n - k), false, true)), -1);
    else out[0] = tp_cat(TP_TENSORS(plain[0], right(plain[0], tp_narrow(x, -2, k, m - k), true)), -2);
    return out[0];
}

static tp_status give(tp__call *call, tp_tensor *const *y, int n)
{
    for (int i = 0; i < n; i++)
        if (!tp__out_made(call, y[i])) return tp__pending();
    return TP_OK;
}
/* Thin triangles of a packed LU */
static tp_tensor *lower_of(tp_tensor *packed)
{
    const int64_t m = packed->shape[packed->ndim - 2], n = packed->shape[packed->ndim - 1], k = m < n ? m : n;
    tp_tensor *one = tp_eye(m, k, .dtype = (tp_dtype)packed->dtype, .device = packed->device);
    return tp_add(tp_tril(tp_narrow(packed, -1, 0, k), -1), one);
}
static tp_tensor *upper_of(tp_tensor *packed)
{
    const int64_t m = packed->shape[packed->ndim - 2], n = packed->shape[packed->ndim - 1];
    return tp_triu(tp_narrow(packed, -2, 0, m < n ? m : n), 0);
}

static tp_status factor_compose(tp__call *call, int n_out, bool strict)
{
    tp_tensor *out[3];
    if (tp__linalg_matrix(call, call->in[0]) || !tp__linalg_lu(call->in[0], *(const bool *)call->attr, out)) return tp__pending();
    if (strict && out[2]->numel && tp_item(tp_max(out[2])) != 0)
        return tp__call_fail(call, TP_ERR_NUMERIC, "a pivot is zero: a matrix of %s is singular", tp__shape_text(call->in[0]));
    return give(call, out, n_out);
}
static tp_status lu_factor_compose(tp__call *call) { return factor_compose(call, 2, true); }
static tp_status lu_factor_ex_compose(tp__call *call) { return factor_compose(call, 3, ((const bool *)call->attr)[1]); }
static tp_status torch_lu_compose(tp__call *call) { return factor_compose(call, ((const bool *)call->attr)[1] ? 3 : 2, false); }
static tp_status lu_compose(tp__call *call)
{
    tp_tensor *out[3];
    tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x) || !tp__linalg_lu(x, *(const bool *)call->attr, out)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2];
    tp_tensor *const parts[] = { permutation(out[1], m, (tp_dtype)x->dtype), lower_of(out[0]), upper_of(out[0]) };
    return give(call, parts, 3);
}
/* Pivots are of the batch of the packed LU */
static tp_status check_pivots(const tp__call *call, const tp_tensor *packed, const tp_tensor *pivots)
{
    const int n = packed->ndim;
    bool fits = pivots->ndim == n - 1;
    for (int d = 0; d < n - 1 && fits; d++)
        fits = pivots->shape[d] == (d < n - 2 || packed->shape[n - 2] < packed->shape[n - 1] ? packed->shape[d] : packed->shape[n - 1]);
    return fits ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "pivots %s do not fit LU %s", tp__shape_text(pivots), tp__shape_text(packed));
}

static tp_status lu_unpack_compose(tp__call *call)
{
    const bool *attr = call->attr;                     /* unpack_data, unpack_pivots */
    tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x) || (attr[1] && check_pivots(call, x, call->in[1]))) return tp__pending();
    const tp_dtype dtype = (tp_dtype)x->dtype;
    tp_tensor *none = tp_zeros(TP_SHAPE(0), .dtype = dtype, .device = x->device);
    tp_tensor *const parts[] = { attr[1] ? permutation(call->in[1], x->shape[x->ndim - 2], dtype) : none, attr[0] ? lower_of(x) : none,
                                 attr[0] ? upper_of(x) : none };
    return give(call, parts, 3);
}

/* A X = B of the packed LU; adjoint: of A' */
static tp_tensor *lu_solve(const tp__call *call, tp_tensor *packed, tp_tensor *pivots, tp_tensor *b, bool adjoint)
{
    if (tp__linalg_square(call, packed) || check_pivots(call, packed, pivots)) return NULL;
    tp_tensor *p = permutation(pivots, packed->shape[packed->ndim - 1], (tp_dtype)packed->dtype);
    if (!adjoint) return left(packed, left(packed, tp_matmul(tp__flip(p), b), false, true), true, false);
    return tp_matmul(p, left(tp__flip(packed), left(tp__flip(packed), b, false, false), true, true));
}
static tp_status lu_solve_compose(tp__call *call)
{
    const bool *attr = call->attr;                     /* left, adjoint */
    tp_tensor *b = attr[0] ? call->in[2] : tp__flip(call->in[2]);
    if (!b) return tp__pending();
    tp_tensor *x = lu_solve(call, call->in[0], call->in[1], b, attr[1] == attr[0]);
    return tp__made(tp__out_made(call, attr[0] ? x : tp__flip(x)));
}
static tp_status torch_lu_solve_compose(tp__call *call)
{
    return tp__made(tp__out_made(call, lu_solve(call, call->in[1], call->in[2], call->in[0], false)));
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void flagged_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3), TP__BOOL_ARG(false));
    TP__GIVE(set, M(2, 3, 3), TP__BOOL_ARG(true));
}
static tp_tensor *pivots_of(int64_t k) { return tp_to_dtype(tp_mul(tp_ones(TP_SHAPE(k), .dtype = TP_I64), k), TP_I32); }
static void pivot_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(pivots_of(3)), TP__INT_ARG(4)); }
static void unpack_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 3), TP__TENSOR_ARG(pivots_of(3)));
    TP__GIVE(set, X(2, 4), TP__TENSOR_ARG(pivots_of(2)), TP__BOOL_ARG(true), TP__BOOL_ARG(false));
}
static void lu_solve_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3), TP__TENSOR_ARG(pivots_of(3)), X(3, 2));
    TP__GIVE(set, M(3, 3), TP__TENSOR_ARG(pivots_of(3)), X(2, 3), TP__NAMED("left", .kind = TP_ARG_BOOL, .value.boolean = false));
    TP__GIVE(set, M(3, 3), TP__TENSOR_ARG(pivots_of(3)), X(3, 2), TP__NAMED("adjoint", .kind = TP_ARG_BOOL, .value.boolean = true));
}
static void torch_lu_solve_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 2), M(3, 3), TP__TENSOR_ARG(pivots_of(3))); }

static const tp_op op_lu_packed = { .schema = "lu_packed(Tensor input, bool pivot) -> (Tensor, Tensor, Tensor)", .flags = TP__INTERNAL, .shape = lu_shape,
    .forward = tp__run_contiguous, .backward = lu_backward, .saves = { TP__OUTPUT(0), TP__OUTPUT(1) }, .attr_size = sizeof(bool), .samples = flagged_samples,
    .state = TP__STATE };
static const tp_op op_pivot_matrix = { .schema = "pivot_matrix(Tensor pivots, int rows) -> Tensor",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = pivot_shape, .forward = tp__run_contiguous,
    .attr_size = sizeof(rows_attr), .samples = pivot_samples, .state = TP__STATE };
static const tp_op op_lu_factor = TP__COMPOSED("linalg_lu_factor(Tensor A, *, bool pivot=true) -> (Tensor, Tensor)",
    lu_factor_compose, sizeof(bool), tp__linalg_matrices);
static const tp_op op_lu_factor_ex = TP__COMPOSED("linalg_lu_factor_ex(Tensor A, *, bool pivot=true, bool check_errors=false) -> (Tensor, Tensor, Tensor)",
    lu_factor_ex_compose, 2 * sizeof(bool), tp__linalg_matrices);
static const tp_op op_torch_lu = TP__COMPOSED("lu(Tensor A, bool pivot=true, bool get_infos=false) -> Tensor[]",
    torch_lu_compose, 2 * sizeof(bool), tp__linalg_matrices);
static const tp_op op_lu = TP__COMPOSED("linalg_lu(Tensor A, *, bool pivot=true) -> (Tensor, Tensor, Tensor)", lu_compose, sizeof(bool), tp__linalg_matrices);
static const tp_op op_lu_unpack = TP__COMPOSED(
    "lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=true, bool unpack_pivots=true) -> (Tensor, Tensor, Tensor)",
    lu_unpack_compose, 2 * sizeof(bool), unpack_samples);
static const tp_op op_lu_solve = TP__COMPOSED("linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=true, bool adjoint=false) -> Tensor",
    lu_solve_compose, 2 * sizeof(bool), lu_solve_samples);
static const tp_op op_torch_lu_solve = TP__COMPOSED("lu_solve(Tensor input, Tensor LU_data, Tensor LU_pivots) -> Tensor",
    torch_lu_solve_compose, 0, torch_lu_solve_samples);

/* ---- Public -------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_linalg_lu(tp_tensor *a, tp_tensor **l, tp_tensor **u)
{
    return tp__run_parts(&op_lu, &a, 1, &(bool){ true }, l, u, TP__CALLER);
}
tp_tensor *tp_linalg_lu_factor(tp_tensor *a, tp_tensor **pivots)
{
    return tp__run_parts(&op_lu_factor, &a, 1, &(bool){ true }, pivots, NULL, TP__CALLER);
}
tp_tensor *tp_linalg_lu_solve(tp_tensor *lu, tp_tensor *pivots, tp_tensor *b, bool left, bool adjoint)
{
    return tp__run1(&op_lu_solve, (tp_tensor *[]){ lu, pivots, b }, 3, (bool[]){ left, adjoint }, TP__CALLER);
}
tp_tensor *tp_lu_unpack(tp_tensor *lu, tp_tensor *pivots, tp_tensor **l, tp_tensor **u)
{
    return tp__run_parts(&op_lu_unpack, (tp_tensor *[]){ lu, pivots }, 2, (bool[]){ true, true }, l, u, TP__CALLER);
}

const tp_op *const tp__ops_linalg_lu[] = {
    &op_lu_packed, &op_pivot_matrix, &op_lu_factor, &op_lu_factor_ex, &op_torch_lu, &op_lu, &op_lu_unpack, &op_lu_solve, &op_torch_lu_solve, NULL,
};
