/* stand_in.c: a handle that is another tensor for a while. The header takes over what a view of the other has, its geometry, memory and
 * place on the tape, and gets back what it had. What the tape saves of it in between is held by a header of its own (saved.c). */
#include "autograd/node.h"

#include "core/memory.h"

struct tp_stand_in {
    tp_stand_in *outer;                                /* of this thread */
    tp_stand_in *before;                               /* of the same handle */
    tp_tensor *x;                                      /* counted */
    tp_tensor was;                                     /* what the header had */
};

/* All that is not of the header itself: its counts, its place in a scope, the pool that it came from. */
static void put_content(tp_tensor *to, const tp_tensor *from)
{
    to->dtype = from->dtype;
    to->ndim = from->ndim;
    to->flags = (uint8_t)((to->flags & TP__APART) | (from->flags & ~TP__APART));
    to->output = from->output;
    to->device = from->device;
    to->numel = from->numel;
    to->data = from->data;
    to->storage = from->storage;
    to->node = from->node;
    to->base = from->base;
    to->grad = from->grad;
    to->view_version = from->view_version;
    memcpy(to->shape, from->shape, sizeof to->shape);
    memcpy(to->stride, from->stride, sizeof to->stride);
}

static void release_content(tp_tensor *x)
{
    if (tp__count_down(&x->storage->refs)) tp__storage_free(x->storage);
    if (x->node) tp__node_unref(x->node);
    if (x->base) tp__unref(x->base);
    if (x->grad) tp__grad_state_free(x->grad);
}

static void turn_on(tp_stand_in *s)
{
    tp__self.stand_ins = s;
    tp__self.mode = (tp__self.mode & ~(uint32_t)TP__STANDS_IN) | (s ? TP__STANDS_IN : 0);
}

tp_stand_in *tp_stand_in_begin(tp_tensor *x, tp_tensor *with)
{
    if (tp__pending_error()) return NULL;
    if (!x || !with) return tp_fail(TP_ERR_ARGUMENT, "stand_in: a tensor is NULL"), NULL;
    if (!tp__alive(x, "stand_in") || !tp__alive(with, "stand_in")) return NULL;
    TP_SCOPE();
    TP_ENABLE_GRAD();                                  /* it needs a gradient if `with` does, whatever the mode is now */
    tp_tensor *view = tp_expand(with, tp_shape_of(with));
    tp_stand_in *s = view ? tp_mem_alloc(sizeof *s) : NULL;
    if (!s) return NULL;
    tp__count_up(&view->storage->refs);
    if (view->node) tp__count_up(&view->node->refs);
    if (view->base) tp__ref(view->base);
    *s = (tp_stand_in){ .outer = tp__self.stand_ins, .before = x->stand_in, .x = x, .was = { .flags = 0 } };
    put_content(&s->was, x);
    put_content(x, view);
    x->grad = NULL;
    x->stand_in = s;
    tp__ref(x);
    turn_on(s);
    return s;
}

void tp_stand_in_end(tp_stand_in *s)
{
    if (!s) return;
    tp_tensor *x = s->x;
    release_content(x);
    put_content(x, &s->was);
    x->stand_in = s->before;
    turn_on(s->outer);
    tp_mem_free(s, sizeof *s);
    tp__unref(x);
}

tp_tensor *tp__stand_in_apart(tp_tensor *x)
{
    tp_tensor *apart = tp__alias_like(x);
    if (apart && x->node) tp__attach(x->node, apart, x->output);
    return apart;
}

int tp__stand_ins(tp_tensor **x, int most)
{
    int n = 0;
    for (const tp_stand_in *s = tp__self.stand_ins; s; s = s->outer) {
        if (s->x->stand_in != s) continue;             /* one further in counts */
        if (n < most) x[n] = s->x;
        n++;
    }
    return n;
}
