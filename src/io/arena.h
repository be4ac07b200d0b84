/* src/io/arena.h: memory that is given back all at once, with an end to how much a stranger's file may make us take. */
#ifndef TP_IO_ARENA_H
#define TP_IO_ARENA_H

#include <taper/extend.h>

typedef struct tp__arena {
    struct tp__chunk *last;
    size_t left, taken, limit;                 /* bytes: in the last chunk; of all chunks; at most, 0 without an end */
} tp__arena;

/* 16-byte aligned, zeroed. NULL: TP_ERR_MEMORY, or TP_ERR_FORMAT beyond the limit, "file_open: ..". */
void *tp__arena_alloc(tp__arena *a, size_t bytes);
char *tp__arena_text(tp__arena *a, const char *text, size_t n);          /* a copy, with a 0 behind it */
void tp__arena_free(tp__arena *a);

#endif
