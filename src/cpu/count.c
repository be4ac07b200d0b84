/* count.c: counting whole numbers, and values in bins. In the order of the elements, by one thread: sums of weights do not depend
 * on how many there are. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "cpu/contiguous.h"

#include <math.h>

static tp_status greatest(const tp__call *call, const int64_t *x, int64_t n, int64_t *size)
{
    int64_t most = -1;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < 0) return tp__call_fail(call, TP_ERR_INDEX, "value %lld at %lld is negative", (long long)x[i], (long long)i);
        most = x[i] > most ? x[i] : most;
    }
    if (most == INT64_MAX) return tp__call_fail(call, TP_ERR_INDEX, "value %lld is too large", (long long)most);
    if (most + 1 > *size) *size = most + 1;
    return TP_OK;
}

static tp_status bincount_run(tp__call *call)
{
    const tp_tensor *weights = call->in[1];
    const tp_dtype dtype = !weights ? TP_I64 : weights->dtype == TP_F32 ? TP_F32 : TP_F64;
    const int64_t n = call->in[0]->numel;
    int64_t size = *(const int64_t *)call->attr;
    tp__plain x = { 0 }, w = { 0 };
    tp_status status = tp__plain_take(&x, call->in[0], TP_I64);
    if (!status) status = tp__plain_take(&w, weights, dtype);
    if (!status) status = greatest(call, x.data, n, &size);
    tp_tensor *y = status ? NULL : tp__out(call, dtype, 1, &size);
    const int64_t *at = x.data;
    if (y) {
        memset(y->data, 0, (size_t)size * tp_dtype_size(dtype));
        if (!weights) for (int64_t i = 0; i < n; i++) ((int64_t *)y->data)[at[i]]++;
        else if (dtype == TP_F32) for (int64_t i = 0; i < n; i++) ((float *)y->data)[at[i]] += ((const float *)w.data)[i];
        else for (int64_t i = 0; i < n; i++) ((double *)y->data)[at[i]] += ((const double *)w.data)[i];
    } else if (!status) {
        status = tp__pending();
    }
    tp__plain_free(&x);
    tp__plain_free(&w);
    return status;
}

/* ---- Bins ----------------------------------------------------------------------------------------------------------------------------- */

/* Every step is rounded to the dtype, as PyTorch's arithmetic is: it decides about the bin of what lies at an edge. */
static float same(float v) { return v; }
static float to_f16(float v) { return tp__f16_to_f32(tp__f32_to_f16(v)); }
static float to_bf16(float v) { return tp__bf16_to_f32(tp__f32_to_bf16(v)); }
#define ROUND(v) rounded(v)
#define AS_IS(v) (v)

#define BINS(T, R) \
    static bool span_##T(const T *x, int64_t n, T *lo, T *hi) \
    { \
        *lo = *hi = n ? x[0] : 0; \
        for (int64_t i = 0; i < n; i++) { \
            if (isnan(x[i]) || isinf(x[i])) return false; \
            *lo = x[i] < *lo ? x[i] : *lo; \
            *hi = x[i] > *hi ? x[i] : *hi; \
        } \
        return true; \
    } \
    static tp_status bins_##T(const tp__call *call, const T *x, int64_t n, T *y, float (*rounded)(float)) \
    { \
        const tp__histc *a = call->attr; \
        T lo = R((T)a->min), hi = R((T)a->max); \
        (void)rounded; \
        memset(y, 0, (size_t)a->bins * sizeof *y); \
        if (lo == hi && n && !span_##T(x, n, &lo, &hi)) return tp__call_fail(call, TP_ERR_NUMERIC, "the values are not all finite: there is no range"); \
        if (lo == hi) lo -= 1, hi += 1; \
        const T bins = R((T)a->bins), span = R(hi - lo); \
        for (int64_t i = 0; i < n; i++) { \
            if (!(x[i] >= lo && x[i] <= hi)) continue; \
            const T at = R(R(R(x[i] - lo) * bins) / span); \
            y[at < (T)(a->bins - 1) ? (int64_t)at : a->bins - 1] += 1; \
        } \
        return TP_OK; \
    }
BINS(float, ROUND)
BINS(double, AS_IS)

static tp_status histc_run(tp__call *call)
{
    tp_tensor *out = call->out[0];
    const tp_dtype dtype = out->dtype == TP_F64 ? TP_F64 : TP_F32;
    tp__plain x = { 0 }, y = { 0 };
    tp_status status = tp__plain_take(&x, call->in[0], dtype);
    if (!status) status = tp__plain_room(&y, out, dtype);
    if (!status && dtype == TP_F64) status = bins_double(call, x.data, call->in[0]->numel, y.data, same);
    else if (!status) status = bins_float(call, x.data, call->in[0]->numel, y.data, out->dtype == TP_F16 ? to_f16 : out->dtype == TP_BF16 ? to_bf16 : same);
    if (!status) tp__plain_return(&y, out);
    tp__plain_free(&x);
    tp__plain_free(&y);
    return status;
}

const tp_kernel tp__cpu_count[] = { { "bincount", bincount_run, NULL }, { "histc", histc_run, NULL }, { NULL, NULL, NULL } };
