/* tri.cu: tril and triu: a warp to a row, of which a part is copied and the rest is zero. */
#include "cuda/kernel.cuh"

enum { WARP = 32, ROWS = 8 };                          /* rows of a block */

struct triangle { int64_t rows, columns, reach, x_row, x_column, y_row, y_column; bool lower; };

/* `reach`: of row r the columns up to r + reach are the lower triangle, those from r + reach on the upper one. */
template <class T> static __global__ void __launch_bounds__(WARP *ROWS) take_triangle(T *y, const T *x, triangle t, const tpc_walk matrices)
{
    for (int64_t i = (int64_t)blockIdx.x * ROWS + threadIdx.y; i < matrices.numel * t.rows; i += (int64_t)gridDim.x * ROWS) {
        const int64_t matrix = i / t.rows, row = i - matrix * t.rows, edge = row + t.reach;
        int64_t at[2];
        tpc_offsets(matrices, matrix, at);
        T *const to = y + at[0] + row * t.y_row;
        const T *const from = x + at[1] + row * t.x_row;
        for (int64_t c = threadIdx.x; c < t.columns; c += WARP) {
            const bool kept = t.lower ? c <= edge : c >= edge;
            T v;
            if (kept) v = from[c * t.x_column];
            else memset(&v, 0, sizeof v);
            to[c * t.y_column] = v;
        }
    }
}

static tp_status run(tp__call *call, bool lower)
{
    const int64_t diagonal = *(const int64_t *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int d = y.ndim - 1;
    const int64_t rows = y.shape[d - 1], columns = y.shape[d], reach = diagonal > columns ? columns : diagonal < -rows ? -rows : diagonal;
    const triangle t = { rows, columns, reach, x.stride[d - 1], x.stride[d], y.stride[d - 1], y.stride[d], lower };
    const int64_t *const stride[] = { y.stride, x.stride };
    tpc_walk matrices;
    tpc_walk_dims(&matrices, d - 1, y.shape, stride, 2);
    const int64_t all = matrices.numel * rows, most = (int64_t)tpc_processors(call) * 32, blocks = (all + ROWS - 1) / ROWS;
    const unsigned grid = (unsigned)(blocks < most ? blocks : most);
    TPC_BY_SIZE(tpc_size(y.dtype), TPC_LAUNCH(take_triangle<T>, grid, dim3(WARP, ROWS), 0, tpc_stream(call), (T *)y.data, (const T *)x.data, t, matrices))
    return tpc_launched(call);
}
static tp_status tril(tp__call *call) { return run(call, true); }
static tp_status triu(tp__call *call) { return run(call, false); }

extern "C" const tp_kernel tp__cuda_tri[] = { { "tril", tril, NULL }, { "triu", triu, NULL }, { NULL, NULL, NULL } };
