/* arrange.c: the same elements in other places of the same shape.
 *
 *   flip, fliplr, flipud      y[.., i, ..] = x[.., n - 1 - i, ..]            dx = flip(dy, dims)
 *   roll                      y[.., (i + shift) mod n, ..] = x[.., i, ..]    dx = roll(dy, -shifts, dims)
 *   rot90                     a transpose and flips */
#include "ops/copy.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- flip: a copy of x seen with negative strides ------------------------------------------------------------------------------------ */

typedef struct dims_attr { tp__ints dims; } dims_attr;
static tp_status flip_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *dims = &((dims_attr *)(uintptr_t)call->attr)->dims;
    unsigned seen = 0;
    for (int i = 0; i < dims->n; i++) {
        int d;
        if (tp__take_dim(call, dims->v[i], x, &d)) return tp__pending();
        if (seen >> d & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d);
        seen |= 1u << d;
        dims->v[i] = d;
    }
    return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}
static tp_status flip_forward(tp__call *call)
{
    const tp__ints *dims = &((const dims_attr *)call->attr)->dims;
    tp_tensor x = *call->in[0];
    if (!x.numel) return TP_OK;
    x.flags = 0;
    for (int i = 0; i < dims->n && x.ndim; i++) {
        const int64_t d = dims->v[i];
        x.data = (char *)x.data + (x.shape[d] - 1) * x.stride[d] * (int64_t)tp_dtype_size((tp_dtype)x.dtype);
        x.stride[d] = -x.stride[d];
    }
    return tp__copy_elements(call->out[0], &x);
}
static const tp_op op_flip;
static tp_tensor *flip(tp_tensor *x, const tp__ints *dims) { return x ? tp__run1(&op_flip, &x, 1, &(dims_attr){ *dims }, NULL) : NULL; }
static tp_status flip_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = flip(dy[0], &((const dims_attr *)tp__attr(node))->dims));
}
static void flip_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, -1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), { .kind = TP_ARG_INTS });
}
static const tp_op op_flip = { .schema = "flip(Tensor input, int[] dims) -> Tensor", .kernel = "copy", .shape = flip_shape, .forward = flip_forward,
    .backward = flip_backward, .attr_size = sizeof(dims_attr), .samples = flip_samples, .state = TP__STATE };

static tp_status flip_one(tp__call *call, int dim)
{
    if (call->in[0]->ndim <= dim)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least %d are needed", tp__shape_text(call->in[0]), call->in[0]->ndim, dim + 1);
    return tp__made(tp__out_made(call, flip(call->in[0], &(tp__ints){ 1, { dim } })));
}
static tp_status fliplr_compose(tp__call *call) { return flip_one(call, 1); }
static tp_status flipud_compose(tp__call *call) { return flip_one(call, 0); }
static void matrix_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2))); }
static const tp_op op_fliplr = { .schema = "fliplr(Tensor input) -> Tensor", .compose = fliplr_compose, .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_flipud = { .schema = "flipud(Tensor input) -> Tensor", .compose = flipud_compose, .samples = matrix_samples, .state = TP__STATE };

/* ---- roll ------------------------------------------------------------------------------------------------------------------------------- */

/* By a shift of each dim, 0 <= shift < size: the tensor is cut at each, and the pieces change places. */
typedef struct shift_attr { tp__ints shifts; } shift_attr;
static tp_status shift_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *shifts = &((shift_attr *)(uintptr_t)call->attr)->shifts;
    if (shifts->n != x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%lld shifts for %s", (long long)shifts->n, tp__shape_text(x));
    for (int d = 0; d < x->ndim; d++) {
        const int64_t n = x->shape[d] ? x->shape[d] : 1, rest = shifts->v[d] % n;
        shifts->v[d] = rest < 0 ? rest + n : rest;
    }
    return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}
static tp_status shift_forward(tp__call *call)
{
    const tp__ints *shifts = &((const shift_attr *)call->attr)->shifts;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)call->in[0]->dtype);
    for (unsigned wrapped = 0; wrapped < 1u << call->in[0]->ndim; wrapped++) {     /* bit d: the part of dim d that comes round */
        tp_tensor x = *call->in[0], y = *call->out[0];
        x.flags = y.flags = 0;
        x.numel = 1;
        for (int d = 0; d < x.ndim; d++) {
            const int64_t n = x.shape[d], s = shifts->v[d];
            const bool round = wrapped >> d & 1;
            x.shape[d] = y.shape[d] = round ? s : n - s;
            x.data = (char *)x.data + (round ? n - s : 0) * x.stride[d] * item;
            y.data = (char *)y.data + (round ? 0 : s) * y.stride[d] * item;
            x.numel *= x.shape[d];
        }
        y.numel = x.numel;
        const tp_status status = x.numel ? tp__copy_elements(&y, &x) : TP_OK;
        if (status) return status;
    }
    return TP_OK;
}
static const tp_op op_shift;
static tp_tensor *shift(tp_tensor *x, const tp__ints *shifts) { return x ? tp__run1(&op_shift, &x, 1, &(shift_attr){ *shifts }, NULL) : NULL; }
static tp_status shift_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp__ints back = ((const shift_attr *)tp__attr(node))->shifts;
    (void)need;
    for (int d = 0; d < back.n; d++) back.v[d] = -back.v[d];
    return tp__made(dx[0] = shift(dy[0], &back));
}
static void shift_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(2, 1, -2));
}
static const tp_op op_shift = { .schema = "roll_each(Tensor input, int[] shifts) -> Tensor", .kernel = "copy", .flags = TP__INTERNAL, .shape = shift_shape,
    .forward = shift_forward, .backward = shift_backward, .attr_size = sizeof(shift_attr), .samples = shift_samples, .state = TP__STATE };

typedef struct roll_attr { tp__ints shifts, dims; } roll_attr;
static tp_status roll_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const roll_attr *a = call->attr;
    tp__ints each = { .n = x->ndim };
    if (!a->dims.n && a->shifts.n == 1) {              /* of all elements in a row */
        tp_tensor *row = shift(tp_reshape(x, TP_SHAPE(-1)), &a->shifts);
        return tp__made(tp__out_made(call, tp_reshape(row, tp_shape_of(x))));
    }
    if (a->shifts.n != a->dims.n || !a->dims.n)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld shifts for %lld dims", (long long)a->shifts.n, (long long)a->dims.n);
    if (a->dims.n == 1 && !x->numel) return tp__made(tp__out_made(call, tp_clone(x)));
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has no dim to roll");
    for (int i = 0; i < a->dims.n; i++) {
        int d;
        if (tp__take_dim(call, a->dims.v[i], x, &d)) return tp__pending();
        if (x->shape[d]) each.v[d] = (each.v[d] + a->shifts.v[i] % x->shape[d]) % x->shape[d];
    }
    return tp__made(tp__out_made(call, shift(x, &each)));
}
static void roll_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(2, -1, 5), TP__INTS_ARG(2, 1, -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(1));
}
static const tp_op op_roll = { .schema = "roll(Tensor input, int[] shifts, int[] dims=none) -> Tensor", .compose = roll_compose,
    .attr_size = sizeof(roll_attr), .samples = roll_samples, .state = TP__STATE };

/* ---- rot90: quarter turns from the first dim to the second ---------------------------------------------------------------------------------- */

typedef struct rot90_attr { int64_t k; tp__ints dims; } rot90_attr;
static tp_status rot90_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const rot90_attr *a = call->attr;
    tp__ints dims = a->dims.n ? a->dims : (tp__ints){ 2, { 0, 1 } };
    int d0, d1;
    if (dims.n != 2) return tp__call_fail(call, TP_ERR_SHAPE, "%lld dims, and there must be 2", (long long)dims.n);
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least 2 are needed", tp__shape_text(x), x->ndim);
    if (tp__take_dim(call, dims.v[0], x, &d0) || tp__take_dim(call, dims.v[1], x, &d1)) return tp__pending();
    if (d0 == d1) return tp__call_fail(call, TP_ERR_SHAPE, "the dims are both %d", d0);
    const int turns = (int)((a->k % 4 + 4) % 4);
    tp_tensor *y = !turns ? tp_clone(x, .memory_format = TP_CONTIGUOUS_FORMAT) : turns == 2 ? flip(x, &dims)
                   : tp_transpose(flip(x, &(tp__ints){ 1, { turns == 1 ? d1 : d0 } }), d0, d1);
    return tp__made(tp__out_made(call, y));
}
static void rot90_samples(tp_sample_set *set)
{
    for (int k = -1; k < 3; k++) TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(k));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -2, 2)), TP__INT_ARG(1), TP__INTS_ARG(2, -1, 0));
}
static const tp_op op_rot90 = { .schema = "rot90(Tensor input, int k=1, int[] dims=none) -> Tensor", .compose = rot90_compose,
    .attr_size = sizeof(rot90_attr), .samples = rot90_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_flip(tp_tensor *x, tp_dims dims)
{
    dims_attr attr;
    return tp__take_dims("flip", &dims, &attr.dims) ? tp__run1(&op_flip, &x, 1, &attr, TP__CALLER) : NULL;
}

tp_tensor *tp_roll(tp_tensor *x, tp_shape shifts, tp_dims dims)
{
    roll_attr attr = { tp__ints_of(shifts.dim, shifts.ndim), { 0 } };
    if (!x || !tp__shape_is_good("roll", &shifts) || !tp__take_dims("roll", &dims, &attr.dims)) return NULL;
    return tp__run1(&op_roll, &x, 1, &attr, TP__CALLER);
}

tp_tensor *tp_fliplr(tp_tensor *x) { return tp__run1(&op_fliplr, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_flipud(tp_tensor *x) { return tp__run1(&op_flipud, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_rot90(tp_tensor *x, int64_t times, int dim0, int dim1)
{
    return tp__run1(&op_rot90, &x, 1, &(rot90_attr){ times, { 2, { dim0, dim1 } } }, TP__CALLER);
}

const tp_op *const tp__ops_arrange[] = { &op_flip, &op_fliplr, &op_flipud, &op_shift, &op_roll, &op_rot90, NULL };
