/* src/io/dlpack.c: memory shared with other libraries, by the DLPack protocol. */
#include <taper/dlpack.h>

#include "core/tensor.h"
#include "io/file.h"

static const struct { int dtype; uint8_t code, bits; } dtypes[] = {
    { TP_F32, TP_DL_FLOAT, 32 }, { TP_F64, TP_DL_FLOAT, 64 }, { TP_F16, TP_DL_FLOAT, 16 }, { TP_BF16, TP_DL_BFLOAT, 16 },
    { TP_I64, TP_DL_INT, 64 }, { TP_I32, TP_DL_INT, 32 }, { TP_I16, TP_DL_INT, 16 }, { TP_I8, TP_DL_INT, 8 },
    { TP_U8, TP_DL_UINT, 8 }, { TP_BOOL, TP_DL_BOOL, 8 }, { TP_C64, TP_DL_COMPLEX, 64 }, { TP_C128, TP_DL_COMPLEX, 128 },
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* ---- Out ---------------------------------------------------------------------------------------------------------------------- */

typedef struct export {
    union { tp_dlpack plain; tp_dlpack_versioned versioned; } as;        /* first: the deleter is given its address */
    tp_tensor *x;                              /* retained */
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
} export;

/* Other libraries have streams of their own, which ours know nothing of: where memory changes hands, the device is waited for. */
static tp_status wait_for(tp_device device) { return device == TP_CPU ? TP_OK : tp_synchronize(device); }

static void release(export *e)
{
    wait_for(e->x->device);
    tp_release(e->x);
    tp_mem_free(e, sizeof *e);
}

static void delete_plain(tp_dlpack *self) { release((export *)self); }
static void delete_versioned(tp_dlpack_versioned *self) { release((export *)self); }

static void describe(tp_dl_tensor *out, export *e)
{
    const tp_tensor *const x = e->x;
    int row = 0;
    while (dtypes[row].dtype != x->dtype)
        row++;
    memcpy(e->shape, x->shape, sizeof *e->shape * x->ndim);
    memcpy(e->stride, x->stride, sizeof *e->stride * x->ndim);
    out->data = x->data;
    out->device.type = x->device == TP_CPU ? TP_DL_CPU : TP_DL_CUDA;
    out->device.id = x->device == TP_CPU ? 0 : x->device - TP_CUDA(0);
    out->ndim = x->ndim;
    out->dtype.code = dtypes[row].code;
    out->dtype.bits = dtypes[row].bits;
    out->dtype.lanes = 1;
    out->shape = e->shape;
    out->strides = e->stride;
}

static export *begin_export(const char *op, tp_tensor *x)
{
    if (!x || !tp_dtype_of(x))                 /* NULL goes through; a dead handle has said so */
        return NULL;
    if (tp_needs_grad(x)) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the tensor needs a gradient, which other libraries do not know of; give tp_detach(x)", op);
        return NULL;
    }
    if (wait_for(x->device))
        return NULL;
    export *const e = tp_mem_calloc(sizeof *e);
    if (!e)
        return NULL;
    TP_SCOPE();
    e->x = tp_retain(tp_detach(x));            /* x itself may get other memory, by tp_set_data */
    if (e->x)
        return e;
    tp_mem_free(e, sizeof *e);
    return NULL;
}

tp_dlpack *tp_to_dlpack(tp_tensor *x)
{
    export *const e = begin_export("to_dlpack", x);
    if (!e)
        return NULL;
    describe(&e->as.plain.tensor, e);
    e->as.plain.deleter = delete_plain;
    return &e->as.plain;
}

tp_dlpack_versioned *tp_to_dlpack_versioned(tp_tensor *x)
{
    export *const e = begin_export("to_dlpack_versioned", x);
    if (!e)
        return NULL;
    describe(&e->as.versioned.tensor, e);
    e->as.versioned.version.major = 1;
    e->as.versioned.deleter = delete_versioned;
    return &e->as.versioned;
}

/* ---- In ----------------------------------------------------------------------------------------------------------------------- */

/* What a tensor's storage holds on to. */
typedef struct import {
    tp_dlpack *plain;                          /* one of the two */
    tp_dlpack_versioned *versioned;
    tp_device device;
    bool taken;                                /* else the memory is still the caller's */
} import;

typedef struct layout {
    tp_dtype dtype;
    tp_device device;
    tp_shape shape;
    int64_t stride[TP_MAX_DIMS], numel, extent;        /* extent: elements from the first to the last, with what is between them */
    bool contiguous;
    char *data;
} layout;

static tp_status read_kind(const char *op, const tp_dl_tensor *t, layout *out)
{
    for (int i = 0; i < DTYPES; i++)
        if (dtypes[i].code == t->dtype.code && dtypes[i].bits == t->dtype.bits && t->dtype.lanes == 1)
            out->dtype = (tp_dtype)dtypes[i].dtype;
    if (!out->dtype)
        return tp_fail(TP_ERR_DTYPE, "%s: dtype code %d of %d bits in %d lanes, which Taper lacks", op, t->dtype.code, t->dtype.bits, t->dtype.lanes);
    if (t->device.type == TP_DL_CPU || t->device.type == TP_DL_CUDA_HOST)
        out->device = TP_CPU;
    else if (t->device.type == TP_DL_CUDA && tp_cuda_is_available() && t->device.id >= 0)
        out->device = TP_CUDA(t->device.id);
    else
        return tp_fail(TP_ERR_DEVICE, "%s: the memory is on device %d of type %d, which cannot be used here", op, t->device.id, t->device.type);
    return TP_OK;
}

static tp_status read_layout(const char *op, const tp_dl_tensor *t, layout *out)
{
    int64_t bytes, row = 1;
    if (t->ndim < 0 || t->ndim > TP_MAX_DIMS)
        return tp_fail(TP_ERR_SHAPE, "%s: %d dims, at most %d are possible", op, t->ndim, TP_MAX_DIMS);
    if (t->ndim > 0 && !t->shape)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the shape is NULL", op);
    out->shape.ndim = t->ndim;
    for (int i = 0; i < t->ndim; i++) {
        out->shape.dim[i] = t->shape[i];
        if (t->shape[i] < 0)
            return tp_fail(TP_ERR_SHAPE, "%s: size %lld of dim %d is negative", op, (long long)t->shape[i], i);
    }
    if (!tp__count_bytes(out->shape, tp_dtype_size(out->dtype), &out->numel, &bytes))
        return tp_fail(TP_ERR_SHAPE, "%s: the shape has more elements than 64 bits count", op);
    out->extent = 1;
    out->contiguous = true;
    for (int i = t->ndim - 1; i >= 0; i--) {
        int64_t step;
        const bool counts = out->shape.dim[i] > 1 && t->strides;         /* the stride of a single element means nothing */
        out->stride[i] = counts ? t->strides[i] : row;
        out->contiguous &= out->stride[i] == row;
        if (out->stride[i] < 0)
            return tp_fail(TP_ERR_ARGUMENT, "%s: stride %lld of dim %d is negative: copy it first", op, (long long)out->stride[i], i);
        if (out->shape.dim[i] > 1 && (__builtin_mul_overflow(out->shape.dim[i] - 1, out->stride[i], &step) ||
                                      __builtin_add_overflow(out->extent, step, &out->extent)))
            return tp_fail(TP_ERR_SHAPE, "%s: the strides reach further than 64 bits count", op);
        row *= out->shape.dim[i] > 0 ? out->shape.dim[i] : 1;
    }
    if (out->extent > INT64_MAX / 32)
        return tp_fail(TP_ERR_SHAPE, "%s: the strides reach further than 64 bits count", op);
    out->data = t->data ? (char *)t->data + t->byte_offset : NULL;
    if (out->numel > 0 && !out->data)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the data is NULL", op);
    const size_t size = tp_dtype_size(out->dtype), align = size == 16 && out->device == TP_CPU ? 8 : size;
    if (out->numel > 0 && (uintptr_t)out->data % align != 0)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the data is not aligned for %s: copy it first", op, tp_dtype_name(out->dtype));
    return TP_OK;
}

static void give_back(import from)
{
    if (from.plain && from.plain->deleter)
        from.plain->deleter(from.plain);
    if (from.versioned && from.versioned->deleter)
        from.versioned->deleter(from.versioned);
}

static void drop(void *arg, void *data)
{
    (void)data;
    import *const from = arg;
    if (from->taken) {
        wait_for(from->device);
        give_back(*from);
    }
    tp_mem_free(from, sizeof *from);
}

/* `from` is the tensor's, also where there is none. */
static tp_tensor *over(const layout *l, import *from)
{
    tp_tensor *const x = tp_from_blob(l->data, l->dtype, l->contiguous ? l->shape : (tp_shape){ { l->extent }, 1 }, drop, from);
    if (x)
        x->device = x->storage->device = l->device;
    if (!x || l->contiguous)
        return x;
    tp_tensor *const y = tp_as_strided(x, l->shape, l->stride, 0);
    if (!y)
        tp_drop(x);
    return y;
}

static tp_tensor *take(const char *op, const tp_dl_tensor *t, import which, bool read_only)
{
    layout l = { 0 };
    if (read_kind(op, t, &l) || read_layout(op, t, &l) || wait_for(l.device))
        return NULL;
    if (l.numel == 0) {
        tp_tensor *const x = tp_empty(l.shape, .dtype = l.dtype, .device = l.device);
        if (x)
            give_back(which);
        return x;
    }
    import *const from = tp_mem_alloc(sizeof *from);
    if (!from)
        return NULL;
    *from = which;
    from->device = l.device;
    TP_SCOPE();
    tp_tensor *x = over(&l, from);
    if (x && read_only)                        /* what is over the memory dies with this scope */
        x = tp_clone(x);
    if (x)
        from->taken = true;
    return tp_escape(x);
}

tp_tensor *tp_from_dlpack(tp_dlpack *from)
{
    static const char op[] = "from_dlpack";
    if (from)
        return take(op, &from->tensor, (import){ .plain = from }, false);
    tp_fail(TP_ERR_ARGUMENT, "%s: the pointer is NULL", op);
    return NULL;
}

tp_tensor *tp_from_dlpack_versioned(tp_dlpack_versioned *from)
{
    static const char op[] = "from_dlpack_versioned";
    if (from && from->version.major == 1)
        return take(op, &from->tensor, (import){ .versioned = from }, from->flags & TP_DL_READ_ONLY);
    if (from)
        tp_fail(TP_ERR_ARGUMENT, "%s: version %u.%u of the protocol; 1 is understood", op, from->version.major, from->version.minor);
    else
        tp_fail(TP_ERR_ARGUMENT, "%s: the pointer is NULL", op);
    return NULL;
}
