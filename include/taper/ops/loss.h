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

typedef struct tp_pairwise_distance_options {
    TP__HEAD(tp_pairwise_distance_options);
    double p TP__IS(2), eps TP__IS(1e-6);
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_pairwise_distance_options;
#define TP__DEFAULT_pairwise_distance .p = 2, .eps = 1e-6,

typedef struct tp_cosine_similarity_options {
    TP__HEAD(tp_cosine_similarity_options);
    int64_t dim TP__IS(1);
    double eps TP__IS(1e-8);
    TP__TAIL;
} tp_cosine_similarity_options;
#define TP__DEFAULT_cosine_similarity .dim = 1, .eps = 1e-8,

typedef struct tp_cosine_embedding_loss_options {
    TP__HEAD(tp_cosine_embedding_loss_options);
    double margin TP__IS(0);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_cosine_embedding_loss_options;
#define TP__DEFAULT_cosine_embedding_loss

typedef tp_cosine_embedding_loss_options tp_margin_ranking_loss_options;
#define TP__DEFAULT_margin_ranking_loss

typedef struct tp_triplet_margin_loss_options {
    TP__HEAD(tp_triplet_margin_loss_options);
    double margin TP__IS(1), p TP__IS(2), eps TP__IS(1e-6);
    bool swap TP__IS(false);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_triplet_margin_loss_options;
#define TP__DEFAULT_triplet_margin_loss .margin = 1, .p = 2, .eps = 1e-6,

typedef struct tp_hinge_embedding_loss_options {
    TP__HEAD(tp_hinge_embedding_loss_options);
    double margin TP__IS(1);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_hinge_embedding_loss_options;
#define TP__DEFAULT_hinge_embedding_loss .margin = 1,

typedef struct tp_multi_margin_loss_options {
    TP__HEAD(tp_multi_margin_loss_options);
    int64_t p TP__IS(1);
    double margin TP__IS(1);
    tp_tensor *weight TP__IS(nullptr);                 /* [classes] */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_multi_margin_loss_options;
#define TP__DEFAULT_multi_margin_loss .p = 1, .margin = 1,

typedef tp_soft_margin_loss_options tp_multilabel_margin_loss_options;
#define TP__DEFAULT_multilabel_margin_loss

typedef struct tp_multilabel_soft_margin_loss_options {
    TP__HEAD(tp_multilabel_soft_margin_loss_options);
    tp_tensor *weight TP__IS(nullptr);                 /* broadcasts to the input */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_multilabel_soft_margin_loss_options;
#define TP__DEFAULT_multilabel_soft_margin_loss

typedef struct tp_poisson_nll_loss_options {
    TP__HEAD(tp_poisson_nll_loss_options);
    bool log_input TP__IS(true), full TP__IS(false);   /* the input is the logarithm of the rate; with the Stirling term */
    double eps TP__IS(1e-8);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_poisson_nll_loss_options;
#define TP__DEFAULT_poisson_nll_loss .log_input = true, .eps = 1e-8,

typedef struct tp_gaussian_nll_loss_options {
    TP__HEAD(tp_gaussian_nll_loss_options);
    bool full TP__IS(false);                           /* with the constant */
    double eps TP__IS(1e-6);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_gaussian_nll_loss_options;
#define TP__DEFAULT_gaussian_nll_loss .eps = 1e-6,

typedef struct tp_ctc_loss_options {
    TP__HEAD(tp_ctc_loss_options);
    int64_t blank TP__IS(0);                           /* the class that stands for none */
    bool zero_infinity TP__IS(false);                  /* no loss, and no gradient, of a target that no path reads as */
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);
    TP__TAIL;
} tp_ctc_loss_options;
#define TP__DEFAULT_ctc_loss

#define TP__EACH_LOSS_OP_OPTIONS(X) X(cross_entropy) X(nll_loss) X(mse_loss) X(l1_loss) X(huber_loss) X(smooth_l1_loss) X(soft_margin_loss) X(kl_div) \
    X(binary_cross_entropy) X(binary_cross_entropy_with_logits) X(pairwise_distance) X(cosine_similarity) X(cosine_embedding_loss) \
    X(margin_ranking_loss) X(triplet_margin_loss) X(hinge_embedding_loss) X(multi_margin_loss) X(multilabel_margin_loss) \
    X(multilabel_soft_margin_loss) X(poisson_nll_loss) X(gaussian_nll_loss) X(ctc_loss)

#ifdef __cplusplus
extern "C" {
#endif

/* -log softmax(logits)[target]:  logits [n, classes, ..] or [classes]; target int64 [n, ..] or [], or like logits and floating
 * (probabilities). TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: logits, and such a target, and
 * the weight beside it. */
TP_API tp_tensor *tp_cross_entropy_with(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options *o);
/* -weight[target] x[target] of log-probabilities x [n, classes, ..] or [classes]; target int64 [n, ..] or []. The mean is over the
 * weights of the targets. TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: x. */
TP_API tp_tensor *tp_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_nll_loss_options *o);

/* -log p(target) of sequences: log_probs [time, n, classes], log-probabilities; targets int64 [n, longest], or one after another in one
 * dim; lengths int64 [n]. Without a batch [time, classes], [length], and lengths []. The mean is over the lengths of the targets, too.
 * TP_ERR_ARGUMENT: a length; TP_ERR_INDEX: a target that is no class. Gradient: log_probs, once, and as that of what log_softmax
 * was taken of, which is the same through it. */
TP_API tp_tensor *tp_ctc_loss_with(tp_tensor *log_probs, tp_tensor *targets, tp_tensor *input_lengths, tp_tensor *target_lengths,
                                   const tp_ctc_loss_options *o);

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
 * or a target that is not in [0, 1] */
TP_API tp_tensor *tp_binary_cross_entropy_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_options *o);
/* The same of sigmoid(x), safe for any x; target log(..) times pos_weight. Both of one shape; the
 * result has the target's dtype. */
TP_API tp_tensor *tp_binary_cross_entropy_with_logits_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_with_logits_options *o);

/* ---- Nearness, and losses of it. Gradients: all inputs that are no target ---------------------------------------------------- */

/* the p-norm of x1 - x2 + eps over the last dim */
TP_API tp_tensor *tp_pairwise_distance_with(tp_tensor *x1, tp_tensor *x2, const tp_pairwise_distance_options *o);
/* x1 x2 / (|x1| |x2|), norms at least eps >= 0 */
TP_API tp_tensor *tp_cosine_similarity_with(tp_tensor *x1, tp_tensor *x2, const tp_cosine_similarity_options *o);
/* 1 - cos(x1, x2) of a target 1, max(cos(x1, x2) - margin, 0) of -1: [rows, n], [rows, n], [rows], or without rows */
TP_API tp_tensor *tp_cosine_embedding_loss_with(tp_tensor *x1, tp_tensor *x2, tp_tensor *target, const tp_cosine_embedding_loss_options *o);
/* max(margin - target (x1 - x2), 0) */
TP_API tp_tensor *tp_margin_ranking_loss_with(tp_tensor *x1, tp_tensor *x2, tp_tensor *target, const tp_margin_ranking_loss_options *o);
/* max(margin + d(anchor, positive) - d(anchor, negative), 0), d the pairwise distance; with swap the smaller of
 * d(anchor, negative) and d(positive, negative). TP_ERR_ARGUMENT: margin <= 0 */
TP_API tp_tensor *tp_triplet_margin_loss_with(tp_tensor *anchor, tp_tensor *positive, tp_tensor *negative, const tp_triplet_margin_loss_options *o);

/* ---- Margins and likelihoods. Gradient: x ------------------------------------------------------------------------------------- */

/* x of a target 1, max(margin - x, 0) of -1 */
TP_API tp_tensor *tp_hinge_embedding_loss_with(tp_tensor *x, tp_tensor *target, const tp_hinge_embedding_loss_options *o);
/* The sum over classes c other than t of max(margin - x_t + x_c, 0)^p weight_t / classes, p 1 or 2: x [rows, classes], target int64
 * [rows], or without rows. TP_ERR_INDEX */
TP_API tp_tensor *tp_multi_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multi_margin_loss_options *o);
/* The sum of max(1 - x_t + x_c, 0) / classes over the classes t that a row of the target gives, before the first below 0, and those c
 * that it does not: x and target, int64, [rows, classes] or [classes]. In both NaN counts for nothing. TP_ERR_INDEX */
TP_API tp_tensor *tp_multilabel_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multilabel_margin_loss_options *o);
/* The mean of binary_cross_entropy_with_logits over the last dim. Gradients: all inputs */
TP_API tp_tensor *tp_multilabel_soft_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multilabel_soft_margin_loss_options *o);
/* exp(x) - target x, or x - target log(x + eps) */
TP_API tp_tensor *tp_poisson_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_poisson_nll_loss_options *o);
/* (log(var) + (x - target)^2 / var) / 2, var at least eps: shaped as x, or with the last dim left out or one dim of size 1, or a number.
 * TP_ERR_ARGUMENT: a var below 0. Gradients: x, target, var */
TP_API tp_tensor *tp_gaussian_nll_loss_with(tp_tensor *x, tp_tensor *target, tp_operand var, const tp_gaussian_nll_loss_options *o);

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
#define tp_hinge_embedding_loss(...)   TP__LOSS(hinge_embedding_loss, __VA_ARGS__, )
#define tp_multi_margin_loss(...)      TP__LOSS(multi_margin_loss, __VA_ARGS__, )
#define tp_multilabel_margin_loss(...) TP__LOSS(multilabel_margin_loss, __VA_ARGS__, )
#define tp_multilabel_soft_margin_loss(...) TP__LOSS(multilabel_soft_margin_loss, __VA_ARGS__, )
#define tp_poisson_nll_loss(...)       TP__LOSS(poisson_nll_loss, __VA_ARGS__, )
#define tp_pairwise_distance(...)      TP__LOSS(pairwise_distance, __VA_ARGS__, )
#define tp_cosine_similarity(...)      TP__LOSS(cosine_similarity, __VA_ARGS__, )
#define TP__LOSS_OF_THREE(name, a, b, c, ...) TP__DEFAULTS(tp_##name##_with(a, b, c, TP__OPTIONS(name, __VA_ARGS__)))
#define tp_cosine_embedding_loss(...)  TP__LOSS_OF_THREE(cosine_embedding_loss, __VA_ARGS__, )
#define tp_margin_ranking_loss(...)    TP__LOSS_OF_THREE(margin_ranking_loss, __VA_ARGS__, )
#define tp_triplet_margin_loss(...)    TP__LOSS_OF_THREE(triplet_margin_loss, __VA_ARGS__, )
#define tp_ctc_loss(...)               tp__ctc_loss(__VA_ARGS__, )
#define tp__ctc_loss(log_probs, targets, input_lengths, target_lengths, ...) \
    TP__DEFAULTS(tp_ctc_loss_with(log_probs, targets, input_lengths, target_lengths, TP__OPTIONS(ctc_loss, __VA_ARGS__)))
#define tp_gaussian_nll_loss(...)      tp__gaussian_nll_loss(__VA_ARGS__, )
#define tp__gaussian_nll_loss(x, target, var, ...) \
    TP__DEFAULTS(tp_gaussian_nll_loss_with(x, target, TP__OPERAND(var), TP__OPTIONS(gaussian_nll_loss, __VA_ARGS__)))
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
TP__LOSS(hinge_embedding_loss)
TP__LOSS(multi_margin_loss)
TP__LOSS(multilabel_margin_loss)
TP__LOSS(multilabel_soft_margin_loss)
TP__LOSS(poisson_nll_loss)
TP__LOSS(pairwise_distance)
TP__LOSS(cosine_similarity)
#define TP__LOSS_OF_THREE(name) \
    inline tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b, tp_tensor *c, const tp_##name##_options &o = {}) { return tp_##name##_with(a, b, c, &o); }
TP__LOSS_OF_THREE(cosine_embedding_loss)
TP__LOSS_OF_THREE(margin_ranking_loss)
TP__LOSS_OF_THREE(triplet_margin_loss)
inline tp_tensor *tp_ctc_loss(tp_tensor *log_probs, tp_tensor *targets, tp_tensor *input_lengths, tp_tensor *target_lengths,
                              const tp_ctc_loss_options &o = {})
{ return tp_ctc_loss_with(log_probs, targets, input_lengths, target_lengths, &o); }
inline tp_tensor *tp_gaussian_nll_loss(tp_tensor *x, tp_tensor *target, tp_operand var, const tp_gaussian_nll_loss_options &o = {})
{ return tp_gaussian_nll_loss_with(x, target, var, &o); }
#endif

#endif
