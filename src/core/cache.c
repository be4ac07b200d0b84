/* cache.c: large blocks of host memory, kept after use. Fresh pages cost more than the arithmetic on them: the kernel clears
 * and maps each at first touch. So a freed block waits, sorted by size, for a request that fits it well; huge pages make
 * even the first touch cheap. What is cached has a limit, beyond which the longest unused blocks go back. */
#include "core/memory.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

typedef struct cached { void *memory; size_t bytes; uint64_t since; } cached;
enum { ROOM = 512 };                                   /* more free blocks than this are given back */

static struct {
    pthread_mutex_t lock;
    cached free[ROOM];                                 /* by bytes */
    int n;
    uint64_t clock;
    int64_t limit, held;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER, .limit = -1 };

/* Coarser with size, so that blocks of about the same size fit each other's requests; at most 1/8 is lost. */
static size_t rounded(size_t bytes)
{
    size_t step = 4096;
    while (step < HUGE_PAGE && step * 16 < bytes) step *= 2;
    return (bytes + step - 1) / step * step;
}

static int64_t limit_now(void)
{
    if (cache.limit < 0) {
        const int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
        cache.limit = pages > 0 && size > 0 ? pages / 4 * size : (int64_t)1 << 30;
    }
    return cache.limit;
}

/* The block that fits best, no more than a quarter too large. */
static int best_fit(size_t bytes)
{
    int lo = 0, hi = cache.n;
    while (lo < hi) {
        const int middle = (lo + hi) / 2;
        if (cache.free[middle].bytes < bytes) lo = middle + 1;
        else hi = middle;
    }
    return lo < cache.n && cache.free[lo].bytes - bytes <= bytes / 4 ? lo : -1;
}

static cached take(int at)
{
    const cached block = cache.free[at];
    memmove(&cache.free[at], &cache.free[at + 1], sizeof *cache.free * (size_t)(cache.n - at - 1));
    cache.n--;
    cache.held -= (int64_t)block.bytes;
    return block;
}

static int oldest(void)
{
    int at = 0;
    for (int i = 1; i < cache.n; i++)
        if (cache.free[i].since < cache.free[at].since) at = i;
    return at;
}

/* Gives blocks back until no more than `keep` bytes and ROOM - 1 blocks are cached. The lock is held. */
static int64_t shrink(int64_t keep)
{
    int64_t given = 0;
    while (cache.n && (cache.held > keep || cache.n == ROOM)) {
        const cached block = take(oldest());
        given += (int64_t)block.bytes;
        tp__raw_free(block.memory, block.bytes);
    }
    return given;
}

void *tp__cache_alloc(size_t *bytes)
{
    const size_t want = rounded(*bytes);
    const bool keeps = tp__pools_on();
    void *memory = NULL;
    size_t got = want;
    if (keeps) {
        pthread_mutex_lock(&cache.lock);
        const int at = best_fit(want);
        if (at >= 0) {
            const cached block = take(at);
            memory = block.memory;
            got = block.bytes;
        }
        pthread_mutex_unlock(&cache.lock);
    }
    if (!memory) {
        memory = tp__raw_alloc(want);
        if (!memory) return NULL;
#ifdef MADV_HUGEPAGE
        if (want >= HUGE_PAGE) {                       /* advice: whole huge pages inside of the block; failing is fine */
            const uintptr_t from = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
            const uintptr_t to = ((uintptr_t)memory + want) & ~(HUGE_PAGE - 1);
            if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
        }
#endif
    }
    tp__note_peak((int64_t)got);
    *bytes = got;
    return memory;
}

void tp__cache_free(void *memory, size_t bytes)
{
    pthread_mutex_lock(&cache.lock);
    if (tp__pools_on() && (int64_t)bytes <= limit_now()) {
        shrink(limit_now() - (int64_t)bytes);
        int at = cache.n;
        while (at > 0 && cache.free[at - 1].bytes > bytes) at--;
        memmove(&cache.free[at + 1], &cache.free[at], sizeof *cache.free * (size_t)(cache.n - at));
        cache.free[at] = (cached){ memory, bytes, ++cache.clock };
        cache.n++;
        cache.held += (int64_t)bytes;
        memory = NULL;
    }
    pthread_mutex_unlock(&cache.lock);
    tp__raw_free(memory, bytes);
}

int64_t tp__cache_trim(int64_t keep_bytes)
{
    pthread_mutex_lock(&cache.lock);
    const int64_t given = shrink(keep_bytes);
    pthread_mutex_unlock(&cache.lock);
    return given;
}

void tp__cache_limit(int64_t bytes)
{
    pthread_mutex_lock(&cache.lock);
    cache.limit = bytes;
    shrink(bytes);
    pthread_mutex_unlock(&cache.lock);
}

void tp__cache_stats(tp_memory *out)
{
    pthread_mutex_lock(&cache.lock);
    out->limit = limit_now();
    pthread_mutex_unlock(&cache.lock);
}
