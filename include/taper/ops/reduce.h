/* reduce.h: reductions and scans. What holds for all ops is said in ops.h.
 *
 * dims say what is reduced over, all of them where none is given; keepdim leaves a 1 in their place. NaN comes through, unless
 * said otherwise. Errors besides those of ops.h: TP_ERR_SHAPE for a dim out of range or given twice, and for what has no value
 * over no elements, such as a maximum. */
#ifndef TAPER_OPS_REDUCE_H
#define TAPER_OPS_REDUCE_H

#include <taper/core.h>

typedef struct tp_sum_options {
    TP__HEAD(tp_sum_options);
    tp_dims dims TP__IS({});                           /* all of them */
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* the input's; int64 for integers and bool in a sum */
    TP__TAIL;
} tp_sum_options;
#define TP__DEFAULT_sum
typedef tp_sum_options tp_mean_options;
#define TP__DEFAULT_mean
typedef tp_sum_options tp_nansum_options;
#define TP__DEFAULT_nansum
typedef tp_sum_options tp_nanmean_options;
#define TP__DEFAULT_nanmean

typedef struct tp_prod_options {
    TP__HEAD(tp_prod_options);
    int64_t dim TP__IS(TP_NONE);                       /* all of them */
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* the input's; int64 for integers and bool */
    TP__TAIL;
} tp_prod_options;
#define TP__DEFAULT_prod .dim = TP_NONE,

typedef struct tp_amax_options {
    TP__HEAD(tp_amax_options);
    tp_dims dims TP__IS({});
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_amax_options;
#define TP__DEFAULT_amax
typedef tp_amax_options tp_amin_options;
#define TP__DEFAULT_amin
typedef tp_amax_options tp_all_options;
#define TP__DEFAULT_all
typedef tp_amax_options tp_any_options;
#define TP__DEFAULT_any
typedef tp_amax_options tp_logsumexp_options;
#define TP__DEFAULT_logsumexp

typedef struct tp_count_nonzero_options {
    TP__HEAD(tp_count_nonzero_options);
    tp_dims dims TP__IS({});
    TP__TAIL;
} tp_count_nonzero_options;
#define TP__DEFAULT_count_nonzero

typedef struct tp_var_options {
    TP__HEAD(tp_var_options);
    tp_dims dims TP__IS({});
    double correction TP__IS(1);                       /* divides by n - correction: 1 is unbiased */
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_var_options;
#define TP__DEFAULT_var .correction = 1,
typedef tp_var_options tp_std_options;
#define TP__DEFAULT_std TP__DEFAULT_var
typedef tp_var_options tp_var_mean_options;
#define TP__DEFAULT_var_mean TP__DEFAULT_var
typedef tp_var_options tp_std_mean_options;
#define TP__DEFAULT_std_mean TP__DEFAULT_var

typedef struct tp_linalg_vector_norm_options {
    TP__HEAD(tp_linalg_vector_norm_options);
    double ord TP__IS(2);                              /* p: any number, also HUGE_VAL and -HUGE_VAL */
    tp_dims dims TP__IS({});
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* that is computed in: the input's or a wider one */
    TP__TAIL;
} tp_linalg_vector_norm_options;
#define TP__DEFAULT_linalg_vector_norm .ord = 2,

typedef struct tp_norm_options {
    TP__HEAD(tp_norm_options);
    double p TP__IS(2);                                /* any number, also HUGE_VAL and -HUGE_VAL */
    tp_dims dims TP__IS({});
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* that is computed in: the input's or a wider one */
    TP__TAIL;
} tp_norm_options;
#define TP__DEFAULT_norm .p = 2,

typedef struct tp_normalize_options {
    TP__HEAD(tp_normalize_options);
    double p TP__IS(2);
    int64_t dim TP__IS(1);
    double eps TP__IS(1e-12);                          /* divides by no less */
    TP__TAIL;
} tp_normalize_options;
#define TP__DEFAULT_normalize .p = 2, .dim = 1, .eps = 1e-12,

typedef struct tp_argmax_options {
    TP__HEAD(tp_argmax_options);
    int64_t dim TP__IS(TP_NONE);                       /* of the flattened tensor */
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_argmax_options;
#define TP__DEFAULT_argmax .dim = TP_NONE,
typedef tp_argmax_options tp_argmin_options;
#define TP__DEFAULT_argmin TP__DEFAULT_argmax
typedef tp_argmax_options tp_aminmax_options;
#define TP__DEFAULT_aminmax TP__DEFAULT_argmax

typedef struct tp_cumsum_options {
    TP__HEAD(tp_cumsum_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* the input's; int64 for integers and bool */
    TP__TAIL;
} tp_cumsum_options;
#define TP__DEFAULT_cumsum
typedef tp_cumsum_options tp_cumprod_options;
#define TP__DEFAULT_cumprod

typedef struct tp_diff_options {
    TP__HEAD(tp_diff_options);
    int64_t n TP__IS(1);                               /* how often */
    int64_t dim TP__IS(-1);
    tp_tensor *prepend TP__IS(nullptr);                /* joined to x before */
    tp_tensor *append TP__IS(nullptr);
    TP__TAIL;
} tp_diff_options;
#define TP__DEFAULT_diff .n = 1, .dim = -1,

#define TP__EACH_REDUCE_OP_OPTIONS(X) X(sum) X(mean) X(nansum) X(nanmean) X(prod) X(amax) X(amin) X(all) X(any) X(logsumexp) \
    X(count_nonzero) X(var) X(std) X(var_mean) X(std_mean) X(argmax) X(argmin) X(aminmax) X(linalg_vector_norm) X(norm) X(normalize) \
    X(cumsum) X(cumprod) X(diff)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Sums and products: any dtype, complex ones too; float32 is added in float64 ---------------------------------------------- */

TP_API tp_tensor *tp_sum_with(tp_tensor *x, const tp_sum_options *o);
TP_API tp_tensor *tp_mean_with(tp_tensor *x, const tp_mean_options *o);            /* floating dtypes */
TP_API tp_tensor *tp_nansum_with(tp_tensor *x, const tp_nansum_options *o);        /* NaN counts as 0 */
TP_API tp_tensor *tp_nanmean_with(tp_tensor *x, const tp_nanmean_options *o);      /* nansum(x) / how many are no NaN; floating dtypes */
/* Over one dim or all; its gradient is right where elements are 0. */
TP_API tp_tensor *tp_prod_with(tp_tensor *x, const tp_prod_options *o);

/* log(sum(exp(x))), without overflow; integers and bool give float32. Of no elements -inf. */
TP_API tp_tensor *tp_logsumexp_with(tp_tensor *x, const tp_logsumexp_options *o);

/* ---- Spread: sum (x - mean)^2 / max(0, n - correction), floating dtypes ------------------------------------------------------- */

TP_API tp_tensor *tp_var_with(tp_tensor *x, const tp_var_options *o);
TP_API tp_tensor *tp_std_with(tp_tensor *x, const tp_std_options *o);              /* its root; where it is 0 the gradient is 0 */
/* The mean goes to *mean unless that is NULL. */
TP_API tp_tensor *tp_var_mean_with(tp_tensor *x, tp_tensor **mean, const tp_var_mean_options *o);
TP_API tp_tensor *tp_std_mean_with(tp_tensor *x, tp_tensor **mean, const tp_std_mean_options *o);

/* ---- Extremes: NaN wins ----------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_amax_with(tp_tensor *x, const tp_amax_options *o);            /* equal ones share the gradient */
TP_API tp_tensor *tp_amin_with(tp_tensor *x, const tp_amin_options *o);
/* The least, and the greatest in *max unless that is NULL; over one dim or all. */
TP_API tp_tensor *tp_aminmax_with(tp_tensor *x, tp_tensor **max, const tp_aminmax_options *o);
TP_API tp_tensor *tp_max(tp_tensor *x);                /* of all elements; equal ones share the gradient */
TP_API tp_tensor *tp_min(tp_tensor *x);
/* The greatest or least value along dim, and where it is (int64, the first of equals) when indices is not NULL. The gradient
 * goes there alone. */
TP_API tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_min_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_argmax_with(tp_tensor *x, const tp_argmax_options *o);        /* int64; no gradient, not of bool */
TP_API tp_tensor *tp_argmin_with(tp_tensor *x, const tp_argmin_options *o);

/* ---- Norms: floating dtypes --------------------------------------------------------------------------------------------------- */

/* (sum |x|^ord)^(1/ord); of inf and -inf the greatest and least |x|, of 0 how many are not 0. */
TP_API tp_tensor *tp_linalg_vector_norm_with(tp_tensor *x, const tp_linalg_vector_norm_options *o);
TP_API tp_tensor *tp_norm_with(tp_tensor *x, const tp_norm_options *o);            /* the same, as torch.norm says it. Of matrices: linalg.h */
/* The norm of each slice along dim, with sizes of 1 for all other dims; dim -1: of all elements, without dims. What weight_norm divides by. */
TP_API tp_tensor *tp_norm_except_dim(tp_tensor *v, int64_t pow, int64_t dim);
TP_API tp_tensor *tp_dist(tp_tensor *a, tp_tensor *b, double p);                   /* the norm of a - b, broadcast */
TP_API tp_tensor *tp_normalize_with(tp_tensor *x, const tp_normalize_options *o);  /* x / max(its norm along dim, eps) */

/* ---- Distances and spread, of floating dtypes ---------------------------------------------------------------------------------- */

/* |a_i - b_j|_p of all points a [.., n, d] and b [.., m, d]: [.., n, m], batches broadcast; of all pairs i < j of x [n, d]. p >= 0 */
TP_API tp_tensor *tp_cdist(tp_tensor *a, tp_tensor *b, double p);
TP_API tp_tensor *tp_pdist(tp_tensor *x, double p);
/* The covariances of variables, the rows of x [variables, observations], or of one: over the number of observations less the correction.
 * Complex ones too: (x - m) times its conjugate. */
TP_API tp_tensor *tp_cov(tp_tensor *x, int64_t correction);
TP_API tp_tensor *tp_corrcoef(tp_tensor *x);           /* over the roots of both variances, in [-1, 1] */
TP_API tp_tensor *tp_renorm(tp_tensor *x, double p, int dim, double maxnorm);      /* each part along dim is scaled to a norm of at most maxnorm */

/* ---- Truth: what is not 0, NaN too. No gradients ---------------------------------------------------------------------------- */

TP_API tp_tensor *tp_all_with(tp_tensor *x, const tp_all_options *o);              /* bool; of uint8 uint8. Of no elements true */
TP_API tp_tensor *tp_any_with(tp_tensor *x, const tp_any_options *o);
TP_API tp_tensor *tp_count_nonzero_with(tp_tensor *x, const tp_count_nonzero_options *o);      /* int64 */

/* ---- Scans: of the elements up to each along dim, in x's shape --------------------------------------------------------------- */

TP_API tp_tensor *tp_cumsum_with(tp_tensor *x, int dim, const tp_cumsum_options *o);
TP_API tp_tensor *tp_cumprod_with(tp_tensor *x, int dim, const tp_cumprod_options *o);         /* gradient as of prod */
TP_API tp_tensor *tp_cumsum_(tp_tensor *x, int dim);
TP_API tp_tensor *tp_cumprod_(tp_tensor *x, int dim);
TP_API tp_tensor *tp_logcumsumexp(tp_tensor *x, int dim);        /* log(cumsum(exp(x))), floating dtypes */
/* The extreme so far, and where it is (int64, the last of equals) when indices is not NULL. */
TP_API tp_tensor *tp_cummax(tp_tensor *x, int dim, tp_tensor **indices);
TP_API tp_tensor *tp_cummin(tp_tensor *x, int dim, tp_tensor **indices);
/* x_{k+1} - x_k, n times, of bool whether they differ; n = 0 is a copy of x. */
TP_API tp_tensor *tp_diff_with(tp_tensor *x, const tp_diff_options *o);

/* ---- Of the elements that a mask shows, torch.masked: where it is true; NULL: all. It broadcasts to x ------------------------------------- */

TP_API tp_tensor *tp_masked_sum(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);         /* 0, 1 of none for sum and prod */
TP_API tp_tensor *tp_masked_prod(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);
TP_API tp_tensor *tp_masked_mean(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);
TP_API tp_tensor *tp_masked_amax(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);        /* the dtype's limits of none */
TP_API tp_tensor *tp_masked_amin(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);
TP_API tp_tensor *tp_masked_logsumexp(tp_tensor *x, tp_tensor *mask, tp_dims dims, bool keepdim);
TP_API tp_tensor *tp_masked_var(tp_tensor *x, tp_tensor *mask, tp_dims dims, double correction, bool keepdim);     /* divided by count - correction */
TP_API tp_tensor *tp_masked_std(tp_tensor *x, tp_tensor *mask, tp_dims dims, double correction, bool keepdim);
TP_API tp_tensor *tp_masked_softmax(tp_tensor *x, tp_tensor *mask, int dim);           /* what is hidden gets 0 */
TP_API tp_tensor *tp_masked_log_softmax(tp_tensor *x, tp_tensor *mask, int dim);       /* and -inf */

/* ---- Numbers along a dim as samples of a function ------------------------------------------------------------------------------------------ */

/* sum (y[i] + y[i + 1]) / 2 times dx, or x[i + 1] - x[i] where x is not NULL: the area under it, and that up to each sample but the first. */
TP_API tp_tensor *tp_trapezoid(tp_tensor *y, tp_tensor *x, double dx, int dim);
TP_API tp_tensor *tp_cumulative_trapezoid(tp_tensor *y, tp_tensor *x, double dx, int dim);
/* The slope along dim: central differences, at the ends of first or second order; the samples lie `spacing` apart. */
TP_API tp_tensor *tp_gradient(tp_tensor *x, double spacing, int dim, int edge_order);
/* float [bins]: how many of x, or how much of weight (NULL: 1 each), fall in each of the bins of one width between min and max, both 0: x's
 * own; *edges [bins + 1]. No gradient. */
TP_API tp_tensor *tp_histogram(tp_tensor *x, int64_t bins, double min, double max, tp_tensor *weight, tp_tensor **edges);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_sum(...)           tp__reduction(sum, __VA_ARGS__, )
#define tp_mean(...)          tp__reduction(mean, __VA_ARGS__, )
#define tp_nansum(...)        tp__reduction(nansum, __VA_ARGS__, )
#define tp_nanmean(...)       tp__reduction(nanmean, __VA_ARGS__, )
#define tp_prod(...)          tp__reduction(prod, __VA_ARGS__, )
#define tp_var(...)           tp__reduction(var, __VA_ARGS__, )
#define tp_std(...)           tp__reduction(std, __VA_ARGS__, )
#define tp_logsumexp(...)     tp__reduction(logsumexp, __VA_ARGS__, )
#define tp_amax(...)          tp__reduction(amax, __VA_ARGS__, )
#define tp_amin(...)          tp__reduction(amin, __VA_ARGS__, )
#define tp_argmax(...)        tp__reduction(argmax, __VA_ARGS__, )
#define tp_argmin(...)        tp__reduction(argmin, __VA_ARGS__, )
#define tp_all(...)           tp__reduction(all, __VA_ARGS__, )
#define tp_any(...)           tp__reduction(any, __VA_ARGS__, )
#define tp_count_nonzero(...) tp__reduction(count_nonzero, __VA_ARGS__, )
#define tp_linalg_vector_norm(...) tp__reduction(linalg_vector_norm, __VA_ARGS__, )
#define tp_norm(...)          tp__reduction(norm, __VA_ARGS__, )
#define tp_normalize(...)     tp__reduction(normalize, __VA_ARGS__, )
#define tp_diff(...)          tp__reduction(diff, __VA_ARGS__, )
#define tp_var_mean(...)      tp__reduction_of_two(var_mean, __VA_ARGS__, )
#define tp_std_mean(...)      tp__reduction_of_two(std_mean, __VA_ARGS__, )
#define tp_aminmax(...)       tp__reduction_of_two(aminmax, __VA_ARGS__, )
#define tp_cumsum(...)        tp__reduction_of_two(cumsum, __VA_ARGS__, )
#define tp_cumprod(...)       tp__reduction_of_two(cumprod, __VA_ARGS__, )
#define tp__reduction(name, x, ...)             TP__DEFAULTS(tp_##name##_with(x, TP__OPTIONS(name, __VA_ARGS__)))
#define tp__reduction_of_two(name, x, and, ...) TP__DEFAULTS(tp_##name##_with(x, and, TP__OPTIONS(name, __VA_ARGS__)))
#else
inline tp_tensor *tp_sum(tp_tensor *x, const tp_sum_options &o = {}) { return tp_sum_with(x, &o); }
inline tp_tensor *tp_mean(tp_tensor *x, const tp_mean_options &o = {}) { return tp_mean_with(x, &o); }
inline tp_tensor *tp_nansum(tp_tensor *x, const tp_nansum_options &o = {}) { return tp_nansum_with(x, &o); }
inline tp_tensor *tp_nanmean(tp_tensor *x, const tp_nanmean_options &o = {}) { return tp_nanmean_with(x, &o); }
inline tp_tensor *tp_prod(tp_tensor *x, const tp_prod_options &o = {}) { return tp_prod_with(x, &o); }
inline tp_tensor *tp_var(tp_tensor *x, const tp_var_options &o = {}) { return tp_var_with(x, &o); }
inline tp_tensor *tp_std(tp_tensor *x, const tp_std_options &o = {}) { return tp_std_with(x, &o); }
inline tp_tensor *tp_logsumexp(tp_tensor *x, const tp_logsumexp_options &o = {}) { return tp_logsumexp_with(x, &o); }
inline tp_tensor *tp_amax(tp_tensor *x, const tp_amax_options &o = {}) { return tp_amax_with(x, &o); }
inline tp_tensor *tp_amin(tp_tensor *x, const tp_amin_options &o = {}) { return tp_amin_with(x, &o); }
inline tp_tensor *tp_argmax(tp_tensor *x, const tp_argmax_options &o = {}) { return tp_argmax_with(x, &o); }
inline tp_tensor *tp_argmin(tp_tensor *x, const tp_argmin_options &o = {}) { return tp_argmin_with(x, &o); }
inline tp_tensor *tp_all(tp_tensor *x, const tp_all_options &o = {}) { return tp_all_with(x, &o); }
inline tp_tensor *tp_any(tp_tensor *x, const tp_any_options &o = {}) { return tp_any_with(x, &o); }
inline tp_tensor *tp_count_nonzero(tp_tensor *x, const tp_count_nonzero_options &o = {}) { return tp_count_nonzero_with(x, &o); }
inline tp_tensor *tp_linalg_vector_norm(tp_tensor *x, const tp_linalg_vector_norm_options &o = {}) { return tp_linalg_vector_norm_with(x, &o); }
inline tp_tensor *tp_norm(tp_tensor *x, const tp_norm_options &o = {}) { return tp_norm_with(x, &o); }
inline tp_tensor *tp_normalize(tp_tensor *x, const tp_normalize_options &o = {}) { return tp_normalize_with(x, &o); }
inline tp_tensor *tp_diff(tp_tensor *x, const tp_diff_options &o = {}) { return tp_diff_with(x, &o); }
inline tp_tensor *tp_var_mean(tp_tensor *x, tp_tensor **mean, const tp_var_mean_options &o = {}) { return tp_var_mean_with(x, mean, &o); }
inline tp_tensor *tp_std_mean(tp_tensor *x, tp_tensor **mean, const tp_std_mean_options &o = {}) { return tp_std_mean_with(x, mean, &o); }
inline tp_tensor *tp_aminmax(tp_tensor *x, tp_tensor **max, const tp_aminmax_options &o = {}) { return tp_aminmax_with(x, max, &o); }
inline tp_tensor *tp_cumsum(tp_tensor *x, int dim, const tp_cumsum_options &o = {}) { return tp_cumsum_with(x, dim, &o); }
inline tp_tensor *tp_cumprod(tp_tensor *x, int dim, const tp_cumprod_options &o = {}) { return tp_cumprod_with(x, dim, &o); }
#endif

#endif
