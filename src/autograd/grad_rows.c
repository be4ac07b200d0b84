/* grad_rows.c: the gradient of a table that is held as rows, as long as nothing else came to it.
 *
 * A rule that writes few rows of a leaf gives indices and values, instead of a gradient of the leaf's shape. What comes is only listed;
 * it is joined, sorted and summed when somebody asks, in the order in which it came. All that a step touches is in proportion to
 * these rows then. A dense contribution, or whoever asks for the dense gradient, makes the gradient dense. */
#include "autograd/walk.h"

#include "core/memory.h"

static void parts_free(tp__rows_part *part)
{
    while (part) {
        tp__rows_part *next = part->next;
        tp__unref(part->indices);
        tp__unref(part->values);
        tp_mem_free(part, sizeof *part);
        part = next;
    }
}

void tp__grad_rows_free(tp__grad_rows *rows)
{
    if (!rows) return;
    parts_free(rows->first);
    tp_mem_free(rows, sizeof *rows);
}

/* ---- Making them ------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *own(tp_tensor *x, bool copy, uint32_t mark)
{
    const bool nobody_else_writes = tp__is_sole(x) && !tp__needs_grad(x);
    tp_tensor *y = copy || !nobody_else_writes ? tp_clone(x) : x;
    if (y) tp__list_take(mark, y);                     /* a copy; x was there before, and is counted */
    return y;
}

/* Of one part; the tensors are held, or copies of them. NULL: an error. */
static tp__grad_rows *rows_new(tp_tensor *indices, tp_tensor *values, bool copy)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp__grad_rows *rows = tp_mem_calloc(sizeof *rows);
    tp__rows_part *part = rows ? tp_mem_calloc(sizeof *part) : NULL;
    if (part && (part->indices = own(indices, copy, mark)) && (part->values = own(values, copy, mark))) {
        rows->first = rows->last = part;
        rows->n = indices->numel;
    } else {
        if (part && part->indices) tp__unref(part->indices);
        tp_mem_free(part, sizeof *part);
        tp_mem_free(rows, sizeof *rows);
        rows = NULL;
    }
    tp__list_release(mark);
    return rows;
}

/* ---- Joining ------------------------------------------------------------------------------------------------------------------------ */

/* The indices of all parts, or their values. NULL: an error. */
static tp_tensor *all_parts(const tp__grad_rows *rows, bool values, int64_t width)
{
    int64_t parts = 0, n = 0;
    for (const tp__rows_part *part = rows->first; part; part = part->next) parts++;
    tp_tensor **list = tp_mem_alloc((size_t)parts * sizeof *list), *y = NULL;
    for (const tp__rows_part *part = rows->first; list && part; part = part->next, n++) {
        const int64_t m = part->indices->numel;
        list[n] = values ? tp_reshape(part->values, TP_SHAPE(m, width)) : tp_to_dtype(tp_reshape(part->indices, TP_SHAPE(m)), TP_I64);
    }
    if (list) y = tp_cat((tp_tensor_list){ .at = list, .n = parts }, 0);
    tp_mem_free(list, (size_t)parts * sizeof *list);
    return y;
}

/* One part, its rows rising and distinct. */
static tp_status join(tp__grad_rows *rows, int64_t width)
{
    if (rows->joined) return TP_OK;
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp__rows_part *const first = rows->first;
    tp_tensor *at = NULL, *sums = NULL, *indices = first->indices, *values = first->values;
    if (first->next) {
        indices = all_parts(rows, false, width);
        values = indices ? all_parts(rows, true, width) : NULL;
    }
    const tp_status status = values ? tp_coalesce_rows(indices, values, false, &at, &sums) : tp__pending();
    if (!status) {
        tp__list_take(mark, at);
        tp__list_take(mark, sums);
        parts_free(first->next);
        tp__unref(first->indices);
        tp__unref(first->values);
        *first = (tp__rows_part){ .indices = at, .values = sums };
        rows->last = first;
        rows->n = at->numel;
        rows->joined = true;
    }
    tp__list_release(mark);
    return status;
}

/* The rows added to *dense, a gradient of x: into it where nobody would mind. */
tp_status tp__rows_into(tp_tensor **dense, tp__grad_rows *rows, const tp_tensor *x, bool recorded)
{
    const uint32_t mark = tp__list_mark();
    tp_status status = join(rows, x->shape[1]);
    if (status) return status;
    tp_tensor *const at = rows->first->indices, *const values = rows->first->values, *const old = *dense;
    if (!recorded && !tp__needs_grad(old) && tp__is_dense(old) && old->dtype == values->dtype) {
        if (!tp_index_add_(old, 0, at, values)) status = tp__pending();
    } else {
        tp_tensor *sum = tp_index_add(old, 0, at, tp_to_dtype(values, (tp_dtype)old->dtype));
        if (sum) {
            tp__list_take(mark, sum);
            *dense = sum;
            tp__unref(old);
        } else {
            status = tp__pending();
        }
    }
    tp__list_release(mark);
    return status;
}

tp_tensor *tp__rows_dense(tp__grad_rows *rows, const tp_tensor *x)
{
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_tensor *y = join(rows, x->shape[1]) ? NULL : tp_zeros(tp__shape(x->ndim, x->shape), .dtype = (tp_dtype)rows->first->values->dtype, .device = x->device);
    if (y) {
        tp__list_take(mark, y);
        if (tp__rows_into(&y, rows, x, false)) {
            tp__unref(y);
            y = NULL;
        }
    }
    tp__list_release(mark);
    return y;
}

/* What is listed stays in proportion to the table, however many backwards there are without a step. */
tp_status tp__rows_gather(tp__grad_rows **to, tp__grad_rows *more, const tp_tensor *x)
{
    if (!*to) {
        *to = more;
        return TP_OK;
    }
    tp__grad_rows *const rows = *to;
    rows->last->next = more->first;
    rows->last = more->last;
    rows->n += more->n;
    rows->joined = false;
    tp_mem_free(more, sizeof *more);
    return rows->n > 2 * x->shape[0] ? join(rows, x->shape[1]) : TP_OK;
}

tp_status tp__rows_to_leaf(tp_tensor *leaf, tp__grad_rows *more)
{
    tp__grad_state *state = tp__grad_state_of(leaf);
    if (!state) return tp__grad_rows_free(more), TP_ERR_MEMORY;
    tp_status status;
    const bool locked = tp__grad_lock(state);
    if (state->grad) {
        status = tp__rows_into(&state->grad, more, leaf, false);
        tp__grad_rows_free(more);
    } else {
        status = tp__rows_gather(&state->rows, more, leaf);
    }
    tp__grad_unlock(state, locked);
    return status;
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

bool tp__takes_rows(const tp_node *node, int edge)
{
    const tp_edge *e = &tp__edges(node)[edge];
    const tp__kept_shape *kept = tp__kept(node, edge);
    if (!node->walk || node->walk->create_graph || e->kind != TP__EDGE_LEAF || !kept) return false;
    const tp_tensor *leaf = e->to.leaf;
    return leaf->ndim == 2 && leaf->shape[0] == kept->shape[0] && leaf->shape[1] == kept->shape[1] && leaf->dtype == kept->dtype;
}

tp_status tp__give_rows(const tp_node *node, int edge, tp_tensor *indices, tp_tensor *values)
{
    tp__grad_rows *rows = rows_new(indices, values, false);
    if (!rows) return tp__pending();
    return tp__walk_rows(node->walk, (tp_node *)(uintptr_t)node, tp__edges(node)[edge].to.leaf, rows);
}

/* ---- Public ------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp__grad_settle(tp_tensor *x)
{
    tp__grad_state *const state = x->grad;
    const bool locked = tp__grad_lock(state);
    tp_tensor *g = state->grad;
    if (!g && state->rows && (g = tp__rows_dense(state->rows, x))) {
        state->grad = g;
        tp__grad_rows_free(state->rows);
        state->rows = NULL;
    }
    tp__grad_unlock(state, locked);
    return g;
}

bool tp_grad_is_rows(tp_tensor *x)
{
    if (!x || !tp__alive(x, "grad_is_rows")) return false;
    const tp__grad_state *state = __atomic_load_n(&x->grad, __ATOMIC_ACQUIRE);
    return state && !state->grad && state->rows;
}

tp_status tp_grad_rows(tp_tensor *x, tp_tensor **indices, tp_tensor **values)
{
    if (indices) *indices = NULL;
    if (values) *values = NULL;
    if (!x) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "grad_rows: the tensor is NULL");
    if (!tp__alive(x, "grad_rows")) return tp__pending();
    tp__grad_state *state = __atomic_load_n(&x->grad, __ATOMIC_ACQUIRE);
    if (!state || state->grad || !state->rows) return TP_OK;
    const bool locked = tp__grad_lock(state);
    const tp_status status = join(state->rows, x->shape[1]);
    if (!status && indices) *indices = state->rows->first->indices;
    if (!status && values) *values = state->rows->first->values;
    tp__grad_unlock(state, locked);
    return status;
}

static tp_status check_rows(tp_tensor *x, tp_tensor *indices, tp_tensor *values)
{
    if (x->ndim != 2 || indices->ndim != 1 || values->ndim != 2 || values->shape[0] != indices->shape[0] || values->shape[1] != x->shape[1])
        return tp_fail(TP_ERR_SHAPE, "set_grad_rows: indices %s and values %s are not rows of a tensor %s", tp__shape_text(indices), tp__shape_text(values),
                       tp__shape_text(x));
    if ((indices->dtype != TP_I64 && indices->dtype != TP_I32) || values->dtype != x->dtype)
        return tp_fail(TP_ERR_DTYPE, "set_grad_rows: indices %s and values %s for a tensor %s", tp_dtype_name((tp_dtype)indices->dtype),
                       tp_dtype_name((tp_dtype)values->dtype), tp_dtype_name((tp_dtype)x->dtype));
    if (values->device != x->device || indices->device != x->device)
        return tp_fail(TP_ERR_DEVICE, "set_grad_rows: indices on %s and values on %s for a tensor on %s", tp_device_name(indices->device),
                       tp_device_name(values->device), tp_device_name(x->device));
    tp_tensor *const at = tp_contiguous(tp_to(tp_to_dtype(indices, TP_I64), TP_CPU));
    if (!at) return tp__pending();
    for (int64_t i = 0; i < at->numel; i++) {
        const int64_t row = ((const int64_t *)at->data)[i];
        if (row < 0 || row >= x->shape[0])
            return tp_fail(TP_ERR_INDEX, "set_grad_rows: index %lld is out of range for %lld rows", (long long)row, (long long)x->shape[0]);
    }
    return TP_OK;
}

tp_status tp_set_grad_rows(tp_tensor *x, tp_tensor *indices, tp_tensor *values)
{
    if (tp__pending_error()) return tp__pending();
    if (!x || !indices || !values) return tp_fail(TP_ERR_ARGUMENT, "set_grad_rows: a tensor is NULL");
    if (!tp__alive(x, "set_grad_rows") || !tp__alive(indices, "set_grad_rows") || !tp__alive(values, "set_grad_rows")) return tp__pending();
    const uint32_t mark = tp__list_mark();
    tp__grad_rows *rows = check_rows(x, indices, values) ? NULL : rows_new(indices, values, true);
    tp__list_release(mark);
    if (!rows) return tp__pending();
    const tp_status status = tp_set_grad(x, NULL);
    if (!status) return tp__rows_to_leaf(x, rows);
    tp__grad_rows_free(rows);
    return status;
}
