/* linalg_factor.cu: factorizations of matrices [.., m, n] in float64: each by a block, or, large ones, by linalg_blocked.cu and
 * linalg_jacobi.cu; src/cpu/linalg_factor.c has the definitions. */
#include "cuda/linalg_jacobi.cuh"

enum { MOST_SWEEPS = 60 };
enum what { EIGH, GEQRF, QR, LU };

struct factor_job {
    what kind;
    int64_t count, m, n, columns;                      /* columns: of Q */
    const void *x;
    void *y, *y2, *y3;
    int dtype;
    bool flag;                                         /* eigh: the upper triangle counts; LU: rows are exchanged */
    double *room;
    int64_t numbers;                                   /* of room, for each block */
};

/* ---- One matrix ---------------------------------------------------------------------------------------------------------------------------- */

/* a [n, n] becomes diagonal, v the rotations as rows. */
static __device__ void jacobi(double *a, double *v, int64_t n)
{
    TPC_EACH(e, n * n) v[e] = e % (n + 1) == 0;
    __syncthreads();
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        double off = 0, all = 0;
        TPC_EACH(e, n * n) all += a[e] * a[e], off += e % (n + 1) == 0 ? 0 : a[e] * a[e];
        off = tpc_block_sum(off);
        all = tpc_block_sum(all);
        if (!(off > all * 1e-36)) return;              /* below 1e-18 of the norm: nothing is left in float64 */
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                const double apq = a[p * n + q], app = a[p * n + p], aqq = a[q * n + q];
                if (apq == 0) continue;
                const double tau = (aqq - app) / (2 * apq);
                const double t = (tau < 0 ? -1 : 1) / (tpc_magnitude(tau) + ::sqrt(1 + tau * tau)), c = 1 / ::sqrt(1 + t * t), s = t * c;
                __syncthreads();
                TPC_EACH(k, n) {                       /* columns */
                    const double x = a[k * n + p], y = a[k * n + q];
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                __syncthreads();
                TPC_EACH(k, n) {                       /* rows, of both */
                    const double x = a[p * n + k], y = a[q * n + k], vx = v[p * n + k], vy = v[q * n + k];
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                    v[p * n + k] = c * vx - s * vy;
                    v[q * n + k] = s * vx + c * vy;
                }
                __syncthreads();
            }
    }
}

/* order: of rising w, NaN last */
static __device__ void sort(const double *w, int64_t *order, int64_t n)
{
    TPC_EACH(i, n) {
        int64_t before = 0;
        for (int64_t j = 0; j < n; j++) {
            const bool less = w[j] < w[i] || (w[i] != w[i] && w[j] == w[j]), same = w[j] == w[i] || (w[j] != w[j] && w[i] != w[i]);
            before += less || (same && j < i);
        }
        order[before] = i;
    }
    __syncthreads();
}

/* The first `columns` columns of the product of the reflections in a [m, n] */
static __device__ void reflect(const double *a, const double *tau, int64_t m, int64_t n, int64_t columns, double *q)
{
    const int warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;
    TPC_EACH(e, m * columns) q[e] = e / columns == e % columns;
    __syncthreads();
    for (int64_t j = (m < n ? m : n) - 1; j >= 0; j--) {
        for (int64_t c = j + warp; c < columns; c += warps) tpc_reflect(a + j * n + j, n, tau[j], q + j * columns + c, columns, m - j);
        __syncthreads();
    }
}

/* ---- Of each matrix ---------------------------------------------------------------------------------------------------------------------------- */

static __device__ void eigh_one(const factor_job &g, int64_t b, double *a)
{
    const int64_t n = g.n;
    double *const v = a + n * n, *const w = v + n * n;
    int64_t *const order = reinterpret_cast<int64_t *>(w + n);
    TPC_EACH(e, n * n) {                               /* one triangle counts */
        const int64_t i = e / n, j = e % n;
        const bool turned = g.flag ? j < i : j > i;
        a[e] = tpc_load<double>(g.x, g.dtype, b * n * n + (turned ? j * n + i : e));
    }
    __syncthreads();
    const double scale = tpc_greatest(a, n * n);
    const bool finite = scale < INFINITY;
    __syncthreads();
    if (scale > 0) TPC_EACH(e, n * n) a[e] /= scale;
    __syncthreads();
    if (finite) jacobi(a, v, n);
    __syncthreads();
    TPC_EACH(i, n) w[i] = finite ? a[i * n + i] * scale : NAN;
    __syncthreads();
    sort(w, order, n);
    TPC_EACH(i, n) tpc_store(g.y, g.dtype, b * n + i, w[order[i]]);
    TPC_EACH(e, n * n) tpc_store(g.y2, g.dtype, b * n * n + e, finite ? v[order[e % n] * n + e / n] : NAN);
}

static __device__ void qr_one(const factor_job &g, int64_t b, double *a)
{
    const int64_t m = g.m, n = g.n, k = m < n ? m : n;
    double *const tau = a + m * n, *const q = tau + k;
    tpc_take(a, g.x, g.dtype, b * m * n, m * n);
    tpc_householder(a, n, 1, tau, m, n);
    if (g.kind == GEQRF) {
        tpc_give(g.y, g.dtype, b * m * n, a, m * n);
        tpc_give(g.y2, g.dtype, b * k, tau, k);
        return;
    }
    reflect(a, tau, m, n, g.columns, q);
    tpc_give(g.y, g.dtype, b * m * g.columns, q, m * g.columns);
    TPC_EACH(e, g.columns * n) tpc_store(g.y2, g.dtype, b * g.columns * n + e, e % n < e / n ? 0.0 : a[e]);
}

static __device__ void lu_one(const factor_job &g, int64_t b, double *a)
{
    const int64_t m = g.m, n = g.n, k = m < n ? m : n;
    int64_t *const pivot = reinterpret_cast<int64_t *>(a + m * n);
    tpc_take(a, g.x, g.dtype, b * m * n, m * n);
    const int64_t zero = tpc_lu(a, m, n, g.flag, pivot);
    __syncthreads();
    tpc_give(g.y, g.dtype, b * m * n, a, m * n);
    TPC_EACH(i, k) ((int32_t *)g.y2)[b * k + i] = (int32_t)pivot[i] + 1;
    if (!threadIdx.x) ((int32_t *)g.y3)[b] = (int32_t)zero;
}

static __global__ void __launch_bounds__(TPC_BLOCK) each_matrix(const factor_job g)
{
    double *const a = g.room + blockIdx.x * g.numbers;
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        if (g.kind == EIGH) eigh_one(g, b, a);
        else if (g.kind == LU) lu_one(g, b, a);
        else qr_one(g, b, a);
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

/* ---- Large ones ------------------------------------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK) give_pivots(int32_t *y, const int64_t *pivots, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) y[i] = (int32_t)pivots[i] + 1;
}

static tp_status lu_large(const tp__call *call, const factor_job &g)
{
    const int64_t k = g.m < g.n ? g.m : g.n, numbers = g.m * g.n + k, most = tpc_at_a_time(g.count, numbers * (int64_t)sizeof(double));
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const a = room.as<double>();
    int64_t *const pivots = reinterpret_cast<int64_t *>(a + most * g.m * g.n);
    tp_status status = TP_OK;
    for (int64_t b = 0; b < g.count && !status; b += most) {
        const int64_t count = g.count - b < most ? g.count - b : most, all = count * g.m * g.n;
        status = tpc_take_all(call, a, g.x, g.dtype, b * g.m * g.n, all);
        if (!status) status = tpc_blocked_lu(call, count, g.m, g.n, a, g.flag, pivots, static_cast<int32_t *>(g.y3) + b);
        if (!status) status = tpc_give_all(call, g.y, g.dtype, b * g.m * g.n, a, all);
        if (status) return status;
        TPC_LAUNCH(give_pivots, tpc_blocks(call, count * k), TPC_BLOCK, 0, tpc_stream(call), static_cast<int32_t *>(g.y2) + b * k, pivots, count * k);
        status = tpc_launched(call);
    }
    return status;
}

/* R, of which there are `columns` rows: what is on and above the diagonal of a */
static __global__ void __launch_bounds__(TPC_BLOCK) give_upper(const factor_job g, int64_t first, const double *a, int64_t count)
{
    for (int64_t e = tpc_first(); e < count * g.columns * g.n; e += tpc_step()) {
        const int64_t b = e / (g.columns * g.n), i = e / g.n % g.columns, j = e % g.n;
        tpc_store(g.y2, g.dtype, first * g.columns * g.n + e, j < i ? 0.0 : a[(b * g.m + i) * g.n + j]);
    }
}

static tp_status qr_large(const tp__call *call, const factor_job &g)
{
    const int64_t k = g.m < g.n ? g.m : g.n, of_q = g.m * g.columns, numbers = g.m * g.n + k + of_q,
                  most = tpc_at_a_time(g.count, numbers * (int64_t)sizeof(double));
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const a = room.as<double>(), *const tau = a + most * g.m * g.n, *const q = tau + most * k;
    tp_status status = TP_OK;
    for (int64_t b = 0; b < g.count && !status; b += most) {
        const int64_t count = g.count - b < most ? g.count - b : most;
        status = tpc_take_all(call, a, g.x, g.dtype, b * g.m * g.n, count * g.m * g.n);
        if (!status) status = tpc_blocked_qr(call, count, g.m, g.n, a, tau, g.columns, g.kind == QR ? q : nullptr);
        if (status) return status;
        if (g.kind == GEQRF) {
            status = tpc_give_all(call, g.y, g.dtype, b * g.m * g.n, a, count * g.m * g.n);
            if (!status) status = tpc_give_all(call, g.y2, g.dtype, b * k, tau, count * k);
            continue;
        }
        if (g.y) status = tpc_give_all(call, g.y, g.dtype, b * of_q, q, count * of_q);
        if (status) return status;
        TPC_LAUNCH(give_upper, tpc_blocks(call, count * g.columns * g.n), TPC_BLOCK, 0, tpc_stream(call), g, b, a, count);
        status = tpc_launched(call);
    }
    return status;
}

static tp_status run(tp__call *call, what kind)
{
    tpc_array x, y[3];
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    for (int i = 0; i < 3; i++)
        if (i >= tpc_n_out(call) || !tpc_out(call, i, &y[i])) y[i] = tpc_array();
    const tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    const tpc_matrices s = tpc_matrices_of(x);
    if (!s.count || (kind != LU && !x.numel)) return TP_OK;
    factor_job g = { kind, s.count, s.m, s.n, kind == QR ? y[0].shape[y[0].ndim - 1] : 0, x.data, y[0].data, y[1].data, y[2].data, x.dtype, false, nullptr, 0 };
    if (kind == EIGH || kind == LU) g.flag = *static_cast<const bool *>(tpc_attr(call));
    if (kind == EIGH && s.n >= TPC_JACOBI_COLUMNS) return tpc_eigh_large(call, s.count, s.n, x.data, x.dtype, g.flag, y[0].data, y[1].data);
    if (tpc_is_large(s.m, s.n) && kind != EIGH) return kind == LU ? lu_large(call, g) : qr_large(call, g);
    const int64_t k = s.m < s.n ? s.m : s.n;
    g.numbers = s.m * s.n + k + (kind == EIGH ? s.n * s.n + s.n : kind == QR ? s.m * g.columns : 0) + 1;
    const unsigned blocks = tpc_matrix_blocks(call, s.count);
    tpc_temporary room(call, (size_t)((int64_t)blocks * g.numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    g.room = room.as<double>();
    TPC_LAUNCH(each_matrix, blocks, tpc_matrix_threads(s), 0, tpc_stream(call), g);
    return tpc_launched(call);
}

/* ---- Pivots as a matrix: row i of P' A is row order[i] of A --------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK)
fill_pivots(int32_t *y, const void *x, int dtype, int64_t count, int64_t m, int64_t k, int64_t *room, tpc_watch watch)
{
    int64_t *const order = room + blockIdx.x * m;
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        TPC_EACH(i, m) order[i] = i;
        TPC_EACH(e, m * m) y[b * m * m + e] = 0;
        __syncthreads();
        for (int64_t i = 0; i < k && !threadIdx.x; i++) {
            const int64_t with = tpc_load<int64_t>(x, dtype, b * k + i) - 1, t = order[i];
            if (with < 0 || with >= m) {
                tpc_note_bad(watch, with + 1, m);
                continue;
            }
            order[i] = order[with];
            order[with] = t;
        }
        __syncthreads();
        TPC_EACH(i, m) y[b * m * m + order[i] * m + i] = 1;
        __syncthreads();
    }
}

static tp_status pivot_matrix(tp__call *call)
{
    tpc_array x, y;
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    const int64_t m = y.shape[y.ndim - 1], count = y.numel / (m * m);
    const unsigned blocks = tpc_matrix_blocks(call, count);
    tpc_temporary room(call, (size_t)((int64_t)blocks * m) * sizeof(int64_t));
    if (!room.data) return TP_ERR_MEMORY;
    TPC_LAUNCH(fill_pivots, blocks, TPC_BLOCK, 0, tpc_stream(call), static_cast<int32_t *>(y.data), x.data, x.dtype, count, m, x.shape[x.ndim - 1],
               room.as<int64_t>(), tpc_watch_for(call, TP_ERR_INDEX, "pivot %lld is no row from 1 to %lld"));
    return tpc_launched(call);
}

static tp_status eigh_factors(tp__call *call) { return run(call, EIGH); }
static tp_status geqrf(tp__call *call) { return run(call, GEQRF); }
static tp_status qr_factors(tp__call *call) { return run(call, QR); }
static tp_status lu_packed(tp__call *call) { return run(call, LU); }

extern "C" const tp_kernel tp__cuda_linalg_factor[] = {
    { "eigh_factors", eigh_factors, NULL }, { "geqrf", geqrf, NULL }, { "qr_factors", qr_factors, NULL }, { "lu_packed", lu_packed, NULL },
    { "pivot_matrix", pivot_matrix, NULL }, { NULL, NULL, NULL },
};
