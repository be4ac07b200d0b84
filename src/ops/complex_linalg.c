/* complex_linalg.c: factors and systems of complex matrices, made of the real ones.
 *
 * With [[re, -im], [im, re]] in the place of each element, complex matrices multiply, and transpose with conjugation, as these real ones
 * of twice their size do. Of a triangular matrix whose diagonal is real that is triangular as well, so the one real Cholesky factor of
 * what was made of A is what its complex one makes.
 *
 *   linalg_cholesky            of that matrix
 *   linalg_solve_triangular    of D^-1 A, D the diagonal of A: what was made of that has ones on its diagonal, and is triangular as well
 *   cholesky_solve, cholesky_inverse    L^-H L^-1 B, of the triangle and of its transpose
 *   linalg_slogdet, det, logdet         sign = prod v / |v| of the eigenvalues, logabs half of that matrix's, whose LU finds what is singular
 *                                       dA = (dlogabs - i im(sign conj(dsign))) A^-H */
#include "ops/complex.h"
#include "ops/linalg.h"

/* [.., n, n] -> [.., 2 n, 2 n] */
static tp_tensor *woven(tp_tensor *z)
{
    tp_tensor *re = tp_real(z), *im = tp_imag(z);
    tp_tensor *first = tp_stack(TP_TENSORS(re, im), -2), *second = tp_stack(TP_TENSORS(tp_neg(im), re), -2);       /* [.., n, 2, n]: columns of the pairs */
    tp_tensor *pairs = first && second ? tp_stack(TP_TENSORS(first, second), -1) : NULL;                           /* [.., n, 2, n, 2] */
    return tp_flatten(tp_flatten(pairs, -2, -1), -3, -2);
}
/* Its inverse, of a factor, whose diagonal is real but for rounding. */
static tp_tensor *unwoven(tp_tensor *x, bool upper)
{
    tp_tensor *column = tp_slice(x, -1, .step = 2);
    tp_tensor *re = tp_slice(column, -2, .step = 2), *im = tp_slice(column, -2, .start = 1, .step = 2);
    im = upper ? tp_triu(im, 1) : tp_tril(im, -1);
    return re && im ? tp_complex(re, im) : NULL;
}

tp_status tp__complex_cholesky(tp__call *call)
{
    tp_tensor *z = call->in[0], *l = NULL;
    if (tp__linalg_square(call, z)) return tp__pending();
    if (z->ndim > TP_MAX_DIMS - 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "of complex matrices it takes up to %d dims, not %s", TP_MAX_DIMS - 2, tp__shape_text(z));
    tp_tensor *diagonal = tp_eye(z->shape[z->ndim - 1], TP_NONE, .dtype = TP_BOOL, .device = z->device);
    tp_tensor *x = woven(tp_complex(tp_real(z), tp_where(diagonal, 0, tp_imag(z))));           /* what stands on it is taken as real, be it NaN */
    if (!x || tp__run(call->op, &x, 1, call->attr, &l, 1, NULL) < 0) return tp__pending();
    return tp__give_out(call, unwoven(l, *(const bool *)call->attr));
}

/* complex [.., n, r] -> real [.., 2 n, r], and back */
static tp_tensor *rows_of(tp_tensor *b)
{
    return tp_flatten(tp_stack(TP_TENSORS(tp_real(b), tp_imag(b)), -2), -3, -2);
}
static tp_tensor *of_rows(tp_tensor *x)
{
    tp_tensor *re = tp_slice(x, -2, .step = 2), *im = tp_slice(x, -2, .start = 1, .step = 2);
    return re && im ? tp_complex(re, im) : NULL;
}
/* A X = B, or X A = B */
static tp_status check_system(tp__call *call, const tp_tensor *a, const tp_tensor *b, bool left)
{
    if (tp__linalg_square(call, a) || tp__linalg_matrix(call, b)) return tp__pending();
    if (a->dtype != b->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "A is %s, B %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    if (b->shape[b->ndim - (left ? 2 : 1)] == a->shape[a->ndim - 1]) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "the %s of %s and %s do not fit", left ? "rows" : "columns", tp__shape_text(a), tp__shape_text(b));
}
/* Of as many dims as `ndim` */
static tp_tensor *deepened(tp_tensor *x, int ndim)
{
    while (x && x->ndim < ndim) x = tp_unsqueeze(x, 0);
    return x;
}
/* A X = B of a triangle of A. A diagonal of zeros gives inf and NaN, as PyTorch's does. */
static tp_tensor *below(tp_tensor *a, tp_tensor *b, bool upper, bool unit)
{
    if (!a || !b) return NULL;
    a = deepened(a, b->ndim), b = deepened(b, a ? a->ndim : 0);
    tp_tensor *diagonal = unit ? NULL : tp_unsqueeze(tp_diagonal(a, .dim1 = -2, .dim2 = -1), -1);
    if (!unit) a = tp_div(a, diagonal), b = tp_div(b, diagonal);
    a = upper ? tp_triu(a, 1) : tp_tril(a, -1);        /* what lies beyond is not read, be it NaN */
    return of_rows(tp_linalg_solve_triangular(woven(a), rows_of(b), upper, .unitriangular = true));
}
/* or X A = B, of which X^T is a solution of A^T */
static tp_tensor *system_of(tp_tensor *a, tp_tensor *b, bool upper, bool unit, bool left)
{
    if (left) return below(a, b, upper, unit);
    tp_tensor *x = below(tp_transpose(a, -1, -2), tp_transpose(b, -1, -2), !upper, unit);
    return tp_transpose(x, -1, -2);
}

typedef struct triangular_attr { bool upper, left, unitriangular; } triangular_attr;
tp_status tp__complex_solve_triangular(tp__call *call)
{
    const triangular_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (check_system(call, a, b, attr->left)) return tp__pending();
    return tp__give_out(call, system_of(a, b, attr->upper, attr->unitriangular, attr->left));
}

static tp_tensor *by_factor(tp_tensor *l, tp_tensor *b, bool upper)
{
    tp_tensor *turned = tp_conj(tp_transpose(l, -1, -2));
    return upper ? below(l, below(turned, b, false, false), true, false) : below(turned, below(l, b, false, false), true, false);
}
tp_status tp__complex_cholesky_solve(tp__call *call)
{
    tp_tensor *b = call->in[0], *l = call->in[1];
    if (check_system(call, l, b, true)) return tp__pending();
    return tp__give_out(call, by_factor(l, b, *(const bool *)call->attr));
}
tp_status tp__complex_cholesky_inverse(tp__call *call)
{
    tp_tensor *l = call->in[0];
    if (tp__linalg_square(call, l)) return tp__pending();
    tp_tensor *one = tp_eye(l->shape[l->ndim - 1], TP_NONE, .dtype = (tp_dtype)l->dtype, .device = l->device);
    return tp__give_out(call, by_factor(l, tp_expand(one, tp_shape_of(l)), *(const bool *)call->attr));
}

/* ---- Determinants ---------------------------------------------------------------------------------------------------------------------- */

static tp_status slogdet_shape(tp__call *call)
{
    const tp_tensor *a = call->in[0];
    if (tp__linalg_square(call, a)) return tp__pending();
    if (!tp__is_complex(a->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes complex dtypes, not %s", tp_dtype_name((tp_dtype)a->dtype));
    if (!tp__out(call, (tp_dtype)a->dtype, a->ndim - 2, a->shape)) return tp__pending();
    return tp__made(tp__out(call, tp__part_dtype(a->dtype), a->ndim - 2, a->shape));
}
/* A matrix with elements that are not finite has no eigenvalues; its determinant is NaN, as PyTorch's is by LU. */
static tp_status slogdet_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    const int64_t n = call->in[0]->shape[call->in[0]->ndim - 1], count = call->out[0]->numel;
    tp_tensor *z = tp_reshape(call->in[0], TP_SHAPE(count, n, n)), *good = tp_all(tp_isfinite(z), .dims = TP_DIMS(-2, -1)), *log = NULL;
    z = tp_where(tp_unsqueeze(tp_unsqueeze(good, -1), -1), z, 0);
    tp_tensor *sign = tp_prod(tp_sgn(tp_linalg_eigvals(z)), .dim = -1), *taint = tp_where(good, 1.0, (double)NAN);
    tp_linalg_slogdet(woven(z), &log);
    log = tp_mul(log, 0.5);
    sign = tp_where(tp_eq(log, (double)-INFINITY), 0, sign);
    sign = tp_add(tp_mul(sign, taint), 0);             /* -1 - 0i is -1 + 0i, whose logarithm is pi i */
    sign = tp_copy_(call->out[0], tp_reshape(sign, tp_shape_of(call->out[0])));
    log = tp_copy_(call->out[1], tp_reshape(tp_mul(log, taint), tp_shape_of(call->out[1])));
    tp__list_release(mark);
    return sign && log ? TP_OK : tp__pending();
}
static tp_status slogdet_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *a = tp__saved(node, 0), *sign = tp__saved(node, 1);         /* their conjugates */
    tp_tensor *turn = dy[0] ? tp_imag(tp_mul(dy[0], sign)) : NULL, *grow = dy[1];
    if (dy[0] && !turn) return tp__pending();
    if (!turn) turn = tp_zeros_like(grow);
    if (!grow) grow = tp_zeros_like(turn);
    tp_tensor *g = tp_unsqueeze(tp_unsqueeze(tp_complex(grow, turn), -1), -1);
    if (!a || !g) return tp__pending();
    /* Of a singular A, whose determinant is 0, nothing is asked, and it need have no inverse. */
    tp_tensor *one = tp_eye(a->shape[a->ndim - 1], TP_NONE, .dtype = (tp_dtype)a->dtype, .device = a->device);
    a = tp_where(tp_logical_or(tp_ne(g, 0), tp_ne(tp_unsqueeze(tp_unsqueeze(sign, -1), -1), 0)), a, one);
    return tp__made(dx[0] = tp_mul(g, tp__flip(tp_linalg_inv(a))));
}
static void slogdet_samples(tp_sample_set *set)
{
    for (int n = 1; n < 4; n++) {
        tp_tensor *re = tp_detach(tp__linalg_sample(set, TP_SHAPE(2, n, n)));
        if (re && !tp__is_complex(re->dtype)) {
            if (re->dtype != TP_F64) re = tp_to_dtype(re, TP_F32);
            re = tp_complex(re, tp_mul(re, 0.5));
        }
        if (re) tp_requires_grad(re, true);
        TP__GIVE(set, TP__TENSOR_ARG(re));
    }
}
static const tp_op op_slogdet = { .schema = "complex_slogdet(Tensor A) -> (Tensor, Tensor)", .flags = TP__INTERNAL, .shape = slogdet_shape,
                                  .forward = slogdet_forward,
    .backward = slogdet_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = slogdet_samples, .state = TP__STATE };

static tp_tensor *slogdet(tp__call *call, tp_tensor **log)
{
    if (tp__linalg_square(call, call->in[0])) return NULL;
    return tp__run_parts(&op_slogdet, call->in, 1, NULL, log, NULL, NULL);
}
tp_status tp__complex_slogdet(tp__call *call)
{
    tp_tensor *log = NULL, *sign = slogdet(call, &log);
    return tp__give_out(call, sign) ? tp__pending() : tp__give_out(call, log);
}
/* In float64, since what rounds a logarithm rounds the determinant by so much more as that is large. */
tp_status tp__complex_det(tp__call *call)
{
    tp_tensor *log = NULL, *z = call->in[0];
    if (tp__linalg_square(call, z) || !(z = tp_to_dtype(z, TP_C128))) return tp__pending();
    tp_tensor *sign = tp__run_parts(&op_slogdet, &z, 1, NULL, &log, NULL, NULL);
    return tp__give_out(call, tp_to_dtype(tp_mul(sign, tp_exp(log)), (tp_dtype)call->in[0]->dtype));
}
tp_status tp__complex_logdet(tp__call *call)
{
    tp_tensor *log = NULL, *sign = slogdet(call, &log);
    return tp__give_out(call, tp_add(tp_log(sign), log));
}

const tp_op *const tp__ops_complex_linalg[] = { &op_slogdet, NULL };
