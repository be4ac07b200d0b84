/* scratch.h: working memory of the CPU kernels, kept by each thread from call to call. */
#ifndef TP__SCRATCH_H
#define TP__SCRATCH_H

#include <stddef.h>

#include <taper/core.h>

/* What a slot is for: two users that may be active at once in one thread have two slots. */
enum { TP__SCRATCH_PACK, TP__SCRATCH_IM2COL, TP__SCRATCH_PARTIAL, TP__SCRATCH_COPY, TP__SCRATCH_ORDER, TP__SCRATCH_SLOTS };

/* At least `bytes`, 64-byte aligned, values not set: this thread's buffer of the slot, which the next call for the slot hands
 * out again. What grew beyond a bound is given back once less is asked for. Freed at the end of the thread. NULL: TP_ERR_MEMORY. */
void *tp__scratch(int slot, size_t bytes);

/* The same for what is large or rare: a block for one call, from the cache of large blocks, so that its pages are there. */
typedef struct tp__workspace { void *data; size_t bytes; } tp__workspace;
tp_status tp__workspace_take(tp__workspace *w, size_t bytes);            /* TP_ERR_MEMORY: data is NULL */
void tp__workspace_give(tp__workspace *w);             /* nothing, if there is none */

#endif
