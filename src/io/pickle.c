/* src/io/pickle.c: the machine that reads pickles: opcodes of protocols 2 to 5 (pickletools.py of Python describes them). */
#include "io/pickle_stack.h"

#include <stdio.h>
#include <string.h>

/* Opcodes that a number of so many bytes follows */
static tp_status with_number(tp__pickle *p, int n, tp_status (*then)(tp__pickle *p, uint64_t number))
{
    uint64_t number;
    return tp__pickle_number(p, n, &number) ? TP_ERR_FORMAT : then(p, number);
}

/* ---- Plain values -------------------------------------------------------------------------------------------------------------------- */

static tp_status push_integer(tp__pickle *p, tp__py_kind kind, int64_t value)
{
    tp__py *const v = tp__py_new(p, kind);
    if (v)
        v->as.integer = value;
    return tp__pickle_push(p, v);
}

static tp_status do_none(tp__pickle *p) { return tp__pickle_push(p, tp__py_new(p, TP__PY_NONE)); }
static tp_status do_true(tp__pickle *p) { return push_integer(p, TP__PY_BOOL, 1); }
static tp_status do_false(tp__pickle *p) { return push_integer(p, TP__PY_BOOL, 0); }

static tp_status push_signed(tp__pickle *p, uint64_t u) { return push_integer(p, TP__PY_INT, (int32_t)(uint32_t)u); }
static tp_status push_unsigned(tp__pickle *p, uint64_t u) { return push_integer(p, TP__PY_INT, (int64_t)u); }
static tp_status do_binint(tp__pickle *p) { return with_number(p, 4, push_signed); }
static tp_status do_binint1(tp__pickle *p) { return with_number(p, 1, push_unsigned); }
static tp_status do_binint2(tp__pickle *p) { return with_number(p, 2, push_unsigned); }

/* Two's complement, of any length; what 64 bits do not hold is opaque. */
static tp_status push_long(tp__pickle *p, uint64_t n)
{
    const unsigned char *const at = tp__pickle_take(p, n);
    if (!at)
        return TP_ERR_FORMAT;
    if (n > 8)
        return tp__pickle_push(p, tp__py_opaque(p, "int", 3));
    uint64_t u = n > 0 && at[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (uint64_t i = n; i > 0; i--)
        u = u << 8 | at[i - 1];
    return push_integer(p, TP__PY_INT, (int64_t)u);
}

static tp_status do_long1(tp__pickle *p) { return with_number(p, 1, push_long); }
static tp_status do_long4(tp__pickle *p) { return with_number(p, 4, push_long); }

static tp_status do_binfloat(tp__pickle *p)            /* big-endian */
{
    uint64_t u;
    if (tp__pickle_number(p, 8, &u))
        return TP_ERR_FORMAT;
    u = __builtin_bswap64(u);
    tp__py *const v = tp__py_new(p, TP__PY_REAL);
    if (v)
        memcpy(&v->as.real, &u, 8);
    return tp__pickle_push(p, v);
}

static tp_status push_text(tp__pickle *p, tp__py_kind kind, int length_bytes)
{
    uint64_t n;
    const unsigned char *const at = tp__pickle_number(p, length_bytes, &n) ? NULL : tp__pickle_take(p, n);
    if (!at)
        return TP_ERR_FORMAT;
    if (n > UINT32_MAX)
        return tp__pickle_broken(p, "a text is too long");
    tp__py *const v = tp__py_new(p, kind);
    if (v) {
        v->as.text = (const char *)at;
        v->n = (uint32_t)n;
    }
    return tp__pickle_push(p, v);
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
    return gather(p, v, from) ? tp_error_status() : tp__pickle_push(p, v);
}

static tp_status push_marked(tp__pickle *p, tp__py_kind kind)
{
    uint32_t from = 0;
    return tp__pickle_pop_mark(p, &from) ? TP_ERR_FORMAT : push_gathered(p, kind, from);
}

static tp_status push_last(tp__pickle *p, uint32_t n)
{
    return tp__pickle_has(p, n) ? push_gathered(p, TP__PY_TUPLE, p->n_stack - n) : TP_ERR_FORMAT;
}

static tp_status do_empty_tuple(tp__pickle *p) { return tp__pickle_push(p, tp__py_new(p, TP__PY_TUPLE)); }
static tp_status do_empty_list(tp__pickle *p) { return tp__pickle_push(p, tp__py_new(p, TP__PY_LIST)); }
static tp_status do_empty_dict(tp__pickle *p) { return tp__pickle_push(p, tp__py_new(p, TP__PY_DICT)); }
static tp_status do_empty_set(tp__pickle *p) { return tp__pickle_push(p, tp__py_opaque(p, "set", 3)); }
static tp_status do_tuple(tp__pickle *p) { return push_marked(p, TP__PY_TUPLE); }
static tp_status do_list(tp__pickle *p) { return push_marked(p, TP__PY_LIST); }
static tp_status do_dict(tp__pickle *p) { return push_marked(p, TP__PY_DICT); }
static tp_status do_tuple1(tp__pickle *p) { return push_last(p, 1); }
static tp_status do_tuple2(tp__pickle *p) { return push_last(p, 2); }
static tp_status do_tuple3(tp__pickle *p) { return push_last(p, 3); }

static tp_status do_frozenset(tp__pickle *p)
{
    uint32_t from = 0;
    if (tp__pickle_pop_mark(p, &from))
        return TP_ERR_FORMAT;
    p->n_stack = from;
    return tp__pickle_push(p, tp__py_opaque(p, "frozenset", 9));
}

/* Members for what lies below stack[from]; an opaque value takes any and keeps none. */
static tp_status add_members(tp__pickle *p, tp__py_kind kind, uint32_t from)
{
    if (from <= tp__pickle_floor(p))
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

static tp_status do_append(tp__pickle *p) { return tp__pickle_has(p, 2) ? add_members(p, TP__PY_LIST, p->n_stack - 1) : TP_ERR_FORMAT; }
static tp_status do_setitem(tp__pickle *p) { return tp__pickle_has(p, 3) ? add_members(p, TP__PY_DICT, p->n_stack - 2) : TP_ERR_FORMAT; }

static tp_status do_appends(tp__pickle *p)             /* and the items of a set */
{
    uint32_t from = 0;
    return tp__pickle_pop_mark(p, &from) ? TP_ERR_FORMAT : add_members(p, TP__PY_LIST, from);
}

static tp_status do_setitems(tp__pickle *p)
{
    uint32_t from = 0;
    return tp__pickle_pop_mark(p, &from) ? TP_ERR_FORMAT : add_members(p, TP__PY_DICT, from);
}

/* ---- Names, and what is made by them ------------------------------------------------------------------------------------------------- */

static tp_status push_name(tp__pickle *p, const char *module, size_t m, const char *name, size_t n)
{
    char text[200];
    const tp__py_name *const known = tp__py_find_name(module, m, name, n);
    if (known) {
        tp__py *const v = tp__py_new(p, TP__PY_NAME);
        if (v)
            v->as.name = known;
        return tp__pickle_push(p, v);
    }
    const int used = snprintf(text, sizeof text, "%.*s.%.*s", (int)(m < 90 ? m : 90), module, (int)(n < 90 ? n : 90), name);
    return tp__pickle_push(p, tp__py_opaque(p, text, (size_t)used));
}

static tp_status do_global(tp__pickle *p)
{
    size_t m, n;
    const char *const module = tp__pickle_line(p, &m), *const name = module ? tp__pickle_line(p, &n) : NULL;
    return name ? push_name(p, module, m, name, n) : TP_ERR_FORMAT;
}

static tp_status do_stack_global(tp__pickle *p)
{
    if (!tp__pickle_has(p, 2))
        return TP_ERR_FORMAT;
    const tp__py *const name = tp__pickle_pop(p), *const module = tp__pickle_pop(p);
    if (name->kind != TP__PY_TEXT || module->kind != TP__PY_TEXT)
        return tp__pickle_broken(p, "a name is no text");
    return push_name(p, module->as.text, module->n, name->as.text, name->n);
}

static tp_status do_reduce(tp__pickle *p)
{
    if (!tp__pickle_has(p, 2))
        return TP_ERR_FORMAT;
    const tp__py *const args = tp__pickle_pop(p), *const maker = tp__pickle_pop(p);
    if (args->kind != TP__PY_TUPLE)
        return tp__pickle_broken(p, "arguments are no tuple");
    const bool knows = maker->kind == TP__PY_NAME && maker->as.name->call;
    return tp__pickle_push(p, knows ? maker->as.name->call(p, args->as.at, args->n) : tp__py_what(p, maker));
}

static tp_status do_newobj(tp__pickle *p)              /* class, arguments */
{
    if (!tp__pickle_has(p, 2))
        return TP_ERR_FORMAT;
    tp__pickle_pop(p);
    return tp__pickle_push(p, tp__py_what(p, tp__pickle_pop(p)));
}

static tp_status do_newobj_ex(tp__pickle *p)           /* class, arguments, named arguments */
{
    if (!tp__pickle_has(p, 3))
        return TP_ERR_FORMAT;
    tp__pickle_pop(p);
    return do_newobj(p);
}

static tp_status do_build(tp__pickle *p)               /* attributes: of what we know they say nothing that is needed */
{
    if (!tp__pickle_has(p, 2))
        return TP_ERR_FORMAT;
    tp__pickle_pop(p);
    return TP_OK;
}

static tp_status do_binpersid(tp__pickle *p)
{
    return tp__pickle_has(p, 1) ? tp__pickle_push(p, p->persistent(p->self, p, tp__pickle_pop(p))) : TP_ERR_FORMAT;
}

/* ---- The memo, the stack, the frame -------------------------------------------------------------------------------------------------- */

static tp_status do_binput(tp__pickle *p) { return with_number(p, 1, tp__pickle_put); }
static tp_status do_long_binput(tp__pickle *p) { return with_number(p, 4, tp__pickle_put); }
static tp_status do_binget(tp__pickle *p) { return with_number(p, 1, tp__pickle_get); }
static tp_status do_long_binget(tp__pickle *p) { return with_number(p, 4, tp__pickle_get); }

static tp_status do_memoize(tp__pickle *p)
{
    p->n_memoized++;
    return tp__pickle_put(p, p->n_memoized - 1);
}

static tp_status do_pop(tp__pickle *p)                 /* a mark, where nothing lies on it */
{
    if (p->n_marks && p->n_stack == tp__pickle_floor(p)) {
        p->n_marks--;
        return TP_OK;
    }
    if (!tp__pickle_has(p, 1))
        return TP_ERR_FORMAT;
    tp__pickle_pop(p);
    return TP_OK;
}

static tp_status do_pop_mark(tp__pickle *p)
{
    uint32_t from = 0;
    if (tp__pickle_pop_mark(p, &from))
        return TP_ERR_FORMAT;
    p->n_stack = from;
    return TP_OK;
}

static tp_status do_dup(tp__pickle *p) { return tp__pickle_has(p, 1) ? tp__pickle_push(p, tp__pickle_top(p)) : TP_ERR_FORMAT; }

static tp_status do_proto(tp__pickle *p)
{
    const unsigned char *const version = tp__pickle_take(p, 1);
    return version && *version > 5 ? tp__pickle_broken(p, "its protocol is newer than 5") : version ? TP_OK : TP_ERR_FORMAT;
}

static tp_status do_frame(tp__pickle *p) { return tp__pickle_take(p, 8) ? TP_OK : TP_ERR_FORMAT; }

static tp_status do_stop(tp__pickle *p)
{
    if (!tp__pickle_has(p, 1))
        return TP_ERR_FORMAT;
    p->result = tp__pickle_pop(p);
    return TP_OK;
}

/* ---- Running ------------------------------------------------------------------------------------------------------------------------- */

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
    ['('] = tp__pickle_mark, ['0'] = do_pop, ['1'] = do_pop_mark, ['2'] = do_dup,
};

static tp_status run(tp__pickle *p)
{
    while (!p->result) {
        const unsigned char *const code = tp__pickle_take(p, 1);
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
    tp__pickle_release(p);
    return status;
}
