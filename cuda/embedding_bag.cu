/* embedding_bag.cu: which positions belong to which bag, and the greatest row of each, of long bags by pieces. */
#include "cuda/kernel.cuh"

/* ---- Places ------------------------------------------------------------------------------------------------------------------------------------------ */

struct bags {
    const void *input, *offsets;
    int input_dtype, offsets_dtype;
    int64_t input_stride, offsets_stride, n, n_bags, n_offsets, padding;
    tpc_watch first, order;
};

/* Where bag b begins, or the last one ends, as far as offsets rise from 0 to n; what does not is noted if `notes`. */
TPC_DEVICE int64_t bag_offset(const bags &j, int64_t b, bool notes)
{
    if (b >= j.n_offsets) return j.n;
    const int64_t at = tpc_load<int64_t>(j.offsets, j.offsets_dtype, b * j.offsets_stride);
    const int64_t before = b ? tpc_load<int64_t>(j.offsets, j.offsets_dtype, (b - 1) * j.offsets_stride) : 0;
    if (notes && !b && at) tpc_note_bad(j.first, at, 0);
    else if (notes && (at < before || at > j.n)) tpc_note_bad(j.order, at, j.n);
    return at < 0 ? 0 : at < j.n ? at : j.n;
}
TPC_DEVICE bool counts_at(const bags &j, int64_t i) { return tpc_load<int64_t>(j.input, j.input_dtype, i * j.input_stride) != j.padding; }

/* A warp for each bag. The offset after the last bag is looked at, too. */
static __global__ void __launch_bounds__(TPC_BLOCK) count_bags(const bags j, int64_t *counts)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t b = tpc_first() / 32; b < j.n_bags; b += tpc_step() / 32) {
        const int64_t first = bag_offset(j, b, !lane), end = bag_offset(j, b + 1, !lane && b + 1 == j.n_bags);
        int64_t n = 0;
        for (int64_t i = first + lane; i < end; i += 32) n += counts_at(j, i);
        n = tpc_warp_join(n, tpc_add());
        if (!lane) counts[b] = n;
    }
}

/* begins[b]: how many places bags before b have; begins[n]: all. By one block. */
static __global__ void __launch_bounds__(TPC_BLOCK) begin_bags(int64_t n, const int64_t *counts, int64_t *begins)
{
    TPC_SHARED(int64_t, held, [TPC_BLOCK]);
    const int t = (int)threadIdx.x;
    int64_t carry = 0;
    for (int64_t b = t; b - t < n; b += TPC_BLOCK) {
        const int64_t mine = b < n ? counts[b] : 0;
        int64_t v = mine;
        held[t] = v;
        __syncthreads();
        for (int by = 1; by < TPC_BLOCK; by *= 2) {
            const int64_t more = t >= by ? held[t - by] : 0;
            __syncthreads();
            held[t] = v += more;
            __syncthreads();
        }
        if (b < n) begins[b] = carry + v - mine;
        carry += held[TPC_BLOCK - 1];
        __syncthreads();
    }
    if (!t) begins[n] = carry;
}

static __global__ void __launch_bounds__(TPC_BLOCK) list_places(const bags j, const int64_t *begins, int64_t *places, int64_t *of, int64_t m)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t b = tpc_first() / 32; b < j.n_bags; b += tpc_step() / 32) {
        const int64_t first = bag_offset(j, b, false), end = bag_offset(j, b + 1, false);
        int64_t to = begins[b];
        for (int64_t i = first; i < end; i += 32) {
            const bool counts = i + lane < end && counts_at(j, i + lane);
            const unsigned votes = __ballot_sync(~0u, counts);
            const int64_t at = to + __popc(votes & ((1u << lane) - 1));
            if (counts && at < m) places[at] = i + lane, of[at] = b;
            to += __popc(votes);
        }
    }
}

static tp_status bag_places(tp__call *call)
{
    const tp__bag_places *attr = (const tp__bag_places *)tpc_attr(call);
    tpc_array input, offsets, places, of, out_counts;
    tpc_in(call, 0, &input);
    tpc_in(call, 1, &offsets);
    const bags j = { input.data, offsets.data, input.dtype, offsets.dtype, input.stride[0], offsets.stride[0], input.numel,
                     offsets.numel - attr->include_last_offset,
                     offsets.numel, attr->padding_idx, tpc_watch_for(call, TP_ERR_ARGUMENT, "the first offset is %lld, and has to be 0"),
                     tpc_watch_for(call, TP_ERR_ARGUMENT, "offset %lld is not between the one before and %lld indices") };
    const size_t item = sizeof(int64_t);
    tpc_temporary counts(call, (size_t)(j.n_bags + 1) * item), begins(call, (size_t)(j.n_bags + 1) * item);
    if (!counts.data || !begins.data) return TP_ERR_MEMORY;
    const cudaStream_t stream = tpc_stream(call);
    const unsigned grid = tpc_grid(call, (j.n_bags * 32 + TPC_BLOCK - 1) / TPC_BLOCK);
    int64_t m = 0;
    if (j.n_bags) TPC_LAUNCH(count_bags, grid, TPC_BLOCK, 0, stream, j, counts.as<int64_t>());
    TPC_LAUNCH(begin_bags, 1, TPC_BLOCK, 0, stream, j.n_bags, counts.as<int64_t>(), begins.as<int64_t>());
    tp_status status = tpc_launched(call);
    if (!status) status = tpc_download(call, &m, begins.as<int64_t>() + j.n_bags, item);
    if (!status) status = tpc_make_out(call, TP_I64, 1, &m, &places);
    if (!status) status = tpc_make_out(call, TP_I64, 1, &m, &of);
    if (!status) status = tpc_make_out(call, TP_I64, 1, &j.n_bags, &out_counts);
    if (status || !j.n_bags) return status;
    if (m) TPC_LAUNCH(list_places, grid, TPC_BLOCK, 0, stream, j, begins.as<int64_t>(), (int64_t *)places.data, (int64_t *)of.data, m);
    status = tpc_check(call, cudaMemcpyAsync(out_counts.data, counts.data, (size_t)j.n_bags * item, cudaMemcpyDeviceToDevice, stream), "a copy on the device");
    return status ? status : tpc_launched(call);
}

/* ---- The greatest ------------------------------------------------------------------------------------------------------------------------------------ */

struct bag_rows {
    const void *weight, *input;
    const int64_t *of;
    int weight_dtype, input_dtype;
    int64_t row_stride, column_stride, input_stride, of_stride, n, rows, width, n_bags;
    tpc_watch watch;
    int64_t *pieces;                                   /* [n / PIECE, width]: the greatest of PIECE positions of one bag that is no NaN; -1: there is none */
};
enum { PIECE = 128 };

/* The first position whose bag is at least b */
TPC_DEVICE int64_t bag_begins(const bag_rows &j, int64_t b)
{
    int64_t low = 0, high = j.n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (j.of[middle * j.of_stride] < b) low = middle + 1;
        else high = middle;
    }
    return low;
}

static __global__ void __launch_bounds__(TPC_BLOCK) check_bags(const bag_rows j)
{
    for (int64_t i = tpc_first(); i < j.n; i += tpc_step()) {
        const int64_t row = tpc_load<int64_t>(j.input, j.input_dtype, i * j.input_stride), bag = j.of[i * j.of_stride];
        if (row < 0 || row >= j.rows || bag < 0 || bag >= j.n_bags || (i && bag < j.of[(i - 1) * j.of_stride])) tpc_note_bad(j.watch, row, j.rows);
    }
}

struct greatest { int64_t row; double value; };
TPC_DEVICE double bag_value(const bag_rows &j, int64_t row, int64_t column)
{
    return tpc_load<double>(j.weight, j.weight_dtype, row * j.row_stride + column * j.column_stride);
}

/* The first of equals; a later one has to be greater. So a NaN stays where it comes first, and there alone. */
TPC_DEVICE void take_greater(greatest &best, const bag_rows &j, int64_t row, int64_t column, bool numbers)
{
    if (row < 0 || row >= j.rows) return;
    const double v = bag_value(j, row, column);
    if (best.row < 0 ? !numbers || v == v : v > best.value) best = { row, v };
}
TPC_DEVICE int64_t bag_row(const bag_rows &j, int64_t i) { return tpc_load<int64_t>(j.input, j.input_dtype, i * j.input_stride); }

static __global__ void __launch_bounds__(TPC_BLOCK) find_in_pieces(const bag_rows j)
{
    for (int64_t t = tpc_first(); t < j.n / PIECE * j.width; t += tpc_step()) {
        const int64_t first = t / j.width * PIECE, column = t % j.width;
        greatest best = { -1, 0 };
        if (j.of[first * j.of_stride] == j.of[(first + PIECE - 1) * j.of_stride])
            for (int64_t k = first; k < first + PIECE; k++) take_greater(best, j, bag_row(j, k), column, true);
        j.pieces[t] = best.row;
    }
}

/* By pieces as soon as there is something to compare them with */
static __global__ void __launch_bounds__(TPC_BLOCK) find_greatest(const bag_rows j, int64_t *places)
{
    for (int64_t i = tpc_first(); i < j.n_bags * j.width; i += tpc_step()) {
        const int64_t bag = i / j.width, column = i % j.width, end = bag_begins(j, bag + 1);
        greatest best = { -1, 0 };
        for (int64_t k = bag_begins(j, bag); k < end;) {
            const bool whole = j.pieces && best.row >= 0 && k % PIECE == 0 && k + PIECE <= end;
            take_greater(best, j, whole ? j.pieces[k / PIECE * j.width + column] : bag_row(j, k), column, false);
            k += whole ? PIECE : 1;
        }
        places[i] = best.row < 0 ? 0 : best.row;
    }
}

/* In: weight, input, bags in rising order. */
static tp_status bag_max(tp__call *call)
{
    tpc_array weight, input, of, y;
    tpc_in(call, 0, &weight);
    tpc_in(call, 1, &input);
    tpc_in(call, 2, &of);
    tpc_out(call, 0, &y);
    bag_rows j = { weight.data, input.data, (const int64_t *)of.data, weight.dtype, input.dtype, weight.stride[0], weight.stride[1],
                   input.stride[0], of.stride[0], input.numel, weight.shape[0], y.shape[1], y.shape[0],
                   tpc_watch_for(call, TP_ERR_INDEX, "index %lld is out of range for %lld rows"), nullptr };
    const int64_t pieces = j.n / PIECE * j.width;
    const tpc_temporary room(call, (size_t)pieces * sizeof(int64_t));
    if (pieces && !(j.pieces = room.as<int64_t>())) return TP_ERR_MEMORY;
    const cudaStream_t stream = tpc_stream(call);
    if (j.n) TPC_LAUNCH(check_bags, tpc_blocks(call, j.n), TPC_BLOCK, 0, stream, j);
    if (pieces) TPC_LAUNCH(find_in_pieces, tpc_blocks(call, pieces), TPC_BLOCK, 0, stream, j);
    if (y.numel) TPC_LAUNCH(find_greatest, tpc_blocks(call, y.numel), TPC_BLOCK, 0, stream, j, (int64_t *)y.data);
    return j.n || y.numel ? tpc_launched(call) : TP_OK;
}

extern "C" const tp_kernel tp__cuda_embedding_bag[] = { { "bag_places", bag_places, NULL }, { "bag_max", bag_max, NULL }, { NULL, NULL, NULL } };
