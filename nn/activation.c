/* activation.c: layers that are one function of their input, without parameters: a row each. */
#include "layer.h"

static tp_tensor *itself(tp_tensor *x) { return x; }

/* constructor, PyTorch's name, the function, whether PyTorch has an `inplace` for it */
#define EACH_ACTIVATION(X) \
    X(relu,     "ReLU",     tp_relu,    true) \
    X(tanh,     "Tanh",     tp_tanh,    false) \
    X(sigmoid,  "Sigmoid",  tp_sigmoid, false) \
    X(identity, "Identity", itself,     false)

#define ACTIVATION(name, text, function, has_inplace) \
    static tp_tensor *name##_forward(tp_module *self, tp_tensor *x) { (void)self; return function(x); } \
    static const tp_module_class name##_class = { .size = sizeof(tp_module_class), .opaque = true, .type = text, .forward = name##_forward }; \
    tp_module *tp_nn_##name(void) { return tp_module_new_class_with(sizeof(tp_module), &name##_class); } \
    static tp_module *name##_make(const void *given) { (void)given; return tp_nn_##name(); } \
    const tp__layer tp__layer_##name = { text, { { has_inplace ? "inplace" : NULL, TP__PARAM_FALSE, 0, false } }, NULL, 0, name##_make };
EACH_ACTIVATION(ACTIVATION)

/* ---- Softmax and its logarithm: one function of the input and a dim ------------------------------------------------------------ */

typedef struct along { tp_module base; int dim; } along;

static void along_describe(tp_module *self, char *out, size_t size) { snprintf(out, size, "dim=%d", ((along *)self)->dim); }

static tp_module *along_new(const tp_module_class *cls, int dim)
{
    along *m = tp_module_new_class(along, cls);
    if (!m) return NULL;
    m->dim = dim;
    return tp_module_done(m);
}

#define EACH_ALONG(X) X(softmax, "Softmax") X(log_softmax, "LogSoftmax")

#define ALONG(name, text) \
    static tp_tensor *name##_forward(tp_module *self, tp_tensor *x) { return tp_##name(x, ((along *)self)->dim); } \
    static const tp_module_class name##_class = { \
        .size = sizeof(tp_module_class), .opaque = true, .type = text, .forward = name##_forward, .describe = along_describe }; \
    tp_module *tp_nn_##name(int dim) { return along_new(&name##_class, dim); } \
    static tp_module *name##_make(const void *given) { return tp_nn_##name(*(const int *)given); } \
    const tp__layer tp__layer_##name = { text, { { "dim", TP__PARAM_DIM, 0, true } }, &(const int){ 0 }, sizeof(int), name##_make };
EACH_ALONG(ALONG)
