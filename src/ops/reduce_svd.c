/* reduce_svd.c: singular values, and the norms of matrices that are made of them.
 *
 *   A = U S V', thin.  With E_ij = s_j^2 - s_i^2, 1 on the diagonal, and skew(X) = X - X':
 *   dA = U (skew(U' dU) / E S + S skew(V' dV) / E + diag(ds)) V' + (1 - U U') dU S^-1 V' + U S^-1 dV' (1 - V V')
 *
 *   nuclear norm   sum of s */
#include "ops/reduce_norm.h"

#include "ops/linalg.h"

/* ---- Shape rule -------------------------------------------------------------------------------------------------------------------- */

static tp_status svd_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (x->dtype != TP_F32 && x->dtype != TP_F64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes float32 and float64, not %s",
                             tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes [.., m, n], not %s", tp__shape_text(x));
    const int at = x->ndim - 2;
    const int64_t m = x->shape[at], n = x->shape[at + 1], k = m < n ? m : n;
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof *shape * x->ndim);
    shape[at + 1] = k;
    if (!tp__out(call, (tp_dtype)x->dtype, x->ndim, shape)) return tp__pending();
    shape[at] = k;
    if (!tp__out(call, (tp_dtype)x->dtype, x->ndim - 1, shape)) return tp__pending();
    shape[at + 1] = n;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, shape));
}

/* ---- Rule ------------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *turned(tp_tensor *x) { return tp_transpose(x, -2, -1); }
static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return a ? tp_add(a, b) : b; }

/* A vector as what multiplies columns, or rows */
static tp_tensor *as_row(tp_tensor *s) { return tp_unsqueeze(s, -2); }
static tp_tensor *as_column(tp_tensor *s) { return tp_unsqueeze(s, -1); }

static tp_tensor *unit(const tp_tensor *s)
{
    const int64_t k = s->shape[s->ndim - 1];
    tp_tensor *i = tp_arange(0, (double)k, 1, .dtype = TP_I64, .device = s->device);
    return tp_to_dtype(tp_eq(tp_reshape(i, TP_SHAPE(k, 1)), i), (tp_dtype)s->dtype);
}

static tp_tensor *no_zeros(tp_tensor *x) { return tp_add(x, tp_eq(x, 0)); }

/* skew(a' da) / E */
static tp_tensor *skewed(tp_tensor *a, tp_tensor *da, tp_tensor *E)
{
    tp_tensor *x = tp_matmul(turned(a), da);
    return tp_div(tp_sub(x, turned(x)), E);
}

/* What of da stands outside of the span of a's columns */
static tp_tensor *outside(tp_tensor *a, tp_tensor *da) { return tp_sub(da, tp_matmul(a, tp_matmul(turned(a), da))); }

static tp_status svd_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *u = tp__saved(node, 0), *s = tp__saved(node, 1), *vh = tp__saved(node, 2), *middle = NULL, *rest = NULL;
    if (!u || !s || !vh) return tp__pending();
    tp_tensor *v = turned(vh), *one = unit(s), *squares = tp_mul(s, s);
    /* Of equal values, and of those that are 0, the vectors are not unique: what depends on which they are has no gradient. */
    tp_tensor *E = no_zeros(tp_add(tp_sub(as_row(squares), as_column(squares)), one));
    if (dy[0]) {
        middle = plus(middle, tp_mul(skewed(u, dy[0], E), as_row(s)));
        rest = plus(rest, tp_matmul(tp_div(outside(u, dy[0]), as_row(no_zeros(s))), vh));
    }
    if (dy[2]) {
        tp_tensor *dv = turned(dy[2]);
        middle = plus(middle, tp_mul(as_column(s), skewed(v, dv, E)));
        rest = plus(rest, tp_matmul(u, turned(tp_div(outside(v, dv), as_row(no_zeros(s))))));
    }
    if (dy[1]) middle = plus(middle, tp_mul(as_row(dy[1]), one));
    tp_tensor *inner = middle ? tp_matmul(u, tp_matmul(middle, vh)) : NULL;
    if (middle && !inner) return tp__pending();
    return tp__made(dx[0] = plus(rest, inner));
}

/* ---- Norms ------------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_svd_factors;

bool tp__svd(tp_tensor *x, tp_tensor **out) { return tp__run(&op_svd_factors, &x, 1, NULL, out, 3, NULL) >= 0; }

static tp_tensor *singular_values(tp_tensor *x)
{
    tp_tensor *out[3];
    return tp__run(&op_svd_factors, &x, 1, NULL, out, 3, NULL) < 0 ? NULL : out[1];
}

static tp_status svdvals_compose(tp__call *call) { return tp__made(call->out[call->n_out++] = singular_values(call->in[0])); }

tp_tensor *tp__nuclear_norm(tp_tensor *x, const tp__ints *dim, bool keepdim, tp_dtype dtype)
{
    const int a = dim->n == 2 ? tp__dim(dim->v[0], x->ndim) : 0, b = dim->n == 2 ? tp__dim(dim->v[1], x->ndim) : 1;
    if ((!dim->n && x->ndim != 2) || dim->n == 1 || a < 0 || b < 0 || a == b || x->ndim < 2)
        return tp_fail(TP_ERR_SHAPE, "norm: the nuclear norm is of two dims of %s", tp__shape_text(x)), NULL;
    if (dtype && dtype != (tp_dtype)x->dtype) x = tp_to_dtype(x, dtype);
    tp_dims order = TP_DIMS(0);
    order.n = 0;
    tp_shape kept = tp_shape_of(x);
    for (int d = 0; d < kept.ndim; d++)
        if (d != a && d != b) order.dim[order.n++] = d;
    order.dim[order.n++] = a;
    order.dim[order.n++] = b;
    tp_tensor *y = tp_sum(singular_values(tp_permute(x, order)), .dims = TP_DIMS(-1));
    kept.dim[a] = kept.dim[b] = 1;
    return keepdim ? tp_reshape(y, kept) : y;
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__linalg_sample(const tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp__sample_tensor(set, shape, -0.2, 0.2);
    const int64_t n = shape.dim[shape.ndim - 1], m = shape.dim[shape.ndim - 2];
    tp_tensor *i = tp_arange(0, (double)m, 1, .dtype = TP_I64), *j = tp_arange(0, (double)n, 1, .dtype = TP_I64);
    tp_tensor *one = tp_to_dtype(tp_eq(tp_reshape(i, TP_SHAPE(m, 1)), j), tp_dtype_of(x));
    x = tp_detach(tp_add(x, tp_mul(one, tp_to_dtype(tp_add(j, 1), tp_dtype_of(x)))));
    if (x) tp_requires_grad(x, true);
    return x;
}

static void values_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(3, 3))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(2, 4, 3))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(2, 4))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -1, 1)));
}

static const tp_op op_svd_factors = { .schema = "svd_factors(Tensor input) -> (Tensor, Tensor, Tensor)", .flags = TP__INTERNAL, .shape = svd_shape,
    .forward = tp__run_contiguous, .backward = svd_backward, .saves = { TP__OUTPUT(0), TP__OUTPUT(1), TP__OUTPUT(2) }, .samples = values_samples,
    .state = TP__STATE };
static const tp_op op_linalg_svdvals = { .schema = "linalg_svdvals(Tensor A) -> Tensor", .compose = svdvals_compose, .samples = values_samples,
    .state = TP__STATE };

tp_tensor *tp_linalg_svdvals(tp_tensor *a) { return tp__run1(&op_linalg_svdvals, &a, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_reduce_svd[] = { &op_svd_factors, &op_linalg_svdvals, NULL };
