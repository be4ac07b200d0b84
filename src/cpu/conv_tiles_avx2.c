/* conv_tiles_avx2.c: the kernels of conv_tiles.h for AVX2. */
#if defined(__AVX2__)
#include "cpu/conv_tiles.h"

#define VECTORS 2
#define OUTER_VECTORS 1

#include "cpu/vec_f32.h"

#include "cpu/conv_tiles_kernel.h"

#endif
