/* src/io/safetensors_open.c: reads safetensors.
 *
 * The file is mapped once; the mapping is counted by the handle and by each tensor. The header is a tree of jansson's, in which the
 * names and strings stay, and is checked in two passes: its fields, then that the entries tile the data without gap or overlap. */
#define _GNU_SOURCE
#include "safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static const char op[] = "safetensors_open";

/* ---- The header's text ------------------------------------------------------------------------------------------------- */

static tp_status parse(tp_safetensors *f, const char *text, size_t bytes)
{
    json_error_t error = { .text = "" };
    if (*text != '{')
        return tp_fail(TP_ERR_FORMAT, "%s: the header has to begin with {, in %s", op, f->path);
    errno = 0;
    f->header = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (f->header)
        return TP_OK;
    /* Where malloc fails jansson says nothing, or calls the string that it had no room for an invalid token. */
    if (!*error.text || errno == ENOMEM)
        return tp_fail(TP_ERR_MEMORY, "%s: no memory for the header of %zu bytes, in %s", op, bytes, f->path);
    return tp_fail(TP_ERR_FORMAT, "%s: %s, at byte %d of the header of %s", op, tp__quote(error.text).text, error.position, f->path);
}

/* How many there are, with the first `max` in out; -1: not an array of integers >= 0. */
static int64_t read_naturals(const json_t *array, size_t max, int64_t *out)
{
    const size_t n = json_array_size(array);
    for (size_t i = 0; i < n; i++) {
        const json_t *const value = json_array_get(array, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return -1;
        if (i < max)
            out[i] = json_integer_value(value);
    }
    return json_is_array(array) ? (int64_t)n : -1;
}

/* Other fields than these three are passed over: later versions of the format may say more. */
static tp_status read_entry(const tp_safetensors *f, tp__entry *e, const json_t *value)
{
    static const char *const fields[] = { "dtype", "shape", "data_offsets" };
    const tp__quoted name = tp__quote(e->name);
    int64_t offsets[2];
    if (!json_is_object(value))
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" is not an object, in %s", op, name.text, f->path);
    for (int i = 0; i < 3; i++)
        if (!json_object_get(value, fields[i]))
            return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" has no %s, in %s", op, name.text, fields[i], f->path);
    e->dtype_text = json_string_value(json_object_get(value, "dtype"));
    if (!e->dtype_text)
        return tp_fail(TP_ERR_FORMAT, "%s: the dtype of \"%s\" is not a string, in %s", op, name.text, f->path);
    const int64_t ndim = read_naturals(json_object_get(value, "shape"), TP_MAX_DIMS, e->shape.dim);
    if (ndim < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: the shape of \"%s\" is not an array of integers >= 0, in %s", op, name.text, f->path);
    if (ndim > TP_MAX_DIMS)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" has %lld dims, and at most %d are possible, in %s", op, name.text, (long long)ndim,
                       TP_MAX_DIMS, f->path);
    if (read_naturals(json_object_get(value, "data_offsets"), 2, offsets) != 2)
        return tp_fail(TP_ERR_FORMAT, "%s: the data_offsets of \"%s\" are not two integers >= 0, in %s", op, name.text, f->path);
    e->shape.ndim = (int)ndim;
    e->begin = offsets[0];
    e->end = offsets[1];
    return TP_OK;
}

static tp_status read_metadata(tp_safetensors *f, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return tp_fail(TP_ERR_FORMAT, "%s: __metadata__ is not an object, in %s", op, f->path);
    f->metadata = tp_mem_alloc((json_object_size(object) + 1) * sizeof *f->metadata);
    if (!f->metadata)
        return TP_ERR_MEMORY;
    f->metadata_capacity = (int64_t)json_object_size(object) + 1;
    json_object_foreach(object, key, value) {
        if (!json_is_string(value))
            return tp_fail(TP_ERR_FORMAT, "%s: the metadata \"%s\" is not a string, in %s", op, tp__quote(key).text, f->path);
        f->metadata[f->n_metadata++] = (tp_metadata){ key, json_string_value(value) };
    }
    return TP_OK;
}

static tp_status read_header(tp_safetensors *f)
{
    const char *name;
    json_t *value;
    tp_status status = TP_OK;
    f->entries = tp_mem_alloc((json_object_size(f->header) + 1) * sizeof *f->entries);
    if (!f->entries)
        return TP_ERR_MEMORY;
    f->capacity = (int64_t)json_object_size(f->header) + 1;
    json_object_foreach(f->header, name, value) {              /* in the order of the text */
        if (strcmp(name, "__metadata__") == 0) {
            status = read_metadata(f, value);
        } else {
            f->entries[f->n] = (tp__entry){ .name = name };
            status = read_entry(f, &f->entries[f->n++], value);
        }
        if (status)
            break;
    }
    return status;
}

/* ---- What the header says -------------------------------------------------------------------------------------------------- */

static tp_status check_entry(const tp_safetensors *f, tp__entry *e)
{
    static const struct { const char *name; int dtype, bits; } table[] = {
#define ROW(name, dtype, bits) { name, dtype, bits },
        TP__EACH_SAFETENSORS_DTYPE(ROW)
#undef ROW
    };
    const tp__quoted name = tp__quote(e->name);
    size_t row = 0;
    while (row < sizeof table / sizeof *table && strcmp(table[row].name, e->dtype_text) != 0)
        row++;
    if (row == sizeof table / sizeof *table)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" has the unknown dtype %s, in %s", op, name.text, tp__quote(e->dtype_text).text, f->path);
    e->dtype = (tp_dtype)table[row].dtype;
    int64_t bits = table[row].bits, numel = 1;
    bool overflows = false;                    /* also where another dim is 0: strides are products, too */
    for (int i = 0; i < e->shape.ndim; i++) {
        if (e->shape.dim[i] != 0)
            overflows |= __builtin_mul_overflow(bits, e->shape.dim[i], &bits);
        else
            numel = 0;
    }
    if (overflows)
        return tp_fail(TP_ERR_FORMAT, "%s: the shape of \"%s\" has more elements than 64 bits count, in %s", op, name.text, f->path);
    bits *= numel;
    if (e->end < e->begin || e->end > f->data_bytes)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" lies at bytes %lld to %lld of %lld, in %s", op, name.text, (long long)e->begin,
                       (long long)e->end, (long long)f->data_bytes, f->path);
    if (bits % 8 || bits / 8 != e->end - e->begin)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" has %lld bytes, and its shape and dtype take %lld, in %s", op, name.text,
                       (long long)(e->end - e->begin), (long long)(bits / 8 + (bits % 8 != 0)), f->path);
    return TP_OK;
}

static int by_place(const void *a, const void *b)
{
    const tp__entry *const x = *(tp__entry *const *)a, *const y = *(tp__entry *const *)b;
    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin) : (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(tp__entry *const *)a)->name, (*(tp__entry *const *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const tp_metadata *)a)->key, ((const tp_metadata *)b)->key);
}

/* The format allows neither gaps nor overlaps: what is in the file is in one entry. */
static tp_status check_places(tp_safetensors *f)
{
    qsort(f->sorted, (size_t)f->n, sizeof *f->sorted, by_place);
    int64_t at = 0;
    for (int64_t i = 0; i < f->n; at = f->sorted[i++]->end)
        if (f->sorted[i]->begin != at)
            return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" begins at byte %lld, and what is before it ends at %lld, in %s", op,
                           tp__quote(f->sorted[i]->name).text, (long long)f->sorted[i]->begin, (long long)at, f->path);
    if (at != f->data_bytes)
        return tp_fail(TP_ERR_FORMAT, "%s: the entries cover %lld of %lld bytes of data, in %s", op, (long long)at, (long long)f->data_bytes,
                       f->path);
    return TP_OK;
}

static tp_status check_header(tp_safetensors *f)
{
    for (int64_t i = 0; i < f->n; i++)
        if (check_entry(f, &f->entries[i]))
            return TP_ERR_FORMAT;
    f->sorted = tp_mem_alloc((size_t)f->capacity * sizeof *f->sorted);
    if (!f->sorted)
        return TP_ERR_MEMORY;
    for (int64_t i = 0; i < f->n; i++)
        f->sorted[i] = &f->entries[i];
    if (check_places(f))
        return TP_ERR_FORMAT;
    qsort(f->sorted, (size_t)f->n, sizeof *f->sorted, by_name);
    if (f->n_metadata > 0)
        qsort(f->metadata, (size_t)f->n_metadata, sizeof *f->metadata, by_key);
    return TP_OK;
}

/* ---- Opening and closing ------------------------------------------------------------------------------------------------------ */

static tp_status load_header(tp_safetensors *f)
{
    uint64_t length;
    memcpy(&length, f->map->at, 8);
    if (length > f->map->bytes - 8 || length < 2 || length > TP__SAFETENSORS_MAX_HEADER)
        return tp_fail(TP_ERR_FORMAT, "%s: a header of %llu bytes in a file of %llu is none, in %s", op, (unsigned long long)length,
                       (unsigned long long)f->map->bytes, f->path);
    f->data = f->map->at + 8 + length;
    f->data_bytes = (int64_t)(f->map->bytes - 8 - length);
    tp_status status = parse(f, f->map->at + 8, length);
    if (!status)
        status = read_header(f);
    return status ? status : check_header(f);
}

static void destroy(void *file)
{
    tp_safetensors_close(file);
}

/* Of a file that is mapped already, which it counts. */
tp_safetensors *tp__safetensors_over(const char *path, tp__mapping *map)
{
    tp_safetensors *const f = tp_mem_calloc(sizeof *f);
    if (!f)
        return NULL;
    f->object = (tp_object){ .kind = TP_KIND_OTHER, .destroy = destroy };
    f->path = path;
    f->map = tp__mapping_use(map);
    tp_status status = TP_OK;
    if (map->bytes < 10)
        status = tp_fail(TP_ERR_FORMAT, "%s: %s has %zu bytes, and the shortest safetensors file has 10", op, path, map->bytes);
    if (!status)
        status = load_header(f);
    f->path = NULL;
    if (!status)
        return f;
    tp_safetensors_close(f);
    return NULL;
}

tp_safetensors *tp_safetensors_open(const char *path)
{
    tp__mapping *const map = tp__mapping_open(op, path);
    if (!map)
        return NULL;
    tp_safetensors *const f = tp__safetensors_over(path, map);
    tp__mapping_release(map, NULL);
    return f;
}

void tp_safetensors_close(tp_safetensors *f)
{
    if (!f)
        return;
    f->object.kind = TP_KIND_DEAD;
    tp__mapping_release(f->map, NULL);
    json_decref(f->header);
    tp_mem_free(f->entries, (size_t)f->capacity * sizeof *f->entries);
    tp_mem_free(f->sorted, (size_t)f->capacity * sizeof *f->sorted);
    tp_mem_free(f->metadata, (size_t)f->metadata_capacity * sizeof *f->metadata);
    tp_mem_free(f, sizeof *f);
}
