/* moments.cuh: mean and variance in a reduction: sums of what is left of elements less the first, and of its square, in float64. The first
 * is one of the elements, so that little is lost where they are far from 0. Two parts are joined as in Chan, Golub, LeVeque 1979:
 *
 *   d = m' - m,  m += d n' / (n + n'),  M2 += M2' + d^2 n n' / (n + n') */
#ifndef TPC_MOMENTS_CUH
#define TPC_MOMENTS_CUH

#include "cuda/reduce.cuh"

struct tpc_moments { double shift, sum, squares; int64_t n; };

TPC_DEVICE double tpc_mean_of(const tpc_moments &a) { return a.n ? a.shift + a.sum / (double)a.n : NAN; }
/* The sum of squares of differences from the mean */
TPC_DEVICE double tpc_spread_of(const tpc_moments &a)
{
    const double squares = a.n ? a.squares - a.sum * a.sum / (double)a.n : NAN;
    return squares < 0 ? 0 : squares;
}
TPC_DEVICE void tpc_moments_add(tpc_moments &a, double v)
{
    if (!a.n) a.shift = isfinite(v) ? v : 0;
    const double d = v - a.shift;
    a.sum += d;
    a.squares += d * d;
    a.n++;
}
TPC_DEVICE void tpc_moments_add_some(tpc_moments &a, const void *x, int dtype, const int64_t (&at)[TPC_SOME])
{
    double v[TPC_SOME];
    tpc_load_some(x, dtype, at, v);
    TPC_UNROLL(4)
    for (int k = 0; k < TPC_SOME; k++) tpc_moments_add(a, v[k]);
}
TPC_DEVICE tpc_moments tpc_moments_join(const tpc_moments &a, const tpc_moments &b)
{
    if (!a.n || !b.n) return a.n ? a : b;
    const double all = (double)(a.n + b.n), mean = tpc_mean_of(a), d = tpc_mean_of(b) - mean, share = (double)b.n / all;
    return tpc_moments{ mean + d * share, 0, tpc_spread_of(a) + tpc_spread_of(b) + d * d * (double)a.n * share, a.n + b.n };
}

#endif
