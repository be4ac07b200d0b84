/* loss_nll.c: the negative log-likelihood of classes, given their log-probabilities.
 *
 *   nll_loss   y = -w_t x_t of each row, t its class; 0 of one that is ignored
 *              mean: their sum, divided by the sum of w_t of those not ignored
 *              dx_c = -w_t dy [c = t],  divided as y is
 *
 * It is linear in x, so the gradient of its backward by dy is nll_loss of what comes in. */
#include "ops/loss.h"

typedef struct nll_attr { int64_t ignore_index; int32_t reduction; } nll_attr;

/* ---- Shape rules -------------------------------------------------------------------------------------------------------------------- */

/* The input, the target and the weight are in[at], in[at + 1], in[at + 2]. */
static tp_status check_nll(const tp__call *call, int at)
{
    if (tp__check_logits(call, call->in[at], call->in[at + 2])) return tp__pending();
    return tp__check_classes(call, call->in[at], call->in[at + 1], tp__loss_rows(call->in[at]));
}

static tp_status nll_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (check_nll(call, 0)) return tp__pending();
    const tp_shape rows = tp__loss_rows(x);
    const bool each = ((const nll_attr *)call->attr)->reduction == TP_REDUCTION_NONE;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, each ? rows.ndim : 0, rows.dim));
}

static tp_status nll_back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *x = call->in[1];
    if (check_nll(call, 1)) return tp__pending();
    if (dy->numel != (((const nll_attr *)call->attr)->reduction == TP_REDUCTION_NONE ? call->in[2]->numel : 1))
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the input %s", tp__shape_text(dy), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status nll_forward(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ 0, TP_I64 }); }
/* The kernel asks the input for no more than its shape. */
static tp_status nll_back_forward(tp__call *call)
{
    tp_tensor *in[] = { call->in[0], call->out[0], call->in[2], call->in[3] };
    tp__call shaped = *call;
    shaped.in = in;
    return tp__run_dense(&shaped, (const tp_dtype[TP__DENSE_MOST]){ 0, 0, TP_I64 });
}

/* ---- Rules -------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_nll_loss, op_nll_backward;

static tp_status nll_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *const in[] = { dy[0], tp__saved(node, 0), tp__saved(node, 1), tp__saved(node, 2) };
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_nll_backward, in, 4, tp__attr(node), NULL));
}

static tp_status nll_back_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *const in[] = { g[0], tp__saved(node, 0), tp__saved(node, 1) };
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_nll_loss, in, 3, tp__attr(node), NULL));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void nll_samples(tp_sample_set *set)
{
    tp_tensor *w = tp_detach(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 4)),
             TP__TENSOR_ARG(w));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3, 2), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3, 2), 4)),
             TP__TENSOR_ARG(w), TP__INT_NAMED("ignore_index", 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4, 2), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 2), 4)),
             TP__TENSOR_ARG(w), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6, 4), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(6), 4)),
             TP__REDUCTION_ARG("sum"), TP__INT_NAMED("ignore_index", 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 4), -3, 0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 4)),
             TP__REDUCTION_ARG("sum"));
}

static void nll_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -3, 0)),
             TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -3, 0)),
             TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)), TP__REDUCTION_ARG("none"));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define NLL "Tensor input, Tensor target, Tensor? weight=none, int ignore_index=-100, string{none,mean,sum} reduction=mean) -> Tensor"
static const tp_op op_nll_loss = { .schema = "nll_loss(" NLL, .shape = nll_shape, .forward = nll_forward, .backward = nll_backward,
    .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0) }, .attr_size = sizeof(nll_attr), .samples = nll_samples, .state = TP__STATE };
static const tp_op op_nll_backward = { .schema = "nll_loss_backward(Tensor grad, " NLL, .flags = TP__INTERNAL, .shape = nll_back_shape,
    .forward = nll_back_forward, .backward = nll_back_backward, .saves = { TP__INPUT(2, 0), TP__INPUT(3, 0) }, .attr_size = sizeof(nll_attr),
    .samples = nll_back_samples, .state = TP__STATE };

tp_tensor *tp_nll_loss_with(tp_tensor *x, tp_tensor *target, const tp_nll_loss_options *options)
{
    tp_nll_loss_options o = { TP__DEFAULT_nll_loss .tp__end = 0 };
    if (tp_options_take("nll_loss", &o, options, offsetof(tp_nll_loss_options, tp__end))) return NULL;
    nll_attr attr = { .ignore_index = o.ignore_index };
    if (!tp__reduction_of("nll_loss", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_nll_loss, (tp_tensor *[]){ x, target, o.weight }, 3, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_nll[] = { &op_nll_loss, &op_nll_backward, NULL };
