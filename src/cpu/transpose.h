/* transpose.h: matrices turned over. */
#ifndef TP__CPU_TRANSPOSE_H
#define TP__CPU_TRANSPOSE_H

#include <stdbool.h>
#include <stdint.h>

enum { TP__TRANSPOSE_SIDE = 64 };                      /* rows of y that go together */

/* y[i][j] = x[j][i] for i < rows, j < columns, of elements of 1, 2, 4 or 8 bytes; rows lie ldy and ldx elements apart. `streams`: y goes past the
 * caches, and the caller ends that. */
void tp__transpose(char *y, int64_t ldy, const char *x, int64_t ldx, int64_t rows, int64_t columns, int64_t item, bool streams);

#endif
