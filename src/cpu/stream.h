/* stream.h: writing past the caches. A result that is too large to stay in them is written with stores that do not first read
 * the lines which they fill, a quarter of the traffic of an addition; what reads it next finds it in memory, as it would anyway.
 *
 * A kernel computes a block that stays in the first cache, and sends it off:
 *
 *   const bool streams = tp__streams(bytes of the result);
 *   ..  tp__stream(y, block, bytes of the block);       for y one after the other, best cut at tp__to_line
 *   if (streams) tp__stream_end();                      at the end of each thread's piece */
#ifndef TP__STREAM_H
#define TP__STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu/simd.h"
#if TP__HAS_X86
#include <immintrin.h>
#endif

enum { TP__LINE = 64, TP__STREAM_BLOCK = 512 };         /* bytes: of a line of the caches, of a block */

/* Is a result of so many bytes better written past the caches? */
bool tp__streams(int64_t bytes);
/* From so many bytes on; below 0: as it is by default. For tests. */
void tp__stream_from(int64_t bytes);

/* Copies what is in a cache, unaligned or not, whole lines of dst past them. */
void tp__stream(void *dst, const void *src, int64_t bytes);
/* The same of whole lines at dst, which is at one: the loop to call where blocks are short. */
typedef void tp__lines_fn(char *dst, const char *src, int64_t bytes);
tp__lines_fn *tp__stream_lines(void);
/* What this thread streamed is seen by others, before whatever it writes next. */
void tp__stream_end(void);

/* Bytes to the next line of the caches; 0: at one. */
static inline int64_t tp__to_line(const void *p) { return (int64_t)(-(uintptr_t)p % TP__LINE); }

/* Asks for what will be read soon, into the second cache, a page ahead: in a loop that stores, into the first cache or past it, the processor's own prefetching
 * falls behind, while what is asked for into the first cache too early drives out what is there. */
enum { TP__AHEAD = 4096 };
static inline void tp__ask_ahead(const void *p) { __builtin_prefetch((const char *)p + TP__AHEAD, 0, 2); }
static inline void tp__ask_for(const void *p, int64_t bytes)               /* without the page */
{
    for (int64_t i = 0; i < bytes; i += TP__LINE) __builtin_prefetch((const char *)p + i, 0, 2);
}

/* ---- Loops that stream what they compute ------------------------------------------------------------------------------------------------- */

/* One line to dst, which is at one; src is aligned, and best never in memory. */
#if TP__HAS_X86
__attribute__((target(TP__TARGET_AVX512))) static TP__INLINE void tp__line_avx512(void *dst, const void *src)
{
    _mm512_stream_si512(dst, *(const __m512i *)src);
}
__attribute__((target(TP__TARGET_AVX2))) static TP__INLINE void tp__line_avx2(void *dst, const void *src)
{
    _mm256_stream_si256(dst, *(const __m256i *)src);
    _mm256_stream_si256((__m256i *)dst + 1, *((const __m256i *)src + 1));
}
static TP__INLINE void tp__line_base(void *dst, const void *src)
{
    for (int k = 0; k < 4; k++) _mm_stream_si128((__m128i *)dst + k, *((const __m128i *)src + k));
}
#else
static TP__INLINE void tp__line_base(void *dst, const void *src) { memcpy(dst, src, TP__LINE); }
#endif

/* Before a loop over a line: as one vector or a few, not unrolled into elements first, which gcc would then gather one by one. */
#ifdef __clang__
#define TP__IN_ONE
#else
#define TP__IN_ONE _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#endif

/* y[i] = term for i < n, an expression of i; whole lines by LINE, and before each of them, which begins at element `at`, a statement. */
#define TP__STREAM_ROW(T, n, y, term, before, LINE) do { \
        enum { PER_ = TP__LINE / sizeof(T) }; \
        int64_t k_ = tp__to_line(y) / (int64_t)sizeof(T); \
        if (k_ > (n)) k_ = (n); \
        for (int64_t i = 0; i < k_; i++) (y)[i] = (term); \
        for (; k_ + PER_ <= (n); k_ += PER_) { \
            _Alignas(TP__LINE) T line_[PER_]; \
            const int64_t at = k_; \
            (void)at; \
            before; \
            TP__IN_ONE for (int l_ = 0; l_ < PER_; l_++) { const int64_t i = k_ + l_; line_[l_] = (term); } \
            LINE((y) + k_, line_); \
        } \
        for (int64_t i = k_; i < (n); i++) (y)[i] = (term); \
    } while (0)

/* The function that TP__SIMD makes, of a body in braces that the macro BODY gives: its argument is the LINE of the instruction set. */
#if TP__HAS_X86
#define TP__SIMD_LINES(linkage, name, params, args, BODY) \
    __attribute__((target(TP__TARGET_AVX512))) static void name##_avx512 params BODY(tp__line_avx512) \
    __attribute__((target(TP__TARGET_AVX2))) static void name##_avx2 params BODY(tp__line_avx2) \
    static void name##_base params BODY(tp__line_base) \
    linkage void name params \
    { \
        const int tp__level = tp__simd_level(); \
        if (tp__level == TP__SIMD_AVX512) name##_avx512 args; \
        else if (tp__level == TP__SIMD_AVX2) name##_avx2 args; \
        else name##_base args; \
    }
#else
#define TP__SIMD_LINES(linkage, name, params, args, BODY) linkage void name params BODY(tp__line_base)
#endif

#endif
