/* vecmath.h: elementary functions of floats as straight code, without branches, tables or calls, so that a loop around them
 * becomes vector instructions of whatever the loop is compiled for. exp, log, tanh, erf and sigmoid, which activations stand on,
 * to 7 ulp at most; the others are computed in double and rounded once. tests/test_pointwise.c has each bound. Subnormals, NaN, Inf,
 * overflow, underflow and the sign of zero are as in the C library.
 *
 * exp and log: argument reduction and polynomials after Cephes (S. Moshier, expf.c, logf.c). tanh and erf: minimax fits. */
#ifndef TP__VECMATH_H
#define TP__VECMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "cpu/simd.h"
#include "cpu/vecmath_f64.h"

/* Arguments beyond which a function is as at the bound. They are variables since of a constant a compiler makes the function's
 * value there, and of that a choice by masks, where the least of two numbers is one instruction. */
extern const struct tp__reach { float tanh, erf, gelu_gate, gelu_slope, exp_most, exp_least, exp_normal, one; } tp__reach;
static TP__INLINE float tp__at_most(float x, float most) { return x > most ? most : x; }               /* of a NaN, it: here and below */
static TP__INLINE float tp__at_least(float x, float least) { return x < least ? least : x; }

#define TP__ROUNDER_F32 12582912.0f                    /* 1.5 * 2^23: x + this - this is rint(x); the sum's low bits are that integer */

/* 2^n p for |n| <= 252, n in the low bits of what was rounded: by two factors, so that the result may be subnormal or infinite and
 * is rounded once. Unsigned: of a NaN n is anything. */
static TP__INLINE float tp__scale_f32(float p, float rounded)
{
    const uint32_t n = (uint32_t)tp__bits_of(rounded), half = (uint32_t)(tp__bits_of(rounded) >> 1), one = 0x3F800000;
    return p * tp__float_of((int32_t)((half << 23) + one)) * tp__float_of((int32_t)(((n - half) << 23) + one));
}

/* exp(x) = 2^n exp(r), r = x - n ln 2, |r| <= ln 2 / 2. ln 2 in two parts, the first short enough that n * part is exact.
 * exp(r) = 1 + r + r^2 p(r), with what rounding takes from r and from 1 + r added to the small term: 0.6 ulp. */
static TP__INLINE float tp__exp_f32(float x)
{
    const float c = tp__at_least(tp__at_most(x, tp__reach.exp_most), tp__reach.exp_least);
    const float shifted = c * 1.44269504088896341f + TP__ROUNDER_F32;
    const float n = shifted - TP__ROUNDER_F32;
    const float a = c - n * 0.693359375f;
    const float r = a - n * -2.12194440e-4f;
    const float r_rest = (a - r) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float sum = 1.0f + r;
    p = sum + (p * (r * r) + ((r - (sum - 1.0f)) + r_rest));
    return tp__scale_f32(p, shifted);
}

/* exp of x <= 0 for softmax, whose terms are added: 1.5 ulp, and 0 where it would be subnormal. A NaN stays one. */
static TP__INLINE float tp__exp_falling_f32(float x)
{
    const float c = tp__at_least(x, tp__reach.exp_normal);
    const float shifted = c * 1.44269504088896341f + TP__ROUNDER_F32;
    const float n = shifted - TP__ROUNDER_F32;
    const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    const float p = TP__P7(r, 1.0f, 1.0f, 5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f, 8.3334519073e-3f, 1.3981999507e-3f);
    const float y = p * tp__float_of((int32_t)(((uint32_t)tp__bits_of(shifted) << 23) + 0x3F800000));
    return x < tp__reach.exp_normal ? 0 : y;
}
static TP__INLINE double tp__exp_falling_f64(double x) { return tp__exp_f64(x); }

/* x p(x^2) / q(x^2) up to where tanh x rounds to 1, and the quotient is 1 with and without contraction; before, it may be an ulp above */
static TP__INLINE float tp__tanh_f32(float x)
{
    const float c = tp__at_least(tp__at_most(x, tp__reach.tanh), -tp__reach.tanh);
    const float z = c * c;
    const float p = TP__P6(z, 1.0f, 1.367837936e-01f, 3.866405925e-03f, 2.796882109e-05f, 3.049262176e-08f, -1.213537517e-11f);
    const float q = TP__P5(z, 1.0f, 4.701171219e-01f, 2.723879926e-02f, 3.935247951e-04f, 1.284673999e-06f);
    return tp__at_least(tp__at_most(c * p / q, tp__reach.one), -tp__reach.one);
}
static TP__INLINE float tp__erf_f32(float x)
{
    const float c = tp__at_least(tp__at_most(x, tp__reach.erf), -tp__reach.erf);
    const float z = c * c;
    const float p = TP__P7(z, 1.128379226e+00f, 1.851416975e-01f, 5.425557494e-02f, 3.840252059e-03f, 3.772323835e-04f, 4.621957942e-06f,
                           -1.286742890e-08f);
    const float q = TP__P6(z, 1.0f, 4.974109530e-01f, 1.138859093e-01f, 1.543500088e-02f, 1.302486868e-03f, 6.251874584e-05f);
    return tp__at_least(tp__at_most(c * p / q, tp__reach.one), -tp__reach.one);
}

/* In the steps that PyTorch takes, which its results of integers show in the last bit */
static TP__INLINE float tp__sigmoid_f32(float x) { return 1.0f / (1.0f + tp__exp_f32(-x)); }

/* ---- In double, rounded ---------------------------------------------------------------------------------------------------------- */

#define TP__ROUNDED(name) static TP__INLINE float tp__##name##_f32(float x) { return (float)tp__##name##_f64((double)x); }
TP__ROUNDED(exp2) TP__ROUNDED(expm1) TP__ROUNDED(log2) TP__ROUNDED(log10) TP__ROUNDED(log1p)
TP__ROUNDED(sin) TP__ROUNDED(cos) TP__ROUNDED(tan) TP__ROUNDED(asin) TP__ROUNDED(acos) TP__ROUNDED(atan)
TP__ROUNDED(sinh) TP__ROUNDED(cosh) TP__ROUNDED(asinh) TP__ROUNDED(acosh) TP__ROUNDED(atanh) TP__ROUNDED(erfc) TP__ROUNDED(erfinv)

#endif
