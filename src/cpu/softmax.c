/* softmax.c: softmax and log_softmax. In short rows exp is taken over many rows at once, which keeps vectors full. */
#include "cpu/softmax.h"

#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/vecmath.h"

enum { COLUMNS = 16, PARALLEL = 1 << 15 };

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
    bool f64;
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
        w->fn(rows, n, outer * inner + column, x, NULL, w->f64, w->arg);
        return;
    }
    char *y = is_direct(w, w->out) ? (char *)w->out->data + start * wide : scratch;
    w->fn(rows, n, outer * inner + column, x, y, w->f64, w->arg);
    if (!is_direct(w, w->out)) copy_rows(w, w->out, start, rows, y, false);
}

typedef struct tiles_job { const walk *w; char *scratch; size_t room; } tiles_job;

static void run_tiles(void *arg, int64_t first, int64_t last)
{
    const tiles_job *t = arg;
    for (int64_t i = first; i < last; i++) run_tile(t->w, i, t->room ? t->scratch + t->room * (size_t)tp__seat() : NULL);
}

tp_status tp__each_rows(tp__rows shape, tp_tensor *const *in, int n_in, tp_tensor *out, tp__row_fn *fn, const void *arg)
{
    walk w = { .shape = shape, .in = in, .n_in = n_in, .out = out, .fn = fn, .arg = arg, .f64 = in[0]->dtype == TP_F64 };
    const int64_t numel = shape.outer * shape.n * shape.inner;
    if (!numel) return TP_OK;
    w.per_tile = shape.n < TP__ROWS_BLOCK ? TP__ROWS_BLOCK / shape.n : 1;
    if (shape.inner > 1) w.per_tile = least(COLUMNS, shape.inner);
    w.across = ((shape.inner == 1 ? shape.outer : shape.inner) + w.per_tile - 1) / w.per_tile;
    const int64_t tiles = shape.inner == 1 ? w.across : shape.outer * w.across;
    const int threads = numel >= PARALLEL && tiles > 1 ? tp_get_num_threads() : 1;
    const size_t room = is_direct(&w, in[0]) ? 0 : (size_t)(n_in * w.per_tile * shape.n) * (w.f64 ? 8 : 4);
    char *scratch = room ? tp__scratch(TP__SCRATCH_COPY, room * (size_t)threads) : NULL;
    if (room && !scratch) return TP_ERR_MEMORY;
    tp__parallel_items(tiles, numel / tiles, threads, run_tiles, &(tiles_job){ &w, scratch, room });
    return TP_OK;
}

/* ---- Leaf loops: one body for float32 and float64 ---------------------------------------------------------------------------------- */

#define LANES 16
#define REDUCE_ROW(name, T, first, expression) \
    static TP__INLINE T name(int64_t n, const T *x) \
    { \
        T m = first; \
        int64_t i = 0; \
        if (n >= LANES) { \
            T part[LANES]; \
            for (int l = 0; l < LANES; l++) part[l] = x[l]; \
            for (i = LANES; i + LANES <= n; i += LANES) \
                for (int l = 0; l < LANES; l++) { const T a = part[l], b = x[i + l]; part[l] = (expression); } \
            for (int half = LANES / 2; half; half /= 2) \
                for (int l = 0; l < half; l++) { const T a = part[l], b = part[l + half]; part[l] = (expression); } \
            m = part[0]; \
        } \
        for (; i < n; i++) { const T a = m, b = x[i]; m = (expression); } \
        return m; \
    }
#define ROWS(bits, T, EXP, LOG) \
    REDUCE_ROW(max_f##bits, T, x[0], b > a ? b : a) \
    REDUCE_ROW(sum_f##bits, T, 0, a + b) \
    static TP__INLINE void exp_f##bits(int64_t n, T *x) { for (int64_t i = 0; i < n; i++) x[i] = EXP(x[i]); } \
    static TP__INLINE void softmax_f##bits##_body(int64_t rows, int64_t n, const T *x, T *y) \
    { \
        for (int64_t r = 0; r < rows; r++) { \
            const T m = max_f##bits(n, x + r * n); \
            for (int64_t i = 0; i < n; i++) y[r * n + i] = x[r * n + i] - m; \
        } \
        exp_f##bits(rows * n, y); \
        for (int64_t r = 0; r < rows; r++) { \
            const T scale = 1 / sum_f##bits(n, y + r * n); \
            for (int64_t i = 0; i < n; i++) y[r * n + i] *= scale; \
        } \
    } \
    TP__SIMD(static, softmax_f##bits, (int64_t rows, int64_t n, const T *x, T *y), (rows, n, x, y)) \
    void tp__softmax_rows_f##bits(int64_t rows, int64_t n, const T *x, T *y) { softmax_f##bits(rows, n, x, y); } \
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
    static TP__INLINE void softmax_back_f##bits##_body(int64_t rows, int64_t n, const T *dy, const T *y, T *dx) \
    { \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n, dx += n) { \
            T part[LANES] = { 0 }, inner = 0; \
            int64_t i = 0; \
            for (; i + LANES <= n; i += LANES) \
                for (int l = 0; l < LANES; l++) part[l] += dy[i + l] * y[i + l]; \
            for (; i < n; i++) inner += dy[i] * y[i]; \
            if (n >= LANES) inner += sum_f##bits(LANES, part); \
            for (i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - inner); \
        } \
    } \
    TP__SIMD(static, softmax_back_f##bits, (int64_t rows, int64_t n, const T *dy, const T *y, T *dx), (rows, n, dy, y, dx)) \
    static TP__INLINE void log_softmax_back_f##bits##_body(int64_t rows, int64_t n, const T *dy, const T *y, T *dx) \
    { \
        for (int64_t r = 0; r < rows; r++, dy += n, y += n, dx += n) { \
            const T inner = sum_f##bits(n, dy); \
            for (int64_t i = 0; i < n; i++) dx[i] = dy[i] - EXP(y[i]) * inner; \
        } \
    } \
    TP__SIMD(static, log_softmax_back_f##bits, (int64_t rows, int64_t n, const T *dy, const T *y, T *dx), (rows, n, dy, y, dx))
ROWS(32, float, tp__exp_f32, tp__log_f32)
ROWS(64, double, exp, log)

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

static void softmax_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) softmax_f64(rows, n, x[0], y);
    else softmax_f32(rows, n, x[0], y);
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

static void log_softmax_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
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
}

static void softmax_back_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) softmax_back_f64(rows, n, x[0], x[1], y);
    else softmax_back_f32(rows, n, x[0], x[1], y);
}

static void log_softmax_back_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
{
    (void)first, (void)arg;
    if (f64) log_softmax_back_f64(rows, n, x[0], x[1], y);
    else log_softmax_back_f32(rows, n, x[0], x[1], y);
}

/* The first member of the attributes is the dim. */
static tp_status rows_kernel(tp__call *call, tp__row_fn *fn)
{
    const int64_t dim = *(const int64_t *)call->attr;
    return tp__each_rows(tp__rows_of(call->out[0], dim), call->in, call->n_in, call->out[0], fn, NULL);
}
static tp_status softmax_kernel(tp__call *call) { return rows_kernel(call, softmax_rows); }
static tp_status log_softmax_kernel(tp__call *call)
{
    const tp__rows rows = tp__rows_of(call->out[0], *(const int64_t *)call->attr);
    const tp_dtype dtype = (tp_dtype)call->out[0]->dtype;
    const bool last = *(const int64_t *)call->attr >= call->out[0]->ndim - 1;          /* elsewhere PyTorch sums in float32 */
    const bool rounds = last && (dtype == TP_F16 || dtype == TP_BF16);
    return tp__each_rows(rows, call->in, call->n_in, call->out[0], log_softmax_rows, rounds ? &dtype : NULL);
}
static tp_status softmax_backward_kernel(tp__call *call) { return rows_kernel(call, softmax_back_rows); }
static tp_status log_softmax_backward_kernel(tp__call *call) { return rows_kernel(call, log_softmax_back_rows); }

const tp_kernel tp__cpu_softmax[] = {
    { "softmax", softmax_kernel, NULL }, { "log_softmax", log_softmax_kernel, NULL }, { "softmax_backward", softmax_backward_kernel, NULL },
    { "log_softmax_backward", log_softmax_backward_kernel, NULL }, { NULL, NULL, NULL },
};
