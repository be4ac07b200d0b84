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

#define TP__EACH_SORT_OP_OPTIONS(X) X(sort) X(argsort) X(topk) X(kthvalue)

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

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_sort(...) tp__sort(__VA_ARGS__, )
#define tp__sort(x, ...) TP__DEFAULTS(tp_sort_with(x, TP__OPTIONS(sort, __VA_ARGS__)))
#define tp_argsort(...) tp__argsort(__VA_ARGS__, )
#define tp__argsort(x, ...) TP__DEFAULTS(tp_argsort_with(x, TP__OPTIONS(argsort, __VA_ARGS__)))
#define tp_topk(...) tp__topk(__VA_ARGS__, )
#define tp__topk(x, k, ...) TP__DEFAULTS(tp_topk_with(x, k, TP__OPTIONS(topk, __VA_ARGS__)))
#define tp_kthvalue(...) tp__kthvalue(__VA_ARGS__, )
#define tp__kthvalue(x, k, ...) TP__DEFAULTS(tp_kthvalue_with(x, k, TP__OPTIONS(kthvalue, __VA_ARGS__)))
#else
inline tp_tensor *tp_sort(tp_tensor *x, const tp_sort_options &o = {}) { return tp_sort_with(x, &o); }
inline tp_tensor *tp_argsort(tp_tensor *x, const tp_argsort_options &o = {}) { return tp_argsort_with(x, &o); }
inline tp_tensor *tp_topk(tp_tensor *x, int64_t k, const tp_topk_options &o = {}) { return tp_topk_with(x, k, &o); }
inline tp_tensor *tp_kthvalue(tp_tensor *x, int64_t k, const tp_kthvalue_options &o = {}) { return tp_kthvalue_with(x, k, &o); }
#endif

#endif
