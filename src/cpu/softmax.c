/* softmax.c: softmax and log_softmax. In short rows exp is taken over many rows at once, which keeps vectors full. A row is read from
 * memory once, and from the cache after that; large results go past the caches. */
#include "cpu/softmax.h"

#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/stream.h"
#include "cpu/vecmath.h"

enum { COLUMNS = 16, PARALLEL = 1 << 15, LONGEST_STREAMED = 1 << 16,       /* the last in bytes of a row */
       LONG_TILE = 1 << 17,                            /* elements */
       LANES = 64, SOME = 16 };                        /* partial results of a row; of what is left of it */

/* ---- Rows ------------------------------------------------------------------------------------------------------------------------------ */

tp__rows tp__rows_of(const tp_tensor *x, int64_t dim)
{
    tp__rows rows = { 1, 1, 1 };
    for (int d = 0; d < x->ndim; d++) *(d < dim ? &rows.outer : d == dim ? &rows.n : &rows.inner) *= x->shape[d];
    return rows;
}

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

#define TRANSPOSE(bits, T) \
    static void gather_f##bits(int64_t n, int64_t rows, int64_t inner, T *x, T *block) \
    { \
        for (int64_t c = 0; c < n; c++) \
            for (int64_t r = 0; r < rows; r++) block[r * n + c] = x[c * inner + r]; \
    } \
    static void scatter_f##bits(int64_t n, int64_t rows, int64_t inner, T *x, T *block) \
    { \
        for (int64_t c = 0; c < n; c++) \
            for (int64_t r = 0; r < rows; r++) x[c * inner + r] = block[r * n + c]; \
    }
TRANSPOSE(32, float)
TRANSPOSE(64, double)

typedef struct walk {
    tp__rows shape;
    tp_tensor *const *in;
    int n_in;
    tp_tensor *out;
    tp__row_fn *fn;
    const void *arg;
    bool f64, streams;                                 /* streams: of direct tensors alone */
    int64_t per_tile, across;                          /* rows in a tile; tiles in an outer, or in all if inner is 1 */
} walk;

/* `rows` rows between x, at element `start` and `inner` apart, and contiguous ones. Memory is walked in x's order. */
static void copy_rows(const walk *w, tp_tensor *x, int64_t start, int64_t rows, char *block, bool in)
{
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype), n = w->shape.n, inner = w->shape.inner;
    const tp_dtype own = (tp_dtype)x->dtype, wide = w->f64 ? TP_F64 : TP_F32;
    char *data = (char *)x->data + start * item;
    if (inner == 1 && in) tp__cast_row(block, wide, 1, data, own, 1, rows * n);
    else if (inner == 1) tp__cast_row(data, own, 1, block, wide, 1, rows * n);
    else if (own == TP_F32) (in ? gather_f32 : scatter_f32)(n, rows, inner, (float *)(void *)data, (float *)(void *)block);
    else if (own == TP_F64) (in ? gather_f64 : scatter_f64)(n, rows, inner, (double *)(void *)data, (double *)(void *)block);
    else
        for (int64_t c = 0; c < n; c++, data += inner * item, block += sizeof(float)) {
            if (in) tp__cast_row(block, wide, n, data, own, 1, rows);
            else tp__cast_row(data, own, 1, block, wide, n, rows);
        }
}

static bool is_direct(const walk *w, const tp_tensor *x) { return w->shape.inner == 1 && (x->dtype == TP_F32 || x->dtype == TP_F64); }

static void run_tile(const walk *w, int64_t tile, char *scratch)
{
    const int64_t n = w->shape.n, inner = w->shape.inner, wide = w->f64 ? 8 : 4;
    const int64_t outer = inner == 1 ? 0 : tile / w->across, column = (inner == 1 ? tile : tile % w->across) * w->per_tile;
    const int64_t rows = least(w->per_tile, (inner == 1 ? w->shape.outer : inner) - column);
    const int64_t start = inner == 1 ? column * n : outer * n * inner + column, block = w->per_tile * n * wide;
    const void *x[TP__ROWS_INPUTS];
    for (int i = 0; i < w->n_in; i++) {
        x[i] = is_direct(w, w->in[i]) ? (const char *)w->in[i]->data + start * wide : scratch + i * block;
        if (!is_direct(w, w->in[i])) copy_rows(w, w->in[i], start, rows, scratch + i * block, true);
    }
    if (!w->out) {
        w->fn(rows, n, outer * inner + column, x, NULL, NULL, w->f64, w->arg);
        return;
    }
    char *direct = is_direct(w, w->out) ? (char *)w->out->data + start * wide : NULL, *y = direct && !w->streams ? direct : scratch;
    w->fn(rows, n, outer * inner + column, x, y, w->streams ? direct : NULL, w->f64, w->arg);
    if (!direct) copy_rows(w, w->out, start, rows, y, false);
}

typedef struct tiles_job { const walk *w; char *scratch; size_t room; } tiles_job;

static void run_tiles(void *arg, int64_t first, int64_t last)
{
    const tiles_job *t = arg;
    for (int64_t i = first; i < last; i++) run_tile(t->w, i, t->room ? t->scratch + t->room * (size_t)tp__seat() : NULL);
    if (t->w->streams) tp__stream_end();
}

/* `goes_on`: of what is streamed fn keeps one row at y, and does more in the time where rows follow. */
static tp_status each_rows(tp__rows shape, tp_tensor *const *in, int n_in, tp_tensor *out, tp__row_fn *fn, const void *arg, bool goes_on)
{
    walk w = { .shape = shape, .in = in, .n_in = n_in, .out = out, .fn = fn, .arg = arg, .f64 = in[0]->dtype == TP_F64 };
    const int64_t numel = shape.outer * shape.n * shape.inner;
    if (!numel) return TP_OK;
    w.per_tile = shape.n < TP__ROWS_BLOCK ? TP__ROWS_BLOCK / shape.n : 1;
    if (shape.inner > 1) w.per_tile = least(COLUMNS, shape.inner);
    const int64_t wide = w.f64 ? 8 : 4;
    w.streams = out && is_direct(&w, in[0]) && is_direct(&w, out) && shape.n * wide <= LONGEST_STREAMED && tp__streams(numel * wide);
    for (int i = 0; i < n_in; i++) w.streams &= !out || in[i]->storage != out->storage;
    goes_on &= w.streams && shape.n >= LANES;
    const int64_t kept = goes_on ? 1 : w.per_tile;
    if (goes_on) w.per_tile = least(LONG_TILE / shape.n + 1, shape.outer);
    w.across = ((shape.inner == 1 ? shape.outer : shape.inner) + w.per_tile - 1) / w.per_tile;
    const int64_t tiles = shape.inner == 1 ? w.across : shape.outer * w.across;
    const int threads = numel >= PARALLEL && tiles > 1 ? tp_get_num_threads() : 1;
    const size_t room = is_direct(&w, in[0]) && !w.streams ? 0 : (size_t)((w.streams ? 1 : n_in) * kept * shape.n * wide);
    char *scratch = room ? tp__scratch(TP__SCRATCH_COPY, room * (size_t)threads) : NULL;
    if (room && !scratch) return TP_ERR_MEMORY;
    tp__parallel_items(tiles, numel / tiles, threads, run_tiles, &(tiles_job){ &w, scratch, room });
    return TP_OK;
}

tp_status tp__each_rows(tp__rows shape, tp_tensor *const *in, int n_in, tp_tensor *out, tp__row_fn *fn, const void *arg)
{
    return each_rows(shape, in, n_in, out, fn, arg, false);
}

/* ---- Leaf loops: one body for float32 and float64 ---------------------------------------------------------------------------------- */

#define EACH(count) for (int l = 0; l < count; l++)
/* `expression` of a, a partial result, and b, the next term: `term` of i. Rows shorter than SOME go one by one. The last
 * argument, if there is one, is done before each LANES from k_ on: the next row is asked for while the arithmetic runs. */
#define REDUCE(T, n, first, term, expression, result, ...) do { \
        T part_[LANES], rest_ = first; \
        int64_t k_ = 0; \
        EACH(LANES) part_[l] = first; \
        for (; k_ + LANES <= (n); k_ += LANES) { \
            __VA_ARGS__; \
            EACH(LANES) { const int64_t i = k_ + l; const T a = part_[l], b = term; part_[l] = (expression); } \
        } \
        for (; k_ + SOME <= (n); k_ += SOME) \
            EACH(SOME) { const int64_t i = k_ + l; const T a = part_[l], b = term; part_[l] = (expression); } \
        for (int half = LANES / 2; k_ && half; half /= 2) \
            EACH(half) { const T a = part_[l], b = part_[l + half]; part_[l] = (expression); } \
        for (int64_t i = k_; i < (n); i++) { const T a = rest_, b = term; rest_ = (expression); } \
        const T a = part_[0], b = rest_; \
        *(result) = k_ ? (expression) : rest_; \
    } while (0)
#define GREATER (b > a ? b : a)

/* The last loop over a streamed row */
#define SCALE_ROW(T, LINE) { TP__STREAM_ROW(T, n, y, e[i] * scale, , LINE); }
#define BACK_ROW(T, LINE) { TP__STREAM_ROW(T, n, dx, y[i] * (dy[i] - inner), tp__ask_ahead(y + n + at), LINE); }
/* e = exp(x - m) of a line, by the instruction set that lines go out with; the same bits as tp__exp_falling. AVX-512 scales by a power of two in
 * one instruction. */
#define FALLING_LINE(name, T, FALLING) \
    static TP__INLINE void name(T *e, const T *x, T m) \
    { \
        TP__IN_ONE for (int i = 0; i < (int)(TP__LINE / sizeof(T)); i++) e[i] = FALLING(x[i] - m); \
    }
FALLING_LINE(falling_line_f32, float, tp__exp_falling_f32)
FALLING_LINE(falling_line_f64, double, tp__exp_falling_f64)
#if TP__HAS_X86
__attribute__((target(TP__TARGET_AVX512))) static TP__INLINE void falling_line_avx512(float *e, const float *x, float m)
{
#define ALL(x) _mm512_set1_ps(x)
    /* Operators, and not fmadd: what the compiler makes of the expression above it must make of this one. */
    const __m512 d = _mm512_loadu_ps(x) - ALL(m), n = (d * ALL(1.44269504088896341f) + ALL(TP__ROUNDER_F32)) - ALL(TP__ROUNDER_F32);
    const __m512 r = (d - n * ALL(0.693359375f)) - n * ALL(-2.12194440e-4f);
    const __m512 p = TP__P7(r, ALL(1.0f), ALL(1.0f), ALL(5.0000001201e-1f), ALL(1.6666665459e-1f), ALL(4.1665795894e-2f), ALL(8.3334519073e-3f),
                             ALL(1.3981999507e-3f));
    const __mmask16 normal = _mm512_cmp_ps_mask(d, ALL(tp__reach.exp_normal), _CMP_NLT_UQ);       /* a NaN too */
    _mm512_storeu_ps(e, _mm512_maskz_scalef_ps(normal, p, n));
#undef ALL
}
#define FALLING_F32_tp__line_avx512 falling_line_avx512
#define FALLING_F32_tp__line_avx2   falling_line_f32
#endif
#define FALLING_F32_tp__line_base   falling_line_f32

/* exp(x - m) to e, and its sum; what was in e, the row before, goes to `past` times scale meanwhile, if that is not NULL: whole lines of it. */
#define SEND(T, LINE) \
    for (int c = 0; past && c < LANES; c += PER) { \
        _Alignas(TP__LINE) T line[PER]; \
        TP__IN_ONE for (int l = 0; l < PER; l++) line[l] = e[k_ + c + l] * scale; \
        LINE(past + k_ + c, line); \
    }
#define ASK(T) tp__ask_for((const char *)(x + n + k_) + TP__AHEAD, LANES * (int64_t)sizeof(T));
#define EXP_ROW(T, FALLING, OF_LINE, LINE) \
    { \
        enum { PER = TP__LINE / sizeof(T) }; \
        if (n % LANES == 0) REDUCE(T, n, 0, e[i], a + b, sum, ASK(T) SEND(T, LINE) \
                                   for (int c = 0; c < LANES; c += PER) OF_LINE(e + k_ + c, x + k_ + c, m)); \
        else REDUCE(T, n, 0, (e[i] = FALLING(x[i] - m)), a + b, sum, ASK(T)); \
    }
#define EXP_F32(LINE) EXP_ROW(float, tp__exp_falling_f32, FALLING_F32_##LINE, LINE)
#define EXP_F64(LINE) EXP_ROW(double, tp__exp_falling_f64, falling_line_f64, LINE)
#define SCALE_F32(LINE) SCALE_ROW(float, LINE)
#define SCALE_F64(LINE) SCALE_ROW(double, LINE)
#define BACK_F32(LINE) BACK_ROW(float, LINE)
#define BACK_F64(LINE) BACK_ROW(double, LINE)
TP__SIMD_LINES(static, scale_past_f32, (int64_t n, const float *e, float scale, float *y), (n, e, scale, y), SCALE_F32)
TP__SIMD_LINES(static, scale_past_f64, (int64_t n, const double *e, double scale, double *y), (n, e, scale, y), SCALE_F64)
TP__SIMD_LINES(static, back_past_f32, (int64_t n, const float *dy, const float *y, float inner, float *dx), (n, dy, y, inner, dx), BACK_F32)
TP__SIMD_LINES(static, back_past_f64, (int64_t n, const double *dy, const double *y, double inner, double *dx), (n, dy, y, inner, dx), BACK_F64)
TP__SIMD_LINES(static, exp_past_f32,
               (int64_t n, const float *x, float m, float *restrict e, float scale, float *past, float *sum),
               (n, x, m, e, scale, past, sum), EXP_F32)
TP__SIMD_LINES(static, exp_past_f64, (int64_t n, const double *x, double m, double *restrict e, double scale, double *past, double *sum),
               (n, x, m, e, scale, past, sum), EXP_F64)

#define ROWS(bits, T, EXP, FALLING, LOG) \
    static TP__INLINE T max_f##bits(int64_t n, const T *x) { T m; REDUCE(T, n, x[0], x[i], GREATER, &m, ); return m; } \
    static TP__INLINE T sum_f##bits(int64_t n, const T *x) { T sum; REDUCE(T, n, 0, x[i], a + b, &sum, ); return sum; } \
    static TP__INLINE T exp_sum_f##bits(int64_t n, const T *x, T m, T *y) \
    { \
        T sum; \
        REDUCE(T, n, 0, (y[i] = FALLING(x[i] - m)), a + b, &sum, ); \
        return sum; \
    } \
    static TP__INLINE void exp_f##bits(int64_t n, T *x) { for (int64_t i = 0; i < n; i++) x[i] = EXP(x[i]); } \
    static TP__INLINE void softmax_f##bits##_body(int64_t rows, int64_t n, const T *x, T *y, T *past) \
    { \
        const bool whole = n % LANES == 0 && !tp__to_line(past); \
        T before = 0; \
        for (int64_t r = 0; r < rows && n >= LANES && past; r++, x += n) { \
            T sum; \
            exp_past_f##bits(n, x, max_f##bits(n, x), y, before, r && whole ? past + (r - 1) * n : NULL, &sum); \
            before = 1 / sum; \
            if (!whole || r == rows - 1) scale_past_f##bits(n, y, before, past + r * n); \
        } \
        for (int64_t r = 0; r < rows && n >= LANES && !past; r++, x += n, y += n) { \
            const T scale = 1 / exp_sum_f##bits(n, x, max_f##bits(n, x), y); \
            for (int64_t i = 0; i < n; i++) y[i] *= scale; \
        } \
        if (n >= LANES) return; \
        for (int64_t r = 0; r < rows; r++) { \
            const T m = max_f##bits(n, x + r * n); \
            for (int64_t i = 0; i < n; i++) y[r * n + i] = x[r * n + i] - m; \
        } \
        for (int64_t i = 0; i < rows * n; i++) y[i] = FALLING(y[i]); \
        for (int64_t r = 0; r < rows; r++) { \
            const T scale = 1 / sum_f##bits(n, y + r * n); \
            for (int64_t i = 0; i < n; i++) y[r * n + i] *= scale; \
        } \
        if (past) tp__stream(past, y, rows * n * (int64_t)sizeof(T)); \
    } \
    TP__SIMD(static, softmax_f##bits, (int64_t rows, int64_t n, const T *x, T *y, T *past), (rows, n, x, y, past)) \
    void tp__softmax_rows_f##bits(int64_t rows, int64_t n, const T *x, T *y) { softmax_f##bits(rows, n, x, y, NULL); } \
    static TP__INLINE void sums_f##bits##_body(int64_t rows, int64_t n, const T *x, T *max, T *sum) \
    { \
        T e[TP__ROWS_BLOCK]; \
        const int64_t at_once = n < TP__ROWS_BLOCK ? TP__ROWS_BLOCK / n : 1; \
        for (int64_t r = 0; r < rows; r++) max[r] = max_f##bits(n, x + r * n); \
        for (int64_t r = 0; r < rows; r += at_once) { \
            const int64_t some = rows - r < at_once ? rows - r : at_once; \
            T total = 0; \
            for (int64_t c = 0; c < n; c += TP__ROWS_BLOCK) {                  /* once, but for a row longer than the block */ \
                const int64_t w = n - c < TP__ROWS_BLOCK ? n - c : TP__ROWS_BLOCK; \
                for (int64_t k = 0; k < some; k++) \
                    for (int64_t i = 0; i < w; i++) e[k * w + i] = x[(r + k) * n + c + i] - max[r + k]; \
                exp_f##bits(some * w, e); \
                for (int64_t k = 0; k < some; k++) sum[r + k] = sum_f##bits(w, e + k * w); \
                if (n > w) sum[r] = total += sum[r]; \
            } \
        } \
    } \
    TP__SIMD(static, sums_f##bits, (int64_t rows, int64_t n, const T *x, T *max, T *sum), (rows, n, x, max, sum)) \
    static TP__INLINE void log_f##bits##_body(int64_t n, T *x) { for (int64_t i = 0; i < n; i++) x[i] = LOG(x[i]); } \
    TP__SIMD(static, log_f##bits, (int64_t n, T *x), (n, x)) \
    void tp__logsum_rows_f##bits(int64_t rows, int64_t n, const T *x, T *max, T *logsum) \
    { \
        sums_f##bits(rows, n, x, max, logsum); \
        log_f##bits(rows, logsum); \
    } \
    static TP__INLINE void minus_f##bits##_body(int64_t rows, int64_t n, const T *x, const T *max, const T *logsum, T *y) \
    { \
        for (int64_t r = 0; r < rows; r++) \
            for (int64_t i = 0; i < n; i++) y[r * n + i] = x[r * n + i] - max[r] - logsum[r]; \
    } \
    TP__SIMD(static, minus_f##bits, (int64_t rows, int64_t n, const T *x, const T *max, const T *logsum, T *y), (rows, n, x, max, logsum, y)) \
    static TP__INLINE void softmax_back_f##bits##_body(int64_t rows, int64_t n, const T *dy, const T *y, T *dx, T *past) \
    { \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n, dx += n) { \
            T inner; \
            REDUCE(T, n, 0, dy[i] * y[i], a + b, &inner, if (past) tp__ask_for((const char *)(dy + n + k_) + TP__AHEAD, LANES * (int64_t)sizeof(T))); \
            if (past) back_past_f##bits(n, dy, y, inner, past + r * n); \
            else for (int64_t i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - inner); \
        } \
    } \
    TP__SIMD(static, softmax_back_f##bits, (int64_t rows, int64_t n, const T *dy, const T *y, T *dx, T *past), (rows, n, dy, y, dx, past)) \
    static TP__INLINE void log_softmax_back_f##bits##_body(int64_t rows, int64_t n, const T *dy, const T *y, T *dx) \
    { \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n, dx += n) { \
            const T inner = sum_f##bits(n, dy); \
            for (int64_t i = 0; i < n; i++) dx[i] = dy[i] - EXP(y[i]) * inner; \
        } \
    } \
    TP__SIMD(static, log_softmax_back_f##bits, (int64_t rows, int64_t n, const T *dy, const T *y, T *dx), (rows, n, dy, y, dx))
ROWS(32, float, tp__exp_f32, tp__exp_falling_f32, tp__log_f32)
ROWS(64, double, tp__exp_f64, tp__exp_falling_f64, tp__log_f64)

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

static void softmax_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) softmax_f64(rows, n, x[0], y, past);
    else softmax_f32(rows, n, x[0], y, past);
}

/* In 16-bit floats, of which *arg is the dtype, PyTorch rounds the sum and its logarithm; so do we. */
void tp__logsum_rows_narrow(int64_t rows, int64_t n, const float *x, float *max, float *logsum, const tp_dtype *dtype)
{
    uint16_t half[TP__ROWS_BLOCK / 16];
    sums_f32(rows, n, x, max, logsum);
    for (int i = 0; i < 2; i++) {
        if (i) log_f32(rows, logsum);
        tp__cast_row(half, *dtype, 1, logsum, TP_F32, 1, rows);
        tp__cast_row(logsum, TP_F32, 1, half, *dtype, 1, rows);
    }
}

static void log_softmax_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    (void)first;
    enum { MOST = 256 };
    double max[MOST], logsum[MOST];
    for (int64_t r = 0; r < rows; r += MOST) {
        const int64_t some = least(MOST, rows - r);
        if (f64) {
            const double *from = (const double *)x[0] + r * n;
            tp__logsum_rows_f64(some, n, from, max, logsum);
            minus_f64(some, n, from, max, logsum, (double *)y + r * n);
        } else {
            const float *from = (const float *)x[0] + r * n;
            float *m = (float *)(void *)max, *s = (float *)(void *)logsum;
            if (arg) tp__logsum_rows_narrow(some, n, from, m, s, arg);
            else tp__logsum_rows_f32(some, n, from, m, s);
            minus_f32(some, n, from, m, s, (float *)y + r * n);
        }
    }
    if (past) tp__stream(past, y, rows * n * (f64 ? 8 : 4));
}

static void softmax_back_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) softmax_back_f64(rows, n, x[0], x[1], y, past);
    else softmax_back_f32(rows, n, x[0], x[1], y, past);
}

static void log_softmax_back_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) log_softmax_back_f64(rows, n, x[0], x[1], y);
    else log_softmax_back_f32(rows, n, x[0], x[1], y);
    if (past) tp__stream(past, y, rows * n * (f64 ? 8 : 4));
}

/* The first member of the attributes is the dim. */
static tp_status rows_kernel(tp__call *call, tp__row_fn *fn, bool goes_on)
{
    const int64_t dim = *(const int64_t *)call->attr;
    return each_rows(tp__rows_of(call->out[0], dim), call->in, call->n_in, call->out[0], fn, NULL, goes_on);
}
static tp_status softmax_kernel(tp__call *call) { return rows_kernel(call, softmax_rows, true); }
static tp_status log_softmax_kernel(tp__call *call)
{
    const tp__rows rows = tp__rows_of(call->out[0], *(const int64_t *)call->attr);
    const tp_dtype dtype = (tp_dtype)call->out[0]->dtype;
    const bool last = *(const int64_t *)call->attr >= call->out[0]->ndim - 1;          /* elsewhere PyTorch sums in float32 */
    const bool rounds = last && (dtype == TP_F16 || dtype == TP_BF16);
    return tp__each_rows(rows, call->in, call->n_in, call->out[0], log_softmax_rows, rounds ? &dtype : NULL);
}
static tp_status softmax_backward_kernel(tp__call *call) { return rows_kernel(call, softmax_back_rows, false); }
static tp_status log_softmax_backward_kernel(tp__call *call) { return rows_kernel(call, log_softmax_back_rows, false); }

const tp_kernel tp__cpu_softmax[] = {
    { "softmax", softmax_kernel, NULL }, { "log_softmax", log_softmax_kernel, NULL }, { "softmax_backward", softmax_backward_kernel, NULL },
    { "log_softmax_backward", log_softmax_backward_kernel, NULL }, { NULL, NULL, NULL },
};
