/* init.c: first values of parameters, as torch.nn.init: written in place, without being recorded.
 *
 *   fan_in, fan_out    of [out, in, ..kernel]: what one output sums up, what one input goes to: in or out times the kernel's size
 *   xavier             uniform in +-gain sqrt(6 / (fan_in + fan_out)), or normal with std gain sqrt(2 / (fan_in + fan_out)) (Glorot, Bengio 2010)
 *   kaiming            uniform in +-gain sqrt(3 / fan), or normal with std gain / sqrt(fan) (He et al. 2015) */
#include "layer.h"

#include <math.h>

static tp_tensor *refuse(const char *op, const char *what)
{
    tp_fail(TP_ERR_ARGUMENT, "%s: %s", op, what);
    return NULL;
}

static bool fans(const char *op, tp_tensor *x, double *in, double *out)
{
    double kernel = 1;
    if (!x) return false;
    if (tp_ndim(x) < 2) return refuse(op, "fan in and fan out need 2 dims or more") != NULL;
    for (int i = 2; i < tp_ndim(x); i++) kernel *= (double)tp_size(x, i);
    *in = (double)tp_size(x, 1) * kernel;
    *out = (double)tp_size(x, 0) * kernel;
    return true;
}

/* Of an empty tensor there is nothing to fill, and no fan to divide by. */
static tp_tensor *uniform(tp_tensor *x, double bound)
{
    TP_NO_GRAD();
    return tp_numel(x) ? tp_uniform_(x, -bound, bound) : x;
}

static tp_tensor *normal(tp_tensor *x, double std)
{
    TP_NO_GRAD();
    return tp_numel(x) ? tp_normal_(x, 0, std) : x;
}

double tp_init_gain(tp_nonlinearity of, double slope)
{
    switch (of) {
    case TP_GAIN_TANH: return 5. / 3;
    case TP_GAIN_RELU: return sqrt(2);
    case TP_GAIN_LEAKY_RELU: return sqrt(2 / (1 + slope * slope));
    case TP_GAIN_SELU: return 3. / 4;
    default: return 1;
    }
}

tp_tensor *tp_init_xavier_uniform_(tp_tensor *x, double gain)
{
    double in, out;
    return fans("xavier_uniform_", x, &in, &out) ? uniform(x, gain * sqrt(6 / (in + out))) : NULL;
}

tp_tensor *tp_init_xavier_normal_(tp_tensor *x, double gain)
{
    double in, out;
    return fans("xavier_normal_", x, &in, &out) ? normal(x, gain * sqrt(2 / (in + out))) : NULL;
}

static double kaiming(const char *op, tp_tensor *x, const tp_init_kaiming_options *o)
{
    double in, out;
    if (!fans(op, x, &in, &out)) return NAN;
    if ((int)o->nonlinearity < 0 || o->nonlinearity > TP_GAIN_SELU || isnan(o->a)) {
        tp_fail(TP_ERR_ARGUMENT, "%s: there is no nonlinearity %d with a = %g", op, (int)o->nonlinearity, o->a);
        return NAN;
    }
    return tp_init_gain(o->nonlinearity ? o->nonlinearity : TP_GAIN_LEAKY_RELU, o->a) / sqrt(o->fan_out ? out : in);
}

tp_tensor *tp_init_kaiming_uniform__with(tp_tensor *x, const tp_init_kaiming_options *options)
{
    TP__TAKE(init_kaiming, o, options);
    const double std = kaiming("kaiming_uniform_", x, &o);
    return isnan(std) ? NULL : uniform(x, sqrt(3) * std);
}

tp_tensor *tp_init_kaiming_normal__with(tp_tensor *x, const tp_init_kaiming_options *options)
{
    TP__TAKE(init_kaiming, o, options);
    const double std = kaiming("kaiming_normal_", x, &o);
    return isnan(std) ? NULL : normal(x, std);
}

tp_tensor *tp_init_uniform_(tp_tensor *x, double lo, double hi)
{
    TP_NO_GRAD();
    return tp_uniform_(x, lo, hi);
}

tp_tensor *tp_init_normal_(tp_tensor *x, double mean, double std)
{
    TP_NO_GRAD();
    return tp_normal_(x, mean, std);
}

tp_tensor *tp_init_constant_(tp_tensor *x, double value)
{
    TP_NO_GRAD();
    return tp_fill_(x, value);
}

/* By the inverse of the normal's distribution function, of numbers between those of the bounds. */
tp_tensor *tp_init_trunc_normal_(tp_tensor *x, double mean, double std, double lo, double hi)
{
    if (!x) return NULL;
    if (!(std > 0) || !(lo < hi)) return refuse("trunc_normal_", "the deviation must be positive, and the bounds in order");
    TP_NO_GRAD();
    const double a = erf((lo - mean) / std / sqrt(2)), b = erf((hi - mean) / std / sqrt(2));
    const tp_arg u = { .kind = TP_ARG_TENSOR, .value.tensor = tp_uniform_(x, a, b) };
    tp_tensor *y = NULL;
    if (!u.value.tensor || tp_op_call("erfinv_", &u, 1, &y, 1, NULL) != TP_OK) return NULL;
    return tp_clamp_(tp_add_(tp_mul_(x, std * sqrt(2)), mean), lo, hi);
}

tp_tensor *tp_init_eye_(tp_tensor *x)
{
    if (!x) return NULL;
    if (tp_ndim(x) != 2) return refuse("eye_", "the tensor must have 2 dims");
    TP_NO_GRAD();
    TP_SCOPE();
    tp_tensor *diagonal = tp_diagonal(tp_zero_(x));
    return tp_fill_(diagonal, 1) ? x : NULL;
}

/* [out, in, ..kernel]: channel i of each group is passed on as it is, by a 1 in the middle of the kernel. */
tp_tensor *tp_init_dirac_(tp_tensor *x, int64_t groups)
{
    const int ndim = tp_ndim(x);
    if (!x) return NULL;
    if (ndim < 3 || ndim > 5 || groups < 1 || tp_size(x, 0) % groups) return refuse("dirac_", "the tensor must have 3 to 5 dims, and channels for the groups");
    TP_NO_GRAD();
    TP_SCOPE();
    const int64_t each = tp_size(x, 0) / groups, n = each < tp_size(x, 1) ? each : tp_size(x, 1);
    if (!tp_zero_(x)) return NULL;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < n; i++) {
            tp_tensor *at = tp_select(tp_select(x, 0, g * each + i), 0, i);
            for (int d = 2; d < ndim; d++) at = tp_select(at, 0, tp_size(x, d) / 2);
            if (!tp_fill_(at, 1)) return NULL;
        }
    return x;
}

tp_tensor *tp_init_ones_(tp_tensor *x) { return tp_init_constant_(x, 1); }
tp_tensor *tp_init_zeros_(tp_tensor *x) { return tp_init_constant_(x, 0); }

/* Martens 2010: each column has zeros in rows of its own draw. */
tp_tensor *tp_init_sparse_(tp_tensor *x, double sparsity, double std)
{
    if (!x) return NULL;
    if (tp_ndim(x) != 2) return refuse("sparse_", "the tensor must be a matrix");
    if (!(sparsity >= 0 && sparsity <= 1)) return refuse("sparse_", "the share of zeros must be in 0 .. 1");
    TP_NO_GRAD();
    TP_SCOPE();
    const int64_t rows = tp_size(x, 0), zeros = (int64_t)ceil(sparsity * (double)rows);
    if (!normal(x, std)) return NULL;
    for (int64_t c = 0; c < tp_size(x, 1) && zeros; c++) {
        TP_SCOPE();
        tp_tensor *at = tp_narrow(tp_randperm(rows, .device = tp_device_of(x)), 0, 0, zeros);
        if (!tp_index_fill_(tp_select(x, 1, c), 0, at, 0)) return NULL;
    }
    return x;
}

/* Rows of normal numbers, each made orthogonal to those before it, twice, so that rounding does not show (Giraud et al. 2005). */
static void orthogonalize(double *rows, int64_t n, int64_t width)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = rows + i * width, norm = 0;
        for (int64_t k = 0; k < 2 * i; k++) {
            const double *other = rows + k % i * width;
            double dot = 0;
            for (int64_t j = 0; j < width; j++) dot += row[j] * other[j];
            for (int64_t j = 0; j < width; j++) row[j] -= dot * other[j];
        }
        for (int64_t j = 0; j < width; j++) norm += row[j] * row[j];
        for (int64_t j = 0; j < width && norm > 0; j++) row[j] /= sqrt(norm);
    }
}

tp_tensor *tp_init_orthogonal_(tp_tensor *x, double gain)
{
    if (!x) return NULL;
    if (tp_ndim(x) < 2) return refuse("orthogonal_", "the tensor must have 2 dims or more");
    if (!tp_numel(x)) return x;
    TP_NO_GRAD();
    TP_SCOPE();
    const int64_t rows = tp_size(x, 0), columns = tp_numel(x) / rows, n = rows < columns ? rows : columns, width = rows < columns ? columns : rows;
    tp_tensor *w = tp_randn(TP_SHAPE(n, width), .dtype = TP_F64);
    double *values = tp_data_mut(w);
    if (!values) return NULL;
    orthogonalize(values, n, width);
    if (rows > columns) w = tp_transpose(w, 0, 1);
    return tp_copy_(x, tp_to(tp_reshape(tp_mul(w, gain), tp_shape_of(x)), tp_device_of(x)));
}
