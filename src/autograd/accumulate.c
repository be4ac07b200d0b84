/* accumulate.c: gradients add up by the backend's kernel of that name; the tape knows no ops. */
#include "autograd/node.h"

static const tp_op op_accumulate = { .schema = "accumulate(Tensor! input, Tensor other) -> Tensor", .kernel = "add",
    .flags = TP__INTERNAL | TP__INPLACE, .state = TP__STATE };

tp_status tp__accumulate(tp_tensor *dst, tp_tensor *src)
{
    tp__state(&op_accumulate);
    const tp_kernel *kernel = tp__kernel(&op_accumulate, dst->device);
    if (!kernel) return tp__pending();
    tp_flat_fn *flat = kernel->flat ? kernel->flat[dst->dtype] : NULL;
    if (flat && dst->numel <= 1 << 15 && dst->flags & src->flags & TP__CONTIGUOUS) {
        flat(dst->numel, dst->data, (const void *const[]){ dst->data, src->data }, NULL);
        return TP_OK;
    }
    tp_tensor *const in[] = { dst, src };
    tp__call call = { .op = &op_accumulate, .in = in, .n_in = 2, .out = &dst, .n_out = 1, .max_out = 1, .scratch = (void *)(uintptr_t)dst->dtype };
    return kernel->run(&call);
}
