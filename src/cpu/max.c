/* max.c: the greatest element and its place, on contiguous inputs seen as [outer, n, inner]. */
#include "core/op.h"
#include "cpu/convert.h"
#include "cpu/simd.h"

enum { TILE = 256, PARALLEL = 1 << 16 };

#define VALUE(v) (v)
#define EACH_TYPE(X) X(F32, float, VALUE, float) X(F64, double, VALUE, double) X(F16, uint16_t, tp__f16_to_f32, float) \
    X(BF16, uint16_t, tp__bf16_to_f32, float) X(I64, int64_t, VALUE, int64_t) X(I32, int32_t, VALUE, int32_t) X(I16, int16_t, VALUE, int16_t) \
    X(I8, int8_t, VALUE, int8_t) X(U8, uint8_t, VALUE, uint8_t) X(BOOL, uint8_t, VALUE, uint8_t)

/* ---- Leaf loops -------------------------------------------------------------------------------------------------------------------- */

/* Of n elements: first what is the greatest, then where it is. */
#define IN_ROW(dtype, T, VAL, V) \
    static TP__INLINE void greatest_##dtype##_body(const T *x, int64_t n, V *most, bool *nan) \
    { \
        V m[16]; \
        int32_t odd[16] = { 0 }; \
        for (int l = 0; l < 16; l++) m[l] = VAL(x[0]); \
        int64_t i = 0; \
        for (; i + 16 <= n; i += 16) \
            for (int l = 0; l < 16; l++) { \
                const V v = VAL(x[i + l]); \
                m[l] = v > m[l] ? v : m[l]; \
                odd[l] |= v != v; \
            } \
        for (; i < n; i++) { \
            const V v = VAL(x[i]); \
            m[0] = v > m[0] ? v : m[0]; \
            odd[0] |= v != v; \
        } \
        for (int l = 1; l < 16; l++) { \
            m[0] = m[l] > m[0] ? m[l] : m[0]; \
            odd[0] |= odd[l]; \
        } \
        *most = m[0]; \
        *nan = odd[0]; \
    } \
    TP__SIMD(static, greatest_##dtype, (const T *x, int64_t n, V *most, bool *nan), (x, n, most, nan)) \
    static int64_t place_##dtype(const void *from, int64_t n) \
    { \
        const T *x = from; \
        V most; \
        bool nan; \
        greatest_##dtype(x, n, &most, &nan); \
        for (int64_t i = 0; i < n; i++) { \
            const V v = VAL(x[i]); \
            if (nan ? v != v : v == most) return i; \
        } \
        return 0; \
    }
EACH_TYPE(IN_ROW)

/* Of w columns of n elements, `inner` apart. */
#define IN_COLUMNS(dtype, T, VAL, V) \
    static void places_##dtype(const void *from, int64_t n, int64_t inner, int64_t w, int64_t *at) \
    { \
        const T *x = from; \
        V most[TILE]; \
        for (int64_t j = 0; j < w; j++) { most[j] = VAL(x[j]); at[j] = 0; } \
        for (int64_t i = 1; i < n; i++) \
            for (int64_t j = 0; j < w; j++) { \
                const V v = VAL(x[i * inner + j]), m = most[j]; \
                const bool more = v > m || (v != v && m == m); \
                most[j] = more ? v : m; \
                at[j] = more ? i : at[j]; \
            } \
    }
EACH_TYPE(IN_COLUMNS)

static int64_t place(int dtype, const void *x, int64_t n)
{
    switch (dtype) {
#define CASE(dtype, T, VAL, V) case TP_##dtype: return place_##dtype(x, n);
    EACH_TYPE(CASE)
#undef CASE
    }
    return 0;
}

static void places(int dtype, const void *x, int64_t n, int64_t inner, int64_t w, int64_t *at)
{
    switch (dtype) {
#define CASE(dtype, T, VAL, V) case TP_##dtype: places_##dtype(x, n, inner, w, at); break;
    EACH_TYPE(CASE)
#undef CASE
    }
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------------- */

static void copy_items(char *dst, const char *src, int64_t bytes) { memcpy(dst, src, (size_t)bytes); }

static void geometry(const tp_tensor *x, int64_t dim, int64_t *outer, int64_t *n, int64_t *inner)
{
    *outer = *n = *inner = 1;
    for (int d = 0; d < x->ndim; d++) *(d < dim ? outer : d == dim ? n : inner) *= x->shape[d];
}

/* The places along dim, and the values there unless that is NULL. */
static void along(const tp_tensor *x, int64_t outer, int64_t n, int64_t inner, int64_t *at, char *values)
{
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype), tiles = (inner + TILE - 1) / TILE;
    const char *data = x->data;
#ifdef _OPENMP
    const int threads = x->numel >= PARALLEL && outer * tiles > 1 ? tp_get_num_threads() : 1;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
#endif
    for (int64_t t = 0; t < outer * tiles; t++) {
        const int64_t o = t / tiles, j = t % tiles * TILE, w = inner - j < TILE ? inner - j : TILE, out = o * inner + j;
        const char *from = data + (o * n * inner + j) * item;
        if (inner == 1) at[out] = place(x->dtype, from, n);
        else places(x->dtype, from, n, inner, w, at + out);
        for (int64_t i = 0; values && i < w; i++) copy_items(values + (out + i) * item, from + (at[out + i] * inner + i) * item, item);
    }
}

static tp_status max_kernel(tp_call *call)
{
    int64_t at;
    along(call->in[0], 1, call->in[0]->numel, 1, &at, call->out[0]->data);
    return TP_OK;
}

static tp_status max_dim_kernel(tp_call *call)
{
    int64_t outer, n, inner;
    geometry(call->in[0], *(const int64_t *)call->attr, &outer, &n, &inner);
    along(call->in[0], outer, n, inner, call->out[1]->data, call->out[0]->data);
    return TP_OK;
}

static tp_status argmax_kernel(tp_call *call)
{
    const int64_t dim = *(const int64_t *)call->attr;
    int64_t outer = 1, n = call->in[0]->numel, inner = 1;
    if (dim != TP_NONE) geometry(call->in[0], dim, &outer, &n, &inner);
    along(call->in[0], outer, n, inner, call->out[0]->data, NULL);
    return TP_OK;
}

/* out[o, at, i] = in[o, i], else 0; and back. The first member of the attributes is the dim. */
static tp_status scatter_kernel(tp_call *call)
{
    const tp_tensor *y = call->out[0];
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)y->dtype), *at = call->in[1]->data;
    int64_t outer, n, inner;
    geometry(y, *(const int64_t *)call->attr, &outer, &n, &inner);
    memset(y->data, 0, (size_t)(y->numel * item));
    for (int64_t k = 0; k < outer * inner; k++)
        copy_items((char *)y->data + ((k / inner * n + at[k]) * inner + k % inner) * item, (const char *)call->in[0]->data + k * item, item);
    return TP_OK;
}

static tp_status gather_kernel(tp_call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype), *at = call->in[1]->data;
    int64_t outer, n, inner;
    geometry(x, *(const int64_t *)call->attr, &outer, &n, &inner);
    for (int64_t k = 0; k < outer * inner; k++)
        copy_items((char *)call->out[0]->data + k * item, (const char *)x->data + ((k / inner * n + at[k]) * inner + k % inner) * item, item);
    return TP_OK;
}

static inline bool alike(double a, double b) { return a == b || (a != a && b != b); }

#define EACH_FLOATING(X) X(F32, float, VALUE, VALUE) X(F64, double, VALUE, VALUE) X(F16, uint16_t, tp__f16_to_f32, tp__f32_to_f16) \
    X(BF16, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16)

#define SHARED(dtype, T, VAL, OUT) \
    static void share_##dtype(int64_t n, const void *dy, const void *from, const void *of, void *to) \
    { \
        const T *x = from; \
        T *dx = to; \
        const double y = VAL(*(const T *)of); \
        int64_t equal = 0; \
        for (int64_t i = 0; i < n; i++) equal += alike(VAL(x[i]), y); \
        const T part = OUT(VAL(*(const T *)dy) / equal); \
        for (int64_t i = 0; i < n; i++) dx[i] = alike(VAL(x[i]), y) ? part : 0; \
    }
EACH_FLOATING(SHARED)

static tp_status max_backward_kernel(tp_call *call)
{
    tp_tensor *dx = call->out[0];
    switch (dx->dtype) {
#define CASE(dtype, T, VAL, OUT) \
    case TP_##dtype: share_##dtype(dx->numel, call->in[0]->data, call->in[1]->data, call->in[2]->data, dx->data); break;
    EACH_FLOATING(CASE)
#undef CASE
    }
    return TP_OK;
}

#define GREATER(dtype, T, VAL, V) \
    static void greater_##dtype(int64_t n, const void *left, const void *right, void *to) \
    { \
        const T *a = left, *b = right; \
        T *y = to; \
        for (int64_t i = 0; i < n; i++) y[i] = VAL(a[i]) > VAL(b[i]) || VAL(a[i]) != VAL(a[i]) ? a[i] : b[i]; \
    }
EACH_TYPE(GREATER)

static tp_status maximum_kernel(tp_call *call)
{
    tp_tensor *y = call->out[0];
    switch (y->dtype) {
#define CASE(dtype, T, VAL, V) case TP_##dtype: greater_##dtype(y->numel, call->in[0]->data, call->in[1]->data, y->data); break;
    EACH_TYPE(CASE)
#undef CASE
    }
    return TP_OK;
}

/* Beside a NaN both get the gradient, as in PyTorch. */
#define PART(dtype, T, VAL, OUT) \
    static void part_##dtype(int64_t n, const void *dy, const void *left, const void *right, void *to) \
    { \
        const T *g = dy, *a = left, *b = right; \
        T *dx = to; \
        for (int64_t i = 0; i < n; i++) \
            dx[i] = VAL(a[i]) < VAL(b[i]) ? 0 : VAL(a[i]) == VAL(b[i]) ? OUT(VAL(g[i]) / 2) : g[i]; \
    }
EACH_FLOATING(PART)

static tp_status maximum_backward_kernel(tp_call *call)
{
    tp_tensor *dx = call->out[0];
    switch (dx->dtype) {
#define CASE(dtype, T, VAL, OUT) \
    case TP_##dtype: part_##dtype(dx->numel, call->in[0]->data, call->in[1]->data, call->in[2]->data, dx->data); break;
    EACH_FLOATING(CASE)
#undef CASE
    }
    return TP_OK;
}

const tp_kernel tp__cpu_max[] = {
    { "max", max_kernel, NULL }, { "max.dim", max_dim_kernel, NULL }, { "argmax", argmax_kernel, NULL }, { "maximum", maximum_kernel, NULL },
    { "max_backward", max_backward_kernel, NULL }, { "max_scatter", scatter_kernel, NULL }, { "max_gather", gather_kernel, NULL },
    { "maximum_backward", maximum_backward_kernel, NULL }, { NULL, NULL, NULL },
};
