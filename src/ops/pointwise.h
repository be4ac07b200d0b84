/* pointwise.h: how an elementwise op is described. The kernel is a row in src/cpu (cpu/pointwise.h); the op is a row here:
 *
 *   TP__UNARY(sqrt, floating, tp__positive_samples, TP__OUTPUT(0))     op_sqrt, op_sqrt_, tp_sqrt(x), tp_sqrt_(x)
 *   &op_sqrt, &op_sqrt_,                                               in the table at the end of the file
 *
 * with its rule `sqrt_backward` above it, and its prototypes in include/taper/ops. The in-place form has the same kernel, rule and
 * samples. `floating` is a dtype rule: one of those below, or the family's own, by TP__POINTWISE_RULE. Where the result has dtypes and
 * shapes that no rule here has, write a shape rule; where the kernel is no plain row, `.forward` is there as for other ops.
 *
 * With attributes, the kernel reads the same struct (TP__REAL1_WITH):
 *
 *   typedef struct leaky_relu_attr { double negative_slope; } leaky_relu_attr;
 *   TP__OPS1(leaky_relu, ", float negative_slope=0.01", floating, sizeof(leaky_relu_attr), samples, TP__INPUT(0, 0))
 *   tp_tensor *tp_leaky_relu_with(tp_tensor *x, const tp_leaky_relu_options *o) { .. return tp__call1(&op_leaky_relu, x, &attr, TP__CALLER); } */
#ifndef TP__OPS_POINTWISE_H
#define TP__OPS_POINTWISE_H

#include "ops/run.h"
#include "ops/samples.h"

/* ---- Dtype rules and shape rules -------------------------------------------------------------------------------------------------- */

/* A dtype rule says what the kernel computes in and what the result is, from the dtypes of the inputs; false: it made an error. */
typedef struct tp__dtypes { tp_dtype compute, result; } tp__dtypes;
typedef bool tp__dtype_rule(const tp__call *call, tp__dtypes *out);

/* Shape rules around one: the inputs broadcast, the output lies in memory as the first of them that has its shape; or the first
 * is written, if the result fits into it. keep_shape is set for what differs, so that rules may end in tp__fit. */
tp_status tp__pointwise_shape(tp__call *call, tp__dtype_rule *rule);
tp_status tp__pointwise_in_place(tp__call *call, tp__dtype_rule *rule);
/* Of a rule `bool tp__dtypes_NAME(..)` of the family's own: its tp__shape_NAME, tp__in_place_NAME */
#define TP__POINTWISE_RULE(name) \
    static tp_status tp__shape_##name(tp__call *call) { return tp__pointwise_shape(call, tp__dtypes_##name); } \
    static tp_status tp__in_place_##name(tp__call *call) { return tp__pointwise_in_place(call, tp__dtypes_##name); }

/*   same       the result type of the inputs
 *   number     the same, but bool is refused
 *   floating   integers and bool become float32
 *   exact      the same, but those are computed with in float64 and rounded once
 *   real       floating dtypes alone
 *   compare    computed in the result type, gives bool
 * Complex numbers are refused unless the op stands in complex_ops.c. */
#define TP__EACH_DTYPE_RULE(X) X(same) X(number) X(floating) X(exact) X(real) X(compare)
#define TP__DECLARE_RULE(name) \
    bool tp__dtypes_##name(const tp__call *call, tp__dtypes *out); \
    tp_status tp__shape_##name(tp__call *call); \
    tp_status tp__in_place_##name(tp__call *call);
TP__EACH_DTYPE_RULE(TP__DECLARE_RULE)

/* For rules of a family's own: the result type of inputs `first` and after, or DEFAULT and an error if the op does not take it. */
tp_dtype tp__real_result_type(const tp__call *call, int first);
/* Not all of them are numbers; false, and an error. */
bool tp__has_tensor(const tp__call *call);
/* tensor(x), or of an x that is a number the number in float64, which would be float32 by itself. */
tp_tensor *tp__of_number(tp_tensor *x, double (*number)(double), tp_tensor *(*tensor)(tp_tensor *));
/* 0 where the mask is set, else x, which may be such a number, of the dtype of `like`. */
tp_tensor *tp__zero_where(tp_tensor *mask, tp_tensor *x, const tp_tensor *like);
static inline tp_dtype tp__floating_of(tp_dtype dtype) { return dtype >= TP_I64 && dtype <= TP_BOOL ? TP_F32 : dtype; }
/* Is a number of the integers of `dtype`? One below zero counts by its size, as it does for PyTorch. */
bool tp__fits_integer(int64_t v, tp_dtype dtype);
/* What the kernel computes in; inputs are cast to it. For shape rules that go their own way. */
static inline void tp__compute_in(tp__call *call, tp_dtype dtype)
{
    call->scratch = (void *)(uintptr_t)dtype;
    call->takes_host_values = true;
}

/* ---- Calls: the fast path for what is contiguous, of one dtype, and not large; else tp__run --------------------------------------- */

tp_tensor *tp__call1(const tp_op *op, tp_tensor *x, const void *attr, const void *caller);
tp_tensor *tp__call2(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *attr, const void *caller);
tp_tensor *tp__compare2(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *caller);         /* the result is bool */
/* The same in a rule: op(dy, b), written over dy where that is spent (tp__is_spent), and so no new tensor. */
tp_tensor *tp__call2_over(const tp_node *node, const tp_op *op, tp_tensor *dy, tp_tensor *b, const void *attr);
/* One of the two may be a number. */
tp_tensor *tp__with_number2(const tp_op *op, tp_operand a, tp_operand b, const void *attr, const void *caller);
static inline tp_tensor *tp__operands2(const tp_op *op, tp_operand a, tp_operand b, const void *attr, const void *caller)
{
    if (__builtin_expect(a.kind == TP_OPERAND_TENSOR && b.kind == TP_OPERAND_TENSOR, 1)) return tp__call2(op, a.as.tensor, b.as.tensor, attr, caller);
    return tp__with_number2(op, a, b, attr, caller);
}
/* n operands, of which any may be numbers. */
tp_tensor *tp__with_numbers(const tp_op *op, const tp_operand *v, int n, const void *attr, const void *caller);
/* In place */
tp_tensor *tp__write1(const tp_op *op, tp_tensor *x, const void *attr, const void *caller);
tp_tensor *tp__write2(const tp_op *op, tp_tensor *a, tp_operand b, const void *attr, const void *caller);

/* ---- Rules --------------------------------------------------------------------------------------------------------------------------- */

/* In a rule: the gradient of input i, if it is asked for. */
#define TP__GRADIENT(i, gradient) do { if (need & 1u << (i) && !(dx[i] = tp__fit(node, i, gradient))) return tp__pending(); } while (0)

/* ---- Descriptors ------------------------------------------------------------------------------------------------------------------- */

/* op_NAME and op_NAME_: how the first argument begins, the schema's further arguments, dtype rule, size of the attributes, samples of
 * both, saves. Their rule is NAME_backward. */
#define TP__OPS(name, first, takes, rule, bytes, give, give_in_place, ...) \
    static const tp_op op_##name = { .schema = #name "(" first " input" takes ") -> Tensor", .shape = tp__shape_##rule, \
        .backward = name##_backward, .saves = { __VA_ARGS__ }, .attr_size = bytes, .samples = give, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input" takes ") -> Tensor", .kernel = #name, .flags = TP__INPLACE, \
        .shape = tp__in_place_##rule, .backward = name##_backward, .saves = { __VA_ARGS__ }, .attr_size = bytes, .samples = give_in_place, \
        .state = TP__STATE };
#define TP__NOTHING { 0, 0, 0 }                        /* is saved */
#define TP__OPS1(name, takes, rule, bytes, give, ...) TP__OPS(name, "Tensor", takes, rule, bytes, give, give, __VA_ARGS__)
/* Samples of two inputs come in two: `give`, and `give##_in_place`, where the first has the shape of the result. */
#define TP__OPS2(name, takes, rule, bytes, give, ...) \
    TP__OPS(name, "Tensor|number", ", Tensor|number other" takes, rule, bytes, give, give##_in_place, __VA_ARGS__)

/* One op by itself, and the pair of forms in the table at the end of a file */
#define TP__OP(name, text, ...) static const tp_op op_##name = { .schema = text, .state = TP__STATE, __VA_ARGS__ };
#define TP__FORMS(name) &op_##name, &op_##name##_

/* One input and no attributes: the ops and their public functions */
#define TP__UNARY(name, rule, give, ...) \
    TP__OPS1(name, "", rule, 0, give, __VA_ARGS__) \
    tp_tensor *tp_##name(tp_tensor *x) { return tp__call1(&op_##name, x, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_(tp_tensor *x) { return tp__write1(&op_##name##_, x, NULL, TP__CALLER); }

/* Two tensors, or a tensor and a number: tp_NAME of two tensors, tp_NAME_with of operands, tp_NAME__with in place */
#define TP__BINARY(name, rule, give, ...) \
    TP__OPS2(name, "", rule, 0, give, __VA_ARGS__) \
    tp_tensor *(tp_##name)(tp_tensor *a, tp_tensor *b) { return tp__call2(&op_##name, a, b, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##_with(tp_operand a, tp_operand b) { return tp__operands2(&op_##name, a, b, NULL, TP__CALLER); } \
    tp_tensor *tp_##name##__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_##name##_, a, b, NULL, TP__CALLER); }

/* The same for what gives bool and no gradient. In place it overwrites: the gradient of what was there is zero. */
#define TP__COMPARE(name, rule, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor|number other) -> Tensor", .flags = TP__NO_GRAD_OP, \
        .shape = tp__shape_##rule, .samples = give, .state = TP__STATE }; \
    static const tp_op op_##name##_ = { .schema = #name "_(Tensor! input, Tensor|number other) -> Tensor", .kernel = #name, \
        .flags = TP__INPLACE, .shape = tp__in_place_##rule, .backward = tp__zero_backward, .samples = give##_in_place, .state = TP__STATE }; \
    tp_tensor *(tp_##name)(tp_tensor *a, tp_tensor *b) { return tp__compare2(&op_##name, a, b, TP__CALLER); } \
    tp_tensor *tp_##name##_with(tp_operand a, tp_operand b) \
    { \
        if (a.kind == TP_OPERAND_TENSOR && b.kind == TP_OPERAND_TENSOR) return tp__compare2(&op_##name, a.as.tensor, b.as.tensor, TP__CALLER); \
        return tp__with_number2(&op_##name, a, b, NULL, TP__CALLER); \
    } \
    tp_tensor *tp_##name##__with(tp_tensor *a, tp_operand b) { return tp__write2(&op_##name##_, a, b, NULL, TP__CALLER); }

/* A rule whose gradients are all zeros. */
tp_status tp__zero_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx);

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

void tp__unary_samples(tp_sample_set *set);            /* in (-2, 2); 0-dim and empty too */
void tp__positive_samples(tp_sample_set *set);         /* in (0.3, 3) */
/* in (0.5, 2): of shapes that broadcast either way, or the second to the first; and a number */
void tp__binary_samples(tp_sample_set *set);
void tp__binary_samples_in_place(tp_sample_set *set);

#endif
