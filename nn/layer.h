/* layer.h: how a layer is described: one row, in the table tp__nn_FAMILY[] at the end of nn/FAMILY.c. The Makefile joins the tables.
 *
 * A row begins with the schema of the constructor, in PyTorch's names and order:
 *
 *   "Softplus(float beta=1, float threshold=20)"
 *
 * Types, and what the module's struct has for them: bool; int (int64_t); float (double); string{a,b,c} (int32_t, from 1 on); dtype;
 * device; bool? (int32_t: tp__unset, tp__no, tp__yes); int[n] (int64_t[3], of which one number fills all n); padding[n] (the same; "valid" is
 * 0 and "same" TP_SAME); int[] (tp__int_values); float[] (tp__float_values); Tensor; buffer (a tensor that becomes one of the module's); module.
 * `?` or `=none` allows None, which is TP_NONE, NAN, NULL, 0 or n = -1. After `*` arguments go by name. A schema that ends in ... ignores
 * the arguments that it does not name.
 *
 * The struct begins with `tp_module base`, and then has these members in the order of the schema; more may follow. A layer that only
 * calls an op says its name in .op and needs no code: the first input goes by position, and the other inputs and every argument,
 * parameter and buffer whose name the op's schema has go by name. */
#ifndef TP__NN_LAYER_H
#define TP__NN_LAYER_H

#include <taper/nn.h>

typedef struct tp__int_values { int64_t n, v[TP_MAX_DIMS]; } tp__int_values;
typedef struct tp__float_values { int64_t n; double v[TP_MAX_DIMS]; } tp__float_values;
enum { tp__unset = 0, tp__no, tp__yes };

typedef struct tp__layer_state tp__layer_state;
typedef struct tp__layer {
    const char *schema;
    size_t bytes;                                      /* of the struct; 0: the members of the schema are all */
    tp_status (*init)(tp_module *self);                /* checks the members, adds parameters and buffers. May be NULL */
    tp_forward_fn *forward;
    tp_call_fn *call;
    void (*drop)(tp_module *self);
    const char *op;                                    /* instead of forward and call */
    const char *inputs;                                /* of op: "input, target, var?"; NULL: "input" */
    const char *shows;                                 /* what is printed: "p, inplace". :p without its name, ?p if it is not the default,
                                                          #p as a tuple */
    void (*describe)(tp_module *self, char *out, size_t size);
    bool training;                                     /* the op has an argument of that name: the module's mode */
    int dims;                                          /* of a family that comes in one to three */
    tp_module *(*build)(const tp_arg *args, int n);    /* a container: makes itself of modules, which it frees on failure */
    tp__layer_state *state;                            /* TP__LAYER, read from the schema when it is first needed */
} tp__layer;

enum { TP__MOST_FIELDS = 16, TP__WORDS = 160 };
typedef enum tp__field_type {
    TP__FIELD_BOOL, TP__FIELD_MAYBE, TP__FIELD_INT, TP__FIELD_FLOAT, TP__FIELD_CHOICE, TP__FIELD_DTYPE, TP__FIELD_DEVICE, TP__FIELD_INT_N,
    TP__FIELD_PADDING, TP__FIELD_INTS, TP__FIELD_FLOATS, TP__FIELD_TENSOR, TP__FIELD_BUFFER, TP__FIELD_MODULE
} tp__field_type;
typedef struct tp__field {
    char name[24];
    tp__field_type type;
    int length;                                        /* of int[n] */
    bool optional, required, by_name, to_op;
    size_t offset, bytes;                              /* in the struct */
    const char *choices;                               /* words that end in 0, the last in two */
    const char *initial;                               /* the default, in the schema */
} tp__field;

struct tp__layer_state {
    tp__field fields[TP__MOST_FIELDS];
    int n;
    size_t bytes;                                      /* of the struct as far as the schema fills it */
    bool open;                                         /* ... */
    char type[32], words[TP__WORDS];
    const tp_op *op, *op_inplace;
    _Atomic int ready;
};
#define TP__LAYER .state = &(tp__layer_state){ .n = 0 }

/* ---- schema.c ------------------------------------------------------------------------------------------------------------------- */

const tp__layer_state *tp__layer_prepare(const tp__layer *layer);
/* Writes the arguments over the defaults in m. TP_ERR_ARGUMENT says which does not fit. */
tp_status tp__fields_fill(const tp__layer *layer, tp_module *m, const tp_arg *args, int n);
tp_arg tp__field_arg(const tp__field *field, const tp_module *m);        /* what it holds; lives as long as m */
const tp__field *tp__field_find(const tp__layer_state *s, const char *name);        /* NULL: there is none */
tp_arg tp__argument_of(const tp_module *m, const char *name);            /* of m's layer, by name; TP_ARG_NONE, all zero: it has none */
/* Whether an op's schema has a parameter of that name, which is a tensor, or is none. */
bool tp__op_takes(const char *schema, const char *name, bool tensor);
const char *tp__word(const tp__field *field, int32_t choice);            /* of a string{..}; NULL for 0 */
tp_status tp__field_set_word(tp_module *m, const char *name, const char *word);     /* of a string{..} */
void tp__fields_describe(const tp__layer *layer, const tp_module *m, char *out, size_t size);

/* ---- build.c: constructors ----------------------------------------------------------------------------------------------------- */

/* The layer of that type. Modules among the arguments are taken over, also on failure. */
tp_module *tp__layer_make(const char *type, const tp_arg *args, int n);
#define TP__MAKE(type, ...) tp__layer_make(type, (const tp_arg[]){ __VA_ARGS__ }, (int)(sizeof((const tp_arg[]){ __VA_ARGS__ }) / sizeof(tp_arg)))

/* Frees the modules among the arguments that no module has. */
void tp__free_modules(const tp_arg *args, int n);

/* Arguments for it, by the parameter's name. */
#define TP__WITH_INT(word, v)    { .name = #word, .kind = TP_ARG_INT, .value.integer = (v) }
#define TP__WITH_REAL(word, v)   { .name = #word, .kind = TP_ARG_FLOAT, .value.real = (v) }
#define TP__WITH_BOOL(word, v)   { .name = #word, .kind = TP_ARG_BOOL, .value.boolean = (v) }
#define TP__WITH_STRING(word, v) { .name = #word, .kind = TP_ARG_STRING, .value.string = (v) }
#define TP__WITH_CHILD(word, v)  { .name = #word, .kind = TP_ARG_MODULE, .value.module = (v) }
#define TP__WITH_SIZES(word, n_, v) { .name = #word, .kind = TP_ARG_INTS, .n = (n_), .value.ints = (v) }
/* Absent where the value is that of "not given". */
#define TP__WITH_INT_OR_NONE(word, v) { .name = #word, .kind = (v) == TP_NONE ? TP_ARG_NONE : TP_ARG_INT, .value.integer = (v) }
#define TP__WITH_REAL_UNLESS(word, v, none) { .name = #word, .kind = (none) ? TP_ARG_NONE : TP_ARG_FLOAT, .value.real = (v) }
/* Sizes of 1 to 3 dims: each of its own, each_hw or each_dhw, where one is given, else the one for all. */
#define TP__OWN(own, all) ((own) == TP_NONE ? (all) : (own))
#define TP__WITH_1(word, all, each) TP__WITH_SIZES(word, 1, ((const int64_t[]){ all }))
#define TP__WITH_2(word, all, each) \
    TP__WITH_SIZES(word, 2, ((const int64_t[]){ TP__OWN(each##_hw[0], all), TP__OWN(each##_hw[1], all) }))
#define TP__WITH_3(word, all, each) \
    TP__WITH_SIZES(word, 3, ((const int64_t[]){ TP__OWN(each##_dhw[0], all), TP__OWN(each##_dhw[1], all), TP__OWN(each##_dhw[2], all) }))
#define TP__WITH_TENSOR(word, v) { .name = #word, .kind = (v) ? TP_ARG_TENSOR : TP_ARG_NONE, .value.tensor = (v) }
#define TP__WITH_PLACE(o) { .name = "device", .kind = (o).device ? TP_ARG_DEVICE : TP_ARG_NONE, .value.device = (o).device }, \
                     { .name = "dtype", .kind = (o).dtype ? TP_ARG_DTYPE : TP_ARG_NONE, .value.dtype = (o).dtype }

/* `o` becomes the options: the defaults, and what was given over them. */
#define TP__TAKE(name, o, given) \
    tp_##name##_options o = TP__BRACES(name, ); \
    if (tp_options_take(#name, &o, given, offsetof(tp_##name##_options, tp__end)) != TP_OK) return NULL

/* ---- For .init: parameters and buffers of the dtype and on the device that the members `dtype` and `device` say -------------------- */

tp_tensor *tp__add_uniform(tp_module *m, const char *name, tp_shape shape, double bound);    /* between -bound and bound */
tp_tensor *tp__add_normal(tp_module *m, const char *name, tp_shape shape);
tp_tensor *tp__add_full(tp_module *m, const char *name, tp_shape shape, double value);
tp_tensor *tp__add_statistic(tp_module *m, const char *name, tp_shape shape, double value);  /* a buffer */
tp_status tp__misfit(const tp_module *m, const char *format, ...) TP__PRINTF(2, 3);          /* TP_ERR_ARGUMENT, "Type: ..." */

/* ---- op_layer.c: for .call ---------------------------------------------------------------------------------------------------------------- */

/* Arguments by position or name into their places: out[i] for the i-th of `names`, "input, hx?"; NULL where not given. An error: one
 * that is not named, or missing without a `?`. */
tp_status tp__inputs(const tp_module *m, const char *names, const tp_arg *args, int n, const tp_arg **out);
tp_tensor *tp__input_tensor(const tp_module *m, const tp_arg *arg, const char *name);        /* NULL for none; an error for another kind */
tp_status tp__op_layer_call(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out);

#endif
