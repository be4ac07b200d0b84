/* optim/optimizer.h: what an optimizer is made of.
 *
 * A class names its options and states and says how one group steps; all else (groups, references, lazy state, learning rates,
 * saving) is written once, over the tables of the class. */
#ifndef TP_OPTIM_OPTIMIZER_H
#define TP_OPTIM_OPTIMIZER_H

#include <taper/extend.h>
#include <taper/optim.h>

/* Every option that some optimizer has: member, PyTorch's name, and how many reals (FLAG: a bool; CHOICE: an int, one of several
 * words). Further below, its members. */
enum { TP__FLAG = 0, TP__CHOICE = -1, TP__MOST_NUMBERS = 16, TP__MOST_REALS = 3 };
#define TP__EACH_OPTIM_VALUE(X) \
    X(lr, lr, 1) X(momentum, momentum, 1) X(dampening, dampening, 1) X(weight_decay, weight_decay, 1) X(betas, betas, 2) X(eps, eps, 1) \
    X(alpha, alpha, 1) X(lr_decay, lr_decay, 1) X(initial_accumulator_value, initial_accumulator_value, 1) X(rho, rho, 1) \
    X(momentum_decay, momentum_decay, 1) X(etas, etas, 2) X(step_sizes, step_sizes, 2) X(lambd, lambd, 1) X(t0, t0, 1) \
    X(nesterov, nesterov, TP__FLAG) X(amsgrad, amsgrad, TP__FLAG) X(maximize, maximize, TP__FLAG) X(centered, centered, TP__FLAG) \
    X(decoupled_weight_decay, decoupled_weight_decay, TP__FLAG) X(beta2_decay, beta2_decay, 1) X(eps_pair, eps, 2) X(d, d, 1) \
    X(ns_coefficients, ns_coefficients, 3) X(ns_steps, ns_steps, 1) X(adjust_lr_fn, adjust_lr_fn, TP__CHOICE) \
    X(max_iter, max_iter, 1) X(max_eval, max_eval, 1) X(tolerance_grad, tolerance_grad, 1) X(tolerance_change, tolerance_change, 1) \
    X(history_size, history_size, 1) X(line_search_fn, line_search_fn, TP__CHOICE)

/* The options in force of a group, whatever the optimizer; a class names those that it has. */
typedef struct tp__optim_values {
    double lr, momentum, dampening, weight_decay, betas[2], eps, alpha, lr_decay, initial_accumulator_value, rho, momentum_decay,
           etas[2], step_sizes[2], lambd, t0, beta2_decay, eps_pair[2], d, ns_coefficients[3], ns_steps, max_iter, max_eval,
           tolerance_grad, tolerance_change, history_size;
    int adjust_lr_fn, line_search_fn;
    bool nesterov, amsgrad, maximize, centered, decoupled_weight_decay;
} tp__optim_values;

enum {
#define TP__VALUE(member, name, count) TP__VALUE_##member,
    TP__EACH_OPTIM_VALUE(TP__VALUE)
#undef TP__VALUE
    TP__VALUE_END
};
typedef struct tp__optim_value {
    const char *name;
    int count;
    size_t offset, offset_given;               /* in tp__optim_values, in tp_param_group_options */
} tp__optim_value;
extern const tp__optim_value tp__optim_values_of[TP__VALUE_END];
static inline size_t tp__value_bytes(const tp__optim_value *row)
{
    return row->count == TP__FLAG ? sizeof(bool) : row->count == TP__CHOICE ? sizeof(int) : (size_t)row->count * sizeof(double);
}
static inline tp_dtype tp__value_dtype(const tp__optim_value *row)
{
    return row->count == TP__FLAG ? TP_BOOL : row->count == TP__CHOICE ? TP_I32 : TP_F64;
}

/* An option of a class: which value, and where it stands in the class's options struct. */
typedef struct tp__optim_option { int value; size_t offset; } tp__optim_option;
#define TP__OPTION(class, member) { TP__VALUE_##member, offsetof(tp_##class##_options, member) }
#define TP__OPTION_AS(class, member, value) { TP__VALUE_##value, offsetof(tp_##class##_options, member) }
/* The beginning of a class table: name, the options struct and its defaults, and the table of options before it. */
#define TP__OPTIM_CLASS(class) \
    .name = #class, .defaults = &class##_defaults, .known = offsetof(tp_##class##_options, tp__end), \
    .options = class##_options, .n_options = (int)(sizeof class##_options / sizeof *class##_options)
#define TP__OPTIM_OPTIONS(class, ...) \
    static const tp_##class##_options class##_defaults = TP__BRACES(class, ); \
    static const tp__optim_option class##_options[] = { __VA_ARGS__ }

enum { TP__OPTIM_STATES = 4 };

typedef struct tp__step_lists {
    tp_tensor_list params, grads, state[TP__OPTIM_STATES];       /* a state that is not kept is empty */
    bool first;                                /* no state has been stepped with */
} tp__step_lists;

enum { TP__ROWS_REFUSED, TP__ROWS_STEPPED, TP__ROWS_ALONE };      /* ALONE: a dense gradient is refused */

typedef struct tp__optim_class {
    const char *name;                          /* "sgd" */
    const void *defaults;                      /* the class's options struct, and its bytes up to tp__end */
    size_t known;
    const tp__optim_option *options;
    int n_options, n_numbers;                  /* the first n_numbers options are the numbers of the fused rule, in its order */
    const char *state[TP__OPTIM_STATES];       /* PyTorch's names, in the order of the fused rule; NULL after the last */
    uint32_t scalars;                          /* bit s: state s is 0-dim float32, whatever the parameter; others are like it */
    int rows;                                  /* TP__ROWS_..: what it makes of a gradient that is held as rows */
    const char *instead;                       /* of a refused gradient: the optimizers that take it */
    tp_status (*fade)(const tp__optim_values *v, tp_tensor *w, tp_tensor *const *state);     /* the step of rows without a gradient; NULL: none */
    bool composed;                             /* its step is made of ops */
    bool first_apart;                          /* parameters at their first step go in a call of their own */
    tp_status (*check)(const char *op, const tp__optim_values *v);
    bool (*keeps)(const tp__optim_values *v, int state);                       /* NULL: all */
    bool (*shape)(tp_shape of, int state, tp_shape *out);      /* of a state, by its parameter's; false: it has none. NULL: the same */
    tp_status (*check_param)(const char *op, tp_tensor *x);    /* NULL: any will do */
    double (*initial)(const tp__optim_values *v, int state);                   /* NULL: zeros */
    tp_status (*step)(const tp__optim_values *v, const tp__step_lists *lists); /* NULL: tp_fused_step_ by the class's name */
    tp_tensor *(*minimize)(tp_optimizer *opt, tp_closure_fn *closure, void *arg);      /* in place of all that: a step by a closure alone */
    void (*drop)(void *extra);                 /* of tp_optimizer.extra */
} tp__optim_class;

extern const tp__optim_class tp__sgd, tp__adam, tp__sparse_adam, tp__adamw, tp__rmsprop, tp__adagrad, tp__adadelta,
    tp__adamax, tp__nadam, tp__radam, tp__rprop, tp__asgd, tp__adafactor, tp__muon, tp__lbfgs;

typedef struct tp__param {
    tp_tensor *tensor;                         /* a counted reference */
    tp_tensor *state[TP__OPTIM_STATES];        /* all that are kept, or none before the first step with a gradient */
    bool fresh;                                /* the state was made for the step that runs */
} tp__param;

typedef struct tp__group {
    tp__optim_values values;
    double initial_lr;                         /* when the first schedule was made; NaN before */
    int64_t n;
    tp__param *params;
    /* Scratch of a step, made with the group so that a step has less to fail on: the tensors stepped, in the fused op's lists. */
    tp_tensor **lists;                         /* [params, grads, states, targets][n] */
    int64_t n_active, n_fresh;
    int64_t n_rows;                            /* parameters stepped by rows, whose places in the lists are the last ones: tp__step_rows_plan */
} tp__group;

struct tp_optimizer {
    tp_object object;
    const tp__optim_class *class;
    tp__optim_values defaults;
    int n_groups, group_capacity;
    bool minimizes;                            /* tp_step_closure runs: there must not be more groups */
    void *extra;                               /* of the class; dropped with the optimizer */
    int holders;                               /* schedules: the struct lives on for them when it is freed */
    tp__group *groups;
};

/* Does the class keep this state, of a parameter of this shape? *out is the state's then. */
static inline bool tp__state_shape(const tp__optim_class *class, const tp__optim_values *v, int state, tp_shape of, tp_shape *out)
{
    *out = class->scalars >> state & 1 ? (tp_shape){ .ndim = 0 } : of;
    return (!class->keeps || class->keeps(v, state)) && (!class->shape || class->shape(of, state, out));
}
static inline bool tp__keeps(const tp__optim_class *class, const tp__optim_values *v, int state) { return !class->keeps || class->keeps(v, state); }

/* What a constructor ends in; options are of the class's struct, or NULL. */
tp_optimizer *tp__optimizer_make(const tp__optim_class *class, tp_tensor_list params, const void *options);
tp_optimizer *tp__optimizer_new(const tp__optim_class *class, tp_tensor_list params, const tp__optim_values *values);
void tp__optimizer_defaults(const tp__optim_class *class, tp__optim_values *values);
tp_status tp__add_group(tp_optimizer *opt, const char *op, tp_tensor_list params, const tp__optim_values *values);
/* The gradient of a parameter, of rows their values. NULL: there is none, or an error */
tp_tensor *tp__gradient_values(tp_tensor *x);
tp_status tp__optimizer_check(const tp_optimizer *opt, const char *op);        /* an unread error, or no live optimizer */
tp_status tp__check_group(const tp_optimizer *opt, const char *op, int group);
void tp__optimizer_let_go(tp_optimizer *opt);  /* by a holder */
bool tp__has_option(const tp__optim_class *class, int value);
void tp__release_state(tp__param *p);

/* The lists of a group, n tensors each: parameters, gradients, states, and where the parameters go that were copied. */
enum { TP__LIST_PARAMS, TP__LIST_GRADS, TP__LIST_STATES, TP__LIST_TARGETS = TP__LIST_STATES + TP__OPTIM_STATES, TP__LISTS };
static inline tp_tensor **tp__list_of(const tp__group *group, int which) { return group->lists + which * group->n; }
/* tp_fused_step_ by the class's name, or the step of its own. */
tp_status tp__step_lists_of(const tp__optim_class *class, const tp__optim_values *v, const tp__step_lists *lists);

/* A step by rows, rows.c. What the rows of a parameter become is computed first, for all parameters, and then written. */
tp_status tp__step_rows_check(const tp_optimizer *opt, const tp__group *group, tp_tensor *param, int64_t i);
tp_status tp__step_rows_plan(const tp_optimizer *opt, tp__group *group, const tp__param *p);
tp_status tp__step_rows_write(const tp_optimizer *opt, const tp__group *group);

/* A step made of ops: `plan` computes what comes of parameter i and lists it as writes; all are made when all are computed, so that a
 * step that fails changed nothing. */
enum { TP__MOST_WRITES = 5 };
typedef struct tp__write { tp_tensor *to, *from; } tp__write;
typedef tp_status tp__plan_fn(const tp__optim_values *v, const tp__step_lists *lists, int64_t i, tp__write *writes);
tp_status tp__step_composed(const tp__optim_values *v, const tp__step_lists *lists, tp__plan_fn *plan);

/* Checks of options; NaN is no value. */
tp_status tp__check_not_negative(const char *op, const char *name, double value);
tp_status tp__check_positive(const char *op, const char *name, double value);
tp_status tp__check_values(const tp__optim_class *class, const char *op, const tp__optim_values *v);       /* the class's check; and no option is NaN */
tp_status tp__check_lr_eps_decay(const char *op, const tp__optim_values *v);   /* those three, which most optimizers have */
tp_status tp__check_betas(const char *op, const tp__optim_values *v);
tp_status tp__check_adam(const char *op, const tp__optim_values *v);         /* those, as Adam and its kin have them */
int64_t tp__count_params(const tp_optimizer *opt);     /* of all groups */

#endif
