/* linear.h: products with learned matrices, tables of vectors, and dropout. */
#ifndef TAPER_NN_LINEAR_H
#define TAPER_NN_LINEAR_H

#include <taper/nn/module.h>

typedef struct tp_nn_linear_options {
    TP__HEAD(tp_nn_linear_options);
    bool bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_linear_options;
#define TP__DEFAULT_nn_linear .bias = true,

typedef tp_nn_linear_options tp_nn_bilinear_options;
#define TP__DEFAULT_nn_bilinear TP__DEFAULT_nn_linear

typedef struct tp_nn_embedding_options {
    TP__HEAD(tp_nn_embedding_options);
    int64_t padding_idx TP__IS(TP_NONE);               /* this row begins as zero and gets no gradient; < 0 counts from the end */
    double max_norm TP__IS(0), norm_type TP__IS(2);    /* rows that are looked up are first scaled down to it; 0: not */
    bool scale_grad_by_freq TP__IS(false);
    bool sparse TP__IS(false);                         /* the weight's gradient is held as rows: tp_grad_rows */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_embedding_options;
#define TP__DEFAULT_nn_embedding .padding_idx = TP_NONE, .norm_type = 2,

typedef struct tp_nn_embedding_bag_options {
    TP__HEAD(tp_nn_embedding_bag_options);
    tp_bag_mode mode TP__IS(TP_BAG_DEFAULT);           /* the mean */
    int64_t padding_idx TP__IS(TP_NONE);               /* this row is in no bag */
    double max_norm TP__IS(0), norm_type TP__IS(2);
    bool scale_grad_by_freq TP__IS(false), include_last_offset TP__IS(false), sparse TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_embedding_bag_options;
#define TP__DEFAULT_nn_embedding_bag .padding_idx = TP_NONE, .norm_type = 2,

#define TP__EACH_NN_LINEAR_OPTIONS(X) X(nn_linear) X(nn_bilinear) X(nn_embedding) X(nn_embedding_bag)

#ifdef __cplusplus
extern "C" {
#endif

/* y = x W^T + b:  [.., in] -> [.., out].  weight [out, in], bias [out], uniform in +-1 / sqrt(in) */
TP_API tp_module *tp_nn_linear_with(int64_t in, int64_t out, const tp_nn_linear_options *o);
/* y_o = sum_ij x1_i W_oij x2_j + b_o, called with both inputs.  weight [out, in1, in2], bias [out] */
TP_API tp_module *tp_nn_bilinear_with(int64_t in1, int64_t in2, int64_t out, const tp_nn_bilinear_options *o);
/* int64 or int32 [..] -> [.., width]: rows of weight [rows, width], which begin normal(0, 1) */
TP_API tp_module *tp_nn_embedding_with(int64_t rows, int64_t width, const tp_nn_embedding_options *o);
/* One row of an Embedding, [width], for code that goes word by word. NULL, too: TP_ERR_INDEX, TP_ERR_ARGUMENT (no Embedding) */
TP_API tp_tensor *tp_embedding_row(tp_module *table, int64_t index);
/* The mean, sum or greatest of several rows, see tp_embedding_bag: called with "input", "offsets", "per_sample_weights" */
TP_API tp_module *tp_nn_embedding_bag_with(int64_t rows, int64_t width, const tp_nn_embedding_bag_options *o);
/* In training each element is zero with probability p, else x / (1 - p); in evaluation x itself. 0 <= p <= 1. 1d to 3d: whole channels. */
TP_API tp_module *tp_nn_dropout(double p);
TP_API tp_module *tp_nn_dropout1d(double p);
TP_API tp_module *tp_nn_dropout2d(double p);
TP_API tp_module *tp_nn_dropout3d(double p);
/* For what selu gives: mean and variance stay */
TP_API tp_module *tp_nn_alpha_dropout(double p);
TP_API tp_module *tp_nn_feature_alpha_dropout(double p);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_linear(...) tp__nn_linear(__VA_ARGS__, )
#define tp__nn_linear(in, out, ...) TP__DEFAULTS(tp_nn_linear_with(in, out, TP__OPTIONS(nn_linear, __VA_ARGS__)))
#define tp_nn_bilinear(...) tp__nn_bilinear(__VA_ARGS__, )
#define tp__nn_bilinear(in1, in2, out, ...) TP__DEFAULTS(tp_nn_bilinear_with(in1, in2, out, TP__OPTIONS(nn_bilinear, __VA_ARGS__)))
#define tp_nn_embedding(...) tp__nn_embedding(__VA_ARGS__, )
#define tp__nn_embedding(rows, width, ...) TP__DEFAULTS(tp_nn_embedding_with(rows, width, TP__OPTIONS(nn_embedding, __VA_ARGS__)))
#define tp_nn_embedding_bag(...) tp__nn_embedding_bag(__VA_ARGS__, )
#define tp__nn_embedding_bag(rows, width, ...) TP__DEFAULTS(tp_nn_embedding_bag_with(rows, width, TP__OPTIONS(nn_embedding_bag, __VA_ARGS__)))
#else
inline tp_module *tp_nn_linear(int64_t in, int64_t out, const tp_nn_linear_options &o = {}) { return tp_nn_linear_with(in, out, &o); }
inline tp_module *tp_nn_bilinear(int64_t in1, int64_t in2, int64_t out, const tp_nn_bilinear_options &o = {})
{ return tp_nn_bilinear_with(in1, in2, out, &o); }
inline tp_module *tp_nn_embedding(int64_t rows, int64_t width, const tp_nn_embedding_options &o = {})
{ return tp_nn_embedding_with(rows, width, &o); }
inline tp_module *tp_nn_embedding_bag(int64_t rows, int64_t width, const tp_nn_embedding_bag_options &o = {})
{ return tp_nn_embedding_bag_with(rows, width, &o); }
#endif

#endif
