/* order.c: keys, and a radix sort from the lowest digit on, which keeps the order of equals. A digit that all keys share is passed
 * over, so that bytes, small ranges of integers and 16-bit floats take few passes. */
#include "cpu/order.h"

#include "core/convert.h"
#include "cpu/simd.h"

/* ---- Keys -------------------------------------------------------------------------------------------------------------------------- */

static TP__INLINE uint32_t key_of_float(float v)
{
    const uint32_t u = tp__float_bits(v + 0.0f);       /* -0 + 0 is 0 */
    const uint32_t key = u ^ ((uint32_t)((int32_t)u >> 31) | 0x80000000u);
    return v != v ? UINT32_MAX : key;
}

static TP__INLINE uint64_t key_of_double(double v)
{
    uint64_t u;
    const double plus = v + 0.0;
    memcpy(&u, &plus, sizeof u);
    const uint64_t key = u ^ ((uint64_t)((int64_t)u >> 63) | 0x8000000000000000u);
    return v != v ? UINT64_MAX : key;
}

/* Of 16 bits: one for float16 and bfloat16, which differ in what infinity is. */
static TP__INLINE uint32_t key_of_half(uint32_t u, uint32_t infinity)
{
    const uint32_t size = u & 0x7fff, key = size ? u ^ (u & 0x8000 ? 0xffffu : 0x8000u) : 0x8000u;
    return size > infinity ? 0xffffu : key;
}

#define NARROW(name, T, KEY) \
    static TP__INLINE void narrow_##name##_body(const T *x, int64_t first, int64_t n, uint32_t flip, uint64_t *out) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            const T v = x[first + i]; \
            out[i] = (uint64_t)((KEY) ^ flip) << 32 | (uint32_t)(first + i); \
        } \
    } \
    TP__SIMD(static, narrow_##name, (const T *x, int64_t first, int64_t n, uint32_t flip, uint64_t *out), (x, first, n, flip, out))
NARROW(f32, float, key_of_float(v))
NARROW(f16, uint16_t, key_of_half(v, 0x7c00))
NARROW(bf16, uint16_t, key_of_half(v, 0x7f80))
NARROW(i32, int32_t, (uint32_t)v ^ 0x80000000u)
NARROW(i16, int16_t, (uint32_t)(v + 0x8000))
NARROW(i8, int8_t, (uint32_t)(v + 0x80))
NARROW(u8, uint8_t, (uint32_t)v)

static TP__INLINE void narrow_i64_body(const int64_t *x, int64_t first, int64_t n, uint32_t flip, int64_t base, uint64_t *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = (uint64_t)((uint32_t)((uint64_t)x[first + i] - (uint64_t)base) ^ flip) << 32 | (uint32_t)(first + i);
}
TP__SIMD(static, narrow_i64, (const int64_t *x, int64_t first, int64_t n, uint32_t flip, int64_t base, uint64_t *out), (x, first, n, flip, base, out))

static TP__INLINE void extremes_body(const int64_t *x, int64_t n, int64_t *least, int64_t *most)
{
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    for (int64_t i = 0; i < n; i++) lo = x[i] < lo ? x[i] : lo, hi = x[i] > hi ? x[i] : hi;
    *least = lo;
    *most = hi;
}
TP__SIMD(static, extremes, (const int64_t *x, int64_t n, int64_t *least, int64_t *most), (x, n, least, most))

/* Is there a -0 or a NaN? */
static TP__INLINE void odd_floats_body(const uint32_t *x, int64_t n, uint32_t *odd)
{
    uint32_t any = 0;
    for (int64_t i = 0; i < n; i++) any |= (x[i] == 0x80000000u) | ((x[i] & 0x7fffffffu) > 0x7f800000u);
    *odd = any;
}
TP__SIMD(static, odd_floats, (const uint32_t *x, int64_t n, uint32_t *odd), (x, n, odd))

void tp__keys_plan(tp__keys *k, const void *x, tp_dtype dtype, int64_t n, bool descending)
{
    *k = (tp__keys){ .dtype = dtype, .descending = descending, .wide = dtype == TP_F64, .exact = dtype == TP_F32 || dtype == TP_I32 || dtype == TP_I64 };
    if (dtype != TP_I64 || !n) return;
    int64_t most;
    extremes(x, n, &k->base, &most);
    k->wide = (uint64_t)most - (uint64_t)k->base > UINT32_MAX;
}

void tp__keys_narrow(tp__keys *k, const void *x, int64_t first, int64_t n, uint64_t *out)
{
    const uint32_t flip = k->descending ? UINT32_MAX : 0;
    uint32_t odd;
    switch (k->dtype) {
    case TP_F32:
        narrow_f32(x, first, n, flip, out);
        if (!k->exact) break;
        odd_floats((const uint32_t *)x + first, n, &odd);
        k->exact = !odd;
        break;
    case TP_F16: narrow_f16(x, first, n, flip, out); break;
    case TP_BF16: narrow_bf16(x, first, n, flip, out); break;
    case TP_I64: narrow_i64(x, first, n, flip, k->base, out); break;
    case TP_I32: narrow_i32(x, first, n, flip, out); break;
    case TP_I16: narrow_i16(x, first, n, flip, out); break;
    case TP_I8: narrow_i8(x, first, n, flip, out); break;
    default: narrow_u8(x, first, n, flip, out); break;
    }
}

void tp__keys_wide(const tp__keys *k, const void *x, int64_t first, int64_t n, tp__wide *out)
{
    const uint64_t flip = k->descending ? UINT64_MAX : 0;
    if (k->dtype == TP_F64)
        for (int64_t i = 0; i < n; i++) out[i] = (tp__wide){ key_of_double(((const double *)x)[first + i]) ^ flip, (uint64_t)(first + i) };
    else
        for (int64_t i = 0; i < n; i++) out[i] = (tp__wide){ (uint64_t)((const int64_t *)x)[first + i] ^ 0x8000000000000000u ^ flip, (uint64_t)(first + i) };
}

/* ---- Sorting ------------------------------------------------------------------------------------------------------------------------ */

enum { DIGIT = 8, BUCKETS = 1 << DIGIT, FEW = 48 };

#define SORT(name, W, KEY, BITS, FIRST) \
    static void insert_##name(W *x, int64_t n)         /* few of them: by insertion */ \
    { \
        for (int64_t i = 1; i < n; i++) { \
            const W v = x[i]; \
            int64_t at = i; \
            for (; at > 0 && KEY(x[at - 1]) > KEY(v); at--) x[at] = x[at - 1]; \
            x[at] = v; \
        } \
    } \
    W *tp__order_##name(W *x, W *y, int64_t n) \
    { \
        enum { DIGITS = (BITS - FIRST) / DIGIT }; \
        uint32_t count[DIGITS][BUCKETS]; \
        if (n <= FEW) return insert_##name(x, n), x; \
        memset(count, 0, sizeof count); \
        for (int64_t i = 0; i < n; i++) { \
            const uint64_t key = KEY(x[i]) >> FIRST; \
            for (int d = 0; d < DIGITS; d++) count[d][key >> DIGIT * d & (BUCKETS - 1)]++; \
        } \
        for (int d = 0; d < DIGITS; d++) { \
            const int shift = FIRST + DIGIT * d; \
            uint32_t *at = count[d], next = 0; \
            if (at[KEY(x[0]) >> shift & (BUCKETS - 1)] == (uint64_t)n) continue;      /* all alike */ \
            for (int b = 0; b < BUCKETS; b++) { \
                const uint32_t here = at[b]; \
                at[b] = next; \
                next += here; \
            } \
            for (int64_t i = 0; i < n; i++) y[at[KEY(x[i]) >> shift & (BUCKETS - 1)]++] = x[i]; \
            W *const swap = x; \
            x = y; \
            y = swap; \
        } \
        return x; \
    }
#define WORD(w) (w)
#define KEY_OF(w) ((w).key)
SORT(narrow, uint64_t, WORD, 64, 32)                  /* places ascend already */
SORT(words, uint64_t, WORD, 64, 0)
SORT(wide, tp__wide, KEY_OF, 64, 0)

/* Hoare's selection, the middle of three as pivot. */
void tp__order_select(uint64_t *x, int64_t n, int64_t m)
{
    int64_t lo = 0, hi = n - 1;
    while (lo < hi) {
        const uint64_t a = x[lo], b = x[lo + (hi - lo) / 2], c = x[hi];
        const uint64_t pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        int64_t i = lo, j = hi;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i > j) break;
            const uint64_t swap = x[i];
            x[i++] = x[j];
            x[j--] = swap;
        }
        if (m - 1 <= j) hi = j;
        else if (m - 1 >= i) lo = i;
        else break;
    }
}

/* ---- What comes of it ------------------------------------------------------------------------------------------------------------------ */

static void values_of_keys(const tp__keys *k, const uint64_t *keys, int64_t n, void *values)
{
    const uint32_t flip = k->descending ? UINT32_MAX : 0;
    if (k->dtype == TP_I64) {
        for (int64_t i = 0; i < n; i++) ((int64_t *)values)[i] = (int64_t)((uint64_t)k->base + ((uint32_t)(keys[i] >> 32) ^ flip));
    } else if (k->dtype == TP_I32) {
        for (int64_t i = 0; i < n; i++) ((int32_t *)values)[i] = (int32_t)((uint32_t)(keys[i] >> 32) ^ flip ^ 0x80000000u);
    } else {
        for (int64_t i = 0; i < n; i++) {
            const uint32_t key = (uint32_t)(keys[i] >> 32) ^ flip;
            ((uint32_t *)values)[i] = key ^ ((uint32_t)((int32_t)~key >> 31) | 0x80000000u);
        }
    }
}

#define PICK(PLACE) \
    switch (tp_dtype_size(k->dtype)) { \
    case 1: for (int64_t i = 0; i < n; i++) ((uint8_t *)values)[i] = ((const uint8_t *)x)[PLACE]; break; \
    case 2: for (int64_t i = 0; i < n; i++) ((uint16_t *)values)[i] = ((const uint16_t *)x)[PLACE]; break; \
    case 4: for (int64_t i = 0; i < n; i++) ((uint32_t *)values)[i] = ((const uint32_t *)x)[PLACE]; break; \
    default: for (int64_t i = 0; i < n; i++) ((uint64_t *)values)[i] = ((const uint64_t *)x)[PLACE]; break; \
    }

void tp__order_write_narrow(const tp__keys *k, const uint64_t *keys, int64_t n, const void *x, void *values, int64_t *places)
{
    if (places) for (int64_t i = 0; i < n; i++) places[i] = (int64_t)(uint32_t)keys[i];
    if (!values) return;
    if (k->exact) values_of_keys(k, keys, n, values);
    else PICK((uint32_t)keys[i])
}

void tp__order_write_wide(const tp__keys *k, const tp__wide *keys, int64_t n, const void *x, void *values, int64_t *places)
{
    if (places) for (int64_t i = 0; i < n; i++) places[i] = (int64_t)keys[i].place;
    if (values) PICK(keys[i].place)
}
