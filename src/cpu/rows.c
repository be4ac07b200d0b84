/* rows.c: looking up, adding and writing rows of a table by index.
 *
 * Indices become places a block at a time, then rows are moved: by their bytes where they lie in one piece, else element by
 * element, all indices of the block for each element of a row. Every element of a result belongs to one thread, which goes
 * through the indices in order, so nothing depends on the number of threads. */
#include "cpu/rows.h"

#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/stream.h"

enum { PARALLEL_FROM = 1 << 15 };                      /* elements moved */

/* ---- Geometry ---------------------------------------------------------------------------------------------------------------------- */

static int join(struct tp__row_dim *to, int n, int64_t size, int64_t table, int64_t rows)
{
    if (size == 1) return n;
    if (n && to[n - 1].table == table * size && to[n - 1].rows == rows * size) {
        to[n - 1] = (struct tp__row_dim){ to[n - 1].size * size, table, rows };
        return n;
    }
    to[n] = (struct tp__row_dim){ size, table, rows };
    return n + 1;
}

/* The one step at which dims [from, to) are walked; 0 where there is one element. False: there is none. */
static bool even_step(const tp_tensor *x, int from, int to, int64_t *step)
{
    int64_t next = 0;
    bool any = false;
    *step = 0;
    for (int d = to - 1; d >= from; d--) {
        if (x->shape[d] == 1) continue;
        if (any && x->stride[d] != next) return false;
        if (!any) *step = x->stride[d];
        any = true;
        next = x->stride[d] * x->shape[d];
    }
    return true;
}

tp_status tp__rows_init(tp__rows *g, const tp_tensor *table, const tp_tensor *index, const tp_tensor *rows, int64_t dim, int64_t n_dims, bool wrap)
{
    const int first = (int)dim, n = (int)n_dims, shift = index->ndim - n;
    int64_t size = 1, step = 0;
    *g = (tp__rows){ .table = table->data, .rows = rows->data, .item = (int64_t)tp_dtype_size((tp_dtype)table->dtype), .first_dim = n == 1 ? dim : -1,
                     .n_index = index->numel, .index_item = (int64_t)tp_dtype_size((tp_dtype)index->dtype), .outers = 1, .inners = 1 };
    for (int d = 0; d < first; d++) {
        g->outers *= table->shape[d];
        g->n_outer = join(g->outer, g->n_outer, table->shape[d], table->stride[d], rows->stride[d]);
    }
    for (int d = first + n; d < table->ndim; d++) {
        g->inners *= table->shape[d];
        g->n_inner = join(g->inner, g->n_inner, table->shape[d], table->stride[d], rows->stride[d + shift]);
    }
    for (int d = first; d < first + n; d++) size *= table->shape[d];
    if (!even_step(table, first, first + n, &step)) {
        step = 1;
        for (int d = first; d < first + n; d++) g->digit_size[g->n_digits] = table->shape[d], g->digit_step[g->n_digits++] = table->stride[d];
    }
    even_step(rows, first, first + index->ndim, &g->row_step);
    tp__range_init(&g->range, (tp_dtype)index->dtype, size, step, wrap);
    return tp__plain_take(&g->index, index, (tp_dtype)index->dtype);
}

void tp__rows_end(tp__rows *g) { tp__plain_free(&g->index); }

bool tp__rows_places(tp__rows *g, int64_t first, int64_t n, int64_t *at)
{
    if (!tp__offsets(&g->range, at, (const char *)g->index.data + first * g->index_item, 1, n, 0, first)) return false;
    for (int64_t i = 0; g->n_digits && i < n; i++) {
        int64_t rest = at[i], place = 0;
        for (int d = g->n_digits - 1; d >= 0; rest /= g->digit_size[d--]) place += rest % g->digit_size[d] * g->digit_step[d];
        at[i] = place;
    }
    return true;
}

static bool is_run(const tp__rows *g) { return g->n_inner == 1 && g->inner[0].table == 1 && g->inner[0].rows == 1; }
static bool is_far(const tp__rows *g) { return tp__is_far(g->range.size * g->range.scale * g->item); }

static int threads_for(const tp__rows *g) { return g->n_index * g->outers * g->inners >= PARALLEL_FROM ? tp_get_num_threads() : 1; }

/* ---- Looking up ---------------------------------------------------------------------------------------------------------------------- */

/* One item is a block of indices at one outer position. */
typedef struct lookup { tp__rows g; char *y; int64_t block; bool streams; } lookup;

static void look_up_block(lookup *l, int64_t block, int64_t outer, const int64_t *at, int64_t n)
{
    const tp__rows *g = &l->g;
    int64_t from, to;
    tp__rows_at(g->outer, g->n_outer, outer, &from, &to);
    to += block * l->block * g->row_step;
    if (is_run(g)) {
        const char *table = g->table + from * g->item;
        char *y = l->y + to * g->item;
        const int64_t bytes = g->inners * g->item, ahead = tp__rows_ahead(bytes);
        for (int64_t i = 0; i < n; i++, y += g->row_step * g->item) {
            tp__fetch_row(table + at[i + ahead < n ? i + ahead : i] * g->item, bytes);
            if (l->streams) tp__stream(y, table + at[i] * g->item, bytes);
            else memcpy(y, table + at[i] * g->item, (size_t)bytes);
        }
        return;
    }
    for (int64_t k = 0; k < g->inners; k++) {
        int64_t inner_from, inner_to;
        tp__rows_at(g->inner, g->n_inner, k, &inner_from, &inner_to);
        tp__pick_line(l->y + (to + inner_to) * g->item, g->row_step, g->table + (from + inner_from) * g->item, at, n, g->item,
                              is_far(g) ? n : 0, TP__CHECKED);
    }
}

static void look_up_some(void *arg, int64_t first, int64_t last)
{
    lookup *l = arg;
    int64_t at[TP__BLOCK], have = -1, n = 0;
    for (int64_t i = first; i < last; i++) {
        const int64_t block = i / l->g.outers;
        if (block != have) {
            n = l->g.n_index - block * l->block;
            n = n < l->block ? n : l->block;
            if (!tp__rows_places(&l->g, block * l->block, n, at)) break;
            have = block;
        }
        look_up_block(l, block, i % l->g.outers, at, n);
    }
    if (l->streams) tp__stream_end();
}

static tp_status take_run(tp__call *call)
{
    const tp__row_lookup *attr = call->attr;
    tp_tensor *y = call->out[0];
    lookup l = { .y = y->data };
    tp__rows *g = &l.g;
    tp_status status = tp__rows_init(g, call->in[0], call->in[1], y, attr->dim, attr->n_dims, attr->wrap);
    if (!status && y->numel) {
        l.streams = g->inners * g->item >= TP__LINE && tp__streams(y->numel * g->item);
        l.block = TP__PIECE / g->inners;
        l.block = l.block < 1 ? 1 : l.block > TP__BLOCK ? TP__BLOCK : l.block;
        const int64_t blocks = (g->n_index + l.block - 1) / l.block;
        tp__parallel_items(blocks * g->outers, l.block * g->inners, threads_for(g), look_up_some, &l);
    } else if (!status) {
        tp__range_check(&g->range, g->index.data, g->n_index);
    }
    if (!status) status = tp__range_status(&g->range, call, g->first_dim);
    tp__rows_end(g);
    return status;
}

/* ---- Writing ---------------------------------------------------------------------------------------------------------------------------- */

/* Threads share the outer positions, and the elements of a row in `cuts`; or, where that is too little, the rows of the table
 * in `cuts`, for which each looks at all indices. */
typedef struct writing { tp__rows g; const tp__combine *combine; int64_t cuts; bool by_place; } writing;

static void write_outer(writing *w, int64_t outer, int64_t cut)
{
    tp__rows *g = &w->g;
    int64_t at[TP__BLOCK], to, from;
    uint32_t above[TP__BLOCK];
    int32_t pick[TP__BLOCK];
    const bool chosen = w->by_place && w->cuts > 1;
    const int64_t share = (g->inners + w->cuts - 1) / w->cuts, k0 = w->by_place ? 0 : cut * share;
    const int64_t k1 = w->by_place || k0 + share > g->inners ? g->inners : k0 + share;
    const int64_t reach = g->range.size * g->range.scale, lo = reach / w->cuts * cut, hi = cut == w->cuts - 1 ? reach : reach / w->cuts * (cut + 1);
    tp__rows_at(g->outer, g->n_outer, outer, &to, &from);
    for (int64_t first = 0; first < g->n_index; first += TP__BLOCK) {
        int64_t n = g->n_index - first < TP__BLOCK ? g->n_index - first : TP__BLOCK;
        tp__rows_places(g, first, n, at);
        if (chosen) tp__places_widen(at, above, n = tp__places_within(at, n, lo, hi, 0, NULL, above, pick));
        const char *x = g->rows + (from + first * g->row_step) * g->item;
        char *y = g->table + (chosen ? to + lo : to) * g->item;
        if (is_run(g) && !w->by_place) {
            w->combine->rows(y + k0 * g->item, at, x + k0 * g->item, g->row_step, n, k1 - k0);
            continue;
        }
        for (int64_t k = k0; k < k1; k++) {
            int64_t inner_to, inner_from;
            tp__rows_at(g->inner, g->n_inner, k, &inner_to, &inner_from);
            w->combine->line(y + inner_to * g->item, at, x + inner_from * g->item, chosen ? pick : NULL, g->row_step, n,
                             is_far(g) ? n : 0, TP__CHECKED);
        }
    }
}

static void write_some(void *arg, int64_t first, int64_t last)
{
    writing *w = arg;
    for (int64_t i = first; i < last; i++) write_outer(w, i / w->cuts, i % w->cuts);
}

/* in[0] is the table that is written, in[1] the index and in[2] the rows. */
static tp_status write_rows(tp__call *call, int op)
{
    enum { LEAST = 16 };                               /* elements of a row that are a thread's share */
    const tp__row_lookup *attr = call->attr;
    tp_tensor *y = call->in[0];
    writing w = { .combine = tp__combine_of(op, (tp_dtype)y->dtype), .cuts = 1 };
    tp__rows *g = &w.g;
    if (!w.combine)
        return tp__call_fail(call, TP_ERR_UNSUPPORTED, "there is no kernel for %s", tp_dtype_name((tp_dtype)y->dtype));
    tp_status status = tp__rows_init(g, y, call->in[1], call->in[2], attr->dim, attr->n_dims, attr->wrap);
    if (!status) {
        tp__range_check(&g->range, g->index.data, g->n_index);
        status = tp__range_status(&g->range, call, g->first_dim);
    }
    if (!status && g->n_index && g->outers && g->inners) {
        const int threads = threads_for(g);
        if (threads > 1 && g->outers < threads) {
            w.by_place = g->inners < LEAST * threads && g->range.size >= threads && g->range.scale > 0 && !g->n_digits &&
                         g->range.size * g->range.scale / 2 < UINT32_MAX;
            w.cuts = w.by_place ? threads : g->inners < LEAST * threads ? (g->inners + LEAST - 1) / LEAST : threads;
        }
        tp__parallel_items(g->outers * w.cuts, g->n_index * g->inners / w.cuts + 1, threads, write_some, &w);
    }
    tp__rows_end(g);
    return status;
}

static tp_status add_run(tp__call *call) { return write_rows(call, TP__ADD); }
static tp_status put_run(tp__call *call) { return write_rows(call, TP__SET); }

/* ---- Several indices as one ------------------------------------------------------------------------------------------------------------ */

/* y = ((i0 s1 + i1) s2 + i2) .., each wrapped and checked against its s. Unsigned: sizes of an empty tensor may be more than an int64 counts. */
static tp_status merge_one(tp__call *call, int k, bool first)
{
    const tp__index_merge *attr = call->attr;
    tp_tensor *y = call->out[0], *x = call->in[k];
    const int last = y->ndim - 1, lead = y->ndim - x->ndim;
    const int64_t width = last >= 0 ? y->shape[last] : 1, step = last >= lead && x->ndim && x->shape[x->ndim - 1] != 1 ? x->stride[x->ndim - 1] : 0;
    const int64_t size = attr->sizes.v[k], item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    int64_t at[TP__BLOCK], *out = y->data;
    tp__range range;
    tp__range_init(&range, (tp_dtype)x->dtype, size, 1, true);
    for (int64_t row = 0; width && row < y->numel / width; row++) {
        int64_t rest = row, from = 0;
        for (int d = last - 1; d >= 0; rest /= y->shape[d--])
            if (d >= lead && x->shape[d - lead] != 1) from += rest % y->shape[d] * x->stride[d - lead];
        for (int64_t i = 0; i < width; i += TP__BLOCK) {
            const int64_t n = width - i < TP__BLOCK ? width - i : TP__BLOCK;
            if (!tp__offsets(&range, at, (const char *)x->data + (from + i * step) * item, step, n, 0, row * width + i))
                return tp__range_status(&range, call, attr->dims.v[k]);
            int64_t *to = out + row * width + i;
            if (first) memcpy(to, at, (size_t)n * sizeof *to);
            else for (int64_t j = 0; j < n; j++) to[j] = (int64_t)((uint64_t)to[j] * (uint64_t)size + (uint64_t)at[j]);
        }
    }
    return TP_OK;
}

static tp_status merge_run(tp__call *call)
{
    tp_status status = TP_OK;
    for (int k = 0; k < call->n_in && !status; k++) status = merge_one(call, k, !k);
    return status;
}

const tp_kernel tp__cpu_rows[] = {
    { "rows_take", take_run, NULL }, { "rows_add", add_run, NULL }, { "rows_put", put_run, NULL }, { "index_merge", merge_run, NULL }, { NULL, NULL, NULL },
};
