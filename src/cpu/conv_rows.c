/* conv_rows.c: convolution by rows of a plane: a row of y gathers w[p][q] times a shifted row of x. For few channels per
 * group, where a matrix of columns would cost more than the arithmetic. */
#include "cpu/conv.h"

#include <string.h>

#include "core/parallel.h"
#include "cpu/simd.h"

#define PARALLEL_FLOPS 1e6

bool tp__conv_by_rows_fits(const tp__conv *g)
{
    return tp__conv_is_flat(g) && g->dtype != TP_I64 && g->out / g->groups <= 2 && g->c / g->groups <= 2 && g->kh * g->kw > 1;
}

/* For each tap, row and column inside: DO with the tap's weight, a row of x (a step of sw between elements) and one of y. */
#define EACH_ROW(T, DO) \
    for (int64_t p = 0; p < g->kh; p++) \
        for (int64_t q = 0; q < g->kw; q++) { \
            const int64_t shift = q * g->dw - g->pw, tap = p * g->kw + q; \
            int64_t first, last, top, bottom; \
            tp__conv_span(g->w, g->sw, shift, g->ow, &first, &last); \
            tp__conv_span(g->h, g->sh, p * g->dh - g->ph, g->oh, &top, &bottom); \
            for (int64_t i = top; i < bottom; i++) { \
                T *xr = x + (i * g->sh - g->ph + p * g->dh) * g->w + shift, *yr = y + i * g->ow; \
                if (g->sw == 1) for (int64_t j = first; j < last; j++) DO(tap, xr[j], yr[j]); \
                else for (int64_t j = first; j < last; j++) DO(tap, xr[j * g->sw], yr[j]); \
            } \
        }
#define TO_Y(tap, xv, yv) yv += w[tap] * xv
#define TO_X(tap, xv, yv) xv += w[tap] * yv

#define BY_ROWS(T) \
    static TP__INLINE void forward_##T##_body(const tp__conv *g, T *x, const T *w, T *y) { EACH_ROW(T, TO_Y) } \
    static TP__INLINE void data_##T##_body(const tp__conv *g, T *x, const T *w, T *y) { EACH_ROW(T, TO_X) } \
    TP__SIMD(static, forward_##T, (const tp__conv *g, T *x, const T *w, T *y), (g, x, w, y)) \
    TP__SIMD(static, data_##T, (const tp__conv *g, T *x, const T *w, T *y), (g, x, w, y))
BY_ROWS(float)
BY_ROWS(double)

#define DOT_ROW(T) \
    static TP__INLINE void dot_row_##T##_body(int64_t n, const T *x, int64_t step, const T *y, T *sum) \
    { \
        int64_t j = 0; \
        if (step == 1) for (; j + 16 <= n; j += 16) for (int s = 0; s < 16; s++) sum[s] += x[j + s] * y[j + s]; \
        for (; j < n; j++) sum[j & 15] += x[j * step] * y[j]; \
    } \
    TP__SIMD(static, dot_row_##T, (int64_t n, const T *x, int64_t step, const T *y, T *sum), (n, x, step, y, sum)) \
    static void weight_##T(const tp__conv *g, const T *x, T *dw, const T *y) \
    { \
        for (int64_t p = 0; p < g->kh; p++) \
            for (int64_t q = 0; q < g->kw; q++) { \
                const int64_t shift = q * g->dw - g->pw; \
                int64_t first, last, top, bottom; \
                T sum[16] = { 0 }; \
                tp__conv_span(g->w, g->sw, shift, g->ow, &first, &last); \
                tp__conv_span(g->h, g->sh, p * g->dh - g->ph, g->oh, &top, &bottom); \
                for (int64_t i = top; i < bottom && first < last; i++) \
                    dot_row_##T(last - first, x + (i * g->sh - g->ph + p * g->dh) * g->w + shift + first * g->sw, g->sw, \
                                y + i * g->ow + first, sum); \
                for (int s = 8; s; s /= 2) for (int e = 0; e < s; e++) sum[e] += sum[e + s]; \
                dw[p * g->kw + q] += sum[0]; \
            } \
    }
DOT_ROW(float)
DOT_ROW(double)

static int threads_of(const tp__conv *g) { return g->threads < 1 || tp__conv_flops(g) < PARALLEL_FLOPS ? 1 : g->threads; }

/* One output plane (forward), one input plane (data), or the weights of one output channel (weight). */
static void forward_plane(const tp__conv *g, int64_t plane_of_y, const void *x, const void *w, const void *b, void *y)
{
    const int64_t cg = g->c / g->groups, og = g->out / g->groups, o = plane_of_y % g->out, image = plane_of_y / g->out;
    const int64_t taps = g->kh * g->kw, l = g->oh * g->ow, at = plane_of_y * l;
    for (int64_t i = 0; i < l; i++) {
        if (g->dtype == TP_F32) ((float *)y)[at + i] = b ? ((const float *)b)[o] : 0;
        else ((double *)y)[at + i] = b ? ((const double *)b)[o] : 0;
    }
    for (int64_t c = 0; c < cg; c++) {
        const int64_t from = (image * g->c + o / og * cg + c) * g->h * g->w, tap = (o * cg + c) * taps;
        if (g->dtype == TP_F32) forward_float(g, (float *)x + from, (const float *)w + tap, (float *)y + at);
        else forward_double(g, (double *)x + from, (const double *)w + tap, (double *)y + at);
    }
}

static void data_plane(const tp__conv *g, int64_t plane_of_x, const void *dy, const void *w, void *dx)
{
    const int64_t cg = g->c / g->groups, og = g->out / g->groups, c = plane_of_x % g->c, image = plane_of_x / g->c;
    const int64_t taps = g->kh * g->kw, l = g->oh * g->ow, at = plane_of_x * g->h * g->w;
    memset((char *)dx + at * (int64_t)tp_dtype_size(g->dtype), 0, (size_t)(g->h * g->w) * tp_dtype_size(g->dtype));
    for (int64_t o = c / cg * og; o < (c / cg + 1) * og; o++) {
        const int64_t from = (image * g->out + o) * l, tap = (o * cg + c % cg) * taps;
        if (g->dtype == TP_F32) data_float(g, (float *)dx + at, (const float *)w + tap, (float *)dy + from);
        else data_double(g, (double *)dx + at, (const double *)w + tap, (double *)dy + from);
    }
}

static void weight_channel(const tp__conv *g, int64_t o, const void *x, const void *dy, void *dw)
{
    const int64_t cg = g->c / g->groups, og = g->out / g->groups, taps = g->kh * g->kw, l = g->oh * g->ow;
    memset((char *)dw + o * cg * taps * (int64_t)tp_dtype_size(g->dtype), 0, (size_t)(cg * taps) * tp_dtype_size(g->dtype));
    for (int64_t image = 0; image < g->n; image++)
        for (int64_t c = 0; c < cg; c++) {
            const int64_t from = (image * g->c + o / og * cg + c) * g->h * g->w, at = (image * g->out + o) * l, tap = (o * cg + c) * taps;
            if (g->dtype == TP_F32) weight_float(g, (const float *)x + from, (float *)dw + tap, (const float *)dy + at);
            else weight_double(g, (const double *)x + from, (double *)dw + tap, (const double *)dy + at);
        }
}

/* The planes or channels of one call, as items to share out. */
typedef struct rows_job { const tp__conv *g; const void *x, *w, *b, *dy; void *out; } rows_job;

static void forward_planes(void *arg, int64_t first, int64_t last)
{
    const rows_job *t = arg;
    for (int64_t i = first; i < last; i++) forward_plane(t->g, i, t->x, t->w, t->b, t->out);
}

static void data_planes(void *arg, int64_t first, int64_t last)
{
    const rows_job *t = arg;
    for (int64_t i = first; i < last; i++) data_plane(t->g, i, t->dy, t->w, t->out);
}

static void weight_channels(void *arg, int64_t first, int64_t last)
{
    const rows_job *t = arg;
    for (int64_t o = first; o < last; o++) weight_channel(t->g, o, t->x, t->dy, t->out);
}

static void share(const tp__conv *g, int64_t items, tp__items_fn *work, rows_job *t)
{
    t->g = g;
    tp__parallel_items(items, items ? (int64_t)(tp__conv_flops(g) / 8) / items : 1, threads_of(g), work, t);
}

void tp__conv_by_rows(const tp__conv *g, const void *x, const void *w, const void *b, void *y)
{
    share(g, g->n * g->out, forward_planes, &(rows_job){ .x = x, .w = w, .b = b, .out = y });
}

void tp__conv_by_rows_data(const tp__conv *g, const void *dy, const void *w, void *dx)
{
    share(g, g->n * g->c, data_planes, &(rows_job){ .dy = dy, .w = w, .out = dx });
}

void tp__conv_by_rows_weight(const tp__conv *g, const void *x, const void *dy, void *dw)
{
    share(g, g->out, weight_channels, &(rows_job){ .x = x, .dy = dy, .out = dw });
}
