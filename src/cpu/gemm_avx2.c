/* gemm_avx2.c: the product's kernels for AVX2 with FMA: tiles of 4 x 24 floats or 4 x 12 doubles, which with three
 * vectors of B and one of A fill the sixteen registers. */
#include "cpu/gemm.h"

#if defined(__AVX2__) && defined(__FMA__)

#define MR 4
#define NV 3

#include "cpu/vec_f32.h"

#include "cpu/gemm_kernel.h"

#include "cpu/vec_none.h"

#include "cpu/vec_f64.h"

#include "cpu/gemm_kernel.h"

#endif
