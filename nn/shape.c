/* shape.c: layers that place elements elsewhere. */
#include "layer.h"

typedef struct flatten { tp_module base; int64_t start_dim, end_dim; } flatten;

static tp_status flatten_init(tp_module *self)
{
    const flatten *m = (const flatten *)self;
    const bool fits = m->start_dim == (int)m->start_dim && m->end_dim == (int)m->end_dim;
    return fits ? TP_OK : tp__misfit(self, "dims %lld and %lld cannot be", (long long)m->start_dim, (long long)m->end_dim);
}

static tp_tensor *flatten_forward(tp_module *self, tp_tensor *x)
{
    const flatten *m = (const flatten *)self;
    return tp_flatten(x, (int)m->start_dim, (int)m->end_dim);            /* [n, c, h, w] -> [n, c h w] */
}

typedef struct unflatten { tp_module base; int64_t dim; tp__int_values sizes; } unflatten;

static tp_status unflatten_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const unflatten *m = (const unflatten *)self;
    const tp_arg *in[1];
    const tp_status status = tp__inputs(self, "input", args, n, in);
    if (status != TP_OK) return status;
    const tp_arg all[] = { { .kind = in[0]->kind, .value = in[0]->value }, TP__WITH_INT(dim, m->dim), TP__WITH_SIZES(sizes, (int)m->sizes.n, m->sizes.v) };
    return tp_op_call("unflatten", all, 3, outs, max, n_out);
}

tp_module *tp_nn_flatten_with(const tp_nn_flatten_options *options)
{
    TP__TAKE(nn_flatten, o, options);
    return TP__MAKE("Flatten", TP__WITH_INT(start_dim, o.start_dim), TP__WITH_INT(end_dim, o.end_dim));
}

tp_module *tp_nn_unflatten(int64_t dim, tp_shape sizes)
{
    return TP__MAKE("Unflatten", TP__WITH_INT(dim, dim), TP__WITH_SIZES(unflattened_size, sizes.ndim, sizes.dim));
}

#define WINDOWS_IN_C TP__WITH_2(kernel_size, kernel, o.kernel), TP__WITH_2(dilation, o.dilation, o.dilation), \
    TP__WITH_2(padding, o.padding, o.padding), TP__WITH_2(stride, o.stride, o.stride)

tp_module *tp_nn_unfold_with(int64_t kernel, const tp_im2col_options *options)
{
    TP__TAKE(im2col, o, options);
    return TP__MAKE("Unfold", WINDOWS_IN_C);
}

tp_module *tp_nn_fold_with(int64_t height, int64_t width, int64_t kernel, const tp_col2im_options *options)
{
    TP__TAKE(col2im, o, options);
    return TP__MAKE("Fold", TP__WITH_SIZES(output_size, 2, ((const int64_t[]){ height, width })), WINDOWS_IN_C);
}

tp_module *tp_nn_pixel_shuffle(int64_t factor) { return TP__MAKE("PixelShuffle", TP__WITH_INT(upscale_factor, factor)); }
tp_module *tp_nn_pixel_unshuffle(int64_t factor) { return TP__MAKE("PixelUnshuffle", TP__WITH_INT(downscale_factor, factor)); }
tp_module *tp_nn_channel_shuffle(int64_t groups) { return TP__MAKE("ChannelShuffle", TP__WITH_INT(groups, groups)); }

/* One number where one for each of two dims may be given. */
#define WINDOWS "int[2] kernel_size, int[2] dilation=1, int[2] padding=0, int[2] stride=1"

const tp__layer tp__nn_shape[] = {
    { "Flatten(int start_dim=1, int end_dim=-1)", sizeof(flatten), flatten_init, flatten_forward, .shows = "start_dim end_dim", TP__LAYER },
    { "Unflatten(int dim, int[] unflattened_size)", sizeof(unflatten), .call = unflatten_call, .shows = "dim unflattened_size", TP__LAYER },
    { "Unfold(" WINDOWS ")", .op = "im2col", .shows = "kernel_size dilation padding stride", TP__LAYER },
    { "Fold(int[2] output_size, " WINDOWS ")", .op = "col2im", .shows = "output_size kernel_size dilation padding stride", TP__LAYER },
    { "PixelShuffle(int upscale_factor)", .op = "pixel_shuffle", .shows = "upscale_factor", TP__LAYER },
    { "PixelUnshuffle(int downscale_factor)", .op = "pixel_unshuffle", .shows = "downscale_factor", TP__LAYER },
    { "ChannelShuffle(int groups)", .op = "channel_shuffle", .shows = "groups", TP__LAYER },
    { .schema = NULL },
};
