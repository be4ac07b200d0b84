/* compare.h: comparisons and logic, which give bool and have no gradient. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_COMPARE_H
#define TAPER_OPS_COMPARE_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- y = a (op) b with broadcasting; a and b are tensors, or one of them a number. tp_eq is in pointwise.h ------------------ */

TP_API tp_tensor *tp_ne(tp_tensor *a, tp_tensor *b);   /* true beside a NaN; the others are false */
TP_API tp_tensor *tp_lt(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_le(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_gt(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_ge(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_ne_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_lt_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_le_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_gt_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_ge_with(tp_operand a, tp_operand b);

/* In place: 0 or 1 in a's dtype. TP_ERR_STATE as in pointwise.h. */
TP_API tp_tensor *tp_ne__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_lt__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_le__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_gt__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_ge__with(tp_tensor *a, tp_operand b);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_ne(a, b)  tp_ne_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_lt(a, b)  tp_lt_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_le(a, b)  tp_le_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_gt(a, b)  tp_gt_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_ge(a, b)  tp_ge_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_ne_(a, b) tp_ne__with(a, TP__OPERAND(b))
#define tp_lt_(a, b) tp_lt__with(a, TP__OPERAND(b))
#define tp_le_(a, b) tp_le__with(a, TP__OPERAND(b))
#define tp_gt_(a, b) tp_gt__with(a, TP__OPERAND(b))
#define tp_ge_(a, b) tp_ge__with(a, TP__OPERAND(b))
#else
inline tp_tensor *tp_ne(tp_operand a, tp_operand b) { return tp_ne_with(a, b); }
inline tp_tensor *tp_lt(tp_operand a, tp_operand b) { return tp_lt_with(a, b); }
inline tp_tensor *tp_le(tp_operand a, tp_operand b) { return tp_le_with(a, b); }
inline tp_tensor *tp_gt(tp_operand a, tp_operand b) { return tp_gt_with(a, b); }
inline tp_tensor *tp_ge(tp_operand a, tp_operand b) { return tp_ge_with(a, b); }
inline tp_tensor *tp_ne_(tp_tensor *a, tp_operand b) { return tp_ne__with(a, b); }
inline tp_tensor *tp_lt_(tp_tensor *a, tp_operand b) { return tp_lt__with(a, b); }
inline tp_tensor *tp_le_(tp_tensor *a, tp_operand b) { return tp_le__with(a, b); }
inline tp_tensor *tp_gt_(tp_tensor *a, tp_operand b) { return tp_gt__with(a, b); }
inline tp_tensor *tp_ge_(tp_tensor *a, tp_operand b) { return tp_ge__with(a, b); }
#endif

#endif
