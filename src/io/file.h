/* src/io/file.h: what an open file is, whatever its format. A format fills in the entries when it opens the file, and makes a
 * tensor of one when it is asked; all else is written once, in file.c. */
#ifndef TP_IO_FILE_H
#define TP_IO_FILE_H

#include "io/arena.h"
#include "io/mapping.h"
#include "io/zip.h"

#include <taper/io.h>

typedef struct tp__item {
    const char *name;                          /* without the prefix, which stands before it in memory */
    const char *dtype_text;                    /* for messages, where dtype is 0 */
    tp_dtype dtype;
    tp_shape shape;
    bool known;                                /* dtype and shape are */
    int64_t place;                             /* the format's own */
    void *more;
} tp__item;

typedef struct tp__format {
    const char *name;
    bool (*is)(const char *at, size_t bytes);  /* by the first bytes; NULL: not found so */
    tp_status (*open)(tp_file *f);             /* adds the entries */
    tp_status (*know)(tp_file *f, tp__item *item);     /* dtype and shape of an entry that was added without */
    tp_tensor *(*tensor)(tp_file *f, const tp__item *item);      /* item->dtype is one of ours */
    void (*close)(tp_file *f);                 /* also after an open that failed; may be NULL */
} tp__format;

extern const tp__format tp__format_safetensors, tp__format_index, tp__format_npy, tp__format_zip, tp__format_npz, tp__format_pt;

struct tp_file {
    tp_object object;
    const tp__format *format;
    void *self;                                /* the format's own */
    const char *path;
    const char *prefix;
    size_t prefix_bytes;
    tp__mapping *map;
    tp__zip zip;                               /* where it is one */
    tp__arena arena;                           /* texts, and what lives as long as the file */
    tp__item *items;
    int64_t *sorted;                           /* places of items by name, once it is open */
    int64_t n, room;
    tp_skipped *skipped;
    int64_t n_skipped, skipped_room;
    tp_metadata *metadata;                     /* in the arena, as the texts */
    int64_t n_metadata;
};

#define TP__FILE_OPEN   "file_open"            /* how messages begin */
#define TP__FILE_TENSOR "file_tensor"

/* An entry named by the n bytes of `name`; passed over if they do not begin with the prefix. The rest of the item is taken from
 * `item`, whose name is ignored. */
tp_status tp__file_add(tp_file *f, const char *name, size_t n, const tp__item *item);
tp_status tp__file_skip(tp_file *f, const char *name, size_t n, const char *what);       /* `what` lives as long as the file */

/* shape's elements, and their bytes for elements of `size`; false: more than 63 bits count, also where another dim is 0. */
bool tp__count_bytes(tp_shape shape, size_t size, int64_t *numel, int64_t *bytes);
/* Turns the bytes of each part around: elements of complex dtypes have two. */
void tp__swap_bytes(void *data, int64_t n, tp_dtype dtype);

#endif
