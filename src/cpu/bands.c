/* bands.c: a row of the output comes of the rows of the input that height and depth say, summed with their weights into one
 * row, on which the map of the width is done. */
#include "cpu/bands.h"

#include <string.h>

#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/simd.h"

/* ---- Bands ------------------------------------------------------------------------------------------------------------------------ */

tp_status tp__bands_new(tp__bands *b, tp_dtype dtype, int64_t in, int64_t out, int64_t most, bool weighted, bool divided)
{
    const size_t item = tp_dtype_size(dtype), bands = (size_t)out * sizeof(tp__band), divisors = divided ? (size_t)out * item : 0;
    *b = (tp__bands){ .dtype = dtype, .in = in, .out = out, .most = most };
    b->bytes = bands + divisors + (weighted ? (size_t)out * (size_t)most * item : 0) + 1;
    b->memory = tp_mem_calloc(b->bytes);
    if (!b->memory) return TP_ERR_MEMORY;
    b->band = b->memory;
    if (divided) b->divisor = (char *)b->memory + bands;
    if (weighted) b->weight = (char *)b->memory + bands + divisors;
    return TP_OK;
}

void tp__bands_free(tp__bands *b)
{
    if (b->memory) tp_mem_free(b->memory, b->bytes);
    *b = (tp__bands){ 0 };
}

static void put(tp_dtype dtype, void *to, int64_t i, double value)
{
    if (dtype == TP_F32) ((float *)to)[i] = (float)value;
    else if (dtype == TP_F64) ((double *)to)[i] = value;
    else ((int64_t *)to)[i] = (int64_t)value;
}

void tp__bands_set(tp__bands *b, int64_t o, int64_t k, double weight) { put(b->dtype, b->weight, o * b->most + k, weight); }
void tp__bands_divide(tp__bands *b, int64_t o, double divisor) { put(b->dtype, b->divisor, o, divisor); }

/* Input i is in the outputs [lo, hi): those before lo end at i or before it, those from hi on begin after it. */
tp_status tp__bands_turn(tp__bands *turned, const tp__bands *b)
{
    const size_t item = tp_dtype_size(b->dtype);
    int64_t most = 0;
    for (int64_t i = 0, lo = 0, hi = 0; i < b->in; i++) {
        while (lo < b->out && b->band[lo].first + b->band[lo].count <= i) lo++;
        while (hi < b->out && b->band[hi].first <= i) hi++;
        if (hi - lo > most) most = hi - lo;
    }
    const tp_status status = tp__bands_new(turned, b->dtype, b->out, b->in, most, b->weight, false);
    if (status) return status;
    for (int64_t i = 0, lo = 0, hi = 0; i < b->in; i++) {
        while (lo < b->out && b->band[lo].first + b->band[lo].count <= i) lo++;
        while (hi < b->out && b->band[hi].first <= i) hi++;
        turned->band[i] = (tp__band){ lo, hi > lo ? hi - lo : 0 };
        for (int64_t o = lo; o < hi && b->weight; o++)
            memcpy((char *)turned->weight + (size_t)(i * most + o - lo) * item,
                   (const char *)b->weight + (size_t)(o * b->most + i - b->band[o].first) * item, item);
    }
    turned->divisor = b->divisor;                      /* borrowed */
    return TP_OK;
}

/* ---- Loops ------------------------------------------------------------------------------------------------------------------------- */

typedef struct job {
    const tp__bands *const *b;
    const void *x;
    void *y, *rows;                                    /* a row of the width's input for each thread */
    bool same_width;                                   /* the map of the width does nothing */
    bool divides;
} job;

/* Sums of integers wrap, and so does the one quotient that does not fit. */
#define U_float   float
#define U_double  double
#define U_int64_t uint64_t
#define OVER_float(a, b)   ((a) / (b))
#define OVER_double(a, b)  ((a) / (b))
#define OVER_int64_t(a, b) over(a, b)
static int64_t over(int64_t a, int64_t b) { return b == -1 ? (int64_t)-(uint64_t)a : b ? a / b : 0; }

#define AT(T, list, i) (((const T *)(list))[i])
#define OF(T, list, i) ((U_##T)AT(T, list, i))
#define LOOPS(T) \
    static TP__INLINE void add_row_##T##_body(T *restrict sum, const T *restrict row, T weight, bool weighted, int64_t n) \
    { \
        if (weighted) for (int64_t j = 0; j < n; j++) sum[j] = (T)((U_##T)sum[j] + (U_##T)weight * (U_##T)row[j]); \
        else for (int64_t j = 0; j < n; j++) sum[j] = (T)((U_##T)sum[j] + (U_##T)row[j]); \
    } \
    TP__SIMD(static, add_row_##T, (T *restrict sum, const T *restrict row, T weight, bool weighted, int64_t n), (sum, row, weight, weighted, n)) \
    static TP__INLINE void first_row_##T##_body(T *restrict sum, const T *restrict row, T weight, int64_t n) \
    { \
        for (int64_t j = 0; j < n; j++) sum[j] = (T)((U_##T)weight * (U_##T)row[j]); \
    } \
    TP__SIMD(static, first_row_##T, (T *restrict sum, const T *restrict row, T weight, int64_t n), (sum, row, weight, n)) \
    /* The rows of the input that output row (z, i) is made of, as one; the row itself where it is just that. */ \
    static const T *rows_##T(const job *t, const T *x, int64_t z, int64_t i, T *sum) \
    { \
        const tp__bands *d = t->b[0], *h = t->b[1]; \
        const tp__band zs = d->band[z], is = h->band[i]; \
        const int64_t n = t->b[2]->in; \
        const bool weighted = d->weight || h->weight; \
        if (!weighted && zs.count == 1 && is.count == 1) return x + (zs.first * h->in + is.first) * n; \
        if (!zs.count || !is.count) memset(sum, 0, (size_t)n * sizeof(T)); \
        for (int64_t a = 0; a < zs.count; a++) \
            for (int64_t c = 0; c < is.count; c++) { \
                const T *row = x + ((zs.first + a) * h->in + is.first + c) * n; \
                const T weight = (T)((d->weight ? OF(T, d->weight, z * d->most + a) : 1) * (h->weight ? OF(T, h->weight, i * h->most + c) : 1)); \
                if (a || c) add_row_##T(sum, row, weight, weighted, n); \
                else if (weighted) first_row_##T(sum, row, weight, n); \
                else memcpy(sum, row, (size_t)n * sizeof(T)); \
            } \
        return sum; \
    } \
    static void across_##T(const tp__bands *w, const T *row, T *y) \
    { \
        const T *weight = w->weight; \
        for (int64_t j = 0; j < w->out; j++, weight += weight ? w->most : 0) { \
            const T *from = row + w->band[j].first; \
            U_##T sum = 0; \
            if (weight) for (int64_t k = 0; k < w->band[j].count; k++) sum += (U_##T)weight[k] * (U_##T)from[k]; \
            else for (int64_t k = 0; k < w->band[j].count; k++) sum += (U_##T)from[k]; \
            y[j] = (T)sum; \
        } \
    } \
    static void divide_##T(const tp__bands *const *b, int64_t z, int64_t i, const T *x, T *y, int64_t n) \
    { \
        const U_##T rest = (b[0]->divisor ? OF(T, b[0]->divisor, z) : 1) * (b[1]->divisor ? OF(T, b[1]->divisor, i) : 1); \
        for (int64_t j = 0; j < n; j++) y[j] = OVER_##T(x[j], (T)(rest * (b[2]->divisor ? OF(T, b[2]->divisor, j) : 1))); \
    } \
    static void run_rows_##T(void *arg, int64_t first, int64_t last) \
    { \
        const job *t = arg; \
        const tp__bands *d = t->b[0], *h = t->b[1], *w = t->b[2]; \
        T *sum = (T *)t->rows + tp__seat() * w->in; \
        for (int64_t r = first; r < last; r++) { \
            const int64_t i = r % h->out, z = r / h->out % d->out, plane = r / (h->out * d->out); \
            const T *row = rows_##T(t, (const T *)t->x + plane * d->in * h->in * w->in, z, i, sum); \
            T *y = (T *)t->y + r * w->out; \
            if (t->same_width) memcpy(y, row, (size_t)w->out * sizeof(T)); \
            else across_##T(w, row, y); \
            if (t->divides) divide_##T(t->b, z, i, y, y, w->out); \
        } \
    } \
    static void divide_rows_##T(void *arg, int64_t first, int64_t last) \
    { \
        const job *t = arg; \
        const int64_t depth = t->b[0]->in, height = t->b[1]->in, n = t->b[2]->in; \
        for (int64_t r = first; r < last; r++) \
            divide_##T(t->b, r / height % depth, r % height, (const T *)t->x + r * n, (T *)t->y + r * n, n); \
    }
LOOPS(float)
LOOPS(double)
LOOPS(int64_t)

/* ---- Running them ------------------------------------------------------------------------------------------------------------------- */

static bool does_nothing(const tp__bands *w)
{
    bool same = w->in == w->out && !w->weight;
    for (int64_t j = 0; j < w->out && same; j++) same = w->band[j].first == j && w->band[j].count == 1;
    return same;
}

static void each_row(tp_dtype dtype, int64_t rows, int64_t work, int threads, tp__items_fn *f32, tp__items_fn *f64, tp__items_fn *i64, job *t)
{
    tp__parallel_items(rows, work, threads, dtype == TP_F32 ? f32 : dtype == TP_F64 ? f64 : i64, t);
}

tp_status tp__bands_apply(const tp__bands *const b[3], int64_t planes, bool divide_input, const void *x, void *y, int threads)
{
    const tp_dtype dtype = b[2]->dtype;
    const size_t item = tp_dtype_size(dtype), all = (size_t)(planes * b[0]->in * b[1]->in * b[2]->in) * item;
    const bool divided = b[0]->divisor || b[1]->divisor || b[2]->divisor;
    if (threads < 1) threads = 1;
    const size_t rows = (size_t)threads * (size_t)b[2]->in * item + 1, copy = divided && divide_input ? all : 0;
    char *memory = tp_mem_alloc(rows + copy + 64);
    if (!memory) return TP_ERR_MEMORY;
    if (copy) {
        char *quotients = memory + (rows + 63) / 64 * 64;
        each_row(dtype, planes * b[0]->in * b[1]->in, b[2]->in * 4, threads, divide_rows_float, divide_rows_double, divide_rows_int64_t,
                 &(job){ .b = b, .x = x, .y = quotients });
        x = quotients;
    }
    const int64_t work = (b[0]->most * b[1]->most + 1) * b[2]->in + b[2]->most * b[2]->out;
    each_row(dtype, planes * b[0]->out * b[1]->out, work, threads, run_rows_float, run_rows_double, run_rows_int64_t,
             &(job){ .b = b, .x = x, .y = y, .rows = memory, .same_width = does_nothing(b[2]), .divides = divided && !divide_input });
    tp_mem_free(memory, rows + copy + 64);
    return TP_OK;
}

/* ---- Rounded to 16 bits on the way -------------------------------------------------------------------------------------------------- */

typedef struct rounding { const tp__bands *const *b; tp_dtype narrow; bool one_by_one, divide_input; const float *x; float *quotient, *y; } rounding;

/* v over the divisors of place (z, i, j). */
static float quotient(const rounding *t, float v, int64_t z, int64_t i, int64_t j)
{
    const int64_t at[] = { z, i, j };
    float product = 1;
    for (int k = 0; k < 3; k++) {
        const float by = t->b[k]->divisor ? ((const float *)t->b[k]->divisor)[at[k]] : 1;
        if (t->one_by_one) v = tp__round_to(t->narrow, v / by);
        else product *= by;
    }
    return t->one_by_one ? v : tp__round_to(t->narrow, v / product);
}

static void quotients(void *arg, int64_t first, int64_t last)
{
    const rounding *t = arg;
    const int64_t h = t->b[1]->in, w = t->b[2]->in, depth = t->b[0]->in;
    for (int64_t k = first; k < last; k++) t->quotient[k] = quotient(t, t->x[k], k / (w * h) % depth, k / w % h, k % w);
}

static void rounded_sums(void *arg, int64_t first, int64_t last)
{
    const rounding *t = arg;
    const tp__bands *d = t->b[0], *h = t->b[1], *w = t->b[2];
    for (int64_t k = first; k < last; k++) {
        const int64_t at[] = { k / (w->out * h->out) % d->out, k / w->out % h->out, k % w->out };
        const tp__band zs = d->band[at[0]], is = h->band[at[1]], js = w->band[at[2]];
        const float *plane = (t->divide_input ? t->quotient : t->x) + k / (w->out * h->out * d->out) * d->in * h->in * w->in;
        float sum = 0;
        for (int64_t z = zs.first; z < zs.first + zs.count; z++)
            for (int64_t i = is.first; i < is.first + is.count; i++)
                for (int64_t j = js.first; j < js.first + js.count; j++) sum = tp__round_to(t->narrow, sum + plane[(z * h->in + i) * w->in + j]);
        t->y[k] = t->divide_input ? sum : quotient(t, sum, at[0], at[1], at[2]);
    }
}

tp_status tp__bands_apply_rounded(const tp__bands *const b[3], int64_t planes, bool divide_input, tp_dtype narrow, bool one_by_one, const float *x,
                                  float *y, int threads)
{
    const int64_t in = planes * b[0]->in * b[1]->in * b[2]->in, out = planes * b[0]->out * b[1]->out * b[2]->out;
    const size_t bytes = (size_t)in * sizeof(float) + 1;
    float *memory = divide_input ? tp_mem_alloc(bytes) : NULL;
    if (divide_input && !memory) return TP_ERR_MEMORY;
    rounding t = { b, narrow, one_by_one, divide_input, x, memory, y };
    if (divide_input) tp__parallel_items(in, 8, threads, quotients, &t);
    tp__parallel_items(out, 8 * (1 + b[0]->most * b[1]->most * b[2]->most), threads, rounded_sums, &t);
    if (memory) tp_mem_free(memory, bytes);
    return TP_OK;
}
