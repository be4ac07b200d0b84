/* blocks.c: cutting blocks, joining them again, and finding the smallest that will do. */
#include "cuda/blocks.h"

#include <stdlib.h>

/* ---- The list, by size and address -------------------------------------------------------------------------------------------------- */

static bool comes_before(const tpc_block *a, size_t bytes, const char *data)
{
    return a->bytes < bytes || (a->bytes == bytes && a->data < data);
}

/* The place of the first that is not before (bytes, data). */
static int64_t place_of(const tpc_pool *p, size_t bytes, const char *data)
{
    int64_t lo = 0, hi = p->n_free;
    while (lo < hi) {
        const int64_t mid = (lo + hi) / 2;
        if (comes_before(p->free[mid], bytes, data)) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static void list_add(tpc_pool *p, tpc_block *b)
{
    const int64_t at = place_of(p, b->bytes, b->data);
    memmove(p->free + at + 1, p->free + at, sizeof *p->free * (size_t)(p->n_free - at));
    p->free[at] = b;
    p->n_free++;
    b->free = true;
}

void tpc_pool_remove(tpc_pool *p, tpc_block *b)
{
    const int64_t at = place_of(p, b->bytes, b->data);
    memmove(p->free + at, p->free + at + 1, sizeof *p->free * (size_t)(p->n_free - at - 1));
    p->n_free--;
    b->free = false;
}

/* ---- Blocks --------------------------------------------------------------------------------------------------------------------------- */

tpc_block *tpc_block_new(tpc_pool *p, char *data, size_t bytes)
{
    if (p->n_blocks == p->room) {
        const int64_t room = p->room ? 2 * p->room : 64;
        tpc_block **more = realloc(p->free, sizeof *more * (size_t)room);
        if (!more) return NULL;
        p->free = more;
        p->room = room;
    }
    tpc_block *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->data = data;
    b->bytes = bytes;
    b->of = p;
    p->n_blocks++;
    return b;
}

void tpc_block_drop(tpc_block *b)
{
    b->of->n_blocks--;
    free(b);
}

void tpc_block_put_back(tpc_block *b)
{
    tpc_pool *p = b->of;
    tpc_block *before = b->before, *after = b->after;
    if (before && before->free) {
        tpc_pool_remove(p, before);
        before->bytes += b->bytes;
        before->after = after;
        if (after) after->before = before;
        tpc_block_drop(b);
        b = before;
    }
    if (after && after->free) {
        tpc_pool_remove(p, after);
        b->bytes += after->bytes;
        b->after = after->after;
        if (b->after) b->after->before = b;
        tpc_block_drop(after);
    }
    list_add(p, b);
}

void tpc_block_cut(tpc_block *b, size_t bytes)
{
    tpc_pool *p = b->of;
    if (b->bytes - bytes < (p->small ? (size_t)TPC_ROUND : (size_t)TPC_SMALL + 1)) return;
    tpc_block *rest = tpc_block_new(p, b->data + bytes, b->bytes - bytes);
    if (!rest) return;                                 /* then it stays whole */
    rest->before = b;
    rest->after = b->after;
    if (rest->after) rest->after->before = rest;
    b->after = rest;
    b->bytes = bytes;
    list_add(p, rest);
}

/* ---- Pools ---------------------------------------------------------------------------------------------------------------------------- */

tpc_pool *tpc_pool_of(tpc_pool **pools, tpc_stream_of *stream, bool small)
{
    for (tpc_pool *p = *pools; p; p = p->next)
        if (p->stream == stream && p->small == small) return p;
    tpc_pool *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->stream = stream;
    p->small = small;
    p->next = *pools;
    return *pools = p;
}

tpc_block *tpc_pool_take(tpc_pool *pools, const tpc_stream_of *stream, bool small, size_t bytes)
{
    for (tpc_pool *p = pools; p; p = p->next) {
        if (p->stream != stream || p->small != small) continue;
        const int64_t at = place_of(p, bytes, NULL);
        if (at == p->n_free) continue;
        tpc_block *b = p->free[at];
        tpc_pool_remove(p, b);
        return b;
    }
    return NULL;
}
