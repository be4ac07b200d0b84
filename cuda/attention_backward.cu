/* attention_backward.cu: attention's backward, by cuDNN where it has a plan for it (attention.cu), else with
 *
 *   P = e^(s q k' - sums),  D = sum dy y of a row,  dS = P (dy v' - D)
 *
 * Rows of q stay for dq = s dS k, keys stay for dv = P' dy and dk = s dS' q. Scores are made twice, and nothing is added by two blocks, so the
 * order of each sum is always the same. */
#include "cuda/attention.cuh"

/* D = sum dy y of each row, a warp each */
template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) inner_products(TPC_GIVEN tpc_attention p)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t r = tpc_first() / 32; r < p.heads * p.l; r += tpc_step() / 32) {
        const int64_t h = r / p.l, row = r - h * p.l, y = tpc_head_at(p, p.y, h, false) + row * p.y.row, dy = tpc_head_at(p, p.dy, h, false) + row * p.dy.row;
        S sum = 0;
        for (int64_t i = lane; i < p.w; i += 32) sum += tpc_get<S>(p.y.x, y + i * p.y.col) * tpc_get<S>(p.dy.x, dy + i * p.dy.col);
        sum = tpc_warp_join(sum, tpc_add());
        if (!lane) ((S *)p.d)[r] = sum;
    }
}

template <class S> struct marks { S sums, d; };         /* of a row */
template <class S> TPC_DEVICE marks<S> marks_of(const tpc_attention &p, int64_t h, int64_t row)
{
    if (row >= p.l) return marks<S>{ (S)INFINITY, 0 };
    return marks<S>{ tpc_get<S>(p.sums, h * p.l + row), ((const S *)p.d)[h * p.l + row] };
}

template <class S, int R, int C>
TPC_DEVICE void put_rows(const tpc_attention_side &to, int64_t base, int64_t first, int64_t n, int64_t width, const S (&sum)[R][C], S by)
{
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    TPC_UNROLL(16)
    for (int i = 0; i < R; i++) {
        const int64_t row = first + tpc_tile_place(i, y);
        TPC_UNROLL(16)
        for (int j = 0; j < C; j++)
            if (row < n && tpc_tile_place(j, x) < width) tpc_set(to.x, base + row * to.row + tpc_tile_place(j, x) * to.col, sum[i][j] * by);
    }
}

template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) query_gradient(TPC_GIVEN tpc_attention p, int64_t blocks)
{
    enum { ROWS = TPC_TILE_SIDE * R };
    using shared = tpc_tile_room<S, R>;
    TPC_SHARED(tpc_four<S>, room_fours, [shared::staged]);
    TPC_SHARED(tpc_four<S>, tile_fours, [shared::tile]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    for (int64_t b = blockIdx.x; b < p.heads * blocks; b += gridDim.x) {
        const int64_t h = b / blocks, first = (blocks - 1 - b % blocks) * ROWS;
        const int64_t k_at = tpc_head_at(p, p.k, h, true), v_at = tpc_head_at(p, p.v, h, true), mask = p.mask.x.data ? tpc_head_at(p, p.mask, h, false) : 0;
        const tpc_tile_rows<S> q = { &p.q, tpc_head_at(p, p.q, h, false), first, p.l, p.e, (S)p.scale };
        const tpc_tile_rows<S> dy = { &p.dy, tpc_head_at(p, p.dy, h, false), first, p.l, p.w, 1 };
        S out[R][C];
        marks<S> of[R];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            of[i] = marks_of<S>(p, h, first + tpc_tile_place(i, y));
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) out[i][j] = 0;
        }
        const int64_t keys = p.causal ? tpc_least(p.n, first + ROWS) : p.n;
        TPC_UNROLL(1)
        for (int64_t at = 0; at < keys; at += TPC_TILE_COLS) {
            S s[R][4], ds[R][4];
            const tpc_tile_rows<S> k = { &p.k, k_at, at, p.n, p.e, 1 };
            tpc_multiply_rows<S, R>(s, q, k, p.e, room);
            tpc_multiply_rows<S, R>(ds, dy, tpc_tile_rows<S>{ &p.v, v_at, at, p.n, p.w, 1 }, p.w, room);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i++)
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    const S weight = EXP(tpc_masked(p, s[i][j], mask, first + tpc_tile_place(i, y), at + tpc_tile_place(j, x)) - of[i].sums);
                    ds[i][j] = weight * (ds[i][j] - of[i].d);
                }
            tpc_put_tile<S, R>(tile, ds);
            __syncthreads();
            tpc_add_tile<S, R, C>(out, tile, k, tpc_least(keys - at, TPC_TILE_COLS), room);
        }
        put_rows<S, R, C>(p.dq, tpc_head_at(p, p.dq, h, false), first, p.l, p.e, out, (S)p.scale);
    }
}

/* Tiles of keys by rows of q */
template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) key_gradients(TPC_GIVEN tpc_attention p, int64_t blocks)
{
    enum { KEYS = TPC_TILE_SIDE * R };
    using shared = tpc_tile_room<S, R>;
    TPC_SHARED(tpc_four<S>, room_fours, [shared::staged]);
    TPC_SHARED(tpc_four<S>, tile_fours, [shared::tile]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    for (int64_t b = blockIdx.x; b < p.heads / p.group * blocks; b += gridDim.x) {
        const int64_t h0 = b / blocks * p.group, first = b % blocks * KEYS;
        const tpc_tile_rows<S> k = { &p.k, tpc_head_at(p, p.k, h0, true), first, p.n, p.e, 1 };
        const tpc_tile_rows<S> v = { &p.v, tpc_head_at(p, p.v, h0, true), first, p.n, p.w, 1 };
        S dk[R][C], dv[R][C];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++)
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) dk[i][j] = dv[i][j] = 0;
        TPC_UNROLL(1)
        for (int64_t h = h0; h < h0 + p.group; h++) {
            const int64_t q_at = tpc_head_at(p, p.q, h, false), dy_at = tpc_head_at(p, p.dy, h, false);
            const int64_t mask = p.mask.x.data ? tpc_head_at(p, p.mask, h, false) : 0;
            TPC_UNROLL(1)
            for (int64_t at = p.causal ? first / TPC_TILE_COLS * TPC_TILE_COLS : 0; at < p.l; at += TPC_TILE_COLS) {
                S s[R][4], ds[R][4];
                const tpc_tile_rows<S> q = { &p.q, q_at, at, p.l, p.e, (S)p.scale }, dy = { &p.dy, dy_at, at, p.l, p.w, 1 };
                const int64_t some = tpc_least(p.l - at, TPC_TILE_COLS);
                tpc_multiply_rows<S, R>(s, k, q, p.e, room);
                tpc_multiply_rows<S, R>(ds, v, dy, p.w, room);
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    const int64_t row = at + tpc_tile_place(j, x);
                    const marks<S> of = marks_of<S>(p, h, row);
                    TPC_UNROLL(16)
                    for (int i = 0; i < R; i++) {
                        s[i][j] = EXP(tpc_masked(p, s[i][j], mask, row, first + tpc_tile_place(i, y)) - of.sums);
                        ds[i][j] = s[i][j] * (ds[i][j] - of.d);
                    }
                }
                tpc_put_tile<S, R>(tile, s);
                __syncthreads();
                tpc_add_tile<S, R, C>(dv, tile, dy, some, room);
                tpc_put_tile<S, R>(tile, ds);
                __syncthreads();
                tpc_add_tile<S, R, C>(dk, tile, q, some, room);
            }
        }
        put_rows<S, R, C>(p.dk, tpc_head_at(p, p.dk, h0, true), first, p.n, p.e, dk, 1);
        put_rows<S, R, C>(p.dv, tpc_head_at(p, p.dv, h0, true), first, p.n, p.w, dv, 1);
    }
}

template <class S, int C> static void launch_back(tp__call *call, const tpc_attention &p)
{
    TPC_LAUNCH(inner_products<S>, tpc_blocks(call, p.heads * p.l * 32), TPC_BLOCK, 0, tpc_stream(call), p);
    TPC_ATTENTION_LAUNCH((query_gradient<S, 4, C>), p.heads, p.l, 64);
    TPC_ATTENTION_LAUNCH((key_gradients<S, 4, C>), p.heads / p.group, p.n, 64);
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
    tpc_attention p = tpc_attention_of(call, 1);
    if (!p.heads) return TP_OK;
    if (p.e > 256 || p.w > 256) return tpc_attention_too_wide(call, p);
    bool done;
    tp_status status = tpc_contiguous(call, &sums, &room.data);
    if (status) return status;
    tpc_temporary d(call, (size_t)(p.heads * p.l + 1) * (y.dtype == TP_F64 ? sizeof(double) : sizeof(float)));
    if (!d.data) return TP_ERR_MEMORY;
    p.sums = tpc_side_of(sums);
    p.d = d.data;
    p.dy = tpc_attention_side_of(p, dy);
    p.y = tpc_attention_side_of(p, y);
    p.dq = tpc_attention_side_of(p, dq);
    p.dk = tpc_attention_side_of(p, dk);
    p.dv = tpc_attention_side_of(p, dv);
    status = tpc_attention_by_cudnn(call, p, true, &done);
    if (status || done) return status;
    const int64_t wide = p.e > p.w ? p.e : p.w;
    if (y.dtype == TP_F64) launch_back<double, 16>(call, p);
    else if (wide <= 64) launch_back<float, 4>(call, p);
    else if (wide <= 128) launch_back<float, 8>(call, p);
    else launch_back<float, 16>(call, p);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_attention_backward[] = { { "attention_backward", attention_backward, NULL }, { NULL, NULL, NULL } };
