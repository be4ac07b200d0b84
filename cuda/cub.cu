/* cub.cu: CUB's radix sort: of one row by the whole device ("onesweep": Adinets & Merrill, Onesweep: A Faster Least Significant Digit Radix Sort for
 * GPUs, 2022), which moves each pair once for 8 bits of the key, where counting tiles first reads the keys twice; of many by a block each. */
#include "cuda/cub.cuh"
#include "cuda/library.h"

#ifndef TP_CUDA_HOST
#if __has_include(<cub/device/device_radix_sort.cuh>)
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_segmented_radix_sort.cuh>

#include <iterator>

bool tpc_cub_is_here()
{
    static const bool wanted = !tpc_left_out("TAPER_CUDA_CUB");
    return wanted;
}

/* Where rows begin; without thrust's iterators, which take long to compile */
struct row_starts {
    using value_type = int;
    using reference = int;
    using pointer = const int *;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::random_access_iterator_tag;
    int n, first;
    __host__ __device__ int operator[](difference_type i) const { return first + (int)i * n; }
    __host__ __device__ int operator*() const { return first; }
    __host__ __device__ row_starts operator+(difference_type i) const { return { n, first + (int)i * n }; }
};

template <class K> static cudaError_t sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream)
{
    cub::DoubleBuffer<K> keys((K *)p->keys, (K *)p->spare_keys);
    cub::DoubleBuffer<uint32_t> places(p->places, p->spare_places);
    const row_starts begin = { p->n, 0 }, end = { p->n, p->n };
    const cudaError_t error = p->alone ? cub::DeviceRadixSort::SortPairs(room, *bytes, keys, places, p->n, 0, bits, stream)
                            : cub::DeviceSegmentedRadixSort::SortPairs(room, *bytes, keys, places, p->rows * p->n, p->rows, begin, end, 0, bits, stream);
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
