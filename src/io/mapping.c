/* src/io/mapping.c: a file in memory, and tensors over its pages. */
#define _GNU_SOURCE
#include "io/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static tp_status cannot_read(const char *op, const char *path, int error)
{
    char text[128];
    return tp_fail(TP_ERR_IO, "%s: cannot read %s: %s", op, path, strerror_r(error, text, sizeof text));
}

static tp_status map_file(const char *op, const char *path, int fd, tp__mapping *map)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return cannot_read(op, path, errno);
    if (!S_ISREG(info.st_mode))
        return tp_fail(TP_ERR_IO, "%s: cannot read %s: it is not a regular file", op, path);
    map->bytes = (size_t)info.st_size;
    map->at = NULL;
    atomic_init(&map->users, 1);
    if (map->bytes == 0)                       /* there is no empty mapping */
        return TP_OK;
    /* Writable, for in-place ops; private, so that no write reaches the file; no swap is set aside for pages never written. */
    map->at = mmap(NULL, map->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (map->at != MAP_FAILED)
        return TP_OK;
    return errno == ENOMEM ? tp_fail(TP_ERR_MEMORY, "%s: no address space for the %lld bytes of %s", op, (long long)info.st_size, path)
                           : cannot_read(op, path, errno);
}

tp__mapping *tp__mapping_open(const char *op, const char *path)
{
    if (!path) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the path is NULL", op);
        return NULL;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);        /* does not wait for the writer of a pipe */
    if (fd < 0) {
        cannot_read(op, path, errno);
        return NULL;
    }
    tp__mapping *map = tp_mem_alloc(sizeof *map);
    if (map && map_file(op, path, fd, map)) {
        tp_mem_free(map, sizeof *map);
        map = NULL;
    }
    close(fd);
    return map;
}

tp__mapping *tp__mapping_use(tp__mapping *map)
{
    atomic_fetch_add(&map->users, 1);
    return map;
}

void tp__mapping_release(void *arg, void *data)
{
    (void)data;
    tp__mapping *const map = arg;
    if (!map || atomic_fetch_sub(&map->users, 1) != 1)
        return;
    if (map->bytes)
        munmap(map->at, map->bytes);
    tp_mem_free(map, sizeof *map);
}

tp_status tp__check_bools(const char *op, const char *name, const void *data, int64_t n)
{
    const unsigned char *const at = data;
    unsigned char seen = 0;
    for (int64_t i = 0; i < n; i++)
        seen |= at[i];
    return seen <= 1 ? TP_OK : tp_fail(TP_ERR_FORMAT, "%s: \"%s\" is BOOL and holds bytes that are neither 0 nor 1", op, tp__quote(name).text);
}

tp_tensor *tp__mapping_tensor(const char *op, const char *name, tp__mapping *map, size_t place, tp_dtype dtype, tp_shape shape)
{
    int64_t n = 1;
    for (int i = 0; i < shape.ndim; i++)
        n *= shape.dim[i];
    if (n == 0)
        return tp_empty(shape, .dtype = dtype);
    char *const data = map->at + place;
    if (dtype == TP_BOOL && tp__check_bools(op, name, data, n))
        return NULL;
    const size_t size = tp_dtype_size(dtype), align = size == 16 ? 8 : size;       /* a complex number's parts */
    if ((uintptr_t)data % align != 0)
        return tp_from_data(data, dtype, shape);
    return tp_from_blob(data, dtype, shape, tp__mapping_release, tp__mapping_use(map));
}
