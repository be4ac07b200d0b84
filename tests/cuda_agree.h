/* tests/cuda_agree.h: a function on the device beside the same one on the CPU, with the gradients of its inputs. */
#ifndef TP_TESTS_CUDA_AGREE_H
#define TP_TESTS_CUDA_AGREE_H

#include "cuda.h"

enum { INPUTS = 4 };

static inline void close_to(tp_tensor *got, tp_tensor *want, double tol, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_device_of(got) == DEVICE, "%s: it is not on the device", what);
    ck_assert_msg(tp_dtype_of(got) == tp_dtype_of(want), "%s: dtype", what);
    const double scale = tp_numel(want) ? tp_item(tp_max(tp_abs(tp_to_dtype(want, TP_F64)))) : 1;
    ck_assert_msg(tp_allclose(tp_to(got, TP_CPU), want, tol, tol * scale), "%s differs", what);
}

/* f of the inputs, and the gradient of each that is floating, on the CPU and on the device. */
typedef tp_tensor *function(tp_tensor *const *in, const void *arg);
static inline void agree(function *f, const void *arg, tp_tensor *const *in, int n, double tol, const char *what)
{
    tp_tensor *here[INPUTS] = { NULL }, *there[INPUTS] = { NULL };
    for (int i = 0; i < n; i++) {
        if (!in[i]) continue;
        there[i] = tp_to(in[i], DEVICE);
        here[i] = tp_clone(in[i]);
        ck_ok(tp_requires_grad(here[i], true));
        ck_ok(tp_requires_grad(there[i], true));
    }
    tp_tensor *y = f(here, arg), *dy = f(there, arg);
    close_to(dy, y, tol, what);
    tp_tensor *v = tp_to_dtype(tp_randn(tp_shape_of(y)), tp_dtype_of(y));
    ck_ok(tp_backward(tp_sum(tp_mul(y, v))));
    ck_ok(tp_backward(tp_sum(tp_mul(dy, tp_to(v, DEVICE)))));
    for (int i = 0; i < n; i++)
        if (in[i]) close_to(tp_grad_of(there[i]), tp_grad_of(here[i]), 4 * tol, what);
}

static const tp_dtype floats[] = { TP_F32, TP_F64, TP_F16, TP_BF16 };
static inline double tolerance(tp_dtype dtype) { return dtype == TP_F64 ? 1e-12 : dtype == TP_F32 ? 4e-6 : dtype == TP_F16 ? 4e-3 : 3e-2; }
static inline tp_tensor *normal(tp_dtype dtype, tp_shape shape) { return tp_to_dtype(tp_randn(shape), dtype); }

/* What cuBLASLt was asked for on the simulated device */
static inline taper_cuda_host_products cuda_products(void)
{
    taper_cuda_host_products p = { 0 };
    void *found = cuda_host_function("taper_cuda_host_count_products");
    void (*read)(taper_cuda_host_products *);
    memcpy(&read, &found, sizeof read);
    if (read) read(&p);
    return p;
}

/* Every allocation of f fails once: an error each time, and then the result is there. */
static inline void run_short_of_memory(function *f, const void *arg, tp_tensor *const *in, int n, const char *what)
{
    for (int64_t at = 1;; at++) {
        TP_SCOPE();
        tp_tensor *there[INPUTS] = { NULL };
        for (int i = 0; i < n; i++) {
            there[i] = tp_to(in[i], DEVICE);
            ck_ok(tp_requires_grad(there[i], true));
        }
        cuda_fail_at(at);
        tp_tensor *y = f(there, arg), *loss = y ? tp_sum(y) : NULL;
        const bool good = loss && !tp_backward(loss);
        cuda_fail_at(0);
        ck_assert_msg(!good || at > 1, "%s: nothing failed", what);
        if (good) break;
        ck_assert_msg(tp_last_error() && tp_last_error()->code == TP_ERR_MEMORY, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "no error");
        tp_clear_error();
        ck_assert_msg(at < 200, "%s never works", what);
    }
}

#endif
