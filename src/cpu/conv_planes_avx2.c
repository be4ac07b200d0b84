/* conv_planes_avx2.c: the kernels of conv_planes.c for AVX2. */
#if defined(__AVX2__)
#include "cpu/conv_planes.h"

#include "cpu/vec_f32.h"

#include "cpu/conv_planes_kernel.h"

#endif
