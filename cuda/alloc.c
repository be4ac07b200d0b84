/* alloc.c: device memory, kept after use.
 *
 * The design is that of PyTorch's caching allocator: sizes are rounded to 512 bytes; up to 1 MiB is cut from segments of 2 MiB, up
 * to 10 MiB from segments of 20 MiB, what is larger is a segment of its own, in steps of 2 MiB. A pool belongs to a device and a stream:
 * what is freed may be used on that stream at once, since it does one thing after the other. Other streams that used a block
 * are noted; its release then records an event on each, and the block is parked until all have passed. */
#include "cuda/blocks.h"

#include <stdlib.h>

enum { MIB = 1 << 20, SMALL_SEGMENT = 2 * MIB, MIDDLE = 10 * MIB, MIDDLE_SEGMENT = 20 * MIB };

typedef struct store {                                 /* of a device */
    pthread_mutex_t lock;
    tpc_pool *pools;
    tpc_block *parked;
    tp_memory figures;
} store;

static store stores[TPC_MAX_DEVICES] = { [0 ... TPC_MAX_DEVICES - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };
static __thread tpc_block *rooms;

static bool is_direct(void)
{
    static _Atomic int known;                          /* 1: no, 2: yes */
    if (!known) {
        const char *text = getenv("TAPER_CUDA_ALLOC");
        known = 1 + (text && !strcmp(text, "direct"));
    }
    return known == 2;
}

/* A graph's memory is cached even then, since it is used after its release. */
static bool is_direct_for(const tpc_stream_of *stream) { return !stream->keeps && is_direct(); }

/* ---- Segments ------------------------------------------------------------------------------------------------------------------------- */

static size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

static void note_reserved(store *s, int64_t more)
{
    s->figures.reserved += more;
    if (s->figures.reserved > s->figures.peak_reserved) s->figures.peak_reserved = s->figures.reserved;
}

/* A new segment, as one block that is in no list. */
static tpc_block *take_segment(store *s, tpc_stream_of *stream, bool small, size_t bytes, cudaError_t *error)
{
    const size_t size = is_direct_for(stream) ? bytes : small ? SMALL_SEGMENT : bytes < MIDDLE ? MIDDLE_SEGMENT : round_up(bytes, SMALL_SEGMENT);
    tpc_pool *p = tpc_pool_of(&s->pools, stream, small);
    tpc_block *b = p ? tpc_block_new(p, NULL, size) : NULL;
    void *memory = NULL;
    *error = b ? cudaMalloc(&memory, size) : cudaErrorMemoryAllocation;
    if (*error) {
        cudaGetLastError();
        if (b) tpc_block_drop(b);
        return NULL;
    }
    b->data = memory;
    b->alone = is_direct_for(stream);
    s->figures.system_allocations++;
    note_reserved(s, (int64_t)size);
    return b;
}

/* ---- Blocks that other streams used ---------------------------------------------------------------------------------------------------------- */

static void stream_unref(tpc_stream_of *stream)
{
    if (!--stream->refs && stream->gone) free(stream);
}

static void unref_uses(tpc_block *b)
{
    for (int i = 0; i < b->n_uses; i++) stream_unref(b->use[i]);
    b->n_uses = 0;
}

static void events_end(int index, tpc_block *b)
{
    for (int i = 0; i < b->n_events; i++) tpc_event_give(index, b->event[i]);
    b->n_events = 0;
}

/* Those whose events have passed are free, or all of them if `wait`. */
static void look_at_parked(int index, store *s, bool wait)
{
    for (tpc_block **at = &s->parked; *at;) {
        tpc_block *b = *at;
        bool passed = true;
        for (int i = 0; i < b->n_events && passed; i++) {
            const cudaError_t error = wait ? cudaEventSynchronize(b->event[i]) : cudaEventQuery(b->event[i]);
            if (error) cudaGetLastError();
            passed = wait || error != cudaErrorNotReady;
        }
        if (!passed) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        events_end(index, b);
        tpc_block_put_back(b);
    }
}

static void hold(tpc_holds *h, tpc_block *b)
{
    if (b->held_by == h->id) return;
    if (h->n == h->room) {
        const int64_t room = h->room ? 2 * h->room : 64;
        tpc_block **more = tpc_core->fails_now() ? NULL : realloc(h->at, sizeof *more * (size_t)room);
        if (!more) {
            h->failed = true;                          /* it will not be launched */
            return;
        }
        h->at = more;
        h->room = room;
    }
    h->at[h->n++] = b;
    b->n_holds++;
    b->held_by = h->id;
}

void tpc_stream_records(int index, tpc_stream_of *stream, tpc_graph *graph)
{
    pthread_mutex_lock(&stores[index].lock);
    stream->graph = graph;
    pthread_mutex_unlock(&stores[index].lock);
}

void tpc_block_use(int index, void *block)
{
    tpc_block *b = block;
    tpc_stream_of *stream = tpc_current(index);
    if (__builtin_expect(b->of->stream == stream, 1)) return;
    store *s = &stores[index];
    pthread_mutex_lock(&s->lock);
    if (stream->graph) {
        hold(tpc_holds_of(stream->graph), b);
        pthread_mutex_unlock(&s->lock);
        return;
    }
    int i = 0;
    while (i < b->n_uses && b->use[i] != stream) i++;
    if (i == b->n_uses) {
        if (i < TPC_USES) {
            b->n_uses++;
        } else {                                       /* more streams than are kept: the first is waited for */
            i = 0;
            if (!b->use[0]->gone) cudaStreamSynchronize(b->use[0]->handle);
            stream_unref(b->use[0]);
        }
        b->use[i] = stream;
        stream->refs++;
    }
    pthread_mutex_unlock(&s->lock);
}

/* An event on each stream that used b. False: none did. Without an event the stream is waited for. */
static bool park(int index, store *s, tpc_block *b)
{
    const bool works = !tpc_lost(index) && !tpc_ready(index);            /* events are made on the device that is current */
    for (int i = 0; i < b->n_uses; i++) {
        tpc_stream_of *stream = b->use[i];
        if (works && !stream->gone && !stream->graph) {             /* one that records was waited for before it began */
            cudaEvent_t event = tpc_event_take(index);
            if (event && !cudaEventRecord(event, stream->handle)) b->event[b->n_events++] = event;
            else {
                if (event) tpc_event_give(index, event);
                cudaGetLastError();
                cudaStreamSynchronize(stream->handle);
            }
        }
        stream_unref(stream);
    }
    b->n_uses = 0;
    if (!b->n_events) return false;
    b->next = s->parked;
    s->parked = b;
    return true;
}

void tpc_memory_stands(int index) { pthread_mutex_lock(&stores[index].lock); }
void tpc_memory_moves(int index) { pthread_mutex_unlock(&stores[index].lock); }

void tpc_stream_gone(int index, tpc_stream_of *stream)
{
    store *s = &stores[index];
    pthread_mutex_lock(&s->lock);
    stream->gone = true;
    for (tpc_pool *p = s->pools; p; p = p->next)
        if (p->stream == stream) p->stream = tpc_own_stream(index);
    const bool last = !--stream->refs;
    pthread_mutex_unlock(&s->lock);
    if (last) free(stream);
}

/* ---- Giving back to the device ---------------------------------------------------------------------------------------------------------------- */

static int64_t free_segment(store *s, tpc_block *b)
{
    const int64_t bytes = (int64_t)b->bytes;
    cudaFree(b->data);
    cudaGetLastError();
    note_reserved(s, -bytes);
    tpc_block_drop(b);
    return bytes;
}

static int64_t free_cached(int index, store *s)
{
    int64_t bytes = 0;
    look_at_parked(index, s, true);
    for (tpc_pool *p = s->pools; p; p = p->next)
        for (int64_t i = p->stream->keeps ? -1 : p->n_free - 1; i >= 0; i--) {
            tpc_block *b = p->free[i];
            if (b->before || b->after) continue;       /* a part of a segment */
            tpc_pool_remove(p, b);
            bytes += free_segment(s, b);
        }
    return bytes;
}

int64_t tpc_trim(int index)
{
    store *s = &stores[index];
    if (tpc_gone() || tpc_self.graph || tpc_lost(index) || tpc_ready(index)) return 0;
    pthread_mutex_lock(&s->lock);
    const int64_t bytes = free_cached(index, s);
    pthread_mutex_unlock(&s->lock);
    return bytes;
}

/* ---- What the core calls ------------------------------------------------------------------------------------------------------------------------- */

static void *no_memory(int index, size_t bytes)
{
    size_t left = 0, all = 0;
    cudaMemGetInfo(&left, &all);
    cudaGetLastError();
    pthread_mutex_lock(&stores[index].lock);
    const tp_memory f = stores[index].figures;
    pthread_mutex_unlock(&stores[index].lock);
    tpc_core->fail(TP_ERR_MEMORY, "%s: no memory for %zu bytes on cuda:%d: %lld in use, %lld cached, %zu of the device's %zu left",
                   tpc_core->op_under_way() ? tpc_core->op_under_way() : "tensor", bytes, index, (long long)f.in_use,
                   (long long)(f.reserved - f.in_use), left, all);
    return NULL;
}

void *tpc_alloc(int index, size_t bytes, void **block)
{
    if (tpc_ready(index)) return NULL;
    if (tpc_core->fails_now() || bytes > SIZE_MAX / 2) return no_memory(index, bytes);
    store *s = &stores[index];
    tpc_stream_of *stream = tpc_current(index);
    const size_t rounded = round_up(bytes ? bytes : 1, TPC_ROUND);
    const bool small = rounded <= TPC_SMALL;
    cudaError_t error = cudaSuccess;
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    pthread_mutex_lock(&s->lock);
    if (s->parked) look_at_parked(index, s, false);
    tpc_block *b = is_direct_for(stream) ? NULL : tpc_pool_take(s->pools, stream, small, rounded);
    if (!b) b = take_segment(s, stream, small, rounded, &error);
    if (!b && error == cudaErrorMemoryAllocation && !tpc_self.graph && free_cached(index, s)) b = take_segment(s, stream, small, rounded, &error);
    if (b) {
        if (!b->alone) tpc_block_cut(b, rounded);
        s->figures.in_use += (int64_t)b->bytes;
        s->figures.allocations++;
        if (s->figures.in_use > s->figures.peak) s->figures.peak = s->figures.in_use;
    }
    pthread_mutex_unlock(&s->lock);
    tpc_relax(&mode);
    if (!b && error && error != cudaErrorMemoryAllocation) return tpc_error(index, error, NULL, "cudaMalloc"), NULL;
    if (!b) return no_memory(index, bytes);
    *block = b;
    return b->data;
}

/* Its last user is gone, and so is each graph that held it. */
static void end(int index, store *s, tpc_block *b)
{
    s->figures.in_use -= (int64_t)b->bytes;
    if (b->alone) {                                    /* cudaFree waits for the device */
        unref_uses(b);
        free_segment(s, b);
    } else if (!b->n_uses || !park(index, s, b)) {
        tpc_block_put_back(b);
    }
}

void tpc_release(int index, void *memory, size_t bytes, void *block)
{
    (void)memory, (void)bytes;
    store *s = &stores[index];
    tpc_block *b = block;
    if (tpc_gone()) {                                  /* the driver takes the memory: nothing is asked of it, and no lock of a fork's waited for */
        if (pthread_mutex_trylock(&s->lock)) return;
        if (!b->n_holds) {
            unref_uses(b);
            if (b->alone) tpc_block_drop(b);
            else tpc_block_put_back(b);
        }
        pthread_mutex_unlock(&s->lock);
        return;
    }
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    pthread_mutex_lock(&s->lock);
    if (b->n_holds) b->released = true;
    else end(index, s, b);
    pthread_mutex_unlock(&s->lock);
    tpc_relax(&mode);
}

void tpc_let_go(int index, tpc_holds *h)
{
    store *s = &stores[index];
    pthread_mutex_lock(&s->lock);
    for (int64_t i = 0; i < h->n; i++) {
        tpc_block *b = h->at[i];
        if (--b->n_holds || !b->released) continue;
        b->released = false;
        end(index, s, b);
    }
    pthread_mutex_unlock(&s->lock);
    free(h->at);
    *h = (tpc_holds){ .id = h->id };
}

tp_status tpc_memory(int index, tp_memory *out)
{
    pthread_mutex_lock(&stores[index].lock);
    *out = stores[index].figures;
    pthread_mutex_unlock(&stores[index].lock);
    return TP_OK;
}

void tpc_reset_peak(int index)
{
    store *s = &stores[index];
    pthread_mutex_lock(&s->lock);
    s->figures.peak = s->figures.in_use;
    s->figures.peak_reserved = s->figures.reserved;
    pthread_mutex_unlock(&s->lock);
}

void *tpc_room_at(int index, size_t bytes)
{
    void *block, *memory = tpc_alloc(index, bytes, &block);
    if (!memory) return NULL;
    ((tpc_block *)block)->next = rooms;
    rooms = block;
    return memory;
}

void tpc_room_end(int index, void *room)
{
    for (tpc_block **at = &rooms; room && *at; at = &(*at)->next) {
        tpc_block *b = *at;
        if (b->data != room) continue;
        *at = b->next;
        tpc_release(index, room, b->bytes, b);
        return;
    }
}
