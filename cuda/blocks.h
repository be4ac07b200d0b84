/* blocks.h: blocks of device memory, and pools of those that are free. What the device gives is a segment; it is cut into blocks that know their
 * neighbours, so that free ones can be joined again. A pool has the blocks of a stream's small segments, or of its other ones.
 *
 * Nothing here asks the device for anything: alloc.c does, and holds its lock whenever it calls what is here. */
#ifndef TPC_BLOCKS_H
#define TPC_BLOCKS_H

#include "cuda/runtime.h"

/* Sizes are multiples of ROUND; blocks up to SMALL are of small segments; so many other streams of a block are noted */
enum { TPC_ROUND = 512, TPC_SMALL = 1 << 20, TPC_USES = 6 };

typedef struct tpc_pool tpc_pool;
struct tpc_block {
    char *data;
    size_t bytes;
    tpc_pool *of;
    tpc_block *before, *after;                         /* in the segment */
    tpc_block *next;                                   /* of the parked ones, or of a thread's rooms */
    bool free, alone;                                  /* alone: by TAPER_CUDA_ALLOC=direct, in no pool's list */
    bool released;                                     /* and held still */
    int n_holds;                                       /* graphs that use it at each replay */
    uint64_t held_by;                                  /* the last of them */
    int n_uses, n_events;
    tpc_stream_of *use[TPC_USES];                      /* other streams */
    cudaEvent_t event[TPC_USES];
};

struct tpc_pool {
    tpc_pool *next;
    tpc_stream_of *stream;
    bool small;
    int64_t n_blocks, n_free, room;                    /* room: the list can take all blocks, so that a release needs no memory */
    tpc_block **free;                                  /* by size, then address */
};

/* Another block of the pool, in no list. NULL: the host has no memory. */
tpc_block *tpc_block_new(tpc_pool *p, char *data, size_t bytes);
void tpc_block_drop(tpc_block *b);
/* b is free and in no list: it goes into its pool's, joined with free neighbours. */
void tpc_block_put_back(tpc_block *b);
/* What is left of a block that is larger than it need be becomes a free block, unless that is too small to be of use. */
void tpc_block_cut(tpc_block *b, size_t bytes);

/* The first pool of the stream, or a new one. NULL: the host has no memory. */
tpc_pool *tpc_pool_of(tpc_pool **pools, tpc_stream_of *stream, bool small);
/* The smallest free block that has `bytes`, which leaves its list, or NULL */
tpc_block *tpc_pool_take(tpc_pool *pools, const tpc_stream_of *stream, bool small, size_t bytes);
void tpc_pool_remove(tpc_pool *p, tpc_block *b);

#endif
