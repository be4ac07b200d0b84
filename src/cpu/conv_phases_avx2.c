/* conv_phases_avx2.c: the kernels of conv_phases.c for AVX2 with FMA. */
#if defined(__AVX2__) && defined(__FMA__)
#include "cpu/conv_phases.h"

#define ROWS 4
#define CHANNELS 4
#define TAPS 2

#include "cpu/vec_f32.h"

#include "cpu/conv_phases_kernel.h"

#endif
