/* resample.cu: means of windows and interpolation, dim by dim, and their adjoints. A small kernel first finds, for each place of each dim,
 * the run of places that it is made of, with weights, in the arithmetic that src/cpu/resample.c tells: a place that is rounded otherwise can
 * be another. Then each element of the output gathers: for the adjoint, from the places whose runs hold it, which are found by bisection,
 * since runs rise. */
#include "cuda/dnn.cuh"
#include "cuda/plain.cuh"

/* The map of one dim, from `in` places to `out`; the adjoint goes the other way. */
struct map {
    int64_t in, out, most;                             /* most: the greatest run */
    int64_t *first, *count;                            /* [out]; NULL: the map does nothing */
    double *weight, *divisor;                          /* [out][most], [out]; NULL: 1 */
    int64_t kernel, stride, padding, mean_of;          /* mean_of: what a sliding mean is divided by, 0: what it counts */
    double scale;                                      /* given by the caller; 0: none */
};
struct maps {
    map dim[3];
    int how, dtype, narrow;                            /* dtype: that is computed in; narrow: that weights are rounded to, else 0 */
    bool count_padding, align_corners, antialias, small;             /* small: PyTorch has a kernel of its own for such images */
};

/* ---- Runs of places --------------------------------------------------------------------------------------------------------------------- */

/* No multiplication is joined with an addition, wherever it would matter which. */
TPC_DEVICE double times(double a, double b) { return __dmul_rn(a, b); }
TPC_DEVICE double plus(double a, double b) { return __dadd_rn(a, b); }
TPC_DEVICE double rounded(const maps &m, double x) { return m.dtype == TP_F64 ? x : (double)(float)x; }
TPC_DEVICE double narrowed(const maps &m, double x) { return m.narrow ? (double)tpc_round_to(m.narrow, (float)x) : x; }
TPC_DEVICE int64_t clamped(int64_t x, int64_t n) { return x < 0 ? 0 : x < n ? x : n - 1; }
TPC_DEVICE int64_t place(double x, int64_t n) { return !(x > 0) ? 0 : x < (double)n ? (int64_t)x : n - 1; }

TPC_DEVICE void put_run(const map &d, int64_t o, int64_t first, int64_t count) { d.first[o] = first, d.count[o] = count; }
TPC_DEVICE void put_weight(const maps &m, const map &d, int64_t o, int64_t k, double weight) { d.weight[o * d.most + k] = rounded(m, weight); }

TPC_DEVICE void sliding(const maps &m, const map &d, int64_t o)
{
    const int64_t begin = o * d.stride - d.padding, end = begin + d.kernel < d.in + d.padding ? begin + d.kernel : d.in + d.padding;
    const int64_t first = begin < 0 ? 0 : begin < d.in ? begin : d.in, last = end < d.in ? end : d.in, count = last > first ? last - first : 0;
    const int64_t places = m.count_padding ? end - begin : count;
    put_run(d, o, first, count);
    d.divisor[o] = d.mean_of ? (double)d.mean_of : places > 0 ? (double)places : 1;
}
TPC_DEVICE void sharing(const map &d, int64_t o)
{
    const int64_t first = o * d.in / d.out, last = ((o + 1) * d.in + d.out - 1) / d.out;
    put_run(d, o, first, last - first);
    d.divisor[o] = (double)(last - first);
}

/* Input places to one of the output */
TPC_DEVICE double scale_of(const maps &m, const map &d)
{
    if (m.align_corners) return d.out > 1 ? rounded(m, (double)(d.in - 1) / (double)(d.out - 1)) : 0;
    return rounded(m, d.scale > 0 ? 1 / d.scale : rounded(m, (double)d.in) / rounded(m, (double)d.out));
}
TPC_DEVICE double source(const maps &m, double scale, int64_t o, bool below_zero)
{
    if (m.align_corners) return rounded(m, times(scale, rounded(m, (double)o)));
    const double x = rounded(m, plus(rounded(m, times(scale, rounded(m, (double)o + 0.5))), -0.5));
    return x < 0 && !below_zero ? 0 : x;
}

TPC_DEVICE double nearest_small(const map &d, int64_t o, bool exact)
{
    const float scale = d.scale > 0 ? (float)(1 / d.scale) : (float)d.in / (float)d.out;
    if (exact) return floorf(__fmul_rn((float)o + 0.5f, scale));
    if (d.in == d.out) return (double)o;
    return d.out == 2 * d.in ? (double)(o / 2) : floorf(__fmul_rn((float)o, scale));
}
TPC_DEVICE void nearest(const maps &m, const map &d, int64_t o)
{
    const bool exact = m.how == TP__RESAMPLE_NEAREST_EXACT;
    const double scale = scale_of(m, d);
    const double at = m.small ? nearest_small(d, o, exact)
                    : exact   ? rounded(m, plus(source(m, scale, o, false), 0.5)) : rounded(m, times(scale, rounded(m, (double)o)));
    put_run(d, o, place(at, d.in), 1);
}

/* The weights of n places from `from` on, those outside going to the first and the last one. */
template <int N> TPC_DEVICE void put_clamped(const maps &m, const map &d, int64_t o, int64_t from, const double (&weight)[N])
{
    const int64_t first = clamped(from, d.in), last = clamped(from + N - 1, d.in);
    double sum[N] = {};
    for (int k = 0; k < N; k++) sum[clamped(from + k, d.in) - first] += narrowed(m, weight[k]);
    put_run(d, o, first, last - first + 1);
    for (int64_t k = 0; k <= last - first; k++) put_weight(m, d, o, k, sum[k]);
}

/* Keys' kernel, |x| <= 1 and 1 < |x| < 2 */
TPC_DEVICE double keys_near(double x, double a) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
TPC_DEVICE double keys_far(double x, double a) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; }

TPC_DEVICE void linear(const maps &m, const map &d, int64_t o)
{
    const double x = d.in == d.out ? (double)o : source(m, scale_of(m, d), o, false);
    const int64_t at = place(x, d.in);
    const double part = rounded(m, x - (double)at), t = narrowed(m, part < 1 ? part : 1);
    const double weight[2] = { rounded(m, 1 - t), t };
    put_clamped(m, d, o, at, weight);
}
TPC_DEVICE void cubic(const maps &m, const map &d, int64_t o)
{
    const double a = -0.75, x = source(m, scale_of(m, d), o, true);
    const int64_t at = x < 0 ? -1 : place(x, d.in);
    const double part = rounded(m, x - (double)at), t = part > 0 ? part < 1 ? part : 1 : 0;
    const double weight[4] = { keys_far(t + 1, a), keys_near(t, a), keys_near(1 - t, a), keys_far(2 - t, a) };
    put_clamped(m, d, o, at - 1, weight);
}

/* The kernel stretched to the scale where that is above 1, its weights made to sum up to 1. Its cubic is that of PIL, a = -1/2. */
TPC_DEVICE double stretched(const maps &m, double x)
{
    x = fabs(x);
    if (m.how == TP__RESAMPLE_LINEAR) return x < 1 ? 1 - x : 0;
    return x < 1 ? keys_near(x, -0.5) : x < 2 ? keys_far(x, -0.5) : 0;
}
TPC_DEVICE void antialiased(const maps &m, const map &d, int64_t o)
{
    const double scale = scale_of(m, d), wide = scale >= 1 ? scale : 1, half = (m.how == TP__RESAMPLE_LINEAR ? 1 : 2) * wide;
    const double center = times(scale, (double)o + 0.5), begin = plus(plus(center, -half), 0.5), end = plus(plus(center, half), 0.5);
    const int64_t first = place(begin, d.in), last = end < (double)d.in ? (int64_t)end : d.in, n = last - first < d.most ? last - first : d.most;
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += stretched(m, ((double)(first + k) - center + 0.5) / wide);
    put_run(d, o, first, n);
    for (int64_t k = 0; k < n; k++) put_weight(m, d, o, k, stretched(m, ((double)(first + k) - center + 0.5) / wide) / (sum != 0 ? sum : 1));
}

static __global__ void __launch_bounds__(TPC_BLOCK) find_runs(const maps m)
{
    for (int k = 0; k < 3; k++) {
        const map &d = m.dim[k];
        for (int64_t o = tpc_first(); d.first && o < d.out; o += tpc_step()) {
            if (m.antialias && d.in == d.out) {        /* whatever the scale */
                put_run(d, o, o, 1);
                put_weight(m, d, o, 0, 1);
            } else if (m.how == TP__RESAMPLE_SLIDING) sliding(m, d, o);
            else if (m.how == TP__RESAMPLE_SHARED) sharing(d, o);
            else if (m.antialias && d.weight) antialiased(m, d, o);
            else if (m.how == TP__RESAMPLE_LINEAR) linear(m, d, o);
            else if (m.how == TP__RESAMPLE_CUBIC) cubic(m, d, o);
            else nearest(m, d, o);
        }
    }
}

/* ---- Gathering ------------------------------------------------------------------------------------------------------------------------------ */

/* narrow: quotients and every partial sum are rounded to these 16 bits, as PyTorch does; one_by_one: it divides by each dim's divisor. */
struct gather { const void *x; void *y; int from, to, narrow; bool adjoint, one_by_one; int64_t n, in[3], out[3]; map dim[3]; };

template <class T> struct window_sum_of { using type = double; };
template <> struct window_sum_of<int64_t> { using type = uint64_t; };

struct run { int64_t first, count; };

/* The first place of the map whose run ends (begins) beyond i */
TPC_DEVICE int64_t bisect(const map &d, int64_t i, bool ends)
{
    int64_t lo = 0, hi = d.out;
    while (lo < hi) {
        const int64_t at = lo + (hi - lo) / 2;
        if (d.first[at] + (ends ? d.count[at] : 0) <= i) lo = at + 1;
        else hi = at;
    }
    return lo;
}
TPC_DEVICE run run_of(const map &d, bool adjoint, int64_t i)
{
    if (!d.first) return { i, 1 };
    if (!adjoint) return { d.first[i], d.count[i] };
    const int64_t lo = bisect(d, i, true), hi = bisect(d, i, false);
    return { lo, hi > lo ? hi - lo : 0 };
}
/* Of output place i and source place k */
TPC_DEVICE double weight_of(const map &d, bool adjoint, int64_t i, int64_t k)
{
    if (!d.weight) return 1;
    return adjoint ? d.weight[k * d.most + i - d.first[k]] : d.weight[i * d.most + k - d.first[i]];
}

TPC_DEVICE float divided(float a, float b) { return a / b; }
TPC_DEVICE double divided(double a, double b) { return a / b; }
TPC_DEVICE int64_t divided(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : b ? a / b : 0; }

template <class T> TPC_DEVICE T quotient(const gather &g, T v, int64_t z, int64_t i, int64_t j)
{
    const int64_t at[3] = { z, i, j };
    T product = 1;
    bool any = false;
    for (int k = 0; k < 3; k++) {
        if (!g.dim[k].divisor) continue;
        const T by = (T)g.dim[k].divisor[at[k]];
        if (g.one_by_one) v = tpc_round_to(g.narrow ? g.narrow : g.to, divided(v, by));
        else product *= by, any = true;
    }
    if (!any) return v;
    v = divided(v, product);
    return g.narrow ? tpc_round_to(g.narrow, v) : v;
}

/* LANES threads share the window of an element: 1, or 32 where windows are large. */
template <class T, int LANES> static __global__ void __launch_bounds__(TPC_BLOCK) apply(const gather g)
{
    using S = typename window_sum_of<T>::type;
    const int lane = (int)threadIdx.x % LANES;
    for (int64_t e = tpc_first() / LANES; e < g.n; e += tpc_step() / LANES) {
        int64_t rest = e / g.out[2];
        const int64_t j = e - rest * g.out[2], i = rest % g.out[1];
        rest /= g.out[1];
        const int64_t z = rest % g.out[0], plane = rest / g.out[0];
        const run rz = run_of(g.dim[0], g.adjoint, z), ri = run_of(g.dim[1], g.adjoint, i), rj = run_of(g.dim[2], g.adjoint, j);
        const int64_t area = ri.count * rj.count, all = rz.count * area;
        S sum = 0;
        int64_t a = rz.first, b = ri.first, c = rj.first - 1;
        for (int64_t t = lane; t < all; t += LANES) {
            if (LANES > 1) {
                a = rz.first + t / area;
                b = ri.first + t % area / rj.count;
                c = rj.first + t % rj.count;
            } else if (++c == rj.first + rj.count) {
                c = rj.first;
                if (++b == ri.first + ri.count) b = ri.first, a++;
            }
            T v = tpc_load<T>(g.x, g.from, ((plane * g.in[0] + a) * g.in[1] + b) * g.in[2] + c);
            if (g.adjoint) v = quotient(g, v, a, b, c);
            const double weight = weight_of(g.dim[0], g.adjoint, z, a) * weight_of(g.dim[1], g.adjoint, i, b) * weight_of(g.dim[2], g.adjoint, j, c);
            sum += (S)v * (S)weight;
            if (g.narrow) sum = (S)tpc_round_to(g.narrow, (T)sum);
        }
        if (LANES > 1) sum = tpc_warp_join(sum, tpc_add());
        T y = (T)sum;
        if (!g.adjoint) y = quotient(g, y, z, i, j);
        if (!lane) tpc_store(g.y, g.to, e, y);
    }
}

/* ---- Running them ------------------------------------------------------------------------------------------------------------------------------ */

static int64_t most_of(const maps &m, const map &d)
{
    switch (m.how) {
    case TP__RESAMPLE_LINEAR: case TP__RESAMPLE_CUBIC: break;
    case TP__RESAMPLE_SLIDING: return d.kernel < d.in ? d.kernel : d.in;
    case TP__RESAMPLE_SHARED: return (d.in + d.out - 1) / d.out + 1;
    default: return 1;
    }
    if (!m.antialias) return m.how == TP__RESAMPLE_LINEAR ? 2 : 4;
    double scale = d.scale > 0 ? 1 / d.scale : (double)d.in / (double)d.out;
    if (m.align_corners) scale = d.out > 1 ? (double)(d.in - 1) / (double)(d.out - 1) : 0;
    if (m.dtype != TP_F64) scale = (double)(float)scale;
    const double half = (m.how == TP__RESAMPLE_LINEAR ? 1 : 2) * (scale >= 1 ? scale : 1);
    return half < (double)d.in && (int64_t)ceil(half) * 2 + 1 < d.in ? (int64_t)ceil(half) * 2 + 1 : d.in;
}

/* Room for the runs, in one piece, or with NULL just how much of it */
static size_t lay_out(maps &m, unsigned char *room)
{
    const bool weighted = m.how == TP__RESAMPLE_LINEAR || m.how == TP__RESAMPLE_CUBIC, divided_by = m.how <= TP__RESAMPLE_SHARED;
    size_t used = 0;
    for (int k = 0; k < 3; k++) {
        map &d = m.dim[k];
        if (!d.most) continue;                         /* of a dim that is not there */
        const size_t each = (size_t)d.out * sizeof(double), weights = weighted ? each * (size_t)d.most : 0;
        if (room) {
            d.first = reinterpret_cast<int64_t *>(room + used);
            d.count = reinterpret_cast<int64_t *>(room + used + each);
            d.divisor = divided_by ? reinterpret_cast<double *>(room + used + 2 * each) : nullptr;
            d.weight = weighted ? reinterpret_cast<double *>(room + used + 2 * each) : nullptr;
        }
        used += 2 * each + (divided_by ? each : weights);
    }
    return used;
}

/* Which of PyTorch's two kernels of images it is */
static bool is_small(int n, const tpc_array &x, const tpc_array &large)
{
    const bool channels_last = x.ndim == 4 && x.stride[1] == 1 && x.shape[1] > 3;
    return n == 2 && (channels_last || large.shape[large.ndim - 2] + large.shape[large.ndim - 1] <= 128);
}

template <class T> static tp_status launch(const tp__call *call, const gather &g, bool shared_out)
{
    if (shared_out) TPC_LAUNCH((apply<T, 32>), tpc_blocks(call, g.n * 32), TPC_BLOCK, 0, tpc_stream(call), g);
    else TPC_LAUNCH((apply<T, 1>), tpc_blocks(call, g.n), TPC_BLOCK, 0, tpc_stream(call), g);
    return tpc_launched(call);
}

static maps maps_of(const tp__resample &a, const tpc_array &x, const tpc_array &y, int dtype)
{
    const int n = (int)a.size.n;
    maps m = {};
    m.how = a.how, m.dtype = dtype, m.count_padding = a.count_padding, m.align_corners = a.align_corners, m.antialias = a.antialias;
    m.small = is_small(n, x, a.adjoint ? x : y);
    const bool image = a.how == TP__RESAMPLE_CUBIC || (a.how == TP__RESAMPLE_LINEAR && !m.small);
    m.narrow = tpc_size(x.dtype) == 2 && tpc_is_floating(x.dtype) && !a.adjoint && !a.antialias && image ? x.dtype : 0;
    for (int k = 0; k < 3; k++) {
        const int i = k - (3 - n);
        map &d = m.dim[k];
        d.in = d.out = 1;
        if (i < 0) continue;
        const int64_t from = x.shape[x.ndim - n + i], to = a.size.v[i];
        d.in = a.adjoint ? to : from;
        d.out = a.adjoint ? from : to;
        d.scale = a.scale.n ? a.scale.v[i] : 0;
        if (a.how == TP__RESAMPLE_SLIDING) d.kernel = a.kernel.v[i], d.stride = a.stride.v[i], d.padding = a.padding.v[i];
        d.mean_of = a.divisor == TP_NONE ? 0 : i ? 1 : a.divisor;
        d.most = most_of(m, d);
    }
    return m;
}

/* Sliding means of images with channels last, and their adjoint, by cuDNN, if it has a plan for them. */
static tp_status by_cudnn(const tp__call *call, const tp__resample &a, const tpc_array &x, const tpc_array &y, bool *done)
{
    const int n = (int)a.size.n;
    *done = false;
    if (a.how != TP__RESAMPLE_SLIDING || a.divisor != TP_NONE || n > 2 || x.ndim != n + 2 || x.dtype != y.dtype) return TP_OK;
    const tpc_array &large = a.adjoint ? y : x, &small = a.adjoint ? x : y;
    if (!tpc_dnn_packed(x, true) || !tpc_dnn_packed(y, true) || tpc_dnn_packed(large, false)) return TP_OK;
    tpc_dnn_pool k = {};
    k.kind = a.adjoint ? TPC_DNN_MEANS_BACK : TPC_DNN_MEANS, k.dtype = x.dtype, k.count_padding = a.count_padding, k.images = x.shape[0];
    k.channels = x.shape[1];
    k.aligned = (uintptr_t)x.data % 16 == 0 && (uintptr_t)y.data % 16 == 0;
    for (int d = 0; d < 2; d++) {
        const int i = d - (2 - n);
        k.size[d] = i < 0 ? 1 : large.shape[2 + i];
        k.out[d] = i < 0 ? 1 : small.shape[2 + i];
        k.kernel[d] = i < 0 ? 1 : a.kernel.v[i];
        k.stride[d] = i < 0 ? 1 : a.stride.v[i];
        k.pad[d] = i < 0 ? 0 : a.padding.v[i];
    }
    return tpc_dnn_windows(call, &k, large.data, small.data, nullptr, done);
}

static tp_status resample(tp__call *call)
{
    const tp__resample &a = *static_cast<const tp__resample *>(tpc_attr(call));
    tpc_array given;
    tpc_plain x(call), y(call);
    tpc_in(call, 0, &given);
    if (tpc_is_complex(given.dtype)) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for complex numbers");
    const int n = (int)a.size.n, dtype = given.dtype == TP_F64 ? TP_F64 : tpc_is_floating(given.dtype) ? TP_F32 : TP_I64;
    bool done;
    tpc_array to;
    tpc_out(call, 0, &to);
    tp_status status = by_cudnn(call, a, given, to, &done);
    if (!status && !done) status = x.take(call, 0, given.dtype);
    if (status || done) return status;
    status = y.make(call, 0, given.dtype);
    if (status || !y.x.numel) return status;
    maps m = maps_of(a, given, y.x, dtype);
    tpc_temporary room(call, lay_out(m, nullptr));
    if (!room.data) return TP_ERR_MEMORY;
    lay_out(m, room.as<unsigned char>());
    gather g = { x.x.data, y.x.data, given.dtype, y.x.dtype, 0, a.adjoint, false, y.x.numel, {}, {}, { m.dim[0], m.dim[1], m.dim[2] } };
    bool whole = true;                                 /* there is one window alone, which PyTorch takes for a plain mean */
    double window = 1, places = 1;
    for (int k = 0; k < 3; k++) {
        const map &d = m.dim[k];
        g.in[k] = a.adjoint ? d.out : d.in;
        g.out[k] = a.adjoint ? d.in : d.out;
        whole = whole && (k < 3 - n || d.out == 1);
        places += (double)d.out;
        if (d.most) window *= a.adjoint ? (double)d.most * (double)d.out / (double)(d.in ? d.in : 1) : (double)d.most;
    }
    const bool shares = a.how == TP__RESAMPLE_SHARED && !whole;
    if (tpc_size(given.dtype) == 2 && tpc_is_floating(given.dtype) && (a.adjoint ? a.how <= TP__RESAMPLE_SHARED : shares && n == 3))
        g.narrow = given.dtype, g.one_by_one = shares;
    TPC_LAUNCH(find_runs, tpc_blocks(call, (int64_t)places), TPC_BLOCK, 0, tpc_stream(call), m);
    status = tpc_launched(call);
    const bool shared_out = window >= 64 && !g.narrow;
    if (!status)
        status = dtype == TP_F64 ? launch<double>(call, g, shared_out)
                 : dtype == TP_F32 ? launch<float>(call, g, shared_out) : launch<int64_t>(call, g, shared_out);
    return status ? status : y.give(call);
}

extern "C" const tp_kernel tp__cuda_resample[] = { { "resample", resample, NULL }, { NULL, NULL, NULL } };
