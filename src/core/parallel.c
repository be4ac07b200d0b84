/* parallel.c: the only pool of threads. Workers take pieces one by one from a shared count, and so does the caller: a worker
 * that the system holds back delays nothing but the piece in its hand. They wait for work with a short spin and then asleep,
 * so that an idle pool costs nothing on a busy machine, where OpenMP's spinning made a small training step twenty times slower.
 *
 * What is counted down carries the loop's number, its turn, so that a late worker cannot take anything of another loop. */
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

enum { MOST_WORKERS = 255 };
enum { SPINS = 1000, WORKER_SPINS = 4000 };            /* of who waits for the last pieces, and for the next loop: 10 to 40 us a thousand */

static struct {
    pthread_mutex_t busy;                              /* held by the thread whose loop runs */
    int workers;                                       /* started so far */
    pthread_t thread[MOST_WORKERS];
    bool forks;                                        /* forget() is registered */
    uint32_t pieces;
    tp__piece_fn *fn;
    void *arg;
    _Alignas(64) _Atomic uint32_t turn;                /* one more for each loop: what sleeping workers watch */
    _Atomic int asleep;
    _Alignas(64) _Atomic uint64_t next;                /* turn << 32 | pieces that nobody has taken */
    _Atomic uint64_t seats;                            /* turn << 32 | workers that may join */
    _Atomic uint32_t left;                             /* pieces not done */
    _Atomic bool waits;                                /* the caller sleeps until there are none */
    _Atomic bool ends;                                 /* the program: workers return */
} pool = { .busy = PTHREAD_MUTEX_INITIALIZER };

static __thread bool inside;                           /* of a loop on several threads */
static __thread int seat;

int tp__seat(void) { return seat; }

static inline void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* Counts one down for loop `turn`, and returns what there was; 0: nothing is left, or that loop is over. */
static uint32_t take(_Atomic uint64_t *from, uint32_t turn)
{
    uint64_t at = atomic_load_explicit(from, memory_order_acquire);
    while ((uint32_t)(at >> 32) == turn && (uint32_t)at)
        if (atomic_compare_exchange_weak_explicit(from, &at, at - 1, memory_order_acq_rel, memory_order_acquire)) return (uint32_t)at;
    return 0;
}

/* Only who holds a piece may read what the loop is: it lasts until that piece is done. */
static void work(uint32_t turn)
{
    for (uint32_t at; (at = take(&pool.next, turn));) {
        pool.fn(pool.arg, pool.pieces - at);
        if (atomic_fetch_sub(&pool.left, 1) == 1 && atomic_load(&pool.waits)) wake(&pool.left, 1);
    }
}

static void *worker(void *arg)
{
    (void)arg;
    inside = true;                                     /* a loop inside of a piece runs on its own thread */
    tp_thread_serial(true);
    uint32_t seen = 0;
    for (bool worked = true;;) {
        uint32_t turn = atomic_load_explicit(&pool.turn, memory_order_acquire);
        for (int i = 0; worked && turn == seen && i < WORKER_SPINS; i++) {        /* who had no part does not spin either */
            pause_a_little();
            turn = atomic_load_explicit(&pool.turn, memory_order_acquire);
        }
        if (turn == seen) {
            atomic_fetch_add(&pool.asleep, 1);
            sleep_on(&pool.turn, seen);                /* not if the turn has changed: no loop is missed */
            atomic_fetch_sub(&pool.asleep, 1);
            worked = false;
            continue;
        }
        if (atomic_load_explicit(&pool.ends, memory_order_acquire)) return NULL;
        seen = turn;
        seat = (int)take(&pool.seats, turn);
        worked = seat > 0;
        if (worked) work(turn);
    }
    return NULL;
}

/* A forked child has the memory of the pool, but none of its threads, nor the loop that one of them may have run. */
static void forget(void)
{
    pthread_mutex_init(&pool.busy, NULL);
    pool.workers = 0;
    atomic_store(&pool.asleep, 0);
    atomic_store(&pool.next, 0);
    atomic_store(&pool.seats, 0);
    atomic_store(&pool.waits, false);
    atomic_store(&pool.ends, false);
}

static void start_workers(int wanted)
{
    if (!pool.forks) pool.forks = !pthread_atfork(NULL, NULL, forget);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);       /* signals are for the program's own threads */
    while (pool.workers < wanted && pool.workers < MOST_WORKERS) {
        if (tp__fails_now() || pthread_create(&pool.thread[pool.workers], NULL, worker, NULL)) break;      /* fewer will do */
        pool.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void tp__parallel_stop(void)
{
    if (inside || pthread_mutex_trylock(&pool.busy)) return;             /* exit from inside of a loop: the system ends them */
    atomic_store(&pool.ends, true);
    atomic_fetch_add(&pool.turn, 1);
    wake(&pool.turn, INT_MAX);
    for (int i = 0; i < pool.workers; i++) pthread_join(pool.thread[i], NULL);
    pool.workers = 0;
    atomic_store(&pool.ends, false);
    pthread_mutex_unlock(&pool.busy);
}

static void run_in_order(int64_t pieces, tp__piece_fn *fn, void *arg)
{
    const int before = seat;
    seat = 0;
    for (int64_t i = 0; i < pieces; i++) fn(arg, i);
    seat = before;
}

static void run_shared(uint32_t pieces, int helpers, tp__piece_fn *fn, void *arg)
{
    const uint32_t turn = atomic_load_explicit(&pool.turn, memory_order_relaxed) + 1;
    const uint64_t number = (uint64_t)turn << 32;
    pool.pieces = pieces;
    pool.fn = fn;
    pool.arg = arg;
    atomic_store_explicit(&pool.left, pieces, memory_order_relaxed);
    atomic_store_explicit(&pool.seats, number | (uint32_t)helpers, memory_order_relaxed);
    atomic_store_explicit(&pool.next, number | pieces, memory_order_release);
    atomic_store(&pool.turn, turn);
    const int awake = pool.workers - atomic_load(&pool.asleep);
    if (awake < helpers) wake(&pool.turn, helpers - awake);
    work(turn);
    for (int i = 0; i < SPINS && atomic_load_explicit(&pool.left, memory_order_acquire); i++) pause_a_little();
    if (!atomic_load_explicit(&pool.left, memory_order_acquire)) return;
    atomic_store(&pool.waits, true);
    for (uint32_t left; (left = atomic_load(&pool.left));) sleep_on(&pool.left, left);
    atomic_store(&pool.waits, false);
}

void tp__parallel(int64_t pieces, int threads, tp__piece_fn *fn, void *arg)
{
    if (threads > pieces) threads = (int)pieces;
    if (threads < 2 || inside || pieces > UINT32_MAX || pthread_mutex_trylock(&pool.busy)) {
        run_in_order(pieces, fn, arg);
        return;
    }
    if (pool.workers < threads - 1) start_workers(threads - 1);
    const int helpers = threads - 1 < pool.workers ? threads - 1 : pool.workers;
    inside = true;
    if (helpers) run_shared((uint32_t)pieces, helpers, fn, arg);
    else run_in_order(pieces, fn, arg);
    inside = false;
    pthread_mutex_unlock(&pool.busy);
}

typedef struct runs { int64_t items, per_piece; tp__items_fn *fn; void *arg; } runs;

static void run_items(void *arg, int64_t piece)
{
    const runs *r = arg;
    const int64_t first = piece * r->per_piece, rest = r->items - first;
    r->fn(r->arg, first, first + (rest < r->per_piece ? rest : r->per_piece));
}

void tp__parallel_items(int64_t items, int64_t size, int threads, tp__items_fn *fn, void *arg)
{
    if (items <= 0) return;
    runs r = { .items = items, .per_piece = size < 1 ? TP__PIECE : size < TP__PIECE ? TP__PIECE / size : 1, .fn = fn, .arg = arg };
    if (threads < 2) r.per_piece = items;
    tp__parallel((items + r.per_piece - 1) / r.per_piece, threads, run_items, &r);
}
