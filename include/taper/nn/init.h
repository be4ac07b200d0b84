/* init.h: first values of parameters, as torch.nn.init. Each writes x in place, unrecorded, and returns it; NULL for x NULL, and on errors:
 * TP_ERR_ARGUMENT (dims, numbers that cannot be), TP_ERR_DTYPE, TP_ERR_STATE. */
#ifndef TAPER_NN_INIT_H
#define TAPER_NN_INIT_H

#include <taper/nn/module.h>

typedef enum tp_nonlinearity { TP_GAIN_DEFAULT = 0, TP_GAIN_LINEAR, TP_GAIN_TANH, TP_GAIN_RELU, TP_GAIN_LEAKY_RELU, TP_GAIN_SELU } tp_nonlinearity;

typedef struct tp_init_kaiming_options {
    TP__HEAD(tp_init_kaiming_options);
    double a TP__IS(0);                                /* the slope of a leaky relu */
    bool fan_out TP__IS(false);                        /* keeps the size of gradients, and not of values */
    tp_nonlinearity nonlinearity TP__IS(TP_GAIN_DEFAULT);        /* TP_GAIN_LEAKY_RELU */
    TP__TAIL;
} tp_init_kaiming_options;
#define TP__DEFAULT_init_kaiming

#define TP__EACH_NN_INIT_OPTIONS(X) X(init_kaiming)

#ifdef __cplusplus
extern "C" {
#endif

/* The factor by which a layer's weights make up for what follows it: 1; 5 / 3 for tanh; sqrt(2) for relu, with a slope less; 3 / 4. */
TP_API double tp_init_gain(tp_nonlinearity of, double slope);

TP_API tp_tensor *tp_init_uniform_(tp_tensor *x, double lo, double hi);
TP_API tp_tensor *tp_init_normal_(tp_tensor *x, double mean, double std);
TP_API tp_tensor *tp_init_trunc_normal_(tp_tensor *x, double mean, double std, double lo, double hi);        /* none outside of lo .. hi */
TP_API tp_tensor *tp_init_constant_(tp_tensor *x, double value);
TP_API tp_tensor *tp_init_ones_(tp_tensor *x);
TP_API tp_tensor *tp_init_zeros_(tp_tensor *x);

/* x [out, in, ..]: fan_in is in, fan_out is out, times the rest. Uniform in +-gain sqrt(6 / (fan_in + fan_out)), or normal of that size. */
TP_API tp_tensor *tp_init_xavier_uniform_(tp_tensor *x, double gain);
TP_API tp_tensor *tp_init_xavier_normal_(tp_tensor *x, double gain);
/* Uniform in +-gain sqrt(3 / fan), or normal of that size */
TP_API tp_tensor *tp_init_kaiming_uniform__with(tp_tensor *x, const tp_init_kaiming_options *o);
TP_API tp_tensor *tp_init_kaiming_normal__with(tp_tensor *x, const tp_init_kaiming_options *o);

TP_API tp_tensor *tp_init_eye_(tp_tensor *x);          /* a matrix: ones on the diagonal */
/* [out, in / groups, ..kernel]: a convolution that passes its channels on */
TP_API tp_tensor *tp_init_dirac_(tp_tensor *x, int64_t groups);
/* [rows, columns]: normal, but zeros in a share `sparsity`, of 0 .. 1 and rounded up, of each column's rows */
TP_API tp_tensor *tp_init_sparse_(tp_tensor *x, double sparsity, double std);
/* As a matrix [out, rest]: rows, or columns where they are fewer, of length gain and orthogonal. On the CPU, in float64 */
TP_API tp_tensor *tp_init_orthogonal_(tp_tensor *x, double gain);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_init_kaiming_uniform_(...) tp__init_kaiming_uniform_(__VA_ARGS__, )
#define tp__init_kaiming_uniform_(x, ...) TP__DEFAULTS(tp_init_kaiming_uniform__with(x, TP__OPTIONS(init_kaiming, __VA_ARGS__)))
#define tp_init_kaiming_normal_(...) tp__init_kaiming_normal_(__VA_ARGS__, )
#define tp__init_kaiming_normal_(x, ...) TP__DEFAULTS(tp_init_kaiming_normal__with(x, TP__OPTIONS(init_kaiming, __VA_ARGS__)))
#else
inline tp_tensor *tp_init_kaiming_uniform_(tp_tensor *x, const tp_init_kaiming_options &o = {}) { return tp_init_kaiming_uniform__with(x, &o); }
inline tp_tensor *tp_init_kaiming_normal_(tp_tensor *x, const tp_init_kaiming_options &o = {}) { return tp_init_kaiming_normal__with(x, &o); }
#endif

#endif
