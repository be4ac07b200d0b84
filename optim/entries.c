/* optim/entries.c: a growing list of what is to be written to a file. */
#include "entries.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static tp_status grow(tp__entries *e)
{
    if (e->n < e->room)
        return TP_OK;
    const int64_t room = e->room ? 2 * e->room : 64;
    tp_named_tensor *const at = tp_mem_alloc((size_t)room * sizeof *at);
    if (!at)
        return tp_error_status();
    if (e->n)
        memcpy(at, e->at, (size_t)e->n * sizeof *at);
    tp_mem_free(e->at, (size_t)e->room * sizeof *at);
    e->at = at;
    e->room = room;
    return TP_OK;
}

tp_status tp__entries_add(tp__entries *e, tp_tensor *x, const char *format, ...)
{
    if (!x || grow(e))
        return tp_error_status();
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    char *const name = length < 0 ? NULL : tp_mem_alloc((size_t)length + 1);
    if (name)
        vsnprintf(name, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    if (!name)
        return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_SYSTEM, "a name cannot be written");
    e->at[e->n++] = (tp_named_tensor){ name, x };
    return TP_OK;
}

tp_status tp__entries_say(tp__entries *e, const char *prefix, const char *key, const char *value)
{
    const size_t before = strlen(prefix), bytes = before + strlen(key) + 1;
    if (e->n_words == TP__MOST_WORDS)
        return tp_fail(TP_ERR_UNSUPPORTED, "a file says more than %d words", TP__MOST_WORDS);
    char *const name = tp_mem_alloc(bytes);
    if (!name)
        return tp_error_status();
    memcpy(name, prefix, before);
    memcpy(name + before, key, bytes - before);
    e->words[e->n_words++] = (tp_metadata){ name, value };
    return TP_OK;
}

tp_status tp__entries_save(tp__entries *e, tp_status status, const char *path)
{
    if (!status)
        status = tp_safetensors_save(path, e->at, e->n, e->n_words ? e->words : NULL, e->n_words);
    for (int64_t i = 0; i < e->n; i++)
        tp_mem_free((void *)e->at[i].name, strlen(e->at[i].name) + 1);
    for (int64_t i = 0; i < e->n_words; i++)
        tp_mem_free((void *)e->words[i].key, strlen(e->words[i].key) + 1);
    tp_mem_free(e->at, (size_t)e->room * sizeof *e->at);
    return status;
}

const char *tp__file_says(const tp_file *file, const char *prefix, const char *key)
{
    char name[256];
    const int length = snprintf(name, sizeof name, "%s%s", prefix ? prefix : "", key);
    const char *const said = length > 0 && (size_t)length < sizeof name ? tp_file_metadata(file, name) : NULL;
    return said ? said : tp_file_metadata(file, key);
}
