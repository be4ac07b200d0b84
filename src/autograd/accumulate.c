/* accumulate.c: gradients add up by the backend's kernel of that name; the tape knows no ops. */
#include "autograd/walk.h"

#include "core/kernel_args.h"

static const tp_op op_accumulate = { .schema = "accumulate(Tensor! input, Tensor other) -> Tensor", .kernel = "add",
    .flags = TP__INTERNAL | TP__INPLACE, .state = TP__STATE };

static tp_status accumulate_by(const tp_kernel *kernel, tp_tensor *dst, tp_tensor *src)
{
    tp_tensor *const in[] = { dst, src };
    tp__call call = { .op = &op_accumulate, .in = in, .n_in = 2, .out = &dst, .n_out = 1, .max_out = 1, .scratch = (void *)(uintptr_t)dst->dtype };
    return kernel->run(&call);
}

tp_status tp__accumulate(tp_tensor *dst, tp_tensor *src)
{
    tp__state(&op_accumulate);
    const bool complex = tp__is_complex(dst->dtype);
    const tp_kernel *kernel = complex ? tp__complex_kernel(&op_accumulate, dst->device) : tp__kernel(&op_accumulate, dst->device);
    if (!kernel) return tp__pending();
    if (complex) return accumulate_by(kernel, dst, src);
    tp_flat_fn *flat = kernel->flat ? kernel->flat[dst->dtype] : NULL;
    if (flat && dst->numel <= TP__FLAT_MOST && dst->flags & src->flags & TP__CONTIGUOUS) {
        flat(dst->numel, dst->data, (const void *const[]){ dst->data, src->data }, NULL);
        return TP_OK;
    }
    return accumulate_by(kernel, dst, src);
}

static const tp_op op_product = { .schema = "accumulate_product(Tensor! input, Tensor a, Tensor b) -> Tensor", .kernel = "addcmul",
    .flags = TP__INTERNAL | TP__INPLACE, .state = TP__STATE };
static const tp__factor once = { .value = { .kind = TP_OPERAND_REAL, .as.real = 1 } };

tp_tensor *tp__add_product(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b)
{
    if (!tp__is_flat(a) || !tp__is_flat_like(b, a)) return NULL;
    tp_tensor *const sum = tp__target(node, arg);
    if (!sum || !tp__is_flat_like(sum, a) || sum->storage == a->storage || sum->storage == b->storage) return NULL;
    tp__state(&op_product);
    const tp_kernel *kernel = tp__kernel(&op_product, TP_CPU);
    tp_flat_fn *flat = kernel && kernel->flat ? kernel->flat[sum->dtype] : NULL;
    if (!flat) return NULL;
    flat(sum->numel, sum->data, (const void *const[]){ sum->data, a->data, b->data }, &once);
    tp__target_added(node, arg);
    return sum;
}
