/* activation.c: layers that apply a function to every element, or along a dim. */
#include "layer.h"

/* ---- Those without options, called directly: constructor, PyTorch's name, function -------------------------------------------------- */

#define EACH_PLAIN(X) \
    X(sigmoid, Sigmoid, tp_sigmoid) X(tanh, Tanh, tp_tanh) X(softsign, Softsign, tp_softsign) X(tanhshrink, Tanhshrink, tp_tanhshrink) \
    X(log_sigmoid, LogSigmoid, tp_logsigmoid)
#define EACH_INPLACE(X) \
    X(relu, ReLU) X(relu6, ReLU6) X(selu, SELU) X(silu, SiLU) X(mish, Mish) X(hardsigmoid, Hardsigmoid) X(hardswish, Hardswish)

#define FORWARD(name, type, function) static tp_tensor *name##_forward(tp_module *self, tp_tensor *x) { (void)self; return function(x); }
EACH_PLAIN(FORWARD)
static tp_tensor *identity_forward(tp_module *self, tp_tensor *x) { (void)self; return x; }

typedef struct inplace { tp_module base; bool inplace; } inplace;

#define FORWARD_INPLACE(name, type) \
    static tp_tensor *name##_forward(tp_module *self, tp_tensor *x) { return ((inplace *)self)->inplace ? tp_##name##_(x) : tp_##name(x); }
EACH_INPLACE(FORWARD_INPLACE)

/* ---- Those that check what they are given, or own something ---------------------------------------------------------------------------- */

typedef struct celu { tp_module base; double alpha; } celu;

static tp_status celu_init(tp_module *self)
{
    return ((celu *)self)->alpha != 0 ? TP_OK : tp__misfit(self, "alpha must not be 0");
}

typedef struct shrink { tp_module base; double lambd; } shrink;

static tp_status softshrink_init(tp_module *self)
{
    return ((shrink *)self)->lambd >= 0 ? TP_OK : tp__misfit(self, "lambd %g must not be negative", ((shrink *)self)->lambd);
}

typedef struct hardtanh { tp_module base; double min_val, max_val; } hardtanh;

static tp_status hardtanh_init(tp_module *self)
{
    const hardtanh *m = (const hardtanh *)self;
    return m->max_val > m->min_val ? TP_OK : tp__misfit(self, "max_val %g must be greater than min_val %g", m->max_val, m->min_val);
}

typedef struct rrelu { tp_module base; double lower, upper; } rrelu;

static tp_status rrelu_init(tp_module *self)
{
    const rrelu *m = (const rrelu *)self;
    return m->lower <= m->upper ? TP_OK : tp__misfit(self, "lower %g must not exceed upper %g", m->lower, m->upper);
}

typedef struct prelu { tp_module base; int64_t num_parameters; double init; } prelu;

static tp_status prelu_init(tp_module *self)
{
    const prelu *m = (const prelu *)self;
    if (m->num_parameters < 0) return tp__misfit(self, "num_parameters %lld must not be negative", (long long)m->num_parameters);
    tp__add_full(self, "weight", TP_SHAPE(m->num_parameters), m->init);
    return TP_OK;
}

/* Softmax over channels, with or without a batch before them. */
static tp_tensor *softmax2d_forward(tp_module *self, tp_tensor *x)
{
    const int ndim = tp_ndim(x);
    if (ndim == 3 || ndim == 4) return tp_softmax(x, -3);
    tp__misfit(self, "the input has %d dims, and not 3 or 4", ndim);
    return NULL;
}

/* Without a dim: 0 of 0, 1 or 3 dims, else 1, as PyTorch, which warns. */
typedef struct along { tp_module base; int64_t dim; } along;

static int dim_of(const tp_module *self, tp_tensor *x)
{
    const int64_t dim = ((const along *)self)->dim;
    if (dim != TP_NONE) return dim > INT32_MAX || dim < INT32_MIN ? INT32_MAX : (int)dim;
    const int ndim = tp_ndim(x);
    return ndim == 0 || ndim == 1 || ndim == 3 ? 0 : 1;
}

static tp_tensor *softmax_forward(tp_module *self, tp_tensor *x) { return tp_softmax(x, dim_of(self, x)); }
static tp_tensor *log_softmax_forward(tp_module *self, tp_tensor *x) { return tp_log_softmax(x, dim_of(self, x)); }
static tp_tensor *softmin_forward(tp_module *self, tp_tensor *x) { return tp_softmin(x, dim_of(self, x)); }

/* ---- In C -------------------------------------------------------------------------------------------------------------------------------- */

#define IN_C(name, type, ...) tp_module *tp_nn_##name(void) { return tp__layer_make(#type, NULL, 0); }
EACH_PLAIN(IN_C)
EACH_INPLACE(IN_C)
tp_module *tp_nn_identity(void) { return tp__layer_make("Identity", NULL, 0); }
tp_module *tp_nn_softmax2d(void) { return tp__layer_make("Softmax2d", NULL, 0); }
tp_module *tp_nn_softmax(int dim) { return TP__MAKE("Softmax", TP__WITH_INT(dim, dim)); }
tp_module *tp_nn_log_softmax(int dim) { return TP__MAKE("LogSoftmax", TP__WITH_INT(dim, dim)); }
tp_module *tp_nn_softmin(int dim) { return TP__MAKE("Softmin", TP__WITH_INT(dim, dim)); }
tp_module *tp_nn_glu(int dim) { return TP__MAKE("GLU", TP__WITH_INT(dim, dim)); }

tp_module *tp_nn_threshold(double threshold, double value)
{
    return TP__MAKE("Threshold", TP__WITH_REAL(threshold, threshold), TP__WITH_REAL(value, value));
}

/* With the options of the op. */
#define IN_C_WITH(name, type, of, ...) \
    tp_module *tp_nn_##name##_with(const tp_##of##_options *options) \
    { \
        TP__TAKE(of, o, options); \
        return TP__MAKE(type, __VA_ARGS__); \
    }
IN_C_WITH(leaky_relu, "LeakyReLU", leaky_relu, TP__WITH_REAL(negative_slope, o.negative_slope))
IN_C_WITH(elu, "ELU", elu, TP__WITH_REAL(alpha, o.alpha))
IN_C_WITH(celu, "CELU", celu, TP__WITH_REAL(alpha, o.alpha))
IN_C_WITH(softplus, "Softplus", softplus, TP__WITH_REAL(beta, o.beta), TP__WITH_REAL(threshold, o.threshold))
IN_C_WITH(hardtanh, "Hardtanh", hardtanh, TP__WITH_REAL(min_val, o.min_val), TP__WITH_REAL(max_val, o.max_val))
IN_C_WITH(hardshrink, "Hardshrink", hardshrink, TP__WITH_REAL(lambd, o.lambd))
IN_C_WITH(softshrink, "Softshrink", softshrink, TP__WITH_REAL(lambd, o.lambd))
IN_C_WITH(gelu, "GELU", gelu, TP__WITH_STRING(approximate, o.approximate == TP_GELU_TANH ? "tanh" : (unsigned)o.approximate <= TP_GELU_NONE ? "none" : ""))
IN_C_WITH(rrelu, "RReLU", nn_rrelu, TP__WITH_REAL(lower, o.lower), TP__WITH_REAL(upper, o.upper))
IN_C_WITH(prelu, "PReLU", nn_prelu, TP__WITH_INT(num_parameters, o.num_parameters), TP__WITH_REAL(init, o.init), TP__WITH_PLACE(o))

/* ---- Rows -------------------------------------------------------------------------------------------------------------------------------- */

#define PLAIN(name, type, function) { #type "()", .forward = name##_forward, TP__LAYER },
#define INPLACE(name, type) { #type "(bool inplace=false)", sizeof(inplace), .forward = name##_forward, .shows = "?inplace", TP__LAYER },

const tp__layer tp__nn_activation[] = {
    EACH_INPLACE(INPLACE)
    EACH_PLAIN(PLAIN)
    { "Identity(...)", .forward = identity_forward, TP__LAYER },
    { "LeakyReLU(float negative_slope=0.01, bool inplace=false)", .op = "leaky_relu", .shows = "negative_slope ?inplace", TP__LAYER },
    { "Threshold(float threshold, float value, bool inplace=false)", .op = "threshold", .shows = "threshold value ?inplace", TP__LAYER },
    { "Hardtanh(float min_val=-1, float max_val=1, bool inplace=false)", .init = hardtanh_init, .op = "hardtanh",
      .shows = "min_val max_val ?inplace", TP__LAYER },
    { "Softshrink(float lambd=0.5)", .init = softshrink_init, .op = "softshrink", .shows = ":lambd", TP__LAYER },
    { "Hardshrink(float lambd=0.5)", .op = "hardshrink", .shows = ":lambd", TP__LAYER },
    { "ELU(float alpha=1, bool inplace=false)", .op = "elu", .shows = "alpha ?inplace", TP__LAYER },
    { "CELU(float alpha=1, bool inplace=false)", .init = celu_init, .op = "celu", .shows = "alpha ?inplace", TP__LAYER },
    { "GELU(string{none,tanh} approximate=none)", .op = "gelu", .shows = "approximate", TP__LAYER },
    { "Softplus(float beta=1, float threshold=20)", .op = "softplus", .shows = "beta threshold", TP__LAYER },
    { "RReLU(float lower=0.125, float upper=0.33333333333333333, bool inplace=false)", .init = rrelu_init, .op = "rrelu", .training = true,
      .shows = "lower upper ?inplace", TP__LAYER },
    { "PReLU(int num_parameters=1, float init=0.25, device device=none, dtype dtype=none)", .init = prelu_init, .op = "prelu",
      .shows = "num_parameters", TP__LAYER },
    { "GLU(int dim=-1)", .op = "glu", .shows = "dim", TP__LAYER },
    { "Softmax(int dim=none)", sizeof(along), .forward = softmax_forward, .shows = "dim", TP__LAYER },
    { "LogSoftmax(int dim=none)", sizeof(along), .forward = log_softmax_forward, .shows = "dim", TP__LAYER },
    { "Softmin(int dim=none)", sizeof(along), .forward = softmin_forward, .shows = "dim", TP__LAYER },
    { "Softmax2d()", .forward = softmax2d_forward, TP__LAYER },
    { .schema = NULL },
};
