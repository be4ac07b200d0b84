/* random.h: random numbers and dropout. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_RANDOM_H
#define TAPER_OPS_RANDOM_H

#include <taper/core.h>

typedef struct tp_multinomial_options {
    TP__HEAD(tp_multinomial_options);
    bool replacement TP__IS(false);
    TP__TAIL;
} tp_multinomial_options;
#define TP__DEFAULT_multinomial

#define TP__EACH_RANDOM_OP_OPTIONS(X) X(multinomial)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_tensor *tp_uniform_(tp_tensor *x, double lo, double hi);         /* lo <= v < hi, in place */
TP_API tp_tensor *tp_normal_(tp_tensor *x, double mean, double std);
/* In place, in x's dtype. TP_ERR_ARGUMENT: a parameter is out of its range. */
TP_API tp_tensor *tp_exponential_(tp_tensor *x, double lambd);             /* lambd e^(-lambd v); floating */
TP_API tp_tensor *tp_geometric_(tp_tensor *x, double p);                   /* trials to the first success, from 1 on; 0 < p < 1 */
TP_API tp_tensor *tp_log_normal_(tp_tensor *x, double mean, double std);   /* e^n, n normal with these; floating */
TP_API tp_tensor *tp_cauchy_(tp_tensor *x, double median, double sigma);   /* floating */
TP_API tp_tensor *tp_bernoulli__with(tp_tensor *x, tp_operand p);          /* 1 with probability p, else 0; p a number or broadcasts to x */

/* Of parameters that are tensors; their gradients are 0. TP_ERR_NUMERIC: one is out of its range. */
TP_API tp_tensor *tp_bernoulli(tp_tensor *p);                              /* 1 with probability p, else 0, in p's dtype */
TP_API tp_tensor *tp_poisson(tp_tensor *rate);                             /* in its dtype */
/* Successes among `count` trials (whole numbers) of which each succeeds with probability `prob`, in their dtype, which is one; they broadcast. 0
 * where either is below 0, count where prob is above 1. */
TP_API tp_tensor *tp_binomial(tp_tensor *count, tp_tensor *prob);
TP_API tp_tensor *tp_normal_of_with(tp_operand mean, tp_operand std);      /* broadcast; at least one of them is a tensor */
/* num_samples places of each row, as often as their weights say; each at most once, in the order of drawing, unless with .replacement.
 * weights floating [n] or [rows, n] -> int64 [num_samples] or [rows, num_samples]. */
TP_API tp_tensor *tp_multinomial_with(tp_tensor *weights, int64_t num_samples, const tp_multinomial_options *o);

/* While training each element is zero with probability p, else x / (1 - p); otherwise x itself. */
TP_API tp_tensor *tp_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout_(tp_tensor *x, double p, bool training);
/* The same, and in *mask which elements were kept: bool, all of them without training, when the result is a copy of x. */
TP_API tp_tensor *tp_native_dropout(tp_tensor *x, double p, bool train, tp_tensor **mask);
/* The same, of all elements of a channel, dim 1, together. TP_ERR_SHAPE: fewer than two dims. dropout1d takes [channels, n] too,
 * dropout3d what has four dims or fewer as one sample of a batch. */
TP_API tp_tensor *tp_feature_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_dropout_(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout1d(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout2d(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout3d(tp_tensor *x, double p, bool training);
/* For what selu gives: dropped elements become its lowest value, and all are scaled so that mean and variance stay. */
TP_API tp_tensor *tp_alpha_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_alpha_dropout_(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_alpha_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_alpha_dropout_(tp_tensor *x, double p, bool training);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_bernoulli_(x, p)    tp_bernoulli__with(x, TP__OPERAND(p))
#define tp_normal_of(mean, std) tp_normal_of_with(TP__OPERAND(mean), TP__OPERAND(std))
#define tp_multinomial(...) tp__multinomial(__VA_ARGS__, )
#define tp__multinomial(weights, n, ...) TP__DEFAULTS(tp_multinomial_with(weights, n, TP__OPTIONS(multinomial, __VA_ARGS__)))
#else
inline tp_tensor *tp_bernoulli_(tp_tensor *x, tp_operand p) { return tp_bernoulli__with(x, p); }
inline tp_tensor *tp_normal_of(tp_operand mean, tp_operand std) { return tp_normal_of_with(mean, std); }
inline tp_tensor *tp_multinomial(tp_tensor *weights, int64_t num_samples, const tp_multinomial_options &o = {})
{ return tp_multinomial_with(weights, num_samples, &o); }
#endif

#endif
