/* src/io/arena.c: memory that is given back all at once. */
#include "io/arena.h"

#include <string.h>

enum { CHUNK = 32 << 10 };

typedef struct tp__chunk {
    struct tp__chunk *before;
    size_t bytes;                              /* with this header */
} tp__chunk;

void *tp__arena_alloc(tp__arena *a, size_t bytes)
{
    const size_t rounded = bytes ? (bytes + 15) & ~(size_t)15 : 16;
    if (rounded < bytes || rounded > SIZE_MAX / 2) {
        tp_fail(TP_ERR_MEMORY, "file_open: no memory for %zu bytes", bytes);
        return NULL;
    }
    if (rounded > a->left) {
        const size_t needs = sizeof(tp__chunk) + rounded, takes = needs > CHUNK / 4 ? needs : CHUNK;
        if (a->limit && takes > a->limit - a->taken) {
            tp_fail(TP_ERR_FORMAT, "file_open: what the file describes takes more than %zu MB of memory", a->limit >> 20);
            return NULL;
        }
        tp__chunk *const chunk = tp_mem_calloc(takes);
        if (!chunk)
            return NULL;
        *chunk = (tp__chunk){ a->last, takes };
        a->last = chunk;
        a->taken += takes;
        a->left = takes - sizeof *chunk;
    }
    char *const at = (char *)a->last + a->last->bytes - a->left;
    a->left -= rounded;
    return at;
}

char *tp__arena_text(tp__arena *a, const char *text, size_t n)
{
    char *const copy = tp__arena_alloc(a, n + 1);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

void tp__arena_free(tp__arena *a)
{
    while (a->last) {
        tp__chunk *const chunk = a->last;
        a->last = chunk->before;
        tp_mem_free(chunk, chunk->bytes);
    }
    a->left = a->taken = 0;
}
