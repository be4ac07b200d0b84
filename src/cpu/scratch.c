/* scratch.c: grow-only buffers per thread, freed by the thread's end. What is larger than a bound is given back as soon as
 * less is asked for, so one big call does not cost a thread its memory for good. */
#include "cpu/scratch.h"

#include <pthread.h>

#include "core/memory.h"

#define SCRATCH_KEEP ((size_t)16 << 20)                /* bytes that a slot keeps at most once less is asked for */

typedef struct scratch { void *memory[TP__SCRATCH_SLOTS]; size_t bytes[TP__SCRATCH_SLOTS]; } scratch;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool have_key;

static void scratch_destroy(void *arg)
{
    scratch *s = arg;
    for (int i = 0; i < TP__SCRATCH_SLOTS; i++) tp_mem_free(s->memory[i], s->bytes[i]);
    tp_mem_free(s, sizeof *s);
}

static void make_key(void) { have_key = pthread_key_create(&key, scratch_destroy) == 0; }

static scratch *scratch_of_thread(void)
{
    pthread_once(&once, make_key);
    if (!have_key) {
        tp_fail(TP_ERR_SYSTEM, "scratch: no thread-local key is left");
        return NULL;
    }
    scratch *s = pthread_getspecific(key);
    if (s) return s;
    s = tp_mem_calloc(sizeof *s);
    if (!s) return NULL;
    if (pthread_setspecific(key, s) != 0) {
        tp_mem_free(s, sizeof *s);
        tp_fail(TP_ERR_MEMORY, "scratch: no memory for thread-local data");
        return NULL;
    }
    return s;
}

void *tp__scratch(int slot, size_t bytes)
{
    scratch *s = scratch_of_thread();
    if (!s) return NULL;
    if (s->bytes[slot] >= bytes && (s->bytes[slot] <= SCRATCH_KEEP || bytes > SCRATCH_KEEP)) return s->memory[slot];
    const size_t rounded = (bytes + 4095) / 4096 * 4096;
    tp_mem_free(s->memory[slot], s->bytes[slot]);
    s->bytes[slot] = 0;
    s->memory[slot] = tp_mem_alloc(rounded);
    if (s->memory[slot]) s->bytes[slot] = rounded;
    return s->memory[slot];
}

tp_status tp__workspace_take(tp__workspace *w, size_t bytes)
{
    w->bytes = bytes ? bytes : 1;
    w->data = tp__cache_alloc(&w->bytes);
    if (!w->data) return tp__no_memory(tp__self.op ? tp__self.op : "workspace", bytes);
    tp__count_use(&tp__self, (int64_t)w->bytes);
    return TP_OK;
}

void tp__workspace_give(tp__workspace *w)
{
    if (!w->data) return;
    tp__count_use(&tp__self, -(int64_t)w->bytes);
    tp__cache_free(w->data, w->bytes);
    *w = (tp__workspace){ 0 };
}
