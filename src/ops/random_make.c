/* random_make.c: random tensors of a size, or like another one. Without gradients.
 *
 *   rand, rand_like          uniform in [0, 1)
 *   randn, randn_like        normal, mean 0 and standard deviation 1;   normal.size: with these given
 *   randint, randint_like    whole numbers from low on, below high
 *   randperm                 0 .. n - 1 in a random order */
#include "ops/create.h"
#include "ops/samples.h"

typedef struct size_attr { tp__ints size; tp__place place; } size_attr;
typedef struct whole_attr { int64_t high; tp__ints size; tp__place place; } whole_attr;
typedef struct range_attr { int64_t low, high; tp__ints size; tp__place place; } range_attr;
typedef struct normal_attr { double mean, std; tp__ints size; tp__place place; } normal_attr;
typedef struct permutation_attr { int64_t n; tp__place place; } permutation_attr;
typedef struct like_attr { tp__place place; int32_t format; } like_attr;
typedef struct whole_like_attr { int64_t high; tp__place place; int32_t format; } whole_like_attr;
typedef struct range_like_attr { int64_t low, high; tp__place place; int32_t format; } range_like_attr;

static tp_shape shape_of(const tp__ints *size) { return tp__shape((int)size->n, size->v); }
static tp_tensor_options options_of(const tp__place *place)
{
    tp_tensor_options o = TP__BRACES(tensor, );
    o.size = offsetof(tp_tensor_options, tp__end);
    o.dtype = place->dtype;
    o.device = place->device;
    o.requires_grad = place->requires_grad;
    o.pinned = place->pin_memory;
    return o;
}
static tp_status give(tp__call *call, tp_tensor *y) { return tp__made(tp__out_made(call, y)); }

/* ---- Of a size ------------------------------------------------------------------------------------------------------------------------- */

static tp_status uniform_of_size(tp__call *call)
{
    const size_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_rand_with(shape_of(&a->size), &o));
}
static tp_status normal_of_size(tp__call *call)
{
    const size_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_randn_with(shape_of(&a->size), &o));
}
static tp_status given_normal(tp__call *call)
{
    const normal_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_normal_with(shape_of(&a->size), a->mean, a->std, &o));
}
static tp_status whole(tp__call *call)
{
    const whole_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_randint_with(0, a->high, shape_of(&a->size), &o));
}
static tp_status range(tp__call *call)
{
    const range_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_randint_with(a->low, a->high, shape_of(&a->size), &o));
}
static tp_status permutation(tp__call *call)
{
    const permutation_attr *a = call->attr;
    const tp_tensor_options o = options_of(&a->place);
    return give(call, tp_randperm_with(a->n, &o));
}

/* ---- Like a tensor: made, then filled ---------------------------------------------------------------------------------------------------- */

static tp_tensor *empty_like(const tp_tensor *x, const tp__place *place, int32_t format)
{
    return tp_empty_like((tp_tensor *)(uintptr_t)x, .dtype = place->dtype, .device = place->device, .memory_format = (tp_memory_format)format,
                         .pinned = place->pin_memory);
}
static tp_status give_like(tp__call *call, tp_tensor *y, const tp__place *place)
{
    if (y && place->requires_grad && tp_requires_grad(y, true)) return tp__pending();
    return give(call, y);
}
static tp_tensor *drawn(tp_tensor *y, bool normal)
{
    if (!tp_is_complex(y)) return normal ? tp_normal_(y, 0, 1) : tp_uniform_(y, 0, 1);
    const tp_shape shape = tp_shape_of(y);
    return tp_copy_(y, normal ? tp_randn(shape, .dtype = tp_dtype_of(y), .device = tp_device_of(y))
                              : tp_rand(shape, .dtype = tp_dtype_of(y), .device = tp_device_of(y)));
}
static tp_status uniform_like(tp__call *call)
{
    const like_attr *a = call->attr;
    return give_like(call, drawn(empty_like(call->in[0], &a->place, a->format), false), &a->place);
}
static tp_status normal_like(tp__call *call)
{
    const like_attr *a = call->attr;
    return give_like(call, drawn(empty_like(call->in[0], &a->place, a->format), true), &a->place);
}
static tp_status between(tp__call *call, int64_t low, int64_t high, const tp__place *place, int32_t format)
{
    tp_tensor *y = empty_like(call->in[0], place, format);
    const tp_arg args[] = { TP__TENSOR_ARG(y), TP__INT_ARG(low), TP__INT_ARG(high) };
    if (!y || tp_op_call("random_", args, 3, &y, 1, NULL)) return tp__pending();
    return give_like(call, y, place);
}
static tp_status whole_like(tp__call *call)
{
    const whole_like_attr *a = call->attr;
    return between(call, 0, a->high, &a->place, a->format);
}
static tp_status range_like(tp__call *call)
{
    const range_like_attr *a = call->attr;
    return between(call, a->low, a->high, &a->place, a->format);
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

static void give_random(tp_sample_set *set, const tp_arg *args, int n)
{
    tp__sample sample = { .n = n, .random = true, .no_gradcheck = true };
    memcpy(sample.args, args, sizeof *args * (size_t)n);
    set->take(set, &sample);
}
#define GIVE(...) give_random(set, (const tp_arg[]){ __VA_ARGS__ }, (int)(sizeof((const tp_arg[]){ __VA_ARGS__ }) / sizeof(tp_arg)))
#define X         TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1))
#define DTYPE(d)  TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = d)
static void size_samples(tp_sample_set *set)
{
    GIVE(TP__INTS_ARG(2, 2, 3));
    GIVE(TP__INT_ARG(3), DTYPE(TP_F64));
    GIVE({ .kind = TP_ARG_INTS });
}
static void normal_samples(tp_sample_set *set) { GIVE(TP__FLOAT_ARG(0.5), TP__FLOAT_ARG(2), TP__INTS_ARG(2, 2, 3)); }
static void whole_samples(tp_sample_set *set)
{
    GIVE(TP__INT_ARG(5), TP__INTS_ARG(2, 2, 3));
    GIVE(TP__INT_ARG(5), TP__INTS_ARG(1, 2), DTYPE(TP_F32));
}
static void range_samples(tp_sample_set *set) { GIVE(TP__INT_ARG(-3), TP__INT_ARG(5), TP__INTS_ARG(2, 2, 3)); }
static void permutation_samples(tp_sample_set *set) { GIVE(TP__INT_ARG(5)); }
static void like_samples(tp_sample_set *set)
{
    GIVE(X);
    GIVE(X, DTYPE(TP_F64));
}
static void whole_like_samples(tp_sample_set *set) { GIVE(X, TP__INT_ARG(5)); }
static void range_like_samples(tp_sample_set *set) { GIVE(X, TP__INT_ARG(-3), TP__INT_ARG(5)); }

#define MAKE(text, attr, how, give) { .schema = text, .flags = TP__NO_GRAD_OP | TP__RANDOM, .compose = how, .attr_size = sizeof(attr), .samples = give, \
    .state = TP__STATE }
#define PLACED   TP__PLACE ") -> Tensor"
#define LAID_OUT TP__PLACE ", " TP__MEMORY_FORMAT "=none) -> Tensor"
static const tp_op op_rand = MAKE("rand(int[] size, " PLACED, size_attr, uniform_of_size, size_samples);
static const tp_op op_randn = MAKE("randn(int[] size, " PLACED, size_attr, normal_of_size, size_samples);
static const tp_op op_normal_size = MAKE("normal.size(float mean, float std, int[] size, " PLACED, normal_attr, given_normal, normal_samples);
static const tp_op op_randint = MAKE("randint(int high, int[] size, " PLACED, whole_attr, whole, whole_samples);
static const tp_op op_randint_low = MAKE("randint.low(int low, int high, int[] size, " PLACED, range_attr, range, range_samples);
static const tp_op op_randperm = MAKE("randperm(int n, " PLACED, permutation_attr, permutation, permutation_samples);
static const tp_op op_rand_like = MAKE("rand_like(Tensor input, " LAID_OUT, like_attr, uniform_like, like_samples);
static const tp_op op_randn_like = MAKE("randn_like(Tensor input, " LAID_OUT, like_attr, normal_like, like_samples);
static const tp_op op_randint_like = MAKE("randint_like(Tensor input, int high, " LAID_OUT, whole_like_attr, whole_like, whole_like_samples);
static const tp_op op_randint_like_low = MAKE("randint_like.low(Tensor input, int low, int high, " LAID_OUT, range_like_attr, range_like, range_like_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

static bool take_options(const char *name, const tp_like_options *options, like_attr *attr)
{
    tp_like_options o = TP__BRACES(like, );
    if (tp_options_take(name, &o, options, offsetof(tp_like_options, tp__end))) return false;
    *attr = (like_attr){ { o.dtype, 0, o.device, o.requires_grad, o.pinned }, (int32_t)o.memory_format };
    return true;
}
tp_tensor *tp_rand_like_with(tp_tensor *x, const tp_like_options *o)
{
    like_attr attr;
    return take_options("rand_like", o, &attr) ? tp__run1(&op_rand_like, &x, 1, &attr, TP__CALLER) : NULL;
}
tp_tensor *tp_randn_like_with(tp_tensor *x, const tp_like_options *o)
{
    like_attr attr;
    return take_options("randn_like", o, &attr) ? tp__run1(&op_randn_like, &x, 1, &attr, TP__CALLER) : NULL;
}
tp_tensor *tp_randint_like_with(tp_tensor *x, int64_t low, int64_t high, const tp_like_options *o)
{
    like_attr attr;
    if (!take_options("randint_like", o, &attr)) return NULL;
    return tp__run1(&op_randint_like_low, &x, 1, &(range_like_attr){ low, high, attr.place, attr.format }, TP__CALLER);
}

const tp_op *const tp__ops_random_make[] = {
    &op_rand, &op_randn, &op_normal_size, &op_randint, &op_randint_low, &op_randperm, &op_rand_like, &op_randn_like, &op_randint_like,
    &op_randint_like_low, NULL,
};
