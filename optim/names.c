/* optim/names.c: optimizers and groups by name, with named arguments, for bindings, checkpoints and tests. */
#include "optimizer.h"

#include <ctype.h>
#include <string.h>

static const tp__optim_class *const classes[] = {
    &tp__sgd, &tp__adam, &tp__sparse_adam, &tp__adamw, &tp__rmsprop, &tp__adagrad, &tp__adadelta, &tp__adamax, &tp__nadam, &tp__radam, &tp__rprop, &tp__asgd,
    &tp__adafactor, &tp__muon, &tp__lbfgs,
};

static const struct { int value; const char *word; int choice; } words[] = {
    { TP__VALUE_adjust_lr_fn, "original", TP_MUON_ORIGINAL }, { TP__VALUE_adjust_lr_fn, "match_rms_adamw", TP_MUON_MATCH_RMS_ADAMW },
    { TP__VALUE_adjust_lr_fn, "spectral_unclamped", TP_MUON_SPECTRAL_UNCLAMPED }, { TP__VALUE_line_search_fn, "strong_wolfe", TP_STRONG_WOLFE },
};

static bool choice_of(const tp_arg *arg, int value, int *out)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (arg->kind == TP_ARG_STRING && arg->value.string && words[i].value == value && !strcmp(words[i].word, arg->value.string)) {
            *out = words[i].choice;
            return true;
        }
    return false;
}

static bool real_of(const tp_arg *arg, double *out)
{
    if (arg->kind == TP_ARG_FLOAT)
        *out = arg->value.real;
    else if (arg->kind == TP_ARG_INT)
        *out = (double)arg->value.integer;
    else if (arg->kind == TP_ARG_BOOL)
        *out = arg->value.boolean;
    else
        return false;
    return true;
}

static bool reals_of(const tp_arg *arg, int count, double *out)
{
    if (count == 1)
        return real_of(arg, out);
    if ((arg->kind != TP_ARG_FLOATS && arg->kind != TP_ARG_INTS && arg->kind != TP_ARG_LIST) || arg->n != count)
        return false;
    for (int i = 0; i < count; i++) {
        if (arg->kind == TP_ARG_LIST && arg->value.list[i].kind != TP_ARG_NONE && !real_of(&arg->value.list[i], &out[i]))
            return false;
        if (arg->kind != TP_ARG_LIST)
            out[i] = arg->kind == TP_ARG_FLOATS ? arg->value.floats[i] : (double)arg->value.ints[i];
    }
    return true;
}

static bool is_of_another(const char *name)
{
    for (int v = 0; v < TP__VALUE_END && name; v++)
        if (!strcmp(tp__optim_values_of[v].name, name))
            return true;
    return false;
}

/* lenient: an option that only other optimizers have is passed over, as PyTorch does with what a group says. */
static tp_status take_arg(const tp__optim_class *class, const char *op, bool lenient, const tp_arg *arg, tp__optim_values *values)
{
    const tp__optim_value *row = NULL;
    int value = 0;
    for (int i = 0; i < class->n_options && arg->name; i++)
        if (!strcmp(tp__optim_values_of[class->options[i].value].name, arg->name))
            row = &tp__optim_values_of[value = class->options[i].value];
    if (!row && lenient && is_of_another(arg->name))
        return TP_OK;
    if (!row)
        return tp_fail(TP_ERR_ARGUMENT, "%s: %s has no option %.40s", op, class->name, arg->name ? arg->name : "by position");
    if (arg->kind == TP_ARG_NONE)
        return TP_OK;
    void *const at = (char *)values + row->offset;
    double flag = 0, reals[TP__MOST_REALS];
    bool good;
    if (row->count == TP__CHOICE) {
        good = choice_of(arg, value, at);
    } else if (row->count == TP__FLAG) {
        good = real_of(arg, &flag);
        if (good)
            *(bool *)at = flag != 0;
    } else {
        memcpy(reals, at, tp__value_bytes(row));
        good = reals_of(arg, row->count, reals);
        if (good)
            memcpy(at, reals, tp__value_bytes(row));
    }
    return good ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: option %s of %s does not take this value", op, row->name, class->name);
}

static tp_status take_args(const tp__optim_class *class, const char *op, bool lenient, const tp_arg *args, int n, tp__optim_values *values)
{
    tp_status status = n < 0 || (n && !args) ? tp_fail(TP_ERR_ARGUMENT, "%s: the arguments are NULL, of %d", op, n) : TP_OK;
    for (int i = 0; i < n && !status; i++)
        status = take_arg(class, op, lenient, &args[i], values);
    return status;
}

/* Without regard to case, and to the underscores that PyTorch's names lack: "sparse_adam" is SparseAdam. */
static bool is_called(const char *ours, const char *name)
{
    for (; *ours; ours++) {
        if (*ours == '_' && *name != '_')
            continue;
        if (tolower((unsigned char)*ours) != tolower((unsigned char)*name++))
            return false;
    }
    return !*name;
}

tp_optimizer *tp_optimizer_by_name(const char *name, tp_tensor_list params, const tp_arg *args, int n)
{
    tp__optim_values values;
    for (size_t i = 0; name && i < sizeof classes / sizeof *classes; i++)
        if (is_called(classes[i]->name, name)) {
            tp__optimizer_defaults(classes[i], &values);
            return take_args(classes[i], classes[i]->name, false, args, n, &values) ? NULL : tp__optimizer_new(classes[i], params, &values);
        }
    tp_fail(TP_ERR_ARGUMENT, "optimizer_by_name: there is no optimizer %.40s", name ? name : "without a name");
    return NULL;
}

tp_status tp_param_group_by_name(tp_optimizer *opt, tp_tensor_list params, const tp_arg *args, int n)
{
    static const char op[] = "param_group";
    tp_status status = tp__optimizer_check(opt, op);
    if (status)
        return status;
    tp__optim_values values = opt->defaults;
    status = take_args(opt->class, op, true, args, n, &values);
    return status ? status : tp__add_group(opt, op, params, &values);
}

tp_status tp_set_group_options(tp_optimizer *opt, int group, const tp_arg *args, int n)
{
    static const char op[] = "set_group_options";
    tp_status status = tp__optimizer_check(opt, op);
    if (!status)
        status = tp__check_group(opt, op, group);
    if (status)
        return status;
    tp__optim_values values = opt->groups[group].values;
    status = take_args(opt->class, op, true, args, n, &values);
    if (!status)
        status = tp__check_values(opt->class, op, &values);
    if (!status)
        opt->groups[group].values = values;
    return status;
}

tp_status tp_get_group_option(const tp_optimizer *opt, int group, const char *name, double *out)
{
    static const char op[] = "get_group_option";
    tp_status status = tp__check_group(opt, op, group);
    if (status)
        return status;
    if (!name || !out)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the name or where to write it is NULL", op);
    for (int i = 0; i < opt->class->n_options; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[opt->class->options[i].value];
        const void *const at = (const char *)&opt->groups[group].values + row->offset;
        if (strcmp(row->name, name) != 0)
            continue;
        if (row->count == TP__FLAG)
            *out = *(const bool *)at;
        else if (row->count == TP__CHOICE)
            *out = *(const int *)at;
        else
            memcpy(out, at, (size_t)row->count * sizeof *out);
        return TP_OK;
    }
    return tp_fail(TP_ERR_ARGUMENT, "%s: %s has no option %.40s", op, opt->class->name, name);
}
