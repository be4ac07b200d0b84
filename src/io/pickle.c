/* src/io/pickle.c: the machine that reads pickles: opcodes of protocols 2 to 5 (pickletools.py of Python describes them). */
#include "io/pickle.h"

#include "io/mapping.h"

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

/* NULL has failed already. */
static tp_status push(tp__pickle *p, tp__py *v)
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

static uint32_t floor_of(const tp__pickle *p) { return p->n_marks ? p->marks[p->n_marks - 1] : 0; }

/* What an opcode takes must lie above the last mark. */
static bool has(const tp__pickle *p, uint32_t n)
{
    if (p->n_stack - floor_of(p) >= n)
        return true;
    tp__pickle_broken(p, "the stack is empty");
    return false;
}

static tp__py *pop(tp__pickle *p) { return p->stack[--p->n_stack]; }
static tp__py *top(const tp__pickle *p) { return p->stack[p->n_stack - 1]; }

/* Takes the last mark away: what was above it is p->stack[*from ..]. */
static tp_status pop_mark(tp__pickle *p, uint32_t *from)
{
    if (!p->n_marks)
        return tp__pickle_broken(p, "there is no mark");
    *from = p->marks[--p->n_marks];
    return TP_OK;
}

/* ---- Bytes ---------------------------------------------------------------------------------------------------------------------- */

static const unsigned char *take(tp__pickle *p, uint64_t n)
{
    if (n > (uint64_t)(p->end - p->at)) {
        tp__pickle_broken(p, "it ends too early");
        return NULL;
    }
    p->at += n;
    return p->at - n;
}

/* A little-endian number of n <= 8 bytes. */
static tp_status take_number(tp__pickle *p, int n, uint64_t *out)
{
    const unsigned char *const at = take(p, (uint64_t)n);
    *out = 0;
    for (int i = 0; at && i < n; i++)
        *out |= (uint64_t)at[i] << 8 * i;
    return at ? TP_OK : TP_ERR_FORMAT;
}

static const char *take_line(tp__pickle *p, size_t *n)
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

/* ---- Opcodes: plain values -------------------------------------------------------------------------------------------------------- */

static tp_status push_integer(tp__pickle *p, tp__py_kind kind, int64_t value)
{
    tp__py *const v = tp__py_new(p, kind);
    if (v)
        v->as.integer = value;
    return push(p, v);
}

static tp_status do_none(tp__pickle *p) { return push(p, tp__py_new(p, TP__PY_NONE)); }
static tp_status do_true(tp__pickle *p) { return push_integer(p, TP__PY_BOOL, 1); }
static tp_status do_false(tp__pickle *p) { return push_integer(p, TP__PY_BOOL, 0); }

static tp_status do_binint(tp__pickle *p)
{
    uint64_t u;
    return take_number(p, 4, &u) ? TP_ERR_FORMAT : push_integer(p, TP__PY_INT, (int32_t)(uint32_t)u);
}

static tp_status do_binint1(tp__pickle *p)
{
    uint64_t u;
    return take_number(p, 1, &u) ? TP_ERR_FORMAT : push_integer(p, TP__PY_INT, (int64_t)u);
}

static tp_status do_binint2(tp__pickle *p)
{
    uint64_t u;
    return take_number(p, 2, &u) ? TP_ERR_FORMAT : push_integer(p, TP__PY_INT, (int64_t)u);
}

/* Two's complement, of any length; what 64 bits do not hold is opaque. */
static tp_status push_long(tp__pickle *p, uint64_t n)
{
    const unsigned char *const at = take(p, n);
    if (!at)
        return TP_ERR_FORMAT;
    if (n > 8)
        return push(p, tp__py_opaque(p, "int", 3));
    uint64_t u = n > 0 && at[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (uint64_t i = n; i > 0; i--)
        u = u << 8 | at[i - 1];
    return push_integer(p, TP__PY_INT, (int64_t)u);
}

static tp_status do_long1(tp__pickle *p)
{
    uint64_t n;
    return take_number(p, 1, &n) ? TP_ERR_FORMAT : push_long(p, n);
}

static tp_status do_long4(tp__pickle *p)
{
    uint64_t n;
    return take_number(p, 4, &n) ? TP_ERR_FORMAT : push_long(p, n);
}

static tp_status do_binfloat(tp__pickle *p)            /* big-endian */
{
    uint64_t u;
    if (take_number(p, 8, &u))
        return TP_ERR_FORMAT;
    u = __builtin_bswap64(u);
    tp__py *const v = tp__py_new(p, TP__PY_REAL);
    if (v)
        memcpy(&v->as.real, &u, 8);
    return push(p, v);
}

static tp_status push_text(tp__pickle *p, tp__py_kind kind, int length_bytes)
{
    uint64_t n;
    const unsigned char *const at = take_number(p, length_bytes, &n) ? NULL : take(p, n);
    if (!at)
        return TP_ERR_FORMAT;
    if (n > UINT32_MAX)
        return tp__pickle_broken(p, "a text is too long");
    tp__py *const v = tp__py_new(p, kind);
    if (v) {
        v->as.text = (const char *)at;
        v->n = (uint32_t)n;
    }
    return push(p, v);
}

static tp_status do_text1(tp__pickle *p) { return push_text(p, TP__PY_TEXT, 1); }
static tp_status do_text4(tp__pickle *p) { return push_text(p, TP__PY_TEXT, 4); }
static tp_status do_text8(tp__pickle *p) { return push_text(p, TP__PY_TEXT, 8); }
static tp_status do_bytes1(tp__pickle *p) { return push_text(p, TP__PY_BYTES, 1); }
static tp_status do_bytes4(tp__pickle *p) { return push_text(p, TP__PY_BYTES, 4); }
static tp_status do_bytes8(tp__pickle *p) { return push_text(p, TP__PY_BYTES, 8); }

/* ---- Containers ---------------------------------------------------------------------------------------------------------------------- */

/* The values from stack[from] on, which leave it, in a new container, or in one that is there. */
static tp_status gather(tp__pickle *p, tp__py *into, uint32_t from)
{
    if (!into)
        return tp_error_status();
    for (uint32_t i = from; i < p->n_stack; i++)
        if (tp__py_append(p, into, p->stack[i]))
            return tp_error_status();
    p->n_stack = from;
    return TP_OK;
}

static tp_status push_gathered(tp__pickle *p, tp__py_kind kind, uint32_t from)
{
    tp__py *const v = tp__py_new(p, kind);
    if (kind == TP__PY_DICT && (p->n_stack - from) % 2)
        return tp__pickle_broken(p, "a key has no value");
    return gather(p, v, from) ? tp_error_status() : push(p, v);
}

static tp_status push_marked(tp__pickle *p, tp__py_kind kind)
{
    uint32_t from = 0;
    return pop_mark(p, &from) ? TP_ERR_FORMAT : push_gathered(p, kind, from);
}

static tp_status push_last(tp__pickle *p, uint32_t n)
{
    return has(p, n) ? push_gathered(p, TP__PY_TUPLE, p->n_stack - n) : TP_ERR_FORMAT;
}

static tp_status do_empty_tuple(tp__pickle *p) { return push(p, tp__py_new(p, TP__PY_TUPLE)); }
static tp_status do_empty_list(tp__pickle *p) { return push(p, tp__py_new(p, TP__PY_LIST)); }
static tp_status do_empty_dict(tp__pickle *p) { return push(p, tp__py_new(p, TP__PY_DICT)); }
static tp_status do_empty_set(tp__pickle *p) { return push(p, tp__py_opaque(p, "set", 3)); }
static tp_status do_tuple(tp__pickle *p) { return push_marked(p, TP__PY_TUPLE); }
static tp_status do_list(tp__pickle *p) { return push_marked(p, TP__PY_LIST); }
static tp_status do_dict(tp__pickle *p) { return push_marked(p, TP__PY_DICT); }
static tp_status do_tuple1(tp__pickle *p) { return push_last(p, 1); }
static tp_status do_tuple2(tp__pickle *p) { return push_last(p, 2); }
static tp_status do_tuple3(tp__pickle *p) { return push_last(p, 3); }

static tp_status do_frozenset(tp__pickle *p)
{
    uint32_t from = 0;
    if (pop_mark(p, &from))
        return TP_ERR_FORMAT;
    p->n_stack = from;
    return push(p, tp__py_opaque(p, "frozenset", 9));
}

/* Members for what lies below stack[from]; an opaque value takes any and keeps none. */
static tp_status add_members(tp__pickle *p, tp__py_kind kind, uint32_t from)
{
    if (from <= floor_of(p))
        return tp__pickle_broken(p, "the stack is empty");
    tp__py *const into = p->stack[from - 1];
    if (into->kind == TP__PY_OPAQUE) {
        p->n_stack = from;
        return TP_OK;
    }
    if (into->kind != kind || (kind == TP__PY_DICT && (p->n_stack - from) % 2))
        return tp__pickle_broken(p, "members are added to what takes none");
    return gather(p, into, from);
}

static tp_status do_append(tp__pickle *p) { return has(p, 2) ? add_members(p, TP__PY_LIST, p->n_stack - 1) : TP_ERR_FORMAT; }
static tp_status do_setitem(tp__pickle *p) { return has(p, 3) ? add_members(p, TP__PY_DICT, p->n_stack - 2) : TP_ERR_FORMAT; }

static tp_status do_appends(tp__pickle *p)             /* and the items of a set */
{
    uint32_t from = 0;
    return pop_mark(p, &from) ? TP_ERR_FORMAT : add_members(p, TP__PY_LIST, from);
}

static tp_status do_setitems(tp__pickle *p)
{
    uint32_t from = 0;
    return pop_mark(p, &from) ? TP_ERR_FORMAT : add_members(p, TP__PY_DICT, from);
}

/* ---- Names, and what is made by them ------------------------------------------------------------------------------------------------------ */

static tp_status push_name(tp__pickle *p, const char *module, size_t m, const char *name, size_t n)
{
    char text[200];
    const tp__py_name *const known = tp__py_find_name(module, m, name, n);
    if (known) {
        tp__py *const v = tp__py_new(p, TP__PY_NAME);
        if (v)
            v->as.name = known;
        return push(p, v);
    }
    const int used = snprintf(text, sizeof text, "%.*s.%.*s", (int)(m < 90 ? m : 90), module, (int)(n < 90 ? n : 90), name);
    return push(p, tp__py_opaque(p, text, (size_t)used));
}

static tp_status do_global(tp__pickle *p)
{
    size_t m, n;
    const char *const module = take_line(p, &m), *const name = module ? take_line(p, &n) : NULL;
    return name ? push_name(p, module, m, name, n) : TP_ERR_FORMAT;
}

static tp_status do_stack_global(tp__pickle *p)
{
    if (!has(p, 2))
        return TP_ERR_FORMAT;
    const tp__py *const name = pop(p), *const module = pop(p);
    if (name->kind != TP__PY_TEXT || module->kind != TP__PY_TEXT)
        return tp__pickle_broken(p, "a name is no text");
    return push_name(p, module->as.text, module->n, name->as.text, name->n);
}

static tp_status do_reduce(tp__pickle *p)
{
    if (!has(p, 2))
        return TP_ERR_FORMAT;
    const tp__py *const args = pop(p), *const maker = pop(p);
    if (args->kind != TP__PY_TUPLE)
        return tp__pickle_broken(p, "arguments are no tuple");
    const bool knows = maker->kind == TP__PY_NAME && maker->as.name->call;
    return push(p, knows ? maker->as.name->call(p, args->as.at, args->n) : tp__py_what(p, maker));
}

static tp_status do_newobj(tp__pickle *p)              /* class, arguments */
{
    if (!has(p, 2))
        return TP_ERR_FORMAT;
    pop(p);
    return push(p, tp__py_what(p, pop(p)));
}

static tp_status do_newobj_ex(tp__pickle *p)           /* class, arguments, named arguments */
{
    if (!has(p, 3))
        return TP_ERR_FORMAT;
    pop(p);
    return do_newobj(p);
}

static tp_status do_build(tp__pickle *p)               /* attributes: of what we know they say nothing that is needed */
{
    if (!has(p, 2))
        return TP_ERR_FORMAT;
    pop(p);
    return TP_OK;
}

static tp_status do_binpersid(tp__pickle *p)
{
    return has(p, 1) ? push(p, p->persistent(p->self, p, pop(p))) : TP_ERR_FORMAT;
}

/* ---- The memo, the stack, the frame -------------------------------------------------------------------------------------------------------- */

static tp_status put(tp__pickle *p, uint64_t i)
{
    if (!has(p, 1))
        return TP_ERR_FORMAT;
    if (i >= MOST_MEMO)
        return tp__pickle_broken(p, "too many values are remembered");
    if (make_room((void **)&p->memo, (uint32_t)i, &p->memo_room, sizeof *p->memo))
        return TP_ERR_MEMORY;
    p->memo[i] = top(p);
    return TP_OK;
}

static tp_status get(tp__pickle *p, uint64_t i)
{
    return i < p->memo_room && p->memo[i] ? push(p, p->memo[i]) : tp__pickle_broken(p, "a value is recalled that was not remembered");
}

static tp_status do_binput(tp__pickle *p)
{
    uint64_t i;
    return take_number(p, 1, &i) ? TP_ERR_FORMAT : put(p, i);
}

static tp_status do_long_binput(tp__pickle *p)
{
    uint64_t i;
    return take_number(p, 4, &i) ? TP_ERR_FORMAT : put(p, i);
}

static tp_status do_binget(tp__pickle *p)
{
    uint64_t i;
    return take_number(p, 1, &i) ? TP_ERR_FORMAT : get(p, i);
}

static tp_status do_long_binget(tp__pickle *p)
{
    uint64_t i;
    return take_number(p, 4, &i) ? TP_ERR_FORMAT : get(p, i);
}

static tp_status do_memoize(tp__pickle *p)
{
    p->n_memoized++;
    return put(p, p->n_memoized - 1);
}

static tp_status do_mark(tp__pickle *p)
{
    if (p->n_marks == MOST_STACK)
        return tp__pickle_broken(p, "too many marks are set");
    if (make_room((void **)&p->marks, p->n_marks, &p->mark_room, sizeof *p->marks))
        return TP_ERR_MEMORY;
    p->marks[p->n_marks++] = p->n_stack;
    return TP_OK;
}

static tp_status do_pop(tp__pickle *p)                 /* a mark, where nothing lies on it */
{
    if (p->n_marks && p->n_stack == floor_of(p)) {
        p->n_marks--;
        return TP_OK;
    }
    if (!has(p, 1))
        return TP_ERR_FORMAT;
    pop(p);
    return TP_OK;
}

static tp_status do_pop_mark(tp__pickle *p)
{
    uint32_t from = 0;
    if (pop_mark(p, &from))
        return TP_ERR_FORMAT;
    p->n_stack = from;
    return TP_OK;
}

static tp_status do_dup(tp__pickle *p) { return has(p, 1) ? push(p, top(p)) : TP_ERR_FORMAT; }

static tp_status do_proto(tp__pickle *p)
{
    const unsigned char *const version = take(p, 1);
    return version && *version > 5 ? tp__pickle_broken(p, "its protocol is newer than 5") : version ? TP_OK : TP_ERR_FORMAT;
}

static tp_status do_frame(tp__pickle *p) { return take(p, 8) ? TP_OK : TP_ERR_FORMAT; }

static tp_status do_stop(tp__pickle *p)
{
    if (!has(p, 1))
        return TP_ERR_FORMAT;
    p->result = pop(p);
    return TP_OK;
}

/* ---- Running ---------------------------------------------------------------------------------------------------------------------------------- */

typedef tp_status opcode(tp__pickle *p);
static opcode *const opcodes[256] = {
    [0x80] = do_proto, [0x95] = do_frame, ['.'] = do_stop,
    ['N'] = do_none, [0x88] = do_true, [0x89] = do_false,
    ['J'] = do_binint, ['K'] = do_binint1, ['M'] = do_binint2, [0x8A] = do_long1, [0x8B] = do_long4, ['G'] = do_binfloat,
    ['X'] = do_text4, [0x8C] = do_text1, [0x8D] = do_text8, ['U'] = do_text1, ['T'] = do_text4,
    ['C'] = do_bytes1, ['B'] = do_bytes4, [0x8E] = do_bytes8, [0x96] = do_bytes8,
    [')'] = do_empty_tuple, ['t'] = do_tuple, [0x85] = do_tuple1, [0x86] = do_tuple2, [0x87] = do_tuple3,
    [']'] = do_empty_list, ['l'] = do_list, ['a'] = do_append, ['e'] = do_appends,
    ['}'] = do_empty_dict, ['d'] = do_dict, ['s'] = do_setitem, ['u'] = do_setitems,
    [0x8F] = do_empty_set, [0x90] = do_appends, [0x91] = do_frozenset,
    ['c'] = do_global, [0x93] = do_stack_global, ['R'] = do_reduce, [0x81] = do_newobj, [0x92] = do_newobj_ex, ['b'] = do_build,
    ['Q'] = do_binpersid,
    ['q'] = do_binput, ['r'] = do_long_binput, [0x94] = do_memoize, ['h'] = do_binget, ['j'] = do_long_binget,
    ['('] = do_mark, ['0'] = do_pop, ['1'] = do_pop_mark, ['2'] = do_dup,
};

static tp_status run(tp__pickle *p)
{
    while (!p->result) {
        const unsigned char *const code = take(p, 1);
        if (!code)
            return TP_ERR_FORMAT;
        if (!opcodes[*code])
            return tp_fail(TP_ERR_FORMAT, "file_open: opcode 0x%02X at byte %zu of the pickle is none that is read, in %s", *code,
                           (size_t)(code - p->start), p->where);
        if (opcodes[*code](p))
            return tp_error_status();
    }
    return TP_OK;
}

tp_status tp__pickle_run(tp__pickle *p, const void *at, size_t bytes)
{
    p->start = p->at = at;
    p->end = p->start + bytes;
    const tp_status status = run(p);
    tp_mem_free(p->stack, p->stack_room * sizeof *p->stack);
    tp_mem_free(p->memo, p->memo_room * sizeof *p->memo);
    tp_mem_free(p->marks, p->mark_room * sizeof *p->marks);
    p->stack = p->memo = NULL;
    p->marks = NULL;
    return status;
}
