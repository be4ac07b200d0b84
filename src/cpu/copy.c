/* copy.c: copies between any layouts and dtypes, and filling. The dims are walked in the order of the destination; a plain
 * transpose goes by tiles. Large results go past the caches. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/copy.h"
#include "cpu/stream.h"
#include "cpu/transpose.h"

enum { TILE = TP__TRANSPOSE_SIDE, TALL = 4 * TILE, STRETCH = 4096, PARALLEL_FROM = 1 << 17 };

typedef struct layout { int ndim; int64_t size[TP_MAX_DIMS], to[TP_MAX_DIMS], from[TP_MAX_DIMS]; } layout;

static void lay_out(layout *l, const tp_tensor *y, const tp_tensor *x)
{
    int order[TP_MAX_DIMS];
    const int n = tp__dims_by_stride(y, order);
    l->ndim = 0;
    for (int i = 0; i < n; i++) {
        const int d = order[i], dx = d - (y->ndim - x->ndim);
        const int64_t to = y->stride[d], from = dx >= 0 && x->shape[dx] != 1 ? x->stride[dx] : 0, size = y->shape[d];
        const bool joins = l->ndim && l->to[l->ndim - 1] == to * size && l->from[l->ndim - 1] == from * size;
        if (!joins) l->size[l->ndim++] = 1;
        l->size[l->ndim - 1] *= size;
        l->to[l->ndim - 1] = to;
        l->from[l->ndim - 1] = from;
    }
    while (l->ndim < 2) {                              /* at least one row of something */
        for (int i = l->ndim; i > 0; i--) l->size[i] = l->size[i - 1], l->to[i] = l->to[i - 1], l->from[i] = l->from[i - 1];
        l->size[0] = 1;
        l->to[0] = l->from[0] = l->ndim ? 0 : 1;
        l->ndim++;
    }
}

/* One row, cast; of one that goes past the caches a block at a time. */
static void copy_row(char *y, tp_dtype to, int64_t to_step, const char *x, tp_dtype from, int64_t step, int64_t n, bool streams)
{
    enum { BLOCK = 512 };
    const int64_t item = (int64_t)tp_dtype_size(to), x_item = (int64_t)tp_dtype_size(from);
    if (!streams) {
        tp__cast_row(y, to, to_step, x, from, step, n);
    } else if (to == from && step == 1) {
        tp__stream(y, x, n * item);
    } else {
        _Alignas(64) char block[BLOCK * sizeof(tp_c128)];
        const int64_t head = tp__to_line(y) / item;
        if (!step) tp__cast_row(block, to, 1, x, from, 0, n < BLOCK ? n : BLOCK);
        for (int64_t i = 0, m; i < n; i += m) {
            m = i || !head ? BLOCK : head;
            if (m > n - i) m = n - i;
            if (step) tp__cast_row(block, to, 1, x + i * step * x_item, from, step, m);
            tp__stream(y + i * item, block, m * item);
        }
    }
}

/* Is what is written large, of so many bytes with what is written beside it, in rows that are worth it? */
static bool may_stream(const layout *l, const tp_tensor *y, int64_t bytes)
{
    enum { LEAST_ROW = 256 };
    return l->to[l->ndim - 1] == 1 && l->size[l->ndim - 1] * (int64_t)tp_dtype_size((tp_dtype)y->dtype) >= LEAST_ROW && tp__streams(bytes);
}

/* How many rows ahead one is asked for, where rows of x lie apart: at each the processor would begin anew to run ahead. 0: not at all. */
static int64_t rows_ahead(const layout *l, int64_t x_item, bool streams)
{
    const int64_t step = l->from[l->ndim - 2], width = l->size[l->ndim - 1];
    return streams && l->from[l->ndim - 1] == 1 && step && step != width ? tp__rows_ahead(width * x_item) : 0;
}

static void copy_planes(const layout *l, tp_tensor *y, const tp_tensor *x, bool streams, int64_t first, int64_t last, int64_t row, int64_t row_end)
{
    const int d0 = l->ndim - 2, d1 = l->ndim - 1;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)y->dtype), x_item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    const bool turned = y->dtype == x->dtype && item <= 8 && l->from[d0] == 1 && l->to[d1] == 1 && l->from[d1] > 1 && l->size[d0] > 1;
    const int64_t ahead = rows_ahead(l, x_item, streams);
    for (int64_t plane = first; plane < last; plane++) {
        int64_t rest = plane, to = 0, from = 0;
        for (int d = d0 - 1; d >= 0; d--) {
            to += rest % l->size[d] * l->to[d];
            from += rest % l->size[d] * l->from[d];
            rest /= l->size[d];
        }
        char *py = (char *)y->data + (to + row * l->to[d0]) * item;
        const char *px = (const char *)x->data + (from + row * l->from[d0]) * x_item;
        if (turned) {
            tp__transpose(py, l->to[d0], px, l->from[d1], row_end - row, l->size[d1], item, streams);
            continue;
        }
        for (int64_t i = row; i < row_end; i++, py += l->to[d0] * item, px += l->from[d0] * x_item) {
            if (ahead && i + ahead < row_end) tp__fetch_row(px + ahead * l->from[d0] * x_item, l->size[d1] * x_item);
            copy_row(py, (tp_dtype)y->dtype, l->to[d1], px, (tp_dtype)x->dtype, l->from[d1], l->size[d1], streams);
        }
    }
    if (streams) tp__stream_end();
}

typedef struct share { const layout *l; tp_tensor *y; const tp_tensor *x; bool streams; int64_t plane, tile; } share;

static void share_planes(void *arg, int64_t first, int64_t last)
{
    const share *s = arg;
    copy_planes(s->l, s->y, s->x, s->streams, first, last, 0, s->l->size[s->l->ndim - 2]);
}

static void share_tiles(void *arg, int64_t first, int64_t last)            /* of so many rows of one plane */
{
    const share *s = arg;
    const int64_t rows = s->l->size[s->l->ndim - 2];
    copy_planes(s->l, s->y, s->x, s->streams, s->plane, s->plane + 1, first * s->tile, last * s->tile < rows ? last * s->tile : rows);
}

static void share_stretches(void *arg, int64_t first, int64_t last)        /* of the only row */
{
    const share *s = arg;
    const layout *l = s->l;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)s->y->dtype), x_item = (int64_t)tp_dtype_size((tp_dtype)s->x->dtype);
    const int64_t i = first * STRETCH, end = last * STRETCH < l->size[1] ? last * STRETCH : l->size[1];
    copy_row((char *)s->y->data + i * l->to[1] * item, (tp_dtype)s->y->dtype, l->to[1], (const char *)s->x->data + i * l->from[1] * x_item,
             (tp_dtype)s->x->dtype, l->from[1], end - i, s->streams);
    if (s->streams) tp__stream_end();
}

/* `bytes`: of y, or of all that is written in parts of which it is one */
static void copy_into(tp_tensor *y, const tp_tensor *x, int64_t bytes)
{
    if (!y->numel) return;
    layout l;
    lay_out(&l, y, x);
    const int64_t rows = l.size[l.ndim - 2], planes = y->numel / (rows * l.size[l.ndim - 1]);
    const int threads = y->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    const bool streams = may_stream(&l, y, bytes);
    if (threads == 1 && l.ndim == 2 && rows == 1 && y->dtype == x->dtype && l.to[1] == 1 && l.from[1] == 1 && !streams) {
        memcpy(y->data, x->data, (size_t)y->numel * tp_dtype_size((tp_dtype)y->dtype));
        return;
    }
    share s = { .l = &l, .y = y, .x = x, .streams = streams };
    if (threads > 1 && planes >= threads) {
        tp__parallel_items(planes, y->numel / planes, threads, share_planes, &s);
    } else if (threads > 1 && rows >= threads * TILE) {
        s.tile = rows >= 4 * threads * TALL ? TALL : TILE;               /* so that a transpose goes on in the pages of x where that may be */
        for (; s.plane < planes; s.plane++)
            tp__parallel_items((rows + s.tile - 1) / s.tile, s.tile * l.size[l.ndim - 1], threads, share_tiles, &s);
    } else if (threads > 1 && rows == 1 && planes == 1) {
        tp__parallel_items((l.size[1] + STRETCH - 1) / STRETCH, STRETCH, threads, share_stretches, &s);
    } else {
        copy_planes(&l, y, x, streams, 0, planes, 0, rows);
    }
}

static int64_t bytes_of(const tp_tensor *x) { return x->numel * (int64_t)tp_dtype_size((tp_dtype)x->dtype); }
void tp__copy_into(tp_tensor *y, const tp_tensor *x) { copy_into(y, x, bytes_of(y)); }

/* out[0] is written with in[1], which broadcasts to it; or with in[0], for a clone. What a backward pass clones is a gradient that stays,
 * as a rule one of several that all were parts of the clone's storage, as with cat: together they are as large as that. */
static tp_status copy_run(tp__call *call)
{
    enum { LEAST_PART = 1 << 18 };                     /* bytes */
    tp_tensor *const y = call->out[0], *const x = call->in[call->n_in > 1];
    int64_t bytes = bytes_of(y);
    if (tp__self.walks && call->n_in == 1 && x->storage && bytes >= LEAST_PART && (int64_t)x->storage->bytes > bytes) bytes = (int64_t)x->storage->bytes;
    copy_into(y, x, bytes);
    return TP_OK;
}

/* The number that is the attribute, cast to every element of out[0]. */
static tp_status fill_run(tp__call *call)
{
    tp_tensor *y = call->out[0];
    const tp_operand *value = call->attr;
    const size_t item = tp_dtype_size((tp_dtype)y->dtype);
    _Alignas(16) unsigned char one[16];
    if (!y->numel) return TP_OK;
    if (value->kind == TP_OPERAND_REAL) tp__cast_row(one, (tp_dtype)y->dtype, 1, &value->as.real, TP_F64, 1, 1);
    else tp__cast_row(one, (tp_dtype)y->dtype, 1, &value->as.integer, TP_I64, 1, 1);
    bool zero = true;
    for (size_t i = 0; i < item; i++) zero &= !one[i];
    if (y->flags & TP__CONTIGUOUS && zero) {
        memset(y->data, 0, (size_t)y->numel * item);
        return TP_OK;
    }
    tp__copy_into(y, &(tp_tensor){ .data = one, .dtype = y->dtype, .numel = 1 });
    return TP_OK;
}

const tp_kernel tp__cpu_copy[] = { { "copy", copy_run, NULL }, { "fill", fill_run, NULL }, { NULL, NULL, NULL } };
