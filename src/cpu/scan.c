/* scan.c: scans along a dim of contiguous tensors, seen as [outer, n, inner]: columns of a tile at once, from the first element
 * to the last or back. Floats are added and multiplied in float64. */
#include "core/convert.h"
#include "core/op.h"
#include "core/parallel.h"

#include <math.h>

enum { TILE = 64, PARALLEL = 1 << 15 };

#define VALUE(v)   (v)
#define AS(T)      (T)
#define F16(v)     tp__f32_to_f16((float)(v))
#define BF16(v)    tp__f32_to_bf16((float)(v))
/* dtype, element, accumulator, load, store, what two are compared as */
#define EACH_FLOATING(X) X(F32, float, double, VALUE, (float), float) X(F64, double, double, VALUE, (double), double) \
    X(F16, uint16_t, double, tp__f16_to_f32, F16, float) X(BF16, uint16_t, double, tp__bf16_to_f32, BF16, float)
#define EACH_NUMBER(X) EACH_FLOATING(X) X(I64, int64_t, uint64_t, (uint64_t), (int64_t), int64_t) X(I32, int32_t, uint64_t, (uint64_t), (int32_t), int32_t) \
    X(I16, int16_t, uint64_t, (uint64_t), (int16_t), int16_t) X(I8, int8_t, uint64_t, (uint64_t), (int8_t), int8_t) \
    X(U8, uint8_t, uint64_t, (uint64_t), (uint8_t), uint8_t)
#define EACH_TYPE(X) EACH_NUMBER(X) X(BOOL, uint8_t, uint64_t, (uint64_t), (uint8_t), uint8_t)

/* A tile: w columns whose elements are `step` apart, which is negative from the end on; x, f, u, y and at stand at the first. */
typedef struct tile { int64_t n, w, step; const void *x, *f, *u; void *y; int64_t *at; } tile;
typedef void tile_fn(const tile *t);

static inline double add_exp(double a, double b)
{
    const double low = a < b ? a : b, high = a < b ? b : a;
    if (a != a || b != b) return a + b;
    return low == high && isinf(low) ? a : high + log1p(exp(low - high));
}

/* ---- Leaf loops ---------------------------------------------------------------------------------------------------------------------------- */

#define ADDED(a, v)      ((a) + (v))
#define MULTIPLIED(a, v) ((a) * (v))
#define SCAN(name, dtype, T, A, LOAD, STORE, first, STEP) \
    static void name##_##dtype(const tile *t) \
    { \
        const T *x = t->x; \
        T *y = t->y; \
        A acc[TILE]; \
        for (int64_t j = 0; j < t->w; j++) acc[j] = (A)(first); \
        for (int64_t k = 0; k < t->n; k++, x += t->step, y += t->step) \
            for (int64_t j = 0; j < t->w; j++) { \
                acc[j] = STEP(acc[j], (A)LOAD(x[j])); \
                y[j] = STORE(acc[j]); \
            } \
    }
#define SUM(dtype, T, A, LOAD, STORE, C) SCAN(sum, dtype, T, A, LOAD, STORE, 0, ADDED)
#define PRODUCT(dtype, T, A, LOAD, STORE, C) SCAN(product, dtype, T, A, LOAD, STORE, 1, MULTIPLIED)
#define LOGSUM(dtype, T, A, LOAD, STORE, C) SCAN(logsum, dtype, T, A, LOAD, STORE, -HUGE_VAL, add_exp)
EACH_NUMBER(SUM)
EACH_NUMBER(PRODUCT)
EACH_FLOATING(LOGSUM)

/* y_k = x_k + f_k y_{k-1}, or with the factor of the element before, in the order of the walk */
#define LINEAR(dtype, T, A, LOAD, STORE, C) \
    static void linear_##dtype(const tile *t) \
    { \
        const T *x = t->x, *f = t->f; \
        T *y = t->y; \
        A acc[TILE] = { 0 }; \
        if (t->step < 0) f -= t->step; \
        for (int64_t k = 0; k < t->n; k++, x += t->step, f += t->step, y += t->step) \
            for (int64_t j = 0; j < t->w; j++) { \
                acc[j] = (A)LOAD(x[j]) + (k ? (A)LOAD(f[j]) * acc[j] : 0); \
                y[j] = STORE(acc[j]); \
            } \
    }
EACH_FLOATING(LINEAR)

/* The last of equals, and of NaNs */
#define EXTREME(name, dtype, T, LOAD, C, MORE) \
    static void name##_##dtype(const tile *t) \
    { \
        const T *x = t->x; \
        T *y = t->y; \
        int64_t *at = t->at, where[TILE] = { 0 }; \
        T most[TILE]; \
        for (int64_t k = 0; k < t->n; k++, x += t->step, y += t->step, at += t->step) \
            for (int64_t j = 0; j < t->w; j++) { \
                const C v = (C)LOAD(x[j]), m = k ? (C)LOAD(most[j]) : v; \
                if (!k || v != v || (m == m && v MORE m)) { \
                    most[j] = x[j]; \
                    where[j] = k; \
                } \
                y[j] = most[j]; \
                at[j] = where[j]; \
            } \
    }
#define GREATEST(dtype, T, A, LOAD, STORE, C) EXTREME(greatest, dtype, T, LOAD, C, >=)
#define LEAST(dtype, T, A, LOAD, STORE, C) EXTREME(least, dtype, T, LOAD, C, <=)
EACH_TYPE(GREATEST)
EACH_TYPE(LEAST)

/* y[at[k]] += x[k], and y[k] = x[at[k]]. y is zero before. Neighbours that go to one place are added up before they are rounded. */
#define INDEXED(dtype, T, A, LOAD, STORE, C) \
    static void scatter_##dtype(const tile *t) \
    { \
        for (int64_t j = 0; j < t->w; j++) \
            for (int64_t k = 0, from; k < t->n;) { \
                const int64_t *at = t->at + j, to = at[k * t->step]; \
                T *y = (T *)t->y + to * t->step + j; \
                A sum = (A)LOAD(*y); \
                for (from = k; k < t->n && at[k * t->step] == at[from * t->step]; k++) sum += (A)LOAD(((const T *)t->x)[k * t->step + j]); \
                *y = STORE(sum); \
            } \
    } \
    static void gather_##dtype(const tile *t) \
    { \
        for (int64_t k = 0; k < t->n; k++) \
            for (int64_t j = 0; j < t->w; j++) ((T *)t->y)[k * t->step + j] = ((const T *)t->x)[t->at[k * t->step + j] * t->step + j]; \
    }
EACH_FLOATING(INDEXED)

/* e^(log of the sum, from the end, of |g| e^-y, plus x) for positive g less that for negative g; every step is rounded as where
 * PyTorch stores it. f is g, u is y. */
#define LOGSUM_BACK(dtype, T, A, LOAD, STORE, C) \
    static double log_term_##dtype(double sum, double g, double y) \
    { \
        const double log_g = g > 0 ? LOAD(STORE(log(g))) : g != g ? g : LOWEST_##dtype; \
        return add_exp(sum, LOAD(STORE(log_g - y))); \
    } \
    static void logsum_back_##dtype(const tile *t) \
    { \
        const T *x = t->x, *g = t->f, *y = t->u; \
        T *dx = t->y; \
        double plus[TILE], minus[TILE]; \
        for (int64_t j = 0; j < t->w; j++) plus[j] = minus[j] = -HUGE_VAL; \
        for (int64_t k = 0; k < t->n; k++, x += t->step, g += t->step, y += t->step, dx += t->step) \
            for (int64_t j = 0; j < t->w; j++) { \
                plus[j] = log_term_##dtype(plus[j], LOAD(g[j]), LOAD(y[j])); \
                minus[j] = log_term_##dtype(minus[j], -LOAD(g[j]), LOAD(y[j])); \
                const double a = exp(LOAD(STORE(LOAD(STORE(plus[j])) + LOAD(x[j])))), b = exp(LOAD(STORE(LOAD(STORE(minus[j])) + LOAD(x[j])))); \
                dx[j] = STORE(LOAD(STORE(a)) - LOAD(STORE(b))); \
            } \
    }
#define LOWEST_F32  -3.40282346638528859812e+38
#define LOWEST_F64  -1.79769313486231570815e+308
#define LOWEST_F16  -65504.0
#define LOWEST_BF16 -3.38953138925153547591e+38
EACH_FLOATING(LOGSUM_BACK)

#define ENTRY(name, dtype) [TP_##dtype] = name##_##dtype,
#define TABLE(name) static tile_fn *const name##s[TP_DTYPE_END] =
#define SUM_ENTRY(dtype, ...) ENTRY(sum, dtype)
#define PRODUCT_ENTRY(dtype, ...) ENTRY(product, dtype)
#define LOGSUM_ENTRY(dtype, ...) ENTRY(logsum, dtype)
#define LINEAR_ENTRY(dtype, ...) ENTRY(linear, dtype)
#define GREATEST_ENTRY(dtype, ...) ENTRY(greatest, dtype)
#define LEAST_ENTRY(dtype, ...) ENTRY(least, dtype)
#define LOGSUM_BACK_ENTRY(dtype, ...) ENTRY(logsum_back, dtype)
#define SCATTER_ENTRY(dtype, ...) ENTRY(scatter, dtype)
#define GATHER_ENTRY(dtype, ...) ENTRY(gather, dtype)
TABLE(sum) { EACH_NUMBER(SUM_ENTRY) };
TABLE(product) { EACH_NUMBER(PRODUCT_ENTRY) };
TABLE(logsum) { EACH_FLOATING(LOGSUM_ENTRY) };
TABLE(linear) { EACH_FLOATING(LINEAR_ENTRY) };
TABLE(greatest) { EACH_TYPE(GREATEST_ENTRY) };
TABLE(least) { EACH_TYPE(LEAST_ENTRY) };
TABLE(logsum_back) { EACH_FLOATING(LOGSUM_BACK_ENTRY) };
TABLE(scatter) { EACH_FLOATING(SCATTER_ENTRY) };
TABLE(gather) { EACH_FLOATING(GATHER_ENTRY) };

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct scan { tile_fn *fn; bool reverse; int64_t n, inner, across, item; const char *x, *f, *u; char *y; int64_t *at; } scan;

static void scan_tiles(void *arg, int64_t first, int64_t last)
{
    const scan *s = arg;
    for (int64_t i = first; i < last; i++) {
        const int64_t j = i % s->across * TILE, start = i / s->across * s->n * s->inner + j + (s->reverse ? (s->n - 1) * s->inner : 0);
        const tile t = { s->n, s->inner - j < TILE ? s->inner - j : TILE, s->reverse ? -s->inner : s->inner, s->x + start * s->item,
                         s->f ? s->f + start * s->item : NULL, s->u ? s->u + start * s->item : NULL, s->y + start * s->item, s->at ? s->at + start : NULL };
        s->fn(&t);
    }
}

/* The first of the attributes is the dim. */
static tp_status run_with(tp__call *call, tile_fn *const *table, bool reverse, const tp_tensor *x, const tp_tensor *f, const tp_tensor *u, const tp_tensor *at)
{
    tp_tensor *y = call->out[0];
    const int64_t dim = *(const int64_t *)call->attr;
    scan s = { .fn = table[y->dtype], .reverse = reverse, .n = 1, .inner = 1, .item = (int64_t)tp_dtype_size((tp_dtype)y->dtype), .x = x->data,
               .f = f ? f->data : NULL, .u = u ? u->data : NULL, .y = y->data, .at = at ? at->data : NULL };
    if (!s.fn) return tp__call_fail(call, TP_ERR_DTYPE, "%s is not computed with", tp_dtype_name((tp_dtype)y->dtype));
    if (!x->numel) return TP_OK;
    for (int d = (int)dim; d < x->ndim; d++) *(d == dim ? &s.n : &s.inner) *= x->shape[d];
    s.across = (s.inner + TILE - 1) / TILE;
    const int64_t tiles = x->numel / (s.n * s.inner) * s.across;
    tp__parallel_items(tiles, x->numel / tiles, x->numel >= PARALLEL ? tp_get_num_threads() : 1, scan_tiles, &s);
    return TP_OK;
}

static tp_status run(tp__call *call, tile_fn *const *table, bool reverse, const tp_tensor *f, const tp_tensor *at)
{
    return run_with(call, table, reverse, call->in[0], f, NULL, at);
}

static tp_status cumsum_kernel(tp__call *call) { return run(call, sums, false, NULL, NULL); }
static tp_status cumsum_reversed_kernel(tp__call *call) { return run(call, sums, true, NULL, NULL); }
static tp_status cumprod_kernel(tp__call *call) { return run(call, products, false, NULL, NULL); }
static tp_status logcumsumexp_kernel(tp__call *call) { return run(call, logsums, false, NULL, NULL); }
static tp_status cummax_kernel(tp__call *call) { return run(call, greatests, false, NULL, call->out[1]); }
static tp_status cummin_kernel(tp__call *call) { return run(call, leasts, false, NULL, call->out[1]); }

static tp_status logcumsumexp_backward_kernel(tp__call *call)
{
    return run_with(call, logsum_backs, true, call->in[1], call->in[0], call->in[2], NULL);
}

static tp_status linear_scan_kernel(tp__call *call)
{
    const struct { int64_t dim; bool reverse; } *attr = call->attr;
    return run(call, linears, attr->reverse, call->in[1], NULL);
}

/* The indices are those of a cummax, but who calls the op by its name may give any. */
static tp_status check_indices(const tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t dim = *(const int64_t *)call->attr, n = x->ndim ? x->shape[dim] : 1, *at = call->in[1]->data;
    for (int64_t k = 0; k < x->numel; k++)
        if (at[k] < 0 || at[k] >= n)
            return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for a dim of %lld", (long long)at[k], (long long)n);
    return TP_OK;
}

static tp_status scatter_kernel(tp__call *call)
{
    tp_tensor *y = call->out[0];
    if (check_indices(call)) return TP_ERR_INDEX;
    if (y->numel) memset(y->data, 0, (size_t)y->numel * tp_dtype_size((tp_dtype)y->dtype));
    return run(call, scatters, false, NULL, call->in[1]);
}

static tp_status gather_kernel(tp__call *call)
{
    if (check_indices(call)) return TP_ERR_INDEX;
    return run(call, gathers, false, NULL, call->in[1]);
}

const tp_kernel tp__cpu_scan[] = {
    { "cumsum", cumsum_kernel, NULL }, { "cumsum_reversed", cumsum_reversed_kernel, NULL }, { "cumprod", cumprod_kernel, NULL },
    { "logcumsumexp", logcumsumexp_kernel, NULL }, { "cummax", cummax_kernel, NULL }, { "cummin", cummin_kernel, NULL },
    { "logcumsumexp_backward", logcumsumexp_backward_kernel, NULL }, { "linear_scan", linear_scan_kernel, NULL },
    { "cummax_backward", scatter_kernel, NULL }, { "cummax_pick", gather_kernel, NULL },
    { NULL, NULL, NULL },
};
