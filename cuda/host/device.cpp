/* device.cpp: the simulated devices themselves, and the errors of the runtime. There are TAPER_CUDA_HOST_DEVICES of them, else 2,
 * and the last TAPER_CUDA_HOST_OLD are older than what the backend runs on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"

namespace cudahost {
namespace {
thread_local int chosen;
thread_local cudaError_t last;
} /* namespace */

int device_count()
{
    static const char *const text = getenv("TAPER_CUDA_HOST_DEVICES");
    const int n = text ? atoi(text) : 2;
    return n < 0 ? 0 : n > MAX_DEVICES ? (int)MAX_DEVICES : n;
}
int current_device() { return chosen; }
static int capability_of(int device)
{
    static const char *const text = getenv("TAPER_CUDA_HOST_OLD");
    return text && device >= device_count() - atoi(text) ? 75 : 90;
}
static int lost = [] { const char *text = getenv("TAPER_CUDA_HOST_LOST"); return text ? atoi(text) : 0; }();
cudaError_t lost_by() { return (cudaError_t)__atomic_load_n(&lost, __ATOMIC_RELAXED); }
cudaError_t fail(cudaError_t error)
{
    if (error) last = error;
    return error;
}
} /* namespace cudahost */

using namespace cudahost;

/* A process that ends adds a line to the file that TAPER_CUDA_HOST_REPORT names: its launches, what was given to the device, and the calls of
 * ops' kernels. */
__attribute__((destructor)) static void report()
{
    const char *path = getenv("TAPER_CUDA_HOST_REPORT");
    FILE *file = path ? fopen(path, "a") : NULL;
    taper_cuda_host_counts counts;
    if (!file) return;
    taper_cuda_host_counters(&counts);
    fprintf(file, "%lld %lld %lld\n", (long long)counts.launches, (long long)counts.given, (long long)counts.calls);
    fclose(file);
}

extern "C" {

void taper_cuda_host_choose(int device) { cudaSetDevice(device); }
void taper_cuda_host_lose(int error) { __atomic_store_n(&lost, error, __ATOMIC_RELAXED); }

cudaError_t cudaGetDeviceCount(int *n)
{
    if (lost_by()) return *n = 0, fail(lost_by());
    *n = device_count();
    return *n ? cudaSuccess : fail(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int *device)
{
    *device = chosen;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device)
{
    if (device < 0 || device >= device_count()) return fail(cudaErrorInvalidDevice);
    chosen = device;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int *version) { return cudaRuntimeGetVersion(version); }

enum { SHARED_OPTIN = 227 << 10 };
/* Few, so that loops go round; a GPU has a hundred and more. */
static int processors()
{
    static const char *const text = getenv("TAPER_CUDA_HOST_PROCESSORS");
    const int n = text ? atoi(text) : 4;
    return n < 1 ? 1 : n;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    if (device < 0 || device >= device_count()) return fail(cudaErrorInvalidDevice);
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "simulated device");
    p->major = capability_of(device) / 10;
    p->minor = capability_of(device) % 10;
    p->multiProcessorCount = processors();
    p->warpSize = 32;
    p->maxThreadsPerBlock = 1024;
    p->maxThreadsPerMultiProcessor = 2048;
    p->sharedMemPerBlock = cudahost::MAX_SHARED;
    p->sharedMemPerBlockOptin = SHARED_OPTIN;
    p->l2CacheSize = 1 << 20;
    size_t free;
    cudaMemGetInfo(&free, &p->totalGlobalMem);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
    if (device < 0 || device >= device_count()) return fail(cudaErrorInvalidDevice);
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = processors(); break;
    case cudaDevAttrComputeCapabilityMajor: *value = capability_of(device) / 10; break;
    case cudaDevAttrComputeCapabilityMinor: *value = capability_of(device) % 10; break;
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = cudahost::MAX_SHARED; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = SHARED_OPTIN; break;
    default: return fail(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t e = last;
    last = cudaSuccess;
    return e;
}
cudaError_t cudaPeekAtLastError(void) { return last; }

static const struct { cudaError_t code; const char *name, *text; } errors[] = {
#define E(code, text) { code, #code, text }
    E(cudaSuccess, "no error"), E(cudaErrorInvalidValue, "invalid argument"), E(cudaErrorMemoryAllocation, "out of memory"),
    E(cudaErrorInvalidConfiguration, "invalid configuration argument"), E(cudaErrorInvalidDevice, "invalid device ordinal"),
    E(cudaErrorNoDevice, "no CUDA-capable device is detected"), E(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    E(cudaErrorNotReady, "device not ready"), E(cudaErrorIllegalState, "the operation cannot be performed in the present state"),
    E(cudaErrorNotSupported, "operation not supported"), E(cudaErrorPeerAccessAlreadyEnabled, "peer access is already enabled"),
    E(cudaErrorHostMemoryAlreadyRegistered, "part or all of the requested memory range is already mapped"),
    E(cudaErrorHostMemoryNotRegistered, "pointer does not correspond to a registered memory region"),
    E(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    E(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    E(cudaErrorStreamCaptureMerge, "operation would result in a merge of separate capture sequences"),
    E(cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began"),
    E(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"),
    E(cudaErrorStreamCaptureImplicit, "operation would make the legacy stream depend on a capturing blocking stream"),
    E(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing stream"),
    E(cudaErrorIllegalAddress, "an illegal memory access was encountered"), E(cudaErrorLaunchFailure, "unspecified launch failure"),
    E(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version"),
#undef E
};
const char *cudaGetErrorName(cudaError_t e)
{
    for (const auto &row : errors)
        if (row.code == e) return row.name;
    return "unrecognized error code";
}
const char *cudaGetErrorString(cudaError_t e)
{
    for (const auto &row : errors)
        if (row.code == e) return row.text;
    return "unrecognized error code";
}

} /* extern "C" */
