/* linalg_blocked.cu: Cholesky's factor, LU, triangular systems and QR of large matrices (Golub & Van Loan, Matrix Computations, 3.2, 4.2, 5.2).
 *
 *   halves     [A11 .  ]   L11 of A11;  L21 = A21 L11^-T;  L22 of A22 - L21 L21'       LU and substitution are cut in the same way,
 *              [A21 A22]                                                               down to SIDE or PANEL columns
 *   QR         panels of WIDE columns, whose reflections are I - V T V' together, so that what is beside a panel is left by three products
 *
 * A kernel of one block a matrix does what is left at the bottom: n SIDE operations of a row's, of n^2 in all. */
#include "cuda/linalg_blocked.cuh"
#include "cuda/matmul.cuh"

enum { SIDE = 64, PANEL = 16, WIDE = 32, TILE = 16, PANEL_THREADS = 512 };

#define TRY(...) do { const tp_status status_ = (__VA_ARGS__); if (status_) return status_; } while (0)

/* ---- Parts of matrices --------------------------------------------------------------------------------------------------------------------------- */

/* Of a batch; `turned`: the transposes of what lies there */
static tpc_matrix matrix(double *data, int64_t row, int64_t batch) { return { data, row, batch, false }; }
static tpc_matrix part(tpc_matrix x, int64_t i, int64_t j)
{
    x.data = static_cast<double *>(x.data) + (x.turned ? j * x.row + i : i * x.row + j);
    return x;
}
static tpc_matrix turn(tpc_matrix x)
{
    x.turned = !x.turned;
    return x;
}

/* c = a b, c = -a b, or these added to c; c [m, n], which may be turned */
enum sign { IS, LESS };
static tp_status product(const tp__call *call, int64_t count, const tpc_matrix &c, sign s, const tpc_matrix &a, const tpc_matrix &b,
                         int64_t m, int64_t n, int64_t k)
{
    if (!m || !n || !k) return TP_OK;
    if (c.turned) return product(call, count, turn(c), s, turn(b), turn(a), n, m, k);
    return tpc_multiply(call, { TP_F64, m, n, k, count, a, b, c, nullptr, s == LESS, s == LESS, nullptr, nullptr });
}

static __global__ void __launch_bounds__(TPC_BLOCK) take(double *to, const void *x, int dtype, int64_t first, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) to[i] = tpc_load<double>(x, dtype, first + i);
}
static __global__ void __launch_bounds__(TPC_BLOCK) give(void *y, int dtype, int64_t first, const double *from, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(y, dtype, first + i, from[i]);
}
tp_status tpc_take_all(const tp__call *call, double *to, const void *x, int dtype, int64_t first, int64_t n)
{
    TPC_LAUNCH(take, tpc_blocks(call, n), TPC_BLOCK, 0, tpc_stream(call), to, x, dtype, first, n);
    return tpc_launched(call);
}
tp_status tpc_give_all(const tp__call *call, void *y, int dtype, int64_t first, const double *from, int64_t n)
{
    TPC_LAUNCH(give, tpc_blocks(call, n), TPC_BLOCK, 0, tpc_stream(call), y, dtype, first, from, n);
    return tpc_launched(call);
}

/* ---- Triangular systems ------------------------------------------------------------------------------------------------------------------------- */

struct blocked_triangle { tpc_matrix t; bool upper, unit; };

/* The system of one square of at most SIDE, for TILE right sides in each block */
static __global__ void __launch_bounds__(TPC_BLOCK)
substitute_tile(const double *t, int64_t t_row, int64_t t_batch, int size, bool upper, bool unit, double *all, int64_t x_row,
                int64_t x_col, int64_t x_batch, int64_t r, int64_t count)
{
    TPC_SHARED(double, a, [SIDE][SIDE + 1]);
    TPC_SHARED(double, x, [SIDE][TILE + 1]);
    const int64_t tiles = (r + TILE - 1) / TILE;
    for (int64_t b = blockIdx.x; b < tiles * count; b += gridDim.x) {
        const int64_t column = b % tiles * TILE;
        const double *const from = t + b / tiles * t_batch;
        double *const at = all + b / tiles * x_batch + column * x_col;
        const int columns = r - column < TILE ? (int)(r - column) : TILE;
        const bool along = x_col <= x_row;             /* neighbouring threads read along the smaller stride */
        for (int e = (int)threadIdx.x; e < size * size; e += TPC_BLOCK) a[e / size][e % size] = from[e / size * t_row + e % size];
        for (int e = (int)threadIdx.x; e < SIDE * TILE; e += TPC_BLOCK) {
            const int i = along ? e / TILE : e % SIDE, j = along ? e % TILE : e / SIDE;
            x[i][j] = i < size && j < columns ? at[i * x_row + j * x_col] : 0;
        }
        __syncthreads();
        for (int s = 0; s < size; s++) {
            const int k = upper ? size - 1 - s : s, first = upper ? 0 : k + 1;
            if (!unit && (int)threadIdx.x < TILE) x[k][threadIdx.x] /= a[k][k];
            __syncthreads();
            for (int e = (int)threadIdx.x; e < (size - 1 - s) * TILE; e += TPC_BLOCK) x[first + e / TILE][e % TILE] -= a[first + e / TILE][k] * x[k][e % TILE];
            __syncthreads();
        }
        for (int e = (int)threadIdx.x; e < SIDE * TILE; e += TPC_BLOCK) {
            const int i = along ? e / TILE : e % SIDE, j = along ? e % TILE : e / SIDE;
            if (i < size && j < columns) at[i * x_row + j * x_col] = x[i][j];
        }
        __syncthreads();
    }
}

static int64_t half_of(int64_t n, int64_t unit) { return (n / 2 + unit - 1) / unit * unit; }

/* x [n, r] := T^-1 x. What is solved of one half leaves the other. */
static tp_status substitute(const tp__call *call, int64_t count, int64_t n, const blocked_triangle &t, const tpc_matrix &x, int64_t r)
{
    if (!n || !r) return TP_OK;
    if (n <= SIDE) {
        const int64_t tiles = (r + TILE - 1) / TILE;
        TPC_LAUNCH(substitute_tile, tpc_grid(call, tiles * count), TPC_BLOCK, 0, tpc_stream(call), static_cast<const double *>(t.t.data),
                   t.t.row, t.t.batch, (int)n, t.upper, t.unit, static_cast<double *>(x.data), x.turned ? 1 : x.row, x.turned ? x.row : 1,
                   x.batch, r, count);
        return tpc_launched(call);
    }
    const int64_t h = half_of(n, SIDE), rest = n - h;
    const blocked_triangle low = { part(t.t, h, h), t.upper, t.unit }, top = { t.t, t.upper, t.unit };
    const tpc_matrix below = part(x, h, 0);
    if (t.upper) {
        TRY(substitute(call, count, rest, low, below, r));
        TRY(product(call, count, x, LESS, part(t.t, 0, h), below, h, r, rest));
        return substitute(call, count, h, top, x, r);
    }
    TRY(substitute(call, count, h, top, x, r));
    TRY(product(call, count, below, LESS, part(t.t, h, 0), x, rest, r, h));
    return substitute(call, count, rest, low, below, r);
}

tp_status tpc_blocked_substitute(const tp__call *call, int64_t count, int64_t n, const double *a, int64_t r, double *x, bool upper, bool unit)
{
    return substitute(call, count, n, { matrix(const_cast<double *>(a), n, n * n), upper, unit }, matrix(x, r, n * r), r);
}

/* ---- Cholesky's factor -------------------------------------------------------------------------------------------------------------------------- */

/* The square of at most SIDE at row `first`. A matrix that fails goes on with what is no number. */
static __global__ void __launch_bounds__(TPC_BLOCK)
cholesky_tile(double *all, int64_t n, int64_t count, int64_t first, int size, tpc_failure *failed, int64_t base)
{
    TPC_SHARED(double, a, [SIDE][SIDE + 1]);
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        double *const at = all + b * n * n + first * (n + 1);
        int64_t bad = 0;
        for (int e = (int)threadIdx.x; e < size * size; e += TPC_BLOCK) a[e / size][e % size] = at[e / size * n + e % size];
        __syncthreads();
        for (int k = 0; k < size; k++) {
            const double p = a[k][k], root = ::sqrt(p);
            if (!(p > 0) && !bad) bad = first + k + 1;
            __syncthreads();
            TPC_EACH(i, size - k) a[k + i][k] = i ? a[k + i][k] / root : root;
            __syncthreads();
            const int wide = size - k - 1;
            for (int e = (int)threadIdx.x; e < wide * wide; e += TPC_BLOCK) {
                const int i = k + 1 + e / wide, c = k + 1 + e % wide;
                if (c <= i) a[i][c] -= a[i][k] * a[c][k];
            }
            __syncthreads();
        }
        for (int e = (int)threadIdx.x; e < size * size; e += TPC_BLOCK) at[e / size * n + e % size] = a[e / size][e % size];
        if (bad && !threadIdx.x) atomicMin(failed, (tpc_failure)((base + b) * (n + 1) + bad - 1));
        __syncthreads();
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) clear_above(double *a, int64_t n, int64_t count)
{
    for (int64_t e = tpc_first(); e < count * n * n; e += tpc_step())
        if (e % n > e / n % n) a[e] = 0;
}

struct square { int64_t count, n; double *a; tpc_failure *failed; int64_t base; };
static tpc_matrix at(const square &s, int64_t i, int64_t j) { return part(matrix(s.a, s.n, s.n * s.n), i, j); }

static tp_status cholesky(const tp__call *call, const square &s, int64_t first, int64_t size)
{
    if (size <= SIDE) {
        TPC_LAUNCH(cholesky_tile, tpc_grid(call, s.count), TPC_BLOCK, 0, tpc_stream(call), s.a, s.n, s.count, first, (int)size, s.failed, s.base);
        return tpc_launched(call);
    }
    const int64_t h = half_of(size, SIDE), rest = size - h, middle = first + h;
    const tpc_matrix below = at(s, middle, first);
    TRY(cholesky(call, s, first, h));
    TRY(substitute(call, s.count, h, { at(s, first, first), false, false }, turn(below), rest));
    TRY(product(call, s.count, at(s, middle, middle), LESS, below, turn(below), rest, rest, h));
    return cholesky(call, s, middle, rest);
}

tp_status tpc_blocked_cholesky(const tp__call *call, int64_t count, int64_t n, double *a, tpc_failure *failed, int64_t base)
{
    TRY(cholesky(call, { count, n, a, failed, base }, 0, n));
    TPC_LAUNCH(clear_above, tpc_blocks(call, count * n * n), TPC_BLOCK, 0, tpc_stream(call), a, n, count);
    return tpc_launched(call);
}

/* ---- LU ------------------------------------------------------------------------------------------------------------------------------------------- */

/* aside [m, n], of zeros: no rows are exchanged, so that below a pivot of 0 numbers may stand, which no row is to lose: they wait there for the end. */
struct lu_job { int64_t count, m, n, k; double *a, *aside; int64_t *pivots; int32_t *zeros; };

/* The row from j on whose element of column j is the first of the greatest, or a NaN */
static __device__ int64_t greatest_from(const double *a, int64_t n, int64_t rows, int64_t j)
{
    double mine = -1;
    int64_t at = rows;
    for (int64_t i = j + (int64_t)threadIdx.x; i < rows; i += blockDim.x) {
        const double v = tpc_magnitude(a[i * n + j]);
        if (v > mine || (v != v && mine == mine)) mine = v, at = i;
    }
    const double most = tpc_block_join(mine, tpc_most());
    return tpc_block_join(mine == most || mine != mine ? at : rows, tpc_lesser());
}

/* Columns first .. first + width - 1 from row `first` on, in which rows are exchanged; what is beside them is not touched. */
static __global__ void __launch_bounds__(PANEL_THREADS) lu_panel(const lu_job g, int64_t first, int width)
{
    const int64_t n = g.n, rows = g.m - first;
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        double *const a = g.a + b * g.m * n + first * (n + 1);
        for (int j = 0; j < width; j++) {
            const int64_t best = g.aside ? j : greatest_from(a, n, rows, j);
            if (!threadIdx.x) g.pivots[b * g.k + first + j] = first + best;
            if (best != j && (int)threadIdx.x < width) {
                const double t = a[j * n + threadIdx.x];
                a[j * n + threadIdx.x] = a[best * n + threadIdx.x];
                a[best * n + threadIdx.x] = t;
            }
            __syncthreads();
            const double p = a[j * n + j];
            if (p == 0) {
                if (!threadIdx.x && !g.zeros[b]) g.zeros[b] = (int32_t)(first + j + 1);
                for (int64_t i = j + 1 + (int64_t)threadIdx.x; g.aside && i < rows; i += blockDim.x) {
                    g.aside[a - g.a + i * n + j] = a[i * n + j];
                    a[i * n + j] = 0;
                }
                continue;
            }
            for (int64_t i = j + 1 + (int64_t)threadIdx.x; i < rows; i += blockDim.x) {
                double *const row = a + i * n;
                const double f = row[j] /= p;
                for (int c = j + 1; c < width; c++) row[c] -= f * a[j * n + c];
            }
            __syncthreads();
        }
    }
}

/* The rows beside those columns, a column by each thread */
static __global__ void __launch_bounds__(TPC_BLOCK) exchange_rows(const lu_job g, int64_t first, int width)
{
    const int64_t beside = g.n - width;
    for (int64_t e = tpc_first(); e < g.count * beside; e += tpc_step()) {
        const int64_t b = e / beside, c = e % beside < first ? e % beside : e % beside + width;
        double *const a = g.a + b * g.m * g.n + c;
        for (int64_t i = first; i < first + width; i++) {
            const int64_t with = g.pivots[b * g.k + i];
            const double t = a[i * g.n];
            a[i * g.n] = a[with * g.n];
            a[with * g.n] = t;
        }
    }
}

static tpc_matrix at(const lu_job &g, int64_t i, int64_t j) { return part(matrix(g.a, g.n, g.m * g.n), i, j); }

static tp_status lu_columns(const tp__call *call, const lu_job &g, int64_t first, int64_t width)
{
    if (width <= PANEL) {
        TPC_LAUNCH(lu_panel, tpc_grid(call, g.count), PANEL_THREADS, 0, tpc_stream(call), g, first, (int)width);
        TRY(tpc_launched(call));
        if (g.n == width || g.aside) return TP_OK;
        TPC_LAUNCH(exchange_rows, tpc_blocks(call, g.count * (g.n - width)), TPC_BLOCK, 0, tpc_stream(call), g, first, (int)width);
        return tpc_launched(call);
    }
    const int64_t h = half_of(width, width <= SIDE ? (int64_t)PANEL : (int64_t)SIDE), rest = width - h, middle = first + h;
    TRY(lu_columns(call, g, first, h));
    TRY(substitute(call, g.count, h, { at(g, first, first), false, true }, at(g, first, middle), rest));
    TRY(product(call, g.count, at(g, middle, middle), LESS, at(g, middle, first), at(g, first, middle), g.m - middle, rest, h));
    return lu_columns(call, g, middle, rest);
}

static __global__ void __launch_bounds__(TPC_BLOCK) put_back(double *a, const double *aside, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step())
        if (aside[i] != 0) a[i] = aside[i];
}

tp_status tpc_blocked_lu(const tp__call *call, int64_t count, int64_t m, int64_t n, double *a, bool exchanges, int64_t *pivots, int32_t *zeros)
{
    const int64_t all = count * m * n;
    tpc_temporary aside(call, exchanges ? 0 : (size_t)all * sizeof(double));
    if (!exchanges && !aside.data) return TP_ERR_MEMORY;
    const lu_job g = { count, m, n, m < n ? m : n, a, aside.as<double>(), pivots, zeros };
    TRY(tpc_check(call, cudaMemsetAsync(zeros, 0, (size_t)count * sizeof *zeros, tpc_stream(call)), "filling memory"));
    if (g.aside) TRY(tpc_check(call, cudaMemsetAsync(g.aside, 0, (size_t)all * sizeof(double), tpc_stream(call)), "filling memory"));
    TRY(lu_columns(call, g, 0, g.k));
    TRY(substitute(call, count, g.k, { at(g, 0, 0), false, true }, at(g, 0, g.k), n - g.k));
    if (g.aside) TPC_LAUNCH(put_back, tpc_blocks(call, all), TPC_BLOCK, 0, tpc_stream(call), a, g.aside, all);
    return tpc_launched(call);
}

/* ---- QR --------------------------------------------------------------------------------------------------------------------------------------------- */

/* The panel of `width` columns at (first, first) */
struct panel { int64_t first, rows; int width; };
struct qr_job {
    int64_t count, m, n, k;
    double *a, *tau;
    double *v;                                         /* [WIDE, m]: a panel's columns, then V' */
    double *t;                                         /* [panels, WIDE, WIDE]: I - V T V' is a panel's reflections */
    double *w, *w2;                                    /* [WIDE, the wider of a and Q] */
    int64_t across, panels;
};
TPC_DEVICE double *panel_of(const qr_job &g, int64_t b, const panel &p) { return g.a + b * g.m * g.n + p.first * (g.n + 1); }

/* V': of column c zeros before row c, where 1 is */
static __global__ void __launch_bounds__(TPC_BLOCK) take_reflections(const qr_job g, const panel p)
{
    for (int64_t e = tpc_first(); e < g.count * p.rows * p.width; e += tpc_step()) {
        const int64_t b = e / (p.rows * p.width), i = e / p.width % p.rows, c = e % p.width;
        g.v[b * WIDE * g.m + c * p.rows + i] = i < c ? 0 : i == c ? 1 : panel_of(g, b, p)[i * g.n + c];
    }
}

/* A panel's own reflections, made of its columns side by side in v, where V' is left */
static __global__ void __launch_bounds__(PANEL_THREADS) qr_panel(const qr_job g, const panel p)
{
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        double *const a = panel_of(g, b, p), *const v = g.v + b * WIDE * g.m;
        TPC_EACH(e, p.rows * p.width) v[e % p.width * p.rows + e / p.width] = a[e / p.width * g.n + e % p.width];
        __syncthreads();
        tpc_householder(v, 1, p.rows, g.tau + b * g.k + p.first, p.rows, p.width);
        TPC_EACH(e, p.rows * p.width) {
            const int64_t i = e / p.width, c = e % p.width;
            double *const made = v + c * p.rows + i;
            a[i * g.n + c] = *made;
            if (i <= c) *made = i == c;
        }
        __syncthreads();
    }
}

/* T of V' V, which is in w [width, width]: column j of T is -tau_j T (V' v_j), above tau_j (Schreiber & Van Loan 1989) */
static __global__ void __launch_bounds__(WIDE) qr_triangle(const qr_job g, const panel p)
{
    TPC_SHARED(double, t, [WIDE][WIDE + 1]);
    const int i = (int)threadIdx.x;
    for (int64_t b = blockIdx.x; b < g.count; b += gridDim.x) {
        const double *const dots = g.w + b * WIDE * g.across, *const tau = g.tau + b * g.k + p.first;
        double *const to = g.t + (b * g.panels + p.first / WIDE) * WIDE * WIDE;
        for (int j = 0; j < p.width; j++) {
            double sum = 0;
            for (int c = i; c < j; c++) sum += t[i][c] * dots[c * p.width + j];
            t[i][j] = i < j ? -tau[j] * sum : i == j ? tau[j] : 0;
            __syncwarp();
        }
        for (int j = 0; i < p.width && j < p.width; j++) to[i * WIDE + j] = t[i][j];
        __syncwarp();
    }
}

/* c [rows, n] := (I - V T V') c, or with T', in the other order */
static tp_status reflect(const tp__call *call, const qr_job &g, const panel &p, bool backwards, const tpc_matrix &c, int64_t n)
{
    const tpc_matrix v = matrix(g.v, p.rows, WIDE * g.m), t = part(matrix(g.t, WIDE, g.panels * WIDE * WIDE), p.first / WIDE * WIDE, 0);
    const tpc_matrix w = matrix(g.w, n, WIDE * g.across), w2 = matrix(g.w2, n, WIDE * g.across);
    TRY(product(call, g.count, w, IS, v, c, p.width, n, p.rows));
    TRY(product(call, g.count, w2, IS, backwards ? turn(t) : t, w, p.width, n, p.width));
    return product(call, g.count, c, LESS, turn(v), w2, p.rows, n, p.width);
}

static __global__ void __launch_bounds__(TPC_BLOCK) fill_identity(double *q, int64_t m, int64_t n, int64_t count)
{
    for (int64_t e = tpc_first(); e < count * m * n; e += tpc_step()) q[e] = e / n % m == e % n;
}

static panel panel_at(const qr_job &g, int64_t first) { return { first, g.m - first, g.k - first < WIDE ? (int)(g.k - first) : (int)WIDE }; }

static tp_status factor(const tp__call *call, const qr_job &g)
{
    for (int64_t first = 0; first < g.k; first += WIDE) {
        const panel p = panel_at(g, first);
        const tpc_matrix v = matrix(g.v, p.rows, WIDE * g.m), dots = matrix(g.w, p.width, WIDE * g.across);
        const int64_t beside = g.n - first - p.width;
        TPC_LAUNCH(qr_panel, tpc_grid(call, g.count), PANEL_THREADS, 0, tpc_stream(call), g, p);
        TRY(tpc_launched(call));
        TRY(product(call, g.count, dots, IS, v, turn(v), p.width, p.width, p.rows));
        TPC_LAUNCH(qr_triangle, tpc_grid(call, g.count), WIDE, 0, tpc_stream(call), g, p);
        TRY(tpc_launched(call));
        TRY(reflect(call, g, p, true, part(matrix(g.a, g.n, g.m * g.n), first, first + p.width), beside));
    }
    return TP_OK;
}

/* From the last panel to the first, each of which changes only what lies right of it and below */
static tp_status multiply_out(const tp__call *call, const qr_job &g, int64_t columns, double *q)
{
    TPC_LAUNCH(fill_identity, tpc_blocks(call, g.count * g.m * columns), TPC_BLOCK, 0, tpc_stream(call), q, g.m, columns, g.count);
    TRY(tpc_launched(call));
    for (int64_t first = (g.k - 1) / WIDE * WIDE; first >= 0; first -= WIDE) {
        const panel p = panel_at(g, first);
        TPC_LAUNCH(take_reflections, tpc_blocks(call, g.count * p.rows * p.width), TPC_BLOCK, 0, tpc_stream(call), g, p);
        TRY(tpc_launched(call));
        TRY(reflect(call, g, p, false, part(matrix(q, columns, g.m * columns), first, first), columns - first));
    }
    return TP_OK;
}

tp_status tpc_blocked_qr(const tp__call *call, int64_t count, int64_t m, int64_t n, double *a, double *tau, int64_t columns, double *q)
{
    const int64_t k = m < n ? m : n, panels = (k + WIDE - 1) / WIDE;
    int64_t across = n > columns ? n : columns;
    if (across < WIDE) across = WIDE;                  /* V' V goes there, too */
    tpc_temporary room(call, (size_t)(count * WIDE * (m + panels * WIDE + 2 * across)) * sizeof(double));
    if (!room.data) return TP_ERR_MEMORY;
    double *const v = room.as<double>(), *const t = v + count * WIDE * m, *const w = t + count * panels * WIDE * WIDE;
    const qr_job g = { count, m, n, k, a, tau, v, t, w, w + count * WIDE * across, across, panels };
    TRY(factor(call, g));
    return q ? multiply_out(call, g, columns, q) : TP_OK;
}

extern "C" const tp_kernel tp__cuda_linalg_blocked[] = { { NULL, NULL, NULL } };
