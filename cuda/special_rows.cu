/* special_rows.cu: the rows of core/rows/special.h. They take long beside memory, so that one loop reads and writes all dtypes: in float64, but
 * for those that have steps of their own in float32. */
#include "cuda/pointwise.cuh"

#define OF_ONE(name, function) TP__RARE(name, 1, TP__NO_ATTR, function(a))
#define OF_ONE_AS(name, single, dbl) \
    TP__LOOP(name##_F32, float, T, 1, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 1, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, 1, tpc_rare<name##_F32>, name##_F64, tpc_no_loop, 0, false, 0)
#define OF_TWO(name, function) TP__RARE(name, 2, TP__NO_ATTR, function(a, b))
#define OF_TWO_AS(name, single, dbl) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, 2, tpc_rare<name##_F32>, name##_F64, tpc_no_loop, 0, false, 0)

#include "core/rows/special.h"

extern "C" const tp_kernel tp__cuda_special_rows[] = { SPECIAL_ROWS { NULL, NULL, NULL } };
