/* thread.c: a thread's beginning and end, and threads that Taper starts itself. */
#define _GNU_SOURCE
#include "core/autocast.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rest.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

__thread tp__thread tp__self __attribute__((tls_model("initial-exec"), visibility("hidden")));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tp__thread *threads;
static uint32_t last_id;
static int64_t ended_in_use, ended_allocations;        /* of threads that are gone: bytes one takes another may give back */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic int num_threads;

enum { MOST_THREADS = 1024 };

static void leave(void *memory)
{
    tp__thread *self = memory;
    self->depth = 0;
    tp__casts_drop(self);
    tp__list_release(0);
    tp__quarantine_end();
    tp__pools_abandon(self);
    tp__frame_free(self->rest);
    tp__frame_free(self->list);
    tp__frame_free(self->marks);
    pthread_mutex_lock(&lock);
    for (tp__thread **at = &threads; *at; at = &(*at)->next_thread)
        if (*at == self) {
            *at = self->next_thread;
            break;
        }
    ended_in_use += atomic_load(&self->in_use);
    ended_allocations += atomic_load(&self->allocations);
    pthread_mutex_unlock(&lock);
    memset(self, 0, sizeof *self);
}

static void make_key(void) { pthread_key_create(&key, leave); }

void tp__thread_meet(void)
{
    tp__thread *self = &tp__self;
    if (self->id) return;
    pthread_once(&once, make_key);
    pthread_mutex_lock(&lock);
    self->id = ++last_id;
    self->next_thread = threads;
    threads = self;
    pthread_mutex_unlock(&lock);
    pthread_setspecific(key, self);
}

/* The main thread ends with exit, which calls no destructors of thread-specific data. */
__attribute__((destructor)) static void leave_main(void)
{
    tp__parallel_stop();
    if (tp__self.id) {
        pthread_setspecific(key, NULL);
        leave(&tp__self);
    }
    if (last_id) pthread_key_delete(key);              /* a dlclose: threads that end later find none of our code */
    tp__cache_trim(0);
}

int64_t tp__live_bytes(void)
{
    pthread_mutex_lock(&lock);
    int64_t bytes = ended_in_use;
    for (tp__thread *at = threads; at; at = at->next_thread) bytes += atomic_load_explicit(&at->in_use, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return bytes;
}

int64_t tp__allocations(void)
{
    pthread_mutex_lock(&lock);
    int64_t n = ended_allocations;
    for (tp__thread *at = threads; at; at = at->next_thread) n += atomic_load_explicit(&at->allocations, memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return n;
}

/* ---- Threads of our own ----------------------------------------------------------------------------------------------------- */

struct tp_thread { pthread_t handle; void (*run)(void *); void *arg; char name[16]; };

static void *start(void *memory)
{
    tp_thread *thread = memory;
    thread->run(thread->arg);
    return NULL;
}

tp_thread *tp_thread_start(const char *name, void (*run)(void *arg), void *arg)
{
    if (!name) name = "taper";
    if (!run) return tp_fail(TP_ERR_ARGUMENT, "thread_start: there is nothing to run"), NULL;
    tp_thread *thread = tp_mem_calloc(sizeof *thread);
    if (!thread) return NULL;
    thread->run = run;
    thread->arg = arg;
    strncpy(thread->name, name, sizeof thread->name - 1);
    const int error = tp__fails_now() ? 11 : pthread_create(&thread->handle, NULL, start, thread);
    if (error) {
        tp_mem_free(thread, sizeof *thread);
        tp_fail(TP_ERR_SYSTEM, "thread_start: could not start the thread \"%s\": %s", name, strerror(error));
        return NULL;
    }
#ifdef __linux__
    pthread_setname_np(thread->handle, thread->name);
#endif
    return thread;
}

void tp_thread_join(tp_thread *thread)
{
    if (!thread) return;
    pthread_join(thread->handle, NULL);
    tp_mem_free(thread, sizeof *thread);
}

void tp_thread_serial(bool on) { tp__self.serial = on; }

static int within(long n) { return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int)n; }

int tp__processors(void)
{
#ifdef __linux__
    cpu_set_t cpus;
    if (!sched_getaffinity(0, sizeof cpus, &cpus)) return CPU_COUNT(&cpus);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* TAPER_NUM_THREADS, else OMP_NUM_THREADS, which other libraries look at, else the processors that this process may use. */
static int usual_threads(void)
{
    static const char *const names[] = { "TAPER_NUM_THREADS", "OMP_NUM_THREADS" };
    for (int i = 0; i < 2; i++) {
        const char *text = getenv(names[i]);
        const long n = text ? strtol(text, NULL, 10) : 0;
        if (n > 0) return within(n);
    }
    return tp__processors();
}

void tp_set_num_threads(int n) { atomic_store(&num_threads, within(n)); }

int tp_get_num_threads(void)
{
    if (tp__self.serial) return 1;
    int n = atomic_load_explicit(&num_threads, memory_order_relaxed);
    if (n) return n;
    const int usual = usual_threads();
    return atomic_compare_exchange_strong(&num_threads, &n, usual) ? usual : n;        /* n: what another thread has set meanwhile */
}
