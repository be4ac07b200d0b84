/* statistics.c: distances between points, covariance, integrals by trapezoids, and norms held below a bound. All are made of other ops.
 *
 *   cdist, pdist     y_ij = |a_i - b_j|_p; of all pairs of one set
 *   cov              (x - m) diag(w) (x - m)* / n, m the weighted mean of each row;     corrcoef: c_ij / sqrt(c_ii c_jj)
 *   trapezoid        sum_i (y_i + y_i+1) (x_i+1 - x_i) / 2, and the sums on the way
 *   renorm           x times maxnorm / |x|_p, of each part along dim whose norm is greater */
#include "ops/reduce_norm.h"
#include "ops/view.h"

/* ---- Distances ---------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *length(tp_tensor *x, double p) { return tp__vector_norm(x, p, &(tp__ints){ 1, { -1 } }, false, TP_DTYPE_DEFAULT); }

typedef struct cdist_attr { double p; const char *mode; } cdist_attr;
static tp_status cdist_compose(tp__call *call)
{
    const cdist_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (!tp__is_floating(a->dtype) || !tp__is_floating(b->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s and %s", tp_dtype_name((tp_dtype)a->dtype),
                             tp_dtype_name((tp_dtype)b->dtype));
    if (a->ndim < 2 || b->ndim < 2 || a->ndim == TP_MAX_DIMS || b->ndim == TP_MAX_DIMS || a->shape[a->ndim - 1] != b->shape[b->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s are no points of the same dimension", tp__shape_text(a), tp__shape_text(b));
    if (!(attr->p >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and must be at least 0", attr->p);
    tp_tensor *apart = tp_sub(tp_unsqueeze(a, -2), tp_unsqueeze(b, -3));
    if (apart && !apart->shape[apart->ndim - 1]) return tp__give_out(call, tp_sum(apart, .dims = TP_DIMS(-1)));
    return tp__give_out(call, length(apart, attr->p));
}

static tp_status pdist_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const double p = *(const double *)call->attr;
    if (x->ndim != 2 || !tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE, "takes points [n, dimension], not %s (%s)", tp__shape_text(x), tp_dtype_name((tp_dtype)x->dtype));
    if (!(p >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and must be at least 0", p);
    const int64_t n = x->shape[0];
    tp_tensor *place = tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = x->device);
    tp_tensor *pairs = tp_nonzero(tp_lt(tp_unsqueeze(place, 1), place));
    tp_tensor *a = tp_index_select(x, 0, tp_select(pairs, 1, 0)), *b = tp_index_select(x, 0, tp_select(pairs, 1, 1)), *apart = tp_sub(a, b);
    return tp__give_out(call, x->shape[1] ? length(apart, p) : tp_sum(apart, .dims = TP_DIMS(-1)));
}

/* ---- Covariance --------------------------------------------------------------------------------------------------------------------- */

static tp_status check_weights(const tp__call *call, const tp_tensor *w, int64_t n, const char *name, bool whole)
{
    if (!w) return TP_OK;
    if (w->ndim > 1 || w->numel != n)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s %s are not of %lld observations", name, tp__shape_text(w), (long long)n);
    if (!(whole ? tp__is_integer(w->dtype) : tp__is_floating(w->dtype)))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s are %s", name, tp_dtype_name((tp_dtype)w->dtype));
    if (n && !(tp_item(tp_min((tp_tensor *)(uintptr_t)w)) >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "%s hold numbers below 0, or NaN", name);
    return TP_OK;
}
static tp_tensor *cov(const tp__call *call, tp_tensor *x, int64_t correction, tp_tensor *f, tp_tensor *a)
{
    if (x->ndim > 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes at most two dims, not %s", tp__shape_text(x)), NULL;
    if (x->dtype == TP_BOOL)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes no %s", tp_dtype_name((tp_dtype)x->dtype)), NULL;
    if (x->ndim < 2) x = tp_reshape(x, TP_SHAPE(1, x->numel));
    if (x && !tp__is_floating(x->dtype) && !tp__is_complex(x->dtype)) x = tp_to_dtype(x, TP_F32);
    if (!x || check_weights(call, f, x->shape[1], "fweights", true) || check_weights(call, a, x->shape[1], "aweights", false)) return NULL;
    const tp_dtype real = x->dtype == TP_C128 ? TP_F64 : x->dtype == TP_C64 ? TP_F32 : (tp_dtype)x->dtype;
    tp_tensor *w = f ? tp_to_dtype(f, a ? (tp_dtype)a->dtype : real) : a;
    if (f && a) w = tp_mul(w, a);
    if ((f || a) && !w) return NULL;
    tp_tensor *sum = w ? tp_sum(w) : NULL, *size = NULL;
    if (sum && tp_item(sum) == 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "the weights sum to 0"), NULL;
    tp_tensor *mean = tp_sum(w ? tp_mul(x, w) : x, .dims = TP_DIMS(1), .keepdim = true);
    mean = w ? tp_div(mean, sum) : tp_div(mean, x->shape[1]);
    if (!w) size = tp_full(TP__SCALAR_SHAPE, (double)x->shape[1] - (double)correction, .dtype = TP_F64, .device = x->device);
    else if (a && correction) size = tp_sub(sum, tp_div(tp_mul(correction, tp_sum(tp_mul(w, a))), sum));
    else size = tp_sub(sum, tp_full(TP__SCALAR_SHAPE, (double)correction, .dtype = TP_F32, .device = x->device));
    size = tp_where(tp_le(size, 0), 0, size);
    x = tp_sub(x, mean);
    return tp_squeeze(tp_div(tp_matmul(x, tp_conj(tp_transpose(w ? tp_mul(x, w) : x, 0, 1))), size));
}
static tp_status cov_compose(tp__call *call)
{
    return tp__give_out(call, cov(call, call->in[0], *(const int64_t *)call->attr, call->in[2], call->in[3]));
}
static tp_status corrcoef_compose(tp__call *call)
{
    tp_tensor *c = cov(call, call->in[0], 1, NULL, NULL);
    if (!c || !c->ndim) return tp__give_out(call, tp_div(c, c));
    const bool parts = tp__is_complex(c->dtype);
    tp_tensor *spread = tp_sqrt(parts ? tp_real(tp_diagonal(c)) : tp_diagonal(c));
    c = tp_div(tp_div(c, tp_unsqueeze(spread, 1)), tp_unsqueeze(spread, 0));
    return tp__give_out(call, parts ? tp_complex(tp_clamp(tp_real(c), -1, 1), tp_clamp(tp_imag(c), -1, 1)) : tp_clamp(c, -1, 1));
}

/* ---- Trapezoids ------------------------------------------------------------------------------------------------------------------------ */

/* (y_i + y_i+1) width / 2, and along which dim; NULL: an error */
static tp_tensor *areas(const tp__call *call, tp_tensor *y, tp_tensor *x, tp_operand dx, int64_t along, int *dim)
{
    *dim = y->ndim ? tp__dim(along, y->ndim) : -1;
    if (*dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)along, tp__shape_text(y)), NULL;
    if (y->dtype == TP_BOOL || (x && x->dtype == TP_BOOL)) return tp__call_fail(call, TP_ERR_DTYPE, "takes numbers, not bool"), NULL;
    const int64_t n = y->shape[*dim];
    if (x && x->ndim == 1) {
        if (x->numel != n) return tp__call_fail(call, TP_ERR_SHAPE, "there are %lld x for %lld y", (long long)x->numel, (long long)n), NULL;
        tp_shape shape = { .ndim = y->ndim };
        for (int d = 0; d < y->ndim; d++) shape.dim[d] = d == *dim ? n : 1;
        x = tp_reshape(x, shape);
    }
    while (x && x->ndim < y->ndim) x = tp_unsqueeze(x, 0);
    if (n < 2) return tp_mul(0.5, tp_narrow(y, *dim, 0, 0));
    tp_tensor *both = tp_add(tp_narrow(y, *dim, 0, n - 1), tp_narrow(y, *dim, 1, n - 1));
    if (!call->in[1] || call->n_in < 2) return tp_mul_with(tp__from_tensor(tp_mul(both, 0.5)), dx);
    if (!x || *dim >= x->ndim || x->shape[*dim] < 1)
        return x ? (tp__call_fail(call, TP_ERR_SHAPE, "x %s does not fit y %s", tp__shape_text(x), tp__shape_text(y)), NULL) : NULL;
    const int64_t m = x->shape[*dim] - 1;
    return tp_mul(tp_mul(both, tp_sub(tp_narrow(x, *dim, 1, m), tp_narrow(x, *dim, 0, m))), 0.5);
}
typedef struct width_attr { tp_operand dx; int64_t dim; } width_attr;
static tp_status integrate(tp__call *call, tp_tensor *x, tp_operand dx, int64_t along, bool sums)
{
    int dim;
    tp_tensor *y = call->in[0];
    if (!sums && y->ndim && (dim = tp__dim(along, y->ndim)) >= 0 && !y->shape[dim])       /* of its dtype, as PyTorch: 0 or false */
        return tp__give_out(call, tp_sum(y, .dims = TP_DIMS(dim), .dtype = (tp_dtype)y->dtype));
    if (!sums && y->dtype != TP_BOOL && !x && y->ndim && (dim = tp__dim(along, y->ndim)) >= 0 && y->shape[dim] > 1) {      /* as PyTorch rounds it */
        tp_tensor *ends = tp_mul(tp_add(tp_select(y, dim, 0), tp_select(y, dim, -1)), 0.5);
        return tp__give_out(call, tp_mul_with(tp__from_tensor(tp_sub(tp_sum(y, .dims = TP_DIMS(dim)), ends)), dx));
    }
    tp_tensor *parts = areas(call, call->in[0], x, dx, along, &dim);
    if (!parts) return tp__pending();
    return tp__give_out(call, sums ? tp_cumsum(parts, dim) : tp_sum(parts, .dims = TP_DIMS(dim)));
}
static tp_status by_width(tp__call *call)
{
    return integrate(call, NULL, ((const width_attr *)call->attr)->dx, ((const width_attr *)call->attr)->dim, false);
}
static tp_status by_width_sums(tp__call *call)
{
    return integrate(call, NULL, ((const width_attr *)call->attr)->dx, ((const width_attr *)call->attr)->dim, true);
}
static tp_status by_places(tp__call *call) { return integrate(call, call->in[1], (tp_operand){ 0 }, *(const int64_t *)call->attr, false); }
static tp_status by_places_sums(tp__call *call) { return integrate(call, call->in[1], (tp_operand){ 0 }, *(const int64_t *)call->attr, true); }

/* ---- renorm ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct renorm_attr { double p; int64_t dim; double maxnorm; } renorm_attr;
static tp_status renorm_compose(tp__call *call)
{
    const renorm_attr *attr = call->attr;
    tp_tensor *x = call->in[0];
    const int dim = x->ndim > 1 ? tp__dim(attr->dim, x->ndim) : -1;
    tp__ints others = { 0 };
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld of %s: it takes two dims at least", (long long)attr->dim, tp__shape_text(x));
    if (!(attr->p > 0) || !(attr->maxnorm >= 0))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, maxnorm %g: both have to be positive", attr->p, attr->maxnorm);
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    for (int d = 0; d < x->ndim; d++)
        if (d != dim) others.v[others.n++] = d;
    const bool narrow = x->dtype == TP_F16 || x->dtype == TP_BF16;
    tp_tensor *wide = narrow ? tp_to_dtype(x, TP_F32) : x;       /* once, so that its gradient is rounded once */
    tp_tensor *norm = wide ? tp__vector_norm(wide, attr->p, &others, true, TP_DTYPE_DEFAULT) : NULL;
    tp_tensor *factor = tp_where(tp_gt(norm, attr->maxnorm), tp_mul(attr->maxnorm, tp_reciprocal(tp_add(norm, 1e-7))), 1);
    tp_tensor *y = narrow ? tp_mul(wide, tp_detach(factor)) : tp_mul(wide, factor);
    if (narrow) {                                      /* the factor is rounded, x dy for its gradient, too, and dx itself once */
        tp_tensor *rounded = tp_to_dtype(tp_expand(factor, tp_shape_of(x)), (tp_dtype)x->dtype);
        y = tp_add(tp_sub(y, tp_detach(y)), tp_to_dtype(tp_mul(tp_detach(x), rounded), TP_F32));
    }
    return tp__give_out(call, tp_to_dtype(y, (tp_dtype)x->dtype));
}

/* ---- Samples, descriptors, public ---------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), 0.5, 2))
static void cdist_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 2), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 2), 3, 4)));
    TP__GIVE(set, X(3, 2), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 2), 3, 4)), TP__FLOAT_ARG(1.5));
}
static void pdist_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(4, 3)))); }
static void cov_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4));
    TP__GIVE(set, X(4), TP__INT_ARG(0), TP__TENSOR_ARG(tp_ones(TP_SHAPE(4), .dtype = TP_I64)),
             TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 1))));
}
static void corrcoef_samples(tp_sample_set *set) { TP__GIVE(set, X(1, 5)); TP__GIVE(set, X(3, 5)); }
static void width_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 4));
    TP__GIVE(set, X(2, 4), TP__NAMED("dx", .kind = TP_ARG_FLOAT, .value.real = 0.5), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0));
}
static void places_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 4), X(4));
    TP__GIVE(set, X(2, 4), X(2, 4), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0));
}
static void renorm_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 4), TP__FLOAT_ARG(3), TP__INT_ARG(0), TP__FLOAT_ARG(0.5)); }

#define WIDTH "(Tensor y, *, number dx=1, int dim=-1) -> Tensor"
#define PLACES "(Tensor y, Tensor x, *, int dim=-1) -> Tensor"
static const tp_op op_cdist = TP__COMPOSED("cdist(Tensor x1, Tensor x2, float p=2, string compute_mode=none) -> Tensor", cdist_compose,
                                           sizeof(cdist_attr), cdist_samples);
static const tp_op op_pdist = TP__COMPOSED("pdist(Tensor input, float p=2) -> Tensor", pdist_compose, sizeof(double), pdist_samples);
static const tp_op op_cov = TP__COMPOSED("cov(Tensor input, int correction=1, Tensor? fweights=none, Tensor? aweights=none) -> Tensor", cov_compose,
                                         sizeof(int64_t), cov_samples);
static const tp_op op_corrcoef = TP__COMPOSED("corrcoef(Tensor input) -> Tensor", corrcoef_compose, 0, corrcoef_samples);
static const tp_op op_trapezoid = TP__COMPOSED("trapezoid" WIDTH, by_width, sizeof(width_attr), width_samples);
static const tp_op op_trapezoid_x = TP__COMPOSED("trapezoid.x" PLACES, by_places, sizeof(int64_t), places_samples);
static const tp_op op_trapz = TP__COMPOSED("trapz" WIDTH, by_width, sizeof(width_attr), width_samples);
static const tp_op op_trapz_x = TP__COMPOSED("trapz.x" PLACES, by_places, sizeof(int64_t), places_samples);
static const tp_op op_sums = TP__COMPOSED("cumulative_trapezoid" WIDTH, by_width_sums, sizeof(width_attr), width_samples);
static const tp_op op_sums_x = TP__COMPOSED("cumulative_trapezoid.x" PLACES, by_places_sums, sizeof(int64_t), places_samples);
static const tp_op op_renorm = TP__COMPOSED("renorm(Tensor input, float p, int dim, float maxnorm) -> Tensor", renorm_compose, sizeof(renorm_attr),
                                            renorm_samples);
static const tp_op op_renorm_ = TP__INPLACE_FORM("renorm_(Tensor! input, float p, int dim, float maxnorm) -> Tensor", op_renorm,
                                                 sizeof(renorm_attr), renorm_samples);

tp_tensor *tp_cdist(tp_tensor *a, tp_tensor *b, double p)
{
    return tp__run1(&op_cdist, (tp_tensor *[]){ a, b }, 2, &(cdist_attr){ p, NULL }, TP__CALLER);
}
tp_tensor *tp_pdist(tp_tensor *x, double p) { return tp__run1(&op_pdist, &x, 1, &p, TP__CALLER); }
tp_tensor *tp_cov(tp_tensor *x, int64_t correction) { return tp__run1(&op_cov, (tp_tensor *[]){ x, NULL, NULL, NULL }, 4, &correction, TP__CALLER); }
tp_tensor *tp_corrcoef(tp_tensor *x) { return tp__run1(&op_corrcoef, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_renorm(tp_tensor *x, double p, int dim, double maxnorm)
{
    return tp__run1(&op_renorm, &x, 1, &(renorm_attr){ p, dim, maxnorm }, TP__CALLER);
}

static tp_tensor *area(const tp_op *op, const tp_op *op_x, tp_tensor *y, tp_tensor *x, double dx, int64_t dim, const void *caller)
{
    if (x) return tp__run1(op_x, (tp_tensor *[]){ y, x }, 2, &dim, caller);
    return tp__run1(op, &y, 1, &(width_attr){ { .kind = TP_OPERAND_REAL, .as.real = dx }, dim }, caller);
}
tp_tensor *tp_trapezoid(tp_tensor *y, tp_tensor *x, double dx, int dim) { return area(&op_trapezoid, &op_trapezoid_x, y, x, dx, dim, TP__CALLER); }
tp_tensor *tp_cumulative_trapezoid(tp_tensor *y, tp_tensor *x, double dx, int dim) { return area(&op_sums, &op_sums_x, y, x, dx, dim, TP__CALLER); }

const tp_op *const tp__ops_statistics[] = {
    &op_cdist, &op_pdist, &op_cov, &op_corrcoef, &op_trapezoid, &op_trapezoid_x, &op_trapz, &op_trapz_x, &op_sums, &op_sums_x, &op_renorm, &op_renorm_, NULL,
};
