/* softmax.cu: softmax and log_softmax over one dim, and their backward. Threads of a block share a row, or a row of columns where the dim is
 * not the last, so that neighbours read neighbours.
 *
 *   y = exp(x - m) / s,  log y = x - m - log s;  m = max x, s = sum exp(x - m)
 *   dx = y (dy - sum y dy);  of the logarithm dx = dy - exp(y) sum dy */
#include "cuda/kernel.cuh"

/* [outer, n, inner]; `lanes` threads for each of outer x inner rows */
struct rows_of { int64_t outer, n, inner; int lanes; };
struct side { void *data; int dtype; };

template <class S, class Join> TPC_DEVICE S join_lanes(S v, int part, int step, int lanes, Join join)
{
    TPC_SHARED(S, held, [TPC_BLOCK]);
    const int t = (int)threadIdx.x;
    held[t] = v;
    __syncthreads();
    for (int half = lanes / 2; half; half /= 2) {
        if (part < half) held[t] = v = join(v, held[t + half * step]);
        __syncthreads();
    }
    v = held[t - part * step];
    __syncthreads();
    return v;
}

struct greater { template <class S> __device__ S operator()(S a, S b) const { return b > a ? b : a; } };
TPC_DEVICE float exp_of(float x) { return expf(x); }
TPC_DEVICE double exp_of(double x) { return ::exp(x); }
TPC_DEVICE float log_of(float x) { return logf(x); }
TPC_DEVICE double log_of(double x) { return ::log(x); }

struct seat { int part, step, out, across; };
TPC_DEVICE seat take_seat(const rows_of &r)
{
    const int t = (int)threadIdx.x, across = TPC_BLOCK / r.lanes;
    return r.inner == 1 ? seat{ t % r.lanes, 1, t / r.lanes, across } : seat{ t / across, across, t % across, across };
}

/* narrow: the sum and its logarithm are rounded to the dtype of y, as PyTorch does along the last dim. */
template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) softmax_rows(const side y, const side x, const rows_of r, bool logarithm, bool narrow)
{
    const seat s = take_seat(r);
    const int64_t rows = r.outer * r.inner, tiles = (rows + s.across - 1) / s.across;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const int64_t row = b * s.across + s.out, n = row < rows ? r.n : 0, base = row / r.inner * r.n * r.inner + row % r.inner;
        S m = (S)-INFINITY, sum = 0;
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S v = tpc_load<S>(x.data, x.dtype, base + i * r.inner);
            m = v > m ? v : m;
        }
        m = join_lanes(m, s.part, s.step, r.lanes, greater());
        for (int64_t i = s.part; i < n; i += r.lanes) sum += exp_of(tpc_load<S>(x.data, x.dtype, base + i * r.inner) - m);
        sum = join_lanes(sum, s.part, s.step, r.lanes, tpc_add());
        const S scale = 1 / sum, rounded = narrow ? tpc_round_to(y.dtype, sum) : sum;
        const S logsum = narrow ? tpc_round_to(y.dtype, log_of(rounded)) : log_of(rounded);
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S v = tpc_load<S>(x.data, x.dtype, base + i * r.inner) - m;
            tpc_store(y.data, y.dtype, base + i * r.inner, logarithm ? v - logsum : exp_of(v) * scale);
        }
    }
}

template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) softmax_back(const side dx, const side dy, const side y, const rows_of r, bool logarithm)
{
    const seat s = take_seat(r);
    const int64_t rows = r.outer * r.inner, tiles = (rows + s.across - 1) / s.across;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const int64_t row = b * s.across + s.out, n = row < rows ? r.n : 0, base = row / r.inner * r.n * r.inner + row % r.inner;
        S sum = 0;
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S g = tpc_load<S>(dy.data, dy.dtype, base + i * r.inner);
            sum += logarithm ? g : g * tpc_load<S>(y.data, y.dtype, base + i * r.inner);
        }
        sum = join_lanes(sum, s.part, s.step, r.lanes, tpc_add());
        for (int64_t i = s.part; i < n; i += r.lanes) {
            const S g = tpc_load<S>(dy.data, dy.dtype, base + i * r.inner), v = tpc_load<S>(y.data, y.dtype, base + i * r.inner);
            tpc_store(dx.data, dx.dtype, base + i * r.inner, logarithm ? g - exp_of(v) * sum : v * (g - sum));
        }
    }
}

/* The first member of the attributes is the dim. */
static rows_of rows_along(const tpc_array &y, int64_t dim)
{
    rows_of r = { 1, 1, 1, 1 };
    if (y.ndim) r.n = y.shape[dim];
    for (int d = 0; d < y.ndim; d++)
        if (d != dim) (d < dim ? r.outer : r.inner) *= y.shape[d];
    const int most = r.inner == 1 ? TPC_BLOCK : TPC_BLOCK / 32;
    while (r.n >= 32 && r.lanes < most && r.lanes * 2 <= r.n) r.lanes *= 2;          /* short rows: one thread, which adds as the CPU does */
    return r;
}

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
    const rows_of r = rows_along(y, at);
    const bool narrow = logarithm && at >= y.ndim - 1 && (y.dtype == TP_F16 || y.dtype == TP_BF16);
    const side to = { y.data, y.dtype }, from = { x.data, x.dtype };
    const unsigned blocks = tpc_grid(call, (r.outer * r.inner * r.lanes + TPC_BLOCK - 1) / TPC_BLOCK);
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
    const rows_of r = rows_along(dx, dim < 0 ? dim + dx.ndim : dim);
    const side to = { dx.data, dx.dtype }, from = { dy.data, dy.dtype }, kept = { y.data, y.dtype };
    const unsigned blocks = tpc_grid(call, (r.outer * r.inner * r.lanes + TPC_BLOCK - 1) / TPC_BLOCK);
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
