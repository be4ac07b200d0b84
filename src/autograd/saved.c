/* saved.c: what nodes save for their rules. A tensor is held as it is, unless hooks are on: then what `pack` makes of it is kept
 * in its place, until the rule wants it and `unpack` makes a tensor again. Such a tensor has no part in the tape; where
 * the backward is recorded, it is joined to what the saved one was joined to. */
#include "autograd/node.h"

#include "core/memory.h"

typedef struct tp__packed {
    tp__saved_hooks *hooks;                            /* counted */
    void *object;                                      /* what pack made */
    tp_node *node;                                     /* of the saved tensor, counted; NULL for an output, which its own node joins */
    tp_tensor *leaf;                                   /* the saved tensor itself if it is a leaf that gathers; counted */
    uint16_t output;
    bool is_output;
    uint8_t ndim;
    tp_dtype dtype;
    tp_device device;
    int64_t shape[TP_MAX_DIMS];
} tp__packed;

/* ---- Hooks that are on --------------------------------------------------------------------------------------------------------- */

static void hooks_unref(tp__saved_hooks *hooks)
{
    if (!hooks || !tp__count_down(&hooks->refs)) return;
    if (hooks->gone) hooks->gone(hooks->arg);
    tp_mem_free(hooks, sizeof *hooks);
}

static void turn_on(tp__saved_hooks *hooks)            /* or off: NULL */
{
    tp__thread *self = &tp__self;
    self->saved_hooks = hooks;
    self->mode = hooks ? self->mode | TP__SAVE_HOOKS : self->mode & ~(uint32_t)TP__SAVE_HOOKS;
}

tp__saved_hooks *tp__hooks_begin(const tp__saved_hooks *hooks)
{
    tp__saved_hooks *mine = tp_mem_alloc(sizeof *mine);
    if (!mine) return NULL;
    *mine = *hooks;
    atomic_store_explicit(&mine->refs, 1, memory_order_relaxed);
    turn_on(mine);
    return mine;
}

void tp__hooks_end(tp__saved_hooks *was)
{
    tp__saved_hooks *now = tp__self.saved_hooks;
    turn_on(was);
    hooks_unref(now);
}

tp_saved_hooks_scope tp_saved_tensors_hooks(tp_pack_fn *pack, tp_unpack_fn *unpack, tp_drop_fn *drop, void *arg)
{
    tp_saved_hooks_scope scope = { tp__self.saved_hooks, false };
    if (!pack || !unpack) tp_fail(TP_ERR_ARGUMENT, "saved_tensors_hooks: pack or unpack is NULL");
    else scope.tp__on = tp__hooks_begin(&(tp__saved_hooks){ .name = "an unpack hook", .pack = pack, .unpack = unpack, .drop = drop, .arg = arg });
    return scope;
}

void tp_saved_tensors_hooks_end(tp_saved_hooks_scope *scope)
{
    if (!scope || !scope->tp__on) return;
    scope->tp__on = false;
    tp__hooks_end(scope->tp__was);
}

/* ---- Packing ------------------------------------------------------------------------------------------------------------------- */

static void packed_free(tp__packed *p)
{
    if (p->object && p->hooks->drop) p->hooks->drop(p->hooks->arg, p->object);
    if (p->node) tp__node_unref(p->node);
    if (p->leaf) tp__unref(p->leaf);
    hooks_unref(p->hooks);
    tp_mem_free(p, sizeof *p);
}

/* Calls pack, without recording and without hooks. */
static tp_status pack(tp__packed *p, tp_tensor *x)
{
    tp__saved_hooks *hooks = p->hooks;
    tp_scope scope = tp_scope_open_at("a pack hook");
    {
        TP_NO_GRAD();
        turn_on(NULL);
        tp_tensor *given = hooks->ours ? x : tp__alias_like(x);          /* its value, not its graph */
        const uint32_t version = tp__version(x);
        if (given) p->object = hooks->pack(hooks->arg, given);
        if (version != tp__version(x)) tp_fail(TP_ERR_STATE, "saved_tensors_hooks: pack wrote in place to the tensor %s that is saved", tp__shape_text(x));
        if (!p->object && !tp__pending_error()) tp_fail(TP_ERR_ARGUMENT, "saved_tensors_hooks: pack made nothing of %s", tp__shape_text(x));
        turn_on(hooks);
    }
    tp_scope_close(&scope);
    return tp__pending();
}

tp_status tp__slot_pack(tp_node *node, tp__saved_slot *slot, tp_tensor *x, int output)
{
    if (tp__pending_error()) return tp__pending();
    tp__packed *p = tp_mem_calloc(sizeof *p);
    if (!p) return TP_ERR_MEMORY;
    p->hooks = tp__self.saved_hooks;
    tp__count_up(&p->hooks->refs);
    p->ndim = x->ndim;
    p->dtype = (tp_dtype)x->dtype;
    p->device = x->device;
    memcpy(p->shape, x->shape, sizeof *x->shape * x->ndim);
    if (output >= 0) {
        p->is_output = true;
        p->output = (uint16_t)output;
    } else if (x->node) {
        p->node = x->node;
        p->output = x->output;
        tp__count_up(&x->node->refs);
    } else if (x->flags & TP__REQUIRES_GRAD) {
        p->leaf = x;
        tp__ref(x);
    }
    const tp_status status = pack(p, x);
    if (status) {
        packed_free(p);
        return status;
    }
    slot->is.packed = p;
    slot->kind = TP__PACKED;
    if (node) node->flags |= TP__PACKS;
    return TP_OK;
}

tp_status tp__slot_hold_slow(tp_node *node, tp__saved_slot *slot, tp_tensor *x)
{
    if (tp__self.mode & TP__SAVE_HOOKS) return tp__slot_pack(node, slot, x, -1);
    const uint32_t mark = tp__list_mark();
    tp_tensor *stays = x->stand_in ? tp__stand_in_apart(x) : x;
    if (!stays) return tp__pending();
    tp__list_take(stays == x ? UINT32_MAX : mark, stays);
    tp__note_saved(stays);
    *slot = (tp__saved_slot){ .is.tensor = stays, .version = tp__version(x), .kind = TP__HELD };
    return TP_OK;
}

/* ---- Unpacking ----------------------------------------------------------------------------------------------------------------- */

/* What stands for a leaf in a recorded backward: its gradient is the leaf's. */
static tp_status pass_on(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    dx[0] = dy[0];
    return TP_OK;
}
static const tp_op op_unpacked = { .schema = "unpacked(Tensor input) -> Tensor", .flags = TP__INTERNAL, .backward = pass_on, .state = TP__STATE };

static bool fits(const tp__packed *p, const tp_tensor *x)
{
    bool same = x->ndim == p->ndim && x->dtype == p->dtype && x->device == p->device;
    for (int d = 0; same && d < x->ndim; d++) same = x->shape[d] == p->shape[d];
    return same;
}

static tp_tensor *join(const tp_node *node, const tp__packed *p, tp_tensor *x)
{
    if (tp__self.mode & TP__NO_RECORD || !(p->is_output || p->node || p->leaf)) return x;
    tp_tensor *y = tp__alias_like(x);
    if (!y) return NULL;
    if (p->is_output) {
        tp__attach((tp_node *)(uintptr_t)node, y, p->output);
    } else if (p->node) {
        tp__attach(p->node, y, p->output);
    } else {
        tp_node *stands = tp__node_new(&op_unpacked, 1, 0, 0, 0);
        if (!stands) return NULL;
        tp__connect(stands, 0, p->leaf);
        tp__attach(stands, y, 0);
    }
    return y;
}

static tp_tensor *unpack(const tp_node *node, const tp__packed *p, const char *name)
{
    tp__saved_hooks *const hooks = p->hooks, *const outer = tp__self.saved_hooks;
    tp_tensor *x;
    {
        TP_NO_GRAD();
        turn_on(NULL);
        x = hooks->unpack(hooks->arg, p->object);
        turn_on(outer);
    }
    if (tp__pending_error()) return NULL;
    if (!x) return tp_fail(TP_ERR_ARGUMENT, "backward: %s made nothing of what %s saved", hooks->name, name), NULL;
    if (!tp__alive(x, "backward: what an unpack hook returned")) return NULL;
    if (!fits(p, x)) {
        tp_fail(TP_ERR_SHAPE, "backward: %s made %s %s of what %s saved, %s %s", hooks->name, tp__shape_text(x), tp_dtype_name((tp_dtype)x->dtype), name,
                tp__dims_text(p->ndim, p->shape), tp_dtype_name(p->dtype));
        return NULL;
    }
    return join(node, p, x);
}

void tp__slots_used(const tp__saved_slot *slot, int n)
{
    for (int i = 0; i < n; i++) {
        if (!slot[i].is.packed || slot[i].kind != TP__PACKED) continue;
        const tp__packed *p = slot[i].is.packed;
        if (p->hooks->used) p->hooks->used(p->hooks->arg, p->object);
    }
}

/* ---- Slots --------------------------------------------------------------------------------------------------------------------- */

void tp__slot_clear(tp__saved_slot *slot)
{
    const tp__saved_slot was = *slot;
    slot->is.tensor = NULL;
    if (was.kind == TP__PACKED) packed_free(was.is.packed);
    else tp__unref(was.is.tensor);
}

void tp__slot_describe(const tp__saved_slot *slot, tp_shape *shape, tp_dtype *dtype)
{
    const bool packed = slot->kind == TP__PACKED;
    const tp__packed *p = packed ? slot->is.packed : NULL;
    const tp_tensor *x = packed ? NULL : slot->is.tensor;
    *shape = packed ? tp__shape(p->ndim, p->shape) : tp__shape(x->ndim, x->shape);
    *dtype = packed ? p->dtype : (tp_dtype)x->dtype;
}

tp_status tp__slot_hold_output(tp_node *node, tp__saved_slot *slot, tp_tensor *y, int output)
{
    if (__builtin_expect(tp__self.mode & TP__SAVE_HOOKS, 0)) return tp__slot_pack(node, slot, y, output);
    const uint32_t mark = tp__list_mark();
    tp_tensor *alias = tp__alias_like(y);
    if (!alias) return tp__pending();
    tp__list_take(mark, alias);
    *slot = (tp__saved_slot){ .is.tensor = alias, .version = tp__version(y), .kind = TP__HELD_OUTPUT, .output = (uint8_t)output };
    return TP_OK;
}

tp_tensor *tp__slot_get(const tp_node *node, const tp__saved_slot *slot, const char *name)
{
    tp_tensor *x = slot->is.tensor;
    if (!x) return NULL;
    if (slot->kind == TP__PACKED) return unpack(node, slot->is.packed, name);
    if (slot->version != tp__version(x)) {
        tp_fail(TP_ERR_STATE, "backward: %s saved a tensor %s that %s overwrote since (version %u, saved at %u)", name, tp__shape_text(x),
                x->storage->writer ? x->storage->writer : "an in-place write", tp__version(x), slot->version);
        return NULL;
    }
    if (slot->kind == TP__HELD || tp__self.mode & TP__NO_RECORD) return x;
    tp_tensor *y = tp__alias_like(x);                  /* recorded: the output with its node again */
    if (y) tp__attach((tp_node *)(uintptr_t)node, y, slot->output);
    return y;
}

tp_tensor *tp__saved(const tp_node *node, int k)
{
    const tp__saved_slot *slot = &tp__slots(node)[k];
    const tp_tensor *held = slot->kind == TP__PACKED ? NULL : slot->is.tensor;
    if (__builtin_expect(held && slot->version == tp__version(held) && (slot->kind == TP__HELD || tp__self.mode & TP__NO_RECORD)
                         && !tp__is_complex(held->dtype), 1)) return slot->is.tensor;
    return tp__conj(tp__saved_as_is(node, k));
}

tp_tensor *tp__saved_as_is(const tp_node *node, int k)
{
    const tp__saved_slot *slot = &tp__slots(node)[k];
    if (slot->is.tensor) return tp__slot_get(node, slot, tp__state(node->op)->base_name);
    if (node->flags & TP__RELEASED)
        tp_fail(TP_ERR_STATE, "backward: what %s saved is freed: the graph was walked before without .retain_graph", tp__state(node->op)->base_name);
    return NULL;
}
