/* device.c: the backends. The CPU's is built in; CUDA's is a library of its own, looked for at first use. */
#define _GNU_SOURCE
#include "core/memory.h"
#include "core/op.h"
#include "core/parallel.h"
#include "core/place.h"
#include "core/symbol.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PLUGIN "libtaper_cuda.so"
#define DRIVER "libcuda.so.1"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const tp_backend *cuda;
static _Atomic bool forked;                            /* the driver's state does not survive a fork */
static char why_not[512] = "";

/* ---- What the plugin gets ----------------------------------------------------------------------------------------------------- */

static const char *op_under_way(void) { return tp__self.op; }

static const tp_core_services services = {
    .abi = TP__BACKEND_ABI, .fail = tp_fail, .call_fail = tp__call_fail, .pending = tp__pending, .fails_now = tp__fails_now,
    .op_name = tp__op_name, .op_under_way = op_under_way, .alloc = tp_mem_alloc, .release = tp_mem_free, .out = tp__out,
    .may_use_tf32 = tp__may_use_tf32,
};

/* ---- Looking for it ------------------------------------------------------------------------------------------------------------- */

static void in_child(void)
{
    if (cuda) atomic_store(&forked, true);
}

/* The plugin looks by itself, too; but without a driver it is not worth the 150 MB and tenth of a second of the library that it is linked to. */
static bool there_is_a_driver(void) { return dlopen(DRIVER, RTLD_LAZY | RTLD_LOCAL); }

/* Beside the library, or the program that has it inside. *there: it is, whether or not it can be loaded. */
static void *open_beside(bool *there)
{
    Dl_info here;
    char path[4096];
    const char *slash = dladdr((const void *)&services, &here) && here.dli_fname ? strrchr(here.dli_fname, '/') : NULL;
    const size_t folder = slash ? (size_t)(slash - here.dli_fname) + 1 : 0;
    if (!slash || folder + sizeof PLUGIN > sizeof path) return NULL;
    memcpy(path, here.dli_fname, folder);
    memcpy(path + folder, PLUGIN, sizeof PLUGIN);
    *there = !access(path, R_OK);
    if (!*there || !there_is_a_driver()) return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* found: the file is there. The loader names a library that the file needs, and that is missing, before a colon. */
static void tell_why_not_loaded(bool found, const char *reason)
{
    const char *const colon = reason ? strchr(reason, ':') : NULL;
    if (!found) snprintf(why_not, sizeof why_not, "the CUDA backend " PLUGIN " is not installed");
    else if (reason && !strncmp(reason, DRIVER ":", sizeof DRIVER)) snprintf(why_not, sizeof why_not, "there is no NVIDIA driver: " DRIVER " is not installed");
    else if (colon && !memchr(reason, '/', (size_t)(colon - reason)) && strstr(colon, "cannot open shared object file"))
        snprintf(why_not, sizeof why_not,
                 "the CUDA backend needs %.*s of the CUDA toolkit, which is not installed, or not where the loader looks "
                 "(LD_LIBRARY_PATH)", (int)(colon - reason), reason);
    else snprintf(why_not, sizeof why_not, "the CUDA backend cannot be loaded: %s", reason ? reason : "for no reason that the loader tells");
}

static void look_for_cuda(void)
{
    const char *named = getenv("TAPER_CUDA_BACKEND");
    if (named && !*named) {
        snprintf(why_not, sizeof why_not, "TAPER_CUDA_BACKEND is empty: no CUDA backend is wanted");
        return;
    }
    bool found = named;
    void *plugin = named ? dlopen(named, RTLD_NOW | RTLD_LOCAL) : open_beside(&found);
    if (!plugin && !found) plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        const char *reason = dlerror();
        tell_why_not_loaded(found || (reason && strncmp(reason, PLUGIN ":", sizeof PLUGIN)), reason);
        return;
    }
    void *symbol = dlsym(plugin, "taper_backend_entry");
    tp_backend_entry_fn *entry;
    if (symbol) tp__symbol_inside(symbol);
    memcpy(&entry, &symbol, sizeof entry);             /* ISO C has no cast from void * to a function */
    const tp_backend *backend = entry ? entry(TP__BACKEND_ABI, &services, why_not, sizeof why_not) : NULL;
    if (backend && backend->abi == TP__BACKEND_ABI) {
        cuda = backend;
        pthread_atfork(NULL, NULL, in_child);
    } else if (!symbol) {
        snprintf(why_not, sizeof why_not, "the CUDA backend cannot be loaded: %s is no backend of Taper", named ? named : PLUGIN);
    } else if (!why_not[0]) {
        snprintf(why_not, sizeof why_not, PLUGIN " is of another version than Taper %s", tp_version());
    }
}

const tp_backend *tp__cuda(void)
{
    pthread_once(&once, look_for_cuda);
    return cuda;
}

const tp_backend *tp__backend(tp_device device)
{
    if (device == TP_CPU) return &tp__cpu_backend;
    if (device < TP_CUDA(0) || !tp__cuda() || atomic_load_explicit(&forked, memory_order_relaxed)) return NULL;
    return device - TP_CUDA(0) < cuda->device_count() ? cuda : NULL;
}

bool tp_cuda_is_available(void) { return tp__backend(TP_CUDA(0)); }

int tp_cuda_device_count(void) { return tp_cuda_is_available() ? cuda->device_count() : 0; }

const char *tp_cuda_why_not(void)
{
    if (tp_cuda_is_available()) return "";
    if (atomic_load(&forked)) return "the process was forked after CUDA was first used: use it in one process alone, or fork first";
    return why_not[0] ? why_not : "there is no CUDA device";
}

tp_status tp_synchronize(tp_device device)
{
    const tp_backend *backend = tp__backend(device);
    if (!backend) return tp__no_device("synchronize", device);
    return backend->synchronize(device == TP_CPU ? 0 : device - TP_CUDA(0));
}

/* Of the first processor, as Linux tells it; out stays as it is where it does not. */
static void read_model(char *out, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[512];
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        out[strcspn(out, "\n")] = 0;
        break;
    }
    if (file) fclose(file);
}

tp_status tp_get_device_properties(tp_device device, tp_device_properties *out)
{
    if (!out) return tp_fail(TP_ERR_ARGUMENT, "get_device_properties: out is NULL");
    *out = (tp_device_properties){ .name = "cpu", .processors = tp__processors() };
    if (device == TP_CPU) {
        const int64_t page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES), free = sysconf(_SC_AVPHYS_PAGES);
        out->total_memory = pages > 0 ? pages * page : 0;
        out->free_memory = free > 0 ? free * page : 0;
        read_model(out->name, sizeof out->name);
        return TP_OK;
    }
    *out = (tp_device_properties){ .name = "" };
    const tp_backend *backend = tp__backend(device);
    return backend ? backend->properties(device - TP_CUDA(0), out) : tp__no_device("get_device_properties", device);
}

const char *tp_device_name(tp_device device)
{
    static const char *const cudas[] = { "cuda:0", "cuda:1", "cuda:2", "cuda:3", "cuda:4", "cuda:5", "cuda:6", "cuda:7",
                                         "cuda:8", "cuda:9", "cuda:10", "cuda:11", "cuda:12", "cuda:13", "cuda:14", "cuda:15" };
    if (device == TP_CPU) return "cpu";
    return device >= TP_CUDA(0) && device < TP_CUDA(16) ? cudas[device - TP_CUDA(0)] : "no device";
}

tp_status tp__no_device(const char *op, tp_device device)
{
    const int there = tp_cuda_device_count();
    if (device > 0 && device < TP_DTYPE_END)
        return tp_fail(TP_ERR_DEVICE, "%s: %s is a dtype and no device: tp_to_dtype(x, dtype), or .dtype", op, tp_dtype_name((tp_dtype)device));
    if (device < TP_CUDA(0) || device >= TP_CUDA(16)) return tp_fail(TP_ERR_DEVICE, "%s: %d is no device", op, (int)device);
    if (!there) return tp_fail(TP_ERR_DEVICE, "%s: there is no device %s: %s", op, tp_device_name(device), tp_cuda_why_not());
    return tp_fail(TP_ERR_DEVICE, "%s: there is no device %s: the last is %s", op, tp_device_name(device), tp_device_name(TP_CUDA(there - 1)));
}

const char *tp_version(void) { return "0.1.0"; }

/* ---- Kernels and copies --------------------------------------------------------------------------------------------------------- */

/* PREFIX and the name, kept in *kept. NULL: an error */
static const tp_kernel *find(const tp_op *op, tp_device device, const char *prefix, _Atomic(const tp_kernel *) *kept)
{
    const char *const base = tp__state(op)->base_name;
    const tp_backend *backend = tp__backend(device);
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, op->kernel ? op->kernel : base);
    const tp_kernel *kernel = backend ? backend->find(name) : NULL;
    if (kernel) atomic_store_explicit(kept, kernel, memory_order_release);
    else if (!backend) tp__no_device(base, device);
    else tp_fail(TP_ERR_UNSUPPORTED, "%s: there is no kernel \"%s\" for %s", base, name, tp_device_name(device));
    return kernel;
}

const tp_kernel *tp__kernel_find(const tp_op *op, tp_device device) { return find(op, device, "", &tp__state(op)->kernel[tp__backend_of(device)]); }

const tp_kernel *tp__complex_kernel(const tp_op *op, tp_device device)
{
    _Atomic(const tp_kernel *) *const kept = &tp__state(op)->complex_kernel[tp__backend_of(device)];
    const tp_kernel *kernel = atomic_load_explicit(kept, memory_order_acquire);
    return kernel ? kernel : find(op, device, "complex_", kept);
}

tp_status tp__copy_bytes(const tp_tensor *dst, const tp_tensor *src, bool non_blocking)
{
    const tp_backend *mover = tp__backend(src->device == TP_CPU ? dst->device : src->device);
    if (!mover) return tp__no_device("copy", src->device == TP_CPU ? dst->device : src->device);
    if (mover->use && src->storage->origin == TP__FROM_DEVICE) mover->use(src->device - TP_CUDA(0), src->storage->block);
    if (mover->use && dst->storage->origin == TP__FROM_DEVICE) mover->use(dst->device - TP_CUDA(0), dst->storage->block);
    return mover->copy(dst->data, dst->device, src->data, src->device, (size_t)src->numel * tp__dtype_bytes[src->dtype], non_blocking);
}
