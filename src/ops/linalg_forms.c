/* linalg_forms.c: what is made of factors and products.
 *
 *   linalg_svd        A = U diag(S) V', thin, or with bases completed by QR
 *   linalg_pinv       Y = V diag(1 / S) U', small S left out      dA = -Y' dY Y' + (1 - A Y) dY' Y Y' ... (Golub & Pereyra 1973)
 *   linalg_lstsq      X = pinv(A) B
 *   linalg_matrix_rank, linalg_cond          of the singular values
 *   matrix_exp        Taylor's series of A / 2^s, squared s times (Higham 2008, 10.3)
 *   .._ex             of one matrix: info 1, and NaN, where it failed; a batch with one that fails is an error
 *   cholesky_solve, polar, logdet            of those */
#include "ops/linalg.h"
#include "ops/reduce_norm.h"

#include <math.h>

static tp_tensor *flip(tp_tensor *x) { return tp_transpose(x, -1, -2); }
static int64_t rows_of(const tp_tensor *x) { return x->shape[x->ndim - 2]; }
static int64_t columns_of(const tp_tensor *x) { return x->shape[x->ndim - 1]; }

/* ---- SVD ---------------------------------------------------------------------------------------------------------------------------- */

/* Columns up to a basis */
static tp_tensor *completed(tp_tensor *x)
{
    if (!x || rows_of(x) == columns_of(x)) return x;
    return tp_cat(TP_TENSORS(x, tp__orthogonal_complement(tp_detach(x))), -1);
}
typedef struct svd_attr { bool full_matrices; int32_t driver; } svd_attr;
static tp_status svd_compose(tp__call *call)
{
    const svd_attr *attr = call->attr;
    tp_tensor *out[3];
    if (tp__linalg_matrix(call, call->in[0]) || !tp__svd(call->in[0], out)) return tp__pending();
    if (attr->full_matrices) {
        out[0] = completed(out[0]);
        out[2] = flip(completed(flip(out[2])));
    }
    for (int i = 0; i < 3; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    return TP_OK;
}
typedef struct torch_svd_attr { bool some, compute_uv; } torch_svd_attr;
static tp_status torch_svd_compose(tp__call *call)     /* V, not its transpose; without vectors zeros */
{
    const torch_svd_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *out[3];
    if (tp__linalg_matrix(call, x) || !tp__svd(x, out)) return tp__pending();
    out[2] = flip(out[2]);
    for (int i = 0; i < 3; i += 2) {
        if (attr->compute_uv && !attr->some) out[i] = completed(out[i]);
        if (attr->compute_uv || !out[i]) continue;
        tp_shape shape = tp_shape_of(x);
        shape.dim[shape.ndim - 1] = shape.dim[shape.ndim - 2] = i ? columns_of(x) : rows_of(x);
        out[i] = tp_zeros(shape, .dtype = tp_dtype_of(x), .device = tp_device_of(x));
    }
    for (int i = 0; i < 3; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    return TP_OK;
}

/* ---- Tolerances, rank, pseudoinverse -------------------------------------------------------------------------------------------------- */

/* max(atol, rtol s_max) for each matrix, as a last dim. A tolerance may be absent, a number or a tensor. */
static tp_tensor *least_that_counts(tp_tensor *s, tp_tensor *atol, tp_tensor *rtol, const tp_tensor *x)
{
    if (!s) return NULL;
    const double eps = x->dtype == TP_F64 ? 0x1p-52 : 0x1p-23, usual = eps * (double)(rows_of(x) > columns_of(x) ? rows_of(x) : columns_of(x));
    if (!s->shape[s->ndim - 1]) return tp_sum(s, .dims = TP_DIMS(-1), .keepdim = true);
    tp_tensor *most = tp_amax(s, .dims = TP_DIMS(-1), .keepdim = true);
    if (!rtol) rtol = atol ? tp_mul(tp_to_dtype(tp_le(atol, 0), (tp_dtype)x->dtype), usual) : tp_full(TP_SHAPE(1), usual, .dtype = (tp_dtype)x->dtype, .device = x->device);
    if (rtol && rtol->ndim && rtol->ndim == s->ndim - 1) rtol = tp_unsqueeze(rtol, -1);
    tp_tensor *least = tp_mul(most, rtol);
    if (atol && atol->ndim && atol->ndim == s->ndim - 1) atol = tp_unsqueeze(atol, -1);
    return atol ? tp_maximum(least, tp_to_dtype(atol, (tp_dtype)x->dtype)) : least;
}

static tp_tensor *tolerance(tp_tensor *t) { return t ? tp_detach(t) : NULL; }

static tp_status rank(tp__call *call, bool hermitian, tp_tensor *atol, tp_tensor *rtol)
{
    TP_NO_GRAD();
    tp_tensor *x = call->in[0], *s = NULL;
    if (hermitian ? tp__linalg_square(call, x) : tp__linalg_matrix(call, x)) return tp__pending();
    if (!hermitian) s = tp_linalg_svdvals(x);
    else if (tp__eigh(x, false, &s, NULL)) s = tp_abs(s);
    if (!s) return tp__pending();
    return tp__give_out(call, tp_sum(tp_gt(s, least_that_counts(s, atol, rtol, x)), .dims = TP_DIMS(-1)));
}
static tp_status rank_compose(tp__call *call) { return rank(call, *(const bool *)call->attr, call->in[1], call->in[2]); }
static tp_status rank_tol_compose(tp__call *call)      /* tol counts by itself */
{
    tp_tensor *none = tp_zeros(TP_SHAPE(1), .dtype = TP_F64, .device = call->in[0]->device);
    return none ? rank(call, *(const bool *)call->attr, call->in[1], none) : tp__pending();
}

static tp_status pinv_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    if (*(const bool *)call->attr ? tp__linalg_square(call, x) : tp__linalg_matrix(call, x)) return tp__pending();
    memcpy(shape, x->shape, sizeof *shape * (size_t)x->ndim);
    shape[x->ndim - 2] = columns_of(x);
    shape[x->ndim - 1] = rows_of(x);
    call->takes_host_values = true;                    /* tolerances that are numbers */
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, shape));
}
static tp_status pinv_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *x = call->in[0], *out[3] = { NULL }, *w = NULL, *v = NULL, *y = NULL;
    const bool hermitian = *(const bool *)call->attr;
    if (hermitian ? tp__eigh(x, false, &w, &v) : tp__svd(x, out)) {
        tp_tensor *s = hermitian ? tp_abs(w) : out[1], *over = hermitian ? w : out[1];
        tp_tensor *counts = s ? tp_gt(s, least_that_counts(s, call->in[1], call->in[2], x)) : NULL;
        over = tp_unsqueeze(tp_where(counts, tp_reciprocal(over), 0), -2);
        y = hermitian ? tp_matmul(tp_mul(v, over), flip(v)) : tp_matmul(tp_mul(flip(out[2]), over), flip(out[0]));
        y = tp_copy_(call->out[0], y);
    }
    tp__list_release(mark);
    return tp__made(y);
}
/* dA = -Y' dY Y' + (1 - A Y) dY' Y Y' + Y' Y dY' (1 - Y A) */
static tp_status pinv_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    tp_tensor *a = tp__saved(node, 0), *y = tp__saved(node, 1), *yt = flip(y), *gt = flip(dy[0]);
    tp_tensor *first = tp_matmul(yt, tp_matmul(dy[0], yt));
    tp_tensor *left = tp_matmul(gt, tp_matmul(y, yt)), *right = tp_matmul(tp_matmul(yt, y), gt);
    left = tp_sub(left, tp_matmul(a, tp_matmul(y, left)));
    right = tp_sub(right, tp_matmul(tp_matmul(right, y), a));
    return tp__made(dx[0] = tp_add(tp_sub(left, first), right));
}
static const tp_op op_pseudoinverse;
static tp_tensor *pseudoinverse(tp_tensor *x, tp_tensor *atol, tp_tensor *rtol, bool hermitian)
{
    return tp__run1(&op_pseudoinverse, (tp_tensor *[]){ x, tolerance(atol), tolerance(rtol) }, 3, &hermitian, NULL);
}
static tp_status pinv_compose(tp__call *call)
{
    return tp__give_out(call, pseudoinverse(call->in[0], call->in[1], call->in[2], *(const bool *)call->attr));
}
static tp_status pinv_rcond_compose(tp__call *call)
{
    return tp__give_out(call, pseudoinverse(call->in[0], NULL, call->in[1], *(const bool *)call->attr));
}
static tp_status pinverse_compose(tp__call *call)
{
    tp_tensor *rcond = tp_full(TP_SHAPE(1), *(const double *)call->attr, .dtype = TP_F64, .device = call->in[0]->device);
    return rcond ? tp__give_out(call, pseudoinverse(call->in[0], NULL, rcond, false)) : tp__pending();
}

/* ---- Least squares ---------------------------------------------------------------------------------------------------------------------- */

enum { GELSY = 1, GELS, GELSD, GELSS };
typedef struct lstsq_attr { tp_operand rcond; int32_t driver; } lstsq_attr;
static tp_status lstsq_compose(tp__call *call)
{
    const lstsq_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    const int driver = attr->driver ? attr->driver : GELSY;
    if (tp__linalg_matrix(call, a)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)a->dtype;
    const int64_t m = rows_of(a), n = columns_of(a);
    bool vector = b->ndim == a->ndim - 1;
    for (int d = 0; d < b->ndim && vector; d++) vector = b->shape[d] == a->shape[d];
    if (b->dtype != a->dtype || !b->ndim || (!vector && (b->ndim < 2 || rows_of(b) != m)))
        return tp__call_fail(call, TP_ERR_SHAPE, "A is %s (%s), B %s (%s): they do not fit", tp__shape_text(a), tp_dtype_name(dtype), tp__shape_text(b), tp_dtype_name((tp_dtype)b->dtype));
    if (vector) b = tp_unsqueeze(b, -1);
    tp_tensor *rcond = attr->rcond.kind ? tp__operand(attr->rcond) : NULL;
    tp_tensor *x = tp_matmul(pseudoinverse(a, NULL, rcond, false), b), *none = tp_zeros(TP_SHAPE(0), .dtype = dtype, .device = a->device),
              *ranks = tp_zeros(TP_SHAPE(0), .dtype = TP_I64, .device = a->device);
    if (x) none = tp_narrow(tp_reshape(x, TP_SHAPE(-1)), 0, 0, 0);
    tp_tensor *out[4] = { vector ? tp_select(x, -1, 0) : x, none, ranks, none };
    bool full = true;
    if (x && driver != GELS) {
        tp_tensor *s = tp_linalg_svdvals(a);
        if (!s) return tp__pending();
        out[2] = tp_sum(tp_gt(tp_detach(s), least_that_counts(tp_detach(s), NULL, rcond, a)), .dims = TP_DIMS(-1));
        if (driver != GELSY && s->numel) out[3] = s;
        if (!out[2]) return tp__pending();
        full = driver == GELSY || !out[2]->numel || tp_item(tp_min(out[2])) == (double)n;
    }
    if (x && m > n && full && n && b->numel) {
        tp_tensor *off = tp_sub(tp_matmul(a, x), b);
        out[1] = tp_sum(tp_mul(off, off), .dims = TP_DIMS(-2));
    }
    for (int i = 0; i < 4; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    return TP_OK;
}

/* ---- cond --------------------------------------------------------------------------------------------------------------------------------- */

static tp_status cond_compose(tp__call *call)
{
    const tp_arg *arg = *(const tp_arg *const *)call->attr;
    tp_tensor *x = call->in[0];
    double p = 2;
    const bool number = !arg || tp__norm_order(arg, &p);
    if (tp__linalg_matrix(call, x)) return tp__pending();
    if (number && fabs(p) == 2) {
        tp_tensor *s = tp_linalg_svdvals(x);
        if (!s) return tp__pending();
        if (!s->shape[s->ndim - 1]) return tp__give_out(call, tp_sum(s, .dims = TP_DIMS(-1)));
        tp_tensor *first = tp_select(s, -1, 0), *last = tp_select(s, -1, -1);
        return tp__give_out(call, p > 0 ? tp_div(first, last) : tp_div(last, first));
    }
    if (tp__linalg_square(call, x)) return tp__pending();
    if (!number && arg->kind != TP_ARG_STRING) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is a number, \"fro\" or \"nuc\"");
    tp_tensor *inverse = tp_linalg_inv(x);
    if (!inverse && tp_error_status() == TP_ERR_NUMERIC && x->ndim == 2) {         /* singular */
        tp_clear_error();
        return tp__give_out(call, tp_full(TP_SHAPE(), HUGE_VAL, .dtype = tp_dtype_of(x), .device = tp_device_of(x)));
    }
    if (number) return tp__give_out(call, tp_mul(tp_linalg_matrix_norm_of(x, p), tp_linalg_matrix_norm_of(inverse, p)));
    return tp__give_out(call, tp_mul(tp_linalg_matrix_norm(x, arg->value.string), tp_linalg_matrix_norm(inverse, arg->value.string)));
}

/* ---- matrix_exp ------------------------------------------------------------------------------------------------------------------------------ */

enum { TERMS = 18, MOST_SQUARINGS = 1100 };            /* 1 / 18! < 2^-52 where the norm is at most 1 */
static tp_status exp_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if ((dtype == TP_F16 || dtype == TP_BF16) && !(x = tp_to_dtype(x, TP_F32))) return tp__pending();
    if (tp__linalg_square(call, x)) return tp__pending();
    const int64_t n = columns_of(x);
    if (!x->numel) return tp__give_out(call, tp_clone(x));
    if (!(x = tp_to_dtype(x, tp__is_complex(dtype) ? TP_C128 : TP_F64))) return tp__pending();         /* squaring loses digits */
    tp_tensor *norm = tp_max(tp_sum(tp_abs(tp_detach(x)), .dims = TP_DIMS(-1)));
    if (!norm) return tp__pending();
    const double size = tp_item(norm);
    int squarings = 0;
    while (squarings < MOST_SQUARINGS && ldexp(size, -squarings) > 1) squarings++;
    if (!(size < INFINITY)) squarings = 0;             /* NaN all over */
    tp_tensor *a = squarings ? tp_mul(x, ldexp(1, -squarings)) : x;
    tp_tensor *one = tp_eye(n, TP_NONE, .dtype = tp_dtype_of(x), .device = tp_device_of(x)), *y = tp_add(tp_div(a, TERMS), one);
    for (int k = TERMS - 1; k > 0 && y; k--) y = tp_add(tp_div(tp_matmul(a, y), k), one);
    for (int k = 0; k < squarings && y; k++) y = tp_matmul(y, y);
    return tp__give_out(call, tp_to_dtype(y, dtype));
}

/* ---- By Cholesky's factor, logdet, infos ------------------------------------------------------------------------------------------------------- */

/* X of (L L') X = B, or of (U' U) X = B. With G = (L L')^-1 dX and S = G X' + X G':  dB = G,  dL = -S L,  dU = -U S, whole matrices as
 * PyTorch has them */
static tp_status factor_shape(tp__call *call)
{
    const tp_tensor *b = call->in[0], *l = call->in[1];
    bool fits = b->ndim >= 2 && b->ndim == l->ndim && tp__is_floating(b->dtype) && b->dtype == l->dtype && rows_of(b) == rows_of(l)
        && rows_of(l) == columns_of(l);
    for (int d = 0; d < b->ndim - 2 && fits; d++) fits = b->shape[d] == l->shape[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit", tp__shape_text(b), tp__shape_text(l));
    return tp__made(tp__out(call, (tp_dtype)b->dtype, b->ndim, b->shape));
}
static tp_status factor_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *first = *(const bool *)call->attr ? flip(call->in[1]) : call->in[1], *y = tp_linalg_solve_triangular(first, call->in[0], false);
    y = tp_copy_(call->out[0], tp_linalg_solve_triangular(flip(first), y, true));
    tp__list_release(mark);
    return tp__made(y);
}
static const tp_op op_factor_solve;
static tp_tensor *factor_solve(tp_tensor *l, tp_tensor *b, bool upper)
{
    return tp__run1(&op_factor_solve, (tp_tensor *[]){ b, l }, 2, &upper, NULL);
}
static tp_status factor_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const bool upper = *(const bool *)tp__attr(node);
    tp_tensor *l = tp__saved(node, 0), *x = tp__saved(node, 1), *g = factor_solve(l, dy[0], upper);
    if (need & 1) dx[0] = g;
    if (need & 2) {
        tp_tensor *s = tp_matmul(g, flip(x));
        s = tp_neg(tp_add(s, flip(s)));
        dx[1] = upper ? tp_matmul(l, s) : tp_matmul(s, l);
    }
    return tp__made(need & 2 ? dx[1] : g);
}
static tp_status cholesky_solve_compose(tp__call *call)
{
    if (tp__linalg_square(call, call->in[1])) return tp__pending();
    tp_tensor *b = call->in[0], *l = call->in[1];
    if (b->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes matrices, not %s", tp__shape_text(b));
    tp_shape wide = tp_shape_of(b), deep = tp_shape_of(l);         /* batches broadcast */
    while (wide.ndim < deep.ndim) b = tp_unsqueeze(b, 0), wide.ndim++;
    while (deep.ndim < wide.ndim) l = tp_unsqueeze(l, 0), deep.ndim++;
    if (!b || !l) return tp__pending();
    wide = tp_shape_of(b), deep = tp_shape_of(l);
    for (int d = 0; d < wide.ndim - 2; d++) *(wide.dim[d] == 1 ? &wide.dim[d] : &deep.dim[d]) = wide.dim[d] == 1 ? deep.dim[d] : wide.dim[d];
    return tp__give_out(call, factor_solve(tp_expand(l, deep), tp_expand(b, wide), *(const bool *)call->attr));
}
static tp_status cholesky_inverse_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (tp__linalg_square(call, x)) return tp__pending();
    tp_tensor *one = tp_expand(tp_eye(columns_of(x), TP_NONE, .dtype = tp_dtype_of(x), .device = tp_device_of(x)), tp_shape_of(x));
    return tp__give_out(call, factor_solve(x, one, *(const bool *)call->attr));
}
static tp_status logdet_compose(tp__call *call)
{
    tp_tensor *log, *sign = tp_linalg_slogdet(call->in[0], &log);
    return tp__give_out(call, tp_where(tp_lt(sign, 0), (double)NAN, log));
}
typedef struct system_attr { bool upper, transpose, unitriangular; } system_attr;
static tp_status triangular_solve_compose(tp__call *call)
{
    const system_attr *attr = call->attr;
    tp_tensor *a = attr->transpose ? flip(call->in[1]) : call->in[1];
    tp_tensor *x = tp_linalg_solve_triangular(a, call->in[0], attr->upper != attr->transpose, .unitriangular = attr->unitriangular);
    return tp__give_out(call, x) ? tp__pending() : tp__give_out(call, tp_clone(call->in[1]));
}

/* 0, or for a single matrix 1 and NaN where it failed; a failing batch is an error */
static tp_status with_info(tp__call *call, tp_tensor *y, bool strict)
{
    const tp_tensor *a = call->in[0];
    int info = 0;
    if (!y && !strict && tp_error_status() == TP_ERR_NUMERIC && a->ndim == 2) {
        tp_clear_error();
        info = 1;
        y = tp_full_like(call->n_in > 1 ? call->in[1] : call->in[0], NAN);
    }
    if (tp__give_out(call, y)) return tp__pending();
    return tp__give_out(call, tp_full(tp__shape(a->ndim - 2, a->shape), info, .dtype = TP_I32, .device = a->device));
}
static tp_status inv_ex_compose(tp__call *call) { return with_info(call, tp_linalg_inv(call->in[0]), *(const bool *)call->attr); }
static tp_status cholesky_ex_compose(tp__call *call)
{
    const bool *attr = call->attr;
    tp_tensor *a = attr[0] ? flip(call->in[0]) : call->in[0], *l = tp_linalg_cholesky(a);
    return with_info(call, attr[0] ? flip(l) : l, attr[1]);
}
static tp_status solve_ex_compose(tp__call *call)
{
    const bool *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (attr[0]) return with_info(call, tp_linalg_solve(a, b), attr[1]);
    return with_info(call, flip(tp_linalg_solve(flip(a), flip(b))), attr[1]);
}

/* A = U P, P symmetric: U V' and V S V' */
static tp_status polar_compose(tp__call *call)
{
    tp_tensor *out[3];
    if (tp__linalg_matrix(call, call->in[0]) || !tp__svd(call->in[0], out)) return tp__pending();
    if (tp__give_out(call, tp_matmul(out[0], out[2]))) return tp__pending();
    return tp__give_out(call, tp_matmul(tp_mul(flip(out[2]), tp_unsqueeze(out[1], -2)), out[2]));
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------------ */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define FLAG(label, v) TP__NAMED(label, .kind = TP_ARG_BOOL, .value.boolean = v)
static void without_gradcheck(tp_sample_set *set, const tp_arg *args, int n)       /* vectors are unique but for a sign; triangles of a symmetric matrix */
{
    tp__sample sample = { .n = n, .no_gradcheck = true };
    memcpy(sample.args, args, sizeof *args * (size_t)n);
    set->take(set, &sample);
}
static void square_samples(tp_sample_set *set)         /* batches: with rows that repeat they would be singular */
{
    TP__GIVE(set, M(2, 3, 3));
    TP__GIVE(set, M(1, 1));
    TP__GIVE(set, X(0, 0));
}
static void matrix_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3));
    TP__GIVE(set, M(2, 4, 3));
    TP__GIVE(set, M(2, 4));
}
static void svd_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3));
    without_gradcheck(set, (const tp_arg[]){ M(2, 4, 3), TP__BOOL_ARG(true) }, 2);
    TP__GIVE(set, M(2, 4), TP__BOOL_ARG(false));
}
static void torch_svd_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 4, 3));
    TP__GIVE(set, M(2, 4), TP__BOOL_ARG(true), TP__BOOL_ARG(false));
}
static void pseudoinverse_samples(tp_sample_set *set) { TP__GIVE(set, M(4, 3), { .kind = TP_ARG_NONE }, { .kind = TP_ARG_NONE }, TP__BOOL_ARG(false)); }
static void pinv_samples(tp_sample_set *set)
{
    matrix_samples(set);
    TP__GIVE(set, M(2, 3), TP__NAMED("rtol", .kind = TP_ARG_FLOAT, .value.real = 1e-3));
}
static void rank_samples(tp_sample_set *set)
{
    matrix_samples(set);
    TP__GIVE(set, M(3, 3), TP__NAMED("atol", .kind = TP_ARG_FLOAT, .value.real = 0.5), FLAG("hermitian", true));
}
static void tol_samples(tp_sample_set *set) { TP__GIVE(set, M(2, 3, 3), TP__FLOAT_ARG(1e-3)); }
static void lstsq_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(4, 3), X(4, 2));
    TP__GIVE(set, M(2, 3), X(2, 2));
    TP__GIVE(set, M(4, 3), X(4, 2), TP__NAMED("driver", .kind = TP_ARG_STRING, .value.string = "gelsd"));
}
static void cond_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3));
    TP__GIVE(set, M(2, 3, 3), TP__STRING_ARG("fro"));
    TP__GIVE(set, M(2, 3, 3), TP__INT_ARG(-2));
}
/* The gradient of a whole matrix, of which one triangle is read */
static void factor_solve_samples(tp_sample_set *set) { without_gradcheck(set, (const tp_arg[]){ X(3, 2), M(3, 3), TP__BOOL_ARG(true) }, 3); }
static void factor_samples(tp_sample_set *set)
{
    without_gradcheck(set, (const tp_arg[]){ X(3, 2), M(3, 3) }, 2);
    without_gradcheck(set, (const tp_arg[]){ X(3, 2), M(2, 3, 3), TP__BOOL_ARG(true) }, 3);
}
static void cholesky_inverse_samples(tp_sample_set *set)
{
    without_gradcheck(set, (const tp_arg[]){ M(3, 3) }, 1);
    without_gradcheck(set, (const tp_arg[]){ M(2, 2, 2), TP__BOOL_ARG(true) }, 2);
}
static void triangular_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 2), M(3, 3));
    TP__GIVE(set, X(3, 2), M(3, 3), TP__BOOL_ARG(false), TP__BOOL_ARG(true), TP__BOOL_ARG(true));
}
static void cholesky_ex_samples(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(tp__linalg_sample(set, TP_SHAPE(2, 3, 3)));
    x = tp_matmul(x, flip(x));
    if (x) tp_requires_grad(x, true);
    without_gradcheck(set, (const tp_arg[]){ TP__TENSOR_ARG(x) }, 1);
}
static void solve_ex_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3), X(2, 3, 2));
    TP__GIVE(set, M(2, 3, 3), X(2, 2, 3), FLAG("left", false));
}

#define TOLERANCES "(Tensor input, *, Tensor|number? atol=none, Tensor|number? rtol=none, bool hermitian=false) -> Tensor"
static const tp_op op_svd = TP__COMPOSED("linalg_svd(Tensor A, bool full_matrices=true, *, string{gesvd,gesvdj,gesvda} driver=none) -> (Tensor, Tensor, Tensor)", svd_compose, sizeof(svd_attr), svd_samples);
static const tp_op op_torch_svd = TP__COMPOSED("svd(Tensor input, bool some=true, bool compute_uv=true) -> (Tensor, Tensor, Tensor)", torch_svd_compose, sizeof(torch_svd_attr), torch_svd_samples);
static const tp_op op_pseudoinverse = { .schema = "pseudoinverse(Tensor input, Tensor? atol, Tensor? rtol, bool hermitian) -> Tensor", .flags = TP__INTERNAL,
    .shape = pinv_shape, .forward = pinv_forward, .backward = pinv_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .attr_size = sizeof(bool),
    .samples = pseudoinverse_samples, .state = TP__STATE };
static const tp_op op_pinv = TP__COMPOSED("linalg_pinv" TOLERANCES, pinv_compose, sizeof(bool), pinv_samples);
static const tp_op op_pinv_rcond = TP__COMPOSED("linalg_pinv.rcond(Tensor input, Tensor|number rcond, bool hermitian=false) -> Tensor", pinv_rcond_compose, sizeof(bool), tol_samples);
static const tp_op op_pinverse = TP__COMPOSED("pinverse(Tensor input, float rcond=1e-15) -> Tensor", pinverse_compose, sizeof(double), matrix_samples);
static const tp_op op_rank = { .schema = "linalg_matrix_rank" TOLERANCES, .flags = TP__NO_GRAD_OP, .compose = rank_compose, .attr_size = sizeof(bool), .samples = rank_samples, .state = TP__STATE };
static const tp_op op_rank_tol = { .schema = "linalg_matrix_rank.tol(Tensor input, Tensor|number tol, bool hermitian=false) -> Tensor", .flags = TP__NO_GRAD_OP, .compose = rank_tol_compose,
    .attr_size = sizeof(bool), .samples = tol_samples, .state = TP__STATE };
static const tp_op op_lstsq = TP__COMPOSED("linalg_lstsq(Tensor input, Tensor b, number? rcond=none, *, string{gelsy,gels,gelsd,gelss} driver=none) -> (Tensor, Tensor, Tensor, Tensor)",
    lstsq_compose, sizeof(lstsq_attr), lstsq_samples);
static const tp_op op_cond = TP__COMPOSED("linalg_cond(Tensor input, any p=none) -> Tensor", cond_compose, sizeof(const tp_arg *), cond_samples);
static const tp_op op_matrix_exp = TP__COMPOSED("matrix_exp(Tensor input) -> Tensor", exp_compose, 0, square_samples);
static const tp_op op_linalg_matrix_exp = TP__COMPOSED("linalg_matrix_exp(Tensor input) -> Tensor", exp_compose, 0, square_samples);
static const tp_op op_factor_solve = { .schema = "factor_solve(Tensor input, Tensor factor, bool upper) -> Tensor", .flags = TP__INTERNAL, .shape = factor_shape,
    .forward = factor_forward, .backward = factor_backward, .saves = { TP__INPUT(1, 0), TP__OUTPUT(0) }, .attr_size = sizeof(bool), .samples = factor_solve_samples,
    .state = TP__STATE };
static const tp_op op_cholesky_solve = TP__COMPOSED("cholesky_solve(Tensor input, Tensor input2, bool upper=false) -> Tensor", cholesky_solve_compose, sizeof(bool), factor_samples);
static const tp_op op_cholesky_inverse = TP__COMPOSED("cholesky_inverse(Tensor input, bool upper=false) -> Tensor", cholesky_inverse_compose, sizeof(bool), cholesky_inverse_samples);
static const tp_op op_logdet = TP__COMPOSED("logdet(Tensor input) -> Tensor", logdet_compose, 0, square_samples);
static const tp_op op_triangular_solve = TP__COMPOSED("triangular_solve(Tensor input, Tensor A, bool upper=true, bool transpose=false, bool unitriangular=false) -> (Tensor, Tensor)",
    triangular_solve_compose, sizeof(system_attr), triangular_samples);
static const tp_op op_inv_ex = TP__COMPOSED("linalg_inv_ex(Tensor A, *, bool check_errors=false) -> (Tensor, Tensor)", inv_ex_compose, sizeof(bool), square_samples);
static const tp_op op_cholesky_ex = TP__COMPOSED("linalg_cholesky_ex(Tensor input, *, bool upper=false, bool check_errors=false) -> (Tensor, Tensor)", cholesky_ex_compose, 2 * sizeof(bool), cholesky_ex_samples);
static const tp_op op_solve_ex = TP__COMPOSED("linalg_solve_ex(Tensor A, Tensor B, *, bool left=true, bool check_errors=false) -> (Tensor, Tensor)", solve_ex_compose, 2 * sizeof(bool), solve_ex_samples);
static const tp_op op_polar = TP__COMPOSED("linalg_polar(Tensor A) -> (Tensor, Tensor)", polar_compose, 0, square_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_matrix_exp(tp_tensor *a) { return tp__run1(&op_matrix_exp, &a, 1, NULL, TP__CALLER); }
tp_tensor *tp_linalg_pinv(tp_tensor *a) { return tp__run1(&op_pinv, (tp_tensor *[]){ a, NULL, NULL }, 3, &(bool){ false }, TP__CALLER); }
tp_tensor *tp_linalg_matrix_rank(tp_tensor *a) { return tp__run1(&op_rank, (tp_tensor *[]){ a, NULL, NULL }, 3, &(bool){ false }, TP__CALLER); }
tp_tensor *tp_linalg_cond(tp_tensor *a) { return tp__run1(&op_cond, &a, 1, &(const tp_arg *){ NULL }, TP__CALLER); }
tp_tensor *tp_linalg_lstsq(tp_tensor *a, tp_tensor *b)
{
    tp_tensor *out[4];
    return tp__run(&op_lstsq, (tp_tensor *[]){ a, b }, 2, &(lstsq_attr){ .driver = GELS }, out, 4, TP__CALLER) < 0 ? NULL : out[0];
}
tp_tensor *tp_linalg_svd(tp_tensor *a, tp_tensor **s, tp_tensor **vh)
{
    tp_tensor *out[3] = { NULL };
    const int n = tp__run(&op_svd, &a, 1, &(svd_attr){ .full_matrices = false }, out, 3, TP__CALLER);
    if (s) *s = n < 0 ? NULL : out[1];
    if (vh) *vh = n < 0 ? NULL : out[2];
    return n < 0 ? NULL : out[0];
}

tp_tensor *tp_cholesky_solve(tp_tensor *b, tp_tensor *l, bool upper) { return tp__run1(&op_cholesky_solve, (tp_tensor *[]){ b, l }, 2, &upper, TP__CALLER); }
tp_tensor *tp_cholesky_inverse(tp_tensor *l, bool upper) { return tp__run1(&op_cholesky_inverse, &l, 1, &upper, TP__CALLER); }
tp_tensor *tp_logdet(tp_tensor *a) { return tp__run1(&op_logdet, &a, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_linalg_forms[] = {
    &op_svd, &op_torch_svd, &op_pseudoinverse, &op_pinv, &op_pinv_rcond, &op_pinverse, &op_rank, &op_rank_tol, &op_lstsq, &op_cond, &op_matrix_exp,
    &op_linalg_matrix_exp, &op_factor_solve, &op_cholesky_solve, &op_cholesky_inverse, &op_logdet, &op_triangular_solve, &op_inv_ex, &op_cholesky_ex, &op_solve_ex, &op_polar, NULL,
};
