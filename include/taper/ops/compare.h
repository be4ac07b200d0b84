/* compare.h: comparisons and logic, which give bool and have no gradient. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_COMPARE_H
#define TAPER_OPS_COMPARE_H

#include <taper/core.h>

typedef struct tp_isclose_options {
    TP__HEAD(tp_isclose_options);
    double rtol TP__IS(1e-5), atol TP__IS(1e-8);
    bool equal_nan TP__IS(false);                      /* a NaN is close to another */
    TP__TAIL;
} tp_isclose_options;
#define TP__DEFAULT_isclose .rtol = 1e-5, .atol = 1e-8,

#define TP__EACH_COMPARE_OP_OPTIONS(X) X(isclose)

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

/* |a - b| <= atol + rtol |b|, or a = b, with broadcasting; for each element, where tp_allclose asks for all. Of one dtype. */
TP_API tp_tensor *tp_isclose_with(tp_tensor *a, tp_tensor *b, const tp_isclose_options *o);

/* ---- Truth values, with broadcasting: what is not 0 is true, a NaN too ------------------------------------------------------- */

TP_API tp_tensor *tp_logical_and(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logical_or(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logical_xor(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logical_not(tp_tensor *x);
TP_API tp_tensor *tp_logical_and_(tp_tensor *a, tp_tensor *b);   /* 0 or 1 in a's dtype */
TP_API tp_tensor *tp_logical_or_(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logical_xor_(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_logical_not_(tp_tensor *x);

/* ---- Tests of each element; integers and bool are finite ------------------------------------------------------------------------ */

TP_API tp_tensor *tp_isnan(tp_tensor *x);
TP_API tp_tensor *tp_isinf(tp_tensor *x);
TP_API tp_tensor *tp_isposinf(tp_tensor *x);
TP_API tp_tensor *tp_isneginf(tp_tensor *x);
TP_API tp_tensor *tp_isfinite(tp_tensor *x);

/* ---- Bits, with broadcasting: integers and bool, in their result type; not of bool is logical ------------------------------------ */

TP_API tp_tensor *tp_bitwise_and(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_bitwise_or(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_bitwise_xor(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_bitwise_left_shift(tp_tensor *a, tp_tensor *b);     /* not of two bools. b below 0 or past the bits: 0 */
TP_API tp_tensor *tp_bitwise_right_shift(tp_tensor *a, tp_tensor *b);    /* the sign goes in; so such a b gives 0 or -1 */
TP_API tp_tensor *tp_bitwise_and_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_bitwise_or_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_bitwise_xor_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_bitwise_left_shift_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_bitwise_right_shift_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_bitwise_and__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_bitwise_or__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_bitwise_xor__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_bitwise_left_shift__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_bitwise_right_shift__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_bitwise_not(tp_tensor *x);
TP_API tp_tensor *tp_bitwise_not_(tp_tensor *x);

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
#define tp_bitwise_and(a, b) tp_bitwise_and_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_bitwise_or(a, b) tp_bitwise_or_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_bitwise_xor(a, b) tp_bitwise_xor_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_bitwise_left_shift(a, b) tp_bitwise_left_shift_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_bitwise_right_shift(a, b) tp_bitwise_right_shift_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_bitwise_and_(a, b) tp_bitwise_and__with(a, TP__OPERAND(b))
#define tp_bitwise_or_(a, b) tp_bitwise_or__with(a, TP__OPERAND(b))
#define tp_bitwise_xor_(a, b) tp_bitwise_xor__with(a, TP__OPERAND(b))
#define tp_bitwise_left_shift_(a, b) tp_bitwise_left_shift__with(a, TP__OPERAND(b))
#define tp_bitwise_right_shift_(a, b) tp_bitwise_right_shift__with(a, TP__OPERAND(b))
#define tp_isclose(...) tp__isclose(__VA_ARGS__, )
#define tp__isclose(a, b, ...) TP__DEFAULTS(tp_isclose_with(a, b, TP__OPTIONS(isclose, __VA_ARGS__)))
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
inline tp_tensor *tp_bitwise_and(tp_operand a, tp_operand b) { return tp_bitwise_and_with(a, b); }
inline tp_tensor *tp_bitwise_or(tp_operand a, tp_operand b) { return tp_bitwise_or_with(a, b); }
inline tp_tensor *tp_bitwise_xor(tp_operand a, tp_operand b) { return tp_bitwise_xor_with(a, b); }
inline tp_tensor *tp_bitwise_left_shift(tp_operand a, tp_operand b) { return tp_bitwise_left_shift_with(a, b); }
inline tp_tensor *tp_bitwise_right_shift(tp_operand a, tp_operand b) { return tp_bitwise_right_shift_with(a, b); }
inline tp_tensor *tp_bitwise_and_(tp_tensor *a, tp_operand b) { return tp_bitwise_and__with(a, b); }
inline tp_tensor *tp_bitwise_or_(tp_tensor *a, tp_operand b) { return tp_bitwise_or__with(a, b); }
inline tp_tensor *tp_bitwise_xor_(tp_tensor *a, tp_operand b) { return tp_bitwise_xor__with(a, b); }
inline tp_tensor *tp_bitwise_left_shift_(tp_tensor *a, tp_operand b) { return tp_bitwise_left_shift__with(a, b); }
inline tp_tensor *tp_bitwise_right_shift_(tp_tensor *a, tp_operand b) { return tp_bitwise_right_shift__with(a, b); }
inline tp_tensor *tp_isclose(tp_tensor *a, tp_tensor *b, const tp_isclose_options &o = {}) { return tp_isclose_with(a, b, &o); }
#endif

#endif
