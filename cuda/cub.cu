/* cub.cu: CUB's radix sort of a whole device ("onesweep": Adinets & Merrill, Onesweep: A Faster Least Significant Digit Radix Sort for GPUs,
 * 2022), which moves each pair once for 8 bits of the key, where counting tiles first reads the keys twice. */
#include "cuda/cub.cuh"
#include "cuda/library.h"

#ifndef TP_CUDA_HOST
#if __has_include(<cub/device/device_radix_sort.cuh>)
#include <cub/device/device_radix_sort.cuh>

bool tpc_cub_is_here()
{
    static const bool wanted = !tpc_left_out("TAPER_CUDA_CUB");
    return wanted;
}

template <class K> static cudaError_t sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream)
{
    cub::DoubleBuffer<K> keys((K *)p->keys, (K *)p->spare_keys);
    cub::DoubleBuffer<uint32_t> places(p->places, p->spare_places);
    const cudaError_t error = cub::DeviceRadixSort::SortPairs(room, *bytes, keys, places, p->n, 0, bits, stream);
    *in_spare = keys.selector;
    return error;
}

cudaError_t tpc_cub_sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream)
{
    return p->wide ? sort<uint64_t>(room, bytes, p, bits, in_spare, stream) : sort<uint32_t>(room, bytes, p, bits, in_spare, stream);
}
#else
bool tpc_cub_is_here() { return false; }
cudaError_t tpc_cub_sort(void *, size_t *, const tpc_cub_pairs *, int, bool *, cudaStream_t) { return cudaErrorNotSupported; }
#endif
#endif

extern "C" const tp_kernel tp__cuda_cub[] = { { NULL, NULL, NULL } };
