/* fft_lines_avx2.c: the kernels of fft.c for AVX2 with FMA. */
#include "cpu/fft_lines.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "cpu/vec.h"

#define T float
#define LANES 8
#define NAME(x) x##_avx2_f32
#include "cpu/fft_lines_kernel.h"

#define T double
#define LANES 4
#define NAME(x) x##_avx2_f64
#include "cpu/fft_lines_kernel.h"

#endif
