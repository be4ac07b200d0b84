/* logic.c: logic of truth values, tests of one number, and logic of bits: the rows of core/rows/logic.h. */
#include "cpu/pointwise.h"

/* Truth values, of bool without a cast */
#define LOGIC(name, N, expression) \
    TP__LOOP(name##_F32, float, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_I64, int64_t, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_U8, uint8_t, uint8_t, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__KERNEL(name, .n_in = N, .gives_bool = true, .loop = { \
        [TP_F32] = name##_F32, [TP_F64] = name##_F64, [TP_I64] = name##_I64, [TP_BOOL] = name##_U8, [TP_U8] = name##_U8 })
/* Bits: one loop for each width */
#define BITS_OF(name, N, of_bool, expression) \
    TP__LOOP(name##_1, uint8_t, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_2, uint16_t, T, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_4, uint32_t, T, N, TP__T##N, TP__NO_ATTR, expression) TP__LOOP(name##_8, uint64_t, T, N, TP__T##N, TP__NO_ATTR, expression) \
    TP__LOOP(name##_bool, uint8_t, T, N, TP__T##N, TP__NO_ATTR, of_bool) \
    TP__KERNEL(name, .n_in = N, .loop = { [TP_BOOL] = name##_bool, \
        [TP_U8] = name##_1, [TP_I8] = name##_1, [TP_I16] = name##_2, [TP_I32] = name##_4, [TP_I64] = name##_8 })

#define BITS(name, N, expression) BITS_OF(name, N, expression, expression)
BITS_OF(bitwise_not, 1, a ^ 1, ~a)
#define SHIFT(name, expression) \
    TP__LOOP(name##_I64, int64_t, T, 2, TP__T2, TP__NO_ATTR, expression) TP__KERNEL(name, .n_in = 2, .loop = { [TP_I64] = name##_I64 })

#include "core/rows/logic.h"

const tp_kernel tp__cpu_logic[] = { LOGIC_ROWS { NULL, NULL, NULL } };
