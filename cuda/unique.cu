/* unique.cu: equal rows. Rows of one element are sorted by its key; others by merging sorted runs of doubling length, where each row finds
 * its place in the run beside by binary search. Equals stay in order. */
#include "cuda/order.cuh"

/* Rows of x, contiguous, and an order of them */
struct table { const void *x; int dtype; int64_t n, width; };

TPC_DEVICE int compare(const table &t, int64_t a, int64_t b)
{
    for (int64_t i = 0; i < t.width; i++) {
        const uint64_t x = tpc_key(t.x, t.dtype, a * t.width + i), y = tpc_key(t.x, t.dtype, b * t.width + i);
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}
TPC_DEVICE bool equal(const table &t, int64_t a, int64_t b)
{
    const uint64_t nan = tpc_key_of_nan(t.dtype);
    for (int64_t i = 0; i < t.width; i++) {
        const uint64_t x = tpc_key(t.x, t.dtype, a * t.width + i);
        if (x != tpc_key(t.x, t.dtype, b * t.width + i) || (nan && x == nan)) return false;
    }
    return true;
}

static __global__ void __launch_bounds__(TPC_BLOCK) count_up(uint32_t *order, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) order[i] = (uint32_t)i;
}

/* A row comes after those of the other run that are less, and of equal ones those of the earlier run come first. */
static __global__ void __launch_bounds__(TPC_BLOCK) merge_runs(TPC_GIVEN table t, const uint32_t *from, uint32_t *to, int64_t run)
{
    for (int64_t i = tpc_first(); i < t.n; i += tpc_step()) {
        const int64_t mine = i / run * run, pair = i / (2 * run) * (2 * run);
        const bool is_first = mine == pair;
        const int64_t begin = is_first ? (pair + run < t.n ? pair + run : t.n) : pair, end = is_first ? (pair + 2 * run < t.n ? pair + 2 * run : t.n) : mine;
        int64_t lo = begin, hi = end;
        while (lo < hi) {
            const int64_t mid = lo + (hi - lo) / 2;
            const int order = compare(t, from[mid], from[i]);
            if (order < 0 || (order == 0 && !is_first)) lo = mid + 1;
            else hi = mid;
        }
        to[pair + (i - mine) + (lo - begin)] = from[i];
    }
}

/* new_group[i]: row order[i] is unlike the one before. */
static __global__ void __launch_bounds__(TPC_BLOCK) mark_groups(TPC_GIVEN table t, const uint32_t *order, int64_t *new_group)
{
    for (int64_t i = tpc_first(); i < t.n; i += tpc_step()) new_group[i] = !i || !equal(t, order[i - 1], order[i]);
}
/* before[i] groups began before i: is row order[i] the first of one, its group is that, else the one before. start[g]: where group g begins. */
static __global__ void __launch_bounds__(TPC_BLOCK)
write_groups(TPC_GIVEN table t, const uint32_t *order, const int64_t *before, int64_t *first, int64_t *inverse, int64_t *start)
{
    for (int64_t i = tpc_first(); i < t.n; i += tpc_step()) {
        const bool begins = before[i + 1] != before[i];
        const int64_t group = before[i] - !begins;
        inverse[order[i]] = group;
        if (!begins) continue;
        first[group] = order[i];
        start[group] = i;
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) write_counts(const int64_t *start, int64_t groups, int64_t n, int64_t *count)
{
    for (int64_t g = tpc_first(); g < groups; g += tpc_step()) count[g] = (g + 1 < groups ? start[g + 1] : n) - start[g];
}

/* The rows in order; the result is at `order` or at `spare`. */
static uint32_t *merge_sort(const tp__call *call, const table &t, uint32_t *order, uint32_t *spare)
{
    for (int64_t run = 1; run < t.n; run *= 2) {
        TPC_LAUNCH(merge_runs, tpc_blocks(call, t.n), TPC_BLOCK, 0, tpc_stream(call), t, (const uint32_t *)order, spare, run);
        uint32_t *const swap = order;
        order = spare;
        spare = swap;
    }
    return order;
}

static tp_status unique_rows(tp__call *call)
{
    tpc_array x, first, inverse, counts;
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    const int64_t n = x.shape[0], width = x.shape[1];
    const bool consecutive = *(const bool *)tpc_attr(call), single = width == 1 && !consecutive;
    int64_t groups = 0;
    if (x.numel > TPC_ORDER_MOST || n > TPC_ORDER_MOST)
        return tpc_fail(call, TP_ERR_UNSUPPORTED, "there are %lld elements, at most %d are possible", (long long)x.numel, TPC_ORDER_MOST);
    tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    tpc_order o(call, 1, n ? n : 1, single && tpc_key_is_wide(x.dtype));
    tpc_temporary room(call, (size_t)(2 * n + 1) * sizeof(int64_t));
    if (!o.good() || !room.data) return TP_ERR_MEMORY;
    int64_t *const before = room.as<int64_t>(), *const start = before + n + 1;
    const table t = { x.data, x.dtype, n, width };
    const uint32_t *order = o.places;
    const unsigned blocks = tpc_blocks(call, n);
    const cudaStream_t stream = tpc_stream(call);
    if (n) {
        if (single) status = tpc_order_values(call, &o, x.data, x.dtype, false);
        else TPC_LAUNCH(count_up, blocks, TPC_BLOCK, 0, stream, o.places, n);
        if (!single && !consecutive) order = merge_sort(call, t, o.places, o.spare_places);
        else order = o.places;
        TPC_LAUNCH(mark_groups, blocks, TPC_BLOCK, 0, stream, t, order, before);
        if (!status) status = tpc_running_sum(call, before, n);
        if (!status) status = tpc_download(call, &groups, before + n, sizeof groups);
    }
    if (!status) status = tpc_make_out(call, TP_I64, 1, &groups, &first);
    if (!status) status = tpc_make_out(call, TP_I64, 1, &n, &inverse);
    if (!status) status = tpc_make_out(call, TP_I64, 1, &groups, &counts);
    if (status || !n) return status;
    TPC_LAUNCH(write_groups, blocks, TPC_BLOCK, 0, stream, t, order, (const int64_t *)before, (int64_t *)first.data, (int64_t *)inverse.data, start);
    TPC_LAUNCH(write_counts, tpc_blocks(call, groups), TPC_BLOCK, 0, stream, (const int64_t *)start, groups, n, (int64_t *)counts.data);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_unique[] = { { "unique_rows", unique_rows, NULL }, { NULL, NULL, NULL } };
