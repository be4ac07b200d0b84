/* linalg_jacobi.cu: one-sided Jacobi rotations (Hestenes 1958) over the whole device, and eigenvalues by them.
 *
 * Columns lie in tiles of SIDE. A round pairs each tile with another one, as in a tournament, and a block turns all columns of one against
 * those of the other, a warp for each pair; after tiles - 1 rounds, and one within tiles, each column has met each: a sweep. A launch is a
 * round. The sweep after one in which nothing was turned does nothing, nor do those behind it, so that no host has to look.
 *
 * Eigenvectors of A, symmetric, are the directions that the columns of A + c 1 have when they are orthogonal, c > |A| making it positive
 * definite; eigenvalues are Rayleigh's quotients of A itself. c is 1.5 (trace A^8)^(1/8), which is |A| up to a factor of n^(1/8), so that little is lost. */
#include "cuda/linalg_jacobi.cuh"
#include "cuda/matmul.cuh"

enum { SIDE = 8, INSIDE = -1, MOST_SWEEPS = 40 };

#define TRY(...) do { const tp_status status_ = (__VA_ARGS__); if (status_) return status_; } while (0)

/* turned [MOST_SWEEPS + 1, count]: whether that sweep of the matrix is to be made */
struct turning { int64_t count, rows, k, tiles; double *g, *v; int *turned; double least; };

/* Columns a and b, which are orthogonal afterwards, and those of v; by a warp. False: they were before. */
static __device__ bool rotate(const turning &t, double *a, double *b, double *va, double *vb)
{
    const int lane = (int)threadIdx.x & 31;
    double aa = 0, bb = 0, ab = 0;
    for (int64_t i = lane; i < t.rows; i += 32) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
    aa = tpc_warp_join(aa, tpc_add());
    bb = tpc_warp_join(bb, tpc_add());
    ab = tpc_warp_join(ab, tpc_add());
    if (!(tpc_magnitude(ab) > t.least * ::sqrt(aa * bb))) return false;
    const double tau = (bb - aa) / (2 * ab), tangent = (tau < 0 ? -1 : 1) / (tpc_magnitude(tau) + ::sqrt(1 + tau * tau)),
                 c = 1 / ::sqrt(1 + tangent * tangent), s = c * tangent;
    for (int64_t i = lane; i < t.rows; i += 32) {
        const double x = a[i], y = b[i];
        a[i] = c * x - s * y;
        b[i] = s * x + c * y;
    }
    for (int64_t i = lane; va && i < t.k; i += 32) {
        const double x = va[i], y = vb[i];
        va[i] = c * x - s * y;
        vb[i] = s * x + c * y;
    }
    return true;
}

/* Who plays against whom in round r of n: player i of the first half. Each pair meets once in n - 1 rounds. */
TPC_DEVICE int64_t first_of(int64_t r, int64_t i, int64_t n) { return i ? (r + i) % (n - 1) : n - 1; }
TPC_DEVICE int64_t second_of(int64_t r, int64_t i, int64_t n) { return i ? (r - i + n - 1) % (n - 1) : r; }

static __global__ void __launch_bounds__(SIDE * 32) turn_tiles(const turning t, int sweep, int64_t round)
{
    const int64_t pairs = t.tiles / 2;
    const int warp = (int)threadIdx.x / 32, half = SIDE / 2;
    for (int64_t b = blockIdx.x; b < t.count * pairs; b += gridDim.x) {
        const int64_t at = b / pairs, i = b % pairs;
        if (!t.turned[sweep * t.count + at]) continue;
        const int64_t one = round == INSIDE ? 2 * i : first_of(round, i, t.tiles), other = round == INSIDE ? 2 * i + 1 : second_of(round, i, t.tiles);
        double *const g = t.g + at * t.k * t.rows, *const v = t.v ? t.v + at * t.k * t.k : nullptr;
        for (int r = 0; r < (round == INSIDE ? SIDE - 1 : SIDE); r++) {
            const int64_t tile = (warp < half ? one : other) * SIDE;
            const int64_t x = round == INSIDE ? tile + first_of(r, warp % half, SIDE) : one * SIDE + warp;
            const int64_t y = round == INSIDE ? tile + second_of(r, warp % half, SIDE) : other * SIDE + (warp + r) % SIDE;
            const int64_t p = x < y ? x : y, q = x < y ? y : x;
            if (q < t.k && rotate(t, g + p * t.rows, g + q * t.rows, v ? v + p * t.k : nullptr, v ? v + q * t.k : nullptr) && threadIdx.x % 32 == 0)
                atomicOr(&t.turned[(sweep + 1) * t.count + at], 1);
            __syncthreads();
        }
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) fill_identity(double *v, int64_t k, int64_t count)
{
    for (int64_t e = tpc_first(); e < count * k * k; e += tpc_step()) v[e] = e % (k * k) % (k + 1) == 0;
}

/* A warp for each column */
static __global__ void __launch_bounds__(TPC_BLOCK) measure(double *g, int64_t rows, int64_t columns, double *lengths)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t j = tpc_first() / 32; j < columns; j += tpc_step() / 32) {
        double *const x = g + j * rows, sum = 0;
        for (int64_t i = lane; i < rows; i += 32) sum += x[i] * x[i];
        const double length = ::sqrt(tpc_warp_join(sum, tpc_add()));
        for (int64_t i = lane; length > 0 && i < rows; i += 32) x[i] /= length;
        if (!lane) lengths[j] = length;
    }
}

static unsigned warps_for(const tp__call *call, int64_t n) { return tpc_grid(call, (n * 32 + TPC_BLOCK - 1) / TPC_BLOCK); }

tp_status tpc_jacobi(const tp__call *call, int64_t count, int64_t rows, int64_t k, double *g, double *v, double *lengths)
{
    const double noise = 1.2e-16 * ::sqrt((double)rows);         /* of a sum of that many terms */
    const int64_t tiles = ((k + SIDE - 1) / SIDE + 1) / 2 * 2;
    tpc_temporary room(call, (size_t)((MOST_SWEEPS + 1) * count) * sizeof(int));
    if (!room.data) return TP_ERR_MEMORY;
    const turning t = { count, rows, k, tiles, g, v, room.as<int>(), noise > 1e-15 ? noise : 1e-15 };
    const cudaStream_t stream = tpc_stream(call);
    TRY(tpc_check(call, cudaMemsetAsync(t.turned, 0, (size_t)((MOST_SWEEPS + 1) * count) * sizeof(int), stream), "filling memory"));
    TRY(tpc_check(call, cudaMemsetAsync(t.turned, 1, (size_t)count * sizeof(int), stream), "filling memory"));
    if (v) TPC_LAUNCH(fill_identity, tpc_blocks(call, count * k * k), TPC_BLOCK, 0, stream, v, k, count);
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++)
        for (int64_t round = INSIDE; round < tiles - 1; round++)
            TPC_LAUNCH(turn_tiles, tpc_grid(call, count * tiles / 2), SIDE * 32, 0, stream, t, sweep, round);
    TPC_LAUNCH(measure, warps_for(call, count * k), TPC_BLOCK, 0, stream, g, rows, count * k, lengths);
    return tpc_launched(call);
}

/* ---- Scales and order ------------------------------------------------------------------------------------------------------------------------ */

static __global__ void __launch_bounds__(TPC_BLOCK) greatest(const void *x, int dtype, int64_t n, int64_t count, double *to)
{
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        double most = 0;
        TPC_EACH(i, n) most = tpc_most()(most, tpc_magnitude(tpc_load<double>(x, dtype, b * n + i)));
        most = tpc_block_join(most, tpc_most());
        if (!threadIdx.x) to[b] = most;
    }
}
tp_status tpc_scales(const tp__call *call, int64_t count, int64_t n, const void *x, int dtype, double *scales)
{
    TPC_LAUNCH(greatest, tpc_grid(call, count), TPC_BLOCK, 0, tpc_stream(call), x, dtype, n, count, scales);
    return tpc_launched(call);
}

static __global__ void __launch_bounds__(TPC_BLOCK) find_order(const double *all, int64_t k, int64_t count, bool falling, int64_t *order)
{
    for (int64_t e = tpc_first(); e < count * k; e += tpc_step()) {
        const int64_t b = e / k, i = e % k;
        const double *const v = all + b * k, own = v[i];
        int64_t before = 0;
        for (int64_t j = 0; j < k; j++) before += (falling ? v[j] > own : v[j] < own) || (v[j] == own && j < i);
        order[b * k + before] = i;
    }
}
tp_status tpc_order_of(const tp__call *call, int64_t count, int64_t k, const double *v, bool falling, int64_t *order)
{
    TPC_LAUNCH(find_order, tpc_blocks(call, count * k), TPC_BLOCK, 0, tpc_stream(call), v, k, count, falling, order);
    return tpc_launched(call);
}

/* ---- Eigenvalues ----------------------------------------------------------------------------------------------------------------------------- */

struct eigen {
    int64_t count, n;
    const void *x;
    int dtype;
    bool upper;
    void *w, *v;
    double *a, *g, *t;                                 /* [count, n, n]: the matrix, its columns, products */
    double *scales, *values;                           /* [count], [count, n] */
    int64_t *order;                                    /* [count, n] */
};

static __global__ void __launch_bounds__(TPC_BLOCK) take_triangle(const eigen p)
{
    for (int64_t e = tpc_first(); e < p.count * p.n * p.n; e += tpc_step()) {
        const int64_t b = e / (p.n * p.n), i = e / p.n % p.n, j = e % p.n;
        const bool turned = p.upper ? j < i : j > i;
        p.a[e] = tpc_load<double>(p.x, p.dtype, turned ? (b * p.n + j) * p.n + i : e);
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) scale_all(const eigen p)
{
    for (int64_t e = tpc_first(); e < p.count * p.n * p.n; e += tpc_step()) p.a[e] = tpc_scaled(p.a[e], p.scales[e / (p.n * p.n)]);
}

/* g = a + c 1, with A^4 in t. A block for each matrix */
static __global__ void __launch_bounds__(TPC_BLOCK) shift(const eigen p)
{
    for (int64_t b = blockIdx.x; b < p.count; b += gridDim.x) {
        const int64_t first = b * p.n * p.n;
        double sum = 0;
        TPC_EACH(e, p.n * p.n) sum += p.t[first + e] * p.t[first + e];
        sum = tpc_block_sum(sum);
        const double c = sum > 0 ? 1.5 * ::pow(sum, 0.125) : 1;
        TPC_EACH(e, p.n * p.n) p.g[first + e] = p.a[first + e] + (e % (p.n + 1) == 0 ? c : 0);
    }
}

/* values = diag(g a g'), with g a in t. A warp for each */
static __global__ void __launch_bounds__(TPC_BLOCK) quotients(const eigen p)
{
    const int lane = (int)threadIdx.x & 31;
    for (int64_t j = tpc_first() / 32; j < p.count * p.n; j += tpc_step() / 32) {
        double sum = 0;
        for (int64_t i = lane; i < p.n; i += 32) sum += p.t[j * p.n + i] * p.g[j * p.n + i];
        sum = tpc_warp_join(sum, tpc_add());
        if (!lane) p.values[j] = sum;
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) give_eigen(const eigen p, int64_t at)
{
    for (int64_t e = tpc_first(); e < p.count * p.n * p.n; e += tpc_step()) {
        const int64_t b = e / (p.n * p.n), i = e / p.n % p.n, j = e % p.n, from = b * p.n + p.order[b * p.n + j];
        const bool finite = tpc_is_finite_scale(p.scales[b]);
        tpc_store(p.v, p.dtype, at * p.n * p.n + e, finite ? p.g[from * p.n + i] : NAN);
        if (!i) tpc_store(p.w, p.dtype, at * p.n + b * p.n + j, finite ? p.values[from] * p.scales[b] : NAN);
    }
}

static tp_status eigh(const tp__call *call, const eigen &p, int64_t at)
{
    const int64_t n = p.n, square = n * n;
    const cudaStream_t stream = tpc_stream(call);
    const tpc_matrix a = { p.a, n, square, false }, g = { p.g, n, square, false }, t = { p.t, n, square, false };
    TPC_LAUNCH(take_triangle, tpc_blocks(call, p.count * square), TPC_BLOCK, 0, stream, p);
    TRY(tpc_scales(call, p.count, square, p.a, TP_F64, p.scales));
    TPC_LAUNCH(scale_all, tpc_blocks(call, p.count * square), TPC_BLOCK, 0, stream, p);
    TRY(tpc_launched(call));
    TRY(tpc_multiply(call, { TP_F64, n, n, n, p.count, a, a, g, nullptr, false, false, nullptr, nullptr }));
    TRY(tpc_multiply(call, { TP_F64, n, n, n, p.count, g, g, t, nullptr, false, false, nullptr, nullptr }));
    TPC_LAUNCH(shift, tpc_grid(call, p.count), TPC_BLOCK, 0, stream, p);
    TRY(tpc_launched(call));
    TRY(tpc_jacobi(call, p.count, n, n, p.g, nullptr, p.values));
    TRY(tpc_multiply(call, { TP_F64, n, n, n, p.count, g, a, t, nullptr, false, false, nullptr, nullptr }));
    TPC_LAUNCH(quotients, warps_for(call, p.count * n), TPC_BLOCK, 0, stream, p);
    TRY(tpc_launched(call));
    TRY(tpc_order_of(call, p.count, n, p.values, false, p.order));
    TPC_LAUNCH(give_eigen, tpc_blocks(call, p.count * square), TPC_BLOCK, 0, stream, p, at);
    return tpc_launched(call);
}

tp_status tpc_eigh_large(const tp__call *call, int64_t count, int64_t n, const void *x, int dtype, bool upper, void *w, void *v)
{
    const int64_t numbers = 3 * n * n + 2 * n + 1, most = tpc_at_a_time(count, numbers * (int64_t)sizeof(double)), square = n * n;
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const a = room.as<double>(), *const values = a + 3 * most * square, *const scales = values + most * n;
    for (int64_t b = 0; b < count; b += most) {
        const int64_t some = count - b < most ? count - b : most;
        const void *const from = (const char *)x + b * square * tpc_size(dtype);
        TRY(eigh(call, { some, n, from, dtype, upper, w, v, a, a + most * square, a + 2 * most * square, scales, values,
                         reinterpret_cast<int64_t *>(scales + most) }, b));
    }
    return TP_OK;
}

extern "C" const tp_kernel tp__cuda_linalg_jacobi[] = { { NULL, NULL, NULL } };
