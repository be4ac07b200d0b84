/* random.h: what kernels share that draw numbers. Element i of a draw takes certain words of its stream, whatever the strides and
 * threads: by these functions. */
#ifndef TP__CPU_RANDOM_H
#define TP__CPU_RANDOM_H

#include "core/op.h"

enum { TP__DRAW_CHUNK = 1024 };                        /* elements of a tensor that are drawn together */

/* Words first .. first + n - 1 of the draw; out has room for 7 more. Returns where the first one is. */
const uint32_t *tp__draw_words(uint32_t *out, const tp_rng_state *state, int64_t first, int64_t n);
/* Elements first .. first + n - 1 of x, in row-major order, from or to `buffer`, which is of `dtype`. */
void tp__draw_exchange(const tp_tensor *x, int64_t first, int64_t n, void *buffer, tp_dtype dtype, bool store);
/* Calls run for each chunk of out[0], on several threads where there are many. */
typedef void tp__draw_fn(tp__call *call, int64_t first, int64_t n);
void tp__draw_chunks(tp__call *call, tp__draw_fn *run);

#endif
