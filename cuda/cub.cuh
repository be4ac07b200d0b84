/* cub.cuh: what is asked of CUB, the toolkit's library of device-wide steps: to sort one long row, or many. This is all that the backend sees of
 * it; cub.cu asks the library, and on the simulated device cuda/host/cub.cpp does the same plainly. TAPER_CUDA_CUB=0 leaves it out. */
#ifndef TPC_CUB_CUH
#define TPC_CUB_CUH

#include "cuda/kernel.cuh"

/* Rows of n keys with their places, and room for as many, at most INT_MAX in all. Keys are uint64_t if `wide`, else uint32_t. Sorted pairs are then
 * in one or the other. */
typedef struct tpc_cub_pairs {
    void *keys, *spare_keys;
    uint32_t *places, *spare_places;
    int rows, n;
    bool wide, alone;                                  /* alone: there is one row, which the whole device sorts; else each by a block */
} tpc_cub_pairs;

/* Was the backend built with it, and is it wanted? */
bool tpc_cub_is_here();
/* Each row by the lowest `bits` of its keys, equal ones in the order in which they were. Without `room` it tells *bytes, which the room is to have, and
 * does nothing. Only launches on the stream: nothing is allocated or waited for, so that it can be recorded. */
cudaError_t tpc_cub_sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream);

#endif
