/* autocast.h: copies of parameters that a region of mixed precision keeps, core/autocast.c. Which ops cast what is told by ops/autocast.c. */
#ifndef TP__AUTOCAST_H
#define TP__AUTOCAST_H

#include "core/thread.h"

/* The copy of x in this dtype, borrowed; NULL: there is none, x was written since, or the copy has no node and is wanted with one. */
tp_tensor *tp__casts_find(tp_tensor *x, tp_dtype dtype);
/* Keeps a copy until the outermost region ends. Without a region, or without memory, it is not kept. */
void tp__casts_keep(tp_tensor *x, tp_tensor *copy);
void tp__casts_drop(tp__thread *self);                 /* all of this thread's */

#endif
