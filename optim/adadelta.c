/* optim/adadelta.c: Adadelta (Zeiler 2012).
 *   v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;  u = rho u + (1 - rho) d^2;  w -= lr d */
#include "optimizer.h"

static tp_status adadelta_check(const char *op, const tp__optim_values *v)
{
    if (!(v->rho >= 0 && v->rho <= 1))
        return tp_fail(TP_ERR_ARGUMENT, "%s: rho is %g, and has to be from 0 to 1", op, v->rho);
    return tp__check_lr_eps_decay(op, v);
}

TP__OPTIM_OPTIONS(adadelta, TP__OPTION(adadelta, lr), TP__OPTION(adadelta, rho), TP__OPTION(adadelta, eps),
                  TP__OPTION(adadelta, weight_decay), TP__OPTION(adadelta, maximize));
const tp__optim_class tp__adadelta = {
    TP__OPTIM_CLASS(adadelta), .n_numbers = 5, .scalars = 1, .state = { "step", "square_avg", "acc_delta" },
    .check = adadelta_check,
};

tp_optimizer *tp_adadelta_with(tp_tensor_list params, const tp_adadelta_options *o) { return tp__optimizer_make(&tp__adadelta, params, o); }
