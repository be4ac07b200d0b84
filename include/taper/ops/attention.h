/* attention.h: scaled dot product attention. What holds for all ops is said in ops.h. */
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

#define TP__EACH_ATTENTION_OP_OPTIONS(X) X(scaled_dot_product_attention)

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

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_scaled_dot_product_attention(...) tp__scaled_dot_product_attention(__VA_ARGS__, )
#define tp__scaled_dot_product_attention(q, k, v, ...) \
    TP__DEFAULTS(tp_scaled_dot_product_attention_with(q, k, v, TP__OPTIONS(scaled_dot_product_attention, __VA_ARGS__)))
#else
inline tp_tensor *tp_scaled_dot_product_attention(tp_tensor *q, tp_tensor *k, tp_tensor *v, const tp_scaled_dot_product_attention_options &o = {})
{ return tp_scaled_dot_product_attention_with(q, k, v, &o); }
#endif

#endif
