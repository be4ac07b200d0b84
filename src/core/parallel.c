/* parallel.c: the only pool of threads. Workers take pieces one by one from a shared count, and so does the caller: a worker
 * that the system holds back delays nothing but the piece in its hand. They wait for work with a short spin and then asleep,
 * so that an idle pool costs nothing on a busy machine, where OpenMP's spinning made a small training step twenty times slower.
 *
 * One word carries the loop's number and how many pieces are left, so that a late worker cannot take one of another loop. */
#include "core/parallel.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/memory.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
static void sleep_on(_Atomic uint32_t *word, uint32_t value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0); }
static void wake(_Atomic uint32_t *word, int n) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0); }
#else
#include <sched.h>
static void sleep_on(_Atomic uint32_t *word, uint32_t value) { (void)word, (void)value; sched_yield(); }
static void wake(_Atomic uint32_t *word, int n) { (void)word, (void)n; }
#endif

enum { MOST_WORKERS = 63, SPINS = 2000 };              /* some 20 us */

static struct {
    pthread_mutex_t busy;                              /* held by the thread whose loop runs */
    int workers;                                       /* started so far */
    _Atomic uint32_t turn;                             /* one more for each loop: what sleeping workers watch */
    _Atomic uint32_t asleep;
    _Atomic uint64_t next;                             /* turn << 32 | pieces that nobody has taken */
    _Atomic uint32_t left;                             /* pieces not done */
    _Atomic int wanted;                                /* workers that may join this loop */
    uint32_t pieces;
    tp__piece_fn *fn;
    void *arg;
} pool = { .busy = PTHREAD_MUTEX_INITIALIZER };

static __thread bool inside;

static inline void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Takes pieces of loop `turn` until there are none. Only who holds a piece may read what the loop is: it lasts until then. */
static void work(uint32_t turn)
{
    uint64_t at = atomic_load_explicit(&pool.next, memory_order_acquire);
    while ((uint32_t)(at >> 32) == turn && (uint32_t)at) {
        if (!atomic_compare_exchange_weak_explicit(&pool.next, &at, at - 1, memory_order_acq_rel, memory_order_acquire)) continue;
        pool.fn(pool.arg, pool.pieces - (uint32_t)at);
        if (atomic_fetch_sub_explicit(&pool.left, 1, memory_order_acq_rel) == 1) wake(&pool.left, 1);    /* an address that stays */
        at = atomic_load_explicit(&pool.next, memory_order_acquire);
    }
}

static void *worker(void *arg)
{
    (void)arg;
    inside = true;                                     /* a loop inside of a piece runs on its own thread */
    tp_thread_serial(true);
    uint32_t seen = 0;
    for (;;) {
        uint32_t turn = atomic_load_explicit(&pool.turn, memory_order_acquire);
        for (int i = 0; turn == seen && i < SPINS; i++) {
            pause_a_little();
            turn = atomic_load_explicit(&pool.turn, memory_order_acquire);
        }
        if (turn == seen) {
            atomic_fetch_add(&pool.asleep, 1);
            sleep_on(&pool.turn, seen);
            atomic_fetch_sub(&pool.asleep, 1);
            continue;
        }
        seen = turn;
        if (turn == atomic_load(&pool.turn) && atomic_fetch_sub(&pool.wanted, 1) > 0) work(turn);
    }
    return NULL;
}

/* A forked child has the memory of the pool, but none of its threads. */
static void forget(void)
{
    pthread_mutex_init(&pool.busy, NULL);
    pool.workers = 0;
    atomic_store(&pool.asleep, 0);
}

static void start_workers(int wanted)
{
    static bool asked;
    if (!asked) asked = !pthread_atfork(NULL, NULL, forget);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);       /* signals are for the program's own threads */
    while (pool.workers < wanted && pool.workers < MOST_WORKERS) {
        pthread_t thread;
        if (tp__fails_now() || pthread_create(&thread, NULL, worker, NULL)) break;          /* fewer will do */
        pthread_detach(thread);
        pool.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void tp__parallel(int64_t pieces, int threads, tp__piece_fn *fn, void *arg)
{
    if (threads > pieces) threads = (int)pieces;
    if (threads < 2 || inside || pieces >= UINT32_MAX || pthread_mutex_trylock(&pool.busy)) {
        for (int64_t i = 0; i < pieces; i++) fn(arg, i);
        return;
    }
    inside = true;
    if (pool.workers < threads - 1) start_workers(threads - 1);
    const uint32_t turn = atomic_load_explicit(&pool.turn, memory_order_relaxed) + 1;
    pool.pieces = (uint32_t)pieces;
    pool.fn = fn;
    pool.arg = arg;
    atomic_store_explicit(&pool.left, (uint32_t)pieces, memory_order_relaxed);
    atomic_store_explicit(&pool.wanted, threads - 1, memory_order_relaxed);
    atomic_store_explicit(&pool.next, (uint64_t)turn << 32 | (uint32_t)pieces, memory_order_release);
    atomic_store(&pool.turn, turn);
    if (atomic_load(&pool.asleep)) wake(&pool.turn, threads - 1);
    work(turn);
    uint32_t left;
    for (int i = 0; (left = atomic_load_explicit(&pool.left, memory_order_acquire)); i++) {
        if (i < SPINS) pause_a_little();
        else sleep_on(&pool.left, left);
    }
    inside = false;
    pthread_mutex_unlock(&pool.busy);
}
