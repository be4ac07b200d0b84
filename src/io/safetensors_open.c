/* src/io/safetensors_open.c: reads safetensors.
 *
 * The file is mapped once, privately: pages are read when a tensor's elements are, and a tensor that is written in place gets
 * pages of its own. The mapping is counted by the handle and by each tensor. The header is copied, since its strings are
 * decoded in place, and checked in two passes: its grammar, then that the entries tile the data without gap or overlap. */
#define _GNU_SOURCE
#include "json.h"
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char op[] = "safetensors_open";

/* ---- The mapping ----------------------------------------------------------------------------------------------------- */

void tp__mapping_release(void *arg, void *data)
{
    (void)data;
    tp__mapping *const map = arg;
    if (!map || atomic_fetch_sub(&map->users, 1) != 1)
        return;
    munmap(map->at, map->bytes);
    tp_mem_free(map, sizeof *map);
}

static tp_status cannot_read(const char *path, int error)
{
    char text[128];
    return tp_fail(TP_ERR_IO, "%s: cannot read %s: %s", op, path, strerror_r(error, text, sizeof text));
}

static tp_status map_file(const char *path, int fd, tp__mapping **out)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return cannot_read(path, errno);
    if (!S_ISREG(info.st_mode))
        return tp_fail(TP_ERR_IO, "%s: cannot read %s: it is not a regular file", op, path);
    if (info.st_size < 10)
        return tp_fail(TP_ERR_FORMAT, "%s: %s has %lld bytes, and the shortest safetensors file has 10", op, path, (long long)info.st_size);
    tp__mapping *const map = tp_mem_alloc(sizeof *map);
    if (!map)
        return TP_ERR_MEMORY;
    map->bytes = (size_t)info.st_size;
    atomic_init(&map->users, 1);
    /* Writable, for in-place ops; private, so that no write reaches the file; no swap is set aside for pages never written. */
    map->at = mmap(NULL, map->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (map->at == MAP_FAILED) {
        const int error = errno;
        tp_mem_free(map, sizeof *map);
        return error == ENOMEM ? tp_fail(TP_ERR_MEMORY, "%s: no address space for the %lld bytes of %s", op, (long long)info.st_size, path)
                               : cannot_read(path, error);
    }
    *out = map;
    return TP_OK;
}

/* ---- The grammar of the header ----------------------------------------------------------------------------------------- */

/* Room for one more in an array that doubles. */
static bool grow(void **array, int64_t n, int64_t *capacity, size_t size)
{
    if (n < *capacity)
        return true;
    const int64_t more = *capacity ? *capacity * 2 : 16;
    void *const at = tp_mem_resize(*array, (size_t)*capacity * size, (size_t)more * size);
    if (!at)
        return false;
    *array = at;
    *capacity = more;
    return true;
}

static bool read_shape(tp__json *j, tp_shape *shape)
{
    int64_t n = 0, dim;
    if (shape->ndim >= 0)
        return tp__json_fail(j, "a second shape");
    if (!tp__json_expect(j, '['))
        return false;
    shape->ndim = 0;
    while (tp__json_more(j, ']', &n)) {
        if (n > TP_MAX_DIMS)
            return tp__json_fail(j, "a shape of more than 8 dims");
        if (!tp__json_natural(j, &dim))
            return false;
        shape->dim[shape->ndim++] = dim;
    }
    return !j->error;
}

static bool read_offsets(tp__json *j, tp__entry *e)
{
    if (e->begin >= 0)
        return tp__json_fail(j, "a second pair of data_offsets");
    return tp__json_expect(j, '[') && tp__json_natural(j, &e->begin) && tp__json_expect(j, ',') && tp__json_natural(j, &e->end)
        && tp__json_expect(j, ']');
}

static bool read_entry(tp__json *j, tp__entry *e)
{
    int64_t n = 0;
    if (!tp__json_expect(j, '{'))
        return false;
    while (tp__json_more(j, '}', &n)) {
        const char *const key = tp__json_key(j);
        if (!key)
            return false;
        if (strcmp(key, "shape") == 0)
            read_shape(j, &e->shape);
        else if (strcmp(key, "data_offsets") == 0)
            read_offsets(j, e);
        else if (strcmp(key, "dtype") != 0)
            tp__json_skip(j);                  /* later versions of the format may say more */
        else if (e->dtype_text)
            tp__json_fail(j, "a second dtype");
        else
            e->dtype_text = tp__json_string(j);
    }
    return !j->error;
}

static tp_status read_metadata(tp_safetensors *f, tp__json *j)
{
    int64_t n = 0;
    if (!tp__json_expect(j, '{'))
        return TP_OK;
    while (tp__json_more(j, '}', &n)) {
        const char *const key = tp__json_key(j), *const value = key ? tp__json_string(j) : NULL;
        if (!value)
            return TP_OK;
        void *array = f->metadata;
        if (!grow(&array, f->n_metadata, &f->metadata_capacity, sizeof *f->metadata))
            return TP_ERR_MEMORY;
        f->metadata = array;
        f->metadata[f->n_metadata++] = (tp_metadata){ key, value };
    }
    return TP_OK;
}

static tp_status read_header(tp_safetensors *f)
{
    tp__json j = { f->header, f->header, f->header + f->header_bytes, NULL };
    int64_t n = 0;
    bool has_metadata = false;
    if (*j.at == '{')
        tp__json_expect(&j, '{');
    else
        tp__json_fail(&j, "the header has to begin with {");
    while (tp__json_more(&j, '}', &n)) {
        const char *const name = tp__json_key(&j);
        if (!name)
            break;
        if (strcmp(name, "__metadata__") == 0) {
            if (has_metadata)
                tp__json_fail(&j, "a second __metadata__");
            else if (read_metadata(f, &j))
                return TP_ERR_MEMORY;
            has_metadata = true;
            continue;
        }
        void *array = f->entries;
        if (!grow(&array, f->n, &f->capacity, sizeof *f->entries))
            return TP_ERR_MEMORY;
        f->entries = array;
        f->entries[f->n] = (tp__entry){ .name = name, .shape.ndim = -1, .begin = -1 };
        read_entry(&j, &f->entries[f->n++]);
    }
    tp__json_finish(&j);
    return j.error ? tp_fail(TP_ERR_FORMAT, "%s: %s, at byte %lld of the header of %s", op, j.error, (long long)(j.at - j.begin), f->path)
                   : TP_OK;
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
    if (!e->dtype_text || e->shape.ndim < 0 || e->begin < 0)
        return tp_fail(TP_ERR_FORMAT, "%s: \"%s\" has no %s, in %s", op, name.text,
                       !e->dtype_text ? "dtype" : e->shape.ndim < 0 ? "shape" : "data_offsets", f->path);
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

static tp_status check_names(tp_safetensors *f)
{
    qsort(f->sorted, (size_t)f->n, sizeof *f->sorted, by_name);
    for (int64_t i = 1; i < f->n; i++)
        if (strcmp(f->sorted[i - 1]->name, f->sorted[i]->name) == 0)
            return tp_fail(TP_ERR_FORMAT, "%s: two entries are named \"%s\", in %s", op, tp__quote(f->sorted[i]->name).text, f->path);
    if (f->n_metadata > 0)
        qsort(f->metadata, (size_t)f->n_metadata, sizeof *f->metadata, by_key);
    for (int64_t i = 1; i < f->n_metadata; i++)
        if (strcmp(f->metadata[i - 1].key, f->metadata[i].key) == 0)
            return tp_fail(TP_ERR_FORMAT, "%s: two metadata are named \"%s\", in %s", op, tp__quote(f->metadata[i].key).text, f->path);
    return TP_OK;
}

static tp_status check_header(tp_safetensors *f)
{
    for (int64_t i = 0; i < f->n; i++)
        if (check_entry(f, &f->entries[i]))
            return TP_ERR_FORMAT;
    f->sorted = tp_mem_alloc((size_t)(f->n + 1) * sizeof *f->sorted);
    if (!f->sorted)
        return TP_ERR_MEMORY;
    for (int64_t i = 0; i < f->n; i++)
        f->sorted[i] = &f->entries[i];
    const tp_status status = check_places(f);
    return status ? status : check_names(f);
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
    f->header = tp_mem_alloc(length);
    if (!f->header)
        return TP_ERR_MEMORY;
    f->header_bytes = length;
    memcpy(f->header, f->map->at + 8, length);
    const tp_status status = read_header(f);
    return status ? status : check_header(f);
}

static void destroy(void *file)
{
    tp_safetensors_close(file);
}

tp_safetensors *tp_safetensors_open(const char *path)
{
    if (!path) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the path is NULL", op);
        return NULL;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);        /* does not wait for the writer of a pipe */
    if (fd < 0) {
        cannot_read(path, errno);
        return NULL;
    }
    tp_safetensors *const f = tp_mem_calloc(sizeof *f);
    tp_status status = f ? TP_OK : TP_ERR_MEMORY;
    if (!status) {
        f->object = (tp_object){ .kind = TP_KIND_OTHER, .destroy = destroy };
        f->path = path;
        status = map_file(path, fd, &f->map);
    }
    close(fd);
    if (!status)
        status = load_header(f);
    if (status) {
        tp_safetensors_close(f);
        return NULL;
    }
    f->path = NULL;
    return f;
}

void tp_safetensors_close(tp_safetensors *f)
{
    if (!f)
        return;
    f->object.kind = TP_KIND_DEAD;
    tp__mapping_release(f->map, NULL);
    tp_mem_free(f->header, f->header_bytes);
    tp_mem_free(f->entries, (size_t)f->capacity * sizeof *f->entries);
    tp_mem_free(f->sorted, (size_t)(f->n + 1) * sizeof *f->sorted);
    tp_mem_free(f->metadata, (size_t)f->metadata_capacity * sizeof *f->metadata);
    tp_mem_free(f, sizeof *f);
}
