/* compare.c: comparisons of two: ne, lt, le, gt, ge. Both are rounded to their result type first, also a number. */
#include "ops/pointwise.h"

TP__COMPARE(ne, compare, tp__binary_samples)
TP__COMPARE(lt, compare, tp__binary_samples)
TP__COMPARE(le, compare, tp__binary_samples)
TP__COMPARE(gt, compare, tp__binary_samples)
TP__COMPARE(ge, compare, tp__binary_samples)

#define FORMS(name) &op_##name, &op_##name##_
const tp_op *const tp__ops_compare[] = { FORMS(ne), FORMS(lt), FORMS(le), FORMS(gt), FORMS(ge), NULL };
