/* scatter.c: gathering and scattering along a dim. With i the place in the index, and i' the same with its place along the dim
 * replaced by what the index says:
 *
 *   gather   y[i] = x[i']                     scatter  y[i'] = y[i'] op x[i],  in the order of places along the dim
 *
 * Lines are walked along the last dim of the index, or along the dim itself where the last one is short. What is written to one
 * element comes from one line along the dim, so threads share those; a single long one they share by the places written. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/offsets.h"

enum { PARALLEL_FROM = 1 << 15, SHORT = 16 };          /* elements */

/* The index's dims; steps of the index, of the tensor that is indexed, and of the other one that lies like the index. */
typedef struct walk {
    tp__range range;
    const char *index;
    char *indexed, *other;
    int64_t index_item, item, dim;
    struct { int64_t size, index, indexed, other; } loop[TP_MAX_DIMS], along, line;
    int n_loops;
    int64_t lines;                                     /* places of the loops */
    bool is_line;                                      /* lines go along the dim */
    const tp__combine *combine;                        /* NULL: gather */
    bool look;                                         /* only check the indices */
    int64_t cuts;                                      /* of a line; or, if is_line, of what is indexed */
} walk;

static int64_t size_at(const tp_tensor *x, int d) { return x->ndim ? x->shape[d] : 1; }
static int64_t step_at(const tp_tensor *x, int d) { return x->ndim ? x->stride[d] : 0; }

static void init(walk *w, const tp_tensor *index, const tp_tensor *indexed, const tp_tensor *other, int64_t dim)
{
    const int last = index->ndim ? index->ndim - 1 : 0, along = (int)dim;
    *w = (walk){ .index = index->data, .indexed = indexed->data, .other = other->data, .dim = dim, .lines = 1, .cuts = 1,
                 .index_item = (int64_t)tp_dtype_size((tp_dtype)index->dtype), .item = (int64_t)tp_dtype_size((tp_dtype)indexed->dtype) };
    w->is_line = along == last || (size_at(index, last) < SHORT && size_at(index, along) > size_at(index, last));
    for (int d = 0; d <= last; d++) {
        w->loop[w->n_loops].size = size_at(index, d);
        w->loop[w->n_loops].index = step_at(index, d);
        w->loop[w->n_loops].indexed = step_at(indexed, d);
        w->loop[w->n_loops].other = step_at(other, d);
        if (d == along) w->along = w->loop[w->n_loops];
        else if (d == last && !w->is_line) w->line = w->loop[w->n_loops];
        else w->lines *= w->loop[w->n_loops++].size;
    }
    if (w->is_line) {
        w->line = w->along;
        w->line.indexed = 0;                           /* the index says where */
        w->along.size = 1;
    }
    tp__range_init(&w->range, (tp_dtype)index->dtype, size_at(indexed, along), step_at(indexed, along), false);
    w->range.steady = true;
}

static bool walk_line(walk *w, const char *index, char *indexed, char *other, int64_t first, int64_t last, int64_t cut, int64_t position)
{
    int64_t room[TP__BLOCK];
    int32_t pick[TP__BLOCK];
    const bool shared = w->is_line && w->cuts > 1;
    const int64_t reach = w->range.size / w->cuts * w->range.scale, lo = reach * cut, hi = cut == w->cuts - 1 ? INT64_MAX : lo + reach;
    for (int64_t i = first; i < last; i += TP__BLOCK) {
        int64_t n = last - i < TP__BLOCK ? last - i : TP__BLOCK;
        const int64_t *at = tp__places(&w->range, room, index + i * w->line.index * w->index_item, w->line.index, n, w->line.indexed, position + i);
        if (!at) return false;
        if (w->look) continue;
        char *const x = indexed + i * w->line.indexed * w->item, *const y = other + i * w->line.other * w->item;
        if (!w->combine) {
            tp__pick_line(y, w->line.other, x, at, n, w->item);
            continue;
        }
        if (shared) n = tp__places_within(at, n, lo, hi, room, pick), at = room;
        w->combine->line(x, at, y, shared ? pick : NULL, w->line.other, n);
    }
    return true;
}

static void walk_some(void *arg, int64_t first, int64_t last)
{
    walk *w = arg;
    for (int64_t item = first; item < last; item++) {
        const int64_t cut = item % w->cuts, share = (w->line.size + w->cuts - 1) / w->cuts;
        const int64_t from = w->is_line ? 0 : cut * share, to = w->is_line || from + share > w->line.size ? w->line.size : from + share;
        const char *index = w->index;
        char *indexed = w->indexed, *other = w->other;
        int64_t rest = item / w->cuts;
        for (int d = w->n_loops - 1; d >= 0; rest /= w->loop[d--].size) {
            const int64_t i = rest % w->loop[d].size;
            index += i * w->loop[d].index * w->index_item;
            indexed += i * w->loop[d].indexed * w->item;
            other += i * w->loop[d].other * w->item;
        }
        for (int64_t j = 0; j < w->along.size; j++) {
            const int64_t position = (item / w->cuts * w->along.size + j) * w->line.size;
            if (!walk_line(w, index + j * w->along.index * w->index_item, indexed, other + j * w->along.other * w->item, from, to, cut, position)) return;
        }
    }
}

static tp_status run(walk *w, const tp__call *call, int64_t numel)
{
    const int threads = numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    w->cuts = 1;
    if (numel && threads > 1 && w->lines < threads) {
        if (!w->is_line) w->cuts = w->line.size / SHORT < threads ? (w->line.size + SHORT - 1) / SHORT : threads;
        else if (w->combine && !w->look && w->range.scale > 0 && w->range.size >= threads) w->cuts = threads;
    }
    if (numel) tp__parallel_items(w->lines * w->cuts, numel / (w->lines * w->cuts) + 1, threads, walk_some, w);
    return tp__range_status(&w->range, call, w->dim);
}

/* in: x, index */
static tp_status gather_run(tp__call *call)
{
    walk w;
    init(&w, call->in[1], call->in[0], call->out[0], *(const int64_t *)call->attr);
    return run(&w, call, call->out[0]->numel);
}

/* in: what is written, index, what is put there. All indices are checked before anything is written that the user has. */
static tp_status scatter(tp__call *call, int op)
{
    const tp__scatter_put *attr = call->attr;
    const tp_dtype dtype = (tp_dtype)call->in[0]->dtype;
    walk w;
    init(&w, call->in[1], call->in[0], call->in[2], attr->dim);
    w.range.steady = call->in[1]->storage != call->in[0]->storage;
    w.combine = tp__combine_of(op, dtype);
    if (!w.combine) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "there is no kernel for %s", tp_dtype_name(dtype));
    w.look = !attr->fresh;
    const tp_status status = w.look ? run(&w, call, call->in[1]->numel) : TP_OK;
    w.look = false;
    return status ? status : run(&w, call, call->in[1]->numel);
}

static tp_status set_run(tp__call *call) { return scatter(call, TP__SET); }
static tp_status add_run(tp__call *call) { return scatter(call, TP__ADD); }
static tp_status mul_run(tp__call *call) { return scatter(call, TP__MUL); }
static tp_status max_run(tp__call *call) { return scatter(call, TP__MAX); }
static tp_status min_run(tp__call *call) { return scatter(call, TP__MIN); }

/* ---- Means --------------------------------------------------------------------------------------------------------------------------- */

#define KEEP(v) (v)
#define DIVIDE(dtype, T, LOAD, STORE, QUOTIENT) \
    case dtype: \
        for (int64_t i = 0; i < y->numel; i++) { \
            const int64_t n = count[i] > 1 ? count[i] : 1; \
            T *const at = (T *)y->data + i; \
            *at = STORE(QUOTIENT(LOAD(*at), n)); \
        } \
        break
#define REAL(v, n)  ((v) / (n))
#define FLOOR(v, n) ((v) / (n) - ((v) % (n) < 0))

/* in[0] divided by in[2], how many values were summed, int64 and laid out alike; where there is none, by 1. */
static tp_status mean_run(tp__call *call)
{
    tp_tensor *y = call->in[0];
    const int64_t *count = call->in[2]->data;
    switch (y->dtype) {
    DIVIDE(TP_F32, float, KEEP, KEEP, REAL);
    DIVIDE(TP_F64, double, KEEP, KEEP, REAL);
    DIVIDE(TP_F16, uint16_t, tp__f16_to_f32, tp__f32_to_f16, REAL);
    DIVIDE(TP_BF16, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16, REAL);
    DIVIDE(TP_I64, int64_t, KEEP, KEEP, FLOOR);
    DIVIDE(TP_I32, int32_t, KEEP, (int32_t), FLOOR);
    DIVIDE(TP_I16, int16_t, KEEP, (int16_t), FLOOR);
    DIVIDE(TP_I8, int8_t, KEEP, (int8_t), FLOOR);
    DIVIDE(TP_U8, uint8_t, KEEP, (uint8_t), FLOOR);
    case TP_BOOL: break;
    default: return tp__call_fail(call, TP_ERR_UNSUPPORTED, "there is no mean of %s", tp_dtype_name((tp_dtype)y->dtype));
    }
    return TP_OK;
}

const tp_kernel tp__cpu_scatter[] = {
    { "gather", gather_run, NULL }, { "scatter_set", set_run, NULL }, { "scatter_add", add_run, NULL }, { "scatter_mul", mul_run, NULL },
    { "scatter_max", max_run, NULL }, { "scatter_min", min_run, NULL }, { "scatter_mean", mean_run, NULL },
    { NULL, NULL, NULL },
};
