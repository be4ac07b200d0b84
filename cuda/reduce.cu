/* reduce.cu: sums, products and truth over any dims of any layout. Floats are added in float64, but a few of float32 as the CPU adds them;
 * integers wrap. */
#include "cuda/reduce_few.cuh"
#include "cuda/sum.cuh"

enum { PLAIN, NOT_NULL, ALL };                         /* what becomes of the result */

struct io {
    const void *x;
    void *y;
    int from, to, finish;
    bool single;                                       /* elements are cast to float32 first */
    double divisor;
    int64_t count;
};

struct of_reals {
    using acc = double;
    io p;
    __device__ double read(int64_t at) const
    {
        const double v = tpc_load<double>(p.x, p.from, at);
        return p.single ? (double)(float)v : v;
    }
    __device__ void finish(double a, int64_t o) const { tpc_store(p.y, p.to, o, p.divisor != 1 ? a / p.divisor : a); }
};
struct of_integers {
    using acc = int64_t;
    io p;
    __device__ int64_t read(int64_t at) const { return tpc_load<int64_t>(p.x, p.from, at); }
    __device__ void finish(int64_t a, int64_t o) const { tpc_store(p.y, p.to, o, p.finish == PLAIN ? a : (int64_t)(p.finish == ALL ? a == p.count : a != 0)); }
};

template <class Of> struct sum_of : Of {
    using acc = typename Of::acc;
    __device__ acc begin() const { return 0; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a += this->read(at); }
    __device__ acc join(acc a, acc b) const { return a + b; }
};
template <class Of> struct product_of : Of {
    using acc = typename Of::acc;
    __device__ acc begin() const { return 1; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a *= this->read(at); }
    __device__ acc join(acc a, acc b) const { return a * b; }
};
template <> __device__ __forceinline__ void sum_of<of_integers>::add(int64_t &a, int64_t at, int64_t) const { a = (int64_t)((uint64_t)a + (uint64_t)read(at)); }
template <> __device__ __forceinline__ int64_t sum_of<of_integers>::join(int64_t a, int64_t b) const { return (int64_t)((uint64_t)a + (uint64_t)b); }
template <> __device__ __forceinline__ void product_of<of_integers>::add(int64_t &a, int64_t at, int64_t) const
{
    a = (int64_t)((uint64_t)a * (uint64_t)read(at));
}
template <> __device__ __forceinline__ int64_t product_of<of_integers>::join(int64_t a, int64_t b) const { return (int64_t)((uint64_t)a * (uint64_t)b); }

struct sum_reals : sum_of<of_reals> {
    __device__ void add_some(double &a, const int64_t (&at)[TPC_SOME]) const
    {
        double v[TPC_SOME];
        tpc_load_some(p.x, p.from, at, v);
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) a += p.single ? (double)(float)v[k] : v[k];
    }
};
struct nansum : sum_of<of_reals> {
    __device__ void add(double &a, int64_t at, int64_t) const
    {
        const double v = read(at);
        a += v == v ? v : 0;
    }
};
struct count_true : sum_of<of_integers> {
    __device__ void add(int64_t &a, int64_t at, int64_t) const
    {
        const bool imaginary = p.from == TP_C64 ? ((const float *)p.x)[2 * at + 1] != 0 : p.from == TP_C128 && ((const double *)p.x)[2 * at + 1] != 0;
        a += imaginary || tpc_load<double>(p.x, p.from, at) != 0;
    }
};

/* A run in 32 lanes, a warp, or 8 where it is shorter than that; the second, third and fourth eight of them join the first, and what the lanes
 * left is added before. Less than 8 terms have one lane, which does as four would. */
struct few_terms : of_reals {
    __host__ __device__ int lanes(int n) const { return n >= 32 ? 32 : n >= 8 ? 8 : 1; }
    __device__ float at(int64_t base, int64_t stride, int j) const { return (float)read(base + j * stride); }
    __device__ float part(int64_t base, int64_t stride, int n, int l) const
    {
        float a = 0;
        if (n < 8) return a;
        int j = l;
        for (; j < n / 32 * 32; j += 32) a += at(base, stride, j);
        if (l < 8)
            for (; j < n / 8 * 8; j += 8) a += at(base, stride, j);
        if (n < 32) return a;
        const float second = __shfl_down_sync(~0u, a, 8), third = __shfl_down_sync(~0u, a, 16), fourth = __shfl_down_sync(~0u, a, 24);
        return a + second + third + fourth;
    }
    __device__ float sum(const float *part, int64_t base, int64_t stride, int n) const
    {
        float a = 0;
        if (n < 8) {                                   /* the first of four takes what is left, too */
            const bool fours = n >= 4;
            a += at(base, stride, 0);
            for (int j = fours ? 4 : 1; j < n; j++) a += at(base, stride, j);
            for (int j = 1; fours && j < 4; j++) a += at(base, stride, j);
            return a;
        }
        for (int j = n / 8 * 8; j < n; j++) a += at(base, stride, j);
        for (int l = 0; l < 8; l++) a += part[l];
        return a;
    }
};

template <class Op, bool few = false>
static tp_status reduce(const tp__call *call, const tpc_array &x, uint64_t gone, const tpc_array &y, double divisor, int finish)
{
    const io p = { x.data, y.data, x.dtype, y.dtype, finish, tpc_is_floating(y.dtype) && y.dtype != TP_F64, divisor, tpc_count_of(x, gone) };
    if (few && p.single) {
        few_terms op;
        op.p = p;
        if (tpc_reduce_few_run(call, x, gone, op)) return tpc_launched(call);
    }
    Op op;
    op.p = p;
    return tpc_reduce_run(call, x, gone, op);
}
template <class Op, bool few = false> static tp_status run(tp__call *call, double divisor, int finish)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    return reduce<Op, few>(call, x, (uint64_t)(uintptr_t)tpc_scratch_of(call), y, divisor, finish);
}

tp_status tpc_sum(const tp__call *call, const tpc_array &x, uint64_t gone, const tpc_array &y) { return reduce<sum_reals, true>(call, x, gone, y, 1, PLAIN); }

static int output_dtype(tp__call *call)
{
    tpc_array y;
    return tpc_out(call, 0, &y) ? y.dtype : TP_DTYPE_DEFAULT;
}

static tp_status any(tp__call *call) { return run<count_true>(call, 1, NOT_NULL); }
static tp_status all(tp__call *call) { return run<count_true>(call, 1, ALL); }
static tp_status count_nonzero(tp__call *call) { return run<count_true>(call, 1, PLAIN); }

/* By the output's dtype: elements are cast to it first. A sum of bools is whether any is true, a product whether all are. */
static tp_status sum_over(tp__call *call, double divisor)
{
    return tpc_is_floating(output_dtype(call)) ? run<sum_reals, true>(call, divisor, PLAIN) : run<sum_of<of_integers>>(call, divisor, PLAIN);
}
static tp_status sum(tp__call *call) { return output_dtype(call) == TP_BOOL ? any(call) : sum_over(call, 1); }
static tp_status nansum_kernel(tp__call *call) { return tpc_is_floating(output_dtype(call)) ? run<nansum>(call, 1, PLAIN) : sum(call); }
static tp_status prod(tp__call *call)
{
    const int dtype = output_dtype(call);
    if (dtype == TP_BOOL) return all(call);
    return tpc_is_floating(dtype) ? run<product_of<of_reals>>(call, 1, PLAIN) : run<product_of<of_integers>>(call, 1, PLAIN);
}
static tp_status mean(tp__call *call)
{
    tpc_array x;
    tpc_in(call, 0, &x);
    return sum_over(call, (double)tpc_count_of(x, (uint64_t)(uintptr_t)tpc_scratch_of(call)));
}

extern "C" const tp_kernel tp__cuda_reduce[] = {
    { "sum", sum, NULL }, { "mean", mean, NULL }, { "nansum", nansum_kernel, NULL }, { "prod", prod, NULL },
    { "any", any, NULL }, { "all", all, NULL }, { "count_nonzero", count_nonzero, NULL }, { NULL, NULL, NULL },
};
