/* conv_planes_avx512.c: the kernels of conv_planes.c for AVX-512. */
#if defined(__AVX512F__)
#include "cpu/conv_planes.h"

#include "cpu/vec_f32.h"

#include "cpu/conv_planes_kernel.h"

#endif
