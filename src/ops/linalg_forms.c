/* linalg_forms.c: what is made of factors that a user has, or of products.
 *
 *   matrix_exp        Taylor's series of A / 2^s, squared s times (Higham 2008, 10.3)
 *   cholesky_solve, cholesky_inverse, triangular_solve         by triangular systems
 *   logdet            of slogdet, NaN where the sign is negative
 *   .._ex             of one matrix: info 1, and NaN, where it failed; a batch with one that fails is an error */
#include "ops/linalg.h"

#include <math.h>

/* ---- matrix_exp ------------------------------------------------------------------------------------------------------------------------------ */

enum { TERMS = 18, MOST_SQUARINGS = 1100 };            /* 1 / 18! < 2^-52 where the norm is at most 1 */
static tp_status exp_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if ((dtype == TP_F16 || dtype == TP_BF16) && !(x = tp_to_dtype(x, TP_F32))) return tp__pending();
    if (tp__linalg_square(call, x)) return tp__pending();
    const int64_t n = tp__columns(x);
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
    bool fits = b->ndim >= 2 && b->ndim == l->ndim && tp__is_floating(b->dtype) && b->dtype == l->dtype && tp__rows(b) == tp__rows(l)
        && tp__rows(l) == tp__columns(l);
    for (int d = 0; d < b->ndim - 2 && fits; d++) fits = b->shape[d] == l->shape[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit", tp__shape_text(b), tp__shape_text(l));
    return tp__made(tp__out(call, (tp_dtype)b->dtype, b->ndim, b->shape));
}
static tp_status factor_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *first = *(const bool *)call->attr ? tp__flip(call->in[1]) : call->in[1], *y = tp_linalg_solve_triangular(first, call->in[0], false);
    y = tp_copy_(call->out[0], tp_linalg_solve_triangular(tp__flip(first), y, true));
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
        tp_tensor *s = tp_matmul(g, tp__flip(x));
        s = tp_neg(tp_add(s, tp__flip(s)));
        dx[1] = upper ? tp_matmul(l, s) : tp_matmul(s, l);
    }
    return tp__made(need & 2 ? dx[1] : g);
}
static tp_status cholesky_solve_compose(tp__call *call)
{
    tp_tensor *b = call->in[0], *l = call->in[1];
    if (tp__linalg_square(call, l) || tp__linalg_matrix(call, b)) return tp__pending();
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
    tp_tensor *one = tp_expand(tp_eye(tp__columns(x), TP_NONE, .dtype = tp_dtype_of(x), .device = tp_device_of(x)), tp_shape_of(x));
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
    tp_tensor *a = attr->transpose ? tp__flip(call->in[1]) : call->in[1];
    tp_tensor *x = tp_linalg_solve_triangular(a, call->in[0], attr->upper != attr->transpose, .unitriangular = attr->unitriangular);
    return tp__give_out(call, x) ? tp__pending() : tp__give_out(call, tp_clone(call->in[1]));
}

/* What has infos: of each matrix 0, or the order of the least leading minor, or the pivot, by which it fails. */
typedef tp_tensor *factor_fn(const tp__call *call, tp_tensor *a);

static bool fails(tp_tensor *y)
{
    const bool numeric = !y && tp_error_status() == TP_ERR_NUMERIC;
    if (numeric) tp_clear_error();
    return numeric;
}
/* How many rows and columns of a matrix that fails it takes to fail */
static int64_t least_minor(const tp__call *call, factor_fn *f, tp_tensor *a)
{
    int64_t good = 0, bad = a->shape[0];
    while (bad - good > 1 && !tp_failed()) {
        const int64_t middle = good + (bad - good) / 2;
        if (fails(f(call, tp_narrow(tp_narrow(a, 0, 0, middle), 1, 0, middle)))) bad = middle;
        else good = middle;
    }
    return bad;
}
/* The first pivot that is 0 when rows are exchanged; the last, where only another order of the additions makes one 0 */
static int64_t zero_pivot(tp_tensor *a)
{
    tp_tensor *lu[3];
    const int64_t at = tp__linalg_lu(a, true, lu) ? tp_item_i64(lu[2]) : 0;
    return at ? at : a->shape[0];
}
/* int32 [batch] of a */
static tp_tensor *infos_of(const tp__call *call, factor_fn *f, tp_tensor *a, bool by_minors)
{
    const int64_t n = a->shape[a->ndim - 1];
    tp_tensor *each = tp_reshape(tp_detach(a), TP_SHAPE(-1, n, n)), *info = each ? tp_zeros(TP_SHAPE(each->shape[0]), .dtype = TP_I32) : NULL;
    for (int64_t i = 0; info && i < info->numel; i++) {
        tp_tensor *one = tp_select(each, 0, i);
        if (one && fails(f(call, one))) ((int32_t *)info->data)[i] = (int32_t)(by_minors ? least_minor(call, f, one) : zero_pivot(one));
    }
    return tp_failed() ? NULL : tp_to(tp_reshape(info, tp__shape(a->ndim - 2, a->shape)), a->device);
}

/* y and the infos. Where that fails, and may, those that do are replaced by the unit matrix, and what comes of it by NaN. */
static tp_status with_info(tp__call *call, factor_fn *f, factor_fn *factor, bool by_minors, bool strict)
{
    tp_tensor *a = call->in[0], *y = f(call, a), *info = NULL;
    if (!strict && fails(y)) {
        info = infos_of(call, factor, a, by_minors);
        tp_tensor *bad = info ? tp_ne(tp_unsqueeze(tp_unsqueeze(info, -1), -1), 0) : NULL;
        if (!bad) return tp__pending();
        y = f(call, tp_where(bad, tp_eye(a->shape[a->ndim - 1], a->shape[a->ndim - 1], .dtype = (tp_dtype)a->dtype, .device = a->device), a));
        if (y && y->ndim < a->ndim) bad = tp_squeeze(bad, .dims = TP_DIMS(-1));       /* of vectors */
        y = tp_masked_fill(y, bad, NAN);
    }
    if (tp__give_out(call, y)) return tp__pending();
    return tp__give_out(call, info ? info : tp_zeros(tp__shape(a->ndim - 2, a->shape), .dtype = TP_I32, .device = a->device));
}

static tp_tensor *inverse(const tp__call *call, tp_tensor *a) { return (void)call, tp_linalg_inv(a); }
static tp_tensor *triangle(const tp__call *call, tp_tensor *a)
{
    const bool upper = *(const bool *)call->attr;
    tp_tensor *l = tp_linalg_cholesky(upper ? tp__flip(a) : a);
    return upper ? tp__flip(l) : l;
}
static tp_tensor *solution(const tp__call *call, tp_tensor *a)
{
    const bool left = *(const bool *)call->attr;
    return left ? tp_linalg_solve(a, call->in[1]) : tp__flip(tp_linalg_solve(tp__flip(a), tp__flip(call->in[1])));
}
static tp_tensor *unit_solution(const tp__call *call, tp_tensor *a)      /* fails where `solution` does */
{
    (void)call;
    return a ? tp_linalg_solve(a, tp_ones(TP_SHAPE(a->shape[1], 1), .dtype = (tp_dtype)a->dtype, .device = a->device)) : NULL;
}
static tp_status inv_ex_compose(tp__call *call) { return with_info(call, inverse, inverse, false, *(const bool *)call->attr); }
static tp_status cholesky_ex_compose(tp__call *call) { return with_info(call, triangle, triangle, true, ((const bool *)call->attr)[1]); }
static tp_status solve_ex_compose(tp__call *call) { return with_info(call, solution, unit_solution, false, ((const bool *)call->attr)[1]); }

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------------ */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void square_samples(tp_sample_set *set)         /* batches: with rows that repeat they would be singular */
{
    TP__GIVE(set, M(2, 3, 3));
    TP__GIVE(set, M(1, 1));
    TP__GIVE(set, X(0, 0));
}
/* The gradient of a whole matrix, of which one triangle is read */
static void factor_solve_samples(tp_sample_set *set) { tp__linalg_give_unchecked(set, (const tp_arg[]){ X(3, 2), M(3, 3), TP__BOOL_ARG(true) }, 3); }
static void factor_samples(tp_sample_set *set)
{
    tp__linalg_give_unchecked(set, (const tp_arg[]){ X(3, 2), M(3, 3) }, 2);
    tp__linalg_give_unchecked(set, (const tp_arg[]){ X(3, 2), M(2, 3, 3), TP__BOOL_ARG(true) }, 3);
}
static void cholesky_inverse_samples(tp_sample_set *set)
{
    tp__linalg_give_unchecked(set, (const tp_arg[]){ M(3, 3) }, 1);
    tp__linalg_give_unchecked(set, (const tp_arg[]){ M(2, 2, 2), TP__BOOL_ARG(true) }, 2);
}
static void triangular_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 2), M(3, 3));
    TP__GIVE(set, X(3, 2), M(3, 3), TP__BOOL_ARG(false), TP__BOOL_ARG(true), TP__BOOL_ARG(true));
}
static void solve_ex_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 3, 3), X(2, 3, 2));
    TP__GIVE(set, M(2, 3, 3), X(2, 2, 3), TP__NAMED("left", .kind = TP_ARG_BOOL, .value.boolean = false));
}

static const tp_op op_matrix_exp = TP__COMPOSED("matrix_exp(Tensor input) -> Tensor", exp_compose, 0, square_samples);
static const tp_op op_linalg_matrix_exp = TP__COMPOSED("linalg_matrix_exp(Tensor input) -> Tensor", exp_compose, 0, square_samples);
static const tp_op op_factor_solve = { .schema = "factor_solve(Tensor input, Tensor factor, bool upper) -> Tensor",
    .flags = TP__INTERNAL, .shape = factor_shape,
    .forward = factor_forward, .backward = factor_backward, .saves = { TP__INPUT(1, 0), TP__OUTPUT(0) }, .attr_size = sizeof(bool),
    .samples = factor_solve_samples,
    .state = TP__STATE };
static const tp_op op_cholesky_solve = TP__COMPOSED("cholesky_solve(Tensor input, Tensor input2, bool upper=false) -> Tensor",
    cholesky_solve_compose, sizeof(bool), factor_samples);
static const tp_op op_cholesky_inverse = TP__COMPOSED("cholesky_inverse(Tensor input, bool upper=false) -> Tensor",
    cholesky_inverse_compose, sizeof(bool), cholesky_inverse_samples);
static const tp_op op_logdet = TP__COMPOSED("logdet(Tensor input) -> Tensor", logdet_compose, 0, square_samples);
static const tp_op op_triangular_solve = TP__COMPOSED(
    "triangular_solve(Tensor input, Tensor A, bool upper=true, bool transpose=false, bool unitriangular=false) -> (Tensor, Tensor)",
    triangular_solve_compose, sizeof(system_attr), triangular_samples);
static const tp_op op_inv_ex = TP__COMPOSED("linalg_inv_ex(Tensor A, *, bool check_errors=false) -> (Tensor, Tensor)",
    inv_ex_compose, sizeof(bool), square_samples);
static const tp_op op_cholesky_ex = TP__COMPOSED("linalg_cholesky_ex(Tensor input, *, bool upper=false, bool check_errors=false) -> (Tensor, Tensor)",
    cholesky_ex_compose, 2 * sizeof(bool), tp__linalg_positive);
static const tp_op op_solve_ex = TP__COMPOSED("linalg_solve_ex(Tensor A, Tensor B, *, bool left=true, bool check_errors=false) -> (Tensor, Tensor)",
    solve_ex_compose, 2 * sizeof(bool), solve_ex_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_matrix_exp(tp_tensor *a) { return tp__run1(&op_matrix_exp, &a, 1, NULL, TP__CALLER); }

tp_tensor *tp_cholesky_solve(tp_tensor *b, tp_tensor *l, bool upper) { return tp__run1(&op_cholesky_solve, (tp_tensor *[]){ b, l }, 2, &upper, TP__CALLER); }
tp_tensor *tp_cholesky_inverse(tp_tensor *l, bool upper) { return tp__run1(&op_cholesky_inverse, &l, 1, &upper, TP__CALLER); }
tp_tensor *tp_logdet(tp_tensor *a) { return tp__run1(&op_logdet, &a, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_linalg_forms[] = {
    &op_matrix_exp, &op_linalg_matrix_exp, &op_factor_solve, &op_cholesky_solve, &op_cholesky_inverse, &op_logdet, &op_triangular_solve, &op_inv_ex,
    &op_cholesky_ex, &op_solve_ex, NULL,
};
