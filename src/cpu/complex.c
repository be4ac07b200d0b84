/* complex.c: elementwise kernels in complex64 and complex128: rows as in pointwise.c. They are asked for as complex_NAME.
 *
 * Products and quotients are PyTorch's: a product is four real ones, each rounded (z times its conjugate is real), without the search
 * for infinities of C's annex G; a quotient is scaled by the greater part of the divisor (Smith, CACM 5 (1962)). Elementary functions are
 * those of the C library. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "core/kernel_args.h"
#include "cpu/pointwise.h"

#include <complex.h>
#undef I

typedef float _Complex c64;
typedef double _Complex c128;

/* C11's CMPLX, which not every compiler has */
static TP__INLINE c64 made_c64(float re, float im) { return (union { float part[2]; c64 z; }){ { re, im } }.z; }
static TP__INLINE c128 made_c128(double re, double im) { return (union { double part[2]; c128 z; }){ { re, im } }.z; }

/* ---- Arithmetic ----------------------------------------------------------------------------------------------------------------------- */

/* gcc's vectorizer knows products of complex numbers and fuses them all the same, unless something stands between. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_assoc_barrier)
#define ROUNDED(x) __builtin_assoc_barrier(x)
#endif
#endif
#ifndef ROUNDED
#define ROUNDED(x) (x)
#endif

#define ARITHMETIC(C, R, f, MADE) \
    static TP__INLINE C mul_##C(C a, C b) \
    { \
        const R x = __real__ a, y = __imag__ a, c = __real__ b, d = __imag__ b; \
        return MADE(ROUNDED(x * c) - ROUNDED(y * d), ROUNDED(x * d) + ROUNDED(y * c)); \
    } \
    static TP__INLINE C div_##C(C a, C b) \
    { \
        const R x = __real__ a, y = __imag__ a, c = __real__ b, d = __imag__ b; \
        const bool steep = fabs##f(d) > fabs##f(c); \
        const R ratio = steep ? c / d : d / c, scale = 1 / (steep ? c * ratio + d : c + d * ratio); \
        if (c == 0 && d == 0) return MADE(x / fabs##f(c), y / fabs##f(c)); \
        return steep ? MADE((x * ratio + y) * scale, (y * ratio - x) * scale) : MADE((x + y * ratio) * scale, (y - x * ratio) * scale); \
    } \
    static TP__INLINE C times_##C(R s, C a) { return MADE(s * __real__ a, s * __imag__ a); } \
    static inline C sgn_##C(C a) { const R size = hypot##f(__real__ a, __imag__ a); return size == 0 ? 0 : MADE(__real__ a / size, __imag__ a / size); } \
    static inline C expm1_##C(C a) \
    { \
        const R x = __real__ a, y = __imag__ a, half = sin##f(y / 2); \
        return MADE(expm1##f(x) * cos##f(y) - 2 * half * half, exp##f(x) * sin##f(y)); \
    } \
    static inline C log1p_##C(C a) \
    { \
        const R x = __real__ a, y = __imag__ a, angle = atan2##f(y, x + 1), above = x * (2 + x) + y * y; \
        if (hypot##f(x, y) >= (R)0.5) return MADE(log##f(hypot##f(x + 1, y)), angle); \
        return MADE(above == 0 ? x : log1p##f(above) / 2, angle); \
    } \
    static inline C exp2_##C(C a) { return cexp##f(times_##C((R)0.693147180559945309417232121458, a)); } \
    static inline C log2_##C(C a) { return times_##C((R)1.44269504088896340735992468100, clog##f(a)); } \
    static inline C log10_##C(C a) { return times_##C((R)0.434294481903251827651128918917, clog##f(a)); } \
    static inline C pow_number_##C(C a, C b)               /* of a number, which multiplications or a root may do */ \
    { \
        const R p = __real__ b; \
        if (p == 0) return 1; \
        if (p == 1) return a; \
        if (p == 2) return mul_##C(a, a); \
        if (p == 3) return mul_##C(mul_##C(a, a), a); \
        if (p == (R)0.5) return csqrt##f(a); \
        if (p == -1) return div_##C(1, a); \
        if (p == -2) return div_##C(1, mul_##C(a, a)); \
        return p == (R)-0.5 ? div_##C(1, csqrt##f(a)) : cpow##f(a, b); \
    }
ARITHMETIC(c64, float, f, made_c64)
ARITHMETIC(c128, double, , made_c128)

/* ---- Rows: an expression in complex64, one in complex128 ------------------------------------------------------------------------------ */

#define BOTH(name) .loop = { [TP_C64] = name##_C64, [TP_C128] = name##_C128 }
#define ROW_OF(KIND, name, N, ATTR, single, dbl) \
    KIND(complex_##name##_C64, c64, T, N, TP__T##N, ATTR, single) KIND(complex_##name##_C128, c128, T, N, TP__T##N, ATTR, dbl) \
    TP__KERNEL(complex_##name, BOTH(complex_##name), .n_in = N)
#define COMPLEX1(name, single, dbl) ROW_OF(TP__LOOP, name, 1, TP__NO_ATTR, single, dbl)
#define COMPLEX2(name, single, dbl) ROW_OF(TP__LOOP, name, 2, TP__NO_ATTR, single, dbl)
#define FUNCTION1(name, single, dbl) ROW_OF(TP__CALLS, name, 1, TP__NO_ATTR, single, dbl)
#define FUNCTION2(name, single, dbl) ROW_OF(TP__CALLS, name, 2, TP__NO_ATTR, single, dbl)
#define LIBRARY(name) FUNCTION1(name, c##name##f(a), c##name(a))
/* To parts, and to bool */
#define TO_PARTS(name, single, dbl) \
    TP__CALLS(complex_##name##_C64, c64, float, 1, (T), TP__NO_ATTR, single) TP__CALLS(complex_##name##_C128, c128, double, 1, (T), TP__NO_ATTR, dbl) \
    TP__KERNEL(complex_##name, BOTH(complex_##name), .n_in = 1, .gives_real = true)
#define TO_BOOL(name, N, expression) \
    TP__CALLS(complex_##name##_C64, c64, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__CALLS(complex_##name##_C128, c128, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__KERNEL(complex_##name, BOTH(complex_##name), .n_in = N, .gives_bool = true)

#define FACTOR64  const tp__factor p = *(const tp__factor *)attr; const float factor = (float)tp__number(p.value); (void)factor;
#define FACTOR128 const tp__factor p = *(const tp__factor *)attr; const double factor = tp__number(p.value); (void)factor;
#define SCALED_OF(KIND, name, N, single, dbl) \
    KIND(complex_##name##_C64, c64, T, N, TP__T##N, FACTOR64, single) KIND(complex_##name##_C128, c128, T, N, TP__T##N, FACTOR128, dbl) \
    TP__KERNEL(complex_##name, BOTH(complex_##name), .n_in = N)
#define SCALED(name, N, single, dbl) SCALED_OF(TP__LOOP, name, N, single, dbl)

COMPLEX2(add, a + b, a + b)
COMPLEX2(sub, a - b, a - b)
COMPLEX2(mul, mul_c64(a, b), mul_c128(a, b))
COMPLEX2(div, div_c64(a, b), div_c128(a, b))
SCALED(add_alpha, 2, a + times_c64(factor, b), a + times_c128(factor, b))
SCALED(sub_alpha, 2, a - times_c64(factor, b), a - times_c128(factor, b))
SCALED(rsub, 2, b - times_c64(factor, a), b - times_c128(factor, a))
SCALED(addcmul, 3, a + mul_c64(times_c64(factor, b), c), a + mul_c128(times_c128(factor, b), c))
SCALED(addcdiv, 3, a + times_c64(factor, div_c64(b, c)), a + times_c128(factor, div_c128(b, c)))
#define FROM_NEARER(C, w) (cabs(w) < 0.5 ? a + mul_##C(w, b - a) : b - mul_##C(b - a, 1 - (w)))
SCALED_OF(TP__CALLS, lerp, 2, FROM_NEARER(c64, (c64)factor), FROM_NEARER(c128, (c128)factor))
ROW_OF(TP__CALLS, lerp_tensor, 3, TP__NO_ATTR, FROM_NEARER(c64, c), FROM_NEARER(c128, c))
COMPLEX1(square, mul_c64(a, a), mul_c128(a, a))
COMPLEX1(reciprocal, div_c64(1, a), div_c128(1, a))
COMPLEX1(neg, -a, -a)
COMPLEX1(conj_physical, made_c64(__real__ a, -__imag__ a), made_c128(__real__ a, -__imag__ a))
FUNCTION2(pow_tensor, cpowf(a, b), cpow(a, b))
FUNCTION2(pow_number, pow_number_c64(a, b), pow_number_c128(a, b))
static tp_status complex_pow_run(tp__call *call)
{
    return call->in[1]->flags & TP__WRAPPED ? complex_pow_number_run(call) : complex_pow_tensor_run(call);
}

LIBRARY(sqrt) LIBRARY(exp) LIBRARY(log) LIBRARY(sin) LIBRARY(cos) LIBRARY(tan) LIBRARY(asin) LIBRARY(acos) LIBRARY(atan)
LIBRARY(sinh) LIBRARY(cosh) LIBRARY(tanh) LIBRARY(asinh) LIBRARY(acosh) LIBRARY(atanh)
FUNCTION1(rsqrt, div_c64(1, csqrtf(a)), div_c128(1, csqrt(a)))
FUNCTION1(exp2, exp2_c64(a), exp2_c128(a))
FUNCTION1(expm1, expm1_c64(a), expm1_c128(a))
FUNCTION1(log2, log2_c64(a), log2_c128(a))
FUNCTION1(log10, log10_c64(a), log10_c128(a))
FUNCTION1(log1p, log1p_c64(a), log1p_c128(a))
FUNCTION1(sigmoid, div_c64(1, 1 + cexpf(-a)), div_c128(1, 1 + cexp(-a)))
COMPLEX2(sigmoid_backward, mul_c64(a, mul_c64(b, 1 - b)), mul_c128(a, mul_c128(b, 1 - b)))
COMPLEX2(tanh_backward, mul_c64(a, 1 - mul_c64(b, b)), mul_c128(a, 1 - mul_c128(b, b)))

FUNCTION1(sign, sgn_c64(a), sgn_c128(a))
TO_PARTS(abs, hypotf(__real__ a, __imag__ a), hypot(__real__ a, __imag__ a))
TO_PARTS(angle, atan2f(__imag__ a, __real__ a), atan2(__imag__ a, __real__ a))
TO_BOOL(eq, 2, a == b)
TO_BOOL(ne, 2, a != b)
TO_BOOL(logical_and, 2, a != 0 && b != 0)
TO_BOOL(logical_or, 2, a != 0 || b != 0)
TO_BOOL(logical_xor, 2, (a != 0) != (b != 0))
TO_BOOL(logical_not, 1, a == 0)
TO_BOOL(isnan, 1, __real__ a != __real__ a || __imag__ a != __imag__ a)
TO_BOOL(isinf, 1, isinf(__real__ a) || isinf(__imag__ a))
TO_BOOL(isfinite, 1, isfinite(__real__ a) && isfinite(__imag__ a))

#define OWN(name) { "complex_" #name, complex_##name##_run, NULL },
const tp_kernel tp__cpu_complex[] = {
    OWN(add) OWN(sub) OWN(mul) OWN(div) OWN(add_alpha) OWN(sub_alpha) OWN(rsub) OWN(addcmul) OWN(addcdiv) OWN(lerp) OWN(lerp_tensor) OWN(square)
    OWN(reciprocal) OWN(neg) OWN(conj_physical) OWN(pow) OWN(sqrt) OWN(exp) OWN(log) OWN(sin) OWN(cos) OWN(tan) OWN(asin) OWN(acos) OWN(atan) OWN(sinh)
    OWN(cosh) OWN(tanh) OWN(asinh) OWN(acosh) OWN(atanh) OWN(rsqrt) OWN(exp2) OWN(expm1) OWN(log2) OWN(log10) OWN(log1p) OWN(sigmoid)
    OWN(sigmoid_backward) OWN(tanh_backward) OWN(sign) OWN(abs) OWN(angle) OWN(eq) OWN(ne) OWN(logical_and) OWN(logical_or) OWN(logical_xor)
    OWN(logical_not) OWN(isnan) OWN(isinf) OWN(isfinite)
    { NULL, NULL, NULL },
};
