/* function.c: ops of one's own. The tape sees one op, "apply", whose context holds the user's functions and what they save. */
#include "autograd/node.h"

#include "core/memory.h"

typedef struct saved_tensor { tp_tensor *tensor; uint32_t version; int output; } saved_tensor;      /* output: -1 for others */

typedef struct input_kind { tp_shape shape; tp_dtype dtype; } input_kind;

struct tp_context {
    const tp_function *function;
    tp_node *node;                                     /* not counted: the node owns the context */
    int n_in, n_out, n_saved, saved_room;
    uint64_t need;
    bool failed, saving;
    saved_tensor *saved;
    input_kind *in;
};

static tp_status apply_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx);
static const tp_op op_apply = { .schema = "apply(Tensor[] inputs) -> Tensor", .flags = TP__INTERNAL, .backward = apply_backward, .state = TP__STATE };

void tp__context_free(tp_context *c)
{
    if (!c) return;
    for (int i = 0; i < c->n_saved; i++)
        if (c->saved[i].tensor) tp__unref(c->saved[i].tensor);
    tp_mem_free(c->saved, (size_t)c->saved_room * sizeof *c->saved);
    tp_mem_free(c->in, (size_t)c->n_in * sizeof *c->in);
    tp_mem_free(c, sizeof *c);
}

const char *tp__node_name(const tp_node *node, bool *custom)
{
    *custom = node->context;
    return node->context ? node->context->function->name : tp__state(node->op)->base_name;
}

static tp_context *context_new(const tp_function *f, int n_in, int n_out)
{
    tp_context *c = tp_mem_calloc(sizeof *c);
    if (!c) return NULL;
    c->function = f;
    c->n_in = n_in;
    c->n_out = n_out;
    c->in = n_in ? tp_mem_calloc((size_t)n_in * sizeof *c->in) : NULL;
    if (n_in && !c->in) {
        c->n_in = 0;
        tp__context_free(c);
        return NULL;
    }
    return c;
}

/* ---- What the user's functions call ------------------------------------------------------------------------------------------ */

void tp_save(tp_context *c, tp_tensor *x)
{
    if (!c) {
        tp_fail(TP_ERR_ARGUMENT, "save: the call is NULL");
        return;
    }
    if (!c->saving) {
        tp_fail(TP_ERR_STATE, "%s: tp_save is for forward", c->function->name);
        return;
    }
    if (x && !tp__alive(x, "save")) {
        c->failed = true;
        return;
    }
    if (c->n_saved == c->saved_room) {
        const int room = c->saved_room ? c->saved_room * 2 : 4;
        saved_tensor *more = tp_mem_resize(c->saved, (size_t)c->saved_room * sizeof *more, (size_t)room * sizeof *more);
        if (!more) {
            c->failed = true;
            return;
        }
        c->saved = more;
        c->saved_room = room;
    }
    if (x) tp__ref(x);
    c->saved[c->n_saved++] = (saved_tensor){ x, x ? tp__version(x) : 0, -1 };
}

tp_tensor *tp_saved(tp_context *c, int i)
{
    if (!c) return tp_fail(TP_ERR_ARGUMENT, "saved: the call is NULL"), NULL;
    if (i < 0 || i >= c->n_saved) {
        tp_fail(TP_ERR_ARGUMENT, "%s: saved tensor %d of %d was asked for", c->function->name, i, c->n_saved);
        return NULL;
    }
    const saved_tensor *s = &c->saved[i];
    if (!s->tensor) return NULL;
    if (s->version != tp__version(s->tensor)) {
        tp_fail(TP_ERR_STATE, "backward: %s saved a tensor %s that %s overwrote since", c->function->name, tp__shape_text(s->tensor),
                s->tensor->storage->writer ? s->tensor->storage->writer : "an in-place write");
        return NULL;
    }
    if (s->output < 0 || !c->node || tp__self.mode & TP__NO_RECORD) return s->tensor;
    tp_tensor *y = tp__alias_like(s->tensor);
    if (y) tp__attach(c->node, y, s->output);
    return y;
}

const void *tp_arg_of(tp_context *c) { return c ? c->function->arg : NULL; }
uint64_t tp_needs(tp_context *c) { return c ? c->need : 0; }
int tp_context_inputs(tp_context *c) { return c ? c->n_in : 0; }
int tp_context_outputs(tp_context *c) { return c ? c->n_out : 0; }

/* ---- Backward -------------------------------------------------------------------------------------------------------------------- */

static tp_status apply_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_context *c = node->context;
    const tp_function *f = c->function;
    const tp_scope scope = tp_scope_open_at(f->name);
    if (tp__pending_error()) return tp__pending();
    tp_status status = f->backward_many ? f->backward_many(c, dy, dx) : dy[0] ? f->backward(c, dy[0], dx) : TP_OK;
    for (int i = 0; i < c->n_in && !status; i++) {
        if (!dx[i] || !tp__edge_needs(node, i) || !tp__alive(dx[i], f->name)) continue;
        if (dx[i]->dtype != c->in[i].dtype) dx[i] = tp_to_dtype(dx[i], c->in[i].dtype);
    }
    tp__scope_join(&scope);
    if (tp__pending_error()) return tp__pending();
    if (status) return tp_fail(status, "%s: its backward failed", f->name);
    for (int i = 0; i < c->n_in; i++) {
        if (!dx[i] || !tp__edge_needs(node, i)) continue;
        const tp_shape *want = &c->in[i].shape;
        bool same = dx[i]->ndim == want->ndim;
        for (int d = 0; same && d < want->ndim; d++) same = dx[i]->shape[d] == want->dim[d];
        if (!same)
            return tp_fail(TP_ERR_SHAPE, "%s: its backward made a gradient %s for input %d, which is %s", f->name, tp__shape_text(dx[i]), i,
                           tp__dims_text(want->ndim, want->dim));
    }
    return TP_OK;
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------- */

/* For an input, or a tensor of somebody else. The memory of an input is not to be written through it. */
static tp_tensor *another_handle(const tp_context *c, tp_tensor *const *x, tp_tensor *y)
{
    tp_tensor *alias = tp__alias_like(y);
    for (int i = 0; i < c->n_in && alias; i++)
        if (x[i] == y && c->need) alias->flags |= TP__MULTI_VIEW;
    return alias;
}

static tp_status run_forward(tp_context *c, tp_tensor *const *x, tp_tensor **y)
{
    const tp_function *f = c->function;
    TP_NO_GRAD();
    tp_scope scope = tp_scope_open_at(f->name);
    tp_status status = TP_OK;
    c->saving = true;
    if (f->n_outputs) status = f->forward_many(c, x, y);
    else y[0] = f->forward(c, x);
    c->saving = false;
    for (int i = 0; i < c->n_out && !status; i++) {
        if (!y[i]) status = tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: its forward made no output %d", f->name, i);
        else if (!tp__alive(y[i], f->name)) status = tp__pending();
        else if (y[i]->home == 0 || tp__needs_grad(y[i]) || y[i]->home_thread != tp__self.id
                 || y[i]->home <= tp__self.marks[tp__self.depth].first)
            y[i] = another_handle(c, x, y[i]);
        if (!status && !y[i]) status = tp__pending();
        for (int k = 0; k < i && !status; k++)
            if (y[k] == y[i]) y[i] = tp__alias_like(y[i]);
    }
    if (!status) status = tp__pending() ? tp__pending() : c->failed ? TP_ERR_MEMORY : TP_OK;
    for (int i = 0; i < c->n_out && !status; i++) tp_escape(y[i]);
    tp_scope_close(&scope);
    return status;
}

static tp_status record_apply(tp_context *c, tp_tensor *const *x, tp_tensor **y)
{
    tp_node *node = tp__node_new(&op_apply, c->n_in, 0, 0, 0);
    if (!node) return TP_ERR_MEMORY;
    node->n_out = (uint16_t)c->n_out;
    node->context = c;
    c->node = node;
    for (int i = 0; i < c->n_in; i++)
        if (x[i]) tp__connect(node, i, x[i]);
    for (int k = 0; k < c->n_saved; k++)               /* a saved output would hold its own node */
        for (int i = 0; i < c->n_out; i++) {
            saved_tensor *s = &c->saved[k];
            if (s->tensor != y[i]) continue;
            const uint32_t mark = tp__list_mark();
            tp_tensor *alias = tp__alias_like(y[i]);
            if (!alias) {
                c->node = NULL;
                node->context = NULL;
                atomic_store(&node->refs, 1);
                tp__node_unref(node);
                return TP_ERR_MEMORY;
            }
            tp__list_take(mark, alias);
            tp__unref(s->tensor);
            s->tensor = alias;
            s->output = i;
            break;
        }
    for (int i = 0; i < c->n_out; i++)
        if (tp__is_floating(y[i]->dtype) || tp__is_complex(y[i]->dtype)) tp__attach(node, y[i], i);
    if (!atomic_load(&node->refs)) {                   /* no output can have a gradient */
        atomic_store(&node->refs, 1);
        tp__node_unref(node);
    }
    return TP_OK;
}

tp_status tp_apply_many(const tp_function *f, tp_tensor *const *x, int n, tp_tensor **y)
{
    if (!f || !y || (!x && n)) return tp_fail(TP_ERR_ARGUMENT, "apply: the function, its inputs or its outputs are NULL");
    const int n_out = f->n_outputs ? f->n_outputs : 1;
    for (int i = 0; i < n_out; i++) y[i] = NULL;
    if (!f->name || (f->n_outputs ? !f->forward_many || !f->backward_many : !f->forward || !f->backward))
        return tp_fail(TP_ERR_ARGUMENT, "apply: the function lacks its name, forward or backward");
    if (n < 0 || n > 64) return tp_fail(TP_ERR_ARGUMENT, "%s: %d inputs, at most 64 are possible", f->name, n);
    uint64_t need = 0;
    for (int i = 0; i < n; i++) {
        if (!x[i]) {                                   /* absent, unless something went wrong before */
            if (tp__pending_error()) return tp__pending();
            continue;
        }
        if (!tp__alive(x[i], f->name) || tp__view_refresh(x[i])) return tp__pending();
        if (tp__needs_grad(x[i])) need |= (uint64_t)1 << i;
    }
    tp_context *c = context_new(f, n, n_out);
    if (!c) return TP_ERR_MEMORY;
    c->need = tp__self.mode & TP__NO_RECORD ? 0 : need;
    for (int i = 0; i < n; i++)
        if (x[i]) c->in[i] = (input_kind){ tp_shape_of(x[i]), (tp_dtype)x[i]->dtype };
    tp_status status = run_forward(c, x, y);
    const bool records = !status && c->need;
    if (records) status = record_apply(c, x, y);
    if (!records || status) {
        if (!records || !c->node) tp__context_free(c);
    }
    if (status) {
        for (int i = 0; i < n_out; i++) y[i] = NULL;
        if (!tp__pending_error()) tp_fail(status, "%s: no memory", f->name);
    }
    return status;
}

tp_tensor *tp_apply_each(const tp_function *f, tp_tensor *const *x)
{
    int n = 0;
    if (!f || !x) return tp_fail(TP_ERR_ARGUMENT, "apply: the function, or the list of its inputs, is NULL"), NULL;
    while ((void *)x[n] != TP__END) n++;
    for (int i = 0; i < n; i++)
        if (!x[i]) return NULL;
    if (f->n_outputs > 1) return tp_fail(TP_ERR_ARGUMENT, "%s: has %d outputs: use tp_apply_many", f->name, f->n_outputs), NULL;
    tp_tensor *y = NULL;
    return tp_apply_many(f, x, n, &y) ? NULL : y;
}
