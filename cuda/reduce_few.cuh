/* reduce_few.cuh: sums of fewer than 256 float32 terms, made in float32 in the order that the CPU and PyTorch have (src/cpu/reduce.c,
 * src/cpu/reduce_norm.c), so that what comes of integers is theirs to the last bit. As on the CPU that holds for runs, terms that no row of
 * outputs lies between, and runs are added up in float64. An Op says
 *
 *   int lanes(int n) const;                           a power of 2 up to 32: the threads of a run of n terms
 *   float part(int64_t base, int64_t stride, int n, int l) const;                           what lane l makes of them
 *   float sum(const float *part, int64_t base, int64_t stride, int n) const;                and the first of all parts
 *   void finish(double sum, int64_t o) const; */
#ifndef TPC_REDUCE_FEW_CUH
#define TPC_REDUCE_FEW_CUH

#include "cuda/reduce.cuh"

enum { TPC_FEW = 256 };

/* The terms of a run, 0: these are not few. */
static inline int64_t tpc_few_of(const tpc_reduction &r)
{
    const int in = r.gone.ndim - 1, out = r.kept.ndim - 1;
    const int64_t n = r.gone.size[in], stride = r.gone.stride[0][in];
    const bool by_rows = r.kept.numel > 1 && r.kept.stride[0][out] == 1 && stride != 1 && n > 1;
    return by_rows || r.gone.numel >= TPC_FEW ? 0 : n;
}

template <class Op> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_reduce_few(const tpc_reduction r, int n, const Op op)
{
    TPC_SHARED(float, held, [TPC_BLOCK]);
    const int lanes = op.lanes(n), across = TPC_BLOCK / lanes, t = (int)threadIdx.x, l = t % lanes;
    const int64_t tiles = (r.kept.numel + across - 1) / across, stride = r.gone.stride[0][r.gone.ndim - 1];
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const int64_t o = b * across + t / lanes;
        const bool is = o < r.kept.numel;
        int64_t base[1] = { 0 }, at[1];
        double sum = 0;
        if (is) tpc_offsets(r.kept, o, base);
        for (int64_t j = 0; j < r.gone.numel; j += n) {
            tpc_offsets(r.gone, j, at);
            held[t] = is ? op.part(base[0] + at[0], stride, n, l) : 0;
            __syncthreads();
            if (is && !l) sum += (double)op.sum(held + t, base[0] + at[0], stride, n);
            __syncthreads();
        }
        if (is && !l) op.finish(sum, o);
    }
}

/* false: they are not few, or there are none. */
template <class Op> bool tpc_reduce_few_run(const tp__call *call, const tpc_array &x, uint64_t gone, const Op &op)
{
    tpc_reduction r;
    tpc_reduction_of(&r, x, gone);
    const int64_t n = r.kept.numel && r.gone.numel ? tpc_few_of(r) : 0;
    if (!n) return false;
    const int64_t across = TPC_BLOCK / op.lanes((int)n);
    TPC_LAUNCH(tpc_reduce_few<Op>, tpc_grid(call, (r.kept.numel + across - 1) / across), TPC_BLOCK, 0, tpc_stream(call), r, (int)n, op);
    return true;
}

#endif
