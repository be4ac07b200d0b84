/* tests/archive.h: zip archives made of bytes. */
#ifndef TP_TESTS_ARCHIVE_H
#define TP_TESTS_ARCHIVE_H

#include "folder.h"

#include "io/zip.h"

typedef struct part { const char *name, *at; size_t n; } part;

typedef struct part_writer { part part; size_t done; } part_writer;
static tp_status part_begin(void *self) { return ((part_writer *)self)->done = 0, TP_OK; }
static void part_end(void *self) { (void)self; }
static int64_t part_write(void *self, void *out, int64_t room)
{
    part_writer *w = self;
    const size_t left = w->part.n - w->done, n = left < (size_t)room ? left : (size_t)room;
    memcpy(out, w->part.at + w->done, n);
    w->done += n;
    return (int64_t)n;
}

static void write_archive(const char *path, const part *parts, int n, bool compress)
{
    part_writer writers[8];
    tp__zip_part out[8];
    ck_assert_int_le(n, 8);
    for (int i = 0; i < n; i++) {
        writers[i] = (part_writer){ parts[i], 0 };
        out[i] = (tp__zip_part){ parts[i].name, (int64_t)parts[i].n, part_begin, part_write, part_end, &writers[i] };
    }
    write_bytes(path, "", 0);
    ck_ok(tp__zip_write("test", path, out, n, compress));
}

#endif
