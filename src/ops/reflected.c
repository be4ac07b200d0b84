/* reflected.c: what Python calls when the left operand is no tensor: y = other (op) input. All are made of other ops. */
#include "ops/samples.h"
#include "ops/run.h"

#include <taper/ops.h>

/* The other operand: a number, or a tensor */
static tp_operand other_of(const tp__call *call)
{
    return tp__from_tensor(call->in[1]);
}

#define REFLECTED(name, takes, flags_, give, expression) \
    static tp_status name##_compose(tp__call *call) \
    { \
        tp_tensor *x = call->in[0]; \
        const tp_operand other = other_of(call); \
        return tp__made(tp__out_made(call, expression)); \
    } \
    static const tp_op op_##name = { .schema = "__" #name "__(Tensor input, " takes " other) -> Tensor", \
        .flags = flags_, .compose = name##_compose, .samples = give, \
        .state = TP__STATE };

static void number_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), 2.5, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)), TP__FLOAT_ARG(2.25));
}
static void whole_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 16)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(4), 16)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 16)), TP__INT_ARG(5));
}
static void matrix_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)));
}

REFLECTED(radd, "Tensor|number", 0, number_samples, tp_add_with(other, tp__from_tensor(x)))
REFLECTED(rsub, "Tensor|number", 0, number_samples, tp_rsub_with(tp__from_tensor(x), other))
REFLECTED(rmul, "Tensor|number", 0, number_samples, tp_mul_with(other, tp__from_tensor(x)))
REFLECTED(rdiv, "Tensor|number", 0, number_samples, tp_mul_with(tp__from_tensor(tp_reciprocal(x)), other))
REFLECTED(rmod, "Tensor|number", 0, number_samples, tp_remainder_with(other, tp__from_tensor(x)))
REFLECTED(rpow, "Tensor|number", 0, number_samples, tp_pow_with(other, tp__from_tensor(x)))
REFLECTED(rmatmul, "Tensor", 0, matrix_samples, tp_matmul(other.as.tensor, x))
REFLECTED(rand, "Tensor|number", TP__NO_GRAD_OP, whole_samples, tp_bitwise_and_with(other, tp__from_tensor(x)))
REFLECTED(ror, "Tensor|number", TP__NO_GRAD_OP, whole_samples, tp_bitwise_or_with(other, tp__from_tensor(x)))
REFLECTED(rxor, "Tensor|number", TP__NO_GRAD_OP, whole_samples, tp_bitwise_xor_with(other, tp__from_tensor(x)))

const tp_op *const tp__ops_reflected[] = {
    &op_radd, &op_rsub, &op_rmul, &op_rdiv, &op_rmod, &op_rpow, &op_rmatmul, &op_rand, &op_ror, &op_rxor, NULL,
};
