/* pool.c: the kernels of max_pool and adaptive_max_pool, and those that scatter to places of a plane and pick from them. */
#include "cpu/pool.h"

#include "core/kernel_args.h"
#include "cpu/contiguous.h"

/* The last n dims of both, before them the planes. */
static tp__pool planes_of(tp_dtype dtype, int n, const tp_tensor *large, const tp_tensor *small)
{
    tp__pool g = { .dtype = dtype, .narrow = (tp_dtype)large->dtype, .planes = 1, .threads = tp_get_num_threads() };
    for (int d = 0; d < large->ndim - n; d++) g.planes *= large->shape[d];
    for (int i = 0; i < 3; i++) {
        const int d = i - (3 - n);                     /* of the last n */
        g.size[i] = d < 0 ? 1 : large->shape[large->ndim - n + d];
        g.out[i] = d < 0 ? 1 : small->shape[small->ndim - n + d];
        g.step[i] = 1;
    }
    return g;
}

/* Place t of window o in one dim is o stride - padding + t dilation. Indices that count from the plane's beginning, each of its window, to
 * places within the window, or back: what is in no window becomes the plane's size, which is no index. -1 stays. */
static void turn_indices(const tp__pool *g, int n, const tp__windows *of, bool to_places, int64_t *index)
{
    int64_t kernel[3] = { 1, 1, 1 }, stride[3] = { 1, 1, 1 }, padding[3] = { 0 }, step[3] = { 1, 1, 1 };
    for (int i = 3 - n; i < 3; i++) {
        const int d = i - (3 - n);
        kernel[i] = of->kernel.v[d], stride[i] = of->stride.v[d], padding[i] = of->padding.v[d], step[i] = of->dilation.v[d];
    }
    const int64_t windows = g->out[0] * g->out[1] * g->out[2], *const from = to_places ? g->size : kernel, *const to = to_places ? kernel : g->size;
    for (int64_t e = 0; e < g->planes * windows; e++) {
        const int64_t at = e % windows, o[3] = { at / (g->out[1] * g->out[2]), at / g->out[2] % g->out[1], at % g->out[2] };
        const int64_t t = index[e], place[3] = { t / (from[1] * from[2]), t / from[2] % from[1], t % from[2] };
        bool inside = t >= 0 && place[0] < from[0];
        int64_t turned = 0;
        for (int i = 0; i < 3 && inside; i++) {
            const int64_t begin = o[i] * stride[i] - padding[i], p = to_places ? (place[i] - begin) / step[i] : begin + place[i] * step[i];
            inside = p >= 0 && p < to[i];
            turned = turned * to[i] + p;
        }
        if (t != -1) index[e] = inside ? turned : to[0] * to[1] * to[2];
    }
}

/* ---- The greatest of windows -------------------------------------------------------------------------------------------------- */

/* Windows `stride` apart, of `kernel` places `step` apart, the first one `padding` before the beginning. */
static void slide(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t step, int64_t n, tp__window *w)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t begin = i * stride - padding, end = begin + (kernel - 1) * step + 1;
        w[i].first = begin < 0 ? begin + (-begin + step - 1) / step * step : begin;
        w[i].last = end < size ? end : size;
    }
}

/* Which windows of the width are whole, one like the other. */
static void find_inside(tp__pool *g, int64_t kernel, int64_t stride, int64_t padding, int64_t step)
{
    const int64_t room = g->size[2] - 1 - (kernel - 1) * step + padding;
    g->stride = stride;
    g->taps = kernel;
    g->from = (padding + stride - 1) / stride;
    g->to = room < 0 ? 0 : room / stride + 1;
    if (g->to > g->out[2]) g->to = g->out[2];
    if (g->from > g->to) g->from = g->to;
}

static void share_out(int64_t size, int64_t n, tp__window *w)
{
    for (int64_t i = 0; i < n; i++) w[i] = (tp__window){ i * size / n, ((i + 1) * size + n - 1) / n };
}

static bool is_2x2(const tp__pool *g, const tp__max_pool *a)
{
    if (a->kernel.n != 2) return false;
    for (int i = 0; i < 2; i++)
        if (a->kernel.v[i] != 2 || a->stride.v[i] != 2 || a->padding.v[i] || a->dilation.v[i] != 1 || 2 * g->out[1 + i] > g->size[1 + i]) return false;
    return true;
}

/* `a` or the windows that share out the dims, if it is NULL. */
static tp_status run_windows(tp__call *call, int n, const tp__max_pool *a)
{
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    tp__pool g = planes_of(dtype, n, x, call->out[0]);
    const size_t bytes = (size_t)(g.out[0] + g.out[1] + g.out[2]) * sizeof(tp__window);
    tp__window *windows = tp_mem_alloc(bytes), *w = windows;
    if (!windows) return TP_ERR_MEMORY;
    for (int i = 0; i < 3; w += g.out[i++]) {
        const int d = i - (3 - n);
        g.window[i] = w;
        if (d < 0 || !a) share_out(g.size[i], g.out[i], w);
        else slide(g.size[i], a->kernel.v[d], a->stride.v[d], a->padding.v[d], g.step[i] = a->dilation.v[d], g.out[i], w);
    }
    if (a) find_inside(&g, a->kernel.v[n - 1], a->stride.v[n - 1], a->padding.v[n - 1], a->dilation.v[n - 1]);
    g.is_2x2 = a && is_2x2(&g, a);
    tp__plain px = { 0 }, py = { 0 }, where = { 0 };
    tp_status status = tp__plain_take(&px, x, dtype);
    if (status == TP_OK) status = tp__plain_room(&py, call->out[0], dtype);
    if (status == TP_OK) status = tp__plain_room(&where, call->out[1], TP_I64);
    if (status == TP_OK) {
        tp__pool_max(&g, px.data, py.data, where.data);
        if (a && a->places) turn_indices(&g, n, &(tp__windows){ a->kernel, a->stride, a->padding, a->dilation }, true, where.data);
        tp__plain_return(&py, call->out[0]);
        tp__plain_return(&where, call->out[1]);
    }
    tp__plain_free(&px);
    tp__plain_free(&py);
    tp__plain_free(&where);
    tp_mem_free(windows, bytes);
    return status;
}

static tp_status max_pool_run(tp__call *call)
{
    const tp__max_pool *a = call->attr;
    return run_windows(call, (int)a->kernel.n, a);
}
static tp_status adaptive_run(tp__call *call)
{
    const tp__adaptive_pool *a = call->attr;
    return run_windows(call, (int)a->size.n, NULL);
}

/* ---- By places ------------------------------------------------------------------------------------------------------------------ */

/* scatter: in[0] is the small side, the output the large one; pick: the other way round. */
static tp_status run_indexed(tp__call *call, int n, const tp__windows *of, bool scatter, bool add)
{
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    const tp__pool g = scatter ? planes_of(dtype, n, y, x) : planes_of(dtype, n, x, y);
    tp__plain px = { 0 }, py = { 0 }, where = { 0 };
    tp_status status = tp__plain_take(&px, x, dtype);
    if (status == TP_OK) status = tp__plain_take(&where, call->in[1], TP_I64);
    if (status == TP_OK) status = tp__plain_room(&py, y, dtype);
    if (status == TP_OK) {
        if (of->kernel.n) turn_indices(&g, n, of, false, where.data);        /* they were bytes, so this is a copy */
        const int64_t wrong = scatter ? tp__pool_scatter(&g, px.data, where.data, add, py.data) : tp__pool_pick(&g, px.data, where.data, py.data);
        if (wrong < 0) tp__plain_return(&py, call->out[0]);
        else
            status = tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for planes of %lld elements",
                                   (long long)((const int64_t *)where.data)[wrong], (long long)(g.size[0] * g.size[1] * g.size[2]));
    }
    tp__plain_free(&px);
    tp__plain_free(&py);
    tp__plain_free(&where);
    return status;
}

static tp_status scatter_run(tp__call *call)
{
    const tp__plane_scatter *a = call->attr;
    return run_indexed(call, (int)a->size.n, &a->of, true, a->add);
}
static tp_status pick_run(tp__call *call)
{
    const tp__plane_pick *a = call->attr;
    return run_indexed(call, (int)a->dims, &a->of, false, false);
}

const tp_kernel tp__cpu_pool[] = { { "max_pool", max_pool_run, NULL }, { "adaptive_max_pool", adaptive_run, NULL },
    { "plane_scatter", scatter_run, NULL }, { "plane_pick", pick_run, NULL }, { NULL, NULL, NULL } };
