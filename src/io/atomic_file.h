/* src/io/atomic_file.h: a file that appears whole or not at all.
 *
 * It is written under another name in the same folder, flushed to the disk, and renamed over the old one. */
#ifndef TP_IO_ATOMIC_FILE_H
#define TP_IO_ATOMIC_FILE_H

#include <taper/core.h>

#include <limits.h>

typedef struct tp__atomic_file {
    const char *op;                            /* for messages: "safetensors_save" */
    const char *path;                          /* as the user named it */
    int fd;
    char target[PATH_MAX];                     /* path, with symbolic links followed */
    char temporary[PATH_MAX + 64];
} tp__atomic_file;

/* After a failure of open or commit nothing is left behind, and there is nothing to abandon. */
tp_status tp__atomic_open(tp__atomic_file *f, const char *op, const char *path);
tp_status tp__atomic_write(tp__atomic_file *f, const void *data, size_t bytes);
/* Another library has put a file in the place of f->temporary: goes on with that one, as what was there. */
tp_status tp__atomic_reopen(tp__atomic_file *f);
tp_status tp__atomic_commit(tp__atomic_file *f);
void tp__atomic_abandon(tp__atomic_file *f);

#endif
