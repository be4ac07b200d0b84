/* attention.c: softmax(s q k' + mask) v by blocks: some rows of q against some keys at a time, so that scores stay in the second cache and are
 * never all there. A row keeps its largest score m so far and sum e^(score - m); when a block brings a larger one, what was summed before is
 * scaled down (Milakov & Gimelshein 2018, Dao et al. 2022). Kept for the backward: m + ln sum, +inf of a row that sees nothing.
 *
 * Backward of each block: P = e^(s q k' - sums), dP = dy v', dS = P (dP - D), D = sum dy y of a row; then dv += P' dy, dk += s dS' q,
 * dq += s dS k. Heads are shared out among threads; where there are too few of them, keys are for dk and dv, and rows for dq, which costs two
 * of the products again and gives the same bits: each element is summed over the same blocks in the same order. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/attention_rows.h"
#include "cpu/contiguous.h"
#include "cpu/gemm.h"

#include <math.h>
#include <stdatomic.h>

enum { ROWS = 128, KEYS = 512, BACK_KEYS = 256 };
#define PARALLEL_FLOPS 1e6

/* ---- What is read and written -------------------------------------------------------------------------------------------------------- */

/* A tensor [batch.., n, width], or of the mask [.., l, n]. Where its elements are not adjacent or of the dtype that is computed in, rows are
 * copied; results of 16 bits are made beside it. */
typedef struct side {
    const tp_tensor *x;
    char *data;
    size_t item;
    int64_t row, col, width, step[TP_MAX_DIMS];
    bool direct;
} side;

typedef struct plan {
    tp_dtype dtype;
    size_t size;                                       /* of an element of that */
    int batch;                                         /* dims; all but the heads are those of q, k and v alike */
    int64_t dims[TP_MAX_DIMS];
    int64_t heads, group, l, n, e, w;                  /* all heads of q; how many share one of k; sizes */
    int64_t keys, ld;                                  /* of a block; from row to row of scores */
    bool causal;
    double scale;
    side q, k, v, mask, y, dy, dq, dk, dv;
    char *sums;
    char *room;
    size_t each;                                       /* bytes of room that a thread has */
    _Atomic int status;
} plan;

static void side_of(const plan *p, side *s, const tp_tensor *x)
{
    *s = (side){ .x = x };
    if (!x) return;
    s->data = x->data;
    s->item = tp_dtype_size((tp_dtype)x->dtype);
    const int last = x->ndim - 1;
    s->width = last >= 0 ? x->shape[last] : 1;
    s->col = last >= 0 && x->shape[last] != 1 ? x->stride[last] : 0;
    s->row = last >= 1 && x->shape[last - 1] != 1 ? x->stride[last - 1] : 0;
    for (int d = 0; d < p->batch; d++) {
        const int at = d - (p->batch - (x->ndim - 2));
        s->step[d] = at >= 0 && x->shape[at] != 1 ? x->stride[at] : 0;
    }
    s->direct = x->dtype == p->dtype && (s->col == 1 || s->width == 1);
}

/* Where head h of q begins in x; `shared`: x is k, v or made of them. */
static char *head_of(const plan *p, const side *s, int64_t h, bool shared)
{
    int64_t at = 0;
    for (int d = p->batch - 1; d >= 0; d--) {
        const int64_t i = h % p->dims[d];
        at += (shared && d == p->batch - 1 ? i / p->group : i) * s->step[d];
        h /= p->dims[d];
    }
    return s->data + at * (int64_t)s->item;
}

/* Rows first .. of a head, adjacent along a row: there, or copied into `room`. *row: from one to the next. */
static const void *rows_of(const plan *p, const side *s, const char *head, int64_t first, int64_t rows, void *room, int64_t *row)
{
    *row = s->direct ? s->row : s->width;
    if (s->direct) return head + first * s->row * (int64_t)s->item;
    for (int64_t r = 0; r < rows; r++)
        tp__cast_row((char *)room + (size_t)(r * s->width) * p->size, p->dtype, 1, head + (first + r) * s->row * (int64_t)s->item,
                     (tp_dtype)s->x->dtype, s->col, s->width);
    return room;
}

static void put_rows(const plan *p, const side *s, char *head, int64_t first, int64_t rows, const void *from)
{
    for (int64_t r = 0; r < rows; r++)
        tp__cast_row(head + (first + r) * s->row * (int64_t)s->item, (tp_dtype)s->x->dtype, s->col ? s->col : 1,
                     (const char *)from + (size_t)(r * s->width) * p->size, p->dtype, 1, s->width);
}

static void zero_rows(const side *s, char *head, int64_t rows)
{
    for (int64_t r = 0; r < rows; r++) memset(head + r * s->row * (int64_t)s->item, 0, (size_t)s->width * s->item);
}

/* ---- A block of scores --------------------------------------------------------------------------------------------------------------------- */

typedef struct block { int64_t i, rows, j, cols; } block;

/* What rows i .. see of keys j ..: fewer columns than a block has, or none. */
static int64_t cols_seen(const plan *p, int64_t i, int64_t rows, int64_t j)
{
    const int64_t cols = least(p->keys, p->n - j);
    return p->causal ? most(0, least(cols, i + rows - j)) : cols;
}

static void multiply(plan *p, int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, int64_t a_col, const void *b, int64_t b_row, int64_t b_col,
                     void *c, int64_t ldc, bool accumulate)
{
    const tp__gemm_args g = { .dtype = p->dtype, .m = m, .n = n, .k = k, .a = a, .a_row = a_row, .a_col = a_col, .b = b, .b_row = b_row,
                              .b_col = b_col, .c = c, .ldc = ldc, .accumulate = accumulate, .threads = 1 };
    const tp_status status = tp__gemm(&g);
    if (status == TP_OK) return;
    atomic_store_explicit(&p->status, status, memory_order_relaxed);
    tp_clear_error();                                  /* this may be a thread of the pool: the caller's is set at the end */
}

static void *at(const plan *p, void *base, int64_t element) { return (char *)base + (size_t)element * p->size; }

/* s q, adjacent */
static void scaled_rows(const plan *p, const char *head, int64_t first, int64_t rows, void *to)
{
    int64_t row;
    const void *from = rows_of(p, &p->q, head, first, rows, to, &row);
    if (p->dtype == TP_F64) scaled_f64(rows, p->e, from, row, p->scale, to);
    else scaled_f32(rows, p->e, from, row, (float)p->scale, to);
}

/* Scores of a block, masked but for what causal hides. */
static void scores(plan *p, const block *b, const void *q, const void *k, int64_t k_row, const char *mask, void *mask_row, void *s)
{
    multiply(p, b->rows, b->cols, p->e, q, p->e, 1, k, 1, k_row, s, p->ld, false);
    if (!mask) return;
    const side *m = &p->mask;
    const bool is_bool = m->x->dtype == TP_BOOL;
    for (int64_t r = 0; r < b->rows; r++) {
        if (!r || m->row)
            tp__cast_row(mask_row, p->dtype, 1, mask + ((b->i + r) * m->row + b->j * m->col) * (int64_t)m->item, (tp_dtype)m->x->dtype, m->col, b->cols);
        if (p->dtype == TP_F64) mask_row_f64(b->cols, at(p, s, r * p->ld), mask_row, is_bool);
        else mask_row_f32(b->cols, at(p, s, r * p->ld), mask_row, is_bool);
    }
}

static int64_t first_seen(const plan *p, const block *b) { return p->causal ? b->i + 1 - b->j : b->cols; }

/* ---- Forward ------------------------------------------------------------------------------------------------------------------------------- */

/* Room of a thread, in elements: rows of s q, scores, keys, values, results, a row of the mask, three numbers of each row */
static int64_t forward_room(const plan *p)
{
    return ROWS * (p->e + p->ld + p->w + 3) + p->keys * (p->e + p->w + 1);
}

static void forward_block(plan *p, int64_t h, int64_t i)
{
    char *room = p->room + (size_t)tp__seat() * p->each;
    void *q = room, *s = at(p, q, ROWS * p->e), *held = at(p, s, ROWS * p->ld), *m = at(p, held, ROWS * p->w), *sum = at(p, m, ROWS),
         *keep = at(p, sum, ROWS), *mask_row = at(p, keep, ROWS), *keys = at(p, mask_row, p->keys), *values = at(p, keys, p->keys * p->e);
    const int64_t rows = least(ROWS, p->l - i), y_row = p->y.direct ? p->y.row : p->w;
    char *to = head_of(p, &p->y, h, false);
    void *y = p->y.direct ? to + i * p->y.row * (int64_t)p->y.item : held;
    const char *kh = head_of(p, &p->k, h, true), *vh = head_of(p, &p->v, h, true), *mask = p->mask.x ? head_of(p, &p->mask, h, false) : NULL;
    const bool wide = p->dtype == TP_F64;
    scaled_rows(p, head_of(p, &p->q, h, false), i, rows, q);
    for (int64_t r = 0; r < rows; r++) {
        if (wide) ((double *)m)[r] = -INFINITY, ((double *)sum)[r] = 0;
        else ((float *)m)[r] = -INFINITY, ((float *)sum)[r] = 0;
    }
    for (int64_t j = 0; j < p->n; j += p->keys) {
        const block b = { i, rows, j, cols_seen(p, i, rows, j) };
        int64_t k_row, v_row;
        if (!b.cols) break;
        const void *k = rows_of(p, &p->k, kh, j, b.cols, keys, &k_row), *v = rows_of(p, &p->v, vh, j, b.cols, values, &v_row);
        scores(p, &b, q, k, k_row, mask, mask_row, s);
        if (wide) weigh_f64(rows, b.cols, first_seen(p, &b), p->causal, s, p->ld, m, sum, keep);
        else weigh_f32(rows, b.cols, first_seen(p, &b), p->causal, s, p->ld, m, sum, keep);
        if (j && wide) scale_rows_f64(rows, p->w, y, y_row, keep);
        else if (j) scale_rows_f32(rows, p->w, y, y_row, keep);
        multiply(p, rows, p->w, b.cols, s, p->ld, 1, v, v_row, 1, y, y_row, j > 0);
    }
    if (!p->n) for (int64_t r = 0; r < rows; r++) memset(at(p, y, r * y_row), 0, (size_t)p->w * p->size);
    if (wide) finish_f64(rows, m, sum, keep), scale_rows_f64(rows, p->w, y, y_row, keep);
    else finish_f32(rows, m, sum, keep), scale_rows_f32(rows, p->w, y, y_row, keep);
    memcpy(p->sums + (size_t)(h * p->l + i) * p->size, m, (size_t)rows * p->size);
    if (!p->y.direct) put_rows(p, &p->y, to, i, rows, held);
}

static void forward_pieces(void *arg, int64_t first, int64_t last)
{
    plan *p = arg;
    const int64_t blocks = ceil_div(p->l, ROWS);
    for (int64_t piece = first; piece < last; piece++) forward_block(p, piece / blocks, piece % blocks * ROWS);
}

/* ---- Backward -------------------------------------------------------------------------------------------------------------------------------- */

/* rows of s q, of dy and y; scores and slopes; keys, values, a row of the mask; D; gradients that are not made in place */
static int64_t backward_room(const plan *p, int64_t held_rows)
{
    return ROWS * (p->e + 2 * p->w + 2 * p->ld + 1) + p->keys * (2 * p->e + 2 * p->w + 1) + held_rows * p->e;
}

typedef struct grads { void *q, *s, *ds, *dy, *y, *d, *keys, *values, *mask_row, *dk, *dv, *dq; } grads;
static grads grads_of(const plan *p)
{
    grads g = { .q = p->room + (size_t)tp__seat() * p->each };
    g.s = at(p, g.q, ROWS * p->e);
    g.ds = at(p, g.s, ROWS * p->ld);
    g.dy = at(p, g.ds, ROWS * p->ld);
    g.y = at(p, g.dy, ROWS * p->w);
    g.d = at(p, g.y, ROWS * p->w);
    g.mask_row = at(p, g.d, ROWS);
    g.keys = at(p, g.mask_row, p->keys);
    g.values = at(p, g.keys, p->keys * p->e);
    g.dk = at(p, g.values, p->keys * p->w);
    g.dv = at(p, g.dk, p->keys * p->e);
    g.dq = at(p, g.dv, p->keys * p->w);
    return g;
}

typedef struct keys_now { const void *k, *v; int64_t k_row, v_row; } keys_now;
static keys_now take_keys(const plan *p, const grads *g, int64_t h, int64_t j)
{
    keys_now now;
    const int64_t cols = least(p->keys, p->n - j);
    now.k = rows_of(p, &p->k, head_of(p, &p->k, h, true), j, cols, g->keys, &now.k_row);
    now.v = rows_of(p, &p->v, head_of(p, &p->v, h, true), j, cols, g->values, &now.v_row);
    return now;
}

/* Leaves weights, slopes, s q and dy of a block; returns rows of dy and the distance between them. */
static const void *slopes(plan *p, const grads *g, int64_t h, const block *b, const keys_now *keys, int64_t *dy_row)
{
    int64_t y_row;
    const char *mask = p->mask.x ? head_of(p, &p->mask, h, false) : NULL, *sums = p->sums + (size_t)(h * p->l + b->i) * p->size;
    const void *dy = rows_of(p, &p->dy, head_of(p, &p->dy, h, false), b->i, b->rows, g->dy, dy_row);
    const void *y = rows_of(p, &p->y, head_of(p, &p->y, h, false), b->i, b->rows, g->y, &y_row);
    scaled_rows(p, head_of(p, &p->q, h, false), b->i, b->rows, g->q);
    scores(p, b, g->q, keys->k, keys->k_row, mask, g->mask_row, g->s);
    multiply(p, b->rows, b->cols, p->w, dy, *dy_row, 1, keys->v, 1, keys->v_row, g->ds, p->ld, false);
    if (p->dtype == TP_F64) {
        inner_f64(b->rows, p->w, dy, *dy_row, y, y_row, g->d);
        weights_f64(b->rows, b->cols, first_seen(p, b), p->causal, g->s, p->ld, (const double *)(const void *)sums);
        slopes_f64(b->rows, b->cols, g->s, g->ds, p->ld, g->d);
    } else {
        inner_f32(b->rows, p->w, dy, *dy_row, y, y_row, g->d);
        weights_f32(b->rows, b->cols, first_seen(p, b), p->causal, g->s, p->ld, (const float *)(const void *)sums);
        slopes_f32(b->rows, b->cols, g->s, g->ds, p->ld, g->d);
    }
    return dy;
}

/* Where rows of a gradient are summed: in place, or in `held`. */
static void *sum_at(const side *s, char *head, int64_t first, void *held, int64_t *row)
{
    *row = s->direct ? s->row : s->width;
    return s->direct ? head + first * s->row * (int64_t)s->item : held;
}

static void scale_dq(const plan *p, void *dq, int64_t row, int64_t rows)
{
    if (p->dtype == TP_F64) for (int64_t r = 0; r < rows; r++) scale_rows_f64(1, p->e, (double *)dq + r * row, row, &p->scale);
    else for (int64_t r = 0; r < rows; r++) scale_rows_f32(1, p->e, (float *)dq + r * row, row, &(float){ (float)p->scale });
}

/* dk and dv of keys j .., and, where heads go to threads whole, what these keys add to dq, in order. */
static void keys_back(plan *p, const grads *g, int64_t h, int64_t j, bool with_q)
{
    int64_t dk_row, dv_row, dq_row, dy_row;
    const int64_t keys = least(p->keys, p->n - j);
    char *dkh = head_of(p, &p->dk, h, true), *dvh = head_of(p, &p->dv, h, true);
    void *dk = sum_at(&p->dk, dkh, j, g->dk, &dk_row), *dv = sum_at(&p->dv, dvh, j, g->dv, &dv_row);
    const keys_now now = take_keys(p, g, h, j);
    for (int64_t r = 0; r < keys; r++) memset(at(p, dk, r * dk_row), 0, (size_t)p->e * p->size), memset(at(p, dv, r * dv_row), 0, (size_t)p->w * p->size);
    for (int64_t t = 0; t < p->group; t++)
        for (int64_t i = 0; i < p->l; i += ROWS) {
            const block b = { i, least(ROWS, p->l - i), j, cols_seen(p, i, least(ROWS, p->l - i), j) };
            if (!b.cols) continue;
            const void *dy = slopes(p, g, h + t, &b, &now, &dy_row);
            multiply(p, b.cols, p->w, b.rows, g->s, 1, p->ld, dy, dy_row, 1, dv, dv_row, true);
            multiply(p, b.cols, p->e, b.rows, g->ds, 1, p->ld, g->q, p->e, 1, dk, dk_row, true);
            if (!with_q) continue;
            void *dq = sum_at(&p->dq, head_of(p, &p->dq, h + t, false), i, at(p, g->dq, (t * p->l + i) * p->e), &dq_row);
            multiply(p, b.rows, p->e, b.cols, g->ds, p->ld, 1, now.k, now.k_row, 1, dq, dq_row, true);
        }
    if (!p->dk.direct) put_rows(p, &p->dk, dkh, j, keys, dk), put_rows(p, &p->dv, dvh, j, keys, dv);
}

/* A head of k with all of q's that share it */
static void head_back(plan *p, int64_t h)
{
    const grads g = grads_of(p);
    int64_t row;
    for (int64_t t = 0; t < p->group; t++) {
        if (p->dq.direct) zero_rows(&p->dq, head_of(p, &p->dq, h + t, false), p->l);
        else memset(at(p, g.dq, t * p->l * p->e), 0, (size_t)(p->l * p->e) * p->size);
    }
    for (int64_t j = 0; j < p->n; j += p->keys) keys_back(p, &g, h, j, true);
    for (int64_t t = 0; t < p->group; t++) {
        char *head = head_of(p, &p->dq, h + t, false);
        void *dq = sum_at(&p->dq, head, 0, at(p, g.dq, t * p->l * p->e), &row);
        scale_dq(p, dq, row, p->l);
        if (!p->dq.direct) put_rows(p, &p->dq, head, 0, p->l, dq);
    }
}

static void rows_back(plan *p, int64_t h, int64_t i)
{
    const grads g = grads_of(p);
    const int64_t rows = least(ROWS, p->l - i);
    int64_t row, dy_row;
    char *head = head_of(p, &p->dq, h, false);
    void *dq = sum_at(&p->dq, head, i, g.dq, &row);
    for (int64_t r = 0; r < rows; r++) memset(at(p, dq, r * row), 0, (size_t)p->e * p->size);
    for (int64_t j = 0; j < p->n; j += p->keys) {
        const block b = { i, rows, j, cols_seen(p, i, rows, j) };
        if (!b.cols) break;
        const keys_now now = take_keys(p, &g, h, j);
        slopes(p, &g, h, &b, &now, &dy_row);
        multiply(p, rows, p->e, b.cols, g.ds, p->ld, 1, now.k, now.k_row, 1, dq, row, true);
    }
    scale_dq(p, dq, row, rows);
    if (!p->dq.direct) put_rows(p, &p->dq, head, i, rows, dq);
}

static void head_pieces(void *arg, int64_t first, int64_t last)
{
    plan *p = arg;
    for (int64_t piece = first; piece < last; piece++) head_back(p, piece * p->group);
}

static void apart_pieces(void *arg, int64_t first, int64_t last)
{
    plan *p = arg;
    const int64_t key_blocks = ceil_div(p->n, p->keys), row_blocks = ceil_div(p->l, ROWS), of_keys = p->heads / p->group * key_blocks;
    for (int64_t piece = first; piece < last; piece++) {
        const grads g = grads_of(p);
        if (piece < of_keys) keys_back(p, &g, piece / key_blocks * p->group, piece % key_blocks * p->keys, false);
        else rows_back(p, (piece - of_keys) / row_blocks, (piece - of_keys) % row_blocks * ROWS);
    }
}

/* ---- Kernels ---------------------------------------------------------------------------------------------------------------------------------- */

static void plan_of(plan *p, const tp__call *call, tp_tensor *const *in, int64_t keys)
{
    const tp__attention *attr = call->attr;
    const tp_tensor *q = in[0], *k = in[1], *v = in[2];
    *p = (plan){ .dtype = q->dtype == TP_F64 ? TP_F64 : TP_F32, .batch = q->ndim - 2, .heads = 1, .group = 1, .causal = attr->is_causal, .scale = attr->scale };
    p->size = tp_dtype_size(p->dtype);
    p->l = q->shape[q->ndim - 2];
    p->e = q->shape[q->ndim - 1];
    p->n = k->shape[k->ndim - 2];
    p->w = v->shape[v->ndim - 1];
    for (int d = 0; d < p->batch; d++) p->heads *= p->dims[d] = q->shape[d];
    if (p->batch && p->heads) p->group = q->shape[p->batch - 1] / k->shape[p->batch - 1];
    p->keys = most(1, least(keys, p->n));
    p->ld = ceil_div(p->keys, LANES) * LANES;
    side_of(p, &p->q, q);
    side_of(p, &p->k, k);
    side_of(p, &p->v, v);
    side_of(p, &p->mask, in[3]);
}

/* Pieces, of which each is `flops` on the average, on as many threads as that is worth, with `room` elements each. */
static tp_status run(plan *p, const tp__call *call, int64_t pieces, double flops, int64_t room, int threads, tp__items_fn *fn)
{
    tp__workspace memory;
    p->each = ((size_t)room * p->size + 63) / 64 * 64;
    const tp_status status = tp__workspace_take(&memory, p->each * (size_t)threads);
    if (status) return status;
    p->room = memory.data;
    tp__parallel_items(pieces, flops < PARALLEL_FLOPS ? (int64_t)(flops / PARALLEL_FLOPS * TP__PIECE) + 1 : TP__PIECE, threads, fn, p);
    tp__workspace_give(&memory);
    const int failed = atomic_load(&p->status);
    return failed ? tp__call_fail(call, (tp_status)failed, "no memory for packing") : TP_OK;
}

static double flops_of(const plan *p) { return 2.0 * (double)p->l * (double)p->n * (double)(p->e + p->w) / (p->causal ? 2 : 1); }

/* q, k, v, mask? -> y, sums */
static tp_status attention(tp__call *call)
{
    plan p;
    plan_of(&p, call, call->in, KEYS);
    if (!call->out[1]->numel) return TP_OK;
    side_of(&p, &p.y, call->out[0]);
    p.sums = call->out[1]->data;
    const int64_t blocks = ceil_div(p.l, ROWS), pieces = p.heads * blocks;
    const double each = flops_of(&p) / (double)blocks;
    const int threads = each * (double)pieces < PARALLEL_FLOPS ? 1 : (int)least(tp_get_num_threads(), pieces);
    return run(&p, call, pieces, each, forward_room(&p), threads, forward_pieces);
}

static tp_status back_run(plan *p, const tp__call *call)
{
    const double each = 2.5 * flops_of(p);
    const int64_t whole = p->heads / p->group, apart = whole * ceil_div(p->n, p->keys) + p->heads * ceil_div(p->l, ROWS);
    const int wanted = each * (double)p->heads < PARALLEL_FLOPS ? 1 : tp_get_num_threads();
    if (whole >= wanted) return run(p, call, whole, each * (double)p->group, backward_room(p, p->dq.direct ? 0 : p->group * p->l), wanted, head_pieces);
    return run(p, call, apart, 1.4 * each * (double)p->heads / (double)apart, backward_room(p, ROWS), (int)least(wanted, apart), apart_pieces);
}

/* dy, q, k, v, mask?, y, sums -> dq, dk, dv */
static tp_status attention_backward(tp__call *call)
{
    plan p;
    tp__plain sums;
    plan_of(&p, call, call->in + 1, BACK_KEYS);
    if (!p.heads) return TP_OK;
    side_of(&p, &p.dy, call->in[0]);
    side_of(&p, &p.y, call->in[5]);
    side_of(&p, &p.dq, call->out[0]);
    side_of(&p, &p.dk, call->out[1]);
    side_of(&p, &p.dv, call->out[2]);
    const tp_status status = tp__plain_take(&sums, call->in[6], p.dtype);
    if (status) return status;
    p.sums = sums.data;
    const tp_status done = back_run(&p, call);
    tp__plain_free(&sums);
    return done;
}

const tp_kernel tp__cpu_attention[] = { { "attention", attention, NULL }, { "attention_backward", attention_backward, NULL }, { NULL, NULL, NULL } };
