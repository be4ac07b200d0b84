/* src/io/npy_save.c: writes NumPy's arrays and archives of them, whole or not at all. */
#include "io/atomic_file.h"
#include "io/npy.h"

#include <stdlib.h>

/* ---- One array --------------------------------------------------------------------------------------------------------------- */

/* An array as it is written: its header, and the elements while they are. */
typedef struct array {
    tp_tensor *x, *host;                       /* host: retained between begin and end */
    const char *data;
    char header[TP__NPY_HEADER];
    size_t header_bytes;
    int64_t bytes, at;                         /* of both; how many were given */
} array;

static tp_status begin(void *self)
{
    array *const a = self;
    TP_SCOPE();                                /* a copy, if one is needed, is of one tensor at a time */
    TP_NO_GRAD();
    a->at = 0;
    a->host = tp_retain(tp_contiguous(tp_to(a->x, TP_CPU)));
    a->data = a->host ? tp_data(a->host) : NULL;
    return a->host && (a->data || a->bytes == (int64_t)a->header_bytes) ? TP_OK : tp_error_status();
}

static void end(void *self)
{
    array *const a = self;
    tp_release(a->host);
    a->host = NULL;
}

static int64_t give(void *self, void *out, int64_t room)
{
    array *const a = self;
    const bool in_header = a->at < (int64_t)a->header_bytes;
    const int64_t left = (in_header ? (int64_t)a->header_bytes : a->bytes) - a->at, n = left < room ? left : room;
    if (n > 0)
        memcpy(out, in_header ? a->header + a->at : a->data + (a->at - (int64_t)a->header_bytes), (size_t)n);
    a->at += n;
    return n;
}

static tp_status describe(array *a, const char *op, tp_tensor *x)
{
    const tp_dtype dtype = tp_dtype_of(x);
    int64_t numel, bytes;
    *a = (array){ .x = x };
    if (!dtype)                                /* a dead handle has said so */
        return tp_error_status();
    if (!tp__count_bytes(tp_shape_of(x), tp_dtype_size(dtype), &numel, &bytes))
        return tp_fail(TP_ERR_SHAPE, "%s: the tensor makes the file longer than 2^62 bytes", op);
    tp__npy_print(x, a->header, &a->header_bytes);
    a->bytes = (int64_t)a->header_bytes + bytes;
    return TP_OK;
}

tp_status tp_npy_save(const char *path, tp_tensor *x)
{
    static const char op[] = "npy_save";
    array a;
    tp__atomic_file f;
    if (tp_failed())
        return tp_error_status();
    if (!path || !x)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the %s is NULL", op, path ? "tensor" : "path");
    if (describe(&a, op, x) || tp__atomic_open(&f, op, path))
        return tp_error_status();
    tp_status status = begin(&a);
    if (!status)
        status = tp__atomic_write(&f, a.header, a.header_bytes);
    if (!status)
        status = tp__atomic_write(&f, a.data, (size_t)a.bytes - a.header_bytes);
    end(&a);
    if (!status)
        return tp__atomic_commit(&f);
    tp__atomic_abandon(&f);
    return status;
}

/* ---- An archive ---------------------------------------------------------------------------------------------------------------- */

static const char npz_op[] = "npz_save";

/* No overlong forms, no surrogates, nothing beyond U+10FFFF. */
static bool is_utf8(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const int more = *c < 0x80 ? 0 : *c >= 0xC2 && *c < 0xE0 ? 1 : (*c & 0xF0) == 0xE0 ? 2 : *c >= 0xF0 && *c < 0xF5 ? 3 : -1;
        if (more < 0 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) || (*c == 0xF0 && c[1] < 0x90) || (*c == 0xF4 && c[1] > 0x8F))
            return false;
        c++;
        for (int i = 0; i < more; i++)
            if ((*c++ & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const tp__zip_part *)a)->name, ((const tp__zip_part *)b)->name);
}

/* `sorted` has room for n. */
static tp_status check_names(const tp__zip_part *parts, tp__zip_part *sorted, int64_t n)
{
    memcpy(sorted, parts, (size_t)n * sizeof *parts);
    qsort(sorted, (size_t)n, sizeof *sorted, by_name);
    for (int64_t i = 1; i < n; i++)
        if (strcmp(sorted[i].name, sorted[i - 1].name) == 0)
            return tp_fail(TP_ERR_ARGUMENT, "%s: two entries are named \"%.*s\"", npz_op, (int)(strlen(sorted[i].name) - 4), sorted[i].name);
    return TP_OK;
}

static tp_status describe_part(tp__zip_part *part, array *a, const tp_named_tensor *e, int64_t i, tp__arena *arena)
{
    if (!e->name || !e->tensor)
        return tp_fail(TP_ERR_ARGUMENT, "%s: entry %lld (%.100s) has no %s", npz_op, (long long)i, e->name ? e->name : "NULL",
                       e->name ? "tensor" : "name");
    if (!is_utf8(e->name))
        return tp_fail(TP_ERR_ARGUMENT, "%s: the name of entry %lld is not UTF-8", npz_op, (long long)i);
    const size_t n = strlen(e->name);
    if (n > 60000)
        return tp_fail(TP_ERR_ARGUMENT, "%s: the name of entry %lld has %zu bytes, of which an archive takes 60000", npz_op, (long long)i, n);
    char *const name = tp__arena_alloc(arena, n + 5);
    if (!name || describe(a, npz_op, e->tensor))
        return tp_error_status();
    memcpy(name, e->name, n);
    strcpy(name + n, ".npy");
    *part = (tp__zip_part){ name, a->bytes, begin, give, end, a };
    return TP_OK;
}

static tp_status put_archive(const char *path, const tp__zip_part *parts, int64_t n, bool compress)
{
    static const char empty[22] = "PK\5\6";    /* libzip writes no file where there is no entry */
    tp__atomic_file f;
    tp_status status = tp__atomic_open(&f, npz_op, path);
    if (status)
        return status;
    status = n > 0 ? tp__zip_write(npz_op, f.temporary, parts, n, compress) : tp__atomic_write(&f, empty, sizeof empty);
    if (!status && n > 0)
        status = tp__atomic_reopen(&f);
    if (!status)
        return tp__atomic_commit(&f);
    tp__atomic_abandon(&f);
    return status;
}

tp_status tp_npz_save_with(const char *path, const tp_named_tensor *entries, int64_t n, const tp_npz_save_options *theirs)
{
    tp_npz_save_options o = { TP__DEFAULT_npz_save .tp__end = 0 };
    if (tp_failed() || tp_options_take(npz_op, &o, theirs, offsetof(tp_npz_save_options, tp__end)))
        return tp_error_status();
    if (!path || n < 0 || n > 1 << 30 || (n > 0 && !entries))
        return tp_fail(TP_ERR_ARGUMENT, "%s: %lld entries are given, which are NULL, or the path is", npz_op, (long long)n);
    tp__arena arena = { 0 };
    tp__zip_part *const parts = tp__arena_alloc(&arena, (size_t)n * 2 * sizeof *parts);
    array *const arrays = parts ? tp__arena_alloc(&arena, (size_t)n * sizeof *arrays) : NULL;
    tp_status status = arrays ? TP_OK : tp_error_status();
    for (int64_t i = 0; i < n && !status; i++)
        status = describe_part(&parts[i], &arrays[i], &entries[i], i, &arena);
    if (!status)
        status = check_names(parts, parts + n, n);
    if (!status)
        status = put_archive(path, parts, n, o.compress);
    tp__arena_free(&arena);
    return status;
}
