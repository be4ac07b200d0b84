/* autocast.c: regions of mixed precision, and the copies of parameters that are kept in them. */
#include "core/autocast.h"

#include <taper/autocast.h>

#include "core/memory.h"

/* ---- Copies: a table by the parameter's address, of which at most half is taken ------------------------------------------------------- */

typedef struct copy {
    tp_tensor *of, *is;                                /* counted both; NULL: free */
    uint32_t version;                                  /* of the parameter's memory when it was copied */
} copy;
struct tp__casts { size_t room, n; copy at[]; };       /* room: a power of two */

static bool is_off(void)
{
    return tp__self.casts_off || !tp__self.autocast_depth || tp__self.mode & TP__STANDS_IN;
}

/* Where the copy of x in this dtype is, or would be. */
static copy *place(struct tp__casts *casts, const tp_tensor *x, int dtype)
{
    uint64_t hash = (uint64_t)(uintptr_t)x * 0x9E3779B97F4A7C15ull;
    for (size_t i = (size_t)(hash >> 32);; i++) {
        copy *c = &casts->at[i & (casts->room - 1)];
        if (!c->of || (c->of == x && c->is->dtype == dtype)) return c;
    }
}

tp_tensor *tp__casts_find(tp_tensor *x, tp_dtype dtype)
{
    tp__thread *self = &tp__self;
    if (!self->casts || is_off()) return NULL;
    const copy *c = place(self->casts, x, (int)dtype);
    if (!c->of || c->version != tp__version(x) || (!c->is->node && !(self->mode & TP__NO_RECORD))) return NULL;
    return c->is;
}

static bool grow(tp__thread *self)
{
    struct tp__casts *old = self->casts;
    const size_t room = old ? old->room * 2 : 64;
    struct tp__casts *more = tp__frame_alloc(sizeof *more + room * sizeof *more->at);
    if (!more) return false;
    memset(more, 0, sizeof *more + room * sizeof *more->at);
    more->room = room;
    for (size_t i = 0; old && i < old->room; i++)
        if (old->at[i].of) *place(more, old->at[i].of, old->at[i].is->dtype) = old->at[i];
    more->n = old ? old->n : 0;
    tp__frame_free(old);
    self->casts = more;
    return true;
}

void tp__casts_keep(tp_tensor *x, tp_tensor *is)
{
    tp__thread *self = &tp__self;
    if (is_off()) return;
    if ((!self->casts || self->casts->n * 2 >= self->casts->room) && !grow(self)) return;
    copy *c = place(self->casts, x, is->dtype);
    tp__ref(x);
    tp__ref(is);
    if (c->of) {
        tp__unref(c->of);
        tp__unref(c->is);
    } else {
        self->casts->n++;
    }
    *c = (copy){ x, is, tp__version(x) };
}

void tp__casts_drop(tp__thread *self)
{
    struct tp__casts *casts = self->casts;
    self->casts = NULL;
    for (size_t i = 0; casts && i < casts->room; i++) {
        if (!casts->at[i].of) continue;
        tp__unref(casts->at[i].of);
        tp__unref(casts->at[i].is);
    }
    tp__frame_free(casts);
}

/* ---- Regions ------------------------------------------------------------------------------------------------------------------------------ */

tp_autocast_mode tp_autocast_set(tp_dtype dtype)
{
    tp_autocast_mode was = { .tp__was = tp_autocast_dtype(), .tp__begun = true };
    if (dtype != TP_BF16 && dtype != TP_F16 && dtype != TP_DTYPE_DEFAULT) {
        tp_fail(TP_ERR_DTYPE, "autocast: to bfloat16 or float16, not to %s", tp_dtype_name(dtype));
        dtype = was.tp__was;
    }
    tp__self.autocast_depth++;
    tp__autocast_put((uint8_t)dtype);
    return was;
}

void tp_autocast_restore(tp_autocast_mode *was)
{
    tp__thread *self = &tp__self;
    if (!was || !was->tp__begun) return;
    was->tp__begun = false;
    tp__autocast_put((uint8_t)was->tp__was);
    if (self->autocast_depth && !--self->autocast_depth) tp__casts_drop(self);
}

tp_dtype tp_autocast_dtype(void) { return (tp_dtype)tp__autocast_now(); }

void tp_set_autocast_cache(bool on)
{
    tp__self.casts_off = !on;
    if (!on) tp__casts_drop(&tp__self);
}
