/* optim/state.c: the state of an optimizer by name, and in a file.
 *
 * A file holds "state.I.NAME" for parameter I, counted through all groups, and for group G its options as 0-dim tensors
 * "param_groups.G.NAME" (betas: two numbers; flags: bool) and "param_groups.G.params", how many parameters it has. Options are
 * tensors, not text, so they are exact in every locale. */
#include "optimizer.h"

#include <taper/io.h>

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

static int64_t count_params(const tp_optimizer *opt)
{
    int64_t n = 0;
    for (int g = 0; g < opt->n_groups; g++)
        n += opt->groups[g].n;
    return n;
}

/* ---- Saving --------------------------------------------------------------------------------------------------------------- */

typedef struct listing {
    int64_t n, capacity;
    label *labels;
    tp_named_tensor *entries;
} listing;

static tp_status list_entry(listing *l, label name, tp_tensor *tensor)
{
    if (!tensor)
        return tp_error_status();
    l->labels[l->n] = name;
    l->entries[l->n] = (tp_named_tensor){ l->labels[l->n].text, tensor };
    l->n++;
    return TP_OK;
}

static tp_status list_options(listing *l, const tp_optimizer *opt, int g)
{
    const tp__group *const group = &opt->groups[g];
    tp_status status = list_entry(l, option_label(g, "params"), tp_from_data(&group->n, TP_I64, (tp_shape){ .ndim = 0 }));
    for (int i = 0; i < opt->class->n_options && !status; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[opt->class->options[i].value];
        status = list_entry(l, option_label(g, row->name),
                            tp_from_data((const char *)&group->values + row->offset, row->count == TP__FLAG ? TP_BOOL : TP_F64,
                                         row->count > 1 ? TP_SHAPE(row->count) : (tp_shape){ .ndim = 0 }));
    }
    return status;
}

static tp_status list_all(listing *l, const tp_optimizer *opt)
{
    tp_status status = TP_OK;
    int64_t at = 0;
    for (int g = 0; g < opt->n_groups && !status; g++) {
        status = list_options(l, opt, g);
        for (int64_t i = 0; i < opt->groups[g].n; i++, at++)
            for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s] && !status; s++)
                if (opt->groups[g].params[i].state[s])
                    status = list_entry(l, state_label(at, opt->class->state[s]), opt->groups[g].params[i].state[s]);
    }
    return status;
}

tp_status tp_optimizer_save(tp_optimizer *opt, const char *path)
{
    tp_status status = tp__optimizer_check(opt, "optimizer_save");
    if (status)
        return status;
    TP_SCOPE();
    listing l = { .capacity = count_params(opt) * TP__OPTIM_STATES + opt->n_groups * (TP__VALUE_END + 1) };
    const size_t labels = (size_t)l.capacity * sizeof *l.labels, entries = (size_t)l.capacity * sizeof *l.entries;
    l.labels = tp_mem_alloc(labels);
    l.entries = tp_mem_alloc(entries);
    status = l.labels && l.entries ? list_all(&l, opt) : TP_ERR_MEMORY;
    if (!status)
        status = tp_safetensors_save(path, l.entries, l.n, &(tp_metadata){ "optimizer", opt->class->name }, 1);
    tp_mem_free(l.entries, entries);
    tp_mem_free(l.labels, labels);
    return status;
}

/* ---- Loading: all is read and checked first, then taken over ----------------------------------------------------------------- */

typedef struct loading {
    tp_optimizer *opt;
    tp_safetensors *file;
    int64_t used;                              /* entries of the file */
    tp__optim_values *values;                  /* per group */
    tp__param *params;                         /* per parameter: the new state, retained */
    int64_t n;
} loading;

static const char load_op[] = "optimizer_load";

/* An option or a count into `out`, of `bytes`. */
static tp_status read_value(loading *l, label name, tp_dtype dtype, void *out, size_t bytes)
{
    const int64_t i = tp_safetensors_find(l->file, name.text);
    if (i < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, name.text);
    tp_tensor *const x = tp_safetensors_tensor(l->file, i);
    if (!x)
        return tp_error_status();
    if (tp_dtype_of(x) != dtype || (size_t)tp_numel(x) * tp_dtype_size(dtype) != bytes)
        return tp_fail(TP_ERR_FORMAT, "%s: %s should be %zu bytes of %s", load_op, name.text, bytes, tp_dtype_name(dtype));
    l->used++;
    return tp_copy_to(x, out, bytes);
}

static tp_status read_options(loading *l, int g)
{
    const tp_optimizer *const opt = l->opt;
    int64_t n = 0;
    tp_status status = read_value(l, option_label(g, "params"), TP_I64, &n, sizeof n);
    if (!status && n != opt->groups[g].n)
        return tp_fail(TP_ERR_FORMAT, "%s: group %d has %lld parameters, and in the file %lld", load_op, g, (long long)opt->groups[g].n,
                       (long long)n);
    l->values[g] = opt->groups[g].values;
    for (int i = 0; i < opt->class->n_options && !status; i++) {
        const tp__optim_value *const row = &tp__optim_values_of[opt->class->options[i].value];
        const bool flag = row->count == TP__FLAG;
        status = read_value(l, option_label(g, row->name), flag ? TP_BOOL : TP_F64, (char *)&l->values[g] + row->offset,
                            flag ? sizeof(bool) : (size_t)row->count * sizeof(double));
    }
    return status ? status : opt->class->check(load_op, &l->values[g]);
}

static bool same_shape(tp_shape a, tp_shape b)
{
    bool same = a.ndim == b.ndim;
    for (int i = 0; i < a.ndim && same; i++)
        same = a.dim[i] == b.dim[i];
    return same;
}

/* A copy of the entry where and as the parameter wants it, retained; *out stays NULL where the file has none. */
static tp_status read_state(loading *l, int64_t at, int state, tp_tensor *param, tp_tensor **out)
{
    const label entry = state_label(at, l->opt->class->state[state]);
    const int64_t i = tp_safetensors_find(l->file, entry.text);
    if (i < 0)
        return TP_OK;
    l->used++;
    const bool scalar = l->opt->class->scalars >> state & 1;
    if (!same_shape(tp_safetensors_shape(l->file, i), scalar ? (tp_shape){ .ndim = 0 } : tp_shape_of(param)))
        return tp_fail(TP_ERR_FORMAT, "%s: %s does not have the shape of its parameter", load_op, entry.text);
    TP_SCOPE();
    tp_tensor *const x = tp_to_dtype(tp_safetensors_tensor(l->file, i), scalar ? TP_F32 : tp_dtype_of(param));
    *out = tp_retain(tp_to(tp_clone(x), tp_device_of(param)));   /* cloned: the state does not hold on to the file */
    return *out ? TP_OK : tp_error_status();
}

static tp_status read_param(loading *l, int g, int64_t i, int64_t at)
{
    const tp_optimizer *const opt = l->opt;
    int kept = 0, found = 0;
    for (int s = 0; s < TP__OPTIM_STATES && opt->class->state[s]; s++) {
        if (!tp__keeps(opt->class, &l->values[g], s))
            continue;
        const tp_status status = read_state(l, at, s, opt->groups[g].params[i].tensor, &l->params[at].state[s]);
        if (status)
            return status;
        kept++;
        found += l->params[at].state[s] != NULL;
    }
    return found == 0 || found == kept ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: of state.%lld the file has %d parts of %d", load_op,
                                                         (long long)at, found, kept);
}

static tp_status read_all(loading *l)
{
    const char *const kind = tp_safetensors_metadata(l->file, "optimizer");
    if (!kind || strcmp(kind, l->opt->class->name) != 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the file is of %.40s, the optimizer is %s", load_op, kind ? kind : "no optimizer", l->opt->class->name);
    int64_t at = 0;
    for (int g = 0; g < l->opt->n_groups; g++) {
        if (read_options(l, g))
            return tp_error_status();
        for (int64_t i = 0; i < l->opt->groups[g].n; i++, at++)
            if (read_param(l, g, i, at))
                return tp_error_status();
    }
    if (l->used != tp_safetensors_count(l->file))
        return tp_fail(TP_ERR_FORMAT, "%s: the file has %lld entries, of which %lld belong to this optimizer", load_op,
                       (long long)tp_safetensors_count(l->file), (long long)l->used);
    return TP_OK;
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

tp_status tp_optimizer_load(tp_optimizer *opt, const char *path)
{
    tp_status status = tp__optimizer_check(opt, load_op);
    if (status)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    loading l = { .opt = opt, .n = count_params(opt) };
    const size_t values = (size_t)opt->n_groups * sizeof *l.values, params = (size_t)l.n * sizeof *l.params;
    l.values = tp_mem_alloc(values);
    l.params = tp_mem_calloc(params);
    l.file = l.values && l.params ? tp_safetensors_open(path) : NULL;
    status = l.file ? read_all(&l) : tp_error_status();
    if (!status)
        take_over(&l);
    for (int64_t i = 0; l.params && i < l.n; i++)
        tp__release_state(&l.params[i]);
    tp_safetensors_close(l.file);
    tp_mem_free(l.params, params);
    tp_mem_free(l.values, values);
    return status;
}
