/* optim/optimizer.h: what an optimizer is made of.
 *
 * A class names its options and states and says how one group steps; all else (groups, references, lazy state, learning rates,
 * saving) is written once, over the tables of the class. */
#ifndef TP_OPTIM_OPTIMIZER_H
#define TP_OPTIM_OPTIMIZER_H

#include <taper/extend.h>
#include <taper/optim.h>

/* The options in force of a group, whatever the optimizer; a class ignores those that it lacks. */
typedef struct tp__optim_values {
    double lr, momentum, dampening, weight_decay, betas[2], eps;
    bool nesterov, amsgrad, maximize;
} tp__optim_values;

/* name, numbers (0: a flag) */
#define TP__EACH_OPTIM_VALUE(X) \
    X(lr, 1) X(momentum, 1) X(dampening, 1) X(weight_decay, 1) X(betas, 2) X(eps, 1) X(nesterov, 0) X(amsgrad, 0) X(maximize, 0)
enum {
#define TP__VALUE(name, count) TP__VALUE_##name,
    TP__EACH_OPTIM_VALUE(TP__VALUE)
#undef TP__VALUE
    TP__VALUE_END
};
#define TP__HAS(name) (1u << TP__VALUE_##name)
typedef struct tp__optim_value {
    const char *name;
    int count;
    size_t offset, offset_given;               /* in tp__optim_values, in tp_param_group_options */
} tp__optim_value;
extern const tp__optim_value tp__optim_values_of[TP__VALUE_END];

enum { TP__OPTIM_STATES = 4 };

typedef struct tp__step_lists {
    tp_tensor_list params, grads, state[TP__OPTIM_STATES];       /* a state that is not kept is empty */
    bool first;                                /* no state has been stepped with */
} tp__step_lists;

typedef struct tp__optim_class {
    const char *name;                          /* "sgd" */
    uint32_t values;                           /* TP__HAS(..) */
    const char *state[TP__OPTIM_STATES];       /* PyTorch's names; NULL after the last */
    bool first_apart;                          /* parameters at their first step go in a call of their own */
    tp_status (*check)(const char *op, const tp__optim_values *v);
    bool (*keeps)(const tp__optim_values *v, int state);
    tp_status (*step)(const tp__optim_values *v, const tp__step_lists *lists);
} tp__optim_class;

typedef struct tp__param {
    tp_tensor *tensor;                         /* a counted reference */
    tp_tensor *state[TP__OPTIM_STATES];        /* all that are kept, or none before the first step with a gradient */
    bool fresh;                                /* the state was made for the step that runs */
} tp__param;

typedef struct tp__group {
    tp__optim_values values;
    int64_t n;
    tp__param *params;
    /* Scratch of a step, made with the group so that a step has less to fail on: the tensors stepped, in the fused op's lists. */
    tp_tensor **lists;                         /* [params, grads, states, targets][n] */
    int64_t n_active, n_fresh;
} tp__group;

struct tp_optimizer {
    tp_object object;
    const tp__optim_class *class;
    tp__optim_values defaults;
    int n_groups, group_capacity;
    tp__group *groups;
};

tp_optimizer *tp__optimizer_new(const tp__optim_class *class, tp_tensor_list params, const tp__optim_values *values);
tp_status tp__optimizer_check(const tp_optimizer *opt, const char *op);        /* an unread error, or no live optimizer */
void tp__release_state(tp__param *p);
tp_status tp__check_not_negative(const char *op, const char *name, double value);        /* NaN is no value, either */

#endif
