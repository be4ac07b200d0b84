/* embedding.cu: looking rows up, and summing gradients of rows. Indices are sorted, with their places; each row of the gradient is summed in
 * the order of places by one thread for each of its columns: the same sums as on the CPU, and no atomics. Of an index that comes hundreds of
 * times pieces are summed first. */
#include "cuda/combine.cuh"

/* ---- Looking up -------------------------------------------------------------------------------------------------------------------------- */

static tp_status look_up(tp__call *call, int64_t masked)
{
    tpc_array indices, weight, y;
    tpc_in(call, 0, &indices);
    tpc_in(call, 1, &weight);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int last = y.ndim - 1;
    tpc_taking t = tpc_taking();
    t.masked = masked;
    t.range = tpc_range_of(call, indices, weight.shape[0], weight.stride[0], false);
    t.ndim = y.ndim;
    for (int d = 0; d < y.ndim; d++) {
        t.size[d] = y.shape[d];
        t.y[d] = y.stride[d];
        t.index[d] = d < last ? indices.stride[d] : 0;
        t.x[d] = d < last ? 0 : weight.stride[1];
    }
    return tpc_take(call, y.data, weight.data, y.dtype, t);
}

static tp_status embedding(tp__call *call) { return look_up(call, TP_NONE); }
static tp_status embedding_masked(tp__call *call) { return look_up(call, ((const tp__embedding_masked *)tpc_attr(call))->padding_idx); }

/* ---- Sorting the indices -------------------------------------------------------------------------------------------------------------------- */

/* Keys of indices from 0 to size - 1; of one out of range, and of what is left out, `size`. */
static __global__ void __launch_bounds__(TPC_BLOCK) make_keys(void *keys, bool wide, TPC_GIVEN tpc_range range, int64_t left_out, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        const int64_t index = tpc_index_at(range, i), key = index < 0 || index == left_out ? range.size : index;
        if (wide) ((uint64_t *)keys)[i] = (uint64_t)key;
        else ((uint32_t *)keys)[i] = (uint32_t)key;
    }
}

/* The indices of a table of `rows` in order */
static tp_status sort_indices(const tp__call *call, tpc_order *o, const tpc_array &indices, int64_t rows, int64_t left_out)
{
    if (indices.numel > TPC_ORDER_MOST)
        return tpc_fail(call, TP_ERR_SHAPE, "there are %lld indices, at most %d are possible", (long long)indices.numel, TPC_ORDER_MOST);
    if (!o->good()) return TP_ERR_MEMORY;
    const tpc_range range = tpc_range_of(call, indices, rows, 1, false);
    TPC_LAUNCH(make_keys, tpc_blocks(call, o->n), TPC_BLOCK, 0, tpc_stream(call), o->keys, o->wide, range, left_out, o->n);
    return tpc_order_run(call, o, tpc_bits_of(rows));
}

/* ---- Summing ----------------------------------------------------------------------------------------------------------------------------------- */

/* n keys in order, and where they stand. Those from `end` on have no part. Rows go to where their key is, or with `group` to where that
 * says: then to the group[i]-th row. pieces [n / PIECE, width], NULL for few: the sums of PIECE keys that are one. */
struct summing { const void *keys; bool wide; const uint32_t *places; const int64_t *group; int64_t n, width; uint64_t end; bool scaled; void *pieces; };
enum { PIECE = 128, AHEAD = 4 };

TPC_DEVICE uint64_t key_at(const summing &s, int64_t i) { return tpc_key_at(s.keys, s.wide, i); }

template <class W> TPC_DEVICE W sum_between(const void *x, int dtype, const summing &s, int64_t column, int64_t i, int64_t end, W sum)
{
    W next[AHEAD];
    for (; i + AHEAD <= end; i += AHEAD) {              /* loads that do not wait for each other */
        TPC_UNROLL(4)
        for (int k = 0; k < AHEAD; k++) next[k] = tpc_load<W>(x, dtype, s.places[i + k] * s.width + column);
        TPC_UNROLL(4)
        for (int k = 0; k < AHEAD; k++) sum += next[k];
    }
    for (; i < end; i++) sum += tpc_load<W>(x, dtype, s.places[i] * s.width + column);
    return sum;
}

/* Of a key that comes very often, such as that of padding */
template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) sum_pieces(const void *x, int dtype, TPC_GIVEN summing s)
{
    for (int64_t t = tpc_first(); t < s.n / PIECE * s.width; t += tpc_step()) {
        int64_t column;
        const int64_t first = tpc_split(t, s.width, &column) * PIECE;
        const uint64_t key = key_at(s, first);
        if (key < s.end && key_at(s, first + PIECE - 1) == key) ((W *)s.pieces)[t] = sum_between<W>(x, dtype, s, column, first, first + PIECE, 0);
    }
}

/* Behind the last key that is as that at `first` */
TPC_DEVICE int64_t run_end(const summing &s, int64_t first, uint64_t key)
{
    int64_t lo = first, hi, step = 1;
    while (lo + step < s.n && key_at(s, lo + step) == key) lo += step, step *= 2;
    hi = lo + step < s.n ? lo + step : s.n;            /* the key at lo is as it, that at hi is not */
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (key_at(s, mid) == key) lo = mid;
        else hi = mid;
    }
    return hi;
}

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) sum_rows(void *y, const void *x, int dtype, TPC_GIVEN summing s)
{
    for (int64_t t = tpc_first(); t < s.n * s.width; t += tpc_step()) {
        int64_t column;
        const int64_t first = tpc_split(t, s.width, &column);
        const uint64_t key = key_at(s, first);
        if (key >= s.end || (first && key_at(s, first - 1) == key)) continue;
        const int64_t end = run_end(s, first, key), from = (first + PIECE - 1) / PIECE, to = end / PIECE;
        const bool in_pieces = s.pieces && from < to;
        W sum = sum_between<W>(x, dtype, s, column, first, in_pieces ? from * PIECE : end, 0);
        for (int64_t i = from; in_pieces && i < to; i++) sum += ((const W *)s.pieces)[i * s.width + column];
        if (in_pieces) sum = sum_between<W>(x, dtype, s, column, to * PIECE, end, sum);
        if (s.scaled && end - first > 1) sum /= (W)(end - first);
        tpc_store(y, dtype, (s.group ? s.group[first] : (int64_t)key) * s.width + column, sum);
    }
}

template <class W> static tp_status sum_as(const tp__call *call, const tpc_array &y, const tpc_array &x, summing s)
{
    const int64_t pieces = s.n / PIECE * s.width;
    tpc_temporary room(call, (size_t)pieces * sizeof(W));
    if (pieces && !room.data) return TP_ERR_MEMORY;
    s.pieces = room.data;
    if (pieces) TPC_LAUNCH(sum_pieces<W>, tpc_blocks(call, pieces), TPC_BLOCK, 0, tpc_stream(call), (const void *)x.data, x.dtype, s);
    TPC_LAUNCH(sum_rows<W>, tpc_blocks(call, s.n * s.width), TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, x.dtype, s);
    return tpc_launched(call);
}

static tp_status sum_into(const tp__call *call, const tpc_array &y, const tpc_array &x, const summing &s)
{
    if (!y.numel || !s.n) return TP_OK;
    return x.dtype == TP_F64 ? sum_as<double>(call, y, x, s) : sum_as<float>(call, y, x, s);
}

static tp_status embedding_backward(tp__call *call)
{
    const tp__embedding_backward *a = (const tp__embedding_backward *)tpc_attr(call);
    tpc_array grad, indices, y;
    tpc_temporary room_grad(call), room_indices(call);
    tpc_in(call, 0, &grad);
    tpc_in(call, 1, &indices);
    tpc_out(call, 0, &y);
    if (y.numel) {
        const tp_status status = tpc_check(call, cudaMemsetAsync(y.data, 0, (size_t)y.numel * tpc_size(y.dtype), tpc_stream(call)), "filling with zero");
        if (status) return status;
    }
    if (!indices.numel) return TP_OK;
    tp_status status = tpc_contiguous(call, &grad, &room_grad.data);
    if (!status) status = tpc_contiguous(call, &indices, &room_indices.data);
    if (status) return status;
    const int64_t rows = y.shape[0];
    tpc_order o(call, 1, indices.numel, rows >= (int64_t)UINT32_MAX);
    status = sort_indices(call, &o, indices, rows, a->padding_idx);
    return status ? status : sum_into(call, y, grad, { o.keys, o.wide, o.places, nullptr, o.n, y.shape[1], (uint64_t)rows, a->scaled, nullptr });
}

/* ---- Rows of equal index ------------------------------------------------------------------------------------------------------------------------ */

static __global__ void __launch_bounds__(TPC_BLOCK) mark_first(const uint64_t *keys, int64_t n, int64_t *first)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) first[i] = !i || keys[i] != keys[i - 1];
}
/* at[g] = the index of group g. The groups of those that are not the first of one are not read. */
static __global__ void __launch_bounds__(TPC_BLOCK) list_groups(const uint64_t *keys, int64_t n, const int64_t *group, int64_t *at)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step())
        if (!i || keys[i] != keys[i - 1]) at[group[i]] = (int64_t)(keys[i] ^ 0x8000000000000000u);
}

/* Any indices, also negative ones */
static tp_status coalesce_rows(tp__call *call)
{
    tpc_array indices, rows, at, sums, wide;
    tpc_temporary room_wide(call), room_indices(call), room_rows(call);
    tpc_in(call, 0, &indices);
    tpc_in(call, 1, &rows);
    const int64_t n = indices.numel, width = rows.shape[rows.ndim - 1], none[2] = { 0, width };
    if (!n) {
        const tp_status status = tpc_make_out(call, TP_I64, 1, none, &at);
        return status ? status : tpc_make_out(call, (tp_dtype)rows.dtype, 2, none, &sums);
    }
    if (n > TPC_ORDER_MOST) return tpc_fail(call, TP_ERR_SHAPE, "there are %lld indices, at most %d are possible", (long long)n, TPC_ORDER_MOST);
    tp_status status = tpc_contiguous(call, &indices, &room_indices.data);
    if (!status) status = tpc_contiguous(call, &rows, &room_rows.data);
    if (!status && indices.dtype != TP_I64) {
        wide = indices;
        wide.dtype = TP_I64;
        if (!(wide.data = room_wide.data = tpc_room(call, (size_t)n * sizeof(int64_t)))) return TP_ERR_MEMORY;
        status = tpc_copy(call, &wide, &indices);
        indices = wide;
    }
    tpc_order o(call, 1, n, true);
    tpc_temporary groups(call, (size_t)(n + 1) * sizeof(int64_t));
    if (!status && (!o.good() || !groups.data)) status = TP_ERR_MEMORY;
    if (!status) status = tpc_order_values(call, &o, indices.data, TP_I64, false);
    if (status) return status;
    TPC_LAUNCH(mark_first, tpc_blocks(call, n), TPC_BLOCK, 0, tpc_stream(call), (const uint64_t *)o.keys, n, groups.as<int64_t>());
    int64_t shape[2] = { 0, width };
    status = tpc_running_sum(call, groups.as<int64_t>(), n);
    if (!status) status = tpc_download(call, &shape[0], groups.as<int64_t>() + n, sizeof *shape);
    if (!status) status = tpc_make_out(call, TP_I64, 1, shape, &at);
    if (!status) status = tpc_make_out(call, (tp_dtype)rows.dtype, 2, shape, &sums);
    if (status) return status;
    TPC_LAUNCH(list_groups, tpc_blocks(call, n), TPC_BLOCK, 0, tpc_stream(call), (const uint64_t *)o.keys, n,
               (const int64_t *)groups.as<int64_t>(), (int64_t *)at.data);
    return sum_into(call, sums, rows, { o.keys, true, o.places, groups.as<int64_t>(), n, width, UINT64_MAX,
                                        ((const tp__coalesce_rows *)tpc_attr(call))->mean, nullptr });
}

/* ---- Norms ------------------------------------------------------------------------------------------------------------------------------------------ */

TPC_DEVICE double norm_part(double v, double p) { return p == 2 ? v * v : p == 1 ? fabs(v) : pow(fabs(v), p); }

/* A block for each row that is looked up */
static __global__ void __launch_bounds__(TPC_BLOCK)
scale_rows(void *weight, int dtype, int64_t row_step, int64_t step, int64_t width, const void *keys, bool wide, int64_t n, uint64_t end,
           TPC_GIVEN tp__embedding_renorm a)
{
    for (int64_t i = blockIdx.x; i < n; i += gridDim.x) {
        const uint64_t key = tpc_key_at(keys, wide, i);
        if (key >= end || (i && tpc_key_at(keys, wide, i - 1) == key)) continue;
        const int64_t row = (int64_t)key * row_step;
        double sum = 0;
        for (int64_t k = threadIdx.x; k < width; k += TPC_BLOCK) {
            const double v = tpc_load<double>(weight, dtype, row + k * step);
            if (!isinf(a.norm_type)) sum += norm_part(v, a.norm_type);
            else sum = fabs(v) > sum ? fabs(v) : sum;
        }
        double norm = isinf(a.norm_type) ? tpc_block_max(sum) : tpc_block_sum(sum);
        if (!isinf(a.norm_type)) norm = a.norm_type == 2 ? ::sqrt(norm) : a.norm_type == 1 ? norm : pow(norm, 1 / a.norm_type);
        if (!(norm > a.max_norm)) continue;
        const double scale = a.max_norm / (norm + 1e-7);
        for (int64_t k = threadIdx.x; k < width; k += TPC_BLOCK)
            tpc_store(weight, dtype, row + k * step, tpc_load<double>(weight, dtype, row + k * step) * scale);
    }
}

/* in[0], the table, is written; a row that is looked up often is scaled once. */
static tp_status embedding_renorm(tp__call *call)
{
    tpc_array weight, indices;
    tpc_temporary room(call);
    tpc_in(call, 0, &weight);
    tpc_in(call, 1, &indices);
    if (!indices.numel || !weight.shape[1]) return TP_OK;
    tp_status status = tpc_contiguous(call, &indices, &room.data);
    if (status) return status;
    const int64_t rows = weight.shape[0];
    tpc_order o(call, 1, indices.numel, rows >= (int64_t)UINT32_MAX);
    status = sort_indices(call, &o, indices, rows, TP_NONE);
    if (status) return status;
    TPC_LAUNCH(scale_rows, tpc_grid(call, o.n), TPC_BLOCK, 0, tpc_stream(call), weight.data, weight.dtype, weight.stride[0], weight.stride[1], weight.shape[1],
               (const void *)o.keys, o.wide, o.n, (uint64_t)rows, *(const tp__embedding_renorm *)tpc_attr(call));
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_embedding[] = {
    { "embedding", embedding, NULL }, { "embedding_masked", embedding_masked, NULL }, { "embedding_backward", embedding_backward, NULL },
    { "coalesce_rows", coalesce_rows, NULL }, { "embedding_renorm", embedding_renorm, NULL }, { NULL, NULL, NULL },
};
