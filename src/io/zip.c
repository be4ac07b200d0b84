/* src/io/zip.c: zip archives by libzip. */
#include "io/zip.h"

#include "io/mapping.h"

#include <dlfcn.h>
#include <pthread.h>
#include <zip.h>

/* ---- The library ------------------------------------------------------------------------------------------------------------ */

#define EACH_FUNCTION(X) \
    X(zip_source_buffer_create) X(zip_open_from_source) X(zip_source_free) X(zip_get_num_entries) X(zip_stat_index) \
    X(zip_name_locate) X(zip_fopen_index) X(zip_fread) X(zip_fclose) X(zip_file_get_error) X(zip_error_code_zip) \
    X(zip_error_strerror) X(zip_error_init) X(zip_error_fini) X(zip_error_set) X(zip_get_error) X(zip_discard) X(zip_open) X(zip_close) \
    X(zip_source_function) X(zip_file_add) X(zip_set_file_compression) X(zip_file_set_mtime)

static struct {
#define POINTER(name) __typeof__(&name) name;
    EACH_FUNCTION(POINTER)
#undef POINTER
} lib;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libzip.so.5", RTLD_NOW | RTLD_LOCAL);        /* its own name, and Debian's */
    if (!library)
        library = dlopen("libzip.so.4", RTLD_NOW | RTLD_LOCAL);
    loaded = library != NULL;
    void *found;
#define FIND(name) \
    found = library ? dlsym(library, #name) : NULL; \
    memcpy(&lib.name, &found, sizeof found);           /* ISO C has no cast from void * to a function */ \
    loaded = loaded && found;
    EACH_FUNCTION(FIND)
#undef FIND
}

static tp_status need_library(const char *op, const char *where)
{
    pthread_once(&once, load);
    return loaded ? TP_OK : tp_fail(TP_ERR_UNSUPPORTED, "%s: libzip, which reads and writes zip archives, is not installed (%s)", op, where);
}

static tp_status failed(const tp__zip *z, const char *name, zip_error_t *error)
{
    const tp_status code = lib.zip_error_code_zip(error) == ZIP_ER_MEMORY ? TP_ERR_MEMORY : TP_ERR_FORMAT;
    if (name)
        return tp_fail(code, "%s: %s: %s, in %s", z->op, tp__quote(name).text, lib.zip_error_strerror(error), z->where);
    return tp_fail(code, "%s: %s, in %s", z->op, lib.zip_error_strerror(error), z->where);
}

/* ---- Opening ------------------------------------------------------------------------------------------------------------------ */

/* Entries that overlap are how a small archive holds far more than its size times what deflate can do. */
static tp_status check_sizes(const tp__zip *z, size_t bytes)
{
    uint64_t packed = 0;
    zip_stat_t s;
    for (int64_t i = 0; i < z->n; i++) {
        if (lib.zip_stat_index(z->archive, (zip_uint64_t)i, 0, &s))
            return failed(z, NULL, lib.zip_get_error(z->archive));
        if (!(s.valid & ZIP_STAT_COMP_SIZE) || s.comp_size > bytes - packed)
            return tp_fail(TP_ERR_FORMAT, "%s: the entries up to %lld overlap or lie beyond the end, in %s", z->op, (long long)i, z->where);
        packed += s.comp_size;
    }
    return TP_OK;
}

tp_status tp__zip_open(tp__zip *z, const char *op, const char *where, const char *at, size_t bytes)
{
    *z = (tp__zip){ .op = op, .where = where };
    if (need_library(op, where))
        return TP_ERR_UNSUPPORTED;
    zip_error_t error;
    lib.zip_error_init(&error);
    zip_source_t *const source = lib.zip_source_buffer_create(at, bytes, 0, &error);
    z->archive = source ? lib.zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
    const tp_status status = z->archive ? TP_OK : failed(z, NULL, &error);
    if (!z->archive && source)
        lib.zip_source_free(source);
    lib.zip_error_fini(&error);
    if (status)
        return status;
    z->n = lib.zip_get_num_entries(z->archive, 0);
    return check_sizes(z, bytes);
}

void tp__zip_close(tp__zip *z)
{
    if (z->archive)
        lib.zip_discard(z->archive);
    z->archive = NULL;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------------------ */

tp_status tp__zip_entry_at(const tp__zip *z, int64_t i, tp__zip_entry *out)
{
    enum { RATIO = 1032 };                     /* of deflate, at most: 258 bytes in two bits */
    zip_stat_t s;
    if (lib.zip_stat_index(z->archive, (zip_uint64_t)i, 0, &s))
        return failed(z, NULL, lib.zip_get_error(z->archive));
    const uint64_t needs = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((s.valid & needs) != needs)
        return tp_fail(TP_ERR_FORMAT, "%s: entry %lld has no name or size, in %s", z->op, (long long)i, z->where);
    if (s.encryption_method != ZIP_EM_NONE || (s.comp_method != ZIP_CM_STORE && s.comp_method != ZIP_CM_DEFLATE))
        return tp_fail(TP_ERR_FORMAT, "%s: %s is encrypted, or packed by method %u; stored and deflated ones are read, in %s", z->op,
                       tp__quote(s.name).text, s.comp_method, z->where);
    if (s.comp_method == ZIP_CM_STORE ? s.size != s.comp_size : s.size / RATIO > s.comp_size)
        return tp_fail(TP_ERR_FORMAT, "%s: %s has %llu bytes, which should come out of %llu, in %s", z->op, tp__quote(s.name).text,
                       (unsigned long long)s.size, (unsigned long long)s.comp_size, z->where);
    *out = (tp__zip_entry){ s.name, (int64_t)s.size };
    return TP_OK;
}

int64_t tp__zip_find(const tp__zip *z, const char *name)
{
    return lib.zip_name_locate(z->archive, name, 0);
}

struct zip_file *tp__zip_start(const tp__zip *z, int64_t i)
{
    struct zip_file *const file = lib.zip_fopen_index(z->archive, (zip_uint64_t)i, 0);
    if (!file)
        failed(z, NULL, lib.zip_get_error(z->archive));
    return file;
}

tp_status tp__zip_read(const tp__zip *z, struct zip_file *file, const char *name, void *out, int64_t bytes)
{
    for (int64_t done = 0; done < bytes;) {
        const int64_t n = lib.zip_fread(file, (char *)out + done, (zip_uint64_t)(bytes - done));
        if (n < 0)
            return failed(z, name, lib.zip_file_get_error(file));
        if (n == 0)
            return tp_fail(TP_ERR_FORMAT, "%s: %s ends %lld bytes too early, in %s", z->op, tp__quote(name).text, (long long)(bytes - done), z->where);
        done += n;
    }
    return TP_OK;
}

tp_status tp__zip_end(const tp__zip *z, struct zip_file *file, const char *name)
{
    char one;
    const int64_t n = lib.zip_fread(file, &one, 1);    /* the checksum is looked at where the end is met */
    if (n < 0)
        return failed(z, name, lib.zip_file_get_error(file));
    return n == 0 ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: %s is longer than it says, in %s", z->op, tp__quote(name).text, z->where);
}

void tp__zip_stop(struct zip_file *file)
{
    if (file)
        lib.zip_fclose(file);
}

/* ---- Writing ------------------------------------------------------------------------------------------------------------------ */

/* What libzip asks of the source of an entry. */
static zip_int64_t give(void *state, void *data, zip_uint64_t bytes, zip_source_cmd_t command)
{
    const tp__zip_part *const part = state;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_READABLE;
    case ZIP_SOURCE_OPEN:
        return part->begin(part->self) ? -1 : 0;
    case ZIP_SOURCE_READ:
        return part->write(part->self, data, (int64_t)bytes);
    case ZIP_SOURCE_CLOSE:
        part->end(part->self);
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *const s = data;
        *s = (zip_stat_t){ .valid = ZIP_STAT_SIZE, .size = (zip_uint64_t)part->bytes };
        return sizeof *s;
    }
    case ZIP_SOURCE_ERROR: {
        int *const code = data;
        code[0] = ZIP_ER_MEMORY;               /* ours stands already */
        code[1] = 0;
        return 2 * sizeof *code;
    }
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        return -1;
    }
}

static tp_status add_part(struct zip *archive, const tp__zip_part *part, bool compress)
{
    zip_source_t *const source = lib.zip_source_function(archive, give, (void *)(uintptr_t)part);
    const int64_t i = source ? lib.zip_file_add(archive, part->name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (source && i < 0)
        lib.zip_source_free(source);
    const time_t epoch = 315532800;            /* 1980: the same tensors make the same file */
    return i < 0 || lib.zip_set_file_compression(archive, (zip_uint64_t)i, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) ||
           lib.zip_file_set_mtime(archive, (zip_uint64_t)i, epoch, 0);
}

static tp_status cannot_write(const char *op, const char *path, zip_error_t *error)
{
    return tp_fail(lib.zip_error_code_zip(error) == ZIP_ER_MEMORY ? TP_ERR_MEMORY : TP_ERR_IO, "%s: cannot write %s: %s", op, path,
                   lib.zip_error_strerror(error));
}

tp_status tp__zip_write(const char *op, const char *path, const tp__zip_part *parts, int64_t n, bool compress)
{
    int code;
    if (need_library(op, path))
        return TP_ERR_UNSUPPORTED;
    struct zip *const archive = lib.zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!archive)
        return tp_fail(code == ZIP_ER_MEMORY ? TP_ERR_MEMORY : TP_ERR_IO, "%s: cannot write %s: error %d of libzip", op, path, code);
    bool bad = false;
    for (int64_t i = 0; i < n && !bad; i++)
        bad = add_part(archive, &parts[i], compress) != TP_OK;
    if (!bad && lib.zip_close(archive) == 0)
        return TP_OK;
    const tp_status status = cannot_write(op, path, lib.zip_get_error(archive));
    lib.zip_discard(archive);
    return tp_failed() ? tp_error_status() : status;
}
