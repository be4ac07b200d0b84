/* loss_pair.c: losses of two tensors, element by element.
 *
 *   mse_loss   y = (a - b)^2,  da = 2 (a - b) dy,  db = -da */
#include "ops/loss.h"

typedef struct squares_attr { int32_t reduction; } squares_attr;

/* ---- Squared error ------------------------------------------------------------------------------------------------------------------- */

static tp_status check_squares(const tp__call *call, tp_tensor *const *in, tp_dtype *dtype)
{
    *dtype = tp__result_type(in, 2);
    if (!tp__is_floating(*dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name(*dtype));
    return TP_OK;
}

static tp_status mse_shape(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    tp_dtype dtype;
    if (check_squares(call, call->in, &dtype) || !tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    for (int i = 0; i < 2; i++) {
        const tp_tensor *x = call->in[i];
        if (x->ndim != ndim || memcmp(x->shape, shape, sizeof *shape * (size_t)ndim) || x->dtype != dtype) call->keep_shape |= (uint64_t)1 << i;
    }
    return tp__made(tp__out(call, dtype, ((const squares_attr *)call->attr)->reduction == TP_REDUCTION_NONE ? ndim : 0, shape));
}

/* The two inputs, from slot `first` on, are expanded to one shape. */
static tp_status squares_forward(tp__call *call, int first, tp_shape shape)
{
    const tp_dtype dtype = (tp_dtype)call->out[0]->dtype;
    tp_tensor *in[3] = { call->in[0], call->in[1], first ? call->in[2] : NULL };
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    bool complete = true;
    for (int i = first; i < first + 2; i++) {
        if (in[i]->ndim != shape.ndim || memcmp(in[i]->shape, shape.dim, sizeof *shape.dim * (size_t)shape.ndim)) in[i] = tp_expand(in[i], shape);
        complete &= in[i] != NULL;
    }
    tp__call wide = *call;
    wide.in = in;
    const tp_status status = complete ? tp__run_dense(&wide, (const tp_dtype[TP__DENSE_MOST]){ dtype, dtype, dtype }) : tp__pending();
    tp__list_release(mark);
    return status;
}

static tp_status mse_forward(tp__call *call)
{
    tp_shape shape = { .ndim = 0 };
    if (!tp__broadcast_shape(call, 2, &shape.ndim, shape.dim)) return tp__pending();
    return squares_forward(call, 0, shape);
}

static tp_status mse_backward_shape(tp__call *call)
{
    tp__call inputs = *call;
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    tp_dtype dtype;
    inputs.in++;
    inputs.n_in--;
    if (check_squares(call, inputs.in, &dtype) || !tp__broadcast_shape(&inputs, 2, &ndim, shape)) return tp__pending();
    const tp_tensor *dx = tp__out(call, dtype, ndim, shape), *dy = call->in[0];
    if (!dx) return tp__pending();
    const bool each = ((const squares_attr *)call->attr)->reduction == TP_REDUCTION_NONE;
    if (each ? !tp__same_shape(dx, dy) : dy->numel != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the inputs", tp__shape_text(dy));
    return TP_OK;
}

static tp_status mse_backward_forward(tp__call *call) { return squares_forward(call, 1, tp_shape_of(call->out[0])); }

static const tp_op op_mse_backward;

static tp_status give_both(const tp_node *node, tp_tensor *da, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, da))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_neg(da)))) return tp__pending();
    return TP_OK;
}

static tp_status mse_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const squares_attr *attr = tp__attr(node);
    tp_tensor *d = tp_sub(tp__saved(node, 0), tp__saved(node, 1));
    if (!d) return tp__pending();
    return give_both(node, tp_mul(tp_mul(d, tp__is_mean(attr->reduction) ? 2 / (double)d->numel : 2.0), dy[0]), need, dx);
}

static tp_status mse_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *da = tp__run1(&op_mse_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0), tp__saved(node, 1) }, 3, tp__attr(node), NULL);
    return da ? give_both(node, da, need, dx) : tp__pending();
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

#define REDUCTION(v) TP__REDUCTION_ARG(v)
static void mse_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)), REDUCTION("sum"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 4), -2, 2)),
             REDUCTION("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)));
}

static void mse_backward_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -2, 2)));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_mse_loss = { .schema = "mse_loss(Tensor input, Tensor target, string{none,mean,sum} reduction=mean) -> Tensor",
    .shape = mse_shape, .forward = mse_forward, .backward = mse_backward, .backward_fused = mse_fused, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0) },
    .attr_size = sizeof(squares_attr), .samples = mse_samples, .state = TP__STATE };
static const tp_op op_mse_backward = { .schema = "mse_loss_backward(Tensor grad, Tensor input, Tensor target, string{none,mean,sum} reduction=mean) -> Tensor",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = mse_backward_shape, .forward = mse_backward_forward, .attr_size = sizeof(squares_attr),
    .samples = mse_backward_samples, .state = TP__STATE };

tp_tensor *tp_mse_loss_with(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options *options)
{
    tp_mse_loss_options o = { TP__DEFAULT_mse_loss .tp__end = 0 };
    squares_attr attr;
    if (tp_options_take("mse_loss", &o, options, offsetof(tp_mse_loss_options, tp__end))) return NULL;
    if (!tp__reduction_of("mse_loss", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_mse_loss, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_pair[] = { &op_mse_loss, &op_mse_backward, NULL };
