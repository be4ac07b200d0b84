/* resize.c: another size for the same handle.
 *
 *   resize_      x has the size given, with what its memory holds in order, and after that anything
 *   resize_as_   the size of another tensor
 *
 * There is no gradient of it: x must not be on the tape. Memory that other tensors share stays as it is; x leaves it if it grows. */
#include "ops/run.h"
#include "ops/samples.h"
#include "ops/view.h"

static tp_status resize(tp__call *call, tp_shape shape)
{
    tp_tensor *x = call->in[0];
    int64_t n = 1;
    bool good = true;
    for (int d = 0; d < shape.ndim; d++) good = good && shape.dim[d] >= 0 && !__builtin_mul_overflow(n, shape.dim[d], &n);
    if (!good) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no size", tp__dims_text(shape.ndim, shape.dim));
    if (tp__needs_grad(x)) return tp__call_fail(call, TP_ERR_STATE, "%s needs a gradient, and cannot be resized", tp__shape_text(x));
    const bool same = shape.ndim == x->ndim && !memcmp(shape.dim, x->shape, sizeof *x->shape * (size_t)x->ndim);
    if (same) return tp__made(tp__out_made(call, x));
    if (n <= x->numel && x->flags & TP__CONTIGUOUS) {
        if (!tp__set_shape(x, shape.ndim, shape.dim)) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no size", tp__dims_text(shape.ndim, shape.dim));
        tp__bump(x, "resize_");
        return tp__made(tp__out_made(call, x));
    }
    if (x->base) return tp__call_fail(call, TP_ERR_STATE, "the view %s cannot become %s", tp__shape_text(x), tp__dims_text(shape.ndim, shape.dim));
    tp_tensor *y = tp__tensor_new(x->device, (tp_dtype)x->dtype, shape.ndim, shape.dim);
    const int64_t kept = n < x->numel ? n : x->numel;
    tp_tensor *old = tp_narrow(tp_reshape(tp_detach(x), TP_SHAPE(x->numel)), 0, 0, kept);
    if (!y || !old || !tp_copy_(tp_narrow(tp_reshape(y, TP_SHAPE(n)), 0, 0, kept), old)) return tp__pending();
    if (!tp__set_shape(x, shape.ndim, shape.dim)) return TP_ERR_SHAPE;         /* y has it, so it fits */
    const tp_status status = tp_set_data(x, y);
    return status ? status : tp__made(tp__out_made(call, x));
}

static tp_status resize_compose(tp__call *call)
{
    const tp__ints *size = call->attr;
    TP_NO_GRAD();
    return resize(call, tp__shape((int)size->n, size->v));
}
static tp_status resize_as_compose(tp__call *call)
{
    TP_NO_GRAD();
    return resize(call, tp_shape_of(call->in[1]));
}

static void resize_samples(tp_sample_set *set)      /* of integers: floating samples are on the tape */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__INTS_ARG(1, 6));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__INTS_ARG(2, 1, 2));
}
static void resize_as_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 2), 5)));
}

static const tp_op op_resize_ = { .schema = "resize_(Tensor! input, int[] size) -> Tensor",
    .flags = TP__INPLACE | TP__RELAYS | TP__NO_GRAD_OP, .compose = resize_compose, .attr_size = sizeof(tp__ints),
    .samples = resize_samples, .state = TP__STATE };
static const tp_op op_resize_as_ = { .schema = "resize_as_(Tensor! input, Tensor the_template) -> Tensor", .flags = TP__INPLACE | TP__RELAYS | TP__NO_GRAD_OP,
    .compose = resize_as_compose, .samples = resize_as_samples, .state = TP__STATE };

tp_tensor *tp_resize_(tp_tensor *x, tp_shape shape)
{
    if (!x || !tp__shape_is_good("resize_", &shape)) return NULL;
    const tp__ints size = tp__ints_of(shape.dim, shape.ndim);
    return tp__run1(&op_resize_, &x, 1, &size, TP__CALLER);
}
tp_tensor *tp_resize_as_(tp_tensor *x, tp_tensor *other) { return tp__run1(&op_resize_as_, (tp_tensor *[]){ x, other }, 2, NULL, TP__CALLER); }

const tp_op *const tp__ops_resize[] = { &op_resize_, &op_resize_as_, NULL };
