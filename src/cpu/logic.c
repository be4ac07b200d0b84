/* logic.c: logic of truth values, tests of one number, and logic of bits. */
#include "cpu/pointwise.h"

/* ---- Truth values: a number is true if it is not 0. bool without a cast ---------------------------------------------------------- */

#define LOGIC(name, N, expression) \
    TP__LOOP(name##_F32, float, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_I64, int64_t, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_U8, uint8_t, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__KERNEL(name, .n_in = N, .gives_bool = true, .loop = { \
        [TP_F32] = name##_F32, [TP_F64] = name##_F64, [TP_I64] = name##_I64, [TP_BOOL] = name##_U8, [TP_U8] = name##_U8 })

LOGIC(logical_and, 2, (a != 0) & (b != 0))
LOGIC(logical_or, 2, (a != 0) | (b != 0))
LOGIC(logical_xor, 2, (a != 0) ^ (b != 0))
LOGIC(logical_not, 1, a == 0)

/* ---- Tests of one number: no integer is NaN or infinite ----------------------------------------------------------------------------- */

TP__TEST1(isnan, a != a, a & 0)
TP__TEST1(isinf, (a == (T)INFINITY) | (a == (T)-INFINITY), a & 0)
TP__TEST1(isposinf, a == (T)INFINITY, a & 0)
TP__TEST1(isneginf, a == (T)-INFINITY, a & 0)
TP__TEST1(isfinite, a - a == 0, (a | 1) != 0)

/* ---- Bits: one loop for each width -------------------------------------------------------------------------------------------------- */

#define BITS(name, N, of_bool, expression) \
    TP__LOOP(name##_1, uint8_t, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_2, uint16_t, T, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_4, uint32_t, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_8, uint64_t, T, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_bool, uint8_t, T, N, TP__T##N, TP__NO_ATTR, of_bool) \
    TP__KERNEL(name, .n_in = N, .loop = { [TP_BOOL] = name##_bool, \
        [TP_U8] = name##_1, [TP_I8] = name##_1, [TP_I16] = name##_2, [TP_I32] = name##_4, [TP_I64] = name##_8 })

BITS(bitwise_and, 2, a & b, a & b)
BITS(bitwise_or, 2, a | b, a | b)
BITS(bitwise_xor, 2, a ^ b, a ^ b)
BITS(bitwise_not, 1, a ^ 1, ~a)

/* In 64 bits, of which narrower ones are the last: further than they reach, nothing is left, or the sign. */
static TP__INLINE int64_t shift_left(int64_t a, int64_t b) { return (uint64_t)b > 63 ? 0 : (int64_t)((uint64_t)a << b); }
static TP__INLINE int64_t shift_right(int64_t a, int64_t b) { return a >> ((uint64_t)b > 63 ? 63 : b); }
#define SHIFT(name, expression) TP__LOOP(name##_I64, int64_t, T, 2, TP__T2, TP__NO_ATTR, expression) \
    TP__KERNEL(name, .n_in = 2, .loop = { [TP_I64] = name##_I64 })
SHIFT(bitwise_left_shift, shift_left(a, b))
SHIFT(bitwise_right_shift, shift_right(a, b))

const tp_kernel tp__cpu_logic[] = {
    TP__ROW(logical_and) TP__ROW(logical_or) TP__ROW(logical_xor) TP__ROW(logical_not)
    TP__ROW(isnan) TP__ROW(isinf) TP__ROW(isposinf) TP__ROW(isneginf) TP__ROW(isfinite)
    TP__ROW(bitwise_and) TP__ROW(bitwise_or) TP__ROW(bitwise_xor) TP__ROW(bitwise_not) TP__ROW(bitwise_left_shift) TP__ROW(bitwise_right_shift)
    { NULL, NULL, NULL },
};
