/* optim/adam.c: Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019), which decays weights apart.
 *   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) */
#include "optimizer.h"

enum { STEP, EXP_AVG, EXP_AVG_SQ, MAX_EXP_AVG_SQ };

static bool adam_keeps(const tp__optim_values *v, int state)
{
    return state != MAX_EXP_AVG_SQ || v->amsgrad;
}

static tp_status fused(const tp__optim_values *v, const tp__step_lists *lists, bool decoupled)
{
    return tp_fused_adam_(lists->params, lists->grads, lists->state[EXP_AVG], lists->state[EXP_AVG_SQ], lists->state[MAX_EXP_AVG_SQ],
                          lists->state[STEP], .lr = v->lr, .betas = { v->betas[0], v->betas[1] }, .eps = v->eps,
                          .weight_decay = v->weight_decay, .decoupled = decoupled, .amsgrad = v->amsgrad, .maximize = v->maximize);
}

static tp_status adam_step(const tp__optim_values *v, const tp__step_lists *lists) { return fused(v, lists, false); }
static tp_status adamw_step(const tp__optim_values *v, const tp__step_lists *lists) { return fused(v, lists, true); }

#define OPTIONS(class) TP__OPTION(class, lr), TP__OPTION(class, betas), TP__OPTION(class, eps), TP__OPTION(class, weight_decay), \
    TP__OPTION(class, amsgrad), TP__OPTION(class, maximize)
#define STATES .state = { [STEP] = "step", [EXP_AVG] = "exp_avg", [EXP_AVG_SQ] = "exp_avg_sq", [MAX_EXP_AVG_SQ] = "max_exp_avg_sq" }, .scalars = 1 << STEP

TP__OPTIM_OPTIONS(adam, OPTIONS(adam));
TP__OPTIM_OPTIONS(adamw, OPTIONS(adamw));
const tp__optim_class tp__adam = { TP__OPTIM_CLASS(adam), STATES, .check = tp__check_adam, .keeps = adam_keeps, .step = adam_step,
    .instead = "tp_sparse_adam" };
const tp__optim_class tp__adamw = { TP__OPTIM_CLASS(adamw), STATES, .check = tp__check_adam, .keeps = adam_keeps, .step = adamw_step,
    .instead = "tp_sparse_adam" };

tp_optimizer *tp_adam_with(tp_tensor_list params, const tp_adam_options *o) { return tp__optimizer_make(&tp__adam, params, o); }
tp_optimizer *tp_adamw_with(tp_tensor_list params, const tp_adamw_options *o) { return tp__optimizer_make(&tp__adamw, params, o); }
