/* cudahost.h: CUDA kernels as they are, compiled by g++ or clang++ and run on the CPU. Each CUDA thread that has to wait gets a fiber
 * (block.cpp); one that never waits is a plain function call. What a kernel may use is what stands here and in intrinsics.h; the
 * launch goes to a stream of the simulated runtime (stream.cpp), which runs it late.
 *
 * One kernel runs at a time in a process, so that all of this is plain static memory. */
#ifndef TPC_CUDAHOST_H
#define TPC_CUDAHOST_H

#include <cuda_runtime_api.h>                          /* the toolkit's own types; they must come before the words below */
#include <cuda_fp16.h>
#include <cuda_bf16.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tuple>
#include <type_traits>
#include <utility>

#undef __global__
#undef __device__
#undef __host__
#undef __shared__
#undef __constant__
#undef __forceinline__
#undef __launch_bounds__
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

namespace cudahost {

enum { MAX_THREADS = 1024, WARP = 32, MAX_SHARED = 48 << 10 };      /* more would have to be asked for by cudaFuncSetAttribute, which nothing here calls */

/* Where the thread that runs now is */
struct position { uint3 thread, block; dim3 block_dim, grid_dim; int linear; };
extern position now;
extern unsigned char *dynamic_shared;
extern uint64_t block_serial;                          /* unlike that of any other block */

[[noreturn]] void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Waiting (block.cpp) ----------------------------------------------------------------------------------------------------------- */

/* Where a kernel waits: threads that meet have to do so in one place, though here they would find each other from several. */
struct site { const char *file; int line; };
#define TPC_SITE cudahost::site at = { __builtin_FILE(), __builtin_LINE() }

int wait_for_block(bool predicate, const site &at);    /* returns for how many threads the predicate holds */
uint32_t wait_for_warp(uint32_t mask, const site &at); /* returns which lanes met */
uint32_t live_lanes();                                 /* of the warp */
/* Every lane of the mask gives 8 bytes; what the lanes gave is in the table returned, until the lane gives again. */
const uint64_t *give_to_warp(uint32_t mask, uint64_t bits, uint32_t *met, const site &at);

/* ---- Launching ------------------------------------------------------------------------------------------------------------------------ */

struct work { void (*thread)(const void *args); const void *args; const char *name; dim3 grid, block; size_t shared; };
void run(const work &kernel);                          /* now */
/* Later: the stream owns args and drops them by `drop`. An error is found by cudaGetLastError. */
void enqueue(const work &kernel, void (*drop)(const void *args), cudaStream_t stream);

template <class... P> struct launch_of {
    void (*kernel)(P...);
    std::tuple<typename std::decay<P>::type...> args;  /* copies: the caller's are gone when the kernel runs */
    static void thread(const void *self)
    {
        const launch_of *l = static_cast<const launch_of *>(self);
        std::apply(l->kernel, l->args);
    }
    static void drop(const void *self) { delete static_cast<const launch_of *>(self); }
};

template <class... P, class... A>
void launch(const char *name, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, cudaStream_t stream, A &&...args)
{
    using made = launch_of<P...>;
    const made *l = new made{ kernel, std::tuple<typename std::decay<P>::type...>(std::forward<A>(args)...) };
    enqueue(work{ made::thread, l, name, grid, block, shared }, made::drop, stream);
}

/* Shared memory holds nothing at the start of a block: the first thread to come by fills it with NaN. */
inline void fresh(void *memory, size_t bytes, uint64_t *serial)
{
    if (*serial == block_serial) return;
    *serial = block_serial;
    memset(memory, 0xff, bytes);
}

} /* namespace cudahost */

#define threadIdx (cudahost::now.thread)
#define blockIdx  (cudahost::now.block)
#define blockDim  (cudahost::now.block_dim)
#define gridDim   (cudahost::now.grid_dim)
enum { warpSize = cudahost::WARP };

#define TPC_LAUNCH(kernel, grid, block, shared, stream, ...) cudahost::launch(#kernel, kernel, grid, block, shared, stream, __VA_ARGS__)
#define TPC_SHARED(T, name, dims) \
    static T name dims; \
    static uint64_t name##_serial; \
    cudahost::fresh(&name, sizeof name, &name##_serial)
#define TPC_DYNAMIC_SHARED(T, name) T *const name = reinterpret_cast<T *>(cudahost::dynamic_shared)

#include "cuda/host/intrinsics.h"

#endif
