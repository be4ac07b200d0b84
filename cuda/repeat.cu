/* repeat.cu: repeat, and repeat_slices: x [outer, n, inner], y [outer, starts[n], inner], slice i at the places from starts[i] on. Its gradient adds
 * up the places of a slice; of one that has hundreds, by pieces. */
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
enum { PIECE = 128 };

/* The last slice that begins at the place or before */
TPC_DEVICE int64_t slice_of(const slicing &s, int64_t place)
{
    int64_t lo = 0, hi = s.n - 1;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo + 1) / 2;
        if (s.starts[mid] <= place) lo = mid;
        else hi = mid - 1;
    }
    return lo;
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) repeat_rows(T *y, const T *x, TPC_GIVEN slicing s)
{
    for (int64_t i = tpc_first(); i < s.outer * s.places * s.inner; i += tpc_step()) {
        int64_t k, place;
        const int64_t outer = tpc_split(tpc_split(i, s.inner, &k), s.places, &place);
        y[i] = x[(outer * s.n + slice_of(s, place)) * s.inner + k];
    }
}

/* x[outer, place, k]: sum and those from `first` to `end` */
template <class W> TPC_DEVICE W sum_places(const void *x, int dtype, const slicing &s, int64_t outer, int64_t k, int64_t first, int64_t end, W sum)
{
    for (int64_t at = first; at < end; at++) sum += tpc_load<W>(x, dtype, (outer * s.places + at) * s.inner + k);
    return sum;
}

/* pieces [outer, places / PIECE, inner]: of those that are in one slice */
template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) sum_pieces(W *pieces, const void *x, int dtype, TPC_GIVEN slicing s)
{
    const int64_t count = s.places / PIECE;
    for (int64_t i = tpc_first(); i < s.outer * count * s.inner; i += tpc_step()) {
        int64_t k, piece;
        const int64_t outer = tpc_split(tpc_split(i, s.inner, &k), count, &piece), first = piece * PIECE;
        if (s.starts[slice_of(s, first) + 1] >= first + PIECE) pieces[i] = sum_places<W>(x, dtype, s, outer, k, first, first + PIECE, 0);
    }
}

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) sum_slices(void *y, const void *x, int dtype, TPC_GIVEN slicing s, const W *pieces)
{
    for (int64_t i = tpc_first(); i < s.outer * s.n * s.inner; i += tpc_step()) {
        int64_t k, slice;
        const int64_t outer = tpc_split(tpc_split(i, s.inner, &k), s.n, &slice), first = s.starts[slice], end = s.starts[slice + 1];
        const int64_t from = (first + PIECE - 1) / PIECE, to = end / PIECE;
        const bool in_pieces = pieces && from < to;
        W sum = sum_places<W>(x, dtype, s, outer, k, first, in_pieces ? from * PIECE : end, 0);
        for (int64_t p = from; in_pieces && p < to; p++) sum += pieces[(outer * (s.places / PIECE) + p) * s.inner + k];
        if (in_pieces) sum = sum_places<W>(x, dtype, s, outer, k, to * PIECE, end, sum);
        tpc_store(y, dtype, i, sum);
    }
}

template <class W> static tp_status sum_as(const tp__call *call, const tpc_array &y, const tpc_array &x, const slicing &s)
{
    const int64_t pieces = s.outer * (s.places / PIECE) * s.inner;
    const tpc_temporary room(call, (size_t)pieces * sizeof(W));
    if (pieces && !room.data) return TP_ERR_MEMORY;
    if (pieces) TPC_LAUNCH(sum_pieces<W>, tpc_blocks(call, pieces), TPC_BLOCK, 0, tpc_stream(call), room.as<W>(), (const void *)x.data, x.dtype, s);
    TPC_LAUNCH(sum_slices<W>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, y.dtype, s, (const W *)room.as<W>());
    return tpc_launched(call);
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
    if (sum) return tpc_is_floating(y.dtype) && y.dtype != TP_F64 ? sum_as<float>(call, y, x, s) : sum_as<double>(call, y, x, s);
    TPC_BY_SIZE(tpc_size(y.dtype), TPC_LAUNCH(repeat_rows<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, (const T *)x.data, s))
    return tpc_launched(call);
}

static tp_status repeat_slices(tp__call *call) { return run_slices(call, false); }
static tp_status repeat_slices_backward(tp__call *call) { return run_slices(call, true); }

extern "C" const tp_kernel tp__cuda_repeat[] = {
    { "repeat", repeat, NULL }, { "repeat_slices", repeat_slices, NULL }, { "repeat_slices_backward", repeat_slices_backward, NULL }, { NULL, NULL, NULL },
};
