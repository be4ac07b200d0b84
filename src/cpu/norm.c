/* norm.c: normalization of rows, of layer_norm, group_norm and rms_norm, forward and backward. A row is read from memory once, and
 * from the cache after that; large results go past the caches. Sums over the rows, which the gradients of weight and bias are, are
 * taken in blocks that do not depend on the number of threads.
 *
 *   y = (x - m) r w + b,  r = 1 / sqrt(var + eps);  m is 0 in rms_norm
 *   dx = r w dy + p x + q,  p = (B m - A) r^3 / n,  q = -p m - B r / n,  A = sum dy w x,  B = sum dy w;  q is 0 in rms_norm
 *   dw = sum dy (r x - r m),  db = sum dy
 *
 * which is how PyTorch arranges it: where nothing is left but rounding, as in rows of one element, that is then the same too. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/norm_loops.h"
#include "cpu/scratch.h"

#include <math.h>

enum { BLOCKS = 32, BLOCK = 1 << 14, PARALLEL = 1 << 15, ROUNDED = 8 };

/* ---- Rows ---------------------------------------------------------------------------------------------------------------------------------- */

/* Contiguous inputs and outputs; those of another dtype than is computed in go through `room` of each thread, five rows. */
typedef struct job {
    const tp__norm_rows *shape;
    int64_t n;                                         /* of a row */
    const tp_tensor *x, *dy;
    tp_tensor *y;                                      /* or dx */
    const void *w, *b;
    tp_tensor *mean, *r;                               /* mean is NULL in rms_norm */
    char *room;
    void *dw, *db;                                     /* per block */
    int64_t per_block;                                 /* samples */
    bool streams;
} job;

enum { ROOM_X, ROOM_DY, ROOM_Y, ROOM_DW, ROOM_DB, ROOM_ROWS };

static void *room_row(const job *j, int k, tp_dtype dtype)
{
    return j->room + (ROOM_ROWS * tp__seat() + k) * j->n * (int64_t)tp_dtype_size(dtype);
}

/* Row `row` of x in the dtype that is computed in: where it lies, or cast. */
static const void *row_in(const job *j, const tp_tensor *x, int64_t row, int k, tp_dtype dtype)
{
    const char *at = (const char *)x->data + row * j->n * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    if (x->dtype == dtype) return at;
    void *to = room_row(j, k, dtype);
    tp__cast_row(to, dtype, 1, at, (tp_dtype)x->dtype, 1, j->n);
    return to;
}

static void *row_out(const job *j, int64_t row, tp_dtype dtype)
{
    return j->y->dtype == dtype ? (char *)j->y->data + row * j->n * (int64_t)tp_dtype_size(dtype) : room_row(j, ROOM_Y, dtype);
}

static void row_done(const job *j, int64_t row, const void *y, tp_dtype dtype)
{
    if (j->y->dtype == dtype) return;
    tp__cast_row((char *)j->y->data + row * j->n * (int64_t)tp_dtype_size((tp_dtype)j->y->dtype), (tp_dtype)j->y->dtype, 1, y, dtype, 1, j->n);
}

static double stat_in(const tp_tensor *s, int64_t row)
{
    if (s->dtype == TP_F32) return (double)((const float *)s->data)[row];
    double v;
    tp__cast_row(&v, TP_F64, 1, (const char *)s->data + row * (int64_t)tp_dtype_size((tp_dtype)s->dtype), (tp_dtype)s->dtype, 1, 1);
    return v;
}

static void stat_out(tp_tensor *s, int64_t row, double v)
{
    if (s->dtype == TP_F32) {
        ((float *)s->data)[row] = (float)v;
        return;
    }
    tp__cast_row((char *)s->data + row * (int64_t)tp_dtype_size((tp_dtype)s->dtype), (tp_dtype)s->dtype, 1, &v, TP_F64, 1, 1);
}

/* As sums of 16 bits are in PyTorch; what ROUNDED rows gave is then added in full, or many rows would lose the last ones. */
static void round_row(void *sums, int64_t n, tp_dtype dtype)
{
    enum { PART = 256 };
    uint16_t half[PART];
    float *s = sums;
    for (int64_t i = 0; i < n; i += PART) {
        const int64_t m = n - i < PART ? n - i : PART;
        tp__cast_row(half, dtype, 1, s + i, TP_F32, 1, m);
        tp__cast_row(s + i, TP_F32, 1, half, dtype, 1, m);
    }
}

#define ROWS(kind, T, D, SQRT) \
    static void forward_##kind(void *arg, int64_t first, int64_t last) \
    { \
        const job *j = arg; \
        const tp__norm_rows *s = j->shape; \
        for (int64_t row = first; row < last; row++) { \
            const T *x = row_in(j, j->x, row, ROOM_X, TP_##D), *w = j->w, *b = j->b; \
            T *y = row_out(j, row, TP_##D), m = 0, rest, squares; \
            const int64_t channel = row % s->groups * s->width; \
            if (s->centered) sum_##kind(j->n, x, &m); \
            m /= (T)j->n; \
            sums_##kind(j->n, x, m, &rest, &squares); \
            if (s->centered && isfinite(m)) { \
                m += rest / (T)j->n; \
                squares -= rest * rest / (T)j->n; \
            } \
            const T r = 1 / SQRT((squares < 0 ? 0 : squares) / (T)j->n + (T)s->eps); \
            if (s->centered) stat_out(j->mean, row, (double)m); \
            stat_out(j->r, row, (double)r); \
            if (j->streams) { \
                scale_past(j->n, j->n, (const float *)x, (float)m, (float)r, (const float *)(w ? w + channel : NULL), \
                           (const float *)(b ? b + channel : NULL), (float *)j->y->data + row * j->n); \
                continue; \
            } \
            if (s->inner == 1) scale_##kind(j->n, x, m, r, w ? w + channel : NULL, b ? b + channel : NULL, y); \
            else \
                for (int64_t d = 0; d < s->width; d++) \
                    scale_all_##kind(s->inner, x + d * s->inner, m, r, w ? w[channel + d] : 1, b ? b[channel + d] : 0, y + d * s->inner); \
            row_done(j, row, y, TP_##D); \
        } \
        if (j->streams) tp__stream_end(); \
    } \
    /* The row of dx, of its sums A and B */ \
    static void back_dx_##kind(const job *j, int64_t row, int64_t next, const T *x, const T *dy, T A, T B) \
    { \
        const tp__norm_rows *s = j->shape; \
        const T *w = j->w, m = s->centered ? (T)stat_in(j->mean, row) : 0, r = (T)stat_in(j->r, row), share = 1 / (T)j->n; \
        const T p = (B * m - A) * r * r * r * share, q = s->centered ? -p * m - B * r * share : 0; \
        if (j->streams) { \
            back_past(j->n, next, (const float *)dy, (const float *)x, (const float *)w, (float)r, (float)p, (float)q, (float *)j->y->data + row * j->n); \
            return; \
        } \
        T *dx = row_out(j, row, TP_##D); \
        if (s->inner == 1) back_##kind(j->n, dy, x, w, r, p, q, dx); \
        else \
            for (int64_t d = 0; d < s->width; d++) \
                back_##kind(s->inner, dy + d * s->inner, x + d * s->inner, NULL, w ? r * w[d] : r, p, q, dx + d * s->inner); \
        row_done(j, row, dx, TP_##D); \
    } \
    static void back_row_##kind(const job *j, int64_t row, T *dw, T *db) \
    { \
        const tp__norm_rows *s = j->shape; \
        const T *x = row_in(j, j->x, row, ROOM_X, TP_##D), *dy = row_in(j, j->dy, row, ROOM_DY, TP_##D), *w = j->w; \
        const T m = s->centered ? (T)stat_in(j->mean, row) : 0, r = (T)stat_in(j->r, row); \
        T A = 0, B = 0; \
        if (s->inner == 1 && w && dw && db) { \
            back_both_##kind(j->n, dy, x, w, r, -r * m, dw, db, &A, &B); \
        } else if (s->inner == 1) { \
            back_sums_##kind(j->n, dy, x, w, &A, &B); \
            if (dw || db) back_params_##kind(j->n, dy, x, r, -r * m, dw, db); \
        } \
        for (int64_t d = 0; s->inner > 1 && d < s->width; d++) { \
            T a, b; \
            back_sums_##kind(s->inner, dy + d * s->inner, x + d * s->inner, NULL, &a, &b); \
            if (dw) dw[d] += (a - b * m) * r; \
            if (db) db[d] += b; \
            A += w ? a * w[d] : a; \
            B += w ? b * w[d] : b; \
        } \
        back_dx_##kind(j, row, j->n, x, dy, A, B); \
    } \
    /* Rows `row` and, `step` further, the next of the group, where they lie and where `both` would be taken of them */ \
    static void back_pair_of_##kind(const job *j, int64_t row, int64_t step, T *dw, T *db) \
    { \
        const T *x = row_in(j, j->x, row, ROOM_X, TP_##D), *dy = row_in(j, j->dy, row, ROOM_DY, TP_##D); \
        T rc[4], AB[4]; \
        for (int k = 0; k < 2; k++) { \
            rc[2 * k] = (T)stat_in(j->r, row + k * step); \
            rc[2 * k + 1] = -rc[2 * k] * (j->shape->centered ? (T)stat_in(j->mean, row + k * step) : 0); \
        } \
        back_pair_##kind(j->n, step * j->n, dy, x, j->w, rc, dw, db, AB); \
        for (int k = 0; k < 2; k++) back_dx_##kind(j, row + k * step, 2 * step * j->n, x + k * step * j->n, dy + k * step * j->n, AB[2 * k], AB[2 * k + 1]); \
    } \
    static void add_row_##kind(int64_t n, T *to, T *from) \
    { \
        for (int64_t i = 0; i < n; i++) { to[i] += from[i]; from[i] = 0; } \
    } \
    /* Piece `unit` is one group of one block of samples. */ \
    static void backward_##kind(void *arg, int64_t unit) \
    { \
        job j = *(const job *)arg; \
        const tp__norm_rows *s = j.shape; \
        const int64_t block = unit / s->groups, group = unit % s->groups, channel = group * s->width, all = s->groups * s->width; \
        const int64_t first = block * j.per_block, last = first + j.per_block < s->samples ? first + j.per_block : s->samples; \
        T *dw = j.dw ? (T *)j.dw + block * all + channel : NULL, *db = j.db ? (T *)j.db + block * all + channel : NULL; \
        const bool rounds = s->rounds && j.x->dtype != TP_##D; \
        T *part_w = rounds && dw ? room_row(&j, ROOM_DW, TP_##D) : dw, *part_b = rounds && db ? room_row(&j, ROOM_DB, TP_##D) : db; \
        if (dw) memset(dw, 0, (size_t)s->width * sizeof *dw); \
        if (db) memset(db, 0, (size_t)s->width * sizeof *db); \
        if (rounds && dw) memset(part_w, 0, (size_t)s->width * sizeof *dw); \
        if (rounds && db) memset(part_b, 0, (size_t)s->width * sizeof *db); \
        if (j.w) j.w = (const T *)j.w + channel; \
        const bool direct = j.x->dtype == TP_##D && j.dy->dtype == TP_##D && j.y->dtype == TP_##D; \
        /* Of the sums of two rows no other instruction set has registers enough. */ \
        const bool pairs = tp__simd_level() == TP__SIMD_AVX512 && direct && s->inner == 1 && j.n % MANY == 0 && j.w && dw && db; \
        for (int64_t i = first; i < last; i++) { \
            if (pairs && i + 1 < last) { \
                back_pair_of_##kind(&j, i++ * s->groups + group, s->groups, dw, db); \
                continue; \
            } \
            back_row_##kind(&j, i * s->groups + group, part_w, part_b); \
            if (!rounds) continue; \
            if (dw) round_row(part_w, s->width, (tp_dtype)j.x->dtype); \
            if (db) round_row(part_b, s->width, (tp_dtype)j.x->dtype); \
            if ((i - first + 1) % ROUNDED && i + 1 < last) continue; \
            if (dw) add_row_##kind(s->width, dw, part_w); \
            if (db) add_row_##kind(s->width, db, part_b); \
        } \
        if (j.streams) tp__stream_end(); \
    } \
    static void add_blocks_##kind(int64_t blocks, int64_t channels, const void *from, void *to) \
    { \
        enum { AT_ONCE = 256 }; \
        for (int64_t c = 0; c < channels; c += AT_ONCE) { \
            const int64_t n = channels - c < AT_ONCE ? channels - c : AT_ONCE; \
            double sum[AT_ONCE] = { 0 }; \
            for (int64_t k = 0; k < blocks; k++) \
                for (int64_t i = 0; i < n; i++) sum[i] += (double)((const T *)from)[k * channels + c + i]; \
            for (int64_t i = 0; i < n; i++) ((T *)to)[c + i] = (T)sum[i]; \
        } \
    }
ROWS(f32, float, F32, sqrtf)
ROWS(f64, double, F64, sqrt)

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

static tp_dtype computed_in(const tp_tensor *x) { return x->dtype == TP_F64 ? TP_F64 : TP_F32; }

static int threads_for(const tp__norm_rows *s, int64_t n) { return s->samples * s->groups * n >= PARALLEL ? tp_get_num_threads() : 1; }

/* What rows go through on their way; and whether y is streamed. */
static tp_status take_room(job *j, tp_dtype dtype, int threads)
{
    j->streams = dtype == TP_F32 && j->y->dtype == TP_F32 && j->x->dtype == TP_F32 && j->shape->inner == 1 && tp__streams(j->y->numel * 4);
    if (j->x->dtype == dtype) return TP_OK;
    j->room = tp__scratch(TP__SCRATCH_COPY, (size_t)(ROOM_ROWS * threads * j->n) * tp_dtype_size(dtype));
    return j->room ? TP_OK : TP_ERR_MEMORY;
}

/* Inputs x, weight, bias; outputs y, mean unless it is rms_norm, and r. */
static tp_status forward(tp__call *call, const tp_tensor *weight, const tp_tensor *bias)
{
    const tp__norm_rows *s = call->scratch;
    const tp_dtype dtype = computed_in(call->in[0]);
    job j = { .shape = s, .n = s->width * s->inner, .x = call->in[0], .y = call->out[0], .mean = s->centered ? call->out[1] : NULL,
              .r = call->out[s->centered ? 2 : 1] };
    const int threads = threads_for(s, j.n);
    tp__plain w = { 0 }, b = { 0 };
    if (!j.r->numel) return TP_OK;
    tp_status status = tp__plain_take(&w, weight, dtype);
    if (!status) status = tp__plain_take(&b, bias, dtype);
    if (!status) status = take_room(&j, dtype, threads);
    j.w = w.data;
    j.b = b.data;
    if (!status) tp__parallel_items(s->samples * s->groups, j.n, threads, dtype == TP_F64 ? forward_f64 : forward_f32, &j);
    tp__plain_free(&w);
    tp__plain_free(&b);
    return status;
}
static tp_status layer_kernel(tp__call *call) { return forward(call, call->in[2], call->in[3]); }
static tp_status rms_kernel(tp__call *call) { return forward(call, call->in[2], NULL); }

/* Sums of the blocks: beside each other, for dw and then for db */
static tp_status take_blocks(job *j, const tp__norm_rows *s, bool dw, bool db, tp_dtype dtype, int64_t *blocks)
{
    const int64_t n = j->n * s->groups, channels = s->groups * s->width;
    j->per_block = (s->samples + BLOCKS - 1) / BLOCKS;
    if (j->per_block * n < BLOCK) j->per_block = (BLOCK + n - 1) / n;
    *blocks = (s->samples + j->per_block - 1) / j->per_block;
    if (!dw && !db) return TP_OK;
    const size_t bytes = (size_t)(*blocks * channels) * tp_dtype_size(dtype);
    char *parts = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(dw + db) * bytes);
    if (!parts) return TP_ERR_MEMORY;
    if (dw) j->dw = parts;
    if (db) j->db = parts + (dw ? bytes : 0);
    return TP_OK;
}

static tp_status backward_kernel(tp__call *call)
{
    const tp__norm_rows *s = call->scratch;
    const tp_dtype dtype = computed_in(call->in[1]);
    job j = { .shape = s, .n = s->width * s->inner, .dy = call->in[0], .x = call->in[1], .y = call->out[0], .mean = call->in[2], .r = call->in[3] };
    tp_tensor *dw = call->out[1], *db = call->out[2];
    const int threads = threads_for(s, j.n);
    const bool wide = dtype == TP_F64;
    int64_t blocks = 0;
    tp__plain w = { 0 };
    for (int k = 1; k < 3; k++)
        if (call->out[k]->numel) memset(call->out[k]->data, 0, (size_t)call->out[k]->numel * tp_dtype_size(dtype));
    if (!call->in[1]->numel) return TP_OK;
    tp_status status = tp__plain_take(&w, call->in[4], dtype);
    if (!status) status = take_room(&j, dtype, threads);
    if (!status) status = take_blocks(&j, s, dw->numel, db->numel, dtype, &blocks);
    j.w = w.data;
    if (!status) {
        tp__parallel(blocks * s->groups, threads, wide ? backward_f64 : backward_f32, &j);
        if (j.dw) (wide ? add_blocks_f64 : add_blocks_f32)(blocks, dw->numel, j.dw, dw->data);
        if (j.db) (wide ? add_blocks_f64 : add_blocks_f32)(blocks, db->numel, j.db, db->data);
    }
    tp__plain_free(&w);
    return status;
}

const tp_kernel tp__cpu_norm[] = {
    { "layer_norm_stats", layer_kernel, NULL }, { "group_norm_stats", layer_kernel, NULL }, { "rms_norm_stats", rms_kernel, NULL },
    { "norm_rows_backward", backward_kernel, NULL }, { NULL, NULL, NULL },
};
