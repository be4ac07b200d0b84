/* conv_phases_avx512.c: the kernels of conv_phases.c for AVX-512. */
#if defined(__AVX512F__)
#include "cpu/conv_phases.h"

#define ROWS 8
#define CHANNELS 4
#define TAPS 6

#include "cpu/vec_f32.h"

#include "cpu/conv_phases_kernel.h"

#endif
