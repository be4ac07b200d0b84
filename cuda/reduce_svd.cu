/* reduce_svd.cu: singular values by one-sided Jacobi rotations (Hestenes 1958), a block for each matrix, in float64: columns are turned
 * against one another until all are orthogonal; their lengths are the singular values. */
#include "cuda/linalg.cuh"

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
 * is farthest from them, less what lies in them. By one thread: it is rare. */
static __device__ void complete(int64_t m, int64_t k, double *g, const double *s, int64_t j)
{
    double *const y = g + j * m, farthest = -1, sum = 0;
    int64_t axis = 0;
    for (int64_t i = 0; i < m; i++) {
        double rest = 1;
        for (int64_t q = 0; q < k; q++)
            if (s[q] > 0 || q < j) rest -= g[q * m + i] * g[q * m + i];
        if (rest > farthest) farthest = rest, axis = i;
    }
    for (int64_t i = 0; i < m; i++) y[i] = i == axis;
    for (int twice = 0; twice < 2; twice++)            /* once more takes away what rounding left */
        for (int64_t q = 0; q < k; q++) {
            double along = 0;
            if (q == j || !(s[q] > 0 || q < j)) continue;
            for (int64_t i = 0; i < m; i++) along += y[i] * g[q * m + i];
            for (int64_t i = 0; i < m; i++) y[i] -= along * g[q * m + i];
        }
    for (int64_t i = 0; i < m; i++) sum += y[i] * y[i];
    for (int64_t i = 0; i < m; i++) y[i] /= ::sqrt(sum);
}

/* g: k columns of length m, one after another; v: k columns of length k; their lengths go to s. */
static __device__ void jacobi(int64_t m, int64_t k, double *g, double *v, double *s)
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
    for (int64_t j = 0; j < k && !threadIdx.x; j++)
        if (s[j] == 0) complete(m, k, g, s, j);
    __syncthreads();
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
            jacobi(rows, k, g, v, s);
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
    const int64_t k = of.m < of.n ? of.m : of.n;
    const unsigned blocks = tpc_matrix_blocks(call, of.count);
    svd_job p = { of.count, of.m, of.n, x.data, u.data, s.data, vh.data, x.dtype, nullptr, of.m * of.n + k * k + 2 * k };
    tpc_temporary room(call, (size_t)((int64_t)blocks * p.numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    p.room = room.as<double>();
    TPC_LAUNCH(each_matrix, blocks, tpc_matrix_threads(of), 0, tpc_stream(call), p);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_reduce_svd[] = { { "svd_factors", svd_factors, NULL }, { NULL, NULL, NULL } };
