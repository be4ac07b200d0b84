/* stream.c: stores past the caches, for each instruction set. */
#include "cpu/stream.h"

#include <stdatomic.h>
#include <string.h>

#include "cpu/simd.h"

#if TP__HAS_X86
#include <immintrin.h>
#endif

/* Half of what a core may hope for of the last cache. The system's own figure is no help: in a virtual machine it is often that
 * of all the machine's cores. */
#define STREAM_FROM ((int64_t)8 << 20)

static _Atomic int64_t from = STREAM_FROM;

bool tp__streams(int64_t bytes) { return TP__HAS_X86 && bytes >= atomic_load_explicit(&from, memory_order_relaxed); }
void tp__stream_from(int64_t bytes) { atomic_store_explicit(&from, bytes < 0 ? STREAM_FROM : bytes, memory_order_relaxed); }

#if TP__HAS_X86

__attribute__((target(TP__TARGET_AVX512))) static void lines_avx512(char *dst, const char *src, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i += 64) _mm512_stream_si512((void *)(dst + i), _mm512_loadu_si512((const void *)(src + i)));
}
__attribute__((target(TP__TARGET_AVX2))) static void lines_avx2(char *dst, const char *src, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i += 32) _mm256_stream_si256((void *)(dst + i), _mm256_loadu_si256((const void *)(src + i)));
}
static void lines_base(char *dst, const char *src, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i += 16) _mm_stream_si128((void *)(dst + i), _mm_loadu_si128((const void *)(src + i)));
}

tp__lines_fn *tp__stream_lines(void)
{
    const int level = tp__simd_level();
    return level == TP__SIMD_AVX512 ? lines_avx512 : level == TP__SIMD_AVX2 ? lines_avx2 : lines_base;
}
void tp__stream_end(void) { _mm_sfence(); }

#else

static void lines_plain(char *dst, const char *src, int64_t bytes) { memcpy(dst, src, (size_t)bytes); }
tp__lines_fn *tp__stream_lines(void) { return lines_plain; }
void tp__stream_end(void) { }

#endif

void tp__stream(void *dst, const void *src, int64_t bytes)
{
    const int64_t to_line = tp__to_line(dst), head = to_line < bytes ? to_line : bytes, lines = (bytes - head) / TP__LINE * TP__LINE;
    char *to = (char *)dst + head;
    const char *at = (const char *)src + head;
    memcpy(dst, src, (size_t)head);
    tp__stream_lines()(to, at, lines);
    memcpy(to + lines, at + lines, (size_t)(bytes - head - lines));
}
