/* index_rows.h: what indexing ops come down to. With R the linear map that looks up rows: positions in the n_dims dims of x from
 * `dim` on, in row-major order, and the result has the index's dims in their place. */
#ifndef TP__INDEX_ROWS_H
#define TP__INDEX_ROWS_H

#include "core/kernel_args.h"
#include "ops/run.h"

/* R x. Differentiable in x */
tp_tensor *tp__rows_take(tp_tensor *x, tp_tensor *index, tp__row_lookup how);
/* x with src added to, or put in place of, those rows; src has the shape of R x, or broadcasts to it; or they are filled with src,
 * which is 0-dim. Into x itself if in_place. Of rows that are put to one place the last one stays; their gradient goes to all of
 * them, as in PyTorch. */
enum { TP__ROWS_ADD, TP__ROWS_PUT, TP__ROWS_FILL };
tp_tensor *tp__rows_write(int what, bool in_place, tp_tensor *x, tp_tensor *index, tp_tensor *src, tp__row_lookup how);
/* Several indices that broadcast, of dims of these sizes, as one; int64. `dims` are for messages. */
tp_tensor *tp__index_merge_of(tp_tensor *const *indices, int n, const int64_t *sizes, const int64_t *dims);

/* int64 or int32; anything, if it is empty. */
bool tp__is_index(const tp_tensor *x);
/* Positions, in row-major order, of the elements that are not 0: int64 [n]. No gradient. */
tp_tensor *tp__nonzero_flat(tp_tensor *x);

#endif
