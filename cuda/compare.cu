/* compare.cu: comparisons of two; a NaN is unequal to all, and in no order with any. Signs, magnitudes and the step: the sign of NaN is
 * 0, and its step too. */
#include "cuda/pointwise.cuh"

TP__TEST2(ne, a != b, a != b)
TP__TEST2(lt, a < b, a < b)
TP__TEST2(le, a <= b, a <= b)
TP__TEST2(gt, a > b, a > b)
TP__TEST2(ge, a >= b, a >= b)

#define SIGN (a > 0) - (a < 0)
#define STEP a == 0 ? b : (T)(a > 0)
TP__EVERY1(sign, SIGN, SIGN, SIGN)
TP__EVERY1(abs, fabsf(a), ::fabs(a), a < 0 ? -(uint64_t)a : (uint64_t)a)
TP__EVERY2(heaviside, STEP, STEP, STEP)

TP__LOOP(signbit_F32, float, bool, 1, TP__NO_ATTR, signbit(a))
TP__LOOP(signbit_F64, double, bool, 1, TP__NO_ATTR, signbit(a))
TP__LOOP(signbit_I64, int64_t, bool, 1, TP__NO_ATTR, a < 0)
TP__KERNEL(signbit, 1, signbit_F32, signbit_F64, signbit_I64, 0, true, 0)

extern "C" const tp_kernel tp__cuda_compare[] = {
    TP__ROW(ne) TP__ROW(lt) TP__ROW(le) TP__ROW(gt) TP__ROW(ge) TP__ROW(sign) TP__ROW(abs) TP__ROW(heaviside) TP__ROW(signbit)
    { NULL, NULL, NULL },
};
