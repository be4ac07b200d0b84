/* pool_windows.cu: the greatest of windows, a thread for each; and, where it stood being told by its place in the window, the way back: an
 * element asks the windows that it is in, in their order, whether it was theirs. So nothing is added by several threads. Images may have
 * their channels last: elements are taken in the order in which they lie in memory. */
#include "cuda/dnn.cuh"
#include "cuda/pool.cuh"

/* One dim: windows of `kernel` places `step` apart, `stride` from one to the next; kernel 0: they share out the dim. */
struct sliding { int64_t size, out, kernel, stride, padding, step; };
/* Depth, height and width, and the channels that lie beside each other, or 1 */
struct windows { sliding dim[3]; int64_t inner; };
struct stretch { int64_t first, last; };

TPC_DEVICE int64_t begin_of(const sliding &d, int64_t i) { return i * d.stride - d.padding; }
/* The places of window i that are inside */
TPC_DEVICE stretch window_of(const sliding &d, int64_t i)
{
    if (!d.kernel) return { i * d.size / d.out, ((i + 1) * d.size + d.out - 1) / d.out };
    const int64_t begin = begin_of(d, i), end = begin + (d.kernel - 1) * d.step + 1;
    return { begin < 0 ? begin + (-begin + d.step - 1) / d.step * d.step : begin, end < d.size ? end : d.size };
}
/* The windows that reach over place `at` */
TPC_DEVICE stretch windows_over(const sliding &d, int64_t at)
{
    const int64_t end = at + d.padding, reach = end - (d.kernel - 1) * d.step, last = end / d.stride + 1;
    return { reach > 0 ? (reach + d.stride - 1) / d.stride : 0, last < d.out ? last : d.out };
}

struct place { int64_t plane, z, i, j, channel; };
/* Of element e in memory, of those that windows are over or, `small`, of the windows */
TPC_DEVICE place place_of(const windows &w, bool small, int64_t e)
{
    const int64_t nz = small ? w.dim[0].out : w.dim[0].size, ni = small ? w.dim[1].out : w.dim[1].size, nj = small ? w.dim[2].out : w.dim[2].size;
    place p;
    int64_t rest = e / w.inner;
    p.channel = e - rest * w.inner;
    p.j = rest % nj;
    rest /= nj;
    p.i = rest % ni;
    rest /= ni;
    p.z = rest % nz;
    p.plane = rest / nz;
    return p;
}
TPC_DEVICE int64_t large_at(const windows &w, int64_t plane, int64_t z, int64_t i, int64_t j, int64_t channel)
{
    return (((plane * w.dim[0].size + z) * w.dim[1].size + i) * w.dim[2].size + j) * w.inner + channel;
}
TPC_DEVICE int64_t small_at(const windows &w, int64_t plane, int64_t z, int64_t i, int64_t j, int64_t channel)
{
    return (((plane * w.dim[0].out + z) * w.dim[1].out + i) * w.dim[2].out + j) * w.inner + channel;
}

/* The last n dims of both; of: NULL: windows that share them out */
static windows windows_of(const tpc_array &large, const tpc_array &small, int n, const tp__windows *of, bool last)
{
    windows w = {};
    w.inner = last ? large.shape[1] : 1;
    for (int k = 0; k < 3; k++) {
        const int d = k - (3 - n);
        w.dim[k] = { 1, 1, of ? 1 : 0, 1, 0, 1 };
        if (d < 0) continue;
        w.dim[k].size = large.shape[large.ndim - n + d];
        w.dim[k].out = small.shape[small.ndim - n + d];
        if (of) w.dim[k].kernel = of->kernel.v[d], w.dim[k].stride = of->stride.v[d], w.dim[k].padding = of->padding.v[d], w.dim[k].step = of->dilation.v[d];
    }
    return w;
}
/* Have both their channels last, and could not be taken for row-major? */
static bool are_last(const tpc_array &large, const tpc_array &small, const tpc_array &index, int n)
{
    return large.ndim == n + 2 && n > 1 && tpc_dnn_packed(large, true) && !tpc_dnn_packed(large, false) && tpc_dnn_packed(small, true) && tpc_dnn_packed(index, true);
}

/* ---- The greatest ------------------------------------------------------------------------------------------------------------------------ */

struct pool { const void *x; void *y, *index; int from, to, index_to; bool places; int64_t n; windows of; };

TPC_DEVICE float least(float) { return -INFINITY; }
TPC_DEVICE double least(double) { return -INFINITY; }
TPC_DEVICE int64_t least(int64_t) { return INT64_MIN; }

/* The first of equals, the last NaN; of an empty window the least value and -1. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) greatest(const pool p)
{
    const sliding &dz = p.of.dim[0], &di = p.of.dim[1], &dj = p.of.dim[2];
    for (int64_t e = tpc_first(); e < p.n; e += tpc_step()) {
        const place o = place_of(p.of, true, e);
        const stretch z = window_of(dz, o.z), i = window_of(di, o.i), j = window_of(dj, o.j);
        int64_t a = z.first, b = i.first, c = j.first;
        const int64_t first[3] = { a, b, c };
        int64_t at = z.first < z.last && i.first < i.last && j.first < j.last ? 0 : -1, greatest_at[3] = { first[0], first[1], first[2] };
        T best = least((T)0);
        for (a = z.first; a < z.last; a += dz.step)
            for (b = i.first; b < i.last; b += di.step)
                for (c = j.first; c < j.last; c += dj.step) {
                    const T v = tpc_load<T>(p.x, p.from, large_at(p.of, o.plane, a, b, c, o.channel));
                    if (v > best || v != v) best = v, greatest_at[0] = a, greatest_at[1] = b, greatest_at[2] = c;
                }
        if (!at && !p.places) at = (greatest_at[0] * di.size + greatest_at[1]) * dj.size + greatest_at[2];
        if (!at && p.places)
            at = ((greatest_at[0] - begin_of(dz, o.z)) / dz.step * di.kernel + (greatest_at[1] - begin_of(di, o.i)) / di.step) * dj.kernel +
                 (greatest_at[2] - begin_of(dj, o.j)) / dj.step;
        tpc_store(p.y, p.to, e, best);
        tpc_store(p.index, p.index_to, e, at);
    }
}

static tp_status launch_greatest(const tp__call *call, const pool &p)
{
    const unsigned blocks = tpc_blocks(call, p.n);
    if (p.from == TP_F64) TPC_LAUNCH(greatest<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    else if (tpc_is_floating(p.from)) TPC_LAUNCH(greatest<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    else TPC_LAUNCH(greatest<int64_t>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    return tpc_launched(call);
}

static tp_status run_windows(const tp__call *call, int n, const tp__windows *of, bool places)
{
    tpc_array x, y, index;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &index);
    if (tpc_is_complex(x.dtype)) return tpc_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    if (!y.numel) return TP_OK;
    const bool last = are_last(x, y, index, n);
    pool p = { x.data, y.data, index.data, x.dtype, y.dtype, index.dtype, places, y.numel, windows_of(x, y, n, of, last) };
    if (last) return launch_greatest(call, p);
    tpc_temporary room(call);
    tpc_plain into(call), where(call);
    tp_status status = into.make(call, 0, y.dtype);
    if (!status) status = where.make(call, 1, index.dtype);
    if (!status) status = tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    p.x = x.data, p.y = into.x.data, p.index = where.x.data;
    status = launch_greatest(call, p);
    if (!status) status = into.give(call);
    return status ? status : where.give(call);
}

static tp_status max_pool(tp__call *call)
{
    const tp__max_pool *a = static_cast<const tp__max_pool *>(tpc_attr(call));
    const tp__windows of = { a->kernel, a->stride, a->padding, a->dilation };
    return run_windows(call, (int)of.kernel.n, &of, a->places);
}
static tp_status adaptive_max_pool(tp__call *call)
{
    return run_windows(call, (int)static_cast<const tp__adaptive_pool *>(tpc_attr(call))->size.n, nullptr, false);
}

/* ---- By places ------------------------------------------------------------------------------------------------------------------------------- */

struct turn { const void *from; void *to; const int8_t *places; int dtype; bool add; int64_t n; windows of; };

/* dx of one element. Each sum is rounded to 16 bits, as the CPU does. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) spread(const turn t)
{
    const sliding &dz = t.of.dim[0], &di = t.of.dim[1], &dj = t.of.dim[2];
    for (int64_t e = tpc_first(); e < t.n; e += tpc_step()) {
        const place at = place_of(t.of, false, e);
        const stretch zs = windows_over(dz, at.z), is = windows_over(di, at.i), js = windows_over(dj, at.j);
        T sum = 0;
        for (int64_t z = zs.first; z < zs.last; z++) {
            const int64_t a = at.z - begin_of(dz, z);
            for (int64_t i = is.first; i < is.last && a % dz.step == 0; i++) {
                const int64_t b = at.i - begin_of(di, i);
                for (int64_t j = js.first; j < js.last && b % di.step == 0; j++) {
                    const int64_t c = at.j - begin_of(dj, j), from = small_at(t.of, at.plane, z, i, j, at.channel);
                    if (c % dj.step || t.places[from] != (a / dz.step * di.kernel + b / di.step) * dj.kernel + c / dj.step) continue;
                    const T v = tpc_load<T>(t.from, t.dtype, from);
                    sum = t.add ? tpc_round_to(t.dtype, (T)(sum + v)) : v;
                }
            }
        }
        tpc_store(t.to, t.dtype, e, sum);
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick(const turn t)
{
    const sliding &dz = t.of.dim[0], &di = t.of.dim[1], &dj = t.of.dim[2];
    for (int64_t e = tpc_first(); e < t.n; e += tpc_step()) {
        const place o = place_of(t.of, true, e);
        const int64_t k = t.places[e], rest = k / dj.kernel;
        const int64_t z = begin_of(dz, o.z) + rest / di.kernel * dz.step, i = begin_of(di, o.i) + rest % di.kernel * di.step, j = begin_of(dj, o.j) + k % dj.kernel * dj.step;
        const bool inside = k >= 0 && z >= 0 && z < dz.size && i >= 0 && i < di.size && j >= 0 && j < dj.size;
        tpc_store(t.to, t.dtype, e, inside ? tpc_load<T>(t.from, t.dtype, large_at(t.of, o.plane, z, i, j, o.channel)) : (T)0);
    }
}

template <class T> static void launch_turn(const tp__call *call, const turn &t, bool spreads)
{
    if (spreads) TPC_LAUNCH(spread<T>, tpc_blocks(call, t.n), TPC_BLOCK, 0, tpc_stream(call), t);
    else TPC_LAUNCH(pick<T>, tpc_blocks(call, t.n), TPC_BLOCK, 0, tpc_stream(call), t);
}
static tp_status launch(const tp__call *call, const turn &t, bool spreads)
{
    if (t.dtype == TP_F64) launch_turn<double>(call, t, spreads);
    else if (tpc_is_floating(t.dtype)) launch_turn<float>(call, t, spreads);
    else launch_turn<int64_t>(call, t, spreads);
    return tpc_launched(call);
}

/* Sums over images with channels last, by cuDNN, if it has a plan for them */
static tp_status by_cudnn(const tp__call *call, const tp__windows &of, const tpc_array &dx, const tpc_array &dy, const tpc_array &places, bool *done)
{
    tpc_dnn_pool k = {};
    *done = false;
    if (of.kernel.n != 2 || of.dilation.v[0] != 1 || of.dilation.v[1] != 1 || dx.dtype != dy.dtype) return TP_OK;
    k.kind = TPC_DNN_GREATEST_BACK, k.dtype = dx.dtype, k.images = dx.shape[0], k.channels = dx.shape[1];
    k.aligned = (uintptr_t)dx.data % 16 == 0 && (uintptr_t)dy.data % 16 == 0 && (uintptr_t)places.data % 16 == 0;
    for (int d = 0; d < 2; d++) k.size[d] = dx.shape[2 + d], k.out[d] = dy.shape[2 + d], k.kernel[d] = of.kernel.v[d], k.stride[d] = of.stride.v[d], k.pad[d] = of.padding.v[d];
    return tpc_dnn_windows(call, &k, dx.data, dy.data, places.data, done);
}

/* spreads: in[0] is of the windows, the output of what they are over; else the other way round. */
static tp_status run_places(const tp__call *call, const tp__windows &of, bool spreads, bool add)
{
    const int n = (int)of.kernel.n;
    tpc_array x, y, places;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    if (tpc_is_complex(x.dtype)) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for complex numbers");
    if (!y.numel) return TP_OK;
    const tpc_array &large = spreads ? y : x, &small = spreads ? x : y;
    const bool last = are_last(large, small, places, n);
    turn t = { x.data, y.data, static_cast<const int8_t *>(places.data), x.dtype, add, y.numel, windows_of(large, small, n, &of, last) };
    bool done = false;
    tp_status status = TP_OK;
    if (last && spreads && add && small.numel) status = by_cudnn(call, of, large, small, places, &done);
    if (status || done) return status;
    if (last) return launch(call, t, spreads);
    tpc_temporary room(call), room_places(call);
    tpc_plain into(call);
    status = into.make(call, 0, x.dtype);
    if (!status) status = tpc_contiguous(call, &x, &room.data);
    if (!status) status = tpc_contiguous(call, &places, &room_places.data);
    if (status) return status;
    t.from = x.data, t.to = into.x.data, t.places = static_cast<const int8_t *>(places.data);
    status = launch(call, t, spreads);
    return status ? status : into.give(call);
}

tp_status tpc_scatter_windows(const tp__call *call, const tp__windows &of, bool add) { return run_places(call, of, true, add); }
tp_status tpc_pick_windows(const tp__call *call, const tp__windows &of) { return run_places(call, of, false, false); }

extern "C" const tp_kernel tp__cuda_pool_windows[] = {
    { "max_pool", max_pool, NULL }, { "adaptive_max_pool", adaptive_max_pool, NULL }, { NULL, NULL, NULL },
};
