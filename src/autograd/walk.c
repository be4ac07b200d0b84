/* walk.c: backward. Nodes that got a gradient wait in a heap; the one made last is taken, its rule turns the gradient of its
 * outputs into those of its inputs, and these go on to nodes made earlier, or to leaves. The order by seq makes sure that
 * all gradients of a node have come before it is its turn. Leaves add up what comes; one with hooks has a turn of its own,
 * when the last of it has come. */
#include "autograd/walk.h"

#include "core/memory.h"

bool tp__grow(void *list, size_t *room, size_t n, size_t item, const void *fixed)
{
    if (n < *room) return true;
    void *old;
    memcpy(&old, list, sizeof old);
    const size_t more = *room < 16 ? 32 : *room * 2;
    void *new_list = tp_mem_alloc(more * item);
    if (!new_list) return false;
    if (n) memcpy(new_list, old, n * item);
    if (old != fixed) tp_mem_free(old, *room * item);
    memcpy(list, &new_list, sizeof new_list);
    *room = more;
    return true;
}

/* ---- The heap --------------------------------------------------------------------------------------------------------------- */

bool tp__walk_push(tp__walk *w, tp__ready what)
{
    if (!w->ready) {                                   /* all the way down a chain */
        w->heap[w->ready++] = what;
        return true;
    }
    if (__builtin_expect(w->ready == w->room, 0) && !tp__grow(&w->heap, &w->room, w->ready, sizeof *w->heap, w->first_ready)) return false;
    size_t i = w->ready++;
    while (i && w->heap[(i - 1) / 2].key < what.key) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = what;
    return true;
}

static inline bool is_leaf(tp__ready what) { return (what.key & TP__KEY_NODE) != TP__KEY_NODE; }

static tp__ready pop_of_many(tp__walk *w)
{
    const tp__ready top = w->heap[0];
    const tp__ready last = w->heap[--w->ready];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->ready) break;
        if (child + 1 < w->ready && w->heap[child + 1].key > w->heap[child].key) child++;
        if (w->heap[child].key <= last.key) break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

static inline tp__ready pop(tp__walk *w)
{
    if (w->ready > 1) return pop_of_many(w);
    w->ready = 0;
    return w->heap[0];
}

/* ---- Claiming nodes ------------------------------------------------------------------------------------------------------------ */

/* Nodes are walked by one backward at a time. One that runs inside of another's rule or hook may need nodes of the outer:
 * it borrows them and gives them back as they were. */
tp_status tp__walk_claim(tp__walk *w, tp_node *node)
{
    if (node->walk) {
        if (node->walk->thread != w->thread)
            return tp_fail(TP_ERR_STATE, "backward: another thread is walking through the same graph now (at %s)", tp__state(node->op)->base_name);
        if (!tp__grow(&w->borrowed, &w->borrowed_room, w->n_borrowed, sizeof *w->borrowed, NULL)) return TP_ERR_MEMORY;
        w->borrowed[w->n_borrowed++] = (tp__claim){ node, node->walk, node->dy.one, node->flags & TP__OF_WALK };
        node->flags &= (uint8_t)~TP__OF_WALK;
    }
    node->dy.one = NULL;
    if (node->n_out > 1) {
        node->dy.many = tp_mem_calloc(node->n_out * sizeof *node->dy.many);
        if (!node->dy.many) {
            if (node->walk) {
                const tp__claim *claim = &w->borrowed[--w->n_borrowed];
                node->dy.one = claim->dy;
                node->flags |= claim->flags;
            }
            return TP_ERR_MEMORY;
        }
    }
    node->walk = w;
    return TP_OK;
}

tp_status tp__walk_see(tp__walk *w, tp_node *node)
{
    if (__builtin_expect(w->n_seen == w->seen_room, 0) && !tp__grow(&w->seen, &w->seen_room, w->n_seen, sizeof *w->seen, NULL)) return TP_ERR_MEMORY;
    w->seen[w->n_seen++] = node;
    return TP_OK;
}

void tp__let_go(tp_node *node)
{
    if (node->n_out == 1) {
        if (node->dy.one) tp__unref(node->dy.one);
    } else if (node->dy.many) {
        for (int i = 0; i < node->n_out; i++)
            if (node->dy.many[i]) tp__unref(node->dy.many[i]);
        tp_mem_free(node->dy.many, node->n_out * sizeof *node->dy.many);
    }
    node->dy.one = NULL;
}

/* ---- Adding up ------------------------------------------------------------------------------------------------------------------ */

tp_status tp__walk_add(tp_tensor **slot, tp_tensor *g, uint32_t mark, bool create_graph)
{
    tp_tensor *sum = *slot;
    if (!sum) {
        tp__list_take(mark, g);
        *slot = g;
        return TP_OK;
    }
    if (!create_graph && tp__is_ours_alone(sum) && tp__same_kind(sum, g) && (sum->flags & TP__CONTIGUOUS || tp__is_dense(sum))) return tp__accumulate(sum, g);
    tp_tensor *both = tp_add(sum, g);
    if (!both) return tp__pending();
    tp__list_take(mark, both);
    tp__unref(sum);
    *slot = both;
    return TP_OK;
}

tp_status tp__give_grad(tp_tensor *x, tp_tensor *g, uint32_t mark, bool create_graph)
{
    tp__grad_state *state = __atomic_load_n(&x->grad, __ATOMIC_ACQUIRE);
    if (__builtin_expect(!state, 0) && !(state = tp__grad_state_of(x))) return TP_ERR_MEMORY;
    if (__builtin_expect(!tp__same_shape(g, x), 0))
        return tp_fail(TP_ERR_SHAPE, "backward: a gradient %s came to a leaf %s", tp__shape_text(g), tp__shape_text(x));
    tp_status status = TP_OK;
    const bool locked = tp__grad_lock(state);
    if (!state->grad) {
        const bool ours = tp__is_sole(g) && g->home > mark && g->home_thread == tp__self.id;
        if (!ours || g->dtype != x->dtype || !tp__is_dense(g)) {         /* no two gradients ever share storage */
            g = g->dtype == x->dtype ? tp_clone(g) : tp_to_dtype(g, (tp_dtype)x->dtype);
            if (!g) status = tp__pending();
        }
        if (g) {
            tp__list_take(mark, g);
            state->grad = g;
            if (__builtin_expect(!!state->rows, 0)) {  /* dense and rows are dense */
                status = tp__rows_into(&state->grad, state->rows, x, create_graph);
                tp__grad_rows_free(state->rows);
                state->rows = NULL;
            }
        }
    } else if (!create_graph && !state->grad->node && tp__same_kind(state->grad, g)
               && (state->grad->flags & TP__CONTIGUOUS || tp__is_dense(state->grad))) {
        status = tp__accumulate(state->grad, g);       /* in place, as PyTorch does */
        tp__bump(state->grad, "backward");
    } else {
        status = tp__walk_add(&state->grad, g, mark, true);
    }
    tp__grad_unlock(state, locked);
    return status;
}

/* ---- One node ------------------------------------------------------------------------------------------------------------------- */

static tp_status to_leaf(tp__walk *w, tp_node *node, tp_tensor *leaf, tp_tensor *g, uint32_t mark)
{
    if (__builtin_expect(tp__gives_now(w, leaf), 1)) return tp__give_grad(leaf, g, mark, w->create_graph);
    return tp__walk_gather(w, node, leaf, g, mark);
}

static inline tp_status to_node(tp__walk *w, tp_node *node, uint16_t output, tp_tensor *g, uint32_t mark)
{
    if (w->to_inputs) {
        if (node->walk != w || !(node->flags & (TP__CAPTURE | TP__RUN))) return TP_OK;
    } else if (node->walk != w) {
        if (__builtin_expect(node->walk || node->n_out > 1, 0)) {
            const tp_status status = tp__walk_claim(w, node);
            if (status) return status;
        }
        node->walk = w;
        if (!tp__walk_push_node(w, node)) {
            tp__let_go(node);
            node->walk = NULL;
            return TP_ERR_MEMORY;
        }
    } else if (__builtin_expect(node->flags & TP__FOUND, 0)) {
        if (!tp__walk_push_node(w, node)) return TP_ERR_MEMORY;
        node->flags &= (uint8_t)~TP__FOUND;
    }
    return tp__walk_add(node->n_out == 1 ? &node->dy.one : &node->dy.many[output], g, mark, w->create_graph);
}

/* Hooks, and gradients that were asked for: before the rule. */
static tp_status look_at_gradients(tp__walk *w, tp_node *node, tp_tensor **dy, uint32_t mark)
{
    tp_status status = TP_OK;
    for (int i = 0; i < node->n_out && !status; i++) {
        if (!dy[i]) continue;
        status = tp__run_hooks(&node->u.hooks, i, &dy[i], mark);
        tp__gather *gather = status || !(node->flags & TP__CAPTURE) ? NULL : tp__gather_at(w, node, (uint16_t)i, false);
        if (gather) status = tp__walk_add(&gather->dy, dy[i], UINT32_MAX, w->create_graph);
    }
    return status;
}

enum { FEW = 8 };

/* Of an op that takes a list: its members share one bit. */
static uint64_t need_of_list(const tp_node *node)
{
    const tp__op_state *op = tp__state(node->op);
    const int members = node->n_edges - op->last_tensor;
    uint64_t need = 0;
    for (int i = 0; i < node->n_edges; i++)
        if (tp__edge_needs(node, i)) need |= (uint64_t)1 << (i < op->list_at ? i : i < op->list_at + members ? op->list_at : i - members + 1);
    return need;
}

static tp_status run_rule(tp__walk *w, tp_node *node, tp_tensor *const *dy, uint32_t mark)
{
    const int n = node->n_edges;
    const tp_edge *edges = tp__edges(node);
    tp_tensor *few[FEW], **dx = few;
    if (__builtin_expect(n > FEW, 0)) {
        dx = tp_mem_alloc((size_t)n * sizeof *dx);
        if (!dx) return TP_ERR_MEMORY;
    }
    uint64_t need = 0;
    for (int i = 0; i < n; i++) {
        dx[i] = NULL;
        need |= (uint64_t)(edges[i].kind != TP__EDGE_NONE) << (i & 63);
    }
    if (__builtin_expect(tp__state(node->op)->list_at >= 0, 0)) need = need_of_list(node);
    if (__builtin_expect(node->flags & TP__RELEASED, 0)) {
        if (n > FEW) tp_mem_free(dx, (size_t)n * sizeof *dx);
        return tp_fail(TP_ERR_STATE, "backward: the graph is freed: it was walked before without .retain_graph (at %s)", tp__state(node->op)->base_name);
    }
    tp_backward_fn *rule = node->op->backward_fused && !w->create_graph ? node->op->backward_fused : node->op->backward;
    const struct tp__origin *const outer = __builtin_expect(w->watches, 0) ? tp__watch_begin(node) : NULL;
    w->added = 0;
    tp_status status = rule(node, dy, need, dx);
    const uint64_t added = w->added;
    if (__builtin_expect(w->watches, 0)) status = tp__watch_end(node, outer, status, dy, dx);
    for (int i = 0; i < n && !status; i++) {
        if (!dx[i] || edges[i].kind == TP__EDGE_NONE) continue;
        if (__builtin_expect(added >> (i & 63) & 1, 0)) {                /* by the rule, which has no list: it is there */
            if (edges[i].kind == TP__EDGE_LEAF) tp__bump(dx[i], "backward");
            continue;
        }
        status = edges[i].kind == TP__EDGE_LEAF ? to_leaf(w, node, edges[i].to.leaf, dx[i], mark)
                                                : to_node(w, edges[i].to.node, edges[i].output, dx[i], mark);
    }
    if (n > FEW) tp_mem_free(dx, (size_t)n * sizeof *dx);
    return status;
}

static bool has_gradient(const tp_node *node)
{
    if (node->n_out == 1) return node->dy.one;
    for (int i = 0; i < node->n_out; i++)
        if (node->dy.many[i]) return true;
    return false;
}

static tp_status run_node(tp__walk *w, tp_node *node)
{
    const uint32_t mark = tp__list_mark();
    tp_tensor **dy = node->n_out == 1 ? &node->dy.one : node->dy.many;
    tp_status status = TP_OK;
    if (w->to_inputs && !has_gradient(node)) return TP_OK;
    if (__builtin_expect(node->u.hooks || node->flags & TP__CAPTURE, 0)) status = look_at_gradients(w, node, dy, mark);
    if (!status && (!w->to_inputs || node->flags & TP__RUN)) {
        status = run_rule(w, node, dy, mark);
        if (__builtin_expect(node->flags & TP__PACKS, 0)) {
            tp__slots_used(tp__slots(node), node->n_saved);
            if (node->context) tp__context_used(node->context);
        }
    }
    if (__builtin_expect(node->n_out > 1, 0)) {
        tp__let_go(node);
    } else if (node->dy.one) {
        tp__unref(node->dy.one);
        node->dy.one = NULL;
    }
    if (!w->to_inputs) {
        node->walk = NULL;
        if (!status && !w->retain && (node->n_saved || node->context)) status = tp__walk_see(w, node);
    }
    tp__list_release(mark);
    return status;
}

/* ---- The whole walk --------------------------------------------------------------------------------------------------------------- */

static tp_status seed(tp__walk *w, tp_tensor *y, tp_tensor *given)
{
    const uint32_t mark = tp__list_mark();
    tp_tensor *g = given;
    if (!g) {
        g = tp__tensor_new(y->device, (tp_dtype)y->dtype, y->ndim, y->shape);
        const uint32_t mode = tp__self.mode;
        tp__self.mode |= TP__NO_RECORD;
        if (g) g = tp_fill_(g, 1);
        tp__self.mode = mode;
    }
    tp_status status = !g ? tp__pending() : y->node ? to_node(w, y->node, y->output, g, mark) : to_leaf(w, NULL, y, g, mark);
    tp__list_release(mark);
    return status;
}

tp_status tp__walk_run(tp__walk *w, tp_tensor *const *outputs, int n, tp_tensor *const *grads)
{
    tp__thread *self = &tp__self;
    const uint32_t mode = self->mode;
    const size_t few = sizeof w->few_roots / sizeof *w->few_roots;
    w->roots = (size_t)n > few ? tp_mem_alloc((size_t)n * sizeof *w->roots) : w->few_roots;
    if (!w->roots) return TP_ERR_MEMORY;
    for (int i = 0; i < n; i++)
        if ((w->roots[w->n_roots++] = outputs[i]->node)) tp__count_up(&outputs[i]->node->refs);
    w->watches = mode & TP__ANOMALY;
    self->mode = w->create_graph ? mode & ~(uint32_t)TP__NO_RECORD : mode | TP__NO_RECORD;
    const uint8_t autocast = tp__autocast_put(0);      /* rules take the dtypes that their ops took */
    tp_status status = TP_OK;
    for (int leaves = 0; leaves < 2; leaves++)         /* those come second, for then all that is to be walked waits */
        for (int i = 0; i < n && !status; i++)
            if ((outputs[i]->node == NULL) == leaves) status = seed(w, outputs[i], grads ? grads[i] : NULL);
    while (w->ready && !status) {
        const tp__ready next = pop(w);
        status = __builtin_expect(is_leaf(next), 0) ? tp__walk_leaf(w, next.what.gather) : run_node(w, next.what.node);
    }
    if (!status && !w->retain)                         /* only now: after a failure the graph is as it was */
        for (size_t i = 0; i < w->n_seen; i++)
            if (!w->to_inputs || w->seen[i]->flags & TP__RUN) tp__release_saved(w->seen[i]);
    self->mode = (self->mode & TP__PENDING) | (mode & ~(uint32_t)(TP__PENDING | TP__AUTOCAST));
    tp__autocast_put(autocast);
    while (w->ready) {                                 /* left over by a failure */
        const tp__ready left = pop(w);
        if (is_leaf(left)) continue;
        tp__let_go(left.what.node);
        if (!w->to_inputs) left.what.node->walk = NULL;
    }
    return status;
}

void tp__walk_end(tp__walk *w)
{
    if (w->to_inputs)
        for (size_t i = 0; i < w->n_seen; i++) {
            tp__let_go(w->seen[i]);
            w->seen[i]->walk = NULL;
            w->seen[i]->flags &= (uint8_t)~(TP__CAPTURE | TP__RUN);
        }
    tp__walk_plan_end(w);
    while (w->n_borrowed) {
        const tp__claim *claim = &w->borrowed[--w->n_borrowed];
        claim->node->walk = claim->walk;
        claim->node->dy.one = claim->dy;
        claim->node->flags |= claim->flags;
    }
    for (size_t i = 0; i < w->n_gather; i++) {
        if (w->gather[i].dy) tp__unref(w->gather[i].dy);
        tp__grad_rows_free(w->gather[i].rows);
        if (w->gather[i].leaf) tp__unref(w->gather[i].leaf);
    }
    if (w->heap != w->first_ready) tp_mem_free(w->heap, w->room * sizeof *w->heap);
    tp_mem_free(w->seen, w->seen_room * sizeof *w->seen);
    tp_mem_free(w->borrowed, w->borrowed_room * sizeof *w->borrowed);
    tp_mem_free(w->gather, w->gather_room * sizeof *w->gather);
    tp_mem_free(w->slot, w->slot_room * sizeof *w->slot);
    for (size_t i = 0; i < w->n_roots; i++)
        if (w->roots[i]) tp__node_unref(w->roots[i]);
    if (w->roots != w->few_roots) tp_mem_free(w->roots, w->n_roots * sizeof *w->roots);
}
