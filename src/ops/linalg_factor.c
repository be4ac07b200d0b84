/* linalg_factor.c: matrices [.., m, n] as products with an orthogonal one. A' is the transpose. (L U: linalg_lu.c)
 *
 *   linalg_eigh   A = V diag(w) V', of one triangle     dA = V (V' dV / E + diag(dw)) V',  E_ij = w_j - w_i, off the diagonal
 *   linalg_qr     A = Q R, thin or with all of Q         dA = (dQ + Q sym(triu(dR R' - Q' dQ))) R^-T, sym: its upper triangle below too
 *                 wide: of the first m columns, and R = Q' A for the others
 *   geqrf         Q R by the reflections that make Q; householder_product and ormqr apply these
 *
 * (Walter & Lehmann 2013, "Algorithmic differentiation of linear algebra functions".) Kernels compute in float64. */
#include "ops/linalg.h"

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------------- */

static tp_status eigh_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_square(call, x)) return tp__pending();
    const int64_t n = x->shape[x->ndim - 1];
    return tp__made(tp__linalg_out(call, (tp_dtype)x->dtype, n, -1) ? tp__linalg_out(call, (tp_dtype)x->dtype, n, n) : NULL);
}

static tp_status geqrf_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1];
    return tp__made(tp__linalg_out(call, (tp_dtype)x->dtype, m, n) ? tp__linalg_out(call, (tp_dtype)x->dtype, m < n ? m : n, -1) : NULL);
}

static tp_status qr_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_matrix(call, x)) return tp__pending();
    const int64_t m = x->shape[x->ndim - 2], n = x->shape[x->ndim - 1], columns = m < n || *(const bool *)call->attr ? m : n;
    return tp__made(tp__linalg_out(call, (tp_dtype)x->dtype, m, columns) ? tp__linalg_out(call, (tp_dtype)x->dtype, columns, n) : NULL);
}

/* ---- Rules ---------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return a ? tp_add(a, b) : b; }

static tp_status eigh_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *w = tp__saved(node, 0), *v = tp__saved(node, 1), *middle = NULL;
    if (!w || !v) return tp__pending();
    tp_tensor *one = tp_eye(w->shape[w->ndim - 1], TP_NONE, .dtype = (tp_dtype)w->dtype, .device = w->device);
    if (dy[1]) {                                       /* vectors only turn: what is not skew does not count */
        tp_tensor *gaps = tp_add(tp_sub(tp_unsqueeze(w, -2), tp_unsqueeze(w, -1)), one), *turn = tp_matmul(tp__flip(v), dy[1]);
        middle = tp_div(tp_mul(0.5, tp_sub(turn, tp__flip(turn))), gaps);
    }
    if (dy[0]) middle = plus(middle, tp_mul(tp_unsqueeze(dy[0], -2), one));
    return tp__made(dx[0] = tp_matmul(v, tp_matmul(middle, tp__flip(v))));
}

static tp_status qr_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *q = tp__saved(node, 0), *r = tp__saved(node, 1), *inner = NULL;
    if (!q || !r) return tp__pending();
    if (r->shape[r->ndim - 1] < r->shape[r->ndim - 2])
        return tp_fail(TP_ERR_UNSUPPORTED, "linalg_qr: with all of Q of a tall matrix there is no gradient");
    if (dy[1]) inner = tp_matmul(dy[1], tp__flip(r));
    if (dy[0]) {
        tp_tensor *part = tp_neg(tp_matmul(tp__flip(q), dy[0]));
        inner = plus(inner, part);
    }
    tp_tensor *above = tp_triu(inner, 1), *sum = tp_matmul(q, tp_add(tp_triu(inner, 0), tp__flip(above)));
    return tp__made(dx[0] = tp_linalg_solve_triangular(tp__flip(r), plus(dy[0], sum), false, .right = true));
}

/* ---- eigh ------------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_eigh_factors, op_qr_factors;

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
static tp_tensor *of_eigenvalues(tp_tensor *w, tp_tensor *v) { return tp_matmul(tp_mul(v, tp_unsqueeze(w, -2)), tp__flip(v)); }
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
    tp_tensor *symmetric = tp_mul(0.5, tp_add(dy[0], tp__flip(dy[0]))), *sums = tp_add(tp_unsqueeze(w, -2), tp_unsqueeze(w, -1));
    tp_tensor *inner = tp_div(tp_matmul(tp__flip(v), tp_matmul(symmetric, v)), sums);
    return tp__made(dx[0] = tp_matmul(v, tp_matmul(inner, tp__flip(v))));
}

/* ---- QR ----------------------------------------------------------------------------------------------------------------------------------- */

static bool qr(tp_tensor *x, bool complete, tp_tensor **out)
{
    const int64_t m = x->ndim < 2 ? 0 : x->shape[x->ndim - 2], n = x->ndim < 2 ? 0 : x->shape[x->ndim - 1];
    if (m >= n || !tp_needs_grad(x)) return tp__run(&op_qr_factors, &x, 1, &complete, out, 2, NULL) >= 0;
    tp_tensor *first = tp_narrow(x, -1, 0, m), *rest = tp_narrow(x, -1, m, n - m);
    if (!first || tp__run(&op_qr_factors, &first, 1, &complete, out, 2, NULL) < 0) return false;
    out[1] = tp_cat(TP_TENSORS(out[1], tp_matmul(tp__flip(out[0]), rest)), -1);
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
    part = tp_sub(part, tp_matmul(tp_mul(v, factor), tp_matmul(tp__flip(v), part)));
    return i ? tp_cat(TP_TENSORS(tp_narrow(x, -2, 0, i), part), -2) : part;
}

static tp_status check_reflections(const tp__call *call, const tp_tensor *a, const tp_tensor *tau)
{
    if (tp__linalg_matrix(call, a)) return tp__pending();
    bool fits = tau->dtype == a->dtype && tau->ndim == a->ndim - 1 && tau->shape[tau->ndim - 1] <= a->shape[a->ndim - 1];
    for (int d = 0; d < a->ndim - 2 && fits; d++) fits = tau->shape[d] == a->shape[d];
    if (fits) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "tau %s (%s) does not fit %s (%s)", tp__shape_text(tau), tp_dtype_name((tp_dtype)tau->dtype),
                         tp__shape_text(a), tp_dtype_name((tp_dtype)a->dtype));
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
    if (!attr[0]) x = tp__flip(x);                     /* X Q = (Q' X')' */
    const bool rising = attr[0] == attr[1];            /* Q' is applied from the first reflection on */
    for (int64_t i = 0; i < k && x; i++) x = reflect(a, tau, rising ? i : k - 1 - i, x);
    x = attr[0] ? x : tp__flip(x);
    return tp__made(tp__out_made(call, k ? x : tp_clone(x)));
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void give_symmetric(tp_sample_set *set, tp_shape shape, int n, const char *triangle)
{
    tp_tensor *x = tp_detach(tp__linalg_sample(set, shape));
    x = tp_add(x, tp__flip(x));
    if (x) tp_requires_grad(x, true);
    tp__linalg_give_unchecked(set, (const tp_arg[]){ TP__TENSOR_ARG(x), TP__STRING_ARG(triangle) }, n);
}
static void factors_samples(tp_sample_set *set)
{
    tp__linalg_give_unchecked(set, (const tp_arg[]){ M(3, 3), TP__BOOL_ARG(true) }, 2);
}
static void eigh_samples(tp_sample_set *set)
{
    give_symmetric(set, TP_SHAPE(3, 3), 1, "L");
    give_symmetric(set, TP_SHAPE(2, 2, 2), 2, "U");
}
static void qr_factors_samples(tp_sample_set *set) { TP__GIVE(set, M(2, 4, 3), TP__BOOL_ARG(false)); }
static void qr_samples(tp_sample_set *set)
{
    tp__linalg_matrices(set);
    TP__GIVE(set, M(2, 3, 3), TP__STRING_ARG("complete"));
}
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
static const tp_op op_eigh_factors = FACTORS("eigh_factors(Tensor input, bool upper) -> (Tensor, Tensor)",
    eigh_shape, eigh_backward, sizeof(bool), factors_samples,
    TP__OUTPUT(0), TP__OUTPUT(1));
static const tp_op op_qr_factors = FACTORS("qr_factors(Tensor input, bool complete) -> (Tensor, Tensor)",
    qr_shape, qr_backward, sizeof(bool), qr_factors_samples,
    TP__OUTPUT(0), TP__OUTPUT(1));
static const tp_op op_geqrf = { .schema = "geqrf(Tensor input) -> (Tensor, Tensor)",
    .flags = TP__NO_GRAD_OP, .shape = geqrf_shape, .forward = tp__run_contiguous,
    .samples = tp__linalg_matrices, .state = TP__STATE };
static const tp_op op_eigh = TP__COMPOSED("linalg_eigh(Tensor input, " UPLO ") -> (Tensor, Tensor)", eigh_compose, sizeof(int32_t), eigh_samples);
static const tp_op op_eigvalsh = TP__COMPOSED("linalg_eigvalsh(Tensor input, " UPLO ") -> Tensor", eigvalsh_compose, sizeof(int32_t), eigh_samples);
static const tp_op op_sqrth = { .schema = "linalg_matrix_sqrth(Tensor input) -> Tensor",
    .shape = sqrth_shape, .forward = sqrth_forward, .backward = sqrth_backward,
    .saves = { TP__OUTPUT(0) }, .samples = tp__linalg_positive, .state = TP__STATE };
static const tp_op op_qr = TP__COMPOSED("linalg_qr(Tensor A, string{reduced,complete,r} mode=reduced) -> (Tensor, Tensor)",
    qr_compose, sizeof(int32_t), qr_samples);
static const tp_op op_torch_qr = TP__COMPOSED("qr(Tensor input, bool some=true) -> (Tensor, Tensor)", torch_qr_compose, sizeof(bool), tp__linalg_matrices);
static const tp_op op_householder = TP__COMPOSED("linalg_householder_product(Tensor input, Tensor tau) -> Tensor", householder_compose, 0, householder_samples);
static const tp_op op_orgqr = TP__COMPOSED("orgqr(Tensor input, Tensor input2) -> Tensor", householder_compose, 0, householder_samples);
static const tp_op op_ormqr = TP__COMPOSED("ormqr(Tensor input, Tensor input2, Tensor input3, bool left=true, bool transpose=false) -> Tensor", ormqr_compose,
    2 * sizeof(bool), ormqr_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_linalg_eigh(tp_tensor *a, tp_tensor **vectors)
{
    return tp__run_parts(&op_eigh, &a, 1, &(int32_t){ 1 }, vectors, NULL, TP__CALLER);
}
tp_tensor *tp_linalg_eigvalsh(tp_tensor *a) { return tp__run1(&op_eigvalsh, &a, 1, &(int32_t){ 1 }, TP__CALLER); }
tp_tensor *tp_linalg_qr(tp_tensor *a, tp_tensor **r)
{
    return tp__run_parts(&op_qr, &a, 1, &(int32_t){ REDUCED }, r, NULL, TP__CALLER);
}

tp_tensor *tp_geqrf(tp_tensor *a, tp_tensor **tau) { return tp__run_parts(&op_geqrf, &a, 1, NULL, tau, NULL, TP__CALLER); }
tp_tensor *tp_linalg_householder_product(tp_tensor *a, tp_tensor *tau) { return tp__run1(&op_householder, (tp_tensor *[]){ a, tau }, 2, NULL, TP__CALLER); }
tp_tensor *tp_ormqr(tp_tensor *a, tp_tensor *tau, tp_tensor *c, bool left, bool transpose)
{
    return tp__run1(&op_ormqr, (tp_tensor *[]){ a, tau, c }, 3, (bool[]){ left, transpose }, TP__CALLER);
}

const tp_op *const tp__ops_linalg_factor[] = {
    &op_eigh_factors, &op_qr_factors, &op_geqrf, &op_eigh, &op_eigvalsh, &op_sqrth, &op_qr, &op_torch_qr, &op_householder, &op_orgqr, &op_ormqr, NULL,
};
