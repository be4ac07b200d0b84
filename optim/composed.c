/* optim/composed.c: steps that are made of ops: all is computed, then all is written. */
#include "optimizer.h"

tp_status tp__step_composed(const tp__optim_values *v, const tp__step_lists *lists, tp__plan_fn *plan)
{
    const size_t bytes = (size_t)lists->params.n * TP__MOST_WRITES * sizeof(tp__write);
    tp__write *const writes = tp_mem_calloc(bytes);
    tp_status status = writes ? TP_OK : TP_ERR_MEMORY;
    for (int64_t i = 0; i < lists->params.n && !status; i++)
        status = plan(v, lists, i, writes + i * TP__MOST_WRITES);
    for (int64_t k = 0; k < lists->params.n * TP__MOST_WRITES && !status; k++)
        if (writes[k].to)
            status = tp_copy_(writes[k].to, writes[k].from) ? TP_OK : tp_error_status();
    tp_mem_free(writes, bytes);
    return status;
}
