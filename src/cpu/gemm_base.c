/* gemm_base.c: the product's kernels for no instruction set: vectors of 16 bytes that are SSE2, NEON, or what the compiler makes of them. */
#include "cpu/gemm.h"

#define MR 4
#define NV 2

#include "cpu/vec_f32.h"

#include "cpu/gemm_kernel.h"

#include "cpu/vec_none.h"

#include "cpu/vec_f64.h"

#include "cpu/gemm_kernel.h"
