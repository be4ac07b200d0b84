/* pool_max.c: max pooling. In float32 windows of 2x2 at stride 2 go eight or four at a time, others of the width's inside eight
 * at a time; the rest one by one. */
#include "cpu/pool.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/convert.h"
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
    const int64_t w = g->size[2], ow = g->out[2];
    for (int64_t i = 0; i < g->out[1]; i++, x += 2 * w, y += ow, index += ow) {
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

/* ---- Eight windows next to each other ------------------------------------------------------------------------------------- */

typedef struct rows { int64_t z, z_last, i, i_last; } rows;          /* the part of the windows that is not of the width */

/* Of windows j .. j + 7. Element e of a vector is x[e * stride]. */
static TP__INLINE void eight_windows(const tp__pool *g, const float *x, const rows *r, int64_t j, const int stride, float *y, int64_t *index)
{
    typedef tp__f32x8 F;
    typedef i32x8 I;
    const int32_t step = (int32_t)g->stride;
    const I iota = { 0, step, 2 * step, 3 * step, 4 * step, 5 * step, 6 * step, 7 * step };
    const int64_t left = j * g->stride + g->window[2][g->from].first - g->from * g->stride;
    const int32_t start = (int32_t)((r->z * g->size[1] + r->i) * g->size[2] + left);
    F best = { 0 };
    best = best - HUGE_VALF;
    I at = iota + start;
    for (int64_t z = r->z; z < r->z_last; z += g->step[0])
        for (int64_t i = r->i; i < r->i_last; i += g->step[1])
            for (int64_t q = 0; q < g->taps; q++) {
                const int64_t first = (z * g->size[1] + i) * g->size[2] + left + q * g->step[2];
                const float *from = x + first;
                F v;
                if (stride == 1) {
                    memcpy(&v, from, sizeof v);
                } else if (stride == 2) {
                    F lo, hi;
                    memcpy(&lo, from, sizeof lo);
                    memcpy(&hi, from + 7, sizeof hi);  /* so that nothing is read beyond the last one */
                    v = TP__MIX(lo, hi, 0, 2, 4, 6, 9, 11, 13, 15);
                } else {
                    v = (F){ from[0], from[step], from[2 * step], from[3 * step], from[4 * step], from[5 * step], from[6 * step], from[7 * step] };
                }
                TAKE(v, iota + (int32_t)first);
            }
    memcpy(y, &best, sizeof best);
    const i64x8 where = __builtin_convertvector(at, i64x8);
    memcpy(index, &where, sizeof where);
}

/* The windows of one row of the output that are inside, the last eight overlapping those before. */
static TP__INLINE void row_inside_body(const tp__pool *g, const float *x, const rows *r, float *y, int64_t *index)
{
    for (int64_t j = g->from; j < g->to; j += 8) {
        const int64_t k = j + 8 <= g->to ? j : g->to - 8;
        if (g->stride == 1) eight_windows(g, x, r, k, 1, y + k, index + k);
        else if (g->stride == 2) eight_windows(g, x, r, k, 2, y + k, index + k);
        else eight_windows(g, x, r, k, 0, y + k, index + k);
    }
}
TP__SIMD(static, row_inside, (const tp__pool *g, const float *x, const rows *r, float *y, int64_t *index), (g, x, r, y, index))

/* ---- Any window -------------------------------------------------------------------------------------------------------------- */

#define ANY_WINDOW(T, LEAST) \
    static void window_##T(const tp__pool *g, const T *x, const rows *r, tp__window w, T *y, int64_t *index) \
    { \
        T best = LEAST; \
        int64_t at = r->z < r->z_last && r->i < r->i_last && w.first < w.last ? (r->z * g->size[1] + r->i) * g->size[2] + w.first : -1; \
        for (int64_t z = r->z; z < r->z_last; z += g->step[0]) \
            for (int64_t i = r->i; i < r->i_last; i += g->step[1]) \
                for (int64_t row = (z * g->size[1] + i) * g->size[2], j = w.first; j < w.last; j += g->step[2]) { \
                    const T v = x[row + j]; \
                    if (v > best || v != v) best = v, at = row + j; \
                } \
        *y = best; \
        *index = at; \
    } \
    static void pool_any_##T(const tp__pool *g, const T *x, T *y, int64_t *index) \
    { \
        const bool wide = ROW_INSIDE_##T(g); \
        for (int64_t k = 0; k < g->out[0] * g->out[1]; k++, y += g->out[2], index += g->out[2]) { \
            const tp__window z = g->window[0][k / g->out[1]], i = g->window[1][k % g->out[1]]; \
            const rows r = { z.first, z.last, i.first, i.last }; \
            const bool inside = wide && z.first < z.last && i.first < i.last; \
            if (inside) DO_INSIDE_##T(g, x, &r, y, index); \
            for (int64_t j = 0; j < g->out[2]; j++) \
                if (!inside || j < g->from || j >= g->to) window_##T(g, x, &r, g->window[2][j], y + j, index + j); \
        } \
    } \
    static int64_t scatter_##T(int64_t n, int64_t size, const T *dy, const int64_t *index, bool add, T *dx) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            if (index[i] == -1 && add) continue; \
            if ((uint64_t)index[i] >= (uint64_t)size) return i; \
            dx[index[i]] = add ? (T)((U_##T)dx[index[i]] + (U_##T)dy[i]) : dy[i]; \
        } \
        return -1; \
    } \
    static int64_t pick_##T(int64_t n, int64_t size, const T *x, const int64_t *index, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            if ((uint64_t)index[i] >= (uint64_t)size && index[i] != -1) return i; \
            y[i] = index[i] < 0 ? 0 : x[index[i]]; \
        } \
        return -1; \
    }
#define U_float                float
#define U_double               double
#define U_int64_t              uint64_t              /* sums wrap */
#define ROW_INSIDE_float(g)    ((g)->to - (g)->from >= 8 && (g)->size[0] * (g)->size[1] * (g)->size[2] < INT32_MAX && (g)->stride < 1 << 20)
#define ROW_INSIDE_double(g)   false
#define ROW_INSIDE_int64_t(g)  false
#define DO_INSIDE_float(...)   row_inside(__VA_ARGS__)
#define DO_INSIDE_double(...)  (void)0
#define DO_INSIDE_int64_t(...) (void)0
ANY_WINDOW(float, -HUGE_VALF)
ANY_WINDOW(double, -HUGE_VAL)
ANY_WINDOW(int64_t, INT64_MIN)

/* ---- By planes ------------------------------------------------------------------------------------------------------------------ */

/* Sums that are rounded one by one. */
static int64_t scatter_rounded(int64_t n, int64_t size, const float *dy, const int64_t *index, tp_dtype narrow, float *dx)
{
    for (int64_t i = 0; i < n; i++) {
        if (index[i] == -1) continue;
        if ((uint64_t)index[i] >= (uint64_t)size) return i;
        dx[index[i]] = tp__round_to(narrow, dx[index[i]] + dy[i]);
    }
    return -1;
}

typedef struct job {
    const tp__pool *g;
    const void *in;
    void *out;
    int64_t *index;
    const int64_t *at;
    bool add;
    _Atomic int64_t wrong;
    void (*work)(struct job *, int64_t plane);
} job;

static int64_t size_of(const tp__pool *g) { return g->size[0] * g->size[1] * g->size[2]; }
static int64_t out_of(const tp__pool *g) { return g->out[0] * g->out[1] * g->out[2]; }

static void forward_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t from = plane * size_of(g), to = plane * out_of(g);
    int64_t *index = t->index + to;
    if (g->is_2x2 && g->dtype == TP_F32 && g->out[2] >= 4 && g->size[2] < INT32_MAX) pool_2x2(g, (const float *)t->in + from, (float *)t->out + to, index);
    else if (g->dtype == TP_F32) pool_any_float(g, (const float *)t->in + from, (float *)t->out + to, index);
    else if (g->dtype == TP_F64) pool_any_double(g, (const double *)t->in + from, (double *)t->out + to, index);
    else pool_any_int64_t(g, (const int64_t *)t->in + from, (int64_t *)t->out + to, index);
}

static void note_wrong(job *t, int64_t place)
{
    int64_t none = -1;
    atomic_compare_exchange_strong(&t->wrong, &none, place);
}

static void scatter_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t size = size_of(g), to = plane * size, n = out_of(g), from = plane * n, item = (int64_t)tp_dtype_size(g->dtype);
    const char *dy = (const char *)t->in + from * item;
    char *dx = (char *)t->out + to * item;
    memset(dx, 0, (size_t)(size * item));
    const bool rounds = t->add && (g->narrow == TP_F16 || g->narrow == TP_BF16);
    const int64_t wrong = rounds ? scatter_rounded(n, size, (const float *)dy, t->at + from, g->narrow, (float *)dx)
                        : g->dtype == TP_F32 ? scatter_float(n, size, (const float *)dy, t->at + from, t->add, (float *)dx)
                        : g->dtype == TP_F64 ? scatter_double(n, size, (const double *)dy, t->at + from, t->add, (double *)dx)
                                             : scatter_int64_t(n, size, (const int64_t *)dy, t->at + from, t->add, (int64_t *)dx);
    if (wrong >= 0) note_wrong(t, from + wrong);
}

static void pick_plane(job *t, int64_t plane)
{
    const tp__pool *g = t->g;
    const int64_t size = size_of(g), from = plane * size, n = out_of(g), to = plane * n, item = (int64_t)tp_dtype_size(g->dtype);
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
    const int64_t size = size_of(t->g) + out_of(t->g);
    const int threads = t->g->threads < 1 || t->g->planes * size < PARALLEL_ELEMENTS ? 1 : t->g->threads;
    t->wrong = -1;
    t->work = work;
    tp__parallel_items(t->g->planes, size, threads, run_planes, t);
    return t->wrong;
}

void tp__pool_max(const tp__pool *g, const void *x, void *y, int64_t *index)
{
    each_plane(&(job){ .g = g, .in = x, .out = y, .index = index }, forward_plane);
}
int64_t tp__pool_scatter(const tp__pool *g, const void *dy, const int64_t *index, bool add, void *dx)
{
    return each_plane(&(job){ .g = g, .in = dy, .out = dx, .at = index, .add = add }, scatter_plane);
}
int64_t tp__pool_pick(const tp__pool *g, const void *x, const int64_t *index, void *y)
{
    return each_plane(&(job){ .g = g, .in = x, .out = y, .at = index }, pick_plane);
}
