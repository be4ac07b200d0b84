/* node.h: the tape. A node is what one recorded call left behind: its op, where its gradients go, what its rule saved.
 *
 * Memory, in this order: the node, its edges, what it saved, the shapes it kept, the attributes of the call. It never holds
 * its inputs as such: an edge names the node that made the input, or the leaf that gathers its gradient. */
#ifndef TP__NODE_H
#define TP__NODE_H

#include "core/graph.h"
#include "core/op.h"

enum { TP__EDGE_NONE, TP__EDGE_NODE, TP__EDGE_LEAF };
typedef struct tp_edge {
    union { tp_node *node; tp_tensor *leaf; } to;      /* counted */
    uint16_t output;                                   /* which output of the node */
    uint8_t kind;
} tp_edge;

typedef struct tp__saved_slot {
    tp_tensor *tensor;                                 /* counted; of an output, an alias that has no node: no cycle */
    uint32_t version;                                  /* of its storage when it was saved */
    bool is_output;                                    /* joined to this node again when it is used */
    uint8_t output;
} tp__saved_slot;

typedef struct tp__kept_shape { int16_t arg, ndim; int32_t dtype; int64_t shape[TP_MAX_DIMS]; } tp__kept_shape;
typedef struct tp__hook { struct tp__hook *next; int64_t id; tp_hook_fn *fn; void *arg; uint16_t output; } tp__hook;

enum { TP__RELEASED = 1, TP__NODE_APART = 2, TP__NODE_BIG = 4,
       TP__CAPTURE = 8, TP__RUN = 16,                  /* of a walk to given inputs */
       TP__FOUND = 32 };                               /* claimed by a walk's plan, no gradient has come yet */
enum { TP__OF_WALK = TP__CAPTURE | TP__RUN | TP__FOUND };

struct tp_node {
    const tp_op *op;
    uint64_t seq;                                      /* greater than that of every node its edges lead to */
    _Atomic int32_t refs;
    uint16_t n_edges, n_out;
    uint8_t n_saved, n_shapes, flags, pool;
    uint16_t attr_bytes;
    struct tp__walk *walk;                             /* the backward that is collecting gradients for this node, or NULL */
    union { tp_tensor *one; tp_tensor **many; } dy;    /* these gradients: one, or an array of n_out */
    union { tp__hook *hooks; tp_node *next_dying; } u;
    tp_context *context;                               /* of a custom function */
};

static inline tp_edge *tp__edges(const tp_node *n) { return (tp_edge *)(uintptr_t)(n + 1); }
static inline tp__saved_slot *tp__slots(const tp_node *n) { return (tp__saved_slot *)(void *)(tp__edges(n) + n->n_edges); }
static inline tp__kept_shape *tp__shapes(const tp_node *n) { return (tp__kept_shape *)(void *)(tp__slots(n) + n->n_saved); }
static inline void *tp__attr_memory(const tp_node *n) { return tp__shapes(n) + n->n_shapes; }

/* A node with zeroed edges and empty slots; refs 0, to be counted by its outputs. NULL: TP_ERR_MEMORY */
tp_node *tp__node_new(const tp_op *op, int n_edges, int n_saved, int n_shapes, size_t attr_bytes);
/* An edge to what made x, or to x if it is a leaf that gathers; and the node's place in the order. */
void tp__connect(tp_node *node, int i, tp_tensor *x);
/* Makes y output i of the node. y must not have a node. */
static inline void tp__attach(tp_node *node, tp_tensor *y, int i)
{
    tp__count_up(&node->refs);
    y->node = node;
    y->output = (uint16_t)i;
}
void tp__save_input(tp_node *node, int slot, tp_tensor *x);
tp_status tp__save_output(tp_node *node, int slot, tp_tensor *y, int output);
void tp__release_saved(tp_node *node);                 /* after its rule ran, unless the graph is retained */
void tp__context_free(tp_context *context);            /* function.c; NULL is fine */

/* ---- For rules --------------------------------------------------------------------------------------------------------------- */

/* What the op's saves[k] saved, NULL if it was not asked for. Checked: a value that was overwritten since is an error. */
tp_tensor *tp__saved(const tp_node *node, int k);
static inline const void *tp__attr(const tp_node *node) { return tp__attr_memory(node); }
const tp__kept_shape *tp__kept(const tp_node *node, int arg);            /* the shape of input `arg`; NULL if not kept */
static inline tp_shape tp__kept_shape_of(const tp__kept_shape *kept) { return tp__shape(kept->ndim, kept->shape); }
/* Does member i of the node's tensor list need a gradient? Others: need has a bit. */
static inline bool tp__edge_needs(const tp_node *node, int i) { return i < node->n_edges && tp__edges(node)[i].kind != TP__EDGE_NONE; }

/* ---- What a tensor has beside its header, if it has any of it: its gradient and its hooks ------------------------------------- */

typedef struct tp__after { struct tp__after *next; int64_t id; tp_accumulated_fn *fn; void *arg; } tp__after;
struct tp__grad_state {
    _Atomic int32_t refs;                              /* of its tensor, and of a hook that retains a gradient */
    _Atomic int32_t lock;                              /* parallel tapes over shared leaves add under it */
    tp_tensor *grad;                                   /* counted */
    tp__hook *hooks;                                   /* of a leaf; others have theirs at their node */
    tp__after *after;
};
void tp__grad_lock_slow(tp__grad_state *state);
static inline bool tp__grad_lock(tp__grad_state *state)                  /* for tp__grad_unlock: was there anybody to lock out? */
{
    if (tp__is_alone()) return false;
    tp__grad_lock_slow(state);
    return true;
}
static inline void tp__grad_unlock(tp__grad_state *state, bool locked)
{
    if (locked) atomic_store_explicit(&state->lock, 0, memory_order_release);
}
tp_tensor *tp__retained(void *arg, tp_tensor *grad);   /* the hook of tp_retain_grad; arg is a grad state that it counts */
tp__grad_state *tp__grad_state_of(tp_tensor *x);       /* made if it has none; NULL: TP_ERR_MEMORY */

/* ---- In place, and views --------------------------------------------------------------------------------------------------------- */

/* A view whose memory was written since its node was made gets a new one, from its base. Called before x is recorded as an
 * input, or asked for its node. */
tp_status tp__view_refresh_slow(tp_tensor *x);
static inline tp_status tp__view_refresh(tp_tensor *x)
{
    return __builtin_expect(!!x->base, 0) && x->view_version != tp__version(x) ? tp__view_refresh_slow(x) : TP_OK;
}
static inline void tp__bump(tp_tensor *x, const char *op)                /* a tensor is written from one thread at a time */
{
    atomic_store_explicit(&x->storage->version, tp__version(x) + 1, memory_order_relaxed);
    x->storage->writer = op;
}
/* After an op wrote x in place and `node` records it (output i of it): x, its base and so all views of it follow. */
tp_status tp__rebase(tp_tensor *x, tp_node *node, int i);
/* x becomes `view`, a view of it that nobody else has: takes over its geometry and its node. Counts as a write by `op`. */
tp_status tp__relay(tp_tensor *x, tp_tensor *view, const char *op);
/* Registers y as a view of x. */
void tp__make_view(tp_tensor *y, tp_tensor *x);

/* Two ops that the tape itself records, in ops/strided.c: a view by its geometry, and a base part of which was overwritten.
 * The schema fills size, stride and offset (in elements of the storage); the shape rule, or tp__rebase, the rest. */
typedef struct tp__strided_attr {
    tp__ints size, stride;
    int64_t offset;
    tp__ints base_size, base_stride;
    int64_t base_offset;
} tp__strided_attr;
extern const tp_op tp__op_as_strided, tp__op_strided_scatter;
void tp__strided_geometry(tp__strided_attr *attr, const tp_tensor *view, const tp_tensor *base);

/* dst += src, same shape and dtype, through the backend. */
tp_status tp__accumulate(tp_tensor *dst, tp_tensor *src);

#endif
