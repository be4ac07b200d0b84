/* create.h: what ops share that make a tensor of no tensor, or like one. */
#ifndef TP__OPS_CREATE_H
#define TP__OPS_CREATE_H

#include "ops/copy.h"
#include "ops/view.h"

/* Where and as what the result is to be: the end of their schemas, and its place in their attributes. */
#define TP__PLACE "*, dtype dtype=none, string{strided} layout=none, device device=none, bool? requires_grad=none, bool? pin_memory=none"
typedef struct tp__place { tp_dtype dtype; int32_t layout; tp_device device; bool requires_grad, pin_memory; } tp__place;

/* The device, and that a gradient is only asked of a dtype that can have one. */
tp_status tp__take_place(tp__call *call, const tp__place *place, tp_dtype usual);
/* The dtype asked for, else the usual one. */
static inline tp_dtype tp__dtype_of(const tp__place *place, tp_dtype usual) { return place->dtype ? place->dtype : usual; }
/* The output of `size`, values not set. NULL: an error. */
tp_tensor *tp__place_out(tp__call *call, const tp__place *place, tp_dtype usual, const tp__ints *size);

#endif
