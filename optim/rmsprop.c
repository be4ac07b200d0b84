/* optim/rmsprop.c: RMSprop (Hinton 2012, lecture 6e), centered as Graves 2013.
 *   v = alpha v + (1 - alpha) g^2;  a = centered ? alpha a + (1 - alpha) g : 0;  u = g / (sqrt(v - a^2) + eps)
 *   b = momentum b + u;  w -= lr b */
#include "optimizer.h"

static tp_status rmsprop_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_lr_eps_decay(op, v) || tp__check_not_negative(op, "momentum", v->momentum) || tp__check_not_negative(op, "alpha", v->alpha))
        return TP_ERR_ARGUMENT;
    return TP_OK;
}

enum { STEP, SQUARE_AVG, MOMENTUM_BUFFER, GRAD_AVG };

static bool rmsprop_keeps(const tp__optim_values *v, int state)
{
    return state == MOMENTUM_BUFFER ? v->momentum > 0 : state != GRAD_AVG || v->centered;
}

TP__OPTIM_OPTIONS(rmsprop, TP__OPTION(rmsprop, lr), TP__OPTION(rmsprop, alpha), TP__OPTION(rmsprop, eps),
                  TP__OPTION(rmsprop, weight_decay), TP__OPTION(rmsprop, momentum), TP__OPTION(rmsprop, maximize),
                  TP__OPTION(rmsprop, centered));
const tp__optim_class tp__rmsprop = {
    TP__OPTIM_CLASS(rmsprop), .n_numbers = 6, .scalars = 1 << STEP,
    .state = { [STEP] = "step", [SQUARE_AVG] = "square_avg", [MOMENTUM_BUFFER] = "momentum_buffer", [GRAD_AVG] = "grad_avg" },
    .check = rmsprop_check, .keeps = rmsprop_keeps,
};

tp_optimizer *tp_rmsprop_with(tp_tensor_list params, const tp_rmsprop_options *o) { return tp__optimizer_make(&tp__rmsprop, params, o); }
