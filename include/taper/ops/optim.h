/* optim.h: the steps of optimizers. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_OPTIM_H
#define TAPER_OPS_OPTIM_H

#include <taper/core.h>

typedef struct tp_fused_sgd_options {
    TP__HEAD(tp_fused_sgd_options);
    double lr TP__IS(1e-3), momentum TP__IS(0), dampening TP__IS(0), weight_decay TP__IS(0);
    bool nesterov TP__IS(false), maximize TP__IS(false);
    bool first_step TP__IS(false);                     /* the momentum buffers are not set yet: v = g */
    TP__TAIL;
} tp_fused_sgd_options;
#define TP__DEFAULT_fused_sgd .lr = 1e-3,

typedef struct tp_fused_adam_options {
    TP__HEAD(tp_fused_adam_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0);
    bool decoupled TP__IS(false);                      /* AdamW: w *= 1 - lr * weight_decay */
    bool amsgrad TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_fused_adam_options;
#define TP__DEFAULT_fused_adam .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

#define TP__EACH_OPTIM_OP_OPTIONS(X) X(fused_sgd) X(fused_adam)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Optimizer steps over all parameters in one pass; not recorded ------------------------------------------------------------ */

/* SGD as PyTorch's: g += weight_decay w; v = momentum v + (1 - dampening) g; w -= lr (nesterov ? g + momentum v : v).
 * Lists of the same length, tensor by tensor of the same shape, float32 or float64, dense; momentum_buffers may be empty
 * without momentum. */
TP_API tp_status tp_fused_sgd__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list momentum_buffers, const tp_fused_sgd_options *o);
/* Adam (Kingma & Ba 2015, algorithm 1) and AdamW as PyTorch's. steps: one 0-dim float32 tensor per parameter, counted up
 * first. max_exp_avg_sqs may be empty without amsgrad. */
TP_API tp_status tp_fused_adam__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list exp_avgs, tp_tensor_list exp_avg_sqs,
                                     tp_tensor_list max_exp_avg_sqs, tp_tensor_list steps, const tp_fused_adam_options *o);
/* One step by a rule of this table, as PyTorch's optimizer of that name. lists: parameters, gradients, and the states; numbers in
 * this order, flags as 0 or 1. step, mu_product, eta and mu are one 0-dim float32 tensor a parameter, of which step is counted up
 * first; the other states are shaped and stored as their parameter. Those in [] may be empty, and are not kept then.
 *   rule       states                                         numbers
 *   rmsprop    step, square_avg, [momentum_buffer, grad_avg]  lr, alpha, eps, weight_decay, momentum, maximize; grad_avg: centered
 *   adagrad    step, sum                                      lr, lr_decay, weight_decay, eps, maximize
 *   adadelta   step, square_avg, acc_delta                    lr, rho, eps, weight_decay, maximize
 *   adamax     step, exp_avg, exp_inf                         lr, beta1, beta2, eps, weight_decay, maximize
 *   nadam      step, mu_product, exp_avg, exp_avg_sq          lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled, maximize
 *   radam      step, exp_avg, exp_avg_sq                      lr, beta1, beta2, eps, weight_decay, decoupled, maximize
 *   rprop      step, prev, step_size                          eta minus, eta plus, least and greatest step_size, maximize
 *   asgd       step, eta, mu, ax                              lr, lambd, alpha, t0, weight_decay, maximize
 * TP_ERR_ARGUMENT: no such rule, or another number of lists, of tensors or of numbers; TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_DEVICE: a
 * tensor unlike its parameter. Nothing is written then. */
TP_API tp_status tp_fused_step_(const char *rule, const tp_tensor_list *lists, int n_lists, const double *numbers, int n_numbers);

/* (sum_i n_i^p)^(1/p), where n_i = (sum |x_i|^p)^(1/p) is the norm of tensor i: that of all elements, for p > 0. inf and -inf: the
 * greatest and least |x|; 0: how many tensors are not all zero. A 0-dim tensor of the tensors' dtype, or of what they promote to;
 * it belongs to the scope. No tensors: 0. NULL: TP_ERR_DTYPE (no floating dtype), TP_ERR_DEVICE, TP_ERR_MEMORY. Not recorded. */
TP_API tp_tensor *tp_total_norm(tp_tensor_list tensors, double norm_type);
/* x_i *= factor, in one pass; not recorded. */
TP_API tp_status tp_fused_mul_(tp_tensor_list tensors, double factor);
/* x_i *= min(1, max_norm / (norm + 1e-6)); NaN goes into the tensors. norm: floating, of one element, on their device, where it is read:
 * nothing waits. Not recorded. */
TP_API tp_status tp_fused_clip_(tp_tensor_list tensors, tp_tensor *norm, double max_norm);

/* ---- What a gradient scaler does on the device; nothing waits, nothing is recorded. scale and found_inf: float32, of one element ---- */

/* x_i *= 1 / scale, and found_inf becomes 1 if an element is infinite or NaN; else it stays. */
TP_API tp_status tp_fused_unscale_(tp_tensor_list tensors, tp_tensor *scale, tp_tensor *found_inf);
/* Where found_inf is not 0: scale *= backoff_factor, growth_tracker = 0. Else growth_tracker is counted up, and at growth_interval becomes
 * 0 while scale *= growth_factor, unless that overflows. growth_tracker: int32, of one element. */
TP_API tp_status tp_fused_update_scale_(tp_tensor *scale, tp_tensor *growth_tracker, tp_tensor *found_inf, double growth_factor, double backoff_factor,
                                        int64_t growth_interval);
/* From now on the steps above read found_inf on its device, in this thread, and where it is not 0 they write and count nothing. NULL: none
 * is read. Returns what was read before; borrowed both. */
TP_API tp_tensor *tp_fused_skip(tp_tensor *found_inf);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_fused_sgd_(...) tp__fused_sgd_(__VA_ARGS__, )
#define tp__fused_sgd_(params, grads, buffers, ...) TP__DEFAULTS(tp_fused_sgd__with(params, grads, buffers, TP__OPTIONS(fused_sgd, __VA_ARGS__)))
#define tp_fused_adam_(...) tp__fused_adam_(__VA_ARGS__, )
#define tp__fused_adam_(params, grads, m, v, vmax, steps, ...) \
    TP__DEFAULTS(tp_fused_adam__with(params, grads, m, v, vmax, steps, TP__OPTIONS(fused_adam, __VA_ARGS__)))
#else
inline tp_status tp_fused_sgd_(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list buffers, const tp_fused_sgd_options &o = {})
{ return tp_fused_sgd__with(params, grads, buffers, &o); }
inline tp_status tp_fused_adam_(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list m, tp_tensor_list v, tp_tensor_list vmax,
                                tp_tensor_list steps, const tp_fused_adam_options &o = {})
{ return tp_fused_adam__with(params, grads, m, v, vmax, steps, &o); }
#endif

#endif
