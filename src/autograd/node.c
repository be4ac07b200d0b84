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
    for (int i = 0; i < n_edges; i++) tp__edges(node)[i].kind = TP__EDGE_NONE;
    for (int i = 0; i < n_saved; i++) tp__slots(node)[i].tensor = NULL;
    return node;
}

void tp__connect(tp_node *node, int i, tp_tensor *x)
{
    tp_edge *edge = &tp__edges(node)[i];
    if (x->node) {
        edge->kind = TP__EDGE_NODE;
        edge->to.node = x->node;
        edge->output = x->output;
        tp__count_up(&x->node->refs);
        if (node->seq <= x->node->seq) tp__self.seq = node->seq = x->node->seq + 1;      /* made in another thread */
    } else if (x->flags & TP__REQUIRES_GRAD) {
        edge->kind = TP__EDGE_LEAF;
        edge->to.leaf = x;
        edge->output = 0;
        tp__ref(x);
    }
}

void tp__save_input(tp_node *node, int slot, tp_tensor *x)
{
    tp__ref(x);
    tp__slots(node)[slot] = (tp__saved_slot){ .tensor = x, .version = tp__version(x) };
}

tp_status tp__save_output(tp_node *node, int slot, tp_tensor *y, int output)
{
    const uint32_t mark = tp__list_mark();
    tp_tensor *alias = tp__alias_like(y);
    if (!alias) return tp__pending();
    tp__list_take(mark, alias);
    tp__slots(node)[slot] = (tp__saved_slot){ .tensor = alias, .version = tp__version(y), .is_output = true, .output = (uint8_t)output };
    return TP_OK;
}

tp_tensor *tp__saved(const tp_node *node, int k)
{
    const tp__saved_slot *slot = &tp__slots(node)[k];
    tp_tensor *x = slot->tensor;
    if (!x) {
        if (node->flags & TP__RELEASED)
            tp_fail(TP_ERR_STATE, "backward: what %s saved is freed: the graph was walked before without .retain_graph", tp__state(node->op)->base_name);
        return NULL;
    }
    if (__builtin_expect(slot->version != tp__version(x), 0)) {
        tp_fail(TP_ERR_STATE, "backward: %s saved a tensor %s that %s overwrote since (version %u, saved at %u)",
                tp__state(node->op)->base_name, tp__shape_text(x), x->storage->writer ? x->storage->writer : "an in-place write",
                tp__version(x), slot->version);
        return NULL;
    }
    if (!slot->is_output || tp__self.mode & TP__NO_RECORD) return x;
    tp_tensor *y = tp__alias_like(x);                  /* recorded: the output with its node again */
    if (y) tp__attach((tp_node *)(uintptr_t)node, y, slot->output);
    return y;
}

const tp__kept_shape *tp__kept(const tp_node *node, int arg)
{
    for (int i = 0; i < node->n_shapes; i++)
        if (tp__shapes(node)[i].arg == arg) return &tp__shapes(node)[i];
    return NULL;
}

void tp__release_saved(tp_node *node)
{
    for (int i = 0; i < node->n_saved; i++) {
        tp__saved_slot *slot = &tp__slots(node)[i];
        if (!slot->tensor) continue;
        tp_tensor *x = slot->tensor;
        slot->tensor = NULL;
        tp__unref(x);
    }
    if (node->n_saved || node->context) node->flags |= TP__RELEASED;
}

/* ---- Freeing ---------------------------------------------------------------------------------------------------------------- */

static void free_hooks(tp__hook *hook)
{
    while (hook) {
        tp__hook *next = hook->next;
        if (hook->fn == tp__retained) tp__grad_state_free(hook->arg);
        tp_mem_free(hook, sizeof *hook);
        hook = next;
    }
}

static void free_node(tp__thread *self, tp_node *node)
{
    const int n_edges = node->n_edges;
    for (int i = 0; i < n_edges; i++) {
        const tp_edge *edge = &tp__edges(node)[i];
        if (edge->kind == TP__EDGE_NODE) tp__node_unref(edge->to.node);
        else if (edge->kind == TP__EDGE_LEAF) tp__unref(edge->to.leaf);
    }
    for (int i = 0; i < node->n_saved; i++)
        if (tp__slots(node)[i].tensor) tp__unref(tp__slots(node)[i].tensor);
    tp__context_free(node->context);
    if (node->flags & TP__NODE_BIG) tp_mem_free(node, node_bytes(node->n_edges, node->n_saved, node->n_shapes, node->attr_bytes));
    else tp__pool_return(self, node->pool, node, node->flags & TP__NODE_APART);
}

void tp__node_unref(tp_node *node)
{
    if (!tp__count_down(&node->refs)) return;
    tp__thread *self = &tp__self;
    if (__builtin_expect(!!node->u.hooks, 0)) free_hooks(node->u.hooks);
    node->u.next_dying = self->dying;
    self->dying = node;
    if (self->reaping) return;                         /* the loop below is already running, further out */
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
