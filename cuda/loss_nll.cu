/* loss_nll.cu: picking one value of each row, and putting one there. */
#include "cuda/loss.cuh"

typedef struct nll_attr { int64_t ignore_index; int32_t reduction; } nll_attr;

struct nll {
    tpc_rows rows;
    tpc_classes classes;
    tpc_side x, y, dy;                                 /* y: the losses, or dx */
    int narrow;
    bool each, mean;
    const double *total;                               /* of backward: what a mean divides by; NULL: 1 */
};

TPC_DEVICE double loss_at(const nll &e, int64_t row, int64_t t)
{
    const int64_t inner = e.rows.inner, at = inner == 1 ? row * e.rows.n + t : (row / inner * e.rows.n + t) * inner + row % inner;
    return -tpc_load<double>(e.x.data, e.x.dtype, at) * tpc_class_weight(e.classes, t);
}

struct sum_picked {
    using acc = tpc_loss_sums;
    nll e;
    __device__ acc begin() const { return acc{ 0, 0 }; }
    __device__ void add(acc &a, int64_t, int64_t row) const
    {
        const int64_t t = tpc_class_at(e.classes, row);
        if (t < 0) return;
        a.loss += tpc_narrowed(e.narrow, loss_at(e, row, t));
        a.weight += tpc_class_weight(e.classes, t);
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ a.loss + b.loss, a.weight + b.weight }; }
    __device__ void finish(const acc &a, int64_t o) const { tpc_store(e.y.data, e.y.dtype, o, e.mean ? a.loss / tpc_narrowed(e.narrow, a.weight) : a.loss); }
};

static __global__ void __launch_bounds__(TPC_BLOCK) nll_pick(const nll e, int64_t rows)
{
    for (int64_t row = tpc_first(); row < rows; row += tpc_step()) {
        const int64_t t = tpc_class_at(e.classes, row);
        tpc_store(e.y.data, e.y.dtype, row, t < 0 ? 0.0 : loss_at(e, row, t));
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) nll_put(const nll e)
{
    const tpc_seat s = tpc_take_seat(e.rows);
    const int64_t tiles = tpc_row_tiles(e.rows, s), rows = e.rows.outer * e.rows.inner;
    const double divisor = e.total ? *e.total : 1;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(e.rows, s, b);
        const int64_t t = at.row < rows ? tpc_class_at(e.classes, at.row) : -1;
        const double g = t < 0 ? 0 : -tpc_load<double>(e.dy.data, e.dy.dtype, e.each ? at.row : 0) / divisor * tpc_class_weight(e.classes, t);
        for (int64_t c = s.part; c < at.n; c += e.rows.lanes) tpc_store(e.y.data, e.y.dtype, at.base + c * e.rows.inner, c == t ? g : 0.0);
    }
}

/* The input is in[first], then come the target and the weight. */
static nll setup(tp__call *call, int first)
{
    const nll_attr *attr = (const nll_attr *)tpc_attr(call);
    tpc_array x, target, weight, y;
    nll e = nll();
    tpc_in(call, first, &x);
    tpc_in(call, first + 1, &target);
    tpc_in(call, first + 2, &weight);
    tpc_out(call, 0, &y);
    e.rows = tpc_rows_along(x, x.ndim > 1);
    e.classes = tpc_classes{ (const int64_t *)target.data, tpc_side_of(weight), e.rows.n, attr->ignore_index,
                             tpc_watch_for(call, TP_ERR_INDEX, "target %lld is not in [0, %lld)") };
    e.x = tpc_side_of(x);
    e.y = tpc_side_of(y);
    e.narrow = tpc_narrow_dtype(x.dtype);
    e.each = attr->reduction == TP_REDUCTION_NONE;
    e.mean = !attr->reduction || attr->reduction == TP_REDUCTION_MEAN;
    return e;
}

static tp_status nll_loss(tp__call *call)
{
    const nll e = setup(call, 0);
    const int64_t rows = e.rows.outer * e.rows.inner;
    if (!e.each) return tpc_reduce_run(call, tpc_row_numbers(rows), 1, sum_picked{ e });
    if (!rows) return TP_OK;
    TPC_LAUNCH(nll_pick, tpc_blocks(call, rows), TPC_BLOCK, 0, tpc_stream(call), e, rows);
    return tpc_launched(call);
}

/* Of the input only the shape is asked for. */
static tp_status nll_loss_backward(tp__call *call)
{
    nll e = setup(call, 1);
    tpc_array dy;
    tpc_in(call, 0, &dy);
    e.dy = tpc_side_of(dy);
    if (e.rows.outer * e.rows.inner * e.rows.n == 0) return TP_OK;
    tpc_temporary total(call, sizeof(double));
    if (!total.data) return TP_ERR_MEMORY;
    if (e.mean) {
        e.total = total.as<double>();
        const tp_status status = tpc_reduce_run(call, tpc_row_numbers(e.rows.outer * e.rows.inner), 1, tpc_class_total{ e.classes, 0, total.as<double>() });
        if (status) return status;
    }
    TPC_LAUNCH(nll_put, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, tpc_stream(call), e);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_loss_nll[] = { { "nll_loss", nll_loss, NULL }, { "nll_loss_backward", nll_loss_backward, NULL }, { NULL, NULL, NULL } };
