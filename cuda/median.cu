/* median.cu: the median and the mode of rows, which are sorted for it. */
#include "cuda/order.cuh"

enum { MEDIAN, NANMEDIAN, MODE };

/* Rows of keys in order, and the places that they had */
struct picking { const void *keys; bool wide; const uint32_t *places; int64_t rows, n; int dtype; bool ignores; };

/* From `from` on, the first place of the row whose key is above `key` (or not below it) */
TPC_DEVICE int64_t first_above(const picking &p, int64_t row, int64_t from, uint64_t key, bool or_equal)
{
    int64_t lo = from, hi = p.n;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        const uint64_t k = tpc_key_at(p.keys, p.wide, row * p.n + mid);
        if (or_equal ? k >= key : k > key) hi = mid;
        else lo = mid + 1;
    }
    return lo;
}

/* Of a row with a NaN the first one of them, else the lower of the two in the middle; NaN may be left aside. */
static __global__ void __launch_bounds__(TPC_BLOCK) pick_median(TPC_GIVEN picking p, int64_t *at)
{
    for (int64_t row = tpc_first(); row < p.rows; row += tpc_step()) {
        const uint64_t nan = tpc_key_of_nan(p.dtype);
        const int64_t numbers = nan ? first_above(p, row, 0, nan, true) : p.n;
        const int64_t k = numbers < p.n && !p.ignores ? numbers : numbers ? (numbers - 1) / 2 : 0;
        at[row] = p.places[row * p.n + k];
    }
}

/* The last of the longest run of equal keys, of the first run that is as long. A NaN equals nothing. A block a row. */
static __global__ void __launch_bounds__(TPC_BLOCK) pick_mode(TPC_GIVEN picking p, int64_t *at)
{
    const uint64_t nan = tpc_key_of_nan(p.dtype);
    for (int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
        int64_t best = 0;                              /* the length, and how far before the end the run begins */
        for (int64_t i = threadIdx.x; i < p.n; i += TPC_BLOCK) {
            const uint64_t key = tpc_key_at(p.keys, p.wide, row * p.n + i);
            const bool is_nan = nan && key == nan;
            if (!is_nan && i && tpc_key_at(p.keys, p.wide, row * p.n + i - 1) == key) continue;
            const int64_t length = is_nan ? 1 : first_above(p, row, i, key, false) - i, run = length << 32 | (p.n - i);
            best = run > best ? run : best;
        }
        best = tpc_block_max(best);
        if (!threadIdx.x) at[row] = p.places[row * p.n + p.n - (best & UINT32_MAX) + (best >> 32) - 1];
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick_values(T *values, const T *x, const int64_t *at, int64_t rows, int64_t n)
{
    for (int64_t row = tpc_first(); row < rows; row += tpc_step()) values[row] = x[row * n + at[row]];
}

/* Of no elements at all: NaN, which integers cannot be. */
static __global__ void set_nothing(void *y, int dtype)
{
    switch (dtype) {
    case TP_I64: *(int64_t *)y = INT64_MIN; break;
    case TP_I32: *(int32_t *)y = INT32_MIN; break;
    case TP_F32: case TP_F64: case TP_F16: case TP_BF16: tpc_store(y, dtype, 0, (double)NAN); break;
    default: tpc_store(y, dtype, 0, (int64_t)0);
    }
}

/* in[0], contiguous, is a row for each element of out[0]. */
static tp_status run(tp__call *call, int what)
{
    tpc_array x, values, places;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &values);
    const int64_t rows = values.numel;
    if (!rows) return TP_OK;
    const cudaStream_t stream = tpc_stream(call);
    if (!x.numel) {
        TPC_LAUNCH(set_nothing, 1, 1, 0, stream, values.data, values.dtype);
        return tpc_launched(call);
    }
    const int64_t n = x.numel / rows;
    if (n > TPC_ORDER_MOST) return tpc_fail(call, TP_ERR_UNSUPPORTED, "a row has %lld elements, at most %d are possible", (long long)n, TPC_ORDER_MOST);
    const bool asked = tpc_n_out(call) > 1 && tpc_out(call, 1, &places);
    tpc_order o(call, rows, n, tpc_key_is_wide(x.dtype));
    tpc_temporary room(call, asked ? 0 : (size_t)rows * sizeof(int64_t));
    if (!o.good() || (!asked && !room.data)) return TP_ERR_MEMORY;
    const tp_status status = tpc_order_values(call, &o, x.data, x.dtype, false);
    if (status) return status;
    int64_t *const at = asked ? (int64_t *)places.data : room.as<int64_t>();
    const picking p = { o.keys, o.wide, o.places, rows, n, x.dtype, what == NANMEDIAN };
    if (what == MODE) TPC_LAUNCH(pick_mode, tpc_grid(call, rows), TPC_BLOCK, 0, stream, p, at);
    else TPC_LAUNCH(pick_median, tpc_blocks(call, rows), TPC_BLOCK, 0, stream, p, at);
    TPC_BY_SIZE(tpc_size(x.dtype), TPC_LAUNCH(pick_values<T>, tpc_blocks(call, rows), TPC_BLOCK, 0, stream, (T *)values.data,
                                              (const T *)x.data, (const int64_t *)at, rows, n))
    return tpc_launched(call);
}

static tp_status median(tp__call *call) { return run(call, MEDIAN); }
static tp_status nanmedian(tp__call *call) { return run(call, NANMEDIAN); }
static tp_status mode(tp__call *call) { return run(call, MODE); }

extern "C" const tp_kernel tp__cuda_median[] = { { "median", median, NULL }, { "nanmedian", nanmedian, NULL }, { "mode", mode, NULL }, { NULL, NULL, NULL } };
