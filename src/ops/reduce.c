/* reduce.c: sums and products; and what all reductions share (reduce.h).
 *
 *   sum      y = sum of x                        dx = dy, expanded
 *   nansum   y = sum of those that are no NaN    dx = dy, 0 where x is NaN
 *   mean     y = sum of x / n                    dx = dy / n, expanded
 *   nanmean  y = nansum / how many are no NaN
 *   prod     y = product of x                    dx_i = dy prod_{j < i} x_j prod_{j > i} x_j, right where some are 0
 *
 * Integers and bool give int64, unless a dtype is said. */
#include "ops/reduce.h"
#include "ops/scan.h"

typedef struct reduce_attr { tp__ints dim; bool keepdim; tp_dtype dtype; } reduce_attr;
typedef struct prod_attr { int64_t dim; bool keepdim; tp_dtype dtype; } prod_attr;

/* ---- What reductions share -------------------------------------------------------------------------------------------------------- */

bool tp__reduce_dims(const tp__call *call, tp__ints *dim, uint64_t *gone)
{
    const tp_tensor *x = call->in[0];
    *gone = dim->n ? 0 : ((uint64_t)1 << x->ndim) - 1;
    for (int i = 0; i < dim->n; i++) {
        const int64_t given = dim->v[i];
        const int d = tp__dim(given, x->ndim);
        if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)given, tp__shape_text(x)), false;
        if (*gone >> d & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d), false;
        *gone |= (uint64_t)1 << d;
        dim->v[i] = d;
    }
    return true;
}

int tp__reduce_shape(const tp_tensor *x, uint64_t gone, bool keepdim, int64_t *shape)
{
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (!(gone >> d & 1)) shape[ndim++] = x->shape[d];
        else if (keepdim) shape[ndim++] = 1;
    }
    return ndim;
}

tp_status tp__reduce_out(tp__call *call, tp_dtype dtype, uint64_t gone, bool keepdim)
{
    int64_t shape[TP_MAX_DIMS];
    const int ndim = tp__reduce_shape(call->in[0], gone, keepdim, shape);
    call->scratch = (void *)(uintptr_t)gone;
    call->keep_shape |= 1;
    return tp__made(tp__out(call, dtype, ndim, shape));
}

tp_status tp__reduce_real(const tp__call *call)
{
    if (!tp__is_complex(call->in[0]->dtype) || tp__state(call->op)->complex) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "it is not implemented for %s", tp_dtype_name((tp_dtype)call->in[0]->dtype));
}

tp_status tp__reduce_floating(const tp__call *call)
{
    if (tp__is_floating(call->in[0]->dtype)) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)call->in[0]->dtype));
}

tp_status tp__reduce_not_empty(const tp__call *call, uint64_t gone)
{
    const tp_tensor *x = call->in[0];
    if (x->numel) return TP_OK;
    if (gone == ((uint64_t)1 << x->ndim) - 1) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements", tp__shape_text(x));
    for (int d = 0; d < x->ndim; d++)
        if (gone >> d & 1 && !x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is empty", d, tp__shape_text(x));
    return TP_OK;
}

tp_shape tp__reduce_kept(const tp_node *node, const tp__ints *dim, int64_t *n)
{
    const tp__kept_shape *x = tp__kept(node, 0);
    tp_shape kept = tp__kept_shape_of(x);
    *n = 1;
    for (int i = 0; i < (dim->n ? dim->n : x->ndim); i++) {
        const int64_t d = dim->n ? dim->v[i] : i;
        if (d >= x->ndim) continue;                    /* dim 0 of a 0-dim tensor */
        *n *= x->shape[d];
        kept.dim[d] = 1;
    }
    return kept;
}

tp_tensor *tp__reduce_back(const tp_node *node, const tp__ints *dim, tp_tensor *dy)
{
    int64_t n;
    const tp_shape kept = tp__reduce_kept(node, dim, &n);
    return dy && dy->ndim != kept.ndim ? tp_reshape(dy, kept) : dy;
}

tp_tensor *tp__reduce_spread(const tp_node *node, const tp__ints *dim, tp_tensor *dy)
{
    const tp__kept_shape *x = tp__kept(node, 0);
    if (dy && dy->dtype != x->dtype) dy = tp_to_dtype(dy, (tp_dtype)x->dtype);
    return tp_expand(tp__reduce_back(node, dim, dy), tp__kept_shape_of(x));
}

tp_status tp__reduce_take_dims(const char *name, const tp_dims *dims, tp__ints *out)
{
    if (dims->n < 0 || dims->n > TP_MAX_DIMS) return tp_fail(TP_ERR_ARGUMENT, "%s: %d dims are given", name, dims->n);
    out->n = dims->n;
    for (int i = 0; i < dims->n; i++) out->v[i] = dims->dim[i];
    return TP_OK;
}

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* Complex numbers are reduced in a complex dtype, and real ones in a real one. */
static bool is_reduced_in(const tp__call *call, tp_dtype dtype)
{
    const tp_dtype given = (tp_dtype)call->in[0]->dtype;
    if (tp__is_complex(dtype) == tp__is_complex(given)) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "%s is not reduced in %s: cast it first", tp_dtype_name(given), tp_dtype_name(dtype));
    return false;
}

static tp_status reduce_shape(tp__call *call, tp_dtype dtype)
{
    reduce_attr *attr = (reduce_attr *)(uintptr_t)call->attr;
    uint64_t gone;
    if (tp__reduce_real(call)) return tp__pending();
    if (!is_reduced_in(call, dtype)) return tp__pending();
    if (!tp__reduce_dims(call, &attr->dim, &gone)) return tp__pending();
    return tp__reduce_out(call, dtype, gone, attr->keepdim);
}

static tp_dtype summed(tp_dtype given, const tp_tensor *x)
{
    return given ? given : tp__is_integer(x->dtype) || x->dtype == TP_BOOL ? TP_I64 : (tp_dtype)x->dtype;
}

static tp_status sum_shape(tp__call *call)
{
    return reduce_shape(call, summed(((const reduce_attr *)call->attr)->dtype, call->in[0]));
}

static tp_status mean_shape(tp__call *call)
{
    const tp_dtype given = ((const reduce_attr *)call->attr)->dtype, dtype = given ? given : (tp_dtype)call->in[0]->dtype;
    if (!tp__is_floating(dtype) && !tp__is_complex(dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "a mean is floating, not %s: say .dtype", tp_dtype_name(dtype));
    return reduce_shape(call, dtype);
}

static tp_status prod_shape(tp__call *call)
{
    prod_attr *attr = (prod_attr *)(uintptr_t)call->attr;
    const tp_dtype dtype = summed(attr->dtype, call->in[0]);
    tp__ints dim = { .n = attr->dim != TP_NONE, .v = { attr->dim } };
    uint64_t gone;
    if (tp__reduce_real(call)) return tp__pending();
    if (!is_reduced_in(call, dtype)) return tp__pending();
    if (!tp__reduce_dims(call, &dim, &gone)) return tp__pending();
    if (dim.n) attr->dim = dim.v[0];
    return tp__reduce_out(call, dtype, gone, attr->keepdim);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_status sum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const reduce_attr *attr = tp__attr(node);
    return tp__made(dx[0] = tp__reduce_spread(node, &attr->dim, dy[0]));
}

static tp_status mean_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const reduce_attr *attr = tp__attr(node);
    int64_t n;
    tp__reduce_kept(node, &attr->dim, &n);
    return tp__made(dx[0] = tp__reduce_spread(node, &attr->dim, tp_div(dy[0], (double)n)));
}

static tp_status nansum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const reduce_attr *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0);
    return tp__made(dx[0] = tp_mul(tp__reduce_spread(node, &attr->dim, dy[0]), tp_eq(x, x)));
}

static tp_status prod_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const prod_attr *attr = tp__attr(node);
    const tp__kept_shape *kept = tp__kept(node, 0);
    const bool all = attr->dim == TP_NONE;
    tp_tensor *x = tp__saved(node, 0), *g = dy[0];
    if (x && x->dtype != g->dtype) x = tp_to_dtype(x, (tp_dtype)g->dtype);
    if (all || !kept->ndim) {
        x = tp_reshape(x, TP_SHAPE(-1));
        g = tp_reshape(g, TP_SHAPE(1));
    } else {
        g = tp__reduce_back(node, &(tp__ints){ 1, { attr->dim } }, g);
    }
    tp_tensor *z = tp__prod_grad(g, x, all || !kept->ndim ? 0 : (int)attr->dim);
    return tp__made(dx[0] = tp__fit(node, 0, tp_reshape(z, tp__kept_shape_of(kept))));
}

/* ---- Composed ---------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_nansum, op_sum;

static tp_status nanmean_compose(tp__call *call)
{
    const reduce_attr *attr = call->attr;
    tp_tensor *x = call->in[0];
    if (tp__reduce_floating(call)) return tp__pending();
    const reduce_attr plain = { .dim = attr->dim, .keepdim = attr->keepdim };
    tp_tensor *sum = tp__run1(&op_nansum, &x, 1, attr, NULL), *there = tp_eq(x, x);
    call->out[call->n_out++] = tp_div(sum, tp__run1(&op_sum, &there, 1, &plain, NULL));
    return tp__made(call->out[0]);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

void tp__reduce_samples(tp_sample_set *set, bool distinct, bool empty)
{
    tp_tensor *(*const make)(const tp_sample_set *, tp_shape) = distinct ? tp__sample_distinct : NULL;
#define SAMPLE(...) TP__TENSOR_ARG(make ? make(set, __VA_ARGS__) : tp__sample_tensor(set, __VA_ARGS__, -2, 2))
    TP__GIVE(set, SAMPLE(TP_SHAPE(3, 4)));
    TP__GIVE(set, SAMPLE(TP__SCALAR_SHAPE));
    TP__GIVE(set, SAMPLE(TP__SCALAR_SHAPE), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = -1));
    TP__GIVE(set, SAMPLE(TP_SHAPE(2, 3, 4)), TP__INTS_ARG(2, 0, -1));
    TP__GIVE(set, SAMPLE(TP_SHAPE(2, 3, 4)), TP__INTS_ARG(1, 1), TP__NAMED("keepdim", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, SAMPLE(TP_SHAPE(2, 3, 5)), TP__INTS_ARG(2, 2, 1), TP__NAMED("keepdim", .kind = TP_ARG_BOOL, .value.boolean = false));
    TP__GIVE(set, SAMPLE(TP_SHAPE(0, 3)), TP__INTS_ARG(1, 1));
    if (empty) TP__GIVE(set, SAMPLE(TP_SHAPE(0, 3)), TP__INTS_ARG(1, 0));
#undef SAMPLE
}

static void sum_samples(tp_sample_set *set)
{
    tp__reduce_samples(set, false, true);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INTS_ARG(1, 0), TP__BOOL_ARG(false),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}

static void mean_samples(tp_sample_set *set)
{
    tp__reduce_samples(set, false, false);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), TP__INTS_ARG(1, 0), TP__BOOL_ARG(false),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}

static void prod_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(-1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__INT_ARG(-1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_with_zeros(set, TP_SHAPE(3, 4))), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_with_zeros(set, TP_SHAPE(3, 4))), TP__INT_ARG(0), TP__BOOL_ARG(false),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define REDUCE "(Tensor input, int[]? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor"
static const tp_op op_sum = { .schema = "sum" REDUCE, .shape = sum_shape, .backward = sum_backward, .attr_size = sizeof(reduce_attr),
    .samples = sum_samples, .state = TP__STATE };
static const tp_op op_nansum = { .schema = "nansum" REDUCE, .shape = sum_shape, .backward = nansum_backward, .saves = { TP__INPUT(0, 0) },
    .attr_size = sizeof(reduce_attr), .samples = sum_samples, .state = TP__STATE };
static const tp_op op_mean = { .schema = "mean" REDUCE, .shape = mean_shape, .backward = mean_backward, .attr_size = sizeof(reduce_attr),
    .samples = mean_samples, .state = TP__STATE };
static const tp_op op_nanmean = { .schema = "nanmean" REDUCE, .compose = nanmean_compose, .attr_size = sizeof(reduce_attr),
    .samples = mean_samples, .state = TP__STATE };
static const tp_op op_prod = { .schema = "prod(Tensor input, int? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor", .shape = prod_shape,
    .backward = prod_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(prod_attr), .samples = prod_samples, .state = TP__STATE };

static tp_tensor *reduce(const tp_op *op, const char *name, tp_tensor *x, const tp_sum_options *options, const void *caller)
{
    tp_sum_options o = { TP__DEFAULT_sum .tp__end = 0 };
    reduce_attr attr = { 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_sum_options, tp__end)) || tp__reduce_take_dims(name, &o.dims, &attr.dim)) return NULL;
    attr.keepdim = o.keepdim;
    attr.dtype = o.dtype;
    return tp__run1(op, &x, 1, &attr, caller);
}

tp_tensor *tp_sum_with(tp_tensor *x, const tp_sum_options *o) { return reduce(&op_sum, "sum", x, o, TP__CALLER); }
tp_tensor *tp_nansum_with(tp_tensor *x, const tp_nansum_options *o) { return reduce(&op_nansum, "nansum", x, o, TP__CALLER); }
tp_tensor *tp_mean_with(tp_tensor *x, const tp_mean_options *o) { return reduce(&op_mean, "mean", x, o, TP__CALLER); }
tp_tensor *tp_nanmean_with(tp_tensor *x, const tp_nanmean_options *o) { return reduce(&op_nanmean, "nanmean", x, o, TP__CALLER); }

tp_tensor *tp_prod_with(tp_tensor *x, const tp_prod_options *options)
{
    tp_prod_options o = { TP__DEFAULT_prod .tp__end = 0 };
    if (tp_options_take("prod", &o, options, offsetof(tp_prod_options, tp__end))) return NULL;
    return tp__run1(&op_prod, &x, 1, &(prod_attr){ o.dim, o.keepdim, o.dtype }, TP__CALLER);
}

const tp_op *const tp__ops_reduce[] = { &op_sum, &op_nansum, &op_mean, &op_nanmean, &op_prod, NULL };
