/* linear.c: products with learned matrices.
 *
 *   Linear    y = x W^T + b                                  weights and biases begin uniform in +-1 / sqrt(in)
 *   Bilinear  y_o = sum_ij x1_i W_oij x2_j + b_o             in +-1 / sqrt(in1) */
#include "layer.h"

#include <math.h>

typedef struct linear {
    tp_module base;
    int64_t in, out;
    bool has_bias;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight, *bias;
} linear;

static tp_status linear_init(tp_module *self)
{
    linear *m = (linear *)self;
    if (m->in < 0 || m->out < 0) return tp__misfit(self, "sizes must not be negative: %lld -> %lld", (long long)m->in, (long long)m->out);
    const double bound = m->in ? 1 / sqrt((double)m->in) : 0;            /* kaiming_uniform(a = sqrt 5), as PyTorch */
    m->weight = tp__add_uniform(self, "weight", TP_SHAPE(m->out, m->in), bound);
    if (m->has_bias) m->bias = tp__add_uniform(self, "bias", TP_SHAPE(m->out), bound);
    return TP_OK;
}

static tp_tensor *linear_forward(tp_module *self, tp_tensor *x)
{
    const linear *m = (const linear *)self;
    return tp_linear(x, m->weight, m->bias);           /* [.., in] -> [.., out] */
}

typedef struct bilinear { tp_module base; int64_t in1, in2, out; bool has_bias; } bilinear;

static tp_status bilinear_init(tp_module *self)
{
    const bilinear *m = (const bilinear *)self;
    if (m->in1 <= 0 || m->in2 < 0 || m->out < 0)
        return tp__misfit(self, "%lld x %lld -> %lld features cannot be: in1_features must be positive, the others not negative",
                          (long long)m->in1, (long long)m->in2, (long long)m->out);
    const double bound = 1 / sqrt((double)m->in1);
    tp__add_uniform(self, "weight", TP_SHAPE(m->out, m->in1, m->in2), bound);
    if (m->has_bias) tp__add_uniform(self, "bias", TP_SHAPE(m->out), bound);
    return TP_OK;
}

tp_module *tp_nn_linear_with(int64_t in, int64_t out, const tp_nn_linear_options *options)
{
    TP__TAKE(nn_linear, o, options);
    return TP__MAKE("Linear", TP__WITH_INT(in_features, in), TP__WITH_INT(out_features, out), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o));
}

tp_module *tp_nn_bilinear_with(int64_t in1, int64_t in2, int64_t out, const tp_nn_bilinear_options *options)
{
    TP__TAKE(nn_bilinear, o, options);
    return TP__MAKE("Bilinear", TP__WITH_INT(in1_features, in1), TP__WITH_INT(in2_features, in2), TP__WITH_INT(out_features, out),
                    TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o));
}

const tp__layer tp__nn_linear[] = {
    { "Linear(int in_features, int out_features, bool bias=true, device device=none, dtype dtype=none)", sizeof(linear), linear_init,
      linear_forward, .shows = "in_features out_features bias", TP__LAYER },
    { "Bilinear(int in1_features, int in2_features, int out_features, bool bias=true, device device=none, dtype dtype=none)",
      .init = bilinear_init, .op = "bilinear", .inputs = "input1, input2", .shows = "in1_features in2_features out_features bias", TP__LAYER },
    { .schema = NULL },
};
