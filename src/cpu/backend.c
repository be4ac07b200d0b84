/* backend.c: the CPU backend: its kernels are the tables at the end of the files of this folder. */
#include "core/memory.h"
#include "core/op.h"
#include "cpu/fft_lines.h"

static int one(void) { return 1; }
static void *alloc(int index, size_t bytes, void **block) { (void)index; *block = NULL; return tp__raw_alloc(bytes); }
static void release(int index, void *memory, size_t bytes, void *block) { (void)index, (void)block; tp__raw_free(memory, bytes); }
static tp_status synchronize(int index) { (void)index; return TP_OK; }
static tp_status memory(int index, tp_memory *out) { (void)index; return tp_memory_stats(TP_CPU, out); }
static int64_t trim(int index) { (void)index; return tp__fft_plans_trim() + tp__cache_trim(0); }

static tp_status copy(void *dst, tp_device to, const void *src, tp_device from, size_t bytes, bool non_blocking)
{
    (void)to, (void)from, (void)non_blocking;
    memcpy(dst, src, bytes);
    return TP_OK;
}

static const tp_kernel *find(const char *name)
{
    for (const tp_kernel *const *table = tp__cpu_tables; *table; table++)
        for (const tp_kernel *kernel = *table; kernel->name; kernel++)
            if (!strcmp(kernel->name, name)) return kernel;
    return NULL;
}

const tp_backend tp__cpu_backend = {
    .abi = TP__BACKEND_ABI, .name = "cpu", .device_count = one, .alloc = alloc, .release = release, .copy = copy,
    .synchronize = synchronize, .memory = memory, .trim = trim, .find = find,
};
