/* scope.c: who frees what. A thread's open scopes own the tensors of one list, each a stretch of it; closing one releases
 * its stretch. A scope is a depth, so closing one closes those inside it. */
#include "core/memory.h"

#define ROOT_WARNING 1000000

/* `held`: by the root scope. Looked at where the list grows, and where the outermost scope closes. */
static void watch_root(tp__thread *self, uint32_t held)
{
    if (held < ROOT_WARNING || self->root_warned) return;
    self->root_warned = true;
    tp_log_message(TP_LOG_WARNING, "scope: the thread's root scope holds %u tensors: does a loop lack TP_SCOPE()?", held);
}

bool tp__list_grow(tp__thread *self)
{
    if (!self->id) tp__thread_meet();
    watch_root(self, self->depth ? self->marks[1].first : self->listed);
    uint32_t room = self->list_room ? self->list_room * 2 : 256;
    if (self->list_room < ROOT_WARNING && room > ROOT_WARNING) room = ROOT_WARNING;
    tp_tensor **list = room > self->list_room ? tp__frame_alloc(room * sizeof *list) : NULL;
    if (!list) {
        tp__no_memory(self->op ? self->op : "scope", room * sizeof *list);
        return false;
    }
    if (self->listed) memcpy(list, self->list, self->listed * sizeof *list);
    tp__frame_free(self->list);
    self->list = list;
    self->list_room = room;
    return true;
}

void tp__list_release(uint32_t mark)
{
    tp__thread *self = &tp__self;
    while (self->listed > mark) {
        tp_tensor *x = self->list[--self->listed];
        if (!x) continue;
        if (atomic_load_explicit(&x->refs, memory_order_acquire) == 1) {         /* nobody else can count up from one */
            tp__tensor_free(x);
        } else {
            x->home = 0;
            tp__unref(x);
        }
    }
}

tp_scope tp_scope_open_at(const char *where)
{
    tp__thread *self = &tp__self;
    if (__builtin_expect(self->depth + 1 >= self->mark_room, 0)) {
        if (!self->id) tp__thread_meet();
        const uint32_t room = self->mark_room ? self->mark_room * 2 : 32;
        tp__scope_mark *marks = tp__frame_alloc(room * sizeof *marks);
        if (!marks) {                                  /* the scope outside takes what is made; closing does nothing */
            tp__no_memory("scope_open", room * sizeof *marks);
            return (tp_scope){ SIZE_MAX };
        }
        if (self->mark_room) memcpy(marks, self->marks, self->mark_room * sizeof *marks);
        else marks[0] = (tp__scope_mark){ 0, NULL };
        tp__frame_free(self->marks);
        self->marks = marks;
        self->mark_room = room;
    }
    self->marks[++self->depth] = (tp__scope_mark){ self->listed, where };
    return (tp_scope){ self->depth };
}

tp_scope tp_scope_open(void) { return tp_scope_open_at(NULL); }

void tp_scope_close(tp_scope *scope)
{
    tp__thread *self = &tp__self;
    if (!scope || scope->tp__depth > self->depth || scope->tp__depth == 0) return;
    self->depth = (uint32_t)scope->tp__depth;          /* those inside of it are closed, too */
    const uint32_t first = self->marks[self->depth].first;
    if (self->listed > first) tp__list_release(first);         /* at this depth still: the dead say which scope it was */
    if (--self->depth == 0 && first >= ROOT_WARNING) watch_root(self, first);
}

tp_tensor *tp_keep(tp_tensor *x)
{
    if (!x || !tp__alive(x, "keep")) return NULL;
    tp__ref(x);
    atomic_fetch_add_explicit(&x->kept, 1, memory_order_relaxed);
    return x;
}

void tp_free(tp_tensor *x)
{
    if (!x || !tp__alive(x, "free")) return;
    int32_t kept = atomic_load(&x->kept);
    do {
        if (kept <= 0) {
            tp_fail(TP_ERR_ARGUMENT, "free: the tensor %s belongs to a scope, nobody kept it", tp__shape_text(x));
            return;
        }
    } while (!atomic_compare_exchange_weak(&x->kept, &kept, kept - 1));
    tp__unref(x);
}

tp_tensor *tp_retain(tp_tensor *x)
{
    if (!x || !tp__alive(x, "retain")) return NULL;
    tp__ref(x);
    return x;
}

void tp_release(tp_tensor *x)
{
    if (x && tp__alive(x, "release")) tp__unref(x);
}

static bool is_in_inner_scope(const tp__thread *self, const tp_tensor *x)
{
    return self->depth && x->home && x->home_thread == self->id && x->home > self->marks[self->depth].first;
}

tp_tensor *tp_escape(tp_tensor *x)
{
    tp__thread *self = &tp__self;
    if (!x || !tp__alive(x, "escape")) return NULL;
    if (!is_in_inner_scope(self, x)) return x;
    tp__scope_mark *mark = &self->marks[self->depth];  /* change places with the first of this scope, and move its mark up */
    tp_tensor *other = self->list[mark->first];
    self->list[x->home - 1] = other;
    if (other) other->home = x->home;
    self->list[mark->first] = x;
    x->home = ++mark->first;
    return x;
}

void tp_drop(tp_tensor *x)
{
    tp__thread *self = &tp__self;
    if (!x || !tp__alive(x, "drop") || !x->home || x->home_thread != self->id) return;
    const uint32_t first = self->depth ? self->marks[self->depth].first : 0;
    if (x->home <= first) return;
    self->list[x->home - 1] = NULL;
    while (self->listed > first && !self->list[self->listed - 1]) self->listed--;        /* a loop that drops all leaves no holes */
    x->home = 0;
    tp__unref(x);
}

tp_tensor *tp_assign(tp_tensor **slot, tp_tensor *x)
{
    if (!slot) return tp_fail(TP_ERR_ARGUMENT, "assign: the slot is NULL"), NULL;
    tp_tensor *old = *slot;
    *slot = tp_keep(x);
    if (old && old->kind == TP_KIND_TENSOR && atomic_load(&old->kept) > 0) tp_free(old);
    return *slot;                                      /* a first value that a scope owns stays with its scope */
}

/* Objects count their references to each other, so any order will do. */
void tp_free_each(void *const *objects)
{
    uint64_t skip[16] = { 0 };                         /* bit i: object i is owned; read before an owner that is freed takes it along */
    const int most = (int)(sizeof skip * 8);
    for (int i = 0; objects && i < most && objects[i] != TP__END; i++) {
        const uint32_t kind = objects[i] ? *(const uint32_t *)objects[i] : 0;
        if (kind > TP_KIND_TENSOR && kind <= TP_KIND_OTHER && ((const tp_object *)objects[i])->owned) skip[i / 64] |= (uint64_t)1 << i % 64;
    }
    for (int i = 0; objects && objects[i] != TP__END; i++) {
        bool again = !objects[i] || (i < most && skip[i / 64] >> i % 64 & 1);          /* NULL, owned, or the same object twice */
        for (int before = 0; before < i; before++) again |= objects[before] == objects[i];
        if (again) continue;
        const uint32_t kind = *(const uint32_t *)objects[i];
        if (kind == TP_KIND_TENSOR || kind == TP_KIND_DEAD) tp_free(objects[i]);
        else if (kind > TP_KIND_TENSOR && kind <= TP_KIND_OTHER) ((tp_object *)objects[i])->destroy(objects[i]);
        else tp_fail(TP_ERR_ARGUMENT, "free_all: argument %d is nothing of Taper's", i);
    }
}
