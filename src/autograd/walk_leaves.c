/* walk_leaves.c: leaves that are not given their gradient at once: those with hooks, and those that tp_grad was asked for. They gather
 * what comes, and have a turn when the last of it has come. */
#include "autograd/walk.h"

/* Where a leaf with hooks, or one that was asked for, gathers; NULL without an error: nobody asked. `node`: what the gradient comes
 * from, or NULL. */
static tp_status gather_of(tp__walk *w, tp_node *node, tp_tensor *leaf, tp__gather **out)
{
    tp__gather *gather = tp__gather_at(w, leaf, 0, false);
    *out = NULL;
    if (!gather && w->to_inputs) return TP_OK;
    if (!gather && !w->planned) {
        const tp_status status = tp__walk_plan(w, node);
        if (status) return status;
        gather = tp__gather_at(w, leaf, 0, false);
    }
    if (!gather) {                                     /* no node leads to it, or it has got its first hook on the way: it comes last */
        const uint64_t key = node ? 0 : TP__KEY_NOW;
        if (!(gather = tp__gather_leaf(w, leaf)) || !tp__walk_push(w, (tp__ready){ key, { .gather = w->n_gather - 1 } })) return TP_ERR_MEMORY;
    }
    *out = gather;
    return TP_OK;
}

tp_status tp__walk_gather(tp__walk *w, tp_node *node, tp_tensor *leaf, tp_tensor *g, uint32_t mark)
{
    tp__gather *gather;
    const tp_status status = gather_of(w, node, leaf, &gather);
    return status || !gather ? status : tp__walk_add(&gather->dy, g, mark, w->create_graph);
}

tp_status tp__walk_rows(tp__walk *w, tp_node *node, tp_tensor *leaf, tp__grad_rows *rows)
{
    if (tp__gives_now(w, leaf)) return tp__rows_to_leaf(leaf, rows);
    tp__gather *gather;
    const tp_status status = gather_of(w, node, leaf, &gather);
    if (!status && gather) return tp__rows_gather(&gather->rows, rows, leaf);
    tp__grad_rows_free(rows);
    return status;
}

/* Rows stay rows on their way to a leaf; hooks and tp_grad are given a dense gradient. */
static tp_status settle(tp__walk *w, tp__gather *gather, bool hooked)
{
    tp__grad_rows *const rows = gather->rows;
    tp_status status = TP_OK;
    gather->rows = NULL;
    if (!gather->dy && !hooked && w->gives) {
        status = tp__rows_to_leaf(gather->leaf, rows);
        return status ? status : tp__walk_told(gather->leaf);
    }
    if (gather->dy) status = tp__rows_into(&gather->dy, rows, gather->leaf, true);
    else if (!(gather->dy = tp__rows_dense(rows, gather->leaf))) status = tp__pending();
    tp__grad_rows_free(rows);
    return status;
}

/* Its hooks see the gradient, it is given, and then its owner is told. */
tp_status tp__walk_leaf(tp__walk *w, size_t at)
{
    tp__gather *gather = &w->gather[at];
    tp_tensor *const leaf = gather->leaf;
    tp__grad_state *state = __atomic_load_n(&leaf->grad, __ATOMIC_ACQUIRE);      /* another thread may be making it */
    if (__builtin_expect(!!gather->rows, 0)) {
        const tp_status status = settle(w, gather, state && state->hooks);
        if (status) return status;
        gather = &w->gather[at];
    }
    if (!gather->dy) return TP_OK;
    const uint32_t mark = tp__list_mark();
    tp_status status = state ? tp__run_hooks(&state->hooks, 0, &gather->dy, mark) : TP_OK;
    gather = &w->gather[at];
    if (!status && (w->gives || !gather->captured)) {
        tp_tensor *g = gather->dy;
        gather->dy = NULL;
        if (!tp__enlist(&tp__self, g)) {               /* the scope list owns it, so that the leaf can take it over */
            tp__unref(g);
            status = TP_ERR_MEMORY;
        } else {
            status = tp__give_grad(leaf, g, mark, w->create_graph);
        }
        if (!status) status = tp__walk_told(leaf);
    }
    tp__list_release(mark);
    return status;
}
