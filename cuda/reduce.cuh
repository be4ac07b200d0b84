/* reduce.cuh: reductions over any dims of any layout. A family says in a struct what its accumulator does:
 *
 *   struct sum { using acc = double; acc begin() const; void add(acc &a, int64_t at, int64_t j) const; acc join(acc a, acc b) const;
 *                void finish(acc a, int64_t o) const; };
 *
 * `at` is the element's offset in x, j its number among those of its output, o the output's number. The object is passed to the kernel by
 * value, with the pointers and dtypes it needs. What is added in which order depends on the shape alone.
 *
 * An Op may have `void add_some(acc &a, const int64_t (&at)[TPC_SOME]) const`, which does the same for several elements in their order: where they
 * are loaded by tpc_load_some, a thread waits for all of them together. Who derives from it and adds otherwise must not inherit that. */
#ifndef TPC_REDUCE_CUH
#define TPC_REDUCE_CUH

#include <type_traits>

#include "cuda/kernel.cuh"

enum { TPC_SOME = 4 };

/* Loads that do not wait for each other, as they would behind a switch for each */
template <class W> TPC_DEVICE void tpc_load_some(const void *x, int dtype, const int64_t (&at)[TPC_SOME], W (&v)[TPC_SOME])
{
    if (dtype == TP_F32) {
        float held[TPC_SOME];
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) held[k] = ((const float *)x)[at[k]];
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) v[k] = (W)held[k];
    } else if (dtype == TP_F16 || dtype == TP_BF16) {
        uint16_t held[TPC_SOME];
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) held[k] = ((const uint16_t *)x)[at[k]];
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) v[k] = tpc_load<W>(held, dtype, k);
    } else {
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) v[k] = tpc_load<W>(x, dtype, at[k]);
    }
}

template <class Op, class = void> struct tpc_adds_some { enum { value = 0 }; };
template <class Op> struct tpc_adds_some<Op, std::void_t<decltype(&Op::add_some)>> { enum { value = 1 }; };

typedef struct tpc_reduction {
    tpc_walk kept, gone;                               /* of x; kept in the order of the outputs, which are contiguous */
    bool inner;                                        /* neighbours in memory belong to one output */
    int lanes;                                         /* threads that share an output, a power of 2 */
    int64_t segments, per_segment;                     /* an output's elements go to this many blocks */
} tpc_reduction;

/* For an Op that has it, op.at_output(a, o) follows begin(), where a depends on the output. */
template <class Op> TPC_DEVICE auto tpc_begin_output(const Op &op, typename Op::acc &a, int64_t o, int) -> decltype(op.at_output(a, o))
{
    return op.at_output(a, o);
}
template <class Op> TPC_DEVICE void tpc_begin_output(const Op &, typename Op::acc &, int64_t, long) {}

/* Thread t of the block has part `part` of the elements of output `out` of the block. */
template <class Op> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_reduce(const tpc_reduction r, const Op op, typename Op::acc *partial)
{
    using acc = typename Op::acc;
    TPC_SHARED(acc, held, [TPC_BLOCK]);
    const int across = TPC_BLOCK / r.lanes, t = (int)threadIdx.x;
    const int part = r.inner ? t % r.lanes : t / across, out = r.inner ? t / r.lanes : t % across, step = r.inner ? 1 : across;
    const int64_t tiles = (r.kept.numel + across - 1) / across;
    for (int64_t b = blockIdx.x; b < tiles * r.segments; b += gridDim.x) {
        const int64_t o = b / r.segments * across + out, segment = b % r.segments;
        const int64_t first = segment * r.per_segment, end = first + r.per_segment < r.gone.numel ? first + r.per_segment : r.gone.numel;
        acc a = op.begin();
        if (o < r.kept.numel) {
            tpc_begin_output(op, a, o, 0);
            int64_t base[1], at[1];
            tpc_offsets(r.kept, o, base);
            int64_t j = first + part;
            if constexpr (tpc_adds_some<Op>::value)
                for (; j + (TPC_SOME - 1) * r.lanes < end; j += TPC_SOME * r.lanes) {
                    int64_t some[TPC_SOME];
                    TPC_UNROLL(4)
                    for (int k = 0; k < TPC_SOME; k++) {
                        tpc_offsets(r.gone, j + k * r.lanes, at);
                        some[k] = base[0] + at[0];
                    }
                    op.add_some(a, some);
                }
            for (; j < end; j += r.lanes) {
                tpc_offsets(r.gone, j, at);
                op.add(a, base[0] + at[0], j);
            }
        }
        held[t] = a;
        __syncthreads();
        for (int half = r.lanes / 2; half; half /= 2) {
            if (part < half) held[t] = a = op.join(a, held[t + half * step]);
            __syncthreads();
        }
        if (!part && o < r.kept.numel) {
            if (partial) partial[o * r.segments + segment] = a;
            else op.finish(a, o);
        }
        __syncthreads();
    }
}

/* So many lanes, a power of 2, share an output, and each has a segment at least: one thread would wait for hundreds of loads in turn. */
static inline int tpc_join_lanes(int64_t segments)
{
    int lanes = 1;
    while (lanes < TPC_BLOCK / 4 && (int64_t)lanes * 4 <= segments) lanes *= 2;
    return lanes;
}
template <class Op> static __global__ void __launch_bounds__(TPC_BLOCK)
tpc_reduce_join(int64_t outputs, int64_t segments, int lanes, const Op op, const typename Op::acc *partial)
{
    using acc = typename Op::acc;
    TPC_SHARED(acc, held, [TPC_BLOCK]);
    const int t = (int)threadIdx.x, part = t % lanes, across = TPC_BLOCK / lanes;
    for (int64_t first = (int64_t)blockIdx.x * across; first < outputs; first += (int64_t)gridDim.x * across) {
        const int64_t o = first + t / lanes;
        acc a = op.begin();
        if (o < outputs) {
            a = partial[o * segments + part];
            for (int64_t s = part + lanes; s < segments; s += lanes) a = op.join(a, partial[o * segments + s]);
        }
        held[t] = a;
        __syncthreads();
        for (int half = lanes / 2; half; half /= 2) {
            if (part < half) held[t] = a = op.join(a, held[t + half]);
            __syncthreads();
        }
        if (!part && o < outputs) op.finish(a, o);
        __syncthreads();
    }
}

/* x over the dims whose bits are set in `gone`. */
static inline void tpc_reduction_of(tpc_reduction *r, const tpc_array &x, uint64_t gone)
{
    enum { WANTED = 512, LEAST = 8 };                  /* blocks; elements of a thread before an output is cut */
    int64_t size[2][TP_MAX_DIMS] = {}, stride[2][TP_MAX_DIMS] = {}, least[2] = { INT64_MAX, INT64_MAX };
    int n[2] = { 0, 0 };
    for (int d = 0; d < x.ndim; d++) {
        const int which = (int)(gone >> d & 1);
        int at = n[which]++;
        for (; which && at > 0 && stride[1][at - 1] < x.stride[d]; at--) {       /* those that go: by falling stride */
            size[1][at] = size[1][at - 1];
            stride[1][at] = stride[1][at - 1];
        }
        size[which][at] = x.shape[d];
        stride[which][at] = x.stride[d];
        if (x.shape[d] > 1 && x.stride[d] && x.stride[d] < least[which]) least[which] = x.stride[d];
    }
    const int64_t *const kept[] = { stride[0] }, *const went[] = { stride[1] };
    tpc_walk_dims(&r->kept, n[0], size[0], kept, 1);
    tpc_walk_dims(&r->gone, n[1], size[1], went, 1);
    r->inner = least[1] <= least[0];
    const int64_t count = r->gone.numel, outputs = r->kept.numel;
    r->lanes = 1;
    const int most = r->inner ? TPC_BLOCK : TPC_BLOCK / 32;
    while (count >= LEAST && r->lanes < most && r->lanes * (r->inner ? 2 : LEAST) <= count) r->lanes *= 2;      /* few: as the CPU adds them */
    if (count >= LEAST && !r->inner && outputs < 32) while (r->lanes < TPC_BLOCK && TPC_BLOCK / r->lanes > outputs) r->lanes *= 2;
    const int64_t across = TPC_BLOCK / r->lanes, tiles = (outputs + across - 1) / across, longest = count / ((int64_t)r->lanes * LEAST);
    r->segments = tiles ? WANTED / tiles : 1;
    if (r->segments > longest) r->segments = longest;
    if (r->segments < 1) r->segments = 1;
    r->per_segment = (count + r->segments - 1) / r->segments;
    if (r->per_segment) r->segments = (count + r->per_segment - 1) / r->per_segment;
}

/* How many elements an output has */
static inline int64_t tpc_count_of(const tpc_array &x, uint64_t gone)
{
    int64_t n = 1;
    for (int d = 0; d < x.ndim; d++)
        if (gone >> d & 1) n *= x.shape[d];
    return n;
}

template <class Op> tp_status tpc_reduce_run(const tp__call *call, const tpc_array &x, uint64_t gone, const Op &op)
{
    using acc = typename Op::acc;
    tpc_reduction r;
    tpc_reduction_of(&r, x, gone);
    if (!r.kept.numel) return TP_OK;
    tpc_temporary partial(call, r.segments > 1 ? (size_t)(r.kept.numel * r.segments) * sizeof(acc) : 0);
    if (r.segments > 1 && !partial.data) return TP_ERR_MEMORY;
    const int64_t across = TPC_BLOCK / r.lanes, blocks = (r.kept.numel + across - 1) / across * r.segments;
    TPC_LAUNCH(tpc_reduce<Op>, tpc_grid(call, blocks), TPC_BLOCK, 0, tpc_stream(call), r, op, partial.as<acc>());
    if (partial.data) {
        const int lanes = tpc_join_lanes(r.segments);
        TPC_LAUNCH(tpc_reduce_join<Op>, tpc_grid(call, (r.kept.numel * lanes + TPC_BLOCK - 1) / TPC_BLOCK), TPC_BLOCK, 0, tpc_stream(call),
                   r.kept.numel, r.segments, lanes, op, partial.as<acc>());
    }
    return tpc_launched(call);
}

#endif
