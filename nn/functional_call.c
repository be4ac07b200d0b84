/* functional_call.c: a module that is run with other tensors. For the time of the run the handles of its members stand for those that
 * are given, so that whoever holds a handle, a struct of the user's as well, sees the right one. */
#include "module.h"

#include <string.h>

/* One name that was given. */
typedef struct given { const char *name; tp_tensor *handle, *tensor, *with; tp_stand_in *stands; } given;

static tp_status find(tp_module *m, const tp_named_tensor *tensors, int64_t n, given *list)
{
    for (int64_t i = 0; i < n; i++) {
        const char *name = tensors[i].name ? tensors[i].name : "";
        const tp__member *member = tp__member_at(m, name, NULL);
        if (!member || (member->kind != TP_ENTRY_PARAMETER && member->kind != TP_ENTRY_BUFFER))
            return tp_fail(TP_ERR_ARGUMENT, "functional_call: %s has no parameter or buffer \"%s\"", tp__state(m)->type, name);
        if (!tensors[i].tensor) return tp_fail(TP_ERR_ARGUMENT, "functional_call: the tensor for \"%s\" is NULL", name);
        list[i] = (given){ .name = name, .handle = member->tensor, .tensor = tensors[i].tensor };
        for (int64_t k = 0; k < i; k++) {
            if (list[k].handle != list[i].handle) continue;
            if (!strcmp(list[k].name, name)) return tp_fail(TP_ERR_ARGUMENT, "functional_call: \"%s\" is given twice", name);
            if (list[k].tensor != list[i].tensor)
                return tp_fail(TP_ERR_ARGUMENT, "functional_call: \"%s\" and \"%s\" are one tensor, and are given two", list[k].name, name);
        }
    }
    return TP_OK;
}

static tp_status check_all_given(tp_module *m, const given *list, int64_t n)
{
    char names[160] = "";
    int64_t missing = 0;
    for (int kind = TP__PARAMETERS; kind <= TP__BUFFERS; kind++) {
        const tp__list *members = tp__list_of(m, kind);
        if (!members) return tp_error_status();
        for (int64_t i = 0; i < members->entries.n; i++) {
            bool found = false;
            for (int64_t k = 0; k < n && !found; k++) found = list[k].handle == members->tensors[i];
            if (found) continue;
            const size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", members->entries.at[i].name);
            missing++;
        }
    }
    return missing ? tp_fail(TP_ERR_ARGUMENT, "functional_call: %s lacks %lld of its tensors: %s", tp__state(m)->type, (long long)missing, names) : TP_OK;
}

/* One that is a handle of the module itself is taken as it is before any of them stands for another. */
static tp_tensor *taken(const given *list, int64_t n, int64_t i)
{
    TP_ENABLE_GRAD();
    for (int64_t k = 0; k < n; k++)
        if (list[k].handle == list[i].tensor) return tp_expand(list[i].tensor, tp_shape_of(list[i].tensor));
    return list[i].tensor;
}

static tp_status run(tp_module *m, given *list, int64_t n, const tp_arg *args, int n_args, tp_tensor **outs, int max, int *n_out)
{
    tp_status status = TP_OK;
    int made = 0;
    int64_t standing = 0;
    for (int64_t i = 0; i < n && !status; i++)
        if (!(list[i].with = taken(list, n, i))) status = tp_error_status();
    for (; standing < n && !status; standing++) {
        bool before = false;
        for (int64_t k = 0; k < standing && !before; k++) before = list[k].handle == list[standing].handle;
        if (before) continue;                          /* tied: it stands already */
        list[standing].stands = tp_stand_in_begin(list[standing].handle, list[standing].with);
        if (!list[standing].stands) status = tp_error_status();
    }
    if (!status) status = (tp_call_at)(m, args, n_args, outs, max, &made, NULL);
    while (standing--) tp_stand_in_end(list[standing].stands);
    for (int i = 0; i < made; i++)                     /* what was handed through as it is */
        for (int64_t k = 0; k < n; k++)
            if (outs[i] == list[k].handle) outs[i] = list[k].tensor;
    if (n_out) *n_out = made;
    return status;
}

tp_status tp_functional_call_with(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, const tp_arg *args, int n,
                                  tp_tensor **outs, int max, int *n_out, const tp_functional_call_options *o)
{
    tp_functional_call_options options = TP__BRACES(functional_call, );
    for (int i = 0; outs && i < max; i++) outs[i] = NULL;
    if (n_out) *n_out = 0;
    tp_status status = tp_options_take("functional_call", &options, o, offsetof(tp_functional_call_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, "functional_call");
    if (status != TP_OK) return status;
    if (n_tensors < 0 || (n_tensors && !tensors))
        return tp_fail(TP_ERR_ARGUMENT, "functional_call: %lld tensors%s", (long long)n_tensors,
                       tensors ? "" : ", and the list of them is NULL");
    const size_t bytes = (size_t)n_tensors < SIZE_MAX / sizeof(given) ? ((size_t)n_tensors + 1) * sizeof(given) : SIZE_MAX;
    given *list = tp_mem_calloc(bytes);
    if (!list) return tp_error_status();
    status = find(m, tensors, n_tensors, list);
    if (status == TP_OK && options.strict) status = check_all_given(m, list, n_tensors);
    if (status == TP_OK) status = run(m, list, n_tensors, args, n, outs, max, n_out);
    tp_mem_free(list, bytes);
    return status;
}

tp_tensor *tp_functional_forward_with(tp_module *m, const tp_named_tensor *tensors, int64_t n_tensors, tp_tensor *x,
                                      const tp_functional_call_options *o)
{
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    tp_tensor *y = NULL;
    if (x) tp_functional_call_with(m, tensors, n_tensors, &arg, 1, &y, 1, NULL, o);
    return y;
}
