/* tests/optim.h: what the suites of optimizers share: parameters of two elements, their gradients and values. */
#ifndef TP_TESTS_OPTIM_H
#define TP_TESTS_OPTIM_H

#include "expect.h"

#include <unistd.h>

static inline tp_tensor *parameter(double a, double b)        /* float64, of the scope */
{
    tp_tensor *x = tp_from_data((double[]){ a, b }, TP_F64, TP_SHAPE(2));
    ck_assert_int_eq(tp_requires_grad(x, true), TP_OK);
    return x;
}

static inline void give(tp_tensor *x, double a, double b)
{
    ck_assert_int_eq(tp_set_grad(x, tp_from_data((double[]){ a, b }, TP_F64, TP_SHAPE(2))), TP_OK);
}

static inline double value(tp_tensor *x, int i)
{
    ck_assert_ptr_nonnull(x);
    return ((const double *)tp_data(x))[i];
}

#define ck_close(got, want) ck_assert_double_eq_tol(got, want, 1e-9 + 1e-9 * fabs((double)(want)))

static inline const char *scratch_file(void)
{
    static char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/taper-optim-%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
    return path;
}

#endif
