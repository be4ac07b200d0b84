/* loss_entropy.c: cross entropy of logits.
 *
 *   cross_entropy  l = log_softmax(x), y = -sum_c q_c l_c of each row, over the classes, where q is
 *                    w_t [c = t] (1 - s) + w_c s / C          of a class t; 0 of one that is ignored
 *                    w_c (p_c (1 - s) + s / C)                of probabilities p
 *                  mean: divided by the sum of w_t of those not ignored; by the number of rows for probabilities
 *                  dx = dy (sum(q) softmax(x) - q),  dp = -dy w (1 - s) l,  dw_c = -sum dy (p_c (1 - s) + s / C) l_c of probabilities
 *
 * Backward computes softmax(x) again: one exp per element, as reading it back from memory costs about as much. */
#include "ops/loss.h"

typedef struct entropy_attr { int64_t ignore_index; int32_t reduction; double label_smoothing; } entropy_attr;

/* ---- Cross entropy: shape rule ------------------------------------------------------------------------------------------------------ */

/* Checks what forward and its parts share; `rows` is the shape of the losses. Which slots: first is that of the input. */
static tp_status check_entropy(const tp__call *call, int first, tp_shape *rows)
{
    const entropy_attr *attr = call->attr;
    const tp_tensor *x = call->in[first], *target = call->in[first + 1];
    if (tp__check_logits(call, x, call->in[first + 2])) return tp__pending();
    if (!(attr->label_smoothing >= 0 && attr->label_smoothing <= 1))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "label_smoothing %g is not in [0, 1]", attr->label_smoothing);
    *rows = tp__loss_rows(x);
    if (!tp__is_floating(target->dtype)) return tp__check_classes(call, x, target, *rows);
    if (!tp__same_shape(target, x))
        return tp__call_fail(call, TP_ERR_DTYPE, "target is %s: classes are int64, probabilities floating and shaped as the input %s",
                             tp_dtype_name((tp_dtype)target->dtype), tp__shape_text(x));
    if (attr->ignore_index >= 0)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "probabilities have no class to ignore, but ignore_index is %lld", (long long)attr->ignore_index);
    return TP_OK;
}

/* What a rule made of ops computes in, so that a narrow dtype is rounded to once. */
static tp_dtype wide(tp_dtype dtype) { return dtype == TP_F16 || dtype == TP_BF16 ? TP_F32 : dtype; }

static tp_status entropy_shape(tp__call *call)
{
    tp_shape rows;
    if (check_entropy(call, 0, &rows)) return tp__pending();
    const tp_tensor *x = call->in[0], *target = call->in[1];
    tp_dtype dtype = (tp_dtype)x->dtype;
    if (call->op == &tp__op_cross_entropy_wide) {
        if (tp__is_floating(target->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes classes only");
        dtype = wide(dtype);
    }
    if (tp__is_floating(target->dtype)) {
        dtype = tp_promote_types(dtype, (tp_dtype)target->dtype);
        call->keep_shape = (uint64_t)(x->dtype != wide(dtype)) | (uint64_t)(target->dtype != wide(dtype)) << 1;
    } else {
        call->keep_shape = x->dtype != wide(dtype);
    }
    const bool each = ((const entropy_attr *)call->attr)->reduction == TP_REDUCTION_NONE;
    return tp__made(tp__out(call, dtype, each ? rows.ndim : 0, rows.dim));
}

static tp_status entropy_forward(tp__call *call)
{
    /* A device's kernel reads 16 bits as it goes, and rounds to what the loss has. */
    const bool as_is = call->op == &tp__op_cross_entropy_wide && call->in[0]->device != TP_CPU;
    const tp_dtype dtype = as_is ? TP_DTYPE_DEFAULT : (tp_dtype)call->out[0]->dtype;
    return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ dtype, tp__is_floating(call->in[1]->dtype) ? dtype : TP_I64 });
}

static tp_status entropy_backward_shape(tp__call *call)
{
    tp_shape rows;
    if (check_entropy(call, 1, &rows)) return tp__pending();
    const tp_tensor *dy = call->in[0], *x = call->in[1];
    const int64_t expected = ((const entropy_attr *)call->attr)->reduction == TP_REDUCTION_NONE ? call->in[2]->numel : 1;
    if (tp__is_floating(call->in[2]->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes classes only");
    if (dy->numel != expected)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the input %s", tp__shape_text(dy), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status entropy_backward_forward(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ 0, 0, TP_I64 }); }

static tp_status entropy_target_shape(tp__call *call)
{
    tp_shape rows;
    if (check_entropy(call, 0, &rows)) return tp__pending();
    if (tp__is_floating(call->in[1]->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes classes only");
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, call->in[0]->ndim, call->in[0]->shape));
}

static tp_status entropy_target_forward(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ 0, TP_I64 }); }

/* ---- Cross entropy: rules ----------------------------------------------------------------------------------------------------------- */

static const tp_op op_entropy_backward, op_entropy_target;

/* w and the gradient of the rows, shaped to broadcast to x */
static tp_tensor *along_classes(tp_tensor *weight, const tp_tensor *x)
{
    tp_shape shape = { .ndim = x->ndim };
    for (int d = 0; d < x->ndim; d++) shape.dim[d] = d == (x->ndim > 1) ? x->shape[d] : 1;
    return tp_reshape(weight, shape);
}
static tp_tensor *along_rows(tp_tensor *dy, const tp_tensor *x, int32_t reduction)
{
    if (reduction != TP_REDUCTION_NONE || !dy) return dy;
    tp_shape shape = tp__shape(x->ndim, x->shape);
    shape.dim[x->ndim > 1] = 1;
    return tp_reshape(dy, shape);
}

/* q as far as it depends on p: p w (1 - s) / rows, or all of it */
static tp_tensor *weighted(tp_tensor *p, tp_tensor *weight, const entropy_attr *attr, bool whole)
{
    if (!p) return NULL;
    const int64_t classes = p->shape[p->ndim > 1];
    if (attr->label_smoothing > 0) p = tp_mul(p, 1 - attr->label_smoothing);
    if (attr->label_smoothing > 0 && whole) p = tp_add(p, attr->label_smoothing / (double)classes);
    if (p && weight) p = tp_mul(p, along_classes(weight, p));
    return p && tp__is_mean(attr->reduction) ? tp_mul(p, (double)classes / (double)p->numel) : p;
}

/* -sum of dy q l / w over all but the classes; g is dy, shaped to broadcast to x. */
static tp_tensor *weight_gradient(tp_tensor *x, tp_tensor *p, tp_tensor *g, const tp_tensor *weight, const entropy_attr *attr)
{
    const int dim = x->ndim > 1;
    tp_tensor *each = tp_mul(tp_mul(tp_log_softmax(x, dim), weighted(p, NULL, attr, true)), tp_neg(g));
    for (int d = x->ndim - 1; d >= 0 && x->ndim > 1 && each; d--)
        if (d != dim) each = tp_sum(each, .dims = TP_DIMS(d));
    return tp_to_dtype(each, (tp_dtype)weight->dtype);
}

/* Of probabilities in 16-bit floats: the ops that PyTorch's cross entropy is made of, each of which rounds. */
static tp_status narrow_backward(const tp_node *node, tp_tensor *dy, uint64_t need, tp_tensor **dx)
{
    const entropy_attr *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0), *p = tp__saved(node, 1), *weight = tp__saved(node, 2);
    const int dim = x->ndim > 1;
    const int64_t classes = x->shape[dim];
    const double keep = 1 - attr->label_smoothing;
    if (need & 4 && !(dx[2] = weight_gradient(x, p, along_rows(dy, x, attr->reduction), weight, attr))) return tp__pending();
    tp_tensor *l = tp_log_softmax(x, dim), *g = tp_neg(along_rows(dy, x, attr->reduction));
    if (tp__is_mean(attr->reduction)) g = tp_div(g, (double)x->numel / (double)classes);
    if (weight) g = tp_mul(g, along_classes(weight, x));
    if (need & 1) {
        tp_tensor *q = keep < 1 ? tp_add(tp_mul(p, keep), attr->label_smoothing / (double)classes) : p;
        tp_tensor *gl = tp_to_dtype(tp_mul(g, q), TP_F32), *s = tp_exp(tp_to_dtype(l, TP_F32));
        tp_tensor *pull = tp_sub(gl, tp_mul(s, tp_sum(gl, .dims = TP_DIMS(dim), .keepdim = true)));
        if (!(dx[0] = tp_to_dtype(pull, tp_dtype_of(x)))) return tp__pending();
    }
    if (need & 2) {
        tp_tensor *dp = tp_mul(l, g);
        if (!(dx[1] = keep < 1 ? tp_mul(dp, keep) : dp)) return tp__pending();
    }
    return TP_OK;
}

/* By ops, so that it can be recorded. The weight gets a gradient beside probabilities, as PyTorch has it. */
static tp_status entropy_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const entropy_attr *attr = tp__attr(node);
    tp_tensor *x = tp__saved(node, 0), *target = tp__saved(node, 1), *weight = tp__saved(node, 2);
    if (!x || !target || !dy[0] || (!weight && tp__pending())) return tp__pending();
    if (x->dtype == target->dtype && x->dtype != wide((tp_dtype)x->dtype)) return narrow_backward(node, dy[0], need, dx);
    const int dim = x->ndim > 1;
    const bool by_class = !tp__is_floating(target->dtype);
    const tp_dtype dtype = wide((tp_dtype)dy[0]->dtype);
    x = tp_to_dtype(x, dtype);
    if (!by_class) target = tp_to_dtype(target, dtype);
    const tp_tensor *given = weight;
    if (weight) weight = tp_to_dtype(weight, dtype);
    if (!x || !target || tp__pending()) return tp__pending();
    tp_tensor *g = tp_to_dtype(along_rows(dy[0], x, attr->reduction), dtype);
    if (need & 1) {
        tp_tensor *q = by_class ? tp__run1(&op_entropy_target, (tp_tensor *[]){ x, target, weight }, 3, attr, NULL)
                                : weighted(target, weight, attr, true);
        tp_tensor *pull = tp_sub(tp_mul(tp_sum(q, .dims = TP_DIMS(dim), .keepdim = true), tp_softmax(x, dim)), q);
        if (!(dx[0] = tp__fit(node, 0, tp_mul(pull, g)))) return tp__pending();
    }
    if (need & 2 && !by_class) {
        tp_tensor *l = tp_neg(weighted(tp_log_softmax(x, dim), weight, attr, false));
        if (!(dx[1] = tp__fit(node, 1, tp_mul(l, g)))) return tp__pending();
    }
    if (need & 4 && !by_class && !(dx[2] = weight_gradient(x, target, g, given, attr))) return tp__pending();
    return TP_OK;
}

static tp_status entropy_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = tp__saved(node, 0), *target = tp__saved(node, 1), *weight = tp__saved(node, 2);
    if (!target || tp__is_floating(target->dtype)) return entropy_backward(node, dy, need, dx);
    if (x && dy[0] && x->dtype != dy[0]->dtype && x->device == TP_CPU) return entropy_backward(node, dy, need, dx);      /* of cross_entropy_wide */
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_entropy_backward, (tp_tensor *[]){ dy[0], x, target, weight }, 4, tp__attr(node), NULL));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define REDUCTION(v) TP__REDUCTION_ARG(v)
#define SMOOTHING(v) TP__FLOAT_NAMED("label_smoothing", v)
#define IGNORE(v)    TP__INT_NAMED("ignore_index", v)
#define WEIGHT(v)    TP__TENSOR_NAMED("weight", v)

static void entropy_samples(tp_sample_set *set)
{
    tp_tensor *w = tp_detach(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices((tp_shape){ .ndim = 0 }, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)), WEIGHT(w),
             REDUCTION("none"), SMOOTHING(0.1), IGNORE(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4, 2, 2), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 2, 2), 4)),
             WEIGHT(w), SMOOTHING(0.2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(6), 4)), REDUCTION("sum"),
             IGNORE(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), 0, 1)),
             WEIGHT(w), REDUCTION("none"), SMOOTHING(0.1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 0, 1)), REDUCTION("sum"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 4)), REDUCTION("sum"));
}

static void entropy_target_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)), SMOOTHING(0.1));
}

static void entropy_backward_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)),
             TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)), SMOOTHING(0.1));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

#define ENTROPY "Tensor input, Tensor target, Tensor? weight=none, int ignore_index=-100, string{none,mean,sum} reduction=mean, " \
    "float label_smoothing=0.0) -> Tensor"
static const tp_op op_cross_entropy = { .schema = "cross_entropy(" ENTROPY, .shape = entropy_shape, .forward = entropy_forward,
    .backward = entropy_backward, .backward_fused = entropy_fused, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) },
    .attr_size = sizeof(entropy_attr), .samples = entropy_samples, .state = TP__STATE };
static const tp_op op_entropy_target = { .schema = "cross_entropy_target(" ENTROPY, .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = entropy_target_shape, .forward = entropy_target_forward, .attr_size = sizeof(entropy_attr), .samples = entropy_target_samples,
    .state = TP__STATE };
static const tp_op op_entropy_backward = { .schema = "cross_entropy_backward(Tensor grad, " ENTROPY, .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = entropy_backward_shape, .forward = entropy_backward_forward, .attr_size = sizeof(entropy_attr), .samples = entropy_backward_samples,
    .state = TP__STATE };
/* The loss of classes in float32 where the logits have 16 bits, computed in float32 without copies: what autocast makes of cross_entropy on CUDA. */
const tp_op tp__op_cross_entropy_wide = { .schema = "cross_entropy_wide(" ENTROPY, .flags = TP__INTERNAL, .kernel = "cross_entropy", .shape = entropy_shape,
    .forward = entropy_forward, .backward = entropy_backward, .backward_fused = entropy_fused, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) },
    .attr_size = sizeof(entropy_attr), .samples = entropy_target_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_cross_entropy_with(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options *options)
{
    tp_cross_entropy_options o = { TP__DEFAULT_cross_entropy .tp__end = 0 };
    if (tp_options_take("cross_entropy", &o, options, offsetof(tp_cross_entropy_options, tp__end))) return NULL;
    entropy_attr attr = { .ignore_index = o.ignore_index, .label_smoothing = o.label_smoothing };
    if (!tp__reduction_of("cross_entropy", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_cross_entropy, (tp_tensor *[]){ logits, target, o.weight }, 3, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_entropy[] = { &op_cross_entropy, &tp__op_cross_entropy_wide, &op_entropy_target, &op_entropy_backward, NULL };
