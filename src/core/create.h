/* create.h: the steps that every function takes which makes a tensor by options: those of create.c, and of random numbers. */
#ifndef TP__CREATE_H
#define TP__CREATE_H

#include "core/op.h"

/* Reads the options, and checks what they ask for; `usual` is the dtype of one who asks for none. False: an error. */
bool tp__create_options(const char *op, tp_tensor_options *o, const tp_tensor_options *theirs, tp_dtype usual);
/* Values not set. NULL: an error that names `op`. */
tp_tensor *tp__create(const char *op, tp_shape shape, const tp_tensor_options *o);
/* Sets values straight by the kernel of `op`: a tensor that nobody has seen yet has no version to bump and no tape. */
tp_tensor *tp__create_fill(tp_tensor *x, const tp_op *op, const void *attr);
/* Whether a number may become an element of that dtype: it is in its range. */
bool tp__holds_number(tp_dtype dtype, tp_operand value);
/* And all elements of a tensor: such as has not just one takes no finite number that 16 bits make infinite. */
bool tp__fills_number(tp_dtype dtype, tp_operand value, bool one);
static inline bool tp__is_one(int ndim, const int64_t *size)           /* of these sizes: has it one element? */
{
    bool one = true;
    for (int d = 0; d < ndim; d++) one = one && size[d] == 1;
    return one;
}
/* What is done last. NULL goes through. */
tp_tensor *tp__create_done(tp_tensor *x, const tp_tensor_options *o);

#endif
