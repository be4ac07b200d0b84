/* loss_margin.cu: multilabel_margin_loss, a block to a row. A row's targets are the classes before the first that is below 0; `given`
 * counts for each class how often it is one. The slopes are integers times one number, so that no order matters.
 *
 *   y = sum over targets t and classes c not given of max(1 - x_t + x_c, 0) / classes */
#include <taper/ops/loss.h>

#include "cuda/kernel.cuh"

struct rows {
    int64_t n, classes;
    const void *x, *dy;                                /* dy: of backward, by row or, where dy_stride is 0, a single one */
    const int64_t *target;
    void *dx;
    double *y;                                         /* by row */
    int32_t *given;                                    /* n * classes */
    int64_t dy_stride;
    double factor;
    int32_t dtype;
    tpc_watch watch;
};

/* How many targets the row has, the same in every thread; those that are no class are noted, and not counted as given. */
TPC_DEVICE int64_t count_given(const rows &r, const int64_t *target, int32_t *given)
{
    TPC_SHARED(int64_t, found, [1]);
    for (int64_t c = threadIdx.x; c < r.classes; c += blockDim.x) given[c] = 0;
    __syncthreads();
    if (!threadIdx.x) {
        int64_t n = 0;
        for (; n < r.classes && target[n] >= 0; n++) {
            if (target[n] < r.classes) given[target[n]]++;
            else tpc_note_bad(r.watch, target[n], r.classes);
        }
        found[0] = n;
    }
    __syncthreads();
    return found[0];
}
TPC_DEVICE double gap(const rows &r, int64_t row, int64_t t, int64_t c)
{
    return 1 - tpc_load<double>(r.x, r.dtype, row * r.classes + t) + tpc_load<double>(r.x, r.dtype, row * r.classes + c);
}

static __global__ void __launch_bounds__(TPC_BLOCK) losses_of(const rows r)
{
    for (int64_t row = blockIdx.x; row < r.n; row += gridDim.x) {
        const int64_t *const target = r.target + row * r.classes;
        int32_t *const given = r.given + row * r.classes;
        const int64_t n = count_given(r, target, given);
        double sum = 0;
        for (int64_t c = threadIdx.x; c < r.classes; c += blockDim.x)
            for (int64_t k = 0; k < n && !given[c]; k++) {
                const double z = target[k] < r.classes ? gap(r, row, target[k], c) : 0;
                if (z > 0) sum += z;
            }
        sum = tpc_block_sum(sum);
        if (!threadIdx.x) r.y[row] = sum / (double)r.classes;
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) slopes_of(const rows r)
{
    for (int64_t row = blockIdx.x; row < r.n; row += gridDim.x) {
        const int64_t *const target = r.target + row * r.classes;
        int32_t *const given = r.given + row * r.classes;
        const int64_t n = count_given(r, target, given);
        const double g = tpc_load<double>(r.dy, r.dtype, row * r.dy_stride) * r.factor;
        for (int64_t c = threadIdx.x; c < r.classes; c += blockDim.x) {
            int64_t count = 0;
            if (given[c]) {
                for (int64_t other = 0; other < r.classes; other++) count -= !given[other] && gap(r, row, c, other) > 0;
                count *= given[c];
            } else {
                for (int64_t k = 0; k < n; k++) count += target[k] < r.classes && gap(r, row, target[k], c) > 0;
            }
            tpc_store(r.dx, r.dtype, row * r.classes + c, (double)count * g);
        }
        __syncthreads();
    }
}

/* y: each row's, or their sum or mean */
static __global__ void __launch_bounds__(TPC_BLOCK) give(void *y, int dtype, const double *of_row, int64_t n, int reduction)
{
    if (reduction == TP_REDUCTION_NONE) {
        for (int64_t i = tpc_first(); i < n; i += tpc_step()) tpc_store(y, dtype, i, of_row[i]);
        return;
    }
    double sum = 0;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += of_row[i];
    sum = tpc_block_sum(sum);
    if (!threadIdx.x) tpc_store(y, dtype, 0, reduction == TP_REDUCTION_SUM ? sum : sum / (double)n);
}

static unsigned grid_of(const tp__call *call, int64_t rows)
{
    const int64_t most = (int64_t)tpc_processors(call) * 8;
    return (unsigned)(rows < 1 ? 1 : rows < most ? rows : most);
}

static tp_status run(tp__call *call, int at, bool backward)
{
    const int32_t reduction = *(const int32_t *)tpc_attr(call);
    tpc_array x, target, dy, y;
    tpc_in(call, at, &x);
    tpc_in(call, at + 1, &target);
    tpc_in(call, 0, &dy);
    tpc_out(call, 0, &y);
    rows r = {};
    r.n = x.ndim == 2 ? x.shape[0] : 1;
    r.classes = x.ndim ? x.shape[x.ndim - 1] : 1;
    r.dtype = x.dtype;
    r.watch = tpc_watch_for(call, TP_ERR_INDEX, "target %lld is not below %lld");
    tpc_temporary plain[3] = { tpc_temporary(call), tpc_temporary(call), tpc_temporary(call) };
    const tpc_temporary given(call, (size_t)(r.n * r.classes) * sizeof *r.given), by_row(call, backward ? 0 : (size_t)r.n * sizeof(double));
    tp_status status = tpc_contiguous(call, &x, &plain[0].data);
    if (!status) status = tpc_contiguous(call, &target, &plain[1].data);
    if (!status && backward) status = tpc_contiguous(call, &dy, &plain[2].data);
    if (status) return status;
    if ((x.numel && !given.data) || (!backward && r.n && !by_row.data)) return TP_ERR_MEMORY;
    r.x = x.data;
    r.target = (const int64_t *)target.data;
    r.given = given.as<int32_t>();
    if (backward) {
        if (!x.numel) return TP_OK;
        r.dy = dy.data;
        r.dy_stride = reduction == TP_REDUCTION_NONE && dy.ndim;
        r.factor = 1 / (reduction == TP_REDUCTION_NONE || reduction == TP_REDUCTION_SUM ? 1 : (double)r.n) / (double)r.classes;
        r.dx = y.data;
        TPC_LAUNCH(slopes_of, grid_of(call, r.n), TPC_BLOCK, 0, tpc_stream(call), r);
        return tpc_launched(call);
    }
    r.y = by_row.as<double>();
    if (r.n) TPC_LAUNCH(losses_of, grid_of(call, r.n), TPC_BLOCK, 0, tpc_stream(call), r);
    const unsigned grid = reduction == TP_REDUCTION_NONE ? tpc_blocks(call, r.n) : 1;
    TPC_LAUNCH(give, grid, TPC_BLOCK, 0, tpc_stream(call), y.data, y.dtype, r.y, r.n, reduction);
    return tpc_launched(call);
}

static tp_status multilabel_margin_loss(tp__call *call) { return run(call, 0, false); }
static tp_status multilabel_margin_loss_backward(tp__call *call) { return run(call, 1, true); }

extern "C" const tp_kernel tp__cuda_loss_margin[] = {
    { "multilabel_margin_loss", multilabel_margin_loss, NULL }, { "multilabel_margin_loss_backward", multilabel_margin_loss_backward, NULL },
    { NULL, NULL, NULL },
};
