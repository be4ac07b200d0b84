/* loss_entropy.c: cross entropy of rows of logits.
 *
 * Of a row x with log-probabilities l, a target distribution q and Q = sum(q):  loss = -sum(q l),  dx = dy (Q softmax(x) - q).
 * A class t means q_c = (1 - s) w_t [c = t] + s / C w_c, probabilities p mean q_c = w_c ((1 - s) p_c + s / C). */
#include "cpu/loss.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"
#include "cpu/softmax.h"
#include "cpu/stream.h"

#include <math.h>

enum { FEW = 512 };
enum { NONE = TP_REDUCTION_NONE, MEAN = TP_REDUCTION_MEAN };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Cross entropy ------------------------------------------------------------------------------------------------------------------------ */

typedef struct entropy_attr { int64_t ignore_index; int32_t reduction; double label_smoothing; } entropy_attr;
typedef struct entropy {
    tp__rows shape;
    int64_t rows, ignore;
    int32_t reduction;
    const int64_t *target;                             /* NULL: probabilities */
    const double *weight;                              /* NULL: ones */
    double smoothing, weights, divisor;                /* the sum of the weights of all classes; what a mean divides by */
    double *loss;                                      /* of each row */
    double dy;                                         /* of backward, */
    const double *dy_rows;                             /* or by row */
    double *next;                                      /* room for what is above */
    tp_dtype narrow, narrow_sums;                      /* float16 or bfloat16: what is rounded to on the way; and the sums of exp, too */
} entropy;

static double *room_for(entropy *e, int64_t n)
{
    double *at = e->next;
    e->next += n;
    return at;
}
static const double *as_f64(entropy *e, const tp_tensor *x)
{
    double *at = room_for(e, x->numel);
    tp__cast_row(at, TP_F64, 1, x->data, (tp_dtype)x->dtype, 1, x->numel);
    return at;
}

static tp_status check_targets(entropy *e)
{
    double sum = 0;
    for (int64_t r = 0; r < e->rows; r++) {
        const int64_t t = e->target[r];
        if (t == e->ignore) continue;
        if (t < 0 || t >= e->shape.n)
            return tp_fail(TP_ERR_INDEX, "cross_entropy: target %lld is not in [0, %lld)", (long long)t, (long long)e->shape.n);
        sum += e->weight ? e->weight[t] : 1;
    }
    if (e->reduction == MEAN) e->divisor = tp__narrowed(e->narrow, sum);
    return TP_OK;
}

/* dy: of a backward, else NULL. losses: of a forward. `few` has room for FEW of what is kept as float64. */
static tp_status setup(entropy *e, double *few, const tp__call *call, tp_tensor *x, tp_tensor *target, tp_tensor *weight, tp_tensor *dy,
                       bool losses)
{
    const entropy_attr *attr = call->attr;
    *e = (entropy){ .shape = tp__rows_of(x, x->ndim > 1), .ignore = attr->ignore_index, .smoothing = attr->label_smoothing };
    e->reduction = attr->reduction ? attr->reduction : MEAN;
    e->rows = e->shape.outer * e->shape.inner;
    if (tp__is_narrow(x->dtype)) {
        e->narrow = (tp_dtype)x->dtype;
        if (x->ndim <= 2) e->narrow_sums = e->narrow;
    }
    const int64_t wants = (losses ? e->rows : 0) + (dy ? dy->numel : 0) + (weight ? weight->numel : 0);
    e->next = wants > FEW ? tp__scratch(TP__SCRATCH_PARTIAL, (size_t)wants * sizeof(double)) : few;
    if (!e->next) return TP_ERR_MEMORY;
    e->weights = (double)e->shape.n;
    if (weight) {
        e->weight = as_f64(e, weight);
        e->weights = 0;
        for (int64_t c = 0; c < e->shape.n; c++) e->weights += e->weight[c];
    }
    if (losses) e->loss = room_for(e, e->rows);
    if (dy) {
        const double *g = as_f64(e, dy);
        if (e->reduction == NONE) e->dy_rows = g;
        else e->dy = *g;
    }
    e->divisor = e->reduction == MEAN ? (double)e->rows : 1;
    if (tp__is_floating(target->dtype)) return TP_OK;
    e->target = target->data;
    return check_targets(e);
}

/* Log-probabilities of rows, as max and log(sum(exp(x - max))); to the dtype that PyTorch rounds to */
static void logsums_f64(const entropy *e, int64_t rows, int64_t n, const double *x, double *max, double *logsum)
{
    (void)e;
    tp__logsum_rows_f64(rows, n, x, max, logsum);
}
static void logsums_f32(const entropy *e, int64_t rows, int64_t n, const float *x, float *max, float *logsum)
{
    if (e->narrow_sums) tp__logsum_rows_narrow(rows, n, x, max, logsum, &e->narrow_sums);
    else tp__logsum_rows_f32(rows, n, x, max, logsum);
}
#define R(x) tp__narrowed(e->narrow, x)

/* The part of sum(q l) that a row of probabilities, or smoothing, gives; then the loss and dx of rows */
#define LOSS_ROWS(bits, T, EXP) \
    static double smooth_f##bits(const entropy *e, int64_t n, const T *x, const T *p, T max, T logsum) \
    { \
        const double keep = 1 - e->smoothing, rest = e->smoothing / (double)n; \
        double sum = 0; \
        for (int64_t c = 0; c < n; c++) { \
            const double w = e->weight ? e->weight[c] : 1, l = R((double)(x[c] - max - logsum)); \
            const double q = p ? rest > 0 ? R(R(keep * (double)p[c]) + rest) : (double)p[c] : rest; \
            sum += R(R(l * q) * w); \
        } \
        return sum; \
    } \
    static void loss_rows_f##bits(const entropy *e, int64_t rows, int64_t n, int64_t first, const T *x, const T *p) \
    { \
        enum { MOST = 256 }; \
        T max[MOST], logsum[MOST]; \
        for (int64_t r = 0; r < rows; r++, x += n, p = p ? p + n : p) { \
            const int64_t k = r % MOST; \
            if (!k) logsums_f##bits(e, least(MOST, rows - r), n, x, max, logsum); \
            double sum = 0; \
            if (p || (e->smoothing > 0 && e->target[first + r] != e->ignore)) sum = smooth_f##bits(e, n, x, p, max[k], logsum[k]); \
            const int64_t t = p ? 0 : e->target[first + r]; \
            if (!p && t != e->ignore) \
                sum += (1 - e->smoothing) * R((e->weight ? e->weight[t] : 1) * R((double)(x[t] - max[k] - logsum[k]))); \
            e->loss[first + r] = -sum; \
        } \
    } \
    /* exp of what PyTorch's log_softmax keeps */ \
    static void narrow_softmax_f##bits(const entropy *e, int64_t rows, int64_t n, const T *x, T *y) \
    { \
        for (int64_t r = 0; r < rows; r++, x += n, y += n) { \
            T max, logsum; \
            logsums_f##bits(e, 1, n, x, &max, &logsum); \
            for (int64_t c = 0; c < n; c++) y[c] = EXP((T)R((double)(x[c] - max - logsum))); \
        } \
    } \
    static TP__INLINE void scale_f##bits##_body(int64_t n, T *x, T s) { for (int64_t i = 0; i < n; i++) x[i] *= s; } \
    TP__SIMD(static, scale_f##bits, (int64_t n, T *x, T s), (n, x, s)) \
    static void dx_rows_f##bits(const entropy *e, int64_t rows, int64_t n, int64_t first, const T *x, T *dx) \
    { \
        if (e->narrow) narrow_softmax_f##bits(e, rows, n, x, dx); \
        else tp__softmax_rows_f##bits(rows, n, x, dx); \
        const double rest = e->smoothing / (double)n; \
        for (int64_t r = 0; r < rows; r++, dx += n) { \
            const int64_t t = e->target[first + r]; \
            if (t == e->ignore) { \
                memset(dx, 0, (size_t)n * sizeof *dx); \
                continue; \
            } \
            const double g = R((e->dy_rows ? e->dy_rows[first + r] : e->dy) / e->divisor); \
            const double gq = R(g * (1 - e->smoothing) * (e->weight ? e->weight[t] : 1)), more = g * rest * e->weights; \
            scale_f##bits(n, dx, (T)(gq + more)); \
            for (int64_t c = 0; rest > 0 && c < n; c++) dx[c] -= (T)(g * rest * (e->weight ? e->weight[c] : 1)); \
            dx[t] -= (T)gq; \
        } \
    }
LOSS_ROWS(32, float, expf)
LOSS_ROWS(64, double, exp)

static void loss_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    (void)y, (void)past;
    const entropy *e = arg;
    if (f64) loss_rows_f64(e, rows, n, first, x[0], e->target ? NULL : x[1]);
    else loss_rows_f32(e, rows, n, first, x[0], e->target ? NULL : x[1]);
}

static void dx_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, void *past, bool f64, const void *arg)
{
    const entropy *e = arg;
    if (f64) dx_rows_f64(e, rows, n, first, x[0], y);
    else dx_rows_f32(e, rows, n, first, x[0], y);
    if (past) tp__stream(past, y, rows * n * (f64 ? 8 : 4));
}

/* Classes of 16-bit floats are summed as PyTorch does, unless smoothing makes it sum otherwise. */
static double reduced(const entropy *e)
{
    if (e->narrow && e->target && e->smoothing == 0)
        return tp__class_sum_narrow(e->narrow, e->rows, e->loss, e->target, e->ignore, e->weight, e->reduction == MEAN);
    double sum = 0;
    for (int64_t r = 0; r < e->rows; r++) sum += e->loss[r];
    return R(sum) / e->divisor;
}

static tp_status cross_entropy_kernel(tp__call *call)
{
    tp_tensor *y = call->out[0];
    entropy e;
    double few[FEW];
    tp_status status = setup(&e, few, call, call->in[0], call->in[1], call->in[2], NULL, true);
    if (status) return status;
    if (!e.shape.n) memset(e.loss, 0, (size_t)e.rows * sizeof *e.loss);
    status = tp__each_rows(e.shape, call->in, e.target ? 1 : 2, NULL, loss_rows, &e);
    if (status) return status;
    const double sum = e.reduction == NONE ? 0 : reduced(&e);
    tp__cast_row(y->data, (tp_dtype)y->dtype, 1, e.reduction == NONE ? e.loss : &sum, TP_F64, 1, y->numel);
    return TP_OK;
}

static tp_status cross_entropy_backward_kernel(tp__call *call)
{
    entropy e;
    double few[FEW];
    const tp_status status = setup(&e, few, call, call->in[1], call->in[2], call->in[3], call->in[0], false);
    return status ? status : tp__each_rows(e.shape, call->in + 1, 1, call->out[0], dx_rows, &e);
}

/* q of class targets, divided as the loss is, in float64 or float32 */
static tp_status cross_entropy_target_kernel(tp__call *call)
{
    tp_tensor *y = call->out[0];
    entropy e;
    double few[FEW];
    const tp_status status = setup(&e, few, call, call->in[0], call->in[1], call->in[2], NULL, false);
    if (status) return status;
    const int64_t n = e.shape.n, inner = e.shape.inner;
    for (int64_t i = 0; i < y->numel; i++) {
        const int64_t c = i / inner % n, t = e.target[i / (n * inner) * inner + i % inner];
        const double w = e.weight ? e.weight[c] : 1;
        const double q = t == e.ignore ? 0 : w * (e.smoothing / (double)n + (c == t ? 1 - e.smoothing : 0)) / e.divisor;
        if (y->dtype == TP_F64) ((double *)y->data)[i] = q;
        else tp__cast_row((char *)y->data + i * (int64_t)tp_dtype_size((tp_dtype)y->dtype), (tp_dtype)y->dtype, 1, &q, TP_F64, 1, 1);
    }
    return TP_OK;
}

const tp_kernel tp__cpu_loss_entropy[] = {
    { "cross_entropy", cross_entropy_kernel, NULL }, { "cross_entropy_backward", cross_entropy_backward_kernel, NULL },
    { "cross_entropy_target", cross_entropy_target_kernel, NULL }, { NULL, NULL, NULL },
};
