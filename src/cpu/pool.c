/* pool.c: the kernels of max_pool2d, of its backward, which scatters, and of that one's gradient, which picks. */
#include "cpu/pool.h"

#include "cpu/contiguous.h"

typedef struct pool_attr { int64_t kernel[2], stride[2], padding[2], dilation[2]; bool ceil_mode; } pool_attr;

static tp__pool planes_of(tp_dtype dtype, const tp_tensor *in, const tp_tensor *out)
{
    const int64_t *small = out->shape + out->ndim - 2, *large = in->shape + in->ndim - 2;
    int64_t planes = 1;
    for (int d = 0; d < in->ndim - 2; d++) planes *= in->shape[d];
    return (tp__pool){ .dtype = dtype, .planes = planes, .h = large[0], .w = large[1], .oh = small[0], .ow = small[1],
                       .threads = tp_get_num_threads() };
}

static tp_status pool_run(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const pool_attr *a = call->attr;
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    tp__pool g = planes_of(dtype, x, call->out[0]);
    g.kh = a->kernel[0], g.kw = a->kernel[1];
    g.sh = a->stride[0] == TP_NONE ? g.kh : a->stride[0], g.sw = a->stride[1] == TP_NONE ? g.kw : a->stride[1];
    g.ph = a->padding[0], g.pw = a->padding[1];
    g.dh = a->dilation[0], g.dw = a->dilation[1];
    tp__plain px = { 0 }, py = { 0 };
    tp_status status = tp__plain_take(&px, x, dtype);
    if (status == TP_OK) status = tp__plain_room(&py, call->out[0], dtype);
    if (status == TP_OK) {
        tp__pool_max(&g, px.data, py.data, call->out[1]->data);
        tp__plain_return(&py, call->out[0]);
    }
    tp__plain_free(&px);
    tp__plain_free(&py);
    return status;
}

/* scatter: in[0] is the small side, the output the large one; pick: the other way round. */
static tp_status run_indexed(tp__call *call, bool scatter)
{
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    const tp__pool g = scatter ? planes_of(dtype, y, x) : planes_of(dtype, x, y);
    tp__plain px = { 0 }, py = { 0 }, where = { 0 };
    tp_status status = tp__plain_take(&px, x, dtype);
    if (status == TP_OK) status = tp__plain_take(&where, call->in[1], TP_I64);
    if (status == TP_OK) status = tp__plain_room(&py, y, dtype);
    if (status == TP_OK) {
        const int64_t wrong = (scatter ? tp__pool_max_backward : tp__pool_max_pick)(&g, px.data, where.data, py.data);
        if (wrong < 0) tp__plain_return(&py, call->out[0]);
        else
            status = tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for planes of %lld elements",
                                   (long long)((const int64_t *)where.data)[wrong], (long long)(g.h * g.w));
    }
    tp__plain_free(&px);
    tp__plain_free(&py);
    tp__plain_free(&where);
    return status;
}

static tp_status scatter_run(tp__call *call) { return run_indexed(call, true); }
static tp_status pick_run(tp__call *call) { return run_indexed(call, false); }

const tp_kernel tp__cpu_pool[] = { { "max_pool2d", pool_run, NULL }, { "max_pool2d_backward", scatter_run, NULL },
    { "max_pool2d_pick", pick_run, NULL }, { NULL, NULL, NULL } };
