/* src/io/pickle_names.c: the names that a pickle of tensors needs, and what is made of them. Nothing else has a meaning. */
#include "io/file.h"
#include "io/pickle.h"

/* ---- Containers ------------------------------------------------------------------------------------------------------------- */

/* OrderedDict(), or of a list of pairs, as Python 2 wrote it; defaultdict(factory) */
static tp__py *make_dict(tp__pickle *p, tp__py *const *args, uint32_t n)
{
    tp__py *const dict = tp__py_new(p, TP__PY_DICT);
    if (!dict || n == 0 || args[0]->kind != TP__PY_LIST)
        return dict;
    for (uint32_t i = 0; i < args[0]->n; i++) {
        const tp__py *const pair = args[0]->as.at[i];
        if ((pair->kind != TP__PY_LIST && pair->kind != TP__PY_TUPLE) || pair->n != 2) {
            tp__pickle_broken(p, "a dict is made of what are no pairs");
            return NULL;
        }
        if (tp__py_append(p, dict, pair->as.at[0]) || tp__py_append(p, dict, pair->as.at[1]))
            return NULL;
    }
    return dict;
}

/* torch.Size((3, 4)) */
static tp__py *make_size(tp__pickle *p, tp__py *const *args, uint32_t n)
{
    if (n == 1 && args[0]->kind == TP__PY_TUPLE)
        return args[0];
    tp__pickle_broken(p, "a size is made of no tuple");
    return NULL;
}

/* ---- Tensors ------------------------------------------------------------------------------------------------------------------- */

static tp__py *broken_tensor(const tp__pickle *p, const char *why)
{
    tp__pickle_broken(p, why);
    return NULL;
}

/* At most TP_MAX_DIMS whole numbers >= 0. */
static int take_dims(const tp__py *tuple, int64_t *out)
{
    if ((tuple->kind != TP__PY_TUPLE && tuple->kind != TP__PY_LIST) || tuple->n > TP_MAX_DIMS)
        return -1;
    for (uint32_t i = 0; i < tuple->n; i++) {
        if (tuple->as.at[i]->kind != TP__PY_INT || tuple->as.at[i]->as.integer < 0)
            return -1;
        out[i] = tuple->as.at[i]->as.integer;
    }
    return (int)tuple->n;
}

/* One more than the last element's place in the storage; false: beyond 63 bits. */
static bool find_end(const tp__py_tensor *t, int64_t *end)
{
    *end = t->offset;
    for (int i = 0; i < t->shape.ndim && t->numel > 0; i++) {
        int64_t step;
        if (__builtin_mul_overflow(t->shape.dim[i] - 1, t->stride[i], &step) || __builtin_add_overflow(*end, step, end))
            return false;
    }
    return !__builtin_add_overflow(*end, t->numel > 0, end);
}

/* (storage, offset, size, stride, ..) */
static tp__py *make_tensor(tp__pickle *p, tp__py *const *args, uint32_t n, tp_dtype dtype, const char *dtype_text)
{
    if (n < 4)
        return broken_tensor(p, "a tensor has too few parts");
    if (args[0]->kind == TP__PY_OPAQUE)
        return tp__py_what(p, args[0]);
    if (args[0]->kind != TP__PY_STORAGE || args[1]->kind != TP__PY_INT || args[1]->as.integer < 0)
        return broken_tensor(p, "a tensor has no storage, or no place in it");
    tp__py *const v = tp__py_new(p, TP__PY_TENSOR);
    tp__py_tensor *const t = v ? tp__arena_alloc(p->arena, sizeof *t) : NULL;
    if (!t)
        return NULL;
    v->as.tensor = t;
    t->storage = args[0]->as.storage;
    t->dtype = dtype_text ? dtype : t->storage->dtype;
    t->dtype_text = dtype_text;
    t->offset = args[1]->as.integer;
    t->shape.ndim = take_dims(args[2], t->shape.dim);
    if (t->shape.ndim < 0 || take_dims(args[3], t->stride) != t->shape.ndim)
        return broken_tensor(p, "a tensor's sizes and strides are not up to 8 whole numbers each");
    if (!dtype_text && !t->dtype)
        return broken_tensor(p, "a tensor has no dtype");
    int64_t bytes, end;
    const size_t size = tp_dtype_size(t->dtype);
    if (!tp__count_bytes(t->shape, size ? size : 1, &t->numel, &bytes) || !find_end(t, &end))
        return broken_tensor(p, "a tensor has more elements than 64 bits count");
    if (size && end > t->storage->bytes / (int64_t)size)
        return broken_tensor(p, "a tensor reaches beyond its storage");
    return v;
}

static tp__py *rebuild_tensor(tp__pickle *p, tp__py *const *args, uint32_t n) { return make_tensor(p, args, n, TP_DTYPE_DEFAULT, NULL); }

/* (storage, offset, size, stride, requires_grad, hooks, dtype): of an untyped storage */
static tp__py *rebuild_tensor_v3(tp__pickle *p, tp__py *const *args, uint32_t n)
{
    if (n < 7 || (args[6]->kind != TP__PY_OPAQUE && (args[6]->kind != TP__PY_NAME || !args[6]->as.name->dtype)))
        return broken_tensor(p, "a tensor has no dtype");
    if (args[6]->kind == TP__PY_OPAQUE)
        return make_tensor(p, args, n, TP_DTYPE_DEFAULT, args[6]->as.what);
    return make_tensor(p, args, n, args[6]->as.name->dtype, args[6]->as.name->name);
}

/* (tensor, requires_grad, hooks) */
static tp__py *rebuild_parameter(tp__pickle *p, tp__py *const *args, uint32_t n)
{
    if (n > 0 && args[0]->kind == TP__PY_TENSOR)
        return args[0];
    return n > 0 && args[0]->kind == TP__PY_OPAQUE ? tp__py_what(p, args[0]) : broken_tensor(p, "a parameter has no tensor");
}

/* (function, type, arguments, state): a tensor with attributes, or of a class of the user's */
static tp__py *rebuild_from_type(tp__pickle *p, tp__py *const *args, uint32_t n)
{
    if (n < 3 || args[2]->kind != TP__PY_TUPLE)
        return broken_tensor(p, "a tensor has too few parts");
    const tp__py_name *const name = args[0]->kind == TP__PY_NAME ? args[0]->as.name : NULL;
    if (!name || (name->call != rebuild_tensor && name->call != rebuild_tensor_v3 && name->call != rebuild_parameter))
        return tp__py_what(p, args[0]);
    return name->call(p, args[2]->as.at, args[2]->n);
}

/* ---- The list -------------------------------------------------------------------------------------------------------------------- */

#define STORAGE(name, type) { "torch", name, type, true, false, NULL }
#define DTYPE(name, type) { "torch", name, type, false, false, NULL }
#define CALL(module, name, call) { module, name, TP_DTYPE_DEFAULT, false, false, call }
static const tp__py_name names[] = {
    STORAGE("FloatStorage", TP_F32), STORAGE("DoubleStorage", TP_F64), STORAGE("HalfStorage", TP_F16), STORAGE("BFloat16Storage", TP_BF16),
    STORAGE("LongStorage", TP_I64), STORAGE("IntStorage", TP_I32), STORAGE("ShortStorage", TP_I16), STORAGE("CharStorage", TP_I8),
    STORAGE("ByteStorage", TP_U8), STORAGE("BoolStorage", TP_BOOL), STORAGE("ComplexFloatStorage", TP_C64),
    STORAGE("ComplexDoubleStorage", TP_C128),
    { "torch.storage", "UntypedStorage", TP_DTYPE_DEFAULT, true, true, NULL }, { "torch", "UntypedStorage", TP_DTYPE_DEFAULT, true, true, NULL },
    DTYPE("float32", TP_F32), DTYPE("float64", TP_F64), DTYPE("float16", TP_F16), DTYPE("bfloat16", TP_BF16), DTYPE("int64", TP_I64),
    DTYPE("int32", TP_I32), DTYPE("int16", TP_I16), DTYPE("int8", TP_I8), DTYPE("uint8", TP_U8), DTYPE("bool", TP_BOOL),
    DTYPE("complex64", TP_C64), DTYPE("complex128", TP_C128),
    CALL("torch._utils", "_rebuild_tensor_v2", rebuild_tensor), CALL("torch._utils", "_rebuild_tensor", rebuild_tensor),
    CALL("torch._utils", "_rebuild_tensor_v3", rebuild_tensor_v3), CALL("torch._utils", "_rebuild_parameter", rebuild_parameter),
    CALL("torch._utils", "_rebuild_parameter_with_state", rebuild_parameter), CALL("torch._tensor", "_rebuild_from_type_v2", rebuild_from_type),
    CALL("torch", "Size", make_size), CALL("collections", "OrderedDict", make_dict), CALL("collections", "defaultdict", make_dict),
};

static bool equals(const char *text, const char *at, size_t n) { return strlen(text) == n && memcmp(text, at, n) == 0; }

const tp__py_name *tp__py_find_name(const char *module, size_t module_bytes, const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (equals(names[i].name, name, name_bytes) && equals(names[i].module, module, module_bytes))
            return &names[i];
    return NULL;
}
