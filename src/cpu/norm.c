/* norm.c: normalization of rows, of layer_norm, group_norm and rms_norm, forward and backward. A row is read from memory once, and
 * from the cache after that; large results go past the caches. Sums over the rows, which the gradients of weight and bias are, are taken in blocks that do not
 * depend on the number of threads.
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
#include "cpu/lanes.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"
#include "cpu/stream.h"

#include <math.h>

enum { BLOCKS = 32, BLOCK = 1 << 14, PARALLEL = 1 << 15, ROUNDED = 8 };

/* ---- Leaf loops ---------------------------------------------------------------------------------------------------------------------------- */

/* Two sums over a row, in MANY partial ones each, of terms of what TAKE reads of the arrays: as many elements at once as KIND
 * says, from i on. The last argument, if there is one, is done before each MANY from k_ on. */
enum { MANY = 4 * TP__LANES };
#define TWO_SUMS(dtype, n, TAKE, first, second, a, b, ...) do { \
        tp__##dtype##x16 p_[4] = { 0 }, q_[4] = { 0 }; \
        tp__##dtype##x1 p_rest_ = 0, q_rest_ = 0; \
        int64_t k_ = 0; \
        for (; k_ + MANY <= (n); k_ += MANY) { \
            __VA_ARGS__; \
            TP__UNROLLED for (int l = 0; l < 4; l++) { TAKE(tp__##dtype##x16, k_ + l * TP__LANES) p_[l] += (first); q_[l] += (second); } \
        } \
        for (; k_ + TP__LANES <= (n); k_ += TP__LANES) { TAKE(tp__##dtype##x16, k_) p_[0] += (first); q_[0] += (second); } \
        for (int64_t i = k_; i < (n); i++) { TAKE(tp__##dtype##x1, i) p_rest_ += (first); q_rest_ += (second); } \
        p_[0] = (p_[0] + p_[2]) + (p_[1] + p_[3]); \
        q_[0] = (q_[0] + q_[2]) + (q_[1] + q_[3]); \
        *(a) = k_ ? tp__sum_##dtype##x16(&p_[0]) + p_rest_ : p_rest_; \
        *(b) = k_ ? tp__sum_##dtype##x16(&q_[0]) + q_rest_ : q_rest_; \
    } while (0)
/* The same sums, to the bit, in vectors of 32 bytes, which gcc keeps in registers where it has no larger ones. */
#define TWO_SUMS_OF_8(dtype, n, TAKE, first, second, a, b, ...) do { \
        tp__##dtype##x8 p_[8] = { 0 }, q_[8] = { 0 }; \
        tp__##dtype##x1 p_rest_ = 0, q_rest_ = 0; \
        int64_t k_ = 0; \
        for (; k_ + MANY <= (n); k_ += MANY) { \
            __VA_ARGS__; \
            TP__UNROLLED for (int l = 0; l < 8; l++) { TAKE(tp__##dtype##x8, k_ + l * 8) p_[l] += (first); q_[l] += (second); } \
        } \
        for (; k_ + TP__LANES <= (n); k_ += TP__LANES) \
            TP__UNROLLED for (int l = 0; l < 2; l++) { TAKE(tp__##dtype##x8, k_ + l * 8) p_[l] += (first); q_[l] += (second); } \
        for (int64_t i = k_; i < (n); i++) { TAKE(tp__##dtype##x1, i) p_rest_ += (first); q_rest_ += (second); } \
        p_[0] = ((p_[0] + p_[4]) + (p_[2] + p_[6])) + ((p_[1] + p_[5]) + (p_[3] + p_[7])); \
        q_[0] = ((q_[0] + q_[4]) + (q_[2] + q_[6])) + ((q_[1] + q_[5]) + (q_[3] + q_[7])); \
        *(a) = k_ ? SUM_OF_8(p_[0]) + p_rest_ : p_rest_; \
        *(b) = k_ ? SUM_OF_8(q_[0]) + q_rest_ : q_rest_; \
    } while (0)
#define SUM_OF_8(v) (((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])))
typedef float tp__f32x8u __attribute__((vector_size(32), aligned(4), may_alias));

#if TP__HAS_X86
#define BY_WIDTH(name, params, args) \
    __attribute__((target(TP__TARGET_AVX512))) static void name##_avx512 params { name##_body args; } \
    __attribute__((target(TP__TARGET_AVX2))) static void name##_avx2 params { name##_narrow_body args; } \
    static void name##_base params { name##_narrow_body args; } \
    static void name params \
    { \
        const int level = tp__simd_level(); \
        if (level == TP__SIMD_AVX512) name##_avx512 args; \
        else if (level == TP__SIMD_AVX2) name##_avx2 args; \
        else name##_base args; \
    }
#else
#define BY_WIDTH(name, params, args) static void name params { name##_narrow_body args; }
#endif
#define AT(KIND, name, from, i) const KIND name = *(const KIND##u *)((from) + (i));
#define SHIFTED(KIND, i) AT(KIND, u, x, i) const KIND t = u - shift;
#define X_ALONE(KIND, i) AT(KIND, t, x, i)
#define DY_X(KIND, i)    AT(KIND, g, dy, i) AT(KIND, t, x, i)
#define DY_X_W(KIND, i)  AT(KIND, g0, dy, i) AT(KIND, t, x, i) AT(KIND, weight, w, i) const KIND g = g0 * weight;

/* The terms of dw and db are added on the way. */
#define DY_X_W_BOTH(KIND, i) DY_X_W(KIND, i) *(KIND##u *)(dw + (i)) += g0 * (r * t + c); *(KIND##u *)(db + (i)) += g0;

#define SUM_LEAVES(dtype, T, suffix, TWO) \
    static TP__INLINE void sums_##dtype##suffix##_body(int64_t n, const T *x, T shift, T *rest, T *squares) \
    { \
        TWO(dtype, n, SHIFTED, t, t * t, rest, squares, ); \
    } \
    static TP__INLINE void sum_##dtype##suffix##_body(int64_t n, const T *x, T *sum) { T none; TWO(dtype, n, X_ALONE, t, 0, sum, &none, ); } \
    static TP__INLINE void back_sums_##dtype##suffix##_body(int64_t n, const T *dy, const T *x, const T *w, T *A, T *B) \
    { \
        if (w) TWO(dtype, n, DY_X_W, g * t, g, A, B, ); \
        else TWO(dtype, n, DY_X, g * t, g, A, B, ); \
    } \
    static TP__INLINE void back_both_##dtype##suffix##_body(int64_t n, const T *dy, const T *x, const T *w, T r, T c, T *dw, T *db, T *A, T *B) \
    { \
        TWO(dtype, n, DY_X_W_BOTH, g * t, g, A, B, tp__ask_for((const char *)(dy + n + k_) + TP__AHEAD, MANY * (int64_t)sizeof(T))); \
    }
SUM_LEAVES(f32, float, , TWO_SUMS)
SUM_LEAVES(f32, float, _narrow, TWO_SUMS_OF_8)
SUM_LEAVES(f64, double, , TWO_SUMS)
SUM_LEAVES(f64, double, _narrow, TWO_SUMS)

#define LEAVES(dtype, T) \
    BY_WIDTH(sums_##dtype, (int64_t n, const T *x, T shift, T *rest, T *squares), (n, x, shift, rest, squares)) \
    BY_WIDTH(sum_##dtype, (int64_t n, const T *x, T *sum), (n, x, sum)) \
    /* y = (x - m) r w + b, weights by element, or one of each for all */ \
    static TP__INLINE void scale_##dtype##_body(int64_t n, const T *x, T m, T r, const T *w, const T *b, T *y) \
    { \
        if (w && b) for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * r * w[i] + b[i]; \
        else if (w) for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * r * w[i]; \
        else if (b) for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * r + b[i]; \
        else for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * r; \
    } \
    TP__SIMD(static, scale_##dtype, (int64_t n, const T *x, T m, T r, const T *w, const T *b, T *y), (n, x, m, r, w, b, y)) \
    static TP__INLINE void scale_all_##dtype##_body(int64_t n, const T *x, T m, T r, T w, T b, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * r * w + b; \
    } \
    TP__SIMD(static, scale_all_##dtype, (int64_t n, const T *x, T m, T r, T w, T b, T *y), (n, x, m, r, w, b, y)) \
    BY_WIDTH(back_sums_##dtype, (int64_t n, const T *dy, const T *x, const T *w, T *A, T *B), (n, dy, x, w, A, B)) \
    BY_WIDTH(back_both_##dtype, (int64_t n, const T *dy, const T *x, const T *w, T r, T c, T *dw, T *db, T *A, T *B), (n, dy, x, w, r, c, dw, db, A, B)) \
    /* Of two rows, `step` apart, in pieces by turns, so that dw and db come to the first cache once for both: r and c of each, A and B of each. \
     * n is a multiple of MANY. */ \
    static TP__INLINE void back_pair_##dtype##_body(int64_t n, int64_t step, const T *dys, const T *xs, const T *w, const T *rc, T *dw, T *db, T *AB) \
    { \
        tp__##dtype##x16 p[8] = { 0 }, q[8] = { 0 };       /* four of a row; the compiler keeps them in registers, which it does of no [2][4] */ \
        for (int64_t k = 0; k < n; k += MANY) \
            TP__UNROLLED for (int s = 0; s < 8; s += 4) { \
                const T *const dy = dys + s / 4 * step, *const x = xs + s / 4 * step; \
                const T r = rc[s / 2], c = rc[s / 2 + 1]; \
                tp__ask_for((const char *)(dy + 2 * step + k) + TP__AHEAD, MANY * (int64_t)sizeof(T)); \
                TP__UNROLLED for (int l = 0; l < 4; l++) { DY_X_W_BOTH(tp__##dtype##x16, k + l * TP__LANES) p[s + l] += g * t; q[s + l] += g; } \
            } \
        TP__UNROLLED for (int s = 0; s < 8; s += 4) { \
            p[s] = (p[s] + p[s + 2]) + (p[s + 1] + p[s + 3]); \
            q[s] = (q[s] + q[s + 2]) + (q[s + 1] + q[s + 3]); \
            AB[s / 2] = tp__sum_##dtype##x16(&p[s]) + (T)0; \
            AB[s / 2 + 1] = tp__sum_##dtype##x16(&q[s]) + (T)0; \
        } \
    } \
    TP__SIMD(static, back_pair_##dtype, (int64_t n, int64_t step, const T *dys, const T *xs, const T *w, const T *rc, T *dw, T *db, T *AB), \
             (n, step, dys, xs, w, rc, dw, db, AB)) \
    /* Either of dw and db may be NULL */ \
    static TP__INLINE void back_params_##dtype##_body(int64_t n, const T *dy, const T *x, T r, T c, T *dw, T *db) \
    { \
        if (dw && db) for (int64_t i = 0; i < n; i++) { dw[i] += dy[i] * (r * x[i] + c); db[i] += dy[i]; } \
        else if (dw) for (int64_t i = 0; i < n; i++) dw[i] += dy[i] * (r * x[i] + c); \
        else for (int64_t i = 0; i < n; i++) db[i] += dy[i]; \
    } \
    TP__SIMD(static, back_params_##dtype, (int64_t n, const T *dy, const T *x, T r, T c, T *dw, T *db), (n, dy, x, r, c, dw, db)) \
    static TP__INLINE void back_##dtype##_body(int64_t n, const T *dy, const T *x, const T *w, T one, T p, T q, T *dx) \
    { \
        if (w) for (int64_t i = 0; i < n; i++) dx[i] = one * dy[i] * w[i] + p * x[i] + q; \
        else for (int64_t i = 0; i < n; i++) dx[i] = one * dy[i] + p * x[i] + q; \
    } \
    TP__SIMD(static, back_##dtype, (int64_t n, const T *dy, const T *x, const T *w, T one, T p, T q, T *dx), (n, dy, x, w, one, p, q, dx))
LEAVES(f32, float)
LEAVES(f64, double)

/* The last loops over a streamed row, of float32: as `scale` and `back` of rows whose weights go by element. */
#define PAST(term, ahead, LINE) TP__STREAM_ROW(float, n, y, term, ahead, LINE)
#define SCALE(LINE) { \
        if (w && b) PAST((x[i] - m) * r * w[i] + b[i], BEFORE_##LINE(x + next + at), LINE); \
        else if (w) PAST((x[i] - m) * r * w[i], BEFORE_##LINE(x + next + at), LINE); \
        else if (b) PAST((x[i] - m) * r + b[i], BEFORE_##LINE(x + next + at), LINE); \
        else PAST((x[i] - m) * r, BEFORE_##LINE(x + next + at), LINE); \
    }
#define BACK(LINE) { \
        if (w) PAST(one * dy[i] * w[i] + p * x[i] + q, BEFORE_##LINE(x + next + at), LINE); \
        else PAST(one * dy[i] + p * x[i] + q, BEFORE_##LINE(x + next + at), LINE); \
    }
/* Whole lines stored past the caches one after the other, while what they are made of comes from the second cache, hold up what is asked for.
 * With three stores into the first cache before each, whose values nobody reads, the loop takes three quarters of the time; and where a line is
 * more than one store, it takes longer. */
#define BEFORE_tp__line_avx512(next) tp__ask_for((const char *)(next) + 2 * TP__AHEAD, 1); pace()
#define BEFORE_tp__line_avx2(next)   tp__ask_ahead(next)
#define BEFORE_tp__line_base(next)   tp__ask_ahead(next)
#if TP__HAS_X86
typedef float line __attribute__((vector_size(TP__LINE)));
static TP__INLINE void pace(void)
{
    volatile line unread[3];
    for (int k = 0; k < 3; k++) unread[k] = (line){ 0 };
    (void)unread;
}
#endif
/* `next`: elements to the row that is read next */
TP__SIMD_LINES(static, scale_past, (int64_t n, int64_t next, const float *x, float m, float r, const float *w, const float *b, float *y),
               (n, next, x, m, r, w, b, y), SCALE)
TP__SIMD_LINES(static, back_past, (int64_t n, int64_t next, const float *dy, const float *x, const float *w, float one, float p, float q, float *y),
               (n, next, dy, x, w, one, p, q, y), BACK)

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
