/* max.c: the place of the greatest or least element, on contiguous inputs seen as [outer, n, inner]. */
#include "core/convert.h"
#include "core/op.h"
#include "core/parallel.h"
#include "cpu/simd.h"

enum { TILE = 256, LANES = 32, CHUNK = 1024, PARALLEL = 1 << 16 };

#define VALUE(v) (v)
#define EACH_TYPE(X) X(F32, float, VALUE, float) X(F64, double, VALUE, double) X(F16, uint16_t, tp__f16_to_f32, float) \
    X(BF16, uint16_t, tp__bf16_to_f32, float) X(I64, int64_t, VALUE, int64_t) X(I32, int32_t, VALUE, int32_t) X(I16, int16_t, VALUE, int16_t) \
    X(I8, int8_t, VALUE, int8_t) X(U8, uint8_t, VALUE, uint8_t) X(BOOL, uint8_t, VALUE, uint8_t)

/* ---- Leaf loops -------------------------------------------------------------------------------------------------------------------- */

/* Of a chunk: what is the extreme, where NaN stays once it is met; of a row: in which chunk it is, and where in that. */
#define IN_ROW(name, dtype, T, VAL, V, MORE) \
    static TP__INLINE V pick_##name##_##dtype(V v, V m) { return ((v MORE m) | (v != v)) ? v : m; } \
    static TP__INLINE void most_##name##_##dtype##_body(const T *x, int64_t n, V *most) \
    { \
        V m[LANES], top = VAL(x[0]); \
        int64_t i = 0; \
        if (n >= LANES) { \
            for (int l = 0; l < LANES; l++) m[l] = top; \
            for (; i + LANES <= n; i += LANES) \
                for (int l = 0; l < LANES; l++) m[l] = pick_##name##_##dtype(VAL(x[i + l]), m[l]); \
            for (int l = 0; l < LANES; l++) top = pick_##name##_##dtype(m[l], top); \
        } \
        for (; i < n; i++) top = pick_##name##_##dtype(VAL(x[i]), top); \
        *most = top; \
    } \
    TP__SIMD(static, most_##name##_##dtype, (const T *x, int64_t n, V *most), (x, n, most)) \
    static int64_t place_##name##_##dtype(const void *from, int64_t n) \
    { \
        const T *x = from; \
        V most = VAL(x[0]), v; \
        int64_t at = 0; \
        for (int64_t i = 0; i < n && most == most; i += CHUNK) { \
            most_##name##_##dtype(x + i, n - i < CHUNK ? n - i : CHUNK, &v); \
            if (v MORE most || v != v) { most = v; at = i; } \
        } \
        for (v = VAL(x[at]); most == most ? v != most : v == v; v = VAL(x[at])) at++; \
        return at; \
    }

/* Of w columns of n elements, `inner` apart. */
#define IN_COLUMNS(name, dtype, T, VAL, V, MORE) \
    static TP__INLINE void places_##name##_##dtype##_body(const T *x, int64_t n, int64_t inner, int64_t w, int64_t *at) \
    { \
        V most[TILE]; \
        for (int64_t j = 0; j < w; j++) { most[j] = VAL(x[j]); at[j] = 0; } \
        for (int64_t i = 1; i < n; i++) \
            for (int64_t j = 0; j < w; j++) { \
                const V v = VAL(x[i * inner + j]), m = most[j]; \
                const bool more = (v MORE m) | ((v != v) & (m == m)); \
                most[j] = more ? v : m; \
                at[j] = more ? i : at[j]; \
            } \
    } \
    TP__SIMD(static, places_##name##_##dtype, (const T *x, int64_t n, int64_t inner, int64_t w, int64_t *at), (x, n, inner, w, at))

#define GREATEST(dtype, T, VAL, V) IN_ROW(max, dtype, T, VAL, V, >) IN_COLUMNS(max, dtype, T, VAL, V, >)
#define LEAST(dtype, T, VAL, V) IN_ROW(min, dtype, T, VAL, V, <) IN_COLUMNS(min, dtype, T, VAL, V, <)
EACH_TYPE(GREATEST)
EACH_TYPE(LEAST)

static int64_t place(bool least, int dtype, const void *x, int64_t n)
{
    switch (dtype) {
#define CASE(dtype, T, VAL, V) case TP_##dtype: return least ? place_min_##dtype(x, n) : place_max_##dtype(x, n);
    EACH_TYPE(CASE)
#undef CASE
    }
    return 0;
}

static void places(bool least, int dtype, const void *x, int64_t n, int64_t inner, int64_t w, int64_t *at)
{
    switch (dtype) {
#define CASE(dtype, T, VAL, V) case TP_##dtype: (least ? places_min_##dtype : places_max_##dtype)(x, n, inner, w, at); break;
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

typedef struct search { const tp_tensor *x; bool least; int64_t n, inner, tiles, *at; char *values; } search;

static void search_tile(const search *s, int64_t t)
{
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)s->x->dtype), inner = s->inner;
    const int64_t o = t / s->tiles, j = t % s->tiles * TILE, w = inner - j < TILE ? inner - j : TILE, out = o * inner + j;
    const char *from = (const char *)s->x->data + (o * s->n * inner + j) * item;
    if (inner == 1) s->at[out] = place(s->least, s->x->dtype, from, s->n);
    else places(s->least, s->x->dtype, from, s->n, inner, w, s->at + out);
    for (int64_t i = 0; s->values && i < w; i++) copy_items(s->values + (out + i) * item, from + (s->at[out + i] * inner + i) * item, item);
}

static void search_tiles(void *arg, int64_t first, int64_t last)
{
    for (int64_t t = first; t < last; t++) search_tile(arg, t);
}

/* The places along dim, and the values there unless that is NULL. */
static void along(const tp_tensor *x, bool least, int64_t outer, int64_t n, int64_t inner, int64_t *at, char *values)
{
    search s = { x, least, n, inner, (inner + TILE - 1) / TILE, at, values };
    const int64_t tiles = outer * s.tiles;
    tp__parallel_items(tiles, tiles ? x->numel / tiles : 1, x->numel >= PARALLEL ? tp_get_num_threads() : 1, search_tiles, &s);
}

static tp_status along_dim(tp__call *call, bool least)
{
    int64_t outer, n, inner;
    geometry(call->in[0], *(const int64_t *)call->attr, &outer, &n, &inner);
    along(call->in[0], least, outer, n, inner, call->out[1]->data, call->out[0]->data);
    return TP_OK;
}
static tp_status max_dim_kernel(tp__call *call) { return along_dim(call, false); }
static tp_status min_dim_kernel(tp__call *call) { return along_dim(call, true); }

static tp_status place_alone(tp__call *call, bool least)
{
    const int64_t dim = *(const int64_t *)call->attr;
    int64_t outer = 1, n = call->in[0]->numel, inner = 1;
    if (dim != TP_NONE) geometry(call->in[0], dim, &outer, &n, &inner);
    along(call->in[0], least, outer, n, inner, call->out[0]->data, NULL);
    return TP_OK;
}
static tp_status argmax_kernel(tp__call *call) { return place_alone(call, false); }
static tp_status argmin_kernel(tp__call *call) { return place_alone(call, true); }

/* The places are those of an argmax, but who calls the op by its name may give any. */
static tp_status check_places(const tp__call *call, int64_t n)
{
    const int64_t *at = call->in[1]->data;
    for (int64_t k = 0; k < call->in[1]->numel; k++)
        if (at[k] < 0 || at[k] >= n)
            return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for a dim of %lld", (long long)at[k], (long long)n);
    return TP_OK;
}

/* out[o, at, i] = in[o, i], else 0; and back. The first member of the attributes is the dim. */
static tp_status scatter_kernel(tp__call *call)
{
    const tp_tensor *y = call->out[0];
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)y->dtype), *at = call->in[1]->data;
    int64_t outer, n, inner;
    geometry(y, *(const int64_t *)call->attr, &outer, &n, &inner);
    if (check_places(call, n)) return TP_ERR_INDEX;
    memset(y->data, 0, (size_t)(y->numel * item));
    for (int64_t k = 0; k < outer * inner; k++)
        copy_items((char *)y->data + ((k / inner * n + at[k]) * inner + k % inner) * item, (const char *)call->in[0]->data + k * item, item);
    return TP_OK;
}

static tp_status gather_kernel(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype), *at = call->in[1]->data;
    int64_t outer, n, inner;
    geometry(x, *(const int64_t *)call->attr, &outer, &n, &inner);
    if (check_places(call, n)) return TP_ERR_INDEX;
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

static tp_status max_backward_kernel(tp__call *call)
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

const tp_kernel tp__cpu_max[] = {
    { "max.dim", max_dim_kernel, NULL }, { "min.dim", min_dim_kernel, NULL }, { "argmax", argmax_kernel, NULL }, { "argmin", argmin_kernel, NULL },
    { "max_backward", max_backward_kernel, NULL }, { "max_scatter", scatter_kernel, NULL }, { "max_gather", gather_kernel, NULL },
    { NULL, NULL, NULL },
};
