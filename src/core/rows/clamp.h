/* clamp.h: the greater or lesser of two, and between two bounds: rows for every backend, which says how a PART is made. Of equals the
 * first; maximum, minimum and clamp pass a NaN on, fmax and fmin pass it over. */
#ifndef TP__ROWS_CLAMP_H
#define TP__ROWS_CLAMP_H

TP__EVERY2(maximum, ((a >= b) | (a != a)) ? a : b, ((a >= b) | (a != a)) ? a : b, a >= b ? a : b)
TP__EVERY2(minimum, ((a <= b) | (a != a)) ? a : b, ((a <= b) | (a != a)) ? a : b, a <= b ? a : b)
TP__EVERY2(fmax, ((a >= b) | (b != b)) ? a : b, ((a >= b) | (b != b)) ? a : b, a >= b ? a : b)
TP__EVERY2(fmin, ((a <= b) | (b != b)) ? a : b, ((a <= b) | (b != b)) ? a : b, a <= b ? a : b)

/* ---- Between numbers ------------------------------------------------------------------------------------------------------------------ */

static TP__INLINE double least(tp_operand bound) { return bound.kind ? tp__number(bound) : -INFINITY; }
static TP__INLINE double most(tp_operand bound) { return bound.kind ? tp__number(bound) : INFINITY; }
#define BETWEEN(T, name) static TP__INLINE T name(T x, T lo, T hi) \
    { \
        const T y = x < lo ? lo : x, z = y > hi ? hi : y; \
        return ((lo != lo) | (hi != hi)) ? (T)NAN : z; \
    }
BETWEEN(float, between_f32)
BETWEEN(double, between_f64)
static TP__INLINE int64_t between_i64(int64_t x, tp__bounds p)
{
    const int64_t lo = p.min.kind ? tp__integer(p.min) : INT64_MIN, hi = p.max.kind ? tp__integer(p.max) : INT64_MAX, y = x < lo ? lo : x;
    return y > hi ? hi : y;
}
TP__EVERY1_WITH(clamp, tp__bounds, between_f32(a, (float)least(p.min), (float)most(p.max)), between_f64(a, least(p.min), most(p.max)), between_i64(a, p))
/* The gradient where x is strictly inside. */
#define INSIDE(T, name) static TP__INLINE T name(T dy, T x, tp__bounds p) \
    { \
        const int above = !p.min.kind || x > (T)least(p.min), below = !p.max.kind || x < (T)most(p.max); \
        return above & below ? dy : 0; \
    }
INSIDE(float, inside_f32)
INSIDE(double, inside_f64)
TP__REAL2_WITH(clamp_backward, tp__bounds, inside_f32(a, b, p), inside_f64(a, b, p))

/* ---- Between tensors ------------------------------------------------------------------------------------------------------------------- */

#define LIMITED (a < b ? b : a) > c ? c : a < b ? b : a
#define NAN_OR(rest) a != a ? a : b != b ? b : c != c ? c : rest
TP__EVERY3(clamp_between, NAN_OR(LIMITED), NAN_OR(LIMITED), LIMITED)

/* Parts of a gradient a, by the values in their result type: b and c of two; b between c and d. Equals share it. */
PART(maximum_backward, 3, b < c ? 0 : b == c ? a / 2 : a)
PART(fmax_backward, 3, b == c ? a / 2 : ((b > c) | (c != c)) ? a : 0)
PART(fmin_backward, 3, b == c ? a / 2 : ((b < c) | (c != c)) ? a : 0)
PART(fmax_backward_other, 3, b == c ? a / 2 : ((b > c) | (c != c)) ? 0 : a)
PART(fmin_backward_other, 3, b == c ? a / 2 : ((b < c) | (c != c)) ? 0 : a)
PART(clamp_backward_input, 4, ((b < c) | (b > d)) ? 0 : ((c < d) & ((b == c) | (b == d))) ? a / 2 : a)
PART(clamp_backward_min, 4, ((b < c) & (c <= d)) ? a : ((b == c) & (c < d)) ? a / 2 : 0)
PART(clamp_backward_max, 4, ((c > d) | ((b > d) & (c <= d))) ? a : ((b == d) & (c < d)) ? a / 2 : 0)

#endif
