/* loss_entropy.cu: cross entropy of rows of logits.
 *
 * Of a row x with log-probabilities l, a target distribution q and Q = sum(q):  loss = -sum(q l),  dx = dy (Q softmax(x) - q).
 * A class t means q_c = (1 - s) w_t [c = t] + s / C w_c, probabilities p mean q_c = w_c ((1 - s) p_c + s / C).
 *
 * A row's greatest element and its sum of exp come from one pass over it, each lane with a greatest of its own. Losses of rows go to
 * memory in float64 and are added by a second kernel. */
#include "cuda/loss.cuh"

typedef struct entropy_attr { int64_t ignore_index; int32_t reduction; double label_smoothing; } entropy_attr;

struct entropy {
    tpc_rows rows;
    tpc_side x, p;                                     /* p: probabilities, else NULL */
    tpc_classes classes;
    double smoothing;
    int narrow, narrow_sums;                           /* float16 or bfloat16: what is rounded to on the way; and the sums of exp, too */
    double *losses;                                    /* of each row, */
    tpc_side y;                                        /* or where they are wanted; else dx or q */
    tpc_side dy;                                       /* of all, or */
    bool each;                                         /* by row */
    const double *total;                               /* what a mean divides by; NULL: 1 */
};

/* ---- Log-probabilities -------------------------------------------------------------------------------------------------------------------- */

template <class S> struct peak { S most, sum; };       /* the greatest x, and the sum of exp(x - it) */

struct join_peaks {
    template <class S> __device__ peak<S> operator()(peak<S> a, peak<S> b) const
    {
        const S most = b.most > a.most ? b.most : a.most;
        return peak<S>{ most, (a.sum == 0 ? 0 : a.sum * tpc_exp(a.most - most)) + (b.sum == 0 ? 0 : b.sum * tpc_exp(b.most - most)) };
    }
};

/* An infinite x makes the sum NaN, and so does a NaN. */
template <class S> TPC_DEVICE peak<S> peak_of(const entropy &e, const tpc_seat &s, const tpc_row &at)
{
    peak<S> k = { (S)-INFINITY, 0 };
    for (int64_t c = s.part; c < at.n; c += e.rows.lanes) {
        const S v = tpc_load<S>(e.x.data, e.x.dtype, at.base + c * e.rows.inner);
        if (v > k.most) k = peak<S>{ v, k.sum * tpc_exp(k.most - v) + tpc_exp(v - v) };
        else if (v != (S)-INFINITY) k.sum += tpc_exp(v - k.most);
    }
    return tpc_lanes_join(k, s, e.rows.lanes, join_peaks());
}
template <class S> TPC_DEVICE S logsum_of(const entropy &e, const peak<S> &k)
{
    return e.narrow_sums ? tpc_round_to(e.narrow_sums, tpc_log(tpc_round_to(e.narrow_sums, k.sum))) : tpc_log(k.sum);
}

/* ---- Losses ---------------------------------------------------------------------------------------------------------------------------------- */

/* A lane's part of the sum(q l) that a row of probabilities, or smoothing, gives */
template <class S> TPC_DEVICE double spread_loss(const entropy &e, const tpc_seat &s, const tpc_row &at, S most, S logsum)
{
    const double keep = 1 - e.smoothing, rest = e.smoothing / (double)e.rows.n;
    double sum = 0;
    for (int64_t c = s.part; c < at.n; c += e.rows.lanes) {
        const int64_t i = at.base + c * e.rows.inner;
        const double l = tpc_narrowed(e.narrow, (double)(tpc_load<S>(e.x.data, e.x.dtype, i) - most - logsum));
        double q = rest;
        if (e.p.data) {
            q = (double)tpc_load<S>(e.p.data, e.p.dtype, i);
            if (rest > 0) q = tpc_narrowed(e.narrow, tpc_narrowed(e.narrow, keep * q) + rest);
        }
        sum += tpc_narrowed(e.narrow, tpc_narrowed(e.narrow, l * q) * tpc_class_weight(e.classes, c));
    }
    return sum;
}

template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) entropy_losses(const entropy e)
{
    const tpc_seat s = tpc_take_seat(e.rows);
    const int64_t tiles = tpc_row_tiles(e.rows, s), rows = e.rows.outer * e.rows.inner;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(e.rows, s, b);
        const peak<S> k = peak_of<S>(e, s, at);
        const S logsum = logsum_of(e, k);
        const int64_t t = e.p.data || at.row >= rows ? -1 : tpc_class_at(e.classes, at.row);
        double sum = 0;
        if (e.p.data || (e.smoothing > 0 && t >= 0)) sum = spread_loss(e, s, at, k.most, logsum);
        if (e.p.data || e.smoothing > 0) sum = tpc_lanes_join(sum, s, e.rows.lanes, tpc_add());
        if (s.part || at.row >= rows) continue;
        if (t >= 0) {
            const S x = tpc_load<S>(e.x.data, e.x.dtype, at.base + t * e.rows.inner);
            const double l = tpc_narrowed(e.narrow, (double)(x - k.most - logsum));
            sum += (1 - e.smoothing) * tpc_narrowed(e.narrow, tpc_class_weight(e.classes, t) * l);
        }
        if (e.losses) e.losses[at.row] = 0 - sum;
        else tpc_store(e.y.data, e.y.dtype, at.row, 0 - sum);
    }
}

struct sum_losses {
    using acc = tpc_loss_sums;
    tpc_classes classes;                               /* target NULL: probabilities */
    const double *losses;
    tpc_side y;
    int narrow;
    double divisor;                                    /* 0: the weights of the classes */
    __device__ acc begin() const { return acc{ 0, 0 }; }
    __device__ void add(acc &a, int64_t, int64_t row) const
    {
        a.loss += losses[row];
        const int64_t t = divisor == 0 ? tpc_class_at(classes, row) : -1;
        if (t >= 0) a.weight += tpc_class_weight(classes, t);
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ a.loss + b.loss, a.weight + b.weight }; }
    __device__ void finish(const acc &a, int64_t o) const
    {
        tpc_store(y.data, y.dtype, o, tpc_narrowed(narrow, a.loss) / (divisor == 0 ? tpc_narrowed(narrow, a.weight) : divisor));
    }
};

/* ---- Backward of classes ------------------------------------------------------------------------------------------------------------------------ */

template <class S> static __global__ void __launch_bounds__(TPC_BLOCK) entropy_back(const entropy e)
{
    const tpc_seat s = tpc_take_seat(e.rows);
    const int64_t tiles = tpc_row_tiles(e.rows, s), rows = e.rows.outer * e.rows.inner;
    const double rest = e.smoothing / (double)e.rows.n, divisor = e.total ? *e.total : 1;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(e.rows, s, b);
        const peak<S> k = peak_of<S>(e, s, at);
        const S logsum = logsum_of(e, k), scale = 1 / k.sum;
        double weights = (double)at.n;
        if (rest > 0 && e.classes.weight.data) {
            weights = 0;
            for (int64_t c = s.part; c < at.n; c += e.rows.lanes) weights += tpc_class_weight(e.classes, c);
            weights = tpc_lanes_join(weights, s, e.rows.lanes, tpc_add());
        }
        const int64_t t = at.row < rows ? tpc_class_at(e.classes, at.row) : -1;
        const double g = t < 0 ? 0 : tpc_narrowed(e.narrow, tpc_load<double>(e.dy.data, e.dy.dtype, e.each ? at.row : 0) / divisor);
        const double gq = t < 0 ? 0 : tpc_narrowed(e.narrow, g * (1 - e.smoothing) * tpc_class_weight(e.classes, t));
        const S pull = (S)(gq + g * rest * weights);
        for (int64_t c = s.part; c < at.n; c += e.rows.lanes) {
            const int64_t i = at.base + c * e.rows.inner;
            S d = 0;
            if (t >= 0) {
                const S v = tpc_load<S>(e.x.data, e.x.dtype, i) - k.most;
                d = (e.narrow ? tpc_exp((S)tpc_narrowed(e.narrow, (double)(v - logsum))) : tpc_exp(v) * scale) * pull;
                if (rest > 0) d -= (S)(g * rest * tpc_class_weight(e.classes, c));
                if (c == t) d -= (S)gq;
            }
            tpc_store(e.y.data, e.y.dtype, i, d);
        }
    }
}

/* q of classes, divided as the loss is */
static __global__ void __launch_bounds__(TPC_BLOCK) entropy_target(const entropy e)
{
    const tpc_seat s = tpc_take_seat(e.rows);
    const int64_t tiles = tpc_row_tiles(e.rows, s), rows = e.rows.outer * e.rows.inner;
    const double rest = e.smoothing / (double)e.rows.n, divisor = e.total ? *e.total : 1;
    for (int64_t b = blockIdx.x; b < tiles; b += gridDim.x) {
        const tpc_row at = tpc_row_at(e.rows, s, b);
        const int64_t t = at.row < rows ? tpc_class_at(e.classes, at.row) : -1;
        for (int64_t c = s.part; c < at.n; c += e.rows.lanes) {
            const double q = t < 0 ? 0 : tpc_class_weight(e.classes, c) * (rest + (c == t ? 1 - e.smoothing : 0)) / divisor;
            tpc_store(e.y.data, e.y.dtype, at.base + c * e.rows.inner, q);
        }
    }
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------------------------------------- */

/* The input is in[first], then come the target and the weight. loss: of its dtype, which is what is rounded to on the way. */
static void setup(tp__call *call, int first, entropy *e, int32_t *reduction, const tpc_array *loss)
{
    const entropy_attr *attr = (const entropy_attr *)tpc_attr(call);
    tpc_array x, target, weight;
    *e = entropy();
    tpc_in(call, first, &x);
    tpc_in(call, first + 1, &target);
    tpc_in(call, first + 2, &weight);
    e->rows = tpc_rows_along(x, x.ndim > 1);
    e->x = tpc_side_of(x);
    e->classes = tpc_classes{ nullptr, tpc_side_of(weight), e->rows.n, attr->ignore_index,
                              tpc_watch_for(call, TP_ERR_INDEX, "target %lld is not in [0, %lld)") };
    if (tpc_is_floating(target.dtype)) e->p = tpc_side_of(target);
    else e->classes.target = (const int64_t *)target.data;
    e->smoothing = attr->label_smoothing;
    e->narrow = tpc_narrow_dtype(loss ? loss->dtype : x.dtype);
    e->narrow_sums = x.ndim <= 2 ? e->narrow : 0;
    *reduction = attr->reduction ? attr->reduction : TP_REDUCTION_MEAN;
}

static tp_status cross_entropy(tp__call *call)
{
    entropy e;
    int32_t reduction;
    tpc_array y;
    tpc_out(call, 0, &y);
    setup(call, 0, &e, &reduction, &y);
    e.y = tpc_side_of(y);
    const int64_t rows = e.rows.outer * e.rows.inner;
    tpc_temporary losses(call, reduction == TP_REDUCTION_NONE ? 0 : (size_t)rows * sizeof(double));
    if (reduction != TP_REDUCTION_NONE && rows && !losses.data) return TP_ERR_MEMORY;
    e.losses = losses.as<double>();
    const cudaStream_t stream = tpc_stream(call);
    if (rows) {
        if (e.x.dtype == TP_F64) TPC_LAUNCH(entropy_losses<double>, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, stream, e);
        else TPC_LAUNCH(entropy_losses<float>, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, stream, e);
        const tp_status status = tpc_launched(call);
        if (status) return status;
    }
    if (reduction == TP_REDUCTION_NONE) return TP_OK;
    sum_losses sum = { e.classes, e.losses, e.y, e.narrow, reduction != TP_REDUCTION_MEAN ? 1.0 : e.p.data ? (double)rows : 0.0 };
    if (e.p.data && !rows && reduction == TP_REDUCTION_MEAN) sum.divisor = NAN;
    return tpc_reduce_run(call, tpc_row_numbers(rows), 1, sum);
}

/* total: room for what a mean divides by, which becomes the job's */
static tp_status take_total(tp__call *call, entropy *e, int32_t reduction, double *total)
{
    if (reduction != TP_REDUCTION_MEAN) return TP_OK;
    if (!total) return TP_ERR_MEMORY;
    e->total = total;
    return tpc_reduce_run(call, tpc_row_numbers(e->rows.outer * e->rows.inner), 1, tpc_class_total{ e->classes, e->narrow, total });
}

static tp_status cross_entropy_backward(tp__call *call)
{
    entropy e;
    int32_t reduction;
    tpc_array dx, dy;
    tpc_in(call, 0, &dy);
    setup(call, 1, &e, &reduction, &dy);
    tpc_out(call, 0, &dx);
    if (!dx.numel) return TP_OK;
    e.y = tpc_side_of(dx);
    e.dy = tpc_side_of(dy);
    e.each = reduction == TP_REDUCTION_NONE;
    tpc_temporary total(call, sizeof(double));
    const tp_status status = take_total(call, &e, reduction, total.as<double>());
    if (status) return status;
    const cudaStream_t stream = tpc_stream(call);
    if (e.x.dtype == TP_F64) TPC_LAUNCH(entropy_back<double>, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, stream, e);
    else TPC_LAUNCH(entropy_back<float>, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, stream, e);
    return tpc_launched(call);
}

static tp_status cross_entropy_target(tp__call *call)
{
    entropy e;
    int32_t reduction;
    tpc_array q;
    setup(call, 0, &e, &reduction, nullptr);
    tpc_out(call, 0, &q);
    if (!q.numel) return TP_OK;
    e.y = tpc_side_of(q);
    tpc_temporary total(call, sizeof(double));
    const tp_status status = take_total(call, &e, reduction, total.as<double>());
    if (status) return status;
    TPC_LAUNCH(entropy_target, tpc_rows_grid(call, e.rows), TPC_BLOCK, 0, tpc_stream(call), e);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_loss_entropy[] = {
    { "cross_entropy", cross_entropy, NULL }, { "cross_entropy_backward", cross_entropy_backward, NULL },
    { "cross_entropy_target", cross_entropy_target, NULL }, { NULL, NULL, NULL },
};
