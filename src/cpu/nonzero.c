/* nonzero.c: where a tensor is not zero. It is counted first, then the places are written: only the kernel knows how many. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"

enum { STRETCH = 1 << 14, PARALLEL_FROM = 1 << 17 };

/* Bytes that are 1 where x is not 0. */
typedef struct search { const bool *set; int64_t n, *before; int64_t *y; const tp_tensor *x; } search;

static void count_some(void *arg, int64_t first, int64_t last)
{
    search *s = arg;
    for (int64_t p = first; p < last; p++) {
        const int64_t from = p * STRETCH, to = from + STRETCH < s->n ? from + STRETCH : s->n;
        int64_t n = 0;
        for (int64_t i = from; i < to; i++) n += s->set[i];
        s->before[p + 1] = n;
    }
}

static void list_flat(void *arg, int64_t first, int64_t last)
{
    const search *s = arg;
    for (int64_t p = first; p < last; p++) {
        const int64_t from = p * STRETCH, to = from + STRETCH < s->n ? from + STRETCH : s->n, end = s->before[p + 1];
        int64_t *y = s->y, at = s->before[p];
        for (int64_t i = from; i < to && at < end; i++) {
            y[at] = i;
            at += s->set[i];
        }
    }
}

/* Turns the flat positions into one for each dim, from the last row to the first: they lie in the same memory. */
static void spread(int64_t *y, int64_t n, int ndim, const int64_t *shape)
{
    for (int64_t r = n - 1; r >= 0; r--) {
        int64_t rest = y[r];
        for (int d = ndim - 1; d >= 0; rest /= shape[d--]) y[r * ndim + d] = rest % shape[d];
    }
}

static tp_status find(tp__call *call, bool flat)
{
    const tp_tensor *x = call->in[0];
    const int64_t pieces = (x->numel + STRETCH - 1) / STRETCH;
    const int threads = x->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    tp__plain set = { 0 };
    search s = { .n = x->numel, .x = x, .before = tp_mem_calloc((size_t)(pieces + 1) * sizeof *s.before) };
    tp_status status = s.before ? tp__plain_take(&set, x, TP_BOOL) : TP_ERR_MEMORY;
    if (!status) {
        s.set = set.data;
        tp__parallel_items(pieces, STRETCH, threads, count_some, &s);
        for (int64_t p = 0; p < pieces; p++) s.before[p + 1] += s.before[p];
        tp_tensor *y = tp__out(call, TP_I64, flat ? 1 : 2, (int64_t[]){ s.before[pieces], x->ndim });
        if (!y) status = tp__pending();
        else if (flat || x->ndim) {
            s.y = y->data;
            tp__parallel_items(pieces, STRETCH, threads, list_flat, &s);
            if (!flat && x->ndim > 1) spread(s.y, s.before[pieces], x->ndim, x->shape);
        }
    }
    tp__plain_free(&set);
    tp_mem_free(s.before, (size_t)(pieces + 1) * sizeof *s.before);
    return status;
}

static tp_status nonzero_run(tp__call *call) { return find(call, false); }
static tp_status flat_run(tp__call *call) { return find(call, true); }

const tp_kernel tp__cpu_nonzero[] = { { "nonzero", nonzero_run, NULL }, { "nonzero_flat", flat_run, NULL }, { NULL, NULL, NULL } };
