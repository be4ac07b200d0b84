/* bessel.h: modified Bessel functions and Airy's, in double precision, for every backend.
 *
 *   I_n(x), |x| < 18     sum_k (x/2)^(2k+n) / (k! (k+n)!), whose terms have one sign
 *           else         e^x / sqrt(2 pi x) sum_k (-1)^k a_k(n) / x^k,  a_k = a_(k-1) (4 n^2 - (2k - 1)^2) / (8 k)
 *   K_v(x), x >= 1       integral_0^inf e^(-x cosh t) cosh(v t) dt, by the trapezoidal rule, which converges exponentially
 *           else         its series, with ln(x/2)
 *   Ai(x),  x > 1.5      sqrt(x/3) / pi K_1/3(2/3 x^1.5);   -9 <= x: Taylor's series;   else its asymptotic one
 *
 * (Abramowitz & Stegun 9.6, 9.7, 10.4.) */
#ifndef TP__BESSEL_H
#define TP__BESSEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/philox.h"

#define TP__PI 3.14159265358979323846

TP__ANYWHERE static inline double tp__series_i(int n, double x)
{
    const double q = 0.25 * x * x;
    double term = n ? 0.5 * x : 1, sum = term;
    for (int k = 1; k < 80 && term > sum * 0x1p-56; k++) {
        term *= q / ((double)k * (k + n));
        sum += term;
    }
    return sum;
}

/* sum_k sign^k a_k(v) / x^k, until it grows or no longer counts */
TP__ANYWHERE static inline double tp__asymptotic(double v, double sign, double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < 80; k++) {
        const double next = term * sign * (4 * v * v - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * k * x);
        if (!(fabs(next) < fabs(term))) break;
        sum += term = next;
        if (fabs(term) < 0x1p-56) break;
    }
    return sum;
}

TP__ANYWHERE static inline double tp__bessel_i(int n, double x, bool scaled)
{
    const double a = fabs(x), sign = n && x < 0 ? -1 : 1;
    if (a != a) return x;
    if (a < 18) return sign * tp__series_i(n, a) * (scaled ? exp(-a) : 1);
    if (a == INFINITY) return scaled ? 0 : NAN;        /* as PyTorch */
    const double even = tp__asymptotic(n, -1, a) / sqrt(2 * TP__PI * a), half = exp(0.5 * a);
    return sign * (scaled ? even : even * half * half);          /* e^a may overflow where the product does not */
}

/* e^x K_v(x), x >= 1 */
TP__ANYWHERE static inline double tp__integral_k(double v, double x)
{
    const double h = 0.0625;
    double sum = 0.5;
    for (int i = 1; i < 256; i++) {
        const double t = i * h, c = 2 * sinh(0.5 * t) * sinh(0.5 * t);   /* cosh t - 1 */
        const double term = exp(-x * c) * cosh(v * t);
        sum += term;
        if (fabs(term) < fabs(sum) * 0x1p-60) break;
    }
    return sum * h;
}

/* K_0 and K_1 below 1, by psi(1) = -euler and psi(k + 1) = psi(k) + 1 / k */
TP__ANYWHERE static inline double tp__series_k(int n, double x)
{
    const double euler = 0.57721566490153286061, q = 0.25 * x * x, log_half = log(0.5 * x);
    double term = 1, sum = 0, psi = -euler;
    for (int k = 0; k < 80; k++) {
        const double next = psi + 1.0 / (k + 1);
        sum += n ? term * (0.5 * x) * (log_half - 0.5 * (psi + next)) : term * (psi - log_half);
        if (k && term < 0x1p-60) break;
        psi = next;
        term *= q / ((k + 1.0) * (k + 1 + n));
    }
    return n ? 1 / x + sum : sum;
}

TP__ANYWHERE static inline double tp__bessel_k(int n, double x, bool scaled)
{
    if (x != x || x < 0) return NAN;
    if (x == 0) return INFINITY;
    if (x < 1) return tp__series_k(n, x) * (scaled ? exp(x) : 1);
    if (x == INFINITY) return 0;
    const double y = x > 100 ? tp__asymptotic(n, 1, x) * sqrt(0.5 * TP__PI / x) : tp__integral_k(n, x);
    return scaled ? y : y * exp(-x);
}

/* ---- Airy's function, and its derivative ------------------------------------------------------------------------------------------- */

/* About the nearest integer c, where both are known, with h = x - c: as y'' = x y, (n + 1) (n + 2) a_(n+2) = c a_n + a_(n-1) */
TP__ANYWHERE static inline double tp__airy_near(double x, bool derivative)
{
    enum { FIRST = -9, CENTRES = 11, TERMS = 28 };
    const double value[CENTRES] = {
        -0.022133721547341403674, -0.052705050356386202622, 0.18428083525050563728, -0.32914517362982310523, 0.35076100902411431979, -0.070265532949289515099,
        -0.37881429367765807435, 0.22740742820168557599, 0.5355608832923521188, 0.35502805388781723926, 0.13529241631288141552 };
    const double slope[CENTRES] = {
        -0.97566398092633159471, 0.93556093819830655103, -0.77100816841012654773, 0.34593548728134289493, 0.32719281855444313679, -0.7906285753685813803,
        0.31458376921659881365, 0.61825902074169104141, -0.010160567116645209395, -0.25881940379280679841, -0.15914744129679321279 };
    const double c = floor(x + 0.5), h = x - c;
    double before = 0, a = value[(int)c - FIRST], next = slope[(int)c - FIRST], power = 1, sum = derivative ? 0 : a;
    for (int n = 0; n < TERMS; n++) {
        sum += derivative ? (n + 1) * next * power : next * power * h;
        power *= h;
        const double after = (c * a + before) / ((n + 1.0) * (n + 2.0));
        before = a;
        a = next;
        next = after;
    }
    return sum;
}

/* With z = 2/3 |x|^1.5 and u_k, v_k of A&S 10.4.58: the even terms and the odd ones */
TP__ANYWHERE static inline double tp__airy_far(double x, bool derivative)
{
    const double a = -x, root = sqrt(a), z = 2.0 / 3 * a * root;
    double u = 1, even = 1, odd = 0, last = INFINITY;
    for (int k = 1; k < 40; k++) {
        u *= (6.0 * k - 5) * (6.0 * k - 3) * (6.0 * k - 1) / (216.0 * k * (2.0 * k - 1)) / z;
        if (u > last || u < 0x1p-60) break;
        last = u;
        const double term = (derivative ? -(6.0 * k + 1) / (6.0 * k - 1) : 1) * u * (k / 2 % 2 ? -1 : 1);
        if (k % 2) odd += term;
        else even += term;
    }
    const double angle = z - TP__PI / 4, size = 1 / sqrt(TP__PI);
    if (derivative) return size * sqrt(root) * (sin(angle) * even - cos(angle) * odd);
    return size / sqrt(root) * (cos(angle) * even + sin(angle) * odd);
}

TP__ANYWHERE static inline double tp__airy_ai(double x)
{
    if (x != x) return x;
    if (isinf(x)) return NAN;                          /* as PyTorch */
    if (x < -9) return tp__airy_far(x, false);
    if (x < 1.5) return tp__airy_near(x, false);
    const double z = 2.0 / 3 * x * sqrt(x);
    return sqrt(x / 3) / TP__PI * tp__integral_k(1.0 / 3, z) * exp(-z);
}

/* -x / (pi sqrt 3) K_2/3(z) */
TP__ANYWHERE static inline double tp__airy_ai_slope(double x)
{
    if (x != x) return x;
    if (isinf(x)) return NAN;
    if (x < -9) return tp__airy_far(x, true);
    if (x < 1.5) return tp__airy_near(x, true);
    const double z = 2.0 / 3 * x * sqrt(x);
    return -x / (TP__PI * sqrt(3.0)) * tp__integral_k(2.0 / 3, z) * exp(-z);
}

#endif
