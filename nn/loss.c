/* loss.c: losses and distances: each calls the op. */
#include "layer.h"
#include "module.h"

/* PyTorch's older words for a reduction, by name: reduce=False is none, size_average=False the sum, else the mean. */
static tp_status legacy_init(tp_module *self)
{
    const tp__layer_state *s = tp__layer_prepare(tp__state(self)->layer);
    const tp_arg average = tp__field_arg(tp__field_find(s, "size_average"), self), reduce = tp__field_arg(tp__field_find(s, "reduce"), self);
    const bool none = reduce.kind == TP_ARG_BOOL && !reduce.value.boolean, sum = average.kind == TP_ARG_BOOL && !average.value.boolean;
    if (average.kind == TP_ARG_NONE && reduce.kind == TP_ARG_NONE) return TP_OK;
    return tp__field_set_word(self, "reduction", none ? "none" : sum ? "sum" : "mean");
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------------------- */

static const char *word(tp_reduction reduction)
{
    static const char *const words[] = { "mean", "none", "mean", "sum", "batchmean" };
    return (unsigned)reduction < sizeof words / sizeof *words ? words[reduction] : "";
}

#define REDUCED TP__WITH_STRING(reduction, word(o.reduction))
#define MARGIN  TP__WITH_REAL(margin, o.margin)
#define IN_C(name, type, of, ...) \
    tp_module *tp_nn_##name##_with(const tp_##of##_options *options) \
    { \
        TP__TAKE(of, o, options); \
        return TP__MAKE(type, __VA_ARGS__); \
    }
/* The op has a weight, and the module has none. */
#define IN_C_PLAIN(name, type, of, ...) \
    tp_module *tp_nn_##name##_with(const tp_##of##_options *options) \
    { \
        TP__TAKE(of, o, options); \
        if (o.weight) return tp_fail(TP_ERR_ARGUMENT, type ": it takes no weight"), NULL; \
        return TP__MAKE(type, __VA_ARGS__); \
    }
IN_C_PLAIN(l1_loss, "L1Loss", l1_loss, REDUCED)
IN_C_PLAIN(mse_loss, "MSELoss", mse_loss, REDUCED)
IN_C_PLAIN(huber_loss, "HuberLoss", huber_loss, REDUCED, TP__WITH_REAL(delta, o.delta))
IN_C(smooth_l1_loss, "SmoothL1Loss", smooth_l1_loss, REDUCED, TP__WITH_REAL(beta, o.beta))
IN_C(cross_entropy_loss, "CrossEntropyLoss", cross_entropy, TP__WITH_TENSOR(weight, o.weight), TP__WITH_INT(ignore_index, o.ignore_index), REDUCED,
     TP__WITH_REAL(label_smoothing, o.label_smoothing))
IN_C(nll_loss, "NLLLoss", nll_loss, TP__WITH_TENSOR(weight, o.weight), TP__WITH_INT(ignore_index, o.ignore_index), REDUCED)
IN_C(bce_loss, "BCELoss", binary_cross_entropy, TP__WITH_TENSOR(weight, o.weight), REDUCED)
IN_C(bce_with_logits_loss, "BCEWithLogitsLoss", binary_cross_entropy_with_logits, TP__WITH_TENSOR(weight, o.weight), REDUCED,
     TP__WITH_TENSOR(pos_weight, o.pos_weight))
IN_C(kl_div_loss, "KLDivLoss", kl_div, REDUCED, TP__WITH_BOOL(log_target, o.log_target))
IN_C(poisson_nll_loss, "PoissonNLLLoss", poisson_nll_loss, TP__WITH_BOOL(log_input, o.log_input), TP__WITH_BOOL(full, o.full),
     TP__WITH_REAL(eps, o.eps), REDUCED)
IN_C(gaussian_nll_loss, "GaussianNLLLoss", gaussian_nll_loss, TP__WITH_BOOL(full, o.full), TP__WITH_REAL(eps, o.eps), REDUCED)
IN_C(ctc_loss, "CTCLoss", ctc_loss, TP__WITH_INT(blank, o.blank), REDUCED, TP__WITH_BOOL(zero_infinity, o.zero_infinity))
IN_C(hinge_embedding_loss, "HingeEmbeddingLoss", hinge_embedding_loss, MARGIN, REDUCED)
IN_C(margin_ranking_loss, "MarginRankingLoss", margin_ranking_loss, MARGIN, REDUCED)
IN_C(cosine_embedding_loss, "CosineEmbeddingLoss", cosine_embedding_loss, MARGIN, REDUCED)
IN_C(soft_margin_loss, "SoftMarginLoss", soft_margin_loss, REDUCED)
IN_C(multi_margin_loss, "MultiMarginLoss", multi_margin_loss, TP__WITH_INT(p, o.p), MARGIN, TP__WITH_TENSOR(weight, o.weight), REDUCED)
IN_C(multilabel_margin_loss, "MultiLabelMarginLoss", multilabel_margin_loss, REDUCED)
IN_C(multilabel_soft_margin_loss, "MultiLabelSoftMarginLoss", multilabel_soft_margin_loss, TP__WITH_TENSOR(weight, o.weight), REDUCED)
IN_C(triplet_margin_loss, "TripletMarginLoss", triplet_margin_loss, MARGIN, TP__WITH_REAL(p, o.p), TP__WITH_REAL(eps, o.eps),
     TP__WITH_BOOL(swap, o.swap), REDUCED)
IN_C(cosine_similarity, "CosineSimilarity", cosine_similarity, TP__WITH_INT(dim, o.dim), TP__WITH_REAL(eps, o.eps))
IN_C(pairwise_distance, "PairwiseDistance", pairwise_distance, TP__WITH_REAL(p, o.p), TP__WITH_REAL(eps, o.eps), TP__WITH_BOOL(keepdim, o.keepdim))

#define LEGACY     "bool? size_average=none, bool? reduce=none, "
#define REDUCTION  "string{none,mean,sum} reduction=mean"
#define OF_TWO     "input, target"
#define OF_THREE   "input1, input2, target"

#define LOSS(schema, name, names)      { schema, .init = legacy_init, .op = name, .inputs = names, TP__LAYER }
#define LOSS_PLAIN(schema, name, names) { schema, .op = name, .inputs = names, TP__LAYER }

const tp__layer tp__nn_loss[] = {
    LOSS("L1Loss(" LEGACY REDUCTION ")", "l1_loss", OF_TWO),
    LOSS("MSELoss(" LEGACY REDUCTION ")", "mse_loss", OF_TWO),
    LOSS("SmoothL1Loss(" LEGACY REDUCTION ", float beta=1)", "smooth_l1_loss", OF_TWO),
    LOSS_PLAIN("HuberLoss(" REDUCTION ", float delta=1)", "huber_loss", OF_TWO),
    LOSS("CrossEntropyLoss(buffer? weight=none, bool? size_average=none, int ignore_index=-100, bool? reduce=none, " REDUCTION
         ", float label_smoothing=0)", "cross_entropy", OF_TWO),
    LOSS("NLLLoss(buffer? weight=none, bool? size_average=none, int ignore_index=-100, bool? reduce=none, " REDUCTION ")", "nll_loss", OF_TWO),
    LOSS("BCELoss(buffer? weight=none, " LEGACY REDUCTION ")", "binary_cross_entropy", OF_TWO),
    LOSS("BCEWithLogitsLoss(buffer? weight=none, " LEGACY REDUCTION ", buffer? pos_weight=none)", "binary_cross_entropy_with_logits", OF_TWO),
    LOSS("KLDivLoss(" LEGACY "string{none,mean,sum,batchmean} reduction=mean, bool log_target=false)", "kl_div", OF_TWO),
    LOSS("PoissonNLLLoss(bool log_input=true, bool full=false, bool? size_average=none, float eps=1e-8, bool? reduce=none, " REDUCTION ")",
         "poisson_nll_loss", "log_input, target"),
    LOSS_PLAIN("GaussianNLLLoss(*, bool full=false, float eps=1e-6, " REDUCTION ")", "gaussian_nll_loss", "input, target, var"),
    LOSS_PLAIN("CTCLoss(int blank=0, " REDUCTION ", bool zero_infinity=false)", "ctc_loss", "log_probs, targets, input_lengths, target_lengths"),
    LOSS("HingeEmbeddingLoss(float margin=1, " LEGACY REDUCTION ")", "hinge_embedding_loss", OF_TWO),
    LOSS("MarginRankingLoss(float margin=0, " LEGACY REDUCTION ")", "margin_ranking_loss", OF_THREE),
    LOSS("CosineEmbeddingLoss(float margin=0, " LEGACY REDUCTION ")", "cosine_embedding_loss", OF_THREE),
    LOSS("SoftMarginLoss(" LEGACY REDUCTION ")", "soft_margin_loss", OF_TWO),
    LOSS("MultiMarginLoss(int p=1, float margin=1, buffer? weight=none, " LEGACY REDUCTION ")", "multi_margin_loss", OF_TWO),
    LOSS("MultiLabelMarginLoss(" LEGACY REDUCTION ")", "multilabel_margin_loss", OF_TWO),
    LOSS("MultiLabelSoftMarginLoss(buffer? weight=none, " LEGACY REDUCTION ")", "multilabel_soft_margin_loss", OF_TWO),
    LOSS("TripletMarginLoss(float margin=1, float p=2, float eps=1e-6, bool swap=false, " LEGACY REDUCTION ")", "triplet_margin_loss",
         "anchor, positive, negative"),
    LOSS_PLAIN("TripletMarginWithDistanceLoss(*, float margin=1, bool swap=false, " REDUCTION ")", "triplet_margin_with_distance_loss",
               "anchor, positive, negative"),
    LOSS_PLAIN("CosineSimilarity(int dim=1, float eps=1e-8)", "cosine_similarity", "x1, x2"),
    LOSS_PLAIN("PairwiseDistance(float p=2, float eps=1e-6, bool keepdim=false)", "pairwise_distance", "x1, x2"),
    { .schema = NULL },
};
