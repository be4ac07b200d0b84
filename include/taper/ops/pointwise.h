/* pointwise.h: arithmetic and elementwise functions. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_POINTWISE_H
#define TAPER_OPS_POINTWISE_H

#include <taper/core.h>

#define TP__EACH_POINTWISE_OP_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Arithmetic: y = a (op) b with broadcasting; a and b are tensors, or one of them a number -------------------------- */

TP_API tp_tensor *tp_add(tp_tensor *a, tp_tensor *b);  /* `tp_add` without parentheses is this function of two tensors */
TP_API tp_tensor *tp_sub(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_mul(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_div(tp_tensor *a, tp_tensor *b);  /* true division: integers give float32 */
TP_API tp_tensor *tp_add_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_sub_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_mul_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_div_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_eq(tp_tensor *a, tp_tensor *b);   /* bool; no gradient */
TP_API tp_tensor *tp_eq_with(tp_operand a, tp_operand b);

/* In place. TP_ERR_STATE: the result does not fit a's shape or dtype, a is a leaf that requires grad while recording, or an
 * error is unread. */
TP_API tp_tensor *tp_add__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_sub__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_mul__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_div__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_eq__with(tp_tensor *a, tp_operand b);       /* 0 or 1 in a's dtype */

/* ---- Elementwise: integers and bool give float32, but for neg and relu --------------------------------------------------- */

TP_API tp_tensor *tp_neg(tp_tensor *x);                /* not bool */
TP_API tp_tensor *tp_exp(tp_tensor *x);
TP_API tp_tensor *tp_log(tp_tensor *x);
TP_API tp_tensor *tp_sqrt(tp_tensor *x);
TP_API tp_tensor *tp_sigmoid(tp_tensor *x);            /* 1 / (1 + exp(-x)) */
TP_API tp_tensor *tp_tanh(tp_tensor *x);
TP_API tp_tensor *tp_neg_(tp_tensor *x);
TP_API tp_tensor *tp_exp_(tp_tensor *x);
TP_API tp_tensor *tp_log_(tp_tensor *x);
TP_API tp_tensor *tp_sqrt_(tp_tensor *x);
TP_API tp_tensor *tp_sigmoid_(tp_tensor *x);
TP_API tp_tensor *tp_tanh_(tp_tensor *x);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_add(a, b)  tp_add_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_sub(a, b)  tp_sub_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_mul(a, b)  tp_mul_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_div(a, b)  tp_div_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_eq(a, b)   tp_eq_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_add_(a, b) tp_add__with(a, TP__OPERAND(b))
#define tp_sub_(a, b) tp_sub__with(a, TP__OPERAND(b))
#define tp_mul_(a, b) tp_mul__with(a, TP__OPERAND(b))
#define tp_div_(a, b) tp_div__with(a, TP__OPERAND(b))
#define tp_eq_(a, b)  tp_eq__with(a, TP__OPERAND(b))
#else
inline tp_tensor *tp_add(tp_operand a, tp_operand b) { return tp_add_with(a, b); }
inline tp_tensor *tp_sub(tp_operand a, tp_operand b) { return tp_sub_with(a, b); }
inline tp_tensor *tp_mul(tp_operand a, tp_operand b) { return tp_mul_with(a, b); }
inline tp_tensor *tp_div(tp_operand a, tp_operand b) { return tp_div_with(a, b); }
inline tp_tensor *tp_eq(tp_operand a, tp_operand b) { return tp_eq_with(a, b); }
inline tp_tensor *tp_add_(tp_tensor *a, tp_operand b) { return tp_add__with(a, b); }
inline tp_tensor *tp_sub_(tp_tensor *a, tp_operand b) { return tp_sub__with(a, b); }
inline tp_tensor *tp_mul_(tp_tensor *a, tp_operand b) { return tp_mul__with(a, b); }
inline tp_tensor *tp_div_(tp_tensor *a, tp_operand b) { return tp_div__with(a, b); }
inline tp_tensor *tp_eq_(tp_tensor *a, tp_operand b) { return tp_eq__with(a, b); }
#endif

#endif
