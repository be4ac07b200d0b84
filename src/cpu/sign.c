/* sign.c: signs, magnitudes and the step. The sign of NaN is 0, and its step too. */
#include "cpu/pointwise.h"

TP__EVERY1(sign, (a > 0) - (a < 0), (a > 0) - (a < 0), (a > 0) - (a < 0))
TP__EVERY1(abs, fabsf(a), fabs(a), a < 0 ? -(uint64_t)a : (uint64_t)a)
TP__EVERY2(heaviside, a == 0 ? b : a > 0, a == 0 ? b : a > 0, a == 0 ? b : a > 0)

static TP__INLINE uint8_t is_negative(double x) { int64_t bits; memcpy(&bits, &x, sizeof bits); return bits < 0; }
TP__LOOP(signbit_F32, float, uint8_t, 1, TP__T1, TP__NO_ATTR, tp__bits_of(a) < 0)
TP__LOOP(signbit_F64, double, uint8_t, 1, TP__T1, TP__NO_ATTR, is_negative(a))
TP__LOOP(signbit_I64, int64_t, uint8_t, 1, TP__T1, TP__NO_ATTR, a < 0)
TP__KERNEL(signbit, TP__F32_F64_I64(signbit), .n_in = 1, .gives_bool = true)

const tp_kernel tp__cpu_sign[] = { TP__ROW(sign) TP__ROW(abs) TP__ROW(heaviside) TP__ROW(signbit) { NULL, NULL, NULL } };
