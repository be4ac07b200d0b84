/* parallel.h: one loop on several threads. The pieces are fixed by the caller, from shapes alone; who runs which is not. */
#ifndef TP__PARALLEL_H
#define TP__PARALLEL_H

#include <stdint.h>

typedef void tp__piece_fn(void *arg, int64_t piece);
typedef void tp__items_fn(void *arg, int64_t first, int64_t last);

/* Calls fn(arg, i) for every 0 <= i < pieces, on at most `threads` threads, this one among them, and returns when all are
 * done. In order on this thread where threads is 1, inside of another such loop, or while another thread runs one. A piece
 * should be worth some ten microseconds. */
void tp__parallel(int64_t pieces, int threads, tp__piece_fn *fn, void *arg);

/* The same over items that may be too small for a piece each: fn(arg, first, last) for runs of them that move about TP__PIECE
 * elements; `size` is what one item moves, or as much work. The cuts depend on `threads`: no item's result may depend on them. */
#define TP__PIECE (1 << 15)
void tp__parallel_items(int64_t items, int64_t size, int threads, tp__items_fn *fn, void *arg);

int tp__processors(void);                              /* that the process may use */

/* Ends the pool's threads, when the program ends. The next loop would start new ones. */
void tp__parallel_stop(void);

/* Inside of a piece: which of the loop's threads runs it, 0 <= seat < threads. No two at once have the same. */
int tp__seat(void);

#endif
