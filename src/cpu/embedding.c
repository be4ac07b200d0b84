/* embedding.c: looking rows up, and summing gradients of rows. Each row of the gradient belongs to one thread, which goes
 * through the indices in order, so sums do not depend on the number of threads. */
#include "core/kernel_args.h"
#include "cpu/convert.h"

#ifdef _OPENMP
#include <omp.h>
#endif

enum { PARALLEL_FROM = 1 << 16 };                      /* elements moved */

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

static tp_status look_up(tp__call *call, int64_t masked)
{
    const tp_tensor *indices = call->in[0], *weight = call->in[1];
    const tp_dtype dtype = (tp_dtype)weight->dtype;
    const int64_t n = indices->numel, width = weight->shape[1], item = (int64_t)tp_dtype_size(dtype);
    char *y = call->out[0]->data;
    if (check_range(call, indices, weight->shape[0])) return tp__pending();
    if (!width) return TP_OK;
    const int threads = threads_for(n * width);
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
#endif
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = index_at(indices, i);
        const char *from = (const char *)weight->data + row * weight->stride[0] * item;
        if (row == masked) memset(y + i * width * item, 0, (size_t)(width * item));
        else if (weight->stride[1] == 1 || width == 1) memcpy(y + i * width * item, from, (size_t)(width * item));
        else tp__cast_row(y + i * width * item, dtype, 1, from, dtype, weight->stride[1], width);
    }
    return TP_OK;
}

static tp_status embedding_run(tp__call *call) { return look_up(call, TP_NONE); }
static tp_status embedding_masked_run(tp__call *call) { return look_up(call, ((const tp__embedding *)call->attr)->padding_idx); }

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

/* The rows r with r % of == part: neighbours, often used alike, are spread over the threads. */
static void sum_rows(tp__call *call, int64_t part, int64_t of)
{
    const tp__embedding_backward *attr = call->attr;
    const tp_tensor *grad = call->in[0], *indices = call->in[1];
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    const int64_t width = grad->shape[grad->ndim - 1], step = grad->stride[grad->ndim - 1], item = (int64_t)tp_dtype_size(dtype);
    char *y = call->out[0]->data;
    for (int64_t i = 0; i < indices->numel; i++) {
        const int64_t row = index_at(indices, i);
        if (row == attr->padding_idx || (of > 1 && row % of != part)) continue;
        const int64_t at = grad->flags & TP__CONTIGUOUS ? i * width : place(grad, grad->ndim - 1, i);
        add_row(dtype, y + row * width * item, (const char *)grad->data + at * item, step, width);
    }
}

static tp_status embedding_backward_run(tp__call *call)
{
    tp_tensor *y = call->out[0];
    const int64_t bytes = y->numel * (int64_t)tp_dtype_size((tp_dtype)y->dtype);
    if (check_range(call, call->in[1], y->shape[0])) return tp__pending();
    const int threads = threads_for(call->in[0]->numel), clearing = threads_for(y->numel);
    const int64_t step = (bytes / clearing / 4096 + 1) * 4096;
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(clearing) if (clearing > 1)
#endif
    for (int64_t at = 0; at < bytes; at += step) memset((char *)y->data + at, 0, (size_t)(bytes - at < step ? bytes - at : step));
    if (!y->numel) return TP_OK;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
#endif
    for (int64_t part = 0; part < threads; part++) sum_rows(call, part, threads);
    return TP_OK;
}

const tp_kernel tp__cpu_embedding[] = {
    { "embedding", embedding_run, NULL }, { "embedding_masked", embedding_masked_run, NULL },
    { "embedding_backward", embedding_backward_run, NULL }, { NULL, NULL, NULL },
};
