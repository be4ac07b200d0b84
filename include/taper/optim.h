/* optim.h: optimizers, with PyTorch's formulas, options and defaults.
 *
 *   tp_optimizer *opt = tp_adam(tp_parameters(net), .lr = 1e-3);
 *   tp_zero_grad(opt); tp_backward(loss); tp_step(opt);
 *
 * An optimizer holds a reference to each parameter, so the order of freeing does not matter. Its state is made at the first
 * step in which a parameter has a gradient, all of it before anything is written: a step that fails for want of memory
 * changed nothing. While an error is unread, what changes parameters, gradients or options is refused with its code. */
#ifndef TAPER_OPTIM_H
#define TAPER_OPTIM_H

#include <taper/core.h>

typedef struct tp_optimizer tp_optimizer;

typedef struct tp_sgd_options {
    TP__HEAD(tp_sgd_options);
    double lr TP__IS(1e-3), momentum TP__IS(0), dampening TP__IS(0), weight_decay TP__IS(0);
    bool nesterov TP__IS(false);                       /* needs momentum, and no dampening */
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_sgd_options;
#define TP__DEFAULT_sgd .lr = 1e-3,

typedef struct tp_adam_options {
    TP__HEAD(tp_adam_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0);
    bool amsgrad TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_adam_options;
#define TP__DEFAULT_adam .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

typedef struct tp_adamw_options {
    TP__HEAD(tp_adamw_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(1e-2);
    bool amsgrad TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_adamw_options;
#define TP__DEFAULT_adamw .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8, .weight_decay = 1e-2,

/* What a group says of its own; the rest is as the optimizer was made with. */
#define TP_UNSET (-1.7976931348623157e308)             /* a real option that is not given. NaN would hide a mistake */
typedef struct tp_param_group_options {
    TP__HEAD(tp_param_group_options);
    double lr TP__IS(TP_UNSET), weight_decay TP__IS(TP_UNSET);
    double momentum TP__IS(TP_UNSET), dampening TP__IS(TP_UNSET);                   /* SGD */
    double betas[2] TP__IS({ TP_UNSET, TP_UNSET }), eps TP__IS(TP_UNSET);           /* Adam, AdamW */
    int nesterov TP__IS(-1), amsgrad TP__IS(-1), maximize TP__IS(-1);               /* true, false, or -1: not given */
    TP__TAIL;
} tp_param_group_options;
#define TP__DEFAULT_param_group .lr = TP_UNSET, .weight_decay = TP_UNSET, .momentum = TP_UNSET, .dampening = TP_UNSET, \
    .betas = { TP_UNSET, TP_UNSET }, .eps = TP_UNSET, .nesterov = -1, .amsgrad = -1, .maximize = -1,

#define TP__EACH_OPTIM_OPTIONS(X) X(sgd) X(adam) X(adamw) X(param_group)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Making one: the caller frees it. NULL: no parameters (quietly, while an error is unread), TP_ERR_ARGUMENT, TP_ERR_MEMORY.
 * Parameters are distinct leaves; those without a gradient are left alone by a step. ------------------------------------------ */

/* g += weight_decay w; v = momentum v + (1 - dampening) g, and v = g at first; w -= lr (nesterov ? g + momentum v : v).
 * State: momentum_buffer. */
TP_API tp_optimizer *tp_sgd_with(tp_tensor_list params, const tp_sgd_options *o);
/* g += weight_decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
 * Kingma & Ba 2015, algorithm 1. amsgrad takes the greatest v so far. State: step, exp_avg, exp_avg_sq, max_exp_avg_sq. */
TP_API tp_optimizer *tp_adam_with(tp_tensor_list params, const tp_adam_options *o);
/* Adam with w *= 1 - lr weight_decay in place of g += weight_decay w. Loshchilov & Hutter 2019. */
TP_API tp_optimizer *tp_adamw_with(tp_tensor_list params, const tp_adamw_options *o);
TP_API void tp_optimizer_free(tp_optimizer *opt);      /* NULL is fine */

/* Adds a group of parameters with options of its own; the parameters given first are group 0. TP_ERR_ARGUMENT: a parameter
 * that the optimizer has already, or an option that it lacks; nothing is added then. */
TP_API tp_status tp_param_group_with(tp_optimizer *opt, tp_tensor_list params, const tp_param_group_options *o);
TP_API int tp_param_group_count(const tp_optimizer *opt);

/* ---- Training ------------------------------------------------------------------------------------------------------------------ */

TP_API tp_status tp_step(tp_optimizer *opt);           /* TP_ERR_DTYPE: a gradient that is not float32 or float64 */
TP_API tp_status tp_zero_grad(tp_optimizer *opt);      /* drops the gradients: tp_grad_of is NULL then */

/* The learning rate of group 0, and setting that of all groups. NaN on error. */
TP_API double tp_get_lr(const tp_optimizer *opt);
TP_API tp_status tp_set_lr(tp_optimizer *opt, double lr);
TP_API double tp_get_group_lr(const tp_optimizer *opt, int group);
TP_API tp_status tp_set_group_lr(tp_optimizer *opt, int group, double lr);

/* ---- State -------------------------------------------------------------------------------------------------------------------- */

/* State of a parameter by PyTorch's name; borrowed from the optimizer. NULL without an error: no step has made it yet. */
TP_API tp_tensor *tp_optimizer_state(const tp_optimizer *opt, tp_tensor *param, const char *name);
/* As safetensors: "state.0.exp_avg", .. by the parameter's place among all groups, and options as "param_groups.0.lr", ..
 * Loading takes a file of the same kind of optimizer with the same groups and shapes (else TP_ERR_FORMAT), and changes nothing
 * unless all of it fits. */
TP_API tp_status tp_optimizer_save(tp_optimizer *opt, const char *path);
TP_API tp_status tp_optimizer_load(tp_optimizer *opt, const char *path);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_sgd(...) tp__sgd(__VA_ARGS__, )
#define tp__sgd(params, ...) TP__DEFAULTS(tp_sgd_with(params, TP__OPTIONS(sgd, __VA_ARGS__)))
#define tp_adam(...) tp__adam(__VA_ARGS__, )
#define tp__adam(params, ...) TP__DEFAULTS(tp_adam_with(params, TP__OPTIONS(adam, __VA_ARGS__)))
#define tp_adamw(...) tp__adamw(__VA_ARGS__, )
#define tp__adamw(params, ...) TP__DEFAULTS(tp_adamw_with(params, TP__OPTIONS(adamw, __VA_ARGS__)))
#define tp_param_group(...) tp__param_group(__VA_ARGS__, )
#define tp__param_group(opt, params, ...) TP__DEFAULTS(tp_param_group_with(opt, params, TP__OPTIONS(param_group, __VA_ARGS__)))
#else
inline tp_optimizer *tp_sgd(tp_tensor_list params, const tp_sgd_options &o = {}) { return tp_sgd_with(params, &o); }
inline tp_optimizer *tp_adam(tp_tensor_list params, const tp_adam_options &o = {}) { return tp_adam_with(params, &o); }
inline tp_optimizer *tp_adamw(tp_tensor_list params, const tp_adamw_options &o = {}) { return tp_adamw_with(params, &o); }
inline tp_status tp_param_group(tp_optimizer *opt, tp_tensor_list params, const tp_param_group_options &o = {})
{ return tp_param_group_with(opt, params, &o); }
#endif

#endif
