/* conv2d.c: cross-correlation of images with learned kernels. */
#include "layer.h"

#include <math.h>

typedef struct conv2d {
    tp_module base;
    int64_t in, out, kernel[2];
    tp_conv2d_options options;                         /* heights and widths are resolved */
    tp_tensor *weight, *bias;
} conv2d;

static tp_tensor *conv2d_forward(tp_module *self, tp_tensor *x)
{
    conv2d *m = (conv2d *)self;
    return tp_conv2d_with(x, m->weight, m->bias, &m->options);           /* [n, in, h, w] -> [n, out, oh, ow] */
}

static size_t add_pair(char *out, size_t size, size_t used, const char *name, const int64_t *hw)
{
    if (used >= size) return used;
    return used + (size_t)snprintf(out + used, size - used, ", %s=(%lld, %lld)", name, (long long)hw[0], (long long)hw[1]);
}

static void conv2d_describe(tp_module *self, char *out, size_t size)
{
    const conv2d *m = (const conv2d *)self;
    const tp_conv2d_options *o = &m->options;
    size_t used = (size_t)snprintf(out, size, "%lld, %lld", (long long)m->in, (long long)m->out);
    used = add_pair(out, size, used, "kernel_size", m->kernel);
    used = add_pair(out, size, used, "stride", o->stride_hw);
    if (o->padding_hw[0] || o->padding_hw[1]) used = add_pair(out, size, used, "padding", o->padding_hw);
    if (o->dilation_hw[0] != 1 || o->dilation_hw[1] != 1) used = add_pair(out, size, used, "dilation", o->dilation_hw);
    if (o->groups != 1 && used < size) used += (size_t)snprintf(out + used, size - used, ", groups=%lld", (long long)o->groups);
    if (!m->bias && used < size) snprintf(out + used, size - used, ", bias=False");
}

static const tp_module_class conv2d_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "Conv2d", .forward = conv2d_forward, .describe = conv2d_describe,
};

static bool is_good(int64_t in, int64_t out, const int64_t *kernel, const tp_conv2d_options *o)
{
    if (in <= 0 || out <= 0 || o->groups <= 0 || in % o->groups || out % o->groups) {
        tp_fail(TP_ERR_ARGUMENT, "nn_conv2d: %lld -> %lld channels cannot be cut into %lld groups", (long long)in, (long long)out,
                (long long)o->groups);
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (kernel[i] <= 0 || o->stride_hw[i] <= 0 || o->dilation_hw[i] <= 0 || o->padding_hw[i] < 0) {
            tp_fail(TP_ERR_ARGUMENT, "nn_conv2d: kernel %lld, stride %lld and dilation %lld must be positive, padding %lld not negative",
                    (long long)kernel[i], (long long)o->stride_hw[i], (long long)o->dilation_hw[i], (long long)o->padding_hw[i]);
            return false;
        }
    return true;
}

tp_module *tp_nn_conv2d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv2d_options *options)
{
    TP__TAKE(nn_conv2d, o, options);
    tp_conv2d_options resolved = TP__BRACES(conv2d, );
    int64_t k[2];
    tp__height_and_width(o.kernel_hw, kernel, k);
    tp__height_and_width(o.stride_hw, o.stride, resolved.stride_hw);
    tp__height_and_width(o.padding_hw, o.padding, resolved.padding_hw);
    tp__height_and_width(o.dilation_hw, o.dilation, resolved.dilation_hw);
    resolved.groups = o.groups;
    if (!is_good(in, out, k, &resolved)) return NULL;

    TP_SCOPE();
    conv2d *m = tp_module_new_class(conv2d, &conv2d_class);
    if (!m) return NULL;
    m->in = in;
    m->out = out;
    m->kernel[0] = k[0];
    m->kernel[1] = k[1];
    m->options = resolved;
    const double bound = 1 / sqrt((double)(in / o.groups) * (double)k[0] * (double)k[1]);        /* kaiming_uniform(a = sqrt 5) */
    m->weight = tp_add_parameter(m, "weight", tp_uniform(TP_SHAPE(out, in / o.groups, k[0], k[1]), -bound, bound, .dtype = o.dtype,
                                                         .device = o.device));
    if (o.bias) m->bias = tp_add_parameter(m, "bias", tp_uniform(TP_SHAPE(out), -bound, bound, .dtype = o.dtype, .device = o.device));
    return tp_module_done(m);
}

typedef struct given { int64_t in, out; tp_nn_conv2d_options o; } given;

static tp_module *make(const void *arg)
{
    const given *g = arg;
    return tp_nn_conv2d_with(g->in, g->out, g->o.kernel_hw[0], &g->o);
}

static const given initial = { .o = TP__BRACES(nn_conv2d, ) };

const tp__layer tp__layer_conv2d = {
    "Conv2d",
    { { "in_channels", TP__PARAM_INT, offsetof(given, in), true }, { "out_channels", TP__PARAM_INT, offsetof(given, out), true },
      { "kernel_size", TP__PARAM_PAIR, offsetof(given, o.kernel_hw), true }, { "stride", TP__PARAM_PAIR, offsetof(given, o.stride_hw), false },
      { "padding", TP__PARAM_PAIR, offsetof(given, o.padding_hw), false }, { "dilation", TP__PARAM_PAIR, offsetof(given, o.dilation_hw), false },
      { "groups", TP__PARAM_INT, offsetof(given, o.groups), false }, { "bias", TP__PARAM_BOOL, offsetof(given, o.bias), false },
      { "padding_mode", TP__PARAM_ZEROS, 0, false }, { "device", TP__PARAM_DEVICE, offsetof(given, o.device), false },
      { "dtype", TP__PARAM_DTYPE, offsetof(given, o.dtype), false } },
    &initial, sizeof initial, make,
};
