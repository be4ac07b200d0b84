/* node.c: making, connecting and freeing nodes. Freeing is a loop: a chain of a million nodes must not take a million frames. */
#include "autograd/node.h"

#include "core/memory.h"

#include <sched.h>

static size_t node_bytes(int n_edges, int n_saved, int n_shapes, size_t attr_bytes)
{
    return sizeof(tp_node) + (size_t)n_edges * sizeof(tp_edge) + (size_t)n_saved * sizeof(tp__saved_slot)
        + (size_t)n_shapes * sizeof(tp__kept_shape) + attr_bytes;
}

tp_node *tp__node_new(const tp_op *op, int n_edges, int n_saved, int n_shapes, size_t attr_bytes)
{
    tp__thread *self = &tp__self;
    const size_t bytes = node_bytes(n_edges, n_saved, n_shapes, attr_bytes);
    const int pool = bytes <= 128 ? TP__POOL_NODE_SMALL : bytes <= 256 ? TP__POOL_NODE : TP__POOL_NODE_LARGE;
    const bool big = bytes > tp__pool_bytes[TP__POOL_NODE_LARGE];
    bool apart = false;
    tp_node *node = big ? tp_mem_alloc(bytes) : tp__pool_get(self, pool, &apart);
    if (!node) return NULL;
    node->op = op;
    node->seq = ++self->seq;
    atomic_store_explicit(&node->refs, 0, memory_order_relaxed);
    node->n_edges = (uint16_t)n_edges;
    node->n_out = 1;
    node->n_saved = (uint8_t)n_saved;
    node->n_shapes = (uint8_t)n_shapes;
    node->flags = big ? TP__NODE_BIG : apart ? TP__NODE_APART : 0;
    node->pool = (uint8_t)pool;
    node->attr_bytes = (uint16_t)attr_bytes;
    node->walk = NULL;
    node->dy.one = NULL;
    node->u.hooks = NULL;
    node->context = NULL;
    _Static_assert(sizeof(tp_edge) == 16 && sizeof(tp__saved_slot) == 16 && !TP__EDGE_NONE, "both are cleared by the same loop");
    for (tp_edge *at = tp__edges(node), *end = at + n_edges + n_saved; at < end; at++) memset(at, 0, sizeof *at);
    return node;
}

const tp__kept_shape *tp__kept(const tp_node *node, int arg)
{
    for (int i = 0; i < node->n_shapes; i++)
        if (tp__shapes(node)[i].arg == arg) return &tp__shapes(node)[i];
    return NULL;
}

void tp__release_saved(tp_node *node)
{
    for (int i = 0; i < node->n_saved; i++)
        if (tp__slots(node)[i].is.tensor) tp__slot_clear(&tp__slots(node)[i]);
    if (node->context) tp__context_release(node->context);
    if (node->n_saved || node->context) node->flags |= TP__RELEASED;
}

/* ---- Freeing ---------------------------------------------------------------------------------------------------------------- */

static void free_hooks(tp__hook *hook)
{
    while (hook) {
        tp__hook *next = hook->next;
        if (hook->fn == tp__retained) tp__grad_state_free(hook->arg);
        else if (hook->fn == tp__is_origin) tp__origin_unref(hook->arg);
        tp_mem_free(hook, sizeof *hook);
        hook = next;
    }
}

/* While the loop of tp__node_unref runs. */
static inline void unref_later(tp__thread *self, tp_node *node)
{
    if (!tp__count_down(&node->refs)) return;
    if (__builtin_expect(!!node->u.hooks, 0)) free_hooks(node->u.hooks);
    node->u.next_dying = self->dying;
    self->dying = node;
}

static inline void free_node(tp__thread *self, tp_node *node)
{
    const int n_edges = node->n_edges;
    for (int i = 0; i < n_edges; i++) {
        const tp_edge *edge = &tp__edges(node)[i];
        if (edge->kind == TP__EDGE_NODE) unref_later(self, edge->to.node);
        else if (edge->kind == TP__EDGE_LEAF) tp__unref(edge->to.leaf);
    }
    for (int i = 0; i < node->n_saved; i++)
        if (tp__slots(node)[i].is.tensor) tp__slot_clear(&tp__slots(node)[i]);
    if (__builtin_expect(!!node->context, 0)) tp__context_free(node->context);
    if (node->flags & TP__NODE_BIG) tp_mem_free(node, node_bytes(node->n_edges, node->n_saved, node->n_shapes, node->attr_bytes));
    else tp__pool_return(self, node->pool, node, node->flags & TP__NODE_APART);
}

void tp__node_unref(tp_node *node)
{
    tp__thread *self = &tp__self;
    unref_later(self, node);
    if (self->reaping || !self->dying) return;         /* the loop below may be running already, further out */
    self->reaping = true;
    while (self->dying) {
        tp_node *next = self->dying;
        self->dying = next->u.next_dying;
        free_node(self, next);
    }
    self->reaping = false;
}

/* ---- Gradients and hooks of a tensor ------------------------------------------------------------------------------------------ */

tp__grad_state *tp__grad_state_of(tp_tensor *x)
{
    tp__grad_state *state = __atomic_load_n(&x->grad, __ATOMIC_ACQUIRE);
    if (state) return state;
    tp__grad_state *mine = tp_mem_calloc(sizeof *mine);
    if (!mine) return NULL;
    atomic_store(&mine->refs, 1);
    if (__atomic_compare_exchange_n(&x->grad, &state, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return mine;
    tp_mem_free(mine, sizeof *mine);                   /* another thread was first */
    return state;
}

void tp__grad_state_free(tp__grad_state *state)
{
    if (!tp__count_down(&state->refs)) return;
    if (state->grad) tp__unref(state->grad);
    tp__grad_rows_free(state->rows);
    free_hooks(state->hooks);
    for (tp__after *at = state->after; at;) {
        tp__after *next = at->next;
        tp_mem_free(at, sizeof *at);
        at = next;
    }
    tp_mem_free(state, sizeof *state);
}

void tp__grad_lock_slow(tp__grad_state *state)
{
    int32_t expected = 0;
    while (!atomic_compare_exchange_weak_explicit(&state->lock, &expected, 1, memory_order_acquire, memory_order_relaxed)) {
        expected = 0;
        if (atomic_load_explicit(&state->lock, memory_order_relaxed)) sched_yield();
    }
}
