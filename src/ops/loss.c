/* loss.c: what the losses share. */
#include "ops/loss.h"

bool tp__reduction_of(const char *op, tp_reduction given, int32_t *out)
{
    *out = given == TP_REDUCTION_DEFAULT ? TP_REDUCTION_MEAN : (int32_t)given;
    if (*out >= TP_REDUCTION_NONE && *out <= TP_REDUCTION_SUM) return true;
    return tp_fail(TP_ERR_ARGUMENT, "%s: %d is no reduction", op, (int)given), false;
}

tp_tensor *tp__reduced(tp_tensor *x, int32_t reduction)
{
    if (!x || reduction == TP_REDUCTION_NONE) return x;
    if (reduction == TP_REDUCTION_SUM || !tp__is_floating(x->dtype)) return reduction == TP_REDUCTION_SUM ? tp_sum(x) : tp_mean(x);
    return tp_div(tp_sum(x), (double)x->numel);
}

tp_tensor *tp__not_below_0(tp_tensor *x) { return tp_clamp(x, 0, NULL); }
tp_status tp__loss_is(tp__call *call, tp_tensor *loss, int32_t reduction)
{
    call->out[call->n_out++] = tp__reduced(loss, reduction);
    return tp__made(call->out[0]);
}

tp_shape tp__loss_rows(const tp_tensor *x)
{
    tp_shape rows = { .ndim = 0 };
    for (int d = 0; d < x->ndim; d++)
        if (d != tp__class_dim(x)) rows.dim[rows.ndim++] = x->shape[d];
    return rows;
}

tp_status tp__check_logits(const tp__call *call, const tp_tensor *x, const tp_tensor *weight)
{
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "input is %s, which is not floating", tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim < 1) return tp__call_fail(call, TP_ERR_SHAPE, "input [] has no classes");
    if (!weight) return TP_OK;
    const int64_t classes = x->shape[tp__class_dim(x)];
    if (weight->ndim != 1 || weight->shape[0] != classes)
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s must have one value for each of %lld classes", tp__shape_text(weight), (long long)classes);
    if (weight->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "weight is %s, input %s", tp_dtype_name((tp_dtype)weight->dtype), tp_dtype_name((tp_dtype)x->dtype));
    return TP_OK;
}

tp_status tp__check_classes(const tp__call *call, const tp_tensor *x, const tp_tensor *target, tp_shape rows)
{
    if (target->dtype != TP_I64 && target->dtype != TP_U8)
        return tp__call_fail(call, TP_ERR_DTYPE, "target is %s, classes are int64", tp_dtype_name((tp_dtype)target->dtype));
    if (!rows.ndim && target->ndim == 1 && target->shape[0] == 1) return TP_OK;          /* PyTorch lets it pass */
    if (target->ndim != rows.ndim || memcmp(target->shape, rows.dim, sizeof *rows.dim * (size_t)rows.ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "target %s does not fit the input %s: classes are %s", tp__shape_text(target), tp__shape_text(x),
                             tp__dims_text(rows.ndim, rows.dim));
    return TP_OK;
}
