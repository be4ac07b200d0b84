/* special_rows.c: the rows of core/rows/special.h. They are calls. */
#include "cpu/pointwise.h"

#define CALLED(name, N, types, single, dbl) \
    TP__CALLS(name##_F32, float, T, N, types, TP__NO_ATTR, single) TP__CALLS(name##_F64, double, T, N, types, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = N)
#define OF_ONE(name, function) CALLED(name, 1, (T), function((double)a), function(a))
#define OF_ONE_AS(name, single, dbl) CALLED(name, 1, (T), single, dbl)
#define OF_TWO(name, function) CALLED(name, 2, (T, T), function((double)a, (double)b), function(a, b))
#define OF_TWO_AS(name, single, dbl) CALLED(name, 2, (T, T), single, dbl)

#include "core/rows/special.h"

const tp_kernel tp__cpu_special_rows[] = { SPECIAL_ROWS { NULL, NULL, NULL } };
