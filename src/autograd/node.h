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

/* What was saved: a tensor; an output of the node itself, held as an alias that has no node, so that there is no cycle, and joined
 * to the node again when it is used; or what a hook made of either (saved.c). */
enum { TP__HELD, TP__HELD_OUTPUT, TP__PACKED };
typedef struct tp__saved_slot {
    union { tp_tensor *tensor; struct tp__packed *packed; } is;          /* counted, or the slot's own. NULL: empty */
    uint32_t version;                                  /* of the tensor's storage when it was saved */
    uint8_t kind, output;                              /* output: which, of TP__HELD_OUTPUT */
} tp__saved_slot;

typedef struct tp__kept_shape { int16_t arg; uint8_t ndim, dtype; tp_device device; int64_t shape[TP_MAX_DIMS]; } tp__kept_shape;
typedef struct tp__hook { struct tp__hook *next; int64_t id; tp_hook_fn *fn; void *arg; uint16_t output; } tp__hook;

enum { TP__RELEASED = 1, TP__NODE_APART = 2, TP__NODE_BIG = 4,
       TP__CAPTURE = 8, TP__RUN = 16,                  /* of a walk to given inputs */
       TP__FOUND = 32,                                 /* claimed by a walk's plan, no gradient has come yet */
       TP__PACKS = 64 };                               /* a slot is packed */
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
static inline void tp__connect_node(tp_node *node, int i, tp_node *to, int output)
{
    tp_edge *edge = &tp__edges(node)[i];
    edge->kind = TP__EDGE_NODE;
    edge->to.node = to;
    edge->output = (uint16_t)output;
    tp__count_up(&to->refs);
    if (__builtin_expect(node->seq <= to->seq, 0)) tp__self.seq = node->seq = to->seq + 1;       /* made in another thread */
}
static inline void tp__connect(tp_node *node, int i, tp_tensor *x)
{
    if (x->node) {
        tp__connect_node(node, i, x->node, x->output);
    } else if (x->flags & TP__REQUIRES_GRAD) {
        tp_edge *edge = &tp__edges(node)[i];
        edge->kind = TP__EDGE_LEAF;
        edge->to.leaf = x;
        edge->output = 0;
        tp__ref(x);
    }
}
/* Makes y output i of the node. y must not have a node. */
static inline void tp__attach(tp_node *node, tp_tensor *y, int i)
{
    tp__count_up(&node->refs);
    y->node = node;
    y->output = (uint16_t)i;
}
void tp__release_saved(tp_node *node);                 /* after its rule ran, unless the graph is retained */
void tp__context_free(tp_context *context);            /* function.c; NULL is fine */
void tp__context_release(tp_context *context);         /* of what it saved */

/* ---- Saving: saved.c ----------------------------------------------------------------------------------------------------------- */

void tp__slot_clear(tp__saved_slot *slot);
/* What hooks that are on make of a tensor to be saved, instead of the tensor. `output` is -1 for an input. */
tp_status tp__slot_pack(tp_node *node, tp__saved_slot *slot, tp_tensor *x, int output);
/* As below, with hooks on, or while handles are other tensors for a while. */
tp_status tp__slot_hold_slow(tp_node *node, tp__saved_slot *slot, tp_tensor *x);
static inline void tp__note_saved(tp_tensor *x)        /* read first: weights are saved by all threads */
{
    if (!__atomic_load_n(&x->storage->saved, __ATOMIC_RELAXED)) __atomic_store_n(&x->storage->saved, true, __ATOMIC_RELAXED);
}
static inline void tp__slot_keep(tp__saved_slot *slot, tp_tensor *x)     /* where neither is the case */
{
    tp__ref(x);
    tp__note_saved(x);
    slot->is.tensor = x;
    slot->version = tp__version(x);
    slot->kind = TP__HELD;
}
static inline tp_status tp__slot_hold(tp_node *node, tp__saved_slot *slot, tp_tensor *x)
{
    if (__builtin_expect(tp__self.mode & (TP__SAVE_HOOKS | TP__STANDS_IN), 0)) return tp__slot_hold_slow(node, slot, x);
    tp__slot_keep(slot, x);
    return TP_OK;
}
tp_status tp__slot_hold_output(tp_node *node, tp__saved_slot *slot, tp_tensor *y, int output);
/* The tensor. NULL: an error, or the slot is empty. `name` is that of the op which saved it. */
tp_tensor *tp__slot_get(const tp_node *node, const tp__saved_slot *slot, const char *name);
/* Its rule has run: what was unpacked for it may be given up. */
void tp__slots_used(const tp__saved_slot *slot, int n);
void tp__context_used(tp_context *context);
int tp__context_slots(const tp_context *context, const tp__saved_slot **slots);
/* What is in a slot that is not empty, for drawing. */
void tp__slot_describe(const tp__saved_slot *slot, tp_shape *shape, tp_dtype *dtype);

static inline tp_status tp__save_input(tp_node *node, int k, tp_tensor *x) { return tp__slot_hold(node, &tp__slots(node)[k], x); }
static inline tp_status tp__save_output(tp_node *node, int k, tp_tensor *y, int output)
{
    return tp__slot_hold_output(node, &tp__slots(node)[k], y, output);
}

/* x, which is another tensor for a while, in a header that stays what x is now; the scope's. NULL: TP_ERR_MEMORY. stand_in.c */
tp_tensor *tp__stand_in_apart(tp_tensor *x);
/* The handles that are others now, of this thread; writes the first `most`, returns how many there are. */
int tp__stand_ins(tp_tensor **x, int most);

/* Hooks, as long as they are on or something is packed by them. */
typedef struct tp__saved_hooks {
    _Atomic int32_t refs;
    const char *name;                                  /* for messages: what unpacks */
    tp_pack_fn *pack;
    tp_unpack_fn *unpack;
    tp_drop_fn *drop;                                  /* NULL: nothing to drop */
    void *arg;
    bool ours;                                         /* pack is given the very tensor, and there is: */
    void (*used)(void *arg, void *packed);             /* a rule has run that it was unpacked for; NULL */
    void (*gone)(void *arg);                           /* nothing is packed by them any longer; NULL */
} tp__saved_hooks;
tp__saved_hooks *tp__hooks_begin(const tp__saved_hooks *hooks);          /* on from here: a copy, counted. NULL: TP_ERR_MEMORY */
void tp__hooks_end(tp__saved_hooks *was);              /* those that were on before are on again */

/* ---- Anomaly mode: anomaly.c --------------------------------------------------------------------------------------------------- */

/* Where the op of `node` was called, and with what: while TP__ANOMALY is on. */
tp_status tp__note_origin(tp_node *node, tp_tensor *const *in, int n);
struct tp__origin;
void tp__origin_unref(struct tp__origin *origin);
tp_tensor *tp__is_origin(void *arg, tp_tensor *grad);  /* the mark of an origin among the hooks of a node; never called */
enum { TP__ORIGIN_OUTPUT = UINT16_MAX };               /* and no output's */

/* ---- For rules --------------------------------------------------------------------------------------------------------------- */

/* What the op's saves[k] saved, NULL if it was not asked for. Checked: a value that was overwritten since is an error.
 *
 * The gradient of a complex tensor z is dL/d(re z) + i dL/d(im z), as PyTorch's. Through y = f(z) with a derivative f' it is
 * dz = dy conj(f'(z)), which is dy f'(conj(z)) of every function that is real on real numbers. So complex tensors are given to a rule
 * conjugated, and the rule of the real op is that of the complex one. */
tp_tensor *tp__saved(const tp_node *node, int k);
tp_tensor *tp__saved_as_is(const tp_node *node, int k);                  /* for the rules that are not of that kind */
tp_tensor *tp__conj(tp_tensor *x);                     /* ops/complex.c: the conjugate; x itself of a real one. NULL goes through */
static inline const void *tp__attr(const tp_node *node) { return tp__attr_memory(node); }
const tp__kept_shape *tp__kept(const tp_node *node, int arg);            /* the shape of input `arg`; NULL if not kept */
static inline tp_shape tp__kept_shape_of(const tp__kept_shape *kept) { return tp__shape(kept->ndim, kept->shape); }
/* Does member i of the node's tensor list need a gradient? Others: need has a bit. */
static inline bool tp__edge_needs(const tp_node *node, int i) { return i < node->n_edges && tp__edges(node)[i].kind != TP__EDGE_NONE; }

/* ---- What a tensor has beside its header, if it has any of it: its gradient and its hooks ------------------------------------- */

typedef struct tp__after { struct tp__after *next; int64_t id; tp_accumulated_fn *fn; void *arg; } tp__after;
/* A gradient as rows of a leaf [rows, width]: indices [..] and values [.., width], counted, in the order in which they came. */
typedef struct tp__rows_part { struct tp__rows_part *next; tp_tensor *indices, *values; } tp__rows_part;
typedef struct tp__grad_rows {
    tp__rows_part *first, *last;                       /* never none */
    int64_t n;                                         /* indices of all */
    bool joined;                                       /* one part, its rows rising and distinct */
} tp__grad_rows;
struct tp__grad_state {
    _Atomic int32_t refs;                              /* of its tensor, and of a hook that retains a gradient */
    _Atomic int32_t lock;                              /* parallel tapes over shared leaves add under it */
    tp_tensor *grad;                                   /* counted */
    tp__grad_rows *rows;                               /* in its place, as long as all that came was rows */
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
void tp__grad_rows_free(tp__grad_rows *rows);          /* NULL is fine */
tp_tensor *tp__grad_settle(tp_tensor *x);              /* makes rows dense. NULL: no gradient, or an error */

/* For rules: may input `edge` of the node that runs, whose shape was kept, get its gradient as rows instead of in dx? And giving it:
 * integer indices [..], within the table, and values [.., width]. */
bool tp__takes_rows(const tp_node *node, int edge);
tp_status tp__give_rows(const tp_node *node, int edge, tp_tensor *indices, tp_tensor *values);

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
/* root, which is no view, has a new node and its memory was written: nothing of that memory that was saved before, by what the node is made
 * of, holds it. overwritten.c */
tp_status tp__part_from_saved(const tp_tensor *root);
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
