/* nonzero.cu: where a tensor is not zero. Stretches are counted, the counts summed up, and the places written: the host waits for how many
 * there are. */
#include "cuda/order.cuh"

enum { EACH = 8, STRETCH = TPC_BLOCK * EACH };

TPC_DEVICE bool is_set(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case TP_C64: return ((const float *)x)[2 * i] != 0 || ((const float *)x)[2 * i + 1] != 0;
    case TP_C128: return ((const double *)x)[2 * i] != 0 || ((const double *)x)[2 * i + 1] != 0;
    case TP_F32: case TP_F64: case TP_F16: case TP_BF16: return tpc_load<double>(x, dtype, i) != 0;
    default: return tpc_load<int64_t>(x, dtype, i) != 0;
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) count_set(const void *x, int dtype, int64_t n, int64_t *count)
{
    for (int64_t s = blockIdx.x; s * STRETCH < n; s += gridDim.x) {
        int have = 0;
        for (int64_t i = s * STRETCH + threadIdx.x; i < n && i < (s + 1) * STRETCH; i += TPC_BLOCK) have += is_set(x, dtype, i);
        have = tpc_block_sum(have);
        if (!threadIdx.x) count[s] = have;
    }
}

/* The place i, as one number or as one for each dim */
struct listing { int ndim; bool flat; int64_t n, size[TP_MAX_DIMS]; };

static __global__ void __launch_bounds__(TPC_BLOCK) list_set(const void *x, int dtype, TPC_GIVEN listing l, const int64_t *before, int64_t *y)
{
    TPC_SHARED(int, part, [TPC_BLOCK / 32]);
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5;
    for (int64_t s = blockIdx.x; s * STRETCH < l.n; s += gridDim.x) {
        int64_t at = before[s];
        for (int e = 0; e < EACH; e++) {
            const int64_t i = s * STRETCH + e * TPC_BLOCK + threadIdx.x;
            const bool set = i < l.n && is_set(x, dtype, i);
            const unsigned lanes = __ballot_sync(~0u, set);
            if (!lane) part[warp] = __popc(lanes);
            __syncthreads();
            int64_t to = at + __popc(lanes & ((1u << lane) - 1)), rest = i;
            for (int w = 0; w < TPC_BLOCK / 32; w++) {
                if (w < warp) to += part[w];
                at += part[w];
            }
            __syncthreads();
            if (!set) continue;
            if (l.flat) y[to] = i;
            for (int d = l.ndim - 1; d >= 0 && !l.flat; d--) rest = tpc_split(rest, l.size[d], &y[to * l.ndim + d]);
        }
    }
}

static tp_status find(tp__call *call, bool flat)
{
    tpc_array x, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    int64_t shape[2] = { 0, x.ndim };
    if (!x.numel) return tpc_make_out(call, TP_I64, flat ? 1 : 2, shape, &y);
    tp_status status = tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    const int64_t stretches = (x.numel + STRETCH - 1) / STRETCH;
    tpc_temporary counts(call, (size_t)(stretches + 1) * sizeof(int64_t));
    if (!counts.data) return TP_ERR_MEMORY;
    int64_t *const before = counts.as<int64_t>();
    TPC_LAUNCH(count_set, tpc_grid(call, stretches), TPC_BLOCK, 0, tpc_stream(call), (const void *)x.data, x.dtype, x.numel, before);
    status = tpc_running_sum(call, before, stretches);
    if (!status) status = tpc_download(call, &shape[0], before + stretches, sizeof *shape);
    if (!status) status = tpc_make_out(call, TP_I64, flat ? 1 : 2, shape, &y);
    if (status || !y.numel) return status;
    listing l = listing();
    l.ndim = x.ndim;
    l.flat = flat;
    l.n = x.numel;
    for (int d = 0; d < x.ndim; d++) l.size[d] = x.shape[d];
    TPC_LAUNCH(list_set, tpc_grid(call, stretches), TPC_BLOCK, 0, tpc_stream(call), (const void *)x.data, x.dtype, l,
               (const int64_t *)before, (int64_t *)y.data);
    return tpc_launched(call);
}

static tp_status nonzero(tp__call *call) { return find(call, false); }
static tp_status nonzero_flat(tp__call *call) { return find(call, true); }

extern "C" const tp_kernel tp__cuda_nonzero[] = { { "nonzero", nonzero, NULL }, { "nonzero_flat", nonzero_flat, NULL }, { NULL, NULL, NULL } };
