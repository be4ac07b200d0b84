/* checkpoint.c: a piece of the graph that saves its inputs alone. It is recorded as ever, but each tensor that its nodes save is
 * replaced by its number, by hooks (saved.c). When a rule asks for one, the function is run again on the same inputs with the same
 * random numbers, and what that run saves, in the same order, are the tensors that were asked for. Each is given up as
 * soon as the rule that it is for has run.
 *
 * A checkpoint inside of another has its inputs saved through the hooks of the outer, so they are recomputed too. */
#include "autograd/node.h"

#include "core/memory.h"

typedef struct seen { uint32_t version; bool leaf; } seen;               /* of a tensor that the first run saved */
typedef struct again { tp_tensor *tensor; uint32_t version; } again;     /* of the same, by the second run; counted */
typedef struct input { tp__saved_slot slot; bool needs; } input;

typedef struct frame {
    tp_checkpoint_fn *one;
    tp_checkpoint_many_fn *many;
    void *arg;
    int n_in, n_out, n_stood;
    input *in;                                         /* n_in, and then what the handles in `stood` were for the time being */
    tp_tensor **stood;                                 /* counted */
    tp_rng_state rng;                                  /* before the first run */
    uint8_t autocast;                                  /* the region that it ran in */
    seen *marks;
    int n_marks, marks_room;
    again *again;                                      /* n_again of them, while there are any */
    int n_again, again_room, n_left;
    bool finished, running;                            /* the first run; another one */
} frame;

static void give_up(frame *f)
{
    for (int i = 0; i < f->n_again; i++)
        if (f->again[i].tensor) tp__unref(f->again[i].tensor);
    tp_mem_free(f->again, (size_t)f->again_room * sizeof *f->again);
    f->again = NULL;
    f->n_again = f->again_room = f->n_left = 0;
}

static void gone(void *arg)
{
    frame *f = arg;
    give_up(f);
    for (int i = 0; f->in && i < f->n_in + f->n_stood; i++)
        if (f->in[i].slot.is.tensor) tp__slot_clear(&f->in[i].slot);
    for (int i = 0; f->stood && i < f->n_stood; i++)
        if (f->stood[i]) tp__unref(f->stood[i]);
    tp_mem_free(f->in, f->in ? (size_t)(f->n_in + f->n_stood) * sizeof *f->in : 0);
    tp_mem_free(f->stood, f->stood ? (size_t)f->n_stood * sizeof *f->stood : 0);
    tp_mem_free(f->marks, (size_t)f->marks_room * sizeof *f->marks);
    tp_mem_free(f, sizeof *f);
}

static tp_status call(const frame *f, tp_tensor *const *x, tp_tensor **y)
{
    tp_status status = TP_OK;
    if (f->many) status = f->many(f->arg, x, y);
    else y[0] = f->one(f->arg, x);
    if (tp__pending_error()) return tp__pending();
    if (status) return tp_fail(status, "checkpoint: the function failed and did not say why");
    for (int i = 0; i < f->n_out; i++) {
        if (!y[i]) return tp_fail(TP_ERR_ARGUMENT, "checkpoint: the function made no output %d", i);
        if (!tp__alive(y[i], "checkpoint")) return tp__pending();
    }
    return TP_OK;
}

/* ---- The second run ------------------------------------------------------------------------------------------------------------ */

/* Room for one more of `item` bytes. */
static bool grow(void *list, int n, int *room, size_t item)
{
    if (n < *room) return true;
    void *old, *more;
    memcpy(&old, list, sizeof old);
    const int wanted = *room ? *room * 2 : 8;
    more = tp_mem_resize(old, (size_t)*room * item, (size_t)wanted * item);
    if (!more) return false;
    memcpy(list, &more, sizeof more);
    *room = wanted;
    return true;
}

static void *capture(void *arg, tp_tensor *x)
{
    frame *f = arg;
    const int i = f->n_again;
    if (i < f->n_marks && f->marks[i].leaf && f->marks[i].version != tp__version(x)) {
        tp_fail(TP_ERR_STATE, "checkpoint: %s is not what it was: %s overwrote it before backward", tp__shape_text(x),
                x->storage->writer ? x->storage->writer : "an in-place write");
        return NULL;
    }
    const uint32_t mark = tp__list_mark();
    tp_tensor *value = tp__alias_like(x);
    if (!value || !grow(&f->again, i, &f->again_room, sizeof *f->again)) return NULL;
    tp__list_take(mark, value);
    f->again[i] = (again){ value, tp__version(x) };
    f->n_again++;
    f->n_left++;
    return (void *)(uintptr_t)(i + 1);
}

/* For a backward inside of the function itself. */
static tp_tensor *captured(void *arg, void *packed)
{
    const frame *f = arg;
    return f->again[(uintptr_t)packed - 1].tensor;
}

/* The inputs, by value: leaves of a graph of their own. */
static tp_status take_inputs(frame *f, tp_tensor **x)
{
    TP_NO_GRAD();
    for (int i = 0; i < f->n_in + f->n_stood; i++) {
        x[i] = NULL;
        if (!f->in[i].slot.is.tensor) continue;
        tp_tensor *value = tp__slot_get(NULL, &f->in[i].slot, "checkpoint");
        if (!value || !(x[i] = tp__alias_like(value))) return tp__pending();
        if (f->in[i].needs) x[i]->flags |= TP__REQUIRES_GRAD;
        if (f->in[i].slot.kind == TP__PACKED) tp__slots_used(&f->in[i].slot, 1);
    }
    return TP_OK;
}

/* Handles that were other tensors in the first run are so again: from `i` on, each around the rest. */
static tp_status call_standing(const frame *f, tp_tensor **x, tp_tensor **y, int i)
{
    if (i == f->n_stood) return call(f, x, y);
    tp_stand_in *s = tp_stand_in_begin(f->stood[i], x[f->n_in + i]);
    const tp_status status = s ? call_standing(f, x, y, i + 1) : tp__pending();
    tp_stand_in_end(s);
    return status;
}

static tp_status run_again(frame *f, tp_tensor **x, tp_tensor **y)
{
    tp__thread *self = &tp__self;
    const tp_rng_state rng = tp_rng_get();
    tp__saved_hooks *const outer = self->saved_hooks;
    const uint32_t mode = self->mode;
    if (tp__pending_error()) return tp__pending();
    if (!tp__hooks_begin(&(tp__saved_hooks){ .name = "a checkpoint", .pack = capture, .unpack = captured, .arg = f, .ours = true })) return TP_ERR_MEMORY;
    self->mode &= ~(uint32_t)TP__NO_RECORD;
    const uint8_t autocast = tp__autocast_put(f->autocast);
    tp__rng_put(f->rng);
    const tp_status status = call_standing(f, x, y, 0);
    tp__rng_put(rng);
    tp__hooks_end(outer);
    self->mode = (self->mode & (TP__PENDING | TP__SAVE_HOOKS)) | (mode & ~(uint32_t)(TP__PENDING | TP__SAVE_HOOKS));
    tp__autocast_put(autocast);
    return status;
}

static tp_status recompute(frame *f)
{
    if (f->running) return tp_fail(TP_ERR_STATE, "checkpoint: while it is run again, the function goes backward over its first run");
    give_up(f);
    const int n = f->n_in + f->n_stood;
    const size_t bytes = (size_t)(n + f->n_out) * sizeof(tp_tensor *);
    tp_tensor **x = tp_mem_calloc(bytes);
    if (!x && bytes) return TP_ERR_MEMORY;
    f->running = true;
    tp_scope scope = tp_scope_open_at("a checkpoint that is run again");
    tp_status status = take_inputs(f, x);
    if (!status) status = run_again(f, x, x + n);
    tp_scope_close(&scope);
    f->running = false;
    if (!status && (f->n_again < f->n_marks || (f->finished && f->n_again > f->n_marks)))
        status = tp_fail(TP_ERR_STATE, "checkpoint: run again, the function saved %d tensors, at first %d: it must do the same each time",
                         f->n_again, f->n_marks);
    tp_mem_free(x, bytes);
    if (status) give_up(f);
    return status;
}

/* ---- The first run ------------------------------------------------------------------------------------------------------------- */

static void *count(void *arg, tp_tensor *x)
{
    frame *f = arg;
    if (!grow(&f->marks, f->n_marks, &f->marks_room, sizeof *f->marks)) return NULL;
    f->marks[f->n_marks++] = (seen){ tp__version(x), x->flags & TP__REQUIRES_GRAD && !x->node };
    return (void *)(uintptr_t)f->n_marks;
}

static bool is_there(const frame *f, uintptr_t i)
{
    return i < (uintptr_t)f->n_again && f->again[i].tensor && f->again[i].version == tp__version(f->again[i].tensor);
}

static tp_tensor *wanted(void *arg, void *packed)
{
    frame *f = arg;
    const uintptr_t i = (uintptr_t)packed - 1;
    if (is_there(f, i)) return f->again[i].tensor;
    if (recompute(f)) return NULL;
    if (is_there(f, i)) return f->again[i].tensor;
    tp_fail(TP_ERR_STATE, "checkpoint: the function overwrote a tensor %s that it had saved", tp__shape_text(f->again[i].tensor));
    return NULL;
}

static void used(void *arg, void *packed)
{
    frame *f = arg;
    const uintptr_t i = (uintptr_t)packed - 1;
    if (i >= (uintptr_t)f->n_again || !f->again[i].tensor) return;
    tp__unref(f->again[i].tensor);
    f->again[i].tensor = NULL;
    if (!--f->n_left && !f->running) give_up(f);
}

/* Handles that are other tensors now: they are again in the second run. */
static bool note_stood(frame *f)
{
    f->n_stood = tp__stand_ins(NULL, 0);
    f->stood = f->n_stood ? tp_mem_calloc((size_t)f->n_stood * sizeof *f->stood) : NULL;
    if (f->n_stood && !f->stood) return false;
    tp__stand_ins(f->stood, f->n_stood);
    for (int i = 0; i < f->n_stood; i++) tp__ref(f->stood[i]);
    return true;
}

static frame *frame_new(const frame *like, tp_tensor *const *x)
{
    frame *f = tp_mem_alloc(sizeof *f);
    if (!f) return NULL;
    *f = *like;
    bool complete = note_stood(f);
    const int n = f->n_in + f->n_stood;
    f->in = n && complete ? tp_mem_calloc((size_t)n * sizeof *f->in) : NULL;
    complete &= f->in || !n;
    f->rng = tp_rng_get();
    f->autocast = tp__autocast_now();
    complete &= !tp__pending_error();
    for (int i = 0; i < n && complete; i++) {
        tp_tensor *const given = i < f->n_in ? x[i] : f->stood[i - f->n_in];
        if (!given) continue;
        f->in[i].needs = tp__needs_grad(given);
        complete = !tp__slot_hold(NULL, &f->in[i].slot, given);
    }
    if (complete) return f;
    gone(f);
    return NULL;
}

static tp_status first_run(const frame *f, tp_tensor *const *x, tp_tensor **y)
{
    tp_scope scope = tp_scope_open_at("a checkpoint");
    const tp_status status = tp__pending() ? tp__pending() : call(f, x, y);
    for (int i = 0; i < f->n_out && !status; i++) tp_escape(y[i]);
    tp_scope_close(&scope);
    return status;
}

static tp_status run(const frame *like, tp_tensor *const *x, tp_tensor **y)
{
    for (int i = 0; i < like->n_in; i++) {
        if (!x[i] && tp__pending_error()) return tp__pending();          /* it failed to be made, it is not absent */
        if (x[i] && (!tp__alive(x[i], "checkpoint") || tp__view_refresh(x[i]))) return tp__pending();
    }
    if (tp__self.mode & TP__NO_RECORD) return first_run(like, x, y);
    frame *f = frame_new(like, x);
    if (!f) return tp__pending() ? tp__pending() : TP_ERR_MEMORY;
    tp__saved_hooks *const outer = tp__self.saved_hooks;
    if (!tp__hooks_begin(&(tp__saved_hooks){ .name = "a checkpoint", .pack = count, .unpack = wanted, .arg = f, .ours = true, .used = used, .gone = gone })) {
        gone(f);
        return TP_ERR_MEMORY;
    }
    const tp_status status = first_run(f, x, y);
    f->finished = true;
    tp__hooks_end(outer);                              /* and f is gone, if nothing was saved */
    return status;
}

/* ---- Public -------------------------------------------------------------------------------------------------------------------- */

tp_status tp_checkpoint_many(tp_checkpoint_many_fn *fn, void *arg, tp_tensor *const *x, int n, tp_tensor **y, int n_y)
{
    for (int i = 0; y && i < n_y; i++) y[i] = NULL;
    if (!fn || n < 0 || n_y < 0 || (n && !x) || (n_y && !y))
        return tp_fail(TP_ERR_ARGUMENT, "checkpoint: %d inputs and %d outputs, or the function or a list is NULL", n, n_y);
    const tp_status status = run(&(frame){ .many = fn, .arg = arg, .n_in = n, .n_out = n_y }, x, y);
    for (int i = 0; status && i < n_y; i++) y[i] = NULL;
    if (status && !tp__pending_error()) tp_fail(status, "checkpoint: no memory");
    return status;
}

tp_tensor *tp_checkpoint_each(tp_checkpoint_fn *fn, void *arg, tp_tensor *const *x)
{
    int n = 0;
    if (!fn || !x) return tp_fail(TP_ERR_ARGUMENT, "checkpoint: the function, or the list of its inputs, is NULL"), NULL;
    for (; (void *)x[n] != TP__END; n++)
        if (!x[n]) return NULL;
    tp_tensor *y = NULL;
    const tp_status status = run(&(frame){ .one = fn, .arg = arg, .n_in = n, .n_out = 1 }, x, &y);
    if (status && !tp__pending_error()) tp_fail(status, "checkpoint: no memory");
    return status ? NULL : y;
}
