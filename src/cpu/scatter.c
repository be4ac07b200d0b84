/* scatter.c: gathering and scattering along a dim. With i the place in the index, and i' the same with its place along the dim
 * replaced by what the index says:
 *
 *   gather   y[i] = x[i']                     scatter  y[i'] = y[i'] op x[i],  in the order of places along the dim
 *
 * Lines are walked along the last dim of the index, or along the dim itself where the last one is short. What is written to one
 * element comes from one line along the dim, so threads share those. Of a single long one they first sort a chunk by ranges of the places
 * written, each a part of it, and then take a range each, part after part: every element is written in order, by one thread. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/offsets.h"
#include "cpu/scratch.h"
#include "cpu/stream.h"

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
    bool streams;                                      /* what is gathered is written past the caches */
    int64_t cuts;                                      /* of a line */
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

static bool is_far(const walk *w) { return tp__is_far(w->range.size * w->range.scale * w->item); }

static bool walk_line(walk *w, const char *index, char *indexed, char *other, int64_t first, int64_t last, int64_t position)
{
    enum { WIDEST = 16 };                              /* bytes of an element */
    const bool far = is_far(w), stand = !w->look && tp__places_stand(&w->range, w->line.index, w->line.indexed);
    int64_t room[TP__BLOCK];
    _Alignas(TP__LINE) char near[TP__BLOCK * WIDEST];
    for (int64_t i = first, n; i < last; i += n) {
        const char *from = index + i * w->line.index * w->index_item;
        n = stand && !w->streams ? last - i : last - i < TP__BLOCK ? last - i : TP__BLOCK;
        const int64_t *at = stand ? (const int64_t *)(const void *)from : tp__places(&w->range, room, from, w->line.index, n, w->line.indexed, position + i);
        if (!at) return false;
        if (w->look) continue;
        char *const x = indexed + i * w->line.indexed * w->item, *const y = other + i * w->line.other * w->item;
        const int64_t known = !far ? 0 : at == room ? n : last - i;
        const uint64_t below = stand ? (uint64_t)w->range.size : (uint64_t)TP__CHECKED;
        const int64_t good = w->combine ? w->combine->line(x, at, y, NULL, w->line.other, n, known, below)
                             : tp__pick_line(w->streams ? near : y, w->streams ? 1 : w->line.other, x, at, n, w->item, known, below);
        if (good < n) return tp__places(&w->range, room, at + good, 1, 1, 0, position + i + good);         /* who notes it */
        if (w->streams) tp__stream(y, near, n * w->item);
    }
    return true;
}

/* Where line number `line` of the loops begins, in the three. */
typedef struct spot { const char *index; char *indexed, *other; } spot;

static spot spot_of(const walk *w, int64_t line)
{
    spot s = { w->index, w->indexed, w->other };
    for (int d = w->n_loops - 1; d >= 0; line /= w->loop[d--].size) {
        const int64_t i = line % w->loop[d].size;
        s.index += i * w->loop[d].index * w->index_item;
        s.indexed += i * w->loop[d].indexed * w->item;
        s.other += i * w->loop[d].other * w->item;
    }
    return s;
}

static void walk_some(void *arg, int64_t first, int64_t last)
{
    walk *w = arg;
    bool good = true;
    for (int64_t item = first; good && item < last; item++) {
        const int64_t cut = item % w->cuts, share = (w->line.size + w->cuts - 1) / w->cuts;
        const int64_t from = cut * share, to = from + share > w->line.size ? w->line.size : from + share;
        const spot s = spot_of(w, item / w->cuts);
        for (int64_t j = 0; good && j < w->along.size; j++) {
            const int64_t position = (item / w->cuts * w->along.size + j) * w->line.size;
            good = walk_line(w, s.index + j * w->along.index * w->index_item, s.indexed, s.other + j * w->along.other * w->item, from, to, position);
        }
    }
    if (w->streams) tp__stream_end();                  /* not line by line: what is under way is waited for */
}

/* ---- One long line, which several threads write to ---------------------------------------------------------------------------------- */

enum { MOST_RANGES = 8, PARTS = 8, CHUNK = 1 << 18 };  /* CHUNK: elements of all lists together */

/* A chunk of a line, whose part p has of the places in range r count[p][r]: how far into it they are and which of the chunk, in list
 * p * ranges + r; or, if `values`, what is put there, elements of 32 bits side by side. */
typedef struct parted {
    walk *w;
    spot spot;
    int64_t first, n, part, position, ranges, reach;   /* of the chunk; elements of a part; of what is written, a range */
    int64_t count[PARTS][MOST_RANGES];
    uint32_t *at;
    int32_t *pick;
    bool values;
} parted;

static bool halve_part(parted *c, int64_t p, int64_t i, int64_t n)
{
    const walk *w = c->w;
    if (n <= 0 || c->ranges != 2 || !c->values || !tp__places_stand(&w->range, w->line.index, 0)) return false;
    const int64_t *const at = (const int64_t *)(const void *)c->spot.index + c->first + i;
    uint32_t *const to = c->at + 2 * p * c->part;
    int32_t *const pick = c->pick + 2 * p * c->part;
    return tp__places_halve(at, n, c->reach, w->range.size, (const int32_t *)(const void *)c->spot.other + c->first + i,
                            (uint32_t *const[]){ to, to + c->part }, (int32_t *const[]){ pick, pick + c->part }, c->count[p]);
}

static void sort_part(void *arg, int64_t p)
{
    parted *c = arg;
    walk *w = c->w;
    int64_t room[TP__BLOCK], *count = c->count[p], i = p * c->part;
    const int64_t last = i + c->part < c->n ? i + c->part : c->n;
    if (halve_part(c, p, i, last - i)) return;
    memset(count, 0, sizeof c->count[p]);
    for (; i < last; i += TP__BLOCK) {
        const int64_t n = last - i < TP__BLOCK ? last - i : TP__BLOCK, k = c->first + i;
        const int64_t *at = tp__places(&w->range, room, c->spot.index + k * w->line.index * w->index_item, w->line.index, n, 0, c->position + k);
        const int32_t *with = c->values ? (const int32_t *)(const void *)c->spot.other + k : NULL;
        if (!at) return;
        for (int64_t r = 0; r < c->ranges; r++) {
            const int64_t list = (p * c->ranges + r) * c->part + count[r], lo = c->reach * r;
            const int64_t hi = r == c->ranges - 1 ? w->range.size * w->range.scale : lo + c->reach;
            count[r] += tp__places_within(at, n, lo, hi, (int32_t)i, with, c->at + list, c->pick + list);
        }
    }
}

static void write_range(void *arg, int64_t r)
{
    const parted *c = arg;
    const walk *w = c->w;
    const char *from = c->spot.other + c->first * w->line.other * w->item;
    char *const to = c->spot.indexed + c->reach * r * w->item;
    int64_t at[TP__BLOCK];
    for (int64_t p = 0; p < PARTS; p++) {
        const int64_t list = (p * c->ranges + r) * c->part;
        for (int64_t i = 0, n; i < c->count[p][r]; i += n) {
            n = c->count[p][r] - i < TP__BLOCK ? c->count[p][r] - i : TP__BLOCK;
            const int64_t known = is_far(w) ? n : 0;
            tp__places_widen(at, c->at + list + i, n);
            if (c->values) w->combine->line(to, at, c->pick + list + i, NULL, 1, n, known, TP__CHECKED);
            else w->combine->line(to, at, from, c->pick + list + i, w->line.other, n, known, TP__CHECKED);
        }
    }
}

static tp_status walk_parted(walk *w, int threads)
{
    parted c = { .w = w, .ranges = threads < MOST_RANGES ? threads : MOST_RANGES, .values = w->item == sizeof *c.pick && w->line.other == 1 };
    tp__workspace memory;
    const tp_status status = tp__workspace_take(&memory, (size_t)CHUNK * (sizeof *c.at + sizeof *c.pick));
    if (status) return status;
    c.part = CHUNK / (PARTS * c.ranges);
    c.reach = w->range.size / c.ranges * w->range.scale;
    const int64_t chunk = PARTS * c.part;
    c.at = memory.data;
    c.pick = (int32_t *)c.at + CHUNK;
    for (int64_t line = 0; line < w->lines && tp__range_is_good(&w->range); line++) {
        c.spot = spot_of(w, line);
        c.position = line * w->line.size;
        for (c.first = 0; c.first < w->line.size && tp__range_is_good(&w->range); c.first += chunk) {
            c.n = w->line.size - c.first < chunk ? w->line.size - c.first : chunk;
            tp__parallel(PARTS, threads, sort_part, &c);
            if (tp__range_is_good(&w->range)) tp__parallel(c.ranges, threads, write_range, &c);
        }
    }
    tp__workspace_give(&memory);
    return TP_OK;
}

static tp_status run(walk *w, const tp__call *call, int64_t numel)
{
    const int threads = numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    const bool few = numel && threads > 1 && w->lines < threads;
    w->cuts = few && !w->is_line ? w->line.size / SHORT < threads ? (w->line.size + SHORT - 1) / SHORT : threads : 1;
    const bool parts = few && w->is_line && w->combine && !w->look && w->range.scale > 0 && w->range.size >= threads
                       && w->range.size * w->range.scale / 2 < UINT32_MAX;
    tp_status status = TP_OK;
    if (parts) status = walk_parted(w, threads);
    else if (numel) tp__parallel_items(w->lines * w->cuts, numel / (w->lines * w->cuts) + 1, threads, walk_some, w);
    return status ? status : tp__range_status(&w->range, call, w->dim);
}

/* in: x, index */
static tp_status gather_run(tp__call *call)
{
    walk w;
    init(&w, call->in[1], call->in[0], call->out[0], *(const int64_t *)call->attr);
    w.streams = w.line.other == 1 && w.line.size >= SHORT && tp__streams(call->out[0]->numel * w.item);
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
