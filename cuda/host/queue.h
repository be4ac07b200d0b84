/* queue.h: what the parts of the simulated runtime share. All of it is called with the one lock held. */
#ifndef TPC_HOST_QUEUE_H
#define TPC_HOST_QUEUE_H

#include <cuda_runtime_api.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/host/counters.h"

namespace cudahost {

enum { MAX_DEVICES = 8 };
using guard = std::lock_guard<std::recursive_mutex>;
extern std::recursive_mutex lock;
extern taper_cuda_host_counts counts;
extern thread_local int64_t given_here;                /* of counts.given, by this thread */

[[noreturn]] void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
int device_count();
int current_device();
cudaError_t fail(cudaError_t error);                   /* remembers it for cudaGetLastError */
cudaError_t lost_by();                                 /* taper_cuda_host_lose, or TAPER_CUDA_HOST_LOST; cudaSuccess: it is well */

/* ---- Memory (arena.cpp): of each device a stretch of addresses that faults unless open_device was called ------------------------------ */

struct allocation { char *data; size_t bytes; int device; };
void open_device(int device);                          /* and those that it may reach; any other is closed */
void close_devices();
bool is_device_memory(const void *p);
/* The allocation that holds [p, p + bytes); dies with `what` if there is none, or if it ends before that. */
const allocation &memory_of(const void *p, size_t bytes, const char *what);
bool is_pinned(const void *p);

/* ---- Streams (stream.cpp, copy.cpp, graph.cpp) ------------------------------------------------------------------------------------------------ */

struct stream;
struct point { stream *of; uint64_t count; };          /* reached when the stream has done `count` */
struct task { int device; std::function<void()> run; std::vector<point> after; };
struct graph { std::vector<task> tasks; bool broken; };
struct stream {
    int device;
    bool blocking, destroyed, legacy;
    uint64_t given, done;
    std::deque<task> tasks;
    std::shared_ptr<graph> capture;
    bool captures_itself;                              /* it did not join by an event */
    bool counted;                                      /* among what its thread captures */
};
extern std::vector<stream *> &streams;                 /* all that were ever made */
stream *stream_of(cudaStream_t handle);                /* dies if it is none, or destroyed */
void give(stream *s, std::function<void()> run);       /* at its turn, with the device's memory open */
void give_after(stream *s, std::function<void()> run, std::vector<point> after);      /* and when all of these are reached */
void note_given();                                     /* a launch, fill or copy within devices: counts.given */
void reach(point p);                                   /* runs tasks, in a seeded order that waits allow, until it is */
void drain(int device);                                /* all streams of it */
bool unsafe_now();                                     /* this thread captures, and did not say that it knows what it does */
bool refuses_while_capturing(stream *s);               /* what it asks makes the capture invalid */

} /* namespace cudahost */

/* The runtime's own structs are opaque to us, as its handles are to users: they are ours by these names. */
static inline cudahost::stream *own(cudaStream_t s) { return reinterpret_cast<cudahost::stream *>(s); }

#endif
