/* inplace.c: writing in place, and what views see of it.
 *
 * The version of a storage counts its writes. A view knows its base, the tensor that owns the memory. When a recorded op
 * writes a view, the base becomes "the old base with this region replaced" (strided_scatter), and every view of it, when it is
 * next recorded, sees that its node is older than the memory and becomes "this region of the base" (as_strided). */
#include "autograd/parts.h"

#include "core/memory.h"

void tp_bump_version(tp_tensor *x, const char *op)
{
    if (x && tp__alive(x, "bump_version")) tp__bump(x, op);
}

/* Of a view that has no op to be made anew by; NULL for others. */
static const char *frozen(const tp_tensor *x)
{
    if (x->flags & TP__FUNCTION_VIEW) return "an input, or a view, that a function of one's own returned";
    if (!x->base) return NULL;
    if (x->flags & TP__MULTI_VIEW) return "one of several views that an op returned";
    if (x->dtype != x->base->dtype && (x->ndim == TP_MAX_DIMS || x->base->ndim == TP_MAX_DIMS)) return "of parts, which have one dim more than there may be";
    return x->flags & TP__NO_GRAD_VIEW ? "a view that was made without recording" : NULL;
}

/* Where neither x nor what is written needs a gradient, there is nothing to be wrong about. */
bool tp__may_write_with(tp_tensor *x, const char *op, bool need)
{
    if (!x || tp__pending_error() || !tp__alive(x, op)) return false;
    const tp_tensor *root = x->base ? x->base : x;
    const char *why = NULL, *what = NULL;
    if (x->numel && tp__is_expanded(x)) {
        why = "several of its elements share one place in memory: clone it first";
    } else if (!(tp__self.mode & TP__NO_RECORD) && (need || tp__needs_grad(x) || tp__needs_grad(root))) {
        const bool of_leaf = root->flags & TP__REQUIRES_GRAD && !root->node;
        if (x->flags & TP__REQUIRES_GRAD && !x->node) why = "it is a leaf that requires grad: use TP_NO_GRAD() or tp_detach";
        else if (of_leaf && !(x->flags & TP__FUNCTION_VIEW)) why = "it is a view of a leaf that requires grad";
        else what = frozen(x);
    }
    if (what) tp__fail_tensors(TP_ERR_STATE, op, &x, 1, "%s cannot be written in place: it is %s: clone it first", tp__shape_text(x), what);
    else if (why) tp__fail_tensors(TP_ERR_STATE, op, &x, 1, "%s cannot be written in place: %s", tp__shape_text(x), why);
    return !what && !why;
}

bool tp__may_write(tp_tensor *x, const char *op) { return tp__may_write_with(x, op, false); }

bool tp__may_relay(tp_tensor *x, const char *op)
{
    if (!x || tp__pending_error() || !tp__alive(x, op)) return false;
    const bool leaf = x->flags & TP__REQUIRES_GRAD && !x->node;
    if (!leaf && !(x->node && tp__self.mode & TP__NO_RECORD)) return true;
    tp__fail_tensors(TP_ERR_STATE, op, &x, 1, "%s is a %s, and keeps its shape: use tp_detach", tp__shape_text(x),
                     leaf ? "leaf that requires grad" : "recorded tensor, while nothing is recorded");
    return false;
}

void tp__make_view(tp_tensor *y, tp_tensor *x)
{
    tp_tensor *base = x->base ? x->base : x;
    tp__ref(base);
    y->base = base;
    y->view_version = tp__version(x);
    if (tp__self.mode & TP__NO_RECORD || x->flags & TP__NO_GRAD_VIEW) y->flags |= TP__NO_GRAD_VIEW;
    if (x->base) y->flags |= x->flags & TP__MULTI_VIEW;
    y->flags |= x->flags & TP__FUNCTION_VIEW;
}

static void copy_ints(tp__ints *to, int n, const int64_t *from)
{
    to->n = n;
    memcpy(to->v, from, sizeof *from * (size_t)n);
}

void tp__strided_geometry(tp__strided_attr *attr, const tp_tensor *view, const tp_tensor *base)
{
    copy_ints(&attr->size, view->ndim, view->shape);
    copy_ints(&attr->stride, view->ndim, view->stride);
    attr->offset = tp__offset_of(view);
    copy_ints(&attr->base_size, base->ndim, base->shape);
    copy_ints(&attr->base_stride, base->ndim, base->stride);
    attr->base_offset = tp__offset_of(base);
}

/* The hook of tp_retain_grad follows its tensor; the user's stay with the value that they were put on, as in PyTorch. */
static void move_retained(tp_tensor *x, tp_node *from, tp_node *to, int output)
{
    for (tp__hook **at = &from->u.hooks; *at; at = &(*at)->next) {
        tp__hook *hook = *at;
        if (hook->fn != tp__retained || hook->arg != x->grad) continue;
        *at = hook->next;
        hook->output = (uint16_t)output;
        hook->next = to->u.hooks;
        to->u.hooks = hook;
        return;
    }
}

static void replace_node(tp_tensor *x, tp_node *node, int output)
{
    tp_node *old = x->node;
    if (old && x->flags & TP__RETAIN_GRAD) move_retained(x, old, node, output);
    tp__attach(node, x, output);
    if (old) tp__node_unref(old);
}

/* A geometry of complex elements, as one of their parts */
static void count_in_parts(tp__ints *size, tp__ints *stride, int64_t *offset)
{
    for (int i = 0; i < stride->n; i++) stride->v[i] *= 2;
    size->v[size->n++] = 2;
    stride->v[stride->n++] = 1;
    *offset *= 2;
}

static tp_node *strided_node(const tp_op *op, const tp_op *of_parts, int n_edges, const tp_tensor *view, const tp_tensor *base)
{
    const bool parts = view->dtype != base->dtype;
    tp_node *node = tp__node_new(parts ? of_parts : op, n_edges, 0, 0, sizeof(tp__strided_attr));
    if (!node) return NULL;
    tp__strided_attr *attr = tp__attr_memory(node);
    tp__strided_geometry(attr, view, base);
    if (parts && tp__is_complex(view->dtype)) count_in_parts(&attr->size, &attr->stride, &attr->offset);
    else if (parts) count_in_parts(&attr->base_size, &attr->base_stride, &attr->base_offset);
    return node;
}

/* The version goes up although no element changes: who saved x would find it in another shape. Views of x, and x if it is one,
 * stay what they are, regions of their base. */
tp_status tp__relay(tp_tensor *x, tp_tensor *view, const char *op)
{
    x->ndim = view->ndim;
    x->numel = view->numel;
    x->data = view->data;
    memcpy(x->shape, view->shape, sizeof *x->shape * view->ndim);
    memcpy(x->stride, view->stride, sizeof *x->stride * view->ndim);
    x->flags = (uint8_t)((x->flags & ~TP__CONTIGUOUS) | (view->flags & TP__CONTIGUOUS));
    if (view->node) replace_node(x, view->node, view->output);
    tp__bump(x, op);
    x->view_version = tp__version(x);
    return TP_OK;
}

tp_status tp__view_refresh_slow(tp_tensor *x)
{
    const char *const what = x->node || tp__needs_grad(x->base) ? frozen(x) : NULL;
    if (what)
        return tp__fail_tensors(TP_ERR_STATE, tp__self.op ? tp__self.op : "view", &x, 1, "%s is %s, and %s wrote its memory since: clone it first",
                                tp__shape_text(x), what, x->storage->writer ? x->storage->writer : "an op in place");
    if (tp__needs_grad(x->base)) {
        tp_node *node = strided_node(&tp__op_as_strided, &tp__op_as_strided_parts, 1, x, x->base);
        if (!node) return TP_ERR_MEMORY;
        tp__connect(node, 0, x->base);
        replace_node(x, node, 0);
    }
    x->view_version = tp__version(x);
    return TP_OK;
}

tp_status tp__rebase(tp_tensor *x, tp_node *node, int output)
{
    if (!x->base) {
        replace_node(x, node, output);
        x->flags &= (uint8_t)~TP__REQUIRES_GRAD;
        return x->storage->saved ? tp__part_from_saved(x) : TP_OK;
    }
    tp_node *scatter = strided_node(&tp__op_strided_scatter, &tp__op_strided_scatter_parts, 2, x, x->base);
    if (!scatter) return TP_ERR_MEMORY;
    replace_node(x, node, output);                     /* for the edge to it; the view's own comes below */
    tp__connect(scatter, 0, x->base);
    tp__connect(scatter, 1, x);
    replace_node(x->base, scatter, 0);
    x->base->flags &= (uint8_t)~TP__REQUIRES_GRAD;
    const tp_status status = x->storage->saved ? tp__part_from_saved(x->base) : TP_OK;
    return status ? status : tp__view_refresh_slow(x);
}
