/* select.c: one element or another. Those that are only moved go by their size, in the dtype that they have. */
#include "core/kernel_args.h"
#include "cpu/pointwise.h"
#include "cpu/vec.h"

/* name: of three inputs, of which input CONDITION is read as bool */
#define MOVE(name, types, CONDITION, expression) \
    TP__LOOP(name##_1, uint8_t, T, 3, types, TP__NO_ATTR, expression) TP__LOOP(name##_2, uint16_t, T, 3, types, TP__NO_ATTR, expression) \
    TP__LOOP(name##_4, uint32_t, T, 3, types, TP__NO_ATTR, expression) TP__LOOP(name##_8, uint64_t, T, 3, types, TP__NO_ATTR, expression) \
    TP__CALLS(name##_16, tp__f64x2u, T, 3, types, TP__NO_ATTR, expression) \
    TP__KERNEL(name, .n_in = 3, .conditions = 1 << CONDITION, .loop = { \
        [TP_U8] = name##_1, [TP_I8] = name##_1, [TP_BOOL] = name##_1, [TP_F16] = name##_2, [TP_BF16] = name##_2, [TP_I16] = name##_2, \
        [TP_F32] = name##_4, [TP_I32] = name##_4, [TP_F64] = name##_8, [TP_I64] = name##_8, [TP_C64] = name##_8, [TP_C128] = name##_16 })

MOVE(where, (uint8_t, T, T), 0, a ? b : c)
MOVE(masked_fill, (T, uint8_t, T), 1, b ? c : a)

#define REPLACED a != a ? (T)p.nan : a == (T)INFINITY ? (T)p.posinf : a == (T)-INFINITY ? (T)p.neginf : a
TP__EVERY1_WITH(nan_to_num, tp__nan_to_num, REPLACED, REPLACED, a)

const tp_kernel tp__cpu_select[] = { TP__ROW_MANY(where) TP__ROW_MANY(masked_fill) TP__ROW(nan_to_num) { NULL, NULL, NULL } };
