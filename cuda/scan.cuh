/* scan.cuh: scans along a dim of contiguous tensors, seen as [outer, n, inner], from the first element to the last or back. A family says in a
 * struct what is joined:
 *
 *   struct sum { using acc = double; acc none() const; acc read(int64_t at, int64_t k) const; acc join(acc a, acc b) const;
 *                void write(int64_t at, int64_t k, acc a) const; };           at: the element's offset, k: its place along the walk
 *
 * Some lanes share a row. Each has a few neighbours at a time, which it scans; what the lanes before it sum to comes from a scan over
 * the block's shared memory, and what came before them is carried on. Where rows are few and long a row is cut in segments for several blocks: a first
 * pass makes the sum of each segment, a second begins from the sum of those before. So what is joined is the same as one after the
 * other, in float64 or whole numbers. */
#ifndef TPC_SCAN_CUH
#define TPC_SCAN_CUH

#include "cuda/lanes.cuh"

enum { TPC_SCAN_EACH = 4, TPC_LONG_ROW = 1024 };

struct tpc_scan_rows { tpc_rows r; bool back; int64_t segments, per_segment; };

/* Where element k of the walk is */
TPC_DEVICE int64_t tpc_scan_place(const tpc_scan_rows &g, const tpc_row &row, int64_t k) { return row.base + (g.back ? row.n - 1 - k : k) * g.r.inner; }

/* Of each lane, what the lanes before it have, joined; `all` is what all have. The first lane gets `none`. */
template <class Op> TPC_DEVICE typename Op::acc tpc_before_lane(const Op &op, typename Op::acc v, const tpc_seat &s, int lanes, typename Op::acc *all)
{
    using acc = typename Op::acc;
    TPC_SHARED(acc, held, [TPC_BLOCK]);
    const int t = (int)threadIdx.x;
    if (lanes == 1) {
        *all = v;
        return op.none();
    }
    held[t] = v;
    __syncthreads();
    for (int by = 1; by < lanes; by *= 2) {
        const bool has = s.part >= by;
        if (has) v = op.join(held[t - by * s.step], v);
        __syncthreads();
        if (has) held[t] = v;
        __syncthreads();
    }
    *all = held[t + (lanes - 1 - s.part) * s.step];
    v = s.part ? held[t - s.step] : op.none();
    __syncthreads();
    return v;
}

/* sums: of each segment. NULL: there is one. totals: to make them, else they are there. */
template <class Op> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_scan(const tpc_scan_rows g, const Op op, typename Op::acc *sums, bool totals)
{
    using acc = typename Op::acc;
    const tpc_seat s = tpc_take_seat(g.r);
    const int64_t tiles = tpc_row_tiles(g.r, s);
    for (int64_t b = blockIdx.x; b < tiles * g.segments; b += gridDim.x) {
        const tpc_row row = tpc_row_at(g.r, s, b / g.segments);
        const int64_t segment = b % g.segments, first = segment * g.per_segment;
        const int64_t end = row.n ? first + g.per_segment < g.r.n ? first + g.per_segment : g.r.n : 0;
        acc carry = op.none();
        if (sums && !totals && row.n)
            for (int64_t k = 0; k < segment; k++) carry = op.join(carry, sums[row.row * g.segments + k]);
        for (int64_t at = first; at < first + g.per_segment; at += (int64_t)g.r.lanes * TPC_SCAN_EACH) {
            const int64_t mine = at + (int64_t)s.part * TPC_SCAN_EACH;
            acc v[TPC_SCAN_EACH], all, sum = op.none();
            TPC_UNROLL(4)
            for (int i = 0; i < TPC_SCAN_EACH; i++) {
                if (mine + i < end) sum = op.join(sum, op.read(tpc_scan_place(g, row, mine + i), mine + i));
                v[i] = sum;
            }
            const acc before = op.join(carry, tpc_before_lane(op, sum, s, g.r.lanes, &all));
            carry = op.join(carry, all);
            if (totals) continue;
            TPC_UNROLL(4)
            for (int i = 0; i < TPC_SCAN_EACH; i++)
                if (mine + i < end) op.write(tpc_scan_place(g, row, mine + i), mine + i, op.join(before, v[i]));
        }
        if (totals && !s.part && row.n) sums[row.row * g.segments + segment] = carry;
    }
}

/* The first of the attributes is the dim. */
static inline tpc_scan_rows tpc_scan_rows_of(const tp__call *call, const tpc_array &y, bool back)
{
    enum { WANTED = 256, EACH_LANE = 64 };             /* blocks; elements of a lane in a segment at least */
    tpc_scan_rows g = { tpc_rows_along(y, *(const int64_t *)tpc_attr(call), TPC_SCAN_EACH), back, 1, 0 };
    const int64_t tiles = (g.r.outer * g.r.inner * g.r.lanes + TPC_BLOCK - 1) / TPC_BLOCK, most = g.r.n / ((int64_t)g.r.lanes * EACH_LANE);
    g.segments = tiles ? WANTED / tiles : 1;
    if (g.segments > most) g.segments = most;
    if (g.segments < 1) g.segments = 1;
    g.per_segment = (g.r.n + g.segments - 1) / g.segments;
    if (g.per_segment) g.segments = (g.r.n + g.per_segment - 1) / g.per_segment;
    return g;
}

template <class Op> static tp_status tpc_scan_run(const tp__call *call, const tpc_array &y, bool back, const Op &op)
{
    using acc = typename Op::acc;
    if (!y.numel) return TP_OK;
    const tpc_scan_rows g = tpc_scan_rows_of(call, y, back);
    const unsigned grid = tpc_grid(call, (g.r.outer * g.r.inner * g.r.lanes + TPC_BLOCK - 1) / TPC_BLOCK * g.segments);
    const cudaStream_t stream = tpc_stream(call);
    tpc_temporary sums(call, g.segments > 1 ? (size_t)(g.r.outer * g.r.inner * g.segments) * sizeof(acc) : 0);
    if (g.segments > 1 && !sums.data) return TP_ERR_MEMORY;
    if (sums.data) TPC_LAUNCH(tpc_scan<Op>, grid, TPC_BLOCK, 0, stream, g, op, sums.as<acc>(), true);
    TPC_LAUNCH(tpc_scan<Op>, grid, TPC_BLOCK, 0, stream, g, op, sums.as<acc>(), false);
    return tpc_launched(call);
}

/* ---- y_k = x_k + f_k y_{k-1} --------------------------------------------------------------------------------------------------------------------- */

/* From the end with the factor of the element before. Of says what numbers are: `acc`, acc of(double), read(side, at), write(side, at, v), size(v) and
 * is_finite(v).
 *
 * Of a long row a block does it: each thread has a piece. With y = 0 before it, a piece ends in `end`; with y, in end + factor y, where the product
 * of the factors is neither so great nor so small that a digit was lost on the way: else that piece is gone through once more. */
template <class N> struct tpc_linear_piece { N end, factor; int64_t is_safe; };
struct tpc_linear_row { int64_t base, step; };

template <class Of> TPC_DEVICE typename Of::acc tpc_next_linear(const tpc_scan_rows &g, const tpc_side &x, const tpc_side &f,
                                                                const tpc_linear_row &row, int64_t i, typename Of::acc before,
                                                                typename Of::acc *factor)
{
    const int64_t at = row.base + i * row.step;
    const typename Of::acc v = Of::read(x, at);
    if (!i) return *factor = Of::of(0), v;
    *factor = Of::read(f, g.back ? at - row.step : at);
    return v + *factor * before;
}
TPC_DEVICE tpc_linear_row tpc_linear_row_at(const tpc_scan_rows &g, int64_t k)
{
    return { k / g.r.inner * g.r.n * g.r.inner + k % g.r.inner + (g.back ? (g.r.n - 1) * g.r.inner : 0), g.back ? -g.r.inner : g.r.inner };
}

template <class Of> static __global__ void __launch_bounds__(TPC_BLOCK)
tpc_linear_long(const tpc_scan_rows g, const tpc_side y, const tpc_side x, const tpc_side f)
{
    using N = typename Of::acc;
    TPC_SHARED(tpc_linear_piece<N>, piece, [TPC_BLOCK]);
    TPC_SHARED(N, before, [TPC_BLOCK]);
    const int64_t each = (g.r.n + TPC_BLOCK - 1) / TPC_BLOCK, first = threadIdx.x * each, end = first + each < g.r.n ? first + each : g.r.n;
    for (int64_t k = blockIdx.x; k < g.r.outer * g.r.inner; k += gridDim.x) {
        const tpc_linear_row row = tpc_linear_row_at(g, k);
        N a = Of::of(0), factor, product = Of::of(1);
        bool safe = true;
        for (int64_t i = first; i < end; i++) {
            a = tpc_next_linear<Of>(g, x, f, row, i, a, &factor);
            if (!i) continue;
            product = product * factor;
            const double size = Of::size(product);
            if (Of::size(factor) != 0 && !(size > 1e-200 && size < 1e200)) safe = false;
        }
        piece[threadIdx.x] = { a, product, safe && Of::is_finite(a) };
        __syncthreads();
        if (!threadIdx.x) {
            N carry = Of::of(0);
            for (int t = 0; t < TPC_BLOCK; t++) {
                before[t] = carry;
                if (piece[t].is_safe && Of::is_finite(carry)) {
                    carry = piece[t].end + piece[t].factor * carry;
                    continue;
                }
                for (int64_t i = t * each; i < (t + 1) * each && i < g.r.n; i++) carry = tpc_next_linear<Of>(g, x, f, row, i, carry, &factor);
            }
        }
        __syncthreads();
        a = before[threadIdx.x];
        for (int64_t i = first; i < end; i++) {
            a = tpc_next_linear<Of>(g, x, f, row, i, a, &factor);
            Of::write(y, row.base + i * row.step, a);
        }
        __syncthreads();
    }
}

template <class Of> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_linear(const tpc_scan_rows g, const tpc_side y, const tpc_side x, const tpc_side f)
{
    for (int64_t k = tpc_first(); k < g.r.outer * g.r.inner; k += tpc_step()) {
        const tpc_linear_row row = tpc_linear_row_at(g, k);
        typename Of::acc a = Of::of(0), factor;
        for (int64_t i = 0; i < g.r.n; i++) {
            a = tpc_next_linear<Of>(g, x, f, row, i, a, &factor);
            Of::write(y, row.base + i * row.step, a);
        }
    }
}

template <class Of> static tp_status tpc_linear_run(const tp__call *call, const tpc_array &like, const tpc_side &y, const tpc_side &x, const tpc_side &f)
{
    const struct given { int64_t dim; bool reverse; } *attr = (const given *)tpc_attr(call);
    const tpc_scan_rows g = tpc_scan_rows_of(call, like, attr->reverse);
    const int64_t rows = g.r.outer * g.r.inner;
    if (g.r.n >= TPC_LONG_ROW && rows < (int64_t)tpc_processors(call) * 64)
        TPC_LAUNCH(tpc_linear_long<Of>, tpc_grid(call, rows), TPC_BLOCK, 0, tpc_stream(call), g, y, x, f);
    else TPC_LAUNCH(tpc_linear<Of>, tpc_blocks(call, rows), TPC_BLOCK, 0, tpc_stream(call), g, y, x, f);
    return tpc_launched(call);
}

#endif
