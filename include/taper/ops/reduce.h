/* reduce.h: reductions. What holds for all ops is said in ops.h. */
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

typedef struct tp_argmax_options {
    TP__HEAD(tp_argmax_options);
    int64_t dim TP__IS(TP_NONE);                       /* of the flattened tensor */
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_argmax_options;
#define TP__DEFAULT_argmax .dim = TP_NONE,

#define TP__EACH_REDUCE_OP_OPTIONS(X) X(sum) X(mean) X(argmax)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Reductions ----------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_sum_with(tp_tensor *x, const tp_sum_options *o);
TP_API tp_tensor *tp_mean_with(tp_tensor *x, const tp_mean_options *o);            /* floating dtypes */
TP_API tp_tensor *tp_max(tp_tensor *x);                /* of all elements; equal ones share the gradient. NaN wins */
/* The greatest value along dim, and where it is (int64, the first of equals) when indices is not NULL. */
TP_API tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_argmax_with(tp_tensor *x, const tp_argmax_options *o);        /* int64; no gradient */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_sum(...) tp__sum(__VA_ARGS__, )
#define tp__sum(x, ...) TP__DEFAULTS(tp_sum_with(x, TP__OPTIONS(sum, __VA_ARGS__)))
#define tp_mean(...) tp__mean(__VA_ARGS__, )
#define tp__mean(x, ...) TP__DEFAULTS(tp_mean_with(x, TP__OPTIONS(mean, __VA_ARGS__)))
#define tp_argmax(...) tp__argmax(__VA_ARGS__, )
#define tp__argmax(x, ...) TP__DEFAULTS(tp_argmax_with(x, TP__OPTIONS(argmax, __VA_ARGS__)))
#else
inline tp_tensor *tp_sum(tp_tensor *x, const tp_sum_options &o = {}) { return tp_sum_with(x, &o); }
inline tp_tensor *tp_mean(tp_tensor *x, const tp_mean_options &o = {}) { return tp_mean_with(x, &o); }
inline tp_tensor *tp_argmax(tp_tensor *x, const tp_argmax_options &o = {}) { return tp_argmax_with(x, &o); }
#endif

#endif
