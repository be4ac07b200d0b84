/* dense.h: a kernel that reads its inputs in rows gets them contiguous, and cast where it asks for that. */
#ifndef TP__DENSE_H
#define TP__DENSE_H

#include "ops/run.h"

enum { TP__DENSE_MOST = 8 };

/* Runs the kernel on other inputs, if they are complete, and lets go of what was made since the mark. */
static inline tp_status tp__run_on(const tp__call *call, tp_tensor **in, bool complete, uint32_t mark)
{
    tp__call dense = *call;
    dense.in = in;
    const tp_kernel *kernel = complete ? tp__kernel(call->op, call->out[0]->device) : NULL;
    const tp_status status = kernel ? kernel->run(&dense) : tp__pending();
    tp__list_release(mark);
    return status;
}

/* Runs the kernel with in[i] contiguous, and cast to dtype[i] where that is not 0. What was copied for it dies right after. */
static inline tp_status tp__run_dense(tp__call *call, const tp_dtype *dtype)
{
    tp_tensor *in[TP__DENSE_MOST] = { NULL };
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    bool complete = true;
    for (int i = 0; i < call->n_in && complete; i++) {
        tp_tensor *x = call->in[i];
        if (!x) continue;
        if (dtype[i] && x->dtype != dtype[i]) x = tp_to_dtype(x, dtype[i]);
        in[i] = x && !(x->flags & TP__CONTIGUOUS) ? tp_contiguous(x) : x;
        complete = in[i];
    }
    return tp__run_on(call, in, complete, mark);
}

/* The same with inputs contiguous and in their own dtypes. */
static inline tp_status tp__run_contiguous(tp__call *call)
{
    static const tp_dtype own[TP__DENSE_MOST] = { TP_DTYPE_DEFAULT };
    return tp__run_dense(call, own);
}

#endif
