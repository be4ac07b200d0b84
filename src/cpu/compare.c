/* compare.c: comparisons of two; a NaN is unequal to all, and in no order with any. */
#include "cpu/pointwise.h"

TP__TEST2(ne, a != b, a != b)
TP__TEST2(lt, a < b, a < b)
TP__TEST2(le, a <= b, a <= b)
TP__TEST2(gt, a > b, a > b)
TP__TEST2(ge, a >= b, a >= b)

const tp_kernel tp__cpu_compare[] = { TP__ROW(ne) TP__ROW(lt) TP__ROW(le) TP__ROW(gt) TP__ROW(ge) { NULL, NULL, NULL } };
