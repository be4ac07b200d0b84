/* linalg_lowrank.c: the first singular vectors of a large matrix, by products with few columns (Halko et al. 2011).
 *
 *   Q = an orthogonal basis of A R,  R [n, q] normal;  niter times  Q = basis of A' Q,  Q = basis of A Q
 *   svd_lowrank    U S V' = Q (the svd of Q' A),  of A - M where M is given;  a wide A is turned first
 *   pca_lowrank    the same of A less the mean of its rows
 *
 * Made of other ops, which record themselves. */
#include "ops/linalg.h"

enum { MOST_TIMES = 1000 };                            /* two or three are many; more would only seem to hang */

static tp_tensor *basis(tp_tensor *a, int64_t q, int64_t niter)
{
    tp_tensor *r = tp_randn(TP_SHAPE(tp__columns(a), q), .dtype = (tp_dtype)a->dtype, .device = a->device);
    tp_tensor *y = tp_linalg_qr(tp_matmul(a, r), NULL);
    for (int64_t i = 0; i < niter && y; i++) y = tp_linalg_qr(tp_matmul(a, tp_linalg_qr(tp_matmul(tp__flip(a), y), NULL)), NULL);
    return y;
}

static tp_status factors(tp__call *call, tp_tensor *a, int64_t q, int64_t niter)
{
    if (!a) return tp__pending();
    const int64_t m = tp__rows(a), n = tp__columns(a);
    if (q < 0 || niter < 0 || niter > MOST_TIMES)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "q is %lld, and must not be negative, or niter is %lld, and must be 0 to %d", (long long)q,
                             (long long)niter, MOST_TIMES);
    if (m < n) a = tp__flip(a);
    tp_tensor *s = NULL, *vh = NULL, *v = NULL, *base = a ? basis(a, q, niter) : NULL;
    tp_tensor *u = tp_linalg_svd(tp_matmul(tp__flip(base), a), &s, &vh);
    u = tp_matmul(base, u);
    v = tp__flip(vh);
    tp_tensor *const out[3] = { m < n ? v : u, s, m < n ? u : v };
    for (int i = 0; i < 3; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    return TP_OK;
}

typedef struct svd_attr { int64_t q, niter; } svd_attr;
static tp_status svd_compose(tp__call *call)
{
    const svd_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *m = call->n_in > 3 ? call->in[3] : NULL;
    if (tp__linalg_matrix(call, a)) return tp__pending();
    if (m && !(m = tp_expand(m, tp_shape_of(a)))) return tp__pending();
    return factors(call, m ? tp_sub(a, m) : a, attr->q == TP_NONE ? 6 : attr->q, attr->niter == TP_NONE ? 2 : attr->niter);
}

typedef struct pca_attr { int64_t q; bool center; int64_t niter; } pca_attr;
static tp_status pca_compose(tp__call *call)
{
    const pca_attr *attr = call->attr;
    tp_tensor *a = call->in[0];
    if (tp__linalg_matrix(call, a)) return tp__pending();
    const int64_t m = tp__rows(a), n = tp__columns(a), least = m < n ? m : n, q = attr->q == TP_NONE ? least < 6 ? least : 6 : attr->q;
    if (q < 0 || q > least)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "q is %lld, 0 to %lld are possible for %s", (long long)q, (long long)least, tp__shape_text(a));
    if (attr->center) a = tp_sub(a, tp_mean(a, .dims = TP_DIMS(-2), .keepdim = true));
    return factors(call, a, q, attr->niter);
}

/* ---- Samples, descriptors, public: the vectors are unique but for a sign ------------------------------------------------------------- */

#define M(...) TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(__VA_ARGS__)))
#define GIVE(...) set->take(set, &(tp__sample){ .args = { __VA_ARGS__ }, .n = TP__COUNT(tp_arg, __VA_ARGS__), .random = true, .no_gradcheck = true })
static void svd_samples(tp_sample_set *set)
{
    GIVE(M(2, 4, 3), TP__INT_ARG(2));
    GIVE(M(2, 3, 4), TP__INT_ARG(3), TP__INT_ARG(1), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -1, 1)));
}
static void pca_samples(tp_sample_set *set)
{
    GIVE(M(2, 4, 3));                                  /* batches: with rows that repeat they would be singular */
    GIVE(M(2, 3, 4), TP__INT_ARG(2), TP__BOOL_ARG(false), TP__INT_ARG(1));
}

static const tp_op op_svd_lowrank = { .schema = "svd_lowrank(Tensor A, int? q=6, int? niter=2, Tensor? M=none) -> (Tensor, Tensor, Tensor)",
    .flags = TP__RANDOM, .compose = svd_compose, .attr_size = sizeof(svd_attr), .samples = svd_samples, .state = TP__STATE };
static const tp_op op_pca_lowrank = { .schema = "pca_lowrank(Tensor A, int? q=none, bool center=true, int niter=2) -> (Tensor, Tensor, Tensor)",
    .flags = TP__RANDOM, .compose = pca_compose, .attr_size = sizeof(pca_attr), .samples = pca_samples, .state = TP__STATE };

tp_tensor *tp_svd_lowrank_with(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_svd_lowrank_options *options)
{
    tp_svd_lowrank_options o = TP__BRACES(svd_lowrank, );
    if (s) *s = NULL;
    if (v) *v = NULL;
    if (tp_options_take("svd_lowrank", &o, options, offsetof(tp_svd_lowrank_options, tp__end))) return NULL;
    return tp__run_parts(&op_svd_lowrank, (tp_tensor *[]){ a, NULL, NULL, o.M }, 4, &(svd_attr){ o.q, o.niter }, s, v, TP__CALLER);
}

tp_tensor *tp_pca_lowrank_with(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_pca_lowrank_options *options)
{
    tp_pca_lowrank_options o = TP__BRACES(pca_lowrank, );
    if (s) *s = NULL;
    if (v) *v = NULL;
    if (tp_options_take("pca_lowrank", &o, options, offsetof(tp_pca_lowrank_options, tp__end))) return NULL;
    return tp__run_parts(&op_pca_lowrank, &a, 1, &(pca_attr){ o.q, o.center, o.niter }, s, v, TP__CALLER);
}

const tp_op *const tp__ops_linalg_lowrank[] = { &op_svd_lowrank, &op_pca_lowrank, NULL };
