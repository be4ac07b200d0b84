/* complex_linalg.c: factors and systems of complex matrices, made of the real ones.
 *
 * With [[re, -im], [im, re]] in the place of each element, complex matrices multiply, and transpose with conjugation, as these real ones
 * of twice their size do. Of a triangular matrix whose diagonal is real that is triangular as well, so the one real Cholesky factor of
 * what was made of A is what its complex one makes.
 *
 *   linalg_cholesky            of that matrix
 *   linalg_solve_triangular    linalg_solve of the triangle
 *   cholesky_solve, cholesky_inverse    L^-H L^-1 B, of the triangle and of its transpose
 *   linalg_slogdet, det, logdet         by the eigenvalues:  sign = prod v / |v|,  logabs = sum log |v|
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
    tp_tensor *idle = tp_diagonal(tp_imag(z), .dim1 = -2, .dim2 = -1);        /* what stands on the diagonal is taken as real */
    tp_tensor *x = woven(tp_complex(tp_real(z), tp_sub(tp_imag(z), tp_diag_embed(idle))));
    if (!x || tp__run(call->op, &x, 1, call->attr, &l, 1, NULL) < 0) return tp__pending();
    return tp__give_out(call, unwoven(l, *(const bool *)call->attr));
}

static tp_tensor *triangle_of(tp_tensor *a, bool upper, bool unit)
{
    if (!unit) return upper ? tp_triu(a, 0) : tp_tril(a, 0);
    tp_tensor *one = tp_eye(a->shape[a->ndim - 1], TP_NONE, .dtype = (tp_dtype)a->dtype, .device = a->device);
    return tp_add(upper ? tp_triu(a, 1) : tp_tril(a, -1), one);
}
/* B of as many dims as A, since one of fewer might count as vectors; A X = B or X A = B */
static tp_tensor *system_of(tp_tensor *a, tp_tensor *b, bool left)
{
    while (b && a && b->ndim < a->ndim) b = tp_unsqueeze(b, 0);
    while (a && b && a->ndim < b->ndim) a = tp_unsqueeze(a, 0);
    return left ? tp_linalg_solve(a, b) : tp_transpose(tp_linalg_solve(tp_transpose(a, -1, -2), tp_transpose(b, -1, -2)), -1, -2);
}

typedef struct triangular_attr { bool upper, left, unitriangular; } triangular_attr;
tp_status tp__complex_solve_triangular(tp__call *call)
{
    const triangular_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (tp__linalg_square(call, a) || tp__linalg_matrix(call, b)) return tp__pending();
    return tp__give_out(call, system_of(triangle_of(a, attr->upper, attr->unitriangular), b, attr->left));
}

static tp_tensor *by_factor(tp_tensor *l, tp_tensor *b, bool upper)
{
    tp_tensor *triangle = triangle_of(l, upper, false), *turned = tp_conj(tp_transpose(triangle, -1, -2));
    return upper ? system_of(triangle, system_of(turned, b, true), true) : system_of(turned, system_of(triangle, b, true), true);
}
tp_status tp__complex_cholesky_solve(tp__call *call)
{
    tp_tensor *b = call->in[0], *l = call->in[1];
    if (tp__linalg_square(call, l) || tp__linalg_matrix(call, b)) return tp__pending();
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
static tp_status slogdet_forward(tp__call *call)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *v = tp_linalg_eigvals(call->in[0]);
    tp_tensor *sign = tp_copy_(call->out[0], tp_prod(tp_sgn(v), .dim = -1)), *log = tp_copy_(call->out[1], tp_sum(tp_log(tp_abs(v)), .dims = TP_DIMS(-1)));
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
    tp_tensor *g = tp_complex(grow, turn);
    return tp__made(dx[0] = tp_mul(tp_unsqueeze(tp_unsqueeze(g, -1), -1), tp__flip(tp_linalg_inv(a))));
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
tp_status tp__complex_det(tp__call *call)
{
    tp_tensor *log = NULL, *sign = slogdet(call, &log);
    return tp__give_out(call, tp_mul(sign, tp_exp(log)));
}
tp_status tp__complex_logdet(tp__call *call)
{
    tp_tensor *log = NULL, *sign = slogdet(call, &log);
    return tp__give_out(call, tp_add(tp_log(sign), log));
}

const tp_op *const tp__ops_complex_linalg[] = { &op_slogdet, NULL };
