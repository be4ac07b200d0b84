/* simd.h: which vector instructions this machine has, and one loop body compiled for each of them.
 *
 *   static TP__INLINE void scale_body(int64_t n, float *y, const float *x, float s)
 *   { for (int64_t i = 0; i < n; i++) y[i] = s * x[i]; }
 *   TP__SIMD(static, scale, (int64_t n, float *y, const float *x, float s), (n, y, x, s))
 *
 * makes `scale`, which runs the body as compiled for AVX-512, for AVX2 with FMA, or for the baseline. */
#ifndef TP__SIMD_H
#define TP__SIMD_H

#include <stdatomic.h>

enum { TP__SIMD_BASE, TP__SIMD_AVX2, TP__SIMD_AVX512 };

#define TP__INLINE inline __attribute__((always_inline))

/* The best level that machine, system and the environment's TAPER_SIMD (base, avx2, avx512: at most this) allow. Found when the
 * library is loaded, so that a small op need not ask whether it is known. */
extern _Atomic int tp__simd_found;
static inline int tp__simd_level(void) { return atomic_load_explicit(&tp__simd_found, memory_order_relaxed); }
/* At most `level` from now on, for tests; TP__SIMD_AVX512 ends it. Returns what is in force. */
int tp__simd_limit(int level);

#if defined(__x86_64__)
#define TP__HAS_X86 1
#ifdef __clang__
#define TP__TARGET_AVX512 "avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl"
#else
#define TP__TARGET_AVX512 "avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512"
#endif
#define TP__TARGET_AVX2   "avx2,fma,f16c"
#define TP__SIMD(linkage, name, params, args) \
    __attribute__((target(TP__TARGET_AVX512))) static void name##_avx512 params { name##_body args; } \
    __attribute__((target(TP__TARGET_AVX2))) static void name##_avx2 params { name##_body args; } \
    static void name##_base params { name##_body args; } \
    linkage void name params \
    { \
        const int tp__level = tp__simd_level(); \
        if (tp__level == TP__SIMD_AVX512) name##_avx512 args; \
        else if (tp__level == TP__SIMD_AVX2) name##_avx2 args; \
        else name##_base args; \
    }
#else
#define TP__HAS_X86 0
#define TP__SIMD(linkage, name, params, args) linkage void name params { name##_body args; }
#endif

#endif
