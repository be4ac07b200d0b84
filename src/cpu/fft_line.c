/* fft_line.c: the Fourier transform of one long contiguous line.
 *
 *   n = n1 n2                  columns of it in the lanes of vectors, turned over into tiles of rows, and those again: the four steps of
 *                              Bailey 1990, whose pieces stay in the caches. Its blocks are shared out to the threads
 *   Bluestein                  two transforms of a length that is so
 *   neither                    a block with one lane in use: what is as short as that */
#include "cpu/fft_lines.h"

#include <string.h>

#include "core/parallel.h"

enum { SHARED = 1 << 15 };                             /* elements from which on several threads gain */

typedef struct pieces { const tp__fft_line *line; const tp__fft_kernels *kernels; void *y; const void *x; double scale; bool swap; } pieces;

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* Bytes of n elements in a block, and in a line */
static size_t in_block(const tp__fft_plan *p, int64_t n)
{
    return rounded(2 * (size_t)n * (size_t)tp__fft_kernels_of(p->dtype, p->level)->lanes * tp_dtype_size(p->dtype));
}
static size_t in_line(const tp__fft_plan *p, int64_t n) { return rounded(2 * (size_t)n * tp_dtype_size(p->dtype)); }

size_t tp__fft_line_room(const tp__fft_plan *p)
{
    if (p->inner) return 2 * in_line(p, p->inner->n) + tp__fft_line_room(p->inner);
    if (!p->first) return 0;
    const int lanes = tp__fft_kernels_of(p->dtype, p->level)->lanes;
    return in_block(p, (p->first->n + lanes - 1) / lanes * p->second->n);
}
size_t tp__fft_seat_room(const tp__fft_plan *p)
{
    if (p->inner) return tp__fft_seat_room(p->inner);
    if (!p->first) return 2 * in_block(p, p->n);
    return 2 * in_block(p, p->first->n > p->second->n ? p->first->n : p->second->n);
}

static void columns_piece(void *arg, int64_t piece)
{
    const pieces *s = arg;
    const tp__fft_line *l = s->line;
    char *a = l->blocks + l->seat * (size_t)tp__seat();
    s->kernels->columns(l->plan, piece, l->room, s->x, a, a + in_block(l->plan, l->plan->first->n), s->swap);
}
static void rows_piece(void *arg, int64_t piece)
{
    const pieces *s = arg;
    const tp__fft_line *l = s->line;
    s->kernels->rows(l->plan, piece, s->y, l->room, l->blocks + l->seat * (size_t)tp__seat(), s->scale, s->swap);
}

static void run_split(const tp__fft_line *l, const tp__fft_kernels *k, void *y, const void *x, double scale, bool swap)
{
    const tp__fft_plan *p = l->plan;
    pieces s = { l, k, y, x, scale, swap };
    const int threads = p->n < SHARED ? 1 : l->threads;
    tp__parallel((p->second->n + k->lanes - 1) / k->lanes, threads, columns_piece, &s);
    tp__parallel((p->first->n + k->lanes - 1) / k->lanes, threads, rows_piece, &s);
}

static void scale_line(const tp__fft_plan *p, void *y, double by)
{
    float *single = y;
    double *wide = y;
    for (int64_t i = 0; by != 1 && i < 2 * p->n; i++) {
        if (p->dtype == TP_F64) wide[i] *= by;
        else single[i] *= (float)by;
    }
}

static void run_bluestein(const tp__fft_line *l, const tp__fft_kernels *k, void *y, const void *x, double scale, bool swap)
{
    const tp__fft_plan *p = l->plan;
    const int64_t m = p->inner->n;
    char *a = l->room, *b = a + in_line(p, m);
    const tp__fft_line inner = { p->inner, b + in_line(p, m), l->blocks, l->seat, l->threads };
    k->times(p->n, a, x, p->chirp, swap, false);
    memset(a + 2 * (size_t)p->n * tp_dtype_size(p->dtype), 0, 2 * (size_t)(m - p->n) * tp_dtype_size(p->dtype));
    tp__fft_line_run(&inner, b, a, 1, false);
    k->times(m, a, b, p->spectrum, false, true);
    tp__fft_line_run(&inner, b, a, 1, false);
    k->times(p->n, y, b, p->chirp, true, swap);
    scale_line(p, y, scale);
}

void tp__fft_line_run(const tp__fft_line *l, void *y, const void *x, double scale, bool swap)
{
    const tp__fft_plan *p = l->plan;
    const tp__fft_kernels *k = tp__fft_kernels_of(p->dtype, p->level);
    if (p->inner) {
        run_bluestein(l, k, y, x, scale, swap);
    } else if (p->first) {
        run_split(l, k, y, x, scale, swap);
    } else {
        char *a = l->blocks + l->seat * (size_t)tp__seat(), *b = a + in_block(p, p->n);
        const tp__fft_side from = { .data = (void *)(uintptr_t)x, .step = 2, .gap = 1, .count = 1 }, to = { .data = y, .step = 2, .gap = 1, .count = 1 };
        k->load(a, p->n, &from, swap);
        k->store(&to, k->transform(p, a, b), p->n, scale, swap);
    }
}
