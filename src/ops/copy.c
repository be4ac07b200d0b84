/* copy.c: copies between layouts, dtypes and devices, filling, and detaching. A copy's gradient is the gradient, cast back. */
#include "ops/run.h"
#include "ops/samples.h"

/* ---- clone, contiguous, casts ------------------------------------------------------------------------------------------------- */

static tp_status dense_shape(tp__call *call)            /* keeps a dense layout */
{
    tp_tensor *x = call->in[0];
    if (tp__is_dense(x)) return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status contiguous_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status identity_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    dx[0] = dy[0];
    return TP_OK;
}

typedef struct cast_attr { tp_dtype dtype; } cast_attr;
static tp_status cast_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_dtype dtype = ((const cast_attr *)call->attr)->dtype;
    if (dtype <= TP_DTYPE_DEFAULT || dtype >= TP_DTYPE_END) return tp__call_fail(call, TP_ERR_DTYPE, "%d is no dtype", (int)dtype);
    call->keep_shape = 1;
    if (!tp__is_dense(x)) return tp__made(tp__out(call, dtype, x->ndim, x->shape));
    return tp__made(tp__out_like(call, x, dtype));
}

static tp_status cast_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const tp__kept_shape *kept = tp__kept(node, 0);
    dx[0] = tp_to_dtype(dy[0], (tp_dtype)kept->dtype);
    return tp__made(dx[0]);
}

static void copy_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
}

static void cast_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), { .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 });
}

static const tp_op op_clone = { .schema = "clone(Tensor input) -> Tensor", .kernel = "copy", .shape = dense_shape, .backward = identity_backward,
    .samples = copy_samples, .state = TP__STATE };
static const tp_op op_contiguous = { .schema = "contiguous(Tensor input) -> Tensor", .kernel = "copy", .shape = contiguous_shape,
    .backward = identity_backward, .samples = copy_samples, .state = TP__STATE };
static const tp_op op_cast = { .schema = "to_dtype(Tensor input, dtype dtype) -> Tensor", .kernel = "copy", .shape = cast_shape,
    .backward = cast_backward, .attr_size = sizeof(cast_attr), .samples = cast_samples, .state = TP__STATE };

/* ---- copy_ --------------------------------------------------------------------------------------------------------------------- */

static tp_status copy__shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    if (ndim != x->ndim || memcmp(shape, x->shape, sizeof *shape * (size_t)ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s does not fit into %s", tp__shape_text(call->in[1]), tp__shape_text(x));
    call->out[call->n_out++] = x;
    call->keep_shape = 2;
    return TP_OK;
}

static tp_status copy__forward(tp__call *call)
{
    tp_tensor *x = call->in[0], *from = call->in[1];
    if (x->storage == from->storage) {                 /* they may overlap: by way of a copy */
        from = tp_clone(from);
        if (!from) return tp__pending();
    }
    tp_tensor *const in[] = { x, from };
    tp__call copy = *call;
    copy.in = in;
    const tp_kernel *kernel = tp__kernel(call->op, x->device);
    return kernel ? kernel->run(&copy) : tp__pending();
}

static tp_status copy__backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 2 && !(dx[1] = tp__fit(node, 1, dy[0]))) return tp__pending();      /* the old values have no part in it */
    return TP_OK;
}

static void copy__samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)));
}

static const tp_op op_copy_ = { .schema = "copy_(Tensor! input, Tensor src) -> Tensor", .kernel = "copy", .flags = TP__INPLACE,
    .shape = copy__shape, .forward = copy__forward, .backward = copy__backward, .samples = copy__samples, .state = TP__STATE };

/* ---- fill_, zero_ ---------------------------------------------------------------------------------------------------------------- */

static tp_status zero_forward(tp__call *call)
{
    const tp_operand zero = { .kind = TP_OPERAND_INTEGER };
    tp__call fill = *call;
    fill.attr = &zero;
    const tp_kernel *kernel = tp__kernel(call->op, call->in[0]->device);
    return kernel ? kernel->run(&fill) : tp__pending();
}

static tp_status forget_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)dy, (void)need, (void)dx;        /* nothing of the old values is left */
    return TP_OK;
}

static void zero_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2))); }
static void fill_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__FLOAT_ARG(1.5));
}

static const tp_op op_zero_ = { .schema = "zero_(Tensor! input) -> Tensor", .kernel = "fill", .flags = TP__INPLACE,
    .shape = tp__in_place, .forward = zero_forward, .backward = forget_backward, .samples = zero_samples, .state = TP__STATE };
static const tp_op op_fill_ = { .schema = "fill_(Tensor! input, number value) -> Tensor", .kernel = "fill", .flags = TP__INPLACE,
    .shape = tp__in_place, .backward = forget_backward, .attr_size = sizeof(tp_operand), .samples = fill_samples, .state = TP__STATE };

/* ---- Between devices ----------------------------------------------------------------------------------------------------------------- */

typedef struct device_attr { int64_t device, from; } device_attr;       /* `from` is the shape rule's */
static tp_status device_shape(tp__call *call)
{
    const tp_device device = (tp_device)((const device_attr *)call->attr)->device;
    tp_tensor *x = call->in[0];
    if (!tp__backend(device))
        return tp__call_fail(call, TP_ERR_DEVICE, "there is no device %s: %s", tp_device_name(device), device == TP_CPU ? "" : tp_cuda_why_not());
    ((device_attr *)(uintptr_t)call->attr)->from = x->device;
    tp_tensor *y = tp__tensor_new(device, (tp_dtype)x->dtype, x->ndim, x->shape);
    if (y) call->out[call->n_out++] = y;
    return tp__made(y);
}

static tp_status device_forward(tp__call *call)
{
    tp_tensor *x = tp_contiguous(call->in[0]), *y = call->out[0];
    if (!x) return tp__pending();
    const tp_backend *mover = tp__backend(x->device == TP_CPU ? y->device : x->device);
    return mover->copy(y->data, y->device, x->data, x->device, (size_t)x->numel * tp_dtype_size((tp_dtype)x->dtype));
}

static tp_status device_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    dx[0] = tp_to(dy[0], (tp_device)((const device_attr *)tp__attr(node))->from);
    return tp__made(dx[0]);
}

static void device_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)), TP__INT_ARG(TP_CPU));
}

static const tp_op op_to_device = { .schema = "to_device(Tensor input, int device) -> Tensor", .flags = TP__INTERNAL, .shape = device_shape,
    .forward = device_forward, .backward = device_backward, .attr_size = sizeof(device_attr), .samples = device_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_clone(tp_tensor *x) { return tp__run1(&op_clone, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_contiguous(tp_tensor *x)
{
    if (x && x->kind == TP_KIND_TENSOR && x->flags & TP__CONTIGUOUS) return x;
    return tp__run1(&op_contiguous, &x, 1, NULL, TP__CALLER);
}

tp_tensor *tp_to_dtype(tp_tensor *x, tp_dtype dtype)
{
    if (x && x->kind == TP_KIND_TENSOR && x->dtype == dtype) return x;
    return tp__run1(&op_cast, &x, 1, &(cast_attr){ dtype }, TP__CALLER);
}

tp_tensor *tp_to_with(tp_tensor *x, tp_device device, const tp_to_options *options)
{
    tp_to_options o = { TP__DEFAULT_to .tp__end = 0 };
    if (tp_options_take("to", &o, options, offsetof(tp_to_options, tp__end)) || !x || !tp__alive(x, "to")) return NULL;
    tp_tensor *y = x;
    if (o.dtype && o.dtype != (tp_dtype)x->dtype) y = tp_to_dtype(y, o.dtype);
    if (y && device && device != y->device) y = tp__run1(&op_to_device, &y, 1, &(device_attr){ .device = device }, TP__CALLER);
    return y == x && o.copy ? tp_clone(x) : y;
}

tp_tensor *tp_copy_(tp_tensor *dst, tp_tensor *src) { return tp__run1(&op_copy_, (tp_tensor *[]){ dst, src }, 2, NULL, TP__CALLER); }
tp_tensor *tp_zero_(tp_tensor *x) { return tp__run1(&op_zero_, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_fill_(tp_tensor *x, double value)
{
    return tp__run1(&op_fill_, &x, 1, &(tp_operand){ .kind = TP_OPERAND_REAL, .as.real = value }, TP__CALLER);
}

tp_tensor *tp_detach(tp_tensor *x) { return x && tp__alive(x, "detach") ? tp__alias_like(x) : NULL; }

const tp_op *const tp__ops_copy[] = { &op_clone, &op_contiguous, &op_cast, &op_copy_, &op_zero_, &op_fill_, &op_to_device, NULL };
