/* half.c: rows of float16 and bfloat16 to float32 and back. float16 by the instructions for it: theirs of a NaN are other bits than
 * those of core/convert.h, so a group that has one goes through that, and results are the same on every machine. */
#include "core/convert.h"
#include "cpu/simd.h"
#if TP__HAS_X86
#include <immintrin.h>
#endif

static TP__INLINE void bf16_widen_body(float *restrict dst, const uint16_t *restrict src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = tp__bf16_to_f32(src[i]);
}
static TP__INLINE void bf16_narrow_body(uint16_t *restrict dst, const float *restrict src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = tp__f32_to_bf16(src[i]);
}
TP__SIMD(static, bf16_widen, (float *dst, const uint16_t *src, int64_t n), (dst, src, n))
TP__SIMD(static, bf16_narrow, (uint16_t *dst, const float *src, int64_t n), (dst, src, n))
void tp__bf16_row_to_f32(float *dst, const uint16_t *src, int64_t n) { bf16_widen(dst, src, n); }
void tp__f32_row_to_bf16(uint16_t *dst, const float *src, int64_t n) { bf16_narrow(dst, src, n); }

static void widen_base(float *dst, const uint16_t *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = tp__f16_to_f32(src[i]);
}
static void narrow_base(uint16_t *dst, const float *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = tp__f32_to_f16(src[i]);
}

#if TP__HAS_X86
enum { INFINITE = 0x7c00, MAGNITUDE = 0x7fff };
#define ROUNDED (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define AVX512  __attribute__((target(TP__TARGET_AVX512)))
#define AVX2    __attribute__((target(TP__TARGET_AVX2)))

AVX512 static void widen_avx512(float *dst, const uint16_t *src, int64_t n)
{
    enum { LANES = 16 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m256i h = _mm256_loadu_si256((const __m256i *)(const void *)(src + i));
        const __mmask16 none = _mm256_cmpgt_epi16_mask(_mm256_and_si256(h, _mm256_set1_epi16(MAGNITUDE)), _mm256_set1_epi16(INFINITE));
        if (__builtin_expect(none, 0)) widen_base(dst + i, src + i, LANES);
        else _mm512_storeu_ps(dst + i, _mm512_cvtph_ps(h));
    }
    widen_base(dst + i, src + i, n - i);
}
AVX512 static void narrow_avx512(uint16_t *dst, const float *src, int64_t n)
{
    enum { LANES = 16 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m512 v = _mm512_loadu_ps(src + i);
        if (__builtin_expect(_mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), 0)) narrow_base(dst + i, src + i, LANES);
        else _mm256_storeu_si256((__m256i *)(void *)(dst + i), _mm512_cvtps_ph(v, ROUNDED));
    }
    narrow_base(dst + i, src + i, n - i);
}

AVX2 static void widen_avx2(float *dst, const uint16_t *src, int64_t n)
{
    enum { LANES = 8 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m128i h = _mm_loadu_si128((const __m128i *)(const void *)(src + i));
        const __m128i none = _mm_cmpgt_epi16(_mm_and_si128(h, _mm_set1_epi16(MAGNITUDE)), _mm_set1_epi16(INFINITE));
        if (__builtin_expect(!_mm_testz_si128(none, none), 0)) widen_base(dst + i, src + i, LANES);
        else _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(h));
    }
    widen_base(dst + i, src + i, n - i);
}
AVX2 static void narrow_avx2(uint16_t *dst, const float *src, int64_t n)
{
    enum { LANES = 8 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const __m256 v = _mm256_loadu_ps(src + i);
        if (__builtin_expect(_mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)), 0)) narrow_base(dst + i, src + i, LANES);
        else _mm_storeu_si128((__m128i *)(void *)(dst + i), _mm256_cvtps_ph(v, ROUNDED));
    }
    narrow_base(dst + i, src + i, n - i);
}

void tp__f16_row_to_f32(float *dst, const uint16_t *src, int64_t n)
{
    const int level = tp__simd_level();
    (level == TP__SIMD_AVX512 ? widen_avx512 : level == TP__SIMD_AVX2 ? widen_avx2 : widen_base)(dst, src, n);
}
void tp__f32_row_to_f16(uint16_t *dst, const float *src, int64_t n)
{
    const int level = tp__simd_level();
    (level == TP__SIMD_AVX512 ? narrow_avx512 : level == TP__SIMD_AVX2 ? narrow_avx2 : narrow_base)(dst, src, n);
}

#else

void tp__f16_row_to_f32(float *dst, const uint16_t *src, int64_t n) { widen_base(dst, src, n); }
void tp__f32_row_to_f16(uint16_t *dst, const float *src, int64_t n) { narrow_base(dst, src, n); }

#endif
