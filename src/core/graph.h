/* graph.h: what core asks of the tape above it. A header counts the node that made it and owns its gradient; both are opaque
 * here, and given back and named through these, which autograd defines. */
#ifndef TP__GRAPH_H
#define TP__GRAPH_H

#include "core/tensor.h"

void tp__node_unref(tp_node *node);
void tp__grad_state_free(tp__grad_state *state);
/* Of the op that recorded it, or of a function of the user's own (`custom`); for printing. */
const char *tp__node_name(const tp_node *node, bool *custom);
/* May x be written in place now? Pending errors, leaves that require grad, views of several: an error says why not. */
bool tp__may_write(tp_tensor *x, const char *op);
bool tp__may_write_with(tp_tensor *x, const char *op, bool need);        /* need: what is written needs a gradient */
/* May x be laid out anew? Pending errors; leaves that require grad, and without recording what has a node: they expect gradients
 * of their shape. */
bool tp__may_relay(tp_tensor *x, const char *op);

#endif
