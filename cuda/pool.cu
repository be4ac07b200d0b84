/* pool.cu: what puts values at places of a plane or picks them there. Several values may go to one place: those are held in a list for each
 * place, so that they are added in the order of the values, whatever the order in which threads came. Where values are of windows and places
 * are told within those, pool_windows.cu does it without lists. */
#include "cuda/pool.cuh"

/* ---- To places ------------------------------------------------------------------------------------------------------------------------------- */

/* Planes of `size` places and of `n` values with an index each */
struct planes { int64_t count, size, n; const void *from; void *to; const void *index; int from_dtype, to_dtype, index_dtype; };
static const char out_of_plane[] = "index %lld is out of range for planes of %lld elements";

/* head[place]: one value that goes there, next[value] the next one; without `all` just the last value. Both count from 1, 0 ends. */
static __global__ void __launch_bounds__(TPC_BLOCK) link_values(const planes p, bool all, int *head, int *next, tpc_watch watch)
{
    for (int64_t e = tpc_first(); e < p.count * p.n; e += tpc_step()) {
        const int64_t plane = e / p.n, at = tpc_load<int64_t>(p.index, p.index_dtype, e);
        const int number = (int)(e - plane * p.n) + 1;
        if (at == -1 && all) continue;
        if (at < 0 || at >= p.size) tpc_note_bad(watch, at, p.size);
        else if (all) next[e] = atomicExch(head + plane * p.size + at, number);
        else atomicMax(head + plane * p.size + at, number);
    }
}

/* Merges two rising lists of a plane. */
TPC_DEVICE int merge(int a, int b, int *next)
{
    int first = 0, last = 0;
    while (a || b) {
        const bool takes_a = a && (!b || a < b);
        const int v = takes_a ? a : b;
        if (takes_a) a = next[a - 1];
        else b = next[b - 1];
        if (last) next[last - 1] = v;
        else first = v;
        last = v;
    }
    if (last) next[last - 1] = 0;
    return first;
}
/* A list in rising order: it is merged from lists of 1, 2, 4 .. values, of which held[i] has 2^i. Lists are short but for odd indices. */
TPC_DEVICE int in_order(int list, int *next)
{
    int held[32], used = 0;
    while (list) {
        int run = list, i = 0;
        list = next[list - 1];
        next[run - 1] = 0;
        for (; i < used && held[i]; i++) run = merge(held[i], run, next), held[i] = 0;
        if (i == used) used++;
        held[i] = run;
    }
    int all = 0;
    for (int i = 0; i < used; i++) all = merge(held[i], all, next);
    return all;
}

/* `rounds`: each sum is rounded to 16 bits, as the CPU and PyTorch do. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) gather_values(const planes p, const int *head, int *next)
{
    for (int64_t e = tpc_first(); e < p.count * p.size; e += tpc_step()) {
        const int64_t base = e / p.size * p.n;
        T sum = 0;
        int v = head[e];
        if (next && v && next[base + v - 1]) v = in_order(v, next + base);
        for (; v; v = next ? next[base + v - 1] : 0) {
            const T more = tpc_load<T>(p.from, p.from_dtype, base + v - 1);
            sum = next ? tpc_round_to(p.to_dtype, (T)(sum + more)) : more;
        }
        tpc_store(p.to, p.to_dtype, e, sum);
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick_values(const planes p, tpc_watch watch)
{
    for (int64_t e = tpc_first(); e < p.count * p.n; e += tpc_step()) {
        const int64_t plane = e / p.n, at = tpc_load<int64_t>(p.index, p.index_dtype, e);
        T v = 0;
        if (at >= 0 && at < p.size) v = tpc_load<T>(p.from, p.from_dtype, plane * p.size + at);
        else if (at != -1) tpc_note_bad(watch, at, p.size);
        tpc_store(p.to, p.to_dtype, e, v);
    }
}

static tp_status scatter_planes(const tp__call *call, const planes &p, bool add)
{
    if (p.size >= INT32_MAX || p.n >= INT32_MAX) return tpc_fail(call, TP_ERR_UNSUPPORTED, "planes of 2^31 elements or more have no kernel");
    const size_t heads = (size_t)(p.count * p.size) * sizeof(int);
    tpc_temporary head(call, heads), next(call, add ? (size_t)(p.count * p.n + 1) * sizeof(int) : 0);
    if (!head.data || (add && !next.data)) return TP_ERR_MEMORY;
    tp_status status = tpc_check(call, cudaMemsetAsync(head.data, 0, heads, tpc_stream(call)), "filling with zero");
    if (!status && p.count && p.n) {
        TPC_LAUNCH(link_values, tpc_blocks(call, p.count * p.n), TPC_BLOCK, 0, tpc_stream(call), p, add, head.as<int>(), next.as<int>(),
                   tpc_watch_for(call, TP_ERR_INDEX, out_of_plane));
        status = tpc_launched(call);
    }
    if (status) return status;
    const unsigned blocks = tpc_blocks(call, p.count * p.size);
    if (p.to_dtype == TP_F64) TPC_LAUNCH(gather_values<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, head.as<int>(), next.as<int>());
    else if (tpc_is_floating(p.to_dtype)) TPC_LAUNCH(gather_values<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, head.as<int>(), next.as<int>());
    else TPC_LAUNCH(gather_values<int64_t>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, head.as<int>(), next.as<int>());
    return tpc_launched(call);
}

static tp_status pick_planes(const tp__call *call, const planes &p)
{
    const unsigned blocks = tpc_blocks(call, p.count * p.n);
    const tpc_watch watch = tpc_watch_for(call, TP_ERR_INDEX, out_of_plane);
    if (p.to_dtype == TP_F64) TPC_LAUNCH(pick_values<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, watch);
    else if (tpc_is_floating(p.to_dtype)) TPC_LAUNCH(pick_values<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, watch);
    else TPC_LAUNCH(pick_values<int64_t>, blocks, TPC_BLOCK, 0, tpc_stream(call), p, watch);
    return tpc_launched(call);
}

/* scatter: in[0] is the side of the values, the output that of the places; else the other way round. The last n dims are a plane. */
static tp_status run_indexed(tp__call *call, int n, bool scatter, bool add)
{
    tpc_array x, index;
    tpc_temporary room_x(call), room_index(call);
    tpc_plain into(call);
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &index);
    tp_status status = into.make(call, 0, x.dtype);
    const tpc_array &y = into.x;
    if (status || !y.numel) return status;
    status = tpc_contiguous(call, &x, &room_x.data);
    if (!status) status = tpc_contiguous(call, &index, &room_index.data);
    if (status) return status;
    if (tpc_is_complex(x.dtype)) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for complex numbers");
    const tpc_array &large = scatter ? y : x, &small = scatter ? x : y;
    planes p = { 1, 1, 1, x.data, y.data, index.data, x.dtype, y.dtype, index.dtype };
    for (int d = 0; d < large.ndim; d++) (d < large.ndim - n ? p.count : p.size) *= large.shape[d];
    for (int d = small.ndim - n; d < small.ndim; d++) p.n *= small.shape[d];
    status = scatter ? scatter_planes(call, p, add) : pick_planes(call, p);
    return status ? status : into.give(call);
}

static tp_status plane_scatter(tp__call *call)
{
    const tp__plane_scatter *a = static_cast<const tp__plane_scatter *>(tpc_attr(call));
    return a->of.kernel.n ? tpc_scatter_windows(call, a->of, a->add) : run_indexed(call, (int)a->size.n, true, a->add);
}
static tp_status plane_pick(tp__call *call)
{
    const tp__plane_pick *a = static_cast<const tp__plane_pick *>(tpc_attr(call));
    return a->of.kernel.n ? tpc_pick_windows(call, a->of) : run_indexed(call, (int)a->dims, false, false);
}

extern "C" const tp_kernel tp__cuda_pool[] = {
    { "plane_scatter", plane_scatter, NULL }, { "plane_pick", plane_pick, NULL }, { NULL, NULL, NULL },
};
