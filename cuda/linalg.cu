/* linalg.cu: determinants, inverses, linear systems and Cholesky's factor of square matrices. A matrix that is singular, or not positive
 * definite, is an error of the call, which therefore waits for the device. A block does each small matrix, linalg_blocked.cu the steps of large ones. */
#include "cuda/linalg_blocked.cuh"

enum what { DET, SLOGDET, INVERSE, SOLVE, TRIANGULAR, CHOLESKY };

struct job {
    what kind;
    int64_t count, n, r;                               /* matrices [n, n], right sides [n, r] */
    const void *a, *b;
    void *y, *y2;
    int dtype;
    bool upper, unit;
    double *room;
    int64_t numbers;                                   /* of room, for each block */
    tpc_failure *failed;
};

TPC_DEVICE void note(const job &j, int64_t i, int64_t pivot)
{
    if (!threadIdx.x) atomicMin(j.failed, (tpc_failure)(i * (j.n + 1) + pivot));
}

/* The lower triangle of a becomes L, above it zeros. Returns 1 + the first pivot that is not positive, or 0. */
static __device__ int64_t cholesky(double *a, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        const double p = a[k * n + k];
        if (!(p > 0)) return k + 1;
        const double root = ::sqrt(p);
        __syncthreads();
        TPC_EACH(i, n - k) a[(k + i) * n + k] = i ? a[(k + i) * n + k] / root : root;
        __syncthreads();
        const int64_t wide = n - k - 1;
        TPC_EACH(e, wide * wide) {
            const int64_t i = k + 1 + e / wide, c = k + 1 + e % wide;
            if (c <= i) a[i * n + c] -= a[i * n + k] * a[c * n + k];
        }
        __syncthreads();
    }
    TPC_EACH(e, n * n) if (e % n > e / n) a[e] = 0;
    __syncthreads();
    return 0;
}

TPC_DEVICE void determinant(const job &j, int64_t i, const double *a, const int64_t *pivot)
{
    if (threadIdx.x) return;
    double det = 1, sign = 1, sum = 0;
    for (int64_t k = 0; k < j.n; k++) {
        const double p = pivot[k] != k ? -a[k * j.n + k] : a[k * j.n + k];
        det *= p;
        sign *= (p > 0) - (p < 0);
        sum += ::log(tpc_magnitude(p));
    }
    tpc_store(j.y, j.dtype, i, j.kind == DET ? det : sign);
    if (j.kind == SLOGDET) tpc_store(j.y2, j.dtype, i, sum);
}

/* The right sides of matrix i, with their rows exchanged */
TPC_DEVICE void take_sides(const job &j, int64_t i, double *x, const int64_t *pivot)
{
    TPC_EACH(e, j.n * j.r) x[e] = j.b ? tpc_load<double>(j.b, j.dtype, i * j.n * j.r + e) : e / j.r == e % j.r ? 1 : 0;
    __syncthreads();
    for (int64_t k = 0; pivot && k < j.n; k++) tpc_swap_rows(x, j.r, k, pivot[k]);
}

static __global__ void __launch_bounds__(TPC_BLOCK) each_matrix(const job j)
{
    const int64_t n = j.n;
    double *const a = j.room + blockIdx.x * j.numbers, *const x = a + n * n;
    int64_t *const pivot = reinterpret_cast<int64_t *>(x + n * j.r);
    for (int64_t i = blockIdx.x; i < j.count; i += gridDim.x) {
        tpc_take(a, j.a, j.dtype, i * n * n, n * n);
        if (j.kind == CHOLESKY) {
            const int64_t failed = cholesky(a, n);
            if (failed) note(j, i, failed - 1);
            tpc_give(j.y, j.dtype, i * n * n, a, n * n);
        } else if (j.kind == TRIANGULAR) {
            take_sides(j, i, x, nullptr);
            tpc_substitute(a, n, x, j.r, j.upper, j.unit);
            tpc_give(j.y, j.dtype, i * n * j.r, x, n * j.r);
        } else {
            const int64_t zero = tpc_lu(a, n, n, true, pivot);
            if (j.kind == DET || j.kind == SLOGDET) {
                determinant(j, i, a, pivot);
            } else if (zero) {
                note(j, i, zero - 1);
            } else {
                take_sides(j, i, x, pivot);
                tpc_substitute(a, n, x, j.r, false, true);
                tpc_substitute(a, n, x, j.r, true, false);
                tpc_give(j.y, j.dtype, i * n * j.r, x, n * j.r);
            }
        }
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

static tp_status check(tp__call *call, const job &j, const char *what)
{
    unsigned long long failed = 0;
    const tp_status status = tpc_download(call, &failed, j.failed, sizeof failed);
    if (status || failed == ~0ull) return status;
    const long long matrix = (long long)(failed / (unsigned long long)(j.n + 1)), pivot = (long long)(failed % (unsigned long long)(j.n + 1));
    if (j.count == 1) return tpc_fail(call, TP_ERR_NUMERIC, "the matrix %s: pivot %lld", what, pivot);
    return tpc_fail(call, TP_ERR_NUMERIC, "matrix %lld of the batch %s: pivot %lld", matrix, what, pivot);
}

/* ---- Large matrices --------------------------------------------------------------------------------------------------------------------------- */

static __global__ void determinants(const job j, int64_t first, const double *a, const int64_t *pivots)
{
    determinant(j, first + blockIdx.x, a + blockIdx.x * j.n * j.n, pivots + blockIdx.x * j.n);
}

/* order: which row of the right sides comes to each. Exchanged one after the other, so by one thread */
static __global__ void __launch_bounds__(TPC_BLOCK)
order_rows(const job j, int64_t first, int64_t count, const int64_t *pivots, const int32_t *zeros, int64_t *order)
{
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        int64_t *const to = order + b * j.n;
        if (zeros[b]) note(j, first + b, zeros[b] - 1);
        TPC_EACH(i, j.n) to[i] = i;
        __syncthreads();
        for (int64_t i = 0; i < j.n && !threadIdx.x; i++) {
            const int64_t with = pivots[b * j.n + i], t = to[i];
            to[i] = to[with];
            to[with] = t;
        }
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) gather_sides(const job j, int64_t first, int64_t count, const int64_t *order, double *x)
{
    for (int64_t e = tpc_first(); e < count * j.n * j.r; e += tpc_step()) {
        const int64_t row = e / j.r, c = e % j.r, b = row / j.n, from = order[row];
        x[e] = j.b ? tpc_load<double>(j.b, j.dtype, ((first + b) * j.n + from) * j.r + c) : from == c ? 1 : 0;
    }
}

struct large_room { double *a, *x; int64_t *pivots, *order; int32_t *zeros; };

static tp_status by_lu(const tp__call *call, const job &j, const large_room &room, int64_t first, int64_t count)
{
    tp_status status = tpc_blocked_lu(call, count, j.n, j.n, room.a, true, room.pivots, room.zeros);
    if (status) return status;
    if (j.kind == DET || j.kind == SLOGDET) {
        TPC_LAUNCH(determinants, (unsigned)count, 32, 0, tpc_stream(call), j, first, room.a, room.pivots);
        return tpc_launched(call);
    }
    TPC_LAUNCH(order_rows, tpc_grid(call, count), TPC_BLOCK, 0, tpc_stream(call), j, first, count, room.pivots, room.zeros, room.order);
    TPC_LAUNCH(gather_sides, tpc_blocks(call, count * j.n * j.r), TPC_BLOCK, 0, tpc_stream(call), j, first, count, room.order, room.x);
    status = tpc_launched(call);
    if (!status) status = tpc_blocked_substitute(call, count, j.n, room.a, j.r, room.x, false, true);
    return status ? status : tpc_blocked_substitute(call, count, j.n, room.a, j.r, room.x, true, false);
}

/* Some of the batch at a time */
static tp_status run_large(const tp__call *call, const job &j)
{
    const int64_t square = j.n * j.n, sides = j.n * j.r, numbers = square + sides + 2 * j.n + 1,
                  most = tpc_at_a_time(j.count, numbers * (int64_t)sizeof(double));
    tpc_temporary held(call, (size_t)(most * numbers) * sizeof(double));
    if (!held.data) return TP_ERR_MEMORY;
    double *const a = held.as<double>(), *const x = a + most * square;
    int64_t *const pivots = reinterpret_cast<int64_t *>(x + most * sides), *const order = pivots + most * j.n;
    const large_room room = { a, x, pivots, order, reinterpret_cast<int32_t *>(order + most * j.n) };
    tp_status status = TP_OK;
    for (int64_t first = 0; first < j.count && !status; first += most) {
        const int64_t count = j.count - first < most ? j.count - first : most;
        status = tpc_take_all(call, a, j.a, j.dtype, first * square, count * square);
        if (status) return status;
        if (j.kind == CHOLESKY) {
            status = tpc_blocked_cholesky(call, count, j.n, a, j.failed, first);
        } else if (j.kind == TRIANGULAR) {
            status = tpc_take_all(call, x, j.b, j.dtype, first * sides, count * sides);
            if (!status) status = tpc_blocked_substitute(call, count, j.n, a, j.r, x, j.upper, j.unit);
        } else {
            status = by_lu(call, j, room, first, count);
        }
        if (status || j.kind == DET || j.kind == SLOGDET) continue;
        status = j.kind == CHOLESKY ? tpc_give_all(call, j.y, j.dtype, first * square, a, count * square)
                                    : tpc_give_all(call, j.y, j.dtype, first * sides, x, count * sides);
    }
    return status;
}

/* what: that a matrix fails by; NULL: none does */
static tp_status run(tp__call *call, what kind, bool sides, const char *fails, bool upper = false, bool unit = false)
{
    tpc_array a, b, y, y2;
    tpc_temporary room_a(call), room_b(call);
    tpc_in(call, 0, &a);
    const bool given = sides && tpc_in(call, 1, &b);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    tp_status status = tpc_contiguous(call, &a, &room_a.data);
    if (!status && given) status = tpc_contiguous(call, &b, &room_b.data);
    if (status) return status;
    const tpc_matrices s = tpc_matrices_of(a);
    job j = { kind, s.count, s.n, given ? y.shape[y.ndim - 1] : kind == INVERSE ? s.n : 0, a.data, given ? b.data : nullptr, y.data,
              nullptr, a.dtype, upper, unit, nullptr, 0, nullptr };
    if (kind == SLOGDET && tpc_out(call, 1, &y2)) j.y2 = y2.data;
    j.numbers = s.n * s.n + s.n * j.r + s.n + 1;
    const int64_t across = s.n > j.r ? s.n : j.r;
    const bool large = tpc_is_large(s.n, across);
    const unsigned blocks = large ? 0 : tpc_matrix_blocks(call, s.count);
    tpc_temporary room(call, (size_t)((int64_t)blocks * j.numbers + 1) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    j.room = room.as<double>() + 1;
    j.failed = room.as<unsigned long long>();
    status = tpc_check(call, cudaMemsetAsync(j.failed, 0xff, sizeof *j.failed, tpc_stream(call)), "filling memory");
    if (status) return status;
    if (large) {
        status = run_large(call, j);
    } else {
        TPC_LAUNCH(each_matrix, blocks, tpc_matrix_threads({ s.count, s.n, across }), 0, tpc_stream(call), j);
        status = tpc_launched(call);
    }
    return status || !fails ? status : check(call, j, fails);
}

static tp_status det(tp__call *call) { return run(call, DET, false, nullptr); }
static tp_status slogdet(tp__call *call) { return run(call, SLOGDET, false, nullptr); }
static tp_status inverse(tp__call *call) { return run(call, INVERSE, false, "is singular"); }
static tp_status solve(tp__call *call) { return run(call, SOLVE, true, "is singular"); }
static tp_status solve_triangular(tp__call *call)
{
    const bool *attr = static_cast<const bool *>(tpc_attr(call));        /* upper, unitriangular */
    return run(call, TRIANGULAR, true, nullptr, attr[0], attr[1]);
}
static tp_status cholesky_kernel(tp__call *call) { return run(call, CHOLESKY, false, "is not positive definite"); }

extern "C" const tp_kernel tp__cuda_linalg[] = {
    { "linalg_det", det, NULL }, { "linalg_slogdet", slogdet, NULL }, { "linalg_inv", inverse, NULL }, { "linalg_solve", solve, NULL },
    { "linalg_solve_triangular", solve_triangular, NULL }, { "linalg_cholesky", cholesky_kernel, NULL }, { NULL, NULL, NULL },
};
