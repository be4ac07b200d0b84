/* random.c: the generators. Each thread has one, seeded from the process's seed and the order in which threads first draw;
 * a thread that calls tp_manual_seed is stream 0 of the new seed. */
#include "core/memory.h"
#include "core/rest.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t process_seed = 67280421310721u, next_stream;

/* A generator that all threads without memory share would give numbers that nobody asked for: that is an error. */
static tp__thread_rest *own_rest(void)
{
    tp__thread_rest *rest = tp__rest();
    if (rest != tp__self.rest) tp__no_memory("random", sizeof *rest);
    return rest;
}

static tp_rng_state *generator(void)
{
    tp__thread_rest *rest = own_rest();
    if (!rest->rng_seeded) {
        pthread_mutex_lock(&lock);
        rest->rng = (tp_rng_state){ .seed = process_seed, .stream = next_stream++ };
        pthread_mutex_unlock(&lock);
        rest->rng_seeded = true;
    }
    return &rest->rng;
}

void tp_manual_seed(uint64_t seed)
{
    pthread_mutex_lock(&lock);
    process_seed = seed;
    next_stream = 1;
    pthread_mutex_unlock(&lock);
    tp__thread_rest *rest = own_rest();
    rest->rng = (tp_rng_state){ .seed = seed };
    rest->rng_seeded = true;
}

void tp_rng_seed(uint64_t seed, uint64_t stream)
{
    tp__thread_rest *rest = own_rest();
    rest->rng = (tp_rng_state){ .seed = seed, .stream = stream };
    rest->rng_seeded = true;
}

tp_rng_state tp_rng_get(void) { return *generator(); }

tp_status tp_rng_set(tp_rng_state state)
{
    if (tp__pending_error()) return tp__pending();
    tp__thread_rest *rest = own_rest();
    rest->rng = state;
    rest->rng_seeded = true;
    return TP_OK;
}

void tp__rng_put(tp_rng_state state)
{
    tp__thread_rest *rest = tp__rest();
    rest->rng = state;
    rest->rng_seeded = true;
}

tp_rng_state tp__rng_take(uint64_t n)
{
    tp_rng_state *rng = generator();
    const tp_rng_state before = *rng;
    rng->offset += (n + 3) / 4 * 4;                    /* a draw begins with a block of its own */
    return before;
}
