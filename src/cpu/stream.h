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

enum { TP__LINE = 64, TP__STREAM_BLOCK = 512 };        /* bytes: of a line of the caches, of a block */

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

/* Asks for what will be read soon: the processor's own prefetching waits for a few misses, and ends with the page. */
static inline void tp__prefetch(const void *p, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i += TP__LINE) __builtin_prefetch((const char *)p + i);
}

#endif
