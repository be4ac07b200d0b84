/* parts.h: views between complex numbers and their parts, which have another dtype than their base. */
#ifndef TP__PARTS_H
#define TP__PARTS_H

#include "autograd/node.h"

/* The two ops of node.h for such a view, in ops/strided.c. They are no op to be called: the tape alone makes their nodes. Their attributes
 * count in real elements: complex ones have a dim more, of 2. */
extern const tp_op tp__op_as_strided_parts, tp__op_strided_scatter_parts;

#endif
