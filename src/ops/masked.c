/* masked.c: reductions and normalizations of the elements that a mask shows; torch.masked. All are made of other ops.
 *
 *   mask          bool, broadcast to x; what it hides counts as the number that leaves the result as it is: 0 in a sum, 1 in a product,
 *                 -inf in a maximum, ..
 *   mean, var     the sums over the number of elements that are seen;     std = sqrt(var)
 *   median        of the elements seen that are no NaN, the lower one of two
 *   softmax, ..   hidden elements have no share
 *
 * Where nothing is seen the result is that number, and NaN for mean, var and std. */
#include "ops/reduce_norm.h"
#include "ops/view.h"

#include <math.h>

typedef struct reduce_attr { tp__ints dim; bool keepdim; tp_dtype dtype; } reduce_attr;
typedef struct norm_attr { double ord; tp__ints dim; bool keepdim; tp_dtype dtype; } norm_attr;
typedef struct var_attr { tp__ints dim; const tp_arg *unbiased; tp_operand correction; bool keepdim; tp_dtype dtype; } var_attr;
typedef struct one_dim_attr { int64_t dim; bool keepdim; tp_dtype dtype; } one_dim_attr;
typedef struct along_attr { int64_t dim; tp_dtype dtype; } along_attr;
typedef struct normalize_attr { double ord; int64_t dim; double eps; tp_dtype dtype; } normalize_attr;

/* ---- What is seen -------------------------------------------------------------------------------------------------------------------- */

typedef enum identity { ZERO, ONE, LOWEST, HIGHEST, NOT_A_NUMBER } identity;

static tp_operand real(double v) { return (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = v }; }
static tp_operand whole(int64_t v) { return (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = v }; }

/* The least or greatest number of a dtype. False: an error, bool has none here. */
static bool bound_of(const tp__call *call, const tp_tensor *x, bool lowest, tp_operand *out)
{
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if (tp__is_floating(dtype)) return *out = real(lowest ? -INFINITY : INFINITY), true;
    switch (dtype) {
    case TP_I64: return *out = whole(lowest ? INT64_MIN : INT64_MAX), true;
    case TP_I32: return *out = whole(lowest ? INT32_MIN : INT32_MAX), true;
    case TP_I16: return *out = whole(lowest ? INT16_MIN : INT16_MAX), true;
    case TP_I8: return *out = whole(lowest ? INT8_MIN : INT8_MAX), true;
    case TP_U8: return *out = whole(lowest ? 0 : UINT8_MAX), true;
    default: return tp__call_fail(call, TP_ERR_DTYPE, "hides no elements of %s, which has no identity here", tp_dtype_name(dtype)), false;
    }
}

/* The mask as bool, of x's shape; NULL: an error */
static tp_tensor *mask_of(const tp__call *call, const tp_tensor *x, tp_tensor *mask)
{
    if (mask->ndim > x->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "the mask %s has more dims than %s", tp__shape_text(mask), tp__shape_text(x)), NULL;
    return tp_expand(tp_to_dtype(mask, TP_BOOL), tp__shape(x->ndim, x->shape));
}

/* x with what the mask hides replaced; x itself where there is no mask. NULL: an error */
static tp_tensor *seen_of(const tp__call *call, tp_tensor *x, tp_tensor *mask, identity hidden)
{
    tp_operand v = whole(hidden == ONE);
    if (!x || !mask) return x;
    if (hidden == NOT_A_NUMBER) v = real(NAN);
    if ((hidden == LOWEST || hidden == HIGHEST) && !bound_of(call, x, hidden == LOWEST, &v)) return NULL;
    if (!(mask = mask_of(call, x, mask))) return NULL;
    tp_tensor *other = tp_full_with(TP__SCALAR_SHAPE, v, TP__OPTIONS(tensor, .dtype = (tp_dtype)x->dtype, .device = x->device));
    return tp_where_with(mask, tp__from_tensor(x), tp__from_tensor(other));
}

/* dtype, or what a sum of x's dtype is in */
static tp_dtype sum_dtype(tp_dtype dtype, const tp_tensor *x)
{
    return dtype ? dtype : tp__is_integer(x->dtype) || x->dtype == TP_BOOL ? TP_I64 : (tp_dtype)x->dtype;
}
static tp_dtype or_own(tp_dtype dtype, const tp_tensor *x) { return dtype ? dtype : (tp_dtype)x->dtype; }
static tp_dims dims_of(const tp__ints *dim)
{
    tp_dims dims = { .n = (int)dim->n };
    for (int i = 0; i < dims.n; i++) dims.dim[i] = (int)dim->v[i];
    return dims;
}

/* ---- Reductions ---------------------------------------------------------------------------------------------------------------------------- */

enum { REDUCE_MASK = 4 };                              /* the place of the mask among the arguments */

static tp_tensor *sum_of(const tp__call *call, tp_tensor *x, tp_tensor *mask, const tp__ints *dim, bool keepdim, tp_dtype dtype)
{
    if (!x) return NULL;
    return tp_sum(seen_of(call, x, mask, ZERO), .dims = dims_of(dim), .keepdim = keepdim, .dtype = sum_dtype(dtype, x));
}
static tp_status sum_compose(tp__call *call)
{
    const reduce_attr *a = call->attr;
    return tp__give_out(call, sum_of(call, call->in[0], call->in[REDUCE_MASK], &a->dim, a->keepdim, a->dtype));
}
static tp_status prod_compose(tp__call *call)
{
    const reduce_attr *a = call->attr;
    tp_tensor *y = tp_to_dtype(seen_of(call, call->in[0], call->in[REDUCE_MASK], ONE), sum_dtype(a->dtype, call->in[0]));
    tp__ints dim = a->dim;
    uint64_t gone;
    if (!y || !tp__reduce_dims(call, &dim, &gone)) return tp__pending();
    for (int d = TP_MAX_DIMS; y && d-- > 0;)           /* from the last on, so that those before it stay where they are */
        if (gone >> d & 1 && (y->ndim || !d)) y = tp_prod(y, .dim = d, .keepdim = a->keepdim);
    return tp__give_out(call, y);
}
#define REDUCED(name, attributes, hidden, expression) \
    static tp_status name##_compose(tp__call *call) \
    { \
        const attributes *a = call->attr; \
        tp_tensor *x = seen_of(call, call->in[0], call->in[REDUCE_MASK], hidden); \
        return tp__give_out(call, tp_to_dtype(expression, or_own(a->dtype, call->in[0]))); \
    }
REDUCED(amax, reduce_attr, LOWEST, tp_amax(x, .dims = dims_of(&a->dim), .keepdim = a->keepdim))
REDUCED(amin, reduce_attr, HIGHEST, tp_amin(x, .dims = dims_of(&a->dim), .keepdim = a->keepdim))
REDUCED(logsumexp, reduce_attr, LOWEST, tp_logsumexp(x, .dims = dims_of(&a->dim), .keepdim = a->keepdim))
REDUCED(argmax, one_dim_attr, LOWEST, tp_argmax(x, .dim = a->dim, .keepdim = a->keepdim))
REDUCED(argmin, one_dim_attr, HIGHEST, tp_argmin(x, .dim = a->dim, .keepdim = a->keepdim))

static tp_status median_compose(tp__call *call)
{
    const one_dim_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    const bool floating = tp__is_floating(x->dtype);
    int dim;
    if (tp__take_dim(call, a->dim, x, &dim)) return tp__pending();
    tp_tensor *values = floating ? x : tp_to_dtype(x, TP_F32);
    tp_tensor *y = tp_nanmedian_dim(seen_of(call, values, call->in[REDUCE_MASK], NOT_A_NUMBER), dim, a->keepdim, NULL);
    if (floating || !y) return tp__give_out(call, y);
    tp_tensor *hidden = tp_any(tp_isnan(y));
    if (!hidden) return tp__pending();
    if (tp_item(hidden) != 0)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "nothing is seen of a row, and %s has no NaN", tp_dtype_name((tp_dtype)x->dtype));
    return tp__give_out(call, tp_to_dtype(y, or_own(a->dtype, x)));
}
static tp_status norm_compose(tp__call *call)
{
    const norm_attr *a = call->attr;
    tp_tensor *x = seen_of(call, call->in[0], call->in[REDUCE_MASK + 1], a->ord == -INFINITY ? HIGHEST : ZERO);
    if (!x) return tp__pending();
    return tp__give_out(call, tp__vector_norm(x, a->ord, &a->dim, a->keepdim, or_own(a->dtype, call->in[0])));
}

/* ---- Moments ------------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *count_of(const tp__call *call, tp_tensor *x, tp_tensor *mask, const tp__ints *dim, bool keepdim)
{
    tp_tensor *seen = mask ? mask_of(call, x, mask) : tp_ones(tp_shape_of(x), .dtype = TP_BOOL, .device = x->device);
    return tp_sum(seen, .dims = dims_of(dim), .keepdim = keepdim);
}
static bool is_inexact(tp_dtype dtype) { return tp__is_floating(dtype) || tp__is_complex(dtype); }
static tp_status mean_compose(tp__call *call)
{
    const reduce_attr *a = call->attr;
    tp_tensor *x = call->in[0], *mask = call->in[REDUCE_MASK];
    const tp_dtype dtype = or_own(a->dtype, x);
    if (!is_inexact(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "the mean of %s has no dtype; give a floating one", tp_dtype_name(dtype));
    return tp__give_out(call, tp_div(sum_of(call, x, mask, &a->dim, a->keepdim, dtype), count_of(call, x, mask, &a->dim, a->keepdim)));
}
static tp_tensor *spread_of(const tp__call *call)
{
    enum { MASK = 6 };
    const var_attr *a = call->attr;
    tp_tensor *x = call->in[0], *mask = call->in[MASK];
    const bool told = a->unbiased && a->unbiased->kind, given = a->correction.kind != TP_OPERAND_NONE;
    if (told && (given || a->unbiased->kind != TP_ARG_BOOL))
        return tp__call_fail(call, TP_ERR_ARGUMENT, given ? "unbiased and a correction are given" : "unbiased is true or false"), NULL;
    const double correction = given ? (a->correction.kind == TP_OPERAND_REAL ? a->correction.as.real
                                       : (double)a->correction.as.integer) : told ? a->unbiased->value.boolean : 1;
    const tp_dtype dtype = a->dtype ? a->dtype : is_inexact((tp_dtype)x->dtype) ? (tp_dtype)x->dtype : TP_F32;
    const tp_dtype within = is_inexact(dtype) ? dtype : TP_F32, counts = within == TP_C128 ? TP_F64 : within == TP_C64 ? TP_F32 : within;
    tp_tensor *count = count_of(call, x, mask, &a->dim, true);
    tp_tensor *mean = tp_div(sum_of(call, x, mask, &a->dim, true, dtype), count);
    tp_tensor *apart = tp_sub(x, mean);
    tp_tensor *total = sum_of(call, tp_mul(apart, apart && tp__is_complex(apart->dtype) ? tp_conj(apart) : apart), mask, &a->dim, a->keepdim, within);
    if (!total || (!a->keepdim && !(count = tp_reshape(count, tp_shape_of(total))))) return NULL;
    if (correction != 0) count = tp_relu(tp_sub(tp_to_dtype(count, counts), correction));
    return tp_to_dtype(tp_div(total, count), dtype);
}
static tp_status var_compose(tp__call *call) { return tp__give_out(call, spread_of(call)); }
static tp_status std_compose(tp__call *call) { return tp__give_out(call, tp_sqrt(spread_of(call))); }

/* ---- Along a dim ------------------------------------------------------------------------------------------------------------------------------ */

enum { ALONG_MASK = 3 };

/* The checks that these share: dim wrapped, and what is seen. NULL: an error */
static tp_tensor *along(tp__call *call, int64_t dim, tp_tensor *mask, identity hidden, int *d)
{
    return tp__take_dim(call, dim, call->in[0], d) ? NULL : seen_of(call, call->in[0], mask, hidden);
}
#define ALONG(name, hidden, expression) \
    static tp_status name##_compose(tp__call *call) \
    { \
        const along_attr *a = call->attr; \
        int dim = 0; \
        tp_tensor *x = along(call, a->dim, call->in[ALONG_MASK], hidden, &dim); \
        const tp_dtype dtype = or_own(a->dtype, call->in[0]); \
        return x ? tp__give_out(call, expression) : tp__pending(); \
    }
ALONG(cumsum, ZERO, tp_cumsum(x, dim, .dtype = dtype))
ALONG(cumprod, ONE, tp_cumprod(x, dim, .dtype = dtype))
ALONG(softmax, LOWEST, tp_softmax(x, dim, .dtype = dtype))
ALONG(log_softmax, LOWEST, tp_log_softmax(x, dim, .dtype = dtype))
ALONG(softmin, HIGHEST, tp_softmax(tp_neg(x), dim, .dtype = dtype))

static tp_status normalize_compose(tp__call *call)
{
    enum { MASK = 5 };
    const normalize_attr *a = call->attr;
    int dim = 0;
    tp_tensor *x = along(call, a->dim, call->in[MASK], ZERO, &dim);
    tp_tensor *other = a->ord == -INFINITY ? seen_of(call, call->in[0], call->in[MASK], HIGHEST) : x;
    if (!x || !other) return tp__pending();
    tp_tensor *norm = tp__vector_norm(other, a->ord, &(tp__ints){ 1, { dim } }, true, or_own(a->dtype, call->in[0]));
    tp_tensor *least = norm ? tp_full(TP__SCALAR_SHAPE, a->eps, .dtype = (tp_dtype)norm->dtype, .device = norm->device) : NULL;
    return tp__give_out(call, tp_div(x, tp_maximum(norm, least)));
}

static tp_status logaddexp_compose(tp__call *call)
{
    enum { MASK = 3 };
    const tp_dtype dtype = *(const tp_dtype *)call->attr;
    tp_tensor *a = seen_of(call, call->in[0], call->in[MASK], LOWEST), *b = a ? seen_of(call, call->in[1], call->in[MASK + 1], LOWEST) : NULL;
    return tp__give_out(call, tp_to_dtype(tp_logaddexp(a, b), or_own(dtype, call->in[0])));
}

/* ---- Samples, descriptors ----------------------------------------------------------------------------------------------------------------------- */

#define X(...)     TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(__VA_ARGS__)))
#define DIM(d)     TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = d)
#define MASK(m)    TP__NAMED("mask", .kind = TP_ARG_TENSOR, .value.tensor = m)
#define KEEP       TP__NAMED("keepdim", .kind = TP_ARG_BOOL, .value.boolean = true)
/* Of [3, 4], or of one row: in each row and column something is seen. */
static tp_tensor *a_mask(int64_t rows)
{
    tp_tensor *place = tp_arange(0, (double)(4 * rows), 1, .dtype = TP_I64);
    return tp_ne(tp_reshape(tp_remainder(place, 5), rows == 1 ? TP_SHAPE(4) : TP_SHAPE(rows, 4)), 1);
}
static void reduce_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4));
    TP__GIVE(set, X(3, 4), DIM(-1), MASK(a_mask(3)));
    TP__GIVE(set, X(3, 4), TP__INTS_ARG(2, 1, 0), KEEP, MASK(a_mask(1)));
}
static void dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4), DIM(0));
    TP__GIVE(set, X(3, 4), TP__INT_ARG(1), KEEP, MASK(a_mask(3)));
}
static void norm_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4), TP__FLOAT_ARG(3), DIM(0), MASK(a_mask(3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_plus(tp__sample_distinct(set, TP_SHAPE(3, 4)), 9)), TP__FLOAT_ARG(-INFINITY), DIM(1), KEEP,
             MASK(a_mask(1)));
}
static void var_samples(tp_sample_set *set)
{
    reduce_samples(set);
    TP__GIVE(set, X(3, 4), TP__NAMED("unbiased", .kind = TP_ARG_BOOL, .value.boolean = false));
    TP__GIVE(set, X(3, 4), DIM(1), MASK(a_mask(1)), TP__NAMED("correction", .kind = TP_ARG_FLOAT, .value.real = 0.5));
}
static void along_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4), TP__INT_ARG(0));
    TP__GIVE(set, X(3, 4), TP__INT_ARG(-1), MASK(a_mask(3)));
}
static void log_samples(tp_sample_set *set)            /* hidden elements give -inf, which has no differences */
{
    tp__sample sample = { .args = { X(3, 4), TP__INT_ARG(-1), MASK(a_mask(3)) }, .n = 3, .no_gradcheck = true };
    TP__GIVE(set, X(3, 4), TP__INT_ARG(0));
    set->take(set, &sample);
}
static void normalize_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 4), TP__FLOAT_ARG(2), TP__INT_ARG(1), MASK(a_mask(3))); }
static void logaddexp_samples(tp_sample_set *set)      /* beside -inf the second gradient is NaN, as PyTorch's */
{
    tp__sample sample = { .args = { X(3, 4), X(3, 4),
                                    TP__NAMED("other_mask", .kind = TP_ARG_TENSOR, .value.tensor = a_mask(3)) },
                          .n = 3,
                          .no_gradcheck = true };
    TP__GIVE(set, X(3, 4), X(4));
    set->take(set, &sample);
}

#define MASKED(name, takes, more, bytes, give) static const tp_op op_##name = \
    { .schema = "masked_" #name "(Tensor input, " takes ", dtype dtype=none, Tensor? mask=none) -> Tensor", \
    .flags = more, .compose = name##_compose, .attr_size = bytes, .samples = give, .state = TP__STATE };
#define REDUCE "int[]? dim=none, *, bool? keepdim=false"
MASKED(sum, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(prod, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(amax, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(amin, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(mean, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(logsumexp, REDUCE, 0, sizeof(reduce_attr), reduce_samples)
MASKED(argmax, "int? dim=none, *, bool? keepdim=false", TP__NO_GRAD_OP, sizeof(one_dim_attr), dim_samples)
MASKED(argmin, "int? dim=none, *, bool? keepdim=false", TP__NO_GRAD_OP, sizeof(one_dim_attr), dim_samples)
MASKED(median, "int dim=-1, *, bool keepdim=false", 0, sizeof(one_dim_attr), dim_samples)
MASKED(norm, "float ord=2, int[]? dim=none, *, bool? keepdim=false", 0, sizeof(norm_attr), norm_samples)
MASKED(var, "int[]? dim=none, any unbiased=none, *, number? correction=none, bool? keepdim=false", 0, sizeof(var_attr), var_samples)
MASKED(std, "int[]? dim=none, any unbiased=none, *, number? correction=none, bool? keepdim=false", 0, sizeof(var_attr), var_samples)
MASKED(cumsum, "int dim, *", 0, sizeof(along_attr), along_samples)
MASKED(cumprod, "int dim, *", 0, sizeof(along_attr), along_samples)
MASKED(softmax, "int dim, *", 0, sizeof(along_attr), along_samples)
MASKED(log_softmax, "int dim, *", 0, sizeof(along_attr), log_samples)
MASKED(softmin, "int dim, *", 0, sizeof(along_attr), along_samples)
MASKED(normalize, "float ord, int dim, *, float eps=1e-12", 0, sizeof(normalize_attr), normalize_samples)
static const tp_op op_logaddexp = { .schema = "masked_logaddexp(Tensor input, Tensor other, *, dtype dtype=none, "
    "Tensor? input_mask=none, Tensor? other_mask=none) -> Tensor", .compose = logaddexp_compose,
    .attr_size = sizeof(tp_dtype), .samples = logaddexp_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------- */

#define PUBLIC(name) \
    tp_tensor *tp_masked_##name(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim) \
    { \
        reduce_attr attr = { .keepdim = keepdim }; \
        if (!tp__take_dims("masked_" #name, &dims, &attr.dim)) return NULL; \
        return tp__run1(&op_##name, (tp_tensor *[]){ x, NULL, NULL, NULL, mask }, 5, &attr, TP__CALLER); \
    }
PUBLIC(sum)
PUBLIC(prod)
PUBLIC(mean)
PUBLIC(amax)
PUBLIC(amin)
PUBLIC(logsumexp)
#define PUBLIC_SPREAD(name) \
    tp_tensor *tp_masked_##name(tp_tensor *x, tp_tensor *mask, tp_dims dims, double correction, bool keepdim) \
    { \
        var_attr attr = { .correction = { .kind = TP_OPERAND_REAL, .as.real = correction }, .keepdim = keepdim }; \
        if (!tp__take_dims("masked_" #name, &dims, &attr.dim)) return NULL; \
        return tp__run1(&op_##name, (tp_tensor *[]){ x, NULL, NULL, NULL, NULL, NULL, mask }, 7, &attr, TP__CALLER); \
    }
PUBLIC_SPREAD(var)
PUBLIC_SPREAD(std)
#define PUBLIC_ALONG(name) \
    tp_tensor *tp_masked_##name(tp_tensor *x, tp_tensor *mask, int dim) \
    { return tp__run1(&op_##name, (tp_tensor *[]){ x, NULL, NULL, mask }, 4, &(along_attr){ .dim = dim }, TP__CALLER); }
PUBLIC_ALONG(softmax)
PUBLIC_ALONG(log_softmax)

const tp_op *const tp__ops_masked[] = {
    &op_sum, &op_prod, &op_amax, &op_amin, &op_mean, &op_logsumexp, &op_argmax, &op_argmin, &op_median, &op_norm, &op_var, &op_std, &op_cumsum, &op_cumprod,
    &op_softmax, &op_log_softmax, &op_softmin, &op_normalize, &op_logaddexp, NULL,
};
