/* optim/clip.c: clipping gradients, by the norm of all taken together or each element by itself. */
#include "optimizer.h"

#include <math.h>

tp_tensor *tp__gradient_values(tp_tensor *x)
{
    tp_tensor *values = NULL;
    return tp_grad_rows(x, NULL, &values) ? NULL : values ? values : tp_grad_of(x);
}

/* The gradients that are there; of rows their values, unless the zeros between them count. Returns how many, or -1 on error; *out is
 * freed with n pointers. */
static int64_t gradients_of(tp_tensor_list params, const char *op, bool zeros_count, tp_tensor ***out)
{
    int64_t n = 0;
    *out = NULL;
    if (tp_failed())
        return -1;
    bool absent = params.n < 0 || (params.n && !params.at);
    for (int64_t i = 0; i < params.n && !absent; i++)
        absent = !params.at[i];
    if (absent) {
        tp_fail(TP_ERR_ARGUMENT, "%s: a parameter is NULL", op);
        return -1;
    }
    *out = tp_mem_alloc((size_t)params.n * sizeof **out);
    if (!*out)
        return -1;
    for (int64_t i = 0; i < params.n; i++) {
        tp_tensor *grad = zeros_count ? tp_grad_of(params.at[i]) : tp__gradient_values(params.at[i]);
        if (grad)
            (*out)[n++] = grad;
    }
    return tp_failed() ? -1 : n;
}

static tp_tensor *clip_norm(tp_tensor_list grads, double max_norm, const tp_clip_grad_norm_options *o)
{
    tp_tensor *const norm = grads.n ? tp_total_norm(grads, o->norm_type) : tp_zeros((tp_shape){ .ndim = 0 });
    if (norm && o->error_if_nonfinite) {
        const double total = tp_item(norm);
        if (!tp_failed() && !isfinite(total))
            tp_fail(TP_ERR_NUMERIC, "clip_grad_norm: the norm of order %g of the gradients is %g", o->norm_type, total);
    }
    return norm && !tp_failed() && (!grads.n || !tp_fused_clip_(grads, norm, max_norm)) ? norm : NULL;
}

tp_tensor *tp_clip_grad_norm_with(tp_tensor_list params, double max_norm, const tp_clip_grad_norm_options *options)
{
    static const char op[] = "clip_grad_norm";
    tp_clip_grad_norm_options o = TP__BRACES(clip_grad_norm, );
    tp_tensor **grads, *norm = NULL;
    if (tp_options_take(op, &o, options, offsetof(tp_clip_grad_norm_options, tp__end)))
        return NULL;
    TP_NO_GRAD();
    const int64_t n = gradients_of(params, op, o.norm_type < 0, &grads);
    if (n >= 0)
        norm = clip_norm((tp_tensor_list){ .at = grads, .n = n }, max_norm, &o);
    tp_mem_free(grads, (size_t)params.n * sizeof *grads);
    return norm;
}

tp_status tp_clip_grads_with_norm(tp_tensor_list params, double max_norm, tp_tensor *total_norm)
{
    static const char op[] = "clip_grads_with_norm";
    tp_tensor **grads;
    TP_NO_GRAD();
    if (!tp_failed() && (!total_norm || tp_numel(total_norm) != 1))
        return tp_fail(TP_ERR_ARGUMENT, total_norm ? "%s: the norm is no single number" : "%s: the norm is NULL", op);
    const int64_t n = gradients_of(params, op, false, &grads);
    tp_status status = n < 0 ? tp_error_status() : TP_OK;
    if (n > 0)
        status = tp_fused_clip_((tp_tensor_list){ .at = grads, .n = n }, tp_reshape(total_norm, (tp_shape){ .ndim = 0 }), max_norm);
    tp_mem_free(grads, (size_t)params.n * sizeof *grads);
    return status;
}

tp_status tp_clip_grad_value(tp_tensor_list params, double clip_value)
{
    tp_tensor **grads;
    tp_status status = TP_OK;
    TP_SCOPE();
    TP_NO_GRAD();
    const int64_t n = gradients_of(params, "clip_grad_value", !(clip_value >= 0), &grads);
    for (int64_t i = 0; i < n && !status; i++)
        status = tp_clamp_(grads[i], -clip_value, clip_value) ? TP_OK : tp_error_status();
    tp_mem_free(grads, (size_t)params.n * sizeof *grads);
    return n < 0 ? tp_error_status() : status;
}
