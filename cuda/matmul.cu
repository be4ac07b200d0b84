/* matmul.cu: products of vectors, matrices and batches of them, linear layers and what their gradients sum, of any strides and dtypes: by
 * cuBLASLt where it takes them, else by tiles in shared memory, each thread a square of the result. 16-bit floats are multiplied and added
 * in float32, integers in int64, where sums wrap. */
#include "cuda/kernel.cuh"
#include "cuda/matmul.cuh"
#include "cuda/sum.cuh"

enum { SIDE = 64, DEPTH = 16, EACH = 4 };              /* a block's tile, of which a thread has EACH x EACH; 256 threads */

struct factor { const void *data; int dtype; int64_t row, col; };
struct product {
    factor a, b, c, bias;                              /* bias: its `col` steps along a row of the result; data NULL: none */
    void *y;                                           /* c.data */
    int64_t m, n, k;
    bool accumulate, minus;                            /* to what c holds; the product's negative */
    tpc_walk batch;                                    /* of c, a, b */
    void *sum_a, *sum_b;                               /* as tpc_product's: of the library alone */
};

TPC_DEVICE void add_product(float &sum, float a, float b) { sum += a * b; }
TPC_DEVICE void add_product(double &sum, double a, double b) { sum += a * b; }
TPC_DEVICE void add_product(int64_t &sum, int64_t a, int64_t b) { sum = (int64_t)((uint64_t)sum + (uint64_t)a * (uint64_t)b); }

/* tile[depth][side]: of x the elements (side_at + side, depth_at + depth), 0 beyond. Neighbouring threads read along the smaller stride. */
template <class T> TPC_DEVICE void load_tile(T (&tile)[DEPTH][SIDE + 1], const factor &x, int64_t base, int64_t side, int64_t sides, int64_t side_step,
                                             int64_t depth, int64_t depths, int64_t depth_step)
{
    const bool along_depth = depth_step < side_step;
    for (int i = (int)threadIdx.x; i < SIDE * DEPTH; i += TPC_BLOCK) {
        const int d = along_depth ? i % DEPTH : i / SIDE, s = along_depth ? i / DEPTH : i % SIDE;
        const bool inside = side + s < sides && depth + d < depths;
        tile[d][s] = inside ? tpc_load<T>(x.data, x.dtype, base + (side + s) * side_step + (depth + d) * depth_step) : (T)0;
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) multiply(const product p)
{
    TPC_SHARED(T, left, [DEPTH][SIDE + 1]);
    TPC_SHARED(T, right, [DEPTH][SIDE + 1]);
    const int64_t down = (p.m + SIDE - 1) / SIDE, across = (p.n + SIDE - 1) / SIDE;
    const int row = (int)threadIdx.x / (SIDE / EACH), column = (int)threadIdx.x % (SIDE / EACH);
    for (int64_t tile = blockIdx.x; tile < down * across * p.batch.numel; tile += gridDim.x) {
        const int64_t i0 = tile / across % down * SIDE, j0 = tile % across * SIDE;
        int64_t at[3];
        T sum[EACH][EACH] = {};
        tpc_offsets(p.batch, tile / (down * across), at);
        for (int64_t k0 = 0; k0 < p.k; k0 += DEPTH) {
            load_tile(left, p.a, at[1], i0, p.m, p.a.row, k0, p.k, p.a.col);
            load_tile(right, p.b, at[2], j0, p.n, p.b.col, k0, p.k, p.b.row);
            __syncthreads();
            for (int d = 0; d < DEPTH; d++) {
                T a[EACH], b[EACH];
                for (int i = 0; i < EACH; i++) a[i] = left[d][row + i * (SIDE / EACH)], b[i] = right[d][column + i * (SIDE / EACH)];
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++) add_product(sum[i][j], a[i], b[j]);
            }
            __syncthreads();
        }
        for (int i = 0; i < EACH; i++)
            for (int j = 0; j < EACH; j++) {
                const int64_t y = i0 + row + i * (SIDE / EACH), x = j0 + column + j * (SIDE / EACH);
                if (y >= p.m || x >= p.n) continue;
                const int64_t to = at[0] + y * p.c.row + x * p.c.col;
                T v = p.minus ? -sum[i][j] : sum[i][j];
                if (p.bias.data) add_product(v, 1, tpc_load<T>(p.bias.data, p.bias.dtype, x * p.bias.col));
                if (p.accumulate) add_product(v, 1, tpc_load<T>(p.y, p.c.dtype, to));
                tpc_store(p.y, p.c.dtype, to, v);
            }
    }
}

/* x [rows, cols] as cuBLASLt takes it: neighbours along one of its dims. */
static bool as_matrix(const factor &x, int64_t rows, int64_t cols, int64_t step, tpc_matrix *to)
{
    *to = { const_cast<void *>(x.data), 0, step, false };
    if ((x.col == 1 || cols == 1) && (x.row >= cols || rows == 1)) to->row = rows == 1 ? cols : x.row;
    else if ((x.row == 1 || rows == 1) && (x.col >= rows || cols == 1)) to->row = cols == 1 ? rows : x.col, to->turned = true;
    else return false;
    return true;
}

/* A batch of a that lies as one matrix, times one b, is one product. */
static bool as_one(const product &p, const int64_t (&step)[3])
{
    return !step[2] && step[1] == p.m * p.a.row && step[0] == p.m * p.c.row && p.m > 0;
}

static __global__ void __launch_bounds__(TPC_BLOCK) add_bias(void *y, const void *bias, int dtype, int64_t rows, int64_t n, int64_t step)
{
    for (int64_t e = tpc_first(); e < rows * n; e += tpc_step()) {
        const int64_t row = e / n, at = row * step + e - row * n;
        tpc_store(y, dtype, at, tpc_load<double>(y, dtype, at) + tpc_load<double>(bias, dtype, e - row * n));
    }
}

/* The bias by the library too, or, of dtypes for which it has no such product, after it. A bias has no batch. */
static tp_status product_and_bias(const tp__call *call, tpc_product p, bool *done)
{
    const void *const bias = p.bias;
    tp_status status = tpc_lt_product(call, &p, done);
    if (status || *done || !bias || p.sum_a || p.sum_b) return status;
    p.bias = nullptr;
    status = tpc_lt_product(call, &p, done);
    if (status || !*done) return status;
    TPC_LAUNCH(add_bias, tpc_blocks(call, p.m * p.n), TPC_BLOCK, 0, tpc_stream(call), p.c.data, bias, p.dtype, p.m, p.n, p.c.row);
    return tpc_launched(call);
}

static tp_status by_library(const tp__call *call, const product &p, int dtype, bool *done)
{
    const int64_t step[3] = { p.batch.stride[0][0], p.batch.stride[1][0], p.batch.stride[2][0] };
    tpc_product to = { dtype, p.m, p.n, p.k, p.batch.numel, {}, {}, {}, p.bias.data, p.accumulate, p.minus, p.sum_a, p.sum_b };
    *done = false;
    if (p.a.dtype != dtype || p.b.dtype != dtype || p.c.dtype != dtype || p.batch.ndim > 1) return TP_OK;
    if (p.bias.data && (p.bias.dtype != dtype || (p.bias.col != 1 && p.n != 1))) return TP_OK;
    if (to.batch > 1 && as_one(p, step)) to.m *= to.batch, to.batch = 1;
    if (!as_matrix(p.a, to.m, p.k, step[1], &to.a) || !as_matrix(p.b, p.k, p.n, step[2], &to.b) || !as_matrix(p.c, to.m, p.n, step[0], &to.c)) return TP_OK;
    return to.c.turned ? TP_OK : product_and_bias(call, to, done);
}

static tp_status by_tiles(const tp__call *call, const product &p, int dtype)
{
    const int64_t tiles = (p.m + SIDE - 1) / SIDE * ((p.n + SIDE - 1) / SIDE) * p.batch.numel;
    const unsigned blocks = tpc_grid(call, tiles);
    if (tpc_is_complex(dtype)) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for complex numbers");
    if (dtype == TP_F64) TPC_LAUNCH(multiply<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    else if (tpc_is_floating(dtype)) TPC_LAUNCH(multiply<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    else TPC_LAUNCH(multiply<int64_t>, blocks, TPC_BLOCK, 0, tpc_stream(call), p);
    return tpc_launched(call);
}

static tp_status run(const tp__call *call, const product &p, int dtype)
{
    bool done;
    const tp_status status = by_library(call, p, dtype, &done);
    return status || done ? status : by_tiles(call, p, dtype);
}

static factor factor_of(const tpc_matrix &x, int dtype) { return { x.data, dtype, x.turned ? 1 : x.row, x.turned ? x.row : 1 }; }

tp_status tpc_multiply(const tp__call *call, const tpc_product &x)
{
    bool done;
    const tp_status status = product_and_bias(call, x, &done);
    if (status || done || !x.m || !x.n || !x.batch) return status;
    product p = { factor_of(x.a, x.dtype), factor_of(x.b, x.dtype), factor_of(x.c, x.dtype), { x.bias, x.dtype, 0, 1 }, x.c.data, x.m, x.n,
                  x.k, x.accumulate, x.minus, {}, nullptr, nullptr };
    const int64_t *const steps[] = { &x.c.batch, &x.a.batch, &x.b.batch };
    tpc_walk_dims(&p.batch, 1, &x.batch, steps, 3);
    return by_tiles(call, p, x.dtype);
}

/* An operand as matrices: a vector is a row on the left, a column on the right. step: its strides over the dims of the result's batch. */
static factor side_of(const tpc_array &x, int batch, bool left, int64_t *step)
{
    const int last = x.ndim - 1, own = x.ndim > 2 ? x.ndim - 2 : 0;
    for (int d = 0; d < batch; d++) {
        const int at = d - (batch - own);
        step[d] = at >= 0 && x.shape[at] != 1 ? x.stride[at] : 0;
    }
    return { x.data, x.dtype, x.ndim > 1 ? x.stride[last - 1] : left ? 0 : x.stride[last], x.ndim > 1 || left ? x.stride[last] : 0 };
}

/* The scratch word: add to y instead of writing it. A third input is a bias, of as many elements as y has columns, and added to each row. */
static tp_status matmul(tp__call *call)
{
    tpc_array a, b, y, bias;
    tpc_in(call, 0, &a);
    tpc_in(call, 1, &b);
    tpc_out(call, 0, &y);
    const bool biased = tpc_in(call, 2, &bias);
    if (!y.numel) return TP_OK;
    const int batch = y.ndim - (a.ndim > 1) - (b.ndim > 1);
    int64_t step[3][TP_MAX_DIMS] = {};
    product p = {};
    p.a = side_of(a, batch, true, step[1]);
    p.b = side_of(b, batch, false, step[2]);
    p.y = y.data;
    p.c = { y.data, y.dtype, a.ndim > 1 ? y.stride[batch] : 0, b.ndim > 1 ? y.stride[y.ndim - 1] : 0 };
    p.m = a.ndim > 1 ? a.shape[a.ndim - 2] : 1;
    p.n = b.ndim > 1 ? b.shape[b.ndim - 1] : 1;
    p.k = a.shape[a.ndim - 1];
    p.accumulate = tpc_scratch_of(call) != nullptr;
    if (biased) p.bias = { bias.data, bias.dtype, 0, bias.stride[bias.ndim - 1] };
    for (int d = 0; d < batch; d++) step[0][d] = y.stride[d];
    const int64_t *const strides[] = { step[0], step[1], step[2] };
    tpc_walk_dims(&p.batch, batch, y.shape, strides, 3);
    return run(call, p, a.dtype);
}

/* Of matrices: y = a b, and the sums of a's rows, or, with the scratch word's bit 2, of b's columns, over what the product sums over: the gradients
 * of a weight and a bias. Bit 1: y is added to. */
static tp_status matmul_and_sum(tp__call *call)
{
    const uintptr_t how = (uintptr_t)tpc_scratch_of(call);
    const bool of_b = how & 2;
    tpc_array a, b, y, sum;
    tpc_in(call, 0, &a);
    tpc_in(call, 1, &b);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &sum);
    product p = {};
    p.a = { a.data, a.dtype, a.stride[0], a.stride[1] };
    p.b = { b.data, b.dtype, b.stride[0], b.stride[1] };
    p.c = { y.data, y.dtype, y.stride[0], y.stride[1] };
    p.y = y.data;
    p.m = a.shape[0], p.n = b.shape[1], p.k = a.shape[1];
    p.accumulate = how & 1;
    (of_b ? p.sum_b : p.sum_a) = sum.data;
    tpc_walk_dims(&p.batch, 0, nullptr, nullptr, 3);
    bool done;
    tp_status status = by_library(call, p, a.dtype, &done);
    if (status || done) return status;
    p.sum_a = p.sum_b = nullptr;
    status = tpc_sum(call, of_b ? b : a, of_b ? 1 : 2, sum);             /* first: what y holds stays if there is no memory for it */
    return status || !y.numel ? status : run(call, p, a.dtype);
}

/* y = x W' + b */
static tp_status linear(tp__call *call)
{
    tpc_array x, w, b, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &w);
    const bool biased = tpc_in(call, 2, &b);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int64_t in = w.shape[w.ndim - 1], out = w.ndim == 2 ? w.shape[0] : 1;
    if (biased && b.numel != out && b.numel != 1)
        return tpc_fail(call, TP_ERR_SHAPE, "a bias of %lld elements does not fit %lld features", (long long)b.numel, (long long)out);
    const bool as_it_lies = x.ndim == 2 && (x.stride[1] == 1 || x.stride[0] == 1);
    const tp_status status = as_it_lies ? TP_OK : tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    product p = {};
    p.a = { x.data, x.dtype, as_it_lies ? x.stride[0] : in, as_it_lies ? x.stride[1] : 1 };
    p.b = { w.data, w.dtype, w.stride[w.ndim - 1], w.ndim == 2 ? w.stride[0] : 0 };
    p.c = { y.data, y.dtype, out, 1 };
    if (biased) p.bias = { b.data, b.dtype, 0, b.numel != 1 ? b.stride[b.ndim - 1] : 0 };
    p.y = y.data;
    p.m = y.numel / out;
    p.n = out;
    p.k = in;
    tpc_walk_dims(&p.batch, 0, nullptr, nullptr, 3);
    return run(call, p, x.dtype);
}

extern "C" const tp_kernel tp__cuda_matmul[] = { { "matmul", matmul, NULL }, { "matmul_and_sum", matmul_and_sum, NULL }, { "linear", linear, NULL },
                                               { NULL, NULL, NULL } };
