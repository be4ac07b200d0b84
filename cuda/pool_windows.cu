/* pool_windows.cu: the greatest of windows, a thread for each; and, where it stood being told by its place in the window, the way back: an
 * element asks the windows that it is in, in their order, whether it was theirs. So nothing is added by several threads. Images may have
 * their channels last: elements are taken in the order in which they lie in memory. Where all numbers fit 31 bits they are computed with in 32:
 * what finding a window takes is else more than what its elements take. */
#include <type_traits>

#include "cuda/dnn.cuh"
#include "cuda/pool.cuh"

/* Numbers are of type I. One dim: windows of `kernel` places `step` apart, `stride` from one to the next; kernel 0: they share out the dim. */
template <class I> struct sliding { I size, out, kernel, stride, padding, step; tpc_divisor by_size, by_out, by_stride, by_step; };
/* Depth, height and width, and the channels that lie beside each other, or 1 */
template <class I> struct windows { sliding<I> dim[3]; I inner; tpc_divisor by_inner; };
template <class I> struct stretch { I first, last, skipped; };           /* skipped: places of the window before */

/* n / size, n being 0 or more */
TPC_DEVICE int64_t quotient(int64_t n, int64_t size, const tpc_divisor &) { return n / size; }
TPC_DEVICE int32_t quotient(int32_t n, int32_t, const tpc_divisor &by) { return (int32_t)tpc_divide((uint32_t)n, by); }

template <class I> TPC_DEVICE I begin_of(const sliding<I> &d, I i) { return i * d.stride - d.padding; }
/* The places of window i that are inside */
template <class I> TPC_DEVICE stretch<I> window_of(const sliding<I> &d, I i)
{
    if (!d.kernel) return { quotient(i * d.size, d.out, d.by_out), quotient((i + 1) * d.size + d.out - 1, d.out, d.by_out), 0 };
    const I begin = begin_of(d, i), end = begin + (d.kernel - 1) * d.step + 1, skipped = begin < 0 ? quotient(-begin + d.step - 1, d.step, d.by_step) : 0;
    return { begin + skipped * d.step, end < d.size ? end : d.size, skipped };
}
/* The windows that reach over place `at` */
template <class I> TPC_DEVICE stretch<I> windows_over(const sliding<I> &d, I at)
{
    const I end = at + d.padding, reach = end - (d.kernel - 1) * d.step, last = quotient(end, d.stride, d.by_stride) + 1;
    return { reach > 0 ? quotient(reach + d.stride - 1, d.stride, d.by_stride) : 0, last < d.out ? last : d.out, 0 };
}

template <class I> struct place { I plane, z, i, j, channel; };
/* Of element e in memory, of those that windows are over or, `small`, of the windows */
template <class I> TPC_DEVICE place<I> place_of(const windows<I> &w, bool small, I e)
{
    const sliding<I> &dz = w.dim[0], &di = w.dim[1], &dj = w.dim[2];
    const I nz = small ? dz.out : dz.size, ni = small ? di.out : di.size, nj = small ? dj.out : dj.size;
    const I of_j = quotient(e, w.inner, w.by_inner), of_i = quotient(of_j, nj, small ? dj.by_out : dj.by_size);
    const I of_z = quotient(of_i, ni, small ? di.by_out : di.by_size), plane = quotient(of_z, nz, small ? dz.by_out : dz.by_size);
    return { plane, of_z - plane * nz, of_i - of_z * ni, of_j - of_i * nj, e - of_j * w.inner };
}
template <class I> TPC_DEVICE I large_at(const windows<I> &w, I plane, I z, I i, I j, I channel)
{
    return (((plane * w.dim[0].size + z) * w.dim[1].size + i) * w.dim[2].size + j) * w.inner + channel;
}
template <class I> TPC_DEVICE I small_at(const windows<I> &w, I plane, I z, I i, I j, I channel)
{
    return (((plane * w.dim[0].out + z) * w.dim[1].out + i) * w.dim[2].out + j) * w.inner + channel;
}

/* The last n dims of both; of: NULL: windows that share them out */
static windows<int64_t> windows_of(const tpc_array &large, const tpc_array &small, int n, const tp__windows *of, bool last)
{
    windows<int64_t> w = {};
    w.inner = last ? large.shape[1] : 1;
    for (int k = 0; k < 3; k++) {
        const int d = k - (3 - n);
        sliding<int64_t> &to = w.dim[k];
        to.size = to.out = to.stride = to.step = 1;
        to.kernel = of ? 1 : 0;
        if (d < 0) continue;
        to.size = large.shape[large.ndim - n + d];
        to.out = small.shape[small.ndim - n + d];
        if (of) to.kernel = of->kernel.v[d], to.stride = of->stride.v[d], to.padding = of->padding.v[d], to.step = of->dilation.v[d];
    }
    return w;
}

/* large, small: elements of both. In float64, where nothing overflows */
static bool is_narrow(const windows<int64_t> &w, int64_t large, int64_t small)
{
    double most = (double)(large > small ? large : small) + (double)w.inner * (double)w.dim[2].step;        /* one place beyond the last */
    for (const sliding<int64_t> &d : w.dim) {
        const double size = (double)d.size, out = (double)d.out, places = (double)d.kernel * (double)d.step;
        const double reach = d.kernel ? (out + 1) * (double)d.stride + 2 * (double)d.padding + size + places : (out + 1) * (size + 1);
        most = reach > most ? reach : most;
    }
    return most < (double)INT32_MAX;
}
static windows<int32_t> narrowed(const windows<int64_t> &w)
{
    windows<int32_t> y = {};
    y.inner = (int32_t)w.inner;
    y.by_inner = tpc_divisor_of(w.inner);
    for (int k = 0; k < 3; k++) {
        const sliding<int64_t> &d = w.dim[k];
        y.dim[k] = { (int32_t)d.size, (int32_t)d.out, (int32_t)d.kernel, (int32_t)d.stride, (int32_t)d.padding, (int32_t)d.step, tpc_divisor_of(d.size),
                     tpc_divisor_of(d.out), tpc_divisor_of(d.stride), tpc_divisor_of(d.step) };
    }
    return y;
}
/* Have both their channels last, and could not be taken for row-major? */
static bool are_last(const tpc_array &large, const tpc_array &small, const tpc_array &index, int n)
{
    return large.ndim == n + 2 && n > 1 && tpc_dnn_packed(large, true) && !tpc_dnn_packed(large, false) && tpc_dnn_packed(small, true)
           && tpc_dnn_packed(index, true);
}

/* ---- The greatest ------------------------------------------------------------------------------------------------------------------------ */

struct pool { const void *x; void *y, *index; int from, to, index_to; bool places; int64_t n; };

TPC_DEVICE float least(float) { return -INFINITY; }
TPC_DEVICE double least(double) { return -INFINITY; }
TPC_DEVICE int64_t least(int64_t) { return INT64_MIN; }

/* E: what x and y hold, void: what their dtype says */
template <class T, class E> TPC_DEVICE T element_at(const void *x, int dtype, int64_t i)
{
    if constexpr (std::is_void<E>::value) return tpc_load<T>(x, dtype, i);
    else return tpc_float(((const E *)x)[i]);
}

/* The first of equals, the last NaN; of an empty window the least value and -1. */
template <class T, class E, class I> static __global__ void __launch_bounds__(TPC_BLOCK) greatest(const pool p, TPC_GIVEN windows<I> w)
{
    const sliding<I> &dz = w.dim[0], &di = w.dim[1], &dj = w.dim[2];
    const I next = p.places ? 1 : dj.step;             /* from the number of a place to that of the one after it in a row */
    for (int64_t e = tpc_first(); e < p.n; e += tpc_step()) {
        const place<I> o = place_of(w, true, (I)e);
        const stretch<I> z = window_of(dz, o.z), i = window_of(di, o.i), j = window_of(dj, o.j);
        I found = -1;
        T best = least((T)0);
        I kz = z.skipped;
        for (I a = z.first; a < z.last; a += dz.step, kz++) {
            I ki = i.skipped;
            for (I b = i.first; b < i.last; b += di.step, ki++) {
                I number = p.places ? (kz * di.kernel + ki) * dj.kernel + j.skipped : (a * di.size + b) * dj.size + j.first;
                if (found < 0 && j.first < j.last) found = number;
                I at = large_at(w, o.plane, a, b, j.first, o.channel);
                for (I c = j.first; c < j.last; c += dj.step, at += dj.step * w.inner, number += next) {
                    const T v = element_at<T, E>(p.x, p.from, at);
                    if (v > best || v != v) best = v, found = number;
                }
            }
        }
        if constexpr (std::is_void<E>::value) tpc_store(p.y, p.to, e, best);
        else tpc_put((E *)p.y + e, best);
        if (p.index_to == TP_I8) ((int8_t *)p.index)[e] = (int8_t)found;
        else ((int64_t *)p.index)[e] = found;
    }
}

template <class T, class E, class I> static tp_status launch_as(const tp__call *call, const pool &p, const windows<I> &w)
{
    TPC_LAUNCH((greatest<T, E, I>), tpc_blocks(call, p.n), TPC_BLOCK, 0, tpc_stream(call), p, w);
    return tpc_launched(call);
}
static tp_status launch_greatest(const tp__call *call, const pool &p, const windows<int64_t> &w, int64_t n_large)
{
    if (!is_narrow(w, n_large, p.n) || p.to != p.from) {
        if (p.from == TP_F64) return launch_as<double, void>(call, p, w);
        return tpc_is_floating(p.from) ? launch_as<float, void>(call, p, w) : launch_as<int64_t, void>(call, p, w);
    }
    const windows<int32_t> narrow = narrowed(w);
    switch (p.from) {
    case TP_F64: return launch_as<double, double>(call, p, narrow);
    case TP_F32: return launch_as<float, float>(call, p, narrow);
    case TP_F16: return launch_as<float, __half>(call, p, narrow);
    case TP_BF16: return launch_as<float, __nv_bfloat16>(call, p, narrow);
    default: return launch_as<int64_t, void>(call, p, narrow);
    }
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
    pool p = { x.data, y.data, index.data, x.dtype, y.dtype, index.dtype, places, y.numel };
    const windows<int64_t> w = windows_of(x, y, n, of, last);
    if (last) return launch_greatest(call, p, w, x.numel);
    tpc_temporary room(call);
    tpc_plain into(call), where(call);
    tp_status status = into.make(call, 0, y.dtype);
    if (!status) status = where.make(call, 1, index.dtype);
    if (!status) status = tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    p.x = x.data, p.y = into.x.data, p.index = where.x.data;
    status = launch_greatest(call, p, w, x.numel);
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

struct turn { const void *from; void *to; const int8_t *places; int dtype; bool add; int64_t n; };

/* dx of one element. Each sum is rounded to 16 bits, as the CPU does. */
template <class T, class I> static __global__ void __launch_bounds__(TPC_BLOCK) spread(const turn t, TPC_GIVEN windows<I> w)
{
    const sliding<I> &dz = w.dim[0], &di = w.dim[1], &dj = w.dim[2];
    for (int64_t e = tpc_first(); e < t.n; e += tpc_step()) {
        const place<I> at = place_of(w, false, (I)e);
        const stretch<I> zs = windows_over(dz, at.z), is = windows_over(di, at.i), js = windows_over(dj, at.j);
        T sum = 0;
        for (I z = zs.first; z < zs.last; z++) {
            const I a = at.z - begin_of(dz, z), kz = quotient(a, dz.step, dz.by_step);
            for (I i = is.first; i < is.last && kz * dz.step == a; i++) {
                const I b = at.i - begin_of(di, i), ki = quotient(b, di.step, di.by_step);
                for (I j = js.first; j < js.last && ki * di.step == b; j++) {
                    const I c = at.j - begin_of(dj, j), kj = quotient(c, dj.step, dj.by_step), from = small_at(w, at.plane, z, i, j, at.channel);
                    if (kj * dj.step != c || t.places[from] != (kz * di.kernel + ki) * dj.kernel + kj) continue;
                    const T v = tpc_load<T>(t.from, t.dtype, from);
                    sum = t.add ? tpc_round_to(t.dtype, (T)(sum + v)) : v;
                }
            }
        }
        tpc_store(t.to, t.dtype, e, sum);
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick(const turn t, TPC_GIVEN windows<int64_t> w)
{
    const sliding<int64_t> &dz = w.dim[0], &di = w.dim[1], &dj = w.dim[2];
    for (int64_t e = tpc_first(); e < t.n; e += tpc_step()) {
        const place<int64_t> o = place_of(w, true, e);
        const int64_t k = t.places[e], rest = k / dj.kernel;
        const int64_t z = begin_of(dz, o.z) + rest / di.kernel * dz.step, i = begin_of(di, o.i) + rest % di.kernel * di.step,
                      j = begin_of(dj, o.j) + k % dj.kernel * dj.step;
        const bool inside = k >= 0 && z >= 0 && z < dz.size && i >= 0 && i < di.size && j >= 0 && j < dj.size;
        tpc_store(t.to, t.dtype, e, inside ? tpc_load<T>(t.from, t.dtype, large_at(w, o.plane, z, i, j, o.channel)) : (T)0);
    }
}

template <class T> static void launch_turn(const tp__call *call, const turn &t, const windows<int64_t> &w, int64_t n_small, bool spreads)
{
    const unsigned blocks = tpc_blocks(call, t.n);
    if (!spreads) TPC_LAUNCH(pick<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), t, w);
    else if (is_narrow(w, t.n, n_small)) TPC_LAUNCH((spread<T, int32_t>), blocks, TPC_BLOCK, 0, tpc_stream(call), t, narrowed(w));
    else TPC_LAUNCH((spread<T, int64_t>), blocks, TPC_BLOCK, 0, tpc_stream(call), t, w);
}
static tp_status launch(const tp__call *call, const turn &t, const windows<int64_t> &w, int64_t n_small, bool spreads)
{
    if (t.dtype == TP_F64) launch_turn<double>(call, t, w, n_small, spreads);
    else if (tpc_is_floating(t.dtype)) launch_turn<float>(call, t, w, n_small, spreads);
    else launch_turn<int64_t>(call, t, w, n_small, spreads);
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
    for (int d = 0; d < 2; d++)
        k.size[d] = dx.shape[2 + d], k.out[d] = dy.shape[2 + d], k.kernel[d] = of.kernel.v[d], k.stride[d] = of.stride.v[d],
        k.pad[d] = of.padding.v[d];
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
    turn t = { x.data, y.data, static_cast<const int8_t *>(places.data), x.dtype, add, y.numel };
    const windows<int64_t> w = windows_of(large, small, n, &of, last);
    bool done = false;
    tp_status status = TP_OK;
    if (last && spreads && add && small.numel) status = by_cudnn(call, of, large, small, places, &done);
    if (status || done) return status;
    if (last) return launch(call, t, w, small.numel, spreads);
    tpc_temporary room(call), room_places(call);
    tpc_plain into(call);
    status = into.make(call, 0, x.dtype);
    if (!status) status = tpc_contiguous(call, &x, &room.data);
    if (!status) status = tpc_contiguous(call, &places, &room_places.data);
    if (status) return status;
    t.from = x.data, t.to = into.x.data, t.places = static_cast<const int8_t *>(places.data);
    status = launch(call, t, w, small.numel, spreads);
    return status ? status : into.give(call);
}

tp_status tpc_scatter_windows(const tp__call *call, const tp__windows &of, bool add) { return run_places(call, of, true, add); }
tp_status tpc_pick_windows(const tp__call *call, const tp__windows &of) { return run_places(call, of, false, false); }

extern "C" const tp_kernel tp__cuda_pool_windows[] = {
    { "max_pool", max_pool, NULL }, { "adaptive_max_pool", adaptive_max_pool, NULL }, { NULL, NULL, NULL },
};
