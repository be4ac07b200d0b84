/* arithmetic.h: arithmetic of two and three inputs: rows for every backend, and what its division and its powers are made of. int64
 * wraps as every narrower integer does. The backend says how NUMBERS and REAL_NUMBERS make a row whose inputs in the bits of `takes`
 * may be numbers in their own precision, and what FACTOR is: the attributes p, a tp__factor, and its value `factor` in T. */
#ifndef TP__ROWS_ARITHMETIC_H
#define TP__ROWS_ARITHMETIC_H

typedef uint64_t wrap;                                 /* its sums and products overflow without harm */
#define INTEGER (wrap)tp__integer(p.value)

TP__EVERY2(add, a + b, a + b, (wrap)a + (wrap)b)
TP__EVERY2(sub, a - b, a - b, (wrap)a - (wrap)b)
/* PyTorch rounds a number to 16 bits in all others, and a 0-dim tensor on the left. */
enum { LEFT_NUMBER = 1 << 0, RIGHT_NUMBER = 1 << 1 };
NUMBERS(mul, LEFT_NUMBER | RIGHT_NUMBER, a * b, a * b, (wrap)a * (wrap)b)
REAL_NUMBERS(div, RIGHT_NUMBER, a / b, a / b)
TP__EVERY(add_alpha, 2, FACTOR, a + factor * b, a + factor * b, (wrap)a + INTEGER * (wrap)b)
TP__EVERY(sub_alpha, 2, FACTOR, a - factor * b, a - factor * b, (wrap)a - INTEGER * (wrap)b)
TP__EVERY(rsub, 2, FACTOR, b - factor * a, b - factor * a, (wrap)b - INTEGER * (wrap)a)

/* a + v b c and a + v (b / c) */
TP__EVERY(addcmul, 3, FACTOR, a + factor * b * c, a + factor * b * c, (wrap)a + INTEGER * (wrap)b * (wrap)c)
TP__REAL(addcdiv, 3, FACTOR, a + factor * (b / c), a + factor * (b / c))

/* From whichever end is nearer: exact at both. */
#define LERP(w) ((w) > (T)-0.5 && (w) < (T)0.5 ? a + (w) * (b - a) : b - (b - a) * (1 - (w)))
TP__REAL(lerp, 2, FACTOR, LERP(factor), LERP(factor))
TP__REAL3(lerp_tensor, LERP(c), LERP(c))

TP__EVERY1(neg, -a, -a, -(wrap)a)
TP__TEST2(eq, a == b, a == b)

#define ARITHMETIC_ROWS \
    TP__ROW(add) TP__ROW(sub) TP__ROW(mul) TP__ROW(div) TP__ROW(add_alpha) TP__ROW(sub_alpha) TP__ROW(rsub) \
    TP__ROW(addcmul) TP__ROW_MANY(addcdiv) TP__ROW_MANY(lerp) TP__ROW_MANY(lerp_tensor) \
    TP__ROW_MANY(div_trunc) TP__ROW_MANY(div_floor) TP__ROW_MANY(fmod) TP__ROW_MANY(remainder) \
    TP__ROW_MANY(pow) TP__ROW(square) TP__ROW(sqrt) TP__ROW(rsqrt) TP__ROW(reciprocal) TP__ROW(neg) TP__ROW(eq)

/* ---- Division, by the remainder m = fmod(a, b) -------------------------------------------------------------------------- */

/* The sign of the divisor, as Python has it */
static TP__INLINE float remainder_of_f32(float m, float b) { return m != 0 && (b < 0) != (m < 0) ? m + b : m; }
static TP__INLINE double remainder_of_f64(double m, double b) { return m != 0 && (b < 0) != (m < 0) ? m + b : m; }

/* floor(a / b) as Python computes it: the quotient of what divides evenly, rounded to the nearest integer */
#define FLOOR_BY(T, name, FLOOR, COPYSIGN) \
    static TP__INLINE T name(T a, T b, T m) \
    { \
        T q = (a - m) / b; \
        q -= m != 0 && (b < 0) != (m < 0) ? 1 : 0; \
        const T f = FLOOR(q); \
        const T near = q - f > (T)0.5 ? f + 1 : f; \
        const T zero = COPYSIGN((T)0, a / b); \
        return b == 0 ? a / b : q != 0 || q != q ? near : zero; \
    }
FLOOR_BY(float, floor_by_f32, floorf, copysignf)
FLOOR_BY(double, floor_by_f64, floor, copysign)

/* Of integers. b is not 0 where it counts: such a call is refused. By -1 everything divides, and the quotient may wrap. */
#define QUOTIENT (b == -1 ? (int64_t)-(wrap)a : b ? a / b : 0)
#define REST     (b == -1 || !b ? 0 : a % b)
#define UNEVEN   (REST && (REST < 0) != (b < 0))

/* ---- Powers -------------------------------------------------------------------------------------------------------------- */

/* By squaring; a negative power of an integer is an integer for 1 and -1 alone, else 0. */
static TP__INLINE int64_t power(int64_t a, int64_t b)
{
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    wrap y = 1;
    for (wrap x = (wrap)a; b; b >>= 1, x *= x)
        if (b & 1) y *= x;
    return (int64_t)y;
}

#endif
