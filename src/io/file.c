/* src/io/file.c: an open file of any format: which it is, its entries, and reading them. */
#include "io/file.h"

#include <stdlib.h>

static const char open_op[] = TP__FILE_OPEN, tensor_op[] = TP__FILE_TENSOR;

/* What a file's description may take; its tensors are apart. */
enum { MOST_MEGABYTES = 512, MOST_ENTRIES = 1 << 20 };

/* ---- For the formats ----------------------------------------------------------------------------------------------------- */

bool tp__count_bytes(tp_shape shape, size_t size, int64_t *numel, int64_t *bytes)
{
    int64_t room = (int64_t)size;              /* as if no dim were 0: strides are products, too */
    *numel = 1;
    for (int i = 0; i < shape.ndim; i++) {
        if (shape.dim[i] != 0 && __builtin_mul_overflow(room, shape.dim[i], &room))
            return false;
        *numel *= shape.dim[i] != 0;
    }
    *numel *= room / (int64_t)size;
    *bytes = *numel * (int64_t)size;
    return room <= INT64_MAX / 2;
}

void tp__swap_bytes(void *data, int64_t n, tp_dtype dtype)
{
    const bool pair = dtype == TP_C64 || dtype == TP_C128;
    const size_t size = tp_dtype_size(dtype) / (pair ? 2 : 1);
    const int64_t parts = pair ? 2 * n : n;
    for (int64_t i = 0; i < parts && size > 1; i++) {
        unsigned char *const part = (unsigned char *)data + (size_t)i * size;
        for (size_t b = 0; b < size / 2; b++) {
            const unsigned char low = part[b];
            part[b] = part[size - 1 - b];
            part[size - 1 - b] = low;
        }
    }
}

/* Room for one more in an array of *room elements. */
static tp_status make_room(void **array, int64_t n, int64_t *room, size_t size)
{
    if (n < *room)
        return TP_OK;
    if (n >= MOST_ENTRIES)
        return tp_fail(TP_ERR_FORMAT, "%s: the file has more than %d entries", open_op, MOST_ENTRIES);
    const int64_t more = *room ? 2 * *room : 16;
    void *const wider = tp_mem_resize(*array, (size_t)*room * size, (size_t)more * size);
    if (!wider)
        return TP_ERR_MEMORY;
    *array = wider;
    *room = more;
    return TP_OK;
}

/* A copy of the name, seen from behind the prefix. NULL and TP_OK: it does not begin so. */
static tp_status take_name(tp_file *f, const char *name, size_t n, const char **out)
{
    *out = NULL;
    if (memchr(name, 0, n))
        return tp_fail(TP_ERR_FORMAT, "%s: the name \"%s\" has a zero byte in it, in %s", open_op, tp__quote(name).text, f->path);
    if (n < f->prefix_bytes || memcmp(name, f->prefix, f->prefix_bytes) != 0)
        return TP_OK;
    const char *const copy = tp__arena_text(&f->arena, name, n);
    if (!copy)
        return tp_error_status();
    *out = copy + f->prefix_bytes;
    return TP_OK;
}

tp_status tp__file_add(tp_file *f, const char *name, size_t n, const tp__item *item)
{
    const char *text;
    if (take_name(f, name, n, &text))
        return tp_error_status();
    if (!text)
        return TP_OK;
    if (make_room((void **)&f->items, f->n, &f->room, sizeof *f->items))
        return tp_error_status();
    f->items[f->n] = *item;
    f->items[f->n++].name = text;
    return TP_OK;
}

tp_status tp__file_skip(tp_file *f, const char *name, size_t n, const char *what)
{
    const char *text;
    if (take_name(f, name, n, &text))
        return tp_error_status();
    if (!text)
        return TP_OK;
    if (make_room((void **)&f->skipped, f->n_skipped, &f->skipped_room, sizeof *f->skipped))
        return tp_error_status();
    f->skipped[f->n_skipped++] = (tp_skipped){ text, what };
    return TP_OK;
}

/* ---- Opening and closing ---------------------------------------------------------------------------------------------------- */

static const tp__format *find_format(tp_file *f)
{
    static const tp__format *const formats[] = { &tp__format_zip, &tp__format_npy, &tp__format_safetensors, &tp__format_index };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->is(f->map->at, f->map->bytes))
            return formats[i];
    if (f->map->bytes >= 2 && f->map->at[0] == (char)0x80 && (unsigned char)f->map->at[1] <= 5)
        tp_fail(TP_ERR_UNSUPPORTED, "%s: %s is a bare pickle, as torch.save wrote before 1.6: load it there and save it again", open_op, f->path);
    else
        tp_fail(TP_ERR_FORMAT, "%s: %s is no file of tensors: neither safetensors nor an index of them, .pt, .npz or .npy", open_op, f->path);
    return NULL;
}

/* qsort has no argument for the file, so what is sorted are names with their places. */
typedef struct named { const char *name; int64_t place; } named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static tp_status sort_names(tp_file *f)
{
    const size_t n = (size_t)f->n + 1;
    named *const names = tp_mem_alloc(n * sizeof *names);
    f->sorted = tp_mem_alloc(n * sizeof *f->sorted);
    tp_status status = names && f->sorted ? TP_OK : TP_ERR_MEMORY;
    for (int64_t i = 0; !status && i < f->n; i++)
        names[i] = (named){ f->items[i].name, i };
    if (!status)
        qsort(names, (size_t)f->n, sizeof *names, by_name);
    for (int64_t i = 0; !status && i < f->n; i++) {
        f->sorted[i] = names[i].place;
        if (i > 0 && strcmp(names[i].name, names[i - 1].name) == 0)
            status = tp_fail(TP_ERR_FORMAT, "%s: two entries are named \"%s\", in %s", open_op, tp__quote(names[i].name).text, f->path);
    }
    tp_mem_free(names, n * sizeof *names);
    return status;
}

static tp_status open_file(tp_file *f, const char *path, const tp_file_open_options *o)
{
    f->arena.limit = (size_t)MOST_MEGABYTES << 20;
    f->prefix_bytes = o->prefix ? strlen(o->prefix) : 0;
    f->prefix = tp__arena_text(&f->arena, o->prefix ? o->prefix : "", f->prefix_bytes);
    f->path = tp__arena_text(&f->arena, path, strlen(path));
    f->map = f->prefix && f->path ? tp__mapping_open(open_op, path) : NULL;
    f->format = f->map ? find_format(f) : NULL;
    if (!f->format || f->format->open(f))
        return tp_error_status();
    return sort_names(f);
}

static void destroy(void *file) { tp_file_close(file); }

tp_file *tp_file_open_with(const char *path, const tp_file_open_options *theirs)
{
    tp_file_open_options o = { TP__DEFAULT_file_open .tp__end = 0 };
    if (tp_options_take(open_op, &o, theirs, offsetof(tp_file_open_options, tp__end)))
        return NULL;
    if (!path) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the path is NULL", open_op);
        return NULL;
    }
    tp_file *const f = tp_mem_calloc(sizeof *f);
    if (!f)
        return NULL;
    f->object = (tp_object){ .kind = TP_KIND_OTHER, .destroy = destroy };
    if (!open_file(f, path, &o))
        return f;
    tp_file_close(f);
    return NULL;
}

void tp_file_close(tp_file *f)
{
    if (!f)
        return;
    f->object.kind = TP_KIND_DEAD;
    if (f->format && f->format->close)
        f->format->close(f);
    tp__zip_close(&f->zip);
    tp_mem_free(f->sorted, ((size_t)f->n + 1) * sizeof *f->sorted);
    tp_mem_free(f->items, (size_t)f->room * sizeof *f->items);
    tp_mem_free(f->skipped, (size_t)f->skipped_room * sizeof *f->skipped);
    tp__arena_free(&f->arena);
    tp__mapping_release(f->map, NULL);
    tp_mem_free(f, sizeof *f);
}

/* ---- What is in it ------------------------------------------------------------------------------------------------------------- */

const char *tp_file_format(const tp_file *f) { return f ? f->format->name : NULL; }
int64_t tp_file_count(const tp_file *f) { return f ? f->n : 0; }
int64_t tp_file_skipped_count(const tp_file *f) { return f ? f->n_skipped : 0; }

tp_skipped tp_file_skipped_at(const tp_file *f, int64_t i)
{
    return i >= 0 && i < tp_file_skipped_count(f) ? f->skipped[i] : (tp_skipped){ NULL, NULL };
}

const char *tp_file_name(const tp_file *f, int64_t i) { return i >= 0 && i < tp_file_count(f) ? f->items[i].name : NULL; }

int64_t tp_file_find(const tp_file *f, const char *name)
{
    int64_t low = 0, high = tp_file_count(f);
    while (name && low < high) {
        const int64_t middle = low + (high - low) / 2, i = f->sorted[middle];
        const int order = strcmp(name, f->items[i].name);
        if (order == 0)
            return i;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* NULL: there is none, or an error. */
static const tp__item *known(tp_file *f, int64_t i)
{
    if (!tp_file_name(f, i))
        return NULL;
    if (!f->items[i].known && f->format->know(f, &f->items[i]))
        return NULL;
    return &f->items[i];
}

tp_dtype tp_file_dtype(tp_file *f, int64_t i)
{
    const tp__item *const item = known(f, i);
    return item ? item->dtype : TP_DTYPE_DEFAULT;
}

tp_shape tp_file_shape(tp_file *f, int64_t i)
{
    const tp__item *const item = known(f, i);
    return item ? item->shape : (tp_shape){ .ndim = 0 };
}

tp_tensor *tp_file_tensor(tp_file *f, int64_t i)
{
    if (f && !tp_file_name(f, i))              /* a file that did not open has said so */
        tp_fail(TP_ERR_INDEX, "%s: entry %lld of %lld", tensor_op, (long long)i, (long long)f->n);
    const tp__item *const item = known(f, i);
    if (!item)
        return NULL;
    if (item->dtype)
        return f->format->tensor(f, item);
    tp_fail(TP_ERR_DTYPE, "%s: \"%s\" is %s, which Taper lacks, in %s", tensor_op, tp__quote(item->name).text, item->dtype_text, f->path);
    return NULL;
}

tp_tensor *tp_file_get(tp_file *f, const char *name)
{
    const int64_t i = tp_file_find(f, name);
    if (i < 0 && f) {
        tp_fail(TP_ERR_ARGUMENT, "file_get: there is no entry \"%s\" in %s", name ? tp__quote(name).text : "NULL", f->path);
        return NULL;
    }
    return f ? tp_file_tensor(f, i) : NULL;
}

int64_t tp_file_metadata_count(const tp_file *f) { return f ? f->n_metadata : 0; }

tp_metadata tp_file_metadata_at(const tp_file *f, int64_t i)
{
    return i >= 0 && i < tp_file_metadata_count(f) ? f->metadata[i] : (tp_metadata){ NULL, NULL };
}

const char *tp_file_metadata(const tp_file *f, const char *key)
{
    for (int64_t i = 0; key && i < tp_file_metadata_count(f); i++)
        if (strcmp(f->metadata[i].key, key) == 0)
            return f->metadata[i].value;
    return NULL;
}
