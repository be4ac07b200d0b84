/* reduce_moments.c: mean and variance over any dims of any layout. A block that the first cache holds is read twice, for its mean
 * and for the squares of what is left; blocks are joined as in Chan, Golub, LeVeque 1979:
 *
 *   d = m' - m,  m += d n' / (n + n'),  M2 += M2' + d^2 n n' / (n + n') */
#include "core/kernel_args.h"
#include "cpu/reduce_fold.h"
#include "cpu/simd.h"

#include <math.h>

enum { COUNT, MEAN, SQUARES, PARTS, CHUNK = 2048, LANES = 32, WIDTH = 512 };

static inline void add_block(tp__total *acc, int64_t apart, double n, double mean, double squares)
{
    const double before = acc[COUNT * apart].real, all = before + n, d = mean - acc[MEAN * apart].real;
    if (before == 0) {
        acc[MEAN * apart].real = mean;
        acc[SQUARES * apart].real = squares;
    } else {
        acc[MEAN * apart].real += d * n / all;
        acc[SQUARES * apart].real += squares + d * d * before * n / all;
    }
    acc[COUNT * apart].real = all;
}

/* Of n elements, or w columns: the sum, then the sums of x - shift and of its square. */
#define LEAVES(dtype, T) \
    static TP__INLINE void sum_##dtype##_body(int64_t n, const T *x, double *out) \
    { \
        T part[LANES] = { 0 }, sum = 0; \
        int64_t i = 0; \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) part[l] += x[i + l]; \
        for (; i < n; i++) sum += x[i]; \
        for (int half = LANES / 2; half; half /= 2) \
            for (int l = 0; l < half; l++) part[l] += part[l + half]; \
        *out = (double)(sum + part[0]); \
    } \
    TP__SIMD(static, sum_##dtype, (int64_t n, const T *x, double *out), (n, x, out)) \
    static TP__INLINE void spread_##dtype##_body(int64_t n, const T *x, T shift, double *rest, double *squares) \
    { \
        T a[LANES] = { 0 }, b[LANES] = { 0 }, s = 0, q = 0; \
        int64_t i = 0; \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) { const T d = x[i + l] - shift; a[l] += d; b[l] += d * d; } \
        for (; i < n; i++) { const T d = x[i] - shift; s += d; q += d * d; } \
        for (int half = LANES / 2; half; half /= 2) \
            for (int l = 0; l < half; l++) { a[l] += a[l + half]; b[l] += b[l + half]; } \
        *rest = (double)(s + a[0]); \
        *squares = (double)(q + b[0]); \
    } \
    TP__SIMD(static, spread_##dtype, (int64_t n, const T *x, T shift, double *rest, double *squares), (n, x, shift, rest, squares)) \
    static TP__INLINE void columns_##dtype##_body(int64_t rows, int64_t w, const T *x, int64_t stride, T *shift, T *rest, T *squares) \
    { \
        memset(shift, 0, (size_t)w * sizeof *shift); \
        memset(rest, 0, (size_t)w * sizeof *rest); \
        memset(squares, 0, (size_t)w * sizeof *squares); \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t j = 0; j < w; j++) shift[j] += x[r * stride + j]; \
        for (int64_t j = 0; j < w; j++) shift[j] /= (T)rows; \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t j = 0; j < w; j++) { \
                const T d = x[r * stride + j] - shift[j]; \
                rest[j] += d; \
                squares[j] += d * d; \
            } \
    } \
    TP__SIMD(static, columns_##dtype, (int64_t rows, int64_t w, const T *x, int64_t stride, T *shift, T *rest, T *squares), \
             (rows, w, x, stride, shift, rest, squares)) \
    static void run_##dtype(const tp__fold *f, int64_t n, const void *from, tp__total *acc, int64_t apart) \
    { \
        (void)f; \
        const T *x = from; \
        for (int64_t i = 0; i < n; i += CHUNK) { \
            const int64_t m = n - i < CHUNK ? n - i : CHUNK; \
            double sum, rest, squares; \
            sum_##dtype(m, x + i, &sum); \
            const T shift = (T)(sum / (double)m); \
            spread_##dtype(m, x + i, shift, &rest, &squares); \
            rest = isfinite((double)shift) ? rest / (double)m : 0; \
            add_block(acc, apart, (double)m, (double)shift + rest, squares - rest * rest * (double)m); \
        } \
    } \
    static void rows_##dtype(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f; \
        _Alignas(64) T shift[WIDTH], rest[WIDTH], squares[WIDTH]; \
        columns_##dtype(rows, w, x, stride, shift, rest, squares); \
        for (int64_t j = 0; j < w; j++) { \
            const double off = isfinite((double)shift[j]) ? (double)rest[j] / (double)rows : 0; \
            add_block(acc + j, apart, (double)rows, (double)shift[j] + off, (double)squares[j] - off * off * (double)rows); \
        } \
    }
LEAVES(f32, float)
LEAVES(f64, double)

static void begin(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart)
{
    (void)f;
    for (int k = 0; k < PARTS; k++)
        for (int64_t j = 0; j < w; j++) acc[k * apart + j].real = 0;
}

static void join(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart)
{
    (void)f;
    for (int64_t j = 0; j < w; j++)
        add_block(to + j, apart, from[COUNT * apart + j].real, from[MEAN * apart + j].real, from[SQUARES * apart + j].real);
}

/* f->number is the correction; with fewer elements than that the variance is infinite. */
static void finish(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    const double divisor = (double)f->count > f->number ? (double)f->count - f->number : 0;
    for (int64_t j = 0; j < w; j++) {
        const double squares = acc[SQUARES * apart + j].real;
        y[j].real = !f->count ? NAN : output ? acc[MEAN * apart + j].real : (squares < 0 ? 0 : squares) / divisor;
    }
}

static void finish_root(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    finish(f, w, acc, apart, output, y);
    for (int64_t j = 0; j < w && !output; j++) y[j].real = sqrt(y[j].real);
}

tp__fold tp__fold_moments(bool wide, bool root, double correction)
{
    static const tp__fold folds[] = {
        { .takes = TP_F32, .gives = TP_F64, .parts = PARTS, .width = WIDTH, .begin = begin, .run = run_f32, .rows = rows_f32, .join = join },
        { .takes = TP_F64, .gives = TP_F64, .parts = PARTS, .width = WIDTH, .begin = begin, .run = run_f64, .rows = rows_f64, .join = join },
    };
    tp__fold f = folds[wide];
    f.finish = root ? finish_root : finish;
    f.number = correction;
    return f;
}

static tp_status moments(tp__call *call, bool root)
{
    return tp__fold_all(call, tp__fold_moments(call->in[0]->dtype == TP_F64, root, ((const tp__moments *)call->attr)->less));
}

static tp_status var_kernel(tp__call *call) { return moments(call, false); }
static tp_status std_kernel(tp__call *call) { return moments(call, true); }

const tp_kernel tp__cpu_reduce_moments[] = {
    { "var", var_kernel, NULL }, { "std", std_kernel, NULL }, { "var_mean", var_kernel, NULL }, { "std_mean", std_kernel, NULL }, { NULL, NULL, NULL },
};
