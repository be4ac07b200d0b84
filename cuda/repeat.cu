/* repeat.cu: repeat, and repeat_slices: x [outer, n, inner], y [outer, starts[n], inner], slice i at the places from starts[i] on. */
#include "cuda/order.cuh"

/* ---- repeat --------------------------------------------------------------------------------------------------------------------------------- */

struct repeating { int ndim; int64_t numel, size[TP_MAX_DIMS], of_x[TP_MAX_DIMS], y[TP_MAX_DIMS], x[TP_MAX_DIMS]; };

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) repeat_places(T *y, const T *x, TPC_GIVEN repeating r)
{
    for (int64_t i = tpc_first(); i < r.numel; i += tpc_step()) {
        int64_t rest = i, to = 0, from = 0;
        for (int d = r.ndim - 1; d >= 0; d--) {
            int64_t at, in_x;
            rest = tpc_split(rest, r.size[d], &at);
            tpc_split(at, r.of_x[d], &in_x);
            to += at * r.y[d];
            from += in_x * r.x[d];
        }
        y[to] = x[from];
    }
}

static tp_status repeat(tp__call *call)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int lead = y.ndim - x.ndim;
    repeating r = repeating();
    r.numel = y.numel;
    for (int d = 0; d < y.ndim; d++) {
        const int64_t of_x = d < lead ? 1 : x.shape[d - lead];
        if (y.shape[d] == 1) continue;
        r.size[r.ndim] = y.shape[d];
        r.of_x[r.ndim] = of_x;
        r.y[r.ndim] = y.stride[d];
        r.x[r.ndim++] = d < lead ? 0 : x.stride[d - lead];
    }
    TPC_BY_SIZE(tpc_size(y.dtype), TPC_LAUNCH(repeat_places<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, (const T *)x.data, r))
    return tpc_launched(call);
}

/* ---- repeat_slices --------------------------------------------------------------------------------------------------------------------------- */

struct slicing { int64_t outer, n, inner, places; const int64_t *starts; };

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) repeat_rows(T *y, const T *x, TPC_GIVEN slicing s)
{
    for (int64_t i = tpc_first(); i < s.outer * s.places * s.inner; i += tpc_step()) {
        int64_t k, place, lo = 0, hi = s.n - 1;
        const int64_t outer = tpc_split(tpc_split(i, s.inner, &k), s.places, &place);
        while (lo < hi) {                              /* the last slice that begins at the place or before */
            const int64_t mid = lo + (hi - lo + 1) / 2;
            if (s.starts[mid] <= place) lo = mid;
            else hi = mid - 1;
        }
        y[i] = x[(outer * s.n + lo) * s.inner + k];
    }
}

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) sum_slices(void *y, const void *x, int dtype, TPC_GIVEN slicing s)
{
    for (int64_t i = tpc_first(); i < s.outer * s.n * s.inner; i += tpc_step()) {
        int64_t k, slice;
        const int64_t outer = tpc_split(tpc_split(i, s.inner, &k), s.n, &slice);
        W sum = 0;
        for (int64_t at = s.starts[slice]; at < s.starts[slice + 1]; at++) sum += tpc_load<W>(x, dtype, (outer * s.places + at) * s.inner + k);
        tpc_store(y, dtype, i, sum);
    }
}

static tp_status run_slices(const tp__call *call, bool sum)
{
    tpc_array x, starts, y;
    tpc_temporary room_x(call), room_starts(call);
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &starts);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int dim = (int)*(const int64_t *)tpc_attr(call);
    tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (!status && starts.on_device) status = tpc_contiguous(call, &starts, &room_starts.data);
    else if (!status && !(starts.data = room_starts.data = tpc_upload(call, starts.data, (size_t)starts.numel * sizeof(int64_t)))) status = TP_ERR_MEMORY;
    if (status) return status;
    slicing s = { 1, (sum ? y : x).shape[dim], 1, (sum ? x : y).shape[dim], (const int64_t *)starts.data };
    for (int d = 0; d < dim; d++) s.outer *= y.shape[d];
    for (int d = dim + 1; d < y.ndim; d++) s.inner *= y.shape[d];
    const unsigned blocks = tpc_blocks(call, y.numel);
    if (!sum) TPC_BY_SIZE(tpc_size(y.dtype), TPC_LAUNCH(repeat_rows<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, (const T *)x.data, s))
    else if (tpc_is_floating(y.dtype) && y.dtype != TP_F64) TPC_LAUNCH(sum_slices<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, y.dtype, s);
    else TPC_LAUNCH(sum_slices<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, y.dtype, s);
    return tpc_launched(call);
}

static tp_status repeat_slices(tp__call *call) { return run_slices(call, false); }
static tp_status repeat_slices_backward(tp__call *call) { return run_slices(call, true); }

extern "C" const tp_kernel tp__cuda_repeat[] = {
    { "repeat", repeat, NULL }, { "repeat_slices", repeat_slices, NULL }, { "repeat_slices_backward", repeat_slices_backward, NULL }, { NULL, NULL, NULL },
};
