/* linalg_eig.c: eigenvalues and eigenvectors of square matrices [.., n, n], symmetric or not; they are complex. A* is the adjoint.
 *
 *   linalg_eig       A V = V diag(w)        dA = V^-* ((V* dV - V* V diag(re V* dV)) / E* + diag(dw)) V*,  E_ij = w_j - w_i, off the diagonal
 *   linalg_eigvals   w                      the same, of dw alone
 *
 * (Boeddeker et al. 2017, "On the computation of complex-valued gradients with application to statistically optimum beamforming", eq. 4.77.)
 * A vector times any e^(i phi) is one, too: a gradient that would change under that is refused, as in PyTorch. */
#include "ops/complex.h"
#include "ops/linalg.h"

/* ---- Forward ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status values_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_square(call, x)) return tp__pending();
    call->keep_shape = 1;
    return tp__made(tp__out(call, tp__complex_dtype(x->dtype), x->ndim - 1, x->shape));
}
static tp_status factors_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    return values_shape(call) ? tp__pending() : tp__made(tp__out(call, tp__complex_dtype(x->dtype), x->ndim, x->shape));
}

/* ---- Backward --------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *adjoint(tp_tensor *x) { return tp__conj(tp_transpose(x, -1, -2)); }

/* Does the loss change with the vectors' phases? */
static tp_status check_gauge(tp_tensor *inner)
{
    TP_NO_GRAD();
    tp_tensor *turn = tp_imag(tp_diagonal(inner, .dim1 = -2, .dim2 = -1));
    if (!turn || !turn->numel) return tp__pending();
    const double most = tp_item(tp_max(tp_reshape(tp_abs(turn), TP_SHAPE(-1))));
    if (tp__pending()) return tp__pending();
    if (most > 1e-2)
        return tp_fail(TP_ERR_NUMERIC, "linalg_eig: the loss changes (by %g) where a vector is multiplied by e^(i phi), "
                                       "which is one as well: it has no gradient", most);
    return TP_OK;
}

static tp_status eig_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *w = tp__saved_as_is(node, 0), *v = tp__saved_as_is(node, 1), *middle = NULL;
    if (!w || !v) return tp__pending();
    tp_tensor *star = adjoint(v), *one = tp_eye(w->shape[w->ndim - 1], TP_NONE, .dtype = tp__part_dtype(w->dtype), .device = w->device);
    if (dy[1]) {
        tp_tensor *inner = tp_matmul(star, dy[1]);
        if (!inner || check_gauge(inner)) return tp__pending();
        tp_tensor *along = tp_unsqueeze(tp_real(tp_diagonal(inner, .dim1 = -2, .dim2 = -1)), -2);       /* lengths stay 1 */
        tp_tensor *gaps = tp_add(tp_sub(tp_unsqueeze(w, -2), tp_unsqueeze(w, -1)), one);
        middle = tp_mul(tp_div(tp_sub(inner, tp_matmul(star, tp_mul(v, along))), tp__conj(gaps)), tp_sub(1, one));
    }
    if (dy[0]) {
        tp_tensor *diagonal = tp_mul(tp_unsqueeze(dy[0], -2), one);
        middle = middle ? tp_add(middle, diagonal) : diagonal;
    }
    return tp__made(dx[0] = tp__fit(node, 0, tp_linalg_solve(star, tp_matmul(middle, star))));
}

/* ---- Samples, descriptors, public ------------------------------------------------------------------------------------------------------------ */

/* Eigenvalues far enough apart; some are pairs of complex ones. */
static tp_tensor *sample(const tp_sample_set *set, tp_shape shape)
{
    const int64_t n = shape.dim[shape.ndim - 1];
    tp_tensor *x = tp_detach(tp__sample_tensor(set, shape, -1, 1)), *row = tp_arange(0, (double)n, 1, .dtype = tp__part_dtype(x->dtype));
    x = tp_add(x, tp_diag_embed(tp_mul(3, row)));
    return x ? tp__sample_plus(x, 0) : NULL;
}
static tp_tensor *turning(const tp_sample_set *set)    /* 2 +- i, and -1 */
{
    tp_tensor *x = tp_to_dtype(tp_from_data((const double[]){ 2, 1, 0.3, -1, 2, 0.4, 0.1, 0, -1 }, TP_F64, TP_SHAPE(3, 3)), set->dtype);
    return x ? tp__sample_plus(x, 0) : NULL;
}
static void values_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(sample(set, TP_SHAPE(2, 3, 3))));
    if (!tp__is_complex(set->dtype)) TP__GIVE(set, TP__TENSOR_ARG(turning(set)));         /* of a complex matrix a small step may exchange them */
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0, 0), -1, 1)));
}
static void factors_samples(tp_sample_set *set)        /* a loss of complex vectors themselves has no gradient: tests/test_eig.c */
{
    tp_tensor *const x[] = { sample(set, TP_SHAPE(2, 3, 3)), sample(set, TP_SHAPE(2, 2)) };
    for (int i = 0; i < 2; i++) {
        tp__sample one = { .n = 1, .no_gradcheck = true };
        one.args[0] = (tp_arg)TP__TENSOR_ARG(tp__is_complex(set->dtype) ? tp_detach(x[i]) : x[i]);
        set->take(set, &one);
    }
}

static const tp_op op_eig = { .schema = "linalg_eig(Tensor input) -> (Tensor, Tensor)", .kernel = "eig_factors",
    .shape = factors_shape, .forward = tp__run_contiguous, .backward = eig_backward,
    .saves = { TP__OUTPUT(0), TP__OUTPUT(1) }, .samples = factors_samples, .state = TP__STATE };
static const tp_op op_values = { .schema = "linalg_eigvals.alone(Tensor input) -> Tensor", .kernel = "eig_values", .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = values_shape, .forward = tp__run_contiguous, .samples = values_samples, .state = TP__STATE };

static tp_status eigvals_compose(tp__call *call)
{
    tp_tensor *out[2];
    if (!tp_needs_grad(call->in[0])) return tp__give_out(call, tp__run1(&op_values, call->in, 1, NULL, NULL));
    return tp__run(&op_eig, call->in, 1, NULL, out, 2, NULL) < 0 ? tp__pending() : tp__give_out(call, out[0]);
}
static const tp_op op_eigvals = TP__COMPOSED("linalg_eigvals(Tensor input) -> Tensor", eigvals_compose, 0, values_samples);

tp_tensor *tp_linalg_eig(tp_tensor *a, tp_tensor **vectors)
{
    return tp__run_parts(&op_eig, &a, 1, NULL, vectors, NULL, TP__CALLER);
}
tp_tensor *tp_linalg_eigvals(tp_tensor *a) { return tp__run1(&op_eigvals, &a, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_linalg_eig[] = { &op_eig, &op_eigvals, &op_values, NULL };
