/* dropout.c: in training, zeros at random. */
#include "layer.h"

typedef struct dropout { tp_module base; double p; } dropout;

static tp_tensor *dropout_forward(tp_module *self, tp_tensor *x)
{
    return tp_dropout(x, ((dropout *)self)->p, tp_is_training(self));
}

static void dropout_describe(tp_module *self, char *out, size_t size)
{
    snprintf(out, size, "p=%g, inplace=False", ((dropout *)self)->p);
}

static const tp_module_class dropout_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "Dropout", .forward = dropout_forward, .describe = dropout_describe,
};

tp_module *tp_nn_dropout(double p)
{
    if (!(p >= 0 && p <= 1)) return tp_fail(TP_ERR_ARGUMENT, "nn_dropout: probability %g is not between 0 and 1", p), NULL;
    dropout *m = tp_module_new_class(dropout, &dropout_class);
    if (!m) return NULL;
    m->p = p;
    return tp_module_done(m);
}

static tp_module *make(const void *given) { return tp_nn_dropout(*(const double *)given); }

const tp__layer tp__layer_dropout = {
    "Dropout", { { "p", TP__PARAM_FLOAT, 0, false }, { "inplace", TP__PARAM_FALSE, 0, false } }, &(const double){ 0.5 }, sizeof(double), make,
};
