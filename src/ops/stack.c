/* stack.c: joining tensors of few dims, by PyTorch's other names.
 *
 *   hstack          cat along dim 1, of vectors along dim 0
 *   vstack          cat along dim 0, vectors being rows
 *   dstack          cat along dim 2, which is made where it lacks
 *   column_stack    hstack, vectors being columns
 *   block_diag      matrices along a diagonal, zeros beside them */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- hstack, vstack, dstack, column_stack ------------------------------------------------------------------------------------------- */

static tp_tensor *as_column(tp_tensor *x, int ndim)
{
    (void)ndim;
    return x->ndim < 2 ? tp_reshape(x, TP_SHAPE(x->numel, 1)) : x;
}

/* Joins all that `shape` makes of the members; dim < 0: 1, or 0 where the first of them is a vector. */
static tp_status join(tp__call *call, tp_tensor *(*shape)(tp_tensor *, int), int ndim, int dim)
{
    if (!call->n_in) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    tp_tensor **part = tp_mem_alloc((size_t)call->n_in * sizeof *part);
    bool complete = part;
    for (int i = 0; i < call->n_in && complete; i++) complete = (part[i] = shape(call->in[i], ndim));
    if (complete && dim < 0) dim = part[0]->ndim > 1;
    tp_tensor *y = complete ? tp_cat((tp_tensor_list){ .at = part, .n = call->n_in }, dim) : NULL;
    tp_mem_free(part, (size_t)call->n_in * sizeof *part);
    return tp__made(tp__out_made(call, y));
}
static tp_status hstack_compose(tp__call *call) { return join(call, tp__at_least, 1, -1); }
static tp_status vstack_compose(tp__call *call) { return join(call, tp__at_least, 2, 0); }
static tp_status dstack_compose(tp__call *call) { return join(call, tp__at_least, 3, 2); }
static tp_status column_stack_compose(tp__call *call) { return join(call, as_column, 0, -1); }

static void stack_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(3), -1, 1), tp__sample_tensor(set, TP_SHAPE(3), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = list });
    tp_tensor *const cubes[] = { tp__sample_tensor(set, TP_SHAPE(2, 1, 2), -1, 1), tp__sample_tensor(set, TP_SHAPE(2, 1, 2), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = cubes });
}
#define STACK(name, how) { .schema = name "(Tensor[] tensors) -> Tensor", .compose = how, .samples = stack_samples, .state = TP__STATE }
static const tp_op op_hstack = STACK("hstack", hstack_compose), op_vstack = STACK("vstack", vstack_compose), op_row_stack = STACK("row_stack", vstack_compose);
static const tp_op op_dstack = STACK("dstack", dstack_compose), op_column_stack = STACK("column_stack", column_stack_compose);

/* ---- block_diag -------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *zeros(int64_t rows, int64_t columns, tp_dtype dtype, tp_device device)
{
    return tp_zeros(TP_SHAPE(rows, columns), .dtype = dtype, .device = device);
}
static tp_status block_diag_compose(tp__call *call)
{
    int64_t total = 0, at = 0;
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (x->ndim > 2) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, and must have at most 2 dims", i, tp__shape_text(x));
        total += x->ndim ? x->shape[x->ndim - 1] : 1;
    }
    if (!call->n_in) return tp__made(tp__out_made(call, zeros(1, 0, TP_F32, TP_CPU)));
    const tp_dtype dtype = tp__result_type(call->in, call->n_in);
    tp_tensor **band = tp_mem_alloc((size_t)call->n_in * sizeof *band);
    bool complete = band;
    for (int i = 0; i < call->n_in && complete; i++) {
        tp_tensor *x = tp_to_dtype(tp__at_least(call->in[i], 2), dtype), *left, *right;
        const int64_t rows = x ? x->shape[0] : 0, end = at + (x ? x->shape[1] : 0);
        complete = x && (left = zeros(rows, at, dtype, x->device)) && (right = zeros(rows, total - end, dtype, x->device))
            && (band[i] = tp_cat(TP_TENSORS(left, x, right), 1));
        at = end;
    }
    tp_tensor *y = complete ? tp_cat((tp_tensor_list){ .at = band, .n = call->n_in }, 0) : NULL;
    tp_mem_free(band, (size_t)call->n_in * sizeof *band);
    return tp__made(tp__out_made(call, y));
}
static void block_diag_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1), tp__sample_tensor(set, TP_SHAPE(2), -1, 1),
                                tp__sample_tensor(set, TP__SCALAR_SHAPE, -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 3, .value.tensors = list });
}
static const tp_op op_block_diag = { .schema = "block_diag(Tensor[] tensors) -> Tensor", .compose = block_diag_compose, .samples = block_diag_samples,
    .state = TP__STATE };

#define PUBLIC(name) tp_tensor *tp_##name(tp_tensor_list tensors) { return tp__run_list(&op_##name, &tensors, NULL, TP__CALLER); }
PUBLIC(hstack)
PUBLIC(vstack)
PUBLIC(dstack)
PUBLIC(column_stack)
PUBLIC(block_diag)

const tp_op *const tp__ops_stack[] = { &op_hstack, &op_vstack, &op_row_stack, &op_dstack, &op_column_stack, &op_block_diag, NULL };
