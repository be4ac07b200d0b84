/* special.c: the gamma function's logarithm, and what core/gamma.h has, as calls. */
#include <stdbool.h>

#include "core/gamma.h"
#include "cpu/special.h"

double tp__lgamma(double x)
{
    int sign;                                          /* lgamma would write a global variable */
    return lgamma_r(x, &sign);
}

double tp__digamma(double x) { return tp__digamma_at(x); }
float tp__digamma_single(float x) { return tp__digamma_f32(x); }
float tp__polygamma_single(int64_t n, float x) { return tp__polygamma_f32(n, x, n ? tp__lgamma((double)n + 1) : 0); }
double tp__polygamma_of(int64_t n, double x) { return tp__polygamma_at(n, x, n ? tp__lgamma((double)n + 1) : 0); }
