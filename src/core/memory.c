/* memory.c: the allocator interface, the pools of fixed-size blocks, and what threads hold. */
#include "core/memory.h"
#include "core/op.h"

#include <pthread.h>
#include <stdlib.h>

#ifdef TP_DEBUG_HANDLES
#define POOLS_AT_START false
#else
#define POOLS_AT_START true
#endif

static void *system_alloc(void *arg, size_t bytes, size_t align)
{
    (void)arg;
    void *memory = NULL;
    return posix_memalign(&memory, align, bytes ? bytes : 1) ? NULL : memory;
}
static void system_release(void *arg, void *memory, size_t bytes)
{
    (void)arg, (void)bytes;
    free(memory);
}

static tp_allocator allocator = { system_alloc, system_release, NULL };
static _Atomic bool pools_on = POOLS_AT_START;
static _Atomic int64_t counted, fail_at, system_allocations, reserved, peak_reserved, peak_in_use;
static _Atomic bool fail_all;

enum { TENSOR_BYTES = (sizeof(tp_tensor) + 63) / 64 * 64, STORAGE_BYTES = (sizeof(tp_storage) + 63) / 64 * 64 };
#define EACH_POOL(X) \
    X(TENSOR_BYTES) X(STORAGE_BYTES) X(128) X(256) X(1024)               /* nodes */ \
    X(128) X(256) X(512) X(1024) X(2048) X(4096) X(8192) X(16384) X(32768) X(65536)
enum { POOL_KEEPS = 1 << 20 };                         /* bytes that a thread keeps of each */
#define BYTES(bytes) bytes,
#define KEEP(bytes)  POOLS_AT_START ? POOL_KEEPS / (bytes) : 0,
const uint32_t tp__pool_bytes[TP__POOLS] = { EACH_POOL(BYTES) };
_Atomic uint16_t tp__pool_keep[TP__POOLS] = { EACH_POOL(KEEP) };

/* ---- The allocator ---------------------------------------------------------------------------------------------------------- */

bool tp__fails_now(void)
{
    const int64_t n = atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed) + 1;
    const int64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    return at && (n == at || (n > at && fail_all));
}

static void raise_to(_Atomic int64_t *most, int64_t now)
{
    int64_t was = atomic_load_explicit(most, memory_order_relaxed);
    while (now > was && !atomic_compare_exchange_weak_explicit(most, &was, now, memory_order_relaxed, memory_order_relaxed)) continue;
}

void tp__note_peak(int64_t more) { raise_to(&peak_in_use, tp__live_bytes() + more); }

void *tp__raw_alloc(size_t bytes)
{
    if (tp__fails_now()) return NULL;
    atomic_fetch_add_explicit(&system_allocations, 1, memory_order_relaxed);
    void *memory = allocator.alloc(allocator.arg, bytes, 64);
    if (!memory && tp__cache_trim(0) > 0) memory = allocator.alloc(allocator.arg, bytes, 64);
    if (memory) raise_to(&peak_reserved, atomic_fetch_add_explicit(&reserved, (int64_t)bytes, memory_order_relaxed) + (int64_t)bytes);
    return memory;
}

void tp__raw_free(void *memory, size_t bytes)
{
    if (!memory) return;
    atomic_fetch_sub_explicit(&reserved, (int64_t)bytes, memory_order_relaxed);
    allocator.release(allocator.arg, memory, bytes);
}

void *tp__frame_alloc(size_t bytes) { return tp__fails_now() ? NULL : system_alloc(NULL, bytes, 64); }
void tp__frame_free(void *memory) { free(memory); }

int64_t tp_mem_fail_at(int64_t n, bool all)
{
    const int64_t before = atomic_exchange(&counted, 0);
    fail_all = all;
    atomic_store(&fail_at, n);
    return before;
}

bool tp__pools_on(void) { return atomic_load_explicit(&pools_on, memory_order_relaxed); }
static void give_to_depot(tp__thread *self, int pool, uint32_t n);

/* Off: what this thread has cached goes away now, what others have as they use it up. */
void tp_mem_pools(bool on)
{
    atomic_store(&pools_on, on);
    for (int pool = 0; pool < TP__POOLS; pool++) {
        const uint32_t keep = POOL_KEEPS / tp__pool_bytes[pool];
        atomic_store(&tp__pool_keep[pool], on ? (uint16_t)keep : 0);
        if (!on) give_to_depot(&tp__self, pool, UINT32_MAX);
    }
}

static void empty_depot(void);

tp_status tp_set_allocator(const tp_allocator *theirs)
{
    if (tp__live_bytes() > 0) return tp_fail(TP_ERR_STATE, "set_allocator: %lld bytes are in use", (long long)tp__live_bytes());
    if (theirs && (!theirs->alloc || !theirs->release)) return tp_fail(TP_ERR_ARGUMENT, "set_allocator: alloc and release must both be given");
    tp__cache_trim(0);
    empty_depot();
    allocator = theirs ? *theirs : (tp_allocator){ system_alloc, system_release, NULL };
    return TP_OK;
}

tp_status tp__no_memory(const char *op, size_t bytes)
{
    return tp_fail(TP_ERR_MEMORY, "%s: no memory for %llu bytes, %lld in use", op, (unsigned long long)bytes, (long long)tp__live_bytes());
}

/* ---- Pools ---------------------------------------------------------------------------------------------------------------------- */

/* Blocks that threads gave back, and those of threads that ended. Chunks are never unmapped: a dead handle must stay readable. */
typedef struct chunk { struct chunk *next; } chunk;
static struct { pthread_mutex_t lock; tp__free_block *blocks[TP__POOLS]; chunk *chunks; } depot = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Takes up to `want` blocks of the depot. */
static bool take_from_depot(tp__thread *self, int pool, uint32_t want)
{
    pthread_mutex_lock(&depot.lock);
    while (want-- && depot.blocks[pool]) {
        tp__free_block *block = depot.blocks[pool];
        depot.blocks[pool] = block->next;
        block->next = self->pool[pool];
        self->pool[pool] = block;
        self->pooled[pool]++;
    }
    pthread_mutex_unlock(&depot.lock);
    return self->pool[pool];
}

static bool cut_chunk(tp__thread *self, int pool)
{
    const size_t size = tp__pool_bytes[pool];
    const size_t n = size >= 16384 ? 2 : size >= 1024 ? 16 : 64;
    unsigned char *memory = tp__raw_alloc(64 + n * size);
    if (!memory) return false;
    pthread_mutex_lock(&depot.lock);
    ((chunk *)(void *)memory)->next = depot.chunks;
    depot.chunks = (chunk *)(void *)memory;
    pthread_mutex_unlock(&depot.lock);
    if (pool == TP__POOL_TENSOR) memset(memory + 64, 0, n * size);       /* headers without a spare storage */
    for (size_t i = n; i-- > 0;) {
        tp__free_block *block = (tp__free_block *)(void *)(memory + 64 + i * size);
        block->next = self->pool[pool];
        self->pool[pool] = block;
    }
    self->pooled[pool] = (uint16_t)(self->pooled[pool] + n);
    return true;
}

void *tp__pool_refill(tp__thread *self, int pool, bool *apart)
{
    if (!self->id) tp__thread_meet();
    *apart = !tp__pools_on();
    void *memory = NULL;
    tp__note_peak(tp__pool_bytes[pool]);
    if (*apart) {
        memory = tp__raw_alloc(tp__pool_bytes[pool]);
    } else if (take_from_depot(self, pool, tp__pool_keep[pool] / 2u) || cut_chunk(self, pool)) {
        memory = self->pool[pool];
        self->pool[pool] = ((tp__free_block *)memory)->next;
        self->pooled[pool]--;
    }
    if (!memory) tp__no_memory(self->op ? self->op : "pool", tp__pool_bytes[pool]);
    return memory;
}

/* Another allocator takes over: the blocks of the old one are forgotten, not freed, since a dead handle must stay readable. */
static void empty_depot(void)
{
    for (int pool = 0; pool < TP__POOLS; pool++) give_to_depot(&tp__self, pool, UINT32_MAX);
    pthread_mutex_lock(&depot.lock);
    memset(depot.blocks, 0, sizeof depot.blocks);
    pthread_mutex_unlock(&depot.lock);
}

static void give_to_depot(tp__thread *self, int pool, uint32_t n)
{
    pthread_mutex_lock(&depot.lock);
    while (n-- && self->pool[pool]) {
        tp__free_block *block = self->pool[pool];
        self->pool[pool] = block->next;
        self->pooled[pool]--;
        block->next = depot.blocks[pool];
        depot.blocks[pool] = block;
    }
    pthread_mutex_unlock(&depot.lock);
}

void tp__pool_overflow(tp__thread *self, int pool, void *memory, bool apart)
{
    if (apart) {
        tp__raw_free(memory, tp__pool_bytes[pool]);
        return;
    }
    tp__free_block *block = memory;
    block->next = self->pool[pool];
    self->pool[pool] = block;
    self->pooled[pool]++;
    const uint16_t keep = atomic_load_explicit(&tp__pool_keep[pool], memory_order_relaxed);
    give_to_depot(self, pool, keep ? keep / 2u : UINT32_MAX);
}

void tp__pools_abandon(tp__thread *self)
{
    for (int pool = 0; pool < TP__POOLS; pool++) give_to_depot(self, pool, UINT32_MAX);
}

/* ---- For objects ------------------------------------------------------------------------------------------------------------------- */

void *tp_mem_alloc(size_t bytes)
{
    void *memory = tp__raw_alloc(bytes ? bytes : 1);
    if (!memory) {
        tp__no_memory(tp__self.op ? tp__self.op : "alloc", bytes);
        return NULL;
    }
    tp__count_use(&tp__self, (int64_t)bytes);
    tp__count_allocation(&tp__self);
    return memory;
}

void *tp_mem_calloc(size_t bytes)
{
    void *memory = tp_mem_alloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *tp_mem_resize(void *memory, size_t old_bytes, size_t new_bytes)
{
    void *more = tp_mem_alloc(new_bytes);
    if (!more) return NULL;
    if (memory) memcpy(more, memory, old_bytes < new_bytes ? old_bytes : new_bytes);
    tp_mem_free(memory, old_bytes);
    return more;
}

void tp_mem_free(void *memory, size_t bytes)
{
    if (!memory) return;
    tp__count_use(&tp__self, -(int64_t)bytes);
    tp__raw_free(memory, bytes ? bytes : 1);
}

char *tp_mem_string(const char *text)
{
    if (!text) return NULL;
    const size_t bytes = strlen(text) + 1;
    char *copy = tp_mem_alloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void tp_mem_free_string(char *text)
{
    if (text) tp_mem_free(text, strlen(text) + 1);
}

/* ---- Figures ------------------------------------------------------------------------------------------------------------------------- */

tp_status tp_memory_stats(tp_device device, tp_memory *out)
{
    if (!out) return tp_fail(TP_ERR_ARGUMENT, "memory_stats: out is NULL");
    *out = (tp_memory){ 0 };
    if (device != TP_CPU) {
        const tp_backend *backend = tp__backend(device);
        if (!backend) return tp__no_device("memory_stats", device);
        return backend->memory(device - TP_CUDA(0), out);
    }
    tp__cache_stats(out);
    tp__note_peak(0);
    out->in_use = tp__live_bytes();
    out->peak = atomic_load(&peak_in_use);
    out->reserved = atomic_load(&reserved);
    out->peak_reserved = atomic_load(&peak_reserved);
    out->allocations = tp__allocations();
    out->system_allocations = atomic_load(&system_allocations);
    return TP_OK;
}

tp_status tp_reset_peak_memory(tp_device device)
{
    const tp_backend *backend = tp__backend(device);
    if (!backend) return tp__no_device("reset_peak_memory", device);
    if (device == TP_CPU) {
        atomic_store(&peak_in_use, tp__live_bytes());
        atomic_store(&peak_reserved, atomic_load(&reserved));
    } else {
        backend->reset_peak(device - TP_CUDA(0));
    }
    return TP_OK;
}

int64_t tp_memory_trim(tp_device device)
{
    const tp_backend *backend = tp__backend(device);
    return backend ? backend->trim(device == TP_CPU ? 0 : device - TP_CUDA(0)) : 0;
}

tp_status tp_set_memory_limit(tp_device device, int64_t cached_bytes)
{
    if (cached_bytes < 0) return tp_fail(TP_ERR_ARGUMENT, "set_memory_limit: %lld bytes", (long long)cached_bytes);
    if (device != TP_CPU) return tp_fail(TP_ERR_DEVICE, "set_memory_limit: only the CPU's cache has a limit");
    tp__cache_limit(cached_bytes);
    return TP_OK;
}
