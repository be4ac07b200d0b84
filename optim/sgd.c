/* optim/sgd.c: stochastic gradient descent, with momentum.
 *   g += weight_decay w;  v = momentum v + (1 - dampening) g, v = g at first;  w -= lr (nesterov ? g + momentum v : v) */
#include "optimizer.h"

static tp_status sgd_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "momentum", v->momentum)
        || tp__check_not_negative(op, "weight_decay", v->weight_decay))
        return TP_ERR_ARGUMENT;
    if (v->nesterov && !(v->momentum > 0 && v->dampening == 0))
        return tp_fail(TP_ERR_ARGUMENT, "%s: nesterov takes a momentum and no dampening, and they are %g and %g", op, v->momentum, v->dampening);
    return TP_OK;
}

static bool sgd_keeps(const tp__optim_values *v, int state)
{
    (void)state;
    return v->momentum != 0;
}

static tp_status sgd_step(const tp__optim_values *v, const tp__step_lists *lists)
{
    return tp_fused_sgd_(lists->params, lists->grads, lists->state[0], .lr = v->lr, .momentum = v->momentum, .dampening = v->dampening,
                         .weight_decay = v->weight_decay, .nesterov = v->nesterov, .maximize = v->maximize, .first_step = lists->first);
}

/* v = momentum v;  w -= lr (nesterov ? momentum v : v) */
static tp_status sgd_fade(const tp__optim_values *v, tp_tensor *w, tp_tensor *const *state)
{
    if (v->momentum == 0)
        return TP_OK;
    const double rate = v->nesterov ? -v->lr * v->momentum : -v->lr;
    return tp_mul_(state[0], v->momentum) && tp_add_alpha_(w, state[0], rate) ? TP_OK : tp_error_status();
}

TP__OPTIM_OPTIONS(sgd, TP__OPTION(sgd, lr), TP__OPTION(sgd, momentum), TP__OPTION(sgd, dampening), TP__OPTION(sgd, weight_decay),
                  TP__OPTION(sgd, nesterov), TP__OPTION(sgd, maximize));
const tp__optim_class tp__sgd = {
    TP__OPTIM_CLASS(sgd), .state = { "momentum_buffer" }, .first_apart = true, .check = sgd_check, .keeps = sgd_keeps, .step = sgd_step,
    .rows = TP__ROWS_STEPPED, .fade = sgd_fade,
};

tp_optimizer *tp_sgd_with(tp_tensor_list params, const tp_sgd_options *o) { return tp__optimizer_make(&tp__sgd, params, o); }
