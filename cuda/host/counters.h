/* counters.h: what the simulated device tells a test, which finds the functions by dlsym in the plugin for the host. */
#ifndef TPC_HOST_COUNTERS_H
#define TPC_HOST_COUNTERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct taper_cuda_host_counts {
    int64_t launches;                                  /* of kernels, those that a graph replays among them */
    int64_t copies, fills, waits;                      /* cudaMemcpy*, cudaMemset*, calls that waited for the device */
    int64_t graph_launches;
    int64_t allocations, live_allocations, live_bytes; /* cudaMalloc */
    int64_t given;                                     /* launches, fills and copies within the device that were asked for, done or not yet */
    int64_t calls;                                     /* of kernels of ops that had something to compute: each must give one of these */
} taper_cuda_host_counts;

/* Of cuBLASLt: handles made, algorithms asked for, products launched, and the last one of those, with rows as we count them. */
typedef struct taper_cuda_host_products {
    int64_t handles, asked, count, m, n, k, batch;
    int compute;                                       /* a cublasComputeType_t */
    int biased, accumulated, summed;                   /* summed: 'a' or 'b' whose sums over k, as we name the factors, came with it */
} taper_cuda_host_products;

/* Of cuDNN: handles and parts that are alive, plans made, plans run, and the engine of the last one: 0 is fast and 2 plain. */
typedef struct taper_cuda_host_graphs { int64_t handles, parts, plans, runs, engine; } taper_cuda_host_graphs;

/* Of cuFFT: plans made, those that are alive, and transforms run. */
typedef struct taper_cuda_host_transforms { int64_t made, alive, runs; } taper_cuda_host_transforms;

/* Of NCCL: communicators that are alive, groups that went well, and operations in them, one for all ranks together. */
typedef struct taper_cuda_host_together { int64_t alive, groups, operations; } taper_cuda_host_together;

#define TPC_EXPORT __attribute__((visibility("default")))
TPC_EXPORT void taper_cuda_host_counters(taper_cuda_host_counts *out);
TPC_EXPORT void taper_cuda_host_count_products(taper_cuda_host_products *out);
/* Calls of CUB to sort, and the rows of those that had many */
TPC_EXPORT long long taper_cuda_host_count_sorts(void);
TPC_EXPORT long long taper_cuda_host_count_sorted_rows(void);
TPC_EXPORT void taper_cuda_host_count_transforms(taper_cuda_host_transforms *out);
TPC_EXPORT void taper_cuda_host_count_graphs(taper_cuda_host_graphs *out);
TPC_EXPORT void taper_cuda_host_count_together(taper_cuda_host_together *out);
/* The next group ends in this ncclResult_t and does nothing, or, if `later`, its communicators have this error when it has run. */
TPC_EXPORT void taper_cuda_host_fail_together(int error, int later);
/* The next product that has an algorithm is refused with this cublasStatus_t, and nothing is launched. */
TPC_EXPORT void taper_cuda_host_refuse_product(int status);
TPC_EXPORT void taper_cuda_host_fail_at(int64_t n);    /* the n-th allocation from now on fails, once; 0: none */
/* Every call that gives or waits for work returns this cudaError_t from now on, as after a kernel that wrote where it must not. */
TPC_EXPORT void taper_cuda_host_lose(int error);
/* The kernel of that name does nothing from now on, and says that all is well; NULL: each does what it should again. */
TPC_EXPORT void taper_cuda_host_idle(const char *kernel);
/* This thread's current device, as another library in the process would choose it */
TPC_EXPORT void taper_cuda_host_choose(int device);
TPC_EXPORT void taper_cuda_host_seed(uint64_t seed);   /* of the order of streams, as TAPER_CUDA_HOST_SEED */

#ifdef __cplusplus
}
#endif

#endif
