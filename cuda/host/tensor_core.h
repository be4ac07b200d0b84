/* tensor_core.h: what the simulated libraries make of a factor of float32 where TF32 is allowed: 10 bits are kept, to the nearest, ties to even. */
#ifndef TPC_HOST_TENSOR_CORE_H
#define TPC_HOST_TENSOR_CORE_H

#include <stdint.h>
#include <string.h>

inline double tensor_core(double v, bool tf32)
{
    float x = (float)v;
    uint32_t bits;
    if (!tf32) return v;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

#endif
