/* src/io/mapping.h: a file in memory, and tensors over its pages. */
#ifndef TP_IO_MAPPING_H
#define TP_IO_MAPPING_H

#include <taper/extend.h>

#include <stdatomic.h>
#include <string.h>

/* Mapped once, privately: pages are read when a tensor's elements are, and a tensor that is written in place gets pages of its
 * own. Counted by handles and by each tensor. */
typedef struct tp__mapping {
    atomic_int users;
    char *at;
    size_t bytes;
} tp__mapping;

/* NULL: TP_ERR_ARGUMENT (no path), TP_ERR_IO, TP_ERR_MEMORY. A file of no bytes is mapped, too. */
tp__mapping *tp__mapping_open(const char *op, const char *path);
tp__mapping *tp__mapping_use(tp__mapping *map);        /* one use more */
void tp__mapping_release(void *arg, void *data);       /* gives up one use of the mapping in arg, which may be NULL: a tp_drop_fn */

/* A contiguous tensor over the bytes that begin at `place`, which are there; a copy if they are not aligned. The name is for
 * messages. A bool of another value than 0 and 1 is TP_ERR_FORMAT. */
tp_tensor *tp__mapping_tensor(const char *op, const char *name, tp__mapping *map, size_t place, tp_dtype dtype, tp_shape shape);
tp_status tp__check_bools(const char *op, const char *name, const void *data, int64_t n);

/* A name from a file as it may stand in a message: bounded, and nothing that a terminal would obey. */
typedef struct tp__quoted { char text[84]; } tp__quoted;
static inline tp__quoted tp__quote(const char *name)
{
    tp__quoted q;
    const size_t n = strlen(name), shown = n < 76 ? n : 76;
    for (size_t i = 0; i < shown; i++)
        q.text[i] = (unsigned char)name[i] < 0x20 || name[i] == 0x7F ? '?' : name[i];
    strcpy(q.text + shown, shown < n ? ".." : "");
    return q;
}

#endif
