/* select.h: what ops share that take a number to put into a tensor. */
#ifndef TP__OPS_SELECT_H
#define TP__OPS_SELECT_H

#include "core/op.h"

/* As tp__check_number; and what is no infinity must not become one in 16 bits either. */
tp_status tp__check_value(const tp__call *call, tp_dtype dtype, tp_operand v);

#endif
