/* gemm_avx512.c: the product's kernels for AVX-512: tiles of 8 x 32 floats or 8 x 16 doubles. */
#include "cpu/gemm.h"

#if defined(__AVX512F__)

#define MR 8
#define NV 2

#include "cpu/vec_f32.h"

#include "cpu/gemm_kernel.h"

#include "cpu/vec_none.h"

#include "cpu/vec_f64.h"

#include "cpu/gemm_kernel.h"

#endif
