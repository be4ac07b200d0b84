/* dnn.h: whole operations by cuDNN, for the kernels in the .cu files. It is looked for when the first is asked for; where it is missing, is
 * older than 9.0, or has no engine for a case that keeps to what is asked below, *done stays false and the caller uses its own kernel.
 * TAPER_CUDA_CUDNN=0 leaves it out.
 *
 * What is asked: a result that does not depend on the order in which blocks are done; float32 multiplied and added as float32, unless
 * TAPER_CUDA_TF32=1 allows the tensor cores' 10 bits of mantissa; 16-bit floats added up in float32. */
#ifndef TPC_DNN_H
#define TPC_DNN_H

#include "cuda/call.h"

#ifdef __cplusplus
extern "C" {
#endif

bool tpc_may_use_tf32(void);

#ifdef __cplusplus
}
#endif

#endif
