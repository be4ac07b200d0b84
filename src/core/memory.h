/* memory.h: where memory comes from. Three tiers: fixed-size pools per thread (thread.h), a cache of large blocks, and under
 * both one allocator, which may be the user's. */
#ifndef TP__MEMORY_H
#define TP__MEMORY_H

#include "core/thread.h"

/* The allocator itself: counted, and failing where a test asks it to. 64-byte aligned. Sets no error. */
void *tp__raw_alloc(size_t bytes);
void tp__raw_free(void *memory, size_t bytes);
/* What a thread needs to run at all: from the system whatever the allocator is, no part of what is in use. Sets no error. */
void *tp__frame_alloc(size_t bytes);
void tp__frame_free(void *memory);
bool tp__fails_now(void);                              /* counts one allocation or thread start; true: it must fail */
bool tp__pools_on(void);

/* Large blocks, kept after use for the next of about that size. *bytes is rounded up. Sets no error. */
void *tp__cache_alloc(size_t *bytes);
void tp__cache_free(void *memory, size_t bytes);
int64_t tp__cache_trim(int64_t keep_bytes);            /* gives back all but so much; returns bytes given back */
void tp__cache_stats(tp_memory *out);
void tp__cache_limit(int64_t bytes);
tp_status tp__no_memory(const char *op, size_t bytes);

static inline void tp__count_use(tp__thread *self, int64_t bytes)        /* only this thread writes it, so no locked add */
{
    atomic_store_explicit(&self->in_use, atomic_load_explicit(&self->in_use, memory_order_relaxed) + bytes, memory_order_relaxed);
}
static inline void tp__count_allocation(tp__thread *self)
{
    atomic_store_explicit(&self->allocations, atomic_load_explicit(&self->allocations, memory_order_relaxed) + 1, memory_order_relaxed);
}
int64_t tp__live_bytes(void);                          /* of all threads */
void tp__note_peak(int64_t more);                      /* looks how much is in use, and `more`: where the pools are at their end */
int64_t tp__allocations(void);

/* For thread.c: this thread ends. What its pools hold goes to the others, dead headers that wait to their pool. */
void tp__pools_abandon(tp__thread *self);
void tp__quarantine_end(void);

#endif
