/* fold.cu: images to columns of windows, and back: each place of the image adds up the windows that it is in, tap by tap, which the 16-bit
 * dtypes round one by one, as the CPU does. */
#include "cuda/order.cuh"

struct folding { tp__columns a; int64_t planes, rows, cols; };

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) to_columns(T *y, const T *x, TPC_GIVEN folding f)
{
    const int64_t taps = f.a.kernel[0] * f.a.kernel[1], windows = f.rows * f.cols;
    for (int64_t i = tpc_first(); i < f.planes * taps * windows; i += tpc_step()) {
        int64_t w, tap, q, col;
        const int64_t plane = tpc_split(tpc_split(i, windows, &w), taps, &tap), p = tpc_split(tap, f.a.kernel[1], &q), row = tpc_split(w, f.cols, &col);
        const int64_t r = row * f.a.stride[0] - f.a.padding[0] + p * f.a.dilation[0], c = col * f.a.stride[1] - f.a.padding[1] + q * f.a.dilation[1];
        T v;
        if (r < 0 || r >= f.a.size[0] || c < 0 || c >= f.a.size[1]) memset((void *)&v, 0, sizeof v);
        else v = x[(plane * f.a.size[0] + r) * f.a.size[1] + c];
        y[i] = v;
    }
}

/* Which window has its tap at distance `at` from the first window's first place; -1: none */
TPC_DEVICE int64_t window_at(int64_t at, int64_t stride, int64_t n)
{
    return at >= 0 && !(at % stride) && at / stride < n ? at / stride : -1;
}

template <class W> static __global__ void __launch_bounds__(TPC_BLOCK) to_image(void *y, const void *x, int dtype, TPC_GIVEN folding f)
{
    const int64_t windows = f.rows * f.cols;
    for (int64_t i = tpc_first(); i < f.planes * f.a.size[0] * f.a.size[1]; i += tpc_step()) {
        int64_t r, c, tap = 0;
        const int64_t plane = tpc_split(tpc_split(i, f.a.size[1], &c), f.a.size[0], &r);
        W sum = 0;
        for (int64_t p = 0; p < f.a.kernel[0]; p++) {
            const int64_t row = window_at(r + f.a.padding[0] - p * f.a.dilation[0], f.a.stride[0], f.rows);
            for (int64_t q = 0; q < f.a.kernel[1]; q++, tap++) {
                const int64_t col = row < 0 ? -1 : window_at(c + f.a.padding[1] - q * f.a.dilation[1], f.a.stride[1], f.cols);
                if (col < 0) continue;
                const W v = tpc_load<W>(x, dtype, (plane * f.a.kernel[0] * f.a.kernel[1] + tap) * windows + row * f.cols + col);
                sum = sizeof(W) == sizeof(float) ? (W)tpc_round_to(dtype, sum + v) : sum + v;
            }
        }
        tpc_store(y, dtype, i, sum);
    }
}

static tp_status run(const tp__call *call, bool image)
{
    tpc_array x, y;
    tpc_temporary room(call);
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    if (!tpc_is_floating(x.dtype) && x.dtype != TP_BOOL) return tpc_fail(call, TP_ERR_DTYPE, "takes floating dtypes and bool, not dtype %d", (int)x.dtype);
    const tp_status status = tpc_contiguous(call, &x, &room.data);
    if (status) return status;
    folding f = folding();
    const tp__columns &a = f.a = *(const tp__columns *)tpc_attr(call);
    const int64_t taps = a.kernel[0] * a.kernel[1];
    f.rows = (a.size[0] + 2 * a.padding[0] - a.dilation[0] * (a.kernel[0] - 1) - 1) / a.stride[0] + 1;
    f.cols = (a.size[1] + 2 * a.padding[1] - a.dilation[1] * (a.kernel[1] - 1) - 1) / a.stride[1] + 1;
    f.planes = image ? y.numel / (a.size[0] * a.size[1]) : y.numel / (taps * f.rows * f.cols);
    const unsigned blocks = tpc_blocks(call, y.numel);
    if (!image) TPC_BY_SIZE(tpc_size(x.dtype), TPC_LAUNCH(to_columns<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), (T *)y.data, (const T *)x.data, f))
    else if (x.dtype == TP_F64) TPC_LAUNCH(to_image<double>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, x.dtype, f);
    else TPC_LAUNCH(to_image<float>, blocks, TPC_BLOCK, 0, tpc_stream(call), y.data, (const void *)x.data, x.dtype, f);
    return tpc_launched(call);
}

static tp_status image_to_columns(tp__call *call) { return run(call, false); }
static tp_status columns_to_image(tp__call *call) { return run(call, true); }

extern "C" const tp_kernel tp__cuda_fold[] = {
    { "image_to_columns", image_to_columns, NULL }, { "columns_to_image", columns_to_image, NULL }, { NULL, NULL, NULL },
};
