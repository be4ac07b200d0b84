/* flatten.c: several dims as one. */
#include "layer.h"

typedef struct flatten { tp_module base; int start_dim, end_dim; } flatten;

static tp_tensor *flatten_forward(tp_module *self, tp_tensor *x)
{
    const flatten *m = (const flatten *)self;
    return tp_flatten(x, m->start_dim, m->end_dim);    /* [n, c, h, w] -> [n, c h w] */
}

static void flatten_describe(tp_module *self, char *out, size_t size)
{
    snprintf(out, size, "start_dim=%d, end_dim=%d", ((flatten *)self)->start_dim, ((flatten *)self)->end_dim);
}

static const tp_module_class flatten_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "Flatten", .forward = flatten_forward, .describe = flatten_describe,
};

tp_module *tp_nn_flatten_with(const tp_nn_flatten_options *options)
{
    TP__TAKE(nn_flatten, o, options);
    flatten *m = tp_module_new_class(flatten, &flatten_class);
    if (!m) return NULL;
    m->start_dim = o.start_dim;
    m->end_dim = o.end_dim;
    return tp_module_done(m);
}

static tp_module *make(const void *given) { return tp_nn_flatten_with(given); }

static const tp_nn_flatten_options initial = TP__BRACES(nn_flatten, );

const tp__layer tp__layer_flatten = {
    "Flatten",
    { { "start_dim", TP__PARAM_DIM, offsetof(tp_nn_flatten_options, start_dim), false },
      { "end_dim", TP__PARAM_DIM, offsetof(tp_nn_flatten_options, end_dim), false } },
    &initial, sizeof initial, make,
};
