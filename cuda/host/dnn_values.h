/* dnn_values.h: elements of the simulated cuDNN's tensors, as its kernels read and write them. */
#ifndef TPC_HOST_DNN_VALUES_H
#define TPC_HOST_DNN_VALUES_H

#include "cuda/host/dnn.h"
#include "cuda/host/tensor_core.h"

#ifdef TPC_HOST_CUDNN
#include <math.h>

namespace dnnhost {

inline double read_at(const void *x, int type, int64_t i)
{
    switch (type) {
    case CUDNN_DATA_DOUBLE: return ((const double *)x)[i];
    case CUDNN_DATA_FLOAT: return ((const float *)x)[i];
    case CUDNN_DATA_HALF: return __half2float(((const __half *)x)[i]);
    case CUDNN_DATA_BFLOAT16: return __bfloat162float(((const __nv_bfloat16 *)x)[i]);
    case CUDNN_DATA_INT64: return (double)((const int64_t *)x)[i];
    case CUDNN_DATA_INT32: return ((const int32_t *)x)[i];
    case CUDNN_DATA_INT8: return ((const int8_t *)x)[i];
    default: return ((const uint8_t *)x)[i];
    }
}
inline void write_at(void *y, int type, int64_t i, double v)
{
    switch (type) {
    case CUDNN_DATA_DOUBLE: ((double *)y)[i] = v; break;
    case CUDNN_DATA_FLOAT: ((float *)y)[i] = (float)v; break;
    case CUDNN_DATA_HALF: ((__half *)y)[i] = __float2half_rn((float)v); break;
    case CUDNN_DATA_BFLOAT16: ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn((float)v); break;
    case CUDNN_DATA_INT64: ((int64_t *)y)[i] = (int64_t)v; break;
    case CUDNN_DATA_INT32: ((int32_t *)y)[i] = (int32_t)v; break;
    case CUDNN_DATA_INT8: ((int8_t *)y)[i] = (int8_t)v; break;
    default: ((uint8_t *)y)[i] = v != 0; break;
    }
}
inline int64_t numel(const view &v)
{
    int64_t n = 1;
    for (int d = 0; d < v.n; d++) n *= v.size[d];
    return n;
}
/* The place of the e-th element, row by row */
inline void place_of(const view &v, int64_t e, int64_t (&at)[DIMS])
{
    for (int d = v.n - 1; d >= 0; d--) {
        at[d] = e % v.size[d];
        e /= v.size[d];
    }
}
inline int64_t offset(const view &v, const int64_t (&at)[DIMS])
{
    int64_t o = 0;
    for (int d = 0; d < v.n; d++) o += v.size[d] == 1 ? 0 : at[d] * v.stride[d];
    return o;
}
inline double read(const view &v, const int64_t (&at)[DIMS]) { return v.by_value ? v.number : read_at(v.data, v.type, offset(v, at)); }
inline void write(const view &v, const int64_t (&at)[DIMS], double x) { write_at(v.data, v.type, offset(v, at), x); }

inline int64_t first() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
inline int64_t step() { return (int64_t)gridDim.x * blockDim.x; }
inline unsigned blocks_for(int64_t n) { return (unsigned)(n < 64 * 32 ? (n + 63) / 64 : 32); }

inline bool next(int64_t (&at)[DIMS], const int64_t *size, int n)
{
    for (int d = n - 1; d >= 0; d--) {
        if (++at[d] < size[d]) return true;
        at[d] = 0;
    }
    return false;
}

} /* namespace dnnhost */

#endif
#endif
