/* autograd.h: the tape.
 *
 * While recording, an op whose input needs a gradient adds a node to the tape: what to do backward, and which tensors that
 * takes. tp_backward walks the nodes that its loss depends on and adds to the gradients of the leaves. Nodes live as long as
 * a tensor made from them. A value that is overwritten in place after the tape saved it is an error when it is needed. */
#ifndef TAPER_AUTOGRAD_H
#define TAPER_AUTOGRAD_H

#include <taper/core.h>

typedef struct tp_backward_options {
    TP__HEAD(tp_backward_options);
    tp_tensor *grad TP__IS(nullptr);                   /* of the loss, like it; NULL: 1, for a loss of one element */
    bool retain_graph TP__IS(false);                   /* keep what the nodes saved, for another backward. Implied by create_graph */
    bool create_graph TP__IS(false);                   /* record the backward itself */
    tp_tensor_list inputs TP__IS({});                  /* accumulate into these leaves only */
    TP__TAIL;
} tp_backward_options;
#define TP__DEFAULT_backward

typedef struct tp_grad_options {
    TP__HEAD(tp_grad_options);
    bool retain_graph TP__IS(false), create_graph TP__IS(false);
    bool allow_unused TP__IS(false);                   /* an input that no output depends on: NULL instead of an error */
    TP__TAIL;
} tp_grad_options;
#define TP__DEFAULT_grad

typedef struct tp_gradcheck_options {
    TP__HEAD(tp_gradcheck_options);
    double eps TP__IS(1e-6), atol TP__IS(1e-5), rtol TP__IS(1e-3);
    TP__TAIL;
} tp_gradcheck_options;
#define TP__DEFAULT_gradcheck .eps = 1e-6, .atol = 1e-5, .rtol = 1e-3,

typedef struct tp_functional_options {                 /* of tp_vjp, tp_jvp, tp_jacobian, tp_hessian, tp_hvp */
    TP__HEAD(tp_functional_options);
    bool create_graph TP__IS(false);                   /* results are recorded, in inputs that need a gradient */
    bool strict TP__IS(false);                         /* what is independent of an input is an error instead of zeros */
    TP__TAIL;
} tp_functional_options;
#define TP__DEFAULT_functional

typedef struct tp_graph_dot_options {
    TP__HEAD(tp_graph_dot_options);
    const tp_named_tensor *names TP__IS(nullptr);      /* of leaves */
    int64_t n_names TP__IS(0);
    bool saved TP__IS(true);                           /* draw what nodes saved */
    TP__TAIL;
} tp_graph_dot_options;
#define TP__DEFAULT_graph_dot .saved = true,

#define TP__EACH_AUTOGRAD_OPTIONS(X) X(backward) X(grad) X(gradcheck) X(functional) X(graph_dot)

typedef struct tp_grad_mode { bool tp__was; } tp_grad_mode;
typedef struct tp_inference_mode { bool tp__was, tp__recorded; } tp_inference_mode;
typedef struct tp_anomaly_mode { bool tp__was; } tp_anomaly_mode;
typedef struct tp_saved_hooks_scope { struct tp__saved_hooks *tp__was; bool tp__on; } tp_saved_hooks_scope;
typedef struct tp_context tp_context;

/* An op of your own. Fill it with designators: members are added at the end.
 *   forward   makes the outputs from x[0] .. x[n - 1] with grad mode off; saves what backward needs with tp_save.
 *             The short form returns the one output; forward_many writes tp_context_outputs(call) of them to y.
 *   backward  is given dy per output (NULL is zero) and writes dx per input (NULL is zero). Written with ops, it can be
 *             recorded in turn. Returns TP_OK, or the error of an op that returned NULL: tp_status tp_error_status(). */
typedef struct tp_function {
    const char *name TP__IS(nullptr);
    tp_tensor *(*forward)(tp_context *call, tp_tensor *const *x) TP__IS(nullptr);
    tp_status (*backward)(tp_context *call, tp_tensor *dy, tp_tensor **dx) TP__IS(nullptr);
    const void *arg TP__IS(nullptr);                                   /* tp_arg_of(call); outlives the tape */
    int n_outputs TP__IS(0);                                     /* of the many-output form; 0 means the short one */
    tp_status (*forward_many)(tp_context *call, tp_tensor *const *x, tp_tensor **y) TP__IS(nullptr);
    tp_status (*backward_many)(tp_context *call, tp_tensor *const *dy, tp_tensor **dx) TP__IS(nullptr);
    bool once_differentiable TP__IS(false);            /* backward is no op, or not made of ops: differentiating it is an error */
    void (*drop)(const void *arg) TP__IS(nullptr);     /* called once for each call: when its part of the tape is freed, or at once if it
                                                          left none. From then on it does not read arg, nor this struct */
} tp_function;

typedef tp_tensor *tp_hook_fn(void *arg, tp_tensor *grad);               /* another gradient of the same shape; NULL keeps it */
typedef void tp_accumulated_fn(void *arg, tp_tensor *leaf);
typedef void *tp_pack_fn(void *arg, tp_tensor *x);                       /* what is kept of x until backward; NULL is an error */
typedef tp_tensor *tp_unpack_fn(void *arg, void *packed);                /* a tensor like x, with the same values */
typedef tp_tensor *tp_gradcheck_fn(void *arg, tp_tensor *const *x);      /* one output, of any shape */
typedef tp_tensor *tp_functional_fn(void *arg, tp_tensor *const *x);
typedef tp_tensor *tp_checkpoint_fn(void *arg, tp_tensor *const *x);
typedef tp_status tp_checkpoint_many_fn(void *arg, tp_tensor *const *x, tp_tensor **y);

#ifdef __cplusplus
extern "C" {
#endif

/* A leaf starts or stops to gather gradients. Floating or complex dtypes only. */
TP_API tp_status tp_requires_grad(tp_tensor *x, bool on);
TP_API bool tp_needs_grad(tp_tensor *x);               /* a leaf that requires grad, or made from one while recording; NULL: false */
TP_API bool tp_is_leaf(tp_tensor *x);                  /* no recorded op made it; NULL: false */
/* x itself, cut from what made it: a leaf that needs no gradient. Hooks stay with the graph. NULL: TP_ERR_STATE (a view, whose base
 * would not follow) */
TP_API tp_tensor *tp_detach_(tp_tensor *x);
TP_API tp_tensor *tp_grad_of(tp_tensor *x);            /* borrowed from x; NULL before backward. Rows are made dense, and stay so */
TP_API tp_status tp_set_grad(tp_tensor *x, tp_tensor *grad);             /* NULL drops it, rows too */
/* The gradient of a leaf [rows, width] is held as rows of it, of those that are not 0, as long as all that came to it was by lookups
 * with .sparse = true (PyTorch's sparse gradients): then its cost, and that of a step, goes with the rows, not with the table. Another
 * contribution, tp_grad_of, a hook of tp_register_hook on the leaf, or create_graph makes it dense; tp_grad gives dense gradients. */
TP_API bool tp_grad_is_rows(tp_tensor *x);             /* is there a gradient, and is it held as rows? */
/* The rows, which are joined first: indices int64 [n], rising and distinct, and values [n, width]; NULL if the gradient is not held as
 * rows. Both are borrowed from x until its gradient changes; what is written to the values changes it. Either pointer may be NULL.
 * TP_ERR_MEMORY */
TP_API tp_status tp_grad_rows(tp_tensor *x, tp_tensor **indices, tp_tensor **values);
/* Puts rows in place of the gradient of x [rows, width]: indices int64 or int32 [n], of which equal ones add up, and values [n, width]
 * like x; both are copied. TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_DEVICE, TP_ERR_INDEX; the gradient stays then. */
TP_API tp_status tp_set_grad_rows(tp_tensor *x, tp_tensor *indices, tp_tensor *values);
TP_API tp_status tp_retain_grad(tp_tensor *x);         /* a tensor that is no leaf keeps its gradient, too */

/* Adds d loss / d leaf to the gradient of every leaf that needs one. After a failure gradients are unspecified and the
 * graph is intact. TP_ERR_SHAPE: loss has several elements and no .grad; TP_ERR_STATE: the graph is freed, or a saved value
 * was overwritten. */
TP_API tp_status tp_backward_with(tp_tensor *loss, const tp_backward_options *o);

/* grads[i] = d sum(outputs * grad_outputs) / d inputs[i], without touching the gradients of leaves. grad_outputs may be NULL
 * for outputs of one element. Written gradients belong to the scope; all are NULL on error. */
TP_API tp_status tp_grad_with(tp_tensor *const *outputs, int n, tp_tensor *const *inputs, int m, tp_tensor *const *grad_outputs,
                              tp_tensor **grads, const tp_grad_options *o);

TP_API tp_grad_mode tp_grad_mode_set(bool on);         /* of this thread; TP_NO_GRAD(); and TP_ENABLE_GRAD(); call it */
TP_API void tp_grad_mode_restore(tp_grad_mode *was);   /* back to what tp_grad_mode_set found, in the same thread; NULL does nothing */
TP_API bool tp_grad_enabled(void);                     /* does this thread record? true in the beginning */
TP_API void tp_set_grad_enabled(bool on);              /* from here on, in this thread */
/* As no grad, and tp_grad_mode_set(true) inside of it changes nothing: for code that is sure to need no gradient. A set(false) inside of
 * a set(true) records again. TP_INFERENCE_MODE(); calls it. */
TP_API tp_inference_mode tp_inference_mode_set(bool on);
TP_API void tp_inference_mode_restore(tp_inference_mode *was);           /* back to what tp_inference_mode_set found */
TP_API bool tp_inference_mode_enabled(void);           /* in this thread */

/* While on, in this thread, each op that is recorded notes the shapes that it was called with, the module path and the place of the
 * call; and a backward that makes a NaN of what was none stops with TP_ERR_NUMERIC, and tells them, as it does after any error of a
 * rule. Slow, and for debugging; off it costs nothing. TP_DETECT_ANOMALY(); is until the end of the block. */
TP_API void tp_set_detect_anomaly(bool on);
TP_API bool tp_anomaly_enabled(void);
TP_API tp_anomaly_mode tp_anomaly_mode_set(bool on);   /* the same, and returns what was */
TP_API void tp_anomaly_mode_restore(tp_anomaly_mode *was);               /* back to what tp_anomaly_mode_set found */

/* A hook on a tensor is called with its gradient each time that it is computed; on a leaf, with the whole gradient of one
 * backward before it is added. Returns an id > 0, or 0 on error: TP_ERR_ARGUMENT, if x or fn is NULL; TP_ERR_STATE. */
TP_API int64_t tp_register_hook(tp_tensor *x, tp_hook_fn *fn, void *arg);
/* Called when the gradient of a leaf is complete: as soon as the last node that adds to it has run and the sum is in
 * tp_grad_of(leaf), while nodes before it still wait. So gradients can be sent to other machines, or a step made, while backward
 * goes on. Not called by tp_grad. */
TP_API int64_t tp_register_accumulated_hook(tp_tensor *leaf, tp_accumulated_fn *fn, void *arg);
TP_API void tp_remove_hook(tp_tensor *x, int64_t id);  /* a hook of either kind; nothing for an id that x does not have, and for NULL */

/* From here to tp_saved_tensors_hooks_end, or to the end of the block with TP_SAVED_TENSORS_HOOKS(pack, unpack, drop, arg);, what the
 * tape saves in this thread goes through pack: instead of the tensor, which may die, what pack returns is kept. Backward asks unpack
 * for a tensor of the same shape, dtype and device each time that a rule wants it, and drop(arg, packed) is called when the graph
 * is freed (NULL: nothing to do). pack is given the value without its graph, both run without recording, and neither may
 * write in place. The innermost hooks count. Whether a value was overwritten since is not checked. arg outlives the tape. */
TP_API tp_saved_hooks_scope tp_saved_tensors_hooks(tp_pack_fn *pack, tp_unpack_fn *unpack, tp_drop_fn *drop, void *arg);
TP_API void tp_saved_tensors_hooks_end(tp_saved_hooks_scope *scope);

/* y = fn(arg, x), of which the tape saves nothing but x: when backward needs what fn saved, fn is run again. Time for memory: cut a
 * deep model into pieces, and only one piece's activations are there at once.
 *   fn      the same computation each time; x as given here, up to TP__END in the first form. What it reads besides x, weights of
 *           modules say, gets gradients as ever. arg and what it points to outlive the tape.
 *   return  belongs to the scope. NULL: a NULL input, or fn's error
 * The second run draws the same random numbers as the first, so dropout has the same mask, and leaves the generator as it is.
 * Checkpoints nest. tp_backward and tp_grad, inputs, hooks and create_graph work as without. Errors of a backward: those of fn;
 * TP_ERR_STATE: an input or a weight was overwritten since, or the second run saves other tensors than the first. */
TP_API tp_tensor *tp_checkpoint_each(tp_checkpoint_fn *fn, void *arg, tp_tensor *const *x);
/* n inputs, of which some may be NULL; fn writes n_y outputs. */
TP_API tp_status tp_checkpoint_many(tp_checkpoint_many_fn *fn, void *arg, tp_tensor *const *x, int n, tp_tensor **y, int n_y);

/* Calls f, of one output, with inputs x, up to TP__END, and records it if an input needs a gradient. tp_apply(f, x, ...) calls it. NULL:
 * errors as of tp_apply_many, TP_ERR_ARGUMENT for an f of several outputs. */
TP_API tp_tensor *tp_apply_each(const tp_function *f, tp_tensor *const *x);
/* The same with n inputs, 64 at most, of which some may be NULL (absent). y gets f->n_outputs outputs, one of the short form; they belong
 * to the scope, and all are NULL if forward fails. TP_ERR_ARGUMENT (f lacks a member, too many inputs, a NULL array), TP_ERR_MEMORY, and
 * what forward left. */
TP_API tp_status tp_apply_many(const tp_function *f, tp_tensor *const *x, int n, tp_tensor **y);
TP_API void tp_save(tp_context *call, tp_tensor *x);   /* NULL is saved as NULL */
TP_API tp_tensor *tp_saved(tp_context *call, int i);   /* in the order of saving */
/* In forward: x, an input, was written in place, and is an output: the same handle. It is recorded as an op in place would be, with
 * the same rules: TP_ERR_STATE for a leaf that requires grad, or a view of one. */
TP_API void tp_mark_dirty(tp_context *call, tp_tensor *x);
/* In forward: the output y has no gradient. What is not floating or complex has none anyway. */
TP_API void tp_mark_non_differentiable(tp_context *call, tp_tensor *y);
/* In forward: on, backward gets zeros instead of NULL for outputs that nothing came to. Off unless said. */
TP_API void tp_set_materialize_grads(tp_context *call, bool on);
/* Zeroed memory of this call, for forward to leave to backward what is no tensor. It is made by the first call, in forward, and freed
 * with the graph. NULL: TP_ERR_MEMORY */
TP_API void *tp_context_data(tp_context *call, size_t bytes);
TP_API const void *tp_arg_of(tp_context *call);        /* the function's .arg */
TP_API uint64_t tp_needs(tp_context *call);            /* bit i: input i needs a gradient */
TP_API int tp_context_inputs(tp_context *call);        /* how many the call has */
TP_API int tp_context_outputs(tp_context *call);
TP_API tp_status tp_error_status(void);                /* the code of the unread error; TP_OK when there is none */

/* Compares the gradients of fn with central differences, in float64, or complex128 part by part. Fails with the worst element in the message. */
TP_API tp_status tp_gradcheck_with(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options *o);
/* The same for the gradients of fn, as a function of its inputs and of the gradient that comes: checks second derivatives. */
TP_API tp_status tp_gradgradcheck_with(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options *o);

/* ---- Derivatives of functions, as torch.autograd.functional. y = fn(arg, x) of n floating inputs, 64 at most, is called once with
 * copies that need a gradient: the gradients of inputs and of leaves that fn reads are left alone. Results belong to the scope; all
 * are NULL on error: TP_ERR_SHAPE (v, a result of more than 8 dims), TP_ERR_DTYPE, TP_ERR_STATE (strict), fn's own. ------------- */

/* dx[i] = v' dy/dx[i], like inputs[i]. v is like y; NULL: 1, for y of one element. *y gets fn's value; y may be NULL. */
TP_API tp_status tp_vjp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *v, tp_tensor **y, tp_tensor **dx,
                             const tp_functional_options *o);
/* *dy = sum over i of dy/dx[i] v[i], like y. v[i] is like inputs[i]; v NULL: 1, for one input of one element. By differentiating the
 * backward, so rules must be differentiable. */
TP_API tp_status tp_jvp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **dy,
                             const tp_functional_options *o);
/* jacobian[i][y.., x..] = dy / d inputs[i], [y's dims, inputs[i]'s dims]. One backward for each element of y. */
TP_API tp_status tp_jacobian_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **jacobian,
                                  const tp_functional_options *o);
/* hessian[i * n + j] = d^2 y / d inputs[i] d inputs[j], [inputs[i]'s dims, inputs[j]'s dims], of y of one element. */
TP_API tp_status tp_hessian_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **hessian, const tp_functional_options *o);
/* hv[i] = sum over j of (d^2 y / d inputs[i] d inputs[j]) v[j], like inputs[i], without the hessian: two backwards. y of one element; *y
 * gets it; y may be NULL. Since the hessian is symmetric this is v' H as well. */
TP_API tp_status tp_hvp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **hv,
                             const tp_functional_options *o);

/* Draws what x was made by, as text for Graphviz: boxes are x, leaves and what nodes saved, with shapes and dtypes; arrows lead from
 * what an op was called with to what it made. The same graph gives the same text. tp_graph_dot(x, out, ...) takes a FILE * or a path.
 * TP_ERR_ARGUMENT: x or out is NULL; TP_ERR_IO */
TP_API tp_status tp_graph_dot_with(tp_tensor *x, FILE *out, const tp_graph_dot_options *o);
TP_API tp_status tp_graph_dot_file_with(tp_tensor *x, const char *path, const tp_graph_dot_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_graph_dot(...) tp__graph_dot(__VA_ARGS__, )
#define tp__graph_dot(x, out, ...) TP__DEFAULTS(_Generic((out), FILE *: tp_graph_dot_with, char *: tp_graph_dot_file_with, \
    const char *: tp_graph_dot_file_with)(x, out, TP__OPTIONS(graph_dot, __VA_ARGS__)))
#define tp_backward(...) tp__backward(__VA_ARGS__, )
#define tp__backward(loss, ...) TP__DEFAULTS(tp_backward_with(loss, TP__OPTIONS(backward, __VA_ARGS__)))
#define tp_grad(...) tp__grad(__VA_ARGS__, )
#define tp__grad(outputs, n, inputs, m, grad_outputs, grads, ...) \
    TP__DEFAULTS(tp_grad_with(outputs, n, inputs, m, grad_outputs, grads, TP__OPTIONS(grad, __VA_ARGS__)))
#define tp_gradcheck(...) tp__gradcheck(__VA_ARGS__, )
#define tp__gradcheck(fn, arg, inputs, n, ...) TP__DEFAULTS(tp_gradcheck_with(fn, arg, inputs, n, TP__OPTIONS(gradcheck, __VA_ARGS__)))
#define tp_gradgradcheck(...) tp__gradgradcheck(__VA_ARGS__, )
#define tp__gradgradcheck(fn, arg, inputs, n, ...) TP__DEFAULTS(tp_gradgradcheck_with(fn, arg, inputs, n, TP__OPTIONS(gradcheck, __VA_ARGS__)))
#define tp_vjp(...) tp__vjp(__VA_ARGS__, )
#define tp__vjp(fn, arg, inputs, n, v, y, dx, ...) TP__DEFAULTS(tp_vjp_with(fn, arg, inputs, n, v, y, dx, TP__OPTIONS(functional, __VA_ARGS__)))
#define tp_jvp(...) tp__jvp(__VA_ARGS__, )
#define tp__jvp(fn, arg, inputs, n, v, y, dy, ...) TP__DEFAULTS(tp_jvp_with(fn, arg, inputs, n, v, y, dy, TP__OPTIONS(functional, __VA_ARGS__)))
#define tp_jacobian(...) tp__jacobian(__VA_ARGS__, )
#define tp__jacobian(fn, arg, inputs, n, jacobian, ...) \
    TP__DEFAULTS(tp_jacobian_with(fn, arg, inputs, n, jacobian, TP__OPTIONS(functional, __VA_ARGS__)))
#define tp_hessian(...) tp__hessian(__VA_ARGS__, )
#define tp__hessian(fn, arg, inputs, n, hessian, ...) TP__DEFAULTS(tp_hessian_with(fn, arg, inputs, n, hessian, TP__OPTIONS(functional, __VA_ARGS__)))
#define tp_hvp(...) tp__hvp(__VA_ARGS__, )
#define tp__hvp(fn, arg, inputs, n, v, y, hv, ...) TP__DEFAULTS(tp_hvp_with(fn, arg, inputs, n, v, y, hv, TP__OPTIONS(functional, __VA_ARGS__)))
#define tp_apply(f, ...) tp_apply_each(f, (tp_tensor *[]){ __VA_ARGS__, TP__END })
#define tp_checkpoint(fn, arg, ...) tp_checkpoint_each(fn, arg, (tp_tensor *[]){ __VA_ARGS__, TP__END })
#if defined(__GNUC__)
#define TP_NO_GRAD()     TP__UNTIL_EXIT(tp_grad_mode, tp__no_grad_, tp_grad_mode_restore) = tp_grad_mode_set(false)
#define TP_ENABLE_GRAD() TP__UNTIL_EXIT(tp_grad_mode, tp__enable_grad_, tp_grad_mode_restore) = tp_grad_mode_set(true)
#define TP_INFERENCE_MODE() TP__UNTIL_EXIT(tp_inference_mode, tp__inference_, tp_inference_mode_restore) = tp_inference_mode_set(true)
#define TP_DETECT_ANOMALY() TP__UNTIL_EXIT(tp_anomaly_mode, tp__anomaly_, tp_anomaly_mode_restore) = tp_anomaly_mode_set(true)
#define TP_SAVED_TENSORS_HOOKS(pack, unpack, drop, arg) \
    TP__UNTIL_EXIT(tp_saved_hooks_scope, tp__saved_hooks_, tp_saved_tensors_hooks_end) = tp_saved_tensors_hooks(pack, unpack, drop, arg)
#else
#define TP_NO_GRAD()     _Static_assert(0, "no cleanup attribute: pair tp_grad_mode_set with tp_grad_mode_restore")
#define TP_ENABLE_GRAD() TP_NO_GRAD()
#define TP_INFERENCE_MODE() TP_NO_GRAD()
#define TP_DETECT_ANOMALY() TP_NO_GRAD()
#define TP_SAVED_TENSORS_HOOKS(pack, unpack, drop, arg) TP_NO_GRAD()
#endif
#else
struct tp__grad_guard {
    tp_grad_mode was;
    explicit tp__grad_guard(bool on) : was(tp_grad_mode_set(on)) {}
    ~tp__grad_guard() { tp_grad_mode_restore(&was); }
    tp__grad_guard(const tp__grad_guard &) = delete;
};
#define TP_NO_GRAD()     tp__grad_guard TP__CAT(tp__no_grad_, __LINE__)(false)
#define TP_ENABLE_GRAD() tp__grad_guard TP__CAT(tp__enable_grad_, __LINE__)(true)
struct tp__inference_guard {
    tp_inference_mode was;
    tp__inference_guard() : was(tp_inference_mode_set(true)) {}
    ~tp__inference_guard() { tp_inference_mode_restore(&was); }
    tp__inference_guard(const tp__inference_guard &) = delete;
};
#define TP_INFERENCE_MODE() tp__inference_guard TP__CAT(tp__inference_, __LINE__)
struct tp__anomaly_guard {
    tp_anomaly_mode was;
    tp__anomaly_guard() : was(tp_anomaly_mode_set(true)) {}
    ~tp__anomaly_guard() { tp_anomaly_mode_restore(&was); }
    tp__anomaly_guard(const tp__anomaly_guard &) = delete;
};
#define TP_DETECT_ANOMALY() tp__anomaly_guard TP__CAT(tp__anomaly_, __LINE__)
struct tp__saved_hooks_guard {
    tp_saved_hooks_scope scope;
    tp__saved_hooks_guard(tp_pack_fn *pack, tp_unpack_fn *unpack, tp_drop_fn *drop, void *arg) : scope(tp_saved_tensors_hooks(pack, unpack, drop, arg)) {}
    ~tp__saved_hooks_guard() { tp_saved_tensors_hooks_end(&scope); }
    tp__saved_hooks_guard(const tp__saved_hooks_guard &) = delete;
};
#define TP_SAVED_TENSORS_HOOKS(...) tp__saved_hooks_guard TP__CAT(tp__saved_hooks_, __LINE__)(__VA_ARGS__)
inline tp_status tp_backward(tp_tensor *loss, const tp_backward_options &o = {}) { return tp_backward_with(loss, &o); }
inline tp_status tp_grad(tp_tensor *const *outputs, int n, tp_tensor *const *inputs, int m, tp_tensor *const *grad_outputs,
                         tp_tensor **grads, const tp_grad_options &o = {})
{ return tp_grad_with(outputs, n, inputs, m, grad_outputs, grads, &o); }
inline tp_status tp_graph_dot(tp_tensor *x, FILE *out, const tp_graph_dot_options &o = {}) { return tp_graph_dot_with(x, out, &o); }
inline tp_status tp_graph_dot(tp_tensor *x, const char *path, const tp_graph_dot_options &o = {}) { return tp_graph_dot_file_with(x, path, &o); }
inline tp_status tp_gradcheck(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options &o = {})
{ return tp_gradcheck_with(fn, arg, inputs, n, &o); }
inline tp_status tp_gradgradcheck(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options &o = {})
{ return tp_gradgradcheck_with(fn, arg, inputs, n, &o); }
inline tp_status tp_vjp(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *v, tp_tensor **y, tp_tensor **dx,
                        const tp_functional_options &o = {})
{ return tp_vjp_with(fn, arg, inputs, n, v, y, dx, &o); }
inline tp_status tp_jvp(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **dy,
                        const tp_functional_options &o = {})
{ return tp_jvp_with(fn, arg, inputs, n, v, y, dy, &o); }
inline tp_status tp_jacobian(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **jacobian, const tp_functional_options &o = {})
{ return tp_jacobian_with(fn, arg, inputs, n, jacobian, &o); }
inline tp_status tp_hessian(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **hessian, const tp_functional_options &o = {})
{ return tp_hessian_with(fn, arg, inputs, n, hessian, &o); }
inline tp_status tp_hvp(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **hv,
                        const tp_functional_options &o = {})
{ return tp_hvp_with(fn, arg, inputs, n, v, y, hv, &o); }
template <class... X> tp_tensor *tp_apply(const tp_function *f, X *...x)
{ return tp_apply_each(f, tp__list<tp_tensor>{ x..., static_cast<tp_tensor *>(TP__END) }.begin()); }
template <class... X> tp_tensor *tp_checkpoint(tp_checkpoint_fn *fn, void *arg, X *...x)
{ return tp_checkpoint_each(fn, arg, tp__list<tp_tensor>{ x..., static_cast<tp_tensor *>(TP__END) }.begin()); }
#endif

#endif
