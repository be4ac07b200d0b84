/* kernel.cuh: what every .cu file begins with: how a kernel is launched, dtypes in kernels, offsets, sums over a block, random numbers.
 * Compiled by nvcc, and by g++ or clang++ for the simulated device of cuda/host/, where the same kernels run on the CPU. So kernels keep
 * to CUDA C++ without inline PTX; shared memory is declared by TPC_SHARED, launches are TPC_LAUNCH. */
#ifndef TPC_KERNEL_CUH
#define TPC_KERNEL_CUH

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
/* The kernel in parentheses if its name has commas: TPC_LAUNCH((fill<T, 4>), blocks, 256, 0, stream, y, n) */
#define TPC_LAUNCH(kernel, grid, block, shared, stream, ...) kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
/* TPC_SHARED(float, part, [32]); in a kernel or a device function, before anything else */
#define TPC_SHARED(T, name, dims) __shared__ T name dims
/* T *name: the dynamic shared memory, of which there is one */
#define TPC_DYNAMIC_SHARED(T, name) \
    extern __shared__ __align__(16) unsigned char tpc_dynamic_memory[]; \
    T *const name = reinterpret_cast<T *>(tpc_dynamic_memory)
#define TPC_UNROLL(n) _Pragma(TPC_PRAGMA(unroll n))
#define TPC_PRAGMA(...) #__VA_ARGS__
#define TPC_NOINLINE __noinline__
/* A parameter of a kernel that is a struct, such as TPC_GIVEN tpc_walk walk: read where the launch put it. Without this each thread would
 * begin by copying it all, for a function that takes it by reference. */
#define TPC_GIVEN const __grid_constant__
#else
#define TPC_GIVEN const
#include "cuda/host/cudahost.h"
#define TPC_UNROLL(n)
#define TPC_NOINLINE __attribute__((noinline))
#endif

#include "core/philox.h"
#include "cuda/walk.h"

#define TPC_DEVICE static __device__ __forceinline__
enum { TPC_BLOCK = 256 };                              /* threads of a block, unless there is a reason */

/* Blocks for a loop over n items, `each` per thread, that goes on by tpc_step(): as many as keep the device busy. */
static inline unsigned tpc_blocks(const tp__call *call, int64_t n, int each = 1)
{
    const int64_t per = (int64_t)TPC_BLOCK * each, blocks = (n + per - 1) / per, most = (int64_t)tpc_processors(call) * 32;
    return (unsigned)(blocks < 1 ? 1 : blocks < most ? blocks : most);
}
/* The same for blocks that take n items, one each */
static inline unsigned tpc_grid(const tp__call *call, int64_t n)
{
    const int64_t most = (int64_t)tpc_processors(call) * 32;
    return (unsigned)(n < 1 ? 1 : n < most ? n : most);
}
/* for (int64_t i = tpc_first(); i < n; i += tpc_step()) */
TPC_DEVICE int64_t tpc_first() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
TPC_DEVICE int64_t tpc_step() { return (int64_t)gridDim.x * blockDim.x; }

/* ---- Dtypes ---------------------------------------------------------------------------------------------------------------------------- */

static inline bool tpc_is_floating(int dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }
static inline bool tpc_is_complex(int dtype) { return dtype == TP_C64 || dtype == TP_C128; }
static inline int tpc_size(int dtype)
{
    switch (dtype) {
    case TP_C128: return 16;
    case TP_F64: case TP_I64: case TP_C64: return 8;
    case TP_F32: case TP_I32: return 4;
    case TP_F16: case TP_BF16: case TP_I16: return 2;
    default: return 1;
    }
}

/* Runs the statement with T as the type of the dtype; of others, returns an error. In one kernel keep the number of types small, since
 * each is compiled for each architecture: read and write by tpc_load and tpc_store where speed is bound by something else. */
#define TPC_CASE(dtype, type, ...) case dtype: { using T = type; __VA_ARGS__; break; }
#define TPC_FLOATING(call, dtype, ...) \
    switch (dtype) { \
    TPC_CASE(TP_F32, float, __VA_ARGS__) TPC_CASE(TP_F64, double, __VA_ARGS__) TPC_CASE(TP_F16, __half, __VA_ARGS__) \
    TPC_CASE(TP_BF16, __nv_bfloat16, __VA_ARGS__) \
    default: return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for dtype %d", (int)(dtype)); \
    }
/* By the size of an element, for kernels that move it as it is */
#define TPC_BY_SIZE(size, ...) \
    switch (size) { \
    TPC_CASE(1, uint8_t, __VA_ARGS__) TPC_CASE(2, uint16_t, __VA_ARGS__) TPC_CASE(4, uint32_t, __VA_ARGS__) TPC_CASE(8, uint64_t, __VA_ARGS__) \
    default: { using T = uint4; __VA_ARGS__; break; } \
    }
/* What sums of T are made in */
template <class T> struct tpc_sum_of { using type = float; };
template <> struct tpc_sum_of<double> { using type = double; };
template <> struct tpc_sum_of<int64_t> { using type = int64_t; };

/* A real number cut to an integer: of what no int64 (int32) holds, what the CPU's instruction gives. */
TPC_DEVICE int64_t tpc_whole(double v) { return v >= -9223372036854775808.0 && v < 9223372036854775808.0 ? (int64_t)v : INT64_MIN; }
TPC_DEVICE int64_t tpc_narrow_whole(double v) { return v > -2147483649.0 && v < 2147483648.0 ? (int64_t)(int32_t)v : INT32_MIN; }

TPC_DEVICE float tpc_float(__half v) { return __half2float(v); }
TPC_DEVICE float tpc_float(__nv_bfloat16 v) { return __bfloat162float(v); }
TPC_DEVICE float tpc_float(float v) { return v; }
TPC_DEVICE double tpc_float(double v) { return v; }
/* y = v as T holds it */
template <class T> TPC_DEVICE T tpc_to(double v) { return (T)v; }
template <> __device__ __forceinline__ __half tpc_to<__half>(double v) { return __float2half_rn((float)v); }
template <> __device__ __forceinline__ __nv_bfloat16 tpc_to<__nv_bfloat16>(double v) { return __float2bfloat16_rn((float)v); }
TPC_DEVICE void tpc_put(float *y, float v) { *y = v; }
TPC_DEVICE void tpc_put(double *y, double v) { *y = v; }
TPC_DEVICE void tpc_put(__half *y, float v) { *y = __float2half_rn(v); }
TPC_DEVICE void tpc_put(__nv_bfloat16 *y, float v) { *y = __float2bfloat16_rn(v); }

/* Element i of an array whose dtype is known at run time, as W: float, double or int64_t. Of complex numbers, the real part. The
 * conversions are those of src/core/convert.c. */
template <class W> TPC_DEVICE W tpc_load(const void *x, int dtype, int64_t i);
template <> __device__ __forceinline__ double tpc_load<double>(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case TP_F32: return ((const float *)x)[i];
    case TP_F64: return ((const double *)x)[i];
    case TP_F16: return __half2float(((const __half *)x)[i]);
    case TP_BF16: return __bfloat162float(((const __nv_bfloat16 *)x)[i]);
    case TP_I64: return (double)((const int64_t *)x)[i];
    case TP_I32: return ((const int32_t *)x)[i];
    case TP_I16: return ((const int16_t *)x)[i];
    case TP_I8: return ((const int8_t *)x)[i];
    case TP_U8: return ((const uint8_t *)x)[i];
    case TP_BOOL: return ((const uint8_t *)x)[i] != 0;
    case TP_C64: return ((const float *)x)[2 * i];
    default: return ((const double *)x)[2 * i];
    }
}
template <> __device__ __forceinline__ float tpc_load<float>(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case TP_F32: return ((const float *)x)[i];
    case TP_F16: return __half2float(((const __half *)x)[i]);
    case TP_BF16: return __bfloat162float(((const __nv_bfloat16 *)x)[i]);
    default: return (float)tpc_load<double>(x, dtype, i);
    }
}
template <> __device__ __forceinline__ int64_t tpc_load<int64_t>(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case TP_I64: return ((const int64_t *)x)[i];
    case TP_I32: return ((const int32_t *)x)[i];
    case TP_I16: return ((const int16_t *)x)[i];
    case TP_I8: return ((const int8_t *)x)[i];
    case TP_U8: return ((const uint8_t *)x)[i];
    case TP_BOOL: return ((const uint8_t *)x)[i] != 0;
    default: return tpc_whole(tpc_load<double>(x, dtype, i));
    }
}

TPC_DEVICE void tpc_store(void *y, int dtype, int64_t i, int64_t v)
{
    switch (dtype) {
    case TP_I64: ((int64_t *)y)[i] = v; break;
    case TP_I32: ((int32_t *)y)[i] = (int32_t)v; break;
    case TP_I16: ((int16_t *)y)[i] = (int16_t)v; break;
    case TP_I8: ((int8_t *)y)[i] = (int8_t)v; break;
    case TP_U8: ((uint8_t *)y)[i] = (uint8_t)v; break;
    case TP_BOOL: ((uint8_t *)y)[i] = v != 0; break;
    case TP_F32: ((float *)y)[i] = (float)(double)v; break;
    case TP_F64: ((double *)y)[i] = (double)v; break;
    case TP_F16: ((__half *)y)[i] = __float2half_rn((float)(double)v); break;
    case TP_BF16: ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn((float)(double)v); break;
    case TP_C64: ((float *)y)[2 * i] = (float)(double)v, ((float *)y)[2 * i + 1] = 0; break;
    default: ((double *)y)[2 * i] = (double)v, ((double *)y)[2 * i + 1] = 0; break;
    }
}
TPC_DEVICE void tpc_store(void *y, int dtype, int64_t i, double v)
{
    switch (dtype) {
    case TP_F32: ((float *)y)[i] = (float)v; break;
    case TP_F64: ((double *)y)[i] = v; break;
    case TP_F16: ((__half *)y)[i] = __float2half_rn((float)v); break;
    case TP_BF16: ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn((float)v); break;
    case TP_I64: case TP_U8: tpc_store(y, dtype, i, tpc_whole(v)); break;
    case TP_BOOL: ((uint8_t *)y)[i] = v != 0; break;
    case TP_C64: ((float *)y)[2 * i] = (float)v, ((float *)y)[2 * i + 1] = 0; break;
    case TP_C128: ((double *)y)[2 * i] = v, ((double *)y)[2 * i + 1] = 0; break;
    default: tpc_store(y, dtype, i, tpc_narrow_whole(v)); break;
    }
}
TPC_DEVICE void tpc_store(void *y, int dtype, int64_t i, float v)
{
    switch (dtype) {
    case TP_F32: ((float *)y)[i] = v; break;
    case TP_F16: ((__half *)y)[i] = __float2half_rn(v); break;
    case TP_BF16: ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn(v); break;
    default: tpc_store(y, dtype, i, (double)v); break;
    }
}
/* v as the dtype holds it: of f16 and bf16 rounded, of small integers wrapped */
TPC_DEVICE double tpc_round_to(int dtype, double v)
{
    double y[2];
    tpc_store(y, dtype, 0, v);
    return tpc_load<double>(y, dtype, 0);
}
TPC_DEVICE int64_t tpc_round_to(int dtype, int64_t v)
{
    int64_t y[2];
    tpc_store(y, dtype, 0, v);
    return tpc_load<int64_t>(y, dtype, 0);
}
TPC_DEVICE float tpc_round_to(int dtype, float v)
{
    return dtype == TP_F16 ? __half2float(__float2half_rn(v)) : dtype == TP_BF16 ? __bfloat162float(__float2bfloat16_rn(v)) : v;
}

/* ---- Offsets ------------------------------------------------------------------------------------------------------------------------------ */

TPC_DEVICE uint32_t tpc_divide(uint32_t n, tpc_divisor by) { return (uint32_t)(((uint64_t)__umulhi(n, by.factor) + n) >> by.shift); }

/* Where element i of the walk lies in its first N arrays. Inlined: a function that takes a kernel's parameter by its address would make
 * each thread copy it. */
template <int N> TPC_DEVICE void tpc_offsets_wide(const tpc_walk &w, int64_t i, int64_t *offset)
{
    for (int k = 0; k < N; k++) offset[k] = 0;
    TPC_UNROLL(1)
    for (int d = w.ndim - 1; d >= 0; d--) {
        const int64_t rest = d ? i / w.size[d] : 0, at = i - rest * w.size[d];
        for (int k = 0; k < N; k++) offset[k] += at * w.stride[k][d];
        i = rest;
    }
}
template <int N> TPC_DEVICE void tpc_offsets(const tpc_walk &w, int64_t i, int64_t (&offset)[N])
{
    if (w.wide) {
        int64_t held[N];
        tpc_offsets_wide<N>(w, i, held);
        for (int k = 0; k < N; k++) offset[k] = held[k];
        return;
    }
    for (int k = 0; k < N; k++) offset[k] = 0;
    uint32_t left = (uint32_t)i;
    TPC_UNROLL(1)
    for (int d = w.ndim - 1; d >= 0; d--) {
        const uint32_t rest = d ? tpc_divide(left, w.by[d]) : 0, at = left - rest * (uint32_t)w.size[d];
        for (int k = 0; k < N; k++) offset[k] += (int64_t)at * w.stride[k][d];
        left = rest;
    }
}

/* ---- Over a block, in an order that is always the same ---------------------------------------------------------------------------------------- */

/* Each thread's v, joined by `join(a, b)`; every thread gets the result, and may call again at once. Any T of at most 8 bytes; blocks
 * of whole warps. */
template <class T, class Join> TPC_DEVICE T tpc_warp_join(T v, Join join)
{
    TPC_UNROLL(5)
    for (int by = 16; by; by >>= 1) v = join(v, __shfl_xor_sync(~0u, v, by));
    return v;
}
template <class T, class Join> TPC_DEVICE T tpc_block_join(T v, Join join)
{
    TPC_SHARED(T, part, [32]);
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5, warps = (int)blockDim.x >> 5;
    v = tpc_warp_join(v, join);
    if (!lane) part[warp] = v;
    __syncthreads();
    v = part[0];
    for (int i = 1; i < warps; i++) v = join(v, part[i]);
    __syncthreads();
    return v;
}
struct tpc_add { template <class T> __device__ T operator()(T a, T b) const { return a + b; } };
struct tpc_most { template <class T> __device__ T operator()(T a, T b) const { return b > a || b != b ? b : a; } };
template <class T> TPC_DEVICE T tpc_block_sum(T v) { return tpc_block_join(v, tpc_add()); }
template <class T> TPC_DEVICE T tpc_block_max(T v) { return tpc_block_join(v, tpc_most()); }   /* a NaN stays */

#endif
