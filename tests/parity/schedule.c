/* schedule.c: learning rate schedules, over the two groups of an SGD, held against PyTorch's rates and momenta after each step. */
#include "parity.h"

#include <stdlib.h>

static const struct { const char *class; tp_schedule_kind kind; } kinds[] = {
    { "LambdaLR", TP_SCHEDULE_LAMBDA }, { "MultiplicativeLR", TP_SCHEDULE_MULTIPLICATIVE }, { "StepLR", TP_SCHEDULE_STEP },
    { "MultiStepLR", TP_SCHEDULE_MULTI_STEP }, { "ConstantLR", TP_SCHEDULE_CONSTANT }, { "LinearLR", TP_SCHEDULE_LINEAR },
    { "ExponentialLR", TP_SCHEDULE_EXPONENTIAL }, { "PolynomialLR", TP_SCHEDULE_POLYNOMIAL }, { "CosineAnnealingLR", TP_SCHEDULE_COSINE },
    { "CosineAnnealingWarmRestarts", TP_SCHEDULE_COSINE_RESTARTS }, { "CyclicLR", TP_SCHEDULE_CYCLIC }, { "OneCycleLR", TP_SCHEDULE_ONE_CYCLE },
    { "ReduceLROnPlateau", TP_SCHEDULE_PLATEAU }, { "SWALR", TP_SCHEDULE_SWA }, { "SequentialLR", TP_SCHEDULE_SEQUENTIAL },
    { "ChainedScheduler", TP_SCHEDULE_CHAINED },
};

#define REAL(name) { #name, offsetof(tp_schedule_options, name) }
static const struct { const char *name; size_t offset; } reals[] = {
    REAL(step_size), REAL(gamma), REAL(factor), REAL(total_iters), REAL(start_factor), REAL(end_factor), REAL(power), REAL(T_max), REAL(eta_min),
    REAL(T_0), REAL(T_mult), REAL(base_lr), REAL(max_lr), REAL(step_size_up), REAL(step_size_down), REAL(base_momentum), REAL(max_momentum),
    REAL(total_steps), REAL(epochs), REAL(steps_per_epoch), REAL(pct_start), REAL(div_factor), REAL(final_div_factor), REAL(patience),
    REAL(threshold), REAL(cooldown), REAL(min_lr), REAL(eps), REAL(swa_lr), REAL(anneal_epochs),
};
#define INT(name) offsetof(tp_schedule_options, name)
static const struct { const char *name, *word; size_t offset; int value; } words[] = {
    { "mode", "triangular", INT(mode), TP_CYCLE_TRIANGULAR }, { "mode", "triangular2", INT(mode), TP_CYCLE_TRIANGULAR2 },
    { "mode", "exp_range", INT(mode), TP_CYCLE_EXP_RANGE }, { "mode", "min", INT(mode), TP_METRIC_MIN }, { "mode", "max", INT(mode), TP_METRIC_MAX },
    { "anneal_strategy", "cos", INT(anneal_strategy), TP_ANNEAL_COS }, { "anneal_strategy", "linear", INT(anneal_strategy), TP_ANNEAL_LINEAR },
    { "threshold_mode", "rel", INT(threshold_mode), TP_THRESHOLD_REL }, { "threshold_mode", "abs", INT(threshold_mode), TP_THRESHOLD_ABS },
};

/* ---- Options --------------------------------------------------------------------------------------------------------------------- */

static double by_text(void *arg, double epoch, int group)
{
    bool bad;
    (void)group;
    return expression_value(arg, epoch, &bad);
}

static bool take_list(sample *s, const json_t *value, int64_t **out, int64_t *n)
{
    *n = (int64_t)json_array_size(value);
    *out = sample_alloc(s, (size_t)*n, sizeof **out);
    for (int64_t i = 0; *out && i < *n; i++) (*out)[i] = json_integer_value(json_array_get(value, (size_t)i));
    return *out != NULL;
}

static bool take_option(sample *s, const char *name, const json_t *value, tp_schedule_options *o)
{
    const char *text = json_string_value(value);
    bool bad = false;
    if (json_is_null(value)) return true;
    if (!strcmp(name, "milestones")) {
        int64_t *list;
        const bool good = take_list(s, value, &list, &o->n_milestones);
        o->milestones = list;
        return good;
    }
    if (!strcmp(name, "lr_lambda") && text) {
        expression_value(text, 0, &bad);
        o->fn = by_text;
        o->arg = (char *)text;
        return !bad || damaged(s, "a function that cannot be read");
    }
    if (json_is_boolean(value) && !strcmp(name, "cycle_momentum")) return o->cycle_momentum = json_is_true(value), true;
    if (json_is_boolean(value) && !strcmp(name, "three_phase")) return o->three_phase = json_is_true(value), true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text && !strcmp(words[i].name, name) && !strcmp(words[i].word, text)) {
            memcpy((char *)o + words[i].offset, &words[i].value, sizeof words[i].value);
            return true;
        }
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (!strcmp(reals[i].name, name)) return number_of(value, (double *)(void *)((char *)o + reals[i].offset)) || damaged(s, "an option that is no number");
    return differ(s, "there is no option %s", name);
}

static tp_schedule *make(sample *s, tp_optimizer *opt, const char *class, const json_t *options, int depth);

/* Those of a list of [class, options]. On an error those that were made are freed. */
static bool make_all(sample *s, tp_optimizer *opt, const json_t *list, int depth, tp_schedule_list *out)
{
    const size_t n = json_array_size(list);
    tp_schedule **at = sample_alloc(s, n, sizeof *at);
    for (size_t i = 0; at && i < n; i++) {
        const json_t *pair = json_array_get(list, i);
        at[i] = make(s, opt, json_string_value(json_array_get(pair, 0)), json_array_get(pair, 1), depth + 1);
        if (at[i]) continue;
        while (i) tp_schedule_free(at[--i]);
        return false;
    }
    *out = (tp_schedule_list){ .at = at, .n = (int64_t)n };
    return at != NULL;
}

static tp_schedule *make_several(sample *s, tp_optimizer *opt, bool in_turn, const json_t *options, int depth)
{
    tp_schedule_list list;
    int64_t *milestones, n;
    const json_t *at = json_object_get(options, "milestones");
    if (!take_list(s, at, &milestones, &n) || !make_all(s, opt, json_object_get(options, "schedulers"), depth, &list)) return NULL;
    if (!in_turn) return tp_chained_schedule(list);
    if (n == list.n - 1) return tp_sequential_schedule(list, milestones);
    for (int64_t i = 0; i < list.n; i++) tp_schedule_free(list.at[i]);
    damaged(s, "milestones for another number of schedules");
    return NULL;
}

static tp_schedule *make(sample *s, tp_optimizer *opt, const char *class, const json_t *options, int depth)
{
    tp_schedule_options o = TP__BRACES(schedule, );
    const char *name;
    json_t *value;
    size_t i = 0;
    while (class && i < sizeof kinds / sizeof *kinds && strcmp(kinds[i].class, class)) i++;
    if (!class || i == sizeof kinds / sizeof *kinds || depth > MAX_DEPTH) {
        differ(s, "there is no schedule %s", class ? class : "without a name");
        return NULL;
    }
    if (kinds[i].kind == TP_SCHEDULE_SEQUENTIAL || kinds[i].kind == TP_SCHEDULE_CHAINED)
        return make_several(s, opt, kinds[i].kind == TP_SCHEDULE_SEQUENTIAL, options, depth);
    json_object_foreach((json_t *)options, name, value)
        if (!take_option(s, name, value, &o)) return NULL;
    return tp_schedule_with(kinds[i].kind, opt, &o);
}

/* ---- Running ---------------------------------------------------------------------------------------------------------------------- */

static bool check_row(sample *s, const char *what, const json_t *rows, int64_t step, tp_optimizer *opt, const char *option)
{
    const json_t *row = json_array_get(rows, (size_t)step);
    for (int g = 0; g < tp_param_group_count(opt); g++) {
        double want, got;
        if (!number_of(json_array_get(row, (size_t)g), &want)) return damaged(s, "a row without a number for each group");
        if (tp_get_group_option(opt, g, option, &got)) return differ_error(s, what);
        if (!compare_close(got, want, s->atol, s->rtol))
            return differ(s, "step %lld, group %d: the %s is %.15g, and not %.15g", (long long)step, g, what, got, want);
    }
    return true;
}

static tp_optimizer *make_optimizer(sample *s)
{
    const json_t *rates = json_object_get(s->text, "base_lrs");
    double momentum = 0, rate = 0;
    number_of(json_object_get(s->text, "momentum"), &momentum);
    tp_optimizer *opt = NULL;
    for (size_t g = 0; g < json_array_size(rates); g++) {
        tp_tensor *x = tp_zeros(TP_SHAPE(1), .requires_grad = true);
        if (!number_of(json_array_get(rates, g), &rate)) damaged(s, "a rate that is no number");
        else if (g == 0) opt = tp_sgd(TP_TENSORS(x), .lr = rate, .momentum = momentum);
        else tp_param_group(opt, TP_TENSORS(x), .lr = rate);
    }
    if (!opt || tp_failed()) differ_error(s, "the optimizer is not made");
    return opt;
}

void run_schedule_sample(sample *s)
{
    const json_t *rates = json_object_get(s->text, "lrs"), *momenta = json_object_get(s->text, "momenta"), *metrics = json_object_get(s->text, "metrics");
    tp_optimizer *opt = make_optimizer(s);
    tp_schedule *schedule = s->verdict == PASSED ? make(s, opt, text_at(s->text, "scheduler"), json_object_get(s->text, "options"), 0) : NULL;
    if (!schedule && s->verdict == PASSED) differ_error(s, "the schedule is not made");
    if (json_array_size(rates) < 1) damaged(s, "no rates");
    for (int64_t step = 0; s->verdict == PASSED && step < (int64_t)json_array_size(rates); step++) {
        double metric;
        if (step && metrics && !number_of(json_array_get(metrics, (size_t)step - 1), &metric)) damaged(s, "fewer metrics than steps");
        else if (step && (metrics ? tp_schedule_step_metric(schedule, metric) : tp_schedule_step(schedule))) differ_error(s, "a step");
        else if (check_row(s, "rate", rates, step, opt, "lr") && momenta) check_row(s, "momentum", momenta, step, opt, "momentum");
    }
    tp_schedule_free(schedule);
    tp_optimizer_free(opt);
}
