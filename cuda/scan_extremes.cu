/* scan_extremes.cu: the greatest or least so far and its place, what is picked by such places, and the gradient, which is put there. These
 * places never fall along a row, so that is a scan, too: of sums over runs of one place. Given others, one thread for each row does it again. */
#include "cuda/scan.cuh"

/* The last of equals, and of NaNs */
template <class T> struct scan_candidate { T value; int64_t k, at; };       /* k: -1: none yet; at: its offset */
template <class T> struct extreme {
    using acc = scan_candidate<T>;
    tpc_side x, y;
    int64_t *places;
    int size;
    bool least;
    __device__ acc none() const { return acc{ 0, -1, 0 }; }
    __device__ acc read(int64_t at, int64_t k) const { return acc{ tpc_load_any<T>(x, at), k, at }; }
    __device__ acc join(const acc &a, const acc &b) const
    {
        if (a.k < 0 || b.k < 0) return a.k < 0 ? b : a;
        return b.value != b.value || (a.value == a.value && (least ? b.value <= a.value : b.value >= a.value)) ? b : a;
    }
    __device__ void write(int64_t at, int64_t, const acc &a) const
    {
        places[at] = a.k;
        switch (size) {
        case 1: ((uint8_t *)y.data)[at] = ((const uint8_t *)x.data)[a.at]; break;
        case 2: ((uint16_t *)y.data)[at] = ((const uint16_t *)x.data)[a.at]; break;
        case 4: ((uint32_t *)y.data)[at] = ((const uint32_t *)x.data)[a.at]; break;
        default: ((uint64_t *)y.data)[at] = ((const uint64_t *)x.data)[a.at]; break;
        }
    }
};

/* y[place] = the sum of x over the run of neighbours that have this place. Places that never fall, as those of the extremes so far, have one run
 * each; of others *falls tells. */
struct scan_run { double sum; int64_t place; };        /* of what comes last; place: -1: none yet */
struct run_sums {
    using acc = scan_run;
    tpc_side y, x;
    const int64_t *places;
    int64_t n, inner;
    int *falls;
    tpc_watch watch;
    __device__ acc none() const { return acc{ 0, -1 }; }
    __device__ acc read(int64_t at, int64_t k) const
    {
        const int64_t place = places[at];
        if (place < 0 || place >= n) tpc_note_bad(watch, place, n);
        if (k && places[at - inner] > place) *falls = 1;
        return acc{ tpc_load_any<double>(x, at), place };
    }
    __device__ acc join(const acc &a, const acc &b) const
    {
        if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
        return acc{ a.place == b.place ? a.sum + b.sum : b.sum, b.place };
    }
    __device__ void write(int64_t at, int64_t k, const acc &a) const
    {
        const bool ends = k == n - 1 || places[at + inner] != a.place;
        if (ends && a.place >= 0 && a.place < n) tpc_store_any(y, at + (a.place - k) * inner, a.sum);
    }
};

/* y[at[k]] += x[k], where neighbours that go to one place are added up before they are rounded; done again, if places fall */
static __global__ void __launch_bounds__(TPC_BLOCK) add_at(const tpc_rows r, const tpc_side y, const tpc_side x, const int64_t *places, const int *falls)
{
    if (!*falls) return;
    for (int64_t k = tpc_first(); k < r.outer * r.inner; k += tpc_step()) {
        const int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        for (int64_t i = 0; i < r.n; i++) tpc_store(y.data, y.dtype, base + i * r.inner, 0.0);
        for (int64_t i = 0; i < r.n;) {
            const int64_t to = places[base + i * r.inner];
            const bool inside = to >= 0 && to < r.n;
            double sum = inside ? tpc_load<double>(y.data, y.dtype, base + to * r.inner) : 0;
            for (; i < r.n && places[base + i * r.inner] == to; i++) sum += tpc_load<double>(x.data, x.dtype, base + i * r.inner);
            if (inside) tpc_store(y.data, y.dtype, base + to * r.inner, sum);
        }
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick(const tpc_rows r, T *y, const T *x, const int64_t *places, const tpc_watch watch)
{
    for (int64_t i = tpc_first(); i < r.outer * r.n * r.inner; i += tpc_step()) {
        int64_t place = places[i];
        if (place < 0 || place >= r.n) {
            tpc_note_bad(watch, place, r.n);
            place = 0;
        }
        y[i] = x[i / (r.n * r.inner) * (r.n * r.inner) + place * r.inner + i % r.inner];
    }
}

/* ---- Kernels --------------------------------------------------------------------------------------------------------------------------------------- */

static const char out_of_range[] = "index %lld is out of range for a dim of %lld";

static tp_status extremes(tp__call *call, bool least)
{
    tpc_array x, y, places;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &places);
    int64_t *const to = (int64_t *)places.data;
    if (tpc_is_floating(x.dtype)) return tpc_scan_run(call, y, false, extreme<double>{ tpc_side_of(x), tpc_side_of(y), to, tpc_size(x.dtype), least });
    return tpc_scan_run(call, y, false, extreme<int64_t>{ tpc_side_of(x), tpc_side_of(y), to, tpc_size(x.dtype), least });
}
static tp_status cummax(tp__call *call) { return extremes(call, false); }
static tp_status cummin(tp__call *call) { return extremes(call, true); }

static tp_status cummax_backward(tp__call *call)
{
    tpc_array x, places, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    tpc_temporary falls(call, sizeof(int));
    if (!falls.data) return TP_ERR_MEMORY;
    const tpc_rows r = tpc_rows_along(y, *(const int64_t *)tpc_attr(call));
    const int64_t *const at = (const int64_t *)places.data;
    tp_status status = tpc_check(call, cudaMemsetAsync(falls.data, 0, sizeof(int), tpc_stream(call)), "filling memory");
    if (!status) status = tpc_check(call, cudaMemsetAsync(y.data, 0, (size_t)(y.numel * tpc_size(y.dtype)), tpc_stream(call)), "filling memory");
    const run_sums sums = { tpc_side_of(y), tpc_side_of(x), at, r.n, r.inner, falls.as<int>(), tpc_watch_for(call, TP_ERR_INDEX, out_of_range) };
    if (!status) status = tpc_scan_run(call, y, false, sums);
    if (status) return status;
    TPC_LAUNCH(add_at, tpc_blocks(call, r.outer * r.inner), TPC_BLOCK, 0, tpc_stream(call), r, tpc_side_of(y), tpc_side_of(x), at, (const int *)falls.data);
    return tpc_launched(call);
}

static tp_status cummax_pick(tp__call *call)
{
    tpc_array x, places, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const tpc_rows r = tpc_rows_along(y, *(const int64_t *)tpc_attr(call));
    const tpc_watch watch = tpc_watch_for(call, TP_ERR_INDEX, out_of_range);
    const int64_t *const at = (const int64_t *)places.data;
    TPC_BY_SIZE(tpc_size(x.dtype),
                TPC_LAUNCH(pick<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), r, (T *)y.data, (const T *)x.data, at, watch))
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_scan_extremes[] = {
    { "cummax", cummax, NULL }, { "cummin", cummin, NULL }, { "cummax_backward", cummax_backward, NULL },
    { "cummax_pick", cummax_pick, NULL }, { NULL, NULL, NULL },
};
