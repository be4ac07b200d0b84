/* runtime.c: devices, streams, and what became of them.
 *
 * Each device has a stream of ours from the start, not the default stream, on which nothing can be captured; a thread may have another
 * current one. An error that leaves a device unusable is kept with the op that met it, and is what each later call returns. */
#include "cuda/runtime.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NOTES = 1024 };
#ifndef TPC_LEAST_ARCH                                 /* 10 times the compute capability, of which there is code; newer devices compile the last */
#define TPC_LEAST_ARCH 80
#endif

typedef struct device {
    pthread_mutex_t lock;
    _Atomic bool ready, lost;
    tpc_stream_of own;
    int processors;
    tpc_slot *slot;                                    /* host memory that kernels write */
    char cause[256];                                   /* of a device that is lost */
} device;

static device devices[TPC_MAX_DEVICES];
static int n_devices;
static bool synchronous;
static const char *_Atomic gone;                       /* why nothing of the runtime may be called any longer */
static _Atomic uint32_t last_stream;
__thread tpc_thread tpc_self;

/* ---- Which devices are there ----------------------------------------------------------------------------------------------------------- */

static void in_child(void) { atomic_store(&gone, "the process was forked after CUDA was first used"); }
static void at_exit(void) { atomic_store(&gone, "the program ends"); }

static int no_device(char *why, size_t size, const char *reason)
{
    snprintf(why, size, "%s", reason);
    return 0;
}

/* What its code is compiled for does not run on older devices. An error that asking gives is left to what uses the device. */
static bool is_too_old(int index, char *text, size_t size)
{
    struct cudaDeviceProp told;
    int major = 0, minor = 0;
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index)) return false;
    if (cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index)) return false;
    if (10 * major + minor >= TPC_LEAST_ARCH) return false;
    if (cudaGetDeviceProperties(&told, index)) snprintf(told.name, sizeof told.name, "a device without a name");
    snprintf(text, size, "cuda:%d, %s, has compute capability %d.%d, and %d.%d is needed", index, told.name, major, minor,
             TPC_LEAST_ARCH / 10, TPC_LEAST_ARCH % 10);
    return true;
}

/* Are all? Then why holds what is wrong with the first. */
static bool all_too_old(int n, char *why, size_t size)
{
    char text[384];
    for (int i = n - 1; i >= 0; i--)
        if (!is_too_old(i, text, sizeof text)) return false;
    return no_device(why, size, text), true;
}

/* The library of the driver is looked for first, since the runtime tells little more than that something is amiss. */
int tpc_probe(char *why, size_t size)
{
#ifndef TP_CUDA_HOST
    if (!dlopen("libcuda.so.1", RTLD_LAZY | RTLD_GLOBAL)) return no_device(why, size, "there is no NVIDIA driver: libcuda.so.1 is not installed");
#endif
    int n = 0, driver = 0, runtime = 0;
    const cudaError_t error = cudaGetDeviceCount(&n);
    if (error == cudaErrorInsufficientDriver) {
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&runtime);
        snprintf(why, size, "the NVIDIA driver is too old: it is for CUDA %d.%d, and CUDA %d.%d is needed", driver / 1000, driver % 1000 / 10,
                 runtime / 1000, runtime % 1000 / 10);
        return 0;
    }
    if (error == cudaErrorNoDevice || (!error && !n)) return no_device(why, size, "there is no CUDA device");
    if (error) {
        snprintf(why, size, "CUDA does not start: %s (%s)", cudaGetErrorString(error), cudaGetErrorName(error));
        return 0;
    }
    if (all_too_old(n, why, size)) return 0;
    const char *sync = getenv("TAPER_CUDA_SYNC");
    synchronous = sync && strcmp(sync, "0") && *sync;
    n_devices = n < TPC_MAX_DEVICES ? n : TPC_MAX_DEVICES;
    for (int i = 0; i < n_devices; i++) pthread_mutex_init(&devices[i].lock, NULL);
    pthread_atfork(NULL, NULL, in_child);
    atexit(at_exit);                                   /* before what the runtime does then, since it is registered after that */
    return n_devices;
}

int tpc_device_count(void) { return n_devices; }
bool tpc_synchronous(void) { return synchronous; }
bool tpc_may_use_tf32(void) { return tpc_core->may_use_tf32(); }
bool tpc_lost(int index) { return atomic_load_explicit(&devices[index].lost, memory_order_acquire); }
bool tpc_gone(void) { return atomic_load_explicit(&gone, memory_order_relaxed); }
int tpc_multiprocessors(int index) { return devices[index].processors > 0 ? devices[index].processors : 1; }

/* ---- Errors ------------------------------------------------------------------------------------------------------------------------------- */

/* After one of these nothing can be done with the device by this process. */
static bool is_final(cudaError_t error)
{
    switch (error) {
    case cudaErrorIllegalAddress: case cudaErrorLaunchTimeout: case cudaErrorAssert: case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction: case cudaErrorMisalignedAddress: case cudaErrorInvalidAddressSpace: case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure: case cudaErrorECCUncorrectable: case cudaErrorNvlinkUncorrectable: case cudaErrorDevicesUnavailable:
    case cudaErrorContained: case cudaErrorMpsClientTerminated: case cudaErrorExternalDevice: return true;
#if CUDART_VERSION >= 12080
    case cudaErrorTensorMemoryLeak: return true;
#endif
    default: return false;
    }
}

static tp_status status_of(cudaError_t error)
{
    return error == cudaErrorMemoryAllocation ? TP_ERR_MEMORY : TP_ERR_DEVICE;
}

static tp_status fail_lost(int index)
{
    return tpc_core->fail(TP_ERR_DEVICE, "%s: the device cuda:%d was lost: %s",
                          tpc_core->op_under_way() ? tpc_core->op_under_way() : "cuda", index, devices[index].cause);
}

tp_status tpc_error(int index, cudaError_t error, const char *op, const char *what)
{
    device *d = &devices[index];
    cudaGetLastError();                                /* it is reported: no later call shall find it again */
    if (!op) op = tpc_core->op_under_way();
    if (!op) op = "cuda";
    if (is_final(error)) {
        pthread_mutex_lock(&d->lock);
        const bool first = !atomic_load(&d->lost);
        if (first) snprintf(d->cause, sizeof d->cause, "%s: %s (%s), found at %s%s", op, cudaGetErrorString(error), cudaGetErrorName(error), what,
                            synchronous ? "" : "; with TAPER_CUDA_SYNC=1 the op that is named is the one that failed");
        atomic_store_explicit(&d->lost, true, memory_order_release);
        pthread_mutex_unlock(&d->lock);
        return fail_lost(index);
    }
    return tpc_core->fail(status_of(error), "%s: %s (%s) from %s on cuda:%d", op, cudaGetErrorString(error), cudaGetErrorName(error), what, index);
}

/* ---- Making a device ready ------------------------------------------------------------------------------------------------------------------- */

static tp_status start(int index)
{
    device *d = &devices[index];
    cudaError_t error = cudaSuccess;
    const char *what = "starting";
    char too_old[384];
    if (is_too_old(index, too_old, sizeof too_old)) return tpc_core->fail(TP_ERR_DEVICE, "%s", too_old);
    pthread_mutex_lock(&d->lock);
    if (!atomic_load(&d->ready)) {
        error = cudaStreamCreateWithFlags(&d->own.handle, cudaStreamNonBlocking);
        if (!error) error = cudaDeviceGetAttribute(&d->processors, cudaDevAttrMultiProcessorCount, index);
        if (!error) error = cudaHostAlloc((void **)&d->slot, sizeof *d->slot, cudaHostAllocMapped | cudaHostAllocPortable);
        if (!error) {
            *d->slot = (tpc_slot){ .id = 0 };
            d->own.device = index;
            d->own.id = atomic_fetch_add(&last_stream, 1) + 1;
            atomic_store_explicit(&d->ready, true, memory_order_release);
        } else if (d->own.handle) {
            cudaStreamDestroy(d->own.handle);
            d->own.handle = NULL;
        }
    }
    pthread_mutex_unlock(&d->lock);
    return error ? tpc_error(index, error, NULL, what) : TP_OK;
}

tp_status tpc_ready(int index)
{
    device *d = &devices[index];
    if (__builtin_expect(tpc_gone(), 0)) return tpc_core->fail(TP_ERR_DEVICE, "cuda:%d: %s", index, atomic_load(&gone));
    if (__builtin_expect(tpc_lost(index), 0)) return fail_lost(index);
    /* The runtime is asked each time: another library may have chosen another device on this thread since. It has no state that would be
     * cheaper to read and is right, for that library may have a copy of the runtime of its own. */
    int current = -1;
    if (__builtin_expect(cudaGetDevice(&current) || current != index || !tpc_self.chose, 0)) {
        const cudaError_t error = cudaSetDevice(index);
        if (error) return tpc_error(index, error, NULL, "cudaSetDevice");
        tpc_self.chose = true;
    }
    return __builtin_expect(atomic_load_explicit(&d->ready, memory_order_acquire), 1) ? TP_OK : start(index);
}

tp_status tpc_properties(int index, tp_device_properties *out)
{
    struct cudaDeviceProp told;
    size_t free = 0, total = 0;
    if (tpc_ready(index)) return tpc_core->pending();
    TPC_TRY(index, cudaGetDeviceProperties(&told, index));
    TPC_TRY(index, cudaMemGetInfo(&free, &total));     /* of the current device, which tpc_ready has made this one */
    *out = (tp_device_properties){ .total_memory = (int64_t)total, .free_memory = (int64_t)free, .major = told.major, .minor = told.minor,
                                   .processors = tpc_multiprocessors(index) };
    snprintf(out->name, sizeof out->name, "%s", told.name);
    return TP_OK;
}

tpc_stream_of *tpc_current(int index)
{
    return tpc_self.stream[index] ? tpc_self.stream[index] : &devices[index].own;
}

/* ---- What kernels found in the data ------------------------------------------------------------------------------------------------------- */

/* A format with the op that it is of. Their numbers are what kernels know. */
static struct {
    pthread_mutex_t lock;
    int n;
    struct note { const char *op, *format; tp_status status; } at[NOTES];
} notes = { .lock = PTHREAD_MUTEX_INITIALIZER };

tpc_watch tpc_watch_for(const tp__call *call, tp_status status, const char *format)
{
    const char *op = tpc_op(call);
    const int index = tpc_device(call);
    tpc_watch watch = { NULL, 0 };
    if (tpc_ready(index)) return watch;                /* no kernel is launched then */
    watch.slot = devices[index].slot;
    pthread_mutex_lock(&notes.lock);
    int i = 0;
    while (i < notes.n && (notes.at[i].op != op || notes.at[i].format != format || notes.at[i].status != status)) i++;
    if (i == notes.n && notes.n < NOTES) notes.at[notes.n++] = (struct note){ op, format, status };
    watch.id = (i < NOTES ? i : NOTES - 1) + 1;
    pthread_mutex_unlock(&notes.lock);
    return watch;
}

const int32_t *tpc_noted_of(const tp__call *call)
{
    const int index = tpc_device(call);
    return tpc_ready(index) ? NULL : &devices[index].slot->id;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
tp_status tpc_read_slot(int index)
{
    tpc_slot *slot = devices[index].slot;
    if (!slot) return TP_OK;
    const int32_t id = __atomic_load_n(&slot->id, __ATOMIC_ACQUIRE);
    if (__builtin_expect(id <= 0, 1)) return TP_OK;
    char text[256];
    const struct note *note = &notes.at[id - 1];
    snprintf(text, sizeof text, note->format, (long long)slot->value, (long long)slot->limit);
    __atomic_store_n(&slot->id, 0, __ATOMIC_RELEASE);
    return tpc_core->fail(note->status, "%s: %s", note->op, text);
}
#pragma GCC diagnostic pop

/* ---- Streams -------------------------------------------------------------------------------------------------------------------------------- */

tpc_stream_of *tpc_own_stream(int index) { return &devices[index].own; }
static tpc_stream_of *stream_or_own(int index, void *stream) { return stream ? stream : &devices[index].own; }

tp_status tpc_stream_new(int index, void **out)
{
    tp_status status = tpc_ready(index);
    if (status) return status;
    tpc_stream_of *stream = tpc_core->fails_now() ? NULL : malloc(sizeof *stream);
    if (!stream) return tpc_core->fail(TP_ERR_MEMORY, "stream_new: no memory");
    *stream = (tpc_stream_of){ .device = index, .id = atomic_fetch_add(&last_stream, 1) + 1, .refs = 1 };
    const cudaError_t error = cudaStreamCreateWithFlags(&stream->handle, cudaStreamNonBlocking);
    if (error) {
        free(stream);
        return tpc_error(index, error, NULL, "making a stream");
    }
    *out = stream;
    return TP_OK;
}

/* It is waited for, so that what was allocated for it can go to the device's own stream. A stream is freed seldom. */
void tpc_stream_free(int index, void *of)
{
    tpc_stream_of *stream = of;
    if (tpc_self.stream[index] == stream) tpc_self.stream[index] = NULL;
    if (tpc_gone()) return;
    enum cudaStreamCaptureMode mode = TPC_RELAXED;
    tpc_relax(&mode);
    const cudaStream_t handle = stream->handle;
    if (!tpc_lost(index)) cudaStreamSynchronize(handle);
    tpc_stream_gone(index, stream);
    if (!tpc_lost(index)) cudaStreamDestroy(handle);
    cudaGetLastError();
    tpc_relax(&mode);
}

void *tpc_stream_set(int index, void *stream)
{
    void *was = tpc_self.stream[index];
    tpc_self.stream[index] = stream;
    return was;
}

void *tpc_stream_current(int index) { return tpc_self.stream[index]; }

tp_status tpc_wait_stream(int index, tpc_stream_of *stream)
{
    const tp_status status = tpc_may_wait(index, NULL);
    if (status) return status;
    const cudaError_t error = cudaStreamSynchronize(stream->handle);
    return error ? tpc_error(index, error, NULL, "waiting for a stream") : tpc_read_slot(index);
}

tp_status tpc_stream_synchronize(int index, void *stream)
{
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_may_wait(index, "stream_synchronize");
    return status ? status : tpc_wait_stream(index, stream_or_own(index, stream));
}

tp_status tpc_stream_is_idle(int index, void *stream, bool *idle)
{
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_may_wait(index, "stream_is_idle");
    if (status) return status;
    const cudaError_t error = cudaStreamQuery(stream_or_own(index, stream)->handle);
    *idle = !error;
    if (error == cudaErrorNotReady) {
        cudaGetLastError();
        return TP_OK;
    }
    return error ? tpc_error(index, error, NULL, "asking a stream") : TP_OK;
}

tp_status tpc_synchronize(int index)
{
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_may_wait(index, "synchronize");
    if (status) return status;
    const cudaError_t error = cudaDeviceSynchronize();
    return error ? tpc_error(index, error, NULL, "waiting for the device") : tpc_read_slot(index);
}
