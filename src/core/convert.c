/* convert.c: rows cast between any two dtypes. Each dtype has a loop that loads it as one of four wide types, and one that
 * stores from it: int64, double, float, or complex double. */
#include "core/convert.h"

enum { BLOCK = 512 };

#define LOAD(name, wide, type, expression) \
    static void name(wide *dst, const void *src, int64_t stride, int64_t n) \
    { \
        const type *x = src; \
        if (stride == 1) for (int64_t i = 0; i < n; i++) { const type v = x[i]; dst[i] = (wide)(expression); } \
        else for (int64_t i = 0; i < n; i++) { const type v = x[i * stride]; dst[i] = (wide)(expression); } \
    }
#define STORE(name, wide, type, expression) \
    static void name(void *dst, int64_t stride, const wide *src, int64_t n) \
    { \
        type *y = dst; \
        if (stride == 1) for (int64_t i = 0; i < n; i++) { const wide v = src[i]; y[i] = (type)(expression); } \
        else for (int64_t i = 0; i < n; i++) { const wide v = src[i]; y[i * stride] = (type)(expression); } \
    }

/* To the integers of 32 bits and less, but for uint8, by way of int32: what the conversion gives that PyTorch is built with. */
static inline int32_t narrow_whole(double v) { return v > -0x1.00000002p31 && v < 0x1p31 ? (int32_t)v : INT32_MIN; }

#define BOTH(dtype, wide, wide_name, type, in, out) LOAD(load_##dtype##_##wide_name, wide, type, in) STORE(store_##dtype##_##wide_name, wide, type, out)
#define PLAIN(dtype, type, whole) \
    BOTH(dtype, int64_t, i, type, v, v) BOTH(dtype, double, d, type, v, whole(v)) BOTH(dtype, float, f, type, v, whole(v))
PLAIN(I64, int64_t, tp__whole) PLAIN(I32, int32_t, narrow_whole) PLAIN(I16, int16_t, narrow_whole) PLAIN(I8, int8_t, narrow_whole)
PLAIN(U8, uint8_t, tp__whole)
BOTH(BOOL, int64_t, i, uint8_t, v != 0, v != 0) BOTH(BOOL, double, d, uint8_t, v != 0, v != 0) BOTH(BOOL, float, f, uint8_t, v != 0, v != 0)
BOTH(F32, int64_t, i, float, tp__whole((double)v), v) BOTH(F32, double, d, float, v, v) BOTH(F32, float, f, float, v, v)
BOTH(F64, int64_t, i, double, tp__whole(v), v) BOTH(F64, double, d, double, v, v) BOTH(F64, float, f, double, v, v)
BOTH(F16, int64_t, i, uint16_t, tp__whole((double)tp__f16_to_f32(v)), tp__f32_to_f16((float)v))
BOTH(BF16, int64_t, i, uint16_t, tp__whole((double)tp__bf16_to_f32(v)), tp__f32_to_bf16((float)v))

/* By whole rows, for which cpu/half.c has loops that are faster; n <= BLOCK, as all of these. */
#define HALF(dtype, name) \
    static void load_##dtype##_f(float *dst, const void *src, int64_t stride, int64_t n) \
    { \
        const uint16_t *x = src; \
        if (stride == 1) tp__##name##_row_to_f32(dst, x, n); \
        else for (int64_t i = 0; i < n; i++) dst[i] = tp__##name##_to_f32(x[i * stride]); \
    } \
    static void store_##dtype##_f(void *dst, int64_t stride, const float *src, int64_t n) \
    { \
        uint16_t *y = dst; \
        if (stride == 1) tp__f32_row_to_##name(y, src, n); \
        else for (int64_t i = 0; i < n; i++) y[i * stride] = tp__f32_to_##name(src[i]); \
    } \
    static void load_##dtype##_d(double *dst, const void *src, int64_t stride, int64_t n) \
    { \
        float v[BLOCK]; \
        load_##dtype##_f(v, src, stride, n); \
        for (int64_t i = 0; i < n; i++) dst[i] = (double)v[i]; \
    } \
    static void store_##dtype##_d(void *dst, int64_t stride, const double *src, int64_t n) \
    { \
        float v[BLOCK]; \
        for (int64_t i = 0; i < n; i++) v[i] = (float)src[i]; \
        store_##dtype##_f(dst, stride, v, n); \
    }
HALF(F16, f16)
HALF(BF16, bf16)

#define EACH_REAL(X) X(F32) X(F64) X(F16) X(BF16) X(I64) X(I32) X(I16) X(I8) X(U8) X(BOOL)
static void load_i(int dtype, int64_t *dst, const void *src, int64_t stride, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: load_##d##_i(dst, src, stride, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}
static void load_d(int dtype, double *dst, const void *src, int64_t stride, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: load_##d##_d(dst, src, stride, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}
static void load_f(int dtype, float *dst, const void *src, int64_t stride, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: load_##d##_f(dst, src, stride, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}
static void store_i(int dtype, void *dst, int64_t stride, const int64_t *src, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: store_##d##_i(dst, stride, src, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}
static void store_d(int dtype, void *dst, int64_t stride, const double *src, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: store_##d##_d(dst, stride, src, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}
static void store_f(int dtype, void *dst, int64_t stride, const float *src, int64_t n)
{
    switch (dtype) {
#define CASE(d) case TP_##d: store_##d##_f(dst, stride, src, n); break;
    EACH_REAL(CASE)
#undef CASE
    }
}

static void copy_strided(void *dst, int64_t to_stride, const void *src, int64_t stride, size_t size, int64_t n)
{
    if (stride == 1 && to_stride == 1) {
        memcpy(dst, src, (size_t)n * size);
        return;
    }
#define COPY(type) { type *y = dst; const type *x = src; for (int64_t i = 0; i < n; i++) y[i * to_stride] = x[i * stride]; break; }
    switch (size) {
    case 1: COPY(uint8_t)
    case 2: COPY(uint16_t)
    case 4: COPY(uint32_t)
    case 8: COPY(uint64_t)
    default: COPY(tp_c128)
    }
}

/* n times what the first is, each copy twice as long until it is a page. */
static void repeat(char *y, size_t item, int64_t n)
{
    enum { PAGE = 4096 };
    const size_t bytes = item * (size_t)n;
    for (size_t done = item, more; done < bytes; done += more) {
        more = done < PAGE ? done : PAGE;
        if (more > bytes - done) more = bytes - done;
        memcpy(y + done, y, more);
    }
}

/* Through a block of wide values: double where one side is complex, double, or holds what float cannot. */
void tp__cast_row(void *dst, tp_dtype to, int64_t to_stride, const void *src, tp_dtype from, int64_t stride, int64_t n)
{
    const int64_t in = (int64_t)tp_dtype_size(from), out = (int64_t)tp_dtype_size(to);
    if (!stride && to_stride == 1 && n > 1) {
        tp__cast_row(dst, to, 1, src, from, 1, 1);
        repeat(dst, (size_t)out, n);
        return;
    }
    if (from == to) {
        copy_strided(dst, to_stride, src, stride, (size_t)in, n);
        return;
    }
    for (int64_t at = 0; at < n; at += BLOCK) {
        const int64_t m = n - at < BLOCK ? n - at : BLOCK;
        const char *x = (const char *)src + at * stride * in;
        char *y = (char *)dst + at * to_stride * out;
        if (tp__is_complex(from) || tp__is_complex(to)) {
            double re[BLOCK], im[BLOCK] = { 0 };
            const int part = from == TP_C128 ? TP_F64 : TP_F32, out_part = to == TP_C128 ? TP_F64 : TP_F32;
            load_d(tp__is_complex(from) ? part : (int)from, re, x, tp__is_complex(from) ? 2 * stride : stride, m);
            if (tp__is_complex(from)) load_d(part, im, x + in / 2, 2 * stride, m);
            if (to == TP_BOOL) for (int64_t i = 0; i < m; i++) re[i] = re[i] != 0 || im[i] != 0;
            store_d(tp__is_complex(to) ? out_part : (int)to, y, tp__is_complex(to) ? 2 * to_stride : to_stride, re, m);
            if (tp__is_complex(to)) store_d(out_part, y + out / 2, 2 * to_stride, im, m);
        } else if (!tp__is_floating(from) && !tp__is_floating(to)) {
            int64_t wide[BLOCK];
            load_i(from, wide, x, stride, m);
            store_i(to, y, to_stride, wide, m);
        } else if (from == TP_F64 || to == TP_F64 || from == TP_I64 || from == TP_I32) {
            double wide[BLOCK];
            load_d(from, wide, x, stride, m);
            store_d(to, y, to_stride, wide, m);
        } else {
            float wide[BLOCK];
            load_f(from, wide, x, stride, m);
            store_f(to, y, to_stride, wide, m);
        }
    }
}
