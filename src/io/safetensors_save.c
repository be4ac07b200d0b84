/* src/io/safetensors_save.c: writes safetensors.
 *
 * The format leaves no gaps between tensors, so they are aligned by order: the header is padded with spaces until the data
 * begins on 64 bytes, and wide elements come before narrow ones. The header keeps the caller's order, as jansson's objects do. */
#include "atomic_file.h"
#include "safetensors.h"

#include <taper/extend.h>
#include <taper/io.h>

#include <jansson.h>
#include <string.h>

static const char op[] = "safetensors_save";

/* ---- What may be written ----------------------------------------------------------------------------------------------- */

static const char *dtype_text(tp_dtype dtype)
{
    static const struct { const char *name; int dtype; } table[] = {
#define ROW(name, dtype, bits) { name, dtype },
        TP__EACH_SAFETENSORS_DTYPE(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].dtype == (int)dtype)
            return table[i].name;
    return NULL;
}

static int64_t bytes_of(tp_tensor *x)
{
    return tp_numel(x) * (int64_t)tp_dtype_size(tp_dtype_of(x));
}

static tp_status check_entry(const tp_named_tensor *e, int64_t i)
{
    if (!e->name || !e->tensor)
        return tp_fail(TP_ERR_ARGUMENT, "%s: entry %lld (%.100s) has no %s", op, (long long)i, e->name ? e->name : "NULL",
                       e->name ? "tensor" : "name");
    if (strcmp(e->name, "__metadata__") == 0)
        return tp_fail(TP_ERR_ARGUMENT, "%s: entry %lld is named __metadata__, which the format keeps for itself", op, (long long)i);
    if (!dtype_text(tp_dtype_of(e->tensor)))
        return tp_fail(TP_ERR_DTYPE, "%s: \"%.100s\" is %s, which the format lacks", op, e->name, tp_dtype_name(tp_dtype_of(e->tensor)));
    return TP_OK;
}

tp_status tp__safetensors_check(const tp_named_tensor *entries, int64_t n, const tp_metadata *metadata, int64_t n_metadata)
{
    if (n < 0 || n_metadata < 0 || (n > 0 && !entries) || (n_metadata > 0 && !metadata))
        return tp_fail(TP_ERR_ARGUMENT, "%s: %lld entries and %lld metadata are given, of which one is NULL or negative", op,
                       (long long)n, (long long)n_metadata);
    int64_t total = 0, bytes;
    for (int64_t i = 0; i < n; i++) {
        if (check_entry(&entries[i], i))
            return tp_error_status();
        tp_tensor *const x = entries[i].tensor;        /* an expanded tensor may have more elements than memory has bytes */
        if (__builtin_mul_overflow(tp_numel(x), (int64_t)tp_dtype_size(tp_dtype_of(x)), &bytes) || __builtin_add_overflow(total, bytes, &total))
            return tp_fail(TP_ERR_SHAPE, "%s: \"%.100s\" makes the file longer than 2^63 bytes", op, entries[i].name);
    }
    for (int64_t i = 0; i < n_metadata; i++)
        if (!metadata[i].key || !metadata[i].value)
            return tp_fail(TP_ERR_ARGUMENT, "%s: metadata %lld has no %s", op, (long long)i, metadata[i].key ? "value" : "key");
    return TP_OK;
}

/* ---- Writing --------------------------------------------------------------------------------------------------------------- */

/* Where each entry's data begins: elements of 8 bytes first, then 4, 2 and 1. */
static void place(const tp_named_tensor *entries, int64_t n, int64_t *begin)
{
    int64_t at = 0;
    for (size_t size = 8; size > 0; size /= 2)
        for (int64_t i = 0; i < n; i++)
            if (tp_dtype_size(tp_dtype_of(entries[i].tensor)) == size) {
                begin[i] = at;
                at += bytes_of(entries[i].tensor);
            }
}

static tp_status no_memory(void)
{
    return tp_fail(TP_ERR_MEMORY, "%s: no memory for the header", op);
}

json_t *tp__safetensors_string(const char *text, const char *what, int64_t i)
{
    json_error_t error = { .text = "" };
    json_t *const string = json_pack_ex(&error, 0, "s", text);
    if (!string && json_error_code(&error) == json_error_invalid_utf8)
        tp_fail(TP_ERR_ARGUMENT, "%s: the %s %lld is not UTF-8", op, what, (long long)i);
    else if (!string)
        no_memory();
    return string;
}

tp_status tp__safetensors_put(json_t *object, const json_t *key, json_t *value, const char *plural)
{
    const char *const text = json_string_value(key);
    if (!text || !value) {
        json_decref(value);
        return tp_error_status();
    }
    if (json_object_get(object, text)) {
        json_decref(value);
        return tp_fail(TP_ERR_ARGUMENT, "%s: two %s are named \"%.100s\"", op, plural, text);
    }
    return json_object_set_new_nocheck(object, text, value) ? no_memory() : TP_OK;
}

static tp_status put_metadata(json_t *root, const tp_metadata *metadata, int64_t n)
{
    json_t *const object = json_object();
    if (json_object_set_new(root, "__metadata__", object))
        return no_memory();
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        json_t *const key = tp__safetensors_string(metadata[i].key, "key of metadata", i);
        status = tp__safetensors_put(object, key, key ? tp__safetensors_string(metadata[i].value, "value of metadata", i) : NULL, "metadata");
        json_decref(key);
    }
    return status;
}

static json_t *make_entry(const tp_named_tensor *e, int64_t begin)
{
    const tp_shape shape = tp_shape_of(e->tensor);
    json_t *const entry = json_pack("{s:s, s:[], s:[I, I]}", "dtype", dtype_text(tp_dtype_of(e->tensor)), "shape",
                                    "data_offsets", (json_int_t)begin, (json_int_t)(begin + bytes_of(e->tensor)));
    bool failed = !entry;
    for (int i = 0; i < shape.ndim && !failed; i++)
        failed = json_array_append_new(json_object_get(entry, "shape"), json_integer(shape.dim[i]));
    if (!failed)
        return entry;
    no_memory();
    json_decref(entry);
    return NULL;
}

static tp_status put_entries(json_t *root, const tp_named_tensor *entries, int64_t n, const int64_t *begin)
{
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        json_t *const name = tp__safetensors_string(entries[i].name, "name of entry", i);
        status = tp__safetensors_put(root, name, name ? make_entry(&entries[i], begin[i]) : NULL, "entries");
        json_decref(name);
    }
    return status;
}

/* The length of the header, the header and its padding. */
typedef struct text { char *at; size_t bytes; } text;

static tp_status print_header(const json_t *root, text *out)
{
    const size_t n = json_dumpb(root, NULL, 0, JSON_COMPACT), bytes = (8 + n + 63) / 64 * 64;
    const uint64_t length = bytes - 8;
    if (n == 0)
        return no_memory();
    if (length > TP__SAFETENSORS_MAX_HEADER)
        return tp_fail(TP_ERR_ARGUMENT, "%s: names and metadata make a header of %llu bytes, of which readers take %d", op,
                       (unsigned long long)length, TP__SAFETENSORS_MAX_HEADER);
    out->at = tp_mem_alloc(bytes);
    if (!out->at)
        return TP_ERR_MEMORY;
    out->bytes = bytes;
    memcpy(out->at, &length, 8);
    memset(out->at + 8, ' ', length);
    return json_dumpb(root, out->at + 8, n, JSON_COMPACT) == n ? TP_OK : no_memory();
}

static tp_status make_header(text *out, const tp_named_tensor *entries, int64_t n, const int64_t *begin,
                             const tp_metadata *metadata, int64_t n_metadata)
{
    json_t *const root = json_object();
    if (!root)
        return no_memory();
    tp_status status = n_metadata > 0 ? put_metadata(root, metadata, n_metadata) : TP_OK;
    if (!status)
        status = put_entries(root, entries, n, begin);
    if (!status)
        status = print_header(root, out);
    json_decref(root);
    return status;
}

static tp_status put_tensor(tp__atomic_file *f, tp_tensor *x)
{
    if (tp_numel(x) == 0)
        return TP_OK;
    TP_SCOPE();                                /* a copy, if one is needed, is of one tensor at a time */
    TP_NO_GRAD();
    tp_tensor *const host = tp_contiguous(tp_to(x, TP_CPU));
    const void *const data = host ? tp_data(host) : NULL;
    return data ? tp__atomic_write(f, data, (size_t)bytes_of(host)) : tp_error_status();
}

static tp_status put_file(const char *path, const text *header, const tp_named_tensor *entries, int64_t n)
{
    tp__atomic_file f;
    tp_status status = tp__atomic_open(&f, op, path);
    if (status)
        return status;
    status = tp__atomic_write(&f, header->at, header->bytes);
    for (size_t size = 8; size > 0; size /= 2)
        for (int64_t i = 0; i < n && !status; i++)
            if (tp_dtype_size(tp_dtype_of(entries[i].tensor)) == size)
                status = put_tensor(&f, entries[i].tensor);
    if (!status)
        return tp__atomic_commit(&f);
    tp__atomic_abandon(&f);
    return status;
}

tp_status tp_safetensors_save(const char *path, const tp_named_tensor *entries, int64_t n, const tp_metadata *metadata, int64_t n_metadata)
{
    if (tp_failed())
        return tp_error_status();
    if (!path)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the path is NULL", op);
    tp_status status = tp__safetensors_check(entries, n, metadata, n_metadata);
    if (status)
        return status;
    text header = { NULL, 0 };
    int64_t *const begin = tp_mem_alloc((size_t)(n + 1) * sizeof *begin);
    if (!begin)
        return TP_ERR_MEMORY;
    place(entries, n, begin);
    status = make_header(&header, entries, n, begin, metadata, n_metadata);
    if (!status)
        status = put_file(path, &header, entries, n);
    tp_mem_free(header.at, header.bytes);
    tp_mem_free(begin, (size_t)(n + 1) * sizeof *begin);
    return status;
}
