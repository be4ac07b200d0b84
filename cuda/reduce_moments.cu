/* reduce_moments.cu: mean and variance over any dims of any layout. */
#include "cuda/moments.cuh"

struct moments {
    using acc = tpc_moments;
    const void *x;
    void *y, *mean;                                    /* mean: NULL if it is not wanted */
    int from, to, to_mean;
    bool root;
    double divisor;                                    /* of the variance; 0: it is infinite */
    __device__ acc begin() const { return acc{ 0, 0, 0, 0 }; }
    __device__ void add(acc &a, int64_t at, int64_t) const { tpc_moments_add(a, tpc_load<double>(x, from, at)); }
    __device__ void add_some(acc &a, const int64_t (&at)[TPC_SOME]) const { tpc_moments_add_some(a, x, from, at); }
    __device__ acc join(const acc &a, const acc &b) const { return tpc_moments_join(a, b); }
    __device__ void finish(const acc &a, int64_t o) const
    {
        const double v = tpc_spread_of(a) / divisor;
        tpc_store(y, to, o, root ? ::sqrt(v) : v);
        if (mean) tpc_store(mean, to_mean, o, tpc_mean_of(a));
    }
};

static tp_status run(tp__call *call, bool root)
{
    const uint64_t gone = (uint64_t)(uintptr_t)tpc_scratch_of(call);
    const double less = ((const tp__moments *)tpc_attr(call))->less;
    tpc_array x, y, mean = tpc_array();
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (tpc_n_out(call) > 1) tpc_out(call, 1, &mean);
    const double n = (double)tpc_count_of(x, gone);
    return tpc_reduce_run(call, x, gone, moments{ x.data, y.data, mean.data, x.dtype, y.dtype, mean.dtype, root, n > less ? n - less : 0 });
}

static tp_status var(tp__call *call) { return run(call, false); }
static tp_status deviation(tp__call *call) { return run(call, true); }

extern "C" const tp_kernel tp__cuda_reduce_moments[] = {
    { "var", var, NULL }, { "std", deviation, NULL }, { "var_mean", var, NULL }, { "std_mean", deviation, NULL }, { NULL, NULL, NULL },
};
