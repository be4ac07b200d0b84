/* loss_ctc.cu: the forward-backward algorithm of CTC, in logarithms and float64. A target t1 t2 .. is read with blanks between: state 2 k is
 * a blank, state 2 k + 1 is t_k. alpha(time, state) is ln p of all beginnings of paths that are there then, beta of all ends. A path stays,
 * steps on, or skips a blank between two classes that differ. A block has a sequence: its threads share the states of a time. */
#include "cuda/lanes.cuh"

struct class_link { int32_t next; bool is_first; };          /* of a place in the target: the next of its class, -1: none; and whether none comes before */

struct ctc {
    tpc_side x, dy, y;                                 /* [time, n, classes]; [n]; y: losses [n], or dx */
    const int64_t *targets, *lengths;                  /* lengths [3, n]: of the input, of the target, where that begins */
    int64_t n, time, classes, blank, width, longest, n_targets;       /* width: of a row of alpha */
    bool zero_infinity;
    double *alpha;                                     /* [n, time, width] */
    double *beta;                                      /* of backward: [n, 2, width] */
    class_link *links;                                       /* [n, longest] */
    tpc_watch lengths_watch, class_watch;
};

struct sequence { int64_t time, states; const int64_t *target; double *alpha; };

/* One whose lengths do not fit is noted, and has no elements. */
TPC_DEVICE sequence sequence_at(const ctc &c, int64_t i, bool notes)
{
    const int64_t time = c.lengths[i], length = c.lengths[c.n + i], begins = c.lengths[2 * c.n + i];
    const bool fits = time >= 0 && time <= c.time && length >= 0 && length <= c.longest && begins >= 0 && begins <= c.n_targets - length;
    if (!fits && notes) tpc_note_bad(c.lengths_watch, i, 0);
    return fits ? sequence{ time, 2 * length + 1, c.targets + begins, c.alpha + i * c.time * c.width }
                : sequence{ 0, 1, c.targets, c.alpha + i * c.time * c.width };
}
TPC_DEVICE int64_t class_at(const ctc &c, const sequence &q, int64_t k)
{
    const int64_t t = q.target[k];
    return t >= 0 && t < c.classes ? t : c.blank;
}
TPC_DEVICE int64_t label(const ctc &c, const sequence &q, int64_t state) { return state % 2 ? class_at(c, q, state / 2) : c.blank; }
/* May the state be come to from state - 2? */
TPC_DEVICE bool skips(const sequence &q, int64_t state)
{
    return state % 2 && state > 1 && q.target[state / 2] != q.target[state / 2 - 1];
}
TPC_DEVICE double x_at(const ctc &c, int64_t i, int64_t t, int64_t class_) { return tpc_load<double>(c.x.data, c.x.dtype, (t * c.n + i) * c.classes + class_); }

TPC_DEVICE double log_sum(double a, double b, double c)
{
    double most = a > b ? a : b;
    if (c > most) most = c;
    if (most == -INFINITY) return most;
    return most + ::log(::exp(a - most) + ::exp(b - most) + ::exp(c - most));
}
struct add_logs { __device__ double operator()(double a, double b) const { return log_sum(a, b, -INFINITY); } };

/* ln p of the target, once alpha is known */
TPC_DEVICE double likelihood(const ctc &c, const sequence &q)
{
    if (!q.time) return q.states == 1 ? 0 : -INFINITY;
    const double *last = q.alpha + (q.time - 1) * c.width + q.states - 1;
    return log_sum(last[0], q.states > 1 ? last[-1] : -INFINITY, -INFINITY);
}

static __global__ void __launch_bounds__(TPC_BLOCK) ctc_forward(const ctc c)
{
    for (int64_t i = blockIdx.x; i < c.n; i += gridDim.x) {
        const sequence q = sequence_at(c, i, !threadIdx.x);
        for (int64_t k = threadIdx.x; k < q.states / 2; k += TPC_BLOCK)
            if (q.target[k] < 0 || q.target[k] >= c.classes) tpc_note_bad(c.class_watch, q.target[k], c.classes);
        for (int64_t k = threadIdx.x; k < c.time * c.width; k += TPC_BLOCK)
            if (k / c.width >= q.time || k % c.width >= q.states) q.alpha[k] = -INFINITY;
        for (int64_t t = 0; t < q.time; t++) {
            double *now = q.alpha + t * c.width;
            const double *before = now - c.width;
            for (int64_t k = threadIdx.x; k < q.states; k += TPC_BLOCK) {
                const double from = !t ? (k < 2 ? 0 : -INFINITY)
                    : log_sum(before[k], k > 0 ? before[k - 1] : -INFINITY, skips(q, k) ? before[k - 2] : -INFINITY);
                now[k] = from + x_at(c, i, t, label(c, q, k));
            }
            __syncthreads();
        }
        const double loss = -likelihood(c, q);
        if (!threadIdx.x) tpc_store(c.y.data, c.y.dtype, i, c.zero_infinity && loss == INFINITY ? 0 : loss);
    }
}

/* Blanks in the target count with those between. */
TPC_DEVICE void link_classes(const ctc &c, const sequence &q, class_link *links)
{
    const int64_t length = q.states / 2;
    for (int64_t k = threadIdx.x; k < length; k += TPC_BLOCK) {
        const int64_t mine = class_at(c, q, k);
        int64_t before = 0, after = k + 1;
        while (before < k && class_at(c, q, before) != mine) before++;
        while (after < length && class_at(c, q, after) != mine) after++;
        links[k] = class_link{ after < length ? (int32_t)after : -1, mine != c.blank && before == k };
    }
    __syncthreads();
}

/* beta of the states at one time, from those a step later */
TPC_DEVICE void step_back(const ctc &c, const sequence &q, int64_t i, int64_t t, const double *later, double *now)
{
    for (int64_t k = threadIdx.x; k < q.states; k += TPC_BLOCK) {
        const double to = t == q.time - 1 ? (k >= q.states - 2 ? 0 : -INFINITY)
            : log_sum(later[k], k + 1 < q.states ? later[k + 1] : -INFINITY, k + 2 < q.states && skips(q, k + 2) ? later[k + 2] : -INFINITY);
        now[k] = to + x_at(c, i, t, label(c, q, k));
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) ctc_backward(const ctc c)
{
    for (int64_t i = blockIdx.x; i < c.n; i += gridDim.x) {
        const sequence q = sequence_at(c, i, !threadIdx.x);
        const double loss = -likelihood(c, q), g = tpc_load<double>(c.dy.data, c.dy.dtype, i);
        const bool gone = c.zero_infinity && loss == INFINITY;
        class_link *const links = c.links + i * c.longest;
        double *const beta = c.beta + i * 2 * c.width;
        link_classes(c, q, links);
        for (int64_t t = c.time - 1; t >= 0; t--) {
            double *const now = beta + t % 2 * c.width;
            const double *const alpha = q.alpha + t * c.width;
            const bool inside = t < q.time;
            const int64_t base = (t * c.n + i) * c.classes;
            if (inside) step_back(c, q, i, t, beta + (t + 1) % 2 * c.width, now);
            __syncthreads();
            for (int64_t k = threadIdx.x; k < c.classes; k += TPC_BLOCK) /* of classes that the target lacks */
                tpc_store(c.y.data, c.y.dtype, base + k, !inside || gone ? 0.0 : (::exp(x_at(c, i, t, k)) - ::exp(-INFINITY + loss - x_at(c, i, t, k))) * g);
            double blanks = -INFINITY;
            for (int64_t k = threadIdx.x; inside && k < q.states; k += TPC_BLOCK)
                if (label(c, q, k) == c.blank) blanks = log_sum(blanks, alpha[k] + now[k], -INFINITY);
            blanks = tpc_block_join(blanks, add_logs());
            if (!inside || gone) continue;
            if (!threadIdx.x)
                tpc_store(c.y.data, c.y.dtype, base + c.blank,
                          (::exp(x_at(c, i, t, c.blank)) - ::exp(blanks + loss - x_at(c, i, t, c.blank))) * g);
            for (int64_t k = threadIdx.x; k < q.states / 2; k += TPC_BLOCK) {
                if (!links[k].is_first) continue;
                const int64_t class_ = class_at(c, q, k);
                double sum = -INFINITY;
                for (int64_t m = k; m >= 0; m = links[m].next) sum = log_sum(sum, alpha[2 * m + 1] + now[2 * m + 1], -INFINITY);
                const double x = x_at(c, i, t, class_);
                tpc_store(c.y.data, c.y.dtype, base + class_, (::exp(x) - ::exp(sum + loss - x)) * g);
            }
        }
        __syncthreads();
    }
}

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------------ */

/* Input i, row-major and of the dtype, 0 for its own; *room is the caller's to free. */
static tp_status take(const tp__call *call, int i, int dtype, tpc_array *x, void **room)
{
    tpc_in(call, i, x);
    if (!dtype || x->dtype == dtype || !x->numel) return tpc_contiguous(call, x, room);
    tpc_array y = *x;
    int64_t stride = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        y.stride[d] = stride;
        stride *= x->shape[d];
    }
    y.dtype = dtype;
    y.contiguous = true;
    y.data = *room = tpc_room(call, (size_t)x->numel * (size_t)tpc_size(dtype));
    if (!y.data) return TP_ERR_MEMORY;
    const tp_status status = tpc_copy(call, &y, x);
    *x = y;
    return status;
}

static void set_up(const tp__call *call, const tpc_array &x, const tpc_array &targets, const tpc_array &lengths, ctc *c)
{
    const tp__ctc *attr = (const tp__ctc *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    *c = ctc();
    c->x = tpc_side_of(x);
    c->y = tpc_side_of(y);
    c->targets = (const int64_t *)targets.data;
    c->lengths = (const int64_t *)lengths.data;
    c->time = x.shape[0];
    c->n = x.shape[1];
    c->classes = x.shape[2];
    c->blank = attr->blank;
    c->longest = attr->longest;
    c->width = 2 * attr->longest + 1;
    c->n_targets = targets.numel;
    c->zero_infinity = attr->zero_infinity;
    c->lengths_watch = tpc_watch_for(call, TP_ERR_ARGUMENT, "the lengths of sequence %lld leave log_probs or targets");
    c->class_watch = tpc_watch_for(call, TP_ERR_INDEX, "target %lld is not in [0, %lld)");
}

static tp_status ctc_loss_each(tp__call *call)
{
    tpc_array x, targets, lengths, alpha;
    tpc_temporary room_x(call), room_targets(call), room_lengths(call);
    tp_status status = take(call, 0, 0, &x, &room_x.data);
    if (!status) status = take(call, 1, TP_I64, &targets, &room_targets.data);
    if (!status) status = take(call, 2, TP_I64, &lengths, &room_lengths.data);
    if (status || !x.shape[1]) return status;
    ctc c;
    set_up(call, x, targets, lengths, &c);
    tpc_out(call, 1, &alpha);
    c.alpha = (double *)alpha.data;
    TPC_LAUNCH(ctc_forward, tpc_grid(call, c.n), TPC_BLOCK, 0, tpc_stream(call), c);
    return tpc_launched(call);
}

/* Inputs dy, log_probs, targets, lengths, alpha. */
static tp_status ctc_loss_backward(tp__call *call)
{
    tpc_array dy, x, targets, lengths, alpha;
    tpc_temporary room_dy(call), room_x(call), room_targets(call), room_lengths(call), room_alpha(call);
    tp_status status = take(call, 0, 0, &dy, &room_dy.data);
    if (!status) status = take(call, 1, 0, &x, &room_x.data);
    if (!status) status = take(call, 2, TP_I64, &targets, &room_targets.data);
    if (!status) status = take(call, 3, TP_I64, &lengths, &room_lengths.data);
    if (!status) status = take(call, 4, TP_F64, &alpha, &room_alpha.data);
    if (status || !x.numel) return status;
    ctc c;
    set_up(call, x, targets, lengths, &c);
    tpc_temporary beta(call, (size_t)(c.n * 2 * c.width) * sizeof(double)), links(call, (size_t)(c.n * c.longest) * sizeof(class_link));
    if (!beta.data || (c.longest && !links.data)) return TP_ERR_MEMORY;
    c.dy = tpc_side_of(dy);
    c.alpha = (double *)alpha.data;
    c.beta = beta.as<double>();
    c.links = links.as<class_link>();
    TPC_LAUNCH(ctc_backward, tpc_grid(call, c.n), TPC_BLOCK, 0, tpc_stream(call), c);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_loss_ctc[] = {
    { "ctc_loss_each", ctc_loss_each, NULL }, { "ctc_loss_backward", ctc_loss_backward, NULL }, { NULL, NULL, NULL },
};
