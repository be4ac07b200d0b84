/* conv_tiles_base.c: the kernels of conv_tiles.h for vectors of 16 bytes, and which ones are for this machine. */
#include "cpu/conv_tiles.h"

#define VECTORS 2
#define OUTER_VECTORS 1

#include "cpu/vec_f32.h"

#include "cpu/conv_tiles_kernel.h"

const tp__conv_kernels *tp__conv_kernels_here(void)
{
#if TP__HAS_X86
    if (tp__simd_level() == TP__SIMD_AVX512) return &tp__conv_avx512_f32;
    if (tp__simd_level() == TP__SIMD_AVX2) return &tp__conv_avx2_f32;
#endif
    return &tp__conv_base_f32;
}
