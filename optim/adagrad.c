/* optim/adagrad.c: Adagrad (Duchi, Hazan & Singer 2011).
 *   s += g^2;  w -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps) */
#include "optimizer.h"

static tp_status adagrad_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_lr_eps_decay(op, v) || tp__check_not_negative(op, "lr_decay", v->lr_decay)
        || tp__check_not_negative(op, "initial_accumulator_value", v->initial_accumulator_value))
        return TP_ERR_ARGUMENT;
    return TP_OK;
}

enum { STEP, SUM };

static double adagrad_initial(const tp__optim_values *v, int state) { return state == SUM ? v->initial_accumulator_value : 0; }

TP__OPTIM_OPTIONS(adagrad, TP__OPTION(adagrad, lr), TP__OPTION(adagrad, lr_decay), TP__OPTION(adagrad, weight_decay),
                  TP__OPTION(adagrad, eps), TP__OPTION(adagrad, maximize), TP__OPTION(adagrad, initial_accumulator_value));
const tp__optim_class tp__adagrad = {
    TP__OPTIM_CLASS(adagrad), .n_numbers = 5, .scalars = 1 << STEP, .state = { [STEP] = "step", [SUM] = "sum" },
    .check = adagrad_check, .initial = adagrad_initial, .rows = TP__ROWS_STEPPED,
};

tp_optimizer *tp_adagrad_with(tp_tensor_list params, const tp_adagrad_options *o) { return tp__optimizer_make(&tp__adagrad, params, o); }
