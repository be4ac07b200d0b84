/* offsets.c: indices to places. The loops run to the end and tell afterwards whether all was in range, so that they vectorize. */
#include "cpu/offsets.h"

#include "core/parallel.h"
#include "cpu/simd.h"
#if TP__HAS_X86
#include <immintrin.h>
#endif

void tp__range_init(tp__range *r, tp_dtype dtype, int64_t size, int64_t scale, bool wrap)
{
    r->dtype = dtype;
    r->wrap = wrap;
    r->steady = false;
    r->size = size;
    r->scale = scale;
    atomic_init(&r->bad, 0);
    atomic_init(&r->bad_at, -1);
}

/* Unsigned where a wild index could overflow: its place is never used. */
#define OFFSETS(T) \
    static TP__INLINE void offsets_##T##_body(int64_t *at, const T *index, int64_t step, int64_t n, int64_t size, int64_t wrap, int64_t scale, \
                                              int64_t more, bool *good) \
    { \
        int64_t outside = 0; \
        if (step == 1 && scale == 1 && !more) for (int64_t i = 0; i < n; i++) { \
            const int64_t v = index[i] + (index[i] >> (8 * sizeof(T) - 1) & wrap); \
            outside |= v | (int64_t)((uint64_t)size - 1 - (uint64_t)v);      /* negative if either is */ \
            at[i] = v; \
        } else if (step == 1) for (int64_t i = 0; i < n; i++) { \
            const int64_t v = index[i] + (index[i] >> (8 * sizeof(T) - 1) & wrap); \
            outside |= v | (int64_t)((uint64_t)size - 1 - (uint64_t)v); \
            at[i] = (int64_t)((uint64_t)v * (uint64_t)scale) + i * more; \
        } else for (int64_t i = 0; i < n; i++) { \
            const int64_t v = index[i * step] + (index[i * step] >> (8 * sizeof(T) - 1) & wrap); \
            outside |= v | (int64_t)((uint64_t)size - 1 - (uint64_t)v); \
            at[i] = (int64_t)((uint64_t)v * (uint64_t)scale) + i * more; \
        } \
        *good = outside >= 0; \
    } \
    TP__SIMD(static, offsets_##T, (int64_t *at, const T *index, int64_t step, int64_t n, int64_t size, int64_t wrap, int64_t scale, int64_t more, \
                                   bool *good), (at, index, step, n, size, wrap, scale, more, good))
OFFSETS(int64_t)
OFFSETS(int32_t)

/* The one at the lowest position stays, whichever thread finds it first. */
static void note(tp__range *r, int64_t value, int64_t position)
{
    static _Atomic int taken;                          /* a rare path: two words go together */
    while (atomic_exchange_explicit(&taken, 1, memory_order_acquire)) { }
    const int64_t at = atomic_load_explicit(&r->bad_at, memory_order_relaxed);
    if (at < 0 || position < at) {
        atomic_store_explicit(&r->bad, value, memory_order_relaxed);
        atomic_store_explicit(&r->bad_at, position, memory_order_relaxed);
    }
    atomic_store_explicit(&taken, 0, memory_order_release);
}

static void find_bad(tp__range *r, const void *index, int64_t step, int64_t n, int64_t position)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t value = r->dtype == TP_I64 ? ((const int64_t *)index)[i * step] : ((const int32_t *)index)[i * step];
        const int64_t least = r->wrap ? -r->size : 0;
        if (value >= least && value < r->size) continue;
        note(r, value, position + i);
        return;
    }
}

bool tp__offsets(tp__range *r, int64_t *at, const void *index, int64_t step, int64_t n, int64_t more, int64_t position)
{
    bool good;
    const int64_t wrap = r->wrap ? r->size : 0;
    if (r->dtype == TP_I64) offsets_int64_t(at, index, step, n, r->size, wrap, r->scale, more, &good);
    else offsets_int32_t(at, index, step, n, r->size, wrap, r->scale, more, &good);
    if (__builtin_expect(!good, 0)) find_bad(r, index, step, n, position);
    return good;
}

tp_status tp__range_status(const tp__range *r, const tp__call *call, int64_t dim)
{
    if (tp__range_is_good(r)) return TP_OK;
    const char *op = tp__self.op ? tp__self.op : tp__state(call->op)->base_name;
    const long long bad = (long long)atomic_load(&r->bad), size = (long long)r->size;
    if (dim < 0) return tp__fail_tensors(TP_ERR_INDEX, op, call->in, call->n_in, "index %lld is out of range for size %lld", bad, size);
    return tp__fail_tensors(TP_ERR_INDEX, op, call->in, call->n_in, "index %lld is out of range for dim %lld of size %lld", bad, (long long)dim, size);
}

/* ---- Looking only ------------------------------------------------------------------------------------------------------------------ */

#define WITHIN(T) \
    static TP__INLINE void within_##T##_body(const T *index, int64_t n, int64_t least, int64_t most, bool *good) \
    { \
        int64_t outside = 0; \
        for (int64_t i = 0; i < n; i++) outside |= (int64_t)(((uint64_t)index[i] - (uint64_t)least) | ((uint64_t)most - (uint64_t)index[i])); \
        *good = outside >= 0; \
    } \
    TP__SIMD(static, within_##T, (const T *index, int64_t n, int64_t least, int64_t most, bool *good), (index, n, least, most, good))
WITHIN(int64_t)
WITHIN(int32_t)

const int64_t *tp__places(tp__range *r, int64_t *room, const void *index, int64_t step, int64_t n, int64_t more, int64_t position)
{
    if (!tp__places_stand(r, step, more))
        return tp__offsets(r, room, index, step, n, more, position) ? room : NULL;
    bool good;
    within_int64_t(index, n, 0, r->size - 1, &good);
    if (__builtin_expect(!good, 0)) find_bad(r, index, 1, n, position);
    return good ? index : NULL;
}

static int64_t within_plain(const int64_t *from, int64_t n, int64_t lo, int64_t hi, int32_t first, const int32_t *with, uint32_t *to, int32_t *pick)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t place = from[i];
        to[m] = (uint32_t)(place - lo);
        pick[m] = with ? with[i] : first + (int32_t)i;
        m += place >= lo && place < hi;
    }
    return m;
}

#if TP__HAS_X86
/* How many bits of a mask are set. The conversion is said: without it gcc 12 takes 32 bits of a mask that it has put aside as 16. */
__attribute__((target(TP__TARGET_AVX512))) static inline int ones_of(__mmask16 mask) { return __builtin_popcount(_cvtmask16_u32(mask)); }

/* Sixteen at a time: a vector that is written in full ends no further than the last one that was read. */
__attribute__((target(TP__TARGET_AVX512))) static int64_t within_avx512(const int64_t *from, int64_t n, int64_t lo, int64_t hi, int32_t first,
                                                                        const int32_t *with, uint32_t *to, int32_t *pick)
{
    enum { LANES = 16, HALF = 8 };
    const __m512i least = _mm512_set1_epi64(lo), span = _mm512_set1_epi64((int64_t)((uint64_t)hi - (uint64_t)lo));
    __m512i at = _mm512_add_epi32(_mm512_set1_epi32(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    int64_t i = 0, m = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m512i a = _mm512_sub_epi64(_mm512_loadu_si512(from + i), least), b = _mm512_sub_epi64(_mm512_loadu_si512(from + i + HALF), least);
        const __mmask16 in = (__mmask16)(_mm512_cmplt_epu64_mask(a, span) | _mm512_cmplt_epu64_mask(b, span) << HALF);
        const __m512i place = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(a)), _mm512_cvtepi64_epi32(b), 1);
        _mm512_storeu_si512(to + m, _mm512_maskz_compress_epi32(in, place));
        _mm512_storeu_si512(pick + m, _mm512_maskz_compress_epi32(in, with ? _mm512_loadu_si512(with + i) : at));
        at = _mm512_add_epi32(at, _mm512_set1_epi32(LANES));
        m += ones_of(in);
    }
    return m + within_plain(from + i, n - i, lo, hi, first + (int32_t)i, with ? with + i : NULL, to + m, pick + m);
}
#endif

int64_t tp__places_within(const int64_t *from, int64_t n, int64_t lo, int64_t hi, int32_t first, const int32_t *with, uint32_t *to, int32_t *pick)
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512) return within_avx512(from, n, lo, hi, first, with, to, pick);
#endif
    return within_plain(from, n, lo, hi, first, with, to, pick);
}

/* From place i on, count[h] of either kind being there: both are written, and one of them counts. */
static bool halve_plain(const int64_t *from, int64_t i, int64_t n, int64_t middle, int64_t size, const int32_t *with, uint32_t *const to[2],
                        int32_t *const pick[2], int64_t count[2])
{
    uint32_t *const low = to[0], *const high = to[1];
    int32_t *const x = pick[0], *const z = pick[1];
    int64_t lows = count[0], highs = count[1], outside = 0;
    for (; i < n; i++) {
        const int64_t place = from[i], is_high = place >= middle;
        outside |= place | (int64_t)((uint64_t)size - 1 - (uint64_t)place);
        low[lows] = (uint32_t)place;
        high[highs] = (uint32_t)(place - middle);
        x[lows] = z[highs] = with[i];
        lows += 1 - is_high;
        highs += is_high;
    }
    count[0] = lows;
    count[1] = highs;
    return outside >= 0;
}

#if TP__HAS_X86
/* All that comes from memory comes once, in order, and is asked for a page ahead. */
__attribute__((target(TP__TARGET_AVX512))) static bool halve_avx512(const int64_t *from, int64_t n, int64_t middle, int64_t size, const int32_t *with,
                                                                    uint32_t *const to[2], int32_t *const pick[2], int64_t count[2])
{
    enum { LANES = 16, HALF = 8, LINE = 64, AHEAD = 4096 };
    const __m512i end = _mm512_set1_epi64(size), cut = _mm512_set1_epi32((int32_t)(uint32_t)middle);
    __mmask8 bad = 0;
    int64_t i = 0, m[2] = { 0, 0 };
    for (; i + LANES <= n; i += LANES) {
        const char *const ahead = (const char *)(const void *)(from + i) + AHEAD;
        __builtin_prefetch(ahead, 0, 2);
        __builtin_prefetch(ahead + LINE, 0, 2);
        __builtin_prefetch((const char *)(const void *)(with + i) + AHEAD / 2, 0, 2);
        const __m512i a = _mm512_loadu_si512(from + i), b = _mm512_loadu_si512(from + i + HALF), x = _mm512_loadu_si512(with + i);
        bad |= _mm512_cmpge_epu64_mask(a, end) | _mm512_cmpge_epu64_mask(b, end);
        const __m512i place = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(a)), _mm512_cvtepi64_epi32(b), 1);
        const __mmask16 low = _mm512_cmplt_epu32_mask(place, cut), high = (__mmask16)~low;
        _mm512_storeu_si512(to[0] + m[0], _mm512_maskz_compress_epi32(low, place));
        _mm512_storeu_si512(pick[0] + m[0], _mm512_maskz_compress_epi32(low, x));
        _mm512_storeu_si512(to[1] + m[1], _mm512_maskz_compress_epi32(high, _mm512_sub_epi32(place, cut)));
        _mm512_storeu_si512(pick[1] + m[1], _mm512_maskz_compress_epi32(high, x));
        const int lows = ones_of(low);
        m[0] += lows;
        m[1] += LANES - lows;
    }
    count[0] = m[0];
    count[1] = m[1];
    return halve_plain(from, i, n, middle, size, with, to, pick, count) && !bad;
}
#endif

bool tp__places_halve(const int64_t *from, int64_t n, int64_t middle, int64_t size, const int32_t *with, uint32_t *const to[2], int32_t *const pick[2],
                      int64_t count[2])
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512 && size <= UINT32_MAX) return halve_avx512(from, n, middle, size, with, to, pick, count);
#endif
    count[0] = count[1] = 0;
    return halve_plain(from, 0, n, middle, size, with, to, pick, count);
}

static TP__INLINE void widen_body(int64_t *to, const uint32_t *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] = from[i];
}
TP__SIMD(static, widen, (int64_t *to, const uint32_t *from, int64_t n), (to, from, n))
void tp__places_widen(int64_t *to, const uint32_t *from, int64_t n) { widen(to, from, n); }

typedef struct look { tp__range *r; const char *index; int64_t n; } look;

static void look_some(void *arg, int64_t first, int64_t last)
{
    const look *l = arg;
    tp__range *r = l->r;
    const int64_t start = first * TP__BLOCK, n = (last * TP__BLOCK < l->n ? last * TP__BLOCK : l->n) - start;
    const int64_t least = r->wrap ? -r->size : 0;
    const char *index = l->index + start * (int64_t)tp_dtype_size(r->dtype);
    bool good;
    if (r->dtype == TP_I64) within_int64_t((const void *)index, n, least, r->size - 1, &good);
    else within_int32_t((const void *)index, n, least, r->size - 1, &good);
    if (!good) find_bad(r, index, 1, n, start);
}

bool tp__range_check(tp__range *r, const void *index, int64_t n)
{
    enum { PARALLEL_FROM = 1 << 18 };
    look l = { r, index, n };
    tp__parallel_items((n + TP__BLOCK - 1) / TP__BLOCK, TP__BLOCK, n >= PARALLEL_FROM ? tp_get_num_threads() : 1, look_some, &l);
    return tp__range_is_good(r);
}
