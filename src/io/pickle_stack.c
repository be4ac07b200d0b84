/* src/io/pickle_stack.c: values, and the stack, the memo and the program of the machine that reads pickles. All are bounded. */
#include "io/pickle_stack.h"

#include <stdio.h>
#include <string.h>

/* More values than any checkpoint has on the stack at once, or remembers. */
enum { MOST_STACK = 1 << 20, MOST_MEMO = 1 << 24 };

tp_status tp__pickle_broken(const tp__pickle *p, const char *why)
{
    return tp_fail(TP_ERR_FORMAT, "file_open: %s, before byte %zu of the pickle, in %s", why, (size_t)(p->at - p->start), p->where);
}

/* ---- Values ----------------------------------------------------------------------------------------------------------------- */

tp__py *tp__py_new(tp__pickle *p, tp__py_kind kind)
{
    tp__py *const v = tp__arena_alloc(p->arena, sizeof *v);
    if (v)
        v->kind = kind;
    return v;
}

tp__py *tp__py_opaque(tp__pickle *p, const char *what, size_t n)
{
    tp__py *const v = tp__py_new(p, TP__PY_OPAQUE);
    if (!v)
        return NULL;
    v->as.what = tp__arena_text(p->arena, what, n < 200 ? n : 200);
    return v->as.what ? v : NULL;
}

tp__py *tp__py_what(tp__pickle *p, const tp__py *maker)
{
    char text[128];
    if (maker->kind == TP__PY_NAME)
        snprintf(text, sizeof text, "%s.%s", maker->as.name->module, maker->as.name->name);
    const char *const what = maker->kind == TP__PY_OPAQUE ? maker->as.what : maker->kind == TP__PY_NAME ? text : "an object";
    return tp__py_opaque(p, what, strlen(what));
}

tp_status tp__py_append(tp__pickle *p, tp__py *container, tp__py *member)
{
    if (container->n == container->room) {
        const uint32_t room = container->room ? 2 * container->room : 4;
        if (room > UINT32_MAX / 4)
            return tp__pickle_broken(p, "a container is too large");
        tp__py **const wider = tp__arena_alloc(p->arena, room * sizeof *wider);
        if (!wider)
            return tp_error_status();
        if (container->n)
            memcpy(wider, container->as.at, container->n * sizeof *wider);
        container->as.at = wider;
        container->room = room;
    }
    container->as.at[container->n++] = member;
    return TP_OK;
}

/* ---- The stack ---------------------------------------------------------------------------------------------------------------- */

/* Room for element i of an array of *room elements, all of them pointers or smaller. */
static tp_status make_room(void **array, uint32_t i, uint32_t *room, size_t size)
{
    if (i < *room)
        return TP_OK;
    uint32_t more = *room ? 2 * *room : 64;
    while (more <= i)
        more *= 2;
    void *const wider = tp_mem_resize(*array, *room * size, more * size);
    if (!wider)
        return TP_ERR_MEMORY;
    memset((char *)wider + *room * size, 0, (more - *room) * size);
    *array = wider;
    *room = more;
    return TP_OK;
}

tp_status tp__pickle_push(tp__pickle *p, tp__py *v)
{
    if (!v)
        return tp_error_status();
    if (p->n_stack == MOST_STACK)
        return tp__pickle_broken(p, "too many values are on the stack");
    if (make_room((void **)&p->stack, p->n_stack, &p->stack_room, sizeof *p->stack))
        return TP_ERR_MEMORY;
    p->stack[p->n_stack++] = v;
    return TP_OK;
}

bool tp__pickle_has(const tp__pickle *p, uint32_t n)
{
    if (p->n_stack - tp__pickle_floor(p) >= n)
        return true;
    tp__pickle_broken(p, "the stack is empty");
    return false;
}

tp_status tp__pickle_pop_mark(tp__pickle *p, uint32_t *from)
{
    if (!p->n_marks)
        return tp__pickle_broken(p, "there is no mark");
    *from = p->marks[--p->n_marks];
    return TP_OK;
}

tp_status tp__pickle_mark(tp__pickle *p)
{
    if (p->n_marks == MOST_STACK)
        return tp__pickle_broken(p, "too many marks are set");
    if (make_room((void **)&p->marks, p->n_marks, &p->mark_room, sizeof *p->marks))
        return TP_ERR_MEMORY;
    p->marks[p->n_marks++] = p->n_stack;
    return TP_OK;
}

/* ---- The memo ----------------------------------------------------------------------------------------------------------------- */

tp_status tp__pickle_put(tp__pickle *p, uint64_t i)
{
    if (!tp__pickle_has(p, 1))
        return TP_ERR_FORMAT;
    if (i >= MOST_MEMO)
        return tp__pickle_broken(p, "too many values are remembered");
    if (make_room((void **)&p->memo, (uint32_t)i, &p->memo_room, sizeof *p->memo))
        return TP_ERR_MEMORY;
    p->memo[i] = tp__pickle_top(p);
    return TP_OK;
}

tp_status tp__pickle_get(tp__pickle *p, uint64_t i)
{
    return i < p->memo_room && p->memo[i] ? tp__pickle_push(p, p->memo[i]) : tp__pickle_broken(p, "a value is recalled that was not remembered");
}

void tp__pickle_release(tp__pickle *p)
{
    tp_mem_free(p->stack, p->stack_room * sizeof *p->stack);
    tp_mem_free(p->memo, p->memo_room * sizeof *p->memo);
    tp_mem_free(p->marks, p->mark_room * sizeof *p->marks);
    p->stack = p->memo = NULL;
    p->marks = NULL;
}

/* ---- The program -------------------------------------------------------------------------------------------------------------- */

const unsigned char *tp__pickle_take(tp__pickle *p, uint64_t n)
{
    if (n > (uint64_t)(p->end - p->at)) {
        tp__pickle_broken(p, "it ends too early");
        return NULL;
    }
    p->at += n;
    return p->at - n;
}

tp_status tp__pickle_number(tp__pickle *p, int n, uint64_t *out)
{
    const unsigned char *const at = tp__pickle_take(p, (uint64_t)n);
    *out = 0;
    for (int i = 0; at && i < n; i++)
        *out |= (uint64_t)at[i] << 8 * i;
    return at ? TP_OK : TP_ERR_FORMAT;
}

const char *tp__pickle_line(tp__pickle *p, size_t *n)
{
    const unsigned char *const start = p->at, *const end = memchr(start, '\n', (size_t)(p->end - start));
    if (!end) {
        tp__pickle_broken(p, "it ends too early");
        return NULL;
    }
    p->at = end + 1;
    *n = (size_t)(end - start);
    return (const char *)start;
}
