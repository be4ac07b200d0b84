/* optim/adamax.c: Adamax (Kingma & Ba 2015, algorithm 2).
 *   m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);  w -= lr / (1 - b1^t) m / u */
#include "optimizer.h"

TP__OPTIM_OPTIONS(adamax, TP__OPTION(adamax, lr), TP__OPTION(adamax, betas), TP__OPTION(adamax, eps),
                  TP__OPTION(adamax, weight_decay), TP__OPTION(adamax, maximize));
const tp__optim_class tp__adamax = {
    TP__OPTIM_CLASS(adamax), .n_numbers = 5, .scalars = 1, .state = { "step", "exp_avg", "exp_inf" },
    .check = tp__check_adam,
};

tp_optimizer *tp_adamax_with(tp_tensor_list params, const tp_adamax_options *o) { return tp__optimizer_make(&tp__adamax, params, o); }
