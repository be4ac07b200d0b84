/* attention_rows.h: the loops of attention.c over rows of scores, of float32 and of float64. Included there alone. */
#ifndef TP__ATTENTION_ROWS_H
#define TP__ATTENTION_ROWS_H

#include "cpu/vecmath.h"

#include <math.h>
#include <stdbool.h>

enum { LANES = 32 };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* `seen`: the keys that row 0 of a block sees, each next row `more` more. Rows of scores are `ld` apart, with room for whole LANES. */
#define EACH(l) for (int l = 0; l < LANES; l++)
#define SEEN(r) most(0, least(cols, seen + (r) * more))

#define LEAVES(bits, T, FALLING) \
    static TP__INLINE void scaled_f##bits##_body(int64_t rows, int64_t width, const T *x, int64_t row, T scale, T *y) \
    { \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t i = 0; i < width; i++) y[r * width + i] = x[r * row + i] * scale; \
    } \
    TP__SIMD(static, scaled_f##bits, (int64_t rows, int64_t width, const T *x, int64_t row, T scale, T *y), (rows, width, x, row, scale, y)) \
    static TP__INLINE void scale_rows_f##bits##_body(int64_t rows, int64_t width, T *y, int64_t row, const T *by) \
    { \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t i = 0; i < width; i++) y[r * row + i] *= by[r]; \
    } \
    TP__SIMD(static, scale_rows_f##bits, (int64_t rows, int64_t width, T *y, int64_t row, const T *by), (rows, width, y, row, by)) \
    static TP__INLINE void mask_row_f##bits##_body(int64_t n, T *s, const T *mask, bool is_bool) \
    { \
        if (is_bool) for (int64_t i = 0; i < n; i++) s[i] = mask[i] != 0 ? s[i] : (T)-INFINITY; \
        else for (int64_t i = 0; i < n; i++) s[i] += mask[i]; \
    } \
    TP__SIMD(static, mask_row_f##bits, (int64_t n, T *s, const T *mask, bool is_bool), (n, s, mask, is_bool)) \
    /* Scores become weights e^(score - m); m and sum are brought up to date; keep: what earlier weights are multiplied by */ \
    static TP__INLINE void weigh_f##bits##_body(int64_t rows, int64_t cols, int64_t seen, int64_t more, T *s, int64_t ld, T *m, T *sum, T *keep) \
    { \
        for (int64_t r = 0; r < rows; r++, s += ld) { \
            const int64_t n = SEEN(r), wide = ceil_div(n, LANES) * LANES; \
            T part[LANES]; \
            for (int64_t i = n; i < wide; i++) s[i] = (T)-INFINITY; \
            EACH(l) part[l] = (T)-INFINITY; \
            for (int64_t c = 0; c < wide; c += LANES) EACH(l) part[l] = s[c + l] > part[l] ? s[c + l] : part[l]; \
            for (int half = LANES / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) part[l] = part[l + half] > part[l] ? part[l + half] : part[l]; \
            const T now = part[0] > m[r] ? part[0] : m[r], from = now == (T)-INFINITY ? 0 : now; \
            EACH(l) part[l] = 0; \
            for (int64_t c = 0; c < wide; c += LANES) EACH(l) part[l] += s[c + l] = FALLING(s[c + l] - from); \
            for (int half = LANES / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) part[l] += part[l + half]; \
            keep[r] = FALLING(m[r] - from); \
            sum[r] = sum[r] * keep[r] + part[0]; \
            m[r] = now; \
            for (int64_t i = wide; i < cols; i++) s[i] = 0; \
        } \
    } \
    TP__SIMD(static, weigh_f##bits, (int64_t rows, int64_t cols, int64_t seen, int64_t more, T *s, int64_t ld, T *m, T *sum, T *keep), \
             (rows, cols, seen, more, s, ld, m, sum, keep)) \
    static TP__INLINE void inner_f##bits##_body(int64_t rows, int64_t width, const T *x, int64_t row_x, const T *y, int64_t row_y, T *d) \
    { \
        for (int64_t r = 0; r < rows; r++) { \
            T part[LANES], rest = 0; \
            int64_t c = 0; \
            EACH(l) part[l] = 0; \
            for (; c + LANES <= width; c += LANES) EACH(l) part[l] += x[r * row_x + c + l] * y[r * row_y + c + l]; \
            for (; c < width; c++) rest += x[r * row_x + c] * y[r * row_y + c]; \
            for (int half = LANES / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) part[l] += part[l + half]; \
            d[r] = part[0] + rest; \
        } \
    } \
    TP__SIMD(static, inner_f##bits, (int64_t rows, int64_t width, const T *x, int64_t row_x, const T *y, int64_t row_y, T *d), \
             (rows, width, x, row_x, y, row_y, d)) \
    static TP__INLINE void weights_f##bits##_body(int64_t rows, int64_t cols, int64_t seen, int64_t more, T *s, int64_t ld, const T *sums) \
    { \
        for (int64_t r = 0; r < rows; r++, s += ld) { \
            const int64_t n = SEEN(r); \
            for (int64_t i = 0; i < n; i++) s[i] = FALLING(s[i] - sums[r]); \
            for (int64_t i = n; i < cols; i++) s[i] = 0; \
        } \
    } \
    TP__SIMD(static, weights_f##bits, (int64_t rows, int64_t cols, int64_t seen, int64_t more, T *s, int64_t ld, const T *sums), \
             (rows, cols, seen, more, s, ld, sums)) \
    static TP__INLINE void slopes_f##bits##_body(int64_t rows, int64_t cols, const T *p, T *dp, int64_t ld, const T *d) \
    { \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t i = 0; i < cols; i++) dp[r * ld + i] = p[r * ld + i] * (dp[r * ld + i] - d[r]); \
    } \
    TP__SIMD(static, slopes_f##bits, (int64_t rows, int64_t cols, const T *p, T *dp, int64_t ld, const T *d), (rows, cols, p, dp, ld, d)) \
    /* m and sum of rows that are done: by: 1 / sum, and 0 of a row that saw nothing; m: what is kept */ \
    static void finish_f##bits(int64_t rows, T *m, const T *sum, T *by) \
    { \
        for (int64_t r = 0; r < rows; r++) { \
            const bool blind = sum[r] == 0; \
            by[r] = blind ? 0 : 1 / sum[r]; \
            m[r] = blind ? (T)INFINITY : m[r] + (T)log((double)sum[r]); \
        } \
    }
LEAVES(32, float, tp__exp_falling_f32)
LEAVES(64, double, tp__exp_falling_f64)

#undef LEAVES
#undef SEEN
#undef EACH

#endif
