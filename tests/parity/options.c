/* options.c: named arguments out of a JSON object, and optimizers built from them: what optimizers, groups and whole runs share. */
#include "parity.h"

static bool option_of(sample *s, const json_t *value, tp_arg *out);

static bool list_of(sample *s, const json_t *value, tp_arg *out)
{
    const size_t n = json_array_size(value);
    tp_arg *items = sample_alloc(s, n, sizeof *items);
    if (!items || n > 64) return items && damaged(s, "a long list as an option");
    for (size_t i = 0; i < n; i++)
        if (!option_of(s, json_array_get(value, i), &items[i])) return false;
    *out = (tp_arg){ .kind = TP_ARG_LIST, .n = (int32_t)n, .value.list = items };
    return true;
}

static bool option_of(sample *s, const json_t *value, tp_arg *out)
{
    double real;
    if (json_is_null(value)) *out = (tp_arg){ .kind = TP_ARG_NONE };
    else if (json_is_boolean(value)) *out = (tp_arg){ .kind = TP_ARG_BOOL, .value.boolean = json_is_true(value) };
    else if (json_is_integer(value)) *out = (tp_arg){ .kind = TP_ARG_INT, .value.integer = json_integer_value(value) };
    else if (number_of(value, &real)) *out = (tp_arg){ .kind = TP_ARG_FLOAT, .value.real = real };
    else if (json_is_string(value)) *out = (tp_arg){ .kind = TP_ARG_STRING, .value.string = json_string_value(value) };
    else if (json_is_array(value)) return list_of(s, value, out);
    else return damaged(s, "an option of no known kind");
    return true;
}

bool options_read(sample *s, const json_t *object, const char *except, tp_arg *out, int *n)
{
    const char *key;
    json_t *value;
    *n = 0;
    if (!json_is_object(object)) return damaged(s, "no options");
    json_object_foreach((json_t *)object, key, value) {
        if (except && !strcmp(key, except)) continue;
        if (*n == MAX_ARGS) return damaged(s, "too many options");
        if (!option_of(s, value, &out[*n])) return false;
        out[(*n)++].name = key;
    }
    return true;
}

/* The parameters of a group, which `find` knows by what the file calls them. */
static bool group_params(sample *s, const json_t *group, find_param_fn *find, void *arg, tp_tensor_list *out)
{
    const json_t *names = json_object_get(group, "params");
    const size_t n = json_array_size(names);
    tp_tensor **at = sample_alloc(s, n, sizeof *at);
    for (size_t i = 0; at && i < n; i++)
        if (!(at[i] = find(arg, json_array_get(names, i)))) return damaged(s, "a group with a parameter that is not there");
    *out = (tp_tensor_list){ .at = at, .n = (int64_t)n };
    return at != NULL;
}

tp_optimizer *options_optimizer(sample *s, tp_tensor_list all, find_param_fn *find, void *arg)
{
    const json_t *groups = json_object_get(s->text, "groups");
    const size_t n_groups = json_is_array(groups) ? json_array_size(groups) : 0;
    tp_arg args[MAX_ARGS];
    int n;
    tp_tensor_list params = all;
    if (!options_read(s, json_object_get(s->text, "options"), NULL, args, &n)) return NULL;
    if (n_groups && !group_params(s, json_array_get(groups, 0), find, arg, &params)) return NULL;
    tp_optimizer *opt = tp_optimizer_by_name(text_at(s->text, "optimizer"), params, args, n);
    bool good = opt || differ_error(s, "the optimizer is not made");
    for (size_t g = 0; good && g < n_groups; g++) {
        const json_t *group = json_array_get(groups, g);
        good = options_read(s, group, "params", args, &n) && (g == 0 || group_params(s, group, find, arg, &params));
        if (good && (g ? tp_param_group_by_name(opt, params, args, n) : tp_set_group_options(opt, 0, args, n))) good = differ_error(s, "a group");
    }
    if (good) return opt;
    tp_optimizer_free(opt);
    return NULL;
}
