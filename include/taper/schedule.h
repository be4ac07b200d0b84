/* schedule.h: learning rate schedules, with PyTorch's formulas, options and defaults.
 *
 *   tp_schedule *warm = tp_linear_schedule(opt, .start_factor = 0.1, .total_iters = 5);
 *   tp_schedule *cool = tp_cosine_schedule(opt, 95, .eta_min = 1e-5);
 *   tp_schedule *s = tp_sequential_schedule(TP_SCHEDULES(warm, cool), (int64_t[]){ 5 });
 *   for (..) { .. tp_step(opt); tp_schedule_step(s); }
 *
 * Making a schedule sets the first learning rate. The rate that a group had when its first schedule was made is its base rate.
 * The caller frees a schedule; it may outlive its optimizer, and is refused to step then. */
#ifndef TAPER_SCHEDULE_H
#define TAPER_SCHEDULE_H

#include <taper/core.h>
#include <taper/registry.h>

typedef struct tp_optimizer tp_optimizer;
typedef struct tp_schedule tp_schedule;
typedef double tp_schedule_fn(void *arg, double x, int group);         /* x: the epoch; of a cyclic schedule the number of the cycle, from 1 */

typedef enum tp_schedule_kind {
    TP_SCHEDULE_LAMBDA = 1,            /* lr = base fn(t) */
    TP_SCHEDULE_MULTIPLICATIVE,        /* lr *= fn(t) */
    TP_SCHEDULE_STEP,                  /* lr *= gamma every step_size epochs */
    TP_SCHEDULE_MULTI_STEP,            /* lr *= gamma at each of the milestones */
    TP_SCHEDULE_CONSTANT,              /* lr = base factor, and base from total_iters on */
    TP_SCHEDULE_LINEAR,                /* from base start_factor to base end_factor in total_iters */
    TP_SCHEDULE_EXPONENTIAL,           /* lr *= gamma */
    TP_SCHEDULE_POLYNOMIAL,            /* lr = base (1 - t / total_iters)^power, and 0 from there on */
    TP_SCHEDULE_COSINE,                /* eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2. Loshchilov & Hutter 2017 */
    TP_SCHEDULE_COSINE_RESTARTS,       /* the same over T_0, T_0 T_mult, .. epochs */
    TP_SCHEDULE_CYCLIC,                /* between base_lr and max_lr; momentum the other way. Smith 2017 */
    TP_SCHEDULE_ONE_CYCLE,             /* max_lr / div_factor to max_lr, then down to that / final_div_factor. Smith & Topin 2019 */
    TP_SCHEDULE_PLATEAU,               /* lr *= factor after `patience` epochs without a better metric: tp_schedule_step_metric */
    TP_SCHEDULE_SWA,                   /* to swa_lr in anneal_epochs */
    TP_SCHEDULE_SEQUENTIAL, TP_SCHEDULE_CHAINED
} tp_schedule_kind;

typedef enum tp_cycle_mode { TP_CYCLE_TRIANGULAR = 1, TP_CYCLE_TRIANGULAR2, TP_CYCLE_EXP_RANGE } tp_cycle_mode;
typedef enum tp_annealing { TP_ANNEAL_COS = 1, TP_ANNEAL_LINEAR } tp_annealing;
typedef enum tp_metric_mode { TP_METRIC_MIN = 1, TP_METRIC_MAX } tp_metric_mode;
typedef enum tp_threshold_mode { TP_THRESHOLD_REL = 1, TP_THRESHOLD_ABS } tp_threshold_mode;

#define TP_UNSET (-1.7976931348623157e308)             /* a real option that is not given. NaN would hide a mistake */

/* Of all schedules; what is not given is PyTorch's default for the schedule, and what it lacks is an error. */
typedef struct tp_schedule_options {
    TP__HEAD(tp_schedule_options);
    double step_size TP__IS(TP_UNSET), gamma TP__IS(TP_UNSET), factor TP__IS(TP_UNSET), total_iters TP__IS(TP_UNSET),
           start_factor TP__IS(TP_UNSET), end_factor TP__IS(TP_UNSET), power TP__IS(TP_UNSET), T_max TP__IS(TP_UNSET),
           eta_min TP__IS(TP_UNSET), T_0 TP__IS(TP_UNSET), T_mult TP__IS(TP_UNSET), base_lr TP__IS(TP_UNSET), max_lr TP__IS(TP_UNSET),
           step_size_up TP__IS(TP_UNSET), step_size_down TP__IS(TP_UNSET), base_momentum TP__IS(TP_UNSET), max_momentum TP__IS(TP_UNSET),
           total_steps TP__IS(TP_UNSET), epochs TP__IS(TP_UNSET), steps_per_epoch TP__IS(TP_UNSET), pct_start TP__IS(TP_UNSET),
           div_factor TP__IS(TP_UNSET), final_div_factor TP__IS(TP_UNSET), patience TP__IS(TP_UNSET), threshold TP__IS(TP_UNSET),
           cooldown TP__IS(TP_UNSET), min_lr TP__IS(TP_UNSET), eps TP__IS(TP_UNSET), swa_lr TP__IS(TP_UNSET), anneal_epochs TP__IS(TP_UNSET);
    int cycle_momentum TP__IS(-1), three_phase TP__IS(-1);     /* true, false, or -1: not given */
    int mode TP__IS(0);                                /* tp_cycle_mode, or of a plateau tp_metric_mode */
    tp_annealing anneal_strategy TP__IS((tp_annealing)0);
    tp_threshold_mode threshold_mode TP__IS((tp_threshold_mode)0);
    const int64_t *milestones TP__IS(nullptr);         /* rising; copied */
    int64_t n_milestones TP__IS(0);
    tp_schedule_fn *fn TP__IS(nullptr);                /* of lambda and multiplicative; of cyclic the scale of cycle 1, 2, .. */
    void *arg TP__IS(nullptr);                         /* of fn */
    TP__TAIL;
} tp_schedule_options;
#define TP__DEFAULT_schedule .step_size = TP_UNSET, .gamma = TP_UNSET, .factor = TP_UNSET, .total_iters = TP_UNSET, .start_factor = TP_UNSET, \
    .end_factor = TP_UNSET, .power = TP_UNSET, .T_max = TP_UNSET, .eta_min = TP_UNSET, .T_0 = TP_UNSET, .T_mult = TP_UNSET, .base_lr = TP_UNSET, \
    .max_lr = TP_UNSET, .step_size_up = TP_UNSET, .step_size_down = TP_UNSET, .base_momentum = TP_UNSET, .max_momentum = TP_UNSET, \
    .total_steps = TP_UNSET, .epochs = TP_UNSET, .steps_per_epoch = TP_UNSET, .pct_start = TP_UNSET, .div_factor = TP_UNSET, \
    .final_div_factor = TP_UNSET, .patience = TP_UNSET, .threshold = TP_UNSET, .cooldown = TP_UNSET, .min_lr = TP_UNSET, .eps = TP_UNSET, \
    .swa_lr = TP_UNSET, .anneal_epochs = TP_UNSET, .cycle_momentum = -1, .three_phase = -1,

typedef struct tp_schedule_load_options {
    TP__HEAD(tp_schedule_load_options);
    const char *prefix TP__IS(nullptr);                /* "scheduler.": where in the file the state is */
    TP__TAIL;
} tp_schedule_load_options;
#define TP__DEFAULT_schedule_load

#define TP__EACH_SCHEDULE_OPTIONS(X) X(schedule) X(schedule_load)

typedef struct tp_schedule_list { tp_schedule *const *at; int64_t n; } tp_schedule_list;

#ifdef __cplusplus
extern "C" {
#endif

/* NULL: TP_ERR_ARGUMENT (an option out of range, missing, or that the schedule lacks), TP_ERR_NUMERIC (the first rate would be NaN),
 * TP_ERR_MEMORY, or an unread error. */
TP_API tp_schedule *tp_schedule_with(tp_schedule_kind kind, tp_optimizer *opt, const tp_schedule_options *o);
/* One after the other: the next begins at each milestone, from the base rates. One milestone fewer than schedules, rising. */
TP_API tp_schedule *tp_sequential_schedule(tp_schedule_list schedules, const int64_t *milestones);
/* All at once: each changes what the one before left. Both take the schedules over, and free them if they fail. */
TP_API tp_schedule *tp_chained_schedule(tp_schedule_list schedules);
TP_API void tp_schedule_free(tp_schedule *s);          /* NULL is fine; a schedule that another one took over is an error, and stays */

/* To the next epoch. TP_ERR_STATE: the optimizer is gone, or one_cycle is over; TP_ERR_NUMERIC: a rate would be NaN, and stays. */
TP_API tp_status tp_schedule_step(tp_schedule *s);
TP_API tp_status tp_schedule_step_metric(tp_schedule *s, double metric);       /* of a plateau */
TP_API int64_t tp_schedule_epoch(const tp_schedule *s);        /* 0 at first */

/* The state of a schedule as safetensors, by the names of PyTorch's state_dict(): "last_epoch", "_step_count", "base_lrs" of the groups,
 * "T_cur", "T_i", "best", "num_bad_epochs", "cooldown_counter" of the kinds that have them; options in force by their names; of a
 * sequence or a chain each schedule's as "_schedulers.0.last_epoch", .. A function is not saved. The rates themselves are the
 * optimizer's, and saved with it: tp_optimizer_save. TP_ERR_IO, TP_ERR_MEMORY. */
TP_API tp_status tp_schedule_save(const tp_schedule *s, const char *path);
/* Into a schedule of the same kind for as many groups (else TP_ERR_FORMAT): it goes on as the saved one would, with its options. The
 * optimizer's rates stay as they are: make the schedule, which sets them, then load both. A .pt of a state_dict() serves as well:
 * what it lacks stays as it is. Nothing changes unless all of it fits. */
TP_API tp_status tp_schedule_load_with(tp_schedule *s, const char *path, const tp_schedule_load_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define TP__SCHEDULE(kind, opt, ...) TP__DEFAULTS(tp_schedule_with(TP_SCHEDULE_##kind, opt, TP__OPTIONS(schedule, __VA_ARGS__)))
#define TP__SCHEDULE_OF(kind, ...) TP__SCHEDULE_OF_(kind, __VA_ARGS__, )
#define TP__SCHEDULE_OF_(kind, opt, ...) TP__SCHEDULE(kind, opt, __VA_ARGS__)
#define TP_SCHEDULES(...) ((tp_schedule_list){ (tp_schedule *[]){ __VA_ARGS__ }, sizeof (tp_schedule *[]){ __VA_ARGS__ } / sizeof (tp_schedule *) })
#define tp_schedule_load(...) tp__schedule_load(__VA_ARGS__, )
#define tp__schedule_load(s, path, ...) TP__DEFAULTS(tp_schedule_load_with(s, path, TP__OPTIONS(schedule_load, __VA_ARGS__)))
#define tp_lambda_schedule(opt, f, a)            TP__SCHEDULE(LAMBDA, opt, .fn = f, .arg = a)
#define tp_multiplicative_schedule(opt, f, a)    TP__SCHEDULE(MULTIPLICATIVE, opt, .fn = f, .arg = a)
#define tp_step_schedule(opt, ...)               TP__SCHEDULE(STEP, opt, .step_size = __VA_ARGS__)
#define tp_multi_step_schedule(opt, at, ...)     TP__SCHEDULE(MULTI_STEP, opt, .milestones = at, .n_milestones = __VA_ARGS__)
#define tp_constant_schedule(...)                TP__SCHEDULE_OF(CONSTANT, __VA_ARGS__)
#define tp_linear_schedule(...)                  TP__SCHEDULE_OF(LINEAR, __VA_ARGS__)
#define tp_exponential_schedule(opt, ...)        TP__SCHEDULE(EXPONENTIAL, opt, .gamma = __VA_ARGS__)
#define tp_polynomial_schedule(...)              TP__SCHEDULE_OF(POLYNOMIAL, __VA_ARGS__)
#define tp_cosine_schedule(opt, ...)             TP__SCHEDULE(COSINE, opt, .T_max = __VA_ARGS__)
#define tp_cosine_restarts_schedule(opt, ...)    TP__SCHEDULE(COSINE_RESTARTS, opt, .T_0 = __VA_ARGS__)
#define tp_cyclic_schedule(opt, base, ...)       TP__SCHEDULE(CYCLIC, opt, .base_lr = base, .max_lr = __VA_ARGS__)
#define tp_one_cycle_schedule(opt, ...)          TP__SCHEDULE(ONE_CYCLE, opt, .max_lr = __VA_ARGS__)
#define tp_plateau_schedule(...)                 TP__SCHEDULE_OF(PLATEAU, __VA_ARGS__)
#define tp_swa_schedule(opt, ...)                TP__SCHEDULE(SWA, opt, .swa_lr = __VA_ARGS__)
#else
#define TP__SCHEDULE(name, kind) inline tp_schedule *tp_##name##_schedule(tp_optimizer *opt, const tp_schedule_options &o = {}) \
{ return tp_schedule_with(TP_SCHEDULE_##kind, opt, &o); }
#define TP__SCHEDULE_BY(name, kind, option) inline tp_schedule *tp_##name##_schedule(tp_optimizer *opt, double option, tp_schedule_options o = {}) \
{ o.option = option; return tp_schedule_with(TP_SCHEDULE_##kind, opt, &o); }
TP__SCHEDULE(constant, CONSTANT) TP__SCHEDULE(linear, LINEAR) TP__SCHEDULE(polynomial, POLYNOMIAL) TP__SCHEDULE(plateau, PLATEAU)
TP__SCHEDULE_BY(step, STEP, step_size) TP__SCHEDULE_BY(exponential, EXPONENTIAL, gamma) TP__SCHEDULE_BY(cosine, COSINE, T_max)
TP__SCHEDULE_BY(cosine_restarts, COSINE_RESTARTS, T_0) TP__SCHEDULE_BY(one_cycle, ONE_CYCLE, max_lr) TP__SCHEDULE_BY(swa, SWA, swa_lr)
inline tp_schedule *tp_lambda_schedule(tp_optimizer *opt, tp_schedule_fn *fn, void *arg)
{ tp_schedule_options o; o.fn = fn; o.arg = arg; return tp_schedule_with(TP_SCHEDULE_LAMBDA, opt, &o); }
inline tp_schedule *tp_multiplicative_schedule(tp_optimizer *opt, tp_schedule_fn *fn, void *arg)
{ tp_schedule_options o; o.fn = fn; o.arg = arg; return tp_schedule_with(TP_SCHEDULE_MULTIPLICATIVE, opt, &o); }
inline tp_schedule *tp_multi_step_schedule(tp_optimizer *opt, const int64_t *milestones, int64_t n, tp_schedule_options o = {})
{ o.milestones = milestones; o.n_milestones = n; return tp_schedule_with(TP_SCHEDULE_MULTI_STEP, opt, &o); }
inline tp_schedule *tp_cyclic_schedule(tp_optimizer *opt, double base_lr, double max_lr, tp_schedule_options o = {})
{ o.base_lr = base_lr; o.max_lr = max_lr; return tp_schedule_with(TP_SCHEDULE_CYCLIC, opt, &o); }
inline tp_status tp_schedule_load(tp_schedule *s, const char *path, const tp_schedule_load_options &o = {}) { return tp_schedule_load_with(s, path, &o); }
#endif

#endif
