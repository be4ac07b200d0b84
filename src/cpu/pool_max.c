/* pool_max.c: max pooling. Windows of 2x2 at stride 2 in float32 go eight or four at a time; the rest one by one. */
#include "cpu/pool.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/parallel.h"
#include "cpu/vec.h"

#define PARALLEL_ELEMENTS 32768                        /* below this one thread is faster */

/* ---- 2x2 at stride 2 ------------------------------------------------------------------------------------------------------ */

typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef int64_t i64x4 __attribute__((vector_size(32)));
typedef int64_t i64x8 __attribute__((vector_size(64)));

/* In order of position a later element wins if it is greater, or NaN. `place` is counted from the window's first element. */
#define TAKE(v, place) do { const I wins = (I)((v) > best) | (I)((v) != (v)); \
        best = (F)((wins & (I)(v)) | (~wins & (I)best)); at = (wins & (place)) | (~wins & at); } while (0)
#define WINDOWS(N, F_, I_, L_, EVEN, ODD, IOTA) \
    static TP__INLINE void windows_##N(const float *top, const float *bottom, int32_t w, int64_t start, float *y, int64_t *index) \
    { \
        typedef F_ F; \
        typedef I_ I; \
        F lo, hi; \
        memcpy(&lo, top, sizeof lo); \
        memcpy(&hi, top + N, sizeof hi); \
        F best = TP__MIX(lo, hi, EVEN); \
        const F second = TP__MIX(lo, hi, ODD); \
        memcpy(&lo, bottom, sizeof lo); \
        memcpy(&hi, bottom + N, sizeof hi); \
        const F third = TP__MIX(lo, hi, EVEN), fourth = TP__MIX(lo, hi, ODD); \
        I at = { 0 }; \
        TAKE(second, at - at + 1); \
        TAKE(third, at - at + w); \
        TAKE(fourth, at - at + (w + 1)); \
        memcpy(y, &best, sizeof best); \
        const I iota = { IOTA }; \
        const L_ where = __builtin_convertvector(at + iota, L_) + start; \
        memcpy(index, &where, sizeof where); \
    }
#define LIST(...) __VA_ARGS__
WINDOWS(8, tp__f32x8, i32x8, i64x8, LIST(0, 2, 4, 6, 8, 10, 12, 14), LIST(1, 3, 5, 7, 9, 11, 13, 15), LIST(0, 2, 4, 6, 8, 10, 12, 14))
WINDOWS(4, tp__f32x4, i32x4, i64x4, LIST(0, 2, 4, 6), LIST(1, 3, 5, 7), LIST(0, 2, 4, 6))

/* Rows of windows in eights or fours, the last ones overlapping those before. */
static TP__INLINE void pool_2x2_body(const tp__pool *g, const float *x, float *y, int64_t *index)
{
    const int64_t w = g->w, ow = g->ow;
    for (int64_t i = 0; i < g->oh; i++, x += 2 * w, y += ow, index += ow) {
        const int64_t start = 2 * i * w;
        int64_t j = 0;
        for (; ow >= 8 && j < ow; j += 8) {
            const int64_t k = j + 8 <= ow ? j : ow - 8;
            windows_8(x + 2 * k, x + w + 2 * k, (int32_t)w, start + 2 * k, y + k, index + k);
        }
        for (; j < ow; j += 4) {
            const int64_t k = j + 4 <= ow ? j : ow - 4;
            windows_4(x + 2 * k, x + w + 2 * k, (int32_t)w, start + 2 * k, y + k, index + k);
        }
    }
}
TP__SIMD(static, pool_2x2, (const tp__pool *g, const float *x, float *y, int64_t *index), (g, x, y, index))

static bool is_2x2(const tp__pool *g)
{
    return g->dtype == TP_F32 && g->kh == 2 && g->kw == 2 && g->sh == 2 && g->sw == 2 && !g->ph && !g->pw && g->dh == 1 && g->dw == 1 &&
           2 * g->oh <= g->h && 2 * g->ow <= g->w && g->w < INT32_MAX && g->ow >= 4;
}

/* ---- Any window -------------------------------------------------------------------------------------------------------------- */

#define ANY_WINDOW(T, LEAST) \
    static void window_##T(const tp__pool *g, const T *x, int64_t top, int64_t left, T *y, int64_t *index) \
    { \
        int64_t i = top, j0 = left; \
        if (i < 0) i += (-i + g->dh - 1) / g->dh * g->dh; \
        if (j0 < 0) j0 += (-j0 + g->dw - 1) / g->dw * g->dw; \
        const int64_t bottom = top + g->kh * g->dh < g->h ? top + g->kh * g->dh : g->h; \
        const int64_t right = left + g->kw * g->dw < g->w ? left + g->kw * g->dw : g->w; \
        T best = LEAST; \
        int64_t at = i < g->h && j0 < g->w ? i * g->w + j0 : 0; \
        for (; i < bottom; i += g->dh) \
            for (int64_t j = j0; j < right; j += g->dw) { \
                const T v = x[i * g->w + j]; \
                if (v > best || v != v) best = v, at = i * g->w + j; \
            } \
        *y = best; \
        *index = at; \
    } \
    static void pool_any_##T(const tp__pool *g, const T *x, T *y, int64_t *index) \
    { \
        for (int64_t i = 0; i < g->oh; i++) \
            for (int64_t j = 0; j < g->ow; j++, y++, index++) \
                window_##T(g, x, i * g->sh - g->ph, j * g->sw - g->pw, y, index); \
    } \
    static int64_t scatter_##T(int64_t n, int64_t size, const T *dy, const int64_t *index, T *dx) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            if ((uint64_t)index[i] >= (uint64_t)size) return i; \
            dx[index[i]] += dy[i]; \
        } \
        return -1; \
    } \
    static int64_t pick_##T(int64_t n, int64_t size, const T *x, const int64_t *index, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            if ((uint64_t)index[i] >= (uint64_t)size) return i; \
            y[i] = x[index[i]]; \
        } \
        return -1; \
    }
ANY_WINDOW(float, -HUGE_VALF)
ANY_WINDOW(double, -HUGE_VAL)
ANY_WINDOW(int64_t, INT64_MIN)

/* ---- By planes ------------------------------------------------------------------------------------------------------------------ */

typedef struct job {
    const tp__pool *g;
    const void *in;
    void *out;
    int64_t *index;
    const int64_t *at;
    _Atomic int64_t wrong;
    void (*work)(struct job *, int64_t plane);
} job;

static void forward_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t from = plane * g->h * g->w, to = plane * g->oh * g->ow;
    int64_t *index = t->index + to;
    if (is_2x2(g)) pool_2x2(g, (const float *)t->in + from, (float *)t->out + to, index);
    else if (g->dtype == TP_F32) pool_any_float(g, (const float *)t->in + from, (float *)t->out + to, index);
    else if (g->dtype == TP_F64) pool_any_double(g, (const double *)t->in + from, (double *)t->out + to, index);
    else pool_any_int64_t(g, (const int64_t *)t->in + from, (int64_t *)t->out + to, index);
}

static void note_wrong(job *t, int64_t place)
{
    int64_t none = -1;
    atomic_compare_exchange_strong(&t->wrong, &none, place);
}

static void backward_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t size = g->h * g->w, to = plane * size, n = g->oh * g->ow, from = plane * n, item = (int64_t)tp_dtype_size(g->dtype);
    const char *dy = (const char *)t->in + from * item;
    char *dx = (char *)t->out + to * item;
    memset(dx, 0, (size_t)(size * item));
    const int64_t wrong = g->dtype == TP_F32 ? scatter_float(n, size, (const float *)dy, t->at + from, (float *)dx)
                        : g->dtype == TP_F64 ? scatter_double(n, size, (const double *)dy, t->at + from, (double *)dx)
                                             : scatter_int64_t(n, size, (const int64_t *)dy, t->at + from, (int64_t *)dx);
    if (wrong >= 0) note_wrong(t, from + wrong);
}

static void pick_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t size = g->h * g->w, from = plane * size, n = g->oh * g->ow, to = plane * n, item = (int64_t)tp_dtype_size(g->dtype);
    const char *x = (const char *)t->in + from * item;
    char *y = (char *)t->out + to * item;
    const int64_t wrong = g->dtype == TP_F32 ? pick_float(n, size, (const float *)x, t->at + to, (float *)y)
                        : g->dtype == TP_F64 ? pick_double(n, size, (const double *)x, t->at + to, (double *)y)
                                             : pick_int64_t(n, size, (const int64_t *)x, t->at + to, (int64_t *)y);
    if (wrong >= 0) note_wrong(t, to + wrong);
}

static void run_planes(void *arg, int64_t first, int64_t last)
{
    job *t = arg;
    for (int64_t plane = first; plane < last; plane++) t->work(t, plane);
}

static int64_t each_plane(job *t, void (*work)(job *, int64_t))
{
    const int threads = t->g->threads < 1 || t->g->planes * t->g->h * t->g->w < PARALLEL_ELEMENTS ? 1 : t->g->threads;
    t->wrong = -1;
    t->work = work;
    tp__parallel_items(t->g->planes, t->g->h * t->g->w, threads, run_planes, t);
    return t->wrong;
}

void tp__pool_max(const tp__pool *g, const void *x, void *y, int64_t *index)
{
    each_plane(&(job){ .g = g, .in = x, .out = y, .index = index }, forward_plane);
}
int64_t tp__pool_max_backward(const tp__pool *g, const void *dy, const int64_t *index, void *dx)
{
    return each_plane(&(job){ .g = g, .in = dy, .out = dx, .at = index }, backward_plane);
}
int64_t tp__pool_max_pick(const tp__pool *g, const void *x, const int64_t *index, void *y)
{
    return each_plane(&(job){ .g = g, .in = x, .out = y, .at = index }, pick_plane);
}
