/* max.cu: the place of the greatest or least element, on contiguous inputs seen as [outer, n, inner]; NaN wins, and of equals the first. */
#include "cuda/lanes.cuh"
#include "cuda/reduce.cuh"

/* ---- Along a dim, or of all ---------------------------------------------------------------------------------------------------------------- */

template <class T> struct candidate { T value; int64_t j, at; };       /* j: its number along the dim, -1: none yet; at: its offset */
template <class T> struct best_place {
    using acc = candidate<T>;
    const void *x;
    int dtype, size;
    bool least;
    void *values;                                      /* NULL: not wanted */
    int64_t *places;
    __device__ acc begin() const { return acc{ 0, -1, 0 }; }
    __device__ bool wins(const acc &b, const acc &a) const          /* b over a */
    {
        if (b.j < 0 || a.j < 0) return b.j >= 0;
        const bool nan = b.value != b.value, more = least ? b.value < a.value : b.value > a.value;
        if (nan != (a.value != a.value)) return nan;
        return more || (!(least ? a.value < b.value : a.value > b.value) && b.j < a.j);
    }
    __device__ void add(acc &a, int64_t at, int64_t j) const { a = join(a, acc{ tpc_load<T>(x, dtype, at), j, at }); }
    __device__ acc join(const acc &a, const acc &b) const { return wins(b, a) ? b : a; }
    __device__ void finish(const acc &a, int64_t o) const
    {
        places[o] = a.j;
        if (!values) return;
        switch (size) {
        case 1: ((uint8_t *)values)[o] = ((const uint8_t *)x)[a.at]; break;
        case 2: ((uint16_t *)values)[o] = ((const uint16_t *)x)[a.at]; break;
        case 4: ((uint32_t *)values)[o] = ((const uint32_t *)x)[a.at]; break;
        default: ((uint64_t *)values)[o] = ((const uint64_t *)x)[a.at]; break;
        }
    }
};

/* The first of the attributes is the dim. */
static tp_status search(tp__call *call, bool least, bool has_values)
{
    const int64_t dim = *(const int64_t *)tpc_attr(call);
    tpc_array x, values = tpc_array(), places;
    tpc_in(call, 0, &x);
    if (has_values) tpc_out(call, 0, &values);
    tpc_out(call, has_values ? 1 : 0, &places);
    const uint64_t gone = dim == TP_NONE ? ((uint64_t)1 << x.ndim) - 1 : x.ndim ? (uint64_t)1 << dim : 0;
    const int size = tpc_size(x.dtype);
    int64_t *const to = (int64_t *)places.data;
    if (tpc_is_floating(x.dtype)) return tpc_reduce_run(call, x, gone, best_place<double>{ x.data, x.dtype, size, least, values.data, to });
    return tpc_reduce_run(call, x, gone, best_place<int64_t>{ x.data, x.dtype, size, least, values.data, to });
}
static tp_status max_dim(tp__call *call) { return search(call, false, true); }
static tp_status min_dim(tp__call *call) { return search(call, true, true); }
static tp_status argmax(tp__call *call) { return search(call, false, false); }
static tp_status argmin(tp__call *call) { return search(call, true, false); }

/* ---- out[o, at, i] = in[o, i], else 0; and back -------------------------------------------------------------------------------------------------- */

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) scatter(const tpc_rows r, T *y, const T *x, const int64_t *places, const tpc_watch watch)
{
    const tpc_seat s = tpc_take_seat(r);
    const int64_t tiles = tpc_row_tiles(r, s);
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row row = tpc_row_at(r, s, b);
        if (!row.n) continue;
        const int64_t place = places[row.row];
        const T v = x[row.row], zero = T();
        if (place < 0 || place >= row.n) tpc_note_bad(watch, place, row.n);
        for (int64_t i = s.part; i < row.n; i += r.lanes) y[row.base + i * r.inner] = i == place ? v : zero;
    }
}
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) gather(const tpc_rows r, T *y, const T *x, const int64_t *places, const tpc_watch watch)
{
    for (int64_t k = tpc_first(); k < r.outer * r.inner; k += tpc_step()) {
        int64_t place = places[k];
        if (place < 0 || place >= r.n) {
            tpc_note_bad(watch, place, r.n);
            place = 0;
        }
        y[k] = x[(k / r.inner * r.n + place) * r.inner + k % r.inner];
    }
}

/* The larger tensor has the dim that the smaller lacks. */
static tp_status at_places(tp__call *call, bool gathers)
{
    tpc_array x, places, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    const tpc_rows r = tpc_rows_along(gathers ? x : y, *(const int64_t *)tpc_attr(call));
    const tpc_watch watch = tpc_watch_for(call, TP_ERR_INDEX, "index %lld is out of range for a dim of %lld");
    const int64_t *const at = (const int64_t *)places.data;
    const cudaStream_t stream = tpc_stream(call);
    if (!y.numel) return TP_OK;
    TPC_BY_SIZE(tpc_size(x.dtype),
        if (gathers) TPC_LAUNCH(gather<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, stream, r, (T *)y.data, (const T *)x.data, at, watch);
        else TPC_LAUNCH(scatter<T>, tpc_rows_grid(call, r), TPC_BLOCK, 0, stream, r, (T *)y.data, (const T *)x.data, at, watch))
    return tpc_launched(call);
}
static tp_status max_scatter(tp__call *call) { return at_places(call, false); }
static tp_status max_gather(tp__call *call) { return at_places(call, true); }

/* ---- dy shared by all that are as great ----------------------------------------------------------------------------------------------------------- */

TPC_DEVICE bool alike(double a, double b) { return a == b || (a != a && b != b); }

struct count_equal {
    using acc = int64_t;
    tpc_side x, y;
    int64_t *count;
    __device__ acc begin() const { return 0; }
    __device__ void add(acc &a, int64_t at, int64_t) const { a += alike(tpc_load<double>(x.data, x.dtype, at), tpc_load<double>(y.data, y.dtype, 0)); }
    __device__ acc join(acc a, acc b) const { return a + b; }
    __device__ void finish(acc a, int64_t) const { *count = a; }
};

static __global__ void __launch_bounds__(TPC_BLOCK)
share(const tpc_side dx, const tpc_side dy, const tpc_side x, const tpc_side y, int64_t n, const int64_t *count)
{
    const double part = tpc_load<double>(dy.data, dy.dtype, 0) / (double)*count, most = tpc_load<double>(y.data, y.dtype, 0);
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(dx.data, dx.dtype, i, alike(tpc_load<double>(x.data, x.dtype, i), most) ? part : 0.0);
}

static tp_status max_backward(tp__call *call)
{
    tpc_array dy, x, y, dx;
    tpc_in(call, 0, &dy);
    tpc_in(call, 1, &x);
    tpc_in(call, 2, &y);
    tpc_out(call, 0, &dx);
    if (!dx.numel) return TP_OK;
    tpc_temporary count(call, sizeof(int64_t));
    if (!count.data) return TP_ERR_MEMORY;
    const tp_status status = tpc_reduce_run(call, x, ((uint64_t)1 << x.ndim) - 1, count_equal{ tpc_side_of(x), tpc_side_of(y), count.as<int64_t>() });
    if (status) return status;
    TPC_LAUNCH(share, tpc_blocks(call, dx.numel), TPC_BLOCK, 0, tpc_stream(call), tpc_side_of(dx), tpc_side_of(dy), tpc_side_of(x), tpc_side_of(y), dx.numel,
               count.as<int64_t>());
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_max[] = {
    { "max.dim", max_dim, NULL }, { "min.dim", min_dim, NULL }, { "argmax", argmax, NULL }, { "argmin", argmin, NULL }, { "max_backward", max_backward, NULL },
    { "max_scatter", max_scatter, NULL }, { "max_gather", max_gather, NULL }, { NULL, NULL, NULL },
};
