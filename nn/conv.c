/* conv.c: convolutions and their transposes, in one to three dims.
 *
 * Weights [out, in / groups, ..kernel], of a transpose [in, out / groups, ..kernel], and biases begin uniform in +-1 / sqrt(the
 * size of what one output sums up). */
#include "layer.h"
#include "module.h"

#include <math.h>

typedef struct conv {
    tp_module base;
    int64_t in, out, kernel[3], stride[3], padding[3], dilation[3], groups;
    bool has_bias;
    int32_t padding_mode;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight, *bias;
} conv;

typedef struct transpose {
    tp_module base;
    int64_t in, out, kernel[3], stride[3], padding[3], output_padding[3], groups;
    bool has_bias;
    int64_t dilation[3];
    int32_t padding_mode;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight, *bias;
} transpose;

enum { ZEROS = 1, REFLECT, REPLICATE, CIRCULAR };

static int dims_of(const tp_module *self) { return tp__state(self)->layer->dims; }

/* ---- Constructors --------------------------------------------------------------------------------------------------------------- */

static tp_status check(const tp_module *self, int64_t in, int64_t out, int64_t groups, const int64_t *kernel, const int64_t *stride,
                       const int64_t *dilation, const int64_t *padding)
{
    if (in <= 0 || out <= 0 || groups <= 0 || in % groups || out % groups)
        return tp__misfit(self, "%lld -> %lld channels cannot be cut into %lld groups", (long long)in, (long long)out, (long long)groups);
    for (int i = 0; i < dims_of(self); i++)
        if (kernel[i] <= 0 || stride[i] <= 0 || dilation[i] <= 0 || (padding[i] < 0 && padding[i] != TP_SAME))
            return tp__misfit(self, "kernel %lld, stride %lld and dilation %lld must be positive, padding %lld not negative",
                              (long long)kernel[i], (long long)stride[i], (long long)dilation[i], (long long)padding[i]);
    return TP_OK;
}

static void add_weights(tp_module *self, int64_t first, int64_t second, const int64_t *kernel, int64_t biases, tp_tensor **weight, tp_tensor **bias)
{
    tp_shape shape = TP_SHAPE(first, second);
    double size = (double)second;
    for (int i = 0; i < dims_of(self); i++) {
        shape.dim[shape.ndim++] = kernel[i];
        size *= (double)kernel[i];
    }
    const double bound = 1 / sqrt(size);               /* kaiming_uniform(a = sqrt 5), as PyTorch */
    *weight = tp__add_uniform(self, "weight", shape, bound);
    if (biases) *bias = tp__add_uniform(self, "bias", TP_SHAPE(biases), bound);
}

static tp_status conv_init(tp_module *self)
{
    conv *m = (conv *)self;
    const tp_status status = check(self, m->in, m->out, m->groups, m->kernel, m->stride, m->dilation, m->padding);
    if (status != TP_OK) return status;
    for (int i = 0; i < dims_of(self); i++)
        if (m->padding[i] == TP_SAME && m->stride[i] != 1)
            return tp__misfit(self, "padding \"same\" needs a stride of 1, and not %lld", (long long)m->stride[i]);
    add_weights(self, m->out, m->in / m->groups, m->kernel, m->has_bias ? m->out : 0, &m->weight, &m->bias);
    return TP_OK;
}

static tp_status transpose_init(tp_module *self)
{
    transpose *m = (transpose *)self;
    const tp_status status = check(self, m->in, m->out, m->groups, m->kernel, m->stride, m->dilation, m->padding);
    if (status != TP_OK) return status;
    if (m->padding_mode != ZEROS) return tp__misfit(self, "only \"zeros\" is a padding_mode of a transpose");
    add_weights(self, m->in, m->out / m->groups, m->kernel, m->has_bias ? m->out : 0, &m->weight, &m->bias);
    return TP_OK;
}

/* ---- Forward ---------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *convolve(const conv *m, tp_tensor *x, const int64_t *p, int dims)
{
    const int64_t *s = m->stride, *d = m->dilation;
    if (dims == 1) return tp_conv1d(x, m->weight, m->bias, .stride = s[0], .padding = p[0], .dilation = d[0], .groups = m->groups);
    if (dims == 2)
        return tp_conv2d(x, m->weight, m->bias, .groups = m->groups, .stride_hw = { s[0], s[1] }, .padding_hw = { p[0], p[1] },
                         .dilation_hw = { d[0], d[1] });
    return tp_conv3d(x, m->weight, m->bias, .groups = m->groups, .stride_dhw = { s[0], s[1], s[2] }, .padding_dhw = { p[0], p[1], p[2] },
                     .dilation_dhw = { d[0], d[1], d[2] });
}

/* x with what its edges show beyond them, so that the convolution itself pads nothing. */
static tp_tensor *pad_by_mode(const conv *m, tp_tensor *x, int dims)
{
    static const tp_pad_mode modes[] = { [REFLECT] = TP_PAD_REFLECT, [REPLICATE] = TP_PAD_REPLICATE, [CIRCULAR] = TP_PAD_CIRCULAR };
    tp_shape sides = { .ndim = 2 * dims };
    for (int i = 0; i < dims; i++) {
        const int64_t *p = m->padding, whole = m->dilation[i] * (m->kernel[i] - 1);
        int64_t *side = &sides.dim[2 * (dims - 1 - i)];
        side[0] = p[i] == TP_SAME ? whole / 2 : p[i];
        side[1] = p[i] == TP_SAME ? whole - side[0] : p[i];
    }
    return tp_pad(x, sides, .mode = modes[m->padding_mode]);
}

static tp_tensor *conv_forward(tp_module *self, tp_tensor *x)
{
    static const int64_t none[3] = { 0, 0, 0 };
    const conv *m = (const conv *)self;
    const int dims = dims_of(self);
    if (m->padding_mode == ZEROS) return convolve(m, x, m->padding, dims);
    return convolve(m, pad_by_mode(m, x, dims), none, dims);
}

/* What has to be added at the end for an output of the size that is asked for. */
static tp_status fit_output(const transpose *m, tp_tensor *x, const tp_arg *size, int dims, int64_t *extra)
{
    const tp_module *self = &m->base;
    if (size->kind != TP_ARG_INTS || size->n < dims) return tp__misfit(self, "output_size takes %d ints", dims);
    if (tp_ndim(x) < dims) return TP_OK;               /* the op says what is wrong */
    for (int i = 0; i < dims; i++) {
        const int64_t least = (tp_size(x, i - dims) - 1) * m->stride[i] - 2 * m->padding[i] + m->dilation[i] * (m->kernel[i] - 1) + 1;
        const int64_t want = size->value.ints[size->n - dims + i];
        if (want < least || want >= least + m->stride[i])
            return tp__misfit(self, "output_size %lld is not between %lld and %lld", (long long)want, (long long)least,
                              (long long)(least + m->stride[i] - 1));
        extra[i] = want - least;
    }
    return TP_OK;
}

static tp_status transpose_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const transpose *m = (const transpose *)self;
    const int dims = dims_of(self);
    const tp_arg *in[2];
    int64_t extra[3] = { m->output_padding[0], m->output_padding[1], m->output_padding[2] };
    tp_status status = tp__inputs(self, "input, output_size?", args, n, in);
    tp_tensor *x = status ? NULL : tp__input_tensor(self, in[0], "input"), *y;
    (void)max;                                         /* at least 1, as for all layers */
    if (!x) return tp_error_status();
    if (in[1] && (status = fit_output(m, x, in[1], dims, extra)) != TP_OK) return status;
    const int64_t *s = m->stride, *p = m->padding, *d = m->dilation;
    if (dims == 1)
        y = tp_conv_transpose1d(x, m->weight, m->bias, .stride = s[0], .padding = p[0], .output_padding = extra[0], .groups = m->groups,
                                .dilation = d[0]);
    else if (dims == 2)
        y = tp_conv_transpose2d(x, m->weight, m->bias, .groups = m->groups, .stride_hw = { s[0], s[1] }, .padding_hw = { p[0], p[1] },
                                .output_padding_hw = { extra[0], extra[1] }, .dilation_hw = { d[0], d[1] });
    else
        y = tp_conv_transpose3d(x, m->weight, m->bias, .groups = m->groups, .stride_dhw = { s[0], s[1], s[2] },
                                .padding_dhw = { p[0], p[1], p[2] }, .output_padding_dhw = { extra[0], extra[1], extra[2] },
                                .dilation_dhw = { d[0], d[1], d[2] });
    outs[0] = y;
    *n_out = 1;
    return y ? TP_OK : tp_error_status();
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------------- */

static const char *mode_word(tp_pad_mode mode)
{
    static const char *const words[] = { "zeros", "zeros", "reflect", "replicate", "circular" };
    return (unsigned)mode < sizeof words / sizeof *words ? words[mode] : "";
}

#define IN_C(n) \
    tp_module *tp_nn_conv##n##d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv##n##d_options *options) \
    { \
        TP__TAKE(nn_conv##n##d, o, options); \
        return TP__MAKE("Conv" #n "d", TP__WITH_INT(in_channels, in), TP__WITH_INT(out_channels, out), TP__WITH_##n(kernel_size, kernel, o.kernel), \
                        TP__WITH_##n(stride, o.stride, o.stride), TP__WITH_##n(padding, o.padding, o.padding), \
                        TP__WITH_##n(dilation, o.dilation, o.dilation), TP__WITH_INT(groups, o.groups), TP__WITH_BOOL(bias, o.bias), \
                        TP__WITH_STRING(padding_mode, mode_word(o.padding_mode)), TP__WITH_PLACE(o)); \
    } \
    tp_module *tp_nn_conv_transpose##n##d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose##n##d_options *options) \
    { \
        TP__TAKE(nn_conv_transpose##n##d, o, options); \
        return TP__MAKE("ConvTranspose" #n "d", TP__WITH_INT(in_channels, in), TP__WITH_INT(out_channels, out), \
                        TP__WITH_##n(kernel_size, kernel, o.kernel), TP__WITH_##n(stride, o.stride, o.stride), \
                        TP__WITH_##n(padding, o.padding, o.padding), TP__WITH_##n(output_padding, o.output_padding, o.output_padding), \
                        TP__WITH_##n(dilation, o.dilation, o.dilation), TP__WITH_INT(groups, o.groups), TP__WITH_BOOL(bias, o.bias), \
                        TP__WITH_PLACE(o)); \
    }
IN_C(1)
IN_C(2)
IN_C(3)

/* ---- Rows --------------------------------------------------------------------------------------------------------------------------- */

#define CONV(n) \
    { "Conv" #n "d(int in_channels, int out_channels, int[" #n "] kernel_size, int[" #n "] stride=1, padding[" #n "] padding=0, " \
      "int[" #n "] dilation=1, int groups=1, bool bias=true, string{zeros,reflect,replicate,circular} padding_mode=zeros, " \
      "device device=none, dtype dtype=none)", sizeof(conv), conv_init, conv_forward, \
      .shows = ":in_channels :out_channels #kernel_size #stride ?#padding ?#dilation ?groups ?bias ?padding_mode", .dims = n, TP__LAYER }
#define TRANSPOSE(n) \
    { "ConvTranspose" #n "d(int in_channels, int out_channels, int[" #n "] kernel_size, int[" #n "] stride=1, int[" #n "] padding=0, " \
      "int[" #n "] output_padding=0, int groups=1, bool bias=true, int[" #n "] dilation=1, " \
      "string{zeros,reflect,replicate,circular} padding_mode=zeros, device device=none, dtype dtype=none)", sizeof(transpose), transpose_init, \
      .call = transpose_call, \
      .shows = ":in_channels :out_channels #kernel_size #stride ?#padding ?#dilation ?#output_padding ?groups ?bias ?padding_mode", .dims = n, TP__LAYER }

const tp__layer tp__nn_conv[] = { CONV(1), CONV(2), CONV(3), TRANSPOSE(1), TRANSPOSE(2), TRANSPOSE(3), { .schema = NULL } };
