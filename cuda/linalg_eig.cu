/* linalg_eig.cu: eigenvalues and eigenvectors of square matrices, each by a block: core/eig.h, which the CPU has too, with its loops shared by the
 * block's threads, and its rows by warps. The host waits for it, so that a matrix without a result is an error of the call itself. */
#include "cuda/complex.cuh"
#include "cuda/linalg_blocked.cuh"

#define TP__BY_TEAM static __device__ inline
#define TP__EACH(i, first, end)  for (int64_t i = (int64_t)(first) + threadIdx.x, i##_end = (end); i < i##_end; i += blockDim.x)
#define TP__ROWS(i, first, end)  for (int64_t i = (int64_t)(first) + threadIdx.x / 32, i##_end = (end); i < i##_end; i += blockDim.x / 32)
#define TP__LANES(i, first, end) for (int64_t i = (int64_t)(first) + threadIdx.x % 32, i##_end = (end); i < i##_end; i += 32)
#define TP__MEET() __syncthreads()
#define TP__LANES_MEET() __syncwarp()
#define TP__ONE_OF_ALL (!threadIdx.x)
#define TP__ONE_LANE (threadIdx.x % 32 == 0)
#define TP__MOST_OF_ALL(x)  tpc_block_max(x)
#define TP__SUM_OF_LANES(x)   tpc_warp_join(x, tpc_add())
#define TP__MOST_OF_LANES(x)  tpc_warp_join(x, tpc_most())
#define TP__LEAST_OF_LANES(x) tpc_warp_join(x, tpc_lesser())
#define TP__NO_SUM 0
#define TP__ADD(sum, at, term) ((sum) += (term))
#define TP__TILE 1
typedef double tp__lanes;
#include "core/eig.h"

struct eig_job {
    int64_t count, n, steps, numbers;                  /* numbers: tp__z of room for each block */
    const void *x;
    void *w, *v;                                       /* v: NULL, only the values are wanted */
    int dtype, complex_dtype;
    tp__z *room;
    tpc_failure *failed;                               /* the least of 2 matrix, and 1 if its eigenvalues were not found */
};

static __global__ void __launch_bounds__(TPC_BLOCK) each_matrix(const eig_job g)
{
    const int64_t n = g.n;
    const tp__eig s = tp__eig_of(g.room + blockIdx.x * g.numbers, n, g.steps, g.dtype != g.complex_dtype, g.v != nullptr);
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        TP__EACH(i, 0, n * n) {
            const tpc_complex v = tpc_load_complex(g.x, g.dtype, b * n * n + i);
            s.t[i] = tp__z_of(v.re, v.im);
        }
        __syncthreads();
        const tp__eig_outcome outcome = tp__eig_run(&s);
        if (outcome != TP__EIG_FOUND && !threadIdx.x) atomicMin(g.failed, (tpc_failure)(2 * b + (outcome == TP__EIG_NOT_FOUND)));
        const int64_t values = outcome == TP__EIG_FOUND ? n : 0;
        TP__EACH(k, 0, values) tpc_store_complex(g.w, g.complex_dtype, b * n + k, { s.w[k].re, s.w[k].im });
        if (g.v) TP__EACH(i, 0, n * values) {
            const tp__z v = s.t[i % n * n + i / n];
            tpc_store_complex(g.v, g.complex_dtype, b * n * n + i, { v.re, v.im });
        }
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

static tp_status run(tp__call *call, bool vectors)
{
    tpc_array x, w, v = tpc_array();
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &w);
    if (vectors) tpc_out(call, 1, &v);
    if (!x.numel) return TP_OK;
    tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    const tpc_matrices m = tpc_matrices_of(x);
    const int64_t item = (int64_t)sizeof(tp__z), numbers = (tp__eig_room(m.n, !tpc_is_complex(x.dtype), vectors) + item - 1) / item;
    const int64_t blocks = tpc_at_a_time(tpc_matrix_blocks(call, m.count), numbers * item);
    tpc_temporary room(call, (size_t)(blocks * numbers + 1) * sizeof(tp__z));
    if (!room.data) return TP_ERR_MEMORY;
    tpc_failure *const to = reinterpret_cast<tpc_failure *>(room.as<tp__z>() + blocks * numbers), none = ~0ull, failed = none;
    status = tpc_check(call, cudaMemsetAsync(to, 0xff, sizeof *to, tpc_stream(call)), "filling memory");
    if (status) return status;
    const eig_job g = { m.count, m.n, tp__eig_steps(m.n), numbers, x.data, w.data, vectors ? v.data : nullptr, x.dtype, w.dtype, room.as<tp__z>(), to };
    TPC_LAUNCH(each_matrix, (unsigned)blocks, tpc_matrix_threads(m), 0, tpc_stream(call), g);
    status = tpc_launched(call);
    if (!status) status = tpc_download(call, &failed, to, sizeof failed);
    if (status || failed == none) return status;
    return tpc_fail(call, TP_ERR_NUMERIC,
                    failed % 2 ? "the eigenvalues of matrix %lld were not found" : "matrix %lld has elements that are not finite",
                    (long long)(failed / 2));
}

static tp_status eig_values(tp__call *call) { return run(call, false); }
static tp_status eig_factors(tp__call *call) { return run(call, true); }

extern "C" const tp_kernel tp__cuda_linalg_eig[] = { { "eig_values", eig_values, NULL }, { "eig_factors", eig_factors, NULL }, { NULL, NULL, NULL } };
