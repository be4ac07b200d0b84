/* norm_loops.h: the loops of norm.c over one row, or two, in float32 and float64; of norm.c alone. */
#include "cpu/lanes.h"
#include "cpu/simd.h"
#include "cpu/stream.h"

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
