/* scan.cu: sums, products and logarithms of sums so far, and what their gradients are made of. scan_extremes.cu has the extremes. */
#include "cuda/scan.cuh"

enum { FORWARD = 0, BACK = 1 };

/* ---- What is scanned -------------------------------------------------------------------------------------------------------------------------- */

struct reals {
    using acc = double;
    tpc_side x, y;
    __device__ double read(int64_t at, int64_t) const { return x.dtype == TP_F32 ? ((const float *)x.data)[at] : tpc_load_any<double>(x, at); }
    __device__ void write(int64_t at, int64_t, double a) const
    {
        if (y.dtype == TP_F32) ((float *)y.data)[at] = (float)a;
        else tpc_store_any(y, at, a);
    }
};
struct integers {
    using acc = int64_t;
    tpc_side x, y;
    __device__ int64_t read(int64_t at, int64_t) const { return tpc_get<int64_t>(x, at); }
    __device__ void write(int64_t at, int64_t, int64_t a) const { tpc_set(y, at, a); }
};
TPC_DEVICE double added(double a, double b) { return a + b; }
TPC_DEVICE int64_t added(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
TPC_DEVICE double multiplied(double a, double b) { return a * b; }
TPC_DEVICE int64_t multiplied(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

template <class Of> struct scan_sum_of : Of {
    using acc = typename Of::acc;
    __device__ acc none() const { return 0; }
    __device__ acc join(acc a, acc b) const { return added(a, b); }
};
template <class Of> struct scan_product_of : Of {
    using acc = typename Of::acc;
    __device__ acc none() const { return 1; }
    __device__ acc join(acc a, acc b) const { return multiplied(a, b); }
};

static __device__ TPC_NOINLINE double add_exp(double a, double b)
{
    const double low = a < b ? a : b, high = a < b ? b : a;
    if (a != a || b != b) return a + b;
    return low == high && isinf(low) ? a : high + ::log1p(::exp(low - high));
}
struct logsum : reals {
    __device__ double none() const { return -HUGE_VAL; }
    __device__ double join(double a, double b) const { return add_exp(a, b); }
};

/* e^(log of the sum, from the end, of |g| e^-y, plus x) for positive g less that for negative g; every step is rounded as where PyTorch
 * stores it. */
struct two_logs { double plus, minus; };
static __device__ TPC_NOINLINE double rounded_to(int dtype, double v) { return tpc_round_to(dtype, v); }
struct logsum_back {
    using acc = two_logs;
    tpc_side dx, x, g, y;
    double lowest;                                     /* of the dtype */
    __device__ acc none() const { return acc{ -HUGE_VAL, -HUGE_VAL }; }
    __device__ double term(double slope, double sum) const
    {
        const double log_g = slope > 0 ? rounded_to(dx.dtype, ::log(slope)) : slope != slope ? slope : lowest;
        return rounded_to(dx.dtype, log_g - sum);
    }
    __device__ acc read(int64_t at, int64_t) const
    {
        const double slope = tpc_load_any<double>(g, at), sum = tpc_load_any<double>(y, at);
        return acc{ term(slope, sum), term(-slope, sum) };
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ add_exp(a.plus, b.plus), add_exp(a.minus, b.minus) }; }
    __device__ void write(int64_t at, int64_t, const acc &a) const
    {
        const double v = tpc_load_any<double>(x, at);
        const double plus = ::exp(rounded_to(dx.dtype, rounded_to(dx.dtype, a.plus) + v));
        const double minus = ::exp(rounded_to(dx.dtype, rounded_to(dx.dtype, a.minus) + v));
        tpc_store_any(dx, at, rounded_to(dx.dtype, plus) - rounded_to(dx.dtype, minus));
    }
};

/* ---- Kernels --------------------------------------------------------------------------------------------------------------------------------------- */

/* By the output's dtype, which the input has been cast to */
template <class Real, class Whole> static tp_status run_numbers(const tp__call *call, bool back)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (y.dtype == TP_BOOL) return tpc_fail(call, TP_ERR_DTYPE, "bool is not computed with");
    if (tpc_is_floating(y.dtype)) {
        Real op;
        op.x = tpc_side_of(x);
        op.y = tpc_side_of(y);
        return tpc_scan_run(call, y, back, op);
    }
    Whole op;
    op.x = tpc_side_of(x);
    op.y = tpc_side_of(y);
    return tpc_scan_run(call, y, back, op);
}
static tp_status cumsum(tp__call *call) { return run_numbers<scan_sum_of<reals>, scan_sum_of<integers>>(call, FORWARD); }
static tp_status cumsum_reversed(tp__call *call) { return run_numbers<scan_sum_of<reals>, scan_sum_of<integers>>(call, BACK); }
static tp_status cumprod(tp__call *call) { return run_numbers<scan_product_of<reals>, scan_product_of<integers>>(call, FORWARD); }

static tp_status logcumsumexp(tp__call *call)
{
    tpc_array x, y;
    logsum op;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    op.x = tpc_side_of(x);
    op.y = tpc_side_of(y);
    return tpc_scan_run(call, y, FORWARD, op);
}

static tp_status logcumsumexp_backward(tp__call *call)
{
    tpc_array g, x, y, dx;
    tpc_in(call, 0, &g);
    tpc_in(call, 1, &x);
    tpc_in(call, 2, &y);
    tpc_out(call, 0, &dx);
    const double lowest = dx.dtype == TP_F64 ? -1.79769313486231570815e+308 : dx.dtype == TP_F16 ? -65504.0 : dx.dtype == TP_BF16 ? -3.38953138925153547591e+38
                                                                                                       : -3.40282346638528859812e+38;
    return tpc_scan_run(call, dx, BACK, logsum_back{ tpc_side_of(dx), tpc_side_of(x), tpc_side_of(g), tpc_side_of(y), lowest });
}

struct real_numbers {
    using acc = double;
    static __device__ double of(double v) { return v; }
    static __device__ double read(const tpc_side &x, int64_t at) { return tpc_load<double>(x.data, x.dtype, at); }
    static __device__ void write(const tpc_side &y, int64_t at, double v) { tpc_store(y.data, y.dtype, at, v); }
    static __device__ double size(double v) { return ::fabs(v); }
    static __device__ bool is_finite(double v) { return isfinite(v); }
};
static tp_status linear_scan(tp__call *call)
{
    tpc_array x, f, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &f);
    tpc_out(call, 0, &y);
    return y.numel ? tpc_linear_run<real_numbers>(call, y, tpc_side_of(y), tpc_side_of(x), tpc_side_of(f)) : TP_OK;
}

extern "C" const tp_kernel tp__cuda_scan[] = {
    { "cumsum", cumsum, NULL }, { "cumsum_reversed", cumsum_reversed, NULL }, { "cumprod", cumprod, NULL }, { "logcumsumexp", logcumsumexp, NULL },
    { "logcumsumexp_backward", logcumsumexp_backward, NULL }, { "linear_scan", linear_scan, NULL }, { NULL, NULL, NULL },
};
