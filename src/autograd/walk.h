/* walk.h: one backward under way. */
#ifndef TP__WALK_H
#define TP__WALK_H

#include "autograd/node.h"

/* What waits for its turn, the greatest key first. Nodes come by falling seq. A leaf whose owner waits for its gradient comes right
 * after the last node that adds to it, and the leaves of one node by its arguments: so the key is that node's seq, and
 * below it a byte, 255 for the node itself and 254 less the argument for a leaf. */
typedef struct tp__ready { uint64_t key; union { tp_node *node; size_t gather; } what; } tp__ready;
enum { TP__KEY_BITS = 8, TP__KEY_NODE = 255 };
#define TP__KEY_NOW (UINT64_MAX - 1)                   /* of a leaf that no node adds to, only who began the walk */
static inline uint64_t tp__key(uint64_t seq, int below) { return seq << TP__KEY_BITS | (uint64_t)below; }
static inline int tp__key_of_edge(int i) { return i < TP__KEY_NODE - 1 ? TP__KEY_NODE - 1 - i : 0; }

typedef struct tp__claim { tp_node *node; struct tp__walk *walk; void *dy; uint8_t flags; } tp__claim;

/* Gradients that are gathered until they are complete: of given inputs, and of leaves with hooks. Found by hash of the
 * address; for an output of a node, of node and output. */
typedef struct tp__gather {
    const void *of;
    uint16_t output;
    bool captured;                                     /* it was asked for */
    bool reached;                                      /* and an output is made of it */
    tp_tensor *leaf, *dy;                              /* counted; leaf: NULL for an output of a node */
    tp__grad_rows *rows;                               /* what came as rows, beside dy */
    uint64_t key;                                      /* of the leaf's turn */
} tp__gather;

typedef struct tp__walk {
    tp_node **roots, *few_roots[8];                    /* counted: a hook may drop the outputs */
    size_t n_roots;
    tp__ready *heap;                                   /* nodes with gradients, and leaves that wait for theirs */
    size_t ready, room;
    tp_node **seen;                                    /* to be tidied at the end: walked ones, or all when inputs are given */
    size_t n_seen, seen_room;
    tp_node **found;                                   /* claimed by the plan, before a gradient came */
    size_t n_found, found_room;
    tp__claim *borrowed;                               /* from a walk further out, given back at the end */
    size_t n_borrowed, borrowed_room;
    tp__gather *gather;                                /* in the order in which they were met: that of their hooks */
    size_t n_gather, gather_room;
    uint32_t *slot;                                    /* 1 + place in `gather`, by hash: open addressing, a power of two */
    size_t slot_room;
    bool create_graph, retain, to_inputs;
    bool gives;                                        /* to leaves: a backward, not a grad */
    bool planned;
    bool watches;                                      /* for NaN */
    uint64_t added;                                    /* bit i: the rule that runs has added the gradient of input i to its target */
    uint32_t thread;                                   /* whose walk it is */
    tp__ready first_ready[16];                         /* a chain needs no more */
} tp__walk;

/* A list that grows to twice its size; false: TP_ERR_MEMORY, and the list as it was. */
bool tp__grow(void *list, size_t *room, size_t n, size_t item, const void *fixed);
/* Does nobody else hold x, or see its memory? Of memory that a user gave, nobody knows. */
static inline bool tp__is_sole(const tp_tensor *x)
{
    return atomic_load_explicit(&x->refs, memory_order_relaxed) == 1 && atomic_load_explicit(&x->storage->refs, memory_order_relaxed) == 1 && !x->base
        && x->storage->origin != TP__FROM_USER;
}
/* And no graph: may it be written over? */
static inline bool tp__is_ours_alone(const tp_tensor *x) { return tp__is_sole(x) && !x->node; }
static inline bool tp__same_kind(const tp_tensor *a, const tp_tensor *b)
{
    return a->dtype == b->dtype && a->device == b->device && tp__same_shape(a, b);
}

tp_status tp__walk_find_needed(tp__walk *walk, tp_tensor *const *outputs, int n);         /* walk_inputs.c */
tp__gather *tp__gather_at(tp__walk *walk, const void *of, uint16_t output, bool add);     /* NULL: not there, or no memory */
tp__gather *tp__gather_leaf(tp__walk *walk, tp_tensor *leaf);            /* is added if it is not there. NULL: no memory */
void tp__let_go(tp_node *node);                        /* of the gradients that it gathered */
tp_status tp__walk_claim(tp__walk *walk, tp_node *node);
bool tp__walk_push(tp__walk *walk, tp__ready what);      /* into the heap; false: TP_ERR_MEMORY */
static inline bool tp__walk_push_node(tp__walk *walk, tp_node *node)
{
    return tp__walk_push(walk, (tp__ready){ tp__key(node->seq, TP__KEY_NODE), { .node = node } });
}
tp_status tp__walk_push_leaves(tp__walk *walk);        /* all that are gathered, by their keys */
/* Finds when the gradients of leaves with hooks are complete, and has their turns wait; of what `node`, the one that runs (or
 * NULL), and all that wait lead to. walk_plan.c */
tp_status tp__walk_plan(tp__walk *walk, tp_node *node);
void tp__walk_plan_end(tp__walk *walk);
tp_status tp__walk_see(tp__walk *walk, tp_node *node);
/* Runs: outputs with their gradients (NULL: ones), until nothing is left. */
tp_status tp__walk_run(tp__walk *walk, tp_tensor *const *outputs, int n, tp_tensor *const *grads);
void tp__walk_end(tp__walk *walk);

/* A rule with TP__ANOMALY on: between these two, ops are recorded for the backward of its node. The second looks at what it made. */
const struct tp__origin *tp__watch_begin(const tp_node *node);           /* whose backward it was before */
tp_status tp__watch_end(const tp_node *node, const struct tp__origin *outer, tp_status status, tp_tensor *const *dy, tp_tensor *const *dx);

/* Calls the hooks on `output`, which may put another gradient into *slot; what they made is in the list above mark. */
tp_status tp__run_hooks(tp__hook *const *hooks, int output, tp_tensor **slot, uint32_t mark);
/* Calls the hooks that wait until the leaf's gradient was added to. */
tp_status tp__walk_told(tp_tensor *leaf);
/* For fused rules of ops without a tensor list: what the gradient of input `arg` is going to be added to, if that is there already,
 * contiguous, of no graph, and not among what the node saved. NULL: none. The rule may add to it itself, once; then it says so, and gives
 * it as dx[arg]. */
tp_tensor *tp__target(const tp_node *node, int arg);
void tp__target_added(const tp_node *node, int arg);
/* sum += a b elementwise, where sum is the target of `arg` and all three are small and plain: gives sum, to be dx[arg]. NULL: not so. */
tp_tensor *tp__add_product(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b);
/* May the rule write over dy, the gradient of the node's one output? Nobody reads it after the rule. */
static inline bool tp__is_spent(const tp_node *node, const tp_tensor *dy)
{
    const tp__walk *w = node->walk;
    return w && !w->create_graph && !w->watches && node->n_out == 1 && dy == node->dy.one && tp__is_sole(dy) && !dy->node;
}
/* *slot += g, where *slot is ours and g is in the list above mark or elsewhere. */
tp_status tp__walk_add(tp_tensor **slot, tp_tensor *g, uint32_t mark, bool create_graph);
/* Gives leaf or retaining tensor x the gradient g: takes it over, copies it, or adds it. */
tp_status tp__give_grad(tp_tensor *x, tp_tensor *g, uint32_t mark, bool create_graph);

/* ---- Leaves: walk_leaves.c --------------------------------------------------------------------------------------------------- */

/* Is the leaf given what comes at once? Else it gathers, and has a turn of its own. */
static inline bool tp__gives_now(const tp__walk *w, const tp_tensor *leaf)
{
    const tp__grad_state *state = __atomic_load_n(&leaf->grad, __ATOMIC_ACQUIRE);
    return !w->to_inputs && !(state && (state->hooks || state->after));
}
__attribute__((cold)) tp_status tp__walk_gather(tp__walk *walk, tp_node *node, tp_tensor *leaf, tp_tensor *g, uint32_t mark);
tp_status tp__walk_leaf(tp__walk *walk, size_t at);    /* the turn of walk->gather[at]: its gradient is whole */
/* Rows for a leaf that is given them now, or gathers them. Takes them over. */
tp_status tp__walk_rows(tp__walk *walk, tp_node *node, tp_tensor *leaf, tp__grad_rows *rows);

/* grad_rows.c; the first two take `more` over, whatever comes of it. */
tp_status tp__rows_to_leaf(tp_tensor *leaf, tp__grad_rows *more);
tp_status tp__rows_gather(tp__grad_rows **to, tp__grad_rows *more, const tp_tensor *x);   /* x: the leaf */
tp_status tp__rows_into(tp_tensor **dense, tp__grad_rows *rows, const tp_tensor *x, bool recorded);    /* *dense, counted, += rows */
tp_tensor *tp__rows_dense(tp__grad_rows *rows, const tp_tensor *x);      /* counted. NULL: an error */

#endif
