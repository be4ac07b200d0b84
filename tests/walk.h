/* walk.h: walking the registry: every op, on each of the samples that it brings. */
#ifndef TP__WALK_H
#define TP__WALK_H

#include "ops/samples.h"

enum { WALK_SLOTS = 16, WALK_OUTPUTS = 8 };

typedef struct walk {
    const tp_op *op;
    int which;                                         /* of the op's samples */
    tp__sample sample;
    tp_tensor *member[WALK_SLOTS];                     /* of the tensor list, if there is one */
    tp_tensor **slot[WALK_SLOTS];                      /* where each tensor stands among the arguments */
    int n_slots;
} walk;

typedef struct walk_sum { int ops, samples, failures; } walk_sum;

/* Calls fn on every sample, with floating samples of `dtype`, in a scope of its own. What it complains of is counted. */
walk_sum walk_all(tp_dtype dtype, void (*fn)(walk *w));
void walk_complain(const walk *w, const char *format, ...) TP__PRINTF(2, 3);
/* Complains of the unread error, if there is one, and clears it: true. */
bool walk_failed(const walk *w, const char *what);

bool walk_is_inplace(const walk *w);
/* Invokes the op: the number of outputs, or -1. In place it writes a clone; random ops are seeded the same each time. */
int walk_call(walk *w, tp_tensor **out);
/* Every argument that needs a gradient becomes a leaf of its own; the slot of each. */
int walk_leaves(walk *w, int *slot);
/* Gradients of sum(direction * output) over the outputs that need one; dx[i] may be NULL. False: an error. */
bool walk_gradients(walk *w, const int *slot, int n, bool create_graph, tp_tensor **dx);
/* Same shape and, where there are any, same values; a missing gradient is zero. */
bool walk_close(tp_tensor *a, tp_tensor *b, double tolerance);

#endif
