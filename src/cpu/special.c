/* special.c: the gamma function's logarithm, its derivatives, and Hurwitz's zeta.
 *
 *   digamma(x)      = ln x - 1 / 2x - sum_k B_2k / (2k x^2k)                  for large x, after stepping up by psi(x) = psi(x + 1) - 1 / x
 *   polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x),  zeta(s, x) = sum_k (x + k)^-s by Euler and Maclaurin */
#include "cpu/special.h"

double tp__lgamma(double x)
{
    int sign;                                          /* lgamma would write a global variable */
    return lgamma_r(x, &sign);
}

static double digamma_positive(double x)
{
    double below = 0;
    for (; x < 10; x++) below += 1 / x;
    const double z = 1 / (x * x);
    const double tail = z * TP__P7(z, 8.33333333333333333333e-2, -8.33333333333333333333e-3, 3.96825396825396825397e-3, -4.16666666666666666667e-3,
                                   7.57575757575757575758e-3, -2.10927960927960927961e-2, 8.33333333333333333333e-2);
    return log(x) - 0.5 / x - tail - below;
}

double tp__digamma(double x)
{
    const double pi = 3.14159265358979323846;
    if (x == 0) return copysign(INFINITY, -x);
    if (x > 0 || x != x) return x < INFINITY ? digamma_positive(x) : x;
    const double whole = trunc(x), part = x - whole;   /* psi(1 - x) - psi(x) = pi / tan(pi x) */
    return part == 0 ? NAN : digamma_positive(1 - x) - pi / tan(pi * part);
}

/* zeta(s, x), x > 0 */
static double zeta_positive(double s, double x)
{
    enum { TERMS = 12 };
    static const double over_b[TERMS] = {              /* (2k)! / B_2k */
        12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
        1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18 };
    double sum = 0, a = x;
    for (int k = 0; k < 10; k++, a++) sum += pow(a, -s);
    double term = pow(a, -s), rising = 1;
    sum += term * a / (s - 1) + 0.5 * term;
    for (int k = 0; k < TERMS; k++) {
        rising *= s + 2 * k;
        term /= a;
        const double t = rising * term / over_b[k];
        sum += t;
        if (fabs(t) < fabs(sum) * 0x1p-53) break;
        rising *= s + 2 * k + 1;
        term /= a;
    }
    return sum;
}

/* zeta(s, x) of an integral s > 1; below 0, with x = r - m, the terms of r - 1 .. r - m are those of 1 - r .. m - r up to their sign */
static double zeta(double s, double x)
{
    if (x > 0 || x != x) return x < INFINITY ? zeta_positive(s, x) : x > 0 ? 0 : x;
    if (floor(x) == x) return INFINITY;
    const double r = x - floor(x), below = zeta_positive(s, 1 - r) - zeta_positive(s, 1 - x);
    return zeta_positive(s, r) + (fmod(s, 2) != 0 ? -below : below);
}

double tp__zeta(double s, double x)
{
    if (s == 1) return INFINITY;
    if (s < 1) return NAN;
    if (x <= 0 && floor(x) == x) return INFINITY;
    if (s != s || x != x || x == INFINITY) return NAN;
    if (s == INFINITY) return x == 1 ? 1 : NAN;        /* as PyTorch */
    if (x < 0 && floor(s) != s) return NAN;            /* a power of what is negative */
    return zeta(s, x);
}

double tp__polygamma_of(int64_t n, double x)
{
    if (n == 0) return tp__digamma(x);
    if (n == 1 ? x == -INFINITY : x == INFINITY) return NAN;     /* as PyTorch */
    const double y = exp(tp__lgamma((double)n + 1)) * zeta((double)n + 1, x);
    return n % 2 ? y : -y;
}
