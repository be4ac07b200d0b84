/* fold.c: images to columns of windows, and back: sums over windows, which the 16-bit dtypes round one by one, as PyTorch does. */
#include <stdatomic.h>
#include <string.h>

#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"

typedef struct job {
    const tp__columns *a;
    tp_dtype dtype;                                    /* of x and y */
    int64_t rows, cols;                                /* windows */
    const char *x;
    char *y;
} job;

/* Where column (p, q) of window (i, j) lies in the plane, or -1. */
static int64_t place(const tp__columns *a, int64_t p, int64_t q, int64_t i, int64_t j)
{
    const int64_t r = i * a->stride[0] - a->padding[0] + p * a->dilation[0], c = j * a->stride[1] - a->padding[1] + q * a->dilation[1];
    return r >= 0 && r < a->size[0] && c >= 0 && c < a->size[1] ? r * a->size[1] + c : -1;
}

/* A row of columns: one tap of one channel, all windows. */
static void gather_rows(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const tp__columns *a = t->a;
    const int64_t taps = a->kernel[0] * a->kernel[1], plane = a->size[0] * a->size[1], item = (int64_t)tp_dtype_size(t->dtype);
    for (int64_t k = first; k < last; k++) {
        const int64_t p = k % taps / a->kernel[1], q = k % a->kernel[1];
        const char *x = t->x + k / taps * plane * item;
        char *y = t->y + k * t->rows * t->cols * item;
        for (int64_t w = 0; w < t->rows * t->cols; w++) {
            const int64_t at = place(a, p, q, w / t->cols, w % t->cols);
            if (at < 0) memset(y + w * item, 0, (size_t)item);
            else if (item == 4) memcpy(y + w * 4, x + at * 4, 4);
            else memcpy(y + w * item, x + at * item, (size_t)item);
        }
    }
}

#define ADD(T, SUM) for (int64_t w = 0; w < windows; w++) { \
        const int64_t at = place(a, p, q, w / t->cols, w % t->cols); \
        T *const y_ = (T *)(void *)y, v = ((const T *)(const void *)x)[w]; \
        if (at >= 0) y_[at] = SUM; \
    }

/* A plane of the image, tap by tap. */
static void add_planes(void *arg, int64_t first, int64_t last)
{
    const job *t = arg;
    const tp__columns *a = t->a;
    const int64_t taps = a->kernel[0] * a->kernel[1], plane = a->size[0] * a->size[1], windows = t->rows * t->cols;
    const int64_t item = (int64_t)tp_dtype_size(t->dtype);
    for (int64_t k = first; k < last; k++) {
        char *y = t->y + k * plane * item;
        memset(y, 0, (size_t)(plane * item));
        for (int64_t tap = 0; tap < taps; tap++) {
            const int64_t p = tap / a->kernel[1], q = tap % a->kernel[1];
            const char *x = t->x + (k * taps + tap) * windows * item;
            switch (t->dtype) {
            case TP_F32: ADD(float, y_[at] + v); break;
            case TP_F64: ADD(double, y_[at] + v); break;
            case TP_F16: ADD(uint16_t, tp__f32_to_f16(tp__f16_to_f32(y_[at]) + tp__f16_to_f32(v))); break;
            case TP_BF16: ADD(uint16_t, tp__f32_to_bf16(tp__bf16_to_f32(y_[at]) + tp__bf16_to_f32(v))); break;
            case TP_BOOL: ADD(bool, y_[at] || v); break;
            default: break;
            }
        }
    }
}

static tp_status run(tp__call *call, bool to_image)
{
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const tp__columns *a = call->attr;
    tp__plain px = { 0 };
    if (!y->numel) return TP_OK;
    if (!tp__is_floating(x->dtype) && x->dtype != TP_BOOL)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes and bool, not %s", tp_dtype_name((tp_dtype)x->dtype));
    const tp_status status = tp__plain_take(&px, x, (tp_dtype)x->dtype);
    if (status) return status;
    job t = { .a = a, .dtype = (tp_dtype)x->dtype, .x = px.data, .y = y->data };
    t.rows = (a->size[0] + 2 * a->padding[0] - a->dilation[0] * (a->kernel[0] - 1) - 1) / a->stride[0] + 1;
    t.cols = (a->size[1] + 2 * a->padding[1] - a->dilation[1] * (a->kernel[1] - 1) - 1) / a->stride[1] + 1;
    const int64_t taps = a->kernel[0] * a->kernel[1], windows = t.rows * t.cols;
    if (to_image) tp__parallel_items(y->shape[0] * y->shape[1], taps * windows * 2, tp_get_num_threads(), add_planes, &t);
    else tp__parallel_items(y->shape[0] * y->shape[1], windows * 2, tp_get_num_threads(), gather_rows, &t);
    tp__plain_free(&px);
    return TP_OK;
}

static tp_status to_columns_run(tp__call *call) { return run(call, false); }
static tp_status to_image_run(tp__call *call) { return run(call, true); }

const tp_kernel tp__cpu_fold[] = { { "image_to_columns", to_columns_run, NULL }, { "columns_to_image", to_image_run, NULL }, { NULL, NULL, NULL } };
