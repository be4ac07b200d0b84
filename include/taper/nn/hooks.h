/* hooks.h: functions that are called around the runs of a module, as those of torch.nn.Module.
 *
 *   int64_t id = tp_register_forward_hook(net, look, NULL);
 *   tp_tensor *y = tp_forward(net, x);
 *   tp_remove_module_hook(net, id);
 *
 * One run of a module with all of them:   pre-forward hooks -> forward -> forward hooks
 * and of the backward through it:         backward pre-hooks -> the backward of all that the forward did -> backward hooks
 * Those of a kind are called in the order in which they were registered; each sees what the one before it left. A hook that was
 * registered after the run began is not called for it, nor is one that was removed, by itself or another.
 *
 * A hook fails by leaving an error, its own with tp_fail or that of an op: no further one is called, and the forward returns NULL, or the
 * backward its status. The error has the path of the module, as any that arises in it: "net.body.2 (Linear)".
 *
 * A hook must not free its module: tp_module_free refuses that.
 *
 * Hooks belong to m alone, not to what is below it, and go with it. A module without hooks runs as if there were none. */
#ifndef TAPER_NN_HOOKS_H
#define TAPER_NN_HOOKS_H

#include <taper/nn/module.h>

/* Before a forward or call, inside its scope: it may put other values into args, of which there are n before and after. tp_forward
 * gives one, a tensor. */
typedef void tp_forward_pre_hook_fn(void *arg, tp_module *m, tp_arg *args, int n);
/* After it, inside its scope: it may read the outputs, or put others in their place. */
typedef void tp_forward_hook_fn(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs);
/* In backward, when the gradients of the outputs are there; NULL is zero. It may put others in their place. */
typedef void tp_full_backward_pre_hook_fn(void *arg, tp_module *m, tp_tensor **grad_output, int n_out);
/* In backward, when those of the inputs are: grad_input[i] is that of args[i], NULL for one that is no tensor, is given by name or
 * needs no gradient. It may put others in their place. */
typedef void tp_full_backward_hook_fn(void *arg, tp_module *m, tp_tensor **grad_input, int n_in, tp_tensor *const *grad_output, int n_out);

#ifdef __cplusplus
extern "C" {
#endif

/* Return an id > 0 for tp_remove_module_hook, or 0: TP_ERR_ARGUMENT (m or fn is NULL), TP_ERR_MEMORY, or an unread error. */
TP_API int64_t tp_register_forward_pre_hook(tp_module *m, tp_forward_pre_hook_fn *fn, void *arg);
TP_API int64_t tp_register_forward_hook(tp_module *m, tp_forward_hook_fn *fn, void *arg);

/* Those of backward are called if an output of the run needs a gradient while recording. Where no input does, backward hooks are
 * called right after the pre-hooks, with NULLs that must stay NULL. Inputs and outputs of such a run are views that must not be
 * written in place. A hook may use ops: in a backward with create_graph they are recorded. TP_ERR_UNSUPPORTED of such a run: more than 64
 * arguments or outputs. Once m is freed its hooks are not called. */
TP_API int64_t tp_register_full_backward_pre_hook(tp_module *m, tp_full_backward_pre_hook_fn *fn, void *arg);
TP_API int64_t tp_register_full_backward_hook(tp_module *m, tp_full_backward_hook_fn *fn, void *arg);

/* Any of these, by its id; of one that is not there nothing happens. From here on it is not called, not even for a run that is on
 * the tape. */
TP_API void tp_remove_module_hook(tp_module *m, int64_t id);
TP_API void tp_remove_forward_hook(tp_module *m, int64_t id);            /* the same */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_register_forward_pre_hook(m, fn, arg)       tp_register_forward_pre_hook(TP_MODULE(m), fn, arg)
#define tp_register_forward_hook(m, fn, arg)           tp_register_forward_hook(TP_MODULE(m), fn, arg)
#define tp_register_full_backward_pre_hook(m, fn, arg) tp_register_full_backward_pre_hook(TP_MODULE(m), fn, arg)
#define tp_register_full_backward_hook(m, fn, arg)     tp_register_full_backward_hook(TP_MODULE(m), fn, arg)
#define tp_remove_module_hook(m, id)                   tp_remove_module_hook(TP_MODULE(m), id)
#define tp_remove_forward_hook(m, id)                  tp_remove_forward_hook(TP_MODULE(m), id)
#endif
#endif
