/* loss_pair_shape.c: shape rules of the losses of two tensors: in what dtype each computes, what it returns, and how inputs and weights broadcast. */
#include "ops/loss_pair.h"

typedef tp__pair_loss pair;

static bool refuse(const tp__call *call, tp_dtype dtype)
{
    tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name(dtype));
    return false;
}

static bool promoted(const tp__call *call, int at, tp__dtypes *out)
{
    out->compute = out->result = tp__result_type(call->in + at, 2);
    return tp__is_floating(out->result) || refuse(call, out->result);
}

bool tp__pair_expanded(const tp__call *call, int at, tp__dtypes *out)
{
    out->compute = out->result = tp_promote_types((tp_dtype)call->in[at]->dtype, (tp_dtype)call->in[at + 1]->dtype);
    return tp__is_floating(out->result) || refuse(call, out->result);
}

bool tp__pair_as_target(const tp__call *call, int at, tp__dtypes *out)
{
    if (!promoted(call, at, out)) return false;
    out->result = (tp_dtype)call->in[at + 1]->dtype;
    return tp__is_floating(out->result) || refuse(call, out->result);
}

bool tp__pair_as_input(const tp__call *call, int at, tp__dtypes *out)
{
    if (!promoted(call, at, out)) return false;
    out->result = (tp_dtype)call->in[at]->dtype;
    return tp__is_floating(out->result) || refuse(call, out->result);
}

bool tp__pair_difference(const tp__call *call, int at, tp__dtypes *out)
{
    out->compute = out->result = tp_promote_types((tp_dtype)call->in[at]->dtype, (tp_dtype)call->in[at + 1]->dtype);
    const bool of_bool = call->in[at]->dtype == TP_BOOL || call->in[at + 1]->dtype == TP_BOOL;
    if (tp__is_floating(out->result)) return !of_bool || refuse(call, TP_BOOL);
    if (of_bool || tp__is_complex(out->result) || tp__is_mean(((const pair *)call->attr)->reduction)) return refuse(call, out->result);
    out->compute = TP_I64;
    return true;
}

bool tp__pair_floating_both(const tp__call *call, int at, tp__dtypes *out)
{
    for (int i = at; i < at + 2; i++)
        if (!tp__is_floating(call->in[i]->dtype)) return refuse(call, (tp_dtype)call->in[i]->dtype);
    return promoted(call, at, out);
}

bool tp__pair_alike(const tp__call *call, int at, tp__dtypes *out)
{
    const tp_tensor *x = call->in[at], *target = call->in[at + 1];
    if (!tp__pair_floating_both(call, at, out)) return false;
    if (x->dtype == target->dtype) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "target is %s, input %s", tp_dtype_name((tp_dtype)target->dtype), tp_dtype_name((tp_dtype)x->dtype));
    return false;
}

/* The shape of the losses; weights, further inputs after the two, broadcast to it. */
static bool pair_extent(const tp__call *call, int at, tp_shape *out)
{
    tp__call inputs = *call;
    inputs.in += at;
    inputs.n_in -= at;
    if (!tp__broadcast_shape(&inputs, 2, &out->ndim, out->dim)) return false;
    tp_shape all;
    if (inputs.n_in > 2 && !tp__broadcast_shape(&inputs, inputs.n_in, &all.ndim, all.dim)) return false;
    if (inputs.n_in == 2 || (all.ndim == out->ndim && !memcmp(all.dim, out->dim, sizeof *all.dim * (size_t)all.ndim))) return true;
    tp__call_fail(call, TP_ERR_SHAPE, "the weights do not broadcast to the target %s", tp__shape_text(inputs.in[1]));
    return false;
}

static bool has_shape(const tp_tensor *x, tp_shape shape) { return x->ndim == shape.ndim && !memcmp(x->shape, shape.dim, sizeof *shape.dim * x->ndim); }

/* Laid out as the first of the two that has its shape. */
static tp_status out_of(tp__call *call, int at, tp_dtype dtype, tp_shape shape)
{
    for (int i = at; i < at + 2; i++)
        if (has_shape(call->in[i], shape) && !tp__is_expanded(call->in[i])) return tp__made(tp__out_like(call, call->in[i], dtype));
    return tp__made(tp__out(call, dtype, shape.ndim, shape.dim));
}

static void set_scale(pair *attr, const tp_tensor *x, tp_shape shape)
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    attr->scale = 1;
    if (attr->reduction == TP_REDUCTION_BATCHMEAN) attr->scale = x->ndim ? 1 / (double)x->shape[0] : 1;
    else if (tp__is_mean(attr->reduction)) attr->scale = 1 / (double)n;
}

tp_status tp__pair_value_shape(tp__call *call, tp__pair_rule *rule)
{
    pair *attr = (pair *)(uintptr_t)call->attr;
    tp__dtypes dtypes;
    tp_shape shape;
    if (!rule(call, 0, &dtypes) || !pair_extent(call, 0, &shape)) return tp__pending();
    tp__compute_in(call, dtypes.compute);
    set_scale(attr, call->in[0], shape);
    for (int i = 0; i < 2; i++)
        if (!has_shape(call->in[i], shape) || call->in[i]->dtype != dtypes.result) call->keep_shape |= (uint64_t)1 << i;
    return attr->reduction == TP_REDUCTION_NONE ? out_of(call, 0, dtypes.result, shape) : tp__made(tp__out(call, dtypes.result, 0, NULL));
}

tp_status tp__pair_slope_shape(tp__call *call, tp__pair_rule *rule)
{
    pair *attr = (pair *)(uintptr_t)call->attr;
    const tp_tensor *dy = call->in[0];
    tp__dtypes dtypes;
    tp_shape shape;
    if (!rule(call, 1, &dtypes) || !pair_extent(call, 1, &shape)) return tp__pending();
    if (!tp__is_floating(dtypes.compute)) return refuse(call, dtypes.compute), tp__pending();
    if (attr->reduction == TP_REDUCTION_NONE ? !has_shape(dy, shape) : dy->numel != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the inputs", tp__shape_text(dy));
    tp__compute_in(call, dtypes.compute);
    set_scale(attr, call->in[1], shape);
    return out_of(call, 1, dtypes.result, shape);
}

tp_status tp__pair_same_shapes(const tp__call *call, int at)
{
    if (tp__same_shape(call->in[at], call->in[at + 1])) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "target %s has to be shaped as the input %s", tp__shape_text(call->in[at + 1]),
                         tp__shape_text(call->in[at]));
}
