/* tests/failing_jansson.h: an allocator for jansson, as a program may give it one, that fails from a given call on. */
#ifndef TP_TESTS_FAILING_JANSSON_H
#define TP_TESTS_FAILING_JANSSON_H

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static int64_t jansson_calls, jansson_fails_at, jansson_blocks;
static json_malloc_t jansson_old_malloc;
static json_free_t jansson_old_free;

static void *jansson_malloc(size_t size)
{
    void *const at = ++jansson_calls >= jansson_fails_at ? NULL : malloc(size);
    jansson_blocks += at != NULL;
    if (!at) errno = ENOMEM;
    return at;
}

static void jansson_free(void *at)
{
    jansson_blocks -= at != NULL;
    free(at);
}

static void jansson_fail_at(int64_t call)
{
    jansson_calls = 0;
    jansson_fails_at = call;
}

static void jansson_begin(void)
{
    json_get_alloc_funcs(&jansson_old_malloc, &jansson_old_free);
    json_set_alloc_funcs(jansson_malloc, jansson_free);
}

static void jansson_end(void) { json_set_alloc_funcs(jansson_old_malloc, jansson_old_free); }

#endif
