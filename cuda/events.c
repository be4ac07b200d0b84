/* events.c: events, kept after use: making one is slow while several threads do. */
#include "cuda/runtime.h"

enum { KEPT = 256 };
static struct { int n; cudaEvent_t at[KEPT]; } pool[TPC_MAX_DEVICES];
static pthread_mutex_t pools = PTHREAD_MUTEX_INITIALIZER;       /* one lock for all: it is held for a few instructions */

cudaEvent_t tpc_event_take(int index)
{
    cudaEvent_t event = NULL;
    pthread_mutex_lock(&pools);
    if (pool[index].n) event = pool[index].at[--pool[index].n];
    pthread_mutex_unlock(&pools);
    if (event) return event;
    if (tpc_core->fails_now() || cudaEventCreateWithFlags(&event, cudaEventDisableTiming)) {
        cudaGetLastError();
        return NULL;
    }
    return event;
}

void tpc_event_give(int index, cudaEvent_t event)
{
    if (!event) return;
    pthread_mutex_lock(&pools);
    const bool kept = pool[index].n < KEPT;
    if (kept) pool[index].at[pool[index].n++] = event;
    pthread_mutex_unlock(&pools);
    if (!kept) cudaEventDestroy(event);
}

tp_status tpc_event_new(int index, bool timed, void **out)
{
    const tp_status status = tpc_ready(index);
    if (status) return status;
    cudaEvent_t event = NULL;
    const cudaError_t error = tpc_core->fails_now() ? cudaErrorMemoryAllocation
                                                    : cudaEventCreateWithFlags(&event, timed ? cudaEventDefault : cudaEventDisableTiming);
    if (error) return tpc_error(index, error, NULL, "making an event");
    *out = event;
    return TP_OK;
}

void tpc_event_free(int index, void *event)
{
    if (!tpc_gone() && !tpc_lost(index)) cudaEventDestroy(event);
}

tp_status tpc_event_record(int index, void *event, void *stream)
{
    tp_status status = tpc_ready(index);
    if (!status && tpc_self.graph) status = tpc_core->fail(TP_ERR_STATE, "event_record: not while a graph is recorded");
    if (status) return status;
    const cudaError_t error = cudaEventRecord(event, stream ? ((tpc_stream_of *)stream)->handle : tpc_own_stream(index)->handle);
    return error ? tpc_error(index, error, NULL, "recording an event") : TP_OK;
}

tp_status tpc_event_wait(int index, void *event, void *stream)
{
    const tp_status status = tpc_ready(index);
    if (status) return status;
    const cudaError_t error = cudaStreamWaitEvent(stream ? ((tpc_stream_of *)stream)->handle : tpc_own_stream(index)->handle, event, 0);
    return error ? tpc_error(index, error, NULL, "a stream that waits for an event") : TP_OK;
}

tp_status tpc_event_synchronize(int index, void *event)
{
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_may_wait(index, "event_synchronize");
    if (status) return status;
    const cudaError_t error = cudaEventSynchronize(event);
    return error ? tpc_error(index, error, NULL, "waiting for an event") : tpc_read_slot(index);
}

tp_status tpc_event_is_done(int index, void *event, bool *done)
{
    tp_status status = tpc_ready(index);
    if (!status) status = tpc_may_wait(index, "event_is_done");
    if (status) return status;
    const cudaError_t error = cudaEventQuery(event);
    *done = !error;
    if (error == cudaErrorNotReady) {
        cudaGetLastError();
        return TP_OK;
    }
    return error ? tpc_error(index, error, NULL, "asking an event") : TP_OK;
}

tp_status tpc_event_elapsed(int index, void *from, void *to, double *milliseconds)
{
    const tp_status status = tpc_ready(index);
    if (status) return status;
    float ms = 0;
    const cudaError_t error = cudaEventElapsedTime(&ms, from, to);
    *milliseconds = ms;
    return error ? tpc_error(index, error, NULL, "the time between two events") : TP_OK;
}
