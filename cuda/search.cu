/* search.cu: binary search in sorted rows, a thread for each value. */
#include "cuda/order.cuh"

struct searching {
    const void *rows, *x;
    const int64_t *sorter;
    void *y;
    int64_t n, width, count;                           /* of a row; of the values that are looked for in it, or all; of all values */
    bool right, to_int32;
    tpc_watch watch;
};

/* A NaN that is looked for comes after all: no element is found to be greater, or not less. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) search_rows(TPC_GIVEN searching s)
{
    for (int64_t i = tpc_first(); i < s.count; i += tpc_step()) {
        const int64_t row = i / s.width * s.n;
        const T *x = (const T *)s.rows + row, v = ((const T *)s.x)[i];
        int64_t lo = 0, hi = s.n;
        while (lo < hi) {
            const int64_t mid = lo + (hi - lo) / 2, given = s.sorter ? s.sorter[row + mid] : mid, at = given >= 0 && given < s.n ? given : 0;
            const T m = x[at];
            if (s.right ? m > v : m >= v) hi = mid;
            else lo = mid + 1;
        }
        if (s.to_int32) ((int32_t *)s.y)[i] = (int32_t)lo;
        else ((int64_t *)s.y)[i] = lo;
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) check_sorter(const int64_t *sorter, int64_t count, int64_t n, tpc_watch watch)
{
    for (int64_t i = tpc_first(); i < count; i += tpc_step())
        if (sorter[i] < 0 || sorter[i] >= n) tpc_note_bad(watch, sorter[i], n);
}

/* in: rows and values, contiguous and of one dtype; perhaps the order of the rows. */
static tp_status searchsorted(tp__call *call)
{
    const tp__search *a = (const tp__search *)tpc_attr(call);
    tpc_array rows, x, sorter, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &rows);
    tpc_in(call, 1, &x);
    tpc_out(call, 0, &y);
    const int64_t n = rows.shape[rows.ndim - 1];
    if (!x.numel) return TP_OK;
    if (a->out_int32 && n > INT32_MAX) return tpc_fail(call, TP_ERR_ARGUMENT, "int32 does not hold positions in a row of %lld", (long long)n);
    if (!x.on_device && !(x.data = room.data = tpc_upload(call, x.data, (size_t)tpc_size(x.dtype)))) return TP_ERR_MEMORY;
    searching s = searching();
    s.rows = rows.data;
    s.x = x.data;
    s.y = y.data;
    s.n = n;
    s.width = rows.ndim > 1 ? x.shape[x.ndim - 1] : x.numel;
    s.count = x.numel;
    s.right = a->right;
    s.to_int32 = a->out_int32;
    const cudaStream_t stream = tpc_stream(call);
    if (tpc_in(call, 2, &sorter) && sorter.numel) {
        const tpc_watch watch = tpc_watch_for(call, TP_ERR_INDEX, "index %lld of the sorter is out of range for a row of %lld");
        s.sorter = (const int64_t *)sorter.data;
        TPC_LAUNCH(check_sorter, tpc_blocks(call, sorter.numel), TPC_BLOCK, 0, stream, s.sorter, sorter.numel, n, watch);
    }
    const unsigned blocks = tpc_blocks(call, x.numel);
    if (rows.dtype == TP_F32) TPC_LAUNCH(search_rows<float>, blocks, TPC_BLOCK, 0, stream, s);
    else if (rows.dtype == TP_F64) TPC_LAUNCH(search_rows<double>, blocks, TPC_BLOCK, 0, stream, s);
    else TPC_LAUNCH(search_rows<int64_t>, blocks, TPC_BLOCK, 0, stream, s);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_search[] = { { "searchsorted", searchsorted, NULL }, { NULL, NULL, NULL } };
