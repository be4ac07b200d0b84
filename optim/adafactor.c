/* optim/adafactor.c: Adafactor (Shazeer & Stern 2018): Adam's second moment of a matrix, kept as one number a row and one a column.
 *   b = t^beta2_decay;  R += b (mean_col g^2 - R);  C += b (mean_row g^2 - C);  V = R C / mean(R)
 *   u = g / sqrt(max(V, eps[0]^2));  w -= max(eps[1], rms(w)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d) */
#include "optimizer.h"

#include <float.h>
#include <math.h>

static tp_status adafactor_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "weight_decay", v->weight_decay)
        || tp__check_not_negative(op, "eps[1]", v->eps_pair[1]) || (v->eps_pair[0] != TP_UNSET && tp__check_not_negative(op, "eps[0]", v->eps_pair[0])))
        return TP_ERR_ARGUMENT;
    if (!(v->beta2_decay <= 0))
        return tp_fail(TP_ERR_ARGUMENT, "%s: beta2_decay is %g, and has to be 0 or less", op, v->beta2_decay);
    return v->d >= 1 ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: d is %g, and has to be 1 or more", op, v->d);
}

enum { STEP, ROW_VAR, COL_VAR, VARIANCE };

static bool adafactor_shape(tp_shape of, int state, tp_shape *out)
{
    if (state == ROW_VAR && of.ndim > 1)
        out->dim[of.ndim - 1] = 1;
    if (state == COL_VAR && of.ndim > 1)
        out->dim[of.ndim - 2] = 1;
    return state == STEP || (state == VARIANCE) == (of.ndim <= 1);
}

/* The distance from 1 to the next number, which is eps[0] where none is given. */
static double spacing_of(tp_dtype dtype)
{
    return dtype == TP_F64 ? DBL_EPSILON : dtype == TP_F32 ? FLT_EPSILON : dtype == TP_F16 ? 0x1p-10 : 0x1p-7;
}

static double norm_of(tp_tensor *x) { return tp_item(tp_linalg_vector_norm(x)); }

static tp_tensor *mean_square(tp_tensor *g, int dim)
{
    tp_tensor *const norm = tp_linalg_vector_norm(g, .dims = TP_DIMS(dim), .keepdim = true);
    return tp_div(tp_mul(norm, norm), (double)tp_size(g, dim));
}

/* The second moment as it is estimated, with the writes of what it is kept as. */
static tp_tensor *second_moment(const tp__step_lists *lists, int64_t i, tp_tensor *g, double weight, double eps, tp__write *writes)
{
    if (tp_ndim(g) <= 1) {
        tp_tensor *const variance = lists->state[VARIANCE].at[i];
        writes[2] = (tp__write){ variance, tp_lerp(variance, tp_mul(g, g), weight) };
        return writes[2].from;
    }
    tp_tensor *const row = lists->state[ROW_VAR].at[i], *const col = lists->state[COL_VAR].at[i];
    writes[2] = (tp__write){ row, tp_lerp(row, mean_square(g, -1), weight) };
    writes[3] = (tp__write){ col, tp_lerp(col, mean_square(g, -2), weight) };
    tp_tensor *const mean = tp_mean(writes[2].from, .dims = TP_DIMS(-2), .keepdim = true);
    return tp_div(tp_matmul(writes[2].from, writes[3].from), tp_clamp(mean, eps, HUGE_VAL));
}

static tp_status plan(const tp__optim_values *v, const tp__step_lists *lists, int64_t i, tp__write *writes)
{
    tp_tensor *const w = lists->params.at[i], *g = lists->grads.at[i], *const step = lists->state[STEP].at[i];
    const double eps = v->eps_pair[0] == TP_UNSET ? spacing_of(tp_dtype_of(w)) : v->eps_pair[0], t = tp_item(step) + 1, n = sqrt((double)tp_numel(w));
    const double rate = fmax(v->eps_pair[1], norm_of(w) / n) * fmin(v->lr, 1 / sqrt(t));
    if (v->maximize)
        g = tp_neg(g);
    tp_tensor *const moment = second_moment(lists, i, g, pow(t, v->beta2_decay), eps, writes);
    tp_tensor *const update = tp_mul(tp_rsqrt(tp_clamp(moment, eps * eps, HUGE_VAL)), g);
    tp_tensor *const kept = v->weight_decay != 0 ? tp_mul(w, 1 - v->lr * v->weight_decay) : w;
    writes[0] = (tp__write){ w, tp_sub(kept, tp_mul(update, rate / fmax(1, norm_of(update) / (n * v->d)))) };
    writes[1] = (tp__write){ step, tp_add(step, 1) };
    return tp_failed() ? tp_error_status() : TP_OK;
}

static tp_status adafactor_step(const tp__optim_values *v, const tp__step_lists *lists) { return tp__step_composed(v, lists, plan); }

TP__OPTIM_OPTIONS(adafactor, TP__OPTION(adafactor, lr), TP__OPTION(adafactor, beta2_decay), TP__OPTION_AS(adafactor, eps, eps_pair),
                  TP__OPTION(adafactor, d), TP__OPTION(adafactor, weight_decay), TP__OPTION(adafactor, maximize));
const tp__optim_class tp__adafactor = {
    TP__OPTIM_CLASS(adafactor), .scalars = 1 << STEP, .shape = adafactor_shape,
    .state = { [STEP] = "step", [ROW_VAR] = "row_var", [COL_VAR] = "col_var", [VARIANCE] = "variance" },
    .check = adafactor_check, .step = adafactor_step, .composed = true,
};

tp_optimizer *tp_adafactor_with(tp_tensor_list params, const tp_adafactor_options *o) { return tp__optimizer_make(&tp__adafactor, params, o); }
