/* logic.cu: logic of truth values, tests of one number, and logic of bits. */
#include "cuda/pointwise.cuh"

/* ---- Truth values: a number is true if it is not 0 ---------------------------------------------------------------------------------------- */

#define LOGIC(name, N, expression) TP__TEST(name, N, expression, expression)
LOGIC(logical_and, 2, (a != 0) & (b != 0))
LOGIC(logical_or, 2, (a != 0) | (b != 0))
LOGIC(logical_xor, 2, (a != 0) ^ (b != 0))
LOGIC(logical_not, 1, a == 0)

/* ---- Tests of one number: no integer is NaN or infinite ----------------------------------------------------------------------------------- */

TP__TEST1(isnan, a != a, a & 0)
TP__TEST1(isinf, (a == (T)INFINITY) | (a == (T)-INFINITY), a & 0)
TP__TEST1(isposinf, a == (T)INFINITY, a & 0)
TP__TEST1(isneginf, a == (T)-INFINITY, a & 0)
TP__TEST1(isfinite, a - a == 0, (a | 1) != 0)

/* ---- Bits: in 64, of which narrower integers are the last; of bool only the last one counts ------------------------------------------------ */

#define BITS(name, N, expression) \
    TP__LOOP(name##_I64, int64_t, T, N, TP__NO_ATTR, expression) TP__KERNEL(name, N, tpc_no_loop, tpc_no_loop, name##_I64, 0, false, 0)
BITS(bitwise_and, 2, a & b)
BITS(bitwise_or, 2, a | b)
BITS(bitwise_xor, 2, a ^ b)

BITS(bits_not, 1, ~a)
BITS(bool_not, 1, a == 0)
static tp_status bitwise_not_run(tp__call *call) { return (int)(uintptr_t)tpc_scratch_of(call) == TP_BOOL ? bool_not_run(call) : bits_not_run(call); }

/* Further than the bits reach, nothing is left, or the sign. */
BITS(bitwise_left_shift, 2, (uint64_t)b > 63 ? 0 : (uint64_t)a << b)
BITS(bitwise_right_shift, 2, a >> ((uint64_t)b > 63 ? 63 : b))

extern "C" const tp_kernel tp__cuda_logic[] = {
    TP__ROW(logical_and) TP__ROW(logical_or) TP__ROW(logical_xor) TP__ROW(logical_not)
    TP__ROW(isnan) TP__ROW(isinf) TP__ROW(isposinf) TP__ROW(isneginf) TP__ROW(isfinite)
    TP__ROW(bitwise_and) TP__ROW(bitwise_or) TP__ROW(bitwise_xor) TP__ROW(bitwise_not) TP__ROW(bitwise_left_shift) TP__ROW(bitwise_right_shift)
    { NULL, NULL, NULL },
};
