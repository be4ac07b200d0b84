/* loss.h: losses. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_LOSS_H
#define TAPER_OPS_LOSS_H

#include <taper/core.h>

typedef enum tp_reduction { TP_REDUCTION_DEFAULT = 0, TP_REDUCTION_NONE, TP_REDUCTION_MEAN, TP_REDUCTION_SUM } tp_reduction;

typedef struct tp_cross_entropy_options {
    TP__HEAD(tp_cross_entropy_options);
    tp_tensor *weight TP__IS(nullptr);                 /* [classes] */
    int64_t ignore_index TP__IS(-100);
    double label_smoothing TP__IS(0);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_cross_entropy_options;
#define TP__DEFAULT_cross_entropy .ignore_index = -100,

typedef struct tp_nll_loss_options {
    TP__HEAD(tp_nll_loss_options);
    tp_tensor *weight TP__IS(nullptr);                 /* [classes] */
    int64_t ignore_index TP__IS(-100);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_nll_loss_options;
#define TP__DEFAULT_nll_loss .ignore_index = -100,

typedef struct tp_mse_loss_options {
    TP__HEAD(tp_mse_loss_options);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_mse_loss_options;
#define TP__DEFAULT_mse_loss

#define TP__EACH_LOSS_OP_OPTIONS(X) X(cross_entropy) X(nll_loss) X(mse_loss)

#ifdef __cplusplus
extern "C" {
#endif

/* -log softmax(logits)[target]:  logits [n, classes, ..] or [classes]; target int64 [n, ..] or [], or like logits and floating
 * (probabilities). TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: logits, and such a target. */
TP_API tp_tensor *tp_cross_entropy_with(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options *o);
/* -weight[target] x[target] of log-probabilities x [n, classes, ..] or [classes]; target int64 [n, ..] or []. The mean is over the
 * weights of the targets. TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: x. */
TP_API tp_tensor *tp_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_nll_loss_options *o);
TP_API tp_tensor *tp_mse_loss_with(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options *o);    /* (x - target)^2 */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_cross_entropy(...) tp__cross_entropy(__VA_ARGS__, )
#define tp__cross_entropy(logits, target, ...) TP__DEFAULTS(tp_cross_entropy_with(logits, target, TP__OPTIONS(cross_entropy, __VA_ARGS__)))
#define tp_nll_loss(...) tp__nll_loss(__VA_ARGS__, )
#define tp__nll_loss(x, target, ...) TP__DEFAULTS(tp_nll_loss_with(x, target, TP__OPTIONS(nll_loss, __VA_ARGS__)))
#define tp_mse_loss(...) tp__mse_loss(__VA_ARGS__, )
#define tp__mse_loss(x, target, ...) TP__DEFAULTS(tp_mse_loss_with(x, target, TP__OPTIONS(mse_loss, __VA_ARGS__)))
#else
inline tp_tensor *tp_cross_entropy(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options &o = {})
{ return tp_cross_entropy_with(logits, target, &o); }
inline tp_tensor *tp_nll_loss(tp_tensor *x, tp_tensor *target, const tp_nll_loss_options &o = {}) { return tp_nll_loss_with(x, target, &o); }
inline tp_tensor *tp_mse_loss(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options &o = {}) { return tp_mse_loss_with(x, target, &o); }
#endif

#endif
