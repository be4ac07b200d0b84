/* median.c: the median and the mode of rows. A median is selected, not sorted for; threads share the rows. */
#include "core/parallel.h"
#include "cpu/order.h"
#include "cpu/scratch.h"

#include <math.h>

enum { PARALLEL_FROM = 1 << 14, WORK = 8 };            /* elements; what one is worth, in elements moved */
enum { MEDIAN, NANMEDIAN, MODE };

typedef struct picking {
    const char *x;
    char *values;
    int64_t *places, n;                                /* places: NULL where they are not asked for */
    tp_dtype dtype;
    int what;
    _Atomic bool no_memory;
} picking;

/* Keys of a NaN, which are the greatest of their dtype; 0 where there is none. */
static uint64_t nan_key(tp_dtype dtype)
{
    return dtype == TP_F64 ? UINT64_MAX : dtype == TP_F32 ? UINT32_MAX : dtype == TP_F16 || dtype == TP_BF16 ? UINT16_MAX : 0;
}

/* Which of the elements in order is wanted, where the last `nans` of n are NaN. */
static int64_t middle(int64_t n, int64_t nans) { return n > nans ? (n - nans - 1) / 2 : 0; }

static int64_t median_narrow(uint64_t *words, int64_t n, uint64_t nan, bool ignores)
{
    int64_t nans = 0;
    uint64_t most = 0;
    for (int64_t i = 0; nan && i < n; i++) nans += words[i] >> 32 == nan;
    for (int64_t i = 0; nans && !ignores; i++)
        if (words[i] >> 32 == nan) return i;
    const int64_t k = middle(n, nans);
    tp__order_select(words, n, k + 1);
    for (int64_t i = 0; i <= k; i++) most = words[i] > most ? words[i] : most;
    return (int64_t)(uint32_t)most;
}

static int64_t median_wide(const tp__wide *sorted, int64_t n, uint64_t nan, bool ignores)
{
    int64_t nans = 0;
    while (nan && nans < n && sorted[n - 1 - nans].key == nan) nans++;
    return (int64_t)sorted[nans && !ignores ? n - nans : middle(n, nans)].place;
}

/* The last of the longest run of equal keys, of the first run that is as long. A NaN equals nothing. */
#define MODE_OF(name, W, KEY, PLACE) \
    static int64_t mode_##name(const W *sorted, int64_t n, uint64_t nan) \
    { \
        int64_t most = 0, at = 0; \
        for (int64_t i = 0, run = 1; i < n; i++, run++) { \
            const uint64_t key = KEY(sorted[i]); \
            if (i + 1 < n && KEY(sorted[i + 1]) == key && (!nan || key != nan)) continue; \
            if (run > most) most = run, at = PLACE(sorted[i]); \
            run = 0; \
        } \
        return at; \
    }
#define WORD_KEY(w)   ((w) >> 32)
#define WORD_PLACE(w) ((int64_t)(uint32_t)(w))
#define WIDE_KEY(w)   ((w).key)
#define WIDE_PLACE(w) ((int64_t)(w).place)
MODE_OF(narrow, uint64_t, WORD_KEY, WORD_PLACE)
MODE_OF(wide, tp__wide, WIDE_KEY, WIDE_PLACE)

/* -1: no memory */
static int64_t pick(const picking *p, const void *x)
{
    tp__keys k;
    tp__keys_plan(&k, x, p->dtype, p->n, false);
    const int64_t n = p->n, times = k.wide || p->what == MODE ? 2 : 1;
    void *room = tp__scratch(TP__SCRATCH_ORDER, (size_t)(times * n) * (k.wide ? sizeof(tp__wide) : sizeof(uint64_t)));
    const uint64_t nan = nan_key(p->dtype);
    if (!room) return -1;
    if (k.wide) {
        tp__wide *keys = room;
        tp__keys_wide(&k, x, 0, n, keys);
        keys = tp__order_wide(keys, keys + n, n);
        return p->what == MODE ? mode_wide(keys, n, nan) : median_wide(keys, n, nan, p->what == NANMEDIAN);
    }
    uint64_t *words = room;
    tp__keys_narrow(&k, x, 0, n, words);
    return p->what == MODE ? mode_narrow(tp__order_narrow(words, words + n, n), n, nan) : median_narrow(words, n, nan, p->what == NANMEDIAN);
}

static void pick_some(void *arg, int64_t first, int64_t last)
{
    picking *p = arg;
    const int64_t item = (int64_t)tp_dtype_size(p->dtype);
    for (int64_t i = first; i < last; i++) {
        const char *x = p->x + i * p->n * item;
        const int64_t at = pick(p, x);
        if (at < 0) {
            atomic_store(&p->no_memory, true);
            return;
        }
        memcpy(p->values + i * item, x + at * item, (size_t)item);
        if (p->places) p->places[i] = at;
    }
}

/* Of no elements at all: NaN, which integers cannot be. */
static void set_nothing(tp_tensor *y)
{
    switch (y->dtype) {
    case TP_F32: *(float *)y->data = NAN; break;
    case TP_F64: *(double *)y->data = (double)NAN; break;
    case TP_F16: *(uint16_t *)y->data = 0x7e00; break;
    case TP_BF16: *(uint16_t *)y->data = 0x7fc0; break;
    case TP_I64: *(int64_t *)y->data = INT64_MIN; break;
    case TP_I32: *(int32_t *)y->data = INT32_MIN; break;
    default: memset(y->data, 0, tp_dtype_size((tp_dtype)y->dtype)); break;
    }
}

/* in[0], contiguous, is a row for each element of out[0]. */
static tp_status run(tp__call *call, int what)
{
    const tp_tensor *x = call->in[0];
    tp_tensor *y = call->out[0];
    const int64_t rows = y->numel;
    if (!rows) return TP_OK;
    if (!x->numel) return set_nothing(y), TP_OK;
    picking p = { .x = x->data, .values = y->data, .places = call->n_out > 1 ? call->out[1]->data : NULL, .n = x->numel / rows, .dtype = (tp_dtype)x->dtype,
                  .what = what };
    if (p.n > TP__ORDER_MOST)
        return tp__call_fail(call, TP_ERR_UNSUPPORTED, "a row has %lld elements, at most %d are possible",
                             (long long)p.n, TP__ORDER_MOST);
    tp__parallel_items(rows, p.n * WORK, x->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1, pick_some, &p);
    return p.no_memory ? tp__call_fail(call, TP_ERR_MEMORY, "no memory") : TP_OK;
}

static tp_status median_run(tp__call *call) { return run(call, MEDIAN); }
static tp_status nanmedian_run(tp__call *call) { return run(call, NANMEDIAN); }
static tp_status mode_run(tp__call *call) { return run(call, MODE); }

const tp_kernel tp__cpu_median[] = { { "median", median_run, NULL }, { "nanmedian", nanmedian_run, NULL }, { "mode", mode_run, NULL }, { NULL, NULL, NULL } };
