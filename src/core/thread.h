/* thread.h: what each thread has. One small struct, in initial-exec thread-local storage, read once per op. */
#ifndef TP__THREAD_H
#define TP__THREAD_H

#include "core/tensor.h"

/* The mode word: 0 is the plain case, recording and nothing else going on. */
enum {
    TP__NO_RECORD = 1,
    TP__PENDING   = 2,                                 /* an error is unread */
    TP__AUTOCAST  = 4,                                 /* ops in the lists of ops/autocast.c get their inputs cast */
    TP__PROFILE   = 8, TP__LAZY = 32,                  /* reserved */
    TP__ANOMALY   = 16,                                /* nodes note where they were made, and NaN is looked for */
    TP__SAVE_HOOKS = 64,                               /* what the tape saves goes through hooks */
    TP__STANDS_IN = 128,                               /* handles are other tensors for a while: stand_ins */
};

enum { TP__POOL_TENSOR, TP__POOL_STORAGE, TP__POOL_NODE_SMALL, TP__POOL_NODE, TP__POOL_NODE_LARGE, TP__POOL_DATA };
#define TP__DATA_POOLS 10                              /* 128 bytes to 64 KiB, in powers of two */
#define TP__POOLS      (TP__POOL_DATA + TP__DATA_POOLS)

typedef struct tp__scope_mark { uint32_t first; const char *where; } tp__scope_mark;
typedef struct tp__free_block { uint64_t kept; struct tp__free_block *next; } tp__free_block;      /* a dead tensor keeps its kind */
typedef struct tp__thread_rest tp__thread_rest;        /* error, generator, shape texts: made at first use */

typedef struct tp__thread {
    uint32_t mode;
    uint32_t id;                                       /* 0: not met yet */
    uint64_t seq;
    tp_tensor **list;                                  /* what the open scopes own, in order */
    uint32_t listed, list_room;
    uint32_t depth, mark_room;                         /* open scopes; marks[0] is the root's */
    tp__scope_mark *marks;
    tp__free_block *pool[TP__POOLS];
    uint16_t pooled[TP__POOLS];
    _Atomic int64_t in_use;                            /* bytes handed out less bytes taken back, by this thread */
    _Atomic int64_t allocations;
    const void *caller;                                /* return address of the outermost public call under way */
    const char *op;                                    /* the op under way, for error records */
    tp_path_frame *path;
    struct tp__saved_hooks *saved_hooks;               /* with TP__SAVE_HOOKS: which */
    struct tp_stand_in *stand_ins;                     /* with TP__STANDS_IN: the innermost */
    tp_node *dying;                                    /* nodes to be freed, by a loop instead of recursion */
    bool reaping, serial, root_warned;
    bool inference;                                    /* recording stays off */
    uint8_t walks;                                     /* backward passes under way, each inside of a hook or a rule of the one before */
    uint8_t autocast;                                  /* with TP__AUTOCAST: to which dtype */
    uint32_t autocast_depth;                           /* regions that are open */
    bool casts_off;                                    /* no copies of parameters are kept */
    struct tp__casts *casts;                           /* those made in them */
    tp__thread_rest *rest;
    struct tp__thread *next_thread;                    /* of all threads, for statistics */
} tp__thread;

extern __thread tp__thread tp__self __attribute__((tls_model("initial-exec"), visibility("hidden")));

#define TP__CALLER __builtin_return_address(0)

void tp__thread_meet(void);                            /* first use by this thread: registers it, and its end */

/* ---- Scopes ------------------------------------------------------------------------------------------------------------- */

bool tp__list_grow(tp__thread *self);                  /* false: TP_ERR_MEMORY */
static inline bool tp__enlist(tp__thread *self, tp_tensor *x)
{
    if (__builtin_expect(self->listed == self->list_room, 0) && !tp__list_grow(self)) return false;
    self->list[self->listed++] = x;
    x->home = self->listed;
    x->home_thread = self->id;
    return true;
}
/* The scope list as it is, to come back to: what the engine does around a rule. Nothing escapes from it. */
static inline uint32_t tp__list_mark(void) { return tp__self.listed; }
void tp__list_release(uint32_t mark);
/* Ends a scope that was opened around a function of the user's, but not its tensors: a gradient that it returns may be
 * borrowed from one of them. They are released with the engine's mark around it. */
static inline void tp__scope_join(const tp_scope *scope)
{
    if (scope->tp__depth <= tp__self.depth) tp__self.depth = (uint32_t)scope->tp__depth - 1;
}
/* Takes over the scope's reference to x if the current thread's list holds it above mark, else counts one. */
static inline void tp__list_take(uint32_t mark, tp_tensor *x)
{
    tp__thread *self = &tp__self;
    if (x->home > mark && x->home_thread == self->id) {
        if (x->home == self->listed) self->listed--;
        else self->list[x->home - 1] = NULL;
        x->home = 0;
    } else {
        tp__ref(x);
    }
}

/* ---- Pools: fixed sizes, per thread, exchanged in batches -------------------------------------------------------------------- */

void *tp__pool_refill(tp__thread *self, int pool, bool *apart);          /* NULL: TP_ERR_MEMORY */
void tp__pool_overflow(tp__thread *self, int pool, void *block, bool apart);
extern const uint32_t tp__pool_bytes[TP__POOLS];
extern _Atomic uint16_t tp__pool_keep[TP__POOLS];      /* blocks that a thread keeps: 1 MiB of each, none without pools */

static inline void tp__pool_take(tp__thread *self, int pool, tp__free_block *first)
{
    self->pool[pool] = first->next;
    self->pooled[pool]--;
}

static inline void *tp__pool_get(tp__thread *self, int pool, bool *apart)
{
    tp__free_block *block = self->pool[pool];
    if (__builtin_expect(!block, 0)) return tp__pool_refill(self, pool, apart);
    tp__pool_take(self, pool, block);
    *apart = false;
    return block;
}

static inline void tp__pool_return(tp__thread *self, int pool, void *memory, bool apart)
{
    if (__builtin_expect(apart || self->pooled[pool] >= atomic_load_explicit(&tp__pool_keep[pool], memory_order_relaxed), 0)) {
        tp__pool_overflow(self, pool, memory, apart);
        return;
    }
    tp__free_block *block = memory;
    block->next = self->pool[pool];
    self->pool[pool] = block;
    self->pooled[pool]++;
}

/* ---- Autocast (ops/autocast.c has the rest) ------------------------------------------------------------------------------------------ */

/* The dtype that a region casts to, 0 outside: what the second run of a function is given, and a rule never is. */
static inline uint8_t tp__autocast_now(void) { return tp__self.mode & TP__AUTOCAST ? tp__self.autocast : 0; }
static inline uint8_t tp__autocast_put(uint8_t dtype)
{
    tp__thread *self = &tp__self;
    const uint8_t was = tp__autocast_now();
    self->mode = dtype ? self->mode | TP__AUTOCAST : self->mode & ~(uint32_t)TP__AUTOCAST;
    self->autocast = dtype;
    return was;
}

/* ---- Random ---------------------------------------------------------------------------------------------------------------------- */

/* This thread's generator, advanced by n elements: its state before. */
tp_rng_state tp__rng_take(uint64_t n);
/* Back to a state that it was in, also while an error is unread. */
void tp__rng_put(tp_rng_state state);

/* ---- Errors ------------------------------------------------------------------------------------------------------------------------- */

static inline bool tp__pending_error(void) { return tp__self.mode & TP__PENDING; }
/* The unread error's status. A rule that got NULL from an op returns it. */
tp_status tp__pending(void);
/* False, and an error that names the scope, for a dead handle; false for NULL, silently. */
bool tp__alive(tp_tensor *x, const char *op);
/* As tp_fail, for the op under way: the message gets its name, the error its tensors. */
tp_status tp__fail_tensors(tp_status code, const char *op, tp_tensor *const *tensors, int n, const char *format, ...) TP__PRINTF(5, 6);

#endif
