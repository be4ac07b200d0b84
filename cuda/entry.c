/* entry.c: what the core asks for by name, the plugin's one exported function; and why it may have to say no. */
#include "cuda/runtime.h"

#include <unistd.h>

extern const tp_kernel *const tpc_tables[];            /* made by the Makefile from the .cu files */

const tp_core_services *tpc_core;

#ifdef TP_CUDA_HOST
const tp_kernel *tpc_watched(const tp_kernel *kernel); /* cuda/host/watch.cpp */
#define WATCHED(kernel) tpc_watched(kernel)
#else
#define WATCHED(kernel) (kernel)
#endif

static const tp_kernel *find(const char *name)
{
    for (const tp_kernel *const *table = tpc_tables; *table; table++)
        for (const tp_kernel *kernel = *table; kernel->name; kernel++)
            if (!strcmp(kernel->name, name)) return WATCHED(kernel);
    return NULL;
}

static const tp_backend backend = {
    .abi = TP__BACKEND_ABI, .name = "cuda", .device_count = tpc_device_count, .alloc = tpc_alloc, .release = tpc_release,
    .use = tpc_block_use, .copy = tpc_copy_bytes, .synchronize = tpc_synchronize, .memory = tpc_memory, .trim = tpc_trim, .find = find,
    .stream_new = tpc_stream_new, .stream_free = tpc_stream_free, .stream_set = tpc_stream_set, .stream_current = tpc_stream_current,
    .stream_synchronize = tpc_stream_synchronize, .stream_is_idle = tpc_stream_is_idle, .event_new = tpc_event_new,
    .event_free = tpc_event_free, .event_record = tpc_event_record, .event_wait = tpc_event_wait,
    .event_synchronize = tpc_event_synchronize, .event_is_done = tpc_event_is_done, .event_elapsed = tpc_event_elapsed,
    .pinned_alloc = tpc_pinned_alloc, .pinned_release = tpc_pinned_release, .graph_new = tpc_graph_new, .graph_begin = tpc_graph_begin,
    .graph_end = tpc_graph_end, .graph_launch = tpc_graph_launch, .graph_free = tpc_graph_free, .collectives = tpc_collectives,
    .properties = tpc_properties, .reset_peak = tpc_reset_peak,
};

const tp_backend *taper_backend_entry(uint32_t abi, const tp_core_services *core, char *why, size_t size);
__attribute__((visibility("default")))
const tp_backend *taper_backend_entry(uint32_t abi, const tp_core_services *core, char *why, size_t size)
{
    if (abi != TP__BACKEND_ABI || core->abi != TP__BACKEND_ABI) {
        snprintf(why, size, "libtaper_cuda.so has version %d of the interface, this Taper version %u", TP__BACKEND_ABI, abi);
        return NULL;
    }
    tpc_core = core;
    return tpc_probe(why, size) ? &backend : NULL;
}
