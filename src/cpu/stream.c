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

/* A copy takes a sixth less where the next page is asked for when one begins: a store past the caches seems to wait for the translation of its page
 * as a load does, but nothing runs ahead of it to ask. As if to write it, which gcc would not say at the base level. */
enum { PAGE = 4096 };
static TP__INLINE void ask_page(uintptr_t page) { __asm__ volatile("prefetchw (%0)" : : "r"(page)); }

/* A line at a time by STORE. What is shorter than a block goes here and there, as a rule, and asks for nothing. */
#define LINES(name, STORE) \
    static void name(char *dst, const char *src, int64_t bytes) \
    { \
        const bool asks = bytes >= TP__STREAM_BLOCK; \
        for (int64_t i = 0; i < bytes; i += TP__LINE) { \
            if (asks && !((uintptr_t)(dst + i) % PAGE)) ask_page((uintptr_t)(dst + i) + PAGE); \
            STORE(dst + i, src + i); \
        } \
    }
#define STORE_512(to, from) _mm512_stream_si512((void *)(to), _mm512_loadu_si512((const void *)(from)))
#define STORE_256(to, from) \
    for (int h = 0; h < TP__LINE; h += 32) _mm256_stream_si256((__m256i *)(void *)((to) + h), _mm256_loadu_si256((const void *)((from) + h)))
#define STORE_128(to, from) \
    for (int h = 0; h < TP__LINE; h += 16) _mm_stream_si128((__m128i *)(void *)((to) + h), _mm_loadu_si128((const void *)((from) + h)))
__attribute__((target(TP__TARGET_AVX512))) LINES(lines_avx512, STORE_512)
__attribute__((target(TP__TARGET_AVX2))) LINES(lines_avx2, STORE_256)
LINES(lines_base, STORE_128)

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
