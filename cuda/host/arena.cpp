/* arena.cpp: the memory of the simulated devices. Each device has a stretch of addresses that faults while no kernel or copy runs, so
 * that a host which reads device memory is caught where it does. New and freed memory is full of NaN, freed memory rests before it is
 * used again, and what lies beyond an end is checked when it is freed (by AddressSanitizer, at once). */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <map>

#include "cuda/host/queue.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

namespace cudahost {
namespace {

enum : size_t { SPACE = (size_t)16 << 30, ALIGN = 512, EDGE = 512, RESTS = 64 << 20, DEFAULT_MEMORY = (size_t)8 << 30 };
enum : unsigned char { EDGE_BYTE = 0xed };

struct device {
    char *base;
    size_t opened;                                     /* bytes from the base on that may be accessed when it is open */
    size_t used;
    bool open, peer[MAX_DEVICES];
    std::map<char *, allocation> live;
    std::map<char *, size_t> free;                     /* by address, neighbours joined */
    std::deque<std::pair<char *, size_t>> resting;
    size_t rests;
};
device devices[MAX_DEVICES];
std::map<const char *, size_t> pinned;
int64_t fail_in;                                       /* allocations until one fails; 0: none does */

size_t memory_size()
{
    const char *text = getenv("TAPER_CUDA_HOST_MEMORY");
    const size_t n = text ? strtoull(text, nullptr, 10) : 0;
    return n ? n : (size_t)DEFAULT_MEMORY;
}

size_t room_for(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN + EDGE; }

void set_open(device *d, bool open)
{
    if (d->open == open) return;
    if (d->opened && mprotect(d->base, d->opened, open ? PROT_READ | PROT_WRITE : PROT_NONE)) die("mprotect failed");
    d->open = open;
}

void make(device *d)
{
    if (d->base) return;
    void *p = mmap(nullptr, SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) die("no addresses for a device");
    d->base = (char *)p;
    d->free[d->base] = SPACE;
}

void give_back(device *d, char *p, size_t bytes)
{
    auto next = d->free.lower_bound(p);
    if (next != d->free.end() && p + bytes == next->first) {
        bytes += next->second;
        next = d->free.erase(next);
    }
    if (next != d->free.begin()) {
        auto before = std::prev(next);
        if (before->first + before->second == p) {
            before->second += bytes;
            return;
        }
    }
    d->free[p] = bytes;
}

bool fails_now() { return fail_in && !--fail_in; }

void check_edge(const allocation &a)
{
    const unsigned char *end = (const unsigned char *)a.data + a.bytes, *limit = (const unsigned char *)a.data + room_for(a.bytes);
    ASAN_UNPOISON_MEMORY_REGION(end, limit - end);
    for (const unsigned char *p = end; p < limit; p++)
        if (*p != EDGE_BYTE) die("something was written %zu bytes beyond the end of an allocation of %zu bytes", (size_t)(p - end), a.bytes);
}

device *device_of(const void *p)
{
    for (device &d : devices)
        if (d.base && (const char *)p >= d.base && (const char *)p < d.base + SPACE) return &d;
    return nullptr;
}

cudaError_t allocate(void **out, size_t bytes, int index)
{
    device *d = &devices[index];
    make(d);
    const size_t room = room_for(bytes);
    *out = nullptr;
    if (fails_now() || bytes > memory_size() || d->used + bytes > memory_size()) return cudaErrorMemoryAllocation;
    auto at = d->free.begin();
    while (at != d->free.end() && at->second < room) ++at;
    if (at == d->free.end()) return cudaErrorMemoryAllocation;
    char *p = at->first;
    const size_t left = at->second - room;
    d->free.erase(at);
    if (left) d->free[p + room] = left;
    const size_t end = ((size_t)(p - d->base) + room + 65535) & ~(size_t)65535;
    if (end > d->opened) {
        const bool was = d->open;
        set_open(d, false);
        d->opened = end;
        set_open(d, was);
    }
    const bool was = d->open;
    set_open(d, true);
    ASAN_UNPOISON_MEMORY_REGION(p, room);
    memset(p, 0xff, bytes);
    memset(p + bytes, EDGE_BYTE, room - bytes);
    ASAN_POISON_MEMORY_REGION(p + bytes, room - bytes);
    set_open(d, was);
    d->live[p] = allocation{ p, bytes, index };
    d->used += bytes;
    counts.allocations++;
    counts.live_allocations++;
    counts.live_bytes += (int64_t)bytes;
    *out = p;
    return cudaSuccess;
}

void release(void *p)
{
    device *d = device_of(p);
    auto at = d ? d->live.find((char *)p) : std::map<char *, allocation>::iterator();
    if (!d || at == d->live.end()) die("cudaFree: %p was not allocated, or is freed already", p);
    const allocation a = at->second;
    const size_t room = room_for(a.bytes);
    d->live.erase(at);
    const bool was = d->open;
    set_open(d, true);
    check_edge(a);
    memset(a.data, 0xff, room);
    ASAN_POISON_MEMORY_REGION(a.data, room);
    set_open(d, was);
    d->used -= a.bytes;
    counts.live_allocations--;
    counts.live_bytes -= (int64_t)a.bytes;
    d->resting.emplace_back(a.data, room);
    d->rests += room;
    while (d->rests > RESTS) {
        const auto old = d->resting.front();
        d->resting.pop_front();
        d->rests -= old.second;
        give_back(d, old.first, old.second);
    }
}

} /* namespace */

void open_device(int index)
{
    for (int i = 0; i < MAX_DEVICES; i++)
        if (devices[i].base) set_open(&devices[i], i == index || devices[index].peer[i]);
}
void close_devices()
{
    for (device &d : devices)
        if (d.base) set_open(&d, false);
}

bool is_device_memory(const void *p) { return device_of(p) != nullptr; }

const allocation &memory_of(const void *p, size_t bytes, const char *what)
{
    device *d = device_of(p);
    if (!d) die("%s: %p is no memory of a device", what, p);
    auto at = d->live.upper_bound((char *)p);
    if (at == d->live.begin()) die("%s: %p is in no live allocation", what, p);
    const allocation &a = std::prev(at)->second;
    if ((const char *)p > a.data + a.bytes) die("%s: %p is in no live allocation", what, p);
    if ((const char *)p + bytes > a.data + a.bytes)
        die("%s: %zu bytes from %zu on do not lie in an allocation of %zu", what, bytes, (size_t)((const char *)p - a.data), a.bytes);
    return a;
}

bool is_pinned(const void *p)
{
    auto at = pinned.upper_bound((const char *)p);
    if (at == pinned.begin()) return false;
    --at;
    return (const char *)p < at->first + at->second;
}

} /* namespace cudahost */

using namespace cudahost;

extern "C" {

void taper_cuda_host_fail_at(int64_t n)
{
    guard g(lock);
    fail_in = n;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    guard g(lock);
    static const char *const text = getenv("TAPER_CUDA_HOST_FAIL_AT");
    static bool read;
    if (!read && text) fail_in = atoll(text);
    read = true;
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    return fail(allocate(p, bytes, current_device()));
}

/* It waits for the device, as the real one does. */
cudaError_t cudaFree(void *p)
{
    guard g(lock);
    if (!p) return cudaSuccess;
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    device *d = device_of(p);
    if (d) drain((int)(d - devices));
    release(p);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
    guard g(lock);
    *total = memory_size();
    *free = *total - devices[current_device()].used;
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned flags)
{
    guard g(lock);
    (void)flags;
    if (unsafe_now()) return fail(cudaErrorStreamCaptureUnsupported);
    *p = fails_now() ? nullptr : aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    if (!*p) return fail(cudaErrorMemoryAllocation);
    memset(*p, 0xff, bytes);
    pinned[(const char *)*p] = bytes ? bytes : 1;
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void **p, size_t bytes) { return cudaHostAlloc(p, bytes, 0); }
cudaError_t cudaFreeHost(void *p)
{
    guard g(lock);
    if (!p) return cudaSuccess;
    for (int i = 0; i < device_count(); i++) drain(i);
    if (!pinned.erase((const char *)p)) die("cudaFreeHost: %p was not allocated, or is freed already", p);
    free(p);
    return cudaSuccess;
}
cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned flags)
{
    guard g(lock);
    (void)flags;
    if (is_pinned(p)) return fail(cudaErrorHostMemoryAlreadyRegistered);
    pinned[(const char *)p] = bytes;
    return cudaSuccess;
}
cudaError_t cudaHostUnregister(void *p)
{
    guard g(lock);
    return pinned.erase((const char *)p) ? cudaSuccess : fail(cudaErrorHostMemoryNotRegistered);
}
cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned flags)
{
    (void)flags;
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *out, const void *p)
{
    guard g(lock);
    device *d = device_of(p);
    *out = cudaPointerAttributes();
    out->type = d ? cudaMemoryTypeDevice : is_pinned(p) ? cudaMemoryTypeHost : cudaMemoryTypeUnregistered;
    out->device = d ? (int)(d - devices) : -2;
    out->devicePointer = d || is_pinned(p) ? const_cast<void *>(p) : nullptr;
    out->hostPointer = d ? nullptr : const_cast<void *>(p);
    return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer)
{
    *can = device != peer;
    return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags)
{
    guard g(lock);
    (void)flags;
    bool *has = &devices[current_device()].peer[peer];
    if (*has) return fail(cudaErrorPeerAccessAlreadyEnabled);
    *has = true;
    return cudaSuccess;
}

} /* extern "C" */
