/* activation.h: what the files of activations share. */
#ifndef TP__OPS_ACTIVATION_H
#define TP__OPS_ACTIVATION_H

#include "core/kernel_args.h"
#include "ops/pointwise.h"

/* Dtype rules: floating dtypes alone; numbers, integers of which become float32. */
bool tp__dtypes_to_real(const tp__call *call, tp__dtypes *out);

/* PyTorch's keyword: op_NAME_inplace, an overload of NAME whose last argument says which of op_NAME and op_NAME_ is called. */
tp_status tp__by_inplace_keyword(tp__call *call, const tp_op *op, const tp_op *in_place);
#define TP__INPLACE_KEYWORD(name, takes, bytes, give) \
    static tp_status name##_by_keyword(tp__call *call) { return tp__by_inplace_keyword(call, &op_##name, &op_##name##_); } \
    static const tp_op op_##name##_inplace = { .schema = #name ".inplace(Tensor input" takes ", bool inplace=false) -> Tensor", \
        .compose = name##_by_keyword, .attr_size = (bytes) + 8, .samples = give, .state = TP__STATE };
#define TP__THREE_FORMS(name) &op_##name, &op_##name##_, &op_##name##_inplace

/* The rule of an op that is linear in dy with a slope of pieces, and so has no second slope: the same kernel, of what comes in. */
#define TP__FLAT_SLOPE(name) \
    static tp_status name##_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx) \
    { \
        return need & 1 ? tp__made(dx[0] = tp__call2(&op_##name##_backward, g[0], tp__saved(node, 0), tp__attr(node), NULL)) : TP_OK; \
    }
/* The rule of NAME: its backward kernel, of dy and x, which are saved in this order. */
#define TP__BY_INPUT(name) \
    static const tp_op op_##name##_backward; \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        (void)need; \
        return tp__made(dx[0] = tp__fit(node, 0, tp__call2_over(node, &op_##name##_backward, dy[0], tp__saved(node, 0), tp__attr(node)))); \
    }
/* That kernel for other rules */
#define TP__SLOPE(name) \
    static tp_tensor *name##_slope(tp_tensor *dy, tp_tensor *x, const void *attr) { return tp__call2(&op_##name##_backward, dy, x, attr, NULL); }
#define TP__BACKWARD_OP(name, takes, bytes, give, ...) \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor input" takes ") -> Tensor", .flags = TP__INTERNAL, \
        .shape = tp__shape_real, .backward = name##_backward_backward, .saves = { __VA_ARGS__ }, .attr_size = bytes, .samples = give, \
        .state = TP__STATE };

/* dy, but 0 where x <= 0: by an op, whose slope is flat. */
tp_tensor *tp__where_positive(tp_tensor *dy, tp_tensor *x);

/* PyTorch's dim of a softmax that is given none. */
int64_t tp__softmax_dim(int64_t dim, int ndim);

tp_status tp__shape_to_real(tp__call *call);
tp_status tp__in_place_to_real(tp__call *call);

#endif
