/* autocast.h: a call inside of a region of mixed precision. */
#ifndef TP__OPS_AUTOCAST_H
#define TP__OPS_AUTOCAST_H

#include "core/op.h"

/* tp__run where TP__AUTOCAST is on: the inputs of an op in the lists are cast, and it runs without the region. */
int tp__run_autocast(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **out, int max_out, const void *caller);
/* The same call as it is given, whatever the mode: run.c. */
int tp__run_as_given(const tp_op *op, tp_tensor *const *in, int n_in, const void *attr, tp_tensor **out, int max_out, const void *caller);
void tp__autocast_prepare(tp__op_state *state);        /* looks the op up in the lists */

#endif
