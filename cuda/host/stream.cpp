/* stream.cpp: the streams and events of the simulated devices. What is given to one waits until someone waits for it; then tasks run in an order
 * that a seed picks (TAPER_CUDA_HOST_SEED) among those that streams and events allow. So a wait that is missing gives wrong results. */
#include <stdlib.h>

#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"

namespace cudahost {

std::recursive_mutex lock;
taper_cuda_host_counts counts;
thread_local int64_t given_here;
std::vector<stream *> &streams = *new std::vector<stream *>;       /* they stay, to the very end: a handle of one that is gone is told */

namespace {

uint64_t draw = 1;
bool seeded;

uint64_t next_draw()
{
    if (!seeded) {
        const char *text = getenv("TAPER_CUDA_HOST_SEED");
        if (text) draw = strtoull(text, nullptr, 10) * 2 + 1;
        seeded = true;
    }
    draw ^= draw << 13, draw ^= draw >> 7, draw ^= draw << 17;
    return draw;
}

stream *make(int device, bool blocking, bool legacy)
{
    stream *s = new stream();
    s->device = device;
    s->blocking = blocking;
    s->legacy = legacy;
    streams.push_back(s);
    return s;
}

stream *legacy_of(int device)
{
    static stream *of[MAX_DEVICES];
    if (!of[device]) of[device] = make(device, true, true);
    return of[device];
}

bool may_run(const stream *s)
{
    if (s->tasks.empty()) return false;
    for (const point &p : s->tasks.front().after)
        if (p.of->done < p.count) return false;
    return true;
}

void run_one(stream *s)
{
    const task t = std::move(s->tasks.front());
    s->tasks.pop_front();
    if (t.run) {
        open_device(t.device);
        t.run();
    }
    s->done++;
}

void push(stream *s, task t)
{
    if (s->capture) {
        if (t.run) s->capture->tasks.push_back(std::move(t));
        return;
    }
    /* The legacy stream and the blocking ones of a device wait for each other. */
    for (stream *o : streams)
        if (o != s && o->device == s->device && o->given > o->done && (s->legacy ? o->blocking : s->blocking && o->legacy))
            t.after.push_back(point{ o, o->given });
    s->tasks.push_back(std::move(t));
    s->given++;
}

} /* namespace */

stream *stream_of(cudaStream_t handle)
{
    if (!handle || handle == cudaStreamLegacy) return legacy_of(current_device());
    for (stream *s : streams)
        if (s == own(handle)) {
            if (s->destroyed) die("a stream is used that was destroyed");
            return s;
        }
    die("%p is no stream", (void *)handle);
}

void note_given()
{
    counts.given++;
    given_here++;
}
void give(stream *s, std::function<void()> run) { push(s, task{ s->device, std::move(run), {} }); }
void give_after(stream *s, std::function<void()> run, std::vector<point> after) { push(s, task{ s->device, std::move(run), std::move(after) }); }

void reach(point p)
{
    if (p.of->done >= p.count) return;
    counts.waits++;
    std::vector<stream *> ready;
    while (p.of->done < p.count) {
        ready.clear();
        for (stream *s : streams)
            if (may_run(s)) ready.push_back(s);
        if (ready.empty()) die("streams wait for each other");
        run_one(ready[next_draw() % ready.size()]);
    }
    close_devices();
}

void drain(int device)
{
    for (size_t i = 0; i < streams.size(); i++)
        if (streams[i]->device == device) reach(point{ streams[i], streams[i]->given });
}

void enqueue(const work &kernel, void (*drop)(const void *args), cudaStream_t handle)
{
    guard g(lock);
    const std::shared_ptr<const void> args(kernel.args, drop);
    const size_t threads = (size_t)kernel.block.x * kernel.block.y * kernel.block.z;
    const bool empty = !kernel.grid.x || !kernel.grid.y || !kernel.grid.z || !threads;
    if (empty || threads > MAX_THREADS || kernel.block.z > 64 || kernel.grid.y > 65535 || kernel.grid.z > 65535 || kernel.shared > MAX_SHARED
        || kernel.grid.x > 0x7fffffffu) {
        fail(cudaErrorInvalidConfiguration);
        return;
    }
    stream *s = stream_of(handle);
    if (s->device != current_device()) {
        fail(cudaErrorInvalidResourceHandle);
        return;
    }
    note_given();
    give(s, [kernel, args] {
        counts.launches++;
        run(kernel);
    });
}

/* ---- Events ------------------------------------------------------------------------------------------------------------------------------------ */

namespace {
struct event { int device; point at; std::shared_ptr<graph> capture; bool timed; double time; };
event *own(cudaEvent_t e) { return reinterpret_cast<event *>(e); }
} /* namespace */

} /* namespace cudahost */

using namespace cudahost;

extern "C" {

void taper_cuda_host_counters(taper_cuda_host_counts *out)
{
    guard g(lock);
    *out = counts;
}
void taper_cuda_host_seed(uint64_t seed)
{
    guard g(lock);
    draw = seed * 2 + 1;
    seeded = true;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags)
{
    guard g(lock);
    *s = reinterpret_cast<cudaStream_t>(make(current_device(), !(flags & cudaStreamNonBlocking), false));
    return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t *s) { return cudaStreamCreateWithFlags(s, 0); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *s, unsigned flags, int priority)
{
    (void)priority;
    return cudaStreamCreateWithFlags(s, flags);
}
cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    guard g(lock);
    stream *s = stream_of(handle);
    reach(point{ s, s->given });
    s->destroyed = true;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    guard g(lock);
    stream *s = stream_of(handle);
    if (lost_by()) return fail(lost_by());
    if (refuses_while_capturing(s)) return fail(cudaErrorStreamCaptureUnsupported);
    reach(point{ s, s->given });
    return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    guard g(lock);
    stream *s = stream_of(handle);
    if (refuses_while_capturing(s)) return fail(cudaErrorStreamCaptureUnsupported);
    return s->done == s->given ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaDeviceSynchronize(void)
{
    guard g(lock);
    if (lost_by()) return fail(lost_by());
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    drain(current_device());
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags)
{
    *e = reinterpret_cast<cudaEvent_t>(new event{ current_device(), { nullptr, 0 }, nullptr, !(flags & cudaEventDisableTiming), 0 });
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t *e) { return cudaEventCreateWithFlags(e, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t e)
{
    guard g(lock);
    delete own(e);
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t on)
{
    guard g(lock);
    event *e = own(handle);
    stream *s = stream_of(on);
    if (s->device != e->device) return fail(cudaErrorInvalidResourceHandle);
    e->capture = s->capture;
    if (s->capture) return cudaSuccess;
    e->at = point{ s, s->given };
    e->time = (double)counts.launches;
    return cudaSuccess;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s, unsigned flags)
{
    (void)flags;
    return cudaEventRecord(e, s);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t of, unsigned flags)
{
    guard g(lock);
    (void)flags;
    stream *s = stream_of(handle);
    event *e = own(of);
    if (e->capture) {                                  /* the stream joins what the event's records */
        if (s->capture && s->capture != e->capture) return fail(cudaErrorStreamCaptureMerge);
        s->capture = e->capture;
        return cudaSuccess;
    }
    if (s->capture) return fail(cudaErrorStreamCaptureIsolation);
    if (e->at.of && e->at.of->done < e->at.count) push(s, task{ s->device, nullptr, { e->at } });
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t handle)
{
    guard g(lock);
    event *e = own(handle);
    if (e->capture) return fail(cudaErrorCapturedEvent);
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    if (e->at.of) reach(e->at);
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t handle)
{
    guard g(lock);
    event *e = own(handle);
    if (e->capture) return fail(cudaErrorCapturedEvent);
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    return !e->at.of || e->at.of->done >= e->at.count ? cudaSuccess : cudaErrorNotReady;
}
/* A launch counts as a millisecond: there is no time here, but an order. */
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    guard g(lock);
    if (!own(from)->timed || !own(to)->timed || !own(from)->at.of || !own(to)->at.of) return fail(cudaErrorInvalidResourceHandle);
    if (own(to)->at.of->done < own(to)->at.count) return cudaErrorNotReady;
    *ms = (float)(own(to)->time - own(from)->time);
    return cudaSuccess;
}

} /* extern "C" */
