/* combine.c: the loops that write to indexed places, one for each operation and dtype. */
#include "cpu/combine.h"

#include "core/convert.h"
#include "cpu/simd.h"
#if TP__HAS_X86
#include <cpuid.h>
#endif

/* AMD's processors from Zen 5 on go on past so many loads that to ask costs more than it gives while the last cache has the table: 4 MB
 * take 0.59 ns a place, and 0.73 to 0.81 with asking; 16 MB 1.36 and 0.85. With Zen 4 it gives from the second cache on. */
static int64_t near = 1 << 18;

bool tp__is_far(int64_t bytes) { return bytes > near; }

#if TP__HAS_X86
__attribute__((constructor)) static void find_near(void)
{
    enum { AUTH = 0x68747541, EXTENDED = 15, ZEN5 = 26 };                /* how AMD's name begins; families */
    unsigned most, name, c, d, version = 0;
    if (!__get_cpuid(0, &most, &name, &c, &d) || name != AUTH || !__get_cpuid(1, &version, &name, &c, &d)) return;
    const unsigned family = version >> 8 & 15;
    if (family == EXTENDED && family + (version >> 20 & 255) >= ZEN5) near = 12 << 20;
}
#endif

#define SAME(v)   (v)
#define NAN_MAX(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))      /* a NaN in a fails both comparisons, so it stays */
#define NAN_MIN(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
#define MAX_OF(a, b)  ((b) > (a) ? (b) : (a))
#define MIN_OF(a, b)  ((b) < (a) ? (b) : (a))

/* Writes here and there keep the processor from fetching ahead what is read in order: so it is told to, into the second-level cache:
 * the first is full of what is written, and its few misses at a time are needed for that. */
enum { AHEAD = 512, PICK_AHEAD = 2048, TOGETHER = 16, X_AHEAD = 16, LINE = 64, LINES = 4 };
/* What lies at the places, if far, is asked for early, into the second cache too: the first can wait for few lines at a time, and holds few.
 * The places may not have been checked yet. */
enum { FAR_AHEAD = 256 };
#define FETCH_FOR(y, place) (__builtin_prefetch((const void *)((uintptr_t)(y) + (uintptr_t)(place) * sizeof *(y)), 0, 2))
/* Whether a place is good is seen where it is used, which costs nothing: the loops wait for memory. */
#define OUTSIDE(place) __builtin_expect((uint64_t)(place) >= below, 0)
#define FETCH(x, i, ahead) (__builtin_prefetch((const void *)((uintptr_t)(x) + (uintptr_t)((i) + (ahead)) * sizeof *(x)), 0, 2))

/* Rows that will be written, so many ahead, into the first-level cache: fewer lines at once than where rows are read. */
static TP__INLINE int64_t writes_ahead(int64_t bytes)
{
    enum { IN_FLIGHT = 1024, LEAST = 4, MOST = 24 };
    const uint64_t rows = IN_FLIGHT / ((uint64_t)bytes + !bytes);
    return rows < LEAST ? LEAST : rows > MOST ? MOST : (int64_t)rows;
}
static TP__INLINE void fetch_to_write(const char *row, int64_t bytes)
{
    for (int k = 0; k < LINES && k * LINE < bytes; k++) __builtin_prefetch(row + k * LINE, 1);
}

/* `a` is what is there and `b` what comes. */
#define LOOPS(name, T, C, LOAD, STORE, EXPR) \
    static int64_t line_##name(void *y_, const int64_t *at, const void *x_, const int32_t *pick, int64_t step, int64_t n, int64_t known, uint64_t below) \
    { \
        T *y = y_; \
        const T *x = x_; \
        if (pick) for (int64_t i = 0; i < n; i++) { \
            if (!(i % TOGETHER)) __builtin_prefetch(&x[pick[i] * step + AHEAD], 0, 2); \
            if (OUTSIDE(at[i])) return i; \
            const C a = LOAD(y[at[i]]), b = LOAD(x[pick[i] * step]); \
            (void)a; \
            y[at[i]] = STORE(EXPR); \
        } else { \
            int64_t i = 0; \
            if (step == 1) for (; i + TOGETHER <= n; i += TOGETHER) { \
                FETCH(at, i, AHEAD), FETCH(at, i + TOGETHER / 2, AHEAD), FETCH(x, i, AHEAD); \
                if (i + FAR_AHEAD + TOGETHER <= known) \
                    for (int j = 0; j < TOGETHER; j++) FETCH_FOR(y, at[i + FAR_AHEAD + j]); \
                for (int j = 0; j < TOGETHER; j++) { \
                    if (OUTSIDE(at[i + j])) return i + j; \
                    const C a = LOAD(y[at[i + j]]), b = LOAD(x[i + j]); \
                    (void)a; \
                    y[at[i + j]] = STORE(EXPR); \
                } \
            } \
            for (; i < n; i++) { \
                if (OUTSIDE(at[i])) return i; \
                const C a = LOAD(y[at[i]]), b = LOAD(x[i * step]); \
                (void)a; \
                y[at[i]] = STORE(EXPR); \
            } \
        } \
        return n; \
    } \
    static TP__INLINE void rows_##name##_body(void *y_, const int64_t *at, const void *x_, int64_t step, int64_t n, int64_t run) \
    { \
        const int64_t bytes = run * (int64_t)sizeof(T), ahead = writes_ahead(bytes); \
        for (int64_t i = 0; i < n; i++) { \
            T *restrict y = (T *)y_ + at[i]; \
            const T *restrict x = (const T *)x_ + i * step; \
            if (i + ahead < n) fetch_to_write((const char *)y_ + at[i + ahead] * (int64_t)sizeof(T), bytes); \
            if (i + X_AHEAD < n) \
                for (int k = 0; k < LINES && k * LINE < bytes; k++) __builtin_prefetch((const char *)(x + step * X_AHEAD) + k * LINE); \
            for (int64_t k = 0; k < run; k++) { \
                const C a = LOAD(y[k]), b = LOAD(x[k]); \
                (void)a; \
                y[k] = STORE(EXPR); \
            } \
        } \
    } \
    TP__SIMD(static, rows_##name, (void *y, const int64_t *at, const void *x, int64_t step, int64_t n, int64_t run), (y, at, x, step, n, run))

#define FLOATS(name, T, C, LOAD, STORE) \
    LOOPS(add_##name, T, C, LOAD, STORE, a + b) LOOPS(mul_##name, T, C, LOAD, STORE, a * b) \
    LOOPS(max_##name, T, C, LOAD, STORE, NAN_MAX(a, b)) LOOPS(min_##name, T, C, LOAD, STORE, NAN_MIN(a, b))
#define INTEGERS(name, T, U) \
    LOOPS(add_##name, T, T, SAME, (T), (U)a + (U)b) LOOPS(mul_##name, T, T, SAME, (T), (U)a * (U)b) \
    LOOPS(max_##name, T, T, SAME, (T), MAX_OF(a, b)) LOOPS(min_##name, T, T, SAME, (T), MIN_OF(a, b))
FLOATS(F32, float, float, SAME, SAME)
FLOATS(F64, double, double, SAME, SAME)
FLOATS(F16, uint16_t, float, tp__f16_to_f32, tp__f32_to_f16)
FLOATS(BF16, uint16_t, float, tp__bf16_to_f32, tp__f32_to_bf16)
INTEGERS(I64, int64_t, uint64_t)
INTEGERS(I32, int32_t, uint32_t)
INTEGERS(I16, int16_t, uint32_t)
INTEGERS(I8, int8_t, uint32_t)
INTEGERS(U8, uint8_t, uint32_t)
LOOPS(add_BOOL, bool, bool, SAME, SAME, a || b)
LOOPS(mul_BOOL, bool, bool, SAME, SAME, a && b)
LOOPS(max_BOOL, bool, bool, SAME, SAME, a || b)
LOOPS(min_BOOL, bool, bool, SAME, SAME, a && b)

/* ---- Setting, by the size of an element ------------------------------------------------------------------------------------------ */

typedef struct bytes16 { uint64_t lo, hi; } bytes16;
#define MOVES(bytes, T) \
    static int64_t set_line_##bytes(void *y_, const int64_t *at, const void *x_, const int32_t *pick, int64_t step, int64_t n, int64_t known, uint64_t below) \
    { \
        T *y = y_; \
        const T *x = x_; \
        int64_t i = 0; \
        if (pick) for (; i < n; i++) { \
            if (OUTSIDE(at[i])) return i; \
            y[at[i]] = x[pick[i] * step]; \
        } \
        else if (step == 1) for (; i + TOGETHER <= n; i += TOGETHER) { \
            FETCH(at, i, AHEAD), FETCH(at, i + TOGETHER / 2, AHEAD), FETCH(x, i, AHEAD); \
            if (i + FAR_AHEAD + TOGETHER <= known) \
                for (int j = 0; j < TOGETHER; j++) FETCH_FOR(y, at[i + FAR_AHEAD + j]); \
            for (int j = 0; j < TOGETHER; j++) { \
                if (OUTSIDE(at[i + j])) return i + j; \
                y[at[i + j]] = x[i + j]; \
            } \
        } \
        for (; i < n; i++) { \
            if (OUTSIDE(at[i])) return i; \
            y[at[i]] = x[i * step]; \
        } \
        return n; \
    } \
    static void set_rows_##bytes(void *y_, const int64_t *at, const void *x_, int64_t step, int64_t n, int64_t run) \
    { \
        const int64_t ahead = writes_ahead(run * bytes); \
        for (int64_t i = 0; i < n; i++) { \
            if (i + ahead < n) fetch_to_write((const char *)y_ + at[i + ahead] * bytes, run * bytes); \
            memcpy((T *)y_ + at[i], (const T *)x_ + i * step, (size_t)run * bytes); \
        } \
    } \
    static int64_t pick_##bytes(void *y_, int64_t y_step, const void *x_, const int64_t *at, int64_t n, int64_t known, uint64_t below) \
    { \
        T *restrict y = y_; \
        const T *restrict x = x_; \
        int64_t i = 0; \
        if (y_step == 1) { \
            for (; i + TOGETHER <= n; i += TOGETHER) {     /* faster than the vector instruction for it */ \
                FETCH(at, i, PICK_AHEAD), FETCH(at, i + TOGETHER / 2, PICK_AHEAD), FETCH(x, i, PICK_AHEAD); \
                if (i + FAR_AHEAD + TOGETHER <= known) \
                    for (int j = 0; j < TOGETHER; j++) FETCH_FOR(x, at[i + FAR_AHEAD + j]); \
                for (int j = 0; j < TOGETHER; j++) { \
                    if (OUTSIDE(at[i + j])) return i + j; \
                    y[i + j] = x[at[i + j]]; \
                } \
            } \
        } \
        for (; i < n; i++) { \
            if (OUTSIDE(at[i])) return i; \
            y[i * y_step] = x[at[i]]; \
        } \
        return n; \
    }
MOVES(1, uint8_t)
MOVES(2, uint16_t)
MOVES(4, uint32_t)
MOVES(8, uint64_t)
MOVES(16, bytes16)

int64_t tp__pick_line(void *y, int64_t y_step, const void *x, const int64_t *at, int64_t n, int64_t item, int64_t known, uint64_t below)
{
    switch (item) {
    case 1: return pick_1(y, y_step, x, at, n, known, below);
    case 2: return pick_2(y, y_step, x, at, n, known, below);
    case 4: return pick_4(y, y_step, x, at, n, known, below);
    case 8: return pick_8(y, y_step, x, at, n, known, below);
    default: return pick_16(y, y_step, x, at, n, known, below);
    }
}

/* ---- By operation and dtype -------------------------------------------------------------------------------------------------------- */

#define OF(op, name) { line_##op##_##name, rows_##op##_##name }
#define ALL(op) { [TP_F32] = OF(op, F32), [TP_F64] = OF(op, F64), [TP_F16] = OF(op, F16), [TP_BF16] = OF(op, BF16), [TP_I64] = OF(op, I64), \
        [TP_I32] = OF(op, I32), [TP_I16] = OF(op, I16), [TP_I8] = OF(op, I8), [TP_U8] = OF(op, U8), [TP_BOOL] = OF(op, BOOL) }

const tp__combine *tp__combine_of(int op, tp_dtype dtype)
{
    static const tp__combine by_value[][TP_DTYPE_END] = { [TP__ADD] = ALL(add), [TP__MUL] = ALL(mul), [TP__MAX] = ALL(max), [TP__MIN] = ALL(min) };
    static const tp__combine by_size[] = { [1] = { set_line_1, set_rows_1 }, [2] = { set_line_2, set_rows_2 }, [4] = { set_line_4, set_rows_4 },
        [8] = { set_line_8, set_rows_8 }, [16] = { set_line_16, set_rows_16 } };
    const tp__combine *found = op == TP__SET ? &by_size[tp_dtype_size(dtype)] : &by_value[op][dtype];
    return found->line ? found : NULL;
}
