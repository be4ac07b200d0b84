/* tri.c: triangles of matrices, which are the last two dims.
 *
 *   tril, triu     x where column - row <= diagonal, or >= it, else 0      dx = the same of dy */
#include "ops/samples.h"
#include "ops/view.h"

static tp_status check(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return x->ndim < 2 ? tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least 2 are needed", tp__shape_text(x), x->ndim) : TP_OK;
}
static tp_status tri_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return check(call) ? tp__pending() : tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}
static tp_status tri__shape(tp__call *call) { return check(call) ? tp__pending() : tp__in_place(call); }

static void tri_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 3), -2, 2)), TP__INT_ARG(9));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(1));
}

#define TRIANGLE(name) \
    static const tp_op op_##name; \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        (void)need; \
        return tp__made(dx[0] = tp__run1(&op_##name, dy, 1, tp__attr(node), NULL)); \
    } \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int diagonal=0) -> Tensor", .shape = tri_shape, .backward = name##_backward, \
        .attr_size = sizeof(int64_t), .samples = tri_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, int diagonal=0) -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tri__shape, .backward = name##_backward, .attr_size = sizeof(int64_t), .samples = tri_samples, .state = TP__STATE }; \
    tp_tensor *tp_##name(tp_tensor *x, int64_t diagonal) { return tp__run1(&op_##name, &x, 1, &diagonal, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *x, int64_t diagonal) { return tp__run1(&op_##name##_, &x, 1, &diagonal, TP__CALLER); }
TRIANGLE(tril)
TRIANGLE(triu)

const tp_op *const tp__ops_tri[] = { &op_tril, &op_tril_, &op_triu, &op_triu_, NULL };
