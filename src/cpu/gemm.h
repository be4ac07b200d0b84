/* gemm.h: the matrix product of the CPU backend.
 *
 *   C = A B  (+ C if accumulate)  (+ bias_col[j])  (+ bias_row[i])
 *
 * A [m, k] and B [k, n] have any strides, C [m, n] is row-major with rows ldc apart. All in elements. Without accumulate C is
 * never read. NaN and Inf go through as arithmetic has it. k = 0 gives zeros (and biases). The result depends on shape,
 * strides and instruction set, never on the number of threads: no sum over k is split. */
#ifndef TP__GEMM_H
#define TP__GEMM_H

#include "cpu/scratch.h"

/* Memory that will be read next, and how tiles ask for it: places `step` bytes apart, one with each step of k; the next tile begins `next`
 * bytes on, or where this one ended (0). */
typedef struct tp__ahead { const char *at, *end; int64_t step, next; } tp__ahead;
enum { TP__AHEADS = 2 };

typedef struct tp__gemm_args {
    tp_dtype dtype;                                    /* TP_F32 or TP_F64 */
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col;                              /* A[i][p] = a[i * a_row + p * a_col] */
    const void *b;
    int64_t b_row, b_col;                              /* B[p][j] = b[p * b_row + j * b_col] */
    void *c;
    int64_t ldc;
    bool accumulate;
    const void *bias_col, *bias_row;                   /* [n], [m]; may be NULL */
    int threads;                                       /* at most; 0 and 1 are one */
    tp__ahead *ahead;                                  /* TP__AHEADS, asked for meanwhile and so used up, by one thread; or NULL */
} tp__gemm_args;

/* TP_ERR_MEMORY: no memory for packing; C is unspecified. Nothing else fails. */
tp_status tp__gemm(const tp__gemm_args *g);

/* A right operand that stays the same: packed once, where that pays (gemm_fixed.c). */
typedef struct tp__gemm_fixed {
    tp__gemm_args g;                                   /* of each product, but for A and C */
    tp__workspace packed;                              /* no data: each product goes to tp__gemm */
    int64_t k_block;
} tp__gemm_fixed;
tp_status tp__gemm_fix(tp__gemm_fixed *f, const tp__gemm_args *g);       /* TP_ERR_MEMORY; B must stay until tp__gemm_unfix */
tp_status tp__gemm_by_fixed(const tp__gemm_fixed *f, const void *a, void *c);
void tp__gemm_unfix(tp__gemm_fixed *f);                /* nothing, of one that failed or is zeroed */

/* ---- How gemm.c and gemm_fixed.c cut a product: alike, so that their results are ------------------------------------------ */

enum { TP__GEMM_KC = 400, TP__GEMM_A_BYTES = 768 << 10 };                /* pieces of k, and as much of A as stays in the second-level cache */
enum { TP__GEMM_DOT_ROWS = 4 };                        /* up to so many rows are dot products, where operands are adjacent along k */
#define TP__GEMM_PARALLEL_FLOPS 2e6                    /* below this one thread is faster */

static inline int64_t tp__gemm_least(int64_t x, int64_t y) { return x < y ? x : y; }
static inline int64_t tp__gemm_ceil(int64_t x, int64_t y) { return (x + y - 1) / y; }
static inline int64_t tp__gemm_even(int64_t x, int64_t most) { return tp__gemm_ceil(x, tp__gemm_ceil(x, most)); }       /* parts of even length */

/* What a tile of `lines` steps of k asks for. In one go, so much would keep its own operands waiting. `self`: what it reads anyway, where
 * nothing is left to ask for. */
static inline const char *tp__ahead_take(tp__ahead *x, int64_t lines, const void *self, int64_t *step)
{
    *step = 0;
    for (int i = 0; x && i < TP__AHEADS; i++)
        if (x[i].at < x[i].end) {
            const char *from = x[i].at;
            *step = x[i].step;
            x[i].at += x[i].next ? x[i].next : lines * x[i].step;
            return from;
        }
    return self;
}
/* All that is left, where no tiles do it. */
static inline void tp__ahead_rest(tp__ahead *x)
{
    for (int i = 0; x && i < TP__AHEADS; i++)
        for (; x[i].at < x[i].end; x[i].at += x[i].step) __builtin_prefetch(x[i].at, 0, 2);
}

/* ---- Between them and the kernels of each instruction set -------------------------------------------------------------- */

/* One strip of operands: `width` rows of A (or columns of B), `valid` of them there, as dst[p * width + i], p < k; the rest
 * is zero. `along` is the stride between rows of the strip, `deep` that along k. */
typedef void tp__pack_fn(void *dst, int width, const void *src, int64_t along, int64_t deep, int valid, int64_t k);

/* A piece of C from packed strips: rows <= mr, cols <= the strip's width. Biases point at the piece's own, or are NULL. A may be
 * as it came, with its strides. */
typedef struct tp__tile {
    int64_t k;
    const void *a, *b;
    bool a_packed;
    int64_t a_row, a_col;                              /* where it is not packed */
    void *c;
    int64_t ldc;
    int rows, cols;
    bool accumulate;
    const void *bias_col, *bias_row;
    const char *ahead;                                 /* what is asked for with each step of k, so many bytes apart */
    int64_t ahead_step;
} tp__tile;

/* The kernels of an instruction set and dtype. */
typedef struct tp__gemm_kernels {
    int lanes, mr, nr;                                 /* elements of a vector, rows and columns of a full tile */
    tp__pack_fn *pack;
    void (*tile)(const tp__tile *t);
    void (*rows)(const tp__gemm_args *g, int64_t first, int64_t last);   /* columns [first, last); B's are adjacent: no packing */
    void (*dots)(const tp__gemm_args *g, int64_t first, int64_t last);   /* the same where A and B are adjacent along k */
} tp__gemm_kernels;

const tp__gemm_kernels *tp__gemm_kernels_of(tp_dtype dtype);             /* of the instruction set that is in force */
/* The width of a strip of `cols` columns of B: the last one only takes the vectors that it needs. */
static inline int tp__gemm_width(const tp__gemm_kernels *kernels, int cols) { return (int)tp__gemm_ceil(cols, kernels->lanes) * kernels->lanes; }
extern const tp__gemm_kernels tp__gemm_base_f32, tp__gemm_base_f64, tp__gemm_avx2_f32, tp__gemm_avx2_f64, tp__gemm_avx512_f32,
    tp__gemm_avx512_f64;

#ifdef TP_HAVE_OPENBLAS
bool tp__gemm_prefers_blas(const tp__gemm_args *g);    /* a fixed function of shape, strides and instruction set */
void tp__gemm_blas(const tp__gemm_args *g, int threads);
#endif

#endif
