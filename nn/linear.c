/* linear.c: y = x W^T + b */
#include "layer.h"

#include <math.h>

typedef struct linear { tp_module base; int64_t in, out; tp_tensor *weight, *bias; } linear;

static tp_tensor *linear_forward(tp_module *self, tp_tensor *x)
{
    linear *m = (linear *)self;
    return tp_linear(x, m->weight, m->bias);           /* [.., in] -> [.., out] */
}

static void linear_describe(tp_module *self, char *out, size_t size)
{
    const linear *m = (const linear *)self;
    snprintf(out, size, "in_features=%lld, out_features=%lld, bias=%s", (long long)m->in, (long long)m->out, m->bias ? "True" : "False");
}

static const tp_module_class linear_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "Linear", .forward = linear_forward, .describe = linear_describe,
};

tp_module *tp_nn_linear_with(int64_t in, int64_t out, const tp_nn_linear_options *options)
{
    TP__TAKE(nn_linear, o, options);
    if (in < 0 || out < 0) {
        tp_fail(TP_ERR_ARGUMENT, "nn_linear: sizes must not be negative: %lld -> %lld", (long long)in, (long long)out);
        return NULL;
    }
    TP_SCOPE();
    linear *m = tp_module_new_class(linear, &linear_class);
    if (!m) return NULL;
    m->in = in;
    m->out = out;
    const double bound = in ? 1 / sqrt((double)in) : 0;                  /* kaiming_uniform(a = sqrt 5), as PyTorch */
    m->weight = tp_add_parameter(m, "weight", tp_uniform(TP_SHAPE(out, in), -bound, bound, .dtype = o.dtype, .device = o.device));
    if (o.bias) m->bias = tp_add_parameter(m, "bias", tp_uniform(TP_SHAPE(out), -bound, bound, .dtype = o.dtype, .device = o.device));
    return tp_module_done(m);                          /* NULL, and nothing leaked, if anything above failed */
}

typedef struct given { int64_t in, out; tp_nn_linear_options o; } given;

static tp_module *make(const void *arg)
{
    const given *g = arg;
    return tp_nn_linear_with(g->in, g->out, &g->o);
}

static const given initial = { .o = TP__BRACES(nn_linear, ) };

const tp__layer tp__layer_linear = {
    "Linear",
    { { "in_features", TP__PARAM_INT, offsetof(given, in), true }, { "out_features", TP__PARAM_INT, offsetof(given, out), true },
      { "bias", TP__PARAM_BOOL, offsetof(given, o.bias), false }, { "device", TP__PARAM_DEVICE, offsetof(given, o.device), false },
      { "dtype", TP__PARAM_DTYPE, offsetof(given, o.dtype), false } },
    &initial, sizeof initial, make,
};
