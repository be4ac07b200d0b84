/* reduce_logsumexp.cu: log(sum(exp(x))) over any dims of any layout: m + log(sum(exp(x - m))), where m, the greatest x, comes from a reduction
 * of its own, so that the sum is rounded as the CPU's is. */
#include "cuda/lanes.cuh"
#include "cuda/reduce.cuh"

/* An infinite greatest is no shift: exp(x) is then 0 or infinite by itself. */
template <class S> struct greatest {
    using acc = S;
    const void *x;
    int from;
    S *shift;
    __device__ acc begin() const { return (S)-INFINITY; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a = join(a, tpc_load<S>(x, from, at)); }
    __device__ acc join(acc a, acc b) const { return b > a ? b : a; }
    __device__ void finish(acc a, int64_t o) const { shift[o] = isinf(a) ? 0 : a; }
};

template <class S> struct shifted_sum { S shift, sum; };
template <class S> struct sum_of_exp {
    using acc = shifted_sum<S>;
    const void *x;
    void *y;
    int from, to;
    const S *shift;
    __device__ acc begin() const { return acc{ 0, 0 }; }
    __device__ void at_output(acc &a, int64_t o) const { a.shift = shift[o]; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a.sum += tpc_exp(tpc_load<S>(x, from, at) - a.shift); }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ a.shift, a.sum + b.sum }; }
    __device__ void finish(const acc &a, int64_t o) const { tpc_store(y, to, o, a.shift + tpc_log(a.sum)); }
};

template <class S> static tp_status run(const tp__call *call, const tpc_array &x, const tpc_array &y)
{
    const uint64_t gone = (uint64_t)(uintptr_t)tpc_scratch_of(call);
    if (!y.numel) return TP_OK;
    tpc_temporary shift(call, (size_t)y.numel * sizeof(S));
    if (!shift.data) return TP_ERR_MEMORY;
    const tp_status status = tpc_reduce_run(call, x, gone, greatest<S>{ x.data, x.dtype, shift.as<S>() });
    return status ? status : tpc_reduce_run(call, x, gone, sum_of_exp<S>{ x.data, y.data, x.dtype, y.dtype, shift.as<S>() });
}

static tp_status logsumexp(tp__call *call)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    return x.dtype == TP_F64 || y.dtype == TP_F64 ? run<double>(call, x, y) : run<float>(call, x, y);
}

extern "C" const tp_kernel tp__cuda_reduce_logsumexp[] = { { "logsumexp", logsumexp, NULL }, { NULL, NULL, NULL } };
