/* fft.cu: Fourier transforms along dims of contiguous tensors, seen as [outer, n, inner].        Y_k = scale sum_j x_j e^(-+2 pi i jk / n)
 *
 * cuFFT does them where it is there: of the last dims at once, of a dim before others where it can, else of a copy with that dim last. By
 * our own kernels it is Stockham's algorithm, a launch for each prime factor r of n: with S = inner times the factors before, and p < parts,
 *     y[q + S (r p + k)] = sum_j x[q + S (p + parts j)] e^(-2 pi i k (p + parts j) / (r parts))
 * whose roots are computed on the spot, in float64. */
#include "cuda/fft_library.h"
#include "cuda/kernel.cuh"

enum { MOST_FACTORS = 64 };

template <class T> struct pair { T re, im; };

struct lines { int64_t outer, n, inner; };             /* n: the length of what is transformed */

/* ---- By our own kernels -------------------------------------------------------------------------------------------------------------------- */

template <class T>
static __global__ void __launch_bounds__(TPC_BLOCK) pass(pair<T> *y, const pair<T> *x, int64_t numel, int64_t block, int64_t step, int64_t parts, int64_t radix,
                                                         double sign)
{
    const int64_t m = radix * parts;
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) {
        const int64_t at = i % block, q = at % step, t = at / step, k = t % radix, p = t / radix;
        const pair<T> *from = x + (i - at) + q;
        double re = 0, im = 0;
        for (int64_t j = 0; j < radix; j++) {
            const int64_t place = p + parts * j;
            double s, c;
            sincospi(sign * 2 * (double)(k * place % m) / (double)m, &s, &c);
            const pair<T> v = from[step * place];
            re += v.re * c - v.im * s;
            im += v.re * s + v.im * c;
        }
        y[i].re = (T)re;
        y[i].im = (T)im;
    }
}

/* Whole lines of what is real, or half: of half a spectrum what stands for two counts `middle` / 2 for each. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) widen(pair<T> *y, const T *x, int64_t numel)
{
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) {
        y[i].re = x[i];
        y[i].im = 0;
    }
}
template <class T>
static __global__ void __launch_bounds__(TPC_BLOCK) mirror(pair<T> *y, const pair<T> *x, const lines g, double middle, double sign)
{
    const int64_t half = g.n / 2 + 1, numel = g.outer * g.n * g.inner;
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) {
        const int64_t q = i % g.inner, k = i / g.inner % g.n, o = i / g.inner / g.n, from = k < half ? k : g.n - k;
        const pair<T> v = x[(o * half + from) * g.inner + q];
        const bool alone = !k || 2 * k == g.n;
        const T w = (T)(alone ? 1 : middle / 2);
        y[i].re = v.re * w;
        y[i].im = alone ? (T)0 : v.im * w * (T)(k < half ? sign : -sign);
    }
}

/* The results: of lines of n the first m, as they are wanted. `parts`: 2, or 1 where only real parts are. */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK)
finish(T *y, const pair<T> *x, const lines g, int64_t m, int parts, double scale, double middle, double sign)
{
    const int64_t numel = g.outer * m * g.inner;
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) {
        const int64_t q = i % g.inner, k = i / g.inner % m, o = i / g.inner / m;
        const pair<T> v = x[(o * g.n + k) * g.inner + q];
        const bool alone = !k || 2 * k == g.n;
        const T w = (T)(alone ? scale : scale * middle);
        y[parts * i] = v.re * w;
        if (parts == 2) y[2 * i + 1] = v.im * w * (T)sign;
    }
}

static int factors_of(int64_t n, int64_t *factor)
{
    int count = 0;
    for (int64_t f = 2; f * f <= n; f++)
        for (; n % f == 0; n /= f) factor[count++] = f;
    if (n > 1) factor[count++] = n;
    return count;
}

/* From x, which may be a or anything else, to a and b in turn: *result is where it ends. */
template <class T> static void passes(const tp__call *call, const lines &g, const pair<T> *x, pair<T> *a, pair<T> *b, bool forward, const pair<T> **result)
{
    int64_t factor[MOST_FACTORS], parts = g.n, step = g.inner;
    const int64_t numel = g.outer * g.n * g.inner;
    const int count = factors_of(g.n, factor);
    for (int i = 0; i < count; i++) {
        pair<T> *y = x == b ? a : b;
        parts /= factor[i];
        TPC_LAUNCH(pass<T>, tpc_blocks(call, numel), TPC_BLOCK, 0, tpc_stream(call), y, x, numel, g.n * g.inner, step, parts, factor[i], forward ? -1.0 : 1.0);
        step *= factor[i];
        x = y;
    }
    *result = x;
}

/* ---- By cuFFT ---------------------------------------------------------------------------------------------------------------------------------- */

/* Parts of half a spectrum, or of all (half 0), times their factors; those of numbers that are real lose their imaginary part. */
template <class T>
static __global__ void __launch_bounds__(TPC_BLOCK) weigh(pair<T> *y, const pair<T> *x, int64_t numel, int64_t n, int64_t half, int64_t inner, double scale,
                                                          double middle, double sign)
{
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) {
        const int64_t k = half ? i / inner % half : 0;
        const bool alone = !k || 2 * k == n;
        const T w = (T)(alone ? scale : scale * middle);
        const pair<T> v = x[i];
        y[i].re = v.re * w;
        y[i].im = half && alone ? (T)0 : v.im * w * (T)sign;
    }
}
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) scale_all(T *y, int64_t numel, double by)
{
    for (int64_t i = tpc_first(); i < numel; i += tpc_step()) y[i] *= (T)by;
}
template <class T> static void scaled(const tp__call *call, T *y, int64_t numel, double by)
{
    if (by != 1) TPC_LAUNCH(scale_all<T>, tpc_blocks(call, numel), TPC_BLOCK, 0, tpc_stream(call), y, numel, by);
}

/* x seen with dim last, and memory for that laid out as rows. */
static void dim_last(const tpc_array *x, int dim, tpc_array *seen, tpc_array *rows, void *data)
{
    int at = 0;
    *seen = *x;
    for (int d = 0; d < x->ndim; d++) {
        const int to = d == dim ? x->ndim - 1 : at++;
        seen->shape[to] = x->shape[d];
        seen->stride[to] = x->stride[d];
    }
    seen->contiguous = false;
    *rows = *seen;
    rows->data = data;
    rows->contiguous = true;
    int64_t stride = 1;
    for (int d = x->ndim - 1; d >= 0; stride *= rows->shape[d--]) rows->stride[d] = stride;
}

/* One dim from x to y, both contiguous. C2R may overwrite x. Real numbers have to begin where a complex one may (cuFFT, "Data Layout"): else they go
 * by the copy, too. */
static tp_status along(const tp__call *call, int kind, bool forward, const tpc_array *x, const tpc_array *y, int dim, const lines &g, bool *done)
{
    const bool wide = x->dtype == TP_F64 || x->dtype == TP_C128;
    const int64_t nx = x->shape[dim], ny = y->shape[dim];
    tpc_fourier f = { kind, 1, wide, forward, { g.n, 0, 0 }, g.outer, 1, nx, ny, x->data, y->data };
    const bool aligned = kind != TPC_FFT_R2C || (uintptr_t)x->data % (2 * tpc_size(x->dtype)) == 0;
    *done = false;
    if (!tpc_fft_is_here(call)) return TP_OK;
    if (g.inner == 1 && aligned) return tpc_fft_by_library(call, &f, done);
    if (g.outer == 1 && aligned) {
        f.batch = f.stride = g.inner;
        f.x_apart = f.y_apart = 1;
        return tpc_fft_by_library(call, &f, done);
    }
    tpc_temporary from(call, (size_t)x->numel * tpc_size(x->dtype)), to(call, (size_t)y->numel * tpc_size(y->dtype));
    tpc_array x_seen, x_rows, y_seen, y_rows;
    if (!from.data || !to.data) return TP_ERR_MEMORY;
    dim_last(x, dim, &x_seen, &x_rows, from.data);
    dim_last(y, dim, &y_seen, &y_rows, to.data);
    f.batch = g.outer * g.inner;
    f.x = from.data;
    f.y = to.data;
    tp_status status = tpc_copy(call, &x_rows, &x_seen);
    if (!status) status = tpc_fft_by_library(call, &f, done);
    return status || !*done ? status : tpc_copy(call, &y_seen, &y_rows);
}

/* Are the dims the last ones, at most three of them, in some order? Then one plan does them all. */
static bool are_last(const tp__ints &dim, int ndim)
{
    uint32_t seen = 0;
    for (int64_t i = 0; i < dim.n; i++) seen |= 1u << dim.v[i];
    return dim.n <= 3 && seen == ((1u << dim.n) - 1) << (ndim - dim.n);
}

/* ---- The three --------------------------------------------------------------------------------------------------------------------------------- */

static lines lines_of(const tpc_array &x, int dim, int64_t n)
{
    lines g = { 1, n, 1 };
    for (int d = 0; d < x.ndim; d++) (d < dim ? g.outer : d > dim ? g.inner : g.n) *= d == dim ? 1 : x.shape[d];
    return g;
}

template <class T> static tp_status c2c_of(const tp__call *call, const tp__fft *attr, const tpc_array &x, const tpc_array &y)
{
    bool done = false;
    tp_status status = TP_OK;
    if (are_last(attr->dim, x.ndim) && tpc_fft_is_here(call)) {
        const int rank = (int)attr->dim.n;
        tpc_fourier f = { TPC_FFT_C2C, rank, sizeof(T) == 8, attr->forward, { 1, 1, 1 }, 1, 1, 1, 1, x.data, y.data };
        for (int i = 0; i < rank; i++) f.x_apart *= f.n[i] = x.shape[x.ndim - rank + i];
        f.y_apart = f.x_apart;
        f.batch = x.numel / f.x_apart;
        status = tpc_fft_by_library(call, &f, &done);
        if (status) return status;
        if (done) scaled<T>(call, (T *)y.data, 2 * y.numel, attr->scale);
        if (done) return tpc_launched(call);
    }
    tpc_array from = x;
    for (int64_t i = attr->dim.n - 1; i >= 0; i--, from = y) {
        const int d = (int)attr->dim.v[i];
        const lines g = lines_of(x, d, x.shape[d]);
        const double scale = i ? 1 : attr->scale;
        status = along(call, TPC_FFT_C2C, attr->forward, &from, &y, d, g, &done);
        if (status) return status;
        if (done) {
            scaled<T>(call, (T *)y.data, 2 * y.numel, scale);
            continue;
        }
        tpc_temporary a(call, (size_t)x.numel * sizeof(pair<T>)), b(call, (size_t)x.numel * sizeof(pair<T>));
        const pair<T> *z;
        if (!a.data || !b.data) return TP_ERR_MEMORY;
        passes<T>(call, g, (const pair<T> *)from.data, a.as<pair<T>>(), b.as<pair<T>>(), attr->forward, &z);
        TPC_LAUNCH(finish<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, z, g, g.n, 2, scale, 1.0, 1.0);
    }
    return tpc_launched(call);
}

template <class T> static tp_status r2c_of(const tp__call *call, const tp__fft *attr, const tpc_array &x, const tpc_array &y)
{
    const int d = (int)attr->dim.v[0];
    const lines g = lines_of(x, d, attr->n);
    const double sign = attr->forward ? 1 : -1;
    bool done = false;
    const tp_status status = along(call, TPC_FFT_R2C, true, &x, &y, d, g, &done);
    if (status) return status;
    if (done) {
        TPC_LAUNCH(weigh<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (pair<T> *)y.data, (const pair<T> *)y.data, y.numel, g.n, g.n / 2 + 1,
                   g.inner, attr->scale, attr->middle, sign);
        return tpc_launched(call);
    }
    tpc_temporary a(call, (size_t)x.numel * sizeof(pair<T>)), b(call, (size_t)x.numel * sizeof(pair<T>));
    const pair<T> *z;
    if (!a.data || !b.data) return TP_ERR_MEMORY;
    TPC_LAUNCH(widen<T>, tpc_blocks(call, x.numel), TPC_BLOCK, 0, tpc_stream(call), a.as<pair<T>>(), (const T *)x.data, x.numel);
    passes<T>(call, g, a.as<pair<T>>(), a.as<pair<T>>(), b.as<pair<T>>(), true, &z);
    TPC_LAUNCH(finish<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, z, g, g.n / 2 + 1, 2, attr->scale, attr->middle, sign);
    return tpc_launched(call);
}

template <class T> static tp_status c2r_of(const tp__call *call, const tp__fft *attr, const tpc_array &x, const tpc_array &y)
{
    const int d = (int)attr->dim.v[0];
    const lines g = lines_of(y, d, attr->n);
    const double sign = attr->forward ? -1 : 1;
    if (tpc_fft_is_here(call)) {
        bool done = false;
        tpc_array half = x;
        tpc_temporary room(call, (size_t)x.numel * sizeof(pair<T>));
        if (!(half.data = room.data)) return TP_ERR_MEMORY;
        TPC_LAUNCH(weigh<T>, tpc_blocks(call, x.numel), TPC_BLOCK, 0, tpc_stream(call), (pair<T> *)half.data, (const pair<T> *)x.data,
                   x.numel, g.n, g.n / 2 + 1, g.inner, 1.0, attr->middle / 2, sign);
        const tp_status status = along(call, TPC_FFT_C2R, false, &half, &y, d, g, &done);
        if (status) return status;
        if (done) scaled<T>(call, (T *)y.data, y.numel, attr->scale);
        if (done) return tpc_launched(call);
    }
    tpc_temporary a(call, (size_t)y.numel * sizeof(pair<T>)), b(call, (size_t)y.numel * sizeof(pair<T>));
    const pair<T> *z;
    if (!a.data || !b.data) return TP_ERR_MEMORY;
    TPC_LAUNCH(mirror<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), a.as<pair<T>>(), (const pair<T> *)x.data, g, attr->middle, sign);
    passes<T>(call, g, a.as<pair<T>>(), a.as<pair<T>>(), b.as<pair<T>>(), false, &z);
    TPC_LAUNCH(finish<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, z, g, g.n, 1, attr->scale, 1.0, 1.0);
    return tpc_launched(call);
}

template <class F> static tp_status transform(tp__call *call, F &&of)
{
    tpc_array x, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const tp_status status = tpc_contiguous(call, &x, &room.data);
    return status ? status : of((const tp__fft *)tpc_attr(call), x, y);
}
#define TRANSFORM(name) \
    static tp_status name(tp__call *call) \
    { \
        return transform(call, [call](const tp__fft *attr, const tpc_array &x, const tpc_array &y) { \
            return x.dtype == TP_F64 || x.dtype == TP_C128 ? name##_of<double>(call, attr, x, y) : name##_of<float>(call, attr, x, y); \
        }); \
    }
TRANSFORM(c2c)
TRANSFORM(r2c)
TRANSFORM(c2r)

extern "C" const tp_kernel tp__cuda_fft[] = { { "fft_c2c", c2c, NULL }, { "fft_r2c", r2c, NULL }, { "fft_c2r", c2r, NULL }, { NULL, NULL, NULL } };
