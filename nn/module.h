/* module.h: what stands behind the head of a module. Shared by the files of nn alone. */
#ifndef TP__NN_MODULE_H
#define TP__NN_MODULE_H

#include <taper/nn.h>

#include <pthread.h>

typedef struct tp__member {
    char *name;                                        /* owned */
    tp_entry_kind kind;                                /* 0 of a tensor that is computed: none of the lists has it */
    bool persistent;                                   /* a buffer's */
    tp_tensor *tensor;                                 /* retained */
    tp_module *child;                                  /* owned */
} tp__member;

typedef enum tp__hook_kind { TP__PRE_FORWARD, TP__FORWARD, TP__PRE_BACKWARD, TP__BACKWARD } tp__hook_kind;
typedef struct tp__hook {
    int64_t id;
    tp__hook_kind kind;
    union {
        tp_forward_pre_hook_fn *pre_forward;
        tp_forward_hook_fn *forward;
        tp_full_backward_pre_hook_fn *pre_backward;
        tp_full_backward_hook_fn *backward;
    } fn;
    void *arg;
} tp__hook;

/* Outlives its module, which is NULL from then on: what the tape knows of it. */
typedef struct tp__anchor { _Atomic int32_t refs; tp_module *module; } tp__anchor;

/* A tensor that is computed before each run: "name" of the module, by the ParametrizationList `list`. */
typedef struct tp__computed { const char *name; tp_tensor *handle; tp_module *list; } tp__computed;

/* What is done around the runs of a module besides its forward. Most have none; it goes with the last of it. */
typedef struct tp__around {
    tp__hook *hooks;                                   /* in the order of registering */
    int n_hooks, room;
    tp__anchor *anchor;                                /* of backward hooks; NULL until there is one */
    tp__computed *computed;
    int n_computed, computed_room;
    int standing;                                      /* runs that handles of `computed` have values for */
    pthread_mutex_t turn;                              /* held while the handles of `computed` have values; there from the first one on */
    bool has_turn;
} tp__around;

/* What the tree lists, each made when it is first asked for and good until something is added at or below the module. */
typedef enum tp__list_kind { TP__PARAMETERS, TP__BUFFERS, TP__CHILDREN, TP__MODULES, TP__STATE, TP__LISTS } tp__list_kind;
typedef struct tp__list {
    tp_entry_list entries;
    tp_tensor **tensors;                               /* the same, bare */
    void *block;                                       /* holds entries, tensors and names */
    size_t bytes;
    bool made;
} tp__list;

struct tp_module_state {
    tp_module_class cls;                               /* a copy; cls.type is `type` */
    const struct tp__layer *layer;                     /* NULL for a module of one's own */
    char *type;
    size_t bytes;                                      /* of the whole module, as allocated */
    tp_module *parent;
    const char *name;                                  /* in the parent, who owns it */
    bool training;
    bool broken;                                       /* something could not be added: tp_module_done gives it up */
    tp__member *members;
    int64_t n, room;
    int height;                                        /* of what is below: 0 for one without children */
    tp__around *around;                                /* NULL: a run is the forward alone */
    tp__list lists[TP__LISTS];
};

static inline struct tp_module_state *tp__state(const tp_module *m) { return m->base.state; }

static inline bool tp__floats(tp_dtype dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }

/* A living module; else false and an error, TP_ERR_ARGUMENT or TP_ERR_STATE, "op: ...". */
bool tp__is_module(const tp_module *m, const char *op);
/* The same for what changes a module: the unread error's status when there is one. */
tp_status tp__may_change(const tp_module *m, const char *op);
void tp__write_shape(tp_shape shape, char *out, size_t size);            /* "[3, 5]" */
/* Frees those of a list up to TP__END that belong to no other module. NULLs and repetitions are fine. */
void tp__free_orphans(tp_module *const *list);
/* The member that `path` leads to, and whose it is (owner may be NULL); NULL if there is none. */
const tp__member *tp__member_at(tp_module *m, const char *path, tp_module **owner);
tp_module *tp__root_of(tp_module *m);                   /* m itself if it belongs to none */
void tp__member_remove(tp_module *m, int64_t at);      /* with its child, or what m holds of its tensor */
tp__list *tp__list_of(tp_module *m, tp__list_kind kind);                 /* NULL: TP_ERR_MEMORY */
void tp__lists_drop(tp_module *m);                     /* m's own */
void tp__tree_changed(tp_module *m);                   /* m's and those of all above it */

/* ---- hooks.c: around one run, which is entered. Each stops at the first error ----------------------------------------------------- */

tp_status tp__hooks_pre_forward(tp_module *m, tp_arg *args, int n);
tp_status tp__hooks_forward(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs);
/* Between the two the run is on the tape. *flow: NULL where no backward hook waits for it; given to the second, or dropped. */
typedef struct tp__flow tp__flow;
tp_status tp__flow_inputs(tp_module *m, tp_arg *args, int n, tp__flow **flow);
tp_status tp__flow_outputs(tp__flow *flow, tp_tensor **outs, int n_outs);
void tp__flow_drop(tp__flow *flow);                    /* NULL is fine */
tp__around *tp__around_of(tp_module *m);               /* made if m has none. NULL: TP_ERR_MEMORY */
void tp__around_free(tp__around *around);              /* of a module that is gone; NULL is fine */

/* ---- parametrize.c: tensors that are computed ------------------------------------------------------------------------------------ */

/* Computes those of m, whose handles have them until the end. NULL: an error. */
typedef struct tp__standing tp__standing;
tp__standing *tp__computed_begin(tp_module *m);
void tp__computed_end(tp_module *m, tp__standing *standing, tp_tensor **outs, int n_outs);         /* NULL is fine */
tp_tensor *tp__computed_value(tp_module *m, const tp_tensor *handle);    /* anew; the scope's */
tp_status tp__computed_copy(const tp_module *from, tp_module *to);       /* those of m's own */
/* Member `name` of m is from now on computed by p from the originals, or else by p of what it is computed to now. p is taken over, also on
 * failure. checked: its result must be like the tensor. */
tp_status tp__parametrize(tp_module *m, const char *op, const char *name, tp_module *p, tp_tensor *const *originals, int n, bool checked);
const tp__computed *tp__computed_find(const tp_module *m, const char *name);         /* NULL: it is not */

#endif
