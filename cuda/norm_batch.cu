/* norm_batch.cu: normalization of channels over all other dims, of batch_norm and so of instance_norm. Tensors are [outer, channels,
 * inner] in memory: channels-last ones have an inner of 1.
 *
 *   y = (x - m) w r + b,  r = 1 / sqrt(var + eps)
 *   dx = w r (dy - B / n - (x - m) r^2 A / n),  A = sum dy (x - m),  B = sum dy;  of given statistics  dx = w r dy
 *   dw = A r,  db = B
 *
 * A reduction makes the statistics or the sums, and at its end what the formulas have for each channel; a second kernel applies it. Where
 * channels are last in memory, training goes by cuDNN, if that has a plan for it. */
#include "cuda/dnn.h"
#include "cuda/moments.cuh"
#include "cuda/pointwise.cuh"

struct vec { void *data; int dtype; int64_t stride; }; /* one number per channel; data NULL: absent */
static __device__ TPC_NOINLINE double value_of_any(vec v, int64_t c) { return tpc_load<double>(v.data, v.dtype, c * v.stride); }
TPC_DEVICE double value_at(const vec &v, int64_t c) { return v.dtype == TP_F32 ? ((const float *)v.data)[c * v.stride] : value_of_any(v, c); }
static __device__ TPC_NOINLINE double rounded(int dtype, double v) { return tpc_round_to(dtype, v); }

struct batch_geometry { int64_t outer, channels, inner, numel; tpc_divisor by_channels, by_inner; };      /* divisors of size 0: too many elements */
TPC_DEVICE int64_t channel_of(const batch_geometry &g, int64_t at)
{
    if (!g.by_inner.size) return at / g.inner % g.channels;
    const uint32_t segment = g.inner == 1 ? (uint32_t)at : tpc_divide((uint32_t)at, g.by_inner);
    return segment - tpc_divide(segment, g.by_channels) * (uint32_t)g.channels;
}

/* What a channel's elements are computed with, in the dtype S of the computation: y = (x - m) a + b, dx = (dy - q - (x - m) p) a. Rows of one
 * room, since where channels are last in memory neighbours read those of neighbours. */
enum { OF_M, OF_A, OF_B, OF_P = OF_B, OF_Q, CHANNEL_ROWS };

struct batch {
    batch_geometry g;
    tp__batch_norm attr;
    int dtype;                                         /* of x */
    const void *x, *dy;
    void *y;                                           /* or dx */
    vec mean, var, w, b;
    void *channels;                                    /* [CHANNEL_ROWS, channels] */
};

TPC_DEVICE double mean_at(const batch &j, int64_t c) { return j.attr.rounds ? rounded(j.dtype, value_at(j.mean, c)) : value_at(j.mean, c); }

/* In 16 bits PyTorch rounds this, and in bfloat16 the sum of squares and its mean before. Of no spread and no eps it is 0 when training. */
TPC_DEVICE double inverse_at(const batch &j, int64_t c)
{
    const double n = (double)(j.g.outer * j.g.inner);
    double v = value_at(j.var, c);
    if (j.attr.training && v == 0 && j.attr.eps == 0) return 0;
    if (j.attr.rounds && j.dtype == TP_BF16) v = rounded(j.dtype, rounded(j.dtype, v * n) / n);
    const double r = 1 / ::sqrt(v + j.attr.eps);
    return j.attr.rounds ? rounded(j.dtype, r) : r;
}

/* third: b or p */
template <class S> TPC_DEVICE void put_channel(const batch &j, int64_t c, double m, double a, double third, double q)
{
    S *const to = (S *)j.channels + c;
    to[OF_M * j.g.channels] = (S)m;
    to[OF_A * j.g.channels] = (S)a;
    to[OF_B * j.g.channels] = (S)third;
    to[OF_Q * j.g.channels] = (S)q;
}
template <class S> TPC_DEVICE void leave_channel(const batch &j, int64_t c)
{
    const double w = j.w.data ? value_at(j.w, c) : 1;
    put_channel<S>(j, c, mean_at(j, c), w * inverse_at(j, c), j.b.data ? value_at(j.b, c) : 0, 0);
}
/* A row of them for a pack of elements, whose first is of channel c */
template <class S, int W> TPC_DEVICE void take_channels(const batch &j, int row, int64_t c, S (&v)[W])
{
    const S *const from = (const S *)j.channels + row * j.g.channels + c;
    if constexpr (W > 1) {
        if (j.g.inner == 1) {
            tpc_load_pack(from, TP_F32, 0, v);
            return;
        }
    }
    TPC_UNROLL(4)
    for (int l = 0; l < W; l++) v[l] = *from;
}

/* ---- Statistics and sums of channels ------------------------------------------------------------------------------------------------------- */

template <class S> struct statistics {
    using acc = tpc_moments;
    batch j;
    __device__ acc begin() const { return acc{ 0, 0, 0, 0 }; }
    __device__ void add(acc &a, int64_t at, int64_t) const { tpc_moments_add(a, tpc_load<double>(j.x, j.dtype, at)); }
    __device__ void add_some(acc &a, const int64_t (&at)[TPC_SOME]) const { tpc_moments_add_some(a, j.x, j.dtype, at); }
    __device__ acc join(const acc &a, const acc &b) const { return tpc_moments_join(a, b); }
    __device__ void finish(const acc &a, int64_t c) const
    {
        tpc_store(j.mean.data, j.mean.dtype, c, tpc_mean_of(a));
        tpc_store(j.var.data, j.var.dtype, c, tpc_spread_of(a) / (double)a.n);
        leave_channel<S>(j, c);
    }
};

template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) given_statistics(const batch j)
{
    for (int64_t c = tpc_first(); c < j.g.channels; c += tpc_step()) leave_channel<S>(j, c);
}

struct batch_sums { double a, b, m; };                 /* m: the mean, as it is computed with */
template <class S> struct grad_sums {
    using acc = batch_sums;
    batch j;
    vec dw, db;                                        /* data NULL: not wanted */
    __device__ acc begin() const { return acc{ 0, 0, 0 }; }
    __device__ void at_output(acc &sum, int64_t c) const { sum.m = (double)(S)mean_at(j, c); }
    __device__ void add_one(acc &sum, S g, S x) const
    {
        sum.a += (double)(g * (x - (S)sum.m));
        sum.b += (double)g;
    }
    __device__ void add(acc &sum, int64_t at, int64_t) const { add_one(sum, tpc_load<S>(j.dy, j.dtype, at), tpc_load<S>(j.x, j.dtype, at)); }
    __device__ void add_some(acc &sum, const int64_t (&at)[TPC_SOME]) const
    {
        S g[TPC_SOME], x[TPC_SOME];
        tpc_load_some(j.dy, j.dtype, at, g);
        tpc_load_some(j.x, j.dtype, at, x);
        TPC_UNROLL(4)
        for (int k = 0; k < TPC_SOME; k++) add_one(sum, g[k], x[k]);
    }
    __device__ acc join(const acc &x, const acc &y) const { return acc{ x.a + y.a, x.b + y.b, x.m }; }
    __device__ void finish(const acc &sum, int64_t c) const
    {
        const double n = (double)(j.g.outer * j.g.inner), r = inverse_at(j, c), w = j.w.data ? value_at(j.w, c) : 1;
        const bool training = j.attr.training;
        put_channel<S>(j, c, mean_at(j, c), w * r, training ? sum.a * r * r / n : 0, training ? sum.b / n : 0);
        if (dw.data) tpc_store(dw.data, dw.dtype, c, sum.a * r);
        if (db.data) tpc_store(db.data, db.dtype, c, sum.b);
    }
};

/* ---- Elements ------------------------------------------------------------------------------------------------------------------------------------ */

template <class S, int W> TPC_DEVICE void take_pack(const void *x, int dtype, int64_t i, S (&v)[W])
{
    if constexpr (W == 1) v[0] = tpc_load<S>(x, dtype, i);
    else tpc_load_pack(x, dtype, i, v);
}

/* By packs of W, which an inner is a multiple of, or the channels where that is 1. */
template <class S, int W> static __global__ void __launch_bounds__(TPC_BLOCK) apply(const batch j)
{
    for (int64_t i = tpc_first(); i < j.g.numel / W; i += tpc_step()) {
        const int64_t c = channel_of(j.g, i * W);
        S x[W], dy[W] = {}, y[W], m[W], a[W], third[W], q[W] = {};
        take_pack(j.x, j.dtype, i, x);
        if (j.dy) take_pack(j.dy, j.dtype, i, dy);
        take_channels(j, OF_M, c, m);
        take_channels(j, OF_A, c, a);
        take_channels(j, OF_B, c, third);
        if (j.dy) take_channels(j, OF_Q, c, q);
        TPC_UNROLL(4)
        for (int l = 0; l < W; l++) y[l] = j.dy ? (dy[l] - q[l] - (x[l] - m[l]) * third[l]) * a[l] : (x[l] - m[l]) * a[l] + third[l];
        if constexpr (W == 1) tpc_store(j.y, j.dtype, i, y[0]);
        else tpc_store_pack(j.y, j.dtype, i, y);
    }
}

/* ---- Kernels ---------------------------------------------------------------------------------------------------------------------------------------- */

static vec vec_of(const tpc_array &x) { return vec{ x.data, x.dtype, x.stride[0] }; }

static batch batch_of(const tp__call *call, const tpc_array &x, const tpc_array &y)
{
    batch j = batch();
    j.g.outer = x.shape[0];
    j.g.channels = x.shape[1];
    j.g.inner = 1;
    j.g.numel = x.numel;
    for (int d = 2; d < x.ndim; d++) (x.contiguous ? j.g.inner : j.g.outer) *= x.shape[d];
    if (x.numel <= INT32_MAX) {
        j.g.by_channels = tpc_divisor_of(j.g.channels);
        j.g.by_inner = tpc_divisor_of(j.g.inner);
    }
    j.attr = *(const tp__batch_norm *)tpc_scratch_of(call);
    j.dtype = x.dtype;
    j.x = x.data;
    j.y = y.data;
    return j;
}
static size_t room_for_channels(const batch &j) { return (size_t)(j.g.channels * CHANNEL_ROWS) * (j.dtype == TP_F64 ? sizeof(double) : sizeof(float)); }

/* [outer, channels, inner], of which the first and the last go */
template <class Op> static tp_status over_channels(const tp__call *call, const batch_geometry &g, const Op &op)
{
    tpc_array x = tpc_array();
    const int64_t shape[] = { g.outer, g.channels, g.inner }, stride[] = { g.channels * g.inner, g.inner, 1 };
    x.ndim = 3;
    x.numel = g.numel;
    memcpy(x.shape, shape, sizeof shape);
    memcpy(x.stride, stride, sizeof stride);
    return tpc_reduce_run(call, x, 1 | 4, op);
}

static bool is_aligned(const void *x, int dtype) { return (uintptr_t)x % (4 * (size_t)tpc_size(dtype)) == 0; }

static tp_status apply_channels(const tp__call *call, const batch &j)
{
    const cudaStream_t stream = tpc_stream(call);
    const bool packs = j.dtype != TP_F64 && (j.g.inner == 1 ? j.g.channels : j.g.inner) % 4 == 0 && is_aligned(j.x, j.dtype) && is_aligned(j.y, j.dtype) &&
                       is_aligned(j.dy, j.dtype);
    if (!j.g.numel) return TP_OK;
    if (j.dtype == TP_F64) TPC_LAUNCH((apply<double, 1>), tpc_blocks(call, j.g.numel), TPC_BLOCK, 0, stream, j);
    else if (packs) TPC_LAUNCH((apply<float, 4>), tpc_blocks(call, j.g.numel, 4), TPC_BLOCK, 0, stream, j);
    else TPC_LAUNCH((apply<float, 1>), tpc_blocks(call, j.g.numel), TPC_BLOCK, 0, stream, j);
    return tpc_launched(call);
}

/* ---- By cuDNN ----------------------------------------------------------------------------------------------------------------------------------------- */

/* What cuDNN wants of channels is float32, in rows of one room. */
enum dnn_row { ROW_SCALE, ROW_MEAN, ROW_INVERSE, ROW_BIAS, ROW_ZEROS, ROW_NEXT, ROW_VAR, FORWARD_ROWS, ROW_DSCALE = ROW_BIAS, ROW_DBIAS, BACKWARD_ROWS };
struct dnn_rows { float *at; int64_t step; };
template <int> static __global__ void __launch_bounds__(TPC_BLOCK) give_rows(const batch j, const dnn_rows r)
{
    for (int64_t c = tpc_first(); c < j.g.channels; c += tpc_step()) {
        r.at[ROW_SCALE * r.step + c] = (float)(j.w.data ? value_at(j.w, c) : 1);
        if (j.dy) {
            r.at[ROW_MEAN * r.step + c] = (float)value_at(j.mean, c);
            r.at[ROW_INVERSE * r.step + c] = (float)inverse_at(j, c);
        } else {
            r.at[ROW_BIAS * r.step + c] = (float)(j.b.data ? value_at(j.b, c) : 0);
            r.at[ROW_ZEROS * r.step + c] = 0;
        }
    }
}
/* to, and: mean and var, or dw and db; data NULL: not wanted */
template <int> static __global__ void __launch_bounds__(TPC_BLOCK) take_rows(const batch j, const dnn_rows r, const vec to, const vec and_to)
{
    const double n = (double)(j.g.outer * j.g.inner);
    for (int64_t c = tpc_first(); c < j.g.channels; c += tpc_step()) {
        if (to.data) tpc_store(to.data, to.dtype, c * to.stride, (double)r.at[(j.dy ? ROW_DSCALE : ROW_MEAN) * r.step + c]);
        if (and_to.data)
            tpc_store(and_to.data, and_to.dtype, c * and_to.stride,
                      j.dy ? (double)r.at[ROW_DBIAS * r.step + c] : r.at[ROW_VAR * r.step + c] * ((n - 1) / n));
    }
}

/* n: the images; more positions of each follow. */
static tp_status by_cudnn(const tp__call *call, const batch &j, int64_t n, const vec &to, const vec &and_to, bool *done)
{
    tpc_dnn_norm k = {};
    k.backward = j.dy != nullptr, k.dtype = j.dtype, k.n = n, k.inner = n ? j.g.outer / n : 0, k.channels = j.g.channels;
    k.aligned = (uintptr_t)j.x % 16 == 0 && (uintptr_t)j.y % 16 == 0 && (uintptr_t)j.dy % 16 == 0;
    *done = false;
    if (j.g.inner != 1 || !j.attr.training || j.attr.rounds || !(j.attr.eps > 0) || !tpc_dnn_normalizes(call, &k)) return TP_OK;
    const int64_t step = (k.channels + 63) / 64 * 64;
    tpc_temporary room(call, (size_t)(step * (j.dy ? BACKWARD_ROWS : FORWARD_ROWS)) * sizeof(float));
    if (!room.data) return TP_ERR_MEMORY;
    float *const row = room.as<float>();
    tpc_dnn_norm_data d = {};
    d.x = const_cast<void *>(j.x), d.dy = const_cast<void *>(j.dy), d.y = j.y, d.eps = j.attr.eps;
    d.scale = row + ROW_SCALE * step, d.mean = row + ROW_MEAN * step, d.inverse = row + ROW_INVERSE * step;
    if (j.dy) d.dscale = row + ROW_DSCALE * step, d.dbias = row + ROW_DBIAS * step;
    else d.bias = row + ROW_BIAS * step, d.zeros = row + ROW_ZEROS * step, d.next_mean = row + ROW_NEXT * step, d.var = row + ROW_VAR * step;
    const dnn_rows rows = { row, step };
    TPC_LAUNCH(give_rows<0>, tpc_blocks(call, k.channels), TPC_BLOCK, 0, tpc_stream(call), j, rows);
    tp_status status = tpc_launched(call);
    if (!status) status = tpc_dnn_normalize(call, &k, &d, done);
    if (status || !*done) return status;
    TPC_LAUNCH(take_rows<0>, tpc_blocks(call, k.channels), TPC_BLOCK, 0, tpc_stream(call), j, rows, to, and_to);
    return tpc_launched(call);
}

/* ---- The calls ---------------------------------------------------------------------------------------------------------------------------------------- */

/* Inputs x, weight, bias; outputs y, mean, var. */
static tp_status train(tp__call *call)
{
    tpc_array x, w, b, y, mean, var;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &w);
    tpc_in(call, 2, &b);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &mean);
    tpc_out(call, 2, &var);
    batch j = batch_of(call, x, y);
    tpc_temporary channels(call, room_for_channels(j));
    if (!channels.data) return j.g.channels ? TP_ERR_MEMORY : TP_OK;
    j.channels = channels.data;
    j.mean = vec{ mean.data, mean.dtype, 1 };
    j.var = vec{ var.data, var.dtype, 1 };
    j.w = vec_of(w);
    j.b = vec_of(b);
    bool done;
    tp_status status = by_cudnn(call, j, x.shape[0], j.mean, j.var, &done);
    if (status || done) return status;
    status = j.dtype == TP_F64 ? over_channels(call, j.g, statistics<double>{ j }) : over_channels(call, j.g, statistics<float>{ j });
    return status ? status : apply_channels(call, j);
}

/* Inputs x, mean, var, weight, bias. */
static tp_status eval(tp__call *call)
{
    tpc_array x, mean, var, w, b, y;
    tpc_array *const all[] = { &x, &mean, &var, &w, &b };
    for (int i = 0; i < 5; i++) tpc_in(call, i, all[i]);
    tpc_out(call, 0, &y);
    batch j = batch_of(call, x, y);
    if (!j.g.numel) return TP_OK;
    tpc_temporary channels(call, room_for_channels(j));
    if (!channels.data) return TP_ERR_MEMORY;
    j.channels = channels.data;
    j.mean = vec_of(mean);
    j.var = vec_of(var);
    j.w = vec_of(w);
    j.b = vec_of(b);
    const cudaStream_t stream = tpc_stream(call);
    if (j.dtype == TP_F64) TPC_LAUNCH(given_statistics<double>, tpc_blocks(call, j.g.channels), TPC_BLOCK, 0, stream, j);
    else TPC_LAUNCH(given_statistics<float>, tpc_blocks(call, j.g.channels), TPC_BLOCK, 0, stream, j);
    const tp_status status = tpc_launched(call);
    return status ? status : apply_channels(call, j);
}

/* Inputs dy, x, mean, var, weight; outputs dx, dw, db, the last two empty if they are not wanted. */
static tp_status backward(tp__call *call)
{
    tpc_array dy, x, mean, var, w, dx, dw, db;
    tpc_array *const all[] = { &dy, &x, &mean, &var, &w };
    for (int i = 0; i < 5; i++) tpc_in(call, i, all[i]);
    tpc_out(call, 0, &dx);
    tpc_out(call, 1, &dw);
    tpc_out(call, 2, &db);
    batch j = batch_of(call, x, dx);
    tpc_temporary channels(call, room_for_channels(j));
    if (!channels.data) return j.g.channels ? TP_ERR_MEMORY : TP_OK;
    j.channels = channels.data;
    j.dy = dy.data;
    j.mean = vec_of(mean);
    j.var = vec_of(var);
    j.w = vec_of(w);
    const vec none = vec(), to_w = dw.numel ? vec_of(dw) : none, to_b = db.numel ? vec_of(db) : none;
    bool done;
    tp_status status = by_cudnn(call, j, x.shape[0], to_w, to_b, &done);
    if (status || done) return status;
    status = j.dtype == TP_F64 ? over_channels(call, j.g, grad_sums<double>{ j, to_w, to_b }) : over_channels(call, j.g, grad_sums<float>{ j, to_w, to_b });
    return status ? status : apply_channels(call, j);
}

/* x = (1 - momentum) x + momentum factor v */
static __global__ void __launch_bounds__(TPC_BLOCK) move_towards(const vec x, const vec v, int64_t n, double momentum, double factor)
{
    for (int64_t c = tpc_first(); c < n; c += tpc_step())
        tpc_store(x.data, x.dtype, c * x.stride, (1 - momentum) * value_at(x, c) + momentum * factor * value_at(v, c));
}
static tp_status update(tp__call *call)
{
    const struct given { double momentum, factor; } *attr = (const given *)tpc_attr(call);
    tpc_array x, v;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &v);
    if (!x.numel) return TP_OK;
    TPC_LAUNCH(move_towards, tpc_blocks(call, x.numel), TPC_BLOCK, 0, tpc_stream(call), vec_of(x), vec_of(v), x.numel, attr->momentum, attr->factor);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_norm_batch[] = {
    { "batch_norm_train", train, NULL }, { "batch_norm_eval", eval, NULL }, { "batch_norm_backward", backward, NULL },
    { "batch_norm_update_", update, NULL }, { NULL, NULL, NULL },
};
