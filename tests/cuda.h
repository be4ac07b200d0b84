/* tests/cuda.h: the device that suites run on: the one that TAPER_CUDA_BACKEND names, else the one that plays a device on the host. */
#ifndef TP_TESTS_CUDA_H
#define TP_TESTS_CUDA_H

#include "expect.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "cuda/host/counters.h"

#define DEVICE TP_CUDA(0)

/* The plugin for the host, beside the folder that the program is in. False: it was not built. */
static inline bool cuda_host_path(char *path, size_t size)
{
    const ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0) return false;
    path[n] = 0;
    for (int up = 0; up < 2 && strrchr(path, '/'); up++) *strrchr(path, '/') = 0;
    const size_t used = strlen(path);
    return used + sizeof "/cuda-host/libtaper_cuda.so" <= size && snprintf(path + used, size - used, "/cuda-host/libtaper_cuda.so") > 0 && !access(path, R_OK);
}

/* Before anything asks for a device. False, and a line that says why: there is none to test with. */
static inline bool cuda_is_here(void)
{
    char path[4096];
    if (!getenv("TAPER_CUDA_BACKEND")) {
        if (!cuda_host_path(path, sizeof path)) {
            printf("skipped: the CUDA backend for the host is not built, since the headers of the CUDA toolkit or a C++ compiler are not installed\n");
            return false;
        }
        setenv("TAPER_CUDA_BACKEND", path, 1);
    }
    return true;
}

START_TEST(there_is_nothing_to_test_with) {} END_TEST
/* Before tests are added, which need a device. Without one there is a test all the same, since a suite that checks nothing counts as failed. */
static inline bool has_device(TCase *t)
{
    if (cuda_is_here()) return true;
    tcase_add_test(t, there_is_nothing_to_test_with);
    return false;
}

/* The order of threads and of streams on the device on the host, and of what is drawn. Each test is a process of its own. */
enum { ORDERS = 3 };
/* A GPU has an order of its own, and to start it takes a test longer than all else. Where instructions are watched, one order may be enough:
 * TAPER_TEST_ORDERS=1 make run-tests CONFIG=tsan */
static inline int cuda_orders(void)
{
    const char *const most = getenv("TAPER_TEST_ORDERS");
    const int orders = most && atoi(most) > 0 && atoi(most) < ORDERS ? atoi(most) : ORDERS;
    return strstr(getenv("TAPER_CUDA_BACKEND"), "cuda-host") ? orders : 1;
}
static inline void cuda_order(int order, uint64_t seed)
{
    static const char *const names[ORDERS] = { "0", "1", "2" };
    setenv("TAPER_CUDA_HOST_ORDER", names[order], 1);
    setenv("TAPER_CUDA_HOST_SEED", names[order], 1);
    tp_manual_seed(seed);
}

/* A function of the device on the host; NULL where a real one is tested. */
static inline void *cuda_host_function(const char *name)
{
    if (!tp_cuda_is_available()) return NULL;          /* which loads it */
    void *plugin = dlopen(getenv("TAPER_CUDA_BACKEND"), RTLD_NOW | RTLD_NOLOAD);
    return plugin ? dlsym(plugin, name) : NULL;
}
/* The same for what is not tested without it: NULL, and a line that says so, one for each test. */
static inline void *cuda_host_needed(const char *name)
{
    static bool said;
    void *found = cuda_host_function(name);
    if (!found && !said) {
        printf("skipped in part: only the device on the host has %s\n", name);
        fflush(stdout);
        said = true;
    }
    return found;
}
static inline taper_cuda_host_counts cuda_counts(void)
{
    taper_cuda_host_counts counts = { 0 };
    void *found = cuda_host_function("taper_cuda_host_counters");
    void (*read)(taper_cuda_host_counts *);
    memcpy(&read, &found, sizeof read);
    if (read) read(&counts);
    return counts;
}
/* The n-th cudaMalloc or cudaHostAlloc from now on fails. False: nothing can make it. */
static inline bool cuda_fail_at(int64_t n)
{
    void *found = cuda_host_needed("taper_cuda_host_fail_at");
    void (*make_fail)(int64_t);
    memcpy(&make_fail, &found, sizeof make_fail);
    if (make_fail) make_fail(n);
    return make_fail;
}

/* The device is lost from now on, as after a kernel that wrote where it must not. False: nothing can make it so. */
static inline bool cuda_lose(int error)
{
    void *found = cuda_host_needed("taper_cuda_host_lose");
    void (*lose)(int);
    memcpy(&lose, &found, sizeof lose);
    if (lose) lose(error);
    return lose;
}

static inline tp_memory device_memory(void)
{
    tp_memory m;
    ck_ok(tp_memory_stats(DEVICE, &m));
    return m;
}

#endif
