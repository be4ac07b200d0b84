/* optim/schedule.c: making, stepping and freeing schedules, alone, in sequence and chained. */
#include "schedule.h"

#include <math.h>
#include <string.h>

/* ---- Making one --------------------------------------------------------------------------------------------------------------- */

static const tp__schedule_class *class_of(tp_schedule_kind kind)
{
    for (int i = 0; i < tp__schedule_class_count; i++)
        if (tp__schedule_classes[i].kind == kind)
            return &tp__schedule_classes[i];
    return NULL;
}

static const tp__schedule_option *option_at(const tp__schedule_class *class, size_t offset)
{
    for (int i = 0; i < TP__SCHEDULE_OPTIONS && class->options[i].offset; i++)
        if (class->options[i].offset == offset)
            return &class->options[i];
    return NULL;
}

#define EACH_REAL(X) \
    X(step_size) X(gamma) X(factor) X(total_iters) X(start_factor) X(end_factor) X(power) X(T_max) X(eta_min) X(T_0) X(T_mult) X(base_lr) X(max_lr) \
    X(step_size_up) X(step_size_down) X(base_momentum) X(max_momentum) X(total_steps) X(epochs) X(steps_per_epoch) X(pct_start) X(div_factor) \
    X(final_div_factor) X(patience) X(threshold) X(cooldown) X(min_lr) X(eps) X(swa_lr) X(anneal_epochs)

const char *tp__schedule_real_name(size_t offset)
{
#define ROW(member) if (offset == offsetof(tp_schedule_options, member)) return #member;
    EACH_REAL(ROW)
#undef ROW
    return "?";
}

/* The reals: those given, else the defaults. */
static tp_status take_reals(const tp__schedule_class *class, tp_schedule_options *o)
{
    const size_t first = offsetof(tp_schedule_options, step_size), last = offsetof(tp_schedule_options, anneal_epochs);
    for (size_t at = first; at <= last; at += sizeof(double)) {
        double *const value = (double *)(void *)((char *)o + at);
        const tp__schedule_option *const option = option_at(class, at);
        if (*value != TP_UNSET && !option)
            return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: it has no option %s, which is given as %g", class->name, tp__schedule_real_name(at), *value);
        if (*value != *value)
            return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: %s is NaN", class->name, tp__schedule_real_name(at));
        if (*value == TP_UNSET && option)
            *value = option->value;
        if (*value == TP_UNSET && option)
            return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: %s has to be given", class->name, tp__schedule_real_name(at));
    }
    return TP_OK;
}

static tp_status has_no(const tp__schedule_class *class, const char *name, int value)
{
    return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: it has no option %s, which is given as %d", class->name, name, value);
}

static tp_status take_flags(const tp__schedule_class *class, tp_schedule_options *o)
{
    const bool anneals = class->kind == TP_SCHEDULE_ONE_CYCLE || class->kind == TP_SCHEDULE_SWA;
    if (o->mode < 0 || o->mode > class->modes)
        return class->modes ? tp_fail(TP_ERR_ARGUMENT, "%s_schedule: there is no mode %d", class->name, o->mode) : has_no(class, "mode", o->mode);
    if (!o->mode)
        o->mode = 1;
    if (o->cycle_momentum != -1 && !class->cycles_momentum)
        return has_no(class, "cycle_momentum", o->cycle_momentum);
    if (o->three_phase != -1 && class->kind != TP_SCHEDULE_ONE_CYCLE)
        return has_no(class, "three_phase", o->three_phase);
    if (o->anneal_strategy && !anneals)
        return has_no(class, "anneal_strategy", (int)o->anneal_strategy);
    if (o->threshold_mode && class->kind != TP_SCHEDULE_PLATEAU)
        return has_no(class, "threshold_mode", (int)o->threshold_mode);
    if ((int)o->anneal_strategy < 0 || (int)o->anneal_strategy > TP_ANNEAL_LINEAR)
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: there is no anneal_strategy %d", class->name, (int)o->anneal_strategy);
    if ((int)o->threshold_mode < 0 || (int)o->threshold_mode > TP_THRESHOLD_ABS)
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: there is no threshold_mode %d", class->name, (int)o->threshold_mode);
    if (class->cycles_momentum && o->cycle_momentum == -1)
        o->cycle_momentum = 1;
    return TP_OK;
}

static tp_status take_options(tp_schedule *s)
{
    const tp__schedule_class *const class = s->class;
    tp_schedule_options *const o = &s->o;
    tp_status status = take_reals(class, o);
    if (!status)
        status = take_flags(class, o);
    if (status)
        return status;
    if (class->takes_fn && !o->fn && class->kind != TP_SCHEDULE_CYCLIC)
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: the function is NULL", class->name);
    if (o->n_milestones && !class->takes_milestones)
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: it has no milestones, and is given %lld", class->name, (long long)o->n_milestones);
    if (o->n_milestones < 0 || (o->n_milestones && !o->milestones))
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: the list of milestones is NULL, of %lld", class->name, (long long)o->n_milestones);
    return class->check ? class->check(s) : TP_OK;
}

static void destroy(void *s) { tp_schedule_free(s); }

static tp_status copy_milestones(tp_schedule *s, const int64_t *milestones, int64_t n)
{
    s->o.n_milestones = n;
    s->o.milestones = NULL;
    s->milestones = tp_mem_alloc((size_t)n * sizeof *s->milestones);
    if (!s->milestones)
        return TP_ERR_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        s->milestones[i] = milestones[i];
        if (i && milestones[i] < milestones[i - 1])
            return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: milestone %lld comes after %lld", s->class->name, (long long)milestones[i],
                           (long long)milestones[i - 1]);
    }
    return TP_OK;
}

static tp_schedule *new_schedule(const tp__schedule_class *class, tp_optimizer *opt)
{
    tp_schedule *const s = tp_mem_calloc(sizeof *s);
    if (!s)
        return NULL;
    s->object = (tp_object){ .kind = TP_KIND_SCHEDULE, .destroy = destroy };
    s->class = class;
    s->opt = opt;
    s->n_groups = opt->n_groups;
    s->last_epoch = -1;
    opt->holders++;
    s->base = tp_mem_calloc((size_t)s->n_groups * sizeof *s->base);
    if (s->base)
        return s;
    tp_schedule_free(s);
    return NULL;
}

static tp_status step(tp_schedule *s);

static tp_status begin(tp_schedule *s)
{
    tp_status status = s->class->begin ? s->class->begin(s) : TP_OK;
    for (int g = 0; g < s->n_groups && !status; g++) {
        tp__group *const group = &s->opt->groups[g];
        if (isnan(group->initial_lr))
            group->initial_lr = group->values.lr;
        s->base[g] = group->initial_lr;
    }
    if (s->class->kind == TP_SCHEDULE_PLATEAU)
        s->last_epoch = 0;
    return status || s->class->kind == TP_SCHEDULE_PLATEAU ? status : step(s);
}

tp_schedule *tp_schedule_with(tp_schedule_kind kind, tp_optimizer *opt, const tp_schedule_options *options)
{
    const tp__schedule_class *const class = class_of(kind);
    tp_schedule_options o = TP__BRACES(schedule, );
    if (tp__optimizer_check(opt, "schedule") || tp_options_take("schedule", &o, options, offsetof(tp_schedule_options, tp__end)))
        return NULL;
    if (!class || kind == TP_SCHEDULE_SEQUENTIAL || kind == TP_SCHEDULE_CHAINED) {
        tp_fail(TP_ERR_ARGUMENT, "schedule: %d is no kind of a single schedule", (int)kind);
        return NULL;
    }
    tp_schedule *const s = new_schedule(class, opt);
    if (!s)
        return NULL;
    s->o = o;
    tp_status status = take_options(s);
    if (!status)
        status = copy_milestones(s, o.milestones, o.n_milestones);
    if (!status)
        status = begin(s);
    if (!status)
        return s;
    tp_schedule_free(s);
    return NULL;
}

static void free_schedule(tp_schedule *s)
{
    for (int64_t i = 0; s->children && i < s->n_children; i++)
        free_schedule(s->children[i]);
    tp_mem_free(s->children, (size_t)s->n_children * sizeof *s->children);
    tp_mem_free(s->milestones, (size_t)s->o.n_milestones * sizeof *s->milestones);
    tp_mem_free(s->base, (size_t)s->n_groups * sizeof *s->base);
    tp__optimizer_let_go(s->opt);
    s->object.kind = TP_KIND_DEAD;
    tp_mem_free(s, sizeof *s);
}

void tp_schedule_free(tp_schedule *s)
{
    if (!s)
        return;
    if (s->object.kind != TP_KIND_SCHEDULE || s->object.owned)
        tp_fail(TP_ERR_ARGUMENT, "schedule_free: this is no schedule, was freed, or belongs to another one");
    else
        free_schedule(s);
}

/* ---- Several ------------------------------------------------------------------------------------------------------------------ */

static tp_status check_children(const char *op, tp_schedule_list list)
{
    if (tp_failed())
        return tp_error_status();
    if (list.n < 1 || !list.at)
        return tp_fail(TP_ERR_ARGUMENT, "%s: there are no schedules", op);
    for (int64_t i = 0; i < list.n; i++) {
        const tp_schedule *const s = list.at[i];
        if (!s || s->object.kind != TP_KIND_SCHEDULE || s->object.owned)
            return tp_fail(TP_ERR_ARGUMENT, "%s: schedule %lld is NULL, was freed, or belongs to another one", op, (long long)i);
        if (s->opt != list.at[0]->opt || s->class->kind == TP_SCHEDULE_PLATEAU)
            return tp_fail(TP_ERR_ARGUMENT, "%s: schedule %lld is of another optimizer, or waits for a metric", op, (long long)i);
        for (int64_t j = 0; j < i; j++)
            if (list.at[j] == s)
                return tp_fail(TP_ERR_ARGUMENT, "%s: a schedule is given twice", op);
    }
    return tp__optimizer_check(list.at[0]->opt, op);
}

/* The schedules that were given are freed on failure, each once: they are told apart before the first is freed, which may be one that
 * stands there again, or the owner of another one. */
static void free_given(tp_schedule_list list)
{
    tp_schedule *given = NULL;
    for (int64_t i = 0; list.at && i < list.n; i++) {
        tp_schedule *const s = list.at[i];
        if (!s || s->object.kind != TP_KIND_SCHEDULE || s->object.owned)
            continue;
        s->object.owned = 1;
        s->next = given;
        given = s;
    }
    while (given) {
        tp_schedule *const s = given;
        given = s->next;
        free_schedule(s);
    }
}

static tp_schedule *new_composite(tp_schedule_kind kind, tp_schedule_list list, const int64_t *milestones, int64_t n_milestones)
{
    const tp__schedule_class *const class = class_of(kind);
    tp_schedule *const s = new_schedule(class, list.at[0]->opt);
    if (!s || copy_milestones(s, milestones, n_milestones)) {
        tp_schedule_free(s);
        return NULL;
    }
    s->children = tp_mem_alloc((size_t)list.n * sizeof *s->children);
    if (!s->children) {
        tp_schedule_free(s);
        return NULL;
    }
    s->n_children = list.n;
    for (int64_t i = 0; i < list.n; i++) {
        s->children[i] = list.at[i];
        s->children[i]->object.owned = 1;
    }
    s->last_epoch = 0;
    return s;
}

/* As if no schedule had stepped yet. */
static void undo(tp_schedule *s)
{
    for (int64_t i = 0; i < s->n_children; i++)
        undo(s->children[i]);
    if (!s->n_children)
        s->last_epoch--;
}

static int64_t active_child(const tp_schedule *s)
{
    int64_t i = 0;
    while (i < s->o.n_milestones && s->milestones[i] <= s->last_epoch)
        i++;
    return i;
}

tp_schedule *tp_sequential_schedule(tp_schedule_list list, const int64_t *milestones)
{
    static const char op[] = "sequential_schedule";
    tp_status status = check_children(op, list);
    if (!status && list.n > 1 && !milestones)
        status = tp_fail(TP_ERR_ARGUMENT, "%s: the milestones are NULL", op);
    tp_schedule *const s = status ? NULL : new_composite(TP_SCHEDULE_SEQUENTIAL, list, milestones, list.n - 1);
    if (!s) {
        free_given(list);
        return NULL;
    }
    for (int g = 0; g < s->n_groups; g++)
        s->opt->groups[g].values.lr = s->opt->groups[g].initial_lr;
    undo(s);
    tp_schedule *const first = s->children[active_child(s)];
    first->steps = 0;
    if (!step(first))
        return s;
    tp_schedule_free(s);
    return NULL;
}

tp_schedule *tp_chained_schedule(tp_schedule_list list)
{
    const tp_status status = check_children("chained_schedule", list);
    tp_schedule *const s = status ? NULL : new_composite(TP_SCHEDULE_CHAINED, list, NULL, 0);
    if (!s)
        free_given(list);
    return s;
}

/* ---- Stepping ------------------------------------------------------------------------------------------------------------------ */

/* A rate that is no number would be the end of every weight: it is an error, and the rate stays. */
static tp_status set_rate(tp_schedule *s, int group, double lr)
{
    if (isnan(lr))
        return tp_fail(TP_ERR_NUMERIC, "%s_schedule: the learning rate of group %d would be NaN", s->class->name, group);
    s->opt->groups[group].values.lr = lr;
    return TP_OK;
}

static tp_status step_alone(tp_schedule *s)
{
    s->steps++;
    s->last_epoch++;
    tp_status status = s->class->advance ? s->class->advance(s) : TP_OK;
    if (status) {
        s->steps--;
        s->last_epoch--;
    }
    for (int g = 0; g < s->n_groups && !status; g++)
        status = set_rate(s, g, s->class->next(s, g, s->opt->groups[g].values.lr));
    return status;
}

static tp_status restart(tp_schedule *s)
{
    if (s->n_children)
        return step(s);
    tp_status status = TP_OK;
    s->last_epoch = 0;
    for (int g = 0; g < s->n_groups && !status; g++)
        status = set_rate(s, g, s->class->restart ? s->class->restart(s, s->base[g]) : s->class->next(s, g, s->opt->groups[g].values.lr));
    return status;
}

static tp_status step(tp_schedule *s)
{
    tp_status status = TP_OK;
    if (!s->n_children)
        return step_alone(s);
    s->last_epoch++;
    if (s->class->kind == TP_SCHEDULE_SEQUENTIAL) {
        const int64_t i = active_child(s);
        return i && s->milestones[i - 1] == s->last_epoch ? restart(s->children[i]) : step(s->children[i]);
    }
    for (int64_t i = 0; i < s->n_children && !status; i++)
        status = step(s->children[i]);
    return status;
}

static tp_status check(const tp_schedule *s, const char *op)
{
    if (tp_failed())
        return tp_error_status();
    if (!s || s->object.kind != TP_KIND_SCHEDULE)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the schedule is NULL, or was freed", op);
    if (tp__optimizer_check(s->opt, op))
        return tp_error_status();
    if (s->opt->n_groups != s->n_groups)
        return tp_fail(TP_ERR_STATE, "%s: the optimizer has %d groups now, and had %d", op, s->opt->n_groups, s->n_groups);
    return TP_OK;
}

tp_status tp_schedule_step(tp_schedule *s)
{
    const tp_status status = check(s, "schedule_step");
    if (status)
        return status;
    if (s->class->kind == TP_SCHEDULE_PLATEAU)
        return tp_fail(TP_ERR_ARGUMENT, "schedule_step: a plateau_schedule steps with a metric, by tp_schedule_step_metric");
    return step(s);
}

static bool is_better(const tp_schedule *s, double metric)
{
    const double by = s->o.threshold;
    if (s->o.threshold_mode == TP_THRESHOLD_ABS)
        return s->o.mode == TP_METRIC_MAX ? metric > s->best + by : metric < s->best - by;
    return s->o.mode == TP_METRIC_MAX ? metric > s->best * (1 + by) : metric < s->best * (1 - by);
}

tp_status tp_schedule_step_metric(tp_schedule *s, double metric)
{
    const tp_status status = check(s, "schedule_step_metric");
    if (status)
        return status;
    if (s->class->kind != TP_SCHEDULE_PLATEAU)
        return tp_fail(TP_ERR_ARGUMENT, "schedule_step_metric: a %s_schedule takes no metric", s->class->name);
    const bool better = is_better(s, metric);
    s->last_epoch++;
    s->bad_epochs = better ? 0 : s->bad_epochs + 1;
    if (better)
        s->best = metric;
    if (s->cooling > 0) {
        s->cooling--;
        s->bad_epochs = 0;
    }
    if ((double)s->bad_epochs <= s->o.patience)
        return TP_OK;
    for (int g = 0; g < s->n_groups; g++) {
        double *const lr = &s->opt->groups[g].values.lr, less = fmax(*lr * s->o.factor, s->o.min_lr);
        if (*lr - less > s->o.eps)
            *lr = less;
    }
    s->cooling = (int64_t)s->o.cooldown;
    s->bad_epochs = 0;
    return TP_OK;
}

int64_t tp_schedule_epoch(const tp_schedule *s) { return s ? s->last_epoch : -1; }
