/* gemm.c: which way a product goes, how it is cut, and who does which piece.
 *
 * Large products are packed: as much of A at a time as stays in the second-level cache, packed by all threads; then strips of
 * C are shared out, and who has one packs the strip of B for it, piece by piece of k, just before its tiles: it never leaves
 * the caches near them, and meanwhile they ask for what is packed next. Small and thin products run straight from the operands.
 * OpenBLAS takes the large ones where our kernels have no vectors to match. The way is a fixed function of shape, strides and
 * instruction set. */
#include "cpu/gemm.h"

#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

#define PLAIN_FLOPS    (2.0 * 64 * 64 * 128)            /* up to here packing costs more than it gains */
enum { A_BYTES = 64 << 10, A_STRIPS = 4 };             /* up to here, for so many strips of B, A is read where it lies */
#define DOTS_FLOPS     (2.0 * 20 * 20 * 20)

typedef struct block {                                 /* rows of C, for some pieces of k, as all threads see it */
    const tp__gemm_args *g;
    const tp__gemm_kernels *kernels;
    int64_t size;                                      /* of an element */
    int64_t i0, m, p0, p1, piece;
    char *a;                                           /* packed: piece after piece of k, in each strips of MR rows */
    char *strips;                                      /* each thread's of B */
    int64_t strip_bytes, a_strips, b_strips, strips_per_group, strips_per_share;
    bool a_packed;
} block;

const tp__gemm_kernels *tp__gemm_kernels_of(tp_dtype dtype)
{
#if TP__HAS_X86
    switch (tp__simd_level()) {
    case TP__SIMD_AVX512: return dtype == TP_F32 ? &tp__gemm_avx512_f32 : &tp__gemm_avx512_f64;
    case TP__SIMD_AVX2:   return dtype == TP_F32 ? &tp__gemm_avx2_f32 : &tp__gemm_avx2_f64;
    default: break;
    }
#endif
    return dtype == TP_F32 ? &tp__gemm_base_f32 : &tp__gemm_base_f64;
}

static int64_t length(const block *x, int64_t p) { return tp__gemm_least(x->piece, x->p1 - p); }

static const char *packed_a(const block *x, int64_t strip, int64_t p)
{
    return x->a + (x->a_strips * (p - x->p0) + strip * length(x, p)) * x->kernels->mr * x->size;
}

static const char *raw_a(const block *x, int64_t strip, int64_t p)
{
    return (const char *)x->g->a + ((x->i0 + strip * x->kernels->mr) * x->g->a_row + p * x->g->a_col) * x->size;
}

static const char *raw_b(const block *x, int64_t strip, int64_t p)
{
    return (const char *)x->g->b + (p * x->g->b_row + strip * x->kernels->nr * x->g->b_col) * x->size;
}

static void pack_a(void *arg, int64_t first, int64_t last)
{
    const block *x = arg;
    const int mr = x->kernels->mr;
    for (int64_t i = first; i < last; i++) {
        const int64_t strip = i % x->a_strips, p = x->p0 + i / x->a_strips * x->piece;
        x->kernels->pack((char *)packed_a(x, strip, p), mr, raw_a(x, strip, p), x->g->a_row, x->g->a_col,
                         (int)tp__gemm_least(x->m - strip * mr, mr), length(x, p));
    }
}

/* Piece p of strip `strip`, which is packed next: row by row where it is packed from whole lines of rows; otherwise, columns that lie
 * end to end are one, and come with all their pieces. */
static tp__ahead ask_for(const block *x, int64_t strip, int64_t p)
{
    const tp__gemm_args *g = x->g;
    const int64_t cols = tp__gemm_least(x->kernels->nr, g->n - strip * x->kernels->nr);
    const char *at = raw_b(x, strip, p);
    if (g->b_col == 1) return (tp__ahead){ .at = at, .end = at + cols * x->size, .step = g->b_row * x->size, .next = 64 };
    if (g->b_row != 1) return (tp__ahead){ 0 };
    if (g->b_col != x->p1 - x->p0) return (tp__ahead){ .at = at, .end = at + cols * g->b_col * x->size, .step = x->size, .next = g->b_col * x->size };
    return p == x->p0 ? (tp__ahead){ .at = at, .end = at + cols * g->b_col * x->size, .step = 64 } : (tp__ahead){ 0 };
}

/* A piece of a strip of B, times a group of strips of A. */
static void run_piece(const block *x, int64_t strip, int64_t p, int64_t first, int64_t last, tp__ahead *soon)
{
    const tp__gemm_kernels *kernels = x->kernels;
    const tp__gemm_args *g = x->g;
    const int64_t k = length(x, p), col = strip * kernels->nr;
    const int cols = (int)tp__gemm_least(g->n - col, kernels->nr);
    const bool ends = p + k == g->k;
    char *b = x->strips + tp__seat() * x->strip_bytes;
    kernels->pack(b, tp__gemm_width(kernels, cols), raw_b(x, strip, p), g->b_col, g->b_row, cols, k);
    const void *bias_row = ends ? g->bias_row : NULL;
    tp__tile tile = { .k = k, .a_packed = x->a_packed, .a_row = g->a_row, .a_col = g->a_col, .b = b, .ldc = g->ldc, .cols = cols,
                      .accumulate = g->accumulate || p, .bias_col = ends && g->bias_col ? (const char *)g->bias_col + col * x->size : NULL };
    for (int64_t i = first; i < last; i++) {
        const int64_t row = x->i0 + i * kernels->mr;
        tile.a = x->a_packed ? packed_a(x, i, p) : raw_a(x, i, p);
        tile.c = (char *)g->c + (row * g->ldc + col) * x->size;
        tile.rows = (int)tp__gemm_least(x->i0 + x->m - row, kernels->mr);
        tile.bias_row = bias_row ? (const char *)bias_row + row * x->size : NULL;
        tile.ahead = tp__ahead_take(soon, k, b, &tile.ahead_step);
        kernels->tile(&tile);
    }
}

/* Share `share`: a group of strips of A times some strips of B. */
static void run_share(void *arg, int64_t share)
{
    const block *x = arg;
    const int64_t groups = tp__gemm_ceil(x->a_strips, x->strips_per_group);
    const int64_t first = share % groups * x->strips_per_group, last = tp__gemm_least(first + x->strips_per_group, x->a_strips);
    const int64_t begin = share / groups * x->strips_per_share, end = tp__gemm_least(begin + x->strips_per_share, x->b_strips);
    tp__ahead soon[TP__AHEADS] = { 0 };
    for (int64_t strip = begin; strip < end; strip++)
        for (int64_t p = x->p0; p < x->p1; p += x->piece) {
            const bool ends = p + x->piece >= x->p1;
            if (strip + 1 == end && ends) {
                run_piece(x, strip, p, first, last, x->p1 == x->g->k && x->i0 + x->m == x->g->m ? x->g->ahead : NULL);
                continue;
            }
            const tp__ahead more = ends ? ask_for(x, strip + 1, x->p0) : ask_for(x, strip, p + x->piece);
            if (more.at) soon[0] = more;
            run_piece(x, strip, p, first, last, soon);
        }
}

/* Several shares for each thread, with enough rows in each to be worth packing B for. No result depends on them. */
static void cut_shares(block *x, int threads)
{
    x->strips_per_group = x->a_strips;
    x->strips_per_share = x->b_strips;
    if (threads <= 1) return;
    while (tp__gemm_ceil(x->a_strips, x->strips_per_group) * tp__gemm_ceil(x->b_strips, x->strips_per_share) < 4 * threads) {
        if (x->strips_per_share > 1) x->strips_per_share = tp__gemm_ceil(x->strips_per_share, 2);
        else if (x->strips_per_group > 4) x->strips_per_group = tp__gemm_ceil(x->strips_per_group, 2);
        else break;
    }
}

static tp_status packed(const tp__gemm_args *g, const tp__gemm_kernels *kernels, int threads)
{
    const int64_t size = (int64_t)tp_dtype_size(g->dtype), piece = tp__gemm_even(g->k, TP__GEMM_KC), piece_bytes = piece * size;
    const int64_t most_rows = TP__GEMM_A_BYTES / piece_bytes / kernels->mr * kernels->mr;
    const int64_t rows = tp__gemm_ceil(tp__gemm_even(g->m, most_rows), kernels->mr) * kernels->mr;
    const int64_t deep = tp__gemm_even(tp__gemm_ceil(g->k, piece), TP__GEMM_A_BYTES / (rows * piece_bytes)) * piece;
    const int64_t a_bytes = (rows * tp__gemm_least(deep, g->k) * size + 63) / 64 * 64;
    block x = { .g = g, .kernels = kernels, .size = size, .piece = piece, .strip_bytes = (kernels->nr * piece_bytes + 63) / 64 * 64,
                .b_strips = tp__gemm_ceil(g->n, kernels->nr), .a_packed = g->m * g->k * size > A_BYTES || g->n > A_STRIPS * kernels->nr };
    x.a = tp__scratch(TP__SCRATCH_PACK, (size_t)(a_bytes + threads * x.strip_bytes));
    if (!x.a) return TP_ERR_MEMORY;
    x.strips = x.a + a_bytes;
    for (x.i0 = 0; x.i0 < g->m; x.i0 += rows)
        for (x.p0 = 0; x.p0 < g->k; x.p0 = x.p1) {
            x.m = tp__gemm_least(g->m - x.i0, rows);
            x.p1 = tp__gemm_least(x.p0 + deep, g->k);
            x.a_strips = tp__gemm_ceil(x.m, kernels->mr);
            cut_shares(&x, threads);
            if (x.a_packed) tp__parallel_items(x.a_strips * tp__gemm_ceil(x.p1 - x.p0, piece), kernels->mr * piece, threads, pack_a, &x);
            tp__parallel(tp__gemm_ceil(x.a_strips, x.strips_per_group) * tp__gemm_ceil(x.b_strips, x.strips_per_share), threads, run_share, &x);
        }
    tp__ahead_rest(g->ahead);
    return TP_OK;
}

typedef void columns_fn(const tp__gemm_args *g, int64_t first, int64_t last);
typedef struct columns { const tp__gemm_args *g; columns_fn *run; int64_t width; } columns;

static void run_columns(void *arg, int64_t piece)
{
    const columns *c = arg;
    c->run(c->g, piece * c->width, tp__gemm_least((piece + 1) * c->width, c->g->n));
}

/* Columns in pieces of whole tiles; each element is computed the same wherever the cuts are. */
static void unpacked(const tp__gemm_args *g, columns_fn *run, int nr, int threads)
{
    columns c = { .g = g, .run = run, .width = g->n };
    if (threads > 1) c.width = tp__gemm_ceil(tp__gemm_ceil(g->n, 2 * threads), 2 * nr) * 2 * nr;
    tp__parallel(tp__gemm_ceil(g->n, c.width), threads, run_columns, &c);
}

/* A single column is a single row of the transposed product, if C lets it lie down. */
static bool as_row(const tp__gemm_args *g, tp__gemm_args *row)
{
    if (g->n != 1 || g->m == 1 || g->ldc != 1) return false;
    *row = (tp__gemm_args){ .dtype = g->dtype, .m = 1, .n = g->m, .k = g->k, .a = g->b, .a_row = 0, .a_col = g->b_row, .b = g->a,
                            .b_row = g->a_col, .b_col = g->a_row, .c = g->c, .ldc = g->m, .accumulate = g->accumulate,
                            .bias_col = g->bias_row, .bias_row = g->bias_col, .threads = g->threads, .ahead = g->ahead };
    return true;
}

tp_status tp__gemm(const tp__gemm_args *g)
{
    tp__gemm_args row;
    if (g->m <= 0 || g->n <= 0) return TP_OK;
    if (as_row(g, &row)) g = &row;
    const tp__gemm_kernels *kernels = tp__gemm_kernels_of(g->dtype);
    const double flops = 2.0 * (double)g->m * (double)g->n * (double)g->k;
    const int threads = g->threads < 1 || flops < TP__GEMM_PARALLEL_FLOPS ? 1 : g->threads;
    const bool dots = g->a_col == 1 && g->b_row == 1 && (g->m <= TP__GEMM_DOT_ROWS || g->n == 1 || flops <= DOTS_FLOPS);
    const bool rows = g->b_col == 1 && (g->m <= kernels->mr || flops <= PLAIN_FLOPS) && !(dots && g->n == 1);
    if (g->m == 1 || (dots && !rows)) tp__ahead_rest(g->ahead);
    if (rows || g->k <= 0) {
        unpacked(g, kernels->rows, kernels->nr, threads);
        return TP_OK;
    }
    if (dots) {
        unpacked(g, kernels->dots, 8, threads);
        return TP_OK;
    }
#ifdef TP_HAVE_OPENBLAS
    if (tp__gemm_prefers_blas(g)) {
        tp__ahead_rest(g->ahead);
        tp__gemm_blas(g, threads);
        return TP_OK;
    }
#endif
    return packed(g, kernels, threads);
}
