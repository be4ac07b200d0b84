/* pointwise_sum.cuh: the sum of what an elementwise loop gives, which is stored nowhere: each thread adds its elements in float64, then
 * the block's are joined, then those of all blocks by one more. How many blocks there are depends on the size alone, so that the order of
 * the sum does, too. */
#ifndef TPC_POINTWISE_SUM_CUH
#define TPC_POINTWISE_SUM_CUH

#include "cuda/pointwise.cuh"

static const int64_t TPC_SUM_EACH = 8, TPC_SUM_BLOCKS = 1024;

struct tpc_sum_end { void *y; int32_t dtype; double scale; };           /* y = scale * sum */

template <class F> static __global__ void __launch_bounds__(TPC_BLOCK)
tpc_pointwise_add(const tpc_pointwise p, const typename F::attr attr, double *part, const tpc_sum_end end)
{
    using T = typename F::T;
    double sum = 0;
    for (int64_t i = tpc_first(); i < p.walk.numel; i += tpc_step()) {
        int64_t at[F::N + 1];
        T x[F::N];
        tpc_offsets(p.walk, i, at);
        TPC_UNROLL(8)
        for (int k = 0; k < F::N; k++) x[k] = p.at[k + 1].is_value ? tpc_value<T>(p.at[k + 1]) : tpc_fetch<T>(p.at[k + 1], at[k + 1]);
        sum += (double)tpc_apply<F>(attr, x);
    }
    sum = tpc_block_sum(sum);
    if (threadIdx.x) return;
    if (gridDim.x == 1) tpc_store(end.y, end.dtype, 0, sum * end.scale);
    else part[blockIdx.x] = sum;
}

static __global__ void __launch_bounds__(TPC_BLOCK) tpc_add_parts(const double *part, int n, const tpc_sum_end end)
{
    double sum = 0;
    for (int i = (int)threadIdx.x; i < n; i += TPC_BLOCK) sum += part[i];
    sum = tpc_block_sum(sum);
    if (!threadIdx.x) tpc_store(end.y, end.dtype, 0, sum * end.scale);
}

template <class F> static tp_status tpc_pointwise_sum_as(const tp__call *call, const tpc_pointwise &p, const typename F::attr &attr, const tpc_sum_end &end)
{
    const int64_t blocks = (p.walk.numel + TPC_SUM_EACH * TPC_BLOCK - 1) / (TPC_SUM_EACH * TPC_BLOCK);
    const int grid = (int)(blocks < TPC_SUM_BLOCKS ? blocks : TPC_SUM_BLOCKS);
    const tpc_temporary part(call, grid > 1 ? (size_t)grid * sizeof(double) : 0);
    if (grid > 1 && !part.data) return TP_ERR_MEMORY;
    TPC_LAUNCH(tpc_pointwise_add<F>, (unsigned)grid, TPC_BLOCK, 0, tpc_stream(call), p, attr, part.as<double>(), end);
    if (grid > 1) TPC_LAUNCH(tpc_add_parts, 1, TPC_BLOCK, 0, tpc_stream(call), part.as<double>(), grid, end);
    return tpc_launched(call);
}

/* y, of one element, is scale times the sum over the shape that the inputs broadcast to. The loops have attributes of one type. */
template <class F32, class F64>
static tp_status tpc_pointwise_sum(const tp__call *call, const tpc_loops &loops, const tpc_array &y, const tpc_array *in, const typename F64::attr &attr,
                            double scale)
{
    tpc_array like;
    tpc_pointwise p;
    tpc_broadcast(&like, in, loops.n_in);
    const tp_status status = tpc_pointwise_plan_on(call, &loops, &like, in, &p);
    if (status) return status;
    const tpc_sum_end end = { y.data, y.dtype, scale };
    if (!p.walk.numel) {
        TPC_LAUNCH(tpc_add_parts, 1, TPC_BLOCK, 0, tpc_stream(call), nullptr, 0, end);
        return tpc_launched(call);
    }
    if constexpr (tpc_has<F32>::value)
        if (p.compute == TP_F32) return tpc_pointwise_sum_as<F32>(call, p, attr, end);
    return tpc_pointwise_sum_as<F64>(call, p, attr, end);
}

#endif
