/* select.h: elements of one tensor or another, chosen by a condition or by their order. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_SELECT_H
#define TAPER_OPS_SELECT_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y = condition ? a : b, all three broadcast. condition is bool (or uint8); a and b are tensors or numbers, of any dtype: the result
 * has their result type, complex too. Gradients: a, b; what is not chosen gets 0, also where it is NaN or infinite. */
TP_API tp_tensor *tp_where_with(tp_tensor *condition, tp_operand a, tp_operand b);

/* y = mask ? value : x, in x's dtype; x and mask (bool) broadcast. value is a number or a 0-dim tensor, which x's dtype must hold
 * (TP_ERR_DTYPE). Gradients: x, and a value that is a tensor. In place mask broadcasts to x. */
TP_API tp_tensor *tp_masked_fill_with(tp_tensor *x, tp_tensor *mask, tp_operand value);
TP_API tp_tensor *tp_masked_fill__with(tp_tensor *x, tp_tensor *mask, tp_operand value);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_where(condition, a, b)        tp_where_with(condition, TP__OPERAND(a), TP__OPERAND(b))
#define tp_masked_fill(x, mask, value)   tp_masked_fill_with(x, mask, TP__OPERAND(value))
#define tp_masked_fill_(x, mask, value)  tp_masked_fill__with(x, mask, TP__OPERAND(value))
#else
inline tp_tensor *tp_where(tp_tensor *condition, tp_operand a, tp_operand b) { return tp_where_with(condition, a, b); }
inline tp_tensor *tp_masked_fill(tp_tensor *x, tp_tensor *mask, tp_operand value) { return tp_masked_fill_with(x, mask, value); }
inline tp_tensor *tp_masked_fill_(tp_tensor *x, tp_tensor *mask, tp_operand value) { return tp_masked_fill__with(x, mask, value); }
#endif

#endif
