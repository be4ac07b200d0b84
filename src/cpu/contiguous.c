/* contiguous.c: copies for kernels that take contiguous memory. */
#include "cpu/contiguous.h"

#include "core/convert.h"

/* x's elements in row-major order to or from plain memory, a row of the last dim at a time. */
static void copy_rows(const tp_tensor *x, void *plain, tp_dtype dtype, bool back)
{
    const int64_t item = (int64_t)tp_dtype_size(dtype), x_item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    const int last = x->ndim - 1;                      /* not contiguous, so there is one */
    const int64_t n = x->shape[last], rows = x->numel / n, step = x->stride[last];
    int64_t at[TP_MAX_DIMS] = { 0 }, from = 0;
    for (int64_t r = 0; r < rows; r++) {
        char *row = (char *)x->data + from * x_item, *to = (char *)plain + r * n * item;
        if (back) tp__cast_row(row, (tp_dtype)x->dtype, step, to, dtype, 1, n);
        else tp__cast_row(to, dtype, 1, row, (tp_dtype)x->dtype, step, n);
        for (int d = last - 1; d >= 0; d--) {
            from += x->stride[d];
            if (++at[d] < x->shape[d]) break;
            from -= x->stride[d] * x->shape[d];
            at[d] = 0;
        }
    }
}

static bool is_plain(const tp_tensor *x, tp_dtype dtype) { return !x->numel || (x->flags & TP__CONTIGUOUS && x->dtype == dtype); }

static tp_status make_room(tp__plain *out, const tp_tensor *x, tp_dtype dtype)
{
    out->bytes = (size_t)x->numel * tp_dtype_size(dtype);
    out->data = tp_mem_alloc(out->bytes);
    return out->data ? TP_OK : TP_ERR_MEMORY;
}

tp_status tp__plain_take(tp__plain *out, const tp_tensor *x, tp_dtype dtype)
{
    *out = (tp__plain){ .data = x ? x->data : NULL, .dtype = dtype };
    if (!x || is_plain(x, dtype)) return TP_OK;
    const tp_status status = make_room(out, x, dtype);
    if (status) return status;
    if (x->flags & TP__CONTIGUOUS) tp__cast_row(out->data, dtype, 1, x->data, (tp_dtype)x->dtype, 1, x->numel);
    else copy_rows(x, out->data, dtype, false);
    return TP_OK;
}

tp_status tp__plain_room(tp__plain *out, const tp_tensor *y, tp_dtype dtype)
{
    *out = (tp__plain){ .data = y->data, .dtype = dtype };
    return is_plain(y, dtype) ? TP_OK : make_room(out, y, dtype);
}

void tp__plain_return(tp__plain *out, tp_tensor *y)
{
    if (!out->bytes) return;
    if (y->flags & TP__CONTIGUOUS) tp__cast_row(y->data, (tp_dtype)y->dtype, 1, out->data, out->dtype, 1, y->numel);
    else copy_rows(y, out->data, out->dtype, true);
}

void tp__plain_free(tp__plain *x)
{
    if (x->bytes && x->data) tp_mem_free(x->data, x->bytes);
    *x = (tp__plain){ 0 };
}

tp_status tp__plain_open(const tp__call *call, tp_dtype dtype, tp__plain *in, tp__plain *out)
{
    tp_status status = TP_OK;
    for (int i = 0; i < call->n_in && !status; i++) status = tp__plain_take(&in[i], call->in[i], dtype);
    for (int i = 0; i < call->n_out && !status; i++) status = tp__plain_room(&out[i], call->out[i], dtype);
    return status;
}

void tp__plain_close(const tp__call *call, tp_status status, tp__plain *in, tp__plain *out)
{
    for (int i = 0; i < call->n_out; i++) {
        if (!status) tp__plain_return(&out[i], call->out[i]);
        tp__plain_free(&out[i]);
    }
    for (int i = 0; i < call->n_in; i++) tp__plain_free(&in[i]);
}

tp_dtype tp__product_dtype(const tp__call *call, int dtype)
{
    if (dtype == TP_F32 || dtype == TP_F64) return (tp_dtype)dtype;
    if (dtype == TP_F16 || dtype == TP_BF16) return TP_F32;
    if (tp__is_integer(dtype)) return TP_I64;
    tp__call_fail(call, tp__is_complex(dtype) ? TP_ERR_UNSUPPORTED : TP_ERR_DTYPE, "%s cannot be multiplied", tp_dtype_name((tp_dtype)dtype));
    return TP_DTYPE_DEFAULT;
}
