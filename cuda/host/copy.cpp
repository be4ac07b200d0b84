/* copy.cpp: copies, fills and functions of the host, given to a stream of a simulated device. The pointers must be of the kind that is said, and
 * lie in memory that is there. */
#include <stdlib.h>
#include <string.h>

#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"

using namespace cudahost;

extern "C" {

static cudaError_t copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t handle, bool waits)
{
    guard g(lock);
    if (lost_by()) return fail(lost_by());
    stream *s = stream_of(handle);
    const bool to_device = is_device_memory(to), from_device = is_device_memory(from);
    const cudaMemcpyKind is = to_device ? from_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice
                                        : from_device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
    if (kind != cudaMemcpyDefault && kind != is) die("cudaMemcpy: the kind given is %d, by the pointers it is %d", (int)kind, (int)is);
    if (!bytes) return cudaSuccess;
    const int to_index = to_device ? memory_of(to, bytes, "cudaMemcpy to").device : -1;
    const int from_index = from_device ? memory_of(from, bytes, "cudaMemcpy from").device : -1;
    if (to_device && from_device && to_index != from_index && kind != cudaMemcpyDefault && kind != cudaMemcpyDeviceToDevice)
        die("cudaMemcpy: between devices %d and %d", from_index, to_index);
    counts.copies++;
    if (to_device && from_device) note_given();
    const bool pages = (!to_device && !is_pinned(to)) || (!from_device && !is_pinned(from));
    if ((waits || (pages && !to_device)) && refuses_while_capturing(s)) return fail(cudaErrorStreamCaptureUnsupported);
    std::shared_ptr<char> staged;                      /* memory that can be paged is read at once, as the runtime does */
    if (!from_device && pages && !waits) {
        staged.reset(static_cast<char *>(malloc(bytes)), free);
        memcpy(staged.get(), from, bytes);
    }
    give(s, [=] {
        const char *source = staged ? staged.get() : static_cast<const char *>(from);
        if (to_index >= 0 && from_index >= 0 && to_index != from_index) {
            std::vector<char> by(bytes);
            open_device(from_index);
            memcpy(by.data(), source, bytes);
            open_device(to_index);
            memcpy(to, by.data(), bytes);
            return;
        }
        if (to_index >= 0 || from_index >= 0) open_device(to_index >= 0 ? to_index : from_index);
        memmove(to, source, bytes);
    });
    if (waits || (pages && !to_device)) reach(point{ s, s->given });
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) { return copy(to, from, bytes, kind, nullptr, true); }
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t s) { return copy(to, from, bytes, kind, s, false); }
cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes, cudaStream_t s)
{
    {
        guard g(lock);
        if (bytes && (memory_of(to, bytes, "cudaMemcpyPeerAsync to").device != to_device ||
                      memory_of(from, bytes, "cudaMemcpyPeerAsync from").device != from_device))
            die("cudaMemcpyPeerAsync: a device is not that of its pointer");
    }
    return copy(to, from, bytes, cudaMemcpyDefault, s, false);
}
cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t handle)
{
    guard g(lock);
    stream *s = stream_of(handle);
    if (!bytes) return cudaSuccess;
    memory_of(p, bytes, "cudaMemset");
    counts.fills++;
    note_given();
    give(s, [=] { memset(p, value, bytes); });
    return cudaSuccess;
}
cudaError_t cudaMemset(void *p, int value, size_t bytes) { return cudaMemsetAsync(p, value, bytes, nullptr); }

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void *arg)
{
    guard g(lock);
    give(stream_of(handle), [=] { function(arg); });
    return cudaSuccess;
}

} /* extern "C" */
