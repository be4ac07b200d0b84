/* attention.cuh: softmax(s q k' + mask) v by tiles of scores that are never all there. A block of 16 x 16 threads makes a tile of some rows by 64
 * columns, of which each thread has a few by 4, passes it through shared memory and multiplies it into what it gathers in registers: results of
 * its rows, R by C of them in each thread. 16-bit floats are computed in float32. */
#ifndef TPC_ATTENTION_CUH
#define TPC_ATTENTION_CUH

#include "cuda/lanes.cuh"
#include "cuda/real.cuh"

/* Threads along a side; columns of a tile; elements that a tile is multiplied by at a time */
enum { TPC_TILE_SIDE = 16, TPC_TILE_COLS = 4 * TPC_TILE_SIDE, TPC_TILE_SLICED = 1024 };
template <class S> struct tpc_tile_depth { enum { value = 64 / sizeof(S) }; };          /* elements of rows that are multiplied at a time */

/* One array: strides of its rows and columns, and of the dims of the batch. No data: there is none. */
struct tpc_attention_side { tpc_side x; int64_t row, col, step[TP_MAX_DIMS]; };
struct tpc_attention {
    int64_t heads, group, l, n, e, w, size[TP_MAX_DIMS];                                 /* heads of q; how many share one of k */
    int batch;
    bool causal;
    double scale;
    tpc_attention_side q, k, v, mask, y, dy, dq, dk, dv;
    tpc_side sums;                                     /* [heads, l], as is d */
    void *d;
};

/* Where head h of q begins in an array; `shared`: one of k's heads stands there for each group. */
TPC_DEVICE int64_t tpc_head_at(const tpc_attention &p, const tpc_attention_side &s, int64_t h, bool shared)
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

template <class S> struct alignas(16) tpc_four { S at[4]; };
template <class S> TPC_DEVICE tpc_four<S> tpc_four_at(const S *x) { return *reinterpret_cast<const tpc_four<S> *>(x); }

/* Thread (x, y) has rows 64 a + 4 y + b and columns 64 a + 4 x + b. */
TPC_DEVICE int tpc_tile_place(int i, int thread) { return i / 4 * 64 + thread * 4 + i % 4; }

/* Shared memory of a kernel, in fours, since what is read four at a time must begin where 16 bytes do: what is on its way to be multiplied, and a tile */
template <class S, int R> struct tpc_tile_room {
    static constexpr int A = TPC_TILE_SIDE * R + 4, STAGE = tpc_tile_depth<S>::value * (A + TPC_TILE_COLS + 4);
    static constexpr int staged = (STAGE > TPC_TILE_SLICED ? STAGE : TPC_TILE_SLICED) / 4, tile = TPC_TILE_COLS * A / 4;
};

/* Some rows of an array from `first` on, times `by`; beyond the end they are 0. */
template <class S> struct tpc_tile_rows { const tpc_attention_side *s; int64_t base, first, n, width; S by; };
template <class S> TPC_DEVICE S tpc_row_element(const tpc_tile_rows<S> &r, int64_t row, int64_t col)
{
    return r.first + row < r.n && col < r.width ? tpc_get<S>(r.s->x, r.base + (r.first + row) * r.s->row + col * r.s->col) * r.by : 0;
}

/* part[i][j] = a's row i times b's row j: R 16 rows of a by 64 of b. Room: depth x (16 R + 4 + 68). */
template <class S, int R> TPC_DEVICE void tpc_multiply_rows(S (&part)[R][4], const tpc_tile_rows<S> &a, const tpc_tile_rows<S> &b, int64_t width,
                                                                S *room)
{
    enum { DEPTH = tpc_tile_depth<S>::value, A = TPC_TILE_SIDE * R + 4, B = TPC_TILE_COLS + 4 };
    S *const sa = room, *const sb = room + DEPTH * A;
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    TPC_UNROLL(16)
    for (int i = 0; i < R; i++)
        TPC_UNROLL(16)
        for (int j = 0; j < 4; j++) part[i][j] = 0;
    TPC_UNROLL(1)
    for (int64_t at = 0; at < width; at += DEPTH) {
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < TPC_TILE_SIDE * R * DEPTH; t += TPC_BLOCK)
            sa[t % DEPTH * A + t / DEPTH] = tpc_row_element(a, t / DEPTH, at + t % DEPTH);
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < TPC_TILE_COLS * DEPTH; t += TPC_BLOCK)
            sb[t % DEPTH * B + t / DEPTH] = tpc_row_element(b, t / DEPTH, at + t % DEPTH);
        __syncthreads();
        TPC_UNROLL(4)
        for (int k = 0; k < DEPTH; k++) {
            const tpc_four<S> right = tpc_four_at(&sb[k * B + x * 4]);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i += 4) {
                const tpc_four<S> left = tpc_four_at(&sa[k * A + tpc_tile_place(i, y)]);
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
template <class S, int R> TPC_DEVICE void tpc_put_tile(S *tile, const S (&part)[R][4])
{
    enum { A = TPC_TILE_SIDE * R + 4 };
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    TPC_UNROLL(16)
    for (int j = 0; j < 4; j++)
        TPC_UNROLL(16)
        for (int i = 0; i < R; i += 4)
            *reinterpret_cast<tpc_four<S> *>(&tile[tpc_tile_place(j, x) * A + tpc_tile_place(i, y)]) =
                tpc_four<S>{ { part[i][j], part[i + 1][j], part[i + 2][j], part[i + 3][j] } };
}

/* sum += tile' b: of 64 rows of b, up to 16 C wide. Room: TPC_TILE_SLICED. The tile must be there; after it, it may be written at once. */
template <class S, int R, int C> TPC_DEVICE void tpc_add_tile(S (&sum)[R][C], const S *tile, const tpc_tile_rows<S> &b, int64_t some, S *room)
{
    enum { A = TPC_TILE_SIDE * R + 4, WIDE = TPC_TILE_SIDE * C, SLICE = TPC_TILE_SLICED / WIDE };
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    TPC_UNROLL(1)
    for (int64_t first = 0; first < some; first += SLICE) {
        TPC_UNROLL(1)
        for (int t = (int)threadIdx.x; t < SLICE * WIDE; t += TPC_BLOCK) room[t] = tpc_row_element(b, first + t / WIDE, t % WIDE);
        __syncthreads();
        TPC_UNROLL(2)
        for (int k = 0; k < SLICE; k++) {
            S left[R];
            TPC_UNROLL(16)
            for (int i = 0; i < R; i += 4) {
                const tpc_four<S> part = tpc_four_at(&tile[(first + k) * A + tpc_tile_place(i, y)]);
                TPC_UNROLL(16)
                for (int r = 0; r < 4; r++) left[i + r] = part.at[r];
            }
            TPC_UNROLL(16)
            for (int j = 0; j < C; j += 4) {
                const tpc_four<S> right = tpc_four_at(&room[k * WIDE + tpc_tile_place(j, x)]);
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
template <class S, class Join> TPC_DEVICE S tpc_row_join(S v, Join join)
{
    TPC_UNROLL(4)
    for (int by = TPC_TILE_SIDE / 2; by; by >>= 1) v = join(v, __shfl_xor_sync(~0u, v, by));
    return v;
}
struct tpc_larger { template <class S> __device__ S operator()(S a, S b) const { return b > a ? b : a; } };

/* A score with its mask; -inf of what is not seen. `mask`: where the head begins in it. */
template <class S> TPC_DEVICE S tpc_masked(const tpc_attention &p, S score, int64_t mask, int64_t row, int64_t key)
{
    if (row >= p.l || key >= p.n || (p.causal && key > row)) return (S)-INFINITY;
    if (!p.mask.x.data) return score;
    const S m = tpc_load_any<S>(p.mask.x, mask + row * p.mask.row + key * p.mask.col);
    return p.mask.x.dtype != TP_BOOL ? score + m : m != 0 ? score : (S)-INFINITY;
}
TPC_DEVICE int64_t tpc_least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- For both directions (attention.cu) -------------------------------------------------------------------------------------------------------- */

tpc_attention_side tpc_attention_side_of(const tpc_attention &p, const tpc_array &x);
/* From q, k, v and the mask, the inputs from `first` on */
tpc_attention tpc_attention_of(tp__call *call, int first);
tp_status tpc_attention_too_wide(tp__call *call, const tpc_attention &p);
/* Without a mask, and no more than a batch of heads. */
tp_status tpc_attention_by_cudnn(const tp__call *call, const tpc_attention &p, bool backward, bool *done);

/* A kernel whose blocks take `per` rows of a head each */
#define TPC_ATTENTION_LAUNCH(kernel, heads, rows, per) do { \
        const int64_t blocks_ = ((rows) + (per) - 1) / (per); \
        TPC_LAUNCH(kernel, tpc_grid(call, (heads) * blocks_), TPC_BLOCK, 0, tpc_stream(call), p, blocks_); \
    } while (0)

#endif
