/* norm.h: normalization. What holds for all ops is said in ops.h.
 *
 * Floating dtypes; 16-bit floats are computed in float32, and may have float32 weights and statistics. Sums over float32 are taken
 * in short parts, which are added in float64. Gradients: x, weight, bias. */
#ifndef TAPER_OPS_NORM_H
#define TAPER_OPS_NORM_H

#include <taper/core.h>

typedef struct tp_layer_norm_options {
    TP__HEAD(tp_layer_norm_options);
    tp_tensor *weight TP__IS(nullptr), *bias TP__IS(nullptr);      /* of the normalized shape */
    double eps TP__IS(1e-5);
    TP__TAIL;
} tp_layer_norm_options;
#define TP__DEFAULT_layer_norm .eps = 1e-5,

typedef struct tp_group_norm_options {
    TP__HEAD(tp_group_norm_options);
    tp_tensor *weight TP__IS(nullptr), *bias TP__IS(nullptr);      /* [channels] */
    double eps TP__IS(1e-5);
    TP__TAIL;
} tp_group_norm_options;
#define TP__DEFAULT_group_norm .eps = 1e-5,

typedef struct tp_rms_norm_options {
    TP__HEAD(tp_rms_norm_options);
    tp_tensor *weight TP__IS(nullptr);                 /* of the normalized shape */
    double eps TP__IS(-1);                             /* below 0: the machine epsilon of the dtype that is computed in */
    TP__TAIL;
} tp_rms_norm_options;
#define TP__DEFAULT_rms_norm .eps = -1,

typedef struct tp_batch_norm_options {
    TP__HEAD(tp_batch_norm_options);
    tp_tensor *weight TP__IS(nullptr), *bias TP__IS(nullptr);      /* [channels] */
    bool training TP__IS(false);                       /* by the batch's own statistics */
    double momentum TP__IS(0.1);                       /* what weight they get in the running ones */
    double eps TP__IS(1e-5);
    TP__TAIL;
} tp_batch_norm_options;
#define TP__DEFAULT_batch_norm .momentum = 0.1, .eps = 1e-5,

typedef struct tp_instance_norm_options {
    TP__HEAD(tp_instance_norm_options);
    tp_tensor *running_mean TP__IS(nullptr), *running_var TP__IS(nullptr);   /* [channels], as weight and bias */
    tp_tensor *weight TP__IS(nullptr), *bias TP__IS(nullptr);
    bool use_input_stats TP__IS(true);
    double momentum TP__IS(0.1), eps TP__IS(1e-5);
    TP__TAIL;
} tp_instance_norm_options;
#define TP__DEFAULT_instance_norm .use_input_stats = true, .momentum = 0.1, .eps = 1e-5,

typedef struct tp_local_response_norm_options {
    TP__HEAD(tp_local_response_norm_options);
    double alpha TP__IS(1e-4), beta TP__IS(0.75), k TP__IS(1);
    TP__TAIL;
} tp_local_response_norm_options;
#define TP__DEFAULT_local_response_norm .alpha = 1e-4, .beta = 0.75, .k = 1,

#define TP__EACH_NORM_OP_OPTIONS(X) X(layer_norm) X(group_norm) X(rms_norm) X(batch_norm) X(instance_norm) X(local_response_norm)

#ifdef __cplusplus
extern "C" {
#endif

/* y = (x - mean) / sqrt(var + eps) weight + bias over the last dims, which are `shape`. TP_ERR_SHAPE: x does not end in it. */
TP_API tp_tensor *tp_layer_norm_with(tp_tensor *x, tp_shape shape, const tp_layer_norm_options *o);
/* The same over each of `groups` groups of channels: x [n, channels, ..]. TP_ERR_SHAPE: the channels cannot be cut into them. */
TP_API tp_tensor *tp_group_norm_with(tp_tensor *x, int64_t groups, const tp_group_norm_options *o);
/* y = x / sqrt(mean(x^2) + eps) weight over the last dims, which are `shape`. */
TP_API tp_tensor *tp_rms_norm_with(tp_tensor *x, tp_shape shape, const tp_rms_norm_options *o);

/* y = (x - mean) / sqrt(var + eps) weight + bias by channel: x [batch, channels, ..], contiguous or with channels last, as which y
 * comes. Training, mean and var are those of the batch, and the running ones, unless both are NULL, become (1 - momentum) of
 * themselves and momentum of these, var unbiased: once, after all else has succeeded; refused while an error is unread. Else the
 * running ones are taken. TP_ERR_SHAPE: one value per channel when training. TP_ERR_STATE: a running one cannot be written. */
TP_API tp_tensor *tp_batch_norm_with(tp_tensor *x, tp_tensor *running_mean, tp_tensor *running_var, const tp_batch_norm_options *o);
/* The same for each sample by itself; running statistics take the mean over samples. TP_ERR_SHAPE: one element per channel. */
TP_API tp_tensor *tp_instance_norm_with(tp_tensor *x, const tp_instance_norm_options *o);

/* y = x (k + alpha m)^-beta, where m is the mean of x^2 over `size` channels about each, those beyond the ends counted as zeros:
 * x [n, channels, ..], of 3 dims or more. TP_ERR_SHAPE, TP_ERR_ARGUMENT (size). */
TP_API tp_tensor *tp_local_response_norm_with(tp_tensor *x, int64_t size, const tp_local_response_norm_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_layer_norm(...) tp__layer_norm(__VA_ARGS__, )
#define tp__layer_norm(x, shape, ...) TP__DEFAULTS(tp_layer_norm_with(x, shape, TP__OPTIONS(layer_norm, __VA_ARGS__)))
#define tp_group_norm(...) tp__group_norm(__VA_ARGS__, )
#define tp__group_norm(x, groups, ...) TP__DEFAULTS(tp_group_norm_with(x, groups, TP__OPTIONS(group_norm, __VA_ARGS__)))
#define tp_rms_norm(...) tp__rms_norm(__VA_ARGS__, )
#define tp__rms_norm(x, shape, ...) TP__DEFAULTS(tp_rms_norm_with(x, shape, TP__OPTIONS(rms_norm, __VA_ARGS__)))
#define tp_batch_norm(...) tp__batch_norm(__VA_ARGS__, )
#define tp__batch_norm(x, mean, var, ...) TP__DEFAULTS(tp_batch_norm_with(x, mean, var, TP__OPTIONS(batch_norm, __VA_ARGS__)))
#define tp_instance_norm(...) tp__instance_norm(__VA_ARGS__, )
#define tp__instance_norm(x, ...) TP__DEFAULTS(tp_instance_norm_with(x, TP__OPTIONS(instance_norm, __VA_ARGS__)))
#define tp_local_response_norm(...) tp__local_response_norm(__VA_ARGS__, )
#define tp__local_response_norm(x, n, ...) TP__DEFAULTS(tp_local_response_norm_with(x, n, TP__OPTIONS(local_response_norm, __VA_ARGS__)))
#else
inline tp_tensor *tp_local_response_norm(tp_tensor *x, int64_t size, const tp_local_response_norm_options &o = {})
{ return tp_local_response_norm_with(x, size, &o); }
inline tp_tensor *tp_layer_norm(tp_tensor *x, tp_shape shape, const tp_layer_norm_options &o = {}) { return tp_layer_norm_with(x, shape, &o); }
inline tp_tensor *tp_group_norm(tp_tensor *x, int64_t groups, const tp_group_norm_options &o = {}) { return tp_group_norm_with(x, groups, &o); }
inline tp_tensor *tp_rms_norm(tp_tensor *x, tp_shape shape, const tp_rms_norm_options &o = {}) { return tp_rms_norm_with(x, shape, &o); }
inline tp_tensor *tp_batch_norm(tp_tensor *x, tp_tensor *running_mean, tp_tensor *running_var, const tp_batch_norm_options &o = {})
{ return tp_batch_norm_with(x, running_mean, running_var, &o); }
inline tp_tensor *tp_instance_norm(tp_tensor *x, const tp_instance_norm_options &o = {}) { return tp_instance_norm_with(x, &o); }
#endif

#endif
