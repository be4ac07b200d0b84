/* index.h: lookup, gathering and order. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_INDEX_H
#define TAPER_OPS_INDEX_H

#include <taper/core.h>

typedef struct tp_embedding_options {
    TP__HEAD(tp_embedding_options);
    int64_t padding_idx TP__IS(TP_NONE);               /* this row of the weight gets no gradient */
    TP__TAIL;
} tp_embedding_options;
#define TP__DEFAULT_embedding .padding_idx = TP_NONE,

#define TP__EACH_INDEX_OP_OPTIONS(X) X(embedding)

#ifdef __cplusplus
extern "C" {
#endif

/* weight[indices]: indices int64 or int32 [..], weight [rows, width] -> [.., width]. TP_ERR_INDEX. Gradient: weight. */
TP_API tp_tensor *tp_embedding_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_embedding(...) tp__embedding(__VA_ARGS__, )
#define tp__embedding(indices, weight, ...) TP__DEFAULTS(tp_embedding_with(indices, weight, TP__OPTIONS(embedding, __VA_ARGS__)))
#else
inline tp_tensor *tp_embedding(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options &o = {})
{ return tp_embedding_with(indices, weight, &o); }
#endif

#endif
