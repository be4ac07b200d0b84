/* optim/rprop.c: Rprop (Riedmiller & Braun 1993): a step size of its own for each element, grown while its gradient keeps its sign.
 *   s = clamp(s (g g_before > 0 ? etas[1] : < 0 ? etas[0] : 1), step_sizes);  w -= sign(g) s, and not at all where the sign turned */
#include "optimizer.h"

static tp_status rprop_check(const char *op, const tp__optim_values *v)
{
    if (!(v->etas[0] > 0 && v->etas[0] < 1 && v->etas[1] > 1))
        return tp_fail(TP_ERR_ARGUMENT, "%s: etas are %g and %g, and 1 has to lie between them, and 0 below", op, v->etas[0], v->etas[1]);
    return tp__check_not_negative(op, "lr", v->lr);
}

enum { STEP, PREV, STEP_SIZE };

static double rprop_initial(const tp__optim_values *v, int state) { return state == STEP_SIZE ? v->lr : 0; }

TP__OPTIM_OPTIONS(rprop, TP__OPTION(rprop, etas), TP__OPTION(rprop, step_sizes), TP__OPTION(rprop, maximize),
                  TP__OPTION(rprop, lr));
const tp__optim_class tp__rprop = {
    TP__OPTIM_CLASS(rprop), .n_numbers = 3, .scalars = 1 << STEP,
    .state = { [STEP] = "step", [PREV] = "prev", [STEP_SIZE] = "step_size" },
    .check = rprop_check, .initial = rprop_initial,
};

tp_optimizer *tp_rprop_with(tp_tensor_list params, const tp_rprop_options *o) { return tp__optimizer_make(&tp__rprop, params, o); }
