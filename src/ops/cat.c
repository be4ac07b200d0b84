/* cat.c: joining tensors along a dim.     y = [x_0, x_1, ..] along dim          dx_i = the part of dy that x_i became
 *
 * Empty tensors of one dim are left out, whatever the others' shapes: PyTorch's old habit. A recorded call keeps, as a second
 * output that nobody sees, the size and the dtype of each member. */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct attributes { int64_t dim; } attributes;

static bool is_left_out(const tp_tensor *x) { return x->ndim == 1 && x->shape[0] == 0; }

/* ---- Shape rule ------------------------------------------------------------------------------------------------------------------ */

/* [n, c, .., w] with c innermost */
static bool is_channels_last(const tp_tensor *x)
{
    if (x->flags & TP__CONTIGUOUS || (x->ndim != 4 && x->ndim != 5)) return false;
    int64_t expected = x->shape[1];
    if (x->stride[1] != 1) return false;
    for (int d = x->ndim - 1; d >= 2; d--) {
        if (x->shape[d] != 1 && x->stride[d] != expected) return false;
        expected *= x->shape[d];
    }
    return x->shape[0] == 1 || x->stride[0] == expected;
}

static tp_tensor *make_out(tp__call *call, tp_dtype dtype, int ndim, const int64_t *shape, bool channels_last)
{
    if (!channels_last) return tp__out(call, dtype, ndim, shape);
    int64_t stride[TP_MAX_DIMS], expected = shape[1];
    stride[1] = 1;
    for (int d = ndim - 1; d >= 2; d--) {
        stride[d] = expected;
        expected *= shape[d];
    }
    stride[0] = expected;
    tp_tensor *y = tp__tensor_new_strided(call->in[0]->device, dtype, ndim, shape, stride);
    if (y) call->out[call->n_out++] = y;
    return y;
}

static tp_status keep_sizes(tp__call *call, int64_t dim)
{
    tp_tensor *sizes = tp__tensor_new(TP_CPU, TP_I64, 2, (int64_t[]){ call->n_in, 2 });
    if (!sizes) return tp__pending();
    int64_t *row = sizes->data;
    for (int i = 0; i < call->n_in; i++, row += 2) {
        row[0] = is_left_out(call->in[i]) ? -1 : call->in[i]->shape[dim];
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
    bool channels_last = true;
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d has no dims, and cannot be joined", i);
        if (is_left_out(x)) continue;
        if (!first) first = x;
        channels_last &= is_channels_last(x);
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
    if (!make_out(call, tp__result_type(call->in, call->n_in), model->ndim, shape, first && channels_last)) return tp__pending();
    return call->need ? keep_sizes(call, dim) : TP_OK;
}

/* ---- Forward: each member is copied, and cast, into its part ------------------------------------------------------------------------ */

static const tp_op op_copy = { .schema = "copy_(Tensor! input, Tensor src) -> Tensor", .kernel = "copy", .state = TP__STATE };

static tp_status copy_part(tp_tensor *y, tp_tensor *x, int64_t dim, int64_t at)
{
    const int64_t offset = at * y->stride[dim];
    const size_t item = tp_dtype_size((tp_dtype)y->dtype);
    const bool whole_rows = !dim && x->flags & y->flags & TP__CONTIGUOUS && x->dtype == y->dtype && x->device == TP_CPU;
    if (whole_rows && x->numel * (int64_t)item <= 1 << 15) {
        memcpy((char *)y->data + offset * (int64_t)item, x->data, (size_t)x->numel * item);
        return TP_OK;
    }
    tp_tensor part = { .kind = TP_KIND_TENSOR, .dtype = y->dtype, .ndim = y->ndim, .device = y->device, .numel = x->numel,
                       .data = (char *)y->data + offset * (int64_t)item, .storage = y->storage };
    tp_tensor *out = &part;
    memcpy(part.shape, x->shape, sizeof *x->shape * x->ndim);
    memcpy(part.stride, y->stride, sizeof *y->stride * y->ndim);
    if (tp__geometry_is_contiguous(part.ndim, part.shape, part.stride)) part.flags = TP__CONTIGUOUS;
    const tp_kernel *kernel = tp__kernel(&op_copy, y->device);
    if (!kernel) return tp__pending();
    tp__call call = { .op = &op_copy, .in = (tp_tensor *[]){ out, x }, .n_in = 2, .out = &out, .n_out = 1, .max_out = 1 };
    return kernel->run(&call);
}

static tp_status cat_forward(tp__call *call)
{
    const int64_t dim = ((const attributes *)call->attr)->dim;
    int64_t at = 0;
    for (int i = 0; i < call->n_in; i++) {
        tp_tensor *x = call->in[i];
        if (is_left_out(x)) continue;
        const tp_status status = x->numel ? copy_part(call->out[0], x, dim, at) : TP_OK;
        if (status) return status;
        at += x->shape[dim];
    }
    return TP_OK;
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

static const tp_op op_cat = { .schema = "cat(Tensor[] tensors, int dim=0) -> Tensor", .shape = cat_shape, .forward = cat_forward,
    .backward = cat_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(attributes), .samples = cat_samples, .state = TP__STATE };

tp_tensor *tp_cat(tp_tensor_list tensors, int dim)
{
    attributes attr = { dim };
    if (tensors.n > 0 && !tensors.at) return tp_fail(TP_ERR_ARGUMENT, "cat: the list of tensors is NULL"), NULL;
    if (tensors.n > UINT16_MAX) {
        tp_fail(TP_ERR_ARGUMENT, "cat: %lld tensors, at most %d are possible", (long long)tensors.n, UINT16_MAX);
        return NULL;
    }
    return tp__run1(&op_cat, tensors.at, (int)tensors.n, &attr, TP__CALLER);
}

const tp_op *const tp__ops_cat[] = { &op_cat, NULL };
