/* collective.h: work that several devices do together, once it was checked. */
#ifndef TP__COLLECTIVE_H
#define TP__COLLECTIVE_H

#include <taper/collective.h>

#include "ops/run.h"

enum { TP__RANKS = 64 };

/* in[r] and out[r] are rank r's; out[r] is NULL where nothing is written. All are read as one dim, in the order of memory. */
typedef struct tp__together {
    tp__collective_kind kind;
    int how, root, n;                                  /* tp_collective_op; the rank; how many ranks */
    int64_t count;                                     /* as in tp__collective */
    tp_tensor *const *in, *const *out;
} tp__together;

/* By copies between devices and ops. No tape, no version: the caller turns recording off. */
tp_status tp__together_plainly(const tp__together *t);
/* `count` elements from `from` on of all inputs, combined in the order of ranks on a device: one dim. 16-bit floats are combined in float32. */
tp_tensor *tp__combined(const tp__together *t, tp_device device, int64_t from, int64_t count);

#endif
