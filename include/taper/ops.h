/* ops.h: the operators, by PyTorch's names.
 *
 * Every result belongs to the scope. NULL for a required tensor gives NULL; an optional tensor that is NULL counts as absent
 * while no error is unread. Broadcasting, promotion, NaN and empty tensors are as in PyTorch. Negative dims count from the
 * end. Unless said otherwise floating inputs get gradients, tensors may have any strides, and errors are TP_ERR_SHAPE,
 * TP_ERR_DTYPE, TP_ERR_DEVICE and TP_ERR_MEMORY. A trailing underscore writes the first argument in place and returns it. */
#ifndef TAPER_OPS_H
#define TAPER_OPS_H

#include <taper/core.h>

typedef enum tp_reduction { TP_REDUCTION_DEFAULT = 0, TP_REDUCTION_NONE, TP_REDUCTION_MEAN, TP_REDUCTION_SUM } tp_reduction;

typedef struct tp_sum_options {
    TP__HEAD(tp_sum_options);
    tp_dims dims TP__IS({});                           /* all of them */
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* the input's; int64 for integers and bool in a sum */
    TP__TAIL;
} tp_sum_options;
#define TP__DEFAULT_sum
typedef tp_sum_options tp_mean_options;
#define TP__DEFAULT_mean

typedef struct tp_argmax_options {
    TP__HEAD(tp_argmax_options);
    int64_t dim TP__IS(TP_NONE);                       /* of the flattened tensor */
    bool keepdim TP__IS(false);
    TP__TAIL;
} tp_argmax_options;
#define TP__DEFAULT_argmax .dim = TP_NONE,

typedef struct tp_cross_entropy_options {
    TP__HEAD(tp_cross_entropy_options);
    tp_tensor *weight TP__IS(nullptr);                 /* [classes] */
    int64_t ignore_index TP__IS(-100);
    double label_smoothing TP__IS(0);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_cross_entropy_options;
#define TP__DEFAULT_cross_entropy .ignore_index = -100,

typedef struct tp_mse_loss_options {
    TP__HEAD(tp_mse_loss_options);
    tp_reduction reduction TP__IS(TP_REDUCTION_DEFAULT);         /* the mean */
    TP__TAIL;
} tp_mse_loss_options;
#define TP__DEFAULT_mse_loss

typedef struct tp_conv2d_options {
    TP__HEAD(tp_conv2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);
    int64_t stride_hw[2] TP__IS({ TP_NONE, TP_NONE }), padding_hw[2] TP__IS({ TP_NONE, TP_NONE }),
            dilation_hw[2] TP__IS({ TP_NONE, TP_NONE });         /* where height and width differ */
    TP__TAIL;
} tp_conv2d_options;
#define TP__DEFAULT_conv2d .stride = 1, .dilation = 1, .groups = 1, .stride_hw = { TP_NONE, TP_NONE }, \
    .padding_hw = { TP_NONE, TP_NONE }, .dilation_hw = { TP_NONE, TP_NONE },

typedef struct tp_max_pool2d_options {
    TP__HEAD(tp_max_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_hw[2] TP__IS({ TP_NONE, TP_NONE }), stride_hw[2] TP__IS({ TP_NONE, TP_NONE }),
            padding_hw[2] TP__IS({ TP_NONE, TP_NONE }), dilation_hw[2] TP__IS({ TP_NONE, TP_NONE });
    TP__TAIL;
} tp_max_pool2d_options;
#define TP__DEFAULT_max_pool2d .stride = TP_NONE, .dilation = 1, .kernel_hw = { TP_NONE, TP_NONE }, .stride_hw = { TP_NONE, TP_NONE }, \
    .padding_hw = { TP_NONE, TP_NONE }, .dilation_hw = { TP_NONE, TP_NONE },

typedef struct tp_embedding_options {
    TP__HEAD(tp_embedding_options);
    int64_t padding_idx TP__IS(TP_NONE);               /* this row of the weight gets no gradient */
    TP__TAIL;
} tp_embedding_options;
#define TP__DEFAULT_embedding .padding_idx = TP_NONE,

typedef struct tp_fused_sgd_options {
    TP__HEAD(tp_fused_sgd_options);
    double lr TP__IS(1e-3), momentum TP__IS(0), dampening TP__IS(0), weight_decay TP__IS(0);
    bool nesterov TP__IS(false), maximize TP__IS(false);
    bool first_step TP__IS(false);                     /* the momentum buffers are not set yet: v = g */
    TP__TAIL;
} tp_fused_sgd_options;
#define TP__DEFAULT_fused_sgd .lr = 1e-3,

typedef struct tp_fused_adam_options {
    TP__HEAD(tp_fused_adam_options);
    double lr TP__IS(1e-3), betas[2] TP__IS({ 0.9, 0.999 }), eps TP__IS(1e-8), weight_decay TP__IS(0);
    bool decoupled TP__IS(false);                      /* AdamW: w *= 1 - lr * weight_decay */
    bool amsgrad TP__IS(false), maximize TP__IS(false);
    TP__TAIL;
} tp_fused_adam_options;
#define TP__DEFAULT_fused_adam .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,

#define TP__EACH_OPS_OPTIONS(X) X(sum) X(mean) X(argmax) X(cross_entropy) X(mse_loss) X(conv2d) X(max_pool2d) X(embedding) \
    X(fused_sgd) X(fused_adam)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Arithmetic: y = a (op) b with broadcasting; a and b are tensors, or one of them a number -------------------------- */

TP_API tp_tensor *tp_add(tp_tensor *a, tp_tensor *b);  /* `tp_add` without parentheses is this function of two tensors */
TP_API tp_tensor *tp_sub(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_mul(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_div(tp_tensor *a, tp_tensor *b);  /* true division: integers give float32 */
TP_API tp_tensor *tp_add_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_sub_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_mul_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_div_with(tp_operand a, tp_operand b);
TP_API tp_tensor *tp_eq(tp_tensor *a, tp_tensor *b);   /* bool; no gradient */
TP_API tp_tensor *tp_eq_with(tp_operand a, tp_operand b);

/* In place. TP_ERR_STATE: the result does not fit a's shape or dtype, a is a leaf that requires grad while recording, or an
 * error is unread. */
TP_API tp_tensor *tp_add__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_mul__with(tp_tensor *a, tp_operand b);
TP_API tp_tensor *tp_copy_(tp_tensor *dst, tp_tensor *src);      /* casts and broadcasts */
TP_API tp_tensor *tp_zero_(tp_tensor *x);
TP_API tp_tensor *tp_fill_(tp_tensor *x, double value);
TP_API tp_tensor *tp_uniform_(tp_tensor *x, double lo, double hi);
TP_API tp_tensor *tp_normal_(tp_tensor *x, double mean, double std);

/* ---- Elementwise: integers and bool give float32, but for neg and relu --------------------------------------------------- */

TP_API tp_tensor *tp_neg(tp_tensor *x);                /* not bool */
TP_API tp_tensor *tp_exp(tp_tensor *x);
TP_API tp_tensor *tp_log(tp_tensor *x);
TP_API tp_tensor *tp_sqrt(tp_tensor *x);
TP_API tp_tensor *tp_relu(tp_tensor *x);               /* max(x, 0); NaN stays */
TP_API tp_tensor *tp_sigmoid(tp_tensor *x);            /* 1 / (1 + exp(-x)) */
TP_API tp_tensor *tp_tanh(tp_tensor *x);

/* ---- Products ------------------------------------------------------------------------------------------------------------- */

/* PyTorch's matmul: [n] x [n] -> [], [m, k] x [k, n] -> [m, n], vectors and batches by broadcasting */
TP_API tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b);
/* y = x W^T + b:  x [.., in], W [out, in], b [out] or NULL -> [.., out] */
TP_API tp_tensor *tp_linear(tp_tensor *x, tp_tensor *w, tp_tensor *b);
/* x [n, c, h, w] or [c, h, w], w [out, c / groups, kh, kw], b [out] or NULL -> [n, out, oh, ow],
 * oh = (h + 2 padding - dilation (kh - 1) - 1) / stride + 1. Cross-correlation. */
TP_API tp_tensor *tp_conv2d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options *o);
/* The greatest value of each window: x [n, c, h, w] or [c, h, w]. Padding is -inf, at most half of the kernel. */
TP_API tp_tensor *tp_max_pool2d_with(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options *o);

/* ---- Reductions ----------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_sum_with(tp_tensor *x, const tp_sum_options *o);
TP_API tp_tensor *tp_mean_with(tp_tensor *x, const tp_mean_options *o);            /* floating dtypes */
TP_API tp_tensor *tp_max(tp_tensor *x);                /* of all elements; equal ones share the gradient. NaN wins */
/* The greatest value along dim, and where it is (int64, the first of equals) when indices is not NULL. */
TP_API tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_argmax_with(tp_tensor *x, const tp_argmax_options *o);        /* int64; no gradient */

/* ---- Softmax and losses --------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_softmax(tp_tensor *x, int dim);   /* y_i = exp(x_i) / sum_j exp(x_j) */
TP_API tp_tensor *tp_log_softmax(tp_tensor *x, int dim);
/* -log softmax(logits)[target]:  logits [n, classes, ..] or [classes]; target int64 [n, ..] or [], or like logits and floating
 * (probabilities). TP_ERR_INDEX: a target that is no class and not ignore_index. Gradient: logits, and such a target. */
TP_API tp_tensor *tp_cross_entropy_with(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options *o);
TP_API tp_tensor *tp_mse_loss_with(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options *o);    /* (x - target)^2 */

/* ---- Shape: views where they can be ----------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_reshape(tp_tensor *x, tp_shape shape);      /* one dim may be -1; a view, else a copy */
TP_API tp_tensor *tp_flatten(tp_tensor *x, int start_dim, int end_dim);
TP_API tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1);
TP_API tp_tensor *tp_permute(tp_tensor *x, tp_dims dims);
TP_API tp_tensor *tp_expand(tp_tensor *x, tp_shape shape);       /* -1 keeps a size */
TP_API tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index);                 /* drops dim */
TP_API tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length);
TP_API tp_tensor *tp_as_strided(tp_tensor *x, tp_shape shape, const int64_t *strides, int64_t offset);  /* in elements, of the storage */
TP_API tp_tensor *tp_cat(tp_tensor_list tensors, int dim);       /* tp_cat(TP_TENSORS(a, b), 0) */

/* ---- Lookup, random ---------------------------------------------------------------------------------------------------------- */

/* weight[indices]: indices int64 or int32 [..], weight [rows, width] -> [.., width]. TP_ERR_INDEX. Gradient: weight. */
TP_API tp_tensor *tp_embedding_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options *o);
/* While training each element is zero with probability p, else x / (1 - p); otherwise x itself. */
TP_API tp_tensor *tp_dropout(tp_tensor *x, double p, bool training);

/* ---- Optimizer steps over all parameters in one pass; not recorded ------------------------------------------------------------ */

/* SGD as PyTorch's: g += weight_decay w; v = momentum v + (1 - dampening) g; w -= lr (nesterov ? g + momentum v : v).
 * Lists of the same length, tensor by tensor of the same shape, float32 or float64, dense; momentum_buffers may be empty
 * without momentum. */
TP_API tp_status tp_fused_sgd__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list momentum_buffers, const tp_fused_sgd_options *o);
/* Adam (Kingma & Ba 2015, algorithm 1) and AdamW as PyTorch's. steps: one 0-dim float32 tensor per parameter, counted up
 * first. max_exp_avg_sqs may be empty without amsgrad. */
TP_API tp_status tp_fused_adam__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list exp_avgs, tp_tensor_list exp_avg_sqs,
                                     tp_tensor_list max_exp_avg_sqs, tp_tensor_list steps, const tp_fused_adam_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_add(a, b)  tp_add_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_sub(a, b)  tp_sub_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_mul(a, b)  tp_mul_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_div(a, b)  tp_div_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_eq(a, b)   tp_eq_with(TP__OPERAND(a), TP__OPERAND(b))
#define tp_add_(a, b) tp_add__with(a, TP__OPERAND(b))
#define tp_mul_(a, b) tp_mul__with(a, TP__OPERAND(b))
#define tp_sum(...) tp__sum(__VA_ARGS__, )
#define tp__sum(x, ...) TP__DEFAULTS(tp_sum_with(x, TP__OPTIONS(sum, __VA_ARGS__)))
#define tp_mean(...) tp__mean(__VA_ARGS__, )
#define tp__mean(x, ...) TP__DEFAULTS(tp_mean_with(x, TP__OPTIONS(mean, __VA_ARGS__)))
#define tp_argmax(...) tp__argmax(__VA_ARGS__, )
#define tp__argmax(x, ...) TP__DEFAULTS(tp_argmax_with(x, TP__OPTIONS(argmax, __VA_ARGS__)))
#define tp_cross_entropy(...) tp__cross_entropy(__VA_ARGS__, )
#define tp__cross_entropy(logits, target, ...) TP__DEFAULTS(tp_cross_entropy_with(logits, target, TP__OPTIONS(cross_entropy, __VA_ARGS__)))
#define tp_mse_loss(...) tp__mse_loss(__VA_ARGS__, )
#define tp__mse_loss(x, target, ...) TP__DEFAULTS(tp_mse_loss_with(x, target, TP__OPTIONS(mse_loss, __VA_ARGS__)))
#define tp_conv2d(...) tp__conv2d(__VA_ARGS__, )
#define tp__conv2d(x, w, b, ...) TP__DEFAULTS(tp_conv2d_with(x, w, b, TP__OPTIONS(conv2d, __VA_ARGS__)))
#define tp_max_pool2d(...) tp__max_pool2d(__VA_ARGS__, )
#define tp__max_pool2d(x, kernel, ...) TP__DEFAULTS(tp_max_pool2d_with(x, kernel, TP__OPTIONS(max_pool2d, __VA_ARGS__)))
#define tp_embedding(...) tp__embedding(__VA_ARGS__, )
#define tp__embedding(indices, weight, ...) TP__DEFAULTS(tp_embedding_with(indices, weight, TP__OPTIONS(embedding, __VA_ARGS__)))
#define tp_fused_sgd_(...) tp__fused_sgd_(__VA_ARGS__, )
#define tp__fused_sgd_(params, grads, buffers, ...) TP__DEFAULTS(tp_fused_sgd__with(params, grads, buffers, TP__OPTIONS(fused_sgd, __VA_ARGS__)))
#define tp_fused_adam_(...) tp__fused_adam_(__VA_ARGS__, )
#define tp__fused_adam_(params, grads, m, v, vmax, steps, ...) \
    TP__DEFAULTS(tp_fused_adam__with(params, grads, m, v, vmax, steps, TP__OPTIONS(fused_adam, __VA_ARGS__)))
#else
inline tp_tensor *tp_add(tp_operand a, tp_operand b) { return tp_add_with(a, b); }
inline tp_tensor *tp_sub(tp_operand a, tp_operand b) { return tp_sub_with(a, b); }
inline tp_tensor *tp_mul(tp_operand a, tp_operand b) { return tp_mul_with(a, b); }
inline tp_tensor *tp_div(tp_operand a, tp_operand b) { return tp_div_with(a, b); }
inline tp_tensor *tp_eq(tp_operand a, tp_operand b) { return tp_eq_with(a, b); }
inline tp_tensor *tp_add_(tp_tensor *a, tp_operand b) { return tp_add__with(a, b); }
inline tp_tensor *tp_mul_(tp_tensor *a, tp_operand b) { return tp_mul__with(a, b); }
inline tp_tensor *tp_sum(tp_tensor *x, const tp_sum_options &o = {}) { return tp_sum_with(x, &o); }
inline tp_tensor *tp_mean(tp_tensor *x, const tp_mean_options &o = {}) { return tp_mean_with(x, &o); }
inline tp_tensor *tp_argmax(tp_tensor *x, const tp_argmax_options &o = {}) { return tp_argmax_with(x, &o); }
inline tp_tensor *tp_cross_entropy(tp_tensor *logits, tp_tensor *target, const tp_cross_entropy_options &o = {})
{ return tp_cross_entropy_with(logits, target, &o); }
inline tp_tensor *tp_mse_loss(tp_tensor *x, tp_tensor *target, const tp_mse_loss_options &o = {}) { return tp_mse_loss_with(x, target, &o); }
inline tp_tensor *tp_conv2d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options &o = {}) { return tp_conv2d_with(x, w, b, &o); }
inline tp_tensor *tp_max_pool2d(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options &o = {}) { return tp_max_pool2d_with(x, kernel, &o); }
inline tp_tensor *tp_embedding(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options &o = {})
{ return tp_embedding_with(indices, weight, &o); }
#endif

#endif
