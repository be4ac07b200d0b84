/* range.c: the kernels of arange, linspace and logspace, written as PyTorch computes them: in the dtype itself, 16-bit floats rounded
 * at each step, integers in float64 and cut off; the second half counted from the end. */
#include <math.h>

#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"

enum { BLOCK = 256 };

typedef struct job { const tp__number_row *range; tp_tensor *y; bool power; double step; } job;

static double rounded(int dtype, double v)
{
    return dtype == TP_F32 ? (float)v : dtype == TP_F16 ? tp__f16_to_f32(tp__f32_to_f16((float)v))
        : dtype == TP_BF16 ? tp__bf16_to_f32(tp__f32_to_bf16((float)v)) : v;
}

static void store(const job *j, int64_t at, const void *values, tp_dtype dtype, int64_t n)
{
    const size_t item = tp_dtype_size((tp_dtype)j->y->dtype);
    tp__cast_row((char *)j->y->data + at * (int64_t)item, (tp_dtype)j->y->dtype, 1, values, dtype, 1, n);
}

static void count_whole(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    int64_t v[BLOCK];
    for (int64_t at = first; at < last; at += BLOCK) {
        const int64_t n = last - at < BLOCK ? last - at : BLOCK;
        for (int64_t i = 0; i < n; i++) v[i] = (int64_t)((uint64_t)j->range->first + (uint64_t)(at + i) * (uint64_t)j->range->stride);
        store(j, at, v, TP_I64, n);
    }
}
static void count_real(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    double v[BLOCK];
    for (int64_t at = first; at < last; at += BLOCK) {
        const int64_t n = last - at < BLOCK ? last - at : BLOCK;
        for (int64_t i = 0; i < n; i++) v[i] = j->range->start + j->range->step * (double)(at + i);
        store(j, at, v, TP_F64, n);
    }
}
static void divide(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    const int dtype = j->y->dtype;
    const int64_t all = j->y->numel;
    const double start = rounded(dtype, j->range->start), end = rounded(dtype, j->range->end);
    double v[BLOCK];
    for (int64_t at = first; at < last; at += BLOCK) {
        const int64_t n = last - at < BLOCK ? last - at : BLOCK;
        for (int64_t i = 0; i < n; i++) {
            const bool near_start = at + i < all / 2 || all == 1;
            const double way = rounded(dtype, j->step * rounded(dtype, (double)(near_start ? at + i : all - 1 - at - i)));
            v[i] = rounded(dtype, near_start ? start + way : end - way);
            if (j->power) v[i] = pow(j->range->base, v[i]);
        }
        store(j, at, v, TP_F64, n);
    }
}

static tp_status run(tp__call *call, tp__items_fn *fn, bool power, int64_t work)
{
    tp_tensor *y = call->out[0];
    job j = { .range = call->attr, .y = y, .power = power };
    if (fn == divide && y->numel > 1)
        j.step = rounded(y->dtype,
                         rounded(y->dtype, rounded(y->dtype, j.range->end) - rounded(y->dtype, j.range->start)) /
                             rounded(y->dtype, (double)(y->numel - 1)));
    tp__parallel_items(y->numel, work, tp_get_num_threads(), fn, &j);
    return TP_OK;
}
static tp_status arange(tp__call *call) { return run(call, tp__is_floating(call->out[0]->dtype) ? count_real : count_whole, false, 2); }
static tp_status linspace(tp__call *call) { return run(call, divide, false, 8); }
static tp_status logspace(tp__call *call) { return run(call, divide, true, 64); }

const tp_kernel tp__cpu_range[] = { { "arange", arange, NULL }, { "linspace", linspace, NULL }, { "logspace", logspace, NULL }, { NULL, NULL, NULL } };
