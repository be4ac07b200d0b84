/* cast.c: to another dtype, device or layout, by the names that PyTorch has for it. The tensor itself where nothing changes. */
#include "ops/copy.h"
#include "ops/samples.h"

static tp_tensor *to(tp_tensor *x, tp_dtype dtype, tp_device device, bool copy, int32_t format)
{
    return tp_to(x, device, .dtype = dtype, .copy = copy, .memory_format = (tp_memory_format)format);
}

/* ---- to ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct to_dtype_attr { tp_dtype dtype; bool non_blocking, copy; int32_t format; } to_dtype_attr;
typedef struct to_device_attr { tp_device device; tp_dtype dtype; bool non_blocking, copy; int32_t format; } to_device_attr;
typedef struct to_other_attr { bool non_blocking, copy; int32_t format; } to_other_attr;

static tp_status to_dtype_compose(tp__call *call)
{
    const to_dtype_attr *a = call->attr;
    return tp__made(tp__out_made(call, to(call->in[0], a->dtype, 0, a->copy, a->format)));
}
static tp_status to_device_compose(tp__call *call)
{
    const to_device_attr *a = call->attr;
    return tp__made(tp__out_made(call, to(call->in[0], a->dtype, a->device, a->copy, a->format)));
}
static tp_status to_other_compose(tp__call *call)
{
    const to_other_attr *a = call->attr;
    tp_tensor *const like = call->in[1];
    return tp__made(tp__out_made(call, to(call->in[0], (tp_dtype)like->dtype, like->device, a->copy, a->format)));
}
static tp_status type_as_compose(tp__call *call)
{
    tp_tensor *const like = call->in[1];
    return tp__made(tp__out_made(call, to(call->in[0], (tp_dtype)like->dtype, like->device, false, 0)));
}

static void dtype_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), { .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 });
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)),
             { .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 }, TP__BOOL_ARG(false), TP__BOOL_ARG(true));
}
static void device_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), { .kind = TP_ARG_DEVICE, .value.device = TP_CPU },
             { .kind = TP_ARG_DTYPE, .value.dtype = TP_F64 });
}
static void other_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp_zeros(TP_SHAPE(1), .dtype = TP_F64)));
}

#define REST "bool non_blocking=false, bool copy=false, *, " TP__MEMORY_FORMAT "=none) -> Tensor"
static const tp_op op_to = { .schema = "to(Tensor input, dtype dtype, " REST, .compose = to_dtype_compose, .attr_size = sizeof(to_dtype_attr),
    .samples = dtype_samples, .state = TP__STATE };
static const tp_op op_to_device = { .schema = "to.device(Tensor input, device device=none, dtype dtype=none, " REST, .compose = to_device_compose,
    .attr_size = sizeof(to_device_attr), .samples = device_samples, .state = TP__STATE };
static const tp_op op_to_other = { .schema = "to.other(Tensor input, Tensor other, " REST, .flags = TP__ANY_DEVICE,
                                   .compose = to_other_compose, .attr_size = sizeof(to_other_attr),
    .samples = other_samples, .state = TP__STATE };
static const tp_op op_type_as = { .schema = "type_as(Tensor input, Tensor other) -> Tensor", .flags = TP__ANY_DEVICE,
                                  .compose = type_as_compose, .samples = other_samples,
    .state = TP__STATE };

tp_tensor *tp_type_as(tp_tensor *x, tp_tensor *other) { return tp__run1(&op_type_as, (tp_tensor *[]){ x, other }, 2, NULL, TP__CALLER); }

/* ---- By the dtype's name ------------------------------------------------------------------------------------------------------------------ */

typedef struct named_attr { int32_t format; } named_attr;
static void named_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 1, 2), -2, 2)),
             TP__NAMED("memory_format", .kind = TP_ARG_MEMORY_FORMAT, .value.string = "channels_last"));
}
static void half_samples(tp_sample_set *set)           /* the numerical gradient of a rounded value is none */
{
    tp__sample sample = { .args = { TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)) }, .n = 1, .no_gradcheck = true };
    set->take(set, &sample);
}

#define NAMED(text, type, give) \
    static tp_status text##_compose(tp__call *call) \
    { return tp__made(tp__out_made(call, to(call->in[0], type, 0, false, ((const named_attr *)call->attr)->format))); } \
    static const tp_op op_##text = { .schema = #text "(Tensor input, *, " TP__MEMORY_FORMAT "=preserve_format) -> Tensor", .compose = text##_compose, \
        .attr_size = sizeof(named_attr), .samples = give, .state = TP__STATE };
#define EACH_NAME(X) \
    X(float, TP_F32, half_samples) X(double, TP_F64, named_samples) X(half, TP_F16, half_samples) X(bfloat16, TP_BF16, half_samples) \
    X(long, TP_I64, named_samples) X(int, TP_I32, named_samples) X(short, TP_I16, named_samples) X(char, TP_I8, named_samples) \
    X(byte, TP_U8, named_samples) X(bool, TP_BOOL, named_samples) X(cfloat, TP_C64, half_samples) X(cdouble, TP_C128, half_samples)
EACH_NAME(NAMED)

#define ROW(text, type, give) &op_##text,
const tp_op *const tp__ops_cast[] = { &op_to, &op_to_device, &op_to_other, &op_type_as, EACH_NAME(ROW) NULL };
