/* loss.h: losses. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_LOSS_H
#define TAPER_OPS_LOSS_H

#include <taper/core.h>

typedef enum tp_reduction { TP_REDUCTION_DEFAULT = 0, TP_REDUCTION_NONE, TP_REDUCTION_MEAN, TP_REDUCTION_SUM,
    TP_REDUCTION_BATCHMEAN /* the sum over the first size; kl_div alone */ } tp_reduction;

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
    tp_tensor *weight TP__IS(nullptr);                 /* shaped as the input; the mean is over the weights */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_mse_loss_options;
#define TP__DEFAULT_mse_loss
typedef tp_mse_loss_options tp_l1_loss_options;
#define TP__DEFAULT_l1_loss

typedef struct tp_huber_loss_options {
    TP__HEAD(tp_huber_loss_options);
    double delta TP__IS(1);
    tp_tensor *weight TP__IS(nullptr);                 /* shaped as the input */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_huber_loss_options;
#define TP__DEFAULT_huber_loss .delta = 1,

typedef struct tp_smooth_l1_loss_options {
    TP__HEAD(tp_smooth_l1_loss_options);
    double beta TP__IS(1);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_smooth_l1_loss_options;
#define TP__DEFAULT_smooth_l1_loss .beta = 1,

typedef struct tp_soft_margin_loss_options {
    TP__HEAD(tp_soft_margin_loss_options);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_soft_margin_loss_options;
#define TP__DEFAULT_soft_margin_loss

typedef struct tp_kl_div_options {
    TP__HEAD(tp_kl_div_options);
    bool log_target TP__IS(false);                     /* the target holds logarithms, as the input does */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean over all elements; TP_REDUCTION_BATCHMEAN too */
    TP__TAIL;
} tp_kl_div_options;
#define TP__DEFAULT_kl_div

typedef struct tp_binary_cross_entropy_options {
    TP__HEAD(tp_binary_cross_entropy_options);
    tp_tensor *weight TP__IS(nullptr);                 /* broadcasts to the input */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_binary_cross_entropy_options;
#define TP__DEFAULT_binary_cross_entropy

typedef struct tp_binary_cross_entropy_with_logits_options {
    TP__HEAD(tp_binary_cross_entropy_with_logits_options);
    tp_tensor *weight TP__IS(nullptr), *pos_weight TP__IS(nullptr);        /* these broadcast to the input */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_binary_cross_entropy_with_logits_options;
#define TP__DEFAULT_binary_cross_entropy_with_logits

#define TP__EACH_LOSS_OP_OPTIONS(X) X(cross_entropy) X(nll_loss) X(mse_loss) X(l1_loss) X(huber_loss) X(smooth_l1_loss) X(soft_margin_loss) X(kl_div) \
    X(binary_cross_entropy) X(binary_cross_entropy_with_logits)

#ifdef __cplusplus
extern "C" {
#endif

/* -log softmax(logits)[target]:  logits [n, classes, ..] or [classes]; target int64 [n, ..] or [], or like logits and floating
 * (probabilities). TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: logits, and such a target. */
TP_API tp_tensor *tp_cross_entropy_with(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options *o);
/* -weight[target] x[target] of log-probabilities x [n, classes, ..] or [classes]; target int64 [n, ..] or []. The mean is over the
 * weights of the targets. TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: x. */
TP_API tp_tensor *tp_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_nll_loss_options *o);

/* ---- Of two tensors that broadcast, d = x - target. Gradients: both, not weights -------------------------------------------- */

TP_API tp_tensor *tp_mse_loss_with(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options *o);    /* d^2 */
TP_API tp_tensor *tp_l1_loss_with(tp_tensor *x, tp_tensor *target, const tp_l1_loss_options *o);      /* |d|; of integers, but for the mean */
/* d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2). TP_ERR_ARGUMENT: delta <= 0 */
TP_API tp_tensor *tp_huber_loss_with(tp_tensor *x, tp_tensor *target, const tp_huber_loss_options *o);
/* d^2 / (2 beta) where |d| < beta, else |d| - beta / 2. TP_ERR_ARGUMENT: beta < 0 */
TP_API tp_tensor *tp_smooth_l1_loss_with(tp_tensor *x, tp_tensor *target, const tp_smooth_l1_loss_options *o);
TP_API tp_tensor *tp_soft_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_soft_margin_loss_options *o);   /* log(1 + exp(-x target)) */
/* target (log(target) - x) of log-probabilities x, or exp(target) (target - x) of a target of logarithms */
TP_API tp_tensor *tp_kl_div_with(tp_tensor *x, tp_tensor *target, const tp_kl_div_options *o);
/* -weight (target log(x) + (1 - target) log(1 - x)), logarithms at least -100; both of one shape and dtype. TP_ERR_ARGUMENT: an x
 * that is not in [0, 1] */
TP_API tp_tensor *tp_binary_cross_entropy_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_options *o);
/* The same of sigmoid(x), safe for any x; target log(..) times pos_weight. Both of one shape. */
TP_API tp_tensor *tp_binary_cross_entropy_with_logits_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_with_logits_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define TP__LOSS(name, x, target, ...) TP__DEFAULTS(tp_##name##_with(x, target, TP__OPTIONS(name, __VA_ARGS__)))
#define tp_cross_entropy(...)        TP__LOSS(cross_entropy, __VA_ARGS__, )
#define tp_nll_loss(...)             TP__LOSS(nll_loss, __VA_ARGS__, )
#define tp_mse_loss(...)             TP__LOSS(mse_loss, __VA_ARGS__, )
#define tp_l1_loss(...)              TP__LOSS(l1_loss, __VA_ARGS__, )
#define tp_huber_loss(...)           TP__LOSS(huber_loss, __VA_ARGS__, )
#define tp_smooth_l1_loss(...)       TP__LOSS(smooth_l1_loss, __VA_ARGS__, )
#define tp_soft_margin_loss(...)     TP__LOSS(soft_margin_loss, __VA_ARGS__, )
#define tp_kl_div(...)               TP__LOSS(kl_div, __VA_ARGS__, )
#define tp_binary_cross_entropy(...) TP__LOSS(binary_cross_entropy, __VA_ARGS__, )
#define tp_binary_cross_entropy_with_logits(...) TP__LOSS(binary_cross_entropy_with_logits, __VA_ARGS__, )
#else
#define TP__LOSS(name) \
    inline tp_tensor *tp_##name(tp_tensor *x, tp_tensor *target, const tp_##name##_options &o = {}) { return tp_##name##_with(x, target, &o); }
TP__LOSS(cross_entropy)
TP__LOSS(nll_loss)
TP__LOSS(mse_loss)
TP__LOSS(l1_loss)
TP__LOSS(huber_loss)
TP__LOSS(smooth_l1_loss)
TP__LOSS(soft_margin_loss)
TP__LOSS(kl_div)
TP__LOSS(binary_cross_entropy)
TP__LOSS(binary_cross_entropy_with_logits)
#endif

#endif
