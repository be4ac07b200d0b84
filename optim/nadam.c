/* optim/nadam.c: NAdam (Dozat 2016): Adam with Nesterov's momentum, mu_t = b1 (1 - 0.96^(t momentum_decay) / 2).
 *   w -= lr ((1 - mu_t) g / (1 - prod mu) + mu_(t + 1) m / (1 - mu_(t + 1) prod mu)) / (sqrt(v / (1 - b2^t)) + eps) */
#include "optimizer.h"

static tp_status nadam_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_lr_eps_decay(op, v) || tp__check_betas(op, v) || tp__check_not_negative(op, "momentum_decay", v->momentum_decay))
        return TP_ERR_ARGUMENT;
    return TP_OK;
}

enum { STEP, MU_PRODUCT, EXP_AVG, EXP_AVG_SQ };

static double nadam_initial(const tp__optim_values *v, int state)
{
    (void)v;
    return state == MU_PRODUCT ? 1 : 0;
}

TP__OPTIM_OPTIONS(nadam, TP__OPTION(nadam, lr), TP__OPTION(nadam, betas), TP__OPTION(nadam, eps), TP__OPTION(nadam, weight_decay),
                  TP__OPTION(nadam, momentum_decay), TP__OPTION(nadam, decoupled_weight_decay), TP__OPTION(nadam, maximize));
const tp__optim_class tp__nadam = {
    TP__OPTIM_CLASS(nadam), .n_numbers = 7, .scalars = 1 << STEP | 1 << MU_PRODUCT,
    .state = { [STEP] = "step", [MU_PRODUCT] = "mu_product", [EXP_AVG] = "exp_avg", [EXP_AVG_SQ] = "exp_avg_sq" },
    .check = nadam_check, .initial = nadam_initial,
};

tp_optimizer *tp_nadam_with(tp_tensor_list params, const tp_nadam_options *o) { return tp__optimizer_make(&tp__nadam, params, o); }
