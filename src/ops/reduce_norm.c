/* reduce_norm.c: vector norms over dims.
 *
 *   linalg_vector_norm   y = (sum |x|^p)^(1/p)         dx = dy sgn(x) |x|^(p-1) y^(1-p),  0 where y is 0
 *                        p = 2                         dx = dy x / y
 *                        p = inf, -inf: of |x| the greatest or least, whose gradient equal ones share, as do NaNs
 *                        p = 0: how many are not 0, without a gradient
 *   abs_power            y = |x|^p                     dx = dy p sgn(x) |x|^(p-1)
 *                        y = sgn(x) |x|^p              dx = dy p |x|^(p-1)
 *   dist                 y = vector_norm(a - b, p)
 *   normalize            y = x / max(vector_norm(x, p), eps) */
#include "ops/complex.h"
#include "ops/reduce_norm.h"

#include <math.h>

typedef struct norm_attr { double ord; tp__ints dim; bool keepdim; tp_dtype dtype; } norm_attr;
typedef struct power_attr { double p; bool is_signed; } power_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status norm_shape(tp__call *call)
{
    norm_attr *attr = (norm_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = attr->dtype ? attr->dtype : (tp_dtype)x->dtype;
    uint64_t gone;
    if (tp__reduce_floating(call)) return tp__pending();
    if (!tp__is_floating(dtype) || tp_promote_types(dtype, (tp_dtype)x->dtype) != dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot be computed in %s", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name(dtype));
    if (!tp__reduce_dims(call, &attr->dim, &gone)) return tp__pending();
    if ((attr->ord < 0 || isinf(attr->ord)) && tp__reduce_not_empty(call, gone)) return tp__pending();
    return tp__reduce_out(call, dtype, gone, attr->keepdim);
}

static tp_status power_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__reduce_floating(call)) return tp__pending();
    call->keep_shape = 0;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_linalg_vector_norm, op_abs_power;

tp_tensor *tp__abs_power(tp_tensor *x, double p, bool is_signed)
{
    return tp__run1(&op_abs_power, &x, 1, &(power_attr){ p, is_signed }, NULL);
}

static tp_status power_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const power_attr *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0);
    if (attr->p == 0) return tp__made(dx[0] = x ? tp_zeros(tp_shape_of(x), .dtype = (tp_dtype)x->dtype, .device = x->device) : NULL);
    return tp__made(dx[0] = tp_mul(dy[0], tp_mul(attr->p, tp__abs_power(x, attr->p - 1, !attr->is_signed))));
}

/* Equal ones share it; a NaN is equal to a NaN. */
static tp_tensor *extreme_grad(const norm_attr *attr, tp_tensor *g, tp_tensor *x, tp_tensor *y)
{
    tp_tensor *mask = tp_add(tp_eq(tp__abs_power(x, 1, false), y), tp_eq(tp_eq(x, x), false));
    tp_sum_options o = { TP__DEFAULT_sum .size = offsetof(tp_sum_options, tp__end), .keepdim = true };
    for (int i = 0; x && x->ndim && i < attr->dim.n; i++) o.dims.dim[o.dims.n++] = (int)attr->dim.v[i];
    return tp_mul(tp__abs_power(x, 0, true), tp_mul(tp_div(g, tp_sum_with(mask, &o)), mask));
}

/* In 16 bits by pow, which PyTorch takes; in bfloat16 it rounds the square before the reciprocal of it. */
static tp_tensor *size_power(tp_tensor *x, double p, bool is_signed)
{
    if (!x || (x->dtype != TP_F16 && x->dtype != TP_BF16)) return tp__abs_power(x, p, is_signed);
    tp_tensor *y = p == -2 && x->dtype == TP_BF16 ? tp_reciprocal(tp_mul(x, x)) : tp_pow(tp_abs(x), p);
    return is_signed ? tp_mul(tp_sign(x), tp_masked_fill(y, tp_eq(x, 0), 0)) : y;
}

static tp_status norm_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const norm_attr *attr = tp__attr(node);
    const double p = attr->ord;
    tp_tensor *x = tp__saved(node, 0), *y = tp__reduce_back(node, &attr->dim, tp__saved(node, 1)), *g = tp__reduce_back(node, &attr->dim, dy[0]), *part;
    if (!x || !y || !g) return tp__pending();
    tp_tensor *given = x;
    if (x->dtype != y->dtype) x = tp_to_dtype(x, (tp_dtype)y->dtype);
    tp_tensor *zero = tp_eq(y, 0);                     /* filled after the division: the second gradient there is NaN */
    if (p == 0) part = tp_zeros(tp_shape_of(given), .dtype = (tp_dtype)y->dtype, .device = y->device);
    else if (p == 1) part = tp_mul(tp__abs_power(x, 0, true), g);
    else if (p == 2) part = tp_mul(g, tp_masked_fill(tp_div(x, y), zero, 0));
    else if (isinf(p)) part = extreme_grad(attr, g, x, y);
    else if (p < 1) part = tp_mul(tp_mul(size_power(x, p - 1, true), g), size_power(y, 1 - p, false));
    else if (p < 2) part = tp_mul(size_power(x, p - 1, true), tp_masked_fill(tp_div(g, size_power(y, p - 1, false)), zero, 0));
    else part = tp_mul(tp_mul(x, size_power(x, p - 2, false)), tp_masked_fill(tp_div(g, size_power(y, p - 1, false)), zero, 0));
    return tp__made(dx[0] = part && part->dtype != given->dtype ? tp_to_dtype(part, (tp_dtype)given->dtype) : part);
}

/* Of complex numbers that of their magnitudes. A dtype is complex, too; the result is of its parts. */
tp_status tp__norm_of_complex(tp__call *call)
{
    norm_attr attr = *(const norm_attr *)call->attr;
    tp_tensor *z = call->in[0], *x = tp_abs(z);
    if (attr.dtype && !tp__is_complex(attr.dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s cannot be computed in %s", tp_dtype_name((tp_dtype)z->dtype), tp_dtype_name(attr.dtype));
    attr.dtype = tp__part_dtype(attr.dtype);
    return tp__give_out(call, x ? tp__run1(call->op, &x, 1, &attr, NULL) : NULL);
}

tp_tensor *tp__vector_norm(tp_tensor *x, double p, const tp__ints *dim, bool keepdim, tp_dtype dtype)
{
    norm_attr attr = { .ord = p, .keepdim = keepdim, .dtype = dtype };
    if (dim) attr.dim = *dim;
    return tp__run1(&op_linalg_vector_norm, &x, 1, &attr, NULL);
}

bool tp__norm_order(const tp_arg *arg, double *p)
{
    if (!arg || (arg->kind != TP_ARG_INT && arg->kind != TP_ARG_FLOAT && arg->kind != TP_ARG_BOOL)) return false;
    *p = arg->kind == TP_ARG_FLOAT ? arg->value.real : arg->kind == TP_ARG_INT ? (double)arg->value.integer : arg->value.boolean;
    return true;
}

/* ---- Composed ---------------------------------------------------------------------------------------------------------------------- */

typedef struct normalize_attr { double p; tp__ints dim; double eps; } normalize_attr;

static tp_status dist_compose(tp__call *call)
{
    tp_tensor *d = tp_sub(call->in[0], call->in[1]);
    return tp__made(call->out[call->n_out++] = tp__vector_norm(d, *(const double *)call->attr, NULL, false, TP_DTYPE_DEFAULT));
}

typedef struct p_attr { const tp_arg *p; tp__ints dim; bool keepdim; tp_dtype dtype; } p_attr;

/* torch.norm: by number, or "fro", which is 2, or "nuc", which is a matrix norm. */
static tp_status norm_compose(tp__call *call)
{
    const p_attr *attr = call->attr;
    const bool named = attr->p && attr->p->kind == TP_ARG_STRING;
    const char *name = named ? attr->p->value.string : "";
    double p = 2;
    if (named && strcmp(name, "fro") && strcmp(name, "nuc")) return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no norm \"%s\"", name);
    if (attr->p && attr->p->kind != TP_ARG_NONE && !named && !tp__norm_order(attr->p, &p)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is no number");
    if (named && attr->dim.n > 2) return tp__call_fail(call, TP_ERR_ARGUMENT, "%d dims are no matrix", (int)attr->dim.n);
    if (!strcmp(name, "nuc")) return tp__made(call->out[call->n_out++] = tp__nuclear_norm(call->in[0], &attr->dim, attr->keepdim, attr->dtype));
    return tp__made(call->out[call->n_out++] = tp__vector_norm(call->in[0], p, &attr->dim, attr->keepdim, attr->dtype));
}

static tp_tensor *at_least(tp_tensor *x, double low)
{
    tp_tensor *out[1], *in[2] = { x, x ? tp_full(TP__SCALAR_SHAPE, low, .dtype = (tp_dtype)x->dtype, .device = x->device) : NULL };
    return in[1] && tp__run(tp_op_find("max.other"), in, 2, NULL, out, 1, NULL) == 1 ? out[0] : NULL;
}

static tp_status normalize_compose(tp__call *call)
{
    const normalize_attr *attr = call->attr;
    const tp__ints usual = { 1, { 1 } };
    tp_tensor *x = call->in[0], *norm = tp__vector_norm(x, attr->p, attr->dim.n ? &attr->dim : &usual, true, TP_DTYPE_DEFAULT);
    return tp__made(call->out[call->n_out++] = tp_div(x, at_least(norm, attr->eps)));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define ORD(v) TP__FLOAT_ARG(v)
static void norm_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, -0.5)), ORD(3), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), 0.5, 2)), ORD(1), TP__INTS_ARG(2, 0, -1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(0.5), TP__INTS_ARG(1, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(-2), TP__INTS_ARG(1, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), ORD(HUGE_VAL), TP__INTS_ARG(1, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(-HUGE_VAL), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.5, 2)), ORD(2), TP__INT_ARG(0), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), 0.5, 2)), ORD(2), TP__INTS_ARG(1, 1));
}

static void power_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(1.5), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, -0.5)), ORD(1), TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, -0.5)), ORD(0), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, -0.5)), ORD(-0.5), TP__BOOL_ARG(true));
}

static void p_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__STRING_ARG("fro"), TP__INTS_ARG(2, 0, 1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), ORD(3), TP__INTS_ARG(1, 1));
}

static void dist_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 2, 3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 2, 3)), ORD(3));
}

static void normalize_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), 0.5, 2)), ORD(3), TP__INTS_ARG(2, 0, -1), TP__FLOAT_ARG(1e-3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 1)), ORD(2), TP__INT_ARG(0), TP__FLOAT_ARG(9));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

static const tp_op op_linalg_vector_norm = { .schema = "linalg_vector_norm(Tensor input, float ord=2, "
    "int[]? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor", .shape = norm_shape,
    .backward = norm_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .attr_size = sizeof(norm_attr),
    .samples = norm_samples, .state = TP__STATE };
static const tp_op op_abs_power = { .schema = "abs_power(Tensor input, float p, bool is_signed) -> Tensor", .flags = TP__INTERNAL, .shape = power_shape,
    .backward = power_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(power_attr), .samples = power_samples, .state = TP__STATE };
static const tp_op op_norm = { .schema = "norm(Tensor input, any p=none, int[]? dim=none, bool keepdim=false, *, dtype dtype=none) -> Tensor",
    .compose = norm_compose, .attr_size = sizeof(p_attr), .samples = p_samples, .state = TP__STATE };
static const tp_op op_dist = { .schema = "dist(Tensor input, Tensor other, float p=2) -> Tensor", .compose = dist_compose, .attr_size = sizeof(double),
    .samples = dist_samples, .state = TP__STATE };
static const tp_op op_normalize = { .schema = "normalize(Tensor input, float p=2.0, int[] dim=1, float eps=1e-12) -> Tensor", .compose = normalize_compose,
    .attr_size = sizeof(normalize_attr), .samples = normalize_samples, .state = TP__STATE };

/* By either name: `attr` but for its dims. */
static tp_tensor *norm_along(const char *name, tp_tensor *x, tp_dims dims, norm_attr attr, const void *caller)
{
    return tp__reduce_take_dims(name, &dims, &attr.dim) ? NULL : tp__run1(&op_linalg_vector_norm, &x, 1, &attr, caller);
}

tp_tensor *tp_linalg_vector_norm_with(tp_tensor *x, const tp_linalg_vector_norm_options *options)
{
    tp_linalg_vector_norm_options o = { TP__DEFAULT_linalg_vector_norm .tp__end = 0 };
    if (tp_options_take("linalg_vector_norm", &o, options, offsetof(tp_linalg_vector_norm_options, tp__end))) return NULL;
    return norm_along("linalg_vector_norm", x, o.dims, (norm_attr){ .ord = o.ord, .keepdim = o.keepdim, .dtype = o.dtype }, TP__CALLER);
}

tp_tensor *tp_norm_with(tp_tensor *x, const tp_norm_options *options)
{
    tp_norm_options o = { TP__DEFAULT_norm .tp__end = 0 };
    if (tp_options_take("norm", &o, options, offsetof(tp_norm_options, tp__end))) return NULL;
    return norm_along("norm", x, o.dims, (norm_attr){ .ord = o.p, .keepdim = o.keepdim, .dtype = o.dtype }, TP__CALLER);
}

tp_tensor *tp_dist(tp_tensor *a, tp_tensor *b, double p) { return tp__run1(&op_dist, (tp_tensor *[]){ a, b }, 2, &p, TP__CALLER); }

tp_tensor *tp_normalize_with(tp_tensor *x, const tp_normalize_options *options)
{
    tp_normalize_options o = { TP__DEFAULT_normalize .tp__end = 0 };
    if (tp_options_take("normalize", &o, options, offsetof(tp_normalize_options, tp__end))) return NULL;
    return tp__run1(&op_normalize, &x, 1, &(normalize_attr){ o.p, { 1, { o.dim } }, o.eps }, TP__CALLER);
}

const tp_op *const tp__ops_reduce_norm[] = { &op_linalg_vector_norm, &op_abs_power, &op_norm, &op_dist, &op_normalize, NULL };
