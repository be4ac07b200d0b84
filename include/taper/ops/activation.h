/* activation.h: activations. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_ACTIVATION_H
#define TAPER_OPS_ACTIVATION_H

#include <taper/core.h>

typedef enum tp_gelu_approximation { TP_GELU_DEFAULT = 0, TP_GELU_NONE, TP_GELU_TANH } tp_gelu_approximation;

typedef struct tp_leaky_relu_options {
    TP__HEAD(tp_leaky_relu_options);
    double negative_slope TP__IS(0.01);
    TP__TAIL;
} tp_leaky_relu_options;
#define TP__DEFAULT_leaky_relu .negative_slope = 0.01,

typedef struct tp_hardtanh_options {
    TP__HEAD(tp_hardtanh_options);
    double min_val TP__IS(-1), max_val TP__IS(1);
    TP__TAIL;
} tp_hardtanh_options;
#define TP__DEFAULT_hardtanh .min_val = -1, .max_val = 1,

typedef struct tp_softshrink_options {
    TP__HEAD(tp_softshrink_options);
    double lambd TP__IS(0.5);
    TP__TAIL;
} tp_softshrink_options;
#define TP__DEFAULT_softshrink .lambd = 0.5,
typedef tp_softshrink_options tp_hardshrink_options;
#define TP__DEFAULT_hardshrink .lambd = 0.5,

typedef struct tp_elu_options {
    TP__HEAD(tp_elu_options);
    double alpha TP__IS(1);
    TP__TAIL;
} tp_elu_options;
#define TP__DEFAULT_elu .alpha = 1,
typedef tp_elu_options tp_celu_options;
#define TP__DEFAULT_celu .alpha = 1,

typedef struct tp_gelu_options {
    TP__HEAD(tp_gelu_options);
    tp_gelu_approximation approximate TP__IS(TP_GELU_DEFAULT);   /* none */
    TP__TAIL;
} tp_gelu_options;
#define TP__DEFAULT_gelu

typedef struct tp_softplus_options {
    TP__HEAD(tp_softplus_options);
    double beta TP__IS(1), threshold TP__IS(20);
    TP__TAIL;
} tp_softplus_options;
#define TP__DEFAULT_softplus .beta = 1, .threshold = 20,

typedef struct tp_rrelu_options {
    TP__HEAD(tp_rrelu_options);
    double lower TP__IS(1. / 8), upper TP__IS(1. / 3);
    bool training TP__IS(false);
    TP__TAIL;
} tp_rrelu_options;
#define TP__DEFAULT_rrelu .lower = 1. / 8, .upper = 1. / 3,

typedef struct tp_softmax_options {
    TP__HEAD(tp_softmax_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* what x is cast to first; its own */
    TP__TAIL;
} tp_softmax_options;
#define TP__DEFAULT_softmax
typedef tp_softmax_options tp_log_softmax_options;
#define TP__DEFAULT_log_softmax
typedef tp_softmax_options tp_softmin_options;
#define TP__DEFAULT_softmin

typedef struct tp_gumbel_softmax_options {
    TP__HEAD(tp_gumbel_softmax_options);
    double tau TP__IS(1);
    bool hard TP__IS(false);                           /* a one where the greatest is, with the gradient of what is not hard */
    int64_t dim TP__IS(-1);
    TP__TAIL;
} tp_gumbel_softmax_options;
#define TP__DEFAULT_gumbel_softmax .tau = 1, .dim = -1,

#define TP__EACH_ACTIVATION_OP_OPTIONS(X) X(leaky_relu) X(hardtanh) X(softshrink) X(hardshrink) X(elu) X(celu) X(gelu) X(softplus) X(rrelu) \
    X(softmax) X(log_softmax) X(softmin) X(gumbel_softmax)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Elementwise: floating dtypes, unless said otherwise; NAME_ in place --------------------------------------------------- */

TP_API tp_tensor *tp_relu(tp_tensor *x);               /* max(x, 0); NaN stays. Integers stay integers */
TP_API tp_tensor *tp_relu_(tp_tensor *x);
TP_API tp_tensor *tp_relu6(tp_tensor *x);              /* x held between 0 and 6. Integers too */
TP_API tp_tensor *tp_relu6_(tp_tensor *x);
TP_API tp_tensor *tp_leaky_relu_with(tp_tensor *x, const tp_leaky_relu_options *o);          /* x > 0 ? x : negative_slope x */
TP_API tp_tensor *tp_leaky_relu__with(tp_tensor *x, const tp_leaky_relu_options *o);
TP_API tp_tensor *tp_threshold(tp_tensor *x, double threshold, double value);      /* x > threshold ? x : value. Integers too */
TP_API tp_tensor *tp_threshold_(tp_tensor *x, double threshold, double value);
/* x held between min_val and max_val, with no gradient at these. Integers too. TP_ERR_ARGUMENT: min_val > max_val */
TP_API tp_tensor *tp_hardtanh_with(tp_tensor *x, const tp_hardtanh_options *o);
TP_API tp_tensor *tp_hardtanh__with(tp_tensor *x, const tp_hardtanh_options *o);
TP_API tp_tensor *tp_hardsigmoid(tp_tensor *x);        /* relu6(x + 3) / 6 */
TP_API tp_tensor *tp_hardsigmoid_(tp_tensor *x);
TP_API tp_tensor *tp_hardswish(tp_tensor *x);          /* x relu6(x + 3) / 6 */
TP_API tp_tensor *tp_hardswish_(tp_tensor *x);
/* x less lambd towards 0, and 0 where |x| <= lambd. TP_ERR_ARGUMENT: lambd < 0 */
TP_API tp_tensor *tp_softshrink_with(tp_tensor *x, const tp_softshrink_options *o);
TP_API tp_tensor *tp_softshrink__with(tp_tensor *x, const tp_softshrink_options *o);
TP_API tp_tensor *tp_hardshrink_with(tp_tensor *x, const tp_hardshrink_options *o);          /* x, and 0 where |x| <= lambd */
TP_API tp_tensor *tp_hardshrink__with(tp_tensor *x, const tp_hardshrink_options *o);

TP_API tp_tensor *tp_elu_with(tp_tensor *x, const tp_elu_options *o);    /* x > 0 ? x : alpha (exp(x) - 1) */
TP_API tp_tensor *tp_elu__with(tp_tensor *x, const tp_elu_options *o);
TP_API tp_tensor *tp_selu(tp_tensor *x);               /* 1.0507 elu(x) with alpha = 1.6733 */
TP_API tp_tensor *tp_selu_(tp_tensor *x);
TP_API tp_tensor *tp_celu_with(tp_tensor *x, const tp_celu_options *o);  /* x > 0 ? x : alpha (exp(x / alpha) - 1). TP_ERR_ARGUMENT: alpha is 0 */
TP_API tp_tensor *tp_celu__with(tp_tensor *x, const tp_celu_options *o);
/* x P(X <= x) of a normal X; with TP_GELU_TANH  x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
TP_API tp_tensor *tp_gelu_with(tp_tensor *x, const tp_gelu_options *o);
TP_API tp_tensor *tp_gelu__with(tp_tensor *x, const tp_gelu_options *o);
TP_API tp_tensor *tp_silu(tp_tensor *x);               /* x sigmoid(x) */
TP_API tp_tensor *tp_silu_(tp_tensor *x);
TP_API tp_tensor *tp_mish(tp_tensor *x);               /* x tanh(softplus(x)) */
TP_API tp_tensor *tp_mish_(tp_tensor *x);
TP_API tp_tensor *tp_softplus_with(tp_tensor *x, const tp_softplus_options *o);    /* log(1 + exp(beta x)) / beta, and x where beta x > threshold */
TP_API tp_tensor *tp_softplus__with(tp_tensor *x, const tp_softplus_options *o);
TP_API tp_tensor *tp_softsign(tp_tensor *x);           /* x / (1 + |x|). Integers give float32 */
TP_API tp_tensor *tp_softsign_(tp_tensor *x);
TP_API tp_tensor *tp_tanhshrink(tp_tensor *x);         /* x - tanh(x). Integers give float32 */
TP_API tp_tensor *tp_tanhshrink_(tp_tensor *x);
TP_API tp_tensor *tp_logsigmoid(tp_tensor *x);         /* log(sigmoid(x)) */
TP_API tp_tensor *tp_logsigmoid_(tp_tensor *x);

/* x > 0 ? x : weight x:  weight [channels] along dim 1 of x, or a single value. TP_ERR_SHAPE, TP_ERR_DTYPE. Gradients: both. */
TP_API tp_tensor *tp_prelu(tp_tensor *x, tp_tensor *weight);
/* leaky_relu with a slope of its own for each element, uniform from lower to upper, while training; else with their mean. */
TP_API tp_tensor *tp_rrelu_with(tp_tensor *x, const tp_rrelu_options *o);
TP_API tp_tensor *tp_rrelu__with(tp_tensor *x, const tp_rrelu_options *o);

/* ---- Along a dim ------------------------------------------------------------------------------------------------------------ */

TP_API tp_tensor *tp_glu(tp_tensor *x, int dim);       /* a sigmoid(b) of the two halves of x. TP_ERR_SHAPE: an odd size */
TP_API tp_tensor *tp_softmax_with(tp_tensor *x, int dim, const tp_softmax_options *o);       /* y_i = exp(x_i) / sum_j exp(x_j) */
TP_API tp_tensor *tp_log_softmax_with(tp_tensor *x, int dim, const tp_log_softmax_options *o);         /* its logarithm */
TP_API tp_tensor *tp_softmin_with(tp_tensor *x, int dim, const tp_softmin_options *o);       /* softmax(-x) */
TP_API tp_tensor *tp_gumbel_softmax_with(tp_tensor *x, const tp_gumbel_softmax_options *o);  /* softmax((x + Gumbel noise) / tau) */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define TP__ACTIVATE(name, x, ...) TP__DEFAULTS(tp_##name##_with(x, TP__OPTIONS(name, __VA_ARGS__)))
#define TP__ACTIVATE_(name, x, ...) TP__DEFAULTS(tp_##name##__with(x, TP__OPTIONS(name, __VA_ARGS__)))
#define tp_leaky_relu(...)     TP__ACTIVATE(leaky_relu, __VA_ARGS__, )
#define tp_leaky_relu_(...)    TP__ACTIVATE_(leaky_relu, __VA_ARGS__, )
#define tp_hardtanh(...)       TP__ACTIVATE(hardtanh, __VA_ARGS__, )
#define tp_hardtanh_(...)      TP__ACTIVATE_(hardtanh, __VA_ARGS__, )
#define tp_softshrink(...)     TP__ACTIVATE(softshrink, __VA_ARGS__, )
#define tp_softshrink_(...)    TP__ACTIVATE_(softshrink, __VA_ARGS__, )
#define tp_hardshrink(...)     TP__ACTIVATE(hardshrink, __VA_ARGS__, )
#define tp_hardshrink_(...)    TP__ACTIVATE_(hardshrink, __VA_ARGS__, )
#define tp_elu(...)            TP__ACTIVATE(elu, __VA_ARGS__, )
#define tp_elu_(...)           TP__ACTIVATE_(elu, __VA_ARGS__, )
#define tp_celu(...)           TP__ACTIVATE(celu, __VA_ARGS__, )
#define tp_celu_(...)          TP__ACTIVATE_(celu, __VA_ARGS__, )
#define tp_gelu(...)           TP__ACTIVATE(gelu, __VA_ARGS__, )
#define tp_gelu_(...)          TP__ACTIVATE_(gelu, __VA_ARGS__, )
#define tp_softplus(...)       TP__ACTIVATE(softplus, __VA_ARGS__, )
#define tp_softplus_(...)      TP__ACTIVATE_(softplus, __VA_ARGS__, )
#define tp_rrelu(...)          TP__ACTIVATE(rrelu, __VA_ARGS__, )
#define tp_rrelu_(...)         TP__ACTIVATE_(rrelu, __VA_ARGS__, )
#define tp_gumbel_softmax(...) TP__ACTIVATE(gumbel_softmax, __VA_ARGS__, )
#define TP__ALONG(name, x, dim, ...) TP__DEFAULTS(tp_##name##_with(x, dim, TP__OPTIONS(name, __VA_ARGS__)))
#define tp_softmax(...)        TP__ALONG(softmax, __VA_ARGS__, )
#define tp_log_softmax(...)    TP__ALONG(log_softmax, __VA_ARGS__, )
#define tp_softmin(...)        TP__ALONG(softmin, __VA_ARGS__, )
#else
inline tp_tensor *tp_leaky_relu(tp_tensor *x, const tp_leaky_relu_options &o = {}) { return tp_leaky_relu_with(x, &o); }
inline tp_tensor *tp_leaky_relu_(tp_tensor *x, const tp_leaky_relu_options &o = {}) { return tp_leaky_relu__with(x, &o); }
inline tp_tensor *tp_hardtanh(tp_tensor *x, const tp_hardtanh_options &o = {}) { return tp_hardtanh_with(x, &o); }
inline tp_tensor *tp_hardtanh_(tp_tensor *x, const tp_hardtanh_options &o = {}) { return tp_hardtanh__with(x, &o); }
inline tp_tensor *tp_softshrink(tp_tensor *x, const tp_softshrink_options &o = {}) { return tp_softshrink_with(x, &o); }
inline tp_tensor *tp_softshrink_(tp_tensor *x, const tp_softshrink_options &o = {}) { return tp_softshrink__with(x, &o); }
inline tp_tensor *tp_hardshrink(tp_tensor *x, const tp_hardshrink_options &o = {}) { return tp_hardshrink_with(x, &o); }
inline tp_tensor *tp_hardshrink_(tp_tensor *x, const tp_hardshrink_options &o = {}) { return tp_hardshrink__with(x, &o); }
inline tp_tensor *tp_elu(tp_tensor *x, const tp_elu_options &o = {}) { return tp_elu_with(x, &o); }
inline tp_tensor *tp_elu_(tp_tensor *x, const tp_elu_options &o = {}) { return tp_elu__with(x, &o); }
inline tp_tensor *tp_celu(tp_tensor *x, const tp_celu_options &o = {}) { return tp_celu_with(x, &o); }
inline tp_tensor *tp_celu_(tp_tensor *x, const tp_celu_options &o = {}) { return tp_celu__with(x, &o); }
inline tp_tensor *tp_gelu(tp_tensor *x, const tp_gelu_options &o = {}) { return tp_gelu_with(x, &o); }
inline tp_tensor *tp_gelu_(tp_tensor *x, const tp_gelu_options &o = {}) { return tp_gelu__with(x, &o); }
inline tp_tensor *tp_softplus(tp_tensor *x, const tp_softplus_options &o = {}) { return tp_softplus_with(x, &o); }
inline tp_tensor *tp_softplus_(tp_tensor *x, const tp_softplus_options &o = {}) { return tp_softplus__with(x, &o); }
inline tp_tensor *tp_rrelu(tp_tensor *x, const tp_rrelu_options &o = {}) { return tp_rrelu_with(x, &o); }
inline tp_tensor *tp_rrelu_(tp_tensor *x, const tp_rrelu_options &o = {}) { return tp_rrelu__with(x, &o); }
inline tp_tensor *tp_gumbel_softmax(tp_tensor *x, const tp_gumbel_softmax_options &o = {}) { return tp_gumbel_softmax_with(x, &o); }
inline tp_tensor *tp_softmax(tp_tensor *x, int dim, const tp_softmax_options &o = {}) { return tp_softmax_with(x, dim, &o); }
inline tp_tensor *tp_log_softmax(tp_tensor *x, int dim, const tp_log_softmax_options &o = {}) { return tp_log_softmax_with(x, dim, &o); }
inline tp_tensor *tp_softmin(tp_tensor *x, int dim, const tp_softmin_options &o = {}) { return tp_softmin_with(x, dim, &o); }
#endif

#endif
