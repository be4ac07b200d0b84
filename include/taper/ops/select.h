/* select.h: elements of one tensor or another, chosen by a condition or by their order. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_SELECT_H
#define TAPER_OPS_SELECT_H

#include <math.h>

#include <taper/core.h>

typedef struct tp_nan_to_num_options {
    TP__HEAD(tp_nan_to_num_options);
    double nan TP__IS(0), posinf TP__IS(NAN), neginf TP__IS(NAN);        /* what each becomes; NAN: the greatest and the least number of the dtype */
    TP__TAIL;
} tp_nan_to_num_options;
#define TP__DEFAULT_nan_to_num .posinf = NAN, .neginf = NAN,

#define TP__EACH_SELECT_OP_OPTIONS(X) X(nan_to_num)

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

/* The greater or lesser of two, with broadcasting, in their result type. With a NaN, maximum and minimum give it; fmax and fmin give
 * the other. Gradients: the one that is chosen, half to each of equals. Not complex. */
TP_API tp_tensor *tp_maximum(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_minimum(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_fmax(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_fmin(tp_tensor *a, tp_tensor *b);

/* min(max(x, min), max): both bounds numbers, or one of them a tensor, which broadcasts; NULL is no bound. A NaN of any of the three
 * comes through. Gradients: x strictly between numbers; of tensors what is chosen, half to each of equals. TP_ERR_ARGUMENT: no bound,
 * or one that x's integers cannot meet; TP_ERR_DTYPE: bool, complex. */
TP_API tp_tensor *tp_clamp_with(tp_tensor *x, tp_operand min, tp_operand max);
TP_API tp_tensor *tp_clamp__with(tp_tensor *x, tp_operand min, tp_operand max);

/* x without NaN and infinities; integers as they are. Gradient: where x is finite. */
TP_API tp_tensor *tp_nan_to_num_with(tp_tensor *x, const tp_nan_to_num_options *o);
TP_API tp_tensor *tp_nan_to_num__with(tp_tensor *x, const tp_nan_to_num_options *o);

TP_API tp_tensor *tp_abs(tp_tensor *x);                /* not bool; gradient 0 at 0 */
TP_API tp_tensor *tp_abs_(tp_tensor *x);
TP_API tp_tensor *tp_sign(tp_tensor *x);               /* 1, 0 or -1, 0 of NaN; its gradient is 0 */
TP_API tp_tensor *tp_sign_(tp_tensor *x);
TP_API tp_tensor *tp_signbit(tp_tensor *x);            /* bool: true of -0.0 too */
/* 0 where x < 0 or NaN, 1 where x > 0, values where x = 0; both of one dtype, with broadcasting. No gradient. */
TP_API tp_tensor *tp_heaviside(tp_tensor *x, tp_tensor *values);
TP_API tp_tensor *tp_heaviside_(tp_tensor *x, tp_tensor *values);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_where(condition, a, b)        tp_where_with(condition, TP__OPERAND(a), TP__OPERAND(b))
#define tp_masked_fill(x, mask, value)   tp_masked_fill_with(x, mask, TP__OPERAND(value))
#define tp_masked_fill_(x, mask, value)  tp_masked_fill__with(x, mask, TP__OPERAND(value))
#define tp_clamp(x, min, max)            tp_clamp_with(x, TP__OPERAND(min), TP__OPERAND(max))
#define tp_clamp_(x, min, max)           tp_clamp__with(x, TP__OPERAND(min), TP__OPERAND(max))
#define tp_nan_to_num(...) tp__nan_to_num_call(__VA_ARGS__, )
#define tp__nan_to_num_call(x, ...) TP__DEFAULTS(tp_nan_to_num_with(x, TP__OPTIONS(nan_to_num, __VA_ARGS__)))
#define tp_nan_to_num_(...) tp__nan_to_num_write(__VA_ARGS__, )
#define tp__nan_to_num_write(x, ...) TP__DEFAULTS(tp_nan_to_num__with(x, TP__OPTIONS(nan_to_num, __VA_ARGS__)))
#else
inline tp_tensor *tp_where(tp_tensor *condition, tp_operand a, tp_operand b) { return tp_where_with(condition, a, b); }
inline tp_tensor *tp_masked_fill(tp_tensor *x, tp_tensor *mask, tp_operand value) { return tp_masked_fill_with(x, mask, value); }
inline tp_tensor *tp_masked_fill_(tp_tensor *x, tp_tensor *mask, tp_operand value) { return tp_masked_fill__with(x, mask, value); }
inline tp_tensor *tp_clamp(tp_tensor *x, tp_operand min, tp_operand max) { return tp_clamp_with(x, min, max); }
inline tp_tensor *tp_clamp_(tp_tensor *x, tp_operand min, tp_operand max) { return tp_clamp__with(x, min, max); }
inline tp_tensor *tp_nan_to_num(tp_tensor *x, const tp_nan_to_num_options &o = {}) { return tp_nan_to_num_with(x, &o); }
inline tp_tensor *tp_nan_to_num_(tp_tensor *x, const tp_nan_to_num_options &o = {}) { return tp_nan_to_num__with(x, &o); }
#endif

#endif
