/* fft_lines.h: between fft.c, fft_plan.c and the kernels for each instruction set. As many lines are transformed at once as a vector has
 * lanes: a block has for each element a vector of real parts and one of imaginary parts.
 *
 *   Y_k = sum_j x_j w^(jk),  w = e^(-2 pi i / n)
 *
 * The other direction is the same with the parts exchanged, before and after: what loads and stores a block does that (`swap`). */
#ifndef TP__FFT_LINES_H
#define TP__FFT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taper/core.h>

enum { TP__FFT_MOST_LANES = 16, TP__FFT_MOST_RADIX = 31, TP__FFT_MOST_PASSES = 48,
       TP__FFT_LONGEST_BLOCK = 16384 };                /* elements: what is longer goes line by line, if it can be split */

/* A pass of Stockham's algorithm: for p < parts, q < step
 *     y[q + step (radix p + k)] = w^(p k) sum_j x[q + step (p + parts j)] e^(-2 pi i jk / radix),  w = e^(-2 pi i / (radix parts)) */
typedef struct tp__fft_pass {
    int radix;
    int64_t parts, step;
    const void *twiddle;                               /* [parts][radix - 1] complex */
    const void *roots;                                 /* of an odd radix: cos, sin of 2 pi k / radix */
} tp__fft_pass;

/* A plan has passes, or is Bluestein's: of a length without small factors as a product of length m, where what is kept of it is a plan too.
 * Besides, it may be split for lines that are transformed one by one: n = first n x second n, columns and then rows. */
typedef struct tp__fft_plan tp__fft_plan;
struct tp__fft_plan {
    int64_t n;
    tp_dtype dtype;                                    /* TP_F32, TP_F64 */
    int level;                                         /* TP__SIMD_.. */
    int n_passes;
    tp__fft_pass pass[TP__FFT_MOST_PASSES];
    tp__fft_plan *inner;                               /* of m */
    void *chirp, *spectrum;                            /* c_j = e^(-pi i j^2 / n), [n]; the transform of its conjugate, over m, [m] */
    tp__fft_plan *first, *second;                      /* NULL: it is not split */
    void *near, *far;                                  /* w^(k l), [first n][2][lanes]; w^(k j), [second n / lanes, rounded up][first n] */
    void *half;                                        /* of real lines of 2n: e^(-pi i k / n), [n / 2 + 1]; else NULL */
    bool real;
    struct { void *memory; size_t bytes; } block[64];
    int n_blocks;
    size_t bytes;
    int users;
    uint64_t used;
};

/* Lines in memory, as real numbers: element k of line l has its parts at data[offset[l] + k step] and `gap` after that; of real lines two
 * neighbours are one element, or with TP__FFT_ALONE each is one, with nothing imaginary. A stride may be 0. */
#define TP__FFT_ALONE INT64_MIN
typedef struct tp__fft_side {
    void *data;
    int64_t step, gap;
    int count;                                         /* of lines, at most the lanes */
    int64_t offset[TP__FFT_MOST_LANES];
} tp__fft_side;

typedef struct tp__fft_kernels {
    int lanes;
    /* Passes, or Bluestein's; a and b have room for n elements, or m. Returns the one that has the result. */
    void *(*transform)(const tp__fft_plan *p, void *a, void *b);
    void (*load)(void *block, int64_t n, const tp__fft_side *side, bool swap);
    void (*store)(const tp__fft_side *side, const void *block, int64_t n, double scale, bool swap);
    /* Of z, a transform of n as p is planned: that of a real line of 2n, its n + 1 first. And back, for the way with parts exchanged. Those in
     * the middle times `middle`; imaginary parts are of the sign. */
    void (*unfold)(const tp__fft_plan *p, void *y, const void *z, double middle, double sign);
    void (*fold)(const tp__fft_plan *p, void *z, const void *y, double middle, double sign);
    void (*unfold_odd)(int64_t n, void *y, const void *z, double middle, double sign);       /* real lines of an odd n */
    void (*fold_odd)(int64_t n, void *z, const void *y, double middle, double sign);
    /* A line that is split, contiguous: block j of its columns to the tiles, then block k of the tiles to y. */
    void (*columns)(const tp__fft_plan *p, int64_t j, void *tiles, const void *x, void *a, void *b, bool swap);
    void (*rows)(const tp__fft_plan *p, int64_t k, void *y, void *tiles, void *b, double scale, bool swap);
    /* y = x c, elementwise; with parts exchanged before, or after. */
    void (*times)(int64_t n, void *y, const void *x, const void *c, bool before, bool after);
    /* unfold and fold of one line: of its places k, 0 <= k <= plan's n / 2, and n - k, those from `first` to below `last` */
    void (*unfold_line)(const tp__fft_plan *p, void *y, const void *z, int64_t first, int64_t last, double middle, double sign, double scale);
    void (*fold_line)(const tp__fft_plan *p, void *z, const void *y, int64_t first, int64_t last, double middle, double sign);
} tp__fft_kernels;

extern const tp__fft_kernels tp__fft_base_f32, tp__fft_base_f64, tp__fft_avx2_f32, tp__fft_avx2_f64, tp__fft_avx512_f32, tp__fft_avx512_f64;
const tp__fft_kernels *tp__fft_kernels_of(tp_dtype dtype, int level);

/* fft_plan.c: the plan for lines of n complex numbers, n >= 1, or with `real` of 2n real ones; from the cache, or made. NULL: TP_ERR_MEMORY. */
tp__fft_plan *tp__fft_plan_take(int64_t n, tp_dtype dtype, bool real);
void tp__fft_plan_give(tp__fft_plan *plan);
int64_t tp__fft_plans_trim(void);                      /* frees those that nobody uses; returns bytes */
/* Can blocks be transformed, or lines one by one, faster than by a block that is nearly empty? */
static inline bool tp__fft_has_passes(const tp__fft_plan *p) { return p->inner ? tp__fft_has_passes(p->inner) : p->n == 1 || p->n_passes; }
static inline bool tp__fft_is_split(const tp__fft_plan *p) { return p->inner ? tp__fft_is_split(p->inner) : p->first != NULL; }

/* fft_line.c: one contiguous line. room: tp__fft_line_room bytes of its own; blocks: tp__fft_seat_room for each of the
 * loop's threads, `seat` bytes apart; 0 for one thread. */
typedef struct tp__fft_line { const tp__fft_plan *plan; void *room; char *blocks; size_t seat; int threads; } tp__fft_line;
size_t tp__fft_line_room(const tp__fft_plan *p);
size_t tp__fft_seat_room(const tp__fft_plan *p);
void tp__fft_line_run(const tp__fft_line *l, void *y, const void *x, double scale, bool swap);

#endif
