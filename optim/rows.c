/* optim/rows.c: the step of a parameter whose gradient is held as rows. These rows of the parameter and of its states are taken out,
 * stepped as a small parameter would be, and put back; nothing is of the table's size. */
#include "optimizer.h"

#include <taper/ops/index.h>

tp_status tp__step_rows_check(const tp_optimizer *opt, const tp__group *group, tp_tensor *param, int64_t i)
{
    const tp__optim_class *const class = opt->class;
    const bool by_rows = tp_grad_is_rows(param);
    if (!by_rows && class->rows != TP__ROWS_ALONE)
        return TP_OK;
    if (!by_rows)
        return tp_fail(TP_ERR_UNSUPPORTED, "%s: parameter %lld has a dense gradient; use %s", class->name, (long long)i, class->instead);
    if (class->rows == TP__ROWS_REFUSED)
        return tp_fail(TP_ERR_UNSUPPORTED, "%s: parameter %lld has a sparse gradient; use %s", class->name, (long long)i,
                       class->instead ? class->instead : "tp_sparse_adam, tp_adagrad or tp_sgd");
    if (tp__has_option(class, TP__VALUE_weight_decay) && group->values.weight_decay != 0)
        return tp_fail(TP_ERR_UNSUPPORTED, "%s: parameter %lld has a sparse gradient, and a weight_decay of %g goes over all rows", class->name,
                       (long long)i, group->values.weight_decay);
    return TP_OK;
}

static bool is_scalar(const tp__optim_class *class, int s) { return class->scalars >> s & 1; }

tp_status tp__step_rows_plan(const tp_optimizer *opt, tp__group *group, const tp__param *p)
{
    const tp__optim_class *const class = opt->class;
    const int64_t at = group->n - 1 - group->n_rows;
    tp_tensor *indices, *values;
    if (tp_grad_rows(p->tensor, &indices, &values))
        return tp_error_status();
    tp_tensor *w = tp_index_select(p->tensor, 0, indices);
    tp__step_lists lists = { .params = { .at = &w, .n = 1 }, .grads = { .at = &values, .n = 1 }, .first = p->fresh };
    for (int s = 0; s < TP__OPTIM_STATES && class->state[s]; s++) {
        if (!p->state[s])
            continue;
        tp_tensor **const rows = &tp__list_of(group, TP__LIST_STATES + s)[at];
        *rows = is_scalar(class, s) ? tp_clone(p->state[s]) : tp_index_select(p->state[s], 0, indices);
        if (!*rows)
            return tp_error_status();
        if (tp__keeps(class, &group->values, s))
            lists.state[s] = (tp_tensor_list){ .at = rows, .n = 1 };
    }
    if (!w || tp__step_lists_of(class, &group->values, &lists))
        return tp_error_status();
    tp__list_of(group, TP__LIST_PARAMS)[at] = w;
    tp__list_of(group, TP__LIST_GRADS)[at] = indices;
    group->n_rows++;
    return TP_OK;
}

tp_status tp__step_rows_write(const tp_optimizer *opt, const tp__group *group)
{
    const tp__optim_class *const class = opt->class;
    int64_t at = group->n;
    for (int64_t i = 0; i < group->n; i++) {
        const tp__param *const p = &group->params[i];
        if (!tp_grad_is_rows(p->tensor))
            continue;
        tp_tensor *const indices = tp__list_of(group, TP__LIST_GRADS)[--at];
        if (class->fade && !p->fresh && class->fade(&group->values, p->tensor, p->state))
            return tp_error_status();
        if (!tp_index_copy_(p->tensor, 0, indices, tp__list_of(group, TP__LIST_PARAMS)[at]))
            return tp_error_status();
        for (int s = 0; s < TP__OPTIM_STATES && class->state[s]; s++) {
            tp_tensor *const rows = p->state[s] ? tp__list_of(group, TP__LIST_STATES + s)[at] : NULL;
            if (rows && !(is_scalar(class, s) ? tp_copy_(p->state[s], rows) : tp_index_copy_(p->state[s], 0, indices, rows)))
                return tp_error_status();
        }
    }
    return TP_OK;
}
