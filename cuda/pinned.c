/* pinned.c: page-locked host memory, kept after use in sizes that are powers of two, since locking pages is slow. A copy that was not
 * waited for leaves an event with the block that it reads or writes; after its release the block is used again when all have passed. */
#include "cuda/runtime.h"

#include <stdlib.h>

enum { LEAST = 9, CLASSES = 64, BUCKETS = 1024, EVENTS = 4 };

typedef struct block block;
struct block {
    block *next;                                       /* in its bucket while it is live, else in the list of its size */
    char *data;
    int size_class, n_events, device[EVENTS];
    cudaEvent_t event[EVENTS];
    tpc_stream_of *stream[EVENTS];                     /* compared only */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block *live[BUCKETS], *idle[CLASSES];

static block **bucket_of(const void *data) { return &live[((uintptr_t)data >> LEAST) * 0x9E3779B97F4A7C15u >> 54]; }

static int class_of(size_t bytes)
{
    int c = LEAST;
    while (((size_t)1 << c) < bytes) c++;
    return c;
}

static bool has_passed(block *b)
{
    while (b->n_events) {
        const int i = b->n_events - 1;
        if (cudaEventQuery(b->event[i]) == cudaErrorNotReady) {
            cudaGetLastError();
            return false;
        }
        tpc_event_give(b->device[i], b->event[i]);
        b->n_events--;
    }
    return true;
}

static block *take_idle(int c)
{
    for (block **at = &idle[c]; *at; at = &(*at)->next)
        if (has_passed(*at)) {
            block *b = *at;
            *at = b->next;
            return b;
        }
    return NULL;
}

void *tpc_pinned_alloc(size_t bytes)
{
    if (bytes > SIZE_MAX / 4 || tpc_core->fails_now() || tpc_gone()) return NULL;
    const int c = class_of(bytes);
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    pthread_mutex_lock(&lock);
    block *b = take_idle(c);
    if (!b && (b = calloc(1, sizeof *b))) {
        void *memory = NULL;
        b->size_class = c;
        if (cudaHostAlloc(&memory, (size_t)1 << c, cudaHostAllocPortable)) {
            cudaGetLastError();
            free(b);
            b = NULL;
        } else {
            b->data = memory;
        }
    }
    if (b) {
        block **bucket = bucket_of(b->data);
        b->next = *bucket;
        *bucket = b;
    }
    pthread_mutex_unlock(&lock);
    tpc_relax(&mode);
    return b ? b->data : NULL;
}

void tpc_pinned_release(void *memory, size_t bytes)
{
    (void)bytes;
    if (tpc_gone()) return;
    pthread_mutex_lock(&lock);
    for (block **at = bucket_of(memory); *at; at = &(*at)->next) {
        block *b = *at;
        if (b->data != memory) continue;
        *at = b->next;
        b->next = idle[b->size_class];
        idle[b->size_class] = b;
        break;
    }
    pthread_mutex_unlock(&lock);
}

/* A copy begins in a block, at any byte of it: live ones are looked through by their address. */
static block *holds(const void *memory)
{
    for (int i = 0; i < BUCKETS; i++)
        for (block *b = live[i]; b; b = b->next)
            if ((const char *)memory >= b->data && (const char *)memory < b->data + ((size_t)1 << b->size_class)) return b;
    return NULL;
}

bool tpc_pinned_use(const void *memory, int index, tpc_stream_of *stream)
{
    pthread_mutex_lock(&lock);
    block *b = holds(memory);
    int i = 0;
    while (b && i < b->n_events && b->stream[i] != stream) i++;
    bool noted = b && i < EVENTS;
    if (noted && i == b->n_events) {
        b->event[i] = tpc_event_take(index);
        b->device[i] = index;
        b->stream[i] = stream;
        if ((noted = b->event[i])) b->n_events++;
    }
    if (noted && cudaEventRecord(b->event[i], stream->handle)) {
        cudaGetLastError();
        noted = false;
    }
    pthread_mutex_unlock(&lock);
    return noted;
}
