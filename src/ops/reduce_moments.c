/* reduce_moments.c: variance and standard deviation over dims, of n elements with a correction c (1: unbiased).
 *
 *   var       y = sum (x - m)^2 / (n - c)        dx = 2 dy (x - m) / (n - c)
 *   std       y = sqrt(var)                      dx = dy (x - m) / ((n - c) y),  0 where y is 0
 *   var_mean, std_mean   with m besides, whose gradient is dm / n */
#include "ops/reduce.h"

#include "core/kernel_args.h"

typedef struct unbiased_attr { tp__ints dim; bool unbiased, keepdim; } unbiased_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status moments_shape(tp__call *call)
{
    tp__moments *attr = (tp__moments *)(uintptr_t)call->attr;
    const tp_operand c = attr->correction;
    uint64_t gone;
    attr->less = c.kind == TP_OPERAND_NONE ? 1 : c.kind == TP_OPERAND_REAL ? c.as.real : (double)c.as.integer;
    if (tp__reduce_floating(call) || !tp__reduce_dims(call, &attr->dim, &gone)) return tp__pending();
    return tp__reduce_out(call, (tp_dtype)call->in[0]->dtype, gone, attr->keepdim);
}

static tp_status pair_shape(tp__call *call)
{
    if (moments_shape(call)) return tp__pending();
    const tp_tensor *y = call->out[0];
    return tp__made(tp__out(call, (tp_dtype)y->dtype, y->ndim, y->shape));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *mean_of(const tp__moments *attr, tp_tensor *x)
{
    tp_sum_options o = { TP__DEFAULT_sum .size = offsetof(tp_sum_options, tp__end), .keepdim = true };
    for (int i = 0; i < attr->dim.n; i++) o.dims.dim[o.dims.n++] = (int)attr->dim.v[i];
    return tp_mean_with(x, &o);
}

/* The part of the variance, or with y of its root */
static tp_tensor *spread_grad(const tp_node *node, tp_tensor *dy, tp_tensor *y)
{
    const tp__moments *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0);
    int64_t n;
    tp__reduce_kept(node, &attr->dim, &n);
    if (y) {
        tp_tensor *zero = tp_eq(y, 0);
        dy = tp_mul(tp_div(tp_mul(0.5, dy), tp_add(y, zero)), tp_eq(zero, false));
    }
    const double rest = (double)n - attr->less;
    return tp_mul(tp_mul(2 / rest, tp__reduce_back(node, &attr->dim, dy)), tp_sub(x, mean_of(attr, x)));
}

static tp_status finish(const tp_node *node, tp_tensor *const *dy, tp_tensor *y, bool pair, tp_tensor **dx)
{
    const tp__moments *attr = tp__attr(node);
    if (dy[0] && !(dx[0] = spread_grad(node, dy[0], y))) return tp__pending();
    if (!pair || !dy[1]) return TP_OK;
    int64_t n;
    tp__reduce_kept(node, &attr->dim, &n);
    tp_tensor *part = tp__reduce_spread(node, &attr->dim, tp_div(dy[1], (double)n));
    return tp__made(dx[0] = dx[0] ? tp_add(dx[0], part) : part);
}

static tp_status var_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return finish(node, dy, NULL, false, dx);
}

static tp_status std_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *y = tp__saved(node, 1);
    return y ? finish(node, dy, y, false, dx) : tp__pending();
}

static tp_status var_mean_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return finish(node, dy, NULL, true, dx);
}

static tp_status std_mean_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *y = tp__saved(node, 1);
    return y ? finish(node, dy, y, true, dx) : tp__pending();
}

/* ---- PyTorch's other ways to say the correction ------------------------------------------------------------------------------------ */

static tp_status over(tp__call *call, const tp_op *op, tp__ints dim, bool unbiased, bool keepdim)
{
    const tp__moments attr = { .dim = dim, .correction = { .kind = TP_OPERAND_INTEGER, .as.integer = unbiased }, .keepdim = keepdim };
    tp_tensor *out[2] = { NULL };
    const int n = tp__run(op, call->in, 1, &attr, out, 2, NULL);
    if (n < 0) return (tp_status)n;
    for (int i = 0; i < n; i++) call->out[call->n_out++] = out[i];
    return TP_OK;
}

static tp_status by_dim(tp__call *call, const tp_op *op)
{
    const unbiased_attr *attr = call->attr;
    return over(call, op, attr->dim, attr->unbiased, attr->keepdim);
}

static tp_status by_unbiased(tp__call *call, const tp_op *op)
{
    return over(call, op, (tp__ints){ 0 }, *(const bool *)call->attr, false);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void correction_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, 0, -1),
             TP__NAMED("correction", .kind = TP_ARG_FLOAT, .value.real = 1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(1, 1), TP__NAMED("correction", .kind = TP_ARG_INT),
             TP__NAMED("keepdim", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INTS_ARG(1, 1));
}

static void dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INTS_ARG(1, -1), TP__BOOL_ARG(false), TP__BOOL_ARG(true));
}

static void unbiased_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__BOOL_ARG(true));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define SPREAD(name, results, rule, make, ...) \
    static const tp_op op_##name##_correction = { .schema = #name ".correction(Tensor input, int[]? dim=none, *, " \
        "number? correction=none, bool keepdim=false) -> " results, \
        .kernel = #name, .shape = make, .backward = rule, .saves = { TP__INPUT(0, 0), __VA_ARGS__ }, .attr_size = sizeof(tp__moments), \
        .samples = correction_samples, .state = TP__STATE }; \
    static tp_status name##_dim(tp__call *call) { return by_dim(call, &op_##name##_correction); } \
    static tp_status name##_unbiased(tp__call *call) { return by_unbiased(call, &op_##name##_correction); } \
    static const tp_op op_##name##_dim = { .schema = #name ".dim(Tensor input, int[]? dim, bool unbiased=true, bool keepdim=false) -> " results, \
        .compose = name##_dim, .attr_size = sizeof(unbiased_attr), .samples = dim_samples, .state = TP__STATE }; \
    static const tp_op op_##name = { .schema = #name "(Tensor input, bool unbiased=true) -> " results, .compose = name##_unbiased, \
        .attr_size = sizeof(bool), .samples = unbiased_samples, .state = TP__STATE };
#define PAIR "(Tensor, Tensor)"
SPREAD(var, "Tensor", var_backward, moments_shape, { 0 })
SPREAD(std, "Tensor", std_backward, moments_shape, TP__OUTPUT(0))
SPREAD(var_mean, PAIR, var_mean_backward, pair_shape, { 0 })
SPREAD(std_mean, PAIR, std_mean_backward, pair_shape, TP__OUTPUT(0))

static tp_tensor *spread(const tp_op *op, const char *name, tp_tensor *x, tp_tensor **mean, const tp_var_options *options, const void *caller)
{
    tp_var_options o = { TP__DEFAULT_var .tp__end = 0 };
    tp__moments attr = { 0 };
    tp_tensor *out[2] = { NULL };
    bool failed = tp_options_take(name, &o, options, offsetof(tp_var_options, tp__end)) || tp__reduce_take_dims(name, &o.dims, &attr.dim);
    attr.correction = (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = o.correction };
    attr.keepdim = o.keepdim;
    failed = failed || tp__run(op, &x, 1, &attr, out, 2, caller) < 0;
    if (mean) *mean = failed ? NULL : out[1];
    return failed ? NULL : out[0];
}

tp_tensor *tp_var_with(tp_tensor *x, const tp_var_options *o) { return spread(&op_var_correction, "var", x, NULL, o, TP__CALLER); }
tp_tensor *tp_std_with(tp_tensor *x, const tp_std_options *o) { return spread(&op_std_correction, "std", x, NULL, o, TP__CALLER); }
tp_tensor *tp_var_mean_with(tp_tensor *x, tp_tensor **mean, const tp_var_mean_options *o)
{
    return spread(&op_var_mean_correction, "var_mean", x, mean, o, TP__CALLER);
}
tp_tensor *tp_std_mean_with(tp_tensor *x, tp_tensor **mean, const tp_std_mean_options *o)
{
    return spread(&op_std_mean_correction, "std_mean", x, mean, o, TP__CALLER);
}

#define ALL(name) &op_##name, &op_##name##_correction, &op_##name##_dim
const tp_op *const tp__ops_reduce_moments[] = { ALL(var), ALL(std), ALL(var_mean), ALL(std_mean), NULL };
