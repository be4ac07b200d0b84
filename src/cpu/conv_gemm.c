/* conv_gemm.c: convolution as products of matrices. A band of output rows of one image and group is a matrix of columns
 * [c kd kh kw, positions] that fits the second-level cache:   y = W columns,   d columns = W^T dy,   dW = dy columns^T. */
#include "cpu/conv.h"

#include <stdatomic.h>
#include <string.h>

#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/product.h"
#include "cpu/scratch.h"

#define BAND_BYTES     ((int64_t)512 << 10)            /* of columns */
#define PARTIAL_BYTES  ((int64_t)4 << 20)              /* of weight gradients that images gather apart */
#define PARALLEL_FLOPS 2e6

typedef struct job {
    const tp__conv *g;
    const char *x, *w, *b, *dy;
    char *y, *dx, *dw;
    int64_t size, cg, og, k, l;                        /* bytes of an element; channels in and out of a group; c kd kh kw; od oh ow */
    int64_t plane, rows;                               /* elements of a channel of x; od oh */
    int64_t band;                                      /* output rows at a time */
    bool plain;                                        /* 1x1: x is its own matrix of columns */
    int64_t chunks;                                    /* of images, for the weight gradient */
    int gemm_threads;
    char *columns, *partial;
    size_t columns_bytes;                              /* per thread */
    _Atomic int status;
} job;

/* ---- Columns ------------------------------------------------------------------------------------------------------------ */

#define GATHER_ROW(T) \
    static void gather_row_##T(T *to, const T *from, int64_t first, int64_t last, int64_t count, int64_t stride) \
    { \
        for (int64_t j = 0; j < first; j++) to[j] = 0; \
        if (stride == 1) memcpy(to + first, from + first, (size_t)(last - first) * sizeof(T)); \
        else for (int64_t j = first; j < last; j++) to[j] = from[j * stride]; \
        for (int64_t j = last; j < count; j++) to[j] = 0; \
    }
#define SCATTER_ROW(T) \
    static void scatter_row_##T(T *restrict to, const T *restrict from, int64_t first, int64_t last, int64_t stride) \
    { \
        if (stride == 1) for (int64_t j = first; j < last; j++) to[j] += from[j]; \
        else for (int64_t j = first; j < last; j++) to[j * stride] += from[j]; \
    }
GATHER_ROW(float) GATHER_ROW(double)
SCATTER_ROW(float) SCATTER_ROW(double) SCATTER_ROW(uint64_t)

/* The columns were rounded, and so is each sum. */
static void scatter_row_rounded(tp_dtype narrow, float *to, const float *from, int64_t first, int64_t last, int64_t stride)
{
    for (int64_t j = first; j < last; j++) to[j * stride] = tp__round_to(narrow, to[j * stride] + tp__round_to(narrow, from[j]));
}

/* One tap's column of one output row: the part [first, last) of it is inside, if `from` is not NULL. */
static void gather_row(const job *t, char *to, const char *from, int64_t first, int64_t last)
{
    const tp__conv *g = t->g;
    if (!from) memset(to, 0, (size_t)(g->ow * t->size));
    else if (t->size == 4) gather_row_float((float *)to, (const float *)from, first, last, g->ow, g->sw);
    else gather_row_double((double *)to, (const double *)from, first, last, g->ow, g->sw);      /* copies int64 as well */
}
static void scatter_row(const job *t, char *to, const char *from, int64_t first, int64_t last)
{
    const int64_t stride = t->g->sw;
    if (t->g->narrow) scatter_row_rounded(t->g->narrow, (float *)to, (const float *)from, first, last, stride);
    else if (t->g->dtype == TP_F32) scatter_row_float((float *)to, (const float *)from, first, last, stride);
    else if (t->g->dtype == TP_F64) scatter_row_double((double *)to, (const double *)from, first, last, stride);
    else scatter_row_uint64_t((uint64_t *)to, (const uint64_t *)from, first, last, stride);
}

/* Output rows [r0, r1) of a group's channels x [cg, d, h, w] as columns [k, (r1 - r0) ow], or, with `add`, back. */
static void columns_of(const job *t, char *columns, char *x, int64_t r0, int64_t r1, bool add)
{
    const tp__conv *g = t->g;
    char *to = columns;
    for (int64_t k = 0; k < t->k; k++) {
        const int64_t q = k % g->kw, p = k / g->kw % g->kh, depth = k / (g->kw * g->kh) % g->kd, c = k / (g->kw * g->kh * g->kd);
        const int64_t shift = q * g->dw - g->pw;
        int64_t first, last;
        tp__conv_span(g->w, g->sw, shift, g->ow, &first, &last);
        for (int64_t r = r0; r < r1; r++, to += g->ow * t->size) {
            const int64_t h = r % g->oh * g->sh - g->ph + p * g->dh, z = r / g->oh * g->sd - g->pd + depth * g->dd;
            const bool inside = z >= 0 && z < g->d && h >= 0 && h < g->h && first < last;
            char *at = inside ? x + (((c * g->d + z) * g->h + h) * g->w + shift) * t->size : NULL;
            if (!add) gather_row(t, to, at, first, last);
            else if (inside) scatter_row(t, at, to, first, last);
        }
    }
}

/* ---- The pieces of work: an image and group, or a chunk of images ------------------------------------------------------- */

static void product(job *t, const tp__gemm_args *args)
{
    const tp_status status = tp__product(args);
    if (status == TP_OK) return;
    atomic_store_explicit(&t->status, status, memory_order_relaxed);
    tp_clear_error();                                  /* this may be a thread of the pool: the caller's is set at the end */
}

static void forward_piece(void *arg, int64_t piece)
{
    job *t = arg;
    const tp__conv *g = t->g;
    const int64_t image = piece / g->groups, group = piece % g->groups;
    char *x = (char *)t->x + (image * g->c + group * t->cg) * t->plane * t->size;
    char *y = t->y + (image * g->out + group * t->og) * t->l * t->size;
    char *columns = t->columns + (size_t)tp__seat() * t->columns_bytes;
    tp__gemm_args args = { .dtype = g->dtype, .m = t->og, .k = t->k, .a = t->w + group * t->og * t->k * t->size, .a_row = t->k, .a_col = 1,
                           .b_col = 1, .ldc = t->l, .bias_row = t->b ? t->b + group * t->og * t->size : NULL, .threads = t->gemm_threads };
    for (int64_t r = 0; r < t->rows; r += t->band) {
        const int64_t end = r + t->band < t->rows ? r + t->band : t->rows;
        if (!t->plain) columns_of(t, columns, x, r, end, false);
        args.n = (end - r) * g->ow;
        args.b = t->plain ? x : columns;
        args.b_row = args.n;
        args.c = y + r * g->ow * t->size;
        product(t, &args);
    }
}

static void data_piece(void *arg, int64_t piece)
{
    job *t = arg;
    const tp__conv *g = t->g;
    const int64_t image = piece / g->groups, group = piece % g->groups;
    char *dx = t->dx + (image * g->c + group * t->cg) * t->plane * t->size;
    const char *dy = t->dy + (image * g->out + group * t->og) * t->l * t->size;
    char *columns = t->columns + (size_t)tp__seat() * t->columns_bytes;
    tp__gemm_args args = { .dtype = g->dtype, .m = t->k, .k = t->og, .a = t->w + group * t->og * t->k * t->size, .a_row = 1, .a_col = t->k,
                           .b_row = t->l, .b_col = 1, .threads = t->gemm_threads };
    if (!t->plain) memset(dx, 0, (size_t)(t->cg * t->plane * t->size));
    for (int64_t r = 0; r < t->rows; r += t->band) {
        const int64_t end = r + t->band < t->rows ? r + t->band : t->rows;
        args.n = args.ldc = (end - r) * g->ow;
        args.b = dy + r * g->ow * t->size;
        args.c = t->plain ? dx : columns;
        product(t, &args);
        if (!t->plain) columns_of(t, columns, dx, r, end, true);
    }
}

static void weight_piece(void *arg, int64_t chunk)
{
    job *t = arg;
    const tp__conv *g = t->g;
    const int64_t images = (g->n + t->chunks - 1) / t->chunks, weights = g->out * t->k;
    const int64_t from = chunk * images, to = from + images < g->n ? from + images : g->n;
    char *dw = chunk ? t->partial + (chunk - 1) * weights * t->size : t->dw;
    char *columns = t->columns + (size_t)tp__seat() * t->columns_bytes;
    if (from >= to) memset(dw, 0, (size_t)(weights * t->size));
    for (int64_t image = from; image < to; image++)
        for (int64_t group = 0; group < g->groups; group++) {
            char *x = (char *)t->x + (image * g->c + group * t->cg) * t->plane * t->size;
            const char *dy = t->dy + (image * g->out + group * t->og) * t->l * t->size;
            for (int64_t r = 0; r < t->rows; r += t->band) {
                const int64_t end = r + t->band < t->rows ? r + t->band : t->rows;
                const int64_t positions = (end - r) * g->ow;
                if (!t->plain) columns_of(t, columns, x, r, end, false);
                product(t, &(tp__gemm_args){ .dtype = g->dtype, .m = t->og, .n = t->k, .k = positions, .a = dy + r * g->ow * t->size,
                                             .a_row = t->l, .a_col = 1, .b = t->plain ? x : columns, .b_row = 1, .b_col = positions,
                                             .c = dw + group * t->og * t->k * t->size, .ldc = t->k, .accumulate = image > from || r > 0,
                                             .threads = t->gemm_threads });
            }
        }
}

/* ---- Running them -------------------------------------------------------------------------------------------------------------- */

static void job_start(job *t, const tp__conv *g)
{
    t->g = g;
    t->size = (int64_t)tp_dtype_size(g->dtype);
    t->cg = g->c / g->groups;
    t->og = g->out / g->groups;
    t->k = t->cg * g->kd * g->kh * g->kw;
    t->l = g->od * g->oh * g->ow;
    t->plane = g->d * g->h * g->w;
    t->rows = g->od * g->oh;
    t->plain = g->kd == 1 && g->kh == 1 && g->kw == 1 && g->sd == 1 && g->sh == 1 && g->sw == 1 && !g->pd && !g->ph && !g->pw && t->l == t->plane;
    const int64_t rows = BAND_BYTES / (t->k * g->ow * t->size + 1);
    t->band = t->plain || rows >= t->rows ? t->rows : rows < 1 ? 1 : rows;
}

/* Enough pieces are shared out; a few are done one after another, with all threads in each product. */
static tp_status run(job *t, tp__piece_fn *work, int64_t pieces)
{
    const int allowed = t->g->threads < 1 || tp__conv_flops(t->g) < PARALLEL_FLOPS ? 1 : t->g->threads;
    const bool outer = allowed > 1 && pieces >= allowed;
    const int threads = outer ? allowed : 1;
    t->gemm_threads = outer ? 1 : allowed;
    t->columns_bytes = t->plain ? 0 : (size_t)((t->k * t->band * t->g->ow * t->size + 63) / 64 * 64);
    if (t->columns_bytes && !(t->columns = tp__scratch(TP__SCRATCH_IM2COL, (size_t)threads * t->columns_bytes))) return TP_ERR_MEMORY;
    tp__parallel(pieces, threads, work, t);
    const int status = atomic_load(&t->status);
    return status == TP_OK ? TP_OK : tp_fail((tp_status)status, "convolution: no memory for packing");
}

tp_status tp__conv_by_gemm(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    job t = { .x = x, .w = w, .b = b, .y = y };
    job_start(&t, g);
    return run(&t, forward_piece, g->n * g->groups);
}

tp_status tp__conv_by_gemm_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    job t = { .dy = dy, .w = w, .dx = dx };
    job_start(&t, g);
    return run(&t, data_piece, g->n * g->groups);
}

#define ADD_TO(T) static void add_to_##T(T *restrict sum, const T *restrict part, int64_t n) \
    { \
        for (int64_t i = 0; i < n; i++) sum[i] += part[i]; \
    }
ADD_TO(float)
ADD_TO(double)

static void add_rounded(tp_dtype narrow, float *sum, const float *part, int64_t n)
{
    for (int64_t i = 0; i < n; i++) sum[i] = tp__round_to(narrow, tp__round_to(narrow, sum[i]) + part[i]);
}

/* Chunks of images gather apart and are added in order: how many depends on the shape alone. */
tp_status tp__conv_by_gemm_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    job t = { .x = x, .dy = dy, .dw = dw };
    job_start(&t, g);
    const int64_t weights = g->out * t.k;
    const int64_t most = 1 + PARTIAL_BYTES / (weights * t.size + 1);
    t.chunks = g->n < 16 ? g->n : 16;
    if (t.chunks > most) t.chunks = 1;
    if (g->narrow) t.chunks = g->n;
    if (t.chunks < 1) t.chunks = 1;
    if (t.chunks > 1 && !(t.partial = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)((t.chunks - 1) * weights * t.size)))) return TP_ERR_MEMORY;
    const tp_status status = run(&t, weight_piece, t.chunks);
    for (int64_t chunk = 1; chunk < t.chunks; chunk++) {
        const char *part = t.partial + (chunk - 1) * weights * t.size;
        if (g->narrow) add_rounded(g->narrow, dw, (const float *)(const void *)part, weights);
        else if (g->dtype == TP_F32) add_to_float(dw, (const float *)part, weights);
        else add_to_double(dw, (const double *)part, weights);
    }
    return status;
}
