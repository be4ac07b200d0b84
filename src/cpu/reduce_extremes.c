/* reduce_extremes.c: the greatest and the least element, over any dims of any layout. NaN wins over any number. */
#include "cpu/reduce_fold.h"
#include "cpu/simd.h"

#include <math.h>

enum { LANES = 32 };

/* What stays of m, the extreme so far, and v: a NaN once met stays, since nothing compares with it. */
#define GREATER(v, m) ((((v) > (m)) | ((v) != (v))) ? (v) : (m))
#define LESS(v, m)    ((((v) < (m)) | ((v) != (v))) ? (v) : (m))

#define EXTREME(name, T, A, member, PICK) \
    static TP__INLINE void run_##name##_body(int64_t n, const T *x, A *out) \
    { \
        A most = *out; \
        int64_t i = 0; \
        if (n >= LANES) { \
            T m[LANES], top; \
            for (int l = 0; l < LANES; l++) m[l] = x[l]; \
            for (i = LANES; i + LANES <= n; i += LANES) \
                for (int l = 0; l < LANES; l++) m[l] = PICK(x[i + l], m[l]); \
            top = m[0]; \
            for (int l = 1; l < LANES; l++) top = PICK(m[l], top); \
            most = PICK((A)top, most); \
        } \
        for (; i < n; i++) most = PICK((A)x[i], most); \
        *out = most; \
    } \
    TP__SIMD(static, run_##name, (int64_t n, const T *x, A *out), (n, x, out)) \
    static TP__INLINE void rows_##name##_body(int64_t rows, int64_t w, const T *x, int64_t stride, tp__total *acc) \
    { \
        for (int64_t r = 0; r < rows; r++, x += stride) \
            for (int64_t j = 0; j < w; j++) acc[j].member = PICK((A)x[j], acc[j].member); \
    } \
    TP__SIMD(static, rows_##name, (int64_t rows, int64_t w, const T *x, int64_t stride, tp__total *acc), (rows, w, x, stride, acc)) \
    static void run_of_##name(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        run_##name(n, x, &acc->member); \
    } \
    static void rows_of_##name(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        rows_##name(rows, w, x, stride, acc); \
    }
EXTREME(max_f32, float, double, real, GREATER)
EXTREME(max_f64, double, double, real, GREATER)
EXTREME(max_i64, int64_t, int64_t, integer, GREATER)
EXTREME(min_f32, float, double, real, LESS)
EXTREME(min_f64, double, double, real, LESS)
EXTREME(min_i64, int64_t, int64_t, integer, LESS)

#define FOLD(dtype, wide, member, lowest, highest) \
    static void begin_max_##dtype(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        for (int64_t j = 0; j < w; j++) acc[j].member = lowest; \
    } \
    static void begin_min_##dtype(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart) \
    { \
        (void)f, (void)apart; \
        for (int64_t j = 0; j < w; j++) acc[j].member = highest; \
    } \
    static void join_max_##dtype(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart) \
    { \
        (void)f, (void)apart; \
        for (int64_t j = 0; j < w; j++) to[j].member = GREATER(from[j].member, to[j].member); \
    } \
    static void join_min_##dtype(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart) \
    { \
        (void)f, (void)apart; \
        for (int64_t j = 0; j < w; j++) to[j].member = LESS(from[j].member, to[j].member); \
    } \
    static void begin_both_##dtype(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart) \
    { \
        begin_min_##dtype(f, w, acc, apart); \
        begin_max_##dtype(f, w, acc + apart, apart); \
    } \
    static void run_both_##dtype(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart) \
    { \
        run_of_min_##dtype(f, n, x, acc, apart); \
        run_of_max_##dtype(f, n, x, acc + apart, apart); \
    } \
    static void rows_both_##dtype(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart) \
    { \
        rows_of_min_##dtype(f, rows, w, x, stride, acc, apart); \
        rows_of_max_##dtype(f, rows, w, x, stride, acc + apart, apart); \
    } \
    static void join_both_##dtype(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart) \
    { \
        join_min_##dtype(f, w, to, from, apart); \
        join_max_##dtype(f, w, to + apart, from + apart, apart); \
    }
FOLD(f32, F64, real, -HUGE_VAL, HUGE_VAL)
FOLD(f64, F64, real, -HUGE_VAL, HUGE_VAL)
FOLD(i64, I64, integer, INT64_MIN, INT64_MAX)

static void finish(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y)
{
    (void)f;
    memcpy(y, acc + output * apart, (size_t)w * sizeof *y);
}

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

enum { F32, F64, I64 };
static int kind_of(const tp_tensor *x) { return x->dtype == TP_F64 ? F64 : tp__is_floating(x->dtype) ? F32 : I64; }

#define ROW(what, dtype, T, G, n) { .takes = TP_##T, .gives = TP_##G, .parts = n, .begin = begin_##what##_##dtype, .run = WHAT(run, what, dtype), \
    .rows = WHAT(rows, what, dtype), .join = join_##what##_##dtype, .finish = finish }
#define ROWS(what, n) { ROW(what, f32, F32, F64, n), ROW(what, f64, F64, F64, n), ROW(what, i64, I64, I64, n) }
#define WHAT(part, what, dtype) part##_of_##what##_##dtype
static const tp__fold most[] = ROWS(max, 1), fewest[] = ROWS(min, 1);
#undef WHAT
#define WHAT(part, what, dtype) part##_##what##_##dtype
static const tp__fold both[] = ROWS(both, 2);

static tp_status amax_kernel(tp__call *call) { return tp__fold_all(call, most[kind_of(call->in[0])]); }
static tp_status amin_kernel(tp__call *call) { return tp__fold_all(call, fewest[kind_of(call->in[0])]); }
static tp_status aminmax_kernel(tp__call *call) { return tp__fold_all(call, both[kind_of(call->in[0])]); }

const tp_kernel tp__cpu_reduce_extremes[] = {
    { "amax", amax_kernel, NULL }, { "amin", amin_kernel, NULL }, { "aminmax", aminmax_kernel, NULL },
    { "max", amax_kernel, NULL }, { "min", amin_kernel, NULL }, { NULL, NULL, NULL },
};
