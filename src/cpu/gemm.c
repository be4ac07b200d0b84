/* gemm.c: which way a product goes, how it is cut, and who does which piece.
 *
 * Large products are packed: k in blocks of KC, C in blocks of MB x NB; the strips of both operands are packed once, by all
 * threads, then tiles of C are shared out. Small and thin ones run straight from the operands. OpenBLAS takes the large
 * ones where our kernels have no vectors to match. The way is a fixed function of shape, strides and instruction set. */
#include "cpu/gemm.h"

#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { KC = TP__GEMM_KC, MB = TP__GEMM_MB, NB = TP__GEMM_NB };
enum { GROUP_ROWS = 192 };                             /* rows of packed A that stay in the second-level cache */
#define PLAIN_FLOPS    (2.0 * 64 * 64 * 128)            /* up to here packing costs more than it gains */
enum { A_BYTES = 64 << 10, A_STRIPS = 4 };             /* up to here, for so many strips of B, A is read where it lies */
#define DOTS_FLOPS     (2.0 * 20 * 20 * 20)

typedef struct block {                                 /* one block of C for one block of k, as all threads see it */
    const tp__gemm_args *g;
    const tp__gemm_kernels *kernels;
    size_t size;                                       /* of an element */
    int64_t i0, j0, p0, m, n, k;
    char *a, *b;                                       /* packed strips, MR * k and NR * k elements each */
    int64_t a_strips, b_strips, strips_per_group, strips_per_share;
    bool first, last;                                  /* of the blocks of k */
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

static const char *a_at(const block *x, int64_t i)
{
    return (const char *)x->g->a + ((x->i0 + i) * x->g->a_row + x->p0 * x->g->a_col) * (int64_t)x->size;
}

/* Strips of A, then those of B. */
static void pack_strip(const block *x, int64_t strip)
{
    const tp__gemm_kernels *kernels = x->kernels;
    const tp__gemm_args *g = x->g;
    if (strip < x->a_strips) {
        const int64_t i = strip * kernels->mr;
        if (x->a_packed)
            kernels->pack(x->a + (size_t)(i * x->k) * x->size, kernels->mr, a_at(x, i), g->a_row, g->a_col,
                          (int)tp__gemm_least(x->m - i, kernels->mr), x->k);
        return;
    }
    const int64_t j = (strip - x->a_strips) * kernels->nr;
    const int cols = (int)tp__gemm_least(x->n - j, kernels->nr);
    kernels->pack(x->b + (size_t)(j * x->k) * x->size, tp__gemm_width(kernels, cols),
                  (const char *)g->b + (x->p0 * g->b_row + (x->j0 + j) * g->b_col) * (int64_t)x->size, g->b_col, g->b_row, cols, x->k);
}

/* Share `share`: a group of strips of A times some strips of B. A strip of B stays in the first-level cache while the
 * strips of A, from the second, go by. */
static void run_share(void *arg, int64_t share)
{
    const block *x = arg;
    const tp__gemm_kernels *kernels = x->kernels;
    const tp__gemm_args *g = x->g;
    const int64_t groups = tp__gemm_ceil(x->a_strips, x->strips_per_group);
    const int64_t a_first = share % groups * x->strips_per_group, a_last = tp__gemm_least(a_first + x->strips_per_group, x->a_strips);
    const int64_t b_first = share / groups * x->strips_per_share, b_last = tp__gemm_least(b_first + x->strips_per_share, x->b_strips);
    for (int64_t jb = b_first; jb < b_last; jb++) {
        const int64_t j = jb * kernels->nr;
        for (int64_t ia = a_first; ia < a_last; ia++) {
            const int64_t i = ia * kernels->mr;
            const int64_t row = x->i0 + i, col = x->j0 + j;
            int64_t ahead_step;
            const char *ahead = tp__ahead_take(g->ahead, x->k, x->b, &ahead_step);
            kernels->tile(&(tp__tile){
                .k = x->k, .a = x->a_packed ? x->a + (size_t)(i * x->k) * x->size : a_at(x, i), .a_packed = x->a_packed, .a_row = g->a_row,
                .a_col = g->a_col, .b = x->b + (size_t)(j * x->k) * x->size,
                .c = (char *)g->c + (row * g->ldc + col) * (int64_t)x->size, .ldc = g->ldc,
                .rows = (int)tp__gemm_least(x->m - i, kernels->mr), .cols = (int)tp__gemm_least(x->n - j, kernels->nr),
                .accumulate = g->accumulate || !x->first,
                .bias_col = x->last && g->bias_col ? (const char *)g->bias_col + (size_t)col * x->size : NULL,
                .bias_row = x->last && g->bias_row ? (const char *)g->bias_row + (size_t)row * x->size : NULL,
                .ahead = ahead, .ahead_step = ahead_step,
            });
        }
    }
}

static void pack_strips(void *arg, int64_t first, int64_t last)
{
    for (int64_t strip = first; strip < last; strip++) pack_strip(arg, strip);
}

static void run_block(block *x, int threads)
{
    tp__parallel_items(x->a_strips + x->b_strips, x->kernels->nr * x->k, threads, pack_strips, x);
    tp__parallel(tp__gemm_ceil(x->a_strips, x->strips_per_group) * tp__gemm_ceil(x->b_strips, x->strips_per_share), threads, run_share, x);
}

/* Shares that are large enough to reuse what was packed, and several for each thread. No result depends on them. */
static void cut_shares(block *x, int threads)
{
    x->strips_per_group = tp__gemm_least(x->a_strips, GROUP_ROWS / x->kernels->mr);
    x->strips_per_share = x->b_strips;
    if (threads <= 1) return;
    while (tp__gemm_ceil(x->a_strips, x->strips_per_group) * tp__gemm_ceil(x->b_strips, x->strips_per_share) < 4 * threads) {
        if (x->strips_per_share > 2) x->strips_per_share = tp__gemm_ceil(x->strips_per_share, 2);
        else if (x->strips_per_group > 4) x->strips_per_group = tp__gemm_ceil(x->strips_per_group, 2);
        else break;
    }
}

static tp_status packed(const tp__gemm_args *g, const tp__gemm_kernels *kernels, int threads)
{
    const size_t size = tp_dtype_size(g->dtype);
    const int64_t k_blocks = tp__gemm_ceil(g->k, KC), k_block = tp__gemm_ceil(g->k, k_blocks);       /* of even length */
    const int64_t m_block = tp__gemm_ceil(tp__gemm_ceil(g->m, tp__gemm_ceil(g->m, MB)), kernels->mr) * kernels->mr;
    const int64_t n_block = tp__gemm_ceil(tp__gemm_ceil(g->n, tp__gemm_ceil(g->n, NB)), kernels->nr) * kernels->nr;
    const size_t a_bytes = (size_t)(m_block * k_block) * size, b_bytes = (size_t)(n_block * k_block) * size;
    char *memory = tp__scratch(TP__SCRATCH_PACK, a_bytes + b_bytes + 64);
    if (!memory) return TP_ERR_MEMORY;
    for (int64_t j0 = 0; j0 < g->n; j0 += n_block)
        for (int64_t i0 = 0; i0 < g->m; i0 += m_block)
            for (int64_t p0 = 0; p0 < g->k; p0 += k_block) {           /* innermost: the block of C stays near */
                block x = { .g = g, .kernels = kernels, .size = size, .i0 = i0, .j0 = j0, .p0 = p0, .m = tp__gemm_least(g->m - i0, m_block),
                            .n = tp__gemm_least(g->n - j0, n_block), .k = tp__gemm_least(g->k - p0, k_block), .a = memory,
                            .b = memory + (a_bytes + 63) / 64 * 64, .first = p0 == 0, .last = p0 + k_block >= g->k,
                            .a_packed = (size_t)(g->m * g->k) * size > A_BYTES || g->n > A_STRIPS * kernels->nr };
                x.a_strips = tp__gemm_ceil(x.m, kernels->mr);
                x.b_strips = tp__gemm_ceil(x.n, kernels->nr);
                cut_shares(&x, threads);
                run_block(&x, threads);
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
