/* max_pool2d.c: the greatest value of each window. */
#include "layer.h"

typedef struct max_pool2d { tp_module base; tp_max_pool2d_options options; } max_pool2d;     /* heights and widths are resolved */

static tp_tensor *max_pool2d_forward(tp_module *self, tp_tensor *x)
{
    max_pool2d *m = (max_pool2d *)self;
    return tp_max_pool2d_with(x, m->options.kernel_hw[0], &m->options);
}

static size_t add_size(char *out, size_t size, size_t used, const char *name, const int64_t *hw)
{
    if (used >= size) return used;
    if (hw[0] == hw[1]) return used + (size_t)snprintf(out + used, size - used, "%s=%lld, ", name, (long long)hw[0]);
    return used + (size_t)snprintf(out + used, size - used, "%s=(%lld, %lld), ", name, (long long)hw[0], (long long)hw[1]);
}

static void max_pool2d_describe(tp_module *self, char *out, size_t size)
{
    const tp_max_pool2d_options *o = &((const max_pool2d *)self)->options;
    size_t used = add_size(out, size, 0, "kernel_size", o->kernel_hw);
    used = add_size(out, size, used, "stride", o->stride_hw);
    used = add_size(out, size, used, "padding", o->padding_hw);
    used = add_size(out, size, used, "dilation", o->dilation_hw);
    if (used < size) snprintf(out + used, size - used, "ceil_mode=%s", o->ceil_mode ? "True" : "False");
}

static const tp_module_class max_pool2d_class = {
    .size = sizeof(tp_module_class), .opaque = true, .type = "MaxPool2d", .forward = max_pool2d_forward, .describe = max_pool2d_describe,
};

tp_module *tp_nn_max_pool2d_with(int64_t kernel, const tp_nn_max_pool2d_options *options)
{
    TP__TAKE(nn_max_pool2d, o, options);
    tp_max_pool2d_options resolved = TP__BRACES(max_pool2d, );
    tp__height_and_width(o.kernel_hw, kernel, resolved.kernel_hw);
    tp__height_and_width(o.stride_hw, o.stride, resolved.stride_hw);
    tp__height_and_width(o.padding_hw, o.padding, resolved.padding_hw);
    tp__height_and_width(o.dilation_hw, o.dilation, resolved.dilation_hw);
    resolved.ceil_mode = o.ceil_mode;
    for (int i = 0; i < 2; i++) {
        int64_t *stride = &resolved.stride_hw[i];
        if (*stride == TP_NONE) *stride = resolved.kernel_hw[i];
        if (resolved.kernel_hw[i] <= 0 || *stride <= 0 || resolved.dilation_hw[i] <= 0 || resolved.padding_hw[i] < 0) {
            tp_fail(TP_ERR_ARGUMENT, "nn_max_pool2d: kernel %lld, stride %lld and dilation %lld must be positive, padding %lld not negative",
                    (long long)resolved.kernel_hw[i], (long long)*stride, (long long)resolved.dilation_hw[i],
                    (long long)resolved.padding_hw[i]);
            return NULL;
        }
    }
    max_pool2d *m = tp_module_new_class(max_pool2d, &max_pool2d_class);
    if (!m) return NULL;
    m->options = resolved;
    return tp_module_done(m);
}

static tp_module *make(const void *arg)
{
    const tp_nn_max_pool2d_options *o = arg;
    return tp_nn_max_pool2d_with(o->kernel_hw[0], o);
}

static const tp_nn_max_pool2d_options initial = TP__BRACES(nn_max_pool2d, );

const tp__layer tp__layer_max_pool2d = {
    "MaxPool2d",
    { { "kernel_size", TP__PARAM_PAIR, offsetof(tp_nn_max_pool2d_options, kernel_hw), true },
      { "stride", TP__PARAM_PAIR, offsetof(tp_nn_max_pool2d_options, stride_hw), false },
      { "padding", TP__PARAM_PAIR, offsetof(tp_nn_max_pool2d_options, padding_hw), false },
      { "dilation", TP__PARAM_PAIR, offsetof(tp_nn_max_pool2d_options, dilation_hw), false },
      { "return_indices", TP__PARAM_FALSE, 0, false },
      { "ceil_mode", TP__PARAM_BOOL, offsetof(tp_nn_max_pool2d_options, ceil_mode), false } },
    &initial, sizeof initial, make,
};
