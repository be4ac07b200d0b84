/* conv_columns.cu: large convolutions without groups as products by cuBLASLt. Some images at a time are laid out as columns [positions, k]
 * with k = (c, tap), and the small side as [positions, o]; then each of the three products (conv.cuh) is one of matrices:
 *
 *   small = columns W',  columns = small W,  W = small' columns
 *
 * and x is the sum of what the columns hold of it. */
#include "cuda/conv.cuh"
#include "cuda/matmul.cuh"

struct part { int64_t first, images, positions, k; void *columns, *small; int dtype; };       /* positions: of one image */
static const int64_t COLUMN_BYTES = (int64_t)256 << 20, COLUMN_WORK = (int64_t)1 << 19;

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) gather_columns(const tpc_conv g, const part p)
{
    const int64_t rows = p.images * p.positions;
    for (int64_t e = tpc_first(); e < rows * p.k; e += tpc_step()) {
        const int64_t row = e / p.k;
        const tpc_conv_places at = tpc_conv_split(row, rows, g.out, g.wide), k = tpc_conv_split(e - row * p.k, p.k, g.kernel, g.wide);
        tpc_store(p.columns, p.dtype, e, tpc_conv_from_large<T>(g, p.first + at.left, k.left, at.at, k.at));
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) fold_columns(const tpc_conv g, const part p)
{
    const int64_t plane = g.size[0].size * g.size[1].size * g.size[2].size, all = p.images * plane;
    for (int64_t e = tpc_first(); e < all * g.cg; e += tpc_step()) {
        const int64_t c = e / plane % g.cg;
        tpc_conv_places to = tpc_conv_split(e / plane / g.cg * plane + e % plane, all, g.size, g.wide), tap = tpc_conv_split(0, g.taps, g.kernel, g.wide);
        T sum = 0;
        for (; tap.number < g.taps; tpc_conv_advance(tap, g.kernel)) {
            int64_t at = to.left;
            bool inside = true;
            for (int d = 0; d < 3; d++) {
                const int64_t place = to.at[d] + g.pad[d] - tap.at[d] * g.apart[d], whole = place < 0 ? 0 : tpc_quotient(place, g.stride[d], g.wide);
                inside = inside && whole * g.stride[d].size == place && whole < g.out[d].size;
                at = at * g.out[d].size + whole;
            }
            if (inside) sum += tpc_load<T>(p.columns, p.dtype, at * p.k + c * g.taps + tap.number);
        }
        to.left += p.first;
        tpc_conv_write(g, g.large, c, to, sum);
    }
}

/* The small side to [positions, o], or back */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) move_small(const tpc_conv g, const part p, bool back)
{
    const int64_t rows = p.images * p.positions;
    for (int64_t e = tpc_first(); e < rows * g.og; e += tpc_step()) {
        const int64_t o = back ? e / p.positions % g.og : e % g.og, row = back ? e / p.positions / g.og * p.positions + e % p.positions : e / g.og;
        const tpc_conv_places at = tpc_conv_split(row, rows, g.out, g.wide);
        const int64_t there = tpc_conv_offset(g.small, p.first + at.left, o, at.at[0], at.at[1], at.at[2]), here = row * g.og + o;
        if (back) tpc_store(g.small.data, g.small.dtype, there, tpc_load<T>(p.small, p.dtype, here));
        else tpc_store(p.small, p.dtype, here, tpc_load<T>(g.small.data, g.small.dtype, there));
    }
}

static tpc_product column_product(const tpc_conv &g, const part &p, int kind)
{
    const int64_t rows = p.images * p.positions;
    const tpc_matrix columns = { p.columns, p.k, 0, false }, small = { p.small, g.og, 0, false }, w = { g.w, p.k, 0, false };
    if (kind == TPC_DNN_FORWARD) return { p.dtype, rows, g.og, p.k, 1, columns, { g.w, p.k, 0, true }, small, g.bias, false, false, nullptr, nullptr };
    if (kind == TPC_DNN_DATA) return { p.dtype, rows, p.k, g.og, 1, small, w, columns, nullptr, false, false, nullptr, nullptr };
    return { p.dtype, g.og, p.k, rows, 1, { p.small, g.og, 0, true }, columns, w, nullptr, p.first > 0, false, nullptr, nullptr };
}

template <class T> static tp_status run_part(const tp__call *call, const tpc_conv &g, const part &p, int kind)
{
    const int64_t rows = p.images * p.positions, plane = g.size[0].size * g.size[1].size * g.size[2].size;
    if (kind != TPC_DNN_FORWARD) TPC_LAUNCH(move_small<T>, tpc_blocks(call, rows * g.og), TPC_BLOCK, 0, tpc_stream(call), g, p, false);
    if (kind != TPC_DNN_DATA) TPC_LAUNCH(gather_columns<T>, tpc_blocks(call, rows * p.k), TPC_BLOCK, 0, tpc_stream(call), g, p);
    tp_status status = tpc_launched(call);
    if (!status) status = tpc_multiply(call, column_product(g, p, kind));
    if (status || kind == TPC_DNN_WEIGHT) return status;
    if (kind == TPC_DNN_FORWARD) TPC_LAUNCH(move_small<T>, tpc_blocks(call, rows * g.og), TPC_BLOCK, 0, tpc_stream(call), g, p, true);
    else TPC_LAUNCH(fold_columns<T>, tpc_blocks(call, p.images * g.cg * plane), TPC_BLOCK, 0, tpc_stream(call), g, p);
    return tpc_launched(call);
}

bool tpc_conv_goes_by_columns(const tp__call *call, const tpc_conv &g, int kind)
{
    const int dtype = g.large.dtype;
    const double positions = (double)g.images * (double)g.out[0].size * (double)g.out[1].size * (double)g.out[2].size;
    if (g.groups != 1 || g.og <= TPC_CONV_FEW || !tpc_is_floating(dtype) || g.small.dtype != dtype || g.w_dtype != dtype) return false;
    if (kind == TPC_DNN_FORWARD && g.bias && (g.bias_dtype != dtype || g.bias_step != 1)) return false;
    return !g.wide && positions * (double)g.og * (double)(g.cg * g.taps) >= (double)COLUMN_WORK && tpc_lt_is_here(call);
}

tp_status tpc_conv_by_columns(const tp__call *call, const tpc_conv &g, int kind)
{
    part p = { 0, 0, g.out[0].size * g.out[1].size * g.out[2].size, g.cg * g.taps, nullptr, nullptr, g.large.dtype };
    const int64_t item = tpc_size(p.dtype), most = COLUMN_BYTES / (p.positions * p.k * item), at_once = most < 1 ? 1 : most < g.images ? most : g.images;
    tpc_temporary columns(call, (size_t)(at_once * p.positions * p.k * item)), small(call, (size_t)(at_once * p.positions * g.og * item));
    if (!columns.data || !small.data) return TP_ERR_MEMORY;
    p.columns = columns.data;
    p.small = small.data;
    tp_status status = TP_OK;
    for (; p.first < g.images && !status; p.first += at_once) {
        p.images = g.images - p.first < at_once ? g.images - p.first : at_once;
        status = p.dtype == TP_F64 ? run_part<double>(call, g, p, kind) : run_part<float>(call, g, p, kind);
    }
    return status;
}

extern "C" const tp_kernel tp__cuda_conv_columns[] = { { NULL, NULL, NULL } };
