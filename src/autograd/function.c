/* function.c: ops of one's own. The tape sees one op, "apply", whose context holds the user's functions and what they save. */
#include "autograd/node.h"

#include "core/memory.h"

/* An input or output, as backward needs to know it. */
typedef struct kind { tp_shape shape; tp_dtype dtype; bool dirty, plain; } kind;         /* plain: an output without a gradient */

struct tp_context {
    const tp_function *function;
    tp_node *node;                                     /* not counted: the node owns the context */
    int n_in, n_out, n_saved, saved_room, n_plain, plain_room;
    uint64_t need, dirty;                              /* bit i: input i */
    uint8_t autocast;                                  /* the region that forward ran in */
    bool failed, saving, materialize;
    tp__saved_slot *saved;
    tp_tensor *const *x;                               /* during forward */
    tp_tensor **plain;                                 /* outputs that forward marked; not counted, it compares them alone */
    kind *in, *out;
    void *data;
    size_t data_bytes;
};

static tp_status apply_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx);
static const tp_op op_apply = { .schema = "apply(Tensor[] inputs) -> Tensor", .flags = TP__INTERNAL, .backward = apply_backward, .state = TP__STATE };

void tp__context_release(tp_context *c)
{
    for (int i = 0; i < c->n_saved; i++)
        if (c->saved[i].is.tensor) tp__slot_clear(&c->saved[i]);
}

void tp__context_used(tp_context *c) { tp__slots_used(c->saved, c->n_saved); }

int tp__context_slots(const tp_context *c, const tp__saved_slot **slots)
{
    *slots = c->saved;
    return c->n_saved;
}

void tp__context_free(tp_context *c)
{
    if (!c) return;
    tp__context_release(c);
    tp_mem_free(c->saved, (size_t)c->saved_room * sizeof *c->saved);
    tp_mem_free(c->plain, (size_t)c->plain_room * sizeof *c->plain);
    tp_mem_free(c->in, (size_t)(c->n_in + c->n_out) * sizeof *c->in);
    tp_mem_free(c->data, c->data_bytes);
    if (c->function->drop) c->function->drop(c->function->arg);
    tp_mem_free(c, sizeof *c);
}

const char *tp__node_name(const tp_node *node, bool *custom)
{
    *custom = node->context;
    return node->context ? node->context->function->name : tp__state(node->op)->base_name;
}

static kind kind_of(tp_tensor *x) { return (kind){ .shape = tp__shape(x->ndim, x->shape), .dtype = (tp_dtype)x->dtype }; }

static tp_context *context_new(const tp_function *f, tp_tensor *const *x, int n_in, int n_out)
{
    tp_context *c = tp_mem_calloc(sizeof *c);
    if (!c) return NULL;
    c->function = f;
    c->autocast = tp__autocast_now();
    c->n_in = n_in;
    c->n_out = n_out;
    c->in = tp_mem_calloc((size_t)(n_in + n_out) * sizeof *c->in);
    if (!c->in) {
        tp_mem_free(c, sizeof *c);
        return NULL;
    }
    c->out = c->in + n_in;
    for (int i = 0; i < n_in; i++)
        if (x[i]) c->in[i] = kind_of(x[i]);
    return c;
}

/* ---- What the user's functions call ------------------------------------------------------------------------------------------ */

/* False, and an error: not during forward, or x is dead. */
static bool in_forward(tp_context *c, tp_tensor *x, const char *what)
{
    if (!c) {
        tp_fail(TP_ERR_ARGUMENT, "%s: the call is NULL", what);
    } else if (!c->saving) {
        tp_fail(TP_ERR_STATE, "%s: tp_%s is for forward", c->function->name, what);
    } else if (x && !tp__alive(x, what)) {
        c->failed = true;
    } else {
        return true;
    }
    return false;
}

/* Room for one more of `item` bytes. */
static bool grow(tp_context *c, void *list, int n, int *room, size_t item)
{
    if (n < *room) return true;
    void *old, *more;
    memcpy(&old, list, sizeof old);
    const int wanted = *room ? *room * 2 : 4;
    more = tp_mem_resize(old, (size_t)*room * item, (size_t)wanted * item);
    if (!more) {
        c->failed = true;
        return false;
    }
    memcpy(list, &more, sizeof more);
    *room = wanted;
    return true;
}

void tp_save(tp_context *c, tp_tensor *x)
{
    if (!in_forward(c, x, "save") || !grow(c, &c->saved, c->n_saved, &c->saved_room, sizeof *c->saved)) return;
    if (x) {
        tp__ref(x);
        tp__note_saved(x);
    }
    c->saved[c->n_saved++] = (tp__saved_slot){ .is.tensor = x, .version = x ? tp__version(x) : 0, .kind = TP__HELD };
}

tp_tensor *tp_saved(tp_context *c, int i)
{
    if (!c) return tp_fail(TP_ERR_ARGUMENT, "saved: the call is NULL"), NULL;
    if (i < 0 || i >= c->n_saved) {
        tp_fail(TP_ERR_ARGUMENT, "%s: saved tensor %d of %d was asked for", c->function->name, i, c->n_saved);
        return NULL;
    }
    return tp__slot_get(c->node, &c->saved[i], c->function->name);
}

static int input_at(const tp_context *c, tp_tensor *const *x, const tp_tensor *y)
{
    for (int i = 0; i < c->n_in; i++)
        if (x[i] == y) return i;
    return -1;
}

void tp_mark_dirty(tp_context *c, tp_tensor *x)
{
    if (!in_forward(c, x, "mark_dirty") || !x) return;
    const int input = input_at(c, c->x, x);
    if (input < 0) tp_fail(TP_ERR_ARGUMENT, "%s: a tensor %s is marked dirty that is no input", c->function->name, tp__shape_text(x));
    else c->dirty |= (uint64_t)1 << input;
}

void tp_mark_non_differentiable(tp_context *c, tp_tensor *y)
{
    if (!in_forward(c, y, "mark_non_differentiable") || !y) return;
    if (grow(c, &c->plain, c->n_plain, &c->plain_room, sizeof *c->plain)) c->plain[c->n_plain++] = y;
}

void tp_set_materialize_grads(tp_context *c, bool on)
{
    if (in_forward(c, NULL, "set_materialize_grads")) c->materialize = on;
}

void *tp_context_data(tp_context *c, size_t bytes)
{
    if (!c) return tp_fail(TP_ERR_ARGUMENT, "context_data: the call is NULL"), NULL;
    if (!c->data && bytes) {
        if (!in_forward(c, NULL, "context_data")) return NULL;
        if (!(c->data = tp_mem_calloc(bytes))) return c->failed = true, NULL;
        c->data_bytes = bytes;
    }
    if (bytes > c->data_bytes)
        return tp_fail(TP_ERR_ARGUMENT, "%s: %zu bytes of context data are asked for, there are %zu", c->function->name, bytes, c->data_bytes), NULL;
    return c->data;
}

const void *tp_arg_of(tp_context *c) { return c ? c->function->arg : NULL; }
uint64_t tp_needs(tp_context *c) { return c ? c->need : 0; }
int tp_context_inputs(tp_context *c) { return c ? c->n_in : 0; }
int tp_context_outputs(tp_context *c) { return c ? c->n_out : 0; }

/* ---- Backward -------------------------------------------------------------------------------------------------------------------- */

/* What a recorded backward leaves on the tape where it is differentiable once: a walk that comes there is an error. */
static tp_status once_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const char *name;
    (void)dy, (void)need, (void)dx;
    memcpy(&name, tp__attr(node), sizeof name);
    return tp_fail(TP_ERR_UNSUPPORTED, "%s: its backward is once_differentiable, and is differentiated again", name);
}
static const tp_op op_once = { .schema = "once_differentiable(Tensor[] inputs) -> Tensor", .flags = TP__INTERNAL,
    .backward = once_backward, .state = TP__STATE };

/* It leads to what the function itself leads to, and to the gradients that came. */
static tp_status attach_once(const tp_node *node, tp_tensor *const *dy, tp_tensor **dx)
{
    const tp_context *c = node->context;
    tp_node *once = tp__node_new(&op_once, c->n_in + c->n_out, 0, 0, sizeof c->function->name);
    if (!once) return TP_ERR_MEMORY;
    memcpy(tp__attr_memory(once), &c->function->name, sizeof c->function->name);
    atomic_store_explicit(&once->refs, 1, memory_order_relaxed);
    tp_status status = TP_OK;
    for (int i = 0; i < c->n_in; i++) {
        const tp_edge *edge = &tp__edges(node)[i];
        if (edge->kind == TP__EDGE_LEAF) tp__connect(once, i, edge->to.leaf);
        if (edge->kind == TP__EDGE_NODE) tp__connect_node(once, i, edge->to.node, edge->output);
    }
    for (int i = 0; i < c->n_out; i++)
        if (dy[i]) tp__connect(once, c->n_in + i, dy[i]);
    for (int i = 0; i < c->n_in && !status; i++) {
        if (!dx[i] || !tp__edge_needs(node, i)) continue;
        tp_tensor *alias = tp__alias_like(dx[i]);
        if (alias) tp__attach(once, alias, 0);
        else status = TP_ERR_MEMORY;
        dx[i] = alias;
    }
    tp__node_unref(once);
    return status;
}

/* dy with zeros where nothing came. They belong to the scope. */
static tp_status materialize(const tp_context *c, tp_tensor *const *dy, tp_tensor **whole, tp_device device)
{
    for (int i = 0; i < c->n_out; i++) {
        whole[i] = dy[i] ? dy[i] : tp_zeros(c->out[i].shape, .dtype = c->out[i].dtype, .device = device);
        if (!whole[i]) return tp__pending();
    }
    return TP_OK;
}

static tp_status call_backward(const tp_node *node, tp_tensor *const *dy, tp_tensor **dx)
{
    tp_context *c = node->context;
    const tp_function *f = c->function;
    tp_tensor *few[8], **whole = NULL;
    tp_status status = TP_OK;
    if (c->materialize) {
        tp_device device = TP_CPU;
        for (int i = 0; i < c->n_out; i++)
            if (dy[i]) device = dy[i]->device;
        whole = c->n_out > 8 ? tp_mem_alloc((size_t)c->n_out * sizeof *whole) : few;
        status = whole ? materialize(c, dy, whole, device) : TP_ERR_MEMORY;
    }
    tp_tensor *const *given = whole ? whole : dy;
    if (!status) status = f->backward_many ? f->backward_many(c, given, dx) : given[0] ? f->backward(c, given[0], dx) : TP_OK;
    if (whole != few) tp_mem_free(whole, whole ? (size_t)c->n_out * sizeof *whole : 0);
    return status;
}

static tp_status apply_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const tp_context *c = node->context;
    const tp_function *f = c->function;
    const bool once = f->once_differentiable && !(tp__self.mode & TP__NO_RECORD);
    const tp_scope scope = tp_scope_open_at(f->name);
    if (tp__pending_error()) return tp__pending();
    const tp_grad_mode was = tp_grad_mode_set(once ? false : tp_grad_enabled());
    const uint8_t autocast = tp__autocast_put(c->autocast);
    tp_status status = call_backward(node, dy, dx);
    tp__autocast_put(autocast);
    for (int i = 0; i < c->n_in && !status; i++) {
        if (!dx[i] || !tp__edge_needs(node, i) || !tp__alive(dx[i], f->name)) continue;
        if (dx[i]->dtype != c->in[i].dtype) dx[i] = tp_to_dtype(dx[i], c->in[i].dtype);
    }
    tp_grad_mode_set(was.tp__was);
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
    return once ? attach_once(node, dy, dx) : TP_OK;
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------- */

static bool is_marked_plain(const tp_context *c, const tp_tensor *y)
{
    for (int i = 0; i < c->n_plain; i++)
        if (c->plain[i] == y) return true;
    return !tp__is_floating(y->dtype) && !tp__is_complex(y->dtype);
}

/* Output i as the caller gets it: the very input where it was written in place; another handle for an input, a tensor of
 * somebody else, or what is an output already. The memory of an input is not to be written through such a one. */
static tp_status settle_output(tp_context *c, tp_tensor *const *x, tp_tensor **y, int i)
{
    const tp_function *f = c->function;
    if (!y[i]) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: its forward made no output %d", f->name, i);
    if (!tp__alive(y[i], f->name)) return tp__pending();
    const int input = input_at(c, x, y[i]);
    bool again = false;
    for (int k = 0; k < i; k++) again |= y[k] == y[i];
    c->out[i] = kind_of(y[i]);
    c->out[i].plain = is_marked_plain(c, y[i]);
    c->out[i].dirty = input >= 0 && c->dirty >> input & 1 && !c->out[i].plain && !again;
    if (c->out[i].dirty) return TP_OK;
    if (again || input >= 0 || y[i]->home == 0 || tp__needs_grad(y[i]) || y[i]->home_thread != tp__self.id
        || y[i]->home <= tp__self.marks[tp__self.depth].first) {
        tp_tensor *own = tp__alias_like(y[i]);
        if (!own) return tp__pending();
        tp__make_view(own, y[i]);
        y[i] = own;
    }
    if (c->need && !c->out[i].plain && y[i]->base) y[i]->flags |= TP__FUNCTION_VIEW;
    return TP_OK;
}

static tp_status check_dirty(const tp_context *c, tp_tensor *const *x, tp_tensor *const *y)
{
    for (int i = 0; i < c->n_in; i++) {
        if (!(c->dirty >> i & 1)) continue;
        bool returned = false;
        for (int k = 0; k < c->n_out; k++) returned |= y[k] == x[i];
        if (!returned) return tp_fail(TP_ERR_ARGUMENT, "%s: input %d is marked dirty, and is no output", c->function->name, i);
    }
    return TP_OK;
}

static tp_status run_forward(tp_context *c, tp_tensor *const *x, tp_tensor **y)
{
    const tp_function *f = c->function;
    TP_NO_GRAD();
    tp_scope scope = tp_scope_open_at(f->name);
    c->saving = true;
    c->x = x;
    tp_status status = TP_OK;
    if (f->n_outputs) status = f->forward_many(c, x, y);
    else y[0] = f->forward(c, x);
    c->saving = false;
    c->x = NULL;
    if (!status) status = tp__pending();
    if (!status && c->dirty) status = check_dirty(c, x, y);
    for (int i = 0; i < c->n_out && !status; i++) status = settle_output(c, x, y, i);
    if (!status) status = tp__pending() ? tp__pending() : c->failed ? TP_ERR_MEMORY : TP_OK;
    for (int i = 0; i < c->n_out && !status; i++) tp_escape(y[i]);
    tp_scope_close(&scope);
    return status;
}

/* What was saved goes into its final form: outputs without their node, and all through hooks if there are any. */
static tp_status settle_saved(tp_context *c, tp_node *node, tp_tensor *const *y)
{
    for (int k = 0; k < c->n_saved; k++) {
        tp__saved_slot *slot = &c->saved[k];
        const tp__saved_slot held = *slot;
        int output = -1;
        for (int i = 0; i < c->n_out && output < 0; i++)
            if (held.is.tensor == y[i] && !c->out[i].plain) output = i;
        if (!held.is.tensor || (output < 0 && !(tp__self.mode & (TP__SAVE_HOOKS | TP__STANDS_IN)))) continue;
        const tp_status status = output < 0 ? tp__slot_hold(node, slot, held.is.tensor) : tp__slot_hold_output(node, slot, held.is.tensor, output);
        if (status) return status;
        slot->version = held.version;
        tp__unref(held.is.tensor);
    }
    return TP_OK;
}

/* *owned: the context is the node's, which goes with the outputs. */
static tp_status record_apply(tp_context *c, tp_tensor *const *x, tp_tensor **y, bool *owned)
{
    for (int i = 0; i < c->n_out; i++)
        if (c->out[i].dirty && !tp__may_write(y[i], c->function->name)) return tp__pending();
    tp_node *node = tp__node_new(&op_apply, c->n_in, 0, 0, 0);
    if (!node) return TP_ERR_MEMORY;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    node->n_out = (uint16_t)c->n_out;
    c->node = node;
    for (int i = 0; i < c->n_in; i++)
        if (x[i]) tp__connect(node, i, x[i]);
    tp_status status = tp__self.mode & TP__ANOMALY ? tp__note_origin(node, x, c->n_in) : TP_OK;
    if (!status) status = settle_saved(c, node, y);
    *owned = !status;
    if (*owned) node->context = c;
    for (int i = 0; i < c->n_out && !status; i++) {
        if (c->out[i].plain) continue;
        if (c->out[i].dirty) status = tp__rebase(y[i], node, i);
        else tp__attach(node, y[i], i);
    }
    tp__node_unref(node);                              /* and it is gone, if no output can have a gradient */
    return status;
}

/* *begun: there was a context, which calls the function's drop when it is freed. */
static tp_status apply(const tp_function *f, tp_tensor *const *x, int n, tp_tensor **y, bool *begun)
{
    const int n_out = f->n_outputs ? f->n_outputs : 1;
    if (n_out < 0 || n_out > UINT16_MAX - 64) return tp_fail(TP_ERR_ARGUMENT, "apply: a function of %d outputs", n_out);
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
    tp_context *c = context_new(f, x, n, n_out);
    if (!c) return TP_ERR_MEMORY;
    *begun = true;
    c->need = tp__self.mode & TP__NO_RECORD ? 0 : need;
    bool owned = false;
    tp_status status = run_forward(c, x, y);
    if (!status && c->need) status = record_apply(c, x, y, &owned);
    if (status) {
        for (int i = 0; i < n_out; i++) y[i] = NULL;
        if (!tp__pending_error()) tp_fail(status, "%s: no memory", f->name);
    }
    if (!owned) tp__context_free(c);
    return status;
}

tp_status tp_apply_many(const tp_function *f, tp_tensor *const *x, int n, tp_tensor **y)
{
    bool begun = false;
    tp_status status = !f || !y || (!x && n) ? tp_fail(TP_ERR_ARGUMENT, "apply: the function, its inputs or its outputs are NULL")
                                             : apply(f, x, n, y, &begun);
    if (!begun && f && f->drop) f->drop(f->arg);
    return status;
}

static int count_all(tp_tensor *const *x)              /* -1: one is NULL */
{
    int n = 0;
    while ((void *)x[n] != TP__END)
        if (!x[n++]) return -1;
    return n;
}

tp_tensor *tp_apply_each(const tp_function *f, tp_tensor *const *x)
{
    if (!f || !x) tp_fail(TP_ERR_ARGUMENT, "apply: the function, or the list of its inputs, is NULL");
    const int n = f && x ? count_all(x) : -1;
    if (n >= 0 && f->n_outputs <= 1) {
        tp_tensor *y = NULL;
        return tp_apply_many(f, x, n, &y) ? NULL : y;
    }
    if (n >= 0) tp_fail(TP_ERR_ARGUMENT, "%s: has %d outputs: use tp_apply_many", f->name, f->n_outputs);
    if (f && f->drop) f->drop(f->arg);
    return NULL;
}
