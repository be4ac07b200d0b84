/* src/io/safetensors_save.c: writes safetensors.
 *
 * The format leaves no gaps between tensors, so they are aligned by order: the header is padded with spaces until the data
 * begins on 64 bytes, and wide elements come before narrow ones. The header keeps the caller's order. */
#include "atomic_file.h"
#include "json.h"
#include "safetensors.h"

#include <taper/extend.h>
#include <taper/io.h>

#include <stdlib.h>
#include <string.h>

static const char op[] = "safetensors_save";

/* ---- A text that grows ---------------------------------------------------------------------------------------------- */

typedef struct text { char *at; size_t n, capacity; bool failed; } text;

static void text_put(text *t, const char *from, size_t bytes)
{
    if (t->failed)
        return;
    if (bytes > t->capacity - t->n) {
        const size_t capacity = (t->n + bytes) * 2 + 256;
        char *const at = tp_mem_resize(t->at, t->capacity, capacity);
        if (!at) {
            t->failed = true;
            return;
        }
        t->at = at;
        t->capacity = capacity;
    }
    memcpy(t->at + t->n, from, bytes);
    t->n += bytes;
}

static void text_say(text *t, const char *words)
{
    text_put(t, words, strlen(words));
}

static void text_number(text *t, int64_t value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    text_say(t, digits);
}

static void text_string(text *t, const char *s)
{
    text_say(t, "\"");
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        char code[8];
        if (c == '"' || c == '\\')
            snprintf(code, sizeof code, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            snprintf(code, sizeof code, "\\u%04x", c);
        else
            snprintf(code, sizeof code, "%c", c);
        text_say(t, code);
    }
    text_say(t, "\"");
}

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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names have to be distinct, and so do keys. `sorted` has room for n. */
static tp_status check_distinct(const char **sorted, int64_t n, const char *what)
{
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    for (int64_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return tp_fail(TP_ERR_ARGUMENT, "%s: two %s are named \"%.100s\"", op, what, sorted[i]);
    return TP_OK;
}

static tp_status check_entry(const tp_named_tensor *e, int64_t i)
{
    if (!e->name || !e->tensor)
        return tp_fail(TP_ERR_ARGUMENT, "%s: entry %lld (%.100s) has no %s", op, (long long)i, e->name ? e->name : "NULL",
                       e->name ? "tensor" : "name");
    if (!tp__utf8_is_valid(e->name, strlen(e->name)))
        return tp_fail(TP_ERR_ARGUMENT, "%s: the name of entry %lld is not UTF-8", op, (long long)i);
    if (strcmp(e->name, "__metadata__") == 0)
        return tp_fail(TP_ERR_ARGUMENT, "%s: entry %lld is named __metadata__, which the format keeps for itself", op, (long long)i);
    if (!dtype_text(tp_dtype_of(e->tensor)))
        return tp_fail(TP_ERR_DTYPE, "%s: \"%.100s\" is %s, which the format lacks", op, e->name, tp_dtype_name(tp_dtype_of(e->tensor)));
    return TP_OK;
}

static tp_status check(const tp_named_tensor *entries, int64_t n, const tp_metadata *metadata, int64_t n_metadata)
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
    for (int64_t i = 0; i < n_metadata; i++) {
        const char *const key = metadata[i].key, *const value = metadata[i].value;
        if (!key || !value || !tp__utf8_is_valid(key, strlen(key)) || !tp__utf8_is_valid(value, strlen(value)))
            return tp_fail(TP_ERR_ARGUMENT, "%s: metadata %lld is NULL or not UTF-8", op, (long long)i);
    }
    const size_t room = (size_t)(n > n_metadata ? n : n_metadata) * sizeof(char *);
    if (room == 0)
        return TP_OK;
    const char **const sorted = tp_mem_alloc(room);
    if (!sorted)
        return TP_ERR_MEMORY;
    for (int64_t i = 0; i < n; i++)
        sorted[i] = entries[i].name;
    tp_status status = check_distinct(sorted, n, "entries");
    if (!status) {
        for (int64_t i = 0; i < n_metadata; i++)
            sorted[i] = metadata[i].key;
        status = check_distinct(sorted, n_metadata, "metadata");
    }
    tp_mem_free(sorted, room);
    return status;
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

static void put_entry(text *t, const tp_named_tensor *e, int64_t begin)
{
    const tp_shape shape = tp_shape_of(e->tensor);
    text_string(t, e->name);
    text_say(t, ":{\"dtype\":\"");
    text_say(t, dtype_text(tp_dtype_of(e->tensor)));
    text_say(t, "\",\"shape\":[");
    for (int i = 0; i < shape.ndim; i++) {
        text_say(t, i ? "," : "");
        text_number(t, shape.dim[i]);
    }
    text_say(t, "],\"data_offsets\":[");
    text_number(t, begin);
    text_say(t, ",");
    text_number(t, begin + bytes_of(e->tensor));
    text_say(t, "]}");
}

static tp_status put_header(text *t, const tp_named_tensor *entries, int64_t n, const int64_t *begin,
                            const tp_metadata *metadata, int64_t n_metadata)
{
    text_put(t, "\0\0\0\0\0\0\0\0{", 9);       /* the length is set below */
    if (n_metadata > 0) {
        text_say(t, "\"__metadata__\":{");
        for (int64_t i = 0; i < n_metadata; i++) {
            text_say(t, i ? "," : "");
            text_string(t, metadata[i].key);
            text_say(t, ":");
            text_string(t, metadata[i].value);
        }
        text_say(t, "}");
    }
    for (int64_t i = 0; i < n; i++) {
        text_say(t, i || n_metadata ? "," : "");
        put_entry(t, &entries[i], begin[i]);
    }
    text_say(t, "}");
    while (!t->failed && t->n % 64)
        text_say(t, " ");
    if (t->failed)
        return TP_ERR_MEMORY;
    const uint64_t length = t->n - 8;
    if (length > TP__SAFETENSORS_MAX_HEADER)
        return tp_fail(TP_ERR_ARGUMENT, "%s: names and metadata make a header of %llu bytes, of which readers take %d", op,
                       (unsigned long long)length, TP__SAFETENSORS_MAX_HEADER);
    memcpy(t->at, &length, 8);
    return TP_OK;
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
    status = tp__atomic_write(&f, header->at, header->n);
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
    tp_status status = check(entries, n, metadata, n_metadata);
    if (status)
        return status;
    text header = { NULL, 0, 0, false };
    int64_t *const begin = tp_mem_alloc((size_t)(n + 1) * sizeof *begin);
    if (!begin)
        return TP_ERR_MEMORY;
    place(entries, n, begin);
    status = put_header(&header, entries, n, begin, metadata, n_metadata);
    if (!status)
        status = put_file(path, &header, entries, n);
    tp_mem_free(header.at, header.capacity);
    tp_mem_free(begin, (size_t)(n + 1) * sizeof *begin);
    return status;
}
