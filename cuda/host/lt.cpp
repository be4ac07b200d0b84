/* lt.cpp: cuBLASLt on the simulated device: the functions that cuda/lt.c uses, in the plainest way that is right, with what they were asked
 * noted for tests. Sums are made in float64; TF32 loses what it loses on the device. */
#if __has_include(<cublasLt.h>)                        /* else cuda/lt.c asks for nothing */
#include <cublasLt.h>
#include <math.h>
#include <string.h>

#include "cuda/host/counters.h"
#include "cuda/host/cudahost.h"
#include "cuda/host/queue.h"
#include "cuda/host/tensor_core.h"

using namespace cudahost;

namespace {

struct description { cublasComputeType_t compute; cudaDataType_t scale; bool turned_a, turned_b; cublasLtEpilogue_t epilogue; void *vector; };
struct layout { cudaDataType type; uint64_t rows, cols; int64_t ld, step; int32_t count; };
struct wish { size_t workspace; uint32_t schemes, aligned[4]; };
static_assert(sizeof(description) <= sizeof(cublasLtMatmulDescOpaque_t) && sizeof(layout) <= sizeof(cublasLtMatrixLayoutOpaque_t) &&
              sizeof(wish) <= sizeof(cublasLtMatmulPreferenceOpaque_t), "no room in the library's descriptors");

template <class T, class Opaque> T &in(Opaque *x) { return *reinterpret_cast<T *>(x); }
template <class T, class Opaque> const T &in(const Opaque *x) { return *reinterpret_cast<const T *>(x); }

enum { WORKSPACE = 4096 };                             /* what the one algorithm asks for */
taper_cuda_host_products noted;                        /* by several threads: under the lock */
int refused;                                           /* what the next product is refused with */

struct product {
    const void *a, *b, *bias;
    void *d, *sum;                                     /* sum: of b over k if `sums_b`, else of a */
    unsigned char *workspace;
    layout of_a, of_b, of_d;
    bool turned_a, turned_b, tf32, sums_b;
    uint64_t k;
    double alpha, beta;
};

double read(const void *x, cudaDataType type, int64_t i)
{
    switch (type) {
    case CUDA_R_64F: return ((const double *)x)[i];
    case CUDA_R_32F: return ((const float *)x)[i];
    case CUDA_R_16F: return __half2float(((const __half *)x)[i]);
    default: return __bfloat162float(((const __nv_bfloat16 *)x)[i]);
    }
}
void write(void *y, cudaDataType type, int64_t i, double v)
{
    switch (type) {
    case CUDA_R_64F: ((double *)y)[i] = v; break;
    case CUDA_R_32F: ((float *)y)[i] = (float)v; break;
    case CUDA_R_16F: ((__half *)y)[i] = __float2half_rn((float)v); break;
    default: ((__nv_bfloat16 *)y)[i] = __float2bfloat16_rn((float)v); break;
    }
}

/* Where row i of a, or column i of b, begins, and how far its elements are apart */
struct line { int64_t at, step; };
line row_of_a(const product &p, int64_t i) { return { i * (p.turned_a ? p.of_a.ld : 1), p.turned_a ? 1 : p.of_a.ld }; }
line column_of_b(const product &p, int64_t i) { return { i * (p.turned_b ? 1 : p.of_b.ld), p.turned_b ? p.of_b.ld : 1 }; }

__global__ void multiply(const product p)
{
    const int64_t all = (int64_t)(p.of_d.rows * p.of_d.cols) * p.of_d.count;
    const int64_t first = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, step = (int64_t)gridDim.x * blockDim.x;
    for (int64_t i = first; i < WORKSPACE; i += step) p.workspace[i] = 0;
    for (int64_t e = first; e < all; e += step) {
        const int64_t row = e % (int64_t)p.of_d.rows, rest = e / (int64_t)p.of_d.rows, column = rest % (int64_t)p.of_d.cols, item = rest / (int64_t)p.of_d.cols;
        const line a = row_of_a(p, row), b = column_of_b(p, column);
        const int64_t to = item * p.of_d.step + column * p.of_d.ld + row, a_at = item * p.of_a.step + a.at, b_at = item * p.of_b.step + b.at;
        double sum = 0;
        for (int64_t k = 0; k < (int64_t)p.k; k++)
            sum += tensor_core(read(p.a, p.of_a.type, a_at + k * a.step), p.tf32) * tensor_core(read(p.b, p.of_b.type, b_at + k * b.step), p.tf32);
        sum *= p.alpha;
        if (p.bias) sum += read(p.bias, p.of_d.type, row);
        if (p.beta != 0) sum += p.beta * read(p.d, p.of_d.type, to);
        write(p.d, p.of_d.type, to, sum);
    }
    const int64_t sums = !p.sum ? 0 : (int64_t)(p.sums_b ? p.of_d.cols : p.of_d.rows);
    for (int64_t i = first; i < sums; i += step) {
        const line of = p.sums_b ? column_of_b(p, i) : row_of_a(p, i);
        double sum = 0;
        for (int64_t k = 0; k < (int64_t)p.k; k++) sum += read(p.sums_b ? p.b : p.a, p.of_d.type, of.at + k * of.step);
        write(p.sum, p.of_d.type, i, sum);
    }
}

bool is_aligned(const void *x, uint32_t by) { return (uintptr_t)x % by == 0; }

} /* namespace */

extern "C" {

void taper_cuda_host_count_products(taper_cuda_host_products *out)
{
    const guard held(lock);
    *out = noted;
}

void taper_cuda_host_refuse_product(int status)
{
    const guard held(lock);
    refused = status;
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    static int any;
    *handle = reinterpret_cast<cublasLtHandle_t>(&any);
    const guard held(lock);
    noted.handles++;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t x, size_t size, cublasComputeType_t compute, cudaDataType_t scale)
{
    if (size < sizeof(description)) return CUBLAS_STATUS_ALLOC_FAILED;
    in<description>(x) = { compute, scale, false, false, CUBLASLT_EPILOGUE_DEFAULT, nullptr };
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t x, cublasLtMatmulDescAttributes_t name, const void *value, size_t size)
{
    description &d = in<description>(x);
    if (name == CUBLASLT_MATMUL_DESC_TRANSA && size == 4) d.turned_a = *(const cublasOperation_t *)value == CUBLAS_OP_T;
    else if (name == CUBLASLT_MATMUL_DESC_TRANSB && size == 4) d.turned_b = *(const cublasOperation_t *)value == CUBLAS_OP_T;
    else if (name == CUBLASLT_MATMUL_DESC_EPILOGUE && size == sizeof d.epilogue) d.epilogue = *(const cublasLtEpilogue_t *)value;
    else if (name == CUBLASLT_MATMUL_DESC_BIAS_POINTER && size == sizeof d.vector) d.vector = *(void *const *)value;
    else return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t x, size_t size, cudaDataType type, uint64_t rows, uint64_t cols, int64_t ld)
{
    if (size < sizeof(layout)) return CUBLAS_STATUS_ALLOC_FAILED;
    in<layout>(x) = { type, rows, cols, ld, 0, 1 };
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t x, cublasLtMatrixLayoutAttribute_t name, const void *value, size_t size)
{
    if (name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT && size == 4) in<layout>(x).count = *(const int32_t *)value;
    else if (name == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET && size == 8) in<layout>(x).step = *(const int64_t *)value;
    else return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t x, size_t size)
{
    if (size < sizeof(wish)) return CUBLAS_STATUS_ALLOC_FAILED;
    in<wish>(x) = { 0, CUBLASLT_REDUCTION_SCHEME_MASK, { 256, 256, 256, 256 } };
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t x, cublasLtMatmulPreferenceAttributes_t name, const void *value, size_t size)
{
    wish &w = in<wish>(x);
    const int at = (int)name - (int)CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
    if (name == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && size == sizeof w.workspace) w.workspace = *(const size_t *)value;
    else if (name == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK && size == 4) w.schemes = *(const uint32_t *)value;
    else if (at >= 0 && at < 4 && size == 4) w.aligned[at] = *(const uint32_t *)value;
    else return CUBLAS_STATUS_INVALID_VALUE;
    return CUBLAS_STATUS_SUCCESS;
}

/* The alignments go into the algorithm, so that the product may be told when they do not hold. Float64 has no epilogue. */
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t of, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatmulPreference_t x, int wanted, cublasLtMatmulHeuristicResult_t *found, int *n)
{
    const wish &w = in<wish>(x);
    if (wanted < 1) return CUBLAS_STATUS_INVALID_VALUE;
    if (in<description>(of).compute == CUBLAS_COMPUTE_64F && in<description>(of).vector) return CUBLAS_STATUS_NOT_SUPPORTED;
    *found = cublasLtMatmulHeuristicResult_t();
    found->workspaceSize = WORKSPACE;
    found->state = w.workspace < WORKSPACE ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
    memcpy(&found->algo, w.aligned, sizeof w.aligned);
    *n = 1;
    const guard held(lock);
    noted.asked++;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t of, const void *alpha, const void *a, cublasLtMatrixLayout_t la, const void *b,
                              cublasLtMatrixLayout_t lb, const void *beta, const void *c, cublasLtMatrixLayout_t lc, void *d, cublasLtMatrixLayout_t ld,
                              const cublasLtMatmulAlgo_t *algo, void *workspace, size_t bytes, cudaStream_t stream)
{
    const description &o = in<description>(of);
    const layout &x = in<layout>(la), &y = in<layout>(lb), &z = in<layout>(ld);
    const uint64_t m = o.turned_a ? x.cols : x.rows, k = o.turned_a ? x.rows : x.cols, n = o.turned_b ? y.rows : y.cols, k_of_b = o.turned_b ? y.cols : y.rows;
    const bool wide = o.scale == CUDA_R_64F;
    const double by = wide ? *(const double *)alpha : *(const float *)alpha, add = wide ? *(const double *)beta : *(const float *)beta;
    uint32_t aligned[4];
    memcpy(aligned, algo, sizeof aligned);
    /* Whoever asks does not tell this from what the library cannot do, and goes on by itself. So it ends here. */
    if (!handle || (by != 1 && by != -1) || c != d || lc != ld || m != z.rows || n != z.cols || k != k_of_b ||
        bytes < WORKSPACE || !workspace || !m || !n || !k)
        die("cuBLASLt is asked for what is no product");
    if (x.ld < (int64_t)x.rows || y.ld < (int64_t)y.rows || z.ld < (int64_t)z.rows || x.count != z.count ||
        y.count != z.count)
        die("cuBLASLt is given layouts that do not agree");
    if (x.type != z.type || y.type != z.type || wide != (z.type == CUDA_R_64F) || wide != (o.compute == CUBLAS_COMPUTE_64F)) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!is_aligned(a, aligned[0]) || !is_aligned(b, aligned[1]) || !is_aligned(d, aligned[3]) ||
        !is_aligned(workspace, 16))
        die("cuBLASLt is given addresses that the algorithm is not for");
    const bool biased = o.epilogue == CUBLASLT_EPILOGUE_BIAS, of_a = o.epilogue == CUBLASLT_EPILOGUE_BGRADA, of_b = o.epilogue == CUBLASLT_EPILOGUE_BGRADB;
    if ((biased || of_a || of_b) != (o.vector != nullptr) || (!o.vector && o.epilogue != CUBLASLT_EPILOGUE_DEFAULT))
        die("cuBLASLt is given an epilogue without its vector");
    if (o.vector && (wide || !is_aligned(o.vector, z.type == CUDA_R_32F ? 4 : 2) || (!biased && z.count != 1))) return CUBLAS_STATUS_NOT_SUPPORTED;
    const guard held(lock);
    if (refused) {
        const int status = refused;
        refused = 0;
        return (cublasStatus_t)status;
    }
    noted.count++;
    noted.m = (int64_t)n, noted.n = (int64_t)m, noted.k = (int64_t)k, noted.batch = z.count;
    noted.compute = (int)o.compute, noted.biased = biased, noted.accumulated = add != 0, noted.summed = of_b ? 'a' : of_a ? 'b' : 0;
    const product p = { a, b, biased ? o.vector : nullptr, d, biased ? nullptr : o.vector,
        static_cast<unsigned char *>(workspace), x, y, z, o.turned_a, o.turned_b,
        o.compute == CUBLAS_COMPUTE_32F_FAST_TF32, of_b, k, by, add };
    const uint64_t blocks = (m * n * (uint64_t)z.count + 63) / 64;
    TPC_LAUNCH(multiply, (unsigned)(blocks < 64 ? blocks : 64), 64, 0, stream, p);
    return CUBLAS_STATUS_SUCCESS;
}

} /* extern "C" */

#endif
