/* sort.c: sorting rows, and their k first ones. Rows are shared by the threads; each is ordered by one of them. */
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/order.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { PARALLEL_FROM = 1 << 14, WORK = 16 };           /* elements; what ordering one is worth, in elements moved */

typedef struct rows {
    const char *x;
    char *values;
    int64_t *places, n, k;                             /* of n the first k */
    tp_dtype dtype;
    bool descending;
    _Atomic bool no_memory;
} rows;

/* ---- All of a row ------------------------------------------------------------------------------------------------------------------ */

static bool order_row(const rows *r, const void *x, void *values, int64_t *places)
{
    tp__keys k;
    tp__keys_plan(&k, x, r->dtype, r->n, r->descending);
    const size_t n = (size_t)r->n;
    void *room = tp__scratch(TP__SCRATCH_ORDER, 2 * n * (k.wide ? sizeof(tp__wide) : sizeof(uint64_t)));
    if (!room) return false;
    if (k.wide) {
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

enum { CHUNK = 64, SLACK = 256 };

/* From element `first` on, the first chunk of which a float is beyond the k-th so far, or NaN; n where there is none. */
static TP__INLINE void next_above_body(const float *x, int64_t first, int64_t n, float edge, int64_t *next)
{
    for (; first + CHUNK <= n; first += CHUNK) {
        int found = 0;
        for (int i = 0; i < CHUNK; i++) found |= !(x[first + i] <= edge);
        if (found) break;
    }
    *next = first;
}
TP__SIMD(static, next_above, (const float *x, int64_t first, int64_t n, float edge, int64_t *next), (x, first, n, edge, next))

static TP__INLINE void next_below_body(const float *x, int64_t first, int64_t n, float edge, int64_t *next)
{
    for (; first + CHUNK <= n; first += CHUNK) {
        int found = 0;
        for (int i = 0; i < CHUNK; i++) found |= x[first + i] < edge;
        if (found) break;
    }
    *next = first;
}
TP__SIMD(static, next_below, (const float *x, int64_t first, int64_t n, float edge, int64_t *next), (x, first, n, edge, next))

/* Those that may be among the first k are gathered; when there is no more room all but the best k are dropped, and a later one
 * has to be better than the worst of these. */
static bool few_of_row(const rows *r, const void *x, void *values, int64_t *places)
{
    const int64_t room = 2 * r->k + SLACK;
    tp__keys k;
    tp__keys_plan(&k, x, r->dtype, r->n, r->descending);
    if (k.wide || room * 2 > r->n) return order_row(r, x, values, places);
    uint64_t *best = tp__scratch(TP__SCRATCH_ORDER, (size_t)(2 * room) * sizeof *best), chunk[CHUNK], worst = UINT64_MAX;
    int64_t have = 0;
    float edge = 0;
    bool by_edge = false;
    if (!best) return false;
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
        if (!(r->k == r->n ? order_row : few_of_row)(r, x, values, r->places + i * r->k)) atomic_store(&r->no_memory, true);
    }
}

static tp_status run(tp__call *call, int64_t k, bool descending)
{
    const tp_tensor *x = call->in[0];
    rows r = { .x = x->data, .values = call->out[0]->data, .places = call->out[1]->data, .n = x->ndim ? x->shape[x->ndim - 1] : 1, .k = k,
               .dtype = (tp_dtype)x->dtype, .descending = descending };
    if (r.n > TP__ORDER_MOST) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "a row has %lld elements, at most %d are possible", (long long)r.n, TP__ORDER_MOST);
    if (!call->out[0]->numel) return TP_OK;
    const int threads = x->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    tp__parallel_items(x->numel / r.n, r.n * WORK, threads, some_rows, &r);
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
