/* parametrizations.c: modules that compute weights.
 *
 *   _WeightNorm     w = g v / |v|            the norm of each slice along dim, or of all
 *   _SpectralNorm   w = v / (u' W v)         W: v as a matrix, with dim for its rows. u and v follow by power iterations:
 *                                            v = W' u / |W' u|,  u = W v / |W v|  (Miyato et al. 2018, algorithm 1) */
#include "module.h"

#include <string.h>

/* ---- Weight norm ---------------------------------------------------------------------------------------------------------------------- */

typedef struct weight_norm { tp_module base; int64_t dim; } weight_norm;             /* dim -1: all */

static tp_status weight_norm_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const weight_norm *m = (const weight_norm *)self;
    tp_tensor *g = tp_arg_tensor(args, n, 0, "weight_g"), *v = tp_arg_tensor(args, n, 1, "weight_v");
    if (!g || !v || max < 1) return tp_fail(TP_ERR_ARGUMENT, "_WeightNorm: it takes two tensors, \"weight_g\" and \"weight_v\", and gives one");
    outs[0] = tp_mul(v, tp_div(g, tp_norm_except_dim(v, 2, m->dim)));
    *n_out = 1;
    return outs[0] ? TP_OK : tp_error_status();
}

static tp_module *weight_norm_copy(tp_module *self);
static const tp_module_class weight_norm_class = { .size = sizeof(tp_module_class), .type = "_WeightNorm", .call = weight_norm_call, .copy = weight_norm_copy };

static tp_module *weight_norm_new(int64_t dim)
{
    weight_norm *m = (weight_norm *)tp_module_new_class_with(sizeof *m, &weight_norm_class);
    if (m) m->dim = dim;
    return m ? &m->base : NULL;
}

static tp_module *weight_norm_copy(tp_module *self) { return weight_norm_new(((const weight_norm *)self)->dim); }

/* The tensor that is to be computed: a parameter, a buffer, or what is computed already. NULL: an error. */
static tp_tensor *tensor_named(tp_module *m, const char *op, const char *name)
{
    tp_tensor *x = !strchr(name, '.') ? (tp_module_tensor)(m, name) : NULL;
    if (!x) tp_fail(TP_ERR_ARGUMENT, "%s: %s has no parameter or buffer \"%s\"", op, tp__state(m)->type, name);
    return x;
}

static tp_status check_dim(const char *op, tp_tensor *x, int64_t dim)
{
    const int ndim = tp_ndim(x);
    if (dim >= -ndim && dim < ndim) return TP_OK;
    return tp_fail(TP_ERR_ARGUMENT, "%s: dim %lld is out of range for %d dims", op, (long long)dim, ndim);
}

tp_status tp_weight_norm_with(tp_module *m, const tp_weight_norm_options *o)
{
    static const char op[] = "weight_norm";
    tp_weight_norm_options options = TP__BRACES(weight_norm, );
    tp_status status = tp_options_take(op, &options, o, offsetof(tp_weight_norm_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, op);
    if (status != TP_OK) return status;
    const char *name = options.name ? options.name : "weight";
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *x = tensor_named(m, op, name);
    if (!x) return tp_error_status();
    if (tp__computed_find(m, name))
        return tp_fail(TP_ERR_ARGUMENT, "weight_norm: \"%s\" of %s is parametrized already: this one comes first", name, tp__state(m)->type);
    const bool all = options.dim == TP_NONE || options.dim == -1;
    if (!all && check_dim(op, x, options.dim) != TP_OK) return tp_error_status();
    const int64_t dim = all ? -1 : options.dim < 0 ? options.dim + tp_ndim(x) : options.dim;
    tp_tensor *originals[] = { tp_clone(tp_norm_except_dim(tp_detach(x), 2, dim)), tp_clone(tp_detach(x)) };     /* a view would keep its dtype */
    if (!originals[0] || !originals[1]) return tp_error_status();
    tp_module *p = weight_norm_new(dim);
    return p ? tp__parametrize(m, op, name, p, originals, 2, true) : tp_error_status();
}

/* ---- Spectral norm -------------------------------------------------------------------------------------------------------------------- */

typedef struct spectral_norm { tp_module base; int64_t dim, iterations; double eps; tp_tensor *u, *v; } spectral_norm;

static tp_tensor *as_matrix(const spectral_norm *m, tp_tensor *x)
{
    return tp_flatten(m->dim ? tp_movedim(x, TP_DIMS(m->dim), TP_DIMS(0)) : x, 1, -1);
}

/* u and v follow the matrix. Both or none change. */
static tp_status iterate(const spectral_norm *m, tp_tensor *matrix, int64_t times)
{
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *u = m->u, *v = m->v;
    for (int64_t i = 0; i < times; i++) {
        u = tp_normalize(tp_mv(matrix, v), .dim = 0, .eps = m->eps);
        v = tp_normalize(tp_mv(tp_t(matrix), u), .dim = 0, .eps = m->eps);
    }
    return u && v && tp_copy_(m->u, u) && tp_copy_(m->v, v) ? TP_OK : tp_error_status();
}

static tp_tensor *spectral_norm_forward(tp_module *self, tp_tensor *x)
{
    const spectral_norm *m = (const spectral_norm *)self;
    if (!m->u) return tp_normalize(x, .dim = 0, .eps = m->eps);
    tp_tensor *matrix = as_matrix(m, x);
    if (!matrix || (tp_is_training(self) && iterate(m, matrix, m->iterations) != TP_OK)) return NULL;
    tp_tensor *u = tp_clone(m->u), *v = tp_clone(m->v);          /* the tape's, which the next run does not overwrite */
    return tp_div(x, tp_dot(u, tp_mv(matrix, v)));
}

static tp_module *spectral_norm_copy(tp_module *self);
static const tp_module_class spectral_norm_class = {
    .size = sizeof(tp_module_class), .type = "_SpectralNorm", .forward = spectral_norm_forward, .copy = spectral_norm_copy,
};

static tp_module *spectral_norm_new(int64_t dim, int64_t iterations, double eps, tp_tensor *u, tp_tensor *v)
{
    spectral_norm *m = (spectral_norm *)tp_module_new_class_with(sizeof *m, &spectral_norm_class);
    if (!m) return NULL;
    m->dim = dim;
    m->iterations = iterations;
    m->eps = eps;
    if (u) m->u = tp_add_buffer(m, "_u", u);
    if (u) m->v = tp_add_buffer(m, "_v", v);
    return (tp_module_done)(&m->base);
}

static tp_module *spectral_norm_copy(tp_module *self)
{
    const spectral_norm *m = (const spectral_norm *)self;
    return spectral_norm_new(m->dim, m->iterations, m->eps, m->u ? tp_clone(m->u) : NULL, m->u ? tp_clone(m->v) : NULL);
}

static tp_tensor *random_direction(int64_t n, tp_tensor *like, double eps)
{
    return tp_normalize(tp_randn(TP_SHAPE(n), .dtype = tp_dtype_of(like), .device = tp_device_of(like)), .dim = 0, .eps = eps);
}

/* For x, with u and v near its first singular vectors. */
static tp_module *spectral_norm_for(tp_tensor *x, int64_t dim, int64_t iterations, double eps)
{
    if (tp_ndim(x) == 1) return spectral_norm_new(dim, iterations, eps, NULL, NULL);
    tp_tensor *matrix = as_matrix(&(spectral_norm){ .dim = dim }, tp_detach(x));
    if (!matrix) return NULL;
    tp_tensor *u = random_direction(tp_size(matrix, 0), x, eps), *v = random_direction(tp_size(matrix, 1), x, eps);
    tp_module *p = spectral_norm_new(dim, iterations, eps, u, v);
    if (!p || iterate((const spectral_norm *)p, matrix, 15) == TP_OK) return p;
    (tp_module_free)(p);
    return NULL;
}

tp_status tp_spectral_norm_with(tp_module *m, const tp_spectral_norm_options *o)
{
    static const char op[] = "spectral_norm";
    tp_spectral_norm_options options = TP__BRACES(spectral_norm, );
    tp_status status = tp_options_take(op, &options, o, offsetof(tp_spectral_norm_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, op);
    if (status != TP_OK) return status;
    const char *name = options.name ? options.name : "weight";
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *x = tensor_named(m, op, name);
    if (!x) return tp_error_status();
    const bool transposed = !strncmp(tp__state(m)->type, "ConvTranspose", strlen("ConvTranspose"));
    int64_t dim = options.dim != TP_NONE ? options.dim : transposed;
    if (check_dim(op, x, dim) != TP_OK) return tp_error_status();
    if (dim < 0) dim += tp_ndim(x);
    if (options.n_power_iterations < 1)
        return tp_fail(TP_ERR_ARGUMENT, "spectral_norm: n_power_iterations %lld must be positive", (long long)options.n_power_iterations);
    tp_module *p = spectral_norm_for(x, dim, options.n_power_iterations, options.eps);
    return p ? tp__parametrize(m, op, name, p, NULL, 0, true) : tp_error_status();
}
