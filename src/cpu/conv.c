/* conv.c: the kernels of conv2d and its two adjoints: layouts and dtypes are made plain, the rest is conv_select.c's. */
#include "cpu/conv.h"

#include "cpu/contiguous.h"

typedef struct steps { int64_t stride[2], padding[2], dilation[2], groups; } steps;     /* attributes, as the schemas order them */
typedef struct grad_attr { int64_t size[4]; steps steps; } grad_attr;

/* x and y by their last three dims: images may stand alone. */
static tp__conv geometry(tp_dtype dtype, const tp_tensor *x, const int64_t *x_shape, const int64_t *w_shape, const int64_t *y_shape, const steps *s)
{
    const int64_t *xs = x_shape ? x_shape + 1 : x->shape + x->ndim - 3;
    const int64_t images = x_shape ? x_shape[0] : x->ndim == 4 ? x->shape[0] : 1;
    return (tp__conv){ .dtype = dtype, .n = images, .c = xs[0], .h = xs[1], .w = xs[2], .out = w_shape[0], .kh = w_shape[2], .kw = w_shape[3],
                       .oh = y_shape[0], .ow = y_shape[1], .sh = s->stride[0], .sw = s->stride[1], .ph = s->padding[0], .pw = s->padding[1],
                       .dh = s->dilation[0], .dw = s->dilation[1], .groups = s->groups, .threads = tp_get_num_threads() };
}

static tp_dtype computed_in(const tp__call *call)
{
    const tp_dtype dtype = tp__product_dtype(call, call->in[0]->dtype);
    if (dtype != TP_I64) return dtype;
    tp__call_fail(call, TP_ERR_DTYPE, "%s is not floating", tp_dtype_name((tp_dtype)call->in[0]->dtype));
    return TP_DTYPE_DEFAULT;
}

/* Runs `work` on what is plain: the inputs and the output. */
typedef tp_status work_fn(const tp__conv *g, const void *first, const void *second, const void *third, void *out);
static tp_status run(tp__call *call, const tp__conv *g, work_fn *work)
{
    tp__plain in[3] = { { 0 } }, out = { 0 };
    tp_status status = TP_OK;
    for (int i = 0; i < 3 && status == TP_OK; i++) status = tp__plain_take(&in[i], i < call->n_in ? call->in[i] : NULL, g->dtype);
    if (status == TP_OK) status = tp__plain_room(&out, call->out[0], g->dtype);
    if (status == TP_OK) status = work(g, in[0].data, in[1].data, in[2].data, out.data);
    if (status == TP_OK) tp__plain_return(&out, call->out[0]);
    for (int i = 0; i < 3; i++) tp__plain_free(&in[i]);
    tp__plain_free(&out);
    return status;
}

static tp_status data_of(const tp__conv *g, const void *dy, const void *w, const void *none, void *dx)
{
    (void)none;
    return tp__conv_data(g, dy, w, dx);
}
static tp_status weight_of(const tp__conv *g, const void *x, const void *dy, const void *none, void *dw)
{
    (void)none;
    return tp__conv_weight(g, x, dy, dw);
}

static tp_status conv_run(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *y = call->out[0];
    const tp_dtype dtype = computed_in(call);
    if (!dtype) return tp__pending();
    const tp__conv g = geometry(dtype, x, NULL, w->shape, y->shape + y->ndim - 2, call->attr);
    return run(call, &g, tp__conv_forward);
}

static tp_status input_grad_run(tp__call *call)
{
    const tp_tensor *dy = call->in[0], *w = call->in[1];
    const grad_attr *a = call->attr;
    const tp_dtype dtype = computed_in(call);
    if (!dtype) return tp__pending();
    const tp__conv g = geometry(dtype, NULL, a->size, w->shape, dy->shape + 2, &a->steps);
    return run(call, &g, data_of);
}

static tp_status weight_grad_run(tp__call *call)
{
    const tp_tensor *x = call->in[0], *dy = call->in[1];
    const grad_attr *a = call->attr;
    const tp_dtype dtype = computed_in(call);
    if (!dtype) return tp__pending();
    const tp__conv g = geometry(dtype, x, NULL, a->size, dy->shape + 2, &a->steps);
    return run(call, &g, weight_of);
}

const tp_kernel tp__cpu_conv[] = { { "conv2d", conv_run, NULL }, { "conv2d_input_grad", input_grad_run, NULL },
    { "conv2d_weight_grad", weight_grad_run, NULL }, { NULL, NULL, NULL } };
