/* lt.h: products of matrices by cuBLASLt, which the backend is linked to. Where it was missing when the backend was built, or does not know
 * a case, the caller multiplies by its own kernel. TAPER_CUDA_CUBLASLT=0 leaves it out. float32 is multiplied as float32, unless
 * TP_PRECISION_TF32 allows the tensor cores' 10 bits of mantissa. */
#ifndef TPC_LT_H
#define TPC_LT_H

#include "cuda/call.h"

/* c = a b, or -a b, c [m, n], for each of a batch, all of one dtype: float32, float64, float16 or bfloat16, the last two added in float32. Rows of
 * a matrix lie one after the other, `row` elements apart; `turned`: its columns do. */
typedef struct tpc_matrix { void *data; int64_t row, batch; bool turned; } tpc_matrix;
typedef struct tpc_product {
    int dtype;
    int64_t m, n, k, batch;
    tpc_matrix a, b, c;                                /* c is not turned */
    const void *bias;                                  /* [n], is added to each row; NULL: none */
    bool accumulate, minus;                            /* to what c holds; -a b instead of a b */
    void *sum_a, *sum_b;                               /* [m], [n]: become the sums of a's rows, of b's columns, over k; one of them at
                                                        * most; NULL: not wanted */
} tpc_product;

#ifdef __cplusplus
extern "C" {
#endif

/* Is it there at all? Then other kernels lay out their work as products. */
bool tpc_lt_is_here(const tp__call *call);
/* *done: the product was launched, with all that goes with it. Else nothing was. Sums of float32 that TF32 would round are no products, and not done. */
tp_status tpc_lt_product(const tp__call *call, const tpc_product *p, bool *done);

#ifdef __cplusplus
}
#endif

#endif
