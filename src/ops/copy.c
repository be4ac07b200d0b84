/* copy.c: copies between layouts, dtypes and devices, and detaching. A copy's gradient is the gradient, cast back. */
#include "ops/copy.h"
#include "ops/samples.h"

/* ---- Layouts ------------------------------------------------------------------------------------------------------------------ */

static bool is_format(int32_t format) { return format >= TP_FORMAT_DEFAULT && format <= TP_CHANNELS_LAST_3D; }

tp_tensor *tp__out_in_format(tp__call *call, tp_tensor *x, tp_dtype dtype, int32_t format)
{
    int64_t stride[TP_MAX_DIMS];
    if (!is_format(format)) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "there is no memory format %d", (int)format);
        return NULL;
    }
    if (!tp__format_fits((tp_memory_format)format, x->ndim)) {
        tp__call_fail(call, TP_ERR_SHAPE, "channels-last formats are for 4 dims, and in 3d for 5, not for %s", tp__shape_text(x));
        return NULL;
    }
    if (format == TP_FORMAT_DEFAULT || format == TP_PRESERVE_FORMAT) tp__strides_like(x, stride);
    else tp__strides_of_format((tp_memory_format)format, x->ndim, x->shape, stride);
    return tp__out_made(call, tp__tensor_new_strided(call->device ? call->device : x->device, dtype, x->ndim, x->shape, stride));
}

static const tp_op op_elements = { .schema = "copy_(Tensor! input, Tensor src) -> Tensor", .kernel = "copy", .state = TP__STATE };

tp_status tp__copy_elements(tp_tensor *y, const tp_tensor *x)
{
    tp__state(&op_elements);
    const tp_kernel *kernel = tp__kernel(&op_elements, y->device);
    if (!kernel) return tp__pending();
    tp_tensor *const in[] = { y, (tp_tensor *)(uintptr_t)x };
    tp__call call = { .op = &op_elements, .in = in, .n_in = 2, .out = &y, .n_out = 1, .max_out = 1 };
    return kernel->run(&call);
}

typedef struct format_attr { int32_t format; } format_attr;
typedef struct cast_attr { tp_dtype dtype; int32_t format; } cast_attr;

/* ---- clone, contiguous, casts ------------------------------------------------------------------------------------------------- */

static tp_status clone_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return tp__made(tp__out_in_format(call, x, (tp_dtype)x->dtype, ((const format_attr *)call->attr)->format));
}

static tp_status identity_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    dx[0] = dy[0];
    return TP_OK;
}

static tp_status cast_shape(tp__call *call)
{
    const cast_attr *a = call->attr;
    if (a->dtype <= TP_DTYPE_DEFAULT || a->dtype >= TP_DTYPE_END) return tp__call_fail(call, TP_ERR_DTYPE, "%d is no dtype", (int)a->dtype);
    call->keep_shape = 1;
    return tp__made(tp__out_in_format(call, call->in[0], a->dtype, a->format));
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
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2, 2), -2, 2)),
             TP__NAMED("memory_format", .kind = TP_ARG_MEMORY_FORMAT, .value.string = "channels_last"));
}

static void cast_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), { .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 });
}

static const tp_op op_clone = { .schema = "clone(Tensor input, *, " TP__MEMORY_FORMAT "=none) -> Tensor", .kernel = "copy", .shape = clone_shape,
    .backward = identity_backward, .attr_size = sizeof(format_attr), .samples = copy_samples, .state = TP__STATE };
static const tp_op op_cast = { .schema = "to_dtype(Tensor input, dtype dtype, *, " TP__MEMORY_FORMAT "=none) -> Tensor", .kernel = "copy",
    .shape = cast_shape, .backward = cast_backward, .attr_size = sizeof(cast_attr), .samples = cast_samples, .state = TP__STATE };

static tp_tensor *clone(tp_tensor *x, tp_memory_format format, const void *caller)
{
    return tp__run1(&op_clone, &x, 1, &(format_attr){ (int32_t)format }, caller);
}
static tp_tensor *contiguous(tp_tensor *x, tp_memory_format format, const void *caller)
{
    if (!format) format = TP_CONTIGUOUS_FORMAT;
    return x && x->kind == TP_KIND_TENSOR && is_format((int32_t)format) && tp__has_format(x, format) ? x : clone(x, format, caller);
}
static tp_status contiguous_compose(tp__call *call)
{
    return tp__made(tp__out_made(call, contiguous(call->in[0], (tp_memory_format)((const format_attr *)call->attr)->format, NULL)));
}
static const tp_op op_contiguous = { .schema = "contiguous(Tensor input, *, " TP__MEMORY_FORMAT "=contiguous_format) -> Tensor",
    .compose = contiguous_compose, .attr_size = sizeof(format_attr), .samples = copy_samples, .state = TP__STATE };

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
    if (x->device != from->device) {                   /* what crosses is plain and of one dtype: laid out and cast on the other side */
        if (tp__same_shape(x, from) && x->dtype == from->dtype && x->flags & from->flags & TP__CONTIGUOUS) return tp__copy_bytes(x, from, false);
        from = tp_to(from, x->device);
        if (!from) return tp__pending();
    }
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
    if (need & 1 && !(dx[0] = tp_zeros(tp_shape_of(dy[0]), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, dy[0]))) return tp__pending();      /* the old values have no part in it */
    return TP_OK;
}

static void copy__samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)));
}

static const tp_op op_copy_ = { .schema = "copy_(Tensor! input, Tensor src) -> Tensor", .kernel = "copy", .flags = TP__INPLACE | TP__ANY_DEVICE,
    .shape = copy__shape, .forward = copy__forward, .backward = copy__backward, .samples = copy__samples, .state = TP__STATE };

/* ---- Between devices ----------------------------------------------------------------------------------------------------------------- */

typedef struct device_attr { int64_t device; bool non_blocking; int64_t from; } device_attr;     /* `from` is the shape rule's */
static tp_status device_shape(tp__call *call)
{
    const tp_device device = (tp_device)((const device_attr *)call->attr)->device;
    tp_tensor *x = call->in[0];
    if (!tp__backend(device)) return tp__no_device("to", device);
    ((device_attr *)(uintptr_t)call->attr)->from = x->device;
    int64_t stride[TP_MAX_DIMS];
    tp__strides_like(x, stride);
    const bool pinned = device == TP_CPU && ((const device_attr *)call->attr)->non_blocking;
    return tp__made(tp__out_made(call, pinned ? tp_empty(tp_shape_of(x), .dtype = (tp_dtype)x->dtype, .pinned = true)
                                              : tp__tensor_new_strided(device, (tp_dtype)x->dtype, x->ndim, x->shape, stride)));
}

static tp_status device_forward(tp__call *call)
{
    tp_tensor *x = call->in[0], *y = call->out[0];
    const bool as_it_lies = tp__is_dense(x) && x->ndim == y->ndim && !memcmp(x->stride, y->stride, sizeof *x->stride * x->ndim);
    if (!as_it_lies && !(x = y->flags & TP__CONTIGUOUS ? tp_contiguous(x) : tp_clone(x))) return tp__pending();
    return tp__copy_bytes(y, x, ((const device_attr *)call->attr)->non_blocking);
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

static const tp_op op_to_device = { .schema = "to_device(Tensor input, int device, bool non_blocking=false) -> Tensor",
    .flags = TP__INTERNAL, .shape = device_shape, .forward = device_forward, .backward = device_backward,
    .attr_size = sizeof(device_attr), .samples = device_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_clone_with(tp_tensor *x, const tp_clone_options *options)
{
    tp_clone_options o = TP__BRACES(clone, );
    return tp_options_take("clone", &o, options, offsetof(tp_clone_options, tp__end)) ? NULL : clone(x, o.memory_format, TP__CALLER);
}

tp_tensor *tp_contiguous_with(tp_tensor *x, const tp_contiguous_options *options)
{
    tp_contiguous_options o = TP__BRACES(contiguous, );
    return tp_options_take("contiguous", &o, options, offsetof(tp_contiguous_options, tp__end)) ? NULL : contiguous(x, o.memory_format, TP__CALLER);
}

tp_tensor *tp_to_dtype(tp_tensor *x, tp_dtype dtype)
{
    if (x && x->kind == TP_KIND_TENSOR && x->dtype == dtype) return x;
    return tp__run1(&op_cast, &x, 1, &(cast_attr){ dtype, 0 }, TP__CALLER);
}

tp_tensor *tp_to_with(tp_tensor *x, tp_device device, const tp_to_options *options)
{
    tp_to_options o = TP__BRACES(to, );
    if (tp_options_take("to", &o, options, offsetof(tp_to_options, tp__end)) || !x || !tp__alive(x, "to")) return NULL;
    tp_tensor *y = x;
    const bool laid_out = !o.memory_format || o.memory_format == TP_PRESERVE_FORMAT
                          || (is_format((int32_t)o.memory_format) && tp__has_format(x, o.memory_format));
    if (!laid_out || (o.dtype && o.dtype != (tp_dtype)x->dtype))
        y = tp__run1(&op_cast, &y, 1, &(cast_attr){ o.dtype ? o.dtype : (tp_dtype)x->dtype, (int32_t)o.memory_format }, TP__CALLER);
    if (y && device && device != y->device) y = tp__run1(&op_to_device, &y, 1, &(device_attr){ .device = device, .non_blocking = o.non_blocking }, TP__CALLER);
    return y == x && o.copy ? clone(x, o.memory_format, TP__CALLER) : y;
}

tp_tensor *tp_copy_(tp_tensor *dst, tp_tensor *src) { return tp__run1(&op_copy_, (tp_tensor *[]){ dst, src }, 2, NULL, TP__CALLER); }

tp_tensor *tp_detach(tp_tensor *x) { return x && tp__alive(x, "detach") ? tp__alias_like(x) : NULL; }

const tp_op *const tp__ops_copy[] = { &op_clone, &op_contiguous, &op_cast, &op_copy_, &op_to_device, NULL };
