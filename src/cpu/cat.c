/* cat.c: the kernel of cat and stack: every member is copied, and cast, into its part of the output.
 *
 * Contiguous members of one dtype are rows: of the dims before `dim` one each, as wide as a member has elements from there on.
 * They are written in blocks of whole output rows, or where those are long in pieces of a row, so that each cache line of the
 * output is touched once. */
#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/stream.h"

enum { BLOCK = 1 << 17 };                              /* bytes of output that are written at a time */

typedef struct job {
    tp__call *call;
    int64_t outer, row;                                /* output rows, and bytes of one */
    int64_t rows_at_once;
    int64_t item;
    bool streams;                                      /* the output goes past the caches, row by row of it */
} job;

#define ROWS(width) for (int64_t r = 0; r < rows; r++) memcpy(y + r * row, x + r * (width), width); break;
static void copy_rows(char *y, int64_t row, const char *x, int64_t width, int64_t rows)
{
    switch (width) {                                   /* the narrow ones without a call each */
    case 1: ROWS(1)
    case 2: ROWS(2)
    case 4: ROWS(4)
    case 8: ROWS(8)
    case 16: ROWS(16)
    default: ROWS((size_t)width)
    }
}

static void join_rows(void *arg, int64_t first, int64_t last)            /* blocks of rows_at_once */
{
    const job *j = arg;
    char *y = j->call->out[0]->data;
    for (int64_t block = first; block < last; block++) {
        const int64_t from = block * j->rows_at_once, to = from + j->rows_at_once < j->outer ? from + j->rows_at_once : j->outer;
        int64_t at = 0;
        for (int i = 0; i < j->call->n_in; i++) {
            const tp_tensor *x = j->call->in[i];
            const int64_t width = x->numel / j->outer * j->item;
            if (j->streams) tp__stream(y + from * j->row + at, (const char *)x->data + from * width, width);
            else copy_rows(y + from * j->row + at, j->row, (const char *)x->data + from * width, width, to - from);
            at += width;
        }
    }
    if (j->streams) tp__stream_end();
}

static void join_pieces(void *arg, int64_t first, int64_t last)          /* of BLOCK bytes of the output, rows being long */
{
    const job *j = arg;
    char *y = j->call->out[0]->data;
    const int64_t end = j->outer * j->row, stop = last * BLOCK < end ? last * BLOCK : end;
    for (int64_t at = first * BLOCK; at < stop;) {
        const int64_t row = at / j->row, in_row = at % j->row;
        int64_t begin = 0, width = 0;
        int i = 0;
        for (;; begin += width, i++) {
            width = j->call->in[i]->numel / j->outer * j->item;
            if (in_row < begin + width) break;
        }
        const int64_t left = begin + width - in_row, n = left < stop - at ? left : stop - at;
        const char *x = (const char *)j->call->in[i]->data + row * width + in_row - begin;
        if (j->streams) tp__stream(y + at, x, n);
        else memcpy(y + at, x, (size_t)n);
        at += n;
    }
    if (j->streams) tp__stream_end();
}

/* Pieces of a page or so: of shorter ones the lines at both ends would go out in parts. Several threads have what memory takes in from one and a bit, and
 * so keep in the caches what they can. */
static bool may_stream(const job *j)
{
    enum { LEAST = 2048, LARGER = 4 };
    const tp__call *call = j->call;
    bool long_rows = true;
    for (int i = 0; i < call->n_in; i++) long_rows &= call->in[i]->numel / j->outer * j->item >= LEAST;
    return long_rows && tp__streams(call->out[0]->numel * j->item / (tp_get_num_threads() > 1 ? LARGER : 1));
}

static bool are_rows(const tp__call *call)
{
    bool good = call->out[0]->flags & TP__CONTIGUOUS;
    for (int i = 0; i < call->n_in && good; i++) {
        const tp_tensor *x = call->in[i];
        good = !x->numel || (x->flags & TP__CONTIGUOUS && x->dtype == call->out[0]->dtype);
    }
    return good;
}

static void join_plain(tp__call *call, int64_t dim)
{
    const tp_tensor *y = call->out[0];
    job j = { .call = call, .outer = 1, .item = (int64_t)tp_dtype_size((tp_dtype)y->dtype) };
    for (int64_t d = 0; d < dim; d++) j.outer *= y->shape[d];
    j.row = y->numel / j.outer * j.item;
    j.streams = may_stream(&j);
    j.rows_at_once = j.row < BLOCK && !j.streams ? BLOCK / j.row : 1;
    const bool in_rows = j.row < 2 * BLOCK;
    const int64_t blocks = in_rows ? (j.outer + j.rows_at_once - 1) / j.rows_at_once : (j.outer * j.row + BLOCK - 1) / BLOCK;
    const int64_t moved = (in_rows ? j.rows_at_once * j.row : BLOCK) / 4;
    tp__parallel_items(blocks, moved, tp_get_num_threads(), in_rows ? join_rows : join_pieces, &j);
}

static tp_status cat(tp__call *call)
{
    tp_tensor *y = call->out[0];
    const int64_t dim = *(const int64_t *)call->attr;
    if (!y->numel) return TP_OK;
    if (are_rows(call)) {
        join_plain(call, dim);
        return TP_OK;
    }
    int64_t at = 0;
    for (int i = 0; i < call->n_in; i++) {
        tp_tensor *const x = call->in[i];
        if (!x->numel) continue;
        const bool stacked = x->ndim < y->ndim;
        tp_tensor part = *y;
        part.numel = x->numel;
        part.flags = 0;
        part.data = (char *)y->data + at * y->stride[dim] * (int64_t)tp_dtype_size((tp_dtype)y->dtype);
        part.ndim = x->ndim;
        for (int d = 0; d < x->ndim; d++) {
            part.shape[d] = x->shape[d];
            part.stride[d] = y->stride[d + (stacked && d >= dim)];
        }
        tp__copy_into(&part, x);
        at += stacked ? 1 : x->shape[dim];
    }
    return TP_OK;
}

const tp_kernel tp__cpu_cat[] = { { "cat", cat, NULL }, { NULL, NULL, NULL } };
