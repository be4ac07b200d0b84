/* norm.h: normalization, see the ops of the same names. Weights begin as ones, biases as zeros. */
#ifndef TAPER_NN_NORM_H
#define TAPER_NN_NORM_H

#include <taper/nn/module.h>

typedef struct tp_nn_batch_norm_options {
    TP__HEAD(tp_nn_batch_norm_options);
    double eps TP__IS(1e-5), momentum TP__IS(0.1);     /* of the running statistics; below 0: the mean of all batches */
    bool affine TP__IS(true), track_running_stats TP__IS(true), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_batch_norm_options;
#define TP__DEFAULT_nn_batch_norm .eps = 1e-5, .momentum = 0.1, .affine = true, .track_running_stats = true, .bias = true,

typedef struct tp_nn_instance_norm_options {
    TP__HEAD(tp_nn_instance_norm_options);
    double eps TP__IS(1e-5), momentum TP__IS(0.1);
    bool affine TP__IS(false), track_running_stats TP__IS(false), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_instance_norm_options;
#define TP__DEFAULT_nn_instance_norm .eps = 1e-5, .momentum = 0.1, .bias = true,

typedef struct tp_nn_layer_norm_options {
    TP__HEAD(tp_nn_layer_norm_options);
    double eps TP__IS(1e-5);
    bool elementwise_affine TP__IS(true), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_layer_norm_options;
#define TP__DEFAULT_nn_layer_norm .eps = 1e-5, .elementwise_affine = true, .bias = true,

typedef struct tp_nn_rms_norm_options {
    TP__HEAD(tp_nn_rms_norm_options);
    double eps TP__IS(-1);                             /* below 0: the machine epsilon */
    bool elementwise_affine TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_rms_norm_options;
#define TP__DEFAULT_nn_rms_norm .eps = -1, .elementwise_affine = true,

typedef struct tp_nn_group_norm_options {
    TP__HEAD(tp_nn_group_norm_options);
    double eps TP__IS(1e-5);
    bool affine TP__IS(true), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_group_norm_options;
#define TP__DEFAULT_nn_group_norm .eps = 1e-5, .affine = true, .bias = true,

#define TP__EACH_NN_NORM_OPTIONS(X) X(nn_batch_norm) X(nn_instance_norm) X(nn_layer_norm) X(nn_rms_norm) X(nn_group_norm)

/* The next input; NULL, without an error: there are no more. */
typedef tp_tensor *tp_next_input_fn(void *arg);

#ifdef __cplusplus
extern "C" {
#endif

/* By channel over the batch: in training by its own statistics, which the running ones follow, else by those.  weight, bias [features],
 * running_mean, running_var, num_batches_tracked. One module in training belongs to one thread. */
TP_API tp_module *tp_nn_batch_norm1d_with(int64_t features, const tp_nn_batch_norm_options *o);
TP_API tp_module *tp_nn_batch_norm2d_with(int64_t features, const tp_nn_batch_norm_options *o);
TP_API tp_module *tp_nn_batch_norm3d_with(int64_t features, const tp_nn_batch_norm_options *o);
/* By channel of each sample */
TP_API tp_module *tp_nn_instance_norm1d_with(int64_t features, const tp_nn_instance_norm_options *o);
TP_API tp_module *tp_nn_instance_norm2d_with(int64_t features, const tp_nn_instance_norm_options *o);
TP_API tp_module *tp_nn_instance_norm3d_with(int64_t features, const tp_nn_instance_norm_options *o);
/* Over the last dims, which are `shape`: TP_SHAPE(512) */
TP_API tp_module *tp_nn_layer_norm_with(tp_shape shape, const tp_nn_layer_norm_options *o);
TP_API tp_module *tp_nn_rms_norm_with(tp_shape shape, const tp_nn_rms_norm_options *o);
/* Over groups of channels, and over neighbouring channels */
TP_API tp_module *tp_nn_group_norm_with(int64_t groups, int64_t channels, const tp_nn_group_norm_options *o);
TP_API tp_module *tp_nn_local_response_norm_with(int64_t size, const tp_local_response_norm_options *o);
/* torch.nn.CrossMapLRN2d, kept for old networks: [n, c, h, w] only, with windows of (size + 1) / 2 channels to either side and the first channel
 * in those further on as well. Its gradient is PyTorch's, which is not quite the derivative, and has none itself. */
TP_API tp_module *tp_nn_cross_map_lrn2d_with(int64_t size, const tp_local_response_norm_options *o);

/* A layer, with a bias, that does what m, a convolution or Linear, and the batch norm after it do together in evaluation mode; both stay as they are. The
 * caller frees it. TP_ERR_UNSUPPORTED: another layer, or a transpose in groups; TP_ERR_STATE: one of them is in training; TP_ERR_ARGUMENT: no batch
 * norm, or one without running statistics; TP_ERR_SHAPE: channels that differ. */
TP_API tp_module *tp_fuse_bn_eval(tp_module *m, tp_module *batch_norm);
/* Runs m in training mode over all inputs that `next` gives, without recording, so that the running statistics of its batch norms become the means over
 * these: after weights were averaged, for example. Modes and momenta are then as before, on error too; the statistics are then those of what was run. */
TP_API tp_status tp_update_bn(tp_module *m, tp_next_input_fn *next, void *arg);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_fuse_bn_eval(m, batch_norm) tp_fuse_bn_eval(TP_MODULE(m), TP_MODULE(batch_norm))
#define tp_update_bn(m, next, arg)     tp_update_bn(TP_MODULE(m), next, arg)
#define tp_nn_batch_norm1d(...) tp__nn_batch_norm1d(__VA_ARGS__, )
#define tp__nn_batch_norm1d(features, ...) TP__DEFAULTS(tp_nn_batch_norm1d_with(features, TP__OPTIONS(nn_batch_norm, __VA_ARGS__)))
#define tp_nn_batch_norm2d(...) tp__nn_batch_norm2d(__VA_ARGS__, )
#define tp__nn_batch_norm2d(features, ...) TP__DEFAULTS(tp_nn_batch_norm2d_with(features, TP__OPTIONS(nn_batch_norm, __VA_ARGS__)))
#define tp_nn_batch_norm3d(...) tp__nn_batch_norm3d(__VA_ARGS__, )
#define tp__nn_batch_norm3d(features, ...) TP__DEFAULTS(tp_nn_batch_norm3d_with(features, TP__OPTIONS(nn_batch_norm, __VA_ARGS__)))
#define tp_nn_instance_norm1d(...) tp__nn_instance_norm1d(__VA_ARGS__, )
#define tp__nn_instance_norm1d(features, ...) TP__DEFAULTS(tp_nn_instance_norm1d_with(features, TP__OPTIONS(nn_instance_norm, __VA_ARGS__)))
#define tp_nn_instance_norm2d(...) tp__nn_instance_norm2d(__VA_ARGS__, )
#define tp__nn_instance_norm2d(features, ...) TP__DEFAULTS(tp_nn_instance_norm2d_with(features, TP__OPTIONS(nn_instance_norm, __VA_ARGS__)))
#define tp_nn_instance_norm3d(...) tp__nn_instance_norm3d(__VA_ARGS__, )
#define tp__nn_instance_norm3d(features, ...) TP__DEFAULTS(tp_nn_instance_norm3d_with(features, TP__OPTIONS(nn_instance_norm, __VA_ARGS__)))
#define tp_nn_layer_norm(...) tp__nn_layer_norm(__VA_ARGS__, )
#define tp__nn_layer_norm(shape, ...) TP__DEFAULTS(tp_nn_layer_norm_with(shape, TP__OPTIONS(nn_layer_norm, __VA_ARGS__)))
#define tp_nn_rms_norm(...) tp__nn_rms_norm(__VA_ARGS__, )
#define tp__nn_rms_norm(shape, ...) TP__DEFAULTS(tp_nn_rms_norm_with(shape, TP__OPTIONS(nn_rms_norm, __VA_ARGS__)))
#define tp_nn_group_norm(...) tp__nn_group_norm(__VA_ARGS__, )
#define tp__nn_group_norm(groups, channels, ...) TP__DEFAULTS(tp_nn_group_norm_with(groups, channels, TP__OPTIONS(nn_group_norm, __VA_ARGS__)))
#define tp_nn_local_response_norm(...) tp__nn_local_response_norm(__VA_ARGS__, )
#define tp__nn_local_response_norm(size, ...) TP__DEFAULTS(tp_nn_local_response_norm_with(size, TP__OPTIONS(local_response_norm, __VA_ARGS__)))
#define tp_nn_cross_map_lrn2d(...) tp__nn_cross_map_lrn2d(__VA_ARGS__, )
#define tp__nn_cross_map_lrn2d(size, ...) TP__DEFAULTS(tp_nn_cross_map_lrn2d_with(size, TP__OPTIONS(local_response_norm, __VA_ARGS__)))
#else
inline tp_module *tp_nn_batch_norm1d(int64_t features, const tp_nn_batch_norm_options &o = {}) { return tp_nn_batch_norm1d_with(features, &o); }
inline tp_module *tp_nn_batch_norm2d(int64_t features, const tp_nn_batch_norm_options &o = {}) { return tp_nn_batch_norm2d_with(features, &o); }
inline tp_module *tp_nn_batch_norm3d(int64_t features, const tp_nn_batch_norm_options &o = {}) { return tp_nn_batch_norm3d_with(features, &o); }
inline tp_module *tp_nn_instance_norm1d(int64_t features, const tp_nn_instance_norm_options &o = {})
{ return tp_nn_instance_norm1d_with(features, &o); }
inline tp_module *tp_nn_instance_norm2d(int64_t features, const tp_nn_instance_norm_options &o = {})
{ return tp_nn_instance_norm2d_with(features, &o); }
inline tp_module *tp_nn_instance_norm3d(int64_t features, const tp_nn_instance_norm_options &o = {})
{ return tp_nn_instance_norm3d_with(features, &o); }
inline tp_module *tp_nn_layer_norm(tp_shape shape, const tp_nn_layer_norm_options &o = {}) { return tp_nn_layer_norm_with(shape, &o); }
inline tp_module *tp_nn_rms_norm(tp_shape shape, const tp_nn_rms_norm_options &o = {}) { return tp_nn_rms_norm_with(shape, &o); }
inline tp_module *tp_nn_group_norm(int64_t groups, int64_t channels, const tp_nn_group_norm_options &o = {})
{ return tp_nn_group_norm_with(groups, channels, &o); }
inline tp_module *tp_nn_local_response_norm(int64_t size, const tp_local_response_norm_options &o = {})
{ return tp_nn_local_response_norm_with(size, &o); }
inline tp_module *tp_nn_cross_map_lrn2d(int64_t size, const tp_local_response_norm_options &o = {}) { return tp_nn_cross_map_lrn2d_with(size, &o); }
#endif

#endif
