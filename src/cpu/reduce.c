/* reduce.c: sums, products and truth over any dims of any layout. float32 is added in many short partial sums, and these in
 * float64; integers wrap. */
#include "core/convert.h"
#include "cpu/reduce_fold.h"
#include "cpu/simd.h"
#include "cpu/stream.h"

/* ---- Runs: sums in `lanes` partial sums over blocks of 4096 terms, joined as a tree ---------------------------------------------------- */

/* Bytes that are asked for ahead of what comes from memory: a fifth less than by the processor's own foresight. 1 KB and 8 KB are slower, and in
 * the caches so is asking at all. */
enum { FAR_AHEAD = 2048 };

#define PLAIN(v)   (v)
#define NUMBERS(v) ((v) == (v) ? (v) : 0)
#define SUM_RUN(name, T, lanes, TERM, ahead) \
    static TP__INLINE void name##_body(int64_t n, const T *x, double *out) \
    { \
        double sum = 0; \
        while (n >= 16) { \
            const int64_t block = n < 4096 ? n & -16 : 4096; \
            T part[lanes] = { 0 }; \
            int64_t i = 0; \
            for (; i + lanes <= block; i += lanes) { \
                if (ahead) tp__ask_for((const char *)(x + i) + (ahead), lanes * (int64_t)sizeof(T)); \
                for (int l = 0; l < lanes; l++) part[l] += TERM(x[i + l]); \
            } \
            for (; i < block; i += 16) \
                for (int l = 0; l < 16; l++) part[l] += TERM(x[i + l]); \
            for (int half = lanes / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) part[l] += part[l + half]; \
            sum += (double)part[0]; \
            x += block; \
            n -= block; \
        } \
        T rest = 0; \
        for (int64_t i = 0; i < n; i++) rest += TERM(x[i]); \
        *out += sum + (double)rest; \
    } \
    TP__SIMD(static, name, (int64_t n, const T *x, double *out), (n, x, out))
/* Few terms are added in PyTorch's order, in float32: what comes of integers is compared with it to the last bit. */
enum { FEW = 256 };
static TP__INLINE void few_run_f32_body(int64_t n, const float *x, double *out)
{
    float part[32] = { 0 }, sum = 0;
    int64_t i = 0;
    if (n < 8) {
        for (; i + 4 <= n; i += 4)
            for (int l = 0; l < 4; l++) part[l] += x[i + l];
        for (; i < n; i++) part[0] += x[i];
        *out += (double)(part[0] + part[1] + part[2] + part[3]);
        return;
    }
    for (; i + 32 <= n; i += 32)
        for (int l = 0; l < 32; l++) part[l] += x[i + l];
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) part[l] += x[i + l];
    for (; i < n; i++) sum += x[i];
    for (int from = 8; from < 32; from += 8)
        for (int l = 0; l < 8; l++) part[l] += part[from + l];
    for (int l = 0; l < 8; l++) sum += part[l];
    *out += (double)sum;
}
TP__SIMD(static, few_run_f32, (int64_t n, const float *x, double *out), (n, x, out))

SUM_RUN(many_run_f32, float, 64, PLAIN, 0)
SUM_RUN(far_run_f32, float, 64, PLAIN, FAR_AHEAD)
static void sum_run_f32(int64_t n, const float *x, double *out) { (n < FEW ? few_run_f32 : many_run_f32)(n, x, out); }
SUM_RUN(sum_run_f64, double, 32, PLAIN, 0)
SUM_RUN(far_run_f64, double, 32, PLAIN, FAR_AHEAD)
SUM_RUN(nansum_run_f32, float, 64, NUMBERS, 0)
SUM_RUN(nansum_run_f64, double, 32, NUMBERS, 0)

static TP__INLINE void sum_run_i64_body(int64_t n, const int64_t *x, uint64_t *out)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (uint64_t)x[i];
    *out += sum;
}
TP__SIMD(static, sum_run_i64, (int64_t n, const int64_t *x, uint64_t *out), (n, x, out))

static TP__INLINE void count_run_body(int64_t n, const uint8_t *x, uint64_t *out)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    *out += sum;
}
TP__SIMD(static, count_run, (int64_t n, const uint8_t *x, uint64_t *out), (n, x, out))

#define PROD_RUN(name, T, P) \
    static TP__INLINE void name##_body(int64_t n, const T *x, P *out) \
    { \
        P part[16], product = 1; \
        int64_t i = 0; \
        if (n >= 16) { \
            for (int l = 0; l < 16; l++) part[l] = 1; \
            for (; i + 16 <= n; i += 16) \
                for (int l = 0; l < 16; l++) part[l] *= (P)x[i + l]; \
            for (int l = 0; l < 16; l++) product *= part[l]; \
        } \
        for (; i < n; i++) product *= (P)x[i]; \
        *out *= product; \
    } \
    TP__SIMD(static, name, (int64_t n, const T *x, P *out), (n, x, out))
PROD_RUN(prod_run_f32, float, double)
PROD_RUN(prod_run_f64, double, double)
PROD_RUN(prod_run_i64, int64_t, uint64_t)

/* ---- Rows: y[j] += x[0][j] + .. + x[rows - 1][j] ---------------------------------------------------------------------------------------- */

/* Eight rows at a time, line by line. Where they will not be in a cache, the next eight are asked for meanwhile, each of them from end to end
 * while an eighth of these is added: memory gives what it is asked for in order sooner than eight streams by turns. */
#define FOUR(TERM, i)  ((TERM(x[i]) + TERM(x[(i) + stride])) + (TERM(x[(i) + 2 * stride]) + TERM(x[(i) + 3 * stride])))
#define EIGHT(TERM, i) (FOUR(TERM, i) + FOUR(TERM, (i) + 4 * stride))
#define ADD_ROWS(name, T, Sum, TERM) \
    static TP__INLINE void name##_body(int64_t rows, int64_t w, const T *x, int64_t stride, Sum *y) \
    { \
        enum { PER = TP__LINE / sizeof(T), LARGE = 1 << 17 }; \
        const int64_t share = rows * w >= LARGE / (int64_t)sizeof(T) ? w / 8 / PER * PER : 0; \
        int64_t r = 0; \
        for (; r + 8 <= rows; r += 8, x += 8 * stride) { \
            int64_t j = 0; \
            for (int64_t k = 1; k <= 8 && share; k++) { \
                const T *next = x + (7 + k) * stride; \
                for (; j < k * share; j += PER, next += 8 * PER) { \
                    tp__ask_for(next, 8 * TP__LINE); \
                    TP__IN_ONE for (int l = 0; l < PER; l++) y[j + l] += (Sum)EIGHT(TERM, j + l); \
                } \
            } \
            for (; j + PER <= w; j += PER) \
                TP__IN_ONE for (int l = 0; l < PER; l++) y[j + l] += (Sum)EIGHT(TERM, j + l); \
            for (; j < w; j++) y[j] += (Sum)EIGHT(TERM, j); \
        } \
        for (; r + 4 <= rows; r += 4, x += 4 * stride) \
            for (int64_t j = 0; j < w; j++) y[j] += (Sum)FOUR(TERM, j); \
        for (; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) y[j] += (Sum)TERM(x[j]); \
    } \
    TP__SIMD(static, name, (int64_t rows, int64_t w, const T *x, int64_t stride, Sum *y), (rows, w, x, stride, y))
ADD_ROWS(add_rows_f32, float, float, PLAIN)
ADD_ROWS(add_rows_f64, double, double, PLAIN)
ADD_ROWS(add_rows_i64, uint64_t, uint64_t, PLAIN)
ADD_ROWS(add_numbers_f32, float, float, NUMBERS)
ADD_ROWS(add_numbers_f64, double, double, NUMBERS)
ADD_ROWS(count_rows, uint8_t, uint64_t, PLAIN)

#define MULTIPLY_ROWS(name, T, P) \
    static TP__INLINE void name##_body(int64_t rows, int64_t w, const T *x, int64_t stride, P *y) \
    { \
        for (int64_t r = 0; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) y[j] *= (P)x[j]; \
    } \
    TP__SIMD(static, name, (int64_t rows, int64_t w, const T *x, int64_t stride, P *y), (rows, w, x, stride, y))
MULTIPLY_ROWS(multiply_rows_f32, float, double)
MULTIPLY_ROWS(multiply_rows_f64, double, double)
MULTIPLY_ROWS(multiply_rows_i64, int64_t, uint64_t)

/* ---- Folds -------------------------------------------------------------------------------------------------------------------------------- */

static void from_zero(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart)
{
    (void)f, (void)apart;
    memset(acc, 0, (size_t)w * sizeof *acc);
}

static void from_one(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart)
{
    (void)apart;
    for (int64_t j = 0; j < w; j++) {
        if (f->gives == TP_F64) acc[j].real = 1;
        else acc[j].integer = 1;
    }
}

#define RUN(name, leaf, T, member) \
    static void name(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        (leaf)(n, (const T *)x, member); \
    }
/* Where there are no wide vectors the loop has no time to ask. */
static bool asks(const tp__fold *f) { return f->far && tp__simd_level() != TP__SIMD_BASE; }
RUN(run_sum_f32, asks(f) && n >= FEW ? far_run_f32 : sum_run_f32, float, &acc->real)
RUN(run_sum_f64, asks(f) ? far_run_f64 : sum_run_f64, double, &acc->real)
RUN(run_sum_i64, sum_run_i64, int64_t, (uint64_t *)&acc->integer)
RUN(run_nansum_f32, nansum_run_f32, float, &acc->real)
RUN(run_nansum_f64, nansum_run_f64, double, &acc->real)
RUN(run_count, count_run, uint8_t, (uint64_t *)&acc->integer)
RUN(run_prod_f32, prod_run_f32, float, &acc->real)
RUN(run_prod_f64, prod_run_f64, double, &acc->real)
RUN(run_prod_i64, prod_run_i64, int64_t, (uint64_t *)&acc->integer)

#define ROWS(name, leaf, T, member) \
    static void name(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        leaf(rows, w, (const T *)x, stride, member); \
    }
ROWS(rows_sum_f64, add_rows_f64, double, &acc->real)
ROWS(rows_sum_i64, add_rows_i64, uint64_t, (uint64_t *)&acc->integer)
ROWS(rows_nansum_f64, add_numbers_f64, double, &acc->real)
ROWS(rows_count, count_rows, uint8_t, (uint64_t *)&acc->integer)
ROWS(rows_prod_f32, multiply_rows_f32, float, &acc->real)
ROWS(rows_prod_f64, multiply_rows_f64, double, &acc->real)
ROWS(rows_prod_i64, multiply_rows_i64, int64_t, (uint64_t *)&acc->integer)

/* float32 within the rows of one call, float64 across them */
#define ROWS_F32(name, leaf) \
    static void name(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        _Alignas(64) float part[TP__FOLD_WIDTH]; \
        memset(part, 0, (size_t)w * sizeof *part); \
        leaf(rows, w, x, stride, part); \
        for (int64_t j = 0; j < w; j++) acc[j].real += (double)part[j]; \
    }
ROWS_F32(rows_sum_f32, add_rows_f32)
ROWS_F32(rows_nansum_f32, add_numbers_f32)

#define JOIN(name, statement) \
    static void name(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart) \
    { \
        (void)f, (void)apart; \
        for (int64_t i = 0; i < w; i++) statement; \
    }
JOIN(add_reals, to[i].real += from[i].real)
JOIN(add_integers, to[i].integer = (int64_t)((uint64_t)to[i].integer + (uint64_t)from[i].integer))
JOIN(multiply_reals, to[i].real *= from[i].real)
JOIN(multiply_integers, to[i].integer = (int64_t)((uint64_t)to[i].integer * (uint64_t)from[i].integer))

/* What was added, divided by f->number. */
static void finish_sum(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)apart, (void)output;
    memcpy(y, acc, (size_t)w * sizeof *y);
    if (f->gives == TP_F64 && f->number != 1)
        for (int64_t i = 0; i < w; i++) y[i].real /= f->number;
}

static void finish_any(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)f, (void)apart, (void)output;
    for (int64_t i = 0; i < w; i++) y[i].integer = acc[i].integer != 0;
}

static void finish_all(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)apart, (void)output;
    for (int64_t i = 0; i < w; i++) y[i].integer = acc[i].integer == f->count;
}

static const tp__fold sums[] = {
    { .takes = TP_F32, .gives = TP_F64, .parts = 1, .begin = from_zero, .run = run_sum_f32, .rows = rows_sum_f32, .join = add_reals, .finish = finish_sum },
    { .takes = TP_F64, .gives = TP_F64, .parts = 1, .begin = from_zero, .run = run_sum_f64, .rows = rows_sum_f64, .join = add_reals, .finish = finish_sum },
    { .takes = TP_I64, .gives = TP_I64, .parts = 1, .begin = from_zero, .run = run_sum_i64, .rows = rows_sum_i64, .join = add_integers, .finish = finish_sum },
};
static const tp__fold nansums[] = {
    { .takes = TP_F32, .gives = TP_F64, .parts = 1, .begin = from_zero, .run = run_nansum_f32, .rows = rows_nansum_f32,
        .join = add_reals, .finish = finish_sum },
    { .takes = TP_F64, .gives = TP_F64, .parts = 1, .begin = from_zero, .run = run_nansum_f64, .rows = rows_nansum_f64,
        .join = add_reals, .finish = finish_sum },
};
static const tp__fold products[] = {
    { .takes = TP_F32, .gives = TP_F64, .parts = 1, .begin = from_one, .run = run_prod_f32, .rows = rows_prod_f32,
        .join = multiply_reals, .finish = finish_sum },
    { .takes = TP_F64, .gives = TP_F64, .parts = 1, .begin = from_one, .run = run_prod_f64, .rows = rows_prod_f64,
        .join = multiply_reals, .finish = finish_sum },
    { .takes = TP_I64, .gives = TP_I64, .parts = 1, .begin = from_one, .run = run_prod_i64, .rows = rows_prod_i64,
        .join = multiply_integers, .finish = finish_sum },
};
static const tp__fold counts =
    { .takes = TP_BOOL, .gives = TP_I64, .parts = 1, .begin = from_zero, .run = run_count, .rows = rows_count, .join = add_integers, .finish = finish_sum };

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

static tp_status truth(tp__call *call, void (*finish)(const tp__fold *, int64_t, const tp__total *, int64_t, int, tp__total *))
{
    tp__fold f = counts;
    f.finish = finish;
    return tp__fold_all(call, f);
}
static tp_status any_kernel(tp__call *call) { return truth(call, finish_any); }
static tp_status all_kernel(tp__call *call) { return truth(call, finish_all); }
static tp_status count_kernel(tp__call *call) { return truth(call, finish_sum); }

/* By the output's dtype: elements are cast to it first. A sum of bools is whether any is true, a product whether all are. */
static tp_status by_output(tp__call *call, const tp__fold *folds, double divisor)
{
    const int dtype = call->out[0]->dtype;
    tp__fold f = folds[dtype == TP_F64 ? 1 : tp__is_floating(dtype) ? 0 : 2];
    f.number = divisor;
    return tp__fold_all(call, f);
}

static tp_status sum_kernel(tp__call *call) { return call->out[0]->dtype == TP_BOOL ? any_kernel(call) : by_output(call, sums, 1); }
static tp_status prod_kernel(tp__call *call) { return call->out[0]->dtype == TP_BOOL ? all_kernel(call) : by_output(call, products, 1); }
static tp_status nansum_kernel(tp__call *call)
{
    return tp__is_floating(call->out[0]->dtype) ? by_output(call, nansums, 1) : sum_kernel(call);
}

static tp_status mean_kernel(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    double n = 1;
    for (int d = 0; d < x->ndim; d++)
        if ((uint64_t)(uintptr_t)call->scratch >> d & 1) n *= (double)x->shape[d];
    return by_output(call, sums, n);
}

const tp_kernel tp__cpu_reduce[] = {
    { "sum", sum_kernel, NULL }, { "mean", mean_kernel, NULL }, { "nansum", nansum_kernel, NULL }, { "prod", prod_kernel, NULL },
    { "any", any_kernel, NULL }, { "all", all_kernel, NULL }, { "count_nonzero", count_kernel, NULL }, { NULL, NULL, NULL },
};
