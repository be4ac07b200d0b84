/* loss_margin.c: multilabel_margin_loss. A row's targets are the classes before the first that is below 0. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/scratch.h"

#include <stdlib.h>

typedef struct rows {
    int64_t n, classes;
    int32_t reduction;
    const double *x, *dy;                              /* dy: of backward, by row or a single one */
    const int64_t *target;
    double *y;                                         /* losses by row, or dx */
    bool *given;                                       /* room for a row */
} rows;

static tp_status check_targets(const rows *r)
{
    for (int64_t i = 0; i < r->n * r->classes; i++) {  /* those after the end, too, as PyTorch */
        const long long target = r->target[i];
        if (target < -1) return tp_fail(TP_ERR_INDEX, "multilabel_margin_loss: target %lld is no class, and not -1", target);
        if (target >= r->classes) return tp_fail(TP_ERR_INDEX, "multilabel_margin_loss: target %lld is not below %lld", target, (long long)r->classes);
    }
    return TP_OK;
}

static int64_t mark_targets(const rows *r, const int64_t *target)
{
    int64_t n = 0;
    memset(r->given, 0, (size_t)r->classes);
    while (n < r->classes && target[n] >= 0) r->given[target[n++]] = true;
    return n;
}

static void losses(const rows *r)
{
    for (int64_t i = 0; i < r->n; i++) {
        const int64_t *target = r->target + i * r->classes, n = mark_targets(r, target);
        const double *x = r->x + i * r->classes;
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            for (int64_t c = 0; c < r->classes; c++) {
                const double z = 1 - x[target[k]] + x[c];
                if (!r->given[c] && z > 0) sum += z;        /* so what is NaN counts for nothing, as in PyTorch */
            }
        r->y[i] = sum / (double)r->classes;
    }
}

static void slopes(const rows *r)
{
    const double mean = r->reduction == TP_REDUCTION_NONE || r->reduction == TP_REDUCTION_SUM ? 1 : (double)r->n;
    memset(r->y, 0, (size_t)(r->n * r->classes) * sizeof *r->y);
    for (int64_t i = 0; i < r->n; i++) {
        const int64_t *target = r->target + i * r->classes, n = mark_targets(r, target);
        const double *x = r->x + i * r->classes, g = r->dy[r->reduction == TP_REDUCTION_NONE ? i : 0] / mean / (double)r->classes;
        double *dx = r->y + i * r->classes;
        for (int64_t k = 0; k < n; k++)
            for (int64_t c = 0; c < r->classes; c++) {
                if (r->given[c] || !(1 - x[target[k]] + x[c] > 0)) continue;
                dx[target[k]] -= g;
                dx[c] += g;
            }
    }
}

static void give(const rows *r, tp_tensor *y)
{
    double sum = 0;
    for (int64_t i = 0; i < r->n; i++) sum += r->y[i];
    if (r->reduction != TP_REDUCTION_SUM) sum /= (double)r->n;
    tp__cast_row(y->data, (tp_dtype)y->dtype, 1, r->reduction == TP_REDUCTION_NONE ? r->y : &sum, TP_F64, 1, y->numel);
}

/* in: the input and the target; dy is NULL in the forward. All in float64. */
static tp_status run(tp__call *call, tp_tensor *const *in, const tp_tensor *dy)
{
    tp_tensor *y = call->out[0];
    const tp_tensor *x = in[0];
    const int32_t reduction = *(const int32_t *)call->attr;
    rows r = { .n = x->ndim == 2 ? x->shape[0] : 1, .classes = x->ndim ? x->shape[x->ndim - 1] : 1, .reduction = reduction, .target = in[1]->data };
    const int64_t room = dy ? x->numel : r.n;
    tp__plain wide = { 0 }, grad = { 0 };
    tp_status status = check_targets(&r);
    if (!status) status = tp__plain_take(&wide, x, TP_F64);
    if (!status && dy) status = tp__plain_take(&grad, dy, TP_F64);
    double *scratch = status ? NULL : tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(room + 1) * sizeof(double) + (size_t)r.classes);
    if (!status && !scratch) status = TP_ERR_MEMORY;
    if (!status) {
        r.x = wide.data;
        r.dy = grad.data;
        r.y = scratch;
        r.given = (bool *)(scratch + room + 1);
        if (dy) slopes(&r);
        else losses(&r);
        if (dy) tp__cast_row(y->data, (tp_dtype)y->dtype, 1, r.y, TP_F64, 1, y->numel);
        else give(&r, y);
    }
    tp__plain_free(&wide);
    tp__plain_free(&grad);
    return status;
}

static tp_status multilabel_margin_loss(tp__call *call) { return run(call, call->in, NULL); }
static tp_status multilabel_margin_loss_backward(tp__call *call) { return run(call, call->in + 1, call->in[0]); }

const tp_kernel tp__cpu_loss_margin[] = {
    { "multilabel_margin_loss", multilabel_margin_loss, NULL }, { "multilabel_margin_loss_backward", multilabel_margin_loss_backward, NULL },
    { NULL, NULL, NULL },
};
