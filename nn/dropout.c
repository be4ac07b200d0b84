/* dropout.c: in training, zeros at random. */
#include "layer.h"

typedef struct dropout { tp_module base; double p; bool inplace; } dropout;

static tp_status dropout_init(tp_module *self)
{
    const double p = ((dropout *)self)->p;
    return p >= 0 && p <= 1 ? TP_OK : tp__misfit(self, "probability %g is not between 0 and 1", p);
}

static tp_tensor *dropout_forward(tp_module *self, tp_tensor *x)
{
    const dropout *m = (const dropout *)self;
    return m->inplace ? tp_dropout_(x, m->p, tp_is_training(self)) : tp_dropout(x, m->p, tp_is_training(self));
}

#define IN_C(name, type) tp_module *tp_nn_##name(double p) { return TP__MAKE(type, TP__WITH_REAL(p, p)); }
IN_C(dropout, "Dropout")
IN_C(dropout1d, "Dropout1d")
IN_C(dropout2d, "Dropout2d")
IN_C(dropout3d, "Dropout3d")
IN_C(alpha_dropout, "AlphaDropout")
IN_C(feature_alpha_dropout, "FeatureAlphaDropout")

#define ROW(type, name) \
    { type "(float p=0.5, bool inplace=false)", .init = dropout_init, .op = name, .training = true, .shows = "p inplace", TP__LAYER }

const tp__layer tp__nn_dropout[] = {
    { "Dropout(float p=0.5, bool inplace=false)", sizeof(dropout), dropout_init, dropout_forward, .shows = "p inplace", TP__LAYER },
    ROW("Dropout1d", "dropout1d"),
    ROW("Dropout2d", "dropout2d"),
    ROW("Dropout3d", "dropout3d"),
    ROW("AlphaDropout", "alpha_dropout"),
    ROW("FeatureAlphaDropout", "feature_alpha_dropout"),
    { .schema = NULL },
};
