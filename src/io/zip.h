/* src/io/zip.h: zip archives, by libzip, which is loaded when the first one is opened: it brings a cryptographic library along
 * that most programs never need. What an archive says of itself is checked before anything is taken for it. */
#ifndef TP_IO_ZIP_H
#define TP_IO_ZIP_H

#include <taper/extend.h>

typedef struct tp__zip {
    const char *op, *where;                    /* messages: "op: .., in where" */
    struct zip *archive;
    int64_t n;
} tp__zip;

typedef struct tp__zip_entry {
    const char *name;                          /* borrowed from the archive */
    int64_t bytes;                             /* as they come out */
} tp__zip_entry;

/* Over the bytes of a file, which stay. TP_ERR_FORMAT, TP_ERR_MEMORY, TP_ERR_UNSUPPORTED: there is no libzip. Closing one that
 * did not open is fine. */
tp_status tp__zip_open(tp__zip *z, const char *op, const char *where, const char *at, size_t bytes);
void tp__zip_close(tp__zip *z);
/* Entry i is one that can be read: neither encrypted nor packed by another method than deflate, of a size that it can have. */
tp_status tp__zip_entry_at(const tp__zip *z, int64_t i, tp__zip_entry *out);
int64_t tp__zip_find(const tp__zip *z, const char *name);        /* -1: there is none */

/* Reads entry i piece by piece; tp__zip_end checks that it ends here, and its checksum. */
struct zip_file *tp__zip_start(const tp__zip *z, int64_t i);     /* NULL: an error */
tp_status tp__zip_read(const tp__zip *z, struct zip_file *file, const char *name, void *out, int64_t bytes);
tp_status tp__zip_end(const tp__zip *z, struct zip_file *file, const char *name);
void tp__zip_stop(struct zip_file *file);                        /* without a check; NULL is fine */

/* Writing: a piece of an archive, made when its turn comes. `write` is asked for the next `room` bytes, until it gives 0;
 * less than 0 is an error that is set. begin and end frame it, also for another time. */
typedef struct tp__zip_part {
    const char *name;
    int64_t bytes;
    tp_status (*begin)(void *self);
    int64_t (*write)(void *self, void *out, int64_t room);
    void (*end)(void *self);
    void *self;
} tp__zip_part;
/* Writes a new archive to `path`, which is there and empty, and may be left half written. */
tp_status tp__zip_write(const char *op, const char *path, const tp__zip_part *parts, int64_t n, bool compress);

#endif
