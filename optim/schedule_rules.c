/* optim/schedule_rules.c: the formulas of the schedules. As in PyTorch a rate comes from the one before where it can, so that schedules
 * can be chained. */
#include "schedule.h"

#include <math.h>

#define PI 3.14159265358979323846

static tp_status out_of_range(const tp_schedule *s, const char *what, double value)
{
    return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: %s is %g, which is out of range", s->class->name, what, value);
}

/* ---- By a function ----------------------------------------------------------------------------------------------------------------- */

static double lambda_next(const tp_schedule *s, int group, double lr)
{
    (void)lr;
    return s->base[group] * s->o.fn(s->o.arg, (double)s->last_epoch, group);
}

static double multiplicative_next(const tp_schedule *s, int group, double lr)
{
    return s->last_epoch > 0 ? lr * s->o.fn(s->o.arg, (double)s->last_epoch, group) : lr;
}

/* ---- Steps and powers ---------------------------------------------------------------------------------------------------------------- */

static double restart_at_base(const tp_schedule *s, double base)
{
    (void)s;
    return base;
}

static tp_status step_check(tp_schedule *s) { return s->o.step_size >= 1 ? TP_OK : out_of_range(s, "step_size", s->o.step_size); }
static double step_next(const tp_schedule *s, int group, double lr)
{
    (void)group;
    return s->last_epoch == 0 || s->last_epoch % (int64_t)s->o.step_size ? lr : lr * s->o.gamma;
}

static double multi_step_next(const tp_schedule *s, int group, double lr)
{
    int64_t times = 0;
    (void)group;
    for (int64_t i = 0; i < s->o.n_milestones; i++)
        times += s->milestones[i] == s->last_epoch;
    return times ? lr * pow(s->o.gamma, (double)times) : lr;
}
static double multi_step_restart(const tp_schedule *s, double base)
{
    int64_t times = 0;
    for (int64_t i = 0; i < s->o.n_milestones; i++)
        times += s->milestones[i] <= 0;
    return base * pow(s->o.gamma, (double)times);
}

static tp_status constant_check(tp_schedule *s)
{
    return s->o.factor >= 0 && s->o.factor <= 1 ? TP_OK : out_of_range(s, "factor", s->o.factor);
}
static double constant_next(const tp_schedule *s, int group, double lr)
{
    return s->last_epoch == 0 ? lr * s->o.factor : (double)s->last_epoch != s->o.total_iters ? lr
         : s->o.factor == 0 ? s->base[group] : lr * (1 / s->o.factor);
}
static double constant_restart(const tp_schedule *s, double base) { return s->o.total_iters <= 0 ? base : base * s->o.factor; }

static tp_status linear_check(tp_schedule *s)
{
    if (!(s->o.start_factor > 0 && s->o.start_factor <= 1))
        return out_of_range(s, "start_factor", s->o.start_factor);
    return s->o.end_factor >= 0 && s->o.end_factor <= 1 ? TP_OK : out_of_range(s, "end_factor", s->o.end_factor);
}
static double linear_next(const tp_schedule *s, int group, double lr)
{
    const double rise = s->o.end_factor - s->o.start_factor, n = s->o.total_iters;
    (void)group;
    if (s->last_epoch == 0)
        return lr * s->o.start_factor;
    return (double)s->last_epoch > n ? lr : lr * (1 + rise / (n * s->o.start_factor + (double)(s->last_epoch - 1) * rise));
}
static double linear_restart(const tp_schedule *s, double base) { return base * s->o.start_factor; }

static double exponential_next(const tp_schedule *s, int group, double lr)
{
    (void)group;
    return s->last_epoch == 0 ? lr : lr * s->o.gamma;
}

static double polynomial_next(const tp_schedule *s, int group, double lr)
{
    const double t = (double)s->last_epoch, n = s->o.total_iters;
    (void)group;
    return s->last_epoch == 0 || t > n ? lr : lr * pow((1 - t / n) / (1 - (t - 1) / n), s->o.power);
}

/* ---- Cosines ------------------------------------------------------------------------------------------------------------------------- */

static double cosine_between(double least, double most, double part) { return least + (most - least) * (1 + cos(PI * part)) / 2; }

static tp_status cosine_check(tp_schedule *s) { return s->o.T_max >= 1 ? TP_OK : out_of_range(s, "T_max", s->o.T_max); }
static double cosine_next(const tp_schedule *s, int group, double lr)
{
    const double t = (double)s->last_epoch, n = s->o.T_max, least = s->o.eta_min;
    if (s->last_epoch == 0)
        return lr;
    if (s->steps == 1)                         /* begun later than at 0 */
        return cosine_between(least, s->base[group], t / n);
    if (fmod(t - 1 - n, 2 * n) == 0)
        return lr + (s->base[group] - least) * (1 - cos(PI / n)) / 2;
    return (1 + cos(PI * t / n)) / (1 + cos(PI * (t - 1) / n)) * (lr - least) + least;
}

static tp_status restarts_check(tp_schedule *s)
{
    if (!(s->o.T_0 >= 1))
        return out_of_range(s, "T_0", s->o.T_0);
    return s->o.T_mult >= 1 ? TP_OK : out_of_range(s, "T_mult", s->o.T_mult);
}
static tp_status restarts_begin(tp_schedule *s)
{
    s->t_i = s->o.T_0;
    return TP_OK;
}
static tp_status restarts_advance(tp_schedule *s)
{
    if (s->last_epoch == 0) {
        s->t_cur = 0;
        s->t_i = s->o.T_0;
    } else if (++s->t_cur >= s->t_i) {
        s->t_cur -= s->t_i;
        s->t_i *= s->o.T_mult;
    }
    return TP_OK;
}
static double restarts_next(const tp_schedule *s, int group, double lr)
{
    (void)lr;
    return cosine_between(s->o.eta_min, s->base[group], s->t_cur / s->t_i);
}

/* ---- Cycles, with the momentum the other way ---------------------------------------------------------------------------------------------- */

static void set_momentum(const tp_schedule *s, int group, double momentum)
{
    tp__optim_values *const v = &s->opt->groups[group].values;
    if (s->o.cycle_momentum == 1)
        *(tp__has_option(s->opt->class, TP__VALUE_betas) ? &v->betas[0] : &v->momentum) = momentum;
}

static tp_status begin_momentum(tp_schedule *s)
{
    if (s->o.cycle_momentum == 1 && !tp__has_option(s->opt->class, TP__VALUE_betas) && !tp__has_option(s->opt->class, TP__VALUE_momentum))
        return tp_fail(TP_ERR_ARGUMENT, "%s_schedule: cycle_momentum takes an optimizer with momentum or betas, and %s has neither",
                       s->class->name, s->opt->class->name);
    for (int g = 0; g < s->n_groups; g++)
        set_momentum(s, g, s->o.max_momentum);
    return TP_OK;
}

static tp_status cyclic_check(tp_schedule *s)
{
    if (s->o.step_size_down == TP__SCHEDULE_NONE)
        s->o.step_size_down = s->o.step_size_up;
    if (!(s->o.step_size_up > 0))
        return out_of_range(s, "step_size_up", s->o.step_size_up);
    return s->o.step_size_down > 0 ? TP_OK : out_of_range(s, "step_size_down", s->o.step_size_down);
}
static tp_status cyclic_begin(tp_schedule *s)
{
    for (int g = 0; g < s->n_groups; g++)
        s->opt->groups[g].values.lr = s->base[g] = s->o.base_lr;
    return begin_momentum(s);
}
static double cyclic_scale(const tp_schedule *s, double cycle, int group)
{
    if (s->o.fn)
        return s->o.fn(s->o.arg, cycle, group);
    return s->o.mode == TP_CYCLE_TRIANGULAR ? 1 : s->o.mode == TP_CYCLE_TRIANGULAR2 ? pow(2, 1 - cycle) : pow(s->o.gamma, (double)s->last_epoch);
}
static double cyclic_next(const tp_schedule *s, int group, double lr)
{
    const double total = s->o.step_size_up + s->o.step_size_down, ratio = s->o.step_size_up / total, t = (double)s->last_epoch;
    const double cycle = floor(1 + t / total), x = 1 + t / total - cycle, part = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    const double scale = cyclic_scale(s, cycle, group);
    (void)lr;
    set_momentum(s, group, s->o.max_momentum - (s->o.max_momentum - s->o.base_momentum) * part * scale);
    return s->o.base_lr + (s->o.max_lr - s->o.base_lr) * part * scale;
}

static tp_status one_cycle_check(tp_schedule *s)
{
    if (s->o.total_steps == TP__SCHEDULE_NONE) {
        if (s->o.epochs == TP__SCHEDULE_NONE || s->o.steps_per_epoch == TP__SCHEDULE_NONE)
            return tp_fail(TP_ERR_ARGUMENT, "one_cycle_schedule: neither total_steps is given, nor epochs and steps_per_epoch");
        s->o.total_steps = s->o.epochs * s->o.steps_per_epoch;
    }
    if (!(s->o.total_steps >= 1))
        return out_of_range(s, "total_steps", s->o.total_steps);
    if (!isfinite(s->o.max_lr / s->o.div_factor))      /* the rates begin there */
        return out_of_range(s, "div_factor", s->o.div_factor);
    if (!isfinite(s->o.max_lr / s->o.div_factor / s->o.final_div_factor))
        return out_of_range(s, "final_div_factor", s->o.final_div_factor);
    return s->o.pct_start >= 0 && s->o.pct_start <= 1 ? TP_OK : out_of_range(s, "pct_start", s->o.pct_start);
}
static tp_status one_cycle_begin(tp_schedule *s)
{
    for (int g = 0; g < s->n_groups; g++)
        s->opt->groups[g].initial_lr = s->base[g] = s->o.max_lr / s->o.div_factor;
    return begin_momentum(s);
}
static tp_status one_cycle_advance(tp_schedule *s)
{
    if ((double)s->last_epoch <= s->o.total_steps)
        return TP_OK;
    return tp_fail(TP_ERR_STATE, "one_cycle_schedule: it is of %g steps, and this is one more", s->o.total_steps);
}
static double anneal(const tp_schedule *s, double from, double to, double part)
{
    return s->o.anneal_strategy == TP_ANNEAL_LINEAR ? (to - from) * part + from : to + (from - to) / 2 * (cos(PI * part) + 1);
}
static double one_cycle_next(const tp_schedule *s, int group, double lr)
{
    const double first = s->base[group], least = first / s->o.final_div_factor, n = s->o.total_steps, t = (double)s->last_epoch;
    const double rates[2][4] = { { first, s->o.max_lr, least }, { first, s->o.max_lr, first, least } };
    const double momenta[2][4] = { { s->o.max_momentum, s->o.base_momentum, s->o.max_momentum },
                                   { s->o.max_momentum, s->o.base_momentum, s->o.max_momentum, s->o.max_momentum } };
    const double up = s->o.pct_start * n - 1, ends[2][3] = { { up, n - 1 }, { up, 2 * s->o.pct_start * n - 2, n - 1 } };
    const int three = s->o.three_phase == 1, last = three ? 2 : 1;
    int phase = 0;
    (void)lr;
    while (phase < last && t > ends[three][phase])
        phase++;
    const double begin = phase ? ends[three][phase - 1] : 0, length = ends[three][phase] - begin, part = length ? (t - begin) / length : 1;
    set_momentum(s, group, anneal(s, momenta[three][phase], momenta[three][phase + 1], part));
    return anneal(s, rates[three][phase], rates[three][phase + 1], part);
}

/* ---- Averaging, and plateaus ------------------------------------------------------------------------------------------------------------------- */

static tp_status swa_check(tp_schedule *s) { return s->o.anneal_epochs >= 0 ? TP_OK : out_of_range(s, "anneal_epochs", s->o.anneal_epochs); }
static double swa_part(const tp_schedule *s, double step)
{
    const double t = fmax(0, fmin(1, step / fmax(1, s->o.anneal_epochs)));
    return s->o.anneal_strategy == TP_ANNEAL_LINEAR ? t : (1 - cos(PI * t)) / 2;
}
static double swa_next(const tp_schedule *s, int group, double lr)
{
    const double step = s->o.anneal_epochs == 0 ? fmax(1, (double)(s->steps - 1)) : (double)(s->steps - 1);
    const double before = swa_part(s, step - 1), now = swa_part(s, step);
    const double first = before == 1 ? s->o.swa_lr : (lr - before * s->o.swa_lr) / (1 - before);
    (void)group;
    return s->o.swa_lr * now + first * (1 - now);
}

static tp_status plateau_check(tp_schedule *s) { return s->o.factor < 1 ? TP_OK : out_of_range(s, "factor", s->o.factor); }
static tp_status plateau_begin(tp_schedule *s)
{
    s->best = s->o.mode == TP_METRIC_MAX ? -INFINITY : INFINITY;
    return TP_OK;
}

/* ---- The table ------------------------------------------------------------------------------------------------------------------------------------ */

#define OPTION(member, value) { offsetof(tp_schedule_options, member), value }
#define NONE TP__SCHEDULE_NONE

const tp__schedule_class tp__schedule_classes[] = {
    { "lambda", TP_SCHEDULE_LAMBDA, .takes_fn = true, .next = lambda_next },
    { "multiplicative", TP_SCHEDULE_MULTIPLICATIVE, .takes_fn = true, .next = multiplicative_next },
    { "step", TP_SCHEDULE_STEP, .options = { OPTION(step_size, TP_UNSET), OPTION(gamma, 0.1) }, .check = step_check, .next = step_next,
      .restart = restart_at_base },
    { "multi_step", TP_SCHEDULE_MULTI_STEP, .takes_milestones = true, .options = { OPTION(gamma, 0.1) }, .next = multi_step_next,
      .restart = multi_step_restart },
    { "constant", TP_SCHEDULE_CONSTANT, .options = { OPTION(factor, 1.0 / 3), OPTION(total_iters, 5) }, .check = constant_check,
      .next = constant_next, .restart = constant_restart },
    { "linear", TP_SCHEDULE_LINEAR, .options = { OPTION(start_factor, 1.0 / 3), OPTION(end_factor, 1), OPTION(total_iters, 5) },
      .check = linear_check, .next = linear_next, .restart = linear_restart },
    { "exponential", TP_SCHEDULE_EXPONENTIAL, .options = { OPTION(gamma, TP_UNSET) }, .next = exponential_next, .restart = restart_at_base },
    { "polynomial", TP_SCHEDULE_POLYNOMIAL, .options = { OPTION(total_iters, 5), OPTION(power, 1) }, .next = polynomial_next,
      .restart = restart_at_base },
    { "cosine", TP_SCHEDULE_COSINE, .options = { OPTION(T_max, TP_UNSET), OPTION(eta_min, 0) }, .check = cosine_check, .next = cosine_next,
      .restart = restart_at_base },
    { "cosine_restarts", TP_SCHEDULE_COSINE_RESTARTS, .options = { OPTION(T_0, TP_UNSET), OPTION(T_mult, 1), OPTION(eta_min, 0) },
      .check = restarts_check, .begin = restarts_begin, .advance = restarts_advance, .next = restarts_next },
    { "cyclic", TP_SCHEDULE_CYCLIC, .takes_fn = true, .cycles_momentum = true, .modes = 3,
      .options = { OPTION(base_lr, TP_UNSET), OPTION(max_lr, TP_UNSET), OPTION(step_size_up, 2000), OPTION(step_size_down, NONE), OPTION(gamma, 1),
                   OPTION(base_momentum, 0.8), OPTION(max_momentum, 0.9) },
      .check = cyclic_check, .begin = cyclic_begin, .next = cyclic_next },
    { "one_cycle", TP_SCHEDULE_ONE_CYCLE, .cycles_momentum = true,
      .options = { OPTION(max_lr, TP_UNSET), OPTION(total_steps, NONE), OPTION(epochs, NONE), OPTION(steps_per_epoch, NONE), OPTION(pct_start, 0.3),
                   OPTION(base_momentum, 0.85), OPTION(max_momentum, 0.95), OPTION(div_factor, 25), OPTION(final_div_factor, 1e4) },
      .check = one_cycle_check, .begin = one_cycle_begin, .advance = one_cycle_advance, .next = one_cycle_next },
    { "plateau", TP_SCHEDULE_PLATEAU, .modes = 2,
      .options = { OPTION(factor, 0.1), OPTION(patience, 10), OPTION(threshold, 1e-4), OPTION(cooldown, 0), OPTION(min_lr, 0), OPTION(eps, 1e-8) },
      .check = plateau_check, .begin = plateau_begin },
    { "swa", TP_SCHEDULE_SWA, .options = { OPTION(swa_lr, TP_UNSET), OPTION(anneal_epochs, 10) }, .check = swa_check, .next = swa_next },
    { .name = "sequential", .kind = TP_SCHEDULE_SEQUENTIAL },
    { .name = "chained", .kind = TP_SCHEDULE_CHAINED },
};
const int tp__schedule_class_count = (int)(sizeof tp__schedule_classes / sizeof *tp__schedule_classes);
