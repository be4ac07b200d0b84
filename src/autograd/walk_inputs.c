/* walk_inputs.c: a walk to given inputs runs only the nodes that lie on a way to one of them. They are found beforehand, by
 * a depth-first search that keeps its own stack. */
#include "autograd/walk.h"

#include "core/memory.h"

static size_t hash_of(const void *of, uint16_t output)
{
    return (size_t)((((uint64_t)(uintptr_t)of >> 4) + output) * 0x9E3779B97F4A7C15u >> 32);
}

static uint32_t *slot_of(const tp__walk *w, const void *of, uint16_t output)
{
    size_t i = hash_of(of, output) & (w->slot_room - 1);
    while (w->slot[i] && (w->gather[w->slot[i] - 1].of != of || w->gather[w->slot[i] - 1].output != output)) i = (i + 1) & (w->slot_room - 1);
    return &w->slot[i];
}

static bool more_slots(tp__walk *w)
{
    const size_t room = w->slot_room ? w->slot_room * 2 : 16;
    uint32_t *slot = tp_mem_calloc(room * sizeof *slot);
    if (!slot) return false;
    tp_mem_free(w->slot, w->slot_room * sizeof *slot);
    w->slot = slot;
    w->slot_room = room;
    for (size_t i = 0; i < w->n_gather; i++) *slot_of(w, w->gather[i].of, w->gather[i].output) = (uint32_t)i + 1;
    return true;
}

tp__gather *tp__gather_at(tp__walk *w, const void *of, uint16_t output, bool add)
{
    const uint32_t at = w->slot_room ? *slot_of(w, of, output) : 0;
    if (at) return &w->gather[at - 1];
    if (!add || !tp__grow(&w->gather, &w->gather_room, w->n_gather, sizeof *w->gather, NULL)) return NULL;
    if (2 * (w->n_gather + 1) > w->slot_room && !more_slots(w)) return NULL;
    *slot_of(w, of, output) = (uint32_t)w->n_gather + 1;
    w->gather[w->n_gather] = (tp__gather){ .of = of, .output = output };
    return &w->gather[w->n_gather++];
}

tp__gather *tp__gather_leaf(tp__walk *w, tp_tensor *leaf)
{
    tp__gather *gather = tp__gather_at(w, leaf, 0, true);
    if (gather && !gather->leaf) {
        tp__ref(leaf);
        gather->leaf = leaf;
        gather->key = TP__KEY_NOW;
    }
    return gather;
}

tp_status tp__walk_push_leaves(tp__walk *w)
{
    for (size_t i = 0; i < w->n_gather; i++)
        if (w->gather[i].leaf && !tp__walk_push(w, (tp__ready){ w->gather[i].key, { .gather = i } })) return TP_ERR_MEMORY;
    return TP_OK;
}

typedef struct visit { tp_node *node; int edge; } visit;

/* Marks `node` by its finished edge targets: it runs if one of them is wanted, and a leaf must wait for it. */
static void judge(tp__walk *w, tp_node *node)
{
    const tp_edge *edges = tp__edges(node);
    for (int i = 0; i < node->n_edges; i++) {
        if (edges[i].kind == TP__EDGE_NODE) {
            if (edges[i].to.node->walk == w && edges[i].to.node->flags & (TP__CAPTURE | TP__RUN)) node->flags |= TP__RUN;
            continue;
        }
        tp__gather *gather = edges[i].kind == TP__EDGE_LEAF ? tp__gather_at(w, edges[i].to.leaf, 0, false) : NULL;
        if (!gather) continue;
        gather->reached = true;
        node->flags |= TP__RUN;
        const uint64_t key = tp__key(node->seq, tp__key_of_edge(i));
        if (key < gather->key) gather->key = key;
    }
}

static tp_status enter(tp__walk *w, visit **stack, size_t *room, size_t *n, tp_node *node)
{
    if (node->walk == w) return TP_OK;
    if (!tp__grow(stack, room, *n, sizeof **stack, NULL)) return TP_ERR_MEMORY;
    tp_status status = tp__walk_see(w, node);
    if (!status && (status = tp__walk_claim(w, node))) w->n_seen--;
    if (status) return status;
    for (int i = 0; i < node->n_out; i++) {
        tp__gather *gather = tp__gather_at(w, node, (uint16_t)i, false);
        if (!gather) continue;
        gather->reached = true;
        node->flags |= TP__CAPTURE;
    }
    (*stack)[(*n)++] = (visit){ node, 0 };
    return TP_OK;
}

tp_status tp__walk_find_needed(tp__walk *w, tp_tensor *const *outputs, int n_outputs)
{
    visit *stack = NULL;
    size_t room = 0, n = 0;
    tp_status status = TP_OK;
    for (int i = 0; i < n_outputs && !status; i++) {
        if (outputs[i]->node) status = enter(w, &stack, &room, &n, outputs[i]->node);
        while (n && !status) {
            visit *top = &stack[n - 1];
            if (top->edge == top->node->n_edges) {
                judge(w, top->node);
                n--;
                continue;
            }
            const tp_edge *edge = &tp__edges(top->node)[top->edge++];
            if (edge->kind == TP__EDGE_NODE) status = enter(w, &stack, &room, &n, edge->to.node);
        }
    }
    tp_mem_free(stack, room * sizeof *stack);
    for (size_t i = 0; i < w->n_seen && !status; i++)
        if (w->seen[i]->flags & (TP__CAPTURE | TP__RUN) && !tp__walk_push_node(w, w->seen[i])) status = TP_ERR_MEMORY;
    return status ? status : tp__walk_push_leaves(w);
}
