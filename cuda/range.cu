/* range.cu: arange, linspace and logspace, as PyTorch computes them: in the dtype itself, 16-bit floats rounded at each step, integers in
 * float64 and cut off; the second half counted from the end. No product is fused with a sum, so that the bits are the CPU's. */
#include "cuda/kernel.cuh"

static __global__ void __launch_bounds__(TPC_BLOCK) count_whole(void *y, int dtype, int64_t n, tp__number_row r)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(y, dtype, i, (int64_t)((uint64_t)r.first + (uint64_t)i * (uint64_t)r.stride));
}
static __global__ void __launch_bounds__(TPC_BLOCK) count_real(void *y, int dtype, int64_t n, tp__number_row r)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(y, dtype, i, __dadd_rn(r.start, __dmul_rn(r.step, (double)i)));
}

TPC_DEVICE double rounded(int dtype, double v)
{
    return dtype == TP_F32 || dtype == TP_F16 || dtype == TP_BF16 ? tpc_round_to(dtype, v) : v;
}
static __global__ void __launch_bounds__(TPC_BLOCK) divide(void *y, int dtype, int64_t n, tp__number_row r, bool power)
{
    const double start = rounded(dtype, r.start), end = rounded(dtype, r.end);
    const double step = n > 1 ? rounded(dtype, rounded(dtype, end - start) / rounded(dtype, (double)(n - 1))) : 0;
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        const bool near_start = i < n / 2 || n == 1;
        const double way = rounded(dtype, __dmul_rn(step, rounded(dtype, (double)(near_start ? i : n - 1 - i))));
        const double v = rounded(dtype, near_start ? __dadd_rn(start, way) : __dadd_rn(end, -way));
        tpc_store(y, dtype, i, power ? ::pow(r.base, v) : v);
    }
}

static tp_status arange(tp__call *call)
{
    const tp__number_row r = *(const tp__number_row *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    if (tpc_is_floating(y.dtype)) TPC_LAUNCH(count_real, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, y.numel, r);
    else TPC_LAUNCH(count_whole, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, y.numel, r);
    return tpc_launched(call);
}

static tp_status between(tp__call *call, bool power)
{
    const tp__number_row r = *(const tp__number_row *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    TPC_LAUNCH(divide, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, y.numel, r, power);
    return tpc_launched(call);
}
static tp_status linspace(tp__call *call) { return between(call, false); }
static tp_status logspace(tp__call *call) { return between(call, true); }

extern "C" const tp_kernel tp__cuda_range[] = {
    { "arange", arange, NULL }, { "linspace", linspace, NULL }, { "logspace", logspace, NULL }, { NULL, NULL, NULL },
};
