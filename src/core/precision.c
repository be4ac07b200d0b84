/* precision.c: how exact products of float32 are, for all threads. Backends read it at each product. */
#include "core/op.h"

#include <stdlib.h>

static _Atomic int chosen;                             /* 0: not asked for yet */

tp_float32_precision tp_get_float32_precision(void)
{
    int precision = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (__builtin_expect(!!precision, 1)) return (tp_float32_precision)precision;
    const char *text = getenv("TAPER_CUDA_TF32");
    const int initial = text && !strcmp(text, "1") ? TP_PRECISION_TF32 : TP_PRECISION_STRICT;
    return (tp_float32_precision)(atomic_compare_exchange_strong(&chosen, &precision, initial) ? initial : precision);
}

tp_status tp_set_float32_precision(tp_float32_precision precision)
{
    if (precision != TP_PRECISION_STRICT && precision != TP_PRECISION_TF32)
        return tp_fail(TP_ERR_ARGUMENT, "set_float32_precision: %d is no precision", (int)precision);
    atomic_store_explicit(&chosen, precision, memory_order_relaxed);
    return TP_OK;
}

bool tp__may_use_tf32(void) { return tp_get_float32_precision() == TP_PRECISION_TF32; }
