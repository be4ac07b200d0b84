/* loss.h: losses as modules, called by tp_call with the arguments of the op of that name. They take its options; a weight is copied. */
#ifndef TAPER_NN_LOSS_H
#define TAPER_NN_LOSS_H

#include <taper/nn/module.h>

typedef struct tp_nn_adaptive_log_softmax_with_loss_options {
    TP__HEAD(tp_nn_adaptive_log_softmax_with_loss_options);
    double div_value TP__IS(4);                        /* each cluster has so many times fewer features than the one before */
    bool head_bias TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_adaptive_log_softmax_with_loss_options;
#define TP__DEFAULT_nn_adaptive_log_softmax_with_loss .div_value = 4,

#define TP__EACH_NN_LOSS_OPTIONS(X) X(nn_adaptive_log_softmax_with_loss)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_module *tp_nn_mse_loss_with(const tp_mse_loss_options *o);
TP_API tp_module *tp_nn_l1_loss_with(const tp_l1_loss_options *o);
TP_API tp_module *tp_nn_smooth_l1_loss_with(const tp_smooth_l1_loss_options *o);
TP_API tp_module *tp_nn_huber_loss_with(const tp_huber_loss_options *o);
TP_API tp_module *tp_nn_cross_entropy_loss_with(const tp_cross_entropy_options *o);
TP_API tp_module *tp_nn_nll_loss_with(const tp_nll_loss_options *o);
TP_API tp_module *tp_nn_bce_loss_with(const tp_binary_cross_entropy_options *o);
TP_API tp_module *tp_nn_bce_with_logits_loss_with(const tp_binary_cross_entropy_with_logits_options *o);
TP_API tp_module *tp_nn_kl_div_loss_with(const tp_kl_div_options *o);
TP_API tp_module *tp_nn_poisson_nll_loss_with(const tp_poisson_nll_loss_options *o);
TP_API tp_module *tp_nn_gaussian_nll_loss_with(const tp_gaussian_nll_loss_options *o);
TP_API tp_module *tp_nn_ctc_loss_with(const tp_ctc_loss_options *o);
TP_API tp_module *tp_nn_hinge_embedding_loss_with(const tp_hinge_embedding_loss_options *o);
TP_API tp_module *tp_nn_margin_ranking_loss_with(const tp_margin_ranking_loss_options *o);
TP_API tp_module *tp_nn_cosine_embedding_loss_with(const tp_cosine_embedding_loss_options *o);
TP_API tp_module *tp_nn_soft_margin_loss_with(const tp_soft_margin_loss_options *o);
TP_API tp_module *tp_nn_multi_margin_loss_with(const tp_multi_margin_loss_options *o);
TP_API tp_module *tp_nn_multilabel_margin_loss_with(const tp_multilabel_margin_loss_options *o);
TP_API tp_module *tp_nn_multilabel_soft_margin_loss_with(const tp_multilabel_soft_margin_loss_options *o);
TP_API tp_module *tp_nn_triplet_margin_loss_with(const tp_triplet_margin_loss_options *o);
/* A softmax over many classes, sorted by falling frequency, of which those from each cutoff on are a cluster of their own: at most 8
 * cutoffs, rising, 1 to classes - 1. Called with "input" [n, in] and "target" [n], int64, or without the n: log p of the targets, [n], and,
 * where there is room for two, its negative mean, the loss. The parameters are head.weight, tail.0.0.weight, tail.0.1.weight, ..
 * TP_ERR_INDEX: a target that is no class */
TP_API tp_module *tp_nn_adaptive_log_softmax_with_loss_with(int64_t in, int64_t classes, tp_shape cutoffs,
                                                            const tp_nn_adaptive_log_softmax_with_loss_options *o);
/* Of such a module: log p of all classes, [.., classes], and the likeliest class, int64 [..], for x [.., in]. */
TP_API tp_tensor *tp_adaptive_log_prob(tp_module *m, tp_tensor *x);
TP_API tp_tensor *tp_adaptive_predict(tp_module *m, tp_tensor *x);
/* Distances along a dim */
TP_API tp_module *tp_nn_cosine_similarity_with(const tp_cosine_similarity_options *o);
TP_API tp_module *tp_nn_pairwise_distance_with(const tp_pairwise_distance_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_mse_loss(...) TP__DEFAULTS(tp_nn_mse_loss_with(TP__OPTIONS(mse_loss, __VA_ARGS__)))
#define tp_nn_l1_loss(...) TP__DEFAULTS(tp_nn_l1_loss_with(TP__OPTIONS(l1_loss, __VA_ARGS__)))
#define tp_nn_smooth_l1_loss(...) TP__DEFAULTS(tp_nn_smooth_l1_loss_with(TP__OPTIONS(smooth_l1_loss, __VA_ARGS__)))
#define tp_nn_huber_loss(...) TP__DEFAULTS(tp_nn_huber_loss_with(TP__OPTIONS(huber_loss, __VA_ARGS__)))
#define tp_nn_cross_entropy_loss(...) TP__DEFAULTS(tp_nn_cross_entropy_loss_with(TP__OPTIONS(cross_entropy, __VA_ARGS__)))
#define tp_nn_nll_loss(...) TP__DEFAULTS(tp_nn_nll_loss_with(TP__OPTIONS(nll_loss, __VA_ARGS__)))
#define tp_nn_bce_loss(...) TP__DEFAULTS(tp_nn_bce_loss_with(TP__OPTIONS(binary_cross_entropy, __VA_ARGS__)))
#define tp_nn_bce_with_logits_loss(...) TP__DEFAULTS(tp_nn_bce_with_logits_loss_with(TP__OPTIONS(binary_cross_entropy_with_logits, __VA_ARGS__)))
#define tp_nn_kl_div_loss(...) TP__DEFAULTS(tp_nn_kl_div_loss_with(TP__OPTIONS(kl_div, __VA_ARGS__)))
#define tp_nn_poisson_nll_loss(...) TP__DEFAULTS(tp_nn_poisson_nll_loss_with(TP__OPTIONS(poisson_nll_loss, __VA_ARGS__)))
#define tp_nn_gaussian_nll_loss(...) TP__DEFAULTS(tp_nn_gaussian_nll_loss_with(TP__OPTIONS(gaussian_nll_loss, __VA_ARGS__)))
#define tp_nn_ctc_loss(...) TP__DEFAULTS(tp_nn_ctc_loss_with(TP__OPTIONS(ctc_loss, __VA_ARGS__)))
#define tp_nn_hinge_embedding_loss(...) TP__DEFAULTS(tp_nn_hinge_embedding_loss_with(TP__OPTIONS(hinge_embedding_loss, __VA_ARGS__)))
#define tp_nn_margin_ranking_loss(...) TP__DEFAULTS(tp_nn_margin_ranking_loss_with(TP__OPTIONS(margin_ranking_loss, __VA_ARGS__)))
#define tp_nn_cosine_embedding_loss(...) TP__DEFAULTS(tp_nn_cosine_embedding_loss_with(TP__OPTIONS(cosine_embedding_loss, __VA_ARGS__)))
#define tp_nn_soft_margin_loss(...) TP__DEFAULTS(tp_nn_soft_margin_loss_with(TP__OPTIONS(soft_margin_loss, __VA_ARGS__)))
#define tp_nn_multi_margin_loss(...) TP__DEFAULTS(tp_nn_multi_margin_loss_with(TP__OPTIONS(multi_margin_loss, __VA_ARGS__)))
#define tp_nn_multilabel_margin_loss(...) TP__DEFAULTS(tp_nn_multilabel_margin_loss_with(TP__OPTIONS(multilabel_margin_loss, __VA_ARGS__)))
#define tp_nn_multilabel_soft_margin_loss(...) TP__DEFAULTS(tp_nn_multilabel_soft_margin_loss_with(TP__OPTIONS(multilabel_soft_margin_loss, __VA_ARGS__)))
#define tp_nn_triplet_margin_loss(...) TP__DEFAULTS(tp_nn_triplet_margin_loss_with(TP__OPTIONS(triplet_margin_loss, __VA_ARGS__)))
#define tp_nn_adaptive_log_softmax_with_loss(...) tp__nn_adaptive_log_softmax_with_loss(__VA_ARGS__, )
#define tp__nn_adaptive_log_softmax_with_loss(in, classes, cutoffs, ...) \
    TP__DEFAULTS(tp_nn_adaptive_log_softmax_with_loss_with(in, classes, cutoffs, TP__OPTIONS(nn_adaptive_log_softmax_with_loss, __VA_ARGS__)))
#define tp_adaptive_log_prob(m, x)     tp_adaptive_log_prob(TP_MODULE(m), x)
#define tp_adaptive_predict(m, x)      tp_adaptive_predict(TP_MODULE(m), x)
#define tp_nn_cosine_similarity(...) TP__DEFAULTS(tp_nn_cosine_similarity_with(TP__OPTIONS(cosine_similarity, __VA_ARGS__)))
#define tp_nn_pairwise_distance(...) TP__DEFAULTS(tp_nn_pairwise_distance_with(TP__OPTIONS(pairwise_distance, __VA_ARGS__)))
#else
inline tp_module *tp_nn_mse_loss(const tp_mse_loss_options &o = {}) { return tp_nn_mse_loss_with(&o); }
inline tp_module *tp_nn_l1_loss(const tp_l1_loss_options &o = {}) { return tp_nn_l1_loss_with(&o); }
inline tp_module *tp_nn_smooth_l1_loss(const tp_smooth_l1_loss_options &o = {}) { return tp_nn_smooth_l1_loss_with(&o); }
inline tp_module *tp_nn_huber_loss(const tp_huber_loss_options &o = {}) { return tp_nn_huber_loss_with(&o); }
inline tp_module *tp_nn_cross_entropy_loss(const tp_cross_entropy_options &o = {}) { return tp_nn_cross_entropy_loss_with(&o); }
inline tp_module *tp_nn_nll_loss(const tp_nll_loss_options &o = {}) { return tp_nn_nll_loss_with(&o); }
inline tp_module *tp_nn_bce_loss(const tp_binary_cross_entropy_options &o = {}) { return tp_nn_bce_loss_with(&o); }
inline tp_module *tp_nn_bce_with_logits_loss(const tp_binary_cross_entropy_with_logits_options &o = {})
{ return tp_nn_bce_with_logits_loss_with(&o); }
inline tp_module *tp_nn_kl_div_loss(const tp_kl_div_options &o = {}) { return tp_nn_kl_div_loss_with(&o); }
inline tp_module *tp_nn_poisson_nll_loss(const tp_poisson_nll_loss_options &o = {}) { return tp_nn_poisson_nll_loss_with(&o); }
inline tp_module *tp_nn_gaussian_nll_loss(const tp_gaussian_nll_loss_options &o = {}) { return tp_nn_gaussian_nll_loss_with(&o); }
inline tp_module *tp_nn_ctc_loss(const tp_ctc_loss_options &o = {}) { return tp_nn_ctc_loss_with(&o); }
inline tp_module *tp_nn_hinge_embedding_loss(const tp_hinge_embedding_loss_options &o = {}) { return tp_nn_hinge_embedding_loss_with(&o); }
inline tp_module *tp_nn_margin_ranking_loss(const tp_margin_ranking_loss_options &o = {}) { return tp_nn_margin_ranking_loss_with(&o); }
inline tp_module *tp_nn_cosine_embedding_loss(const tp_cosine_embedding_loss_options &o = {}) { return tp_nn_cosine_embedding_loss_with(&o); }
inline tp_module *tp_nn_soft_margin_loss(const tp_soft_margin_loss_options &o = {}) { return tp_nn_soft_margin_loss_with(&o); }
inline tp_module *tp_nn_multi_margin_loss(const tp_multi_margin_loss_options &o = {}) { return tp_nn_multi_margin_loss_with(&o); }
inline tp_module *tp_nn_multilabel_margin_loss(const tp_multilabel_margin_loss_options &o = {}) { return tp_nn_multilabel_margin_loss_with(&o); }
inline tp_module *tp_nn_multilabel_soft_margin_loss(const tp_multilabel_soft_margin_loss_options &o = {})
{ return tp_nn_multilabel_soft_margin_loss_with(&o); }
inline tp_module *tp_nn_triplet_margin_loss(const tp_triplet_margin_loss_options &o = {}) { return tp_nn_triplet_margin_loss_with(&o); }
inline tp_module *tp_nn_adaptive_log_softmax_with_loss(int64_t in, int64_t classes, tp_shape cutoffs,
                                                       const tp_nn_adaptive_log_softmax_with_loss_options &o = {})
{ return tp_nn_adaptive_log_softmax_with_loss_with(in, classes, cutoffs, &o); }
inline tp_module *tp_nn_cosine_similarity(const tp_cosine_similarity_options &o = {}) { return tp_nn_cosine_similarity_with(&o); }
inline tp_module *tp_nn_pairwise_distance(const tp_pairwise_distance_options &o = {}) { return tp_nn_pairwise_distance_with(&o); }
#endif

#endif
