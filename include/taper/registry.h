/* registry.h: every op by its name, for bindings, graph files, tests and tools.
 *
 * An op is described by its schema, in PyTorch's words:
 *   "softmax(Tensor input, int dim, dtype dtype=none) -> Tensor"
 * Types: Tensor, Tensor[], bool, int, int[] (at most 8), int[2] (a single int counts for both), int[+] (any number of them),
 * float, float[], number (bool, int or float), dtype, device, string, string{a,b,c} (one of these; layouts and memory formats
 * too), any (of every kind: an index). `Tensor!` is written in place. `?` after a type or `=none` means that it may be absent.
 * After `*` arguments are given by name. A number is taken where the schema says Tensor, if that marks it `Tensor|number`.
 * Several ops may share a name as overloads, "max(..)" and "max.dim(..)"; tp_op_call tries them in turn. */
#ifndef TAPER_REGISTRY_H
#define TAPER_REGISTRY_H

#include <taper/core.h>

typedef struct tp_op tp_op;

typedef enum tp_arg_kind {
    TP_ARG_NONE = 0, TP_ARG_BOOL, TP_ARG_INT, TP_ARG_FLOAT, TP_ARG_STRING, TP_ARG_DTYPE, TP_ARG_DEVICE, TP_ARG_LAYOUT, TP_ARG_MEMORY_FORMAT,
    TP_ARG_BOOLS, TP_ARG_INTS, TP_ARG_FLOATS, TP_ARG_TENSOR, TP_ARG_TENSORS, TP_ARG_LIST, TP_ARG_SLICE, TP_ARG_ELLIPSIS, TP_ARG_MODULE
} tp_arg_kind;

/* An argument by position (name NULL) or by name. Arrays, strings and tensors are borrowed for the call. */
typedef struct tp_arg {
    const char *name;
    tp_arg_kind kind;
    int32_t n;                                         /* of bools, ints, floats, tensors, list */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *string;                            /* also layout and memory_format, by name */
        tp_dtype dtype;
        tp_device device;
        const bool *bools;
        const int64_t *ints;
        const double *floats;
        tp_tensor *tensor;
        tp_tensor *const *tensors;
        const struct tp_arg *list;
        struct { int64_t start, stop, step; } slice;   /* TP_NONE: not given */
        struct tp_module *module;
    } value;
} tp_arg;

#ifdef __cplusplus
extern "C" {
#endif

TP_API int tp_op_count(void);
TP_API const tp_op *tp_op_at(int i);                   /* 0 <= i < tp_op_count(), sorted by name; else NULL */
TP_API const tp_op *tp_op_find(const char *name);      /* the full name with its overload, else the first of that name, or the one that PyTorch
                                                          has by that name too ("arccos" is acos); NULL */
TP_API const char *tp_op_name(const tp_op *op);        /* "max.dim" */
TP_API const char *tp_op_family(const tp_op *op);      /* "matmul": the file of src/ops that describes it */
TP_API const char *tp_op_schema(const tp_op *op);
TP_API bool tp_op_is_internal(const tp_op *op);        /* made for rules and optimizers: a backward, a step */
TP_API bool tp_op_is_differentiable(const tp_op *op);
TP_API bool tp_op_takes_complex(const tp_op *op);      /* others refuse complex tensors: TP_ERR_DTYPE */

/* Calls an op. outputs[0 .. *n_outputs - 1] belong to the scope; n_outputs may be NULL. On error outputs are NULL and
 * *n_outputs is 0. TP_ERR_UNSUPPORTED: no such op; TP_ERR_ARGUMENT: no overload takes these arguments. */
TP_API tp_status tp_op_call(const char *name, const tp_arg *args, int n_args, tp_tensor **outputs, int max_outputs, int *n_outputs);
TP_API tp_status tp_op_invoke(const tp_op *op, const tp_arg *args, int n_args, tp_tensor **outputs, int max_outputs, int *n_outputs);

#ifdef __cplusplus
}
#endif

#endif
