/* count.cu: counting whole numbers, and values in bins. Counts are added by atomics, since whole numbers do not care for the order. Weights are
 * added in one that depends on sizes alone: parts of the values go to one thread each, with sums of its own, which are joined after. */
#include "cuda/reduce.cuh"

/* ---- bincount ------------------------------------------------------------------------------------------------------------------------------------ */

struct range { int64_t least, most; };
struct range_of {
    using acc = range;
    const void *x;
    int dtype;
    range *y;
    __device__ acc begin() const { return acc{ INT64_MAX, -1 }; }
    __device__ void add(acc &a, int64_t at, int64_t) const
    {
        const int64_t v = tpc_load<int64_t>(x, dtype, at);
        a = join(a, acc{ v, v });
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ b.least < a.least ? b.least : a.least, b.most > a.most ? b.most : a.most }; }
    __device__ void finish(const acc &a, int64_t) const { *y = a; }
};

struct values { const void *x; int dtype; int64_t n, stride; };

/* Few counts are a block's own first, in shared memory, and go to those of all at its end: else all threads would wait for each other at the same
 * ones. All threads of the block call both. */
enum { FEW = 4096 };
TPC_DEVICE void begin_counts(unsigned *own, int64_t bins)
{
    for (int b = (int)threadIdx.x; b < bins && bins <= FEW; b += TPC_BLOCK) own[b] = 0;
    __syncthreads();
}
TPC_DEVICE void count(unsigned *own, int64_t bins, unsigned long long *all, int64_t bin)
{
    if (bins <= FEW) atomicAdd(&own[bin], 1u);
    else atomicAdd(&all[bin], 1ull);
}
TPC_DEVICE void end_counts(const unsigned *own, int64_t bins, unsigned long long *all)
{
    __syncthreads();
    for (int b = (int)threadIdx.x; b < bins && bins <= FEW; b += TPC_BLOCK)
        if (own[b]) atomicAdd(&all[b], (unsigned long long)own[b]);
}

static __global__ void __launch_bounds__(TPC_BLOCK) count_values(const values v, int64_t bins, unsigned long long *y)
{
    TPC_SHARED(unsigned, own, [FEW]);
    begin_counts(own, bins);
    for (int64_t i = tpc_first(); i < v.n; i += tpc_step()) count(own, bins, y, tpc_load<int64_t>(v.x, v.dtype, i * v.stride));
    end_counts(own, bins, y);
}

/* Thread k adds the weights of part k to row k of `sums` [parts, size]. */
static __global__ void __launch_bounds__(TPC_BLOCK) add_weights(const values v, const values w, int64_t parts, int64_t per_part, int64_t size, double *sums)
{
    for (int64_t k = tpc_first(); k < parts; k += tpc_step()) {
        const int64_t end = (k + 1) * per_part < v.n ? (k + 1) * per_part : v.n;
        for (int64_t i = k * per_part; i < end; i++)
            sums[k * size + tpc_load<int64_t>(v.x, v.dtype, i * v.stride)] += tpc_load<double>(w.x, w.dtype, i * w.stride);
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) join_parts(int64_t parts, int64_t size, const double *sums, void *y, int dtype)
{
    for (int64_t b = tpc_first(); b < size; b += tpc_step()) {
        double sum = 0;
        for (int64_t k = 0; k < parts; k++) sum += sums[k * size + b];
        tpc_store(y, dtype, b, sum);
    }
}

static tp_status zero(const tp__call *call, void *room, size_t bytes)
{
    return bytes ? tpc_check(call, cudaMemsetAsync(room, 0, bytes, tpc_stream(call)), "filling memory with zeros") : TP_OK;
}

static tp_status take_range(const tp__call *call, const tpc_array &x, int64_t *size)
{
    range r = { 0, -1 };
    tpc_temporary room(call, sizeof r);
    if (!room.data) return TP_ERR_MEMORY;
    tp_status status = tpc_reduce_run(call, x, 1, range_of{ x.data, x.dtype, room.as<range>() });
    if (!status) status = tpc_download(call, &r, room.data, sizeof r);
    if (status) return status;
    if (x.numel && r.least < 0) return tpc_fail(call, TP_ERR_INDEX, "value %lld is negative", (long long)r.least);
    if (r.most == INT64_MAX) return tpc_fail(call, TP_ERR_INDEX, "value %lld is too large", (long long)r.most);
    if (r.most + 1 > *size) *size = r.most + 1;
    return TP_OK;
}

static tp_status add_all_weights(const tp__call *call, const values &v, const values &w, int64_t size, const tpc_array &y)
{
    enum { EACH = 64, PARTS = 1024, ROOM = 1 << 22 };  /* values of a part at least, parts, and elements of all sums, unless there are more bins */
    int64_t parts = v.n / EACH, most = ROOM / size;
    if (parts > PARTS) parts = PARTS;
    if (parts > most) parts = most;
    if (parts < 1) parts = 1;
    const size_t bytes = (size_t)(parts * size) * sizeof(double);
    tpc_temporary sums(call, bytes);
    if (!sums.data) return TP_ERR_MEMORY;
    const tp_status status = zero(call, sums.data, bytes);
    if (status) return status;
    const cudaStream_t stream = tpc_stream(call);
    if (v.n) TPC_LAUNCH(add_weights, tpc_blocks(call, parts), TPC_BLOCK, 0, stream, v, w, parts, (v.n + parts - 1) / parts, size, sums.as<double>());
    TPC_LAUNCH(join_parts, tpc_blocks(call, size), TPC_BLOCK, 0, stream, parts, size, sums.as<double>(), y.data, y.dtype);
    return tpc_launched(call);
}

static tp_status bincount(tp__call *call)
{
    tpc_array x, weights, y;
    const bool weighted = tpc_in(call, 1, &weights);
    int64_t size = *(const int64_t *)tpc_attr(call);
    tpc_in(call, 0, &x);
    tp_status status = take_range(call, x, &size);
    if (!status) status = tpc_make_out(call, !weighted ? TP_I64 : weights.dtype == TP_F32 ? TP_F32 : TP_F64, 1, &size, &y);
    if (status || !size) return status;
    const values v = { x.data, x.dtype, x.numel, x.stride[0] };
    if (weighted) return add_all_weights(call, v, values{ weights.data, weights.dtype, weights.numel, weights.stride[0] }, size, y);
    status = zero(call, y.data, (size_t)size * sizeof(int64_t));
    if (status || !v.n) return status;
    TPC_LAUNCH(count_values, tpc_blocks(call, v.n), TPC_BLOCK, 0, tpc_stream(call), v, size, (unsigned long long *)y.data);
    return tpc_launched(call);
}

/* ---- Bins ---------------------------------------------------------------------------------------------------------------------------------------- */

struct span { double least, most; };
struct span_of {
    using acc = span;
    const void *x;
    int dtype;
    span *y;
    tpc_watch watch;
    __device__ acc begin() const { return acc{ HUGE_VAL, -HUGE_VAL }; }
    __device__ void add(acc &a, int64_t at, int64_t) const
    {
        const double v = tpc_load<double>(x, dtype, at);
        if (isfinite(v)) a = join(a, acc{ v, v });
        else tpc_note_bad(watch, at, 0);
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ b.least < a.least ? b.least : a.least, b.most > a.most ? b.most : a.most }; }
    __device__ void finish(const acc &a, int64_t) const { *y = a.least <= a.most ? a : acc{ 0, 0 }; }
};

/* Every step is rounded to the dtype, as PyTorch's arithmetic is: it decides about the bin of what lies at an edge. T is what the dtype is
 * computed in. */
template <class T> TPC_DEVICE T rounded(int dtype, T v) { return (T)tpc_round_to(dtype, v); }

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK)
count_bins(const tpc_walk w, const void *x, int dtype, const tp__histc a, const span *found, unsigned long long *counts)
{
    TPC_SHARED(unsigned, own, [FEW]);
    T lo = rounded(dtype, (T)(found ? found->least : a.min)), hi = rounded(dtype, (T)(found ? found->most : a.max));
    if (lo == hi) lo -= 1, hi += 1;
    const T bins = rounded(dtype, (T)a.bins), width = rounded(dtype, hi - lo);
    begin_counts(own, a.bins);
    for (int64_t i = tpc_first(); i < w.numel; i += tpc_step()) {
        int64_t at[1];
        tpc_offsets(w, i, at);
        const T v = tpc_load<T>(x, dtype, at[0]);
        if (!(v >= lo && v <= hi)) continue;
        const T bin = rounded(dtype, rounded(dtype, rounded(dtype, v - lo) * bins) / width);
        count(own, a.bins, counts, bin < (T)(a.bins - 1) ? (int64_t)bin : a.bins - 1);
    }
    end_counts(own, a.bins, counts);
}
static __global__ void __launch_bounds__(TPC_BLOCK) give_counts(int64_t bins, const unsigned long long *counts, void *y, int dtype)
{
    for (int64_t b = tpc_first(); b < bins; b += tpc_step()) tpc_store(y, dtype, b, (double)counts[b]);
}

static tp_status histc(tp__call *call)
{
    const tp__histc *a = (const tp__histc *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    const size_t bytes = (size_t)a->bins * sizeof(unsigned long long);
    tpc_temporary counts(call, bytes), found(call, sizeof(span));
    if (!counts.data || !found.data) return TP_ERR_MEMORY;
    const double min = x.dtype == TP_F64 ? a->min : (double)(float)a->min, max = x.dtype == TP_F64 ? a->max : (double)(float)a->max;
    const bool from_data = min == max && x.numel;
    tp_status status = zero(call, counts.data, bytes);
    if (!status && from_data) {
        const tpc_watch watch = tpc_watch_for(call, TP_ERR_NUMERIC, "the value at %lld is not finite: there is no range");
        status = tpc_reduce_run(call, x, ((uint64_t)1 << x.ndim) - 1, span_of{ x.data, x.dtype, found.as<span>(), watch });
    }
    if (status) return status;
    tpc_walk w;
    const int64_t *const stride[] = { x.stride };
    const cudaStream_t stream = tpc_stream(call);
    const span *const data = from_data ? found.as<span>() : nullptr;
    tpc_walk_dims(&w, x.ndim, x.shape, stride, 1);
    if (x.numel && x.dtype == TP_F64)
        TPC_LAUNCH(count_bins<double>, tpc_blocks(call, x.numel), TPC_BLOCK, 0, stream, w, x.data, x.dtype, *a, data,
                   counts.as<unsigned long long>());
    else if (x.numel)
        TPC_LAUNCH(count_bins<float>, tpc_blocks(call, x.numel), TPC_BLOCK, 0, stream, w, x.data, x.dtype, *a, data,
                   counts.as<unsigned long long>());
    TPC_LAUNCH(give_counts, tpc_blocks(call, a->bins), TPC_BLOCK, 0, stream, a->bins, counts.as<unsigned long long>(), y.data, y.dtype);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_count[] = { { "bincount", bincount, NULL }, { "histc", histc, NULL }, { NULL, NULL, NULL } };
