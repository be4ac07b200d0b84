/* cat.c: joining tensors.
 *
 *   cat       y = [x_0, x_1, ..] along dim          dx_i = the part of dy that x_i became
 *   stack     the same along a new dim              dx_i = select(dy, dim, i)
 *
 * Empty tensors of one dim are left out, whatever the others' shapes: PyTorch's old habit. A recorded call keeps, as a second
 * output that nobody sees, the size and the dtype of each member. */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct attributes { int64_t dim; } attributes;

static bool is_left_out(const tp_tensor *x) { return x->ndim == 1 && x->shape[0] == 0; }

/* ---- Shape rule ------------------------------------------------------------------------------------------------------------------ */

/* Channels-last if all members are. */
static tp_tensor *make_out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape, tp_memory_format format)
{
    int64_t stride[TP_MAX_DIMS];
    if (!format) return tp__out(call, dtype, ndim, shape);
    tp__strides_of_format(format, ndim, shape, stride);
    return tp__out_made(call, tp__tensor_new_strided(call->in[0]->device, dtype, ndim, shape, stride));
}

static tp_memory_format format_of(const tp_tensor *x)
{
    if (x->flags & TP__CONTIGUOUS) return TP_FORMAT_DEFAULT;
    return tp__has_format(x, TP_CHANNELS_LAST) ? TP_CHANNELS_LAST : tp__has_format(x, TP_CHANNELS_LAST_3D) ? TP_CHANNELS_LAST_3D : TP_FORMAT_DEFAULT;
}

/* dim: -1 of a stack, whose members have no size of their own along it */
static tp_status keep_sizes(tp__call *call, int64_t dim)
{
    tp_tensor *sizes = tp__tensor_new(TP_CPU, TP_I64, 2, (int64_t[]){ call->n_in, 2 });
    if (!sizes) return tp__pending();
    int64_t *row = sizes->data;
    for (int i = 0; i < call->n_in; i++, row += 2) {
        row[0] = dim < 0 ? 1 : is_left_out(call->in[i]) ? -1 : call->in[i]->shape[dim];
        row[1] = call->in[i]->dtype;
    }
    call->out[1] = sizes;
    return TP_OK;
}

static tp_status cat_shape(tp__call *call)
{
    attributes *attr = (attributes *)(uintptr_t)call->attr;
    if (!call->n_in) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    const tp_tensor *first = NULL;
    tp_memory_format format = TP_FORMAT_DEFAULT;
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d has no dims, and cannot be joined", i);
        if (is_left_out(x)) continue;
        if (!first) format = format_of(first = x);
        if (format && format_of(x) != format) format = TP_FORMAT_DEFAULT;
    }
    const tp_tensor *model = first ? first : call->in[0];
    const int dim = tp__dim(attr->dim, model->ndim);
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)attr->dim, tp__shape_text(model));
    attr->dim = dim;
    int64_t shape[TP_MAX_DIMS], total = 0;
    memcpy(shape, model->shape, sizeof *shape * model->ndim);
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (is_left_out(x)) continue;
        bool fits = x->ndim == model->ndim;
        for (int d = 0; fits && d < x->ndim; d++) fits = d == dim || x->shape[d] == shape[d];
        if (!fits)
            return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, which does not fit %s but for dim %d", i, tp__shape_text(x),
                                 tp__shape_text(model), dim);
        total += x->shape[dim];
    }
    shape[dim] = total;
    if (!make_out(call, tp__result_type(call->in, call->n_in), model->ndim, shape, format)) return tp__pending();
    return call->need ? keep_sizes(call, dim) : TP_OK;
}

/* ---- stack: each member is its own index of a new dim ------------------------------------------------------------------------------- */

static tp_status stack_shape(tp__call *call)
{
    attributes *attr = (attributes *)(uintptr_t)call->attr;
    if (!call->n_in) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    const tp_tensor *first = call->in[0];
    const int dim = tp__dim(attr->dim, first->ndim + 1);
    if (first->ndim == TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%s has as many dims as there can be", tp__shape_text(first));
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for a stack of %s", (long long)attr->dim, tp__shape_text(first));
    attr->dim = dim;
    for (int i = 1; i < call->n_in; i++)
        if (!tp__same_shape(call->in[i], first))
            return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, and not %s", i, tp__shape_text(call->in[i]), tp__shape_text(first));
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d <= first->ndim; d++) shape[d] = d == dim ? call->n_in : first->shape[d - (d > dim)];
    if (!tp__out(call, tp__result_type(call->in, call->n_in), first->ndim + 1, shape)) return tp__pending();
    return call->need ? keep_sizes(call, -1) : TP_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status cat_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;                                        /* one bit for the list: the members' edges say which */
    const int64_t dim = ((const attributes *)tp__attr(node))->dim;
    const tp_tensor *sizes = tp__saved(node, 0);
    if (!sizes) return tp__pending();
    int64_t at = 0;
    for (int i = 0; i < node->n_edges; i++) {
        const int64_t size = ((const int64_t *)sizes->data)[2 * i];
        const tp_dtype dtype = (tp_dtype)((const int64_t *)sizes->data)[2 * i + 1];
        if (size < 0) {                                /* left out: its gradient is as empty as it was */
            if (tp__edge_needs(node, i) && !(dx[i] = tp_zeros(TP_SHAPE(0), .dtype = dtype, .device = dy[0]->device))) return tp__pending();
            continue;
        }
        if (tp__edge_needs(node, i)) {
            tp_tensor *part = tp_narrow(dy[0], (int)dim, at, size);
            dx[i] = part && part->dtype != dtype ? tp_to_dtype(part, dtype) : part;
            if (!dx[i]) return tp__pending();
        }
        at += size;
    }
    return TP_OK;
}

static tp_status stack_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const tp_tensor *sizes = tp__saved(node, 0);
    if (!sizes) return tp__pending();
    for (int i = 0; i < node->n_edges; i++) {
        if (!tp__edge_needs(node, i)) continue;
        tp_tensor *part = tp_select(dy[0], (int)((const attributes *)tp__attr(node))->dim, i);
        if (!(dx[i] = tp_to_dtype(part, (tp_dtype)((const int64_t *)sizes->data)[2 * i + 1]))) return tp__pending();
    }
    return TP_OK;
}

/* ---- Samples, descriptor, public --------------------------------------------------------------------------------------------------------------- */

static void cat_samples(tp_sample_set *set)
{
    const struct { tp_shape a, b, c; int64_t dim; } some[] = {
        { TP_SHAPE(2, 3), TP_SHAPE(4, 3), TP_SHAPE(1, 3), 0 }, { TP_SHAPE(2, 3, 2), TP_SHAPE(2, 1, 2), TP_SHAPE(2, 0, 2), -2 },
        { TP_SHAPE(2, 3), TP_SHAPE(0), TP_SHAPE(2, 1), 1 }, { TP_SHAPE(2), TP_SHAPE(3), TP_SHAPE(0), 0 },
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        tp_tensor *const list[] = { tp__sample_tensor(set, some[i].a, -1, 1), tp__sample_tensor(set, some[i].b, -1, 1),
                                    tp__sample_tensor(set, some[i].c, -1, 1) };
        TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 3, .value.tensors = list }, TP__INT_ARG(some[i].dim));
    }
}

static void stack_samples(tp_sample_set *set)
{
    const struct { tp_shape shape; int64_t dim; } some[] = { { TP_SHAPE(2, 3), 0 }, { TP_SHAPE(2, 3), -1 }, { TP__SCALAR_SHAPE, 0 }, { TP_SHAPE(2, 0), 1 } };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        tp_tensor *const list[] = { tp__sample_tensor(set, some[i].shape, -1, 1), tp__sample_tensor(set, some[i].shape, -1, 1) };
        TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = list }, TP__INT_ARG(some[i].dim));
    }
}

#define CAT(name) { .schema = name "(Tensor[] tensors, int dim=0) -> Tensor", .kernel = "cat", .shape = cat_shape, .backward = cat_backward, \
    .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(attributes), .samples = cat_samples, .state = TP__STATE }
static const tp_op op_cat = CAT("cat"), op_concat = CAT("concat"), op_concatenate = CAT("concatenate");
static const tp_op op_stack = { .schema = "stack(Tensor[] tensors, int dim=0) -> Tensor", .kernel = "cat", .shape = stack_shape, .backward = stack_backward,
    .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(attributes), .samples = stack_samples, .state = TP__STATE };

tp_tensor *tp_cat(tp_tensor_list tensors, int dim) { return tp__run_list(&op_cat, &tensors, &(attributes){ dim }, TP__CALLER); }
tp_tensor *tp_stack(tp_tensor_list tensors, int dim) { return tp__run_list(&op_stack, &tensors, &(attributes){ dim }, TP__CALLER); }

const tp_op *const tp__ops_cat[] = { &op_cat, &op_concat, &op_concatenate, &op_stack, NULL };
