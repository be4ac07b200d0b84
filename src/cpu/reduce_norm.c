/* reduce_norm.c: vector norms over any dims of any layout. */
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/reduce_fold.h"
#include "cpu/simd.h"

#include <math.h>

enum { LANES = 32 };

/* ---- Sums of |x|^p, and for p = inf and -inf the greatest and the least |x| ------------------------------------------------------------- */

static TP__INLINE double power_of(double x, double p) { return pow(fabs(x), p); }
static TP__INLINE double greater(double v, double m) { return ((v > m) | (v != v)) ? v : m; }
static TP__INLINE double less(double v, double m) { return ((v < m) | (v != v)) ? v : m; }

#define SQUARE(v)    ((double)(v) * (double)(v))
#define SIZE(v)      fabs((double)(v))
#define IS_NOT_0(v)  ((v) != 0 ? 1.0 : 0.0)
#define ADD(a, v)    ((a) + (v))

#define NORM(name, T, TERM, TAKE, first) \
    static TP__INLINE void run_##name##_body(int64_t n, const T *x, double *out) \
    { \
        double part[LANES], sum = *out; \
        int64_t i = 0; \
        for (int l = 0; l < LANES; l++) part[l] = first; \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) part[l] = TAKE(part[l], TERM(x[i + l])); \
        for (int half = LANES / 2; half; half /= 2) \
            for (int l = 0; l < half; l++) part[l] = TAKE(part[l], part[l + half]); \
        sum = TAKE(sum, part[0]); \
        for (; i < n; i++) sum = TAKE(sum, TERM(x[i])); \
        *out = sum; \
    } \
    TP__SIMD(static, run_##name, (int64_t n, const T *x, double *out), (n, x, out)) \
    static TP__INLINE void rows_##name##_body(int64_t rows, int64_t w, const T *x, int64_t stride, tp__total *acc) \
    { \
        for (int64_t r = 0; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) acc[j].real = TAKE(acc[j].real, TERM(x[j])); \
    } \
    TP__SIMD(static, rows_##name, (int64_t rows, int64_t w, const T *x, int64_t stride, tp__total *acc), (rows, w, x, stride, acc)) \
    static void run_of_##name(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        run_##name(n, x, &acc->real); \
    } \
    static void rows_of_##name(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        rows_##name(rows, w, x, stride, acc); \
    }
#define MORE(m, v) greater(v, m)
#define LESS(m, v) less(v, m)
#define EACH_NORM(X, dtype, T) X(square_##dtype, T, SQUARE, ADD, 0) X(size_##dtype, T, SIZE, ADD, 0) X(count_##dtype, T, IS_NOT_0, ADD, 0) \
    X(most_##dtype, T, SIZE, MORE, 0) X(least_##dtype, T, SIZE, LESS, HUGE_VAL)
EACH_NORM(NORM, f32, float)
EACH_NORM(NORM, f64, double)

/* Few squares are added in float32, in PyTorch's order: what comes of integers is compared with it to the last bit. They are rounded first: GCC
 * makes floats of a square that is rounded to one, and fuses that with the sum, where it is not told. */
enum { FEW = 256, ROW = 8 };
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif
static TP__INLINE void few_squares_body(int64_t n, const float *x, double *out)
{
#ifdef __clang__
#pragma clang fp contract(off)
#endif
    float part[ROW] = { 0 }, sum;
    int64_t i = 0;
    for (; i + ROW <= n; i += ROW)
        for (int l = 0; l < ROW; l++) part[l] += x[i + l] * x[i + l];
    sum = part[0];
    for (int l = 1; l < ROW; l++) sum += part[l];
    for (; i + 4 <= n; i += 4)
        for (int l = 0; l < 4; l++) sum += x[i + l] * x[i + l];
    for (; i < n; i++) sum = (float)((double)sum + SQUARE(x[i]));      /* where it does not round the square */
    *out += (double)sum;
}
TP__SIMD(static, few_squares, (int64_t n, const float *x, double *out), (n, x, out))
#ifndef __clang__
#pragma GCC pop_options
#endif
static void run_of_squares_f32(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart)
{
    (void)f, (void)apart;
    (n < FEW ? few_squares : run_square_f32)(n, x, &acc->real);
}

#define POWER(dtype, T) \
    static void run_of_power_##dtype(const tp__fold *f, int64_t n, const void *from, tp__total *acc, int64_t apart) \
    { \
        (void)apart; \
        const T *x = from; \
        const double p = (double)(T)f->number; \
        double sum = 0; \
        T few = 0; \
        if (n < FEW) for (int64_t i = 0; i < n; i++) few += (T)power_of((double)x[i], p); \
        else for (int64_t i = 0; i < n; i++) sum += power_of((double)x[i], p); \
        acc->real += sum + (double)few; \
    } \
    static void rows_of_power_##dtype(const tp__fold *f, int64_t rows, int64_t w, const void *from, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)apart; \
        const T *x = from; \
        const double p = (double)(T)f->number; \
        for (int64_t r = 0; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) { \
                const T term = (T)power_of((double)x[j], p); \
                acc[j].real = rows < FEW ? (double)((T)acc[j].real + term) : acc[j].real + (double)term; \
            } \
    }
POWER(f32, float)
POWER(f64, double)

static void begin(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart)
{
    (void)apart;
    for (int64_t j = 0; j < w; j++) acc[j].real = f->number == -HUGE_VAL ? HUGE_VAL : 0;
}

static void join_sums(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart)
{
    (void)f, (void)apart;
    for (int64_t j = 0; j < w; j++) to[j].real += from[j].real;
}

static void join_extremes(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart)
{
    (void)apart;
    for (int64_t j = 0; j < w; j++) to[j].real = f->number > 0 ? greater(from[j].real, to[j].real) : less(from[j].real, to[j].real);
}

static void finish(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)apart, (void)output;
    const double p = f->number;
    for (int64_t j = 0; j < w; j++) {
        const double sum = acc[j].real;
        y[j].real = p == 2 ? sqrt(sum) : p == 0 || p == 1 || isinf(p) ? sum : pow(sum, 1 / p);
    }
}

/* p and 1 / p in float32, as PyTorch's */
static void finish_f32(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)apart, (void)output;
    for (int64_t j = 0; j < w; j++) y[j].real = pow((double)(float)acc[j].real, (double)(1 / (float)f->number));
}

#define ROW(kind, T, dtype, how) { .takes = TP_##T, .gives = TP_F64, .parts = 1, .begin = begin, .run = run_of_##kind##_##dtype, \
    .rows = rows_of_##kind##_##dtype, .join = how, .finish = finish }
#define BOTH(kind, how) { ROW(kind, F32, f32, how), ROW(kind, F64, f64, how) }

static tp_status norm_kernel(tp__call *call)
{
    static const tp__fold squares[] = BOTH(square, join_sums), sizes[] = BOTH(size, join_sums), counts[] = BOTH(count, join_sums),
                          powers[] = BOTH(power, join_sums), most[] = BOTH(most, join_extremes), least[] = BOTH(least, join_extremes);
    const double p = *(const double *)call->attr;
    const bool alone = call->in[0]->numel == call->out[0]->numel && isfinite(p) && p != 0;      /* each by itself is |x|, whatever p is */
    tp__fold f = (alone || p == 1 ? sizes : p == 2 ? squares : p == 0 ? counts : p == HUGE_VAL ? most : p == -HUGE_VAL ? least : powers)
                 [tp__fold_floats(call->in[0], call->out[0]) == TP_F64];
    f.number = alone ? 1 : p;
    if (f.run == run_of_square_f32) f.run = run_of_squares_f32;
    if (f.run == run_of_power_f32) f.finish = finish_f32;
    return tp__fold_all(call, f);
}

/* ---- |x|^p, with the sign of x if that is asked for; of 0 it is 0 unless that is 1 --------------------------------------------------------- */

typedef struct power_job { const void *x; void *y; double p; bool is_signed; } power_job;

static inline double abs_power(double x, double p, bool is_signed)
{
    if (x == 0) return p == 0 && !is_signed ? 1 : 0;
    const double a = fabs(x), y = p == 1 ? a : p == 0 ? (x != x ? x : 1) : p == 2 ? a * a : pow(a, p);
    return is_signed && x < 0 ? -y : y;
}

#define POWERS(kind, T) \
    static void powers_##kind(void *arg, int64_t first, int64_t last) \
    { \
        const power_job *j = arg; \
        for (int64_t i = first; i < last; i++) ((T *)j->y)[i] = (T)abs_power((double)((const T *)j->x)[i], j->p, j->is_signed); \
    }
POWERS(f32, float)
POWERS(f64, double)

static tp_status abs_power_kernel(tp__call *call)
{
    const struct { double p; bool is_signed; } *attr = call->attr;
    tp_tensor *y = call->out[0];
    const tp_dtype dtype = y->dtype == TP_F64 ? TP_F64 : TP_F32;
    tp__plain from = { 0 }, to = { 0 };
    tp_status status = tp__plain_take(&from, call->in[0], dtype);
    if (!status) status = tp__plain_room(&to, y, dtype);
    if (!status) {
        power_job j = { from.data, to.data, attr->p, attr->is_signed };
        tp__parallel_items(y->numel, 32, tp_get_num_threads(), dtype == TP_F64 ? powers_f64 : powers_f32, &j);
        tp__plain_return(&to, y);
    }
    tp__plain_free(&from);
    tp__plain_free(&to);
    return status;
}

const tp_kernel tp__cpu_reduce_norm[] = {
    { "linalg_vector_norm", norm_kernel, NULL }, { "abs_power", abs_power_kernel, NULL }, { NULL, NULL, NULL },
};
