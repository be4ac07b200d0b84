/* lanes.h: sixteen elements at once, for sums along a row. Written as vectors, because gcc takes loops over arrays of partial sums apart
 * into single elements; each instruction set cuts them into what it has. Loads need no alignment. */
#ifndef TP__LANES_H
#define TP__LANES_H

#include "cpu/vec.h"

enum { TP__LANES = 16 };
#define TP__LANES_OF(name, T) \
    typedef T tp__##name##x1, tp__##name##x1u __attribute__((may_alias)); \
    typedef T tp__##name##x16 __attribute__((vector_size(TP__LANES * sizeof(T)))); \
    typedef T tp__##name##x16u __attribute__((vector_size(TP__LANES * sizeof(T)), aligned(sizeof(T)), may_alias)); \
    /* The sum of all, halves first; by address, since not every instruction set can pass such a vector. */ \
    static TP__INLINE T tp__sum_##name##x16(const tp__##name##x16 *v) \
    { \
        const __typeof__(TP__MIX(*v, *v, 0, 1, 2, 3, 4, 5, 6, 7)) h8 = \
            TP__MIX(*v, *v, 0, 1, 2, 3, 4, 5, 6, 7) + TP__MIX(*v, *v, 8, 9, 10, 11, 12, 13, 14, 15); \
        const __typeof__(TP__MIX(h8, h8, 0, 1, 2, 3)) h4 = TP__MIX(h8, h8, 0, 1, 2, 3) + TP__MIX(h8, h8, 4, 5, 6, 7); \
        return (h4[0] + h4[2]) + (h4[1] + h4[3]); \
    }
TP__LANES_OF(f32, float)
TP__LANES_OF(f64, double)

#endif
