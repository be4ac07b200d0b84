/* sort.cu: putting rows in order: sort, and what order.cuh gives to other families.
 *
 * Short rows are sorted in shared memory by Batcher's bitonic network, the place being the lower part of the key, which makes it stable.
 * Long ones go to CUB: those that fill a device one after the other, shorter ones side by side. Without CUB all are sorted side by side by radix,
 * from the lowest digit on: for each digit every tile of a row is counted, the counts become places by a running sum over (row, digit, tile),
 * and each warp moves its elements in order. Nothing depends on which block comes first. */
#include "cuda/cub.cuh"
#include "cuda/order.cuh"

enum { SHORT = 2048, ALONE = 1 << 16,                  /* up to so many elements rows are sorted side by side */
        EACH = 8, TILE = TPC_BLOCK * EACH, DIGIT = 8, BUCKETS = 1 << DIGIT, WARPS = TPC_BLOCK / 32 };
static_assert((int)BUCKETS == (int)TPC_BLOCK, "a thread has a bucket");

/* ---- Running sums ------------------------------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK) sum_tiles(const int64_t *v, int64_t n, int64_t *sums)
{
    const int64_t first = (int64_t)blockIdx.x * TILE, end = first + TILE < n ? first + TILE : n;
    int64_t sum = 0;
    for (int64_t i = first + threadIdx.x; i < end; i += TPC_BLOCK) sum += v[i];
    sum = tpc_block_sum(sum);
    if (!threadIdx.x) sums[blockIdx.x] = sum;
}

/* A tile a block, each on from base[tile]; without bases one block does all. */
static __global__ void __launch_bounds__(TPC_BLOCK) run_sums(int64_t *v, int64_t n, const int64_t *base)
{
    int64_t carry = base ? base[blockIdx.x] : 0, total;
    for (int64_t first = (int64_t)blockIdx.x * TILE; first < n; first += TILE) {
        const int64_t mine = first + (int64_t)threadIdx.x * EACH;
        int64_t held[EACH], sum = 0;
        for (int k = 0; k < EACH; k++) sum += held[k] = mine + k < n ? v[mine + k] : 0;
        int64_t at = carry + tpc_sum_before(sum, &total);
        for (int k = 0; k < EACH; k++) {
            if (mine + k < n) v[mine + k] = at;
            at += held[k];
        }
        carry += total;
        if (base) break;
    }
    if (blockIdx.x == gridDim.x - 1 && !threadIdx.x) v[n] = carry;
}

tp_status tpc_running_sum(const tp__call *call, int64_t *v, int64_t n)
{
    const int64_t tiles = (n + TILE - 1) / TILE;
    if (tiles <= 16) {
        TPC_LAUNCH(run_sums, 1, TPC_BLOCK, 0, tpc_stream(call), v, n, (const int64_t *)nullptr);
        return tpc_launched(call);
    }
    tpc_temporary room(call, (size_t)(tiles + 1) * sizeof(int64_t));
    if (!room.data) return TP_ERR_MEMORY;
    int64_t *const sums = room.as<int64_t>();
    TPC_LAUNCH(sum_tiles, (unsigned)tiles, TPC_BLOCK, 0, tpc_stream(call), (const int64_t *)v, n, sums);
    TPC_LAUNCH(run_sums, 1, TPC_BLOCK, 0, tpc_stream(call), sums, tiles, (const int64_t *)nullptr);
    TPC_LAUNCH(run_sums, (unsigned)tiles, TPC_BLOCK, 0, tpc_stream(call), v, n, (const int64_t *)sums);
    return tpc_launched(call);
}

/* ---- Short rows ---------------------------------------------------------------------------------------------------------------------------- */

/* `across` rows at once, each filled up to m, a power of 2, by what comes last. */
template <class K> static __global__ void __launch_bounds__(TPC_BLOCK) order_short(K *keys, uint32_t *places, int64_t rows, int n, int m, int across)
{
    TPC_DYNAMIC_SHARED(K, key);
    uint32_t *const place = reinterpret_cast<uint32_t *>(key + across * m);
    for (int64_t first = (int64_t)blockIdx.x * across; first < rows; first += (int64_t)gridDim.x * across) {
        for (int t = (int)threadIdx.x; t < across * m; t += TPC_BLOCK) {
            const int i = t & (m - 1);
            const int64_t row = first + t / m;
            key[t] = i < n && row < rows ? keys[row * n + i] : ~(K)0;
            place[t] = (uint32_t)i;
        }
        __syncthreads();
        for (int run = 2; run <= m; run *= 2)
            for (int by = run / 2; by; by /= 2) {
                for (int t = (int)threadIdx.x; t < across * m / 2; t += TPC_BLOCK) {
                    const int a = 2 * t - (t & (by - 1)), b = a + by;
                    const bool rises = !(a & (m - 1) & run), after = key[a] > key[b] || (key[a] == key[b] && place[a] > place[b]);
                    if (after != rises) continue;
                    const K k = key[a];
                    const uint32_t p = place[a];
                    key[a] = key[b], place[a] = place[b];
                    key[b] = k, place[b] = p;
                }
                __syncthreads();
            }
        for (int t = (int)threadIdx.x; t < across * m; t += TPC_BLOCK) {
            const int i = t & (m - 1);
            const int64_t row = first + t / m;
            if (i >= n || row >= rows) continue;
            keys[row * n + i] = key[t];
            places[row * n + i] = place[t];
        }
        __syncthreads();
    }
}

template <class K> static tp_status run_short(const tp__call *call, tpc_order *o)
{
    int m = 1;
    while (m < o->n) m *= 2;
    const int across = m < 512 ? 512 / m : 1;
    const size_t shared = (size_t)across * (size_t)m * (sizeof(K) + sizeof(uint32_t));
    TPC_LAUNCH(order_short<K>, tpc_grid(call, (o->rows + across - 1) / across), TPC_BLOCK, shared, tpc_stream(call), (K *)o->keys,
               o->places, o->rows, (int)o->n, m, across);
    return tpc_launched(call);
}

/* ---- Long rows ------------------------------------------------------------------------------------------------------------------------------ */

struct tiling { int64_t rows, n, tiles; int shift; };

/* count[row][digit][tile] */
template <class K> static __global__ void __launch_bounds__(TPC_BLOCK) count_digits(const K *keys, tiling t, int64_t *count)
{
    TPC_SHARED(uint32_t, have, [BUCKETS]);
    for (int64_t b = blockIdx.x; b < t.rows * t.tiles; b += gridDim.x) {
        const int64_t row = b / t.tiles, tile = b % t.tiles, end = (tile + 1) * TILE < t.n ? (tile + 1) * TILE : t.n;
        const K *x = keys + row * t.n;
        have[threadIdx.x] = 0;
        __syncthreads();
        for (int64_t i = tile * TILE + threadIdx.x; i < end; i += TPC_BLOCK) atomicAdd(&have[x[i] >> t.shift & (BUCKETS - 1)], 1u);
        __syncthreads();
        count[(row * BUCKETS + threadIdx.x) * t.tiles + tile] = have[threadIdx.x];
    }
}

/* Lanes that have the same digit as this one, those that take no part aside */
TPC_DEVICE uint32_t lanes_alike(bool valid, uint32_t digit)
{
    uint32_t alike = __ballot_sync(~0u, valid);
    TPC_UNROLL(8)
    for (int bit = 0; bit < DIGIT; bit++) {
        const bool set = digit >> bit & 1;
        const uint32_t lanes = __ballot_sync(~0u, set);
        alike &= set ? lanes : ~lanes;
    }
    return alike;
}

/* start: the counts, summed up. A warp has EACH * 32 elements of the tile, which it moves 32 at a time. `from`: NULL, the places are 0, 1 .. */
template <class K> static __global__ void __launch_bounds__(TPC_BLOCK)
move_digits(const K *keys, const uint32_t *from, K *to_keys, uint32_t *to_places, tiling t, const int64_t *count)
{
    TPC_SHARED(int64_t, start, [BUCKETS]);
    TPC_SHARED(uint32_t, next, [WARPS][BUCKETS]);
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5;
    for (int64_t b = blockIdx.x; b < t.rows * t.tiles; b += gridDim.x) {
        const int64_t row = b / t.tiles, tile = b % t.tiles, first = tile * TILE + warp * EACH * 32;
        const K *x = keys + row * t.n;
        for (int w = 0; w < WARPS; w++) next[w][threadIdx.x] = 0;
        start[threadIdx.x] = count[(row * BUCKETS + threadIdx.x) * t.tiles + tile];
        __syncthreads();
        for (int e = 0; e < EACH; e++) {
            const int64_t i = first + e * 32 + lane;
            if (i < t.n) atomicAdd(&next[warp][x[i] >> t.shift & (BUCKETS - 1)], 1u);
        }
        __syncthreads();
        uint32_t sum = 0;
        for (int w = 0; w < WARPS; w++) {
            const uint32_t here = next[w][threadIdx.x];
            next[w][threadIdx.x] = sum;
            sum += here;
        }
        __syncthreads();
        for (int e = 0; e < EACH; e++) {
            const int64_t i = first + e * 32 + lane;
            const bool valid = i < t.n;
            const K key = valid ? x[i] : 0;
            const uint32_t digit = (uint32_t)(key >> t.shift & (BUCKETS - 1)), alike = lanes_alike(valid, digit);
            const int before = __popc(alike & ((1u << lane) - 1));
            if (valid) {
                const int64_t at = start[digit] + next[warp][digit] + before;
                to_keys[at] = key;
                to_places[at] = from ? from[row * t.n + i] : (uint32_t)i;
            }
            __syncwarp();
            if (valid && !before) next[warp][digit] += (uint32_t)__popc(alike);
            __syncwarp();
        }
        __syncthreads();
    }
}

template <class T> static void swap(T **a, T **b)
{
    T *const held = *a;
    *a = *b;
    *b = held;
}

template <class K> static tp_status run_long(const tp__call *call, tpc_order *o, int bits)
{
    tiling t = { o->rows, o->n, (o->n + TILE - 1) / TILE, 0 };
    const int64_t counts = t.rows * BUCKETS * t.tiles;
    tpc_temporary room(call, (size_t)(counts + 1) * sizeof(int64_t));
    if (!room.data) return TP_ERR_MEMORY;
    int64_t *const count = room.as<int64_t>();
    const unsigned blocks = tpc_grid(call, t.rows * t.tiles);
    for (; t.shift < bits; t.shift += DIGIT) {
        TPC_LAUNCH(count_digits<K>, blocks, TPC_BLOCK, 0, tpc_stream(call), (const K *)o->keys, t, count);
        const tp_status status = tpc_running_sum(call, count, counts);
        if (status) return status;
        const uint32_t *from = t.shift ? o->places : nullptr;
        TPC_LAUNCH(move_digits<K>, blocks, TPC_BLOCK, 0, tpc_stream(call), (const K *)o->keys, from, (K *)o->spare_keys, o->spare_places, t,
                   (const int64_t *)count);
        swap(&o->keys, &o->spare_keys);
        swap(&o->places, &o->spare_places);
    }
    return tpc_launched(call);
}

/* ---- By CUB --------------------------------------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK) number_places(uint32_t *places, int64_t rows, int64_t n)
{
    for (int64_t i = tpc_first(); i < rows * n; i += tpc_step()) {
        int64_t place;
        tpc_split(i, n, &place);
        places[i] = (uint32_t)place;
    }
}

static tpc_cub_pairs rows_of(const tpc_order *o, int64_t row, int64_t rows)
{
    const int64_t at = row * o->n, bytes = at * (o->wide ? 8 : 4);
    return { (char *)o->keys + bytes, (char *)o->spare_keys + bytes, o->places + at, o->spare_places + at, (int)rows, (int)o->n, o->wide,
             o->rows == 1 || o->n > ALONE };
}

/* Which buffers hold a row in the end depends on its length, the bits and whether it is alone, so it is the same for all. */
static tp_status run_cub(const tp__call *call, tpc_order *o, int bits)
{
    const cudaStream_t stream = tpc_stream(call);
    size_t bytes = 0;
    bool in_spare = false;
    const int64_t fit = o->n > ALONE ? 1 : INT32_MAX / o->n, most = o->rows < fit ? o->rows : fit;
    tpc_cub_pairs pairs = rows_of(o, 0, most);
    cudaError_t error = tpc_cub_sort(nullptr, &bytes, &pairs, bits, &in_spare, stream);
    tpc_temporary room(call, error ? 0 : bytes + !bytes);
    if (!error && !room.data) return TP_ERR_MEMORY;
    if (!error) TPC_LAUNCH(number_places, tpc_blocks(call, o->rows * o->n), TPC_BLOCK, 0, stream, o->places, o->rows, o->n);
    for (int64_t row = 0; row < o->rows && !error; row += most) {
        pairs = rows_of(o, row, o->rows - row < most ? o->rows - row : most);
        error = tpc_cub_sort(room.data, &bytes, &pairs, bits, &in_spare, stream);
    }
    const tp_status status = tpc_launched(call);
    if (status || error)
        return status ? status
                      : tpc_fail(call, TP_ERR_DEVICE, "CUB refuses to sort %lld elements: %s", (long long)o->n, cudaGetErrorString(error));
    if (in_spare) {
        swap(&o->keys, &o->spare_keys);
        swap(&o->places, &o->spare_places);
    }
    return TP_OK;
}

/* ---- For other families ------------------------------------------------------------------------------------------------------------------------ */

static size_t padded(size_t bytes) { return (bytes + 511) / 512 * 512; }

tpc_order::tpc_order(const tp__call *call, int64_t rows_, int64_t n_, bool wide_)
    : rows(rows_), n(n_), wide(wide_),
      room(call, 2 * padded((size_t)(rows_ * n_) * (wide_ ? sizeof(uint64_t) : sizeof(uint32_t))) + 2 * padded((size_t)(rows_ * n_) * sizeof(uint32_t)) + 512)
{
    const size_t key_bytes = padded((size_t)(rows * n) * (wide ? sizeof(uint64_t) : sizeof(uint32_t))),
                 place_bytes = padded((size_t)(rows * n) * sizeof(uint32_t));
    char *const at = room.as<char>();
    keys = at;
    spare_keys = at + (at ? key_bytes : 0);
    places = (uint32_t *)(void *)(at + (at ? 2 * key_bytes : 0));
    spare_places = (uint32_t *)(void *)(at + (at ? 2 * key_bytes + place_bytes : 0));
}

tp_status tpc_order_run(const tp__call *call, tpc_order *o, int bits)
{
    if (!o->rows || !o->n) return TP_OK;
    if (o->n <= SHORT) return o->wide ? run_short<uint64_t>(call, o) : run_short<uint32_t>(call, o);
    if (tpc_cub_is_here()) return run_cub(call, o, bits);
    return o->wide ? run_long<uint64_t>(call, o, bits) : run_long<uint32_t>(call, o, bits);
}

static __global__ void __launch_bounds__(TPC_BLOCK) make_keys(void *keys, bool wide, const void *x, int dtype, int64_t n, uint64_t flip)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        const uint64_t key = tpc_key(x, dtype, i) ^ flip;
        if (wide) ((uint64_t *)keys)[i] = key;
        else ((uint32_t *)keys)[i] = (uint32_t)key;
    }
}

tp_status tpc_order_values(const tp__call *call, tpc_order *o, const void *x, int dtype, bool descending)
{
    const int64_t n = o->rows * o->n;
    const int bits = tpc_key_bits(dtype);
    if (!n) return TP_OK;
    TPC_LAUNCH(make_keys, tpc_blocks(call, n), TPC_BLOCK, 0, tpc_stream(call), o->keys, o->wide, x, dtype, n, descending ? UINT64_MAX >> (64 - bits) : 0);
    return tpc_order_run(call, o, bits);
}

/* ---- sort ---------------------------------------------------------------------------------------------------------------------------------------- */

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK)
write_first(T *values, int64_t *places, const T *x, const uint32_t *order, int64_t rows, int64_t n, int64_t k)
{
    for (int64_t i = tpc_first(); i < rows * k; i += tpc_step()) {
        int64_t j;
        const int64_t row = tpc_split(i, k, &j);
        const uint32_t place = order[row * n + j];
        values[i] = x[row * n + place];
        places[i] = place;
    }
}

tp_status tpc_first_of_rows(tp__call *call, int64_t k, bool descending)
{
    tpc_array x, values, places;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &values);
    tpc_out(call, 1, &places);
    if (!values.numel) return TP_OK;
    const int64_t n = x.ndim ? x.shape[x.ndim - 1] : 1, rows = x.numel / n;
    if (n > TPC_ORDER_MOST) return tpc_fail(call, TP_ERR_UNSUPPORTED, "a row has %lld elements, at most %d are possible", (long long)n, TPC_ORDER_MOST);
    tpc_order o(call, rows, n, tpc_key_is_wide(x.dtype));
    if (!o.good()) return TP_ERR_MEMORY;
    const tp_status status = tpc_order_values(call, &o, x.data, x.dtype, descending);
    if (status) return status;
    TPC_BY_SIZE(tpc_size(x.dtype), TPC_LAUNCH(write_first<T>, tpc_blocks(call, rows * k), TPC_BLOCK, 0, tpc_stream(call), (T *)values.data,
                                              (int64_t *)places.data, (const T *)x.data, (const uint32_t *)o.places, rows, n, k))
    return tpc_launched(call);
}

static tp_status sort(tp__call *call)
{
    tpc_array x;
    tpc_in(call, 0, &x);
    return tpc_first_of_rows(call, x.ndim ? x.shape[x.ndim - 1] : 1, ((const tp__sort *)tpc_attr(call))->descending);
}

extern "C" const tp_kernel tp__cuda_sort[] = { { "sort", sort, NULL }, { NULL, NULL, NULL } };
