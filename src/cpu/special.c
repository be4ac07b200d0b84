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
float tp__polygamma_single(int64_t n, float x) { return n == 1 ? tp__trigamma_f32(x) : tp__polygamma_f32(n, x, n ? tp__lgamma((double)n + 1) : 0); }
double tp__polygamma_of(int64_t n, double x) { return tp__polygamma_at(n, x, n ? tp__lgamma((double)n + 1) : 0); }

float tp__trigamma_f32(float x)
{
    const float pi = 3.14159265358979323846f;
    const bool reflected = x < 0.5f;
    const float s = sinf(pi * x);
    float sum = reflected ? -(pi * pi) / (s * s) : 0, a = reflected ? 1 - x : x;
    for (int k = 0; k < 6; k++, a++) sum += 1 / (a * a);
    const float z = 1 / (a * a);
    sum += (1 + 1 / (2 * a) + z * (1.0f / 6 - z * (1.0f / 30 - z * (1.0f / 42)))) / a;
    return reflected ? -sum : sum;
}
