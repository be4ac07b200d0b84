/* conv_tiles_avx512.c: the kernels of conv_tiles.h for AVX-512. */
#if defined(__AVX512F__)
#include "cpu/conv_tiles.h"

#define VECTORS 4
#define OUTER_VECTORS 3

#include "cpu/vec_f32.h"

#include "cpu/conv_tiles_kernel.h"

#endif
