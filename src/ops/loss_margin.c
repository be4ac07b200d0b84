/* loss_margin.c: losses that ask for a margin, and likelihoods. All but multilabel_margin_loss are made of other ops; t is the target.
 *
 *   margin_ranking_loss          max(margin - t (x1 - x2), 0)
 *   hinge_embedding_loss         x of t = 1, max(margin - x, 0) of t = -1
 *   multi_margin_loss            sum over c != t of max(margin - x_t + x_c, 0)^p w_t / C, of a class t
 *   multilabel_margin_loss       sum over classes t given, c not given, of max(1 - x_t + x_c, 0) / C; t up to the first below 0
 *   multilabel_soft_margin_loss  -sum over c of w_c (t_c ln s(x_c) + (1 - t_c) ln s(-x_c)) / C
 *   poisson_nll_loss             e^x - t x, or x - t ln(x + eps); with full + t ln t - t + ln(2 pi t) / 2 where t > 1
 *   gaussian_nll_loss            (ln v + (x - t)^2 / v) / 2, v = max(var, eps); with full + ln(2 pi) / 2 */
#include "ops/loss.h"

#include <math.h>

typedef struct margin_attr { double margin; int32_t reduction; } margin_attr;

/* ---- Margins ------------------------------------------------------------------------------------------------------------------------------ */

static tp_status margin_ranking_loss(tp__call *call)
{
    const margin_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1], *target = call->in[2];
    if (a->ndim != b->ndim || a->ndim != target->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "inputs %s and %s and target %s have to have as many dims", tp__shape_text(a), tp__shape_text(b),
                             tp__shape_text(target));
    return tp__loss_is(call, tp__not_below_0(tp_add(tp_mul(tp_neg(target), tp_sub(a, b)), attr->margin)), attr->reduction);
}

static tp_status hinge_embedding_loss(tp__call *call)
{
    const margin_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *target = call->in[1];
    /* a number before a tensor of 16-bit floats is rounded to these, in PyTorch */
    tp_tensor *margin = tp__is_floating(x->dtype) ? tp_full(TP__SCALAR_SHAPE, attr->margin, .dtype = tp_dtype_of(x), .device = tp_device_of(x)) : NULL;
    tp_tensor *far = tp__not_below_0(margin ? tp_sub(margin, x) : tp_sub(attr->margin, x));
    if (far && far->dtype != x->dtype) far = tp_to_dtype(far, tp_dtype_of(x));       /* of integers, as PyTorch */
    return tp__loss_is(call, tp_add(tp_where(tp_ne(target, 1), far, 0), tp_where(tp_ne(target, -1), x, 0)), attr->reduction);
}

typedef struct multi_attr { int64_t p; double margin; int32_t reduction; } multi_attr;

/* [rows, classes] and [rows] of what may be one row */
static tp_status multi_margin_loss(tp__call *call)
{
    const multi_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *target = call->in[1], *weight = call->in[4];
    const int64_t n = x->ndim == 2 ? x->shape[0] : 1, classes = x->ndim ? x->shape[x->ndim - 1] : 1;
    if (attr->p != 1 && attr->p != 2) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %lld, and has to be 1 or 2", (long long)attr->p);
    if (x->ndim > 2 || !classes || target->ndim > 1 || target->numel != n)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s and target %s: these are [rows, classes] and [rows]", tp__shape_text(x), tp__shape_text(target));
    if (weight && (weight->ndim != 1 || weight->numel != classes))
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s must have one value for each of %lld classes", tp__shape_text(weight), (long long)classes);
    if (!tp__is_floating(x->dtype) || target->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_DTYPE, "input is %s and target %s: these are floating and int64", tp_dtype_name((tp_dtype)x->dtype),
                             tp_dtype_name((tp_dtype)target->dtype));
    x = tp_reshape(x, TP_SHAPE(n, classes));
    tp_tensor *at = tp_reshape(target, TP_SHAPE(n, 1));
    tp_tensor *z = tp_add(tp_sub(attr->margin, tp_gather(x, 1, at)), x);
    z = tp_where(tp_gt(z, 0), z, 0);                   /* so what is NaN counts for nothing, as in PyTorch */
    if (attr->p == 2) z = tp_mul(z, z);
    if (weight) z = tp_mul(z, tp_index_select(tp_reshape(weight, TP_SHAPE(classes, 1)), 0, tp_reshape(target, TP_SHAPE(n))));
    tp_tensor *own = tp_eq(at, tp_arange(0, (double)classes, 1, .dtype = TP_I64, .device = tp_device_of(target)));
    tp_tensor *loss = tp_div(tp_sum(tp_masked_fill(z, own, 0), .dims = TP_DIMS(1)), (double)classes);
    if (!target->ndim) loss = tp_reshape(loss, TP__SCALAR_SHAPE);
    return tp__loss_is(call, loss, attr->reduction);
}

typedef struct soft_attr { int32_t reduction; } soft_attr;

static tp_status multilabel_soft_margin_loss(tp__call *call)
{
    tp_tensor *x = call->in[0], *target = call->in[1], *weight = call->in[2];
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "input [] has no classes");
    tp_tensor *loss = tp_neg(tp_add(tp_mul(target, tp_logsigmoid(x)), tp_mul(tp_sub(1, target), tp_logsigmoid(tp_neg(x)))));
    if (weight) loss = tp_mul(loss, weight);
    loss = tp_div(tp_sum(loss, .dims = TP_DIMS(x->ndim - 1)), (double)x->shape[x->ndim - 1]);
    return tp__loss_is(call, loss, ((const soft_attr *)call->attr)->reduction);
}

/* ---- Likelihoods ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct poisson_attr { bool log_input, full; double eps; int32_t reduction; } poisson_attr;

static tp_status poisson_nll_loss(tp__call *call)
{
    const poisson_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *t = call->in[1];
    tp_tensor *loss = attr->log_input ? tp_sub(tp_exp(x), tp_mul(t, x)) : tp_sub(x, tp_mul(t, tp_log(tp_add(x, attr->eps))));
    if (attr->full) {
        tp_tensor *stirling = tp_add(tp_sub(tp_mul(t, tp_log(t)), t), tp_mul(0.5, tp_log(tp_mul(2 * M_PI, t))));
        loss = tp_to_dtype(tp_add(loss, tp_masked_fill(stirling, tp_le(t, 1), 0)), tp_dtype_of(loss));     /* PyTorch adds in place */
    }
    return tp__loss_is(call, loss, attr->reduction);
}

typedef struct gaussian_attr { bool full; double eps; int32_t reduction; } gaussian_attr;

/* As the input, or of all but its last dim, or of size 1 in one dim */
static tp_status fit_variance(const tp__call *call, tp_tensor *x, tp_tensor **var)
{
    const tp_tensor *v = *var;
    if (v->flags & TP__WRAPPED || tp__same_shape(v, x)) return TP_OK;
    if (v->ndim == x->ndim - 1 && !memcmp(v->shape, x->shape, sizeof *v->shape * v->ndim)) {
        tp_shape shape = tp__shape(v->ndim, v->shape);
        shape.dim[shape.ndim++] = 1;
        return tp__made(*var = tp_reshape(*var, shape));
    }
    int64_t other = 0;                                 /* the sum of the sizes that differ */
    for (int d = 0; d < x->ndim && v->ndim == x->ndim; d++) other += v->shape[d] == x->shape[d] ? 0 : v->shape[d];
    if (v->ndim == x->ndim && other == 1) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "var %s does not fit the input %s", tp__shape_text(v), tp__shape_text(x));
}

static tp_status check_not_negative(const tp__call *call, tp_tensor *var)
{
    TP_NO_GRAD();
    const double any = tp_item(tp_any(tp_lt(var, 0)));
    return any == 0 ? TP_OK : tp__pending_error() ? tp__pending() : tp__call_fail(call, TP_ERR_ARGUMENT, "var has values below 0");
}

static tp_status gaussian_nll_loss(tp__call *call)
{
    const gaussian_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *target = call->in[1], *var = call->in[2];
    if (fit_variance(call, x, &var) || check_not_negative(call, var)) return tp__pending();
    if (var->flags & TP__WRAPPED) var = tp_mul(var, tp_ones(tp_shape_of(x), .dtype = tp_dtype_of(x), .device = tp_device_of(x)));
    var = tp_clone(var);                               /* not below eps, with the gradient of var even there, as PyTorch's */
    if (!var) return tp__pending();
    {
        TP_NO_GRAD();
        if (!tp_masked_fill_(var, tp_lt(var, attr->eps), attr->eps)) return tp__pending();
    }
    tp_tensor *d = tp_sub(x, target), *loss = tp_mul(0.5, tp_add(tp_log(var), tp_div(tp_mul(d, d), var)));
    if (attr->full) loss = tp_add(loss, 0.5 * log(2 * M_PI));
    return tp__loss_is(call, loss, attr->reduction);
}

/* ---- multilabel_margin_loss ------------------------------------------------------------------------------------------------------------------ */

static tp_status multilabel_check(const tp__call *call, int at)
{
    const tp_tensor *x = call->in[at], *target = call->in[at + 1];
    if (x->ndim > 2 || !tp__same_shape(x, target) || (x->ndim && !x->shape[x->ndim - 1]))
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s and target %s: both are [rows, classes] or [classes]", tp__shape_text(x), tp__shape_text(target));
    if (!tp__is_floating(x->dtype) || target->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_DTYPE, "input is %s and target %s: these are floating and int64", tp_dtype_name((tp_dtype)x->dtype),
                             tp_dtype_name((tp_dtype)target->dtype));
    return TP_OK;
}

static tp_status multilabel_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (multilabel_check(call, 0)) return tp__pending();
    const bool each = ((const soft_attr *)call->attr)->reduction == TP_REDUCTION_NONE;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, each && x->ndim == 2 ? 1 : 0, x->shape));
}

static tp_status multilabel_back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *x = call->in[1];
    if (multilabel_check(call, 1)) return tp__pending();
    const bool each = ((const soft_attr *)call->attr)->reduction == TP_REDUCTION_NONE;
    if (dy->numel != (each && x->ndim == 2 ? x->shape[0] : 1))
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the input %s", tp__shape_text(dy), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status multilabel_forward(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ 0 }); }

static const tp_op op_multilabel_backward;

static tp_status multilabel_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *const in[] = { dy[0], tp__saved(node, 0), tp__saved(node, 1) };
    return need & 1 ? tp__made(dx[0] = tp__run1(&op_multilabel_backward, in, 3, tp__attr(node), NULL)) : TP_OK;
}

/* Linear in dy, and of pieces straight in x: by dy it is the slopes times what comes in, summed by row, or over all. */
static tp_status multilabel_back_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const soft_attr *attr = tp__attr(node);
    tp_tensor *dy = tp__saved(node, 0), *x = tp__saved(node, 1);
    if (!(need & 1)) return TP_OK;
    if (!dy || !x) return tp__pending();
    tp_tensor *ones = tp_ones(tp_shape_of(dy), .dtype = tp_dtype_of(dy), .device = tp_device_of(dy));
    tp_tensor *z = tp_mul(g[0], tp__run1(&op_multilabel_backward, (tp_tensor *[]){ ones, x, tp__saved(node, 2) }, 3, attr, NULL));
    return tp__made(dx[0] = dy->ndim ? tp_sum(z, .dims = TP_DIMS(1)) : tp_sum(z));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *rows(tp_sample_set *set) { return tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2); }
static tp_tensor *signs(void) { return tp_sub(tp_mul(2, tp__sample_indices(TP_SHAPE(4, 3), 2)), 1); }

static void ranking_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs()), TP__FLOAT_ARG(0.3));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs()), TP__REDUCTION_ARG("none"));
}
static void hinge_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs()), TP__FLOAT_ARG(1.3));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs()), TP__REDUCTION_ARG("none"));
}
static void multi_samples(tp_sample_set *set)
{
    tp_tensor *w = tp_detach(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 3)), TP__INT_ARG(2), TP__FLOAT_ARG(0.7),
             TP__TENSOR_NAMED("weight", w));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 3)), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 3)));
}
static void multilabel_samples(tp_sample_set *set)
{
    tp_tensor *t = tp_from_data((const int64_t[]){ 0, 2, -1, 1, -1, 0, -1, 0, 1, 2, 1, 0 }, TP_I64, TP_SHAPE(4, 3));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(t));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(t), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__TENSOR_ARG(tp_select(t, 0, 0)), TP__REDUCTION_ARG("sum"));
}
static void multilabel_back_samples(tp_sample_set *set)
{
    tp_tensor *t = tp_from_data((const int64_t[]){ 0, 2, -1, 1, -1, 0 }, TP_I64, TP_SHAPE(2, 3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)),
             TP__TENSOR_ARG(t), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)),
             TP__TENSOR_ARG(t));
}
static void soft_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 0, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 0, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 0.5, 2)), TP__REDUCTION_ARG("none"));
}
static tp_tensor *positive(tp_sample_set *set) { return tp__sample_tensor(set, TP_SHAPE(4, 3), 0.5, 2); }          /* any input may stand for another */
static void poisson_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 1.2, 3)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 1.2, 3)), TP__BOOL_NAMED("full", true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 0.1, 3)),
             TP__BOOL_ARG(false), TP__REDUCTION_ARG("none"));
}
static void gaussian_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(positive(set)), TP__TENSOR_ARG(positive(set)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(positive(set)), TP__TENSOR_ARG(positive(set)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2)),
             TP__BOOL_NAMED("full", true), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(positive(set)), TP__TENSOR_ARG(positive(set)), TP__FLOAT_ARG(0.7), TP__REDUCTION_ARG("sum"));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

#define REDUCTION "string{none,mean,sum} reduction=mean) -> Tensor"
#define COMPOSED(name, takes, attr, give) \
    static const tp_op op_##name = { .schema = #name "(" takes ", " REDUCTION, .compose = name, .attr_size = sizeof(attr), .samples = give, .state = TP__STATE }
COMPOSED(margin_ranking_loss, "Tensor input1, Tensor input2, Tensor target, float margin=0.", margin_attr, ranking_samples);
COMPOSED(hinge_embedding_loss, "Tensor input, Tensor target, float margin=1.", margin_attr, hinge_samples);
COMPOSED(multi_margin_loss, "Tensor input, Tensor target, int p=1, float margin=1., Tensor? weight=none", multi_attr, multi_samples);
COMPOSED(multilabel_soft_margin_loss, "Tensor input, Tensor target, Tensor? weight=none", soft_attr, soft_samples);
COMPOSED(poisson_nll_loss, "Tensor input, Tensor target, bool log_input=true, bool full=false, float eps=1e-08", poisson_attr, poisson_samples);
COMPOSED(gaussian_nll_loss, "Tensor input, Tensor target, Tensor|number var, bool full=false, float eps=1e-06", gaussian_attr, gaussian_samples);

static const tp_op op_multilabel_margin_loss = { .schema = "multilabel_margin_loss(Tensor input, Tensor target, " REDUCTION,
    .shape = multilabel_shape, .forward = multilabel_forward, .backward = multilabel_backward, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) },
    .attr_size = sizeof(soft_attr), .samples = multilabel_samples, .state = TP__STATE };
static const tp_op op_multilabel_backward = { .schema = "multilabel_margin_loss_backward(Tensor grad, Tensor input, Tensor target, " REDUCTION,
    .flags = TP__INTERNAL, .shape = multilabel_back_shape, .forward = multilabel_forward, .backward = multilabel_back_backward,
    .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) }, .attr_size = sizeof(soft_attr), .samples = multilabel_back_samples,
    .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

#define TAKE(name, attr) \
    tp_##name##_options o = { TP__DEFAULT_##name .tp__end = 0 }; \
    if (tp_options_take(#name, &o, options, offsetof(tp_##name##_options, tp__end)) || !tp__reduction_of(#name, o.reduction, &(attr).reduction)) return NULL;

tp_tensor *tp_margin_ranking_loss_with(tp_tensor *x1, tp_tensor *x2, tp_tensor *target, const tp_margin_ranking_loss_options *options)
{
    margin_attr attr;
    TAKE(margin_ranking_loss, attr)
    attr.margin = o.margin;
    return tp__run1(&op_margin_ranking_loss, (tp_tensor *[]){ x1, x2, target }, 3, &attr, TP__CALLER);
}
tp_tensor *tp_hinge_embedding_loss_with(tp_tensor *x, tp_tensor *target, const tp_hinge_embedding_loss_options *options)
{
    margin_attr attr;
    TAKE(hinge_embedding_loss, attr)
    attr.margin = o.margin;
    return tp__run1(&op_hinge_embedding_loss, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
}
tp_tensor *tp_multi_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multi_margin_loss_options *options)
{
    multi_attr attr;
    TAKE(multi_margin_loss, attr)
    attr.p = o.p;
    attr.margin = o.margin;
    return tp__run1(&op_multi_margin_loss, (tp_tensor *[]){ x, target, NULL, NULL, o.weight }, 5, &attr, TP__CALLER);
}
tp_tensor *tp_multilabel_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multilabel_margin_loss_options *options)
{
    soft_attr attr;
    TAKE(multilabel_margin_loss, attr)
    return tp__run1(&op_multilabel_margin_loss, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
}
tp_tensor *tp_multilabel_soft_margin_loss_with(tp_tensor *x, tp_tensor *target, const tp_multilabel_soft_margin_loss_options *options)
{
    soft_attr attr;
    TAKE(multilabel_soft_margin_loss, attr)
    return tp__run1(&op_multilabel_soft_margin_loss, (tp_tensor *[]){ x, target, o.weight }, 3, &attr, TP__CALLER);
}
tp_tensor *tp_poisson_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_poisson_nll_loss_options *options)
{
    poisson_attr attr;
    TAKE(poisson_nll_loss, attr)
    attr.log_input = o.log_input;
    attr.full = o.full;
    attr.eps = o.eps;
    return tp__run1(&op_poisson_nll_loss, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
}
tp_tensor *tp_gaussian_nll_loss_with(tp_tensor *x, tp_tensor *target, tp_operand var, const tp_gaussian_nll_loss_options *options)
{
    gaussian_attr attr;
    TAKE(gaussian_nll_loss, attr)
    attr.full = o.full;
    attr.eps = o.eps;
    if (var.kind == TP_OPERAND_TENSOR ? !var.as.tensor : !x || !tp__alive(x, "gaussian_nll_loss")) return NULL;
    return tp__run1(&op_gaussian_nll_loss, (tp_tensor *[]){ x, target, tp__operand(var) }, 3, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_margin[] = {
    &op_margin_ranking_loss, &op_hinge_embedding_loss, &op_multi_margin_loss, &op_multilabel_soft_margin_loss, &op_poisson_nll_loss,
    &op_gaussian_nll_loss, &op_multilabel_margin_loss, &op_multilabel_backward, NULL,
};
