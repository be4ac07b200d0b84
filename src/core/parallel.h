/* parallel.h: one loop on several threads. The pieces are fixed by the caller, from shapes alone; who runs which is not. */
#ifndef TP__PARALLEL_H
#define TP__PARALLEL_H

#include <stdint.h>

typedef void tp__piece_fn(void *arg, int64_t piece);

/* Calls fn(arg, i) for every 0 <= i < pieces, on at most `threads` threads, this one among them, and returns when all are
 * done. In order on this thread where threads is 1, inside of another such loop, or while another thread runs one. A piece
 * should be worth some ten microseconds. */
void tp__parallel(int64_t pieces, int threads, tp__piece_fn *fn, void *arg);

#endif
