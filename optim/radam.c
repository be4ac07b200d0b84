/* optim/radam.c: RAdam (Liu et al. 2020): Adam whose adaptive part waits until its variance can be told, n > 5.
 *   n_inf = 2 / (1 - b2) - 1;  n = n_inf - 2 t b2^t / (1 - b2^t);  r = sqrt((n - 4)(n - 2) n_inf / ((n_inf - 4)(n_inf - 2) n))
 *   w -= lr m / (1 - b1^t) (n > 5 ? r sqrt(1 - b2^t) / (sqrt(v) + eps) : 1) */
#include "optimizer.h"

TP__OPTIM_OPTIONS(radam, TP__OPTION(radam, lr), TP__OPTION(radam, betas), TP__OPTION(radam, eps), TP__OPTION(radam, weight_decay),
                  TP__OPTION(radam, decoupled_weight_decay), TP__OPTION(radam, maximize));
const tp__optim_class tp__radam = {
    TP__OPTIM_CLASS(radam), .n_numbers = 6, .scalars = 1, .state = { "step", "exp_avg", "exp_avg_sq" },
    .check = tp__check_adam,
};

tp_optimizer *tp_radam_with(tp_tensor_list params, const tp_radam_options *o) { return tp__optimizer_make(&tp__radam, params, o); }
