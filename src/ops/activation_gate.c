/* activation_gate.c: activations with a second factor, learnt, random or of the input itself.
 *
 *   prelu    y = x > 0 ? x : w x             dx = x > 0 ? dy : w dy,  dw = x > 0 ? 0 : x dy, summed to the weight
 *   rrelu    y = x > 0 ? x : w x, w uniform for each element; or leaky_relu by its mean
 *   glu      y = a s(b), x = [a b]           da = dy s(b),  db = dy a s(b) (1 - s(b))
 *   softmin, gumbel_softmax                  by softmax */
#include "ops/activation.h"
#include "ops/dense.h"

/* ---- prelu ---------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_prelu_kernel, op_prelu_kernel_backward, op_prelu_weight_backward;

/* Along dim 1, where it is not a single value */
static tp_status prelu(tp__call *call)
{
    tp_tensor *x = call->in[0], *weight = call->in[1];
    const int64_t channels = x->ndim > 1 ? x->shape[1] : 1;
    if (weight->ndim > 1) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s has to be a single value or one for each channel", tp__shape_text(weight));
    if (weight->numel != 1 && (x->ndim == 0 || weight->numel != channels))
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s does not fit the %lld channels of %s", tp__shape_text(weight), (long long)channels,
                             tp__shape_text(x));
    if (weight->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "weight is %s, input %s", tp_dtype_name((tp_dtype)weight->dtype), tp_dtype_name((tp_dtype)x->dtype));
    tp_shape along = { .ndim = x->ndim };
    for (int d = 0; d < x->ndim; d++) along.dim[d] = d == 1 ? weight->numel : 1;
    if (x->ndim < 2 && x->ndim) along.dim[0] = weight->numel;
    weight = x->ndim || weight->ndim ? tp_reshape(weight, along) : weight;
    call->out[call->n_out++] = tp__call2(&op_prelu_kernel, x, weight, NULL, NULL);
    return tp__made(call->out[0]);
}

static tp_tensor *input_slope(tp_tensor *dy, tp_tensor *x, tp_tensor *weight)
{
    return tp__run1(&op_prelu_kernel_backward, (tp_tensor *[]){ dy, x, weight }, 3, NULL, NULL);
}
static tp_tensor *weight_slope(tp_tensor *dy, tp_tensor *x) { return tp__call2(&op_prelu_weight_backward, dy, x, NULL, NULL); }
static tp_tensor *where_not_positive(tp_tensor *dy, tp_tensor *x) { return tp_sub(dy, tp__where_positive(dy, x)); }

static tp_status prelu_kernel_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = tp__saved(node, 0), *weight = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, input_slope(dy[0], x, weight)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, weight_slope(dy[0], x)))) return tp__pending();
    return TP_OK;
}

/* Of z = x > 0 ? dy : w dy:  by dy the same, by w  x > 0 ? 0 : g dy */
static tp_status prelu_kernel_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *dy = tp__saved(node, 0), *x = tp__saved(node, 1), *weight = tp__saved(node, 2);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, input_slope(g[0], x, weight)))) return tp__pending();
    if (need & 4 && !(dx[2] = tp__fit(node, 2, where_not_positive(tp_mul(g[0], dy), x)))) return tp__pending();
    return TP_OK;
}

/* Of z = x > 0 ? 0 : x dy:  by dy the same, by x  x > 0 ? 0 : g dy */
static tp_status prelu_weight_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *dy = tp__saved(node, 0), *x = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = weight_slope(g[0], x))) return tp__pending();
    if (need & 2 && !(dx[1] = where_not_positive(tp_mul(g[0], dy), x))) return tp__pending();
    return TP_OK;
}

/* ---- rrelu ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct rrelu_attr { double lower, upper; bool training, inplace; } rrelu_attr;

static tp_status rrelu_with(tp__call *call, bool inplace)
{
    const rrelu_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *y;
    if (!(attr->lower <= attr->upper))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "lower is %g, which is above upper, %g", attr->lower, attr->upper);
    if (!tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (!attr->training) {
        const double slope = (attr->lower + attr->upper) / 2;
        y = inplace ? tp_leaky_relu_(x, .negative_slope = slope) : tp_leaky_relu(x, .negative_slope = slope);
    } else {
        tp_tensor *slopes = tp_uniform(tp_shape_of(x), attr->lower, attr->upper, .dtype = tp_dtype_of(x), .device = tp_device_of(x));
        slopes = tp_where(tp_le(tp_detach(x), 0), slopes, 1);
        y = tp__call2(&op_prelu_kernel, inplace && call->need ? tp_clone(x) : x, slopes, NULL, NULL);
        if (inplace && y) y = tp_copy_(x, y);
    }
    call->out[call->n_out++] = y;
    return tp__made(y);
}
static tp_status rrelu(tp__call *call) { return rrelu_with(call, false); }
static tp_status rrelu_(tp__call *call) { return rrelu_with(call, true); }
static tp_status rrelu_by_keyword(tp__call *call) { return rrelu_with(call, ((const rrelu_attr *)call->attr)->inplace); }

/* ---- glu -------------------------------------------------------------------------------------------------------------------------------- */

/* Below 0: an error */
static int glu_dim(tp__call *call, const tp_tensor *x)
{
    int64_t *attr = (int64_t *)(uintptr_t)call->attr;
    if (x->ndim == 0) return tp__call_fail(call, TP_ERR_SHAPE, "input [] has no dim to halve");
    const int dim = tp__dim(*attr, x->ndim);
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)*attr, tp__shape_text(x));
    if (x->shape[dim] % 2) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s has an odd size", dim, tp__shape_text(x));
    if (!tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    *attr = dim;
    tp__compute_in(call, (tp_dtype)x->dtype);
    return dim;
}

static tp_status glu_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int dim = glu_dim(call, x);
    if (dim < 0) return tp__pending();
    tp_shape half = tp__shape(x->ndim, x->shape);
    half.dim[dim] /= 2;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, half.ndim, half.dim));
}

static tp_status glu_back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *x = call->in[1];
    const int dim = glu_dim(call, x);
    if (dim < 0) return tp__pending();
    bool fits = dy->ndim == x->ndim && dy->dtype == x->dtype;
    for (int d = 0; d < x->ndim && fits; d++) fits = dy->shape[d] == (d == dim ? x->shape[d] / 2 : x->shape[d]);
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the input %s", tp__shape_text(dy), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static const tp_op op_glu_backward;
static tp_tensor *glu_slope(tp_tensor *dy, tp_tensor *x, int64_t dim) { return tp__run1(&op_glu_backward, (tp_tensor *[]){ dy, x }, 2, &dim, NULL); }

static tp_status glu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = glu_slope(dy[0], tp__saved(node, 0), *(const int64_t *)tp__attr(node)));
}

static tp_tensor *half_of(tp_tensor *x, int dim, int which)
{
    return x ? tp_narrow(x, dim, which * (x->shape[dim] / 2), x->shape[dim] / 2) : NULL;
}

/* Of z = [dy s, dy a q], q = s (1 - s), of g = [u v]:  ddy = u s + v a q,  da = v dy q,  db = u dy q + v dy a q (1 - 2 s) */
static tp_status glu_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const int dim = (int)*(const int64_t *)tp__attr(node);
    tp_tensor *dy = tp__saved(node, 0), *x = tp__saved(node, 1);
    tp_tensor *a = half_of(x, dim, 0), *s = tp_sigmoid(half_of(x, dim, 1)), *q = tp_mul(s, tp_sub(1, s));
    tp_tensor *u = half_of(g[0], dim, 0), *v = half_of(g[0], dim, 1);
    if (need & 1 && !(dx[0] = tp_add(tp_mul(u, s), tp_mul(v, tp_mul(a, q))))) return tp__pending();
    if (!(need & 2)) return TP_OK;
    tp_tensor *dyq = tp_mul(dy, q), *da = tp_mul(v, dyq);
    tp_tensor *db = tp_mul(dyq, tp_add(u, tp_mul(tp_mul(v, a), tp_sub(1, tp_mul(2, s)))));
    return da && db ? tp__made(dx[1] = tp_cat(TP_TENSORS(da, db), dim)) : tp__pending();
}

/* ---- By softmax ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct softmin_attr { int64_t dim; tp_dtype dtype; } softmin_attr;

static tp_status softmin(tp__call *call)
{
    const softmin_attr *attr = call->attr;
    const int dim = (int)tp__softmax_dim(attr->dim, call->in[0]->ndim);
    call->out[call->n_out++] = tp_softmax(tp_neg(call->in[0]), dim, .dtype = attr->dtype);
    return tp__made(call->out[0]);
}

typedef struct gumbel_attr { double tau; bool hard; double eps; int64_t dim; } gumbel_attr;

/* 1 where y is greatest along dim, else 0; of equal ones the first */
static tp_tensor *one_hot(tp_tensor *y, int dim)
{
    tp_tensor *at = NULL;
    TP_NO_GRAD();
    tp_max_dim(y, dim, true, &at);
    if (!y->ndim || !at) return at ? tp_ones(tp_shape_of(y), .dtype = tp_dtype_of(y), .device = tp_device_of(y)) : NULL;
    tp_shape along = { .ndim = y->ndim };
    for (int d = 0; d < y->ndim; d++) along.dim[d] = 1;
    along.dim[dim] = y->shape[dim];
    tp_tensor *places = tp_reshape(tp_arange(0, (double)y->shape[dim], 1, .dtype = TP_I64, .device = tp_device_of(y)), along);
    return tp_to_dtype(tp_eq(at, places), tp_dtype_of(y));
}

/* Noise is -ln(-ln u), u uniform and above 0. */
static tp_status gumbel_softmax(tp__call *call)
{
    const gumbel_attr *attr = call->attr;
    tp_tensor *x = call->in[0];
    const int dim = tp__dim(attr->dim, x->ndim);
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)attr->dim, tp__shape_text(x));
    if (!tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    tp_tensor *u = tp_sub(1, tp_uniform(tp_shape_of(x), 0, 1, .dtype = tp_dtype_of(x), .device = tp_device_of(x)));
    tp_tensor *soft = tp_softmax(tp_div(tp_sub(x, tp_log(tp_neg(tp_log(u)))), attr->tau), dim);
    if (soft && attr->hard) soft = tp_add(tp_sub(one_hot(soft, dim), tp_detach(soft)), soft);
    call->out[call->n_out++] = soft;
    return tp__made(soft);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void prelu_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1), 0.1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, -1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.1, 1)));
}
static void prelu_kernel_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3), 0.1, 1)));
}
static void prelu_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3), 0.1, 1)));
}
static void two_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
}

static void give_random(tp_sample_set *set, tp_tensor *x, tp_arg a, tp_arg b, tp_arg c)
{
    tp__sample sample = { .n = 4, .random = true, .no_gradcheck = true };
    sample.args[0] = (tp_arg)TP__TENSOR_ARG(x);
    sample.args[1] = a;
    sample.args[2] = b;
    sample.args[3] = c;
    set->take(set, &sample);
}
static void rrelu_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
    give_random(set, tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2), (tp_arg)TP__FLOAT_ARG(0.2), (tp_arg)TP__FLOAT_ARG(0.6), (tp_arg)TP__BOOL_ARG(true));
}

static void glu_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), TP__INT_ARG(-1));
}
static void glu_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 3), -2, 2)),
             TP__INT_ARG(0));
}

static void softmin_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(-2),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}
static void gumbel_samples(tp_sample_set *set)         /* a hard one has no slope to compare with */
{
    const tp_arg no_eps = TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0);
    give_random(set, tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2), (tp_arg)TP__FLOAT_ARG(0.7), (tp_arg)TP__BOOL_ARG(false), no_eps);
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

static const tp_op op_prelu = { .schema = "prelu(Tensor input, Tensor weight) -> Tensor", .compose = prelu, .samples = prelu_samples, .state = TP__STATE };
static const tp_op op_prelu_kernel = { .schema = "prelu_kernel(Tensor input, Tensor weight) -> Tensor", .flags = TP__INTERNAL, .shape = tp__shape_real,
    .backward = prelu_kernel_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 1) }, .samples = prelu_kernel_samples, .state = TP__STATE };
static const tp_op op_prelu_kernel_backward = { .schema = "prelu_kernel_backward(Tensor grad, Tensor input, Tensor weight) -> Tensor",
    .flags = TP__INTERNAL, .shape = tp__shape_real, .backward = prelu_kernel_backward_backward,
    .saves = { TP__INPUT(0, 4), TP__INPUT(1, 0), TP__INPUT(2, 1) }, .samples = prelu_back_samples, .state = TP__STATE };
static const tp_op op_prelu_weight_backward = { .schema = "prelu_weight_backward(Tensor grad, Tensor input) -> Tensor", .flags = TP__INTERNAL,
    .shape = tp__shape_real, .backward = prelu_weight_backward_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, .samples = two_samples,
    .state = TP__STATE };

#define RRELU "float lower=0.125, float upper=0.3333333333333333, bool training=false"
static const tp_op op_rrelu = { .schema = "rrelu(Tensor input, " RRELU ") -> Tensor", .flags = TP__RANDOM, .compose = rrelu,
    .attr_size = sizeof(rrelu_attr), .samples = rrelu_samples, .state = TP__STATE };
static const tp_op op_rrelu_ = { .schema = "rrelu_(Tensor! input, " RRELU ") -> Tensor", .flags = TP__RANDOM | TP__INPLACE, .compose = rrelu_,
    .attr_size = sizeof(rrelu_attr), .samples = rrelu_samples, .state = TP__STATE };
static const tp_op op_rrelu_inplace = { .schema = "rrelu.inplace(Tensor input, " RRELU ", bool inplace=false) -> Tensor", .flags = TP__RANDOM,
    .compose = rrelu_by_keyword, .attr_size = sizeof(rrelu_attr), .samples = rrelu_samples, .state = TP__STATE };

static const tp_op op_glu = { .schema = "glu(Tensor input, int dim=-1) -> Tensor", .shape = glu_shape, .backward = glu_backward,
    .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(int64_t), .samples = glu_samples, .state = TP__STATE };
static const tp_op op_glu_backward = { .schema = "glu_backward(Tensor grad, Tensor input, int dim) -> Tensor", .flags = TP__INTERNAL,
    .shape = glu_back_shape, .backward = glu_backward_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, .attr_size = sizeof(int64_t),
    .samples = glu_back_samples, .state = TP__STATE };
static const tp_op op_softmin = { .schema = "softmin(Tensor input, int dim=none, *, dtype dtype=none) -> Tensor", .compose = softmin,
    .attr_size = sizeof(softmin_attr), .samples = softmin_samples, .state = TP__STATE };
static const tp_op op_gumbel_softmax = { .schema = "gumbel_softmax(Tensor logits, float tau=1., bool hard=false, float eps=1e-10, int dim=-1) -> Tensor",
    .flags = TP__RANDOM, .compose = gumbel_softmax, .attr_size = sizeof(gumbel_attr), .samples = gumbel_samples, .state = TP__STATE };

tp_tensor *tp_prelu(tp_tensor *x, tp_tensor *weight) { return tp__run1(&op_prelu, (tp_tensor *[]){ x, weight }, 2, NULL, TP__CALLER); }
tp_tensor *tp_glu(tp_tensor *x, int dim) { return tp__run1(&op_glu, &x, 1, &(int64_t){ dim }, TP__CALLER); }

static tp_tensor *call_rrelu(const tp_op *op, const char *name, tp_tensor *x, const tp_rrelu_options *options, const void *caller)
{
    tp_rrelu_options o = { TP__DEFAULT_rrelu .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_rrelu_options, tp__end))) return NULL;
    return tp__run1(op, &x, 1, &(rrelu_attr){ o.lower, o.upper, o.training, false }, caller);
}
tp_tensor *tp_rrelu_with(tp_tensor *x, const tp_rrelu_options *o) { return call_rrelu(&op_rrelu, "rrelu", x, o, TP__CALLER); }
tp_tensor *tp_rrelu__with(tp_tensor *x, const tp_rrelu_options *o) { return call_rrelu(&op_rrelu_, "rrelu_", x, o, TP__CALLER); }

tp_tensor *tp_softmin_with(tp_tensor *x, int dim, const tp_softmin_options *options)
{
    tp_softmin_options o = { TP__DEFAULT_softmin .tp__end = 0 };
    if (tp_options_take("softmin", &o, options, offsetof(tp_softmin_options, tp__end))) return NULL;
    return tp__run1(&op_softmin, &x, 1, &(softmin_attr){ dim, o.dtype }, TP__CALLER);
}
tp_tensor *tp_gumbel_softmax_with(tp_tensor *x, const tp_gumbel_softmax_options *options)
{
    tp_gumbel_softmax_options o = { TP__DEFAULT_gumbel_softmax .tp__end = 0 };
    if (tp_options_take("gumbel_softmax", &o, options, offsetof(tp_gumbel_softmax_options, tp__end))) return NULL;
    return tp__run1(&op_gumbel_softmax, &x, 1, &(gumbel_attr){ o.tau, o.hard, 1e-10, o.dim }, TP__CALLER);
}

const tp_op *const tp__ops_activation_gate[] = {
    &op_prelu, &op_prelu_kernel, &op_prelu_kernel_backward, &op_prelu_weight_backward, &op_rrelu, &op_rrelu_, &op_rrelu_inplace, &op_glu,
    &op_glu_backward, &op_softmin, &op_gumbel_softmax, NULL,
};
