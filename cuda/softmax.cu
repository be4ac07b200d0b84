/* softmax.cu: softmax and log_softmax over one dim, and their backward. Threads of a block share a row, or a row of columns where the dim is
 * not the last, so that neighbours read neighbours.
 *
 *   y = exp(x - m) / s,  log y = x - m - log s;  m = max x, s = sum exp(x - m)
 *   dx = y (dy - sum y dy);  of the logarithm dx = dy - exp(y) sum dy */
#include "cuda/lanes.cuh"

struct greater { template <class S> __device__ S operator()(S a, S b) const { return b > a ? b : a; } };

/* narrow: the sum and its logarithm are rounded to the dtype of y, as PyTorch does along the last dim. */
template <class S> static __global__ void __launch_bounds__(TPC_BLOCK)
softmax_rows(const tpc_side y, const tpc_side x, const tpc_rows r, bool logarithm, bool narrow)
{
    const tpc_seat s = tpc_take_seat(r);
    const int64_t tiles = tpc_row_tiles(r, s);
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(r, s, b);
        const int64_t n = at.n, base = at.base;
        S m = (S)-INFINITY, sum = 0;
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S v = tpc_load<S>(x.data, x.dtype, base + i * r.inner);
            m = v > m ? v : m;
        }
        m = tpc_lanes_join(m, s, r.lanes, greater());
        for (int64_t i = s.part; i < n; i += r.lanes) sum += tpc_exp(tpc_load<S>(x.data, x.dtype, base + i * r.inner) - m);
        sum = tpc_lanes_join(sum, s, r.lanes, tpc_add());
        const S scale = 1 / sum, rounded = narrow ? tpc_round_to(y.dtype, sum) : sum;
        const S logsum = narrow ? tpc_round_to(y.dtype, tpc_log(rounded)) : tpc_log(rounded);
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S v = tpc_load<S>(x.data, x.dtype, base + i * r.inner) - m;
            tpc_store(y.data, y.dtype, base + i * r.inner, logarithm ? v - logsum : tpc_exp(v) * scale);
        }
    }
}

template <class S> static __global__ void __launch_bounds__(TPC_BLOCK)
softmax_back(const tpc_side dx, const tpc_side dy, const tpc_side y, const tpc_rows r, bool logarithm)
{
    const tpc_seat s = tpc_take_seat(r);
    const int64_t tiles = tpc_row_tiles(r, s);
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(r, s, b);
        const int64_t n = at.n, base = at.base;
        S sum = 0;
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S g = tpc_load<S>(dy.data, dy.dtype, base + i * r.inner);
            sum += logarithm ? g : g * tpc_load<S>(y.data, y.dtype, base + i * r.inner);
        }
        sum = tpc_lanes_join(sum, s, r.lanes, tpc_add());
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S g = tpc_load<S>(dy.data, dy.dtype, base + i * r.inner), v = tpc_load<S>(y.data, y.dtype, base + i * r.inner);
            tpc_store(dx.data, dx.dtype, base + i * r.inner, logarithm ? g - tpc_exp(v) * sum : v * (g - sum));
        }
    }
}

/* The first member of the attributes is the dim. */
static tp_status forward(tp__call *call, bool logarithm)
{
    tpc_array x, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const tp_status status = tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    const int64_t dim = *(const int64_t *)tpc_attr(call), at = dim < 0 ? dim + y.ndim : dim;
    const tpc_rows r = tpc_rows_along(y, at);
    const bool narrow = logarithm && at >= y.ndim - 1 && (y.dtype == TP_F16 || y.dtype == TP_BF16);
    const tpc_side to = { y.data, y.dtype }, from = { x.data, x.dtype };
    const unsigned blocks = tpc_rows_grid(call, r);
    if (x.dtype == TP_F64) TPC_LAUNCH(softmax_rows<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), to, from, r, logarithm, narrow);
    else TPC_LAUNCH(softmax_rows<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), to, from, r, logarithm, narrow);
    return tpc_launched(call);
}

static tp_status backward(tp__call *call, bool logarithm)
{
    tpc_array dy, y, dx;
    tpc_temporary room_dy(call), room_y(call);
    tpc_in(call, 0, &dy);
    tpc_in(call, 1, &y);
    tpc_out(call, 0, &dx);
    if (!dx.numel) return TP_OK;
    tp_status status = tpc_contiguous(call, &dy, &room_dy.data);
    if (!status) status = tpc_contiguous(call, &y, &room_y.data);
    if (status) return status;
    const int64_t dim = *(const int64_t *)tpc_attr(call);
    const tpc_rows r = tpc_rows_along(dx, dim < 0 ? dim + dx.ndim : dim);
    const tpc_side to = { dx.data, dx.dtype }, from = { dy.data, dy.dtype }, kept = { y.data, y.dtype };
    const unsigned blocks = tpc_rows_grid(call, r);
    if (dy.dtype == TP_F64) TPC_LAUNCH(softmax_back<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), to, from, kept, r, logarithm);
    else TPC_LAUNCH(softmax_back<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), to, from, kept, r, logarithm);
    return tpc_launched(call);
}

static tp_status softmax(tp__call *call) { return forward(call, false); }
static tp_status log_softmax(tp__call *call) { return forward(call, true); }
static tp_status softmax_backward(tp__call *call) { return backward(call, false); }
static tp_status log_softmax_backward(tp__call *call) { return backward(call, true); }

extern "C" const tp_kernel tp__cuda_softmax[] = {
    { "softmax", softmax, NULL }, { "log_softmax", log_softmax, NULL }, { "softmax_backward", softmax_backward, NULL },
    { "log_softmax_backward", log_softmax_backward, NULL }, { NULL, NULL, NULL },
};
