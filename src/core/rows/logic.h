/* logic.h: logic of truth values, tests of one number, and logic of bits: rows for every backend, which says how LOGIC, BITS and SHIFT
 * make one. */
#ifndef TP__ROWS_LOGIC_H
#define TP__ROWS_LOGIC_H

/* Truth values: a number is true if it is not 0 */
LOGIC(logical_and, 2, (a != 0) & (b != 0))
LOGIC(logical_or, 2, (a != 0) | (b != 0))
LOGIC(logical_xor, 2, (a != 0) ^ (b != 0))
LOGIC(logical_not, 1, a == 0)

/* Tests of one number: no integer is NaN or infinite */
TP__TEST1(isnan, a != a, a & 0)
TP__TEST1(isinf, (a == (T)INFINITY) | (a == (T)-INFINITY), a & 0)
TP__TEST1(isposinf, a == (T)INFINITY, a & 0)
TP__TEST1(isneginf, a == (T)-INFINITY, a & 0)
TP__TEST1(isfinite, a - a == 0, (a | 1) != 0)

BITS(bitwise_and, 2, a & b)
BITS(bitwise_or, 2, a | b)
BITS(bitwise_xor, 2, a ^ b)

/* In 64 bits, of which narrower ones are the last: further than they reach, nothing is left, or the sign. */
static TP__INLINE int64_t shift_left(int64_t a, int64_t b) { return (uint64_t)b > 63 ? 0 : (int64_t)((uint64_t)a << b); }
static TP__INLINE int64_t shift_right(int64_t a, int64_t b) { return a >> ((uint64_t)b > 63 ? 63 : b); }
SHIFT(bitwise_left_shift, shift_left(a, b))
SHIFT(bitwise_right_shift, shift_right(a, b))

#define LOGIC_ROWS \
    TP__ROW(logical_and) TP__ROW(logical_or) TP__ROW(logical_xor) TP__ROW(logical_not) \
    TP__ROW(isnan) TP__ROW(isinf) TP__ROW(isposinf) TP__ROW(isneginf) TP__ROW(isfinite) \
    TP__ROW(bitwise_and) TP__ROW(bitwise_or) TP__ROW(bitwise_xor) TP__ROW(bitwise_not) \
    TP__ROW(bitwise_left_shift) TP__ROW(bitwise_right_shift)

#endif
