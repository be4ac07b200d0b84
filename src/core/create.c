/* create.c: tensors from shapes, values and memory of the caller's. */
#include "core/create.h"
#include "core/memory.h"

#include <float.h>
#include <math.h>

bool tp__create_options(const char *op, tp_tensor_options *o, const tp_tensor_options *theirs, tp_dtype usual)
{
    *o = (tp_tensor_options){ TP__DEFAULT_tensor .tp__end = 0 };
    if (tp_options_take(op, o, theirs, offsetof(tp_tensor_options, tp__end))) return false;
    if (!o->dtype) o->dtype = usual;
    if (!o->device) o->device = TP_CPU;
    if (!tp__backend(o->device)) {
        tp__no_device(op, o->device);
        return false;
    }
    if (o->requires_grad && !tp__is_floating(o->dtype) && !tp__is_complex(o->dtype)) {
        tp_fail(TP_ERR_DTYPE, "%s: only floating tensors can require a gradient, not %s", op, tp_dtype_name(o->dtype));
        return false;
    }
    return true;
}

/* x's memory, new and not yet set, is made page-locked. Without a GPU it is as good as it is. */
static bool pin(const char *op, tp_tensor *x)
{
    const size_t bytes = (size_t)x->numel * tp_dtype_size((tp_dtype)x->dtype);
    if (!bytes || !tp_cuda_is_available()) return true;
    tp_storage *storage = tp__storage_new(TP_CPU, 0);
    void *memory = storage ? tp__cuda()->pinned_alloc(bytes) : NULL;
    if (!memory) {
        if (storage) tp__storage_free(storage);
        tp__no_memory(op, bytes);
        return false;
    }
    tp__storage_adopt(storage, memory, bytes, NULL, NULL);
    storage->origin = TP__FROM_PINNED;
    tp__storage_free(x->storage);
    x->storage = storage;
    x->data = memory;
    return true;
}

tp_tensor *tp__create(const char *op, tp_shape shape, const tp_tensor_options *o)
{
    const char *const outer = tp__self.op;
    tp__self.op = op;
    tp_tensor *x = tp__tensor_new(o->device, o->dtype, shape.ndim, shape.dim);
    tp__self.op = outer;
    return x && o->pinned && o->device == TP_CPU && !pin(op, x) ? NULL : x;
}

tp_tensor *tp__create_done(tp_tensor *x, const tp_tensor_options *o)
{
    if (x && o->requires_grad) x->flags |= TP__REQUIRES_GRAD;
    return x;
}

tp_tensor *tp_empty_with(tp_shape shape, const tp_tensor_options *options)
{
    tp_tensor_options o;
    return tp__create_options("empty", &o, options, TP_F32) ? tp__create_done(tp__create("empty", shape, &o), &o) : NULL;
}

tp_tensor *tp__create_fill(tp_tensor *x, const tp_op *op, const void *attr)
{
    if (!x) return NULL;
    tp__state(op);
    const tp_kernel *kernel = tp__kernel(op, x->device);
    tp__call call = { .op = op, .in = &x, .n_in = 1, .out = &x, .n_out = 1, .max_out = 1, .attr = attr };
    return kernel && !kernel->run(&call) ? x : NULL;
}

/* As PyTorch: unsigned integers take negative ones, too, and wrap them; 16-bit floats take all, and make infinities of them, unless it is to
 * be put into all places of a tensor that has not just one. */
bool tp__fills_number(tp_dtype dtype, tp_operand value, bool one)
{
    const double most = dtype == TP_F16 ? 65504 : dtype == TP_BF16 ? 0x1.fep127 : INFINITY;
    const double v = value.kind == TP_OPERAND_REAL ? value.as.real : (double)value.as.integer;
    return (one || !isfinite(v) || fabs(v) <= most) && tp__holds_number(dtype, value);
}

bool tp__holds_number(tp_dtype dtype, tp_operand value)
{
    static const struct { double least, most; } range[TP_DTYPE_END] = {
        [TP_F32] = { -FLT_MAX, FLT_MAX }, [TP_C64] = { -FLT_MAX, FLT_MAX },
        [TP_I32] = { INT32_MIN, INT32_MAX }, [TP_I16] = { INT16_MIN, INT16_MAX }, [TP_I8] = { INT8_MIN, INT8_MAX }, [TP_U8] = { -UINT8_MAX, UINT8_MAX },
    };
    if (dtype <= TP_DTYPE_DEFAULT || dtype >= TP_DTYPE_END) return true;     /* refused elsewhere */
    if (value.kind == TP_OPERAND_BOOL || dtype == TP_BOOL || dtype == TP_F64 || dtype == TP_C128 || dtype == TP_F16 || dtype == TP_BF16) return true;
    if (value.kind == TP_OPERAND_INTEGER && dtype == TP_I64) return true;
    const double v = value.kind == TP_OPERAND_REAL ? value.as.real : (double)value.as.integer;
    if (!isfinite(v)) return tp__is_floating(dtype) || tp__is_complex(dtype);
    return dtype == TP_I64 ? v >= -0x1p63 && v < 0x1p63 : v >= range[dtype].least && v <= range[dtype].most;
}

static const tp_op op_filled = { .schema = "full(Tensor! input, number value) -> Tensor", .kernel = "fill", .flags = TP__INTERNAL, .state = TP__STATE };

static tp_tensor *filled(const char *op, tp_shape shape, tp_operand value, const tp_tensor_options *options, tp_dtype usual)
{
    tp_tensor_options o;
    if (!tp__create_options(op, &o, options, usual)) return NULL;
    if (!tp__fills_number(o.dtype, value, tp__is_one(shape.ndim < TP_MAX_DIMS ? shape.ndim : TP_MAX_DIMS, shape.dim))) {
        tp_fail(TP_ERR_DTYPE, "%s: %s cannot hold %g", op, tp_dtype_name(o.dtype), value.kind == TP_OPERAND_REAL ? value.as.real : (double)value.as.integer);
        return NULL;
    }
    tp_tensor *x = tp__create(op, shape, &o);
    if (!x) return NULL;
    if (x->device == TP_CPU && x->flags & TP__CONTIGUOUS && value.kind == TP_OPERAND_INTEGER && !value.as.integer) {
        memset(x->data, 0, (size_t)x->numel * tp_dtype_size(o.dtype));
        return tp__create_done(x, &o);
    }
    return tp__create_done(tp__create_fill(x, &op_filled, &value), &o);
}

#define WHOLE(v) ((tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = (v) })
tp_tensor *tp_zeros_with(tp_shape shape, const tp_tensor_options *o) { return filled("zeros", shape, WHOLE(0), o, TP_F32); }
tp_tensor *tp_ones_with(tp_shape shape, const tp_tensor_options *o) { return filled("ones", shape, WHOLE(1), o, TP_F32); }

tp_tensor *tp_full_with(tp_shape shape, tp_operand value, const tp_tensor_options *o)
{
    if (value.kind == TP_OPERAND_TENSOR) {
        if (!value.as.tensor) return NULL;
        value = tp__is_floating(tp_dtype_of(value.as.tensor)) ? (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = tp_item(value.as.tensor) }
                                                              : WHOLE(tp_item_i64(value.as.tensor));
        if (tp__pending_error()) return NULL;
    }
    return filled("full", shape, value, o, value.kind == TP_OPERAND_REAL ? TP_F32 : value.kind == TP_OPERAND_BOOL ? TP_BOOL : TP_I64);
}

tp_tensor *tp_scalar(double value) { return tp_full_with((tp_shape){ 0 }, (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = value }, NULL); }

tp_tensor *tp_from_data(const void *data, tp_dtype dtype, tp_shape shape)
{
    const tp_tensor_options o = { .dtype = dtype, .device = TP_CPU };
    tp_tensor *x = tp__create("from_data", shape, &o);
    if (!x) return NULL;
    if (!data && x->numel) return tp_fail(TP_ERR_ARGUMENT, "from_data: data is NULL"), NULL;
    if (x->numel) memcpy(x->data, data, (size_t)x->numel * tp_dtype_size(dtype));
    return x;
}

tp_tensor *tp_from_blob(void *data, tp_dtype dtype, tp_shape shape, tp_drop_fn *drop, void *arg)
{
    tp_tensor *x = NULL;
    const tp_shape none = { { 0 }, 1 };                /* a tensor of no elements, whose storage takes the memory over */
    const tp_tensor_options o = { .dtype = dtype, .device = TP_CPU };
    int64_t bytes = (int64_t)tp_dtype_size(dtype);
    if (shape.ndim < 0 || shape.ndim > TP_MAX_DIMS) tp_fail(TP_ERR_SHAPE, "from_blob: %d dims, at most %d are possible", shape.ndim, TP_MAX_DIMS);
    else x = tp__create("from_blob", none, &o);
    for (int i = 0; x && i < shape.ndim; i++)
        if (shape.dim[i] < 0 || __builtin_mul_overflow(bytes, shape.dim[i], &bytes)) {
            tp_fail(TP_ERR_SHAPE, "from_blob: %s is no shape", tp__dims_text(shape.ndim, shape.dim));
            x = NULL;
        }
    if (x && ((uintptr_t)data & (tp_dtype_size(dtype) == 16 ? 7 : tp_dtype_size(dtype) - 1))) {
        tp_fail(TP_ERR_ARGUMENT, "from_blob: the memory is not aligned for %s", tp_dtype_name(dtype));
        x = NULL;
    }
    if (x && !data && bytes) {
        tp_fail(TP_ERR_ARGUMENT, "from_blob: data is NULL");
        x = NULL;
    }
    tp_storage *storage = x ? tp__storage_new(TP_CPU, 0) : NULL;
    if (!storage || !tp__set_shape(x, shape.ndim, shape.dim)) {
        if (storage) tp__storage_free(storage);
        if (!tp__pending_error()) tp_fail(TP_ERR_SHAPE, "from_blob: %s is too large", tp__dims_text(shape.ndim, shape.dim));
        if (drop) drop(arg, data);
        return NULL;
    }
    tp_storage *old = x->storage;
    tp__storage_adopt(storage, data, (size_t)bytes, drop, arg);
    x->storage = storage;
    x->data = data;
    tp__storage_free(old);
    return x;
}
