/* argument.c: from a described argument to what the registry is given. */
#include "parity.h"

#include <stdlib.h>

/* No fixture lays its values out over more elements than this; a larger number is a damaged one. */
enum { MAX_STORAGE = 1 << 24 };

/* ---- Tensors ------------------------------------------------------------------------------------------------------------------------ */

/* n numbers, each such that the sum of a few overflows nothing. */
static bool strides_of(const json_t *array, int n, int64_t *out)
{
    if (!json_is_array(array) || json_array_size(array) != (size_t)n) return false;
    for (int i = 0; i < n; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > MAX_STORAGE) return false;
        out[i] = json_integer_value(value);
    }
    return true;
}

typedef struct layout { tp_shape shape; int64_t strides[TP_MAX_DIMS], offset, storage; } layout;

static bool read_layout(sample *s, const json_t *text, tp_tensor *stored, layout *l)
{
    const json_t *offset = json_object_get(text, "offset"), *storage = json_object_get(text, "storage");
    l->shape = tp_shape_of(stored);
    l->offset = offset ? json_integer_value(offset) : 0;
    l->storage = storage ? json_integer_value(storage) : tp_numel(stored);
    if (!strides_of(json_object_get(text, "strides"), l->shape.ndim, l->strides)) return damaged(s, "strides");
    if ((offset && !json_is_integer(offset)) || l->offset < 0 || l->offset > MAX_STORAGE) return damaged(s, "an offset");
    if ((storage && !json_is_integer(storage)) || l->storage < 0 || l->storage > MAX_STORAGE) return damaged(s, "a storage");
    double last = (double)l->offset;                   /* the file holds the values, so no dim is so long that this is not exact */
    for (int i = 0; i < l->shape.ndim; i++) last += (double)(l->shape.dim[i] - 1) * (double)l->strides[i];
    return !tp_numel(stored) || last < (double)l->storage || damaged(s, "strides that leave the storage");
}

/* The stored values, one after another in C order, put where strides and offset say. */
static tp_tensor *lay_out(sample *s, tp_tensor *stored, const layout *l, tp_device device)
{
    const size_t bytes = tp_dtype_size(tp_dtype_of(stored));
    char *room = sample_alloc(s, (size_t)l->storage, bytes);
    const char *from = tp_data(stored);
    if (!room || (!from && tp_numel(stored))) return NULL;
    int64_t at[TP_MAX_DIMS] = { 0 }, to = l->offset;
    for (int64_t i = 0; i < tp_numel(stored); i++) {
        memcpy(room + (size_t)to * bytes, from + (size_t)i * bytes, bytes);
        for (int d = l->shape.ndim - 1; d >= 0; d--) {
            to += l->strides[d];
            if (++at[d] < l->shape.dim[d]) break;
            to -= l->strides[d] * l->shape.dim[d];
            at[d] = 0;
        }
    }
    tp_tensor *storage = tp_from_data(room, tp_dtype_of(stored), TP_SHAPE(l->storage));
    return tp_as_strided(tp_to(storage, device), l->shape, l->strides, l->offset);
}

/* What tells sizes is read by the host: PyTorch wants it on the CPU, wherever the input is. */
static bool is_read_by_host(const json_t *text)
{
    const char *name = text_at(text, "name");
    return name && !strcmp(name, "tensor_indices_or_sections");
}

static tp_tensor *make_leaf(sample *s, const json_t *text, const char *name)
{
    layout l;
    tp_tensor *stored = sample_stored(s, name);
    if (!stored || !read_layout(s, text, stored, &l)) return NULL;
    tp_tensor *x = lay_out(s, stored, &l, is_read_by_host(text) ? TP_CPU : s->settings->device);
    if (x && flag_at(text, "requires_grad") && tp_requires_grad(x, true)) x = NULL;
    if (!x && s->verdict != FAILED) differ_error(s, "an argument could not be made");
    return x;
}

static tp_tensor *leaf_of(sample *s, const json_t *text)
{
    const char *name = text_at(text, "tensor");
    if (!name) {
        damaged(s, "a tensor without a name");
        return NULL;
    }
    tp_tensor *x = sample_leaf(s, name);
    if (x) return x;                                   /* two arguments of one name are one tensor */
    if (s->n_leaves == MAX_LEAVES) {
        damaged(s, "more tensors than a sample may have");
        return NULL;
    }
    x = make_leaf(s, text, name);
    if (x) s->leaves[s->n_leaves++] = (leaf){ name, x };
    return x;
}

/* ---- Lists --------------------------------------------------------------------------------------------------------------------------- */

static bool make(sample *s, const json_t *text, int depth, tp_arg *out);

static bool make_tensors(sample *s, const json_t *text, tp_arg *out)
{
    const json_t *items = json_object_get(text, "items");
    const size_t n = json_array_size(items);
    tp_tensor **list = sample_alloc(s, n, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        if (!(list[i] = leaf_of(s, json_array_get(items, i)))) return false;
    out->n = (int32_t)n;
    out->value.tensors = list;
    return list != NULL;
}

static bool make_list(sample *s, const json_t *text, int depth, tp_arg *out)
{
    const json_t *items = json_object_get(text, "items");
    const size_t n = json_array_size(items);
    tp_arg *list = depth < MAX_DEPTH ? sample_alloc(s, n, sizeof *list) : NULL;
    if (depth >= MAX_DEPTH) return damaged(s, "a list in a list in a list");
    for (size_t i = 0; list && i < n; i++)
        if (!make(s, json_array_get(items, i), depth + 1, &list[i])) return false;
    out->n = (int32_t)n;
    out->value.list = list;
    return list != NULL;
}

static bool make_numbers(sample *s, const json_t *value, tp_arg *out)
{
    const size_t n = json_array_size(value);
    void *list = sample_alloc(s, n, sizeof(double));
    if (!json_is_array(value)) return damaged(s, "a list without values");
    for (size_t i = 0; list && i < n; i++) {
        const json_t *item = json_array_get(value, i);
        if (out->kind == TP_ARG_BOOLS && json_is_boolean(item)) ((bool *)list)[i] = json_is_true(item);
        else if (out->kind == TP_ARG_INTS && json_is_integer(item)) ((int64_t *)list)[i] = json_integer_value(item);
        else if (out->kind != TP_ARG_FLOATS || !number_of(item, (double *)list + i)) return damaged(s, "a list of another kind than it says");
    }
    out->n = (int32_t)n;
    out->value.floats = list;                          /* a union: ints and bools, too */
    return list != NULL;
}

/* ---- One argument ---------------------------------------------------------------------------------------------------------------------- */

static bool make_slice(sample *s, const json_t *text, tp_arg *out)
{
    static const char *const parts[] = { "start", "stop", "step" };
    int64_t *const to[] = { &out->value.slice.start, &out->value.slice.stop, &out->value.slice.step };
    for (int i = 0; i < 3; i++) {
        const json_t *value = json_object_get(text, parts[i]);
        if (!json_is_integer(value) && !json_is_null(value)) return damaged(s, "a slice");
        *to[i] = json_is_integer(value) ? json_integer_value(value) : TP_NONE;
    }
    return true;
}

/* The four tensors of a packed sequence, in the order of PyTorch's PackedSequence. */
static bool make_packed(sample *s, const json_t *text, tp_arg *out)
{
    const json_t *lengths = json_object_get(text, "lengths");
    const size_t n = json_array_size(lengths);
    int64_t *of = sample_alloc(s, n, sizeof *of);
    tp_tensor **list = sample_alloc(s, 4, sizeof *list), *x = leaf_of(s, text);
    if (!of || !list || !x) return false;
    for (size_t i = 0; i < n; i++) of[i] = json_integer_value(json_array_get(lengths, i));
    const tp_packed_sequence packed = tp_pack_padded_sequence(x, tp_from_data(of, TP_I64, TP_SHAPE((int64_t)n)),
        .batch_first = flag_at(text, "batch_first"), .enforce_sorted = flag_at(text, "enforce_sorted"));
    if (!packed.data) return differ_error(s, "a sequence could not be packed");
    list[0] = packed.data;
    list[1] = packed.batch_sizes;
    list[2] = packed.sorted_indices;
    list[3] = packed.unsorted_indices;
    out->n = 4;
    out->value.tensors = list;
    s->packed = text;
    return true;
}

static tp_dtype dtype_by_name(const char *name)
{
    for (int i = 1; name && i < TP_DTYPE_END; i++)
        if (!strcmp(tp_dtype_name((tp_dtype)i), name)) return (tp_dtype)i;
    return TP_DTYPE_DEFAULT;
}

static const struct { const char *word; tp_arg_kind kind; } kinds[] = {
    { "none", TP_ARG_NONE }, { "bool", TP_ARG_BOOL }, { "int", TP_ARG_INT }, { "float", TP_ARG_FLOAT }, { "str", TP_ARG_STRING },
    { "dtype", TP_ARG_DTYPE }, { "device", TP_ARG_DEVICE }, { "layout", TP_ARG_LAYOUT }, { "memory_format", TP_ARG_MEMORY_FORMAT },
    { "bools", TP_ARG_BOOLS }, { "ints", TP_ARG_INTS }, { "floats", TP_ARG_FLOATS }, { "tensor", TP_ARG_TENSOR },
    { "tensors", TP_ARG_TENSORS }, { "list", TP_ARG_LIST }, { "slice", TP_ARG_SLICE }, { "ellipsis", TP_ARG_ELLIPSIS },
    { "module", TP_ARG_MODULE }, { "packed", TP_ARG_TENSORS },
};

static bool make(sample *s, const json_t *text, int depth, tp_arg *out)
{
    const char *word = text_at(text, "kind");
    const json_t *value = json_object_get(text, "value");
    size_t i = 0;
    while (i < sizeof kinds / sizeof *kinds && (!word || strcmp(kinds[i].word, word))) i++;
    if (i == sizeof kinds / sizeof *kinds) return damaged(s, "an argument of no known kind");
    *out = (tp_arg){ .name = text_at(text, "name"), .kind = kinds[i].kind };
    switch (out->kind) {
    case TP_ARG_TENSOR: return (out->value.tensor = leaf_of(s, text)) != NULL;
    case TP_ARG_TENSORS: return strcmp(word, "packed") ? make_tensors(s, text, out) : make_packed(s, text, out);
    case TP_ARG_MODULE:
        out->value.module = module_build(s, text);
        return out->value.module || (s->verdict != FAILED && differ_error(s, "a module among the arguments could not be built"));
    case TP_ARG_LIST: return make_list(s, text, depth, out);
    case TP_ARG_BOOLS: case TP_ARG_INTS: case TP_ARG_FLOATS: return make_numbers(s, value, out);
    case TP_ARG_SLICE: return make_slice(s, text, out);
    case TP_ARG_BOOL: out->value.boolean = json_is_true(value); return json_is_boolean(value) || damaged(s, "a bool");
    case TP_ARG_INT: out->value.integer = json_integer_value(value); return json_is_integer(value) || damaged(s, "an int");
    case TP_ARG_FLOAT: return number_of(value, &out->value.real) || damaged(s, "a float");
    case TP_ARG_DEVICE: out->value.device = s->settings->device; return true;
    case TP_ARG_DTYPE:
        out->value.dtype = dtype_by_name(json_string_value(value));
        s->unpassable |= !out->value.dtype;
        return json_is_string(value) || damaged(s, "a dtype");
    case TP_ARG_STRING: case TP_ARG_LAYOUT: case TP_ARG_MEMORY_FORMAT:
        return (out->value.string = json_string_value(value)) || damaged(s, "a string");
    default: return true;                              /* none and ellipsis are all said */
    }
}

int arguments_read(sample *s, const json_t *text, tp_arg *args, int *by_position)
{
    static const char *const lists[] = { "args", "kwargs" };
    int n = 0;
    for (int k = 0; k < 2; k++) {
        const json_t *list = json_object_get(text, lists[k]);
        if (!json_is_array(list)) return damaged(s, "no list of arguments") - 1;
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (n == MAX_ARGS) return damaged(s, "more arguments than a call may have") - 1;
            if (!make(s, json_array_get(list, i), 0, &args[n])) {
                while (n--) if (args[n].kind == TP_ARG_MODULE) tp_module_free(args[n].value.module);
                return -1;
            }
            n++;
        }
        if (k == 0) *by_position = n;
    }
    return n;
}

bool arguments_make(sample *s)
{
    const int n = arguments_read(s, s->text, s->args, &s->n_by_position);
    s->n_args = n < 0 ? 0 : n;
    return n >= 0;
}
