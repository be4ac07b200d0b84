/* attention.cu: attention forward, by cuDNN where it has a plan for it: of 16-bit floats alone. Else rows of q stay, keys go by, and a row's largest
 * score m and its sum e^(score - m) are brought up to date (Dao et al. 2022). Rows longer than 256 elements are not taken. */
#include "cuda/attention.cuh"
#include "cuda/dnn.h"

/* ---- The call ----------------------------------------------------------------------------------------------------------------------------- */

tpc_attention_side tpc_attention_side_of(const tpc_attention &p, const tpc_array &x)
{
    tpc_attention_side s = { tpc_side_of(x), 0, 0, { 0 } };
    const int last = x.ndim - 1;
    if (last >= 0 && x.shape[last] != 1) s.col = x.stride[last];
    if (last >= 1 && x.shape[last - 1] != 1) s.row = x.stride[last - 1];
    for (int d = 0; d < p.batch; d++) {
        const int at = d - (p.batch - (x.ndim - 2));
        if (at >= 0 && x.shape[at] != 1) s.step[d] = x.stride[at];
    }
    return s;
}

tpc_attention tpc_attention_of(tp__call *call, int first)
{
    const tp__attention *attr = (const tp__attention *)tpc_attr(call);
    tpc_array q, k, v, mask;
    tpc_in(call, first, &q);
    tpc_in(call, first + 1, &k);
    tpc_in(call, first + 2, &v);
    const bool has_mask = tpc_in(call, first + 3, &mask);
    tpc_attention p = {};
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
    p.q = tpc_attention_side_of(p, q);
    p.k = tpc_attention_side_of(p, k);
    p.v = tpc_attention_side_of(p, v);
    if (has_mask) p.mask = tpc_attention_side_of(p, mask);
    return p;
}

tp_status tpc_attention_too_wide(tp__call *call, const tpc_attention &p)
{
    return tpc_fail(call, TP_ERR_UNSUPPORTED, "rows of %lld and %lld elements are more than the 256 of the kernel", (long long)p.e, (long long)p.w);
}

/* ---- By cuDNN, forward and backward ------------------------------------------------------------------------------------------------------- */

/* Distances between batches, heads and rows; where there is one of them, as if they followed each other. */
static bool steps_of(const tpc_attention &p, const tpc_attention_side &s, int64_t heads, int64_t rows, int64_t width, int64_t *step)
{
    step[2] = rows == 1 ? width : s.row;
    step[1] = p.batch < 1 || heads == 1 ? rows * step[2] : s.step[p.batch - 1];
    step[0] = p.batch < 2 || p.size[0] == 1 ? heads * rows * step[2] : s.step[0];
    return s.col == 1 || width == 1;
}

tp_status tpc_attention_by_cudnn(const tp__call *call, const tpc_attention &p, bool backward, bool *done)
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

/* ---- By tiles ------------------------------------------------------------------------------------------------------------------------------- */

template <class S, int R, int C> static __global__ void __launch_bounds__(TPC_BLOCK) attend(TPC_GIVEN tpc_attention p, int64_t blocks)
{
    enum { ROWS = TPC_TILE_SIDE * R };
    using shared = tpc_tile_room<S, R>;
    TPC_SHARED(tpc_four<S>, room_fours, [shared::staged]);
    TPC_SHARED(tpc_four<S>, tile_fours, [shared::tile]);
    S *const room = room_fours[0].at, *const tile = tile_fours[0].at;
    const int x = (int)threadIdx.x % TPC_TILE_SIDE, y = (int)threadIdx.x / TPC_TILE_SIDE;
    for (int64_t b = blockIdx.x; b < p.heads * blocks; b += gridDim.x) {
        const int64_t h = b / blocks, first = (blocks - 1 - b % blocks) * ROWS;          /* the longest first, where it is causal */
        const int64_t k_at = tpc_head_at(p, p.k, h, true), v_at = tpc_head_at(p, p.v, h, true), mask = p.mask.x.data ? tpc_head_at(p, p.mask, h, false) : 0;
        const tpc_tile_rows<S> q = { &p.q, tpc_head_at(p, p.q, h, false), first, p.l, p.e, (S)p.scale };
        S out[R][C], m[R], sum[R];
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            m[i] = (S)-INFINITY;
            sum[i] = 0;
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++) out[i][j] = 0;
        }
        const int64_t keys = p.causal ? tpc_least(p.n, first + ROWS) : p.n;
        TPC_UNROLL(1)
        for (int64_t at = 0; at < keys; at += TPC_TILE_COLS) {
            S s[R][4];
            tpc_multiply_rows<S, R>(s, q, tpc_tile_rows<S>{ &p.k, k_at, at, p.n, p.e, 1 }, p.e, room);
            TPC_UNROLL(16)
            for (int i = 0; i < R; i++) {
                const int64_t row = first + tpc_tile_place(i, y);
                S best = (S)-INFINITY, total = 0;
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) {
                    s[i][j] = tpc_masked(p, s[i][j], mask, row, at + tpc_tile_place(j, x));
                    best = s[i][j] > best ? s[i][j] : best;
                }
                best = tpc_row_join(best, tpc_larger());
                const S now = best > m[i] ? best : m[i], from = now == (S)-INFINITY ? 0 : now, keep = EXP(m[i] - from);
                TPC_UNROLL(16)
                for (int j = 0; j < 4; j++) total += s[i][j] = EXP(s[i][j] - from);
                sum[i] = sum[i] * keep + tpc_row_join(total, tpc_add());
                m[i] = now;
                TPC_UNROLL(16)
                for (int j = 0; j < C; j++) out[i][j] *= keep;
            }
            tpc_put_tile<S, R>(tile, s);
            __syncthreads();
            tpc_add_tile<S, R, C>(out, tile, tpc_tile_rows<S>{ &p.v, v_at, at, p.n, p.w, 1 }, tpc_least(keys - at, TPC_TILE_COLS), room);
        }
        const int64_t y_at = tpc_head_at(p, p.y, h, false);
        TPC_UNROLL(16)
        for (int i = 0; i < R; i++) {
            const int64_t row = first + tpc_tile_place(i, y);
            const bool blind = sum[i] == 0;            /* sees nothing */
            const S by = blind ? 0 : 1 / sum[i];
            if (row >= p.l) continue;
            TPC_UNROLL(16)
            for (int j = 0; j < C; j++)
                if (tpc_tile_place(j, x) < p.w) tpc_set(p.y.x, y_at + row * p.y.row + tpc_tile_place(j, x) * p.y.col, out[i][j] * by);
            if (!x) tpc_set(p.sums, h * p.l + row, blind ? (S)INFINITY : m[i] + LOG(sum[i]));
        }
    }
}

static tp_status attention(tp__call *call)
{
    tpc_array y, sums;
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &sums);
    if (!sums.numel) return TP_OK;
    tpc_attention p = tpc_attention_of(call, 0);
    p.y = tpc_attention_side_of(p, y);
    p.sums = tpc_side_of(sums);
    bool done;
    const tp_status status = tpc_attention_by_cudnn(call, p, false, &done);
    if (status || done) return status;
    if (p.w > 256) return tpc_attention_too_wide(call, p);
    if (y.dtype == TP_F64) TPC_ATTENTION_LAUNCH((attend<double, 4, 16>), p.heads, p.l, 64);
    else if (p.w <= 64) TPC_ATTENTION_LAUNCH((attend<float, 8, 4>), p.heads, p.l, 128);
    else if (p.w <= 128) TPC_ATTENTION_LAUNCH((attend<float, 8, 8>), p.heads, p.l, 128);
    else TPC_ATTENTION_LAUNCH((attend<float, 8, 16>), p.heads, p.l, 128);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_attention[] = { { "attention", attention, NULL }, { NULL, NULL, NULL } };
