/* walk_inputs.c: a walk to given inputs runs only the nodes that lie on a way to one of them. They are found beforehand, by
 * a depth-first search that keeps its own stack. */
#include "autograd/walk.h"

#include "core/memory.h"

static size_t hash_of(const void *of, uint16_t output)
{
    return (size_t)((((uint64_t)(uintptr_t)of >> 4) + output) * 0x9E3779B97F4A7C15u >> 32);
}

static tp__gather *find(tp__gather *table, size_t room, const void *of, uint16_t output)
{
    size_t i = hash_of(of, output) & (room - 1);
    while (table[i].of && (table[i].of != of || table[i].output != output)) i = (i + 1) & (room - 1);
    return &table[i];
}

tp__gather *tp__gather_at(tp__walk *w, const void *of, uint16_t output, bool add)
{
    if (w->gather_room) {
        tp__gather *at = find(w->gather, w->gather_room, of, output);
        if (at->of) return at;
    }
    if (!add) return NULL;
    if (2 * (w->n_gather + 1) > w->gather_room) {
        const size_t room = w->gather_room ? w->gather_room * 2 : 16;
        tp__gather *table = tp_mem_calloc(room * sizeof *table);
        if (!table) return NULL;
        for (size_t i = 0; i < w->gather_room; i++)
            if (w->gather[i].of) *find(table, room, w->gather[i].of, w->gather[i].output) = w->gather[i];
        tp_mem_free(w->gather, w->gather_room * sizeof *table);
        w->gather = table;
        w->gather_room = room;
    }
    tp__gather *at = find(w->gather, w->gather_room, of, output);
    at->of = of;
    at->output = output;
    w->n_gather++;
    return at;
}

typedef struct visit { tp_node *node; int edge; } visit;

/* Marks `node` by its finished edge targets: it runs if one of them is wanted. */
static void judge(tp__walk *w, tp_node *node)
{
    const tp_edge *edges = tp__edges(node);
    for (int i = 0; i < node->n_edges; i++) {
        const bool wanted = edges[i].kind == TP__EDGE_LEAF ? !!tp__gather_at(w, edges[i].to.leaf, 0, false)
            : edges[i].kind == TP__EDGE_NODE && edges[i].to.node->walk == w && edges[i].to.node->flags & (TP__CAPTURE | TP__RUN);
        if (wanted) {
            node->flags |= TP__RUN;
            return;
        }
    }
}

static tp_status enter(tp__walk *w, visit **stack, size_t *room, size_t *n, tp_node *node)
{
    if (node->walk == w) return TP_OK;
    if (!tp__grow(stack, room, *n, sizeof **stack, NULL)) return TP_ERR_MEMORY;
    tp_status status = tp__walk_claim(w, node);
    if (!status && (status = tp__walk_see(w, node))) node->walk = NULL;
    if (status) return status;
    for (int i = 0; i < node->n_out; i++)
        if (tp__gather_at(w, node, (uint16_t)i, false)) node->flags |= TP__CAPTURE;
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
        if (w->seen[i]->flags & (TP__CAPTURE | TP__RUN) && !tp__walk_push(w, w->seen[i])) status = TP_ERR_MEMORY;
    return status;
}
