/* vec.h: what vec_f32.h and vec_f64.h stand on: portable vector types, small transposes, partial loads. */
#ifndef TP__VEC_H
#define TP__VEC_H

#include <stdint.h>
#include <string.h>

#include "cpu/simd.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifdef __clang__
#define TP__UNROLLED _Pragma("clang loop unroll(full)")
#else
#define TP__UNROLLED _Pragma("GCC unroll 16")
#endif

typedef float tp__f32x4 __attribute__((vector_size(16)));
typedef float tp__f32x8 __attribute__((vector_size(32)));
typedef double tp__f64x2 __attribute__((vector_size(16)));
typedef double tp__f64x4 __attribute__((vector_size(32)));
typedef float tp__f32x4u __attribute__((vector_size(16), aligned(4), may_alias));
typedef double tp__f64x2u __attribute__((vector_size(16), aligned(8), may_alias));

#define TP__MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

#define TP__TRANSPOSE_4X4(G, g) do { \
        const G t0 = TP__MIX(g[0], g[1], 0, 4, 1, 5), t1 = TP__MIX(g[0], g[1], 2, 6, 3, 7); \
        const G t2 = TP__MIX(g[2], g[3], 0, 4, 1, 5), t3 = TP__MIX(g[2], g[3], 2, 6, 3, 7); \
        g[0] = TP__MIX(t0, t2, 0, 1, 4, 5); g[1] = TP__MIX(t0, t2, 2, 3, 6, 7); \
        g[2] = TP__MIX(t1, t3, 0, 1, 4, 5); g[3] = TP__MIX(t1, t3, 2, 3, 6, 7); \
    } while (0)

static TP__INLINE void tp__transpose_8x8(tp__f32x8 *g)
{
    tp__f32x8 t[8], s[8];
    for (int i = 0; i < 8; i += 2) {                   /* pairs, within each half of a vector */
        t[i] = TP__MIX(g[i], g[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        t[i + 1] = TP__MIX(g[i], g[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)                     /* fours */
        for (int j = 0; j < 2; j++) {
            s[i + 2 * j] = TP__MIX(t[i + j], t[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            s[i + 2 * j + 1] = TP__MIX(t[i + j], t[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {                      /* and the halves */
        g[i] = TP__MIX(s[i], s[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        g[i + 4] = TP__MIX(s[i], s[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

#if defined(__AVX2__)

static TP__INLINE __m256i tp__first_lanes(int n)       /* of eight 32-bit lanes */
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static TP__INLINE float tp__sum_f32(__m256 v)
{
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
static TP__INLINE double tp__sum_f64(__m256d v)
{
    const __m128d h = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}

#else

static TP__INLINE tp__f32x4 tp__load_part_f32(const float *p, int n)
{
    tp__f32x4 v = { 0 };
    for (int i = 0; i < n; i++) v[i] = p[i];
    return v;
}
static TP__INLINE void tp__store_part_f32(float *p, tp__f32x4 v, int n)
{
    for (int i = 0; i < n; i++) p[i] = v[i];
}
static TP__INLINE tp__f64x2 tp__load_part_f64(const double *p, int n) { return (tp__f64x2){ p[0], n > 1 ? p[1] : 0 }; }
static TP__INLINE void tp__store_part_f64(double *p, tp__f64x2 v, int n)
{
    for (int i = 0; i < n; i++) p[i] = v[i];
}

#endif

#endif
