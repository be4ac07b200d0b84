/* run.h: calling an op. What every public function of src/ops/ ends in. */
#ifndef TP__RUN_H
#define TP__RUN_H

#include "autograd/node.h"

/* Runs op on n_in inputs by slot. Outputs belong to the scope; out has room for max_out. `caller` is TP__CALLER of the public
 * function. Returns how many outputs there are, or a status below 0, with out[0] NULL. */
int tp__run(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **out, int max_out, const void *caller);
/* The same for ops of one output. */
tp_tensor *tp__run1(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, const void *caller);
/* The same for ops of two or three, for a function that returns the first. `second` and `third` may be NULL; an error makes *second and *third so. */
tp_tensor *tp__run_parts(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **second, tp_tensor **third, const void *caller);

/* Out-parameters of several outputs: NULLs them all; false and an error if there is nowhere to put them. */
bool tp__outputs_are_good(const char *op, tp_tensor **out, int max, int *n);
/* An op of a list of tensors, which is checked: one output, or *n of them for a caller that has room for max. */
bool tp__list_is_good(const tp_op *op, const tp_tensor_list *tensors);
tp_tensor *tp__run_list(const tp_op *op, const tp_tensor_list *tensors, const void *attr, const void *caller);
tp_status tp__give_several(const tp_op *op, const tp_tensor_list *tensors, const void *attr, tp_tensor **out, int max, int *n, const void *caller);

/* How a rule or a shape rule ends: y was made, or the error of what returned NULL. */
static inline tp_status tp__made(const tp_tensor *y) { return y ? TP_OK : tp__pending(); }
/* How a .compose of one output ends. */
static inline tp_status tp__give_out(tp__call *call, tp_tensor *y) { return tp__made(tp__out_made(call, y)); }

/* A number as a 0-dim tensor that promotes by category only; a tensor as it is. NULL: NULL, or an error. */
tp_tensor *tp__operand(tp_operand v);

/* x summed to a shape that broadcasts to its own, and cast: the gradient of an input that was broadcast or promoted. */
tp_tensor *tp__reduce_to(tp_tensor *x, int ndim, const int64_t *shape, tp_dtype dtype);
/* dx of input `arg`, which kept its shape if it differs from the output's. NULL goes through. */
tp_tensor *tp__fit(const tp_node *node, int arg, tp_tensor *dx);

/* 0 bool, 1 integers, 2 floating, 3 complex: a result goes into what is of its category or a higher one. */
int tp__category(int dtype);
/* PyTorch's result type of tensors, numbers and 0-dim tensors weighing less. NULL ones are skipped. */
tp_dtype tp__result_type(tp_tensor *const *in, int n);
/* The shape that all broadcast to: call->in[0 .. n). False: an error. */
bool tp__broadcast_shape(const tp__call *call, int n, int *ndim, int64_t *shape);

/* Shape rules: of elementwise ops of one input, and of ops that write their first one whatever its shape. */
tp_status tp__same_as_input(tp__call *call);
tp_status tp__in_place(tp__call *call);
#define TP__COMPOSED(text, how, bytes, give) { .schema = text, .compose = how, .attr_size = bytes, .samples = give, .state = TP__STATE }
/* .compose of an in-place form that has no kernel of its own: its .out_of_place is called, and the result copied over the
 * input. An op of TP__INPLACE_FORM takes the same arguments, attributes and samples. */
tp_status tp__in_place_by_copy(tp__call *call);
#define TP__INPLACE_FORM(text, of, bytes, give) { .schema = text, .flags = TP__INPLACE, .compose = tp__in_place_by_copy, .out_of_place = &(of), \
    .attr_size = bytes, .samples = give, .state = TP__STATE }

#endif
