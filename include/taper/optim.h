/* optim.h: optimizers, with PyTorch's formulas, options and defaults.
 *
 *   tp_optimizer *opt = tp_adam(tp_parameters(net), .lr = 1e-3);
 *   tp_zero_grad(opt); tp_backward(loss); tp_step(opt);
 *
 * An optimizer holds a reference to each parameter, so the order of freeing does not matter. Its state is made at the first
 * step in which a parameter has a gradient, all of it before anything is written: a step that fails for want of memory
 * changed nothing (Adafactor and Muon go group by group: groups before the one that failed have stepped).
 * While an error is unread, what changes parameters, gradients or options is refused with its code. */
#ifndef TAPER_OPTIM_H
#define TAPER_OPTIM_H

#include <taper/core.h>
#include <taper/registry.h>
#include <taper/schedule.h>

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

typedef struct tp_sparse_adam_options {
    TP__HEAD(tp_sparse_adam_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8);       /* lr and eps above 0 */
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_sparse_adam_options;
#define TP__DEFAULT_sparse_adam .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

typedef struct tp_adamw_options {
    TP__HEAD(tp_adamw_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(1e-2);
    bool amsgrad TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_adamw_options;
#define TP__DEFAULT_adamw .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8, .weight_decay = 1e-2,

typedef struct tp_rmsprop_options {
    TP__HEAD(tp_rmsprop_options);
    double lr TP__IS(1e-2), alpha TP__IS(0.99), eps TP__IS(1e-8), weight_decay TP__IS(0), momentum TP__IS(0);
    bool centered TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_rmsprop_options;
#define TP__DEFAULT_rmsprop .lr = 1e-2, .alpha = 0.99, .eps = 1e-8,

typedef struct tp_adagrad_options {
    TP__HEAD(tp_adagrad_options);
    double lr TP__IS(1e-2), lr_decay TP__IS(0), weight_decay TP__IS(0), initial_accumulator_value TP__IS(0), eps TP__IS(1e-10);
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_adagrad_options;
#define TP__DEFAULT_adagrad .lr = 1e-2, .eps = 1e-10,

typedef struct tp_adadelta_options {
    TP__HEAD(tp_adadelta_options);
    double lr TP__IS(1), rho TP__IS(0.9), eps TP__IS(1e-6), weight_decay TP__IS(0);
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_adadelta_options;
#define TP__DEFAULT_adadelta .lr = 1, .rho = 0.9, .eps = 1e-6,

typedef struct tp_adamax_options {
    TP__HEAD(tp_adamax_options);
    double lr TP__IS(2e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0);
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_adamax_options;
#define TP__DEFAULT_adamax .lr = 2e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

typedef struct tp_nadam_options {
    TP__HEAD(tp_nadam_options);
    double lr TP__IS(2e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0), momentum_decay TP__IS(4e-3);
    bool decoupled_weight_decay TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_nadam_options;
#define TP__DEFAULT_nadam .lr = 2e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8, .momentum_decay = 4e-3,

typedef struct tp_radam_options {
    TP__HEAD(tp_radam_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0);
    bool decoupled_weight_decay TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_radam_options;
#define TP__DEFAULT_radam .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

typedef struct tp_rprop_options {
    TP__HEAD(tp_rprop_options);
    double lr TP__IS(1e-2), etas[2] TP__IS({ 0.5, 1.2 }), step_sizes[2] TP__IS({ 1e-6, 50 });  /* lr: the first step size */
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_rprop_options;
#define TP__DEFAULT_rprop .lr = 1e-2, .etas = { 0.5, 1.2 }, .step_sizes = { 1e-6, 50 },

typedef struct tp_asgd_options {
    TP__HEAD(tp_asgd_options);
    double lr TP__IS(1e-2), lambd TP__IS(1e-4), alpha TP__IS(0.75), t0 TP__IS(1e6), weight_decay TP__IS(0);
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_asgd_options;
#define TP__DEFAULT_asgd .lr = 1e-2, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6,

typedef struct tp_adafactor_options {
    TP__HEAD(tp_adafactor_options);
    double lr TP__IS(1e-2), beta2_decay TP__IS(-0.8), eps[2] TP__IS({ TP_UNSET, 1e-3 }), d TP__IS(1), weight_decay TP__IS(0);
    bool maximize TP__IS(false);                       /* eps[0] not given: the dtype's epsilon */
    TP__TAIL;
} tp_adafactor_options;
#define TP__DEFAULT_adafactor .lr = 1e-2, .beta2_decay = -0.8, .eps = { TP_UNSET, 1e-3 }, .d = 1,

/* How Muon's rate goes with the shape [n, m]: sqrt(max(1, n / m)), 0.2 sqrt(max(n, m)), sqrt(n / m). */
typedef enum tp_muon_lr { TP_MUON_ORIGINAL = 1, TP_MUON_MATCH_RMS_ADAMW, TP_MUON_SPECTRAL_UNCLAMPED } tp_muon_lr;
typedef struct tp_muon_options {
    TP__HEAD(tp_muon_options);
    double lr TP__IS(1e-3), weight_decay TP__IS(0.1), momentum TP__IS(0.95), ns_coefficients[3] TP__IS({ 3.4445, -4.775, 2.0315 }), eps TP__IS(1e-7),
           ns_steps TP__IS(5);
    bool nesterov TP__IS(true);
    tp_muon_lr adjust_lr_fn TP__IS((tp_muon_lr)0);     /* original */
    TP__TAIL;
} tp_muon_options;
#define TP__DEFAULT_muon .lr = 1e-3, .weight_decay = 0.1, .momentum = 0.95, .ns_coefficients = { 3.4445, -4.775, 2.0315 }, .eps = 1e-7, \
    .ns_steps = 5, .nesterov = true,

typedef enum tp_line_search { TP_STRONG_WOLFE = 1 } tp_line_search;
typedef struct tp_lbfgs_options {
    TP__HEAD(tp_lbfgs_options);
    double lr TP__IS(1), max_iter TP__IS(20), max_eval TP__IS(TP_UNSET), tolerance_grad TP__IS(1e-7), tolerance_change TP__IS(1e-9),
           history_size TP__IS(100);                   /* max_eval not given: 5 / 4 of max_iter */
    tp_line_search line_search_fn TP__IS((tp_line_search)0);   /* none: lr is the step */
    bool maximize TP__IS(false);
    TP__TAIL;
} tp_lbfgs_options;
#define TP__DEFAULT_lbfgs .lr = 1, .max_iter = 20, .max_eval = TP_UNSET, .tolerance_grad = 1e-7, .tolerance_change = 1e-9, .history_size = 100,

/* What a group says of its own; the rest is as the optimizer was made with. */
typedef struct tp_param_group_options {
    TP__HEAD(tp_param_group_options);
    double lr TP__IS(TP_UNSET), weight_decay TP__IS(TP_UNSET);
    double momentum TP__IS(TP_UNSET), dampening TP__IS(TP_UNSET);
    double betas[2] TP__IS({ TP_UNSET, TP_UNSET }), eps TP__IS(TP_UNSET);
    int nesterov TP__IS(-1), amsgrad TP__IS(-1), maximize TP__IS(-1);               /* true, false, or -1: not given */
    double alpha TP__IS(TP_UNSET), lr_decay TP__IS(TP_UNSET), initial_accumulator_value TP__IS(TP_UNSET), rho TP__IS(TP_UNSET),
           momentum_decay TP__IS(TP_UNSET), etas[2] TP__IS({ TP_UNSET, TP_UNSET }), step_sizes[2] TP__IS({ TP_UNSET, TP_UNSET }),
           lambd TP__IS(TP_UNSET), t0 TP__IS(TP_UNSET);
    int centered TP__IS(-1), decoupled_weight_decay TP__IS(-1);
    double beta2_decay TP__IS(TP_UNSET), eps_pair[2] TP__IS({ TP_UNSET, TP_UNSET }), d TP__IS(TP_UNSET);            /* eps_pair: Adafactor's eps */
    double ns_coefficients[3] TP__IS({ TP_UNSET, TP_UNSET, TP_UNSET }), ns_steps TP__IS(TP_UNSET), max_iter TP__IS(TP_UNSET), max_eval TP__IS(TP_UNSET),
           tolerance_grad TP__IS(TP_UNSET), tolerance_change TP__IS(TP_UNSET), history_size TP__IS(TP_UNSET);
    int adjust_lr_fn TP__IS(0), line_search_fn TP__IS(0);
    TP__TAIL;
} tp_param_group_options;
#define TP__DEFAULT_param_group .lr = TP_UNSET, .weight_decay = TP_UNSET, .momentum = TP_UNSET, .dampening = TP_UNSET, \
    .betas = { TP_UNSET, TP_UNSET }, .eps = TP_UNSET, .nesterov = -1, .amsgrad = -1, .maximize = -1, .alpha = TP_UNSET, .lr_decay = TP_UNSET, \
    .initial_accumulator_value = TP_UNSET, .rho = TP_UNSET, .momentum_decay = TP_UNSET, .etas = { TP_UNSET, TP_UNSET }, \
    .step_sizes = { TP_UNSET, TP_UNSET }, .lambd = TP_UNSET, .t0 = TP_UNSET, .centered = -1, .decoupled_weight_decay = -1, \
    .beta2_decay = TP_UNSET, .eps_pair = { TP_UNSET, TP_UNSET }, .d = TP_UNSET, .ns_coefficients = { TP_UNSET, TP_UNSET, TP_UNSET }, \
    .ns_steps = TP_UNSET, .max_iter = TP_UNSET, .max_eval = TP_UNSET, .tolerance_grad = TP_UNSET, .tolerance_change = TP_UNSET, \
    .history_size = TP_UNSET,

typedef struct tp_clip_grad_norm_options {
    TP__HEAD(tp_clip_grad_norm_options);
    double norm_type TP__IS(2);                        /* infinity: of the greatest element */
    bool error_if_nonfinite TP__IS(false);
    TP__TAIL;
} tp_clip_grad_norm_options;
#define TP__DEFAULT_clip_grad_norm .norm_type = 2,

typedef struct tp_average_options {
    TP__HEAD(tp_average_options);
    double decay TP__IS(TP_UNSET);                     /* from 0 to 1: a moving average, a = decay a + (1 - decay) x; not given: the mean of all x */
    TP__TAIL;
} tp_average_options;
#define TP__DEFAULT_average .decay = TP_UNSET,

typedef struct tp_optimizer_load_options {
    TP__HEAD(tp_optimizer_load_options);
    const char *prefix TP__IS(nullptr);                /* "optimizer.": where in the file the state is */
    TP__TAIL;
} tp_optimizer_load_options;
#define TP__DEFAULT_optimizer_load

#define TP__EACH_OPTIM_OPTIONS(X) \
    X(sgd) X(adam) X(sparse_adam) X(adamw) X(rmsprop) X(adagrad) X(adadelta) X(adamax) X(nadam) X(radam) X(rprop) X(asgd) \
    X(adafactor) X(muon) X(lbfgs) X(param_group) X(clip_grad_norm) X(average) X(optimizer_load) \
    TP__EACH_SCHEDULE_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Making one: the caller frees it. NULL: no parameters (quietly, while an error is unread), TP_ERR_ARGUMENT, TP_ERR_MEMORY.
 * Parameters are distinct leaves; those without a gradient are left alone by a step.
 *
 * Of a gradient that is held as rows (tp_grad_is_rows: of lookups with .sparse = true) sgd, adagrad and sparse_adam step the rows
 * that are there and leave the others as they are, state included, so that a step costs what these rows cost. With momentum sgd goes
 * over the whole table, whose rows move on by what they have; weight_decay would have to, and is refused. lbfgs makes such a gradient
 * dense; all others refuse it, and sparse_adam refuses a dense one, in tp_step: TP_ERR_UNSUPPORTED. ---------------------------- */

/* g += weight_decay w; v = momentum v + (1 - dampening) g, and v = g at first; w -= lr (nesterov ? g + momentum v : v).
 * State: momentum_buffer. */
TP_API tp_optimizer *tp_sgd_with(tp_tensor_list params, const tp_sgd_options *o);
/* g += weight_decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
 * Kingma & Ba 2015, algorithm 1. amsgrad takes the greatest v so far. State: step, exp_avg, exp_avg_sq, max_exp_avg_sq. */
TP_API tp_optimizer *tp_adam_with(tp_tensor_list params, const tp_adam_options *o);
/* Adam of rows: m, v and w of those rows alone that the gradient has, w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps), t counted
 * for the parameter as a whole. State: step, exp_avg, exp_avg_sq. */
TP_API tp_optimizer *tp_sparse_adam_with(tp_tensor_list params, const tp_sparse_adam_options *o);
/* Adam with w *= 1 - lr weight_decay in place of g += weight_decay w. Loshchilov & Hutter 2019. */
TP_API tp_optimizer *tp_adamw_with(tp_tensor_list params, const tp_adamw_options *o);
/* v = alpha v + (1 - alpha) g^2; u = g / (sqrt(v - a^2) + eps), where a is the mean of g if centered, else 0; b = momentum b + u;
 * w -= lr b. State: step, square_avg, momentum_buffer, grad_avg. */
TP_API tp_optimizer *tp_rmsprop_with(tp_tensor_list params, const tp_rmsprop_options *o);
/* s += g^2, s = initial_accumulator_value at first; w -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps). State: step, sum. */
TP_API tp_optimizer *tp_adagrad_with(tp_tensor_list params, const tp_adagrad_options *o);
/* v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v + eps) g; u = rho u + (1 - rho) d^2; w -= lr d.
 * State: step, square_avg, acc_delta. */
TP_API tp_optimizer *tp_adadelta_with(tp_tensor_list params, const tp_adadelta_options *o);
/* m = b1 m + (1 - b1) g; u = max(b2 u, |g| + eps); w -= lr / (1 - b1^t) m / u. State: step, exp_avg, exp_inf. */
TP_API tp_optimizer *tp_adamax_with(tp_tensor_list params, const tp_adamax_options *o);
/* Adam with Nesterov's momentum. Dozat 2016. State: step, mu_product, exp_avg, exp_avg_sq. */
TP_API tp_optimizer *tp_nadam_with(tp_tensor_list params, const tp_nadam_options *o);
/* Adam whose adaptive part waits until its variance can be told. Liu et al. 2020. State: step, exp_avg, exp_avg_sq. */
TP_API tp_optimizer *tp_radam_with(tp_tensor_list params, const tp_radam_options *o);
/* A step size for each element: times etas[1] while its gradient keeps its sign, times etas[0] and no step where it turned, within
 * step_sizes; w -= sign(g) size. State: step, prev, step_size. */
TP_API tp_optimizer *tp_rprop_with(tp_tensor_list params, const tp_rprop_options *o);
/* w = w (1 - lambd eta) - eta g; ax is the mean of w from t0 on; eta = lr / (1 + lambd lr t)^alpha. State: step, eta, mu, ax. */
TP_API tp_optimizer *tp_asgd_with(tp_tensor_list params, const tp_asgd_options *o);
/* Adam's second moment of a matrix kept as one number a row and one a column, an update whose size is limited, and a rate that goes with
 * the parameter's size. Shazeer & Stern 2018. State: step, row_var and col_var, or variance of what has less than two dims. */
TP_API tp_optimizer *tp_adafactor_with(tp_tensor_list params, const tp_adafactor_options *o);
/* Momentum of matrices, made nearly orthogonal in bfloat16. Jordan et al. 2024. State: momentum_buffer. Parameters have two dims. */
TP_API tp_optimizer *tp_muon_with(tp_tensor_list params, const tp_muon_options *o);
/* Limited-memory BFGS. Nocedal & Wright 2006, algorithms 7.4, 3.5 and 3.6. It steps by tp_step_closure alone, has one group, and
 * its memory is not saved. */
TP_API tp_optimizer *tp_lbfgs_with(tp_tensor_list params, const tp_lbfgs_options *o);
/* Any of them by its name here or in PyTorch ("rmsprop", "RMSprop"), with options by PyTorch's names: reals, pairs (floats), bools;
 * none is the default. TP_ERR_ARGUMENT: no such optimizer, option or kind. */
TP_API tp_optimizer *tp_optimizer_by_name(const char *name, tp_tensor_list params, const tp_arg *args, int n);
TP_API void tp_optimizer_free(tp_optimizer *opt);      /* NULL is fine */

/* Adds a group of parameters with options of its own; the parameters given first are group 0. TP_ERR_ARGUMENT: a parameter
 * that the optimizer has already, or an option that it lacks; nothing is added then. */
TP_API tp_status tp_param_group_with(tp_optimizer *opt, tp_tensor_list params, const tp_param_group_options *o);
/* By PyTorch's names; an option that only other optimizers have is passed over, as there. */
TP_API tp_status tp_param_group_by_name(tp_optimizer *opt, tp_tensor_list params, const tp_arg *args, int n);
TP_API int tp_param_group_count(const tp_optimizer *opt);

/* ---- Training ------------------------------------------------------------------------------------------------------------------ */

/* TP_ERR_DTYPE: a parameter that is not float32, float64, float16 or bfloat16; TP_ERR_UNSUPPORTED: rows where a dense gradient is wanted, or
 * the other way; nothing has changed then. */
TP_API tp_status tp_step(tp_optimizer *opt);
/* Drops the gradients, computes the loss and its gradients, and returns it; NULL: an error. */
typedef tp_tensor *tp_closure_fn(void *arg);
/* A step of an optimizer that asks for the loss itself, lbfgs as often as it needs, the others once. Returns the loss before it. */
TP_API tp_tensor *tp_step_closure(tp_optimizer *opt, tp_closure_fn *closure, void *arg);
TP_API tp_status tp_zero_grad(tp_optimizer *opt);      /* drops the gradients: tp_grad_of is NULL then */

/* Scales the gradients of params so that their norm, taken together, is at most max_norm: g *= min(1, max_norm / (norm + 1e-6)).
 * Returns the norm before, 0-dim, which belongs to the scope; parameters without a gradient are left out, and 0 where none has one.
 * On CUDA neither waits for the device, unless error_if_nonfinite is given, which tp_cuda_graph refuses. Rows are
 * scaled as rows; where norm_type is below 0 they are made dense, since the zeros between them count.
 * NULL: TP_ERR_NUMERIC (error_if_nonfinite, and the norm is not), TP_ERR_ARGUMENT (a NULL), TP_ERR_MEMORY; gradients stay then. */
TP_API tp_tensor *tp_clip_grad_norm_with(tp_tensor_list params, double max_norm, const tp_clip_grad_norm_options *o);
/* The same by a norm that is there already, 0-dim: that of all shares of a model on several devices, for example (tp_total_norm). */
TP_API tp_status tp_clip_grads_with_norm(tp_tensor_list params, double max_norm, tp_tensor *total_norm);
TP_API tp_status tp_clip_grad_value(tp_tensor_list params, double clip_value);       /* every g into -clip_value .. clip_value */

/* Averages of weights over training, as torch.optim.swa_utils.AveragedModel. `averages` are the parameters (or buffers) of a
 * copy of the model, tp_module_copy, and `values` those of the one that is trained, in the same order; n counts the calls
 * before this one, from 0 on. The first copies. Integers are copied always.
 *   tp_module *ema = tp_module_copy(net);
 *   for (..) { .. tp_step(opt); tp_average(tp_parameters(ema), tp_parameters(net), n++, .decay = 0.999); }
 * Nothing is recorded. TP_ERR_ARGUMENT: lists of different lengths, decay; TP_ERR_SHAPE, TP_ERR_DTYPE: of a pair; none is changed then. */
TP_API tp_status tp_average_with(tp_tensor_list averages, tp_tensor_list values, int64_t n, const tp_average_options *o);
/* All elements of tensors of one dtype as one vector, which records; and the vector's elements written to them, unrecorded: parameters_to_vector and
 * vector_to_parameters. TP_ERR_SHAPE: another number of elements. */
TP_API tp_tensor *tp_parameters_to_vector(tp_tensor_list params);
TP_API tp_status tp_vector_to_parameters(tp_tensor *vector, tp_tensor_list params);

/* The learning rate of group 0, and setting that of all groups. NaN on error. */
TP_API double tp_get_lr(const tp_optimizer *opt);
TP_API tp_status tp_set_lr(tp_optimizer *opt, double lr);
TP_API double tp_get_group_lr(const tp_optimizer *opt, int group);
/* An option of a group by PyTorch's name, into out: one number, two of betas and other pairs, 0 or 1 of a flag. */
TP_API tp_status tp_get_group_option(const tp_optimizer *opt, int group, const char *name, double *out);
/* Any options of a group, by name, as tp_param_group_by_name takes them. TP_ERR_ARGUMENT: no such option, or out of range; nothing changes then. */
TP_API tp_status tp_set_group_options(tp_optimizer *opt, int group, const tp_arg *args, int n);
TP_API tp_status tp_set_group_lr(tp_optimizer *opt, int group, double lr);

/* ---- State -------------------------------------------------------------------------------------------------------------------- */

/* State of a parameter by PyTorch's name; borrowed from the optimizer. NULL without an error: no step has made it yet. */
TP_API tp_tensor *tp_optimizer_state(const tp_optimizer *opt, tp_tensor *param, const char *name);
/* As safetensors: "state.0.exp_avg", .. by the parameter's place among all groups, and options as "param_groups.0.lr", ..
 * Loading takes a file of the same kind of optimizer with the same groups and shapes (else TP_ERR_FORMAT), and changes nothing
 * unless all of it fits. A .pt of an optimizer's state_dict() serves as well: it does not say its kind, options that it lacks
 * stay as they are, and what PyTorch alone has (foreach, fused) is passed over. */
TP_API tp_status tp_optimizer_save(tp_optimizer *opt, const char *path);
TP_API tp_status tp_optimizer_load_with(tp_optimizer *opt, const char *path, const tp_optimizer_load_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_sgd(...) tp__sgd(__VA_ARGS__, )
#define tp__sgd(params, ...) TP__DEFAULTS(tp_sgd_with(params, TP__OPTIONS(sgd, __VA_ARGS__)))
#define tp_adam(...) tp__adam(__VA_ARGS__, )
#define tp__adam(params, ...) TP__DEFAULTS(tp_adam_with(params, TP__OPTIONS(adam, __VA_ARGS__)))
#define tp_sparse_adam(...) tp__sparse_adam(__VA_ARGS__, )
#define tp__sparse_adam(params, ...) TP__DEFAULTS(tp_sparse_adam_with(params, TP__OPTIONS(sparse_adam, __VA_ARGS__)))
#define tp_adamw(...) tp__adamw(__VA_ARGS__, )
#define tp__adamw(params, ...) TP__DEFAULTS(tp_adamw_with(params, TP__OPTIONS(adamw, __VA_ARGS__)))
#define tp_rmsprop(...) tp__rmsprop(__VA_ARGS__, )
#define tp__rmsprop(params, ...) TP__DEFAULTS(tp_rmsprop_with(params, TP__OPTIONS(rmsprop, __VA_ARGS__)))
#define tp_adagrad(...) tp__adagrad(__VA_ARGS__, )
#define tp__adagrad(params, ...) TP__DEFAULTS(tp_adagrad_with(params, TP__OPTIONS(adagrad, __VA_ARGS__)))
#define tp_adadelta(...) tp__adadelta(__VA_ARGS__, )
#define tp__adadelta(params, ...) TP__DEFAULTS(tp_adadelta_with(params, TP__OPTIONS(adadelta, __VA_ARGS__)))
#define tp_adamax(...) tp__adamax(__VA_ARGS__, )
#define tp__adamax(params, ...) TP__DEFAULTS(tp_adamax_with(params, TP__OPTIONS(adamax, __VA_ARGS__)))
#define tp_nadam(...) tp__nadam(__VA_ARGS__, )
#define tp__nadam(params, ...) TP__DEFAULTS(tp_nadam_with(params, TP__OPTIONS(nadam, __VA_ARGS__)))
#define tp_radam(...) tp__radam(__VA_ARGS__, )
#define tp__radam(params, ...) TP__DEFAULTS(tp_radam_with(params, TP__OPTIONS(radam, __VA_ARGS__)))
#define tp_rprop(...) tp__rprop(__VA_ARGS__, )
#define tp__rprop(params, ...) TP__DEFAULTS(tp_rprop_with(params, TP__OPTIONS(rprop, __VA_ARGS__)))
#define tp_asgd(...) tp__asgd(__VA_ARGS__, )
#define tp__asgd(params, ...) TP__DEFAULTS(tp_asgd_with(params, TP__OPTIONS(asgd, __VA_ARGS__)))
#define tp_adafactor(...) tp__adafactor(__VA_ARGS__, )
#define tp__adafactor(params, ...) TP__DEFAULTS(tp_adafactor_with(params, TP__OPTIONS(adafactor, __VA_ARGS__)))
#define tp_muon(...) tp__muon(__VA_ARGS__, )
#define tp__muon(params, ...) TP__DEFAULTS(tp_muon_with(params, TP__OPTIONS(muon, __VA_ARGS__)))
#define tp_lbfgs(...) tp__lbfgs(__VA_ARGS__, )
#define tp__lbfgs(params, ...) TP__DEFAULTS(tp_lbfgs_with(params, TP__OPTIONS(lbfgs, __VA_ARGS__)))
#define tp_clip_grad_norm(...) tp__clip_grad_norm(__VA_ARGS__, )
#define tp__clip_grad_norm(params, max_norm, ...) TP__DEFAULTS(tp_clip_grad_norm_with(params, max_norm, TP__OPTIONS(clip_grad_norm, __VA_ARGS__)))
#define tp_average(...) tp__average(__VA_ARGS__, )
#define tp__average(averages, values, n, ...) TP__DEFAULTS(tp_average_with(averages, values, n, TP__OPTIONS(average, __VA_ARGS__)))
#define tp_optimizer_load(...) tp__optimizer_load(__VA_ARGS__, )
#define tp__optimizer_load(opt, path, ...) TP__DEFAULTS(tp_optimizer_load_with(opt, path, TP__OPTIONS(optimizer_load, __VA_ARGS__)))
#define tp_param_group(...) tp__param_group(__VA_ARGS__, )
#define tp__param_group(opt, params, ...) TP__DEFAULTS(tp_param_group_with(opt, params, TP__OPTIONS(param_group, __VA_ARGS__)))
#else
inline tp_optimizer *tp_sgd(tp_tensor_list params, const tp_sgd_options &o = {}) { return tp_sgd_with(params, &o); }
inline tp_optimizer *tp_adam(tp_tensor_list params, const tp_adam_options &o = {}) { return tp_adam_with(params, &o); }
inline tp_optimizer *tp_sparse_adam(tp_tensor_list params, const tp_sparse_adam_options &o = {}) { return tp_sparse_adam_with(params, &o); }
inline tp_optimizer *tp_adamw(tp_tensor_list params, const tp_adamw_options &o = {}) { return tp_adamw_with(params, &o); }
inline tp_optimizer *tp_rmsprop(tp_tensor_list params, const tp_rmsprop_options &o = {}) { return tp_rmsprop_with(params, &o); }
inline tp_optimizer *tp_adagrad(tp_tensor_list params, const tp_adagrad_options &o = {}) { return tp_adagrad_with(params, &o); }
inline tp_optimizer *tp_adadelta(tp_tensor_list params, const tp_adadelta_options &o = {}) { return tp_adadelta_with(params, &o); }
inline tp_optimizer *tp_adamax(tp_tensor_list params, const tp_adamax_options &o = {}) { return tp_adamax_with(params, &o); }
inline tp_optimizer *tp_nadam(tp_tensor_list params, const tp_nadam_options &o = {}) { return tp_nadam_with(params, &o); }
inline tp_optimizer *tp_radam(tp_tensor_list params, const tp_radam_options &o = {}) { return tp_radam_with(params, &o); }
inline tp_optimizer *tp_rprop(tp_tensor_list params, const tp_rprop_options &o = {}) { return tp_rprop_with(params, &o); }
inline tp_optimizer *tp_asgd(tp_tensor_list params, const tp_asgd_options &o = {}) { return tp_asgd_with(params, &o); }
inline tp_optimizer *tp_adafactor(tp_tensor_list params, const tp_adafactor_options &o = {}) { return tp_adafactor_with(params, &o); }
inline tp_optimizer *tp_muon(tp_tensor_list params, const tp_muon_options &o = {}) { return tp_muon_with(params, &o); }
inline tp_optimizer *tp_lbfgs(tp_tensor_list params, const tp_lbfgs_options &o = {}) { return tp_lbfgs_with(params, &o); }
inline tp_status tp_average(tp_tensor_list averages, tp_tensor_list values, int64_t n, const tp_average_options &o = {})
{ return tp_average_with(averages, values, n, &o); }
inline tp_tensor *tp_clip_grad_norm(tp_tensor_list params, double max_norm, const tp_clip_grad_norm_options &o = {})
{ return tp_clip_grad_norm_with(params, max_norm, &o); }
inline tp_status tp_param_group(tp_optimizer *opt, tp_tensor_list params, const tp_param_group_options &o = {})
{ return tp_param_group_with(opt, params, &o); }
inline tp_status tp_optimizer_load(tp_optimizer *opt, const char *path, const tp_optimizer_load_options &o = {})
{ return tp_optimizer_load_with(opt, path, &o); }
#endif

#endif
