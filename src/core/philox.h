/* philox.h: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), counted by element.
 *
 * Four elements share one block: element i of a draw that starts at `offset` takes word (offset + i) % 4 of the block whose
 * counter is (offset + i) / 4 and the stream. So the numbers do not depend on threads, launch shapes or devices. */
#ifndef TP__PHILOX_H
#define TP__PHILOX_H

#include <stdint.h>

#ifdef __CUDACC__
#define TP__ANYWHERE __host__ __device__
#else
#define TP__ANYWHERE
#endif

TP__ANYWHERE static inline void tp__philox(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4])
{
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* 24 bits in [0, 1), exact in float32 */
TP__ANYWHERE static inline float tp__unit_float(uint32_t word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }
/* 53 bits of two words in [0, 1). By two parts that are int32, which vectors convert; nothing is rounded. */
TP__ANYWHERE static inline double tp__unit_double(uint32_t hi, uint32_t lo)
{
    return ((double)(int32_t)(hi >> 6) * 134217728.0 + (double)(int32_t)((hi & 63) << 21 | lo >> 11)) * (1.0 / 9007199254740992.0);
}

#endif
