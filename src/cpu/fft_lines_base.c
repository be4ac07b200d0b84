/* fft_lines_base.c: the kernels of fft.c for the baseline. */
#include "cpu/fft_lines.h"

#include "cpu/vec.h"

#define T float
#define LANES 4
#define NAME(x) x##_base_f32
#include "cpu/fft_lines_kernel.h"

#define T double
#define LANES 2
#define NAME(x) x##_base_f64
#include "cpu/fft_lines_kernel.h"
