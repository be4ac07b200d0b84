/* create.c: tensors of a shape, or of another one's shape, filled or not. No gradient goes anywhere.
 *
 *   empty, zeros, ones, full           of a size
 *   .._like                            of the size, dtype, device and layout of a tensor
 *   new_..                             of a size, and the dtype and device of a tensor
 *   empty_strided, empty_permuted      with given strides, with dims in a given order of memory */
#include "core/create.h"
#include "ops/create.h"
#include "ops/samples.h"

/* ---- The place ---------------------------------------------------------------------------------------------------------------------- */

tp_status tp__take_place(tp__call *call, const tp__place *place, tp_dtype usual)
{
    const tp_dtype dtype = tp__dtype_of(place, usual);
    if (place->device) call->device = place->device;
    if (!tp__backend(place->device ? place->device : TP_CPU)) return tp__no_device(tp__state(call->op)->base_name, place->device);
    if (place->requires_grad && !tp__is_floating(dtype) && !tp__is_complex(dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "only floating tensors can require a gradient, not %s", tp_dtype_name(dtype));
    return TP_OK;
}

static tp_tensor *placed(tp_tensor *y, const tp__place *place)
{
    if (y && place->requires_grad) y->flags |= TP__REQUIRES_GRAD;
    return y;
}

tp_tensor *tp__place_out(tp__call *call, const tp__place *place, tp_dtype usual, const tp__ints *size)
{
    if (tp__take_place(call, place, usual)) return NULL;
    return placed(tp__out(call, tp__dtype_of(place, usual), (int)size->n, size->v), place);
}

static tp_status leave(tp__call *call)
{
    (void)call;                                        /* values are not set */
    return TP_OK;
}
static tp_status fill_zeros(tp__call *call) { return tp__fill_out(call, (tp_operand){ .kind = TP_OPERAND_INTEGER }); }
static tp_status fill_ones(tp__call *call) { return tp__fill_out(call, (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = 1 }); }
static tp_dtype dtype_of_number(tp_operand v) { return v.kind == TP_OPERAND_REAL ? TP_F32 : v.kind == TP_OPERAND_BOOL ? TP_BOOL : TP_I64; }

/* ---- Of a size ------------------------------------------------------------------------------------------------------------------------- */

typedef struct size_attr { tp__ints size; tp__place place; } size_attr;
typedef struct full_attr { tp__ints size; tp_operand value; tp__place place; } full_attr;
typedef struct strided_attr { tp__ints size, stride; tp__place place; } strided_attr;
typedef struct scalar_attr { tp_operand value; tp__place place; } scalar_attr;

static tp_status size_shape(tp__call *call)
{
    const size_attr *a = call->attr;
    return tp__made(tp__place_out(call, &a->place, call->n_in ? (tp_dtype)call->in[0]->dtype : TP_F32, &a->size));
}
static tp_status full_shape(tp__call *call)
{
    const full_attr *a = call->attr;
    const tp_dtype usual = call->n_in ? (tp_dtype)call->in[0]->dtype : dtype_of_number(a->value);
    if (tp__check_filling(call, tp__dtype_of(&a->place, usual), a->value, tp__is_one((int)a->size.n, a->size.v))) return tp__pending();
    return tp__made(tp__place_out(call, &a->place, usual, &a->size));
}
static tp_status full_forward(tp__call *call) { return tp__fill_out(call, ((const full_attr *)call->attr)->value); }
static tp_status scalar_shape(tp__call *call)
{
    const scalar_attr *a = call->attr;
    if (tp__check_number(call, tp__dtype_of(&a->place, TP_F32), a->value)) return tp__pending();
    return tp__made(tp__place_out(call, &a->place, TP_F32, &(tp__ints){ 0 }));
}
static tp_status scalar_forward(tp__call *call) { return tp__fill_out(call, ((const scalar_attr *)call->attr)->value); }

/* Memory for every element that the strides reach, seen through them. */
static tp_status strided_shape(tp__call *call)
{
    const strided_attr *a = call->attr;
    const tp_dtype usual = call->n_in ? (tp_dtype)call->in[0]->dtype : TP_F32;
    int64_t room = 1;
    bool good = a->size.n == a->stride.n, empty = false;
    for (int i = 0; i < a->size.n && good; i++) {
        int64_t reach;
        good = a->size.v[i] >= 0 && a->stride.v[i] >= 0 && !__builtin_mul_overflow(a->size.v[i] ? a->size.v[i] - 1 : 0, a->stride.v[i], &reach)
            && !__builtin_add_overflow(room, reach, &room);
        empty |= !a->size.v[i];
    }
    if (!good)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s with strides %s is no geometry",
                             tp__dims_text((int)a->size.n, a->size.v), tp__dims_text((int)a->stride.n, a->stride.v));
    tp_tensor *memory = tp__place_out(call, &a->place, usual, &(tp__ints){ 1, { empty ? 0 : room } });
    tp_tensor *y = memory ? tp__alias(memory, (int)a->size.n, a->size.v, a->stride.v, 0) : NULL;
    call->n_out = 0;
    return tp__made(placed(tp__out_made(call, y), &a->place));
}
static tp_status permuted_shape(tp__call *call)
{
    const strided_attr *a = call->attr;                /* stride: the dims, the outermost first */
    int64_t stride[TP_MAX_DIMS], step = 1;
    unsigned seen = 0;
    bool good = a->size.n == a->stride.n;
    for (int i = 0; i < a->size.n && good; i++) {
        good = a->stride.v[i] >= 0 && a->stride.v[i] < a->size.n && !(seen >> a->stride.v[i] & 1);
        seen |= good ? 1u << a->stride.v[i] : 0;
    }
    if (!good)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%s is no order of the dims of %s",
                             tp__dims_text((int)a->stride.n, a->stride.v), tp__dims_text((int)a->size.n, a->size.v));
    tp_tensor *y = tp__place_out(call, &a->place, TP_F32, &a->size);
    if (!y) return tp__pending();
    for (int i = (int)a->size.n - 1; i >= 0; i--) {
        stride[a->stride.v[i]] = step;
        step *= a->size.v[a->stride.v[i]] > 1 ? a->size.v[a->stride.v[i]] : 1;
    }
    memcpy(y->stride, stride, sizeof *stride * (size_t)a->size.n);
    if (!tp__geometry_is_contiguous(y->ndim, y->shape, y->stride)) y->flags &= (uint8_t)~TP__CONTIGUOUS;
    return TP_OK;
}

/* What leaves its values unset is tested without any. */
static void empty_samples(tp_sample_set *set) { TP__GIVE(set, TP__INTS_ARG(2, 2, 0)); }
static void size_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INTS_ARG(2, 2, 3));
    TP__GIVE(set, TP__INT_ARG(3), TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_I32));
    TP__GIVE(set, { .kind = TP_ARG_INTS });
}
static void full_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INTS_ARG(2, 2, 3), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__INTS_ARG(1, 2), TP__BOOL_ARG(true));
}
static void strided_samples(tp_sample_set *set) { TP__GIVE(set, TP__INTS_ARG(2, 0, 3), TP__INTS_ARG(2, 1, 4)); }
static void permuted_samples(tp_sample_set *set) { TP__GIVE(set, TP__INTS_ARG(2, 0, 3), TP__INTS_ARG(2, 1, 0)); }
static void scalar_samples(tp_sample_set *set) { TP__GIVE(set, TP__INT_ARG(3)); }

#define MAKE(text, attr, rule, how, give) { .schema = text, .flags = TP__NO_GRAD_OP, .kernel = "fill", .shape = rule, \
    .forward = how, .attr_size = sizeof(attr), \
    .samples = give, .state = TP__STATE }
#define PLACED TP__PLACE ") -> Tensor"
static const tp_op op_empty = MAKE("empty(int[] size, " PLACED, size_attr, size_shape, leave, empty_samples);
static const tp_op op_zeros = MAKE("zeros(int[] size, " PLACED, size_attr, size_shape, fill_zeros, size_samples);
static const tp_op op_ones = MAKE("ones(int[] size, " PLACED, size_attr, size_shape, fill_ones, size_samples);
static const tp_op op_full = MAKE("full(int[] size, number fill_value, " PLACED, full_attr, full_shape, full_forward, full_samples);
static const tp_op op_scalar_tensor = MAKE("scalar_tensor(number s, " PLACED, scalar_attr, scalar_shape, scalar_forward, scalar_samples);
static const tp_op op_empty_strided = MAKE("empty_strided(int[] size, int[] stride, " PLACED, strided_attr, strided_shape, leave, strided_samples);
static const tp_op op_empty_permuted = MAKE("empty_permuted(int[] size, int[] physical_layout, " PLACED, strided_attr, permuted_shape, leave, permuted_samples);

/* ---- Like a tensor, and of a size beside one ------------------------------------------------------------------------------------------------ */

typedef struct like_attr { tp__place place; int32_t format; } like_attr;
typedef struct full_like_attr { tp_operand value; tp__place place; int32_t format; } full_like_attr;

static tp_status make_like(tp__call *call, const tp__place *place, int32_t format)
{
    tp_tensor *x = call->in[0];
    const tp_dtype dtype = tp__dtype_of(place, (tp_dtype)x->dtype);
    if (tp__take_place(call, place, dtype)) return tp__pending();
    return tp__made(placed(tp__out_in_format(call, x, dtype, format), place));
}
static tp_status like_shape(tp__call *call)
{
    const like_attr *a = call->attr;
    return make_like(call, &a->place, a->format);
}
static tp_status full_like_shape(tp__call *call)
{
    const full_like_attr *a = call->attr;
    if (tp__check_filling(call, tp__dtype_of(&a->place, (tp_dtype)call->in[0]->dtype), a->value, call->in[0]->numel == 1)) return tp__pending();
    return make_like(call, &a->place, a->format);
}
static tp_status full_like_forward(tp__call *call) { return tp__fill_out(call, ((const full_like_attr *)call->attr)->value); }

static tp_tensor *sample(tp_sample_set *set) { return tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1); }
static void empty_like_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -1, 1))); }
static void like_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(sample(set)));
    TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_BOOL));
}
static void full_like_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__FLOAT_ARG(1.5)); }
static void new_empty_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__INTS_ARG(2, 0, 2)); }
static void new_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__INTS_ARG(2, 3, 2)); }
static void new_full_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__INTS_ARG(1, 3), TP__FLOAT_ARG(1.5)); }
static void new_strided_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(sample(set)), TP__INTS_ARG(2, 0, 3), TP__INTS_ARG(2, 1, 4)); }

#define LAID_OUT TP__PLACE ", " TP__MEMORY_FORMAT "=none) -> Tensor"
static const tp_op op_empty_like = MAKE("empty_like(Tensor input, " LAID_OUT, like_attr, like_shape, leave, empty_like_samples);
static const tp_op op_zeros_like = MAKE("zeros_like(Tensor input, " LAID_OUT, like_attr, like_shape, fill_zeros, like_samples);
static const tp_op op_ones_like = MAKE("ones_like(Tensor input, " LAID_OUT, like_attr, like_shape, fill_ones, like_samples);
static const tp_op op_full_like = MAKE("full_like(Tensor input, number fill_value, " LAID_OUT, full_like_attr,
                                       full_like_shape, full_like_forward, full_like_samples);
static const tp_op op_new_empty = MAKE("new_empty(Tensor input, int[] size, " PLACED, size_attr, size_shape, leave, new_empty_samples);
static const tp_op op_new_zeros = MAKE("new_zeros(Tensor input, int[] size, " PLACED, size_attr, size_shape, fill_zeros, new_samples);
static const tp_op op_new_ones = MAKE("new_ones(Tensor input, int[] size, " PLACED, size_attr, size_shape, fill_ones, new_samples);
static const tp_op op_new_full = MAKE("new_full(Tensor input, int[] size, number fill_value, " PLACED, full_attr, full_shape, full_forward, new_full_samples);
static const tp_op op_new_empty_strided = MAKE("new_empty_strided(Tensor input, int[] size, int[] stride, " PLACED, strided_attr, strided_shape, leave,
    new_strided_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

static bool take_options(const char *name, const tp_like_options *options, tp_like_options *o, tp__place *place)
{
    *o = (tp_like_options)TP__BRACES(like, );
    if (tp_options_take(name, o, options, offsetof(tp_like_options, tp__end))) return false;
    *place = (tp__place){ o->dtype, 0, o->device, o->requires_grad, o->pinned };
    return true;
}
static tp_tensor *like(const char *name, const tp_op *op, tp_tensor *x, const tp_like_options *options, const void *caller)
{
    tp_like_options o;
    like_attr attr;
    if (!take_options(name, options, &o, &attr.place)) return NULL;
    attr.format = (int32_t)o.memory_format;
    return tp__run1(op, &x, 1, &attr, caller);
}
tp_tensor *tp_empty_like_with(tp_tensor *x, const tp_like_options *o) { return like("empty_like", &op_empty_like, x, o, TP__CALLER); }
tp_tensor *tp_zeros_like_with(tp_tensor *x, const tp_like_options *o) { return like("zeros_like", &op_zeros_like, x, o, TP__CALLER); }
tp_tensor *tp_ones_like_with(tp_tensor *x, const tp_like_options *o) { return like("ones_like", &op_ones_like, x, o, TP__CALLER); }
tp_tensor *tp_full_like_with(tp_tensor *x, tp_operand value, const tp_like_options *options)
{
    tp_like_options o;
    full_like_attr attr = { .value = value };
    if (!take_options("full_like", options, &o, &attr.place)) return NULL;
    if (value.kind == TP_OPERAND_TENSOR) return tp_fail(TP_ERR_ARGUMENT, "full_like: the value is a tensor, and must be a number"), NULL;
    attr.format = (int32_t)o.memory_format;
    return tp__run1(&op_full_like, &x, 1, &attr, TP__CALLER);
}

/* Of a size: by the options of tp_empty, with x's dtype and device for those that are not given, where there is an x. */
static bool take_place(const char *name, const tp_tensor_options *options, tp__place *place)
{
    tp_tensor_options o = { TP__DEFAULT_tensor .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_tensor_options, tp__end))) return false;
    *place = (tp__place){ o.dtype, 0, o.device, o.requires_grad, o.pinned };
    return true;
}
static bool take_sizes(const char *name, tp_shape shape, tp__ints *sizes)
{
    if (shape.ndim < 0 || shape.ndim > TP_MAX_DIMS)
        return tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", name, shape.ndim, TP_MAX_DIMS), false;
    sizes->n = shape.ndim;
    for (int d = 0; d < shape.ndim; d++) sizes->v[d] = shape.dim[d];
    return true;
}
static tp_tensor *of_size(const char *name, const tp_op *op, tp_tensor *x, tp_shape shape, const tp_tensor_options *options, const void *caller)
{
    size_attr attr = { .size = { 0 } };
    if (!take_place(name, options, &attr.place) || !take_sizes(name, shape, &attr.size)) return NULL;
    return tp__run1(op, &x, 1, &attr, caller);
}
tp_tensor *tp_new_empty_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o) { return of_size("new_empty", &op_new_empty, x, shape, o, TP__CALLER); }
tp_tensor *tp_new_zeros_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o) { return of_size("new_zeros", &op_new_zeros, x, shape, o, TP__CALLER); }
tp_tensor *tp_new_ones_with(tp_tensor *x, tp_shape shape, const tp_tensor_options *o) { return of_size("new_ones", &op_new_ones, x, shape, o, TP__CALLER); }
tp_tensor *tp_new_full_with(tp_tensor *x, tp_shape shape, tp_operand value, const tp_tensor_options *options)
{
    full_attr attr = { .value = value };
    if (!take_place("new_full", options, &attr.place) || !take_sizes("new_full", shape, &attr.size)) return NULL;
    if (value.kind == TP_OPERAND_TENSOR) return tp_fail(TP_ERR_ARGUMENT, "new_full: the value is a tensor, and must be a number"), NULL;
    return tp__run1(&op_new_full, &x, 1, &attr, TP__CALLER);
}

static tp_tensor *strided(const char *name, const tp_op *op, tp_tensor **x, tp_shape shape, tp_shape stride,
                          const tp_tensor_options *options, const void *caller)
{
    strided_attr attr = { .size = { 0 } };
    if (!take_place(name, options, &attr.place) || !take_sizes(name, shape, &attr.size) || !take_sizes(name, stride, &attr.stride)) return NULL;
    return tp__run1(op, x, x ? 1 : 0, &attr, caller);
}
tp_tensor *tp_empty_strided_with(tp_shape shape, tp_shape stride, const tp_tensor_options *o)
{
    return strided("empty_strided", &op_empty_strided, NULL, shape, stride, o, TP__CALLER);
}
tp_tensor *tp_new_empty_strided_with(tp_tensor *x, tp_shape shape, tp_shape stride, const tp_tensor_options *o)
{
    return strided("new_empty_strided", &op_new_empty_strided, &x, shape, stride, o, TP__CALLER);
}

tp_tensor *tp_new_tensor(tp_tensor *x, const void *data, tp_dtype dtype, tp_shape shape)
{
    const tp_dtype own = tp_dtype_of(x);
    const tp_device device = tp_device_of(x);
    tp_tensor *y = x && own ? tp_from_data(data, dtype, shape) : NULL;
    return y ? tp_to(y, device, .dtype = own) : NULL;
}

const tp_op *const tp__ops_create[] = {
    &op_empty, &op_zeros, &op_ones, &op_full, &op_scalar_tensor, &op_empty_strided, &op_empty_permuted, &op_empty_like, &op_zeros_like, &op_ones_like,
    &op_full_like, &op_new_empty, &op_new_zeros, &op_new_ones, &op_new_full, &op_new_empty_strided, NULL,
};
