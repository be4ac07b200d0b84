/* accumulate.c: gradients add up by the backend's kernel of that name; the tape knows no ops. And what a fused rule may add to itself. */
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

/* Rules that run for a NaN to be found, or with other threads about, keep to themselves. */
tp_tensor *tp__target(const tp_node *node, int arg)
{
    const tp__walk *w = node->walk;
    const tp_edge *edge = &tp__edges(node)[arg];
    if (!w || w->create_graph || w->to_inputs || w->watches || !tp__is_alone()) return NULL;
    tp_tensor *sum = NULL;
    if (edge->kind == TP__EDGE_LEAF) {
        const tp__grad_state *state = edge->to.leaf->grad;
        if (!state || state->hooks || state->after) return NULL;
        sum = state->grad;
        if (sum && (sum->node || sum->base || !tp__same_kind(sum, edge->to.leaf))) return NULL;
    } else if (edge->kind == TP__EDGE_NODE && edge->to.node->walk == w && !(edge->to.node->flags & TP__FOUND)) {
        sum = edge->to.node->n_out == 1 ? edge->to.node->dy.one : edge->to.node->dy.many[edge->output];
        if (sum && !tp__is_ours_alone(sum)) return NULL;
    }
    if (!sum || !(sum->flags & TP__CONTIGUOUS)) return NULL;
    for (int k = 0; k < node->n_saved; k++) {          /* what the rest of the rule reads must stay */
        const tp__saved_slot *slot = &tp__slots(node)[k];
        if (slot->kind == TP__PACKED || (slot->is.tensor && slot->is.tensor->storage == sum->storage)) return NULL;
    }
    return sum;
}

void tp__target_added(const tp_node *node, int arg) { node->walk->added |= (uint64_t)1 << arg; }

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
