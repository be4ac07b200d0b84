/* special_bessel.c: modified Bessel functions and Airy's, in double precision.
 *
 *   I_n(x), |x| < 18     sum_k (x/2)^(2k+n) / (k! (k+n)!), whose terms have one sign
 *           else         e^x / sqrt(2 pi x) sum_k (-1)^k a_k(n) / x^k,  a_k = a_(k-1) (4 n^2 - (2k - 1)^2) / (8 k)
 *   K_v(x), x >= 1       integral_0^inf e^(-x cosh t) cosh(v t) dt, by the trapezoidal rule, which converges exponentially
 *           else         its series, with ln(x/2)
 *   Ai(x),  x > 1.5      sqrt(x/3) / pi K_1/3(2/3 x^1.5);   -9 < x: Maclaurin's series;   else its asymptotic one
 *
 * (Abramowitz & Stegun 9.6, 9.7, 10.4.) */
#include "cpu/special.h"

#define PI 3.14159265358979323846L

enum { MOST_TERMS = 80 };

static double series_i(int n, double x)
{
    const double q = 0.25 * x * x;
    double term = n ? 0.5 * x : 1, sum = term;
    for (int k = 1; k < MOST_TERMS && term > sum * 0x1p-56; k++) {
        term *= q / ((double)k * (k + n));
        sum += term;
    }
    return sum;
}

/* sum_k sign^k a_k(v) / x^k, until it grows or no longer counts */
static double asymptotic(double v, double sign, double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < MOST_TERMS; k++) {
        const double next = term * sign * (4 * v * v - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * k * x);
        if (!(fabs(next) < fabs(term))) break;
        sum += term = next;
        if (fabs(term) < 0x1p-56) break;
    }
    return sum;
}

double tp__bessel_i(int n, double x, bool scaled)
{
    const double a = fabs(x), sign = n && x < 0 ? -1 : 1;
    if (a != a) return x;
    if (a < 18) return sign * series_i(n, a) * (scaled ? exp(-a) : 1);
    if (a == INFINITY) return scaled ? 0 : NAN;        /* as PyTorch */
    const double even = asymptotic(n, -1, a) / sqrt(2 * (double)PI * a), half = exp(0.5 * a);
    return sign * (scaled ? even : even * half * half);          /* e^a may overflow where the product does not */
}

/* e^x K_v(x), x >= 1 */
static double integral_k(double v, double x)
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
static double series_k(int n, double x)
{
    const double euler = 0.57721566490153286061, q = 0.25 * x * x, log_half = log(0.5 * x);
    double term = 1, sum = 0, psi = -euler;
    for (int k = 0; k < MOST_TERMS; k++) {
        const double next = psi + 1.0 / (k + 1);
        sum += n ? term * (0.5 * x) * (log_half - 0.5 * (psi + next)) : term * (psi - log_half);
        if (k && term < 0x1p-60) break;
        psi = next;
        term *= q / ((k + 1.0) * (k + 1 + n));
    }
    return n ? 1 / x + sum : sum;
}

double tp__bessel_k(int n, double x, bool scaled)
{
    if (x != x || x < 0) return NAN;
    if (x == 0) return INFINITY;
    if (x < 1) return series_k(n, x) * (scaled ? exp(x) : 1);
    if (x == INFINITY) return 0;
    const double y = x > 100 ? asymptotic(n, 1, x) * sqrt(0.5 * (double)PI / x) : integral_k(n, x);
    return scaled ? y : y * exp(-x);
}

/* ---- Airy's function, and its derivative ------------------------------------------------------------------------------------------- */

/* f and g of Ai = c1 f - c2 g, f'' = x f; the terms cancel, so they are added in long double */
static double airy_series(double at, bool derivative)
{
    const long double c1 = 0.355028053887817239260063186004L, c2 = 0.258819403792806798405183560189L, x = at, cube = x * x * x;
    long double f = 1, g = x, sum = derivative ? -c2 : c1 - c2 * x;
    for (int k = 1; k < 200; k++) {
        f *= cube / ((3.0L * k - 1) * (3.0L * k));
        g *= cube / ((3.0L * k) * (3.0L * k + 1));
        const long double term = derivative ? (x == 0 ? 0 : (c1 * f * (3.0L * k) - c2 * g * (3.0L * k + 1)) / x) : c1 * f - c2 * g;
        sum += term;
        if (fabsl(c1 * f) + fabsl(c2 * g) < 1e-25L) break;
    }
    return (double)sum;
}

/* With z = 2/3 |x|^1.5 and u_k, v_k of A&S 10.4.58: the even terms and the odd ones */
static double airy_far(double x, bool derivative)
{
    const double a = -x, root = sqrt(a), z = 2.0 / 3 * a * root;
    double u = 1, even = 1, odd = 0, last = INFINITY;
    for (int k = 1; k < 40; k++) {
        u *= (6.0 * k - 5) * (6.0 * k - 3) * (6.0 * k - 1) / (216.0 * k * (2.0 * k - 1)) / z;
        if (u > last || u < 0x1p-60) break;
        last = u;
        const double term = (derivative ? -(6.0 * k + 1) / (6.0 * k - 1) : 1) * u * (k / 2 % 2 ? -1 : 1);
        *(k % 2 ? &odd : &even) += term;
    }
    const double angle = z - (double)(PI / 4), size = 1 / sqrt((double)PI);
    if (derivative) return size * sqrt(root) * (sin(angle) * even - cos(angle) * odd);
    return size / sqrt(root) * (cos(angle) * even + sin(angle) * odd);
}

double tp__airy_ai(double x)
{
    if (x != x) return x;
    if (isinf(x)) return NAN;                          /* as PyTorch */
    if (x < -9) return airy_far(x, false);
    if (x < 1.5) return airy_series(x, false);
    const double z = 2.0 / 3 * x * sqrt(x);
    return sqrt(x / 3) / (double)PI * integral_k(1.0 / 3, z) * exp(-z);
}

/* -x / (pi sqrt 3) K_2/3(z) */
double tp__airy_ai_slope(double x)
{
    if (x != x) return x;
    if (isinf(x)) return NAN;
    if (x < -9) return airy_far(x, true);
    if (x < 1.5) return airy_series(x, true);
    const double z = 2.0 / 3 * x * sqrt(x);
    return -x / ((double)PI * sqrt(3)) * integral_k(2.0 / 3, z) * exp(-z);
}
