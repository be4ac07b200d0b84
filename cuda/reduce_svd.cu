/* reduce_svd.cu: singular values by one-sided Jacobi rotations (Hestenes 1958) in float64: columns are turned against one another until all are
 * orthogonal; their lengths are the singular values. A block does a small matrix, linalg_jacobi.cu the rotations of a large one. Of one that is
 * long, X = Q R comes first, and R is turned. */
#include "cuda/linalg_jacobi.cuh"
#include "cuda/matmul.cuh"

enum { MOST_SWEEPS = 60 };

struct svd_job {
    int64_t count, m, n;
    const void *x;
    void *u, *s, *vh;
    int dtype;
    double *room;
    int64_t numbers;
};

/* Turns columns a and b of length m, and those of v of length n, which are orthogonal afterwards. True: they were before. */
static __device__ bool rotate(int64_t m, double *a, double *b, int64_t n, double *va, double *vb)
{
    double aa = 0, bb = 0, ab = 0;
    TPC_EACH(i, m) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
    aa = tpc_block_sum(aa);
    bb = tpc_block_sum(bb);
    ab = tpc_block_sum(ab);
    if (!(tpc_magnitude(ab) > 1e-15 * ::sqrt(aa * bb))) return true;
    const double tau = (bb - aa) / (2 * ab), t = (tau < 0 ? -1 : 1) / (tpc_magnitude(tau) + ::sqrt(1 + tau * tau)), c = 1 / ::sqrt(1 + t * t), s = c * t;
    TPC_EACH(i, m) {
        const double x = a[i], y = b[i];
        a[i] = c * x - s * y;
        b[i] = s * x + c * y;
    }
    TPC_EACH(i, n) {
        const double x = va[i], y = vb[i];
        va[i] = c * x - s * y;
        vb[i] = s * x + c * y;
    }
    __syncthreads();
    return false;
}

/* Column j of g, of length 0, becomes a unit vector orthogonal to the other columns that have a length or stand before it: the axis that
 * is farthest from them, less what lies in them. along: room for k numbers, a warp makes each. */
static __device__ void complete(int64_t m, int64_t k, double *g, const double *s, int64_t j, double *along)
{
    double *const y = g + j * m, farthest = -1, sum = 0;
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5, warps = (int)blockDim.x >> 5;
    int64_t axis = m;
    TPC_EACH(i, m) {
        double rest = 1;
        for (int64_t q = 0; q < k; q++)
            if (s[q] > 0 || q < j) rest -= g[q * m + i] * g[q * m + i];
        if (rest > farthest) farthest = rest, axis = i;
    }
    const double most = tpc_block_join(farthest, tpc_most());
    axis = tpc_block_join(farthest == most ? axis : m, tpc_lesser());
    TPC_EACH(i, m) y[i] = i == axis;
    __syncthreads();
    for (int twice = 0; twice < 2; twice++) {          /* once more takes away what rounding left */
        for (int64_t q = warp; q < k; q += warps) {
            double sum_q = 0;
            for (int64_t i = lane; i < m && q != j && (s[q] > 0 || q < j); i += 32) sum_q += y[i] * g[q * m + i];
            sum_q = tpc_warp_join(sum_q, tpc_add());
            if (!lane) along[q] = sum_q;
        }
        __syncthreads();
        TPC_EACH(i, m)
            for (int64_t q = 0; q < k; q++)
                if (q != j && (s[q] > 0 || q < j)) y[i] -= along[q] * g[q * m + i];
        __syncthreads();
    }
    TPC_EACH(i, m) sum += y[i] * y[i];
    const double length = ::sqrt(tpc_block_sum(sum));
    TPC_EACH(i, m) y[i] /= length;
    __syncthreads();
}

/* g: k columns of length m, one after another; v: k columns of length k; their lengths go to s. */
static __device__ void jacobi(int64_t m, int64_t k, double *g, double *v, double *s, double *along)
{
    TPC_EACH(e, k * k) v[e] = e % (k + 1) == 0;
    __syncthreads();
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        bool done = true;
        for (int64_t p = 0; p < k; p++)
            for (int64_t q = p + 1; q < k; q++) done = rotate(m, g + p * m, g + q * m, k, v + p * k, v + q * k) && done;
        if (done) break;
    }
    for (int64_t j = 0; j < k; j++) {
        double sum = 0;
        TPC_EACH(i, m) sum += g[j * m + i] * g[j * m + i];
        const double length = ::sqrt(tpc_block_sum(sum));
        if (length > 0) TPC_EACH(i, m) g[j * m + i] /= length;
        if (!threadIdx.x) s[j] = length;
    }
    __syncthreads();
    for (int64_t j = 0; j < k; j++)
        if (s[j] == 0) complete(m, k, g, s, j, along);
}

/* order: of falling s */
static __device__ void sort(const double *s, int64_t *order, int64_t k)
{
    TPC_EACH(i, k) {
        int64_t before = 0;
        for (int64_t j = 0; j < k; j++) before += s[j] > s[i] || (s[j] == s[i] && j < i);
        order[before] = i;
    }
    __syncthreads();
}

/* Each matrix is scaled first, so that no square leaves the range. Where it is wide its transpose is turned. */
static __global__ void __launch_bounds__(TPC_BLOCK) each_matrix(const svd_job p)
{
    const int64_t m = p.m, n = p.n;
    const bool wide = m < n;
    const int64_t rows = wide ? n : m, k = wide ? m : n;
    double *const g = p.room + blockIdx.x * p.numbers, *const v = g + rows * k, *const s = v + k * k;
    int64_t *const order = reinterpret_cast<int64_t *>(s + k);
    for (int64_t b = blockIdx.x; b < p.count; b += gridDim.x) {
        TPC_EACH(e, m * n) {
            const int64_t j = e / rows, i = e % rows;
            g[e] = tpc_load<double>(p.x, p.dtype, b * m * n + (wide ? j * n + i : i * n + j));
        }
        __syncthreads();
        const double scale = tpc_greatest(g, m * n);
        const bool finite = scale < INFINITY;
        if (finite) {
            if (scale > 0) TPC_EACH(e, m * n) g[e] /= scale;
            __syncthreads();
            jacobi(rows, k, g, v, s, reinterpret_cast<double *>(order));
            sort(s, order, k);
        }
        TPC_EACH(at, k) tpc_store(p.s, p.dtype, b * k + at, finite ? s[order[at]] * scale : NAN);
        TPC_EACH(e, m * k) {
            const int64_t j = finite ? order[e % k] : 0, i = e / k;
            tpc_store(p.u, p.dtype, b * m * k + e, !finite ? NAN : wide ? v[j * k + i] : g[j * rows + i]);
        }
        TPC_EACH(e, k * n) {
            const int64_t j = finite ? order[e / n] : 0, i = e % n;
            tpc_store(p.vh, p.dtype, b * k * n + e, !finite ? NAN : wide ? g[j * rows + i] : v[j * k + i]);
        }
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

static tp_status by_blocks(const tp__call *call, svd_job p)
{
    const int64_t k = p.m < p.n ? p.m : p.n;
    const unsigned blocks = tpc_matrix_blocks(call, p.count);
    p.numbers = p.m * p.n + k * k + 2 * k;
    tpc_temporary room(call, (size_t)((int64_t)blocks * p.numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    p.room = room.as<double>();
    TPC_LAUNCH(each_matrix, blocks, tpc_matrix_threads({ p.count, p.m, p.n }), 0, tpc_stream(call), p);
    return tpc_launched(call);
}

/* ---- Large matrices: some of the batch at a time ---------------------------------------------------------------------------------------------- */

#define TRY(...) do { const tp_status status_ = (__VA_ARGS__); if (status_) return status_; } while (0)

/* x, or its transpose where it is wide, as [rows, k] */
struct tall { int64_t rows, k; bool wide; };
static tall tall_of(const svd_job &p) { return p.m < p.n ? tall{ p.n, p.m, true } : tall{ p.m, p.n, false }; }
TPC_DEVICE double element_of(const svd_job &p, const tall &t, int64_t b, int64_t i, int64_t j)
{
    return tpc_load<double>(p.x, p.dtype, b * p.m * p.n + (t.wide ? j * p.n + i : i * p.n + j));
}
static svd_job moved(svd_job p, int64_t by, int64_t count)
{
    const int64_t k = p.m < p.n ? p.m : p.n, item = tpc_size(p.dtype);
    p.x = (const char *)p.x + by * p.m * p.n * item;
    p.u = (char *)p.u + by * p.m * k * item;
    p.s = (char *)p.s + by * k * item;
    p.vh = (char *)p.vh + by * k * p.n * item;
    p.count = count;
    return p;
}

/* left [rows, k], right [k, k]: x or its transpose is left diag(s) right. Given as u and vh. */
TPC_DEVICE void give_left(const svd_job &p, const tall &t, int64_t b, int64_t i, int64_t j, double v)
{
    tpc_store(t.wide ? p.vh : p.u, p.dtype, b * t.rows * t.k + (t.wide ? j * t.rows + i : i * t.k + j), v);
}
TPC_DEVICE void give_right(const svd_job &p, const tall &t, int64_t b, int64_t j, int64_t i, double v)
{
    tpc_store(t.wide ? p.u : p.vh, p.dtype, b * t.k * t.k + (t.wide ? i * t.k + j : j * t.k + i), v);
}

struct columns { double *g, *v, *s, *scales, *along; int64_t *order; };

static __global__ void __launch_bounds__(TPC_BLOCK) take_columns(const svd_job p, const tall t, const columns c)
{
    for (int64_t e = tpc_first(); e < p.count * t.rows * t.k; e += tpc_step()) {
        const int64_t b = e / (t.rows * t.k), j = e / t.rows % t.k, i = e % t.rows;
        c.g[e] = tpc_scaled(element_of(p, t, b, i, j), c.scales[b]);
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) complete_columns(int64_t count, const tall t, const columns c)
{
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x)
        for (int64_t j = 0; j < t.k && tpc_is_finite_scale(c.scales[b]); j++)        /* else all is NaN, and the columns taken were zeros */
            if (c.s[b * t.k + j] == 0) complete(t.rows, t.k, c.g + b * t.rows * t.k, c.s + b * t.k, j, c.along + b * t.k);
}
static __global__ void __launch_bounds__(TPC_BLOCK) give_columns(const svd_job p, const tall t, const columns c)
{
    for (int64_t e = tpc_first(); e < p.count * t.rows * t.k; e += tpc_step()) {
        const int64_t b = e / (t.rows * t.k), i = e / t.k % t.rows, j = e % t.k, from = b * t.k + c.order[b * t.k + j];
        const bool finite = tpc_is_finite_scale(c.scales[b]);
        give_left(p, t, b, i, j, finite ? c.g[from * t.rows + i] : NAN);
        if (i < t.k) give_right(p, t, b, j, i, finite ? c.v[from * t.k + i] : NAN);
        if (!i) tpc_store(p.s, p.dtype, b * t.k + j, finite ? c.s[from] * c.scales[b] : NAN);
    }
}

static tp_status by_rounds(const tp__call *call, const svd_job &all)
{
    const tall t = tall_of(all);
    const int64_t of_g = t.rows * t.k, of_v = t.k * t.k, numbers = of_g + of_v + 3 * t.k + 1,
                  most = tpc_at_a_time(all.count, numbers * (int64_t)sizeof(double));
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const g = room.as<double>(), *const v = g + most * of_g, *const s = v + most * of_v, *const scales = s + most * t.k, *const along = scales + most;
    const columns c = { g, v, s, scales, along, reinterpret_cast<int64_t *>(along + most * t.k) };
    for (int64_t b = 0; b < all.count; b += most) {
        const svd_job p = moved(all, b, all.count - b < most ? all.count - b : most);
        TRY(tpc_scales(call, p.count, of_g, p.x, p.dtype, scales));
        TPC_LAUNCH(take_columns, tpc_blocks(call, p.count * of_g), TPC_BLOCK, 0, tpc_stream(call), p, t, c);
        TRY(tpc_jacobi(call, p.count, t.rows, t.k, g, v, s));
        TPC_LAUNCH(complete_columns, tpc_grid(call, p.count), TPC_BLOCK, 0, tpc_stream(call), p.count, t, c);
        TRY(tpc_order_of(call, p.count, t.k, s, true, c.order));
        TPC_LAUNCH(give_columns, tpc_blocks(call, p.count * of_g), TPC_BLOCK, 0, tpc_stream(call), p, t, c);
        TRY(tpc_launched(call));
    }
    return TP_OK;
}

/* ---- Q R first ---------------------------------------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK) take_rows(const svd_job p, const tall t, double *a)
{
    for (int64_t e = tpc_first(); e < p.count * t.rows * t.k; e += tpc_step()) a[e] = element_of(p, t, e / (t.rows * t.k), e / t.k % t.rows, e % t.k);
}
static __global__ void __launch_bounds__(TPC_BLOCK) take_upper(int64_t count, const tall t, const double *a, double *r)
{
    for (int64_t e = tpc_first(); e < count * t.k * t.k; e += tpc_step()) {
        const int64_t b = e / (t.k * t.k), i = e / t.k % t.k, j = e % t.k;
        r[e] = j < i ? 0 : a[(b * t.rows + i) * t.k + j];
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) give_rows(const svd_job p, const tall t, const double *left, const double *s, const double *right)
{
    for (int64_t e = tpc_first(); e < p.count * t.rows * t.k; e += tpc_step()) {
        const int64_t b = e / (t.rows * t.k), i = e / t.k % t.rows, j = e % t.k;
        give_left(p, t, b, i, j, left[e]);
        if (i < t.k) give_right(p, t, b, i, j, right[(b * t.k + i) * t.k + j]);
        if (!i) tpc_store(p.s, p.dtype, b * t.k + j, s[b * t.k + j]);
    }
}

static tp_status svd(const tp__call *call, const svd_job &p);
static tp_status by_qr(const tp__call *call, const svd_job &all)
{
    const tall t = tall_of(all);
    const int64_t of_a = t.rows * t.k, square = t.k * t.k, numbers = 2 * of_a + 3 * square + 2 * t.k,
                  most = tpc_at_a_time(all.count, numbers * (int64_t)sizeof(double));
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const a = room.as<double>(), *const q = a + most * of_a, *const r = q + most * of_a, *const u = r + most * square, *const vh = u + most * square;
    double *const s = vh + most * square, *const tau = s + most * t.k;
    for (int64_t b = 0; b < all.count; b += most) {
        const svd_job p = moved(all, b, all.count - b < most ? all.count - b : most);
        TPC_LAUNCH(take_rows, tpc_blocks(call, p.count * of_a), TPC_BLOCK, 0, tpc_stream(call), p, t, a);
        TRY(tpc_blocked_qr(call, p.count, t.rows, t.k, a, tau, t.k, q));
        TPC_LAUNCH(take_upper, tpc_blocks(call, p.count * square), TPC_BLOCK, 0, tpc_stream(call), p.count, t, a, r);
        TRY(svd(call, { p.count, t.k, t.k, r, u, s, vh, TP_F64, nullptr, 0 }));
        TRY(tpc_multiply(call, { TP_F64, t.rows, t.k, t.k, p.count, { q, t.k, of_a, false }, { u, t.k, square, false },
                                 { a, t.k, of_a, false }, nullptr, false, false, nullptr, nullptr }));
        TPC_LAUNCH(give_rows, tpc_blocks(call, p.count * of_a), TPC_BLOCK, 0, tpc_stream(call), p, t, a, s, vh);
        TRY(tpc_launched(call));
    }
    return TP_OK;
}

static tp_status svd(const tp__call *call, const svd_job &p)
{
    const tall t = tall_of(p);
    if (t.rows >= 2 * t.k && tpc_is_large(t.rows, t.k)) return by_qr(call, p);
    return t.k >= TPC_JACOBI_COLUMNS ? by_rounds(call, p) : by_blocks(call, p);
}

static tp_status svd_factors(tp__call *call)
{
    tpc_array x, u, s, vh;
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &u);
    tpc_out(call, 1, &s);
    tpc_out(call, 2, &vh);
    if (!x.numel) return TP_OK;
    const tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    const tpc_matrices of = tpc_matrices_of(x);
    return svd(call, { of.count, of.m, of.n, x.data, u.data, s.data, vh.data, x.dtype, nullptr, 0 });
}

extern "C" const tp_kernel tp__cuda_reduce_svd[] = { { "svd_factors", svd_factors, NULL }, { NULL, NULL, NULL } };
