/* loss_ctc.c: the forward-backward algorithm of CTC, in logarithms and float64. A target t1 t2 .. is read with blanks between:
 * state 2 k is a blank, state 2 k + 1 is t_k. alpha(time, state) is ln p of all beginnings of paths that are there then, beta of all
 * ends. A path stays, steps on, or skips a blank between two classes that differ. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/scratch.h"

#include <math.h>

typedef struct ctc {
    const double *x, *dy;                              /* [time, n, classes]; [n] */
    const int64_t *targets, *lengths;
    int64_t n, time, classes, blank, width;            /* width: of a row of alpha */
    bool zero_infinity;
    double *alpha, *losses, *dx;
    char *rows;                                        /* of backward: two rows of beta and one of sums for each seat */
} ctc;

typedef struct sequence { int64_t time, states; const int64_t *target; const double *x; double *alpha; } sequence;

static sequence sequence_at(const ctc *s, int64_t i)
{
    return (sequence){ s->lengths[i], 2 * s->lengths[s->n + i] + 1, s->targets + s->lengths[2 * s->n + i], s->x + i * s->classes,
                       s->alpha + i * s->time * s->width };
}
static inline int64_t label(const ctc *s, const sequence *q, int64_t state) { return state % 2 ? q->target[state / 2] : s->blank; }
static inline bool skips(const sequence *q, int64_t state)               /* from state - 2 to state */
{
    return state % 2 && state > 1 && q->target[state / 2] != q->target[state / 2 - 1];
}

static double log_sum(double a, double b, double c)
{
    double most = a > b ? a : b;
    if (c > most) most = c;
    if (most == -INFINITY) return most;
    return most + log(exp(a - most) + exp(b - most) + exp(c - most));
}

/* ln p of the target, once alpha is known */
static double likelihood(const ctc *s, const sequence *q)
{
    if (!q->time) return q->states == 1 ? 0 : -INFINITY;
    const double *last = q->alpha + (q->time - 1) * s->width + q->states - 1;
    return log_sum(last[0], q->states > 1 ? last[-1] : -INFINITY, -INFINITY);
}

static void forward_one(void *arg, int64_t i)
{
    const ctc *s = arg;
    const sequence q = sequence_at(s, i);
    const int64_t step = s->n * s->classes;
    for (int64_t k = 0; k < s->time * s->width; k++) q.alpha[k] = -INFINITY;
    for (int64_t t = 0; t < q.time; t++) {
        const double *x = q.x + t * step;
        double *now = q.alpha + t * s->width;
        for (int64_t k = 0; k < q.states; k++) {
            const double *before = now - s->width;
            const double from = t == 0 ? (k < 2 ? 0 : -INFINITY)
                : log_sum(before[k], k > 0 ? before[k - 1] : -INFINITY, skips(&q, k) ? before[k - 2] : -INFINITY);
            now[k] = from + x[label(s, &q, k)];
        }
    }
    const double loss = -likelihood(s, &q);
    s->losses[i] = s->zero_infinity && loss == INFINITY ? 0 : loss;
}

/* beta of the states at one time, from those a step later */
static void step_back(const ctc *s, const sequence *q, const double *x, const double *later, double *now)
{
    for (int64_t k = 0; k < q->states; k++) {
        const double to = !later ? (k >= q->states - 2 ? 0 : -INFINITY)
            : log_sum(later[k], k + 1 < q->states ? later[k + 1] : -INFINITY, k + 2 < q->states && skips(q, k + 2) ? later[k + 2] : -INFINITY);
        now[k] = to + x[label(s, q, k)];
    }
}

static void backward_one(void *arg, int64_t i)
{
    const ctc *s = arg;
    const sequence q = sequence_at(s, i);
    const int64_t step = s->n * s->classes, room = 2 * s->width + s->classes;
    const double loss = -likelihood(s, &q), g = s->dy[i];
    double *beta = (double *)(void *)s->rows + tp__seat() * room, *sums = beta + 2 * s->width, *dx = s->dx + i * s->classes;
    for (int64_t t = q.time; t < s->time; t++) memset(dx + t * step, 0, (size_t)s->classes * sizeof *dx);
    for (int64_t t = q.time - 1; t >= 0; t--) {
        const double *x = q.x + t * step, *alpha = q.alpha + t * s->width;
        double *now = beta + t % 2 * s->width;
        step_back(s, &q, x, t == q.time - 1 ? NULL : beta + (t + 1) % 2 * s->width, now);
        for (int64_t c = 0; c < s->classes; c++) sums[c] = -INFINITY;
        for (int64_t k = 0; k < q.states; k++) {
            double *sum = &sums[label(s, &q, k)];
            *sum = log_sum(*sum, alpha[k] + now[k], -INFINITY);
        }
        for (int64_t c = 0; c < s->classes; c++)
            dx[t * step + c] = s->zero_infinity && loss == INFINITY ? 0 : (exp(x[c]) - exp(sums[c] + loss - x[c])) * g;
    }
}

/* in: log_probs, targets, lengths. Lengths and classes were never seen before: they come from the user. */
static tp_status set_up(ctc *s, const tp__call *call, tp_tensor *const *in)
{
    const tp__ctc *attr = call->attr;
    const int64_t *lengths = s->lengths, *targets = s->targets;
    *s = (ctc){ .targets = targets, .lengths = lengths, .time = in[0]->shape[0], .n = in[0]->shape[1], .classes = in[0]->shape[2], .blank = attr->blank,
                .width = 2 * attr->longest + 1, .zero_infinity = attr->zero_infinity };
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t length = lengths[s->n + i], begins = lengths[2 * s->n + i];
        if (lengths[i] < 0 || lengths[i] > s->time || length < 0 || length > attr->longest || begins < 0 || begins > in[1]->numel - length)
            return tp_fail(TP_ERR_ARGUMENT, "ctc_loss: the lengths of sequence %lld leave log_probs or targets", (long long)i);
        for (int64_t k = begins; k < begins + length; k++)
            if (targets[k] < 0 || targets[k] >= s->classes)
                return tp_fail(TP_ERR_INDEX, "ctc_loss: target %lld is not in [0, %lld)", (long long)targets[k], (long long)s->classes);
    }
    return TP_OK;
}

static tp_status run(tp__call *call, bool backward)
{
    enum { PARALLEL = 1 << 12 };
    tp_tensor *const *in = call->in + backward, *y = call->out[0];
    tp__plain x = { 0 }, targets = { 0 }, lengths = { 0 }, dy = { 0 }, alpha = { 0 }, result = { 0 };
    tp_status status = tp__plain_take(&x, in[0], TP_F64);
    if (!status) status = tp__plain_take(&targets, in[1], TP_I64);
    if (!status) status = tp__plain_take(&lengths, in[2], TP_I64);
    if (!status && backward) status = tp__plain_take(&dy, call->in[0], TP_F64);
    if (!status && backward) status = tp__plain_take(&alpha, call->in[4], TP_F64);
    if (!status) status = tp__plain_room(&result, y, TP_F64);
    ctc s = { .targets = targets.data, .lengths = lengths.data };
    if (!status) status = set_up(&s, call, in);
    const int threads = s.n * s.time * s.width >= PARALLEL ? tp_get_num_threads() : 1;
    if (!status && backward) {
        s.rows = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)threads * (size_t)(2 * s.width + s.classes) * sizeof(double));
        if (!s.rows) status = TP_ERR_MEMORY;
    }
    if (!status) {
        s.x = x.data;
        s.dy = dy.data;
        s.alpha = backward ? alpha.data : call->out[1]->data;
        s.losses = s.dx = result.data;
        tp__parallel(s.n, threads, backward ? backward_one : forward_one, &s);
        tp__plain_return(&result, y);
    }
    tp__plain *const all[] = { &x, &targets, &lengths, &dy, &alpha, &result };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tp__plain_free(all[i]);
    return status;
}

static tp_status ctc_loss_each(tp__call *call) { return run(call, false); }
static tp_status ctc_loss_backward(tp__call *call) { return run(call, true); }

const tp_kernel tp__cpu_loss_ctc[] = { { "ctc_loss_each", ctc_loss_each, NULL }, { "ctc_loss_backward", ctc_loss_backward, NULL }, { NULL, NULL, NULL } };
