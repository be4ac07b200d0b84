/* repeat.c: the kernels of repeat and repeat_interleave.
 *
 * repeat writes x once, as the first of its places, and then each dim from the innermost out: what is there of it is copied as
 * many times as it lacks, in long runs. */
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/copy.h"

/* ---- repeat ----------------------------------------------------------------------------------------------------------------------- */

enum { PIECE = 1 << 17 };                              /* bytes copied at a time */

typedef struct level {                                 /* one dim, in bytes: at each outer place [block] becomes [whole] */
    char *y;
    int ndim;
    int64_t size[TP_MAX_DIMS], stride[TP_MAX_DIMS];    /* of the outer places */
    int64_t block, whole, pieces;
} level;

/* Copies what was copied, doubling it. */
static void spread(char *y, int64_t block, int64_t whole)
{
    for (int64_t have = block; have < whole;) {
        const int64_t n = have < whole - have ? have : whole - have;
        memcpy(y + have, y, (size_t)n);
        have += n;
    }
}

static char *place_of(const level *l, int64_t outer)
{
    char *y = l->y;
    for (int d = l->ndim - 1; d >= 0; d--) {
        y += outer % l->size[d] * l->stride[d];
        outer /= l->size[d];
    }
    return y;
}

static void spread_places(void *arg, int64_t first, int64_t last)
{
    const level *l = arg;
    for (int64_t i = first; i < last; i++) spread(place_of(l, i), l->block, l->whole);
}

static void spread_pieces(void *arg, int64_t first, int64_t last)        /* blocks are long: each is copied from the first one */
{
    const level *l = arg;
    const int64_t in_block = (l->block + PIECE - 1) / PIECE, copies = l->whole / l->block - 1;
    for (int64_t i = first; i < last; i++) {
        char *y = place_of(l, i / (in_block * copies));
        const int64_t copy = i / in_block % copies + 1, at = i % in_block * PIECE;
        memcpy(y + copy * l->block + at, y + at, (size_t)(l->block - at < PIECE ? l->block - at : PIECE));
    }
}

static tp_status repeat(tp__call *call)
{
    tp_tensor *y = call->out[0], part = *y;
    const tp_tensor *x = call->in[0];
    const int64_t *repeats = call->attr;               /* their number, and they */
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    if (!y->numel) return TP_OK;
    part.flags = 0;
    part.numel = x->numel;
    for (int d = 0; d < y->ndim; d++) part.shape[d] /= repeats[1 + d];
    tp__copy_into(&part, x);
    level l = { .y = y->data };
    for (int d = y->ndim - 1; d >= 0; d--) {
        if (repeats[1 + d] == 1) continue;
        int64_t places = 1;
        l.ndim = d;
        for (int i = 0; i < d; i++) {
            places *= l.size[i] = part.shape[i];
            l.stride[i] = y->stride[i] * item;
        }
        l.block = part.shape[d] * y->stride[d] * item;
        l.whole = l.block * repeats[1 + d];
        if (l.block < PIECE) tp__parallel_items(places, l.whole / 4 + 1, tp_get_num_threads(), spread_places, &l);
        else tp__parallel_items(places * (repeats[1 + d] - 1) * ((l.block + PIECE - 1) / PIECE), PIECE / 4, tp_get_num_threads(), spread_pieces, &l);
    }
    return TP_OK;
}

/* ---- repeat_slices: x [outer, n, inner], y [outer, starts[n], inner] -------------------------------------------------------------------- */

typedef struct job { const char *x; char *y; const int64_t *starts; int64_t n, inner; tp_dtype dtype; } job;

static void repeat_rows(void *arg, int64_t first, int64_t last)          /* of outer, n */
{
    const job *j = arg;
    for (int64_t i = first; i < last; i++) {
        const int64_t slice = i % j->n, from = j->starts[slice], times = j->starts[slice + 1] - from;
        char *y = j->y + (i / j->n * j->starts[j->n] + from) * j->inner;
        if (!times) continue;
        memcpy(y, j->x + i * j->inner, (size_t)j->inner);
        spread(y, j->inner, times * j->inner);
    }
}

#define SUM_ROWS(T) \
    static void sum_rows_##T(void *arg, int64_t first, int64_t last) \
    { \
        const job *j = arg; \
        for (int64_t i = first; i < last; i++) { \
            const int64_t slice = i % j->n, from = j->starts[slice], end = j->starts[slice + 1]; \
            const T *x = (const T *)(const void *)j->x + i / j->n * j->starts[j->n] * j->inner; \
            T *y = (T *)(void *)j->y + i * j->inner; \
            for (int64_t k = 0; k < j->inner; k++) y[k] = 0; \
            for (int64_t at = from; at < end; at++) \
                for (int64_t k = 0; k < j->inner; k++) y[k] += x[at * j->inner + k]; \
        } \
    }
SUM_ROWS(float)
SUM_ROWS(double)

/* The dtype of the rows: x's to be copied, a wide one to be summed. */
static tp_status run_slices(tp__call *call, tp_dtype dtype, bool sum)
{
    tp_tensor *y = call->out[0];
    const tp_tensor *few = sum ? y : call->in[0];
    const int64_t dim = *(const int64_t *)call->attr;
    tp__plain x, starts, to;
    if (!y->numel) return TP_OK;
    tp_status status = tp__plain_take(&x, call->in[0], dtype);
    if (status) return status;
    if (!(status = tp__plain_take(&starts, call->in[1], TP_I64)) && !(status = tp__plain_room(&to, y, dtype))) {
        job j = { x.data, to.data, starts.data, few->shape[dim], 1, dtype };
        int64_t outer = 1;
        for (int d = 0; d < dim; d++) outer *= y->shape[d];
        for (int64_t d = dim + 1; d < y->ndim; d++) j.inner *= y->shape[d];
        const int64_t moved = (y->numel + call->in[0]->numel) / (outer * j.n) + 1;
        if (!sum) j.inner *= (int64_t)tp_dtype_size(dtype);
        tp__parallel_items(outer * j.n, moved, tp_get_num_threads(), !sum ? repeat_rows : dtype == TP_F64 ? sum_rows_double : sum_rows_float, &j);
        tp__plain_return(&to, y);
        tp__plain_free(&to);
    }
    tp__plain_free(&starts);
    tp__plain_free(&x);
    return status;
}
static tp_status slices(tp__call *call) { return run_slices(call, (tp_dtype)call->in[0]->dtype, false); }
static tp_status slices_backward(tp__call *call)
{ return run_slices(call, tp__is_floating(call->in[0]->dtype) && call->in[0]->dtype != TP_F64 ? TP_F32 : TP_F64, true); }

const tp_kernel tp__cpu_repeat[] = {
    { "repeat", repeat, NULL }, { "repeat_slices", slices, NULL }, { "repeat_slices_backward", slices_backward, NULL }, { NULL, NULL, NULL },
};
