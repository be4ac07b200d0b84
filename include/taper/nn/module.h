/* module.h: modules: running them, what they hold, and modules of your own.
 *
 *   tp_module *net = tp_sequential(tp_nn_linear(784, 128), tp_nn_relu(), tp_nn_linear(128, 10, .bias = false));
 *   tp_tensor *y = tp_forward(net, x);
 *   tp_module_free(net);
 *
 * A module owns its parameters, buffers and children; what makes one gives it to the caller, who frees the root with
 * tp_module_free or tp_free_all. Parameters, children and files are named as PyTorch names them: "0.weight".
 * While an error is unread no module is built or changed: what makes one returns NULL.
 *
 * Your own is a struct that begins with `tp_module base` (in C++: derives from tp_module):
 *
 *   typedef struct { tp_module base; tp_module *body, *head; tp_tensor *scale; } Net;
 *   Net *m = tp_module_new(Net, net_forward);
 *   if (!m) return NULL;
 *   m->body = tp_add_child(m, "body", tp_nn_linear(4, 8));
 *   m->head = tp_add_child(m, "head", tp_nn_linear(8, 2));
 *   m->scale = tp_add_parameter(m, "scale", tp_ones(TP_SHAPE(1)));
 *   return tp_module_done(m);
 *
 * None of these steps is checked: tp_module_done frees all and returns NULL if one failed. The forward is plain C; it runs in
 * a scope of its own, out of which its result escapes, so it need not open one. It must not write to the module, then many
 * threads may run one module at once in evaluation mode. tp_train, tp_eval and whatever changes a module come before that. */
#ifndef TAPER_NN_MODULE_H
#define TAPER_NN_MODULE_H

#include <taper/extend.h>

/* ---- Options ---------------------------------------------------------------------------------------------------------------- */

typedef struct tp_add_buffer_options {
    TP__HEAD(tp_add_buffer_options);
    bool persistent TP__IS(true);                      /* saved and loaded with the module */
    TP__TAIL;
} tp_add_buffer_options;
#define TP__DEFAULT_add_buffer .persistent = true,

typedef struct tp_module_load_options {
    TP__HEAD(tp_module_load_options);
    bool strict TP__IS(true);                          /* an entry that only the file or only the module has is an error */
    const char *prefix TP__IS(nullptr);                /* "model.": where in the file the state is */
    TP__TAIL;
} tp_module_load_options;
#define TP__DEFAULT_module_load .strict = true,

typedef struct tp_summary_options {
    TP__HEAD(tp_summary_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* of the input: that of the first parameter */
    FILE *out TP__IS(nullptr);                         /* stdout */
    const tp_arg *args TP__IS(nullptr);                /* n_args of them are what m is called with, and shape is not looked at */
    int n_args TP__IS(0);
    TP__TAIL;
} tp_summary_options;
#define TP__DEFAULT_summary

#define TP__EACH_NN_MODULE_OPTIONS(X) X(add_buffer) X(module_load) X(summary)

/* ---- What programs see --------------------------------------------------------------------------------------------------- */

typedef struct tp_module tp_module;
typedef tp_tensor *tp_forward_fn(tp_module *self, tp_tensor *x);
/* Any number of inputs and outputs. args: by position or by name, see tp_arg_find. Writes at most `max` outputs, tensors of
 * the scope, and how many to *n_out (neither pointer is NULL). A tensor that an op failed to make is reported by returning
 * tp_error_status(). */
typedef tp_status tp_call_fn(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out);

/* A kind of module. Fill it by designators: members are added at the end. It is copied. */
typedef struct tp_module_class {
    size_t size;                                       /* sizeof(tp_module_class) */
    const char *type;                                  /* "Linear" */
    tp_forward_fn *forward;                            /* one of these two, or both: tp_forward asks the first for it, */
    tp_call_fn *call;                                  /* tp_call the second. Neither: a holder of parameters and children */
    void (*drop)(tp_module *self);                     /* gives back what is neither parameter, buffer nor child. May be NULL */
    void (*describe)(tp_module *self, char *out, size_t size);     /* "in_features=4, out_features=2", for printing. May be NULL */
    bool opaque;                                       /* as Taper's own layers: an error inside is placed at the call of the module */
    tp_module *(*copy)(tp_module *self);               /* another one of that structure, of whatever values: tp_module_copy. May be NULL */
} tp_module_class;

/* The head of every module; its layout does not change. */
struct tp_module {
    struct tp__module { tp_object object; const tp_module_class *cls; struct tp_module_state *state; } base;
};

/* Tensors without their names, borrowed from the module until its tree changes. */
typedef tp_tensor_list tp_parameter_list;

typedef enum tp_entry_kind { TP_ENTRY_PARAMETER = 1, TP_ENTRY_BUFFER, TP_ENTRY_MODULE } tp_entry_kind;
typedef struct tp_entry {
    const char *name;                                  /* from the module that was asked: "body.2.weight"; "" is that module */
    tp_entry_kind kind;
    tp_tensor *tensor;                                 /* NULL for a module */
    tp_module *module;                                 /* the module, or the one that has the tensor */
} tp_entry;
/* Borrowed from the module until its tree changes: until something is added to it or to what is below it. */
typedef struct tp_entry_list { const tp_entry *at; int64_t n; } tp_entry_list;

/* How deep modules may be nested. */
#define TP_MAX_MODULE_DEPTH 1000
typedef void tp_module_fn(void *arg, tp_module *m);

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Modules of your own -------------------------------------------------------------------------------------------------- */

/* tp_module_new(Type, forward): a zeroed Type that begins with an empty module in training mode, named "Type"; forward may
 * be NULL for one that is not called. tp_module_new_class(Type, &cls) is the general form. To be ended by tp_module_done.
 * NULL: TP_ERR_MEMORY, TP_ERR_ARGUMENT (bytes, or a class without type or of a newer header), or an unread error. */
TP_API tp_module *tp_module_new_with(size_t bytes, const char *type, tp_forward_fn *forward);
TP_API tp_module *tp_module_new_class_with(size_t bytes, const tp_module_class *cls);
/* Returns m, or frees it and returns NULL if anything failed since tp_module_new. */
TP_API tp_module *tp_module_done(tp_module *m);
/* Gives `child` to m and returns it. The child is taken over on failure, too, and freed, unless it belongs to another module.
 * NULL: TP_ERR_ARGUMENT (child is NULL or has a parent, the name is empty, taken or has a dot, or more than TP_MAX_MODULE_DEPTH
 * modules would stand one inside the other), TP_ERR_MEMORY. */
TP_API tp_module *tp_add_child(tp_module *m, const char *name, tp_module *child);
/* Puts `child` in the place of m's child of that name, which is freed, and returns it: net->fc = tp_replace_child(net, "fc",
 * tp_nn_linear(512, 10)). An optimizer that was made before goes on with the old parameters: make it afterwards. `child` is taken over on
 * failure, too, and m is as it was. NULL: TP_ERR_ARGUMENT (as tp_add_child, or there is no such child), TP_ERR_UNSUPPORTED (m is, or is in,
 * a layer of Taper's with layers inside, or the child computes weights), TP_ERR_STATE (the child is running). */
TP_API tp_module *tp_replace_child(tp_module *m, const char *name, tp_module *child);
/* x, floating and a leaf, becomes a parameter: m holds it and it requires grad. One tensor may stand under several names.
 * Returns x, which m lends as long as it lives. NULL: TP_ERR_ARGUMENT (x is NULL, the name), TP_ERR_DTYPE, TP_ERR_STATE, TP_ERR_MEMORY. */
TP_API tp_tensor *tp_add_parameter(tp_module *m, const char *name, tp_tensor *x);
/* x becomes part of the state of m without being trained: running statistics, tables. As tp_add_parameter, of any dtype. */
TP_API tp_tensor *tp_add_buffer_with(tp_module *m, const char *name, tp_tensor *x, const tp_add_buffer_options *o);
/* Frees a module with all below it. NULL is fine; one that belongs to another, or of which something runs in this thread (a hook of it calls
 * this), is an error and stays. */
TP_API void tp_module_free(tp_module *m);

/* The argument at `position`, or the one called `name`; NULL if it is not given or TP_ARG_NONE. For a class's call. */
TP_API const tp_arg *tp_arg_find(const tp_arg *args, int n, int position, const char *name);
/* The same for a tensor: NULL, too, if it is not a tensor, and that is an error. */
TP_API tp_tensor *tp_arg_tensor(const tp_arg *args, int n, int position, const char *name);

/* ---- Running ----------------------------------------------------------------------------------------------------------------- */

/* y = forward(x), which belongs to the scope; all else that the module made dies at once. NULL for x NULL, and on any error
 * of the forward; TP_ERR_UNSUPPORTED: m has neither forward nor call. Gradients: as its ops say. Of a call's several outputs
 * it is the first. In C a macro that tells errors where it stands; `where` is a literal, "file:line: name of m", or NULL. */
TP_API tp_tensor *tp_forward(tp_module *m, tp_tensor *x);
TP_API tp_tensor *tp_forward_at(tp_module *m, tp_tensor *x, const char *where);
/* Any inputs and outputs: outs[0 .. *n_out - 1], at most max, belong to the scope; n_out may be NULL. A module with a forward
 * only takes one tensor, by position or as "input". On error outs are NULL and *n_out is 0. TP_ERR_ARGUMENT: arguments. */
TP_API tp_status tp_call(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out);
TP_API tp_status tp_call_at(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out, const char *where);

/* ---- The tree: parameters and buffers by name, each tensor once, in PyTorch's order ------------------------------------------- */

TP_API tp_parameter_list tp_parameters(tp_module *m);            /* n = 0 for NULL, and on error */
TP_API tp_entry_list tp_named_parameters(tp_module *m);
TP_API tp_entry_list tp_named_buffers(tp_module *m);
TP_API tp_entry_list tp_named_children(tp_module *m);            /* its own, not theirs */
TP_API tp_entry_list tp_named_modules(tp_module *m);             /* m itself, "", and all below it */
/* What a file of the module holds: parameters and persistent buffers under every name, tied ones included. */
TP_API tp_entry_list tp_state_dict(tp_module *m);
TP_API tp_module *tp_module_find(tp_module *m, const char *path);            /* "body.2"; NULL, without an error, if there is none */
TP_API tp_tensor *tp_module_tensor(tp_module *m, const char *path);          /* "body.2.weight", a parameter or buffer; the same. One that is
                                                                                computed (nn/parametrize.h) is so, for the scope */
TP_API const char *tp_module_type(tp_module *m);                 /* "Sequential"; "" for NULL */

/* Calls fn for all modules below m and then for m: children before what has them, in their order. fn may give them values, hooks,
 * and members of their own. It ends with the first error. TP_ERR_ARGUMENT: m or fn is NULL */
TP_API tp_status tp_module_apply(tp_module *m, tp_module_fn *fn, void *arg);

/* Modes and moves, of m and all below it. TP_ERR_ARGUMENT for NULL; refused while an error is unread. */
TP_API tp_status tp_train(tp_module *m);               /* how it begins: dropout drops */
TP_API tp_status tp_eval(tp_module *m);
TP_API bool tp_is_training(tp_module *m);
TP_API tp_status tp_module_requires_grad(tp_module *m, bool on); /* freezes or thaws all parameters, as requires_grad_; batch
                                                                    norms still gather statistics: tp_eval them */
TP_API tp_status tp_module_zero_grad(tp_module *m);              /* drops the gradients of all parameters */
/* Moves parameters, their gradients, and buffers. Handles stay, optimizers go on. All move or none. TP_ERR_DEVICE, TP_ERR_MEMORY */
TP_API tp_status tp_module_to(tp_module *m, tp_device device);
/* The same to another floating dtype; integer buffers stay. TP_ERR_DTYPE, TP_ERR_MEMORY */
TP_API tp_status tp_module_to_dtype(tp_module *m, tp_dtype dtype);

/* ---- Files and text ------------------------------------------------------------------------------------------------------------- */

/* Writes the state_dict as safetensors. The file is whole or, on error, as it was. Refused while an error is unread.
 * TP_ERR_IO, TP_ERR_MEMORY */
TP_API tp_status tp_module_save(tp_module *m, const char *path);
/* Reads what tp_module_save or PyTorch wrote, in any format of tp_file_open: safetensors, an index of several, .pt, .npz. Values are
 * cast to the module's dtypes. All or nothing: unless every entry fits nothing is changed, and the message names what is missing,
 * unexpected, or of another shape.
 * TP_ERR_IO, TP_ERR_FORMAT, TP_ERR_SHAPE (a shape that differs), TP_ERR_ARGUMENT (strict), TP_ERR_MEMORY */
TP_API tp_status tp_module_load_with(tp_module *m, const char *path, const tp_module_load_options *o);
TP_API void tp_module_print(tp_module *m);             /* to stdout, as PyTorch prints, and a newline */
TP_API tp_status tp_module_fprint(FILE *out, tp_module *m);
/* Runs zeros of `shape`, or .args, through m in evaluation mode and without recording, and prints a table of m and what is below it, in the
 * order of tp_named_modules: outputs, parameters of its own (one that is tied: of the first that has it), products and memory. A module
 * that was called several times has its number of calls, the last outputs, and the products and memory of all. "-": not called, or in the
 * rows below. MACs, multiplications that are added up, are those of Linear, Bilinear, convolution, recurrent and attention layers;
 * others of Taper's count as none, and what modules of your own compute themselves is not seen. Memory is that of outputs; one that
 * shares its memory with an input has none. TP_ERR_ARGUMENT, TP_ERR_IO, TP_ERR_MEMORY, or an error of the forward */
TP_API tp_status tp_summary_with(tp_module *m, tp_shape shape, const tp_summary_options *o);

/* ---- Containers ----------------------------------------------------------------------------------------------------------------------- */

/* The children one after the other, named "0", "1", ... It owns them, also on failure: if one is NULL, or belongs to another
 * module, it frees those that are its own and returns NULL. tp_sequential_each: up to TP__END. */
TP_API tp_module *tp_sequential_each(tp_module *const *children);
/* The same for forwards of your own: it has no forward. tp_nn_module_list(a, b), in C. */
TP_API tp_module *tp_nn_module_list_each(tp_module *const *children);
TP_API tp_module *tp_nn_module_dict(void);             /* to be filled by tp_add_child */
TP_API tp_module *tp_nn_parameter_list(tp_tensor_list tensors);          /* parameters "0", "1", ... */
TP_API tp_module *tp_nn_parameter_dict(void);          /* to be filled by tp_add_parameter */
/* Gives `child` to a Sequential or list under the next number, as tp_add_child. */
TP_API tp_module *tp_module_append(tp_module *list, tp_module *child);

/* ---- By name -------------------------------------------------------------------------------------------------------------------------- */

/* Any layer by PyTorch's name for it, with its constructor's arguments by position or PyTorch's name: "Conv2d", 3, 8,
 * "kernel_size" 3, "bias" false. Modules among the arguments (of "Sequential") are taken over, also on failure.
 * TP_ERR_UNSUPPORTED: no such layer; TP_ERR_ARGUMENT: an argument that it does not take, or lacks. */
TP_API tp_module *tp_module_build(const char *type, const tp_arg *args, int n);
TP_API const char *tp_module_type_at(int i);           /* the names that it knows, from 0 on; NULL at the end */
/* What the constructor of that layer takes, in the words of registry.h: "Softplus(float beta=1, float threshold=20)"; NULL: none */
TP_API const char *tp_module_schema(const char *type);
/* Another module like m, with the same values in memory of its own: parameters, buffers, modes; hooks stay behind. The caller frees it.
 * TP_ERR_UNSUPPORTED: m, or one below it, is of a class of your own that has no copy, or was given more than its constructor makes. */
TP_API tp_module *tp_module_copy(tp_module *m);

#ifdef __cplusplus
}
#endif

/* ---- Macros in C, overloads in C++ ------------------------------------------------------------------------------------------------ */

#ifndef __cplusplus

/* m: a tp_module *, or a pointer to a struct that begins with `tp_module base`. Anything else does not compile. */
#define TP_MODULE(m) ((void)_Generic((m)->base, tp_module: 0, struct tp__module: 0), (tp_module *)(void *)(m))
/* The size of Type, which must begin with `tp_module base`: an array of -1 elements says when it does not. */
#define TP__MODULE_SIZE(Type) (_Generic(((Type *)0)->base, tp_module: sizeof(Type)) * sizeof(char[offsetof(Type, base) == 0 ? 1 : -1]))

#define tp_module_new(Type, forward)   ((Type *)tp_module_new_with(TP__MODULE_SIZE(Type), #Type, forward))
#define tp_module_new_class(Type, cls) ((Type *)tp_module_new_class_with(TP__MODULE_SIZE(Type), cls))
#define tp_module_done(m)              ((void *)tp_module_done(TP_MODULE(m)))
#define tp_add_child(m, name, child)   ((void *)tp_add_child(TP_MODULE(m), name, TP_MODULE(child)))
#define tp_replace_child(m, name, child) ((void *)tp_replace_child(TP_MODULE(m), name, TP_MODULE(child)))
#define tp_add_parameter(m, name, x)   tp_add_parameter(TP_MODULE(m), name, x)
#define tp_add_buffer(...) tp__add_buffer(__VA_ARGS__, )
#define tp__add_buffer(m, name, x, ...) TP__DEFAULTS(tp_add_buffer_with(TP_MODULE(m), name, x, TP__OPTIONS(add_buffer, __VA_ARGS__)))
#define tp_module_free(m)              tp_module_free(TP_MODULE(m))

#define tp_forward(m, x)               tp_forward_at(TP_MODULE(m), x, TP__HERE #m)
/* (m, args, n, outs, max, n_out): what follows m is not named, so that args may be an array that is written in the call */
#define tp_call(m, ...)                tp_call_at(TP_MODULE(m), __VA_ARGS__, TP__HERE #m)

#define tp_parameters(m)               tp_parameters(TP_MODULE(m))
#define tp_named_parameters(m)         tp_named_parameters(TP_MODULE(m))
#define tp_named_buffers(m)            tp_named_buffers(TP_MODULE(m))
#define tp_named_children(m)           tp_named_children(TP_MODULE(m))
#define tp_named_modules(m)            tp_named_modules(TP_MODULE(m))
#define tp_state_dict(m)               tp_state_dict(TP_MODULE(m))
#define tp_module_find(m, path)        tp_module_find(TP_MODULE(m), path)
#define tp_module_tensor(m, path)      tp_module_tensor(TP_MODULE(m), path)
#define tp_module_type(m)              tp_module_type(TP_MODULE(m))
#define tp_train(m)                    tp_train(TP_MODULE(m))
#define tp_eval(m)                     tp_eval(TP_MODULE(m))
#define tp_is_training(m)              tp_is_training(TP_MODULE(m))
#define tp_module_apply(m, fn, arg)    tp_module_apply(TP_MODULE(m), fn, arg)
#define tp_module_requires_grad(m, on) tp_module_requires_grad(TP_MODULE(m), on)
#define tp_module_zero_grad(m)         tp_module_zero_grad(TP_MODULE(m))
#define tp_module_to(m, device)        tp_module_to(TP_MODULE(m), device)
#define tp_module_to_dtype(m, dtype)   tp_module_to_dtype(TP_MODULE(m), dtype)
#define tp_module_save(m, path)        tp_module_save(TP_MODULE(m), path)
#define tp_module_load(...) tp__module_load(__VA_ARGS__, )
#define tp__module_load(m, path, ...) TP__DEFAULTS(tp_module_load_with(TP_MODULE(m), path, TP__OPTIONS(module_load, __VA_ARGS__)))
#define tp_module_copy(m)              tp_module_copy(TP_MODULE(m))
#define tp_module_append(list, child)  ((void *)tp_module_append(TP_MODULE(list), TP_MODULE(child)))
#define tp_module_print(m)             tp_module_print(TP_MODULE(m))
#define tp_module_fprint(out, m)       tp_module_fprint(out, TP_MODULE(m))
#define tp_summary(...) tp__summary(__VA_ARGS__, )
#define tp__summary(m, shape, ...) TP__DEFAULTS(tp_summary_with(TP_MODULE(m), shape, TP__OPTIONS(summary, __VA_ARGS__)))

#define tp_sequential(...) tp_sequential_each((tp_module *[]){ __VA_ARGS__, TP__END })
#define tp_nn_module_list(...) tp_nn_module_list_each((tp_module *[]){ __VA_ARGS__, TP__END })

#else

/* No constructor and no destructor of T is run: its memory begins as zeros, and is given back as it is. */
template <class T> T *tp_module_new(const char *type, tp_forward_fn *forward)
{
    static_assert(std::is_base_of<tp_module, T>::value, "a module derives from tp_module");
    static_assert(std::is_trivially_destructible<T>::value, "what needs a destructor goes through tp_module_class.drop");
    return static_cast<T *>(tp_module_new_with(sizeof(T), type, forward));
}
template <class T> T *tp_module_new_class(const tp_module_class *cls)
{
    static_assert(std::is_base_of<tp_module, T>::value, "a module derives from tp_module");
    return static_cast<T *>(tp_module_new_class_with(sizeof(T), cls));
}
template <class T> using tp__derived = typename std::enable_if<!std::is_same<T, tp_module>::value && std::is_base_of<tp_module, T>::value>::type;
template <class T, class = tp__derived<T>> T *tp_module_done(T *m)
{ return static_cast<T *>(tp_module_done(static_cast<tp_module *>(m))); }
template <class T, class = tp__derived<T>> T *tp_add_child(tp_module *m, const char *name, T *child)
{ return static_cast<T *>(tp_add_child(m, name, static_cast<tp_module *>(child))); }
template <class T, class = tp__derived<T>> T *tp_replace_child(tp_module *m, const char *name, T *child)
{ return static_cast<T *>(tp_replace_child(m, name, static_cast<tp_module *>(child))); }
inline tp_tensor *tp_add_buffer(tp_module *m, const char *name, tp_tensor *x, const tp_add_buffer_options &o = {})
{ return tp_add_buffer_with(m, name, x, &o); }
inline tp_status tp_module_load(tp_module *m, const char *path, const tp_module_load_options &o = {}) { return tp_module_load_with(m, path, &o); }
inline tp_status tp_summary(tp_module *m, tp_shape shape, const tp_summary_options &o = {}) { return tp_summary_with(m, shape, &o); }
template <class... M> tp_module *tp_sequential(M *...m)
{ return tp_sequential_each(tp__list<tp_module>{ m..., static_cast<tp_module *>(TP__END) }.begin()); }
template <class... M> tp_module *tp_nn_module_list(M *...m)
{ return tp_nn_module_list_each(tp__list<tp_module>{ m..., static_cast<tp_module *>(TP__END) }.begin()); }

#endif
#endif
