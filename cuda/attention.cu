/* attention.cu: softmax(s q k' + mask) v, and its backward, by tiles of scores that are never all there. A block of 16 x 16 threads makes a
 * tile of some rows by 64 columns, of which each thread has a few by 4, passes it through shared memory and multiplies it into what it
 * gathers in registers: results of its rows, R by C of them in each thread.
 *
 *   forward   rows of q stay, keys go by; a row's largest score m and sum e^(score - m) are brought up to date (Dao et al. 2022)
 *   backward  P = e^(s q k' - sums), D = sum dy y of a row, dS = P (dy v' - D):
 *             rows of q stay for dq = s dS k, keys stay for dv = P' dy and dk = s dS' q. Scores are made twice, and nothing is added
 *             by two blocks, so the order of each sum is always the same.
 *
 * 16-bit floats go to cuDNN where it has a plan for them, else are computed in float32. Rows longer than 256 elements are not taken here. */
#include "cuda/dnn.h"
#include "cuda/lanes.cuh"
#include "cuda/real.cuh"

enum { SIDE = 16, COLS = 4 * SIDE, SLICED = 1024 };     /* threads along a side; columns of a tile; elements that a tile is multiplied by at a time */
template <class S> struct depth_of { enum { value = 64 / sizeof(S) }; };                 /* elements of rows that are multiplied at a time */

/* One array: strides of its rows and columns, and of the dims of the batch. No data: there is none. */
struct side { tpc_side x; int64_t row, col, step[TP_MAX_DIMS]; };
struct shape {
    int64_t heads, group, l, n, e, w, size[TP_MAX_DIMS];                                 /* heads of q; how many share one of k */
    int batch;
    bool causal;
    double scale;
    side q, k, v, mask, y, dy, dq, dk, dv;
    tpc_side sums;                                     /* [heads, l], as is d */
    void *d;
};

/* Where head h of q begins in an array; `shared`: one of k's heads stands there for each group. */
TPC_DEVICE int64_t head_at(const shape &p, const side &s, int64_t h, bool shared)
{
    int64_t at = 0;
    TPC_UNROLL(1)
    for (int d = p.batch - 1; d >= 0; d--) {
        const int64_t rest = h / p.size[d], i = h - rest * p.size[d];
        at += (shared && d == p.batch - 1 ? i / p.group : i) * s.step[d];
        h = rest;
    }
    return at;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------------------------------ */

template <class S> struct alignas(16) four { S at[4]; };
template <class S> TPC_DEVICE four<S> four_at(const S *x) { return *reinterpret_cast<const four<S> *>(x); }

/* Thread (x, y) has rows 64 a + 4 y + b and columns 64 a + 4 x + b. */
TPC_DEVICE int place(int i, int thread) { return i / 4 * 64 + thread * 4 + i % 4; }

/* Some rows of an array from `first` on, times `by`; beyond the end they are 0. */
template <class S> struct rows { const side *s; int64_t base, first, n, width; S by; };
template <class S> TPC_DEVICE S element(const rows<S> &r, int64_t row, int64_t col)
{
    return r.first + row < r.n && col < r.width ? tpc_get<S>(r.s->x, r.base + (r.first + row) * r.s->row + col * r.s->col) * r.by : 0;
}

/* part[i][j] = a's row i times b's row j: R 16 rows of a by 64 of b. Room: depth x (16 R + 4 + 68). */
template <class S, int R> TPC_DEVICE void multiply_rows(S (&part)[R][4], const rows<S> &a, const rows<S> &b, int64_t width, S *room)
{
    enum { DEPTH = depth_of<S>::value, A = SIDE * R + 4, B = COLS + 4 };
    S *const sa = room, *const sb = room + DEPTH * A;
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    TPC_UNROLL(16)
    for (int i = 0; i < R; i++)
        TPC_UNROLL(16)
        for (int j = 0; j < 4; j++) part[i][j] = 0;
    TPC_UNROLL(1)
    for (int64_t at = 0; at < width; at += DEPTH) {
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < SIDE * R * DEPTH; t += TPC_BLOCK) sa[t % DEPTH * A + t / DEPTH] = element(a, t / DEPTH, at + t % DEPTH);
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < COLS * DEPTH; t += TPC_BLOCK) sb[t % DEPTH * B + t / DEPTH] = element(b, t / DEPTH, at + t % DEPTH);
        __syncthreads();
        TPC_UNROLL(4)
        for (int k = 0; k < DEPTH; k++) {
            const four<S> right = four_at(&sb[k * B + x * 4]);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i += 4) {
                const four<S> left = four_at(&sa[k * A + place(i, y)]);
                TPC_UNROLL(16)
                for (int r = 0; r < 4; r++)
                    TPC_UNROLL(16)
                    for (int j = 0; j < 4; j++) part[i + r][j] += left.at[r] * right.at[j];
            }
        }
        __syncthreads();
    }
}

/* A tile to shared memory, turned: tile[column][row]. */
template <class S, int R> TPC_DEVICE void put_tile(S *tile, const S (&part)[R][4])
{
    enum { A = SIDE * R + 4 };
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    TPC_UNROLL(16)
    for (int j = 0; j < 4; j++)
        TPC_UNROLL(16)
        for (int i = 0; i < R; i += 4)
            *reinterpret_cast<four<S> *>(&tile[place(j, x) * A + place(i, y)]) = four<S>{ { part[i][j], part[i + 1][j], part[i + 2][j], part[i + 3][j] } };
}

/* sum += tile' b: of 64 rows of b, up to 16 C wide. Room: SLICED. The tile must be there; after it, it may be written at once. */
template <class S, int R, int C> TPC_DEVICE void add_product(S (&sum)[R][C], const S *tile, const rows<S> &b, int64_t some, S *room)
{
    enum { A = SIDE * R + 4, WIDE = SIDE * C, SLICE = SLICED / WIDE };
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    TPC_UNROLL(1)
    for (int64_t first = 0; first < some; first += SLICE) {
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < SLICE * WIDE; t += TPC_BLOCK) room[t] = element(b, first + t / WIDE, t % WIDE);
        __syncthreads();
        TPC_UNROLL(2)
        for (int k = 0; k < SLICE; k++) {
            S left[R];
            TPC_UNROLL(16)
            for (int i = 0; i < R; i += 4) {
                const four<S> part = four_at(&tile[(first + k) * A + place(i, y)]);
                TPC_UNROLL(16)
                for (int r = 0; r < 4; r++) left[i + r] = part.at[r];
            }
            TPC_UNROLL(16)
            for (int j = 0; j < C; j += 4) {
                const four<S> right = four_at(&room[k * WIDE + place(j, x)]);
                TPC_UNROLL(16)
                for (int i = 0; i < R; i++)
                    TPC_UNROLL(16)
                    for (int c = 0; c < 4; c++) sum[i][j + c] += left[i] * right.at[c];
            }
        }
        __syncthreads();
    }
}

/* Joined over the 16 threads that have one row */
template <class S, class Join> TPC_DEVICE S row_join(S v, Join join)
{
    TPC_UNROLL(4)
    for (int by = SIDE / 2; by; by >>= 1) v = join(v, __shfl_xor_sync(~0u, v, by));
    return v;
}
struct larger { template <class S> __device__ S operator()(S a, S b) const { return b > a ? b : a; } };

/* A score with its mask; -inf of what is not seen. `mask`: where the head begins in it. */
template <class S> TPC_DEVICE S masked(const shape &p, S score, int64_t mask, int64_t row, int64_t key)
{
    if (row >= p.l || key >= p.n || (p.causal && key > row)) return (S)-INFINITY;
    if (!p.mask.x.data) return score;
    const S m = tpc_load_any<S>(p.mask.x, mask + row * p.mask.row + key * p.mask.col);
    return p.mask.x.dtype != TP_BOOL ? score + m : m != 0 ? score : (S)-INFINITY;
}
TPC_DEVICE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Forward ------------------------------------------------------------------------------------------------------------------------------ */

template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) attend(TPC_GIVEN shape p, int64_t blocks)
{
    enum { ROWS = SIDE * R, A = ROWS + 4, DEPTH = depth_of<S>::value, STAGE = DEPTH * (A + COLS + 4), ROOM = STAGE > SLICED ? STAGE : SLICED };
    TPC_SHARED(four<S>, room_fours, [ROOM / 4]);       /* what is read four at a time must begin where 16 bytes do */
    TPC_SHARED(four<S>, tile_fours, [COLS * A / 4]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    for (int64_t b = blockIdx.x; b < p.heads * blocks; b += gridDim.x) {
        const int64_t h = b / blocks, first = (blocks - 1 - b % blocks) * ROWS;          /* the longest first, where it is causal */
        const int64_t k_at = head_at(p, p.k, h, true), v_at = head_at(p, p.v, h, true), mask = p.mask.x.data ? head_at(p, p.mask, h, false) : 0;
        const rows<S> q = { &p.q, head_at(p, p.q, h, false), first, p.l, p.e, (S)p.scale };
        S out[R][C], m[R], sum[R];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            m[i] = (S)-INFINITY;
            sum[i] = 0;
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) out[i][j] = 0;
        }
        const int64_t keys = p.causal ? least(p.n, first + ROWS) : p.n;
        TPC_UNROLL(1)
        for (int64_t at = 0; at < keys; at += COLS) {
            S s[R][4];
            multiply_rows<S, R>(s, q, rows<S>{ &p.k, k_at, at, p.n, p.e, 1 }, p.e, room);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i++) {
                const int64_t row = first + place(i, y);
                S best = (S)-INFINITY, total = 0;
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    s[i][j] = masked(p, s[i][j], mask, row, at + place(j, x));
                    best = s[i][j] > best ? s[i][j] : best;
                }
                best = row_join(best, larger());
                const S now = best > m[i] ? best : m[i], from = now == (S)-INFINITY ? 0 : now, keep = EXP(m[i] - from);
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) total += s[i][j] = EXP(s[i][j] - from);
                sum[i] = sum[i] * keep + row_join(total, tpc_add());
                m[i] = now;
                TPC_UNROLL(16)
                for (int j = 0; j < C; j++) out[i][j] *= keep;
            }
            put_tile<S, R>(tile, s);
            __syncthreads();
            add_product<S, R, C>(out, tile, rows<S>{ &p.v, v_at, at, p.n, p.w, 1 }, least(keys - at, COLS), room);
        }
        const int64_t y_at = head_at(p, p.y, h, false);
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            const int64_t row = first + place(i, y);
            const bool blind = sum[i] == 0;            /* sees nothing */
            const S by = blind ? 0 : 1 / sum[i];
            if (row >= p.l) continue;
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++)
                if (place(j, x) < p.w) tpc_set(p.y.x, y_at + row * p.y.row + place(j, x) * p.y.col, out[i][j] * by);
            if (!x) tpc_set(p.sums, h * p.l + row, blind ? (S)INFINITY : m[i] + LOG(sum[i]));
        }
    }
}

/* ---- Backward ------------------------------------------------------------------------------------------------------------------------------ */

/* D = sum dy y of each row, a warp each */
template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) inner_products(TPC_GIVEN shape p)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t r = tpc_first() / 32; r < p.heads * p.l; r += tpc_step() / 32) {
        const int64_t h = r / p.l, row = r - h * p.l, y = head_at(p, p.y, h, false) + row * p.y.row, dy = head_at(p, p.dy, h, false) + row * p.dy.row;
        S sum = 0;
        for (int64_t i = lane; i < p.w; i += 32) sum += tpc_get<S>(p.y.x, y + i * p.y.col) * tpc_get<S>(p.dy.x, dy + i * p.dy.col);
        sum = tpc_warp_join(sum, tpc_add());
        if (!lane) ((S *)p.d)[r] = sum;
    }
}

template <class S> struct marks { S sums, d; };         /* of a row */
template <class S> TPC_DEVICE marks<S> marks_of(const shape &p, int64_t h, int64_t row)
{
    if (row >= p.l) return marks<S>{ (S)INFINITY, 0 };
    return marks<S>{ tpc_get<S>(p.sums, h * p.l + row), ((const S *)p.d)[h * p.l + row] };
}

template <class S, int R, int C> TPC_DEVICE void put_rows(const side &to, int64_t base, int64_t first, int64_t n, int64_t width, const S (&sum)[R][C], S by)
{
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    TPC_UNROLL(16)
    for (int i = 0; i < R; i++) {
        const int64_t row = first + place(i, y);
        TPC_UNROLL(16)
        for (int j = 0; j < C; j++)
            if (row < n && place(j, x) < width) tpc_set(to.x, base + row * to.row + place(j, x) * to.col, sum[i][j] * by);
    }
}

template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) query_gradient(TPC_GIVEN shape p, int64_t blocks)
{
    enum { ROWS = SIDE * R, A = ROWS + 4, DEPTH = depth_of<S>::value, STAGE = DEPTH * (A + COLS + 4), ROOM = STAGE > SLICED ? STAGE : SLICED };
    TPC_SHARED(four<S>, room_fours, [ROOM / 4]);       /* what is read four at a time must begin where 16 bytes do */
    TPC_SHARED(four<S>, tile_fours, [COLS * A / 4]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    for (int64_t b = blockIdx.x; b < p.heads * blocks; b += gridDim.x) {
        const int64_t h = b / blocks, first = (blocks - 1 - b % blocks) * ROWS;
        const int64_t k_at = head_at(p, p.k, h, true), v_at = head_at(p, p.v, h, true), mask = p.mask.x.data ? head_at(p, p.mask, h, false) : 0;
        const rows<S> q = { &p.q, head_at(p, p.q, h, false), first, p.l, p.e, (S)p.scale }, dy = { &p.dy, head_at(p, p.dy, h, false), first, p.l, p.w, 1 };
        S out[R][C];
        marks<S> of[R];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            of[i] = marks_of<S>(p, h, first + place(i, y));
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) out[i][j] = 0;
        }
        const int64_t keys = p.causal ? least(p.n, first + ROWS) : p.n;
        TPC_UNROLL(1)
        for (int64_t at = 0; at < keys; at += COLS) {
            S s[R][4], ds[R][4];
            const rows<S> k = { &p.k, k_at, at, p.n, p.e, 1 };
            multiply_rows<S, R>(s, q, k, p.e, room);
            multiply_rows<S, R>(ds, dy, rows<S>{ &p.v, v_at, at, p.n, p.w, 1 }, p.w, room);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i++)
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    const S weight = EXP(masked(p, s[i][j], mask, first + place(i, y), at + place(j, x)) - of[i].sums);
                    ds[i][j] = weight * (ds[i][j] - of[i].d);
                }
            put_tile<S, R>(tile, ds);
            __syncthreads();
            add_product<S, R, C>(out, tile, k, least(keys - at, COLS), room);
        }
        put_rows<S, R, C>(p.dq, head_at(p, p.dq, h, false), first, p.l, p.e, out, (S)p.scale);
    }
}

/* Tiles of keys by rows of q */
template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) key_gradients(TPC_GIVEN shape p, int64_t blocks)
{
    enum { KEYS = SIDE * R, A = KEYS + 4, DEPTH = depth_of<S>::value, STAGE = DEPTH * (A + COLS + 4), ROOM = STAGE > SLICED ? STAGE : SLICED };
    TPC_SHARED(four<S>, room_fours, [ROOM / 4]);       /* what is read four at a time must begin where 16 bytes do */
    TPC_SHARED(four<S>, tile_fours, [COLS * A / 4]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % SIDE, y = (int)threadIdx.x / SIDE;
    for (int64_t b = blockIdx.x; b < p.heads / p.group * blocks; b += gridDim.x) {
        const int64_t h0 = b / blocks * p.group, first = b % blocks * KEYS;
        const rows<S> k = { &p.k, head_at(p, p.k, h0, true), first, p.n, p.e, 1 }, v = { &p.v, head_at(p, p.v, h0, true), first, p.n, p.w, 1 };
        S dk[R][C], dv[R][C];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++)
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) dk[i][j] = dv[i][j] = 0;
        TPC_UNROLL(1)
        for (int64_t h = h0; h < h0 + p.group; h++) {
            const int64_t q_at = head_at(p, p.q, h, false), dy_at = head_at(p, p.dy, h, false), mask = p.mask.x.data ? head_at(p, p.mask, h, false) : 0;
            TPC_UNROLL(1)
            for (int64_t at = p.causal ? first / COLS * COLS : 0; at < p.l; at += COLS) {
                S s[R][4], ds[R][4];
                const rows<S> q = { &p.q, q_at, at, p.l, p.e, (S)p.scale }, dy = { &p.dy, dy_at, at, p.l, p.w, 1 };
                const int64_t some = least(p.l - at, COLS);
                multiply_rows<S, R>(s, k, q, p.e, room);
                multiply_rows<S, R>(ds, v, dy, p.w, room);
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    const int64_t row = at + place(j, x);
                    const marks<S> of = marks_of<S>(p, h, row);
                    TPC_UNROLL(16)
                    for (int i = 0; i < R; i++) {
                        s[i][j] = EXP(masked(p, s[i][j], mask, row, first + place(i, y)) - of.sums);
                        ds[i][j] = s[i][j] * (ds[i][j] - of.d);
                    }
                }
                put_tile<S, R>(tile, s);
                __syncthreads();
                add_product<S, R, C>(dv, tile, dy, some, room);
                put_tile<S, R>(tile, ds);
                __syncthreads();
                add_product<S, R, C>(dk, tile, q, some, room);
            }
        }
        put_rows<S, R, C>(p.dk, head_at(p, p.dk, h0, true), first, p.n, p.e, dk, 1);
        put_rows<S, R, C>(p.dv, head_at(p, p.dv, h0, true), first, p.n, p.w, dv, 1);
    }
}

/* ---- Host side -------------------------------------------------------------------------------------------------------------------------------- */

static side side_of(const shape &p, const tpc_array &x)
{
    side s = { tpc_side_of(x), 0, 0, { 0 } };
    const int last = x.ndim - 1;
    if (last >= 0 && x.shape[last] != 1) s.col = x.stride[last];
    if (last >= 1 && x.shape[last - 1] != 1) s.row = x.stride[last - 1];
    for (int d = 0; d < p.batch; d++) {
        const int at = d - (p.batch - (x.ndim - 2));
        if (at >= 0 && x.shape[at] != 1) s.step[d] = x.stride[at];
    }
    return s;
}

/* From q, k, v and the mask, the inputs from `first` on */
static shape shape_of(tp__call *call, int first)
{
    const tp__attention *attr = (const tp__attention *)tpc_attr(call);
    tpc_array q, k, v, mask;
    tpc_in(call, first, &q);
    tpc_in(call, first + 1, &k);
    tpc_in(call, first + 2, &v);
    const bool has_mask = tpc_in(call, first + 3, &mask);
    shape p = {};
    p.batch = q.ndim - 2;
    p.heads = p.group = 1;
    p.l = q.shape[q.ndim - 2];
    p.e = q.shape[q.ndim - 1];
    p.n = k.shape[k.ndim - 2];
    p.w = v.shape[v.ndim - 1];
    for (int d = 0; d < p.batch; d++) p.heads *= p.size[d] = q.shape[d];
    if (p.batch && p.heads) p.group = q.shape[p.batch - 1] / k.shape[p.batch - 1];
    p.causal = attr->is_causal;
    p.scale = attr->scale;
    p.q = side_of(p, q);
    p.k = side_of(p, k);
    p.v = side_of(p, v);
    if (has_mask) p.mask = side_of(p, mask);
    return p;
}

static tp_status too_wide(tp__call *call, const shape &p)
{
    return tpc_fail(call, TP_ERR_UNSUPPORTED, "rows of %lld and %lld elements are more than the 256 of the kernel", (long long)p.e, (long long)p.w);
}

/* A kernel whose blocks take `per` rows of a head each */
#define LAUNCH(kernel, heads, rows, per) do { \
        const int64_t blocks_ = ((rows) + (per) - 1) / (per); \
        TPC_LAUNCH(kernel, tpc_grid(call, (heads) * blocks_), TPC_BLOCK, 0, tpc_stream(call), p, blocks_); \
    } while (0)

/* ---- By cuDNN -------------------------------------------------------------------------------------------------------------------------------------- */

/* Distances between batches, heads and rows; where there is one of them, as if they followed each other. */
static bool steps_of(const shape &p, const side &s, int64_t heads, int64_t rows, int64_t width, int64_t *step)
{
    step[2] = rows == 1 ? width : s.row;
    step[1] = p.batch < 1 || heads == 1 ? rows * step[2] : s.step[p.batch - 1];
    step[0] = p.batch < 2 || p.size[0] == 1 ? heads * rows * step[2] : s.step[0];
    return s.col == 1 || width == 1;
}

/* Without a mask, and no more than a batch of heads. */
static tp_status by_cudnn(const tp__call *call, const shape &p, bool backward, bool *done)
{
    *done = false;
    if (p.mask.x.data || p.batch > 2 || p.sums.dtype != TP_F32 || (p.q.x.dtype != TP_F16 && p.q.x.dtype != TP_BF16)) return TP_OK;
    tpc_dnn_attention a = {};
    a.dtype = p.q.x.dtype, a.causal = p.causal, a.backward = backward;
    a.heads = p.batch ? p.size[p.batch - 1] : 1;
    a.own = a.heads / p.group;
    a.batch = p.batch > 1 ? p.size[0] : 1;
    a.l = p.l, a.n = p.n, a.e = p.e, a.w = p.w;
    bool good = steps_of(p, p.q, a.heads, a.l, a.e, a.q) && steps_of(p, p.k, a.own, a.n, a.e, a.k) && steps_of(p, p.v, a.own, a.n, a.w, a.v) &&
                steps_of(p, p.y, a.heads, a.l, a.w, a.y);
    if (backward)
        good = good && steps_of(p, p.dy, a.heads, a.l, a.w, a.dy) && steps_of(p, p.dq, a.heads, a.l, a.e, a.dq) && steps_of(p, p.dk, a.own, a.n, a.e, a.dk) &&
               steps_of(p, p.dv, a.own, a.n, a.w, a.dv);
    if (!good) return TP_OK;
    const tpc_dnn_heads at = { p.q.x.data, p.k.x.data, p.v.x.data, p.y.x.data, p.sums.data, p.dy.x.data, p.dq.x.data, p.dk.x.data, p.dv.x.data, p.d };
    return tpc_dnn_attend(call, &a, &at, (float)p.scale, done);
}

/* ---- Kernels ---------------------------------------------------------------------------------------------------------------------------------------- */

static tp_status attention(tp__call *call)
{
    tpc_array y, sums;
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &sums);
    if (!sums.numel) return TP_OK;
    shape p = shape_of(call, 0);
    p.y = side_of(p, y);
    p.sums = tpc_side_of(sums);
    bool done;
    const tp_status status = by_cudnn(call, p, false, &done);
    if (status || done) return status;
    if (p.w > 256) return too_wide(call, p);
    if (y.dtype == TP_F64) LAUNCH((attend<double, 4, 16>), p.heads, p.l, 64);
    else if (p.w <= 64) LAUNCH((attend<float, 8, 4>), p.heads, p.l, 128);
    else if (p.w <= 128) LAUNCH((attend<float, 8, 8>), p.heads, p.l, 128);
    else LAUNCH((attend<float, 8, 16>), p.heads, p.l, 128);
    return tpc_launched(call);
}

template <class S, int C> static void launch_back(tp__call *call, const shape &p)
{
    TPC_LAUNCH(inner_products<S>, tpc_blocks(call, p.heads * p.l * 32), TPC_BLOCK, 0, tpc_stream(call), p);
    LAUNCH((query_gradient<S, 4, C>), p.heads, p.l, 64);
    LAUNCH((key_gradients<S, 4, C>), p.heads / p.group, p.n, 64);
}

/* dy, q, k, v, mask?, y, sums -> dq, dk, dv */
static tp_status attention_backward(tp__call *call)
{
    tpc_array dy, y, sums, dq, dk, dv;
    tpc_temporary room(call);
    tpc_in(call, 0, &dy);
    tpc_in(call, 5, &y);
    tpc_in(call, 6, &sums);
    tpc_out(call, 0, &dq);
    tpc_out(call, 1, &dk);
    tpc_out(call, 2, &dv);
    shape p = shape_of(call, 1);
    if (!p.heads) return TP_OK;
    if (p.e > 256 || p.w > 256) return too_wide(call, p);
    bool done;
    tp_status status = tpc_contiguous(call, &sums, &room.data);
    if (status) return status;
    tpc_temporary d(call, (size_t)(p.heads * p.l + 1) * (y.dtype == TP_F64 ? sizeof(double) : sizeof(float)));
    if (!d.data) return TP_ERR_MEMORY;
    p.sums = tpc_side_of(sums);
    p.d = d.data;
    p.dy = side_of(p, dy);
    p.y = side_of(p, y);
    p.dq = side_of(p, dq);
    p.dk = side_of(p, dk);
    p.dv = side_of(p, dv);
    status = by_cudnn(call, p, true, &done);
    if (status || done) return status;
    const int64_t wide = p.e > p.w ? p.e : p.w;
    if (y.dtype == TP_F64) launch_back<double, 16>(call, p);
    else if (wide <= 64) launch_back<float, 4>(call, p);
    else if (wide <= 128) launch_back<float, 8>(call, p);
    else launch_back<float, 16>(call, p);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_attention[] = {
    { "attention", attention, NULL }, { "attention_backward", attention_backward, NULL }, { NULL, NULL, NULL },
};
