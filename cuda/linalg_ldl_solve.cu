/* linalg_ldl_solve.cu: systems by the factors L D L' of linalg_ldl.cu, in float64; src/cpu/linalg_ldl.c has the definitions.
 *
 * A small matrix is a block's, by the steps that the CPU takes, in their order, and by no fused ones: results are the CPU's to the bit. There rows
 * are exchanged between one column of L and the next. For large ones all exchanges come first, those of rows of L too, so that what is left are
 * two triangular systems, which linalg_blocked.cu has, and D between them. */
#include "cuda/linalg_ldl.cuh"

struct systems {
    const void *ld, *b;
    void *y;
    const int32_t *pivots;
    int dtype;
    int64_t count, n, columns;
    double *room;
    tpc_watch watch;
};

/* Each pivot is a row from its own on, and those of blocks come in pairs: the same answer for all threads. */
static __device__ bool pivots_fit(const int32_t *pivots, int64_t n, tpc_watch watch)
{
    int bad = 0;
    for (int64_t k = 0; k < n && !threadIdx.x && !bad;) {
        const int64_t width = is_pair(pivots[k]) ? 2 : 1, with = row_of(pivots[k]);
        bad = with < k + width - 1 || with >= n || (width == 2 && (k + 1 == n || pivots[k + 1] != pivots[k]));
        if (bad) tpc_note_bad(watch, pivots[k], n);
        k += width;
    }
    return !tpc_block_max(bad);
}

/* x := P' L^-1 P x, as far as it goes before D: each step takes its columns of L from all rows below. */
static __device__ void forward(const double *a, int64_t n, const int32_t *pivots, double *x, int64_t columns)
{
    for (int64_t k = 0; k < n;) {
        const int64_t width = is_pair(pivots[k]) ? 2 : 1;
        tpc_swap_rows(x, columns, k + width - 1, row_of(pivots[k]));
        TPC_EACH(e, (n - k - width) * columns) {
            const int64_t i = k + width + e / columns, c = e % columns;
            double v = x[i * columns + c];
            for (int64_t w = k; w < k + width; w++) v -= times(A(i, w), x[w * columns + c]);
            x[i * columns + c] = v;
        }
        __syncthreads();
        k += width;
    }
}

/* A block of 2 of D: p, q on its diagonal and `off` beside it */
TPC_DEVICE void divide_two(double p, double off, double q, double *u, double *v)
{
    p /= off, q /= off;
    const double scale = times(p, q) - 1, s = *u / off, t = *v / off;
    *u = (times(q, s) - t) / scale;
    *v = (times(p, t) - s) / scale;
}

/* The column x, whose rows are `columns` apart, by D and then by L', by one thread; the triangle above is L', so that it reads along rows. */
static __device__ void backward(const double *a, int64_t n, const int32_t *pivots, double *x, int64_t columns)
{
    for (int64_t k = 0; k < n; k++) {
        double *const u = x + k * columns;
        if (!is_pair(pivots[k])) {
            *u /= A(k, k);
            continue;
        }
        divide_two(A(k, k), A(k + 1, k), A(k + 1, k + 1), u, u + columns);
        k++;
    }
    for (int64_t k = n - 1; k >= 0;) {
        const int64_t width = is_pair(pivots[k]) ? 2 : 1, with = row_of(pivots[k]);
        for (int64_t w = k; w > k - width; w--) {
            double v = x[w * columns];
            for (int64_t i = k + 1; i < n; i++) v -= times(A(w, i), x[i * columns]);
            x[w * columns] = v;
        }
        if (with != k) swap(x + k * columns, x + with * columns);
        k -= width;
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) solve_each(const systems g)
{
    const int64_t n = g.n, columns = g.columns;
    double *const a = g.room + blockIdx.x * (n * n + n * columns), *const x = a + n * n;
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        const int32_t *const pivots = g.pivots + b * n;
        if (!pivots_fit(pivots, n, g.watch)) {
            TPC_EACH(e, n * columns) tpc_store(g.y, g.dtype, b * n * columns + e, (double)NAN);
            continue;
        }
        TPC_EACH(e, n * n) {
            const int64_t i = e / n, j = e % n;
            a[e] = tpc_load<double>(g.ld, g.dtype, b * n * n + (j > i ? j * n + i : e));
        }
        tpc_take(x, g.b, g.dtype, b * n * columns, n * columns);
        forward(a, n, pivots, x, columns);
        TPC_EACH(c, columns) backward(a, n, pivots, x + c, columns);
        __syncthreads();
        tpc_give(g.y, g.dtype, b * n * columns, x, n * columns);
        __syncthreads();                               /* before the room is taken for the next one */
    }
}

/* ---- Large ones, some of the batch at a time ------------------------------------------------------------------------------------------------- */

/* Of row i the step is that of its own, or of the pair of which it is the second: with[i] is the row that it is exchanged with then. */
struct large_systems {
    int64_t count, n, columns;                         /* columns: right sides */
    const int32_t *pivots;
    double *a, *x, *d;                                 /* [n, n], of which the triangle above is L'; [n, columns]; [n, 2]: D, and what is below its diagonal */
    int32_t *with, *first;                             /* [n]: above, and whether the row is the first of a pair */
    tpc_watch watch;
};

/* Of pivots that do not fit nothing is exchanged, and D is no number, so that there is no solution. */
static __global__ void __launch_bounds__(TPC_BLOCK) read_pivots(const large_systems g)
{
    const int64_t n = g.n;
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        const int32_t *const pivots = g.pivots + b * n;
        const bool fit = pivots_fit(pivots, n, g.watch);
        for (int64_t k = 0; k < n && !threadIdx.x; k++) {
            const bool first = fit && is_pair(pivots[k]) && (!k || !g.first[b * n + k - 1]);
            g.first[b * n + k] = first;
            g.with[b * n + k] = (int32_t)(fit && !first ? row_of(pivots[k]) : k);
        }
        TPC_EACH(k, n) g.d[2 * (b * n + k)] = fit ? 0 : NAN;
        __syncthreads();
    }
}

/* D leaves L, whose columns get the exchanges of all steps after theirs: a thread for each column. */
static __global__ void __launch_bounds__(TPC_BLOCK) take_apart(const large_systems g)
{
    const int64_t n = g.n;
    for (int64_t e = tpc_first(); e < g.count * n; e += tpc_step()) {
        const int64_t c = e % n;
        const int32_t *const with = g.with + (e - c);
        double *const a = g.a + (e - c) * n;
        for (int64_t i = c + 1 + g.first[e]; i < n; i++)
            if (with[i] != i) swap(&A(i, c), &A(with[i], c));
        g.d[2 * e] += A(c, c);
        if (!g.first[e]) continue;
        g.d[2 * e + 1] = A(c + 1, c);
        A(c + 1, c) = 0;
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) mirror(const large_systems g)
{
    const int64_t n = g.n;
    for (int64_t e = tpc_first(); e < g.count * n * n; e += tpc_step()) {
        const int64_t i = e / n % n, j = e % n;
        if (j > i) g.a[e] = g.a[e + (j - i) * (n - 1)];
    }
}

/* Rows of x by all steps, onward or back: a thread for each column */
static __global__ void __launch_bounds__(TPC_BLOCK) exchange_rows(const large_systems g, bool back)
{
    const int64_t n = g.n, columns = g.columns;
    for (int64_t e = tpc_first(); e < g.count * columns; e += tpc_step()) {
        const int64_t b = e / columns;
        const int32_t *const with = g.with + b * n;
        double *const x = g.x + b * n * columns + e % columns;
        for (int64_t s = 0; s < n; s++) {
            const int64_t i = back ? n - 1 - s : s;
            if (with[i] != i) swap(x + i * columns, x + with[i] * columns);
        }
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) divide(const large_systems g)
{
    for (int64_t e = tpc_first(); e < g.count * g.n * g.columns; e += tpc_step()) {
        const int64_t k = e / g.columns;               /* of all matrices */
        const double *const d = g.d + 2 * k;
        if (g.first[k]) divide_two(d[0], d[1], d[2], g.x + e, g.x + e + g.columns);
        else if (!(k % g.n) || !g.first[k - 1]) g.x[e] /= d[0];
    }
}

#define TRY(...) do { const tp_status status_ = (__VA_ARGS__); if (status_) return status_; } while (0)

static tp_status solve_some(const tp__call *call, const systems &s, const large_systems &g, int64_t first)
{
    const int64_t square = g.n * g.n, side = g.n * g.columns;
    const cudaStream_t stream = tpc_stream(call);
    TRY(tpc_take_all(call, g.a, s.ld, s.dtype, first * square, g.count * square));
    TRY(tpc_take_all(call, g.x, s.b, s.dtype, first * side, g.count * side));
    TPC_LAUNCH(read_pivots, tpc_grid(call, g.count), TPC_BLOCK, 0, stream, g);
    TPC_LAUNCH(take_apart, tpc_blocks(call, g.count * g.n), TPC_BLOCK, 0, stream, g);
    TPC_LAUNCH(mirror, tpc_blocks(call, g.count * square), TPC_BLOCK, 0, stream, g);
    TPC_LAUNCH(exchange_rows, tpc_blocks(call, g.count * g.columns), TPC_BLOCK, 0, stream, g, false);
    TRY(tpc_blocked_substitute(call, g.count, g.n, g.a, g.columns, g.x, false, true));
    TPC_LAUNCH(divide, tpc_blocks(call, g.count * side), TPC_BLOCK, 0, stream, g);
    TRY(tpc_blocked_substitute(call, g.count, g.n, g.a, g.columns, g.x, true, true));
    TPC_LAUNCH(exchange_rows, tpc_blocks(call, g.count * g.columns), TPC_BLOCK, 0, stream, g, true);
    return tpc_give_all(call, s.y, s.dtype, first * side, g.x, g.count * side);
}

static tp_status solve_large(const tp__call *call, const systems &s)
{
    const int64_t n = s.n, numbers = n * n + n * s.columns + 3 * n, most = tpc_at_a_time(s.count, numbers * (int64_t)sizeof(double));
    tpc_temporary room(call, (size_t)(most * numbers) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const a = room.as<double>(), *const x = a + most * n * n, *const d = x + most * n * s.columns;
    int32_t *const with = reinterpret_cast<int32_t *>(d + most * 2 * n);
    for (int64_t b = 0; b < s.count; b += most)
        TRY(solve_some(call, s, { s.count - b < most ? s.count - b : most, n, s.columns, s.pivots + b * n, a, x, d, with, with + most * n, s.watch }, b));
    return TP_OK;
}

static tp_status solution(tp__call *call)
{
    tpc_array ld, pivots, b, y;
    tpc_temporary room_ld(call), room_pivots(call), room_b(call);
    tpc_in(call, 0, &ld);
    tpc_in(call, 1, &pivots);
    tpc_in(call, 2, &b);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    TRY(tpc_contiguous(call, &ld, &room_ld.data));
    TRY(tpc_contiguous(call, &pivots, &room_pivots.data));
    TRY(tpc_contiguous(call, &b, &room_b.data));
    const tpc_matrices m = tpc_matrices_of(b);         /* [n, columns] */
    systems g = { ld.data, b.data, y.data, static_cast<const int32_t *>(pivots.data), ld.dtype, m.count, m.m, m.n, nullptr,
                  tpc_watch_for(call, TP_ERR_INDEX, "pivot %lld does not fit %lld rows") };
    if (tpc_is_large(m.m, m.m)) return solve_large(call, g);
    const unsigned blocks = tpc_matrix_blocks(call, m.count);
    tpc_temporary room(call, (size_t)((int64_t)blocks * (m.m * m.m + m.m * m.n)) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    g.room = room.as<double>();
    TPC_LAUNCH(solve_each, blocks, tpc_matrix_threads(m), 0, tpc_stream(call), g);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_linalg_ldl_solve[] = { { "ldl_solution", solution, NULL }, { NULL, NULL, NULL } };
