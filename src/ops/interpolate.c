/* interpolate.c: x at another size: PyTorch's functional.interpolate, a call of the op in resample.c. What each mode computes is
 * said there; area is the mean of windows that share out the dims. */
#include "ops/resample.h"
#include "ops/samples.h"

#include <math.h>

enum { NEAREST = 1, LINEAR, BILINEAR, BICUBIC, TRILINEAR, AREA, NEAREST_EXACT };           /* as in the schema and tp_interpolation */

typedef struct interpolate_attr {
    tp__ints size;
    tp__floats scale;
    int32_t mode;
    const tp_arg *align_corners;                       /* whether it is said matters */
    bool recompute, antialias;
} interpolate_attr;

static tp_status check_mode(const tp__call *call, const interpolate_attr *a, int n)
{
    static const char *const names[] = { "", "nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact" };
    static const int dims[] = { 0, 0, 1, 2, 2, 3, 0, 0 };                /* 0: any */
    const tp_tensor *x = call->in[0];
    if (n < 1 || n > 3 || (dims[a->mode] && dims[a->mode] != n))
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s does not have the %s dims that the mode %s takes", tp__shape_text(x),
                             dims[a->mode] == 1 ? "3" : dims[a->mode] == 2 ? "4" : dims[a->mode] == 3 ? "5" : "3, 4 or 5", names[a->mode]);
    if (!dims[a->mode] && a->align_corners && a->align_corners->kind != TP_ARG_NONE)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "the mode %s takes no align_corners", names[a->mode]);
    if (a->antialias && a->mode != BILINEAR && a->mode != BICUBIC)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "the mode %s takes no antialias", names[a->mode]);
    if (!tp__is_floating(x->dtype) && !(x->dtype == TP_U8 && (a->mode == NEAREST || a->mode == NEAREST_EXACT)))
        return tp__call_fail(call, TP_ERR_DTYPE, "the mode %s does not take %s", names[a->mode], tp_dtype_name((tp_dtype)x->dtype));
    for (int d = 1; d < x->ndim; d++)
        if (!x->shape[d] && (d > 1 || a->mode != AREA))
            return tp__call_fail(call, TP_ERR_SHAPE, "input %s is empty in a dim other than the first", tp__shape_text(x));
    return TP_OK;
}

/* The sizes of the output, and the scales that places are found by: those of the sizes if recomputed. */
static tp_status sizes(const tp__call *call, const interpolate_attr *a, int n, tp__resample *r)
{
    const tp_tensor *x = call->in[0];
    if (!a->size.n == !a->scale.n) return tp__call_fail(call, TP_ERR_ARGUMENT, "one of size and scale_factor must be given");
    if ((a->size.n && a->size.n != n && a->size.n != 1) || (a->scale.n && a->scale.n != n && a->scale.n != 1))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "size and scale_factor take one number or %d", n);
    if (a->size.n && a->recompute) return tp__call_fail(call, TP_ERR_ARGUMENT, "recompute_scale_factor goes with a scale_factor");
    r->size.n = n;
    for (int i = 0; i < n; i++) {
        const double scale = a->scale.n ? a->scale.v[a->scale.n == 1 ? 0 : i] : 0;
        const double wanted = a->size.n ? (double)a->size.v[a->size.n == 1 ? 0 : i] : floor((double)x->shape[2 + i] * scale);
        if (!(wanted >= (a->mode == AREA ? 0 : 1) && wanted <= INT32_MAX))
            return tp__call_fail(call, TP_ERR_ARGUMENT, "an output of size %g cannot be", wanted);
        r->size.v[i] = (int64_t)wanted;
        if (a->scale.n && !a->recompute) r->scale.v[r->scale.n++] = scale;
    }
    return TP_OK;
}

static tp_status interpolate_compose(tp__call *call)
{
    static const int32_t how[] = { 0, TP__RESAMPLE_NEAREST, TP__RESAMPLE_LINEAR, TP__RESAMPLE_LINEAR, TP__RESAMPLE_CUBIC, TP__RESAMPLE_LINEAR,
                                   TP__RESAMPLE_SHARED, TP__RESAMPLE_NEAREST_EXACT };
    const interpolate_attr *a = call->attr;
    const tp_arg *corners = a->align_corners;
    const int n = call->in[0]->ndim - 2;
    tp__resample r = { .how = how[a->mode], .divisor = TP_NONE, .antialias = a->antialias,
                       .align_corners = corners && corners->kind == TP_ARG_BOOL && corners->value.boolean };
    if (corners && corners->kind != TP_ARG_BOOL && corners->kind != TP_ARG_NONE)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "align_corners must be true or false");
    tp_status status = check_mode(call, a, n);
    if (!status) status = sizes(call, a, n, &r);
    if (status) return status;
    return tp__made(call->out[call->n_out++] = tp__resampled(call->in[0], &r));
}

/* ---- Samples, descriptor, public -------------------------------------------------------------------------------------------------------- */

#define SIZE(...)  TP__INTS_ARG(TP__COUNT(int64_t, __VA_ARGS__), __VA_ARGS__)
#define NAMED_SCALE(v) TP__NAMED("scale_factor", .kind = TP_ARG_FLOAT, .value.real = v)
#define MODE(v) TP__NAMED("mode", .kind = TP_ARG_STRING, .value.string = v)
#define CORNERS TP__NAMED("align_corners", .kind = TP_ARG_BOOL, .value.boolean = true)
#define UNIFORM(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void interpolate_samples(tp_sample_set *set)
{
    TP__GIVE(set, UNIFORM(2, 1, 4), SIZE(6));
    TP__GIVE(set, UNIFORM(1, 2, 3, 2), NAMED_SCALE(1.6));
    TP__GIVE(set, UNIFORM(1, 2, 3, 5), SIZE(4, 3), MODE("nearest-exact"));
    TP__GIVE(set, UNIFORM(2, 2, 5), SIZE(3), MODE("linear"));
    TP__GIVE(set, UNIFORM(1, 2, 3, 2), NAMED_SCALE(2), MODE("bilinear"));
    TP__GIVE(set, UNIFORM(1, 2, 3, 4), SIZE(5, 3), MODE("bicubic"), CORNERS);
    TP__GIVE(set, UNIFORM(1, 2, 2, 3, 2), SIZE(3, 2, 4), MODE("trilinear"));
    TP__GIVE(set, UNIFORM(1, 2, 5, 4), SIZE(2, 3), MODE("area"));
    TP__GIVE(set, UNIFORM(1, 1, 7, 6), SIZE(3, 2), MODE("bicubic"), TP__NAMED("antialias", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, UNIFORM(0, 1, 2), SIZE(3), MODE("linear"));
}

static const tp_op op_interpolate = { .schema = "interpolate(Tensor input, int[]? size=none, float[]? scale_factor=none, "
    "string{nearest,linear,bilinear,bicubic,trilinear,area,nearest-exact} mode=nearest, any? align_corners=none, bool? recompute_scale_factor=none, "
    "bool antialias=false) -> Tensor", .compose = interpolate_compose, .attr_size = sizeof(interpolate_attr), .samples = interpolate_samples,
    .state = TP__STATE };

tp_tensor *tp_interpolate_with(tp_tensor *x, const tp_interpolate_options *options)
{
    tp_interpolate_options o = TP__BRACES(interpolate, );
    if (tp_options_take("interpolate", &o, options, offsetof(tp_interpolate_options, tp__end))) return NULL;
    const tp_arg corners = { .kind = o.align_corners ? TP_ARG_BOOL : TP_ARG_NONE, .value.boolean = true };
    interpolate_attr a = { .mode = o.mode ? (int32_t)o.mode : NEAREST, .align_corners = &corners, .recompute = o.recompute_scale_factor,
                           .antialias = o.antialias };
    if ((int)o.mode < 0 || (int)o.mode > NEAREST_EXACT) {
        tp_fail(TP_ERR_ARGUMENT, "interpolate: there is no mode %d", (int)o.mode);
        return NULL;
    }
    while (a.size.n < 3 && o.output_size[a.size.n] != TP_NONE && o.output_size[a.size.n] != 0) a.size.v[a.size.n] = o.output_size[a.size.n], a.size.n++;
    while (a.scale.n < 3 && o.scales[a.scale.n] != 0) a.scale.v[a.scale.n] = o.scales[a.scale.n], a.scale.n++;
    if (!a.scale.n && o.scale != 0) a.scale = (tp__floats){ .n = 1, .v = { o.scale } };
    return tp__run1(&op_interpolate, &x, 1, &a, TP__CALLER);
}

const tp_op *const tp__ops_interpolate[] = { &op_interpolate, NULL };
