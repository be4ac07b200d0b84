/* optim/asgd.c: averaged SGD (Polyak & Juditsky 1992).
 *   w = w (1 - lambd eta) - eta g;  ax += (w - ax) mu;  then eta = lr / (1 + lambd lr t)^alpha, mu = 1 / max(1, t - t0) */
#include "optimizer.h"

static tp_status asgd_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "lambd", v->lambd) || tp__check_not_negative(op, "alpha", v->alpha)
        || tp__check_not_negative(op, "weight_decay", v->weight_decay))
        return TP_ERR_ARGUMENT;
    return TP_OK;
}

enum { STEP, ETA, MU, AX };

static double asgd_initial(const tp__optim_values *v, int state) { return state == ETA ? v->lr : state == MU ? 1 : 0; }

TP__OPTIM_OPTIONS(asgd, TP__OPTION(asgd, lr), TP__OPTION(asgd, lambd), TP__OPTION(asgd, alpha), TP__OPTION(asgd, t0),
                  TP__OPTION(asgd, weight_decay), TP__OPTION(asgd, maximize));
const tp__optim_class tp__asgd = {
    TP__OPTIM_CLASS(asgd), .n_numbers = 6, .scalars = 1 << STEP | 1 << ETA | 1 << MU,
    .state = { [STEP] = "step", [ETA] = "eta", [MU] = "mu", [AX] = "ax" },
    .check = asgd_check, .initial = asgd_initial,
};

tp_optimizer *tp_asgd_with(tp_tensor_list params, const tp_asgd_options *o) { return tp__optimizer_make(&tp__asgd, params, o); }
