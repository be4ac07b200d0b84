/* embedding.h: what the lookups of rows share. */
#ifndef TP__EMBEDDING_H
#define TP__EMBEDDING_H

#include "ops/run.h"

/* Scales the rows of weight that are looked up down to max_norm, in place and unrecorded. False: an error. */
bool tp__embedding_renorm_rows(tp_tensor *weight, tp_tensor *indices, const tp_operand *max_norm, double norm_type);
/* Rows added up by their index, as embedding_backward does, but in the order that sorting leaves, 16-bit floats
 * rounded at each step. Differentiable in rows. */
tp_tensor *tp__embedding_sum_sorted(tp_tensor *rows, tp_tensor *indices, int64_t num_rows);

#endif
