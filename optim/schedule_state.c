/* optim/schedule_state.c: the state of a schedule in a file, by the names of PyTorch's state_dict(). A schedule made of others has theirs
 * below "_schedulers.0.", .. Loading reads all of it into copies first, checks them, and takes them over. */
#include "entries.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 160 };                                   /* which bounds how deep schedules are in schedules */
static const int64_t MOST_EPOCHS = (int64_t)1 << 53;

/* What there is besides options: of which kind (0: all that are alone), and where in the schedule. 8 bytes each, int64_t or double. */
typedef struct field { const char *name; int kind; bool real; size_t offset; } field;
static const field fields[] = {
    { "last_epoch", 0, false, offsetof(tp_schedule, last_epoch) }, { "_step_count", 0, false, offsetof(tp_schedule, steps) },
    { "T_cur", TP_SCHEDULE_COSINE_RESTARTS, true, offsetof(tp_schedule, t_cur) }, { "T_i", TP_SCHEDULE_COSINE_RESTARTS, true, offsetof(tp_schedule, t_i) },
    { "best", TP_SCHEDULE_PLATEAU, true, offsetof(tp_schedule, best) }, { "num_bad_epochs", TP_SCHEDULE_PLATEAU, false, offsetof(tp_schedule, bad_epochs) },
    { "cooldown_counter", TP_SCHEDULE_PLATEAU, false, offsetof(tp_schedule, cooling) },
};

/* Options that are no reals; those that a kind lacks are -1 or 0 in all its schedules. */
typedef struct choice { const char *name; size_t offset; } choice;
static const choice choices[] = {
    { "mode", offsetof(tp_schedule, o.mode) }, { "anneal_strategy", offsetof(tp_schedule, o.anneal_strategy) },
    { "threshold_mode", offsetof(tp_schedule, o.threshold_mode) }, { "cycle_momentum", offsetof(tp_schedule, o.cycle_momentum) },
    { "three_phase", offsetof(tp_schedule, o.three_phase) },
};
#define EACH(table) size_t k = 0; k < sizeof (table) / sizeof *(table); k++          /* the head of a loop */

static const char *milestones_name(const tp_schedule *s) { return s->n_children ? "_milestones" : "milestones"; }
static bool has_milestones(const tp_schedule *s) { return s->class->takes_milestones || s->class->kind == TP_SCHEDULE_SEQUENTIAL; }

/* "_schedulers.1." below `prefix`. */
static tp_status name_child(char *out, const char *op, const char *prefix, int64_t i)
{
    const int n = snprintf(out, NAME, "%s_schedulers.%lld.", prefix, (long long)i);
    return n > 0 && n < NAME ? TP_OK : tp_fail(TP_ERR_UNSUPPORTED, "%s: schedules are in schedules too deep", op);
}

/* ---- Saving --------------------------------------------------------------------------------------------------------------------- */

static tp_status add(tp__entries *e, const char *prefix, const char *name, const void *data, tp_dtype dtype, int64_t n)
{
    return tp__entries_add(e, tp_from_data(data, dtype, n < 0 ? (tp_shape){ .ndim = 0 } : TP_SHAPE(n)), "%s%s", prefix, name);
}

static tp_status list(tp__entries *l, const tp_schedule *s, const char *prefix)
{
    tp_status status = TP_OK;
    for (EACH(fields))
        if (!status && (!fields[k].kind || fields[k].kind == (int)s->class->kind))
            status = add(l, prefix, fields[k].name, (const char *)s + fields[k].offset, fields[k].real ? TP_F64 : TP_I64, -1);
    for (int k = 0; k < TP__SCHEDULE_OPTIONS && s->class->options[k].offset && !status; k++)
        status = add(l, prefix, tp__schedule_real_name(s->class->options[k].offset), (const char *)&s->o + s->class->options[k].offset, TP_F64, -1);
    for (EACH(choices)) {
        const int64_t value = *(const int *)(const void *)((const char *)s + choices[k].offset);
        if (!status && value > 0)
            status = add(l, prefix, choices[k].name, &value, TP_I64, -1);
    }
    if (!status)
        status = add(l, prefix, "base_lrs", s->base, TP_F64, s->n_groups);
    if (!status && has_milestones(s))
        status = add(l, prefix, milestones_name(s), s->milestones, TP_I64, s->o.n_milestones);
    for (int64_t i = 0; i < s->n_children && !status; i++) {
        char below[NAME];
        status = name_child(below, "schedule_save", prefix, i);
        if (!status)
            status = list(l, s->children[i], below);
    }
    return status;
}

static tp_status check_schedule(const tp_schedule *s, const char *op)
{
    if (tp_failed())
        return tp_error_status();
    return s && s->object.kind == TP_KIND_SCHEDULE ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: the schedule is NULL, or was freed", op);
}

tp_status tp__schedule_list(const tp_schedule *s, const char *prefix, tp__entries *e)
{
    tp_status status = check_schedule(s, "schedule_save");
    if (!status)
        status = list(e, s, prefix);
    return status ? status : tp__entries_say(e, prefix, "schedule", s->class->name);
}

tp_status tp_schedule_save(const tp_schedule *s, const char *path)
{
    TP_SCOPE();
    tp__entries e = { .n = 0 };
    return tp__entries_save(&e, tp__schedule_list(s, "", &e), path);
}

/* ---- Loading -------------------------------------------------------------------------------------------------------------------- */

static const char load_op[] = "schedule_load";

typedef struct loading {
    tp_file *file;
    const char *prefix;
    bool foreign;                                      /* PyTorch's: what it lacks stays, and what it has more is passed over */
    int64_t used, n;
    struct staged { tp_schedule *of, value; double *base; int64_t *milestones; } *staged;     /* what each schedule becomes */
} loading;

static int64_t count_schedules(const tp_schedule *s)
{
    int64_t n = 1;
    for (int64_t i = 0; i < s->n_children; i++)
        n += count_schedules(s->children[i]);
    return n;
}

/* `n` numbers, or a 0-dim one where n is -1, into out; *found tells whether they are there. */
static tp_status get(loading *l, const char *prefix, const char *name, tp_dtype dtype, int64_t n, void *out, bool *found)
{
    char text[NAME + 32];
    snprintf(text, sizeof text, "%s%s", prefix, name);
    const int64_t i = tp_file_find(l->file, text), count = n < 0 ? 1 : n;
    *found = i >= 0;
    if (i < 0)
        return l->foreign ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: the file has no %s", load_op, text);
    tp_tensor *x = tp_file_tensor(l->file, i);
    if (x && l->foreign && tp_dtype_of(x) == TP_I64 && dtype == TP_F64)
        x = tp_to_dtype(x, dtype);
    if (!x)
        return tp_error_status();
    if (tp_dtype_of(x) != dtype || tp_numel(x) != count || tp_ndim(x) != (n >= 0)) {
        *found = false;
        return l->foreign && n >= 0 ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: %s should be %lld of %s", load_op, text, (long long)count, tp_dtype_name(dtype));
    }
    l->used++;
    return tp_copy_to(x, out, (size_t)count * tp_dtype_size(dtype));
}

static tp_status get_choice(loading *l, const char *prefix, const choice *c, tp_schedule *to)
{
    int *const value = (int *)(void *)((char *)to + c->offset);
    int64_t read = *value;
    bool found;
    char text[NAME + 32];
    snprintf(text, sizeof text, "%s%s", prefix, c->name);
    if (l->foreign)                                    /* words, or flags that its options tell already */
        return TP_OK;
    if (tp_file_find(l->file, text) < 0) {             /* only what is above 0 is saved */
        *value = *value > 0 ? 0 : *value;
        return TP_OK;
    }
    const tp_status status = get(l, prefix, c->name, TP_I64, -1, &read, &found);
    if (!status && (read < 1 || read > 3))
        return tp_fail(TP_ERR_FORMAT, "%s: %s is %lld", load_op, text, (long long)read);
    *value = (int)read;
    return status;
}

static tp_status get_milestones(loading *l, const char *prefix, struct staged *t)
{
    const int64_t n = t->value.o.n_milestones;
    bool found;
    const tp_status status = get(l, prefix, milestones_name(t->of), TP_I64, n, t->milestones, &found);
    if (!status && !found)
        memcpy(t->milestones, t->of->milestones, (size_t)n * sizeof *t->milestones);
    for (int64_t i = 1; i < n && !status; i++)
        if (t->milestones[i] < t->milestones[i - 1])
            return tp_fail(TP_ERR_FORMAT, "%s: milestone %lld comes after %lld", load_op, (long long)t->milestones[i], (long long)t->milestones[i - 1]);
    return status;
}

static tp_status check_numbers(struct staged *t)
{
    tp_schedule *const s = &t->value;
    if (s->last_epoch < -1 || s->last_epoch > MOST_EPOCHS || s->steps < -1 || s->steps > MOST_EPOCHS)
        return tp_fail(TP_ERR_FORMAT, "%s: epoch %lld after %lld steps", load_op, (long long)s->last_epoch, (long long)s->steps);
    for (int g = 0; g < s->n_groups; g++)
        if (!(t->base[g] >= 0 && isfinite(t->base[g])))
            return tp_fail(TP_ERR_FORMAT, "%s: the base rate of group %d is %g", load_op, g, t->base[g]);
    return s->class->check ? s->class->check(s) : TP_OK;
}

static tp_status read_schedule(loading *l, tp_schedule *s, const char *prefix)
{
    struct staged *const t = &l->staged[l->n++];
    const tp__schedule_class *const class = s->class;
    bool found;
    *t = (struct staged){ .of = s, .value = *s, .base = tp_mem_alloc((size_t)s->n_groups * sizeof *t->base),
                          .milestones = tp_mem_alloc((size_t)s->o.n_milestones * sizeof *t->milestones) };
    tp_status status = t->base && t->milestones ? TP_OK : TP_ERR_MEMORY;
    for (EACH(fields))
        if (!status && (!fields[k].kind || fields[k].kind == (int)class->kind))
            status = get(l, prefix, fields[k].name, fields[k].real ? TP_F64 : TP_I64, -1, (char *)&t->value + fields[k].offset, &found);
    for (int k = 0; k < TP__SCHEDULE_OPTIONS && class->options[k].offset && !status; k++) {
        double *const value = (double *)(void *)((char *)&t->value.o + class->options[k].offset);
        status = get(l, prefix, tp__schedule_real_name(class->options[k].offset), TP_F64, -1, value, &found);
        if (!status && *value != *value)
            status = tp_fail(TP_ERR_FORMAT, "%s: %s is NaN", load_op, tp__schedule_real_name(class->options[k].offset));
    }
    for (EACH(choices))
        status = status ? status : get_choice(l, prefix, &choices[k], &t->value);
    if (!status) {
        status = get(l, prefix, "base_lrs", TP_F64, s->n_groups, t->base, &found);
        if (!found)
            memcpy(t->base, s->base, (size_t)s->n_groups * sizeof *t->base);
    }
    if (!status && has_milestones(s))
        status = get_milestones(l, prefix, t);
    if (!status)
        status = check_numbers(t);
    for (int64_t i = 0; i < s->n_children && !status; i++) {
        char below[NAME];
        status = name_child(below, load_op, prefix, i);
        if (!status)
            status = read_schedule(l, s->children[i], below);
    }
    return status;
}

static tp_status read_all(loading *l, tp_schedule *s)
{
    const char *const kind = tp__file_says(l->file, l->prefix, "schedule"), *const format = tp_file_format(l->file);
    l->foreign = strcmp(format, "pt") == 0 || strcmp(format, "npz") == 0;
    if (!l->foreign && (!kind || strcmp(kind, s->class->name) != 0))
        return tp_fail(TP_ERR_FORMAT, "%s: the file is of %.40s, the schedule is %s", load_op, kind ? kind : "no schedule", s->class->name);
    const tp_status status = read_schedule(l, s, "");
    const int64_t n = tp_file_count(l->file);
    if (!status && (l->foreign ? !l->used : l->used != n))
        return tp_fail(TP_ERR_FORMAT, "%s: the file has %lld entries, of which %lld belong to this schedule", load_op, (long long)n, (long long)l->used);
    return status;
}

static void take_over(const struct staged *t)
{
    tp_schedule *const s = t->of;
    const int64_t *const milestones = s->o.milestones;
    for (EACH(fields))
        memcpy((char *)s + fields[k].offset, (const char *)&t->value + fields[k].offset, sizeof(int64_t));
    s->o = t->value.o;
    s->o.milestones = milestones;
    memcpy(s->base, t->base, (size_t)s->n_groups * sizeof *s->base);
    if (has_milestones(s))
        memcpy(s->milestones, t->milestones, (size_t)s->o.n_milestones * sizeof *s->milestones);
}

tp_status tp_schedule_load_with(tp_schedule *s, const char *path, const tp_schedule_load_options *theirs)
{
    tp_schedule_load_options o = TP__BRACES(schedule_load, );
    tp_status status = check_schedule(s, load_op);
    if (!status)
        status = tp_options_take(load_op, &o, theirs, offsetof(tp_schedule_load_options, tp__end));
    if (status)
        return status;
    TP_SCOPE();
    const size_t bytes = (size_t)count_schedules(s) * sizeof(struct staged);
    loading l = { .prefix = o.prefix, .staged = tp_mem_calloc(bytes) };
    l.file = l.staged ? tp_file_open(path, .prefix = o.prefix) : NULL;
    status = l.file ? read_all(&l, s) : tp_error_status();
    for (int64_t i = 0; i < l.n; i++) {
        struct staged *const t = &l.staged[i];
        if (!status)
            take_over(t);
        tp_mem_free(t->base, (size_t)t->value.n_groups * sizeof *t->base);
        tp_mem_free(t->milestones, (size_t)t->value.o.n_milestones * sizeof *t->milestones);
    }
    tp_file_close(l.file);
    tp_mem_free(l.staged, bytes);
    return status;
}
