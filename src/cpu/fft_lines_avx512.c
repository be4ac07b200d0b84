/* fft_lines_avx512.c: the kernels of fft.c for AVX-512. */
#include "cpu/fft_lines.h"

#if defined(__AVX512F__)
#include "cpu/vec.h"

#define T float
#define LANES 16
#define NAME(x) x##_avx512_f32
#include "cpu/fft_lines_kernel.h"

#define T double
#define LANES 8
#define NAME(x) x##_avx512_f64
#include "cpu/fft_lines_kernel.h"

#endif
