/* sort.h: order, search and counting. What holds for all ops is said in ops.h.
 *
 * NaN is greater than all else. Of equal elements the first comes first, in either direction: every sort is stable. */
#ifndef TAPER_OPS_SORT_H
#define TAPER_OPS_SORT_H

#include <taper/core.h>

typedef struct tp_sort_options {
    TP__HEAD(tp_sort_options);
    int dim TP__IS(-1);
    bool descending TP__IS(false);
    tp_tensor **indices TP__IS(nullptr);               /* gets where each one stood: int64, no gradient */
    TP__TAIL;
} tp_sort_options;
#define TP__DEFAULT_sort .dim = -1,

typedef struct tp_argsort_options {
    TP__HEAD(tp_argsort_options);
    int dim TP__IS(-1);
    bool descending TP__IS(false);
    TP__TAIL;
} tp_argsort_options;
#define TP__DEFAULT_argsort .dim = -1,

typedef struct tp_topk_options {
    TP__HEAD(tp_topk_options);
    int dim TP__IS(-1);
    bool largest TP__IS(true);                         /* else the least */
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_topk_options;
#define TP__DEFAULT_topk .dim = -1, .largest = true,

typedef struct tp_kthvalue_options {
    TP__HEAD(tp_kthvalue_options);
    int dim TP__IS(-1);
    bool keepdim TP__IS(false);
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_kthvalue_options;
#define TP__DEFAULT_kthvalue .dim = -1,

typedef struct tp_searchsorted_options {
    TP__HEAD(tp_searchsorted_options);
    bool right TP__IS(false);                          /* after those that are equal, not before */
    bool out_int32 TP__IS(false);
    tp_tensor *sorter TP__IS(nullptr);                 /* int64: the order of a sequence that is not sorted */
    TP__TAIL;
} tp_searchsorted_options;
#define TP__DEFAULT_searchsorted

typedef struct tp_bucketize_options {
    TP__HEAD(tp_bucketize_options);
    bool right TP__IS(false), out_int32 TP__IS(false);
    TP__TAIL;
} tp_bucketize_options;
#define TP__DEFAULT_bucketize

typedef struct tp_bincount_options {
    TP__HEAD(tp_bincount_options);
    tp_tensor *weights TP__IS(nullptr);                /* like x: what is added for each, 1 unless it is given */
    int64_t minlength TP__IS(0);
    TP__TAIL;
} tp_bincount_options;
#define TP__DEFAULT_bincount

typedef struct tp_histc_options {
    TP__HEAD(tp_histc_options);
    int64_t bins TP__IS(100);
    double min TP__IS(0), max TP__IS(0);               /* those of x where they are equal */
    TP__TAIL;
} tp_histc_options;
#define TP__DEFAULT_histc .bins = 100,

typedef struct tp_unique_options {
    TP__HEAD(tp_unique_options);
    int64_t dim TP__IS(TP_NONE);                       /* of its slices; else of all elements */
    tp_tensor **inverse TP__IS(nullptr);               /* gets for each which of the unique ones it is */
    tp_tensor **counts TP__IS(nullptr);                /* gets how often each occurs */
    TP__TAIL;
} tp_unique_options;
#define TP__DEFAULT_unique .dim = TP_NONE,

typedef struct tp_mode_options {
    TP__HEAD(tp_mode_options);
    int dim TP__IS(-1);
    bool keepdim TP__IS(false);
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_mode_options;
#define TP__DEFAULT_mode .dim = -1,

typedef enum tp_quantile_interpolation {
    TP_QUANTILE_DEFAULT = 0, TP_QUANTILE_LINEAR, TP_QUANTILE_LOWER, TP_QUANTILE_HIGHER, TP_QUANTILE_MIDPOINT, TP_QUANTILE_NEAREST,
} tp_quantile_interpolation;

typedef struct tp_quantile_options {
    TP__HEAD(tp_quantile_options);
    int64_t dim TP__IS(TP_NONE);                       /* else of all elements */
    bool keepdim TP__IS(false);
    tp_quantile_interpolation interpolation TP__IS(TP_QUANTILE_DEFAULT);         /* TP_QUANTILE_LINEAR */
    TP__TAIL;
} tp_quantile_options;
#define TP__DEFAULT_quantile .dim = TP_NONE,

#define TP__EACH_SORT_OP_OPTIONS(X) X(sort) X(argsort) X(topk) X(kthvalue) X(searchsorted) X(bucketize) X(bincount) X(histc) X(unique) X(mode) X(quantile)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Order along a dim: any dtype but complex. Gradient: x ------------------------------------------------------------------------- */

TP_API tp_tensor *tp_sort_with(tp_tensor *x, const tp_sort_options *o);            /* the values in order */
TP_API tp_tensor *tp_argsort_with(tp_tensor *x, const tp_argsort_options *o);      /* where they stood: int64; no gradient */
TP_API tp_tensor *tp_msort(tp_tensor *x);              /* along dim 0 */
/* The k greatest or least, in order. TP_ERR_ARGUMENT: there are fewer. */
TP_API tp_tensor *tp_topk_with(tp_tensor *x, int64_t k, const tp_topk_options *o);
TP_API tp_tensor *tp_kthvalue_with(tp_tensor *x, int64_t k, const tp_kthvalue_options *o);    /* the k-th least, from 1 on, without dim */

/* The element in the middle of all or of a line along dim, of two the lower: of numbers, bool is TP_ERR_DTYPE. NaN if there is one;
 * nanmedian leaves those out. Without dim equal elements share the gradient, and of no elements it is NaN. */
TP_API tp_tensor *tp_median(tp_tensor *x);
TP_API tp_tensor *tp_nanmedian(tp_tensor *x);
TP_API tp_tensor *tp_median_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_nanmedian_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
/* What occurs most often along dim, without it: the least of several, and where it stands last. A NaN equals nothing. */
TP_API tp_tensor *tp_mode_with(tp_tensor *x, const tp_mode_options *o);

/* With s the elements in order, of a line along dim or of all, and r = q (n - 1):  s at r, between two as `interpolation` says:
 *   linear  s[floor r] + (r - floor r) (s[ceil r] - s[floor r]);  lower s[floor r];  higher s[ceil r];  midpoint their mean;  nearest
 * x float32 or float64, not empty; q a number or a tensor like x, 0-dim or [k], in [0, 1]: then the result is [k, ..]. NaN if there is
 * one; nanquantile leaves those out. TP_ERR_DTYPE, TP_ERR_SHAPE, TP_ERR_ARGUMENT (q). Gradients: x, q */
TP_API tp_tensor *tp_quantile_with(tp_tensor *x, tp_operand q, const tp_quantile_options *o);
TP_API tp_tensor *tp_nanquantile_with(tp_tensor *x, tp_operand q, const tp_quantile_options *o);

/* ---- Search: int64, or int32 if that is asked for. No gradient ---------------------------------------------------------------------- */

/* Where each value stands in the sorted sequence: how many of its elements are less (right: not greater). The sequence is [n], or
 * has a row for each row of values; values are a tensor or a number. */
TP_API tp_tensor *tp_searchsorted_with(tp_tensor *sequence, tp_operand values, const tp_searchsorted_options *o);
TP_API tp_tensor *tp_bucketize_with(tp_operand values, tp_tensor *boundaries, const tp_bucketize_options *o);      /* boundaries [n] */
TP_API tp_tensor *tp_isin_with(tp_operand elements, tp_operand test_elements);     /* bool: is it one of those? NaN never is */

/* ---- Counting. No gradient ------------------------------------------------------------------------------------------------------------ */

/* y[v] = how many x are v, int64; or the sum of their weights, float32 for float32 ones, else float64. x [n], whole numbers.
 * TP_ERR_INDEX: one is negative. */
TP_API tp_tensor *tp_bincount_with(tp_tensor *x, const tp_bincount_options *o);
/* How many x are in each of `bins` equal parts of min to max, in x's dtype. TP_ERR_NUMERIC: x has no finite range. */
TP_API tp_tensor *tp_histc_with(tp_tensor *x, const tp_histc_options *o);
/* Each element, or slice of dim, once: in rising order; or in the order of x, where neighbours are equal. NaN equals nothing. */
TP_API tp_tensor *tp_unique_with(tp_tensor *x, const tp_unique_options *o);
TP_API tp_tensor *tp_unique_consecutive_with(tp_tensor *x, const tp_unique_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_searchsorted(...) tp__searchsorted(__VA_ARGS__, )
#define tp__searchsorted(sequence, values, ...) TP__DEFAULTS(tp_searchsorted_with(sequence, TP__OPERAND(values), TP__OPTIONS(searchsorted, __VA_ARGS__)))
#define tp_bucketize(...) tp__bucketize(__VA_ARGS__, )
#define tp__bucketize(values, boundaries, ...) TP__DEFAULTS(tp_bucketize_with(TP__OPERAND(values), boundaries, TP__OPTIONS(bucketize, __VA_ARGS__)))
#define tp_isin(elements, test_elements) tp_isin_with(TP__OPERAND(elements), TP__OPERAND(test_elements))
#define tp_bincount(...) tp__bincount(__VA_ARGS__, )
#define tp__bincount(x, ...) TP__DEFAULTS(tp_bincount_with(x, TP__OPTIONS(bincount, __VA_ARGS__)))
#define tp_histc(...) tp__histc(__VA_ARGS__, )
#define tp__histc(x, ...) TP__DEFAULTS(tp_histc_with(x, TP__OPTIONS(histc, __VA_ARGS__)))
#define tp_unique(...) tp__unique(__VA_ARGS__, )
#define tp__unique(x, ...) TP__DEFAULTS(tp_unique_with(x, TP__OPTIONS(unique, __VA_ARGS__)))
#define tp_unique_consecutive(...) tp__unique_consecutive(__VA_ARGS__, )
#define tp__unique_consecutive(x, ...) TP__DEFAULTS(tp_unique_consecutive_with(x, TP__OPTIONS(unique, __VA_ARGS__)))
#define tp_sort(...) tp__sort(__VA_ARGS__, )
#define tp__sort(x, ...) TP__DEFAULTS(tp_sort_with(x, TP__OPTIONS(sort, __VA_ARGS__)))
#define tp_argsort(...) tp__argsort(__VA_ARGS__, )
#define tp__argsort(x, ...) TP__DEFAULTS(tp_argsort_with(x, TP__OPTIONS(argsort, __VA_ARGS__)))
#define tp_topk(...) tp__topk(__VA_ARGS__, )
#define tp__topk(x, k, ...) TP__DEFAULTS(tp_topk_with(x, k, TP__OPTIONS(topk, __VA_ARGS__)))
#define tp_kthvalue(...) tp__kthvalue(__VA_ARGS__, )
#define tp__kthvalue(x, k, ...) TP__DEFAULTS(tp_kthvalue_with(x, k, TP__OPTIONS(kthvalue, __VA_ARGS__)))
#define tp_mode(...) tp__mode(__VA_ARGS__, )
#define tp__mode(x, ...) TP__DEFAULTS(tp_mode_with(x, TP__OPTIONS(mode, __VA_ARGS__)))
#define tp_quantile(...) tp__quantile(__VA_ARGS__, )
#define tp__quantile(x, q, ...) TP__DEFAULTS(tp_quantile_with(x, TP__OPERAND(q), TP__OPTIONS(quantile, __VA_ARGS__)))
#define tp_nanquantile(...) tp__nanquantile(__VA_ARGS__, )
#define tp__nanquantile(x, q, ...) TP__DEFAULTS(tp_nanquantile_with(x, TP__OPERAND(q), TP__OPTIONS(quantile, __VA_ARGS__)))
#else
inline tp_tensor *tp_mode(tp_tensor *x, const tp_mode_options &o = {}) { return tp_mode_with(x, &o); }
inline tp_tensor *tp_quantile(tp_tensor *x, tp_operand q, const tp_quantile_options &o = {}) { return tp_quantile_with(x, q, &o); }
inline tp_tensor *tp_nanquantile(tp_tensor *x, tp_operand q, const tp_quantile_options &o = {}) { return tp_nanquantile_with(x, q, &o); }
inline tp_tensor *tp_searchsorted(tp_tensor *sequence, tp_operand values, const tp_searchsorted_options &o = {})
{ return tp_searchsorted_with(sequence, values, &o); }
inline tp_tensor *tp_bucketize(tp_operand values, tp_tensor *boundaries, const tp_bucketize_options &o = {})
{ return tp_bucketize_with(values, boundaries, &o); }
inline tp_tensor *tp_isin(tp_operand elements, tp_operand test_elements) { return tp_isin_with(elements, test_elements); }
inline tp_tensor *tp_bincount(tp_tensor *x, const tp_bincount_options &o = {}) { return tp_bincount_with(x, &o); }
inline tp_tensor *tp_histc(tp_tensor *x, const tp_histc_options &o = {}) { return tp_histc_with(x, &o); }
inline tp_tensor *tp_unique(tp_tensor *x, const tp_unique_options &o = {}) { return tp_unique_with(x, &o); }
inline tp_tensor *tp_unique_consecutive(tp_tensor *x, const tp_unique_options &o = {}) { return tp_unique_consecutive_with(x, &o); }
inline tp_tensor *tp_sort(tp_tensor *x, const tp_sort_options &o = {}) { return tp_sort_with(x, &o); }
inline tp_tensor *tp_argsort(tp_tensor *x, const tp_argsort_options &o = {}) { return tp_argsort_with(x, &o); }
inline tp_tensor *tp_topk(tp_tensor *x, int64_t k, const tp_topk_options &o = {}) { return tp_topk_with(x, k, &o); }
inline tp_tensor *tp_kthvalue(tp_tensor *x, int64_t k, const tp_kthvalue_options &o = {}) { return tp_kthvalue_with(x, k, &o); }
#endif

#endif
