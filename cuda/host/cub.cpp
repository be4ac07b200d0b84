/* cub.cpp: CUB on the simulated device: the same sort, in the plainest way that is right, and with what it was asked checked: the room that
 * it told is all there, buffers do not overlap, and the bits are some that a key has. */
#include <algorithm>
#include <numeric>
#include <vector>

#include "cuda/cub.cuh"
#include "cuda/host/counters.h"
#include "cuda/library.h"

namespace {

long long sorts;

struct part { const char *at; size_t bytes; };
bool apart(const part &a, const part &b) { return a.at + a.bytes <= b.at || b.at + b.bytes <= a.at; }

template <class K> __global__ void sort(const tpc_cub_pairs p, int bits, unsigned char *room, size_t bytes, bool to_spare)
{
    K *const keys = (K *)p.keys, *const spare = (K *)p.spare_keys;
    const K mask = bits < (int)(8 * sizeof(K)) ? ((K)1 << bits) - 1 : ~(K)0;
    std::vector<int> order((size_t)p.n);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [=](int a, int b) { return (keys[a] & mask) < (keys[b] & mask); });
    for (int i = 0; i < p.n; i++) spare[i] = keys[order[(size_t)i]], p.spare_places[i] = p.places[order[(size_t)i]];
    for (int i = 0; i < p.n; i++) {                    /* what was sorted from is spoilt, as the library may */
        if (!to_spare) std::swap(spare[i], keys[i]), std::swap(p.spare_places[i], p.places[i]);
        (to_spare ? keys : spare)[i] = ~(K)0;
        (to_spare ? p.places : p.spare_places)[i] = ~0u;
    }
    std::fill(room, room + bytes, (unsigned char)0);
}

} /* namespace */

extern "C" long long taper_cuda_host_count_sorts(void) { return sorts; }

bool tpc_cub_is_here() { return !tpc_left_out("TAPER_CUDA_CUB"); }

cudaError_t tpc_cub_sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream)
{
    const size_t needed = 1000 + (size_t)p->n / 16, key_bytes = (size_t)p->n * (p->wide ? 8 : 4), place_bytes = (size_t)p->n * 4;
    if (p->n <= 0 || bits <= 0 || bits > (p->wide ? 64 : 32)) return cudaErrorInvalidValue;
    if (!room) {
        *bytes = needed;
        return cudaSuccess;
    }
    const part parts[] = { { (const char *)p->keys, key_bytes }, { (const char *)p->spare_keys, key_bytes }, { (const char *)p->places, place_bytes },
                           { (const char *)p->spare_places, place_bytes }, { (const char *)room, *bytes } };
    if (*bytes < needed) return cudaErrorInvalidValue;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            if (!apart(parts[i], parts[j])) return cudaErrorInvalidValue;
    *in_spare = (bits + 7) / 8 % 2;                    /* as after so many passes */
    sorts++;
    if (p->wide) TPC_LAUNCH(sort<uint64_t>, 1, 1, 0, stream, *p, bits, (unsigned char *)room, *bytes, *in_spare);
    else TPC_LAUNCH(sort<uint32_t>, 1, 1, 0, stream, *p, bits, (unsigned char *)room, *bytes, *in_spare);
    return cudaSuccess;
}
