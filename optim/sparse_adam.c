/* optim/sparse_adam.c: Adam of the rows that a gradient has. Moments of other rows neither decay nor move their rows.
 *   m += (1 - b1) (g - m);  v += (1 - b2) (g^2 - v);  w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps) */
#include "optimizer.h"

static tp_status sparse_adam_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_positive(op, "lr", v->lr) || tp__check_positive(op, "eps", v->eps))
        return TP_ERR_ARGUMENT;
    return tp__check_betas(op, v);
}

TP__OPTIM_OPTIONS(sparse_adam, TP__OPTION(sparse_adam, lr), TP__OPTION(sparse_adam, betas), TP__OPTION(sparse_adam, eps),
                  TP__OPTION(sparse_adam, maximize));
const tp__optim_class tp__sparse_adam = {
    TP__OPTIM_CLASS(sparse_adam), .n_numbers = 4, .scalars = 1, .state = { "step", "exp_avg", "exp_avg_sq" }, .rows = TP__ROWS_ALONE,
    .instead = "tp_adam", .check = sparse_adam_check,
};

tp_optimizer *tp_sparse_adam_with(tp_tensor_list params, const tp_sparse_adam_options *o) { return tp__optimizer_make(&tp__sparse_adam, params, o); }
