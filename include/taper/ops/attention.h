/* attention.h: scaled dot product attention, and with several heads. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_ATTENTION_H
#define TAPER_OPS_ATTENTION_H

#include <taper/core.h>

typedef struct tp_scaled_dot_product_attention_options {
    TP__HEAD(tp_scaled_dot_product_attention_options);
    tp_tensor *attn_mask TP__IS(nullptr);              /* broadcasts to [.., l, n]: bool, true where a key is seen; or floating, added */
    double dropout_p TP__IS(0);                        /* of the weights; whoever evaluates says 0 */
    bool is_causal TP__IS(false);                      /* row i sees keys 0 to i; not with a mask */
    double scale TP__IS(0);                            /* of the scores; 0: 1 / sqrt(e) */
    bool enable_gqa TP__IS(false);                     /* key and value have fewer heads, each for a group of the query's */
    TP__TAIL;
} tp_scaled_dot_product_attention_options;
#define TP__DEFAULT_scaled_dot_product_attention

typedef struct tp_multi_head_attention_forward_options {
    TP__HEAD(tp_multi_head_attention_forward_options);
    tp_tensor *in_proj_weight TP__IS(nullptr);         /* [3 e, e]: of query, key and value. Or: */
    tp_tensor *q_proj_weight TP__IS(nullptr);          /* [e, e] */
    tp_tensor *k_proj_weight TP__IS(nullptr);          /* [e, features of the key] */
    tp_tensor *v_proj_weight TP__IS(nullptr);          /* [e, features of the value] */
    tp_tensor *in_proj_bias TP__IS(nullptr);           /* [3 e] */
    tp_tensor *bias_k TP__IS(nullptr);                 /* [1, 1, e], with bias_v: one more key and value */
    tp_tensor *bias_v TP__IS(nullptr);
    bool add_zero_attn TP__IS(false);                  /* one more of zeros */
    double dropout_p TP__IS(0);                        /* of the weights, while .training */
    bool training TP__IS(true);
    tp_tensor *key_padding_mask TP__IS(nullptr);       /* [n, s], or [s] without a batch: bool, true where a key is NOT seen; or floating, added */
    tp_tensor *attn_mask TP__IS(nullptr);              /* [l, s] or [n heads, l, s], likewise */
    bool is_causal TP__IS(false);                      /* a hint that attn_mask is the causal one, which then need not be read */
    tp_tensor *static_k TP__IS(nullptr);               /* [n heads, s, e / heads], instead of the projected key */
    tp_tensor *static_v TP__IS(nullptr);
    bool average_attn_weights TP__IS(true);            /* of all heads: [n, l, s]; else [n, heads, l, s] */
    TP__TAIL;
} tp_multi_head_attention_forward_options;
#define TP__DEFAULT_multi_head_attention_forward .training = true, .average_attn_weights = true,

#define TP__EACH_ATTENTION_OP_OPTIONS(X) X(scaled_dot_product_attention) X(multi_head_attention_forward)

#ifdef __cplusplus
extern "C" {
#endif

/* y = softmax(scale q k^T + mask) v:  q [.., l, e], k [.., n, e], v [.., n, w] -> [.., l, w], of one floating dtype; leading dims
 * broadcast, the last of them are heads. A row that sees no key gives zeros. Gradients: q, k, v, and a floating mask.
 *
 * One fused op without dropout: scores are made a block at a time, and again for the backward, so memory grows with l + n, not l n; a
 * gradient of the mask, a recorded backward and dropout make them all. y lies in memory in the order of q's dims: heads that were parts of a
 * row, transposed, are transposed back to [.., l, heads, w] for a reshape without a copy. */
TP_API tp_tensor *tp_scaled_dot_product_attention_with(tp_tensor *q, tp_tensor *k, tp_tensor *v, const tp_scaled_dot_product_attention_options *o);

/* With several heads, as PyTorch's function: query [l, n, e], key and value [s, n, ..] -> [l, n, rows of out_weight], or without the n; the
 * length comes first. All are projected, cut into heads of e / heads features, and what they attend to is projected by out_weight and
 * out_bias, of which the bias may be NULL. *weights, where the pointer is not NULL: the softmax of the scores. Masks are true where nothing is seen,
 * other than above; a row that sees no key is NaN if weights are asked for. The layer is tp_nn_multihead_attention. */
TP_API tp_tensor *tp_multi_head_attention_forward_with(tp_tensor *query, tp_tensor *key, tp_tensor *value,
                                                       int64_t heads, tp_tensor *out_weight, tp_tensor *out_bias,
                                                       tp_tensor **weights,
                                                       const tp_multi_head_attention_forward_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_scaled_dot_product_attention(...) tp__scaled_dot_product_attention(__VA_ARGS__, )
#define tp__scaled_dot_product_attention(q, k, v, ...) \
    TP__DEFAULTS(tp_scaled_dot_product_attention_with(q, k, v, TP__OPTIONS(scaled_dot_product_attention, __VA_ARGS__)))
#define tp_multi_head_attention_forward(...) tp__multi_head_attention_forward(__VA_ARGS__, )
#define tp__multi_head_attention_forward(q, k, v, heads, w, b, weights, ...) \
    TP__DEFAULTS(tp_multi_head_attention_forward_with(q, k, v, heads, w, b, weights, TP__OPTIONS(multi_head_attention_forward, __VA_ARGS__)))
#else
inline tp_tensor *tp_scaled_dot_product_attention(tp_tensor *q, tp_tensor *k, tp_tensor *v, const tp_scaled_dot_product_attention_options &o = {})
{ return tp_scaled_dot_product_attention_with(q, k, v, &o); }
inline tp_tensor *tp_multi_head_attention_forward(tp_tensor *q, tp_tensor *k, tp_tensor *v, int64_t heads, tp_tensor *w, tp_tensor *b, tp_tensor **weights,
                                                  const tp_multi_head_attention_forward_options &o = {})
{ return tp_multi_head_attention_forward_with(q, k, v, heads, w, b, weights, &o); }
#endif

#endif
