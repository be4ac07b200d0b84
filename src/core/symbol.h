/* symbol.h: an address of the program, as text. */
#ifndef TP__SYMBOL_H
#define TP__SYMBOL_H

#include <stdbool.h>
#include <stddef.h>

/* Where the innermost function outside of Taper made its call, by unwinding; NULL where it cannot be told, as in a program
 * that Taper is linked into statically. */
const void *tp__outside_caller(void);
/* The library that has this address is a part of Taper: the CUDA backend. */
void tp__symbol_inside(const void *address);
/* "train.c:41" with debug information and libdw, else "main+0x1f in train"; false when nothing is known. */
bool tp__symbolize(const void *address, char *out, size_t size);

#endif
