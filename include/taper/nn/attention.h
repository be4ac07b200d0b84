/* attention.h: attention with several heads, and transformers.
 *
 * Inputs are [length, batch, width], with batch_first [batch, length, width], or [length, width]. A mask of bools is true where nothing is
 * seen, one of floats is added to the scores; "attn_mask" is [l, s] or [batch heads, l, s], "key_padding_mask" [batch, s]; is_causal is a
 * hint that the mask is tp_causal_mask's. */
#ifndef TAPER_NN_ATTENTION_H
#define TAPER_NN_ATTENTION_H

#include <taper/nn/module.h>

typedef struct tp_nn_multihead_attention_options {
    TP__HEAD(tp_nn_multihead_attention_options);
    double dropout TP__IS(0);                          /* of the weights, in training */
    bool bias TP__IS(true), add_bias_kv TP__IS(false), add_zero_attn TP__IS(false), batch_first TP__IS(false);
    int64_t kdim TP__IS(TP_NONE), vdim TP__IS(TP_NONE);          /* features of keys and values; embed_dim */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_multihead_attention_options;
#define TP__DEFAULT_nn_multihead_attention .bias = true, .kdim = TP_NONE, .vdim = TP_NONE,

typedef struct tp_nn_transformer_layer_options {
    TP__HEAD(tp_nn_transformer_layer_options);
    int64_t dim_feedforward TP__IS(2048);
    double dropout TP__IS(0.1), layer_norm_eps TP__IS(1e-5);
    bool gelu TP__IS(false);                           /* instead of relu */
    bool batch_first TP__IS(false), norm_first TP__IS(false), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_transformer_layer_options;
#define TP__DEFAULT_nn_transformer_layer .dim_feedforward = 2048, .dropout = 0.1, .layer_norm_eps = 1e-5, .bias = true,

typedef struct tp_nn_transformer_options {
    TP__HEAD(tp_nn_transformer_options);
    int64_t d_model TP__IS(512), nhead TP__IS(8), num_encoder_layers TP__IS(6), num_decoder_layers TP__IS(6), dim_feedforward TP__IS(2048);
    double dropout TP__IS(0.1), layer_norm_eps TP__IS(1e-5);
    bool gelu TP__IS(false), batch_first TP__IS(false), norm_first TP__IS(false), bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_transformer_options;
#define TP__DEFAULT_nn_transformer \
    .d_model = 512, .nhead = 8, .num_encoder_layers = 6, .num_decoder_layers = 6, .dim_feedforward = 2048, \
    .dropout = 0.1, .layer_norm_eps = 1e-5, .bias = true,

typedef struct tp_sinusoidal_positions_options {
    TP__HEAD(tp_sinusoidal_positions_options);
    double base TP__IS(10000);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_sinusoidal_positions_options;
#define TP__DEFAULT_sinusoidal_positions .base = 10000,

typedef struct tp_rotary_options {
    TP__HEAD(tp_rotary_options);
    int64_t first TP__IS(0);                           /* the step at which x begins */
    double base TP__IS(10000);
    bool interleaved TP__IS(false);                    /* pairs are neighbours; else one of each half */
    TP__TAIL;
} tp_rotary_options;
#define TP__DEFAULT_rotary .base = 10000,

typedef struct tp_nn_kv_cache_options {
    TP__HEAD(tp_nn_kv_cache_options);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_kv_cache_options;
#define TP__DEFAULT_nn_kv_cache

#define TP__EACH_NN_ATTENTION_OPTIONS(X) X(nn_multihead_attention) X(nn_transformer_layer) X(nn_transformer) X(sinusoidal_positions) X(rotary) X(nn_kv_cache)

#ifdef __cplusplus
extern "C" {
#endif

/* Called with "query", "key", "value", and perhaps "key_padding_mask", "need_weights" (true), "attn_mask", "average_attn_weights"
 * (true), "is_causal" (false). Outputs: [length, batch, width], and unless need_weights is false, the weights, [batch, l, s] or of each head
 * [batch, heads, l, s]; with room for one output they are not made.  in_proj_weight [3 width, width], in_proj_bias, out_proj.weight, .. */
TP_API tp_module *tp_nn_multihead_attention_with(int64_t width, int64_t heads, const tp_nn_multihead_attention_options *o);
/* Layers and stacks of copies of one, which is taken over, also on failure, and so is norm, which may be NULL. An encoder is called with
 * "src", "src_mask" (a stack: "mask"), "src_key_padding_mask", "is_causal"; a decoder with "tgt", "memory", "tgt_mask", "memory_mask",
 * "tgt_key_padding_mask", "memory_key_padding_mask", "tgt_is_causal", "memory_is_causal". */
TP_API tp_module *tp_nn_transformer_encoder_layer_with(int64_t width, int64_t heads, const tp_nn_transformer_layer_options *o);
TP_API tp_module *tp_nn_transformer_decoder_layer_with(int64_t width, int64_t heads, const tp_nn_transformer_layer_options *o);
TP_API tp_module *tp_nn_transformer_encoder(tp_module *layer, int64_t num_layers, tp_module *norm);
TP_API tp_module *tp_nn_transformer_decoder(tp_module *layer, int64_t num_layers, tp_module *norm);
/* Both, called with "src", "tgt", then "src_mask", "tgt_mask", "memory_mask", and the other masks of both. */
TP_API tp_module *tp_nn_transformer_with(const tp_nn_transformer_options *o);
/* [n, n]: -inf above the diagonal, else 0, so that row i sees 0 to i. */
TP_API tp_tensor *tp_causal_mask(int64_t n, tp_dtype dtype, tp_device device);

/* [length, width]: of step t the sines, and between them the cosines, of t base^(-2 i / width); to be added to what stands there. */
TP_API tp_tensor *tp_sinusoidal_positions_with(int64_t length, int64_t width, const tp_sinusoidal_positions_options *o);
/* x [.., steps, width] with its pairs turned by t base^(-2 i / width), so that a product of two tells how far they are apart. Gradient: x */
TP_API tp_tensor *tp_rotary_with(tp_tensor *x, const tp_rotary_options *o);

/* Keys and values of up to `length` steps, for generating step by step: [batch, heads, length, width], on no tape. A copy of it
 * (tp_module_copy) is empty. */
TP_API tp_module *tp_nn_kv_cache_with(int64_t batch, int64_t heads, int64_t length, int64_t width, const tp_nn_kv_cache_options *o);
/* Puts k and v [batch, heads, n, width] after those that are there. *all_k and *all_v are views of all so far.
 * TP_ERR_SHAPE: of other sizes, or no room. */
TP_API tp_status tp_kv_cache_append(tp_module *cache, tp_tensor *k, tp_tensor *v, tp_tensor **all_k, tp_tensor **all_v);
TP_API int64_t tp_kv_cache_length(tp_module *cache);   /* how many steps it has */
TP_API tp_status tp_kv_cache_truncate(tp_module *cache, int64_t length);           /* forgets what comes after; 0 for a new sequence */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_multihead_attention(...) tp__nn_multihead_attention(__VA_ARGS__, )
#define tp__nn_multihead_attention(width, heads, ...) \
    TP__DEFAULTS(tp_nn_multihead_attention_with(width, heads, TP__OPTIONS(nn_multihead_attention, __VA_ARGS__)))
#define tp_nn_transformer_encoder_layer(...) tp__nn_transformer_encoder_layer(__VA_ARGS__, )
#define tp__nn_transformer_encoder_layer(width, heads, ...) \
    TP__DEFAULTS(tp_nn_transformer_encoder_layer_with(width, heads, TP__OPTIONS(nn_transformer_layer, __VA_ARGS__)))
#define tp_nn_transformer_decoder_layer(...) tp__nn_transformer_decoder_layer(__VA_ARGS__, )
#define tp__nn_transformer_decoder_layer(width, heads, ...) \
    TP__DEFAULTS(tp_nn_transformer_decoder_layer_with(width, heads, TP__OPTIONS(nn_transformer_layer, __VA_ARGS__)))
#define tp_nn_transformer(...) TP__DEFAULTS(tp_nn_transformer_with(TP__OPTIONS(nn_transformer, __VA_ARGS__)))
#define tp_sinusoidal_positions(...) tp__sinusoidal_positions(__VA_ARGS__, )
#define tp__sinusoidal_positions(length, width, ...) \
    TP__DEFAULTS(tp_sinusoidal_positions_with(length, width, TP__OPTIONS(sinusoidal_positions, __VA_ARGS__)))
#define tp_rotary(...) tp__rotary(__VA_ARGS__, )
#define tp__rotary(x, ...) TP__DEFAULTS(tp_rotary_with(x, TP__OPTIONS(rotary, __VA_ARGS__)))
#define tp_nn_kv_cache(...) tp__nn_kv_cache(__VA_ARGS__, )
#define tp__nn_kv_cache(batch, heads, length, width, ...) \
    TP__DEFAULTS(tp_nn_kv_cache_with(batch, heads, length, width, TP__OPTIONS(nn_kv_cache, __VA_ARGS__)))
#else
inline tp_tensor *tp_sinusoidal_positions(int64_t length, int64_t width, const tp_sinusoidal_positions_options &o = {})
{ return tp_sinusoidal_positions_with(length, width, &o); }
inline tp_tensor *tp_rotary(tp_tensor *x, const tp_rotary_options &o = {}) { return tp_rotary_with(x, &o); }
inline tp_module *tp_nn_kv_cache(int64_t batch, int64_t heads, int64_t length, int64_t width, const tp_nn_kv_cache_options &o = {})
{ return tp_nn_kv_cache_with(batch, heads, length, width, &o); }
inline tp_module *tp_nn_multihead_attention(int64_t width, int64_t heads, const tp_nn_multihead_attention_options &o = {})
{ return tp_nn_multihead_attention_with(width, heads, &o); }
inline tp_module *tp_nn_transformer_encoder_layer(int64_t width, int64_t heads, const tp_nn_transformer_layer_options &o = {})
{ return tp_nn_transformer_encoder_layer_with(width, heads, &o); }
inline tp_module *tp_nn_transformer_decoder_layer(int64_t width, int64_t heads, const tp_nn_transformer_layer_options &o = {})
{ return tp_nn_transformer_decoder_layer_with(width, heads, &o); }
inline tp_module *tp_nn_transformer(const tp_nn_transformer_options &o = {}) { return tp_nn_transformer_with(&o); }
#endif

#endif
