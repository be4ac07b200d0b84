/* cub.cpp: CUB on the simulated device: the same sort, in the plainest way that is right, and with what it was asked checked: the room that
 * it told is all there, buffers do not overlap, the bits are some that a key has, and offsets fit an int. */
#include <algorithm>
#include <climits>
#include <numeric>
#include <vector>

#include "cuda/cub.cuh"
#include "cuda/host/counters.h"
#include "cuda/library.h"

namespace {

long long sorts, rows_side_by_side;

struct part { const char *at; size_t bytes; };
bool apart(const part &a, const part &b) { return a.at + a.bytes <= b.at || b.at + b.bytes <= a.at; }

template <class K> __global__ void sort(const tpc_cub_pairs p, int bits, unsigned char *room, size_t bytes, bool to_spare)
{
    K *const keys = (K *)p.keys, *const spare = (K *)p.spare_keys;
    const K mask = bits < (int)(8 * sizeof(K)) ? ((K)1 << bits) - 1 : ~(K)0;
    const int all = p.rows * p.n;
    std::vector<int> order((size_t)all);
    std::iota(order.begin(), order.end(), 0);
    for (int row = 0; row < p.rows; row++)
        std::stable_sort(order.begin() + row * p.n, order.begin() + (row + 1) * p.n, [=](int a, int b) { return (keys[a] & mask) < (keys[b] & mask); });
    for (int i = 0; i < all; i++) spare[i] = keys[order[(size_t)i]], p.spare_places[i] = p.places[order[(size_t)i]];
    for (int i = 0; i < all; i++) {                    /* what was sorted from is spoilt, as the library may */
        if (!to_spare) std::swap(spare[i], keys[i]), std::swap(p.spare_places[i], p.places[i]);
        (to_spare ? keys : spare)[i] = ~(K)0;
        (to_spare ? p.places : p.spare_places)[i] = ~0u;
    }
    std::fill(room, room + bytes, (unsigned char)0);
}

} /* namespace */

extern "C" long long taper_cuda_host_count_sorts(void) { return sorts; }
extern "C" long long taper_cuda_host_count_sorted_rows(void) { return rows_side_by_side; }

bool tpc_cub_is_here() { return !tpc_left_out("TAPER_CUDA_CUB"); }

cudaError_t tpc_cub_sort(void *room, size_t *bytes, const tpc_cub_pairs *p, int bits, bool *in_spare, cudaStream_t stream)
{
    const size_t all = (size_t)p->rows * (size_t)p->n, needed = 1000 + all / 16, key_bytes = all * (p->wide ? 8 : 4), place_bytes = all * 4;
    if (p->n <= 0 || p->rows <= 0 || all > INT_MAX || (p->alone && p->rows > 1) || bits <= 0 || bits > (p->wide ? 64 : 32)) return cudaErrorInvalidValue;
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
    *in_spare = p->alone ? (bits + 7) / 8 % 2 : (bits + 5) / 6 % 2;       /* as after so many passes, which differ */
    sorts++;
    if (!p->alone) rows_side_by_side += p->rows;
    if (p->wide) TPC_LAUNCH(sort<uint64_t>, 1, 1, 0, stream, *p, bits, (unsigned char *)room, *bytes, *in_spare);
    else TPC_LAUNCH(sort<uint32_t>, 1, 1, 0, stream, *p, bits, (unsigned char *)room, *bytes, *in_spare);
    return cudaSuccess;
}
