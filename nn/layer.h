/* layer.h: how a layer takes its options, and how it says what its constructor takes by name. */
#ifndef TP__NN_LAYER_H
#define TP__NN_LAYER_H

#include <taper/nn.h>

/* `o` becomes the options: the defaults, and what was given over them. */
#define TP__TAKE(name, o, given) \
    tp_##name##_options o = TP__BRACES(name, ); \
    if (tp_options_take(#name, &o, given, offsetof(tp_##name##_options, tp__end)) != TP_OK) return NULL

static inline void tp__height_and_width(const int64_t hw[2], int64_t both, int64_t out[2])
{
    for (int i = 0; i < 2; i++) out[i] = hw[i] == TP_NONE ? both : hw[i];
}

/* Where an argument goes: the type of the member at `offset`. */
typedef enum tp__param_kind {
    TP__PARAM_INT,                                     /* int64_t */
    TP__PARAM_DIM,                                     /* int */
    TP__PARAM_PAIR,                                    /* int64_t[2]; one number counts for both */
    TP__PARAM_FLOAT,                                   /* double */
    TP__PARAM_BOOL,
    TP__PARAM_DTYPE,
    TP__PARAM_DEVICE,
    TP__PARAM_FALSE,                                   /* goes nowhere: PyTorch's, of which we have the default alone */
    TP__PARAM_ZEROS,                                   /* the same, for a padding_mode */
    TP__PARAM_ABSENT
} tp__param_kind;

typedef struct tp__param {
    const char *name;                                  /* PyTorch's */
    tp__param_kind kind;
    size_t offset;
    bool required;
} tp__param;

#define TP__MAX_PARAMS 12
/* A layer by its name: its parameters, in PyTorch's order and up to one without a name, fill a copy of `initial`. */
typedef struct tp__layer {
    const char *type;
    tp__param params[TP__MAX_PARAMS];
    const void *initial;
    size_t bytes;                                      /* of *initial */
    tp_module *(*make)(const void *given);
} tp__layer;

/* Every layer that tp_module_build knows, but for Sequential, which takes modules. */
#define TP__EACH_LAYER(X) \
    X(conv2d) X(dropout) X(embedding) X(flatten) X(identity) X(linear) X(log_softmax) X(max_pool2d) X(relu) X(sigmoid) X(softmax) X(tanh)
#define TP__DECLARE(name) extern const tp__layer tp__layer_##name;
TP__EACH_LAYER(TP__DECLARE)
#undef TP__DECLARE

#endif
