/* kernel_args.h: the attributes that kernels of several backends read, where they are more than the schema's: shape rules fill
 * in the rest. Each begins with the members of its op's schema. */
#ifndef TP__KERNEL_ARGS_H
#define TP__KERNEL_ARGS_H

#include "core/op.h"

/* uniform_: lo, hi; normal_: mean, standard deviation; random_: whole numbers from `from` on, below `to`. */
typedef struct tp__real_draw { double a, b; tp_rng_state state; } tp__real_draw;
typedef struct tp__integer_draw { int64_t from, to; tp_rng_state state; } tp__integer_draw;
typedef struct tp__permutation_draw { tp_rng_state state; } tp__permutation_draw;
/* dropout and dropout_backward: the state says which elements are dropped, so that no mask is kept. */
typedef struct tp__dropout { double p; bool training; int64_t seed, stream, offset; } tp__dropout;

/* var, std and with their means: the shape rule gives the correction as `less`. */
typedef struct tp__moments { tp__ints dim; tp_operand correction; bool keepdim; double less; } tp__moments;

/* embedding: padding_idx is TP_NONE or a row. embedding_backward makes num_rows of them. */
typedef struct tp__embedding { int64_t padding_idx; } tp__embedding;
typedef struct tp__embedding_backward { int64_t num_rows, padding_idx; } tp__embedding_backward;

/* The steps over all parameters: lists of n tensors, those of one parameter dense in the same layout. A list that is not
 * needed is NULL. */
typedef struct tp__sgd_step {
    int64_t n;
    tp_tensor *const *params, *const *grads, *const *buffers;
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize, first;
} tp__sgd_step;
typedef struct tp__adam_step {
    int64_t n;
    tp_tensor *const *params, *const *grads, *const *exp_avgs, *const *exp_avg_sqs, *const *max_exp_avg_sqs, *const *steps;
    double lr, beta1, beta2, eps, weight_decay;
    bool decoupled, maximize;
} tp__adam_step;

#endif
