/* graph.cpp: graphs of the simulated device: what was given while a stream recorded, in that order. What must not be asked meanwhile is refused, or
 * breaks the recording, as with CUDA. */
#include <utility>

#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"

namespace cudahost {
namespace {

thread_local cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;
thread_local int captures;                             /* that this thread began, and that are not relaxed */

struct executable { std::vector<task> tasks; };
executable *own(cudaGraphExec_t e) { return reinterpret_cast<executable *>(e); }
std::shared_ptr<graph> *own(cudaGraph_t g) { return reinterpret_cast<std::shared_ptr<graph> *>(g); }

} /* namespace */

bool unsafe_now() { return captures && capture_mode != cudaStreamCaptureModeRelaxed; }

bool refuses_while_capturing(stream *s)
{
    if (s->capture) s->capture->broken = true;
    return s->capture != nullptr;
}

} /* namespace cudahost */

using namespace cudahost;

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode)
{
    guard g(lock);
    stream *s = stream_of(handle);
    if (s->legacy) return fail(cudaErrorStreamCaptureImplicit);
    if (s->capture) return fail(cudaErrorIllegalState);
    s->capture = std::make_shared<graph>();
    s->captures_itself = true;
    s->counted = mode != cudaStreamCaptureModeRelaxed;
    captures += s->counted;
    return cudaSuccess;
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode *mode)
{
    std::swap(*mode, capture_mode);
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus *status)
{
    guard g(lock);
    const stream *s = stream_of(handle);
    *status = !s->capture ? cudaStreamCaptureStatusNone : s->capture->broken ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *out)
{
    guard g(lock);
    stream *s = stream_of(handle);
    *out = nullptr;
    if (!s->capture) return fail(cudaErrorIllegalState);
    if (!s->captures_itself) return fail(cudaErrorStreamCaptureUnmatched);
    captures -= s->counted;
    const std::shared_ptr<graph> made = s->capture;
    for (stream *o : streams)
        if (o->capture == made) {
            o->capture.reset();
            o->captures_itself = false;
        }
    if (made->broken) return fail(cudaErrorStreamCaptureInvalidated);
    *out = reinterpret_cast<cudaGraph_t>(new std::shared_ptr<graph>(made));
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t g_, unsigned long long flags)
{
    (void)flags;
    *out = reinterpret_cast<cudaGraphExec_t>(new executable{ (*own(g_))->tasks });
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t on)
{
    guard g(lock);
    const auto tasks = std::make_shared<std::vector<task>>(own(handle)->tasks);
    counts.graph_launches++;
    give(stream_of(on), [tasks] {
        for (const task &t : *tasks) {
            open_device(t.device);
            t.run();
        }
    });
    return cudaSuccess;
}
cudaError_t cudaGraphGetNodes(cudaGraph_t g_, cudaGraphNode_t *nodes, size_t *n)
{
    if (!nodes) *n = (*own(g_))->tasks.size();
    return nodes ? fail(cudaErrorNotSupported) : cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g_)
{
    delete own(g_);
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e)
{
    delete own(e);
    return cudaSuccess;
}

} /* extern "C" */
