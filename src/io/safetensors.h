/* src/io/safetensors.h: the dtypes of the format, and what an open file is. */
#ifndef TP_IO_SAFETENSORS_H
#define TP_IO_SAFETENSORS_H

#include "io/mapping.h"

#include <taper/io.h>

/* name in the header, our dtype (0: we have none), bits of an element */
#define TP__EACH_SAFETENSORS_DTYPE(X) \
    X("F32", TP_F32, 32) X("F64", TP_F64, 64) X("F16", TP_F16, 16) X("BF16", TP_BF16, 16) \
    X("I64", TP_I64, 64) X("I32", TP_I32, 32) X("I16", TP_I16, 16) X("I8", TP_I8, 8) X("U8", TP_U8, 8) X("BOOL", TP_BOOL, 8) \
    X("C64", TP_C64, 64) X("U64", 0, 64) X("U32", 0, 32) X("U16", 0, 16) \
    X("F8_E5M2", 0, 8) X("F8_E4M3", 0, 8) X("F8_E8M0", 0, 8) X("F6_E2M3", 0, 6) X("F6_E3M2", 0, 6) X("F4", 0, 4)

/* A limit on what a stranger's file makes us read: the tree takes some 13 times the text, and 75 times where the text is made
 * for it (nothing but {}). The reference implementation allows 100 MB. */
enum { TP__SAFETENSORS_MAX_HEADER = 32 << 20 };

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors are little-endian, and are read and written as they lie in memory"
#endif

typedef struct tp__entry {
    const char *name, *dtype_text;             /* in the header */
    tp_dtype dtype;
    tp_shape shape;
    int64_t begin, end;                        /* from the start of the data */
} tp__entry;

struct tp_safetensors {
    tp_object object;
    const char *path;                          /* while it is being opened */
    tp__mapping *map;
    const char *data;
    int64_t data_bytes;
    struct json_t *header;
    tp__entry *entries, **sorted;              /* sorted by name, once it is open */
    int64_t n, capacity;
    tp_metadata *metadata;                     /* sorted by key */
    int64_t n_metadata, metadata_capacity;
};

/* Of a file that is mapped already; counts the mapping. The path is for messages of this call. */
tp_safetensors *tp__safetensors_over(const char *path, tp__mapping *map);

/* For those who write: what the format and its JSON take. */
tp_status tp__safetensors_check(const tp_named_tensor *entries, int64_t n, const tp_metadata *metadata, int64_t n_metadata);
/* NULL, and the error, if the text is not UTF-8. `what` and i say whose text it is. */
struct json_t *tp__safetensors_string(const char *text, const char *what, int64_t i);
/* Takes over `value`, which may be NULL: its maker has failed. TP_ERR_ARGUMENT: the key is there already. */
tp_status tp__safetensors_put(struct json_t *object, const struct json_t *key, struct json_t *value, const char *plural);

#endif
