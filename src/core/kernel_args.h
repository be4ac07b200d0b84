/* kernel_args.h: the attributes that kernels of several backends read, where they are more than the schema's: shape rules fill
 * in the rest. Each begins with the members of its op's schema. Read by C++ too. */
#ifndef TP__KERNEL_ARGS_H
#define TP__KERNEL_ARGS_H

#include "core/attr.h"

/* uniform_: lo, hi; normal_: mean, standard deviation; random_: whole numbers from `from` on, below `to`. */
typedef struct tp__real_draw { double a, b; tp_rng_state state; } tp__real_draw;
typedef struct tp__integer_draw { int64_t from, to; tp_rng_state state; } tp__integer_draw;
typedef struct tp__permutation_draw { tp_rng_state state; } tp__permutation_draw;
/* log_normal_ and cauchy_ take a tp__real_draw; exponential_, geometric_ and bernoulli_ one number. */
typedef struct tp__single_draw { double a; tp_rng_state state; } tp__single_draw;
typedef struct tp__multinomial { int64_t num_samples; bool replacement; tp_rng_state state; } tp__multinomial;
/* dropout and dropout_backward: the state says which elements are dropped, so that no mask is kept. */
typedef struct tp__dropout { double p; bool training; int64_t seed, stream, offset; } tp__dropout;

/* clamp and clamp_backward: a bound of kind TP_OPERAND_NONE is absent. nan_to_num: the shape rule gives what each becomes. */
typedef struct tp__bounds { tp_operand min, max; } tp__bounds;
typedef struct tp__nan_to_num { tp_operand given[3]; double nan, posinf, neginf; } tp__nan_to_num;

/* var, std and with their means: the shape rule gives the correction as `less`. */
typedef struct tp__moments { tp__ints dim; tp_operand correction; bool keepdim; double less; } tp__moments;

/* rows_take, rows_add, rows_put and rows_sum: an index of the n_dims dims from `dim` on, as one; negative ones count from the end
 * if `wrap`. stepwise: on the CPU sums of 16-bit floats are rounded at each step, as PyTorch rounds those of an index in brackets,
 * and not once, as of index_add. index_merge: the size that each index is below, and the dim that it is of, for a message. */
typedef struct tp__row_lookup { int64_t dim, n_dims; bool wrap, stepwise; } tp__row_lookup;
typedef struct tp__index_merge { tp__ints sizes, dims; } tp__index_merge;

/* layer_norm_stats, group_norm_stats, rms_norm_stats and norm_rows_backward: samples x groups rows of width x inner elements;
 * element j of a row of group g has the weight g width + j / inner. Each names it by call->scratch. `rounds`: 16-bit sums over the
 * samples are rounded after each, as PyTorch's layer_norm does. */
typedef struct tp__norm_rows { int64_t samples, groups, width, inner; double eps; bool centered, rounds; } tp__norm_rows;
/* batch_norm_train, batch_norm_eval and batch_norm_backward: `rounds`, the statistics are rounded to the 16 bits of the input before
 * they are used. Inputs and outputs are contiguous as [outer, channels, inner], in this order in memory. */
typedef struct tp__batch_norm { double eps; bool rounds, training; } tp__batch_norm;

/* scatter_set, .._add and so on: `fresh`, what is written is no one's yet, and may be left half done when an index is out of range. */
typedef struct tp__scatter_put { int64_t dim; bool fresh; } tp__scatter_put;

/* sort and topk, of rows: the last dim of contiguous tensors. */
typedef struct tp__sort { int64_t dim; bool descending; } tp__sort;
typedef struct tp__topk { int64_t k, dim; bool largest; } tp__topk;

/* Elementwise ops with parameters. */
typedef struct tp__factor { tp_operand value; } tp__factor;              /* alpha of add, sub and rsub; value of addcmul and addcdiv; weight of lerp */
typedef struct tp__decimals { int64_t decimals; } tp__decimals;          /* round.decimals */
typedef struct tp__logit { tp_operand eps; } tp__logit;                  /* a number, or none */
typedef struct tp__polygamma { int64_t n; } tp__polygamma;
/* pad_dims and its adjoint: one number per dim for each end. The value is of the constant mode. */
enum { TP__PAD_CONSTANT = 1, TP__PAD_REFLECT, TP__PAD_REPLICATE, TP__PAD_CIRCULAR };
typedef struct tp__pad { tp__ints before, after; int32_t mode; tp_operand value; } tp__pad;

/* arange: start + i step, of integers first + i stride. linspace, logspace: from start to end, as powers of base. */
typedef struct tp__number_row { double start, end, step, base; int64_t first, stride; } tp__number_row;

/* embedding: padding_idx is TP_NONE or a row. embedding_backward makes num_rows of them; scaled: divided by how often the row is
 * looked up; stepwise: the CPU rounds sums of 16-bit floats at each step, in the order of an unstable
 * sort. bag_places leaves out what is padding_idx. */
typedef struct tp__embedding { int64_t padding_idx; tp_operand max_norm; double norm_type; bool scale_grad_by_freq, sparse; } tp__embedding;
typedef struct tp__embedding_masked { int64_t padding_idx; } tp__embedding_masked;
typedef struct tp__embedding_backward { int64_t num_rows, padding_idx; bool scaled, stepwise; } tp__embedding_backward;
typedef struct tp__coalesce_rows { bool mean; } tp__coalesce_rows;
typedef struct tp__embedding_renorm { double max_norm, norm_type; } tp__embedding_renorm;
typedef struct tp__bag_places { bool include_last_offset; int64_t padding_idx; } tp__bag_places;

/* searchsorted: side is 1 for left, 2 for right, 0 where it is not given; compute is what both were cast to. */
typedef struct tp__search { bool out_int32, right; int32_t side; tp_dtype compute; } tp__search;
typedef struct tp__histc { int64_t bins; double min, max; } tp__histc;

/* Lists of one number per dim; of padding two: those at the beginnings, then those at the ends. size: of the whole weight. */
typedef struct tp__convolution { tp__ints stride, padding, dilation; bool transposed; tp__ints output_padding; int64_t groups; } tp__convolution;
typedef struct tp__convolution_weight_grad { tp__ints size, stride, padding, dilation; int64_t groups; } tp__convolution_weight_grad;

/* Pools: one number per dim, the strides filled in. places: where the greatest stood is an int8, its place in the window, which counts from
 * the window's own beginning, row by row, be that outside of the input; else an int64, which counts from the plane's beginning.
 * plane_scatter and plane_pick: over the last dims of each plane. kernel .. are of the windows whose places they are given, or empty. */
enum { TP__MOST_PLACES = 127 };
typedef struct tp__max_pool { tp__ints kernel, stride, padding, dilation; bool ceil_mode, places; } tp__max_pool;
typedef struct tp__adaptive_pool { tp__ints size; } tp__adaptive_pool;
typedef struct tp__windows { tp__ints kernel, stride, padding, dilation; } tp__windows;
typedef struct tp__plane_scatter { tp__ints size; bool add; tp__windows of; } tp__plane_scatter;
typedef struct tp__plane_pick { int64_t dims; tp__windows of; } tp__plane_pick;

/* im2col and its adjoint: windows over an image of size [2]. */
typedef struct tp__columns { int64_t size[2], kernel[2], dilation[2], padding[2], stride[2]; } tp__columns;

/* Means and interpolation, dim by dim. The adjoint has the small and the large side exchanged; size is the output's. kernel, stride
 * and padding are of sliding means alone, scale of interpolation: input places to one of the output, 0 for what the sizes say. */
enum { TP__RESAMPLE_SLIDING = 1, TP__RESAMPLE_SHARED, TP__RESAMPLE_NEAREST, TP__RESAMPLE_NEAREST_EXACT, TP__RESAMPLE_LINEAR, TP__RESAMPLE_CUBIC };
typedef struct tp__resample {
    tp__ints size;
    int32_t how;
    bool adjoint;
    tp__ints kernel, stride, padding;
    bool count_padding;
    int64_t divisor;                                   /* TP_NONE: how many places a window has */
    tp__floats scale;
    bool align_corners, antialias;
} tp__resample;
/* fft_c2c, over all of dim; fft_r2c and fft_c2r, over one, of n real numbers. The result times `scale`; of half a spectrum those that stand
 * for two are multiplied by `middle`, in c2r added `middle` times. Not forward: e^(+2 pi i jk / n). */
typedef struct tp__fft { tp__ints dim; int64_t n; double scale, middle; bool forward; } tp__fft;

/* Activations, and the backward of each, which has the same. elu, selu and celu are one kernel, hardtanh and relu6 another. */
typedef struct tp__leaky_relu { double negative_slope; } tp__leaky_relu;
typedef struct tp__threshold { tp_operand threshold, value; } tp__threshold;
typedef struct tp__hardtanh { tp_operand min_val, max_val; } tp__hardtanh;
typedef struct tp__shrink { double lambd; } tp__shrink;
typedef struct tp__elu { double alpha, scale, input_scale; } tp__elu;    /* scale (x > 0 ? x : alpha (e^(input_scale x) - 1)) */
typedef struct tp__softplus { double beta, threshold; } tp__softplus;
typedef struct tp__gelu { int32_t approximate; } tp__gelu;               /* 2: by tanh */

/* Losses of two tensors, and their backward: how they are reduced, what the schema has besides (kl_div a flag, others a number), and
 * what the mean makes of an element: 1 / n. */
typedef struct tp__pair_loss { int32_t reduction; bool log_target; double parameter, scale; } tp__pair_loss;

/* attention and attention_backward: the scores are scale q k', and row i sees keys up to i where it is causal. */
typedef struct tp__attention { bool is_causal; double scale; } tp__attention;

/* ctc_loss_each and ctc_loss_backward: longest is at least the length of each target. */
typedef struct tp__ctc { int64_t blank; bool zero_infinity; int64_t longest; } tp__ctc;

/* The steps over all parameters: lists of n tensors, those of one parameter dense in the same layout. A list that is not
 * needed is NULL. skip: of a device's kernels, a 0-dim float32 there, or NULL: where it is not 0 nothing is written, nor counted. */
typedef struct tp__sgd_step {
    int64_t n;
    tp_tensor *const *params, *const *grads, *const *buffers;
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize, first;
    const tp_tensor *skip;
} tp__sgd_step;
typedef struct tp__adam_step {
    int64_t n;
    tp_tensor *const *params, *const *grads, *const *exp_avgs, *const *exp_avg_sqs, *const *max_exp_avg_sqs, *const *steps;
    double lr, beta1, beta2, eps, weight_decay;
    bool decoupled, maximize;
    const tp_tensor *skip;
} tp__adam_step;
enum { TP__STEP_LISTS = 6 };                           /* at most: parameters, gradients, states */
typedef struct tp__rule_step {
    int64_t n;
    int n_lists;
    uint32_t scalars;                                  /* bit k: list k is of 0-dim float32 tensors; the first of them counts steps */
    tp_tensor *const *list[TP__STEP_LISTS];
    const double *numbers;
    const tp_tensor *skip;
} tp__rule_step;
typedef struct tp__norm_step { int64_t n; tp_tensor *const *list; double p; tp_tensor *out; } tp__norm_step;      /* out: 0-dim, floating */
/* x *= factor; with norm, 0-dim, x *= min(1, factor / (norm + 1e-6)); with scale, 0-dim float32, x *= 1 / scale, and found, alike, becomes 1
 * where an element is not finite. */
typedef struct tp__scale_step {
    int64_t n;
    tp_tensor *const *list;
    double factor;
    const tp_tensor *norm, *scale;
    tp_tensor *found;
} tp__scale_step;
/* Of a gradient scaler: 0-dim float32, int32, float32 */
typedef struct tp__scale_update { tp_tensor *scale, *tracker; const tp_tensor *found; double growth, backoff; int64_t interval; } tp__scale_update;

#endif
