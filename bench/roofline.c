/* roofline.c: what this machine can do on one thread or several: multiply-adds in registers, and bytes moved per second by
 * working set. What a case is compared with: it takes at least flops / peak, or bytes / bandwidth of where they lie.
 *
 * Arrays are in huge pages where the system gives them, and of numbers that differ: some memory takes lines of one number faster. `copy`
 * counts a byte read and a byte written as two. Where the set does not fit the caches, stores go past them, and `write` is what memory
 * takes in. Best of several runs, each thread on arrays of its own. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUNDS = 7, CHAINS = 16 };
typedef struct work {
    void (*run)(const struct work *w);
    size_t floats;                                     /* of each of the two arrays; 0: registers alone */
    int64_t repeats;
    float *from, *to;
    double seconds;
    pthread_barrier_t *start;
} work;

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#if defined(__x86_64__)
#define SET(name) __attribute__((target(name)))
#else
#define SET(name)
#endif
typedef float wide __attribute__((vector_size(64)));   /* one or more registers of any machine */
static volatile float sink;

#define FMA_LOOP(name, set, T, lanes) \
    set static void name(const work *w) \
    { \
        T sum[CHAINS], x, y; \
        for (int l = 0; l < lanes; l++) x[l] = 0.999f, y[l] = 0.001f; \
        for (int c = 0; c < CHAINS; c++) \
            for (int l = 0; l < lanes; l++) sum[c][l] = (float)c; \
        for (int64_t i = 0; i < w->repeats; i++) \
            for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * x + y; \
        for (int c = 1; c < CHAINS; c++) sum[0] += sum[c]; \
        sink = sum[0][0]; \
    }
typedef float half_wide __attribute__((vector_size(32)));
#if defined(__x86_64__)
FMA_LOOP(fma_512, SET("avx512f,fma"), wide, 16)
FMA_LOOP(fma_256, SET("avx2,fma"), half_wide, 8)
#endif
typedef float quarter __attribute__((vector_size(16)));
FMA_LOOP(fma_plain, , quarter, 4)

static void copy_plain(const work *w)
{
    for (int64_t i = 0; i < w->repeats; i++) {
        memcpy(w->to, w->from, w->floats * sizeof(float));
        __asm__ volatile("" ::: "memory");
    }
}

static void read_plain(const work *w)
{
    wide sum[4] = { { 0 } };
    for (int64_t i = 0; i < w->repeats; i++) {
        const wide *x = (const wide *)(const void *)w->from;
        for (size_t k = 0; k < w->floats / 64; k++)
            for (int c = 0; c < 4; c++) sum[c] += x[4 * k + (size_t)c];
        __asm__ volatile("" ::: "memory");
    }
    sink = (sum[0] + sum[1] + sum[2] + sum[3])[0];
}

#if defined(__x86_64__)
SET("avx512f") static void copy_past(const work *w)
{
    for (int64_t i = 0; i < w->repeats; i++)
        for (size_t k = 0; k < w->floats; k += 16) _mm512_stream_ps(w->to + k, _mm512_load_ps(w->from + k));
    _mm_sfence();
}
SET("avx512f") static void write_past(const work *w)
{
    __m512 x = _mm512_setr_ps(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    for (size_t k = 0; k < w->floats; k += 16) {
        x = _mm512_mul_ps(x, _mm512_set1_ps(0.99999f));
        _mm512_stream_ps(w->to + k, x);
    }
    _mm_sfence();
}
SET("avx512f") static void read_512(const work *w)
{
    __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
    for (int64_t i = 0; i < w->repeats; i++) {
        for (size_t k = 0; k < w->floats; k += 64) {
            a = _mm512_add_ps(a, _mm512_load_ps(w->from + k));
            b = _mm512_add_ps(b, _mm512_load_ps(w->from + k + 16));
            c = _mm512_add_ps(c, _mm512_load_ps(w->from + k + 32));
            d = _mm512_add_ps(d, _mm512_load_ps(w->from + k + 48));
        }
        __asm__ volatile("" ::: "memory");
    }
    sink = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
}
#endif

static bool has_512(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

static float *array_of(size_t floats)
{
    const size_t huge = (size_t)2 << 20, bytes = (floats * sizeof(float) + huge - 1) / huge * huge;
    float *x = aligned_alloc(huge, bytes);
    if (!x) return NULL;
    madvise(x, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < floats; i++) x[i] = 1 + (float)(i * 2654435761u >> 8 & 0xffffff) * 0x1p-24f;
    return x;
}

static void *run_thread(void *arg)
{
    work *w = arg;
    if (w->floats) w->from = array_of(w->floats), w->to = array_of(w->floats);
    w->seconds = 1e9;
    const bool can = !w->floats || (w->from && w->to);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(w->start);
        const double start = seconds_now();
        if (can) w->run(w);
        pthread_barrier_wait(w->start);
        const double took = seconds_now() - start;
        if (i && took < w->seconds) w->seconds = took;
    }
    free(w->from);
    free(w->to);
    return NULL;
}

/* The best time of `threads` threads that do the same; 0 when they could not be started. */
static double time_of(int threads, void (*run)(const work *), size_t floats, int64_t repeats)
{
    enum { MOST = 64 };
    work w[MOST];
    pthread_t id[MOST];
    pthread_barrier_t start;
    int n = 0;
    if (threads > MOST || pthread_barrier_init(&start, NULL, (unsigned)threads)) return 0;
    for (; n < threads; n++) {
        w[n] = (work){ .run = run, .floats = floats, .repeats = repeats, .start = &start };
        if (n && pthread_create(&id[n], NULL, run_thread, &w[n])) exit(1);       /* others wait at the barrier */
    }
    run_thread(&w[0]);
    for (int i = 1; i < threads; i++) pthread_join(id[i], NULL);
    pthread_barrier_destroy(&start);
    return w[0].seconds;
}

int bench_roofline(int threads)
{
    const int64_t repeats = 4000000;
    void (*fma)(const work *) = fma_plain, (*copy)(const work *) = copy_plain, (*reading)(const work *) = read_plain;
    int lanes = 4;
#if defined(__x86_64__)
    if (has_512()) fma = fma_512, lanes = 16, copy = copy_past, reading = read_512;
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) fma = fma_256, lanes = 8;
#endif
    const double n = threads;
    printf("{\"threads\": %d, \"fma_gflops\": %.1f", threads, n * (double)repeats * 2 * CHAINS * lanes / time_of(threads, fma, 0, repeats) * 1e-9);
    const size_t sets[] = { (size_t)256 << 10, (size_t)4 << 20, (size_t)64 << 20 };          /* floats of both arrays: L2, L3, memory */
    static const char *const names[] = { "l2", "l3", "dram" };
    for (int i = 0; i < 3; i++) {
        const size_t floats = i < 2 ? sets[i] / 2 / sizeof(float) : sets[i] / 2 / (size_t)threads;
        const int64_t times = i < 2 ? (int64_t)((64 << 20) / floats / 4) : 1;
        const double bytes = n * (double)times * (double)floats * sizeof(float);
        printf(", \"%s_copy_GBs\": %.1f, \"%s_read_GBs\": %.1f", names[i], 2 * bytes / time_of(threads, i < 2 ? copy_plain : copy, floats, times) * 1e-9,
               names[i], bytes / time_of(threads, reading, floats, times) * 1e-9);
    }
#if defined(__x86_64__)
    if (has_512()) {
        const size_t floats = sets[2] / 2 / (size_t)threads;
        printf(", \"dram_write_GBs\": %.1f", n * (double)floats * sizeof(float) / time_of(threads, write_past, floats, 1) * 1e-9);
    }
#endif
    puts("}");
    return 0;
}
