/* idx.c: IDX files, the format of MNIST: two zero bytes, a type, the number of dims, each dim as 4 bytes, then the elements, all
 * big-endian. Plain or gzipped. A header is believed only as far as the size of the file bears it out. */
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <zlib.h>
#include "dataset.h"

enum { CHUNK = 1 << 16, DEFLATE_LIMIT = 1032, ZLIB_HEADER = 64 };       /* deflate shrinks 1032 to 1 at most */

typedef struct idx_file {
    const char *path;
    FILE *file;
    int64_t size;                                /* of the file */
    bool gzipped, inflating, ended;
    z_stream z;
    uint8_t *chunk;
} idx_file;

/* zlib allocates through Taper, too; it does not say the size when it frees, so that is put in front. */
static void *zlib_alloc(void *arg, unsigned n, unsigned size)
{
    (void)arg;
    const size_t bytes = (size_t)n * size + ZLIB_HEADER;
    char *block = tp_mem_alloc(bytes);
    if (!block)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + ZLIB_HEADER;
}

static void zlib_free(void *arg, void *memory)
{
    (void)arg;
    size_t bytes;
    if (!memory)
        return;
    memcpy(&bytes, (char *)memory - ZLIB_HEADER, sizeof bytes);
    tp_mem_free((char *)memory - ZLIB_HEADER, bytes);
}

static void idx_close(idx_file *f)
{
    if (f->inflating)
        inflateEnd(&f->z);
    tp_mem_free(f->chunk, CHUNK);
    if (f->file)
        fclose(f->file);
}

static tp_status idx_open(idx_file *f, const char *path)
{
    struct stat info;
    *f = (idx_file){ .path = path, .file = fopen(path, "rb") };
    if (!f->file || fstat(fileno(f->file), &info) != 0)
        return tp_fail(TP_ERR_IO, "idx_read: %s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return tp_fail(TP_ERR_IO, "idx_read: %s is not a regular file", path);
    f->size = info.st_size;
    uint8_t magic[2] = { 0 };
    f->gzipped = fread(magic, 1, 2, f->file) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    rewind(f->file);
    if (!f->gzipped)
        return TP_OK;
    if (!(f->chunk = tp_mem_alloc(CHUNK)))
        return tp_error_status();
    f->z.zalloc = zlib_alloc;
    f->z.zfree = zlib_free;
    if (inflateInit2(&f->z, 15 + 16) != Z_OK)    /* a window of 32 KiB; gzip, not zlib */
        return tp_fail(TP_ERR_MEMORY, "idx_read: %s: zlib has no memory", path);
    f->inflating = true;
    return TP_OK;
}

static tp_status refill(idx_file *f)
{
    f->z.avail_in = (unsigned)fread(f->chunk, 1, CHUNK, f->file);
    f->z.next_in = f->chunk;
    return ferror(f->file) ? tp_fail(TP_ERR_IO, "idx_read: %s: %s", f->path, strerror(errno)) : TP_OK;
}

/* Decompresses up to `bytes`; *got is less at the end of the data only. */
static tp_status read_gzipped(idx_file *f, uint8_t *to, int64_t bytes, int64_t *got)
{
    for (*got = 0; *got < bytes && !f->ended; ) {
        if (f->z.avail_in == 0 && refill(f) != TP_OK)
            return tp_error_status();
        if (f->z.avail_in == 0)
            return tp_fail(TP_ERR_FORMAT, "idx_read: %s: the gzip data is cut short", f->path);
        const int64_t left = bytes - *got;
        const unsigned room = left < 1 << 30 ? (unsigned)left : 1u << 30;
        f->z.next_out = to + *got;
        f->z.avail_out = room;
        int code = inflate(&f->z, Z_NO_FLUSH);
        *got += room - f->z.avail_out;
        if (code == Z_STREAM_END && f->z.avail_in == 0 && refill(f) != TP_OK)
            return tp_error_status();
        if (code == Z_STREAM_END && f->z.avail_in == 0)
            f->ended = true;
        else if (code == Z_STREAM_END)           /* another gzip member: they are joined */
            code = inflateReset(&f->z);
        if (code == Z_MEM_ERROR)
            return tp_fail(TP_ERR_MEMORY, "idx_read: %s: zlib has no memory", f->path);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return tp_fail(TP_ERR_FORMAT, "idx_read: %s: the gzip data is broken: %s", f->path, f->z.msg ? f->z.msg : "no reason given");
    }
    return TP_OK;
}

static tp_status read_some(idx_file *f, void *to, int64_t bytes, int64_t *got)
{
    if (f->gzipped)
        return read_gzipped(f, to, bytes, got);
    *got = (int64_t)fread(to, 1, (size_t)bytes, f->file);
    return ferror(f->file) ? tp_fail(TP_ERR_IO, "idx_read: %s: %s", f->path, strerror(errno)) : TP_OK;
}

static tp_status read_all(idx_file *f, void *to, int64_t bytes, const char *what)
{
    int64_t got;
    if (read_some(f, to, bytes, &got) != TP_OK)
        return tp_error_status();
    return got == bytes ? TP_OK : tp_fail(TP_ERR_FORMAT, "idx_read: %s: %s has %lld bytes, the file ends after %lld of them",
                                          f->path, what, (long long)bytes, (long long)got);
}

static tp_dtype idx_dtype(uint8_t type)
{
    switch (type) {
    case 0x08: return TP_U8;
    case 0x09: return TP_I8;
    case 0x0B: return TP_I16;
    case 0x0C: return TP_I32;
    case 0x0D: return TP_F32;
    case 0x0E: return TP_F64;
    default:   return TP_DTYPE_DEFAULT;
    }
}

static tp_status read_header(idx_file *f, tp_dtype *dtype, tp_shape *shape)
{
    uint8_t head[4], dims[4 * TP_MAX_DIMS];
    if (read_all(f, head, 4, "the magic number") != TP_OK)
        return tp_error_status();
    *dtype = idx_dtype(head[2]);
    if (head[0] || head[1] || *dtype == TP_DTYPE_DEFAULT)
        return tp_fail(TP_ERR_FORMAT, "idx_read: %s begins with %02x %02x %02x %02x, which is no IDX magic number",
                       f->path, head[0], head[1], head[2], head[3]);
    if (head[3] < 1 || head[3] > TP_MAX_DIMS)
        return tp_fail(TP_ERR_FORMAT, "idx_read: %s has %d dims, not 1 to %d", f->path, head[3], TP_MAX_DIMS);
    shape->ndim = head[3];
    if (read_all(f, dims, 4 * head[3], "the list of dims") != TP_OK)
        return tp_error_status();

    const int64_t held = f->gzipped ? f->size * DEFLATE_LIMIT : f->size - 4 - 4 * head[3];
    int64_t bytes = (int64_t)tp_dtype_size(*dtype);
    bool empty = false;
    for (int i = 0; i < shape->ndim; i++) {
        const uint8_t *b = dims + 4 * i;
        shape->dim[i] = (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        empty |= shape->dim[i] == 0;
    }
    for (int i = 0; i < shape->ndim && !empty; i++) {
        if (shape->dim[i] > held / bytes)
            return tp_fail(TP_ERR_FORMAT, "idx_read: %s promises more elements (%lld along dim %d) than %lld bytes of file can hold",
                           f->path, (long long)shape->dim[i], i, (long long)f->size);
        bytes *= shape->dim[i];
    }
    return TP_OK;
}

static void to_native(uint8_t *data, int64_t n, size_t size)
{
    const uint16_t one = 1;
    if (*(const uint8_t *)&one == 0)
        return;
    for (int64_t i = 0; i < n; i++, data += size)
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            const uint8_t byte = data[a];
            data[a] = data[b];
            data[b] = byte;
        }
}

static tp_tensor *read_tensor(idx_file *f)
{
    tp_dtype dtype = TP_DTYPE_DEFAULT;
    tp_shape shape = { .ndim = 0 };
    if (read_header(f, &dtype, &shape) != TP_OK)
        return NULL;
    tp_tensor *x = tp_empty(shape, .dtype = dtype);
    uint8_t *data = tp_data_mut(x), extra;
    int64_t got = 0;
    if (tp_failed())
        return NULL;
    const int64_t bytes = tp_numel(x) * (int64_t)tp_dtype_size(dtype);
    if (bytes && read_all(f, data, bytes, "the data") != TP_OK)
        return NULL;
    if (read_some(f, &extra, 1, &got) != TP_OK)      /* for gzip this also reads and checks the sum at the end */
        return NULL;
    if (got) {
        tp_fail(TP_ERR_FORMAT, "idx_read: %s goes on after the %lld bytes of data that its header promises", f->path, (long long)bytes);
        return NULL;
    }
    if (tp_dtype_size(dtype) > 1)
        to_native(data, tp_numel(x), tp_dtype_size(dtype));
    return x;
}

tp_tensor *tp_idx_read(const char *path)
{
    if (tp_failed())
        return NULL;
    if (!path) {
        tp_fail(TP_ERR_ARGUMENT, "idx_read: the path is NULL");
        return NULL;
    }
    idx_file f;
    tp_tensor *x = idx_open(&f, path) == TP_OK ? read_tensor(&f) : NULL;
    idx_close(&f);
    return x;
}
