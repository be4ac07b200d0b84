/* conv.c: the kernels of convolution and its adjoint in the weight: layouts and dtypes are made plain, the rest is
 * conv_select.c's. A transposed convolution is the adjoint in x, and y is what has the part of x. */
#include "cpu/conv.h"

#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/product.h"

/* Number i of depth, height and width: the last ones of a list; dims that are not there have `absent`. */
static int64_t of_dim(int64_t n, const int64_t *v, int i, int64_t absent) { return i < 3 - n ? absent : v[i - (3 - n)]; }

/* Shapes [n, channels, ..] of `ndim` dims; x is the large side. */
static tp__conv geometry(tp_dtype dtype, int ndim, const int64_t *x, const int64_t *w, const int64_t *y, const tp__ints *stride, const tp__ints *padding,
                         const tp__ints *dilation, int64_t groups)
{
    const int n = ndim - 2;
    tp__conv g = { .dtype = dtype, .n = x[0], .c = x[1], .out = w[0], .groups = groups, .threads = tp_get_num_threads() };
    int64_t *const size[] = { &g.d, &g.h, &g.w }, *const kernel[] = { &g.kd, &g.kh, &g.kw }, *const out[] = { &g.od, &g.oh, &g.ow };
    int64_t *const step[] = { &g.sd, &g.sh, &g.sw }, *const pad[] = { &g.pd, &g.ph, &g.pw }, *const apart[] = { &g.dd, &g.dh, &g.dw };
    for (int i = 0; i < 3; i++) {
        *size[i] = of_dim(n, x + 2, i, 1);
        *kernel[i] = of_dim(n, w + 2, i, 1);
        *out[i] = of_dim(n, y + 2, i, 1);
        *step[i] = of_dim(n, stride->v, i, 1);
        *pad[i] = of_dim(n, padding->v, i, 0);
        *apart[i] = of_dim(n, dilation->v, i, 1);
    }
    return g;
}

/* What PyTorch rounds to on the way: it has a kernel of its own for bfloat16, but for a transposed one with as much output padding
 * as a stride, which shows in the gradient of its weight as padding that the ends lack. */
static tp_dtype narrow_of(const tp_tensor *x, bool transposed, const tp__ints *stride, const tp__ints *padding, const tp__ints *more)
{
    if (x->dtype == TP_F16) return TP_F16;
    for (int i = 0; x->dtype == TP_BF16 && i < stride->n; i++)
        if (more ? transposed && more->v[i] >= stride->v[i] : padding->v[i] - padding->v[stride->n + i] >= stride->v[i]) return TP_BF16;
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

/* ---- The transposed one has a bias --------------------------------------------------------------------------------------------- */

typedef struct biased { const tp__conv *g; const char *b; char *x; } biased;

static void add_bias(void *arg, int64_t first, int64_t last)
{
    const biased *t = arg;
    const tp__conv *g = t->g;
    const int64_t plane = g->d * g->h * g->w, item = (int64_t)tp_dtype_size(g->dtype);
    for (int64_t i = first; i < last; i++) tp__add_one(g->dtype, t->x + i * plane * item, plane, t->b + i % g->c * item);
}

static tp_status data_of(const tp__conv *g, const void *dy, const void *w, const void *b, void *x)
{
    const tp_status status = tp__conv_data(g, dy, w, x);
    if (status == TP_OK && b) tp__parallel_items(g->n * g->c, g->d * g->h * g->w, g->threads, add_bias, &(biased){ g, b, x });
    return status;
}

static tp_status weight_of(const tp__conv *g, const void *x, const void *dy, const void *none, void *dw)
{
    (void)none;
    return tp__conv_weight(g, x, dy, dw);
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------- */

static tp_status conv_run(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *y = call->out[0];
    const tp__convolution *a = call->attr;
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    if (!y->numel) return TP_OK;
    const tp_tensor *large = a->transposed ? y : x, *small = a->transposed ? x : y;
    tp__conv g = geometry(dtype, x->ndim, large->shape, w->shape, small->shape, &a->stride, &a->padding, &a->dilation, a->groups);
    g.narrow = narrow_of(x, a->transposed, &a->stride, &a->padding, &a->output_padding);
    return run(call, &g, a->transposed ? data_of : tp__conv_forward);
}

static tp_status weight_grad_run(tp__call *call)
{
    const tp_tensor *x = call->in[0], *dy = call->in[1];
    const tp__convolution_weight_grad *a = call->attr;
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    tp__conv g = geometry(dtype, x->ndim, x->shape, a->size.v, dy->shape, &a->stride, &a->padding, &a->dilation, a->groups);
    g.narrow = narrow_of(x, false, &a->stride, &a->padding, NULL);
    return run(call, &g, weight_of);
}

const tp_kernel tp__cpu_conv[] = { { "convolution", conv_run, NULL }, { "convolution_weight_grad", weight_grad_run, NULL }, { NULL, NULL, NULL } };
