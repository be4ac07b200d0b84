/* copy.h: what ops share that make memory by a format, or write a number. */
#ifndef TP__COPY_H
#define TP__COPY_H

#include "ops/run.h"

/* In a schema; the attribute is an int32_t that counts as tp_memory_format does. */
#define TP__MEMORY_FORMAT "string{contiguous_format,preserve_format,channels_last,channels_last_3d} memory_format"

/* The next output, of x's shape on call->device or else x's. Preserve, or not given: with x's strides where it is dense, else in
 * their order. NULL: an error, also of a format that does not fit the dims. */
tp_tensor *tp__out_in_format(tp__call *call, tp_tensor *x, tp_dtype dtype, int32_t format);

/* y = x, which broadcasts to it, cast, by the device's kernel: of headers that nobody else has, as parts of an output. No tape. A
 * stride of x may be negative. */
tp_status tp__copy_elements(tp_tensor *y, const tp_tensor *x);

/* Can a tensor of this dtype hold the number? As PyTorch refuses it: out of range, or NaN for integers; an error of the call. */
tp_status tp__check_number(const tp__call *call, tp_dtype dtype, tp_operand value);
/* And all elements of one? As PyTorch, only a tensor of `one` element takes what is infinite in 16 bits. */
tp_status tp__check_filling(const tp__call *call, tp_dtype dtype, tp_operand value, bool one);
/* Writes the number to all elements of out[0], a fresh one. */
tp_status tp__fill_out(tp__call *call, tp_operand value);

#endif
