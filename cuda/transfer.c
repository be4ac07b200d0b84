/* transfer.c: bytes between the host and devices, and between devices. */
#include "cuda/runtime.h"

/* Memory of the host's that can be paged is read or written by the time that the call returns. */
static tp_status with_host(void *dst, const void *src, size_t bytes, int index, bool to_device, bool non_blocking)
{
    tp_status status = tpc_ready(index);
    if (status || (!non_blocking && (status = tpc_may_wait(index, NULL)))) return status;
    if (tpc_self.graph)
        return tpc_core->fail(TP_ERR_STATE, "%s: copies with the host are not recorded in a graph: the step reads tensors of the device, which are "
                              "copied into before each replay", tpc_core->op_under_way() ? tpc_core->op_under_way() : "copy");
    tpc_stream_of *stream = tpc_current(index);
    const cudaError_t error = cudaMemcpyAsync(dst, src, bytes, to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, stream->handle);
    if (error) return tpc_error(index, error, NULL, "a copy with the host");
    if (non_blocking && tpc_pinned_use(to_device ? src : dst, index, stream)) return TP_OK;
    return tpc_wait_stream(index, stream);
}

static tp_status within(void *dst, const void *src, size_t bytes, int index)
{
    const tp_status status = tpc_ready(index);
    if (status) return status;
    const cudaError_t error = cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToDevice, tpc_current(index)->handle);
    return error ? tpc_error(index, error, NULL, "a copy on the device") : TP_OK;
}

/* The stream of `second` goes on when that of `first` has come this far. Without an event the host waits. */
static tp_status after(int first, int second)
{
    tp_status status = tpc_ready(first);
    if (status) return status;
    cudaEvent_t event = tpc_event_take(first);
    cudaError_t error = event ? cudaEventRecord(event, tpc_current(first)->handle) : cudaStreamSynchronize(tpc_current(first)->handle);
    if (!error && !(status = tpc_ready(second)) && event) error = cudaStreamWaitEvent(tpc_current(second)->handle, event, 0);
    tpc_event_give(first, event);
    return status ? status : error ? tpc_error(second, error, NULL, "a stream that waits for another device") : TP_OK;
}

/* It runs on the source's stream, when the target's is done with what was in that memory, and the target's goes on after it. */
static tp_status between(void *dst, int to, const void *src, int from, size_t bytes)
{
    const tp_status status = after(to, from);
    if (status) return status;
    const cudaError_t error = cudaMemcpyPeerAsync(dst, to, src, from, bytes, tpc_current(from)->handle);
    if (error) return tpc_error(from, error, NULL, "a copy between devices");
    return after(from, to);
}

tp_status tpc_copy_bytes(void *dst, tp_device to, const void *src, tp_device from, size_t bytes, bool non_blocking)
{
    if (!bytes) return TP_OK;
    if (to == TP_CPU) return with_host(dst, src, bytes, from - TP_CUDA(0), false, non_blocking);
    if (from == TP_CPU) return with_host(dst, src, bytes, to - TP_CUDA(0), true, non_blocking);
    if (to == from) return within(dst, src, bytes, to - TP_CUDA(0));
    return between(dst, to - TP_CUDA(0), src, from - TP_CUDA(0), bytes);
}
