/* op.h: what an op is, what a call of it is, and what a backend gives.
 *
 * An op is described in one place, the file of its family in src/ops/. A call goes: inputs are checked, the shape rule checks
 * shapes and dtypes and makes the outputs, the kernel of the device fills them, and a node is put on the tape if an input
 * needs a gradient. Kernels are asked for by name; no list of ops crosses the line to a backend. */
#ifndef TP__OP_H
#define TP__OP_H

#include "core/backend.h"
#include "core/thread.h"

/* ---- A call ----------------------------------------------------------------------------------------------------------------- */

/* Inputs stand by position of the schema: in[i] is argument i, NULL when it is absent or no tensor. Where the schema has a
 * tensor list, its members take its place and the rest moves up. Attributes are a struct of the op's own whose members are
 * the schema's other arguments, in order: bool, int64_t (int), double (float), tp_operand (number), tp_dtype, tp_device,
 * int32_t (string of choices: 1 + its place, 0 absent), int64_t[n] (int[n]), tp__ints (int[]), tp__floats (float[]); and, for
 * composed ops alone, since they are borrowed for the call: tp__int_list (int[+]), const char * (string), const tp_arg * (any).
 * So a schema alone tells how to fill it. */
struct tp__call {
    const tp_op *op;
    tp_tensor *const *in;
    int n_in;
    tp_device device;                                  /* of the outputs; 0 is that of the inputs. A shape rule may set it */
    int n_out, max_out;
    tp_tensor **out;                                   /* made by the shape rule, filled by the kernel */
    const void *attr;
    uint64_t need;                                     /* bit i: argument i needs a gradient, and we record. 0: no node is made */
    uint64_t keep_shape;                               /* bit i: the rule wants the shape of in[i] (i < 64) */
    void *scratch;                                     /* of the shape rule, for the kernel */
    bool mixed, takes_host_values;                     /* 0-dim tensors of the CPU stand beside a device's; the shape rule takes them */
    bool complex;                                      /* an input is of complex numbers, which the op takes */
};

/* ---- Backends (core/backend.h) ------------------------------------------------------------------------------------------------------- */

enum { TP__BACKEND_CPU, TP__BACKEND_CUDA, TP__BACKENDS };
static inline int tp__backend_of(tp_device device) { return device == TP_CPU ? TP__BACKEND_CPU : TP__BACKEND_CUDA; }
tp_status tp__no_device(const char *op, tp_device device);      /* the error of who found none */
const tp_backend *tp__backend(tp_device device);       /* NULL: it is not there */
tp_status tp__not_while_recording(const char *op);     /* an error where this thread records a graph */
const tp_backend *tp__cuda(void);                      /* the same for no device of it; NULL */
/* bytes from one device to another, in order with the current streams; what holds the memory, for its lifetime. */
tp_status tp__copy_bytes(const tp_tensor *dst, const tp_tensor *src, bool non_blocking);
bool tp__may_use_tf32(void);                           /* tp_get_float32_precision, for a backend */
extern const tp_backend tp__cpu_backend;
extern const tp_kernel *const tp__cpu_tables[];        /* made by the Makefile from src/cpu/ */

/* ---- An op ------------------------------------------------------------------------------------------------------------------------- */

typedef tp_status tp_backward_fn(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx);

/* What the rule wants saved: input or output `index`, if any of the arguments in `when` needs a gradient (0: any at all). */
typedef struct tp__save { uint8_t from, index; uint64_t when; } tp__save;
enum { TP__SAVE_INPUT = 1, TP__SAVE_OUTPUT };
#define TP__INPUT(i, when) { TP__SAVE_INPUT, i, when }
#define TP__OUTPUT(i)      { TP__SAVE_OUTPUT, i, 0 }
#define TP__MAX_SAVES 6

enum {
    TP__INPLACE      = 1,                              /* writes and returns in[0] */
    TP__VIEW         = 2,                              /* outputs share in[0]'s memory, by the shape rule */
    TP__NO_GRAD_OP   = 4,                              /* its outputs never need a gradient */
    TP__INTERNAL     = 8,                              /* no PyTorch user calls it: a fused backward, a step */
    TP__RANDOM       = 16,                             /* draws numbers */
    TP__RELAYS       = 32,                             /* in place, but changes in[0]'s geometry and no element */
    TP__ANY_DEVICE   = 64,                             /* its inputs may be on several devices */
};

#define TP__MAX_ARGS 26
enum { TP__TYPE_TENSOR = 1, TP__TYPE_TENSORS, TP__TYPE_BOOL, TP__TYPE_INT, TP__TYPE_INTS, TP__TYPE_INT_N, TP__TYPE_FLOAT, TP__TYPE_NUMBER,
       TP__TYPE_DTYPE, TP__TYPE_CHOICE, TP__TYPE_DEVICE, TP__TYPE_FLOATS, TP__TYPE_INT_LIST, TP__TYPE_STRING, TP__TYPE_ANY };
typedef struct tp__param {                             /* one argument of a parsed schema */
    char name[28];
    uint8_t type, length;                              /* length: n of int[n] */
    bool optional, keyword_only, written, or_number, has_default;
    const char *choices;                               /* into the schema: "none,mean,sum}" */
    uint16_t offset, bytes;                            /* in the attributes */
    union { int64_t i; double d; tp_operand number; tp__ints ints; } value;          /* the default */
} tp__param;

/* What an op learns at run time: its parsed schema, and its kernel on each backend. */
typedef struct tp__op_state {
    _Atomic int ready;
    _Atomic(const tp_kernel *) kernel[TP__BACKENDS];
    char name[64];                                     /* "max.dim" */
    char base_name[48];                                /* "max", as users and messages call it */
    const char *family;                                /* the file of src/ops/, without ".c"; set when the registry is gathered */
    int n_params, n_results, list_at;                  /* list_at: which is a tensor list, or -1 */
    int last_tensor;                                   /* the last argument that is a tensor, or -1 */
    size_t attr_bytes;
    uint8_t autocast[TP__BACKENDS];                    /* what it does to the inputs: ops/autocast.c */
    uint8_t complex;                                   /* TP__COMPLEX_..: whether it takes complex numbers, and how: ops/complex_ops.c */
    _Atomic(const tp_kernel *) complex_kernel[TP__BACKENDS];
    tp__param params[TP__MAX_ARGS];
} tp__op_state;

/* Complex inputs are refused; go where real ones go, since elements are only moved, or the op is made of others; go to a kernel of their own,
 * complex_NAME; or go to the real kernel twice, as real parts and as imaginary ones, since it is linear and reads any strides. */
enum { TP__COMPLEX_NO, TP__COMPLEX_AS_IS, TP__COMPLEX_OWN, TP__COMPLEX_PARTS };

typedef struct tp_sample_set tp_sample_set;            /* ops/samples.h */

struct tp_op {
    const char *schema;
    uint32_t flags;
    const char *kernel;                                /* the name asked of the backend; NULL: the op's */
    tp_status (*shape)(tp__call *call);
    tp_status (*forward)(tp__call *call);               /* NULL: the kernel alone */
    tp_status (*compose)(tp__call *call);               /* made of other ops, which record themselves: no shape, kernel or rule */
    const tp_op *out_of_place;                         /* of an in-place form: the op whose result tp__in_place_by_copy writes */
    tp_backward_fn *backward;                          /* of ops, so that it can be recorded in turn */
    tp_backward_fn *backward_fused;                    /* the same by fused kernels, when it is not recorded; may be NULL */
    tp__save saves[TP__MAX_SAVES];
    size_t attr_size;
    void (*samples)(tp_sample_set *set);               /* inputs to test it with */
    tp__op_state *state;                               /* TP__STATE */
};
#define TP__STATE (&(tp__op_state){ .ready = 0 })
static inline int tp__count_saves(const tp_op *op)
{
    int n = 0;
    while (n < TP__MAX_SAVES && op->saves[n].from) n++;
    return n;
}

void tp__op_prepare(const tp_op *op);                  /* parses the schema, once */
int32_t tp__choice(const tp__param *param, const char *value);           /* 1 + the place of value among its choices; 0: none of them */
static inline tp__op_state *tp__state(const tp_op *op)
{
    if (__builtin_expect(!atomic_load_explicit(&op->state->ready, memory_order_acquire), 0)) tp__op_prepare(op);
    return op->state;
}
const tp_kernel *tp__kernel_find(const tp_op *op, tp_device device);     /* NULL: TP_ERR_UNSUPPORTED */
static inline const tp_kernel *tp__kernel(const tp_op *op, tp_device device)
{
    const tp_kernel *kernel = atomic_load_explicit(&op->state->kernel[tp__backend_of(device)], memory_order_acquire);
    return __builtin_expect(!!kernel, 1) ? kernel : tp__kernel_find(op, device);
}

/* The kernel for a call with complex inputs, where the op has one of its own. */
const tp_kernel *tp__complex_kernel(const tp_op *op, tp_device device);

/* ---- For shape rules ------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape);      /* the next output, contiguous; NULL: an error */
tp_tensor *tp__out_like(tp__call *call, tp_tensor *x, tp_dtype dtype);    /* x's shape, and its layout if it is dense */
tp_tensor *tp__out_view(tp__call *call, tp_tensor *x, int ndim, const int64_t *shape, const int64_t *stride, int64_t offset);
tp_tensor *tp__out_made(tp__call *call, tp_tensor *y); /* y, which was made for it, is the next output; NULL goes through */
tp_status tp__call_fail(const tp__call *call, tp_status code, const char *format, ...) TP__PRINTF(3, 4);    /* with the op's name */

#endif
