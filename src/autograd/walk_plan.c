/* walk_plan.c: when the gradient of a leaf is complete. Who waits for it, a hook that steps or that sends it to other machines, is
 * told as soon as the last node that adds to it has run, while the nodes before it still wait. Which node that is, the
 * graph alone tells: it is searched once, when a walk first comes to a leaf with hooks. Other walks are spared. */
#include "autograd/walk.h"

#include "core/memory.h"

typedef struct search { tp_node **stack; size_t n, room; } search;

/* What the edges of `node` lead to: nodes that nobody has seen yet, and leaves, whose turn comes after the node that runs last. */
static tp_status look(tp__walk *w, search *s, const tp_node *node)
{
    const tp_edge *edges = tp__edges(node);
    for (int i = 0; i < node->n_edges; i++) {
        if (edges[i].kind == TP__EDGE_LEAF) {
            tp_tensor *leaf = edges[i].to.leaf;
            const tp__grad_state *state = __atomic_load_n(&leaf->grad, __ATOMIC_ACQUIRE);
            if (!state || !(state->hooks || state->after)) continue;
            tp__gather *gather = tp__gather_leaf(w, leaf);
            if (!gather) return TP_ERR_MEMORY;
            const uint64_t key = tp__key(node->seq, tp__key_of_edge(i));
            if (key < gather->key) gather->key = key;
        } else if (edges[i].kind == TP__EDGE_NODE && edges[i].to.node->walk != w) {
            tp_node *next = edges[i].to.node;
            if (!tp__grow(&s->stack, &s->room, s->n, sizeof *s->stack, NULL)
                || !tp__grow(&w->found, &w->found_room, w->n_found, sizeof *w->found, NULL)) return TP_ERR_MEMORY;
            const tp_status status = tp__walk_claim(w, next);
            if (status) return status;
            next->flags |= TP__FOUND;
            w->found[w->n_found++] = s->stack[s->n++] = next;
        }
    }
    return TP_OK;
}

tp_status tp__walk_plan(tp__walk *w, tp_node *node)
{
    search s = { 0 };
    tp_status status = node ? look(w, &s, node) : TP_OK;
    for (size_t i = 0; i <= w->ready && !status; i++) {          /* only nodes wait as yet */
        while (s.n && !status) status = look(w, &s, s.stack[--s.n]);
        if (i < w->ready && !status) status = look(w, &s, w->heap[i].what.node);
    }
    tp_mem_free(s.stack, s.room * sizeof *s.stack);
    w->planned = true;
    return status ? status : tp__walk_push_leaves(w);
}

void tp__walk_plan_end(tp__walk *w)
{
    for (size_t i = 0; i < w->n_found; i++) {          /* those that no gradient came to are claimed still */
        tp_node *node = w->found[i];
        if (node->walk != w || !(node->flags & TP__FOUND)) continue;
        tp__let_go(node);
        node->walk = NULL;
        node->flags &= (uint8_t)~TP__FOUND;
    }
    tp_mem_free(w->found, w->found_room * sizeof *w->found);
}
