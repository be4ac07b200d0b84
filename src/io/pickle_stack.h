/* src/io/pickle_stack.h: what opcodes do with the machine's stack, its memo, and the bytes of the program. Whatever returns a status, or may return
 * NULL, has set an error then. */
#ifndef TP_IO_PICKLE_STACK_H
#define TP_IO_PICKLE_STACK_H

#include "io/pickle.h"

/* v may be NULL, whose error stands. */
tp_status tp__pickle_push(tp__pickle *p, tp__py *v);
/* Are there n values above the last mark? An opcode that takes them asks first. */
bool tp__pickle_has(const tp__pickle *p, uint32_t n);
static inline tp__py *tp__pickle_pop(tp__pickle *p) { return p->stack[--p->n_stack]; }
static inline tp__py *tp__pickle_top(const tp__pickle *p) { return p->stack[p->n_stack - 1]; }

tp_status tp__pickle_mark(tp__pickle *p);
/* Takes the last mark away: what was above it is p->stack[*from ..]. */
tp_status tp__pickle_pop_mark(tp__pickle *p, uint32_t *from);
/* Where what is above the last mark begins */
static inline uint32_t tp__pickle_floor(const tp__pickle *p) { return p->n_marks ? p->marks[p->n_marks - 1] : 0; }

/* The memo: the value on top as number i, and back onto the stack */
tp_status tp__pickle_put(tp__pickle *p, uint64_t i);
tp_status tp__pickle_get(tp__pickle *p, uint64_t i);

/* The next n bytes of the program; a little-endian number of n <= 8 of them; a line, without its end */
const unsigned char *tp__pickle_take(tp__pickle *p, uint64_t n);
tp_status tp__pickle_number(tp__pickle *p, int n, uint64_t *out);
const char *tp__pickle_line(tp__pickle *p, size_t *n);

/* Frees the stack, the marks and the memo. */
void tp__pickle_release(tp__pickle *p);

#endif
