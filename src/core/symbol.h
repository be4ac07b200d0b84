/* symbol.h: an address of the program, as text. */
#ifndef TP__SYMBOL_H
#define TP__SYMBOL_H

#include <stdbool.h>
#include <stddef.h>

/* "train.c:41" with debug information and libdw, else "main+0x1f in train"; false when nothing is known. */
bool tp__symbolize(const void *address, char *out, size_t size);

#endif
