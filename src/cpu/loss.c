/* loss.c: cross entropy of rows of logits, and the squared error.
 *
 * Of a row x with log-probabilities l, a target distribution q and Q = sum(q):  loss = -sum(q l),  dx = dy (Q softmax(x) - q).
 * A class t means q_c = (1 - s) w_t [c = t] + s / C w_c, probabilities p mean q_c = w_c ((1 - s) p_c + s / C). */
#include "core/convert.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"
#include "cpu/softmax.h"

enum { CHUNK = 1 << 15, BLOCK = 1024, FEW = 512, PARALLEL = 1 << 17 };
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
    if (e->reduction == MEAN) e->divisor = sum;
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

/* The part of sum(q l) that a row of probabilities, or smoothing, gives; then the loss and dx of rows */
#define LOSS_ROWS(bits, T) \
    static double smooth_f##bits(const entropy *e, int64_t n, const T *x, const T *p, double max, double logsum) \
    { \
        const double keep = 1 - e->smoothing, rest = e->smoothing / (double)n; \
        double sum = 0; \
        for (int64_t c = 0; c < n; c++) { \
            const double w = e->weight ? e->weight[c] : 1; \
            sum += w * (p ? keep * (double)p[c] + rest : rest) * ((double)x[c] - max - logsum); \
        } \
        return sum; \
    } \
    static void loss_rows_f##bits(const entropy *e, int64_t rows, int64_t n, int64_t first, const T *x, const T *p) \
    { \
        enum { MOST = 256 }; \
        T max[MOST], logsum[MOST]; \
        for (int64_t r = 0; r < rows; r++, x += n, p = p ? p + n : p) { \
            const int64_t k = r % MOST; \
            if (!k) tp__logsum_rows_f##bits(least(MOST, rows - r), n, x, max, logsum); \
            double sum = 0; \
            if (p || (e->smoothing > 0 && e->target[first + r] != e->ignore)) \
                sum = smooth_f##bits(e, n, x, p, (double)max[k], (double)logsum[k]); \
            const int64_t t = p ? 0 : e->target[first + r]; \
            if (!p && t != e->ignore) \
                sum += (1 - e->smoothing) * (e->weight ? e->weight[t] : 1) * (double)(x[t] - max[k] - logsum[k]); \
            e->loss[first + r] = -sum; \
        } \
    } \
    static TP__INLINE void scale_f##bits##_body(int64_t n, T *x, T s) { for (int64_t i = 0; i < n; i++) x[i] *= s; } \
    TP__SIMD(static, scale_f##bits, (int64_t n, T *x, T s), (n, x, s)) \
    static void dx_rows_f##bits(const entropy *e, int64_t rows, int64_t n, int64_t first, const T *x, T *dx) \
    { \
        tp__softmax_rows_f##bits(rows, n, x, dx); \
        const double rest = e->smoothing / (double)n; \
        for (int64_t r = 0; r < rows; r++, dx += n) { \
            const int64_t t = e->target[first + r]; \
            if (t == e->ignore) { \
                memset(dx, 0, (size_t)n * sizeof *dx); \
                continue; \
            } \
            const double g = (e->dy_rows ? e->dy_rows[first + r] : e->dy) / e->divisor; \
            const double q = (1 - e->smoothing) * (e->weight ? e->weight[t] : 1), more = rest * e->weights; \
            scale_f##bits(n, dx, (T)(g * (q + more))); \
            for (int64_t c = 0; rest > 0 && c < n; c++) dx[c] -= (T)(g * rest * (e->weight ? e->weight[c] : 1)); \
            dx[t] -= (T)(g * q); \
        } \
    }
LOSS_ROWS(32, float)
LOSS_ROWS(64, double)

static void loss_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
{
    (void)y;
    const entropy *e = arg;
    if (f64) loss_rows_f64(e, rows, n, first, x[0], e->target ? NULL : x[1]);
    else loss_rows_f32(e, rows, n, first, x[0], e->target ? NULL : x[1]);
}

static void dx_rows(int64_t rows, int64_t n, int64_t first, const void *const *x, void *y, bool f64, const void *arg)
{
    const entropy *e = arg;
    if (f64) dx_rows_f64(e, rows, n, first, x[0], y);
    else dx_rows_f32(e, rows, n, first, x[0], y);
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
    double sum = 0;
    for (int64_t r = 0; r < e.rows && e.reduction != NONE; r++) sum += e.loss[r];
    sum /= e.divisor;
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

/* ---- Squared error ------------------------------------------------------------------------------------------------------------------------- */

#define SQUARES(bits, T) \
    static TP__INLINE void sum_f##bits##_body(int64_t n, const T *a, const T *b, double *out) \
    { \
        T part[32] = { 0 }; \
        int64_t i = 0; \
        for (; i + 32 <= n; i += 32) \
            for (int l = 0; l < 32; l++) { const T d = a[i + l] - b[i + l]; part[l] += d * d; } \
        for (; i < n; i++) { const T d = a[i] - b[i]; part[0] += d * d; } \
        for (int half = 16; half; half /= 2) \
            for (int l = 0; l < half; l++) part[l] += part[l + half]; \
        *out += (double)part[0]; \
    } \
    TP__SIMD(static, sum_f##bits, (int64_t n, const T *a, const T *b, double *out), (n, a, b, out)) \
    static TP__INLINE void each_f##bits##_body(int64_t n, const T *a, const T *b, T *y) \
    { for (int64_t i = 0; i < n; i++) { const T d = a[i] - b[i]; y[i] = d * d; } } \
    TP__SIMD(static, each_f##bits, (int64_t n, const T *a, const T *b, T *y), (n, a, b, y)) \
    static TP__INLINE void dx_f##bits##_body(int64_t n, const T *dy, const T *a, const T *b, T s, T *y) \
    { \
        if (dy) for (int64_t i = 0; i < n; i++) y[i] = (a[i] - b[i]) * (s * dy[i]); \
        else for (int64_t i = 0; i < n; i++) y[i] = (a[i] - b[i]) * s; \
    } \
    TP__SIMD(static, dx_f##bits, (int64_t n, const T *dy, const T *a, const T *b, T s, T *y), (n, dy, a, b, s, y))
SQUARES(32, float)
SQUARES(64, double)

/* n <= BLOCK elements from the i-th on, as float64 or float32: where they are, or copied to `block` */
static const void *part_of(const tp_tensor *x, int64_t i, int64_t n, void *block)
{
    const char *at = (const char *)x->data + i * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    if (x->dtype == TP_F32 || x->dtype == TP_F64) return at;
    tp__cast_row(block, TP_F32, 1, at, (tp_dtype)x->dtype, 1, n);
    return block;
}

typedef struct squares { const tp_tensor *a, *b, *dy; tp_tensor *y; double scale; bool backward; } squares;      /* y = NULL: the sum alone */

/* One block: its sum, or its part of y */
static double square_block(const squares *s, int64_t i, int64_t n)
{
    _Alignas(64) float parts[4][BLOCK];
    const bool f64 = s->a->dtype == TP_F64, plain = f64 || s->a->dtype == TP_F32;
    const void *a = part_of(s->a, i, n, parts[0]), *b = part_of(s->b, i, n, parts[1]), *dy = s->dy ? part_of(s->dy, i, n, parts[2]) : NULL;
    double sum = 0;
    char *to = s->y ? (char *)s->y->data + i * (int64_t)tp_dtype_size((tp_dtype)s->y->dtype) : NULL;
    void *y = plain ? (void *)to : parts[3];
    if (!s->y) {
        if (f64) sum_f64(n, a, b, &sum);
        else sum_f32(n, a, b, &sum);
    } else if (s->backward) {
        if (f64) dx_f64(n, dy, a, b, s->scale, y);
        else dx_f32(n, dy, a, b, (float)s->scale, y);
    } else if (f64) {
        each_f64(n, a, b, y);
    } else {
        each_f32(n, a, b, y);
    }
    if (s->y && !plain) tp__cast_row(to, (tp_dtype)s->y->dtype, 1, y, TP_F32, 1, n);
    return sum;
}

typedef struct chunk_sums { const squares *s; double *sum; } chunk_sums;

static void square_chunk(void *arg, int64_t chunk)
{
    const chunk_sums *all = arg;
    const squares *s = all->s;
    const int64_t end = least(s->a->numel, (chunk + 1) * CHUNK);
    double sum = 0;
    for (int64_t i = chunk * CHUNK; i < end; i += BLOCK) sum += square_block(s, i, least(BLOCK, end - i));
    all->sum[chunk] = sum;
}

/* All blocks; their sum, in an order that the number of threads does not change */
static tp_status square_blocks(const squares *s, double *sum)
{
    const int64_t numel = s->a->numel, chunks = (numel + CHUNK - 1) / CHUNK;
    double one = 0, *sums = chunks > 1 ? tp__scratch(TP__SCRATCH_PARTIAL, (size_t)chunks * sizeof *sums) : &one;
    if (!sums) return TP_ERR_MEMORY;
    tp__parallel(chunks, numel >= PARALLEL ? tp_get_num_threads() : 1, square_chunk, &(chunk_sums){ s, sums });
    *sum = 0;
    for (int64_t c = 0; c < chunks; c++) *sum += sums[c];
    return TP_OK;
}

static tp_status mse_loss_kernel(tp__call *call)
{
    const int32_t reduction = *(const int32_t *)call->attr;
    tp_tensor *y = call->out[0];
    const squares s = { .a = call->in[0], .b = call->in[1], .y = reduction == NONE ? y : NULL };
    double sum;
    const tp_status status = square_blocks(&s, &sum);
    if (status || reduction == NONE) return status;
    if (reduction != TP_REDUCTION_SUM) sum /= (double)s.a->numel;
    tp__cast_row(y->data, (tp_dtype)y->dtype, 1, &sum, TP_F64, 1, 1);
    return TP_OK;
}

static tp_status mse_loss_backward_kernel(tp__call *call)
{
    const int32_t reduction = *(const int32_t *)call->attr;
    const tp_tensor *dy = call->in[0];
    squares s = { .a = call->in[1], .b = call->in[2], .y = call->out[0], .scale = 2, .backward = true };
    if (reduction == NONE) {
        s.dy = dy;
    } else {
        double g;
        tp__cast_row(&g, TP_F64, 1, dy->data, (tp_dtype)dy->dtype, 1, 1);
        s.scale = 2 * g;
        if (reduction != TP_REDUCTION_SUM) s.scale /= (double)s.a->numel;
    }
    double sum;
    return square_blocks(&s, &sum);
}

const tp_kernel tp__cpu_loss[] = {
    { "cross_entropy", cross_entropy_kernel, NULL }, { "cross_entropy_backward", cross_entropy_backward_kernel, NULL },
    { "cross_entropy_target", cross_entropy_target_kernel, NULL }, { "mse_loss", mse_loss_kernel, NULL },
    { "mse_loss_backward", mse_loss_backward_kernel, NULL }, { NULL, NULL, NULL },
};
