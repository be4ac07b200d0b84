/* optim/optimizer.c: making optimizers and groups, freeing them, learning rates. */
#include "optimizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const tp__optim_value tp__optim_values_of[TP__VALUE_END] = {
#define ROW(member, name, count) { #name, count, offsetof(tp__optim_values, member), offsetof(tp_param_group_options, member) },
    TP__EACH_OPTIM_VALUE(ROW)
#undef ROW
};

/* ---- Checks ------------------------------------------------------------------------------------------------------------- */

tp_status tp__optimizer_check(const tp_optimizer *opt, const char *op)
{
    if (tp_failed())
        return tp_error_status();
    if (!opt)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the optimizer is NULL", op);
    if (opt->object.kind != TP_KIND_OPTIMIZER)
        return tp_fail(TP_ERR_STATE, "%s: the optimizer was freed, or is none", op);
    return TP_OK;
}

tp_status tp__check_not_negative(const char *op, const char *name, double value)
{
    return value >= 0 ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: %s is %g, and has to be 0 or more", op, name, value);
}

tp_status tp__check_positive(const char *op, const char *name, double value)
{
    return value > 0 ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: %s is %g, and has to be above 0", op, name, value);
}

tp_status tp__check_values(const tp__optim_class *class, const char *op, const tp__optim_values *v)
{
    const tp_status status = class->check(op, v);
    if (status)
        return status;
    for (int i = 0; i < class->n_options; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[class->options[i].value];
        const double *const reals = (const void *)((const char *)v + row->offset);
        for (int j = 0; j < row->count; j++)
            if (reals[j] != reals[j])
                return row->count > 1 ? tp_fail(TP_ERR_ARGUMENT, "%s: %s[%d] is NaN", op, row->name, j)
                                      : tp_fail(TP_ERR_ARGUMENT, "%s: %s is NaN", op, row->name);
    }
    return TP_OK;
}

tp_status tp__check_lr_eps_decay(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "eps", v->eps)
        || tp__check_not_negative(op, "weight_decay", v->weight_decay))
        return TP_ERR_ARGUMENT;
    return TP_OK;
}

tp_status tp__check_betas(const char *op, const tp__optim_values *v)
{
    for (int i = 0; i < 2; i++)
        if (!(v->betas[i] >= 0 && v->betas[i] < 1))
            return tp_fail(TP_ERR_ARGUMENT, "%s: betas[%d] is %g, and has to be at least 0 and less than 1", op, i, v->betas[i]);
    return TP_OK;
}

tp_status tp__check_adam(const char *op, const tp__optim_values *v)
{
    const tp_status status = tp__check_lr_eps_decay(op, v);
    return status ? status : tp__check_betas(op, v);
}

int64_t tp__count_params(const tp_optimizer *opt)
{
    int64_t n = 0;
    for (int g = 0; g < opt->n_groups; g++)
        n += opt->groups[g].n;
    return n;
}

static int by_address(const void *a, const void *b)
{
    const uintptr_t x = (uintptr_t)*(tp_tensor *const *)a, y = (uintptr_t)*(tp_tensor *const *)b;
    return (x > y) - (x < y);
}

/* No parameter twice, in these or in groups that are there. */
static tp_status check_distinct(const tp_optimizer *opt, const char *op, tp_tensor_list params)
{
    const int64_t n = params.n + tp__count_params(opt);
    tp_tensor **const all = tp_mem_alloc((size_t)n * sizeof *all);
    if (!all)
        return TP_ERR_MEMORY;
    memcpy(all, params.at, (size_t)params.n * sizeof *all);
    int64_t at = params.n;
    for (int g = 0; g < opt->n_groups; g++)
        for (int64_t i = 0; i < opt->groups[g].n; i++)
            all[at++] = opt->groups[g].params[i].tensor;
    qsort(all, (size_t)n, sizeof *all, by_address);
    tp_status status = TP_OK;
    for (int64_t i = 1; i < n && !status; i++)
        if (all[i - 1] == all[i])
            status = tp_fail(TP_ERR_ARGUMENT, "%s: a parameter is given twice", op);
    tp_mem_free(all, (size_t)n * sizeof *all);
    return status;
}

static tp_status check_params(const tp_optimizer *opt, const char *op, tp_tensor_list params)
{
    bool absent = !params.at || params.n <= 0;
    for (int64_t i = 0; i < params.n && !absent; i++)
        absent = !params.at[i];
    if (absent)                                /* while an error is unread that is its consequence, and tp_fail keeps the first */
        return tp_fail(TP_ERR_ARGUMENT, "%s: there are no parameters, or one is NULL", op);
    for (int64_t i = 0; i < params.n; i++)
        if (!tp_is_leaf(params.at[i]))
            return tp_fail(TP_ERR_ARGUMENT, "%s: parameter %lld of %lld is not a leaf: it was computed from others", op,
                           (long long)i, (long long)params.n);
    for (int64_t i = 0; i < params.n && opt->class->check_param; i++)
        if (opt->class->check_param(op, params.at[i]))
            return TP_ERR_ARGUMENT;
    return check_distinct(opt, op, params);
}

/* ---- Groups --------------------------------------------------------------------------------------------------------------- */

static void group_free(tp__group *group)
{
    for (int64_t i = 0; group->params && i < group->n; i++) {
        tp__release_state(&group->params[i]);
        tp_release(group->params[i].tensor);
    }
    tp_mem_free(group->params, (size_t)group->n * sizeof *group->params);
    tp_mem_free(group->lists, (size_t)group->n * TP__LISTS * sizeof *group->lists);
}

static tp_status add_group(tp_optimizer *opt, const char *op, tp_tensor_list params, const tp__optim_values *values)
{
    tp_status status = check_params(opt, op, params);
    if (status)
        return status;
    if (opt->minimizes)
        return tp_fail(TP_ERR_STATE, "%s: the closure of a step cannot add a group", op);
    if (opt->n_groups == opt->group_capacity) {
        const int capacity = opt->group_capacity ? opt->group_capacity * 2 : 1;
        tp__group *const groups = tp_mem_resize(opt->groups, (size_t)opt->group_capacity * sizeof *groups, (size_t)capacity * sizeof *groups);
        if (!groups)
            return TP_ERR_MEMORY;
        opt->groups = groups;
        opt->group_capacity = capacity;
    }
    tp__group group = { .values = *values, .initial_lr = __builtin_nan(""), .n = params.n };
    group.params = tp_mem_calloc((size_t)params.n * sizeof *group.params);
    group.lists = tp_mem_calloc((size_t)params.n * TP__LISTS * sizeof *group.lists);
    if (!group.params || !group.lists) {
        group_free(&group);
        return TP_ERR_MEMORY;
    }
    for (int64_t i = 0; i < params.n; i++)
        group.params[i].tensor = tp_retain(params.at[i]);
    opt->groups[opt->n_groups++] = group;
    return TP_OK;
}

bool tp__has_option(const tp__optim_class *class, int value)
{
    for (int i = 0; i < class->n_options; i++)
        if (class->options[i].value == value)
            return true;
    return false;
}

/* Writes what the options of a group say over `values`. */
static tp_status take_given(const tp_optimizer *opt, const tp_param_group_options *given, tp__optim_values *values)
{
    for (int v = 0; v < TP__VALUE_END; v++) {
        const tp__optim_value *const row = &tp__optim_values_of[v];
        const double *const reals = (const void *)((const char *)given + row->offset_given);
        const int *const flag = (const void *)reals;
        char *const out = (char *)values + row->offset;
        bool is_given = (row->count == TP__FLAG && *flag != -1) || (row->count == TP__CHOICE && *flag != 0);
        if (is_given && row->count == TP__FLAG)
            *(bool *)(void *)out = *flag != 0;
        else if (is_given)
            *(int *)(void *)out = *flag;
        for (int i = 0; i < row->count; i++)
            if (reals[i] != TP_UNSET) {
                ((double *)(void *)out)[i] = reals[i];
                is_given = true;
            }
        if (is_given && !tp__has_option(opt->class, v))
            return tp_fail(TP_ERR_ARGUMENT, "param_group: %s has no option %s", opt->class->name, row->name);
    }
    return TP_OK;
}

tp_status tp__add_group(tp_optimizer *opt, const char *op, tp_tensor_list params, const tp__optim_values *values)
{
    const tp_status status = tp__check_values(opt->class, op, values);
    return status ? status : add_group(opt, op, params, values);
}

tp_status tp_param_group_with(tp_optimizer *opt, tp_tensor_list params, const tp_param_group_options *o)
{
    static const char op[] = "param_group";
    tp_param_group_options given = TP__BRACES(param_group, );
    tp_status status = tp__optimizer_check(opt, op);
    if (!status)
        status = tp_options_take(op, &given, o, offsetof(tp_param_group_options, tp__end));
    if (status)
        return status;
    tp__optim_values values = opt->defaults;
    status = take_given(opt, &given, &values);
    return status ? status : tp__add_group(opt, op, params, &values);
}

int tp_param_group_count(const tp_optimizer *opt)
{
    return opt ? opt->n_groups : 0;
}

/* ---- The optimizer ------------------------------------------------------------------------------------------------------------ */

static void destroy(void *opt)
{
    tp_optimizer_free(opt);
}

tp_optimizer *tp__optimizer_new(const tp__optim_class *class, tp_tensor_list params, const tp__optim_values *values)
{
    if (tp__check_values(class, class->name, values))
        return NULL;
    tp_optimizer *const opt = tp_mem_calloc(sizeof *opt);
    if (!opt)
        return NULL;
    opt->object = (tp_object){ .kind = TP_KIND_OPTIMIZER, .destroy = destroy };
    opt->class = class;
    opt->defaults = *values;
    if (!add_group(opt, class->name, params, values))
        return opt;
    tp_optimizer_free(opt);
    return NULL;
}

static void take_options(const tp__optim_class *class, const void *options, tp__optim_values *values)
{
    *values = (tp__optim_values){ .lr = 0 };
    for (int i = 0; i < class->n_options; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[class->options[i].value];
        memcpy((char *)values + row->offset, (const char *)options + class->options[i].offset,
               tp__value_bytes(row));
    }
}

void tp__optimizer_defaults(const tp__optim_class *class, tp__optim_values *values) { take_options(class, class->defaults, values); }

tp_optimizer *tp__optimizer_make(const tp__optim_class *class, tp_tensor_list params, const void *options)
{
    enum { ROOM = 256 };
    _Alignas(16) char given[ROOM];
    tp__optim_values values;
    assert(class->known <= ROOM);
    memcpy(given, class->defaults, class->known);
    if (tp_options_take(class->name, given, options, class->known))
        return NULL;
    take_options(class, given, &values);
    return tp__optimizer_new(class, params, &values);
}

void tp_optimizer_free(tp_optimizer *opt)
{
    if (!opt)
        return;
    if (opt->object.kind != TP_KIND_OPTIMIZER) {
        tp_fail(TP_ERR_ARGUMENT, "optimizer_free: this is no optimizer, or it was freed");
        return;
    }
    for (int g = 0; g < opt->n_groups; g++)
        group_free(&opt->groups[g]);
    tp_mem_free(opt->groups, (size_t)opt->group_capacity * sizeof *opt->groups);
    if (opt->extra)
        opt->class->drop(opt->extra);
    opt->extra = NULL;
    opt->groups = NULL;
    opt->n_groups = opt->group_capacity = 0;
    opt->object.kind = TP_KIND_DEAD;
    if (!opt->holders)
        tp_mem_free(opt, sizeof *opt);
}

void tp__optimizer_let_go(tp_optimizer *opt)
{
    if (!--opt->holders && opt->object.kind == TP_KIND_DEAD)
        tp_mem_free(opt, sizeof *opt);
}

/* ---- Learning rates --------------------------------------------------------------------------------------------------------------- */

tp_status tp__check_group(const tp_optimizer *opt, const char *op, int group)
{
    if (!opt)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the optimizer is NULL", op);
    if (group < 0 || group >= opt->n_groups)
        return tp_fail(TP_ERR_ARGUMENT, "%s: there is no group %d, there are %d", op, group, opt->n_groups);
    return TP_OK;
}

double tp_get_group_lr(const tp_optimizer *opt, int group)
{
    return tp__check_group(opt, "get_group_lr", group) ? __builtin_nan("") : opt->groups[group].values.lr;
}

double tp_get_lr(const tp_optimizer *opt)
{
    return tp__check_group(opt, "get_lr", 0) ? __builtin_nan("") : opt->groups[0].values.lr;
}

tp_status tp_set_group_lr(tp_optimizer *opt, int group, double lr)
{
    static const char op[] = "set_group_lr";
    tp_status status = tp__optimizer_check(opt, op);
    if (!status)
        status = tp__check_group(opt, op, group);
    if (!status)
        status = tp__check_not_negative(op, "lr", lr);
    if (!status)
        opt->groups[group].values.lr = lr;
    return status;
}

tp_status tp_set_lr(tp_optimizer *opt, double lr)
{
    static const char op[] = "set_lr";
    tp_status status = tp__optimizer_check(opt, op);
    if (!status)
        status = tp__check_not_negative(op, "lr", lr);
    for (int g = 0; !status && g < opt->n_groups; g++)
        opt->groups[g].values.lr = lr;
    return status;
}
