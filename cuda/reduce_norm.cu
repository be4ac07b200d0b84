/* reduce_norm.cu: vector norms over any dims of any layout, and powers of |x|. */
#include "cuda/reduce_few.cuh"

enum { SQUARES, SIZES, COUNTS, POWERS, MOST, LEAST };

TPC_DEVICE double greater(double v, double m) { return v > m || v != v ? v : m; }
TPC_DEVICE double less(double v, double m) { return v < m || v != v ? v : m; }

struct sizes {
    using acc = double;
    const void *x;
    void *y;
    int from, to, how;
    bool single;                                       /* elements are cast to float32 first */
    double p;
    __device__ double begin() const { return how == LEAST ? HUGE_VAL : 0; }
    __device__ void add(double &a, int64_t at, int64_t) const
    {
        double v = tpc_load<double>(x, from, at);
        if (single) v = (double)(float)v;
        const double size = fabs(v);
        a = join(a, how == SQUARES ? v * v : how == COUNTS ? (double)(v != 0) : how == POWERS ? ::pow(size, p) : size);
    }
    __device__ double join(double a, double b) const { return how == MOST ? greater(b, a) : how == LEAST ? less(b, a) : a + b; }
    __device__ void finish(double a, int64_t o) const { tpc_store(y, to, o, how == SQUARES ? ::sqrt(a) : how == POWERS ? ::pow(a, 1 / p) : a); }
};

/* Few squares, in 8 lanes. They are rounded before they are added, but for the last ones. */
struct few_squares : sizes {
    __host__ __device__ int lanes(int) const { return 8; }
    __device__ float at(int64_t base, int64_t stride, int j) const { return (float)tpc_load<double>(x, from, base + j * stride); }
    __device__ float part(int64_t base, int64_t stride, int n, int l) const
    {
        float a = 0;
        for (int j = l; j < n / 8 * 8; j += 8) a = __fadd_rn(a, squared(at(base, stride, j)));
        return a;
    }
    __device__ float sum(const float *part, int64_t base, int64_t stride, int n) const
    {
        float a = part[0];
        for (int l = 1; l < 8; l++) a += part[l];
        for (int j = n / 8 * 8; j < n; j++) {
            const double v = at(base, stride, j);
            a = j < n / 4 * 4 ? __fadd_rn(a, squared((float)v)) : (float)((double)a + v * v);
        }
        return a;
    }
    static __device__ float squared(float v) { return __fmul_rn(v, v); }
};

static tp_status vector_norm(tp__call *call)
{
    const double p = *(const double *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    const int how = p == 2 ? SQUARES : p == 1 ? SIZES : p == 0 ? COUNTS : p == HUGE_VAL ? MOST : p == -HUGE_VAL ? LEAST : POWERS;
    const uint64_t gone = (uint64_t)(uintptr_t)tpc_scratch_of(call);
    few_squares op;
    (sizes &)op = { x.data, y.data, x.dtype, y.dtype, how, x.dtype != TP_F64 && y.dtype != TP_F64, p };
    if (how == SQUARES && op.single && tpc_reduce_few_run(call, x, gone, op)) return tpc_launched(call);
    return tpc_reduce_run(call, x, gone, (const sizes &)op);
}

/* ---- |x|^p, with the sign of x if that is asked for; of 0 it is 0 unless that is 1 ------------------------------------------------------------- */

typedef struct power_attr { double p; bool is_signed; } power_attr;

TPC_DEVICE double power_of(double x, const power_attr &a)
{
    if (x == 0) return a.p == 0 && !a.is_signed ? 1 : 0;
    const double size = fabs(x), y = a.p == 1 ? size : a.p == 0 ? (x != x ? x : 1) : a.p == 2 ? size * size : ::pow(size, a.p);
    return a.is_signed && x < 0 ? -y : y;
}

static __global__ void __launch_bounds__(TPC_BLOCK) powers(const tpc_walk w, void *y, int to, const void *x, int from, const power_attr a)
{
    for (int64_t i = tpc_first(); i < w.numel; i += tpc_step()) {
        int64_t at[2];
        tpc_offsets(w, i, at);
        tpc_store(y, to, at[0], power_of(tpc_load<double>(x, from, at[1]), a));
    }
}

static tp_status abs_power(tp__call *call)
{
    tpc_array x, y;
    const tpc_array *const in[] = { &x };
    tpc_walk w;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    tpc_walk_over(&w, &y, in, 1);
    if (!w.numel) return TP_OK;
    TPC_LAUNCH(powers, tpc_blocks(call, w.numel), TPC_BLOCK, 0, tpc_stream(call), w, y.data, y.dtype, x.data, x.dtype, *(const power_attr *)tpc_attr(call));
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_reduce_norm[] = {
    { "linalg_vector_norm", vector_norm, NULL }, { "abs_power", abs_power, NULL }, { NULL, NULL, NULL },
};
