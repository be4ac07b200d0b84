/* linalg_ldl.cu: symmetric matrices as L D L', each by a block, in float64; src/cpu/linalg_ldl.c has the definitions. Of a large matrix a block
 * makes the columns, and all take them from what is left: two launches a column. Every number is made by the steps that the CPU takes, in their
 * order, and by no fused ones: results are its to the bit. */
#include "cuda/linalg_ldl.cuh"

struct ldl_greater { template <class T> __device__ T operator()(T a, T b) const { return b > a ? b : a; } };    /* a NaN in b is passed over */

/* ---- Factors: all threads of a block go the same way, since what they decide by is joined --------------------------------------------------- */

/* The first row below k whose element of column k is the greatest; *most: its size. A NaN counts only where it is the first. */
static __device__ int64_t greatest_below(const double *a, int64_t n, int64_t k, double *most)
{
    double size = 0;
    int64_t at = n;
    TPC_EACH(i, n - k - 1) size = ldl_greater()(size, tpc_magnitude(A(k + 1 + i, k)));
    size = tpc_block_join(size, ldl_greater());
    TPC_EACH(i, n - k - 1)
        if (tpc_magnitude(A(k + 1 + i, k)) == size && k + 1 + i < at) at = k + 1 + i;
    at = tpc_block_join(at, tpc_lesser());
    const double first = k + 1 < n ? A(k + 1, k) : 0;
    *most = first != first ? first : size;
    return first != first ? k + 1 : at;
}

/* The greatest in row r and column r of what is left from k on, its diagonal apart */
static __device__ double greatest_beside(const double *a, int64_t n, int64_t k, int64_t r)
{
    double most = 0;
    TPC_EACH(i, n - k)
        if (k + i != r) most = ldl_greater()(most, tpc_magnitude(k + i < r ? A(r, k + i) : A(k + i, r)));
    return tpc_block_join(most, ldl_greater());
}

/* Rows and columns p < q of what is left from k on, of which the lower triangle is there; p is k, or k + 1 of a block of 2. */
static __device__ void exchange(double *a, int64_t n, int64_t k, int64_t p, int64_t q)
{
    TPC_EACH(e, n - p) {
        const int64_t i = p + e;
        if (i == p) swap(&A(p, p), &A(q, q));
        else if (i < q) swap(&A(i, p), &A(q, i));
        else if (i > q) swap(&A(i, p), &A(i, q));
        else if (p > k) swap(&A(p, k), &A(q, k));
    }
    __syncthreads();
}

/* Columns k .. k + width - 1 become those of L. w [4, n]: they, and what they were. */
static __device__ void make_columns(double *a, int64_t n, int64_t k, int width, double *w)
{
    const int64_t first = k + width;
    double *const u = w, *const v = w + n, *const x = w + 2 * n, *const y = w + 3 * n;
    if (width == 1) {
        const double inverse = 1 / A(k, k);
        TPC_EACH(j, n - first) u[first + j] = inverse * A(first + j, k);
    } else {
        const double off = A(k + 1, k), d11 = A(k + 1, k + 1) / off, d22 = A(k, k) / off, scale = 1 / (times(d11, d22) - 1) / off;
        TPC_EACH(e, n - first) {
            const int64_t j = first + e;
            u[j] = scale * (times(d11, A(j, k)) - A(j, k + 1));
            v[j] = scale * (times(d22, A(j, k + 1)) - A(j, k));
        }
    }
    TPC_EACH(i, n - first) {                           /* each thread its own ones */
        x[first + i] = A(first + i, k);
        A(first + i, k) = u[first + i];
        if (width == 1) continue;
        y[first + i] = A(first + i, k + 1);
        A(first + i, k + 1) = v[first + i];
    }
    __syncthreads();
}

/* What is left from `first` on loses the part of the columns in w: a row by each of the warps. */
TPC_DEVICE void take_columns(double *a, int64_t n, int64_t first, int width, const double *w, int64_t warp, int64_t warps)
{
    const double *const u = w, *const v = w + n, *const x = w + 2 * n, *const y = w + 3 * n;
    for (int64_t i = first + warp; i < n; i += warps)
        for (int64_t j = first + threadIdx.x % 32; j <= i; j += 32) A(i, j) -= width == 1 ? times(x[i], u[j]) : __dadd_rn(times(x[i], u[j]), times(y[i], v[j]));
}

/* One or two columns from k on, and their pivots. Returns how many; 0: the column is zero, and nothing is taken from what is left. */
static __device__ int factor_columns(double *a, int64_t n, int64_t k, double *w, int32_t *pivots)
{
    const double alpha = (1 + ::sqrt(17.0)) / 8, own = tpc_magnitude(A(k, k));
    double below;
    const int64_t r = greatest_below(a, n, k, &below);
    int64_t with = k;
    int width = 1;
    if (!(own > 0) && !(below > 0)) {
        if (!threadIdx.x) pivots[k] = (int32_t)(k + 1);
        return 0;
    }
    if (own < alpha * below) {
        const double corner = tpc_magnitude(A(r, r)), beside = greatest_beside(a, n, k, r);
        if (own < alpha * below * (below / beside)) {
            with = r;
            width = corner >= alpha * beside ? 1 : 2;
        }
    }
    __syncthreads();                                   /* before a is changed: others may still read for the choice */
    if (with != k + width - 1) exchange(a, n, k, k + width - 1, with);
    make_columns(a, n, k, width, w);
    if ((int)threadIdx.x < width) pivots[k + threadIdx.x] = (int32_t)(width == 1 ? with + 1 : -with - 1);
    return width;
}

static __device__ int32_t factor(double *a, int64_t n, double *w, int32_t *pivots)
{
    int32_t info = 0;
    for (int64_t k = 0; k < n;) {
        const int width = factor_columns(a, n, k, w, pivots);
        if (!width && !info) info = (int32_t)(k + 1);
        if (width) take_columns(a, n, k + width, width, w, threadIdx.x / 32, blockDim.x / 32);
        __syncthreads();
        k += width ? width : 1;
    }
    return info;
}

static __global__ void __launch_bounds__(TPC_BLOCK)
factor_each(const void *x, void *y, int dtype, int32_t *pivots, int32_t *info, int64_t count, int64_t n, double *room)
{
    double *const a = room + blockIdx.x * (n * n + 4 * n);
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        TPC_EACH(e, n * n) a[e] = e % n > e / n ? 0 : tpc_load<double>(x, dtype, b * n * n + e);
        __syncthreads();
        const int32_t zero = factor(a, n, a + n * n, pivots + b * n);
        if (!threadIdx.x) info[b] = zero;
        tpc_give(y, dtype, b * n * n, a, n * n);
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

/* ---- Large ones, some of the batch at a time ------------------------------------------------------------------------------------------------- */

struct stage { int64_t k; int32_t width, spare; };     /* where a matrix is: columns k .. are in w; width 0: there is nothing to take */
struct large_job {
    const void *x;
    void *y;
    int dtype;
    int32_t *pivots, *info;
    int64_t count, n;
    double *a, *w;                                     /* [count, n, n], [count, 4, n] */
    stage *at;
};

static __global__ void __launch_bounds__(TPC_BLOCK) take_lower(const large_job g)
{
    for (int64_t e = tpc_first(); e < g.count * g.n * g.n; e += tpc_step()) {
        g.a[e] = e % g.n > e / g.n % g.n ? 0 : tpc_load<double>(g.x, g.dtype, e);
        if (e < g.count) g.at[e] = { 0, 0, 0 }, g.info[e] = 0;
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) next_columns(const large_job g)
{
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        const int64_t k = g.at[b].k + g.at[b].width;
        if (k >= g.n) {
            __syncthreads();
            if (!threadIdx.x) g.at[b] = { k, 0, 0 };
            continue;
        }
        const int width = factor_columns(g.a + b * g.n * g.n, g.n, k, g.w + b * 4 * g.n, g.pivots + b * g.n);
        __syncthreads();                               /* all have read where it was */
        if (threadIdx.x) continue;
        if (!width && !g.info[b]) g.info[b] = (int32_t)(k + 1);
        g.at[b] = width ? stage{ k, width, 0 } : stage{ k + 1, 0, 0 };
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) take_from_all(const large_job g, int64_t blocks)
{
    for (int64_t b = blockIdx.x; b < g.count * blocks; b += gridDim.x) {
        const int64_t i = b / blocks, warps = TPC_BLOCK / 32;
        const stage at = g.at[i];
        if (at.width)
            take_columns(g.a + i * g.n * g.n, g.n, at.k + at.width, at.width, g.w + i * 4 * g.n, b % blocks * warps + threadIdx.x / 32,
                         blocks * warps);
    }
}

static tp_status factor_large(const tp__call *call, large_job g)
{
    const int64_t all = g.count, square = g.n * g.n, numbers = square + 4 * g.n + 2, most = tpc_at_a_time(all, numbers * (int64_t)sizeof(double));
    const int64_t blocks = (g.n * 32 + TPC_BLOCK - 1) / TPC_BLOCK, item = tpc_size(g.dtype);
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    g.a = room.as<double>();
    g.w = g.a + most * square;
    g.at = reinterpret_cast<stage *>(g.w + most * 4 * g.n);
    tp_status status = TP_OK;
    for (int64_t b = 0; b < all && !status; b += most) {
        large_job p = g;
        p.count = all - b < most ? all - b : most;
        p.x = (const char *)g.x + b * square * item;
        p.pivots = g.pivots + b * g.n;
        p.info = g.info + b;
        TPC_LAUNCH(take_lower, tpc_blocks(call, p.count * square), TPC_BLOCK, 0, tpc_stream(call), p);
        for (int64_t k = 0; k < g.n; k++) {            /* at most so many: some take two columns */
            TPC_LAUNCH(next_columns, tpc_grid(call, p.count), TPC_BLOCK, 0, tpc_stream(call), p);
            TPC_LAUNCH(take_from_all, tpc_grid(call, p.count * blocks), TPC_BLOCK, 0, tpc_stream(call), p, blocks);
        }
        status = tpc_launched(call);
        if (!status) status = tpc_give_all(call, g.y, g.dtype, b * square, p.a, p.count * square);
    }
    return status;
}

static tp_status factors(tp__call *call)
{
    tpc_array x, y, pivots, info;
    tpc_temporary room_x(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &pivots);
    tpc_out(call, 2, &info);
    const tp_status status = tpc_contiguous(call, &x, &room_x.data);
    if (status) return status;
    const tpc_matrices s = tpc_matrices_of(x);
    if (!s.count) return TP_OK;
    if (tpc_is_large(s.n, s.n))
        return factor_large(call, { x.data, y.data, x.dtype, static_cast<int32_t *>(pivots.data), static_cast<int32_t *>(info.data),
                                    s.count, s.n, nullptr, nullptr, nullptr });
    const unsigned blocks = tpc_matrix_blocks(call, s.count);
    tpc_temporary room(call, (size_t)((int64_t)blocks * (s.n * s.n + 4 * s.n) + 1) * sizeof(double));       /* of matrices [0, 0] there is info alone */
    if (!room.data) return TP_ERR_MEMORY;
    TPC_LAUNCH(factor_each, blocks, tpc_matrix_threads(s), 0, tpc_stream(call), x.data, y.data, x.dtype, static_cast<int32_t *>(pivots.data),
               static_cast<int32_t *>(info.data), s.count, s.n, room.as<double>());
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_linalg_ldl[] = { { "ldl_factors", factors, NULL }, { NULL, NULL, NULL } };
