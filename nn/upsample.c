/* upsample.c: images of another size. */
#include "layer.h"

#define SIZES "int[]? size=none, float[]? scale_factor=none"

typedef struct upsample { tp_module base; tp__int_values size; tp__float_values scale; } upsample;

static tp_status resize(const upsample *m, const char *mode, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out, bool align)
{
    const tp_arg *in[1];
    const tp_status status = tp__inputs(&m->base, "input", args, n, in);
    if (status != TP_OK) return status;
    const tp_arg all[] = {
        { .kind = in[0]->kind, .value = in[0]->value }, TP__WITH_STRING(mode, mode),
        { .name = "size", .kind = m->size.n < 0 ? TP_ARG_NONE : TP_ARG_INTS, .n = (int)m->size.n, .value.ints = m->size.v },
        { .name = "scale_factor", .kind = m->scale.n < 0 ? TP_ARG_NONE : TP_ARG_FLOATS, .n = (int)m->scale.n, .value.floats = m->scale.v },
        { .name = "align_corners", .kind = align ? TP_ARG_BOOL : TP_ARG_NONE, .value.boolean = true },
    };
    return tp_op_call("interpolate", all, 5, outs, max, n_out);
}

static tp_status nearest_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    return resize((const upsample *)self, "nearest", args, n, outs, max, n_out, false);
}

static tp_status bilinear_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    return resize((const upsample *)self, "bilinear", args, n, outs, max, n_out, true);
}

tp_module *tp_nn_upsample_with(const tp_interpolate_options *options)
{
    static const char *const words[] = { "nearest", "nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact" };
    TP__TAKE(interpolate, o, options);
    int sizes = 0, scales = 0;
    while (sizes < 3 && o.output_size[sizes] != TP_NONE) sizes++;
    while (scales < 3 && o.scales[scales] != 0) scales++;
    if (!scales && o.scale != 0) o.scales[scales++] = o.scale;
    if (o.antialias) return tp_fail(TP_ERR_ARGUMENT, "Upsample: it has no antialias"), NULL;
    return TP__MAKE("Upsample", { .name = "size", .kind = sizes ? TP_ARG_INTS : TP_ARG_NONE, .n = sizes, .value.ints = o.output_size },
                    { .name = "scale_factor", .kind = scales ? TP_ARG_FLOATS : TP_ARG_NONE, .n = scales, .value.floats = o.scales },
                    TP__WITH_STRING(mode, (unsigned)o.mode < sizeof words / sizeof *words ? words[o.mode] : ""),
                    { .name = "align_corners", .kind = o.align_corners ? TP_ARG_BOOL : TP_ARG_NONE, .value.boolean = true },
                    { .name = "recompute_scale_factor", .kind = o.recompute_scale_factor ? TP_ARG_BOOL : TP_ARG_NONE, .value.boolean = true });
}

const tp__layer tp__nn_upsample[] = {
    { "Upsample(" SIZES ", string{nearest,linear,bilinear,bicubic,trilinear,area,nearest-exact} mode=nearest, bool? align_corners=none, "
      "bool? recompute_scale_factor=none)", .op = "interpolate", .shows = "?size ?scale_factor mode", TP__LAYER },
    { "UpsamplingNearest2d(" SIZES ")", sizeof(upsample), .call = nearest_call, .shows = "?size ?scale_factor", TP__LAYER },
    { "UpsamplingBilinear2d(" SIZES ")", sizeof(upsample), .call = bilinear_call, .shows = "?size ?scale_factor", TP__LAYER },
    { .schema = NULL },
};
