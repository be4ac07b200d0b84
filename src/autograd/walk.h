/* walk.h: one backward under way. */
#ifndef TP__WALK_H
#define TP__WALK_H

#include "autograd/node.h"

typedef struct tp__ready { uint64_t seq; tp_node *node; } tp__ready;
typedef struct tp__claim { tp_node *node; struct tp__walk *walk; void *dy; uint8_t flags; } tp__claim;

/* Gradients that are gathered until the walk ends: of given inputs, and of leaves with hooks. Found by hash of the address;
 * for an output of a node, of node and output. */
typedef struct tp__gather { const void *of; uint16_t output; bool captured; tp_tensor *leaf, *dy; } tp__gather;

typedef struct tp__walk {
    tp_node **roots, *few_roots[8];                    /* counted: a hook may drop the outputs */
    size_t n_roots;
    tp__ready *heap;                                   /* nodes with gradients, the greatest seq on top */
    size_t ready, room;
    tp_node **seen;                                    /* to be tidied at the end: walked ones, or all when inputs are given */
    size_t n_seen, seen_room;
    tp__claim *borrowed;                               /* from a walk further out, given back at the end */
    size_t n_borrowed, borrowed_room;
    tp__gather *gather;                                /* in the order in which they were met: that of their hooks */
    size_t n_gather, gather_room;
    uint32_t *slot;                                    /* 1 + place in `gather`, by hash: open addressing, a power of two */
    size_t slot_room;
    bool create_graph, retain, to_inputs;
    uint32_t thread;                                   /* whose walk it is */
    tp__ready first_ready[16];                         /* a chain needs no more */
} tp__walk;

/* A list that grows by half and more; false: TP_ERR_MEMORY, and the list as it was. */
bool tp__grow(void *list, size_t *room, size_t n, size_t item, const void *fixed);

tp_status tp__walk_find_needed(tp__walk *walk, tp_tensor *const *outputs, int n);         /* walk_inputs.c */
tp__gather *tp__gather_at(tp__walk *walk, const void *of, uint16_t output, bool add);     /* NULL: not there, or no memory */
tp_status tp__walk_claim(tp__walk *walk, tp_node *node);
bool tp__walk_push(tp__walk *walk, tp_node *node);       /* into the heap; false: TP_ERR_MEMORY */
tp_status tp__walk_see(tp__walk *walk, tp_node *node);
/* Runs: outputs with their gradients (NULL: ones), until nothing is left. Frees all of the walk but its gathered gradients. */
tp_status tp__walk_run(tp__walk *walk, tp_tensor *const *outputs, int n, tp_tensor *const *grads);
void tp__walk_end(tp__walk *walk);

/* Calls the hooks on `output`, which may put another gradient into *slot; what they made is in the list above mark. */
tp_status tp__run_hooks(tp__hook *const *hooks, int output, tp_tensor **slot, uint32_t mark);
/* Calls the hooks that wait until the leaf's gradient was added to. */
tp_status tp__walk_told(tp_tensor *leaf);
/* Gives leaf or retaining tensor x the gradient g: takes it over, copies it, or adds it. */
tp_status tp__give_grad(tp_tensor *x, tp_tensor *g, uint32_t mark, bool create_graph);

#endif
