/* pool.c: windows of an input, each as one value. */
#include "layer.h"
#include "module.h"

/* ---- Windows that slide ------------------------------------------------------------------------------------------------------------ */

typedef struct window { tp_module base; int64_t kernel[3], stride[3], padding[3], dilation[3]; } window;

static tp_status check(const tp_module *self, int64_t *stride, const int64_t *kernel, const int64_t *padding, const int64_t *dilation)
{
    for (int i = 0; i < tp__state(self)->layer->dims; i++) {
        if (stride[i] == TP_NONE) stride[i] = kernel[i];
        if (kernel[i] <= 0 || stride[i] <= 0 || padding[i] < 0 || dilation[i] <= 0)
            return tp__misfit(self, "kernel %lld, stride %lld and dilation %lld must be positive, padding %lld not negative",
                              (long long)kernel[i], (long long)stride[i], (long long)dilation[i], (long long)padding[i]);
    }
    return TP_OK;
}

static tp_status max_init(tp_module *self)
{
    window *m = (window *)self;
    return check(self, m->stride, m->kernel, m->padding, m->dilation);
}

static tp_status avg_init(tp_module *self)             /* and unpooling: they have no dilation */
{
    static const int64_t ones[3] = { 1, 1, 1 };
    window *m = (window *)self;
    return check(self, m->stride, m->kernel, m->padding, ones);
}

typedef struct lp { tp_module base; double norm_type; int64_t kernel[3], stride[3]; } lp;

static tp_status lp_init(tp_module *self)
{
    static const int64_t ones[3] = { 1, 1, 1 }, zeros[3] = { 0, 0, 0 };
    lp *m = (lp *)self;
    return m->norm_type != 0 ? check(self, m->stride, m->kernel, zeros, ones) : tp__misfit(self, "norm_type must not be 0");
}

/* ---- Windows of random places ------------------------------------------------------------------------------------------------------ */

typedef struct fractional {
    tp_module base;
    int64_t kernel[3], size[3];
    tp__float_values ratio;
    bool return_indices;
    tp_tensor *samples;
} fractional;

static tp_status fractional_init(tp_module *self)
{
    const fractional *m = (const fractional *)self;
    const int dims = tp__state(self)->layer->dims;
    const bool sized = m->size[0] != TP_NONE, scaled = m->ratio.n >= 0;
    if (sized == scaled) return tp__misfit(self, "one of output_size and output_ratio has to be given, and not both");
    if (scaled && m->ratio.n != 1 && m->ratio.n != dims) return tp__misfit(self, "output_ratio takes a number, or %d", dims);
    for (int i = 0; scaled && i < m->ratio.n; i++)
        if (!(m->ratio.v[i] > 0 && m->ratio.v[i] < 1)) return tp__misfit(self, "output_ratio %g is not between 0 and 1", m->ratio.v[i]);
    return TP_OK;
}

/* ---- In C ---------------------------------------------------------------------------------------------------------------------------- */

#define WINDOWS_IN_C(n) \
    tp_module *tp_nn_max_pool##n##d_with(int64_t kernel, const tp_nn_max_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_max_pool##n##d, o, options); \
        return TP__MAKE("MaxPool" #n "d", TP__WITH_##n(kernel_size, kernel, o.kernel), TP__WITH_##n(stride, o.stride, o.stride), \
                        TP__WITH_##n(padding, o.padding, o.padding), TP__WITH_##n(dilation, o.dilation, o.dilation), \
                        TP__WITH_BOOL(return_indices, o.return_indices), TP__WITH_BOOL(ceil_mode, o.ceil_mode)); \
    } \
    tp_module *tp_nn_max_unpool##n##d_with(int64_t kernel, const tp_nn_max_unpool##n##d_options *options) \
    { \
        TP__TAKE(nn_max_unpool##n##d, o, options); \
        return TP__MAKE("MaxUnpool" #n "d", TP__WITH_##n(kernel_size, kernel, o.kernel), TP__WITH_##n(stride, o.stride, o.stride), \
                        TP__WITH_##n(padding, o.padding, o.padding)); \
    } \
    tp_module *tp_nn_lp_pool##n##d_with(double p, int64_t kernel, const tp_nn_lp_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_lp_pool##n##d, o, options); \
        return TP__MAKE("LPPool" #n "d", TP__WITH_REAL(norm_type, p), TP__WITH_##n(kernel_size, kernel, o.kernel), \
                        TP__WITH_##n(stride, o.stride, o.stride), TP__WITH_BOOL(ceil_mode, o.ceil_mode)); \
    } \
    tp_module *tp_nn_adaptive_max_pool##n##d_with(int64_t size, const tp_nn_adaptive_max_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_adaptive_max_pool##n##d, o, options); \
        return TP__MAKE("AdaptiveMaxPool" #n "d", TP__WITH_##n(output_size, size, o.size), TP__WITH_BOOL(return_indices, o.return_indices)); \
    }
WINDOWS_IN_C(1)
WINDOWS_IN_C(2)
WINDOWS_IN_C(3)

#define AVG_IN_C(n, ...) \
    tp_module *tp_nn_avg_pool##n##d_with(int64_t kernel, const tp_nn_avg_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_avg_pool##n##d, o, options); \
        return TP__MAKE("AvgPool" #n "d", TP__WITH_##n(kernel_size, kernel, o.kernel), TP__WITH_##n(stride, o.stride, o.stride), \
                        TP__WITH_##n(padding, o.padding, o.padding), TP__WITH_BOOL(ceil_mode, o.ceil_mode), \
                        TP__WITH_BOOL(count_include_pad, o.count_include_pad), ##__VA_ARGS__); \
    }
AVG_IN_C(1)
AVG_IN_C(2, TP__WITH_INT_OR_NONE(divisor_override, o.divisor_override))
AVG_IN_C(3, TP__WITH_INT_OR_NONE(divisor_override, o.divisor_override))

tp_module *tp_nn_adaptive_avg_pool1d(int64_t size) { return TP__MAKE("AdaptiveAvgPool1d", TP__WITH_1(output_size, size, )); }

#define PLANES_IN_C(n) \
    tp_module *tp_nn_adaptive_avg_pool##n##d_with(int64_t size, const tp_nn_adaptive_avg_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_adaptive_avg_pool##n##d, o, options); \
        return TP__MAKE("AdaptiveAvgPool" #n "d", TP__WITH_##n(output_size, size, o.size)); \
    } \
    tp_module *tp_nn_fractional_max_pool##n##d_with(int64_t kernel, const tp_nn_fractional_max_pool##n##d_options *options) \
    { \
        TP__TAKE(nn_fractional_max_pool##n##d, o, options); \
        return TP__MAKE("FractionalMaxPool" #n "d", TP__WITH_##n(kernel_size, kernel, o.kernel), TP__WITH_##n(output_size, o.output_size, o.size), \
                        TP__WITH_REAL_UNLESS(output_ratio, o.output_ratio, o.output_ratio == 0), TP__WITH_BOOL(return_indices, o.return_indices)); \
    }
PLANES_IN_C(2)
PLANES_IN_C(3)

/* ---- Rows ------------------------------------------------------------------------------------------------------------------------------ */

#define MAX(n) \
    { "MaxPool" #n "d(int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0, int[" #n "] dilation=1, " \
      "bool return_indices=false, bool ceil_mode=false)", .init = max_init, .op = "max_pool" #n "d", \
      .shows = "kernel_size stride padding dilation ceil_mode", .dims = n, TP__LAYER }
#define AVG(n, MORE) \
    { "AvgPool" #n "d(int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0, bool ceil_mode=false, " \
      "bool count_include_pad=true" MORE ")", .init = avg_init, .op = "avg_pool" #n "d", .shows = "kernel_size stride padding", .dims = n, TP__LAYER }
#define LP(n) \
    { "LPPool" #n "d(float norm_type, int[" #n "] kernel_size, int[" #n "]? stride=none, bool ceil_mode=false)", .init = lp_init, \
      .op = "lp_pool" #n "d", .shows = "norm_type kernel_size stride ceil_mode", .dims = n, TP__LAYER }
#define UNPOOL(n) \
    { "MaxUnpool" #n "d(int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0)", .init = avg_init, .op = "max_unpool" #n "d", \
      .inputs = "input, indices, output_size?", .shows = "kernel_size stride padding", .dims = n, TP__LAYER }
#define ADAPTIVE(n) \
    { "AdaptiveAvgPool" #n "d(int[" #n "] output_size)", .op = "adaptive_avg_pool" #n "d", .shows = "output_size", .dims = n, TP__LAYER }, \
    { "AdaptiveMaxPool" #n "d(int[" #n "] output_size, bool return_indices=false)", .op = "adaptive_max_pool" #n "d", .shows = "output_size", \
      .dims = n, TP__LAYER }
#define FRACTIONAL(n) \
    { "FractionalMaxPool" #n "d(int[" #n "] kernel_size, int[" #n "]? output_size=none, float[]? output_ratio=none, bool return_indices=false, " \
      "buffer? _random_samples=none)", sizeof(fractional), fractional_init, .op = "fractional_max_pool" #n "d", .dims = n, TP__LAYER }
#define EACH_DIM(X) X(1), X(2), X(3)

const tp__layer tp__nn_pool[] = {
    EACH_DIM(MAX), AVG(1, ""), AVG(2, ", int? divisor_override=none"), AVG(3, ", int? divisor_override=none"), EACH_DIM(ADAPTIVE),
    EACH_DIM(LP), EACH_DIM(UNPOOL), FRACTIONAL(2), FRACTIONAL(3), { .schema = NULL },
};
