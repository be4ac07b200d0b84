/* device.c: the backends. The CPU's is built in; CUDA's is a library of its own, looked for at first use. */
#include "core/op.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define PLUGIN "libtaper_cuda.so"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const tp_backend *cuda;
static char why_not[256] = "";

typedef const tp_backend *entry_fn(uint32_t abi, char *why, size_t size);

static void look_for_cuda(void)
{
    void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        snprintf(why_not, sizeof why_not, "the CUDA backend " PLUGIN " is not installed");
        return;
    }
    void *symbol = dlsym(plugin, "taper_backend_entry");
    entry_fn *entry;
    memcpy(&entry, &symbol, sizeof entry);             /* ISO C has no cast from void * to a function */
    const tp_backend *found = entry ? entry(TP__BACKEND_ABI, why_not, sizeof why_not) : NULL;
    if (found && found->abi == TP__BACKEND_ABI) cuda = found;
    else if (!why_not[0]) snprintf(why_not, sizeof why_not, PLUGIN " is of another version than Taper %s", tp_version());
}

const tp_backend *tp__backend(tp_device device)
{
    if (device == TP_CPU) return &tp__cpu_backend;
    if (device < TP_CUDA(0)) return NULL;
    pthread_once(&once, look_for_cuda);
    return cuda && device - TP_CUDA(0) < cuda->device_count() ? cuda : NULL;
}

bool tp_cuda_is_available(void) { return tp__backend(TP_CUDA(0)); }

const char *tp_cuda_why_not(void)
{
    return tp_cuda_is_available() ? "" : why_not[0] ? why_not : "there is no CUDA device";
}

tp_status tp_synchronize(tp_device device)
{
    const tp_backend *backend = tp__backend(device);
    if (!backend) return tp_fail(TP_ERR_DEVICE, "synchronize: no device %s", tp_device_name(device));
    return backend->synchronize(device == TP_CPU ? 0 : device - TP_CUDA(0));
}

const char *tp_device_name(tp_device device)
{
    static const char *const cudas[] = { "cuda:0", "cuda:1", "cuda:2", "cuda:3", "cuda:4", "cuda:5", "cuda:6", "cuda:7",
                                         "cuda:8", "cuda:9", "cuda:10", "cuda:11", "cuda:12", "cuda:13", "cuda:14", "cuda:15" };
    if (device == TP_CPU) return "cpu";
    return device >= TP_CUDA(0) && device < TP_CUDA(16) ? cudas[device - TP_CUDA(0)] : "no device";
}

const char *tp_version(void) { return "0.1.0"; }

const tp_kernel *tp__kernel_find(const tp_op *op, tp_device device)
{
    tp__op_state *state = tp__state(op);
    const tp_backend *backend = tp__backend(device);
    const char *name = op->kernel ? op->kernel : state->base_name;
    const tp_kernel *kernel = backend ? backend->find(name) : NULL;
    if (kernel) atomic_store_explicit(&state->kernel[tp__backend_of(device)], kernel, memory_order_release);
    else tp_fail(TP_ERR_UNSUPPORTED, "%s: there is no kernel \"%s\" for %s", state->base_name, name, tp_device_name(device));
    return kernel;
}
