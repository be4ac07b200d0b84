/* reduce_extremes.cu: the greatest and the least element, over any dims of any layout. NaN wins over any number. */
#include "cuda/reduce.cuh"

/* What stays of m, the extreme so far, and v: a NaN once met stays, since nothing compares with it. */
template <class T> TPC_DEVICE T greater(T v, T m) { return v > m || v != v ? v : m; }
template <class T> TPC_DEVICE T less(T v, T m) { return v < m || v != v ? v : m; }

template <class T> struct limits { static constexpr T lowest = INT64_MIN, highest = INT64_MAX; };
template <> struct limits<double> { static constexpr double lowest = -HUGE_VAL, highest = HUGE_VAL; };

template <class T> struct bounds { T least, most; };
template <class T> struct extremes {
    using acc = bounds<T>;
    const void *x;
    void *least, *most;                                /* NULL: not wanted */
    int dtype;
    __device__ acc begin() const { return acc{ limits<T>::highest, limits<T>::lowest }; }
    __device__ void add(acc &a, int64_t at, int64_t) const
    {
        const T v = tpc_load<T>(x, dtype, at);
        a = acc{ less(v, a.least), greater(v, a.most) };
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ less(b.least, a.least), greater(b.most, a.most) }; }
    __device__ void finish(const acc &a, int64_t o) const
    {
        if (least) tpc_store(least, dtype, o, a.least);
        if (most) tpc_store(most, dtype, o, a.most);
    }
};

static tp_status run(tp__call *call, int least, int most)
{
    const uint64_t gone = (uint64_t)(uintptr_t)tpc_scratch_of(call);
    tpc_array x, y[2] = { tpc_array(), tpc_array() };
    tpc_in(call, 0, &x);
    if (least >= 0) tpc_out(call, least, &y[0]);
    if (most >= 0) tpc_out(call, most, &y[1]);
    if (tpc_is_floating(x.dtype)) return tpc_reduce_run(call, x, gone, extremes<double>{ x.data, y[0].data, y[1].data, x.dtype });
    return tpc_reduce_run(call, x, gone, extremes<int64_t>{ x.data, y[0].data, y[1].data, x.dtype });
}
static tp_status amax(tp__call *call) { return run(call, -1, 0); }
static tp_status amin(tp__call *call) { return run(call, 0, -1); }
static tp_status aminmax(tp__call *call) { return run(call, 0, 1); }

extern "C" const tp_kernel tp__cuda_reduce_extremes[] = {
    { "amax", amax, NULL }, { "amin", amin, NULL }, { "aminmax", aminmax, NULL }, { "max", amax, NULL }, { "min", amin, NULL }, { NULL, NULL, NULL },
};
