/* logic.cu: logic of truth values, tests of one number, and logic of bits: the rows of core/rows/logic.h. */
#include "cuda/pointwise.cuh"

#define LOGIC(name, N, expression) TP__TEST(name, N, expression, expression)

/* Bits: in 64, of which narrower integers are the last; of bool only the last one counts */
#define BITS(name, N, expression) \
    TP__LOOP(name##_I64, int64_t, T, N, TP__NO_ATTR, expression) TP__KERNEL(name, N, tpc_no_loop, tpc_no_loop, name##_I64, 0, false, 0)
#define SHIFT(name, expression) BITS(name, 2, expression)

#include "core/rows/logic.h"

BITS(bits_not, 1, ~a)
BITS(bool_not, 1, a == 0)
static tp_status bitwise_not_run(tp__call *call) { return (int)(uintptr_t)tpc_scratch_of(call) == TP_BOOL ? bool_not_run(call) : bits_not_run(call); }

extern "C" const tp_kernel tp__cuda_logic[] = { LOGIC_ROWS { NULL, NULL, NULL } };
