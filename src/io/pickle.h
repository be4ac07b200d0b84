/* src/io/pickle.h: what a pickle describes, read without running any of it.
 *
 * A pickle is a program for a stack machine, and Python's machine calls what it names. Ours knows plain values, containers, and
 * a short list of names (pickle_names.c); what is made by any other name is an opaque value, which only says that name. Memory,
 * steps and depth are bounded, whatever the pickle says. */
#ifndef TP_IO_PICKLE_H
#define TP_IO_PICKLE_H

#include "io/arena.h"

#include <taper/core.h>

typedef enum tp__py_kind {
    TP__PY_NONE, TP__PY_BOOL, TP__PY_INT, TP__PY_REAL, TP__PY_TEXT, TP__PY_BYTES, TP__PY_TUPLE, TP__PY_LIST, TP__PY_DICT,
    TP__PY_NAME,                               /* one that we know */
    TP__PY_STORAGE, TP__PY_TENSOR,             /* of PyTorch */
    TP__PY_OPAQUE
} tp__py_kind;

typedef struct tp__py tp__py;
typedef struct tp__pickle tp__pickle;
struct tp__py {
    uint8_t kind;
    bool open;                                 /* for who walks it: on the way from the root */
    uint32_t n, room;                          /* bytes of a text; members; keys and values of a dict, which alternate */
    union {
        int64_t integer;                       /* also a bool */
        double real;
        const char *text;                      /* in the pickle; no 0 behind it */
        tp__py **at;
        const struct tp__py_name *name;
        struct tp__py_storage *storage;
        struct tp__py_tensor *tensor;
        const char *what;                      /* opaque: "collections.Counter" */
    } as;
};

/* A name that may be called, or means a dtype. Dtype and untyped are of torch.FloatStorage, torch.float32, .. */
typedef struct tp__py_name {
    const char *module, *name;
    tp_dtype dtype;
    bool is_storage, is_untyped;
    tp__py *(*call)(tp__pickle *p, tp__py *const *args, uint32_t n);     /* NULL: TP_ERR_FORMAT or TP_ERR_MEMORY */
} tp__py_name;
const tp__py_name *tp__py_find_name(const char *module, size_t module_bytes, const char *name, size_t name_bytes);

typedef struct tp__py_storage {
    int64_t place, bytes;                      /* where it is in the archive */
    tp_dtype dtype;                            /* 0: untyped */
} tp__py_storage;

typedef struct tp__py_tensor {
    const tp__py_storage *storage;
    tp_dtype dtype;                            /* 0: dtype_text says what */
    const char *dtype_text;
    tp_shape shape;
    int64_t stride[TP_MAX_DIMS], offset, numel;        /* in elements; all in the storage */
} tp__py_tensor;

struct tp__pickle {
    const char *where;                         /* for messages */
    tp__arena *arena;                          /* values live as long as it, and as the bytes */
    /* What a persistent id stands for: a value of a kind of its own, NULL for an error. */
    tp__py *(*persistent)(void *self, tp__pickle *p, const tp__py *id);
    void *self;
    const unsigned char *start, *at, *end;
    tp__py **stack, **memo, *result;
    uint32_t *marks;
    uint32_t n_stack, stack_room, n_marks, mark_room, memo_room, n_memoized;
};

/* Runs the program from `at` to its end; p->result is the value. The caller sets where, arena, persistent, self. */
tp_status tp__pickle_run(tp__pickle *p, const void *at, size_t bytes);
tp__py *tp__py_new(tp__pickle *p, tp__py_kind kind);
tp__py *tp__py_opaque(tp__pickle *p, const char *what, size_t n);        /* copies */
tp__py *tp__py_what(tp__pickle *p, const tp__py *maker);                 /* an opaque value, made by this one */
tp_status tp__py_append(tp__pickle *p, tp__py *container, tp__py *member);
tp_status tp__pickle_broken(const tp__pickle *p, const char *why);       /* sets TP_ERR_FORMAT */
static inline bool tp__py_is_text(const tp__py *v, const char *text)
{
    return v->kind == TP__PY_TEXT && v->n == __builtin_strlen(text) && __builtin_memcmp(v->as.text, text, v->n) == 0;
}

#endif
