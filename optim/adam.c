/* optim/adam.c: Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019), which decays weights apart.
 *   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) */
#include "optimizer.h"

static tp_status adam_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "eps", v->eps)
        || tp__check_not_negative(op, "weight_decay", v->weight_decay))
        return TP_ERR_ARGUMENT;
    for (int i = 0; i < 2; i++)
        if (!(v->betas[i] >= 0 && v->betas[i] < 1))
            return tp_fail(TP_ERR_ARGUMENT, "%s: betas[%d] is %g, and has to be at least 0 and less than 1", op, i, v->betas[i]);
    return TP_OK;
}

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

#define VALUES (TP__HAS(lr) | TP__HAS(betas) | TP__HAS(eps) | TP__HAS(weight_decay) | TP__HAS(amsgrad) | TP__HAS(maximize))
#define STATES { [STEP] = "step", [EXP_AVG] = "exp_avg", [EXP_AVG_SQ] = "exp_avg_sq", [MAX_EXP_AVG_SQ] = "max_exp_avg_sq" }

static const tp__optim_class adam = {
    .name = "adam", .values = VALUES, .state = STATES, .check = adam_check, .keeps = adam_keeps, .step = adam_step,
};
static const tp__optim_class adamw = {
    .name = "adamw", .values = VALUES, .state = STATES, .check = adam_check, .keeps = adam_keeps, .step = adamw_step,
};

tp_optimizer *tp_adam_with(tp_tensor_list params, const tp_adam_options *options)
{
    tp_adam_options o = TP__BRACES(adam, );
    if (tp_options_take("adam", &o, options, offsetof(tp_adam_options, tp__end)))
        return NULL;
    return tp__optimizer_new(&adam, params, &(tp__optim_values){ .lr = o.lr, .betas = { o.betas[0], o.betas[1] }, .eps = o.eps,
                             .weight_decay = o.weight_decay, .amsgrad = o.amsgrad, .maximize = o.maximize });
}

tp_optimizer *tp_adamw_with(tp_tensor_list params, const tp_adamw_options *options)
{
    tp_adamw_options o = TP__BRACES(adamw, );
    if (tp_options_take("adamw", &o, options, offsetof(tp_adamw_options, tp__end)))
        return NULL;
    return tp__optimizer_new(&adamw, params, &(tp__optim_values){ .lr = o.lr, .betas = { o.betas[0], o.betas[1] }, .eps = o.eps,
                             .weight_decay = o.weight_decay, .amsgrad = o.amsgrad, .maximize = o.maximize });
}
