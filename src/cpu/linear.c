/* linear.c: y = x W' + b. Matrices go to the product as they lie; other layouts and dtypes are copied first. */
#include "cpu/contiguous.h"
#include "cpu/gemm.h"
#include "cpu/product.h"

/* x [.., in] as a matrix of rows: true if its leading dims step evenly. */
static bool rows_step_evenly(const tp_tensor *x, int64_t *row)
{
    *row = 0;
    int64_t size = 0;
    for (int d = x->ndim - 2; d >= 0; d--) {
        if (x->shape[d] == 1) continue;
        if (!size) *row = x->stride[d], size = 1;
        else if (x->stride[d] != *row * size) return false;
        size *= x->shape[d];
    }
    return true;
}

static tp_status linear_run(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *b = call->n_in > 2 ? call->in[2] : NULL;
    tp_tensor *y = call->out[0];
    const int64_t in = w->shape[w->ndim - 1], out = w->ndim == 2 ? w->shape[0] : 1;
    if (!y->numel) return TP_OK;
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    if (b && b->numel != out && b->numel != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "bias %s does not fit weight %s", tp__shape_text(b), tp__shape_text(w));
    tp__plain px = { 0 }, pw = { 0 }, pb = { 0 }, py = { 0 };
    tp__gemm_args g = { .dtype = dtype, .m = y->numel / out, .n = out, .k = in, .ldc = out, .threads = tp_get_num_threads() };
    tp_status status = TP_OK;
    if (x->dtype == dtype && rows_step_evenly(x, &g.a_row)) {
        g.a = x->data;
        g.a_col = x->stride[x->ndim - 1];
    } else {
        if ((status = tp__plain_take(&px, x, dtype)) != TP_OK) goto done;
        g.a = px.data;
        g.a_row = in;
        g.a_col = 1;
    }
    if (w->dtype == dtype) {
        g.b = w->data;
        g.b_row = w->stride[w->ndim - 1];
        g.b_col = w->ndim == 2 ? w->stride[0] : 0;
    } else {
        if ((status = tp__plain_take(&pw, w, dtype)) != TP_OK) goto done;
        g.b = pw.data;
        g.b_row = 1;
        g.b_col = in;
    }
    if ((status = tp__plain_take(&pb, b, dtype)) != TP_OK || (status = tp__plain_room(&py, y, dtype)) != TP_OK) goto done;
    g.c = py.data;
    if (b && b->numel == out) g.bias_col = pb.data;
    if ((status = tp__product(&g)) != TP_OK) goto done;
    if (b && b->numel != out) tp__add_one(dtype, py.data, y->numel, pb.data);
    tp__plain_return(&py, y);
done:
    tp__plain_free(&px);
    tp__plain_free(&pw);
    tp__plain_free(&pb);
    tp__plain_free(&py);
    return status;
}

const tp_kernel tp__cpu_linear[] = { { "linear", linear_run, NULL }, { NULL, NULL, NULL } };
