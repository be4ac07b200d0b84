/* elementary.h: exp, log, sine and cosine as straight code, without branches, tables or calls, for every backend. Of basic operations alone,
 * which IEEE 754 rounds in one way, so that where the compiler contracts none of them the result is the same bits on every machine; what
 * draws numbers (core/draw.h) is compiled so. Elsewhere a loop around them becomes vector instructions of whatever it is compiled for.
 *
 * In double to 1 or 2 ulp (tests/test_pointwise.c); NaN, Inf, overflow, underflow and the sign of zero are as in the C library.
 * Polynomials are minimax fits made for these ranges: relative error below 2^-56. log of floats after Cephes (S. Moshier, logf.c). */
#ifndef TP__ELEMENTARY_H
#define TP__ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/philox.h"

#define TP__STRAIGHT TP__ANYWHERE static inline __attribute__((always_inline))

TP__STRAIGHT float tp__float_of(int32_t bits) { float x; memcpy(&x, &bits, sizeof x); return x; }
TP__STRAIGHT int32_t tp__bits_of(float x) { int32_t bits; memcpy(&bits, &x, sizeof bits); return bits; }

TP__STRAIGHT double tp__double_of(uint64_t bits) { double x; memcpy(&x, &bits, sizeof x); return x; }
TP__STRAIGHT uint64_t tp__bits_of_f64(double x) { uint64_t bits; memcpy(&bits, &x, sizeof bits); return bits; }
TP__STRAIGHT double tp__abs_f64(double x) { return tp__double_of(tp__bits_of_f64(x) & (UINT64_MAX >> 1)); }

/* c0 + z (c1 + z (c2 + ..)) */
#define TP__P2(z, a, b)    ((a) + (z) * (b))
#define TP__P3(z, a, ...)  ((a) + (z) * TP__P2(z, __VA_ARGS__))
#define TP__P4(z, a, ...)  ((a) + (z) * TP__P3(z, __VA_ARGS__))
#define TP__P5(z, a, ...)  ((a) + (z) * TP__P4(z, __VA_ARGS__))
#define TP__P6(z, a, ...)  ((a) + (z) * TP__P5(z, __VA_ARGS__))
#define TP__P7(z, a, ...)  ((a) + (z) * TP__P6(z, __VA_ARGS__))
#define TP__P8(z, a, ...)  ((a) + (z) * TP__P7(z, __VA_ARGS__))
#define TP__P9(z, a, ...)  ((a) + (z) * TP__P8(z, __VA_ARGS__))
#define TP__P10(z, a, ...) ((a) + (z) * TP__P9(z, __VA_ARGS__))
#define TP__P11(z, a, ...) ((a) + (z) * TP__P10(z, __VA_ARGS__))
#define TP__P12(z, a, ...) ((a) + (z) * TP__P11(z, __VA_ARGS__))
#define TP__P13(z, a, ...) ((a) + (z) * TP__P12(z, __VA_ARGS__))

#define TP__ROUNDER 0x1.8p52                           /* x + this - this is rint(x); the sum's low bits are that integer */
#define TP__LN2_HI  0x1.62e42fefa38p-1                 /* short enough that n times it is exact */
#define TP__LN2_LO  0x1.ef35793c7673p-45

/* ---- exp -------------------------------------------------------------------------------------------------------------------------- */

/* 2^n of an integral |n| <= 1022 */
TP__STRAIGHT double tp__power_of_2(double n) { return tp__double_of((tp__bits_of_f64(n + TP__ROUNDER) + 1023) << 52); }
/* p 2^n by two factors, so that it may end up subnormal or infinite and is rounded once */
TP__STRAIGHT double tp__scale_f64(double p, double n)
{
    const double half = (n * 0.5 + TP__ROUNDER) - TP__ROUNDER;
    return p * tp__power_of_2(half) * tp__power_of_2(n - half);
}

/* x = n ln 2 + r + rest, |r| <= ln 2 / 2; and p of exp(r) = 1 + r + p r^2 */
typedef struct tp__exp_parts { double n, r, rest, p; } tp__exp_parts;
TP__STRAIGHT tp__exp_parts tp__exp_split(double x, double low)
{
    tp__exp_parts e;
    e.n = (x * 1.44269504088896340736 + TP__ROUNDER) - TP__ROUNDER;
    const double a = x - e.n * TP__LN2_HI, b = e.n * TP__LN2_LO - low;
    e.r = a - b;
    e.rest = (a - e.r) - b;
    e.p = TP__P10(e.r, 5.00000000000001110e-01, 1.66666666666664187e-01, 4.16666666665299890e-02, 8.33333333349053386e-03,
                  1.38888889436695855e-03, 1.98412695155097328e-04, 2.48014930644793570e-05, 2.75575781816763886e-06,
                  2.76302585473820979e-07, 2.50026920948220761e-08);
    return e;
}

/* exp(x + low) 2^shift */
TP__STRAIGHT double tp__exp_shifted_f64(double x, double low, double shift)
{
    double c = x > 711.0 ? 711.0 : x;                  /* a NaN goes through both */
    c = c < -747.0 ? -747.0 : c;
    const tp__exp_parts e = tp__exp_split(c, low);
    const double sum = 1.0 + e.r;                      /* what rounding takes from it goes to the small term */
    return tp__scale_f64(sum + (e.p * (e.r * e.r) + ((e.r - (sum - 1.0)) + e.rest)), e.n + shift);
}
TP__STRAIGHT double tp__exp_f64(double x) { return tp__exp_shifted_f64(x, 0, 0); }

/* ---- log -------------------------------------------------------------------------------------------------------------------------- */

/* x = 2^n m, sqrt(1/2) <= m < sqrt(2), f = m - 1; with s = f / (2 + f):  log(m) = f - (h - w), h = f^2 / 2, w = s (h + R(s^2)) */
typedef struct tp__log_parts { double n, f, h, w; } tp__log_parts;
TP__STRAIGHT tp__log_parts tp__log_split(double x)
{
    const int tiny = x < 2.2250738585072014e-308;      /* subnormal: scaled up first */
    const uint64_t bits = tp__bits_of_f64(tiny ? x * 0x1p54 : x);
    const uint64_t biased = (bits + (0x3FF0000000000000u - 0x3FE6A09E667F3BCDu)) >> 52;
    const double m = tp__double_of(bits - ((biased - 1023) << 52));
    tp__log_parts l;
    l.n = tp__double_of(biased | 0x4330000000000000u) - (tiny ? 0x1p52 + 1077 : 0x1p52 + 1023);
    l.f = m - 1.0;
    l.h = 0.5 * l.f * l.f;
    const double s = l.f / (2.0 + l.f), z = s * s;
    l.w = s * (l.h + z * TP__P7(z, 6.66666666666673513e-01, 3.99999999994072097e-01, 2.85714287442182691e-01, 2.22221983691967578e-01,
                                1.81835757159731881e-01, 1.53137400931373735e-01, 1.47992368536138230e-01));
    return l;
}

/* What log(x) is at the ends: y where x is positive and finite. */
TP__STRAIGHT double tp__log_ends(double x, double y)
{
    y = x > 1.7976931348623157e308 ? x : y;
    y = x == 0.0 ? -HUGE_VAL : y;
    y = x < 0.0 ? (double)NAN : y;
    return x != x ? x : y;
}

TP__STRAIGHT double tp__log_f64(double x)
{
    const tp__log_parts l = tp__log_split(x);
    return tp__log_ends(x, l.n * TP__LN2_HI - ((l.h - (l.w + l.n * TP__LN2_LO)) - l.f));
}

/* log of u = 1 + x, rounded, plus what rounding took: (1 + x - u) / u */
TP__STRAIGHT double tp__log1p_f64(double x)
{
    const double u = 1.0 + x, back = u - 1.0;
    const double lost = (x - back) + (1.0 - (u - back));
    const tp__log_parts l = tp__log_split(u);
    double y = l.n * TP__LN2_HI - ((l.h - (l.w + (l.n * TP__LN2_LO + lost / u))) - l.f);
    y = tp__log_ends(u, y);
    return x == 0.0 ? x : y;
}

/* log(x) = e ln 2 + log(m), sqrt(1/2) <= m < sqrt(2) */
TP__STRAIGHT float tp__log_f32(float x)
{
    const int tiny = x < 1.17549435e-38f;              /* subnormal: scaled up first */
    const float scaled = tiny ? x * 8388608.0f : x;
    const int32_t bits = tp__bits_of(scaled);
    const int32_t e = (int32_t)((uint32_t)bits - 0x3F3504F3u) >> 23;         /* 0x3F3504F3: sqrt(1/2); below 0 it wraps */
    const float m = tp__float_of((int32_t)((uint32_t)bits - ((uint32_t)e << 23))) - 1.0f;
    const float n = (float)(e - (tiny ? 23 : 0));
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    p = p * m * z + n * -2.12194440e-4f;
    float y = m + (p - 0.5f * z) + n * 0.693359375f;
    y = x > 3.40282347e38f ? x : y;
    y = x == 0.0f ? -HUGE_VALF : y;
    y = x < 0.0f ? NAN : y;
    return x != x ? x : y;
}

/* ---- Trigonometry -------------------------------------------------------------------------------------------------------------------- */

/* x = n pi / 2 + r, |r| <= pi / 4:  sin(r), cos(r), and n */
typedef struct tp__trig { double sine, cosine; uint64_t n; } tp__trig;
TP__STRAIGHT tp__trig tp__trig_split(double x)
{
    const double shifted = x * 0x1.45f306dc9c883p-1 + TP__ROUNDER, n = shifted - TP__ROUNDER;
    const double a = x - n * 0x1.921fb544p+0, b = n * 0x1.0b4611a6p-34;
    const double r = a - b, low = ((a - r) - b) - n * 0x1.3198a2e037073p-69, z = r * r;
    const double bend = z * r * TP__P6(z, -1.66666666666666324e-01, 8.33333333332236977e-03, -1.98412698297704650e-04, 2.75573136784147652e-06,
                                       -2.50507559422887886e-08, 1.58966669085052085e-10);
    const double one = 1.0 - 0.5 * z;
    tp__trig t;
    t.sine = r + (bend + low * one);
    t.cosine = one + (((1.0 - one) - 0.5 * z) + (z * z * TP__P6(z, 4.16666666666665950e-02, -1.38888888888729560e-03, 2.48015872887919236e-05,
        -2.75573141624828661e-07, 2.08756985880611229e-09, -1.13584203209969016e-11) - low * (r + bend)));
    t.n = tp__bits_of_f64(shifted);
    return t;
}
TP__STRAIGHT double tp__sin_f64(double x)
{
    const tp__trig t = tp__trig_split(x);
    const double y = t.n & 1 ? t.cosine : t.sine;
    const double z = tp__double_of(tp__bits_of_f64(y) ^ (t.n & 2) << 62);
    return x == 0.0 ? x : z;
}
TP__STRAIGHT double tp__cos_f64(double x)
{
    const tp__trig t = tp__trig_split(x);
    const double y = t.n & 1 ? t.sine : t.cosine;
    return tp__double_of(tp__bits_of_f64(y) ^ ((t.n + 1) & 2) << 62);
}
TP__STRAIGHT double tp__tan_f64(double x)
{
    const tp__trig t = tp__trig_split(x);
    const double y = (t.n & 1 ? -t.cosine : t.sine) / (t.n & 1 ? t.sine : t.cosine);
    return x == 0.0 ? x : y;
}

#endif
