/* overwritten.c: an op in place gives its tensor a new node. Where a node below that one saved the tensor, or a view of it, before it was
 * written, tensor and node would hold each other, and no release would free them: in y = 2 x; z = y w; y += z the product saved y. What it
 * saved is overwritten, so its backward can only fail, with a message that tells the shape: so it is given a tensor of its own for that,
 * which has no place on the tape. */
#include "autograd/walk.h"

#include "core/memory.h"

typedef struct search {
    tp_node **stack;
    size_t n, room;
    const tp_node **seen;                              /* open addressing; `slots` is a power of two, at most half of them are taken */
    size_t n_seen, slots;
} search;

static size_t place_of(const search *s, const tp_node *node)
{
    size_t i = (size_t)((uintptr_t)node * 0x9E3779B97F4A7C15u >> 20) & (s->slots - 1);
    while (s->seen[i] && s->seen[i] != node) i = (i + 1) & (s->slots - 1);
    return i;
}

static bool make_room(search *s)
{
    if (2 * (s->n_seen + 1) <= s->slots) return true;
    const search old = *s;
    const size_t slots = old.slots ? 2 * old.slots : 64;
    if (!(s->seen = tp_mem_calloc(slots * sizeof *s->seen))) {
        s->seen = old.seen;
        return false;
    }
    s->slots = slots;
    for (size_t i = 0; i < old.slots; i++)
        if (old.seen[i]) s->seen[place_of(s, old.seen[i])] = old.seen[i];
    tp_mem_free(old.seen, old.slots * sizeof *old.seen);
    return true;
}

static tp_status visit(search *s, tp_node *node)
{
    if (!make_room(s) || !tp__grow(&s->stack, &s->room, s->n, sizeof *s->stack, NULL)) return TP_ERR_MEMORY;
    const size_t at = place_of(s, node);
    if (s->seen[at]) return TP_OK;
    s->seen[at] = node;
    s->n_seen++;
    s->stack[s->n++] = node;
    return TP_OK;
}

/* Of root's memory, and from before it was written */
static bool is_overwritten(const tp__saved_slot *slot, const tp_tensor *root)
{
    const tp_tensor *x = slot->is.tensor;
    return x && slot->kind == TP__HELD && (x == root || x->base == root) && slot->version != tp__version(x);
}

/* Parts the slots that hold overwritten memory of root's from it. */
static tp_status part(tp__saved_slot *slot, int n, const tp_tensor *root)
{
    for (int i = 0; i < n; i++) {
        if (!is_overwritten(&slot[i], root)) continue;
        const uint32_t mark = tp__list_mark();
        tp_tensor *was = slot[i].is.tensor, *apart = tp__alias_like(was);
        if (!apart) return TP_ERR_MEMORY;
        tp__list_take(mark, apart);
        slot[i].is.tensor = apart;
        tp__unref(was);
    }
    return TP_OK;
}

tp_status tp__part_from_saved(const tp_tensor *root)
{
    search s = { 0 };
    tp_status status = visit(&s, root->node);
    while (s.n && !status) {
        const tp_node *node = s.stack[--s.n];
        const tp__saved_slot *own = NULL;
        status = part(tp__slots(node), node->n_saved, root);
        if (!status && node->context) {
            const int n = tp__context_slots(node->context, &own);
            status = part((tp__saved_slot *)(uintptr_t)own, n, root);
        }
        const tp_edge *edges = tp__edges(node);
        for (int i = 0; i < node->n_edges && !status; i++)
            if (edges[i].kind == TP__EDGE_NODE) status = visit(&s, edges[i].to.node);
    }
    tp_mem_free(s.stack, s.room * sizeof *s.stack);
    tp_mem_free(s.seen, s.slots * sizeof *s.seen);
    return status;
}
