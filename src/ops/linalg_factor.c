/* linalg_factor.c: matrices [.., m, n] as products. A' is the transpose, k = min(m, n).
 *
 *   linalg_eigh   A = V diag(w) V', of one triangle     dA = V (V' dV / E + diag(dw)) V',  E_ij = w_j - w_i, off the diagonal
 *   linalg_qr     A = Q R, thin or with all of Q         dA = (dQ + Q sym(triu(dR R' - Q' dQ))) R^-T, sym: its upper triangle below too
 *                 wide: of the first m columns, and R = Q' A for the others
 *   linalg_lu     A = P L U, packed                      dA = P L^-T (tril(L' dL, -1) + triu(dU U')) U^-T
 *                 where it is not square, of its square part, and what stands beside it by triangular systems
 *   geqrf         Q R by the reflections that make Q; householder_product and ormqr apply these
 *
 * (Walter & Lehmann 2013, "Algorithmic differentiation of linear algebra functions".) Kernels compute in float64. */
#include "ops/linalg.h"

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------------- */

/* An output of x's batch, and these dims; last < 0: one dim alone; both: none */
static tp_tensor *out_beside(tp__call *call, tp_dtype dtype, int64_t rows, int64_t last)
{
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    int ndim = x->ndim - 2;
    memcpy(shape, x->shape, sizeof *shape * (size_t)ndim);
    if (rows >= 0) shape[ndim++] = rows;
    if (last >= 0) shape[ndim++] = last;
    return tp__out(call, dtype, ndim, shape);
}

static tp_status eigh_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_square(call, x)) return tp__pending();
    const int64_t n = x->shape[x->ndim - 1];
    return tp__made(out_beside(call, (tp_dtype)x->dtype, n, -1) ? out_beside(call, (tp_dtype)x->dtype, n, n) : NULL);
}

static tp_status geqrf_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1];
    return tp__made(out_beside(call, (tp_dtype)x->dtype, m, n) ? out_beside(call, (tp_dtype)x->dtype, m < n ? m : n, -1) : NULL);
}

static tp_status qr_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], columns = m < n || *(const bool *)call->attr ? m : n;
    return tp__made(out_beside(call, (tp_dtype)x->dtype, m, columns) ? out_beside(call, (tp_dtype)x->dtype, columns, n) : NULL);
}

static tp_status lu_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1];
    if (!out_beside(call, (tp_dtype)x->dtype, m, n) || !out_beside(call, TP_I32, m < n ? m : n, -1)) return tp__pending();
    return tp__made(out_beside(call, TP_I32, -1, -1));
}

typedef struct rows_attr { int64_t rows; } rows_attr;
static tp_status pivot_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t rows = ((const rows_attr *)call->attr)->rows;
    if (x->dtype != TP_I32 || !x->ndim) return tp__call_fail(call, TP_ERR_DTYPE, "pivots are int32 [.., k], not %s %s", tp_dtype_name((tp_dtype)x->dtype), tp__shape_text(x));
    int64_t shape[TP_MAX_DIMS];
    if (x->ndim == TP_MAX_DIMS || x->shape[x->ndim - 1] > rows) return tp__call_fail(call, TP_ERR_SHAPE, "pivots %s do not fit %lld rows", tp__shape_text(x), (long long)rows);
    memcpy(shape, x->shape, sizeof *shape * (size_t)x->ndim);
    shape[x->ndim - 1] = shape[x->ndim] = rows;
    return tp__made(tp__out(call, TP_I32, x->ndim + 1, shape));
}

/* ---- Rules ---------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *flip(tp_tensor *x) { return tp_transpose(x, -1, -2); }
static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return a ? tp_add(a, b) : b; }
/* A^-1 B, or B A^-1, of a triangle */
static tp_tensor *left(tp_tensor *a, tp_tensor *b, bool upper, bool unit) { return tp_linalg_solve_triangular(a, b, upper, .unitriangular = unit); }
static tp_tensor *right(tp_tensor *a, tp_tensor *b, bool upper) { return tp_linalg_solve_triangular(a, b, upper, .right = true); }

static tp_status eigh_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *w = tp__saved(node, 0), *v = tp__saved(node, 1), *middle = NULL;
    if (!w || !v) return tp__pending();
    tp_tensor *one = tp_eye(w->shape[w->ndim - 1], TP_NONE, .dtype = (tp_dtype)w->dtype, .device = w->device);
    if (dy[1]) {                                       /* vectors only turn: what is not skew does not count */
        tp_tensor *gaps = tp_add(tp_sub(tp_unsqueeze(w, -2), tp_unsqueeze(w, -1)), one), *turn = tp_matmul(flip(v), dy[1]);
        middle = tp_div(tp_mul(0.5, tp_sub(turn, flip(turn))), gaps);
    }
    if (dy[0]) middle = plus(middle, tp_mul(tp_unsqueeze(dy[0], -2), one));
    return tp__made(dx[0] = tp_matmul(v, tp_matmul(middle, flip(v))));
}

static tp_status qr_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *q = tp__saved(node, 0), *r = tp__saved(node, 1), *inner = NULL;
    if (!q || !r) return tp__pending();
    if (r->shape[r->ndim - 1] < r->shape[r->ndim - 2])
        return tp_fail(TP_ERR_UNSUPPORTED, "linalg_qr: with all of Q of a tall matrix there is no gradient");
    if (dy[1]) inner = tp_matmul(dy[1], flip(r));
    if (dy[0]) {
        tp_tensor *part = tp_neg(tp_matmul(flip(q), dy[0]));
        inner = plus(inner, part);
    }
    tp_tensor *above = tp_triu(inner, 1), *sum = tp_matmul(q, tp_add(tp_triu(inner, 0), flip(above)));
    return tp__made(dx[0] = right(flip(r), plus(dy[0], sum), false));
}

static tp_tensor *permutation(tp_tensor *pivots, int64_t rows, tp_dtype dtype);

static tp_status lu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *lu = tp__saved(node, 0), *pivots = tp__saved(node, 1);
    if (!lu || !pivots || !dy[0]) return lu && pivots ? TP_OK : tp__pending();
    const int64_t n = lu->shape[lu->ndim - 1];
    tp_tensor *upper = tp_triu(lu, 0), *lower = tp_add(tp_tril(lu, -1), tp_eye(n, TP_NONE, .dtype = (tp_dtype)lu->dtype, .device = lu->device));
    tp_tensor *middle = tp_add(tp_tril(tp_matmul(flip(lower), tp_tril(dy[0], -1)), -1), tp_triu(tp_matmul(tp_triu(dy[0], 0), flip(upper)), 0));
    middle = right(flip(upper), left(flip(lower), middle, true, true), false);
    return tp__made(dx[0] = tp_matmul(permutation(pivots, n, (tp_dtype)lu->dtype), middle));
}

/* ---- eigh ------------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_eigh_factors, op_qr_factors, op_lu_packed, op_pivot_matrix;

bool tp__eigh(tp_tensor *x, bool upper, tp_tensor **w, tp_tensor **v)
{
    tp_tensor *out[2];
    if (tp__run(&op_eigh_factors, &x, 1, &upper, out, 2, NULL) < 0) return false;
    *w = out[0];
    if (v) *v = out[1];
    return true;
}
static bool is_upper(const tp__call *call) { return *(const int32_t *)call->attr % 2 == 0; }       /* L, U, l, u */
static tp_status eigh_compose(tp__call *call)
{
    tp_tensor *w, *v;
    if (!tp__eigh(call->in[0], is_upper(call), &w, &v)) return tp__pending();
    tp__out_made(call, w);
    return tp__made(tp__out_made(call, v));
}
static tp_status eigvalsh_compose(tp__call *call)
{
    tp_tensor *w;
    return tp__eigh(call->in[0], is_upper(call), &w, NULL) ? tp__made(tp__out_made(call, w)) : tp__pending();
}

/* V f(w) V' */
static tp_tensor *of_eigenvalues(tp_tensor *w, tp_tensor *v) { return tp_matmul(tp_mul(v, tp_unsqueeze(w, -2)), flip(v)); }
static tp_status sqrth_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    return tp__linalg_square(call, x) ? tp__pending() : tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}
static tp_status sqrth_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *w, *v, *y = NULL;
    if (tp__eigh(call->in[0], false, &w, &v)) y = tp_copy_(call->out[0], of_eigenvalues(tp_sqrt(w), v));
    tp__list_release(mark);
    return tp__made(y);
}
/* Y dY + dY Y = dA, in the basis of Y's eigenvectors, symmetric as Y is */
static tp_status sqrth_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *w, *v;
    if (!tp__eigh(tp__saved(node, 0), false, &w, &v)) return tp__pending();
    tp_tensor *inner = tp_div(tp_matmul(flip(v), tp_matmul(tp_mul(0.5, tp_add(dy[0], flip(dy[0]))), v)), tp_add(tp_unsqueeze(w, -2), tp_unsqueeze(w, -1)));
    return tp__made(dx[0] = tp_matmul(v, tp_matmul(inner, flip(v))));
}

/* ---- QR ----------------------------------------------------------------------------------------------------------------------------------- */

static bool qr(tp_tensor *x, bool complete, tp_tensor **out)
{
    const int64_t m = x->ndim < 2 ? 0 : x->shape[x->ndim - 2], n = x->ndim < 2 ? 0 : x->shape[x->ndim - 1];
    if (m >= n || !tp_needs_grad(x)) return tp__run(&op_qr_factors, &x, 1, &complete, out, 2, NULL) >= 0;
    tp_tensor *first = tp_narrow(x, -1, 0, m), *rest = tp_narrow(x, -1, m, n - m);
    if (!first || tp__run(&op_qr_factors, &first, 1, &complete, out, 2, NULL) < 0) return false;
    out[1] = tp_cat(TP_TENSORS(out[1], tp_matmul(flip(out[0]), rest)), -1);
    return out[1];
}

tp_tensor *tp__orthogonal_complement(tp_tensor *x)
{
    tp_tensor *out[2];
    TP_NO_GRAD();
    if (!x) return NULL;
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1];
    return qr(x, true, out) ? tp_narrow(out[0], -1, n, m - n) : NULL;
}

enum { REDUCED = 1, COMPLETE, ONLY_R };
static tp_status qr_compose(tp__call *call)
{
    const int32_t mode = *(const int32_t *)call->attr;
    tp_tensor *out[2];
    if (tp__linalg_matrix(call, call->in[0]) || !qr(call->in[0], mode == COMPLETE, out)) return tp__pending();
    if (mode == ONLY_R) out[0] = tp_zeros(TP_SHAPE(0), .dtype = tp_dtype_of(out[1]), .device = tp_device_of(out[1]));
    if (!tp__out_made(call, out[0])) return tp__pending();
    return tp__made(tp__out_made(call, out[1]));
}
static tp_status torch_qr_compose(tp__call *call)      /* some: thin */
{
    tp__call other = *call;
    other.attr = &(int32_t){ *(const bool *)call->attr ? REDUCED : COMPLETE };
    const tp_status status = qr_compose(&other);
    call->n_out = other.n_out;
    return status;
}

/* ---- LU ---------------------------------------------------------------------------------------------------------------------------------- */

/* P of A = P L U, of pivots that are counted from 1 */
static tp_tensor *permutation(tp_tensor *pivots, int64_t rows, tp_dtype dtype)
{
    TP_NO_GRAD();
    return tp_to_dtype(tp__run1(&op_pivot_matrix, &pivots, 1, &rows, NULL), dtype);
}

static bool factor(tp_tensor *x, bool pivots, tp_tensor **out) { return tp__run(&op_lu_packed, &x, 1, &pivots, out, 3, NULL) >= 0; }

/* LU, pivots, infos */
static bool lu(tp_tensor *x, bool pivots, tp_tensor **out)
{
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], k = m < n ? m : n;
    if (m == n || !tp_needs_grad(x)) return factor(x, pivots, out);
    tp_tensor *plain[3];
    if (!factor(tp_detach(x), pivots, out)) return false;
    x = tp_matmul(flip(permutation(out[1], m, tp_dtype_of(x))), x);
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
    if (tp__linalg_matrix(call, call->in[0]) || !lu(call->in[0], *(const bool *)call->attr, out)) return tp__pending();
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
    if (tp__linalg_matrix(call, x) || !lu(x, *(const bool *)call->attr, out)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2];
    tp_tensor *const parts[] = { permutation(out[1], m, (tp_dtype)x->dtype), lower_of(out[0]), upper_of(out[0]) };
    return give(call, parts, 3);
}
static tp_status lu_unpack_compose(tp__call *call)
{
    const bool *attr = call->attr;                     /* unpack_data, unpack_pivots */
    tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)x->dtype;
    tp_tensor *none = tp_zeros(TP_SHAPE(0), .dtype = dtype, .device = x->device);
    tp_tensor *const parts[] = { attr[1] ? permutation(call->in[1], x->shape[x->ndim - 2], dtype) : none, attr[0] ? lower_of(x) : none, attr[0] ? upper_of(x) : none };
    return give(call, parts, 3);
}

/* A X = B of the packed LU; adjoint: of A' */
static tp_tensor *lu_solve(const tp__call *call, tp_tensor *packed, tp_tensor *pivots, tp_tensor *b, bool adjoint)
{
    if (tp__linalg_square(call, packed)) return NULL;
    tp_tensor *p = permutation(pivots, packed->shape[packed->ndim - 1], (tp_dtype)packed->dtype);
    if (!adjoint) return left(packed, left(packed, tp_matmul(flip(p), b), false, true), true, false);
    return tp_matmul(p, left(flip(packed), left(flip(packed), b, false, false), true, true));
}
static tp_status lu_solve_compose(tp__call *call)
{
    const bool *attr = call->attr;                     /* left, adjoint */
    tp_tensor *b = attr[0] ? call->in[2] : flip(call->in[2]);
    if (!b) return tp__pending();
    tp_tensor *x = lu_solve(call, call->in[0], call->in[1], b, attr[1] == attr[0]);
    return tp__made(tp__out_made(call, attr[0] ? x : flip(x)));
}
static tp_status torch_lu_solve_compose(tp__call *call)
{
    return tp__made(tp__out_made(call, lu_solve(call, call->in[1], call->in[2], call->in[0], false)));
}

/* ---- Reflections ---------------------------------------------------------------------------------------------------------------------- */

/* x := (1 - tau_i v_i v_i') x, v_i the i-th column of a below its diagonal, and a 1 on it */
static tp_tensor *reflect(tp_tensor *a, tp_tensor *tau, int64_t i, tp_tensor *x)
{
    const int64_t m = a->shape[a->ndim - 2];
    tp_tensor *below = tp_narrow(tp_narrow(a, -1, i, 1), -2, i + 1, m - i - 1), *part = tp_narrow(x, -2, i, m - i);
    tp_shape single = tp_shape_of(a);
    single.dim[a->ndim - 2] = single.dim[a->ndim - 1] = 1;
    tp_tensor *one = below ? tp_ones(single, .dtype = tp_dtype_of(a), .device = tp_device_of(a)) : NULL;
    tp_tensor *v = tp_cat(TP_TENSORS(one, below), -2), *factor = tp_unsqueeze(tp_narrow(tau, -1, i, 1), -1);
    part = tp_sub(part, tp_matmul(tp_mul(v, factor), tp_matmul(flip(v), part)));
    return i ? tp_cat(TP_TENSORS(tp_narrow(x, -2, 0, i), part), -2) : part;
}

static tp_status check_reflections(const tp__call *call, const tp_tensor *a, const tp_tensor *tau)
{
    if (tp__linalg_matrix(call, a)) return tp__pending();
    bool fits = tau->dtype == a->dtype && tau->ndim == a->ndim - 1 && tau->shape[tau->ndim - 1] <= a->shape[a->ndim - 1];
    for (int d = 0; d < a->ndim - 2 && fits; d++) fits = tau->shape[d] == a->shape[d];
    if (fits) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "tau %s (%s) does not fit %s (%s)", tp__shape_text(tau), tp_dtype_name((tp_dtype)tau->dtype), tp__shape_text(a), tp_dtype_name((tp_dtype)a->dtype));
}

static tp_status householder_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *tau = call->in[1];
    if (check_reflections(call, a, tau)) return tp__pending();
    const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
    if (m < n) return tp__call_fail(call, TP_ERR_SHAPE, "%s has more columns than rows", tp__shape_text(a));
    tp_tensor *q = tp_expand(tp_eye(m, n, .dtype = (tp_dtype)a->dtype, .device = a->device), tp_shape_of(a));
    for (int64_t i = tau->shape[tau->ndim - 1] - 1; i >= 0 && q; i--) q = reflect(a, tau, i, q);
    if (tau->shape[tau->ndim - 1]) return tp__made(tp__out_made(call, q));
    q = tp_where(tp_zeros(TP_SHAPE(1), .dtype = TP_BOOL, .device = a->device), a, q);        /* of neither, and yet made of both */
    return tp__made(tp__out_made(call, tp_add(q, tp_unsqueeze(tp_sum(tau, .dims = TP_DIMS(-1), .keepdim = true), -1))));
}

static tp_status ormqr_compose(tp__call *call)
{
    const bool *attr = call->attr;                     /* left, transpose */
    tp_tensor *a = call->in[0], *tau = call->in[1], *x = call->in[2];
    if (check_reflections(call, a, tau) || tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = a->shape[a->ndim - 2], k = tau->shape[tau->ndim - 1], wide = a->shape[a->ndim - 1];
    if (x->ndim != a->ndim || x->shape[x->ndim - (attr[0] ? 2 : 1)] != m || k != (m < wide ? m : wide))
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s, tau %s and other %s do not fit", tp__shape_text(a), tp__shape_text(tau), tp__shape_text(x));
    if (!attr[0]) x = flip(x);                         /* X Q = (Q' X')' */
    const bool rising = attr[0] == attr[1];            /* Q' is applied from the first reflection on */
    for (int64_t i = 0; i < k && x; i++) x = reflect(a, tau, rising ? i : k - 1 - i, x);
    x = attr[0] ? x : flip(x);
    return tp__made(tp__out_made(call, k ? x : tp_clone(x)));
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void give_symmetric(tp_sample_set *set, tp_shape shape, int n, const char *triangle)        /* its gradient is that of a symmetric A, as cholesky's */
{
    tp_tensor *x = tp_detach(tp__linalg_sample(set, shape));
    x = tp_add(x, flip(x));
    if (x) tp_requires_grad(x, true);
    tp__sample sample = { .args = { TP__TENSOR_ARG(x), TP__STRING_ARG(triangle) }, .n = n, .no_gradcheck = true };
    set->take(set, &sample);
}
static void factors_samples(tp_sample_set *set)
{
    tp_tensor *x = tp__linalg_sample(set, TP_SHAPE(3, 3));
    tp__sample sample = { .args = { TP__TENSOR_ARG(x), TP__BOOL_ARG(true) }, .n = 2, .no_gradcheck = true };
    set->take(set, &sample);
}
static void eigh_samples(tp_sample_set *set)
{
    give_symmetric(set, TP_SHAPE(3, 3), 1, "L");
    give_symmetric(set, TP_SHAPE(2, 2, 2), 2, "U");
}
static void sqrth_samples(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(tp__linalg_sample(set, TP_SHAPE(2, 3, 3)));
    x = tp_matmul(x, flip(x));
    if (x) tp_requires_grad(x, true);
    tp__sample sample = { .args = { TP__TENSOR_ARG(x) }, .n = 1, .no_gradcheck = true };
    set->take(set, &sample);
}
static void matrix_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3));                         /* batches: with rows that repeat they would be singular */
    TP__GIVE(set, M(2, 4, 3));
    TP__GIVE(set, M(2, 2, 3));
    TP__GIVE(set, X(0, 3));
}
static void flagged_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3), TP__BOOL_ARG(false));
    TP__GIVE(set, M(2, 3, 3), TP__BOOL_ARG(true));
}
static void qr_factors_samples(tp_sample_set *set) { TP__GIVE(set, M(2, 4, 3), TP__BOOL_ARG(false)); }
static void qr_samples(tp_sample_set *set)
{
    matrix_samples(set);
    TP__GIVE(set, M(2, 3, 3), TP__STRING_ARG("complete"));
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
static void householder_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(4, 3), X(3));
    TP__GIVE(set, X(2, 3, 3), X(2, 2));
}
static void ormqr_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(4, 3), X(3), X(4, 2));
    TP__GIVE(set, X(4, 3), X(3), X(2, 4), TP__BOOL_ARG(false), TP__BOOL_ARG(true));
}

#define FACTORS(text, rule, back, bytes, give, ...) { .schema = text, .flags = TP__INTERNAL, .shape = rule, .forward = tp__run_contiguous, .backward = back, \
    .saves = { __VA_ARGS__ }, .attr_size = bytes, .samples = give, .state = TP__STATE }
#define UPLO "string{L,U,l,u} UPLO=L"
static const tp_op op_eigh_factors = FACTORS("eigh_factors(Tensor input, bool upper) -> (Tensor, Tensor)", eigh_shape, eigh_backward, sizeof(bool), factors_samples,
    TP__OUTPUT(0), TP__OUTPUT(1));
static const tp_op op_qr_factors = FACTORS("qr_factors(Tensor input, bool complete) -> (Tensor, Tensor)", qr_shape, qr_backward, sizeof(bool), qr_factors_samples,
    TP__OUTPUT(0), TP__OUTPUT(1));
static const tp_op op_lu_packed = FACTORS("lu_packed(Tensor input, bool pivot) -> (Tensor, Tensor, Tensor)", lu_shape, lu_backward, sizeof(bool), flagged_samples,
    TP__OUTPUT(0), TP__OUTPUT(1));
static const tp_op op_pivot_matrix = { .schema = "pivot_matrix(Tensor pivots, int rows) -> Tensor", .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = pivot_shape,
    .forward = tp__run_contiguous, .attr_size = sizeof(rows_attr), .samples = pivot_samples, .state = TP__STATE };
static const tp_op op_geqrf = { .schema = "geqrf(Tensor input) -> (Tensor, Tensor)", .flags = TP__NO_GRAD_OP, .shape = geqrf_shape, .forward = tp__run_contiguous,
    .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_eigh = TP__COMPOSED("linalg_eigh(Tensor input, " UPLO ") -> (Tensor, Tensor)", eigh_compose, sizeof(int32_t), eigh_samples);
static const tp_op op_eigvalsh = TP__COMPOSED("linalg_eigvalsh(Tensor input, " UPLO ") -> Tensor", eigvalsh_compose, sizeof(int32_t), eigh_samples);
static const tp_op op_sqrth = { .schema = "linalg_matrix_sqrth(Tensor input) -> Tensor", .shape = sqrth_shape, .forward = sqrth_forward, .backward = sqrth_backward,
    .saves = { TP__OUTPUT(0) }, .samples = sqrth_samples, .state = TP__STATE };
static const tp_op op_qr = TP__COMPOSED("linalg_qr(Tensor A, string{reduced,complete,r} mode=reduced) -> (Tensor, Tensor)", qr_compose, sizeof(int32_t), qr_samples);
static const tp_op op_torch_qr = TP__COMPOSED("qr(Tensor input, bool some=true) -> (Tensor, Tensor)", torch_qr_compose, sizeof(bool), matrix_samples);
static const tp_op op_lu_factor = TP__COMPOSED("linalg_lu_factor(Tensor A, *, bool pivot=true) -> (Tensor, Tensor)", lu_factor_compose, sizeof(bool), matrix_samples);
static const tp_op op_lu_factor_ex = TP__COMPOSED("linalg_lu_factor_ex(Tensor A, *, bool pivot=true, bool check_errors=false) -> (Tensor, Tensor, Tensor)",
    lu_factor_ex_compose, 2 * sizeof(bool), matrix_samples);
static const tp_op op_torch_lu = TP__COMPOSED("lu(Tensor A, bool pivot=true, bool get_infos=false) -> Tensor[]", torch_lu_compose, 2 * sizeof(bool), matrix_samples);
static const tp_op op_lu = TP__COMPOSED("linalg_lu(Tensor A, *, bool pivot=true) -> (Tensor, Tensor, Tensor)", lu_compose, sizeof(bool), matrix_samples);
static const tp_op op_lu_unpack = TP__COMPOSED("lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=true, bool unpack_pivots=true) -> (Tensor, Tensor, Tensor)",
    lu_unpack_compose, 2 * sizeof(bool), unpack_samples);
static const tp_op op_lu_solve = TP__COMPOSED("linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=true, bool adjoint=false) -> Tensor",
    lu_solve_compose, 2 * sizeof(bool), lu_solve_samples);
static const tp_op op_torch_lu_solve = TP__COMPOSED("lu_solve(Tensor input, Tensor LU_data, Tensor LU_pivots) -> Tensor", torch_lu_solve_compose, 0, torch_lu_solve_samples);
static const tp_op op_householder = TP__COMPOSED("linalg_householder_product(Tensor input, Tensor tau) -> Tensor", householder_compose, 0, householder_samples);
static const tp_op op_orgqr = TP__COMPOSED("orgqr(Tensor input, Tensor input2) -> Tensor", householder_compose, 0, householder_samples);
static const tp_op op_ormqr = TP__COMPOSED("ormqr(Tensor input, Tensor input2, Tensor input3, bool left=true, bool transpose=false) -> Tensor", ormqr_compose,
    2 * sizeof(bool), ormqr_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_linalg_eigh(tp_tensor *a, tp_tensor **vectors)
{
    tp_tensor *out[2] = { NULL };
    const int n = tp__run(&op_eigh, &a, 1, &(int32_t){ 1 }, out, 2, TP__CALLER);
    if (vectors) *vectors = n < 0 ? NULL : out[1];
    return n < 0 ? NULL : out[0];
}
tp_tensor *tp_linalg_eigvalsh(tp_tensor *a) { return tp__run1(&op_eigvalsh, &a, 1, &(int32_t){ 1 }, TP__CALLER); }
tp_tensor *tp_linalg_qr(tp_tensor *a, tp_tensor **r)
{
    tp_tensor *out[2] = { NULL };
    const int n = tp__run(&op_qr, &a, 1, &(int32_t){ REDUCED }, out, 2, TP__CALLER);
    if (r) *r = n < 0 ? NULL : out[1];
    return n < 0 ? NULL : out[0];
}
tp_tensor *tp_linalg_lu(tp_tensor *a, tp_tensor **l, tp_tensor **u)
{
    tp_tensor *out[3] = { NULL };
    const int n = tp__run(&op_lu, &a, 1, &(bool){ true }, out, 3, TP__CALLER);
    if (l) *l = n < 0 ? NULL : out[1];
    if (u) *u = n < 0 ? NULL : out[2];
    return n < 0 ? NULL : out[0];
}

static tp_tensor *give_two(const tp_op *op, tp_tensor *a, const void *attr, tp_tensor **second, const void *caller)
{
    tp_tensor *out[2] = { NULL };
    const int n = tp__run(op, &a, 1, attr, out, 2, caller);
    if (second) *second = n < 0 ? NULL : out[1];
    return n < 0 ? NULL : out[0];
}
tp_tensor *tp_geqrf(tp_tensor *a, tp_tensor **tau) { return give_two(&op_geqrf, a, NULL, tau, TP__CALLER); }
tp_tensor *tp_linalg_lu_factor(tp_tensor *a, tp_tensor **pivots) { return give_two(&op_lu_factor, a, &(bool){ true }, pivots, TP__CALLER); }
tp_tensor *tp_linalg_householder_product(tp_tensor *a, tp_tensor *tau) { return tp__run1(&op_householder, (tp_tensor *[]){ a, tau }, 2, NULL, TP__CALLER); }
tp_tensor *tp_ormqr(tp_tensor *a, tp_tensor *tau, tp_tensor *c, bool left, bool transpose)
{
    return tp__run1(&op_ormqr, (tp_tensor *[]){ a, tau, c }, 3, (bool[]){ left, transpose }, TP__CALLER);
}
tp_tensor *tp_linalg_lu_solve(tp_tensor *lu, tp_tensor *pivots, tp_tensor *b, bool left, bool adjoint)
{
    return tp__run1(&op_lu_solve, (tp_tensor *[]){ lu, pivots, b }, 3, (bool[]){ left, adjoint }, TP__CALLER);
}
tp_tensor *tp_lu_unpack(tp_tensor *lu, tp_tensor *pivots, tp_tensor **l, tp_tensor **u)
{
    tp_tensor *out[3] = { NULL };
    const int n = tp__run(&op_lu_unpack, (tp_tensor *[]){ lu, pivots }, 2, (bool[]){ true, true }, out, 3, TP__CALLER);
    if (l) *l = n < 0 ? NULL : out[1];
    if (u) *u = n < 0 ? NULL : out[2];
    return n < 0 ? NULL : out[0];
}

const tp_op *const tp__ops_linalg_factor[] = {
    &op_eigh_factors, &op_qr_factors, &op_lu_packed, &op_pivot_matrix, &op_geqrf, &op_eigh, &op_eigvalsh, &op_sqrth, &op_qr, &op_torch_qr, &op_lu_factor,
    &op_lu_factor_ex, &op_torch_lu, &op_lu, &op_lu_unpack, &op_lu_solve, &op_torch_lu_solve, &op_householder, &op_orgqr, &op_ormqr, NULL,
};
