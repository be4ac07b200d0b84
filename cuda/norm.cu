/* norm.cu: normalization of rows, of layer_norm, group_norm and rms_norm, forward and backward.
 *
 *   y = (x - m) r w + b,  r = 1 / sqrt(var + eps);  m is 0 in rms_norm
 *   dx = r w dy + p x + q,  p = (B m - A) r^3 / n,  q = -p m - B r / n,  A = sum dy w x,  B = sum dy w;  q is 0 in rms_norm
 *   dw = sum dy (r x - r m),  db = sum dy
 *
 * Some lanes share a row and keep it in registers, so that memory is read once; what is longer than they hold is read again. Four
 * elements are moved at once where rows are aligned. Sums over the rows, which the gradients of weight and bias are, are a reduction. */
#include "cuda/lanes.cuh"
#include "cuda/pointwise.cuh"
#include "cuda/reduce.cuh"

enum { HELD = 16 };                                    /* elements of a row that a thread keeps */

struct norm_job {
    int64_t rows, groups, width, inner, n;             /* n: of a row */
    int lanes;
    bool centered;
    double eps;
    tpc_divisor by_inner;                              /* of size 0: rows are too long for it */
    tpc_side x, dy, y, w, b, mean, r;                  /* y: or dx */
};

/* ---- Packs of W elements -------------------------------------------------------------------------------------------------------------------- */

template <class S, int W> TPC_DEVICE void take_pack(const tpc_side &x, int64_t i, S (&v)[W])
{
    if constexpr (W == 1) v[0] = tpc_get<S>(x, i);
    else tpc_load_pack(x.data, x.dtype, i / W, v);
}
template <class S, int W> TPC_DEVICE void leave_pack(const tpc_side &y, int64_t i, const S (&v)[W])
{
    if constexpr (W == 1) tpc_set(y, i, v[0]);
    else tpc_store_pack(y.data, y.dtype, i / W, v);
}

/* The weights of the pack at i of a row of a group; `none` where there are none. With an inner the pack has one channel. */
template <class S, int W> TPC_DEVICE void take_weights(const norm_job &j, const tpc_side &w, int64_t group, int64_t i, S none, S (&v)[W])
{
    if (w.data && j.inner == 1) {
        take_pack(w, group * j.width + i, v);
        return;
    }
    S one = none;
    if (w.data) one = tpc_get<S>(w, group * j.width + (j.by_inner.size ? (int64_t)tpc_divide((uint32_t)i, j.by_inner) : i / j.inner));
    TPC_UNROLL(4)
    for (int l = 0; l < W; l++) v[l] = one;
}

/* What a thread has of a row: `packs` of them in registers, then what it reads again. f(i, v) of each. */
template <class S, int W> struct row_part {
    enum { PACKS = HELD / W };
    S held[PACKS][W];
    __device__ __forceinline__ void take(const tpc_side &x, int64_t base, int64_t n, int part, int lanes)
    {
        TPC_UNROLL(16)
        for (int k = 0; k < PACKS; k++) {
            const int64_t i = (int64_t)(part + k * lanes) * W;
            if (i < n) take_pack(x, base + i, held[k]);
        }
    }
    template <class F> __device__ __forceinline__ void each(const tpc_side &x, int64_t base, int64_t n, int part, int lanes, F f)
    {
        TPC_UNROLL(16)
        for (int k = 0; k < PACKS; k++) {
            const int64_t i = (int64_t)(part + k * lanes) * W;
            if (i < n) f(i, held[k]);
        }
        for (int64_t i = (int64_t)(part + PACKS * lanes) * W; i < n; i += lanes * W) {
            S v[W];
            take_pack(x, base + i, v);
            f(i, v);
        }
    }
};

TPC_DEVICE float root(float v) { return sqrtf(v); }
TPC_DEVICE double root(double v) { return ::sqrt(v); }

/* ---- Forward -------------------------------------------------------------------------------------------------------------------------------------- */

template <class S, int W> static __global__ void __launch_bounds__(TPC_BLOCK) norm_forward(const norm_job j)
{
    const int across = TPC_BLOCK / j.lanes, part = (int)threadIdx.x % j.lanes, out = (int)threadIdx.x / j.lanes, lanes = j.lanes;
    const tpc_seat seat = { part, 1, out, across };
    for (int64_t tile = blockIdx.x; tile * across < j.rows; tile += gridDim.x) {
        const int64_t row = tile * across + out, n = row < j.rows ? j.n : 0, base = row * j.n, group = row % j.groups;
        row_part<S, W> x;
        S m = 0, rest = 0, squares = 0;
        x.take(j.x, base, n, part, lanes);
        if (j.centered) {
            x.each(j.x, base, n, part, lanes, [&](int64_t, const S (&v)[W]) {
                for (int l = 0; l < W; l++) m += v[l];
            });
            m = tpc_lanes_join(m, seat, lanes, tpc_add()) / (S)j.n;
        }
        x.each(j.x, base, n, part, lanes, [&](int64_t, const S (&v)[W]) {
            for (int l = 0; l < W; l++) rest += v[l] - m, squares += (v[l] - m) * (v[l] - m);
        });
        squares = tpc_lanes_join(squares, seat, lanes, tpc_add());
        if (j.centered) {
            rest = tpc_lanes_join(rest, seat, lanes, tpc_add()) / (S)j.n;
            if (isfinite(m)) m += rest, squares -= rest * rest * (S)j.n;
        }
        const S r = 1 / root((squares < 0 ? 0 : squares) / (S)j.n + (S)j.eps);
        if (!part && row < j.rows) {
            if (j.centered) tpc_store(j.mean.data, j.mean.dtype, row, m);
            tpc_store(j.r.data, j.r.dtype, row, r);
        }
        x.each(j.x, base, n, part, lanes, [&](int64_t i, const S (&v)[W]) {
            S w[W], b[W], y[W];
            take_weights(j, j.w, group, i, (S)1, w);
            take_weights(j, j.b, group, i, (S)0, b);
            for (int l = 0; l < W; l++) y[l] = (v[l] - m) * r * w[l] + b[l];
            leave_pack(j.y, base + i, y);
        });
    }
}

/* ---- Backward ------------------------------------------------------------------------------------------------------------------------------------- */

template <class S, int W> static __global__ void __launch_bounds__(TPC_BLOCK) norm_back(const norm_job j)
{
    const int across = TPC_BLOCK / j.lanes, part = (int)threadIdx.x % j.lanes, out = (int)threadIdx.x / j.lanes, lanes = j.lanes;
    const tpc_seat seat = { part, 1, out, across };
    for (int64_t tile = blockIdx.x; tile * across < j.rows; tile += gridDim.x) {
        const int64_t row = tile * across + out, n = row < j.rows ? j.n : 0, base = row * j.n, group = row % j.groups;
        row_part<S, W> x;
        S A = 0, B = 0;
        x.take(j.x, base, n, part, lanes);
        x.each(j.x, base, n, part, lanes, [&](int64_t i, const S (&v)[W]) {
            S g[W], w[W];
            take_pack(j.dy, base + i, g);
            take_weights(j, j.w, group, i, (S)1, w);
            for (int l = 0; l < W; l++) A += g[l] * v[l] * w[l], B += g[l] * w[l];
        });
        A = tpc_lanes_join(A, seat, lanes, tpc_add());
        B = tpc_lanes_join(B, seat, lanes, tpc_add());
        if (row >= j.rows) continue;
        const S m = j.centered ? tpc_load<S>(j.mean.data, j.mean.dtype, row) : 0, r = tpc_load<S>(j.r.data, j.r.dtype, row), share = 1 / (S)j.n;
        const S p = (B * m - A) * r * r * r * share, q = j.centered ? -p * m - B * r * share : 0;
        x.each(j.x, base, n, part, lanes, [&](int64_t i, const S (&v)[W]) {
            S g[W], w[W], dx[W];
            take_pack(j.dy, base + i, g);
            take_weights(j, j.w, group, i, (S)1, w);
            for (int l = 0; l < W; l++) dx[l] = r * g[l] * w[l] + p * v[l] + q;
            leave_pack(j.y, base + i, dx);
        });
    }
}

/* dw and db: over samples and inner. In 16 bits where that is asked for, sums of a few samples are rounded after each, as PyTorch's are,
 * and then added in full. */
struct pair_of_sums { double w, b; };
template <class S> struct param_grads {
    using acc = pair_of_sums;
    tpc_side x, dy, mean, r, dw, db;                   /* NULL: dw or db is not wanted; mean: of rms_norm */
    int64_t n, apart, numel;                           /* of a row; from one sample to the next */
    tpc_divisor by_n;
    int samples, narrow;                               /* added at once, and what is rounded to, or 0 */
    __device__ S round(S v) const { return narrow ? tpc_round_to(narrow, v) : v; }
    __device__ acc begin() const { return acc{ 0, 0 }; }
    __device__ void add(acc &a, int64_t at, int64_t) const
    {
        S w = 0, b = 0;
        for (int k = 0; k < samples && at < numel; k++, at += apart) {
            const S g = tpc_load<S>(dy.data, dy.dtype, at);
            b = round(b + g);
            if (!dw.data) continue;
            const int64_t row = by_n.size ? (int64_t)tpc_divide((uint32_t)at, by_n) : at / n;
            const S scale = tpc_load<S>(r.data, r.dtype, row), m = mean.data ? tpc_load<S>(mean.data, mean.dtype, row) : 0;
            w = round(w + g * ((tpc_load<S>(x.data, x.dtype, at) - m) * scale));
        }
        a.w += (double)w;
        a.b += (double)b;
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ a.w + b.w, a.b + b.b }; }
    __device__ void finish(const acc &a, int64_t o) const
    {
        if (dw.data) tpc_store(dw.data, dw.dtype, o, a.w);
        if (db.data) tpc_store(db.data, db.dtype, o, a.b);
    }
};

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------------------------- */

static bool goes_by_four(const tpc_array &x) { return x.dtype != TP_F64 && (uintptr_t)x.data % (4 * (size_t)tpc_size(x.dtype)) == 0; }

/* `params`: those whose pointers have to be aligned, too. True: by packs of four. */
static bool set_up(const tp__call *call, const tpc_array &x, const tpc_array *const *more, int n_more, norm_job *j)
{
    const tp__norm_rows *s = (const tp__norm_rows *)tpc_scratch_of(call);
    *j = norm_job();
    j->rows = s->samples * s->groups;
    j->groups = s->groups;
    j->width = s->width;
    j->inner = s->inner;
    j->n = s->width * s->inner;
    j->centered = s->centered;
    j->eps = s->eps;
    j->x = tpc_side_of(x);
    j->by_inner = j->n <= INT32_MAX ? tpc_divisor_of(s->inner) : tpc_divisor{ 0, 0, 0 };
    bool packs = goes_by_four(x) && (j->inner == 1 ? j->n : j->inner) % 4 == 0;
    for (int i = 0; i < n_more && packs; i++) packs = !more[i]->data || goes_by_four(*more[i]);
    const int64_t each = packs ? 8 : 2;                /* at least: two loads of a thread under way */
    j->lanes = 1;
    while (j->lanes < TPC_BLOCK && (int64_t)j->lanes * 2 * each <= j->n) j->lanes *= 2;
    return packs;
}
static unsigned grid_of(const tp__call *call, const norm_job &j) { return tpc_grid(call, (j.rows * j.lanes + TPC_BLOCK - 1) / TPC_BLOCK); }

/* Inputs x, none, weight, bias; outputs y, mean unless it is rms_norm, and r. */
static tp_status forward(tp__call *call, bool has_bias)
{
    tpc_array x, w, b = tpc_array(), y, mean = tpc_array(), r;
    const tpc_array *const more[] = { &w, &b, &y };
    const bool centered = ((const tp__norm_rows *)tpc_scratch_of(call))->centered;
    norm_job j;
    tpc_in(call, 0, &x);
    tpc_in(call, 2, &w);
    if (has_bias) tpc_in(call, 3, &b);
    tpc_out(call, 0, &y);
    if (centered) tpc_out(call, 1, &mean);
    tpc_out(call, centered ? 2 : 1, &r);
    if (!r.numel) return TP_OK;
    const bool packs = set_up(call, x, more, 3, &j);
    j.y = tpc_side_of(y);
    j.w = tpc_side_of(w);
    j.b = tpc_side_of(b);
    j.mean = tpc_side_of(mean);
    j.r = tpc_side_of(r);
    const cudaStream_t stream = tpc_stream(call);
    if (x.dtype == TP_F64) TPC_LAUNCH((norm_forward<double, 1>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
    else if (packs) TPC_LAUNCH((norm_forward<float, 4>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
    else TPC_LAUNCH((norm_forward<float, 1>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
    return tpc_launched(call);
}
static tp_status layer(tp__call *call) { return forward(call, true); }
static tp_status rms(tp__call *call) { return forward(call, false); }

template <class S> static tp_status take_param_grads(tp__call *call, const norm_job &j, const tpc_array &dw, const tpc_array &db)
{
    enum { FEW = 8 };
    const bool rounds = ((const tp__norm_rows *)tpc_scratch_of(call))->rounds && (j.x.dtype == TP_F16 || j.x.dtype == TP_BF16);
    const int64_t apart = j.groups * j.n, samples = j.rows / j.groups, some = rounds ? FEW : 1;
    tpc_array x = tpc_array();
    x.ndim = 4;
    x.numel = samples * apart;
    const int64_t shape[] = { (samples + some - 1) / some, j.groups, j.width, j.inner }, stride[] = { some * apart, j.n, j.inner, 1 };
    memcpy(x.shape, shape, sizeof shape);
    memcpy(x.stride, stride, sizeof stride);
    param_grads<S> op = { j.x, j.dy, j.mean, j.r, tpc_side(), tpc_side(), j.n, apart, x.numel,
                          x.numel <= INT32_MAX ? tpc_divisor_of(j.n) : tpc_divisor{ 0, 0, 0 }, (int)some, rounds ? j.x.dtype : 0 };
    if (!j.centered) op.mean = tpc_side();
    if (dw.numel) op.dw = tpc_side_of(dw);
    if (db.numel) op.db = tpc_side_of(db);
    return tpc_reduce_run(call, x, 1 | 8, op);
}

/* Inputs dy, x, mean, r, weight; outputs dx, dw, db, the last two empty if they are not wanted. */
static tp_status backward(tp__call *call)
{
    tpc_array dy, x, mean, r, w, dx, dw, db;
    const tpc_array *const more[] = { &dy, &w, &dx };
    tpc_array *const all[] = { &dy, &x, &mean, &r, &w };
    norm_job j;
    for (int i = 0; i < 5; i++) tpc_in(call, i, all[i]);
    tpc_out(call, 0, &dx);
    tpc_out(call, 1, &dw);
    tpc_out(call, 2, &db);
    const bool packs = set_up(call, x, more, 3, &j);
    j.y = tpc_side_of(dx);
    j.dy = tpc_side_of(dy);
    j.w = tpc_side_of(w);
    j.mean = tpc_side_of(mean);
    j.r = tpc_side_of(r);
    if (x.numel) {
        const cudaStream_t stream = tpc_stream(call);
        if (x.dtype == TP_F64) TPC_LAUNCH((norm_back<double, 1>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
        else if (packs) TPC_LAUNCH((norm_back<float, 4>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
        else TPC_LAUNCH((norm_back<float, 1>), grid_of(call, j), TPC_BLOCK, 0, stream, j);
        const tp_status status = tpc_launched(call);
        if (status) return status;
    }
    if (!dw.numel && !db.numel) return TP_OK;
    return x.dtype == TP_F64 ? take_param_grads<double>(call, j, dw, db) : take_param_grads<float>(call, j, dw, db);
}

extern "C" const tp_kernel tp__cuda_norm[] = {
    { "layer_norm_stats", layer, NULL }, { "group_norm_stats", layer, NULL }, { "rms_norm_stats", rms, NULL }, { "norm_rows_backward", backward, NULL },
    { NULL, NULL, NULL },
};
