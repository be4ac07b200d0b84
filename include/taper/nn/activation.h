/* activation.h: activations, see the ops of the same names. */
#ifndef TAPER_NN_ACTIVATION_H
#define TAPER_NN_ACTIVATION_H

#include <taper/nn/module.h>

typedef struct tp_nn_prelu_options {
    TP__HEAD(tp_nn_prelu_options);
    int64_t num_parameters TP__IS(1);                  /* 1, or one for each channel */
    double init TP__IS(0.25);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_prelu_options;
#define TP__DEFAULT_nn_prelu .num_parameters = 1, .init = 0.25,

typedef struct tp_nn_rrelu_options {
    TP__HEAD(tp_nn_rrelu_options);
    double lower TP__IS(1. / 8), upper TP__IS(1. / 3);
    TP__TAIL;
} tp_nn_rrelu_options;
#define TP__DEFAULT_nn_rrelu .lower = 1. / 8, .upper = 1. / 3,

#define TP__EACH_NN_ACTIVATION_OPTIONS(X) X(nn_prelu) X(nn_rrelu)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_module *tp_nn_identity(void);
TP_API tp_module *tp_nn_relu(void);
TP_API tp_module *tp_nn_relu6(void);
TP_API tp_module *tp_nn_sigmoid(void);
TP_API tp_module *tp_nn_tanh(void);
TP_API tp_module *tp_nn_silu(void);
TP_API tp_module *tp_nn_mish(void);
TP_API tp_module *tp_nn_selu(void);
TP_API tp_module *tp_nn_hardsigmoid(void);
TP_API tp_module *tp_nn_hardswish(void);
TP_API tp_module *tp_nn_log_sigmoid(void);
TP_API tp_module *tp_nn_softsign(void);
TP_API tp_module *tp_nn_tanhshrink(void);
TP_API tp_module *tp_nn_gelu_with(const tp_gelu_options *o);
TP_API tp_module *tp_nn_leaky_relu_with(const tp_leaky_relu_options *o);
TP_API tp_module *tp_nn_elu_with(const tp_elu_options *o);
TP_API tp_module *tp_nn_celu_with(const tp_celu_options *o);
TP_API tp_module *tp_nn_softplus_with(const tp_softplus_options *o);
TP_API tp_module *tp_nn_hardtanh_with(const tp_hardtanh_options *o);
TP_API tp_module *tp_nn_hardshrink_with(const tp_hardshrink_options *o);
TP_API tp_module *tp_nn_softshrink_with(const tp_softshrink_options *o);
TP_API tp_module *tp_nn_threshold(double threshold, double value);
/* Slopes that are learned:  weight [num_parameters] */
TP_API tp_module *tp_nn_prelu_with(const tp_nn_prelu_options *o);
TP_API tp_module *tp_nn_rrelu_with(const tp_nn_rrelu_options *o);
/* Along a dim */
TP_API tp_module *tp_nn_glu(int dim);
TP_API tp_module *tp_nn_softmax(int dim);
TP_API tp_module *tp_nn_log_softmax(int dim);
TP_API tp_module *tp_nn_softmin(int dim);
TP_API tp_module *tp_nn_softmax2d(void);               /* over the channels of [n, c, h, w] */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_gelu(...) TP__DEFAULTS(tp_nn_gelu_with(TP__OPTIONS(gelu, __VA_ARGS__)))
#define tp_nn_leaky_relu(...) TP__DEFAULTS(tp_nn_leaky_relu_with(TP__OPTIONS(leaky_relu, __VA_ARGS__)))
#define tp_nn_elu(...) TP__DEFAULTS(tp_nn_elu_with(TP__OPTIONS(elu, __VA_ARGS__)))
#define tp_nn_celu(...) TP__DEFAULTS(tp_nn_celu_with(TP__OPTIONS(celu, __VA_ARGS__)))
#define tp_nn_softplus(...) TP__DEFAULTS(tp_nn_softplus_with(TP__OPTIONS(softplus, __VA_ARGS__)))
#define tp_nn_hardtanh(...) TP__DEFAULTS(tp_nn_hardtanh_with(TP__OPTIONS(hardtanh, __VA_ARGS__)))
#define tp_nn_hardshrink(...) TP__DEFAULTS(tp_nn_hardshrink_with(TP__OPTIONS(hardshrink, __VA_ARGS__)))
#define tp_nn_softshrink(...) TP__DEFAULTS(tp_nn_softshrink_with(TP__OPTIONS(softshrink, __VA_ARGS__)))
#define tp_nn_prelu(...) TP__DEFAULTS(tp_nn_prelu_with(TP__OPTIONS(nn_prelu, __VA_ARGS__)))
#define tp_nn_rrelu(...) TP__DEFAULTS(tp_nn_rrelu_with(TP__OPTIONS(nn_rrelu, __VA_ARGS__)))
#else
inline tp_module *tp_nn_gelu(const tp_gelu_options &o = {}) { return tp_nn_gelu_with(&o); }
inline tp_module *tp_nn_leaky_relu(const tp_leaky_relu_options &o = {}) { return tp_nn_leaky_relu_with(&o); }
inline tp_module *tp_nn_elu(const tp_elu_options &o = {}) { return tp_nn_elu_with(&o); }
inline tp_module *tp_nn_celu(const tp_celu_options &o = {}) { return tp_nn_celu_with(&o); }
inline tp_module *tp_nn_softplus(const tp_softplus_options &o = {}) { return tp_nn_softplus_with(&o); }
inline tp_module *tp_nn_hardtanh(const tp_hardtanh_options &o = {}) { return tp_nn_hardtanh_with(&o); }
inline tp_module *tp_nn_hardshrink(const tp_hardshrink_options &o = {}) { return tp_nn_hardshrink_with(&o); }
inline tp_module *tp_nn_softshrink(const tp_softshrink_options &o = {}) { return tp_nn_softshrink_with(&o); }
inline tp_module *tp_nn_prelu(const tp_nn_prelu_options &o = {}) { return tp_nn_prelu_with(&o); }
inline tp_module *tp_nn_rrelu(const tp_nn_rrelu_options &o = {}) { return tp_nn_rrelu_with(&o); }
#endif

#endif
