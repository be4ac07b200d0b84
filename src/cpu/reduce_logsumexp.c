/* reduce_logsumexp.c: log(sum(exp(x))) over any dims of any layout: the greatest x so far, and the sum of exp(x - it). */
#include "cpu/reduce_fold.h"
#include "cpu/vecmath.h"

enum { MAX, SUM, PARTS, LANES = 32, FEW = 8, CHUNK = 512, WIDTH = 512 };

/* An infinite greatest is no shift: exp(x) is then 0 or infinite by itself. */
static inline double shift_of(double max) { return isinf(max) ? 0 : max; }

static inline void add_exp(tp__total *acc, int64_t apart, double max, double sum)
{
    const double was = acc[MAX * apart].real, most = max > was ? max : was, shift = shift_of(most);
    const double a = acc[SUM * apart].real, b = sum;
    acc[MAX * apart].real = most;
    acc[SUM * apart].real = (a == 0 ? 0 : a * exp(shift_of(was) - shift)) + (b == 0 ? 0 : b * exp(shift_of(max) - shift));
}

/* The order of the sums is PyTorch's, in float32: what comes of integers is compared with it to the last bit. */
#define LOGSUM(dtype, T, EXP, ONE_EXP) \
    static TP__INLINE void most_##dtype##_body(int64_t n, const T *x, T *max) \
    { \
        T m[LANES], most = x[0]; \
        int64_t i = 0; \
        if (n >= LANES) { \
            for (int l = 0; l < LANES; l++) m[l] = x[l]; \
            for (i = LANES; i + LANES <= n; i += LANES) \
                for (int l = 0; l < LANES; l++) m[l] = x[i + l] > m[l] ? x[i + l] : m[l]; \
            for (int l = 0; l < LANES; l++) most = m[l] > most ? m[l] : most; \
        } \
        for (; i < n; i++) most = x[i] > most ? x[i] : most; \
        *max = most != most ? (T)-HUGE_VAL : most;     /* a NaN goes into the sum, not here */ \
    } \
    TP__SIMD(static, most_##dtype, (int64_t n, const T *x, T *max), (n, x, max)) \
    static TP__INLINE void sum_exp_##dtype##_body(int64_t n, const T *x, T shift, double *sum) \
    { \
        T part[LANES] = { 0 }, rest = 0; \
        int64_t i = 0; \
        if (n < FEW) { \
            for (; i + 4 <= n; i += 4) \
                for (int l = 0; l < 4; l++) part[l] += ONE_EXP(x[i + l] - shift); \
            for (; i < n; i++) part[0] += ONE_EXP(x[i] - shift); \
            *sum = (double)(part[0] + part[1] + part[2] + part[3]); \
            return; \
        } \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) part[l] += EXP(x[i + l] - shift); \
        for (; i + FEW <= n; i += FEW) \
            for (int l = 0; l < FEW; l++) part[l] += EXP(x[i + l] - shift); \
        for (; i < n; i++) rest += EXP(x[i] - shift); \
        for (int from = FEW; from < LANES; from += FEW) \
            for (int l = 0; l < FEW; l++) part[l] += part[from + l]; \
        for (int l = 0; l < FEW; l++) rest += part[l]; \
        *sum = (double)rest; \
    } \
    TP__SIMD(static, sum_exp_##dtype, (int64_t n, const T *x, T shift, double *sum), (n, x, shift, sum)) \
    static TP__INLINE void columns_exp_##dtype##_body(int64_t rows, int64_t w, const T *x, int64_t stride, T *max, T *sum) \
    { \
        T shift[WIDTH]; \
        for (int64_t j = 0; j < w; j++) { max[j] = (T)-HUGE_VAL; sum[j] = 0; } \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t j = 0; j < w; j++) max[j] = x[r * stride + j] > max[j] ? x[r * stride + j] : max[j]; \
        for (int64_t j = 0; j < w; j++) shift[j] = max[j] - max[j] == 0 ? max[j] : 0; \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t j = 0; j < w; j++) sum[j] += EXP(x[r * stride + j] - shift[j]); \
    } \
    TP__SIMD(static, columns_exp_##dtype, (int64_t rows, int64_t w, const T *x, int64_t stride, T *max, T *sum), (rows, w, x, stride, max, sum)) \
    static void run_exp_##dtype(const tp__fold *f, int64_t n, const void *from, tp__total *acc, int64_t apart) \
    { \
        (void)f; \
        for (int64_t i = 0; i < n; i += CHUNK) { \
            const T *x = (const T *)from + i; \
            const int64_t m = n - i < CHUNK ? n - i : CHUNK; \
            T max; \
            double sum; \
            most_##dtype(m, x, &max); \
            sum_exp_##dtype(m, x, (T)shift_of((double)max), &sum); \
            add_exp(acc, apart, (double)max, sum); \
        } \
    } \
    static void rows_exp_##dtype(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f; \
        T max[WIDTH], sum[WIDTH]; \
        columns_exp_##dtype(rows, w, x, stride, max, sum); \
        for (int64_t j = 0; j < w; j++) add_exp(acc + j, apart, (double)max[j], (double)sum[j]); \
    }
#define ROUNDED_EXP(v) ((float)tp__exp_f64((double)(v)))
LOGSUM(f32, float, tp__exp_f32, ROUNDED_EXP)
LOGSUM(f64, double, exp, exp)

static void begin_exp(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart)
{
    (void)f;
    for (int64_t j = 0; j < w; j++) acc[MAX * apart + j].real = -HUGE_VAL, acc[SUM * apart + j].real = 0;
}

static void join_exp(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart)
{
    (void)f;
    for (int64_t j = 0; j < w; j++) add_exp(to + j, apart, from[MAX * apart + j].real, from[SUM * apart + j].real);
}

/* float32 ends in float32, as in PyTorch: of integers the result is then the same to the last bit. */
static void finish_exp(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)output;
    for (int64_t j = 0; j < w; j++) {
        const double shift = shift_of(acc[MAX * apart + j].real), sum = acc[SUM * apart + j].real;
        y[j].real = f->takes == TP_F64 ? shift + log(sum) : (double)((float)shift + logf((float)sum));
    }
}

static tp_status logsumexp_kernel(tp__call *call)
{
#define EXP_ROW(T, dtype) { .takes = TP_##T, .gives = TP_F64, .parts = PARTS, .width = WIDTH, .begin = begin_exp, .run = run_exp_##dtype, \
    .rows = rows_exp_##dtype, .join = join_exp, .finish = finish_exp }
    static const tp__fold folds[] = { EXP_ROW(F32, f32), EXP_ROW(F64, f64) };
    return tp__fold_all(call, folds[tp__fold_floats(call->in[0], call->out[0]) == TP_F64]);
}

const tp_kernel tp__cpu_reduce_logsumexp[] = { { "logsumexp", logsumexp_kernel, NULL }, { NULL, NULL, NULL } };
