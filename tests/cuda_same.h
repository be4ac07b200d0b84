/* tests/cuda_same.h: what a kernel of the device gives, beside what the CPU's gives. */
#ifndef TP_TESTS_CUDA_SAME_H
#define TP_TESTS_CUDA_SAME_H

#include "cuda.h"

static inline void begin(int order) { cuda_order(order, 7); }

static inline tp_tensor *there(tp_tensor *x) { return tp_to(x, DEVICE); }

static inline void same(tp_tensor *got, tp_tensor *want, double rtol, double atol, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_device_of(got) == DEVICE, "%s: it is not on the device", what);
    ck_assert_msg(tp_dtype_of(got) == tp_dtype_of(want), "%s: dtype", what);
    ck_assert_msg(tp_allclose(tp_to(got, TP_CPU), want, rtol, atol), "%s differs", what);
}
#define SAME(call_of_x, rtol, atol) do { \
        tp_tensor *x = a, *y = b, *want = call_of_x; \
        x = da, y = db; \
        same(call_of_x, want, rtol, atol, #call_of_x); \
        (void)x, (void)y; \
    } while (0)

/* Bits and all, so that a -0 is no 0 */
static inline void same_bits(tp_tensor *got, tp_tensor *want, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_device_of(got) == DEVICE, "%s: it is not on the device", what);
    ck_assert_msg(tp_dtype_of(got) == tp_dtype_of(want) && tp_numel(got) == tp_numel(want), "%s: dtype or size", what);
    got = tp_contiguous(tp_to(got, TP_CPU));
    want = tp_contiguous(want);
    const size_t size = tp_dtype_size(tp_dtype_of(want));
    const char *a = tp_data(got), *b = tp_data(want);
    int64_t unlike = 0;
    for (int64_t i = 0; i < tp_numel(want); i++) unlike += memcmp(a + i * (int64_t)size, b + i * (int64_t)size, size) != 0;
    ck_assert_msg(!unlike, "%s of %s: %lld of %lld elements differ", what, tp_dtype_name(tp_dtype_of(want)), (long long)unlike, (long long)tp_numel(want));
}

static const tp_dtype floats[] = { TP_F32, TP_F64, TP_F16, TP_BF16 };
static inline double tolerance(tp_dtype dtype) { return dtype == TP_F64 ? 1e-12 : dtype == TP_F32 ? 2e-6 : dtype == TP_F16 ? 2e-3 : 2e-2; }

#endif
