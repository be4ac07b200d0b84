/* sort.c: sorting rows, and their k first ones. Threads share the rows, and each is ordered by one of them; of a few long rows they
 * share each. */
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/order.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

#include <math.h>

enum { PARALLEL_FROM = 1 << 14, SHARED_FROM = 1 << 15, WORK = 16 };      /* elements; of a row; what ordering one is worth, in elements moved */

typedef struct rows {
    const char *x;
    char *values;
    int64_t *places, n, k;                             /* of n the first k */
    tp_dtype dtype;
    bool descending;
    int threads;                                       /* of one row */
    _Atomic bool no_memory;
} rows;

/* ---- All of a row ------------------------------------------------------------------------------------------------------------------ */

static bool order_row(const rows *r, const void *x, void *values, int64_t *places, int threads)
{
    tp__keys k;
    tp__keys_plan(&k, x, r->dtype, r->n, r->descending);
    const size_t n = (size_t)r->n;
    void *room = tp__scratch(TP__SCRATCH_ORDER, 2 * n * (k.wide ? sizeof(tp__wide) : sizeof(uint64_t)));
    if (!room) return false;
    if (threads > 1) {
        tp__order_shared(&k, x, r->n, room, (char *)room + n * (k.wide ? sizeof(tp__wide) : sizeof(uint64_t)), values, places, threads);
    } else if (k.wide) {
        tp__wide *keys = room;
        tp__keys_wide(&k, x, 0, r->n, keys);
        tp__order_write_wide(&k, tp__order_wide(keys, keys + n, r->n), r->k, x, values, places);
    } else {
        uint64_t *keys = room;
        tp__keys_narrow(&k, x, 0, r->n, keys);
        tp__order_write_narrow(&k, tp__order_narrow(keys, keys + n, r->n), r->k, x, values, places);
    }
    return true;
}

/* ---- A few of a row ------------------------------------------------------------------------------------------------------------------ */

enum { CHUNK = 64, SLACK = 256, LANES = 32, LEAST_EACH = 4, MOST_PARTS = 2048 };

/* From element `first` on, the first chunk of which a float is beyond the k-th so far, or NaN; n where there is none. */
#define NEXT(name, BEYOND) \
    static TP__INLINE void next_##name##_body(const float *x, int64_t first, int64_t n, float edge, int64_t *next) \
    { \
        int found = 0; \
        for (; first + CHUNK <= n; first += CHUNK) { \
            for (int i = 0; i < CHUNK; i++) found |= BEYOND(x[first + i]); \
            if (found) break; \
        } \
        *next = first; \
    } \
    TP__SIMD(static, next_##name, (const float *x, int64_t first, int64_t n, float edge, int64_t *next), (x, first, n, edge, next))
#define ABOVE(v) !((v) <= edge)
#define BELOW(v) ((v) < edge)
NEXT(above, ABOVE)
NEXT(below, BELOW)

/* The greatest (or least) of every LANES-th element, of blocks of LANES * each; a NaN is the greatest. */
#define PEAKS(name, MORE) \
    static TP__INLINE void peaks_##name##_body(const float *x, int64_t blocks, int64_t each, float *peak) \
    { \
        for (int64_t b = 0; b < blocks; b++, peak += LANES, x += LANES * each) { \
            float m[LANES]; \
            for (int l = 0; l < LANES; l++) m[l] = x[l]; \
            for (int64_t i = 1; i < each; i++) \
                for (int l = 0; l < LANES; l++) { \
                    const float v = x[i * LANES + l]; \
                    m[l] = MORE(v, m[l]) ? v : m[l]; \
                } \
            for (int l = 0; l < LANES; l++) peak[l] = m[l]; \
        } \
    } \
    TP__SIMD(static, peaks_##name, (const float *x, int64_t blocks, int64_t each, float *peak), (x, blocks, each, peak))
#define GREATER(v, m) (((v) > (m)) | ((v) != (v)))
#define LESS(v, m)    (((v) < (m)) | ((m) != (m)))
PEAKS(greatest, GREATER)
PEAKS(least, LESS)

/* The k-th of the peaks of several times k parts of the row: at least k elements are as far, and rarely many more. False: it has to do
 * without, since the parts would be small, or it is no finite number. `room` is what the row has. */
static bool first_edge(const rows *r, tp__keys *k, const float *x, uint64_t *room, float *edge)
{
    const int64_t blocks = (4 * r->k + LANES - 1) / LANES, parts = blocks * LANES, each = r->n / parts;
    if (each < LEAST_EACH || parts > MOST_PARTS) return false;
    float peak[MOST_PARTS];
    (r->descending ? peaks_greatest : peaks_least)(x, blocks, each, peak);
    tp__keys of_peaks = *k;
    tp__keys_narrow(&of_peaks, peak, 0, parts, room);
    tp__order_select(room, parts, r->k);
    uint64_t worst = room[0];
    for (int64_t j = 1; j < r->k; j++) worst = room[j] > worst ? room[j] : worst;
    *edge = peak[(uint32_t)worst];
    return isfinite(*edge);
}

/* Those that may be among the first k are gathered; when there is no more room all but the best k are dropped, and a later one
 * has to be better than the worst of these. */
static bool few_of_row(const rows *r, const void *x, void *values, int64_t *places)
{
    const int64_t room = 2 * r->k + SLACK, parts = 4 * r->k + LANES;
    tp__keys k;
    tp__keys_plan(&k, x, r->dtype, r->n, r->descending);
    if (k.wide || room * 2 > r->n) return order_row(r, x, values, places, 1);
    uint64_t *best = tp__scratch(TP__SCRATCH_ORDER, (size_t)(2 * room > parts ? 2 * room : parts) * sizeof *best), chunk[CHUNK], worst = UINT64_MAX;
    int64_t have = 0;
    float edge = 0;
    if (!best) return false;
    bool by_edge = r->dtype == TP_F32 && first_edge(r, &k, x, best, &edge);
    if (by_edge) {                                     /* those at the edge are wanted, too */
        tp__keys one = k;
        tp__keys_narrow(&one, &edge, 0, 1, &worst);
        worst |= UINT32_MAX;
        edge = nextafterf(edge, r->descending ? -INFINITY : INFINITY);
    }
    for (int64_t i = 0; i < r->n; i += CHUNK) {
        if (by_edge) (r->descending ? next_above : next_below)(x, i, r->n, edge, &i);
        const int64_t n = r->n - i < CHUNK ? r->n - i : CHUNK;
        tp__keys_narrow(&k, x, i, n, chunk);
        for (int64_t j = 0; j < n; j++) {
            best[have] = chunk[j];
            have += chunk[j] < worst;
        }
        if (have + CHUNK <= room) continue;
        tp__order_select(best, have, r->k);
        have = r->k;
        worst = best[0];
        for (int64_t j = 1; j < have; j++) worst = best[j] > worst ? best[j] : worst;
        if (r->dtype == TP_F32) edge = ((const float *)x)[(uint32_t)worst];
        by_edge = r->dtype == TP_F32 && edge == edge;
    }
    if (have > r->k) tp__order_select(best, have, r->k);
    tp__order_write_narrow(&k, tp__order_words(best, best + room, r->k), r->k, x, values, places);
    return true;
}

static void some_rows(void *arg, int64_t first, int64_t last)
{
    rows *r = arg;
    const int64_t item = (int64_t)tp_dtype_size(r->dtype);
    for (int64_t i = first; i < last; i++) {
        const void *x = r->x + i * r->n * item;
        void *values = r->values ? r->values + i * r->k * item : NULL;
        int64_t *places = r->places + i * r->k;
        const bool done = r->k == r->n ? order_row(r, x, values, places, r->threads) : few_of_row(r, x, values, places);
        if (!done) atomic_store(&r->no_memory, true);
    }
}

static tp_status run(tp__call *call, int64_t k, bool descending)
{
    const tp_tensor *x = call->in[0];
    rows r = { .x = x->data, .values = call->out[0]->data, .places = call->out[1]->data, .n = x->ndim ? x->shape[x->ndim - 1] : 1, .k = k,
               .dtype = (tp_dtype)x->dtype, .descending = descending };
    if (r.n > TP__ORDER_MOST)
        return tp__call_fail(call, TP_ERR_UNSUPPORTED, "a row has %lld elements, at most %d are possible",
                             (long long)r.n, TP__ORDER_MOST);
    if (!call->out[0]->numel) return TP_OK;
    const int threads = x->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    const int64_t n_rows = x->numel / r.n;
    const bool shared = threads > 1 && n_rows < threads && k == r.n && r.n >= SHARED_FROM;
    r.threads = shared ? threads : 1;
    if (shared) some_rows(&r, 0, n_rows);
    else tp__parallel_items(n_rows, r.n * WORK, threads, some_rows, &r);
    return r.no_memory ? tp_fail(TP_ERR_MEMORY, "%s: no memory", tp__state(call->op)->base_name) : TP_OK;
}

static tp_status sort_run(tp__call *call)
{
    const tp__sort *attr = call->attr;
    const tp_tensor *x = call->in[0];
    return run(call, x->ndim ? x->shape[x->ndim - 1] : 1, attr->descending);
}

static tp_status topk_run(tp__call *call)
{
    const tp__topk *attr = call->attr;
    return run(call, attr->k, attr->largest);
}

const tp_kernel tp__cpu_sort[] = { { "sort", sort_run, NULL }, { "topk", topk_run, NULL }, { NULL, NULL, NULL } };
