/* optim/state.c: the state of an optimizer by name, and in a file.
 *
 * A file holds "state.I.NAME" for parameter I, counted through all groups, and for group G its options as 0-dim tensors
 * "param_groups.G.NAME" (betas: two numbers; flags: bool) and "param_groups.G.params", how many parameters it has. Options are
 * tensors, not text, so they are exact in every locale. PyTorch's own .pt reads by the same names, but for "param_groups.G.params",
 * which is there the list of its parameters' numbers. */
#include "entries.h"

#include <string.h>

tp_tensor *tp_optimizer_state(const tp_optimizer *opt, tp_tensor *param, const char *name)
{
    static const char op[] = "optimizer_state";
    if (!opt || !param || !name) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the optimizer, the parameter or the name is NULL", op);
        return NULL;
    }
    int state = 0;
    while (state < TP__OPTIM_STATES && opt->class->state[state] && strcmp(opt->class->state[state], name) != 0)
        state++;
    if (state == TP__OPTIM_STATES || !opt->class->state[state]) {
        tp_fail(TP_ERR_ARGUMENT, "%s: %s has no state %s", op, opt->class->name, name);
        return NULL;
    }
    for (int g = 0; g < opt->n_groups; g++)
        for (int64_t i = 0; i < opt->groups[g].n; i++)
            if (opt->groups[g].params[i].tensor == param)
                return opt->groups[g].params[i].state[state];
    tp_fail(TP_ERR_ARGUMENT, "%s: the tensor is no parameter of this optimizer", op);
    return NULL;
}

typedef struct label { char text[64]; } label;

static label state_label(int64_t i, const char *name)
{
    label l;
    snprintf(l.text, sizeof l.text, "state.%lld.%s", (long long)i, name);
    return l;
}

static label option_label(int group, const char *name)
{
    label l;
    snprintf(l.text, sizeof l.text, "param_groups.%d.%s", group, name);
    return l;
}

/* ---- Saving --------------------------------------------------------------------------------------------------------------- */

static tp_status list_options(tp__entries *e, const char *prefix, const tp_optimizer *opt, int g)
{
    const tp__group *const group = &opt->groups[g];
    tp_status status = tp__entries_add(e, tp_from_data(&group->n, TP_I64, (tp_shape){ .ndim = 0 }), "%s%s", prefix, option_label(g, "params").text);
    for (int i = 0; i < opt->class->n_options && !status; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[opt->class->options[i].value];
        status = tp__entries_add(e, tp_from_data((const char *)&group->values + row->offset, tp__value_dtype(row),
                                                 row->count > 1 ? TP_SHAPE(row->count) : (tp_shape){ .ndim = 0 }),
                                 "%s%s", prefix, option_label(g, row->name).text);
    }
    return status;
}

tp_status tp__optimizer_list(tp_optimizer *opt, const char *prefix, tp__entries *e)
{
    tp_status status = tp__optimizer_check(opt, "optimizer_save");
    if (!status && opt->class->minimize)
        status = tp_fail(TP_ERR_UNSUPPORTED, "optimizer_save: the state of %s cannot be saved", opt->class->name);
    int64_t at = 0;
    for (int g = 0; !status && g < opt->n_groups; g++) {
        status = list_options(e, prefix, opt, g);
        for (int64_t i = 0; i < opt->groups[g].n; i++, at++)
            for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s] && !status; s++)
                if (opt->groups[g].params[i].state[s])
                    status = tp__entries_add(e, opt->groups[g].params[i].state[s], "%s%s", prefix, state_label(at, opt->class->state[s]).text);
    }
    return status ? status : tp__entries_say(e, prefix, "optimizer", opt->class->name);
}

tp_status tp_optimizer_save(tp_optimizer *opt, const char *path)
{
    TP_SCOPE();
    tp__entries e = { .n = 0 };
    return tp__entries_save(&e, tp__optimizer_list(opt, "", &e), path);
}

/* ---- Loading: all is read and checked first, then taken over ----------------------------------------------------------------- */

typedef struct loading {
    tp_optimizer *opt;
    tp_file *file;
    const char *prefix;
    bool foreign;                              /* PyTorch's: options may lack, or be more, and integers stand for reals */
    int64_t used_options, used_states;         /* entries of the file */
    tp__optim_values *values;                  /* per group */
    tp__param *params;                         /* per parameter: the new state, retained */
    int64_t *numbers;                          /* per parameter: its I in "state.I.NAME" */
    int64_t n;
} loading;

static const char load_op[] = "optimizer_load";

/* An option, `count` numbers, into `out`; left alone where a foreign file lacks it. */
static tp_status read_value(loading *l, label name, tp_dtype dtype, void *out, int64_t count)
{
    const size_t bytes = (size_t)count * tp_dtype_size(dtype);
    const int64_t i = tp_file_find(l->file, name.text);
    if (i < 0)
        return l->foreign ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, name.text);
    tp_tensor *x = tp_file_tensor(l->file, i);
    if (!x)
        return tp_error_status();
    if (l->foreign && (tp_dtype_of(x) == TP_BOOL) == (dtype == TP_BOOL))
        x = tp_to_dtype(x, dtype);
    if (x && (tp_dtype_of(x) != dtype || tp_numel(x) != count))
        return tp_fail(TP_ERR_FORMAT, "%s: %s should be %zu bytes of %s", load_op, name.text, bytes, tp_dtype_name(dtype));
    l->used_options++;
    return tp_copy_to(x, out, bytes);
}

/* How many parameters the group has in the file, and their numbers, which ours have in order. */
static tp_status read_numbers(loading *l, int g, int64_t at)
{
    const label name = option_label(g, "params");
    const int64_t i = tp_file_find(l->file, name.text), want = l->opt->groups[g].n;
    const tp_shape shape = tp_file_shape(l->file, i);
    const bool listed = l->foreign && shape.ndim == 1;
    int64_t n = shape.dim[0];
    if (i < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, name.text);
    tp_status status = listed ? TP_OK : read_value(l, name, TP_I64, &n, 1);
    if (!status && n != want)
        return tp_fail(TP_ERR_FORMAT, "%s: group %d has %lld parameters, and in the file %lld", load_op, g, (long long)want, (long long)n);
    for (int64_t k = 0; k < want; k++)
        l->numbers[at + k] = at + k;
    return listed && !status ? read_value(l, name, TP_I64, l->numbers + at, n) : status;
}

static tp_status read_options(loading *l, int g, int64_t at)
{
    const tp_optimizer *const opt = l->opt;
    tp_status status = read_numbers(l, g, at);
    l->values[g] = opt->groups[g].values;
    for (int i = 0; i < opt->class->n_options && !status; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[opt->class->options[i].value];
        status = read_value(l, option_label(g, row->name), tp__value_dtype(row), (char *)&l->values[g] + row->offset, row->count > 1 ? row->count : 1);
    }
    return status ? status : tp__check_values(opt->class, load_op, &l->values[g]);
}

static bool same_shape(tp_shape a, tp_shape b)
{
    bool same = a.ndim == b.ndim;
    for (int i = 0; i < a.ndim && same; i++)
        same = a.dim[i] == b.dim[i];
    return same;
}

/* A copy of the entry where and as the parameter wants it, retained; *out stays NULL where the file has none. */
static tp_status read_state(loading *l, int64_t at, int state, tp_shape shape, tp_tensor *param, tp_tensor **out)
{
    const label entry = state_label(l->numbers[at], l->opt->class->state[state]);
    const int64_t i = tp_file_find(l->file, entry.text);
    if (i < 0)
        return TP_OK;
    l->used_states++;
    const bool scalar = l->opt->class->scalars >> state & 1;
    if (!same_shape(tp_file_shape(l->file, i), shape))
        return tp_fail(TP_ERR_FORMAT, "%s: %s does not have the shape of its parameter", load_op, entry.text);
    TP_SCOPE();
    tp_tensor *const x = tp_to_dtype(tp_file_tensor(l->file, i), scalar ? TP_F32 : tp_dtype_of(param));
    *out = tp_retain(tp_to(tp_clone(x), tp_device_of(param)));   /* cloned: the state does not hold on to the file */
    return *out ? TP_OK : tp_error_status();
}

static tp_status read_param(loading *l, int g, int64_t i, int64_t at)
{
    const tp_optimizer *const opt = l->opt;
    int kept = 0, found = 0;
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++) {
        tp_shape shape;
        if (!tp__state_shape(opt->class, &l->values[g], s, tp_shape_of(opt->groups[g].params[i].tensor), &shape))
            continue;
        const tp_status status = read_state(l, at, s, shape, opt->groups[g].params[i].tensor, &l->params[at].state[s]);
        if (status)
            return status;
        kept++;
        found += l->params[at].state[s] != NULL;
    }
    return found == 0 || found == kept ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: of state.%lld the file has %d parts of %d", load_op,
                                                         (long long)l->numbers[at], found, kept);
}

/* Nothing in the file may be left over, but for options of a foreign one. */
static tp_status check_rest(const loading *l)
{
    const int64_t n = tp_file_count(l->file);
    int64_t used = l->used_options + l->used_states;
    for (int64_t i = 0; i < n && l->foreign; i++)
        used += strncmp(tp_file_name(l->file, i), "state.", 6) != 0;
    if (l->foreign)
        used -= l->used_options;               /* counted twice */
    return used == n ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: the file has %lld entries, of which %lld belong to this optimizer", load_op,
                                       (long long)n, (long long)used);
}

static tp_status read_all(loading *l)
{
    const char *const kind = tp__file_says(l->file, l->prefix, "optimizer"), *const format = tp_file_format(l->file);
    l->foreign = strcmp(format, "pt") == 0 || strcmp(format, "npz") == 0;      /* which have no place to say the kind */
    if (!l->foreign && (!kind || strcmp(kind, l->opt->class->name) != 0))
        return tp_fail(TP_ERR_FORMAT, "%s: the file is of %.40s, the optimizer is %s", load_op, kind ? kind : "no optimizer", l->opt->class->name);
    int64_t at = 0;
    for (int g = 0; g < l->opt->n_groups; g++) {
        if (read_options(l, g, at))
            return tp_error_status();
        for (int64_t i = 0; i < l->opt->groups[g].n; i++, at++)
            if (read_param(l, g, i, at))
                return tp_error_status();
    }
    return check_rest(l);
}

/* The new state goes in and the old comes out, to be released with `loading`. */
static void take_over(loading *l)
{
    int64_t at = 0;
    for (int g = 0; g < l->opt->n_groups; g++) {
        l->opt->groups[g].values = l->values[g];
        for (int64_t i = 0; i < l->opt->groups[g].n; i++, at++) {
            const tp__param old = l->opt->groups[g].params[i];
            memcpy(l->opt->groups[g].params[i].state, l->params[at].state, sizeof old.state);
            memcpy(l->params[at].state, old.state, sizeof old.state);
        }
    }
}

tp_status tp_optimizer_load_with(tp_optimizer *opt, const char *path, const tp_optimizer_load_options *theirs)
{
    tp_optimizer_load_options o = TP__BRACES(optimizer_load, );
    tp_status status = tp__optimizer_check(opt, load_op);
    if (!status && opt->class->minimize)
        status = tp_fail(TP_ERR_UNSUPPORTED, "%s: the state of %s cannot be loaded", load_op, opt->class->name);
    if (!status)
        status = tp_options_take(load_op, &o, theirs, offsetof(tp_optimizer_load_options, tp__end));
    if (status)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    loading l = { .opt = opt, .prefix = o.prefix, .n = tp__count_params(opt) };
    const size_t values = (size_t)opt->n_groups * sizeof *l.values, params = (size_t)l.n * sizeof *l.params;
    l.values = tp_mem_alloc(values);
    l.params = tp_mem_calloc(params);
    l.numbers = tp_mem_alloc((size_t)l.n * sizeof *l.numbers);
    l.file = l.values && l.params && l.numbers ? tp_file_open(path, .prefix = o.prefix) : NULL;
    status = l.file ? read_all(&l) : tp_error_status();
    if (!status)
        take_over(&l);
    for (int64_t i = 0; l.params && i < l.n; i++)
        tp__release_state(&l.params[i]);
    tp_file_close(l.file);
    tp_mem_free(l.numbers, (size_t)l.n * sizeof *l.numbers);
    tp_mem_free(l.params, params);
    tp_mem_free(l.values, values);
    return status;
}
