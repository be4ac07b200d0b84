/* complex.cuh: complex numbers in kernels, computed with in float64 as the parts of reals are: what sums and products need. */
#ifndef TPC_COMPLEX_CUH
#define TPC_COMPLEX_CUH

#include "cuda/kernel.cuh"

struct tpc_complex { double re, im; };
TPC_DEVICE tpc_complex operator+(tpc_complex a, tpc_complex b) { return { a.re + b.re, a.im + b.im }; }
TPC_DEVICE tpc_complex operator-(tpc_complex a, tpc_complex b) { return { a.re - b.re, a.im - b.im }; }
TPC_DEVICE tpc_complex operator-(tpc_complex a) { return { -a.re, -a.im }; }
/* Each product is rounded: fused with the sum, a number times its conjugate would not be real. */
TPC_DEVICE tpc_complex operator*(tpc_complex a, tpc_complex b)
{
    return { __dmul_rn(a.re, b.re) - __dmul_rn(a.im, b.im), __dmul_rn(a.re, b.im) + __dmul_rn(a.im, b.re) };
}
TPC_DEVICE tpc_complex operator*(double s, tpc_complex a) { return { s * a.re, s * a.im }; }

/* Element i of any dtype; to a real one goes the real part. */
TPC_DEVICE tpc_complex tpc_load_complex(const void *x, int dtype, int64_t i)
{
    if (dtype == TP_C64) return { ((const float *)x)[2 * i], ((const float *)x)[2 * i + 1] };
    if (dtype == TP_C128) return { ((const double *)x)[2 * i], ((const double *)x)[2 * i + 1] };
    return { tpc_load<double>(x, dtype, i), 0 };
}
TPC_DEVICE void tpc_store_complex(void *y, int dtype, int64_t i, tpc_complex v)
{
    if (dtype == TP_C64) ((float *)y)[2 * i] = (float)v.re, ((float *)y)[2 * i + 1] = (float)v.im;
    else if (dtype == TP_C128) ((double *)y)[2 * i] = v.re, ((double *)y)[2 * i + 1] = v.im;
    else tpc_store(y, dtype, i, v.re);
}

#endif
