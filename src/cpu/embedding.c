/* embedding.c: looking rows up, and summing gradients of rows. Each row of the gradient belongs to one thread, which goes
 * through the indices in order, so sums do not depend on the number of threads. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"

#include <math.h>

enum { PARALLEL_FROM = 1 << 16 };                      /* elements moved */
enum { PAGE = 4096 };                                  /* bytes that are cleared together */

/* Where element i of x is, in row-major order; in elements. */
static int64_t place(const tp_tensor *x, int ndim, int64_t i)
{
    if (x->flags & TP__CONTIGUOUS && ndim == x->ndim) return i;
    int64_t at = 0;
    for (int d = ndim - 1; d >= 0; i /= x->shape[d--]) at += i % x->shape[d] * x->stride[d];
    return at;
}

static inline int64_t index_at(const tp_tensor *x, int64_t i)
{
    const int64_t at = place(x, x->ndim, i);
    return x->dtype == TP_I64 ? ((const int64_t *)x->data)[at] : ((const int32_t *)x->data)[at];
}

static tp_status check_range(const tp__call *call, const tp_tensor *indices, int64_t rows)
{
    for (int64_t i = 0; i < indices->numel; i++) {
        const int64_t row = index_at(indices, i);
        if (row < 0 || row >= rows)
            return tp__call_fail(call, TP_ERR_INDEX, "index %lld is out of range for %lld rows", (long long)row, (long long)rows);
    }
    return TP_OK;
}

static int threads_for(int64_t elements) { return elements >= PARALLEL_FROM ? tp_get_num_threads() : 1; }

/* ---- Looking up ---------------------------------------------------------------------------------------------------------------------- */

typedef struct lookup { const tp_tensor *indices, *weight; char *y; int64_t masked; } lookup;

static void look_up_some(void *arg, int64_t first, int64_t last)
{
    const lookup *l = arg;
    const tp_tensor *indices = l->indices, *weight = l->weight;
    const tp_dtype dtype = (tp_dtype)weight->dtype;
    const int64_t width = weight->shape[1], item = (int64_t)tp_dtype_size(dtype);
    char *y = l->y;
    for (int64_t i = first; i < last; i++) {
        const int64_t row = index_at(indices, i);
        const char *from = (const char *)weight->data + row * weight->stride[0] * item;
        if (row == l->masked) memset(y + i * width * item, 0, (size_t)(width * item));
        else if (weight->stride[1] == 1 || width == 1) memcpy(y + i * width * item, from, (size_t)(width * item));
        else tp__cast_row(y + i * width * item, dtype, 1, from, dtype, weight->stride[1], width);
    }
}

static tp_status look_up(tp__call *call, int64_t masked)
{
    lookup l = { .indices = call->in[0], .weight = call->in[1], .y = call->out[0]->data, .masked = masked };
    const int64_t n = l.indices->numel, width = l.weight->shape[1];
    if (check_range(call, l.indices, l.weight->shape[0])) return tp__pending();
    if (width) tp__parallel_items(n, width, threads_for(n * width), look_up_some, &l);
    return TP_OK;
}

static tp_status embedding_run(tp__call *call) { return look_up(call, TP_NONE); }
static tp_status embedding_masked_run(tp__call *call) { return look_up(call, ((const tp__embedding_masked *)call->attr)->padding_idx); }

/* ---- Summing ---------------------------------------------------------------------------------------------------------------------------- */

static void add_f32(float *y, const float *x, int64_t step, int64_t n)
{
    if (step == 1) for (int64_t i = 0; i < n; i++) y[i] += x[i];
    else for (int64_t i = 0; i < n; i++) y[i] += x[i * step];
}
static void add_f64(double *y, const double *x, int64_t step, int64_t n)
{
    if (step == 1) for (int64_t i = 0; i < n; i++) y[i] += x[i];
    else for (int64_t i = 0; i < n; i++) y[i] += x[i * step];
}
static void add_f16(uint16_t *y, const uint16_t *x, int64_t step, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = tp__f32_to_f16(tp__f16_to_f32(y[i]) + tp__f16_to_f32(x[i * step]));
}
static void add_bf16(uint16_t *y, const uint16_t *x, int64_t step, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = tp__f32_to_bf16(tp__bf16_to_f32(y[i]) + tp__bf16_to_f32(x[i * step]));
}

static void add_row(tp_dtype dtype, void *y, const void *x, int64_t step, int64_t n)
{
    switch (dtype) {
    case TP_F32: add_f32(y, x, step, n); break;
    case TP_F64: add_f64(y, x, step, n); break;
    case TP_F16: add_f16(y, x, step, n); break;
    default: add_bf16(y, x, step, n); break;
    }
}

static void divide_row(tp_dtype dtype, void *y, int64_t n, int64_t by)
{
    const float f = (float)by;
    switch (dtype) {
    case TP_F32: for (int64_t i = 0; i < n; i++) ((float *)y)[i] /= f; break;
    case TP_F64: for (int64_t i = 0; i < n; i++) ((double *)y)[i] /= (double)by; break;
    case TP_F16: for (int64_t i = 0; i < n; i++) ((uint16_t *)y)[i] = tp__f32_to_f16(tp__f16_to_f32(((uint16_t *)y)[i]) / f); break;
    default: for (int64_t i = 0; i < n; i++) ((uint16_t *)y)[i] = tp__f32_to_bf16(tp__bf16_to_f32(((uint16_t *)y)[i]) / f); break;
    }
}

/* How often each row is looked up; indices were checked. NULL: no memory. */
static int64_t *count_rows(const tp_tensor *indices, int64_t rows)
{
    int64_t *count = tp_mem_calloc((size_t)(rows + 1) * sizeof *count);
    for (int64_t i = 0; count && i < indices->numel; i++) count[index_at(indices, i)]++;
    return count;
}

typedef struct summing { tp__call *call; int64_t parts, bytes; } summing;

static void clear_pages(void *arg, int64_t first, int64_t last)
{
    const summing *s = arg;
    const int64_t from = first * PAGE, to = last * PAGE < s->bytes ? last * PAGE : s->bytes;
    memset((char *)s->call->out[0]->data + from, 0, (size_t)(to - from));
}

/* The rows r with r % parts == part: neighbours, often used alike, are spread over the threads. */
static void sum_rows(void *arg, int64_t part)
{
    const summing *s = arg;
    const tp__call *call = s->call;
    const tp__embedding_backward *attr = call->attr;
    const tp_tensor *grad = call->in[0], *indices = call->in[1];
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    const int64_t width = grad->shape[grad->ndim - 1], step = grad->stride[grad->ndim - 1], item = (int64_t)tp_dtype_size(dtype);
    char *y = call->out[0]->data;
    for (int64_t i = 0; i < indices->numel; i++) {
        const int64_t row = index_at(indices, i);
        if (row == attr->padding_idx || (s->parts > 1 && row % s->parts != part)) continue;
        const int64_t at = grad->flags & TP__CONTIGUOUS ? i * width : place(grad, grad->ndim - 1, i);
        add_row(dtype, y + row * width * item, (const char *)grad->data + at * item, step, width);
    }
}

static tp_status embedding_backward_run(tp__call *call)
{
    tp_tensor *y = call->out[0];
    if (check_range(call, call->in[1], y->shape[0])) return tp__pending();
    if (!y->numel) return TP_OK;
    const int threads = threads_for(call->in[0]->numel);
    summing s = { .call = call, .parts = threads, .bytes = y->numel * (int64_t)tp_dtype_size((tp_dtype)y->dtype) };
    tp__parallel_items((s.bytes + PAGE - 1) / PAGE, PAGE / 8, threads_for(y->numel), clear_pages, &s);
    tp__parallel(threads, threads, sum_rows, &s);
    if (!((const tp__embedding_backward *)call->attr)->scaled) return TP_OK;
    int64_t *count = count_rows(call->in[1], y->shape[0]);
    if (!count) return TP_ERR_MEMORY;
    for (int64_t r = 0; r < y->shape[0]; r++)
        if (count[r] > 1) divide_row((tp_dtype)y->dtype, (char *)y->data + r * y->shape[1] * (int64_t)tp_dtype_size((tp_dtype)y->dtype), y->shape[1], count[r]);
    tp_mem_free(count, (size_t)(y->shape[0] + 1) * sizeof *count);
    return TP_OK;
}

/* ---- Norms ------------------------------------------------------------------------------------------------------------------------------ */

static double norm_of(const double *x, int64_t n, double p)
{
    double sum = 0;
    if (isinf(p)) {
        for (int64_t i = 0; i < n; i++) sum = fabs(x[i]) > sum ? fabs(x[i]) : sum;
        return sum;
    }
    for (int64_t i = 0; i < n; i++) sum += p == 2 ? x[i] * x[i] : p == 1 ? fabs(x[i]) : pow(fabs(x[i]), p);
    return p == 2 ? sqrt(sum) : p == 1 ? sum : pow(sum, 1 / p);
}

/* in[0], the table, is written; a row that is looked up often is scaled once: then it is not above the norm, but for rounding. */
static tp_status renorm_run(tp__call *call)
{
    const tp__embedding_renorm *attr = call->attr;
    const tp_tensor *weight = call->in[0], *indices = call->in[1];
    const int64_t rows = weight->shape[0], width = weight->shape[1], item = (int64_t)tp_dtype_size((tp_dtype)weight->dtype);
    if (check_range(call, indices, rows)) return tp__pending();
    const size_t row_bytes = (size_t)(width + 1) * sizeof(double);
    char *seen = tp_mem_calloc((size_t)rows + 1);
    double *row = tp_mem_alloc(row_bytes);
    for (int64_t i = 0; seen && row && i < indices->numel; i++) {
        const int64_t r = index_at(indices, i);
        char *at = (char *)weight->data + r * weight->stride[0] * item;
        if (seen[r]) continue;
        seen[r] = 1;
        tp__cast_row(row, TP_F64, 1, at, (tp_dtype)weight->dtype, weight->stride[1], width);
        const double norm = norm_of(row, width, attr->norm_type);
        if (!(norm > attr->max_norm)) continue;
        const double scale = attr->max_norm / (norm + 1e-7);
        for (int64_t k = 0; k < width; k++) row[k] *= scale;
        tp__cast_row(at, (tp_dtype)weight->dtype, weight->stride[1], row, TP_F64, 1, width);
    }
    const tp_status status = seen && row ? TP_OK : TP_ERR_MEMORY;
    tp_mem_free(seen, (size_t)rows + 1);
    tp_mem_free(row, row_bytes);
    return status;
}

const tp_kernel tp__cpu_embedding[] = {
    { "embedding", embedding_run, NULL }, { "embedding_masked", embedding_masked_run, NULL },
    { "embedding_backward", embedding_backward_run, NULL }, { "embedding_renorm", renorm_run, NULL }, { NULL, NULL, NULL },
};
