/* norm.c: normalization. Weights begin as ones, biases and running means as zeros, running variances as ones. */
#include "layer.h"
#include "module.h"

#include <math.h>

/* ---- By batch, and by instance ----------------------------------------------------------------------------------------------------- */

typedef struct norm {
    tp_module base;
    int64_t features;
    double eps, momentum;
    bool affine, track;
    tp_device device;
    tp_dtype dtype;
    bool has_bias;
    tp_tensor *weight, *bias, *mean, *var, *batches;
} norm;

static tp_status norm_init(tp_module *self)
{
    norm *m = (norm *)self;
    const tp_shape shape = TP_SHAPE(m->features);
    if (m->features < 0) return tp__misfit(self, "num_features %lld must not be negative", (long long)m->features);
    if (m->affine) m->weight = tp__add_full(self, "weight", shape, 1);
    if (m->affine && m->has_bias) m->bias = tp__add_full(self, "bias", shape, 0);
    if (!m->track) return TP_OK;
    m->mean = tp__add_statistic(self, "running_mean", shape, 0);
    m->var = tp__add_statistic(self, "running_var", shape, 1);
    m->batches = tp_add_buffer(m, "num_batches_tracked", tp_zeros((tp_shape){ .ndim = 0 }, .dtype = TP_I64, .device = m->device));
    return TP_OK;
}

static tp_tensor *batch_norm_forward(tp_module *self, tp_tensor *x)
{
    const norm *m = (const norm *)self;
    const int dims = tp__state(self)->layer->dims, ndim = tp_ndim(x);
    const bool training = tp_is_training(self), counts = training && m->track;
    if (ndim != dims + 2 && (dims > 1 || ndim != 2))
        return tp__misfit(self, dims > 1 ? "the input has %d dims, and not %d" : "the input has %d dims, and not 2 or %d", ndim, dims + 2), NULL;
    if (training && !(m->eps > 0)) return tp__misfit(self, "eps %g must be positive in training", m->eps), NULL;
    const double momentum = !isnan(m->momentum) ? m->momentum : counts ? 1 / (tp_item(m->batches) + 1) : 0;
    tp_tensor *count = counts ? tp_add(m->batches, 1) : NULL;            /* all that can fail comes before the first write */
    if (counts && !count) return NULL;
    tp_tensor *y = tp_batch_norm(x, training && !m->track ? NULL : m->mean, training && !m->track ? NULL : m->var, .weight = m->weight, .bias = m->bias,
                                 .training = training || !m->track, .momentum = momentum, .eps = m->eps);
    if (!y || !counts) return y;
    TP_NO_GRAD();
    return tp_copy_(m->batches, count) ? y : NULL;
}

/* One sample. The running statistics follow as copies, which are taken over once y has its shape. */
static tp_tensor *normalize_one(const norm *m, tp_tensor *x, bool training)
{
    const bool counts = training && m->track;
    tp_tensor *mean = counts ? tp_clone(m->mean) : m->mean, *var = counts ? tp_clone(m->var) : m->var;
    if (counts && (!mean || !var)) return NULL;
    tp_tensor *y = tp_squeeze(tp_instance_norm(tp_unsqueeze(x, 0), .running_mean = mean, .running_var = var, .weight = m->weight, .bias = m->bias,
                                               .use_input_stats = training || !m->track, .momentum = isnan(m->momentum) ? 0 : m->momentum,
                                               .eps = m->eps), .dims = TP_DIMS(0));
    if (!y || !counts) return y;
    TP_NO_GRAD();
    return tp_copy_(m->mean, mean) && tp_copy_(m->var, var) ? y : NULL;
}

static tp_tensor *instance_norm_forward(tp_module *self, tp_tensor *x)
{
    const norm *m = (const norm *)self;
    const int dims = tp__state(self)->layer->dims, ndim = tp_ndim(x);
    if (ndim != dims + 1 && ndim != dims + 2) return tp__misfit(self, "the input has %d dims, and not %d or %d", ndim, dims + 1, dims + 2), NULL;
    const int64_t channels = tp_size(x, ndim - dims - 1);
    if (channels != m->features && m->affine)
        return tp__misfit(self, "the input has %lld channels, and not %lld", (long long)channels, (long long)m->features), NULL;
    if (ndim == dims + 1) return normalize_one(m, x, tp_is_training(self));
    return tp_instance_norm(x, .running_mean = m->mean, .running_var = m->var, .weight = m->weight, .bias = m->bias,
                            .use_input_stats = tp_is_training(self) || !m->track, .momentum = isnan(m->momentum) ? 0 : m->momentum, .eps = m->eps);
}

/* ---- By the last dims, or groups of channels ----------------------------------------------------------------------------------------- */

typedef struct layer_norm {
    tp_module base;
    tp__int_values shape;
    double eps;
    bool affine, has_bias;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight, *bias;
} layer_norm;

typedef struct rms_norm {
    tp_module base;
    tp__int_values shape;
    double eps;
    bool affine;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *weight;
} rms_norm;

static tp_shape shape_of(const tp__int_values *v)
{
    tp_shape shape = { .ndim = (int)v->n };
    for (int i = 0; i < shape.ndim; i++) shape.dim[i] = v->v[i];
    return shape;
}

static tp_status layer_norm_init(tp_module *self)
{
    layer_norm *m = (layer_norm *)self;
    if (m->affine) m->weight = tp__add_full(self, "weight", shape_of(&m->shape), 1);
    if (m->affine && m->has_bias) m->bias = tp__add_full(self, "bias", shape_of(&m->shape), 0);
    return TP_OK;
}

static tp_tensor *layer_norm_forward(tp_module *self, tp_tensor *x)
{
    const layer_norm *m = (const layer_norm *)self;
    return tp_layer_norm(x, shape_of(&m->shape), .weight = m->weight, .bias = m->bias, .eps = m->eps);
}

static tp_status rms_norm_init(tp_module *self)
{
    rms_norm *m = (rms_norm *)self;
    if (m->affine) m->weight = tp__add_full(self, "weight", shape_of(&m->shape), 1);
    return TP_OK;
}

static tp_status rms_norm_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const rms_norm *m = (const rms_norm *)self;
    const tp_arg *in[1];
    (void)max;                                         /* at least 1, as for all layers */
    const tp_status status = tp__inputs(self, "x", args, n, in);
    if (status != TP_OK) return status;
    tp_tensor *x = tp__input_tensor(self, in[0], "x");
    *outs = tp_rms_norm(x, shape_of(&m->shape), .weight = m->weight, .eps = isnan(m->eps) ? -1 : m->eps);
    *n_out = 1;
    return *outs ? TP_OK : tp_error_status();
}

typedef struct group_norm {
    tp_module base;
    int64_t groups, channels;
    double eps;
    bool affine;
    tp_device device;
    tp_dtype dtype;
    bool has_bias;
    tp_tensor *weight, *bias;
} group_norm;

static tp_status group_norm_init(tp_module *self)
{
    group_norm *m = (group_norm *)self;
    if (m->groups <= 0 || m->channels < 0 || m->channels % m->groups)
        return tp__misfit(self, "%lld channels cannot be cut into %lld groups", (long long)m->channels, (long long)m->groups);
    if (m->affine) m->weight = tp__add_full(self, "weight", TP_SHAPE(m->channels), 1);
    if (m->affine && m->has_bias) m->bias = tp__add_full(self, "bias", TP_SHAPE(m->channels), 0);
    return TP_OK;
}

static tp_tensor *group_norm_forward(tp_module *self, tp_tensor *x)
{
    const group_norm *m = (const group_norm *)self;
    return tp_group_norm(x, m->groups, .weight = m->weight, .bias = m->bias, .eps = m->eps);
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------------------- */

#define IN_C(n) \
    tp_module *tp_nn_batch_norm##n##d_with(int64_t features, const tp_nn_batch_norm_options *options) \
    { \
        TP__TAKE(nn_batch_norm, o, options); \
        return TP__MAKE("BatchNorm" #n "d", TP__WITH_INT(num_features, features), TP__WITH_REAL(eps, o.eps), \
                        TP__WITH_REAL_UNLESS(momentum, o.momentum, o.momentum < 0), TP__WITH_BOOL(affine, o.affine), \
                        TP__WITH_BOOL(track_running_stats, o.track_running_stats), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o)); \
    } \
    tp_module *tp_nn_instance_norm##n##d_with(int64_t features, const tp_nn_instance_norm_options *options) \
    { \
        TP__TAKE(nn_instance_norm, o, options); \
        return TP__MAKE("InstanceNorm" #n "d", TP__WITH_INT(num_features, features), TP__WITH_REAL(eps, o.eps), TP__WITH_REAL(momentum, o.momentum), \
                        TP__WITH_BOOL(affine, o.affine), TP__WITH_BOOL(track_running_stats, o.track_running_stats), TP__WITH_BOOL(bias, o.bias), \
                        TP__WITH_PLACE(o)); \
    }
IN_C(1)
IN_C(2)
IN_C(3)

tp_module *tp_nn_layer_norm_with(tp_shape shape, const tp_nn_layer_norm_options *options)
{
    TP__TAKE(nn_layer_norm, o, options);
    return TP__MAKE("LayerNorm", TP__WITH_SIZES(normalized_shape, shape.ndim, shape.dim), TP__WITH_REAL(eps, o.eps),
                    TP__WITH_BOOL(elementwise_affine, o.elementwise_affine), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o));
}

tp_module *tp_nn_rms_norm_with(tp_shape shape, const tp_nn_rms_norm_options *options)
{
    TP__TAKE(nn_rms_norm, o, options);
    return TP__MAKE("RMSNorm", TP__WITH_SIZES(normalized_shape, shape.ndim, shape.dim), TP__WITH_REAL_UNLESS(eps, o.eps, o.eps < 0),
                    TP__WITH_BOOL(elementwise_affine, o.elementwise_affine), TP__WITH_PLACE(o));
}

tp_module *tp_nn_group_norm_with(int64_t groups, int64_t channels, const tp_nn_group_norm_options *options)
{
    TP__TAKE(nn_group_norm, o, options);
    return TP__MAKE("GroupNorm", TP__WITH_INT(num_groups, groups), TP__WITH_INT(num_channels, channels), TP__WITH_REAL(eps, o.eps),
                    TP__WITH_BOOL(affine, o.affine), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o));
}

tp_module *tp_nn_local_response_norm_with(int64_t size, const tp_local_response_norm_options *options)
{
    TP__TAKE(local_response_norm, o, options);
    return TP__MAKE("LocalResponseNorm", TP__WITH_INT(size, size), TP__WITH_REAL(alpha, o.alpha), TP__WITH_REAL(beta, o.beta), TP__WITH_REAL(k, o.k));
}

/* ---- Rows -------------------------------------------------------------------------------------------------------------------------------- */

#define PLACE "device device=none, dtype dtype=none"
#define BATCH(n) \
    { "BatchNorm" #n "d(int num_features, float eps=1e-5, float? momentum=0.1, bool affine=true, bool track_running_stats=true, " PLACE \
      ", *, bool bias=true)", sizeof(norm), norm_init, batch_norm_forward, .shows = ":num_features eps momentum affine track_running_stats", \
      .dims = n, TP__LAYER }
#define INSTANCE(n) \
    { "InstanceNorm" #n "d(int num_features, float eps=1e-5, float? momentum=0.1, bool affine=false, bool track_running_stats=false, " PLACE \
      ", *, bool bias=true)", sizeof(norm), norm_init, instance_norm_forward, .shows = ":num_features eps momentum affine track_running_stats", \
      .dims = n, TP__LAYER }

const tp__layer tp__nn_norm[] = {
    BATCH(1), BATCH(2), BATCH(3), INSTANCE(1), INSTANCE(2), INSTANCE(3),
    { "LayerNorm(int[] normalized_shape, float eps=1e-5, bool elementwise_affine=true, bool bias=true, " PLACE ")", sizeof(layer_norm),
      layer_norm_init, layer_norm_forward, .shows = ":normalized_shape eps elementwise_affine", TP__LAYER },
    { "RMSNorm(int[] normalized_shape, float? eps=none, bool elementwise_affine=true, " PLACE ")", sizeof(rms_norm), rms_norm_init,
      .call = rms_norm_call, .shows = ":normalized_shape eps elementwise_affine", TP__LAYER },
    { "GroupNorm(int num_groups, int num_channels, float eps=1e-5, bool affine=true, " PLACE ", *, bool bias=true)", sizeof(group_norm),
      group_norm_init, group_norm_forward, .shows = ":num_groups :num_channels eps affine", TP__LAYER },
    { "LocalResponseNorm(int size, float alpha=1e-4, float beta=0.75, float k=1)", .op = "local_response_norm", .shows = ":size alpha beta k",
      TP__LAYER },
    { .schema = NULL },
};
