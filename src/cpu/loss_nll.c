/* loss_nll.c: picking one value of each row, and putting one there. */
#include "core/memory.h"
#include "core/parallel.h"
#include "cpu/loss.h"
#include "cpu/scratch.h"
#include "cpu/softmax.h"

enum { CHUNK = 1 << 12, PARALLEL = 1 << 16 };

typedef struct nll_attr { int64_t ignore_index; int32_t reduction; } nll_attr;
typedef struct nll {
    tp__rows shape;
    int64_t rows, ignore;
    int32_t reduction;
    const int64_t *target;
    const tp_tensor *x, *weight;                       /* x: of the forward; weight may be NULL */
    tp_tensor *y;                                      /* the losses of each row, or dx */
    const tp_tensor *dy;
    double divisor, *sums;                             /* what a mean divides by; the losses of each chunk */
} nll;

static double value_at(const tp_tensor *x, int64_t i)
{
    if (x->dtype == TP_F32) return (double)((const float *)x->data)[i];
    if (x->dtype == TP_F64) return ((const double *)x->data)[i];
    double v;
    tp__cast_row(&v, TP_F64, 1, (const char *)x->data + i * (int64_t)tp_dtype_size((tp_dtype)x->dtype), (tp_dtype)x->dtype, 1, 1);
    return v;
}

static void set_at(tp_tensor *x, int64_t i, double v)
{
    if (x->dtype == TP_F32) ((float *)x->data)[i] = (float)v;
    else if (x->dtype == TP_F64) ((double *)x->data)[i] = v;
    else tp__cast_row((char *)x->data + i * (int64_t)tp_dtype_size((tp_dtype)x->dtype), (tp_dtype)x->dtype, 1, &v, TP_F64, 1, 1);
}

/* in: the input, the target and the weight. */
static tp_status setup(nll *s, const tp__call *call, tp_tensor *const *in)
{
    const nll_attr *attr = call->attr;
    const tp_tensor *weight = in[2];
    *s = (nll){ .shape = tp__rows_of(in[0], in[0]->ndim > 1), .ignore = attr->ignore_index, .target = in[1]->data, .weight = weight, .divisor = 1,
                .reduction = attr->reduction ? attr->reduction : TP_REDUCTION_MEAN };
    s->rows = s->shape.outer * s->shape.inner;
    double sum = 0;
    for (int64_t r = 0; r < s->rows; r++) {
        const int64_t t = s->target[r];
        if (t == s->ignore) continue;
        if (t < 0 || t >= s->shape.n)
            return tp_fail(TP_ERR_INDEX, "nll_loss: target %lld is not in [0, %lld)", (long long)t, (long long)s->shape.n);
        sum += weight ? value_at(weight, t) : 1;
    }
    if (s->reduction == TP_REDUCTION_MEAN) s->divisor = sum;
    return TP_OK;
}

static double loss_at(const nll *s, int64_t r)
{
    const int64_t t = s->target[r], inner = s->shape.inner, at = (r / inner * s->shape.n + t) * inner + r % inner;
    return t == s->ignore ? 0 : -value_at(s->x, at) * (s->weight ? value_at(s->weight, t) : 1);
}

static void pick(void *arg, int64_t chunk)
{
    const nll *s = arg;
    const int64_t end = (chunk + 1) * CHUNK < s->rows ? (chunk + 1) * CHUNK : s->rows;
    double sum = 0;
    for (int64_t r = chunk * CHUNK; r < end; r++) {
        const double loss = loss_at(s, r);
        sum += loss;
        if (s->y) set_at(s->y, r, loss);
    }
    s->sums[chunk] = sum;
}

/* In 16-bit floats the sum is one after the other. */
static tp_status sum_narrow(nll *s, tp_tensor *y)
{
    const tp_dtype dtype = (tp_dtype)y->dtype;
    const int64_t n = s->weight ? s->shape.n : 0;
    double *losses = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(s->rows + n + 1) * sizeof *losses);
    if (!losses) return TP_ERR_MEMORY;
    double *weight = losses + s->rows;
    for (int64_t c = 0; c < n; c++) weight[c] = value_at(s->weight, c);
    for (int64_t r = 0; r < s->rows; r++) losses[r] = tp__narrowed(dtype, loss_at(s, r));
    set_at(y, 0, tp__class_sum_narrow(dtype, s->rows, losses, s->target, s->ignore, n ? weight : NULL, s->reduction == TP_REDUCTION_MEAN));
    return TP_OK;
}

static tp_status nll_loss(tp__call *call)
{
    nll s;
    const tp_status status = setup(&s, call, call->in);
    if (status) return status;
    s.x = call->in[0];
    if (s.reduction != TP_REDUCTION_NONE && tp__is_narrow(s.x->dtype)) return sum_narrow(&s, call->out[0]);
    const int64_t chunks = (s.rows + CHUNK - 1) / CHUNK;
    double one = 0;
    s.sums = chunks > 1 ? tp__scratch(TP__SCRATCH_PARTIAL, (size_t)chunks * sizeof *s.sums) : &one;
    if (!s.sums) return TP_ERR_MEMORY;
    s.y = s.reduction == TP_REDUCTION_NONE ? call->out[0] : NULL;
    tp__parallel(chunks, s.rows >= PARALLEL ? tp_get_num_threads() : 1, pick, &s);
    if (s.y) return TP_OK;
    double sum = 0;
    for (int64_t c = 0; c < chunks; c++) sum += s.sums[c];
    set_at(call->out[0], 0, sum / s.divisor);
    return TP_OK;
}

static void put(void *arg, int64_t first, int64_t last)
{
    const nll *s = arg;
    const int64_t n = s->shape.n, inner = s->shape.inner;
    const size_t bytes = (size_t)(n * inner) * tp_dtype_size((tp_dtype)s->y->dtype);
    for (int64_t o = first; o < last; o++) {
        memset((char *)s->y->data + (size_t)o * bytes, 0, bytes);
        for (int64_t i = 0; i < inner; i++) {
            const int64_t r = o * inner + i, t = s->target[r];
            if (t == s->ignore) continue;
            const double g = value_at(s->dy, s->reduction == TP_REDUCTION_NONE ? r : 0) / s->divisor;
            set_at(s->y, (o * n + t) * inner + i, -g * (s->weight ? value_at(s->weight, t) : 1));
        }
    }
}

static tp_status nll_loss_backward(tp__call *call)
{
    nll s;
    const tp_status status = setup(&s, call, call->in + 1);
    if (status) return status;
    s.dy = call->in[0];
    s.y = call->out[0];
    tp__parallel_items(s.shape.outer, s.shape.n * s.shape.inner, tp_get_num_threads(), put, &s);
    return TP_OK;
}

const tp_kernel tp__cpu_loss_nll[] = { { "nll_loss", nll_loss, NULL }, { "nll_loss_backward", nll_loss_backward, NULL }, { NULL, NULL, NULL } };
