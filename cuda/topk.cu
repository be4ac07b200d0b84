/* topk.cu: the k first of each row. Of short rows, and of many of a row, all of it is sorted (sort.cu). Of long ones the key of the k-th is
 * found digit by digit, from the highest on: the digits of those that agree with it so far are counted, and the counts say which
 * digit is its next. Then those that come before it, and of its equals as many as are wanted, the first ones, are taken in the order in which they
 * stand, and sorted. Each row is cut in tiles for several blocks; counts are whole numbers, so that nothing depends on which comes first. */
#include "cuda/order.cuh"

enum { LONG = 2048, DIGIT = 8, BUCKETS = 1 << DIGIT, TILE = 32 * TPC_BLOCK };
static_assert((int)BUCKETS == (int)TPC_BLOCK, "a thread has a bucket");

struct topk_rows { const void *x; int64_t rows, n, tiles; uint64_t flip; int dtype, bits; };
/* Of a row: the digits of the k-th key that are known, and which of those that agree it is, from 1 on; at last how many equals are taken. */
struct topk_state { uint64_t key; int64_t rank; };

TPC_DEVICE uint64_t key_of(const topk_rows &r, int64_t i) { return tpc_key(r.x, r.dtype, i) ^ r.flip; }

static __global__ void __launch_bounds__(TPC_BLOCK) begin_rows(topk_state *state, uint32_t *count, int64_t rows, int64_t k)
{
    for (int64_t i = tpc_first(); i < rows * BUCKETS; i += tpc_step()) {
        count[i] = 0;
        if (i < rows) state[i] = topk_state{ 0, k };
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) count_next(const topk_rows r, const topk_state *state, uint32_t *count, int shift)
{
    TPC_SHARED(uint32_t, have, [BUCKETS]);
    for (int64_t b = blockIdx.x; b < r.rows * r.tiles; b += gridDim.x) {
        const int64_t row = b / r.tiles, first = b % r.tiles * TILE, end = first + TILE < r.n ? first + TILE : r.n;
        const uint64_t known = state[row].key >> shift >> DIGIT;
        have[threadIdx.x] = 0;
        __syncthreads();
        for (int64_t i = first + threadIdx.x; i < end; i += TPC_BLOCK) {
            const uint64_t key = key_of(r, row * r.n + i) >> shift;
            if (key >> DIGIT == known) atomicAdd(&have[key & (BUCKETS - 1)], 1u);
        }
        __syncthreads();
        if (have[threadIdx.x]) atomicAdd(&count[row * BUCKETS + threadIdx.x], have[threadIdx.x]);
        __syncthreads();
    }
}

/* A block a row; the counts are 0 again afterwards. */
static __global__ void __launch_bounds__(TPC_BLOCK) choose_next(topk_state *state, uint32_t *count, int64_t rows, int shift)
{
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        uint32_t *const mine = count + row * BUCKETS + threadIdx.x;
        const topk_state s = state[row];
        int64_t total;
        const int64_t have = *mine, before = tpc_sum_before(have, &total);
        *mine = 0;
        if (before < s.rank && s.rank <= before + have) state[row] = topk_state{ s.key | (uint64_t)threadIdx.x << shift, s.rank - before };
        __syncthreads();
    }
}

/* How many of each tile come before the k-th key, and how many equal it: less[row][tile], then equal[row][tile] */
static __global__ void __launch_bounds__(TPC_BLOCK) count_taken(const topk_rows r, const topk_state *state, int64_t *sums)
{
    for (int64_t b = blockIdx.x; b < r.rows * r.tiles; b += gridDim.x) {
        const int64_t row = b / r.tiles, first = b % r.tiles * TILE, end = first + TILE < r.n ? first + TILE : r.n;
        const uint64_t edge = state[row].key;
        int64_t less = 0, equal = 0;
        for (int64_t i = first + threadIdx.x; i < end; i += TPC_BLOCK) {
            const uint64_t key = key_of(r, row * r.n + i);
            less += key < edge;
            equal += key == edge;
        }
        less = tpc_block_sum(less);
        equal = tpc_block_sum(equal);
        if (threadIdx.x) continue;
        sums[b] = less;
        sums[r.rows * r.tiles + b] = equal;
    }
}

/* sums: those of the tiles before. Both sums within a tile go through one word. */
static __global__ void __launch_bounds__(TPC_BLOCK)
take(const topk_rows r, const topk_state *state, const int64_t *sums, void *keys, bool wide, uint32_t *places, int64_t k)
{
    for (int64_t b = blockIdx.x; b < r.rows * r.tiles; b += gridDim.x) {
        const int64_t row = b / r.tiles, first = b % r.tiles * TILE, end = first + TILE < r.n ? first + TILE : r.n;
        const int64_t *const equals = sums + r.rows * r.tiles;
        const topk_state s = state[row];
        int64_t less = sums[b] - sums[row * r.tiles], equal = equals[b] - equals[row * r.tiles], total;
        for (int64_t at = first; at < end; at += TPC_BLOCK) {
            const int64_t i = at + threadIdx.x;
            const uint64_t key = i < end ? key_of(r, row * r.n + i) : UINT64_MAX;
            const bool before = i < end && key < s.key, same = i < end && key == s.key;
            const int64_t sum = tpc_sum_before((int64_t)before | (int64_t)same << 32, &total);
            const int64_t nth_less = less + (sum & UINT32_MAX), nth_equal = equal + (sum >> 32);
            if (before || (same && nth_equal < s.rank)) {
                const int64_t to = row * k + nth_less + (nth_equal < s.rank ? nth_equal : s.rank);
                if (wide) ((uint64_t *)keys)[to] = key;
                else ((uint32_t *)keys)[to] = (uint32_t)key;
                places[to] = (uint32_t)i;
            }
            less += total & UINT32_MAX;
            equal += total >> 32;
        }
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK)
write_taken(T *values, int64_t *to, const T *x, const uint32_t *order, const uint32_t *places, int64_t rows, int64_t n, int64_t k)
{
    for (int64_t i = tpc_first(); i < rows * k; i += tpc_step()) {
        int64_t j;
        const int64_t row = tpc_split(i, k, &j);
        const uint32_t place = places[row * k + order[i]];
        values[i] = x[row * n + place];
        to[i] = place;
    }
}

/* state, count, sums and places, one after another in one room */
static size_t padded(size_t bytes) { return (bytes + 511) / 512 * 512; }

static tp_status select_rows(tp__call *call, const tpc_array &x, const tpc_array &values, const tpc_array &out, topk_rows r, int64_t k)
{
    const int64_t n_sums = 2 * r.rows * r.tiles;
    const size_t of_state = padded((size_t)r.rows * sizeof(topk_state)), of_count = padded((size_t)r.rows * BUCKETS * sizeof(uint32_t)),
                 of_sums = padded((size_t)(n_sums + 1) * sizeof(int64_t));
    tpc_order o(call, r.rows, k, tpc_key_is_wide(r.dtype));
    tpc_temporary room(call, of_state + of_count + of_sums + (size_t)(r.rows * k) * sizeof(uint32_t));
    if (!o.good() || !room.data) return TP_ERR_MEMORY;
    char *const at = room.as<char>();
    topk_state *const state = (topk_state *)(void *)at;
    uint32_t *const count = (uint32_t *)(void *)(at + of_state), *const places = (uint32_t *)(void *)(at + of_state + of_count + of_sums);
    int64_t *const sums = (int64_t *)(void *)(at + of_state + of_count);
    const unsigned tiles = tpc_grid(call, r.rows * r.tiles), rows = tpc_grid(call, r.rows);
    const cudaStream_t stream = tpc_stream(call);
    TPC_LAUNCH(begin_rows, tpc_blocks(call, r.rows * BUCKETS), TPC_BLOCK, 0, stream, state, count, r.rows, k);
    for (int shift = r.bits - DIGIT; shift >= 0; shift -= DIGIT) {
        TPC_LAUNCH(count_next, tiles, TPC_BLOCK, 0, stream, r, (const topk_state *)state, count, shift);
        TPC_LAUNCH(choose_next, rows, TPC_BLOCK, 0, stream, state, count, r.rows, shift);
    }
    TPC_LAUNCH(count_taken, tiles, TPC_BLOCK, 0, stream, r, (const topk_state *)state, sums);
    tp_status status = tpc_running_sum(call, sums, n_sums);
    if (status) return status;
    TPC_LAUNCH(take, tiles, TPC_BLOCK, 0, stream, r, (const topk_state *)state, (const int64_t *)sums, o.keys, o.wide, places, k);
    if ((status = tpc_order_run(call, &o, r.bits))) return status;
    TPC_BY_SIZE(tpc_size(r.dtype),
                TPC_LAUNCH(write_taken<T>, tpc_blocks(call, r.rows * k), TPC_BLOCK, 0, stream, (T *)values.data, (int64_t *)out.data,
                           (const T *)x.data, (const uint32_t *)o.places, (const uint32_t *)places, r.rows, r.n, k))
    return tpc_launched(call);
}

static tp_status topk(tp__call *call)
{
    const tp__topk *a = (const tp__topk *)tpc_attr(call);
    tpc_array x, values, places;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &values);
    tpc_out(call, 1, &places);
    if (!values.numel) return TP_OK;
    const int64_t n = x.ndim ? x.shape[x.ndim - 1] : 1;
    if (n <= LONG || n > TPC_ORDER_MOST || a->k > n / 2) return tpc_first_of_rows(call, a->k, a->largest);
    const int bits = tpc_key_bits(x.dtype);
    return select_rows(call, x, values, places, topk_rows{ x.data, x.numel / n, n, (n + TILE - 1) / TILE,
                                                           a->largest ? UINT64_MAX >> (64 - bits) : 0, x.dtype, bits }, a->k);
}

extern "C" const tp_kernel tp__cuda_topk[] = { { "topk", topk, NULL }, { NULL, NULL, NULL } };
