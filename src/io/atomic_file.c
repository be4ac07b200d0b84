/* src/io/atomic_file.c: a file that appears whole or not at all. */
#define _GNU_SOURCE
#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static tp_status failed(const tp__atomic_file *f, const char *what, int error)
{
    char text[128];
    return tp_fail(TP_ERR_IO, "%s: cannot %s %s: %s", f->op, what, f->path, strerror_r(error, text, sizeof text));
}

/* Where the file ends up: through symbolic links, which a rename would replace. A new file stays as it is named. */
static tp_status find_target(tp__atomic_file *f, struct stat *old, bool *exists)
{
    *exists = stat(f->path, old) == 0;
    if (!*exists) {
        if (errno != ENOENT)
            return failed(f, "write", errno);
        if (strlen(f->path) >= sizeof f->target)
            return failed(f, "write", ENAMETOOLONG);
        strcpy(f->target, f->path);
        return TP_OK;
    }
    if (S_ISDIR(old->st_mode))
        return failed(f, "write", EISDIR);
    if (!S_ISREG(old->st_mode))                /* a rename would put a file where a device or a pipe was */
        return tp_fail(TP_ERR_IO, "%s: cannot write %s: it is not a regular file", f->op, f->path);
    if (access(f->path, W_OK) != 0)            /* a rename would not ask */
        return failed(f, "write", errno);
    return realpath(f->path, f->target) ? TP_OK : failed(f, "write", errno);
}

tp_status tp__atomic_open(tp__atomic_file *f, const char *op, const char *path)
{
    static atomic_uint serial;
    struct stat old;
    bool exists;
    f->op = op;
    f->path = path;
    f->fd = -1;
    const tp_status status = find_target(f, &old, &exists);
    if (status)
        return status;
    const char *const slash = strrchr(f->target, '/');
    const int folder = slash ? (int)(slash - f->target) + 1 : 0;
    do                                         /* a name of its own, short, so that a long target name does not matter */
        snprintf(f->temporary, sizeof f->temporary, "%.*s.taper-%ld-%u.tmp", folder, f->target, (long)getpid(),
                 atomic_fetch_add(&serial, 1));
    while ((f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0 && errno == EEXIST);
    if (f->fd < 0)
        return failed(f, "write", errno);
    if (exists && fchmod(f->fd, old.st_mode & 07777) != 0) {
        const int error = errno;
        tp__atomic_abandon(f);
        return failed(f, "write", error);
    }
    return TP_OK;
}

tp_status tp__atomic_write(tp__atomic_file *f, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t n = write(f->fd, at, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed(f, "write", n < 0 ? errno : ENOSPC);
        at += n;
        bytes -= (size_t)n;
    }
    return TP_OK;
}

tp_status tp__atomic_reopen(tp__atomic_file *f)
{
    struct stat was;
    const int fd = open(f->temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failed(f, "write", errno);
    const bool bad = fstat(f->fd, &was) != 0 || fchmod(fd, was.st_mode & 07777) != 0;
    const int error = errno;
    close(f->fd);
    f->fd = fd;
    return bad ? failed(f, "write", error) : TP_OK;
}

void tp__atomic_abandon(tp__atomic_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    unlink(f->temporary);
}

/* The rename lasts through a crash of the machine once the folder is flushed. The file is in place by then and some file
 * systems refuse to flush a folder, so that is no failure. */
static void flush_folder(const tp__atomic_file *f)
{
    char folder[PATH_MAX];
    const char *const slash = strrchr(f->target, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - f->target) + 1 : 1, slash ? f->target : ".");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

tp_status tp__atomic_commit(tp__atomic_file *f)
{
    int error = fsync(f->fd) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0;
    if (close(f->fd) != 0 && !error)           /* where a network file system says that the disk is full */
        error = errno;
    f->fd = -1;
    if (!error && rename(f->temporary, f->target) != 0)
        error = errno;
    if (error) {
        tp__atomic_abandon(f);
        return failed(f, "write", error);
    }
    flush_folder(f);
    return TP_OK;
}
