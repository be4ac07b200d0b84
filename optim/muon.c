/* optim/muon.c: Muon (Jordan et al. 2024): momentum of a matrix, made nearly orthogonal by iterations of Newton and Schulz in bfloat16.
 *   m += (1 - momentum) (g - m);  u = nesterov ? g + momentum (m - g) : m;  x = u / |u|
 *   ns_steps times: A = x x^T;  x = a x + (b A + c A A) x;     w = (1 - lr weight_decay) w - lr ratio x */
#include "optimizer.h"

#include <math.h>

static tp_status muon_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_lr_eps_decay(op, v) || tp__check_not_negative(op, "momentum", v->momentum) || tp__check_not_negative(op, "ns_steps", v->ns_steps))
        return TP_ERR_ARGUMENT;
    if (v->adjust_lr_fn < 0 || v->adjust_lr_fn > TP_MUON_SPECTRAL_UNCLAMPED)
        return tp_fail(TP_ERR_ARGUMENT, "%s: there is no adjust_lr_fn %d", op, v->adjust_lr_fn);
    return v->ns_steps < 100 ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: ns_steps is %g, and 99 is the most", op, v->ns_steps);
}

static tp_status muon_check_param(const char *op, tp_tensor *x)
{
    return tp_ndim(x) == 2 ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: a parameter has %d dims, and muon steps matrices", op, tp_ndim(x));
}

/* beta x + alpha a b in bfloat16 with one rounding of the sum, as PyTorch's addmm of this dtype: what is added cancels, so that a
 * rounding of beta x alone would be seen in the weights. */
static tp_tensor *add_product(tp_tensor *x, tp_tensor *a, tp_tensor *b, double beta, double alpha)
{
    tp_tensor *const product = tp_mul(tp_matmul(tp_to_dtype(a, TP_F32), tp_to_dtype(b, TP_F32)), alpha);
    tp_tensor *const sum = tp_add(tp_mul(tp_to_dtype(x, TP_F64), (double)(float)beta), tp_to_dtype(product, TP_F64));
    return tp_to_dtype(tp_to_dtype(sum, TP_F32), TP_BF16);
}

static tp_tensor *orthogonal(const tp__optim_values *v, tp_tensor *u)
{
    const bool tall = tp_size(u, 0) > tp_size(u, 1);
    tp_tensor *x = tp_to_dtype(u, TP_BF16);
    if (tall)
        x = tp_transpose(x, 0, 1);
    x = tp_div(x, tp_clamp(tp_linalg_vector_norm(x), v->eps, HUGE_VAL));
    for (int i = 0; i < (int)v->ns_steps && x; i++) {
        tp_tensor *const gram = tp_matmul(x, tp_transpose(x, 0, 1));
        tp_tensor *const both = add_product(gram, gram, gram, v->ns_coefficients[1], v->ns_coefficients[2]);
        x = add_product(x, both, x, v->ns_coefficients[0], 1);
    }
    return tall ? tp_transpose(x, 0, 1) : x;
}

static double ratio_of(int adjust, double rows, double cols)
{
    return adjust == TP_MUON_MATCH_RMS_ADAMW ? 0.2 * sqrt(fmax(rows, cols)) : adjust == TP_MUON_SPECTRAL_UNCLAMPED ? sqrt(rows / cols)
                                                                                                                  : sqrt(fmax(1, rows / cols));
}

static tp_status plan(const tp__optim_values *v, const tp__step_lists *lists, int64_t i, tp__write *writes)
{
    tp_tensor *const w = lists->params.at[i], *const g = lists->grads.at[i], *const buffer = lists->state[0].at[i];
    tp_tensor *const m = tp_lerp(buffer, g, 1 - v->momentum);
    tp_tensor *const x = tp_to_dtype(orthogonal(v, v->nesterov ? tp_lerp(g, m, v->momentum) : m), tp_dtype_of(w));
    const double rate = v->lr * ratio_of(v->adjust_lr_fn, (double)tp_size(w, 0), (double)tp_size(w, 1));
    writes[0] = (tp__write){ w, tp_sub(tp_mul(w, 1 - v->lr * v->weight_decay), tp_mul(x, rate)) };
    writes[1] = (tp__write){ buffer, m };
    return tp_failed() ? tp_error_status() : TP_OK;
}

static tp_status muon_step(const tp__optim_values *v, const tp__step_lists *lists) { return tp__step_composed(v, lists, plan); }

TP__OPTIM_OPTIONS(muon, TP__OPTION(muon, lr), TP__OPTION(muon, weight_decay), TP__OPTION(muon, momentum), TP__OPTION(muon, nesterov),
                  TP__OPTION(muon, ns_coefficients), TP__OPTION(muon, eps), TP__OPTION(muon, ns_steps), TP__OPTION(muon, adjust_lr_fn));
const tp__optim_class tp__muon = {
    TP__OPTIM_CLASS(muon), .state = { "momentum_buffer" }, .check = muon_check, .check_param = muon_check_param, .step = muon_step, .composed = true,
};

tp_optimizer *tp_muon_with(tp_tensor_list params, const tp_muon_options *o) { return tp__optimizer_make(&tp__muon, params, o); }
